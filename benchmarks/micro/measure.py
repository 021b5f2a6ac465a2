"""Runs the drivers and puts their lines together: times by their own clock, instructions by callgrind."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.micro.build import BY_LEVEL

__all__ = ["LEVELS", "DriverFailed", "count", "measure", "valgrind"]

LEVELS = ("plain", "avx2", "avx512")

_NOT_HERE = 3  # exit code of a driver: this machine has not the level
_TIMES = ("ns", "less_ns", "limit_ns", "cycle_ns")
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)


class DriverFailed(Exception):
    """A driver stopped with an error; carries its last words."""


def measure(
    programs: dict[str, Path], levels: tuple[str, ...], rounds: int, quick: bool, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """A row a kernel and level: ns, cycles, limit_ns (an item), share (of the limit reached), GB/s or M items/s.

    Of each of a row's times the quietest of all rounds counts: neighbours of a machine are loud for seconds on end,
    longer than all samples of one kernel take.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for turn in range(rounds):
        for driver, level in _runs(programs, levels):
            done = subprocess.run(
                [programs[driver], level, *(["--quick"] if quick else [])], capture_output=True, text=True
            )
            for row in _rows(done, driver, level, (lambda line: None) if turn else say):
                known = rows.setdefault((row["kernel"], row["level"]), row)
                known.update({time: min(known[time], row[time]) for time in _TIMES})
    return [_figured(row) for row in rows.values()]


def count(
    programs: dict[str, Path], levels: tuple[str, ...], folder: Path, say: Callable[[str], None]
) -> dict[tuple[str, str], float]:
    """Instructions an item by (kernel, level), on an eighth of the input. Requires: valgrind()."""
    counted: dict[tuple[str, str], float] = {}
    for driver, level in _runs(programs, levels):
        if level == "avx512":
            say("valgrind knows no AVX-512: instructions are not counted at that level")
            continue
        out = folder / f"callgrind.{driver}.{level}"
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
        parts = ["--toggle-collect=micro_collect", "--dump-after=micro_collect"]
        done = subprocess.run([*tool, *parts, programs[driver], level, "--once"], capture_output=True, text=True)
        dump = 0
        for row in _rows(done, driver, level, say):
            totals = []
            for _ in range(row["counted"]):
                dump += 1
                text = out.with_name(f"{out.name}.{dump}").read_text(encoding="utf-8", errors="replace")
                totals.append(int(_TOTALS.findall(text)[0]))
            spent = totals[0] - sum(totals[1:])
            counted[row["kernel"], row["level"]] = spent / row["items"]
    return counted


def valgrind() -> str | None:
    """Where valgrind is."""
    return shutil.which("valgrind")


def _runs(programs: dict[str, Path], levels: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for driver in programs:
        yield from ((driver, level) for level in (levels if driver in BY_LEVEL else ("any",)))


def _rows(
    done: subprocess.CompletedProcess[str], driver: str, level: str, say: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    if done.returncode == _NOT_HERE:
        say(f"{driver}: this machine has no {level}")
        return
    if done.returncode:
        raise DriverFailed(f"{driver} {level}: {(done.stderr.splitlines() or ['no word why'])[-1]}")
    for line in done.stdout.splitlines():
        yield json.loads(line)


def _figured(row: dict[str, Any]) -> dict[str, Any]:
    ns = row["ns"] - row["less_ns"]
    rate = row["bytes"] / ns if row["bytes"] else 1e3 / ns
    unit = "GB/s" if row["bytes"] else "M/s"
    return {**row, "ns": ns, "cycles": ns / row["cycle_ns"], "rate": rate, "unit": unit, "share": row["limit_ns"] / ns}
