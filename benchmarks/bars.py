"""How far ahead searchkit means to be: each bar is a ratio that one run either reaches or does not.

A ratio is the peer's mean latency over ours, over the queries both answered; for batches, our queries a second over the
peer's. A bar whose peers did not run is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from benchmarks.latency import Latency, ratio
from benchmarks.peers import OURS, PEERS

__all__ = ["bars"]

_WORDS = ("word-rare", "word-medium", "word-frequent")
_DATES = ("or-30-days", "or-1-year", "or-5-years")


@attrs.frozen
class _Bar:
    shapes: Sequence[str]
    peers: Sequence[str]  # several: the best of them is the one to beat
    times: float


_BEST = PEERS[1:]

_BARS = (
    _Bar(("or",), ("bm25s",), 2),
    _Bar(("or",), ("pisa",), 4),
    _Bar(("or",), ("lucene",), 4),
    _Bar(("or",), ("tantivy",), 7),
    _Bar(("and",), _BEST, 3),
    _Bar(("phrase",), _BEST, 3),
    _Bar(_DATES, ("bm25s",), 4),
    _Bar(_DATES, ("tantivy",), 8),
    _Bar(_WORDS, ("tantivy",), 5),
    _Bar(("newest-1-year",), ("tantivy",), 10),
    _Bar(("or-k1000",), ("tantivy",), 3),
    _Bar(("or-k1000",), ("pisa",), 1.5),
)
_BATCH_PEERS = (("bm25s", 4.0), ("pisa", 4.0))
_BATCH_SCALE = 1.8  # two cores over one


def bars(
    peers: dict[str, dict[str, Any]], latencies: dict[str, dict[str, Latency]], cores: str
) -> list[dict[str, Any]]:
    """What was to be reached and what was: `what`, `bar`, `reached` (None: not measured)."""
    judged = []
    for bar in _BARS:
        for shape in bar.shapes:
            ours = latencies[OURS].get(shape)
            found = {
                name: ratio(latencies[name][shape], ours)
                for name in bar.peers
                if ours is not None and shape in latencies.get(name, {})
            }
            nearest = min(found, key=lambda name: found[name]) if found else None
            beside = bar.peers[0] if len(bar.peers) == 1 else f"the best ({nearest or 'none ran'})"
            reached = None if nearest is None else found[nearest]
            judged.append({"what": f"{shape}, beside {beside}", "bar": bar.times, "reached": reached})
    ours_many = peers[OURS].get("batch", {})
    if cores != "1":
        judged.append(
            _judged(f"batch, {cores} cores beside one", _BATCH_SCALE, ours_many.get(cores), ours_many.get("1"))
        )
    for name, times in _BATCH_PEERS:
        theirs = peers.get(name, {}).get("batch", {})
        judged.append(_judged(f"batch on {cores} cores, beside {name}", times, ours_many.get(cores), theirs.get(cores)))
    return judged


def _judged(what: str, bar: float, ours: float | None, theirs: float | None) -> dict[str, Any]:
    return {"what": what, "bar": bar, "reached": ours / theirs if ours and theirs else None}
