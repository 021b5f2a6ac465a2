"""What an `add` takes in: articles or packs of them, counted as they go by, in portions, without those that are known.

A writer asks for `packs()` where that is quicker and walks the feed itself where it must see every article; either way
each article goes by once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from searchkit.article import Article
from searchkit.core.packs import Pack

__all__ = ["Feed", "Item", "Portion", "Printer"]

Item = Article | Mapping[str, Any] | Pack

_END: Any = object()  # no more items
_KNOWN: Any = object()  # nothing of an item is new; None may be an item, and is refused as no article


class Feed:
    """The articles of one `add`.

    tell   called after every article or pack with articles and bytes of text so far.
    known  whether an article of that id is to be left out; `left_out` counts those. Mappings become articles by `make`.
    """

    def __init__(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        tell: Callable[[int, int], None] | None = None,
        known: Callable[[str], bool] | None = None,
        make: Callable[[Mapping[str, Any]], Article] = Article.from_dict,
    ) -> None:
        self._articles = articles
        self._tell = tell
        self._known = known
        self._make = make
        self._items: Iterator[Item] | None = None
        self._next: Item = _END
        self.count = 0
        self.bytes = 0
        self.left_out = 0

    def portions(self, size: int | None) -> Iterator[Portion]:
        """The articles in portions of at least `size`, but for the last; None: all in one. At least one, maybe empty.

        Requires: each portion is used up before the next is asked for.
        """
        yield Portion(self, size)
        while size is not None and self._items is not None:
            self._next = next(self._items, _END)
            if self._next is _END:
                return
            yield Portion(self, size)

    def take(self, size: int | None, *, packed: bool) -> Iterator[Item]:
        """The next portion, in packs if that is wanted and they come so."""
        if self._items is None:
            packs = getattr(self._articles, "packs", None) if packed else None
            self._items = self._counted(iter(self._articles if packs is None else packs()))
        taken = 0
        while size is None or taken < size:
            item, self._next = self._next, _END
            if item is _END:
                item = next(self._items, _END)
            if item is _END:
                return
            taken += len(item) if type(item) is Pack else 1
            yield item

    def _counted(self, items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            kept = item if self._known is None else self._unknown(item, self._known)
            if type(item) is Pack:
                self.count += len(item)
                self.bytes += item.text_bytes
            else:
                text = item.text if isinstance(item, Article) else item.get("text") if isinstance(item, Mapping) else ""
                self.count += 1
                self.bytes += len(text) if isinstance(text, str) else 0
            if kept is not _KNOWN:
                yield kept
            if self._tell is not None:
                self._tell(self.count, self.bytes)

    def _unknown(self, item: Item, known: Callable[[str], bool]) -> Any:
        """What of an item is not known; _KNOWN: nothing."""
        if not isinstance(item, Pack):
            article = item if isinstance(item, Article) else self._make(item)
            if not known(article.id):
                return article
            self.left_out += 1
            return _KNOWN
        keep = [not known(id) for id in item.ids()]
        self.left_out += len(keep) - sum(keep)
        return item if all(keep) else item.chosen(keep) if any(keep) else _KNOWN


class Portion:
    """A part of a feed, fit for `Writer.add`."""

    def __init__(self, feed: Feed, size: int | None) -> None:
        self._feed = feed
        self._size = size

    def __iter__(self) -> Iterator[Any]:
        return self._feed.take(self._size, packed=False)

    def packs(self) -> Iterator[Any]:
        """See `ReadArticles.packs`."""
        return self._feed.take(self._size, packed=True)


class Printer:
    """Tells on stderr how far an `add` has come, once a second."""

    def __init__(self) -> None:
        self.durable = 0
        self._start = self._last = time.perf_counter()

    def __call__(self, count: int, size: int) -> None:
        now = time.perf_counter()
        if now - self._last >= 1:
            self._last = now
            rate = size / (now - self._start) / 1e6
            print(f"{count:,} articles, {self.durable:,} durable, {rate:.1f} MB/s", file=sys.stderr)
