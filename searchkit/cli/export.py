"""`searchkit export`: articles out again, as JSON Lines."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext

import click

from searchkit.cli.files import written
from searchkit.cli.options import index_option
from searchkit.cli.screen import complain
from searchkit.cli.target import open_index

__all__ = ["export"]


@click.command
@index_option
@click.option("-o", "--output", metavar="FILE", help="A file instead of standard output; it is whole, or as it was.")
def export(where: str, output: str | None) -> int:
    """Print all articles as JSON Lines, which `searchkit index` reads back to an equal index."""
    blank = 0
    to = nullcontext(sys.stdout) if output is None or output == "-" else written(output)
    with open_index(where) as index, to as out:
        for article in index.articles():
            # Escapes: no text of an article steers a terminal.
            line = json.dumps(article.to_dict(), ensure_ascii=True, separators=(",", ":"))
            out.write(line.replace("\x7f", "\\u007f") + "\n")
            blank += not (article.text.strip() or article.title.strip())
    if blank:
        complain(
            f"{blank:,} articles have neither text nor title: `searchkit index` leaves them out with --on-error skip"
        )
    return 0
