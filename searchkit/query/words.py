"""Runs of characters and what stands between quotes, made into leaves: a word, a pattern, a phrase, a Sequence."""

from __future__ import annotations

import re
from collections.abc import Sequence as Many

from attrs import evolve

from searchkit.errors import QueryError, in_short
from searchkit.query.complaints import Complaints
from searchkit.query.marks import OPERATORS, PUNCTUATION, has_choices, has_class, is_wildcard, places, split_fuzzy
from searchkit.query.nodes import All, And, Or, Phrase, Prefix, Query, Term
from searchkit.query.patterns import MAX_DISTANCE, MAX_PATTERN, Field, Fuzzy, Regex, Sequence, TermRange, Wildcard
from searchkit.query.regex import read_regex

__all__ = ["join_near", "quoted_node", "regex_node", "within", "word_node"]

_REGEX = "letters, . [abc] (a|b) * + ? and {2,3} are understood"
_PUNCTUATION_BEFORE = re.compile(r"[^\w*?\[]+")  # no word begins with it
_ONLY_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]+")


def word_node(text: str, shape: str, position: int, complaints: Complaints) -> Query:
    """What a run of characters stands for, without the boosts behind it."""
    if shape in ("*", "*:*"):
        return All()
    if not any(mark in shape for mark in "*?~["):
        return Term(text)
    before = _PUNCTUATION_BEFORE.match(shape)
    start = before.end() if before else 0
    run = shape[start:].rstrip(PUNCTUATION)
    fuzzy = split_fuzzy(run)
    if not fuzzy and not is_wildcard(run):
        return Term(text)
    if len(run) > MAX_PATTERN:
        problem = f"a pattern of more than {MAX_PATTERN:,} characters"
        complaints.add("limit", problem, position, "read as plain words", "no word is so long")
        return Term(text)
    if not fuzzy:
        return _wildcard(run)
    text = text[start:]
    word, distance, prefix = fuzzy
    stem = word.rstrip(PUNCTUATION)
    while more := split_fuzzy(stem):
        stem = more[0].rstrip(PUNCTUATION)
    if is_wildcard(stem):
        complaints.add(
            "pattern",
            f"a wildcard that is fuzzy as well, {in_short(text)}",
            position,
            "the ~ is left out",
            "a word is one or the other",
        )
        return _wildcard(stem)
    edits = int(distance or 1)
    if not 1 <= edits <= MAX_DISTANCE:
        done = f"read as ~{MAX_DISTANCE}" if edits else "read as a plain word"
        complaints.add("pattern", f"the distance of {in_short(text)}", position, done, "write ~1 or ~2")
        if not edits:
            return Term(text[: len(word)])
    return Fuzzy(text[: len(word)], min(edits, MAX_DISTANCE), int(prefix or 0))


def _wildcard(shape: str) -> Query:
    stem = shape[:-1]
    plain = not is_wildcard(stem) and not has_class(shape) and stem[-1] not in "*?"
    return Prefix(stem) if shape[-1] == "*" and plain else Wildcard(shape)


def regex_node(pattern: str, position: int, complaints: Complaints) -> Query | None:
    """What stands between the quotes of r"...", at `position`. One that cannot be read is left out."""
    if len(pattern) > MAX_PATTERN:
        problem = f"a regular expression of more than {MAX_PATTERN:,} characters"
        complaints.add("limit", problem, position, "read as a phrase", "no word is so long")
        return Phrase(pattern)
    if not pattern:
        complaints.add("pattern", "an empty regular expression", position, "left out", 'write r"colou?r"')
        return None
    try:
        read_regex(pattern)
    except QueryError as error:
        problem = f"the regular expression {in_short(pattern)} ({error.text.removeprefix('regular expression: ')})"
        complaints.add("pattern", problem, position + (error.position or 0), "left out", error.hint or _REGEX)
        return None
    return Regex(pattern)


def quoted_node(text: str, shape: str, position: int, complaints: Complaints) -> Query:
    """What stands between double quotes: a phrase, or a sequence if a place in it can be taken by several words.

    `position` is that of its first character.
    """
    if not has_choices(shape):
        return Phrase(text)
    found: list[Query] = []
    for start, end, is_choice in places(shape):
        if is_choice:
            found.extend(_choice(text[start:end], shape[start:end], position + start, complaints))
        elif not _ONLY_PUNCTUATION.fullmatch(shape, start, end):
            found.append(word_node(text[start:end], shape[start:end], position + start, complaints))
    if len(found) < 2:
        return found[0] if found else Phrase(text)
    try:
        return Sequence(*found)
    except QueryError as error:
        complaints.add("limit", error.text, position, "read as a phrase", error.hint)
        return Phrase(text)


def _choice(text: str, shape: str, position: int, complaints: Complaints) -> list[Query]:
    """The one place that the words between brackets in a phrase can take; none if there are none."""
    words: list[Query] = []
    is_told = False
    after_word = False
    for run in re.finditer(r"\S+", shape):
        if run.group() == "OR":
            after_word = False
            continue
        if (after_word or run.group() in OPERATORS) and not is_told:
            complaints.add(
                "operator",
                f"more than words and OR in the brackets of a phrase, {in_short(text)}",
                position,
                "read as if OR stood between all words",
                "write the phrases apart, joined by OR",
            )
            is_told = True
        after_word = True
        if run.group() not in OPERATORS and not _ONLY_PUNCTUATION.fullmatch(run.group()):
            words.append(word_node(text[slice(*run.span())], run.group(), position + run.start(), complaints))
    return [Or(*words)] if len(words) > 1 else words


def join_near(operands: Many[Query | None], slop: int, position: int, complaints: Complaints) -> Query | None:
    """The operands of NEAR/slop: words and choices of words, near one another in any order."""
    near = [operand for operand in operands if operand is not None]
    if len(near) < 2:
        return near[0] if near else None
    try:
        return Sequence(*map(_place, near), slop=slop, ordered=False)
    except QueryError as error:
        complaints.add(
            "operator",
            f"NEAR/{slop} cannot join what stands beside it ({error.text})",
            position,
            "read as AND",
            error.hint,
        )
        return And(*near)


def _place(node: Query) -> Query:
    """A choice of words without groups in it."""
    if not isinstance(node, Or):
        return node
    words: list[Query] = []
    for child in map(_place, node.children):
        words.extend(child.children if isinstance(child, Or) else (child,))
    return Or(*words)


def within(node: Query, field: Field) -> Query | None:
    """A leaf in a field, or None for a node that is in none."""
    if isinstance(node, Term | Phrase | Prefix | Wildcard | Fuzzy | Regex | TermRange):
        return evolve(node, field=field)
    if isinstance(node, Or):
        return Or(*(within(child, field) or child for child in node.children))
    if isinstance(node, Sequence):
        places = (within(place, field) or place for place in node.children)
        return Sequence(*places, slop=node.slop, ordered=node.ordered)
    return None
