"""The searching half of a run: open in fresh processes, time the queries in turns, ask for the answers to check.

A peer that fails on the way is out from there on; only searchkit's failure ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs

from benchmarks.building import Built
from benchmarks.latency import Latency, quickest
from benchmarks.machine import cores
from benchmarks.peers import OURS
from benchmarks.process import PeerFailed, PeerProcess, start
from benchmarks.queries import BATCH, SHAPES, Query

__all__ = ["Searched", "Timing", "search_all"]

_FRESH = 3  # processes that open an index, of which the quickest counts
_BATCHES = 3  # rounds of the batch
_WARM = 0.25  # of the budget goes into warming up one peer for one shape

Say = Callable[[str], None]


@attrs.frozen
class Timing:
    """How the passes are timed."""

    passes: int
    budget: float  # seconds of one pass of one peer over one shape
    clock: str  # "wall"; "cpu": the time the thread had a processor, for a machine that is not quiet


@attrs.define
class Searched:
    """What came of it, by peer."""

    figures: dict[str, dict[str, Any]] = attrs.field(factory=dict)  # open, batch, memory
    latencies: dict[str, dict[str, Latency]] = attrs.field(factory=dict)  # by shape
    answers: dict[str, dict[int, dict[str, Any]]] = attrs.field(factory=dict)  # by the number of the checked query
    batch: list[dict[str, Any]] = attrs.field(factory=list)  # our answers to the checked queries of the batch
    failed: dict[str, str] = attrs.field(factory=dict)


def search_all(
    built: Mapping[str, Built],
    queries: Mapping[str, tuple[Query, ...]],
    checked: Sequence[Query],
    batched: Sequence[Query],
    timing: Timing,
    say: Say,
) -> Searched:
    """Time every peer over every shape it can answer; then ask for the answers to `checked`, and us for those to
    `batched` in one call."""
    searched = Searched()
    say(f"opening: {', '.join(built)}")
    with ExitStack() as stack:
        running: dict[str, PeerProcess] = {}
        for name, index in built.items():
            with _may_fail(name, running, searched, say):
                running[name] = _open(name, index, queries, timing.passes, searched, stack)
        _time_passes(running, queries, timing, searched, say)
        _time_batches(running, queries, timing, searched, say)
        say("asking for the answers to check")
        for name, peer in list(running.items()):
            with _may_fail(name, running, searched, say):
                able = [number for number, query in enumerate(checked) if query.shape in peer.abilities.shapes]
                asked = [attrs.asdict(checked[number]) for number in able]
                searched.figures[name]["memory"] = peer.ask("memory")
                given = peer.ask("answer", queries=asked)["answers"]
                searched.answers[name] = dict(zip(able, given, strict=True))
        if OURS in running:
            asked = [attrs.asdict(query) for query in batched]
            searched.batch = running[OURS].ask("batch-answer", queries=asked, threads=cores())["answers"]
    return searched


@contextmanager
def _may_fail(name: str, running: dict[str, PeerProcess], searched: Searched, say: Say) -> Iterator[None]:
    try:
        yield
    except PeerFailed as error:
        if name == OURS:
            raise
        running.pop(name, None)
        searched.failed[name] = str(error)
        say(f"out: {name}: {error}")


def _open(
    name: str,
    index: Built,
    queries: Mapping[str, tuple[Query, ...]],
    passes: int,
    searched: Searched,
    stack: ExitStack,
) -> PeerProcess:
    able = [
        query for shape, of_shape in queries.items() if shape in {*index.abilities.shapes, BATCH} for query in of_shape
    ]
    opening = {"folder": str(index.folder), "first": attrs.asdict(able[0])}
    openings = []
    for _ in range(_FRESH - 1 if passes >= _FRESH else 0):
        with start(name) as peer:
            openings.append(peer.ask("open", **opening))
    peer = stack.enter_context(start(name))
    openings.append(peer.ask("open", **opening))
    peer.ask("prepare", queries=[attrs.asdict(query) for query in able])
    quickest = {key: min(spent[key] for spent in openings) for key in ("open", "first")}
    searched.figures[name] = {"open": {**openings[-1], **quickest}}
    return peer


def _time_passes(
    running: dict[str, PeerProcess],
    queries: Mapping[str, tuple[Query, ...]],
    timing: Timing,
    searched: Searched,
    say: Say,
) -> None:
    """All shapes with all peers in turns, warmed up before. A peer too slow for the budget is heard once, not `passes`
    times."""
    spent: dict[str, dict[str, list[list[int]]]] = {name: {} for name in running}
    shapes = [shape for shape in SHAPES if shape in queries]
    say("searching: warming up")
    for shape in shapes:
        for name, peer in list(running.items()):
            if shape in peer.abilities.shapes:
                with _may_fail(name, running, searched, say):
                    peer.ask("warm", shape=shape, seconds=timing.budget * _WARM)
    for number in range(timing.passes):
        say(f"searching: pass {number + 1} of {timing.passes}")
        for shape in shapes:
            for name, peer in list(running.items()):
                done = spent[name].setdefault(shape, [])
                if shape in peer.abilities.shapes and all(len(one) == len(queries[shape]) for one in done):
                    with _may_fail(name, running, searched, say):
                        answer = peer.ask("pass", shape=shape, budget=timing.budget, clock=timing.clock)
                        done.append(answer["nanoseconds"])
    for name, by_shape in spent.items():
        searched.latencies[name] = {shape: quickest(done) for shape, done in by_shape.items() if done}


def _time_batches(
    running: dict[str, PeerProcess],
    queries: Mapping[str, tuple[Query, ...]],
    timing: Timing,
    searched: Searched,
    say: Say,
) -> None:
    """Many queries in one call, on one thread and on all cores: queries a second, of the quickest round."""
    if BATCH not in queries:
        return
    say(f"searching: batches of {len(queries[BATCH]):,}")
    for _ in range(min(timing.passes, _BATCHES)):
        for threads in (1, cores()):
            for name, peer in list(running.items()):
                rates = searched.figures[name].setdefault("batch", {})
                if threads == 1 or peer.abilities.batches:
                    with _may_fail(name, running, searched, say):
                        done = peer.ask("batch", shape=BATCH, threads=threads, budget=timing.budget)
                        rate = done["queries"] / done["seconds"]
                        rates[str(threads)] = max(rate, rates.get(str(threads), 0.0))
