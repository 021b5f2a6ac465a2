"""Automata of word patterns, as core/automaton.h runs them.

    of_tree         what a wildcard or a regular expression means (query/regex.py), after Glushkov: a node for each
                    character of the expression; its successors are those that may follow it, so there are no empty
                    moves, and the core only unites sets
    of_beginning    words that begin so

V. M. Glushkov, The abstract theory of automata (1961).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import TypeAlias

from searchkit.core.patterns import Automaton
from searchkit.errors import QueryError
from searchkit.query.regex import ANY, Chain, Choice, Range, Repeat, Set, Tree

__all__ = ["EVERY_WORD", "MOST_CHARACTERS", "of_beginning", "of_tree"]

MOST_CHARACTERS = 512
"""Nodes of an expression: what each character of a dictionary may cost."""

Node: TypeAlias = tuple[Sequence[Range], set[int]]

EVERY_WORD = Repeat(Set(ANY), 0, None)

_END = 0
_SHARES = 1, 16, 64  # of so many words, one begins with no, one, two letters that are sure; roughly
_TOLD = 2  # times that a letter stands in a word, told at a glance (core/pattern.h)
_UNTOLD = 256  # letters: no word has so many


def of_beginning(text: str) -> Automaton:
    """Words that begin so."""
    return of_tree(Chain((*(Set(((ord(letter), ord(letter)),)) for letter in text), EVERY_WORD)))


def of_tree(tree: Tree) -> Automaton:
    """Words that an expression describes. Raises QueryError if it is too long, its repeats written out."""
    nodes: list[Node] = [((), set())]
    empty, first, last = _add(tree, nodes)
    for node in last:
        nodes[node][1].add(_END)
    needs, least, most = _sure(tree)
    start, share = [*first, _END] if empty else first, _share(tree, needs, most)
    return Automaton(nodes, start, needs="".join(map(chr, needs)), least=least, most=most, share=share)


def _add(tree: Tree, nodes: list[Node]) -> tuple[bool, list[int], list[int]]:
    """Add the nodes of a tree. Whether it may be empty, where it may begin and where it may end."""
    if isinstance(tree, Set):
        if len(nodes) > MOST_CHARACTERS:
            raise QueryError(
                f"a pattern is longer than {MOST_CHARACTERS} characters, its repeats written out",
                hint="write * for many of a kind",
            )
        nodes.append((tree.ranges, set()))
        return False, [len(nodes) - 1], [len(nodes) - 1]
    if isinstance(tree, Choice):
        added = [_add(part, nodes) for part in tree.parts]
        first = [node for _, some, _ in added for node in some]
        last = [node for _, _, some in added for node in some]
        return any(empty for empty, _, _ in added), first, last
    if isinstance(tree, Chain):
        chain = True, [], []  # type: tuple[bool, list[int], list[int]]
        for part in tree.parts:
            chain = _join(chain, _add(part, nodes), nodes)
        return chain
    chain = True, [], []
    for written in range(tree.least + 1 if tree.most is None else tree.most):
        empty, first, last = _add(tree.part, nodes)
        if not first:  # the empty word, however often
            break
        if tree.most is None and written == tree.least:
            for node in last:
                nodes[node][1].update(first)
        chain = _join(chain, (empty or written >= tree.least, first, last), nodes)
    return chain


def _join(
    one: tuple[bool, list[int], list[int]], other: tuple[bool, list[int], list[int]], nodes: list[Node]
) -> tuple[bool, list[int], list[int]]:
    for node in one[2]:
        nodes[node][1].update(other[1])
    return (
        one[0] and other[0],
        one[1] + other[1] if one[0] else one[1],
        other[2] + one[2] if other[0] else other[2],
    )


def _sure(tree: Tree) -> tuple[tuple[int, ...], int, int]:
    """What all words of an expression have in common: code points that each of them has, at least as often as here; how
    many letters each has at least, and at most (_UNTOLD: any number).
    """
    if isinstance(tree, Set):
        letter = _only(tree)
        return () if letter is None else (letter,), 1, 1
    if isinstance(tree, Repeat):
        letters, least, most = _sure(tree.part)
        longest = _UNTOLD if tree.most is None else min(most * tree.most, _UNTOLD)
        return letters * min(tree.least, _TOLD), min(least * tree.least, _UNTOLD), longest
    parts = [_sure(part) for part in tree.parts]
    leasts, mosts = [least for _, least, _ in parts], [most for _, _, most in parts]
    if isinstance(tree, Chain):
        together = tuple(letter for letters, _, _ in parts for letter in letters)
        return together, min(sum(leasts), _UNTOLD), min(sum(mosts), _UNTOLD)
    shared = reduce(and_, (Counter(letters) for letters, _, _ in parts))
    return tuple(shared.elements()), min(leasts), max(mosts)


def _share(tree: Tree, needs: Sequence[int], most: int) -> int:
    """What a walk over all words in order reads of them, see Automaton; 0 where that is the best way.

    It reads what begins as the expression does. Something else must be sure as well, or nothing is told by a glance.
    """
    begins = 0
    for part in tree.parts if isinstance(tree, Chain) else (tree,):
        if _only(part) is None:
            break
        begins += 1
    if begins >= len(_SHARES) or (most == _UNTOLD and len(needs) == begins):
        return 0
    return _SHARES[begins]


def _only(tree: Tree) -> int | None:
    """The one code point that stands here."""
    if isinstance(tree, Set) and len(tree.ranges) == 1 and tree.ranges[0][0] == tree.ranges[0][1]:
        return tree.ranges[0][0]
    return None
