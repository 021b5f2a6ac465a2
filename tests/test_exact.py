"""The law of the engine: ids, order and scores of every search equal the oracle's, to the last bit.

However the articles came (one segment or seven, after replacements, deletes, merges, compact), with block and window
skipping on or off, on one thread or four, for any limit and offset, k1, b, title weight and sort.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle, bounds
from strategies import (
    DATES,
    RELATIONS,
    WORDS,
    articles,
    few_articles,
    generator,
    ids,
    queries,
    some_articles,
    some_query,
    trials,
)

import searchkit
from searchkit.article import Article
from searchkit.dates import DateInterval
from searchkit.query.nodes import All, And, AndMaybe, Boost, DateRange, Not, Or, Phrase, Prefix, Query, Term

SORTS = ("score", "newest", "oldest")
ALL = 10**6  # a limit above all counts here


def twin(index: searchkit.Index, articles: Iterable[Article], **options: Any) -> Oracle:
    """The oracle over what should be alive in the index."""
    return Oracle(articles, index.analyzer, **options)


def pairs(results: Iterable[searchkit.Hit]) -> list[tuple[str, float]]:
    found = [(hit.id, hit.score) for hit in results]
    if isinstance(results, searchkit.Results):
        assert list(zip(results.ids, results.scores, strict=True)) == found
    return found


def matching(results: Any) -> set[str]:
    """The ids in the bitmaps of all that the query finds."""
    ask = results._ask
    return {
        ask.snapshot.parts[number].segment.id(8 * place + bit)
        for number, bitmap in enumerate(ask.matches())
        for place, byte in enumerate(bitmap)
        if byte
        for bit in range(8)
        if byte >> bit & 1
    }


def agree(
    index: searchkit.Index, oracle: Oracle, query: Query, limit: int = ALL, offset: int = 0, **options: Any
) -> None:
    """Search, total, count and the bitmaps of all matches equal the oracle's, with skipping and without."""
    whole = oracle.search(query, **options)
    expected = whole[offset : offset + limit]
    context = f"{query!r} limit={limit} offset={offset} {options}"
    for skipping in (True, False):
        index._skipping = skipping
        results = index.search(query, limit=limit, offset=offset, **options)
        assert pairs(results) == expected, f"{context} skipping={skipping}"
        assert results.total == len(whole), context
    index._skipping = True
    filters = {name: value for name, value in options.items() if name in ("since", "until", "on", "dates")}
    assert index.count(query, **filters) == len(whole), context
    assert matching(results) == {id for id, _ in whole}, context


def explained(index: searchkit.Index, oracle: Oracle, query: Query) -> None:
    """The parts of an explanation add up to the score in their order, and the score is the hit's."""
    for hit in index.search(query, limit=3):
        explanation = index.explain(query, hit.id)
        total = 0.0
        for part in explanation.parts:
            total += part.score
        assert total == explanation.score == hit.score, repr(query)
        assert [part.score for part in explanation.parts] == [score for _, score in oracle.parts(query, hit.id)]


# -- small and random -------------------------------------------------------------------------------------------------

batches = st.lists(st.lists(articles(), min_size=2, max_size=8), min_size=1, max_size=4)


@pytest.mark.slow
@given(
    batches=batches,
    asked=st.lists(queries(), min_size=1, max_size=4),
    limit=st.integers(1, 12),
    offset=st.integers(0, 4),
    sort=st.sampled_from(SORTS),
)
@settings(max_examples=trials(150))
def test_any_query_on_any_articles(
    batches: list[list[Article]], asked: list[Query], limit: int, offset: int, sort: str
) -> None:
    """Random trees of all nodes over a few articles in up to four segments, replaced by id at random."""
    with searchkit.create() as index:
        for batch in batches:
            index.add(batch)
        oracle = twin(index, (article for batch in batches for article in batch))
        for query in asked:
            agree(index, oracle, query, limit, offset, sort=sort)
            agree(index, oracle, query, sort=sort)
            explained(index, oracle, query)


