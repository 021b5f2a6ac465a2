"""What a caller may add to the formula, as values that check themselves. docs/ranking.md tells what they do."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from typing import TypeAlias

import attrs

from searchkit.dates import DateInterval
from searchkit.errors import QueryError

__all__ = ["HalfLife", "Rm3", "seconds_of"]

Moment: TypeAlias = "str | date | datetime | DateInterval"

_DAY = 86_400.0
_SECONDS = {"h": 3_600.0, "d": _DAY, "w": 7 * _DAY, "m": 365.25 / 12 * _DAY, "y": 365.25 * _DAY}
_SPAN = re.compile(
    r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*(?:(h)(?:ours?)?|(d)(?:ays?)?|(w)(?:eeks?)?|(m)onths?|(y)(?:ears?)?)\s*",
    re.IGNORECASE,
)


def seconds_of(span: str | float | timedelta) -> float:
    """The seconds of a stretch of time: "12h", "30d", "6 weeks", "3 months", "1 year", a timedelta, or seconds.

    A month is the twelfth of a year, a year has 365.25 days. QueryError for what is none, or not above 0.
    """
    seconds = math.nan
    if isinstance(span, timedelta):
        seconds = span.total_seconds()
    elif isinstance(span, str):
        found = _SPAN.fullmatch(span)
        if found:
            seconds = float(found[1]) * next(_SECONDS[unit.lower()] for unit in found.groups()[1:] if unit)
    elif isinstance(span, int | float) and not isinstance(span, bool):
        seconds = float(span)
    if not 0 < seconds < math.inf:
        raise QueryError(
            f"{span!r} is no stretch of time", hint='write "12h", "30d", "6 weeks", "3 months" or "1 year"'
        )
    return seconds


@attrs.frozen
class HalfLife:
    """Newer articles first, but not only: a score is multiplied by 1 - weight + weight * 2 ** (-distance / half_life).

    The distance is the time between the article's date and now, 0 where they overlap; the future is as far away as the
    past. Of an undated article 1 - weight is left, as of one from long ago.
    """

    half_life: str | float | timedelta
    """As of `seconds_of`: "30d", "2 weeks", "1 year", seconds."""
    weight: float = attrs.field(default=0.3, kw_only=True)
    """From 0 (dates make no difference) to 1 (what is long ago scores nothing)."""
    now: Moment | None = attrs.field(default=None, kw_only=True)
    """The moment or period that distances are counted from; None: the `now` of the search."""
    seconds: float = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "seconds", seconds_of(self.half_life))
        _check_share("weight", self.weight)


@attrs.frozen
class Rm3:
    """A second search, for the query and for what its first hits have in common (pseudo-relevance feedback).

    Abdul-Jaleel and others, UMass at TREC 2004 (RM3), after Lavrenko and Croft, Relevance-Based Language Models (2001).
    """

    articles: int = 10
    """So many of the first hits are read."""
    terms: int = 10
    """So many of their terms are asked for as well."""
    weight: float = 0.5
    """The share of these terms in the second query, from 0 to 1."""

    def __attrs_post_init__(self) -> None:
        for name, value, most in (("articles", self.articles, 100), ("terms", self.terms, 100)):
            if type(value) is not int or not 1 <= value <= most:
                raise QueryError(f"{name} is {value!r}", hint=f"it must be a whole number from 1 to {most}")
        _check_share("weight", self.weight)


def _check_share(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise QueryError(f"{name} is {value!r}", hint="it must be a number from 0 to 1")
