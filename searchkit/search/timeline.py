"""When it happened: all articles that a query finds, counted by day, week, month, quarter or year.

    period    a calendar day, a week from Monday on, a month, a quarter or a year; numbered from that of 0001-01-01 on
    bucket    a period and how many articles surely lie in it
    unplaced  articles dated too coarsely for these periods, or across the end of one: they are in no bucket
    undated   articles without a date

An article of October 2020 counts in its month, its quarter and its year; in a timeline by day it is unplaced, as nobody
knows the day. So buckets, `unplaced` and `undated` add up to all matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import attrs

from searchkit.core.timeline import PERIODS, count_periods
from searchkit.dates import DateInterval
from searchkit.errors import QueryError

if TYPE_CHECKING:
    from searchkit.core.program import Parts

__all__ = ["Bucket", "By", "Timeline", "bar", "bars", "coarse", "timeline"]

By: TypeAlias = Literal["day", "week", "month", "quarter", "year"]

SHOWN = 12  # buckets with articles in a repr
WIDTH = 72  # columns of a timeline as text
GAP = 3  # empty periods in a row that are drawn; more become one line
EIGHTHS = " ▏▎▍▌▋▊▉"


@attrs.frozen
class Bucket:
    """A period and how many articles lie in it. `start` and `end` are naive datetimes, half open as those of a
    DateInterval are: the last year ends at datetime.max.
    """

    label: str  # 2020-10-02, 2020-W40, 2020-10, 2020-Q4 or 2020
    start: datetime
    end: datetime
    count: int

    @property
    def interval(self) -> DateInterval:
        """The period as a date to search: `on=bucket.interval, dates="within"` finds the articles of the bucket."""
        return DateInterval(self.start, self.end)


@attrs.frozen(repr=False)
class Timeline(Sequence[Bucket]):
    """How many articles lie in each period, as a sequence of buckets, the first period first.

    With gaps filled, every period from the first to the last is there; without, only those with an article.
    """

    by: By
    numbers: Sequence[int]  # of the periods, rising
    counts: tuple[int, ...]  # of each
    unplaced: int
    undated: int

    @property
    def total(self) -> int:
        """All articles: those in buckets, the unplaced and the undated."""
        return sum(self.counts) + self.unplaced + self.undated

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        return tuple(self)

    @overload
    def __getitem__(self, index: int) -> Bucket: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Bucket, ...]: ...

    def __getitem__(self, index: int | slice) -> Bucket | tuple[Bucket, ...]:
        if isinstance(index, slice):
            return tuple(map(self._bucket, self.numbers[index], self.counts[index]))
        return self._bucket(self.numbers[index], self.counts[index])

    def __len__(self) -> int:
        return len(self.counts)

    def __iter__(self) -> Iterator[Bucket]:
        return map(self._bucket, self.numbers, self.counts)

    def label(self, periods: int) -> str:
        """The name of the period so many periods behind the first. Requires: there is a first."""
        return _label(self.by, _first_day(self.by, self.numbers[0] + periods))

    def _bucket(self, number: int, count: int) -> Bucket:
        start = _first_day(self.by, number)
        return Bucket(_label(self.by, start), _midnight(start), _end(self.by, number), count)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The buckets as dicts that JSON can hold: period, start and end (half open) in ISO form, count."""
        return [
            {
                "period": bucket.label,
                "start": bucket.start.isoformat(),
                "end": bucket.end.isoformat(),
                "count": bucket.count,
            }
            for bucket in self
        ]

    def plot(self, path: str | Path) -> Path:
        """Draw the timeline with matplotlib into a file; its ending (.png, .svg, .pdf) says in which form.

        Raises SearchkitError where matplotlib is not installed.
        """
        from searchkit.search.plot import plot

        return plot(self, Path(path))

    def __str__(self) -> str:
        """The timeline as bars, for a terminal."""
        rows = bars(self, WIDTH)
        lines = [f"{label}  {drawn}{' ' * bool(drawn)}{count}" if label else "⋮" for label, drawn, count in rows]
        return "\n".join([self.headline, *lines])

    def __repr__(self) -> str:
        filled = list(islice((bucket for bucket in self if bucket.count), SHOWN + 1))
        shown = "".join(f"\n  {bucket.label}  {bucket.count:,}" for bucket in filled[:SHOWN])
        more = "\n  ..." if len(filled) > SHOWN else ""
        return f"<Timeline {self.headline}>{shown}{more}"

    def _repr_html_(self) -> str:
        from searchkit.search.notebook import timeline_html

        return timeline_html(self)

    @property
    def headline(self) -> str:
        """What it counts, in a line."""
        apart = [
            f"{count:,} {name}" for name, count in (("unplaced", self.unplaced), ("undated", self.undated)) if count
        ]
        return ", ".join([f"by {self.by}: {self.total:,} articles", *apart])


