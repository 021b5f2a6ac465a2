"""The result of a run as a page of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.run import OURS

__all__ = ["page"]


def page(result: dict[str, Any]) -> str:
    """One table, what the peers agree on, and whether our answers were exact."""
    parts = [_head(result), _table(result)]
    parts += [f"skipped: {name}: {why}" for name, why in result["skipped"].items()]
    parts += _agreement(result)
    if "exact" in result:
        wrong = result["exact"]["wrong"]
        verdict = f"WRONG, {len(wrong)} differences" if wrong else "all exact"
        parts.append(
            f"searchkit's answers to {result['exact']['checked']} queries beside exhaustive scoring: {verdict}"
        )
        parts += [f"  {line}" for line in wrong[:20]]
    return "\n".join(parts)


def _head(result: dict[str, Any]) -> str:
    corpus, machine, settings = result["corpus"], result["machine"], result["settings"]
    return (
        f"{corpus['name']}: {corpus['articles']:,} articles, {corpus['text_bytes'] / 1e6:,.1f} MB of text; "
        f"commit {result['commit'] or 'unknown'}\n"
        f"{machine['processor']}, {machine['cores']} cores, {machine['python']}\n"
        f"load {machine['load'][0]} to {machine['load'][1]}\n"
        f"{settings['queries']} queries a shape (seed {settings['seed']}), "
        f"top {settings['top']}, one thread, warm; "
        f"us a query: mean / p50 / p99 of the quietest of {settings['passes']} passes"
    )


def _table(result: dict[str, Any]) -> str:
    peers, ratios, process = result["peers"], result["ratios"], result.get("process")
    others = [name for name in peers if name != OURS]
    rows = [
        ["", *(f"{name} {figures['version']}" for name, figures in peers.items()), *(f"x {name}" for name in others)]
    ]

    def add(label: str, cell: Any, ratio: str | None = None) -> None:
        ratio_cells = [f"{ratios[name][ratio]:.2f}" if ratio in ratios.get(name, {}) else "" for name in others]
        rows.append([label, *(cell(figures) for figures in peers.values()), *ratio_cells])

    shapes = {shape: None for figures in peers.values() for shape in figures.get("latency", {})}
    for shape in shapes:
        add(shape, lambda figures, shape=shape: _latency(figures, shape, result["settings"]["queries"]), shape)
    add("open / first query, ms", lambda figures: _pair(figures.get("open"), "open", "first", 1e3))
    add("anonymous memory, MB", lambda figures: _one(figures.get("memory"), "anonymous", 1e-6))
    add("build, MB / CPU s", lambda figures: f"{figures['build']['mb_per_cpu_second']:.1f}", "build")
    add("build, wall / CPU s", lambda figures: _pair(figures["build"], "wall", "cpu", 1))
    add("build, peak memory, MB", lambda figures: f"{figures['build']['peak'] / 1e6:.0f}")
    add("segments", lambda figures: str(figures["build"]["segments"] or "-"))
    add("size, MB", lambda figures: f"{figures['build']['total'] / 1e6:.1f}")
    add("size without articles / text", lambda figures: f"{figures['build']['index_per_text']:.3f}", "size")
    if process:
        rows.append(["import searchkit, ms", f"{process['import'] * 1e3:.1f}"])
        rows.append(["searchkit query, ms", f"{process['query'] * 1e3:.0f}"])
    return _aligned(rows)


def _latency(figures: dict[str, Any], shape: str, asked: int) -> str:
    spent = figures.get("latency", {}).get(shape)
    if spent is None:
        return ""
    text = " / ".join(_short(spent[key]) for key in ("mean", "p50", "p99"))
    return text if spent["queries"] == asked else f"{text} ({spent['queries']})"


def _short(microseconds: float) -> str:
    return f"{microseconds:.1f}" if microseconds < 100 else f"{microseconds:.0f}"


def _pair(figures: dict[str, float] | None, one: str, other: str, factor: float) -> str:
    return f"{figures[one] * factor:.2f} / {figures[other] * factor:.2f}" if figures else ""


def _one(figures: dict[str, float | None] | None, key: str, factor: float) -> str:
    value = (figures or {}).get(key)
    return "" if value is None else f"{value * factor:.1f}"


def _agreement(result: dict[str, Any]) -> list[str]:
    lines = []
    for name, by_shape in result.get("agreement", {}).items():
        told = ", ".join(
            f"{shape} {figures['overlap']:.0%} ({figures['counts_apart']:.1%} apart)"
            for shape, figures in by_shape.items()
        )
        lines.append(f"shared top {result['settings']['top']} with {name} (numbers of matches): {told}")
    return lines


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    columns = max(map(len, rows))
    full = [[*row, *[""] * (columns - len(row))] for row in rows]
    widths = [max(len(row[column]) for row in full) for column in range(columns)]
    lines = []
    for row in full:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
