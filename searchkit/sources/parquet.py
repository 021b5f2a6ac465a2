"""Parquet: a row is an article, a column a key of it. Read with pyarrow, which is imported when a file is.

A batch of rows is in memory at a time. Files only: Parquet is read from its end. Moments and days are dates, texts are
read as written dates are; columns of values that fit no field are left out, as those of JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from searchkit.article import Article
from searchkit.errors import ArticleError, SearchkitError
from searchkit.sources.find import Source
from searchkit.sources.jsonl import Make
from searchkit.sources.report import Rejected
from searchkit.sources.rows import Keys

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

__all__ = ["read_parquet"]

ROWS = 256  # in a batch

_NO_VALUE = object()  # fits no field, and is counted as such


def read_parquet(
    source: Source, keys: Keys, needed: frozenset[str], max_bytes: int, make: Make
) -> Iterator[Article | Rejected]:
    """An article for each row; `needed` are the columns that must be there.

    Raises SearchkitError where pyarrow is not installed, ArticleError for what is no Parquet file, has not the columns
    or unpacks to more than `max_bytes`.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise SearchkitError("Parquet is read with pyarrow: pip install 'searchkit[arrow]'") from error
    if not isinstance(source.place, Path) or source.compression:
        hint = "give the path of a .parquet file, not packed"
        raise ArticleError("Parquet is read from files", source.name, hint=hint)
    number = 0
    try:
        with source.place.open("rb") as opened, ParquetFile(opened) as file:
            _look_over(file, source.name, needed | {keys.text}, max_bytes)
            for batch in file.iter_batches(batch_size=ROWS):
                try:
                    records = batch.to_pylist()
                except (ArrowException, ValueError, OverflowError):  # one value is enough
                    for row in range(batch.num_rows):
                        yield _article_of(batch, row, number + row + 1, source.name, keys, make)
                else:
                    for row, record in enumerate(records, 1):
                        yield make(record, number + row)
                number += batch.num_rows
    except (ArrowException, ValueError, OverflowError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system's, not that of what the bytes say
            raise
        raise ArticleError(
            f"not a sound Parquet file: {str(error).strip()[:200]}", source.name, number or None
        ) from error


def _look_over(file: ParquetFile, name: str, needed: frozenset[str], max_bytes: int) -> None:
    """ArticleError where the file is too large or its columns are not those that are wanted."""
    size = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
    if size > max_bytes:
        raise ArticleError(f"it unpacks to {size:,} bytes", name, hint=f"max_bytes is {max_bytes:,}")
    columns = file.schema_arrow.names
    for column in sorted(needed):
        if column not in columns:
            hint = f"the columns are: {', '.join(columns)[:200]}; say which one it is with keys"
            raise ArticleError(f"there is no column {column!r}", name, hint=hint)
    for column, count in Counter(columns).items():
        if count > 1:
            raise ArticleError(f"the column {column!r} comes twice", name)


def _article_of(batch: RecordBatch, row: int, number: int, name: str, keys: Keys, make: Make) -> Article | Rejected:
    """The article of a row of which some value may be none that Python has: a moment in the year 150,000, bytes that
    are no text. As a field it is left out, as a date it is a bad one, else the row is wrong."""
    record: dict[str, Any] = {}
    undated = None
    for column, values in zip(batch.schema.names, batch.columns, strict=True):
        try:
            record[column] = values[row].as_py()
        except (ValueError, OverflowError) as error:
            wrong = ArticleError(f"bad value of {column!r}: {str(error)[:200]}", name, number)
            if column == keys.date:
                undated = wrong
            elif column in keys.parts:
                return Rejected(wrong)
            else:
                record[column] = _NO_VALUE
    article = make(record, number)
    return Rejected(undated, undated=article) if undated and isinstance(article, Article) else article
