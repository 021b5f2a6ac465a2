"""Parquet: rows as articles, the same errors as other records, nothing read that is too large."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit.article import Article
from searchkit.errors import ArticleError, SearchkitError


def written(folder: Path, columns: dict[str, list[Any]], **options: Any) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = folder / "articles.parquet"
    parquet.write_table(pyarrow.table(columns), path, **options)
    return path


def test_a_row_is_an_article(tmp_path: Path) -> None:
    """Dates may be texts, days or moments; other columns are fields, as far as their values fit one."""
    columns = {
        "id": ["a", "b"],
        "text": ["A storm.", "Rain."],
        "title": [None, "Weather"],
        "date": ["2020-10", None],
        "words": [2, None],
        "tags": [["x"], None],
        "bytes": [b"1", None],
    }
    reading = searchkit.read_articles(written(tmp_path, columns))
    assert list(reading) == [
        Article("A storm.", id="a", date="2020-10", fields={"words": 2, "tags": ["x"]}),
        Article("Rain.", id="b", title="Weather"),
    ]
    assert reading.report.left_out == {"bytes": 1}
    days = {"text": ["x", "y"], "day": [date(2020, 10, 2), None]}
    first, second = searchkit.read_articles(written(tmp_path, days), keys={"date": "day"})
    assert (str(first.date), second.date) == ("2020-10-02", None)
    moments = {"body": ["x"], "date": [datetime(2020, 10, 2, 10, 15, 30, 250)]}
    (article,) = searchkit.read_articles(written(tmp_path, moments), keys={"text": "body"})
    assert str(article.date) == "2020-10-02T10:15:30"


def test_many_rows_come_in_order(tmp_path: Path) -> None:
    path = written(tmp_path, {"text": [f"word{number}" for number in range(1000)]}, row_group_size=100)
    assert [article.text for article in searchkit.read_articles(tmp_path)] == [f"word{n}" for n in range(1000)]
    with searchkit.create() as index:
        assert index.add(searchkit.read_articles(path)).added == 1000


def test_wrong_rows_are_told_by_their_number(tmp_path: Path) -> None:
    path = written(tmp_path, {"text": ["x", None, "z"], "date": ["2020", "2020", "2020-13"]})
    with pytest.raises(ArticleError, match="line 2: there is no text"):
        list(searchkit.read_articles(path))
    reading = searchkit.read_articles(path, on_error="undated")
    assert [article.text for article in reading] == ["x", "z"]
    assert (len(reading.report.skipped), len(reading.report.undated)) == (1, 1)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, {"body": ["x" * 1000]})
    with pytest.raises(ArticleError, match="no column 'text'"):
        list(searchkit.read_articles(path))
    with pytest.raises(ArticleError, match="unpacks to"):
        list(searchkit.read_articles(path, keys={"text": "body"}, max_bytes=100))
    data = path.read_bytes()
    for changed in (b"", b"PAR1", data[:-9], data[: len(data) // 2], b"x" * 100):
        path.write_bytes(changed)
        with pytest.raises(ArticleError, match="not a sound Parquet file"):
            list(searchkit.read_articles(path))
        assert list(searchkit.read_articles(path, on_error="skip")) == []
    with path.open("rb") as stream, pytest.raises(ArticleError, match="from files"):
        list(searchkit.read_articles(stream, format="parquet"))


def test_a_value_that_python_has_not_is_one_row_s_trouble(tmp_path: Path) -> None:
    """Left out as a field, a bad date as a date, a wrong row as a text; the rows around it are read."""
    pyarrow = pytest.importorskip("pyarrow")
    far = pyarrow.array([0, 2**62, 0], pyarrow.timestamp("us"))
    path = written(tmp_path, {"id": ["a", "b", "c"], "text": ["x", "y", "z"], "seen": far})
    reading = searchkit.read_articles(path)
    assert [article.id for article in reading] == ["a", "b", "c"]
    assert reading.report.left_out == {"seen": 3}  # moments are no fields
    path = written(tmp_path, {"id": ["a", "b", "c"], "text": ["x", "y", "z"], "date": far})
    reading = searchkit.read_articles(path, on_error="undated")
    assert [(article.id, article.date is None) for article in reading] == [("a", False), ("b", True), ("c", False)]
    assert [error.line for error in reading.report.undated] == [2]
    with pytest.raises(ArticleError, match=r"line 2: bad value of 'date'"):
        list(searchkit.read_articles(path))
    offsets, data = bytes([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]), b"x\xff"
    texts = pyarrow.Array.from_buffers(pyarrow.string(), 2, [None, *map(pyarrow.py_buffer, (offsets, data))])
    reading = searchkit.read_articles(written(tmp_path, {"text": texts}), on_error="skip")
    assert [article.text for article in reading] == ["x"]
    assert [error.line for error in reading.report.skipped] == [2]


def test_damaged_pages_are_told_with_the_file(tmp_path: Path) -> None:
    """Whatever pyarrow raises for them: an error of the article, or rows as they were."""
    whole = written(tmp_path, {"text": [f"word {number}" for number in range(2_000)]}).read_bytes()
    path = tmp_path / "damaged.parquet"
    refused = 0
    for at in range(4, len(whole) // 2, len(whole) // 60):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            list(searchkit.read_articles(path))
        except ArticleError as error:
            assert error.source == str(path)
            refused += 1
    assert refused


def test_a_column_that_comes_twice_is_refused(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    twice = pyarrow.Table.from_arrays([pyarrow.array(["x"]), pyarrow.array(["y"])], ["text", "text"])
    parquet.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(ArticleError, match="'text' comes twice"):
        list(searchkit.read_articles(tmp_path / "twice.parquet"))


def test_without_pyarrow_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "articles.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(SearchkitError, match=r"searchkit\[arrow\]"):
        list(searchkit.read_articles(path))
