"""The bar that shows how far indexing has come: articles and megabytes a second, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchkit.article import Article
    from searchkit.sources.report import ReadReport

__all__ = ["watching"]

PERIOD = 0.1  # seconds between two looks at the figures


@contextmanager
def watching(
    report: ReadReport, total: int | None, durable: Callable[[], int] | None = None
) -> Iterator[Callable[[Iterable[Article]], Iterable[Article]]]:
    """A function that lets articles through and, on a terminal, draws how many there were so far.

    `report` is that of the reader of the articles; `total` the bytes that it will have read in the end, if known;
    `durable` tells how many articles the index has by now. The bar is removed at the end.
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

        def show(count: int, more: str = "") -> None:
            if durable is not None:
                more = f", {durable():,} durable in the index{more}"
            bar.update(task, completed=report.bytes, description=_figures(count, report.bytes, start) + more)

        yield lambda articles: _Watched(articles, show)


class _Watched:
    """Articles, or packs of them, that `show` is told of as they go by."""

    def __init__(self, articles: Iterable[Article], show: Callable[..., None]) -> None:
        self._articles = articles
        self._show = show
        self._count = 0
        self._next_look = time.monotonic()

    def __iter__(self) -> Iterator[Any]:
        return self._through(self._articles)

    def packs(self) -> Iterator[Any]:
        """See `ReadArticles.packs`."""
        packs = getattr(self._articles, "packs", None)
        return self._through(self._articles if packs is None else packs())

    def _through(self, items: Iterable[Any]) -> Iterator[Any]:
        from searchkit.core.packs import Pack

        for item in items:
            self._count += len(item) if isinstance(item, Pack) else 1
            if time.monotonic() >= self._next_look:
                self._show(self._count)
                self._next_look = time.monotonic() + PERIOD
            yield item
        self._show(self._count, ", writing")


def _figures(articles: int, size: int, start: float) -> str:
    seconds = max(time.monotonic() - start, 1e-3)
    return f"{articles:,} articles, {articles / seconds:,.0f} and {size / 1e6 / seconds:.1f} MB a second"
