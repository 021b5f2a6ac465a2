"""Every call that touches the index fails once: the commit before stays, what failed is told, the next commit works.

    calls     as in crash.py, a child does one session of the script; its n-th call is not done, but fails with ENOSPC,
              EIO, EMFILE or EACCES (`shim.c`). It either goes on as if nothing had been, and all is there; or it gets
              an OSError or an error of ours, and the index is as it was before that commit (after CommitUnknown: or as
              after it)
    full      a file system of few megabytes that is filled by additions (needs root and tmpfs)
    memory    an address space of few megabytes in which articles are added

After each, the index is sound and a new writer commits.
"""

from __future__ import annotations

import ctypes
import errno
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
from address_space import lift_limit, limit_address_space
from strategies import some_articles

import searchkit
from searchkit import CommitUnknown, SearchkitError
from searchkit.storage.folder import FolderStorage
from torture.children import Child, results
from torture.crash import CREATE, LEAST_SESSIONS, OUTCOMES, Point, Rig, build_shim, fast_folder
from torture.figures import Figures
from torture.power import _run
from torture.script import Script, leftovers

__all__ = ["errors"]

ERRORS = (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EACCES)
SESSIONS = 24  # of one script; fewer for few calls
MOST_FAILURES = 20
FULL = 4 << 20  # bytes of the file system
ROOM = 96 << 20  # bytes of address space above what the process has


def errors(*, failing: int, seed: int, jobs: int, limits: bool = True) -> Figures:
    """`failing` calls, a sample of those in as many scripts as are needed; `limits`: full and memory, too."""
    start = time.perf_counter()
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not sys.platform.startswith("linux") or compiler is None:
        return Figures("errors", 0, "calls", skipped="needs Linux and a C compiler")
    with tempfile.TemporaryDirectory(prefix="searchkit-shim-") as folder:
        shim = str(build_shim(Path(folder), compiler))
        given = {"failing": failing, "seed": seed, "jobs": jobs}
        children = [Child("torture.errors.serve", {**given, "job": job}, LD_PRELOAD=shim) for job in range(jobs)]
        found = results(children)
    counts = [sum((Counter(one[key]) for one in found), Counter()) for key in ("kinds", "errors", "outcomes")]
    notes = [", ".join(f"{count:,} {name}" for name, count in counter.most_common()) for counter in counts]
    failures = [failure for one in found for failure in one["failures"]]
    for name, limit in (("a full file system", full), ("little memory", memory)) if limits else ():
        told, wrong = limit()
        notes.append(f"{name}: {wrong or told}")
        failures += [f"{name}: {wrong}"] * bool(wrong)
    tried = sum(one["tried"] for one in found)
    return Figures("errors", tried, "calls", tuple(failures), tuple(notes), time.perf_counter() - start)


