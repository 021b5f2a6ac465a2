"""More like this: the articles that share the weightiest words of one.

    weight of a term    tf * idf        tf: how often it stands in the article (in a title, `title_weight` times)
    query               term_1^1 OR term_2^(weight_2 / weight_1) OR ...     the `terms` weightiest, heaviest first

Equal weights stand in the order of the terms' bytes. The query is a query like any other: it is ranked by BM25, can be
explained, and is `results.query`. Terms that no other article has are left out, they could find nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from searchkit.article import Article
from searchkit.core.evaluate import Answer, Settings
from searchkit.errors import QueryError
from searchkit.indexing.snapshot import Snapshot
from searchkit.query.nodes import Boost, Nothing, Or, Query, Term
from searchkit.search.answer import Ask, Scope
from searchkit.search.formula import OWN
from searchkit.search.plan import plan

if TYPE_CHECKING:
    from searchkit.search.collapse import Fold

__all__ = ["Resembling", "telling"]

MOST_TERMS = 1_024


def telling(snapshot: Snapshot, article: Article, terms: int, df: int) -> Query:
    """The query for the weightiest terms of an article, of those that at least `df` articles have."""
    if type(terms) is not int or not 1 <= terms <= MOST_TERMS:
        raise QueryError(f"terms is {terms!r}", hint=f"it must be a whole number from 1 to {MOST_TERMS:,}")
    counts: Counter[str] = Counter()  # by word form
    for text, times in ((article.title, snapshot.options.title_weight), (article.text, 1)):
        for form in snapshot.analyzer.forms(text):
            counts[form] += times
    frequencies: Counter[str] = Counter()
    forms: dict[str, str] = {}  # of each term, the form that came first: query nodes hold words as they are written
    for form, count in counts.items():
        term = snapshot.term_of(form)
        frequencies[term] += count
        forms.setdefault(term, form)
    weights = []
    for term, tf in frequencies.items():
        found = snapshot.lists(term).df
        if tf and found >= df:
            weights.append((-tf * OWN.idf(snapshot.articles, found), term.encode(), forms[term]))
    weights.sort()
    words: list[Query] = []
    heaviest = weights[0][0] if weights else 0.0
    for weight, _, form in weights:
        if len(words) == terms:
            break
        if snapshot.analyzer.forms(form) == [form]:  # else it would be read as something else than it was
            words.append(Term(form) if weight == heaviest else Boost(Term(form), weight / heaviest))
    return Or(*words) if words else Nothing()


class Resembling(Ask):
    """A query that leaves one article out, by its segment number and docid; None: none."""

    __slots__ = ("_without",)

    def __init__(self, query: Query, scope: Scope, without: tuple[int, int] | None, fold: Fold | None = None) -> None:
        super().__init__(query, scope, fold=fold)
        self._without = without

    def ranked(self, settings: Settings, deadline: int) -> Answer | None:
        if self._without is None or not settings.wanted:
            return super().ranked(settings, deadline)
        # One hit more than is wanted, and from the first on: the article may be any of them.
        answer = super().ranked(settings.first(settings.wanted + 1), deadline)
        if answer is None:
            return None
        others = [number for number, place in enumerate(answer.places()) if place != self._without]
        return answer.select(others[: settings.wanted], settings.offset)

    def count(self) -> int:
        return super().count() - self._is_found()

    def matches(self) -> list[bytes]:
        bitmaps = list(super().matches())
        if self._without is not None and self._is_found():
            part, docid = self._without
            bitmap = bytearray(bitmaps[part])
            bitmap[docid >> 3] &= ~(1 << (docid & 7))
            bitmaps[part] = bytes(bitmap)
        return bitmaps

    def _is_found(self) -> bool:
        """Whether the query finds the article that is left out."""
        if self._without is None or self.bound is None:
            return False
        return self.snapshot.searcher.frequencies(plan(self.bound, self.snapshot)[0], *self._without)[0]
