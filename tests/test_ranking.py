"""What may be added to the formula: its variants, fading with time. Every score is the oracle's, to the last bit."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from oracle import Fade, Oracle
from strategies import WORDS, few_articles, generator, some_articles, some_query, trials

import searchkit
from searchkit import Article, DateInterval, HalfLife, QueryError, Rm3
from searchkit.query.nodes import And, Boost, Not, Or, Phrase, Prefix, Query, Term
from searchkit.query.patterns import Sequence

VARIANTS = (None, "lucene", "robertson", "atire", "bm25l", "bm25+")
NOW = datetime(2020, 10, 15, 12, tzinfo=UTC)
DAY = 86_400
SOFT = 0.9  # the weight of soft ranges


def second(text: str, end: bool = False) -> int:
    date = DateInterval.parse(text)
    return date.end_second if end else date.start_second


def some_options(random: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of a search, and what they are for the oracle."""
    ours: dict[str, Any] = {}
    twins: dict[str, Any] = {}
    if random.random() < 0.6:
        twins["variant"] = ours["variant"] = random.choice(VARIANTS)
    if random.random() < 0.3:
        twins["k1"] = ours["k1"] = random.choice([0.0, 0.5, 1.2, 20.0])
        twins["b"] = ours["b"] = random.choice([0.0, 0.4, 1.0])
    fades = []
    if random.random() < 0.5:
        days, weight = random.choice([1, 30, 5000]), random.choice([0.0, 0.3, 0.95, 1.0])
        ours["recency"] = HalfLife(f"{days}d", weight=weight, now=random.choice([None, "2020-10"]))
        ours["now"] = NOW
        low, high = second("2020-10-15T12:00:00"), second("2020-10-15T12:00:00", True)
        if ours["recency"].now is not None:
            low, high = second("2020-10"), second("2020-10", True)
        fades.append(Fade(low, high, float(days * DAY), weight))
    if random.random() < 0.3:
        ours["soft_since"] = "2020-10"
        fades.append(Fade(second("2020-10"), None, 31.0 * DAY, SOFT))
    if random.random() < 0.3:
        ours["soft_until"] = ("2020-09-05", "2 weeks")
        fades.append(Fade(None, second("2020-09-05", True), 14.0 * DAY, SOFT))
    if fades:
        twins["fades"] = fades
    if random.random() < 0.4:
        twins["proximity"] = ours["proximity"] = random.choice([0.5, 1.0, 20.0])
    return ours, twins


def agree(index: searchkit.Index, oracle: Oracle, query: Query, limit: int, ours: Any, twins: Any) -> None:
    """Hits and scores are the oracle's, with skipping and without; of the best, the explanation is exact."""
    expected = oracle.search(query, limit=limit, **twins)
    for skipping in (True, False):
        index._skipping = skipping
        found = [(hit.id, hit.score) for hit in index.search(query, limit=limit, **ours)]
        assert found == expected, f"{query!r} limit={limit} {ours} skipping={skipping}"
    index._skipping = True
    for id, score in expected[:2]:
        explanation = index.explain(query, id, **ours)
        total = 0.0
        for part in explanation.parts:
            total += part.score
        for pair in explanation.pairs:
            total += pair.score
        for factor in explanation.factors:
            total *= factor.factor
        assert total == explanation.score == score, f"{query!r} {ours}"


