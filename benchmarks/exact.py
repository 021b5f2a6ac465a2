"""Is the fast answer the right one? Here every article is scored by the BM25 formula in float64, the slow way.

The law: ids, their order, their scores and the number of matches are equal, to the bit. What a term is comes from the
library's own analyzer; counting, scoring, dates and order are done over again (`scan.py` does the counting).

    idf = ln(1 + (N - df + 0.5) / (df + 0.5))         a phrase: the sum over its words; tf: how often it stands there
    score = sum of (idf * boost) * ((tf * (k1 + 1)) / (tf + k1 * ((1 - b) + b * length / average)))
    order = score, then later end of date, later start, id; undated last among equals

A prefix is any of the terms of words that begin so, the 1,024 most frequent of them at most.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from heapq import nsmallest
from pathlib import Path
from typing import Any

import attrs

from benchmarks.queries import Query
from benchmarks.scan import Leaf, Scan, scan, span_of, terms_of_prefixes

__all__ = ["Expected", "answer_exactly", "differences"]

_K1, _B = 1.2, 0.75
_MOST_TERMS = 1_024  # of one prefix

Scored = tuple[Leaf, float]  # what scores, and the boost of it


@attrs.frozen
class Expected:
    """The true answer to a query."""

    hits: tuple[tuple[str, float], ...]  # as many of the best as were asked for
    count: int


def answer_exactly(articles: Path, queries: Sequence[Query]) -> list[Expected]:
    """Score all articles of the JSONL file for each query, with the options of the peer `searchkit`."""
    from searchkit.analysis import Analyzer

    analyzer = Analyzer.named("english")
    stems = [tuple(analyzer.stem(analyzer.forms(" ".join(query.words)))) for query in queries]
    leaves = {(term,) for terms in stems for term in terms}
    leaves |= {terms for query, terms in zip(queries, stems, strict=True) if query.join == "phrase"}
    prefixes = {query.words[0] for query in queries if query.join == "prefix"}
    begun = terms_of_prefixes(articles, prefixes, analyzer)
    seen = scan(articles, leaves | {(term,) for terms in begun.values() for term in terms}, analyzer)
    return [
        _answer(query, _begun(query, begun, seen) if query.join == "prefix" else terms, seen)
        for query, terms in zip(queries, stems, strict=True)
    ]


def differences(queries: Sequence[Query], answers: Sequence[dict[str, Any]], expected: Sequence[Expected]) -> list[str]:
    """A line for every answer that is not exactly the expected one. An answer without a count is not asked for it."""
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
        if "count" in answer and answer["count"] != right.count:
            lines.append(f"{asked}: {answer['count']} matches, not {right.count}")
    return lines


def _answer(query: Query, terms: Leaf, seen: Scan) -> Expected:
    total = len(seen.ids)
    average = sum(seen.lengths) / total if total else 0.0
    scored = _scored(query, terms, seen)
    scores: dict[int, float] = {}
    for leaf, boost in scored:
        weight = 0.0
        for number, term in enumerate(leaf):
            df = len(seen.articles_of((term,)))
            idf = math.log(1.0 + (total - df + 0.5) / (df + 0.5))
            weight = weight + idf if number else idf
        weight = weight * boost
        for docid, tf in zip(*seen.found[leaf], strict=True):
            norm = tf + _K1 * ((1.0 - _B) + _B * seen.lengths[docid] / average)
            scores[docid] = scores.get(docid, 0.0) + weight * ((tf * (_K1 + 1.0)) / norm)
    low, high = _seconds_of_range(query)
    hits = [docid for docid in _matching(query, terms, scored, scores, seen) if _overlaps(seen.spans[docid], low, high)]

    def rank(docid: int) -> tuple[float, bool, int, int, bytes]:
        start, end = seen.spans[docid] or (0, 0)
        score = 0.0 if query.newest else -scores[docid]
        return score, seen.spans[docid] is None, -end, -start, seen.ids[docid].encode()

    best = nsmallest(query.top, hits, key=rank)
    return Expected(tuple((seen.ids[docid], scores[docid]) for docid in best), len(hits))


def _scored(query: Query, terms: Leaf, seen: Scan) -> list[Scored]:
    """What scores, in the order written. Equal terms of one group are one, with their boosts added."""
    match query.join:
        case "phrase":
            return [(terms, 1.0)]
        case "mixed":
            one_of = _merged(terms[1:])
            if len(one_of) > 1:  # a term that stands inside the brackets and before them counts in both places
                return [((terms[0],), 1.0), *one_of]
        case "without":
            return _merged(terms[:-1])
    return _merged(terms)


def _merged(terms: Leaf) -> list[Scored]:
    boosts: dict[Leaf, float] = {}
    for term in terms:
        boosts[(term,)] = boosts.get((term,), 0.0) + 1.0
    return list(boosts.items())


def _begun(query: Query, begun: dict[str, set[str]], seen: Scan) -> Leaf:
    """The terms that a prefix stands for, in the order of their bytes."""
    terms = sorted(begun[query.words[0]], key=lambda term: (-len(seen.articles_of((term,))), term.encode()))
    return tuple(sorted(terms[:_MOST_TERMS], key=str.encode))


def _matching(
    query: Query, terms: Leaf, scored: Sequence[Scored], scores: dict[int, float], seen: Scan
) -> Sequence[int]:
    """The articles that match, of those in which something scores."""
    match query.join:
        case "all":
            matched = Counter(docid for leaf, _ in scored for docid in seen.articles_of(leaf))
            return [docid for docid in scores if matched[docid] == len(scored)]
        case "mixed":
            must = set(seen.articles_of((terms[0],)))
            one_of = {docid for term in terms[1:] for docid in seen.articles_of((term,))}
            return [docid for docid in scores if docid in must and docid in one_of]
        case "without":
            unwanted = set(seen.articles_of((terms[-1],)))
            return [docid for docid in scores if docid not in unwanted]
    return list(scores)


def _seconds_of_range(query: Query) -> tuple[int | None, int | None]:
    low, high = span_of(query.since), span_of(query.until)
    return None if low is None else low[0], None if high is None else high[1]


def _overlaps(span: tuple[int, int] | None, low: int | None, high: int | None) -> bool:
    if low is None and high is None:
        return True
    return span is not None and (high is None or span[0] < high) and (low is None or span[1] > low)
