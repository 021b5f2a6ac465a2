"""Seeded mistakes in the commit protocol, each of which the model of the disk must catch.

A rig that finds nothing is worth as much as what it would find: so the same workload is done with one line of the
protocol left out or moved. Most are made where the system is called, the others in the storage itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from searchkit.storage.folder import FolderStorage
from searchkit.storage.manifest import Manifest, encode_manifest, generation_of, is_published_file, manifest_name
from torture.disk import Recorder

__all__ = ["MISTAKES", "storage_of"]


class NoFinalFolderSync(Recorder):
    """The folder is not synced after the manifest has got its name."""

    _named = False

    def link(self, old: Path, new: Path) -> None:
        super().link(old, new)
        self._named = generation_of(new.name) is not None

    def sync_folder(self, descriptor: int, folder: Path) -> None:
        if not self._named:
            super().sync_folder(descriptor, folder)
        self._named = False


class FolderSyncBeforeLink(NoFinalFolderSync):
    """It is synced once more before that, and not after."""

    def link(self, old: Path, new: Path) -> None:
        if generation_of(new.name) is not None:
            descriptor = self.open_folder(new.parent)
            self.sync_folder(descriptor, new.parent)
            self.close_folder(descriptor)
        super().link(old, new)


class NoFolderSyncBeforeManifest(NoFinalFolderSync):
    """The names of segments are not synced before the manifest that mentions them is there."""

    def sync_folder(self, descriptor: int, folder: Path) -> None:
        if self._named or (folder / "write.lock").exists() is False:
            Recorder.sync_folder(self, descriptor, folder)
        self._named = False


class NoParentSync(Recorder):
    """The folder above is not synced when the index folder is made in it."""

    def sync_folder(self, descriptor: int, folder: Path) -> None:
        if (folder / "write.lock").exists():
            super().sync_folder(descriptor, folder)


class _NoSync(Recorder):
    """Files that begin in a certain way are not synced."""

    start = b""

    def __init__(self) -> None:
        super().__init__()
        self._spared: set[int] = set()

    def write(self, descriptor: int, data: memoryview, path: Path) -> int:
        if bytes(data[: len(self.start)]) == self.start:
            self._spared.add(descriptor)
        return super().write(descriptor, data, path)

    def sync(self, descriptor: int, path: Path) -> None:
        if descriptor not in self._spared:
            super().sync(descriptor, path)

    def close(self, descriptor: int, path: Path) -> None:
        self._spared.discard(descriptor)
        super().close(descriptor, path)


class NoSegmentSync(_NoSync):
    """Segments are not synced."""

    start = b"\x89SKS"


class NoLiveSync(_NoSync):
    """Live documents are not synced."""

    start = b"\x89SKL"


class NoManifestSync(_NoSync):
    """The manifest is not synced."""

    start = b'{"format"'


class LinkBeforeSync(NoManifestSync):
    """The manifest is synced only when it has its name."""

    def close(self, descriptor: int, path: Path) -> None:
        self._last = self._files.get(descriptor, 0)
        super().close(descriptor, path)

    def link(self, old: Path, new: Path) -> None:
        super().link(old, new)
        if generation_of(new.name) is not None:
            descriptor = os.open(new, os.O_RDONLY)
            self._files[descriptor] = self._last
            Recorder.sync(self, descriptor, new)
            self.close(descriptor, new)


class InPlace(FolderStorage):
    """The manifest is written under its own name."""

    def _publish_manifest(self, manifest: Manifest, old: int) -> None:
        path = self.folder / manifest_name(manifest.generation)
        folder = self.system.open_folder(self.folder)
        self.system.sync_folder(folder, self.folder)
        descriptor = self.system.create(path)
        self.system.write(descriptor, memoryview(encode_manifest(manifest)), path)
        self.system.sync(descriptor, path)
        self.system.close(descriptor, path)
        self.system.sync_folder(folder, self.folder)
        self.system.close_folder(folder)


class SweptBefore(FolderStorage):
    """What the new manifest does not need is removed before it is there."""

    def commit(self, manifest: Manifest) -> None:
        for name in self.system.names(self.folder):
            if is_published_file(name) and name not in manifest.files():
                self.system.unlink(self.folder / name)
        super().commit(manifest)


class SweptUnsynced(FolderStorage):
    """What the last manifest alone needed is removed before the new one is durable."""

    def _publish_manifest(self, manifest: Manifest, old: int) -> None:
        system = self.system
        assert isinstance(system, Recorder)
        synced = system.sync_folder
        calls = 0

        def late(descriptor: int, folder: Path) -> None:
            nonlocal calls
            calls += 1
            if calls == 2:  # the one after the link
                for name in system.names(self.folder):
                    if is_published_file(name) and name not in manifest.files():
                        system.unlink(self.folder / name)
            synced(descriptor, folder)

        system.sync_folder = late  # type: ignore[method-assign]
        try:
            super()._publish_manifest(manifest, old)
        finally:
            system.sync_folder = synced  # type: ignore[method-assign]


_SYSTEMS: dict[str, Callable[[], Recorder]] = {
    "no final folder sync": NoFinalFolderSync,
    "folder sync before the link": FolderSyncBeforeLink,
    "no folder sync before the manifest": NoFolderSyncBeforeManifest,
    "no sync of the folder above": NoParentSync,
    "no segment sync": NoSegmentSync,
    "no sync of live documents": NoLiveSync,
    "no manifest sync": NoManifestSync,
    "manifest linked before its sync": LinkBeforeSync,
}
_STORAGES: dict[str, Callable[..., FolderStorage]] = {
    "manifest written in place": InPlace,
    "old files swept before the commit": SweptBefore,
    "old files swept before the commit is synced": SweptUnsynced,
}
MISTAKES = (*_SYSTEMS, *_STORAGES)


def storage_of(folder: Path, mistake: str = "") -> tuple[FolderStorage, Recorder]:
    """A storage that makes the mistake, or none, and the recorder of its calls."""
    system = _SYSTEMS.get(mistake, Recorder)()
    return _STORAGES.get(mistake, FolderStorage)(folder, system), system
