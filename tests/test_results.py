"""Results and hits: an immutable sequence that reads articles, and counts, only when asked."""

from __future__ import annotations

import json
from collections.abc import Sequence

import attrs
import pytest

from searchkit.analysis import Analyzer
from searchkit.article import Article
from searchkit.dates import DateInterval
from searchkit.errors import SearchkitError
from searchkit.search.results import Hit, Marks, Results

ARTICLES = [
    Article("A storm came up. It rained.", id="a", title="Storm", date="2020-10", fields={"words": 6, "tags": ["x"]}),
    Article("Nothing happened.", id="b\x1b[2J"),
    Article("The storm went.", id="c", date="2020-10-02T10:15"),
]


class Snapshot:
    """Some articles as one segment, and a record of what was read."""

    analyzer = Analyzer("none")

    def __init__(self, articles: Sequence[Article] = ARTICLES, *, store: bool = True) -> None:
        self.articles = articles
        self.store = store
        self.reads: list[int] = []

    def article(self, segment: int, docid: int) -> Article:
        assert segment == 0
        self.reads.append(docid)
        article = self.articles[docid]
        return article if self.store else attrs.evolve(article, title="", text="")

    def interval(self, segment: int, docid: int) -> DateInterval | None:
        assert segment == 0
        return self.articles[docid].date

    def term_of(self, form: str) -> str:
        return form


STORM = Marks(frozenset(["storm"]))


def hits(snapshot: Snapshot) -> list[Hit]:
    return [Hit(snapshot, 0, docid, one.id, 3.0 - docid, STORM) for docid, one in enumerate(snapshot.articles)]


def results(snapshot: Snapshot, total: int = 7) -> Results:
    return Results(hits(snapshot), counter=lambda: total, seconds=0.0012, warnings=("odd",))


def test_a_hit_shows_its_article() -> None:
    hit = hits(Snapshot())[0]
    assert (hit.id, hit.score, str(hit.date), hit.title) == ("a", 3.0, "2020-10", "Storm")
    assert hit.article == ARTICLES[0]
    assert hit.fields == {"words": 6, "tags": ["x"]}
    assert hit.snippet() == "A **storm** came up. It rained."
    assert hit.snippet(1, markup="html") == "A <mark>storm</mark> came up."
    assert hit.snippets(5, sentences=1) == ["A **storm** came up."]
    assert hit.highlight(("<", ">")) == "A <storm> came up. It rained."
    assert hits(Snapshot())[1].date is None


def test_an_article_is_read_when_asked_for_and_once() -> None:
    snapshot = Snapshot()
    found = results(snapshot)
    assert [(hit.id, hit.score) for hit in found] == [("a", 3.0), ("b\x1b[2J", 2.0), ("c", 1.0)]
    assert repr(found)
    assert snapshot.reads == []
    hit = found[0]
    assert (hit.title, hit.snippet(), hit.highlight(), hit.fields) is not None
    assert snapshot.reads == [0]


def test_without_marks_nothing_is_marked() -> None:
    """A hit that only its date found begins with its first sentences."""
    hit = Hit(Snapshot(), 0, 0, "a", 0.0, Marks())
    assert hit.snippet() == "A storm came up. It rained."


def test_empty_text_has_an_empty_snippet() -> None:
    hit = Hit(Snapshot([Article("", id="e")]), 0, 0, "e", 1.0, STORM)
    assert (hit.snippet(), hit.snippets(3), hit.highlight()) == ("", [], "")


def test_a_hit_cannot_be_changed() -> None:
    hit = hits(Snapshot())[0]
    for name in ("id", "score", "date", "title", "article", "fields", "other"):
        with pytest.raises(AttributeError):
            setattr(hit, name, "x")


def test_without_stored_text_a_hit_says_so() -> None:
    hit = hits(Snapshot(store=False))[0]
    assert not hit.stored
    assert (hit.id, hit.score, str(hit.date), hit.fields["words"]) == ("a", 3.0, "2020-10", 6)
    for ask in (lambda: hit.article, lambda: hit.title, hit.snippet, lambda: hit.snippets(2), hit.highlight):
        with pytest.raises(SearchkitError, match=r"store=False.*'a'"):
            ask()
    assert hit.to_dict()["title"] is None


def test_results_are_an_immutable_sequence() -> None:
    found = results(Snapshot())
    assert isinstance(found, Sequence)
    assert len(found) == 3
    assert bool(found)
    assert found[0] is next(iter(found))
    assert found[-1].id == "c"
    assert found[:2] == (found[0], found[1])
    assert found[5:] == ()
    assert found[1] in found
    with pytest.raises(IndexError):
        found[3]
    with pytest.raises(TypeError):
        found[0] = found[1]  # type: ignore[index]
    with pytest.raises(AttributeError):
        found.seconds = 0.0  # type: ignore[misc]
    assert (found.seconds, found.warnings) == (0.0012, ("odd",))


def test_the_total_is_counted_when_asked_and_once() -> None:
    counted = []

    def count() -> int:
        counted.append(1)
        return 17

    found = Results((), counter=count, seconds=0.0)
    assert (list(found), bool(found), counted) == ([], False, [])
    assert (found.total, found.total, counted) == (17, 17, [1])


def test_dicts_are_json_with_dates_as_written() -> None:
    dicts = results(Snapshot()).to_dicts()
    assert json.loads(json.dumps(dicts)) == dicts
    assert dicts[0] == {
        "id": "a",
        "score": 3.0,
        "date": "2020-10",
        "title": "Storm",
        "fields": {"words": 6, "tags": ["x"]},
    }
    assert [one["date"] for one in dicts] == ["2020-10", None, "2020-10-02T10:15"]


def test_reprs_tell_what_there_is() -> None:
    """Without counting, without reading text, and without letting an id steer the terminal."""
    found = results(Snapshot())
    assert "3 hits in 1.20 ms" in repr(found)
    assert "warning: odd" in repr(found)
    assert "\x1b" not in repr(found)
    assert repr(found[0]) == "Hit('a', score=3.0000, 2020-10)"
    assert found.total == 7
    assert "3 of 7 hits" in repr(found)
