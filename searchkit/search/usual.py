"""Searches without options, which most are: what holds for them is checked and worked out once.

A search of a rare word takes a few microseconds, and half of them went into checking that no option was given. So the
scope and the settings of such searches are kept, for the snapshot that is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchkit.search.answer import Match, Scope, ranking_of, settings_of

if TYPE_CHECKING:
    from searchkit.core.evaluate import Settings
    from searchkit.indexing.snapshot import Snapshot
    from searchkit.search.cursor import Pages

__all__ = ["Usual"]

MOST = 64  # kept at a time


class Usual:
    """Scopes and settings by limit, offset and match."""

    __slots__ = ("_known", "_pages", "_snapshot")

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._snapshot: Snapshot | None = None
        self._known: dict[tuple[int | None, int, str, bool, bool], tuple[Scope, Settings]] = {}

    def find(
        self, snapshot: Snapshot, limit: int | None, offset: int, match: Match, plain: bool, skipping: bool
    ) -> tuple[Scope, Settings] | None:
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
        # A scope in which a date was read has its own now: it is of the past.
        if known is None or known[0].known_now is not None or known[0].snapshot is not snapshot:
            scope = Scope(snapshot, match, plain=plain)
            ranking = ranking_of(scope)
            scope.pages, scope.ranking = self._pages, ("score", ranking, None)
            known = scope, settings_of(snapshot, limit, offset, "score", ranking, skipping)
            if len(self._known) >= MOST:
                self._known = {}
            self._known[key] = known
        return known

    def clear(self) -> None:
        """Let go of the snapshot."""
        self._snapshot = None
        self._known = {}
