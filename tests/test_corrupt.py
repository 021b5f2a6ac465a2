"""Damaged bytes are reported, never served, and never crash the process.

A file of the index is cut short, or one of its bytes is changed, or it is missing, swapped or grown. A process of its
own then opens the index, asks everything and runs check(). For each damage it prints one of

    found      a typed error on opening, and nothing else was tried
    noticed    answers were right or CorruptIndex/FormatVersion, and check() found the damage
    anything else is a failure; a process that dies is one, too
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from address_space import limit_address_space
from strategies import generator, some_articles, trials

import searchkit
from searchkit import CorruptIndex, FormatVersion
from searchkit.article import Article
from searchkit.core.checksum import crc32c
from searchkit.query import All, And, AndMaybe, Not, Or, Phrase, Prefix, Term, Undated, Wildcard

Damage = dict[str, Any]
HANGS_AFTER = 60  # seconds for one damage, of which a hundredth is normal

QUERIES = (
    Term("w0"),
    Term("w5"),
    Or(Term("w1"), Term("w2"), Term("w7")),
    And(Term("w0"), Term("w1")),
    Phrase("w0 w1"),
    Phrase("w1 w0", 3, "text"),
    Term("w0", "title"),
    And(Term("w0"), Not(Term("w2"))),
    AndMaybe(Term("w3"), Term("w0")),
    Prefix("w1"),
    Wildcard("*2"),
    Undated(),
    All(),
)


def answers(index: searchkit.Index) -> Iterator[Any]:
    """Everything that can be asked; each answer is compared on its own, since a later one may be an error."""
    yield len(index)
    for query in QUERIES:
        yield [(hit.id, hit.score) for hit in index.search(query, limit=5)]
        yield index.search(query, limit=50).ids
        yield [(hit.id, hit.score) for hit in index.search(query, limit=10_000, since="2016", dates="within")]
        yield index.count(query)
    yield [[hit.id for hit in index.search("*", limit=20, sort=sort)] for sort in ("newest", "oldest")]
    yield [index.search("w3 w4", limit=1).timeline(by).to_dicts() for by in ("week", "month")]
    for hit in index.search("w3 w4 w5", limit=5):
        yield [(passage.start, passage.marks) for passage in hit.passages(2)]
        yield str(hit.article), str(hit.date), hit.fields, hit.snippet()
        yield index.explain("w3 w4 w5", hit.id).score
    for id in ("a000003", "a000000", "late", "deleted", "nowhere"):
        yield str(index.get(id)) if id in index else None


def every_answer(index: searchkit.Index) -> list[Any]:
    return [json.loads(json.dumps(answer)) for answer in answers(index)]


# -- the process that opens damaged indexes ---------------------------------------------------------------------------


def try_all(sound: Path, scratch: Path) -> None:
    """Read damages from standard input, one JSON line each, and print what came of them."""
    limit_address_space(4 << 30)
    with searchkit.open(sound, mode="r") as index:
        expected = every_answer(index)
    for line in sys.stdin:
        faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
        print(line.strip(), end="\t", flush=True)
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(sound, scratch)
        apply(json.loads(line), scratch)
        print(outcome(scratch, expected), flush=True)
    faulthandler.cancel_dump_traceback_later()


def apply(damage: Damage, folder: Path) -> None:
    path = folder / damage["file"]
    if "cut" in damage:
        os.truncate(path, damage["cut"])
    elif "at" in damage:
        content = bytearray(path.read_bytes())
        content[damage["at"]] ^= damage["xor"]
        path.write_bytes(content)
    elif "zeros" in damage:
        content = bytearray(path.read_bytes())
        start, stop = damage["zeros"]
        content[start:stop] = bytes(stop - start)
        path.write_bytes(content)
    elif "swap" in damage:
        other = folder / damage["swap"]
        ours, theirs = path.read_bytes(), other.read_bytes()
        path.write_bytes(theirs)
        other.write_bytes(ours)
    elif "grow" in damage:
        path.write_bytes(path.read_bytes() + bytes.fromhex(damage["grow"]))
    else:
        path.unlink()


def outcome(folder: Path, expected: list[Any]) -> str:
    """What an index in this state answers."""
    try:
        index = searchkit.open(folder, mode="r")
    except (CorruptIndex, FormatVersion):
        return "found"
    except Exception as error:
        return f"open raised {error!r}"
    with index:
        asked = answers(index)
        for answer in expected:
            try:
                got = json.loads(json.dumps(next(asked)))
            except (CorruptIndex, FormatVersion):
                break  # the generator is at its end with this
            except Exception as error:
                return f"a question raised {error!r}"
            if got != answer:
                return f"answered {got!r} instead of {answer!r}"[:300]
        try:
            report = index.check()
        except Exception as error:
            return f"check raised {error!r}"
        return "check found nothing" if report.ok or not report.findings else "noticed"


# -- the indexes and their damages ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two segments of a few articles, one of them with a deleted article."""
    return made(tmp_path_factory.mktemp("tiny") / "index", some_articles(generator("tiny"), 12, vocabulary=12))


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blocks, bitmaps and several checksummed stretches of 16 KiB."""
    return made(tmp_path_factory.mktemp("larger") / "index", some_articles(generator("larger"), 3_000, vocabulary=60))


def made(folder: Path, articles: list[Article]) -> Path:
    with searchkit.create(folder) as index:
        index.add(articles)
        index.compact()
        late = [Article("w0 w1 w2", id="late", title="w0", date="2019"), Article("w0 w3", id="deleted", date="2018")]
        index.add([*late, Article("w5 w1 w0", id="kept")])
        index.delete(["deleted"])
        assert index.stats().segments == 2
        assert index.check().ok
    return folder


def files(folder: Path, pattern: str) -> list[Path]:
    """The files of the newest generation."""
    newest = max(folder.glob("manifest-*.json"))
    if pattern == "manifest":
        return [newest]
    named = newest.read_text(encoding="utf-8")
    return sorted(path for path in folder.glob(pattern) if path.name in named)


def segments(folder: Path) -> list[Path]:
    """The larger one first."""
    found = sorted(files(folder, "seg-*.sk"), key=lambda path: -path.stat().st_size)
    assert len(found) == 2
    return found


@pytest.fixture
def try_damages(start: Callable, tmp_path: Path) -> Callable[[Path, list[Damage]], None]:
    def try_damages(folder: Path, damages: list[Damage]) -> None:
        """Every damage is found or noticed."""
        process = start(__file__, folder, tmp_path / "scratch")
        printed, problems = process.communicate("".join(json.dumps(damage) + "\n" for damage in damages))
        assert process.returncode == 0, (
            f"died of {process.returncode} at {printed[printed.rfind(chr(10)) :]}\n{problems}"
        )
        lines = [line.split("\t") for line in printed.splitlines()]
        assert len(lines) == len(damages)
        wrong = [line for line in lines if line[1] not in ("found", "noticed")]
        assert not wrong, f"{len(wrong)} of {len(lines)}: {wrong[:5]}"

    return try_damages


def cuts(random: random.Random, path: Path, count: int) -> list[Damage]:
    """Both ends, and lengths between."""
    size = path.stat().st_size
    lengths = {0, 1, 7, 8, size // 2, size - 1, size - 4, size - 8, *(random.randrange(size) for _ in range(count))}
    return [{"file": path.name, "cut": length} for length in sorted(lengths) if 0 <= length < size]


def changes(random: random.Random, path: Path, count: int) -> list[Damage]:
    """Single bytes at random, more of them near both ends, where the headers are."""
    size = path.stat().st_size
    places = [random.randrange(size) for _ in range(count)]
    places += [random.randrange(min(size, 256)) for _ in range(count // 4)]
    places += [size - 1 - random.randrange(min(size, 512)) for _ in range(count // 4)]
    return [{"file": path.name, "at": place, "xor": random.randrange(1, 256)} for place in places]


@pytest.mark.slow
def test_a_segment_cut_short(tiny: Path, larger: Path, try_damages: Callable) -> None:
    """At any length."""
    random = generator("cuts")
    for folder in (tiny, larger):
        try_damages(folder, [damage for path in segments(folder) for damage in cuts(random, path, trials(25))])


@pytest.mark.slow
def test_a_changed_byte_in_a_small_segment(tiny: Path, try_damages: Callable) -> None:
    """Sampled bytes; with SEARCHKIT_TEST_EFFORT of 20 or more, all of them."""
    random = generator("changes")
    path = segments(tiny)[0]
    size = path.stat().st_size
    if trials(1) < 20:
        damages = changes(random, path, trials(250))
    else:
        damages = [{"file": path.name, "at": place, "xor": random.randrange(1, 256)} for place in range(size)]
    try_damages(tiny, damages)


@pytest.mark.slow
def test_a_changed_bit_in_the_smallest_segment(tiny: Path, try_damages: Callable) -> None:
    """One bit, sampled over the whole of a segment of three articles."""
    random = generator("bits")
    path = segments(tiny)[1]
    step = max(1, path.stat().st_size // trials(200))
    places = range(random.randrange(step), path.stat().st_size, step)
    try_damages(tiny, [{"file": path.name, "at": place, "xor": 1 << random.randrange(8)} for place in places])


@pytest.mark.slow
def test_a_changed_byte_in_a_larger_segment(larger: Path, try_damages: Callable) -> None:
    """Blocks, bitmaps, positions, stored articles."""
    try_damages(larger, changes(generator("larger changes"), segments(larger)[0], trials(80)))


@pytest.mark.slow
def test_a_damaged_manifest(tiny: Path, try_damages: Callable) -> None:
    """Cut or changed anywhere: never the older generation in silence."""
    random = generator("manifest")
    (path,) = files(tiny, "manifest")
    try_damages(tiny, cuts(random, path, trials(40)) + changes(random, path, trials(120)))


@pytest.mark.slow
def test_a_damaged_live_file(tiny: Path, try_damages: Callable) -> None:
    """Every bit says whether an article is alive."""
    random = generator("live")
    (path,) = files(tiny, "*.live")
    everywhere = [{"file": path.name, "at": place, "xor": 1} for place in range(min(200, path.stat().st_size))]
    try_damages(tiny, cuts(random, path, trials(20)) + everywhere)


@pytest.mark.slow
def test_files_missing_swapped_grown_or_zeroed(tiny: Path, larger: Path, try_damages: Callable) -> None:
    """What copying, restoring and broken disks do."""
    random = generator("files")
    for folder in (tiny, larger):
        first, second = segments(folder)
        (live,) = files(folder, "*.live")
        size = first.stat().st_size
        zeros = [sorted(random.sample(range(size), 2)) for _ in range(trials(10))]
        content = first.read_bytes()
        try_damages(
            folder,
            [
                {"file": first.name},
                {"file": second.name},
                {"file": live.name},
                {"file": first.name, "swap": second.name},
                {"file": live.name, "swap": second.name},
                {"file": first.name, "grow": "00"},
                {"file": first.name, "grow": "ff" * 5000},
                {"file": live.name, "grow": "01"},
                *({"file": first.name, "zeros": part} for part in zeros if any(content[slice(*part)])),
            ],
        )


def test_check_finds_what_no_question_touched(tiny: Path, tmp_path: Path) -> None:
    """A changed byte is in the findings with the file it is in, while untouched parts keep answering."""
    folder = tmp_path / "index"
    shutil.copytree(tiny, folder)
    path = segments(folder)[0]
    missed = []
    for place in range(200, path.stat().st_size, max(1, path.stat().st_size // 12)):
        shutil.copy(tiny / path.name, path)
        apply({"file": path.name, "at": place, "xor": 0x10}, folder)
        try:
            with searchkit.open(folder, mode="r") as index:
                report = index.check()
        except (CorruptIndex, FormatVersion) as error:
            assert path.name in str(error)
            continue
        if report.ok or not any(path.name in str(finding) for finding in report.findings):
            missed.append((place, report))
    assert missed == []


def test_a_newer_format_is_refused(tiny: Path, tmp_path: Path) -> None:
    """Said in words, and left alone."""
    folder = tmp_path / "index"
    shutil.copytree(tiny, folder)
    (manifest,) = files(folder, "manifest")
    lines = manifest.read_bytes().replace(b'"format": 1,', b'"format": 999,').rpartition(b"crc32c ")[0]
    newer = lines + b"crc32c %08x\n" % crc32c(lines)
    assert newer != manifest.read_bytes()
    manifest.write_bytes(newer)
    for mode in ("r", "r+"):
        with pytest.raises(FormatVersion):
            searchkit.open(folder, mode=mode)
    with pytest.raises(searchkit.SearchkitError):
        searchkit.create(folder)
    assert manifest.read_bytes() == newer


if __name__ == "__main__":
    try_all(Path(sys.argv[1]), Path(sys.argv[2]))
