"""The command line of the rigs: exit code 0; 1: something failed; 2: bad use."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from torture.crash import crash
from torture.damage import damage
from torture.errors import errors
from torture.figures import Figures, table
from torture.model import model
from torture.peers import peers
from torture.power import power
from torture.replay import replay
from torture.soak import soak
from torture.turns import turns

__all__ = ["main"]

LONGEST = 1000  # characters of a failure that are printed

# What each rig tries at most, in part and in full.
AMOUNTS: dict[str, tuple[Callable[..., Figures], str, float, float]] = {
    "crash": (crash, "points", 300, 4000),
    "replay": (replay, "states", 5000, 100_000),
    "turns": (turns, "commits", 20, 1000),
    "soak": (soak, "minutes", 0.5, 30),
    "power": (power, "cuts", 60, 500),
    "model": (model, "steps", 5000, 1_000_000),
    "damage": (damage, "damages", 4000, 1_000_000),
    "errors": (errors, "failing", 200, 4000),
    "peers": (peers, "flips", 50, 200),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture",
        description="Torture an index, and see whether what was committed is still there.",
        epilog="crash: kill -9 at every system call. replay: power cuts on the model of a disk. turns: ten processes "
        "that commit in turns. soak: a writer and six readers for minutes. power: power cuts with a real ext4 (root "
        "and loop devices). model: random steps beside a dictionary and the oracle. damage: wrong bytes, with wrong "
        "and with right checksums (200,000 are all there are). errors: every call "
        "fails once, a full file system, little memory. peers: power cuts, flipped bits and hostile queries for "
        "searchkit and the other engines that are installed.",
    )
    parser.add_argument("rigs", nargs="*", metavar="rig", help=f"which: {', '.join(AMOUNTS)}; all if none is named")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="some minutes in all; the default")
    size.add_argument("--full", action="store_true", help="hours in all")
    parser.add_argument("--seed", type=int, default=1, help="for all random choices (1)")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 8), help="processes at a time")
    for rig, (_, unit, quick, full) in AMOUNTS.items():
        number = type(quick)
        parser.add_argument(f"--{unit}", type=number, help=f"how many {unit} for {rig} ({quick:,}; full: {full:,})")
    given = parser.parse_args(arguments)
    if unknown := [rig for rig in given.rigs if rig not in AMOUNTS]:
        parser.error(f"there is no rig {unknown[0]!r}: there are {', '.join(AMOUNTS)}")
    if given.jobs < 1:
        parser.error("--jobs must be at least 1")
    found = []
    for rig in given.rigs or AMOUNTS:
        function, unit, quick, full = AMOUNTS[rig]
        amount = getattr(given, unit)
        if amount is None:
            amount = full if given.full else quick
        print(f"{rig}: {amount:,} {unit}, seed {given.seed}", file=sys.stderr, flush=True)
        found.append(function(**{unit: amount}, seed=given.seed, jobs=given.jobs))
        for failure in found[-1].failures:
            print(f"{rig} FAILED: {failure[:LONGEST]}", file=sys.stderr, flush=True)
    print(table(found))
    return 0 if all(one.ok for one in found) else 1
