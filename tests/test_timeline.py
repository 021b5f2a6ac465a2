"""Timelines: every match is counted once, in the period in which it surely lies, or apart."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import generator, some_articles

import searchkit
from searchkit.article import Article
from searchkit.core.timeline import PERIODS
from searchkit.dates import DateInterval
from searchkit.errors import QueryError, SearchkitError, SearchTimeout
from searchkit.search.timeline import GAP, Timeline, bars, coarse


def period(day: date, by: str) -> str:
    """The label of the period of a day, the obvious way."""
    year, week, _ = day.isocalendar()
    return {
        "day": day.isoformat(),
        "week": f"{year:04}-W{week:02}",
        "month": f"{day.year:04}-{day.month:02}",
        "quarter": f"{day.year:04}-Q{(day.month + 2) // 3}",
        "year": f"{day.year:04}",
    }[by]


def naive(dates: list[DateInterval | None], by: str) -> tuple[dict[str, int], int, int]:
    """Buckets, unplaced and undated, straight from the dates."""
    counts: Counter[str] = Counter()
    unplaced = undated = 0
    for interval in dates:
        if interval is None:
            undated += 1
            continue
        last = interval.end - timedelta(0, 1) if interval.end != datetime.max else interval.end
        first, final = period(interval.start.date(), by), period(last.date(), by)
        if first == final:
            counts[first] += 1
        else:
            unplaced += 1
    return dict(counts), unplaced, undated


def filled(timeline: Timeline) -> dict[str, int]:
    return {bucket.label: bucket.count for bucket in timeline if bucket.count}


def agree(index: searchkit.Index, alive: list[Article], query: str) -> None:
    """All timelines of a query equal the naive ones over the articles alive that have the word."""
    results = index.search(query, limit=1)
    dates = [article.date for article in alive if query == "*" or query in f"{article.title} {article.text}".split()]
    for by in PERIODS:
        timeline = results.timeline(by)  # type: ignore[arg-type]
        assert (filled(timeline), timeline.unplaced, timeline.undated) == naive(dates, by), by
        assert timeline.total == len(dates) == results.total


@pytest.mark.slow
def test_timelines_equal_a_naive_count_whatever_the_history() -> None:
    """Several segments, replaced and deleted articles, then one segment: the same counts as over the articles."""
    random = generator("timeline")
    index = searchkit.create(analyzer="none")
    articles = {article.id: article for article in some_articles(random, 900)}
    for first in range(0, 900, 300):
        index.add(list(articles.values())[first : first + 300])
    for article in some_articles(random, 60):
        articles[article.id] = article
        index.add([article])
    gone = random.sample(sorted(articles), 200)
    index.delete(gone)
    alive = [article for id, article in articles.items() if id not in gone]
    for query in ("*", "w0", "w7"):
        agree(index, alive, query)
    index.compact()
    for query in ("*", "w0", "absent"):
        agree(index, alive, query)


ANY_DAY = st.dates(date(1, 1, 1), date(9999, 12, 31))


@given(st.lists(st.one_of(ANY_DAY.map(str), ANY_DAY.map(lambda day: f"{day:%Y}".zfill(4)), st.none()), max_size=6))
def test_calendars_agree_over_all_years(written: list[str | None]) -> None:
    """Days, ISO weeks, months, quarters and years of 0001 to 9999 are those of Python's datetime."""
    articles = [Article("x", id=str(number), date=text) for number, text in enumerate(written)]
    index = searchkit.create(analyzer="none")
    index.add(articles)
    results = index.search("x")
    for by in PERIODS:
        timeline = results.timeline(by, gaps=False)  # type: ignore[arg-type]
        assert (filled(timeline), timeline.unplaced, timeline.undated) == naive([one.date for one in articles], by)
        assert all(bucket.interval.start <= bucket.start < bucket.end for bucket in timeline)


def some_timeline(by: str = "month", gaps: bool = True) -> Timeline:
    dates = [
        "2020",
        "2020-10",
        "2020-10-02",
        "2020-10-02T10:15",
        "2020-12-28/2021-01-03",
        None,
        "2021-01-31",
        "2021-03",
    ]
    index = searchkit.create(analyzer="none")
    index.add([Article("x", id=str(number), date=text) for number, text in enumerate(dates)])
    return index.search("x", limit=0).timeline(by, gaps=gaps)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("by", "buckets", "unplaced"),
    [
        ("day", {"2020-10-02": 2, "2021-01-31": 1}, 4),
        ("week", {"2020-W40": 2, "2020-W53": 1, "2021-W04": 1}, 3),
        ("month", {"2020-10": 3, "2021-01": 1, "2021-03": 1}, 2),
        ("quarter", {"2020-Q4": 3, "2021-Q1": 2}, 2),
        ("year", {"2020": 4, "2021": 2}, 1),
    ],
)
def test_what_is_too_coarse_is_told_apart(by: str, buckets: dict[str, int], unplaced: int) -> None:
    """A date counts wherever it fits into one period, and is never guessed into a finer one."""
    timeline = some_timeline(by)
    assert filled(timeline) == buckets
    assert (timeline.unplaced, timeline.undated, timeline.total) == (unplaced, 1, 8)


