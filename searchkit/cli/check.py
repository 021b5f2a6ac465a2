"""`searchkit check`: look at every byte of an index."""

from __future__ import annotations

import click

from searchkit.cli.options import index_option
from searchkit.cli.screen import one_line, say
from searchkit.cli.target import index_folder, open_index

__all__ = ["check"]


@click.command
@index_option
@click.option("--deep", is_flag=True, help="Also build all anew from the stored articles, and compare.")
def check(where: str, deep: bool) -> int:
    """Verify every byte of an index; print what is damaged.

    Exit code 0 if all is well, 3 if not. Nothing is changed.
    """
    from searchkit.indexing.check import check
    from searchkit.storage.folder import FolderStorage

    folder = index_folder(where)
    if folder is None:
        with open_index(where) as index:
            findings = index.check(deep=deep).findings
    else:  # one that is damaged need not open
        findings, _ = check(FolderStorage(folder), deep=deep)
    for finding in findings:
        say(one_line(str(finding)))
    if not findings:
        say("ok")
    return 3 if findings else 0