def test_many_queries_on_few_articles() -> None:
    """The same from a seeded generator, which makes more phrases, ties and matches."""
    random = generator("few")
    for _ in range(trials(25)):
        batches = [few_articles(random, random.randrange(1, 12)) for _ in range(random.randrange(1, 4))]
        title_weight = random.randrange(4)
        with searchkit.create(title_weight=title_weight) as index:
            for batch in batches:
                index.add(batch)
            oracle = twin(index, (article for batch in batches for article in batch), title_weight=title_weight)
            for _ in range(12):
                query = some_query(random, WORDS, depth=random.randrange(1, 4))
                agree(index, oracle, query, random.choice([1, 3, ALL]), sort=random.choice(SORTS))
                explained(index, oracle, query)


@pytest.mark.slow
@given(
    batch=st.lists(articles(), min_size=1, max_size=10),
    query=queries(),
    since=st.none() | st.sampled_from(DATES),
    until=st.none() | st.sampled_from(DATES),
    on=st.none() | st.sampled_from(DATES),
    dates=st.sampled_from(RELATIONS),
    sort=st.sampled_from(SORTS),
)
@settings(max_examples=trials(150))
def test_date_filters(
    batch: list[Article], query: Query, since: str | None, until: str | None, on: str | None, dates: str, sort: str
) -> None:
    """since, until and on in the three relations filter any query and change no score."""
    with searchkit.create() as index:
        index.add(batch)
        oracle = twin(index, batch)
        filters = {name: value for name, value in (("since", since), ("until", until), ("on", on)) if value}
        low, high = bounds(since, until, on)
        if low is None or high is None or low < high:
            agree(index, oracle, query, sort=sort, dates=dates, **filters)
        elif since and until and DateInterval.parse(since).start_second >= DateInterval.parse(until).end_second:
            with pytest.raises(searchkit.QueryError):
                index.search(query, sort=sort, dates=dates, **filters)


@pytest.mark.slow
@given(
    batches=batches,
    query=queries(),
    title_weight=st.sampled_from([0, 1, 2, 7]),
    k1=st.sampled_from([0.0, 0.5, 1.2, 2.0, 100.0]),
    b=st.sampled_from([0.0, 0.3, 0.75, 1.0]),
    asked=st.sampled_from([{}, {"k1": 0.9}, {"b": 0.4}, {"k1": 2.5, "b": 1.0}, {"k1": 0.0, "b": 0.0}]),
)
@settings(max_examples=trials(100))
def test_any_parameters(
    batches: list[list[Article]], query: Query, title_weight: int, k1: float, b: float, asked: dict[str, float]
) -> None:
    """k1 and b of the index or of the search, and the title's weight."""
    with searchkit.create(title_weight=title_weight, k1=k1, b=b) as index:
        for batch in batches:
            index.add(batch)
        together = (article for batch in batches for article in batch)
        oracle = twin(index, together, title_weight=title_weight, k1=k1, b=b)
        agree(index, oracle, query, **asked)
        agree(index, oracle, query, limit=2, **asked)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(articles(), max_size=5)),
        st.tuples(st.just("delete"), st.lists(ids, max_size=3)),
        st.tuples(st.just("rollback"), st.lists(articles(), max_size=3)),
        st.tuples(st.just("compact"), st.none()),
        st.tuples(st.just("refresh"), st.none()),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.slow
@given(steps=steps, queries=st.lists(queries(), min_size=1, max_size=3), store=st.booleans())
@settings(max_examples=trials(100))
def test_any_history(steps: list[tuple[str, Any]], queries: list[Query], store: bool) -> None:
    """After random adds, replacements, deletes, rollbacks and compactions the index is what the live articles say."""
    alive: dict[str, Article] = {}
    with searchkit.create(store=store) as index:
        for verb, what in steps:
            if verb == "add":
                index.add(what)
                alive |= {article.id: article for article in what}
            elif verb == "delete":
                assert index.delete(what) == len(set(what) & alive.keys())
                alive = {id: article for id, article in alive.items() if id not in what}
            elif verb == "rollback":
                with index.writer() as writer:
                    writer.add(what)
                    writer.rollback()
            elif verb == "compact":
                index.compact()
            else:
                index.refresh()
            assert len(index) == len(alive)
            oracle = twin(index, alive.values())
            for query in queries:
                agree(index, oracle, query)


