"""What an OR estimates before it scores: scores nearer to each other than estimates can tell, ties, and any limit."""

from __future__ import annotations

import pytest
from oracle import Oracle
from strategies import generator

import searchkit
from searchkit.article import Article
from searchkit.query.nodes import And, AndMaybe, Not, Or, Term

LIMITS = (1, 2, 10, 25, 63, 64, 65, 100, 999, 1_000, 1_001, 5_000, 10**6)
MANY_WORDS = tuple(f"rare{number}" for number in range(400))  # so many leaves leave few articles unscored


def crowd() -> list[Article]:
    """Thousands of articles in more than two windows, most of which have one word so often that a score says little."""
    random = generator("crowd")
    made = []
    for number in range(8_500):
        often = number % 3 if number % 4 else 180 + random.randrange(12)
        words = ["near"] * often + ["by"] * (number % 2) + [random.choice(MANY_WORDS)]
        words += ["near", "by", "best"] if number % 400 == 0 else []
        made.append(Article(" ".join(words), id=f"{number:05}", date=f"{1_990 + number % 31}"))
    return made


@pytest.fixture(scope="module")
def made() -> list[Article]:
    return crowd()


@pytest.fixture(scope="module")
def whole(made: list[Article]) -> searchkit.Index:
    index = searchkit.create(store=False)
    index.add(made)
    return index


@pytest.fixture(scope="module")
def pieces(made: list[Article]) -> searchkit.Index:
    """In four segments, with what is deleted again."""
    index = searchkit.create(store=False)
    for part in range(4):
        index.add(made[part::4])
        index.add([Article("near by best " * 3, id=f"gone{part}/{number}", date="2022") for number in range(40)])
        index.delete(f"gone{part}/{number}" for number in range(40))
    assert index.stats().segments > 1
    return index


@pytest.fixture(scope="module")
def oracle(made: list[Article], whole: searchkit.Index) -> Oracle:
    return Oracle(made, whole.analyzer)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["whole", "pieces"])
@pytest.mark.parametrize("words", [("near", "by"), ("near", "by", "best"), ("by", "best", *MANY_WORDS)])
def test_every_limit_of_near_scores(
    form: str, words: tuple[str, ...], oracle: Oracle, request: pytest.FixtureRequest
) -> None:
    """The first so many are those of the one ranking, with dates and without."""
    index: searchkit.Index = request.getfixturevalue(form)
    query = Or(*map(Term, words))
    for options in ({}, {"since": "1995", "until": "2004"}):
        ranking = oracle.search(query, **options)
        for limit in LIMITS:
            results = index.search(query, limit=limit, **options)
            assert list(zip(results.ids, results.scores, strict=True)) == ranking[:limit], (limit, options)
        results = index.search(query, limit=30, offset=700, **options)
        assert list(zip(results.ids, results.scores, strict=True)) == ranking[700:730], options


@pytest.mark.slow
def test_late_is_a_part_of_the_ranking(whole: searchkit.Index, oracle: Oracle) -> None:
    """What was estimated when the time is up is scored all the same."""
    query = Or(*map(Term, ("near", "by", *MANY_WORDS)))
    scores = dict(oracle.search(query))
    for timeout in (1e-6, 1e-4, 1e-3, 1e-2):
        results = whole.search(query, limit=500, timeout=timeout)
        found = list(zip(results.ids, results.scores, strict=True))
        assert all(scores[id] == score for id, score in found)
        assert found == sorted(found, key=lambda hit: -hit[1])


