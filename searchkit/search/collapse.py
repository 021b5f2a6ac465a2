"""Collapsing: of hits that are much alike only the best is shown, the others are folded under it.

    "near"     near-duplicates by their fingerprints (core/fingerprint.h)
    a field    the same value of a declared field, of several the least

Down the ranking each hit joins the first group to whose best hit it is near (whose value it has), or begins a group. So
the first groups depend on the first hits only: they are found by asking for more and more of them, and are the same on
every page. Which other hits are folded under the best of a group is found by walking the whole ranking once, if
somebody asks: what is not near to any of the groups before belongs to none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from searchkit.core.columns import NO_RANK
from searchkit.core.evaluate import Answer, Settings, clock
from searchkit.core.fingerprints import Groups
from searchkit.errors import QueryError, in_short
from searchkit.search.bind import TimeUp, check_time
from searchkit.search.where import sorted_keys

if TYPE_CHECKING:
    from searchkit.indexing.snapshot import Snapshot
    from searchkit.search.answer import Ask
    from searchkit.search.results import Results

__all__ = ["Fold"]

Place: TypeAlias = tuple[int, int]  # number of the segment, and docid
Join: TypeAlias = Callable[[Place, bool], int]  # the number of an article's group; begin one, or -1

NEAR = "near"


class Fold:
    """How one search is collapsed, and what it found."""

    def __init__(self, by: str, snapshot: Snapshot) -> None:
        """`by`: "near" or a declared field. Raises QueryError."""
        fields = snapshot.options.fields
        if by != NEAR and (not isinstance(by, str) or by not in fields):
            known = ", ".join([NEAR, *fields])
            raise QueryError(
                f"collapse is {in_short(by)}", hint=f"it must be {NEAR} or a declared field, one of: {known}"
            )
        if by == NEAR and not snapshot.has_fingerprints:
            raise QueryError(
                "the index keeps nothing to tell near-duplicates by", hint="make it with store=True, which keeps texts"
            )
        self._by = by
        self._snapshot = snapshot
        self._join: Join = self._joining()
        self._shown: dict[Place, int] = {}  # the best hit of each group that was found, and the group's number
        self._settings: Settings | None = None
        self._folded: dict[int, list[Place]] | None = None

    def search(self, ask: Ask, settings: Settings, start: float) -> Results:
        """The best hit of each group, as many as are wanted; at the deadline those that were found until then."""
        deadline = ask.scope.deadline()
        most = self._snapshot.articles
        depth = min(2 * settings.wanted + 16, most)
        self._settings, self._folded = settings, None
        late = False
        while True:
            try:
                answer = ask.ranked(settings.first(depth), deadline) if settings.wanted else None
            except TimeUp:
                return ask.results(None, perf_counter() - start, late=True)
            if answer is None:
                return ask.results(None, perf_counter() - start)
            shown, late = self._group(answer, deadline)
            if len(shown) >= settings.wanted or len(answer) < depth or depth == most or answer.late or late:
                break
            depth = min(2 * depth, most)
        chosen = answer.select(shown[: settings.wanted], settings.offset)
        return ask.results(chosen, perf_counter() - start, late)

    def folded(self, ask: Ask, place: Place) -> list[Place]:
        """The other hits of a group, in their order, by its best one. Raises SearchTimeout."""
        if self._folded is None:
            assert self._settings is not None, "hits come from a search"
            with ask.scope.whole():
                self._folded = self._assign(ask, self._settings, ask.scope.deadline())
        return self._folded[self._shown[place]]

    def _group(self, answer: Answer, deadline: int) -> tuple[list[int], bool]:
        """The numbers of the hits that begin a group, and whether the time was up before all were looked at.

        All is done anew: a deeper ranking need not begin as this one did, if the time was up.
        """
        self._join = self._joining()
        self._shown = {}
        shown: list[int] = []
        for number, place in enumerate(answer.places()):
            if deadline and clock() >= deadline:
                return shown, True
            if self._join(place, True) == len(self._shown):
                self._shown[place] = len(self._shown)
                shown.append(number)
        return shown, False

    def _assign(self, ask: Ask, settings: Settings, deadline: int) -> dict[int, list[Place]]:
        """All that is found, without the best hits of groups, by the number of its group. Raises TimeUp."""
        folded: dict[int, list[Place]] = {number: [] for number in self._shown.values()}
        answer = ask.ranked(settings.first(self._snapshot.articles), deadline)
        if answer is None or answer.late:
            raise TimeUp
        for other in answer.places():
            check_time(deadline)
            if other not in self._shown and (number := self._join(other, False)) >= 0:
                folded[number].append(other)
        return folded

    def _joining(self) -> Join:
        """How articles are put into groups, none of which has begun yet."""
        snapshot = self._snapshot
        if self._by == NEAR:
            groups = Groups()
            return lambda place, begin: groups.join(snapshot.fingerprint(*place), begin)
        keys = sorted_keys(self._by, False, snapshot)
        numbers: dict[int | Place, int] = {}

        def join(place: Place, begin: bool) -> int:
            key = keys[place[0]][place[1]]
            own = place if key == NO_RANK else key  # without a value, an article is alone
            return numbers.setdefault(own, len(numbers)) if begin else numbers.get(own, -1)

        return join
