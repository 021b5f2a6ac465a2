"""Damage: whatever becomes of the bytes of an index, nothing crashes, hangs, or is answered wrongly in silence.

    flips      every bit of every file of a small index, one at a time; every byte made 0, 255 and something else
    bursts     several bytes at random places, in one file or two
    cuts       every length of every file, and files that have grown
    files      missing, swapped with one another, and with those of the generations before
    sections   of a segment, swapped and sealed again with right checksums
    lies       tests/lies.py: values that are wrong where it matters, with all checksums right
    larger     flips and bursts in an index with long lists and several pages

For damage that checksums can see: opening it is an error, or check reports it, and every answer until the first error
is right. Where checksums are right, the index may be another one: then either a deep check reports it, or each answer
is that of an index that is built from the articles that it shows. Any other exception is a failure.

Damages are tried in batches, each in a process of its own with little memory; one that dies or says nothing for a
minute has failed at the damage it was at. All choices derive from the seed, so `--only N` shows damage N again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import select
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from address_space import limit_address_space
from lies import LIES
from strategies import some_articles
from test_corrupt import every_answer
from test_hostile_files import QUERIES, sealed, sound_sections

import searchkit
from searchkit import Article, CorruptIndex, FormatVersion, IndexNotFound
from searchkit.index import Index
from searchkit.indexing.check import check
from searchkit.query import All
from searchkit.storage.container import read_segment
from searchkit.storage.memory import MemoryStorage

if TYPE_CHECKING:
    from torture.figures import Figures

__all__ = ["damage", "main"]

BATCH = 200  # damages in a process
HANGS_AFTER = 60  # seconds without a word
MEMORY = 4 << 30  # bytes of address space
QUICK = 4_000

Files = dict[str, bytes]
Damage = tuple[Any, ...]  # its kind, and what it takes


# -- what is damaged --------------------------------------------------------------------------------------------------


def _states(folder: Path, count: int, vocabulary: int) -> list[Files]:
    """The files of an index at each of its last generations, the newest last."""
    states = []
    with searchkit.create(folder) as index:

        def keep() -> None:
            named = max(folder.glob("manifest-*.json"))
            text = named.read_text(encoding="utf-8")
            files = [path for path in folder.iterdir() if path == named or path.name in text]
            states.append({path.name: path.read_bytes() for path in sorted(files)})

        index.add(some_articles(random.Random(count), count, vocabulary=vocabulary))
        keep()
        late = [Article("w0 w1 w2", id="late", title="w0", date="2019"), Article("w0 w3", id="deleted", date="2018")]
        index.add([*late, Article("w5 w1 running", id="kept")])
        keep()
        index.delete(["a000002"])
        keep()
        index.delete(["deleted", "a000001"])
        keep()
        if not index.check(deep=True).ok:
            raise SystemExit("the sound index is not sound")
    return states


@cache
def _base(larger: bool) -> tuple[list[Files], list[Any]]:
    """States of an index and what its newest one answers."""
    with tempfile.TemporaryDirectory() as folder:
        states = _states(Path(folder) / "index", 700 if larger else 6, 40 if larger else 8)
    with Index(_opened(states[-1]), writable=False) as index:
        return states, every_answer(index)


def _opened(files: Files) -> MemoryStorage:
    storage = MemoryStorage()
    storage._files.update(files)
    return storage


# -- damages ----------------------------------------------------------------------------------------------------------


def damages(seed: int, most: int) -> list[Damage]:
    """All damages of the campaign, or `most` of them, taken evenly from all kinds."""
    rng = random.Random(f"damage {seed}")
    states, _ = _base(False)
    newest = states[-1]
    flips: list[Damage] = [
        ("byte", False, name, at, 1 << bit)
        for name, data in newest.items()
        for at in range(len(data))
        for bit in range(8)
    ]
    for name, data in newest.items():
        for at, byte in enumerate(data):
            others = {byte ^ 255, byte, rng.randrange(1, 256)} - {0}
            flips += [("byte", False, name, at, other) for other in sorted(others) if other.bit_count() > 1]
    cuts: list[Damage] = [("cut", False, name, size) for name, data in newest.items() for size in range(len(data))]
    cuts += [("grow", False, name, more) for name in newest for more in (1, 4, 64, 5000)]
    files: list[Damage] = [("missing", name) for name in newest]
    files += [("swap", one, other) for one in newest for other in newest if one < other]
    for number, older in enumerate(states[:-1]):
        files += [("older", number, one, other) for one in older for other in newest]
    bursts: list[Damage] = [("burst", False, rng.getrandbits(60)) for _ in range(65_000)]
    sections: list[Damage] = [
        ("sections", name, one, other)
        for name in newest
        if name.endswith(".sk")
        for one in range(13)
        for other in range(one)
    ]
    lies: list[Damage] = [("lie", number, rng.getrandbits(60)) for number in range(60_000)]
    big = _base(True)[0][-1]
    larger: list[Damage] = []
    for _ in range(30_000):
        name = max(big, key=lambda one: len(big[one])) if rng.random() < 0.8 else rng.choice(sorted(big))
        larger.append(("byte", True, name, rng.randrange(len(big[name])), 1 << rng.randrange(8)))
    larger += [("burst", True, rng.getrandbits(60)) for _ in range(3_000)]
    every = [flips, cuts, files, bursts, sections, lies, larger]
    total = sum(map(len, every))
    if most < total:
        every = [rng.sample(kind, max(1, len(kind) * most // total)) for kind in every]
    return [one for kind in every for one in kind]


def _damaged(files: Files, damage: Damage) -> Files:
    files = dict(files)
    match damage:
        case ("byte", _, name, at, xor):
            data = bytearray(files[name])
            data[at] ^= xor
            files[name] = bytes(data)
        case ("cut", _, name, size):
            files[name] = files[name][:size]
        case ("grow", _, name, more):
            files[name] += bytes(more)
        case ("missing", name):
            del files[name]
        case ("swap", one, other):
            files[one], files[other] = files[other], files[one]
        case ("older", number, one, other):
            files[other] = _base(False)[0][number][one]
        case ("burst", _, seed):
            rng = random.Random(seed)
            for _ in range(rng.choice([1, 1, 2, 5])):
                name = rng.choice(sorted(files))
                data = bytearray(files[name])
                at = rng.randrange(len(data))
                length = min(rng.choice([2, 4, 16, 500]), len(data) - at)
                data[at : at + length] = rng.choice([rng.randbytes(length), bytes(length)])
                files[name] = bytes(data)
        case ("sections", name, one, other):
            return _swapped(files, name, one, other)
    return files


def _swapped(files: Files, name: str, one: int, other: int) -> Files:
    """Two sections of a segment under each other's names, or with each other's bytes, all checksums right."""
    sections = {key: bytearray(view) for key, view in read_segment(files[name], name).sections.items()}
    names = list(sections)
    sections[names[one]], sections[names[other]] = sections[names[other]], sections[names[one]]
    manifest = json.loads(files[max(key for key in files if key.startswith("manifest"))].rpartition(b"crc32c")[0])
    storage = sealed(sections, manifest["options"], _Sound(one), _small_sections())
    return {key: bytes(data) for key, data in storage._files.items()}


class _Sound(random.Random):
    """For `sealed`: pages of 64 bytes, and no article is deleted."""

    def random(self) -> float:
        return 1.0

    def choice(self, seq: Any) -> Any:
        return seq[0]


@cache
def _small_sections() -> Any:
    return sound_sections(20, 1)[0]


@cache
def _lie_bases() -> list[Any]:
    return [sound_sections(12, 1), sound_sections(300, 3)]


# -- one damage -------------------------------------------------------------------------------------------------------


def outcome(damage: Damage) -> str:
    """What it led to: one of a few words, or a longer text that tells what is wrong."""
    kind = damage[0]
    if kind == "lie":
        return _lied(damage)
    if kind == "sections":
        return _of_another_index(_opened(_damaged(_base(False)[0][-1], damage)))
    larger = damage[1] is True
    states, expected = _base(larger)
    files = _damaged(states[-1], damage)
    if files == states[-1]:
        return "unchanged"
    storage = _opened(files)
    try:
        index = Index(storage, writable=False)
    except IndexNotFound:
        return "refused" if kind == "missing" else "not found"
    except (CorruptIndex, FormatVersion):
        return "refused" if check(storage)[0] else "refused, and check found nothing"
    asked = "noticed"
    answers = _answers(index)
    for answer in expected:
        try:
            if (got := next(answers)) != answer:
                return f"answered {got!r} instead of {answer!r}"[:300]
        except (CorruptIndex, FormatVersion):
            asked = "refused later"
            break
    return asked if not index.check().ok else "check found nothing"


def _answers(index: Index) -> Iterator[Any]:
    from test_corrupt import answers

    for answer in answers(index):
        yield json.loads(json.dumps(answer))


def _lied(damage: Damage) -> str:
    _, number, seed = damage
    choices = random.Random(seed)
    base, options = _lie_bases()[number % 8 == 0]
    sections = {name: bytearray(data) for name, data in base.items()}
    for lie in (LIES[number % len(LIES)], *choices.choices(LIES, k=choices.choice([0, 0, 1]))):
        with contextlib.suppress(ArithmeticError, IndexError, ValueError, struct.error):  # what the first lie left
            lie(choices, sections)
    if sections == base:
        return "unchanged"
    return _of_another_index(sealed(sections, options, choices, _small_sections()))


def _of_another_index(storage: MemoryStorage) -> str:
    """An index with right checksums: reported by a deep check, or what its articles say that it is."""
    try:
        index = Index(storage, writable=False)
    except (CorruptIndex, FormatVersion):
        return "refused" if check(storage, deep=True)[0] else "refused, and check found nothing"
    refused = False
    found: list[Any] = []
    for query in QUERIES[::2]:
        try:
            found.append([(hit.id, hit.score) for hit in index.search(query, limit=20)])
        except (CorruptIndex, FormatVersion):
            refused = True
    if not index.check(deep=True).ok:
        return "refused later" if refused else "noticed"
    if refused:
        return "refused, and check found nothing"
    articles = [hit.article for hit in index.search(All(), limit=None)]
    options = index.options
    with searchkit.create(title_weight=options.title_weight, k1=options.k1, b=options.b) as fresh:
        fresh.add(articles)
        for query, answer in zip(QUERIES[::2], found, strict=True):
            if [(hit.id, hit.score) for hit in fresh.search(query, limit=20)] != answer:
                return f"answered {query} otherwise than its articles do, and check found nothing"
    return "another index"


# -- batches ----------------------------------------------------------------------------------------------------------


def _child(batch: Sequence[Damage], output: int) -> None:
    """Try damages; a line for each as it is done."""
    limit_address_space(MEMORY)
    for one in batch:
        try:
            line = outcome(one)
        except BaseException as error:
            line = f"raised {type(error).__name__}: {error}"
        os.write(output, line.replace("\n", " ").encode("utf-8", "replace")[:400] + b"\n")


class _Batch:
    """A process at work on some damages."""

    def __init__(self, first: int, batch: Sequence[Damage]) -> None:
        self.first = first
        self.batch = batch
        self.lines: list[str] = []
        self.heard = time.monotonic()
        self._rest = b""
        self.input, output = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            status = 1
            try:
                os.close(self.input)
                signal.alarm(3600)
                _child(batch, output)
                status = 0
            finally:
                os._exit(status)
        os.close(output)

    def listen(self) -> bool:
        """Take what it says. False at its end."""
        data = os.read(self.input, 1 << 16)
        self.heard = time.monotonic()
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.lines += [line.decode("utf-8", "replace") for line in lines]
        return bool(data)

    def end(self) -> int:
        os.close(self.input)
        _, status = os.waitpid(self.process, 0)
        return status


def _try_all(every: Sequence[Damage], jobs: int, tell: Callable[[int], None], counts: Counter[str]) -> list[str]:
    """Count how often each outcome was met by each kind of damage; what failed."""
    failures: list[str] = []
    running: list[_Batch] = []
    try:
        _work(every, jobs, tell, counts, failures, running)
    except KeyboardInterrupt:  # what was found so far is told
        failures.append("interrupted")
        for one in running:
            os.kill(one.process, signal.SIGKILL)
            one.end()
    return failures


def _work(
    every: Sequence[Damage],
    jobs: int,
    tell: Callable[[int], None],
    counts: Counter[str],
    failures: list[str],
    running: list[_Batch],
) -> None:
    waiting = [(first, every[first : first + BATCH]) for first in range(0, len(every), BATCH)][::-1]
    done = 0
    fine = {"unchanged", "refused", "refused later", "noticed", "another index"}
    while waiting or running:
        while waiting and len(running) < jobs:
            running.append(_Batch(*waiting.pop()))
        ready, _, _ = select.select([one.input for one in running], [], [], 1.0)
        for one in list(running):
            over = one.input in ready and not one.listen()
            hung = not over and time.monotonic() - one.heard > HANGS_AFTER
            if not over and not hung:
                continue
            if hung:
                os.kill(one.process, signal.SIGKILL)
            status = one.end()
            running.remove(one)
            for number, (damage, line) in enumerate(zip(one.batch, one.lines, strict=False), one.first):
                counts[f"{damage[0]}: {line if line in fine else 'FAILED'}"] += 1
                if line not in fine:
                    failures.append(f"damage {number} {damage}: {line}")
                    print(failures[-1], file=sys.stderr, flush=True)  # a long run may not come to its end
            at = len(one.lines)
            if at < len(one.batch):
                what = "hung" if hung else f"died of status {status}"
                failures.append(f"damage {one.first + at} {one.batch[at]}: {what}")
                print(failures[-1], file=sys.stderr, flush=True)
                counts[f"{one.batch[at][0]}: FAILED"] += 1
                at += 1
                if at < len(one.batch):
                    waiting.append((one.first + at, one.batch[at:]))
            done += at
            tell(done)


# -- doors ------------------------------------------------------------------------------------------------------------


def damage(damages: int, seed: int, jobs: int) -> Figures:
    """As many damages as that, or all there are."""
    from torture.figures import Figures

    start = time.perf_counter()
    tried, counts, failures = _campaign(damages, seed, jobs)
    notes = tuple(f"{what}: {count:,}" for what, count in sorted(counts.items()))
    return Figures("damage", tried, "damages", tuple(failures), notes, time.perf_counter() - start)


def main(quick: bool, seed: int, jobs: int | None = None) -> dict[str, object]:
    """A part of the campaign or all of it: how many damages were tried, what came of them, what failed."""
    start = time.perf_counter()
    tried, counts, failures = _campaign(QUICK if quick else sys.maxsize, seed, jobs or os.cpu_count() or 1)
    return {
        "tried": tried,
        "outcomes": dict(sorted(counts.items())),
        "failures": failures,
        "seconds": round(time.perf_counter() - start, 1),
    }


def _campaign(most: int, seed: int, jobs: int) -> tuple[int, Counter[str], list[str]]:
    every = damages(seed, most)
    _lie_bases(), _small_sections()  # once, before there are children
    last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > 30:
            last = time.monotonic()
            told = ", ".join(f"{what} {count:,}" for what, count in sorted(counts.items()))
            print(f"damage: {done:,} of {len(every):,}: {told}", file=sys.stderr, flush=True)

    counts: Counter[str] = Counter()
    failures = _try_all(every, jobs, tell, counts)
    return sum(counts.values()), counts, failures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Damage an index in every way, and see what it says.")
    parser.add_argument("--full", action="store_true", help="every damage there is, more than 200,000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", type=int, help="this damage alone, in this process")
    given = parser.parse_args()
    if given.only is not None:
        one = damages(given.seed, sys.maxsize if given.full else QUICK)[given.only]
        print(one, outcome(one))
        sys.exit(0)
    figures = main(not given.full, given.seed, given.jobs)
    print(json.dumps(figures, indent=1))
    sys.exit(1 if figures["failures"] else 0)
