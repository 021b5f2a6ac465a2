"""Dates as intervals: what `2020`, `2020-10` or `2020-10-02T10:15` cover, and how two such stretches of time relate.

An article dated `2020-10` happened somewhere in October 2020. It is therefore kept as the half-open interval from the
first second of October to the first of November, and every question about it is a comparison of two ends:

    overlaps   start < other.end  and  end > other.start       it may have happened then
    within     start >= other.start  and  end <= other.end     it surely did
    contains   start <= other.start  and  end >= other.end     it spans all of it

Ends are counted in whole seconds since 0001-01-01T00:00:00 of the proleptic Gregorian calendar, up to and including
the end of the year 9999. Written forms are those of ISO 8601-2 (EDTF) level 0. A bare date never meets a clock or a
time zone; a time with an offset is moved to one stated zone, once, and has none from then on. What people say (`last
month`, `october 2020`) is read by `searchkit.spoken`, where somebody asks for articles; never in an article itself.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TypeAlias

import attrs

from searchkit.errors import DateError

if TYPE_CHECKING:
    from searchkit.spoken import Range

__all__ = ["MAX_SECOND", "DateInterval", "WeekStart", "parse_range", "zone"]

WeekStart: TypeAlias = Literal["monday", "sunday", "saturday"]
"""The day on which the weeks of `this week` and `last week` start."""

DAY: Final = 86_400
"""Seconds in a day."""

MAX_SECOND: Final = date.max.toordinal() * DAY
"""The end of the year 9999, in seconds since the start of the year 0001."""

LONGEST: Final = 100
"""Characters of the longest text that can be a date; longer ones are not worth a place in the cache."""

_FORMS = "write 2020, 2020-10, 2020-10-02, 2020-10-02T10:15 or an interval such as 2020-09/2020-10"
_EPOCH = datetime(1, 1, 1)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

# How many characters of 2020-10-02T10:15:30 say a date of each precision.
_WIDTHS: Final = {"year": 4, "month": 7, "day": 10, "hour": 13, "minute": 16, "second": 19}
_LENGTHS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": DAY}

# Year, month, day, hour, minute, second, offset. The blank between day and hour is how Python and SQL print datetimes.
_WRITTEN = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:(?:[Tt]| (?=[0-9]{2}:))([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?)?"
    r"([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?)?)?"
)
_OFFSET = re.compile(r"[Tt ][0-9:.,]+[Zz+-]")
_NUMBERS = re.compile(r"([0-9]{1,9})([-/.])([0-9]{1,9})(?:\2([0-9]{1,9}))?")


@attrs.frozen(repr=False)
class DateInterval:
    """A stretch of time from `start` (inclusive) to `end` (exclusive), both naive datetimes, to the second.

    The end of the year 9999 fits no datetime: there `end` is `datetime.max`. `start_second` and `end_second` have no
    such exception. `precision` is the calendar unit that the interval fills exactly ("second", "minute", "hour",
    "day", "month" or "year"), otherwise "interval". Two intervals are equal when they cover the same seconds, however
    they were written; `str()` gives the date as written. Microseconds are dropped.

    Raises DateError when an end is no naive datetime, or the interval is empty.
    """

    start: datetime = attrs.field(eq=False)
    end: datetime = attrs.field(eq=False)
    text: str = attrs.field(default="", kw_only=True, eq=False)
    start_second: int = attrs.field(init=False)
    end_second: int = attrs.field(init=False)
    precision: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        start, end = _whole_seconds(self.start), _whole_seconds(self.end)
        start_second, end_second = _second_of(start), _second_of(end)
        if start_second >= end_second:
            raise DateError(f"{self.start}/{self.end}", "the interval ends before it starts, or is empty")
        unit, precision = _fit(start, end, end_second - start_second)
        put = object.__setattr__
        put(self, "start", start)
        put(self, "end", end)
        put(self, "start_second", start_second)
        put(self, "end_second", end_second)
        put(self, "precision", precision)
        if not self.text:
            put(self, "text", _written(start, end_second, unit, precision))

    @classmethod
    def parse(
        cls, text: str, *, now: datetime | None = None, timezone: str = "UTC", week_starts: WeekStart = "monday"
    ) -> DateInterval:
        """Read a date as people and programs write it, or as people say it.

        EDTF level 0: `2020`, `2020-10`, `2020-10-02`, `2020-10-02T10`, `...T10:15`, `...T10:15:30`, each time with `Z`
        or an offset if wanted, and closed intervals of two such dates, `2020-09/2020-10`, which include both. A time
        with an offset is moved to `timezone` (an IANA name).

        Said, in English: `last month`, `past 7 days`, `2 oct 2020`, `q3 2020`, `june to august 2020` (docs/dates.md).
        `now` is the moment that relative dates start from: local to `timezone` if naive, moved there if aware; None:
        the clock. `str()` of what was said is its written form.

        Raises DateError, and nothing else, whatever is given.
        """
        text = _checked(text, timezone)
        interval = _written_date(text, timezone)
        if interval is not None:
            return interval
        start, end = _spoken(text, now, timezone, week_starts)
        if start is None or end is None:
            raise DateError(_shown(text), "an open range is no date", "open ranges are for searching only")
        return cls.from_seconds(start, end)

    @classmethod
    def from_value(cls, value: DateInterval | str | date | datetime, timezone: str = "UTC") -> DateInterval:
        """The interval of a date in any form that an article may have: a text is read as written, never as said.

        A `date` is a day, a `datetime` one second; an aware one is moved to `timezone`. Raises DateError.
        """
        if isinstance(value, DateInterval):
            return value
        if isinstance(value, datetime):
            if value != value:  # pandas.NaT, which is a datetime
                raise DateError(str(value), "not a moment", "give None for an article without a date")
            value = _text_of(value)
        elif isinstance(value, date):
            value = value.isoformat()
        if isinstance(value, str):
            text = _checked(value, timezone)
            interval = _written_date(text, timezone)
            if interval is None:
                raise DateError(_shown(text), "not a date that is understood", _FORMS)
            return interval
        kind = type(value).__name__
        raise DateError(_shown(repr(value)), f"a date is a str, date, datetime or DateInterval, not {kind}", _FORMS)

    @classmethod
    def from_seconds(cls, start: int, end: int, text: str = "") -> DateInterval:
        """The interval of two numbers of seconds since 0001-01-01T00:00:00, `0 <= start < end <= MAX_SECOND`.

        Without `text`, `str()` gives the shortest written form. Raises DateError for other numbers.
        """
        if not 0 <= start < end <= MAX_SECOND:
            raise DateError(f"{start}/{end}", f"seconds of an interval must rise and lie in 0 to {MAX_SECOND}")
        last = datetime.max if end == MAX_SECOND else _EPOCH + timedelta(0, end)
        return cls(_EPOCH + timedelta(0, start), last, text=text)

    def in_timezone(self, timezone: str) -> DateInterval:
        """The same date, its offset (where it was written with one) moved to `timezone` rather than where it was.

        Raises DateError when there is no such zone, or the year falls out of 1 to 9999.
        """
        return DateInterval.from_value(self.text, timezone) if _OFFSET.search(self.text) else self

    def overlaps(self, other: DateInterval) -> bool:
        """Whether they share a second."""
        return self.start_second < other.end_second and self.end_second > other.start_second

    def within(self, other: DateInterval) -> bool:
        """Whether all of this lies in `other`."""
        return self.start_second >= other.start_second and self.end_second <= other.end_second

    def contains(self, other: DateInterval) -> bool:
        """Whether all of `other` lies in this."""
        return self.start_second <= other.start_second and self.end_second >= other.end_second

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<DateInterval {self.text!r}: {self.start.isoformat()} to {self.end.isoformat()}>"


def parse_range(
    text: str, *, now: datetime | None = None, timezone: str = "UTC", week_starts: WeekStart = "monday"
) -> tuple[int | None, int | None]:
    """Read a range to search in: any date that `DateInterval.parse` reads, or an open one.

    Open ranges are written `2020-09/..`, `../2020-10`, or said: `since 2019`, `before march 2020`.

    Returns (start, end) in seconds since 0001-01-01T00:00:00, half open; None stands for an open side.
    Raises DateError.
    """
    if isinstance(text, str) and text.count("/") == 1 and ".." in text:
        first, last = (side.strip() for side in text.split("/"))
        if first == ".." or last == "..":
            start, end = (
                None if side == ".." else DateInterval.parse(side, now=now, timezone=timezone, week_starts=week_starts)
                for side in (first, last)
            )
            return None if start is None else start.start_second, None if end is None else end.end_second
    text = _checked(text, timezone)
    interval = _written_date(text, timezone)
    if interval is not None:
        return interval.start_second, interval.end_second
    return _spoken(text, now, timezone, week_starts)


def zone(name: str) -> tzinfo:
    """The time zone of an IANA name such as "Europe/Berlin". Raises DateError when there is none of that name."""
    if name == "UTC":
        return UTC
    if not isinstance(name, str):
        raise _no_zone(repr(name))
    from zoneinfo import ZoneInfo  # late: most programs never leave UTC

    try:
        return ZoneInfo(name)
    except (KeyError, OSError, TypeError, ValueError):
        raise _no_zone(name) from None


def _no_zone(name: str) -> DateError:
    return DateError(_shown(name), "no such time zone", 'use an IANA name such as "Europe/Berlin", or "UTC"')


# ---- from the two ends to precision and text


def _whole_seconds(moment: datetime) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        raise DateError(
            _shown(str(moment)), "the ends of an interval are naive datetimes", "use DateInterval.from_value instead"
        )
    return moment.replace(microsecond=0) if moment.microsecond and moment != datetime.max else moment


def _second_of(moment: datetime) -> int:
    if moment == datetime.max:
        return MAX_SECOND
    return (moment.toordinal() - 1) * DAY + moment.hour * 3_600 + moment.minute * 60 + moment.second


def _fit(start: datetime, end: datetime, seconds: int) -> tuple[str, str]:
    """The largest calendar unit on whose borders both ends lie, and that unit again if it is filled exactly once."""
    if end == datetime.max:  # a border of everything, as any first of January is
        end = end.replace(month=1, day=1, hour=0, minute=0, second=0)
        years = end.year + 1 - start.year
    else:
        years = end.year - start.year
    if start.second or end.second:
        unit = "second"
    elif start.minute or end.minute:
        unit = "minute"
    elif start.hour or end.hour:
        unit = "hour"
    elif start.day != 1 or end.day != 1:
        unit = "day"
    elif start.month != 1 or end.month != 1:
        return "month", "month" if years * 12 + end.month - start.month == 1 else "interval"
    else:
        return "year", "year" if years == 1 else "interval"
    return unit, unit if seconds == _LENGTHS[unit] else "interval"


def _written(start: datetime, end_second: int, unit: str, precision: str) -> str:
    """The shortest text that `parse` reads as this interval."""
    first = start.isoformat()[: _WIDTHS[unit]]
    if precision != "interval":
        return first
    return f"{first}/{(_EPOCH + timedelta(0, end_second - 1)).isoformat()[: _WIDTHS[unit]]}"


def _text_of(moment: datetime) -> str:
    """A datetime as ISO text to the second. An offset that is no whole minute (local mean time) is written as UTC."""
    offset = moment.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise _out_of_years(str(moment)) from None
    return moment.isoformat(timespec="seconds")  # what pandas makes has nanoseconds, which it leaves out too


# ---- from text to the two ends


# An archive names the same few thousand days over and over; a date known by its text costs a tenth of one read anew.
@functools.lru_cache(maxsize=8_192)
def _iso_interval(text: str, timezone: str) -> DateInterval | None:
    """The interval of a date in ISO form; None if the text has no such form; DateError if no such date exists."""
    first, slash, last = text.partition("/")
    opening = _WRITTEN.fullmatch(first.rstrip())
    closing = _WRITTEN.fullmatch(last.lstrip()) if slash else opening
    if opening is None or closing is None:
        return None
    start, end = _ends(opening, timezone, text)
    if slash:
        end = _ends(closing, timezone, text)[1]
        if end <= start and opening[7] and closing[7]:
            # Where a clock is put back, a later moment can have an earlier local time: keep the length instead.
            end = start + _ends(closing, "UTC", text)[1] - _ends(opening, "UTC", text)[0]
        if end <= start:
            raise DateError(_shown(text), "the interval ends before it starts", "write the earlier date first")
    return DateInterval.from_seconds(start, end, text)


def _ends(match: re.Match[str], timezone: str, text: str) -> tuple[int, int]:
    """The first second of one written date and the one after its last, in `timezone`."""
    year, month, day, hour, minute, second, offset = match.groups()
    first, days = _days(int(year), int(month) if month else None, int(day) if day else None, text)
    if hour is None:
        return first * DAY, (first + days) * DAY
    start = first * DAY + _time_of_day(int(hour), int(minute or 0), int(second or 0), text)
    length = 1 if second else 60 if minute else 3_600
    if offset:
        # The length is kept, not the end moved: an hour stays an hour where a clock is put forward or back.
        start = _moved(start - _offset_seconds(offset, text), timezone, text)
        if not 0 <= start <= MAX_SECOND - length:
            raise _out_of_years(text)
    return start, start + length


def _days(year: int, month: int | None, day: int | None, text: str) -> tuple[int, int]:
    """The number of days before a year, month or day, and how many it has."""
    if year == 0:
        raise DateError(_shown(text), "there is no year 0000", "years run from 0001 to 9999")
    if month is None:
        first = date(year, 1, 1).toordinal() - 1
        return first, date(year, 12, 31).toordinal() - first
    if not 1 <= month <= 12:
        hint = (
            "the EDTF numbers of seasons and quarters are not read" if 21 <= month <= 41 else "months run from 01 to 12"
        )
        raise DateError(_shown(text), f"there is no month {month:02}", hint)
    first = date(year, month, 1).toordinal() - 1
    following = date(year, month + 1, 1).toordinal() - 1 if month < 12 else date(year, 12, 31).toordinal()
    if day is None:
        return first, following - first
    if not 1 <= day <= following - first:
        name = f"{_MONTHS[month - 1]} {year:04}"
        raise DateError(_shown(text), f"there is no day {day:02} in {name}", f"it has days 01 to {following - first}")
    return first + day - 1, 1


def _time_of_day(hour: int, minute: int, second: int, text: str) -> int:
    if hour > 23:
        hint = "midnight is T00:00 of the day that begins" if hour == 24 else "hours run from 00 to 23"
        raise DateError(_shown(text), f"there is no hour {hour}", hint)
    if minute > 59:
        raise DateError(_shown(text), f"there is no minute {minute}", "minutes run from 00 to 59")
    if second > 59:
        hint = "leap seconds are not kept; write :59" if second == 60 else "seconds run from 00 to 59"
        raise DateError(_shown(text), f"there is no second {second}", hint)
    return hour * 3_600 + minute * 60 + second


def _offset_seconds(offset: str, text: str) -> int:
    if offset in "Zz":
        return 0
    digits = offset[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:
        raise DateError(_shown(text), f"there is no offset {offset}", "offsets run from -23:59 to +23:59")
    return (hours * 3_600 + minutes * 60) * (-1 if offset[0] == "-" else 1)


def _moved(second: int, timezone: str, text: str) -> int:
    """Local time in `timezone` of a moment in UTC, both in seconds since the start of the year 0001."""
    if timezone == "UTC":
        return second
    place = zone(timezone)
    try:
        return _second_of((_EPOCH.replace(tzinfo=UTC) + timedelta(0, second)).astimezone(place).replace(tzinfo=None))
    except OverflowError:
        raise _out_of_years(text) from None


def _out_of_years(text: str) -> DateError:
    return DateError(_shown(text), "falls out of the years 0001 to 9999 once its offset is applied")


# ---- what is not written in ISO form


def _checked(text: str, timezone: str) -> str:
    """The text without blanks around it, if both are text at all."""
    if not isinstance(text, str):
        raise DateError(_shown(repr(text)), f"a date is read from text, not from {type(text).__name__}")
    if not isinstance(timezone, str):
        raise _no_zone(repr(timezone))
    return text.strip()


def _written_date(text: str, timezone: str) -> DateInterval | None:
    """The interval of a written date; None if it may be one that is said; DateError if it can be neither."""
    interval = _iso_interval(text, timezone) if len(text) <= LONGEST else None
    if interval is None:
        _explain(text)
    return interval


def _spoken(text: str, now: datetime | None, timezone: str, week_starts: WeekStart) -> Range:
    """What people say, as of now."""
    from searchkit.spoken import read  # late: most dates are written

    def written(word: str) -> tuple[int, int]:
        interval = DateInterval.from_value(word, timezone)
        return interval.start_second, interval.end_second

    try:
        return read(text, _local(now, timezone), week_starts, written)
    except DateError as error:
        raise DateError(_shown(text), error.reason, error.hint) from None


def _local(now: datetime | None, timezone: str) -> datetime:
    """The moment in local time, the clock's if none is given."""
    if now is None:
        return datetime.now(zone(timezone)).replace(tzinfo=None)
    if not isinstance(now, datetime):
        raise DateError(_shown(repr(now)), "now is no datetime", "give a datetime, or None for the clock")
    if now.tzinfo is None:
        return now
    try:
        return now.astimezone(zone(timezone)).replace(tzinfo=None)
    except OverflowError:
        raise _out_of_years(str(now)) from None


