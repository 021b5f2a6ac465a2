"""The facade: what each verb of an index does, in memory as on disk."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit import Article, CorruptIndex, DateInterval, IndexLocked, IndexNotFound, QueryError, SearchkitError
from searchkit.query import Or, Term

Make = Callable[..., searchkit.Index]

CURLY = "“Don’t,” she said — it’s 3.5% …\x00 after NUL 🙂 選挙"


@pytest.fixture(params=["memory", "disk"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes new indexes, in memory or on disk: every law below holds for both."""
    made = []

    def make(**options: Any) -> searchkit.Index:
        path = tmp_path / f"index{len(made)}" if request.param == "disk" else None
        made.append(searchkit.create(path, **options))
        return made[-1]

    yield make
    for index in made:
        index.close()


def ids(results: searchkit.Results) -> list[str]:
    return [hit.id for hit in results]


# -- creating and opening ---------------------------------------------------------------------------------------------


def test_a_new_index_is_empty(make: Make) -> None:
    """And answers everything with nothing."""
    index = make()
    assert len(index) == 0
    assert index.stats().articles == 0
    for query in ("", "word", '"a phrase"', "*", "a OR b", "date:2020", Term("word")):
        results = index.search(query)
        assert list(results) == []
        assert results.total == index.count(query) == 0
    assert [list(results) for results in index.search_many(["a", ""])] == [[], []]
    assert index.check().ok
    assert "x" not in index
    index.compact()
    assert index.refresh() in (True, False)


def test_create_never_opens_and_open_never_creates(tmp_path: Path) -> None:
    """Unless exist_ok is said; the options of the index on disk then stay."""
    path = tmp_path / "index"
    with pytest.raises(IndexNotFound):
        searchkit.open(path)
    assert not path.exists()
    with searchkit.create(path, k1=2.0) as index:
        index.add([Article("word", id="a")])
    with pytest.raises(FileExistsError):
        searchkit.create(path)
    with searchkit.create(path, k1=1.0, exist_ok=True) as index:
        assert "a" in index
    with searchkit.open(str(path)) as index:
        assert "a" in index


def test_open_an_empty_folder(tmp_path: Path) -> None:
    """A folder without a manifest is no index; creating one in it is fine."""
    with pytest.raises(IndexNotFound):
        searchkit.open(tmp_path)
    searchkit.create(tmp_path).close()
    searchkit.open(tmp_path).close()


def test_options_are_kept(tmp_path: Path) -> None:
    """Analyzer, title weight, k1, b and time zone come back with the index."""
    articles = [Article("ein Haus am See", id="a", title="Häuser"), Article("viele Häuser", id="b")]
    options = {"analyzer": "german", "title_weight": 3, "k1": 0.9, "b": 0.4, "timezone": "Europe/Berlin"}
    with searchkit.create(tmp_path / "index", **options) as index:
        index.add(articles)
        before = [(hit.id, hit.score) for hit in index.search("haus")]
    assert [id for id, _ in before] == ["a", "b"]
    with searchkit.open(tmp_path / "index") as index:
        assert [(hit.id, hit.score) for hit in index.search("haus")] == before
        assert index.analyzer.name == "german"


@pytest.mark.parametrize(
    "options",
    [{"k1": -1.0}, {"b": 1.5}, {"b": -0.1}, {"title_weight": -1}, {"title_weight": 101}, {"timezone": "Mars/Crater"}],
)
def test_impossible_options_are_refused(options: dict[str, Any], tmp_path: Path) -> None:
    """With nothing left on disk."""
    with pytest.raises((ValueError, SearchkitError)):
        searchkit.create(tmp_path / "index", **options)
    assert not list(tmp_path.rglob("manifest-*"))


