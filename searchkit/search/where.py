"""Conditions on declared fields: what `where` and the query language ask of columns.

    Among     has one of some values
    Between   has a value from one on, up to another; without both: has any value
    During    has a date that stands in a relation to a range

A condition is first asked of the values of a segment's column, then of its articles; the bitmap that comes of it is
kept with the segment for the next query. An article with several values passes if one of them does. `sorted_keys` turns
a field into a key for each article.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from searchkit.core.columns import NO_RANK, Column
from searchkit.dates import DateInterval
from searchkit.errors import CorruptIndex, DateError, QueryError, in_short
from searchkit.fields import ColumnValue, Date, Field, Keyword, Number
from searchkit.query import nodes
from searchkit.query.conditions import Between as Compared
from searchkit.query.conditions import Compare, Value
from searchkit.query.nodes import Query

if TYPE_CHECKING:
    from searchkit.indexing.snapshot import Part, Snapshot

__all__ = [
    "Among",
    "Between",
    "Condition",
    "Conditions",
    "During",
    "Held",
    "Reader",
    "condition_of",
    "declared_field",
    "select",
    "sorted_keys",
    "spelt_otherwise",
    "where_conditions",
]

MOST_BITMAPS = 256  # kept with a segment, ...
MOST_BITMAP_BYTES = 16 << 20  # ... and their size
MOST_COMPARED = 10_000  # values of a segment that are read where one is not there as it is spelt
MOST_KEYS = 8  # orders that are kept with a snapshot, of 4 bytes an article


@attrs.frozen(slots=True)
class Among:
    """One of these values."""

    field: str
    values: tuple[ColumnValue, ...]


@attrs.frozen(slots=True)
class Between:
    """A value from `low` to `high`; None for an open side."""

    field: str
    low: ColumnValue | None = None
    high: ColumnValue | None = None
    include_low: bool = True
    include_high: bool = True


@attrs.frozen(slots=True)
class During:
    """A date in a relation to [start, end) in seconds, None for an open side: "overlaps", "within" or "contains"."""

    field: str
    start: int | None
    end: int | None
    relation: str


DECLARING = "Index.declare or `searchkit index --field NAME=KIND` declares one"

Condition: TypeAlias = Among | Between | During

# What `where` takes: a mapping of names to what they must have, or a node of conditions.
Conditions: TypeAlias = Mapping[str, Any] | Query

# What is left of that: conditions that must all hold (or, with False, must not), or the node, checked.
Held: TypeAlias = tuple[tuple[Condition, bool], ...] | Query

# Reads a date or range of dates as typed: seconds, half open, None for an open side. Raises DateError.
Reader: TypeAlias = Callable[[str], tuple[int | None, int | None]]


def declared_field(name: object, fields: Mapping[str, Field]) -> Field:
    """The declared field of that name. Raises QueryError."""
    if not isinstance(name, str) or name not in fields:
        names = ", ".join(fields) or "none"
        raise QueryError(f"no field {name!r} is declared", hint=f"declared are: {names}; {DECLARING}")
    return fields[name]


def where_conditions(where: Conditions, fields: Mapping[str, Field], relation: str, read: Reader) -> Held:
    """What must hold. `relation`, `read`: of and for dates. Raises QueryError for what makes no sense."""
    if isinstance(where, Query):
        _check_silent(where, fields, relation, read)
        return where
    if not isinstance(where, Mapping):
        hint = 'it must be a mapping, such as {"source": "reuters"}, or a query node of conditions'
        raise QueryError(f"where is {in_short(where)}", hint=hint)
    found: list[tuple[Condition, bool]] = []
    for name, wanted in where.items():
        field = declared_field(name, fields)
        if wanted is None:
            found.append((Between(name), False))
            continue
        try:
            if isinstance(field, Date):
                found.append((_dated(name, wanted, relation, read), True))
            elif isinstance(wanted, tuple):
                if len(wanted) != 2:
                    raise ValueError("a tuple is a range of two, with None for an open side; several values are a list")
                low, high = (None if one is None else field.column_value(one) for one in wanted)
                found.append((Between(name, low, high), True))
            else:
                several = wanted if isinstance(wanted, Collection) and not isinstance(wanted, str) else (wanted,)
                found.append((Among(name, tuple(map(field.column_value, several))), True))
        except ValueError as error:
            hint = f"the field is a {type(field).__name__}"
            raise QueryError(f"where {name!r} is {in_short(wanted)}: {error}", hint=hint) from error
    return tuple(found)


def condition_of(query: Compare | Compared, fields: Mapping[str, Field], relation: str, read: Reader) -> Condition:
    """The condition that a query node means. ValueError, with the reason, for what can hold for no article."""
    name = query.field
    if name not in fields:
        raise ValueError(f"no field {name!r} is declared (declared are: {', '.join(fields) or 'none'})")
    field = fields[name]
    if isinstance(query, Compare):
        if query.relation == "=" and not isinstance(field, Date):
            return Among(name, (_read(field, query.value),))
        above = query.relation in (">", ">=", "=")
        low, high = (query.value if above else None), (query.value if query.relation in ("<", "<=", "=") else None)
        include_low = include_high = "=" in query.relation
    else:
        low, high, include_low, include_high = query.low, query.high, query.include_low, query.include_high
    if low is None and high is None:
        return Between(name)
    if not isinstance(field, Date):
        least, most = (None if end is None else _read(field, end) for end in (low, high))
        return Between(name, least, most, include_low, include_high)
    first, last = (None if end is None else read(str(end)) for end in (low, high))
    start = None if first is None else first[0 if include_low else 1]
    past = None if last is None else last[1 if include_high else 0]
    return During(name, start, past, relation)


_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


def _read(field: Field, value: Value) -> ColumnValue:
    """A value of a query as one of the field's kind: what it means there is what its text says. ValueError."""
    text = value if isinstance(value, str) else _as_typed(value)
    if isinstance(field, Keyword):
        return field.column_value(text)
    if isinstance(field, Number):
        try:
            return field.column_value(float(text) if isinstance(value, str) else value)
        except ValueError:
            raise ValueError(f"{in_short(text)} is no number") from None
    if text.lower() not in _TRUTHS:
        raise ValueError(f"{in_short(text)} is not true or false")
    return _TRUTHS[text.lower()]


