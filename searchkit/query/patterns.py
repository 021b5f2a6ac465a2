"""Leaves that stand for more words than they name: all of some shape, near some spelling, or between two others.

All are about word forms as an index spells them (folded, before stemming), and match whole words. How many words one
may stand for is up to the search, which says so in a warning where it leaves some out.

    Wildcard    qu?ck  *ing  [ql]uick  201[!0-4]
    Fuzzy       hurricaine~  hurricaine~2/3
    Regex       r"colou?rs?"
    TermRange   [apple TO berry}

`Sequence` is a phrase whose places may be such leaves, or several words to choose from.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import evolve, field, frozen

from searchkit.errors import QueryError
from searchkit.query.nodes import (
    FIELDS,
    MAX_SLOP,
    Or,
    Prefix,
    Query,
    Term,
    close_open_sides,
    depth_over,
    refuse_words,
)
from searchkit.query.written import in_brackets, in_field, place, word

__all__ = ["MAX_DISTANCE", "MAX_PATTERN", "MAX_PLACES", "Field", "Fuzzy", "Regex", "Sequence", "TermRange", "Wildcard"]

MAX_DISTANCE = 2
"""The most edits between a fuzzy word and what it finds."""

MAX_PATTERN = 1_000
"""Characters of a pattern. Longer ones are refused: no word is so long, and patterns cost by their length."""

MAX_PLACES = 64
"""Places of a sequence."""

Field: TypeAlias = Literal["title", "text"] | None


@frozen(repr=False)
class Wildcard(Query):
    """Articles that hold a word of this shape.

    `*` stands for any characters or none, `?` for one, `[abc]` for one of these, `[a-c]` for one of a range, `[!abc]`
    for one that is not among these. A `[` that is not closed stands for itself.
    """

    text: str
    field: Field = None

    def __attrs_post_init__(self) -> None:
        _check_pattern(self, self.text, self.field)

    def __str__(self) -> str:
        return in_field(self.field, self.text)


@frozen(repr=False)
class Fuzzy(Query):
    """Articles that hold a word at most `distance` edits away: a letter put in, left out, replaced, or two exchanged.

    The first `prefix` letters must be the same.
    """

    text: str
    distance: int = 1
    """1 or 2."""
    prefix: int = 0
    field: Field = None

    def __attrs_post_init__(self) -> None:
        _check_pattern(self, self.text, self.field)
        if type(self.distance) is not int or not 1 <= self.distance <= MAX_DISTANCE:
            raise QueryError(
                f"the distance of a Fuzzy is {self.distance!r}", hint=f"it must be from 1 to {MAX_DISTANCE}"
            )
        if type(self.prefix) is not int or not 0 <= self.prefix <= MAX_PATTERN:
            raise QueryError(f"the prefix of a Fuzzy is {self.prefix!r}", hint=f"it must be from 0 to {MAX_PATTERN}")

    def __str__(self) -> str:
        distance = "" if self.distance == 1 else str(self.distance)
        return in_field(self.field, f"{self.text}~{distance}{f'/{self.prefix}' if self.prefix else ''}")


@frozen(repr=False)
class Regex(Query):
    """Articles that hold a word which a regular expression matches from its first character to its last."""

    pattern: str
    field: Field = None

    def __attrs_post_init__(self) -> None:
        _check_pattern(self, self.pattern, self.field)

    def __str__(self) -> str:
        return in_field(self.field, f'r"{self.pattern}"')


@frozen(repr=False)
class TermRange(Query):
    """Articles that hold a word from `low` to `high`, in the order of their characters' code points.

    None leaves a side open, and an open side is always inclusive.
    """

    low: str | None = None
    high: str | None = None
    include_low: bool = True
    include_high: bool = True
    field: Field = None

    def __attrs_post_init__(self) -> None:
        for side in (self.low, self.high):
            if side is not None:
                _check_pattern(self, side, self.field)
        if self.field not in FIELDS:
            refuse_words(self, "", self.field)
        close_open_sides(self)

    def __str__(self) -> str:
        low, high = (None if side is None else word(side) for side in (self.low, self.high))
        return in_field(self.field, in_brackets(low, high, self.include_low, self.include_high))


Place: TypeAlias = Term | Prefix | Wildcard | Fuzzy | Regex

_PLACES = (Term, Prefix, Wildcard, Fuzzy, Regex)


@frozen(repr=False, init=False)
class Sequence(Query):
    """Articles that hold words in places one after another, each at most `slop` words behind the place before.

    A place is a Term, Prefix, Wildcard, Fuzzy or Regex, or an Or of such; all look in the same field. With `ordered`
    False the places may be filled in any order, still each at most `slop` words from the one before it in the text.
    """

    children: tuple[Query, ...]
    slop: int = 1
    """1: each place directly follows the one before."""
    ordered: bool = True
    depth: int = field(init=False, eq=False)

    def __init__(self, *children: Query, slop: int = 1, ordered: bool = True) -> None:
        self.__attrs_init__(children, slop, ordered)
        object.__setattr__(self, "depth", depth_over(self, children))
        if len(children) < 2:
            raise QueryError("a Sequence has one place", hint="give it two or more, or take the place itself")
        if len(children) > MAX_PLACES:
            raise QueryError(f"a Sequence has {len(children):,} places", hint=f"it may have {MAX_PLACES}")
        fields = set()
        for child in children:
            for leaf in child.children if isinstance(child, Or) else (child,):
                if not isinstance(leaf, _PLACES):
                    raise QueryError(
                        f"a Sequence has the place {leaf!r}",
                        hint="places are Term, Prefix, Wildcard, Fuzzy, Regex, or an Or of these",
                    )
                fields.add(leaf.field)
        if len(fields) > 1:
            raise QueryError("the places of a Sequence are in different fields", hint="give all of them one field")
        if type(slop) is not int or not 1 <= slop <= MAX_SLOP:
            raise QueryError(f"slop is {slop!r}", hint=f"it must be a whole number from 1 (adjacent) to {MAX_SLOP}")
        if type(ordered) is not bool:
            raise QueryError(f"ordered is {ordered!r}", hint="it must be True or False")

    @property
    def field(self) -> Field:
        """Where all places are to stand."""
        first = self.children[0]
        leaf = first.children[0] if isinstance(first, Or) else first
        assert isinstance(leaf, _PLACES)
        return leaf.field

    def __repr__(self) -> str:
        shown = [*map(repr, self.children)]
        shown += [f"slop={self.slop}"] * (self.slop != 1) + ["ordered=False"] * (not self.ordered)
        return f"Sequence({', '.join(shown)})"

    def __str__(self) -> str:
        if not self.ordered:
            return f" NEAR/{self.slop} ".join(
                f"({child})" if isinstance(child, Or) else str(child) for child in self.children
            )
        places = " ".join(map(_place, self.children))
        return in_field(self.field, f'"{places}"' + ("" if self.slop == 1 else f"~{self.slop}"))


def _check_pattern(node: Query, text: object, field: object) -> None:
    if not isinstance(text, str) or field not in FIELDS:
        refuse_words(node, text, field)
    assert isinstance(text, str)
    kind = type(node).__name__
    if not text:
        raise QueryError(f"a {kind} is empty", hint="write what the words look like, or take All()")
    if len(text) > MAX_PATTERN:
        raise QueryError(f"a {kind} has {len(text):,} characters", hint=f"it may have {MAX_PATTERN:,}")


def _place(node: Query) -> str:
    """A place as it stands inside quotes, which say the field for all."""
    if isinstance(node, Or):
        return f"({' OR '.join(map(_place, node.children))})"
    return place(node.text) if isinstance(node, Term) else str(evolve(node, field=None))  # type: ignore[misc]
