"""Binding: a query's words looked up in a snapshot.

    Term, Phrase            -> Leaf: terms, slop, field, boost
    Prefix, Wildcard, ...   -> Leaf, or Group of such: see expand.py
    Sequence                -> Series, or Leaf where it is a phrase
    DateRange, Undated      -> Where
    And, Or, Not, AndMaybe  -> Group; a Boost is multiplied into the leaves below it and is gone
    COVID-19 in an Or       -> shared between the phrase and its words: see `_Binder.any_of`

On the way what has no word in it is left out (with a warning), groups of one kind inside each other become one, and a
word that stands twice in a group becomes one leaf with the sum of both boosts. So a bound query has one form, and that
form says what is scored, in which order: see docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import attrs

from searchkit.core.evaluate import clock
from searchkit.core.sequences import MOST_PLACES, MOST_UNORDERED
from searchkit.dates import parse_range
from searchkit.errors import QueryError
from searchkit.indexing.snapshot import Snapshot
from searchkit.query import conditions, nodes, patterns
from searchkit.query.complaints import QueryWarning
from searchkit.query.places import Places
from searchkit.search.expand import PATTERNS, Expander, Pattern
from searchkit.search.remarks import Remarks
from searchkit.search.results import Marks
from searchkit.search.where import Condition, Reader, condition_of, spelt_otherwise

__all__ = [
    "Bound",
    "Everything",
    "Group",
    "Holds",
    "Leaf",
    "Series",
    "TimeUp",
    "Where",
    "bind",
    "check_time",
    "group_of",
    "joined",
    "marks_of",
    "narrow",
    "restrict",
]


@attrs.frozen(slots=True)
class Leaf:
    """A word (one term) or a phrase (several), and where it is to stand."""

    terms: tuple[str, ...]
    slop: int
    field: str | None
    boost: float


@attrs.frozen(slots=True)
class Series:
    """Places that are to be filled one behind another, each by one of its terms; `ordered` False: in any order."""

    places: tuple[tuple[str, ...], ...]  # of each its terms, in order of their bytes
    slop: int
    ordered: bool
    field: str | None
    boost: float


@attrs.frozen(slots=True)
class Where:
    """A condition on an article's date: [start, end) in seconds, None for an open side. `relation` "undated": none."""

    start: int | None
    end: int | None
    relation: str


@attrs.frozen(slots=True)
class Holds:
    """A condition on a declared field."""

    condition: Condition


@attrs.frozen(slots=True)
class Everything:
    """All articles, or (`matches` False) none."""

    matches: bool


@attrs.frozen(slots=True)
class Group:
    """`kind` is "and", "or", "not" (one child), "and_maybe" (required, optional), or "shared": an "or" group, and the
    parts of its compounds, which only add to scores."""

    kind: str
    children: tuple[Bound, ...]


Bound = Leaf | Series | Where | Holds | Everything | Group


_SEARCHED = "searched as it is written"


class TimeUp(Exception):
    """A deadline has passed. It never reaches callers of the library."""


def check_time(deadline: int) -> None:
    """Raise TimeUp if the deadline (core/evaluate.pyx; 0: none) has passed."""
    if deadline and clock() >= deadline:
        raise TimeUp


def bind(
    query: nodes.Query,
    snapshot: Snapshot,
    dates: str,
    warnings: list[QueryWarning],
    deadline: int = 0,
    read: Reader = parse_range,
    places: Places | None = None,
) -> Bound | None:
    """The bound query, or None if nothing is left of it. `dates`: the relation of ranges that name none.

    `read`: reads dates in conditions on fields. `places`: where its parts stand in a text. Raises TimeUp at the
    deadline.
    """
    return _Binder(snapshot, dates, Remarks(warnings, places), deadline, read).bind(query, 1.0)


def restrict(bound: Bound | None, start: int | None, end: int | None, dates: str) -> Bound | None:
    """The bound query within a date range. What finds nothing goes on to find nothing: a filter alone is no query."""
    return None if bound is None else group_of("and", (bound, Where(start, end, dates)))


def narrow(bound: Bound | None, conditions: Iterable[tuple[Condition, bool]]) -> Bound | None:
    """The bound query where all conditions hold; those with False must not."""
    held = [Holds(condition) if wanted else Group("not", (Holds(condition),)) for condition, wanted in conditions]
    return None if bound is None else group_of("and", (bound, *held))


def joined(bound: Bound | None, filter: Bound | None) -> Bound | None:
    """The bound query where a bound filter holds as well. Requires: nothing in the filter scores."""
    return None if bound is None else group_of("and", (bound, filter))


