"""Declared fields of an index that is there: counts over all matches, filters, orders, one hit a value.

As in `showing`: one process, warm, processor time, the least of some passes, the mean over the queries. A filter is
measured by the search that it narrows, with its bitmap known and not yet known, beside the same search without it.
"""

from __future__ import annotations

from collections.abc import Sequence

import searchkit
from benchmarks.showing import FREQUENT, HITS, mean
from searchkit.query import All

__all__ = ["fields"]


def fields(index: searchkit.Index, queries: Sequence[str], passes: int) -> list[tuple[str, float, str]]:
    """Name, milliseconds, and what was measured of each."""

    def forget(query: str) -> str:
        for part in index._snapshot().parts:
            part.selected.clear()
        return query

    words = sorted({word for query in queries for word in query.split()}, key=index.count, reverse=True)[:FREQUENT]
    found = sum(map(index.count, words)) // max(len(words), 1)
    every = index.search(All(), limit=1)
    figures = [("search", mean(queries, passes, str, index.search), f"{HITS} hits")]
    for name in index.options.fields:
        values = every.facets(name, None)
        if not values:
            continue
        where = {name: next(iter(values))}
        spent = mean([name], passes, str, every.facets)
        figures.append((f"facets of {name}", spent, f"of all {len(index):,} articles, {len(values):,} values"))
        spent = mean(words, passes, index.search, lambda results, name=name: results.facets(name))
        figures.append((f"facets of {name}", spent, f"of {found:,} articles that are found for it"))
        for known, prepare in (("known", str), ("not known", forget)):
            spent = mean(queries, passes, prepare, lambda query, where=where: index.search(query, where=where))
            figures.append((f"where {name}, {known}", spent, f"{HITS} hits"))
        spent = mean(words, passes, str, lambda word, name=name: index.search(word, sort=name))
        figures.append((f"sort by {name}", spent, f"of {found:,} articles"))
        spent = mean(queries, passes, str, lambda query, name=name: index.search(query, collapse=name))
        figures.append((f"collapse by {name}", spent, f"{HITS} hits"))
    return figures
