"""A segment file: named sections, protected page by page, sealed at the end.

    header       64 bytes: magic, format version, page size, zeros, CRC-32C of the 60 bytes before
    section      from a multiple of 64, then zeros up to the next one
    ...
    page table   u32[pages]: CRC-32C of each page of all bytes before the table, header and zeros included
    contents     48 bytes a section: name (32 bytes, zeros behind), u64 offset, u64 length
    trailer      64 bytes: magic, u64 file length, u64 offset and u64 length of the page table,
                 u64 offset of the contents, u32 number of sections, u32 page size, u32 format version,
                 u32 CRC-32C of the page table, u32 of the contents, u32 of the 60 bytes before

All numbers are little-endian. No byte is unprotected: pages by the table, table and contents by the trailer, the
trailer by itself. So the last four bytes, which the manifest repeats, stand for the whole file. Positions follow from
the lengths of the sections; they are written all the same, and must agree.

`read_segment` looks at header, trailer, contents and page table only: the time does not depend on what the sections
hold (the table is 1/4096 of the file). Whoever reads a page is to check it first against `page_checksums`;
`Sections.verify` checks them all.
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath

import attrs

from searchkit.core.checksum import crc32c, page_checksums
from searchkit.errors import CorruptIndex, FormatVersion
from searchkit.storage.contract import Output, Scratch
from searchkit.storage.manifest import SegmentEntry, segment_name
from searchkit.storage.mend import mended

__all__ = [
    "ALIGNMENT",
    "PAGE_SIZE",
    "SEGMENT_FORMAT",
    "SEGMENT_FORMAT_PLAIN",
    "Finding",
    "Layout",
    "Sections",
    "SegmentWriter",
    "damaged_layout",
    "publish_segment",
    "read_segment",
]

# 1: the first. 2: may have columns of declared fields, and fingerprints.
SEGMENT_FORMAT = 2

# What is written where no field is declared and no fingerprints are kept: nothing that it lacks is needed there, and
# older versions can read it.
SEGMENT_FORMAT_PLAIN = 1

SEGMENT_FORMATS = range(SEGMENT_FORMAT_PLAIN, SEGMENT_FORMAT + 1)  # those that are read

# Bytes checked at a time: small enough to check before the first use, large enough for the table to be small.
PAGE_SIZE = 16384

# Sections start at multiples of this many bytes: a cache line, and the widest vector load.
ALIGNMENT = 64

HEADER = struct.Struct("<8sII44xI")
ENTRY = struct.Struct("<32sQQ")
TRAILER = struct.Struct("<8sQQQQIIIIII")
WORD = struct.Struct("<I")

# As in PNG: a byte that is no text, a line end of each kind, an end of file: what mangles files mangles these first.
HEADER_MAGIC = b"\x89SKS\r\n\x1a\n"
TRAILER_MAGIC = b"\x89SKE\r\n\x1a\n"

SECTION_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,31}", re.ASCII)
MOST_SECTIONS = 1024
PAGE_SIZES = tuple(1 << bits for bits in range(6, 21))

# Bytes gathered before they are written and summed: a multiple of every page size.
CHUNK = 1 << 20

# How many names a segment may have. All but the first are for a folder where that is taken by other bytes.
ATTEMPTS = 4


@attrs.frozen
class Finding:
    """One piece of damage: `text` says what is wrong with `section` (or several, joined by `+`) of the file at `path`.

    It stands at byte `offset` of the file, or begins there; None: it has no one place, or the file is not there.
    """

    path: str
    section: str
    offset: int | None
    text: str

    def __str__(self) -> str:
        at = "" if self.offset is None else f" at byte {self.offset}"
        return f"{self.path}: {self.section}{at}: {self.text}"


class SegmentWriter:
    """Writes a segment file front to back: `begin`, `write`..., `end` for each section, then `finish` and `publish`."""

    def __init__(
        self, output: Output | Scratch, page_size: int = PAGE_SIZE, *, format: int = SEGMENT_FORMAT_PLAIN
    ) -> None:
        """Requires: nothing is written to `output` yet; `page_size` is a power of two from 64 to 1,048,576."""
        assert format in SEGMENT_FORMATS, "only known formats are written"
        if page_size not in PAGE_SIZES:
            raise ValueError(
                f"page_size must be a power of two from {PAGE_SIZES[0]} to {PAGE_SIZES[-1]}, got {page_size}"
            )
        self._output = output
        self._format = format
        self._page_size = page_size
        self._pending = bytearray()  # gathered, not yet written
        self._length = 0  # bytes given to the output and gathered
        self._table = bytearray()
        self._sections: dict[str, tuple[int, int]] = {}
        self._open: str | None = None
        self._start = 0
        self._seal = b""  # page table and contents, once finished
        self._append(_header(page_size, format))

    @property
    def position(self) -> int:
        """Bytes written to the open section so far. Requires: a section is open."""
        self._require_open()
        return self._length - self._start

    def begin(self, name: str) -> None:
        """Open the section `name`. Requires: none is open, the name is new, `[a-z][a-z0-9_.-]*`, at most 32 long."""
        if self._open is not None or self._seal:
            raise ValueError(f"section {name!r} begins while {self._open or 'nothing more'} can be written")
        if not SECTION_NAME.fullmatch(name) or name in self._sections or len(self._sections) == MOST_SECTIONS:
            raise ValueError(f"{name!r} is no name for another section")
        self._open, self._start = name, self._length

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append to the open section. `data` is contiguous; its bytes are taken as they are."""
        self._require_open()
        self._append(data)

    def end(self) -> None:
        """Close the open section."""
        self._sections[self._require_open()] = (self._start, self._length - self._start)
        self._open = None
        self._append(bytes(-self._length % ALIGNMENT))

    def finish(self) -> tuple[int, int]:
        """Write what seals the file. Its length and its checksum, for the manifest. Requires: no section is open."""
        if self._open is not None or self._seal:
            raise ValueError("a section is still open" if self._open else "finished already")
        self._flush()
        table = bytes(self._table)
        contents = b"".join(ENTRY.pack(name.encode(), *place) for name, place in self._sections.items())
        at = self._length
        self._seal = table + contents
        length = at + len(self._seal) + TRAILER.size
        numbers = (length, at, len(table), at + len(table), len(self._sections), self._page_size, self._format)
        trailer = TRAILER.pack(TRAILER_MAGIC, *numbers, crc32c(table), crc32c(contents), 0)[: -WORD.size]
        checksum = crc32c(trailer)
        self._output.write(self._seal + trailer + WORD.pack(checksum))
        self._length = length
        return length, checksum

    def publish(self) -> str:
        """Publish the output under its name, and tell that. Requires: finished; not a scratch; the lock is held.

        If a manifest names a file of this name with other bytes (a damaged one, most likely), another name is taken.
        """
        seal = self._require_finished()
        publish = getattr(self._output, "publish", None)
        if publish is None:
            raise ValueError("a scratch file cannot be published")
        return _publish(publish, seal, self._format)

    def _append(self, data: bytes | bytearray | memoryview) -> None:
        with memoryview(data) as view, view.cast("B") as rest:
            self._length += len(rest)
            start = 0
            while start < len(rest):
                stop = start + CHUNK - len(self._pending)
                self._pending += rest[start:stop]
                start = stop
                if len(self._pending) == CHUNK:
                    self._flush()

    def _flush(self) -> None:
        self._table += page_checksums(self._pending, self._page_size)
        self._output.write(self._pending)
        self._pending.clear()

    def _require_open(self) -> str:
        if self._open is None:
            raise ValueError("no section is open")
        return self._open

    def _require_finished(self) -> bytes:
        if not self._seal:
            raise ValueError("the segment is not finished")
        return self._seal


