"""The query language: what a person types, and the values it becomes.

`nodes` holds the values; they can be written by hand and joined with `&`, `|` and `~`. `parse` turns text into them.
The function `parse` is not repeated here, because it would hide the module of the same name: use `searchkit.parse`.
"""

from searchkit.query.nodes import (
    All,
    And,
    AndMaybe,
    Boost,
    DateRange,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Query,
    Term,
    Undated,
)

__all__ = [
    "All",
    "And",
    "AndMaybe",
    "Boost",
    "DateRange",
    "Not",
    "Nothing",
    "Or",
    "Phrase",
    "Prefix",
    "Query",
    "Term",
    "Undated",
]
