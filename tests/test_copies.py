"""Copies of an index: files given second names or copied, and articles written out and read back."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import articles as any_article

import searchkit
from searchkit import Article
from searchkit.cli import main
from searchkit.storage import FolderStorage, MemoryStorage
from searchkit.storage.system import System

ARTICLES = [Article(f"storm in harbour {number}", id=str(number), date=f"20{number:02}-03") for number in range(30)]


def answers(index: searchkit.Index) -> list[Any]:
    return [
        [(hit.id, hit.score, hit.article) for hit in index.search(text, limit=50)] for text in ("storm", "harbour 7")
    ]


@pytest.fixture
def index(tmp_path: Path) -> searchkit.Index:
    """Several segments, deleted articles, and files of generations that are gone."""
    index = searchkit.create(tmp_path / "index")
    for start in range(0, 30, 10):
        index.add(ARTICLES[start : start + 10])
    index.delete(["3", "17"])
    return index


@pytest.mark.parametrize("link", [True, False])
def test_a_copy_is_an_index_of_its_own(index: searchkit.Index, tmp_path: Path, link: bool) -> None:
    """It answers alike, and from then on neither sees what is done to the other."""
    index.snapshot(tmp_path / "copies" / "one", link=link)
    with searchkit.open(tmp_path / "copies" / "one") as copy:
        assert copy.check().ok
        before = answers(copy)
        assert before == answers(index)
        index.add([Article("storm again", id="new")])
        index.compact()
        assert answers(copy) == before
        copy.delete(["1"])
        copy.compact()
        assert copy.check().ok and index.check().ok
        assert "1" in index and "new" not in copy
    assert sorted(path.name for path in (tmp_path / "copies").iterdir()) == ["one"]
    with searchkit.open(tmp_path / "index") as again:
        assert answers(again) == answers(index)


def test_links_take_no_room(index: searchkit.Index, tmp_path: Path) -> None:
    """Where the file system has links, the files are the same files."""
    index.snapshot(tmp_path / "linked")
    index.snapshot(tmp_path / "copied", link=False)
    for file in (tmp_path / "linked").glob("seg-*"):
        assert file.samefile(tmp_path / "index" / file.name)
        assert not file.samefile(tmp_path / "copied" / file.name)


def test_a_copy_of_the_snapshot_that_is_shown(index: searchkit.Index, tmp_path: Path) -> None:
    """Not of what others have committed since, even when its files are swept."""
    before = answers(index)
    with searchkit.open(tmp_path / "index") as other:
        other.compact()
        other.add([Article("later", id="later")])
        other.add([Article("later still", id="still")])
    index.snapshot(tmp_path / "copy")
    with searchkit.open(tmp_path / "copy") as copy:
        assert answers(copy) == before


def test_an_index_in_memory_is_kept_by_a_copy(tmp_path: Path) -> None:
    """The way from memory to a folder."""
    index = searchkit.create()
    index.add(ARTICLES)
    index.snapshot(tmp_path / "kept")
    with searchkit.open(tmp_path / "kept") as kept:
        assert answers(kept) == answers(index)
    assert isinstance(index._storage, MemoryStorage)


def test_nothing_is_written_over(index: searchkit.Index, tmp_path: Path) -> None:
    """A folder with anything in it, or a file, is left as it is."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    (tmp_path / "plain").write_text("mine")
    for name in ("taken", "plain", "index"):
        with pytest.raises(FileExistsError, match="new or empty folder"):
            index.snapshot(tmp_path / name)
    (tmp_path / "empty").mkdir()
    index.snapshot(tmp_path / "empty")
    assert answers(searchkit.open(tmp_path / "empty")) == answers(index)


class Failing(System):
    """Lets the n-th call that changes something fail."""

    def __init__(self, number: int) -> None:
        self.left = number

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def create(self, path: Path) -> int:
        self._count()
        return super().create(path)

    def write(self, descriptor: int, data: memoryview, path: Path) -> int:
        self._count()
        return super().write(descriptor, data, path)

    def sync(self, descriptor: int, path: Path) -> None:
        self._count()
        super().sync(descriptor, path)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def sync_folder(self, descriptor: int, folder: Path) -> None:
        self._count()
        super().sync_folder(descriptor, folder)


