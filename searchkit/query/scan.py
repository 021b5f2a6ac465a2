"""Characters to tokens: reads the surface of the query language in one pass over the text.

A token is a bracket, an operator, a sign (`+` or `-`), a field (`title:`), a boost (`^2`), or a leaf. Leaves are made
into query nodes at once; how the tokens hang together is not looked at here.

The scan never goes back, so its time grows with the length of the text and with nothing else. It works on the *shape*
of the text: the same number of characters, in which curly quotes are straight and full-width letters and signs are
plain. Words and phrases are cut from the text itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from searchkit.errors import in_short
from searchkit.query.complaints import Complaints
from searchkit.query.date_clauses import DateReader
from searchkit.query.field_clauses import FieldReader
from searchkit.query.marks import ODD, is_operator, range_ends, shape_of
from searchkit.query.nodes import MAX_SLOP, Phrase, Query, Term
from searchkit.query.patterns import Sequence, TermRange
from searchkit.query.words import quoted_node, regex_node, word_node

__all__ = ["MAX_TOKENS", "PLAIN_PHRASE", "PLAIN_WORD", "RELATION", "Kind", "Reader", "Token", "scan"]

MAX_TOKENS = 8_192
"""Tokens that are read with care; what follows after them is read as words."""


class Kind(Enum):
    """What a token is, and what its `text` says."""

    OPEN = "("
    CLOSE = ")"
    INFIX = "AND"  # text: the operator
    NOT = "NOT"
    SIGN = "+"  # text: + or -
    FIELD = "title:"  # text: the field
    BOOST = "^"  # text: the factor, as a plain decimal number
    LEAF = "word"  # node: what it stands for, or None if it is left out


class Token(NamedTuple):
    """A piece of query text. SIGN and FIELD stand directly before what they apply to, BOOST directly behind."""

    kind: Kind
    start: int
    text: str = ""
    node: Query | None = None


WORD_FIELDS = ("title", "text")
"""The fields that hold words."""

Reader = DateReader | FieldReader
"""Who reads what stands behind a field that holds no words."""

# What can be nothing but words or operators, recognised in the text itself. Full-width signs, curly quotes, lone
# surrogates, and in phrases what may be a choice of words, are left to the scan.
_WORD_LETTER = rf'[^\s"()\[\]{{}}:^*~?{ODD}]'
_PHRASE_LETTER = rf'[^"*(\[~?{ODD}]'
PLAIN_WORD = rf"(?![+\-'‘’‚‛]){_WORD_LETTER}++\?*+"
PLAIN_PHRASE = rf'"\s*+(?=[^\s"])(?:{_PHRASE_LETTER}++|\?(?=[\s?"]))*+"(?:~[1-9][0-9]{{0,8}}+)?+'

_SURROGATES = re.compile("[\ud800-\udfff]")

_SPACES = re.compile(r"\s+")
_RUN = re.compile(r'[^\s()"]+')
_PLAIN_RUN = re.compile(rf"{PLAIN_WORD}(?=[\s()]|\Z)")
_SIGN = re.compile(r"[+-](?=[^\s)+-])")
_FIELD = re.compile(r"([^\W\d]\w*+):")
_LITERAL_END = re.compile(r"(?<=\S)'(?=[\s^~]|\Z)")
_LITERAL_BARRIER = re.compile(r'["()]')
_PHRASE_BARRIER = re.compile(r"[()]")
_SLOP = re.compile(r"~(\d*)")
_NUMBER = re.compile(
    r"[+-]?(?:(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:e[+-]?\d{1,4})?|nan|inf(?:inity)?)", re.IGNORECASE
)
_RANGE = re.compile(r"[\[{][^\[\]{}()]{0,200}[\]}]")
_UNCLOSED_RANGE = re.compile(r"[\[{]\s*(?:[^\s()]{1,100}\s+)?TO(?:\s+[^\s()\[{]{1,100})?(?=[\s()]|\Z)", re.IGNORECASE)
_WORD_RANGE = re.compile(r"(?:^.|\s)TO(?:\s|.$)")
RELATION = re.compile(r"(>=|=>|<=|=<|>|<)\s*")


def scan(text: str, complaints: Complaints, readers: Mapping[str, Reader]) -> list[Token]:
    """The tokens of any text, in its order; more than MAX_TOKENS of them if part of it was read as mere words.

    `readers` read what stands behind `date` and each declared field, by its name.

    Lone surrogates are read as U+FFFD, as they are in articles. Raises QueryError if strict.
    """
    return _Scan(_SURROGATES.sub("\ufffd", text), complaints, readers).tokens()


class _Scan:
    """One pass over one text. Each method that reads something takes where it starts and returns where it ends."""

    def __init__(self, text: str, complaints: Complaints, readers: Mapping[str, Reader]) -> None:
        self._text = text
        self._shape = shape_of(text)
        self._complaints = complaints
        self._readers = readers
        self._tokens: list[Token] = []
        # The next character that no 'literal' can hold, and the next place where one can end: looked up once for all
        # the quotes before them.
        self._barrier = -1
        self._literal_end = -1
        # Where the run of characters ends that was looked at last.
        self._end_of_run = 0

    def tokens(self) -> list[Token]:
        shape, position = self._shape, 0
        while position < len(shape):
            if len(self._tokens) > MAX_TOKENS:
                return self._tokens + self._mere_words(position)
            if plain := _PLAIN_RUN.match(self._text, position):
                position = self._plain_run(position, plain.end())
            elif spaces := _SPACES.match(shape, position):
                position = spaces.end()
            elif shape[position] == "(":
                position = self._add(Kind.OPEN, position, position + 1)
            elif shape[position] == ")":
                position = self._add(Kind.CLOSE, position, position + 1)
            elif shape[position] == '"':
                position = self._phrase(position)
            else:
                position = self._run(position)
        return self._tokens

    def _mere_words(self, start: int) -> list[Token]:
        words = ((run.start(), self._text[run.start() : run.end()]) for run in _RUN.finditer(self._shape, start))
        return [Token(Kind.LEAF, position, "", Term(word)) for position, word in words if not is_operator(word)]

    def _add(self, kind: Kind, start: int, end: int, text: str = "", node: Query | None = None) -> int:
        self._tokens.append(Token(kind, start, text, node))
        return end

    def _last(self) -> Kind | None:
        return self._tokens[-1].kind if self._tokens else None

    def _begins(self, position: int) -> bool:
        """Whether a new clause begins here, rather than the tail of the one before."""
        last = self._last()
        return position == 0 or self._shape[position - 1].isspace() or last in (Kind.OPEN, Kind.SIGN, Kind.FIELD)

    def _plain_run(self, start: int, end: int) -> int:
        word = self._text[start:end]
        if is_operator(word) and self._last() not in (Kind.SIGN, Kind.FIELD):
            return self._operator(start, end)
        return self._add(Kind.LEAF, start, end, node=Term(word))

    def _operator(self, start: int, end: int) -> int:
        name = self._shape[start:end]
        return self._add(Kind.NOT if name == "NOT" else Kind.INFIX, start, end, name)

    def _run(self, start: int) -> int:
        """Characters up to a blank, bracket or quote; or less, if they begin with something of their own."""
        shape = self._shape
        end = self._run_end(start)
        if not self._begins(start):
            if shape[start] == "^" and _NUMBER.fullmatch(shape, start + 1, end):
                return self._boost(start, end)
            if is_operator(shape[start:end]):
                return self._operator(start, end)
            return self._word(start, end)
        first = shape[start]
        if first in "+-" and (sign := self._sign(start)):
            return sign
        if first == "'" and (literal_end := self._find_literal_end(start)):
            self._add(Kind.LEAF, start, literal_end, node=Phrase(self._text[start + 1 : literal_end]))
            return self._slop(literal_end + 1)
        if first in "[{" and (words := _RANGE.match(shape, start)) and _WORD_RANGE.search(words.group()):
            return self._word_range(start, words.end())
        if field := _FIELD.match(shape, start, end):
            return self._field(start, field.group(1), field.end(), end)
        if self._last() not in (Kind.SIGN, Kind.FIELD) and is_operator(shape[start:end]):
            return self._operator(start, end)
        if shape[start:end] == "r" and shape.startswith('"', end) and (close := shape.find('"', end + 1)) > 0:
            node = regex_node(self._text[end + 1 : close], end + 1, self._complaints)
            return self._add(Kind.LEAF, start, close + 1, node=node)
        return self._word(start, end)

    def _run_end(self, start: int) -> int:
        """The next blank, bracket or quote. Looked up once a run, however many fields stand before its word."""
        if start >= self._end_of_run:
            run = _RUN.match(self._shape, start)
            self._end_of_run = run.end() if run else start
        return self._end_of_run

    def _sign(self, start: int) -> int:
        """A + or -, written before any field, or 0 if it is a part of a word."""
        kinds = [token.kind for token in self._tokens[-2:]]
        if not _SIGN.match(self._shape, start) or Kind.SIGN in kinds[-1:] or kinds == [Kind.SIGN, Kind.FIELD]:
            return 0
        token = Token(Kind.SIGN, start, self._shape[start])
        self._tokens.insert(len(self._tokens) - (kinds[-1:] == [Kind.FIELD]), token)
        return start + 1

    def _phrase(self, start: int) -> int:
        content, end = self._quotation(start, self._begins(start))
        if content is None:
            return end
        if not content.strip():
            hint = 'put words between the quotes: "two words"'
            self._complaints.add("quote", "an empty phrase", start, "left out", hint)
            self._add(Kind.LEAF, start, end)
        else:
            shape = self._shape[start + 1 : start + 1 + len(content)]
            self._add(Kind.LEAF, start, end, node=quoted_node(content, shape, start + 1, self._complaints))
        return self._slop(end)

    def _quotation(self, start: int, begins: bool) -> tuple[str | None, int]:
        """What stands between the double quote at `start` and the next one, and where it ends.

        Without a next one, a quote that `begins` a clause runs on to a bracket or the end; another (6" nails) is no
        quote: None.
        """
        close = self._shape.find('"', start + 1)
        if close >= 0:
            return self._text[start + 1 : close], close + 1
        hint = 'close the phrase: "two words"'
        if not begins:
            self._complaints.add("quote", "a quote without a partner", start, "left out", hint)
            return None, start + 1
        barrier = _PHRASE_BARRIER.search(self._shape, start)
        end = barrier.start() if barrier else len(self._shape)
        where = "at the next bracket" if barrier else "at the end of the text"
        self._complaints.add("quote", "a phrase is not closed", start, f"closed {where}", hint)
        return self._text[start + 1 : end], end

    def _slop(self, start: int) -> int:
        """The slop of the phrase that ends at `start`, if one is given there."""
        slop = _SLOP.match(self._shape, start)
        if slop is None:
            return start
        digits = slop.group(1)
        words = int(digits) if digits and len(digits) < 12 else MAX_SLOP if digits else 0
        if not 1 <= words < MAX_SLOP:
            allowed = min(max(words, 1), MAX_SLOP)
            problem, hint = f"the slop {in_short(slop.group())}", 'write a number from 1: "two words"~3'
            self._complaints.add("slop", problem, start, f"read as ~{allowed}", hint)
            words = allowed
        *_, token = self._tokens
        if isinstance(token.node, Phrase):
            self._tokens[-1] = token._replace(node=Phrase(token.node.text, words))
        elif isinstance(token.node, Sequence):
            self._tokens[-1] = token._replace(node=Sequence(*token.node.children, slop=words))
        return slop.end()

    def _find_literal_end(self, start: int) -> int:
        """Where the single quote that closes the one at `start` stands, or 0. One in a word is an apostrophe."""
        if self._barrier < start:
            barrier = _LITERAL_BARRIER.search(self._shape, start)
            self._barrier = barrier.start() if barrier else len(self._shape)
        if self._literal_end < start + 2:
            end = _LITERAL_END.search(self._shape, start + 2, self._barrier)
            self._literal_end = end.start() if end else self._barrier
        is_closed = self._literal_end < self._barrier and not self._shape[start + 1].isspace()
        return self._literal_end if is_closed else 0

    def _word_range(self, start: int, end: int) -> int:
        """A range of words. Its ends may stand in quotes."""
        inside = self._shape[start + 1 : end - 1]
        if (ends := range_ends(inside)) is None:
            problem = f"the range of words {in_short(self._text[start:end])}"
            self._complaints.add("range", problem, start, "read as plain words", "write [apple TO pear]")
            return self._add(Kind.LEAF, start, end, node=Term(self._text[start:end]))
        low, high = (None if side in ("", "*") else side for side in (side.strip("'\"").strip() for side in ends))
        node = TermRange(low, high, self._shape[start] == "[", self._shape[end - 1] == "]")
        return self._add(Kind.LEAF, start, end, node=node)

    def _field(self, start: int, written: str, colon_end: int, end: int) -> int:
        """A field and, unless it holds words, all of its clause. What looks like a field but is none is a word."""
        shape = self._shape
        name = self._name_of(written)
        following = shape[colon_end : colon_end + 2]
        is_glued = following != "" and not following[0].isspace() and following[0] != ")"
        if name is None:
            # No fields: Note: this; https://example.org; std::vector; a full-width colon in running text.
            if not is_glued or following.startswith((":", "//")) or self._text[colon_end - 1] != ":":
                return self._word(start, end)
            return self._unknown_field(start, written, colon_end, end)
        if not is_glued:
            problem = f"nothing follows {in_short(written + ':')} directly"
            self._complaints.add("field", problem, start, "read as a word", f"write {name}:word")
            return self._word(start, end)
        if self._last() is Kind.FIELD:
            outer = self._tokens.pop()
            problem = f"two fields, {outer.text}: and {name}:"
            self._complaints.add("field", problem, outer.start, f"{outer.text}: is left out", "give one field")
        if name in self._readers and following[0] != "(":
            return self._clause(self._readers[name], start, colon_end)
        return self._add(Kind.FIELD, start, colon_end, name)

    def _name_of(self, written: str) -> str | None:
        """The field that is meant; for declared ones, case counts only where two differ by nothing else."""
        if written in self._readers:
            return written
        name = written.casefold()
        if name in WORD_FIELDS:
            return name
        return next((known for known in self._readers if known.casefold() == name), None)

    def _unknown_field(self, start: int, name: str, colon_end: int, end: int) -> int:
        before_group = colon_end == end
        declared = [name for name in self._readers if name != "date"]
        self._complaints.add(
            "field",
            f"no field {in_short(name)}",
            start,
            "left out" if before_group else "searched as a word",
            f"fields are {', '.join((*WORD_FIELDS, *self._readers))}",
            f"declared fields: {', '.join(declared)}" if declared else "",
        )
        return end if before_group else self._word(start, end)

    def _clause(self, reader: Reader, field_start: int, start: int) -> int:
        """The clause behind a field that holds no words, which starts at `start`."""
        shape = self._shape
        node: Query | None
        if shape[start] in "[{":
            if closed := _RANGE.match(shape, start):
                node = reader.between(closed.group(), field_start)
                return self._add(Kind.LEAF, field_start, closed.end(), node=node)
            if unclosed := _UNCLOSED_RANGE.match(shape, start):
                problem = "a date range is not closed" if isinstance(reader, DateReader) else "a range is not closed"
                self._complaints.add("range", problem, start, "closed behind its last end", "write [2020 TO 2021]")
                node = reader.between(unclosed.group() + "]", field_start)
                return self._add(Kind.LEAF, field_start, unclosed.end(), node=node)
        relation = RELATION.match(shape, start)
        (value_start, value_end), end, is_quoted = self._value(relation.end() if relation else start)
        if relation:
            node = reader.compared(relation.group(1), shape[value_start:value_end], field_start, is_quoted)
        else:
            # A value is what it is; of a date only the shape counts.
            written = shape if isinstance(reader, DateReader) else self._text
            node = reader.named(written[value_start:value_end], field_start, is_quoted)
        return self._add(Kind.LEAF, field_start, end, node=node)

    def _value(self, start: int) -> tuple[tuple[int, int], int, bool]:
        """Between which characters a value stands, where it ends with its quotes, and whether it has some.

        A boost behind it is not part of it.
        """
        shape = self._shape
        if shape.startswith('"', start):
            content, end = self._quotation(start, begins=True)
            return (start + 1, start + 1 + len(content or "")), end, True
        if shape.startswith("'", start) and (close := self._find_literal_end(start)):
            return (start + 1, close), close + 1, True
        end = self._run_end(start)
        caret = shape.rfind("^", start, end)
        if caret > start and _NUMBER.fullmatch(shape, caret + 1, end):
            end = caret
        return (start, end), end, False

    def _word(self, start: int, end: int) -> int:
        """A word with the boosts that may hang on it."""
        shape = self._shape
        word_end = end
        boosts = []
        while (caret := shape.rfind("^", start + 1, word_end)) > 0 and _NUMBER.fullmatch(shape, caret + 1, word_end):
            boosts.append((caret, word_end))
            word_end = caret
        node = word_node(self._text[start:word_end], shape[start:word_end], start, self._complaints)
        self._add(Kind.LEAF, start, word_end, node=node)
        if boosts:
            self._boost(*boosts[-1])
        if len(boosts) > 1:
            self._complaints.add("boost", "a second boost", boosts[-2][0], "left out", "give one boost")
        return end

    def _boost(self, start: int, end: int) -> int:
        written = self._shape[start:end]
        factor = float(written[1:])
        if not math.isfinite(factor) or factor <= 0.0:
            hint = "a boost is a finite number above 0, like ^2"
            self._complaints.add("boost", f"the boost {in_short(written)}", start, "left out", hint)
            return end
        return self._add(Kind.BOOST, start, end, format(Decimal(repr(factor)), "f"))
