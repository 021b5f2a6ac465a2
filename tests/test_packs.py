"""Packs: JSON Lines read in C are the articles that Python reads, and a run of packs is the run of its articles."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import searchkit
from searchkit import Article, ArticleError, read_articles
from searchkit.core import builder
from searchkit.core.packs import Pack
from searchkit.core.segment import Records
from searchkit.indexing import store
from searchkit.sources import jsonl, streams
from searchkit.storage.contract import Buffer

TEXT = st.text(max_size=12) | st.sampled_from(["two words", "naïve 👍 x", "\\ud83d\\ude00", '\\"', "a\tb", "\x7f", "𝒳"])
DATES = st.sampled_from(["2020", "2020-10-02", " 2020", "", "nonsense", "2020-10-02T10:00Z", "2020/2021", 2020, None])
VALUES = TEXT | st.integers(-(2**70), 2**70) | st.floats() | st.booleans() | st.none() | st.lists(TEXT, max_size=2)
OBJECTS = st.fixed_dictionaries(
    {"text": TEXT},
    optional={
        "id": TEXT | st.integers(-5, 10**20) | st.none(),
        "title": TEXT | st.none() | st.integers(),
        "date": DATES,
        "fields": st.dictionaries(TEXT, VALUES, max_size=2) | TEXT,
        "own": VALUES,
        "naïve": VALUES,
        "": VALUES,
    },
)
# Lines that are wrong, odd, or right in a way that few programs write.
LINES = [
    b'{"text": "a", "id": "1"}\r',
    b"",
    b" \t\r",
    b"\x0c",
    b'{"text": "a", "text": "b", "id": "2"}',
    b'{"text": "a", "id": "3", "own": 1, "own": 2}',
    b'{"te\\u0078t": "a", "id": "4"}',
    b'{"text": "\\ud83d\\ude00 \\u00e9 \\/ \\b\\f\\n\\r\\t", "id": "5", "own": "\\u0001\\u2028\\/\\"\\\\"}',
    b'{"text": "\\ud83d", "id": "6"}',
    b'{"text": "\\ud83dx\\ude00", "id": "7"}',
    b'{"text": "\\ude00\\ud83d", "id": "8"}',
    b'{"text": "\\u12G4", "id": "9"}',
    b'{"text": "\xff", "id": "10"}',
    b'{"text": "\xed\xa0\x80", "id": "11"}',
    b'{"text": "\xe2\x82", "id": "12"}',
    b'{"text": "a\x01", "id": "13"}',
    b'{"text": "a", "id": -0}',
    b'{"text": "a", "id": 007}',
    b'{"text": "a", "id": 1.0}',
    b'{"text": "a", "id": 1e3}',
    b'{"text": "a", "id": 12345678901234567890}',
    b'{"text": "a", "id": "14", "own": NaN}',
    b'{"text": "a", "id": "15",}',
    b'{"text": "a", "id": "16"} x',
    b'{"text": "a" "id": "17"}',
    b'{"text": "a", "id": "18"',
    b'{"text": "a", "id": "19", "own": nul}',
    b'  { "id" :"20" ,\t"own":\tfalse, "text": "a"}  ',
    b'{"text": " \xc2\xa0", "id": "21"}',
    b'{"text": " \xc2\xa0", "title": "t", "id": "22"}',
    b'{"text": "\\u0000", "id": "23"}',
    b"{}",
    b"[]",
    b"7",
    b'{"text": "a", "id": "24", "own": {"b": [1]}}',
]


def told(data: bytes, packed: bool, **options: Any) -> tuple[Any, ...]:
    """Everything that can be told of an index of these lines: the files of its segments, and the report."""
    reading = read_articles(io.BytesIO(data), format="jsonl", **options)
    error = ""
    with searchkit.create(analyzer="none") as index, index.writer() as writer:
        try:
            writer.add(reading if packed else (article for article in reading))
        except ArticleError as found:
            error = str(found)
        writer.commit()
        files = sorted(name for name in index._storage.sizes() if name.startswith("seg-"))
    report = reading.report
    return files, error, report.read, report.bytes, list(map(str, report.skipped)), report.undated, report.left_out


@given(st.lists(OBJECTS.map(json.dumps).map(str.encode) | st.sampled_from(LINES), max_size=8), st.integers(1, 64))
@example(LINES, 1)
@example(LINES, 1 << 18)
def test_packs_are_the_articles(lines: list[bytes], chunk: int) -> None:
    """Whatever the lines and wherever chunks end: the same segments, the same errors, the same counts."""
    data = b"\n".join(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "CHUNK", chunk)
        for policy in ("skip", "raise"):
            expected, got = (told(data, packed, on_error=policy) for packed in (False, True))
            assert str(got) == str(expected)


@given(st.lists(OBJECTS, max_size=4), st.binary(max_size=3), st.integers(0, 400))
def test_packs_of_damaged_lines(objects: list[dict[str, Any]], damage: bytes, place: int) -> None:
    """A few bytes anywhere in the place of others change both in the same way."""
    data = bytearray("\n".join(json.dumps(one, ensure_ascii=False) for one in objects).encode("utf-8", "replace"))
    data[place : place + len(damage)] = damage
    assert str(told(bytes(data), True, on_error="skip")) == str(told(bytes(data), False, on_error="skip"))


def test_keys_are_mapped_in_packs() -> None:
    """Packs take the names that `keys` gives; where one name serves twice, Python reads."""
    data = b'{"body": "a b", "n": 7, "text": "own"}\n{"body": "c", "n": 8}'
    for keys in ({"text": "body", "id": "n"}, {"text": "body", "title": "body", "id": "n"}):
        assert told(data, True, keys=keys) == told(data, False, keys=keys)
        assert told(data, True, keys=keys)[2] == 2


def test_packs_after_some_articles() -> None:
    """A stream that is begun by articles goes on with articles: none is lost, none comes twice."""
    data = b"\n".join(b'{"text": "a", "id": "%d"}' % number for number in range(5))
    reading = read_articles(io.BytesIO(data), format="jsonl")
    assert next(reading).id == "0"
    with searchkit.create() as index:
        assert index.add(reading).added == 4
        assert "0" not in index and all(str(number) in index for number in range(1, 5))


def test_a_line_beyond_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the file with the same error; what came before stays."""
    assert jsonl.MAX_ARTICLE_BYTES > 100, "imported now, it would keep the cap of this test"
    monkeypatch.setattr(streams, "MAX_ARTICLE_BYTES", 100)
    monkeypatch.setattr(streams, "CHUNK", 64)
    data = b'{"text": "a", "id": "1"}\n{"text": "' + b"x" * 500 + b'", "id": "2"}\n'
    assert str(told(data, True)) == str(told(data, False))
    assert "longer" in told(data, True)[1] and told(data, True)[2] == 1


