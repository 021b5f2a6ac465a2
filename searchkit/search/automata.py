"""Automata of word patterns, as core/automaton.h runs them.

    of_tree     what a wildcard or a regular expression means (query/regex.py), after Glushkov: a node for each
                character of the expression; its successors are those that may follow it
    of_word     words within some edits of one

Neither has empty moves, so the core only unites sets.

V. M. Glushkov, The abstract theory of automata (1961).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from searchkit.core.patterns import MOST_NODES, Automaton
from searchkit.errors import QueryError
from searchkit.query.regex import ANY, Chain, Choice, Range, Repeat, Set, Tree

__all__ = ["EVERY_WORD", "MOST_CHARACTERS", "of_beginning", "of_tree", "of_word"]

MOST_CHARACTERS = 512
"""Nodes of an expression: what each character of a dictionary may cost."""

Node: TypeAlias = tuple[Sequence[Range], set[int]]

EVERY_WORD = Repeat(Set(ANY), 0, None)

_END = 0


def of_beginning(text: str) -> Automaton:
    """Words that begin so."""
    return of_tree(Chain((*(Set(((ord(letter), ord(letter)),)) for letter in text), EVERY_WORD)))


def of_tree(tree: Tree) -> Automaton:
    """Words that an expression describes. Raises QueryError if it is too long, its repeats written out."""
    nodes: list[Node] = [((), set())]
    empty, first, last = _add(tree, nodes)
    for node in last:
        nodes[node][1].add(_END)
    return Automaton(nodes, [*first, _END] if empty else first)


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


def of_word(word: str, distance: int, prefix: int) -> Automaton:
    """Words at most `distance` edits from `word`, the first `prefix` letters apart: those are the same.

    An edit puts a letter in, leaves one out, replaces one or exchanges two neighbours, and no letter is edited twice
    (the optimal string alignment distance).
    """
    prefix = min(prefix, len(word))
    nodes: list[Node] = [((), set())]
    count = len(word)
    entries: dict[tuple[int, int], list[int]] = {}  # by letters done and edits spent: the nodes from there on

    def node(ranges: Sequence[Range], successors: list[int]) -> int:
        nodes.append((ranges, set(successors)))
        return len(nodes) - 1

    for at in range(count, -1, -1):
        for spent in range(distance, -1, -1):
            entry = [_END] if at == count else [node(_one(word[at]), entries[at + 1, spent])]
            if at < prefix:
                entries[at, spent] = entry
                continue
            if spent < distance:
                left_out = entries[at + 1, spent + 1] if at < count else []
                entry.append(node(ANY, [*entries[at, spent + 1], *left_out]))  # one put in, or one replaced
                if at + 1 < count and word[at] != word[at + 1]:
                    second = node(_one(word[at]), entries[at + 2, spent + 1])
                    entry.append(node(_one(word[at + 1]), [second]))
                entry += left_out
            entries[at, spent] = entry
    assert len(nodes) <= MOST_NODES  # of the longest form, 255 letters
    return Automaton(nodes, entries[0, 0])


def _one(letter: str) -> Sequence[Range]:
    return ((ord(letter), ord(letter)),)
