"""Cursors: the pages of a search are its whole ranking, whatever happens to the index between two of them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import generator, some_articles, some_query

import searchkit
from searchkit.article import Article
from searchkit.errors import QueryError
from searchkit.query.nodes import Term
from searchkit.search.cursor import KEPT, Cursor


def some_index(path: Path | None = None, count: int = 120) -> searchkit.Index:
    index = searchkit.create(path, analyzer="none")
    random = generator("paging")
    for first in range(0, count, 40):
        index.add(some_articles(random, 40, first=first, vocabulary=20))
    return index


def page(index: searchkit.Index, query: Any, after: str | None, **options: Any) -> searchkit.Results:
    return index.search(query, after=after, **options)


def ids_of_all_pages(index: searchkit.Index, query: Any, between: Any = lambda: None, **options: Any) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        results = page(index, query, after, **options)
        assert results.warnings == ()
        found += results.ids
        after = results.cursor
        if after is None:
            return found
        between()


@pytest.mark.parametrize("sort", ["score", "newest", "oldest"])
def test_all_pages_are_the_whole_ranking(sort: Any) -> None:
    """For any query, page length and order, and the last page leads nowhere."""
    index = some_index()
    random = generator(f"pages {sort}")
    for _ in range(15):
        query = some_query(random, [f"w{rank}" for rank in range(8)])
        whole = [hit.id for hit in index.search(query, limit=None, sort=sort)]
        for limit in (1, 7, 50, len(whole) or 1):
            if limit > 1 or len(whole) < 30:
                assert ids_of_all_pages(index, query, limit=limit, sort=sort) == whole


@pytest.mark.parametrize("folder", [False, True])
def test_pages_stay_while_others_write(folder: bool, tmp_path: Path) -> None:
    """Articles that are added, replaced and deleted meanwhile change no page: the snapshot of the first is kept."""
    index = some_index(tmp_path / "index" if folder else None)
    whole = [hit.id for hit in index.search("w0 w1", limit=None)]
    random = generator("meanwhile")

    def write() -> None:
        index.add(some_articles(random, 3, first=random.randrange(200)))
        index.delete([random.choice(whole)])
        index.compact()

    assert ids_of_all_pages(index, "w0 w1", write, limit=9) == whole
    assert [hit.id for hit in index.search("w0 w1", limit=None)] != whole


def test_another_process_goes_on_in_the_generation_before(tmp_path: Path) -> None:
    """A folder keeps the generation before the newest: a cursor that comes back after one commit still holds."""
    first = some_index(tmp_path / "index")
    whole = [hit.id for hit in first.search("w0", limit=None)]
    results = first.search("w0", limit=5)
    cursor = results.cursor
    first.add([Article("w0 w0 w0", id="new", date="2024")])
    with searchkit.open(tmp_path / "index", mode="r") as second:
        assert second.search("w0", limit=1)[0].id != whole[5]
        following = second.search("w0", limit=5, after=cursor)
        assert (list(following.ids), following.warnings, following.offset) == (whole[5:10], (), 5)
        assert following.total == len(whole)


def test_when_the_snapshot_is_gone_the_next_page_says_so(tmp_path: Path) -> None:
    """And goes on behind the last hit, as the articles of now are ranked."""
    index = some_index(tmp_path / "index")
    whole = [hit.id for hit in index.search("w0", limit=None, sort="newest")]
    cursor = index.search("w0", limit=5, sort="newest").cursor
    for number in range(2):
        index.add([Article("w0", id=f"new{number}", date="2030")])
    index.delete([whole[4], whole[5]])
    with searchkit.open(tmp_path / "index", mode="r") as other:
        following = other.search("w0", limit=5, sort="newest", after=cursor)
        assert list(following.ids) == whole[6:11]
        (warning,) = following.warnings
        assert "is gone" in warning
        ranked = other.search("w0", limit=5, after=other.search("w0", limit=5).cursor)
        assert ranked.warnings == ()


def test_only_the_last_few_snapshots_are_kept() -> None:
    index = some_index()
    cursors = []
    for number in range(KEPT + 1):
        cursors.append(index.search("w0", limit=5).cursor)
        index.add([Article("w0", id=f"new{number}")])
        index.compact()
    assert [bool(index.search("w0", limit=5, after=cursor).warnings) for cursor in cursors[::-1]] == [False] * KEPT + [
        True
    ]


def test_relative_dates_start_where_the_first_page_started() -> None:
    """A page that is asked for tomorrow still means the same yesterday."""
    index = searchkit.create(analyzer="none")
    index.add([Article("x", id=str(number), date=f"2020-10-{number + 1:02}") for number in range(20)])
    first = index.search("x", since="past 10 days", limit=4, now=datetime(2020, 10, 12))
    asked = index.search("x", since="past 10 days", limit=4, after=first.cursor)
    faded = index.search("x", recency="3d", limit=4)
    assert not set(faded.ids) & set(index.search("x", recency="3d", limit=4, after=faded.cursor).ids)
    whole = index.search("x", since="past 10 days", limit=None, now=datetime(2020, 10, 12)).ids
    assert (*first.ids, *asked.ids) == whole[:8]


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("w1", {}),
        (Term("w0"), {}),
        ("w0", {"sort": "newest"}),
        ("w0", {"match": "all"}),
        ("w0", {"since": "2019"}),
        ("w0", {"k1": 2.0}),
        ("w0", {"dates": "within"}),
        ("w0", {"recency": "30d"}),
        ("w0", {"variant": "atire"}),
    ],
)
def test_a_cursor_of_another_query_is_refused(query: Any, options: dict[str, Any]) -> None:
    index = some_index()
    cursor = index.search("w0", limit=5).cursor
    with pytest.raises(QueryError, match="another query"):
        index.search(query, after=cursor, **options)
    assert len(index.search("w0", limit=2, offset=1, after=cursor)) == 2


@given(st.one_of(st.text(max_size=60), st.binary(max_size=90).map(lambda data: urlsafe_b64encode(data).decode())))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="cursor of the page before"):
        Cursor.decode(text)


def test_a_changed_cursor_is_refused() -> None:
    """Every single changed, missing or added character is noticed."""
    index = some_index()
    cursor = index.search("w0", limit=5).cursor
    assert cursor is not None
    for place in range(len(cursor)):
        for other in ("A", "B", ""):
            changed = cursor[:place] + other + cursor[place + 1 :]
            if changed != cursor:
                with pytest.raises(QueryError):
                    index.search("w0", after=changed)
    for wrong in (cursor + "A", cursor + "=", 7, b"x", "x" * 5000):
        with pytest.raises(QueryError):
            index.search("w0", after=wrong)  # type: ignore[arg-type]
    assert urlsafe_b64decode(cursor + "==")[0] == 1


def test_there_is_no_cursor_where_no_page_follows() -> None:
    index = some_index()
    assert index.search("w0", limit=None).cursor is None
    assert index.search("absent").cursor is None
    assert index.search("w0", limit=0).cursor is None
    assert index.search("w0", offset=10_000).cursor is None
    assert index.search("w0", timeout=0).cursor is None


def test_a_cursor_is_a_value_that_comes_back_whole() -> None:
    """Also with an id of many bytes, of which enough are kept to settle ties."""
    cursor = Cursor(b"12345678", b"abcdefgh", 7, 20, 1.25, -1, -1, "é" * 20, datetime(2020, 1, 2))
    assert Cursor.decode(cursor.encode()) == cursor
    long = Cursor(b"12345678", b"abcdefgh", 7, 20, 1.25, 0, 9, "a" + "é" * 400, None)
    assert Cursor.decode(long.encode()).id == "a" + "é" * 255


def test_pages_in_the_order_of_a_field_and_with_conditions() -> None:
    """The cursor of one order or condition is none of another."""
    index = searchkit.create(analyzer="none", fields={"words": searchkit.Number()})
    index.add([Article("x", id=str(number), fields={"words": number * 7 % 31}) for number in range(40)])
    options: dict[str, Any] = {"sort": "-words", "where": {"words": (3, 25)}}
    whole = list(index.search("x", limit=None, **options).ids)
    assert ids_of_all_pages(index, "x", limit=6, **options) == whole
    cursor = index.search("x", limit=6, **options).cursor
    for other in ({"sort": "words"}, {"where": {"words": (3, 24)}}):
        with pytest.raises(QueryError, match="another query"):
            index.search("x", after=cursor, **{**options, **other})


def test_pages_of_collapsed_and_expanded_hits() -> None:
    """Pages of what is folded under one hit, or found by what the first hits have in common, are the whole as well."""
    random = generator("collapsed")
    index = searchkit.create(analyzer="none", fields={"source": searchkit.Keyword()})
    articles = some_articles(random, 60, vocabulary=20)
    index.add([attrs.evolve(article, fields={"source": random.choice("abcdefghijklmnop")}) for article in articles])
    for options in ({"collapse": "source"}, {"expand": "rm3"}, {"collapse": "source", "sort": "oldest"}):
        whole = list(index.search("w0 w1", limit=None, **options).ids)
        for limit in (3, 7):
            assert ids_of_all_pages(index, "w0 w1", limit=limit, **options) == whole, options
    cursor = index.search("w0", limit=3, collapse="source").cursor
    with pytest.raises(QueryError, match="another query"):
        index.search("w0", after=cursor)


BIG = 2**63 - 1


@cache
def lasting_index() -> searchkit.Index:
    return some_index()


@given(
    st.binary(min_size=8, max_size=8) | st.just(b""),
    st.integers(0, 2 * BIG + 1),
    st.integers(0, 2 * BIG + 1),
    st.floats(),
    st.integers(-BIG - 1, BIG),
    st.integers(-BIG - 1, BIG),
    st.text(max_size=20),
    st.none() | st.datetimes(),
    st.sampled_from(["score", "newest", "oldest"]),
)
def test_a_forged_cursor_does_no_harm(
    name: bytes,
    generation: int,
    passed: int,
    score: float,
    start: int,
    end: int,
    id: str,
    now: datetime | None,
    sort: Any,
) -> None:
    """Its checksum can be right, as there is no secret in it: whatever it says, it leads to a page or is refused."""
    asked: dict[str, Any] = {"limit": 4, "sort": sort, "since": "last 50 years"}
    true = lasting_index().search("w0", **asked).cursor
    assert true is not None
    question = Cursor.decode(true)
    snapshot = name or question.snapshot
    forged = Cursor(snapshot, question.question, generation, passed, score, start, end, id, now or question.now)
    try:
        page = lasting_index().search("w0", after=forged.encode(), **asked)
    except QueryError:
        return
    assert len(page) <= 4