def test_aware_datetimes_move_to_the_time_zone_of_the_index(make: Make) -> None:
    """Once, when they come in as dicts; 23:30 in New York is the next day in Berlin."""
    index = make(timezone="Europe/Berlin")
    index.add([{"id": "a", "text": "word", "date": "2020-10-01T23:30:00-04:00"}])
    assert ids(index.search("word", on="2020-10-02")) == ["a"]
    assert ids(index.search("word", on="2020-10-01")) == []
    assert ids(index.search("word", since=datetime(2020, 10, 2, 3, 30, tzinfo=UTC))) == ["a"]


# -- adding and deleting ----------------------------------------------------------------------------------------------


def test_add_takes_articles_and_dicts(make: Make) -> None:
    """Any iterable of them, a generator too; one article alone is an error that says so."""
    index = make()
    report = index.add(article for article in (Article("one", id="a"), {"id": "b", "text": "two", "date": "2020"}))
    assert (report.added, report.replaced, list(report.skipped)) == (2, 0, [])
    assert report.bytes > 0
    assert report.seconds >= 0.0
    assert len(index) == 2
    assert str(index.get("b").date) == "2020"
    with pytest.raises(searchkit.ArticleError):
        index.add([{"id": "c", "txet": "typing error"}])
    assert len(index) == 2


def test_add_replaces_by_id(make: Make) -> None:
    """The last one wins, across calls and within one call, and the old words are gone."""
    index = make()
    index.add([Article("old words", id="a"), Article("other", id="b")])
    report = index.add([Article("new words", id="a"), Article("third", id="c")])
    assert (report.added, report.replaced) == (2, 1)
    assert len(index) == 3
    assert ids(index.search("old")) == []
    assert ids(index.search("new")) == ["a"]
    assert index.get("a").text == "new words"
    index.add([Article("first", id="d"), Article("second", id="d"), Article("last", id="d")])
    assert len(index) == 4
    assert ids(index.search("first OR second OR last")) == ["d"]
    assert index.get("d").text == "last"
    assert index.search("last").total == 1


def test_added_less_replaced_is_what_the_index_grew_by(make: Make) -> None:
    """Also where articles of one call replace one another."""
    index = make()
    index.add([Article("zero", id="a")])
    report = index.add(
        [Article("one", id="a"), Article("two", id="a"), Article("three", id="b"), Article("four", id="b")]
    )
    assert (report.added, report.replaced) == (4, 3)
    assert len(index) == 2
    assert report.bytes == len("onetwothreefour")
    assert index.add([]).replaced == 0


def test_add_of_nothing(make: Make) -> None:
    """Is no error and no article."""
    index = make()
    assert index.add([]).added == 0
    index.add([Article("", id="empty")])
    assert len(index) == 1
    assert index.get("empty").text == ""


def test_ids_from_content_are_stable(make: Make) -> None:
    """The same article twice is one article."""
    index = make()
    index.add([Article("same text", date="2020")])
    index.add([Article("same text", date="2020"), Article("same text", date="2021")])
    assert len(index) == 2


def test_delete(make: Make) -> None:
    """Says how many there were; unknown and repeated ids count nothing; a lone str is one id."""
    index = make()
    index.add(Article("word", id=id) for id in "abcde")
    assert index.delete(["a", "nowhere", "b", "a"]) == 2
    assert index.delete(["a"]) == 0
    assert len(index) == 3
    assert "a" not in index
    assert sorted(ids(index.search("word"))) == ["c", "d", "e"]
    index.add([Article("word again", id="a")])
    assert "a" in index
    assert index.delete(iter(["a", "c", "d", "e"])) == 4
    assert len(index) == 0
    assert index.search("word").total == 0


def test_get_of_an_unknown_id(make: Make) -> None:
    """Is a KeyError that names the id."""
    index = make()
    index.add([Article("word", id="a")])
    with pytest.raises(KeyError, match="nowhere"):
        index.get("nowhere")
    index.delete(["a"])
    with pytest.raises(KeyError):
        index.get("a")


