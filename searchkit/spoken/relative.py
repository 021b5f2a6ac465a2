"""Periods relative to now: `yesterday`, `last month`, `past 7 days`, `2 weeks ago`, `next monday`.

last, this, next UNIT       the calendar unit before this one, this one, the one after
past N UNITS, last N UNITS  N units that end with today (hours and less: with this second)
next N UNITS                N units that start with tomorrow
N UNITS ago, in N UNITS     the day that lies so far off (hours and less: the clock hour, minute or second)
last, next WEEKDAY          the nearest one before today, after today
this WEEKDAY                the one of this week
"""

from __future__ import annotations

from typing import Final

from searchkit.spoken.calendar import SECONDS_OF, Span, days, months, span, weekend
from searchkit.spoken.cursor import Cursor
from searchkit.spoken.words import MONTHS, SEASONS, UNITS, VAGUE, WEEKDAY_WORDS, count_of

__all__ = ["DIRECTIONS", "either", "relative"]

DIRECTIONS: Final = (
    {"last": -1, "past": -1, "previous": -1}
    | {"this": 0, "current": 0}
    | {"next": 1, "coming": 1, "upcoming": 1, "following": 1}
)

_DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}


def either(one: str, other: str) -> str:
    """The suggestion of two ways to say it."""
    return f"write '{one}' or '{other}'"


def relative(here: Cursor) -> Span | None:
    """Read a period relative to now, if one stands here."""
    clock, word = here.clock, here.word()
    shift = here.take_in(_DAYS)
    if shift is not None:
        return clock.current("day", shift)
    if here.take("now"):
        return span(clock.second, clock.second + 1)
    pair = (word, here.word(1), here.word(2))
    if pair in (("day", "before", "yesterday"), ("day", "after", "tomorrow")):
        here.at += 3
        return clock.current("day", -2 if pair[1] == "before" else 2)
    if word in UNITS and pair[1:] in (("before", "last"), ("after", "next")):
        here.at += 3
        shift = -2 if pair[1] == "before" else 2
        return clock.current(_calendar_unit(here, UNITS[word], word, shift), shift)
    direction = here.take_in(DIRECTIONS)
    if direction is not None:
        return _directed(here, word, direction)
    return _distant(here)


def _distant(here: Cursor) -> Span | None:
    """`2 weeks ago`, `in 2 weeks`, `2 weeks from now`."""
    start = here.at
    is_ahead = bool(here.take("in"))
    count, unit, tail = count_of(here.word()), UNITS.get(here.word(1)), here.word(2)
    is_ahead = is_ahead or tail == "hence" or (tail == "from" and here.word(3) in ("now", "today"))
    if count is not None and here.word(1) in VAGUE:  # a couple of weeks ago
        raise here.refusal(f"{here.word(1)!r} {VAGUE[here.word(1)]}", "write '2 weeks ago' or 'past 2 weeks'")
    is_year = len(here.word()) == 4 and here.word().isdigit()  # 2020 week 40
    if count is None or unit is None or (is_year and not is_ahead and tail != "ago"):
        here.at = start
        return None
    here.at += 2
    if is_ahead:
        here.take("hence")
        here.at += 2 if here.word() == "from" else 0
        return here.clock.distant(count, unit)
    if here.take("ago"):
        return here.clock.distant(-count, unit)
    said = here.since(start)
    raise here.refusal("so much time, but of when?", either(f"past {said}", f"{said} ago"))


def _directed(here: Cursor, word: str, direction: int) -> Span:
    """What follows `last`, `this`, `next` and their like."""
    clock, following = here.clock, here.word()
    if following in VAGUE:
        raise here.refusal(f"{following!r} {VAGUE[following]}", f"write '{word} 3 days'")
    count = count_of(following)
    if count is not None and here.word(1) in UNITS:
        here.at += 2
        return _rolling(here, word, count, UNITS[here.word(-1)])
    weekday = here.take_in(WEEKDAY_WORDS)
    if weekday is not None:
        return _weekday(here, direction, weekday)
    if here.take("weekend"):
        return weekend(clock.today, direction)
    unit = here.take_in(UNITS)
    if unit is not None:
        if word in ("past", "coming", "upcoming"):
            return _rolling(here, word, 1, unit)
        return clock.current(_calendar_unit(here, unit, word, direction), direction)
    month = MONTHS.get(following)
    if (month or following in SEASONS or _is_quarter(following)) and direction:
        year = clock.year
        raise here.refusal("of which year?", either(f"{following} {year}", f"{following} {year + direction}"))
    if month:
        here.at += 1
        return months(12 * clock.year + month - 1, 12 * clock.year + month)
    if _is_quarter(following):
        here.at += 1
        first = 12 * clock.year + 3 * int(following[1]) - 3
        return months(first, first + 3)
    season = SEASONS.get(following)
    if season is not None and season < 12:
        here.at += 1
        return months(12 * clock.year + season - 1, 12 * clock.year + season + 2)
    hint = "say last month or past 7 days; in a query, a date of several words goes in quotes: date:'last month'"
    raise here.refusal(f"{word!r} what?" if not following else f"'{word} {following}' is not understood", hint)


def _is_quarter(word: str) -> bool:
    return word in ("q1", "q2", "q3", "q4")


def _calendar_unit(here: Cursor, unit: str, word: str, shift: int) -> str:
    """A unit that the calendar has a last, this or next one of, which cannot be taken for another."""
    if unit == "fortnight":
        raise here.refusal("fortnights have no place in the calendar", either("past fortnight", "this week"))
    if shift and (unit in SECONDS_OF or unit == "day"):
        one = f"{'an' if unit == 'hour' else 'a'} {unit}"
        clear = ("past 24 hours", "yesterday") if shift < 0 else ("tomorrow", "in 24 hours")
        if unit != "day":
            clear = (f"past {unit}", f"{one} ago") if shift < 0 else (f"coming {unit}", f"in {one}")
        raise here.refusal(f"by the calendar or by the clock? ('{word} {unit}')", either(*clear))
    return unit


def _rolling(here: Cursor, word: str, count: int, unit: str) -> Span:
    if count == 0:
        raise here.refusal(f"no time lies in 0 {unit}s", "write 'today' or 'past 7 days'")
    if word in ("last", "past"):
        return here.clock.last(count, unit)
    if word in ("next", "coming", "upcoming"):
        return here.clock.next(count, unit)
    raise here.refusal(
        f"does {word!r} count from today or from the last whole {unit}?",
        either(f"past {count} {unit}s", f"last {unit}"),
    )


def _weekday(here: Cursor, direction: int, weekday: int) -> Span:
    today = here.clock.today
    if direction < 0:
        day = today - ((today - weekday - 1) % 7 + 1)
    elif direction > 0:
        day = today + ((weekday - today - 1) % 7 + 1)
    else:
        first = here.clock.week_of(today).start // 86_400
        day = first + (weekday - first) % 7
    return days(day, day + 1)
