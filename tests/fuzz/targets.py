"""What there is to fuzz, and what it begins with: real files, articles and queries of every kind."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import attrs
from query_laws import FOUND, PIECES
from strategies import DATES, some_articles
from written_queries import DECLARED

import searchkit
from fuzz.doors import DOORS, cursors
from searchkit import Article, Boolean, Date, Keyword, Number
from searchkit.index import Index
from searchkit.storage.container import read_segment

__all__ = ["SECTIONS", "TARGETS", "Target", "corpus", "seeds", "with_fields"]

HERE = Path(__file__).resolve().parent
SECTIONS = (
    *("meta", "lengths", "titles", "dates", "ids", "id_order", "terms", "term_index", "forms", "form_index"),
    "postings",
)


@attrs.frozen
class Target:
    name: str
    about: str
    seeds: Callable[[], Iterator[bytes]]
    core: bool  # a program in C, core/NAME.c; else a door


def corpus(target: Target) -> list[Path]:
    """The inputs that are kept."""
    return sorted((HERE / "corpus" / target.name).glob("*"))


def seeds(target: Target) -> list[bytes]:
    """What it begins with, made anew each time."""
    return list(target.seeds())


# -- indexes ----------------------------------------------------------------------------------------------------------


@cache
def _indexes() -> tuple[Index, ...]:
    """Small ones of all that a segment may hold: one article, some, deletions, and lists of whole blocks."""
    found = []
    for count, vocabulary, weight in ((1, 3, 1), (6, 8, 0), (40, 12, 1), (700, 4, 3)):
        index = searchkit.create(title_weight=weight)
        generator = random.Random(count)
        articles = some_articles(generator, count, vocabulary=vocabulary)
        if count == 700:
            articles = [Article(f"w0 {' w1' * (number % 3)} of the", id=f"{number:03}") for number in range(count)]
        index.add([*articles, Article("running runs commons of the", id="forms", title="run")])
        if count == 6:
            index.delete(["a000001", "a000002"])
        found.append(index)
    return (*found, with_fields(several=True), with_fields(several=False))


def with_fields(*, several: bool) -> Index:
    """One with columns of every kind and fingerprints."""
    declared = {"source": Keyword(), "words": Number(), "flag": Boolean(), "seen": Date()}
    index = searchkit.create(fields=declared, fingerprints=True)
    sources, dates = ("ap", "", "réuters", "選"), ("2020", "2020-10-02", "2019/2021")
    values = [
        {"source": sources[i % 4], "words": (i * i - 9) / 2, "flag": i % 2 == 0, "seen": dates[i % 3]}
        for i in range(20)
    ]
    if several:
        values[3] |= {"source": ["ap", "選"], "words": [1, 1e300], "seen": list(dates)}
    kept = [{name: value for name, value in one.items() if (i + len(name)) % 5} for i, one in enumerate(values)]
    index.add(Article(f"w{i % 3} flood in w{i}", id=f"f{i}", fields=fields) for i, fields in enumerate(kept))
    return index


def _files(suffix: str) -> Iterator[bytes]:
    for index in _indexes():
        for name, buffer in index._snapshot().buffers.items():
            if name.endswith(suffix):
                yield bytes(buffer.view)


def _manifests() -> Iterator[bytes]:
    for index in _indexes():
        yield from (bytes(data) for name, data in index._storage._files.items() if name.startswith("manifest"))  # type: ignore[attr-defined]


@cache
def _segments() -> tuple[bytes, ...]:
    """As input.h has them; columns are a target of their own."""
    found = []
    for file in _files(".sk"):
        there = read_segment(file, "seed").sections
        if "columns" in there:
            continue
        sections = [bytes(there[name]) for name in SECTIONS]
        found.append(struct.pack(f"<{len(SECTIONS)}I", *map(len, sections)) + b"".join(sections))
    return tuple(found)


def _columns() -> Iterator[bytes]:
    for file in _files(".sk"):
        sections = read_segment(file, "seed").sections
        (articles,) = struct.unpack_from("<Q", sections["meta"])
        for name, data in sections.items():
            if name.startswith("column") and name != "columns":
                yield struct.pack("<H", articles) + bytes(data)


def _asked() -> Iterator[bytes]:
    for number, segment in enumerate(_segments()):
        for shape in range(8):
            text = QUERIES[(number + shape) % len(QUERIES)].encode()[:255]
            yield bytes([shape | number << 5, 19 + 32 * (shape % 2), len(text)]) + text + segment


def _merged() -> Iterator[bytes]:
    segments = _segments()
    for number, segment in enumerate(segments):
        choose = struct.pack("<I", 0x12345678 | (number % 2) << 31 | number << 25)
        yield choose + segment + segments[number - 1]


def _store() -> Iterator[bytes]:
    for file in _files(".sk"):
        yield bytes(read_segment(file, "seed").sections["store"])


# -- text -------------------------------------------------------------------------------------------------------------

QUERIES = (
    *("w0", "w1 w0 running", '"w0 w1" w2', "flood AND river", "w0 OR w1 OR w2", 'cat "of the" covid-19', "cats~2"),
    *('"river bank"~3', "+flood -bank run*", "title:flood^2 text:(cat OR dog)", "date:2020-10 cat", "NOT cat", "*"),
    *(
        "date:[2020-09 TO 2020-10] flood",
        "date:{2019 TO 2021} cat",
        "date:'last month'",
        "date:>=2020-10 a",
        "date:none",
    ),
    *("a ANDMAYBE b ANDNOT c REQUIRE d", "((a OR (b AND", '"unclosed phrase', "c?t w*d [a TO b] /reg.x/", "a^1e9 b^-1"),
    *(
        "“curly” ‘quotes’ O’Neill",
        "選挙 москва naïve\u00a0Straße",
        "(" * 60,
        "a:" * 30,
        "~ ^ : [ ] { } \\",
        "0000 2020-13",
    ),
)
TEXTS = (
    "date 2020-10-02 The text may go on on the same line.\n\nIn paragraphs, too.",
    "  Date 2020-02-30, and so on\r\nMr. Smith's four-year-old isn't here: 3.5% of U.S. COVID-19 e-mails to a.b@c.de",
    "Nai\u0308ve \u212b \ufdfa \ud55c\uad6d \u1112\u1161\u11ab stra\xdfe \U0001f642 \u0130stanbul \ufb01ne",
    *("date", "\ufeffx", "\x00\x01\x1b[31m", "<b>&amp;"),
)
RECORDS: tuple[object, ...] = (
    {"id": "a", "text": "word", "title": "t", "date": "2020-10", "n": 1, "tags": ["x", "y"]},
    {"text": "d\xe9j\xe0 vu \0 \U0001f642", "id": 7, "date": 2020, "fields": {"f": 1.5, "g": None}, "null": None},
    {"text": "", "title": "only"},
    {"text": 1},
    {"id": "a", "text": "again", "date": "2020-13"},
    [],
    "x",
    {"text": "n", "deep": {"a": []}},
)


def _texts() -> Iterator[bytes]:
    for text in (*TEXTS, *QUERIES):
        yield text.encode("utf-8", "surrogatepass")
    yield b"\xff\xfe broken \xc3 utf-8 \xed\xa0\x80"


def _two_texts() -> Iterator[bytes]:
    for one, other in pairwise(text.encode() for text in (*TEXTS, *QUERIES)):
        for fold in (0, 1):
            yield struct.pack("<BH", fold, len(one)) + one + other


def _queries() -> Iterator[bytes]:
    yield from _texts()
    for written in (*PIECES, *FOUND):
        yield written.encode("utf-8", "surrogatepass")


def _saved() -> Iterator[bytes]:
    for written in QUERIES:
        yield json.dumps(searchkit.parse(written, fields=DECLARED).to_json()).encode()


def _lines() -> Iterator[bytes]:
    lines = [json.dumps(record, ensure_ascii=number % 2 == 0).encode() for number, record in enumerate(RECORDS)]
    yield from (
        b"\n".join(lines),
        b"\r\n".join(lines[::-1]),
        b"\n\n" + lines[0] + b"\n {\n",
        lines[0] + lines[1],
        b"{}",
    )
    yield b'{"text":"a","text":"b"}\n{"t\\u0065xt":"c","id":"\\ud83d\\ude42"}\n{"text":"\xff"}\n{"text":"x","n":-0}'


def _json() -> Iterator[bytes]:
    yield json.dumps(RECORDS[:2]).encode()
    yield b" [ " + b" , ".join(json.dumps(record).encode() for record in RECORDS[:4]) + b"]x"
    yield b"\n".join(json.dumps(record, indent=1).encode() for record in RECORDS[:3])
    yield b"[" * 50


def _tables() -> Iterator[bytes]:
    yield b'id,text,date,n\n1,"a ""word"", two",2020-10,5\n2,b\n3,"unclosed\n4,c,2020-13,\n'
    yield b"text\ttitle\tx\ny\tz\t\n\xff\ta\t\n\n\t\t\n"
    yield b"text,text\na,b\n"
    yield b'\xef\xbb\xbftext\r\n"a\r\nb"\r\n'


def _dates() -> Iterator[bytes]:
    for written in (
        *DATES,
        "2020-10-02T10:15:30+02:00",
        "2020-W40",
        "yesterday",
        "last month",
        "past 7 days",
        "2 oct 2020",
    ):
        yield written.encode()
    for written in ("10/02/2020", "2020-02-30", "99999-01", "2020-10/2020-09", "q3 2020", "since 2019", "1e9", "٢٠٢٠"):
        yield written.encode()


def _numbers() -> Iterator[bytes]:
    generator = random.Random(1)
    for size in (12, 40, 200, 3000):
        yield generator.randbytes(size)
        yield bytes(generator.choice((0, 0, 0, 1, 2, 255)) for _ in range(size))
    for n, length in ((1, 9), (2, 100), (3, 3), (5, 70000), (40, 41)):
        yield struct.pack("<HIIB", n, length, 5, 3) + generator.randbytes(80)


def _keys() -> Iterator[bytes]:
    yield b"\n".join(
        sorted(word.encode() for text in TEXTS for word in text.encode("utf-8", "replace").decode().split())
    )
    yield b"\n".join(b"1999/%06d" % (number * 7) for number in range(120))
    yield b"a" * 300 + b"\n" + b"a" * 301 + b"\n\nb"


def _words() -> Iterator[bytes]:
    yield from (word.encode() for word in ("running", "generously", "communism", "skies", "dying", "'cause", "yes's"))


# -- all --------------------------------------------------------------------------------------------------------------

_SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "manifest": _manifests,
    "live": lambda: _files(".live"),
    "container": lambda: _files(".sk"),
    "store": _store,
    "jsonl": _lines,
    "json": _json,
    "table": _tables,
    "text": _texts,
    "article": _texts,
    "query": _texts,
    "strict-query": _queries,
    "saved-query": _saved,
    "cursor": cursors,
    "date": _dates,
}
_CORE: dict[str, tuple[str, Callable[[], Iterator[bytes]]]] = {
    "segment": ("A segment of any bytes, asked everything but queries.", lambda: iter(_segments())),
    "search": ("Queries to such a segment; sound ones answer alike however they are evaluated.", _asked),
    "merge": ("Two such segments merged.", _merged),
    "columns": ("Columns of declared fields: filters, orders and counts agree on any bytes.", _columns),
    "fingerprints": ("Fingerprints of texts, and of any bytes: how far two agree.", _two_texts),
    "positions": ("The code of positions: what is read rises, fits, and is found again.", _numbers),
    "postings": ("Lists encoded, and decoded again by every set of instructions.", _numbers),
    "keys": ("Dictionaries and ids written, walked and looked up.", _keys),
    "tokens": ("The tokenizer: short forms of UTF-8, spans that rise.", _texts),
    "packs": ("JSON Lines read by the core.", _lines),
    "stems": ("The English stemmer, and the two ways to a checksum.", _words),
}
TARGETS: dict[str, Target] = {
    **{name: Target(name, about, made, True) for name, (about, made) in _CORE.items()},
    **{
        name: Target(name, (door.__doc__ or "").splitlines()[0], _SEEDS[name], False)
        for name, door in DOORS.items()
    },
}  # fmt: skip
