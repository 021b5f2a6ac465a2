"""Tokens in the order in which people write them to tokens that have a meaning.

Brackets are paired, and each operator gets its two sides: where an operand is missing, a leaf that stands for nothing
is put in its place, and is left out later. Every mend is told of.
"""

from __future__ import annotations

from searchkit.errors import QueryError
from searchkit.query.complaints import Complaints
from searchkit.query.nodes import Term
from searchkit.query.scan import Kind, Token

__all__ = ["MAX_BRACKETS", "repair"]

MAX_BRACKETS = 100
"""How deep brackets may nest."""

_COMPLETE = frozenset({Kind.LEAF, Kind.CLOSE, Kind.BOOST})
_WANTING = frozenset({Kind.INFIX, Kind.NOT})


def repair(tokens: list[Token], complaints: Complaints) -> list[Token]:
    """The tokens as a sentence of this grammar, which the next step takes for granted:

        group   := operand (INFIX? operand)*
        operand := NOT? SIGN? FIELD? (LEAF | OPEN group CLOSE) BOOST?

    Raises QueryError where brackets nest deeper than MAX_BRACKETS, whether reading is strict or not.
    """
    if not any(token.kind is Kind.LEAF for token in tokens):
        tokens = [_as_word(token, complaints) for token in tokens]
    mended: list[Token] = []
    unclosed: list[int] = []
    for token in tokens:
        before = mended[-1].kind if mended else Kind.OPEN
        if token.kind is Kind.OPEN:
            unclosed.append(token.start)
            if len(unclosed) > MAX_BRACKETS:
                raise QueryError(
                    f"more than {MAX_BRACKETS} brackets in each other",
                    token.start,
                    "leave out brackets that change nothing",
                )
        elif token.kind is Kind.CLOSE:
            if not unclosed:
                hint = "leave it out, or open a bracket before it"
                complaints.add("bracket", "a ) without its (", token.start, "left out", hint)
                continue
            unclosed.pop()
            _complete(mended, token.start, complaints)
        elif token.kind is Kind.INFIX and before not in _COMPLETE:
            complaints.add(
                "operator",
                f"{token.text} has nothing on its left",
                token.start,
                "left out",
                f"write it between two words, or in lower case to search for the word {token.text.lower()}",
            )
            mended.append(Token(Kind.LEAF, token.start))
        elif token.kind is Kind.NOT and before is Kind.NOT:
            mended.pop()  # twice NOT is as good as none
            continue
        elif token.kind is Kind.BOOST and before not in (Kind.LEAF, Kind.CLOSE):
            hint = "write it directly behind a word"
            complaints.add("boost", "a boost without anything to boost", token.start, "left out", hint)
            continue
        mended.append(token)
    _complete(mended, mended[-1].start if mended else 0, complaints)
    for start in reversed(unclosed):
        complaints.add("bracket", "a ( is not closed", start, "closed at the end of the text", "close it with )")
        mended.append(Token(Kind.CLOSE, start))
    return mended


def _complete(mended: list[Token], position: int, complaints: Complaints) -> None:
    """Let a group or a text that ends here end with an operand."""
    last = mended[-1] if mended else None
    if last is not None and last.kind in _WANTING:
        complaints.add(
            "operator",
            f"{last.text} has nothing on its right",
            last.start,
            "left out",
            f"write a word behind it, or write it in lower case to search for the word {last.text.lower()}",
        )
    elif last is not None and last.kind is Kind.OPEN:
        hint = "put words into them, or leave them out"
        complaints.add("bracket", "empty brackets", last.start, "left out", hint)
    elif last is not None:
        return
    mended.append(Token(Kind.LEAF, position))


def _as_word(token: Token, complaints: Complaints) -> Token:
    """An operator as a word: in a text of nothing but operators, there is nothing that they could join."""
    if token.kind not in (Kind.INFIX, Kind.NOT):
        return token
    complaints.add(
        "operator",
        f"there is nothing that {token.text} could join",
        token.start,
        "read as a word",
        f"search for {token.text.lower()}",
    )
    return Token(Kind.LEAF, token.start, node=Term(token.text))
