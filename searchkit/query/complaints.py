"""What is wrong with a query text, told in one of two ways.

Strict reading raises the first complaint as a `QueryError`. Lenient reading mends or leaves out what it cannot
understand and collects a `QueryWarning` that names the fault, its place, and what was done about it.
"""

from __future__ import annotations

from attrs import define, field

from searchkit.errors import QueryError

__all__ = ["KINDS", "Complaints", "QueryWarning"]

MAX_WARNINGS = 20
"""Warnings that are spelt out for one query; the rest are only counted."""

"""Characters of a faulty text that a message repeats."""

KINDS = {
    "bracket": "a bracket without its partner, or with nothing in it",
    "quote": "a quote without its partner, or with nothing in it",
    "operator": "an operator with nothing on one side, or that cannot join what stands there",
    "field": "a field that is not known, or with nothing behind it",
    "boost": "a boost that is no number above 0, or of what does not score",
    "slop": "a slop that is no number from 1",
    "pattern": "a wildcard, a fuzzy word or a regular expression that is not searched as it is written",
    "range": "a range that is not closed, or holds nothing",
    "date": "a date that does not exist or is not understood",
    "condition": "a condition on a declared field that cannot hold",
    "words": "no word in what is to be searched for",
    "limit": "more, longer or deeper than is read or searched",
    "time": "the time was up",
    "page": "a next page, of a state of the index that is gone",
}
"""What a warning can be about."""


class QueryWarning(str):
    """A sentence about something in a query that was not taken as it is written. A str, with what it says in parts.

    kind      one of KINDS: what it is about.
    position  the character of the query text where that stands, from 0; None if it is about no single place.
    done      what was made of it instead.
    hint      how to write it better; "" if there is no better way.
    """

    __slots__ = ("done", "hint", "kind", "position")

    kind: str
    position: int | None
    done: str
    hint: str

    def __new__(cls, text: str, kind: str, position: int | None = None, done: str = "", hint: str = "") -> QueryWarning:
        warning = super().__new__(cls, text)
        warning.kind = kind
        warning.position = position
        warning.done = done
        warning.hint = hint
        return warning

    def __getnewargs__(self) -> tuple[str, str, int | None, str, str]:  # type: ignore[override]
        """For copies and pickles."""
        return str(self), self.kind, self.position, self.done, self.hint


@define
class Complaints:
    """Collects the faults of one text, or raises the first of them."""

    strict: bool
    _warnings: list[QueryWarning] = field(factory=list, init=False)
    _unsaid: int = field(default=0, init=False)

    def add(self, kind: str, problem: str, position: int | None, done: str, hint: str, more: str = "") -> None:
        """Tell of `problem` at `position` (a character of the text, from 0; None: the text as a whole).

        `kind` is one of KINDS. `done` says what lenient reading makes of it, `hint` how to write it better, and `more`
        what else somebody who is warned should know. Raises QueryError if strict.
        """
        if self.strict:
            raise QueryError(problem, position or 0, hint)
        if len(self._warnings) == MAX_WARNINGS:
            self._unsaid += 1
            return
        where = "" if position is None else f" at character {position + 1}"
        text = f"{problem}{where}: {done}" + (f"; {more}" if more else "")
        self._warnings.append(QueryWarning(text, kind, position, done, hint))

    def warnings(self) -> tuple[QueryWarning, ...]:
        """All that was added so far, in that order."""
        if not self._unsaid:
            return tuple(self._warnings)
        return (*self._warnings, QueryWarning(f"and {self._unsaid} more such warnings", "limit"))