class _Binder:
    """Holds what every step of one binding needs."""

    def __init__(self, snapshot: Snapshot, dates: str, remarks: Remarks, deadline: int, read: Reader) -> None:
        self.snapshot = snapshot
        self.read = read
        self.dates = dates
        self.remarks = remarks
        self.check_time = partial(check_time, deadline)
        self.expander = Expander(snapshot, remarks, self.check_time)

    def bind(self, query: nodes.Query, boost: float) -> Bound | None:
        self.check_time()
        if isinstance(query, nodes.Term):
            return self.leaf(query, boost)
        if isinstance(query, nodes.Or):
            return shared(list(self.any_of(query, boost)))
        if isinstance(query, nodes.And):
            return group_of("and", [self.bind(child, boost) for child in query.children])
        if isinstance(query, nodes.Phrase):
            return self.leaf(query, boost)
        if isinstance(query, nodes.Boost):
            return self.bind(query.child, boost * query.factor)
        if isinstance(query, nodes.Not):
            child = self.bind(query.child, boost)
            return None if child is None else Group("not", (child,))
        if isinstance(query, nodes.AndMaybe):
            required, optional = self.bind(query.required, boost), self.bind(query.optional, boost)
            if required is None or optional is None:
                return required or optional
            return Group("and_maybe", (required, optional))
        if isinstance(query, nodes.DateRange):
            return Where(query.start, query.end, query.dates or self.dates)
        if isinstance(query, nodes.Undated):
            return Where(None, None, "undated")
        if isinstance(query, PATTERNS):
            return self.pattern(query, boost)
        if isinstance(query, patterns.Sequence):
            return self.sequence(query, boost)
        if isinstance(query, nodes.All | nodes.Nothing):
            return Everything(isinstance(query, nodes.All))
        if isinstance(query, nodes.Require):
            required, filter = self.bind(query.required, boost), self.bind(query.filter, 1.0)
            silent = None if filter is None else Group("not", (Group("not", (filter,)),))
            return group_of("and", (required, silent))
        if isinstance(query, conditions.Compare | conditions.Between):
            return self.condition(query)
        raise QueryError(f"{type(query).__name__} is no query node", hint="use the nodes of searchkit.query")

    def any_of(self, query: nodes.Or, boost: float) -> Iterator[tuple[Bound, bool]]:
        """What an Or and those in it are made of; with True: written as one word, and not in quotes."""
        for child in query.children:
            factor = boost
            while isinstance(child, nodes.Boost):
                factor *= child.factor
                child = child.child
            if isinstance(child, nodes.Or):
                yield from self.any_of(child, factor)
            elif (bound := self.bind(child, factor)) is not None:
                yield bound, isinstance(child, nodes.Term)

    def leaf(self, query: nodes.Term | nodes.Phrase | nodes.Prefix | patterns.Fuzzy, boost: float) -> Leaf | None:
        forms = self.snapshot.analyzer.forms(query.text)
        if not forms:
            self.remarks.add("words", query.text, "has no word in it and was left out", "left out", query)
            return None
        terms = tuple(map(self.snapshot.term_of, forms))
        slop = query.slop if isinstance(query, nodes.Phrase) and len(terms) > 1 else 1
        return Leaf(terms, slop, query.field, boost)

    def condition(self, query: conditions.Compare | conditions.Between) -> Bound:
        options = self.snapshot.options
        try:
            condition = condition_of(query, options.fields, self.dates, self.read)
            if values := spelt_otherwise(condition, self.snapshot):
                named = " or ".join(map(repr, values))
                what = f"finds nothing: no article has it, but there is {named}"
                self.remarks.add("condition", query, what, _SEARCHED, query, hint=f"write it as {named}")
            return Holds(condition)
        except ValueError as error:
            self.remarks.add("condition", query, f"finds nothing: {error}", _SEARCHED, query)
            return Everything(False)

    def pattern(self, query: Pattern, boost: float) -> Bound | None:
        if isinstance(query, nodes.Prefix) and not query.text:
            return Everything(True)
        if self.expander.several_words(query):
            assert isinstance(query, nodes.Prefix | patterns.Fuzzy)
            if self.snapshot.analyzer.forms(query.text):
                done = "searched as a phrase of them as they are"
                self.remarks.add("pattern", query, f"is several words: {done}", done, query)
            return self.leaf(query, boost)
        terms = self.expander.terms(query)
        if terms is None:
            return None
        leaves = [Leaf((term,), 1, query.field, boost) for term in terms]  # no two of them are equal
        if len(leaves) < 2:
            return leaves[0] if leaves else Everything(False)
        return Group("or", tuple(leaves))

    def sequence(self, query: patterns.Sequence, boost: float) -> Bound | None:
        places: list[tuple[str, ...]] = []
        for place in query.children:
            if isinstance(place, nodes.Term):  # of which each word takes a place of its own
                places += ((self.snapshot.term_of(form),) for form in self.snapshot.analyzer.forms(place.text))
                continue
            terms: set[str] = set()
            for leaf in place.children if isinstance(place, nodes.Or) else (place,):
                assert isinstance(leaf, (nodes.Term, *PATTERNS))
                if isinstance(leaf, nodes.Term) or self.expander.several_words(leaf):
                    assert isinstance(leaf, nodes.Term | nodes.Prefix | patterns.Fuzzy)
                    forms = self.snapshot.analyzer.forms(leaf.text)
                    if len(forms) != 1:
                        what = "is not one word, as a place of a sequence is: left out"
                        self.remarks.add("pattern", leaf, what, "left out", leaf, query)
                    else:
                        terms.add(self.snapshot.term_of(forms[0]))
                else:
                    terms.update(self.expander.terms(leaf, query) or ())
            places.append(tuple(sorted(terms, key=str.encode)))
        ordered, most = query.ordered, MOST_PLACES if query.ordered else MOST_UNORDERED
        if len(places) > most:
            how = "" if ordered else "in any order "
            what = f"was left out: a sequence {how}has at most {most} places"
            self.remarks.add("limit", query, what, "left out", query)
            return None
        if len(places) < 2:
            return group_of("or", [Leaf((term,), 1, query.field, boost) for place in places for term in place])
        if not all(places):
            return Everything(False)
        if ordered and all(len(place) == 1 for place in places):
            return Leaf(tuple(place[0] for place in places), query.slop, query.field, boost)
        return Series(tuple(places), query.slop, ordered, query.field, boost)