def test_articles_come_back_as_they_went_in(make: Make) -> None:
    """Text, title, date as written, and fields of every kind."""
    fields = {
        "source": "Évening Post",
        "words": 12,
        "score": -0.5,
        "big": 2**53 + 1,
        "paid": True,
        "tags": ["a", "“b”", ""],
    }
    article = Article(CURLY * 20, id="a", title=CURLY, date="2020-09/2020-10", fields=fields)
    index = make()
    index.add([article])
    index.add(
        [Article("plain", id="b", date=datetime(2020, 1, 2, 3, 4, 5)), Article("x", id="c", date=date(2020, 1, 2))]
    )
    for _ in range(2):
        back = index.get("a")
        assert back == article
        assert (back.text, back.title, str(back.date), back.fields) == (CURLY * 20, CURLY, "2020-09/2020-10", fields)
        assert type(back.fields["paid"]) is bool
        assert type(back.fields["words"]) is int
        (hit,) = index.search("NUL title:nul")
        assert (hit.article, hit.fields, hit.title, hit.date) == (article, fields, CURLY, article.date)
        assert index.get("b").date == DateInterval.parse("2020-01-02T03:04:05")
        assert index.get("c").date == DateInterval.parse("2020-01-02")
        index.compact()


@pytest.mark.parametrize(
    "id", ["é", "選挙/1", "a b", "../up", "a\nb", "🙂", "x" * 5000, "nul\x00", "date:2020", '"', "*"]
)
def test_any_text_is_an_id(make: Make, id: str) -> None:
    """Ids are the user's own."""
    index = make()
    index.add([Article("word", id=id), Article("word", id="other")])
    assert id in index
    assert index.get(id).id == id
    assert set(ids(index.search("word"))) == {id, "other"}
    assert index.explain("word", id).score > 0
    assert index.delete([id]) == 1
    assert id not in index


def test_many_ids_are_found(make: Make) -> None:
    """Each of thousands, by get and in, across segments; and none beside them."""
    index = make()
    index.add(Article("w", id=f"id{number:05}") for number in range(3000))
    index.add(Article("w", id=f"id{number:05}") for number in range(3000, 3500))
    assert all(f"id{number:05}" in index for number in range(3500))
    assert all(index.get(f"id{number:05}").id == f"id{number:05}" for number in range(0, 3500, 97))
    assert not any(f"id{number}" in index for number in ("03500", "", "0", "00", "000000"))


def test_store_false_keeps_no_text(make: Make) -> None:
    """Ids, dates and fields only; words are found as ever; asking for the text says why there is none."""
    index = make(store=False)
    index.add([Article("secret words", id="a", title="T", date="2020-10", fields={"n": 1})])
    (hit,) = index.search("secret")
    assert (hit.id, str(hit.date), hit.fields) == ("a", "2020-10", {"n": 1})
    with pytest.raises(SearchkitError, match="store"):
        _ = hit.article
    with pytest.raises(SearchkitError, match="store"):
        index.get("a")
    with pytest.raises(SearchkitError, match="store"):
        hit.snippet()
    assert "a" in index
    index.compact()
    assert ids(index.search('"secret words"')) == ["a"]
    assert index.delete(["a"]) == 1


