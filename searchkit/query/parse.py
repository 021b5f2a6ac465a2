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
This is the only file that imports whoosh, and it does so at the first query that needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Literal

import attrs

from searchkit.dates import WeekStart
from searchkit.errors import QueryError
from searchkit.query.complaints import Complaints
from searchkit.query.date_clauses import DateReader
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
from searchkit.query.repair import repair
from searchkit.query.scan import MAX_TOKENS, OPERATORS, PLAIN_PHRASE, PLAIN_WORD, Kind, Token, scan

__all__ = ["parse", "parse_with_warnings"]

Match = Literal["any", "all"]

_PLAIN = re.compile(rf"\s*+(?:{PLAIN_WORD}|{PLAIN_PHRASE})(?:\s++(?:{PLAIN_WORD}|{PLAIN_PHRASE}))*+\s*+")
_PIECE = re.compile(r'"([^"]*)"(?:~([0-9]+))?|(\S+)')


def parse(
    text: str,
    *,
    strict: bool = False,
    match: Match = "any",
    now: datetime | None = None,
    timezone: str = "UTC",
    week_starts: WeekStart = "monday",
) -> Query:
    """The query that a text means.

    `match` says what words side by side mean: "any" of them, or "all". `now`, `timezone` and `week_starts` are for
    dates: what they are counted from (None: the clock), where a time with an offset is moved to, and the day on which
    weeks start. The language is described in docs/query-language.md.

    Any text is understood as well as it can be. With `strict`, what is wrong, ambiguous or not supported raises
    QueryError instead, with its position and a hint.
    """
    return parse_with_warnings(text, strict=strict, match=match, now=now, timezone=timezone, week_starts=week_starts)[0]


def parse_with_warnings(
    text: str,
    *,
    strict: bool = False,
    match: Match = "any",
    now: datetime | None = None,
    timezone: str = "UTC",
    week_starts: WeekStart = "monday",
) -> tuple[Query, tuple[str, ...]]:
    """The same as `parse`, with a sentence about each thing in the text that was mended, left out or read differently.

    Raises QueryError if `strict`, or if `text` is no str or `match` unknown.
    """
    if not isinstance(text, str):
        raise QueryError(f"the text of a query is {text!r}", hint="it must be str")
    if match not in ("any", "all"):
        raise QueryError(f"match is {match!r}", hint="choose any or all")
    plain = _plain(text, match)
    if plain is not None:
        return plain, ()
    complaints = Complaints(strict)
    query = _full(text, match, complaints, DateReader(complaints, now or datetime.now(UTC), timezone, week_starts))
    return query, complaints.warnings()


def _plain(text: str, match: Match) -> Query | None:
    """The query, if the text is nothing but words and phrases, side by side or all joined by AND or all by OR."""
    if not _PLAIN.fullmatch(text):
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


def _full(text: str, match: Match, complaints: Complaints, dates: DateReader) -> Query:
    tokens = scan(text, complaints, dates)
    reader = _TreeReader(match, complaints, dates)
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
        complaints.add(error.text, error.position, "read as words side by side, without operators and brackets", "")
        query = reader.read_flat(tokens)
    if query is None:
        complaints.add("the query has no words", None, "it finds nothing", "search for a word, a phrase or a date")
        return Nothing()
    return query


class _TreeReader:
    """Makes nodes of tokens. A clause that is left out is None; a group of such clauses is None as well."""

    def __init__(self, match: Match, complaints: Complaints, dates: DateReader) -> None:
        self._match = match
        self._complaints = complaints
        self._dates = dates
        self._leaves: list[Token] = []

    def read(self, tokens: Sequence[Token]) -> Query | None:
        """The meaning of repaired tokens. Raises QueryError where they nest too deep for a query."""
        self._leaves = [token for token in tokens if token.kind is Kind.LEAF]
        try:
            return self._node(_syntax(_skeleton(tokens)))
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
                members.append((None, token.node))  # what is no leaf has no node
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
            node = _joined(role, [self._node(child) for child in syntax.nodes])
        if node is None or syntax.boost == 1.0:
            return node
        if _only_restricts(node):
            while hasattr(syntax, "role"):
                syntax = syntax.nodes[0]
            position = self._leaves[int(syntax.text)].start
            self._complaints.add(
                "the boost of a date or an exclusion",
                position,
                "left out, they do not score",
                "boost words and phrases",
            )
            return node
        return Boost(node, syntax.boost)

    def _leaf(self, token: Token, field: Any) -> Query | None:
        """What a leaf stands for in a field: title, text, date, or None."""
        node = token.node
        if field == "date" and isinstance(node, (Term, Phrase)):
            return self._dates.period(node.text, token.start)
        if field == "date" and isinstance(node, (Prefix, All)):
            return self._dates.period(f"{node}", token.start)
        if field is not None and isinstance(node, (Term, Phrase, Prefix)):
            return attrs.evolve(node, field=field)
        if field is not None and isinstance(node, All):
            self._complaints.add(f"{field}:*", token.start, "read as *, which is every article", "write *")
        return node

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
    assert role == "ANDMAYBE"
    if first is None:
        return _any_of(rest)
    return AndMaybe(first, _any_of(rest)) if rest else first


