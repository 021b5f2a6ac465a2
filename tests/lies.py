"""A segment taken apart, changed where it matters, and ready to be sealed again.

A lie is a function that changes the sections of a segment in place. Sizes that follow from what it changed (of lists,
of dictionaries) are made to fit again, so that the lie is not found by the first sum that does not add up.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

META = struct.Struct("<QQddIIIIIIqQQQQ")
ARTICLES, LENGTH_WIDTH, TERMS, FORMS = 0, 6, 11, 12  # places in it
BLOCK, ANCHOR, HEAD = 256, 64, 20
WIDTHS = {
    "ids": [4],
    "dates": [8, 8, 4],
    "term_index": [4, 8],
    "form_index": [4, 8],
    "store_index": [4, 8],
}

Sections = dict[str, bytearray]
Entry = list[Any]  # of a dictionary: key, numbers, and of a form the bytes to append


# -- taking a segment apart -------------------------------------------------------------------------------------------


def varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def read_varint(data: bytes | bytearray, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return number, at


def read_dictionary(data: bytearray, numbers: int, forms: bool) -> list[Entry]:
    entries: list[Entry] = []
    key, at = b"", 0
    while at < len(data):
        shared, at = read_varint(data, at)
        rest, at = read_varint(data, at)
        key = key[:shared] + bytes(data[at : at + rest])
        at += rest
        values = []
        for _ in range(numbers):
            value, at = read_varint(data, at)
            values.append(value)
        tail = bytes(data[at : at + values[-1]]) if forms else b""
        at += len(tail)
        entries.append([key, values, tail])
    return entries


def write_dictionary(entries: list[Entry], sizes: list[int]) -> tuple[bytearray, bytearray]:
    """Keys and index; `sizes`: bytes of each entry's list."""
    keys, index, last, payload = bytearray(), bytearray(), b"", 0
    for number, ((key, values, tail), size) in enumerate(zip(entries, sizes, strict=True)):
        shared = 0
        if number % 16 == 0:
            index += struct.pack("<IQ", len(keys), payload)
        else:
            shared = next(
                (i for i, (a, b) in enumerate(zip(key, last, strict=False)) if a != b), min(len(key), len(last))
            )
        keys += varint(shared) + varint(len(key) - shared) + key[shared:] + b"".join(map(varint, values)) + tail
        last = key
        payload += size
    return keys, index


def unpack_bits(data: bytes | bytearray, width: int, count: int) -> list[int]:
    whole = int.from_bytes(data, "little")
    return [whole >> i * width & (1 << width) - 1 for i in range(count)]


