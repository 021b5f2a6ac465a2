"""Is the fast answer the right one? Here every article is scored by the BM25 formula in float64, the slow way.

The law: ids, their order, their scores and the number of matches are equal, to the bit. What a term is comes from the
library's own analyzer; counting, scoring, dates and order are done over again.

    idf = ln(1 + (N - df + 0.5) / (df + 0.5))         a phrase: the sum over its words; tf: how often it stands there
    score = sum of (idf * boost) * ((tf * (k1 + 1)) / (tf + k1 * ((1 - b) + b * length / average)))
    order = score, then later end of date, later start, id; undated last among equals
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from pathlib import Path
from typing import Any

import attrs

from benchmarks.corpus import read_rows
from benchmarks.peers import TOP
from benchmarks.queries import Query

__all__ = ["Expected", "answer_exactly", "differences"]

_K1, _B = 1.2, 0.75

Leaf = tuple[str, ...]  # one term, or the terms of a phrase


@attrs.frozen
class Expected:
    """The true answer to a query."""

    hits: tuple[tuple[str, float], ...]  # the best ten
    count: int


@attrs.define
class _Scan:
    """What one walk over the corpus leaves behind."""

    ids: list[str] = attrs.field(factory=list)
    spans: list[tuple[int, int] | None] = attrs.field(factory=list)  # seconds of the date, half open
    lengths: array[int] = attrs.field(factory=lambda: array("L"))
    found: dict[Leaf, tuple[array[int], array[int]]] = attrs.field(factory=dict)  # articles, occurrences in each


class _Numbers(dict[str, int]):
    """Word form -> number of its term among those asked for, 0 for any other. A form is stemmed when first seen."""

    def __init__(self, analyzer: Any, terms: Iterable[str]) -> None:
        self._analyzer = analyzer
        self.of_term = {term: number for number, term in enumerate(terms, 1)}

    def __missing__(self, form: str) -> int:
        number = self.of_term.get(self._analyzer.stem([form])[0], 0)
        self[form] = number
        return number


def answer_exactly(articles: Path, queries: Sequence[Query]) -> list[Expected]:
    """Score all articles of the JSONL file for each query, with the library's default options."""
    from searchkit.analysis import Analyzer

    analyzer = Analyzer.named("english")
    bound = [_leaves(query, analyzer) for query in queries]
    scan = _scan(articles, {leaf for leaves in bound for leaf in leaves}, analyzer)
    return [_answer(query, leaves, scan) for query, leaves in zip(queries, bound, strict=True)]


def differences(queries: Sequence[Query], answers: Sequence[dict[str, Any]], expected: Sequence[Expected]) -> list[str]:
    """A line for every answer that is not exactly the expected one."""
    lines = []
    for query, answer, right in zip(queries, answers, expected, strict=True):
        hits = tuple((str(key), score) for key, score in answer["hits"])
        asked = f"{query.shape} {' '.join(query.words)!r}"
        if hits != right.hits:
            place = next((i for i, pair in enumerate(zip(hits, right.hits, strict=False)) if pair[0] != pair[1]), None)
            if place is None:
                lines.append(f"{asked}: {len(hits)} hits, not {len(right.hits)}")
            else:
                lines.append(f"{asked}: hit {place + 1} is {hits[place]}, not {right.hits[place]}")
        if answer["count"] != right.count:
            lines.append(f"{asked}: {answer['count']} matches, not {right.count}")
    return lines


def _leaves(query: Query, analyzer: Any) -> dict[Leaf, float]:
    """What scores, in the order written, each with how often it stands there."""
    terms = analyzer.stem(analyzer.forms(" ".join(query.words)))
    if query.join == "phrase":
        return {tuple(terms): 1.0}
    leaves: dict[Leaf, float] = {}
    for term in terms:
        leaves[(term,)] = leaves.get((term,), 0.0) + 1.0
    return leaves


def _scan(articles: Path, leaves: set[Leaf], analyzer: Any) -> _Scan:
    terms = sorted({term for leaf in leaves for term in leaf})
    numbers = _Numbers(analyzer, terms)
    phrases = [(leaf, [numbers.of_term[term] for term in leaf]) for leaf in sorted(leaves) if len(leaf) > 1]
    leaves = leaves | {(term,) for term in terms}  # the words of a phrase too, for their idf
    scan = _Scan(found={leaf: (array("L"), array("L")) for leaf in leaves})
    for docid, row in enumerate(read_rows(articles)):
        regions = [[numbers[form] for form in analyzer.forms(row[field])] for field in ("title", "text")]
        seen = Counter(number for region in regions for number in region if number)
        scan.ids.append(row["id"])
        scan.spans.append(_span(row["date"]))
        scan.lengths.append(sum(map(len, regions)))
        for term, number in numbers.of_term.items():
            if number in seen:
                _note(scan, (term,), docid, seen[number])
        for phrase, wanted in phrases:
            if all(number in seen for number in wanted):
                _note(scan, phrase, docid, sum(_occurrences(region, wanted) for region in regions))
    return scan


def _note(scan: _Scan, leaf: Leaf, docid: int, times: int) -> None:
    if times:
        docids, occurrences = scan.found[leaf]
        docids.append(docid)
        occurrences.append(times)


def _occurrences(region: list[int], wanted: list[int]) -> int:
    size = len(wanted)
    return sum(region[i : i + size] == wanted for i, first in enumerate(region) if first == wanted[0])


def _answer(query: Query, leaves: dict[Leaf, float], scan: _Scan) -> Expected:
    total = len(scan.ids)
    average = sum(scan.lengths) / total if total else 0.0
    scores: dict[int, float] = {}
    matched: Counter[int] = Counter()
    for leaf, boost in leaves.items():
        weight = 0.0
        for number, term in enumerate(leaf):
            df = len(scan.found[(term,)][0])
            idf = math.log(1.0 + (total - df + 0.5) / (df + 0.5))
            weight = weight + idf if number else idf
        weight = weight * boost
        for docid, tf in zip(*scan.found[leaf], strict=True):
            norm = tf + _K1 * ((1.0 - _B) + _B * scan.lengths[docid] / average)
            scores[docid] = scores.get(docid, 0.0) + weight * ((tf * (_K1 + 1.0)) / norm)
            matched[docid] += 1
    low, high = _seconds_of_range(query)
    hits = [
        docid
        for docid in scores
        if (query.join != "all" or matched[docid] == len(leaves)) and _overlaps(scan.spans[docid], low, high)
    ]

    def rank(docid: int) -> tuple[float, bool, int, int, bytes]:
        start, end = scan.spans[docid] or (0, 0)
        score = 0.0 if query.newest else -scores[docid]
        return score, scan.spans[docid] is None, -end, -start, scan.ids[docid].encode()

    best = nsmallest(TOP, hits, key=rank)
    return Expected(tuple((scan.ids[docid], scores[docid]) for docid in best), len(hits))


def _span(written: str | None) -> tuple[int, int] | None:
    if written is None:
        return None
    from searchkit import DateInterval

    interval = DateInterval.parse(written)
    return interval.start_second, interval.end_second


def _seconds_of_range(query: Query) -> tuple[int | None, int | None]:
    low, high = _span(query.since), _span(query.until)
    return None if low is None else low[0], None if high is None else high[1]


def _overlaps(span: tuple[int, int] | None, low: int | None, high: int | None) -> bool:
    if low is None and high is None:
        return True
    return span is not None and (high is None or span[0] < high) and (low is None or span[1] > low)
