"""What the prose says is so: its Python examples run, its commands work, the files it names exist."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import searchkit

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = [
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "seeds/README.md", "indexes/README.md"),
    *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
]


def blocks(language: str) -> list[str]:
    """The fenced code blocks of the README in one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def examples(page: str) -> str:
    """The Python sessions of a page, one after another."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```pycon\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


def set_up_lines() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line.startswith("python3 -m venv")]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with the sample articles in it, made the current one."""
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PROSE if examples(page)])
def test_the_python_examples_run(workplace: Path, page: str) -> None:
    """Every `>>>` of a page, run in order and together over the sample articles, prints what stands below it."""
    test = doctest.DocTestParser().get_doctest(examples(page), {}, page, page, 0)
    transcript: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False)
    failed, _ = runner.run(test, out=transcript.append)
    assert failed == 0, "".join(transcript)


def test_the_pages_of_a_subject_have_examples() -> None:
    """They are found by their fences: a page whose examples are not found would be right whatever it says."""
    pages = {page.removesuffix(".md").rpartition("/")[2] for page in PROSE if examples(page).count(">>>") >= 7}
    assert pages >= {"README", "dates", "fields", "patterns", "query-language", "ranking", "related", "results"}


def test_two_lines_do_all_set_up() -> None:
    """Exactly two lines of the README set everything up, each in one go: a query answered, the tests passed."""
    query, tests = set_up_lines()
    assert "searchkit query" in query
    assert "-i seeds" in query
    assert "pytest" in tests
    for line in (query, tests):
        subprocess.run(["sh", "-n", "-c", line], check=True)


@pytest.mark.slow
def test_the_query_of_the_set_up_line_has_hits(workplace: Path) -> None:
    """The query that a newcomer types first answers from the sample articles, straight from their folder."""
    words = shlex.split(set_up_lines()[0].rpartition("&&")[2])
    assert words[0] == ".venv/bin/searchkit"
    program = "import sys; from searchkit.cli import main; sys.exit(main())"
    package = str(Path(searchkit.__file__).resolve().parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", program, *words[1:]],
        cwd=workplace,
        env={**os.environ, "PYTHONPATH": package, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "storm surge" in done.stdout.replace("\n", " ")


@pytest.mark.parametrize("page", PROSE)
def test_the_prose_names_files_that_exist(page: str) -> None:
    """Every path of this repository in a page's code marks, and every relative link, leads somewhere."""
    text = (ROOT / page).read_text(encoding="utf-8")
    here = (ROOT / page).parent
    roots = (ROOT, ROOT / "searchkit", ROOT / "tests", ROOT / "tests" / "torture")
    marked = re.findall(
        r"`((?:searchkit|tests|benchmarks|docs|seeds|\.ci)/[\w./-]*|[\w/]+\.(?:py|pyx|c|h|toml))`", text
    )
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    missing = [path for path in marked if not any((root / path).exists() for root in roots)]
    missing += [link for link in links if not (here / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PROSE)
def test_the_prose_names_headings_that_exist(page: str) -> None:
    """Every link to a part of a page leads to a heading of it."""
    for path, part in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        target = ((ROOT / page).parent / path) if path else ROOT / page
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert part in [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
