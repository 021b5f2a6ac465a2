"""The storage's laws: a commit is there or it is not, readers keep what they have, and damage has a name."""

from __future__ import annotations

import errno
import gc
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_container import FORMAT_PAGE, hexdump

import searchkit.storage
from searchkit.core.checksum import crc32c
from searchkit.errors import CommitUnknown, CorruptIndex, FormatVersion, IndexNotFound
from searchkit.storage import (
    MANIFEST_FORMAT,
    FolderStorage,
    LiveEntry,
    Manifest,
    MemoryStorage,
    SegmentEntry,
    SegmentWriter,
    Storage,
    decode_live,
    encode_live,
    live_name,
    open_snapshot_files,
    read_segment,
)
from searchkit.storage.live import live_entry
from searchkit.storage.manifest import MANIFEST_FORMAT_PLAIN, decode_manifest, encode_manifest, manifest_name
from searchkit.storage.system import System

FIRST = Manifest(MANIFEST_FORMAT, 1, {"analyzer": "english", "k1": 1.2, "fields": {}})
ERRORS = (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EACCES)
ARTICLES = 100
NAME = "seg-0123456789abcdef.sk"


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path / "index") if request.param == "folder" else MemoryStorage()


def write_segment(storage: Storage, content: bytes) -> SegmentEntry:
    """Publish a segment of one section. Requires: the lock is held."""
    with storage.output() as output:
        writer = SegmentWriter(output)
        writer.begin("content")
        writer.write(content)
        writer.end()
        length, checksum = writer.finish()
        return SegmentEntry(writer.publish(), length, checksum, ARTICLES)


def write_live(storage: Storage, entry: SegmentEntry, generation: int, deleted: int) -> SegmentEntry:
    """Publish live documents of which the first few are deleted. Requires: the lock is held."""
    bits = ((1 << ARTICLES) - (1 << deleted)).to_bytes(16, "little")
    data, name = encode_live(bits, ARTICLES), live_name(entry.name, generation)
    with storage.output() as output:
        output.write(data)
        output.publish(name)
    return SegmentEntry(entry.name, entry.length, entry.checksum, entry.articles, live_entry(name, data))


def after(manifest: Manifest, *segments: SegmentEntry) -> Manifest:
    return Manifest(MANIFEST_FORMAT, manifest.generation + 1, manifest.options, segments, manifest.generation)


def commit(storage: Storage, *contents: bytes, deleted: int = 0) -> Manifest:
    """One whole turn of a writer: segments of these contents, committed and swept."""
    with storage.lock(0):
        old = storage.latest()
        entries = [write_segment(storage, content) for content in contents]
        if deleted:
            entries[0] = write_live(storage, entries[0], old.generation + 1, deleted)
        new = after(old, *entries)
        storage.commit(new)
        storage.sweep(new)
    return new


def contents(storage: Storage) -> tuple[int, list[bytes]]:
    """What a reader sees, everything verified: the generation and the content of each segment."""
    manifest, buffers = open_snapshot_files(storage)
    found = []
    for entry in manifest.segments:
        segment = read_segment(buffers[entry.name].view, buffers[entry.name].path, entry)
        assert list(segment.verify()) == []
        found.append(bytes(segment.sections["content"]))
        segment.release()
        if entry.live:
            live = decode_live(buffers[entry.live.name].view, buffers[entry.live.name].path, entry)
            assert (live.articles, live.deleted) == (ARTICLES, entry.live.deleted)
            live.bits.release()
    for buffer in buffers.values():
        buffer.close()
    return manifest.generation, found


def names(storage: FolderStorage) -> set[str]:
    """Everything in the folder."""
    return {path.name for path in storage.folder.iterdir()}


class Watched:
    """A System that writes down what is called; one call, or all from then on, fail, carried out or not."""

    def __init__(self, fail_at: int = 0, error: int = errno.EIO, for_ever: bool = False, done: bool = False) -> None:
        self.calls: list[tuple[str, str]] = []
        self.failed = False
        self._fail = (fail_at, error, for_ever, done)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real = getattr(System(), name)
        fail_at, error, for_ever, done = self._fail

        def call(*arguments: Any) -> Any:
            paths = [argument.name for argument in arguments if isinstance(argument, Path)]
            self.calls.append((name, " ".join("tmp" if path.startswith("tmp-") else path for path in paths)))
            number = len(self.calls)
            fails = fail_at and (number == fail_at or (for_ever and number > fail_at))
            if not fails:
                return real(*arguments)
            self.failed = True
            # A descriptor is closed even if closing it tells of an error.
            if done or name.startswith("close"):
                value = real(*arguments)
                if name in ("create", "open", "open_folder"):
                    os.close(value)
            raise OSError(error, os.strerror(error), paths[0] if paths else None)

        return call


# What a storage does, in a folder and in memory alike.


def test_an_index_is_created_once(storage: Storage) -> None:
    """create makes generation 1, and refuses where there is an index; latest makes none."""
    with pytest.raises(IndexNotFound):
        storage.latest()
    with pytest.raises(ValueError, match="generation 1"):
        storage.create(after(FIRST))
    storage.create(FIRST)
    assert storage.latest() == FIRST
    with pytest.raises(FileExistsError):
        storage.create(FIRST)
    assert storage.latest() == FIRST


