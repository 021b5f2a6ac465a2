"""docs/benchmarks.md from the figures of runs: the prose of `page.md`, and the tables in the place it marks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from benchmarks.growth import growth_tables
from benchmarks.tables import Table, tables, verdict

__all__ = ["markdown"]

_PROSE = Path(__file__).with_name("page.md")
_PLACE = "<!-- runs -->\n"

Figures = dict[str, Any]


def markdown(results: Sequence[Figures], pictures: Sequence[str | None] = ()) -> str:
    """The whole page. The same results make the same page. `pictures`: a path for each result, where it is drawn."""
    before, _, after = _PROSE.read_text(encoding="utf-8").partition(_PLACE)
    parts = [
        _growth(result, picture) if result["kind"] == "growth" else _run(result, picture)
        for result, picture in zip_longest(results, pictures)
    ]
    return before + "\n".join(parts) + after


def _run(result: Figures, picture: str | None) -> str:
    corpus, settings = result["corpus"], result["settings"]
    lines = [
        f"## {corpus['name'].capitalize()}: {corpus['articles']:,} articles, "
        f"{corpus['text_bytes'] / 1e6:,.1f} MB of text\n",
        _measured_on(result),
        f"{settings['queries']} queries a shape, seed {settings['seed']}; the quickest of {settings['passes']} passes; "
        f"[n]: only n queries fitted into the {settings['budget']:g} seconds of a pass.\n",
    ]
    if settings["clock"] == "cpu":
        lines.append("Latencies are processor time of the calling thread: the machine was not quiet.\n")
    if picture:
        lines.append(f"![Mean time of a query, by shape and engine]({picture})\n")
    lines += [_table(table) for table in tables(result)]
    lines += [f"Not measured: {name}: {why}.\n" for name, why in result["skipped"].items()]
    said = verdict(result)
    if said is not None:
        lines.append(f"{said[0].upper()}{said[1:]}.\n")
    return "\n".join(lines)


def _growth(result: Figures, picture: str | None) -> str:
    lines = ["## Growth: made-up articles\n", _measured_on(result["points"][-1])]
    if picture:
        lines.append(f"![Times, build and size by number of articles]({picture})\n")
    lines += [_table(table) for table in growth_tables(result)]
    return "\n".join(lines)


def _measured_on(result: Figures) -> str:
    machine = result["machine"]
    before, after = machine["load"]
    return (
        f"{result['when'][:10]}, commit `{result['commit'] or 'unknown'}`, {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory'] / 2**30:.0f} GiB, {machine['system']}, "
        f"{machine['python']}; load {before} to {after}.\n"
    )


def _table(table: Table) -> str:
    head, *rows = table.rows
    lines = [f"**{table.title[0].upper()}{table.title[1:]}**\n", _row(head), _row(["---", *["--:"] * (len(head) - 1)])]
    return "\n".join([*lines, *map(_row, rows)]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