def test_sources_report_what_they_skipped(make: Make, tmp_path: Path) -> None:
    """AddReport.skipped tells what read_articles left out."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "good.txt").write_text("date 2020-10-02\nGood words.", encoding="utf-8")
    (folder / "bad.txt").write_text("date 2020-13-02\nBad date.", encoding="utf-8")
    index = make()
    report = index.add(searchkit.read_articles(folder, on_error="skip"))
    assert report.added == 1
    assert len(report.skipped) == 1
    assert "bad.txt" in str(report.skipped[0])
    with pytest.raises(SearchkitError, match=r"bad\.txt"):
        index.add(searchkit.read_articles(folder))
    assert len(index) == 1


# -- the writer -------------------------------------------------------------------------------------------------------


def test_leaving_the_writer_commits(make: Make) -> None:
    """Nothing is seen before."""
    index = make()
    with index.writer() as writer:
        writer.add([Article("word", id="a"), Article("word", id="b")])
        writer.delete(["a"])
        assert len(index) == 0
        assert ids(index.search("word")) == []
    assert ids(index.search("word")) == ["b"]


def test_an_exception_rolls_back(make: Make) -> None:
    """And passes through; the index can be written to again."""
    index = make()
    index.add([Article("kept", id="a")])
    with pytest.raises(ZeroDivisionError), index.writer() as writer:
        writer.add([Article("lost", id="b"), Article("lost", id="a")])
        writer.delete(["a"])
        raise ZeroDivisionError
    assert ids(index.search("kept OR lost")) == ["a"]
    index.add([Article("kept", id="c")])
    assert sorted(ids(index.search("kept"))) == ["a", "c"]


def test_an_exception_of_the_iterable_adds_nothing(make: Make) -> None:
    """add is one commit, all or nothing."""

    def broken() -> Iterator[Article]:
        yield Article("word", id="a")
        raise OSError("the source broke")

    index = make()
    with pytest.raises(OSError, match="broke"):
        index.add(broken())
    assert len(index) == 0
    assert index.add([Article("word", id="b")]).added == 1


def test_commits_and_rollbacks_within_one_writer(make: Make) -> None:
    """Each commit stands; a rollback drops what came since the last one."""
    index = make()
    with index.writer() as writer:
        writer.add([Article("one", id="a")])
        writer.commit()
        assert ids(index.search("one")) == ["a"]
        writer.add([Article("two", id="a"), Article("two", id="b")])
        writer.delete(["a"])
        writer.rollback()
        writer.add([Article("three", id="c")])
    assert sorted(ids(index.search("one OR two OR three"))) == ["a", "c"]


@pytest.mark.slow
def test_a_commit_without_a_change_makes_no_generation(make: Make) -> None:
    """Even where one merge has made another one due: that waits for the next change."""
    index = make()
    for number in range(70):
        with index.writer() as writer:
            writer.add(Article("word", id=str(number)))
            generation = writer.commit()
            assert writer.commit() == generation
        assert index.stats().generation == generation


def test_order_of_adds_and_deletes_in_one_writer(make: Make) -> None:
    """A delete takes what was added before it, not what comes after."""
    index = make()
    index.add([Article("old", id="a"), Article("old", id="b")])
    with index.writer() as writer:
        writer.add([Article("new", id="a"), Article("new", id="c")])
        assert writer.delete(["a", "c"]) == 2
        writer.add([Article("newest", id="c")])
        writer.add([Article("newer", id="b")])
        writer.add([Article("newest", id="b")])
    assert ids(index.search("old OR new OR newer")) == []
    assert sorted(ids(index.search("newest"))) == ["b", "c"]
    assert len(index) == 2


def test_one_writer_at_a_time(make: Make) -> None:
    """A second one waits, then says who holds the index; a left writer is of no more use."""
    index = make()
    with index.writer() as writer:
        with pytest.raises(IndexLocked), index.writer(wait=0.05):
            pass
        writer.add([Article("word", id="a")])
    with pytest.raises(SearchkitError):
        writer.add([Article("word", id="b")])
    with index.writer(wait=0.05):
        pass
    assert ids(index.search("word")) == ["a"]


@pytest.mark.parametrize("memory", ["1MB", "64MB", "1GB", 8_000_000])
def test_memory_is_a_size(make: Make, memory: str | int) -> None:
    """Text with a unit, or bytes."""
    index = make()
    with index.writer(memory=memory) as writer:
        writer.add([Article("word", id="a")])
    assert len(index) == 1


@pytest.mark.parametrize("memory", ["", "lots", "-1MB", "0"])
def test_memory_that_is_no_size(make: Make, memory: str) -> None:
    """Is refused before anything is locked."""
    index = make()
    with pytest.raises((ValueError, SearchkitError)), index.writer(memory=memory):
        pass
    index.add([Article("word", id="a")])


def test_workers_change_nothing(make: Make) -> None:
    """Two workers build what one builds."""
    articles = [Article(f"word{number % 7} word", id=str(number), date=f"20{number % 20:02}") for number in range(200)]
    one, two = make(), make()
    one.add(articles, workers=1)
    two.add(articles + articles[:50], workers=2)
    assert len(one) == len(two) == 200
    for query in ("word", "word3", '"word3 word"'):
        found = [[(hit.id, hit.score) for hit in index.search(query, limit=300)] for index in (one, two)]
        assert found[0] == found[1]


# -- searching --------------------------------------------------------------------------------------------------------


@pytest.fixture
def stocked(make: Make) -> searchkit.Index:
    index = make()
    index.add(
        [
            Article("The mayor spoke about the flood.", id="a", title="Flood", date="2020-10-02"),
            Article("A flood of letters to the mayor's office.", id="b", date="2020-10"),
            Article("Nothing happened.", id="c", date="2019"),
        ]
    )
    index.add([Article("Undated flood notes.", id="d")])
    return index


def test_search_takes_text_or_nodes(stocked: searchkit.Index) -> None:
    """With one meaning."""
    assert ids(stocked.search("flood")) == ids(stocked.search(Term("flood"))) == ["a", "d", "b"]
    assert ids(stocked.search("mayor flood", match="all")) == ["a", "b"]
    assert ids(stocked.search('"mayor spoke"')) == ["a"]
    assert ids(stocked.search("happened OR notes -undated")) == ["c"]


def test_limit_and_offset(stocked: searchkit.Index) -> None:
    """Pages of one ranking; totals do not depend on them."""
    whole = ids(stocked.search("flood"))
    for limit in range(1, 6):
        for offset in range(5):
            results = stocked.search("flood", limit=limit, offset=offset)
            assert ids(results) == whole[offset : offset + limit]
            assert results.total == 3
    assert ids(stocked.search("flood", offset=10**9)) == []
    for limit, offset in ((-1, 0), (10, -1)):
        with pytest.raises((ValueError, QueryError)):
            stocked.search("flood", limit=limit, offset=offset)


def test_limit_0_asks_for_the_total_only(stocked: searchkit.Index) -> None:
    """No hits, the true total."""
    results = stocked.search("flood", limit=0)
    assert (list(results), results.total) == ([], 3)


def test_sorts(stocked: searchkit.Index) -> None:
    """By score, newest first, oldest first; undated last; anything else is an error."""
    assert ids(stocked.search("*", sort="newest")) == ["b", "a", "c", "d"]
    assert ids(stocked.search("*", sort="oldest")) == ["c", "a", "b", "d"]
    assert all(hit.score > 0 for hit in stocked.search("flood", sort="newest"))
    with pytest.raises((ValueError, QueryError)):
        stocked.search("flood", sort="colour")


def test_dates(stocked: searchkit.Index) -> None:
    """Ranges include the whole of the periods they name, in any form a date has."""
    assert ids(stocked.search("flood", since="2020-10")) == ["a", "b"]
    assert ids(stocked.search("flood", until="2020-10-01")) == ["b"]
    assert ids(stocked.search("flood", on=date(2020, 10, 2))) == ["a", "b"]
    assert ids(stocked.search("flood", on="2020-10-02", dates="within")) == ["a"]
    assert ids(stocked.search("flood", on=DateInterval.parse("2020-10-02"), dates="contains")) == ["a", "b"]
    assert ids(stocked.search("flood date:2020-10-02")) == ["a", "b"]
    assert ids(stocked.search("flood date:none")) == ["d"]
    with pytest.raises(QueryError):
        stocked.search("flood", since="2021", until="2020")
    with pytest.raises(SearchkitError):
        stocked.search("flood", since="2020-13")
    with pytest.raises((ValueError, QueryError)):
        stocked.search("flood", dates="near")


def test_empty_queries(stocked: searchkit.Index) -> None:
    """Find nothing, raise nothing."""
    for query in ("", " ", "!!!", '""', "()", "-", "“”"):
        results = stocked.search(query)
        assert (list(results), results.total) == ([], 0), query


def test_an_empty_query_finds_nothing_in_any_range(stocked: searchkit.Index) -> None:
    """A filter is no query; `*` asks for all in a range."""
    for query in ("", "?!", Term("?!"), Or(Term("?"), Term("!"))):
        results = stocked.search(query, since="2019", until="2021")
        assert (list(results), results.total) == ([], 0), query
    assert stocked.count("*", since="2019", until="2021") == 3


def test_what_was_left_out_is_said(stocked: searchkit.Index) -> None:
    """In the warnings of results; without a reason there are none."""
    assert stocked.search(Or(Term("flood"), Term("?!"))).warnings
    assert stocked.search("flood AND (mayor").warnings
    assert stocked.search("flood mayor").warnings == ()
    assert [bool(results.warnings) for results in stocked.search_many(["flood", "flood OR"])] == [False, True]


def test_only_an_unwanted_word(stocked: searchkit.Index) -> None:
    """All articles but those that have it."""
    assert sorted(ids(stocked.search("-flood"))) == ["c"]
    assert sorted(ids(stocked.search("NOT mayor"))) == ["c", "d"]


def test_count_and_total_agree(stocked: searchkit.Index) -> None:
    """Both exact, with the same filters."""
    for options in ({}, {"since": "2020"}, {"on": "2020-10-02", "dates": "within"}, {"match": "all"}):
        results = stocked.search("flood mayor", limit=1, **options)
        assert results.total == stocked.count("flood mayor", **options) == len(stocked.search("flood mayor", **options))


def test_explain(stocked: searchkit.Index) -> None:
    """Parts add up to the score; an article that does not match, or is unknown, is said to be so."""
    hit = stocked.search("flood mayor")[0]
    explanation = stocked.explain("flood mayor", hit.id)
    assert explanation.score == hit.score == 0.0 + explanation.parts[0].score + explanation.parts[1].score
    assert "flood" in str(explanation)
    with pytest.raises(KeyError):
        stocked.explain("flood", "nowhere")


def test_search_many(stocked: searchkit.Index) -> None:
    """One Results for each query, in order, with the same options; none for none."""
    queries = ["flood", Term("mayor"), "", "happened"]
    many = stocked.search_many(queries, limit=2, threads=2, since="2019")
    assert [ids(results) for results in many] == [ids(stocked.search(q, limit=2, since="2019")) for q in queries]
    assert stocked.search_many([]) == []


def test_a_hit_outlives_changes(stocked: searchkit.Index) -> None:
    """Results belong to their snapshot: later commits, merges and sweeps do not touch them."""
    results = stocked.search("flood")
    texts = [stocked.get(id).text for id in ids(results)]
    stocked.delete(ids(results))
    stocked.add([Article("flood", id="new")])
    stocked.compact()
    assert [hit.article.text for hit in results] == texts
    assert results.total == 3
    assert "flood" in results[0].snippet().lower()


# -- refresh, stats, check, compact, close ----------------------------------------------------------------------------


def test_refresh_moves_to_the_newest_generation(tmp_path: Path) -> None:
    """An index sees its own commits at once, others' after refresh(), which says whether there was any."""
    with searchkit.create(tmp_path / "i") as writing, searchkit.open(tmp_path / "i") as other:
        assert other.refresh() is False
        writing.add([Article("word", id="a")])
        assert len(writing) == 1
        assert len(other) == 0
        assert other.refresh() is True
        assert ids(other.search("word")) == ["a"]
        assert other.refresh() is False