@pytest.mark.slow
def test_frequencies_that_are_kept() -> None:
    """Of the most frequent words they are kept in a byte each: what does not fit is read from the list."""
    random = generator("kept frequencies")
    often = (254, 255, 256, 300)
    made = [
        Article(
            "rain " * (random.choice(often) if number % 40 == 0 else random.randrange(4))
            + "wind " * (number % 3)
            + "hail " * (number % 11 == 0)
            + "x " * random.randrange(4, 40),
            id=f"{number:04}",
            date=f"{1_990 + number % 23}",
        )
        for number in range(5_000)
    ]
    with searchkit.create(store=False) as index:
        index.add(made)
        assert index.stats().segments == 1
        oracle = Oracle(made, index.analyzer)
        several = (("hail", "rain"), ("rain", "wind", "x"), ("hail", "wind", "rain", "x"))
        kinds = (
            Or,
            And,
            lambda *terms: And(Or(*terms[1:]), Not(terms[0])),
            lambda *terms: AndMaybe(Or(*terms[:-1]), terms[-1]),
        )
        for query in (kind(*map(Term, words)) for words in several for kind in kinds):
            for options in ({}, {"since": "1994", "until": "2006"}):
                ranking = oracle.search(query, **options)
                for limit in (1, 10, 100, 1_000) * 3:
                    results = index.search(query, limit=limit, **options)
                    assert list(zip(results.ids, results.scores, strict=True)) == ranking[:limit], (limit, options)


@pytest.mark.slow
@pytest.mark.parametrize("gone", [0, 7])
def test_first_thresholds_under_dates_and_deletions(gone: int) -> None:
    """What maxima say that so many articles reach is reached: in slices of dates, with articles deleted, of any limit.

    Queries come three times, as maxima are made when a word comes again.
    """
    random = generator("first thresholds")
    made = [
        Article(
            "rain " * random.choice((0, 1, 1, 1, 2, 3)) + "wind " * (number % 5 == 0) + "x " * random.randrange(4, 40),
            id=f"{number:04}",
            date=f"{1_990 + number % 23}",
        )
        for number in range(6_000)
    ]
    made += [
        Article("rain rain rain rain wind", id=f"best{number}", date=f"{1_995 + number}") for number in range(gone)
    ]
    with searchkit.create(store=False) as index:
        index.add(made)
        index.delete(f"best{number}" for number in range(gone))
        assert index.stats().segments == 1
        oracle = Oracle(made[:6_000], index.analyzer)
        for words in (("rain",), ("rain", "wind"), ("wind", "rain", "x")):
            query = Or(*map(Term, words))
            for options in ({}, {"since": "1994", "until": "2006"}, {"since": "1999", "until": "1999"}):
                ranking = oracle.search(query, **options)
                for limit in (1, 3, 10, 11, 40, 100, 300) * 3:
                    results = index.search(query, limit=limit, **options)
                    assert list(zip(results.ids, results.scores, strict=True)) == ranking[:limit], (limit, options)


SHARES = (0.6, 0.4, 0.2, 0.1, 0.05, 0.03, 0.02, 0.012, 0.008, 0.003)  # of articles that have word0, word1, ...


def in_ranges() -> list[Article]:
    """Articles of four windows: words whose maxima are of every width, and some too rare for any; here and there a word
    comes more often, so that whole ranges can be told apart."""
    random = generator("ranges")
    made = []
    for number in range(14_000):
        words = ["x"] * random.choice((2, 9, 30))
        for word, share in enumerate(SHARES):
            if random.random() < share:
                often = random.choice((5, 9) if random.random() < 0.02 else (1, 1, 2))
                words += [f"word{word}"] * often
        made.append(Article(" ".join(words), id=f"{number:05}", date=f"{1_990 + number % 31}"))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("k1", [0.0, 0.4, 1.5, 8.0])
def test_ranges_that_cannot_have_a_hit(segments: int, k1: float) -> None:
    """Whatever is not looked at, for any k1: maxima are made for the first that comes, and serve no other."""
    random = generator(f"queries of ranges {k1}")
    made = in_ranges()
    with searchkit.create(store=False) as index:
        for part in range(segments):
            index.add(made[part::segments])
        assert index.stats().segments == segments
        oracle = Oracle(made, index.analyzer)
        for first in (k1, 1.2):
            for _ in range(12):
                words = random.sample(range(len(SHARES)), random.choice((2, 2, 3, 5, 8)))
                query = Or(*(Term(f"word{word}") for word in words))
                since, until = random.choice(((None, None), (None, None), ("1994", "2006"), ("2001", "2001")))
                options = {"k1": first, "since": since, "until": until}
                ranking = oracle.search(query, **options)
                for limit in (1, 10, 100) * 3:
                    results = index.search(query, limit=limit, **options)
                    found = list(zip(results.ids, results.scores, strict=True))
                    assert found == ranking[:limit], (words, limit, options)
