"""Reading regular expressions and wildcards, as trees of what one word may look like.

    Set        one character, of some ranges of code points
    Chain      one after another; without parts, the empty word
    Choice     one of these
    Repeat     so many times, at least `least` and at most `most` (None: any number)

Both always mean a whole word. Of regular expressions there is what every such language has: characters, `.`, classes,
`\\d` (0 to 9), `\\w` (a letter, digit or _; all beyond ASCII is letters), `\\s`, groups, `|`, `*`, `+`, `?`, `{2}`,
`{2,}`, `{2,3}`. What looks around, looks back or sets flags is refused: a word is matched in one pass.

`fold` makes of a character what stands for it in the words of an index, which may be several or none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from searchkit.errors import QueryError

__all__ = ["ANY", "Chain", "Choice", "Range", "Repeat", "Set", "Tree", "read_regex", "read_wildcard"]

Range: TypeAlias = tuple[int, int]
"""Code points, the last one included."""

ANY: tuple[Range, ...] = ((2, 0x10FFFF),)
"""All that a word may hold. (Words hold no control characters; an index has a use of its own for the first.)"""

MOST_REPEATS = 255
"""A word has at most 255 bytes."""

MAX_NESTING = 50

_DIGITS: tuple[Range, ...] = ((0x30, 0x39),)
_LETTERS: tuple[Range, ...] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A), (0x80, 0x10FFFF))
_BLANKS: tuple[Range, ...] = ((0x09, 0x0D), (0x20, 0x20))
_SHORT = {"d": _DIGITS, "w": _LETTERS, "s": _BLANKS}


@frozen
class Set:
    ranges: tuple[Range, ...]


@frozen
class Chain:
    parts: tuple[Tree, ...]


@frozen
class Choice:
    parts: tuple[Tree, ...]


@frozen
class Repeat:
    part: Tree
    least: int
    most: int | None


Tree: TypeAlias = Set | Chain | Choice | Repeat

Fold: TypeAlias = Callable[[str], str]


def read_wildcard(text: str, fold: Fold = str.lower) -> Tree:
    """The tree of a wildcard: `*`, `?`, `[abc]`, `[a-c]`, `[!abc]`. Any text is one."""
    parts: list[Tree] = []
    at = 0
    while at < len(text):
        letter = text[at]
        close = text.find("]", at + 2) if letter == "[" else -1
        if letter == "*":
            if not parts or parts[-1] != Repeat(Set(ANY), 0, None):
                parts.append(Repeat(Set(ANY), 0, None))
        elif letter == "?":
            parts.append(Set(ANY))
        elif close > 0:
            inside = text[at + 1 : close]
            negated = inside.startswith("!") and len(inside) > 1
            parts.append(Set(_class_of(inside[1:] if negated else inside, negated, fold)))
            at = close
        else:
            parts.append(_literal(letter, fold))
        at += 1
    return Chain(tuple(parts))


def _class_of(inside: str, negated: bool, fold: Fold) -> tuple[Range, ...]:
    ranges: list[Range] = []
    at = 0
    while at < len(inside):
        first = inside[at]
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            ranges += _span(first, inside[at + 2], fold)
            at += 3
        else:
            ranges += _span(first, first, fold)
            at += 1
    return _without(ranges) if negated else tuple(ranges)


def _span(first: str, last: str, fold: Fold) -> list[Range]:
    """The range, and that between its folded ends: `[A-F]` is also `[a-f]`, for words are folded."""
    spans = [(first, last)]
    low, high = fold(first), fold(last)
    if len(low) == len(high) == 1 and (low, high) != (first, last):
        spans.append((low, high))
    return [(ord(low), ord(high)) for low, high in spans if low <= high]


def _without(ranges: list[Range]) -> tuple[Range, ...]:
    """All that a word may hold but these."""
    left: list[Range] = []
    at = ANY[0][0]
    for first, last in sorted(ranges):
        if first > at:
            left.append((at, first - 1))
        at = max(at, last + 1)
    if at <= ANY[0][1]:
        left.append((at, ANY[0][1]))
    return tuple(left)


def _literal(letter: str, fold: Fold) -> Tree:
    sets = [Set(((ord(one), ord(one)),)) for one in fold(letter)]
    return sets[0] if len(sets) == 1 else Chain(tuple(sets))


def read_regex(pattern: str, fold: Fold = str.lower) -> Tree:
    """The tree of a regular expression. Raises QueryError with the position of what it cannot be."""
    return _Reader(pattern, fold).whole()


class _Reader:
    """Reads a pattern from left to right; `at` is the next character."""

    def __init__(self, pattern: str, fold: Fold) -> None:
        self.pattern = pattern
        self.fold = fold
        self.at = 0
        self.nesting = 0

    def refuse(self, reason: str, at: int, hint: str = "") -> QueryError:
        return QueryError(f"regular expression: {reason}", position=at, hint=hint)

    def peek(self, length: int = 1) -> str:
        return self.pattern[self.at : self.at + length]

    def whole(self) -> Tree:
        if self.peek() == "^":
            self.at += 1
        tree = self.choice()
        if self.peek() == ")":
            raise self.refuse("a ) without its (", self.at, "write \\) for the sign itself")
        return tree

    def choice(self) -> Tree:
        parts = [self.chain()]
        while self.peek() == "|":
            self.at += 1
            parts.append(self.chain())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def chain(self) -> Tree:
        parts: list[Tree] = []
        while self.at < len(self.pattern) and self.peek() not in "|)":
            if self.peek() == "$" and self.at == len(self.pattern) - 1:
                self.at += 1
                break
            parts.append(self.repeated(self.one()))
        return parts[0] if len(parts) == 1 else Chain(tuple(parts))

    def one(self) -> Tree:
        at, letter = self.at, self.peek()
        self.at += 1
        if letter == ".":
            return Set(ANY)
        if letter == "[":
            return Set(self.bracket(at))
        if letter == "(":
            return self.group(at)
        if letter == "\\":
            escaped, ranges = self.escape(at)
            return _literal(escaped, self.fold) if escaped else Set(ranges)
        if letter in "*+?{":
            raise self.refuse(f"{letter} has nothing to repeat", at, f"write \\{letter} for the sign itself")
        if letter in "^$":
            raise self.refuse(f"{letter} inside", at, "an expression always stands for a whole word: leave it out")
        return _literal(letter, self.fold)

    def group(self, at: int) -> Tree:
        if self.peek(2) == "?:":
            self.at += 2
        elif self.peek() == "?":
            raise self.refuse(f"(?{self.pattern[self.at + 1 : self.at + 2]} is not supported", at, "write ( or (?:")
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.refuse(f"groups inside {MAX_NESTING} others", at)
        tree = self.choice()
        self.nesting -= 1
        if self.peek() != ")":
            raise self.refuse("a ( is not closed", at, "write \\( for the sign itself")
        self.at += 1
        return tree

    def escape(self, at: int) -> tuple[str, tuple[Range, ...]]:
        """What stands behind a \\: a character, or else ranges."""
        letter = self.peek()
        self.at += 1
        if letter and letter in "dwsDWS":
            short = _SHORT[letter.lower()]
            return "", short if letter.islower() else _without(list(short))
        if not letter or letter.isalnum():
            reason = f"\\{letter} is not supported" if letter else "a \\ at the end"
            raise self.refuse(reason, at, "there are \\d, \\w and \\s")
        return letter, ()

    def bracket(self, at: int) -> tuple[Range, ...]:
        negated = self.peek() == "^"
        self.at += negated
        ranges: list[Range] = []
        first = True
        while first or self.peek() != "]":
            if self.at >= len(self.pattern):
                raise self.refuse("a [ is not closed", at, "write \\[ for the sign itself")
            first = False
            low_at = self.at
            low, inside = self.member()
            if self.peek() == "-" and self.peek(2) not in ("-", "-]"):
                self.at += 1
                high, _ = self.member()
                if not low or not high or low > high:
                    raise self.refuse(f"no range: {self.pattern[low_at : self.at]}", low_at, "write it as [a-z]")
                ranges += _span(low, high, self.fold)
            else:
                ranges += _span(low, low, self.fold) if low else inside
        self.at += 1
        return _without(ranges) if negated else tuple(ranges)

    def member(self) -> tuple[str, tuple[Range, ...]]:
        at, letter = self.at, self.peek()
        self.at += 1
        return self.escape(at) if letter == "\\" else (letter, ())

    def repeated(self, tree: Tree) -> Tree:
        while self.peek() and self.peek() in "*+?{":
            at, letter = self.at, self.peek()
            self.at += 1
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1), "{": (0, 0)}[letter]
            if letter == "{":
                least, most = self.counts(at)
            if self.peek() == "?":  # as few as will do: the same words
                self.at += 1
            tree = Repeat(tree, least, most)
        return tree

    def counts(self, at: int) -> tuple[int, int | None]:
        close = self.pattern.find("}", at)
        inside = self.pattern[at + 1 : close] if close > 0 else ""
        low, comma, high = inside.partition(",")
        if not all(side == "" or (side.isascii() and side.isdigit()) for side in (low, high)) or not (low or high):
            raise self.refuse("{ without how often", at, "write {2}, {2,} or {2,3}; \\{ for the sign itself")
        least = int(low[:4] or 0)
        most = int(high[:4]) if high else None if comma else least
        if least > MOST_REPEATS or (most is not None and not least <= most <= MOST_REPEATS):
            raise self.refuse(f"{{{inside}}} times", at, f"it may be from 0 to {MOST_REPEATS}, the lesser first")
        self.at = close + 1
        return least, most
