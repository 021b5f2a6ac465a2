"""A segment built once more from articles that are stored already: to compare with, to repair, to upgrade."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator

from searchkit.core.packs import Pack
from searchkit.core.segment import Segment
from searchkit.indexing.merge import few_parts, merge_parts
from searchkit.indexing.options import Options
from searchkit.indexing.run import Crew, Run, usual_workers
from searchkit.indexing.snapshot import Part, open_part
from searchkit.indexing.store import PACK, UNDATED, Record, RecordReader
from searchkit.storage.container import SegmentWriter
from searchkit.storage.contract import Storage
from searchkit.storage.folder import FolderStorage
from searchkit.storage.memory import MemoryStorage

__all__ = ["Stored", "rebuilt", "stored_articles", "write_segment"]

SMALL = 16 << 20  # bytes of a segment
MEMORY = 256 << 20  # bytes that articles may take before they are put aside, if nobody says otherwise

# An article as a segment has it: id in UTF-8, start and end of its date in seconds (-1 and -1: undated), record.
Stored = tuple[bytes, int, int, Record]


@contextlib.contextmanager
def rebuilt(part: Part, options: Options) -> Iterator[Segment]:
    """A segment of all articles of `part`, deleted ones too: in memory if it is small, else in a temporary file."""
    with contextlib.ExitStack() as stack:
        storage: Storage = MemoryStorage()
        if len(part.buffer.view) > SMALL:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="searchkit-"))
            storage = FolderStorage(folder)
        scratch = stack.enter_context(storage.scratch())
        writer = SegmentWriter(scratch, format=options.segment_format)
        articles = stored_articles(part, range(part.segment.articles))
        write_segment(articles, options, storage, writer, compress=False)
        writer.finish()
        buffer = stack.enter_context(scratch.buffer())
        yield open_part(buffer, f"{part.path} (built anew)").segment


def stored_articles(part: Part, docids: Iterable[int]) -> Iterator[Stored]:
    """Articles of a part, by rising docid. Raises CorruptIndex."""
    segment = part.segment
    reader = RecordReader(segment)
    for docid in docids:
        start, end = segment.seconds(docid) or (UNDATED, UNDATED)
        yield segment.id(docid).encode(), start, end, reader.record(docid)


def write_segment(
    articles: Iterable[Stored],
    options: Options,
    storage: Storage,
    writer: SegmentWriter,
    *,
    compress: bool,
    memory: int = MEMORY,
) -> int:
    """Write the segment of these articles, each of an id of its own; how many there are. 0: nothing was written.

    memory: bytes that they may take before they are put aside.
    """
    crew = Crew(usual_workers())
    count, parts = 0, []
    try:
        run = Run(options, storage, memory, crew)
        for pack in _packs(articles):
            count += len(pack)
            run.add(pack)
            if run.memory >= memory:
                parts.append(run.put_aside("a run"))
                run = Run(options, storage, memory, crew)
        if not count:
            return 0
        if not parts:
            run.write(writer, compress=compress)
            return count
        if len(run):
            parts.append(run.put_aside("a run"))
        parts = few_parts(parts, options, storage, "a merge", crew.in_order)
        merge_parts(parts, options, writer, compress=compress, in_order=crew.in_order)
        return count
    finally:
        crew.dismiss()


def _packs(articles: Iterable[Stored]) -> Iterator[Pack]:
    pack = Pack()
    for id, start, end, record in articles:
        pack.add(id, start, end, record.title, record.date, record.fields, record.text)
        if pack.size >= PACK:
            yield pack
            pack = Pack()
    if len(pack):
        yield pack
