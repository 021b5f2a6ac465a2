"""The checksum's laws: known answers, three versions that agree, chaining, pages."""

from __future__ import annotations

import mmap
import random
import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

from searchkit.core.checksum import crc32c, crc32c_portable, hardware, page_checksums


def textbook(data: bytes, crc: int = 0) -> int:
    """CRC-32C one bit at a time."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0x00000000),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_known_answers(data: bytes, expected: int) -> None:
    """The check value of the CRC catalogue and the examples of RFC 3720, B.4."""
    assert crc32c(data) == crc32c_portable(data) == textbook(data) == expected


def test_the_twins_agree_with_the_textbook_at_every_length_and_alignment() -> None:
    """Whatever computes it, wherever the bytes lie, the checksum is the same."""
    assert hardware() in (True, False)
    data = random.Random(1).randbytes(400)
    for start in range(9):
        for length in (*range(70), 127, 128, 129, 255, 256, 257, 390):
            part = memoryview(data)[start : start + length]
            assert crc32c(part) == crc32c_portable(part) == textbook(bytes(part)), (start, length)


def test_a_checksum_goes_on_where_another_ended() -> None:
    """crc32c(b, crc32c(a)) == crc32c(a + b), at any cut."""
    data = random.Random(2).randbytes(9000)
    for cut in (0, 1, 7, 8, 4095, 4096, 4097, 8999, 9000):
        for function in (crc32c, crc32c_portable):
            assert function(data[cut:], function(data[:cut])) == crc32c(data)


@pytest.mark.parametrize("page_size", [1, 7, 8, 64, 100, 4096, 16384])
def test_pages_are_summed_one_by_one(page_size: int) -> None:
    """page_checksums is crc32c of each page, little-endian, the last page short; three at a time or not."""
    data = random.Random(3).randbytes(7 * page_size + 5)
    for pages in (0, 1, 2, 3, 4, 6, 7):
        for length in {pages * page_size, pages * page_size + 1, max(pages * page_size - 1, 0)}:
            part = data[:length]
            sums = [crc32c(part[at : at + page_size]) for at in range(0, length, page_size)]
            assert page_checksums(part, page_size) == struct.pack(f"<{len(sums)}I", *sums)


def test_the_usual_page_has_16_kib() -> None:
    """The default page size is that of segment files."""
    data = random.Random(4).randbytes(50_000)
    assert page_checksums(data) == page_checksums(data, 16384)
    assert len(page_checksums(data)) == 4 * 4


def test_anything_that_lends_bytes_is_taken() -> None:
    """bytes, bytearray, memoryview of any items and mmap give the same checksum."""
    data = random.Random(5).randbytes(mmap.PAGESIZE)
    with mmap.mmap(-1, len(data)) as mapped:
        mapped[:] = data
        for buffer in (bytearray(data), memoryview(data), memoryview(data).cast("I"), mapped):
            assert crc32c(buffer) == crc32c(data)
            assert page_checksums(buffer, 64) == page_checksums(data, 64)


def test_what_is_not_contiguous_bytes_is_refused() -> None:
    """Text, numbers and strided views are errors, not checksums of something else."""
    for function in (crc32c, crc32c_portable, page_checksums):
        for wrong in ("text", 5, None):
            with pytest.raises(TypeError):
                function(wrong)  # type: ignore[arg-type]
        with pytest.raises(BufferError):
            function(memoryview(bytes(100))[::2])
    for page_size in (0, -1):
        with pytest.raises(ValueError, match="positive"):
            page_checksums(b"abc", page_size)
    with pytest.raises(OverflowError):
        crc32c(b"abc", 1 << 32)


def test_threads_do_not_disturb_each_other() -> None:
    """The same checksums from four threads at once as from one."""
    generator = random.Random(6)
    parts = [generator.randbytes(20_000) for _ in range(64)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(crc32c, parts)) == [crc32c_portable(part) for part in parts]
        assert list(pool.map(page_checksums, parts)) == [page_checksums(part) for part in parts]
