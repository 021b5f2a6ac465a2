"""Parts of years and groups of them, by name: quarters, halves, seasons, weeks, decades and centuries.

part      q3 | h1 | w40 | third quarter | first half | 40th week       and then the year
season    spring | summer | autumn | fall, with the year; winter, with both
decade    1990s
century   20th century
"""

from __future__ import annotations

import re

from searchkit.spoken.calendar import OutOfYears, Span, days, iso_week, months
from searchkit.spoken.cursor import Cursor
from searchkit.spoken.named import Period, checked_year, of_year, year_said
from searchkit.spoken.relative import either
from searchkit.spoken.words import MONTH_NAMES, MONTHS

__all__ = ["decade", "iso_week_of", "part", "placed", "season", "week_of_year"]

_WINTER = re.compile(r"([0-9]{4})[/-]([0-9]{4}|[0-9]{2})")


def part(here: Cursor, kind: str, number: int, year: int | None) -> Period:
    """A quarter, half or week by its letter and number."""
    if kind == "w":
        return week_of_year(here, number, year)
    length, last = (3, 4) if kind == "q" else (6, 2)
    if not 1 <= number <= last:
        raise here.refusal(f"there is no {kind}{number}", f"they run from {kind}1 to {kind}{last}")
    first = length * (number - 1)
    return of_year(here, f"{kind}{number}", year, lambda of, _: months(12 * of + first, 12 * of + first + length))


def placed(here: Cursor, place: int, year: int | None) -> Period | None:
    """What an ordinal counts: `third quarter of 2020`, `first half of 2020`, `40th week of 2020`, `20th century`."""
    unit = here.word(1)
    if unit not in ("quarter", "half", "week", "century"):
        return None
    here.at += 2
    if unit == "century":
        if not 1 <= place <= 99:
            raise OutOfYears
        return Period(f"{_nth(place)} century", months(12 * (100 * place - 99), 12 * (100 * place + 1)))
    if unit == "week":
        return week_of_year(here, place, year)
    if unit == "half":
        mark = here.at
        here.take("of")
        if month := here.take_in(MONTHS):
            return _half_of_month(here, place, month)
        here.at = mark
    kind = "q" if unit == "quarter" else "h"
    return part(here, kind, place, year)


def _half_of_month(here: Cursor, place: int, month: int) -> Period:
    if place not in (1, 2):
        raise here.refusal(f"there is no {_nth(place)} half", "a month has a first and a second half")

    def half(year: int, _: int) -> Span:
        number = 12 * year + month - 1
        first, end = (day // 86_400 for day in months(number, number + 1))
        return days(first, first + 15) if place == 1 else days(first + 15, end)

    return of_year(here, f"{'first' if place == 1 else 'second'} half of {MONTH_NAMES[month - 1]}", None, half)


def season(here: Cursor, name: str, month: int, year: int | None) -> Period:
    """Three whole months. A winter is in two years, and both must be named."""
    if month == 12:
        here.take("of")
        match = _WINTER.fullmatch(here.word())
        if match:
            here.at += 1
            first = checked_year(here, match[1])
            second = int(match[2]) if len(match[2]) == 4 else first // 100 * 100 + int(match[2])
            if second % 100 == 0 and len(match[2]) == 2:
                second += 100
            if second != first + 1:
                raise here.refusal("a winter lies in two years that follow each other", "write 'winter 2020/21'")
            return Period(f"winter {match[0]}", months(12 * first + 11, 12 * first + 14))
        known = year_said(here, year) or here.clock.year
        raise here.refusal("a winter lies in two years", _winters(known))
    return of_year(here, name, year, lambda of, _: months(12 * of + month - 1, 12 * of + month + 2))


def _winters(year: int) -> str:
    return either(f"winter {year - 1}/{year % 100:02}", f"winter {year}/{(year + 1) % 100:02}")


def week_of_year(here: Cursor, number: int, year: int | None) -> Period:
    known = year_said(here, year)
    if known is None:
        return Period(f"week {number}", None, maker=lambda of, _: _week_span(here, number, of, 0))
    return iso_week_of(here, number, known, 0)


def iso_week_of(here: Cursor, number: int, year: int, weekday: int) -> Period:
    return Period(f"week {number} of {year:04}", _week_span(here, number, year, weekday), year)


def _week_span(here: Cursor, number: int, year: int, weekday: int) -> Span:
    """An ISO week, or a day of it (1: Monday, to 7; 0: all of it)."""
    if year == 0:
        raise here.refusal("there is no year 0000", "years run from 0001 to 9999")
    first, weeks = iso_week(year, number)
    if not 1 <= number <= weeks:
        raise here.refusal(f"there is no week {number:02} in {year:04}", f"it has weeks 01 to {weeks}")
    return days(first + weekday - 1, first + weekday) if weekday else days(first, first + 7)


def decade(here: Cursor, year: int) -> Period:
    if year % 100 == 0:
        century = _nth(year // 100 + 1)
        raise here.refusal("ten years or a hundred?", either(f"{year:04} to {year + 9:04}", f"{century} century"))
    return Period(f"{year:04}s", months(12 * year, 12 * year + 120))


def _nth(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else endings.get(number % 10, 'th')}"
