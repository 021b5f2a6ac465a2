"""Columns: what the stored articles of a segment have in declared fields, laid out to be filtered, sorted and counted.

They are made of nothing but the stored fields, in order of docids, so the same articles have the same columns however
they came into one segment. A value that is not of the field's kind counts as none here: additions refuse it, and a
field is declared only where there is none.

A segment has a column for each declared field in which one of its articles has a value, in sections `column0`,
`column1` and so on, and their names in rising order in a section of their own. core/column.h has the bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from searchkit.core.columns import NAMES, encode
from searchkit.fields import Field, values_of
from searchkit.indexing.store import HEAD, SectionWriter, decode_fields

__all__ = ["Columns", "is_of_columns"]


def is_of_columns(section: str) -> bool:
    """Whether a section of that name is one of these."""
    return section.startswith("column")


class Columns:
    """The columns of a segment to be, one article after the other. `path` is for messages."""

    def __init__(self, fields: Mapping[str, Field], timezone: str, path: str = "") -> None:
        self._columns = {name: _Column(field, timezone) for name, field in fields.items()}
        self._path = path

    def add(self, fields: bytes) -> None:
        """Take the next article's fields, as stored. Raises CorruptIndex."""
        values = decode_fields(fields, self._path)
        for name, column in self._columns.items():
            column.add(values.get(name))

    def watch(self, blocks: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Blocks of records (store.py), as they come; what they have in the fields is taken on the way."""
        if not self._columns:
            yield from blocks
            return
        for first, block in blocks:
            at = 0
            while at < len(block):
                title, date, fields, text = HEAD.unpack_from(block, at)
                start = at + HEAD.size + title + date
                self.add(block[start : start + fields])
                at = start + fields + text
            yield first, block

    def names(self) -> list[str]:
        """The fields in which an article has a value, in rising order."""
        return [name for name, column in self._columns.items() if column.known]

    def sections(self) -> dict[str, list[bytes]]:
        """The sections, in pieces; none if no article has a value."""
        names = self.names()
        if not names:
            return {}
        columns = {f"column{number}": self._columns[name].encoded() for number, name in enumerate(names)}
        return {NAMES: ["".join(f"{name}\0" for name in names).encode()], **columns}

    def write(self, writer: SectionWriter) -> None:
        """Write the sections."""
        for name, pieces in self.sections().items():
            writer.begin(name)
            for piece in pieces:
                writer.write(piece)
            writer.end()


class _Column:
    """The values of one field."""

    def __init__(self, field: Field, timezone: str) -> None:
        self.known: dict[Any, int] = {}  # number of each value, in the order in which they came
        self._field = field
        self._timezone = timezone
        self._codes = array("I")
        self._places = array("I")
        self._several = False

    def add(self, value: Any) -> None:
        numbers = []
        for one in () if value is None else values_of(value):
            try:
                known = self._field.column_value(one, self._timezone)
            except ValueError:
                continue
            numbers.append(self.known.setdefault(known, len(self.known)))
        if len(numbers) > 1:
            numbers = list(dict.fromkeys(numbers))
            self._several = self._several or len(numbers) > 1
        self._codes.extend(numbers)
        self._places.append(len(self._codes))

    def encoded(self) -> list[bytes]:
        """The column's bytes, in pieces. Requires: there is a value."""
        values = sorted(self.known)
        rank = dict(zip(values, range(len(values)), strict=True))
        new = array("I", bytes(4 * len(values)))
        for value, number in self.known.items():
            new[number] = rank[value]
        codes = array("I")
        before = 0
        for place in self._places:
            if self._several:
                codes.extend(sorted(new[number] for number in self._codes[before:place]))
            else:
                codes.append(new[self._codes[before]] if place > before else len(values))
            before = place
        return encode(self._field.kind, values, codes, self._places if self._several else None)
