"""The writer: the one that changes an index. Additions and deletions gather here until `commit` makes them durable.

    add, delete   into a run in memory; a full run becomes a segment in a scratch file, seen by nobody
    commit        runs become one segment, deletions become bitmaps, the merge policy runs, a manifest is published
    rollback      forgets everything since the last commit

Whoever holds the writer holds the lock. The newest manifest is read under it, so writers in several processes may take
turns. An article of an id that is there already replaces it: the old one is marked as deleted in the same commit.

Threads of one process may share a writer. What changes it is done by one of them at a time: taking in a pack of
articles, deleting an id, a commit, a rollback. So a commit has all that calls which have returned have added, and of a
call that goes on at the moment what it has taken in until then.
"""

from __future__ import annotations

import errno
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import TracebackType
from typing import Any

import attrs

from searchkit.article import Article
from searchkit.core.packs import Pack
from searchkit.errors import CommitUnknown, SearchkitError
from searchkit.fields import check_fields
from searchkit.indexing.merge import few_parts, merge_parts, parts_to_merge
from searchkit.indexing.options import Options
from searchkit.indexing.run import Crew, Run, usual_workers
from searchkit.indexing.snapshot import Part, Snapshot, open_part
from searchkit.indexing.store import PACK, decode_fields, pack_article
from searchkit.storage.container import SegmentWriter
from searchkit.storage.contract import Lock, Storage
from searchkit.storage.live import encode_live, live_entry
from searchkit.storage.manifest import Manifest, SegmentEntry, live_name

__all__ = ["Writer", "parse_memory"]

_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", re.IGNORECASE)
LEAST_MEMORY = 1 << 20
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def parse_memory(memory: str | int) -> int:
    """Bytes of "256MB", "1 GiB" or a number of bytes (both kinds of unit are powers of 1,024). ValueError otherwise."""
    if isinstance(memory, int) and not isinstance(memory, bool):
        bytes_ = memory
    else:
        match = _MEMORY.fullmatch(memory) if isinstance(memory, str) else None
        if not match:
            raise ValueError(f"memory must be like '256MB' or a number of bytes, got {memory!r}")
        bytes_ = int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " "))
    if bytes_ < LEAST_MEMORY:
        raise ValueError(f"memory must be at least 1MB, got {memory!r}")
    return bytes_


