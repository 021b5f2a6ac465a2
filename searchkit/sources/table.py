"""CSV and TSV: a row of column names, then a row for each article, quoted as spreadsheets do.

Cells are text: nothing is taken for a number. An empty cell is no value. Quotes that do not close or do not fit, rows
of the wrong length and bytes that are not UTF-8 are errors of their row; reading goes on behind it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from searchkit.article import Article
from searchkit.errors import ArticleError
from searchkit.sources.jsonl import Make
from searchkit.sources.report import Rejected
from searchkit.sources.rows import Keys
from searchkit.sources.streams import MAX_ARTICLE_BYTES, Chunks, lines, too_long, wrong_bytes

__all__ = ["read_table"]


def read_table(
    chunks: Chunks, name: str, delimiter: str, keys: Keys, needed: frozenset[str], make: Make
) -> Iterator[Article | Rejected]:
    """An article for each row below the header; `needed` are the columns that must be there.

    Raises ArticleError for a header that cannot be used and for a row beyond the cap.
    """
    if csv.field_size_limit() < MAX_ARTICLE_BYTES:
        # The limit belongs to the process: raised and never lowered, no other reader can be surprised by an error.
        csv.field_size_limit(MAX_ARTICLE_BYTES)
    source = _Lines(chunks, name)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        line = source.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            problem = ArticleError(f"not a row of a table: {error}", name, line, "is a quote missing?")
            if header is None:
                raise problem from None
            yield Rejected(problem)
            continue
        if source.wrong is not None:
            if header is None:
                raise source.wrong
            yield Rejected(source.wrong)
        elif not cells:
            continue
        elif header is None:
            header = _checked_header(cells, needed | {keys.text}, name, line)
        elif len(cells) != len(header):
            problem = ArticleError(
                f"the row has {len(cells)} cells, the header {len(header)}", name, line, "is a quote missing?"
            )
            yield Rejected(problem)
        else:
            yield make(
                {key: cell for key, cell in zip(header, cells, strict=True) if key and (cell or key == keys.text)}, line
            )


def _checked_header(cells: list[str], needed: frozenset[str], name: str, line: int) -> list[str]:
    header = [cell.strip() for cell in cells]
    for column in sorted(needed):
        if column not in header:
            raise ArticleError(
                f"there is no column {column!r}",
                name,
                line,
                f"the columns are: {', '.join(header)[:200]}; say which one it is with keys, such as text=body",
            )
    named = [column for column in header if column]
    if len(set(named)) < len(named):
        twice = next(column for column in named if named.count(column) > 1)
        raise ArticleError(f"the column {twice!r} comes twice", name, line)
    return header


class _Lines:
    """Decoded lines for the csv reader, with what it cannot tell: where a row begins, and whether its bytes were wrong.

    Undecodable bytes are let through as surrogates, for a quoted cell may hold any number of lines and its end must be
    found; `wrong` then has the error, and the row is thrown away.
    """

    def __init__(self, chunks: Chunks, name: str) -> None:
        self.wrong: ArticleError | None = None
        self._lines = lines(chunks, name)
        self._name = name
        self._number = 0
        self._size = 0

    def begin_row(self) -> int:
        """A new row begins; the number of its first line."""
        self.wrong = None
        self._size = 0
        return self._number + 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        offset, line = next(self._lines)
        self._number += 1
        self._size += len(line)
        if self._size > MAX_ARTICLE_BYTES:
            raise too_long("the row that ends here", self._name, self._number)
        try:
            return line.decode() + "\n"
        except UnicodeDecodeError as error:
            self.wrong = self.wrong or wrong_bytes(error, offset, self._name, self._number)
            return line.decode(errors="surrogateescape") + "\n"
