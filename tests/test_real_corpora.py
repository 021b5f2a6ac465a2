"""Thousands of real articles: every query shape, sampled from their own words, equals the oracle to the bit.

Reads press.jsonl.zst and abstracts.jsonl.zst from ../shared/data beside the project; skipped where they are not.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from oracle import Oracle
from strategies import RELATIONS, generator, trials

import searchkit
from searchkit.article import Article
from searchkit.query import And, AndMaybe, Boost, DateRange, Not, Or, Phrase, Prefix, Query, Term

pytestmark = pytest.mark.slow

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SAMPLES = {"press": (1_500, 25), "abstracts": (4_000, 25)}  # articles, and one of how many is taken

Words = list[list[str]]  # the words of some articles, in order


class Corpus(NamedTuple):
    index: searchkit.Index
    oracle: Oracle
    words: Words
    starts: list[int]  # of the dated articles, in seconds, rising


@pytest.fixture(scope="module", params=SAMPLES)
def corpus(request: pytest.FixtureRequest) -> Corpus:
    """An index of several segments after replacements and deletes, its oracle, and words to ask for."""
    path = DATA / f"{request.param}.jsonl.zst"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    count, step = SAMPLES[request.param]
    articles = list(islice(searchkit.read_articles(path, on_error="skip"), 0, count * step, step))
    random = generator(request.param)
    index = searchkit.create(title_weight=2)
    shuffled = articles[:]
    random.shuffle(shuffled)
    for part in range(3):
        index.add(shuffled[part::3])
        stale = random.sample(shuffled, 20)
        index.add(Article(article.text[:200] + " stale", id=article.id) for article in stale)
        index.add(stale)
    gone = random.sample(articles, 100)
    index.add(articles)
    index.delete(article.id for article in gone)
    alive = {article.id: article for article in articles}
    for article in gone:
        alive.pop(article.id, None)
    assert len(index) == len(alive)
    sampled = random.sample(sorted(alive), 400)
    words = [alive[id].text.split() for id in sampled]
    return Corpus(
        index,
        Oracle(alive.values(), index.analyzer, title_weight=2),
        [found for found in words if len(found) > 8],
        sorted(article.date.start_second for article in alive.values() if article.date),
    )


def run(random: random.Random, words: Words, length: int) -> str:
    """Neighbouring words of some article."""
    article = random.choice(words)
    at = random.randrange(len(article) - length)
    return " ".join(article[at : at + length])


def word(random: random.Random, words: Words, field: str | None = None) -> Term:
    return Term(run(random, words, 1), field)


def span(random: random.Random, starts: list[int]) -> DateRange:
    """From the date of one article to that of another."""
    one, other = sorted(random.choice(starts or [0]) for _ in range(2))
    return DateRange(one, other + 86_400, random.choice(RELATIONS))


Shape = Callable[[random.Random, Words, list[int]], Query]

SHAPES: dict[str, Shape] = {
    "word": lambda r, w, s: word(r, w),
    "title word": lambda r, w, s: word(r, w, "title"),
    "any of three": lambda r, w, s: Or(word(r, w), word(r, w), word(r, w)),
    "any of a sentence": lambda r, w, s: Or(*(Term(one) for one in run(r, w, 8).split())),
    "all of two": lambda r, w, s: And(word(r, w), word(r, w)),
    "all of a sentence": lambda r, w, s: And(*(Term(one) for one in run(r, w, 4).split())),
    "phrase of two": lambda r, w, s: Phrase(run(r, w, 2)),
    "phrase of four": lambda r, w, s: Phrase(run(r, w, 4)),
    "loose phrase": lambda r, w, s: Phrase(run(r, w, 3), r.randrange(2, 6), r.choice([None, "text"])),
    "phrases and words": lambda r, w, s: Or(Phrase(run(r, w, 2)), Boost(word(r, w), 2.5), word(r, w)),
    "without": lambda r, w, s: And(Or(word(r, w), word(r, w)), Not(word(r, w))),
    "rather with": lambda r, w, s: AndMaybe(word(r, w), Or(word(r, w), Phrase(run(r, w, 2)))),
    "nested": lambda r, w, s: Or(And(word(r, w), Or(word(r, w), word(r, w))), And(word(r, w), Not(word(r, w)))),
    "prefix": lambda r, w, s: Prefix(run(r, w, 1)[:4]),
    "words in a range": lambda r, w, s: And(Or(word(r, w), word(r, w)), span(r, s)),
    "phrase in a range": lambda r, w, s: And(Phrase(run(r, w, 2)), span(r, s)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_oracle(corpus: Corpus, shape: str) -> None:
    """ids, order, scores and totals."""
    index, oracle, words, starts = corpus
    random = generator(shape)
    for _ in range(trials(60)):
        query = SHAPES[shape](random, words, starts)
        limit = random.choice([1, 10, 10, 100, 10_000])
        sort = random.choice(["score", "score", "score", "newest", "oldest"])
        ranking = oracle.search(query, sort=sort)
        results = index.search(query, limit=limit, sort=sort)
        assert [(hit.id, hit.score) for hit in results] == ranking[:limit], (query, limit, sort)
        assert results.total == len(ranking), query
        if ranking:
            id, score = random.choice(ranking)
            assert index.explain(query, id).score == score, (query, id)


def test_one_segment_or_several(corpus: Corpus) -> None:
    """compact() changes no answer."""
    index, _, words, starts = corpus
    random = generator("compacted")
    asked = [SHAPES[shape](random, words, starts) for shape in SHAPES for _ in range(trials(10))]
    before = [[(hit.id, hit.score) for hit in results] for results in index.search_many(asked, limit=30)]
    index.compact()
    assert index.stats().segments == 1
    after = [[(hit.id, hit.score) for hit in results] for results in index.search_many(asked, limit=30)]
    assert before == after
