"""The query language: what a person types, and the values it becomes.

`nodes`, `patterns` and `conditions` hold the values; they can be written by hand and joined with `&`, `|` and `~`.
`parse` turns text into them.
The function `parse` is not repeated here, because it would hide the module of the same name: use `searchkit.parse`.
"""

from searchkit.query.conditions import Between, Compare
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
    Require,
    Term,
    Undated,
)
from searchkit.query.patterns import Fuzzy, Regex, Sequence, TermRange, Wildcard
from searchkit.query.saved import from_json

__all__ = [
    "All",
    "And",
    "AndMaybe",
    "Between",
    "Boost",
    "Compare",
    "DateRange",
    "Fuzzy",
    "Not",
    "Nothing",
    "Or",
    "Phrase",
    "Prefix",
    "Query",
    "Regex",
    "Require",
    "Sequence",
    "Term",
    "TermRange",
    "Undated",
    "Wildcard",
    "from_json",
]
