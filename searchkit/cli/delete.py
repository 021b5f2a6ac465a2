"""`searchkit delete`: articles out, by id."""

from __future__ import annotations

import click

from searchkit.cli.options import index_option, wait_option
from searchkit.cli.screen import complain, say
from searchkit.cli.target import index_folder, open_index

__all__ = ["delete"]


@click.command
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@index_option
@wait_option
def delete(ids: tuple[str, ...], where: str, wait: float) -> int:
    """Delete articles by their ids, in one commit.

    Exit code 0 if any was there, 1 if none was.
    """
    if index_folder(where) is None:
        raise click.UsageError(f"{where} holds articles and is no index: remove the files that are not to be found.")
    with open_index(where, mode="r+") as index:
        unknown = [id for id in dict.fromkeys(ids) if id not in index]
        deleted = index.delete(ids, wait=wait)
    for id in unknown:
        complain(f"no article has the id {id!r}")
    say(f"{deleted:,} deleted")
    return 0 if deleted else 1
