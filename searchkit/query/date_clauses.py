"""The date clauses of a query text: what stands behind `date:` becomes a range of seconds.

A date names a whole period, so each form is about the start or the end of one:

    2020-10, 2020-09/2020-10    from the start of the period to its end
    [A TO B]   {A TO B}         from the start of A to the end of B; a brace leaves its own date out
    >=A   >A   <=A   <A         from the start of A; from the end of A; to the end of A; to the start of A
    none                        articles without a date
    *                           articles with a date

A date may be a spoken one: yesterday, 'last month', and, where a whole range can stand, 'since 2019'.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from attrs import frozen

from searchkit.dates import DateInterval, WeekStart, parse_range
from searchkit.errors import DateError, in_short
from searchkit.query.complaints import Complaints
from searchkit.query.marks import range_ends
from searchkit.query.nodes import DateRange, Undated

__all__ = ["DateReader"]

_LONGEST = 200
"""Characters of a date text; longer ones are no dates, and are not looked at."""

_OPEN_ENDS = ("", "*", "..")

_FORMS = "write a date like 2020, 2020-10, 2020-10-02 or 'last month', or a range like [2020-09 TO 2020-10]"


@frozen
class DateReader:
    """Reads date clauses as of a moment, in a time zone. A clause that cannot be read is told of, and is None."""

    complaints: Complaints
    now: datetime | None = None
    timezone: str = "UTC"
    week_starts: WeekStart = "monday"

    def named(self, text: str, position: int, is_quoted: bool) -> DateRange | Undated | None:
        """A date or an interval, `none`, or `*`. Quotes make no difference."""
        text = text.strip()
        if text.casefold() == "none":
            return Undated()
        if text == "*":
            return DateRange(text=text)
        return self._range(text, position, lambda: parse_range(text, **self._moment))

    def compared(self, relation: str, text: str, position: int, is_quoted: bool) -> DateRange | None:
        """A side of a date: `relation` is one of > >= => < <= =<."""

        def sides() -> tuple[int | None, int | None]:
            date = self._date(text)
            at_start = relation in (">=", "=>", "<")
            side = date.start_second if at_start else date.end_second
            return (side, None) if ">" in relation else (None, side)

        return self._range(relation + text, position, sides)

    def between(self, text: str, position: int) -> DateRange | None:
        """A range in brackets or braces, which belong to `text`."""

        def sides() -> tuple[int | None, int | None]:
            ends = range_ends(text[1:-1])
            if ends is None:
                raise DateError(text, "not a range", "write [2020-09 TO 2020-10]")
            first, last = (
                None if end in _OPEN_ENDS else self._date(end) for end in (end.strip("'\"").strip() for end in ends)
            )
            start = None if first is None else first.start_second if text[0] == "[" else first.end_second
            end = None if last is None else last.end_second if text[-1] == "]" else last.start_second
            return start, end

        return self._range(text, position, sides)

    def _date(self, text: str) -> DateInterval:
        return DateInterval.parse(text, **self._moment)

    @property
    def _moment(self) -> dict[str, Any]:
        return {"now": self.now, "timezone": self.timezone, "week_starts": self.week_starts}

    def _range(self, text: str, position: int, sides: Callable[[], tuple[int | None, int | None]]) -> DateRange | None:
        """What `sides` reads from `text`; None, and a complaint, if it is no date or a range of no time at all."""
        try:
            if len(text) > _LONGEST:
                raise DateError(text[:_LONGEST], "too long for a date")
            start, end = sides()
            if start is not None and end is not None and start >= end:
                raise DateError(text, "no time lies in it", "write the earlier date first")
        except DateError as error:
            problem = f"the date {in_short(text)} ({error.reason})"
            self.complaints.add("date", problem, position, "left out of the query", error.hint or _FORMS)
            return None
        return DateRange(start, end, text=text)
