"""Dates: what is read, what is refused and why, and that the relations are what they say, for whatever is written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from searchkit.dates import MAX_SECOND, DateInterval, parse_range, zone
from searchkit.errors import DateError, SearchkitError

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe")


def second(*parts: int) -> int:
    """Seconds since the start of the year 0001, counted by Python's own calendar."""
    return (datetime(*parts) - datetime(1, 1, 1)) // timedelta(seconds=1)  # type: ignore[arg-type]


READ = {
    "2020": ((2020, 1, 1), (2021, 1, 1), "year"),
    "0001": ((1, 1, 1), (2, 1, 1), "year"),
    "2020-10": ((2020, 10, 1), (2020, 11, 1), "month"),
    "2020-12": ((2020, 12, 1), (2021, 1, 1), "month"),
    "2020-10-02": ((2020, 10, 2), (2020, 10, 3), "day"),
    "2020-02-29": ((2020, 2, 29), (2020, 3, 1), "day"),
    "2000-02-29": ((2000, 2, 29), (2000, 3, 1), "day"),
    "2020-12-31": ((2020, 12, 31), (2021, 1, 1), "day"),
    "2020-10-02T10": ((2020, 10, 2, 10), (2020, 10, 2, 11), "hour"),
    "2020-10-02T23": ((2020, 10, 2, 23), (2020, 10, 3), "hour"),
    "2020-10-02T10:15": ((2020, 10, 2, 10, 15), (2020, 10, 2, 10, 16), "minute"),
    "2020-10-02T10:15:30": ((2020, 10, 2, 10, 15, 30), (2020, 10, 2, 10, 15, 31), "second"),
    "2020-10-02T00:00:00": ((2020, 10, 2), (2020, 10, 2, 0, 0, 1), "second"),
    "2020-10-02t10:15:30.987654321": ((2020, 10, 2, 10, 15, 30), (2020, 10, 2, 10, 15, 31), "second"),
    "2020-10-02 10:15:30,5": ((2020, 10, 2, 10, 15, 30), (2020, 10, 2, 10, 15, 31), "second"),
    "2020-10-02T10:15:30Z": ((2020, 10, 2, 10, 15, 30), (2020, 10, 2, 10, 15, 31), "second"),
    "2020-10-02T10:15+02:00": ((2020, 10, 2, 8, 15), (2020, 10, 2, 8, 16), "minute"),
    "2020-10-02T10:15-0230": ((2020, 10, 2, 12, 45), (2020, 10, 2, 12, 46), "minute"),
    "2020-01-01T00:00+23:59": ((2019, 12, 31, 0, 1), (2019, 12, 31, 0, 2), "minute"),
    "2020-10-02T10+14": ((2020, 10, 1, 20), (2020, 10, 1, 21), "hour"),
    "2020-10-02T10-00:30": ((2020, 10, 2, 10, 30), (2020, 10, 2, 11, 30), "interval"),
    "2020-09/2020-10": ((2020, 9, 1), (2020, 11, 1), "interval"),
    "2020-09 / 2020-10-02": ((2020, 9, 1), (2020, 10, 3), "interval"),
    "2020-10/2020-10-02": ((2020, 10, 1), (2020, 10, 3), "interval"),
    "2020/2020": ((2020, 1, 1), (2021, 1, 1), "year"),
    "2020-01-01/2020-12-31": ((2020, 1, 1), (2021, 1, 1), "year"),
    "2020-02-01/2020-02-29": ((2020, 2, 1), (2020, 3, 1), "month"),
    " \t2020-10\n": ((2020, 10, 1), (2020, 11, 1), "month"),
}


@pytest.mark.parametrize("text", READ)
def test_written_forms(text: str) -> None:
    """A written date covers exactly the period that it names, from its first second to the one after its last."""
    start, end, precision = READ[text]
    interval = DateInterval.parse(text)
    assert (interval.start, interval.end) == (datetime(*start), datetime(*end))
    assert (interval.start_second, interval.end_second) == (second(*start), second(*end))
    assert interval.precision == precision
    assert str(interval) == text.strip()