class _Pending:
    """A segment under this writer: which of its articles still live."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.bits: bytearray | None = None if part.live is None else bytearray(part.live)
        self.deleted = part.segment.articles - part.articles
        self.changed = False

    def is_live(self, docid: int) -> bool:
        return self.bits is None or bool(self.bits[docid >> 3] >> (docid & 7) & 1)

    def kill(self, docid: int) -> bool:
        """Mark an article as deleted. False if it is so already."""
        articles = self.part.segment.articles
        if self.bits is None:
            self.bits = bytearray(-(-articles // 64) * 8)
            self.bits[: articles // 8] = b"\xff" * (articles // 8)
            if articles % 8:
                self.bits[articles // 8] = (1 << articles % 8) - 1
        if not self.is_live(docid):
            return False
        self.bits[docid >> 3] &= ~(1 << (docid & 7)) & 0xFF
        self.deleted += 1
        self.changed = True
        return True

    def current(self) -> Part:
        """The part as it is now."""
        if not self.changed:
            return self.part
        part = self.part
        return Part(part.segment, self.bits, self.deleted, part.entry, part.sections, part.buffer, part.format)


class Writer:
    """Use it as a context manager: leaving commits, an exception rolls back. Threads may share it."""

    def __init__(self, storage: Storage, memory: str | int, wait: float, committed: Callable[[], None]) -> None:
        self._storage = storage
        self._memory = parse_memory(memory)
        self._lock: Lock = storage.lock(wait)
        self._committed = committed  # called after each commit
        self._turns = threading.RLock()  # held by the thread that changes anything below
        self.last_replaced = 0  # by the last commit: articles that took the place of others, ...
        self.last_bytes = 0  # ... and UTF-8 bytes of title and text that were added
        self._lock.acquire()
        self._failed: str | None = None
        self._behind = 0  # a generation that was committed here, but could not be opened yet
        self._crew = Crew(1)
        self._runs: list[_Pending] = []
        try:
            self._rebase(Snapshot.open(storage))
        except BaseException:
            self._lock.release()
            raise

    def add(
        self,
        articles: Article | Mapping[str, Any] | Iterable[Article | Mapping[str, Any]],
        *,
        workers: int | None = None,
    ) -> int:
        """Add an article or an iterable of them (or of mappings with an article's keys); how many.

        An article of the same id is replaced. Raises ArticleError for what is none; what came before it stays added.
        `workers`: threads that tokenize, sort and compress, this one included. None: as many as there are processors,
        but no more than four. The index is the same, to the byte, with any number.
        """
        with self._turn():
            self._employ(workers)
        if isinstance(articles, Article | Mapping):
            articles = (articles,)
        packs = getattr(articles, "packs", None) if self._options.timezone == "UTC" else None
        items: Iterable[Article | Mapping[str, Any] | Pack] = articles if packs is None else packs()
        count = 0
        pack = Pack()
        try:
            for item in items:
                if isinstance(item, Pack):
                    self._check_pack(item)
                    pack = self._enter(pack)
                    self._enter(item)
                    count += len(item)
                else:
                    pack_article(pack, self.article(item))
                    count += 1
                    if pack.size >= PACK:
                        pack = self._enter(pack)
        finally:
            self._enter(pack)
        return count

    def article(self, article: Article | Mapping[str, Any]) -> Article:
        """The article as this index takes it: dates with an offset are moved to its time zone.

        Raises ArticleError, also for a value that is not of its declared field's kind.
        """
        timezone = self._options.timezone
        if not isinstance(article, Article):
            article = Article.from_dict(article, timezone=timezone)
        elif timezone != "UTC" and article.date is not None:
            article = attrs.evolve(article, date=article.date.in_timezone(timezone))
        if self._options.fields and article.fields:
            check_fields(article.id, article.fields, self._options.fields, timezone)
        return article

    def _check_pack(self, pack: Pack) -> None:
        """Raise ArticleError if an article in it has a value that is not of its declared field's kind."""
        fields = self._options.fields
        if fields:
            for id, values in zip(pack.ids(), pack.fields(), strict=True):
                if values:
                    check_fields(id, decode_fields(values, ""), fields, self._options.timezone)

    def delete(self, ids: str | Iterable[str]) -> int:
        """Delete articles by id; how many were there."""
        self._require_open()
        if not isinstance(ids, Iterable):
            raise TypeError(f"an id is a str, got {ids!r}")
        count = 0
        for id in (ids,) if isinstance(ids, str) else ids:
            with self._turn():
                count += self._delete(id)
        return count

    def commit(self) -> int:
        """Make everything so far durable and visible; the generation. Without a change there is no new generation."""
        with self._turn(catch_up=False):
            return self._behind or self._commit_or_give_up(compact=False)

    def compact(self) -> int:
        """Commit with all live articles in one segment; the generation."""
        with self._turn():
            return self._commit_or_give_up(compact=True)

    def rollback(self) -> None:
        """Forget everything since the last commit."""
        with self._alone():
            if self._behind:
                self._catch_up()
            else:
                self._rebase(self._base)

    def close(self) -> None:
        """Give the lock back without a commit. Harmless when done already."""
        with self._alone():
            if self._failed is None:
                self._failed = "it is closed"
            self._crew.dismiss()
            self._runs = []
            self._lock.release()

    def __enter__(self) -> Writer:
        self._require_open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None and self._failed is None:
                self.commit()
        finally:
            self.close()

    # ---- threads

    @contextmanager
    def _turn(self, *, catch_up: bool = True) -> Iterator[None]:
        """This thread's turn to change something. Raises SearchkitError if the writer is of no use any more."""
        self._require_open()
        with self._turns:
            self._require_open()  # another thread may have closed it meanwhile
            if self._behind and catch_up:
                self._catch_up()
            yield

    def _alone(self) -> AbstractContextManager[object]:
        """The same where nothing is required. A forked child does not wait for a thread that only its parent has."""
        return self._turns if self._lock.held else nullcontext()

    # ---- what is pending

    def _rebase(self, base: Snapshot) -> None:
        self._base = base
        self._options: Options = base.options
        self._segments = [_Pending(part) for part in base.parts]
        self._runs = []
        self._run = self._new_run()
        self._replaced = 0
        self._bytes = 0

    def _require_open(self) -> None:
        if self._failed is not None:
            raise SearchkitError(
                f"this writer cannot be used any more: {self._failed}; take a new one with index.writer()"
            )
        if not self._lock.held:
            raise SearchkitError("this writer belongs to another process: take one with index.writer() in this one")

    def _employ(self, workers: int | None) -> None:
        """Have a second thread, or none."""
        if workers is not None and (type(workers) is not int or workers < 1):
            raise ValueError(f"workers must be a whole number from 1, or None, got {workers!r}")
        if workers is None:
            workers = usual_workers()
        if workers != self._crew.workers and not len(self._run):
            self._crew.dismiss()
            self._crew = Crew(workers)
            self._run = self._new_run()

    def _new_run(self) -> Run:
        return Run(self._options, self._storage, self._memory, self._crew)

    def _enter(self, pack: Pack) -> Pack:
        """Give a pack to the run; a new one."""
        if len(pack):
            with self._turn():
                self._replaced += self._run.add(pack)
                if self._run.memory >= self._memory:
                    self._flush_run()
        return Pack()

    def _delete(self, id: str) -> bool:
        if not isinstance(id, str):
            raise TypeError(f"an id is a str, got {id!r}")
        found = self._run.drop(id)
        for pending in (*self._segments, *self._runs):
            docid = pending.part.segment.find_id(id)
            if docid >= 0:
                found = pending.kill(docid) or found
        return found

    def _flush_run(self) -> None:
        """Put the full run aside as a segment in a scratch file."""
        run, self._run = self._run, self._new_run()
        self._bytes += run.text_bytes
        if not len(run):
            return
        part = run.put_aside(f"{self._storage.path} (a run of its writer)")
        self._supersede(part)
        self._runs.append(_Pending(part))

    def _supersede(self, newer: Part) -> None:
        """Mark as deleted what has the id of an article in `newer`."""
        for pending in (*self._segments, *self._runs):
            for docid in pending.part.segment.shared_ids(newer.segment):
                self._replaced += pending.kill(docid)

    # ---- commit

    def _commit_or_give_up(self, *, compact: bool) -> int:
        """Commit. After an error nothing is pending; if nobody can know what came of it, the writer is done for."""
        try:
            return self._commit(compact=compact)
        except Exception as error:
            if isinstance(error, CommitUnknown):
                self._failed = "nobody knows whether its last commit was published"
            else:
                self.rollback()
            raise
        except BaseException:
            self._failed = "its last commit was interrupted"
            raise

    def _commit(self, *, compact: bool) -> int:
        segments = self._write_runs()
        if compact:
            segments = self._compacted(segments)
        elif segments != self._segments or any(pending.changed for pending in segments):  # else nothing is due
            merging = parts_to_merge([pending.current() for pending in segments])
            try:
                segments = self._merged(segments, merging) if merging else segments
            except OSError as error:  # a disk without room for a merge may have some for what is to be committed
                if error.errno not in NO_ROOM:
                    raise
        old = self._base.manifest
        generation = old.generation + 1
        entries = [
            self._entry(pending, generation) for pending in segments if pending.deleted < pending.part.segment.articles
        ]
        self.last_replaced, self.last_bytes = self._replaced, self._bytes
        if tuple(entries) == old.segments:
            self._rebase(self._base)
            return old.generation
        manifest = Manifest(old.format, generation, old.options, tuple(entries), old.generation)
        self._storage.commit(manifest)
        # It is done. Whatever fails from here on (no more open files, no memory) must not say that it is not.
        self._behind = generation
        with suppress(Exception):
            self._storage.sweep(manifest)
        with suppress(Exception):
            self._catch_up()
        self._committed()
        return generation

    def _catch_up(self) -> None:
        """Go on from what was committed last. After an error nothing is pending, and the next change tries again."""
        self._rebase(Snapshot.open(self._storage, self._base))
        self._behind = 0

    def _write_runs(self) -> list[_Pending]:
        """All segments, what was added as one of them."""
        if not self._runs:
            run, self._run = self._run, self._new_run()
            self._bytes += run.text_bytes
            if not len(run):
                return list(self._segments)
            output = self._storage.output()
            with output:
                writer = SegmentWriter(output, format=self._options.segment_format)
                run.write(writer, compress=True)
                part = self._publish(writer)
            self._supersede(part)
            return self._with(self._segments, part)
        self._flush_run()
        merged = self._merge([pending.current() for pending in self._runs])
        self._runs = []
        return list(self._segments) if merged is None else self._with(self._segments, merged)

    def _with(self, segments: list[_Pending], part: Part) -> list[_Pending]:
        """`segments` and a new one. One of the same content, all of it superseded, is the same file: it lives again."""
        name = part.entry.name if part.entry else ""
        return [one for one in segments if one.part.entry is None or one.part.entry.name != name] + [_Pending(part)]

    def _publish(self, writer: SegmentWriter) -> Part:
        length, checksum = writer.finish()
        name = writer.publish()
        buffer = self._storage.open_buffer(name)
        part = open_part(buffer, buffer.path)
        entry = SegmentEntry(name, length, checksum, part.articles)
        return Part(part.segment, None, 0, entry, part.sections, part.buffer, part.format)

    def _merge(self, parts: list[Part]) -> Part | None:
        """One published segment of the live articles of `parts`, or None if there are none."""
        path = f"{self._storage.path} (a merge of its writer)"
        parts = few_parts(parts, self._options, self._storage, path, self._crew.in_order)
        output = self._storage.output()
        with output:
            writer = SegmentWriter(output, format=self._options.segment_format)
            if not merge_parts(parts, self._options, writer, compress=True, in_order=self._crew.in_order):
                return None
            return self._publish(writer)

    def _merged(self, segments: list[_Pending], merging: list[Part]) -> list[_Pending]:
        names = {part.entry.name for part in merging if part.entry}
        part = self._merge(merging)
        rest = [one for one in segments if not one.part.entry or one.part.entry.name not in names]
        return rest if part is None else self._with(rest, part)

    def _compacted(self, segments: list[_Pending]) -> list[_Pending]:
        parts = [pending.current() for pending in segments]
        if len(parts) == 1 and parts[0].live is None and parts[0].format == self._options.segment_format:
            return segments
        return self._merged(segments, parts) if parts else segments

    def _entry(self, pending: _Pending, generation: int) -> SegmentEntry:
        """What the manifest says of a segment; its live documents are published if they changed."""
        entry = pending.part.entry
        assert entry is not None, "only published segments are committed"
        if not pending.changed or pending.bits is None:
            return entry
        data = encode_live(pending.bits, entry.articles)
        name = live_name(entry.name, generation)
        with self._storage.output() as output:
            output.write(data)
            output.publish(name)
        return attrs.evolve(entry, live=live_entry(name, data))
