"""Pieces of queries as text, so written that `parse` reads them back."""

from __future__ import annotations

import re

from searchkit.query.marks import has_choices, is_operator, is_pattern, shape_of

__all__ = ["in_brackets", "in_field", "in_quotes", "place", "word"]

_ONE_WORD = re.compile(r"\w(?:[\w.@&'’/+$%#-]*\w)?[?!+]*\Z")
_LITERAL = re.compile(r"(?!\s)(?:[^'\"()]|'(?![\s^~]|\Z))+(?<!\s)\Z")


def word(text: str) -> str:
    """The word, in quotes where the parser might read a bare one as something else."""
    is_bare = _ONE_WORD.match(text) and shape_of(text) == text and not is_operator(text) and text != "TO"
    return text if is_bare else in_quotes(text)


def in_quotes(text: str) -> str:
    """Between double quotes, or single ones where double ones would make it a phrase with a choice of words.

    Quotes in the text become blanks.
    """
    letters = zip(text, shape_of(text), strict=True)
    text = "".join(" " if mark == '"' else letter for letter, mark in letters)
    shape = shape_of(text)
    if has_choices(shape) and _LITERAL.match(shape.strip()):
        return f"'{text.strip()}'"
    return f'"{text}"'


def place(text: str) -> str:
    """A word as a place between double quotes; what would make it something else becomes a blank."""
    marks = '"()*?~[' if is_pattern(shape_of(text)) else '"()'
    return "".join(" " if mark in marks else letter for letter, mark in zip(text, shape_of(text), strict=True))


def in_field(field: str | None, text: str) -> str:
    return text if field is None else f"{field}:{text}"


def in_brackets(low: str | None, high: str | None, include_low: bool, include_high: bool) -> str:
    """A range between two ends as they are written; None is an open end."""
    start = "" if low is None else f"{low} "
    end = "" if high is None else f" {high}"
    return f"{'[' if include_low else '{'}{start}TO{end}{']' if include_high else '}'}"
