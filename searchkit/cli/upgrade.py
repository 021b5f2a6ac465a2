"""`searchkit upgrade`: an index of older rules, built anew from its stored articles."""

from __future__ import annotations

import click

from searchkit.cli.options import index_option, wait_option
from searchkit.cli.screen import one_line, say

__all__ = ["upgrade"]


@click.command
@index_option
@wait_option
def upgrade(where: str, wait: float) -> int:
    """Bring an index to the formats, tokenizer and stemmer of this version.

    Its stored articles are indexed again, in one commit. Nothing is done where all is so already.
    """
    import searchkit

    say(one_line(str(searchkit.upgrade(where, wait=wait))))
    return 0
