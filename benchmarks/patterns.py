"""Patterns beside the OR of the words that they stand for: what looking them up costs on top.

All are made of words of the index itself, drawn by a seed: a prefix, wildcards with the gap inside and in front, words
one and two edits away, an expression. `cold`: nothing is known of the words, neither to the pattern nor to the OR;
`kept`: both have been asked before. The words of the index are in memory (docs/patterns.md). Processor time of the best
ten hits, the least of some passes, a query's mean.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from time import process_time

import searchkit
from searchkit.core.patterns import Matches
from searchkit.query import Fuzzy, Or, Prefix, Query, Regex, Term, Wildcard
from searchkit.search.automata import of_beginning
from searchkit.search.expand import Expander, Pattern
from searchkit.search.remarks import Remarks

__all__ = ["patterns", "patterns_page"]

HITS = 10
LETTERS = 7  # of a word at least
COMMON = 20_000  # the words of which patterns are made are among so many, the most frequent

KINDS: dict[str, Callable[[str], Pattern]] = {
    "prefix `flood*`": lambda word: Prefix(word[:5]),
    "wildcard `fl*ding`": lambda word: Wildcard(f"{word[:2]}*{word[-4:]}"),
    "wildcard `*ding`": lambda word: Wildcard(f"*{word[-4:]}"),
    "fuzzy `flooding~`": lambda word: Fuzzy(word, 1),
    "fuzzy `flooding~2`": lambda word: Fuzzy(word, 2),
    "expression `flo(o|u)+.*`": lambda word: Regex(f"{word[:3]}({word[3]}|u)+.*"),
}


def patterns(index: searchkit.Index, *, each: int, passes: int, seed: int) -> list[tuple[str, float, list[float]]]:
    """Of each kind its name, how many terms a query stands for, and milliseconds: cold and kept, each of the OR too."""
    spelt = _spelling(index)
    index.count(Wildcard("*ing"))  # all words are read: now they are in memory
    common = [word for word in list(spelt.values())[:COMMON] if len(word) >= LETTERS and word.isalpha()]
    words = random.Random(seed).choices(common, k=each)
    rows = []
    for kind, make in KINDS.items():
        asked = [make(word) for word in words]
        meant = [_meant(index, query, spelt) for query in asked]
        terms = sum(len(query.children) for query in meant) / len(meant)
        spent = [_time(index, queries, passes, cold) for cold in (True, False) for queries in (asked, meant)]
        rows.append((kind, terms, spent))
    return rows


def patterns_page(index: searchkit.Index, rows: Sequence[tuple[str, float, list[float]]]) -> str:
    """The table."""
    lines = [f"{len(index):,} articles, milliseconds of processor time a query", ""]
    lines += ["| pattern | terms | cold | OR, cold | | kept | OR, kept | |", "|---|---|---|---|---|---|---|---|"]
    for kind, terms, (cold, cold_or, kept, kept_or) in rows:
        figures = (
            f"{cold:.2f} | {cold_or:.2f} | {cold / cold_or:.1f}x | {kept:.2f} | {kept_or:.2f} | {kept / kept_or:.1f}x"
        )
        lines.append(f"| {kind} | {terms:,.0f} | {figures} |")
    return "\n".join(lines)


def _spelling(index: searchkit.Index) -> dict[str, str]:
    """A word form for each term, the most frequent first."""
    snapshot = index._snapshot()
    matches = Matches(snapshot.searcher.parts, of_beginning(""), lambda: None, by_form=True)
    matches.sort()
    spelt: dict[str, str] = {}
    for number in range(len(matches)):
        word = matches.name(number)
        spelt.setdefault(snapshot.term_of(word), word)
    return spelt


def _meant(index: searchkit.Index, query: Pattern, spelt: dict[str, str]) -> Or:
    """The OR of a word for each term that a pattern stands for."""
    terms = Expander(index._snapshot(), Remarks([]), lambda: None).terms(query)
    return Or(*(Term(spelt[term]) for term in terms or ()))


def _time(index: searchkit.Index, queries: Sequence[Query], passes: int, cold: bool) -> float:
    snapshot = index._snapshot()
    total = 0.0
    for query in queries:
        least = float("inf")
        for _ in range(passes):
            if cold:
                snapshot.patterns.clear()
                snapshot._lists.clear()
                snapshot._terms.clear()
            start = process_time()
            index.search(query, limit=HITS)
            least = min(least, process_time() - start)
        total += least
    return 1000 * total / len(queries)
