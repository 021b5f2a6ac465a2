"""What the fuzzers (`python -m tests.fuzz`) begin with and have found, tried without any of their tools.

Doors are called as they are. Segments for the core are sealed with right checksums and asked through Python; text for
it goes through its Python doors. What only a program in C can try is tried by `python -m tests.sanitizers corpus`.
"""

from __future__ import annotations

import contextlib
import random
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fuzz.doors import DOORS
from fuzz.program import main, own_sources
from fuzz.targets import HERE, SECTIONS, TARGETS, corpus, seeds, with_fields
from test_hostile_columns import questions as of_columns
from test_hostile_columns import sealed as with_sections
from test_hostile_files import questions, sealed, sound_sections

import searchkit
from searchkit import CorruptIndex, FormatVersion
from searchkit.core.fingerprints import agreement, fingerprint
from searchkit.core.packs import Pack
from searchkit.core.stems import english_stem
from searchkit.core.tokens import forms, spans
from searchkit.index import Index
from searchkit.storage.container import read_segment

MOST_KEPT, LARGEST = 200_000, 20_000  # bytes of the corpus, and of one input


def inputs(name: str) -> list[bytes]:
    return [*(path.read_bytes() for path in corpus(TARGETS[name])), *seeds(TARGETS[name])]


@pytest.mark.slow
@pytest.mark.parametrize("name", DOORS)
def test_a_door_holds_its_law(name: str) -> None:
    """For each seed and each find, whole and cut short."""
    for data in inputs(name):
        DOORS[name](data)
        DOORS[name](data[: len(data) // 2])


def segment(data: bytes) -> None:
    """A segment as core/input.h has it, asked as tests/test_hostile_files.py asks."""
    sizes = struct.unpack_from(f"<{len(SECTIONS)}I", data.ljust(4 * len(SECTIONS), b"\0"))
    sections, at = {}, 4 * len(SECTIONS)
    for name, size in zip(SECTIONS, sizes, strict=True):
        sections[name] = bytearray(data[at : at + size])
        at += size
    sections |= {"store": bytearray(b"\0"), "store_index": bytearray(struct.pack("<IQ", 0, 0))}
    options = dict(searchkit.create()._snapshot().manifest.options)
    storage = sealed(sections, options, random.Random(0), sound_sections(20, 1)[0])
    with contextlib.suppress(CorruptIndex, FormatVersion), Index(storage, writable=True) as index:
        for question in questions(index, random.Random(len(data))):
            with contextlib.suppress(CorruptIndex, FormatVersion):
                question()


def search(data: bytes) -> None:
    """A query in front of one."""
    segment(data[3 + (data[2] if len(data) > 2 else 0) :])


def merge(data: bytes) -> None:
    """The first of two."""
    segment(data[4:])


def columns(data: bytes) -> None:
    """A column in the place of one of its kind, asked as tests/test_hostile_columns.py asks."""
    index = with_fields(several=False)
    (part,) = index._snapshot().parts
    sections = read_segment(part.buffer.view, part.path).sections
    kind = data[2] if len(data) > 2 else 0
    places = {1: "source", 2: "words", 3: "flag", 4: "seen"}
    name = f"column{sorted(places.values()).index(places.get(kind, 'words'))}"
    options = dict(index._snapshot().manifest.options)
    for question in of_columns(with_sections({**sections, name: data[2:]}, options)):
        with contextlib.suppress(CorruptIndex):
            question()


def fingerprints(data: bytes) -> None:
    """The fingerprint of any bytes: near to itself, unless there is no word."""
    for fold in (False, True):
        made = fingerprint(data, fold)
        assert agreement(made, made) == (64 if forms(data.decode("utf-8", "replace"), fold) else 0)


def tokens(data: bytes) -> None:
    """The tokenizer gives each form where it stands."""
    text = data.decode("utf-8", "replace")
    for fold in (False, True):
        assert [form for form, _, _ in spans(text, fold)] == forms(text, fold)
        assert all(0 <= start < end <= len(text) for _, start, end in spans(text, fold))


def packs(data: bytes) -> None:
    """JSON Lines go forward."""
    at, line = 0, 1
    while at < len(data):
        pack = Pack()
        at, line, odd = pack.take_lines(data, at, line, (b"title", b"date", b"text", b"id"), lambda date: None, 1 << 20)
        assert len(pack.ids()) == len(pack)
        end = data.find(b"\n", at)
        at, line = (len(data) if end < 0 or not odd else end + 1), line + 1


def stems(data: bytes) -> None:
    """A stem is no longer than its word."""
    with contextlib.suppress(UnicodeDecodeError):
        word = data[:255].decode()
        assert len(english_stem(word) or "") <= len(word)


@pytest.mark.slow
@pytest.mark.parametrize(
    "replay", [segment, search, merge, columns, fingerprints, tokens, packs, stems], ids=lambda replay: replay.__name__
)
def test_the_core_answers_or_refuses(replay: Callable[[bytes], Any]) -> None:
    """What its fuzzers begin with and have found."""
    tried = set()
    for data in inputs(replay.__name__):
        if len(data) < LARGEST and data[:3] + data[40:200] not in tried:  # those that differ in the query alone, once
            tried.add(data[:3] + data[40:200])
            replay(data)


def test_the_corpus_is_small() -> None:
    """It is read by every run: what is kept has been made small first."""
    files = [path for path in (HERE / "corpus").rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} <= TARGETS.keys()
    assert all(path.stat().st_size <= LARGEST for path in files)
    assert sum(path.stat().st_size for path in files) <= MOST_KEPT


def test_every_target_is_listed_and_there(capsys: pytest.CaptureFixture[str]) -> None:
    """A program or a door, something to begin with, and a line in the list."""
    assert main([]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(TARGETS)
    for target in TARGETS.values():
        assert seeds(target)
        assert (HERE / "core" / f"{target.name}.c").exists() == target.core
    assert all("Generated" not in path.read_text(encoding="utf-8")[:20] for path in own_sources())


def test_bad_use_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And a missing tool is told."""
    with pytest.raises(SystemExit) as caught:
        main(["nothing"])
    assert caught.value.code == 2
    monkeypatch.setitem(sys.modules, "atheris", None)
    monkeypatch.setenv("PATH", "")
    assert main(["date", "--work", str(tmp_path)]) == 2
    assert "atheris" in capsys.readouterr().err
