"""Merges: of runs that were put aside with their stored articles, and of ranges of terms by several threads."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from strategies import generator

import searchkit
from searchkit import Article, CorruptIndex, Keyword, Number
from searchkit.core import builder
from searchkit.core.packs import Pack
from searchkit.core.segment import Records
from searchkit.indexing.snapshot import Part, Snapshot, add_deleted
from searchkit.indexing.store import pack_article, unpack
from searchkit.storage.contract import Buffer
from searchkit.storage.folder import FolderStorage

RANDOM = generator("records")
WORDS = [f"w{number}" for number in range(4000)]
ARTICLES = [
    Article(
        " ".join(RANDOM.choices(WORDS, k=RANDOM.choice((0, 3, 300, 900)))) or "none",
        id=f"é{RANDOM.randrange(900)}",  # so that runs have articles that later ones replace
        title=RANDOM.choice(("", "A title")),
        date=RANDOM.choice((None, "2020", "2020-03-05", "1999-12")),
        fields={"source": RANDOM.choice("abc"), "pages": RANDOM.randrange(9)},
    )
    for _ in range(1500)
]


def stored(index: searchkit.Index) -> dict[str, Article]:
    return {article.id: article for article in index.articles()}


@pytest.mark.slow
@pytest.mark.parametrize("place", ["folder", "memory"])
@pytest.mark.parametrize("workers", [1, 2])
def test_articles_put_aside_are_stored_as_any_other(tmp_path: Path, place: str, workers: int) -> None:
    """With columns and fingerprints, which are made of them."""
    expected = {article.id: article for article in ARTICLES}
    answers = []
    for name, memory in (("once", "256MB"), ("often", "1MB")):
        folder = tmp_path / name if place == "folder" else None
        with searchkit.create(folder, fields={"source": Keyword(), "pages": Number()}, fingerprints=True) as index:
            index.add(iter(ARTICLES), memory=memory, workers=workers)
            assert stored(index) == expected
            assert index.check(deep=True).ok
            answers.append([(hit.id, hit.score) for hit in index.search("w1 w2 w3 source:a pages:[2 TO 5]", limit=200)])
            if folder:
                answers.append([path.read_bytes() for path in sorted(folder.glob("*.sk"))])
    half = len(answers) // 2
    assert answers[:half] == answers[half:]


def test_records_in_memory_are_all_there() -> None:
    with pytest.raises(ValueError, match="3 bytes of records are less than 4"):
        Records(Buffer(b"abc", "x"), 4)


class Cut:
    """A buffer whose file has become shorter, or cannot be read any more."""

    def __init__(self, descriptor: int, path: str) -> None:
        self.view = memoryview(b"")
        self.descriptor = descriptor
        self.path = path


def one_run() -> builder.Run:
    pack, run = Pack(), builder.Run(True, 1, 1)
    pack_article(pack, Article("some text", id="a"))
    run.enter(pack, 0, 0, True)
    run.tokenize(pack, 0)

    class Nowhere:
        def begin(self, name: str) -> None: ...
        def write(self, data: bytes | bytearray | memoryview) -> None: ...
        def end(self) -> None: ...

    run.write(Nowhere(), lambda forms: forms, False, (), 0.75, 100, map)
    return run


@pytest.mark.skipif(not hasattr(os, "pread"), reason="files are mapped where they cannot be read at any place")
def test_a_file_of_records_that_fails(tmp_path: Path) -> None:
    run = one_run()
    path = tmp_path / "records"
    path.write_bytes(b"too short")
    with path.open("rb") as file:
        with pytest.raises(
            CorruptIndex, match=r"records: damaged store: expected \d+ bytes of a record at byte 0, got less"
        ):
            run.block(Records(Cut(file.fileno(), str(path)), 1000), 0, 1)
        with pytest.raises(CorruptIndex, match="bytes of a record"):
            run.block(Records(Cut(file.fileno(), str(path)), 9), 0, 1)
    with path.open("wb") as file, pytest.raises(OSError, match="records") as caught:  # open, but not to be read
        run.block(Records(Cut(file.fileno(), str(path)), 1000), 0, 1)
    assert caught.value.errno


HEAD = struct.Struct("<IIII")


@pytest.mark.parametrize(
    "damage",
    [
        lambda block: b"",
        lambda block: block[:-1],
        lambda block: block[:7],
        lambda block: HEAD.pack(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF) + block[16:],
        lambda block: HEAD.pack(len(block), 0, 0, 0) + block[16:],
    ],
)
def test_a_merge_notices_a_block_that_lies(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with searchkit.create(tmp_path / "i") as index:
        for number in range(3):
            index.add(Article("a b c " * 50, id=f"{number}{at}", date="2020") for at in range(20))
    parts = Snapshot.open(FolderStorage(tmp_path / "i")).parts
    assert len(parts) == 3
    merge = builder.Merge([(part.segment, part.live) for part in parts], None)
    whole = list(merge.records(unpack, 1 << 10))
    assert sum(len(block) for _, block in whole) == 60 * (16 + len("2020") + len("a b c " * 50))
    with pytest.raises(CorruptIndex, match=r"seg-\w+.sk: damaged store: expected docid \d+ in its block"):
        list(merge.records(lambda block, path: damage(unpack(block, path)), 1 << 10))


def gone(parts: list[Part], store: bool) -> builder.Run | None:
    """The texts of deleted articles, as a merge is given them."""
    if not store:
        return None
    run = builder.Run(True, 1)
    for part in parts:
        add_deleted(run, part)
    return run


class Sections:
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.sections: dict[str, bytearray] = {}

    def begin(self, name: str) -> None:
        self.open = self.sections[name] = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.open += data

    def end(self) -> None: ...


@pytest.mark.parametrize("store", [True, False])
def test_terms_merged_by_ranges_are_the_same(tmp_path: Path, store: bool) -> None:
    """Also those of which nothing is left, and where their number tells which word forms go."""
    random = generator(f"ranges {store}")
    words = [f"{letter}{number}ing" for letter in "abkz" for number in range(200)]
    with searchkit.create(tmp_path / "i", store=store) as index:
        for commit in range(3):
            index.add(
                Article(" ".join([*random.choices(words, k=40), "of the"]), id=f"{commit}-{number}", date="2020")
                for number in range(150)
            )
        index.delete([f"{commit}-{number}" for commit in range(3) for number in random.sample(range(150), 120)])
        found = {word: index.search(word, limit=100).ids for word in words[::7]}
    parts = Snapshot.open(FolderStorage(tmp_path / "i")).parts
    written = []
    with ThreadPoolExecutor(3) as pool:
        for in_order, enough in ((map, 1 << 30), (map, 1), (pool.map, 1), (pool.map, 700), (map, 5000)):
            merge, sections = (
                builder.Merge([(part.segment, part.live) for part in parts], gone(parts, store)),
                Sections(),
            )
            merge.write(sections, 0.75, 1, in_order, enough)
            written.append(sections.sections)
    assert len(written[0]["term_index"]) > 20 * 12
    assert all(sections == written[0] for sections in written)
    with searchkit.open(tmp_path / "i") as index:
        index.compact()
        assert index.check(deep=store).ok
        assert {word: index.search(word, limit=100).ids for word in words[::7]} == found
