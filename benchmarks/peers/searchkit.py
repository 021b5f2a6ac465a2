"""searchkit itself, as a program would use it: `read_articles`, one `add`, `open`, `search`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import searchkit
from benchmarks.peers import TOP, Answer, Sizes
from benchmarks.queries import Query

__all__ = ["Peer"]

_open = searchkit.open  # names load when first used; loading them is not part of opening an index

_STORED = ("store", "store_index")  # sections that only keep articles for reading them back


class Peer:
    def version(self) -> str:
        return searchkit.__version__

    def build(self, articles: Path, folder: Path) -> None:
        with searchkit.create(folder) as index:
            index.add(searchkit.read_articles(articles))

    def sizes(self, folder: Path) -> Sizes:
        with searchkit.open(folder, mode="r") as index:
            stats = index.stats()
        parts = dict(stats.sections)
        return {
            "articles": stats.articles,
            "segments": stats.segments,
            "total": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
            "stored": sum(parts.get(name, 0) for name in _STORED),
            "parts": parts,
        }

    def open(self, folder: Path) -> None:
        self._index = _open(folder, mode="r")

    def call(self, query: Query) -> Callable[[], Answer]:
        search, text, match = self._index.search, _text(query), _match(query)
        since, until = query.since, query.until
        sort: Literal["newest", "score"] = "newest" if query.newest else "score"
        if since is None and sort == "score":
            return lambda: [(hit.id, hit.score) for hit in search(text, limit=TOP, match=match)]
        return lambda: [
            (hit.id, hit.score) for hit in search(text, limit=TOP, match=match, since=since, until=until, sort=sort)
        ]

    def count(self, query: Query) -> int:
        return self._index.count(_text(query), match=_match(query), since=query.since, until=query.until)


def _match(query: Query) -> Literal["any", "all"]:
    return "all" if query.join == "all" else "any"


def _text(query: Query) -> str:
    text = " ".join(query.words)
    return f'"{text}"' if query.join == "phrase" else text
