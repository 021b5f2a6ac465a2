"""Declared fields: filters, orders and counts are what a look at every article gives, whatever the index went through.

The twin here is one function a question: does the article pass, where does it stand, what has it. Hits and scores below
the filter are those of the oracle.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from oracle import Oracle, date_holds
from strategies import DATES, RELATIONS, generator, trials

import searchkit
from searchkit import (
    Article,
    ArticleError,
    Boolean,
    Date,
    DateInterval,
    Keyword,
    Number,
    QueryError,
    SearchkitError,
)
from searchkit.fields import Field
from searchkit.query.conditions import Between, Compare
from searchkit.query.nodes import All, And, Not, Or, Query, Term

DECLARED: Mapping[str, Field] = {"source": Keyword(), "words": Number(), "flag": Boolean(), "seen": Date()}
SOURCES = ("reuters", "ap", "Ärzteblatt", "", "réuters", "a b", "選", "🙂", "Reuters")
NUMBERS = (0, -0.0, 1, 2, 2.5, -7, 1e300, -1e-300, 2**53, -(2**53), 100, 500)
WORDS = ("storm", "surge", "harbour", "flood", "lantern")


def some_fields(random: random.Random) -> dict[str, Any]:
    """Values of some fields: none, one, or several, with repetitions; and one that is not declared."""
    pools = {"source": SOURCES, "words": NUMBERS, "flag": (True, False), "seen": DATES}
    made: dict[str, Any] = {"other": random.randrange(9)} if random.random() < 0.3 else {}
    for name, pool in pools.items():
        kind = random.randrange(4)
        if kind == 1 or kind == 2:
            made[name] = random.choice(pool)
        elif kind == 3:
            made[name] = random.choices(pool, k=random.randrange(4))
    return made


def some_articles(random: random.Random, count: int, ids: int) -> list[Article]:
    return [
        Article(
            " ".join(random.choices(WORDS, k=random.randrange(6))),
            id=f"a{random.randrange(ids)}",
            date=random.choice([None, *DATES]),
            fields=some_fields(random),
        )
        for _ in range(count)
    ]


def some_query(random: random.Random) -> Query:
    one, two, three = (Term(word) for word in random.sample(WORDS, 3))
    return random.choice([one, Or(one, two), And(one, two), And(one, Not(two)), Or(one, And(two, three)), All()])


def some_where(random: random.Random) -> dict[str, Any]:
    """Conditions of every form."""
    pools: dict[str, tuple[Any, ...]] = {"source": SOURCES, "words": NUMBERS, "flag": (True, False), "seen": DATES}
    made: dict[str, Any] = {}
    for name in random.sample(sorted(pools), random.randrange(1, 4)):
        pool = pools[name]
        forms = [random.choice(pool), None, (random.choice([None, *pool]), random.choice([None, *pool]))]
        if name != "seen":
            forms.append(random.choices([*pool], k=random.randrange(4)))
        made[name] = random.choice(forms)
    return made


def some_ranges(random: random.Random, name: str) -> list[tuple[Any, Any]]:
    pool = {"source": SOURCES, "words": NUMBERS, "flag": (True, False), "seen": DATES}[name]
    return [(random.choice([None, *pool]), random.choice([None, *pool])) for _ in range(3)]


# -- the twin ---------------------------------------------------------------------------------------------------------


def values(article: Article, name: str) -> set[Any]:
    """The different values of an article; dates as (start, end)."""
    given: Any = article.fields.get(name, [])
    every = given if isinstance(given, list) else [given]
    if name != "seen":
        return set(every)
    intervals = map(DateInterval.parse, every)
    return {(interval.start_second, interval.end_second) for interval in intervals}


def passes(article: Article, where: Mapping[str, Any], relation: str) -> bool:
    return all(holds(values(article, name), name, wanted, relation) for name, wanted in where.items())


def holds(have: set[Any], name: str, wanted: Any, relation: str) -> bool:
    if wanted is None:
        return not have
    if name == "seen":
        low, high = wanted if isinstance(wanted, tuple) else (wanted, wanted)
        start = None if low is None else DateInterval.parse(low).start_second
        end = None if high is None else DateInterval.parse(high).end_second
        if start is not None and end is not None and start >= end:
            return False
        return any(date_holds(DateInterval.from_seconds(*one), start, end, relation) for one in have)
    if isinstance(wanted, tuple):
        low, high = wanted
        return any((low is None or one >= low) and (high is None or one <= high) for one in have)
    return any(one in (wanted if isinstance(wanted, list) else [wanted]) for one in have)


def in_order(oracle: Oracle, hits: list[tuple[str, float]], name: str, descending: bool) -> list[tuple[str, float]]:
    """By the least (or greatest) value, those without one last; equal ones newest first, then by id."""
    newest = sorted(hits, key=lambda hit: oracle._rank(*hit, "newest"))
    have = {id: values(oracle.articles[id], name) for id, _ in hits}
    best = max if descending else min
    having = [hit for hit in newest if have[hit[0]]]
    having.sort(key=lambda hit: best(have[hit[0]]), reverse=descending)  # stable, either way
    return having + [hit for hit in newest if not have[hit[0]]]


def counted(articles: Iterable[Article], name: str) -> list[tuple[Any, int]]:
    counts = Counter(value for article in articles for value in values(article, name))
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def agree(index: searchkit.Index, oracle: Oracle, random: random.Random) -> None:
    """One query with conditions: hits, count, order by each field, and what there is of each value."""
    query, where, relation = some_query(random), some_where(random), random.choice(RELATIONS)
    if random.random() < 0.3:
        where = {}
    context = f"{query!r} {where} {relation}"
    limit, offset = random.choice([None, 1, 3, 10]), random.choice([0, 0, 2])
    past = None if limit is None else offset + limit
    options: dict[str, Any] = {"where": where, "dates": relation}
    scored = oracle.search(query, dates=relation)
    expected = [hit for hit in scored if passes(oracle.articles[hit[0]], where, relation)]
    for skipping in (True, False):
        index._skipping = skipping
        results = index.search(query, limit=limit, offset=offset, **options)
        assert [(hit.id, hit.score) for hit in results] == expected[offset:past], context
    index._skipping = True
    assert results.total == index.count(query, **options) == len(expected), context
    found = [oracle.articles[id] for id, _ in expected]
    for name in DECLARED:
        descending = random.random() < 0.5
        order = random.choice([f"-{name}", (name, "desc")] if descending else [name, (name, "asc")])
        ordered = in_order(oracle, expected, name, descending)
        (results,) = index.search_many([query], sort=order, limit=limit, offset=offset, threads=1, **options)
        assert [(hit.id, hit.score) for hit in results] == ordered[offset:past], f"{context} {order}"
        facets = results.facets(name, limit)
        shown = [((v.start_second, v.end_second) if isinstance(v, DateInterval) else v, n) for v, n in facets.items()]
        assert shown == counted(found, name)[:limit], f"{context} {name}"
        ranges = some_ranges(random, name)
        assert results.facets(name, ranges=ranges) == {
            one: sum(holds(values(article, name), name, one, relation) for article in found) for one in ranges
        }


# -- laws -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("on_disk", [False, True])
def test_filters_orders_and_counts(on_disk: bool, tmp_path: Path) -> None:
    """Random articles, conditions and histories; in memory and in a folder, before and after it is opened again."""
    choices = generator(f"fields {on_disk}")
    for trial in range(trials(8)):
        path = tmp_path / str(trial) if on_disk else None
        index = searchkit.create(path, fields=DECLARED, store=choices.random() < 0.7)
        alive: dict[str, Article] = {}
        for _ in range(choices.randrange(1, 5)):
            batch = some_articles(choices, choices.choice([1, 8, 40]), ids=60)
            index.add(batch)
            alive.update((article.id, article) for article in batch)
            gone = choices.sample(sorted(alive), len(alive) // 6)
            assert index.delete(gone) == len(gone)
            for id in gone:
                del alive[id]
            if choices.random() < 0.2:
                index.compact()
            if path is not None and choices.random() < 0.5:
                index.close()
                index = searchkit.open(path)
            oracle = Oracle(alive.values(), index.analyzer)
            for _ in range(6):
                agree(index, oracle, choices)
        assert index.check(deep=True).findings == ()
        index.close()


@pytest.mark.slow
def test_windows(tmp_path: Path) -> None:
    """More articles than one window has, rare and frequent values, a value in one window only."""
    choices = generator("fields windows")
    articles = [
        Article(
            "storm" if number % 3 else "storm surge surge",
            id=f"{number:05}",
            date=f"{2020 - number // 3000}",
            fields={"source": f"s{number % 7}", "words": number, "flag": number // 1000 == 5},
        )
        for number in range(9000)
    ]
    with searchkit.create(fields=DECLARED) as index:
        index.add(articles[:6000])
        index.add(articles[6000:])
        index.delete(article.id for article in articles[::50])
        alive = [article for number, article in enumerate(articles) if number % 50]
        asked: list[dict[str, Any]] = [{"flag": True}, {"words": (8990, None)}, {"words": (9999, None)}]
        for where in (*asked, {"source": "s3", "words": (100, 200)}):
            expected = [article.id for article in alive if passes(article, where, "overlaps")]
            assert sorted(hit.id for hit in index.search("storm", where=where, limit=None)) == expected
            assert sorted(hit.id for hit in index.search("surge storm", where=where, limit=None)) == expected
            assert index.search("storm", where=where).facets("source", None) == dict(
                counted([article for article in alive if passes(article, where, "overlaps")], "source")
            )
        top = [hit.id for hit in index.search("surge", sort="-words", limit=4, offset=choices.randrange(1))]
        assert top == [article.id for article in reversed(alive) if "surge" in article.text][:4]


@pytest.mark.slow
def test_the_same_articles_make_the_same_file(tmp_path: Path) -> None:
    """However they came, after `compact`: columns too are nothing but the articles."""
    choices = generator("fields files")
    articles = {article.id: article for article in some_articles(choices, 80, ids=60)}
    every = list(articles.values())
    with searchkit.create(tmp_path / "one", fields=DECLARED) as index:
        index.add(every)
        index.compact()
    with searchkit.create(tmp_path / "two", fields=dict(reversed(DECLARED.items()))) as index:
        index.add(some_articles(choices, 30, ids=90))
        index.add(every[40:])
        index.add(reversed(every[:45]))
        index.delete(id for id in [hit.id for hit in index.search(All(), limit=None)] if id not in articles)
        index.compact()
    with searchkit.open(tmp_path / "one", mode="r") as index:
        index.snapshot(tmp_path / "copy")
    with searchkit.open(tmp_path / "copy") as copy:
        assert copy.options.fields == DECLARED and copy.check().ok
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / n).glob("*.sk")} for n in ("one", "two"))
    assert len(one) == 1 and one.items() <= two.items()


def test_packs_are_checked_as_articles_are(tmp_path: Path) -> None:
    """JSON Lines that never become Python objects: the same columns, the same refusals."""
    lines = ['{"id": "1", "text": "storm", "source": "ap", "words": 5.0}', '{"id": "2", "text": "storm", "words": -1}']
    path = tmp_path / "articles.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with searchkit.create(fields=DECLARED) as index:
        index.add(searchkit.read_articles(path))
        assert [hit.id for hit in index.search("storm", where={"words": 5})] == ["1"]
        path.write_text("\n".join([*lines, '{"id": "3", "text": "storm", "words": "many"}']), encoding="utf-8")
        with pytest.raises(ArticleError, match=r"'3': the field 'words' is 'many', not a number .*Number"):
            index.add(searchkit.read_articles(path))
        assert len(index) == 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"words": "5"}, r"'words' is '5', not a number"),
        ({"words": True}, r"'words' is True, not a number"),
        ({"words": [1, 2**53 + 1]}, r"'words' is 9007199254740993, beyond 2\*\*53.*Keyword"),
        ({"words": ["5"]}, r"'words' is '5', not a number"),
        ({"source": 5}, r"'source' is 5, not text.*Keyword"),
        ({"source": True}, r"'source' is True, not text"),
        ({"flag": 1}, r"'flag' is 1, not True or False"),
        ({"flag": "yes"}, r"'flag' is 'yes', not True or False"),
        ({"seen": "10/02/2020"}, r"'seen' is '10/02/2020', not a date: ambiguous"),
        ({"seen": 2020}, r"'seen' is 2020, not a date as text"),
        ({"seen": ["2020", "x" * 99]}, r"'seen' is 'x{39}…', not a date"),
    ],
)
def test_a_value_of_another_kind_is_refused(fields: dict[str, Any], message: str) -> None:
    """When it is added, with the id, the field and its kind; nothing of that addition stays."""
    with searchkit.create(fields=DECLARED) as index:
        for article in (Article("x", id="odd", fields=fields), {"text": "x", "id": "odd", "fields": fields}):
            with pytest.raises(ArticleError, match="article 'odd': the field " + message):
                index.add([Article("y", id="1"), article])
        assert len(index) == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [("date", Date()), ("text", Keyword()), ("1st", Keyword()), ("", Keyword()), ("a-b", Keyword()), ("ä", Keyword()),
     ("a" * 65, Keyword()), ("source", Keyword), ("source", "keyword"), ("source", None)],
)  # fmt: skip
def test_names_and_kinds(name: str, kind: Any) -> None:
    """What cannot be declared says so, and makes no index."""
    with pytest.raises(ValueError, match="field"):
        searchkit.create(fields={name: kind})


def test_what_makes_no_sense_is_a_query_error() -> None:
    """`where`, `sort` and `facets` of what is not declared, or of a wrong kind, are mistakes of the program."""
    with searchkit.create(fields=DECLARED) as index:
        index.add([Article("storm", fields={"other": "x"})])
        for where in ({"other": "x"}, {"words": "x"}, {"words": (1, 2, 3)}, {"flag": 1}, {"source": 7},
                      {"seen": "soon?"}, {"seen": 5}, {"seen": (1, 2)}, {7: 7}, "source:x", ["source"]):  # fmt: skip
            with pytest.raises(QueryError):
                index.search("storm", where=where)  # type: ignore[arg-type]
        for sort in ("other", "", "-", ("words", "up"), ("words",), 7, None, "-score"):
            with pytest.raises(QueryError, match="sort"):
                index.search("storm", sort=sort)  # type: ignore[arg-type]
        with pytest.raises(QueryError, match="'other' is declared"):
            index.search("storm").facets("other")
        for ranges in ([1], [(1, 2, 3)], [("a", "b")], [None], 5):
            with pytest.raises(QueryError):
                index.search("storm").facets("words", ranges=ranges)  # type: ignore[arg-type]
        with pytest.raises(QueryError, match="limit"):
            index.search("storm").facets("words", -1)
        assert index.search("storm").facets("words") == {}
        assert index.search("").facets("words") == {}
        assert index.search("storm", where={}).total == 1


LONG: list[Any] = ["y" * 5_000, 10**400, 10**5_000, [10**5_000], list(range(3_000)), {"a": "b" * 999}]


@pytest.mark.parametrize("value", LONG, ids=["text", "int", "longer", "list", "ints", "dict"])
def test_a_long_value_is_told_in_short(value: Any) -> None:
    """Also one of more digits than Python writes."""
    with index_of_storms() as index:
        for options in ({"where": {"flag": value}}, {"where": {"words": value}}, {"sort": value}, {"collapse": value},
                        {"after": value}):  # fmt: skip
            try:
                index.search("storm", **options)
            except QueryError as error:
                assert len(str(error)) < 250
            else:
                assert options == {"where": {"words": list(range(3_000))}}
        (warning,) = index.search(f"storm words:{'y' * 5_000}").warnings
        assert len(warning) < 250


def index_of_storms() -> searchkit.Index:
    index = searchkit.create(fields=DECLARED)
    index.add([Article("storm", fields={"words": 1})])
    return index


def test_an_index_without_declared_fields_is_as_before(tmp_path: Path) -> None:
    """Its segments are of the first format, and its manifest has no word of fields."""
    for name, fields in (("plain", {}), ("declared", DECLARED)):
        with searchkit.create(tmp_path / name, fields=fields) as index:
            index.add([Article("storm", id="1", fields={"source": "ap"})])
        (segment,) = (tmp_path / name).glob("*.sk")
        assert segment.read_bytes()[8] == (2 if fields else 1)
        manifest = max((tmp_path / name).glob("manifest-*")).read_text(encoding="ascii")
        assert ("fields" in manifest) == bool(fields)
        with searchkit.open(tmp_path / name) as index:
            assert index.options.fields == fields


@pytest.mark.parametrize(
    ("query", "where"),
    [
        (Compare("words", "=", 5), {"words": 5}),
        (Compare("words", ">=", "5.0"), {"words": (5, None)}),
        (Compare("words", "<", 5), {"words": (None, 4.5)}),
        (Compare("words", ">", "1e2"), {"words": (100.5, None)}),
        (Between("words", 1, 100), {"words": (1, 100)}),
        (Between("words", "1", 100, include_low=False, include_high=False), {"words": (1.5, 99)}),
        (Not(Between("source")), {"source": None}),
        (Compare("source", "=", "ap"), {"source": "ap"}),
        (Compare("source", "=", 500), {"source": "500"}),
        (Compare("source", "=", True), {"source": "true"}),
        (Compare("source", ">", "b"), {"source": ("b0", None)}),
        (Compare("flag", "=", "Yes"), {"flag": True}),
        (Compare("flag", "=", False), {"flag": False}),
        (Compare("seen", "=", "2020-10"), {"seen": "2020-10"}),
        (Compare("seen", "=", 2020), {"seen": "2020"}),
        (Compare("seen", ">", "2020-10"), {"seen": ("2020-11", None)}),
        (Compare("seen", ">=", "2020-10"), {"seen": ("2020-10", None)}),
        (Compare("seen", "<", "2020-10"), {"seen": (None, "2020-09")}),
        (Compare("seen", "<=", "2020-10"), {"seen": (None, "2020-10")}),
        (Between("seen", "2020-09", "2020-11", include_low=False, include_high=False), {"seen": "2020-10"}),
    ],
)
def test_conditions_in_queries(query: Query, where: dict[str, Any]) -> None:
    """A node finds what the same condition in `where` leaves, and narrows a query as that does."""
    choices = generator("fields nodes")
    articles = some_articles(choices, 150, ids=200)
    articles.append(Article("storm", fields={"source": ["500", "true", "b", "c"], "words": [5, 50]}))
    with searchkit.create(fields=DECLARED) as index:
        index.add(articles)
        for relation in RELATIONS:
            found = [(hit.id, hit.score) for hit in index.search(And(Term("storm"), query), dates=relation, limit=None)]
            results = index.search("storm", where=where, dates=relation, limit=None)
            assert found == [(hit.id, hit.score) for hit in results]
            assert found or relation == "contains" or where == {"source": None}
            assert index.search(query, dates=relation).total == index.count(All(), where=where, dates=relation)


def test_another_case_is_told() -> None:
    """Keywords are compared letter by letter; one that is there in another case only is named, from any segment."""
    with searchkit.create(fields=DECLARED) as index:
        index.add([Article("storm", fields={"source": "Reuters"})])
        index.add([Article("storm surge", fields={"source": ["REUTERS", "ap"]})])
        results = index.search("storm source:reuters")
        assert len(results) == 0
        assert [str(warning) for warning in results.warnings] == [
            "'source:reuters' at character 7 finds nothing: no article has it, but there is 'REUTERS' or 'Reuters'"
        ]
        for query in ("storm source:Reuters", "storm source:ap", "storm source:afp", "storm source:*", "words:1"):
            assert index.search(query).warnings == ()


@pytest.mark.parametrize(
    "query",
    [Compare("other", "=", 1), Compare("words", "=", "many"), Compare("words", ">", True), Compare("flag", "=", 1),
     Compare("seen", "<", "soon"), Between("words", 1, "x"), Between("words", 1, "inf")],
)  # fmt: skip
def test_a_condition_that_makes_no_sense_finds_nothing(query: Query) -> None:
    """It may have been typed: nothing raises, and a warning says why."""
    with searchkit.create(fields=DECLARED) as index:
        index.add([Article("storm", fields={"words": 1})])
        results = index.search(And(Term("storm"), query))
        assert (len(results), results.total, len(results.warnings)) == (0, 0, 1)
        assert "finds nothing" in results.warnings[0]
        assert len(index.search(Or(Term("storm"), query))) == 1


# -- declared later ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("on_disk", [False, True])
def test_fields_declared_later(on_disk: bool, tmp_path: Path) -> None:
    """All is as if they had been declared from the first: answers, and after `compact` the file itself."""
    choices = generator("fields later")
    articles = {article.id: article for article in some_articles(choices, 120, ids=100)}
    every = list(articles.values())
    index = searchkit.create(tmp_path / "later" if on_disk else None, fingerprints=on_disk)
    index.add(every[:40])
    index.add(every[40:])
    gone = [article.id for article in every[::7]]
    index.delete(gone)
    index.declare({"words": Number()})
    held = index.search("storm", where={"words": (1, None)})
    index.add([Article("storm", id="new", fields={"source": "ap", "words": 2})])
    index.declare(DECLARED)
    index.declare({"words": Number()})
    assert index.options.fields == DECLARED
    assert len(held) == held.total
    alive = {article.id: article for article in every if article.id not in gone}
    alive["new"] = Article("storm", id="new", fields={"source": "ap", "words": 2})
    if on_disk:
        index.close()
        index = searchkit.open(tmp_path / "later")
    oracle = Oracle(alive.values(), index.analyzer, k1=index.options.k1)
    for _ in range(10):
        agree(index, oracle, choices)
    assert index.check(deep=True).findings == ()
    index.compact()
    with searchkit.create(fields=DECLARED, fingerprints=on_disk) as fresh:
        fresh.add(alive.values())
        assert manifest_of(fresh) == manifest_of(index)


def manifest_of(index: searchkit.Index) -> Any:
    return index._snapshot().manifest.segments


def test_a_segment_with_columns_is_the_one_that_is_built_with_them() -> None:
    """Columns stand behind all other sections, so putting them there later gives the same file, byte for byte."""
    articles = some_articles(generator("fields behind"), 30, ids=300)
    with searchkit.create(fingerprints=True) as later, searchkit.create(fields=DECLARED, fingerprints=True) as index:
        later.add(articles)
        later.declare(DECLARED)
        index.add(articles)
        assert manifest_of(later) == manifest_of(index)


def test_segments_without_the_field_stay_as_they_are(tmp_path: Path) -> None:
    """A field declared later costs nothing for articles without it; `compact` still makes one file of one content."""
    path = tmp_path / "index"
    with searchkit.create(path) as index:
        index.add([Article("storm", id="1", fields={"other": 1})])
        before = manifest_of(index)
        index.declare({"source": Keyword()})
        assert manifest_of(index) == before
        index.add([Article("storm", id="2", fields={"source": "ap"})])
        assert manifest_of(index)[0] == before[0]
        assert index.search("storm").facets("source") == {"ap": 1}
        assert [hit.id for hit in index.search("storm", sort="source")] == ["2", "1"]
        assert index.check(deep=True).ok
        index.delete("2")
        index.compact()
        with searchkit.create(fields={"source": Keyword()}) as fresh:
            fresh.add([Article("storm", id="1", fields={"other": 1})])
            assert manifest_of(fresh) == manifest_of(index)


def test_a_wrong_kind_is_declared_again_while_there_are_no_articles(tmp_path: Path) -> None:
    """What was declared wrongly, and so stopped the first addition, takes no new index to put right."""
    with searchkit.create(tmp_path / "index", fields={"words": Number(), "flag": Boolean()}) as index:
        with pytest.raises(ArticleError, match="not a number"):
            index.add([Article("storm", fields={"words": "many"})])
        index.declare({"words": Keyword()})
        index.add([Article("storm", id="1", fields={"words": "many", "flag": True})])
        assert index.options.fields == {"words": Keyword(), "flag": Boolean()}
        assert [hit.id for hit in index.search("storm words:many flag:true")] == ["1"]
        assert index.check(deep=True).ok
        with pytest.raises(ValueError, match="declared as Keyword, and not Number"):
            index.declare({"words": Number()})


def test_what_cannot_be_declared_later(tmp_path: Path) -> None:
    """A name, a kind, a field of another kind, an article with another kind of value: nothing changes."""
    path = tmp_path / "index"
    with searchkit.create(path, fields={"words": Number()}) as index:
        index.add([Article("storm", id="1", fields={"words": 1, "flag": "yes"}), Article("x", fields={"flag": True})])
        state = index._snapshot().manifest
        with pytest.raises(ValueError, match="'words' is declared as Number, and not Keyword"):
            index.declare({"words": Keyword(), "source": Keyword()})
        with pytest.raises(ValueError, match="named by letters"):
            index.declare({"date": Date()})
        with pytest.raises(ArticleError, match="article '1': the field 'flag' is 'yes', not True or False"):
            index.declare({"flag": Boolean()})
        index.declare({"words": Number()})
        index.declare({})
        index.refresh()
        assert index._snapshot().manifest == state
        index.delete("1")  # then nothing is in the way
        index.declare({"flag": Boolean()})
        assert index.search("*").facets("flag") == {True: 1}
        assert index.check().ok
    with searchkit.open(path, mode="r") as index, pytest.raises(SearchkitError, match="mode"):
        index.declare({"source": Keyword()})


def test_dates_in_where() -> None:
    """Text, written or said, and the values that Python has for dates; an offset is moved to the index's zone."""
    noon = datetime(2020, 10, 2, 12, 0, 5, 999, tzinfo=timezone(timedelta(hours=2)))
    with searchkit.create(fields=DECLARED, timezone="Europe/Berlin") as index:
        index.add([Article("storm", id="a", fields={"seen": "2020-10-02T10:00:05Z"}), Article("storm", id="b")])
        for wanted in ("2020-10-02T12:00:05", "yesterday", noon, date(2020, 10, 2), DateInterval.parse("2020-10"),
                       (None, noon), (noon, "today"), ("2020/..", None)):  # fmt: skip
            moment = datetime(2020, 10, 3, 8)
            assert [hit.id for hit in index.search("storm", where={"seen": wanted}, now=moment)] == ["a"], wanted
        assert len(index.search("storm seen:'last year'", now=datetime(2021, 5, 5))) == 1
        assert index.search("storm", where={"seen": "2020-10-02T10:00:05"}).total == 0
