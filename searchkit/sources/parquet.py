"""Parquet: a row is an article, a column a key of it. Read with pyarrow, which is imported when a file is.

A batch of rows is in memory at a time. Files only: Parquet is read from its end. Moments and days are dates, texts are
read as written dates are; columns of values that fit no field are left out, as those of JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from searchkit.article import Article
from searchkit.errors import ArticleError, SearchkitError
from searchkit.sources.find import Source
from searchkit.sources.jsonl import Make
from searchkit.sources.report import Rejected
from searchkit.sources.rows import Keys

__all__ = ["read_parquet"]

ROWS = 256  # in a batch


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
            size = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
            if size > max_bytes:
                raise ArticleError(f"it unpacks to {size:,} bytes", source.name, hint=f"max_bytes is {max_bytes:,}")
            columns = file.schema_arrow.names
            for column in sorted(needed | {keys.text}):
                if column not in columns:
                    hint = f"the columns are: {', '.join(columns)[:200]}; say which one it is with keys"
                    raise ArticleError(f"there is no column {column!r}", source.name, hint=hint)
            for batch in file.iter_batches(batch_size=ROWS):
                for record in batch.to_pylist():
                    number += 1
                    yield make(record, number)
    except (ArrowException, ValueError, OverflowError) as error:
        raise ArticleError(f"not a sound Parquet file: {str(error)[:200]}", source.name, number or None) from error
