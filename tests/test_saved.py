"""Laws of saved queries: what is read is what was written, and nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_queries import written_queries

from searchkit.errors import QueryError
from searchkit.query import And, Compare, DateRange, Nothing, Phrase, Query, Sequence, Term, from_json
from searchkit.query.nodes import MAX_DEPTH

ODD: list[Query] = [
    Nothing(),
    Term('a "b" * \ud800 \0'),
    Phrase(""),
    DateRange(0, 60, "within", "as written"),
    Sequence(Term("a"), Term("b")),
    Compare("news-source", "=", True),
    Compare("n", "=", 1),
    Compare("n", "=", 1.0),
]


@pytest.mark.slow
@settings(max_examples=120)
@given(written_queries() | st.sampled_from(ODD))
def test_reading_undoes_writing(query: Query) -> None:
    """As values, and as JSON text, for every kind of node; those that no query text can express as well."""
    saved = query.to_json()
    assert from_json(saved) == from_json(json.dumps(saved)) == query
    assert repr(from_json(json.dumps(saved).encode())) == repr(query)


def test_the_form_is_kept_for_ever() -> None:
    """What version 1 wrote is read as long as version 1 is."""
    saved = """{"version": 1, "query": {"kind": "And", "children": [
        {"kind": "Or", "children": [{"kind": "Term", "text": "flood"}, {"kind": "Boost", "factor": 2.0,
            "child": {"kind": "Phrase", "text": "storm surge", "slop": 3, "field": "title"}}]},
        {"kind": "Not", "child": {"kind": "Fuzzy", "text": "flod", "distance": 2, "prefix": 1}},
        {"kind": "Sequence", "ordered": false, "slop": 5, "children": [
            {"kind": "Wildcard", "text": "q?c"}, {"kind": "Regex", "pattern": "a+"}, {"kind": "Prefix", "text": "b"}]},
        {"kind": "TermRange", "low": "a", "high": "b", "include_low": false},
        {"kind": "AndMaybe", "required": {"kind": "All"}, "optional": {"kind": "Nothing"}},
        {"kind": "Require", "required": {"kind": "Term", "text": "a"}, "filter": {"kind": "Undated"}},
        {"kind": "DateRange", "start": 63713433600, "end": 63745056000, "dates": "within", "text": "2020"},
        {"kind": "Compare", "field": "source", "relation": "=", "value": "reuters"},
        {"kind": "Between", "field": "words", "low": 100, "include_low": false}]}}"""
    assert from_json(saved).to_json() == json.loads(saved)


def test_what_is_a_default_is_left_out() -> None:
    assert And(Term("a"), Phrase("b")).to_json() == {
        "version": 1,
        "query": {"kind": "And", "children": [{"kind": "Term", "text": "a"}, {"kind": "Phrase", "text": "b"}]},
    }


def deep(levels: int) -> dict[str, Any]:
    node: dict[str, Any] = {"kind": "Term", "text": "a"}
    for _ in range(levels - 1):
        node = {"kind": "Not", "child": node}
    return {"version": 1, "query": node}


def node(kind: object, **parts: object) -> dict[str, Any]:
    return {"version": 1, "query": {"kind": kind, **parts}}


TERM = {"kind": "Term", "text": "a"}


@pytest.mark.parametrize(
    ("saved", "problem"),
    [
        (None, "not a saved query"),
        ([], "not a saved query"),
        ({}, "not a saved query"),
        ({"query": TERM}, "not a saved query"),
        ({"version": 1, "query": TERM, "more": 1}, "not a saved query"),
        ({"version": 2, "query": TERM}, "version 2, this one of searchkit reads version 1"),
        ({"version": 0, "query": TERM}, "version 0"),
        ({"version": True, "query": TERM}, "version True"),
        ({"version": "1", "query": TERM}, "version '1'"),
        ({"version": 1, "query": []}, "query of the saved query is no object"),
        ({"version": 1, "query": None}, "query of the saved query is no object but null"),
        (node("Query"), "has the kind 'Query'"),
        (node("term", text="a"), "has the kind 'term'"),
        (node(["Term"]), "has the kind a value of type list"),
        (node(None), "has the kind null"),
        (node("Term"), "has no text"),
        (node("Term", text="a", boost=2), "has the unknown part 'boost'"),
        (node("Term", text=1), "query: the text of a Term is 1"),
        (node("Term", text="a", field="author"), "has the field 'author'"),
        (node("Term", text="a", field=["title"]), "has the field"),
        (node("And", children=[]), "query: And has no child"),
        (node("And", children="ab"), "query.children of the saved query is no array"),
        (node("And", children=[TERM, 1]), r"query.children\[1\] of the saved query is no object"),
        (node("And", children=[TERM], depth=1), "unknown part 'depth'"),
        (node("Or", children=[node("Term", text="a")]), r"query.children\[0\] of the saved query has the kind null"),
        (node("Not", child=TERM, filter=TERM), "unknown part 'filter'"),
        (node("Not", child={"kind": "Boost", "child": TERM, "factor": 0}), "query.child: a boost is 0"),
        (node("Phrase", text="a b", slop=True), "slop is True"),
        (node("DateRange", start=10, end=5), "ends before it begins"),
        (node("DateRange", text=5), "the text of a DateRange is 5"),
        (node("Compare", field="n", relation="=", value=[1]), "has the value"),
        (node("Compare", field="n", relation="=", value=2**64), "an int of 65 bits"),
        (node("Sequence", children=[TERM]), "a Sequence has one place"),
        (deep(MAX_DEPTH + 1), "nests deeper than 100 levels"),
        ("", "no JSON text"),
        ("{", "no JSON text"),
        (b"\xff", "no JSON text"),
        ('{"version": 1, "version": 1, "query": {}}', "a name stands twice"),
        ('{"version": NaN}', "NaN is no number"),
        ("[" * 100_000, "no JSON text"),
        ("1" * 10_000, "no JSON text"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_anything_else_is_refused(saved: Any, problem: str) -> None:
    """Nothing is guessed; the error says where, and what to do."""
    with pytest.raises(QueryError, match=problem) as caught:
        from_json(saved)
    assert caught.value.hint


def test_depth_up_to_the_limit() -> None:
    assert from_json(json.dumps(deep(MAX_DEPTH))).depth == MAX_DEPTH
