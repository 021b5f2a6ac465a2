"""Python's doors for bytes of strangers. Each takes any bytes, and returns unless a law is broken.

What a door promises to raise for wrong bytes is caught here; whatever else comes out of it is a finding.
"""

from __future__ import annotations

import contextlib
import io
import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from query_laws import check

import searchkit
from searchkit import Article, ArticleError, CorruptIndex, DateError, FormatVersion, QueryError, SearchkitError
from searchkit.core.checksum import crc32c, page_checksums
from searchkit.dates import DateInterval
from searchkit.index import Index
from searchkit.indexing.options import Options
from searchkit.indexing.salvage import Salvage
from searchkit.indexing.snapshot import stored_article
from searchkit.indexing.store import read_block
from searchkit.query import from_json
from searchkit.search.cursor import DIGEST, Cursor, _digest
from searchkit.sources import read_articles
from searchkit.storage.container import ENTRY, HEADER, TRAILER, WORD, read_segment
from searchkit.storage.live import decode_live, encode_live
from searchkit.storage.manifest import SegmentEntry, decode_manifest, encode_manifest, generation_of, manifest_name
from searchkit.storage.mend import mended_manifest

__all__ = ["DOORS", "NOW", "cursors"]

NOW = datetime(2020, 10, 2, 10, 15)
DAMAGED = (CorruptIndex, FormatVersion)
MOST = 4096  # bytes of text: what is longer grows slow, not new


def _text(data: bytes) -> str:
    """Any bytes as text; lone surrogates too."""
    return data[:MOST].decode("utf-8", "surrogatepass" if b"\xed" in data and _passes(data) else "replace")


def _passes(data: bytes) -> bool:
    try:
        data[:MOST].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


# -- files of an index ------------------------------------------------------------------------------------------------


def manifest(data: bytes) -> None:
    """A manifest is what its bytes say: writing it again gives them. So does one whose checksum was made right."""
    text = data[: data.rfind(b"\n", 0, -1) + 1]
    for candidate in (data, text + b"crc32c %08x\n" % crc32c(text)):
        try:
            generation = json.loads(text)["generation"]
            if generation_of(manifest_name(generation)) is None:
                generation = 1
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            generation = 1
        with contextlib.suppress(*DAMAGED):
            found = decode_manifest(candidate, "manifest", generation)
            assert encode_manifest(found) == candidate
            with contextlib.suppress(SearchkitError):  # a stemmer that is not installed, too
                options = Options.from_json(found.options, "manifest")
                assert Options.from_json(options.to_json(), "manifest") == options
        mended_manifest(candidate, "manifest", generation)


def live(data: bytes) -> None:
    """Live documents likewise."""
    whole = data
    if len(data) >= HEADER.size + WORD.size:
        start = data[: HEADER.size - WORD.size]
        body = start + WORD.pack(crc32c(start)) + data[HEADER.size : -WORD.size]
        whole = body + WORD.pack(crc32c(body))
    for candidate in (data, whole):
        with contextlib.suppress(*DAMAGED):
            documents = decode_live(candidate, "live")
            assert encode_live(documents.bits, documents.articles) == candidate
            assert sum(docid in documents for docid in range(documents.articles)) == (
                documents.articles - documents.deleted
            )