def test_an_old_reader_writes_upon_the_newest_generation(tmp_path: Path) -> None:
    """Two open indexes that add in turns lose nothing."""
    with searchkit.create(tmp_path / "i") as one, searchkit.open(tmp_path / "i") as two:
        for number in range(6):
            (one if number % 2 else two).add([Article("word", id=str(number)), Article("word", id="shared")])
        one.refresh()
        two.refresh()
        assert len(one) == len(two) == 7


def test_reading_mode_never_writes(tmp_path: Path) -> None:
    """No lock, no file, no change, and writing is refused."""
    with searchkit.create(tmp_path / "i") as index:
        index.add([Article("word", id="a")])
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "i").iterdir()}
    with searchkit.open(tmp_path / "i", mode="r") as index:
        assert ids(index.search("word")) == ["a"]
        assert index.check().ok
        for write in (
            lambda: index.add([Article("x", id="b")]),
            lambda: index.delete(["a"]),
            lambda: index.writer().__enter__(),
            index.compact,
        ):
            with pytest.raises(SearchkitError):
                write()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "i").iterdir()} == before
    with pytest.raises(ValueError):
        searchkit.open(tmp_path / "i", mode="w")


def test_stats(make: Make) -> None:
    """Articles alive, segments, a rising generation, live and dead bytes."""
    index = make()
    first = index.stats()
    index.add(Article(f"words number {number}", id=str(number)) for number in range(50))
    index.add([Article("more", id="more")])
    grown = index.stats()
    assert (first.articles, grown.articles) == (0, 51)
    assert first.segments == 0
    assert grown.segments >= 1
    assert grown.generation > first.generation
    assert grown.live_bytes > 0
    index.delete(str(number) for number in range(50))
    assert index.stats().articles == 1
    index.compact()
    after = index.stats()
    assert (after.articles, after.segments, after.deleted) == (1, 1, 0)
    assert 0 < after.live_bytes < grown.live_bytes
    assert after.dead_bytes > 0  # the generation before is kept until the next commit
    assert sum(after.sections.values()) <= after.live_bytes
    assert (after.tokens, grown.tokens) == (1, 151)


