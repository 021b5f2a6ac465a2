"""What fails gives back what it took: descriptors, mappings, threads, temporary files, the lock.

Each call to the system that an operation makes fails in turn. Nothing is collected in between: what is given back is so
when the operation is over, and not when Python finds time for it.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import gzip
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from strategies import trials
from test_storage import Watched

import searchkit
from searchkit import Article, CorruptIndex, Keyword, Number, SearchkitError
from searchkit.indexing.check import check
from searchkit.indexing.repair import repair
from searchkit.indexing.upgrade import upgrade
from searchkit.storage import FolderStorage
from searchkit.storage.manifest import encode_manifest
from searchkit.storage.system import System

DESCRIPTORS = Path("/proc/self/fd")
MAPPINGS = Path("/proc/self/maps")
ERRORS = (errno.EMFILE, errno.EIO, errno.ENOSPC, errno.EACCES)
MOST_CALLS = 400
STEP = max(1, 4 * 100 // trials(100))  # every fourth call, or all of them in a longer run

# Frames of a traceback hold one another in another way in each version of Python: where this was not tried, what is in
# a cycle may wait for the collector.
EXACT = sys.version_info[:2] == (3, 11)

pytestmark = pytest.mark.skipif(not DESCRIPTORS.exists(), reason="needs /proc to see what is open")


def article(number: int, **fields: Any) -> Article:
    return Article(f"word number {number}", id=f"a{number}", title="a title", date="2020-10", fields=fields)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two segments, one with deletions, columns and fingerprints."""
    folder = tmp_path_factory.mktemp("sound") / "index"
    with searchkit.create(folder, fields={"source": Keyword()}, fingerprints=True) as index:
        index.add([article(number, source="ap", words=number) for number in range(20)])
        index.add([article(number, source="dpa", words=number) for number in range(20, 22)])
        index.delete(["a1", "a21"])
    return folder


def opening(folder: Path) -> None:
    with searchkit.open(folder, mode="r") as index:
        assert len(index)
        hits = index.search("word", where={"source": "ap"}, collapse="near", sort="source")
        assert hits[0].article.text


def adding(folder: Path) -> None:
    with searchkit.open(folder) as index:
        index.add([article(50), article(3)])


def putting_aside(folder: Path) -> None:
    with searchkit.open(folder) as index, index.writer() as writer:
        for number in (60, 62):
            writer.add([article(number), article(number + 1)], workers=2)
            writer._flush_run()
        writer.delete("a60")


def deleting(folder: Path) -> None:
    with searchkit.open(folder) as index:
        index.delete(["a2", "a3"])


def compacting(folder: Path) -> None:
    with searchkit.open(folder) as index, index.writer() as writer:
        writer.compact()


def declaring(folder: Path) -> None:
    with searchkit.open(folder) as index:
        index.declare({"words": Number()})


def refreshing(folder: Path) -> None:
    with searchkit.open(folder, mode="r") as index:
        with searchkit.open(folder) as other:
            other.add([article(70)])
        index.refresh()


def copying(folder: Path) -> None:
    with searchkit.open(folder, mode="r") as index:
        index.snapshot(folder.with_name("copy"), link=False)


def checking(folder: Path) -> None:
    with searchkit.open(folder, mode="r") as index:
        index.check(deep=True)


def creating(folder: Path) -> None:
    searchkit.create(folder.with_name("new")).close()


def damage(folder: Path) -> None:
    largest = max(folder.glob("*.sk"), key=lambda path: path.stat().st_size)
    data = bytearray(largest.read_bytes())
    for at in range(300, 900, 7):
        data[at] ^= 255
    largest.write_bytes(data)


def mending(folder: Path) -> None:
    damage(folder)
    assert repair(folder).findings


def checking_damage(folder: Path) -> None:
    damage(folder)
    findings, _ = check(FolderStorage(folder), deep=True)
    assert findings


def upgrading(folder: Path) -> None:
    manifest = FolderStorage(folder, System()).latest()
    analyzer = {**manifest.options["analyzer"], "tokenizer": 0}
    older = attrs.evolve(manifest, options={**manifest.options, "analyzer": analyzer})
    max(folder.glob("manifest-*.json")).write_bytes(encode_manifest(older))
    assert upgrade(folder).changed


OPERATIONS: tuple[Callable[[Path], None], ...] = (
    *(opening, adding, putting_aside, deleting, compacting, declaring, refreshing),
    *(copying, checking, checking_damage, creating, mending, upgrading),
)


