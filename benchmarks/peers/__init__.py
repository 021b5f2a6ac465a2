"""The engines that are compared: one module each, one class `Peer` in it, all with the methods of the protocol below.

A peer uses the cheapest calls its Python package offers for the job, and stems English words as the others do.
Nothing is switched off that would lose articles at a power cut, and nothing is optimised after the build that a plain
program would not do. What an engine cannot do, it says in its `abilities`; it is then not asked, and the table has a
gap there.

A peer lives in a process of its own (`child.py`). It may raise whatever it likes: it is then skipped with what it said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypedDict, cast

import attrs

from benchmarks.queries import SHAPES, Query

__all__ = ["OURS", "PEERS", "Abilities", "Answer", "Peer", "Sizes", "load", "plain_text"]

OURS = "searchkit"
PEERS = (OURS, "tantivy", "lucene", "pisa", "bm25s", "fts5", "whoosh")

# Best first: (id, or line number in the corpus; score, or the value that was sorted by).
Answer = Sequence[tuple[Any, Any]]


class Sizes(TypedDict):
    """What a finished index takes on disk, in bytes."""

    articles: int
    segments: int | None  # None: the engine has no such thing or does not tell
    total: int
    stored: int  # of `total`, what only keeps articles for reading them back
    parts: dict[str, int]


@attrs.frozen
class Abilities:
    """What an engine is asked for."""

    shapes: Collection[str] = attrs.field(default=tuple(SHAPES), converter=tuple)
    articles: int | None = None  # no more than so many are asked of it
    threads: bool = False  # a build can be told to use two
    adds: bool = True  # articles can be added to a finished index
    batches: bool = False  # has a call for many queries, on several threads; without one, a loop stands for it
    counts: bool = True  # tells the exact number of matches


class Peer(Protocol):
    """One engine in one process. The constructor, or the import, raises an error that says why where it cannot run."""

    abilities: Abilities

    def version(self) -> str: ...

    def build(self, articles: Path, folder: Path, threads: int) -> None:
        """Index the JSONL file into the empty `folder` until all is on disk and merged. Timed.

        `threads` is 1, or 2 where the abilities say so.
        """

    def add(self, articles: Path, folder: Path) -> None:
        """Add the articles of the file to the finished index, in one durable commit. Timed."""

    def sizes(self, folder: Path) -> Sizes: ...

    def open(self, folder: Path) -> None:
        """Open for searching. Timed."""

    def call(self, query: Query) -> Callable[[], Answer]:
        """What a program would call for this query, from text to a Python list of the best. The call is timed."""

    def batch(self, queries: Sequence[Query], threads: int) -> Callable[[], Sequence[Answer]]:
        """The engine's own call for many queries of the join "any", to Python lists. Only with `abilities.batches`."""

    def count(self, query: Query) -> int:
        """Exact number of matches. Only with `abilities.counts`."""


def load(name: str) -> Peer:
    """The peer of that name, which must be in PEERS. Raises what its constructor or its imports raise."""
    return cast(Peer, import_module(f"benchmarks.peers.{name}").Peer())


def plain_text(query: Query) -> str:
    """The query as searchkit, Lucene and tantivy read it. How loose words are joined is told apart from the text."""
    text = " ".join(query.words)
    match query.join:
        case "phrase":
            return f'"{text}"'
        case "mixed":
            first, *others = query.words
            return f"{first} AND ({' OR '.join(others)})"
        case "without":
            *wanted, unwanted = query.words
            return f"{' '.join(wanted)} -{unwanted}"
        case "prefix":
            return f"{text}*"
    return text
