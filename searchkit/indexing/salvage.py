"""What can be read of a damaged segment file: all pages that are as they were written, or can be made so again.

Nothing here trusts more than it must. The trailer is known by the checksum that the manifest repeats, the contents and
the page table by the trailer, the number of articles from the manifest. Then ids, dates and stored blocks are read one
by one, each only if all pages under it are right; what else the segment says is not asked.
"""

from __future__ import annotations

import json
import struct
from bisect import bisect_right
from collections.abc import Iterator

from searchkit.core.checksum import crc32c, page_checksums
from searchkit.dates import MAX_SECOND, DateInterval
from searchkit.errors import CorruptIndex, DateError
from searchkit.indexing.rebuild import Stored
from searchkit.indexing.store import ENTRY, UNDATED, Record, read_block
from searchkit.storage.container import Layout, damaged_layout
from searchkit.storage.manifest import SegmentEntry
from searchkit.storage.mend import mended

__all__ = ["Salvage"]

RUN = struct.Struct("<qqI")
ID_BLOCK = 16  # ids in a block
LONG = 15  # a half byte that says that a varint follows


class Salvage:
    """A damaged segment file, opened. Raises CorruptIndex if not even its contents can be found."""

    def __init__(self, view: memoryview, path: str, entry: SegmentEntry) -> None:
        self.path = path
        self.articles = entry.articles
        self.layout: Layout = damaged_layout(view, path, entry.length, entry.checksum)
        width = (entry.articles - 1).bit_length() + 1 if entry.articles else 0
        if not 0 < entry.articles * width <= 8 * self.layout.offsets.get("id_order", (0, 0))[1]:
            raise CorruptIndex(path, "id_order", f"the order of {entry.articles} articles", "too few bytes")
        self._view = view
        self._sound: dict[int, bytes | None] = {}  # pages that were looked at: None where they are wrong
        page_size = self.layout.page_size
        sums = page_checksums(view[: self.layout.body], page_size)
        self._wrong = {
            page for page in range(len(sums) // 4) if sums[4 * page :][:4] != self.layout.table[4 * page :][:4]
        }

        self.damaged = bool(self._wrong) or bytes(view[self.layout.body :]) != self.layout.seal

    def page(self, number: int) -> bytes | None:
        """A page as it was written; None if it is wrong in more than one bit."""
        if number not in self._sound:
            size = self.layout.page_size
            start = number * size
            data = bytes(self._view[start : min(start + size, self.layout.body)])
            checksum = int.from_bytes(self.layout.table[4 * number : 4 * number + 4], "little")
            if number == 0:  # of the header everything is known
                whole = self.layout.header + data[len(self.layout.header) :]
                self._sound[0] = whole if crc32c(whole) == checksum else mended(data, checksum)
            else:
                self._sound[number] = mended(data, checksum)
        return self._sound[number]

    def whole(self) -> list[bytes | memoryview] | None:
        """The file as it was written, in pieces, if all of it can be had."""
        if any(self.page(number) is None for number in self._wrong):
            return None
        pieces: list[bytes | memoryview] = []
        at, size = 0, self.layout.page_size
        for number in sorted(self._wrong):
            pieces += [self._view[at : number * size], self.page(number) or b""]
            at = min((number + 1) * size, self.layout.body)
        return [*pieces, self._view[at : self.layout.body], self.layout.seal]

    def read(self, start: int, stop: int) -> bytes | None:
        """Bytes of the file; None if a page of them is wrong."""
        size = self.layout.page_size
        pages = range(start // size, (stop - 1) // size + 1)
        if not self._wrong.intersection(pages):
            return bytes(self._view[start:stop])
        found = [self.page(number) for number in pages]
        if None in found:
            return None
        whole = b"".join(page for page in found if page is not None)
        return whole[start - pages.start * size :][: stop - start]

    def _part(self, section: str, start: int, size: int) -> bytes | None:
        """So many bytes of a section, from `start` on."""
        at, length = self.layout.offsets.get(section, (0, 0))
        if start < 0 or size <= 0 or start + size > length:
            return None
        return self.read(at + start, at + start + size)

    # ---- ids

    def ids(self) -> tuple[list[bytes | None], list[bytes | None]]:
        """The ids by docid, and all of them in their order; None where one cannot be read."""
        ranked: list[bytes | None] = []
        for block in range(-(-self.articles // ID_BLOCK)):
            count = min(ID_BLOCK, self.articles - block * ID_BLOCK)
            found = self._id_block(block, count)
            ranked += [*found, *[None] * (count - len(found))]
        width = (self.articles - 1).bit_length()
        by_docid: list[bytes | None] = []
        for docid in range(self.articles):
            rank = self._bits(docid * (width + 1), width)
            by_docid.append(ranked[rank] if rank is not None and rank < self.articles else None)
        return by_docid, ranked

    def _id_block(self, block: int, count: int) -> list[bytes]:
        blocks = -(-self.articles // ID_BLOCK)
        size = self.layout.offsets.get("ids", (0, 0))[1] - 4 * blocks
        last = block + 1 == blocks
        places = self._part("ids", 4 * block, 4 if last else 8)
        if places is None:
            return []
        start = int.from_bytes(places[:4], "little")
        stop = size if last else int.from_bytes(places[4:], "little")
        data = self._part("ids", 4 * blocks + start, stop - start) if start < stop <= size else None
        if data is None:
            return []
        found: list[bytes] = []
        id, at = b"", 0
        try:
            for _ in range(count):
                numbers = [data[at] & 15, data[at] >> 4]
                at += 1
                for half in (0, 1):
                    if numbers[half] == LONG:
                        more, at = _varint(data, at)
                        numbers[half] += more
                drop, more = numbers
                if drop > len(id) or more > len(data) - at:
                    break
                id = id[: len(id) - drop] + data[at : at + more]
                at += more
                id.decode()
                found.append(id)
        except (IndexError, UnicodeDecodeError):
            pass
        return found

    def _bits(self, at: int, count: int) -> int | None:
        """A number of `count` bits in `id_order`."""
        if not count:
            return 0
        data = self._part("id_order", at // 8, (at + count - 1) // 8 + 1 - at // 8)
        return None if data is None else int.from_bytes(data, "little") >> at % 8 & (1 << count) - 1

    # ---- dates

    def _runs(self) -> tuple[list[int], list[tuple[int, int] | None]]:
        """First docids of stretches of one date, rising, and that date; None where it cannot be read."""
        firsts: list[int] = []
        dates: list[tuple[int, int] | None] = []
        for run in range(self.layout.offsets.get("dates", (0, 0))[1] // RUN.size):
            data = self._part("dates", run * RUN.size, RUN.size)
            start, end, first = RUN.unpack(data) if data is not None else (0, 0, -1)
            right = 0 <= start < end <= MAX_SECOND or start == end == UNDATED
            if data is not None and right and first < self.articles and (not firsts or first > firsts[-1]):
                firsts.append(first)
                dates.append((start, end))
            elif dates:
                dates[-1] = None  # where it ends is not known
        return firsts, dates

    # ---- articles

    def stored(self, timezone: str) -> Iterator[tuple[int, Stored | None, bytes | None]]:
        """Every docid with its article, None if that cannot be had, and its id if that can be read."""
        by_docid, _ = self.ids()
        firsts, dates = self._runs()
        for docid, record in self._records():
            id = by_docid[docid]
            if record is None or id is None or not _is_article(record):
                yield docid, None, id
                continue
            run = bisect_right(firsts, docid) - 1
            date = dates[run] if run >= 0 else None
            start, end = date or _written(record.date, timezone)
            yield docid, (id, start, end, record), id

    def _records(self) -> Iterator[tuple[int, Record | None]]:
        """Every docid once, with its record."""
        docid = 0
        size = self.layout.offsets.get("store", (0, 0))[1]
        count = self.layout.offsets.get("store_index", (0, 0))[1] // ENTRY.size
        for block in range(count):
            entries = [self._part("store_index", ENTRY.size * at, ENTRY.size) for at in (block, block + 1)]
            if entries[0] is None or (entries[1] is None and block + 1 < count):
                continue
            first, start = ENTRY.unpack(entries[0])
            past, stop = ENTRY.unpack(entries[1]) if entries[1] is not None else (self.articles, size)
            if not (docid <= first < past <= self.articles and start < stop <= size):
                continue
            data = self._part("store", start, stop - start)
            while docid < first:
                yield docid, None
                docid += 1
            try:
                records = [] if data is None else list(read_block(memoryview(data), self.path))
            except CorruptIndex:
                records = []
            whole = len(records) == past - first
            while docid < past:
                yield docid, records[docid - first] if whole else None
                docid += 1
        while docid < self.articles:
            yield docid, None
            docid += 1


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of 7 bits, and where what follows begins. IndexError at the end."""
    number = shift = 0
    while shift < 64:
        number |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return number, at
    raise IndexError("a number of more than 64 bits")


def _is_article(record: Record) -> bool:
    try:
        fields = json.loads(record.fields) if record.fields else {}
        record.title.decode()
        record.date.decode()
        record.text.decode()
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict)


def _written(date: bytes, timezone: str) -> tuple[int, int]:
    """The date as the article was given it; undated if it has none that can be read again."""
    try:
        interval = DateInterval.from_value(date.decode(), timezone)
    except DateError:
        return UNDATED, UNDATED
    return interval.start_second, interval.end_second
