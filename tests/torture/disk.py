"""A disk that loses what was not synced: what a power cut may leave of what was done to an index folder.

What is done is a list of operations, as `Recorder` writes them down. `Disk` keeps, at any moment,

    names on disk      path -> file, as of the last sync of their folder
    pending names      names given and taken since, in order; any of them may be lost, each for itself
    bytes on disk      of each file, as of its last sync
    later bytes        all that the file held since; any sector may be of the one or the other, or zeros, or rubbish

and `states` are the contents of the folder that it may show after the cut. That is more than a journaling file system
would do, and all that POSIX lets it do: a name may be on the disk before the bytes, the second of two names without
the first, the end of a file without its middle. A rename is one pending name: both happen or neither.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Iterator
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any

import attrs

from searchkit.storage.system import System

__all__ = ["Content", "Disk", "Killed", "Operation", "Recorder", "State"]

SECTOR = 512
EXHAUSTIVE = 6  # pending names: up to so many, each combination is tried

Operation = tuple[Any, ...]

_numbers = count(1)  # of files, over all recorders


class Killed(BaseException):
    """The process of a recorder is no more."""


class Recorder(System):
    """A System that writes down what it does.

    `mark` puts a word of the rig's own between the operations. After `kill_in` it does so many more; the next one
    raises Killed, and from then on nothing is done: what is called to tidy up gets OSErrors.
    """

    def __init__(self) -> None:
        self.log: list[Operation] = []
        self._files: dict[int, int] = {}  # descriptor -> number of the file
        self._left: int | None = None

    def mark(self, *values: Any) -> None:
        self.log.append(("mark", *values))

    def kill_in(self, operations: int | None) -> None:
        """None: it lives on."""
        self._left = operations

    def _live(self) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left == -1:
            raise Killed
        if self._left < 0:
            raise OSError(errno.EIO, "killed")

    def create(self, path: Path) -> int:
        self._live()
        descriptor = super().create(path)
        self._files[descriptor] = number = next(_numbers)
        self.log.append(("create", path, number))
        return descriptor

    def write(self, descriptor: int, data: memoryview, path: Path) -> int:
        self._live()
        length = super().write(descriptor, data, path)
        self.log.append(("write", self._files[descriptor], bytes(data[:length])))
        return length

    def sync(self, descriptor: int, path: Path) -> None:
        self._live()
        super().sync(descriptor, path)
        self.log.append(("sync", self._files[descriptor]))

    def close(self, descriptor: int, path: Path) -> None:
        super().close(descriptor, path)
        self._files.pop(descriptor, None)

    def link(self, old: Path, new: Path) -> None:
        self._live()
        super().link(old, new)
        self.log.append(("link", old, new))

    def rename(self, old: Path, new: Path) -> None:
        self._live()
        super().rename(old, new)
        self.log.append(("rename", old, new))

    def replace(self, old: Path, new: Path) -> None:
        self._live()
        super().replace(old, new)
        self.log.append(("rename", old, new))

    def unlink(self, path: Path) -> None:
        self._live()
        super().unlink(path)
        self.log.append(("unlink", path))

    def make_folder(self, path: Path) -> None:
        self._live()
        super().make_folder(path)
        self.log.append(("folder", path))

    def sync_folder(self, descriptor: int, folder: Path) -> None:
        self._live()
        super().sync_folder(descriptor, folder)
        self.log.append(("sync_folder", folder))


class Content:
    """Bytes of a file, with their digest."""

    __slots__ = ("data", "digest")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.digest = blake2b(data, digest_size=12).digest()


FOLDER = Content(b"")  # stands for a folder
State = dict[Path, Content]  # what there is after the cut


@attrs.define
class _File:
    durable: Content
    now: bytes
    is_folder: bool = False


@attrs.define
class _Pending:
    """Names of one folder, changed at a stroke: path -> number of a file, or None."""

    folder: Path
    names: dict[Path, int | None]


class Disk:
    """The disk of one recorded run, moved on by `apply`."""

    def __init__(self, root: Path) -> None:
        """`root` is a folder that is there from the beginning."""
        self.root = root
        self._files: dict[int, _File] = {}
        self._durable: dict[Path, int] = {}
        self._pending: list[_Pending] = []
        self._names: dict[Path, int] = {}  # as programs see them
        self._folders = 0

    def apply(self, operation: Operation) -> None:
        """Do what the program did."""
        match operation:
            case "create", path, number:
                self._files[number] = _File(Content(b""), b"")
                self._change({path: number})
            case "write", number, data:
                self._files[number].now += data
            case "sync", number:
                file = self._files[number]
                if file.durable.data != file.now:
                    file.durable = Content(file.now)
            case "link", old, new:
                self._change({new: self._names[old]})
            case "rename", old, new:
                self._change({new: self._names[old], old: None})
            case "unlink", path:
                self._change({path: None})
            case "folder", path:
                self._folders -= 1
                self._files[self._folders] = _File(FOLDER, b"", is_folder=True)
                self._change({path: self._folders})
            case "sync_folder", folder:
                for pending in self._pending:
                    if pending.folder == folder:
                        _apply(self._durable, pending.names)
                self._pending = [pending for pending in self._pending if pending.folder != folder]
            case _:
                raise ValueError(f"the model of the disk does not know {operation[0]!r}")

    def states(self, generator: random.Random, most: int) -> Iterator[State]:
        """Up to `most` contents after a cut at this moment, the likeliest and the unlikeliest among them."""
        pending = len(self._pending)
        every = range(1 << pending) if pending <= EXHAUSTIVE else None
        for number in range(most):
            if number == 0:
                chosen = 0
            elif number == 1:
                chosen = (1 << pending) - 1
            elif every and number - 2 < len(every):
                chosen = every[number - 2]
            else:
                chosen = generator.getrandbits(pending) if pending else 0
            names = dict(self._durable)
            for place, change in enumerate(self._pending):
                if chosen >> place & 1:
                    _apply(names, change.names)
            yield self._filled(names, generator, number)

    def _filled(self, names: dict[Path, int], generator: random.Random, number: int) -> State:
        """A state of these names: of each file, bytes that it may have."""
        state: State = {self.root: FOLDER}
        for path in sorted(names):  # folders come before what is in them
            if path.parent in state:
                state[path] = self._content(self._files[names[path]], generator, number)
        return state

    def _content(self, file: _File, generator: random.Random, number: int) -> Content:
        durable, now = file.durable.data, file.now
        if file.is_folder or durable == now or number == 0:
            return file.durable
        if number == 1:
            return Content(now)
        kind = generator.randrange(6)
        if kind == 0:
            return file.durable
        if kind == 1:
            return Content(now)
        length = generator.randint(len(durable), len(now))
        if kind == 2:  # cut at a byte
            return Content(now[:length])
        if kind == 3:  # cut at a sector
            return Content(now[: max(length // SECTOR * SECTOR, len(durable))])
        # Its length is on the disk; of its sectors some are, some are as they were.
        mixed = bytearray(now[:length])
        for start in range(len(durable) // SECTOR * SECTOR, length, SECTOR):
            if generator.random() < 0.5:
                end = min(start + SECTOR, length)
                before = durable[start:end]
                rest = end - start - len(before)
                mixed[start:end] = before + (bytes(rest) if kind == 4 else generator.randbytes(rest))
        return Content(bytes(mixed))

    def _change(self, names: dict[Path, int | None]) -> None:
        self._pending.append(_Pending(next(iter(names)).parent, names))
        _apply(self._names, names)


def _apply(names: dict[Path, int], changes: dict[Path, int | None]) -> None:
    for path, number in changes.items():
        if number is None:
            names.pop(path, None)
        else:
            names[path] = number
