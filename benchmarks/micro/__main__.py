"""`python -m benchmarks.micro`: exit code 0; 1: something could not be built or run; 2: bad command line."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import commit, describe, load
from benchmarks.micro.build import DRIVERS, ROOT, CannotBuild, build, compiler, flags
from benchmarks.micro.measure import LEVELS, DriverFailed, count, measure, valgrind

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    result: dict[str, Any] = {"machine": describe(), "commit": commit(ROOT), "load": [load()], "rows": []}
    failed = False
    with tempfile.TemporaryDirectory(prefix="searchkit-micro-") as name:
        folder = Path(name)
        try:
            result["compiler"] = [*(compiler() or ()), *flags()]
            built = build(folder, given.only, "-O0" if given.quick else None)
            programs = {driver: program for driver, program in built.items() if isinstance(program, Path)}
            for driver, error in built.items():
                if isinstance(error, CannotBuild):
                    failed = True
                    _say(f"{driver} is left out: it does not fit the core: {error}")
            rounds = 1 if given.quick else given.rounds
            for driver in list(programs):
                try:
                    result["rows"] += measure({driver: programs[driver]}, given.levels, rounds, given.quick, _say)
                except DriverFailed as error:
                    failed = True
                    _say(f"{driver} is left out: {error}")
                    del programs[driver]
            if given.instructions:
                if valgrind():
                    counted = count(programs, given.levels, folder, _say)
                    for row in result["rows"]:
                        row["instructions"] = counted.get((row["kernel"], row["level"]))
                else:
                    failed = True
                    _say("instructions are not counted: valgrind is not installed")
        except (CannotBuild, DriverFailed) as error:
            _say(f"failed: {error}")
            return 1
    result["load"].append(load())
    print(_page(result))
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


def _page(result: dict[str, Any]) -> str:
    """The table; kernels that are the same at every level have a dash there."""
    machine, rows = result["machine"], result["rows"]
    counted = any("instructions" in row for row in rows)
    head = [
        "kernel",
        "level",
        "items",
        "ns",
        "cycles",
        *(["instr."] if counted else []),
        "rate",
        "limit ns",
        "share",
        "",
    ]
    cells = [head, ["", "", "", "an item", "an item", *(["an item"] if counted else []), "", "an item", "", ""]]
    for row in rows:
        instructions = row.get("instructions")
        cells.append(
            [
                row["kernel"],
                "-" if row["level"] == "any" else row["level"],
                f"{row['items']:,} {row['item']}",
                f"{row['ns']:.3f}",
                f"{row['cycles']:.2f}",
                *(["-" if instructions is None else f"{instructions:.2f}"] if counted else []),
                f"{row['rate']:,.1f} {row['unit']}",
                f"{row['limit_ns']:.3f}",
                f"{row['share']:.0%}",
                row["limit"],
            ]
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    left = (0, 1, len(head) - 1)
    lines = [
        "  ".join(
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    clock = f"{1 / min(row['cycle_ns'] for row in rows):.2f} GHz, " if rows else ""
    about = (
        f"{machine['processor']}, {clock}load {result['load'][0]} to {result['load'][-1]}; commit {result['commit']}"
    )
    return "\n".join([about, *lines])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.micro", description="the core's kernels, each beside the limit of this machine"
    )
    add = parser.add_argument
    add("--only", type=_names(DRIVERS), default=DRIVERS, metavar="NAMES", help=f"of {','.join(DRIVERS)} (all)")
    add("--levels", type=_names(LEVELS), default=LEVELS, metavar="NAMES", help=f"of {','.join(LEVELS)} (all there are)")
    add("--rounds", type=_positive, default=4, metavar="N", help="of each driver, of which the quietest counts (4)")
    add("--instructions", action="store_true", help="count instructions too, with valgrind")
    add(
        "--quick",
        action="store_true",
        help="see whether all works: small inputs, one sample of one round, not optimised",
    )
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser


def _names(known: tuple[str, ...]) -> Any:
    def names(text: str) -> tuple[str, ...]:
        given = tuple(dict.fromkeys(text.split(",")))
        unknown = [name for name in given if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return given

    return names


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
