"""How the scores of a search fade with time: `recency`, `soft_since` and `soft_until`, as the fades of the formula."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TypeAlias

from searchkit.dates import DateInterval
from searchkit.errors import QueryError
from searchkit.ranking import HalfLife, seconds_of
from searchkit.search.formula import Fade

__all__ = ["Recency", "SoftDate", "fades_of"]

Date: TypeAlias = "str | date | datetime | DateInterval"
SoftDate: TypeAlias = "Date | tuple[Date, str | float | timedelta]"
Recency: TypeAlias = "HalfLife | str | timedelta"
Sides: TypeAlias = "Callable[[str, Date], tuple[int | None, int | None]]"

SOFT_WEIGHT = 0.9  # what lies far outside a soft range keeps a tenth of its score, and so its order


def fades_of(
    sides: Sides,
    now: Callable[[], datetime],
    recency: Recency | None,
    soft_since: SoftDate | None,
    soft_until: SoftDate | None,
) -> tuple[tuple[str, Fade], ...]:
    """The fades that were asked for, each with the name of its option.

    `sides(name, date)`: the seconds that a date names, as for `since` and `until`; raises QueryError. `now()`: of the
    search.
    """
    fades = []
    if recency is not None:
        half_life = HalfLife(recency) if isinstance(recency, str | timedelta) else recency
        if not isinstance(half_life, HalfLife):
            raise QueryError(f"recency is {recency!r}", hint='it must be HalfLife("30d"), "30d" or a timedelta')
        start, end = sides("recency", now() if half_life.now is None else half_life.now)
        fades.append(("recency", Fade(start, end, half_life.seconds, float(half_life.weight))))
    for name, value in (("soft_since", soft_since), ("soft_until", soft_until)):
        if value is not None:
            fades.append((name, _soft(sides, name, value)))
    return tuple(fades)


def _soft(sides: Sides, name: str, value: SoftDate) -> Fade:
    """Without a half-life of its own, a date fades by half in as much time as it names: a day, a month, a year."""
    span = None
    if isinstance(value, tuple):
        if len(value) != 2:
            raise QueryError(f"{name} is {value!r}", hint='it must be a date, or a pair such as ("2020-10", "30d")')
        value, span = value
    start, end = sides(name, value)
    if span is None and (start is None or end is None):
        raise QueryError(f"{name}={value!r} has no length", hint=f'say how fast it fades: {name}=({value!r}, "30d")')
    seconds = float(end - start) if start is not None and end is not None and span is None else seconds_of(span or "")
    return Fade(start if name == "soft_since" else None, end if name == "soft_until" else None, seconds, SOFT_WEIGHT)
