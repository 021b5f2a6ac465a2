"""A commit that stands is never told as one that failed, whatever goes wrong once it is done.

After the manifest is durable, a writer opens what it committed, to go on from it, and so does its index, to show it.
Either may fail (no descriptor is left, a disk error): that is no reason to say that the articles are not there.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import searchkit
from searchkit import Article, CommitUnknown, SearchkitError
from searchkit.index import Index
from searchkit.storage.folder import FolderStorage
from searchkit.storage.system import System


class NoMore(System):
    """When told so, a commit leaves no descriptor to open anything with."""

    def __init__(self) -> None:
        self.runs_out = False
        self.none_left = False
        self.last = 3  # the generation after which there is none

    def open(self, path: Path) -> int:
        if self.none_left:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))
        return super().open(path)

    def sync_folder(self, descriptor: int, folder: Path) -> None:
        super().sync_folder(descriptor, folder)
        self.none_left = self.runs_out and any(folder.rglob(f"manifest-{self.last:06}.json"))


@pytest.fixture
def system() -> NoMore:
    return NoMore()


@pytest.fixture
def index(tmp_path: Path, system: NoMore) -> Index:
    searchkit.create(tmp_path / "index").close()
    with Index(FolderStorage(tmp_path / "index", system), writable=True) as index:
        index.add([Article("word", id="first")])
        yield index


def committed(tmp_path: Path) -> set[str]:
    with searchkit.open(tmp_path / "index", mode="r") as other:
        assert other.check().ok
        return {article.id for article in other.articles()}


def test_an_index_that_is_made_is_there(tmp_path: Path, system: NoMore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty index has nothing to open: `create` returns it once it is durable."""
    monkeypatch.setattr("searchkit.index.FolderStorage", lambda path: FolderStorage(path, system))
    system.runs_out, system.last = True, 1
    with searchkit.create(tmp_path / "new") as index:
        assert system.none_left
        assert (len(index), list(index.search("word"))) == (0, [])
        system.runs_out = system.none_left = False
        index.add([Article("word", id="first")])
        assert [hit.id for hit in index.search("word")] == ["first"]


def test_an_addition_that_is_durable_returns(index: Index, system: NoMore, tmp_path: Path) -> None:
    """No error from `add`; the index says that it cannot open what it has to show, until it can."""
    system.runs_out = True
    assert index.add([Article("word", id="second")]).added == 1
    assert committed(tmp_path) == {"first", "second"}
    for _ in range(2):
        with pytest.raises(OSError, match="Too many open files"):
            index.search("word")
    assert "not opened yet" in repr(index)
    system.runs_out = system.none_left = False
    assert {hit.id for hit in index.search("word")} == {"first", "second"}
    assert not index.refresh()


def test_a_writer_goes_on_when_it_can(index: Index, system: NoMore, tmp_path: Path) -> None:
    """It tells the generation; what is added next is added to that, or refused without a trace, never to the old."""
    with index.writer() as writer:
        writer.add(Article("word", id="second"))
        writer.delete("first")
        system.runs_out = True
        assert writer.commit() == 3
        assert committed(tmp_path) == {"second"}
        assert writer.commit() == 3  # nothing is left to be committed
        for change in (lambda: writer.add(Article("lost", id="x")), lambda: writer.delete("second"), writer.compact):
            with pytest.raises(OSError, match="Too many open files"):
                change()
        with pytest.raises(OSError, match="Too many open files"):
            writer.rollback()
        system.runs_out = system.none_left = False
        writer.add(Article("word", id="third"))
        assert writer.delete("second") == 1
    assert committed(tmp_path) == {"third"} == {hit.id for hit in index.search("word")}


def test_leaving_a_writer_after_its_commit_is_no_error(index: Index, system: NoMore, tmp_path: Path) -> None:
    """The `with` block ends as if nothing had been, and the lock is free."""
    system.runs_out = True
    with index.writer() as writer:
        writer.add(Article("word", id="second"))
        writer.commit()
    assert committed(tmp_path) == {"first", "second"}
    with FolderStorage(tmp_path / "index").lock(0):
        pass


