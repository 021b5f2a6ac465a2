"""`read_articles`: all sources, one stream of articles, and what is to happen where something is wrong."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from searchkit.article import Article
from searchkit.core.packs import Pack
from searchkit.dates import zone
from searchkit.errors import ArticleError
from searchkit.sources.find import FORMATS, Named, Source, find
from searchkit.sources.report import ReadReport, Rejected
from searchkit.sources.rows import Keys, article_of
from searchkit.sources.streams import Chunks, chunks_of

if TYPE_CHECKING:
    from searchkit.sources.jsonl import Make

__all__ = ["ReadArticles", "read_articles"]

MAX_BYTES: Final = 4 << 30
"""Bytes that one compressed file may unpack to, unless the caller allows more."""

_POLICIES: Final = ("raise", "skip", "undated")
_PACKED: Final = ("title", "date", "text", "id")
_DELIMITERS: Final = {"csv": ",", "tsv": "\t"}


class ReadArticles(Iterator[Article]):
    """The articles of some sources, one at a time; `report` tells what has been read and skipped so far."""

    def __init__(self, taken: Callable[[bool], Iterator[Article | Pack]], report: ReadReport) -> None:
        self.report = report
        self._taken = taken
        self._articles: Iterator[Any] | None = None

    def __next__(self) -> Article:
        return next(self._begun(packed=False))  # type: ignore[no-any-return]

    def packs(self) -> Iterator[Article | Pack]:
        """What is left of them, in packs where that is quicker: what a writer takes in place of articles."""
        return self._begun(packed=True)

    def _begun(self, *, packed: bool) -> Iterator[Any]:
        if self._articles is None:
            self._articles = self._taken(packed)
        return self._articles


def read_articles(
    *sources: Named,
    on_error: Literal["raise", "skip", "undated"] = "raise",
    format: str | None = None,
    keys: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    timezone: str = "UTC",
    max_bytes: int = MAX_BYTES,
    report: ReadReport | None = None,
) -> ReadArticles:
    """Yield the articles of files, folders, globs, `-` (standard input) and open binary files, lazily and in order.

    sources    each a path, a glob with `*`, `?` or `[`, "-", or a binary file. Folders are read to their depths.
    on_error   "raise" stops at the first error. "skip" leaves the article out, "undated" does too but keeps an article
               of which only the date is wrong, without it; both go on and put the error into the report.
    format     "text", "jsonl", "json", "csv", "tsv" or "parquet" in place of what the suffix says (.txt .jsonl .ndjson
               .json .csv .tsv, each also with .gz or .zst, and .parquet with the extra `arrow`). Streams have no
               suffix: they are JSON Lines if they begin with `{`, JSON if with `[`, otherwise plain text.
    keys       what records call the parts of an article, such as {"text": "body", "date": "published"}. Other keys of
               JSON and columns of tables become fields.
    encoding   of all sources; a byte order mark is accepted.
    timezone   IANA name of the zone that dates with an offset are moved to.
    max_bytes  how much one compressed file may unpack to.
    report     where to count; by default a new one, found as `.report` of what is returned.

    An article of plain text has as id its path in the folder, without suffixes. Records without an id get one from
    their content.

    Raises, at once: FileNotFoundError for a source that is missing, ArticleError for one of unknown form, DateError for
    an unknown time zone, TypeError, ValueError or LookupError for other wrong arguments. While articles are taken:
    ArticleError and OSError, unless `on_error` says otherwise.
    """
    if not sources:
        raise TypeError("read_articles needs at least one source")
    if on_error not in _POLICIES:
        raise ValueError(f"on_error is {on_error!r}, not one of {', '.join(_POLICIES)}")
    if format is not None and format not in FORMATS:
        raise ValueError(f"format is {format!r}, not one of {', '.join(FORMATS)}")
    if not isinstance(encoding, str):
        raise TypeError(f"encoding is {encoding!r}, not a name such as 'utf-8'")
    if type(max_bytes) is not int or max_bytes < 1:
        raise ValueError(f"max_bytes is {max_bytes!r}, not a whole number from 1")
    io.TextIOWrapper(io.BytesIO(), encoding).close()  # refuses what is unknown, and what is no encoding of text
    zone(timezone)
    report = ReadReport() if report is None else report
    trouble = _trouble(on_error, report)
    found = [find(source, format, report, trouble) for source in sources]
    reader = _Reader(Keys.named(keys), frozenset((keys or {}).values()), encoding, timezone, max_bytes, report)
    return ReadArticles(partial(_taken, itertools.chain.from_iterable(found), reader, on_error, report), report)


def _taken(
    sources: Iterator[Source], reader: _Reader, on_error: str, report: ReadReport, packed: bool
) -> Iterator[Article | Pack]:
    for source in sources:
        report.files += 1
        try:
            for item in reader.items(source, packed):
                if type(item) is Article:
                    report.read += 1
                    yield item
                    continue
                if type(item) is Pack:
                    report.read += len(item)
                    yield item
                    continue
                assert isinstance(item, Rejected)
                if on_error == "raise":
                    raise item.error
                if on_error == "undated" and item.undated is not None:
                    report.undated.append(item.error)
                    report.read += 1
                    yield item.undated
                else:
                    report.skipped.append(item.error)
        except ArticleError as error:
            if on_error == "raise":
                raise
            report.skipped.append(_bare(error))
        except OSError as error:
            if on_error == "raise":
                raise
            report.skipped.append(_unreadable(error, source.name))


@attrs.frozen
class _Reader:
    """Reads single sources as the caller of `read_articles` wants them read."""

    keys: Keys
    needed: frozenset[str]
    encoding: str
    timezone: str
    max_bytes: int
    report: ReadReport
    paths: dict[str, str] = attrs.field(factory=dict)
    """Where each id of a plain text came from, so that none silently replaces another."""

    def items(self, source: Source, packed: bool) -> Iterator[Article | Pack | Rejected]:
        """The articles of a source, in packs if that is wanted and quicker, and errors in the place of wrong ones."""
        if source.format == "parquet":
            from searchkit.sources.parquet import read_parquet

            return read_parquet(source, self.keys, self.needed, self.max_bytes, self._make(source))
        chunks: Chunks = chunks_of(source, self.encoding, self.max_bytes, self.report)
        format = source.format
        if format is None:
            format, chunks = _sniffed(chunks)
        # Late imports: `import searchkit` has 60 ms in all, and few programs read every form.
        if format == "text":
            from searchkit.sources.text import read_text

            return iter(()) if self._is_known(source) else read_text(chunks, source.name, source.id, self.timezone)

        make = self._make(source)
        if format in _DELIMITERS:
            from searchkit.sources.table import read_table

            return read_table(chunks, source.name, _DELIMITERS[format], self.keys, self.needed, make)
        from searchkit.sources.jsonl import read_json, read_jsonl, read_jsonl_packs

        if packed and format == "jsonl" and len(self.keys.parts) == len(_PACKED):
            names = tuple(getattr(self.keys, part).encode("utf-8", "surrogatepass") for part in _PACKED)
            return read_jsonl_packs(chunks, source.name, make, names, self.timezone)
        return (read_jsonl if format == "jsonl" else read_json)(chunks, source.name, make)

    def _make(self, source: Source) -> Make:
        def make(record: dict[str, Any], line: int) -> Article | Rejected:
            return article_of(record, self.keys, self.timezone, source.name, line, self.report.left_out)

        return make

    def _is_known(self, source: Source) -> bool:
        """Whether this very file was read before. Raises ArticleError when it is another one of the same id."""
        if source.id is None:
            return False
        path = str(source.place)
        before = self.paths.get(source.id)
        if before is None:
            self.paths[source.id] = path
            return False
        if Path(before).samefile(path):
            return True
        hint = "read a folder that holds both, so that the ids tell them apart"
        raise ArticleError(f"the id {source.id!r} belongs to {before} already", source.name, hint=hint)


def _sniffed(chunks: Chunks) -> tuple[str, Chunks]:
    """The form that the first character tells, and the chunks again."""
    rest = iter(chunks)
    first = list(itertools.islice(rest, 1))
    sign = first[0][1].lstrip()[:1] if first else b""
    format = {b"{": "jsonl", b"[": "json"}.get(sign, "text")
    return format, itertools.chain(first, rest)


def _trouble(on_error: str, report: ReadReport) -> Callable[[OSError], None]:
    """What to do about a folder that cannot be listed."""

    def note(error: OSError) -> None:
        if on_error == "raise":
            raise error
        report.skipped.append(_unreadable(error, str(error.filename)))

    return note


def _unreadable(error: OSError, name: str) -> ArticleError:
    return ArticleError(f"cannot be read: {error.strerror or error}", name)


def _bare(error: ArticleError) -> ArticleError:
    """The error without its traceback, whose frames would keep the file's buffers in memory."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
