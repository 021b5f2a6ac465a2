"""repair: what can be read of a damaged index is whole again, what cannot be is told, and nothing is touched before.

One flipped bit, wherever it is, costs nothing. Larger damage costs the articles it lies on, and they are named.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner
from strategies import generator, some_articles, trials

import searchkit
from searchkit import Article, CorruptIndex, IndexNotFound, Keyword, Number, RepairReport
from searchkit.cli.program import program
from searchkit.core.checksum import crc32c
from searchkit.query import All, Phrase, Term
from searchkit.storage.container import read_segment
from searchkit.storage.mend import mended
from searchkit.storage.system import System

QUERIES = (Term("w0"), Term("w5"), Phrase("w0 w1"), Term("w0", "title"), All())
Answers = dict[str, list[tuple[str, float]]]


def answers(folder: Path) -> Answers:
    with searchkit.open(folder, mode="r") as index:
        found = {str(query): [(hit.id, hit.score) for hit in index.search(query, limit=None)] for query in QUERIES}
        found["articles"] = [(str(hit.article), 0.0) for hit in index.search(All(), limit=None)]
        return found


def made(folder: Path, count: int, **options: Any) -> Path:
    """Two segments and some deletions."""
    rng = generator(f"repair {count}")
    articles = some_articles(rng, count, vocabulary=40)
    with searchkit.create(folder, **options) as index:
        index.add(articles)
        index.add([Article("w0 w1 late", id=f"late{number}", date="2020") for number in range(5)])
        index.delete([article.id for article in articles[::7]] + ["late3"])
        assert index.stats().segments == 2
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("tiny") / "index", 12)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("larger") / "index", 4000)


def copied(folder: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    return Path(shutil.copytree(folder, copy))


def files(folder: Path, pattern: str) -> list[Path]:
    newest = max(folder.glob("manifest-*.json")).read_text(encoding="utf-8")
    return sorted((path for path in folder.glob(pattern) if path.name in newest), key=lambda path: path.stat().st_size)


def change(path: Path, start: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(data)


def ids_of(found: Answers) -> set[str]:
    return {id for id, _ in found["*"]}


def repaired(folder: Path) -> RepairReport:
    """Repaired, and sound; the originals are still there as they were."""
    kept = [max(folder.glob("manifest-*.json")), *files(folder, "*.sk"), *files(folder, "*.live")]
    before = {path: path.read_bytes() for path in kept}
    report = searchkit.repair(folder)
    assert {path: path.read_bytes() for path in before} == before
    with searchkit.open(folder) as index:
        assert index.check(deep=True).findings == ()
        index.add(Article("w0 the next commit works", id="next"))
        assert index.check().ok
        index.delete("next")
    return report


def test_nothing_is_done_to_a_sound_index(tiny: Path, tmp_path: Path) -> None:
    """No new generation, no file touched."""
    folder = copied(tiny, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != "write.lock"}
    report = searchkit.repair(folder)
    assert report.ok and report.findings == () and report.kept == 2
    assert report.generation == report.taken_from
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir() if p.name != "write.lock"} == before
    with pytest.raises(IndexNotFound):
        searchkit.repair(tmp_path / "nowhere")


@pytest.mark.parametrize("size", [1, 5, 300, 16384])
def test_the_place_of_a_flipped_bit_follows_from_the_checksum(size: int) -> None:
    """Any bit of a page; two flipped ones are never taken for one."""
    rng = generator(f"mend {size}")
    data = rng.randbytes(size)
    checksum = crc32c(data)
    assert mended(data, checksum) == data
    for _ in range(trials(20)):
        places = rng.sample(range(8 * size), 2)
        changed = bytearray(data)
        changed[places[0] // 8] ^= 1 << places[0] % 8
        assert mended(bytes(changed), checksum) == data
        changed[places[1] // 8] ^= 1 << places[1] % 8
        assert mended(bytes(changed), checksum) is None


@pytest.mark.slow
@pytest.mark.parametrize("store", [True, False])
def test_a_flipped_bit_costs_nothing(tiny: Path, tmp_path: Path, store: bool) -> None:
    """In segments, live documents or the manifest: all articles, deletions and scores are as before."""
    rng = generator("one bit")
    sound = tiny if store else made(tmp_path / "bare", 12, store=False)
    expected = answers(sound) if store else None
    for pattern in ("manifest", "*.live", "*.sk"):
        for path in [max(sound.glob("manifest-*.json"))] if pattern == "manifest" else files(sound, pattern):
            size = path.stat().st_size
            places = {rng.randrange(size) for _ in range(trials(12))} | {size - 1, size - 70, 1, size - 17}
            for place in sorted(places):
                folder = copied(sound, tmp_path)
                byte = path.read_bytes()[place]
                change(folder / path.name, place, bytes([byte ^ 1 << rng.randrange(8)]))
                report = searchkit.repair(folder)
                assert report.ok and report.findings, (path.name, place, str(report), report.notes)
                with searchkit.open(folder) as index:
                    assert index.check().ok
                if expected is not None:
                    assert answers(folder) == expected, (path.name, place)


@pytest.mark.parametrize("left", [0, 1, 10, 63, 64, 150])
def test_a_segment_of_which_hardly_anything_is_left_is_dropped(tiny: Path, tmp_path: Path, left: int) -> None:
    """Cut to less than what a file must have: its articles are lost, and counted."""
    folder = copied(tiny, tmp_path)
    path = files(folder, "*.sk")[-1]
    path.write_bytes(path.read_bytes()[:left])
    report = repaired(folder)
    assert (report.dropped, report.kept) == (1, 1)
    assert len(report.lost) + report.lost_unnamed == 12 - 2


def test_articles_under_the_damage_are_lost_and_named(larger: Path, tmp_path: Path) -> None:
    """Zeros over a page of the stored articles: all others are there, and the report has the names of these."""
    folder = copied(larger, tmp_path)
    before = ids_of(answers(folder))
    path = files(folder, "*.sk")[-1]
    start, length = read_segment(path.read_bytes(), path.name).offsets["store"]
    change(path, start + length // 2, bytes(100))
    report = repaired(folder)
    after = ids_of(answers(folder))
    assert 0 < len(report.lost) < 1500 and not report.lost_unnamed
    assert set(report.lost) == before - after
    assert (report.kept, report.rebuilt, report.ok) == (1, 1, False)


@pytest.mark.slow
def test_a_segment_is_built_anew_in_as_much_memory_as_is_given(larger: Path, tmp_path: Path) -> None:
    """Articles are put aside in files on the way; the segment is the same to the byte."""
    names = []
    for memory in ("256MB", 1 << 20):
        folder = copied(larger, tmp_path)
        path = files(folder, "*.sk")[-1]
        start, length = read_segment(path.read_bytes(), path.name).offsets["postings"]
        change(path, start + length // 2, bytes(100))
        assert searchkit.repair(folder, memory=memory).rebuilt == 1
        names.append({path.name: path.read_bytes() for path in files(folder, "*.sk")})
    assert names[0] == names[1]
    with pytest.raises(ValueError, match="memory must be at least 1MB"):
        searchkit.repair(folder, memory=1000)


@pytest.mark.parametrize("section", ["postings", "terms"])
def test_damage_beside_the_articles_costs_none(larger: Path, tmp_path: Path, section: str) -> None:
    """Everything else is made again from them: answers are as before, to the last bit."""
    folder = copied(larger, tmp_path)
    expected = answers(folder)
    path = files(folder, "*.sk")[-1]
    places = read_segment(path.read_bytes(), path.name).offsets
    start, length = places[section]
    change(path, start + length // 8, os.urandom(12))  # far from the page in which the ids begin
    report = repaired(folder)
    assert report.ok, str(report)
    assert answers(folder) == expected


def test_a_segment_of_which_nothing_is_left(larger: Path, tmp_path: Path) -> None:
    """Missing or cut short: dropped, its articles counted, the other kept."""
    for damage in (Path.unlink, lambda path: os.truncate(path, path.stat().st_size // 2)):
        folder = copied(larger, tmp_path)
        before = ids_of(answers(folder))
        damage(files(folder, "*.sk")[-1])
        report = repaired(folder)
        after = ids_of(answers(folder))
        assert (report.kept, report.dropped, report.lost) == (1, 1, ())
        assert report.lost_unnamed == len(before) - len(after) > 3000
        assert after == {"late0", "late1", "late2", "late4"}


def test_without_stored_texts_a_damaged_segment_is_lost_by_name(tmp_path: Path) -> None:
    """There is nothing to build it from."""
    folder = made(tmp_path / "bare", 3000, store=False)
    before = {hit.id for hit in searchkit.open(folder, mode="r").search(All(), limit=None)}
    path = files(folder, "*.sk")[-1]
    change(path, 100, bytes(50))
    report = searchkit.repair(folder)
    with searchkit.open(folder) as index:
        after = {hit.id for hit in index.search(All(), limit=None)}
        assert index.check().ok
    assert set(report.lost) == before - after
    assert report.dropped == 1


def test_deletions_that_cannot_be_read(tiny: Path, tmp_path: Path) -> None:
    """Those of the generation before hold; later ones are back, at most as many as the report says."""
    for damage in (Path.unlink, lambda path: change(path, 66, b"\xff\xff\xff")):
        folder = copied(tiny, tmp_path)
        with searchkit.open(folder) as index:
            first = sorted(hit.id for hit in index.search("w0", limit=None) if hit.id.startswith("a"))[0]
            index.delete(first)
        expected = ids_of(answers(folder))
        damage(files(folder, "*.live")[-1] if len(files(folder, "*.live")) == 1 else _largest_live(folder))
        report = repaired(folder)
        after = ids_of(answers(folder))
        assert after >= expected and not report.ok
        assert after - expected <= {first} and report.undeleted == 1


def _largest_live(folder: Path) -> Path:
    """The live-document file of the newest generation."""
    return max(files(folder, "*.live"), key=lambda path: path.name.split(".")[1])


def test_an_article_that_was_replaced_does_not_come_back(tmp_path: Path) -> None:
    """It is live in another segment, so it was deleted where nobody knows."""
    folder = tmp_path / "index"
    with searchkit.create(folder) as index:
        index.add([Article(f"old w{number}", id=str(number)) for number in range(5)])
        index.add(Article("new", id="3"))
    (live,) = files(folder, "*.live")
    live.unlink()
    report = repaired(folder)
    assert report.undeleted == 0
    with searchkit.open(folder) as index:
        assert len(index) == 5 and index.get("3").text == "new"


def test_a_manifest_that_cannot_be_read(tiny: Path, tmp_path: Path) -> None:
    """The generation before is taken, and it is said; opening never does that."""
    folder = copied(tiny, tmp_path)
    before = ids_of(answers(folder))
    with searchkit.open(folder) as index:
        index.add(Article("lost", id="lost"))
    newest = max(folder.glob("manifest-*.json"))
    change(newest, 20, b"xxxxxx")
    with pytest.raises(CorruptIndex):
        searchkit.open(folder)
    report = repaired(folder)
    assert report.undone == 1 and not report.ok and newest.name in report.notes[0]
    assert ids_of(answers(folder)) == before
    for manifest in folder.glob("manifest-*.json"):
        manifest.write_bytes(b"nothing")
    with pytest.raises(CorruptIndex):
        searchkit.repair(folder)


def test_a_newer_format_is_not_damage(tiny: Path, tmp_path: Path) -> None:
    """It is refused, and left alone."""
    folder = copied(tiny, tmp_path)
    path = files(folder, "*.sk")[0]
    header = bytearray(path.read_bytes()[:60])
    struct.pack_into("<I", header, 8, 99)
    change(path, 0, bytes(header) + struct.pack("<I", crc32c(header)))
    with pytest.raises(
        searchkit.FormatVersion, match="segment format 99, this version reads segment formats up to"
    ) as caught:
        searchkit.repair(folder)
    assert caught.value.path == str(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.slow
def test_repair_killed_at_any_call(tiny: Path, tmp_path: Path) -> None:
    """At each call to the system in turn: then nothing is lost that repairing again would save."""
    if not hasattr(os, "fork"):
        pytest.skip("there is no fork here")
    folder = copied(tiny, tmp_path)
    path = files(folder, "*.sk")[-1]
    change(path, 300, bytes([path.read_bytes()[300] ^ 1]))
    files(folder, "*.sk")[0].unlink()
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    report = searchkit.repair(folder)
    assert report.mended == report.dropped == 1
    expected = answers(folder)
    number = 0
    while True:
        folder = copied(damaged, tmp_path)
        child = os.fork()
        if child == 0:
            left = number
            for name in ("create", "write", "sync", "link", "unlink", "sync_folder", "rename", "replace"):
                inner = getattr(System, name)

                def counted(*arguments: Any, inner: Callable[..., Any] = inner) -> Any:
                    nonlocal left
                    left -= 1
                    if left < 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return inner(*arguments)

                setattr(System, name, counted)
            searchkit.repair(folder)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            break
        searchkit.repair(folder)
        assert answers(folder) == expected
        number += 1
    assert number > 10


def test_the_command_repairs(tiny: Path, tmp_path: Path) -> None:
    """`searchkit check --repair` says what was wrong and what came of it; 0 if nothing is lost."""
    folder = copied(tiny, tmp_path)
    path = files(folder, "*.sk")[-1]
    change(path, 70, bytes([path.read_bytes()[70] ^ 4]))
    done = CliRunner().invoke(program, ["check", "--repair", "-i", str(folder)], standalone_mode=False)
    assert (done.return_value, "1 mended" in done.output) == (0, True), done.output
    done = CliRunner().invoke(program, ["check", "-i", str(folder)], standalone_mode=False)
    assert (done.return_value, done.output) == (0, "ok\n")
    files(folder, "*.sk")[-1].unlink()
    done = CliRunner().invoke(program, ["check", "--repair", "-i", str(folder)], standalone_mode=False)
    assert done.return_value == 3 and "articles whose ids cannot be read" in done.output


@pytest.mark.slow
def test_random_damage_never_adds_or_invents(larger: Path, tmp_path: Path) -> None:
    """Whatever is overwritten: every article is as it was, or lost and counted."""
    rng = random.Random(f"{generator('damage').random()}")
    original = {id: text for id, (text, _) in _by_id(answers(larger)).items()}
    for _ in range(trials(6)):
        folder = copied(larger, tmp_path)
        for path in rng.sample(files(folder, "*.sk"), rng.choice([1, 2])):
            for _ in range(rng.choice([1, 3])):
                size = path.stat().st_size
                change(path, rng.randrange(size), rng.randbytes(rng.choice([1, 8, 500])))
        report = searchkit.repair(folder)
        with searchkit.open(folder) as index:
            assert index.check().ok
        after = {id: text for id, (text, _) in _by_id(answers(folder)).items()}
        assert after.items() <= original.items()
        assert len(original) - len(after) == len(report.lost) + report.lost_unnamed


@pytest.mark.slow
@pytest.mark.parametrize("section", ["column1", "postings"])
def test_declared_fields_are_repaired(tmp_path: Path, section: str) -> None:
    """A page of a column costs nothing but the time to make it again: it follows from the stored articles."""
    folder = tmp_path / "index"
    fields = {"source": Keyword(), "words": Number()}
    with searchkit.create(folder, fields=fields) as index:
        articles = some_articles(generator("repair fields"), 5000, vocabulary=40)
        index.add(
            attrs.evolve(article, fields={"source": [f"s{number % 7}", "every"], "words": number})
            for number, article in enumerate(articles)
        )
        index.delete([articles[0].id])
        expected = index.search(All()).facets("source"), [hit.id for hit in index.search(All(), sort="-words")]
    (path,) = files(folder, "*.sk")
    start, length = read_segment(path.read_bytes(), str(path)).offsets[section]
    page = -(-start // 16384) * 16384  # the first that has nothing else in it
    assert page + 16384 < start + length
    change(path, page, bytes(16384))
    report = searchkit.repair(folder)
    assert (report.rebuilt, report.lost, report.undeleted) == (1, (), 0)
    with searchkit.open(folder) as index:
        assert index.options.fields == fields
        assert index.check(deep=True).ok
        found = index.search(All()).facets("source"), [hit.id for hit in index.search(All(), sort="-words")]
        assert found == expected


def _by_id(found: Answers) -> dict[str, tuple[str, float]]:
    return dict(zip([id for id, _ in found["*"]], found["articles"], strict=True))
