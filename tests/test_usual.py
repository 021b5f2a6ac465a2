"""Searches without options share what was worked out for them; any option leaves that way."""

from __future__ import annotations

import contextlib
import copy
import gc
import inspect
import weakref
from datetime import UTC, datetime, timedelta

import pytest

import searchkit
from searchkit.core.evaluate import Shortcut
from searchkit.errors import QueryError


@pytest.fixture
def index() -> searchkit.Index:
    index = searchkit.create(analyzer="none")
    index.add({"id": f"a{number}", "text": "storm " * (number + 1), "date": "2020-10-02"} for number in range(5))
    return index


OPTIONS = [
    name
    for name, parameter in inspect.signature(searchkit.Index.search).parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY and name not in ("limit", "offset", "match")
]


@pytest.mark.parametrize("name", OPTIONS)
def test_any_option_leaves_the_usual_way(index: searchkit.Index, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that is forgotten there would be without effect."""
    asked = []
    monkeypatch.setattr(type(index._usual), "find", lambda *arguments: asked.append(arguments))
    index.search("storm")
    assert len(asked) == 1
    with contextlib.suppress(Exception):  # no option takes an object
        index.search("storm", **{name: object()})
    assert len(asked) == 1


def test_what_is_kept_is_of_these_options_and_this_snapshot(index: searchkit.Index) -> None:
    for _ in range(2):
        for limit in (None, 0, 1, 3, 10):
            for offset in (0, 1, 7):
                found = index.search("storm", limit=limit, offset=offset)
                assert len(found) == max(0, min(5 - offset, 5 if limit is None else limit))
        assert len(index.search("storm rain")) == 5
        assert len(index.search("storm rain", match="all")) == 0
    index.delete(["a1"])
    assert len(index.search("storm")) == 4
    for number in range(200):
        assert len(index.search("storm", offset=number)) == max(0, 4 - number)


@pytest.mark.parametrize("wrong", [{"limit": True}, {"limit": [1]}, {"limit": -1}, {"offset": 0.0}, {"match": "some"}])
def test_wrong_options_are_refused_each_time(index: searchkit.Index, wrong: dict[str, object]) -> None:
    for _ in range(2):
        index.search("storm", limit=1)
        with pytest.raises(QueryError):
            index.search("storm", **wrong)


def test_now_is_not_kept(index: searchkit.Index) -> None:
    index.add({"id": "today", "text": "storm", "date": f"{datetime.now(UTC):%Y-%m-%d}"})
    first = index.search("storm date:'today'")
    scope = index._usual.find(index._snapshot(), 10, 0, "any", True, True).scope
    assert first._ask.scope.known_now is not None
    assert scope.known_now is None
    scope._now = datetime.now(UTC) - timedelta(days=400)
    assert index.search("storm date:'today'").ids == first.ids


def test_options_as_they_are_anyway_are_none(index: searchkit.Index) -> None:
    """A program that hands on all options is as quick; what is no option is refused whatever its value."""
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(searchkit.Index.search).parameters.items()
    }
    found = index.search("storm", **{name: defaults[name] for name in OPTIONS})
    way = index._usual._way
    assert way is not None
    assert found._asked[0] is way.scope
    assert index.search("storm", sort="newest")._ask.scope is not way.scope
    for wrong in ({"limits": None}, {"dates": "overlaps", "": 1}):
        with pytest.raises(TypeError):
            index.search("storm", **wrong)
    with pytest.raises(TypeError):
        index.search("storm", 10)
    with pytest.raises(TypeError):
        index.search()


def test_values_are_compared_not_objects(index: searchkit.Index) -> None:
    """Whole numbers and texts that are equal have one way, True and subclasses have none."""
    index.search("storm", limit=int("300"), match="".join(["a", "ll"]))
    way = index._usual._way
    index.search("storm", limit=int("300"), match="".join(["al", "l"]))
    assert index._usual._way is way
    index.search("storm", limit=int("301"))
    assert index._usual._way is not way

    class Text(str):
        __slots__ = ()

    assert index.search(Text("storm"), match=Text("all")).ids == index.search("storm").ids
    index.search("storm", limit=1)
    with pytest.raises(QueryError):
        index.search("storm", limit=True)


def test_results_are_one_object_however_they_came_about(index: searchkit.Index) -> None:
    """What the core fills in and what Python makes have the same to say."""
    short = index.search("storm")
    index._plain = False
    long = index.search("storm")
    for results in (short, long):
        assert (results.query, results.total, results.offset, results.warnings) == ("storm", 5, 0, ())
        assert results.seconds > 0
        assert [hit.id for hit in results] == [*results.ids] == [*long.ids]
        assert results[0] is results[0]
        assert results.suggestions == ()
        assert copy.copy(results) is results
        with pytest.raises(AttributeError):
            results.seconds = 1.0
    with pytest.raises(TypeError):
        Shortcut(list)


def test_nothing_of_an_older_snapshot_is_held(index: searchkit.Index) -> None:
    index.search("storm")
    old = weakref.ref(index._snapshot())
    index.delete(["a0"])
    gc.collect()
    assert old() is None
    index.search("storm")
    last = weakref.ref(index._snapshot())
    index.close()
    gc.collect()
    assert last() is None
