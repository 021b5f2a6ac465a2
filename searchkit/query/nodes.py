"""Queries as values: frozen trees that know nothing of indexes, of stemming or of the text they came from.

Leaves are `Term`, `Phrase`, `Prefix` (words as written, not yet analysed), `DateRange`, `Undated`, `All` and `Nothing`;
`And`, `Or`, `Not`, `AndMaybe`, `Require` and `Boost` join them. `a & b`, `a | b` and `~a` do the same in short. More
leaves are in `patterns` (words by their shape) and `conditions` (declared fields). Two queries are equal if they are
built alike, so they can be compared, hashed and kept.

Every node checks itself when it is made and raises `QueryError`. Nodes nest at most `MAX_DEPTH` deep: who walks a
query may recurse without fear for the stack.

`repr()` is the Python that builds the node, `to_json()` its form for saved searches. `str()` is query text with every
operator written out, which `parse` reads as the same query, as far as text can say it: docs/query-language.md tells
what it cannot.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any, Literal

import attrs
from attrs import field, frozen

from searchkit.dates import MAX_SECOND, WeekStart, parse_range
from searchkit.errors import QueryError
from searchkit.query.written import in_field, in_quotes, word

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
    "Require",
    "Term",
    "Undated",
    "close_open_sides",
    "depth_over",
    "refuse_words",
]

MAX_DEPTH = 100
"""Levels of nodes in one query, the leaves included."""

MAX_SLOP = 2**31 - 1
"""The widest slop of a phrase, in words."""

FIELDS = (None, "title", "text")
_RELATIONS = (None, "overlaps", "within", "contains")


class Query:
    """What all nodes are. Not made by itself: take one of the nodes of this module."""

    __slots__ = ()

    depth: int = 1
    """Levels of nodes from here down. 1: this is a leaf."""

    def __repr__(self) -> str:
        shown = []
        kind: Any = type(self)
        for attribute in attrs.fields(kind):
            value = getattr(self, attribute.name)
            if attribute.default is attrs.NOTHING and attribute.init:
                shown.append(repr(value))
            elif attribute.init and value != attribute.default:
                shown.append(f"{attribute.name}={value!r}")
        return f"{kind.__name__}({', '.join(shown)})"

    def __and__(self, other: object) -> And:
        return And(*_members(And, self), *_members(And, other)) if isinstance(other, Query) else NotImplemented

    def __or__(self, other: object) -> Or:
        return Or(*_members(Or, self), *_members(Or, other)) if isinstance(other, Query) else NotImplemented

    def __invert__(self) -> Not:
        return Not(self)

    def describe(self) -> str:
        """What the query does, in plain English."""
        from searchkit.query.described import describe  # late: it knows all nodes

        return describe(self)

    def to_json(self) -> dict[str, Any]:
        """The query as values that `json.dumps` takes, for `searchkit.query.from_json` to read."""
        from searchkit.query.saved import to_json  # late: it knows all nodes

        return to_json(self)


@frozen(repr=False)
class Term(Query):
    """Articles that hold a word. What holds several words when analysed (`COVID-19`) is sought as a phrase.

    In an `Or` of several things such a phrase gives half of its score to its words, which only rank what is found.
    """

    text: str
    field: Literal["title", "text"] | None = None
    """Where to look: "title", "text", or None for both."""

    def __attrs_post_init__(self) -> None:
        # Written out, not with attrs' validators: a query of three words must be made within a few microseconds.
        if not isinstance(self.text, str) or self.field not in FIELDS:
            refuse_words(self, self.text, self.field)

    def __str__(self) -> str:
        return in_field(self.field, word(self.text))


@frozen(repr=False)
class Phrase(Query):
    """Articles that hold words one after another, each at most `slop` words behind the one before."""

    text: str
    slop: int = 1
    """1: each word directly follows the one before."""
    field: Literal["title", "text"] | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.text, str) or self.field not in FIELDS:
            refuse_words(self, self.text, self.field)
        if type(self.slop) is not int or not 1 <= self.slop <= MAX_SLOP:
            raise QueryError(
                f"slop is {self.slop!r}", hint=f"it must be a whole number from 1 (adjacent words) to {MAX_SLOP}"
            )

    def __str__(self) -> str:
        return in_field(self.field, in_quotes(self.text) + ("" if self.slop == 1 else f"~{self.slop}"))


@frozen(repr=False)
class Prefix(Query):
    """Articles that hold a word beginning with `text`. The empty text begins every word."""

    text: str
    field: Literal["title", "text"] | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.text, str) or self.field not in FIELDS:
            refuse_words(self, self.text, self.field)

    def __str__(self) -> str:
        return in_field(self.field, self.text + "*")


@frozen(repr=False)
class DateRange(Query):
    """Articles dated in a range: from `start` until just before `end`, in seconds since 0001-01-01T00:00:00.

    None leaves a side open. Undated articles are never in a range, not even in one open on both sides.
    A range filters and adds nothing to a score.
    """

    start: int | None = None
    end: int | None = None
    dates: Literal["overlaps", "within", "contains"] | None = None
    """How an article's date must lie to the range; None: as the search says with its own `dates=`."""
    text: str = field(default="", eq=False)
    """The range as somebody wrote it, for messages. Not part of equality."""

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        dates: Literal["overlaps", "within", "contains"] | None = None,
        now: datetime | None = None,
        timezone: str = "UTC",
        week_starts: WeekStart = "monday",
    ) -> DateRange:
        """The range of a date or an interval: `2020-10`, `2020-09/..`, `last month`, `since 2019`. Raises DateError."""
        start, end = parse_range(text, now=now, timezone=timezone, week_starts=week_starts)
        return cls(start, end, dates, text)

    def __attrs_post_init__(self) -> None:
        for side in (self.start, self.end):
            if side is not None and (type(side) is not int or not 0 <= side <= MAX_SECOND):
                raise QueryError(
                    f"a date range has the side {side!r}",
                    hint=f"it must be None or whole seconds since the year 0001, at most {MAX_SECOND}",
                )
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise QueryError("a date range ends before it begins", hint="exchange its sides")
        if not isinstance(self.text, str):
            raise QueryError(f"the text of a DateRange is {self.text!r}", hint="it must be str")
        if self.dates not in _RELATIONS:
            raise QueryError(f"dates is {self.dates!r}", hint="choose overlaps, within or contains")

    def __str__(self) -> str:
        if self.start is None and self.end is None:
            return "date:*"
        start = "" if self.start is None else _moment(self.start) + " "
        if self.end == MAX_SECOND:
            return f"date:[{start}TO 9999]"
        end = "]" if self.end is None else f" {_moment(self.end)}}}"
        return f"date:[{start}TO{end}"


