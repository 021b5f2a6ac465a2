"""Pictures in files, drawn with matplotlib, which only this file imports, and only when a picture is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.errors import SearchkitError
from searchkit.search.timeline import coarse

if TYPE_CHECKING:
    from searchkit.search.timeline import Timeline

__all__ = ["plot"]

MOST_BARS = 400
LABELS = 8
INCHES = (9.0, 3.0)


def plot(timeline: Timeline, path: Path) -> Path:
    """Draw a timeline into a file, and return its path."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SearchkitError("pictures are drawn with matplotlib: pip install 'searchkit[plot]'") from error
    counts, step = coarse(timeline, MOST_BARS)
    figure = Figure(figsize=INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.bar(range(len(counts)), counts, width=1.0 if len(counts) > 60 else 0.8)
    places = range(0, len(counts), max(-(-len(counts) // LABELS), 1))
    axes.set_xticks(list(places), [timeline.label(place * step) for place in places])
    axes.locator_params(axis="y", integer=True)
    axes.set_ylabel("articles" if step == 1 else f"articles in {step} {timeline.by}s")
    axes.set_title(timeline.headline, fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    return path