def test_small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of packs, and when the store goes to a scratch file, change nothing."""
    data = b"\n".join(b'{"text": "word%d and more", "id": "%d", "own": %d}' % (n % 7, n % 90, n) for n in range(100))
    expected = told(data, False)
    monkeypatch.setattr(jsonl, "PACK", 50)
    monkeypatch.setattr("searchkit.indexing.run.HELD", 100)
    assert told(data, True) == expected


def test_records_stay_what_they_are() -> None:
    """The records that a pack gives may be its own bytes: nothing can be added to it from then on."""
    pack = Pack()
    pack.add(b"1", -1, -1, b"title", b"", b"", b"text" * 1_000)
    records = pack.records(True)
    assert bytes(records).endswith(b"titletext" + b"text" * 999) and len(records) == pack.size
    with pytest.raises(ValueError, match="in use"):
        pack.add(b"2", -1, -1, b"", b"", b"", b"more")
    with pytest.raises(ValueError, match="in use"):
        pack.take_lines(b'{"text": "more", "id": "2"}', 0, 1, (b"title", b"date", b"text", b"id"), {}.get, 1)
    del pack
    assert bytes(records).endswith(b"titletext" + b"text" * 999)


def test_little_holds_little() -> None:
    """Few records do not keep the room that many would have had."""
    names = (b"title", b"date", b"text", b"id")
    line = b'{"text": "some words", "id": "1"}\n'
    lines = line + b"wrong\n" * 200_000
    pack = Pack()
    assert pack.take_lines(lines, 0, 1, names, {}.get, 1 << 20) == (len(line), 2, True)
    assert isinstance(pack.records(True), bytes)
    pack = Pack()
    text = b'{"text": "' + b"words " * 100_000 + b'", "id": "1"}\n'
    assert pack.take_lines(text, 0, 1, names, {}.get, 1 << 20)[0] == len(text)
    assert isinstance(pack.records(True), memoryview)


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
@pytest.mark.parametrize("memory", ["1MB", "256MB"])
def test_any_workers_in_any_memory(workers: int, memory: str) -> None:
    """Tables of several threads are joined: the same segment. Thousands of word forms make log numbers of two units."""
    articles = [
        Article(" ".join(f"w{n * k % 70_001}x" for k in range(1, 40)) + " of the end", id=str(n % 4_000), date="2020")
        for n in range(4_100)
    ]

    def name(workers: int, memory: str) -> list[str]:
        with searchkit.create(title_weight=2) as index:
            index.add(articles, workers=workers, memory=memory)
            index.compact()
            return sorted(index._storage.sizes())[-1:]

    assert name(workers, memory) == name(1, "256MB")


def test_a_run_says_what_is_wrong() -> None:
    """Packs are tokenized by a thread that there is, after they were entered, before the run is written."""
    pack = Pack()
    store.pack_article(pack, Article("text", id="a"))
    run = builder.Run(True, 1, 1)
    for call in (run.enter, run.tokenize):
        with pytest.raises(ValueError, match="thread 1 of 1"):
            call(pack, 1, *((0, True) if call == run.enter else ()))
    with pytest.raises(ValueError, match="not empty"):
        run.write(None, list, False, (), 0.75, 1, map)  # type: ignore[arg-type]
    assert run.enter(pack, 0, 0, True) == 0
    assert run.enter(pack, 0, 0, True) == 1
    with pytest.raises(ValueError, match="not tokenized"):
        run.write(None, list, False, (), 0.75, 1, map)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not written"):
        run.block(Records(Buffer(b"", ""), 0), 0, 1)
    with pytest.raises(ValueError, match="not written"):
        run.places()
    assert run.drop(b"a") and not run.drop(b"a") and not run.drop(b"b") and len(run) == 0
