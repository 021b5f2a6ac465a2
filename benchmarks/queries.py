"""The queries of a run, drawn from the corpus itself by a seed: `words.py` draws words, this file asks with them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

import attrs

from benchmarks.corpus import Corpus
from benchmarks.words import CLASSES, Words, gather

__all__ = ["BATCH", "SHAPES", "TOP", "Query", "sample_queries"]

TOP = 10  # hits a query asks for where its shape says nothing else

SHAPES = {
    "word-rare": "one word, in under 0.5 % of the articles",
    "word-medium": "one word, in 0.5 to 10 %",
    "word-frequent": "one word, in over 10 %",
    "or": "any of 2-5 words",
    "or-k100": "the same, the best 100",
    "or-k1000": "the same, the best 1,000",
    "and": "all of 2-3 words",
    "phrase": "2-4 words side by side",
    "mixed": "`a AND (b OR c)`",
    "not": "`a` or `b`, without `c`",
    "prefix": "words that begin with four or five letters",
    "or-30-days": "any of 2-5 words, dated within 30 days",
    "or-1-year": "within 365 days",
    "or-5-years": "within 1,826 days",
    "newest": "any of 2-5 words, newest first",
    "newest-1-year": "the same, dated within 365 days",
}
BATCH = "batch"  # more queries of the shape "or", asked in one call

_DAYS = {"or-30-days": 30, "or-1-year": 365, "or-5-years": 1_826, "newest-1-year": 365}
_TOPS = {"or-k100": 100, "or-k1000": 1_000}
_PREFIX_LISTS = 3  # lists of words of which the longest word gives a prefix: short ones begin too many
_BATCHED = 5  # as many queries in the batch as in this many shapes


def _as_tuple(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(words)  # JSON has handed over a list


@attrs.frozen
class Query:
    """One question, in no peer's syntax."""

    shape: str
    words: tuple[str, ...] = attrs.field(converter=_as_tuple)
    join: Literal["any", "all", "phrase", "mixed", "without", "prefix"]
    """mixed: the first and one of the others; without: any but the last; prefix: the one word is a beginning."""
    since: str | None = None  # ISO day, inclusive
    until: str | None = None  # ISO day, inclusive
    newest: bool = False
    top: int = TOP

    @property
    def dated(self) -> bool:
        return self.since is not None


def sample_queries(corpus: Corpus, *, each: int, seed: int) -> dict[str, tuple[Query, ...]]:
    """`each` queries for every shape the corpus can answer, and the batch: all need words, date shapes a date."""
    rng = random.Random(seed)
    words = gather(corpus, rng)
    days = [day for day in corpus.days if day is not None]
    queries: dict[str, tuple[Query, ...]] = {}
    for shape in SHAPES if words.texts else ():
        if shape in CLASSES:
            possible = bool(words.classes[shape])
        else:
            possible = bool(days) or not (shape in _DAYS or shape == "newest")
        if shape in _TOPS:
            queries[shape] = tuple(attrs.evolve(query, shape=shape, top=_TOPS[shape]) for query in queries["or"])
        elif possible:
            queries[shape] = tuple(_draw(shape, words, days, rng) for _ in range(each))
    if queries:
        queries[BATCH] = tuple(Query(BATCH, words.some(rng, 2, 5), "any") for _ in range(_BATCHED * each))
    return queries


def _draw(shape: str, words: Words, days: Sequence[int], rng: random.Random) -> Query:
    match shape:
        case "and":
            return Query(shape, words.some(rng, 2, 3), "all")
        case "phrase":
            return Query(shape, words.run(rng, rng.randint(2, 4)), "phrase")
        case "mixed":
            return Query(shape, words.some(rng, 3, 3), "mixed")
        case "not":
            return Query(shape, words.some(rng, 3, 3), "without")
        case "prefix":
            word = max((word for _ in range(_PREFIX_LISTS) for word in words.some(rng, 2, 5)), key=len)
            return Query(shape, (word[: rng.randint(4, 5)],), "prefix")
    if shape in CLASSES:
        return Query(shape, (rng.choice(words.classes[shape]),), "any")
    since, until = _range(days, rng, _DAYS[shape]) if shape in _DAYS else (None, None)
    return Query(shape, words.some(rng, 2, 5), "any", since, until, newest=shape.startswith("newest"))


def _range(days: Sequence[int], rng: random.Random, span: int) -> tuple[str, str]:
    """`span` days that hold the date of some article."""
    first = max(1, rng.choice(days) - rng.randrange(span))
    last = min(first + span - 1, date.max.toordinal())
    return date.fromordinal(first).isoformat(), date.fromordinal(last).isoformat()
