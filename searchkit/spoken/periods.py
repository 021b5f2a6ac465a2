"""One period by its name: `october 2020`, `monday 5 october 2020`, `q3 2020`, `the 1990s`, `week 40 of 2020`.

    period    relative | day | MONTH year | quarter year | half year | season year | week | decade | century | written
    day       [WEEKDAY] ([ORDINAL] MONTH | MONTH ORDINAL) year

Years are read in `named`, what is smaller or larger than a month in `parts`, periods relative to now in `relative`.
"""

from __future__ import annotations

import re

from attrs import evolve

from searchkit.spoken.calendar import DAY, WEEKDAYS, Span, days, days_in, months
from searchkit.spoken.cursor import Cursor
from searchkit.spoken.named import SHORT_YEAR, YEAR, Period, checked_year, of_year, year_said
from searchkit.spoken.parts import decade, iso_week_of, part, placed, season, week_of_year
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

__all__ = ["period"]

_ISO_WEEK = re.compile(r"([0-9]{4})-?w([0-9]{2})(?:-?([1-7]))?")
_PART = re.compile(r"(?:([0-9]{4})-?)?([qhw])([0-9]{1,2})")
_DECADE = re.compile(r"([0-9]{3}0)'?s")
_SHORT_DECADE = re.compile(r"'?([0-9]0)'?s")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?|[0-9]{1,2}[ap]m")
_SUFFIXED = re.compile("[0-9]+[a-z]+")
_ERAS = ("bc", "bce", "ad", "ce")
_NAMED_DECADES = {"twenties": 20, "thirties": 30, "forties": 40, "fifties": 50} | (
    {"sixties": 60, "seventies": 70, "eighties": 80, "nineties": 90}
)


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
        first = here.clock.current("week", shift).start // DAY
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
    if span.end - span.start != DAY or span.start % DAY:
        raise here.refusal(f"{name!r} is no day that a {WEEKDAYS[weekday]} could be", f"write {name!r}")
    right = WEEKDAYS[span.start // DAY % 7]
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
    if first_month := here.take_in(SEASONS):
        return season(here, word, first_month, year)
    if _DECADE.fullmatch(word):
        here.at += 1
        return decade(here, int(word[:4]))
    if (match := _SHORT_DECADE.fullmatch(word)) or word in _NAMED_DECADES:
        ten = int(match[1]) if match else _NAMED_DECADES[word]
        century = 2000 if ten <= 20 else 1900
        raise here.refusal("of which century?", either(f"{century + ten}s", f"{century + ten - 100}s"))
    if match := _ISO_WEEK.fullmatch(word):
        here.at += 1
        return iso_week_of(here, int(match[2]), int(match[1]), int(match[3] or 0))
    if match := _PART.fullmatch(word):
        here.at += 1
        return part(here, match[2], int(match[3]), int(match[1]) if match[1] else year)
    if word in ("week", "quarter") or (word == "calendar" and here.word(1) == "week"):
        return _numbered(here, year)
    if year is None:
        if word in ("year", "month") and here.word(1):
            here.at += 1
            here.take("of")
            return _named(here, None)
        if YEAR.fullmatch(word):
            return _year_first(here)
    if (place := ordinal_of(word)) is not None and (found := placed(here, place, year)) is not None:
        return found
    return _day_first(here, year)


def _year_first(here: Cursor) -> Period:
    """A year alone, or before a part of it: `2020 q3`, `2020 october 2`."""
    word = here.word()
    year = checked_year(here, word)
    here.at += 1
    following = here.word()
    is_part = following in MONTHS or following in SEASONS or following == "week" or _PART.fullmatch(following)
    if is_part and not (following == "sun" or following[:4].isdigit()):
        return _named(here, year)
    return Period(word, months(12 * year, 12 * year + 12), year)


def _month(here: Cursor, month: int, year: int | None) -> Period:
    """A month, or a day with its month first."""
    name = MONTH_NAMES[month - 1]
    word = here.word()
    day = ordinal_of(word)
    if day is None and word.isdigit() and len(word) <= 2:
        day = int(word)
        if year is None and not YEAR.fullmatch(here.word(1)) and here.word(1) not in ("of", *DIRECTIONS):
            if SHORT_YEAR.fullmatch(here.word(1)):
                here.at += 1
                year_said(here, None)
            raise here.refusal(
                f"is {word} a day or a year?", either(f"{word} {name} {here.clock.year}", f"{name} 20{word:0>2}")
            )
    if day is None or here.word(1) in UNITS:
        return of_year(here, name, year, lambda of, _: months(12 * of + month - 1, 12 * of + month))
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
    return of_year(here, name, year, lambda of, _: _span_of_day(here, day, month, of), month)


def _span_of_day(here: Cursor, day: int, month: int, year: int) -> Span:
    number = 12 * year + month - 1
    length = days_in(number)
    if not 1 <= day <= length:
        name = f"{MONTH_NAMES[month - 1].capitalize()} {year:04}"
        raise here.refusal(f"there is no day {day:02} in {name}", f"it has days 01 to {length}")
    first = months(number, number + 1).start // DAY + day - 1
    return days(first, first + 1)


def _numbered(here: Cursor, year: int | None) -> Period:
    """`week 40 of 2020`, `week of 5 october 2020`, `quarter 3 of 2020`."""
    here.take("calendar")
    unit = here.take("week", "quarter")
    if unit == "week" and here.take("of", "from"):
        inner = period(here)
        if inner.span is None:
            raise here.refusal("of which year?", "write 'week of 5 october 2020'")
        week = here.clock.week_of(inner.span.start // DAY)
        if inner.span.end > week.end:
            raise here.refusal(f"{inner.name!r} is longer than a week", "write 'week of 5 october 2020'")
        return Period(f"week of {inner.name}", days(week.start // DAY, week.end // DAY))
    word = here.word()
    if not word.isdigit() or len(word) > 2:
        raise here.refusal(f"which {unit}?", either(f"{unit} 3 of {here.clock.year}", f"last {unit}"))
    here.at += 1
    return week_of_year(here, int(word), year) if unit == "week" else part(here, "q", int(word), year)


def _written(here: Cursor) -> Period:
    """A date as it is written, its time of day behind a blank or not."""
    word = here.word()
    if _TIME.fullmatch(here.word(1)) and "-" in word and here.word(1)[2:3] == ":":
        word = f"{word}T{here.word(1)}"
        here.at += 1
    start, end = here.written(word)
    here.at += 1
    return Period(word, Span(start, end), int(word[:4]) if YEAR.match(word) else None)


def _refuse_time(here: Cursor) -> None:
    at = here.word() == "at"
    if at or _TIME.fullmatch(here.word()):
        raise here.refusal("a time of day is only read in a written date", "write 2020-10-02T10:15")
