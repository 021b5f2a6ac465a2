"""Where the parts of a query stand in its text: for warnings that arise when the text was read long ago.

Nodes are values without a place, and equal ones may stand in a text twice. So places are told by the nodes themselves,
as the parser made them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from searchkit.query.nodes import Query

__all__ = ["Places"]

Found = Iterable[tuple[Query, int]]


class Places:
    """The characters, from 0, at which nodes begin. Of a query that was no text, none is known."""

    def __init__(self) -> None:
        self._starts: dict[int, tuple[Query, int]] = {}  # by id: the node is held, so that no other takes its id
        self._later: Callable[[], Found] | None = None

    def keep(self, node: Query, start: int) -> None:
        self._starts[id(node)] = node, start

    def keep_later(self, find: Callable[[], Found]) -> None:
        """Find them when the first is asked for, which is seldom."""
        self._later = find

    def of(self, *nodes: Query) -> int | None:
        """Where the first of these stands whose place is known."""
        if self._later is not None:
            for node, start in self._later():
                self.keep(node, start)
            self._later = None
        return next((self._starts[id(node)][1] for node in nodes if id(node) in self._starts), None)
