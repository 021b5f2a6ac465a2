"""Spoken dates: what each means by a table written by hand, what is refused and why, and laws that hold for all."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoken_table import ELSEWHEN, NOW, REFUSED, SAID, SUNDAYS, rows
from strategies import trials

from searchkit import Article, DateInterval, Index, create, parse
from searchkit.dates import MAX_SECOND, WeekStart, parse_range
from searchkit.errors import ArticleError, DateError, QueryError
from searchkit.query import And, DateRange, Term
from searchkit.query.parse import parse_with_warnings

ROWS = rows(SAID, 3)
NO = rows(REFUSED, 3)

# Said of now: with these, a later now never gives an earlier range.
RELATIVE = [
    *("today", "yesterday", "tomorrow", "now", "day before yesterday", "this week", "last week", "next week"),
    *("this month", "last month", "next month", "this quarter", "last quarter", "this year", "last year", "next year"),
    *("this decade", "last century", "this hour", "this minute", "this weekend", "last weekend", "next weekend"),
    *("past week", "past month", "past year", "past hour", "past 7 days", "last 2 weeks", "past 3 months"),
    *("past 24 hours", "next 7 days", "next 3 months", "3 days ago", "2 weeks ago", "a month ago", "11 months ago"),
    *("a year ago", "an hour ago", "5 minutes ago", "in 2 weeks", "in a month", "week before last"),
    *("last monday", "next thursday", "this sunday", "monday last week", "may last year", "q4 last year"),
]

# Words that the grammar knows, for sentences that nobody would say.
VOCABULARY = [
    *("last", "past", "this", "next", "since", "before", "after", "until", "from", "to", "between", "and", "or"),
    *(
        "of",
        "the",
        "in",
        "on",
        "ago",
        "now",
        "today",
        "yesterday",
        "a",
        "an",
        "two",
        "few",
        "early",
        "later",
        "onwards",
    ),
    *("week", "weeks", "month", "year", "quarter", "half", "second", "day", "hour", "century", "weekend", "week-end"),
    *("monday", "sun", "october", "may", "summer", "winter", "christmas", "bc", "2nd", "first", "third", "-", "–", "x"),
    *("0", "2", "7", "12", "31", "99999999", "2020", "2019", "2020/21", "2020-10", "2020-10-02", "2020-W40", "10:15"),
    *("1990s", "90s", "q3", "h1", "w40"),
]


def second(text: str) -> int | None:
    """Seconds since the start of the year 0001 of a moment in the table."""
    if text == "..":
        return None
    if text == "END":
        return MAX_SECOND
    return (datetime.fromisoformat(text) - datetime(1, 1, 1)) // timedelta(seconds=1)


def test_the_table_is_as_large_as_promised() -> None:
    """At least 200 expressions are read and 50 refused, each once."""
    assert len({text for text, _, _ in ROWS}) == len(ROWS) >= 200
    assert len({text for text, _, _ in NO}) == len(NO) >= 50


@pytest.mark.parametrize(("text", "start", "end"), ROWS, ids=[row[0] for row in ROWS])
def test_what_is_said(text: str, start: str, end: str) -> None:
    """Every expression covers what the table says, in any case and however blanks and commas stand."""
    expected = (second(start), second(end))
    assert parse_range(text, now=NOW) == expected
    assert parse_range(text.upper(), now=NOW) == expected
    assert parse_range("  " + text.title().replace(" ", " \t ") + "\n", now=NOW) == expected
    assert DateRange.parse(text, now=NOW) == DateRange(*expected)


@pytest.mark.parametrize(("text", "start", "end"), ROWS, ids=[row[0] for row in ROWS])
def test_what_is_written_of_it_says_the_same(text: str, start: str, end: str) -> None:
    """`str()` of what was said is written, and reads as the same interval at any time; open ranges are none."""
    if ".." in (start, end):
        with pytest.raises(DateError, match="open range"):
            DateInterval.parse(text, now=NOW)
        return
    said = DateInterval.parse(text, now=NOW)
    assert (said.start_second, said.end_second) == (second(start), second(end))
    again = DateInterval.from_value(str(said))
    assert again == said and again.precision == said.precision
    assert DateInterval.parse(str(said), now=NOW + timedelta(days=400)) == said


@pytest.mark.parametrize(("now", "text", "start", "end"), rows(ELSEWHEN, 4))
def test_what_is_said_at_other_times(now: str, text: str, start: str, end: str) -> None:
    """Leap days, ends of months, years and of the calendar, and weekends."""
    moment = datetime.fromisoformat(now) + timedelta(hours=23, minutes=59, seconds=59)
    assert parse_range(text, now=moment) == (second(start), second(end))
    assert parse_range(text, now=datetime.fromisoformat(now)) == (second(start), second(end))


@pytest.mark.parametrize(("now", "text", "start", "end"), rows(SUNDAYS, 4))
def test_weeks_that_start_on_sunday(now: str, text: str, start: str, end: str) -> None:
    """The first weekday moves weeks and what lies in them; not weekends, nor the weeks of ISO."""
    expected = (second(start), second(end))
    assert parse_range(text, now=datetime.fromisoformat(now), week_starts="sunday") == expected
    assert DateInterval.parse(text, now=datetime.fromisoformat(now), week_starts="sunday").start_second == expected[0]


def test_written_open_ranges_may_have_spoken_sides() -> None:
    """`../SIDE` and `SIDE/..` take any date, counted from the same now and in the same weeks."""
    assert parse_range("this week/..", now=NOW) == (second("2020-10-12"), None)
    assert parse_range("this week/..", now=NOW, week_starts="sunday") == (second("2020-10-11"), None)
    assert parse_range("../last week", now=NOW, week_starts="sunday") == (None, second("2020-10-11"))


def test_weeks_that_start_on_saturday() -> None:
    """Saturday too can begin a week; no other day can, and a wrong one is told."""
    start, end = parse_range("this week", now=NOW, week_starts="saturday")
    assert (start, end) == (second("2020-10-10"), second("2020-10-17"))
    with pytest.raises(DateError, match="week_starts"):
        parse_range("this week", now=NOW, week_starts="friday")  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "reason", "hint"), NO, ids=[row[0] for row in NO])
def test_what_is_refused(text: str, reason: str, hint: str) -> None:
    """What is ambiguous or impossible is a DateError that quotes it, says why, and how to say it."""
    with pytest.raises(DateError) as caught:
        parse_range(text, now=NOW)
    assert reason in caught.value.reason
    assert hint in caught.value.hint
    assert caught.value.text == text
    with pytest.raises(DateError):
        DateInterval.parse(text, now=NOW)


MOMENTS = st.datetimes(min_value=datetime(1500, 1, 1), max_value=datetime(2500, 1, 1))


@pytest.mark.slow
@given(st.sampled_from(RELATIVE), MOMENTS, st.integers(0, 4_000_000), st.sampled_from(["monday", "sunday", "saturday"]))
def test_later_never_means_earlier(text: str, now: datetime, seconds: int, week_starts: WeekStart) -> None:
    """A range relative to now starts and ends no earlier when now is later, and never is empty."""
    start, end = parse_range(text, now=now, week_starts=week_starts)
    later_start, later_end = parse_range(text, now=now + timedelta(seconds=seconds), week_starts=week_starts)
    assert start is not None and end is not None and later_start is not None and later_end is not None
    assert start < end
    assert start <= later_start
    assert end <= later_end


@pytest.mark.slow
@given(MOMENTS, st.sampled_from(["monday", "sunday", "saturday"]))
def test_what_is_over_is_over_and_what_is_to_come_is_not(now: datetime, week_starts: WeekStart) -> None:
    """`last` units end where `this` ones start, `next` ones start where those end; `this` one holds now."""
    moment = (now.replace(microsecond=0) - datetime(1, 1, 1)) // timedelta(seconds=1)
    for unit in ("week", "month", "quarter", "year", "decade", "century"):
        last, this, coming = (
            parse_range(f"{word} {unit}", now=now, week_starts=week_starts) for word in ("last", "this", "next")
        )
        assert last[1] == this[0]
        assert this[1] == coming[0]
        assert this[0] is not None and this[1] is not None and this[0] <= moment < this[1]
    for weekday in ("monday", "thursday", "sunday"):
        _, over = parse_range(f"last {weekday}", now=now)
        ahead, _ = parse_range(f"next {weekday}", now=now)
        assert over is not None and ahead is not None and over <= moment < ahead
        assert ahead - over in (6 * 86_400, 13 * 86_400)


@pytest.mark.slow
@settings(max_examples=trials(400))
@given(st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join), MOMENTS)
def test_any_words_are_a_range_or_a_date_error(text: str, now: datetime) -> None:
    """Words in any order are read or refused, never worse; the sides of what is read rise."""
    try:
        start, end = parse_range(text, now=now)
    except DateError as error:
        assert len(str(error)) < 500
        return
    assert start is None or end is None or 0 <= start < end <= MAX_SECOND
    if start is not None and end is not None:
        said = DateInterval.parse(text, now=now)
        assert DateInterval.from_value(str(said)) == said


@pytest.mark.slow
@given(st.sampled_from(VOCABULARY), st.sampled_from(["", "last ", "since ", "2 ", "monday "]))
@settings(max_examples=trials(200))
def test_the_ends_of_the_calendar_are_errors_not_faults(word: str, before: str) -> None:
    """As of the first and the last second there is, what falls out of the calendar is a DateError."""
    for now in (datetime.min, datetime.max):
        try:
            start, end = parse_range(before + word, now=now)
        except DateError:
            continue
        assert start is None or end is None or 0 <= start < end <= MAX_SECOND


@pytest.mark.parametrize(
    "part", ["in ", "on on ", "last ", "year ", "month of ", "week of ", "monday ", "since ", "1 "]
)
def test_hostile_texts_are_refused_shortly(part: str) -> None:
    """Repeated words nest no deeper than a text is long, and long texts are not looked at."""
    for length in (90, 100, 101, 100_000):
        text = (part * (length // len(part) + 1))[:length]
        with pytest.raises(DateError) as caught:
            parse_range(text, now=NOW)
        assert len(str(caught.value)) < 500


# ---- now, and where it is


def test_now_is_local_if_naive_and_moved_if_aware() -> None:
    """23:30 in UTC is tomorrow already in Berlin; a naive moment is taken as it stands."""
    naive = datetime(2020, 10, 15, 23, 30)
    assert DateInterval.parse("today", now=naive, timezone="Europe/Berlin") == DateInterval.parse("2020-10-15")
    aware = naive.replace(tzinfo=UTC)
    assert DateInterval.parse("today", now=aware, timezone="Europe/Berlin") == DateInterval.parse("2020-10-16")
    assert DateInterval.parse("today", now=aware) == DateInterval.parse("2020-10-15")
    west = naive.replace(tzinfo=timezone(timedelta(hours=-3)))
    assert DateInterval.parse("today", now=west) == DateInterval.parse("2020-10-16")
    with pytest.raises(DateError, match="years 0001 to 9999"):
        parse_range("today", now=datetime.max.replace(tzinfo=UTC), timezone="Asia/Kolkata")


def test_without_now_the_clock_is_asked() -> None:
    """`today` without now is a day that now lies in."""
    before = datetime.now(UTC).replace(tzinfo=None)
    day = DateInterval.parse("today")
    after = datetime.now(UTC).replace(tzinfo=None)
    assert day.precision == "day"
    assert day.start <= after and before < day.end


@pytest.mark.parametrize("now", ["2020-10-15", 5, object()])
def test_a_now_that_is_none_is_told(now: object) -> None:
    """What is no datetime is a DateError where it is needed, and a QueryError of a search."""
    with pytest.raises(DateError, match="now is no datetime"):
        parse_range("today", now=now)  # type: ignore[arg-type]


# ---- articles, searches, queries


@pytest.mark.parametrize("date", ["yesterday", "last month", "october 2020", "2020-W40", "since 2019"])
def test_articles_are_dated_in_writing(date: str) -> None:
    """An article dated relative to the day on which it was read would change its date: it is refused."""
    with pytest.raises(ArticleError, match="bad date"):
        Article("Text.", date=date)
    with pytest.raises(ArticleError, match="bad date"):
        Article.from_dict({"text": "Text.", "date": date})


@pytest.mark.slow
def test_importing_searchkit_does_not_load_the_grammar() -> None:
    """Who never says a date never pays for the grammar; a written one does not load it either."""
    program = (
        "import sys, searchkit; from searchkit import DateInterval; DateInterval.parse('2020-10');"
        "assert not [name for name in sys.modules if name.startswith('searchkit.spoken')];"
        "DateInterval.parse('yesterday');"
        "assert 'searchkit.spoken' in sys.modules"
    )
    package = Path(sys.modules["searchkit"].__file__ or "").resolve().parent.parent
    subprocess.run([sys.executable, "-c", program], cwd=package, check=True, timeout=60)


@pytest.fixture(scope="module")
def index() -> Index:
    """Articles of some days around the moment of the table."""
    dates = {
        "today": "2020-10-15",
        "yesterday": "2020-10-14",
        "week": "2020-10-07",
        "month": "2020-09",
        "year": "2019",
        "undated": None,
    }
    made = create()
    made.add(Article("flood", id=id, date=date) for id, date in dates.items())
    return made


def found(index: Index, query: str = "flood", **options: Any) -> list[str]:
    return [hit.id for hit in index.search(query, now=NOW, **options)]


SEARCHES: list[tuple[dict[str, Any], list[str]]] = [
    ({"query": "flood date:yesterday"}, ["yesterday"]),
    ({"query": "flood date:today"}, ["today"]),
    ({"query": "flood date:TODAY"}, ["today"]),
    ({"query": "flood date:'last month'"}, ["month"]),
    ({"query": 'flood date:"last week"'}, ["week"]),
    ({"query": "flood date:“last week”"}, ["week"]),
    ({"query": "flood date:'since last month'"}, ["today", "yesterday", "week", "month"]),
    ({"query": "flood date:'before 2020'"}, ["year"]),
    ({"query": "flood date:q3"}, ["today", "yesterday", "week", "month", "year", "undated"]),
    ({"query": "flood date:>='last week'"}, ["today", "yesterday", "week"]),
    ({"query": "flood date:<yesterday"}, ["week", "month", "year"]),
    ({"query": "flood date:[yesterday TO today]"}, ["today", "yesterday"]),
    ({"query": "flood date:['last month' TO 'last week']"}, ["week", "month"]),
    ({"query": "flood date:[last month TO last week]"}, ["week", "month"]),
    ({"query": "flood date:(yesterday OR 'last year')"}, ["yesterday", "year"]),
    ({"query": "flood -date:yesterday"}, ["today", "week", "month", "year", "undated"]),
    ({"query": "flood date:2020-W41"}, ["week"]),
    ({"since": "last week"}, ["today", "yesterday", "week"]),
    ({"until": "last week"}, ["week", "month", "year"]),
    ({"until": "last friday"}, ["week", "month", "year"]),
    ({"on": "past 7 days"}, ["today", "yesterday"]),
    ({"on": "since 2020"}, ["today", "yesterday", "week", "month"]),
    ({"since": "since last month", "until": "until yesterday"}, ["yesterday", "week", "month"]),
    ({"since": "after last week"}, ["today", "yesterday"]),
    ({"since": "2020-09/.."}, ["today", "yesterday", "week", "month"]),
    ({"on": "this week", "week_starts": "sunday"}, ["today", "yesterday"]),
]


@pytest.mark.parametrize(("asked", "ids"), SEARCHES, ids=[str(asked) for asked, _ in SEARCHES])
def test_searches_by_what_is_said(index: Index, asked: dict[str, Any], ids: list[str]) -> None:
    """Spoken dates narrow a search wherever a date may stand: in its text, and in since, until and on."""
    assert found(index, **asked) == ids
    query = asked.get("query", "flood")
    rest = {name: value for name, value in asked.items() if name != "query"}
    assert index.count(query, now=NOW, **rest) == len(ids)
    (results,) = index.search_many([query], now=NOW, **rest)
    assert [hit.id for hit in results] == ids


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"since": "until 2019"}, "has no start: give it as until="),
        ({"until": "since 2019"}, "has no end: give it as since="),
        ({"since": "october"}, "of which year"),
        ({"on": "10/02/2020"}, "ambiguous"),
        ({"since": "tomorrow", "until": "yesterday"}, "no time lies in"),
        ({"week_starts": "friday"}, "week_starts is 'friday'"),
        ({"now": "2020-10-15"}, "now is '2020-10-15'"),
    ],
)
def test_options_that_make_no_sense(index: Index, asked: dict[str, Any], message: str) -> None:
    """What cannot be a side of a range is a QueryError that says so."""
    with pytest.raises(QueryError, match=message):
        index.search("flood", **{"now": NOW, **asked})


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("flood date:october", "'october' of which year?"),
        ("flood date:'2 weeks'", "so much time, but of when?"),
        ("flood date:last month", "'last' what?"),
        ("flood date:'monday 6 october 2020'", "is a tuesday, not a monday"),
        ("flood date:>='since 2019'", "an open range is no date"),
    ],
)
def test_what_is_refused_in_a_query_is_a_warning(index: Index, text: str, warning: str) -> None:
    """A date that cannot be read is left out of a lenient query with its reason, and refused by a strict one."""
    results = index.search(text, now=NOW)
    assert results
    assert warning in results.warnings[0]
    with pytest.raises(QueryError):
        parse(text, strict=True, now=NOW)


def test_a_parsed_query_has_the_range() -> None:
    """`parse` takes now and the first weekday, and its text reads as the same query at any time."""
    query = parse("flood date:'this week'", now=NOW, week_starts="sunday")
    start, end = parse_range("2020-10-11/2020-10-17")
    assert query == And(Term("flood"), DateRange(start, end))
    assert parse(str(query), now=NOW + timedelta(days=100)) == query
    assert parse_with_warnings("date:'last month'", now=NOW) == (DateRange(*parse_range("2020-09")), ())


# ---- the page about dates

PAGE = Path(__file__).resolve().parent.parent / "docs" / "dates.md"


def page_rows(title: str) -> list[list[str]]:
    """The cells of the table under a title of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    assert lines
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("title", ["Written", "Relative to now", "By name", "Ranges"])
def test_the_examples_of_the_page_are_so(title: str) -> None:
    """Everything that the page says can be said means what it says, as of the moment that it names."""
    for said, written in page_rows(title):
        meanings = re.findall("`(.*?)`", written)
        for number, text in enumerate(re.findall("`(.*?)`", said)):
            meaning = meanings[number] if len(meanings) > 1 else meanings[0]
            assert parse_range(text, now=NOW) == parse_range(meaning), text


def test_the_refusals_of_the_page_are_so() -> None:
    """Every refusal is told in the very words of the page."""
    for said, told in page_rows("Refused"):
        text = said.strip("`")
        with pytest.raises(DateError) as caught:
            parse_range(text, now=NOW)
        assert str(caught.value) == f"{text!r}: {told}"