def test_a_commit_is_what_readers_see(storage: Storage) -> None:
    """What is published is seen by nobody before the commit, and by everybody after it."""
    storage.create(FIRST)
    with storage.lock(0):
        one = write_segment(storage, b"one")
        assert contents(storage) == (1, [])
        second = after(FIRST, one)
        storage.commit(second)
        assert storage.latest() == second
        assert contents(storage) == (2, [b"one"])
        two = write_live(storage, write_segment(storage, b"two"), 3, 5)
        storage.commit(after(second, one, two))
    assert contents(storage) == (3, [b"one", b"two"])
    names = {manifest_name(1), manifest_name(2), manifest_name(3), one.name, two.name, live_name(two.name, 3)}
    assert set(storage.sizes()) - {"write.lock"} == names
    assert storage.sizes()[one.name] == one.length


def test_a_commit_continues_the_newest_generation(storage: Storage) -> None:
    """A writer that has not seen another one's commit cannot undo it."""
    storage.create(FIRST)
    newest = commit(storage, b"one")
    with storage.lock(0):
        for generation, previous in ((2, 1), (3, 1), (4, 3)):
            stale = Manifest(MANIFEST_FORMAT, generation, {}, (), previous)
            with pytest.raises(FileExistsError):
                storage.commit(stale)
        assert storage.latest() == newest


def test_a_commit_names_only_what_is_there(storage: Storage) -> None:
    """Files that are missing, or not as long as said, are found before the commit."""
    storage.create(FIRST)
    with storage.lock(0):
        entry = write_segment(storage, b"one")
        with pytest.raises(FileNotFoundError):
            storage.commit(after(FIRST, SegmentEntry(NAME, entry.length, entry.checksum, 1)))
        with pytest.raises(CorruptIndex):
            storage.commit(after(FIRST, SegmentEntry(entry.name, entry.length + 1, entry.checksum, 1)))
    assert contents(storage) == (1, [])


def test_writing_needs_the_lock(storage: Storage) -> None:
    """Without the lock nothing can be published, committed or swept."""
    storage.create(FIRST)
    with storage.lock(0), storage.output() as output:
        output.write(b"x")
        late = storage.output()
    for call in (storage.output, lambda: storage.commit(after(FIRST)), lambda: storage.sweep(FIRST)):
        with pytest.raises(RuntimeError, match="lock"):
            call()
    with pytest.raises(RuntimeError, match="lock"):
        late.publish(NAME)
    late.discard()


def test_a_sweep_keeps_two_generations(storage: Storage) -> None:
    """After a sweep there is what the newest and the previous manifest name, and nothing else of ours."""
    storage.create(FIRST)
    commit(storage, b"one", deleted=1)
    commit(storage, b"one", b"two", deleted=2)
    with storage.lock(0):
        orphan = write_segment(storage, b"never committed")
        third = storage.latest()
        fourth = after(third, third.segments[1])
        storage.commit(fourth)
        removed = storage.sweep(fourth)
    assert orphan.name in removed
    kept = {manifest_name(4), manifest_name(3), *fourth.files(), *third.files()}
    assert set(storage.sizes()) - {"write.lock"} == kept
    with storage.lock(0):
        assert storage.sweep(third) == []  # it is not the newest: nothing is known of what it does not name
    assert contents(storage) == (4, [b"two"])


def test_what_a_reader_holds_outlives_its_names(storage: Storage) -> None:
    """Buffers of a snapshot stay readable after commits, sweeps and removal of the files."""
    storage.create(FIRST)
    commit(storage, b"one" * 10_000)
    manifest, buffers = open_snapshot_files(storage)
    for number in range(4):
        commit(storage, b"other %d" % number)
    entry = manifest.segments[0]
    assert entry.name not in storage.sizes()
    with pytest.raises(FileNotFoundError):
        storage.open_buffer(entry.name)
    segment = read_segment(buffers[entry.name].view, buffers[entry.name].path, entry)
    assert list(segment.verify()) == []
    assert segment.sections["content"] == b"one" * 10_000


