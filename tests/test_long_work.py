"""Long additions: commits on the way, going on after an interruption, and what is told meanwhile."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import articles as any_article

import searchkit
from searchkit import Article, ArticleError
from searchkit.cli import main


def written(path: Path, articles: list[Article]) -> Path:
    """The articles as JSON Lines."""
    path.write_text("".join(json.dumps(one.to_dict()) + "\n" for one in articles), encoding="utf-8")
    return path


def contents(index: searchkit.Index) -> dict[str, Article]:
    return {article.id: article for article in index.articles()}


def numbered(first: int, past: int) -> list[Article]:
    return [
        Article(f"word number{number}", id=str(number), date=f"{1900 + number % 100}") for number in range(first, past)
    ]


@given(st.lists(any_article(), max_size=12), st.integers(1, 9), st.booleans())
def test_commits_on_the_way_change_nothing_in_the_end(articles: list[Article], every: int, mapped: bool) -> None:
    """An index that was committed every so often equals one that was made at once, compacted byte for byte."""
    once, often = searchkit.create(), searchkit.create()
    given: list[Any] = [article.to_dict() for article in articles] if mapped else articles
    one, other = once.add(given), often.add(iter(given), commit_every=every)
    assert (other.added, other.bytes) == (one.added, one.bytes)
    assert contents(often) == contents(once)
    once.compact()
    often.compact()
    assert [entry.name for entry in often._current.manifest.segments] == [
        entry.name for entry in once._current.manifest.segments
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_each_portion_is_durable_before_the_next_is_read(tmp_path: Path, packed: bool) -> None:
    """Whoever opens the index meanwhile sees whole portions of the articles that have come."""
    seen: list[int] = []
    index = searchkit.create(tmp_path / "index")
    articles = numbered(0, 25)

    def coming() -> Iterator[Article]:
        for article in articles:
            seen.append(len(searchkit.open(tmp_path / "index", mode="r")))
            yield article

    source: Any = coming()
    if packed:
        source = searchkit.read_articles(written(tmp_path / "a.jsonl", articles))
        report = index.add(source, commit_every=1, progress=lambda count, size: seen.append(len(index)))
    else:
        report = index.add(source, commit_every=10)
        assert seen == [0] * 10 + [0] + [10] * 9 + [10] + [20] * 4 or seen == [0] * 10 + [10] * 10 + [20] * 5
    assert report.added == len(index) == 25


def test_an_error_keeps_what_was_committed(tmp_path: Path) -> None:
    """What comes after the last commit is rolled back, what was committed stays, and the index can be written again."""
    index = searchkit.create(tmp_path / "index")
    with pytest.raises(ArticleError):
        index.add([*numbered(0, 25), {"no": "text"}], commit_every=10)
    assert len(index) == len(searchkit.open(tmp_path / "index")) == 20
    index.add(numbered(0, 30), resume=True)
    assert len(index) == 30


@given(st.lists(any_article(), max_size=12), st.lists(any_article(), max_size=12), st.booleans())
def test_going_on_adds_what_is_not_there(before: list[Article], more: list[Article], mapped: bool) -> None:
    """resume=True leaves articles alone whose ids are there, whatever the new ones say, and adds the others."""
    index = searchkit.create()
    index.add(before)
    old = contents(index)
    report = index.add([article.to_dict() for article in more] if mapped else more, resume=True)
    assert contents(index) == {**{article.id: article for article in more}, **old}
    assert report.known == sum(article.id in old for article in more)
    assert report.added + report.known == len(more)


def test_going_on_in_a_file(tmp_path: Path) -> None:
    """The same of articles that come in packs: those that are known are left out one by one."""
    path = written(tmp_path / "all.jsonl", numbered(0, 50))
    index = searchkit.create()
    index.add(numbered(10, 20))
    index.add([Article("kept as it is", id="30")])
    report = index.add(searchkit.read_articles(path), resume=True)
    assert (report.added, report.known, len(index)) == (39, 11, 50)
    assert index.get("30").text == "kept as it is"
    assert index.add(searchkit.read_articles(path), resume=True).known == 50


@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "10"])
def test_commit_every_is_a_number_of_articles(wrong: Any) -> None:
    """Anything else is refused before the lock is taken."""
    with pytest.raises(ValueError, match="commit_every"):
        searchkit.create().add([], commit_every=wrong)


def test_progress_tells_what_is_durable(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """progress=True prints articles so far and those that are committed."""
    times = iter(range(0, 10**6, 2))
    monkeypatch.setattr(time, "perf_counter", lambda: next(times))
    searchkit.create().add(iter(numbered(0, 12)), commit_every=5, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("1 articles, 0 durable, ")
    assert lines[-1].startswith("12 articles, 10 durable, ")


def test_commit_every_and_resume_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What came before a broken line is there, the command says how to go on, and that adds the rest."""
    monkeypatch.chdir(tmp_path)
    path = written(Path("all.jsonl"), numbered(0, 50))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:30], "not JSON\n", *lines[30:]]))
    assert main(["index", "all.jsonl", "-i", "ix", "--commit-every", "10"]) == 2
    said = capsys.readouterr().err
    there = len(searchkit.open("ix"))
    assert there in (20, 30) and f"articles in ix now: {there}; the same command with --resume" in said
    assert "all.jsonl, line 31" in said
    written(path, numbered(0, 50))
    assert main(["index", "all.jsonl", "-i", "ix", "--commit-every", "10", "--resume"]) == 0
    assert f"{50 - there} added, 0 replaced, 0 skipped, {there} there already" in capsys.readouterr().out
    assert len(searchkit.open("ix")) == 50


def test_waiting_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--wait 0 does not wait for another writer; the message names who holds the lock."""
    monkeypatch.chdir(tmp_path)
    written(Path("all.jsonl"), numbered(0, 5))
    with searchkit.create("ix") as index, index.writer():
        for command in (["index", "all.jsonl"], ["delete", "1"], ["compact"]):
            assert main([*command, "-i", "ix", "--wait", "0"]) == 3
            assert f"{os.getpid()}" in capsys.readouterr().err


def child(path: str, source: str) -> None:
    """Add with a commit now and then, telling each article that goes by."""
    with searchkit.open(path) as index:
        index.add(
            iter(searchkit.read_articles(source)), commit_every=7, progress=lambda count, size: print(count, flush=True)
        )


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [1, 8, 60, 200])
def test_a_killed_addition_goes_on_where_it_stopped(tmp_path: Path, start: Callable, killed_at: int) -> None:
    """kill -9 in the middle: whole portions are there, nothing twice; going on gives the whole."""
    articles = numbered(0, 300)
    source = written(tmp_path / "all.jsonl", articles)
    searchkit.create(tmp_path / "index").close()
    process = start(__file__, tmp_path / "index", source)
    while int(process.stdout.readline() or 10**9) < killed_at:
        pass
    process.kill()
    process.wait()
    with searchkit.open(tmp_path / "index") as index:
        there = contents(index)
        assert len(there) % 7 == 0 or len(there) == 300
        assert len(there) >= (killed_at - 1) // 7 * 7
        assert all(there[article.id] == article for article in articles[: len(there)])
        report = index.add(searchkit.read_articles(source), resume=True)
        assert report.known == len(there)
        assert contents(index) == {article.id: article for article in articles}
        assert index.check().ok


if __name__ == "__main__":
    child(*sys.argv[1:])
