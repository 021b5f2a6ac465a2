"""A peer in a process of its own: both ends of a conversation in JSON, one object a line.

    child:  {"version": "0.27.0"}           or {"absent": "No module named 'tantivy'"}, and it ends
    parent: {"do": "build", "articles": path, "folder": path}
    child:  {"wall": s, "cpu": s, "before": bytes, "peak": bytes, "articles": 9, "segments": 1, "total": bytes, ...}
    parent: {"do": "open", "folder": path, "first": query}
    child:  {"open": s, "first": s}
    parent: {"do": "prepare", "queries": [query, ...]}         for the passes that follow
    child:  {}
    parent: {"do": "pass", "shape": "or", "budget": s}
    child:  {"nanoseconds": [...]}          one a query, fewer where the budget was spent
    parent: {"do": "answer", "queries": [query, ...]}
    child:  {"answers": [{"hits": [[id, score], ...], "count": 7}, ...]}
    parent: {"do": "memory"}
    child:  {"anonymous": bytes}            or null

An answer {"error": text} stands for any exception. The child ends when its input does.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import attrs

from benchmarks import machine
from benchmarks.peers import Answer, Peer, load
from benchmarks.queries import Query

__all__ = ["PeerAbsent", "PeerFailed", "PeerProcess", "child_environment", "start"]

Message = dict[str, Any]


class PeerAbsent(Exception):
    """The peer cannot run here, most often as it is not installed. The text says why."""


class PeerFailed(Exception):
    """The peer raised, or its process died."""


# --- the parent's end


@attrs.frozen
class PeerProcess:
    """A running peer. Made by `start`."""

    name: str
    version: str
    _process: subprocess.Popen[str]

    def ask(self, do: str, **what: Any) -> Message:
        """Send one request and wait for its answer. Raises PeerFailed."""
        return _exchange(self.name, self._process, {"do": do, **what})


@contextmanager
def start(name: str) -> Iterator[PeerProcess]:
    """Run a peer in a fresh interpreter. Raises PeerAbsent where it cannot run, PeerFailed where it died."""
    process = subprocess.Popen(
        # -P: the child imports from where the parent does, not from the folder it happens to be started in
        [sys.executable, "-P", "-m", "benchmarks.process", name],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        hello = _exchange(name, process, None)
        if "absent" in hello:
            raise PeerAbsent(hello["absent"])
        yield PeerProcess(name, hello["version"], process)
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


def _exchange(name: str, process: subprocess.Popen[str], request: Message | None) -> Message:
    assert process.stdin is not None and process.stdout is not None
    try:
        if request is not None:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        line = process.stdout.readline()
    except BrokenPipeError:
        line = ""
    if not line:
        raise PeerFailed(f"{name}: the process ended with {process.wait(timeout=30)}")
    answer: Message = json.loads(line)
    if "error" in answer:
        raise PeerFailed(f"{name}: {answer['error']}")
    return answer


# --- the child's end


def serve(name: str, requests: IO[str], answers: IO[str]) -> None:
    """Answer requests until there are no more."""

    def send(message: Message) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    try:
        peer = load(name)
    except Exception as error:
        send({"absent": f"{type(error).__name__}: {error}"})
        return
    send({"version": peer.version()})
    prepared: dict[str, list[Callable[[], Answer]]] = {}
    for line in requests:
        request = json.loads(line)
        try:
            send(_do(peer, prepared, request))
        except Exception as error:
            send({"error": f"{request['do']}: {type(error).__name__}: {error}"})


def _do(peer: Peer, prepared: dict[str, list[Callable[[], Answer]]], request: Message) -> Message:
    match request["do"]:
        case "build":
            return _build(peer, Path(request["articles"]), Path(request["folder"]))
        case "open":
            begun = time.perf_counter()
            peer.open(Path(request["folder"]))
            opened = time.perf_counter()
            peer.call(Query(**request["first"]))()
            return {"open": opened - begun, "first": time.perf_counter() - opened}
        case "prepare":
            prepared.clear()
            for fields in request["queries"]:
                query = Query(**fields)
                prepared.setdefault(query.shape, []).append(peer.call(query))
            return {}
        case "pass":
            return {"nanoseconds": _timed(prepared[request["shape"]], request["budget"])}
        case "answer":
            queries = [Query(**fields) for fields in request["queries"]]
            return {"answers": [{"hits": peer.call(query)(), "count": peer.count(query)} for query in queries]}
        case "memory":
            return {"anonymous": machine.anonymous_memory()}
    raise ValueError(f"no such request: {request['do']!r}")


def _build(peer: Peer, articles: Path, folder: Path) -> Message:
    before = machine.peak_memory()
    cpu, wall = machine.cpu_seconds(), time.perf_counter()
    peer.build(articles, folder)
    spent = {"wall": time.perf_counter() - wall, "cpu": machine.cpu_seconds() - cpu}
    return {**spent, "before": before, "peak": machine.peak_memory(), **peer.sizes(folder)}


def _timed(calls: list[Callable[[], Answer]], budget: float) -> list[int]:
    """Nanoseconds of each call, in order, until `budget` seconds are spent; at least one."""
    clock = time.perf_counter_ns
    spent: list[int] = []
    end = clock() + int(budget * 1e9)
    gc.collect()
    gc.disable()  # a collection would fall on one query by chance
    try:
        for call in calls:
            begun = clock()
            call()
            done = clock()
            spent.append(done - begun)
            if done > end:
                break
    finally:
        gc.enable()
    return spent


if __name__ == "__main__":
    # Whatever a peer prints goes to the error stream: the output carries the conversation.
    conversation = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.argv[1], sys.stdin, conversation)
