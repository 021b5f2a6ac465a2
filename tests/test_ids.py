"""Ids: every docid gives its id and every id its docid, however they are permuted; docs/format.md's bytes are ours."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from lies import pack_bits, read_ids, unpack_bits, write_ids
from strategies import generator

import searchkit
from searchkit.article import Article
from searchkit.core.segment import Segment
from searchkit.storage.container import read_segment

FORMAT = Path(__file__).resolve().parent.parent / "docs" / "format.md"


def index_of(ids: list[str]) -> searchkit.Index:
    """An index in which ids[docid] is the id of each docid."""
    index = searchkit.create()
    last = date(2020, 1, 1)
    index.add(Article("text", id=id, date=last - timedelta(days=docid)) for docid, id in enumerate(ids))
    return index


def segment_of(index: searchkit.Index) -> Segment:
    (part,) = index._snapshot().parts
    return part.segment


def some_ids(random: random.Random, count: int) -> list[str]:
    """Of all lengths, alike at the front, at the end or not at all, some beginnings of others."""
    made = {random.choice(["", "é", "news/2020/", "x" * 300]) + str(number) for number in range(count // 2)}
    while len(made) < count:
        made.add("".join(random.choices("ab/é漢", k=random.choice([1, 5, 14, 15, 16, 40, 2000]))))
    return sorted(made)


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 33, 300, pytest.param(1500, marks=pytest.mark.slow)])
def test_there_and_back(count: int) -> None:
    """In random order, in order, backwards, and turned by some places, which is one cycle or few long ones."""
    choices = generator(f"ids {count}")
    ids = some_ids(choices, count)
    turned = [ids[number:] + ids[:number] for number in (1, count // 2, count // 3)]
    for order in (choices.sample(ids, count), ids, ids[::-1], *turned):
        index = index_of(order)
        segment = segment_of(index)
        assert [segment.id(docid) for docid in range(count)] == order
        assert [segment.find_id(id) for id in order] == list(range(count))
        assert segment.shared_ids(segment) == [order.index(id) for id in sorted(ids, key=str.encode)]
        assert index.check().ok


def test_what_is_not_there() -> None:
    """Neighbours of ids, before the first and behind the last, are not found."""
    choices = generator("absent")
    ids = some_ids(choices, 400)
    segment = segment_of(index_of(choices.sample(ids, 400)))
    near = {id[:-1] for id in ids} | {id + "a" for id in ids} | {id[:-1] + "~" for id in ids} | {"\0", "\U0010ffff"}
    assert all(segment.find_id(id) == -1 for id in near - set(ids))


def test_merged() -> None:
    """A merge of segments that drop some of their articles has the ids of one that never had them."""
    choices = generator("merged")
    ids = some_ids(choices, 500)
    index, kept = searchkit.create(), ids[::2] + ids[401::2]
    for part in (ids[::3], ids[1::3], ids[2::3]):
        index.add(Article("text", id=id) for id in part)
    index.delete(set(ids) - set(kept))
    index.compact()
    segment = segment_of(index)
    assert [segment.id(docid) for docid in range(len(kept))] == sorted(kept, key=str.encode)
    assert all(segment.id(segment.find_id(id)) == id for id in kept)


def sections_of(ids: list[str], tmp_path: Path) -> dict[str, memoryview]:
    with searchkit.create(tmp_path / "index") as index:
        index.add(Article("", id=id) for id in ids)
    (path,) = (tmp_path / "index").glob("*.sk")
    return dict(read_segment(path.read_bytes(), str(path)).sections)


def test_the_bytes_of_the_format_page(tmp_path: Path) -> None:
    """Its two ids, as they are on disk."""
    if not FORMAT.exists():
        pytest.skip("the documentation is not here")
    example = re.search(r"first in their block:\s+`([0-9a-f ]+)`\s+and\s+`([0-9a-f ]+)`", FORMAT.read_text("utf-8"))
    assert example is not None
    sections = sections_of(["1999/ab7", "1999/ab8"], tmp_path)
    assert bytes(sections["ids"]) == bytes(4) + bytes.fromhex(example[1]) + bytes.fromhex(example[2])
    assert bytes(sections["id_order"]) == bytes([0b0100])  # rank 0, no jump; rank 1, no jump


def test_lies_know_the_layout(tmp_path: Path) -> None:
    """Taking ids apart and putting them together again changes nothing."""
    ids = some_ids(generator("layout"), 200)
    sections = sections_of(ids, tmp_path)
    assert write_ids(read_ids(bytearray(sections["ids"]), 200)) == sections["ids"]
    assert pack_bits(unpack_bits(sections["id_order"], 9, 200), 9) == sections["id_order"]
