"""The options that several commands share."""

from __future__ import annotations

import click

__all__ = ["index_option", "json_option", "style_of", "wait_option"]

index_option = click.option(
    "-i",
    "--index",
    "where",
    metavar="INDEX",
    envvar="SEARCHKIT_INDEX",
    default="indexes/default",
    show_default="$SEARCHKIT_INDEX, else indexes/default",
    help="Folder of the index; or articles (a folder or a file), which are indexed under indexes/ and kept up to date.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")

wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait while another process writes.",
)


def style_of(**asked: bool) -> str | None:
    """The one of these ways to print that was asked for, if any."""
    styles = [style for style, wanted in asked.items() if wanted]
    if len(styles) > 1:
        raise click.UsageError(f"--{styles[0]} and --{styles[1]} are two ways to print: give one of them.")
    return styles[0] if styles else None
