"""A peer in a process of its own: a conversation in JSON, one object a line. This is the parent's end.

    child:  {"version": "0.27.0", "abilities": {...}}   or {"absent": "No module named 'tantivy'"}, and it ends
    parent: {"do": "build", "articles": path, "folder": path, "threads": 1}
    child:  {"wall": s, "cpu": s, "before": bytes, "peak": bytes, "articles": 9, "segments": 1, "total": bytes, ...}
    parent: {"do": "add", "articles": path, "folder": path}
    child:  {"wall": s, "cpu": s, ...}
    parent: {"do": "open", "folder": path, "first": query}
    child:  {"open": s, "first": s, "anonymous": bytes, "over": bytes}      memory once open; what opening added to it
    parent: {"do": "prepare", "queries": [query, ...]}                      for the passes that follow
    child:  {}
    parent: {"do": "warm", "shape": "or", "seconds": s}
    child:  {"passes": 7}                               whole passes in that time
    parent: {"do": "pass", "shape": "or", "budget": s, "clock": "wall"}
    child:  {"nanoseconds": [...]}                      one a query, fewer where the budget was spent
    parent: {"do": "batch", "shape": "batch", "threads": 2, "budget": s}
    child:  {"seconds": s, "queries": 1000}
    parent: {"do": "answer", "queries": [query, ...]}   "batch-answer": the same in one call, with "threads"
    child:  {"answers": [{"hits": [[id, score], ...], "count": 7}, ...]}
    parent: {"do": "memory"}
    child:  {"anonymous": bytes}                        or null

An answer {"error": text} stands for any exception. The child ends when its input does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import attrs

from benchmarks import machine
from benchmarks.peers import Abilities

__all__ = ["PeerAbsent", "PeerFailed", "PeerProcess", "child_environment", "start"]

Message = dict[str, Any]

_EVERY = 0.02  # seconds between two looks at the memory of a child


class PeerAbsent(Exception):
    """The peer cannot run here, most often as it is not installed. The text says why."""


class PeerFailed(Exception):
    """The peer raised, or its process died."""


@attrs.frozen
class PeerProcess:
    """A running peer. Made by `start`."""

    name: str
    version: str
    abilities: Abilities
    _process: subprocess.Popen[str]
    _said: IO[str]

    def ask(self, do: str, **what: Any) -> Message:
        """Send one request and wait for its answer. Raises PeerFailed."""
        return _exchange(self.name, self._process, self._said, {"do": do, **what})

    def ask_watched(self, do: str, **what: Any) -> Message:
        """`ask`, with the most anonymous memory the child had meanwhile as "peak_anonymous"."""
        seen: list[int] = []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_EVERY):
                seen.append(machine.anonymous_memory(self._process.pid) or 0)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            answer = self.ask(do, **what)
        finally:
            done.set()
            watcher.join()
        return {**answer, "peak_anonymous": max(seen, default=None)}


@contextmanager
def start(name: str) -> Iterator[PeerProcess]:
    """Run a peer in a fresh interpreter. Raises PeerAbsent where it cannot run, PeerFailed where it died.

    What it prints is kept out of sight; the end of it is told when it dies.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            # -P: the child imports from where the parent does, not from the folder it happens to be started in
            [sys.executable, "-P", "-m", "benchmarks.child", name],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            encoding="utf-8",
        )
        try:
            hello = _exchange(name, process, said, None)
            if "absent" in hello:
                raise PeerAbsent(hello["absent"])
            yield PeerProcess(name, hello["version"], Abilities(**hello["abilities"]), process, said)
        finally:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.close()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def child_environment() -> dict[str, str]:
    """This environment, with this interpreter's import path."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)}


def _exchange(name: str, process: subprocess.Popen[str], said: IO[str], request: Message | None) -> Message:
    assert process.stdin is not None and process.stdout is not None
    try:
        if request is not None:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        line = process.stdout.readline()
    except BrokenPipeError:
        line = ""
    if not line:
        code = process.wait(timeout=30)
        said.seek(0)
        last = said.read().strip().rpartition("\n")[2][-200:]
        raise PeerFailed(f"{name}: the process ended with {code}{f': {last}' if last else ''}")
    answer: Message = json.loads(line)
    if "error" in answer:
        raise PeerFailed(f"{name}: {answer['error']}")
    return answer
