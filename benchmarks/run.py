"""One run: build with every peer, open, time the queries in turns, check the answers. The result is fit for JSON."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from benchmarks import machine
from benchmarks.agreement import agreement
from benchmarks.corpus import Corpus
from benchmarks.exact import answer_exactly, differences
from benchmarks.latency import Latency, quietest, ratio
from benchmarks.peers import TOP
from benchmarks.process import PeerAbsent, PeerFailed, PeerProcess, child_environment, start
from benchmarks.queries import Query, sample_queries

__all__ = ["OURS", "Settings", "run"]

OURS = "searchkit"

Say = Callable[[str], None]


@attrs.frozen
class Settings:
    """What was asked for."""

    peers: tuple[str, ...]  # beside searchkit
    queries: int  # a shape
    passes: int  # over the queries; also fresh processes for opening, importing and the command line
    budget: float  # seconds for one pass of one peer over one shape
    checks: int  # queries a shape whose answers are checked
    seed: int


def run(corpus: Corpus, settings: Settings, work: Path, say: Say) -> dict[str, Any]:
    """Measure everything. `work` is an empty folder for the indexes; `say` is told what goes on.

    A peer that cannot build is skipped, and the result says why. Raises PeerFailed for one that fails later.
    """
    load_before = machine.load()
    built, skipped = _build_all(corpus, settings, work, say)
    queries = sample_queries(corpus, each=settings.queries, seed=settings.seed)
    result: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "commit": machine.commit(Path(__file__).parent),
        "corpus": {
            "name": corpus.name,
            "articles": corpus.articles,
            "text_bytes": corpus.text_bytes,
            "dropped": corpus.dropped,
        },
        "settings": {**attrs.asdict(settings), "top": TOP},
        "peers": built,
        "skipped": skipped,
    }
    if OURS in built:
        say("starting: import searchkit, searchkit query")
        result["process"] = _starts(work / OURS, next(iter(queries.values()))[0] if queries else None, settings.passes)
    latencies: dict[str, dict[str, Latency]] = {}
    if queries:
        latencies = _search_all(corpus, settings, queries, work, result, say)
    result["ratios"] = _ratios(built, latencies)
    result["machine"]["load"] = [load_before, machine.load()]
    return result


def _build_all(
    corpus: Corpus, settings: Settings, work: Path, say: Say
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    built: dict[str, dict[str, Any]] = {}
    skipped: dict[str, str] = {}
    for name in (OURS, *settings.peers):
        folder = work / name
        folder.mkdir()
        try:
            with start(name) as peer:
                say(f"building: {name} {peer.version}")
                figures = peer.ask("build", articles=str(corpus.path), folder=str(folder))
        except (PeerAbsent, PeerFailed) as error:
            skipped[name] = str(error)
            say(f"skipped: {name}: {error}")
            continue
        figures["mb_per_cpu_second"] = corpus.text_bytes / 1e6 / figures["cpu"]
        figures["index_per_text"] = (figures["total"] - figures["stored"]) / corpus.text_bytes
        built[name] = {"version": peer.version, "build": figures}
        if figures["articles"] != corpus.articles:
            say(f"warning: {name} holds {figures['articles']} articles of {corpus.articles}")
    return built, skipped


def _search_all(
    corpus: Corpus,
    settings: Settings,
    queries: dict[str, tuple[Query, ...]],
    work: Path,
    result: dict[str, Any],
    say: Say,
) -> dict[str, dict[str, Latency]]:
    """Open, time and check; put the figures into `result`. Returns the latencies: peer -> shape -> latency."""
    built = result["peers"]
    checked = [query for of_shape in queries.values() for query in of_shape[: settings.checks]]
    everything = [attrs.asdict(query) for of_shape in queries.values() for query in of_shape]
    with ExitStack() as stack:
        running: dict[str, PeerProcess] = {}
        for name, figures in built.items():
            opening = {"folder": str(work / name), "first": everything[0]}
            openings = []
            for _ in range(settings.passes - 1):
                with start(name) as peer:
                    openings.append(peer.ask("open", **opening))
            running[name] = stack.enter_context(start(name))
            openings.append(running[name].ask("open", **opening))
            figures["open"] = {key: min(spent[key] for spent in openings) for key in ("open", "first")}
            running[name].ask("prepare", queries=everything)
        latencies = _passes(running, settings, tuple(queries), say)
        say("checking answers")
        answers: dict[str, list[dict[str, Any]]] = {}
        for name, peer in running.items():
            built[name]["memory"] = peer.ask("memory")
            answers[name] = peer.ask("answer", queries=[attrs.asdict(query) for query in checked])["answers"]

    for name, by_shape in latencies.items():
        built[name]["latency"] = {shape: latency.figures() for shape, latency in by_shape.items()}
    if OURS in answers:
        wrong = differences(checked, answers[OURS], answer_exactly(corpus.path, checked))
        result["exact"] = {"checked": len(checked), "wrong": wrong}
        result["agreement"] = {
            name: agreement(corpus, checked, answers[OURS], theirs) for name, theirs in answers.items() if name != OURS
        }
    return latencies


def _passes(
    running: dict[str, PeerProcess], settings: Settings, shapes: Sequence[str], say: Say
) -> dict[str, dict[str, Latency]]:
    """Time all shapes with all peers in turns. A peer too slow for the budget is heard twice, not `passes` times."""
    done: dict[str, dict[str, list[list[int]]]] = {name: {shape: [] for shape in shapes} for name in running}
    for number in range(settings.passes):
        say(f"searching: pass {number + 1} of {settings.passes}")
        for shape in shapes:
            for name, peer in running.items():
                spent = done[name][shape]
                if len(spent) < 2 or len(spent[-1]) == settings.queries:
                    spent.append(peer.ask("pass", shape=shape, budget=settings.budget)["nanoseconds"])
    return {name: {shape: quietest(spent) for shape, spent in by_shape.items()} for name, by_shape in done.items()}


def _ratios(built: dict[str, dict[str, Any]], latencies: dict[str, dict[str, Latency]]) -> dict[str, dict[str, float]]:
    """Peer by peer: its mean latency over ours, by shape; our build speed and size without articles over its."""
    ratios: dict[str, dict[str, float]] = {}
    if OURS not in built:
        return ratios
    ours = built[OURS]["build"]
    for name, figures in built.items():
        if name == OURS:
            continue
        ratios[name] = {
            shape: ratio(theirs, latencies[OURS][shape]) for shape, theirs in latencies.get(name, {}).items()
        }
        ratios[name]["build"] = ours["mb_per_cpu_second"] / figures["build"]["mb_per_cpu_second"]
        ratios[name]["size"] = ours["index_per_text"] / figures["build"]["index_per_text"]
    return ratios


def _starts(index: Path, query: Query | None, times: int) -> dict[str, float]:
    """Seconds of `import searchkit` in a fresh interpreter, and of a whole `searchkit query` process: the quickest."""
    imported, queried = [], []
    words = " ".join(query.words) if query else "nothing"
    importing = "import time; begun = time.perf_counter(); import searchkit; print(time.perf_counter() - begun)"
    querying = "import sys; from searchkit.cli import main; sys.exit(main())"  # what the installed command runs
    for _ in range(times):
        imported.append(float(_run([importing])))
        begun = time.perf_counter()
        _run([querying, "query", words, "-i", str(index)], good=(0, 1))
        queried.append(time.perf_counter() - begun)
    return {"import": min(imported), "query": min(queried)}


def _run(arguments: Sequence[str], good: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", *arguments], env=child_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode not in good:
        raise PeerFailed(f"{arguments} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
