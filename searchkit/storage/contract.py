"""What a storage is: bytes with names, published for ever, under one commit point.

- A *buffer* is a published file, mapped or held: readable for as long as it is held, even after its name is gone.
- An *output* is a file being written. Nobody sees it before `publish` gives it its name; no file changes after that.
- A *scratch* is a file that never gets a name and vanishes when closed.
- The *lock* makes one writer the only one, among threads and processes.
- A *commit* publishes the next manifest; the files it names were published before. That is the one moment of change.

`FolderStorage` and `MemoryStorage` both are storages, and whatever stands above treats them alike.
"""

from __future__ import annotations

import contextlib
import mmap as mmap_module
from collections.abc import Mapping
from mmap import mmap
from types import TracebackType
from typing import Protocol, cast

from searchkit.errors import CorruptIndex
from searchkit.storage.manifest import Manifest

__all__ = ["Buffer", "Lock", "Output", "Scratch", "Storage", "open_snapshot_files", "pin"]

# How often a reader that is overtaken by sweeps starts again. One retry is rare, a second one was never seen.
RETRIES = 10


class Buffer:
    """The bytes of one file, pinned: `view` stays readable until `close`, whatever becomes of the file's name.

    `descriptor` reads the same, for who wants little of it here and there; -1: there is none.
    """

    __slots__ = ("__weakref__", "_data", "_owner", "descriptor", "path", "view")

    def __init__(
        self, data: bytes | bytearray | mmap, path: str, descriptor: int = -1, owner: Scratch | None = None
    ) -> None:
        """`owner` has the descriptor open, as long as it is there itself."""
        self._data = data
        self._owner = owner
        self.descriptor = descriptor
        self.path = path
        self.view = memoryview(data).toreadonly()

    def behind(self, start: int) -> Buffer:
        """The bytes from `start` on; to forget them is to forget all."""
        behind = Buffer(self._data, self.path, owner=self._owner)
        behind.view = self.view[start:]
        return behind

    def forget(self) -> None:
        """Take no memory for the bytes until they are read again. Nothing happens where that cannot be had."""
        advice = getattr(mmap_module, "MADV_DONTNEED", None)
        if isinstance(self._data, mmap) and advice is not None:
            self._data.madvise(advice)

    def close(self) -> None:
        """Give the bytes back. Where views of them are still held elsewhere, the last of these does it instead."""
        with contextlib.suppress(BufferError):
            self.view.release()
            if isinstance(self._data, mmap):
                self._data.close()
        self._data, self._owner, self.descriptor = b"", None, -1

    def __enter__(self) -> Buffer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Output(Protocol):
    """A file being written, front to back. As a context manager it is discarded at the end unless published."""

    @property
    def length(self) -> int:
        """Bytes written so far."""
        ...

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append all of `data` (a contiguous memoryview of bytes), or raise OSError naming the file."""
        ...

    def publish(self, name: str) -> None:
        """Make the file durable under its final name. Requires: the lock is held.

        If a file of the same bytes has the name already, that one stays. A file of other bytes is replaced if no
        manifest names it (a writer that died left it), and else FileExistsError is raised: then another name may be
        tried. After any other error the output is discarded.
        """
        ...

    def discard(self) -> None:
        """Forget what was written. Harmless after `publish`."""
        ...

    def __enter__(self) -> Output: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class Scratch(Protocol):
    """A nameless file for what a writer puts aside; never durable, gone when closed. A context manager."""

    @property
    def length(self) -> int:
        """Bytes written so far."""
        ...

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append all of `data` (a contiguous memoryview of bytes)."""
        ...

    def buffer(self) -> Buffer:
        """All that was written. Nothing more may be written; the buffer may outlive the scratch."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Scratch: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class Lock(Protocol):
    """The right to write. Taken by `acquire` (or `with`), given back by `release`, or when the process ends."""

    @property
    def held(self) -> bool:
        """True if taken through this object, by this process (a forked child holds nothing)."""
        ...

    def acquire(self) -> None:
        """Wait for the lock; IndexLocked when the time is over. Requires: not held."""
        ...

    def release(self) -> None:
        """Give the lock back. Harmless if it is not held."""
        ...

    def __enter__(self) -> Lock: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class Storage(Protocol):
    """Where an index lives."""

    @property
    def path(self) -> str:
        """For messages: the folder."""
        ...

    def create(self, manifest: Manifest) -> None:
        """Begin an index. Requires: `manifest` is of generation 1. FileExistsError if there is one already."""
        ...

    def latest(self) -> Manifest:
        """The newest manifest. IndexNotFound if there is none; CorruptIndex if it is damaged: never an older one."""
        ...

    def manifest(self, generation: int) -> Manifest:
        """The manifest of a generation. FileNotFoundError if it was swept, or never was; CorruptIndex."""
        ...

    def open_buffer(self, name: str) -> Buffer:
        """The bytes of a published file. FileNotFoundError if it was swept, or never was."""
        ...

    def output(self) -> Output:
        """A new file, to be published. Requires: the lock is held."""
        ...

    def scratch(self) -> Scratch:
        """A new file that stays nameless."""
        ...

    def commit(self, manifest: Manifest) -> None:
        """Publish `manifest` as the newest. Requires: the lock is held, and all files it names are published.

        When it returns, the commit survives the loss of power. OSError: nothing was committed. CommitUnknown: it may or
        may not have been; the caller must stop writing, and delete nothing.
        FileExistsError: the newest generation is not `manifest.previous`; read `latest()` again under the lock.
        """
        ...

    def sweep(self, keep: Manifest) -> list[str]:
        """Remove all but the files of `keep` and of its previous manifest; their names.

        Requires: the lock is held, and `keep` is committed. What cannot be removed now is left for another time.
        """
        ...

    def sizes(self) -> dict[str, int]:
        """Length of every file of the index by name: live, dead and temporary."""
        ...

    def lock(self, wait: float) -> Lock:
        """The lock, not taken yet; `acquire` will wait up to `wait` seconds. IndexNotFound if there is no place."""
        ...


def open_snapshot_files(
    storage: Storage, held: Mapping[str, Buffer] | None = None
) -> tuple[Manifest, dict[str, Buffer]]:
    """The newest manifest with all its files, opened and of the right length: a snapshot, without taking the lock.

    Between reading a manifest and opening its files a writer may commit twice and sweep them away: then there is a
    newer manifest, and it is tried instead. Buffers in `held` are used again (a name stands for the same bytes for
    ever); only the others are the caller's to close.
    """
    held = held or {}
    tried = 0
    for _ in range(RETRIES):
        manifest = storage.latest()
        opened: dict[str, Buffer] = {}
        missing = ""
        try:
            for name, length in manifest.files().items():
                missing = name
                buffer = held.get(name)
                if buffer is None:
                    buffer = opened[name] = storage.open_buffer(name)
                if len(buffer.view) != length:
                    raise CorruptIndex(buffer.path, "length", f"{length} bytes", f"{len(buffer.view)} bytes")
        except BaseException as error:
            for buffer in opened.values():
                buffer.close()
            if not isinstance(error, FileNotFoundError):
                raise
            if manifest.generation == tried:
                raise CorruptIndex(f"{storage.path}/{missing}", "file", "a file", "none") from error
            tried = manifest.generation
        else:
            return manifest, {name: opened[name] if name in opened else held[name] for name in manifest.files()}
    raise CorruptIndex(storage.path, "files", "a snapshot", f"none in {RETRIES} attempts")


def pin(storage: Storage) -> tuple[Manifest, Storage]:
    """The newest manifest, and a storage to read from that has its files open: no sweep takes them away any more.

    Unlike a snapshot it may have flaws: what cannot be opened raises its error when it is asked for.
    """
    for _ in range(RETRIES):
        pinned = _Pinned(storage)
        if not pinned.lacks_files or storage.latest() == pinned.manifest:
            break
    return pinned.manifest, cast(Storage, pinned)


class _Pinned:
    """The part of a storage that reads, as of one generation."""

    def __init__(self, storage: Storage) -> None:
        self.path = storage.path
        self.manifest = storage.latest()
        self._opened: dict[str, Buffer | Exception] = {}
        for name in self.manifest.files():
            try:
                self._opened[name] = storage.open_buffer(name)
            except (CorruptIndex, FileNotFoundError) as error:
                self._opened[name] = error

    @property
    def lacks_files(self) -> bool:
        return any(isinstance(opened, FileNotFoundError) for opened in self._opened.values())

    def latest(self) -> Manifest:
        return self.manifest

    def open_buffer(self, name: str) -> Buffer:
        opened = self._opened[name]
        if isinstance(opened, Exception):
            raise opened
        return opened