def test_check_of_a_sound_index(make: Make) -> None:
    """Is ok and finds nothing, after adds, deletes and compact."""
    index = make()
    for step in (
        lambda: index.add(Article(f"w{number}", id=str(number), date="2020") for number in range(100)),
        lambda: index.delete(["1", "2"]),
        lambda: index.add([Article("w", id="1")]),
        index.compact,
    ):
        step()
        report = index.check()
        assert (report.ok, list(report.findings)) == (True, [])


def test_compact_leaves_one_segment_and_no_dead(make: Make) -> None:
    """And no other answer."""
    index = make()
    for number in range(5):
        index.add([Article(f"word w{number}", id=str(number)), Article("word", id="shared")])
    index.delete(["0"])
    before = [(hit.id, hit.score) for hit in index.search("word w3")]
    index.compact()
    assert index.stats().segments == 1
    assert [(hit.id, hit.score) for hit in index.search("word w3")] == before
    index.delete([hit.id for hit in index.search("word")])
    index.compact()
    assert len(index) == 0
    assert index.stats().segments == 0


def test_a_folder_keeps_only_what_its_manifests_name(tmp_path: Path) -> None:
    """Many commits leave no files behind: the lock, two generations at most, their segments and live documents."""
    with searchkit.create(tmp_path / "i") as index:
        for number in range(12):
            index.add([Article("word", id=str(number)), Article("word", id="shared")])
        index.compact()
        index.add([Article("word", id="last")])
        index.compact()
        index.add([Article("word", id="very last")])
    names = sorted(path.name for path in (tmp_path / "i").iterdir())
    assert sum(name.startswith("manifest-") for name in names) <= 2
    assert sum(name.endswith(".sk") for name in names) <= 3
    assert all(name == "write.lock" or name.startswith(("manifest-", "seg-")) for name in names)