def _as_typed(value: Value) -> str:
    """A value as text, as it was typed."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _check_silent(where: Query, fields: Mapping[str, Field], relation: str, read: Reader) -> None:
    """Raise QueryError unless a node is made of conditions that can be asked, and of nothing that scores."""
    waiting = [where]
    while waiting:
        node = waiting.pop()
        if isinstance(node, nodes.And | nodes.Or):
            waiting.extend(node.children)
        elif isinstance(node, nodes.Not):
            waiting.append(node.child)
        elif isinstance(node, Compare | Compared):
            try:
                condition_of(node, fields, relation, read)
            except ValueError as error:
                raise QueryError(f"where {node}: {error}", hint="" if node.field in fields else DECLARING) from error
        elif not isinstance(node, nodes.DateRange | nodes.Undated | nodes.All | nodes.Nothing):
            hint = "it takes Compare, Between and date ranges, joined by And, Or and Not"
            raise QueryError(f"where has a {type(node).__name__}, which is no condition", hint=hint)


def _dated(name: str, wanted: Any, relation: str, read: Reader) -> During:
    """A condition on dates: a date or range of dates as text, an interval, or a tuple of two of these."""
    if not isinstance(wanted, tuple):
        return During(name, *_seconds(wanted, read), relation)
    if len(wanted) != 2:
        raise ValueError("a tuple is a range of two dates, with None for an open side")
    low, high = (None if one is None else _seconds(one, read) for one in wanted)
    return During(name, low and low[0], high and high[1], relation)


def _seconds(value: Any, read: Reader) -> tuple[int | None, int | None]:
    if isinstance(value, DateInterval):
        return value.start_second, value.end_second
    if not isinstance(value, str | date):
        raise DateError(repr(value), "a date is text, a date, a datetime or a DateInterval")
    if isinstance(value, datetime):
        value = value.isoformat(timespec="seconds")
    return read(value if isinstance(value, str) else value.isoformat())


def column_of(part: Part, field: str, kind: str) -> Column | None:
    """The column of a field, None if no article of the part has a value in it. Raises CorruptIndex."""
    column = part.column(field)
    if column is not None and column.kind != kind:
        raise CorruptIndex(part.path, "columns", f"a column of {kind} for {field!r}", column.kind)
    return column


def select(condition: Condition, snapshot: Snapshot) -> tuple[bytes, ...]:
    """The articles that a condition holds for, of each part a bitmap; deleted ones too. Raises CorruptIndex."""
    kind = snapshot.options.fields[condition.field].kind
    found = []
    for part in snapshot.parts:
        bits = part.selected.get(condition)
        if bits is None:
            column = column_of(part, condition.field, kind)
            size = (part.segment.articles + 63) // 64 * 8
            bits = bytes(size) if column is None else column.select(_wanted(condition, column))
            if len(part.selected) >= min(MOST_BITMAPS, max(MOST_BITMAP_BYTES // size, 1)):
                part.selected.clear()
            part.selected[condition] = bits
        found.append(bits)
    return tuple(found)


def _wanted(condition: Condition, column: Column) -> bytes | bytearray:
    """Of each value of a column, whether it is wanted."""
    if isinstance(condition, During):
        return column.during(condition.start, condition.end, condition.relation)
    count = len(column)
    if isinstance(condition, Among):
        wanted = bytearray(count)
        for value in condition.values:
            at = bisect_left(column, value)
            if at < count and column[at] == value:
                wanted[at] = 1
        return wanted
    low, high = 0, count
    if condition.low is not None:
        low = (bisect_left if condition.include_low else bisect_right)(column, condition.low)
    if condition.high is not None:
        high = (bisect_right if condition.include_high else bisect_left)(column, condition.high)
    high = max(low, high)
    return bytes(low) + b"\1" * (high - low) + bytes(count - high)


def spelt_otherwise(condition: Condition, snapshot: Snapshot) -> list[str]:
    """Keywords that differ from the one that is asked for, which no article has, in their case alone."""
    if not isinstance(condition, Among) or not isinstance(snapshot.options.fields[condition.field], Keyword):
        return []
    if _holds_anywhere(condition, snapshot):
        return []
    wanted = condition.values[0]
    columns = [column for part in snapshot.parts if (column := column_of(part, condition.field, "keyword"))]
    folded = str(wanted).casefold()
    some = (value for column in columns if len(column) <= MOST_COMPARED for value in column)
    others = {value for value in some if value.casefold() == folded and value != wanted}
    return sorted(value for value in others if _holds_anywhere(Among(condition.field, (value,)), snapshot))


def _holds_anywhere(condition: Among, snapshot: Snapshot) -> bool:
    """Whether an article that is not deleted has one of the keywords."""
    for number, part in enumerate(snapshot.parts):
        column = column_of(part, condition.field, "keyword")
        if column is None or not any(_wanted(condition, column)):
            continue
        if part.live is None:
            return True
        holds = int.from_bytes(select(condition, snapshot)[number], "little")
        if holds & int.from_bytes(part.live, "little"):
            return True
    return False


def sorted_keys(field: str, descending: bool, snapshot: Snapshot) -> tuple[array[int], ...]:
    """Of each part a key for each article: the least comes first, those without a value last. Raises CorruptIndex."""
    keys = snapshot.keys.get((field, descending))
    if keys is None:
        kind = snapshot.options.fields[field].kind
        columns = [column_of(part, field, kind) for part in snapshot.parts]
        values: list[tuple[Any, ...]] = [() if column is None else tuple(column) for column in columns]
        every = sorted({value for some in values for value in some}, reverse=descending)
        rank = dict(zip(every, range(len(every)), strict=True))
        keys = tuple(
            array("I", [NO_RANK]) * part.segment.articles
            if column is None
            else column.ranks(array("I", [rank[value] for value in some]))
            for part, column, some in zip(snapshot.parts, columns, values, strict=True)
        )
        if len(snapshot.keys) >= MOST_KEYS:
            snapshot.keys.clear()
        snapshot.keys[field, descending] = keys
    return keys
