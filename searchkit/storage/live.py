"""A live-document file: which articles of a segment are not deleted, as of one generation.

    header       64 bytes: magic, format version, number of articles, number of deleted ones, zeros,
                 CRC-32C of the 60 bytes before
    bits         u64[ceil(articles / 64)], little-endian: bit d % 64 of word d / 64 is 1 if docid d is live;
                 the bits behind the last article are 0
    seal         u32 CRC-32C of all bytes before

A segment without such a file is wholly live.
"""

from __future__ import annotations

import struct

import attrs

from searchkit.core.checksum import crc32c
from searchkit.errors import CorruptIndex, FormatVersion
from searchkit.storage.manifest import LiveEntry, SegmentEntry

__all__ = ["LIVE_FORMAT", "LiveDocuments", "decode_live", "encode_live", "live_entry"]

# 1: the first.
LIVE_FORMAT = 1

HEADER = struct.Struct("<8sIII40xI")
WORD = struct.Struct("<I")
MAGIC = b"\x89SKL\r\n\x1a\n"


@attrs.frozen
class LiveDocuments:
    """The live documents of a segment of `articles` articles, `deleted` of which are not."""

    articles: int
    deleted: int
    bits: memoryview  # u64[ceil(articles / 64)] as bytes, little-endian, lowest bit first

    def __contains__(self, docid: int) -> bool:
        return 0 <= docid < self.articles and bool(self.bits[docid // 8] >> docid % 8 & 1)


def encode_live(bits: bytes | bytearray | memoryview, articles: int) -> bytes:
    """The file's bytes. Requires: `bits` are 8 * ceil(articles / 64) bytes, none set behind the last article."""
    data = bytes(bits)
    deleted = _deleted(data, articles)
    if deleted is None:
        raise ValueError(f"{len(data)} bytes are no live documents of {articles} articles")
    header = HEADER.pack(MAGIC, LIVE_FORMAT, articles, deleted, 0)[: -WORD.size]
    whole = header + WORD.pack(crc32c(header)) + data
    return whole + WORD.pack(crc32c(whole))


def live_entry(name: str, data: bytes) -> LiveEntry:
    """What the manifest says of the file `name` with these bytes. Requires: `data` comes from `encode_live`."""
    return LiveEntry(name, len(data), WORD.unpack(data[-WORD.size :])[0], HEADER.unpack(data[: HEADER.size])[3])


def decode_live(buffer: bytes | bytearray | memoryview, path: str, entry: SegmentEntry | None = None) -> LiveDocuments:
    """The live documents in `buffer`, checked in full, and that they are the ones that the segment's `entry` means.

    Any bytes give LiveDocuments, CorruptIndex or FormatVersion; `path` is for messages. The bits are a view.
    """
    view = memoryview(buffer).cast("B")
    if len(view) < HEADER.size + WORD.size:
        raise CorruptIndex(path, "length", f"at least {HEADER.size + WORD.size} bytes", f"{len(view)} bytes")
    header = bytes(view[: HEADER.size])
    magic, version, articles, deleted, checksum = HEADER.unpack(header)
    if magic != MAGIC:
        raise CorruptIndex(path, "header", MAGIC, magic)
    if checksum != crc32c(header[: -WORD.size]):
        raise CorruptIndex(path, "header", f"crc32c {checksum:08x}", f"{crc32c(header[: -WORD.size]):08x}")
    if version != LIVE_FORMAT:
        raise FormatVersion(f"live-document format {version}", f"live-document format {LIVE_FORMAT}", path=path)
    if header != HEADER.pack(MAGIC, LIVE_FORMAT, articles, deleted, checksum):
        raise CorruptIndex(path, "header", "zeros", "something else")
    (seal,) = WORD.unpack(view[-WORD.size :])
    if seal != crc32c(view[: -WORD.size]):
        raise CorruptIndex(path, "live documents", f"crc32c {seal:08x}", f"{crc32c(view[: -WORD.size]):08x}")
    bits = view[HEADER.size : -WORD.size]
    if deleted != _deleted(bits, articles):
        raise CorruptIndex(
            path, "live documents", f"{deleted} of {articles} articles deleted", "other bits, or no room"
        )
    found = (articles, LiveEntry(entry.live.name, len(view), seal, deleted)) if entry and entry.live else None
    if entry and (entry.articles, entry.live) != found:
        raise CorruptIndex(path, "live documents", f"those of {entry}", f"{deleted} of {articles} articles deleted")
    return LiveDocuments(articles, deleted, bits)


def _deleted(bits: bytes | memoryview, articles: int) -> int | None:
    """How many articles are not live; None if these cannot be the bits of so many articles."""
    if len(bits) != (articles + 63) // 64 * 8:
        return None
    value = int.from_bytes(bits, "little")
    return articles - value.bit_count() if value.bit_length() <= articles else None
