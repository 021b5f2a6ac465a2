"""Writers that take turns: ten processes with the index open add to it, one article a commit, all at once.

That is how an index is used behind a web server. Nothing may be lost, nobody may wait longer than was agreed, and at
no moment may there be more dead files than those of the generation before.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import searchkit
from searchkit import Article, IndexLocked, SearchkitError
from searchkit.storage.folder import FolderStorage
from torture.children import Child, results
from torture.figures import Figures
from torture.script import WAIT, leftovers

__all__ = ["turns"]

PROCESSES = 10
PAUSE = 0.5  # seconds between two looks at the folder


def turns(*, commits: int, seed: int, jobs: int, processes: int = PROCESSES) -> Figures:
    """`commits` by each of the processes. Nothing here is random, and `jobs` does not count."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="searchkit-turns-") as folder:
        path = Path(folder) / "index"
        searchkit.create(path).close()
        given = {"path": str(path), "commits": commits}
        children = [Child("torture.turns.work", {**given, "number": number}) for number in range(processes)]
        for child in children:
            assert child.line() == "ready"
        for child in children:
            child.tell("go")
        looks, failures = _look(FolderStorage(path), children)
        found = results(children)
        failures += [failure for one in found for failure in one["failures"]]
        failures += _lost(path, processes, commits)
        with searchkit.open(path) as index:
            stats = index.stats()
    seconds = time.perf_counter() - start
    notes = (
        f"{processes} processes, {processes * commits / seconds:.0f} commits a second, the longest took "
        f"{max(one['longest'] for one in found):.2f} s of {WAIT:.0f} s",
        f"{looks:,} looks at the folder between commits; at the end {stats.live_bytes:,} bytes live, "
        f"{stats.dead_bytes:,} of the generation before, {stats.segments} segments",
    )
    return Figures("turns", processes * commits, "commits", tuple(failures), notes, seconds)


def work(given: dict[str, Any]) -> dict[str, Any]:
    """A child: open the index, and commit when told to."""
    failures: list[str] = []
    longest = 0.0
    with searchkit.open(given["path"]) as index:
        print("ready", flush=True)
        sys.stdin.readline()
        for turn in range(given["commits"]):
            id = _id(given["number"], turn)
            begin = time.perf_counter()
            try:
                index.add([Article(f"word of {id}", id=id)], wait=WAIT)
                if id not in index:
                    failures.append(f"{id} is missing right after its commit")
            except (SearchkitError, OSError) as error:
                failures.append(f"{id}: {error!r}")
            longest = max(longest, time.perf_counter() - begin)
    return {"failures": failures, "longest": longest}


def _id(number: int, turn: int) -> str:
    return f"{number}-{turn}"


def _look(storage: FolderStorage, children: list[Child]) -> tuple[int, list[str]]:
    """While they work: what is in the folder that is of neither of the last two generations, seen under the lock."""
    looks, failures = 0, []
    while any(child.process.poll() is None for child in children):
        try:
            with storage.lock(WAIT):
                left = leftovers(storage)
        except IndexLocked:  # whoever looks may be unlucky: those who commit may not
            continue
        looks += 1
        if left:
            failures.append(f"nobody needs {sorted(left)}")
        time.sleep(PAUSE)
    return looks, failures


def _lost(path: Path, processes: int, commits: int) -> list[str]:
    with searchkit.open(path) as index:
        ids = [_id(number, turn) for number in range(processes) for turn in range(commits)]
        failures = [f"{id} is lost" for id in ids if id not in index or index.get(id).text != f"word of {id}"]
        if len(index) != len(ids):
            failures.append(f"{len(index)} articles instead of {len(ids)}")
        if not (report := index.check()).ok:
            failures.append(f"check: {report.findings}")
        if index.stats().generation < len(ids):
            failures.append(f"only {index.stats().generation} generations")
    return failures
