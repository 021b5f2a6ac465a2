"""Stored articles: what a hit shows, and what a merge takes over.

    record       := lengths u32[4] of the four parts, then title, date as written, fields as JSON, text (all UTF-8)
    block        := kind u8 (0: plain, 1: zstd), then records of consecutive docids, compressed or not
    store        := blocks
    store_index  := for each block: first docid u32, offset in `store` u64

An index that keeps no text has records with an empty title and text. Dates are written out here as the user wrote
them; the numbers that queries compare are in the segment's own section.
"""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Protocol

from searchkit.errors import CorruptIndex

if TYPE_CHECKING:
    from searchkit.article import Article
    from searchkit.core.packs import Pack
    from searchkit.core.segment import Segment
    from searchkit.storage.container import Sections

__all__ = [
    "Record",
    "RecordReader",
    "block_places",
    "decode_record",
    "found_record",
    "pack_article",
    "read_block",
    "read_records",
    "unpack",
    "write_store",
]

# Plain bytes in a block: enough for zstd to find repetition, few enough that a hit is read in well under a millisecond.
BLOCK = 32 << 10

# Bytes of records in a pack: enough for a thread to work long without the interpreter's lock.
PACK = 1 << 20

GROUP = 16  # blocks that a thread compresses at a time: so much that few wait for their turn to ask for more

LEVEL = 3  # of zstd: higher levels cost more time than the bytes they save are worth

UNDATED = -1  # both ends of the date of an undated article: they stand behind all others

HEAD = struct.Struct("<IIII")
ENTRY = struct.Struct("<IQ")

# No block of ours unpacks to more: an article is far smaller.
MOST_UNPACKED = 1 << 31

# zstd packs 128 KiB into no less than 4 bytes: a frame that promises more lies.
MOST_RATIO = 1 << 15


class SectionWriter(Protocol):
    def begin(self, name: str) -> None: ...
    def write(self, data: bytes | bytearray | memoryview) -> None: ...
    def end(self) -> None: ...


class Record:
    """The four parts of a stored article, still encoded."""

    __slots__ = ("date", "fields", "text", "title")

    def __init__(self, title: bytes, date: bytes, fields: bytes, text: bytes) -> None:
        self.title = title
        self.date = date
        self.fields = fields
        self.text = text


def pack_article(pack: Pack, article: Article) -> None:
    """Append an article to a pack."""
    date, fields = article.date, article.fields
    pack.add(
        article.id.encode(),
        UNDATED if date is None else date.start_second,
        UNDATED if date is None else date.end_second,
        article.title.encode(),
        b"" if date is None else str(date).encode(),
        json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() if fields else b"",
        article.text.encode(),
    )


def decode_record(data: bytes, start: int, path: str) -> tuple[Record, int]:
    """The record at `start` and where the next one starts. Raises CorruptIndex."""
    if start + HEAD.size > len(data):
        raise CorruptIndex(path, "store", "a record", f"the end of its block, at byte {start}")
    lengths = HEAD.unpack_from(data, start)
    at = start + HEAD.size
    if at + sum(lengths) > len(data):
        raise CorruptIndex(path, "store", f"{sum(lengths)} bytes of a record", f"{len(data) - at}")
    parts = []
    for length in lengths:
        parts.append(data[at : at + length])
        at += length
    return Record(*parts), at


def decode_fields(fields: bytes, path: str) -> dict[str, Any]:
    try:
        decoded = json.loads(fields) if fields else {}
    except (ValueError, RecursionError) as error:
        raise CorruptIndex(path, "store", "fields as JSON", str(error)) from error
    if not isinstance(decoded, dict):
        raise CorruptIndex(path, "store", "fields as JSON", type(decoded).__name__)
    return decoded


