"""The bar that shows how far indexing has come: articles and megabytes a second, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchkit.article import Article
    from searchkit.sources.report import ReadReport

__all__ = ["watching"]

PERIOD = 0.1  # seconds between two looks at the figures


@contextmanager
def watching(report: ReadReport, total: int | None) -> Iterator[Callable[[Iterable[Article]], Iterable[Article]]]:
    """A function that lets articles through and, on a terminal, draws how many there were so far.

    `report` is that of the reader of the articles; `total` the bytes that it will have read in the end, if known. The
    bar is removed at the end.
    """
    if not sys.stderr.isatty():
        yield lambda articles: articles
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        start = time.monotonic()

        def let_through(articles: Iterable[Article]) -> Iterator[Article]:
            next_look = start
            count = 0
            for count, article in enumerate(articles, 1):
                if time.monotonic() >= next_look:
                    bar.update(task, completed=report.bytes, description=_figures(count, report.bytes, start))
                    next_look = time.monotonic() + PERIOD
                yield article
            bar.update(task, completed=total, description=_figures(count, report.bytes, start) + ", writing")

        yield let_through


def _figures(articles: int, size: int, start: float) -> str:
    seconds = max(time.monotonic() - start, 1e-3)
    return f"{articles:,} articles, {articles / seconds:,.0f} and {size / 1e6 / seconds:.1f} MB a second"
