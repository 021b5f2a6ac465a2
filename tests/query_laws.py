"""The laws of query text, and texts that nobody would type to hold them against.

`check` is what every text keeps; the tests call it, and the fuzzers do (`python -m tests.fuzz strict-query`). What
broke it once is in FOUND.
"""

from __future__ import annotations

import json
import random
from typing import Any

from written_queries import DECLARED

import searchkit
from searchkit.errors import QueryError
from searchkit.query import Query, from_json
from searchkit.query.complaints import KINDS
from searchkit.query.parse import parse_with_warnings

FOUND: tuple[str, ...] = (
    "*d:~~",
    "[b]e~9~9~",
    '"(d* NEAR[1 TO 5}"',
    "'g*)paid:~9~",
    "':g ’ *S'",
)
"""Texts that once broke a law."""

PIECES = (
    *("a", "b", "son", "don't", "c++", "U.S.", "é", "日本", "🙂", "COVID-19", "AND", "OR", "NOT", "ANDNOT", "ANDMAYBE"),
    *("REQUIRE", "NEAR/2", "NEAR/0", "NEAR/", "TO", "to", "(", ")", '"', "“", "”", "'", "’", "[", "]", "{", "}", "^2"),
    *(
        "^0",
        "^",
        "^1e9",
        "~",
        "~2",
        "~9",
        "~2/3",
        "~/",
        "*",
        "?",
        "*:*",
        ":",
        "::",
        "://",
        "+",
        "-",
        "--",
        ">",
        ">=",
        "<",
    ),
    *(
        "title:",
        "text:",
        "date:",
        "author:",
        "source:",
        "words:",
        "paid:",
        'r"',
        "r",
        "qu?ck",
        "*ing",
        "[ab]c",
        "surg*",
    ),
    *("2020", "2020-13", "2020-09/2020-10", "/..", "'last month'", "since 2019", "none", "true", "5", "-5.5", "1e400"),
    *(
        "（",
        "）",
        "＂",
        "＊",
        "？",
        "：",
        "ＡＮＤ",
        "\0",
        "\ud800",
        "\u3000",
        "\u200b",
        "\n",
        "\t",
        "|",
        "\\",
        "/",
        ".",
    ),
)


def check(text: str, match: Any = "any") -> Query:
    """The laws of any text; AssertionError, or whatever else is raised, if one is broken."""
    fields = DECLARED if len(text) % 2 else ()
    query, warnings = parse_with_warnings(text, match=match, fields=fields)
    assert isinstance(query, Query)
    for warning in warnings:
        assert warning.kind in KINDS and "\n" not in warning
        assert warning.position is None or 0 <= warning.position <= len(text)
    try:
        strict = searchkit.parse(text, match=match, fields=fields, strict=True)
    except QueryError as error:
        assert warnings, "what strict reading refuses, lenient reading warns of"
        assert error.position is not None and 0 <= error.position <= len(text)
        assert error.hint
    else:
        assert (strict, ()) == (query, warnings), "what strict reading takes, lenient reading takes alike"
    assert from_json(json.dumps(query.to_json())) == query
    assert query.describe()
    assert eval(repr(query), vars(searchkit.query)) == query
    written = str(query)
    for _ in range(9):
        before, written = written, str(searchkit.parse(written, match=match, fields=fields))
    assert written == before, "written and read again and again, a query comes to rest"
    return query


def some_text(chance: random.Random, kept: list[str]) -> str:
    """Pieces side by side, or a text that was kept with some change."""
    if not kept or chance.random() < 0.3:
        blank = chance.choice(["", " ", " "])
        return blank.join(chance.choices(PIECES, k=chance.randrange(1, 14)))
    text = chance.choice(kept)
    for _ in range(chance.choice([1, 1, 2, 4])):
        first, last = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        last = min(last, first + 12)
        change = chance.randrange(6)
        if change == 0:
            text = text[:first] + text[last:]
        elif change == 1:
            other = chance.choice(kept)
            text = text[:first] + other[chance.randrange(len(other) + 1) :]
        elif change == 2:
            text = text[:first] + text[first:last] * chance.randrange(2, 5) + text[last:]
        elif change == 3:
            text = text[:first] + chr(chance.randrange(0x110000)) + text[last:]
        else:
            text = text[:first] + chance.choice(PIECES) + text[first if change == 4 else last :]
    return text[:300]
