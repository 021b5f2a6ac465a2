"""The segment file's laws: what is written is read, nothing in it can change unnoticed, and no bytes can do harm."""

from __future__ import annotations

import io
import random
import re
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest

from searchkit.core.checksum import crc32c, page_checksums
from searchkit.errors import CorruptIndex, FormatVersion
from searchkit.storage import MemoryStorage, SegmentEntry, SegmentWriter, read_segment
from searchkit.storage.container import (
    ALIGNMENT,
    ENTRY,
    HEADER,
    MOST_SECTIONS,
    PAGE_SIZE,
    SEGMENT_FORMAT,
    SEGMENT_FORMAT_PLAIN,
    TRAILER,
    TRAILER_MAGIC,
    Sections,
)

SMALL = {
    "ids": b"one\0two\0",
    "empty": b"",
    "postings": bytes(range(200)),
    "positions": b"\xff" * 64,
    "text": b"the end",
}
FORMAT_PAGE = Path(__file__).parent.parent / "docs" / "format.md"


class Sink:
    """An output that only takes bytes."""

    def __init__(self) -> None:
        self.data = io.BytesIO()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data.write(data)


def write(sections: Mapping[str, bytes], page_size: int = 64, chunk: int | None = None) -> tuple[bytes, int]:
    """A segment file, and its checksum."""
    sink = Sink()
    writer = SegmentWriter(sink, page_size)  # type: ignore[arg-type]
    for name, data in sections.items():
        writer.begin(name)
        for at in range(0, len(data), chunk or len(data) or 1):
            assert writer.position == at
            writer.write(data[at : at + (chunk or len(data))])
        writer.end()
    length, checksum = writer.finish()
    assert len(sink.data.getvalue()) == length
    return sink.data.getvalue(), checksum


def hexdump(data: bytes) -> str:
    """As `hexdump -C` prints it: 16 bytes a line, a star for lines like the one before."""
    lines: list[str] = []
    before = b""
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        if row == before and at + 16 < len(data):
            if lines[-1] != "*":
                lines.append("*")
            continue
        before = row
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        left, right = row[:8].hex(" "), row[8:].hex(" ")
        lines.append(f"{at:08x}  {left:<23}  {right:<23}  |{text}|")
    return "\n".join([*lines, f"{len(data):08x}"])


def seal(body: bytes, table: bytes, contents: bytes, **changed: int) -> bytes:
    """A whole file around `body`, all its checksums right, but with some numbers of the trailer changed."""
    at = len(body)
    numbers = {
        "length": at + len(table) + len(contents) + TRAILER.size,
        "at": at,
        "table_length": len(table),
        "contents_at": at + len(table),
        "count": len(contents) // ENTRY.size,
        "page_size": 64,
        "version": SEGMENT_FORMAT_PLAIN,
    }
    trailer = TRAILER.pack(TRAILER_MAGIC, *(numbers | changed).values(), crc32c(table), crc32c(contents), 0)[:-4]
    return body + table + contents + trailer + struct.pack("<I", crc32c(trailer))


def parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Body, page table and contents of a good file."""
    _, _, at, length, contents_at, *_ = TRAILER.unpack(data[-TRAILER.size :])
    return data[:at], data[at : at + length], data[contents_at : -TRAILER.size]


@pytest.mark.parametrize("page_size", [64, 256, PAGE_SIZE, 1 << 20])
def test_what_is_written_is_read_back(page_size: int) -> None:
    """Sections come back by name, in order, aligned; the pages' checksums are those of the bytes before the table."""
    data, checksum = write(SMALL, page_size)
    segment = read_segment(data, "a segment")
    assert {name: bytes(view) for name, view in segment.sections.items()} == SMALL
    assert list(segment.sections) == list(SMALL)
    for name, (start, length) in segment.offsets.items():
        assert start % ALIGNMENT == 0
        assert data[start : start + length] == SMALL[name]
    body, table, _ = parts(data)
    assert len(body) % ALIGNMENT == 0
    assert bytes(segment.page_checksums) == table == page_checksums(body, page_size)
    assert (segment.page_size, segment.length, segment.checksum) == (page_size, len(data), checksum)
    assert checksum == struct.unpack("<I", data[-4:])[0]
    assert list(segment.verify()) == []