def test_a_reader_that_is_overtaken_starts_again(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """If files vanish between manifest and open, the next manifest is taken; if there is none, that is damage."""
    storage.create(FIRST)
    commit(storage, b"one")
    stale, left = storage.latest(), [2]
    commit(storage, b"two")
    newest = commit(storage, b"three")
    latest = storage.latest

    def late() -> Manifest:
        left[0] -= 1
        return stale if left[0] > 0 else latest()

    monkeypatch.setattr(storage, "latest", late)
    manifest, buffers = open_snapshot_files(storage)
    assert manifest == newest
    assert set(buffers) == set(newest.files())
    left[0] = 10**6
    with pytest.raises(CorruptIndex) as caught:
        open_snapshot_files(storage)
    assert stale.segments[0].name in caught.value.path


def test_buffers_are_shared_between_snapshots(storage: Storage) -> None:
    """What is held is not opened again, and lengths are checked all the same."""
    storage.create(FIRST)
    commit(storage, b"one")
    _, first = open_snapshot_files(storage)
    commit(storage, b"one", b"two")
    manifest, second = open_snapshot_files(storage, first)
    (name,) = first
    assert second[name] is first[name]
    assert len(second) == 2
    shorter = second | {name: second[manifest.segments[1].name]}
    assert len(shorter[name].view) == len(second[name].view)  # so it is told apart only by its checksum
    with pytest.raises(CorruptIndex):
        read_segment(shorter[name].view, shorter[name].path, manifest.segments[0])


def test_the_same_bytes_are_published_once(storage: Storage) -> None:
    """A name taken by the same bytes stays, by a dead writer's leftover is replaced, by named bytes is refused."""
    storage.create(FIRST)
    entry = commit(storage, b"one").segments[0]
    with storage.lock(0):
        assert write_segment(storage, b"one") == entry
        orphan = live_name(entry.name, 3)
        for data in (b"left by a dead writer", b"and now by us"):
            with storage.output() as output:
                output.write(data)
                output.publish(orphan)
        with storage.open_buffer(orphan) as buffer:
            assert buffer.view == b"and now by us"
        with storage.output() as output:
            output.write(b"other bytes")
            with pytest.raises(FileExistsError):
                output.publish(entry.name)
            output.publish(NAME)
            with pytest.raises(ValueError, match="already"):
                output.publish(NAME)
    assert contents(storage) == (2, [b"one"])


def test_what_is_not_published_is_gone(storage: Storage) -> None:
    """An output that is discarded, left by an error, or just dropped leaves nothing behind."""
    storage.create(FIRST)
    with storage.lock(0):
        before = storage.sizes().keys()
        with pytest.raises(ZeroDivisionError), storage.output() as output:
            output.write(b"abc")
            assert output.length == 3
            raise ZeroDivisionError
        with pytest.raises(ValueError, match="already"):
            output.write(b"more")
        dropped = storage.output()
        dropped.write(b"abc")
        del dropped
        gc.collect()
        assert storage.sizes().keys() == before
        with storage.output() as output:
            for name in ("../outside.sk", "seg-0123456789ABCDEF.sk", manifest_name(9), "write.lock", ""):
                with pytest.raises(ValueError, match="name"):
                    output.publish(name)


def test_scratch_files_have_no_name(storage: Storage) -> None:
    """What is put aside can be read back, shows up nowhere, and its buffer outlives it."""
    storage.create(FIRST)
    before = storage.sizes().keys()
    data = random.Random(1).randbytes(100_000)
    with storage.scratch() as scratch:
        scratch.write(data[:1])
        scratch.write(memoryview(data)[1:])
        assert scratch.length == len(data)
        assert storage.sizes().keys() == before
        buffer = scratch.buffer()
    assert buffer.view == data
    buffer.close()
    with storage.scratch() as empty, empty.buffer() as nothing:
        assert nothing.view == b""
    for call in (lambda: scratch.write(b"x"), scratch.buffer):
        with pytest.raises(ValueError, match="closed"):
            call()


@pytest.mark.slow
def test_readers_and_a_writer_at_once(storage: Storage) -> None:
    """Readers in threads see whole generations only, rising, while a writer commits and sweeps."""
    storage.create(FIRST)
    commit(storage, b"generation 2")
    problems: list[object] = []
    done = threading.Event()

    def read() -> None:
        last = 0
        try:
            while not done.is_set():
                generation, found = contents(storage)
                if found != [b"generation %d" % generation] or generation < last:
                    problems.append((generation, found, last))
                last = generation
        except Exception as error:
            problems.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for generation in range(3, 40):
        commit(storage, b"generation %d" % generation, deleted=generation % 3)
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []


def test_buffers_may_be_closed_in_any_order(storage: Storage) -> None:
    """Closing while views are out is no error and no crash: they stay readable."""
    storage.create(FIRST)
    entry = commit(storage, b"content").segments[0]
    buffer = storage.open_buffer(entry.name)
    view = buffer.view[:8]
    buffer.close()
    buffer.close()
    assert bytes(view) == b"\x89SKS\r\n\x1a\n"
    with pytest.raises(ValueError, match="released"):
        buffer.view[:1]


# The folder.


@pytest.fixture
def folder(tmp_path: Path) -> FolderStorage:
    """A folder at generation 3."""
    storage = FolderStorage(tmp_path / "index")
    storage.create(FIRST)
    commit(storage, b"one")
    commit(storage, b"one", b"two", deleted=3)
    return storage


def test_a_folder_is_found_again(folder: FolderStorage) -> None:
    """Another storage object in the same place sees the same index; paths with missing folders are made."""
    assert contents(FolderStorage(str(folder.folder))) == (3, [b"one", b"two"])
    deep = FolderStorage(folder.folder / "a" / "b" / "c")
    deep.create(FIRST)
    assert deep.latest() == FIRST


def test_relative_paths_survive_a_change_of_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage stays where it was opened."""
    monkeypatch.chdir(tmp_path)
    storage = FolderStorage("index")
    storage.create(FIRST)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert storage.latest() == FIRST


def test_only_a_missing_manifest_means_no_index(tmp_path: Path) -> None:
    """No folder, an empty one, a file in its place: IndexNotFound. Segments without a manifest: damage."""
    (tmp_path / "file").write_text("hello")
    (tmp_path / "empty").mkdir()
    for name in ("missing", "empty", "file", "file/below"):
        storage = FolderStorage(tmp_path / name)
        with pytest.raises(IndexNotFound):
            storage.latest()
    with pytest.raises(IndexNotFound):
        FolderStorage(tmp_path / "missing").lock(0)
    with pytest.raises(IndexNotFound):
        FolderStorage(tmp_path / "missing").sizes()
    with pytest.raises((FileExistsError, NotADirectoryError)):
        FolderStorage(tmp_path / "file" / "below").create(FIRST)
    (tmp_path / "empty" / NAME).write_bytes(b"a segment")
    with pytest.raises(CorruptIndex):
        FolderStorage(tmp_path / "empty").latest()
    with pytest.raises(FileExistsError):
        FolderStorage(tmp_path / "empty").create(FIRST)


@pytest.mark.parametrize("error", ERRORS)
def test_trouble_of_the_system_is_no_missing_index(folder: FolderStorage, error: int) -> None:
    """Too many open files, a revoked permission, a bad disk are raised as they are, with the file's name."""
    for number, (name, _) in enumerate(reading(folder).calls, 1):
        storage = FolderStorage(folder.folder, Watched(number, error))  # type: ignore[arg-type]
        if name == "close":  # of a file that was read: nothing can be lost any more
            assert contents(storage) == (3, [b"one", b"two"])
            continue
        with pytest.raises(OSError) as caught:
            contents(storage)
        assert caught.value.filename
        assert caught.value.errno == error
        assert not isinstance(caught.value, IndexNotFound)


def reading(storage: FolderStorage) -> Watched:
    """The calls by which a snapshot is read."""
    system = Watched()
    contents(FolderStorage(storage.folder, system))  # type: ignore[arg-type]
    return system


def test_reading_changes_nothing(folder: FolderStorage) -> None:
    """A reader only lists, opens, reads and maps."""
    assert {name for name, _ in reading(folder).calls} == {"names", "open", "length", "read", "map", "close"}


def test_the_order_of_a_commit(folder: FolderStorage) -> None:
    """Files are synced before they get their names, names before the manifest is written, the manifest's name last."""
    system = Watched()
    storage = FolderStorage(folder.folder, system)  # type: ignore[arg-type]
    new = commit(storage, b"three", deleted=1)
    segment, live = new.files()
    changing = [
        call for call in system.calls if call[0] not in ("names", "open", "length", "read", "size", "map", "close")
    ]
    assert changing == [
        ("create", "tmp"),
        ("write", "tmp"),  # the sections
        ("write", "tmp"),  # the seal
        ("sync", "tmp"),
        ("link", f"tmp {segment}"),
        ("unlink", "tmp"),
        ("create", "tmp"),
        ("write", "tmp"),
        ("sync", "tmp"),
        ("link", f"tmp {live}"),
        ("unlink", "tmp"),
        ("open_folder", "index"),
        ("sync_folder", "index"),
        ("create", "tmp"),
        ("write", "tmp"),
        ("sync", "tmp"),
        ("link", f"tmp {manifest_name(4)}"),
        ("unlink", "tmp"),
        ("sync_folder", "index"),
        ("close_folder", ""),
        ("unlink", manifest_name(2)),
    ]


def test_the_folder_itself_is_made_durable(tmp_path: Path) -> None:
    """A new folder's own name is synced, in each folder above that was made."""
    system = Watched()
    FolderStorage(tmp_path / "a" / "b", system).create(FIRST)  # type: ignore[arg-type]
    calls = [call for call in system.calls if call[0] in ("make_folder", "sync_folder")]
    assert calls[:4] == [
        ("make_folder", "a"),
        ("sync_folder", tmp_path.name),
        ("make_folder", "b"),
        ("sync_folder", "a"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "done", "for_ever"),
    [
        (errno.ENOSPC, False, False),
        (errno.EIO, True, False),
        (errno.EMFILE, False, True),
        (errno.EIO, True, True),
    ],
)
def test_any_call_may_fail(tmp_path: Path, error: int, done: bool, for_ever: bool) -> None:
    """A commit fails with an error and the old one stays; or it is unknown; or the error did no harm. Never a mix.

    Each call of a commit fails in turn, once or for ever, having been carried out or not. Afterwards another writer
    carries on, and sweeps what was left.
    """
    for number in range(1, 1000):
        path = tmp_path / str(number)
        clean = FolderStorage(path)
        clean.create(FIRST)
        commit(clean, b"old")
        system = Watched(number, error, for_ever, done)
        outcome: Exception | None = None
        try:
            commit(FolderStorage(path, system), b"new", b"newer", deleted=1)  # type: ignore[arg-type]
        except (OSError, CommitUnknown) as problem:
            outcome = problem
        seen = contents(clean)
        old, new = (2, [b"old"]), (3, [b"new", b"newer"])
        if not system.failed:
            assert outcome is None
            assert seen == new
            break
        call = system.calls[number - 1]
        if outcome is None:
            assert seen == new, call
        elif isinstance(outcome, CommitUnknown):
            assert (outcome.old, outcome.new, outcome.path) == (2, 3, str(path))
            assert str(outcome).startswith(str(path))
            assert seen in (old, new), call
            assert call[0] in ("link", "sync_folder", "unlink"), call
        else:
            assert isinstance(outcome, OSError)
            assert outcome.errno == error
            assert outcome.filename, call
            assert seen == old, call
        again = commit(clean, b"again")
        assert contents(clean) == (again.generation, [b"again"]), call
        newest = commit(clean, b"again")
        manifests = {manifest_name(newest.generation - 1), manifest_name(newest.generation)}
        assert names(clean) == {"write.lock", *manifests, *newest.files()}
    else:
        pytest.fail("the commit never came to its end")


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
def test_creation_may_fail_at_any_call(tmp_path: Path, error: int) -> None:
    """After a failed creation there is no index or a whole one, and creating it again works or says it is there."""
    for number in range(1, 1000):
        path = tmp_path / str(number) / "index"
        system = Watched(number, error)
        try:
            FolderStorage(path, system).create(FIRST)  # type: ignore[arg-type]
        except CommitUnknown as unknown:
            assert system.failed
            assert (unknown.old, unknown.new) == (0, 1)
            assert "create it again" in str(unknown)
        except OSError:
            assert system.failed
        clean = FolderStorage(path)
        try:
            assert clean.latest() == FIRST
        except IndexNotFound:
            clean.create(FIRST)
        assert clean.latest() == FIRST
        if not system.failed:
            break
    else:
        pytest.fail("the creation never came to its end")


def test_writes_that_take_little_at_a_time(tmp_path: Path) -> None:
    """Short writes are continued; one that takes nothing is an error, not a loop."""

    class Slow(System):
        most = 7

        def write(self, descriptor: int, data: memoryview, path: Path) -> int:
            return super().write(descriptor, data[: self.most], path) if self.most else 0

    system = Slow()
    storage = FolderStorage(tmp_path / "index", system)
    storage.create(FIRST)
    commit(storage, b"content" * 100)
    assert contents(storage) == (2, [b"content" * 100])
    system.most = 0
    with pytest.raises(OSError, match="nothing was written"):
        commit(storage, b"more")
    assert contents(storage) == (2, [b"content" * 100])


def test_a_full_disk_is_told_with_the_file(folder: FolderStorage) -> None:
    """The error of a write names errno and file, the output is gone, and the folder as before."""
    before = folder.sizes()
    full = FolderStorage(folder.folder, NoSpace())
    with full.lock(0), pytest.raises(OSError, match="No space left") as caught:
        write_segment(full, b"x" * 100_000)
    assert caught.value.errno == errno.ENOSPC
    assert Path(caught.value.filename).parent == folder.folder
    assert {**folder.sizes(), "write.lock": 0} == {**before, "write.lock": 0}


class NoSpace(System):
    """A disk that is full."""

    def write(self, descriptor: int, data: memoryview, path: Path) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def test_where_there_are_no_links(tmp_path: Path) -> None:
    """On file systems without links a name is taken by renaming, still never over another."""

    class NoLinks(System):
        def link(self, old: Path, new: Path) -> None:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(old))

    storage = FolderStorage(tmp_path / "index", NoLinks())
    storage.create(FIRST)
    entry = commit(storage, b"one").segments[0]
    commit(storage, b"one", b"two")
    assert contents(FolderStorage(tmp_path / "index")) == (3, [b"one", b"two"])
    with storage.lock(0), storage.output() as output:
        output.write(b"other bytes")
        with pytest.raises(FileExistsError):
            output.publish(entry.name)


