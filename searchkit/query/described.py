"""What a query does, in plain English: what `query.describe()` says.

    articles that mention "flood" or the phrase "storm surge" and may be dated within October 2020

A node is told as a clause that goes on after "articles that", with a verb of its own. Words of all sorts share the verb
"mention": side by side they become one list, each a thing that is mentioned. Groups inside others stand in brackets.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from datetime import datetime, timedelta

from searchkit.dates import MAX_SECOND
from searchkit.query.conditions import Between, Compare, Value
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

__all__ = ["describe"]

MOST_LISTED = 20
"""Members of a group that are told one by one; of the others only the number is said."""

_LONGEST = 60
"""Characters of a word or phrase that are shown."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DATED = {
    None: "may be dated",
    "overlaps": "may be dated",
    "within": "are surely dated",
    "contains": "are dated over all",
}
_NOT_DATED = {None: "cannot be dated", "overlaps": "cannot be dated", "within": "are not surely dated"}
_RELATIONS = {"<": "below", "<=": "of at most", ">": "above", ">=": "of at least"}


def describe(query: Query) -> str:
    """One sentence, without a full stop."""
    if isinstance(query, All):
        return "every article"
    return "no article" if isinstance(query, Nothing) else f"articles that {_clause(query)}"


def _clause(query: Query) -> str:
    """What articles do that the query finds."""
    thing = _thing(query)
    if thing is not None:
        is_listed = isinstance(query, And | Or)
        return f"mention {thing[1:-1] if is_listed else thing}"
    if isinstance(query, Not):
        return _negated(query.child)
    if isinstance(query, DateRange):
        return _dated(query, _DATED)
    if isinstance(query, Compare | Between):
        return f"have {_value_of(query)}"
    if isinstance(query, And | Or):
        return _group(query)
    if isinstance(query, AndMaybe):
        return f"{_inner(query.required)}, the better if they also {_inner(query.optional)}"
    if isinstance(query, Require):
        return f"{_inner(query.required)} and, whatever their rank, {_inner(query.filter)}"
    if isinstance(query, Boost):
        return f"{_inner(query.child)} (which count {query.factor:g} times)"
    if isinstance(query, Undated):
        return "have no date"
    return "are any at all" if isinstance(query, All) else "do not exist"


def _inner(query: Query) -> str:
    """A clause inside another."""
    clause = _clause(query)
    return f"({clause})" if isinstance(query, And | Or | AndMaybe | Require) else clause


def _group(query: And | Or) -> str:
    """Clauses joined; what is mentioned comes together, as far as it stands together."""
    word = "and" if isinstance(query, And) else "or"
    members = [child for child in query.children if not (word == "and" and isinstance(child, All))] or [All()]
    clauses: list[str] = []
    things: list[str] = []
    for child in members[:MOST_LISTED]:
        thing = _thing(child)
        if thing is not None:
            things.append(thing)
            continue
        if things:
            clauses.append(f"mention {_listed(things, word)}")
            things = []
        clauses.append(_inner(child))
    if things:
        clauses.append(f"mention {_listed(things, word)}")
    if len(members) > MOST_LISTED:
        clauses.append(f"{len(members) - MOST_LISTED:,} more such conditions")
    return f" {word} ".join(clauses)


def _thing(query: Query) -> str | None:
    """What a query of words wants mentioned; None for any other."""
    if isinstance(query, Boost):
        thing = _thing(query.child)
        return None if thing is None else f"{thing} (counting {query.factor:g} times)"
    if isinstance(query, And | Or) and len(query.children) <= MOST_LISTED:
        things = [_thing(child) for child in query.children]
        known = [thing for thing in things if thing is not None]
        word = "and" if isinstance(query, And) else "or"
        return f"({_listed(known, word)})" if len(known) == len(things) > 1 else None
    if not isinstance(query, Term | Phrase | Prefix | Wildcard | Fuzzy | Regex | TermRange | Sequence):
        return None
    where = f" in the {query.field}" if query.field else ""
    if isinstance(query, Sequence):
        places = [_place(place) for place in query.children]
        if query.ordered:
            return f"{_listed(places, 'then')}{_within(query.slop)}{where}"
        return f"{_listed(places, 'and')} in any order, neighbours at most {query.slop:,} apart{where}"
    return _place(query) + where


