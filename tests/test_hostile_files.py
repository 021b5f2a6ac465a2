"""Segments that lie: the checksums are right, the bytes are not. Nothing crashes, hangs or swells.

test_corrupt.py shows that damage is found by checksums. Whoever makes a file on purpose writes right checksums, so here
a sound segment is taken apart, some of its values are changed, and it is sealed again. A process of its own then asks
it everything, merges it, deletes from it. Any answer will do, CorruptIndex and FormatVersion are answers; another error
is a failure, and so is a process that dies, hangs or wants memory without end.
"""

from __future__ import annotations

import contextlib
import faulthandler
import random
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from address_space import limit_address_space
from lies import LIES, Sections
from strategies import SEED, trials

import searchkit
from searchkit import CorruptIndex, FormatVersion
from searchkit.article import Article
from searchkit.core.evaluate import choose_simd
from searchkit.core.verify import verify
from searchkit.index import Index
from searchkit.query import (
    All,
    And,
    AndMaybe,
    DateRange,
    Fuzzy,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Regex,
    Sequence,
    Term,
    Undated,
    Wildcard,
)
from searchkit.storage.container import SegmentWriter, read_segment
from searchkit.storage.live import encode_live, live_entry
from searchkit.storage.manifest import Manifest, SegmentEntry, live_name
from searchkit.storage.memory import MemoryStorage

TRIALS = 150
HANGS_AFTER = 60  # seconds for one file, of which a hundredth is normal
MEMORY = 2 << 30  # bytes of address space, a hundred times what sound files of this size need


# -- the process that opens them --------------------------------------------------------------------------------------

RANKINGS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"proximity": 1.0},
    {"recency": "30d", "soft_since": "2020-10"},
    {"variant": "bm25l", "expand": "rm3"},
)
QUERIES: tuple[Query | str, ...] = (
    *("w0", "w1 w0 w1", "running w5", "rare AND w0 AND w1", '"w0 w1" w7', '"w1 w2 w0"~3', "w0-w1 w2"),
    *(Term("w0"), Term("w1"), Term("w5", "title"), Term("w2", "text"), Term("rare"), Term("running")),
    *(Or(Term("w0"), Term("w1"), Term("w7")), Or(Term("w3"), Term("rare")), And(Term("w0"), Term("w1"))),
    *(Phrase("w0 w1"), Phrase("w1 w2 w0", 3), Phrase("w0 w0", 4, "text"), Phrase("w1 w0", 1, "title")),
    *(Prefix("w"), Prefix("r"), Prefix("w1", "title"), Phrase("w0 w1 w2 w3"), And(Term("w0"), Not(Term("w2")))),
    *(And(Term("w1"), Undated()), And(Phrase("w0 w1"), Term("w2"), DateRange(None, 63_700_000_000))),
    *(AndMaybe(Term("w3"), Or(Term("w0"), And(Term("w1"), Term("w2")))), Or(Phrase("w0 w1"), Not(Term("w1")))),
    *(All(), Undated(), Not(Term("w0")), Wildcard("*1"), Fuzzy("runing", 2), Regex("(w|r).*[0-5n]*", "title")),
    *(Sequence(Prefix("w"), Wildcard("*1"), slop=2), Sequence(Term("w0"), Prefix("r"), slop=9, ordered=False)),
)  # fmt: skip


def sound_articles(random: random.Random, count: int) -> list[Article]:
    """Dated and undated, some with titles; `w0` in all of them, `w9` in one of ten. Many are short."""
    articles = []
    for number in range(count):
        most = 10 if count < 1000 else 3
        words = [f"w{i}" for i in range(most) if random.random() < 1.05 - i / 10]
        words *= random.randint(1, 3 if most > 3 else 1)
        random.shuffle(words)
        date = random.choice([None, "2019", "2020-10", f"2020-0{random.randint(1, 9)}-11", "2018/2020"])
        title = " ".join(random.sample(words, min(len(words), random.randint(1, 4)))) if random.random() < 0.5 else ""
        text = " ".join([*words, "running"] if random.random() < 0.2 else words) + (" rare" if number % 50 == 3 else "")
        articles.append(Article(text, id=f"a{number:04}", title=title, date=date, fields={"n": number}))
    return articles


def sound_sections(count: int, title_weight: int) -> tuple[Sections, dict[str, Any]]:
    index = searchkit.create(title_weight=title_weight)
    index.add(sound_articles(random.Random(count), count))
    index.compact()
    (entry,) = index._snapshot().manifest.segments
    sections = read_segment(index._storage.open_buffer(entry.name).view, entry.name).sections
    return {name: bytearray(view) for name, view in sections.items()}, dict(index._snapshot().manifest.options)