def _all_of(nodes: Sequence[Query]) -> Query:
    return nodes[0] if len(nodes) == 1 else And(*nodes)


def _any_of(nodes: Sequence[Query]) -> Query:
    return nodes[0] if len(nodes) == 1 else Or(*nodes)


def _only_restricts(node: Query) -> bool:
    """Whether a node is made of dates and exclusions, so that nothing in it is sought for itself."""
    if isinstance(node, (And, Or)):
        return all(map(_only_restricts, node.children))
    return isinstance(node, (DateRange, Undated, Not))


def _skeleton(tokens: Iterable[Token]) -> str:
    """The tokens as the text that Whoosh reads, with each leaf as its number."""
    pieces: list[str] = []
    leaf = 0
    for kind, _, text, _ in tokens:
        if kind is Kind.LEAF:
            pieces.append(f"{leaf} ")
            leaf += 1
        elif kind is Kind.BOOST or kind is Kind.CLOSE:
            # Both belong directly behind what they end.
            pieces[-1] = pieces[-1].rstrip()
            pieces.append(f"^{text} " if kind is Kind.BOOST else ") ")
        elif kind is Kind.FIELD:
            pieces.append(f"{text}:")
        elif kind is Kind.SIGN:
            pieces.append(text)
        else:
            pieces.append("(" if kind is Kind.OPEN else f"{text} ")
    return "".join(pieces)


@lru_cache(maxsize=1024)
def _shape(skeleton: str) -> Any:
    return _whoosh_parser().process(skeleton)


def _syntax(skeleton: str) -> Any:
    """Whoosh's syntax tree of a skeleton. Those of short ones are kept: many queries have other words and one shape."""
    return _shape(skeleton) if len(skeleton) <= 100 else _whoosh_parser().process(skeleton)


@cache
def _whoosh_parser() -> Any:
    """Whoosh's query parser, with the parts of its language that stand in a skeleton, and with groups of our own.

    Whoosh's groups are replaced, because it cannot tell words side by side from words joined by AND, and because its
    ANDNOT nests once for each operator of a chain. From tightest to loosest: + - NOT AND OR ANDNOT ANDMAYBE.
    """
    import whoosh
    import whoosh.qparser

    if whoosh.__version__ < (3,):
        raise ImportError(
            f"the package that imports as `whoosh` is version {'.'.join(map(str, whoosh.__version__))}, not whoosh3: "
            "pip uninstall Whoosh Whoosh-Reloaded, then pip install --force-reinstall whoosh3"
        )
    qparser: Any = whoosh.qparser  # Any: Whoosh is annotated only here and there
    plugins, syntax = qparser.plugins, qparser.syntax

    def operator(expression: str, role: str, kind: Any) -> Any:
        return plugins.OperatorsPlugin.OpTagger(expression, group(role), kind), 0

    def group(role: str) -> Any:
        return type(f"Group{role}", (syntax.GroupNode,), {"role": role, "merging": True})

    leaf = type("Leaf", (plugins.TaggingPlugin,), {"expr": "(?P<text>[0-9]+)", "nodetype": syntax.WordNode})
    operators = [
        operator(r"\+", "+", syntax.PrefixOperator),
        operator(r"-", "-", syntax.PrefixOperator),
        operator(r"NOT\b", "NOT", syntax.PrefixOperator),
        operator(r"AND\b", "AND", syntax.InfixOperator),
        operator(r"OR\b", "OR", syntax.InfixOperator),
        operator(r"ANDNOT\b", "ANDNOT", syntax.InfixOperator),
        operator(r"ANDMAYBE\b", "ANDMAYBE", syntax.InfixOperator),
    ]
    language = [
        leaf,
        plugins.FieldsPlugin,
        plugins.GroupPlugin,
        plugins.OperatorsPlugin(operators, clean=True),
        plugins.BoostPlugin,
    ]
    return qparser.QueryParser(None, None, plugins=language, group=group("group"))
