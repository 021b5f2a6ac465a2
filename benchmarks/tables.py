"""The result of a run as tables of text cells: the terminal and the page both show these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from benchmarks.queries import SHAPES

__all__ = ["Table", "measured", "short", "tables", "verdict"]

Figures = dict[str, Any]


@attrs.frozen
class Table:
    title: str
    rows: Sequence[Sequence[str]]  # the first names the columns


def tables(result: Figures) -> list[Table]:
    """Mean latency, its spread, batches, building and opening, agreement, bars: what of it was measured."""
    peers = result["peers"]
    columns = [f"{name} {figures['version'].partition(',')[0]}" for name, figures in peers.items()]
    made = [
        Table("mean, us a query (times searchkit's)", [["", *columns], *_means(result)]),
        Table("p50 / p99, us a query", [["", *columns], *_spread(peers)]),
        Table(f"queries a second, {result['settings']['batch']:,} at once", [["", *columns], *_batches(peers)]),
        Table("building, size, opening", [["", *columns], *_work(peers)]),
    ]
    if result.get("agreement"):
        names = list(result["agreement"])
        made.append(
            Table("best ten shared with searchkit (numbers of matches apart)", [["", *names], *_agreement(result)])
        )
    if result.get("bars"):
        rows = [[bar["what"], f"{bar['bar']:g} x", *_judged(bar)] for bar in result["bars"]]
        made.append(Table("bars: ratios of means in this run", [["", "bar", "reached", ""], *rows]))
    return [table for table in made if len(table.rows) > 1]


def verdict(result: Figures) -> str | None:
    """Whether our answers were exact; None if nobody looked."""
    if "exact" not in result:
        return None
    wrong = result["exact"]["wrong"]
    said = f"WRONG, {len(wrong)} differences" if wrong else "all exact"
    return f"searchkit's answers to {result['exact']['checked']} queries beside exhaustive scoring: {said}"


def _means(result: Figures) -> list[list[str]]:
    rows = []
    for shape in measured(result["peers"]):
        cells = [shape]
        for name, figures in result["peers"].items():
            spent = figures.get("latency", {}).get(shape)
            cell = "" if spent is None else short(spent["mean"])
            times = result["ratios"].get(name, {}).get(shape)
            if spent is not None and times is not None:
                cell += f" ({times:.1f}x)" if times < 100 else f" ({times:,.0f}x)"
            if spent is not None and spent["queries"] < result["settings"]["queries"]:
                cell += f" [{spent['queries']}]"
            cells.append(cell)
        rows.append(cells)
    return rows


def _spread(peers: Figures) -> list[list[str]]:
    return [
        [
            shape,
            *(
                f"{short(spent['p50'])} / {short(spent['p99'])}" if spent else ""
                for spent in (figures.get("latency", {}).get(shape) for figures in peers.values())
            ),
        ]
        for shape in measured(peers)
    ]


def measured(peers: Figures) -> list[str]:
    """The shapes that some peer answered, in their order."""
    return [shape for shape in SHAPES if any(shape in figures.get("latency", {}) for figures in peers.values())]


def _batches(peers: Figures) -> list[list[str]]:
    threads = sorted({number for figures in peers.values() for number in figures.get("batch", {})}, key=int)
    rows = []
    for number in threads:
        rates = [figures.get("batch", {}).get(number) for figures in peers.values()]
        rows.append([f"{number} thread{'s' * (number != '1')}", *(f"{rate:,.0f}" if rate else "" for rate in rates)])
    return rows


def _work(peers: Figures) -> list[list[str]]:
    rows: list[list[str]] = []

    def add(label: str, part: str, cell: Callable[[Figures], str]) -> None:
        cells = [cell(figures[part]) if figures.get(part) else "" for figures in peers.values()]
        if any(cells):
            rows.append([label, *cells])

    for part, label in (("build", "build"), ("build2", "build, two threads")):
        add(f"{label}, MB / CPU s", part, lambda f: f"{f['mb_per_cpu_second']:.1f}")
        add(f"{label}, wall / CPU s", part, lambda f: f"{f['wall']:.1f} / {f['cpu']:.1f}")
        add(f"{label}, peak memory, MB", part, lambda f: _mega(f["peak"]))
        add(f"{label}, anonymous over the start, MB", part, _anonymous_over)
    add("adding 1,000 articles, wall / CPU s", "add", lambda f: f"{f['wall']:.2f} / {f['cpu']:.2f}")
    add("segments", "build", lambda f: str(f["segments"] or "-"))
    add("size, MB", "build", lambda f: f"{f['total'] / 1e6:.1f}")
    add("size without articles, MB", "build", lambda f: f"{(f['total'] - f['stored']) / 1e6:.1f}")
    add("size without articles / text", "build", lambda f: f"{f['index_per_text']:.3f}")
    add("open / first query, ms", "open", lambda f: f"{f['open'] * 1e3:.2f} / {f['first'] * 1e3:.2f}")
    add("anonymous memory: open, MB", "open", lambda f: _mega(f["anonymous"]))
    add("anonymous memory: after all queries, MB", "memory", lambda f: _mega(f["anonymous"]))
    return rows


def _anonymous_over(figures: Figures) -> str:
    peak, before = figures.get("peak_anonymous"), figures.get("before_anonymous")
    return "" if peak is None or before is None else _mega(peak - before)


def _agreement(result: Figures) -> list[list[str]]:
    rows = []
    for shape in SHAPES:
        cells = [_agreed(by_shape.get(shape)) for by_shape in result["agreement"].values()]
        if any(cells):
            rows.append([shape, *cells])
    return rows


def _agreed(figures: Mapping[str, float | None] | None) -> str:
    if figures is None:
        return ""
    apart = figures["counts_apart"]
    return f"{figures['overlap']:.0%}" + ("" if apart is None else f" ({apart:.1%})")


def _judged(bar: Figures) -> tuple[str, str]:
    if bar["reached"] is None:
        return "-", "not measured"
    return f"{bar['reached']:.2f} x", "reached" if bar["reached"] >= bar["bar"] else "MISSED"


def short(microseconds: float) -> str:
    """Three digits or so."""
    return f"{microseconds:.1f}" if microseconds < 100 else f"{microseconds:,.0f}"


def _mega(number: float | None) -> str:
    return "" if number is None else f"{number / 1e6:.0f}"
