"""kill -9 at every call that touches the index: the last commit is there at once, or the one that was being made.

A server process with `shim.c` preloaded imports searchkit once and forks a child for each point. The child does one
session of the script, on a copy of the folder as it was before, and is killed at the n-th call: before it, after it,
or with half of its bytes written. It acknowledges each commit on a pipe. What it leaves is then compared with the
script by the server, which is not armed. A copy (`Index.snapshot`) is killed likewise: it is whole, or not there.

That the rig would see a loss is shown with mistakes seeded in the protocol (`mistakes.py`).
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

import searchkit
from searchkit import IndexNotFound, SearchkitError
from torture.children import Child, results
from torture.figures import Figures
from torture.mistakes import storage_of
from torture.script import Script, difference, next_commit, perform

__all__ = ["CREATE", "LEAST_SESSIONS", "OUTCOMES", "Point", "Rig", "build_shim", "crash", "fast_folder"]

SESSIONS = 24  # of one script; fewer for few points
LEAST_SESSIONS = 8
POINTS = 40  # for each further session
MODES = ("before", "after", "half")
KINDS = (
    *("", "open", "create", "write", "fsync", "rename", "link", "unlink", "mkdir", "mmap", "ftruncate", "close"),
    *("flock", "list", "read"),
)
MOST_CALLS = 65536
MOST_FAILURES = 20
PROOFS = ("manifest written in place", "old files swept before the commit")
ENOUGH = 1000  # points at which a mistake must show


def crash(*, points: int, seed: int, jobs: int, mistakes: Sequence[str] = PROOFS) -> Figures:
    """Try `points` distinct points, a sample of those that there are in as many scripts as are needed."""
    start = time.perf_counter()
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not sys.platform.startswith("linux") or compiler is None:
        return Figures("crash", 0, "points", skipped="needs Linux and a C compiler")
    with tempfile.TemporaryDirectory(prefix="searchkit-shim-") as folder:
        shim = build_shim(Path(folder), compiler)
        given = {"points": points, "seed": seed, "jobs": jobs}
        children = [
            Child("torture.crash.serve", {**given, "job": job, "mistakes": mistakes[job::jobs]}, LD_PRELOAD=str(shim))
            for job in range(jobs)
        ]
        found = results(children)
    tried = {point for one in found for point in one["tried"]}
    counts = [sum((Counter(one[key]) for one in found), Counter()) for key in ("kinds", "modes", "outcomes")]
    proved = {mistake: points for one in found for mistake, points in one["proved"].items()}
    notes = [", ".join(f"{count:,} {name}" for name, count in counter.most_common()) for counter in counts]
    if proved:
        notes.append(
            "mistakes caught, after so many points: " + ", ".join(f"{name} ({n})" for name, n in proved.items())
        )
    failures = [failure for one in found for failure in one["failures"]]
    failures += [f"seed {seed}: not caught: {mistake}" for mistake, points in proved.items() if points is None]
    return Figures("crash", len(tried), "points", tuple(failures), tuple(notes), time.perf_counter() - start)


def build_shim(folder: Path, compiler: str) -> Path:
    """The library to preload."""
    shim, source = folder / "shim.so", Path(__file__).with_name("shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-w", "-o", shim, source, "-ldl"], check=True)
    return shim


class Cell(ctypes.Structure):
    """`struct cell` of the shim."""

    _fields_ = (("count", ctypes.c_long), ("hit", ctypes.c_long), ("kinds", ctypes.c_ubyte * MOST_CALLS))


CREATE, COPY_LINKED, COPY_WHOLE = -1, -2, -3
OTHERS = {CREATE: "create", COPY_LINKED: "snapshot", COPY_WHOLE: "snapshot without links"}


@attrs.frozen
class Point:
    session: int  # in the script, or one of OTHERS
    number: int  # of the call in it
    kind: str
    mode: str


def serve(given: dict[str, Any]) -> dict[str, Any]:
    """The server: its share of the points, and of the mistakes."""
    wanted = len(range(given["job"], given["points"], given["jobs"]))
    sessions = min(LEAST_SESSIONS + given["points"] // POINTS, SESSIONS)
    tried: list[str] = []
    failures: list[str] = []
    counts: dict[str, Counter[str]] = {"kinds": Counter(), "modes": Counter(), "outcomes": Counter()}
    seed = given["seed"]
    while len(tried) < wanted and len(failures) < MOST_FAILURES:
        with _rig(Script(seed, sessions)) as rig:
            for point in rig.points(seed)[given["job"] :: given["jobs"]]:
                if len(tried) == wanted or len(failures) == MOST_FAILURES:
                    break
                outcome = rig.attempt(point)
                if outcome == "missed":  # a child that did other calls this time, and was not killed
                    continue
                tried.append(f"seed {seed}, {rig.name(point)}")
                if outcome not in OUTCOMES:
                    failures.append(f"{tried[-1]}: {outcome}")
                    outcome = "failed"
                for name, value in zip(counts, (point.kind, point.mode, outcome), strict=True):
                    counts[name][value] += 1
        seed += 1
    proved = {mistake: _caught(mistake, given["seed"]) for mistake in given["mistakes"]}
    return {"tried": tried, "failures": failures, **counts, "proved": proved}


def _caught(mistake: str, seed: int) -> int | None:
    """After how many points a mistake is seen; None if it is not."""
    with _rig(Script(seed, LEAST_SESSIONS), mistake) as rig:
        for number, point in enumerate(rig.points(seed)[:ENOUGH], 1):
            if rig.attempt(point) not in OUTCOMES:
                return number
    return None


@contextmanager
def _rig(script: Script, mistake: str = "") -> Iterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="searchkit-crash-", dir=fast_folder()) as work:
        yield Rig(Path(work), script, mistake)


OUTCOMES = ("old", "new", "missed")


class Rig:
    """One script, and copies of the folder as it is before each of its sessions."""

    def __init__(self, work: Path, script: Script, mistake: str = "") -> None:
        self.script = script
        self._mistake = mistake
        self.root = work / "archive"  # the index and the folder above it, so that both are made under our eyes
        self.index = self.root / "index"
        self._copy = self.root / "copy"
        self._before = [work / f"before{number}" for number in range(len(script.sessions))]
        self._shim = ctypes.CDLL(None)
        self._shim.torture_cell.restype = ctypes.POINTER(Cell)
        self._cell: Cell = self._shim.torture_cell().contents
        self._prepare()

    def name(self, point: Point) -> str:
        session = OTHERS.get(point.session) or self.script.sessions[point.session].name
        return f"session {session}, {point.mode} call {point.number} ({point.kind})"

    def points(self, seed: int) -> list[Point]:
        """All points of all sessions, counted by doing them without a kill, in an order that the seed gives."""
        found = []
        for session in (*OTHERS, *range(len(self.script.sessions))):
            self._reset(session)
            status, acknowledged = self._child(session, 0, 0)
            assert status == 0, f"a child ended with {status} without being killed"
            assert acknowledged == self._commits(session)
            for number in range(1, self._cell.count + 1):
                kind = KINDS[self._cell.kinds[number]]
                found += [Point(session, number, kind, mode) for mode in MODES[: 3 if kind == "write" else 2]]
        random.Random(seed).shuffle(found)
        return found

    def attempt(self, point: Point) -> str:
        """Kill at the point. What is there afterwards: "old", "new", "missed"; or what is wrong."""
        self._reset(point.session)
        status, acknowledged = self._child(point.session, point.number, MODES.index(point.mode))
        if status == 0:
            return "missed"
        if status != -signal.SIGKILL or self._cell.hit != point.number:
            return f"the child ended with {status}"
        in_flight = acknowledged < self._commits(point.session)
        if point.session in (COPY_LINKED, COPY_WHOLE):
            return self._examine_copy(bool(acknowledged))
        return self._examine(self._begins(point.session) + acknowledged, in_flight)

    def _examine(self, acknowledged: int, in_flight: bool) -> str:
        """Compare the index with the state that was acknowledged last and the one that was in flight."""
        states = self.script.states[acknowledged : acknowledged + 1 + in_flight]
        try:
            with searchkit.open(self.index) as index:
                wrong = [difference(index, state) if state else "there is an index" for state in states]
                if all(wrong):
                    return "; ".join(wrong)
                if not (report := index.check()).ok:
                    return f"check: {report.findings}"
            now = wrong.index("")
        except IndexNotFound as error:
            if states[0] is not None:
                return f"the index is gone: {error}"
            searchkit.create(self.index).close()
            now = 1
        except (SearchkitError, OSError) as error:
            return f"it cannot be opened: {error!r}"
        state = self.script.states[acknowledged + now]
        assert state is not None
        return next_commit(self.index, state) or OUTCOMES[now]

    def _examine_copy(self, acknowledged: bool) -> str:
        """A copy is there as a whole, or not at all, and the index as before."""
        begins = self.script.begins[-1]
        state = self.script.states[begins]
        assert state is not None
        try:
            with searchkit.open(self._copy) as copy:
                wrong = difference(copy, state) or "; ".join(map(str, copy.check().findings))
            outcome = f"the copy: {wrong}" if wrong else next_commit(self._copy, state) or "new"
        except IndexNotFound:
            outcome = "the copy is gone" if acknowledged else "old"
        except (SearchkitError, OSError) as error:
            outcome = f"the copy cannot be opened: {error!r}"
        original = self._examine(begins, in_flight=False)
        return outcome if original == "old" else original

    def _prepare(self) -> None:
        """Do the script once, unharmed, and all else that a process does only the first time."""
        searchkit.create(self.index).close()
        for number, before in enumerate(self._before):
            shutil.copytree(self.index, before)
            state = self.script.states[self._begins(number)]
            with searchkit.open(self.index) as index:
                assert state is not None
                assert difference(index, state) == ""
                perform(index, self.script.sessions[number], lambda: None)

    def _begins(self, session: int) -> int:
        return 0 if session < 0 else self.script.begins[session]

    def _commits(self, session: int) -> int:
        return 1 if session < 0 else self.script.sessions[session].commits

    def _reset(self, session: int) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        if session != CREATE:
            shutil.copytree(self._before[max(session, -1)], self.index)

    def _child(self, session: int, number: int, mode: int) -> tuple[int, int]:
        """Fork one that does the session and is killed at the call. Its status, and commits it acknowledged."""
        readable, writable = os.pipe()
        process = os.fork()
        if process == 0:
            status = 1
            try:
                os.close(readable)
                self._shim.torture_arm(os.fsencode(self.root), ctypes.c_long(number), mode)
                self._work(session, lambda: os.write(writable, b"."))
                status = 0
            finally:
                os._exit(status)
        os.close(writable)
        acknowledged = 0
        while data := os.read(readable, 64):
            acknowledged += len(data)
        os.close(readable)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), acknowledged

    def _work(self, session: int, acknowledge: Callable[[], object]) -> None:
        if session == CREATE:
            searchkit.create(self.index).close()
            acknowledge()
            return
        with searchkit.open(self.index) as index:
            if session < 0:
                index.snapshot(self._copy, link=session == COPY_LINKED)
                acknowledge()
                return
            if self._mistake:
                index._storage, _ = storage_of(self.index, self._mistake)
            perform(index, self.script.sessions[session], acknowledge)


def fast_folder() -> str | None:
    """A folder in memory: what a killed process has written is as safe there."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
