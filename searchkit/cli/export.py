"""`searchkit export`: articles out again, as JSON Lines."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

import click

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
    with open_index(where) as index, _written(output) as out:
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


@contextmanager
def _written(output: str | None) -> Iterator[TextIO]:
    """Where to write. A file gets its name, and takes the place of an older one, when it is whole and on the disk.

    What is there and no file (a device, a pipe) is written to as it is. Raises OSError that names the file.
    """
    if output is None or output == "-":
        yield sys.stdout
        return
    path = Path(os.path.realpath(output))  # a link stays one
    mode = None
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
    if mode is not None and not stat.S_ISREG(mode):
        with path.open("w", encoding="utf-8") as out:  # a folder raises
            yield out
        return
    temporary = path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}")
    try:
        with temporary.open("x", encoding="utf-8") as out:
            if mode is not None:
                os.fchmod(out.fileno(), stat.S_IMODE(mode))
            yield out
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and not error.filename:
            raise OSError(error.errno, error.strerror, output) from error
        raise
