"""docs/reference.md against the code: every public name and every option is told there, and what is told is there."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
import pytest

import searchkit
import searchkit.query
from searchkit.cli.query import query as query_command

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "reference.md").read_text(encoding="utf-8")
TOLD = set(re.findall(r"`([^`]+)`", PAGE))
# Of each row of five cells: the name of the option, and the methods beside `search` that take it.
OPTIONS = {
    name: [method for method in methods.split(", ") if method]
    for name, methods in re.findall(r"^\| `(\w+)` \|(?:[^|\n]*\|){3} ?([^|\n]*?) ?\|$", PAGE, re.MULTILINE)
}
METHODS = {"many": "search_many", "count": "count", "explain": "explain", "like": "like"}
VALUES = ["AddReport", "Bucket", "CheckReport", "Explanation", "Finding", "Hit", "Index", "IndexStats", "Passage",
          "QueryWarning", "RepairReport", "Results", "Timeline", "UpgradeReport", "Writer"]  # fmt: skip


def options_of(method: str) -> list[str]:
    """What a method of an index takes by name."""
    parameters = inspect.signature(getattr(searchkit.Index, method)).parameters.values()
    return [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]


def public(name: str) -> set[str]:
    """The members of a class that are of our making."""
    ours = [kind for kind in getattr(searchkit, name).__mro__ if kind.__module__.startswith("searchkit")]
    members = {member for kind in ours for member in [*vars(kind), *vars(kind).get("__annotations__", ())]}
    return {member for member in members if not member.startswith("_")}


def test_every_option_of_a_search_has_its_row() -> None:
    """In the order of the signature, with the other methods that take it."""
    assert list(OPTIONS) == options_of("search")
    for short, method in METHODS.items():
        taken = set(options_of(method))
        assert {name for name, methods in OPTIONS.items() if short in methods} == taken & OPTIONS.keys(), method
        for name in options_of(method):
            assert name in TOLD, (method, name)


def test_every_option_of_the_command_is_told() -> None:
    """Each option of `searchkit query` is on the page, and each one on the page is there."""
    flags = {flag for one in query_command.params if isinstance(one, click.Option) for flag in one.opts}
    flags |= {flag for one in query_command.params for flag in one.secondary_opts}
    assert {flag for flag in TOLD if flag.startswith("--")} == {flag for flag in flags if flag.startswith("--")}


def test_every_public_name_is_told() -> None:
    """Names of the package and of its query nodes."""
    assert {"searchkit.query" if name == "query" else name for name in searchkit.__all__} - TOLD == set()
    assert set(searchkit.query.__all__) - TOLD == set()


@pytest.mark.parametrize("name", VALUES)
def test_every_member_is_told(name: str) -> None:
    assert public(name) - TOLD == set()


def test_what_is_told_is_there() -> None:
    """Every name in code marks is one of the package, of a query node, of a value or of an option."""
    known = {*searchkit.__all__, *searchkit.query.__all__, *METHODS.values(), *METHODS, "str"}
    known |= {member for name in VALUES for member in public(name)} | {"searchkit.query"}
    known |= {name for method in ["search", *METHODS.values()] for name in options_of(method)}
    known |= set(inspect.signature(searchkit.create).parameters)
    assert {name for name in TOLD if name.isidentifier()} - known - {"None"} == set()


@pytest.mark.parametrize("method", ["search", "like"])
def test_the_docstring_tells_every_option(method: str) -> None:
    """`help()` has a line for each; that of `like` sends to `search` for those which both have."""
    told = set(re.findall(r"\w+", inspect.getdoc(getattr(searchkit.Index, method)) or ""))
    assert set(options_of(method)) - told <= (set(OPTIONS) if method == "like" else set())


def test_the_docstring_of_create_tells_every_option() -> None:
    told = set(re.findall(r"\w+", inspect.getdoc(searchkit.create) or ""))
    assert set(inspect.signature(searchkit.create).parameters) <= told
