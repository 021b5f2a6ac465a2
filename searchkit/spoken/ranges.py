"""Ranges of periods, and the door to the grammar.

    range    period
             period to period | from period to period | between period and period
             since period | after period | before period | until period     the last two also behind the first two
             period or later | period or earlier | from period on

Each period counts whole: `since 2019` starts with it, `after 2019` behind it, `until 2019` ends with it, `before 2019`
ahead of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from searchkit.errors import DateError
from searchkit.spoken.calendar import DAY, WEEKDAYS, Clock, OutOfYears, Span
from searchkit.spoken.cursor import FORMS, Cursor, Written
from searchkit.spoken.named import Period
from searchkit.spoken.periods import period
from searchkit.spoken.relative import either

__all__ = ["Range", "read"]

_TO = ("to", "until", "till", "til", "through", "thru", "-")
_ON = ("on", "onward", "onwards")


class Range(NamedTuple):
    """Seconds since 0001-01-01T00:00:00, from `start` until before `end`; None: open on that side."""

    start: int | None
    end: int | None


def read(text: str, now: datetime, week_starts: str, written: Written) -> Range:
    """The range of time that a text says, as of `now` (naive, local). DateError, with a hint, if it is none."""
    if week_starts not in ("monday", "sunday", "saturday"):
        raise DateError(
            str(week_starts)[:60], "week_starts is no day that weeks start on", "monday, sunday or saturday"
        )
    second = (now.toordinal() - 1) * DAY + now.hour * 3_600 + now.minute * 60 + now.second
    here = Cursor(text, Clock(second, WEEKDAYS.index(week_starts)), written)
    try:
        found = _range(here)
    except OutOfYears:
        raise DateError(text, "falls out of the years 0001 to 9999", FORMS) from None
    if here.word():
        raise here.refusal(f"not a date that is understood: {here.word()!r} behind {here.since(0)!r}")
    if found.start is not None and found.end is not None and found.start >= found.end:
        raise here.refusal("it ends before it starts", "write the earlier date first")
    return found


def _range(here: Cursor) -> Range:
    if here.take("between"):
        return _pair(here, period(here), ("and",), "between")
    if here.take("from"):
        first = period(here)
        if here.take(*_ON):
            return Range(_sure(here, first).start, None)
        return _pair(here, first, _TO, "from")
    start = _lower(here)
    if start is not None:
        if here.take("to", "-"):
            return Range(start, _sure(here, period(here)).end)
        here.take("and")
        return Range(start, _upper(here))
    end = _upper(here)
    if end is not None:
        return Range(None, end)
    first = period(here)
    if here.word() in _TO:
        return _pair(here, first, _TO, "")
    return _alone(here, first)


def _alone(here: Cursor, first: Period) -> Range:
    start, end = _sure(here, first)
    if here.take("onward", "onwards"):
        return Range(start, None)
    if here.word() in ("or", "and"):
        if here.word(1) in ("later", "after"):
            here.at += 2
            return Range(start, None)
        if here.word(1) in ("earlier", "before"):
            here.at += 2
            return Range(None, end)
    return Range(start, end)


def _lower(here: Cursor) -> int | None:
    """Where a range starts that begins so."""
    if here.take("since"):
        return _sure(here, period(here)).start
    if here.take("after") or _take_two(here, "later", "than"):
        return _sure(here, period(here)).end
    return None


def _upper(here: Cursor) -> int | None:
    """Where a range ends that ends so."""
    if here.take("until", "till", "til", "through", "thru") or _take_two(here, "up", "to"):
        return _sure(here, period(here)).end
    if here.take("before") or _take_two(here, "prior", "to") or _take_two(here, "earlier", "than"):
        return _sure(here, period(here)).start
    return None


def _take_two(here: Cursor, first: str, second: str) -> bool:
    if here.word() != first or here.word(1) != second:
        return False
    here.at += 2
    return True


def _pair(here: Cursor, first: Period, joints: tuple[str, ...], word: str) -> Range:
    """From the start of a period to the end of another, which may name the year for both."""
    if not here.take(*joints):
        if word == "between":
            raise here.refusal("'between' what?", "write 'between june and august 2020'")
        raise here.refusal("'from' until when?", either(f"since {first.name}", f"from {first.name} to now"))
    last = period(here)
    if first.span is None and last.year is not None:
        first = first.given(last.year, last.month)
        if first.span is not None and last.span is not None and first.span.start >= last.span.end:
            raise here.refusal(
                "it ends before it starts", f"name both years: '{first.name} {last.year - 1} to {last.name}'"
            )
    if first.span is None and last.span is None and not (first.needs_month or last.needs_month):
        both, year = f"{first.name} to {last.name}", here.clock.year
        raise here.refusal(f"{both!r} of which year?", either(f"{both} {year}", f"{both} {year - 1}"))
    if last.span is None and first.year is not None:
        raise here.refusal(f"{last.name!r}: of which year?", f"write '{first.name} to {last.name} {first.year}'")
    return Range(_sure(here, first).start, _sure(here, last).end)


def _sure(here: Cursor, found: Period) -> Span:
    """The span of a period that nobody else can name the year of."""
    if found.span is not None:
        return found.span
    assert found.maker is not None
    if found.needs_month:  # a number alone: whoever reads written dates knows what is wrong with it
        return Span(*here.written(found.name))
    years = []
    for year in range(here.clock.year, max(here.clock.year - 9, 0), -1):
        try:
            found.maker(year, 0)
        except (DateError, OutOfYears):
            continue  # no 29 February, or another weekday
        years.append(f"{found.name} {year:04}")
    hint = FORMS if not years else either(*years[:2]) if len(years) > 1 else f"write '{years[0]}'"
    raise here.refusal(f"{found.name!r} of which year?", hint)