@frozen(repr=False)
class Undated(Query):
    """Articles without a date."""

    def __str__(self) -> str:
        return "date:none"


@frozen(repr=False)
class All(Query):
    """Every article, with or without a date."""

    def __str__(self) -> str:
        return "*"


@frozen(repr=False)
class Nothing(Query):
    """No article."""

    def __str__(self) -> str:
        return "()"


@frozen(repr=False, init=False)
class And(Query):
    """Articles that every child finds; children of the kind `Not` take articles away."""

    children: tuple[Query, ...]
    depth: int = field(init=False, eq=False)

    def __init__(self, *children: Query) -> None:
        self.__attrs_init__(children)
        object.__setattr__(self, "depth", depth_over(self, children))

    def __repr__(self) -> str:
        return f"And({', '.join(map(repr, self.children))})"

    def __str__(self) -> str:
        return " AND ".join(map(_part, self.children))


@frozen(repr=False, init=False)
class Or(Query):
    """Articles that at least one child finds."""

    children: tuple[Query, ...]
    depth: int = field(init=False, eq=False)

    def __init__(self, *children: Query) -> None:
        self.__attrs_init__(children)
        object.__setattr__(self, "depth", depth_over(self, children))

    def __repr__(self) -> str:
        return f"Or({', '.join(map(repr, self.children))})"

    def __str__(self) -> str:
        return " OR ".join(map(_part, self.children))


