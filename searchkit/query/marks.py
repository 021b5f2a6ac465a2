"""What single characters mean in query text: which of them make a word a pattern, and which are mere punctuation.

Both who reads text and who writes queries as text ask here, so that they cannot come to differ. The *shape* of a text
has as many characters, in which curly quotes are straight and full-width letters and signs are plain.

    *          of a wildcard, where it touches a letter or ends a word: qu*k, *ing, COVID-*; not 5 * 3
    ?          of a wildcard, before a letter: qu?ck; not what?, https://a/?b
    [ab] [!a]  of a wildcard, where it touches a letter: [ql]uick, colo[u]r; not [sic], rescue[1]
    ~ ~2 ~2/3  of a fuzzy word, at its end
    (a OR b)   between quotes: words to choose from
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = [
    "ODD",
    "OPERATORS",
    "PUNCTUATION",
    "has_choices",
    "has_class",
    "is_operator",
    "is_pattern",
    "is_wildcard",
    "places",
    "range_ends",
    "shape_of",
    "split_fuzzy",
]

OPERATORS = frozenset({"AND", "OR", "NOT", "ANDNOT", "ANDMAYBE", "REQUIRE"})
"""The operators that are words; NEAR/5 is one as well."""

ODD: Final = "“”„‟«»〝〞\uff01-\uff5e\ud800-\udfff"
"""Characters, for a class of a regular expression, that differ from their shape or are replaced."""

PUNCTUATION = ",.;:!"
"""What may stand behind a pattern and is no part of it."""

_SHAPES = str.maketrans(
    {chr(0xFF01 + offset): chr(0x21 + offset) for offset in range(94)}
    | dict.fromkeys("“”„‟«»〝〞", '"')
    | dict.fromkeys("‘’‚‛", "'")
)
_NEAR = re.compile(r"NEAR/[1-9][0-9]{0,8}")
_LETTER = re.compile(r"\w")
_STAR = re.compile(r"\*(?=[\w?\[])|(?<=[\w?\]])\*|(?<=[^*])\*\Z|\?(?=[\w*\[])")
_CLASS = re.compile(r"(?<=[\w*?\]])\[[^\[\]]{2,}\]|(?<=[*?\]])\[[^\[\]]\]|\[[^\[\]]+\](?=[\w*?])")
_FUZZINESS = re.compile(r"\d?(?:/\d{1,3})?")
_TO = re.compile(r"(?:^|\s)TO(?:\s|$)", re.IGNORECASE)
_PLACE = re.compile(r"(?<!\S)\(([^()]*)\)(?!\S)|[^\s()]+")
_RUN = re.compile(r"[^\s()]+")
_OR = re.compile(r"\sOR\s")


def shape_of(text: str) -> str:
    """The same number of characters, with curly quotes and full-width forms as plain ones."""
    return text.translate(_SHAPES)


def is_operator(shape: str) -> bool:
    return shape in OPERATORS or _NEAR.fullmatch(shape) is not None


def is_wildcard(shape: str) -> bool:
    """Whether a run of characters without blanks is a wildcard, or a prefix, which is one with a star at its end."""
    if _LETTER.search(shape) is None or "://" in shape:
        return False
    return _STAR.search(shape) is not None or _CLASS.search(shape) is not None


def has_class(shape: str) -> bool:
    """Whether a wildcard has a class of letters in it, such as [ab]."""
    return _CLASS.search(shape) is not None


def split_fuzzy(shape: str) -> tuple[str, str, str] | None:
    """The word, the distance and the prefix of a fuzzy word, as they are written; None if it is none."""
    tilde = shape.rfind("~", 1)
    if tilde < 0 or not _FUZZINESS.fullmatch(shape, tilde + 1) or not _LETTER.search(shape, 0, tilde):
        return None
    distance, _, prefix = shape[tilde + 1 :].partition("/")
    return shape[:tilde], distance, prefix


def places(shape: str) -> Iterator[tuple[int, int, bool]]:
    """Where each place of a phrase begins and ends: a run, or what is in brackets (True) that hold an OR."""
    for piece in _PLACE.finditer(shape):
        if piece.group(1) is None:
            yield *piece.span(), False
        elif _OR.search(piece.group(1)):
            yield *piece.span(1), True
        else:
            for run in _RUN.finditer(shape, *piece.span()):
                yield *run.span(), False


def has_choices(shape: str) -> bool:
    """Whether what stands between double quotes has a place that more than one word can take."""
    return any(mark in shape for mark in "*?~[(") and any(
        is_choice or is_pattern(shape[start:end]) for start, end, is_choice in places(shape)
    )


def is_pattern(shape: str) -> bool:
    """Whether a run is a wildcard, a prefix or a fuzzy word, perhaps with punctuation behind it."""
    run = shape.rstrip(PUNCTUATION)
    return is_wildcard(run) or split_fuzzy(run) is not None


def range_ends(inside: str) -> tuple[str, str] | None:
    """Both sides of the TO of a range, stripped; None if there is none, or more than one."""
    ends = _TO.split(inside.strip())
    return (ends[0].strip(), ends[1].strip()) if len(ends) == 2 else None
