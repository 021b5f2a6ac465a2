"""searchkit itself, as a program would use it: `read_articles`, one `add`, `open`, `search`, `search_many`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import searchkit
from benchmarks.peers import Abilities, Answer, Sizes, plain_text
from benchmarks.queries import TOP, Query

__all__ = ["Peer"]

_open = searchkit.open  # names load when first used; loading them is not part of opening an index

_STORED = ("store", "store_index")  # sections that only keep articles for reading them back


class Peer:
    abilities = Abilities(threads=True, batches=True)

    def version(self) -> str:
        return searchkit.__version__

    def build(self, articles: Path, folder: Path, threads: int) -> None:
        # The formula that the peers rank by, and no title counted more than they count it.
        with searchkit.create(folder, title_weight=1, k1=1.2, b=0.75) as index:
            index.add(searchkit.read_articles(articles), workers=threads)

    def add(self, articles: Path, folder: Path) -> None:
        with searchkit.open(folder) as index:
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
        search, text, match, top = self._index.search, plain_text(query), _match(query), query.top
        since, until = query.since, query.until
        sort: Literal["newest", "score"] = "newest" if query.newest else "score"
        if since is None and sort == "score":
            return lambda: _pairs(search(text, limit=top, match=match))
        return lambda: _pairs(search(text, limit=top, match=match, since=since, until=until, sort=sort))

    def batch(self, queries: Sequence[Query], threads: int) -> Callable[[], Sequence[Answer]]:
        search_many, texts = self._index.search_many, [plain_text(query) for query in queries]
        return lambda: [_pairs(results) for results in search_many(texts, threads=threads, limit=TOP)]

    def count(self, query: Query) -> int:
        return self._index.count(plain_text(query), match=_match(query), since=query.since, until=query.until)


def _pairs(results: searchkit.Results) -> Answer:
    return list(zip(results.ids, results.scores, strict=True))


def _match(query: Query) -> Literal["any", "all"]:
    return "all" if query.join == "all" else "any"