def pack_bits(values: list[int], width: int) -> bytes:
    whole = sum((value & (1 << width) - 1) << i * width for i, value in enumerate(values))
    return whole.to_bytes(-(-len(values) * width // 8), "little")


def packed(values: list[int], width: int, lane_of: Callable[[int], int], row_of: Callable[[int], int]) -> bytes:
    """A packed group of 256 numbers."""
    lanes = [0] * 8
    for i, value in enumerate(values):
        lanes[lane_of(i)] |= (value & (1 << width) - 1) << row_of(i) * width
    return b"".join(struct.pack("<8I", *(lane >> 32 * row & 0xFFFFFFFF for lane in lanes)) for row in range(width))


def full_block(
    docids: list[int], previous: int, width: int, tfs: list[int], tf_width: int, places: list[int], bits: int
) -> bytes:
    """`places`: of the frequencies that are patched, with what they have above `tf_width`, in so many bits."""
    patches = bytes([len(places), bits, *places]) + pack_bits([tfs[i] - 1 >> tf_width for i in places], bits)
    gaps = [(docid - before - 1) & 0xFFFFFFFF for before, docid in zip([previous, *docids], docids, strict=False)]
    return (
        bytes([width, tf_width | 128 * bool(places)])
        + (patches if places else b"")
        + packed(gaps, width, lambda i: i // 32, lambda i: i % 32)
        + packed([tf - 1 for tf in tfs], tf_width, lambda i: i % 8, lambda i: i // 8)
    )


IdEntry = tuple[int, int, bytes]  # bytes to drop, bytes to add as the file says, and those that are there


def read_ids(data: bytearray, articles: int) -> list[IdEntry]:
    entries, at = [], 4 * -(-articles // 16)
    while at < len(data):
        both = data[at]
        numbers, at = [both & 15, both >> 4], at + 1
        for i in (0, 1):
            if numbers[i] == 15:
                rest, at = read_varint(data, at)
                numbers[i] += rest
        entries.append((numbers[0], numbers[1], bytes(data[at : at + numbers[1]])))
        at += numbers[1]
    return entries


def write_ids(entries: list[IdEntry]) -> bytearray:
    offsets, blocks = bytearray(), bytearray()
    for number, (drop, more, added) in enumerate(entries):
        if number % 16 == 0:
            offsets += struct.pack("<I", len(blocks))
        blocks += bytes([min(drop, 15) | min(more, 15) << 4])
        blocks += b"".join(varint(count - 15) for count in (drop, more) if count >= 15) + added
    return offsets + blocks


# -- lies -------------------------------------------------------------------------------------------------------------


def odd(random: random.Random, value: int, bits: int) -> int:
    """A number that is likely to be wrong in an interesting way."""
    near = [value + 1, value - 1, value * 2, value // 2, value ^ 1 << random.randrange(bits), random.getrandbits(bits)]
    edges = [0, 1, 15, 16, 63, 64, 255, 256, 257, 65535, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1, 2**63 - 1, 2**63]
    return random.choice([*near, random.choice(edges), (1 << bits) - 1 - random.randrange(3)]) & (1 << bits) - 1


def lie_in_meta(random: random.Random, sections: Sections) -> None:
    values = list(META.unpack(sections["meta"]))
    place = random.randrange(len(values) - 1)
    if place in (2, 3):
        values[place] = random.choice([0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, 1e300, float("inf"), float("nan")])
    elif place == 10:
        values[place] = odd(random, values[place], 63) * random.choice([1, 1, -1])
    else:
        values[place] = odd(random, values[place], 64 if place < 2 or place > 10 else 32)
    sections["meta"][:] = META.pack(*values)


def lie_in_numbers(random: random.Random, sections: Sections) -> None:
    """Some elements of a section of numbers."""
    meta = META.unpack(sections["meta"])
    widths = {**WIDTHS, "lengths": [meta[LENGTH_WIDTH]], "titles": [meta[LENGTH_WIDTH + 1]]}
    name = random.choice([name for name in widths if len(sections[name]) >= sum(widths[name]) > 0])
    for _ in range(random.choice([1, 1, 2, 40])):
        field = random.randrange(len(widths[name]))
        width = widths[name][field]
        at = random.randrange(len(sections[name]) // sum(widths[name])) * sum(widths[name]) + sum(widths[name][:field])
        value = int.from_bytes(sections[name][at : at + width], "little")
        sections[name][at : at + width] = odd(random, value, 8 * width).to_bytes(width, "little")


def lie_in_lengths(random: random.Random, sections: Sections) -> None:
    """Articles of billions of tokens, and titles of as many."""
    meta = list(META.unpack(sections["meta"]))
    for name, place in (("lengths", LENGTH_WIDTH), ("titles", LENGTH_WIDTH + 1)):
        if random.random() < 0.7:
            most = random.choice([1000, 2**31, 2**32 - 1])
            lengths = [
                random.randint(0, most) if random.random() < 0.3 else most for _ in range(meta[ARTICLES] % 100_000)
            ]
            sections[name][:] = struct.pack(f"<{len(lengths)}I", *lengths)
            meta[place] = 4
    sections["meta"][:] = META.pack(*meta)


def lie_in_ids(random: random.Random, sections: Sections) -> None:
    """Ids that drop more than there is, have more bytes than their block, fall, repeat, or are no UTF-8."""
    entries = read_ids(sections["ids"], META.unpack(sections["meta"])[ARTICLES])
    for _ in range(random.choice([1, 1, 3])):
        number = random.randrange(len(entries))
        drop, more, added = entries[number]
        match random.randrange(5):
            case 0:
                entries[number] = (random.choice([0, 1, 14, 15, 16, 2**32, 2**63 - 1]), more, added)
            case 1:
                entries[number] = (drop, random.choice([0, 1, 14, 15, 16, 500, 2**32, 2**63 - 1]), added)
            case 2:
                added = random.choice([b"", b"\xff", b"a" * 300, random.randbytes(9)])
                entries[number] = (drop, len(added), added)
            case 3:
                random.shuffle(entries)
            case _:
                del entries[number]
                entries.insert(random.randrange(len(entries) + 1), (drop, more, added))
    sections["ids"][:] = write_ids(entries)


def lie_in_id_order(random: random.Random, sections: Sections) -> None:
    """Ranks that two docids have, or none, or that lead in circles; jumps from and to anywhere."""
    # A lie told before may have made this number any other.
    articles = max(2, min(META.unpack(sections["meta"])[ARTICLES], 8 * len(sections["id_order"])))
    width = (articles - 1).bit_length()
    size = -(-articles * (width + 1) // 8)
    entries = unpack_bits(sections["id_order"], width + 1, articles)
    jumps = unpack_bits(sections["id_order"][size:], width, (len(sections["id_order"]) - size) * 8 // (2 * width) * 2)
    for _ in range(random.choice([1, 1, 3, 100])):
        values = jumps if jumps and random.random() < 0.4 else entries
        values[random.randrange(len(values))] = odd(random, random.choice(values), width + 1)
    if random.random() < 0.2:
        jumps += [random.randrange(articles) for _ in range(random.choice([2, 2 * articles]))]
    elif random.random() < 0.2:
        entries.sort()
    sections["id_order"][:] = pack_bits(entries, width + 1) + pack_bits(jumps, width)


def lie_in_dates(random: random.Random, sections: Sections) -> None:
    run = random.randrange(len(sections["dates"]) // 20) * 20
    edges = [-(2**63), -2, -1, 0, 1, 2**62, 315537897600, 315537897601, 2**63 - 1]
    struct.pack_into("<qq", sections["dates"], run, random.choice(edges), random.choice(edges))


def lie_anywhere(random: random.Random, sections: Sections) -> None:
    name = random.choice([name for name in sections if sections[name]])
    section = sections[name]
    at = random.randrange(len(section))
    match random.randrange(4):
        case 0:
            section[at] ^= 1 << random.randrange(8)
        case 1:
            section[at : at + 8] = random.randbytes(min(8, len(section) - at))
        case 2:
            del section[at : at + random.choice([1, 4, 12, len(section)])]
        case 3:
            section[at:at] = random.choice([b"\0", b"\xff" * 12, bytes(section[:200])])


def lie_in_keys(random: random.Random, sections: Sections) -> None:
    """Words that are no UTF-8, stand in the wrong order, or have figures that are not theirs."""
    forms = random.random() < 0.3
    keys, index, place = ("forms", "form_index", FORMS) if forms else ("terms", "term_index", TERMS)
    entries = read_dictionary(sections[keys], 3, forms)
    for _ in range(random.choice([1, 1, 3])):
        entry = random.choice(entries)
        match random.randrange(6):
            case 0:
                entry[0] = random.choice(
                    [b"", b"\xff\xfe", b"w\xff", b"\xed\xa0\x80", b"w" * 255, b"w1", random.randbytes(5)]
                )
            case 1:
                random.shuffle(entries)
            case 2:
                entries.append(entry)
            case _:
                number = random.randrange(3)
                entry[1][number] = odd(random, entry[1][number], 32)
    sizes = [0 if forms else values[1] for _, values, _ in entries]
    sections[keys][:], sections[index][:] = write_dictionary(entries, sizes)
    meta = list(META.unpack(sections["meta"]))
    meta[place] = len(entries)
    sections["meta"][:] = META.pack(*meta)


def with_lists(sections: Sections, change: Callable[[list[Entry], list[bytearray]], None]) -> None:
    """Take the lists out of their section, have them changed, put them back with a dictionary that fits them."""
    entries = read_dictionary(sections["terms"], 3, False)
    lists, at = [], 0
    for _, (_, size, _), _ in entries:
        lists.append(sections["postings"][at : at + size])
        at += size
    change(entries, lists)
    for entry, data in zip(entries, lists, strict=True):
        entry[1][1] = len(data)
    sections["postings"][:] = b"".join(lists)
    sections["terms"][:], sections["term_index"][:] = write_dictionary(entries, list(map(len, lists)))


def lie_in_a_list(random: random.Random, sections: Sections) -> None:
    """Of the figures of a long list, of its blocks, of positions; of the first bytes of a short one."""

    def change(entries: list[Entry], lists: list[bytearray]) -> None:
        long = [number for number, entry in enumerate(entries) if entry[1][0] >= BLOCK]
        number = random.choice(long) if long and random.random() < 0.8 else random.randrange(len(entries))
        df, data = entries[number][1][0], lists[number]
        blocks = -(-df // BLOCK)
        head = HEAD + 13 * blocks if df >= BLOCK else 0
        for _ in range(random.choice([1, 1, 2, 5])):
            at = random.randrange(len(data)) if random.random() < 0.3 or not head else random.randrange(head)
            if HEAD <= at < head - blocks or 16 <= at < HEAD:
                at &= ~3
                struct.pack_into("<I", data, at, odd(random, *struct.unpack_from("<I", data, at), 32))
            elif at < 16 and head:
                floats = [0, -1, 1e-30, 3e38, float("inf"), float("nan"), random.random()]
                struct.pack_into("<f", data, at & ~3, random.choice(floats))
            else:
                data[at] = random.choice([0, 255, random.randrange(256), data[at] ^ 1 << random.randrange(8)])
        if random.random() < 0.2:
            entries[number][1][0] = odd(random, df, 12)
        if random.random() < 0.2:
            del data[random.randrange(len(data)) :]

    with_lists(sections, change)


def lie_in_a_block(random: random.Random, sections: Sections) -> None:
    """A full block whose docids fall, repeat or run around 2**32, and still end where the list says."""
    articles = META.unpack(sections["meta"])[ARTICLES]

    def change(entries: list[Entry], lists: list[bytearray]) -> None:
        long = [number for number, entry in enumerate(entries) if entry[1][0] >= BLOCK]
        if not long:
            return
        number = random.choice(long)
        df, data = entries[number][1][0], lists[number]
        blocks, full = -(-df // BLOCK), df // BLOCK
        size = struct.unpack_from("<I", data, 16)[0]
        last = list(struct.unpack_from(f"<{blocks}I", data, HEAD))
        offsets = [*struct.unpack_from(f"<{blocks}I", data, HEAD + 4 * blocks), size]
        coded = [bytes(data[HEAD + 13 * blocks :][a:b]) for a, b in pairwise(offsets)]
        rest = data[HEAD + 13 * blocks + size :]
        block = random.randrange(full)
        docids = [random.randrange(articles) for _ in range(BLOCK)]
        if random.random() < 0.3:
            docids.sort()
        if random.random() < 0.2:
            last[block] = odd(random, last[block], 13)
        docids[-1] = last[block]
        most = random.choice([1, 6, 2**30])
        tfs = [random.randint(1, most) for _ in range(BLOCK)]
        width, tf_width = random.choice([32, 31, 27, 26]), max(most.bit_length() - 1, 1)
        places, bits = random.choices(range(BLOCK), k=random.choice([0, 0, 3, 255])), 0
        if places and random.random() < 0.7:
            places = sorted(set(places))
            bits = random.choice([0, 1, 2, 30 - tf_width, 31 - tf_width, 255])
            tfs = [tf | random.getrandbits(31) for tf in tfs]
        before = last[block - 1] if block else 0xFFFFFFFF
        coded[block] = full_block(docids, before, width, tfs, tf_width, places, bits)
        starts = [sum(map(len, coded[:i])) for i in range(blocks)]
        struct.pack_into("<I", data, 16, sum(map(len, coded)))
        struct.pack_into(f"<{2 * blocks}I", data, HEAD, *last, *starts)
        data[HEAD + 13 * blocks :] = b"".join(coded) + rest

    with_lists(sections, change)


def lie_in_the_store(random: random.Random, sections: Sections) -> None:
    """Records that are too long, no JSON, no UTF-8, or nested ten thousand deep; a frame that says it is huge."""
    deep = b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    fields = random.choice([b"", b"{", b"[]", b'{"a":{}}', b'{"a":NaN}', b'{"":1}', deep, b"\xff", b'{"a":"\\ud800"}'])
    parts = [
        random.choice([b"", b"a title", b"\xff"]),
        random.choice([b"", b"2020", b"\xff"]),
        fields,
        b"w1 w2\xf0"[: random.choice([5, 6])],
    ]
    lengths = [len(part) if random.random() < 0.8 else odd(random, len(part), 32) for part in parts]
    block = b"\0" + (struct.pack("<4I", *lengths) + b"".join(parts)) * random.choice([1, 20, 2000])
    if random.random() < 0.3:
        size = random.choice([0, 1 << 30, 1 << 31, (1 << 31) + 1, 1 << 62])
        block = b"\1\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", size) + random.randbytes(20)
    sections["store"][:] = block
    sections["store_index"][:] = struct.pack("<IQ", 0, 0)


LIES = (
    *(
        lie_in_meta,
        lie_in_numbers,
        lie_in_lengths,
        lie_in_ids,
        lie_in_id_order,
        lie_in_dates,
        lie_anywhere,
        lie_in_keys,
        lie_in_a_list,
        lie_in_a_list,
    ),
    *(lie_in_a_block, lie_in_the_store),
)
