"""The sample articles are what seeds/README.md says they are, and its example queries find what it says they find.

The form is checked twice: by a plain expression here, straight from the bytes, and through `read_articles`.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

import searchkit

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
FILES = sorted(SEEDS.glob("*.txt"))
FORM = re.compile(r"[ \t]*date ([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?) (.+)", re.DOTALL)
PRECISION = {4: "year", 7: "month", 10: "day"}

# | `query` | `id` `id` ... |, as the tables of seeds/README.md have it
EXAMPLE = re.compile(r"^\| `([^`]+)` \| ((?:`[^`]+`[, ]*)*)\|$", re.MULTILINE)


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def articles() -> dict[str, searchkit.Article]:
    return {article.id: article for article in searchkit.read_articles(SEEDS)}


@pytest.fixture(scope="module")
def index(articles: dict[str, searchkit.Article]) -> searchkit.Index:
    index = searchkit.create()
    index.add(articles.values())
    return index


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_the_form(path: Path) -> None:
    """UTF-8 without a mark, 120 to 400 words, one line break at the end, a real date where there is one."""
    text = text_of(path)
    assert not text.startswith("\ufeff")
    assert "\r" not in text
    assert "\t" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert 120 <= len(text.split()) <= 400
    if match := FORM.fullmatch(text):
        date.fromisoformat(match[1] + "-01-01"[len(match[1]) - 4 :])
    else:
        assert "date" not in text.split()[:1]


def test_the_collection_has_variety() -> None:
    """Most dates are days, some are months and years, one is missing; both quotes and both ways to begin occur."""
    texts = [text_of(path) for path in FILES]
    matches = [FORM.fullmatch(text) for text in texts]
    kinds = Counter(PRECISION[len(match[1])] if match else "none" for match in matches)
    assert len(FILES) >= 44
    assert kinds["none"] == 1
    assert kinds["day"] > len(FILES) / 2
    assert kinds["month"] >= 5
    assert kinds["year"] >= 3
    everything = "".join(texts)
    for piece in '“”’‘"':
        assert piece in everything
    assert sum(text.startswith(" ") for text in texts) >= 10
    assert sum(text.startswith("date") for text in texts) >= 5
    assert sum("\n\nRead more\n\n" in text for text in texts) >= 5
    for pattern in (r"U\.S\.", r"Dr\. ", r"a\.m\.", "COVID-19", "four-year-old", r"@example\.org", r"01632 960\d{3}"):
        assert re.search(pattern, everything), pattern
    assert re.search("[\U0001f300-\U0001faff]", everything)
    assert re.search("[\u3040-\u9fff]", everything)


def test_reading_gives_what_the_bytes_say(articles: dict[str, searchkit.Article]) -> None:
    """The id is the file's name without .txt, the date is the one written, the text is the rest."""
    assert sorted(articles) == [path.stem for path in FILES]
    for path in FILES:
        article = articles[path.stem]
        text = text_of(path)
        if match := FORM.fullmatch(text):
            assert article.date is not None
            assert (str(article.date), article.date.precision) == (match[1], PRECISION[len(match[1])])
            assert article.text.strip() == match[2].strip()
        else:
            assert article.date is None
            assert article.text.strip() == text.strip()
        assert article.title == ""


def examples() -> list[tuple[str, list[str]]]:
    readme = (SEEDS / "README.md").read_text(encoding="utf-8")
    return [(query, re.findall(r"`([^`]+)`", found)) for query, found in EXAMPLE.findall(readme)]


@pytest.mark.parametrize(("query", "expected"), examples())
def test_an_example_query_finds_what_the_readme_says(index: searchkit.Index, query: str, expected: list[str]) -> None:
    """Each query of seeds/README.md finds the articles listed beside it, no other, without a warning."""
    results = index.search(query, limit=len(FILES))
    assert sorted(hit.id for hit in results) == sorted(expected)
    assert results.total == len(expected)
    assert results.warnings == ()


def test_there_are_examples_of_every_relation() -> None:
    """The README has examples, and every article of a cluster it names exists."""
    assert len(examples()) >= 12
    names = {path.stem for path in FILES}
    for query, expected in examples():
        assert set(expected) <= names, query
