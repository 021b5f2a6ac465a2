"""`searchkit query`: the best articles for words, phrases and dates."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs
import click

from searchkit.cli.options import index_option, style_of
from searchkit.cli.screen import (
    complain,
    heading,
    indented,
    on_terminal,
    one_line,
    print_json,
    say,
    shown_date,
    total_of,
)
from searchkit.cli.target import open_index

if TYPE_CHECKING:
    from searchkit.dates import WeekStart
    from searchkit.query import Query
    from searchkit.search.explain import Explanation
    from searchkit.search.results import Hit, Results
    from searchkit.search.timeline import By, Timeline

__all__ = ["MARKUPS", "RELATIONS", "query", "show", "where_option"]

Explain: TypeAlias = "Callable[[Hit], Explanation]"

RELATIONS = ("overlaps", "within", "contains")
WEEK_STARTS = ("monday", "sunday", "saturday")
PERIODS = ("day", "week", "month", "quarter", "year")
VARIANTS = ("lucene", "robertson", "atire", "bm25l", "bm25+")
MARKUPS = ("plain", "markdown", "html", "ansi")
ELLIPSIS = "…"  # between snippets on one line


_CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|=|<|>)(.*)", re.ASCII | re.DOTALL)


def _conditions(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Query | None:
    """`source=ap` or `words>500`, each a condition, as a query that asks for all of them."""
    from searchkit.query import And, Compare

    found = []
    for value in values:
        match = _CONDITION.fullmatch(value)
        if not match:
            raise click.BadParameter(f"{value!r}: give it as FIELD=VALUE, or with < <= > >= between the two.")
        found.append(Compare(match[1], match[2], match[3].strip()))  # type: ignore[arg-type]
    if not found:
        return None
    return And(*found) if len(found) > 1 else found[0]


where_option = click.option(
    "--where",
    "conditions",
    multiple=True,
    callback=_conditions,
    metavar="FIELD=VALUE",
    help="Only articles with this in a declared field; also < <= > >= (words>500). Given more than once: all of them.",
)


@click.command
@click.argument("text", metavar="QUERY")
@index_option
@click.option("--since", metavar="DATE", help="Only articles of this date (2020-10, 'last month') or later.")
@click.option("--until", metavar="DATE", help="Only articles of this date or earlier; a month or year counts whole.")
@click.option("--on", metavar="DATE", help="Only articles of this day, month, year or range ('past 7 days').")
@click.option(
    "--dates",
    type=click.Choice(RELATIONS),
    default="overlaps",
    show_default=True,
    help="How an article's date lies to the range: may lie in it, surely lies in it, spans all of it.",
)
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    metavar="MOMENT",
    help="When 'yesterday' was the day before (2020-10-15T12:00).  [default: the clock]",
)
@click.option(
    "--week-starts", type=click.Choice(WEEK_STARTS), default="monday", help="The day on which 'last week' starts."
)
@click.option(
    "--any/--all", "match_any", default=True, help="Whether one loose word is enough (default) or all must be there."
)
@where_option
@click.option(
    "--sort",
    default="score",
    show_default=True,
    metavar="ORDER",
    help="score, newest, oldest, or a declared field; with a minus before it the greatest first.",
)
@click.option(
    "--recency", metavar="SPAN", help="Newer articles score more; what they gain is halved every 30d, 1 year, ..."
)
@click.option("--soft-since", metavar="DATE", help="Articles before this date score less, the less the older they are.")
@click.option("--soft-until", metavar="DATE", help="Articles after this date score less, the less the newer they are.")
@click.option(
    "--proximity", type=float, metavar="WEIGHT", help="How much it counts that words stand close together: 0.2 to 0.5."
)
@click.option("--expand", type=click.Choice(["rm3"]), help="Ask again with what the first hits have in common.")
@click.option("--variant", type=click.Choice(VARIANTS), help="Another form of BM25.")
@click.option(
    "--collapse", metavar="near|FIELD", help="Show near-duplicates, or what has one value of a declared field, once."
)
@click.option("-n", "--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Hits to show.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Hits to leave out before these.")
@click.option("--after", metavar="CURSOR", help="Go on behind the page whose --json gave this cursor.")
@click.option(
    "--timeout", type=float, metavar="SECONDS", help="Show what was found by then. Better hits may be missing."
)
@click.option(
    "--timeline",
    "by",
    type=click.Choice(PERIODS),
    help="Show how many of all articles lie in each of these periods, instead of the best.",
)
@click.option(
    "--facets",
    multiple=True,
    metavar="FIELD",
    help="Show the ten most frequent values of a declared field in all articles, instead of the best.",
)
@click.option("--snippets", type=click.IntRange(min=0), default=1, show_default=True, help="Snippets of each hit.")
@click.option(
    "--markup", type=click.Choice(MARKUPS), help="How matches are marked in pipes and JSON.  [default: plain]"
)
@click.option("--strict", is_flag=True, help="Refuse a query that is not well formed instead of mending it.")
@click.option("--describe", is_flag=True, help="Only say, in plain English, what the query was understood as.")
@click.option("--explain", is_flag=True, help="Show what each score is made of.")
@click.option("--count", is_flag=True, help="Print only how many articles there are.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: total, seconds, warnings, cursor, hits.")
@click.option("--jsonl", "as_jsonl", is_flag=True, help="Print a JSON object for each hit.")
def query(
    text: str,
    where: str,
    since: str | None,
    until: str | None,
    on: str | None,
    dates: str,
    now: datetime | None,
    week_starts: WeekStart,
    match_any: bool,
    conditions: Query | None,
    sort: str,
    recency: str | None,
    soft_since: str | None,
    soft_until: str | None,
    proximity: float | None,
    expand: Literal["rm3"] | None,
    variant: Any,
    collapse: str | None,
    limit: int,
    offset: int,
    after: str | None,
    timeout: float | None,
    by: By | None,
    facets: tuple[str, ...],
    snippets: int,
    markup: str | None,
    strict: bool,
    describe: bool,
    explain: bool,
    count: bool,
    as_json: bool,
    as_jsonl: bool,
) -> int:
    """Search: words, "phrases", AND OR NOT, brackets, word*, title:word, date:2020-10.

    Prints the best articles first: on a terminal with the matches in colour, in a pipe one line a hit (score, date, id,
    title, snippet, separated by tabs). Exit code 0 if there are hits, 1 if there are none.

    A query that begins with a minus goes last, behind two: searchkit query -i seeds -- '-word'.
    """
    style = style_of(describe=describe, count=count, json=as_json, jsonl=as_jsonl)
    if (by or facets) and style in ("describe", "count", "jsonl"):
        raise click.UsageError(f"--timeline and --facets are lines or a part of --json: leave --{style} out.")
    if explain and (style in ("describe", "count") or ((by or facets) and not style)):
        raise click.UsageError("--explain tells of hits, and none are shown here: leave it out.")
    from searchkit.query import And

    match: Literal["any", "all"] = "any" if match_any else "all"
    moment: dict[str, Any] = {"now": now or datetime.now(UTC), "week_starts": week_starts}
    limits: dict[str, Any] = {"match": match, "since": since, "until": until, "on": on, "dates": dates, **moment}
    limits["where"] = conditions
    ranking: dict[str, Any] = {"recency": recency, "soft_since": soft_since, "soft_until": soft_until}
    ranking |= {"proximity": proximity, "expand": expand, "variant": variant}
    with open_index(where) as index:
        asked: Any = index.parse(text, strict=True, match=match, **moment) if strict else text
        if style == "describe":
            for warning in index.search(asked, limit=0, **limits).warnings:
                complain(warning)
            restricted = _restrictions(since, until, on, dates, timezone=index.options.timezone, **moment)
            parts = [index.parse(text, match=match, **moment), *restricted, *([conditions] if conditions else ())]
            say(one_line((And(*parts) if len(parts) > 1 else parts[0]).describe()))
            return 0
        if style == "count" or ((by or facets) and not style):
            limit, offset = 1, 0
        options: dict[str, Any] = {"after": after, "sort": sort, "collapse": collapse, "timeout": timeout}
        results = index.search(asked, limit=limit, offset=offset, **options, **limits, **ranking)
        explanation = (lambda hit: index.explain(asked, hit.id, **limits, **ranking)) if explain else None
        return show(results, style, snippets, markup or "plain", explanation, by, facets)


def _restrictions(since: str | None, until: str | None, on: str | None, dates: Any, **how: Any) -> list[Query]:
    """The dates that options ask for, as a query says them."""
    from searchkit.query import DateRange

    ranges = []
    for name, text in (("since", since), ("until", until), ("on", on)):
        if text is not None:
            named = DateRange.parse(text, **how)
            start, end = named.start if name != "until" else None, named.end if name != "since" else None
            ranges.append(DateRange(start, end, dates))
    return list(ranges)


def show(
    results: Results,
    style: str | None,
    snippets: int,
    markup: str,
    explanation: Explain | None = None,
    by: By | None = None,
    facets: tuple[str, ...] = (),
) -> int:
    """Print results as "count", "json", "jsonl", or for people. The exit code: 0 for hits, 1 for none."""
    for warning in results.warnings:
        complain(warning)
    if style == "count":
        say(str(results.total))
    elif style == "json":
        hits = [_record(hit, snippets, markup, explanation) for hit in results]
        counted: dict[str, Any] = {"timeline": _timeline(results.timeline(by))} if by else {}
        if facets:
            counted["facets"] = {name: {_shown(v): n for v, n in results.facets(name).items()} for name in facets}
        print_json(_summary(results) | counted | {"hits": hits}, indent=2)
    elif style == "jsonl":
        for hit in results:
            print_json(_record(hit, snippets, markup, explanation))
    elif by or facets:
        if by:
            _show_timeline(results.timeline(by))
        for name in facets:
            if on_terminal():
                from searchkit.cli.drawing import draw_facets

                draw_facets(name, [(_shown(value), count) for value, count in results.facets(name).items()])
                continue
            for value, count in results.facets(name).items():
                say(f"{name}\t{one_line(_shown(value))}\t{count}")
    elif on_terminal():
        from searchkit.cli.drawing import draw

        draw(results, results.offset + 1, snippets, explanation)
        if not results and results.suggestions:
            complain(f"did you mean: {' | '.join(results.suggestions)}")
    else:
        for hit in results:
            _print_line(hit, snippets, markup, explanation)
    return 0 if results else 1


def _shown(value: object) -> str:
    """A value of a field as it is typed in a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _summary(results: Results) -> dict[str, Any]:
    told: dict[str, Any] = {"total": total_of(results), "seconds": results.seconds, "warnings": list(results.warnings)}
    if told["total"] == 0:
        told["suggestions"] = list(results.suggestions)
    return told | {"cursor": results.cursor}


