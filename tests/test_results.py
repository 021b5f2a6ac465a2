"""Results and hits: an immutable sequence that reads articles, and counts, only when asked."""

from __future__ import annotations

import copy
import gc
import json
import pickle
from collections.abc import Sequence

import pytest

import searchkit
from searchkit.article import Article
from searchkit.errors import SearchkitError
from searchkit.search.results import Hit, Results

ARTICLES = [
    Article("A storm came up. It rained.", id="a", title="Storm", date="2020-10", fields={"words": 6, "tags": ["x"]}),
    Article("Nothing happened.", id="b\x1b[2J"),
    Article("The storm went.", id="c", date="2020-10-02T10:15"),
]


def results(articles: Sequence[Article] = ARTICLES, query: str = "storm", *, store: bool = True) -> Results:
    index = searchkit.create(analyzer="none", store=store)
    index.add(articles)
    return index.search(query)


def reading(found: Results) -> list[int]:
    """The docids whose articles will have been read."""
    reads: list[int] = []
    snapshot = found._ask.snapshot
    article = snapshot.article
    snapshot.article = lambda part, docid: reads.append(docid) or article(part, docid)
    return reads


def test_a_hit_shows_its_article() -> None:
    found = results(query="storm happened")
    hit = next(hit for hit in found if hit.id == "a")
    assert (str(hit.date), hit.title) == ("2020-10", "Storm")
    assert hit.article == ARTICLES[0]
    assert hit.fields == {"words": 6, "tags": ["x"]}
    assert hit.snippet() == "A **storm** came up. It rained."
    assert hit.snippet(1, markup="html") == "A <mark>storm</mark> came up."
    assert hit.snippets(5, sentences=1) == ["A **storm** came up."]
    assert hit.highlight(("<", ">")) == "A <storm> came up. It rained."
    assert next(hit for hit in found if hit.id == "b\x1b[2J").date is None


def test_an_article_is_read_when_asked_for_and_once() -> None:
    found = results()
    reads = reading(found)
    assert [hit.id for hit in found] == ["a", "c"]
    assert found[0].score > found[1].score > 0
    assert repr(found)
    assert reads == []
    hit = found[0]
    assert (hit.title, hit.snippet(), hit.highlight(), hit.fields) is not None
    assert len(reads) == 1


def test_all_ids_and_scores_at_once() -> None:
    """Of every segment and page, whatever the ids are written in."""
    index = searchkit.create(analyzer="none")
    names = ["é", "☂", "", "𝄞 clef", "plain", *(f"number {number}" for number in range(100))]
    for part in range(3):
        index.add(Article("storm " * (number + 1), id=f"{name}{part}") for number, name in enumerate(names))
    for limit, offset in ((None, 0), (3, 0), (40, 7), (10, 1000)):
        found = index.search("storm", limit=limit, offset=offset)
        assert found.ids == tuple(hit.id for hit in found)
        assert found.scores == tuple(hit.score for hit in found)
    assert index.search("hail").ids == index.search("hail").scores == ()


def test_without_marks_nothing_is_marked() -> None:
    """A hit that only its date found begins with its first sentences."""
    hit = next(hit for hit in results(query="*") if hit.id == "a")
    assert (hit.score, hit.snippet()) == (0.0, "A storm came up. It rained.")


def test_empty_text_has_an_empty_snippet() -> None:
    hit = results([Article("", id="e", title="storm")])[0]
    assert (hit.snippet(), hit.snippets(3), hit.highlight()) == ("", [], "")


def test_a_hit_cannot_be_changed() -> None:
    hit = results()[0]
    for name in ("id", "score", "date", "title", "article", "fields", "other"):
        with pytest.raises(AttributeError):
            setattr(hit, name, "x")


def test_a_hit_comes_from_a_search() -> None:
    """One that was made by hand is none; one is copied as what it is, and cannot leave its process."""
    made = Hit.__new__(Hit)
    for name in ("id", "score", "date", "title", "article", "fields", "stored"):
        with pytest.raises(AttributeError):
            getattr(made, name)
    hit = results()[0]
    assert copy.copy(hit) is hit
    for value in (hit, results()):
        with pytest.raises(TypeError):
            pickle.dumps(value)


def test_without_stored_text_a_hit_says_so() -> None:
    hit = results(store=False)[0]
    assert not hit.stored
    assert (hit.id, str(hit.date), hit.fields["words"]) == ("a", "2020-10", 6)
    for ask in (lambda: hit.article, lambda: hit.title, hit.snippet, lambda: hit.snippets(2), hit.highlight):
        with pytest.raises(SearchkitError, match=r"store=False.*'a'"):
            ask()
    assert hit.to_dict()["title"] is None


def test_results_are_an_immutable_sequence() -> None:
    found = results(query="storm happened (")
    assert isinstance(found, Sequence)
    assert len(found) == 3
    assert bool(found)
    assert found[0] is next(iter(found))
    assert found[-1].id == [hit.id for hit in found][2]
    assert found[:2] == (found[0], found[1])
    assert found[5:] == ()
    assert found[1] in found
    with pytest.raises(IndexError):
        found[3]
    with pytest.raises(TypeError):
        found[0] = found[1]  # type: ignore[index]
    with pytest.raises(AttributeError):
        found.seconds = 0.0  # type: ignore[misc]
    assert found.seconds > 0
    assert found.warnings


def test_results_outlive_their_index() -> None:
    """Hits are made of results when they are asked for, whatever became of the index, and stay when those go."""
    with searchkit.create(analyzer="none") as index:
        index.add(ARTICLES)
        found = index.search("storm")
        index.delete(["a", "c"])
        index.compact()
    hits = found[:]
    del found, index
    gc.collect()
    assert [(hit.id, hit.title) for hit in hits] == [("a", "Storm"), ("c", "")]


def test_the_total_is_counted_when_asked_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = results(query="absent")
    counted = []
    monkeypatch.setattr(type(found._ask), "count", lambda ask: counted.append(1) or 17)
    assert (list(found), bool(found), counted) == ([], False, [])
    assert (found.total, found.total, counted) == (17, 17, [1])


def test_dicts_are_json_with_dates_as_written() -> None:
    found = results(query="storm happened")
    dicts = found.to_dicts()
    assert json.loads(json.dumps(dicts)) == dicts
    assert next(one for one in dicts if one["id"] == "a") == {
        "id": "a",
        "score": next(hit.score for hit in found if hit.id == "a"),
        "date": "2020-10",
        "title": "Storm",
        "fields": {"words": 6, "tags": ["x"]},
    }
    assert {one["id"][0]: one["date"] for one in dicts} == {"a": "2020-10", "b": None, "c": "2020-10-02T10:15"}


def test_reprs_tell_what_there_is() -> None:
    """Without counting, without reading text, and without letting an id steer the terminal."""
    found = results(query="storm happened (")
    reads = reading(found)
    assert f"3 hits in {1000 * found.seconds:.2f} ms" in repr(found)
    assert f"warning: {found.warnings[0]}" in repr(found)
    assert "\x1b" not in repr(found)
    hit = next(hit for hit in found if hit.id == "a")
    assert repr(hit) == f"Hit('a', score={hit.score:.4f}, 2020-10)"
    assert reads == []
    assert found.total == 3
    assert "3 of 3 hits" in repr(found)
