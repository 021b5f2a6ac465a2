"""Columns that lie under right checksums: an answer or CorruptIndex, never a read outside, and `check` tells.

The lies are in single bytes, in the numbers of a column's head, and in lengths; all are sealed anew.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from strategies import generator, trials
from test_fields import DECLARED, NUMBERS, SOURCES, some_articles

import searchkit
from searchkit import CorruptIndex
from searchkit.core.columns import Column
from searchkit.index import Index
from searchkit.storage.container import SEGMENT_FORMAT, SegmentWriter, read_segment
from searchkit.storage.manifest import Manifest, SegmentEntry
from searchkit.storage.memory import MemoryStorage

HEAD = "<BBBBIIIQQ"

Sections = dict[str, bytes]


def sound(count: int, several: bool) -> tuple[Sections, dict[str, Any]]:
    choices = random.Random(count)
    articles = {article.id: article for article in some_articles(choices, count, ids=10 * count)}
    if not several:
        for article in articles.values():
            for name in [name for name, value in article.fields.items() if isinstance(value, list)]:
                del article.fields[name]
    index = searchkit.create(fields=DECLARED)
    index.add(articles.values())
    (entry,) = index._snapshot().manifest.segments
    sections = read_segment(index._storage.open_buffer(entry.name).view, entry.name).sections
    return {name: bytes(view) for name, view in sections.items()}, dict(index._snapshot().manifest.options)


def sealed(sections: Sections, options: dict[str, Any]) -> Index:
    """An index of this segment, all checksums right."""
    storage = MemoryStorage()
    with storage.lock(0):
        output = storage.output()
        writer = SegmentWriter(output, format=SEGMENT_FORMAT)
        for name, data in sections.items():
            writer.begin(name)
            writer.write(data)
            writer.end()
        length, checksum = writer.finish()
        (count,) = struct.unpack_from("<Q", sections["meta"])
        entry = SegmentEntry(writer.publish(), length, checksum, count)
    storage.create(Manifest(2, 1, options, (entry,), None))
    return Index(storage, writable=True)


def lie(choices: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    kind = choices.randrange(4)
    if kind == 0:
        for _ in range(choices.choice([1, 1, 3])):
            changed[choices.randrange(len(changed))] ^= 1 << choices.randrange(8)
    elif kind == 1 and len(data) >= 32:
        numbers = list(struct.unpack_from(HEAD, data))
        at = choices.randrange(len(numbers))
        most = [255] * 4 + [2**32 - 1] * 3 + [2**64 - 1] * 2
        numbers[at] = choices.choice([0, 1, numbers[at] ^ 1, numbers[at] + 1, most[at], choices.randrange(most[at])])
        struct.pack_into(HEAD, changed, 0, *(min(number, most[i]) for i, number in enumerate(numbers)))
    elif kind == 2:
        del changed[choices.randrange(len(changed)) :]
    else:
        at = choices.randrange(len(changed))
        changed[at : at + choices.randrange(8)] = choices.randbytes(choices.randrange(16))
    return bytes(changed)


def questions(index: Index) -> Iterator[Callable[[], Any]]:
    conditions: list[dict[str, Any]] = [{"source": "ap"}, {"source": list(SOURCES)}, {"words": (-7, 100)}]
    conditions += [{"flag": True}, {"seen": "2020"}, {"seen": ("2019", None)}, {"source": None}]
    for where in (*conditions, {"words": list(NUMBERS)}):
        yield partial(index.count, "*", where=where)
        yield partial(index.search, "storm", where=where, limit=None)
    for name in DECLARED:
        yield lambda name=name: index.search("*").facets(name, None)
        for order in (name, f"-{name}"):
            yield partial(index.search, "*", sort=order, limit=None)


@pytest.mark.slow
@pytest.mark.parametrize("several", [True, False])
def test_lying_columns(several: bool) -> None:
    """Whatever a column says, an answer or CorruptIndex comes of it."""
    choices = generator(f"hostile columns {several}")
    sections, options = sound(150, several)
    names = [name for name in sections if name.startswith("column")]
    assert len(names) == 5
    refused = 0
    for _ in range(trials(70)):
        name = choices.choice(names)
        changed = {**sections, name: lie(choices, sections[name])}
        index = sealed(changed, options)
        for question in questions(index):
            try:
                question()
            except CorruptIndex:
                refused += 1
        if changed != sections:
            found = {finding.section for finding in index.check().findings}
            assert name in found, (name, found)
    assert refused > 50


def test_every_number_of_a_head() -> None:
    """Bits, values and sizes of a head follow from one another and from the section's length."""
    sections, options = sound(150, True)
    for name in ("column0", "column1", "column2", "column3"):
        numbers = struct.unpack_from(HEAD, sections[name])
        for at in (1, 4, 6, 8):
            changed = list(numbers)
            changed[at] += 1
            data = struct.pack(HEAD, *changed) + sections[name][32:]
            index = sealed({**sections, name: data}, options)
            (part,) = index._snapshot().parts
            with pytest.raises(CorruptIndex):
                Column(part.segment, name)


def test_a_column_of_another_kind_is_damage() -> None:
    """A manifest that declares otherwise than the segment has it, and names out of order."""
    sections, options = sound(20, True)
    index = sealed(sections, {**options, "fields": {**options["fields"], "source": "number"}})
    with pytest.raises(CorruptIndex, match="column"):
        index.search("*", where={"source": 1})
    for names in (b"", b"words\0source\0", b"flag\0flag\0", b"flag\0seen"):
        index = sealed({**sections, "columns": names}, options)
        with pytest.raises(CorruptIndex):
            index.search("*", where={"words": 1})
