"""What a query found in the text of an article: the stretches to mark.

    place    a token that is a term of the query, with its position and its span of characters
    match    a stretch of the text that the query asked for: a word, or a phrase from its first word to its last

Places come from the index, which knows the positions of its terms (`Searcher.places`); where terms are too many for
that, from the text, analysed again as it was for the index. Both give the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from searchkit.search.results import Marks

__all__ = ["Match", "find_matches", "matches_at"]

MOST_GATHERED = 1 << 17  # words that fit, times the sets of places that may be filled before one

Span = tuple[int, int]
Place = tuple[int, str, int, int]  # position, term, start, end of a token


class Match(NamedTuple):
    """A stretch of the text, and the words and phrases of the query that it answers."""

    start: int
    end: int
    keys: frozenset[object]


def find_matches(spans: Sequence[tuple[str, int, int]], marks: Marks, term_of: Callable[[str], str]) -> list[Match]:
    """The matches among the tokens of a text, in order, none overlapping another.

    `spans`: (form, start, end) of each token of the text, all of them and in order. A word that was only asked for as
    part of a phrase is no match outside the phrase.
    """
    terms = marks.words | marks.in_company
    # Few of a text's forms matter, so that the walk over all of its tokens is left to a comprehension.
    wanted = {form: term for form in dict.fromkeys(map(itemgetter(0), spans)) if (term := term_of(form)) in terms}
    places = [(at, wanted[form], start, end) for at, (form, start, end) in enumerate(spans) if form in wanted]
    return matches_at(places, marks)


def matches_at(places: Sequence[Place], marks: Marks) -> list[Match]:
    """The same, where it is known which terms of the marks stand where."""
    keys: dict[str, frozenset[object]] = {term: frozenset([term]) for term in marks.words}
    found = [Match(start, end, keys[term]) for _, term, start, end in places if term in keys]
    if marks.phrases or marks.series:
        positions: dict[str, list[int]] = {term: [] for term in marks.in_company}
        spans: dict[int, Span] = {}
        for position, term, start, end in places:
            if term in positions:
                positions[term].append(position)
                spans[position] = (start, end)
        key: frozenset[object]
        for terms, slop in marks.phrases:
            key = frozenset([(terms, slop)])
            for first, last in _occurrences([positions[term] for term in terms], slop):
                found.append(Match(spans[first][0], spans[last][1], key))
        for series in marks.series:
            choices, slop, ordered = series
            key = frozenset([series])
            fitting = [sorted({at for term in terms for at in positions[term]}) for terms in choices]
            for first, last in _occurrences(fitting, slop) if ordered else _gatherings(fitting, slop):
                found.append(Match(spans[first][0], spans[last][1], key))
    return _merged(found)


def _occurrences(positions: Sequence[list[int]], slop: int) -> list[Span]:
    """First and last position of each occurrence of a phrase; each word is the nearest that leads on to the end.

    `positions`: of each of its places, those of the words that fill it.
    """
    ends = {position: position for position in positions[-1]}  # position of this word -> that of the last word
    for here in reversed(positions[:-1]):
        following = sorted(ends)
        ends_here = {}
        for position in here:
            nearest = bisect_right(following, position)
            if nearest < len(following) and following[nearest] - position <= slop:
                ends_here[position] = ends[following[nearest]]
        ends = ends_here
    return list(ends.items())


def _gatherings(positions: Sequence[list[int]], slop: int) -> list[Span]:
    """The same where the places may be filled in any order, a word each, each at most `slop` behind the one before.

    Where very many words fit, each of them by itself.
    """
    fills: dict[int, int] = {}  # position -> the places that it may fill, as bits
    for place, here in enumerate(positions):
        for position in here:
            fills[position] = fills.get(position, 0) | 1 << place
    every, rising = (1 << len(positions)) - 1, sorted(fills)
    if len(rising) << len(positions) > MOST_GATHERED:
        return [(position, position) for position in rising]
    last: dict[tuple[int, int], int | None] = {}  # (a word, places filled before it) -> where all are filled

    # From the last word back, what stands behind a word is known; of places filled there are 2 ** 8 at most.
    for number in range(len(rising) - 1, -1, -1):
        position = rising[number]
        behind = range(number + 1, bisect_right(rising, position + slop))
        for filled in range(every):
            best: int | None = None
            for place in range(len(positions)):
                if fills[position] & ~filled & 1 << place:
                    now = filled | 1 << place
                    if now == every:
                        best = position
                        break
                    reached = [end for other in behind if (end := last.get((other, now))) is not None]
                    best = min([*reached, *([] if best is None else [best])], default=None)
            if best is not None:
                last[number, filled] = best
    return [(rising[number], end) for (number, filled), end in last.items() if not filled and end is not None]


def _merged(matches: list[Match]) -> list[Match]:
    merged: list[Match] = []
    for match in sorted(matches, key=itemgetter(0, 1)):
        if merged and match.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Match(last.start, max(last.end, match.end), last.keys | match.keys)
        else:
            merged.append(match)
    return merged
