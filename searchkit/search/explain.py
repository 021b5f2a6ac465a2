"""Why an article has the score it has: the contribution of each word and phrase, adding up to it exactly."""

from __future__ import annotations

from itertools import pairwise

import attrs

from searchkit.indexing.snapshot import Snapshot
from searchkit.search.bind import Bound, Leaf
from searchkit.search.formula import Ranking, closeness, contribution, frequencies, weigh
from searchkit.search.plan import plan

__all__ = ["Explanation", "ExplanationFactor", "ExplanationPair", "ExplanationPart", "explain"]


@attrs.frozen
class ExplanationPart:
    """What one word or phrase adds to the score."""

    terms: tuple[str, ...]  # one for a word, several for a phrase; of a sequence, those of each place with | between
    field: str | None
    tf: int  # occurrences in the article
    df: tuple[int, ...]  # of each term: articles in which it occurs; of a place, those of its most frequent term
    idf: float  # of a phrase: the sum of its terms' idf
    boost: float
    score: float

    def __str__(self) -> str:
        name = f'"{" ".join(self.terms)}"' if len(self.terms) > 1 else self.terms[0]
        where = f"{self.field}:" if self.field else ""
        boost = "" if self.boost == 1 else f", boost {self.boost:g}"
        articles = " and ".join(f"{df:,}" for df in self.df)
        return f"{self.score:10.6f}  {where}{name}: tf {self.tf:,}, df {articles}, idf {self.idf:.4f}{boost}"


@attrs.frozen
class ExplanationPair:
    """What two neighbouring words of the query add by standing close together."""

    terms: tuple[str, str]
    nearness: float  # the sum of 1 / distance ** 2 over the places where they stand at most 5 positions apart
    score: float

    def __str__(self) -> str:
        return f"{self.score:10.6f}  {' near '.join(self.terms)}: nearness {self.nearness:.4f}"


@attrs.frozen
class ExplanationFactor:
    """What the score is multiplied by, for the sake of dates."""

    name: str  # of the option that asked for it: "recency", "soft_since" or "soft_until"
    distance: float | None  # seconds between the article's date and what was asked for; None: it is undated
    factor: float

    def __str__(self) -> str:
        away = "undated" if self.distance is None else f"{self.distance / 86_400:,.1f} days away"
        return f"{self.factor:10.6f}  times, {self.name}: {away}"


@attrs.frozen
class Explanation:
    """The score of an article for a query: the sum of its parts and its pairs, in query order, times its factors."""

    id: str
    matches: bool
    score: float
    parts: tuple[ExplanationPart, ...]
    length: int  # tokens of the article
    average: float  # tokens of an article of this index on average
    articles: int
    k1: float
    b: float
    variant: str | None = None
    factors: tuple[ExplanationFactor, ...] = ()
    pairs: tuple[ExplanationPair, ...] = ()

    def __str__(self) -> str:
        if not self.matches:
            return f"{self.id} is not found by this query"
        lines = [f"{self.score:10.6f}  {self.id}, the sum of:", *map(str, self.parts)]
        lines += [*map(str, self.pairs), *map(str, self.factors)]
        variant = f"variant {self.variant}, " if self.variant else ""
        lines.append(
            f"{variant}k1 {self.k1:g}, b {self.b:g}; the article's length is {self.length:,} tokens, the average "
            f"{self.average:,.1f}; N {self.articles:,}"
        )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from searchkit.search.notebook import explanation_html

        return explanation_html(self)


def explain(bound: Bound | None, snapshot: Snapshot, number: int, docid: int, ranking: Ranking) -> Explanation:
    """Explain the score of the article `docid` in part `number`."""
    segment = snapshot.parts[number].segment
    length = segment.length(docid)
    matches, parts, pairs, factors, score = False, [], [], [], 0.0
    if bound is not None:
        program, leaves = plan(bound, snapshot, variant=ranking.variant, pairs=not ranking.proximity)
        matches, found, near = snapshot.searcher.frequencies(program, number, docid, ranking.proximity > 0)
        for leaf, tf in zip(leaves, found, strict=True):
            if not tf or not matches:
                continue
            df = frequencies(leaf, snapshot)
            idf, weight = weigh(leaf, snapshot, ranking.variant)
            part = contribution(weight, tf, length, snapshot.average, ranking)
            terms = leaf.terms if isinstance(leaf, Leaf) else tuple("|".join(place) for place in leaf.places)
            parts.append(ExplanationPart(terms, leaf.field, tf, df, idf, leaf.boost, part))
            score += part
        # Words that are near each other count, so neighbours are neighbours among what counts.
        counting = [(leaf, nearness) for leaf, tf, nearness in zip(leaves, found, near, strict=True) if tf and matches]
        for (before, _), (leaf, nearness) in pairwise(counting):
            if nearness > 0:
                assert isinstance(before, Leaf) and isinstance(leaf, Leaf)
                weight = min(weigh(one, snapshot, ranking.variant)[1] for one in (before, leaf))
                added = closeness(weight, nearness, length, snapshot.average, ranking)
                pairs.append(ExplanationPair((before.terms[0], leaf.terms[0]), nearness, added))
                score += added
    if matches:
        date = segment.seconds(docid)
        for name, fade in ranking.fades:
            distance = None if date is None else fade.distance(*date)
            factor = fade.factor(distance)
            factors.append(ExplanationFactor(name, distance, factor))
            score *= factor
    return Explanation(
        segment.id(docid),
        matches,
        score,
        tuple(parts),
        length,
        snapshot.average,
        snapshot.articles,
        ranking.k1,
        ranking.b,
        ranking.variant.name,
        tuple(factors),
        tuple(pairs),
    )
