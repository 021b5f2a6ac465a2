"""What is done with results: timelines over all matches, snippets of the best ten hits, pages, related articles.

The same queries and articles for all of it, in one process, warm; processor time, the least of some passes, and the
mean over the queries. A timeline is measured with the bitmap of all matches that it counts in; near-duplicates are
folded with the fingerprints of the hits known, and not yet known. One timeline is of articles made for it: small ones,
dated over thirty years.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from time import process_time
from typing import Any

import searchkit

__all__ = ["FREQUENT", "HITS", "mean", "showing", "showing_page"]

FREQUENT = 5  # queries of a timeline: the words in most articles
HITS = 10
LONG = 30 * 365 + 7  # days: thirty years
MADE = 100_000  # articles in them


def showing(
    index: searchkit.Index, queries: Sequence[str], passes: int, *, made: int = MADE
) -> list[tuple[str, float, str]]:
    """Name, milliseconds, and what was measured of each."""

    def forget(query: str) -> str:
        for part in index._snapshot().parts:
            part.fingerprints.clear()
        return query

    words = sorted({word for query in queries for word in query.split()}, key=index.count, reverse=True)[:FREQUENT]
    found = sum(map(index.count, words)) // max(len(words), 1)
    figures = []
    for by in ("day", "month", "year"):
        spent = mean(words, passes, index.search, lambda results, by=by: results.timeline(by))
        figures.append((f"timeline by {by}", spent, f"of {found:,} articles"))
    with _long(made) as over:
        spent = mean(["storm"], passes, over.search, lambda results: results.timeline("day"))
    figures.append(("timeline by day", spent, f"of {made:,} made-up articles of {LONG:,} days"))
    for name, show in (
        ("one snippet a hit", lambda results: [hit.snippet() for hit in results]),
        ("two snippets a hit", lambda results: [hit.snippets(2) for hit in results]),
        ("passages", lambda results: [hit.passages(2) for hit in results]),
    ):
        spent = mean(queries, passes, lambda query: _read(index.search(query, limit=HITS)), show)
        figures.append((name, spent, f"{HITS} hits that were read"))
    figures.append(("reading", mean(queries, passes, index.search, _read), f"{HITS} hits"))
    spent = mean(queries, passes, index.search, lambda results: results.cursor)
    figures.append(("cursor", spent, ""))
    figures.append(("search", mean(queries, passes, str, index.search), f"{HITS} hits"))
    for known, prepare in (("known", str), ("not known", forget)):
        spent = mean(queries, passes, prepare, lambda query: index.search(query, collapse="near"))
        figures.append(('collapse="near"', spent, f"{HITS} hits, fingerprints {known}"))
    spent = mean(queries, passes, lambda query: index.search(query, limit=1), _like(index))
    figures.append(("like", spent, f"{HITS} hits, of the best article"))
    return figures


def _like(index: searchkit.Index) -> Callable[[searchkit.Results], object]:
    return lambda results: [index.like(hit) for hit in results]


def _long(articles: int) -> searchkit.Index:
    """An index of small articles of one word, each of some day of thirty years."""
    days = random.Random(1)
    index = searchkit.create()
    index.add(
        {"text": "storm", "id": str(number), "date": (date(1990, 1, 1) + timedelta(days.randrange(LONG))).isoformat()}
        for number in range(articles)
    )
    return index


def showing_page(index: searchkit.Index, figures: Sequence[tuple[str, float, str]]) -> str:
    rows = [f"| {name} | {spent:.2f} | {about} |" for name, spent, about in figures]
    head = [f"{len(index):,} articles, milliseconds of processor time", "", "| what | ms | |", "|---|---|---|"]
    return "\n".join([*head, *rows])


def _read(results: searchkit.Results) -> searchkit.Results:
    for hit in results:
        _ = hit.article
    return results


def mean(asked: Sequence[str], passes: int, ask: Callable[[str], Any], show: Callable[[Any], object]) -> float:
    """Milliseconds of `show` for what `ask` makes of each that is asked, the least of some passes."""
    total = 0.0
    for query in asked:
        least = float("inf")
        for _ in range(passes):
            results = ask(query)
            start = process_time()
            show(results)
            least = min(least, process_time() - start)
        total += least
    return 1000 * total / max(len(asked), 1)
