"""`searchkit check`: look at every byte of an index."""

from __future__ import annotations

import click

from searchkit.cli.options import index_option
from searchkit.cli.screen import one_line, say
from searchkit.cli.target import open_index

__all__ = ["check"]


@click.command
@index_option
def check(where: str) -> int:
    """Verify every byte of an index; print what is damaged.

    Exit code 0 if all is well, 3 if not. Nothing is changed.
    """
    with open_index(where) as index:
        report = index.check()
    for finding in report.findings:
        say(one_line(str(finding)))
    if report.ok:
        say("ok")
    return 0 if report.ok else 3
