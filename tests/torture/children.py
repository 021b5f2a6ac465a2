"""Other Python processes: a function of a rig runs in each, with one JSON value to begin with and one to return."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import searchkit

__all__ = ["Child", "results"]

PATHS = [str(Path(searchkit.__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent)]
PROGRAM = """
import importlib, json, sys
module, _, name = sys.argv[1].rpartition(".")
value = getattr(importlib.import_module(module), name)(json.loads(sys.stdin.readline()))
print(json.dumps(value), flush=True)
"""


class Child:
    """`function` ("torture.turns.work") called with `given` in another process."""

    def __init__(self, function: str, given: Any, **environment: str) -> None:
        self.function = function
        path = os.pathsep.join(filter(None, [*PATHS, os.environ.get("PYTHONPATH", "")]))
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-c", PROGRAM, function],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": path, **environment},
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()

    def line(self) -> str:
        """A line that it prints before its end."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def result(self) -> Any:
        """What the function returned. RuntimeError if it did not."""
        out, _ = self.process.communicate()
        if self.process.returncode:
            raise RuntimeError(f"{self.function} ended with {self.process.returncode}")
        return json.loads(out.splitlines()[-1])

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def results(children: Iterable[Child]) -> list[Any]:
    """Wait for all. If one fails, the others are ended too."""
    waiting = list(children)
    try:
        return [child.result() for child in waiting]
    finally:
        for child in waiting:
            if child.process.poll() is None:
                child.kill()
