"""The result of a run as a page of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.peers import OURS
from benchmarks.tables import tables, verdict

__all__ = ["aligned", "page"]


def page(result: dict[str, Any]) -> str:
    """What it was measured on, the tables, who is missing, and whether our answers were exact."""
    parts = [_head(result)]
    for table in tables(result):
        parts += [f"\n{table.title}", aligned(table.rows)]
    parts.append("")
    if "process" in result:
        process = result["process"]
        parts.append(
            f"import searchkit {process['import'] * 1e3:.1f} ms, searchkit query {process['query'] * 1e3:.0f} ms"
        )
    parts += [f"skipped: {name}: {why}" for name, why in result["skipped"].items()]
    said = verdict(result)
    if said is not None:
        parts += [said, *(f"  {line}" for line in result["exact"]["wrong"][:20])]
    return "\n".join(parts)


def _head(result: dict[str, Any]) -> str:
    corpus, machine, settings = result["corpus"], result["machine"], result["settings"]
    return (
        f"{corpus['name']}: {corpus['articles']:,} articles, {corpus['text_bytes'] / 1e6:,.1f} MB of text; "
        f"commit {result['commit'] or 'unknown'}\n"
        f"{machine['processor']}, {machine['cores']} cores, {machine['python']}\n"
        f"load {machine['load'][0]} to {machine['load'][1]}; noise {_noise(result):.0%} (how much the median pass took "
        f"over that of the quickest, in the middle shape of searchkit)\n"
        f"{settings['queries']} queries a shape (seed {settings['seed']}), top {settings['top']}, one thread, warm, "
        f"{settings['clock']} clock; "
        f"each the quickest of {settings['passes']} passes; [n]: only n queries fitted into {settings['budget']:g} s"
    )


def _noise(result: dict[str, Any]) -> float:
    noises = sorted(figures["noise"] for figures in result["peers"][OURS].get("latency", {}).values())
    return noises[len(noises) // 2] if noises else 0.0


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width; the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
