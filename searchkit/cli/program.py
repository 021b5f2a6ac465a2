"""All commands under one name."""

from __future__ import annotations

import click

from searchkit.cli.check import check
from searchkit.cli.compact import compact
from searchkit.cli.delete import delete
from searchkit.cli.export import export
from searchkit.cli.index import index
from searchkit.cli.info import info
from searchkit.cli.like import like
from searchkit.cli.query import query
from searchkit.cli.snapshot import snapshot
from searchkit.cli.upgrade import upgrade

__all__ = ["program"]


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 hits or done, 1 no hit, 2 bad use or bad query, 3 trouble with the index, 130 interrupted.",
)
@click.option("--version", is_flag=True, is_eager=True, help="Show the version and exit.")
@click.pass_context
def program(context: click.Context, version: bool) -> None:
    """Full-text search over dated articles: words, phrases and dates in, the best articles first."""
    if version:
        import searchkit

        click.echo(f"searchkit {searchkit.__version__}")
        context.exit(0)
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for command in (index, query, like, info, check, compact, delete, snapshot, export, upgrade):
    program.add_command(command)