def _place(query: Query) -> str:
    """A word of whatever sort, without where it is to stand."""
    if isinstance(query, Or):
        return f"({_listed([_place(child) for child in query.children], 'or')})"
    if isinstance(query, Phrase):
        return f"the phrase {_quoted(query.text)}{_within(query.slop)}"
    if isinstance(query, Prefix):
        return f"a word that begins with {_quoted(query.text)}" if query.text else "any word"
    if isinstance(query, Wildcard):
        return f"a word of the shape {_quoted(query.text)}"
    if isinstance(query, Fuzzy):
        edits = "one edit" if query.distance == 1 else f"{query.distance} edits"
        same = f" that has its first {query.prefix} letters" if query.prefix else ""
        return f"a word within {edits} of {_quoted(query.text)}{same}"
    if isinstance(query, Regex):
        return f"a word that matches {_quoted(query.pattern)}"
    if isinstance(query, TermRange):
        if query.low is None and query.high is None:
            return "any word"
        return "a word" + _ends(query.low, query.high, query.include_low, query.include_high)
    assert isinstance(query, Term)
    return _quoted(query.text)


def _within(slop: int) -> str:
    return "" if slop == 1 else f" with each word at most {slop:,} places behind the one before"


def _value_of(query: Compare | Between) -> str:
    if isinstance(query, Between):
        if query.low is None and query.high is None:
            return f"a value in the field {query.field}"
        ends = _ends(query.low, query.high, query.include_low, query.include_high)
        return f"a value{ends} in the field {query.field}"
    if query.relation == "=":
        return f"{_shown(query.value)} in the field {query.field}"
    return f"a value {_RELATIONS[query.relation]} {_shown(query.value)} in the field {query.field}"


def _ends(low: Value | None, high: Value | None, include_low: bool, include_high: bool) -> str:
    first = "" if low is None else f" from {_shown(low)} on" if include_low else f" behind {_shown(low)}"
    last = "" if high is None else f" up to {_shown(high)}" if include_high else f" before {_shown(high)}"
    return first + (" and" if first and last else "") + last


def _negated(query: Query) -> str:
    """What articles do that the query does not find."""
    thing = _thing(query)
    if thing is not None:
        return f"do not mention {thing}"
    if isinstance(query, Undated):
        return "have a date"
    if isinstance(query, DateRange) and query.start is query.end is None:
        return "have no date"
    if isinstance(query, DateRange) and query.dates in _NOT_DATED:
        return _dated(query, _NOT_DATED)
    if isinstance(query, Compare | Between):
        return f"do not have {_value_of(query)}"
    if isinstance(query, Not):
        return f"are not those that {_inner(query)}"
    return f"are none of those that {_inner(query)}"


def _dated(query: DateRange, verbs: dict[str | None, str]) -> str:
    verb = verbs.get(query.dates, "")
    start, end = query.start, query.end
    if start is None and end is None:
        return "have a date"
    if end is None:
        assert start is not None
        return f"{verb} from {_moment(start)} on"
    if start is None:
        return f"{verb} before {_moment(end)}"
    within = "of" if query.dates == "contains" else "within"
    return f"{verb} {within} {_period(start, end)}"


def _period(start: int, end: int) -> str:
    """A year, a month or a day by its name; any other from its first to its last day, or to the second."""
    first, after = _datetime(start), _datetime(end)
    if start % 86_400 == 0 == end % 86_400:
        last = after - timedelta(seconds=1)
        starts_month, ends_month = first.day == 1, end == MAX_SECOND or after.day == 1
        if starts_month and ends_month and first.month == 1 and last.month == 12:
            return f"{first.year}" if first.year == last.year else f"{first.year} to {last.year}"
        if starts_month and ends_month:
            names = [f"{_MONTHS[day.month - 1]} {day.year}" for day in (first, last)]
        else:
            names = [_day(day) for day in (first, last)]
        return names[0] if names[0] == names[1] else f"{names[0]} to {names[1]}"
    return f"the time from {_moment(start)} until {_moment(end)}"


def _datetime(second: int) -> datetime:
    return datetime.max if second == MAX_SECOND else datetime.min + timedelta(seconds=second)


def _moment(second: int) -> str:
    moment = _datetime(second)
    if second == MAX_SECOND:
        return "the end of 9999"
    return _day(moment) + ("" if second % 86_400 == 0 else moment.strftime(" %H:%M:%S").removesuffix(":00"))


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _listed(things: Many[str], word: str) -> str:
    """`a`, `a or b`, `a, b or c`; every "then" is said."""
    if word == "then" or len(things) < 2:
        return f" {word} ".join(things)
    return f"{', '.join(things[:-1])} {word} {things[-1]}"


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else f"{value!r}"


def _quoted(text: str) -> str:
    short = " ".join(text.split())
    return f'"{short if len(short) <= _LONGEST else short[: _LONGEST - 1] + "…"}"'
