"""The words of spoken dates: how a text falls into them, and what each can stand for.

    "Since Mon., the 2nd of Oct 2020"      since mon 2nd of oct 2020

Case, commas, full stops behind words and the word "the" say nothing about a date and are dropped; dashes of print are
read as "to". A word can stand for several things (`second`, `may`): the grammar asks for the one that can stand there.
"""

from __future__ import annotations

import re
from typing import Final

from searchkit.spoken.calendar import WEEKDAYS

__all__ = [
    "HOLIDAYS",
    "MONTHS",
    "MONTH_NAMES",
    "SEASONS",
    "UNITS",
    "VAGUE",
    "WEEKDAY_WORDS",
    "count_of",
    "ordinal_of",
    "split",
]

MONTH_NAMES: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

MONTHS: Final = {
    **{name: number for number, name in enumerate(MONTH_NAMES, 1)},
    **{name[:3]: number for number, name in enumerate(MONTH_NAMES, 1)},
    "sept": 9,
}

WEEKDAY_WORDS: Final = {
    **{name: number for number, name in enumerate(WEEKDAYS)},
    **{name[:3]: number for number, name in enumerate(WEEKDAYS)},
} | {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}

_UNITS = ("second", "minute", "hour", "day", "week", "fortnight", "month", "quarter", "year", "decade")

UNITS: Final = (
    {unit: unit for unit in _UNITS}
    | {unit + "s": unit for unit in _UNITS}
    | {"century": "century", "centuries": "century", "yr": "year", "yrs": "year"}
    | {"sec": "second", "secs": "second", "min": "minute", "mins": "minute", "hr": "hour", "hrs": "hour"}
)

SEASONS: Final = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The month with which each begins, as meteorologists of the northern half of the earth have it."""

_ONES = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_NUMBERS = {name: number for number, name in enumerate(_ONES, 1)} | (
    {"a": 1, "an": 1, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
)

_FIRSTS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
    "twentieth",
)
_ORDINALS = (
    {name: number for number, name in enumerate(_FIRSTS, 1)}
    | {f"twenty-{name}": 20 + number for number, name in enumerate(_FIRSTS[:9], 1)}
    | {"thirtieth": 30, "thirty-first": 31}
)

VAGUE: Final = {
    **dict.fromkeys(("early", "mid", "middle", "late", "around", "about", "circa", "ca", "roughly"), "has no limits"),
    **dict.fromkeys(("approximately", "recent", "recently", "lately", "soon", "ages"), "has no limits"),
    **dict.fromkeys(("few", "couple", "several", "some", "many"), "is no number"),
}
"""Words that leave open what is meant, and why."""

HOLIDAYS: Final = frozenset(
    {"christmas", "xmas", "easter", "thanksgiving", "halloween", "ramadan", "eid", "hanukkah", "diwali", "carnival"}
    | {"pentecost", "advent", "midsummer", "eve", "holiday", "holidays"}
)

_NOISE = str.maketrans({",": " ", "’": "'", "‘": "'", "–": " to ", "—": " to ", "−": "-", "\u2010": "-", "\u2011": "-"})
_ORDINAL = re.compile(r"([0-9]{1,4})(st|nd|rd|th)")
_NUMBER = re.compile(r"[0-9]{1,9}")


def split(text: str) -> list[str]:
    """The words of a text, in lower case."""
    words = (word.rstrip(".") for word in text.casefold().translate(_NOISE).split())
    return [word for word in words if word and word != "the"]


def count_of(word: str) -> int | None:
    """The number of things that a word says (`7`, `seven`, `a`)."""
    return int(word) if _NUMBER.fullmatch(word) else _NUMBERS.get(word)


def ordinal_of(word: str) -> int | None:
    """The place in a row that a word says (`2nd`, `second`). An ending that does not fit (`2th`) is none."""
    match = _ORDINAL.fullmatch(word)
    if match is None:
        return _ORDINALS.get(word)
    number = int(match[1])
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return number if match[2] == ending else None