def timeline(parts: Parts, matches: Sequence[bytes], by: str, gaps: bool) -> Timeline:
    """The timeline of the articles that bitmaps mark, see Searcher.matches. QueryError for another period."""
    if not isinstance(by, str) or by not in PERIODS:
        raise QueryError(f"by is {by!r}", hint=f"it must be one of {', '.join(PERIODS)}")
    found, unplaced, undated = count_periods(parts, matches, by)
    numbers: Sequence[int] = tuple(sorted(found))
    if gaps and found:
        numbers = range(numbers[0], numbers[-1] + 1)
    return Timeline(by, numbers, tuple([found.get(number, 0) for number in numbers]), unplaced, undated)  # type: ignore[arg-type]


def bars(timeline: Timeline, width: int) -> Iterator[tuple[str, str, str]]:
    """Label, bar and count of each period, to be drawn in so many columns with two blanks and one between them.

    Three empty strings stand for many empty periods in a row.
    """
    most = max(timeline.counts, default=0)
    counts = [f"{count:,}" for count in timeline.counts]
    label_width = len(timeline[0].label) if timeline else 0
    room = max(width - label_width - 3 - max(map(len, counts), default=0), 1)
    rows = zip(timeline, counts, strict=True)
    for found, group in groupby(rows, key=lambda row: row[0].count > 0):
        some = list(group)
        if not found and len(some) > GAP:
            yield "", "", ""
        else:
            yield from ((bucket.label, bar(bucket.count, most, room), count) for bucket, count in some)


def coarse(timeline: Timeline, most: int) -> tuple[list[int], int]:
    """Counts for a picture of at most so many bars, gaps filled, and how many periods each of them stands for."""
    if not timeline:
        return [], 1
    first, span = timeline.numbers[0], timeline.numbers[-1] + 1 - timeline.numbers[0]
    step = -(-span // most)
    sums = [0] * -(-span // step)
    for number, count in zip(timeline.numbers, timeline.counts, strict=True):
        sums[(number - first) // step] += count
    return sums, step


def bar(count: int, most: int, room: int) -> str:
    """A bar of at most so many columns; at least an eighth of one for what is not nothing."""
    eighths = max(count * room * 8 // most, 1) if count else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")


def _first_day(by: str, number: int) -> date:
    """Of a period; ValueError or OverflowError where it lies behind the year 9999."""
    if by == "day":
        return date.fromordinal(number + 1)
    if by == "week":
        return date.fromordinal(7 * number + 1)  # 0001-01-01 was a Monday
    months = number * {"month": 1, "quarter": 3, "year": 12}[by]
    return date(months // 12 + 1, months % 12 + 1, 1)


def _end(by: str, number: int) -> datetime:
    try:
        return _midnight(_first_day(by, number + 1))
    except (ValueError, OverflowError):
        return datetime.max


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _label(by: str, start: date) -> str:
    if by == "week":
        year, week, _ = start.isocalendar()
        return f"{year:04}-W{week:02}"
    if by == "quarter":
        return f"{start.year:04}-Q{(start.month + 2) // 3}"
    return start.isoformat()[: {"day": 10, "month": 7, "year": 4}[by]]
