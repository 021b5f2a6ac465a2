"""Conditions on declared fields: `source:reuters`, `words:>500`, `words:[100 TO 500}`.

They know a field by its name only. What it holds and how its values compare is up to the index, which reads the value
as one of the field's kind: the text "500" on a field of numbers is the number, the number 500 on a field of keywords is
the keyword "500", a date is written as text. A condition filters and adds nothing to a score.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, get_args

import attrs
from attrs import frozen

from searchkit.errors import QueryError
from searchkit.query.nodes import Query, close_open_sides
from searchkit.query.written import in_brackets, in_field, in_quotes, word

__all__ = ["RELATIONS", "Between", "Compare", "Relation", "Value", "read_value"]

Value: TypeAlias = str | int | float | bool
Relation: TypeAlias = Literal["=", "<", "<=", ">", ">="]

RELATIONS = get_args(Relation)


def _apart(value: Value | None) -> tuple[bool, Value | None]:
    """What values are compared by: to Python, True is 1."""
    return isinstance(value, bool), value


@frozen(repr=False)
class Compare(Query):
    """Articles of which a value of a declared field lies so to `value`."""

    field: str
    relation: Relation
    value: Value = attrs.field(eq=_apart)

    def __attrs_post_init__(self) -> None:
        _check_name(self, self.field)
        if self.relation not in RELATIONS:
            raise QueryError(
                f"a Compare has the relation {self.relation!r}", hint=f"choose one of {' '.join(RELATIONS)}"
            )
        _check_value(self, self.value)

    def __str__(self) -> str:
        relation = "" if self.relation == "=" else self.relation
        return in_field(self.field, relation + _written(self.value))


@frozen(repr=False)
class Between(Query):
    """Articles of which a value of a declared field lies from `low` to `high`.

    None leaves a side open, and an open side is always inclusive; open on both sides, any value will do.
    """

    field: str
    low: Value | None = attrs.field(default=None, eq=_apart)
    high: Value | None = attrs.field(default=None, eq=_apart)
    include_low: bool = True
    include_high: bool = True

    def __attrs_post_init__(self) -> None:
        _check_name(self, self.field)
        for side in (self.low, self.high):
            if side is not None:
                _check_value(self, side)
        close_open_sides(self)

    def __str__(self) -> str:
        if self.low is None and self.high is None:
            return f"{self.field}:*"
        low, high = (None if side is None else _written(side) for side in (self.low, self.high))
        return in_field(self.field, in_brackets(low, high, self.include_low, self.include_high))


def read_value(text: str) -> Value:
    """What a value means that is written without quotes: a number or a truth value, if that is written back alike."""
    if text in ("true", "false"):
        return text == "true"
    if len(text) <= 30:
        for kind in (int, float):
            try:
                number = kind(text)
            except ValueError:
                continue
            if _is_value(number) and repr(number) == text:
                return number
    return text


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return word(value) if read_value(value) is value else in_quotes(value)
    return repr(value)


def _check_name(node: Query, name: object) -> None:
    if not isinstance(name, str) or not name:
        raise QueryError(
            f"a {type(node).__name__} has the field {name!r}", hint="it must be the name of a declared field"
        )


def _check_value(node: Query, value: object) -> None:
    if not _is_value(value):
        shown = f"an int of {value.bit_length():,} bits" if isinstance(value, int) else repr(value)
        raise QueryError(
            f"a {type(node).__name__} has the value {shown}",
            hint="it must be str, bool, a finite float, or an int of up to 64 bits",
        )


def _is_value(value: object) -> bool:
    if isinstance(value, int):
        return value.bit_length() <= 64
    return isinstance(value, str) or (isinstance(value, float) and math.isfinite(value))
