"""A run: articles gathered in memory until they become a segment.

The text is tokenized as it comes (core/builder.pyx); ids, dates and encoded records wait here. Within a run the last
article of an id wins; the earlier one is dropped when the run is written.
"""

from __future__ import annotations

from array import array
from collections import deque
from concurrent.futures import Executor, Future

from searchkit.article import Article
from searchkit.core import builder
from searchkit.indexing.options import Options
from searchkit.indexing.store import encode_record, write_store
from searchkit.indexing.terms import terms_of
from searchkit.storage.container import SegmentWriter

__all__ = ["UNDATED", "Run"]

# Both ends of the date of an undated article: they stand behind all others.
UNDATED = -1

# Bytes of Python objects for an article's id, record and place.
OVERHEAD = 400

# Texts are handed to the tokenizer in batches of about this many bytes, so that it works long without the GIL.
BATCH = 1 << 20

# Batches that may wait for a worker: enough to keep it busy, few enough to hold little.
QUEUE = 4


class Run:
    """Articles of a segment to be. Not for use by two threads at a time."""

    def __init__(self, options: Options, worker: Executor | None = None) -> None:
        """`worker`: an executor of one thread that tokenizes beside the caller, or None."""
        self._options = options
        self._worker = worker
        self._waiting: deque[Future[None]] = deque()
        self._core = builder.Run(options.analyzer.fold_accents, options.title_weight)
        self._ids: list[bytes] = []
        self._starts = array("q")
        self._ends = array("q")
        self._records: list[bytes | None] = []  # None: dropped
        self._places: dict[str, int] = {}
        self._batch: list[tuple[bytes, bytes]] = []
        self._batch_bytes = 0
        self._held = 0
        self.text_bytes = 0

    def __len__(self) -> int:
        """Articles in the run, dropped ones not counted."""
        return len(self._places)

    @property
    def memory(self) -> int:
        """Bytes held, those needed to write the run included."""
        return self._core.memory + self._held + self._batch_bytes * 4

    def add(self, article: Article) -> bool:
        """Take in an article. True if it replaces one of the same id in this run."""
        title, text = article.title.encode(), article.text.encode()
        record = encode_record(article, title, text) if self._options.store else encode_record(article, b"", b"")
        date = article.date
        id = article.id
        replaced = self.drop(id)
        self._places[id] = len(self._records)
        self._ids.append(id.encode())
        self._starts.append(UNDATED if date is None else date.start_second)
        self._ends.append(UNDATED if date is None else date.end_second)
        self._records.append(record)
        self._held += len(record) + OVERHEAD
        size = len(title) + len(text)
        self.text_bytes += size
        self._batch.append((title, text))
        self._batch_bytes += size
        if self._batch_bytes >= BATCH:
            self._tokenize()
        return replaced

    def drop(self, id: str) -> bool:
        """Take an article out again. False if there is none of that id."""
        place = self._places.pop(id, None)
        if place is None:
            return False
        self._held -= len(self._records[place] or b"")
        self._records[place] = None
        return True

    def write(self, writer: SegmentWriter, *, compress: bool) -> None:
        """Write the segment. Requires: the run is not empty. Nothing may be added afterwards."""
        for waiting in self._waiting:
            waiting.result()
        self._core.add_batch(self._batch)
        ids, starts, ends = self._ids, self._starts, self._ends
        # Newest first by end, then by start, then by id; the undated (-1) last.
        order = array("I", sorted(self._places.values(), key=lambda i: (-ends[i], -starts[i], ids[i])))
        stems = terms_of(self._options.analyzer, self._core.forms())
        self._core.write(
            writer,
            stems,
            order,
            array("q", [starts[i] for i in order]),
            array("q", [ends[i] for i in order]),
            [ids[i] for i in order],
            self._options.pairs,
            float(self._options.b),
        )
        write_store(writer, (self._records[i] or b"" for i in order), compress=compress)

    def _tokenize(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        if self._worker is None:
            self._core.add_batch(batch)
            return
        self._waiting.append(self._worker.submit(self._core.add_batch, batch))
        while len(self._waiting) > QUEUE:
            self._waiting.popleft().result()
