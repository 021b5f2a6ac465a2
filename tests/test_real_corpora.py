"""Thousands of real articles: every query shape, sampled from their own words, equals the oracle to the bit.

Reads press.jsonl.zst and abstracts.jsonl.zst from ../shared/data beside the project; skipped where they are not.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path

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


@pytest.fixture(scope="module", params=SAMPLES)
def corpus(request: pytest.FixtureRequest) -> tuple[searchkit.Index, Oracle, Words]:
    """An index of several segments after replacements and deletes, its oracle, and words to ask for."""
    path = DATA / f"{request.param}.jsonl.zst"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    count, step = SAMPLES[request.param]
    articles = list(islice(searchkit.read_articles(path), 0, count * step, step))
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
    return index, Oracle(alive.values(), index.analyzer, title_weight=2), [found for found in words if len(found) > 8]


def run(random: random.Random, words: Words, length: int) -> str:
    """Neighbouring words of some article."""
    article = random.choice(words)
    at = random.randrange(len(article) - length)
    return " ".join(article[at : at + length])


def word(random: random.Random, words: Words, field: str | None = None) -> Term:
    return Term(run(random, words, 1), field)


def day(random: random.Random, index: searchkit.Index) -> DateRange:
    """From the date of one article to that of another."""
    dated = [hit.date for hit in index.search("*", sort="newest", limit=2_000) if hit.date is not None]
    if not dated:
        return DateRange(None, None)
    one, other = sorted(random.choice(dated).start_second for _ in range(2))
    return DateRange(one, other + 86_400, random.choice(RELATIONS))


Shape = Callable[[random.Random, Words, searchkit.Index], Query]

SHAPES: dict[str, Shape] = {
    "word": lambda r, w, i: word(r, w),
    "title word": lambda r, w, i: word(r, w, "title"),
    "any of three": lambda r, w, i: Or(word(r, w), word(r, w), word(r, w)),
    "any of a sentence": lambda r, w, i: Or(*(Term(one) for one in run(r, w, 8).split())),
    "all of two": lambda r, w, i: And(word(r, w), word(r, w)),
    "all of a sentence": lambda r, w, i: And(*(Term(one) for one in run(r, w, 4).split())),
    "phrase of two": lambda r, w, i: Phrase(run(r, w, 2)),
    "phrase of four": lambda r, w, i: Phrase(run(r, w, 4)),
    "loose phrase": lambda r, w, i: Phrase(run(r, w, 3), r.randrange(2, 6), r.choice([None, "text"])),
    "phrases and words": lambda r, w, i: Or(Phrase(run(r, w, 2)), Boost(word(r, w), 2.5), word(r, w)),
    "without": lambda r, w, i: And(Or(word(r, w), word(r, w)), Not(word(r, w))),
    "rather with": lambda r, w, i: AndMaybe(word(r, w), Or(word(r, w), Phrase(run(r, w, 2)))),
    "nested": lambda r, w, i: Or(And(word(r, w), Or(word(r, w), word(r, w))), And(word(r, w), Not(word(r, w)))),
    "prefix": lambda r, w, i: Prefix(run(r, w, 1)[:4]),
    "words in a range": lambda r, w, i: And(Or(word(r, w), word(r, w)), day(r, i)),
    "phrase in a range": lambda r, w, i: And(Phrase(run(r, w, 2)), day(r, i)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_oracle(corpus: tuple[searchkit.Index, Oracle, Words], shape: str) -> None:
    """ids, order, scores and totals."""
    index, oracle, words = corpus
    random = generator(shape)
    for _ in range(trials(60)):
        query = SHAPES[shape](random, words, index)
        limit = random.choice([1, 10, 10, 100, 10_000])
        sort = random.choice(["score", "score", "score", "newest", "oldest"])
        ranking = oracle.search(query, sort=sort)
        results = index.search(query, limit=limit, sort=sort)
        assert [(hit.id, hit.score) for hit in results] == ranking[:limit], (query, limit, sort)
        assert results.total == len(ranking), query
        if ranking:
            id, score = random.choice(ranking)
            assert index.explain(query, id).score == score, (query, id)


def test_one_segment_or_several(corpus: tuple[searchkit.Index, Oracle, Words]) -> None:
    """compact() changes no answer."""
    index, _, words = corpus
    random = generator("compacted")
    asked = [SHAPES[shape](random, words, index) for shape in SHAPES for _ in range(trials(10))]
    before = [[(hit.id, hit.score) for hit in results] for results in index.search_many(asked, limit=30)]
    index.compact()
    assert index.stats().segments == 1
    after = [[(hit.id, hit.score) for hit in results] for results in index.search_many(asked, limit=30)]
    assert before == after