def serve(given: dict[str, Any]) -> dict[str, Any]:
    """The server of crash.py, with errors for kills: its share of the calls."""
    wanted = len(range(given["job"], given["failing"], given["jobs"]))
    counts: dict[str, Counter[str]] = {"kinds": Counter(), "errors": Counter(), "outcomes": Counter()}
    failures: list[str] = []
    tried, seed = 0, given["seed"]
    while tried < wanted and len(failures) < MOST_FAILURES:
        with tempfile.TemporaryDirectory(prefix="searchkit-errors-", dir=fast_folder()) as work:
            rig = Failing(Path(work), Script(seed, min(LEAST_SESSIONS + given["failing"] // 40, SESSIONS)))
            generator = random.Random(f"errors {seed}")
            points = [point for point in rig.points(seed) if point.mode == "before"]
            for point in points[given["job"] :: given["jobs"]]:
                if tried == wanted or len(failures) == MOST_FAILURES:
                    break
                rig.error = generator.choice(ERRORS)
                outcome = rig.attempt(point)
                if outcome == "missed":
                    continue
                tried += 1
                if outcome not in (*OUTCOMES, "unharmed"):
                    failures.append(f"seed {seed}, {rig.name(point)}, {errno.errorcode[rig.error]}: {outcome}")
                    outcome = "failed"
                for name, value in zip(counts, (point.kind, errno.errorcode[rig.error], outcome), strict=True):
                    counts[name][value] += 1
        seed += 1
    return {"tried": tried, "failures": failures, **counts}


class Failing(Rig):
    """A rig in which the call fails that would be the last."""

    error = errno.EIO

    def attempt(self, point: Point) -> str:
        """What is there after a call failed: "unharmed", all of it; "old", "new"; or what is wrong."""
        self._reset(point.session)
        readable, writable = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(readable)
            self._shim.torture_arm(os.fsencode(self.root), ctypes.c_long(point.number), 0)
            self._shim.torture_fail(self.error)
            told = _told(lambda: self._work(point.session, lambda: os.write(writable, b".")))
            os.write(writable, told.encode())
            os._exit(0)
        os.close(writable)
        with os.fdopen(readable, encoding="utf-8", errors="replace") as pipe:
            said = pipe.read()
        os.waitpid(process, 0)
        acknowledged = len(said) - len(said.lstrip("."))
        told = said[acknowledged:]
        if self._cell.hit != point.number:
            return "missed"
        if told not in ("", "unknown", "error"):
            return told or "it died"
        if not told and acknowledged != self._commits(point.session):
            return f"it ended without an error after {acknowledged} commits of {self._commits(point.session)}"
        if point.session < CREATE:
            return self._examine_copy(bool(acknowledged)) if told else "unharmed"
        # What is created may stand, though it could not be opened.
        in_flight = told == "unknown" or (bool(told) and point.session == CREATE)
        outcome = self._examine(self._begins(point.session) + acknowledged, in_flight)
        return "unharmed" if outcome == "old" and not told else outcome


def _told(work: Any) -> str:
    """What came of it, in a word."""
    try:
        work()
    except CommitUnknown:
        return "unknown"
    except OSError as error:
        return "error" if error.filename else f"{error!r} names no file"
    except SearchkitError:
        return "error"
    except BaseException as error:
        return f"raised {error!r}"
    return ""


def full() -> tuple[str, str]:
    """Fill a small file system; what came of it, and what is wrong."""
    with tempfile.TemporaryDirectory(prefix="searchkit-full-") as folder:
        try:
            _run("mount", "-t", "tmpfs", "-o", f"size={FULL}", "tmpfs", folder)
        except OSError as error:
            return f"not tried: {error}", ""
        try:
            return _filled(Path(folder) / "index")
        finally:
            _run("umount", "--lazy", folder)


def _filled(path: Path) -> tuple[str, str]:
    generator = random.Random("full")
    with searchkit.create(path) as index:
        count = 0
        while True:
            articles = some_articles(generator, 200, vocabulary=3000, first=count)
            articles = [attrs.evolve(one, text=one.text * 3) for one in articles]
            try:
                index.add(articles)
            except OSError as error:
                if error.errno != errno.ENOSPC or not error.filename:
                    return "", f"{error!r} after {count:,} articles"
                break
            count += len(articles)
        if len(index) != count or not index.check().ok:
            return "", f"{len(index):,} articles of {count:,}, check: {index.check().findings}"
        # That needs room before it gives any, but little: a merge that has none is left for another time.
        index.delete([article.id for article in index.articles()][: count // 2])
        told = f"full after {count:,} articles; half of them were deleted then"
        return told, "; ".join(leftovers(FolderStorage(path)))


def memory() -> tuple[str, str]:
    """Add in too little memory; what came of it, and what is wrong."""
    with tempfile.TemporaryDirectory(prefix="searchkit-memory-", dir=fast_folder()) as folder:
        path = str(Path(folder) / "index")
        searchkit.create(path).close()
        told = Child("torture.errors.cramped", path).result()
        with searchkit.open(path) as index:
            if len(index) % 500 or not index.check().ok:
                return "", f"{len(index):,} articles, check: {index.check().findings}"
            index.add(some_articles(random.Random(1), 10))
        return told, "" if told else "it had memory enough"


def cramped(path: str) -> str:
    """A child: additions until there is no memory left."""
    with searchkit.open(path) as index:
        index.add(some_articles(random.Random("first"), 500))  # all is loaded
        limit_address_space(ROOM)
        generator = random.Random("memory")
        for batch in range(1, 200):
            count = 500 * batch
            articles = [attrs.evolve(one, text=one.text * 500) for one in some_articles(generator, 500, first=count)]
            try:
                index.add(articles, workers=1)
            except (MemoryError, OSError) as error:
                if isinstance(error, OSError) and (error.errno != errno.ENOMEM or not error.filename):
                    raise  # a file that cannot be mapped is told by its name
                lift_limit()
                return f"{type(error).__name__} after {count:,} articles"
    return ""