def test_a_closed_index_is_closed(make: Make) -> None:
    """Every use says so; closing again is fine; hits already given keep working."""
    index = make()
    index.add([Article("word here", id="a")])
    results = index.search("word")
    index.close()
    index.close()
    for use in (
        lambda: index.search("word"),
        lambda: index.add([Article("x", id="b")]),
        lambda: index.get("a"),
        lambda: len(index),
        index.stats,
        index.refresh,
    ):
        with pytest.raises((ValueError, SearchkitError)):
            use()
    assert [hit.id for hit in results] == ["a"]


def test_an_index_is_a_context_manager(make: Make) -> None:
    """Leaving it closes it."""
    with make() as index:
        index.add([Article("word", id="a")])
    with pytest.raises((ValueError, SearchkitError)):
        index.search("word")


def test_open_indexes_can_be_forgotten(tmp_path: Path) -> None:
    """An index nobody closed leaves no ResourceWarning and no lock."""
    index = searchkit.create(tmp_path / "i")
    index.add([Article("word", id="a")])
    del index
    gc.collect()
    with searchkit.open(tmp_path / "i") as again, again.writer(wait=0.05) as writer:
        writer.add([Article("word", id="b")])


def test_memory_and_disk_give_the_same_answers(tmp_path: Path) -> None:
    """Scores to the bit, snippets to the letter."""
    articles = [
        Article(
            f"The flood came. Word {number % 3} was sent by the mayor {number}.", id=str(number), date=f"20{number:02}"
        )
        for number in range(30)
    ]
    with searchkit.create() as memory, searchkit.create(tmp_path / "i") as disk:
        for index in (memory, disk):
            index.add(articles[:20])
            index.add(articles[15:])
            index.delete(["3", "4"])
        for query in ("flood", "word 1", '"the mayor"', "mayor NOT 7", "fl*"):
            one, other = memory.search(query, limit=50), disk.search(query, limit=50)
            assert [(h.id, h.score, h.snippet()) for h in one] == [(h.id, h.score, h.snippet()) for h in other]
            assert one.total == other.total


