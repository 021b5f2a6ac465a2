"""A walk over all articles: where the terms of some queries occur, and how often. `exact.py` scores with it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from benchmarks.corpus import read_rows

__all__ = ["Leaf", "Scan", "scan", "span_of", "terms_of_prefixes"]

Leaf = tuple[str, ...]  # one term, or the terms of a phrase

Found = tuple["array[int]", "array[int]"]  # articles in order, occurrences in each


@attrs.define
class Scan:
    """What a walk leaves behind."""

    ids: list[str] = attrs.field(factory=list)
    spans: list[tuple[int, int] | None] = attrs.field(factory=list)  # seconds of the date, half open
    lengths: array[int] = attrs.field(factory=lambda: array("L"))
    found: dict[Leaf, Found] = attrs.field(factory=dict)

    def articles_of(self, leaf: Leaf) -> array[int]:
        return self.found[leaf][0]


class _Numbers(dict[str, int]):
    """Word form -> number of its term among those asked for, 0 for any other. A form is stemmed when first seen."""

    def __init__(self, analyzer: Any, terms: Iterable[str]) -> None:
        self._analyzer = analyzer
        self.terms = ["", *terms]  # by number
        self.of_term = {term: number for number, term in enumerate(self.terms) if number}

    def __missing__(self, form: str) -> int:
        number = self[form] = self.of_term.get(self._analyzer.stem([form])[0], 0)
        return number


def terms_of_prefixes(articles: Path, prefixes: Iterable[str], analyzer: Any) -> dict[str, set[str]]:
    """The terms of the word forms that begin so, for each prefix. A walk of its own over the JSONL file."""
    begun: dict[str, set[str]] = {prefix: set() for prefix in prefixes}
    known: set[str] = set()
    for row in read_rows(articles) if begun else ():
        for form in {*analyzer.forms(row["title"]), *analyzer.forms(row["text"])} - known:
            known.add(form)
            for prefix, terms in begun.items():
                if form.startswith(prefix):
                    terms.add(analyzer.stem([form])[0])
    return begun


def scan(articles: Path, leaves: set[Leaf], analyzer: Any) -> Scan:
    """Walk over the JSONL file. Also found: every word of a phrase, for its idf."""
    numbers = _Numbers(analyzer, sorted({term for leaf in leaves for term in leaf}))
    phrases = [(leaf, [numbers.of_term[term] for term in leaf]) for leaf in sorted(leaves) if len(leaf) > 1]
    seen = Scan(found={leaf: (array("L"), array("L")) for leaf in leaves})
    by_number = [(array("L"), array("L")) for _ in numbers.terms]
    for docid, row in enumerate(read_rows(articles)):
        regions = [[numbers[form] for form in analyzer.forms(row[field])] for field in ("title", "text")]
        times = Counter(number for region in regions for number in region if number)
        seen.ids.append(row["id"])
        seen.spans.append(span_of(row["date"]))
        seen.lengths.append(sum(map(len, regions)))
        for number, tf in times.items():
            _note(by_number[number], docid, tf)
        for phrase, wanted in phrases:
            if all(number in times for number in wanted):
                _note(seen.found[phrase], docid, sum(_occurrences(region, wanted) for region in regions))
    seen.found.update({(numbers.terms[number],): found for number, found in enumerate(by_number) if number})
    return seen


def span_of(written: str | None) -> tuple[int, int] | None:
    """The seconds of a date; None for none."""
    if written is None:
        return None
    from searchkit import DateInterval

    interval = DateInterval.parse(written)
    return interval.start_second, interval.end_second


def _note(found: Found, docid: int, times: int) -> None:
    if times:
        docids, occurrences = found
        docids.append(docid)
        occurrences.append(times)


def _occurrences(region: list[int], wanted: list[int]) -> int:
    size = len(wanted)
    return sum(region[i : i + size] == wanted for i, first in enumerate(region) if first == wanted[0])