def read_records(segment: Segment, block: tuple[bytes, int, bool], count: int) -> Iterator[tuple[int, Record]]:
    """Docids and records of a block as `Segment.store_block` gave it; `count`: articles of the segment."""
    data, docid, compressed = block
    if compressed:
        data = unpack(data, segment.path)
    at = 0
    while at < len(data) and docid < count:
        record, at = decode_record(data, at, segment.path)
        yield docid, record
        docid += 1


def block_places(sections: Sections, articles: int) -> Iterator[tuple[int, int, int, int]]:
    """First docid, docid behind, start and end in `store` of each block of a segment. Raises CorruptIndex."""
    size, index = len(sections.sections["store"]), sections.sections["store_index"]
    if not len(index) or len(index) % ENTRY.size:
        raise CorruptIndex(sections.path, "store_index", f"entries of {ENTRY.size} bytes", f"{len(index)} bytes")
    places = [*ENTRY.iter_unpack(index), (articles, size)]
    if places[0] != (0, 0) or any(not (a < c and b < d) for (a, b), (c, d) in pairwise(places)):
        raise CorruptIndex(sections.path, "store_index", "docids and offsets that rise from 0", "others")
    for (first, start), (past, stop) in pairwise(places):
        yield first, past, start, stop


def read_block(block: memoryview, path: str) -> Iterator[Record]:
    """The records of a block, its first byte included. Raises CorruptIndex."""
    data = bytes(block[1:])
    if block[0] > 1:
        raise CorruptIndex(path, "store", "a block of kind 0 or 1", block[0])
    if block[0]:
        data = unpack(data, path)
    at = 0
    while at < len(data):
        record, at = decode_record(data, at, path)
        yield record


class RecordReader:
    """Records of a segment, asked for in rising docid order: each block is unpacked once."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._records: dict[int, Record] = {}

    def record(self, docid: int) -> Record:
        """Raises CorruptIndex."""
        if docid not in self._records:
            self._records = dict(read_records(self._segment, self._segment.store_block(docid), self._segment.articles))
        return found_record(self._records, docid, self._segment.path)


def found_record(records: dict[int, Record], docid: int, path: str) -> Record:
    """The record of an article among those of its block. Raises CorruptIndex."""
    if docid not in records:
        raise CorruptIndex(path, "store", f"docid {docid} in its block", f"{len(records)} records")
    return records[docid]


def unpack(data: bytes, path: str) -> bytes:
    """The records of a compressed block. Raises CorruptIndex."""
    import zstandard  # loaded when the first article is read

    try:
        size = zstandard.frame_content_size(data)
        most = min(MOST_UNPACKED, len(data) * MOST_RATIO)
        if not 0 <= size <= most:
            raise CorruptIndex(path, "store", f"at most {most} bytes in a block", size)
        return zstandard.ZstdDecompressor().decompress(data)
    except zstandard.ZstdError as error:
        raise CorruptIndex(path, "store", "zstd", str(error)) from error


def write_store(
    writer: SectionWriter,
    blocks: Iterable[tuple[int, bytes]],
    *,
    compress: bool,
    in_order: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map,
) -> None:
    """Write the two sections. `in_order` may compress in several threads."""
    index = bytearray()
    offset = 0
    groups = in_order(_packed_blocks if compress else _plain_blocks, _groups(blocks))
    writer.begin("store")
    for group in groups:
        for first, data in group:
            index += ENTRY.pack(first, offset)
            writer.write(data)
            offset += len(data)
    writer.end()
    writer.begin("store_index")
    writer.write(index)
    writer.end()


def _groups(blocks: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    rest = iter(blocks)
    while group := list(islice(rest, GROUP)):
        yield group


def _plain_blocks(group: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    return [(first, b"\0" + plain) for first, plain in group]


_compressors = threading.local()  # a compressor serves one thread at a time


def _packed_blocks(group: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    import zstandard

    compressor = getattr(_compressors, "compressor", None)
    if compressor is None:
        compressor = _compressors.compressor = zstandard.ZstdCompressor(level=LEVEL)
    return [(first, b"\1" + compressor.compress(plain)) for first, plain in group]