def test_an_index_of_something_else(tmp_path: Path) -> None:
    """A file where a folder should be, or a manifest that is none, is said to be so and is left alone."""
    path = tmp_path / "file"
    path.write_text("hello")
    with pytest.raises((SearchkitError, OSError)):
        searchkit.open(path)
    with pytest.raises((SearchkitError, OSError)):
        searchkit.create(path)
    assert path.read_text() == "hello"
    (tmp_path / "i").mkdir()
    (tmp_path / "i" / "manifest-000001.json").write_text("{}")
    with pytest.raises((CorruptIndex, searchkit.FormatVersion)):
        searchkit.open(tmp_path / "i")
    with pytest.raises(FileExistsError):
        searchkit.create(tmp_path / "i")


def test_what_is_no_article_is_refused_wherever_it_comes() -> None:
    """None in an iterable, as of a download that failed, is no article that was left out."""
    index = searchkit.create()
    for options in ({}, {"commit_every": 1}, {"resume": True}):
        for wrong in (None, 5, "text"):
            with pytest.raises(searchkit.ArticleError, match=r"not a value of type|a text is made one"):
                index.add([Article("a", id="1"), wrong], **options)  # type: ignore[list-item, arg-type]
    for call in (index.get, index.delete):
        for wrong in (None, 5):
            with pytest.raises(TypeError, match=f"an id is a str, got {wrong}"):
                call(wrong)  # type: ignore[operator]
    with pytest.raises(searchkit.DateError, match="no such time zone"):
        searchkit.create(timezone=5)  # type: ignore[arg-type]
