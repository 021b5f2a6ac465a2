"""Who may import whom, and what no module may do: laws about the source, read from its syntax trees."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import searchkit

PACKAGE = Path(searchkit.__file__).resolve().parent
SOURCES = Path(__file__).resolve().parent.parent / "searchkit"  # an installed package has no .pyx

# From the ground up. A module may import what stands in a lower tier, and its own folder.
TIERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("spoken",),
    ("article", "dates", "fields", "core"),
    ("analysis", "query", "ranking", "storage"),
    ("indexing",),
    ("search",),
    ("index",),
    ("sources", "cli"),
)
RANK = {name: rank for rank, tier in enumerate(TIERS) for name in tier}

# The imports inside one tier: articles and fields have dates; the command line reads articles.
NEIGHBOURS = {("article", "dates"), ("fields", "dates"), ("cli", "sources")}

# The only homes of packages that are slow to import or that must not spread.
HOMES = {
    "whoosh": ("query/skeleton.py",),
    "nltk": ("analysis/languages.py", "analysis/sentences.py"),
    "click": ("cli/",),
    "rich": ("cli/",),
    "matplotlib": ("search/plot.py",),
    "pandas": ("search/tables.py", "search/results.py"),  # there for the types of what it hands on
    "pyarrow": ("search/tables.py", "search/results.py", "sources/parquet.py"),
}
NEVER_IMPORTED = {
    "pickle",
    "cPickle",
    "_pickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "joblib",
    "numpy",
}
NEVER_CALLED = {"eval", "exec", "__import__"}

MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"), module)


def imported(module: str) -> Iterator[str]:
    """Yield the dotted name of everything the file imports, anywhere in it, relative imports made absolute."""
    folders = ("searchkit", *module.split("/")[:-1])
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(folders[: len(folders) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            # `from searchkit import dates` may name a module or a public name: a module counts as that module.
            for alias in node.names:
                yield f"{base}.{alias.name}" if base == "searchkit" and alias.name in RANK else base


def part_of(module: str) -> str:
    """`query/parse.py` belongs to `query`, `dates.py` to `dates`."""
    return module.split("/")[0].removesuffix(".py")


def forbidden_imports(module: str) -> list[str]:
    part = part_of(module)
    found = []
    for name in imported(module):
        top, *inner = name.split(".")
        if top != "searchkit":
            continue
        if not inner:
            # The package itself is the whole public face: only what stands on top of it may ask for it.
            if part not in ("cli", "__main__"):
                found.append(name)
        elif part in RANK:
            other = inner[0]
            lower = RANK.get(other, len(TIERS)) < RANK[part]
            if not (lower or other == part or (part, other) in NEIGHBOURS):
                found.append(name)
    return found


def test_every_module_has_a_tier() -> None:
    """A new file or folder of the package says where it stands before anything else."""
    assert MODULES
    assert {part_of(module) for module in MODULES} - set(RANK) <= {"__init__", "__main__"}


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_downwards(module: str) -> None:
    """A module knows what stands below it in TIERS, and nothing above: from errors up to the edges."""
    assert forbidden_imports(module) == []


def test_the_compiled_core_imports_nothing_of_ours() -> None:
    """The core is a leaf: it knows bytes and numbers, and the errors it raises."""
    ours = re.compile(r"^\s*(?:cimport|import|from)\s+searchkit(?!\.core\b|\.errors\b)", re.MULTILINE)
    paths = [path for path in sorted((SOURCES / "core").iterdir()) if path.suffix in (".pyx", ".pxd", ".pxi", ".pyi")]
    assert paths
    for path in paths:
        assert ours.findall(path.read_text(encoding="utf-8")) == [], path.name


@pytest.mark.parametrize("package", sorted(HOMES))
def test_a_heavy_package_is_imported_in_its_home_only(package: str) -> None:
    """whoosh is query syntax, nltk is stems and sentences, click and rich are the command line: nothing else."""
    users = [module for module in MODULES if any(name.split(".")[0] == package for name in imported(module))]
    assert [user for user in users if not user.startswith(HOMES[package])] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_runs_what_it_reads(module: str) -> None:
    """Bytes from disk are data: no pickle, marshal, eval, exec or np.load anywhere in the library; nor does
    it write through `tofile`, which can swallow the last error."""
    assert {name.split(".")[0] for name in imported(module)} & NEVER_IMPORTED == set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in NEVER_CALLED, f"{module}, line {node.lineno}"
        elif isinstance(node, ast.Attribute):
            assert node.attr not in ("tofile", "fromfile"), f"{module}, line {node.lineno}"


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("dates.py", "from searchkit.index import Index", ["searchkit.index"]),
        ("storage/lock.py", "from ..search.results import Hit", ["searchkit.search.results"]),
        ("query/nodes.py", "import searchkit", ["searchkit"]),
        ("analysis/analyzer.py", "from searchkit import query", ["searchkit.query"]),
        ("dates.py", "def f():\n    from .article import Article", ["searchkit.article"]),
        ("article.py", "from .dates import DateInterval\nfrom .errors import ArticleError", []),
        ("search/plan.py", "from ..query.nodes import Term\nfrom .bind import bind\nimport math", []),
        ("cli/query.py", "import searchkit\nfrom ..sources import read_articles", []),
    ],
)
def test_the_test_sees(monkeypatch: pytest.MonkeyPatch, module: str, source: str, found: list[str]) -> None:
    """The rule catches a wrong import wherever it hides, and lets right ones pass."""
    monkeypatch.setattr(sys.modules[__name__], "tree_of", lambda _: ast.parse(source))
    assert forbidden_imports(module) == found


@pytest.mark.slow
def test_import_is_light() -> None:
    """`import searchkit` loads no package that only one query, one stem or one command needs."""
    heavy = [
        "nltk",
        "whoosh",
        "click",
        "rich",
        "zstandard",
        "numpy",
        "matplotlib",
        "pandas",
        "pyarrow",
        "searchkit.spoken",
    ]
    program = f"import json, sys, searchkit; print(json.dumps([n for n in {heavy!r} if n in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == []
