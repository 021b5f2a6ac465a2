"""The slow, obvious twin of the engine: it ranks articles by the formula, from the articles and the query alone.

It shares nothing with the engine but the analyzer (text -> tokens -> terms) and the query nodes. There are no
segments, docids, bounds or windows here: an `Oracle` is built anew from the articles that are alive, keeps the places
of every term in every article, evaluates a query to sets of ids and adds up float64 contributions leaf by leaf.

    places    term -> article id -> [(region, position), ...]     a region is one copy of the title, or the text
    match     the set of ids that a node matches
    score     0.0 + the contribution of each counted leaf, in query order

The law is equality to the bit, so every expression below is written in the order in which it must be evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, permutations
from typing import Any, NamedTuple, TypeAlias

from searchkit.analysis import Analyzer
from searchkit.article import Article
from searchkit.dates import DateInterval
from searchkit.query import nodes, patterns

PATTERN_LIMIT = 1024  # a pattern stands for at most so many terms

TITLE, TEXT = "title", "text"


class Leaf(NamedTuple):
    """A word (one term) or a phrase (several), and the boost that all boosts above it multiply to."""

    terms: tuple[str, ...]
    slop: int
    field: str | None
    boost: float


class Series(NamedTuple):
    """Places one behind another, each a tuple of terms of which one is to stand there."""

    terms: tuple[tuple[str, ...], ...]
    slop: int
    field: str | None
    boost: float
    ordered: bool


class Where(NamedTuple):
    """A condition on an article's date that matches and never scores; All and Nothing are such conditions too."""

    holds: Callable[[Article], bool]


class Group(NamedTuple):
    """`kind` is and, or, not (one child) or maybe (required, optional)."""

    kind: str
    children: tuple[Any, ...]


class Fade(NamedTuple):
    """A score halves with every `half_life` seconds between the article's date and [low, high), down to 1 - weight."""

    low: int | None
    high: int | None
    half_life: float
    weight: float


Node: TypeAlias = Leaf | Series | Where | Group


class Oracle:
    """Answers for the given articles; of several with one id the last counts."""

    def __init__(
        self,
        articles: Iterable[Article],
        analyzer: Analyzer,
        *,
        title_weight: int = 3,
        k1: float = 1.5,
        b: float = 0.75,
    ) -> None:
        self.articles = {article.id: article for article in articles}
        self.analyzer = analyzer
        self.k1, self.b = k1, b
        self.lengths: dict[str, int] = {}
        self.places: dict[str, dict[str, list[tuple[str, int, int]]]] = {}
        self.forms: dict[str, str] = {}  # each word form that stands in an article -> its term
        self._known: dict[tuple[Any, ...], dict[str, int]] = {}  # leaf without boost -> its frequencies
        for id, article in self.articles.items():
            regions = [(TITLE, article.title)] * title_weight + [(TEXT, article.text)]
            position = 0
            for region, (field, text) in enumerate(regions):
                forms = self.analyzer.forms(text)
                for form, term in zip(forms, self.analyzer.stem(forms), strict=True):
                    self.forms[form] = term
                    self.places.setdefault(term, {}).setdefault(id, []).append((field, region, position))
                    position += 1
            self.lengths[id] = position
        self.average = sum(self.lengths.values()) / len(self.lengths) if self.lengths else 0.0

    # -- questions ----------------------------------------------------------------------------------------------------

    def search(
        self,
        query: nodes.Query,
        *,
        limit: int | None = None,
        offset: int = 0,
        since: str | None = None,
        until: str | None = None,
        on: str | None = None,
        dates: str = "overlaps",
        sort: str = "score",
        k1: float | None = None,
        b: float | None = None,
        variant: str | None = None,
        proximity: float = 0.0,
        fades: Iterable[Fade] = (),
    ) -> list[tuple[str, float]]:
        """(id, score) in the order asked for."""
        scores = self._scores(self.bind(query, dates), k1, b, variant, proximity)
        for fade in fades:
            scores = {id: score * factor(self.articles[id].date, fade) for id, score in scores.items()}
        low, high = bounds(since, until, on)
        if low is not None or high is not None:
            scores = {i: s for i, s in scores.items() if date_holds(self.articles[i].date, low, high, dates)}
        ranked = sorted(scores.items(), key=lambda pair: self._rank(*pair, sort))
        return ranked[offset : None if limit is None else offset + limit]

    def count(self, query: nodes.Query, **options: Any) -> int:
        return len(self.search(query, **options))

    def parts(self, query: nodes.Query, id: str) -> list[tuple[tuple[str, ...], float]]:
        """(terms, contribution) of every leaf that counts in the article, in query order."""
        bound = self.bind(query, "overlaps")
        counted = [] if bound is None else self._counted(bound, self._match(bound))
        return [
            (leaf.terms, self._contribution(leaf, id, self._frequencies(leaf)[id], self.k1, self.b))
            for leaf, ids in counted
            if id in ids
        ]

    # -- from query nodes to leaves and groups ------------------------------------------------------------------------

    def bind(self, query: nodes.Query, dates: str) -> Node | None:
        """The query with words as terms, boosts at the leaves, groups flattened and equal leaves merged; None if it is
        empty."""
        bound = self._bind(query, 1.0, dates)
        return None if bound is None else _merged(bound)

    def _bind(self, query: nodes.Query, boost: float, dates: str) -> Node | None:
        match query:
            case nodes.Boost():
                return self._bind(query.child, boost * query.factor, dates)
            case nodes.Term():
                return _leaf(self._terms(query.text), 1, query.field, boost)
            case nodes.Phrase():
                return _leaf(self._terms(query.text), query.slop, query.field, boost)
            case nodes.Prefix() | patterns.Fuzzy() if len(self.analyzer.forms(query.text)) != 1 and query.text:
                return _leaf(self._terms(query.text), 1, query.field, boost)
            case nodes.Prefix() if not query.text:
                return Where(lambda article: True)
            case nodes.Prefix() | patterns.Wildcard() | patterns.Fuzzy() | patterns.Regex() | patterns.TermRange():
                terms = self._pattern_terms(query)
                leaves = [Leaf((term,), 1, query.field, boost) for term in terms]
                return _group("or", leaves) or Where(lambda article: False)
            case patterns.Sequence():
                return self._sequence(query, boost)
            case nodes.And():
                return _group("and", [self._bind(child, boost, dates) for child in query.children])
            case nodes.Or():
                return _shared(list(self._any_of(query, boost, dates)))
            case nodes.Not():
                child = self._bind(query.child, boost, dates)
                return None if child is None else Group("not", (child,))
            case nodes.AndMaybe():
                required, optional = (self._bind(child, boost, dates) for child in (query.required, query.optional))
                if required is None or optional is None:
                    return required or optional
                return Group("maybe", (required, optional))
            case nodes.Require():
                required, filter = (self._bind(child, boost, dates) for child in (query.required, query.filter))
                unscored = None if filter is None else Group("not", (Group("not", (filter,)),))
                return _group("and", [required, unscored])
            case nodes.DateRange():
                relation = query.dates or dates
                return Where(lambda article: date_holds(article.date, query.start, query.end, relation))
            case nodes.Undated():
                return Where(lambda article: article.date is None)
            case nodes.All():
                return Where(lambda article: True)
            case nodes.Nothing():
                return Where(lambda article: False)
        raise AssertionError(f"the oracle knows no {type(query).__name__}")

    def _any_of(self, query: nodes.Query, boost: float, dates: str) -> Iterator[tuple[Node, bool]]:
        """What an Or is made of, Ors within it taken in; True: it is one written word."""
        match query:
            case nodes.Or():
                for child in query.children:
                    yield from self._any_of(child, boost, dates)
            case nodes.Boost():
                yield from self._any_of(query.child, boost * query.factor, dates)
            case _:
                bound = self._bind(query, boost, dates)
                if bound is not None:
                    yield bound, isinstance(query, nodes.Term)

    def _pattern_terms(self, query: nodes.Query) -> list[str]:
        """The terms of the word forms that a pattern accepts, those of most articles if there are too many."""
        holds = self._word_test(query)
        terms = sorted({term for form, term in self.forms.items() if holds(form)}, key=str.encode)
        terms.sort(key=lambda term: -len(self.places[term]))
        return sorted(terms[:PATTERN_LIMIT], key=str.encode)

    def _sequence(self, query: patterns.Sequence, boost: float) -> Node | None:
        places: list[tuple[str, ...]] = []
        for place in query.children:
            if isinstance(place, nodes.Term):
                places += [(term,) for term in self._terms(place.text)]
                continue
            terms: set[str] = set()
            for leaf in place.children if isinstance(place, nodes.Or) else (place,):
                is_word = isinstance(leaf, nodes.Term | nodes.Prefix | patterns.Fuzzy)
                words = self._terms(leaf.text) if is_word else []
                if is_word and (isinstance(leaf, nodes.Term) or len(words) != 1):
                    terms.update(words if len(words) == 1 else [])
                else:
                    terms.update(self._pattern_terms(leaf))
            places.append(tuple(sorted(terms, key=str.encode)))
        if len(places) < 2:
            return _group("or", [Leaf((term,), 1, query.field, boost) for place in places for term in place])
        if not all(places):
            return Where(lambda article: False)
        if query.ordered and all(len(place) == 1 for place in places):
            return Leaf(tuple(place[0] for place in places), query.slop, query.field, boost)
        return Series(tuple(places), query.slop, query.field, boost, query.ordered)

    def _word_test(self, query: nodes.Query) -> Callable[[str], bool]:
        match query:
            case nodes.Prefix():
                [start] = self.analyzer.forms(query.text)
                return lambda form: form.startswith(start)
            case patterns.Wildcard():
                return lambda form: wildcard_holds(query.text, form)
            case patterns.Fuzzy():
                [word] = self.analyzer.forms(query.text)
                most, common = query.distance, min(query.prefix, len(word))
                return lambda form: form[:common] == word[:common] and edits(word[common:], form[common:]) <= most
            case patterns.Regex():
                expression = re.compile(query.pattern)
                return lambda form: expression.fullmatch(form) is not None
            case patterns.TermRange():
                low, high = query.low, query.high
                return lambda form: (
                    (low is None or form > low or (form == low and query.include_low))
                    and (high is None or form < high or (form == high and query.include_high))
                )
        raise AssertionError(f"{query!r} is no pattern")

    # -- matching -----------------------------------------------------------------------------------------------------

    def _match(self, node: Node) -> set[str]:
        if isinstance(node, Leaf | Series):
            return set(self._frequencies(node))
        if isinstance(node, Where):
            return {id for id, article in self.articles.items() if node.holds(article)}
        matches = [self._match(child) for child in node.children]
        if node.kind == "or":
            return set.union(*matches)
        if node.kind == "and":
            return set.intersection(*matches)
        return matches[0] if node.kind == "maybe" else set(self.articles) - matches[0]

    def _frequencies(self, leaf: Leaf | Series) -> dict[str, int]:
        """How often the leaf occurs in each article that it matches."""
        if isinstance(leaf, Series):
            return self._series_frequencies(leaf)
        if leaf[:3] in self._known:
            return self._known[leaf[:3]]
        postings = [self.places.get(term, {}) for term in leaf.terms]
        frequencies = {}
        for id in postings[0]:
            if all(id in posting for posting in postings):
                wanted = [[p for p in posting[id] if leaf.field in (None, p[0])] for posting in postings]
                frequencies[id] = _occurrences(wanted, leaf.slop)
        return self._known.setdefault(leaf[:3], {id: tf for id, tf in frequencies.items() if tf})

    def _series_frequencies(self, series: Series) -> dict[str, int]:
        key = (*series[:3], series.ordered)
        if key in self._known:
            return self._known[key]
        frequencies = {}
        for id in self.articles:
            places = [
                {
                    (r, p)
                    for term in place
                    for f, r, p in self.places.get(term, {}).get(id, [])
                    if series.field in (None, f)
                }
                for place in series.terms
            ]
            if not all(places):
                continue
            orders = [places] if series.ordered else permutations(places)
            starts = set().union(*(_starts(order, series.slop) for order in orders))
            if starts:
                frequencies[id] = len(starts)
        return self._known.setdefault(key, frequencies)

    # -- scoring ------------------------------------------------------------------------------------------------------

    def _scores(
        self, bound: Node | None, k1: float | None, b: float | None, variant: str | None, proximity: float = 0.0
    ) -> dict[str, float]:
        if bound is None:
            return {}
        k1, b = self.k1 if k1 is None else k1, self.b if b is None else b
        matches = self._match(bound)
        scores = dict.fromkeys(matches, 0.0)
        for leaf, ids in self._counted(bound, matches):
            frequencies = self._frequencies(leaf)
            for id in ids:
                scores[id] += self._contribution(leaf, id, frequencies[id], k1, b, variant)
        counted = [(leaf, ids) for leaf, ids in self._counted(bound, matches)] if proximity else []
        for (before, first), (leaf, second) in pairwise(counted):
            if not (_is_word(before) and _is_word(leaf)):
                continue
            for id in first & second:
                near = self._nearness(before.terms[0], leaf.terms[0], id)
                if near:
                    weight = min(self._weight(before, variant), self._weight(leaf, variant))
                    gain = 1.0 if variant in ("lucene", "robertson") else k1 + 1.0
                    norm = (1.0 - b) + b * self.lengths[id] / self.average
                    scores[id] += proximity * (weight * ((near * gain) / (near + k1 * norm)))
        return scores

    def _nearness(self, first: str, second: str, id: str) -> float:
        """The sum of 1 / distance ** 2 over places at most 5 positions apart in one copy of the title, or the text."""
        near = 0.0
        for _, region, here in self.places[first][id]:
            for _, other, there in self.places[second][id]:
                if other == region and 0 < abs(here - there) <= 5:
                    near += 1.0 / float((here - there) ** 2)
        return near

    def _counted(self, node: Node, within: set[str]) -> Iterator[tuple[Leaf | Series, set[str]]]:
        """Each leaf in query order with the articles in which it counts: it and all nodes above it match."""
        if isinstance(node, Leaf | Series):
            yield node, within
        elif isinstance(node, Group) and node.kind != "not":
            for child in node.children:
                yield from self._counted(child, within & self._match(child))

    def _contribution(
        self, leaf: Leaf | Series, id: str, tf: int, k1: float, b: float, variant: str | None = None
    ) -> float:
        weight = self._weight(leaf, variant)
        norm = (1.0 - b) + b * self.lengths[id] / self.average
        match variant:
            case "lucene" | "robertson":
                return weight * (tf / (tf + k1 * norm))
            case "bm25l":
                return weight * (((tf / norm + 0.5) * (k1 + 1.0)) / ((tf / norm + 0.5) + k1))
            case "bm25+":
                return weight * ((tf * (k1 + 1.0)) / (tf + k1 * norm) + 1.0)
        return weight * ((tf * (k1 + 1.0)) / (tf + k1 * norm))

    def _weight(self, leaf: Leaf | Series, variant: str | None) -> float:
        if isinstance(leaf, Series):  # a place weighs as its most frequent term does
            idfs = [
                self._idf(max(place, key=lambda term: len(self.places.get(term, ()))), variant) for place in leaf.terms
            ]
        else:
            idfs = [self._idf(term, variant) for term in leaf.terms]
        weight = idfs[0]
        for idf in idfs[1:]:
            weight = weight + idf
        return weight * leaf.boost

    def _idf(self, term: str, variant: str | None = None) -> float:
        df, articles = len(self.places.get(term, ())), len(self.articles)
        match variant:
            case "robertson":
                return math.log(max((articles - df + 0.5) / (df + 0.5), 1.0))
            case "atire":
                return math.log(articles / df)
            case "bm25l":
                return math.log((articles + 1) / (df + 0.5))
            case "bm25+":
                return math.log((articles + 1) / df)
        return math.log(1.0 + (articles - df + 0.5) / (df + 0.5))

    def _rank(self, id: str, score: float, sort: str) -> tuple[Any, ...]:
        """The key by which hits stand in order: undated last, equal dates by the bytes of the id."""
        date = self.articles[id].date
        if date is None:
            when: tuple[int, ...] = (1,)
        elif sort == "oldest":
            when = (0, date.end_second, date.start_second)
        else:
            when = (0, -date.end_second, -date.start_second)
        return (-score if sort == "score" else 0.0, when, id.encode())

    def _terms(self, text: str) -> list[str]:
        return self.analyzer.stem(self.analyzer.forms(text))


def wildcard_holds(pattern: str, word: str) -> bool:
    """Whether a word is of a shape: * any letters, ? one, [abc] [a-c] one of these, [!abc] one of the others."""
    if not pattern:
        return not word
    if pattern[0] == "*":
        return any(wildcard_holds(pattern[1:], word[skipped:]) for skipped in range(len(word) + 1))
    close = pattern.find("]", 2) if pattern[0] == "[" else -1
    inside = pattern[1:close] if close > 0 else None
    if not word:
        return False
    if inside is None:
        return pattern[0] in ("?", word[0]) and wildcard_holds(pattern[1:], word[1:])
    negated = inside[0] == "!" and len(inside) > 1
    among = re.findall(r"(?s)(.)-(.)|(.)", inside[negated:])
    found = any(low <= word[0] <= high or word[0] == one for low, high, one in among if low or one)
    return found != negated and wildcard_holds(pattern[close + 1 :], word[1:])


def edits(one: str, other: str) -> int:
    """Letters put in, left out, replaced, or exchanged with a neighbour: the least that make one word the other."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def date_holds(date: DateInterval | None, low: int | None, high: int | None, relation: str) -> bool:
    """Whether the date stands in the relation to [low, high); None is an open side."""
    if date is None:
        return False
    start, end = date.start_second, date.end_second
    if relation == "overlaps":
        return (high is None or start < high) and (low is None or end > low)
    if relation == "within":
        return (low is None or start >= low) and (high is None or end <= high)
    assert relation == "contains"
    return low is not None and high is not None and start <= low and end >= high


def factor(date: DateInterval | None, fade: Fade) -> float:
    """What a score is multiplied by."""
    if date is None:
        return (1.0 - fade.weight) + fade.weight * 0.0
    distance = 0
    if fade.low is not None and date.end_second <= fade.low:
        distance = fade.low - date.end_second
    elif fade.high is not None and date.start_second >= fade.high:
        distance = date.start_second - fade.high
    return (1.0 - fade.weight) + fade.weight * math.exp2(-distance / fade.half_life)


def bounds(since: str | None, until: str | None, on: str | None) -> tuple[int | None, int | None]:
    """The seconds common to all that is given; a range includes the whole of the periods that it names."""
    lows = [DateInterval.parse(text).start_second for text in (since, on) if text is not None]
    highs = [DateInterval.parse(text).end_second for text in (until, on) if text is not None]
    return max(lows, default=None), min(highs, default=None)


def _is_word(leaf: Leaf | Series) -> bool:
    """Whether its nearness to others is looked at: one word, anywhere."""
    return isinstance(leaf, Leaf) and len(leaf.terms) == 1 and leaf.field is None


def _leaf(terms: list[str], slop: int, field: str | None, boost: float) -> Leaf | None:
    if not terms:
        return None
    return Leaf(tuple(terms), slop if len(terms) > 1 else 1, field, boost)


def _group(kind: str, children: list[Node | None]) -> Node | None:
    """A group without its empty children, with groups of the same kind taken in; a group of one is that one."""
    flat: list[Node] = []
    for child in children:
        if isinstance(child, Group) and child.kind == kind:
            flat.extend(child.children)
        elif child is not None:
            flat.append(child)
    if not flat:
        return None
    return flat[0] if len(flat) == 1 else Group(kind, tuple(flat))


def _shared(found: list[tuple[Node, bool]]) -> Node | None:
    """An "or" group; if several things are left of it, a word of several terms has half of its boost, and gives the
    other half to each of its terms, which are no reason for an article to be found."""
    whole = _group("or", [node for node, _ in found])
    if whole is None or not isinstance(_merged(whole), Group) or not isinstance(whole, Group) or whole.kind != "or":
        return whole
    required: list[Node] = []
    optional: list[Node] = []
    for node, is_word in found:
        if is_word and isinstance(node, Leaf) and len(node.terms) > 1:
            node = node._replace(boost=node.boost / 2)
            optional += [Leaf((term,), 1, node.field, node.boost) for term in node.terms]
        required.append(node)
    group, parts = _merged(_group("or", required)), []
    assert isinstance(group, Group)
    for part in optional:
        same = [i for i, child in enumerate(group.children) if isinstance(child, Leaf) and child[:3] == part[:3]]
        if same:
            children = list(group.children)
            children[same[0]] = part._replace(boost=children[same[0]].boost + part.boost)
            group = Group("or", tuple(children))
        else:
            parts.append(part)
    rest = _group("or", parts)
    return group if rest is None else Group("maybe", (group, _merged(rest)))


def _merged(node: Node) -> Node:
    """Equal leaves inside one group become the first of them, with their boosts added in order."""
    if not isinstance(node, Group):
        return node
    children = [_merged(child) for child in node.children]
    if node.kind not in ("and", "or"):
        return Group(node.kind, tuple(children))
    kept: dict[Any, Node] = {}
    for number, child in enumerate(children):
        key = child[:3] if isinstance(child, Leaf) else number
        first = kept.get(key)
        kept[key] = first._replace(boost=first.boost + child.boost) if isinstance(first, Leaf) else child
    return Group(node.kind, tuple(kept.values())) if len(kept) > 1 else next(iter(kept.values()))


def _starts(places: Sequence[set[tuple[int, int]]], slop: int) -> set[tuple[int, int]]:
    """Words of the first place from which all places can be filled, each 1 to slop positions behind the one before."""
    valid = places[-1]
    for place in reversed(places[:-1]):
        valid = {(r, p) for r, p in place if any(r == region and 1 <= q - p <= slop for region, q in valid)}
    return valid


def _occurrences(places: list[list[tuple[str, int, int]]], slop: int) -> int:
    """How many first places start the phrase: each further word stands 1 to slop positions on, in the same region."""
    valid = {(region, position) for _, region, position in places[-1]}
    slop = min(slop, max((position for _, position in valid), default=0))  # no step is wider
    for earlier in reversed(places[:-1]):
        starts = {(region, position) for _, region, position in earlier}
        valid = {(r, p) for r, p in starts if any((r, p + step) in valid for step in range(1, slop + 1))}
    return len(valid)