def publish_segment(output: Output, pieces: Iterable[bytes | memoryview], seal: bytes) -> str:
    """Publish a segment file that is there in pieces, as `SegmentWriter.publish` does. `seal`: table to trailer."""
    for piece in pieces:
        output.write(piece)
    format = TRAILER.unpack(seal[-TRAILER.size :])[7]
    return _publish(output.publish, seal[: -TRAILER.size], format)


def _publish(publish: Callable[[str], None], seal: bytes, format: int) -> str:
    for attempt in range(ATTEMPTS):
        name = _content_name(seal, format, attempt)
        try:
            publish(name)
        except FileExistsError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            break
    return name


class Sections:
    """A segment file opened: its sections by name, each a view of the file's own bytes."""

    def __init__(
        self, view: memoryview, path: str, format: int, page_size: int, body: int, table: memoryview, checksum: int
    ) -> None:
        self.path = path
        self.length = len(view)
        self.checksum = checksum
        self.page_size = page_size
        self.format = format
        self.page_checksums = table  # u32[pages], little-endian, from a multiple of 64; the pages are those before it
        self.sections: dict[str, memoryview] = {}
        self.offsets: dict[str, tuple[int, int]] = {}  # where each section starts in the file, and its length
        self._view = view
        self._body = body  # bytes before the page table

    def verify(self) -> Iterator[Finding]:
        """Every page that is not what was written, and whatever else does not agree. Reads the whole file."""
        try:
            read_segment(self._view, self.path)
        except CorruptIndex as error:
            yield Finding(self.path, error.section, None, _instead(error.expected, error.got))
            return
        for start in range(0, self._body, CHUNK):
            stop = min(start + CHUNK, self._body)
            first = start // self.page_size * WORD.size
            got = page_checksums(self._view[start:stop], self.page_size)
            expected = bytes(self.page_checksums[first : first + len(got)])
            if got != expected:
                yield from self._damaged_pages(start, expected, got)
        yield from self._written_gaps()
        name = PurePath(self.path).name
        seal = bytes(self._view[self._body : -TRAILER.size])
        names = [_content_name(seal, self.format, attempt) for attempt in range(ATTEMPTS)]
        if name.startswith("seg-") and name not in names:
            yield Finding(self.path, "name", self._body, _instead(names[0], name))

    def release(self) -> None:
        """Give up all views, so that closing the buffer can unmap the file. Nothing here may be used afterwards."""
        for view in (*self.sections.values(), self.page_checksums, self._view):
            with contextlib.suppress(BufferError):
                view.release()
        self.sections = {}

    def _damaged_pages(self, start: int, expected: bytes, got: bytes) -> Iterator[Finding]:
        pairs = zip(WORD.iter_unpack(expected), WORD.iter_unpack(got), strict=True)
        for page, ((wanted,), (found,)) in enumerate(pairs):
            if wanted != found:
                offset = start + page * self.page_size
                text = _instead(f"crc32c {wanted:08x}", f"{found:08x}")
                yield Finding(self.path, self._at(offset), offset, text)

    def _at(self, offset: int) -> str:
        """What the page at `offset` holds."""
        stop = offset + self.page_size
        names = [name for name, (start, length) in self.offsets.items() if start < stop and start + length > offset]
        return "+".join(["header"] * (offset == 0) + names) or "padding"

    def _written_gaps(self) -> Iterator[Finding]:
        for start, length in self.offsets.values():
            end = start + length
            if any(self._view[end : end + -end % ALIGNMENT]):
                yield Finding(self.path, "padding", end, _instead("zeros", "something else"))