def test_a_damaged_segment_can_be_written_again(folder: FolderStorage) -> None:
    """The same content does not land on the damaged file that the manifest names: it gets another name."""
    old = folder.latest()
    damaged = folder.folder / old.segments[0].name
    data = damaged.read_bytes()
    damaged.write_bytes(data[:70] + b"?" + data[71:])
    new = commit(folder, b"one")
    assert new.segments[0].name != damaged.name
    assert contents(folder) == (4, [b"one"])
    assert (folder.folder / new.segments[0].name).read_bytes() == data


def test_a_sweep_leaves_strangers_and_what_it_cannot_remove(folder: FolderStorage) -> None:
    """Files of others stay; a file that cannot be removed (a mapped one on Windows) is left for the next time."""
    strangers = {"notes.txt", "seg-1.sk", "manifest-7.json", "tmp-x", ".hidden", "manifest-0000009.json"}
    for name in strangers:
        (folder.folder / name).write_text("mine")
    (folder.folder / "tmp-0123456789abcdef").write_text("left by a writer that died")

    class Stuck(System):
        def unlink(self, path: Path) -> None:
            raise PermissionError(errno.EACCES, "in use", str(path))

    stuck = FolderStorage(folder.folder, Stuck())
    with stuck.lock(0):
        assert stuck.sweep(stuck.latest()) == []
    with folder.lock(0):
        assert folder.sweep(folder.latest()) == ["tmp-0123456789abcdef"]
    assert strangers <= names(folder)


