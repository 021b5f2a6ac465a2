"""`searchkit export`: articles out again, as JSON Lines."""

from __future__ import annotations

import json
import sys
from typing import IO

import click

from searchkit.cli.options import index_option
from searchkit.cli.screen import complain
from searchkit.cli.target import open_index

__all__ = ["export"]


@click.command
@index_option
@click.option(
    "-o", "--output", type=click.File("w", encoding="utf-8", atomic=True), help="A file instead of standard output."
)
def export(where: str, output: IO[str] | None) -> int:
    """Print all articles as JSON Lines, which `searchkit index` reads back to an equal index."""
    out = sys.stdout if output is None else output
    blank = 0
    with open_index(where) as index:
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
