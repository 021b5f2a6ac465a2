"""Power cuts on the model of a disk: every acknowledged commit is kept, whatever un-synced things are lost.

The calls of a workload are recorded; after each of them the disk (`disk.py`) tells what it may show if the power went
now. Each such state is opened from memory and compared with the state that was acknowledged last and the one that was
in flight; some are put into a folder, and a writer goes on from there. The same is done with mistakes seeded in the
protocol (`mistakes.py`): the rig fails if it does not catch each of them.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any

import attrs

import searchkit
from searchkit import Index
from searchkit.storage.folder import FolderStorage
from searchkit.storage.manifest import MANIFEST_FORMAT, Manifest
from searchkit.storage.system import System
from torture.children import Child, results
from torture.crash import fast_folder
from torture.disk import Disk, Killed, Operation
from torture.disk import State as DiskState
from torture.figures import Figures
from torture.mistakes import MISTAKES, storage_of
from torture.script import Script, difference, judge, next_commit, perform
from torture.script import State as IndexState

__all__ = ["record", "replay"]

SESSIONS = 18, 72  # at least and at most, one more for so many states:
STATES = 1000
MOST_CALLS = 100  # until a kill: a session of one commit has some forty
EACH = 24  # states of one moment, in one round
FEW = 6  # the same where a mistake is looked for
MOST_ROUNDS = 200
ENOUGH = 20_000  # states in which a mistake must show
CHECKED = 10  # one state in so many is checked
CONTINUED = 200  # and in so many written to a folder, for a writer to go on
MOST_FAILURES = 20


def replay(*, states: int, seed: int, jobs: int, mistakes: Sequence[str] = MISTAKES) -> Figures:
    """Try `states` different states of a right protocol, then find one wrong state for each mistake."""
    start = time.perf_counter()
    given = {"states": -(-states // jobs), "seed": seed, "jobs": jobs}
    children = [Child("torture.replay.work", {**given, "job": job}) for job in range(jobs)]
    found = results(children)
    failures = [failure for one in found for failure in one["failures"]]
    different = len({digest for one in found for digest in one["states"]})
    published = len({digest for one in found for digest in one["published"]})
    children = [Child("torture.replay.prove", {**given, "mistakes": mistakes[job::jobs]}) for job in range(jobs)]
    proved = {mistake: tried for one in results(children) for mistake, tried in one.items()}
    failures += [f"seed {seed}: not caught: {mistake}" for mistake, tried in proved.items() if tried is None]
    caught = ", ".join(f"{mistake} ({tried:,})" for mistake, tried in proved.items() if tried is not None)
    moments, checked, continued = (sum(one[key] for one in found) for key in ("moments", "checked", "continued"))
    notes = (
        f"at {moments:,} moments, {found[0]['killed']} writers killed on the way; {published:,} states differ in more "
        f"than temporary files; {checked:,} checked, {continued:,} continued",
        f"mistakes caught, after so many states: {caught}",
    )
    return Figures("replay", different, "states", tuple(failures), notes, time.perf_counter() - start)


@attrs.frozen
class Moment:
    """The disk after a call."""

    place: int  # of the call in the log
    disk: Disk
    acknowledged: int  # state of the script
    newest: int  # that may be there


@attrs.frozen
class Recording:
    """A script done on a recorded storage in the folder `index` below `root`."""

    root: Path
    script: Script
    log: list[Operation]
    killed: int  # sessions that were killed, and taken up again by another process

    @property
    def index(self) -> Path:
        return self.root / "index"

    def moments(self) -> Iterator[Moment]:
        disk, acknowledged, newest = Disk(self.root), 0, 1
        for place, operation in enumerate(self.log):
            if operation[0] == "mark":
                _, acknowledged, newest = operation
            else:
                disk.apply(operation)
            yield Moment(place, disk, acknowledged, newest)

    def expected(self, moment: Moment) -> list[IndexState | None]:
        """What the index may be: as acknowledged, or as in flight."""
        return self.script.states[moment.acknowledged : moment.newest + 1]


def record(seed: int, sessions: int, mistake: str = "") -> Recording:
    """Do a script. Some writers are killed on the way, and their session is done again unless it is there to see."""
    generator = random.Random(f"record {seed}")
    with tempfile.TemporaryDirectory(prefix="searchkit-replay-", dir=fast_folder()) as folder:
        script = Script(seed, sessions)
        path = Path(folder) / "index"
        storage, system = storage_of(path, mistake)
        visible, killed = 1, 0

        def acknowledge() -> None:
            nonlocal visible
            visible += 1
            system.mark(visible, visible + 1)

        create(storage)
        system.mark(visible, visible + 1)
        index = Index(storage, writable=True)
        for session in script.sessions:
            system.kill_in(generator.randrange(MOST_CALLS) if session.commits == 1 else None)
            try:
                perform(index, session, acknowledge)
            except Killed:
                killed += 1
                acknowledged, log = visible, system.log
                storage, system = storage_of(path, mistake)
                system.log = log
                index = Index(storage, writable=True)
                state = script.states[visible + 1]
                assert state is not None
                if difference(index, state) == "":  # in sight, but nobody was told
                    visible += 1
                    system.mark(acknowledged, visible + 1)
                else:
                    perform(index, session, acknowledge)
        index.close()
        return Recording(Path(folder), script, system.log, killed)


def create(storage: FolderStorage) -> None:
    """What `searchkit.create` does, on this storage."""
    options = searchkit.create()._storage.latest().options
    storage.create(Manifest(MANIFEST_FORMAT, 1, options))


def work(given: dict[str, Any]) -> dict[str, Any]:
    """A child: the states of its share of the moments."""
    least, most = SESSIONS
    recording = record(given["seed"], min(least + given["states"] * given["jobs"] // STATES, most))
    seen: set[str] = set()
    published: set[str] = set()
    found: dict[str, Any] = {"failures": [], "moments": 0, "checked": 0, "continued": 0, "killed": recording.killed}
    for turn in range(MOST_ROUNDS):
        for moment in recording.moments():
            if moment.place % given["jobs"] != given["job"]:
                continue
            found["moments"] += turn == 0
            generator = random.Random(f"{given['seed']} {turn} {moment.place}")
            for state in moment.disk.states(generator, EACH):
                digest = _digest(state, moment.acknowledged)
                if digest in seen:
                    continue
                seen.add(digest)
                published.add(_digest(state, moment.acknowledged, temporary=False))
                checked, continued = len(seen) % CHECKED == 0, len(seen) % CONTINUED == 0
                found["checked"] += checked
                found["continued"] += continued
                wrong = examine(state, recording.index, recording.expected(moment), checked, continued)
                if wrong:
                    where = f"seed {given['seed']}, round {turn}, call {moment.place} {recording.log[moment.place][:2]}"
                    found["failures"].append(f"{where}: {wrong}")
                if len(found["failures"]) >= MOST_FAILURES or len(seen) >= given["states"]:
                    return {**found, "states": sorted(seen), "published": sorted(published)}
    return {**found, "states": sorted(seen), "published": sorted(published)}


def prove(given: dict[str, Any]) -> dict[str, int | None]:
    """A child: how many states it takes to see each mistake; None if it is not seen."""
    return {mistake: _caught(mistake, given["seed"]) for mistake in given["mistakes"]}


def _caught(mistake: str, seed: int) -> int | None:
    recording = record(seed, SESSIONS[0], mistake)
    tried = count(1)
    for turn in range(MOST_ROUNDS):
        for moment in recording.moments():
            for state in moment.disk.states(random.Random(f"{seed} {turn} {moment.place}"), FEW):
                number = next(tried)
                if examine(state, recording.index, recording.expected(moment), checked=False, continued=False):
                    return number
                if number >= ENOUGH:
                    return None
    return None


class Still(System):
    """A disk after a power cut, in memory, to read from. A descriptor is the place of a file in a list."""

    def __init__(self, state: DiskState) -> None:
        self._state = state
        self._open: list[bytes] = []

    def names(self, folder: Path) -> list[str]:
        if folder not in self._state:
            raise FileNotFoundError(folder)
        return [path.name for path in self._state if path.parent == folder]

    def open(self, path: Path) -> int:
        if path not in self._state:
            raise FileNotFoundError(path)
        self._open.append(self._state[path].data)
        return len(self._open) - 1

    def length(self, descriptor: int, path: Path) -> int:
        return len(self._open[descriptor])

    def read(self, descriptor: int, most: int, path: Path) -> bytes:
        data, self._open[descriptor] = self._open[descriptor], b""
        return data

    def map(self, descriptor: int, length: int, path: Path) -> Any:
        return self._open[descriptor]

    def close(self, descriptor: int, path: Path) -> None:
        pass


def examine(state: DiskState, folder: Path, expected: list[IndexState | None], checked: bool, continued: bool) -> str:
    """What is wrong with the index in this state of the disk; nothing if it is one of those expected."""
    wrong, now = judge(lambda: Index(FolderStorage(folder, Still(state)), writable=False), expected, checked)
    if wrong or not continued or now is None:
        return wrong
    with tempfile.TemporaryDirectory(prefix="searchkit-replay-", dir=fast_folder()) as copy:
        for path, content in state.items():
            if path.parent == folder:
                (Path(copy) / path.name).write_bytes(content.data)
        return next_commit(Path(copy), now)


def _digest(state: DiskState, acknowledged: int, *, temporary: bool = True) -> str:
    """The same for the same content: temporary files count, but not how they are called."""
    files = sorted(
        (b"tmp" if path.name.startswith("tmp-") else path.name.encode(), content.digest)
        for path, content in state.items()
        if temporary or not path.name.startswith("tmp-")
    )
    return blake2b(repr((acknowledged, files)).encode(), digest_size=9).hexdigest()
