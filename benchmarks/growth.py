"""`python -m benchmarks growth`: how the figures grow with the number of articles, on made-up ones.

The articles are made once; each smaller collection is the beginning of the largest, so that nothing but the number
changes. Each size is a run of its own, with fewer queries, one build and nothing kept. Answers are checked at the sizes
where scoring every article by the slow way takes minutes at most.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

from benchmarks.corpus import first_of, prepare
from benchmarks.report import aligned
from benchmarks.run import Settings, run
from benchmarks.tables import Table, measured, short

__all__ = ["growth", "growth_page", "growth_tables"]

_CHECKED = 300_000  # articles up to which answers are checked

Say = Callable[[str], None]
Figures = dict[str, Any]


def growth(sizes: Sequence[int], settings: Settings, work: Path, say: Say) -> Figures:
    """One run for each number of articles. Raises PeerFailed where searchkit fails."""
    say(f"making {max(sizes):,} articles")
    whole = prepare(None, articles=max(sizes), seed=settings.seed, target=work / "all.jsonl")
    points = []
    for size in sorted(sizes):
        folder = work / str(size)
        folder.mkdir()
        corpus = whole if size == max(sizes) else first_of(whole, size, folder / "articles.jsonl")
        checks = settings.checks if size <= _CHECKED else 0
        say(f"--- {size:,} articles, {corpus.text_bytes / 1e6:,.0f} MB")
        points.append(run(corpus, attrs.evolve(settings, checks=checks, two=False, adds=False), folder, None, say))
        shutil.rmtree(folder)
    return {"kind": "growth", "when": points[-1]["when"], "points": points}


def growth_page(result: Figures) -> str:
    """The curves as plain text."""
    first = result["points"][0]
    head = f"growth, made-up articles; commit {first['commit'] or 'unknown'}; {first['machine']['processor']}"
    parts = [head]
    for table in growth_tables(result):
        parts += [f"\n{table.title}", aligned(table.rows)]
    wrong = sum(len(point.get("exact", {}).get("wrong", ())) for point in result["points"])
    checked = sum(point.get("exact", {}).get("checked", 0) for point in result["points"])
    parts.append(
        f"\nsearchkit's answers to {checked} queries: {f'WRONG, {wrong} differences' if wrong else 'all exact'}"
    )
    return "\n".join(parts)


def growth_tables(result: Figures) -> list[Table]:
    """By peer: mean latency by shape, then what building, size and opening come to, one column a size."""
    points = result["points"]
    asked = points[0]["settings"]["queries"]
    sizes = [f"{point['corpus']['articles']:,}" for point in points]
    made = []
    for name in points[0]["peers"]:
        peers = [point["peers"].get(name, {}) for point in points]
        rows = [
            [f"{shape}, us", *(_mean(figures, shape, asked) for figures in peers)]
            for shape in measured(points[0]["peers"])
        ]
        rows.append(["build, MB / s", *(_built(figures, "mb_per_second", "{:.1f}") for figures in peers)])
        rows.append(["build, MB / CPU s", *(_built(figures, "mb_per_cpu_second", "{:.1f}") for figures in peers)])
        rows.append(["build, peak memory, MB", *(_built(figures, "peak", "{:.0f}", 1e-6) for figures in peers)])
        rows.append(
            ["size without articles / text", *(_built(figures, "index_per_text", "{:.3f}") for figures in peers)]
        )
        rows.append(["open, ms", *(f"{f['open']['open'] * 1e3:.2f}" if "open" in f else "" for f in peers)])
        made.append(Table(f"{name} {peers[0]['version']}", [["", *sizes], *rows]))
    return made


def _mean(figures: Figures, shape: str, asked: int) -> str:
    spent = figures.get("latency", {}).get(shape)
    if not spent:
        return ""
    return short(spent["mean"]) + (f" [{spent['queries']}]" if spent["queries"] < asked else "")


def _built(figures: Figures, key: str, form: str, factor: float = 1.0) -> str:
    return form.format(figures["build"][key] * factor) if "build" in figures else ""