def _explain(text: str) -> None:
    """Say what is wrong with a text that is neither written as a date nor said as one; pass what may be said."""
    if not text:
        raise DateError(text, "the date is empty", _FORMS)
    if re.fullmatch(r"[+-][0-9].*|[0-9]{5,}-.*|Y-?[0-9]+", text, re.DOTALL):
        raise DateError(_shown(text), "years run from 0001 to 9999, in four digits and without a sign", _FORMS)
    numbers = _NUMBERS.fullmatch(text)
    if numbers:
        _explain_numbers(text, numbers[1], numbers[3], numbers[4])
    if re.fullmatch(r"[0-9]+", text):
        _explain_digits(text)
    if "../" in text or "/.." in text:
        raise DateError(_shown(text), "an open interval is no date", "open intervals are for searching only")
    if re.fullmatch(r"[0-9]{4}[0-9-]*[?~%]|[0-9]+X+.*|[0-9]{4}-XX.*", text, re.DOTALL):
        raise DateError(_shown(text), "uncertain and unspecified dates (EDTF level 1) are not read", _FORMS)
    if len(text) > LONGEST or not re.search("[A-Za-z–—]|[0-9] | [0-9]", text):
        raise DateError(_shown(text), "not a date that is understood", _FORMS)


def _explain_digits(text: str) -> NoReturn:
    if len(text) == 2:
        raise DateError(text, "a year of two digits is ambiguous", "write all four digits of the year")
    if len(text) == 8 and _exists(text[:4], text[4:6], text[6:]):
        raise DateError(text, "a date needs its hyphens", f"write {text[:4]}-{text[4:6]}-{text[6:]}")
    if len(text) in (9, 10, 13):
        raise DateError(text, "a count of seconds is not read as a date", "write it as 2020-10-02T10:15:30Z")
    raise DateError(_shown(text), "a year has four digits", _FORMS)