# -- thousands: blocks, windows and thresholds ------------------------------------------------------------------------

VOCABULARY = tuple(f"w{rank}" for rank in range(300))
COUNT = 13_000  # more than three windows, the last one not full


def long_articles(random: random.Random) -> list[Article]:
    """Articles that stretch the extremes of lengths, frequencies and list sizes."""
    made = [
        Article("w0 " * 70_000, id="often", date="2018-05"),
        Article(" ".join(random.choices(VOCABULARY, k=5_000)), id="long", date="2020-10-02"),
        Article("w299", id="short", date="2016"),
        Article("", id="empty", date="2020"),
        *(Article(f"w0 w1 run{number % 2} " * 300, id=f"even{number}", date="2017-03-04") for number in range(300)),
    ]
    for frequency in (1, 2, 3, 4, 127, 128, 255, 256, 257, 511, 512, 513, 4095, 4096, 4097):
        made += [
            Article(f"exactly{frequency} w{rank % 7}", id=f"{frequency}/{rank}", date=f"20{10 + rank % 10}")
            for rank in range(frequency)
        ]
    return made


EXACTLY = tuple(f"exactly{frequency}" for frequency in (1, 2, 3, 4, 127, 255, 256, 257, 512, 513, 4095, 4096, 4097))


@pytest.fixture(scope="module")
def many() -> list[Article]:
    made = generator("many")
    return some_articles(made, COUNT) + long_articles(made)


@pytest.fixture(scope="module")
def whole(many: list[Article]) -> searchkit.Index:
    """All in one segment."""
    index = searchkit.create()
    index.add(many)
    index.compact()
    assert index.stats().segments == 1
    return index


@pytest.fixture(scope="module")
def oracle(whole: searchkit.Index, many: list[Article]) -> Oracle:
    return twin(whole, many)


@pytest.fixture(scope="module")
def pieces(many: list[Article]) -> searchkit.Index:
    """The same in seven commits in another order, some articles first added in another form, others deleted."""
    shuffled = many[:]
    random = generator("pieces")
    random.shuffle(shuffled)
    index = searchkit.create()
    for part in range(7):
        mine = shuffled[part::7]
        index.add(mine)
        later = random.sample(shuffled, 50)
        stale = [Article("w1 stale w2", id=article.id, date="2011-11") for article in later]
        extra = [Article("w3 w4 extra", id=f"extra{part}/{number}") for number in range(30)]
        index.add(stale + extra)
        index.delete(article.id for article in extra)
        index.add(later)
        missing = [article.id for other in range(part + 1, 7) for article in shuffled[other::7]]
        index.delete(missing)
    assert index.stats().segments > 1
    return index


