"""One writer at a time: a `flock` on `write.lock`, a file that is made once and never removed.

The operating system gives the lock back when its holder ends, however it ends, so a dead writer is never waited for
and a living one never robbed. The lock belongs to an open file, not to a process: two threads exclude each other just
as two processes do. (POSIX record locks do neither, and vanish when any descriptor of the file is closed.)

A forked child inherits the open file, and with it would keep the lock alive after its parent's death; so the child
closes it at once, and a lock object inherited by fork holds nothing.

What is written in the file, `{"pid": 4711, "host": "desk", "since": "2020-10-02T10:15:00Z", "program": "celery"}`, is
only there for the message to those who wait. Nothing is decided by it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from searchkit.errors import IndexLocked
from searchkit.storage.system import naming

__all__ = ["LOCK_NAME", "WriteLock"]

LOCK_NAME = "write.lock"

# Seconds between attempts: doubling from the first to the longest, and then ever shorter again, so that who has waited
# for long comes before those who come anew, and before the one that has just released the lock and wants it back.
FIRST_PAUSE = 0.001
LONGEST_PAUSE = 0.05
LEAST_PAUSE = 0.002  # costs a waiting process about a hundredth of a processor
EAGER = 0.5  # seconds of waiting after which the pauses are half the longest

# Bytes. What is longer was not written by us, and is not read.
LONGEST_NOTE = 4096

_OPEN = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)

if sys.platform == "win32":
    import msvcrt

    # A locked byte cannot be read on Windows: take one far behind the note.
    LOCKED_BYTE = 1 << 30

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class WriteLock:
    """The lock of one index folder, for one use after another by one thread."""

    def __init__(self, folder: Path, wait: float, taken: Callable[[WriteLock], None] | None = None) -> None:
        """The lock of `folder`, not taken yet; `acquire` gives up after `wait` seconds (0: at once).

        `taken` is told when the lock has been taken.
        """
        self.folder = folder
        self.wait = wait
        self._taken = taken
        self.owner: int | None = None  # the process that took it; in a forked child this is the parent
        self.since: str | None = None
        self._descriptor: int | None = None
        _everyone.add(self)

    @property
    def held(self) -> bool:
        return self._descriptor is not None and self.owner == os.getpid()

    def acquire(self) -> None:
        """Take the lock. IndexLocked when the time is over, OSError if the lock file cannot be opened."""
        if self.held:
            raise RuntimeError("this lock is held already")
        self._forget()
        begin = time.monotonic()
        pause = FIRST_PAUSE
        while not self._try():
            waited = time.monotonic() - begin
            if waited >= self.wait:
                raise IndexLocked(str(self.folder), *self._holder())
            time.sleep(min(pause, self.wait - waited))
            pause = max(min(2 * pause, LONGEST_PAUSE / (1 + waited / EAGER)), LEAST_PAUSE)
        try:
            self._sign()
            if self._taken:
                self._taken(self)
        except BaseException:  # an interrupt from the keyboard: nobody will come to release it
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back. Harmless if it is not held; in a forked child it leaves the parent's lock alone."""
        if self.held and self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            with contextlib.suppress(OSError):
                _unlock(self._descriptor)
        self._forget()
        self.owner = None

    def _try(self) -> bool:
        path = self.folder / LOCK_NAME
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _OPEN, 0o666)
        try:
            # Should somebody have removed the file all the same, a lock on the old one would exclude nobody.
            with naming(path):  # a file system may have no locks, or no more of them
                locked = _try_lock(descriptor)
            if locked and _is_at(descriptor, path):
                self._descriptor, self.owner = descriptor, os.getpid()
                return True
        finally:
            if self._descriptor != descriptor:
                os.close(descriptor)
        return False

    def _sign(self) -> None:
        """Write down who holds the lock. It is a courtesy: on a full disk the lock is as good without."""
        assert self._descriptor is not None
        self.since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
        program = Path(sys.argv[0]).name if sys.argv else ""
        note = {"pid": self.owner, "host": host, "since": self.since, "program": program[:200]}
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, json.dumps(note).encode() + b"\n")

    def _holder(self) -> tuple[int | None, str | None]:
        """Process and time in the note, where it can be read."""
        try:
            descriptor = os.open(self.folder / LOCK_NAME, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _OPEN)
            try:
                note = json.loads(os.read(descriptor, LONGEST_NOTE))
            finally:
                os.close(descriptor)
            pid, since = note["pid"], note["since"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None, None
        return pid if type(pid) is int else None, since if isinstance(since, str) else None

    def _forget(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> WriteLock:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    def __del__(self) -> None:
        self._forget()


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


_everyone: weakref.WeakSet[WriteLock] = weakref.WeakSet()


def _forget_all() -> None:
    for lock in _everyone:
        lock._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
