"""Features that meet: what each part promises by itself holds in any company.

Indexes with a past (segments, replacements, deletions, fields declared later, files closed and opened) are asked
questions with options drawn from all there are. Nothing is known of what comes out but that

    it is the same for an index of the same articles without that past, with or without skipping, by either road of
    the core, alone or among many, whole or in pages, from a text or from what the text means
    explanations give the scores, counts the number of hits; filters hold for each hit, and facets, timelines and
    folded hits are those of all hits
    a search cut short gives hits of the whole one
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from strategies import DATES, FEW_WORDS, few_articles, generator, some_query, trials

import searchkit
from searchkit import Article, Boolean, Date, DateInterval, HalfLife, Index, Keyword, Number, Results, Rm3
from searchkit.core import evaluate
from searchkit.query import And, Between, Compare, Fuzzy, Not, Or, Prefix, Query, Regex, Sequence, Term, from_json

FIELDS: dict[str, Any] = {"source": Keyword(), "words": Number(), "paid": Boolean(), "updated": Date()}
VALUES: dict[str, list[Any]] = {
    "source": ["ap", "AP", "local paper", "é", "", "<b>", 'a"b'],
    "words": [0, -0.0, -1, 3, 3.5, 500, 2**53, 1e300],
    "paid": [True, False],
    "updated": list(DATES),
}
NOW = datetime(2020, 10, 15, 12, 30, 5, 7)
TEXTS = (
    *("run com", "the of run", '"of the" run', "com* run", "+run com -the", "run NEAR/3 com", '"(run OR com) the"'),
    *("source:ap run", "words:>3 com", "run source:(ap OR é)", "paid:true OR run", "updated:>=2020-10 the", "-run"),
    *("date:2020-10 run", "run date:'last month'", "com REQUIRE run", "runing comon", "[ct]* run", "*", "(run OR"),
)
WHERE: tuple[Any, ...] = (
    *({"source": "ap"}, {"source": ["ap", "AP"], "words": (0, None)}, {"words": (-1, 3.5)}, {"paid": None}),
    *({"updated": "last month"}, Compare("words", ">", 3) | ~Between("source"), {"paid": False, "source": None}),
)
OPTIONS: dict[str, tuple[Any, ...]] = {
    "match": ("all",),
    "since": ("2020-10", "last month"),
    "until": ("2020-10", "yesterday"),
    "dates": ("within", "contains"),
    "where": WHERE,
    "recency": ("30d", HalfLife("7d", weight=1.0), HalfLife(1e-3, weight=1.0, now="2020")),
    "soft_since": ("2020-10", ("2021", "2 weeks")),
    "soft_until": ("2019",),
    "proximity": (1.0, 1000),
    "expand": ("rm3", Rm3(2, 3, 1.0)),
    "k1": (0, 3),
    "b": (0, 1),
    "variant": ("lucene", "robertson", "atire", "bm25l", "bm25+"),
    "sort": ("newest", "oldest", "words", "-source", ("updated", "desc")),
    "collapse": ("near", "source", "words"),
    "timeout": (3600,),
}
COUNTED = ("match", "since", "until", "dates", "where", "now")  # what decides on the hits, but for `expand`
SHOWN = ("sort", "collapse", "timeout")  # what decides on no score


@attrs.define
class World:
    """An index, the articles that are alive in it, and an index of these alone."""

    index: Index
    live: dict[str, Article]
    twin: Index


def some_world(chance: random.Random, folder: Path | None) -> World:
    """An index with a past, of forty articles or so."""
    declared = {name: kind for name, kind in FIELDS.items() if chance.random() < 0.5}
    options: dict[str, Any] = {"analyzer": chance.choice(["english", "none"]), "title_weight": chance.choice([0, 1, 3])}
    index = searchkit.create(folder, fields=declared, fingerprints=chance.random() < 0.5, **options)
    live: dict[str, Article] = {}
    for step in range(chance.randrange(2, 6)):
        some = [
            attrs.evolve(
                article,
                id=f"{article.id}{chance.randrange(5)}",
                title=chance.choice([article.title, "<script>run</script>"]),
                fields=some_fields(chance),
            )
            for article in few_articles(chance, chance.choice([1, 9, 30]))
        ]
        index.add(some)
        live |= {article.id: article for article in some}
        gone = [id for id in live if chance.random() < 0.15]
        assert index.delete(gone) == len(gone)
        for id in gone:
            del live[id]
        if folder is not None and step % 2:
            index.close()
            index = searchkit.open(folder)
        if chance.random() < 0.2:
            index.compact()
    index.declare(FIELDS)
    twin = searchkit.create(fields=FIELDS, **options)
    twin.add(chance.sample(sorted(live.values(), key=lambda article: article.id), len(live)))
    return World(index, live, twin)


def some_fields(chance: random.Random) -> dict[str, Any]:
    def one(name: str) -> Any:
        several = chance.random() < 0.25
        return chance.choices(VALUES[name], k=chance.randrange(4)) if several else chance.choice(VALUES[name])

    return {name: one(name) for name in FIELDS if chance.random() < 0.6}


def some_question(chance: random.Random) -> tuple[str | Query, dict[str, Any]]:
    kind = chance.randrange(6)
    query: str | Query = chance.choice(TEXTS)
    if kind == 0:
        query = " ".join(chance.choices(FEW_WORDS, k=3))
    elif kind == 1:
        query = some_query(chance, FEW_WORDS)
    elif kind == 2:
        leaves = [Term("run"), Fuzzy("comon"), Regex("c.*"), Sequence(Prefix("r"), Term("com"), slop=3, ordered=False)]
        some = chance.sample([*leaves, Compare("words", "<", 4), Not(Term("the"))], 3)
        query = chance.choice([And, Or])(*some)
    names = chance.sample(sorted(OPTIONS), chance.choice([0, 1, 2, 3, 5]))
    return query, {"now": NOW} | {name: chance.choice(OPTIONS[name]) for name in names}


def pairs(results: Results) -> list[tuple[str, float]]:
    return list(zip(results.ids, results.scores, strict=True))


def values(article: Article, name: str) -> list[Any]:
    """What a column has of an article."""
    value = article.fields.get(name, [])
    return [FIELDS[name].column_value(one) for one in (value if isinstance(value, list) else [value])]


@pytest.fixture(scope="module", params=range(trials(4)))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    chance = generator(f"together {request.param}")
    folder = tmp_path_factory.mktemp("together") / "index" if request.param % 2 else None
    world = some_world(chance, folder)
    yield world
    world.index.close()
    world.twin.close()


@pytest.fixture(params=range(10))
def asked(request: pytest.FixtureRequest, world: World) -> tuple[World, str | Query, dict[str, Any], random.Random]:
    chance = generator(f"together {len(world.live)} {sorted(world.live)[:3]} {request.param}")
    return world, *some_question(chance), chance


Asked = tuple[World, str | Query, dict[str, Any], random.Random]


def test_any_way_of_asking_is_the_same(asked: Asked) -> None:
    world, query, options, chance = asked
    index = world.index
    whole = index.search(query, limit=None, **options)
    ranking = pairs(whole)
    assert [(hit.id, hit.score) for hit in whole] == ranking
    limit, offset = chance.choice([1, 3, 10]), chance.choice([0, 2, 10**30])
    page = ranking[offset : offset + limit]
    results = index.search(query, limit=limit, offset=offset, **options)
    assert pairs(results) == page
    several = index.search_many([query, "run", query] * 4, limit=limit, offset=offset, threads=2, **options)
    assert pairs(several[0]) == pairs(several[-1]) == page
    other = world.twin.search(query, limit=None, **options)
    assert pairs(other) == ranking
    assert [*other.warnings] == [*whole.warnings] == [*results.warnings] == [*several[0].warnings]
    assert other.total == whole.total == results.total == several[0].total
    for road in ("_skipping", "_plain"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(index, road, False)
            assert pairs(index.search(query, limit=limit, offset=offset, **options)) == page
    if "collapse" not in options:
        assert whole.total == len(whole)
    if "expand" not in options:
        assert index.count(query, **{name: options[name] for name in COUNTED if name in options}) == whole.total


def test_pages_by_cursor_are_the_whole(asked: Asked) -> None:
    world, query, options, chance = asked
    limit = chance.choice([2, 7, 20])
    page = world.index.search(query, limit=limit, **options)
    found = pairs(page)
    while (cursor := page.cursor) is not None:
        page = world.index.search(query, limit=limit, after=cursor, **options)
        assert page.offset == len(found) or not page
        found += pairs(page)
        assert len(found) <= len(world.live)
    assert found == pairs(world.index.search(query, limit=None, **options))


def test_a_text_is_what_it_means(asked: Asked) -> None:
    world, query, options, _ = asked
    node = query
    if isinstance(node, str):
        node = world.index.parse(node, match=options.get("match", "any"), now=NOW)
    assert node.describe()
    saved = from_json(json.dumps(node.to_json()))
    assert saved == node
    ranking = pairs(world.index.search(query, limit=None, **options))
    assert pairs(world.index.search(saved, limit=None, **options)) == ranking


def test_scores_are_explained(asked: Asked) -> None:
    world, query, options, _ = asked
    results = world.index.search(query, limit=None, **options)
    scoring = {name: value for name, value in options.items() if name not in SHOWN}
    for hit in results[:3]:
        explanation = world.index.explain(query, hit.id, **scoring)
        assert explanation.matches
        assert explanation.score == hit.score
        assert str(explanation) and explanation._repr_html_()
    found = set(world.index.search(query, limit=None, **scoring).ids)
    for id in sorted(world.live)[:3]:
        assert world.index.explain(query, id, **scoring).matches == (id in found)


def test_counts_and_filters_are_those_of_the_hits(asked: Asked) -> None:
    world, query, options, chance = asked
    results = world.index.search(query, limit=2, **options)
    whole = world.index.search(query, limit=None, **{**options, "collapse": None})
    found = [world.live[id] for id in whole.ids]
    where = options.get("where")
    for name, wanted in where.items() if isinstance(where, dict) else ():
        for article in found if name != "updated" else ():
            having = values(article, name)
            if isinstance(wanted, tuple):
                low, high = wanted
                assert any(low <= value and (high is None or value <= high) for value in having)
            else:
                some = wanted if isinstance(wanted, list) else [wanted]
                assert not having if wanted is None else any(value in some for value in having)
    for name in chance.sample(sorted(FIELDS), 2):
        counts = Counter(value for article in found for value in set(values(article, name)))
        facets = results.facets(name, None)
        seconds = {
            (value.start_second, value.end_second) if isinstance(value, DateInterval) else value: count
            for value, count in facets.items()
        }
        assert list(seconds.items()) == sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    timeline = results.timeline(chance.choice(["day", "week", "month", "quarter", "year"]))
    assert timeline.undated == sum(article.date is None for article in found)
    assert timeline.total == len(found) == results.total
    years = Counter(article.date.start.year for article in found if article.date and lies_in_a_year(article.date))
    assert {bucket.label: bucket.count for bucket in results.timeline("year", gaps=False)} == {
        f"{year:04}": count for year, count in years.items()
    }
    if "collapse" in options:
        groups = world.index.search(query, limit=None, **options)
        assert groups.ids == tuple(id for id in whole.ids if id in set(groups.ids))
        assert sorted(id for hit in groups for id in (hit.id, *hit.folded_ids)) == sorted(whole.ids)
        assert [hit.folded_ids for hit in results] == [hit.folded_ids for hit in groups[:2]]


def lies_in_a_year(date: DateInterval) -> bool:
    return date.within(DateInterval.parse(f"{date.start.year:04}"))


def test_what_is_shown_is_harmless(asked: Asked) -> None:
    """Nothing raises on its way to a screen, and no markup of an article gets through."""
    world, query, options, _ = asked
    results = world.index.search(query, limit=4, **options)
    assert repr(results) and json.dumps(results.to_dicts())
    shown = [results._repr_html_(), *(hit._repr_html_() + hit.snippet(markup="html") for hit in results)]
    assert not any("<script" in html for html in shown)
    for hit in results:
        assert hit.article.to_dict() == world.live[hit.id].to_dict()
        for passage in hit.passages(2):
            assert passage.text == hit.article.text[passage.start : passage.end]
    for text in results.suggestions:
        counted = {name: value for name, value in options.items() if name in COUNTED}
        assert world.index.count(text, **counted)


def test_a_search_cut_short_gives_hits_of_the_whole(asked: Asked) -> None:
    world, query, options, _ = asked
    ranking = dict(pairs(world.index.search(query, limit=None, **options)))
    evaluate.pace(10**6)
    try:
        for timeout in (0, 0.002, 0.01):
            late = world.index.search(query, limit=5, **{**options, "timeout": timeout})
            if not any(warning.kind == "time" for warning in late.warnings):
                assert dict(pairs(late)) == dict(list(ranking.items())[:5])
            elif "collapse" not in options:
                assert all(ranking[id] == score for id, score in pairs(late))
            asks: list[Callable[[Results], object]] = [
                *(lambda late: late.total, lambda late: late.facets("source"), lambda late: late.timeline("year")),
                *(lambda late: [hit.folded for hit in late], lambda late: late.suggestions, repr),
            ]
            for ask in asks:
                try:
                    ask(late)
                except searchkit.SearchTimeout:
                    continue
    finally:
        evaluate.pace(0)


def test_more_like_this_in_company(asked: Asked) -> None:
    world, _, options, _ = asked
    given = {
        name: options[name]
        for name in ("since", "until", "dates", "where", "collapse", "k1", "b", "now")
        if name in options
    }
    for id in sorted(world.live)[:2]:
        whole = world.index.like(id, limit=None, **given)
        assert pairs(world.twin.like(id, limit=None, **given)) == pairs(whole)
        assert pairs(world.index.like(id, limit=2, offset=1, **given)) == pairs(whole)[1:3]
        assert id not in whole.ids
        assert sum(1 + hit.folded for hit in whole) == whole.total == whole.timeline("year").total
        assert set(world.index.like(id, limit=None, itself=True, **{**given, "collapse": None}).ids) >= set(whole.ids)
        scoring = {name: value for name, value in given.items() if name != "collapse"}
        for hit in whole[:1]:
            assert world.index.explain(whole.query, hit.id, **scoring).score == hit.score


@pytest.mark.parametrize("name", [*OPTIONS, "limit", "offset", "after", "on", "now", "week_starts"])
def test_an_option_that_makes_no_sense_is_a_query_error(name: str, world: World) -> None:
    """Whatever stands in an option: an answer, or an error of ours."""
    junk: list[Any] = [
        float("nan"),
        -1,
        10**400,
        "\ud800",
        b"x",
        True,
        [],
        {},
        (1, 2),
        {"words": "x"},
        {1: 2},
        object(),
    ]
    junk += [datetime.max, datetime.min, Rm3(), Term("run"), Compare("nope", "=", 1), {"source": [None]}, "last month"]
    for value in junk:
        try:
            results = world.index.search("run date:'last month'", **{name: value})
            assert repr(results) and results.total >= len(results)
        except searchkit.SearchkitError as error:
            assert str(error)


# -- found by these -----------------------------------------------------------------------------------------------


def test_what_only_deleted_articles_have_is_not_there() -> None:
    """A warning about a keyword in another case is the same whatever articles there once were."""
    with searchkit.create(fields={"source": Keyword()}) as index:
        values = ["ap", "AP", "Ap", *["reuters"] * 9]  # so many that the deleted ones are not merged away at once
        index.add([Article("storm", id=str(id), fields={"source": value}) for id, value in enumerate(values)])
        index.delete(["0", "2"])
        assert index.stats().deleted == 2
        for _ in range(2):
            warnings = index.search("source:ap").warnings
            assert [str(warning) for warning in warnings] == [
                "'source:ap' at character 1 finds nothing: no article has it, but there is 'AP'"
            ]
            index.compact()


def test_hits_that_score_nothing_tell_nothing() -> None:
    """A query can be expanded by hits of which some, or all, have faded to a score of 0 or next to it."""
    with searchkit.create() as index:
        texts = {"new": "storm", "old": "storm harbour pier", "older": "storm and a ferry"}
        dates = {"new": "2020-10", "old": "1987", "older": None}
        index.add([Article(text, id=id, date=dates[id]) for id, text in texts.items()])
        for now in ("2020-10", "1999"):
            for span in (1e-3, 86_400.0 * 10, 5e-324):
                recency = HalfLife(span, weight=1.0, now=now)
                results = index.search("storm", recency=recency, expand=Rm3(3, 2, 0.5))
                assert results.total == 3
                for hit in results:
                    explanation = index.explain("storm", hit.id, recency=recency, expand=Rm3(3, 2, 0.5))
                    assert explanation.score == hit.score


def test_what_is_exported_is_read_again(tmp_path: Path) -> None:
    """Lists of any kind of value come back from JSON Lines as they were; a list of several kinds is left out."""
    fields = {"source": ["ap", "é"], "words": [1, 2.5, -3], "paid": [True, False], "none": [], "deep": [2**60]}
    article = Article("storm", id="1", date="2020", fields=fields)
    mixed = {
        "id": "2",
        "text": "surge",
        "fields": {"a": [1, True], "b": ["x", 1], "c": [[1]], "d": [1e400], "e": [None]},
    }
    file = tmp_path / "out.jsonl"
    file.write_text(f"{json.dumps(article.to_dict())}\n{json.dumps(mixed)}\n")
    read = list(searchkit.read_articles(file))
    assert read[0] == article
    assert list(map(type, read[0].fields["words"])) == [int, float, int]
    assert read[1].fields == {}
    with searchkit.create(fields={"words": Number(), "paid": Boolean()}) as index:
        index.add(searchkit.read_articles(file))
        assert index.get("1") == article
        assert index.search("storm", where={"words": 2.5, "paid": True}).ids == ("1",)