def test_a_segment_may_have_no_section_at_all() -> None:
    """The smallest segment has nothing but header, one checksum and trailer."""
    data, _ = write({})
    segment = read_segment(data, "a segment")
    assert segment.sections == {}
    assert len(data) == HEADER.size + 4 + TRAILER.size
    assert list(segment.verify()) == []


def test_the_file_does_not_depend_on_how_it_was_written() -> None:
    """The same sections give the same bytes in whatever pieces they come, beyond a chunk of the writer too."""
    data = random.Random(1).randbytes(2_500_000)
    sections = {"head": b"h", "large": data, "tail": data[:70_000]}
    whole, _ = write(sections, PAGE_SIZE)
    assert write(sections, PAGE_SIZE, chunk=65_537)[0] == whole
    assert write(sections, PAGE_SIZE, chunk=1 << 20)[0] == whole
    segment = read_segment(whole, "a segment")
    assert segment.sections["large"] == data
    assert list(segment.verify()) == []


def test_any_buffer_of_bytes_can_be_written() -> None:
    """bytearrays and views of wider items are taken byte for byte."""
    sink = Sink()
    writer = SegmentWriter(sink)  # type: ignore[arg-type]
    writer.begin("numbers")
    writer.write(memoryview(bytes(range(8))).cast("I"))
    writer.write(bytearray(b"tail"))
    writer.end()
    writer.finish()
    assert read_segment(sink.data.getvalue(), "").sections["numbers"] == bytes(range(8)) + b"tail"


def test_the_name_stands_for_the_content() -> None:
    """The same sections get the same name, other bytes and other sections another one."""

    def publish(sections: Mapping[str, bytes]) -> str:
        storage = MemoryStorage()
        with storage.lock(0), storage.output() as output:
            writer = SegmentWriter(output)
            for name, data in sections.items():
                writer.begin(name)
                writer.write(data)
                writer.end()
            writer.finish()
            return writer.publish()

    name = publish(SMALL)
    assert re.fullmatch(r"seg-[0-9a-f]{16}\.sk", name)
    assert publish(SMALL) == name
    others = [SMALL | {"text": b"the eNd"}, SMALL | {"more": b""}, {"text": SMALL["text"]}, {}]
    assert len({name, *map(publish, others)}) == 1 + len(others)


def test_a_writer_refuses_what_would_make_no_file() -> None:
    """Sections have new names, follow one another, and nothing comes after the seal."""
    writer = SegmentWriter(Sink())  # type: ignore[arg-type]
    for name in ("", "Ids", "1st", "a b", "../x", "x" * 33, "é"):
        with pytest.raises(ValueError, match="name"):
            writer.begin(name)
    with pytest.raises(ValueError, match="no section"):
        writer.write(b"lost")
    with pytest.raises(ValueError, match="no section"):
        writer.end()
    with pytest.raises(ValueError, match="not finished"):
        writer.publish()
    writer.begin("ids")
    with pytest.raises(ValueError, match="ids"):
        writer.begin("more")
    with pytest.raises(ValueError, match="open"):
        writer.finish()
    writer.end()
    with pytest.raises(ValueError, match="name"):
        writer.begin("ids")
    for number in range(MOST_SECTIONS - 1):
        writer.begin(f"s{number}")
        writer.end()
    with pytest.raises(ValueError, match="name"):
        writer.begin("one-too-many")
    writer.finish()
    for call in (writer.finish, lambda: writer.begin("late")):
        with pytest.raises(ValueError, match=r"finished|nothing more"):
            call()
    for page_size in (0, 63, 100, 1 << 21):
        with pytest.raises(ValueError, match="power of two"):
            SegmentWriter(Sink(), page_size)  # type: ignore[arg-type]


def findings(data: bytes) -> list[str]:
    """What is found when a file is opened and verified: no other outcome is allowed."""
    try:
        return [str(finding) for finding in read_segment(data, "a segment").verify()]
    except CorruptIndex as error:
        return [str(error)]


