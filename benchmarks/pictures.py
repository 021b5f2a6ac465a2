"""Pictures of results: latency by shape as grouped bars, growth as curves. Needs matplotlib, from the extra `bench`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers import OURS
from benchmarks.tables import measured

__all__ = ["draw"]

_COLOURS = {
    "searchkit": "#c1121f",
    "tantivy": "#1f6f8b",
    "lucene": "#e09f3e",
    "pisa": "#6a994e",
    "bm25s": "#7b5ea7",
    "fts5": "#7f8c8d",
    "whoosh": "#c9ada7",
    "lancedb": "#4a4e69",
}
_GROWN = ("word-frequent", "or", "or-k1000", "and", "phrase", "or-1-year", "newest")

Figures = dict[str, Any]


def draw(result: Figures, folder: Path) -> list[Path]:
    """Write PNG files into the folder; which ones. Raises ImportError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    if result["kind"] == "growth":
        return [_draw_growth(result, folder / "growth.png")]
    return [_draw_latency(result, folder / f"latency-{result['corpus']['name']}.png")]


def _draw_latency(result: Figures, target: Path) -> Path:
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter

    peers = {name: figures for name, figures in result["peers"].items() if figures.get("latency")}
    shapes = measured(peers)
    wide = 0.86 / len(peers)
    figure, axes = pyplot.subplots(figsize=(15, 6.2), layout="constrained")
    for name, figures in peers.items():
        known = [shape for shape in shapes if shape in figures["latency"]]
        axes.bar(
            [shapes.index(shape) + _offset(name, shape, peers) * wide for shape in known],
            [figures["latency"][shape]["mean"] for shape in known],
            wide * 0.92,
            label=f"{name} {figures['version'].partition(',')[0]}",
            color=_COLOURS.get(name),
            zorder=3,
        )
    axes.set_yscale("log")
    axes.set_xlim(-0.6, len(shapes) - 0.4)
    axes.set_xticks(range(len(shapes)), shapes, rotation=30, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_formatter(FuncFormatter(_time))
    axes.set_ylabel("mean time of a query (log scale; shorter is better)")
    axes.grid(axis="y", which="major", color="#d5d5d5", zorder=0)
    axes.grid(axis="y", which="minor", color="#efefef", linewidth=0.6, zorder=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    corpus = result["corpus"]
    axes.set_title(
        f"{corpus['name']}: {corpus['articles']:,} articles, {corpus['text_bytes'] / 1e6:,.0f} MB of text. "
        f"One thread, best {result['settings']['top']} unless said otherwise, in memory",
        loc="left",
        fontsize=11,
    )
    axes.legend(ncols=len(peers), loc="upper left", frameon=False, fontsize=9)
    bottom, top = axes.get_ylim()
    axes.set_ylim(10 ** math.floor(math.log10(bottom)), top * 4)  # a whole power of ten, and room for the legend
    figure.savefig(target, dpi=110)
    pyplot.close(figure)
    return target


def _offset(name: str, shape: str, peers: Figures) -> float:
    """Where the bar of a peer stands in its group, in bars from the middle: no gaps for those without a figure."""
    present = [other for other, figures in peers.items() if shape in figures["latency"]]
    return present.index(name) - (len(present) - 1) / 2


def _draw_growth(result: Figures, target: Path) -> Path:
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    points: Sequence[Figures] = result["points"]
    names = [name for name in points[0]["peers"] if all("latency" in point["peers"].get(name, {}) for point in points)]
    sizes = [point["corpus"]["articles"] for point in points]
    figure, rows = pyplot.subplots(2, 5, figsize=(17, 7), layout="constrained")
    panels = iter(rows.flat)
    shapes = [shape for shape in _GROWN if shape in points[0]["peers"][OURS]["latency"]]
    means = [
        (shape, {name: [p["peers"][name]["latency"][shape]["mean"] for p in points] for name in names}, _time)
        for shape in shapes
    ]
    others = [
        ("build, MB of text a second", _of_builds(points, names, "mb_per_second"), _plain),
        ("index without articles / text", _of_builds(points, names, "index_per_text"), _plain),
        ("open", {name: [p["peers"][name]["open"]["open"] * 1e6 for p in points] for name in names}, _time),
    ]
    for title, curves, form in [*means, *others]:
        axes = next(panels)
        for name, values in curves.items():
            axes.plot(sizes, values, "o-", color=_COLOURS.get(name), label=name, linewidth=1.8, markersize=4.5)
        axes.set_xscale("log")
        if form is _time:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_minor_locator(NullLocator())
        else:
            axes.set_ylim(0, 1.15 * max(value for values in curves.values() for value in values))
        axes.yaxis.set_major_formatter(FuncFormatter(form))
        axes.set_xticks(sizes, [_number(size) for size in sizes])
        axes.set_xticks([], minor=True)
        axes.set_title(title, loc="left", fontsize=11)
        axes.grid(which="both", color="#e5e5e5", linewidth=0.7)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    for axes in panels:
        axes.set_visible(False)
    rows[0, 0].legend(frameon=False)
    figure.suptitle(
        "From the number of articles (made-up, about 200 words each): mean time of a query; build; size; opening"
    )
    figure.savefig(target, dpi=110)
    pyplot.close(figure)
    return target


def _of_builds(points: Sequence[Figures], names: Sequence[str], key: str) -> dict[str, list[float]]:
    return {name: [point["peers"][name]["build"][key] for point in points] for name in names}


def _time(microseconds: float, place: int = 0) -> str:
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:g} s"
    return f"{microseconds / 1e3:g} ms" if microseconds >= 1e3 else f"{microseconds:g} us"


def _plain(value: float, place: int = 0) -> str:
    return f"{value:g}"


def _number(size: int) -> str:
    return f"{size / 1e6:g} M" if size >= 1_000_000 else f"{size / 1e3:g} k"
