"""One period by its name: `october 2020`, `monday 5 october 2020`, `q3 2020`, `the 1990s`, `week 40 of 2020`.

    period    relative | day | MONTH year | quarter year | half year | season year | week | decade | century | written
    day       [WEEKDAY] ([ORDINAL] MONTH | MONTH ORDINAL) year
    year      four digits | `last year` and its like

A year that is missing may be named by the other side of a range (`june to august 2020`), so a period can be without
one for the time being. Periods relative to now are read in `relative`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from attrs import evolve, frozen

from searchkit.spoken.calendar import WEEKDAYS, OutOfYears, Span, days, days_in, iso_week, months
from searchkit.spoken.cursor import Cursor
from searchkit.spoken.relative import DIRECTIONS, either, relative
from searchkit.spoken.words import (
    HOLIDAYS,
    MONTH_NAMES,
    MONTHS,
    SEASONS,
    UNITS,
    VAGUE,
    WEEKDAY_WORDS,
    count_of,
    ordinal_of,
)

__all__ = ["Period", "period"]

_Maker: TypeAlias = "Callable[[int, int], Span]"
"""From a year, and a month of it (1 to 12; only of interest where no month was said), to what is named."""

_YEAR = re.compile(r"[0-9]{4}")
_SHORT_YEAR = re.compile(r"'?[0-9]{2}")
_ISO_WEEK = re.compile(r"([0-9]{4})-?w([0-9]{2})(?:-?([1-7]))?")
_PART = re.compile(r"(?:([0-9]{4})-?)?([qhw])([0-9]{1,2})")
_DECADE = re.compile(r"([0-9]{3}0)'?s")
_SHORT_DECADE = re.compile(r"'?([0-9]0)'?s")
_WINTER = re.compile(r"([0-9]{4})[/-]([0-9]{4}|[0-9]{2})")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?|[0-9]{1,2}[ap]m")
_SUFFIXED = re.compile("[0-9]+[a-z]+")
_ERAS = ("bc", "bce", "ad", "ce")
_NAMED_DECADES = {"twenties": 20, "thirties": 30, "forties": 40, "fifties": 50} | (
    {"sixties": 60, "seventies": 70, "eighties": 80, "nineties": 90}
)


@frozen
class Period:
    """What was named, with its year where one was said."""

    name: str
    span: Span | None
    """None: the year is missing."""
    year: int | None = None
    month: int | None = None
    """Of a day: what a number alone on the other side of a range is a day of (`2 to 5 october 2020`)."""
    maker: _Maker | None = None
    needs_month: bool = False

    def given(self, year: int, month: int | None) -> Period:
        """The period in a year (and month) that the other side of a range names."""
        if self.maker is None or (self.needs_month and month is None):
            return self
        return evolve(self, span=self.maker(year, month or 0))


def period(here: Cursor) -> Period:
    """Read one period. DateError if none stands here."""
    start = here.at
    while here.word() in ("in", "on", "during", "within", "over") and here.word(1):
        if here.word() == "in" and count_of(here.word(1)) is not None and here.word(2) in UNITS:
            break  # in 2 weeks
        here.at += 1
    span = relative(here)
    if span is not None:
        found = Period(here.since(start), span)
    elif (weekday := WEEKDAY_WORDS.get(here.word())) is not None:
        here.at += 1
        found = _on_weekday(here, weekday)
    else:
        found = _named(here, None)
    _refuse_time(here)
    return found


def _on_weekday(here: Cursor, weekday: int) -> Period:
    """A day with its weekday before it, which must be the right one; or a weekday of this, last or next week."""
    name = WEEKDAYS[weekday]
    mark = here.at
    here.take("of")
    shift = here.take_in(DIRECTIONS)
    if shift is not None and here.take("week"):
        first = here.clock.current("week", shift).start // 86_400
        day = first + (weekday - first) % 7
        return Period(f"{name} {here.since(mark)}", days(day, day + 1))
    here.at = mark
    here.take("on")
    if not here.word()[:1].isdigit() and here.word() not in MONTHS and ordinal_of(here.word()) is None:
        raise here.refusal(f"which {name}?", either(f"last {name}", f"next {name}"))
    found = _named(here, None)
    if found.span is not None:
        _check_weekday(here, weekday, found.name, found.span)
        return found
    maker = found.maker
    assert maker is not None

    def checked(year: int, month: int) -> Span:
        span = maker(year, month)
        _check_weekday(here, weekday, f"{found.name} {year}", span)
        return span

    return evolve(found, name=f"{name} {found.name}", maker=checked)


def _check_weekday(here: Cursor, weekday: int, name: str, span: Span) -> None:
    if span.end - span.start != 86_400 or span.start % 86_400:
        raise here.refusal(f"{name!r} is no day that a {WEEKDAYS[weekday]} could be", f"write {name!r}")
    right = WEEKDAYS[span.start // 86_400 % 7]
    if right != WEEKDAYS[weekday]:
        raise here.refusal(f"{name} is a {right}, not a {WEEKDAYS[weekday]}", f"write {name!r} or '{right} {name}'")


def _named(here: Cursor, year: int | None) -> Period:
    """A period by its name. `year`: it was said before (`2020 q3`)."""
    start, word = here.at, here.word()
    if not word:
        raise here.refusal("a date is missing" if start else "the date is empty")
    if word in VAGUE:
        raise here.refusal(f"{word!r} {VAGUE[word]}", "say when it starts and ends: 'from march 2020 to may 2020'")
    if month := here.take_in(MONTHS):
        return _month(here, month, year)
    if season := here.take_in(SEASONS):
        return _season(here, word, season, year)
    if _DECADE.fullmatch(word):
        here.at += 1
        return _decade(here, int(word[:4]))
    if (match := _SHORT_DECADE.fullmatch(word)) or word in _NAMED_DECADES:
        ten = int(match[1]) if match else _NAMED_DECADES[word]
        century = 2000 if ten <= 20 else 1900
        raise here.refusal("of which century?", either(f"{century + ten}s", f"{century + ten - 100}s"))
    if match := _ISO_WEEK.fullmatch(word):
        here.at += 1
        return _week(here, int(match[2]), int(match[1]), int(match[3] or 0))
    if match := _PART.fullmatch(word):
        here.at += 1
        return _part(here, match[2], int(match[3]), int(match[1]) if match[1] else year)
    if word in ("week", "quarter") or (word == "calendar" and here.word(1) == "week"):
        return _numbered(here, year)
    if year is None:
        if word in ("year", "month") and here.word(1):
            here.at += 1
            here.take("of")
            return _named(here, None)
        if _YEAR.fullmatch(word):
            return _year_first(here)
    if (place := ordinal_of(word)) is not None and (found := _placed(here, place, year)) is not None:
        return found
    return _day_first(here, year)


def _year_first(here: Cursor) -> Period:
    """A year alone, or before a part of it: `2020 q3`, `2020 october 2`."""
    word = here.word()
    year = _checked_year(here, word)
    here.at += 1
    following = here.word()
    is_part = following in MONTHS or following in SEASONS or following == "week" or _PART.fullmatch(following)
    if is_part and not (following == "sun" or following[:4].isdigit()):
        return _named(here, year)
    return Period(word, months(12 * year, 12 * year + 12), year)


def _year(here: Cursor, year: int | None) -> int | None:
    """The year that follows, or the one that was said before; None if there is none."""
    if year is not None:
        return year
    start = here.at
    here.take("of", "in")
    shift = here.take_in(DIRECTIONS)
    if shift is not None and here.take("year"):
        return here.clock.year + shift
    if shift is None:
        here.take("year")
        word = here.word()
        if _YEAR.fullmatch(word):
            here.at += 1
            return _checked_year(here, word)
        if _SHORT_YEAR.fullmatch(word):
            digits = word.strip("'")
            raise here.refusal("a year of two digits is ambiguous", f"write all four: 20{digits} or 19{digits}")
    here.at = start
    return None


def _checked_year(here: Cursor, word: str) -> int:
    if word == "0000":
        raise here.refusal("there is no year 0000", "years run from 0001 to 9999")
    return int(word)


def _of_year(here: Cursor, name: str, year: int | None, maker: _Maker, month: int | None = None) -> Period:
    """What `maker` makes of the year, once one is known."""
    known = _year(here, year)
    if known is None:
        return Period(name, None, None, month, maker)
    return Period(f"{name} {known:04}", maker(known, 0), known, month)


def _month(here: Cursor, month: int, year: int | None) -> Period:
    """A month, or a day with its month first."""
    name = MONTH_NAMES[month - 1]
    word = here.word()
    day = ordinal_of(word)
    if day is None and word.isdigit() and len(word) <= 2:
        day = int(word)
        if year is None and not _YEAR.fullmatch(here.word(1)) and here.word(1) not in ("of", *DIRECTIONS):
            if _SHORT_YEAR.fullmatch(here.word(1)):
                here.at += 1
                _year(here, None)
            raise here.refusal(
                f"is {word} a day or a year?", either(f"{word} {name} {here.clock.year}", f"{name} 20{word:0>2}")
            )
    if day is None or here.word(1) in UNITS:
        return _of_year(here, name, year, lambda of, _: months(12 * of + month - 1, 12 * of + month))
    here.at += 1
    return _day(here, day, month, year)


def _day_first(here: Cursor, year: int | None) -> Period:
    """A day with its number first; or what is written; or nothing that is known."""
    word = here.word()
    day = ordinal_of(word)
    if day is None and word.isdigit() and len(word) <= 2:
        day = int(word)
    if here.word(1) in _ERAS or word in _ERAS:
        raise here.refusal("eras are not read", "years run from 0001 to 9999, in four digits")
    if day is not None:
        start = here.at
        here.at += 1
        here.take("of")
        if month := here.take_in(MONTHS):
            return _day(here, day, month, year)
        here.at = start + 1
        if here.word() in UNITS:
            raise here.refusal(f"{word} {here.word()}: of when?", either(f"past {word} {here.word()}", "2 weeks ago"))
        if day <= 31:
            return Period(word, None, maker=lambda of, month: _span_of_day(here, day, month, of), needs_month=True)
    if word[:1].isdigit() and not _SUFFIXED.fullmatch(word):
        return _written(here)
    if word in HOLIDAYS:
        raise here.refusal(f"days of the church and of custom are not known ({word!r})", "write 25 december 2020")
    if word in UNITS or word in DIRECTIONS or word in ("q", "h", "half", "weekend"):
        raise here.refusal(
            f"{word!r} alone is no date", "a date of several words goes in quotes in a query: date:'last month'"
        )
    raise here.refusal("not a date that is understood" if not here.at else f"{word!r} is not understood")


def _day(here: Cursor, day: int, month: int, year: int | None) -> Period:
    name = f"{day} {MONTH_NAMES[month - 1]}"
    return _of_year(here, name, year, lambda of, _: _span_of_day(here, day, month, of), month)


def _span_of_day(here: Cursor, day: int, month: int, year: int) -> Span:
    number = 12 * year + month - 1
    length = days_in(number)
    if not 1 <= day <= length:
        name = f"{MONTH_NAMES[month - 1].capitalize()} {year:04}"
        raise here.refusal(f"there is no day {day:02} in {name}", f"it has days 01 to {length}")
    first = months(number, number + 1).start // 86_400 + day - 1
    return days(first, first + 1)


def _season(here: Cursor, name: str, month: int, year: int | None) -> Period:
    """Three whole months. A winter is in two years, and both must be named."""
    if month == 12:
        here.take("of")
        match = _WINTER.fullmatch(here.word())
        if match:
            here.at += 1
            first = _checked_year(here, match[1])
            second = int(match[2]) if len(match[2]) == 4 else first // 100 * 100 + int(match[2])
            if second % 100 == 0 and len(match[2]) == 2:
                second += 100
            if second != first + 1:
                raise here.refusal("a winter lies in two years that follow each other", "write 'winter 2020/21'")
            return Period(f"winter {match[0]}", months(12 * first + 11, 12 * first + 14))
        known = _year(here, year) or here.clock.year
        raise here.refusal("a winter lies in two years", _winters(known))
    return _of_year(here, name, year, lambda of, _: months(12 * of + month - 1, 12 * of + month + 2))


def _winters(year: int) -> str:
    return either(f"winter {year - 1}/{year % 100:02}", f"winter {year}/{(year + 1) % 100:02}")


def _decade(here: Cursor, year: int) -> Period:
    if year % 100 == 0:
        century = _nth(year // 100 + 1)
        raise here.refusal("ten years or a hundred?", either(f"{year:04} to {year + 9:04}", f"{century} century"))
    return Period(f"{year:04}s", months(12 * year, 12 * year + 120))


def _nth(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else endings.get(number % 10, 'th')}"


def _part(here: Cursor, kind: str, number: int, year: int | None) -> Period:
    """A quarter, half or week by its letter and number."""
    if kind == "w":
        return _week_of_year(here, number, year)
    length, last = (3, 4) if kind == "q" else (6, 2)
    if not 1 <= number <= last:
        raise here.refusal(f"there is no {kind}{number}", f"they run from {kind}1 to {kind}{last}")
    first = length * (number - 1)
    return _of_year(here, f"{kind}{number}", year, lambda of, _: months(12 * of + first, 12 * of + first + length))


def _numbered(here: Cursor, year: int | None) -> Period:
    """`week 40 of 2020`, `week of 5 october 2020`, `quarter 3 of 2020`."""
    here.take("calendar")
    unit = here.take("week", "quarter")
    if unit == "week" and here.take("of", "from"):
        inner = period(here)
        if inner.span is None:
            raise here.refusal("of which year?", "write 'week of 5 october 2020'")
        week = here.clock.week_of(inner.span.start // 86_400)
        if inner.span.end > week.end:
            raise here.refusal(f"{inner.name!r} is longer than a week", "write 'week of 5 october 2020'")
        return Period(f"week of {inner.name}", days(week.start // 86_400, week.end // 86_400))
    word = here.word()
    if not word.isdigit() or len(word) > 2:
        raise here.refusal(f"which {unit}?", either(f"{unit} 3 of {here.clock.year}", f"last {unit}"))
    here.at += 1
    return _week_of_year(here, int(word), year) if unit == "week" else _part(here, "q", int(word), year)


def _week_of_year(here: Cursor, number: int, year: int | None) -> Period:
    known = _year(here, year)
    if known is None:
        return Period(f"week {number}", None, maker=lambda of, _: _week_span(here, number, of, 0))
    return _week(here, number, known, 0)


def _week(here: Cursor, number: int, year: int, weekday: int) -> Period:
    return Period(f"week {number} of {year:04}", _week_span(here, number, year, weekday), year)


def _week_span(here: Cursor, number: int, year: int, weekday: int) -> Span:
    """An ISO week, or a day of it (1: Monday, to 7; 0: all of it)."""
    if year == 0:
        raise here.refusal("there is no year 0000", "years run from 0001 to 9999")
    first, weeks = iso_week(year, number)
    if not 1 <= number <= weeks:
        raise here.refusal(f"there is no week {number:02} in {year:04}", f"it has weeks 01 to {weeks}")
    return days(first + weekday - 1, first + weekday) if weekday else days(first, first + 7)


def _placed(here: Cursor, place: int, year: int | None) -> Period | None:
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
        return _week_of_year(here, place, year)
    if unit == "half":
        mark = here.at
        here.take("of")
        if month := here.take_in(MONTHS):
            return _half_of_month(here, place, month)
        here.at = mark
    kind = "q" if unit == "quarter" else "h"
    return _part(here, kind, place, year)


def _half_of_month(here: Cursor, place: int, month: int) -> Period:
    if place not in (1, 2):
        raise here.refusal(f"there is no {_nth(place)} half", "a month has a first and a second half")

    def half(year: int, _: int) -> Span:
        number = 12 * year + month - 1
        first, end = (day // 86_400 for day in months(number, number + 1))
        return days(first, first + 15) if place == 1 else days(first + 15, end)

    return _of_year(here, f"{'first' if place == 1 else 'second'} half of {MONTH_NAMES[month - 1]}", None, half)


def _written(here: Cursor) -> Period:
    """A date as it is written, its time of day behind a blank or not."""
    word = here.word()
    if _TIME.fullmatch(here.word(1)) and "-" in word and here.word(1)[2:3] == ":":
        word = f"{word}T{here.word(1)}"
        here.at += 1
    start, end = here.written(word)
    here.at += 1
    return Period(word, Span(start, end), int(word[:4]) if _YEAR.match(word) else None)


def _refuse_time(here: Cursor) -> None:
    at = here.word() == "at"
    if at or _TIME.fullmatch(here.word()):
        raise here.refusal("a time of day is only read in a written date", "write 2020-10-02T10:15")
