"""Laws of query nodes: values that compare by what they say, check themselves, and can be written down."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from searchkit import query as language
from searchkit.errors import DateError, QueryError
from searchkit.query.conditions import RELATIONS, Between, Compare, read_value
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
    Require,
    Term,
    Undated,
)
from searchkit.query.patterns import MAX_PATTERN, Fuzzy, Regex, Sequence, TermRange, Wildcard

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
    Require(a, b),
    Boost(a, 2.0),
    Wildcard("fl?od"),
    Wildcard("*ing", "title"),
    Fuzzy("flod"),
    Fuzzy("flod", 2, 1, field="text"),
    Regex("flo+d"),
    TermRange("apple", "pear"),
    TermRange("apple", None, include_low=False, field="title"),
    Sequence(a, b),
    Sequence(Or(a, Prefix("b")), c, slop=3),
    Sequence(a, b, ordered=False),
    Compare("source", "=", "reuters"),
    Compare("words", ">", 500),
    Compare("flag", "=", True),
    Compare("flag", "=", 1),
    Between("words", 100, 500.5, include_high=False),
    Between("words"),
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
        assert eval(repr(query), vars(language)) == query

    def test_is_frozen_and_holds_nothing_more(self, query: Query) -> None:
        for name in ("text", "child", "children", "start", "anything"):
            with pytest.raises(AttributeError):
                setattr(query, name, "x")
        assert not hasattr(query, "__dict__")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (Require(a, b | c), "a REQUIRE (b OR c)"),
        (Wildcard("fl?od", "title"), "title:fl?od"),
        (Fuzzy("flod"), "flod~"),
        (Fuzzy("flod", 2), "flod~2"),
        (Fuzzy("flod", 1, 3, "text"), "text:flod~/3"),
        (Regex("flo+d", "title"), 'title:r"flo+d"'),
        (TermRange("apple", "TO", include_high=False), '[apple TO "TO"}'),
        (TermRange(None, "pear"), "[TO pear]"),
        (Sequence(a, b), '"a b"'),
        (Sequence(Or(Term("a", "text"), Prefix("b", "text")), Wildcard("?c", "text"), slop=2), 'text:"(a OR b*) ?c"~2'),
        (Sequence(a | b, c, slop=5, ordered=False), "(a OR b) NEAR/5 c"),
        (Compare("source", "=", "reuters"), "source:reuters"),
        (Compare("source", "=", "two words"), 'source:"two words"'),
        (Compare("source", "=", "500"), 'source:"500"'),
        (Compare("source", "=", "true"), 'source:"true"'),
        (Compare("words", "<=", 500), "words:<=500"),
        (Compare("flag", "=", False), "flag:false"),
        (Between("words", 100, 500, include_high=False), "words:[100 TO 500}"),
        (Between("words", 100.5), "words:[100.5 TO]"),
        (Between("words"), "words:*"),
    ],
)  # fmt: skip
def test_str_is_query_text(query: Query, text: str) -> None:
    assert str(query) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("500", 500), ("-3", -3), ("0.5", 0.5), ("true", True), ("false", False), ("007", "007"), ("1e5", "1e5")],
        *[("True", "True"), ("reuters", "reuters"), ("nan", "nan"), ("inf", "inf"), ("1_0", "1_0"), ("", "")],
        *[("٣", "٣"), ("1" * 25, "1" * 25), ("2020-10", "2020-10")],
    ],
)  # fmt: skip
def test_values_are_numbers_only_if_nothing_is_lost(text: str, value: object) -> None:
    assert repr(read_value(text)) == repr(value)


def test_an_open_side_is_inclusive() -> None:
    """Ranges that mean the same are equal."""
    assert TermRange(None, "b", include_low=False) == TermRange(None, "b")
    assert Between("words", 1, None, include_high=False) == Between("words", 1)


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

    @pytest.mark.parametrize("kind", [Term, Phrase, Prefix, Wildcard, Fuzzy, TermRange])
    @pytest.mark.parametrize("text", [1, b"flood", ["flood"]])
    def test_text_is_str(self, kind: Any, text: Any) -> None:
        with pytest.raises(QueryError, match=rf"the text of a {kind.__name__} is .*: it must be str"):
            kind(text)

    @pytest.mark.parametrize("kind", [Term, Phrase, Prefix, Wildcard, Fuzzy, Regex, TermRange])
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

    def test_patterns_are_neither_empty_nor_endless(self) -> None:
        for kind in (Wildcard, Fuzzy, Regex, TermRange):
            with pytest.raises(QueryError, match=f"a {kind.__name__} is empty"):
                kind("")
            with pytest.raises(QueryError, match=f"a {kind.__name__} has 1,001 characters"):
                kind("x" * (MAX_PATTERN + 1))

    @pytest.mark.parametrize("distance", [0, 3, -1, 1.0, True, None, "1"])
    def test_distance_is_1_or_2(self, distance: Any) -> None:
        with pytest.raises(QueryError, match="the distance of a Fuzzy is"):
            Fuzzy("flod", distance)

    @pytest.mark.parametrize("prefix", [-1, 1.0, True, None, "1", MAX_PATTERN + 1])
    def test_prefix_is_a_number_of_letters(self, prefix: Any) -> None:
        with pytest.raises(QueryError, match="the prefix of a Fuzzy is"):
            Fuzzy("flod", 1, prefix)

    def test_places_of_a_sequence(self) -> None:
        for place in (Phrase("a b"), Not(a), And(a, b), Or(a, Phrase("a b")), Or(a, Or(b, c)), TermRange("a"), All()):
            with pytest.raises(QueryError, match="a Sequence has the place"):
                Sequence(a, place)
        with pytest.raises(QueryError, match="children are queries"):
            Sequence(a, "b")  # type: ignore[arg-type]
        with pytest.raises(QueryError, match="a Sequence has one place"):
            Sequence(a)
        with pytest.raises(QueryError, match="has no child"):
            Sequence()
        with pytest.raises(QueryError, match="different fields"):
            Sequence(a, Or(b, Term("c", "title")))
        with pytest.raises(QueryError, match="ordered is 1"):
            Sequence(a, b, ordered=1)  # type: ignore[arg-type]
        for slop in (0, -1, 1.5, "2", True, MAX_SLOP + 1):
            with pytest.raises(QueryError, match="slop is"):
                Sequence(a, b, slop=slop)  # type: ignore[arg-type]
        assert Sequence(Or(Term("a", "title")), Term("b", "title")).field == "title"

    @pytest.mark.parametrize("value", [None, float("nan"), float("inf"), b"x", ["x"], 2**64, -(10**4000)])
    def test_values_of_conditions(self, value: Any) -> None:
        with pytest.raises(QueryError, match="a Compare has the value"):
            Compare("words", "=", value)
        if value is not None:
            with pytest.raises(QueryError, match="a Between has the value"):
                Between("words", value)

    def test_conditions_name_a_field_and_a_relation(self) -> None:
        for name in ("", None, 1):
            with pytest.raises(QueryError, match="a Compare has the field"):
                Compare(name, "=", 1)  # type: ignore[arg-type]
            with pytest.raises(QueryError, match="a Between has the field"):
                Between(name, 1)  # type: ignore[arg-type]
        for relation in ("==", "!=", "", None):
            with pytest.raises(QueryError, match=r"has the relation .*: choose one of = < <= > >="):
                Compare("words", relation, 1)  # type: ignore[arg-type]
        assert {str(Compare("n", relation, 1)) for relation in RELATIONS} == {"n:1", "n:<1", "n:<=1", "n:>1", "n:>=1"}

    @pytest.mark.parametrize("include", [1, None, "yes"])
    def test_ends_are_in_or_out(self, include: Any) -> None:
        for make in (lambda: TermRange("a", "b", include), lambda: Between("words", 1, 2, True, include)):
            with pytest.raises(QueryError, match=r"include_\w+ is"):
                make()

    @pytest.mark.parametrize("kind", [And, Or])
    def test_groups_have_children(self, kind: Any) -> None:
        with pytest.raises(QueryError, match="has no child"):
            kind()

    @pytest.mark.parametrize(
        "make",
        [
            And,
            Or,
            Not,
            lambda child: Boost(child, 2),
            lambda child: AndMaybe(a, child),
            lambda child: Require(a, child),
        ],
    )
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
