"""Declared fields: which values of articles can be filtered, sorted and counted, and what they must be.

    Keyword    text that is compared as a whole: a source, a category, a person
    Number     a whole number or a float
    Boolean    True or False
    Date       a date as written, which is an interval, as the date of an article is

An index keeps the values of a declared field in a column (docs/fields.md). What an article has is one value, or a list
of them. In a column a keyword is a `str`, a number a `float`, a boolean a `bool`, and a date (start, end) in seconds
since year 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, ClassVar, TypeAlias

import attrs

from searchkit.dates import DateInterval
from searchkit.errors import ArticleError, DateError, in_short

__all__ = [
    "Boolean",
    "ColumnValue",
    "Date",
    "Field",
    "Keyword",
    "Number",
    "check_declared",
    "check_fields",
    "field_of",
    "values_of",
]

ColumnValue: TypeAlias = str | float | bool | tuple[int, int]

MOST_FIELDS = 100

# Names that queries read in their own way, or that are parts of every article.
RESERVED = ("id", "title", "text", "date")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)

# Whole numbers up to here are floats of the same value.
LARGEST_WHOLE = 2**53


@attrs.frozen
class Keyword:
    """Text that is compared as a whole, letter by letter."""

    kind: ClassVar[str] = "keyword"

    def column_value(self, value: object, timezone: str = "UTC") -> str:
        """The value as the column has it. ValueError, with the reason, for one that is none."""
        if not isinstance(value, str):
            raise ValueError("not text")
        return value if value.isascii() else value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


@attrs.frozen
class Number:
    """A whole number from -2**53 to 2**53, or a finite float: all of these are compared exactly."""

    kind: ClassVar[str] = "number"

    def column_value(self, value: object, timezone: str = "UTC") -> float:
        """See `Keyword.column_value`."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("not a number")
        if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
            raise ValueError("beyond 2**53: a key of so many digits is a Keyword, given as text")
        if not isfinite(value):
            raise ValueError("not a finite number")
        return float(value) + 0.0  # no negative zero


@attrs.frozen
class Boolean:
    """True or False."""

    kind: ClassVar[str] = "boolean"

    def column_value(self, value: object, timezone: str = "UTC") -> bool:
        """See `Keyword.column_value`."""
        if not isinstance(value, bool):
            raise ValueError("not True or False")
        return value


@attrs.frozen
class Date:
    """A date as written in ISO form, `2020`, `2020-10-02` or `2020-09/2020-10`; offsets move to the index's zone."""

    kind: ClassVar[str] = "date"

    def column_value(self, value: object, timezone: str = "UTC") -> tuple[int, int]:
        """See `Keyword.column_value`."""
        if not isinstance(value, str):
            raise ValueError("not a date as text")
        try:
            interval = DateInterval.from_value(value, timezone)
        except DateError as error:
            raise ValueError(f"not a date: {error.reason}" + (f" ({error.hint})" if error.hint else "")) from error
        return interval.start_second, interval.end_second


Field: TypeAlias = Keyword | Number | Boolean | Date

KINDS: dict[str, type[Field]] = {kind.kind: kind for kind in (Keyword, Number, Boolean, Date)}


def field_of(kind: object) -> Field:
    """The field of a kind's name, as the manifest and the command line have it. ValueError if there is none."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"a field is one of {', '.join(KINDS)}, not {kind!r}")
    return KINDS[kind]()


def check_declared(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The declared fields in order of their names. ValueError for a name or a kind that cannot be declared."""
    if not isinstance(fields, Mapping):
        raise ValueError(f"fields must map names to kinds such as Keyword(), got {fields!r}")
    for name, field in fields.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RESERVED:
            raise ValueError(
                f"a field is named by letters, digits and _ (at most 64, no digit first), and not "
                f"{', '.join(RESERVED)}: got {name!r}"
            )
        if type(field) not in KINDS.values():
            raise ValueError(f"the field {name!r} must be Keyword(), Number(), Boolean() or Date(), got {field!r}")
    if len(fields) > MOST_FIELDS:
        raise ValueError(f"at most {MOST_FIELDS} fields can be declared, got {len(fields)}")
    return dict(sorted(fields.items()))


def values_of(value: Any) -> list[Any] | tuple[Any, ...]:
    """The values of what an article has in a field: those of a list, or the one."""
    return value if isinstance(value, list | tuple) else (value,)


def check_fields(id: str, values: Mapping[str, Any], declared: Mapping[str, Field], timezone: str) -> None:
    """Raise ArticleError if an article has a value in a declared field that is not of its kind."""
    for name, field in declared.items():
        for value in values_of(values[name]) if name in values else ():
            try:
                field.column_value(value, timezone)
            except ValueError as error:
                raise ArticleError(
                    f"article {id!r}: the field {name!r} is {in_short(value)}, {error}",
                    hint=f"it is declared as {type(field).__name__}: give it such a value, or leave it out",
                ) from error
