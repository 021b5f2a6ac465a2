"""`searchkit check`: look at every byte of an index."""

from __future__ import annotations

import click

from searchkit.cli.options import index_option, wait_option
from searchkit.cli.screen import one_line, say
from searchkit.cli.target import index_folder, open_index

__all__ = ["check"]


@click.command
@index_option
@click.option("--deep", is_flag=True, help="Also build all anew from the stored articles, and compare.")
@click.option("--repair", is_flag=True, help="Make it whole again, of what can be read of it.")
@wait_option
def check(where: str, deep: bool, repair: bool, wait: float) -> int:
    """Verify every byte of an index; print what is damaged.

    Exit code 0 if all is well, 3 if not. Nothing is changed unless --repair is given: then 3 says that articles are
    lost, or deleted ones back.
    """
    if repair:
        return _repair(where, wait, deep)
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


def _repair(where: str, wait: float, deep: bool) -> int:
    import searchkit

    report = searchkit.repair(where, wait=wait, deep=deep)
    for finding in report.findings:
        say(one_line(str(finding)))
    for note in report.notes:
        say(one_line(note))
    for id in report.lost:
        say(one_line(f"lost: {id}"))
    if report.lost_unnamed:
        say(f"lost: {report.lost_unnamed:,} articles whose ids cannot be read")
    say(one_line(str(report)))
    return 0 if report.ok else 3
