"""Hits on a terminal, in colour: drawn with rich, which is loaded only then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from searchkit.cli.screen import heading, indented, one_line, shown_date, total_of

if TYPE_CHECKING:
    from searchkit.search.explain import Explanation
    from searchkit.search.results import Hit, Results
    from searchkit.search.timeline import Timeline

__all__ = ["draw", "draw_facets", "draw_timeline"]

# Control characters never occur in a snippet, so these two can mark the matches in it.
BEFORE, AFTER = "\x02", "\x03"
NARROW = 40  # columns; below, nothing is indented


def draw(results: Results, first: int, snippets: int, explanation: Callable[[Hit], Explanation] | None) -> None:
    """Draw the hits, numbered from `first` on, each with so many snippets, and how many there are in all."""
    console = Console(highlight=False)
    indent = 4 if console.width >= NARROW else 0
    for number, hit in enumerate(results, first):
        title = Text.assemble((f"{number}. ", "dim"), (heading(hit) or one_line(hit.id), "bold"))
        about = Text.assemble(
            (f"{hit.score:.4f}", "cyan"), "  ", (shown_date(hit), "green"), "  ", (one_line(hit.id), "dim")
        )
        parts = [about]
        if snippets and hit.stored:
            parts += [_marked(snippet) for snippet in hit.snippets(snippets, markup=(BEFORE, AFTER))]
        if explanation is not None:
            parts.append(Text("\n".join(indented(explanation(hit))), style="dim"))
        console.print(title)
        for part in parts:
            console.print(Padding(part, (0, 0, 0, indent)))
        console.print()
    console.print(Text(f"{_shown(results, first)}, {_time(results.seconds)}", style="dim"))


def draw_timeline(timeline: Timeline) -> None:
    """Draw a bar for each period, as long as the screen is wide."""
    from searchkit.search.timeline import bars

    console = Console(highlight=False)
    for label, bar, count in bars(timeline, console.width):
        line = Text.assemble((label, "green"), "  ", (f"{bar} " if bar else "", "cyan"), count) if label else Text("⋮")
        console.print(line, no_wrap=True, crop=False, overflow="ignore")
    console.print(Text(timeline.headline, style="dim"))


def draw_facets(name: str, counts: Sequence[tuple[str, int]]) -> None:
    """Draw the values of a field with a bar each, the values on at most half of the screen."""
    from searchkit.search.timeline import bar

    console = Console(highlight=False)
    console.print(Text(one_line(name), style="bold"))
    values = [Text(one_line(value), style="green") for value, _ in counts]
    shown = [f"{count:,}" for _, count in counts]
    width = min(max((value.cell_len for value in values), default=0), console.width // 2)
    room = max(console.width - width - 3 - max(map(len, shown), default=0), 1)
    most = max((count for _, count in counts), default=0)
    for value, (_, count), number in zip(values, counts, shown, strict=True):
        value.truncate(width, overflow="ellipsis", pad=True)
        line = Text.assemble(value, "  ", (f"{bar(count, most, room)} ", "cyan"), number)
        console.print(line, no_wrap=True, crop=False, overflow="ignore")


def _marked(snippet: str) -> Text:
    text = Text()
    for number, piece in enumerate(snippet.replace(AFTER, BEFORE).split(BEFORE)):
        text.append(piece, style="bold yellow" if number % 2 else "")
    return text


def _shown(results: Results, first: int) -> str:
    total = total_of(results)
    of_all = f" of {total:,}" if total else ""
    return f"hits {first:,} to {first + len(results) - 1:,}{of_all}" if results else f"no hits{of_all}"


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
