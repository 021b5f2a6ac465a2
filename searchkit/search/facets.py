"""Facets: how many of the articles that a query finds have each value of a declared field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from searchkit.dates import DateInterval
from searchkit.errors import CorruptIndex, DateError, QueryError
from searchkit.search.where import Reader, column_of, declared_field, select, where_conditions

if TYPE_CHECKING:
    from searchkit.indexing.snapshot import Snapshot
    from searchkit.search.results import FacetValue

__all__ = ["facets", "range_counts"]


def facets(matches: Sequence[bytes], field: str, limit: int | None, snapshot: Snapshot) -> dict[FacetValue, int]:
    """The counts of the `limit` most frequent values (None: of all); `matches`: of each part a bitmap.

    Raises QueryError and CorruptIndex.
    """
    kind = declared_field(field, snapshot.options.fields).kind
    if limit is not None and (type(limit) is not int or limit < 0):
        raise QueryError(f"limit is {limit!r}", hint="it must be a whole number from 0, or None")
    totals: dict[Any, int] = {}
    columns = [(column_of(part, field, kind), bits) for part, bits in zip(snapshot.parts, matches, strict=True)]
    having = [(column, bits) for column, bits in columns if column is not None]
    for column, bits in having:
        found = [(number, count) for number, count in enumerate(column.counts(bits)) if count]
        if len(having) == 1 and limit is not None:  # values rise with their numbers: few need be read
            found = nsmallest(limit, found, key=lambda pair: (-pair[1], pair[0]))
        for number, count in found:
            value = column[number]
            totals[value] = totals.get(value, 0) + count
    ranked = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
    try:
        return {_shown(value): count for value, count in ranked[:limit]}
    except DateError as error:
        raise CorruptIndex(snapshot.parts[0].path, "columns", f"dates in {field!r}", str(error)) from error


def range_counts(
    matches: Sequence[bytes],
    field: str,
    ranges: Iterable[tuple[Any, Any]],
    relation: str,
    read: Reader,
    snapshot: Snapshot,
) -> dict[tuple[Any, Any], int]:
    """How many articles have a value in each range, as `where` reads it. Raises QueryError and CorruptIndex."""
    fields = snapshot.options.fields
    declared_field(field, fields)
    every = [int.from_bytes(bits, "little") for bits in matches]
    if not isinstance(ranges, Iterable):
        raise QueryError(f"ranges is {ranges!r}", hint="it must be several tuples, such as [(0, 99), (100, None)]")
    counts = {}
    for one in ranges:
        if not isinstance(one, tuple):
            raise QueryError(f"a range is {one!r}", hint="it must be a tuple of two values, None for an open side")
        held = where_conditions({field: one}, fields, relation, read)
        assert isinstance(held, tuple)
        some = select(held[0][0], snapshot)
        counts[one] = sum(
            (mine & int.from_bytes(bits, "little")).bit_count() for mine, bits in zip(every, some, strict=True)
        )
    return counts


def _shown(value: Any) -> FacetValue:
    """A value as people know it: whole numbers without a point, dates as intervals."""
    if isinstance(value, tuple):
        return DateInterval.from_seconds(*value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