def test_a_sweep_that_cannot_read_the_previous_manifest_removes_nothing(folder: FolderStorage) -> None:
    """What the manifest before names is kept as long as nobody knows what that is."""
    orphan = folder.folder / NAME
    orphan.write_bytes(b"orphan")
    (folder.folder / manifest_name(2)).write_bytes(b"damaged")
    with folder.lock(0):
        assert folder.sweep(folder.latest()) == []
        (folder.folder / manifest_name(2)).unlink()
        assert folder.sweep(folder.latest()) == [NAME]


def test_a_writer_does_not_sweep_what_it_is_writing(folder: FolderStorage) -> None:
    """An output in progress survives a commit and sweep by the same writer."""
    with folder.lock(0), folder.output() as output:
        output.write(b"in progress")
        manifest = after(folder.latest())
        folder.commit(manifest)
        folder.sweep(manifest)
        output.publish(NAME)
    assert (folder.folder / NAME).read_bytes() == b"in progress"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_only_plain_files_are_read(folder: FolderStorage, tmp_path: Path) -> None:
    """A link, a pipe or a folder in the place of a file is damage: not followed, not waited for."""
    manifest = folder.latest()
    for name in (manifest.segments[0].name, manifest_name(3)):
        path = folder.folder / name
        path.rename(tmp_path / "aside")
        makers: list[Callable[[Path], None]] = [lambda p: p.symlink_to(tmp_path / "aside"), os.mkfifo, Path.mkdir]
        for make in makers:
            make(path)
            with pytest.raises(CorruptIndex):
                contents(folder)
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        (tmp_path / "aside").rename(path)
    assert contents(folder) == (3, [b"one", b"two"])


