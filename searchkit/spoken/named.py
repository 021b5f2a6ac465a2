"""What a name of a period comes to: with its year, or without one for the time being.

    year      four digits, also behind `of`, `in` or `year` | `last year` and its like

A year that is missing may be named by the other side of a range: `june to august 2020`, `2 to 5 october 2020`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from attrs import evolve, frozen

from searchkit.spoken.calendar import Span
from searchkit.spoken.cursor import Cursor
from searchkit.spoken.relative import DIRECTIONS

__all__ = ["SHORT_YEAR", "YEAR", "Maker", "Period", "checked_year", "of_year", "year_said"]

Maker: TypeAlias = "Callable[[int, int], Span]"
"""From a year, and a month of it (1 to 12; only of interest where no month was said), to what is named."""

YEAR = re.compile(r"[0-9]{4}")
SHORT_YEAR = re.compile(r"'?[0-9]{2}")


@frozen
class Period:
    """What was named, with its year where one was said."""

    name: str
    span: Span | None
    """None: the year is missing."""
    year: int | None = None
    month: int | None = None
    """Of a day: what a number alone on the other side of a range is a day of (`2 to 5 october 2020`)."""
    maker: Maker | None = None
    needs_month: bool = False

    def given(self, year: int, month: int | None) -> Period:
        """The period in a year (and month) that the other side of a range names."""
        if self.maker is None or (self.needs_month and month is None):
            return self
        return evolve(self, span=self.maker(year, month or 0))


def of_year(here: Cursor, name: str, year: int | None, maker: Maker, month: int | None = None) -> Period:
    """What `maker` makes of the year, once one is known."""
    known = year_said(here, year)
    if known is None:
        return Period(name, None, None, month, maker)
    return Period(f"{name} {known:04}", maker(known, 0), known, month)


def year_said(here: Cursor, year: int | None) -> int | None:
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
        if YEAR.fullmatch(word):
            here.at += 1
            return checked_year(here, word)
        if SHORT_YEAR.fullmatch(word):
            digits = word.strip("'")
            raise here.refusal("a year of two digits is ambiguous", f"write all four: 20{digits} or 19{digits}")
    here.at = start
    return None


def checked_year(here: Cursor, word: str) -> int:
    if word == "0000":
        raise here.refusal("there is no year 0000", "years run from 0001 to 9999")
    return int(word)
