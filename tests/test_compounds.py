"""A word of several parts, `heat-transfer`: alone a phrase; beside others, in an OR, shared with its parts."""

from __future__ import annotations

import pytest
from oracle import Oracle
from strategies import generator, some_articles
from test_plain import is_plain

import searchkit
from searchkit.article import Article
from searchkit.query import And, Boost, Or, Phrase, Term
from searchkit.search.bind import Group, bind

ARTICLES = [
    Article("The heat-transfer of a plate in a flow.", id="together"),
    Article("Transfer of heat: a plate in a flow.", id="apart"),
    Article("How a flow meets the front of a plate.", id="without"),
    Article("All about heat, and more about transfer.", id="only parts"),
]


@pytest.fixture(scope="module")
def index() -> searchkit.Index:
    made = searchkit.create()
    made.add(ARTICLES)
    return made


def test_the_phrase_finds_and_the_parts_rank(index: searchkit.Index) -> None:
    found = index.search("heat-transfer plate")
    assert found.ids == ("together", "apart", "without")
    assert found.total == index.count("heat-transfer plate") == 3
    quoted = index.search('"heat transfer" plate')
    assert sorted(quoted.ids) == sorted(found.ids)
    scores = dict(zip(quoted.ids, quoted.scores, strict=True))
    assert scores["apart"] < found.scores[1]  # for `plate` alone


def test_half_of_the_score_is_the_phrase_and_half_its_parts(index: searchkit.Index) -> None:
    told = {part.terms: part for part in index.explain("heat-transfer plate", "together").parts}
    assert list(told) == [("heat", "transfer"), ("plate",), ("heat",), ("transfer",)]
    assert [part.boost for part in told.values()] == [0.5, 1.0, 0.5, 0.5]
    whole = {part.terms: part for part in index.explain('"heat transfer" plate', "together").parts}
    assert told["heat", "transfer"].score == whole["heat", "transfer"].score / 2
    parts = index.explain("heat-transfer plate", "apart").parts
    assert [part.terms for part in parts] == [("plate",), ("heat",), ("transfer",)]


@pytest.mark.parametrize(
    "query",
    [
        *(
            "heat-transfer",
            "heat-transfer ??",
            "heat-transfer heat-transfer",
            '"heat-transfer" plate',
            "'heat-transfer' plate",
        ),
        *("+heat-transfer plate", "heat-transfer AND plate", "plate -heat-transfer", "heat-tr* plate"),
    ],
)
def test_where_nothing_is_shared(index: searchkit.Index, query: str) -> None:
    """Alone, in quotes, and where the phrase must be there or must not."""
    words = {part.terms for id in index.search(query).ids for part in index.explain(query, id).parts}
    assert not words & {("heat",), ("transfer",)}


def test_match_all_asks_for_the_phrase(index: searchkit.Index) -> None:
    assert index.search("heat-transfer plate", match="all").ids == ("together",)
    assert len(index.explain("heat-transfer plate", "together", match="all").parts) == 2


def test_one_bound_form(index: searchkit.Index) -> None:
    """Nested and boosted ORs share as flat ones do; a part that is asked for too is one leaf with it."""
    snapshot = index._snapshot()

    def bound(query: searchkit.Query) -> object:
        return bind(query, snapshot, "overlaps", [])

    compound, plate, heat = Term("heat-transfer"), Term("plate"), Term("heat")
    flat = bound(Or(compound, plate, heat))
    assert (
        flat
        == bound(Or(Or(compound, plate), heat))
        == bound(Boost(Or(Boost(compound, 2.0), Boost(Or(plate, heat), 2.0)), 0.5))
    )
    assert isinstance(flat, Group) and flat.kind == "shared"
    required, optional = flat.children
    assert [leaf.boost for leaf in required.children] == [0.5, 1.0, 1.5]  # type: ignore[union-attr]
    assert optional.terms == ("transfer",) and optional.boost == 0.5  # type: ignore[union-attr]
    assert bound(Or(compound, compound)) == bound(Boost(compound, 2.0))
    assert bound(Or(Phrase("heat transfer"), plate)).kind == "or"  # type: ignore[union-attr]
    assert bound(And(compound, plate)).kind == "and"  # type: ignore[union-attr]


def test_only_the_phrase_is_marked(index: searchkit.Index) -> None:
    marked = {hit.id: hit.highlight("markdown") for hit in index.search("heat-transfer plate")}
    assert marked["together"] == "The **heat-transfer** of a **plate** in a flow."
    assert marked["apart"] == "Transfer of heat: a **plate** in a flow."


def test_a_field_is_the_parts_field_too() -> None:
    index = searchkit.create()
    index.add(
        [
            Article("plate", id="in title", title="Transfer of heat"),
            Article("plate: transfer of heat", id="in text", title="no"),
        ]
    )
    told = {
        id: {part.terms for part in index.explain("title:heat-transfer plate", id).parts}
        for id in ("in title", "in text")
    }
    assert told == {"in title": {("plate",), ("heat",), ("transfer",)}, "in text": {("plate",)}}


def test_expansion_keeps_what_is_shared(index: searchkit.Index) -> None:
    assert set(index.search("heat-transfer plate").ids) <= set(index.search("heat-transfer plate", expand="rm3").ids)
    terms = [part.terms for part in index.explain("heat-transfer plate", "apart", expand="rm3").parts]
    assert ("plate",) in terms and ("heat",) in terms


@pytest.mark.slow
def test_the_short_way_and_the_long_way_are_the_oracle_s() -> None:
    """Random words, some joined by dashes, in several segments with deletions: the same to the last bit."""
    random = generator("compounds")
    articles = list(some_articles(random, 400, vocabulary=12))
    index = searchkit.create(analyzer="none")
    for first in (0, 150, 300):
        index.add(articles[first : first + 150])
    gone = [articles[number].id for number in range(0, 400, 7)]
    index.delete(gone)
    oracle = Oracle([article for article in articles if article.id not in set(gone)], index._snapshot().analyzer)
    plain = 0
    for _ in range(120):
        text = "".join(f"w{random.randrange(6)}{random.choice('  -')}" for _ in range(random.randrange(2, 9))).rstrip(
            "- "
        )
        dates = {"since": "2020"} if random.random() < 0.3 else {}
        plain += is_plain(index, text)
        wanted = oracle.search(searchkit.parse(text), **dates)
        for limit in (3, None):
            found = index.search(text, limit=limit, **dates)
            assert list(zip(found.ids, found.scores, strict=True)) == wanted[:limit], text
            assert found.total == len(wanted), text
        index._plain = False
        found = index.search(text, limit=5, **dates)
        assert list(zip(found.ids, found.scores, strict=True)) == wanted[:5], text
        index._plain = True
    assert plain > 100
