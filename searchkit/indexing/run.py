"""A run: articles gathered until they become a segment.

Articles come in packs (core/packs.pyx). Their words are tokenized as they come (core/run.pxi), by as many threads
as there are; their records wait in the run's store, which goes to a scratch file when it grows. Within a run the last
article of an id wins.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

from searchkit.core import builder
from searchkit.core.packs import Pack
from searchkit.core.segment import Records
from searchkit.errors import SearchkitError
from searchkit.indexing.columns import Columns
from searchkit.indexing.fingerprints import Fingerprints
from searchkit.indexing.options import Options
from searchkit.indexing.snapshot import Part, open_part
from searchkit.indexing.store import BLOCK, write_store
from searchkit.indexing.terms import terms_of
from searchkit.storage.container import PAGE_SIZE, SegmentWriter
from searchkit.storage.contract import Buffer, Scratch, Storage

__all__ = ["Crew", "Run", "usual_workers"]

MOST_WORKERS = 4  # unless more are asked for: reading and writing are not shared, and each has a table of its own

# Packs that a thread may have before it, the one it is at included: it comes through two of them while the thread that
# enters them reads the next, writes its records away and takes one itself. Few enough to hold little.
QUEUE = 4

# Pieces of work that may be handed out, for each thread, before the first is waited for: what takes longer than its
# neighbours does not hold them up, and little is held.
AHEAD = 2

# Bytes of records that are held before they go to a scratch file, and are written there at a time.
HELD = 4 << 20
WRITTEN = 1 << 20

# The part of a writer's memory that sorting takes, 4 bytes a token.
SORTING = 32

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def usual_workers() -> int:
    """How many threads work for a writer unless it is told: as many as there are processors, but not many."""
    return min(os.cpu_count() or 1, MOST_WORKERS)


class Crew:
    """The threads that work for a writer: `workers` in all, its own included."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # Each tokenizes into a table and a log of its own, so each has its own queue.
        self.tokenizers = [ThreadPoolExecutor(1, "searchkit-tokenizer") for _ in range(workers - 1)]
        self._pool = ThreadPoolExecutor(workers, "searchkit-writer") if workers > 1 else None

    def in_order(self, function: Callable[[_In], _Out], arguments: Iterable[_In]) -> Iterator[_Out]:
        """The results of function(argument), in order, a few of them ahead in other threads."""
        rest = iter(arguments)
        first = list(islice(rest, 2))
        if self._pool is None or len(first) < 2:  # a thread for one argument would take longer to start
            yield from map(function, chain(first, rest))
            return
        waiting: deque[Future[_Out]] = deque()
        try:
            for argument in chain(first, rest):
                waiting.append(self._pool.submit(function, argument))
                if len(waiting) > AHEAD * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def dismiss(self) -> None:
        """Let all threads end with what they are at."""
        for pool in (*self.tokenizers, self._pool):
            if pool is not None:
                pool.shutdown(cancel_futures=True)


