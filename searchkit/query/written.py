"""Pieces of queries as text, so written that `parse` reads them back."""

from __future__ import annotations

import re

__all__ = ["in_brackets", "in_field", "in_quotes", "word"]

_ONE_WORD = re.compile(r"(?!(?:AND|OR|NOT|ANDNOT|ANDMAYBE|REQUIRE|TO)\Z)\w(?:[\w.@&'’/-]*\w)?\Z")


def word(text: str) -> str:
    """The word, in quotes where the parser might read a bare one as something else."""
    return text if _ONE_WORD.match(text) else in_quotes(text)


def in_quotes(text: str) -> str:
    return '"' + text.replace('"', " ") + '"'


def in_field(field: str | None, text: str) -> str:
    return text if field is None else f"{field}:{text}"


def in_brackets(low: str | None, high: str | None, include_low: bool, include_high: bool) -> str:
    """A range between two ends as they are written; None is an open end."""
    start = "" if low is None else f"{low} "
    end = "" if high is None else f" {high}"
    return f"{'[' if include_low else '{'}{start}TO{end}{']' if include_high else '}'}"