def _explain_numbers(text: str, a: str, b: str, c: str | None) -> NoReturn:
    """Say what is wrong with two or three numbers between hyphens, slashes or dots."""
    if len(a) == 4:  # the year comes first: a matter of two digits or of the separator
        better = _iso(a, b, c or "")
        raise DateError(_shown(text), "not in the form YYYY-MM-DD", f"write {better}" if better else _FORMS)
    if c is None and len(b) == 4:
        better = _iso(b, a, "")
        raise DateError(_shown(text), "the year comes first", f"write {better}" if better else _FORMS)
    if c is not None and len(c) == 4:
        readings = sorted({reading for reading in (_iso(c, a, b), _iso(c, b, a)) if reading})
        if len(readings) == 2:
            raise DateError(text, "ambiguous: is the day or the month first?", f"write {readings[0]} or {readings[1]}")
        raise DateError(_shown(text), "the year comes first", f"write {readings[0]}" if readings else _FORMS)
    if max(len(a), len(b), len(c or "")) <= 2:
        raise DateError(text, "a year of two digits is ambiguous", "write all four digits of the year, first")
    raise DateError(_shown(text), "not a date that is understood", _FORMS)


def _iso(year: str, month: str, day: str) -> str:
    """The ISO form of a date in parts (`day` may be ""), or "" when there is no such date."""
    if max(len(month), len(day)) > 2 or not _exists(year, month, day or "1"):
        return ""
    return f"{year}-{month:0>2}" + (f"-{day:0>2}" if day else "")


def _exists(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _shown(text: str) -> str:
    """A text short enough to stand in a message."""
    return text if len(text) <= 60 else text[:57] + "..."
