"""Results as tables: a row for each hit, dates and fields as columns, and a remedy where the package is missing."""

from __future__ import annotations

import sys
from datetime import datetime

import pytest

import searchkit
from searchkit.article import Article
from searchkit.errors import SearchkitError

COLUMNS = ["id", "score", "date", "start", "end", "title", "words", "fields.title", "tags"]


def some_results(query: str = "storm") -> searchkit.Results:
    index = searchkit.create(analyzer="none")
    index.add(
        [
            Article("storm storm", id="a", title="Storm", date="2020-10", fields={"words": 2, "title": "own"}),
            Article("storm a", id="b", date="9999", fields={"tags": ["x", "y"]}),
            Article("storm a b", id="c", date="0001-01-01T00:00:00"),
            Article("storm a b c", id="d", fields={"words": "four"}),
        ]
    )
    return index.search(query)


def test_a_data_frame_has_a_row_for_each_hit() -> None:
    pandas = pytest.importorskip("pandas")
    results = some_results()
    frame = results.to_pandas()
    assert list(frame.columns) == COLUMNS
    assert list(frame["id"]) == list(results.ids) == ["a", "b", "c", "d"]
    assert list(frame["score"]) == list(results.scores)
    assert frame["start"][0] == pandas.Timestamp("2020-10-01")
    assert frame["end"][0] == pandas.Timestamp("2020-11-01")
    assert (frame["start"][2].year, frame["end"][1].year) == (1, 9999)
    assert frame["start"].isna().tolist() == [False, False, False, True]
    assert frame["words"].tolist()[0] == 2
    assert frame["words"].tolist()[3] == "four"
    assert frame["fields.title"][0] == "own"
    assert frame["tags"][1] == ["x", "y"]
    assert list(some_results("absent").to_pandas().columns) == COLUMNS[:6]


def test_an_arrow_table_has_the_same_columns() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table = some_results().to_arrow()
    assert table.column_names == COLUMNS
    assert table["id"].to_pylist() == ["a", "b", "c", "d"]
    assert table["start"].to_pylist() == [datetime(2020, 10, 1), datetime(9999, 1, 1), datetime(1, 1, 1), None]
    assert table["words"].to_pylist() == ["2", None, None, '"four"']
    assert table["tags"].to_pylist() == [None, ["x", "y"], None, None]
    empty = some_results("absent").to_arrow()
    assert (empty.num_rows, empty.schema.field("score").type) == (0, pyarrow.float64())


@pytest.mark.parametrize("package", ["pandas", "pyarrow"])
def test_without_the_package_the_remedy_is_told(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    results = some_results()
    ask = results.to_pandas if package == "pandas" else results.to_arrow
    with pytest.raises(SearchkitError, match=r"pip install 'searchkit\[(pandas|arrow)\]'"):
        ask()


def test_what_is_not_stored_is_missing() -> None:
    pytest.importorskip("pandas")
    index = searchkit.create(analyzer="none", store=False)
    index.add([Article("storm", id="a", title="Storm", fields={"words": 1})])
    frame = index.search("storm").to_pandas()
    assert frame["title"][0] is None
    assert frame["words"][0] == 1