def read_segment(buffer: bytes | bytearray | memoryview, path: str, entry: SegmentEntry | None = None) -> Sections:
    """The sections of the segment file whose bytes are in `buffer`; `path` is for messages.

    Checks whatever the sections are found by, and that the file is the one that `entry` means, but not the sections
    themselves. Any bytes give Sections, CorruptIndex or FormatVersion. The views keep the buffer from being closed.
    """
    view = memoryview(buffer).cast("B")
    if entry is not None and len(view) != entry.length:
        raise CorruptIndex(path, "length", f"{entry.length} bytes", f"{len(view)} bytes")
    if len(view) < HEADER.size + TRAILER.size:
        raise CorruptIndex(path, "length", f"at least {HEADER.size + TRAILER.size} bytes", f"{len(view)} bytes")
    page_size, format = _read_header(bytes(view[: HEADER.size]), path)
    checksum, at, count, table_sum, contents_sum = _read_trailer(
        bytes(view[-TRAILER.size :]), path, len(view), page_size, format
    )
    if entry is not None and checksum != entry.checksum:
        raise CorruptIndex(path, "trailer", f"the segment {entry.checksum:08x}", f"the segment {checksum:08x}")
    stop = len(view) - TRAILER.size - ENTRY.size * count
    table, contents = view[at:stop], view[stop : stop + ENTRY.size * count]
    for section, data, expected in (("page table", table, table_sum), ("contents", contents, contents_sum)):
        if crc32c(data) != expected:
            raise CorruptIndex(path, section, f"crc32c {expected:08x}", f"{crc32c(data):08x}")
    sections = Sections(view, path, format, page_size, at, table, checksum)
    place = HEADER.size
    for padded, start, length in ENTRY.iter_unpack(contents):
        name = padded.rstrip(b"\0").decode("latin-1")
        if not SECTION_NAME.fullmatch(name) or name in sections.sections:
            raise CorruptIndex(path, "contents", "a new name", repr(name))
        if start != place or length > at - start:
            raise CorruptIndex(path, f"contents: {name}", f"a place from {place} to {at}", f"{start}, {length} long")
        sections.offsets[name] = (start, length)
        sections.sections[name] = view[start : start + length]
        place = start + length + -length % ALIGNMENT
    if place != at:
        raise CorruptIndex(path, "contents", f"sections up to byte {at}", f"up to {place}")
    return sections


@attrs.frozen
class Layout:
    """Where things are in a damaged segment file."""

    header: bytes  # as it was written
    page_size: int
    body: int  # bytes before the page table
    table: bytes
    offsets: dict[str, tuple[int, int]]  # start and length of each section
    seal: bytes  # page table, contents and trailer as they were written