class Run:
    """Articles of a segment to be. Not for use by two threads at a time."""

    def __init__(self, options: Options, storage: Storage, memory: int, crew: Crew) -> None:
        """`memory`: bytes that the run may hold; whoever adds looks at `memory` and writes it in time."""
        self._options = options
        self._storage = storage
        self._crew = crew
        self._core = builder.Run(options.analyzer.fold_accents, options.title_weight, crew.workers)
        self._waiting: list[deque[Future[None]]] = [deque() for _ in crew.tokenizers]
        self._store = _Store(storage)
        self._sorted = max(memory // SORTING // 4, 1)  # tokens that are sorted at a time, by all threads
        self._broken = False
        self.text_bytes = 0

    def __len__(self) -> int:
        """Articles in the run, dropped ones not counted."""
        return len(self._core)

    @property
    def memory(self) -> int:
        """Bytes that a process has, at most, when it writes this run: for terms, orders, marks and lists half more than
        is held. As much again is left to the interpreter, to what is read and compressed, and to a second thread.
        """
        return self._core.memory * 5 // 2 + self._store.held + 4 * min(self._sorted, self._core.tokens)

    def add(self, pack: Pack) -> int:
        """Take in a pack, which nobody may change from now on; how many of its articles replace others of the run."""
        broken, self._broken = self._broken, True  # unless all of this succeeds
        thread = self._free_thread()
        replaced = self._core.enter(pack, thread, self._store.length, self._options.store)
        self._store.append(pack.records(self._options.store))
        self.text_bytes += pack.text_bytes
        if thread:
            worker = self._crew.tokenizers[thread - 1]
            self._waiting[thread - 1].append(worker.submit(self._core.tokenize, pack, thread))
        else:
            self._core.tokenize(pack, 0)
        self._broken = broken
        return replaced

    def drop(self, id: str) -> bool:
        """Take an article out again. False if there is none of that id."""
        return self._core.drop(id.encode("utf-8", "replace"))

    def write(self, writer: SegmentWriter, *, compress: bool) -> None:
        """Write the segment. Requires: the run is not empty. Nothing may be added afterwards."""
        self._write_lists(writer)
        columns = Columns(self._options.fields, self._options.timezone)
        fingerprints = Fingerprints(self._options)
        blocks = fingerprints.watch(columns.watch(self._blocks()))
        write_store(writer, blocks, compress=compress, in_order=self._crew.in_order)
        fingerprints.write(writer)
        columns.write(writer)  # last: what is declared later stands behind all else

    def _write_lists(self, writer: SegmentWriter) -> None:
        """Write all but what is made of the stored records."""
        if self._broken:
            raise SearchkitError("an addition was interrupted: roll back, and add again")
        for waiting in self._waiting:
            for future in waiting:
                future.result()
        analyzer, in_order = self._options.analyzer, self._crew.in_order
        tokens = max(self._sorted // self._crew.workers, 1)
        self._core.write(
            writer,
            lambda forms: terms_of(analyzer, forms),
            analyzer.is_compiled,
            self._options.pairs,
            float(self._options.b),
            tokens,
            in_order,
        )

    def put_aside(self, path: str) -> Part:
        """Write the segment behind the records and open it; `path` is for messages. Requires: as of `write`.

        The records stay where they are. A merge, which is all that becomes of such a segment, reads them there, and
        makes columns and fingerprints of them.
        """
        scratch, start = self._store.aside()
        writer = SegmentWriter(scratch, format=self._options.segment_format)
        self._write_lists(writer)
        write_store(writer, (), compress=False)
        writer.begin("record_places")
        writer.write(self._core.places())
        writer.end()
        writer.finish()
        buffer = scratch.buffer()
        return open_part(buffer.behind(start), path, records=Records(buffer, start))

    def _free_thread(self) -> int:
        """Number of a thread that has little to do; 0 is this one, which takes the first pack: often it is the only."""
        if not len(self):
            return 0
        for number, waiting in enumerate(self._waiting, 1):
            while waiting and waiting[0].done():
                waiting.popleft().result()
            if len(waiting) < QUEUE:
                return number
        return 0

    def _blocks(self) -> Iterator[tuple[int, bytes]]:
        """First docid and records of each block."""
        docid = 0
        with self._store.buffer() as buffer:
            records = Records(buffer, self._store.length)
            while docid < len(self):
                block, past = self._core.block(records, docid, BLOCK)
                yield docid, block
                docid = past


class _Store:
    """Records as they come: in memory at first, then in a scratch file."""

    def __init__(self, storage: Storage) -> None:
        self.length = 0
        self.held = 0
        self._storage = storage
        self._scratch: Scratch | None = None
        self._pieces: list[bytes | memoryview] = []

    def append(self, records: bytes | memoryview) -> None:
        self._pieces.append(records)
        self.held += len(records)
        self.length += len(records)
        if self.held >= (HELD if self._scratch is None else WRITTEN):
            self._put_aside()

    def buffer(self) -> Buffer:
        """All records. Nothing may be appended afterwards."""
        if self._scratch is None:
            return Buffer(b"".join(self._pieces), "")
        self._put_aside()
        return self._scratch.buffer()

    def aside(self) -> tuple[Scratch, int]:
        """The file that has all records, and its length: as many bytes as whole pages have."""
        self._put_aside()
        assert self._scratch is not None, "something was put aside just now"
        self._scratch.write(bytes(-self._scratch.length % PAGE_SIZE))
        return self._scratch, self._scratch.length

    def _put_aside(self) -> None:
        if self._scratch is None:
            self._scratch = self._storage.scratch()
        for piece in self._pieces:
            self._scratch.write(piece)
        self._pieces, self.held = [], 0
