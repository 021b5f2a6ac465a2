"""The clauses of a query text on declared fields: what stands behind `source:` becomes a condition.

reuters  "two words"  500  true      a value, as it is written; numbers and truth values unquoted
>500  >=500  <500  <=500             a relation to a value
[100 TO 500}   [100 TO]              a range; a brace leaves its own value out
*                                    any value
"""

from __future__ import annotations

from attrs import frozen

from searchkit.errors import in_short
from searchkit.query.complaints import Complaints
from searchkit.query.conditions import Between, Compare, Relation, Value, read_value
from searchkit.query.marks import is_pattern, range_ends, shape_of

__all__ = ["FieldReader"]

_RELATIONS: dict[str, Relation] = {">": ">", ">=": ">=", "=>": ">=", "<": "<", "<=": "<=", "=<": "<="}
_OPEN_ENDS = ("", "*", "..")
_QUOTES = "'\""


@frozen
class FieldReader:
    """Reads the clauses on one declared field. A clause that cannot be read is told of, and is None."""

    field: str
    complaints: Complaints

    def named(self, text: str, position: int, is_quoted: bool) -> Compare | Between:
        """A value, or `*`."""
        if text == "*" and not is_quoted:
            return Between(self.field)
        if not is_quoted and is_pattern(shape_of(text)):
            self.complaints.add(
                "pattern",
                f"the pattern {in_short(text)} on the declared field {in_short(self.field)}",
                position,
                "searched as it is written",
                f"write the whole value in quotes, or a range: {self.field}:[a TO b]",
            )
        return Compare(self.field, "=", text if is_quoted else read_value(text))

    def compared(self, relation: str, text: str, position: int, is_quoted: bool) -> Compare | None:
        """A value behind one of > >= => < <= =<."""
        if text or is_quoted:
            return Compare(self.field, _RELATIONS[relation], text if is_quoted else read_value(text))
        problem = f"nothing to compare {in_short(self.field)} with"
        self.complaints.add("condition", problem, position, "left out of the query", f"write {self.field}:{relation}5")
        return None

    def between(self, text: str, position: int) -> Between | None:
        """A range in brackets or braces, which belong to `text`."""
        ends = range_ends(text[1:-1])
        if ends is not None:
            return Between(self.field, _end(ends[0]), _end(ends[1]), text[0] == "[", text[-1] == "]")
        problem = f"the range {in_short(text)}"
        self.complaints.add("range", problem, position, "left out of the query", f"write {self.field}:[1 TO 5]")
        return None


def _end(text: str) -> Value | None:
    if text in _OPEN_ENDS:
        return None
    if len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES:
        return text[1:-1]
    return read_value(text)
