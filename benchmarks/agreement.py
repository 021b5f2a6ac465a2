"""How far two engines agree: the part of the top ten they share, and how their numbers of matches compare.

They need not agree fully. Porter and Snowball stem some words apart, tokenizers differ on apostrophes and numbers,
tantivy rounds lengths to one byte, FTS5 has another idf, ties are broken each in its own way. A clear disagreement
still tells that somebody answers another question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from benchmarks.corpus import Corpus
from benchmarks.queries import TOP, Query

__all__ = ["agreement"]


def agreement(
    corpus: Corpus,
    queries: Sequence[Query],
    ours: Mapping[int, dict[str, Any]],
    theirs: Mapping[int, dict[str, Any]],
) -> dict[str, dict[str, float | None]]:
    """By shape: `overlap` of the best ten (of their days, where the newest were asked for); `counts_equal`, the share
    of queries with equal numbers of matches, and `counts_apart`, the mean distance of these numbers by the larger,
    both None for a peer that does not count. Answers are by the number of the query; what both answered is compared."""
    numbers = {key: number for number, key in enumerate(corpus.ids)}
    overlaps: dict[str, list[float]] = {}
    distances: dict[str, list[float]] = {}
    for place, query in enumerate(queries):
        if place not in ours or place not in theirs:
            continue
        tops = []
        for answer in (ours[place], theirs[place]):
            found = [key if isinstance(key, int) else numbers[key] for key, _ in answer["hits"][:TOP]]
            tops.append(sorted(str(corpus.days[number]) if query.newest else str(number) for number in found))
        overlaps.setdefault(query.shape, []).append(_shared(*tops))
        counts = ours[place]["count"], theirs[place]["count"]
        if None not in counts:
            most = max(counts)
            distances.setdefault(query.shape, []).append(abs(counts[0] - counts[1]) / most if most else 0.0)
    return {
        shape: {
            "overlap": fmean(overlaps[shape]),
            "counts_equal": fmean(not distance for distance in distances[shape]) if shape in distances else None,
            "counts_apart": fmean(distances[shape]) if shape in distances else None,
        }
        for shape in overlaps
    }


def _shared(one: list[str], other: list[str]) -> float:
    """Share of the longer list that the other list has too, each entry counted as often as it occurs."""
    longest = max(len(one), len(other))
    return (Counter(one) & Counter(other)).total() / longest if longest else 1.0
