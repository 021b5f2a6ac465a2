"""The lock's laws, tried with real processes: one writer at a time, never robbed, never kept by the dead."""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import searchkit.storage
from searchkit.errors import IndexLocked, IndexNotFound
from searchkit.storage import MANIFEST_FORMAT, FolderStorage, Manifest, MemoryStorage, Storage
from searchkit.storage import lock as lock_module
from searchkit.storage.lock import LOCK_NAME, WriteLock

FIRST = Manifest(MANIFEST_FORMAT, 1, {})
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

HOLD = """
import sys
from searchkit.storage import FolderStorage
with FolderStorage(sys.argv[1]).lock(float(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
"""


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    storage = FolderStorage(tmp_path / "index")
    storage.create(FIRST)
    return storage


@contextlib.contextmanager
def python(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A Python program in another process; ended with the block."""
    root = str(Path(searchkit.storage.__file__).parent.parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def is_free(storage: Storage) -> bool:
    try:
        with storage.lock(0):
            return True
    except IndexLocked:
        return False


def test_another_process_waits_and_is_told_who_holds_it(storage: FolderStorage) -> None:
    """A second writer gives up after its time, and names the holder's process and since when; then it gets the lock."""
    with python(HOLD, storage.path, 0) as holder:
        assert line(holder) == "held"
        start = time.monotonic()
        with pytest.raises(IndexLocked) as caught:
            storage.lock(0.2).acquire()
        assert time.monotonic() - start >= 0.2
        assert caught.value.pid == holder.pid
        assert caught.value.path == storage.path
        time.strptime(caught.value.since or "", "%Y-%m-%dT%H:%M:%SZ")
        go_on(holder)
        with storage.lock(30):
            assert line(holder) == "released"


def test_who_waits_gets_it(storage: FolderStorage) -> None:
    """A writer that waits long enough gets the lock when it is released."""
    lock = storage.lock(0)
    lock.acquire()
    with python(HOLD, storage.path, 30) as other:
        time.sleep(0.2)
        lock.release()
        assert line(other) == "held"
        assert not is_free(storage)
        go_on(other)
        assert line(other) == "released"


def test_who_waits_longer_tries_more_often(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """At first at once, then seldom, then ever more often: newcomers do not keep getting it first."""
    now, pauses = [0.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    with storage.lock(0):
        monkeypatch.setattr(lock_module.time, "monotonic", lambda: now[0])
        monkeypatch.setattr(lock_module.time, "sleep", sleep)
        with pytest.raises(IndexLocked):
            storage.lock(30).acquire()
        monkeypatch.undo()
    assert sum(pauses) == pytest.approx(30)
    assert pauses[0] == lock_module.FIRST_PAUSE
    longest = pauses.index(max(pauses))
    assert pauses[longest] <= lock_module.LONGEST_PAUSE
    assert sum(pauses[:longest]) < 0.2
    assert pauses[longest:-1] == sorted(pauses[longest:-1], reverse=True)
    assert pauses[-2] == lock_module.LEAST_PAUSE


def test_a_dead_holder_is_not_waited_for(storage: FolderStorage) -> None:
    """After kill -9 the lock is free at once, whatever its file says."""
    with python(HOLD, storage.path, 0) as holder:
        assert line(holder) == "held"
        holder.kill()
        holder.wait()
        assert json.loads((storage.folder / LOCK_NAME).read_text())["pid"] == holder.pid
        assert is_free(storage)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
def test_a_stopped_holder_is_not_robbed(storage: FolderStorage) -> None:
    """A process that stands still for long keeps its lock."""
    with python(HOLD, storage.path, 0) as holder:
        assert line(holder) == "held"
        holder.send_signal(signal.SIGSTOP)
        try:
            assert not is_free(storage)
        finally:
            holder.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_threads_exclude_each_other(storage: FolderStorage, kind: str) -> None:
    """The lock is not of the process: another thread waits, through the same storage or another one."""
    places: list[Storage] = [storage, storage] if kind == "folder" else [MemoryStorage()] * 2
    inside, problems, turns = [0], [], [0]

    def take(place: Storage) -> None:
        for _ in range(20):
            with place.lock(30):
                inside[0] += 1
                if inside[0] != 1:
                    problems.append(inside[0])
                turns[0] += 1
                inside[0] -= 1

    threads = [threading.Thread(target=take, args=(place,)) for place in places * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert turns == [80]


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_it_is_taken_once(storage: FolderStorage, kind: str) -> None:
    """Who holds it cannot take it again; it is held from acquire to release, and released as often as one likes."""
    place: Storage = storage if kind == "folder" else MemoryStorage()
    lock = place.lock(0)
    assert not lock.held
    with lock:
        assert lock.held
        with pytest.raises(RuntimeError, match="held already"):
            lock.acquire()
        with pytest.raises(IndexLocked) as caught:
            place.lock(0).acquire()
        assert caught.value.pid == os.getpid()
        assert caught.value.since
    assert not lock.held
    lock.release()
    with lock:
        assert lock.held
    assert is_free(place)


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_a_forgotten_lock_is_given_back(storage: FolderStorage, kind: str) -> None:
    """A lock object that nobody refers to any more holds nothing."""
    place: Storage = storage if kind == "folder" else MemoryStorage()
    lock = place.lock(0)
    lock.acquire()
    assert not is_free(place)
    del lock
    gc.collect()
    assert is_free(place)


FORK = """
import os, sys
from searchkit.errors import IndexLocked
from searchkit.storage import FolderStorage, Manifest
storage = FolderStorage(sys.argv[1])
lock = storage.lock(0)
lock.acquire()
output = storage.output()
output.write(b"the parent's")
child = os.fork()
if child == 0:
    tried = [storage.output, lambda: storage.commit(Manifest(1, 2, {}, (), 1)), lambda: storage.sweep(storage.latest()),
             lambda: output.write(b"x"), lambda: output.publish("seg-0123456789abcdef.sk"), storage.lock(0).acquire]
    for number, call in enumerate(tried):
        try:
            call()
        except IndexLocked as error:
            if error.pid != os.getppid():
                os._exit(20 + number)
        else:
            os._exit(10 + number)
    output.discard()
    lock.release()
    os._exit(1 if lock.held else 0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
print(lock.held, flush=True)
sys.stdin.readline()
output.publish("seg-0123456789abcdef.sk")
print("published", flush=True)
sys.stdin.readline()
"""

ORPHAN = """
import os, sys, time
from searchkit.storage import FolderStorage
lock = FolderStorage(sys.argv[1]).lock(0)
lock.acquire()
if os.fork() == 0:
    print(os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
time.sleep(1000)
"""


@needs_fork
def test_a_forked_child_holds_nothing(storage: FolderStorage) -> None:
    """A child that inherited the lock cannot write with it, and whatever it does leaves the parent's lock and files."""
    with python(FORK, storage.path) as parent:
        assert line(parent) == "0"  # the child was refused each time
        assert line(parent) == "True"
        assert not is_free(storage)
        go_on(parent)
        assert line(parent) == "published"
    assert (storage.folder / "seg-0123456789abcdef.sk").read_bytes() == b"the parent's"
    assert is_free(storage)


@needs_fork
def test_a_child_does_not_keep_its_dead_parents_lock(storage: FolderStorage) -> None:
    """When the parent is killed the lock is free, though its child lives on."""
    with python(ORPHAN, storage.path) as parent:
        child = int(line(parent))
        assert not is_free(storage)
        parent.kill()
        parent.wait()
        try:
            os.kill(child, 0)  # it lives
            assert is_free(storage)
        finally:
            os.kill(child, signal.SIGKILL)


def test_programs_that_are_started_do_not_inherit_it(storage: FolderStorage) -> None:
    """A program started under the lock does not keep it."""
    lock = storage.lock(0)
    lock.acquire()
    with python("import sys; print('up', flush=True); sys.stdin.readline()") as other:
        assert line(other) == "up"
        lock.release()
        assert is_free(storage)


def test_the_file_stays(storage: FolderStorage) -> None:
    """The lock file is never removed; while it is held, its text says by whom, and afterwards nothing."""
    path = storage.folder / LOCK_NAME
    inode = path.stat().st_ino
    with storage.lock(0):
        note = json.loads(path.read_text())
        assert note["pid"] == os.getpid()
        assert set(note) == {"pid", "host", "since", "program"}
    assert path.read_text() == ""
    assert path.stat().st_ino == inode


def test_a_removed_lock_file_excludes_all_the_same(storage: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """If somebody removes the file just while it is being locked, the lock on what was removed does not count."""
    path = storage.folder / LOCK_NAME
    real, attempts = lock_module._try_lock, [0]

    def try_lock(descriptor: int) -> bool:
        attempts[0] += 1
        if attempts[0] == 1:
            path.unlink()
        if attempts[0] == 2:
            path.rename(path.with_suffix(".aside"))
            path.touch()
        return real(descriptor)

    monkeypatch.setattr(lock_module, "_try_lock", try_lock)
    with storage.lock(30):
        assert attempts == [3]
        assert not is_free(storage)
    assert is_free(storage)


def test_a_note_of_nonsense_does_not_matter(storage: FolderStorage) -> None:
    """Whatever the file says, the lock works; the message then names nobody."""
    path = storage.folder / LOCK_NAME
    for note in (b"", b"{", b"[]", b"null", b"\xff" * 10_000, b'{"pid": "x", "since": 3}', b"[" * 4000, b'{"pid": 1}'):
        with storage.lock(0):
            path.write_bytes(note)
            with pytest.raises(IndexLocked) as caught:
                storage.lock(0).acquire()
            assert caught.value.pid is None
            assert caught.value.since is None
        assert is_free(storage)


def test_an_index_that_is_not_there_has_no_lock(tmp_path: Path) -> None:
    """Asking for the lock makes no folder."""
    with pytest.raises(IndexNotFound):
        FolderStorage(tmp_path / "missing").lock(0)
    assert not (tmp_path / "missing").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="flock is not there")
def test_a_file_that_cannot_be_locked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems have no locks, and a system may run out of them."""
    import fcntl

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match=r"write\.lock") as caught:
        WriteLock(tmp_path, 0).acquire()
    assert caught.value.errno == errno.ENOLCK