def shapes(random: random.Random) -> dict[str, Query]:
    """One query of every shape that has, or could have, a plan of its own."""
    frequent, any_words = VOCABULARY[:12], VOCABULARY + EXACTLY

    def word(words: Sequence[str] = any_words) -> Term:
        return Term(random.choice(words))

    edges = sorted(63_500_000_000 + random.randrange(300_000_000) for _ in range(2))
    span = DateRange(edges[0], edges[1] + 1, random.choice(RELATIONS))
    return {
        "word": word(),
        "frequent word": word(frequent),
        "exact df": word(EXACTLY),
        "boosted word": Boost(word(), random.choice([0.1, 3.7])),
        "or": Or(*(word() for _ in range(random.randrange(2, 6)))),
        "or of frequent": Or(*(word(frequent) for _ in range(3))),
        "or frequent and rare": Or(word(frequent), word(frequent), word(VOCABULARY[200:])),
        "or with repeats": Or(word(frequent), word(frequent), word(frequent), word(frequent), word(frequent)),
        "or boosted": Or(Boost(word(frequent), 0.1), Boost(word(), 9.0), word()),
        "many words": Or(*(word() for _ in range(70))),
        "and": And(word(frequent), word()),
        "and of three": And(word(frequent), word(frequent), word(VOCABULARY[:60])),
        "phrase": Phrase(" ".join(random.choices(frequent, k=2))),
        "phrase of three": Phrase(" ".join(random.choices(VOCABULARY[:5], k=3))),
        "sloppy phrase": Phrase(" ".join(random.choices(frequent, k=2)), random.randrange(2, 6)),
        "phrase or word": Or(Phrase(" ".join(random.choices(frequent, k=2))), word()),
        "phrase and word": And(Phrase(" ".join(random.choices(frequent, k=2))), word(frequent)),
        "in titles": Term(random.choice(frequent), "title"),
        "in texts": Or(Term(random.choice(frequent), "text"), Term(random.choice(frequent), "title")),
        "title phrase": Phrase(" ".join(random.choices(frequent, k=2)), 1, "title"),
        "not": And(word(frequent), Not(word(frequent))),
        "not alone": Not(word(frequent)),
        "or with not": Or(word(), Not(word(frequent))),
        "and maybe": AndMaybe(word(VOCABULARY[:60]), Or(word(frequent), word(frequent))),
        "nested": Or(And(word(frequent), Or(word(), word())), And(word(frequent), Not(word(frequent)))),
        "prefix": Prefix(random.choice(["w1", "w29", "exactly", "run", "w"])),
        "prefix and word": And(Prefix("w2"), word(frequent)),
        "or in a range": And(Or(word(frequent), word()), span),
        "phrase in a range": And(Phrase(" ".join(random.choices(frequent, k=2))), span),
        "range alone": span,
        "all": All(),
        "all and word": And(All(), word()),
    }


SHAPES = tuple(shapes(random.Random(0)))


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", ["whole", "pieces"])
def test_every_shape_over_many_windows(shape: str, form: str, oracle: Oracle, request: pytest.FixtureRequest) -> None:
    """Every query shape, at limits around the stored thresholds, in one segment and in several with dead articles."""
    index: searchkit.Index = request.getfixturevalue(form)
    random = generator(f"{shape} in {form}")
    for _ in range(trials(2)):
        query = shapes(random)[shape]
        agree(index, oracle, query, limit=random.choice([1, 10, 11]))
        agree(index, oracle, query, limit=random.choice([100, 1000, ALL]), offset=random.choice([0, 0, 7, 500]))
        agree(index, oracle, query, limit=random.choice([5, 300]), sort=random.choice(SORTS[1:]))


@pytest.mark.slow
def test_random_trees_over_many_windows(whole: searchkit.Index, pieces: searchkit.Index, oracle: Oracle) -> None:
    """Trees of every kind of node, with filters, in both forms of the index."""
    random = generator("trees")
    words = VOCABULARY[:25] + EXACTLY
    for _ in range(trials(40)):
        query = some_query(random, words, depth=random.randrange(1, 4))
        options: dict[str, Any] = {"sort": random.choice(SORTS)}
        if random.random() < 0.4:
            options |= {"since": random.choice(["2016", "2018-05", "2020-10"]), "dates": random.choice(RELATIONS)}
        if random.random() < 0.4:
            options |= {"until": "2021", "k1": random.choice([0.4, 1.2, 3.0]), "b": random.choice([0.0, 0.75, 1.0])}
        agree(random.choice([whole, pieces]), oracle, query, random.choice([1, 10, 50, ALL]), **options)


@pytest.mark.slow
def test_every_limit(whole: searchkit.Index, oracle: Oracle) -> None:
    """limit 1, 2, 3 ... gives the beginning of the one ranking."""
    query = Or(Term("w40"), Term("w90"), Term("exactly127"))
    ranking = oracle.search(query)
    for limit in (*range(1, 40), *range(40, len(ranking) + 2, 37)):
        assert pairs(whole.search(query, limit=limit)) == ranking[:limit], limit
        assert pairs(whole.search(query, limit=10, offset=limit)) == ranking[limit : limit + 10], limit