def open_files() -> list[str]:
    """What the process has open, by name; and how many mappings there are of each file of an index."""
    found = []
    for path in DESCRIPTORS.iterdir():
        try:
            found.append(str(path.readlink()))
        except FileNotFoundError:  # the one that the folder is listed by
            continue
    mapped = (line.split(maxsplit=5) for line in MAPPINGS.read_text().splitlines())
    found += [fields[5] for fields in mapped if len(fields) > 5 and (".sk" in fields[5] or ".live" in fields[5])]
    return sorted(name for name in found if not name.startswith("/proc/"))


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_what_fails_gives_everything_back(
    operation: Callable[[Path], None],
    sound: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    no_collection: None,
) -> None:
    """Whichever call fails: an error that names a file, or none; nothing stays open, and the lock is free."""
    for number in range(1 + OPERATIONS.index(operation) % STEP, MOST_CALLS, STEP):
        place = tmp_path / str(number)
        folder = place / "index"
        shutil.copytree(sound, folder)
        before, threads = Counter(open_files()), threading.active_count()
        system = Watched(number, ERRORS[number % len(ERRORS)])
        with monkeypatch.context() as patch:
            patch.setattr("searchkit.storage.folder.System", lambda system=system: system)
            told = outcome(operation, folder)
        if not system.failed:
            assert told is None, told
            break
        call = system.calls[number - 1]
        if not EXACT:
            gc.collect()
        assert not Counter(open_files()) - before, (call, told)
        assert threading.active_count() <= threads, (call, told)
        left = [*place.rglob("tmp-*"), *place.glob("*.partial")]
        assert not left or call[0] == "unlink" or "CommitUnknown" in str(told), (call, told, left)
        if number % 5 == 0:
            go_on(folder)
        shutil.rmtree(place)
    else:
        pytest.fail("it never came to its end")


def outcome(operation: Callable[[Path], None], folder: Path) -> str | None:
    """What an operation told when it failed; None: it did not. No more of the error is kept: it holds what it saw."""
    try:
        operation(folder)
    except OSError as error:
        assert error.filename, error
        return repr(error)
    except SearchkitError as error:
        assert str(folder.parent) in str(error), error
        return repr(error)
    return None


def go_on(folder: Path) -> None:
    """Whoever comes next can write at once, and what stayed behind is swept."""
    with FolderStorage(folder).lock(0):
        pass
    with contextlib.suppress(CorruptIndex):
        upgrade(folder)
    repair(folder)
    with searchkit.open(folder) as index:
        index.add([article(99)])
        assert "a99" in index
    assert not list(folder.glob("tmp-*"))


def sources(folder: Path) -> Iterator[Path]:
    """Files of every form: sound, cut, and wrong in the middle."""
    good = b'{"id": "a", "text": "one"}\n{"id": "b", "text": "two"}\n' * 3
    kinds = {
        ".jsonl": good,
        ".json": b'[{"text": "one"}, {"text": "two"}]',
        ".csv": b"id,text\na,one\nb,two\n",
        ".txt": b"some text\n\nand more",
    }
    for suffix, data in kinds.items():
        for number, wrong in enumerate((data, data[: len(data) // 2], data + b'\xff"{', b"")):
            for end, packed in (("", wrong), (".gz", gzip.compress(wrong)), (".gz", gzip.compress(wrong)[:-9])):
                path = folder / f"{number}{len(packed)}{suffix}{end}"
                path.write_bytes(packed)
                yield path


@pytest.mark.slow
def test_readers_of_sources_close_what_they_opened(tmp_path: Path, no_collection: None) -> None:
    """Read to the end, left after one article, and added to an index, whatever is wrong with the file."""
    given = [*sources(tmp_path), tmp_path]
    index = searchkit.create()
    before = Counter(open_files())
    uses: tuple[Callable[[Any], object], ...] = (list, lambda reader: next(iter(reader), None), index.add)
    for path in given:
        for policy in ("raise", "skip", "undated"):
            for use in uses:
                told = ""
                try:
                    use(searchkit.read_articles(path, on_error=policy))
                except SearchkitError as error:
                    told = str(error)
                    assert str(tmp_path) in told
                if not EXACT:
                    gc.collect()
                assert not Counter(open_files()) - before, (path, policy, told)


@pytest.mark.slow
def test_what_is_refused_stays_closed(sound: Path, tmp_path: Path, no_collection: None) -> None:
    """An index with a file that is damaged, cut or gone: nobody can open it, and nothing of it stays open."""
    damages: tuple[Callable[[Path], object], ...] = (
        lambda path: path.write_bytes(bytes(len(path.read_bytes()))),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        Path.unlink,
    )
    number = 0
    for name in sorted(path.name for path in sound.iterdir() if path.name != "write.lock"):
        for harm in damages:
            number += 1
            folder = tmp_path / str(number)
            shutil.copytree(sound, folder)
            harm(folder / name)
            before = Counter(open_files())
            for operation in (opening, adding, declaring):
                with contextlib.suppress(SearchkitError):
                    operation(folder)
            with contextlib.suppress(CorruptIndex), FolderStorage(folder).lock(0):
                FolderStorage(folder).latest()
            if not EXACT:
                gc.collect()
            assert not Counter(open_files()) - before, (name, number)
