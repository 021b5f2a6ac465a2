"""Query text to query nodes.

Text goes one of two roads to the same meaning:

- Words and phrases side by side, which is most of what people type, or all joined by AND or all by OR, are recognised
  by one expression and become nodes at once.
- All else is scanned into tokens (`scan`), mended (`repair`), and handed to Whoosh's query parser, which knows how
  brackets, operators, signs, fields and boosts bind. Whoosh sees only the skeleton of the query: every word, phrase or
  date stands in it as a number. So nothing that a person types can be misread on the way, Whoosh's time grows with the
  number of words and not with their length, and each complaint knows its place in the text.

        author quick^2 (lazy OR "brown fox"~3) date:>2020      ->      0 1^2 (2 OR 3) 4

What Whoosh cannot take safely (brackets 100 deep, thousands of tokens) is read without it, as clauses side by side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal

from searchkit.dates import WeekStart
from searchkit.errors import QueryError
from searchkit.query.complaints import Complaints, QueryWarning
from searchkit.query.conditions import Between, Compare
from searchkit.query.date_clauses import DateReader
from searchkit.query.field_clauses import FieldReader
from searchkit.query.marks import OPERATORS, shape_of
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
    Query,
    Require,
    Term,
    Undated,
)
from searchkit.query.patterns import TermRange
from searchkit.query.places import Places
from searchkit.query.repair import repair
from searchkit.query.scan import MAX_TOKENS, PLAIN_PHRASE, PLAIN_WORD, RELATION, Kind, Reader, Token, scan
from searchkit.query.skeleton import skeleton, syntax_of
from searchkit.query.words import join_near, within
from searchkit.query.written import in_brackets

__all__ = ["parse", "parse_with_warnings"]

Match = Literal["any", "all"]

_PLAIN = re.compile(rf"\s*+(?:{PLAIN_WORD}|{PLAIN_PHRASE})(?:\s++(?:{PLAIN_WORD}|{PLAIN_PHRASE}))*+\s*+")
_PIECE = re.compile(r'"([^"]*)"(?:~([0-9]+))?|(\S+)')


def parse(
    text: str,
    *,
    strict: bool = False,
    match: Match = "any",
    fields: Iterable[str] = (),
    now: datetime | None = None,
    timezone: str = "UTC",
    week_starts: WeekStart = "monday",
) -> Query:
    """The query that a text means.

    `match` says what words side by side mean: "any" of them, or "all". `fields` are the names of declared fields: what
    stands behind `source:` is a condition then. `now`, `timezone` and `week_starts` are for dates: what they are
    counted from (None: the clock), where a time with an offset is moved to, and the day on which weeks start. The
    language is described in docs/query-language.md.

    Any text is understood as well as it can be. With `strict`, what is wrong, ambiguous or not supported raises
    QueryError instead, with its position and a hint.
    """
    return parse_with_warnings(
        text, strict=strict, match=match, fields=fields, now=now, timezone=timezone, week_starts=week_starts
    )[0]


def parse_with_warnings(
    text: str,
    *,
    strict: bool = False,
    match: Match = "any",
    fields: Iterable[str] = (),
    now: datetime | None = None,
    timezone: str = "UTC",
    week_starts: WeekStart = "monday",
    places: Places | None = None,
) -> tuple[Query, tuple[QueryWarning, ...]]:
    """The same as `parse`, with a sentence about each thing in the text that was mended, left out or read differently.

    `places` takes down where the query's leaves stand. Raises QueryError if `strict`, or if `text` is no str or `match`
    unknown.
    """
    if not isinstance(text, str):
        raise QueryError(f"the text of a query is {text!r}", hint="it must be str")
    if match not in ("any", "all"):
        raise QueryError(f"match is {match!r}", hint="choose any or all")
    places = Places() if places is None else places
    plain = _plain(text, match)
    if plain is not None:
        places.keep_later(partial(_plain_places, text, plain))
        return plain, ()
    complaints = Complaints(strict)
    now = now or datetime.now(UTC)
    readers: dict[str, Reader] = {"date": DateReader(complaints, now, timezone, week_starts)}
    for name in fields:
        readers.setdefault(name, FieldReader(name, complaints))
    query = _full(text, match, complaints, readers, places)
    return query, complaints.warnings()


def _plain(text: str, match: Match) -> Query | None:
    """The query, if the text is nothing but words and phrases, side by side or all joined by AND or all by OR."""
    if not _PLAIN.fullmatch(text) or "NEAR/" in text:
        return None
    nodes: list[Query]
    group = "OR" if match == "any" else "AND"
    if '"' in text:
        pieces = _PIECE.findall(text)
        words = [word for _, _, word in pieces]
        if not OPERATORS.isdisjoint(words):
            group = _joined_by(words)
            pieces = pieces[::2]
        nodes = [Term(word) if word else Phrase(phrase, int(slop or 1)) for phrase, slop, word in pieces]
    else:
        words = text.split()
        if not OPERATORS.isdisjoint(words):
            group = _joined_by(words)
            words = words[::2]
        nodes = [Term(word) for word in words]
    if not group:
        return None
    if len(nodes) == 1:
        return nodes[0]
    return Or(*nodes) if group == "OR" else And(*nodes)


def _joined_by(words: list[str]) -> str:
    """AND or OR, if that and nothing else stands between all words; else ""."""
    between = set(words[1::2])
    alone = len(words) % 2 and len(words) <= MAX_TOKENS and OPERATORS.isdisjoint(words[::2])
    return between.pop() if alone and between in ({"AND"}, {"OR"}) else ""


def _plain_places(text: str, query: Query) -> Iterator[tuple[Query, int]]:
    """The leaves of what `_plain` read, and where they stand."""
    leaves = query.children if isinstance(query, (And, Or)) else (query,)
    starts = [piece.start() for piece in _PIECE.finditer(text)]
    return zip(leaves, starts if len(starts) == len(leaves) else starts[::2], strict=True)


def _full(text: str, match: Match, complaints: Complaints, readers: Mapping[str, Reader], places: Places) -> Query:
    tokens = scan(text, complaints, readers)
    reader = _TreeReader(match, complaints, readers, places)
    query: Query | None
    try:
        if len(tokens) > MAX_TOKENS:
            raise QueryError(
                f"the query is longer than {MAX_TOKENS} words, operators and brackets",
                tokens[MAX_TOKENS].start,
                "ask for less at once, or for words and phrases alone",
            )
        query = reader.read(repair(tokens, complaints))
    except QueryError as error:
        if complaints.strict:
            raise QueryError(error.text, error.position or 0, error.hint) from None
        done = "read as words side by side, without operators and brackets"
        complaints.add("limit", error.text, error.position, done, "")
        query = reader.read_flat(tokens)
    if query is None:
        hint = "search for a word, a phrase or a date"
        complaints.add("words", "the query has no words", None, "it finds nothing", hint)
        return Nothing()
    return query


class _TreeReader:
    """Makes nodes of tokens. A clause that is left out is None; a group of such clauses is None as well."""

    def __init__(self, match: Match, complaints: Complaints, readers: Mapping[str, Reader], places: Places) -> None:
        self._match = match
        self._places = places
        self._complaints = complaints
        self._readers = readers
        self._leaves: list[Token] = []

    def read(self, tokens: Sequence[Token]) -> Query | None:
        """The meaning of repaired tokens. Raises QueryError where they nest too deep for a query."""
        self._leaves = [token for token in tokens if token.kind is Kind.LEAF]
        try:
            return self._node(syntax_of(skeleton(tokens)))
        except RecursionError:
            # Within our own limit this takes a caller that is itself near the end of the stack.
            raise QueryError("the query nests too deep", None, "leave out brackets that change nothing") from None

    def read_flat(self, tokens: Iterable[Token]) -> Query | None:
        """The meaning of any tokens as one group: each leaf with the signs and the field directly before it."""
        members: list[tuple[str | None, Query | None]] = []
        prefixes: list[Token] = []
        for token in tokens:
            if token.kind in (Kind.NOT, Kind.SIGN, Kind.FIELD):
                prefixes.append(token)
            elif not prefixes:
                members.append((None, self._leaf(token, None)))  # what is no leaf has no node
            else:
                texts = [prefix.text for prefix in prefixes]
                field = next((prefix.text for prefix in prefixes if prefix.kind is Kind.FIELD), None)
                node = self._leaf(token, field)
                is_excluded = (texts.count("NOT") + texts.count("-")) % 2 == 1
                members.append(("+" if "+" in texts else None, Not(node) if node is not None and is_excluded else node))
                prefixes = []
        return self._group(members)

    def _node(self, syntax: Any) -> Query | None:
        """The meaning of a node of Whoosh's syntax tree."""
        role = getattr(syntax, "role", None)
        if role is None:
            node = self._leaf(self._leaves[int(syntax.text)], syntax.fieldname)
        elif role == "group":
            node = self._group([(getattr(child, "role", None), self._node(child)) for child in syntax.nodes])
        else:
            children = [self._node(child) for child in syntax.nodes]
            if role.startswith("NEAR/"):
                position = self._position(syntax)
                node = join_near(children, int(role[5:]), position, self._complaints)
                if node is not None:
                    self._places.keep(node, position)
            else:
                node = _joined(role, children)
        if node is None or syntax.boost == 1.0:
            return node
        if _only_restricts(node):
            self._complaints.add(
                "boost",
                "the boost of a condition or an exclusion",
                self._position(syntax),
                "left out, they do not score",
                "boost words and phrases",
            )
            return node
        return Boost(node, syntax.boost)

    def _position(self, syntax: Any) -> int:
        """Where the first leaf of a node of Whoosh's stands in the text."""
        while hasattr(syntax, "role"):
            syntax = syntax.nodes[0]
        return self._leaves[int(syntax.text)].start

    def _leaf(self, token: Token, field: Any) -> Query | None:
        """What a leaf stands for in a field: title, text, date, a declared one, or None."""
        node = self._in_field(token, field)
        if node is not None:
            self._places.keep(node, token.start)
        return node

    def _in_field(self, token: Token, field: Any) -> Query | None:
        node = token.node
        if field is None or node is None:
            return node
        if field in self._readers:
            return _clause(self._readers[field], node, token.start)
        if isinstance(node, All):
            problem = f"{field}:*"
            self._complaints.add("field", problem, token.start, "read as *, which is every article", "write *")
        return within(node, field) or node

    def _group(self, members: Iterable[tuple[str | None, Query | None]]) -> Query | None:
        """Clauses side by side. Each comes with its role; `+` makes it required.

        Words and phrases are joined as `match` says. Dates and exclusions restrict what they find, whatever it says.
        """
        required: list[Query] = []
        optional: list[Query] = []
        filters: list[Query] = []
        exclusions: list[Query] = []
        for role, node in members:
            if node is None:
                continue
            if isinstance(node, Not):
                exclusions.append(node)
            elif _only_restricts(node):
                filters.append(node)
            elif role == "+" or self._match == "all":
                required.append(node)
            else:
                optional.append(node)
        if required and optional:
            required = [AndMaybe(_all_of(required), _any_of(optional))]
        elif optional:
            required = [_any_of(optional)]
        parts = required + filters + exclusions
        return _all_of(parts) if parts else None


