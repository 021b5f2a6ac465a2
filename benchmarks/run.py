"""One run: build with every peer, open, time the queries in turns, check the answers. The result is fit for JSON."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from benchmarks import machine
from benchmarks.agreement import agreement
from benchmarks.bars import bars
from benchmarks.building import Built, add_to_all, build_all
from benchmarks.corpus import Corpus
from benchmarks.exact import answer_exactly, differences
from benchmarks.kept import Kept
from benchmarks.latency import Latency, ratio
from benchmarks.peers import OURS
from benchmarks.process import PeerFailed, child_environment
from benchmarks.queries import BATCH, TOP, Query, sample_queries
from benchmarks.searching import Searched, Timing, search_all

__all__ = ["Settings", "run"]

Say = Callable[[str], None]


@attrs.frozen
class Settings:
    """What was asked for."""

    peers: tuple[str, ...]  # beside searchkit
    queries: int  # a shape
    passes: int  # over the queries; also fresh processes for importing and the command line
    budget: float  # seconds for one pass of one peer over one shape
    checks: int  # queries a shape whose answers are checked; 0 to trust them
    seed: int
    clock: str = "wall"  # or "cpu": see Timing
    two: bool = True  # build with two threads too
    adds: bool = True  # add to the finished indexes


def run(corpus: Corpus, settings: Settings, work: Path, kept: Path | None, say: Say) -> dict[str, Any]:
    """Measure everything. `work` is an empty folder for what is removed again, `kept` one for indexes that stay; `say`
    is told what goes on.

    A peer that cannot run or fails is skipped, and the result says why. Raises PeerFailed for searchkit.
    """
    load_before, began = machine.load(), time.perf_counter()
    commit = machine.commit(Path(__file__).parent)
    names = (OURS, *settings.peers)
    keep = None if kept is None else Kept.of(kept, corpus)
    built, skipped = build_all(corpus, names, commit, work, keep, settings.two, say)
    if OURS not in built:
        raise PeerFailed(f"{OURS}: {skipped[OURS]}")
    queries = sample_queries(corpus, each=settings.queries, seed=settings.seed)
    peers: dict[str, dict[str, Any]] = {name: {**index.figures} for name, index in built.items()}
    result: dict[str, Any] = {
        "kind": "run",
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "commit": commit,
        "corpus": {
            "name": corpus.name,
            "articles": corpus.articles,
            "text_bytes": corpus.text_bytes,
            "dropped": corpus.dropped,
        },
        "settings": {**attrs.asdict(settings), "top": TOP, "batch": len(queries.get(BATCH, ()))},
        "peers": peers,
        "skipped": skipped,
    }
    if queries:
        say("starting: import searchkit, searchkit query")
        result["process"] = _starts(built[OURS].folder, next(iter(queries.values()))[0], settings.passes)
        searched = _search(corpus, settings, queries, built, result, say)
        result["ratios"] = _ratios(peers, searched.latencies)
        result["bars"] = bars(peers, searched.latencies, str(machine.cores()))
    if settings.adds:
        for name, figures in add_to_all(corpus, built, work, say).items():
            peers[name]["add"] = figures
    result["machine"]["load"] = [load_before, machine.load()]
    result["seconds"] = time.perf_counter() - began
    return result


def _search(
    corpus: Corpus,
    settings: Settings,
    queries: dict[str, tuple[Query, ...]],
    built: dict[str, Built],
    result: dict[str, Any],
    say: Say,
) -> Searched:
    """Time and check; put the figures into `result`."""
    checked = [query for shape, of_shape in queries.items() if shape != BATCH for query in of_shape[: settings.checks]]
    batched = queries[BATCH][: settings.checks]
    timing = Timing(settings.passes, settings.budget, settings.clock)
    searched = search_all(built, queries, checked, batched, timing, say)
    for name, figures in searched.figures.items():
        result["peers"][name].update(figures)
    for name, by_shape in searched.latencies.items():
        result["peers"][name]["latency"] = {shape: latency.figures() for shape, latency in by_shape.items()}
    result["skipped"].update(searched.failed)
    if settings.checks:
        say(f"scoring {corpus.articles:,} articles for {len(checked) + len(batched)} queries, the slow way")
        ours = [searched.answers[OURS][number] for number in range(len(checked))]
        wrong = differences(
            [*checked, *batched], [*ours, *searched.batch], answer_exactly(corpus.path, [*checked, *batched])
        )
        result["exact"] = {"checked": len(checked) + len(batched), "wrong": wrong}
        result["agreement"] = {
            name: agreement(corpus, checked, searched.answers[OURS], theirs)
            for name, theirs in searched.answers.items()
            if name != OURS
        }
    return searched


def _ratios(peers: dict[str, dict[str, Any]], latencies: dict[str, dict[str, Latency]]) -> dict[str, dict[str, float]]:
    """Peer by peer: its mean latency over ours, by shape; our build speed and size without articles over its."""
    ours = peers[OURS]["build"]
    ratios: dict[str, dict[str, float]] = {}
    for name, figures in peers.items():
        if name == OURS:
            continue
        ratios[name] = {
            shape: ratio(theirs, latencies[OURS][shape]) for shape, theirs in latencies.get(name, {}).items()
        }
        ratios[name]["build"] = ours["mb_per_cpu_second"] / figures["build"]["mb_per_cpu_second"]
        ratios[name]["size"] = ours["index_per_text"] / figures["build"]["index_per_text"]
    return ratios


def _starts(index: Path, query: Query, times: int) -> dict[str, float]:
    """Seconds of `import searchkit` in a fresh interpreter, and of a whole `searchkit query` process: the quickest."""
    imported, queried = [], []
    importing = "import time; begun = time.perf_counter(); import searchkit; print(time.perf_counter() - begun)"
    querying = "import sys; from searchkit.cli import main; sys.exit(main())"  # what the installed command runs
    for _ in range(times):
        imported.append(float(_run([importing])))
        begun = time.perf_counter()
        _run([querying, "query", " ".join(query.words), "-i", str(index)], good=(0, 1))
        queried.append(time.perf_counter() - begun)
    return {"import": min(imported), "query": min(queried)}


def _run(arguments: Sequence[str], good: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", *arguments], env=child_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode not in good:
        raise PeerFailed(f"{arguments} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
