"""Expansion: a query asked again with what its first hits have in common (RM3, see `Rm3` in searchkit/ranking.py).

    relevance of a term    sum over the first hits of   tf / length * score / (sum of the scores)
    second query           the query, its boosts times 1 - weight, and the most relevant terms, each with the boost
                           weight * (sum of the query's boosts) * relevance / (sum over the chosen terms)

Terms that more than a tenth of all articles have say nothing and are left out. A query that is one word or phrase, or
an OR of such, finds what has any of the terms too; of any other (AND, brackets) the terms only raise scores, so that
what it asks for still holds. Conditions on dates and fields, and what is excluded, hold for both.
"""

from __future__ import annotations

from math import isfinite

import attrs

from searchkit.errors import SearchkitError
from searchkit.indexing.snapshot import Snapshot
from searchkit.ranking import Rm3
from searchkit.search.bind import Bound, Group, Leaf, Series, group_of

__all__ = ["expanded"]

COMMON = 0.1  # of all articles; a term that more of them have is left out


def expanded(bound: Bound, hits: list[tuple[int, int, float]], snapshot: Snapshot, rm3: Rm3) -> Bound:
    """The second query. `hits`: part, docid and score of the first ones, best first."""
    if not snapshot.store:
        raise SearchkitError("the index was made with store=False: without texts no query can be expanded")
    total = sum_of_boosts(bound)
    relevant = _relevant(hits, snapshot, rm3.terms)
    if not relevant or not rm3.weight or not total:
        return bound
    whole = sum(relevance for _, relevance in relevant)
    share = rm3.weight * total / whole
    if not isfinite(share):
        return bound  # what is all but nothing tells nothing
    told = [Leaf((term,), 1, None, share * relevance) for term, relevance in relevant]
    asked = scaled(bound, 1.0 - rm3.weight)
    silent: list[Bound] = []
    if isinstance(asked, Group) and asked.kind == "and":
        speaking = [child for child in asked.children if sum_of_boosts(child)]
        silent = [child for child in asked.children if not sum_of_boosts(child)]
        asked = group_of("and", speaking) or asked
    asked, *parts = asked.children if isinstance(asked, Group) and asked.kind == "shared" else (asked,)
    speaks = asked.children if isinstance(asked, Group) and asked.kind == "or" else (asked,)
    loose = all(isinstance(child, Leaf | Series) for child in speaks)
    both = group_of("or", [asked, *told]) if loose else Group("and_maybe", (asked, group_of("or", told) or asked))
    if parts and both is not None:
        both = Group("shared", (both, *parts))
    return group_of("and", [both, *silent]) or bound


def scaled(bound: Bound, factor: float) -> Bound:
    """The same with all boosts multiplied."""
    if isinstance(bound, Leaf | Series):
        return attrs.evolve(bound, boost=bound.boost * factor)
    if isinstance(bound, Group):
        return Group(bound.kind, tuple(scaled(child, factor) for child in bound.children))
    return bound


def sum_of_boosts(bound: Bound) -> float:
    """Of all words and phrases that may add to a score; 0.0 of conditions."""
    if isinstance(bound, Leaf | Series):
        return bound.boost
    if isinstance(bound, Group) and bound.kind != "not":
        return sum(map(sum_of_boosts, bound.children))
    return 0.0


def _relevant(hits: list[tuple[int, int, float]], snapshot: Snapshot, most: int) -> list[tuple[str, float]]:
    """The most relevant terms of some hits, the best first, equal ones by their bytes."""
    analyzer, scores = snapshot.analyzer, sum(score for _, _, score in hits)
    relevance: dict[str, float] = {}
    for part, docid, score in hits:
        article = snapshot.article(part, docid)
        terms = analyzer.stem(analyzer.forms(f"{article.title}\n{article.text}"))
        counts: dict[str, int] = {}
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
        share = score / scores if scores > 0 else 1.0 / len(hits)
        for term, tf in counts.items():
            relevance[term] = relevance.get(term, 0.0) + tf / len(terms) * share
    ranked = sorted(relevance.items(), key=lambda pair: (-pair[1], pair[0].encode()))
    chosen: list[tuple[str, float]] = []
    for term, relevant in ranked:
        if relevant > 0 and snapshot.lists(term).df <= max(COMMON * snapshot.articles, 1):
            chosen.append((term, relevant))
            if len(chosen) == most:
                break
    return chosen