def _joined(role: str, children: list[Query | None]) -> Query | None:
    """The children of an operator or a sign, joined by it. In a chain (`a ANDNOT b ANDNOT c`) there are several."""
    nodes = [child for child in children if child is not None]
    if not nodes:
        return None
    if role == "AND":
        return _all_of(nodes)
    if role == "OR":
        return _any_of(nodes)
    if role in ("NOT", "-"):
        return Not(nodes[0])
    if role == "+":
        return nodes[0]
    first, rest = children[0], [child for child in children[1:] if child is not None]
    if role == "ANDNOT":
        return _all_of([*([] if first is None else [first]), *(Not(child) for child in rest)])
    if role == "REQUIRE":
        return Require(first, _all_of(rest)) if first is not None and rest else first or _all_of(rest)
    assert role == "ANDMAYBE"
    if first is None:
        return _any_of(rest)
    return AndMaybe(first, _any_of(rest)) if rest else first


def _clause(reader: Reader, node: Query, position: int) -> Query | None:
    """What a leaf in brackets means to the field before them."""
    if isinstance(node, (DateRange, Undated, Compare, Between)):
        return node  # it has a field of its own
    if isinstance(node, TermRange):
        return reader.between(in_brackets(node.low, node.high, node.include_low, node.include_high), position)
    if isinstance(node, Phrase):
        return reader.named(node.text, position, True)
    written = node.text if isinstance(node, Term) else str(node)
    relation = RELATION.match(shape_of(written))
    if relation:
        return reader.compared(relation.group(1), written[relation.end() :], position, False)
    return reader.named(written, position, False)


def _all_of(nodes: Sequence[Query]) -> Query:
    return nodes[0] if len(nodes) == 1 else And(*nodes)


def _any_of(nodes: Sequence[Query]) -> Query:
    return nodes[0] if len(nodes) == 1 else Or(*nodes)


def _only_restricts(node: Query) -> bool:
    """Whether a node is made of dates and exclusions, so that nothing in it is sought for itself."""
    if isinstance(node, (And, Or)):
        return all(map(_only_restricts, node.children))
    return isinstance(node, (DateRange, Undated, Compare, Between, Not))