ONE_AND_ALL = (
    Term("w3"),
    Term("w90"),
    Term("exactly255"),
    Term("exactly257"),
    And(Term("w1"), Term("w6")),
    And(Term("w40"), Term("w0"), Term("w2")),
    And(Term("exactly4097"), Term("w3")),
    And(Term("w2"), Phrase("w0 w1")),
)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["whole", "pieces"])
def test_limits_of_one_word_and_of_all_words(form: str, oracle: Oracle, request: pytest.FixtureRequest) -> None:
    """Where a threshold is learned from, and so the limit, changes no hit; words that are asked again have maxima."""
    index: searchkit.Index = request.getfixturevalue(form)
    for query in ONE_AND_ALL:
        ranking = oracle.search(query)
        for limit in (1, 2, 9, 10, 11, 17, 63, 64, 65, 100, 101, 1000, 1001):
            assert pairs(index.search(query, limit=limit)) == ranking[:limit], (str(query), limit)


@pytest.mark.slow
def test_ties_over_many_windows() -> None:
    """Thousands of equal scores: newer first, then id, whatever the limit and the segments."""
    made = [Article("same words here", id=f"{number:05}", date=f"{2000 + number % 20}") for number in range(9_000)]
    with searchkit.create() as one, searchkit.create() as several:
        one.add(made)
        for part in range(5):
            several.add(made[part::5])
        ranking = twin(one, made).search(Term("same"))
        for limit in (1, 9, 10, 11, 451, 4095, 4096, 4097, ALL):
            for index in (one, several):
                for query in (Term("same"), Or(Term("same"), Term("none")), Phrase("same words"), All()):
                    found = [hit.id for hit in index.search(query, limit=limit)]
                    assert found == [id for id, _ in ranking[:limit]], (limit, query)


@pytest.mark.slow
def test_other_parameters_over_many_windows(many: list[Article], oracle: Oracle, whole: searchkit.Index) -> None:
    """Bounds kept for one k1, b and average length must stay bounds for all others."""
    random = generator("parameters")
    for k1 in (0.0, 0.01, 0.9, 1.2, 10.0, 1000.0):
        for b in (0.0, 0.2, 0.75, 1.0):
            query = random.choice(
                [Or(Term("w1"), Term("w30")), Term("w3"), And(Term("w2"), Term("w5")), Phrase("w0 w1")]
            )
            agree(whole, oracle, query, 10, k1=k1, b=b)


@pytest.mark.slow
def test_segments_of_unlike_lengths() -> None:
    """Segments whose own average lengths differ a hundredfold from the snapshot's average."""
    random = generator("unlike")
    short = [Article(random.choice(VOCABULARY[:5]), id=f"s{number}") for number in range(5_000)]
    long = [Article(" ".join(random.choices(VOCABULARY[:20], k=100)), id=f"l{number}") for number in range(1_000)]
    with searchkit.create(title_weight=3) as index:
        index.add(short)
        index.add(long)
        oracle = twin(index, short + long, title_weight=3)
        for query in (Term("w1"), Or(Term("w1"), Term("w9")), And(Term("w1"), Term("w3")), Phrase("w1 w2")):
            for limit in (1, 10, 100):
                agree(index, oracle, query, limit)


@pytest.mark.slow
@pytest.mark.parametrize(
    "factors", [(1e-9, 1e9), (1e-40, 1e-30, 1.0), (1e-300, 1e-60), (1e30, 1e36), (1e38,), (1.0, 1e300)]
)
def test_extreme_boosts(whole: searchkit.Index, pieces: searchkit.Index, oracle: Oracle, factors: list[float]) -> None:
    """However small or large, a boost loses no hit and no bit, also beyond what single precision holds."""
    random = generator(f"boosts {factors}")
    for group in (Or, And):
        words = [Boost(Term(random.choice(VOCABULARY[:40])), random.choice(factors)) for _ in range(3)]
        query = group(*words, Boost(Phrase("w0 w1"), random.choice(factors)))
        for index in (whole, pieces):
            agree(index, oracle, query, 10)
            agree(index, oracle, query)
    agree(whole, oracle, Boost(Term("w3"), factors[-1]), 5)


