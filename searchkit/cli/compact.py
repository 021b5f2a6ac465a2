"""`searchkit compact`: one segment, without deleted articles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from searchkit.cli.options import index_option, wait_option
from searchkit.cli.screen import in_bytes, say
from searchkit.cli.target import open_index

if TYPE_CHECKING:
    from searchkit.indexing.reports import IndexStats

__all__ = ["compact"]


@click.command
@index_option
@wait_option
def compact(where: str, wait: float) -> int:
    """Rewrite an index as one segment and free what deleted articles took up.

    The files it was made of stay until the next commit, for readers of the one before.
    """
    with open_index(where, mode="r+") as index:
        before = index.stats()
        index.compact(wait=wait)
        after = index.stats()
    say(f"{_shown(before)} -> {_shown(after)}")
    return 0


def _shown(stats: IndexStats) -> str:
    segments = "1 segment" if stats.segments == 1 else f"{stats.segments:,} segments"
    return f"{segments} of {in_bytes(stats.live_bytes)}"