def test_every_changed_bit_is_found() -> None:
    """No byte of the file is unprotected: not the padding, the tables, the trailer nor the header."""
    data, _ = write(SMALL)
    assert findings(data) == []
    changed = bytearray(data)
    for at in range(len(data)):
        for bit in range(8):
            changed[at] ^= 1 << bit
            assert findings(bytes(changed)), (at, bit)
            changed[at] ^= 1 << bit


def test_every_changed_byte_is_found() -> None:
    """A byte replaced by a random other one, a run of them zeroed, two of them swapped: found."""
    data, _ = write(SMALL)
    generator = random.Random(2)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] = (changed[at] + generator.randrange(1, 256)) % 256
        assert findings(bytes(changed)), at
        stop = at + generator.randrange(1, 64)
        for inside in (bytes(stop - at), data[at:stop][::-1]):
            other = (data[:at] + inside + data[stop:])[: len(data)]
            assert other == data or findings(other), at


def test_every_truncation_and_extension_is_found() -> None:
    """A file cut short at any length, or with something behind it, does not open."""
    data, _ = write(SMALL)
    for length in range(len(data)):
        with pytest.raises(CorruptIndex):
            read_segment(data[:length], "a segment")
    for tail in (b"\0", bytes(64), data[-TRAILER.size :], data):
        with pytest.raises(CorruptIndex):
            read_segment(data + tail, "a segment")


def test_a_damaged_page_is_named_and_the_rest_stays_readable() -> None:
    """Opening does not read the sections; verify tells file, section and offset of each damaged page, and goes on."""
    data, _ = write({"first": bytes(1000), "second": b"\1" * 1000, "third": b"\2" * 1000}, page_size=1024)
    damaged = bytearray(data)
    damaged[64 + 5] ^= 1  # page 0: header and first
    damaged[2000] ^= 1  # page 1: first, second
    segment = read_segment(bytes(damaged), "folder/seg-x.sk")
    assert bytes(segment.sections["third"]) == b"\2" * 1000
    found = list(segment.verify())
    places = [("header+first", 0), ("first+second", 1024), ("name", 64 + 3 * 1024)]
    assert [(finding.section, finding.offset) for finding in found] == places
    assert all(finding.path == "folder/seg-x.sk" for finding in found)
    assert "folder/seg-x.sk: first+second at byte 1024: expected crc32c" in str(found[1])


def test_a_file_that_is_changed_after_it_was_opened_is_found() -> None:
    """verify looks at header, trailer and contents again."""
    data = bytearray(write(SMALL)[0])
    segment = read_segment(data, "a segment")
    data[-1] ^= 1
    assert [finding.section for finding in segment.verify()] == ["trailer"]


def test_a_file_under_another_name_is_found() -> None:
    """verify knows by the content which name a segment should have."""
    data, _ = write(SMALL)
    assert [f.section for f in read_segment(data, "folder/seg-0000000000000000.sk").verify()] == ["name"]


def test_another_segment_than_the_manifest_means_is_refused() -> None:
    """A whole and sound file in the place of another does not open."""
    data, checksum = write(SMALL)
    name = "seg-0123456789abcdef.sk"
    assert read_segment(data, name, SegmentEntry(name, len(data), checksum, 2)).checksum == checksum
    for length, other in ((len(data) + 1, checksum), (len(data), checksum ^ 1)):
        with pytest.raises(CorruptIndex):
            read_segment(data, name, SegmentEntry(name, length, other, 2))


def test_a_newer_format_is_told_from_damage() -> None:
    """A header of another version with a right checksum is FormatVersion, whatever follows it."""
    data, _ = write(SMALL)
    header = HEADER.pack(data[:8], SEGMENT_FORMAT + 1, 64, 0)[:-4]
    newer = header + struct.pack("<I", crc32c(header)) + data[64:]
    with pytest.raises(FormatVersion) as caught:
        read_segment(newer, "a segment")
    assert str(SEGMENT_FORMAT + 1) in str(caught.value.found)


