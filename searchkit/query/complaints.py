"""What is wrong with a query text, told in one of two ways.

Strict reading raises the first complaint as a `QueryError`. Lenient reading mends or leaves out what it cannot
understand and collects a warning that names the fault, its place, and what was done about it.
"""

from __future__ import annotations

from attrs import define, field

from searchkit.errors import QueryError

__all__ = ["Complaints", "quoted"]

MAX_WARNINGS = 20
"""Warnings that are spelt out for one query; the rest are only counted."""

_QUOTED_LENGTH = 40
"""Characters of a faulty text that a message repeats."""


@define
class Complaints:
    """Collects the faults of one text, or raises the first of them."""

    strict: bool
    _warnings: list[str] = field(factory=list, init=False)
    _unsaid: int = field(default=0, init=False)

    def add(self, problem: str, position: int | None, done: str, hint: str) -> None:
        """Tell of `problem` at `position` (a character of the text, from 0; None: the text as a whole).

        `done` says what lenient reading makes of it, `hint` how to write it better. Raises QueryError if strict.
        """
        if self.strict:
            raise QueryError(problem, position or 0, hint)
        if len(self._warnings) == MAX_WARNINGS:
            self._unsaid += 1
            return
        where = "" if position is None else f" at character {position + 1}"
        self._warnings.append(f"{problem}{where}: {done}")

    def warnings(self) -> tuple[str, ...]:
        """All that was added so far, in that order."""
        return (*self._warnings, *([f"and {self._unsaid} more such warnings"] if self._unsaid else []))


def quoted(text: str) -> str:
    """A piece of the query for a message: in quotes, on one line, not too long."""
    short = text if len(text) <= _QUOTED_LENGTH else text[: _QUOTED_LENGTH - 1] + "…"
    return repr(short)