def group_of(kind: str, children: Sequence[Bound | None]) -> Bound | None:
    """Children without empty ones, groups of their kind taken in, equal leaves merged; a group of one is that one."""
    kept: list[Bound] = []
    places: dict[tuple[tuple[str, ...], int, str | None], int] = {}
    for child in children:
        if child is None:
            continue
        inner = child.children if isinstance(child, Group) and child.kind == kind else (child,)
        for one in inner:
            if isinstance(one, Leaf):
                key = (one.terms, one.slop, one.field)
                at = places.setdefault(key, len(kept))
                if at < len(kept):
                    first = kept[at]
                    assert isinstance(first, Leaf)
                    kept[at] = Leaf(one.terms, one.slop, one.field, first.boost + one.boost)
                    continue
            kept.append(one)
    if len(kept) < 2:
        return kept[0] if kept else None
    return Group(kind, tuple(kept))


def shared(found: list[tuple[Bound, bool]]) -> Bound | None:
    """An "or" group in which compounds share their boosts. `found`: with True, if a leaf of several terms is one.

    A word of several parts (`heat-transfer`) beside others gives half of its boost to the phrase, which alone decides
    what is found, and half to each of its parts: an article that has them apart, and is found by another word, is
    better than one that has none of them (docs/effectiveness.md). Alone it is the phrase and nothing else.
    """
    whole = group_of("or", [bound for bound, _ in found])
    if not isinstance(whole, Group) or whole.kind != "or":
        return whole
    children: list[Bound] = []
    parts: list[Leaf] = []
    for bound, is_word in found:
        if is_word and isinstance(bound, Leaf) and len(bound.terms) > 1:
            bound = attrs.evolve(bound, boost=bound.boost / 2)
            parts += [Leaf((term,), 1, bound.field, bound.boost) for term in bound.terms]
        children.append(bound)
    if not parts:
        return whole
    # A part that is a word of the query as well is one leaf with it.
    asked = {(child.terms, child.field) for child in whole.children if isinstance(child, Leaf)}
    group = group_of("or", [*children, *(part for part in parts if (part.terms, part.field) in asked)])
    rest = group_of("or", [part for part in parts if (part.terms, part.field) not in asked])
    assert group is not None
    return group if rest is None else Group("shared", (group, rest))


def marks_of(bound: Bound | None) -> Marks:
    """What to mark in a hit's text: all words and phrases that speak for an article, but those of its title and parts
    of compounds."""
    words: set[str] = set()
    phrases: list[tuple[tuple[str, ...], int]] = []
    series: list[tuple[tuple[frozenset[str], ...], int, bool]] = []
    waiting = [] if bound is None else [bound]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Leaf):
            if node.field == "title":
                continue
            if len(node.terms) == 1:
                words.add(node.terms[0])
            else:
                phrases.append((node.terms, node.slop))
        elif isinstance(node, Series) and node.field != "title":
            series.append((tuple(map(frozenset, node.places)), node.slop, node.ordered))
        elif isinstance(node, Group) and node.kind != "not":
            waiting.extend(node.children[:1] if node.kind == "shared" else node.children)
    return Marks(words=frozenset(words), phrases=tuple(phrases), series=tuple(series))
