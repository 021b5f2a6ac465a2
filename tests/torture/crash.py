"""kill -9 at every call that touches the index: the last commit is there at once, or the one that was being made.

A server process with `shim.c` preloaded imports searchkit once and forks a child for each point. The child does one
session of the script, on a copy of the folder as it was before, and is killed at the n-th call: before it, after it,
or with half of its bytes written. It acknowledges each commit on a pipe. What it leaves is then compared with the
script by the server, which is not armed.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

import searchkit
from searchkit import IndexNotFound, SearchkitError
from torture.children import Child, results
from torture.figures import Figures
from torture.script import Script, difference, next_commit, perform

__all__ = ["crash", "fast_folder"]

SESSIONS = 24  # of one script; fewer for few points
LEAST_SESSIONS = 8
POINTS = 40  # for each further session
MODES = ("before", "after", "half")
KINDS = (
    *("", "open", "create", "write", "fsync", "rename", "link", "unlink", "mkdir", "mmap", "ftruncate", "close"),
    *("flock", "list", "read"),
)
MOST_CALLS = 65536


def crash(*, points: int, seed: int, jobs: int) -> Figures:
    """Try `points` distinct points, a sample of those that there are in as many scripts as are needed."""
    start = time.perf_counter()
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not sys.platform.startswith("linux") or compiler is None:
        return Figures("crash", 0, "points", skipped="needs Linux and a C compiler")
    with tempfile.TemporaryDirectory(prefix="searchkit-shim-") as folder:
        shim = Path(folder) / "shim.so"
        source = Path(__file__).with_name("shim.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-w", "-o", shim, source, "-ldl"], check=True)
        given = {"points": points, "seed": seed, "jobs": jobs}
        children = [Child("torture.crash.serve", {**given, "job": job}, LD_PRELOAD=str(shim)) for job in range(jobs)]
        found = results(children)
    tried = sum(one["tried"] for one in found)
    counts = {key: sum((Counter(one[key]) for one in found), Counter()) for key in ("kinds", "modes", "outcomes")}
    notes = [
        ", ".join(f"{count:,} {name}" for name, count in counts["kinds"].most_common()),
        ", ".join(f"{count:,} {name}" for name, count in (counts["modes"] + counts["outcomes"]).most_common()),
    ]
    failures = tuple(failure for one in found for failure in one["failures"])
    return Figures("crash", tried, "points", failures, tuple(notes), time.perf_counter() - start)


class Cell(ctypes.Structure):
    """`struct cell` of the shim."""

    _fields_ = (("count", ctypes.c_long), ("hit", ctypes.c_long), ("kinds", ctypes.c_ubyte * MOST_CALLS))


@attrs.frozen
class Point:
    session: int  # in the script; -1 creates the index
    number: int  # of the call in it
    kind: str
    mode: str


def serve(given: dict[str, Any]) -> dict[str, Any]:
    """The server: its share of the points."""
    wanted = len(range(given["job"], given["points"], given["jobs"]))
    sessions = min(LEAST_SESSIONS + given["points"] // POINTS, SESSIONS)
    tried, failures = 0, []
    kinds: Counter[str] = Counter()
    modes: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    seed = given["seed"]
    while tried < wanted and len(failures) < 20:
        with tempfile.TemporaryDirectory(prefix="searchkit-crash-", dir=fast_folder()) as work:
            rig = Rig(Path(work), Script(seed, sessions))
            points = rig.points()
            random.Random(seed).shuffle(points)
            for point in points[given["job"] :: given["jobs"]][: wanted - tried]:
                outcome = rig.attempt(point)
                tried += outcome != "missed"  # a child that did other calls this time, and was not killed
                outcomes[outcome if outcome in OUTCOMES else "failed"] += 1
                kinds[point.kind] += 1
                modes[point.mode] += 1
                if outcome not in OUTCOMES:
                    failures.append(f"seed {seed}, {rig.name(point)}: {outcome}")
        seed += 1
    return {"tried": tried, "failures": failures, "kinds": kinds, "modes": modes, "outcomes": outcomes}


OUTCOMES = ("old", "new", "missed")


class Rig:
    """One script, and copies of the folder as it is before each of its sessions."""

    def __init__(self, work: Path, script: Script) -> None:
        self.script = script
        self.root = work / "archive"  # the index and the folder above it, so that both are made under our eyes
        self.index = self.root / "index"
        self._before = [work / f"before{number}" for number in range(len(script.sessions))]
        self._shim = ctypes.CDLL(None)
        self._shim.torture_cell.restype = ctypes.POINTER(Cell)
        self._cell: Cell = self._shim.torture_cell().contents
        self._prepare()

    def name(self, point: Point) -> str:
        session = "create" if point.session < 0 else self.script.sessions[point.session].name
        return f"session {session}, {point.mode} call {point.number} ({point.kind})"

    def points(self) -> list[Point]:
        """All points of all sessions, counted by doing them without a kill."""
        found = []
        for session in range(-1, len(self.script.sessions)):
            self._reset(session)
            status, acknowledged = self._child(session, 0, 0)
            assert status == 0, f"a child ended with {status} without being killed"
            assert acknowledged == self._commits(session)
            for number in range(1, self._cell.count + 1):
                kind = KINDS[self._cell.kinds[number]]
                found += [Point(session, number, kind, mode) for mode in MODES[: 3 if kind == "write" else 2]]
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
        if session >= 0:
            shutil.copytree(self._before[session], self.index)

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
        if session < 0:
            index = searchkit.create(self.index)
            acknowledge()
        else:
            index = searchkit.open(self.index)
            perform(index, self.script.sessions[session], acknowledge)
        index.close()


def fast_folder() -> str | None:
    """A folder in memory: what a killed process has written is as safe there."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
