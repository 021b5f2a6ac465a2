"""What there is to say about a query once its words and fields are looked up."""

from __future__ import annotations

from searchkit.errors import in_short
from searchkit.query.complaints import QueryWarning
from searchkit.query.nodes import Query
from searchkit.query.places import Places

__all__ = ["Remarks"]


class Remarks:
    """Adds to the warnings of a query, with the place in its text, if it had one."""

    def __init__(self, warnings: list[QueryWarning], places: Places | None = None) -> None:
        self._warnings = warnings
        self._places = places

    def add(self, kind: str, named: Query | str, what: str, done: str, *nodes: Query, hint: str = "") -> None:
        """Say of a part of the query, as it is named, what was made of it. It stands where the first of the nodes does
        whose place is known.
        """
        position = None if self._places is None else self._places.of(*nodes)
        where = "" if position is None else f" at character {position + 1}"
        self._warnings.append(QueryWarning(f"{in_short(str(named))}{where} {what}", kind, position, done, hint))