def test_hostile_numbers_with_right_checksums_are_refused() -> None:
    """Whatever number the trailer holds, its checksum made right: CorruptIndex, and nothing is allocated for it."""
    data, _ = write(SMALL)
    body, table, contents = parts(data)
    assert seal(body, table, contents) == data
    wide = [0, 1, 63, 64, 65, len(data), len(data) + 64, 2**31, 2**32, 2**63, 2**64 - 64, 2**64 - 1]
    for key in ("length", "at", "table_length", "contents_at", "count", "page_size", "version"):
        narrow = key in ("count", "page_size", "version")
        for value in wide:
            hostile = seal(body, table, contents, **{key: value & 0xFFFFFFFF if narrow else value})
            if hostile != data:
                with pytest.raises(CorruptIndex):
                    read_segment(hostile, "a segment")


def test_hostile_contents_with_right_checksums_are_refused() -> None:
    """Names and places that lie, overlap, repeat, leave gaps or point outside, with checksums made right."""
    data, _ = write(SMALL)
    body, table, contents = parts(data)
    entries = [ENTRY.unpack_from(contents, at) for at in range(0, len(contents), ENTRY.size)]
    assert seal(body, table, b"".join(ENTRY.pack(*entry) for entry in entries)) == data
    hostile = [[], entries[:-1], entries[1:], entries[::-1], entries * 2, [*entries, entries[-1]], entries * 1000]
    for index in range(len(entries)):
        for place in range(2):
            for value in (0, 1, 64, 100, len(body), len(data), 2**32, 2**63, 2**64 - 1, 2**64 - 64):
                changed = [list(entry) for entry in entries]
                changed[index][1 + place] = value
                hostile.append([tuple(entry) for entry in changed])
        twice = entries[0][0] if index else b"text"
        for name in (b"", b"\0ids", b"ids\0x", b"../../etc/passwd", b"\xff" * 32, b"IDS", twice):
            changed = [list(entry) for entry in entries]
            changed[index][0] = name
            hostile.append([tuple(entry) for entry in changed])
    for case in hostile:
        rounded = [(name, start, -(-length // ALIGNMENT)) for name, start, length in case]
        if rounded == [(name, start, -(-length // ALIGNMENT)) for name, start, length in entries]:
            continue  # this is how a section of another length in the same place looks
        with pytest.raises(CorruptIndex):
            read_segment(seal(body, table, b"".join(ENTRY.pack(*entry) for entry in case)), "a segment")


def test_written_padding_with_right_checksums_is_found() -> None:
    """Bytes between sections are zeros, even if the page table says otherwise."""
    data, _ = write(SMALL)
    body, _, contents = parts(data)
    changed = bytearray(body)
    changed[64 + len(SMALL["ids"])] = 1
    segment = read_segment(seal(bytes(changed), page_checksums(changed, 64), contents), "a segment")
    assert [(finding.section, finding.offset) for finding in segment.verify()] == [("padding", 72)]


def test_noise_is_refused() -> None:
    """Random bytes of any length, zeros, and noise behind a good header or before a good trailer."""
    generator = random.Random(3)
    data, _ = write(SMALL)
    for _ in range(300):
        noise = generator.randbytes(generator.randrange(600))
        for case in (noise, bytes(len(noise)), data[:64] + noise, noise + data[-64:], data[:64] + noise + data[-64:]):
            with pytest.raises(CorruptIndex):
                read_segment(case, "a segment")


def test_released_sections_let_go_of_the_bytes() -> None:
    """After release nothing of the file is held."""
    data = bytearray(write(SMALL)[0])
    segment: Sections = read_segment(data, "a segment")
    with pytest.raises(BufferError):
        data.clear()
    segment.release()
    data.clear()


def test_the_example_in_the_format_page_is_what_is_written() -> None:
    """docs/format.md shows a whole segment file byte by byte."""
    data, checksum = write({"greeting": b"hello, world"}, PAGE_SIZE)
    page = FORMAT_PAGE.read_text(encoding="utf-8")
    assert hexdump(data) in page
    assert f"{checksum:08x}" in page
