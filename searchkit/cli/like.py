"""`searchkit like`: more like this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.options import index_option, style_of
from searchkit.cli.query import MARKUPS, RELATIONS, show, where_option
from searchkit.cli.target import open_index

if TYPE_CHECKING:
    from searchkit.query import Query

__all__ = ["like"]


@click.command
@click.argument("id")
@index_option
@click.option("--since", metavar="DATE", help="Only articles of this date (2020-10, 'last month') or later.")
@click.option("--until", metavar="DATE", help="Only articles of this date or earlier; a month or year counts whole.")
@click.option("--on", metavar="DATE", help="Only articles of this day, month, year or range ('past 7 days').")
@click.option("--dates", type=click.Choice(RELATIONS), default="overlaps", show_default=True, help="As of query.")
@where_option
@click.option("--collapse", metavar="near|FIELD", help="Show near-duplicates, or what has one value of a field, once.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Hits to show.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Hits to leave out before these.")
@click.option("--terms", type=click.IntRange(1, 1024), default=25, show_default=True, help="Words to look for.")
@click.option("--snippets", type=click.IntRange(min=0), default=1, show_default=True, help="Snippets of each hit.")
@click.option("--markup", type=click.Choice(MARKUPS), default="plain", help="How matches are marked in pipes and JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: total, seconds, warnings, hits.")
@click.option("--jsonl", "as_jsonl", is_flag=True, help="Print a JSON object for each hit.")
def like(
    id: str,
    where: str,
    snippets: int,
    markup: str,
    as_json: bool,
    as_jsonl: bool,
    offset: int,
    conditions: Query | None,
    **options: Any,
) -> int:
    """More like the article ID: the articles that share its weightiest words, best first.

    Prints what query prints. Exit code 0 if there are hits, 1 if there are none, 2 if there is no article ID.
    """
    from searchkit.errors import ArticleError

    style = style_of(json=as_json, jsonl=as_jsonl)
    with open_index(where) as index:
        if id not in index:
            raise ArticleError(f"there is no article {id!r} in {where}", hint="`searchkit query` prints ids")
        return show(index.like(id, offset=offset, where=conditions, **options), style, snippets, markup)
