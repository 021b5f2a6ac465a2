"""`searchkit index`: articles in."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from searchkit.cli.options import index_option, wait_option
from searchkit.cli.progress import watching
from searchkit.cli.screen import complain, complain_of_each, in_bytes, one_line, say
from searchkit.cli.target import index_folder, is_index

if TYPE_CHECKING:
    from searchkit.article import Article
    from searchkit.fields import Field
    from searchkit.index import Index

__all__ = ["index"]

FORMATS = ("text", "jsonl", "json", "csv", "tsv", "parquet")


def _keys(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, str] | None:
    """`text=body,date=published` as a mapping."""
    if value is None:
        return None
    pairs = [pair.partition("=") for pair in value.split(",")]
    if not all(ours and sign and theirs for ours, sign, theirs in pairs):
        raise click.BadParameter("give it as OURS=THEIRS,OURS=THEIRS, such as text=body,date=published.")
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _fields(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Field]:
    """`source=keyword` as a name and what is declared of it."""
    from searchkit.fields import field_of

    pairs = [value.partition("=") for value in values]
    try:
        return {name.strip(): field_of(kind.strip().lower()) for name, _, kind in pairs}
    except ValueError as error:
        raise click.BadParameter(f"{error}: give it as NAME=KIND, such as source=keyword.") from error


@click.command
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@index_option
@click.option(
    "--on-error",
    type=click.Choice(["raise", "skip", "undated"]),
    default="raise",
    show_default=True,
    help="What to do about a malformed article: stop, leave it out, or keep it without its wrong date.",
)
@click.option("--keys", callback=_keys, metavar="OURS=THEIRS,...", help="Whose key is which: text=body,date=published.")
@click.option("--format", type=click.Choice(FORMATS), help="The form of all sources, instead of what suffixes say.")
@click.option("--encoding", default="utf-8", show_default=True)
@click.option(
    "--analyzer", metavar="LANGUAGE", help="For a new index: language of the stemmer, or none.  [default: english]"
)
@click.option(
    "--title-weight", type=click.IntRange(0, 100), help="For a new index: how often a title counts.  [default: 3]"
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    callback=_fields,
    metavar="NAME=KIND",
    help="A field of the articles to filter, sort and count by; its kind is keyword, number, boolean or date.",
)
@click.option("--timezone", metavar="ZONE", help="For a new index: where dates with an offset belong.  [default: UTC]")
@click.option("--no-store", is_flag=True, help="For a new index: keep no text, so no titles and snippets later.")
@click.option(
    "--fingerprints", is_flag=True, help="For a new index: keep fingerprints of texts, for a faster --collapse near."
)
@click.option(
    "--commit-every",
    type=click.IntRange(1),
    metavar="N",
    help="Make every N articles durable as they come, instead of all or none at the end.",
)
@click.option("--resume", is_flag=True, help="Leave out articles whose ids are in the index, as after an interruption.")
@wait_option
def index(
    sources: tuple[str, ...],
    where: str,
    on_error: Literal["raise", "skip", "undated"],
    keys: dict[str, str] | None,
    format: str | None,
    encoding: str,
    analyzer: str | None,
    title_weight: int | None,
    fields: dict[str, Field],
    timezone: str | None,
    no_store: bool,
    fingerprints: bool,
    commit_every: int | None,
    resume: bool,
    wait: float,
) -> int:
    """Add articles to an index, which is made if it is not there.

    SOURCE is a file (.txt, .jsonl, .json, .csv, .tsv, also with .gz or .zst; .parquet), a folder, a glob in quotes, or
    - for standard input. An article with the id of one in the index replaces it. All are added in one commit, or none,
    unless --commit-every says otherwise.
    """
    import searchkit
    from searchkit.sources.report import ReadReport

    options: dict[str, Any] = {"analyzer": analyzer, "title_weight": title_weight, "timezone": timezone}
    options = {name: value for name, value in options.items() if value is not None}
    if no_store:
        options["store"] = False
    if fingerprints:
        options["fingerprints"] = True
    report = ReadReport()
    read = partial(searchkit.read_articles, *sources, on_error=on_error, format=format, keys=keys, encoding=encoding)
    try:
        articles: Iterable[Article] = read(report=report)
        # What cannot be read at all leaves no empty index behind. Standard input is read once only.
        if "-" in sources:
            articles = itertools.chain(list(itertools.islice(articles, 1)), articles)
        else:
            next(read(), None)
    except FileNotFoundError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}.") from error
    except (ValueError, LookupError) as error:
        raise click.UsageError(f"{error}.") from error
    with _opened(where, options, fields, wait) as target:
        durable = None if commit_every is None else partial(len, target)
        try:
            with watching(report, _size(sources), durable) as watch:
                added = target.add(watch(articles), commit_every=commit_every, resume=resume, wait=wait)
        except BaseException:
            if commit_every is not None:
                complain(f"articles in {where} now: {len(target):,}; the same command with --resume goes on from there")
            raise
    complain_of_each("skipped", report.skipped)
    complain_of_each("taken without a date", report.undated)
    rate = report.bytes / 1e6 / max(added.seconds, 1e-6)
    known = f", {added.known:,} there already" if resume else ""
    say(
        f"{added.added:,} added, {added.replaced:,} replaced, {len(report.skipped):,} skipped{known}; "
        f"{in_bytes(report.bytes)} in {added.seconds:.2f} s, {rate:.1f} MB a second: {one_line(where)}"
    )
    return 0


def _opened(where: str, options: dict[str, Any], fields: dict[str, Field], wait: float) -> Index:
    """The index at that path, made with these options if there is none, and with these fields declared."""
    import searchkit

    folder = index_folder(where)
    if folder is None:
        raise click.UsageError(f"{where} holds other files and is no index: name another place with -i.")
    if is_index(folder):
        opened = searchkit.open(folder)
        for name, value in options.items():
            kept = opened.analyzer.name if name == "analyzer" else getattr(opened.options, name)
            if kept != value:
                opened.close()
                raise click.UsageError(f"{where} exists and has {name} {kept}: {value} is for a new index only.")
    else:
        try:
            opened = searchkit.create(folder, exist_ok=True, **options)  # another process may just have made it
        except ValueError as error:
            raise click.UsageError(f"{error}.") from error
    try:
        if fields:
            opened.declare(fields, wait=wait)
    except BaseException as error:
        opened.close()
        if isinstance(error, ValueError):
            raise click.UsageError(f"{error}.") from error
        raise
    return opened


def _size(sources: Sequence[str]) -> int | None:
    """Bytes to read, or None where that is not known: standard input, globs, compressed files."""
    total = 0
    for source in sources:
        path = Path(source)
        files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
        if not files or any(file.suffix in (".gz", ".zst") for file in files):
            return None
        total += sum(file.stat().st_size for file in files)
    return total