@frozen(repr=False)
class Not(Query):
    """Every article that the child does not find. Nothing below a `Not` adds to a score."""

    child: Query
    depth: int = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "depth", depth_over(self, (self.child,)))

    def __str__(self) -> str:
        return f"NOT {_operand(self.child)}"


@frozen(repr=False)
class AndMaybe(Query):
    """Articles that `required` finds; `optional` only adds to their scores."""

    required: Query
    optional: Query
    depth: int = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "depth", depth_over(self, (self.required, self.optional)))

    def __str__(self) -> str:
        return f"{_part(self.required)} ANDMAYBE {_part(self.optional)}"


@frozen(repr=False)
class Require(Query):
    """Articles that both find; only `required` adds to their scores."""

    required: Query
    filter: Query
    depth: int = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "depth", depth_over(self, (self.required, self.filter)))

    def __str__(self) -> str:
        return f"{_part(self.required)} REQUIRE {_part(self.filter)}"


@frozen(repr=False)
class Boost(Query):
    """What the child finds, its scores multiplied by `factor`, which is finite and above 0."""

    child: Query
    factor: float
    depth: int = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        factor: object = self.factor
        is_number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
        if not is_number or not 0 < self.factor <= sys.float_info.max:
            raise QueryError(f"a boost is {factor!r}", hint="it must be a finite number above 0")
        object.__setattr__(self, "factor", float(self.factor))
        object.__setattr__(self, "depth", depth_over(self, (self.child,)))

    def __str__(self) -> str:
        short = f"{self.factor:g}"
        return f"{_operand(self.child)}^{short if float(short) == self.factor else repr(self.factor)}"


def _members(group: type[And] | type[Or], query: Query) -> tuple[Query, ...]:
    """The children, if `query` is itself such a group: `a & b & c` is one group of three."""
    return query.children if isinstance(query, (And, Or)) and type(query) is group else (query,)


def depth_over(node: Query, children: tuple[Query, ...]) -> int:
    """The depth of a node above `children`, which are checked here."""
    kind = type(node).__name__
    if not children:
        raise QueryError(f"{kind} has no child", hint="give it at least one query, or take Nothing()")
    for child in children:
        if not isinstance(child, Query):
            raise QueryError(
                f"{kind} has the child {child!r}", hint="children are queries: write Term('word') for a word"
            )
    depth = 1 + max(child.depth for child in children)
    if depth > MAX_DEPTH:
        raise QueryError(f"the query nests deeper than {MAX_DEPTH} levels", hint="join its parts in wider groups")
    return depth


def close_open_sides(node: Any) -> None:
    """Let an open side of a range be inclusive, so that ranges which mean the same are equal."""
    for side, include in (("low", "include_low"), ("high", "include_high")):
        if type(getattr(node, include)) is not bool:
            raise QueryError(f"{include} is {getattr(node, include)!r}", hint="it must be True or False")
        if getattr(node, side) is None:
            object.__setattr__(node, include, True)


def refuse_words(node: Query, text: object, field: object) -> None:
    kind = type(node).__name__
    if not isinstance(text, str):
        raise QueryError(f"the text of a {kind} is {text!r}", hint="it must be str")
    raise QueryError(f"a {kind} has the field {field!r}", hint="choose title, text, or None for both")


def _part(query: Query) -> str:
    """A child as it stands inside a group: in brackets, if it is a group itself."""
    return f"({query})" if isinstance(query, (And, Or, AndMaybe, Require)) else str(query)


def _operand(query: Query) -> str:
    """A child as it stands behind NOT or before ^: in brackets, if it is no leaf."""
    return str(query) if query.depth == 1 else f"({query})"


def _moment(second: int) -> str:
    """Seconds since the year 0001 as a date, with a time of day if there is one."""
    if second == MAX_SECOND:
        return "10000-01-01"
    moment = datetime.min + timedelta(seconds=second)
    return moment.isoformat() if second % 86_400 else moment.date().isoformat()
