"""A long run: one writer, six readers in other processes, and a check that never ends.

What the writer does in turn n follows from the seed alone (`Story`), and turn n makes generation n + 1. So each
reader knows what the generation that it sees must hold, without a word from the writer, and compares every answer with
the oracle's. Memory, open files and disk are looked at all the time: they must not grow.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import attrs
from strategies import some_articles

import searchkit
from searchkit import Article, Index, SearchkitError
from searchkit.storage.folder import FolderStorage
from torture.children import Child, results
from torture.figures import Figures
from torture.script import WORDS, State, leftovers, some_difference

__all__ = ["soak"]

READERS = 6
IDS = 250  # articles that there are at most
QUERIES = 20  # of a reader between two looks for a newer generation
KEPT = 20_000  # latencies of each process
EVERY = 1.0  # seconds between two samples of memory and files
WARM_UP = 0.25  # the part of the time that is not compared
GROWTH = 8 << 20  # bytes of memory by which a process may differ from what it was
MOST_DISK = 2.2  # times the live data, on average
MOST_FAILURES = 20
SHORT = 2.0  # minutes: in less, memory is not judged


def soak(*, minutes: float, seed: int, jobs: int) -> Figures:
    """Run for so long. There are always six readers, the writer and the checker: `jobs` does not count."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="searchkit-soak-") as folder:
        path = Path(folder) / "index"
        searchkit.create(path).close()
        given = {"path": str(path), "seed": seed, "seconds": minutes * 60}
        writer = Child("torture.soak.write", given)
        checker = Child("torture.soak.check", given)
        readers = [Child("torture.soak.read", {**given, "number": number}) for number in range(READERS)]
        found = results([writer, checker, *readers])
        failures = [failure for one in found for failure in one["failures"]]
        if left := leftovers(FolderStorage(path)):
            failures.append(f"at the end nobody needs {sorted(left)}")
    wrote, checked, *read = found
    if minutes >= SHORT:
        failures += [f"{one['who']}: {grown}" for one in found for grown in _grown(one["samples"])]
    if wrote["disk"] > MOST_DISK:
        failures.append(f"on average {wrote['disk']:.2f} times the live bytes on disk")
    asked = sum(one["asked"] for one in read)
    memory = [statistics.median(sample[0] for sample in one["samples"]) / 1e6 for one in found]
    notes = (
        f"{wrote['turns']:,} commits, {checked['asked']:,} checks; commit {_percentiles([wrote])}",
        f"search {_percentiles(read)}, {READERS} readers and all else on {os.cpu_count()} processors",
        f"memory: writer {memory[0]:.0f} MB, check {memory[1]:.0f} MB, readers {min(memory[2:]):.0f} to "
        f"{max(memory[2:]):.0f} MB; growth at most {max(_growth(one['samples']) for one in found) / 1e6:+.1f} MB",
        f"disk: {wrote['disk']:.2f} times the live bytes on average, {wrote['most_disk']:.2f} at most",
    )
    return Figures("soak", asked, "searches", tuple(failures), notes, time.perf_counter() - start)


@attrs.frozen
class Turn:
    added: list[Article]
    deleted: list[str]
    compacts: bool


class Story:
    """What the writer does, turn after turn, and what the index then holds."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"soak {seed}")
        self.generation = 1
        self.state = State({})

    def advance(self) -> Turn:
        """The next turn; it is part of the state from now on."""
        number = self.generation
        added = [
            attrs.evolve(article, id=f"a{self._random.randrange(IDS)}", text=f"{article.text} run {number}")
            for article in some_articles(self._random, self._random.randrange(1, 6), vocabulary=60)
        ]
        share = 0.02 if len(self.state.articles) < IDS // 2 else 0.05
        named = {article.id for article in added}
        deleted = [id for id in self.state.articles if self._random.random() < share and id not in named]
        self.generation += 1
        self.state = self.state.after(added, deleted)
        return Turn(added, deleted, self._random.random() < 0.01)

    def advance_to(self, generation: int) -> State:
        while self.generation < generation:
            self.advance()
        return self.state


class Gauge:
    """Latencies of a process, and samples of its memory and open files."""

    def __init__(self, folder: str, seed: object) -> None:
        self.samples: list[tuple[int, int]] = []
        self.latencies: list[float] = []
        self._random = random.Random(f"gauge {seed}")
        self._folder = folder
        self._count = 0
        self._next = 0.0

    def took(self, seconds: float) -> None:
        """Keep an even sample of all latencies."""
        self._count += 1
        if len(self.latencies) < KEPT:
            self.latencies.append(seconds)
        elif (place := self._random.randrange(self._count)) < KEPT:
            self.latencies[place] = seconds

    def look(self) -> None:
        """Now and then: resident bytes, and descriptors that are not of the index."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        others = 0
        for link in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # that of the listing itself
                others += not str(link.readlink()).startswith(self._folder)
        self.samples.append((resident, others))

    def figures(self) -> dict[str, Any]:
        return {"samples": self.samples, "latencies": sorted(self.latencies)}


