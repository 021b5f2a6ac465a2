"""Bytes with names: segment files, live-document files, manifests, the lock, and the commit that binds them."""

from __future__ import annotations

from searchkit.storage.container import Finding, Sections, SegmentWriter, read_segment
from searchkit.storage.contract import Buffer, Lock, Output, Scratch, Storage, open_snapshot_files
from searchkit.storage.folder import FolderStorage
from searchkit.storage.live import LiveDocuments, decode_live, encode_live
from searchkit.storage.manifest import MANIFEST_FORMAT, LiveEntry, Manifest, SegmentEntry, live_name
from searchkit.storage.memory import MemoryStorage

__all__ = [
    "MANIFEST_FORMAT",
    "Buffer",
    "Finding",
    "FolderStorage",
    "LiveDocuments",
    "LiveEntry",
    "Lock",
    "Manifest",
    "MemoryStorage",
    "Output",
    "Scratch",
    "Sections",
    "SegmentEntry",
    "SegmentWriter",
    "Storage",
    "decode_live",
    "encode_live",
    "live_name",
    "open_snapshot_files",
    "read_segment",
]
