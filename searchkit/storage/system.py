"""The calls to the operating system by which an index folder is read and changed, one method each.

`FolderStorage` goes through one of these objects for every file but the lock's. Put another one in its place to
record what is done in which order, or to let any single call fail: that is how the promises of the commit protocol
are tested. All errors are OSErrors that name the file.
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["System", "naming"]

# What only some platforms have: files are bytes, descriptors do not reach child programs, links are not followed,
# and opening a pipe somebody put there does not hang.
_OPEN = (
    getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)


class System:
    """The real thing. Paths are absolute."""

    def create(self, path: Path) -> int:
        """A descriptor to write and read a file that did not exist."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPEN, 0o666)

    def open(self, path: Path) -> int:
        """A descriptor to read an existing plain file. Anything else, a link too: OSError (ELOOP, EINVAL, ENXIO)."""
        descriptor = os.open(path, os.O_RDONLY | _OPEN)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a plain file", str(path))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def length(self, descriptor: int, path: Path) -> int:
        with naming(path):
            return os.fstat(descriptor).st_size

    def read(self, descriptor: int, most: int, path: Path) -> bytes:
        with naming(path):
            return os.read(descriptor, most)

    def write(self, descriptor: int, data: memoryview, path: Path) -> int:
        """Bytes written: possibly fewer than given."""
        with naming(path):
            return os.write(descriptor, data)

    def map(self, descriptor: int, length: int, path: Path) -> mmap.mmap:
        """The first `length` bytes, to read. Requires: length > 0."""
        with naming(path):
            if sys.version_info >= (3, 13):  # before, each mapping keeps a descriptor of its own
                return mmap.mmap(descriptor, length, access=mmap.ACCESS_READ, trackfd=False)
            return mmap.mmap(descriptor, length, access=mmap.ACCESS_READ)

    def sync(self, descriptor: int, path: Path) -> None:
        """Return when the file's bytes are on the disk. After an error they may be lost: do not try again."""
        with naming(path):
            if sys.platform == "darwin":  # where fsync stops at the disk's cache
                import fcntl

                fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            else:
                os.fsync(descriptor)

    def close(self, descriptor: int, path: Path) -> None:
        with naming(path):
            os.close(descriptor)

    def link(self, old: Path, new: Path) -> None:
        """A second name. FileExistsError if `new` is taken."""
        new.hardlink_to(old)

    def rename(self, old: Path, new: Path) -> None:
        """Rename. Requires: `new` is free (on Windows: FileExistsError if not)."""
        old.rename(new)

    def replace(self, old: Path, new: Path) -> None:
        """Rename over whatever has the name."""
        old.replace(new)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def make_folder(self, path: Path) -> None:
        path.mkdir()

    def names(self, folder: Path) -> list[str]:
        return [entry.name for entry in folder.iterdir()]

    def size(self, path: Path) -> int:
        """Length of a file by its name."""
        return path.lstat().st_size

    def open_folder(self, folder: Path) -> int:
        """A descriptor to sync the names in the folder by; -1 where folders have none (Windows)."""
        return -1 if sys.platform == "win32" else os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def sync_folder(self, descriptor: int, folder: Path) -> None:
        """Return when the names in the folder are on the disk, or at once where folders cannot be synced."""
        if descriptor == -1:
            return
        try:
            with naming(folder):
                os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise

    def close_folder(self, descriptor: int) -> None:
        if descriptor != -1:
            os.close(descriptor)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An error of the system that names no file names this one."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