def sealed(sections: Sections, options: dict[str, Any], random: random.Random, others: Sections) -> MemoryStorage:
    """An index of this segment and a sound one, all checksums right; sometimes with deleted articles."""
    storage = MemoryStorage()
    entries = []
    with storage.lock(0):
        for part in (sections, others):
            output = storage.output()
            writer = SegmentWriter(output, random.choice([64, 4096, 16384]))
            for name, data in part.items():
                writer.begin(name)
                writer.write(data)
                writer.end()
            length, checksum = writer.finish()
            count = struct.unpack_from("<Q", part["meta"])[0] if len(part["meta"]) >= 8 else 1
            count = count if count < 100_000 else 1
            entry = SegmentEntry(writer.publish(), length, checksum, count)
            if part is sections and random.random() < 0.5 and count:
                live = (1 << count) - 1
                for _ in range(random.choice([1, count // 4, count])):
                    live &= ~(1 << random.randrange(count))
                data = encode_live(live.to_bytes(-(-count // 64) * 8, "little"), count)
                name = live_name(entry.name, 1)
                if live != (1 << count) - 1:
                    with storage.output() as file:
                        file.write(data)
                        file.publish(name)
                    entry = SegmentEntry(entry.name, length, checksum, count, live_entry(name, data))
            entries.append(entry)
    storage.create(Manifest(1, 1, options, tuple(entries), None))
    return storage


def questions(index: Index, random: random.Random) -> Iterator[Callable[[], Any]]:
    ids = ["a0000", "a0003", f"a{random.randrange(900):04}", "nowhere"]
    ranges = [{}, {}, {"since": "2020"}, {"since": "2019", "until": "2020-10"}, {"until": "2020-05"}]
    for query in QUERIES:
        when: dict[str, Any] = {**random.choice(ranges), "dates": random.choice(["overlaps", "within", "contains"])}
        sort = random.choice(["score", "score", "newest", "oldest"])
        ranking = random.choice(RANKINGS)
        yield partial(found, index, query, limit=random.choice([1, 3, 10, 10_000]), sort=sort, **when, **ranking)
        yield partial(index.count, query, **when)
        yield partial(explained, index, query, ids[0])
    yield partial(shown, index, "w1 w2", 8, "score")
    yield partial(shown, index, "*", 900, "oldest")
    for by in ("day", "month", "year"):
        yield partial(counted, index, random.choice(QUERIES), by)
    yield partial(paged, index, random.choice(QUERIES), random.choice(["score", "oldest"]))
    yield partial(index.search_many, ["w0 w3", '"w1 w2"', "w4*", "running"] * 4, threads=2)
    yield partial(index.check) if len(index) < 1000 or random.random() < 0.3 else partial(len, index)
    parts = [part.segment for part in index._snapshot().parts]
    for segment in parts:
        for form in ("w1", "running", "runn", "zzz", ""):
            yield partial(segment.term_of, form)
        yield partial(list, segment.forms())
        yield partial(verify, segment)
        for docid in (0, segment.articles - 1, random.randrange(segment.articles)):
            yield from (
                partial(ask, docid) for ask in (segment.store_block, segment.id, segment.seconds, segment.length)
            )
        yield from (partial(segment.shared_ids, other) for other in parts)
    if len(index) > 1000 and random.random() < 0.7:
        return  # what follows reads every article, and takes its time
    yield partial(index.delete, ids[:3])
    yield partial(index.add, [Article("w0 w1 new", id="a0003"), Article("w9", id="another")])
    yield index.compact
    yield index.check
    yield partial(index.search, random.choice(QUERIES), limit=None)


def found(index: Index, query: Query | str, **options: Any) -> list[tuple[str, float]]:
    return [(hit.id, hit.score) for hit in index.search(query, **options)]


def explained(index: Index, query: Query | str, id: str) -> None:
    if id in index:
        index.explain(query, id)
        index.get(id)


def shown(index: Index, query: str, limit: int, sort: Any) -> None:
    for hit in index.search(query, limit=limit, sort=sort)[-8:]:
        assert all(passage.text for passage in hit.passages(3, sentences=1)) or not hit.article.text.strip()
        assert hit.to_dict() and hit.snippet() is not None and hit.highlight() is not None


def counted(index: Index, query: Query | str, by: Any) -> None:
    results = index.search(query, limit=1)
    assert results.timeline(by).total == results.total


def paged(index: Index, query: Query | str, sort: Any) -> None:
    page = index.search(query, limit=7, sort=sort)
    if page.cursor is not None:
        index.search(query, limit=7, sort=sort, after=page.cursor)


def outcome(seed: int, bases: list[tuple[Sections, dict[str, Any]]], others: Sections) -> str:
    """What a file with a few lies leads to: "", or the error that it should not have been."""
    choices = random.Random(seed)
    choose_simd(choices.choice(["plain", None]))
    base, options = choices.choice(bases)
    sections = {name: bytearray(data) for name, data in base.items()}
    for lie in (LIES[seed % len(LIES)], *choices.choices(LIES, k=choices.choice([0, 0, 1]))):
        with contextlib.suppress(ArithmeticError, IndexError, ValueError, struct.error):  # what the first lie left
            lie(choices, sections)
    storage = sealed(sections, options, choices, others)
    try:
        index = Index(storage, writable=True)
        asked = iter(questions(index, choices))
    except (CorruptIndex, FormatVersion):
        return ""
    except Exception as error:
        return f"opening raised {error!r}"
    for question in asked:
        try:
            question()
        except (CorruptIndex, FormatVersion):
            pass
        except Exception as error:
            calls = " < ".join(
                f"{call.name}:{call.lineno}" for call in traceback.extract_tb(error.__traceback__)[:0:-1]
            )
            return f"{type(error).__name__} {str(error)[:100]!r} in {calls}"
    return ""


@pytest.mark.slow
def test_lies_are_answered_or_refused(start: Callable[..., Any]) -> None:
    """Whatever a well-sealed file says."""
    process = start(__file__, SEED * 1_000_000, trials(TRIALS))
    printed, problems = process.communicate()
    assert process.returncode == 0, f"died of {process.returncode} at {printed[printed.rfind(chr(10)) :]}\n{problems}"
    wrong = [line for line in printed.splitlines() if not line.endswith("\t")]
    assert not wrong, f"{len(wrong)}: {wrong[:5]}"


def try_all(first: int, count: int) -> None:
    """Print the number of each file before it is opened, and what came of it."""
    bases = [sound_sections(30, 1), sound_sections(900, 3), sound_sections(4_300, 1)]
    others, _ = sound_sections(20, 1)
    for seed in range(first, first + count):
        faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
        print(seed, end="\t", flush=True)
        print(outcome(seed, bases, others), flush=True)
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    limit_address_space(MEMORY)
    try_all(int(sys.argv[1]), int(sys.argv[2]))