def _timeline(timeline: Timeline) -> dict[str, Any]:
    apart = {"unplaced": timeline.unplaced, "undated": timeline.undated}
    return {"by": timeline.by, "buckets": timeline.to_dicts()} | apart


def _show_timeline(timeline: Timeline) -> None:
    """Bars on a terminal; in a pipe a line a period (name, count), and one for each of what is in none."""
    if on_terminal():
        from searchkit.cli.drawing import draw_timeline

        draw_timeline(timeline)
        return
    for bucket in timeline:
        say(f"{bucket.label}\t{bucket.count}")
    for name, count in (("unplaced", timeline.unplaced), ("undated", timeline.undated)):
        if count:
            say(f"{name}\t{count}")


def _record(hit: Hit, snippets: int, markup: str, explanation: Explain | None) -> dict[str, Any]:
    record = hit.to_dict()
    if snippets and hit.stored:
        record["snippets"] = hit.snippets(snippets, markup=markup)
    if explanation is not None:
        record["explanation"] = attrs.asdict(explanation(hit))
    return record


def _print_line(hit: Hit, snippets: int, markup: str, explanation: Explain | None) -> None:
    columns = [f"{hit.score:.4f}", shown_date(hit), one_line(hit.id), heading(hit)]
    if snippets and hit.stored:
        columns.append(f" {ELLIPSIS} ".join(hit.snippets(snippets, markup=markup)))
    say("\t".join(columns))
    if explanation is not None:
        for line in indented(explanation(hit)):
            say(line)
