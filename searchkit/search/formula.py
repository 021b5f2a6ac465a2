"""The formula of scores, and its variants by name.

    score = (sum of weight * said) * factor * ...    weight: idf times boost; of a phrase the sum of its words' idf

with c = tf / norm, norm = 1 - b + b * length / average:

    name         idf                                  said                                 published by
    (None)       ln(1 + (N - df + 0.5) / (df + 0.5))  (k1 + 1) c / (c + k1)                Lucene until version 7
    "lucene"     ln(1 + (N - df + 0.5) / (df + 0.5))  c / (c + k1)                         Lucene from version 8
    "robertson"  ln((N - df + 0.5) / (df + 0.5))      c / (c + k1)                         Robertson and others, 1994
    "atire"      ln(N / df)                           (k1 + 1) c / (c + k1)                Trotman and others, 2012
    "bm25l"      ln((N + 1) / (df + 0.5))             (k1 + 1) (c + 0.5) / (c + 0.5 + k1)  Lv and Zhai, SIGIR 2011
    "bm25+"      ln((N + 1) / df)                     (k1 + 1) c / (c + k1) + 1            Lv and Zhai, CIKM 2011

The forms are those of Kamphuis and others, Which BM25 Do You Mean? (ECIR 2020). Robertson's idf is never below 0 here:
a word that more than half of the articles have says nothing. Lv and Zhai score words that occur in an article, and only
these; 0.5 and 1 are the deltas that they recommend.

What the core computes (core/search.h) is written here in the same order of operations, and in tests/oracle.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import attrs

from searchkit.errors import QueryError
from searchkit.search.bind import Leaf, Series

if TYPE_CHECKING:
    from searchkit.indexing.snapshot import Snapshot

__all__ = [
    "OWN",
    "VARIANTS",
    "Fade",
    "Ranking",
    "Variant",
    "VariantName",
    "closeness",
    "contribution",
    "frequencies",
    "variant_of",
    "weigh",
]

VariantName: TypeAlias = Literal["lucene", "robertson", "atire", "bm25l", "bm25+"]

SCALED, BARE, RAISED, SHIFTED = range(4)  # enum sk_saturation of core/search.h


@attrs.frozen
class Variant:
    """One of the formulas above. Requires of idf(N, df): 1 <= df <= N."""

    name: VariantName | None
    idf: Callable[[int, int], float] = attrs.field(repr=False)  # the name says it: cursors are of reprs
    saturation: int
    delta: float = 0.0


def _lucene(articles: int, df: int) -> float:
    return math.log(1.0 + (articles - df + 0.5) / (df + 0.5))


def _robertson(articles: int, df: int) -> float:
    return math.log(max((articles - df + 0.5) / (df + 0.5), 1.0))


def _atire(articles: int, df: int) -> float:
    return math.log(articles / df) if df else 0.0


def _bm25l(articles: int, df: int) -> float:
    return math.log((articles + 1) / (df + 0.5))


def _bm25_plus(articles: int, df: int) -> float:
    return math.log((articles + 1) / df) if df else 0.0


OWN = Variant(None, _lucene, SCALED)
VARIANTS: dict[str | None, Variant] = {
    variant.name: variant
    for variant in (
        OWN,
        Variant("lucene", _lucene, BARE),
        Variant("robertson", _robertson, BARE),
        Variant("atire", _atire, SCALED),
        Variant("bm25l", _bm25l, SHIFTED, 0.5),
        Variant("bm25+", _bm25_plus, RAISED, 1.0),
    )
}


def variant_of(name: str | None) -> Variant:
    """The variant of that name; None: our own. QueryError for another."""
    if not (name is None or isinstance(name, str)) or name not in VARIANTS:
        names = ", ".join(name for name in VARIANTS if name is not None)
        raise QueryError(f"variant is {name!r}", hint=f"it must be one of {names}, or None")
    return VARIANTS[name]


class Fade(NamedTuple):
    """How scores fade with the time between an article's date and [start, end); in seconds, None for an open side."""

    start: int | None
    end: int | None
    half_life: float
    weight: float

    def distance(self, start: int, end: int) -> float:
        """Seconds between an article's date and the range, 0.0 where they overlap."""
        if self.start is not None and end <= self.start:
            return float(self.start) - float(end)
        if self.end is not None and start >= self.end:
            return float(start) - float(self.end)
        return 0.0

    def factor(self, distance: float | None) -> float:
        """What a score is multiplied by; None: the article is undated."""
        left = 0.0 if distance is None else math.exp2(-distance / self.half_life)
        return (1.0 - self.weight) + self.weight * left


@attrs.frozen
class Ranking:
    """All that decides on a score, beside the query and the articles."""

    k1: float
    b: float
    variant: Variant = OWN
    proximity: float = 0.0
    fades: tuple[tuple[str, Fade], ...] = ()  # each with the name of the option that asked for it


def contribution(weight: float, tf: int, length: int, average: float, ranking: Ranking) -> float:
    """What a leaf adds to a score."""
    k1, b, variant = ranking.k1, ranking.b, ranking.variant
    norm = (1.0 - b) + b * length / average
    if variant.saturation == SHIFTED:
        c = tf / norm + variant.delta
        return weight * ((c * (k1 + 1.0)) / (c + k1))
    said = (tf * (1.0 if variant.saturation == BARE else k1 + 1.0)) / (tf + k1 * norm)
    return weight * (said + variant.delta if variant.saturation == RAISED else said)


def frequencies(leaf: Leaf | Series, snapshot: Snapshot) -> tuple[int, ...]:
    """In how many articles each word occurs; of a place of a series, its most frequent word."""
    lists = snapshot.lists
    if isinstance(leaf, Series):
        return tuple([max([lists(term).df for term in place]) for place in leaf.places])
    return tuple([lists(term).df for term in leaf.terms])


def closeness(weight: float, near: float, length: int, average: float, ranking: Ranking) -> float:
    """What the nearness of two words adds to a score; `weight`: the lesser of theirs."""
    k1, b = ranking.k1, ranking.b
    norm = (1.0 - b) + b * length / average
    gain = 1.0 if ranking.variant.saturation == BARE else k1 + 1.0
    return ranking.proximity * (weight * ((near * gain) / (near + k1 * norm)))


def weigh(leaf: Leaf | Series, snapshot: Snapshot, variant: Variant) -> tuple[float, float]:
    """The idf of a leaf (of a phrase: the sum of its words', left to right), and its weight: times its boost."""
    first, *others = frequencies(leaf, snapshot)
    idf = variant.idf(snapshot.articles, first)
    for df in others:
        idf += variant.idf(snapshot.articles, df)
    return idf, idf * leaf.boost
