"""Searches without options, which most are: what holds for them is checked and worked out once.

A search of a rare word takes a few microseconds, and more than half of them went into options that were not given and
into layers of Python. So the scope and the settings of such searches are kept, for the snapshot that is shown, and the
core goes from them and the text to the results (core/usual.pxi).
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from searchkit.core.evaluate import Shortcut, Way
from searchkit.search.answer import Ask, Match, Scope, ranking_of, settings_of
from searchkit.search.results import Results

if TYPE_CHECKING:
    from searchkit.indexing.snapshot import Snapshot
    from searchkit.query.nodes import Query
    from searchkit.search.cursor import Pages

__all__ = ["Usual"]

MOST = 64  # kept at a time


class Usual(Shortcut):
    """Ways by limit, offset and match."""

    __slots__ = ("_known", "_pages", "_snapshot")

    def __init__(self, pages: Pages) -> None:
        super().__init__(Results)
        self._pages = pages
        self._snapshot: Snapshot | None = None
        self._known: dict[tuple[int | None, int, str, bool, bool], Way] = {}

    def find(
        self, snapshot: Snapshot, limit: int | None, offset: int, match: Match, plain: bool, skipping: bool
    ) -> Way | None:
        """What holds for a search without other options; None where one is of a type that is not kept.

        Raises QueryError for what makes no sense.
        """
        if type(offset) is not int or type(match) is not str or not (limit is None or type(limit) is int):
            return None
        if self._snapshot is not snapshot:
            self._known = {}
            self._snapshot = snapshot
        key = (limit, offset, match, plain, skipping)
        known = self._known.get(key)
        if known is None or known.snapshot is not snapshot:
            scope = self._scope(snapshot, match, plain)
            settings = settings_of(snapshot, limit, offset, "score", ranking_of(scope), skipping)
            if len(self._known) >= MOST:
                self._known = {}
            known = self._known[key] = Way(snapshot, *key, scope, settings, scope.plain)
        return known

    def answer(self, way: Way, query: str | Query) -> Results:
        """The results of a query that goes the long way."""
        start = perf_counter()
        # A scope of its own, as dates that are read in it start from its now.
        scope = self._scope(way.snapshot, way.scope.match, way.scope.plain)
        return Ask(query, scope).search_bound(way.settings, start, 0)

    def clear(self) -> None:
        """Let go of the snapshot."""
        self._way = self._snapshot = None
        self._known = {}

    def _scope(self, snapshot: Snapshot, match: Match, plain: bool) -> Scope:
        scope = Scope(snapshot, match, plain=plain)
        scope.pages, scope.ranking = self._pages, ("score", ranking_of(scope), None)
        return scope
