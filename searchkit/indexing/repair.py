"""Repair: a new generation of what can be read of a damaged one.

    manifest    the newest that can be read, if need be after a flipped bit is put back; only here is an older one ever
                taken, and it is said
    segment     sound: kept as it is; a few flipped bits: copied with these put back; else built anew from its stored
                articles, as far as these can be read; else dropped
    deletions   of a live-document file that cannot be read are unknown: those of the generation before hold, an article
                that is live elsewhere stays dead here, all others live again, and it is said how many there may be

No file that is there is changed. The repaired generation is published by an ordinary commit, under the lock, so an
interruption at any point leaves the damaged index as it was, or the repaired one. The damaged files stay until the next
commit but that one sweeps them: copy them before if there is more to be had from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from searchkit.errors import CorruptIndex, FormatVersion, IndexNotFound
from searchkit.indexing.check import READS, check_live, check_segment
from searchkit.indexing.options import Options
from searchkit.indexing.rebuild import Stored, write_segment
from searchkit.indexing.salvage import Salvage
from searchkit.indexing.snapshot import Part, open_part
from searchkit.indexing.writer import parse_memory
from searchkit.storage.container import Finding, SegmentWriter, publish_segment
from searchkit.storage.folder import FolderStorage
from searchkit.storage.live import decode_live, encode_live, live_entry
from searchkit.storage.manifest import (
    Manifest,
    SegmentEntry,
    decode_manifest,
    generation_of,
    live_name,
    manifest_name,
)
from searchkit.storage.mend import mended_live, mended_manifest

__all__ = ["RepairReport", "repair"]

DEFAULT_WAIT = 10.0  # seconds for the lock
DEFAULT_MEMORY = "256MB"


@attrs.frozen
class RepairReport:
    """What was wrong with an index, and what came of it."""

    path: str
    findings: tuple[Finding, ...]  # what was wrong
    generation: int  # the newest one now
    taken_from: int  # the generation that this one was made from
    kept: int  # segments that were sound
    mended: int  # segments in which flipped bits were put back
    rebuilt: int  # segments built anew from their stored articles
    dropped: int  # segments of which nothing could be read
    lost: tuple[str, ...]  # ids of articles that could not be saved
    lost_unnamed: int  # other such articles, the ids of which cannot be read
    undeleted: int  # articles that may have been deleted and live again, at most
    undone: int  # newer generations that cannot be read: what they added or deleted is not here
    notes: tuple[str, ...]  # what else there is to know

    @property
    def ok(self) -> bool:
        """Nothing is lost, and nothing may have come back."""
        return not (self.lost or self.lost_unnamed or self.undeleted or self.undone)

    def __str__(self) -> str:
        if not self.findings:
            return f"{self.path}: nothing is damaged"
        lost = len(self.lost) + self.lost_unnamed
        return (
            f"{self.path}: generation {self.generation}, made from generation {self.taken_from}: "
            f"{self.kept} segments kept, {self.mended} mended, {self.rebuilt} built anew, {self.dropped} dropped; "
            f"{lost:,} articles lost" + (f", up to {self.undeleted:,} deleted ones back" if self.undeleted else "")
        )


def repair(
    path: str | Path, *, wait: float = DEFAULT_WAIT, deep: bool = False, memory: str | int = DEFAULT_MEMORY
) -> RepairReport:
    """Make the index in the folder `path` whole again, of what can be read of it, in one durable commit.

    Nothing is done to a sound index. wait: seconds for the lock. deep: also build anew what a deep check finds wrong.
    memory: roughly what the articles of a segment that is built anew may hold before they are put aside in a file
    ("256MB", or bytes). Raises IndexNotFound, IndexLocked, FormatVersion (a newer or foreign format is no damage), or
    CorruptIndex if no manifest can be read.
    """
    limit = parse_memory(memory)
    storage = FolderStorage(path)
    with storage.lock(wait):
        return _Repair(storage, deep, limit).run()


class _Repair:
    def __init__(self, storage: FolderStorage, deep: bool, memory: int) -> None:
        self._storage = storage
        self._deep = deep
        self._memory = memory
        self._findings: list[Finding] = []
        self._notes: list[str] = []
        self._undone = 0
        self._newest, self._base = self._manifest()
        # Behind that of any file: a live-document file that a writer left when it died must not be in the way.
        dead = (re.search(r"\.(\d+)\.live$", name) for name in storage.sizes())
        self._generation = max([self._newest, *(int(match[1]) for match in dead if match)]) + 1
        self._options = Options.from_json(self._base.options, storage.path)
        self._counts = {"kept": 0, "mended": 0, "rebuilt": 0, "dropped": 0}
        self._lost: set[str] = set()
        self._lost_unnamed = 0
        self._undeleted = 0

    def run(self) -> RepairReport:
        found = [self._segment(entry) for entry in self._base.segments]
        entries = self._without_twins([one for one in found if one is not None])
        newest = self._newest
        if self._findings:
            manifest = Manifest(self._base.format, self._generation, self._base.options, tuple(entries), self._newest)
            self._storage.commit(manifest)
            self._storage.sweep(manifest)
            newest = self._generation
            self._notes.append(f"damaged files stay in the folder until the commit after generation {newest}")
        return RepairReport(
            path=self._storage.path,
            findings=tuple(self._findings),
            generation=newest,
            taken_from=self._base.generation,
            **self._counts,
            lost=tuple(sorted(self._lost)),
            lost_unnamed=self._lost_unnamed,
            undeleted=self._undeleted,
            undone=self._undone,
            notes=tuple(self._notes),
        )

    # ---- manifest

    def _manifest(self) -> tuple[int, Manifest]:
        """The newest generation there is, and the newest manifest that can be read."""
        found = (generation_of(name) for name in self._storage.sizes())
        generations = sorted((number for number in found if number is not None), reverse=True)
        if not generations:
            self._storage.latest()  # says what there is instead
            raise IndexNotFound(self._storage.path)
        for generation in generations:
            path = f"{self._storage.path}/{manifest_name(generation)}"
            data = self._storage.manifest_bytes(generation)
            try:
                return generations[0], decode_manifest(data, path, generation)
            except CorruptIndex as error:
                text = f"expected {error.expected}, got {error.got}"
                self._findings.append(Finding(path, error.section, None, text))
            manifest = mended_manifest(data, path, generation)
            if manifest is not None:
                self._notes.append(f"{path}: a flipped bit is put back")
                return generations[0], manifest
            self._undone += 1
            self._notes.append(f"{path}: an older generation is taken, what this one added or deleted is undone")
        raise CorruptIndex(self._storage.path, "manifest", "one that can be read", f"{len(generations)} that cannot")

    # ---- segments

    def _segment(self, entry: SegmentEntry) -> tuple[SegmentEntry, bool] | None:
        """What stands for a segment in the new generation, None for nothing; and whether its deletions are known."""
        live, live_findings = check_live(self._storage, entry)
        _, findings = check_segment(self._storage, entry, self._options, live, deep=self._deep)
        for finding in (*live_findings, *findings):
            if finding.section == "format":
                found, _, readable = finding.text.partition(READS)
                remedy = "nothing is repaired; use the version of searchkit that wrote it"
                raise FormatVersion(found, readable, remedy, finding.path)
        self._findings += [*live_findings, *findings]
        if not findings and not live_findings:
            self._counts["kept"] += 1
            return entry, True
        bits, known = self._live_bits(entry)
        if not findings:
            self._counts["kept"] += 1
            return self._with_live(attrs.evolve(entry, live=None), bits), known
        saved = self._mended(entry, bits) or self._rebuilt(entry, bits)
        if saved is None:
            self._counts["dropped"] += 1
        return None if saved is None else (saved, known)

    def _live_bits(self, entry: SegmentEntry) -> tuple[bytes | None, bool]:
        """Which articles of a segment are not deleted (None: all), and whether that is known."""
        if entry.live is None:
            return None, True
        path = f"{self._storage.path}/{entry.live.name}"
        try:
            with self._storage.open_buffer(entry.live.name) as buffer:
                data = bytes(buffer.view[: entry.live.length])
        except FileNotFoundError:
            data = b""
        try:
            return bytes(decode_live(data, path, entry).bits), True
        except CorruptIndex:
            whole = mended_live(data, path, entry)
        if whole is not None:
            self._notes.append(f"{path}: what was flipped is put back")
            return bytes(decode_live(whole, path, entry).bits), True
        bits, deleted = self._bits_before(entry)
        self._undeleted += entry.live.deleted - deleted
        self._notes.append(
            f"{path}: which articles are deleted is not known: up to {entry.live.deleted - deleted:,} live again"
        )
        return bits, False

    def _bits_before(self, entry: SegmentEntry) -> tuple[bytes | None, int]:
        """The live documents of this segment in the generation before, and how many are deleted."""
        try:
            generation = self._base.previous
            data = self._storage.manifest_bytes(generation) if generation else b""
            path = f"{self._storage.path}/{manifest_name(generation or 0)}"
            for older in decode_manifest(data, path, generation or 0).segments:
                if older.name == entry.name and older.checksum == entry.checksum and older.live is not None:
                    with self._storage.open_buffer(older.live.name) as buffer:
                        documents = decode_live(bytes(buffer.view), buffer.path, older)
                    return bytes(documents.bits), documents.deleted
        except (CorruptIndex, FormatVersion, FileNotFoundError):
            pass
        return None, 0

    def _with_live(self, entry: SegmentEntry, bits: bytes | None) -> SegmentEntry:
        """The entry with a live-document file of these bits."""
        if bits is None or int.from_bytes(bits, "little").bit_count() == entry.articles:
            return entry
        data = encode_live(bits, entry.articles)
        name = live_name(entry.name, self._generation)
        with self._storage.output() as output:
            output.write(data)
            output.publish(name)
        return attrs.evolve(entry, live=live_entry(name, data))

    def _mended(self, entry: SegmentEntry, bits: bytes | None) -> SegmentEntry | None:
        """The segment with flipped bits put back, published; None if it takes more than that."""
        salvage = self._salvage(entry)
        if salvage is None or not salvage.damaged or (pieces := salvage.whole()) is None:
            return None
        with self._storage.output() as output:
            name = publish_segment(output, pieces, salvage.layout.seal)
        saved = SegmentEntry(name, entry.length, entry.checksum, entry.articles)
        if check_segment(self._storage, saved, self._options, None, deep=self._deep)[1]:
            return None
        self._counts["mended"] += 1
        return self._with_live(saved, bits)

    def _rebuilt(self, entry: SegmentEntry, bits: bytes | None) -> SegmentEntry | None:
        """A segment of the articles that can be read, published; None if there are none."""
        live = entry.articles if bits is None else int.from_bytes(bits, "little").bit_count()
        salvage = self._salvage(entry)
        if salvage is None:
            self._lost_unnamed += live
            return None
        lost: set[str] = set()
        unnamed = 0
        seen: set[bytes] = set()

        def articles() -> Iterator[Stored]:
            nonlocal unnamed
            for docid, stored, id in salvage.stored(self._options.timezone):
                if bits is not None and not bits[docid >> 3] >> (docid & 7) & 1:
                    continue
                if stored is not None and self._options.store and stored[0] not in seen:
                    seen.add(stored[0])
                    yield stored
                elif id is not None:
                    lost.add(id.decode())
                else:
                    unnamed += 1

        with self._storage.output() as output:
            writer = SegmentWriter(output, format=self._options.segment_format)
            count = write_segment(articles(), self._options, self._storage, writer, compress=True, memory=self._memory)
            self._lost |= lost
            self._lost_unnamed += unnamed
            if not count:
                return None
            length, checksum = writer.finish()
            name = writer.publish()
        self._counts["rebuilt"] += 1
        return SegmentEntry(name, length, checksum, count)

    def _salvage(self, entry: SegmentEntry) -> Salvage | None:
        try:
            buffer = self._storage.open_buffer(entry.name)
            return Salvage(buffer.view[: entry.length], buffer.path, entry)
        except (CorruptIndex, FileNotFoundError):
            return None

    # ---- ids

    def _without_twins(self, found: list[tuple[SegmentEntry, bool]]) -> list[SegmentEntry]:
        """Where deletions are not known, an article that is live in another segment is dead."""
        if not self._findings:
            return [entry for entry, _ in found]
        parts = [self._open(entry) for entry, _ in found]
        entries = []
        for number, (part, (entry, known)) in enumerate(zip(parts, found, strict=True)):
            if not known:
                entry = self._dead_in(part, entry, [*parts[:number], *parts[number + 1 :]])
                parts[number] = self._open(entry)
            if parts[number].articles:
                entries.append(entry)
        self._lost = {id for id in self._lost if all(part.find(id) < 0 for part in parts)}
        return entries

    def _open(self, entry: SegmentEntry) -> Part:
        buffer = self._storage.open_buffer(entry.name)
        live = self._storage.open_buffer(entry.live.name) if entry.live else None
        return open_part(buffer, buffer.path, entry, live)

    def _dead_in(self, part: Part, entry: SegmentEntry, others: list[Part]) -> SegmentEntry:
        """The entry of `part` without what lives in one of the others."""
        bits = bytearray(part.live) if part.live is not None else _all(entry.articles)
        before = bytes(bits)
        for other in others:
            for docid in part.segment.shared_ids(other.segment):
                if other.find(part.segment.id(docid)) >= 0:
                    bits[docid >> 3] &= ~(1 << (docid & 7)) & 0xFF
        if bits == before:
            return entry
        self._undeleted -= int.from_bytes(before, "little").bit_count() - int.from_bytes(bits, "little").bit_count()
        self._undeleted = max(self._undeleted, 0)
        return self._with_live(attrs.evolve(entry, live=None), bytes(bits))


def _all(articles: int) -> bytearray:
    """A bitmap in which all articles are live."""
    return bytearray(((1 << articles) - 1).to_bytes(-(-articles // 64) * 8, "little"))
