"""Planning: a bound query as a program of the compiled core (core/search.inc), with its weights.

Children stand before their parents, leaves are numbered in query order. Where the root is an AND of something that
scores and of conditions that do not (dates, NOT), the two are told apart as `scoring` and `mask`: then the core takes
its short ways for plain ORs and ANDs and asks the mask for survivors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from searchkit.core.program import KINDS, Given, Program, TermLists
from searchkit.core.segment import pair_key
from searchkit.core.sequences import find_sequence
from searchkit.indexing.snapshot import Snapshot
from searchkit.search.bind import Bound, Everything, Group, Holds, Leaf, Series, Where, check_time
from searchkit.search.formula import OWN, Variant, weigh
from searchkit.search.where import select

__all__ = ["BY_KEY", "RELATIONS", "SORTS", "plan"]

RELATIONS = {"overlaps": 0, "within": 1, "contains": 2, "undated": 3}
FIELDS = {None: 0, "title": 1, "text": 2}
SORTS = {"score": 0, "newest": 1, "oldest": 2}
BY_KEY = 3


def plan(
    bound: Bound, snapshot: Snapshot, deadline: int = 0, variant: Variant = OWN, pairs: bool = True
) -> tuple[Program, list[Leaf | Series]]:
    """The program of a bound query for all segments of a snapshot, and its leaves as the program numbers them.

    `pairs`: use the lists of pairs of frequent words. Raises TimeUp at the deadline.
    """
    planner = _Planner(snapshot, deadline, variant, pairs)
    return planner.program(bound), planner.bound_leaves


def _scores(node: Bound) -> bool:
    if isinstance(node, Group):
        return node.kind != "not" and any(map(_scores, node.children))
    return isinstance(node, Leaf | Series)


class _Planner:
    """The lists that a program is made of, as they grow."""

    def __init__(self, snapshot: Snapshot, deadline: int = 0, variant: Variant = OWN, pairs: bool = True) -> None:
        self.snapshot = snapshot
        self.deadline = deadline
        self.variant = variant
        self.pairs_kept = pairs
        self.bound_leaves: list[Leaf | Series] = []
        self.leaves: list[tuple[float, tuple[TermLists, ...] | Given, int, int, int]] = []
        self.filters: list[tuple[int | None, int | None, int]] = []
        self.nodes: list[tuple[int, tuple[int, ...]]] = []
        self.bitmaps: list[tuple[bytes, ...]] = []

    def program(self, bound: Bound) -> Program:
        scoring = mask = -1
        if isinstance(bound, Group) and bound.kind == "and":
            speaking = [child for child in bound.children if _scores(child)]
            silent = [child for child in bound.children if not _scores(child)]
            if silent and (len(speaking) == 1 or (speaking and all(isinstance(child, Leaf) for child in speaking))):
                scoring, mask = self.all_of(speaking), self.all_of(silent)
                root = self.put("and", (scoring, mask))
                return self.finish(root, scoring, mask)
        return self.finish(self.node(bound), scoring, mask)

    def finish(self, root: int, scoring: int, mask: int) -> Program:
        parts = self.snapshot.searcher.parts
        return Program(parts, self.leaves, self.filters, self.nodes, root, scoring, mask, self.bitmaps)

    def put(self, kind: str, children: tuple[int, ...]) -> int:
        self.nodes.append((KINDS[kind], children))
        return len(self.nodes) - 1

    def all_of(self, children: list[Bound]) -> int:
        return self.node(children[0]) if len(children) == 1 else self.node(Group("and", tuple(children)))

    def pairs(self, leaf: Leaf) -> list[TermLists]:
        """The lists of those neighbours in a phrase that the index keeps as pairs."""
        frequent = self.snapshot.options.pairs if self.pairs_kept else ()
        if leaf.slop != 1 or leaf.field is not None or not frequent:
            return []
        keys = dict.fromkeys(pair_key(a, b) for a, b in pairwise(leaf.terms) if a in frequent and b in frequent)
        return [self.snapshot.pair(key) for key in keys]

    def given(self, series: Series) -> Given:
        """The articles with a series: found once, whatever else is asked of them."""
        key = (series.places, series.slop, series.ordered, series.field)
        found = self.snapshot.sequences.get(key)
        if found is None:
            fills: dict[str, int] = {}
            for number, place in enumerate(series.places):
                for term in place:
                    fills[term] = fills.get(term, 0) | 1 << number
            found = self.snapshot.keep_sequence(
                key,
                find_sequence(
                    self.snapshot.searcher.parts,
                    [(self.snapshot.lists(term), places) for term, places in fills.items()],
                    len(series.places),
                    series.slop,
                    series.ordered,
                    FIELDS[series.field],
                    partial(check_time, self.deadline),
                ),
            )
        return found

    def words(self, leaves: Sequence[Leaf]) -> list[int]:
        """A node for each leaf of one term: of a pattern there may be hundreds, so they are made all at once."""
        idf, articles = self.variant.idf, self.snapshot.articles
        first_leaf, first_node = len(self.leaves), len(self.nodes)
        for leaf in leaves:
            check_time(self.deadline)
            lists = self.snapshot.lists(leaf.terms[0])
            self.leaves.append((idf(articles, lists.df) * leaf.boost, (lists,), 1, 1, FIELDS[leaf.field]))
        self.bound_leaves += leaves
        self.nodes += [(KINDS["leaf"], (number,)) for number in range(first_leaf, len(self.leaves))]
        return list(range(first_node, len(self.nodes)))

    def node(self, bound: Bound) -> int:
        if isinstance(bound, Leaf):
            check_time(self.deadline)
            lists = list(map(self.snapshot.lists, bound.terms))
            words, pairs = len(lists), self.pairs(bound)
            if pairs and words == 2:
                lists, words = pairs, 1  # the pair's list is the phrase's
            else:
                lists += pairs
            self.bound_leaves.append(bound)
            _, weight = weigh(bound, self.snapshot, self.variant)
            self.leaves.append((weight, tuple(lists), words, bound.slop, FIELDS[bound.field]))
            return self.put("leaf", (len(self.leaves) - 1,))
        if isinstance(bound, Series):
            self.bound_leaves.append(bound)
            _, weight = weigh(bound, self.snapshot, self.variant)
            self.leaves.append((weight, self.given(bound), 0, 1, 0))
            return self.put("leaf", (len(self.leaves) - 1,))
        if isinstance(bound, Where):
            self.filters.append((bound.start, bound.end, RELATIONS[bound.relation]))
            return self.put("filter", (len(self.filters) - 1,))
        if isinstance(bound, Holds):
            check_time(self.deadline)
            self.bitmaps.append(select(bound.condition, self.snapshot))
            return self.put("bits", (len(self.bitmaps) - 1,))
        if isinstance(bound, Everything):
            return self.put("all" if bound.matches else "nothing", ())
        kind = "and_maybe" if bound.kind == "shared" else bound.kind
        leaves = [child for child in bound.children if isinstance(child, Leaf) and len(child.terms) == 1]
        if len(leaves) == len(bound.children):
            return self.put(kind, tuple(self.words(leaves)))
        return self.put(kind, tuple(self.node(child) for child in bound.children))