@pytest.mark.slow
def test_any_ranking_of_few_articles_is_the_oracles() -> None:
    """Random trees of all nodes over articles in up to three segments, some replaced, some deleted."""
    random = generator("rankings")
    for _ in range(trials(8)):
        batches = [few_articles(random, random.randrange(2, 12)) for _ in range(random.randrange(1, 4))]
        alive = {article.id: article for batch in batches for article in batch}
        with searchkit.create() as index:
            for batch in batches:
                index.add(batch)
            gone = random.sample(sorted(alive), len(alive) // 5)
            index.delete(gone)
            oracle = Oracle((article for id, article in alive.items() if id not in gone), index.analyzer)
            for _ in range(12):
                query = some_query(random, WORDS, depth=random.randrange(1, 4))
                agree(index, oracle, query, random.choice([1, 3, 1000]), *some_options(random))


@pytest.mark.slow
def test_what_is_skipped_could_not_be_among_the_best() -> None:
    """Several windows of articles in two segments, short and long words, ORs, ANDs and phrases, small limits."""
    random = generator("skipping rankings")
    made = some_articles(random, 9_000, vocabulary=120)
    with searchkit.create() as index:
        index.add(made[:7_000])
        index.add(made[7_000:])
        words = sorted({word for article in made[:40] for word in article.text.split()[:6]})
        oracle = Oracle(made, index.analyzer)
        for _ in range(trials(20)):
            chosen = [Term(word) for word in random.sample(words, random.randrange(1, 4))]
            query: Query = chosen[0] if len(chosen) == 1 else random.choice([Or, Or, And])(*chosen)
            if random.random() < 0.2:
                query = query | Phrase(" ".join(random.choice(made).text.split()[:2]))
            agree(index, oracle, query, random.choice([1, 10]), *some_options(random))


@pytest.mark.slow
def test_plain_text_and_many_threads_rank_the_same() -> None:
    """The core's short way, the long way and any number of threads."""
    random = generator("plain rankings")
    made = some_articles(random, 300, vocabulary=40)
    texts = [" ".join(made[i].text.split()[:3]) for i in range(40)]
    with searchkit.create() as index:
        index.add(made)
        for _ in range(6):
            ours, _ = some_options(random)
            answers = []
            for plain in (True, False):
                index._plain = plain
                answers.append([pairs(index.search(text, **ours)) for text in texts])
                for threads in (1, 3):
                    answers.append([pairs(found) for found in index.search_many(texts, threads=threads, **ours)])
            assert all(answer == answers[0] for answer in answers), ours


@pytest.mark.slow
def test_pages_of_any_ranking_are_those_of_one_long_page() -> None:
    """A cursor keeps to the ranking, and to the moment that distances are counted from."""
    made = some_articles(generator("pages of rankings"), 60, vocabulary=20)
    text = " ".join(made[0].text.split()[:4])
    with searchkit.create() as index:
        index.add(made)
        for options in ({"recency": "30d"}, {"variant": "bm25l"}, {"soft_until": "2020"}):
            options: dict[str, Any]
            whole = pairs(index.search(text, limit=None, now=NOW, **options))
            first = index.search(text, limit=7, now=NOW, **options)
            second = index.search(text, limit=7, after=first.cursor, **options)
            assert pairs(first) + pairs(second) == whole[:14]
            with pytest.raises(QueryError):
                index.search(text, limit=7, after=first.cursor)


def pairs(hits: Iterable[searchkit.Hit]) -> list[tuple[str, float]]:
    return [(hit.id, hit.score) for hit in hits]


# -- variants ---------------------------------------------------------------------------------------------------------

EXAMPLE = ("red red blue", "red green green blue", "green plum", "plum plum plum tree", "oak tree red blue green")
# delta, and what bm25s 0.3.16 says: BM25(method=..., k1=1.5, b=0.75, delta=...) of "red blue" in the first article of
# EXAMPLE and of "plum" in the fourth
FIGURES = {
    "lucene": (0.0, 0.5585114359855652, 0.567871630191803),
    "robertson": (0.0, 0.0, 0.2182522714138031),
    "atire": (0.0, 1.3233015537261963, 1.4858769178390503),
    "bm25l": (0.5, 1.5802397727966309, 1.5002992153167725),
    "bm25+": (1.0, 3.1819024085998535, 2.880145788192749),
}


@pytest.fixture(scope="module")
def example() -> searchkit.Index:
    index = searchkit.create(analyzer="none", title_weight=1)
    index.add(Article(text, id=str(number)) for number, text in enumerate(EXAMPLE))
    return index


@pytest.mark.parametrize("variant", FIGURES)
def test_variants_have_the_figures_of_bm25s(example: searchkit.Index, variant: Any) -> None:
    """Where all words of a query occur in an article, bm25s and we score it alike; kept from a run of bm25s."""
    for query, id, figure in (("red blue", "0", FIGURES[variant][1]), ("plum", "3", FIGURES[variant][2])):
        assert dict(pairs(example.search(query, variant=variant)))[id] == pytest.approx(figure, rel=1e-6)


@pytest.mark.parametrize("variant", FIGURES)
def test_variants_are_those_of_bm25s(example: searchkit.Index, variant: Any) -> None:
    """The same beside bm25s itself, for every article. It scores what does not occur, too: a constant of the query."""
    bm25s = pytest.importorskip("bm25s")
    words = ("red", "green", "plum")
    engine = bm25s.BM25(method=variant, k1=1.5, b=0.75, delta=FIGURES[variant][0])
    engine.index([text.split() for text in EXAMPLE], show_progress=False)
    for word in words:
        scores = engine.get_scores([word])
        ours = {hit.id: hit.score for hit in example.search(word, variant=variant)}
        for number, text in enumerate(EXAMPLE):
            if word in text.split():
                assert ours[str(number)] == pytest.approx(float(scores[number]), rel=1e-5)
            else:
                assert str(number) not in ours


def test_our_own_formula_is_lucenes_times_k1_plus_1(example: searchkit.Index) -> None:
    """So both rank alike; only with the factor one occurrence in an article of average length counts its idf."""
    own, lucene = (pairs(example.search("red green tree", variant=name)) for name in (None, "lucene"))
    assert [id for id, _ in own] == [id for id, _ in lucene]
    assert [score for _, score in own] == pytest.approx([score * 2.5 for _, score in lucene])


# -- fading -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dated() -> searchkit.Index:
    index = searchkit.create()
    dates = [None, "2020-10-15", "2020-10-14", "2020-10", "2020-09", "2019", "2021-01-01", "2010-05-05"]
    index.add(Article("storm over the harbour", id=str(date), date=date) for date in dates)
    return index


def test_a_score_fades_with_the_distance_to_now(dated: searchkit.Index) -> None:
    """Half of the weight is gone after one half-life; what overlaps now keeps all; undated counts as long ago."""
    whole = dated.search("storm")[0].score
    faded = {hit.id: hit.score for hit in dated.search("storm", recency=HalfLife("12h", weight=0.4), now=NOW)}
    assert faded["2020-10-15"] == faded["2020-10"] == whole
    assert faded["2020-10-14"] == whole * (0.6 + 0.4 * 0.5)  # ended 12 hours before
    assert faded["None"] == pytest.approx(whole * 0.6) == faded["2010-05-05"]
    assert faded["2021-01-01"] == faded["2010-05-05"]  # the future is as far away as the past
    assert len(faded) == 8


def test_longer_half_lives_fade_less_and_weight_0_not_at_all(dated: searchkit.Index) -> None:
    last: dict[str, float] = {}
    for days in (1, 10, 100, 10_000):
        scores = dict(pairs(dated.search("storm", recency=HalfLife(f"{days}d", weight=0.8), now=NOW)))
        assert all(score >= last.get(id, 0.0) for id, score in scores.items())
        last = scores
    assert pairs(dated.search("storm", recency=HalfLife("1d", weight=0))) == pairs(dated.search("storm"))


def test_soft_ranges_keep_what_is_inside_and_cut_nothing_off(dated: searchkit.Index) -> None:
    """A month fades by half in a month; far outside a tenth is left, so that all is still found."""
    whole = dated.search("storm")[0].score
    soft = dict(pairs(dated.search("storm", soft_since="2020-10", soft_until="2020-10")))
    assert len(soft) == 8
    assert {id for id, score in soft.items() if score == whole} >= {"2020-10-15", "2020-10-14", "2020-10", "2020-09"}
    assert soft["2021-01-01"] == whole * ((1.0 - 0.9) + 0.9 * math.exp2(-61 / 31))
    assert soft["2010-05-05"] == pytest.approx(whole * 0.1)
    assert soft["None"] == pytest.approx(whole * 0.1 * 0.1)  # far from both sides
    month = dict(pairs(dated.search("storm", soft_until=("2010-05-05", timedelta(days=1)))))
    assert max(month, key=lambda id: month[id]) == "2010-05-05"


def test_explanations_tell_factors(dated: searchkit.Index) -> None:
    explanation = dated.explain("storm", "2020-10-14", recency="12h", now=NOW, variant="lucene")
    (factor,) = explanation.factors
    assert (factor.name, factor.distance, factor.factor) == ("recency", 43_200.0, 0.7 + 0.3 * 0.5)
    assert explanation.variant == "lucene"
    assert "variant lucene" in str(explanation)
    assert "0.5 days away" in str(explanation)
    assert "undated" in str(dated.explain("storm", "None", recency="12h"))
    assert "0.5 days away" in explanation._repr_html_()


@pytest.mark.parametrize(
    "options",
    [
        {"variant": "okapi"},
        {"variant": ["lucene"]},
        {"recency": "soon"},
        {"recency": 3},
        {"recency": HalfLife("1d", now="10/02/2020")},
        {"soft_since": "february 30"},
        {"soft_since": ("2020", "long")},
        {"soft_since": "until 2020"},
        {"soft_until": 2020},
        {"soft_until": ("2020", "1d", "2d")},
        {"soft_until": ("2020", 0)},
    ],
)
def test_options_that_make_no_sense_are_refused(dated: searchkit.Index, options: dict[str, Any]) -> None:
    with pytest.raises(QueryError):
        dated.search("storm", **options)


@pytest.mark.parametrize("name", ["soft_since", "soft_until"])
def test_a_soft_date_that_is_refused_goes_by_its_own_name(dated: searchkit.Index, name: str) -> None:
    for date in ("february 30", 2020, "since 2020" if name == "soft_until" else "until 2020"):
        with pytest.raises(QueryError, match=f"^{name}="):
            dated.search("storm", **{name: date})


def test_half_lives_say_what_they_are() -> None:
    assert HalfLife("2 weeks").seconds == HalfLife(timedelta(days=14)).seconds == HalfLife(14.0 * DAY).seconds
    assert HalfLife("12 months").seconds == HalfLife("1 year").seconds == 365.25 * DAY
    assert HalfLife("30d") == HalfLife("30d", weight=0.3) != HalfLife("31d")
    for wrong in ("0d", "-1d", "1 fortnight", "d", "", math.nan, math.inf, True, None):
        with pytest.raises(QueryError):
            HalfLife(wrong)  # type: ignore[arg-type]
    for weight in (-0.1, 1.1, math.nan, "half"):
        with pytest.raises(QueryError):
            HalfLife("1d", weight=weight)  # type: ignore[arg-type]


# -- proximity --------------------------------------------------------------------------------------------------------


def test_words_that_stand_close_together_count_more() -> None:
    """By the distance, in either order, within 5 positions, in the text or in one copy of the title."""
    texts = {
        "side": "storm harbour one two three four five six",
        "turned": "one two harbour storm three four five six",
        "three": "storm one two harbour three four five six",
        "five": "storm one two three four harbour five six",
        "six": "storm one two three four five harbour six",
    }
    with searchkit.create() as index:
        index.add(Article(text, id=id) for id, text in texts.items())
        index.add([Article("harbour one two three four five six", id="apart", title="storm")])
        near = dict(pairs(index.search("storm harbour", proximity=1.0)))
        plain = dict(pairs(index.search("storm harbour")))
        assert near["side"] == near["turned"] > near["three"] > near["five"] > near["six"] == plain["six"]
        assert near["apart"] == plain["apart"]
        assert pairs(index.search("storm harbour", proximity=0)) == pairs(index.search("storm harbour"))
        (pair,) = index.explain("storm harbour", "three", proximity=2).pairs
        assert (pair.terms, pair.nearness) == (("storm", "harbour"), 1 / 9)
        assert "storm near harbour: nearness 0.1111" in str(index.explain("storm harbour", "three", proximity=2))
        for wrong in (-1, math.inf, math.nan, "much", True):
            with pytest.raises(QueryError):
                index.search("storm", proximity=wrong)  # type: ignore[arg-type]


def test_phrases_of_frequent_words_and_words_near_them() -> None:
    """The lists of pairs have no positions; neighbours are neighbours among what may count."""
    texts = ["the end of the storm in the harbour", "of storm the", "storm of the harbour of the end", "the of harbour"]
    made = [Article(text, id=str(number)) for number, text in enumerate(texts)]
    with searchkit.create() as index:
        index.add(made[:2])
        index.add(made[2:])
        oracle = Oracle(made, index.analyzer)
        of_the, storm, harbour = Phrase("of the"), Term("storm"), Term("harbour")
        for query in (
            Or(of_the, storm, harbour),
            Or(storm, Term("of"), Term("the"), harbour),
            Or(storm, And(harbour, Not(Term("plums"))), Term("the")),
            And(storm, Not(Term("plums")), harbour),
            And(storm, Term("the"), of_the),
        ):
            agree(index, oracle, query, 10, {"proximity": 1.5}, {"proximity": 1.5})


# -- expansion --------------------------------------------------------------------------------------------------------


def expanded(oracle: Oracle, query: list[str], rm3: Rm3) -> Query | None:
    """RM3 the obvious way, for a query of loose words: the second query; None if the first finds nothing."""
    hits = oracle.search(Or(*map(Term, query)), limit=rm3.articles)
    total, relevance = sum(score for _, score in hits), dict[str, float]()
    for id, score in hits:
        article = oracle.articles[id]
        words = f"{article.title}\n{article.text}".lower().split()
        for word in dict.fromkeys(words):
            relevance[word] = relevance.get(word, 0.0) + words.count(word) / len(words) * (score / total)
    few = len(oracle.articles) * 0.1
    told = [(word, of) for word, of in relevance.items() if len(oracle.places[word]) <= max(few, 1)]
    told = sorted(told, key=lambda pair: (-pair[1], pair[0].encode()))[: rm3.terms]
    if not told or not rm3.weight:
        return Or(*map(Term, query))
    share = rm3.weight * len(query) / sum(of for _, of in told)
    first = [Boost(Term(word), 1.0 - rm3.weight) for word in query]
    return Or(*first, *(Boost(Term(word), share * of) for word, of in told))


@pytest.mark.slow
def test_an_expanded_query_is_the_second_query() -> None:
    """Ids, scores and total are the oracle's for what it is expanded to, also in many threads; explanations add up."""
    random = generator("rm3")
    texts = [" ".join(random.choice(LETTERS) + random.choice(LETTERS) for _ in range(12)) for _ in range(150)]
    made = [Article(text, id=str(number), title=text[:5]) for number, text in enumerate(texts)]
    with searchkit.create(analyzer="none") as index:
        index.add(made[:90])
        index.add(made[90:])
        oracle = Oracle(made, index.analyzer)
        for rm3 in (Rm3(), Rm3(3, 5, 0.2), Rm3(1, 100, 0.9), Rm3(weight=0.0)):
            query = random.sample(texts[random.randrange(150)].split(), 3)
            if len(set(query)) < 3:
                continue
            second = expanded(oracle, query, rm3)
            assert second is not None
            results = index.search(" ".join(query), expand=rm3)
            assert pairs(results) == oracle.search(second, limit=10)
            assert results.total == oracle.count(second)
            assert pairs(index.search_many([" ".join(query)], expand=rm3, threads=2)[0]) == pairs(results)
            explanation = index.explain(" ".join(query), results[0].id, expand=rm3)
            assert sum((part.score for part in explanation.parts), 0.0) == explanation.score == results[0].score


LETTERS = "abcdefghijk"


def test_expansion_keeps_what_a_query_asks_for() -> None:
    """Terms only raise scores where words are required; what is excluded stays out; they are not marked."""
    with searchkit.create() as index:
        index.add(
            [
                Article("The storm broke the pier and the pier fell into the sea.", id="pier", date="2020"),
                Article("A pier is built.", id="built", date="2020"),
                Article("A storm passed.", id="storm", date="2021"),
                *(Article(f"Quiet news of day {day}.", id=str(day)) for day in range(40)),
            ]
        )
        once = {hit.id for hit in index.search("storm", expand=Rm3(1))}
        assert once == {"pier", "storm", "built"}
        assert {hit.id for hit in index.search("+storm passed", expand="rm3")} == {"pier", "storm"}
        assert "pier" not in {hit.id for hit in index.search("storm -sea", expand="rm3")}
        (series,) = index.explain(Sequence(Term("storm"), Prefix("pass")), "storm", expand=Rm3(weight=0.25)).parts[:1]
        assert series.boost == 0.75
        found = index.search("storm", expand="rm3", until="2020")
        assert [hit.id for hit in found] == ["pier", "built"]
        assert "**pier**" not in found[0].snippet()
        assert "**storm**" in found[0].snippet()
        assert not index.search("nothingness", expand="rm3")
        assert index.search("storm", expand="rm3", timeout=0).warnings
        for wrong in ("rm4", 3, Rm3):
            with pytest.raises(QueryError):
                index.search("storm", expand=wrong)  # type: ignore[arg-type]
    for wrong in ({"articles": 0}, {"terms": 1.5}, {"weight": 2}, {"articles": 101}):
        with pytest.raises(QueryError):
            Rm3(**wrong)  # type: ignore[arg-type]
    with searchkit.create(store=False) as bare:
        bare.add([Article("storm")])
        with pytest.raises(searchkit.SearchkitError, match="store=False"):
            bare.search("storm", expand="rm3")
