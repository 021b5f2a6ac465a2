"""The queries of a run, drawn from the corpus itself by a seed.

Half of the word lists of a shape are runs (words that stand side by side in an article), half are scattered over one
article. Words are taken as often as they occur, frequent words included: nothing is left out as a stop word. Only
words that every peer's tokenizer reads alike are taken: ASCII letters between blanks, lower-cased, at most 20
letters.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

import attrs

from benchmarks.corpus import Corpus, read_rows

__all__ = ["SHAPES", "Query", "sample_queries"]

_COUNTED = 20_000  # articles whose words are counted to tell rare from frequent
_DRAWN = 4_000  # articles that words are drawn from

SHAPES = {
    "word-rare": "one word, in under 0.5 % of the articles",
    "word-medium": "one word, in 0.5 to 10 %",
    "word-frequent": "one word, in over 10 %",
    "or": "any of 2-5 words",
    "and": "all of 2-3 words",
    "phrase": "2-4 words side by side",
    "or-30-days": "any of 2-5 words, dated within 30 days",
    "or-1-year": "any of 2-5 words, dated within 365 days",
    "newest": "any of 2-5 words, newest first",
}


def _as_tuple(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(words)  # JSON has handed over a list


@attrs.frozen
class Query:
    """One question, in no peer's syntax."""

    shape: str
    words: tuple[str, ...] = attrs.field(converter=_as_tuple)
    join: Literal["any", "all", "phrase"]
    since: str | None = None  # ISO day, inclusive
    until: str | None = None  # ISO day, inclusive
    newest: bool = False


def sample_queries(corpus: Corpus, *, each: int, seed: int) -> dict[str, tuple[Query, ...]]:
    """`each` queries for every shape the corpus can answer: all need words, date shapes a dated article."""
    rng = random.Random(seed)
    counted = set(rng.sample(range(corpus.articles), min(_COUNTED, corpus.articles)))
    drawn = set(rng.sample(sorted(counted), min(_DRAWN, len(counted))))
    df: Counter[str] = Counter()
    texts: list[list[str]] = []
    kept: dict[str, str] = {}  # one str a word, however often it occurs
    for number, row in enumerate(read_rows(corpus.path)):
        if number in counted:
            words = [kept.setdefault(word, word) for word in map(_plain, row["text"].split())]
            df.update(set(words))
            if number in drawn:
                texts.append(words)
    df.pop("", None)
    texts = [words for words in texts if len(set(words) - {""}) >= 10]
    days = [day for day in corpus.days if day is not None]
    classes = _classes(df, len(counted))

    def draw(shape: str) -> Query:
        match shape:
            case "or":
                return Query(shape, _some_words(texts, rng, 2, 5), "any")
            case "and":
                return Query(shape, _some_words(texts, rng, 2, 3), "all")
            case "phrase":
                return Query(shape, _run(texts, rng, rng.randint(2, 4)), "phrase")
            case "or-30-days" | "or-1-year":
                since, until = _range(days, rng, 30 if shape == "or-30-days" else 365)
                return Query(shape, _some_words(texts, rng, 2, 5), "any", since, until)
            case "newest":
                return Query(shape, _some_words(texts, rng, 2, 5), "any", newest=True)
        return Query(shape, (rng.choice(classes[shape]),), "any")

    answerable = [
        shape
        for shape in SHAPES
        if texts and classes.get(shape, texts) and (days or shape not in ("or-30-days", "or-1-year", "newest"))
    ]
    return {shape: tuple(draw(shape) for _ in range(each)) for shape in answerable}


def _plain(chunk: str) -> str:
    """The chunk as a word that all tokenizers agree on, or "" where there is none."""
    return chunk.lower() if chunk.isascii() and chunk.isalpha() and len(chunk) <= 20 else ""


def _classes(df: Counter[str], articles: int) -> dict[str, list[str]]:
    least = 2 if articles >= 1_000 else 1  # in a large sample, words seen once are mostly misspellings
    words = sorted(df)
    return {
        "word-rare": [
            word for word in words if least <= df[word] and (df[word] < 0.005 * articles or df[word] == least)
        ],
        "word-medium": [word for word in words if 0.005 * articles <= df[word] <= 0.1 * articles and df[word] > least],
        "word-frequent": [word for word in words if df[word] > 0.1 * articles],
    }


def _some_words(texts: Sequence[Sequence[str]], rng: random.Random, fewest: int, most: int) -> tuple[str, ...]:
    """Different words of one article: a run or scattered, as the coin falls."""
    number = rng.randint(fewest, most)
    if rng.random() < 0.5:
        return _run(texts, rng, number, different=True)
    while True:
        words = rng.choice(texts)
        picked = {words[rng.randrange(len(words))] for _ in range(number)} - {""}
        if len(picked) == number:
            return tuple(rng.sample(sorted(picked), number))


def _run(texts: Sequence[Sequence[str]], rng: random.Random, number: int, different: bool = False) -> tuple[str, ...]:
    """Words side by side in one article; fewer where the corpus hardly ever has so many together."""
    for _ in range(2_000):
        words = rng.choice(texts)
        place = rng.randrange(len(words))
        run = words[place : place + number]
        if len(run) == number and all(run) and not (different and len(set(run)) < number):
            return tuple(run)
    if number == 1:
        return (next(filter(None, rng.choice(texts))),)
    return _run(texts, rng, number - 1, different)


def _range(days: Sequence[int], rng: random.Random, span: int) -> tuple[str, str]:
    """`span` days that hold the date of some article."""
    first = max(1, rng.choice(days) - rng.randrange(span))
    last = min(first + span - 1, date.max.toordinal())
    return date.fromordinal(first).isoformat(), date.fromordinal(last).isoformat()
