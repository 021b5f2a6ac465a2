"""What is done with results: timelines over all matches, snippets of the best ten hits, pages.

The same queries and articles for all of it, in one process, warm; processor time, the least of some passes, and the
mean over the queries. A timeline is measured with the bitmap of all matches that it counts in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

import searchkit

__all__ = ["FREQUENT", "HITS", "mean", "showing", "showing_page"]

FREQUENT = 5  # queries of a timeline: the words in most articles
HITS = 10


def showing(index: searchkit.Index, queries: Sequence[str], passes: int) -> list[tuple[str, float, str]]:
    """Name, milliseconds, and what was measured of each."""
    words = sorted({word for query in queries for word in query.split()}, key=index.count, reverse=True)[:FREQUENT]
    found = sum(map(index.count, words)) // max(len(words), 1)
    figures = []
    for by in ("day", "month", "year"):
        spent = mean(words, passes, index.search, lambda results, by=by: results.timeline(by))
        figures.append((f"timeline by {by}", spent, f"of {found:,} articles"))
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
    return figures


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
