"""Planning: a bound query as a program of the compiled core (core/search.inc), with its weights.

Children stand before their parents, leaves are numbered in query order. Where the root is an AND of something that
scores and of conditions that do not (dates, NOT), the two are told apart as `scoring` and `mask`: then the core takes
its short ways for plain ORs and ANDs and asks the mask for survivors only.
"""

from __future__ import annotations

import math
from itertools import pairwise

from searchkit.core.program import KINDS, Program, TermLists
from searchkit.core.segment import pair_key
from searchkit.indexing.snapshot import Snapshot
from searchkit.search.bind import Bound, Everything, Group, Holds, Leaf, Where, check_time
from searchkit.search.where import select

__all__ = ["BY_KEY", "RELATIONS", "SORTS", "contribution", "idf", "plan"]

RELATIONS = {"overlaps": 0, "within": 1, "contains": 2, "undated": 3}
FIELDS = {None: 0, "title": 1, "text": 2}
SORTS = {"score": 0, "newest": 1, "oldest": 2}
BY_KEY = 3


def idf(articles: int, df: int) -> float:
    """ln(1 + (N - df + 0.5) / (df + 0.5)): Robertson's weight as Lucene has it, never below 0."""
    return math.log(1.0 + (articles - df + 0.5) / (df + 0.5))


def contribution(weight: float, tf: int, length: int, k1: float, b: float, average: float) -> float:
    """What a leaf adds to a score: weight * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / average)).

    `weight`: idf (of a phrase: the sum of its words' idf) times boost. Evaluated in this very order in core/search.h.
    Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009).
    """
    return weight * ((tf * (k1 + 1.0)) / (tf + k1 * ((1.0 - b) + b * length / average)))


def weigh(leaf: Leaf, snapshot: Snapshot) -> float:
    """The weight of a leaf: the sum of its words' idf, left to right, times its boost."""
    weight = idf(snapshot.articles, snapshot.lists(leaf.terms[0]).df)
    for term in leaf.terms[1:]:
        weight += idf(snapshot.articles, snapshot.lists(term).df)
    return weight * leaf.boost


def plan(bound: Bound, snapshot: Snapshot, deadline: int = 0) -> tuple[Program, list[Leaf]]:
    """The program of a bound query for all segments of a snapshot, and its leaves as the program numbers them.

    Raises TimeUp at the deadline.
    """
    planner = _Planner(snapshot, deadline)
    return planner.program(bound), planner.bound_leaves


def _scores(node: Bound) -> bool:
    if isinstance(node, Group):
        return node.kind != "not" and any(map(_scores, node.children))
    return isinstance(node, Leaf)


class _Planner:
    """The lists that a program is made of, as they grow."""

    def __init__(self, snapshot: Snapshot, deadline: int = 0) -> None:
        self.snapshot = snapshot
        self.deadline = deadline
        self.bound_leaves: list[Leaf] = []
        self.leaves: list[tuple[float, tuple[TermLists, ...], int, int, int]] = []
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
        frequent = self.snapshot.options.pairs
        if leaf.slop != 1 or leaf.field is not None or not frequent:
            return []
        keys = dict.fromkeys(pair_key(a, b) for a, b in pairwise(leaf.terms) if a in frequent and b in frequent)
        return [self.snapshot.pair(key) for key in keys]

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
            self.leaves.append((weigh(bound, self.snapshot), tuple(lists), words, bound.slop, FIELDS[bound.field]))
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
        return self.put(bound.kind, tuple(self.node(child) for child in bound.children))
