"""Laws of query nodes: values that compare by what they say, check themselves, and can be written down."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from searchkit.errors import DateError, QueryError
from searchkit.query import nodes
from searchkit.query.nodes import (
    MAX_DEPTH,
    MAX_SLOP,
    All,
    And,
    AndMaybe,
    Boost,
    DateRange,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Query,
    Term,
    Undated,
)

a, b, c = Term("a"), Term("b"), Term("c")

EVERY_KIND: list[Query] = [
    Term("flood"),
    Term("flood", field="title"),
    Phrase("flash flood"),
    Phrase("flash flood", slop=3, field="text"),
    Prefix("fl"),
    DateRange(0, 60),
    DateRange(None, 60, "within", "as written"),
    Undated(),
    All(),
    Nothing(),
    And(a, b),
    Or(a, And(b, c)),
    Not(a),
    AndMaybe(a, b),
    Boost(a, 2.0),
]


@pytest.mark.parametrize("query", EVERY_KIND, ids=repr)
class TestEveryKind:
    def test_is_equal_to_its_copies_and_hashes_alike(self, query: Query) -> None:
        for twin in (copy.deepcopy(query), pickle.loads(pickle.dumps(query))):
            assert twin == query
            assert hash(twin) == hash(query)
            assert twin.depth == query.depth

    def test_differs_from_all_other_kinds(self, query: Query) -> None:
        assert [other for other in EVERY_KIND if other == query] == [query]

    def test_repr_is_the_python_that_builds_it(self, query: Query) -> None:
        assert eval(repr(query), vars(nodes)) == query

    def test_is_frozen_and_holds_nothing_more(self, query: Query) -> None:
        for name in ("text", "child", "children", "start", "anything"):
            with pytest.raises(AttributeError):
                setattr(query, name, "x")
        assert not hasattr(query, "__dict__")


def test_repr_and_str_are_short() -> None:
    """What equals its default is not shown."""
    query = And(Term("a"), Not(Phrase("b c", slop=2)), Boost(Prefix("d", field="title"), 2))
    assert repr(query) == "And(Term('a'), Not(Phrase('b c', slop=2)), Boost(Prefix('d', field='title'), 2.0))"
    assert str(query) == 'a AND NOT "b c"~2 AND title:d*^2'


class TestOperators:
    def test_compose(self) -> None:
        assert a & b == And(a, b)
        assert a | b == Or(a, b)
        assert ~a == Not(a)
        assert (a | b) & ~c == And(Or(a, b), Not(c))

    def test_chains_are_one_group(self) -> None:
        """`a & b & c` is a group of three, however it is bracketed, so long chains do not nest."""
        assert a & b & c == a & (b & c) == And(a, b, c)
        assert a | b | c == a | (b | c) == Or(a, b, c)
        chain: Query = a
        for _ in range(500):
            chain = chain | b
        assert chain.depth == 2

    def test_other_kinds_are_not_merged(self) -> None:
        assert (a | b) & c == And(Or(a, b), c)
        assert (a & b) | c == Or(And(a, b), c)

    @pytest.mark.parametrize("other", ["b", None, 1, ["b"]])
    def test_only_queries_compose(self, other: Any) -> None:
        with pytest.raises(TypeError):
            a & other
        with pytest.raises(TypeError):
            other | a


class TestChecks:
    """A node that could not be answered cannot be made; the error names what is wrong and how to mend it."""

    @pytest.mark.parametrize("kind", [Term, Phrase, Prefix])
    @pytest.mark.parametrize("text", [None, 1, b"flood", ["flood"]])
    def test_text_is_str(self, kind: Any, text: Any) -> None:
        with pytest.raises(QueryError, match=rf"the text of a {kind.__name__} is .*: it must be str"):
            kind(text)

    @pytest.mark.parametrize("kind", [Term, Phrase, Prefix])
    def test_field_is_known(self, kind: Any) -> None:
        with pytest.raises(QueryError, match="has the field 'author': choose title, text"):
            kind("flood", field="author")

    @pytest.mark.parametrize("slop", [0, -1, 1.5, "2", None, True, MAX_SLOP + 1])
    def test_slop_is_a_number_from_1(self, slop: Any) -> None:
        with pytest.raises(QueryError, match="slop is"):
            Phrase("flash flood", slop=slop)

    @pytest.mark.parametrize(
        "factor", [0, 0.0, -0.0, -1, float("nan"), float("inf"), -float("inf"), 10**400, "2", None, True]
    )
    def test_boost_is_finite_and_above_0(self, factor: Any) -> None:
        with pytest.raises(QueryError, match=r"a boost is .*: it must be a finite number above 0"):
            Boost(a, factor)

    def test_boost_is_kept_as_float(self) -> None:
        assert repr(Boost(a, 2)) == "Boost(Term('a'), 2.0)"

    @pytest.mark.parametrize("side", [-1, 315_537_897_601, 1.0, "2020", True])
    def test_sides_are_seconds_of_the_years_1_to_9999(self, side: Any) -> None:
        with pytest.raises(QueryError, match="a date range has the side"):
            DateRange(side, None)
        with pytest.raises(QueryError, match="a date range has the side"):
            DateRange(None, side)

    @pytest.mark.parametrize("end", [10, 9])
    def test_a_range_holds_time(self, end: int) -> None:
        with pytest.raises(QueryError, match="ends before it begins"):
            DateRange(10, end)

    def test_the_relation_is_known(self) -> None:
        with pytest.raises(QueryError, match="dates is 'touches': choose overlaps, within or contains"):
            DateRange(0, 1, dates="touches")  # type: ignore[arg-type]

    @pytest.mark.parametrize("kind", [And, Or])
    def test_groups_have_children(self, kind: Any) -> None:
        with pytest.raises(QueryError, match="has no child"):
            kind()

    @pytest.mark.parametrize("make", [And, Or, Not, lambda child: Boost(child, 2), lambda child: AndMaybe(a, child)])
    def test_children_are_queries(self, make: Any) -> None:
        with pytest.raises(QueryError, match=r"has the child 'flood': children are queries: write Term"):
            make("flood")

    @pytest.mark.parametrize("wrap", [Not, lambda child: And(a, child), lambda child: Boost(child, 2.0)])
    def test_nesting_is_bounded(self, wrap: Any) -> None:
        """A query that can be made is shallow enough to be compared, hashed and shown without fear for the stack."""
        query: Query = a
        for depth in range(2, MAX_DEPTH + 1):
            query = wrap(query)
            assert query.depth == depth
        assert query == copy.deepcopy(query)
        assert hash(query) == hash(copy.deepcopy(query))
        assert str(query) and repr(query)
        with pytest.raises(QueryError, match=f"deeper than {MAX_DEPTH} levels"):
            wrap(query)


class TestDateRange:
    def test_how_it_was_written_is_not_part_of_equality(self) -> None:
        assert DateRange(0, 60, text="0001") == DateRange(0, 60)
        assert DateRange(0, 60, dates="within") != DateRange(0, 60)

    def test_is_read_from_a_date_or_an_interval(self) -> None:
        day = 86_400
        october = DateRange.parse("2020-10")
        assert october.end is not None and october.start is not None
        assert october.end - october.start == 31 * day
        assert DateRange.parse("2020-09/2020-10", dates="within") == DateRange(
            october.start - 30 * day, october.end, "within"
        )
        assert DateRange.parse("2020-10/..") == DateRange(october.start, None)
        assert DateRange.parse("9999").end == 315_537_897_600
        with pytest.raises(DateError, match="no month 13"):
            DateRange.parse("2020-13")

    @pytest.mark.parametrize(
        ("query", "text"),
        [
            (DateRange.parse("2020-10"), "date:[2020-10-01 TO 2020-11-01}"),
            (DateRange.parse("0001/9999"), "date:[0001-01-01 TO 9999]"),
            (DateRange(None, 61), "date:[TO 0001-01-01T00:01:01}"),
            (DateRange(86_400, None), "date:[0001-01-02 TO]"),
            (DateRange(), "date:*"),
        ],
    )
    def test_str_is_a_half_open_range(self, query: DateRange, text: str) -> None:
        assert str(query) == text
