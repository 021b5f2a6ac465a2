"""`searchkit compact`: one segment, without deleted articles."""

from __future__ import annotations

import click

from searchkit.cli.options import index_option
from searchkit.cli.screen import in_bytes, say
from searchkit.cli.target import open_index

__all__ = ["compact"]


@click.command
@index_option
def compact(where: str) -> int:
    """Rewrite an index as one segment and free what deleted articles took up."""
    with open_index(where, mode="r+") as index:
        before = index.stats()
        index.compact()
        after = index.stats()
    say(
        f"{before.segments:,} segments of {in_bytes(before.live_bytes + before.dead_bytes)} -> "
        f"{after.segments:,} of {in_bytes(after.live_bytes + after.dead_bytes)}"
    )
    return 0
