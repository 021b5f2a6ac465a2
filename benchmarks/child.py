"""The child's end of the conversation in `process.py`: one peer, told what to do, line by line."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import attrs

from benchmarks import machine
from benchmarks.peers import Answer, Peer, load
from benchmarks.queries import Query

__all__ = ["serve"]

Message = dict[str, Any]


@attrs.define
class _Served:
    """A peer and the calls prepared for its passes."""

    peer: Peer
    queries: dict[str, list[Query]] = attrs.field(factory=dict)
    calls: dict[str, list[Callable[[], Answer]]] = attrs.field(factory=dict)


def serve(name: str, requests: IO[str], answers: IO[str]) -> None:
    """Answer requests until there are no more."""

    def send(message: Message) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    try:
        served = _Served(load(name))
        hello = {"version": served.peer.version(), "abilities": attrs.asdict(served.peer.abilities)}
    except Exception as error:
        send({"absent": f"{type(error).__name__}: {error}"})
        return
    send(hello)
    for line in requests:
        request = json.loads(line)
        try:
            send(_do(served, request))
        except Exception as error:
            send({"error": f"{request['do']}: {type(error).__name__}: {error}"})


def _do(served: _Served, request: Message) -> Message:
    peer = served.peer
    match request["do"]:
        case "build":
            articles, folder = Path(request["articles"]), Path(request["folder"])
            spent = _measured(lambda: peer.build(articles, folder, request["threads"]))
            return {**spent, **peer.sizes(folder)}
        case "add":
            return _measured(lambda: peer.add(Path(request["articles"]), Path(request["folder"])))
        case "open":
            return _open(peer, Path(request["folder"]), Query(**request["first"]))
        case "prepare":
            served.queries, served.calls = {}, {}
            for fields in request["queries"]:
                query = Query(**fields)
                served.queries.setdefault(query.shape, []).append(query)
                served.calls.setdefault(query.shape, []).append(peer.call(query))
            return {}
        case "warm":
            return {"passes": _warm(served.calls[request["shape"]], request["seconds"])}
        case "pass":
            return {"nanoseconds": _timed(served.calls[request["shape"]], request["budget"], request["clock"])}
        case "batch":
            return _batch(served, request["shape"], request["threads"], request["budget"])
        case "answer":
            queries = [Query(**fields) for fields in request["queries"]]
            return {"answers": [_answer(peer, query) for query in queries]}
        case "batch-answer":
            queries = [Query(**fields) for fields in request["queries"]]
            return {"answers": [{"hits": list(hits)} for hits in peer.batch(queries, request["threads"])()]}
        case "memory":
            return {"anonymous": machine.anonymous_memory()}
    raise ValueError(f"no such request: {request['do']!r}")


def _answer(peer: Peer, query: Query) -> Message:
    return {"hits": list(peer.call(query)()), "count": peer.count(query) if peer.abilities.counts else None}


def _open(peer: Peer, folder: Path, first: Query) -> Message:
    before = machine.anonymous_memory()
    begun = time.perf_counter()
    peer.open(folder)
    opened = time.perf_counter()
    anonymous = machine.anonymous_memory()
    call = peer.call(first)
    asked = time.perf_counter()
    call()
    done = time.perf_counter()
    return {
        "open": opened - begun,
        "first": done - asked,
        "anonymous": anonymous,
        "over": None if anonymous is None or before is None else anonymous - before,
    }


def _measured(work: Callable[[], None]) -> Message:
    before = machine.peak_memory()
    anonymous = machine.anonymous_memory()
    cpu, wall = machine.cpu_seconds(), time.perf_counter()
    work()
    return {
        "wall": time.perf_counter() - wall,
        "cpu": machine.cpu_seconds() - cpu,
        "before": before,
        "before_anonymous": anonymous,
        "peak": machine.peak_memory(),
    }


def _batch(served: _Served, shape: str, threads: int, budget: float) -> Message:
    """Seconds for so many queries in one call; where the engine has none, in a loop that ends with the budget."""
    if served.peer.abilities.batches:
        work = served.peer.batch(served.queries[shape], threads)
        begun = time.perf_counter()
        answers = work()
        return {"seconds": time.perf_counter() - begun, "queries": len(answers)}
    spent = _timed(served.calls[shape], budget, "wall")
    return {"seconds": sum(spent) / 1e9, "queries": len(spent)}


def _warm(calls: list[Callable[[], Answer]], seconds: float) -> int:
    """Call them all, over and over, for so many seconds, as compilers at run time ask for; how many whole passes."""
    end = time.perf_counter() + seconds
    passes = 0
    while True:
        for call in calls:
            call()
            if time.perf_counter() > end:
                return passes
        passes += 1


def _timed(calls: list[Callable[[], Answer]], budget: float, which: str) -> list[int]:
    """Nanoseconds of each call, in order, until `budget` seconds of that clock are spent; at least one.

    `which` clock: "wall", or "cpu", the time that this thread had a processor.
    """
    clock = time.perf_counter_ns if which == "wall" else time.thread_time_ns
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
