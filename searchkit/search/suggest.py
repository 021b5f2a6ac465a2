"""Did you mean: queries that are spelt a little differently, and find something.

A word is doubted if hardly an article has it, while many have one that is nearly spelt so: one edit away, or two if it
is long. Words of the index, as they stand in live articles, take the place of doubted ones, nearest first and of these
the most frequent; phrases, operators and dates stay as they are. What finds nothing is not suggested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import attrs

from searchkit.core.patterns import Edits, Matches
from searchkit.query.nodes import And, AndMaybe, Boost, Or, Phrase, Query, Require, Term

if TYPE_CHECKING:
    from searchkit.indexing.snapshot import Snapshot

__all__ = ["MOST_SUGGESTIONS", "other_spellings", "replaced", "with_words"]

MOST_SUGGESTIONS = 3
MOST_DOUBTED = 8  # words of one query
MOST_TRIED = 64  # neighbours of one word that are looked at, the most frequent
RARE = 2  # articles that have a word which may still be a mistake
FAR_MORE = 100  # so many times as many must have the other word, then
LONG = 6  # letters of a word that may have two mistakes


def other_spellings(query: Query, snapshot: Snapshot, each: Callable[[], object]) -> Iterator[dict[str, str]]:
    """What to put in place of the query's words, form by form; the most likely first. `each` may raise."""
    choices: dict[str, list[str]] = {}
    for form in dict.fromkeys(_forms(query, snapshot)):
        if len(choices) < MOST_DOUBTED and (better := _neighbours(form, snapshot, each)):
            choices[form] = better
    if not choices:
        return
    first = {form: better[0] for form, better in choices.items()}
    yield first
    for form, better in choices.items():
        for other in better[1:MOST_SUGGESTIONS]:
            yield {**first, form: other}


def _forms(query: Query, snapshot: Snapshot) -> Iterator[str]:
    """The words that speak for an article."""
    if isinstance(query, Term | Phrase):
        yield from snapshot.analyzer.forms(query.text)
    for child in _children(query):
        yield from _forms(child, snapshot)


def _children(query: Query) -> tuple[Query, ...]:
    if isinstance(query, And | Or):
        return query.children
    if isinstance(query, Boost):
        return (query.child,)
    if isinstance(query, AndMaybe):
        return query.required, query.optional
    return (query.required, query.filter) if isinstance(query, Require) else ()


def _neighbours(form: str, snapshot: Snapshot, each: Callable[[], object]) -> list[str]:
    """Word forms that may have been meant, the most likely first; none if the form is likely to be right."""
    term = snapshot.term_of(form)
    articles = snapshot.lists(term).df
    if articles > RARE or len(form) < 3 or any(letter.isdigit() for letter in form):
        return []
    for distance in (1, 2) if len(form) >= LONG else (1,):
        matches = Matches(snapshot.searcher.parts, Edits(form, distance), each, by_form=True)
        matches.sort()
        found: dict[str, tuple[int, str]] = {}  # by term: forms of one stem are one suggestion
        for number in range(min(len(matches), MOST_TRIED)):
            each()
            other = matches.name(number)
            meant = snapshot.term_of(other)
            df = snapshot.lists(meant).df
            if other != form and df >= max(1, FAR_MORE * articles) and snapshot.is_live(matches, number, meant, each):
                found.setdefault(meant, (-df, other))
        found.pop(term, None)
        if found:
            return [other for _, other in sorted(found.values())]
    return []


def replaced(text: str, instead: dict[str, str], snapshot: Snapshot) -> str:
    """A text with other words in place of some, all between the words as it was."""
    parts, at = [], 0
    for form, start, end in snapshot.analyzer.spans(text):
        if form in instead:
            parts += [text[at:start], instead[form]]
            at = end
    return "".join(parts) + text[at:]


def with_words(query: Query, instead: dict[str, str], snapshot: Snapshot) -> Query:
    """The query with other words in place of some. What takes articles away, and patterns, stay."""
    if isinstance(query, Term | Phrase):
        return attrs.evolve(query, text=replaced(query.text, instead, snapshot))
    if isinstance(query, And | Or):
        return type(query)(*(with_words(child, instead, snapshot) for child in query.children))
    if isinstance(query, Boost):
        return Boost(with_words(query.child, instead, snapshot), query.factor)
    if isinstance(query, AndMaybe | Require):
        return type(query)(*(with_words(child, instead, snapshot) for child in _children(query)))
    return query