def test_gaps_are_filled_or_left_out() -> None:
    labels = [bucket.label for bucket in some_timeline()]
    assert labels == ["2020-10", "2020-11", "2020-12", "2021-01", "2021-02", "2021-03"]
    assert [bucket.label for bucket in some_timeline(gaps=False)] == ["2020-10", "2021-01", "2021-03"]


def test_a_bucket_is_what_a_search_of_its_period_finds() -> None:
    """`dates="within"` asks for what surely lies there, and that is what a bucket counts."""
    index = searchkit.create(analyzer="none")
    index.add(some_articles(generator("buckets"), 200))
    results = index.search("w0 OR w1")
    for by in ("month", "quarter", "week"):
        for bucket in results.timeline(by):  # type: ignore[arg-type]
            assert index.count("w0 OR w1", on=bucket.interval, dates="within") == bucket.count


def test_a_timeline_is_a_frozen_sequence_of_buckets() -> None:
    timeline = some_timeline()
    assert (timeline[0].start, timeline[0].end) == (datetime(2020, 10, 1), datetime(2020, 11, 1))
    assert timeline.buckets == tuple(timeline) == timeline[:]
    assert len(timeline) == 6
    assert timeline[-1].count == 1
    assert timeline == some_timeline()
    assert timeline != some_timeline("year")
    with pytest.raises(AttributeError):
        timeline.unplaced = 0  # type: ignore[misc]
    assert timeline.to_dicts()[0] == {
        "period": "2020-10",
        "start": "2020-10-01T00:00:00",
        "end": "2020-11-01T00:00:00",
        "count": 3,
    }


def test_nothing_found_is_an_empty_timeline() -> None:
    index = searchkit.create(analyzer="none")
    for _ in range(2):
        timeline = index.search("absent").timeline("day")
        assert (len(timeline), timeline.total, list(timeline)) == (0, 0, [])
        assert str(timeline) == "by day: 0 articles"
        index.add([Article("here", id="x")])
    timeline = index.search("here").timeline()
    assert (len(timeline), timeline.undated, timeline.total) == (0, 1, 1)


def test_another_period_is_refused() -> None:
    for by in ("decade", "", None, ["day"]):
        with pytest.raises(QueryError, match="day, week, month, quarter, year"):
            some_timeline(by)  # type: ignore[arg-type]


def test_a_timeline_is_whole_or_none() -> None:
    """At the deadline there is no timeline, as there is no total."""
    index = searchkit.create(analyzer="none")
    index.add(some_articles(generator("late"), 50))
    with pytest.raises(SearchTimeout):
        index.search("w0", timeout=0).timeline()


def test_it_is_drawn_as_bars() -> None:
    """The longest bar fills the line, every count is told, many empty periods are one line."""
    lines = str(some_timeline()).splitlines()
    assert lines[0] == "by month: 8 articles, 2 unplaced, 1 undated"
    assert lines[1].startswith("2020-10  █████")
    assert max(map(len, lines)) == 72
    assert [line.split()[-1] for line in lines[1:]] == ["3", "0", "0", "1", "0", "1"]
    assert "⋮" in str(some_timeline("day"))
    assert repr(some_timeline()) == (
        "<Timeline by month: 8 articles, 2 unplaced, 1 undated>\n  2020-10  3\n  2021-01  1\n  2021-03  1"
    )


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=30), st.integers(1, 200))
def test_bars_fit_and_hide_nothing(counts: list[int], width: int) -> None:
    """Bars grow with their counts and fit the width, and what is not nothing is seen, at any width."""
    timeline = Timeline("day", range(700_000, 700_000 + len(counts)), tuple(counts), 0, 0)
    drawn = [row for row in bars(timeline, width) if row[0]]
    shown = [int(count.replace(",", "")) for _, _, count in drawn]
    assert [count for count in shown if count] == [count for count in counts if count]
    for (_, bar, text), count in zip(drawn, shown, strict=True):
        assert bool(bar) == bool(count)
        assert len(bar) <= max(1, width - 13 - len(text))
    lengths = [len(bar) for _, bar, _ in sorted(drawn, key=lambda row: int(row[2].replace(",", "")))]
    assert lengths == sorted(lengths)
    sums, step = coarse(timeline, width)
    assert len(sums) <= width
    assert sum(sums) == sum(counts)
    assert step * len(sums) >= len(counts)
    assert GAP == 3


@pytest.mark.slow
def test_a_picture_is_a_file(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = some_timeline().plot(tmp_path / "timeline.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SearchkitError, match=r"searchkit\[plot\]"):
        some_timeline().plot(tmp_path / "timeline.png")
