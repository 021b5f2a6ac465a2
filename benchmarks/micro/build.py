"""The drivers, compiled against the core's own sources with the flags that setup.py gives its extensions."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["BY_LEVEL", "CORE", "DRIVERS", "CannotBuild", "build", "compiler", "flags"]

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "searchkit" / "core"
HERE = Path(__file__).resolve().parent

# Each a program of its own, so that one which no longer fits the core does not take the others with it.
DRIVERS = ("words", "inversion", "postings", "positions", "window", "heap", "lookup")
BY_LEVEL = ("postings", "window")  # the others are the same at every level
_SHARED = ("harness", "limits", "text")

# What setuptools adds of its own, in front.
_COMMON = ("-DNDEBUG", "-fwrapv", "-fPIC", "-g")


class CannotBuild(Exception):
    """A driver or the core does not compile; carries what the compiler said first."""


def compiler() -> list[str] | None:
    """The C compiler as words of a command: CC if set, else what Python was built with, else any that is there."""
    configured = (os.environ.get("CC") or "").split() or (sysconfig.get_config_var("CC") or "").split()
    commands = (command for command in (configured, ["cc"], ["gcc"], ["clang"]) if command)
    return next((command for command in commands if shutil.which(command[0])), None)


def flags() -> list[str]:
    """The compiler flags in setup.py, read and not run: that needs Cython."""
    for statement in ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "FLAGS" for target in statement.targets
        ):
            lists = [ast.literal_eval(node) for node in ast.walk(statement.value) if isinstance(node, ast.List)]
            unix = [words for words in lists if all(word.startswith("-") for word in words)]
            if unix:
                return [*_COMMON, *unix[0]]
    raise CannotBuild(f"no FLAGS in {ROOT / 'setup.py'}")


def build(folder: Path, drivers: Sequence[str] = DRIVERS, instead: str | None = None) -> dict[str, Path | CannotBuild]:
    """Compile the drivers into `folder`. Returns each one's program, or why there is none; raises if the core fails.

    `instead` is a level of optimisation in place of setup.py's, where it is more important that compiling is quick.
    """
    cc = compiler()
    if cc is None:
        raise CannotBuild("no C compiler: set CC, or install gcc or clang")
    command = [*cc, *flags(), *([instead] if instead else []), f"-I{CORE}", f"-I{HERE}"]
    # Cython writes its C beside the .pyx it comes from: those need Python, the others do not.
    core = [path for path in sorted(CORE.glob("*.c")) if not path.with_suffix(".pyx").exists()]
    if not core:
        raise CannotBuild(f"the core's sources are not in {CORE}")

    def compiled(source: Path, prefix: str) -> Path:
        target = folder / f"{prefix}-{source.stem}.o"
        _run([*command, "-c", str(source), "-o", str(target)])
        return target

    def linked(driver: str) -> Path | CannotBuild:
        try:
            objects = [compiled(HERE / f"{driver}.c", "micro"), *shared]
            _run([*cc, "-o", str(folder / driver), *map(str, objects), "-lm"])
        except CannotBuild as error:
            return error
        return folder / driver

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        own = [HERE / f"{name}.c" for name in _SHARED]
        jobs = [*((path, "core") for path in core), *((path, "micro") for path in own)]
        shared = list(pool.map(lambda job: compiled(*job), jobs))
        return dict(zip(drivers, pool.map(linked, drivers), strict=True))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line or "undefined" in line]
        raise CannotBuild((said or done.stderr.splitlines() or ["the compiler failed"])[0])