def test_missing_cut_and_swapped_files_are_found(folder: FolderStorage) -> None:
    """Each file of a snapshot: removed, emptied, cut, lengthened, or another in its place."""
    manifest = folder.latest()
    names = list(manifest.files())
    for name in names:
        path = folder.folder / name
        good = path.read_bytes()
        others = [(folder.folder / other).read_bytes() for other in names if other != name]
        for bad in (None, b"", good[:-1], good + b"\0", *others):
            path.unlink()
            if bad is not None:
                path.write_bytes(bad)
            with pytest.raises(CorruptIndex) as caught:
                contents(folder)
            assert name in str(caught.value)
            path.write_bytes(good)
    assert contents(folder) == (3, [b"one", b"two"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_writer_leaves_the_old_commit(folder: FolderStorage) -> None:
    """kill -9 while files are being written: nothing of it is seen, the lock is free, and the next writer tidies up."""
    script = (
        "import sys, test_storage as t\n"
        "s = t.FolderStorage(sys.argv[1])\n"
        "lock = s.lock(0); lock.acquire()\n"
        "t.write_segment(s, b'published, not committed')\n"
        "output = s.output(); output.write(b'half'); scratch = s.scratch(); scratch.write(b'aside')\n"
        "print('ready', flush=True); sys.stdin.read()\n"
    )
    root = Path(searchkit.storage.__file__).parent.parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(Path(__file__).parent)])}
    arguments = [sys.executable, "-c", script, str(folder.folder)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == b"ready"
        assert len([name for name in names(folder) if name.startswith("tmp-")]) == 1
        writer.kill()
    assert contents(folder) == (3, [b"one", b"two"])
    newest = commit(folder, b"three")
    assert names(folder) == {
        *("write.lock", manifest_name(3), manifest_name(4)),
        *newest.files(),
        *decode_manifest((folder.folder / manifest_name(3)).read_bytes(), "", 3).files(),
    }


# Manifests and live documents.

ENTRY = SegmentEntry(NAME, 4096, 7, 10, LiveEntry(live_name(NAME, 6), 76, 8, 2))
SEVENTH = Manifest(
    MANIFEST_FORMAT_PLAIN, 7, {"analyzer": "é", "k1": 1.2}, (ENTRY, SegmentEntry(f"seg-{'f' * 16}.sk", 1, 2, 3)), 6
)


def sealed(text: str) -> bytes:
    """A manifest of this text, its checksum right."""
    data = text.encode()
    return data + b"crc32c %08x\n" % crc32c(data)


def test_a_manifest_is_read_back() -> None:
    """decode(encode(manifest)) == manifest, and there is one way to write it."""
    for manifest in (FIRST, SEVENTH, Manifest(MANIFEST_FORMAT, 10**15 - 1, {"b": 1, "a": [1, None, "\ud800"]}, (), 3)):
        data = encode_manifest(manifest)
        assert decode_manifest(data, "m", manifest.generation) == manifest
        assert data.isascii()
        assert encode_manifest(decode_manifest(data, "m", manifest.generation)) == data
        same = Manifest(
            manifest.format,
            manifest.generation,
            dict(reversed(manifest.options.items())),
            manifest.segments,
            manifest.previous,
        )
        assert encode_manifest(same) == data


def test_every_change_of_a_manifest_is_found() -> None:
    """Every bit, every truncation, anything appended, another generation's name."""
    data = encode_manifest(SEVENTH)
    cases = [bytes([*data[:at], data[at] ^ 1 << bit, *data[at + 1 :]]) for at in range(len(data)) for bit in range(8)]
    cases += [data[:at] for at in range(len(data))] + [
        data + b"\n",
        data + data,
        b"\n" + data,
        data.replace(b"\n", b"\r\n"),
    ]
    for case in cases:
        with pytest.raises(CorruptIndex):
            decode_manifest(case, "m", 7)
    with pytest.raises(CorruptIndex):
        decode_manifest(data, "m", 8)


def test_a_damaged_newest_manifest_is_never_passed_over(folder: FolderStorage) -> None:
    """Where the newest manifest is damaged, the older one beside it is not taken: that would be losing a commit."""
    path = folder.folder / manifest_name(3)
    data = path.read_bytes()
    for damaged in (
        b"",
        data[:-1],
        data.replace(b"english", b"englisk"),
        (folder.folder / manifest_name(2)).read_bytes(),
    ):
        path.write_bytes(damaged)
        with pytest.raises(CorruptIndex) as caught:
            folder.latest()
        assert caught.value.path == str(path)
    assert folder.sizes()[manifest_name(2)]


def test_hostile_manifests_with_right_checksums_are_refused() -> None:
    """Values out of bounds, names that lead elsewhere, other spellings and types, deep and huge ones: CorruptIndex."""
    good = encode_manifest(SEVENTH).decode().rpartition("crc32c")[0]
    assert decode_manifest(sealed(good), "m", 7) == SEVENTH
    changes = [
        ('"length": 4096', '"length": -1'),
        ('"length": 4096', '"length": 4096.0'),
        ('"length": 4096', '"length": true'),
        ('"length": 4096', '"length": "4096"'),
        ('"length": 4096', f'"length": {2**63}'),
        ('"length": 4096', f'"length": {"9" * 10_000}'),
        ('"length": 4096', '"length": 4096, "length": 4096'),
        ('"length": 4096', '"length": 4096, "colour": 1'),
        ('"length": 4096, ', ""),
        ('"checksum": 7', f'"checksum": {2**32}'),
        ('"articles": 10', '"articles": 1'),
        ('"articles": 10', f'"articles": {2**32}'),
        ('"deleted": 2', '"deleted": 0'),
        ('"deleted": 2', '"deleted": 11'),
        ('"live": null', '"live": {}'),
        ('"live": null', '"live": []'),
        ('"live": null', '"live": 0'),
        (f'"{NAME}"', '"../../../etc/passwd"'),
        (f'"{NAME}"', '"/etc/passwd"'),
        (f'"{NAME}"', f'"{NAME}\\n"'),
        (f'"{NAME}"', '"seg-0123456789abcde\u0661.sk"'),
        (f'"{NAME}"', "null"),
        ("seg-0123456789abcdef.000006.live", "seg-1111111111111111.000006.live"),
        ("seg-0123456789abcdef.000006.live", "../0123456789abcdef.000006.live"),
        (f"seg-{'f' * 16}.sk", NAME),
        ('"generation": 7', '"generation": 0'),
        ('"generation": 7', '"generation": 7.0'),
        ('"previous": 6', '"previous": 7'),
        ('"previous": 6', '"previous": null'),
        ('"previous": 6', '"previous": 0'),
        ('"k1": 1.2', '"k1": NaN'),
        ('"k1": 1.2', '"k1": 1e999'),
        ('"k1": 1.2', '"k1": 1.20'),
        ('"k1": 1.2', '"k1":  1.2'),
        ('"k1": 1.2', '"k1": ' + "[" * 100_000),
        ('"k1": 1.2', '"k1": ' + "[" * 100_000 + "]" * 100_000),
        ('"format": 1', '"format": "1"'),
        ('"format": 1', '"format": 1.0'),
        ('"format": 1', '"format": true'),
        ('"format": 1, ', ""),
        (good, "[]\n"),
        (good, "null\n"),
        (good, '"format"\n'),
        (good, "\n"),
        (good, ""),
    ]
    for old, new in changes:
        assert old in good
        with pytest.raises(CorruptIndex):
            decode_manifest(sealed(good.replace(old, new, 1)), "m", 7)
    with pytest.raises(CorruptIndex):
        decode_manifest(sealed(good)[:-9] + b"\xff" * 9, "m", 7)
    with pytest.raises(CorruptIndex):
        decode_manifest(bytes(20 << 20), "m", 7)


def test_a_newer_manifest_is_told_from_damage() -> None:
    """A right checksum and another format number: FormatVersion, whatever else is in it."""
    for found in (0, MANIFEST_FORMAT + 1, 99):
        with pytest.raises(FormatVersion, match=r"^m was written with manifest format") as caught:
            decode_manifest(sealed(json.dumps({"format": found, "shards": {}}) + "\n"), "m", 7)
        assert str(found) in str(caught.value.found)


def test_values_that_could_not_be_read_are_not_made() -> None:
    """A manifest that can be constructed can be written and read: all else is a ValueError of the caller."""
    wrong: list[Callable[[], object]] = [
        lambda: SegmentEntry("segment.sk", 1, 1, 1),
        lambda: SegmentEntry(NAME, -1, 1, 1),
        lambda: SegmentEntry(NAME, 1, 1 << 32, 1),
        lambda: SegmentEntry(NAME, 1, 1, 1.0),  # type: ignore[arg-type]
        lambda: SegmentEntry(NAME, 1, 1, 1, "live"),  # type: ignore[arg-type]
        lambda: LiveEntry(NAME, 1, 1, 1),
        lambda: SegmentEntry(NAME, 1, 1, 1, LiveEntry(live_name(NAME, 2), 1, 1, 2)),
        lambda: SegmentEntry(NAME, 1, 1, 1, LiveEntry(live_name(f"seg-{'f' * 16}.sk", 2), 1, 1, 1)),
        lambda: Manifest(MANIFEST_FORMAT + 1, 1, {}),
        lambda: Manifest(MANIFEST_FORMAT, 0, {}),
        lambda: Manifest(MANIFEST_FORMAT, 2, {}),
        lambda: Manifest(MANIFEST_FORMAT, 2, {}, (), 2),
        lambda: Manifest(MANIFEST_FORMAT, 1, {}, (ENTRY, ENTRY)),
        lambda: Manifest(MANIFEST_FORMAT, 1, {}, ("segment",)),  # type: ignore[arg-type]
        lambda: Manifest(MANIFEST_FORMAT, 1, {"k1": float("nan")}),
        lambda: Manifest(MANIFEST_FORMAT, 1, {"path": Path()}),
        lambda: Manifest(MANIFEST_FORMAT, 1, {"pair": (1, 2)}),
        lambda: Manifest(MANIFEST_FORMAT, 1, {1: "one"}),  # type: ignore[dict-item]
    ]
    for make in wrong:
        with pytest.raises(ValueError):
            make()
    with pytest.raises(ValueError, match="limit"):
        encode_manifest(Manifest(MANIFEST_FORMAT, 1, {"much": "x" * (17 << 20)}))


def test_live_documents_are_read_back() -> None:
    """Bits come back as they were given, with their count, for any number of articles."""
    generator = random.Random(4)
    for articles in (0, 1, 63, 64, 65, 200, 1000):
        wanted = generator.getrandbits(articles) if articles else 0
        bits = wanted.to_bytes((articles + 63) // 64 * 8, "little")
        data = encode_live(bits, articles)
        live = decode_live(data, "live")
        assert bytes(live.bits) == bits
        assert (live.articles, live.deleted) == (articles, articles - wanted.bit_count())
        assert [docid in live for docid in range(-1, articles + 1)] == [
            False,
            *(bool(wanted >> docid & 1) for docid in range(articles)),
            False,
        ]
    for bits, articles in ((b"", 1), (bytes(8), 65), (bytes(16), 64), (b"\xff" * 8, 63), (bytes(7), 50)):
        with pytest.raises(ValueError, match="articles"):
            encode_live(bits, articles)


def test_every_change_of_live_documents_is_found() -> None:
    """Every bit, every truncation, anything appended; and those of another segment or generation."""
    data = encode_live((0b1111110111).to_bytes(8, "little"), 10)
    entry = live_entry(live_name(NAME, 2), data)
    assert (entry.length, entry.deleted) == (len(data), 1)
    assert decode_live(data, "live", SegmentEntry(NAME, 1, 1, 10, entry)).deleted == 1
    cases = [bytes([*data[:at], data[at] ^ 1 << bit, *data[at + 1 :]]) for at in range(len(data)) for bit in range(8)]
    for case in [*cases, *(data[:at] for at in range(len(data))), data + b"\0", bytes(len(data))]:
        with pytest.raises(CorruptIndex):
            decode_live(case, "live")
    for other in (
        SegmentEntry(NAME, 1, 1, 11, entry),
        SegmentEntry(NAME, 1, 1, 10, LiveEntry(entry.name, entry.length, entry.checksum ^ 1, 1)),
        SegmentEntry(NAME, 1, 1, 10, LiveEntry(entry.name, entry.length, entry.checksum, 2)),
    ):
        with pytest.raises(CorruptIndex):
            decode_live(data, "live", other)


def test_hostile_live_documents_with_right_checksums_are_refused() -> None:
    """Counts that do not fit the bits, bits behind the last article, written padding; a newer format is told."""

    def make(version: int, articles: int, deleted: int, bits: bytes, padding: bytes = bytes(40)) -> bytes:
        head = b"\x89SKL\r\n\x1a\n" + b"".join(n.to_bytes(4, "little") for n in (version, articles, deleted)) + padding
        whole = head + crc32c(head).to_bytes(4, "little") + bits
        return whole + crc32c(whole).to_bytes(4, "little")

    assert make(1, 10, 1, b"\xf7\x03" + bytes(6)) == encode_live(b"\xf7\x03" + bytes(6), 10)
    for hostile in (
        make(1, 10, 2, b"\xf7\x03" + bytes(6)),
        make(1, 9, 0, b"\xf7\x03" + bytes(6)),
        make(1, 2**32 - 1, 0, b"\xff" * 8),
        make(1, 10, 2**32 - 1, bytes(8)),
        make(1, 10, 1, b"\xf7\x03" + bytes(6), bytes(39) + b"\1"),
        make(1, 0, 0, bytes(8)),
    ):
        with pytest.raises(CorruptIndex):
            decode_live(hostile, "live")
    with pytest.raises(FormatVersion):
        decode_live(make(2, 10, 1, b"\xf7\x03" + bytes(6)), "live")


def test_the_examples_in_the_format_page_are_what_is_written() -> None:
    """docs/format.md shows live documents byte by byte, and a whole manifest."""
    page = FORMAT_PAGE.read_text(encoding="utf-8")
    segment = "seg-3f9c2ab100d17c55.sk"
    live = encode_live((0b1111110111).to_bytes(8, "little"), 10)
    entries = (
        SegmentEntry(segment, 4096, 0xCBFE20C8, 10, live_entry(live_name(segment, 7), live)),
        SegmentEntry("seg-fedcba9876543210.sk", 1000, 7, 3),
    )
    manifest = Manifest(1, 7, {"analyzer": "english", "title_weight": 1}, entries, 6)
    assert hexdump(live) in page
    assert encode_manifest(manifest).decode() in page
