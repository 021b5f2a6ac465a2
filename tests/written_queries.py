"""Queries of every kind that can be written as text and read back, as a strategy of hypothesis."""

from __future__ import annotations

import attrs
from hypothesis import strategies as st

from searchkit.query import (
    All,
    And,
    AndMaybe,
    Between,
    Boost,
    Compare,
    DateRange,
    Fuzzy,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Regex,
    Require,
    Sequence,
    Term,
    TermRange,
    Undated,
    Wildcard,
)
from searchkit.query.conditions import RELATIONS
from searchkit.query.marks import shape_of

DECLARED = ("source", "words", "paid")
"""The declared fields of these queries, and of the examples on the page of the language."""

# Letters, marks of the language and blanks, of which words, values and patterns are made.
ODD_TEXT = st.text(
    st.sampled_from("ab19é日'’\"“()[]{}*?~^:+-!.,;/|<>=&@ \u3000（＊ＯＲ") | st.characters(codec="utf-8"), max_size=8
)
WORDS = st.sampled_from(["a", "b", "flood", "COVID-19", "don't", "U.S", "c++", "what?", "to", "near"])
FIELDS = st.sampled_from([None, "title", "text"])
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**64) + 1, 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["reuters", "two words", "500", "-1.5", "true", "reut*", "TO", "*", "", "a:b", "[a]", "(a", "don't"]
    ),
)
ENDS = VALUES.filter(lambda value: not isinstance(value, str) or value in ("reuters", "two words", "500", "true", "TO"))
NAMES = st.sampled_from(DECLARED)
SLOPS = st.integers(1, 9)
PATTERNS = st.one_of(
    st.builds(Wildcard, st.sampled_from(["qu?ck", "*ing", "c*r", "[ql]uick*", "colo[u]r", "201[!0-4]", "a**"]), FIELDS),
    st.builds(Fuzzy, WORDS.filter(str.isalpha), st.integers(1, 2), st.integers(0, 9), FIELDS),
    st.builds(Prefix, st.sampled_from(["a", "fl", "COVID-"]), FIELDS),
)
REGEXES = ODD_TEXT.filter(lambda text: text and '"' not in shape_of(text))


@st.composite
def sequences(draw: st.DrawFn) -> Query:
    """Sequences that can be written: with a choice of words in some place, or in any order."""
    field = draw(FIELDS)
    word = st.builds(Term, st.sampled_from(["a", "b", "don't", "U.S"]), st.just(field))
    pattern = PATTERNS.map(lambda node: attrs.evolve(node, field=field))
    choice = st.lists(word | pattern, min_size=2, max_size=3).map(lambda words: Or(*words))
    ordered = draw(st.booleans())
    places = draw(st.lists(word | pattern | choice, min_size=2, max_size=4))
    if ordered and all(isinstance(place, Term) for place in places):
        places[0] = draw(pattern)
    return Sequence(*places, slop=draw(SLOPS), ordered=ordered)


LEAVES = st.one_of(
    st.builds(Term, WORDS, FIELDS),
    st.builds(Phrase, st.sampled_from(["a b", "flash flood", "a b*", "what? no", "Ａ（", "a (b) c"]), SLOPS, FIELDS),
    PATTERNS,
    st.builds(Regex, REGEXES, FIELDS),
    st.builds(TermRange, *[st.sampled_from([None, "a", "TO", "a b"])] * 2, st.booleans(), st.booleans(), FIELDS),
    sequences(),
    st.builds(Compare, NAMES, st.sampled_from(RELATIONS), VALUES),
    st.builds(Between, NAMES, st.none() | ENDS, st.none() | ENDS, st.booleans(), st.booleans()),
    st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)).map(lambda pair: DateRange(pair[0], sum(pair))),
    st.just(DateRange.parse("2020-10/..")),
    st.just(DateRange.parse("../9999")),
    st.just(DateRange()),
    st.just(Undated()),
    st.just(All()),
)


def groups(children: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(children, min_size=2, max_size=4)
    scoring = children.filter(lambda query: not _only_restricts(query))
    factors = st.floats(min_value=0.001, max_value=1e9).filter(lambda factor: factor != 1.0)
    return st.one_of(
        several.map(lambda queries: And(*queries)),
        several.map(lambda queries: Or(*queries)),
        st.builds(Not, children),
        st.builds(AndMaybe, children, children),
        st.builds(Require, children, children),
        st.builds(Boost, scoring, factors),
    )


def written_queries() -> st.SearchStrategy[Query]:
    return st.recursive(LEAVES, groups, max_leaves=12)


def _only_restricts(query: Query) -> bool:
    """Whether a query is made of conditions and exclusions, which take no boost."""
    if isinstance(query, And | Or):
        return all(map(_only_restricts, query.children))
    return isinstance(query, DateRange | Undated | Compare | Between | Not)
