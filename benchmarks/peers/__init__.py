"""The engines that are compared: one module each, one class `Peer` in it, all with the methods below.

A peer uses the cheapest calls its Python package offers for the job, and stems English words as the others do.
Nothing is switched off that would lose articles at a power cut, and nothing is optimised after the build that a plain
program would not do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypedDict, cast

from benchmarks.queries import Query

__all__ = ["PEERS", "TOP", "Answer", "Peer", "Sizes", "load"]

PEERS = ("searchkit", "tantivy", "fts5")
TOP = 10  # hits a query asks for

# Best first: (id, or line number in the corpus; score, or the value that was sorted by).
Answer = Sequence[tuple[Any, Any]]


class Sizes(TypedDict):
    """What a finished index takes on disk, in bytes."""

    articles: int
    segments: int | None  # None: the engine has no such thing or does not tell
    total: int
    stored: int  # of `total`, what only keeps articles for reading them back
    parts: dict[str, int]


class Peer(Protocol):
    """One engine in one process. The constructor, or the import, raises an error that says why where it cannot run."""

    def version(self) -> str: ...

    def build(self, articles: Path, folder: Path) -> None:
        """Index the JSONL file into the empty `folder` with one thread, until all is on disk and merged. Timed."""

    def sizes(self, folder: Path) -> Sizes: ...

    def open(self, folder: Path) -> None:
        """Open for searching. Timed."""

    def call(self, query: Query) -> Callable[[], Answer]:
        """What a program would call for this query, from text to a Python list of the best ten. The call is timed."""

    def count(self, query: Query) -> int:
        """Exact number of matches."""


def load(name: str) -> Peer:
    """The peer of that name, which must be in PEERS. Raises what its constructor or its imports raise."""
    return cast(Peer, import_module(f"benchmarks.peers.{name}").Peer())
