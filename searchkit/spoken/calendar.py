"""The arithmetic of the calendar behind spoken dates, in whole numbers.

    day       days since 0001-01-01, which was a Monday
    month     12 * year + month - 1
    Span      seconds since 0001-01-01T00:00:00, from `start` to just before `end`

Nothing here overflows: what leaves the years 1 to 9999 is an OutOfYears.
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

__all__ = [
    "DAY",
    "MONTHS_OF",
    "SECONDS_OF",
    "WEEKDAYS",
    "Clock",
    "OutOfYears",
    "Span",
    "days",
    "days_in",
    "iso_week",
    "months",
    "moved",
    "span",
    "weekend",
]

DAY: Final = 86_400
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

LAST_DAY: Final = date.max.toordinal()
"""The day after 9999-12-31."""

MONTHS_OF: Final = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1_200}
"""Units that are a number of months."""

SECONDS_OF: Final = {"second": 1, "minute": 60, "hour": 3_600}


class OutOfYears(Exception):
    """A moment before the year 1 or after the year 9999."""


class Span(NamedTuple):
    """A stretch of time, never empty."""

    start: int
    end: int


class Clock(NamedTuple):
    """The moment that relative dates start from, and the day on which weeks start (0: Monday)."""

    second: int
    first_weekday: int

    @property
    def today(self) -> int:
        return self.second // DAY

    @property
    def month(self) -> int:
        return _month_and_day(self.today)[0]

    @property
    def year(self) -> int:
        return self.month // 12

    def week_of(self, day: int) -> Span:
        """The week in which a day lies."""
        first = day - (day - self.first_weekday) % 7
        return days(first, first + 7)

    def current(self, unit: str, shift: int) -> Span:
        """The calendar unit that is now, or the one `shift` of them later. The centuries begin with 1901, 2001."""
        if unit in SECONDS_OF:
            length = SECONDS_OF[unit]
            start = (self.second // length + shift) * length
            return span(start, start + length)
        if unit == "day":
            return days(self.today + shift, self.today + shift + 1)
        if unit == "week":
            return self.week_of(self.today + 7 * shift)
        length = MONTHS_OF[unit]
        origin = 12 if unit == "century" else 0
        first = (self.month - origin) // length * length + origin + shift * length
        return months(first, first + length)

    def last(self, count: int, unit: str) -> Span:
        """So many units up to now: days and longer ones end with today, shorter ones with this second."""
        if unit in SECONDS_OF:
            return span(self.second + 1 - count * SECONDS_OF[unit], self.second + 1)
        return days(moved(self.today + 1, -count, unit), self.today + 1)

    def next(self, count: int, unit: str) -> Span:
        """So many units from now: days and longer ones start with tomorrow, shorter ones with the next second."""
        if unit in SECONDS_OF:
            return span(self.second + 1, self.second + 1 + count * SECONDS_OF[unit])
        return days(self.today + 1, moved(self.today + 1, count, unit))

    def distant(self, count: int, unit: str) -> Span:
        """The day that lies so far from today, or the clock hour, minute or second that lies so far from now."""
        if unit in SECONDS_OF:
            return self.current(unit, count)
        day = moved(self.today, count, unit)
        return days(day, day + 1)


def span(start: int, end: int) -> Span:
    if start < 0 or end > LAST_DAY * DAY:
        raise OutOfYears
    return Span(start, end)


def days(first: int, end: int) -> Span:
    """From the first of some days until before another."""
    return span(first * DAY, end * DAY)


def months(first: int, end: int) -> Span:
    """From the start of a month until before another."""
    return days(_first_day(first), _first_day(end))


def days_in(month: int) -> int:
    return _first_day(month + 1) - _first_day(month)


def moved(day: int, count: int, unit: str) -> int:
    """The day so many units later. The 31st, where there is none, is the last of the month."""
    if unit in MONTHS_OF:
        month, place = _month_and_day(day)
        month += count * MONTHS_OF[unit]
        return _first_day(month) + (min(place, days_in(month)) - 1 if place > 1 else 0)
    return day + count * {"day": 1, "week": 7, "fortnight": 14}[unit]


def iso_week(year: int, week: int) -> tuple[int, int]:
    """The first day of an ISO week, a Monday, and how many weeks its year has. Week 1 holds 4 January."""
    first = _week_one(year)
    weeks = (_week_one(year + 1) - first) // 7 if year < 9_999 else 52
    return first + 7 * (week - 1), weeks


def weekend(today: int, shift: int) -> Span:
    """The Saturday and Sunday that today is one of, or the coming ones; or those `shift` weeks later."""
    weekday = today % 7
    saturday = today + (-1 if weekday == 6 else 5 - weekday) + 7 * shift
    return days(saturday, saturday + 2)


def _week_one(year: int) -> int:
    fourth = date(year, 1, 4).toordinal() - 1
    return fourth - fourth % 7


def _month_and_day(day: int) -> tuple[int, int]:
    """The month of a day, and its number there. The day after the last of all is where tomorrow can be."""
    if day == LAST_DAY:
        return 120_000, 1
    there = date.fromordinal(day + 1)
    return 12 * there.year + there.month - 1, there.day


def _first_day(month: int) -> int:
    year, place = divmod(month, 12)
    if (year, place) == (10_000, 0):
        return LAST_DAY
    if not 1 <= year <= 9_999:
        raise OutOfYears
    return date(year, place + 1, 1).toordinal() - 1
