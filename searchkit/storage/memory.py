"""An index in memory: the same storage, of byte strings in a dictionary, for as long as the object lives."""

from __future__ import annotations

import errno
import os
import threading
import time
import weakref
from types import TracebackType

from searchkit.errors import CorruptIndex, IndexLocked, IndexNotFound
from searchkit.storage.contract import Buffer
from searchkit.storage.manifest import (
    Manifest,
    decode_manifest,
    encode_manifest,
    is_published_file,
    manifest_name,
    newest_generation,
    unneeded,
)

__all__ = ["MemoryStorage"]

PATH = ":memory:"


class MemoryStorage:
    """The storage without a folder. It may be shared by threads; a forked child has a copy of its own."""

    def __init__(self) -> None:
        self._files: dict[str, bytes | bytearray] = {}  # never changed in place
        self._mutex = threading.Lock()  # what MemoryLock takes
        self._holder: weakref.ref[MemoryLock] | None = None  # the one taken last; a dropped writer drops it

    @property
    def path(self) -> str:
        return PATH

    def create(self, manifest: Manifest) -> None:
        if manifest.generation != 1:
            raise ValueError(f"an index begins with generation 1, not {manifest.generation}")
        name = manifest_name(1)
        mine = encode_manifest(manifest)
        if newest_generation(list(self._files)) is not None or self._files.setdefault(name, mine) is not mine:
            raise FileExistsError(errno.EEXIST, "there is an index in this storage", PATH)

    def latest(self) -> Manifest:
        while True:
            generation = newest_generation(list(self._files))
            if generation is None:
                raise IndexNotFound(PATH)
            data = self._files.get(manifest_name(generation))
            if data is not None:  # or two commits have come in between
                return decode_manifest(bytes(data), f"{PATH}/{manifest_name(generation)}", generation)

    def manifest(self, generation: int) -> Manifest:
        path = f"{PATH}/{manifest_name(generation)}"
        data = self._files.get(manifest_name(generation))
        if data is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return decode_manifest(bytes(data), path, generation)

    def open_buffer(self, name: str) -> Buffer:
        if not is_published_file(name):
            raise ValueError(f"{name!r} is no name of an index file")
        data = self._files.get(name)
        if data is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"{PATH}/{name}")
        return Buffer(data, f"{PATH}/{name}")

    def output(self) -> MemoryOutput:
        self._require_lock()
        return MemoryOutput(self)

    def scratch(self) -> MemoryScratch:
        return MemoryScratch()

    def commit(self, manifest: Manifest) -> None:
        self._require_lock()
        newest = newest_generation(list(self._files))
        if newest is None or newest != manifest.previous:
            message = f"another writer has committed generation {newest}; this one began at {manifest.previous}"
            raise FileExistsError(errno.EEXIST, message, PATH)
        for name, length in manifest.files().items():
            with self.open_buffer(name) as buffer:
                if len(buffer.view) != length:
                    raise CorruptIndex(buffer.path, "length", f"{length} bytes", f"{len(buffer.view)} bytes")
        self._files[manifest_name(manifest.generation)] = encode_manifest(manifest)

    def sweep(self, keep: Manifest) -> list[str]:
        self._require_lock()
        names = list(self._files)
        if newest_generation(names) != keep.generation:
            return []
        previous = None
        if keep.previous is not None and (data := self._files.get(manifest_name(keep.previous))) is not None:
            previous = decode_manifest(bytes(data), f"{PATH}/{manifest_name(keep.previous)}", keep.previous)
        removed = unneeded(names, keep, previous)
        for name in removed:
            del self._files[name]
        return removed

    def sizes(self) -> dict[str, int]:
        return {name: len(data) for name, data in sorted(self._files.copy().items())}

    def lock(self, wait: float) -> MemoryLock:
        return MemoryLock(self, wait)

    def _require_lock(self) -> None:
        holder = self._holder() if self._holder else None
        if holder is not None and holder.held:
            return
        if holder is not None and holder.owner is not None and holder.owner != os.getpid():
            raise IndexLocked(PATH, holder.owner, holder.since)  # we are a forked child: the lock is our parent's
        raise RuntimeError(f"writing to {PATH} needs its lock")

    def _named(self) -> set[str]:
        """The files that the manifests mention."""
        newest = self.latest()
        names = set(newest.files())
        if newest.previous is not None and (data := self._files.get(manifest_name(newest.previous))) is not None:
            names |= set(decode_manifest(bytes(data), PATH, newest.previous).files())
        return names


class MemoryLock:
    """The right to write to a MemoryStorage, among the threads of this process."""

    def __init__(self, storage: MemoryStorage, wait: float) -> None:
        self.wait = wait
        self.owner: int | None = None  # the process that took it, while it is taken
        self.since: str | None = None
        self._storage = storage

    @property
    def held(self) -> bool:
        return self.owner == os.getpid()

    def acquire(self) -> None:
        if self.held:
            raise RuntimeError("this lock is held already")
        if not self._storage._mutex.acquire(timeout=min(max(self.wait, 0.0), threading.TIMEOUT_MAX)):
            holder = self._storage._holder() if self._storage._holder else None
            raise IndexLocked(PATH, holder.owner if holder else None, holder.since if holder else None)
        self.owner = os.getpid()
        self.since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._storage._holder = weakref.ref(self)

    def release(self) -> None:
        if self.held:
            self.owner = None
            self._storage._mutex.release()

    def __enter__(self) -> MemoryLock:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()


class MemoryOutput:
    """A file being written, in memory."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage
        self._data: bytearray | None = bytearray()
        self.length = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._data is None:
            raise ValueError("this output is published or discarded already")
        self._data += data
        self.length = len(self._data)

    def publish(self, name: str) -> None:
        if not is_published_file(name):
            raise ValueError(f"{name!r} is no name of an index file")
        self._storage._require_lock()
        if self._data is None:
            raise ValueError("this output is published or discarded already")
        there = self._storage._files.get(name)
        if there is not None and there != self._data and name in self._storage._named():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), f"{PATH}/{name}")
        if there != self._data:
            self._storage._files[name] = self._data
        self._data = None

    def discard(self) -> None:
        self._data = None

    def __enter__(self) -> MemoryOutput:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.discard()


class MemoryScratch:
    """A nameless file in memory."""

    def __init__(self) -> None:
        self._data: bytearray | None = bytearray()
        self.length = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._data is None:
            raise ValueError("this scratch file is closed")
        try:
            self._data += data
        except BufferError:
            raise ValueError("this scratch file is being read") from None
        self.length = len(self._data)

    def buffer(self) -> Buffer:
        if self._data is None:
            raise ValueError("this scratch file is closed")
        return Buffer(self._data, f"{PATH}/scratch")

    def close(self) -> None:
        self._data = None

    def __enter__(self) -> MemoryScratch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
