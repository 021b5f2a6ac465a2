"""docs/format.md: its example of a postings list is what the builder writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