def test_a_prefix_of_too_many_words() -> None:
    """Stands for its 1,024 most frequent words, with a warning."""
    made = [Article(f"pre{number:04} pre{number % 300:04} q", id=str(number)) for number in range(1_200)]
    with searchkit.create() as index:
        index.add(made[:700])
        index.add(made[700:])
        oracle = twin(index, made)
        for query in (Prefix("pre"), And(Prefix("pre0"), Term("q")), Boost(Prefix("p"), 3.0)):
            agree(index, oracle, query, 7)
            agree(index, oracle, query)
        assert "1,024" in "".join(index.search(Prefix("pre")).warnings)
        assert not index.search(Prefix("pre01")).warnings


@pytest.mark.slow
def test_phrases_of_rare_and_frequent_words_of_long_articles() -> None:
    """Whether the frequent word's positions are looked up for each place of the rare one, or read."""
    chance = random.Random("phrases")
    articles = []
    for rare in (1, 3, 100, 127, 128, 129, 130, 300):
        for common in (400, 511, 513, 1_500):
            words = ["rare"] * rare + ["common"] * common + ["other"] * 40 + ["common rare common"] * 2
            chance.shuffle(words)
            articles.append(Article(" ".join(words), id=f"{rare}-{common}"))
    index = searchkit.create(analyzer="none")
    index.add(articles)
    oracle = twin(index, articles)
    for text in ("rare common", "common rare", "common rare common", "rare other", "common common rare other"):
        agree(index, oracle, Phrase(text), limit=40)


@pytest.mark.slow
def test_search_many_equals_search(whole: searchkit.Index, pieces: searchkit.Index) -> None:
    """On one thread or four, in the order of the queries."""
    random = generator("search_many")
    asked = [query for _ in range(trials(2)) for query in shapes(random).values()]
    for index in (whole, pieces):
        one_by_one = [pairs(index.search(query, limit=25)) for query in asked]
        for threads in (1, 4, None):
            together = index.search_many(asked, threads=threads, limit=25)
            assert [pairs(results) for results in together] == one_by_one
            assert [results.total for results in together] == [index.count(query) for query in asked]


def test_query_text_is_its_parsed_query(whole: searchkit.Index) -> None:
    """A search for text is a search for the query that parse makes of it, also joined by AND."""
    for text in (
        "w1",
        "w1 w40",
        '"w0 w1" w7',
        "w1 AND w2",
        "w1 -w2",
        "+w1 w2^3",
        "w29*",
        "title:w1 w2",
        "w1 date:2020",
    ):
        for match in ("any", "all"):
            query = searchkit.parse(text, match=match)
            assert pairs(whole.search(text, match=match)) == pairs(whole.search(query)), (text, match)


@pytest.mark.slow
def test_memory_of_the_writer_changes_nothing(many: list[Article], oracle: Oracle) -> None:
    """A writer that must flush many runs answers as one that held everything."""
    index = searchkit.create()
    with index.writer(memory="1MB") as writer:
        writer.add(many)
    random = generator("memory")
    for query in shapes(random).values():
        agree(index, oracle, query, 20)


@pytest.mark.slow
def test_explanations_over_many_windows(whole: searchkit.Index, pieces: searchkit.Index, oracle: Oracle) -> None:
    """Parts add up to the score for every shape."""
    for query in shapes(generator("explanations")).values():
        explained(whole, oracle, query)
        explained(pieces, oracle, query)


@pytest.mark.slow
def test_on_disk_and_opened_again(tmp_path: Any, many: list[Article], oracle: Oracle) -> None:
    """A mapped index answers as one in memory does."""
    with searchkit.create(tmp_path / "index") as index:
        for part in range(3):
            index.add(many[part::3])
    with searchkit.open(tmp_path / "index", mode="r") as index:
        for query in shapes(generator("on disk")).values():
            agree(index, oracle, query, 20)