@pytest.mark.parametrize(
    ("text", "start", "precision"),
    [
        ("9999", (9999, 1, 1), "year"),
        ("9999-12", (9999, 12, 1), "month"),
        ("9999-12-31", (9999, 12, 31), "day"),
        ("9999-12-31T23", (9999, 12, 31, 23), "hour"),
        ("9999-12-31T23:59", (9999, 12, 31, 23, 59), "minute"),
        ("9999-12-31T23:59:59", (9999, 12, 31, 23, 59, 59), "second"),
        ("2020/9999", (2020, 1, 1), "interval"),
    ],
)
def test_end_of_the_calendar(text: str, start: tuple[int, ...], precision: str) -> None:
    """The end of the year 9999 fits no datetime: it is datetime.max, and its second is exact all the same."""
    interval = DateInterval.parse(text)
    assert interval.end == datetime.max
    assert interval.end_second == MAX_SECOND == second(9999, 12, 31) + 86_400
    assert (interval.start, interval.precision) == (datetime(*start), precision)
    assert DateInterval(interval.start, datetime.max) == interval
    assert DateInterval.from_seconds(interval.start_second, MAX_SECOND).text == text


REFUSED = {
    "": ("empty", "2020-10-02"),
    "   ": ("empty", "2020-10-02"),
    "2020-02-30": ("no day 30 in February 2020", "01 to 29"),
    "2019-02-29": ("no day 29 in February 2019", "01 to 28"),
    "1900-02-29": ("no day 29 in February 1900", "01 to 28"),
    "2020-10-00": ("no day 00 in October 2020", "01 to 31"),
    "2020-11-31": ("no day 31 in November 2020", "01 to 30"),
    "2020-13": ("no month 13", "01 to 12"),
    "2020-00-10": ("no month 00", "01 to 12"),
    "2020-21": ("no month 21", "seasons"),
    "0000": ("no year 0000", "0001 to 9999"),
    "-0044-03-15": ("without a sign", ""),
    "12020": ("four digits", ""),
    "20": ("two digits is ambiguous", "four digits of the year"),
    "20-10-02": ("two digits is ambiguous", "four digits of the year"),
    "02.10.20": ("two digits is ambiguous", "four digits of the year"),
    "10/02/2020": ("ambiguous", "2020-02-10 or 2020-10-02"),
    "10-2-2020": ("ambiguous", "2020-02-10 or 2020-10-02"),
    "02/02/2020": ("year comes first", "write 2020-02-02"),
    "13/02/2020": ("year comes first", "write 2020-02-13"),
    "02.13.2020": ("year comes first", "write 2020-02-13"),
    "10/2020": ("year comes first", "write 2020-10"),
    "31/02/2020": ("year comes first", "write 2020"),
    "2020-1": ("YYYY-MM-DD", "write 2020-01"),
    "2020-1-5": ("YYYY-MM-DD", "write 2020-01-05"),
    "2020/10": ("YYYY-MM-DD", "write 2020-10"),
    "2020.10.02": ("YYYY-MM-DD", "write 2020-10-02"),
    "20201002": ("hyphens", "write 2020-10-02"),
    "1601634600": ("count of seconds", "2020-10-02T10:15:30Z"),
    "2020-10-02T24:00": ("no hour 24", "T00:00 of the day that begins"),
    "2020-10-02T25": ("no hour 25", "00 to 23"),
    "2020-10-02T10:60": ("no minute 60", "00 to 59"),
    "2020-10-02T23:59:60": ("no second 60", "leap seconds"),
    "2020-10-02T10:15:61": ("no second 61", "00 to 59"),
    "2020-10-02T10:15+24:00": ("no offset +24:00", "-23:59 to +23:59"),
    "2020-10-02T10:15+02:60": ("no offset +02:60", "-23:59 to +23:59"),
    "2020-10-02 10": ("not a date", "2020-10-02T10:15"),
    "2020-10-02T1:15": ("not a date", "2020-10-02T10:15"),
    "2020-10/2020-09": ("ends before it starts", "earlier date first"),
    "2020-09/..": ("open interval", "searching"),
    "../2020": ("open interval", "searching"),
    "2020/2021/2022": ("YYYY-MM-DD", "write"),
    "2020/": ("not a date", "2020-09/2020-10"),
    "2020-13/2021": ("no month 13", ""),
    "2020?": ("EDTF level 1", ""),
    "201X": ("EDTF level 1", ""),
    "2020-XX-02": ("EDTF level 1", ""),
    "٢٠٢٠": ("not a date", ""),
    "0001-01-01T00:00+02:00": ("years 0001 to 9999", ""),
    "9999-12-31T23:59-00:01": ("years 0001 to 9999", ""),
    "night was fun": ("not a date", "2020-10-02"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused_with_reason_and_hint(text: str) -> None:
    """What is no date is a DateError that quotes it, says what is wrong and how to write it."""
    reason, hint = REFUSED[text]
    with pytest.raises(DateError) as caught:
        DateInterval.parse(text)
    assert reason in caught.value.reason
    assert hint in caught.value.hint
    assert caught.value.text == text.strip()
    assert isinstance(caught.value, SearchkitError) and isinstance(caught.value, ValueError)


NEARLY = st.text(st.sampled_from("0123456789-/.T:Z+ 29X?"), max_size=25)


@given(st.one_of(st.text(), NEARLY, st.from_regex(r"[0-9]{4}-[0-9]{2}(-[0-9]{2}(T[0-9]{2}(:[0-9]{2}){0,2})?)?")))
@example("9" * 5_000)
@example("2020-10-02T10:15:30." + "1" * 5_000)
@example("\ud800")
def test_any_text_is_a_date_or_a_date_error(text: str) -> None:
    """`parse` and `parse_range` raise nothing but DateError, with a short message, whatever they are given."""
    for zone_name in ("UTC", "Europe/Berlin"):
        try:
            interval = DateInterval.parse(text, timezone=zone_name)
        except DateError as error:
            assert len(str(error)) < 400
        else:
            assert 0 <= interval.start_second < interval.end_second <= MAX_SECOND
            assert DateInterval.parse(str(interval), timezone=zone_name) == interval
    try:
        start, end = parse_range(text)
    except DateError:
        return
    assert start is None or end is None or 0 <= start < end <= MAX_SECOND


def test_long_texts_are_refused_shortly() -> None:
    """A megabyte of anything is refused with a message that fits a screen."""
    for part in ("x", "1", "2020-", "1-", "X1", " 9", "/", "..", "?"):
        with pytest.raises(DateError) as caught:
            DateInterval.parse(part * (1_000_000 // len(part)))
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("value", [None, 2020, b"2020", ["2020"], 20.5])
def test_what_is_no_text_is_a_date_error(value: object) -> None:
    """A wrong type is said to be wrong by the one error that callers expect."""
    with pytest.raises(DateError):
        DateInterval.parse(value)  # type: ignore[arg-type]
    with pytest.raises(DateError):
        parse_range(value)  # type: ignore[arg-type]
    with pytest.raises(DateError):
        DateInterval.from_value(value)  # type: ignore[arg-type]


# ---- relations


@st.composite
def days(draw: st.DrawFn) -> tuple[DateInterval, frozenset[int]]:
    """An interval of whole days in a short stretch of time, and the days it covers, counted one by one."""
    first = draw(st.integers(0, 20))
    last = draw(st.integers(first, 20))
    start = date(2020, 2, 20)
    text = f"{start + timedelta(first)}/{start + timedelta(last)}"
    return DateInterval.parse(text), frozenset(range(first, last + 1))


@given(days(), days())
def test_relations_are_those_of_sets_of_days(
    one: tuple[DateInterval, frozenset[int]], other: tuple[DateInterval, frozenset[int]]
) -> None:
    """overlaps: a day in common; within: all days in the other; contains: all days of the other."""
    assert one[0].overlaps(other[0]) == bool(one[1] & other[1])
    assert one[0].within(other[0]) == (one[1] <= other[1])
    assert one[0].contains(other[0]) == (one[1] >= other[1])
    assert (one[0] == other[0]) == (one[1] == other[1])


@st.composite
def seconds(draw: st.DrawFn) -> DateInterval:
    """Any interval at all, many of them on borders of the calendar."""
    border = st.sampled_from([second(*start) for start, _, _ in READ.values()] + [MAX_SECOND])
    moment = st.one_of(border, st.integers(0, MAX_SECOND))
    start, end = draw(moment), draw(moment)
    assume(start != end)
    return DateInterval.from_seconds(min(start, end), max(start, end))


@given(seconds(), seconds())
def test_relations_are_comparisons_of_ends(one: DateInterval, other: DateInterval) -> None:
    """The three relations are the three comparisons on seconds, and agree with one another."""
    a, b, c, d = one.start_second, one.end_second, other.start_second, other.end_second
    assert one.overlaps(other) == (a < d and b > c) == other.overlaps(one)
    assert one.within(other) == (a >= c and b <= d) == other.contains(one)
    assert (one == other) == (one.within(other) and one.contains(other))
    if one == other:
        assert hash(one) == hash(other) and one.precision == other.precision


@given(seconds())
def test_canonical_text_says_the_interval(interval: DateInterval) -> None:
    """Reading the text of an interval made from seconds, or its ends, gives the same interval and precision."""
    again = DateInterval.parse(str(interval))
    assert again == interval
    assert again.precision == interval.precision
    assert DateInterval(interval.start, interval.end) == interval
    assert interval.start_second == second(*interval.start.timetuple()[:6])


@pytest.mark.parametrize("text", READ)
def test_reading_again_what_was_written(text: str) -> None:
    """parse(str(x)) == x, and the canonical text of x is x too."""
    interval = DateInterval.parse(text)
    assert DateInterval.parse(str(interval)) == interval
    assert DateInterval.parse(DateInterval.from_seconds(interval.start_second, interval.end_second).text) == interval


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (6, 5), (0, MAX_SECOND + 1)])
def test_seconds_that_are_no_interval(start: int, end: int) -> None:
    """Seconds outside the calendar, and empty intervals, are refused."""
    with pytest.raises(DateError):
        DateInterval.from_seconds(start, end)


def test_made_from_datetimes() -> None:
    """Ends are naive and kept to the second; an empty or reversed interval is refused; values are frozen."""
    interval = DateInterval(datetime(2020, 10, 1, 0, 0, 0, 5), datetime(2020, 11, 1, 0, 0, 0, 999_999))
    assert interval == DateInterval.parse("2020-10") and str(interval) == "2020-10"
    assert str(DateInterval(datetime(2020, 10, 1), datetime(2020, 11, 1), text="last month")) == "last month"
    with pytest.raises(DateError, match="is empty"):
        DateInterval(datetime(2020, 10, 1), datetime(2020, 10, 1, 0, 0, 0, 7))
    with pytest.raises(DateError, match="naive"):
        DateInterval(datetime(2020, 10, 1, tzinfo=UTC), datetime(2020, 11, 1, tzinfo=UTC))
    with pytest.raises(AttributeError):
        interval.start = datetime(2021, 1, 1)  # type: ignore[misc]
    assert repr(interval) == "<DateInterval '2020-10': 2020-10-01T00:00:00 to 2020-11-01T00:00:00>"


# ---- values and time zones


def test_moments_of_pandas() -> None:
    """Nanoseconds are left out as microseconds are; the moment that is none is refused as a date."""
    pandas = pytest.importorskip("pandas")
    moment = pandas.Timestamp("2020-10-02 10:15:30.123456789")
    assert str(DateInterval.from_value(moment)) == "2020-10-02T10:15:30"
    assert str(DateInterval.from_value(moment.tz_localize("Europe/Berlin"))) == "2020-10-02T10:15:30+02:00"
    with pytest.raises(DateError, match="not a moment"):
        DateInterval.from_value(pandas.NaT)


def test_values_of_other_types() -> None:
    """A date is its day, a datetime its second without microseconds, an interval itself, a text what it says."""
    assert DateInterval.from_value(date(2020, 10, 2)) == DateInterval.parse("2020-10-02")
    assert DateInterval.from_value(datetime(2020, 10, 2)) == DateInterval.parse("2020-10-02T00:00:00")
    assert str(DateInterval.from_value(datetime(2020, 10, 2, 10, 15, 30, 999_999))) == "2020-10-02T10:15:30"
    assert DateInterval.from_value("2020-10") == DateInterval.parse("2020-10")
    assert DateInterval.from_value(datetime.max).end_second == MAX_SECOND
    interval = DateInterval.parse("2020")
    assert DateInterval.from_value(interval) is interval


@given(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)), st.data())
def test_aware_datetimes_move_as_python_moves_them(moment: datetime, data: st.DataObject) -> None:
    """An aware datetime is the second that Python's own conversion to the zone gives; so is its text."""
    there = data.draw(st.one_of(st.sampled_from(ZONES).map(ZoneInfo), st.just(timezone(timedelta(seconds=-3_607)))))
    name = data.draw(st.sampled_from(ZONES))
    aware = moment.replace(tzinfo=there, fold=data.draw(st.integers(0, 1)))
    expected = aware.astimezone(UTC).astimezone(ZoneInfo(name)).replace(tzinfo=None, microsecond=0, fold=0)
    interval = DateInterval.from_value(aware, name)
    assert interval.start == expected
    assert interval.end_second - interval.start_second == 1
    assert DateInterval.parse(str(interval), timezone=name) == interval


