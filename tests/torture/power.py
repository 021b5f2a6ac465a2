"""Real power cuts: an ext4 in an image file, copied at system calls while an index in it is worked on.

What a file system has not written to its device is not in the image: a copy of it is what a disk holds after the power
was cut at that moment. The copy is mounted (its journal is replayed, as after a real cut) and the index in it compared
with the script. `noauto_da_alloc` switches off what ext4 does to help programs that do not sync: with it, nothing but
the protocol stands between an article and its loss. That the rig would see a loss is shown with two seeded mistakes.

Needs root, loop devices and mkfs.ext4; where they cannot be had it says so and is skipped.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import searchkit
from searchkit import Index
from searchkit.core.checksum import crc32c
from torture.crash import fast_folder
from torture.figures import Figures
from torture.mistakes import storage_of
from torture.replay import create
from torture.script import Script, State, judge, next_commit, perform

__all__ = ["power"]

OPTIONS = ("defaults", "noauto_da_alloc")
PROOFS = (("no final folder sync", "defaults"), ("no manifest sync", "noauto_da_alloc"))
IMAGE = 16 << 20  # bytes
SESSIONS = 30
# The calls after which the power may be cut.
CHANGING = ("create", "write", "sync", "link", "rename", "replace", "unlink", "make_folder", "sync_folder")
CUT = 0.4  # the part of these calls after which it is
FLUSHED = 0.05  # the part of the cuts before which the system happens to write all it has
CONTINUED = 10  # after one cut in so many a writer goes on
ENOUGH = 300  # cuts in which a mistake must show
MOST_FAILURES = 20


class Enough(BaseException):
    """As many cuts as were wanted."""


def power(*, cuts: int, seed: int, jobs: int) -> Figures:
    """`cuts` in all, over the mount options. One process: mounting is not shared."""
    start = time.perf_counter()
    if reason := _hindrance():
        return Figures("power", 0, "cuts", skipped=reason)
    failures: list[str] = []
    notes: list[str] = []
    tried = 0
    for number, options in enumerate(OPTIONS):
        rig = Rig(options, seed, len(range(number, cuts, len(OPTIONS))))
        rig.run()
        tried += rig.tried
        failures += rig.failures
        notes.append(f"{options}: {rig.tried:,} cuts, {len(rig.images):,} different images, {rig.kept:,} commits kept")
    for mistake, options in PROOFS:
        rig = Rig(options, seed, ENOUGH, mistake)
        rig.run()
        if rig.failures:
            notes.append(f"caught: {mistake} ({options}, after {rig.tried:,} cuts)")
        else:
            failures.append(f"seed {seed}: not caught: {mistake} ({options})")
    return Figures("power", tried, "cuts", tuple(failures), tuple(notes), time.perf_counter() - start)


class Rig:
    """Cuts of one kind of mount."""

    def __init__(self, options: str, seed: int, wanted: int, mistake: str = "") -> None:
        self.options = options
        self.tried = 0
        self.kept = 0  # acknowledged commits found, over all cuts
        self.images: set[int] = set()
        self.failures: list[str] = []
        self._wanted = wanted
        self._mistake = mistake
        self._seed = seed
        self._random = random.Random(f"power {seed} {options}")

    def run(self) -> None:
        """Scripts of further seeds, until there were cuts enough; with a mistake, until it shows."""
        with tempfile.TemporaryDirectory(prefix="searchkit-power-", dir=fast_folder()) as folder:
            try:
                for seed in range(self._seed, self._seed + self._wanted):
                    self._script(Path(folder), seed)
            except Enough:
                pass

    def _script(self, work: Path, seed: int) -> None:
        image, disk = work / "disk.img", work / "disk"
        disk.mkdir(exist_ok=True)
        image.unlink(missing_ok=True)
        with image.open("wb") as file:
            file.truncate(IMAGE)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", image)
        script = Script(seed, SESSIONS)
        acknowledged = 0

        def acknowledge() -> None:
            nonlocal acknowledged
            acknowledged += 1
            self._cut(work, disk, f"seed {seed}, after commit {acknowledged}", script, acknowledged)

        def called(name: str) -> None:
            if self._random.random() < CUT:
                self._cut(work, disk, f"seed {seed}, after {name} in commit {acknowledged + 1}", script, acknowledged)

        with _mounted(image, disk, self.options):
            storage, system = storage_of(disk / "index", self._mistake)
            storage.system = Cutting(system, called)  # type: ignore[assignment]
            create(storage)
            acknowledge()
            with Index(storage, writable=True) as index:
                for session in script.sessions:
                    perform(index, session, acknowledge)

    def _cut(self, work: Path, disk: Path, where: str, script: Script, acknowledged: int) -> None:
        """Copy the image, mount the copy, and look."""
        if self._is_over():  # what is called while Enough is on its way up
            return
        if self._random.random() < FLUSHED:
            _flush(disk)
        copy, other = work / "copy.img", work / "copy"
        other.mkdir(exist_ok=True)
        _copy(work / "disk.img", copy)
        self.images.add(crc32c(copy.read_bytes()))
        self.tried += 1
        with _mounted(copy, other, self.options):
            wrong = self._examine(other / "index", script.states[acknowledged : acknowledged + 2])
        if wrong:
            self.failures.append(f"{self.options}, {where}: {wrong}")
        else:
            self.kept += acknowledged
        if self._is_over():
            raise Enough

    def _is_over(self) -> bool:
        return self.tried >= self._wanted or len(self.failures) >= (1 if self._mistake else MOST_FAILURES)

    def _examine(self, folder: Path, expected: list[State | None]) -> str:
        wrong, now = judge(lambda: searchkit.open(folder), expected, checked=True)
        if wrong:
            return wrong
        if now is not None and self.tried % CONTINUED == 0:
            return next_commit(folder, now)
        return ""


class Cutting:
    """A System that tells when a call that changes something has returned."""

    def __init__(self, system: Any, called: Callable[[str], None]) -> None:
        self._system = system
        self._called = called

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._system, name)
        if name not in CHANGING:
            return real

        def call(*arguments: Any) -> Any:
            value = real(*arguments)
            self._called(name)
            return value

        return call


def _hindrance() -> str:
    """Why there can be no power cuts here; nothing if they can be had."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "needs root on Linux"
    if missing := [program for program in ("mkfs.ext4", "mount", "umount") if shutil.which(program) is None]:
        return f"needs {missing[0]}"
    with tempfile.TemporaryDirectory(prefix="searchkit-power-", dir=fast_folder()) as folder:
        image, disk = Path(folder) / "disk.img", Path(folder) / "disk"
        disk.mkdir()
        with image.open("wb") as file:
            file.truncate(IMAGE)
        try:
            _run("mkfs.ext4", "-q", "-F", image)
            with _mounted(image, disk, "defaults"):
                return ""
        except OSError as error:
            return f"needs loop devices that can be mounted: {error}"


@contextmanager
def _mounted(image: Path, folder: Path, options: str) -> Iterator[None]:
    """The journal is committed when somebody syncs, and not every few seconds besides: a copy takes a moment."""
    _run("mount", "-t", "ext4", "-o", f"loop,commit=600,{options}", image, folder)
    try:
        yield
    finally:
        try:
            _run("umount", folder)
        except OSError:  # an error on its way up holds something open: it goes with the error
            _run("umount", "--lazy", folder)


def _copy(image: Path, copy: Path) -> None:
    """The bytes of the image at one moment: again, if it was written to meanwhile."""
    while True:
        before = image.stat().st_mtime_ns
        shutil.copyfile(image, copy)
        if image.stat().st_mtime_ns == before:
            return


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        ctypes.CDLL(None).syncfs(descriptor)
    finally:
        os.close(descriptor)


def _run(*command: object) -> None:
    """OSError with what the program said if it fails."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{command[0]}: {done.stderr.strip() or done.returncode}")