def test_a_closed_index_stays_closed(index: Index, system: NoMore) -> None:
    """Also where it had something to open."""
    system.runs_out = True
    index.add([Article("word", id="second")])
    system.runs_out = system.none_left = False
    index.close()
    with pytest.raises(SearchkitError, match="closed"):
        index.search("word")


class Little(System):
    """A disk that takes no file above a size."""

    largest = 1 << 30

    def __init__(self) -> None:
        self.written: dict[Path, int] = {}

    def write(self, descriptor: int, data: memoryview, path: Path) -> int:
        self.written[path] = self.written.get(path, 0) + len(data)
        if self.written[path] > self.largest:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return super().write(descriptor, data, path)


def test_a_merge_that_has_no_room_is_left_for_another_time(tmp_path: Path) -> None:
    """What was added and deleted is committed without it, and nothing is left behind; compact fails."""
    system = Little()
    searchkit.create(tmp_path / "index").close()
    with Index(FolderStorage(tmp_path / "index", system), writable=True) as index:
        for number in range(7):
            index.add([Article(f"word{number} " * 3000, id=f"{number}{one}") for one in "abc"])
        system.largest = max(system.written.values()) * 3
        index.add([Article("word7 " * 3000, id=f"7{one}") for one in "abc"])
        assert (index.stats().segments, len(index)) == (8, 24)
        index.delete(["0a", "0b"])
        assert (index.stats().segments, len(index)) == (8, 22)
        with pytest.raises(OSError, match="No space left"):
            index.compact()
        assert not list((tmp_path / "index").glob("tmp-*"))
        assert index.check().ok and len(index) == 22
        system.largest = 1 << 30
        index.add([Article("word8 " * 3000, id=f"8{one}") for one in "abc"])
        assert index.stats().segments < 8 and index.check().ok


class Unsure(System):
    """When told so, a disk on which the last sync of a commit fails: its manifest has its name, or it has not."""

    fails = False

    def sync_folder(self, descriptor: int, folder: Path) -> None:
        if self.fails and any(folder.glob("manifest-000003.json")):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(folder))
        super().sync_folder(descriptor, folder)


def test_where_nobody_knows_the_writer_refuses_to_go_on(tmp_path: Path) -> None:
    """It says so at each call, gives the lock back, and has removed nothing; whoever comes next finds a whole index."""
    system, folder = Unsure(), tmp_path / "index"
    searchkit.create(folder).close()
    with Index(FolderStorage(folder, system), writable=True) as index:
        index.add([Article("word", id="first")])
        before = {path.name for path in folder.iterdir()}
        system.fails = True
        with index.writer() as writer:
            writer.add(Article("word", id="second"))
            with pytest.raises(CommitUnknown, match="generation 2 or 3") as caught:
                writer.commit()
            assert caught.value.path == str(folder)
            assert isinstance(caught.value.__cause__, OSError)
            for use in (writer.commit, writer.compact, lambda: writer.add(Article("word")), lambda: writer.delete("x")):
                with pytest.raises(SearchkitError, match=r"nobody knows.*take a new one"):
                    use()
        assert before < {path.name for path in folder.iterdir()}
        system.fails = False
        assert index.refresh() and "second" in index
        index.add([Article("word", id="third")])
        assert committed(tmp_path) == {"first", "second", "third"}


class Counting(System):
    """How often anything is synced."""

    syncs = 0

    def sync(self, descriptor: int, path: Path) -> None:
        self.syncs += 1
        super().sync(descriptor, path)

    def sync_folder(self, descriptor: int, folder: Path) -> None:
        self.syncs += 1
        super().sync_folder(descriptor, folder)


def test_how_often_a_commit_syncs(tmp_path: Path) -> None:
    """Four times for one article, once more where an article is deleted, and never without a change."""
    system = Counting()
    searchkit.create(tmp_path / "index").close()
    with Index(FolderStorage(tmp_path / "index", system), writable=True) as index:

        def taken(work: Callable[[], object]) -> int:
            before = system.syncs
            work()
            return system.syncs - before

        assert taken(lambda: index.add([Article("one", id=f"{number}") for number in range(9)])) == 4
        assert taken(lambda: index.add([Article("two", id="another")])) == 4
        assert taken(lambda: index.add([Article("three", id="0")])) == 5
        assert taken(lambda: index.delete("not there")) == 0
        assert taken(lambda: index.search("one")) == 0
