"""Putting one flipped bit back, which a CRC-32C can tell the place of.

Flipping a bit of a message changes its checksum by a value that depends on the place alone, and below 2^31 bits no two
places share one (nor does a pair of flipped bits look like a single one: the code's distance is 4). So a checksum that
is off by such a value names the bit. A page that was overwritten looks like one by chance once in 30,000 times: what is
put back is therefore used where more has to fit (a record, JSON of one form), and is always reported.
"""

from __future__ import annotations

from functools import lru_cache

from searchkit.core.checksum import crc32c
from searchkit.errors import CorruptIndex, FormatVersion
from searchkit.storage.live import decode_live
from searchkit.storage.manifest import Manifest, SegmentEntry, decode_manifest

__all__ = ["mended", "mended_live", "mended_manifest"]

POLYNOMIAL = 0x82F63B78  # of CRC-32C, lowest bit first
MOST_BITS = 1 << 20  # looked through: a page has an eighth of it
LAST_LINE = 16  # bytes of a manifest's


def mended(data: bytes, checksum: int) -> bytes | None:
    """`data` with the one bit flipped that gives it this checksum; as it is if it fits; None if no one bit does."""
    off = crc32c(data) ^ checksum
    if not off:
        return data
    place = _places(min(8 * len(data), MOST_BITS)).get(off)
    if place is None:
        return None
    at = 8 * len(data) - 1 - place
    changed = bytearray(data)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def mended_manifest(data: bytes, path: str, generation: int) -> Manifest | None:
    """The manifest, if a bit of it was flipped and nothing else."""
    text, line = data[:-LAST_LINE], data[-LAST_LINE:]
    proper = b"crc32c %08x\n" % crc32c(text)
    candidates: list[bytes | None] = []
    if (int.from_bytes(line, "little") ^ int.from_bytes(proper, "little")).bit_count() == 1:
        candidates.append(text + proper)
    try:
        whole = mended(text, int(line[7:15], 16))
        candidates.append(None if whole is None else whole + line)
    except ValueError:
        pass
    for candidate in candidates:
        if candidate is not None:
            try:
                return decode_manifest(candidate, path, generation)
            except (CorruptIndex, FormatVersion):
                continue
    return None


def mended_live(data: bytes, path: str, entry: SegmentEntry) -> bytes | None:
    """The bytes of the live-document file that `entry` means, if a bit or only the seal was damaged."""
    if entry.live is None or len(data) != entry.live.length or len(data) < 4:
        return None
    body = mended(data[:-4], entry.live.checksum)
    if body is None:
        return None
    whole = body + entry.live.checksum.to_bytes(4, "little")
    try:
        decode_live(whole, path, entry)
    except (CorruptIndex, FormatVersion):
        return None
    return whole


@lru_cache(maxsize=4)
def _places(bits: int) -> dict[int, int]:
    """How many bits stand behind the flipped one, by what it changes the checksum by."""
    places = {}
    change = POLYNOMIAL
    for place in range(bits):
        places[change] = place
        change = change >> 1 ^ (POLYNOMIAL if change & 1 else 0)
    return places