def write(given: dict[str, Any]) -> dict[str, Any]:
    """The writer."""
    story, gauge, pauses = Story(given["seed"]), Gauge(given["path"], "writer"), random.Random(given["seed"])
    failures: list[str] = []
    disk: list[float] = []
    until = time.monotonic() + given["seconds"]
    with searchkit.open(given["path"]) as index:
        while time.monotonic() < until and not failures:
            turn = story.advance()
            writer = index.writer()
            try:
                writer.add(turn.added)
                writer.delete(turn.deleted)
                begin = time.perf_counter()
                generation = writer.compact() if turn.compacts else writer.commit()
                gauge.took(time.perf_counter() - begin)
            finally:
                writer.close()
            if generation != story.generation:
                failures.append(f"writer: generation {generation} instead of {story.generation}")
            stats = index.stats()
            disk.append(stats.bytes / stats.live_bytes)
            gauge.look()
            time.sleep(pauses.random() * 0.04)
    ratios = {"disk": statistics.mean(disk), "most_disk": max(disk)}
    return {"who": "writer", "turns": story.generation - 1, "failures": failures, **ratios, **gauge.figures()}


def read(given: dict[str, Any]) -> dict[str, Any]:
    """A reader."""
    name = f"reader {given['number']}"
    story, gauge, generator = Story(given["seed"]), Gauge(given["path"], name), random.Random(f"{given['seed']} {name}")
    failures: list[str] = []
    asked = 0
    until = time.monotonic() + given["seconds"]
    with searchkit.open(given["path"], mode="r") as index:
        while time.monotonic() < until and len(failures) < MOST_FAILURES:
            try:
                if generator.random() < 0.7:  # or stay with a snapshot whose files are gone by now
                    index.refresh()
                state = story.advance_to(_generation(index))
                for _ in range(QUERIES):
                    asked += 1
                    begin = time.perf_counter()
                    list(index.search(generator.choice(WORDS)))
                    gauge.took(time.perf_counter() - begin)
                    if wrong := some_difference(index, state, generator):
                        failures.append(f"{name}, generation {story.generation}: {wrong}")
                if wrong := _wrong_article(index, state, generator):
                    failures.append(f"{name}, generation {story.generation}: {wrong}")
            except (SearchkitError, OSError) as error:
                failures.append(f"{name}, generation {story.generation}: {error!r}")
            gauge.look()
    return {"who": name, "asked": asked, "failures": failures, **gauge.figures()}


def check(given: dict[str, Any]) -> dict[str, Any]:
    """The one that checks all the time."""
    gauge = Gauge(given["path"], "check")
    failures: list[str] = []
    asked = 0
    until = time.monotonic() + given["seconds"]
    with searchkit.open(given["path"], mode="r") as index:
        while time.monotonic() < until and len(failures) < MOST_FAILURES:
            report = index.check()
            asked += 1
            if not report.ok:
                failures.append(f"check: {report.findings}")
            gauge.look()
            time.sleep(0.01)
    return {"who": "check", "asked": asked, "failures": failures, **gauge.figures()}


def _generation(index: Index) -> int:
    return index.stats().generation


def _wrong_article(index: Index, state: State, generator: random.Random) -> str:
    if len(index) != len(state.articles):
        return f"{len(index)} articles instead of {len(state.articles)}"
    for id in generator.sample(sorted(state.articles), min(3, len(state.articles))):
        if index.get(id) != state.articles[id]:
            return f"{id!r} is {index.get(id)!r} instead of {state.articles[id]!r}"
    return ""


def _growth(samples: list[tuple[int, int]]) -> float:
    """Bytes of memory by which the last third is above the one before it."""
    warm = samples[int(len(samples) * WARM_UP) :]
    third = max(len(warm) // 3, 1)
    early, late = ([sample[0] for sample in part] for part in (warm[:third], warm[-third:]))
    return statistics.median(late) - statistics.median(early)


def _grown(samples: list[tuple[int, int]]) -> list[str]:
    warm = samples[int(len(samples) * WARM_UP) :]
    found = []
    if _growth(samples) > GROWTH:
        found.append(f"memory grew by {_growth(samples) / 1e6:.1f} MB")
    if len({others for _, others in warm}) > 1:
        found.append(f"open files beside the index: {sorted({others for _, others in warm})}")
    return found


def _percentiles(all_of: list[dict[str, Any]]) -> str:
    ranked = sorted(latency for one in all_of for latency in one["latencies"])
    if not ranked:
        return "never"
    parts = [(name, ranked[min(int(len(ranked) * share), len(ranked) - 1)]) for name, share in PERCENTILES]
    return ", ".join(f"{name} {seconds * 1e3:.2f} ms" for name, seconds in parts)


PERCENTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("worst", 1.0))
