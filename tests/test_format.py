"""docs/format.md: its example of a postings list is what the builder writes, and so is what it says of full blocks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from lies import HEAD, full_block, read_dictionary
from strategies import generator

import searchkit
from searchkit.storage.container import read_segment

FORMAT = Path(__file__).resolve().parent.parent / "docs" / "format.md"


def test_the_postings_list_of_the_format_page(tmp_path: Path) -> None:
    """The bytes in the prose are the bytes on disk."""
    if not FORMAT.exists():
        pytest.skip("the documentation is not here")
    example = re.search(r"The list\s+is `([0-9a-f ]+)`", FORMAT.read_text(encoding="utf-8"))
    assert example is not None
    texts = {3: "a a a a x a", 7: "a x a a a x", 10: "x a x a a x"}
    index = searchkit.create(tmp_path / "index", analyzer="none")
    index.add(
        {"id": f"{day:02}", "date": f"2020-01-{28 - day}", "text": texts.get(day, "a a a a a a")} for day in range(11)
    )
    (path,) = (tmp_path / "index").glob("*.sk")
    postings = read_segment(path.read_bytes(), str(path)).sections["postings"]
    assert bytes(postings).endswith(bytes.fromhex(example[1]))


def test_the_column_of_the_format_page(tmp_path: Path) -> None:
    """The same for a column."""
    if not FORMAT.exists():
        pytest.skip("the documentation is not here")
    example = re.search(r"The column is\n\n```\n([0-9a-f \n]+)```", FORMAT.read_text(encoding="utf-8"))
    assert example is not None
    index = searchkit.create(tmp_path / "index", fields={"source": searchkit.Keyword()})
    sources: list[Any] = [["reuters", "ap", "ap"], [], "ap", ["reuters"]]
    index.add({"id": str(i), "text": "", "fields": {"source": source}} for i, source in enumerate(sources))
    (path,) = (tmp_path / "index").glob("*.sk")
    sections = read_segment(path.read_bytes(), str(path)).sections
    assert bytes(sections["columns"]) == b"source\0"
    assert bytes(sections["column0"]) == bytes.fromhex(example[1])


@pytest.mark.parametrize("most", [1, 3, 40, 3000])
def test_a_full_block(most: int) -> None:
    """Built once more from what it holds, with the widths and the places of patches that it names."""
    choices = generator(f"full block {most}")
    docids = sorted(choices.sample(range(400), 256))
    tfs = [choices.choice([1, 1, 1, 2, choices.randint(1, most)]) for _ in docids]
    tfs[7] = most
    words = dict(zip(docids, tfs, strict=True))
    index = searchkit.create(analyzer="none")
    index.add({"text": "a " * words.get(docid, 0), "date": f"{2500 - docid}"} for docid in range(400))
    (entry,) = index._snapshot().manifest.segments
    sections = read_segment(index._storage.open_buffer(entry.name).view, entry.name).sections
    ((key, (df, _, _), _),) = read_dictionary(bytearray(sections["terms"]), 3, False)
    assert (key, df) == (b"a", 256)

    block = bytes(sections["postings"][HEAD + 13 :])
    width, tf_width, count, bits = block[:4]
    patched = tf_width >= 128
    assert patched == (most > 3)
    places = list(block[4 : 4 + count]) if patched else []
    tf_width %= 128
    if patched:
        assert places == [i for i, tf in enumerate(tfs) if tf - 1 >> tf_width]
        assert bits == (most - 1).bit_length() - tf_width
    expected = full_block(docids, -1, width, tfs, tf_width, places, bits)
    assert block[: len(expected)] == expected
    assert index.check().ok