def damaged_layout(view: memoryview, path: str, length: int, checksum: int) -> Layout:
    """Where things are in a file of which `length` and `checksum` are known: what can be mended of its seal is.

    Raises CorruptIndex if sections cannot be told, and FormatVersion.
    """
    if len(view) != length or length < HEADER.size + TRAILER.size:
        raise CorruptIndex(path, "length", f"{length} bytes", f"{len(view)} bytes")
    with contextlib.suppress(CorruptIndex):  # all of it follows from the page size
        _read_header(bytes(view[: HEADER.size]), path)
    trailer = mended(bytes(view[-TRAILER.size : -WORD.size]), checksum)
    if trailer is None:
        raise CorruptIndex(path, "trailer", f"one of checksum {checksum:08x}", "another")
    trailer += WORD.pack(checksum)
    page_size, format = TRAILER.unpack(trailer)[6:8]
    if page_size not in PAGE_SIZES or format not in SEGMENT_FORMATS:
        raise CorruptIndex(path, "trailer", f"pages of {PAGE_SIZE} bytes", f"pages of {page_size}, format {format}")
    _, at, count, table_sum, contents_sum = _read_trailer(trailer, path, length, page_size, format)
    stop = length - TRAILER.size - ENTRY.size * count
    contents = mended(bytes(view[stop : -TRAILER.size]), contents_sum)
    header = _header(page_size, format)
    table = mended(bytes(view[at:stop]), table_sum)
    if table is None:  # unless the pages are whole, and all damage is here
        table = page_checksums(header + bytes(view[len(header) : at]), page_size)
        table = table if crc32c(table) == table_sum else bytes(view[at:stop])
    if contents is None:
        raise CorruptIndex(path, "contents", f"crc32c {contents_sum:08x}", "another")
    offsets = {}
    for padded, start, size in ENTRY.iter_unpack(contents):
        if start > at or size > at - start:
            raise CorruptIndex(path, "contents", f"a place up to {at}", f"{start}, {size} long")
        offsets[padded.rstrip(b"\0").decode("latin-1")] = (start, size)
    return Layout(header, page_size, at, table, offsets, table + contents + trailer)


def _instead(expected: object, got: object) -> str:
    return f"expected {expected}, got {got}"


def _header(page_size: int, format: int) -> bytes:
    start = HEADER.pack(HEADER_MAGIC, format, page_size, 0)[: -WORD.size]
    return start + WORD.pack(crc32c(start))


def _read_header(data: bytes, path: str) -> tuple[int, int]:
    """The page size and the format. A header has the same form in all versions, so that each can tell a newer file."""
    magic, version, page_size, checksum = HEADER.unpack(data)
    if magic != HEADER_MAGIC:
        raise CorruptIndex(path, "header", HEADER_MAGIC, magic)
    if checksum != crc32c(data[: -WORD.size]):
        raise CorruptIndex(path, "header", f"crc32c {checksum:08x}", f"{crc32c(data[: -WORD.size]):08x}")
    if version not in SEGMENT_FORMATS:
        raise FormatVersion(f"segment format {version}", f"segment formats up to {SEGMENT_FORMAT}", path=path)
    if page_size not in PAGE_SIZES or data != _header(page_size, version):
        raise CorruptIndex(
            path, "header", f"pages of {PAGE_SIZE} bytes, then zeros", f"pages of {page_size}, or no zeros"
        )
    return int(page_size), int(version)


def _read_trailer(data: bytes, path: str, length: int, page_size: int, format: int) -> tuple[int, int, int, int, int]:
    """Checksum of the file, offset of the page table, number of sections, checksums of page table and contents."""
    magic, *numbers, table_sum, contents_sum, checksum = TRAILER.unpack(data)
    if magic != TRAILER_MAGIC:
        raise CorruptIndex(path, "trailer", TRAILER_MAGIC, magic)
    if checksum != crc32c(data[: -WORD.size]):
        raise CorruptIndex(path, "trailer", f"crc32c {checksum:08x}", f"{crc32c(data[: -WORD.size]):08x}")
    _, at, _, _, count, _, _ = numbers
    # There is one way to lay out so many sections behind so many bytes.
    pages = -(-at // page_size)
    contents_at = at + WORD.size * pages
    whole = contents_at + ENTRY.size * count + TRAILER.size
    wanted = [whole, at, WORD.size * pages, contents_at, count, page_size, format]
    if numbers != wanted or whole != length or at < HEADER.size or at % ALIGNMENT or count > MOST_SECTIONS:
        raise CorruptIndex(path, "trailer", f"numbers that fit a file of {length} bytes", str(numbers))
    return checksum, at, count, table_sum, contents_sum


def _content_name(seal: bytes, format: int, attempt: int) -> str:
    """The name of the segment with this page table and contents. The same bytes have the same name.

    The format counts apart: a header ends with its own CRC, so that of a page that begins with it tells nothing of it.
    """
    from hashlib import blake2b  # takes 5 ms to load, and readers do without

    return segment_name(blake2b(seal, digest_size=8, person=bytes([attempt, format - 1])).hexdigest())
