"""`searchkit snapshot`: a copy of an index, made while it is in use."""

from __future__ import annotations

import click

from searchkit.cli.options import index_option
from searchkit.cli.screen import in_bytes, one_line, say
from searchkit.cli.target import open_index

__all__ = ["snapshot"]


@click.command
@click.argument("folder", metavar="FOLDER")
@index_option
@click.option("--copy", is_flag=True, help="Copy every byte, even where the file system could give files second names.")
def snapshot(folder: str, where: str, copy: bool) -> int:
    """Make a consistent copy of an index in a new FOLDER; others may write to the index meanwhile."""
    with open_index(where) as index:
        try:
            index.snapshot(folder, link=not copy)
        except FileExistsError as error:
            raise click.UsageError(f"{error.filename}: {error.strerror}.") from error
        stats = index.stats()
    size = in_bytes(stats.live_bytes)
    say(f"{stats.articles:,} articles of generation {stats.generation}, {size}: {one_line(folder)}")
    return 0