def test_bare_dates_never_meet_a_time_zone() -> None:
    """Without an offset, a date is the same everywhere."""
    for text in ("2020", "2020-10", "2020-10-02", "2020-10-02T10:15", "2020-09/2020-10"):
        assert DateInterval.parse(text, timezone="Asia/Kolkata") == DateInterval.parse(text)
        assert DateInterval.parse(text).in_timezone("Asia/Kolkata") is DateInterval.parse(text)


def test_offset_is_moved_from_what_was_written() -> None:
    """`in_timezone` starts from the offset as written, so that it can be called twice without moving twice."""
    written = "2020-10-02T23:30-05:00"
    berlin = DateInterval.parse(written).in_timezone("Europe/Berlin")
    assert berlin.start == datetime(2020, 10, 3, 6, 30)
    assert berlin.in_timezone("Europe/Berlin") == berlin
    assert berlin.in_timezone("UTC") == DateInterval.parse(written)


def test_clock_put_back_keeps_lengths() -> None:
    """In the hour that comes twice, a minute stays a minute and a short interval does not turn round."""
    minute = DateInterval.parse("2020-10-25T00:59Z", timezone="Europe/Berlin")
    assert (minute.start, minute.end) == (datetime(2020, 10, 25, 2, 59), datetime(2020, 10, 25, 3, 0))
    interval = DateInterval.parse("2020-10-25T00:30Z/2020-10-25T01:00Z", timezone="Europe/Berlin")
    assert (interval.start, interval.end) == (datetime(2020, 10, 25, 2, 30), datetime(2020, 10, 25, 3, 1))


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "America", "../etc/passwd", "\ud800", "x" * 500])
def test_unknown_time_zone(name: str) -> None:
    """A zone that does not exist is said to be the trouble, where it is needed."""
    with pytest.raises(DateError, match="no such time zone"):
        zone(name)
    with pytest.raises(DateError, match="no such time zone"):
        DateInterval.parse("2020-10-02T10:15Z", timezone=name)
    with pytest.raises(DateError, match="no such time zone"):
        DateInterval.parse("2020", timezone=None)  # type: ignore[arg-type]


# ---- ranges


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2020-09/..", second(2020, 9, 1), None),
        ("../2020-10", None, second(2020, 11, 1)),
        (" .. / 2020-10-02T10:15 ", None, second(2020, 10, 2, 10, 16)),
        ("../..", None, None),
        ("2020-09/2020-10", second(2020, 9, 1), second(2020, 11, 1)),
        ("2020", second(2020, 1, 1), second(2021, 1, 1)),
        ("../9999", None, MAX_SECOND),
    ],
)
def test_ranges(text: str, start: int | None, end: int | None) -> None:
    """A range takes in the whole of the periods at its ends; an open side is None."""
    assert parse_range(text) == (start, end)


@pytest.mark.parametrize("text", ["..", "2020-13/..", "../2020-02-30", "2020/../2021", "2020-10/2020-09", "/", "2020/"])
def test_ranges_refused(text: str) -> None:
    """The dates in a range are as strict as dates alone."""
    with pytest.raises(DateError):
        parse_range(text)


def test_range_in_a_time_zone() -> None:
    """An offset in a range is moved as in a date."""
    start, end = parse_range("2020-10-02T00:00Z/..", timezone="Asia/Kolkata")
    assert (start, end) == (second(2020, 10, 2, 5, 30), None)
