"""Errors carry their data, wherever they are caught."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

import searchkit
from searchkit import errors
from searchkit.analysis.languages import AnalyzerError

EXAMPLES = (
    errors.SearchkitError("anything"),
    errors.QueryError("a phrase is not closed", 3, "close it"),
    errors.SearchTimeout(0.5),
    errors.ArticleError("no text", "a.jsonl", 7, "write one"),
    errors.DateError("2020-13", "there is no month 13", "write 2020-12"),
    errors.IndexNotFound("news"),
    errors.IndexExists("news"),
    errors.IndexLocked("news", 4711, "2020-10-02T10:15:00Z"),
    errors.CorruptIndex("news/seg", "postings", "a checksum", "another"),
    errors.FormatVersion(9, "1 to 8", "upgrade", "news"),
    errors.CommitUnknown(6, 7, "news"),
    AnalyzerError("there is no analyzer"),
)


def kinds(root: type[Exception]) -> set[type[Exception]]:
    return {root}.union(*(kinds(kind) for kind in root.__subclasses__()))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_may_be_copied_and_sent(again: Callable[[Exception], Exception]) -> None:
    """Each kind, with its message, its data and what was noted on it."""
    assert {type(error) for error in EXAMPLES} >= {
        kind for kind in kinds(errors.SearchkitError) if kind.__module__.startswith("searchkit.")
    }
    for error in EXAMPLES:
        error = copy.copy(error)
        error.add_note("in the second file")
        other = again(error)
        assert type(other) is type(error) and other is not error
        assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))


def opened(path: str) -> int:
    with searchkit.open(path) as index:
        return len(index)


@pytest.mark.slow
def test_a_pool_of_processes_tells_what_went_wrong(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(errors.IndexNotFound) as caught:
            pool.submit(opened, str(tmp_path / "news")).result(timeout=120)
        assert caught.value.path == str(tmp_path / "news")
        searchkit.create(tmp_path / "news").close()
        for path in (tmp_path / "news").glob("manifest-*"):
            path.write_text("{}")
        with pytest.raises(errors.CorruptIndex) as damaged:
            pool.submit(opened, str(tmp_path / "news")).result(timeout=120)
        assert damaged.value.section == "manifest"
