"""An index in a folder: files that never change, and a commit that is either there or not.

The order of a commit, and what each step is for:

1. every file is written under a temporary name, synced, and given its own name        (`Output.publish`)
2. the folder is synced: the names the manifest will mention cannot be lost any more    (`commit`)
3. the manifest is written under a temporary name and synced
4. it gets its name, by a link, which cannot replace a manifest somebody else has put there: this is the commit
5. the folder is synced: this is the promise that it survives a power cut

An error before step 4 leaves the old commit, and the temporary file is removed. From step 4 on nobody can say whether
the disk has the new name or not: `CommitUnknown`, nothing is removed, and whoever opens the index next sees which one
it is.

Nothing is ever written to a file that has its name, and a name is never given to other bytes while a manifest
mentions it: so a reader that has opened its files is never disturbed. It maps them, and the mapping outlives the
name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import weakref
from collections.abc import Mapping
from mmap import mmap
from pathlib import Path
from types import TracebackType

from searchkit.errors import CommitUnknown, CorruptIndex, FormatVersion, IndexLocked, IndexNotFound
from searchkit.storage.contract import RETRIES, Buffer
from searchkit.storage.lock import LOCK_NAME, WriteLock
from searchkit.storage.manifest import (
    LARGEST_MANIFEST,
    Manifest,
    decode_manifest,
    encode_manifest,
    generation_of,
    is_index_file,
    is_published_file,
    manifest_name,
    newest_generation,
    temporary_name,
    unneeded,
)
from searchkit.storage.system import System

__all__ = ["FolderStorage"]

# Bytes read and copied at a time.
CHUNK = 1 << 20

# Seconds that two programs creating the same index wait for each other.
CREATE_WAIT = 10.0

# File systems without links (FAT, some network ones) answer with these.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class FolderStorage:
    """The storage in the folder `path`. Opening one touches nothing; it may be shared by threads."""

    def __init__(self, path: str | Path, system: System | None = None) -> None:
        self.folder = Path(path).absolute()
        self.system = system or System()
        self._lock: weakref.ref[WriteLock] | None = None  # the one taken last; a dropped writer drops it
        self._unfinished: set[str] = set()  # temporary files of this process, not for the sweep

    @property
    def path(self) -> str:
        return str(self.folder)

    def create(self, manifest: Manifest) -> None:
        if manifest.generation != 1:
            raise ValueError(f"an index begins with generation 1, not {manifest.generation}")
        self._make_folder()
        self._require_empty()
        with self.lock(CREATE_WAIT):
            self._require_empty()
            self._publish_manifest(manifest, old=0)

    def receive(self, manifest: Manifest, buffers: Mapping[str, Buffer], source: Path | None) -> None:
        """Make the folder an index of that generation, whole and durable or not there at all.

        buffers: its files by name. source: a folder where they may still have their names: they get a second one here
        where the file system lets them, and are copied elsewhere; None: all are copied. Raises FileExistsError if there
        is anything in the folder. If the process dies, a folder `.NAME.*.partial` may stay behind.
        """
        if self.folder.exists() and (not self.folder.is_dir() or self.system.names(self.folder)):
            raise FileExistsError(errno.EEXIST, "the copy of an index needs a new or empty folder", self.path)
        partial = self.folder.with_name(f".{self.folder.name}.{os.urandom(4).hex()}.partial")
        storage = FolderStorage(partial, self.system)
        try:
            storage._make_folder()
            with storage.lock(0):
                for name, buffer in buffers.items():
                    storage._take(name, buffer, source)
                storage._publish_manifest(manifest, old=0)
            self.system.rename(partial, self.folder)
            self._sync_names(self.folder.parent)
        except BaseException as error:
            shutil.rmtree(partial, ignore_errors=True)
            if isinstance(error, CommitUnknown) and isinstance(error.__cause__, OSError):
                # What came of it is known: it is removed. A new error, since one that is raised twice holds itself.
                raise _same(error.__cause__) from None
            raise

    def _take(self, name: str, buffer: Buffer, source: Path | None) -> None:
        if source is not None:
            with contextlib.suppress(OSError):  # swept, on another disk, or one without links
                self.system.link(source / name, self.folder / name)
                return
        with FolderOutput(self) as output:
            for start in range(0, len(buffer.view), CHUNK):
                output.write(buffer.view[start : start + CHUNK])
                buffer.forget()
            output.publish(name)

    def latest(self) -> Manifest:
        # A listing taken while a writer commits twice may miss the manifest that came and the one that went.
        empty = 0
        for _ in range(RETRIES):
            try:
                names = self.system.names(self.folder)
            except (FileNotFoundError, NotADirectoryError):
                raise IndexNotFound(self.path) from None
            generation = newest_generation(names)
            if generation is not None:
                with contextlib.suppress(FileNotFoundError):
                    return self.manifest(generation)
            else:
                empty += 1
                if empty == 2:
                    if any(is_published_file(name) for name in names):
                        raise CorruptIndex(self.path, "manifest", "a manifest", "segments without one")
                    raise IndexNotFound(self.path)
        raise CorruptIndex(self.path, "manifest", "a manifest", f"none that stays for {RETRIES} attempts")

    def manifest(self, generation: int) -> Manifest:
        path = self.folder / manifest_name(generation)
        return decode_manifest(self.manifest_bytes(generation), str(path), generation)

    def open_buffer(self, name: str) -> Buffer:
        if not is_published_file(name):
            raise ValueError(f"{name!r} is no name of an index file")
        return self._map(self.folder / name)

    def output(self) -> FolderOutput:
        self._require_lock()
        return FolderOutput(self)

    def scratch(self) -> FolderScratch:
        return FolderScratch(self)

    def commit(self, manifest: Manifest) -> None:
        self._require_lock()
        newest = newest_generation(self.system.names(self.folder))
        if newest is None or newest != manifest.previous:
            message = f"another writer has committed generation {newest}; this one began at {manifest.previous}"
            raise FileExistsError(errno.EEXIST, message, self.path)
        for name, length in manifest.files().items():
            found = self.system.size(self.folder / name)
            if found != length:
                raise CorruptIndex(str(self.folder / name), "length", f"{length} bytes", f"{found} bytes")
        self._publish_manifest(manifest, old=newest)

    def sweep(self, keep: Manifest) -> list[str]:
        self._require_lock()
        try:
            names = self.system.names(self.folder)
            if newest_generation(names) != keep.generation:
                return []
            before = manifest_name(keep.previous) if keep.previous else None
            previous = self.manifest(keep.previous) if keep.previous and before in names else None
        except (CorruptIndex, FormatVersion, OSError):
            return []  # what the manifest before names is not known, so nothing is known to be unneeded
        removed = []
        for name in unneeded(set(names) - self._unfinished, keep, previous):
            with contextlib.suppress(OSError):
                self.system.unlink(self.folder / name)
                removed.append(name)
        return removed

    def sizes(self) -> dict[str, int]:
        try:
            names = self.system.names(self.folder)
        except (FileNotFoundError, NotADirectoryError):
            raise IndexNotFound(self.path) from None
        lengths = {}
        for name in sorted(names):
            if is_index_file(name) or name == LOCK_NAME:
                with contextlib.suppress(FileNotFoundError):
                    lengths[name] = self.system.size(self.folder / name)
        return lengths

    def lock(self, wait: float) -> WriteLock:
        if not self.folder.is_dir():
            raise IndexNotFound(self.path)
        return WriteLock(self.folder, wait, self._remember)

    def _remember(self, lock: WriteLock) -> None:
        self._lock = weakref.ref(lock)

    def _require_lock(self) -> None:
        lock = self._lock() if self._lock else None
        if lock is not None and lock.held:
            return
        if lock is not None and lock.owner is not None and lock.owner != os.getpid():
            raise IndexLocked(self.path, lock.owner, lock.since)  # we are a forked child: the lock is our parent's
        raise RuntimeError(f"writing to {self.path} needs its lock")

    def _require_empty(self) -> None:
        for name in self.system.names(self.folder):
            if is_published_file(name) or generation_of(name) is not None:
                raise FileExistsError(errno.EEXIST, "there is an index in this folder", self.path)

    def _make_folder(self) -> None:
        """The folder and those above it, durable: a new name is on the disk when the folder that has it is synced."""
        missing = []
        folder = self.folder
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            try:
                self.system.make_folder(folder)
            except FileExistsError:  # another program was quicker, or a file is in the way
                if not folder.is_dir():
                    raise
            self._sync_names(folder.parent)
        if not missing:  # whoever made it may have died before syncing; if we may not read the parent, it was not us
            with contextlib.suppress(PermissionError):
                self._sync_names(self.folder.parent)

    def _sync_names(self, folder: Path) -> None:
        descriptor = self.system.open_folder(folder)
        try:
            self.system.sync_folder(descriptor, folder)
        finally:
            with contextlib.suppress(OSError):
                self.system.close_folder(descriptor)

    def _open(self, path: Path) -> int:
        try:
            return self.system.open(path)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EINVAL, errno.ENXIO):
                raise CorruptIndex(str(path), "file", "a plain file", "something else") from error
            raise

    def _map(self, path: Path) -> Buffer:
        descriptor = self._open(path)
        try:
            length = self.system.length(descriptor, path)
            return Buffer(self.system.map(descriptor, length, path) if length else b"", str(path))
        finally:
            with contextlib.suppress(OSError):
                self.system.close(descriptor, path)

    def manifest_bytes(self, generation: int) -> bytes:
        """The manifest as it is on disk, whatever is in it. FileNotFoundError if there is none."""
        path = self.folder / manifest_name(generation)
        descriptor = self._open(path)
        data = b""
        try:
            while len(data) <= LARGEST_MANIFEST and (more := self.system.read(descriptor, CHUNK, path)):
                data += more
        finally:
            with contextlib.suppress(OSError):
                self.system.close(descriptor, path)
        return data

    def _publish_manifest(self, manifest: Manifest, old: int) -> None:
        data = encode_manifest(manifest)
        # Opened now, so that nothing is left that can fail after the publication but the sync itself.
        descriptor = self.system.open_folder(self.folder)
        try:
            self.system.sync_folder(descriptor, self.folder)
            with FolderOutput(self) as output:
                output.write(data)
                path = output.finish()
                try:
                    self._give_name(path, self.folder / manifest_name(manifest.generation))
                    self.system.sync_folder(descriptor, self.folder)
                except FileExistsError:  # by all rules impossible: somebody writes without the lock
                    output.discard()
                    raise
                except OSError as error:
                    raise CommitUnknown(old, manifest.generation, self.path) from error
                finally:
                    output.keep()
        finally:
            with contextlib.suppress(OSError):
                self.system.close_folder(descriptor)

    def _give_name(self, path: Path, new: Path) -> None:
        """Rename, never replacing: FileExistsError. If the temporary name stays behind, a sweep takes it."""
        try:
            self.system.link(path, new)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # The lock keeps other writers out, so nobody takes the name between these two lines.
            if os.path.lexists(new):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(new)) from error
            self.system.rename(path, new)
        else:
            with contextlib.suppress(OSError):
                self.system.unlink(path)

    def _give_published_name(self, path: Path, name: str) -> None:
        new = self.folder / name
        try:
            self._give_name(path, new)
        except FileExistsError:
            if self._same_bytes(path, new):
                with contextlib.suppress(OSError):
                    self.system.unlink(path)
            elif name in self._named():
                raise
            else:
                self.system.replace(path, new)

    def _named(self) -> set[str]:
        """The files that the manifests in the folder mention; all files if one of them cannot be read."""
        names = self.system.names(self.folder)
        try:
            generations = [number for name in names if (number := generation_of(name)) is not None]
            return {file for number in generations for file in self.manifest(number).files()}
        except (CorruptIndex, FormatVersion):
            return set(names)

    def _same_bytes(self, one: Path, other: Path) -> bool:
        with self._map(one) as first, self._map(other) as second:
            return first.view == second.view


class FolderOutput:
    """A file being written in the folder, under a random temporary name."""

    def __init__(self, storage: FolderStorage) -> None:
        self._storage = storage
        self._finished = False
        self._kept = True
        path = storage.folder / temporary_name(os.urandom(8))
        storage._unfinished.add(path.name)  # before there is anything to sweep
        try:
            self._file = _NewFile(storage, path)
        except BaseException:
            storage._unfinished.discard(path.name)
            raise
        self._kept = False

    @property
    def length(self) -> int:
        return self._file.length

    def write(self, data: bytes | bytearray | memoryview) -> None:
        try:
            self._file.write(data)
        except BaseException:
            self.discard()
            raise

    def finish(self) -> Path:
        """Sync and close; the temporary path. After an error the file is gone: what was not synced may be lost."""
        if not self._finished:
            try:
                self._file.sync()
                self._file.close()
            except BaseException:
                self.discard()
                raise
            self._finished = True
        return self._file.path

    def publish(self, name: str) -> None:
        if not is_published_file(name):
            raise ValueError(f"{name!r} is no name of an index file")
        self._storage._require_lock()
        if self._kept:
            raise ValueError(f"{self._file.path} is published or discarded already")
        path = self.finish()
        try:
            self._storage._give_published_name(path, name)
        except FileExistsError:
            raise
        except BaseException:
            self.discard()
            raise
        self.keep()

    def keep(self) -> None:
        """Leave the file to whatever name it has now."""
        self._kept = True
        self._storage._unfinished.discard(self._file.path.name)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        if not self._kept:
            self._file.unlink()
            self.keep()

    def __enter__(self) -> FolderOutput:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.discard()

    def __del__(self) -> None:
        if not self._kept:
            self.discard()


class FolderScratch:
    """A file in the folder without a name: made, unnamed at once, gone with its last user."""

    def __init__(self, storage: FolderStorage) -> None:
        self._file = _NewFile(storage, storage.folder / temporary_name(os.urandom(8)))
        self._file.unlink()  # where open files cannot be (Windows), `close` tries again, and a sweep after that

    @property
    def length(self) -> int:
        return self._file.length

    def write(self, data: bytes | bytearray | memoryview) -> None:
        try:
            self._file.write(data)
        except BaseException:
            self.close()
            raise

    def buffer(self) -> Buffer:
        descriptor = self._file.descriptor if hasattr(os, "pread") else -1
        return Buffer(self._file.map(), str(self._file.path), descriptor, self)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        if os.name == "nt":
            self._file.unlink()

    def __enter__(self) -> FolderScratch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self.close()


class _NewFile:
    """An open descriptor of a new file at `path`, of use only to the process that made it."""

    def __init__(self, storage: FolderStorage, path: Path) -> None:
        self.path = path
        self.length = 0
        self._storage = storage
        self._owner = os.getpid()
        self._descriptor: int | None = storage.system.create(self.path)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data`, however little the system takes at a time."""
        descriptor = self._open()
        with memoryview(data) as view, view.cast("B") as whole:
            start = 0
            while start < len(whole):
                with whole[start:] as rest:
                    count = self._storage.system.write(descriptor, rest, self.path)
                if count <= 0:
                    raise OSError(errno.EIO, "nothing was written", str(self.path))
                start += count
                self.length += count

    def sync(self) -> None:
        self._storage.system.sync(self._open(), self.path)

    @property
    def descriptor(self) -> int:
        return self._open()

    def map(self) -> mmap | bytes:
        descriptor = self._open()
        return self._storage.system.map(descriptor, self.length, self.path) if self.length else b""

    def close(self) -> None:
        """Close it once: after an error the descriptor is gone all the same."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._storage.system.close(descriptor, self.path)

    def unlink(self) -> None:
        """Remove the temporary name, if that is possible. A forked child leaves it to its parent."""
        if self._owner == os.getpid():
            with contextlib.suppress(OSError):
                self._storage.system.unlink(self.path)

    def _open(self) -> int:
        if self._owner != os.getpid():
            raise IndexLocked(self._storage.path, self._owner, None)
        if self._descriptor is None:
            raise ValueError(f"{self.path} is published, discarded or closed already")
        return self._descriptor


def _same(error: OSError) -> OSError:
    return OSError(error.errno, error.strerror, error.filename)
