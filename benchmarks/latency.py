"""Passes over the queries of a shape, and the figures quoted from them.

Every peer answers the same queries in the same order, in turns: one pass of each peer, then the next. Of each query the
quickest pass counts: on a shared machine noise only ever adds, and it falls on other queries in every pass. A slow peer
stops a pass when its time budget is spent; the queries are in random order, so what it did answer is a fair sample, and
ratios are taken over the queries that both have answered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median

import attrs

__all__ = ["Latency", "percentile", "quickest", "ratio"]


@attrs.frozen
class Latency:
    """What one peer took for the queries of one shape."""

    nanoseconds: tuple[int, ...]  # by query, in the order of the sampled queries
    passes: int
    noise: float  # how much slower the median pass was: 0.1 is 10 %

    def figures(self) -> dict[str, float | int]:
        """Mean, p50 and p99 in microseconds, and what they rest on."""
        return {
            "queries": len(self.nanoseconds),
            "mean": fmean(self.nanoseconds) / 1e3,
            "p50": percentile(self.nanoseconds, 0.5) / 1e3,
            "p99": percentile(self.nanoseconds, 0.99) / 1e3,
            "passes": self.passes,
            "noise": self.noise,
        }


def quickest(passes: Sequence[Sequence[int]]) -> Latency:
    """Each query's quickest pass, of the queries that all passes got to. Requires: a pass, and a query in each."""
    assert passes and all(passes), "a pass times at least one query"
    common = min(map(len, passes))
    best = tuple(map(min, zip(*(spent[:common] for spent in passes), strict=True)))
    usual = median(fmean(spent[:common]) for spent in passes)
    return Latency(best, len(passes), usual / fmean(best) - 1.0)


def ratio(slow: Latency, fast: Latency) -> float:
    """Mean of `slow` over mean of `fast`, for the queries both have answered."""
    common = min(len(slow.nanoseconds), len(fast.nanoseconds))
    return fmean(slow.nanoseconds[:common]) / fmean(fast.nanoseconds[:common])


def percentile(values: Sequence[int], share: float) -> int:
    """The smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