def _resealed(data: bytes) -> bytes:
    """A segment file with all its checksums made right, as far as its trailer says where they are."""
    file = bytearray(data)
    if len(file) < HEADER.size + TRAILER.size:
        return data
    _, _, at, table, contents, count, page_size, *_ = TRAILER.unpack(bytes(file[-TRAILER.size :]))
    file[HEADER.size - WORD.size : HEADER.size] = WORD.pack(crc32c(bytes(file[: HEADER.size - WORD.size])))
    stop = len(file) - TRAILER.size
    if not (64 <= page_size <= 1 << 20 and at + table == contents <= stop and contents + count * ENTRY.size == stop):
        return data
    if 4 * -(-at // page_size) == table:
        file[at : at + table] = page_checksums(bytes(file[:at]), page_size)
    sums = struct.pack("<II", crc32c(bytes(file[at : at + table])), crc32c(bytes(file[contents:stop])))
    file[-3 * WORD.size : -WORD.size] = sums
    file[-WORD.size :] = WORD.pack(crc32c(bytes(file[-TRAILER.size : -WORD.size])))
    return bytes(file)


def container(data: bytes) -> None:
    """A segment file is refused, or its sections lie in it; and what can be saved of it, can be, without an error."""
    for file in (data, _resealed(data)):
        with contextlib.suppress(*DAMAGED):
            sections = read_segment(file, "segment")
            for name, (start, length) in sections.offsets.items():
                assert bytes(sections.sections[name]) == file[start : start + length]
            list(sections.verify())
        if len(file) >= WORD.size:
            (checksum,) = WORD.unpack(file[-WORD.size :])
            entry = SegmentEntry("seg-0123456789abcdef.sk", len(file), checksum, 1 + len(file) % 40)
            with contextlib.suppress(*DAMAGED):
                salvage = Salvage(memoryview(file), "segment", entry)
                docids = [docid for docid, _, _ in salvage.stored("UTC")]
                assert docids == list(range(entry.articles))
                pieces = salvage.whole()
                assert pieces is None or sum(map(len, pieces)) == len(file)


def store(data: bytes) -> None:
    """A block of stored articles: records, or CorruptIndex."""
    if not data:
        return
    for block in (data, b"\0" + data):
        with contextlib.suppress(CorruptIndex):
            for record in read_block(memoryview(block), "store"):
                with contextlib.suppress(CorruptIndex):
                    stored_article(record, "id", None, "store")


# -- articles ---------------------------------------------------------------------------------------------------------


def _read(data: bytes, format: str) -> None:
    """The two ways in which articles are taken give the same ones, and the same errors."""
    for policy in ("raise", "skip", "undated"):
        found = []
        for packed in (False, True):
            reader = read_articles(io.BytesIO(data), format=format, on_error=policy)  # type: ignore[arg-type]
            ids: list[str] = []
            error = ""
            try:
                for item in reader.packs() if packed else reader:
                    ids += [item.id] if isinstance(item, Article) else item.ids()
            except ArticleError as raised:
                error = str(raised)
            found.append((ids, error, [str(skipped) for skipped in reader.report.skipped]))
        assert found[0] == found[1], found


def jsonl(data: bytes) -> None:
    """JSON Lines."""
    _read(data, "jsonl")


def json_articles(data: bytes) -> None:
    """JSON: an array of objects, or one behind the other."""
    _read(data, "json")


def table(data: bytes) -> None:
    """CSV and TSV."""
    _read(data, "csv")
    _read(data, "tsv")


def text(data: bytes) -> None:
    """Plain text."""
    _read(data, "text")


def article(data: bytes) -> None:
    """Any text is an article that can be found by its words, shown and checked."""
    title, _, body = _text(data).partition("\n")
    try:
        given = Article(body, id="it", title=title)
    except ArticleError:
        return
    with searchkit.create(analyzer="none") as index:
        index.add([given])
        assert index.get("it") == given
        assert index.check(deep=True).ok
        results = index.search(body[:200])
        assert results.total == len(results) <= 1
        for hit in results:
            hit.snippet(), hit.highlight()
            assert hit.article == given


# -- queries ----------------------------------------------------------------------------------------------------------


@cache
def _index() -> Index:
    index = searchkit.create()
    words = [
        "run",
        "running",
        "the",
        "of",
        "a",
        "cat",
        "cats",
        "common",
        "commons",
        "flood",
        "river",
        "bank",
        "covid",
        "19",
    ]
    index.add(
        Article(
            " ".join(words[(number * step) % len(words)] for step in range(1, 9)),
            id=str(number),
            title=words[number % len(words)] if number % 3 else "",
            date=(None, "2020", "2020-10", "2020-10-02", "2019/2021")[number % 5],
        )
        for number in range(40)
    )
    return index


def query(data: bytes) -> None:
    """No text that a person may type raises, and the quick way to its answer gives what the other one gives."""
    asked = _text(data)
    index = _index()
    found = index.search(asked, now=NOW)
    assert found.total == index.count(asked, now=NOW) >= len(found)
    index._plain = False  # type: ignore[misc]
    try:
        slowly = index.search(asked, now=NOW)
    finally:
        index._plain = True  # type: ignore[misc]
    assert [(hit.id, hit.score) for hit in found] == [(hit.id, hit.score) for hit in slowly]
    for hit in found[:1]:
        hit.snippet(), hit.highlight()
        assert index.explain(asked, hit.id, now=NOW).score == hit.score


def strict_query(data: bytes) -> None:
    """Both doors of the language keep the laws of any text: read strictly, it is a query or an error with a place."""
    check(_text(data))


def saved_query(data: bytes) -> None:
    """A saved query is one, or a QueryError; and what it is saved as again is the same query."""
    try:
        query = from_json(data[:MOST])
    except QueryError:
        return
    assert from_json(json.dumps(query.to_json())) == query
    assert query.describe() and str(query)


PAGED = "flood OR run OR date:'last month'"


def cursor(data: bytes) -> None:
    """What stands in a cursor, its checksum made right: a page, or a QueryError."""
    sealed = urlsafe_b64encode(data[:MOST] + _digest(data[:MOST])).decode().rstrip("=")
    for text in (_text(data), sealed):
        for options in ({}, {"sort": "newest", "offset": 2}):
            with contextlib.suppress(QueryError):
                found = _index().search(PAGED, after=text, limit=3, **options)
                assert len(found) <= 3
                assert found.cursor is None or Cursor.decode(found.cursor)


def cursors() -> Iterator[bytes]:
    """Some that are given out, without their checksums."""
    for options in ({}, {"sort": "newest", "offset": 2}):
        for limit in (1, 3, 20):
            given = _index().search(PAGED, limit=limit, now=NOW, **options).cursor or ""
            yield urlsafe_b64decode(given + "=" * (-len(given) % 4))[:-DIGEST]


def date(data: bytes) -> None:
    """A date is one, or a DateError; and what it is written as is the same date."""
    try:
        interval = DateInterval.parse(_text(data), now=NOW)
    except DateError:
        return
    assert interval.start < interval.end
    assert DateInterval.parse(str(interval), now=NOW) == interval


DOORS: dict[str, Callable[[bytes], Any]] = {
    "manifest": manifest,
    "live": live,
    "container": container,
    "store": store,
    "jsonl": jsonl,
    "json": json_articles,
    "table": table,
    "text": text,
    "article": article,
    "query": query,
    "strict-query": strict_query,
    "saved-query": saved_query,
    "cursor": cursor,
    "date": date,
}