def test_a_copy_is_whole_or_not_there(index: searchkit.Index, tmp_path: Path) -> None:
    """Whatever call fails: no index, or all of it; and nothing half-made is left."""
    snapshot = index._current
    for number in range(1, 100):
        target = tmp_path / f"copies{number}" / "copy"
        target.parent.mkdir()
        system = Failing(number)
        try:
            FolderStorage(target, system).receive(snapshot.manifest, snapshot.buffers, None)
        except OSError:  # and not CommitUnknown: what became of it is known
            assert [path.name for path in target.parent.iterdir()] in ([], ["copy"])
        else:
            assert system.left > 0
            break
        if target.exists():
            assert answers(searchkit.open(target)) == answers(index)
    else:
        pytest.fail("no end of calls")


@given(st.lists(any_article(), max_size=12))
def test_what_is_exported_reads_back(articles: list[Article]) -> None:
    """`Index.articles` gives all that are live; as mappings they make an equal index."""
    index = searchkit.create()
    index.add(articles)
    again = searchkit.create()
    again.add(json.loads(json.dumps(article.to_dict())) for article in index.articles())
    index.compact()
    again.compact()
    assert [one.name for one in again._current.manifest.segments] == [
        one.name for one in index._current.manifest.segments
    ]


def test_export_and_snapshot_on_the_command_line(
    index: searchkit.Index, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`export` to a pipe or file, `index` back; `snapshot` to a new folder, and a clear word where there is none."""
    index.add([Article("\x1b[31m red \x7f", id="e", fields={"words": 7, "tags": ["a", "b"]}, title="\u202e")])
    monkeypatch.chdir(tmp_path)
    assert main(["export", "-i", "index"]) == 0
    lines = capsys.readouterr().out
    assert lines.isascii() and "\x7f" not in lines and len(lines.splitlines()) == len(index)
    assert main(["export", "-i", "index", "-o", "all.jsonl"]) == 0
    assert Path("all.jsonl").read_text() == lines
    assert main(["index", "all.jsonl", "-i", "back"]) == 0
    index.compact()
    with searchkit.open("back") as back:
        back.compact()
        assert [one.name for one in back._current.manifest.segments] == [
            one.name for one in index._current.manifest.segments
        ]
    capsys.readouterr()
    assert main(["snapshot", "copy", "-i", "index"]) == 0
    assert "29 articles of generation" in capsys.readouterr().out
    assert main(["snapshot", "copy", "-i", "index"]) == 2
    assert "new or empty folder" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_an_export_is_whole_or_not_there(
    index: searchkit.Index,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
) -> None:
    """One that is broken off leaves the older file as it was, and nothing beside it; the error names the file."""
    monkeypatch.chdir(tmp_path)
    Path("all.jsonl").write_text("older\n")
    folder = set(tmp_path.iterdir())
    with monkeypatch.context() as patch:

        def fsync(descriptor: int) -> None:
            raise error

        patch.setattr(os, "fsync", fsync)
        code = main(["export", "-i", "index", "-o", "all.jsonl"])
    complaint = capsys.readouterr().err
    assert code == (3 if isinstance(error, OSError) else 130)
    assert isinstance(error, KeyboardInterrupt) or "all.jsonl" in complaint
    assert Path("all.jsonl").read_text() == "older\n"
    assert set(tmp_path.iterdir()) == folder
    assert main(["export", "-i", "index", "-o", "nowhere/all.jsonl"]) == 3
    assert "nowhere" in capsys.readouterr().err


def test_an_export_keeps_links_modes_and_devices(
    index: searchkit.Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood at its name before: a link leads to the new file, which has the old one's mode; a pipe is a pipe."""
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "elsewhere" / "articles"
    target.parent.mkdir()
    target.write_text("older\n")
    target.chmod(0o640)
    Path("all.jsonl").symlink_to(target)
    assert main(["export", "-i", "index", "-o", "all.jsonl"]) == 0
    assert Path("all.jsonl").is_symlink() and target.stat().st_mode & 0o777 == 0o640
    assert len(target.read_text().splitlines()) == len(index)
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert main(["export", "-i", "index", "-o", "pipe"]) == 0
        assert os.read(reader, 1 << 16) == target.read_bytes()
    finally:
        os.close(reader)
    assert Path("pipe").is_fifo()


def test_an_index_without_articles_has_none_to_give(tmp_path: Path) -> None:
    """store=False: a clear error."""
    with pytest.raises(searchkit.SearchkitError, match="keeps no articles"):
        searchkit.create(store=False).articles()
