"""What `query.describe()` says, read by a person once and held here."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from written_queries import DECLARED, written_queries

from searchkit.query import All, And, Boost, DateRange, Not, Or, Phrase, Prefix, Query, Term, TermRange, Undated
from searchkit.query.nodes import MAX_DEPTH
from searchkit.query.parse import parse

A, B = Term("a"), Term("b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("flood", 'mention "flood"'),
        ("flood damage", 'mention "flood" or "damage"'),
        ("flood AND damage AND loss", 'mention "flood", "damage" and "loss"'),
        ("flood (a AND b)", 'mention "flood" or ("a" and "b")'),
        ("title:flood text:b", 'mention "flood" in the title or "b" in the text'),
        ('"storm surge"', 'mention the phrase "storm surge"'),
        ('"a b"~3', 'mention the phrase "a b" with each word at most 3 places behind the one before'),
        ("hurr*", 'mention a word that begins with "hurr"'),
        ("qu?ck", 'mention a word of the shape "qu?ck"'),
        ("flod~", 'mention a word within one edit of "flod"'),
        ("flod~2/3", 'mention a word within 2 edits of "flod" that has its first 3 letters'),
        ('r"a+"', 'mention a word that matches "a+"'),
        ("[a TO c}", 'mention a word from "a" on and before "c"'),
        ("{a TO]", 'mention a word behind "a"'),
        ("[TO c]", 'mention a word up to "c"'),
        ('"a (b OR c*)"', 'mention "a" then ("b" or a word that begins with "c")'),
        ("a NEAR/5 b", 'mention "a" and "b" in any order, neighbours at most 5 apart'),
        ("flood^2 storm", 'mention "flood" (counting 2 times) or "storm"'),
        ("flood -storm", 'mention "flood" and do not mention "storm"'),
        ("* -storm", 'do not mention "storm"'),
        ("flood date:2020-10", 'mention "flood" and may be dated within October 2020'),
        ("date:2020", "may be dated within 2020"),
        ("date:2019/2020", "may be dated within 2019 to 2020"),
        ("date:2020-10-02", "may be dated within 2 October 2020"),
        ("date:[2020-09 TO 2020-10]", "may be dated within September 2020 to October 2020"),
        ("date:[2020-09-30 TO 2020-10]", "may be dated within 30 September 2020 to 31 October 2020"),
        ("date:>=2020-10", "may be dated from 1 October 2020 on"),
        ("date:<2020", "may be dated before 1 January 2020"),
        ("date:>2020-10-02T10:15", "may be dated from 2 October 2020 10:16 on"),
        ("date:2020-10-02T10:15", "may be dated within the time from 2 October 2020 10:15 until 2 October 2020 10:16"),
        ("date:[0001 TO 9999]", "may be dated within 1 to 9999"),
        ("date:*", "have a date"),
        ("date:none", "have no date"),
        ("flood -date:2020", 'mention "flood" and cannot be dated within 2020'),
        ("-date:*", "have no date"),
        ("-date:none", "have a date"),
        ("source:reuters", 'have "reuters" in the field source'),
        ("words:500", "have 500 in the field words"),
        ("words:>500", "have a value above 500 in the field words"),
        ("words:<=5.5", "have a value of at most 5.5 in the field words"),
        ("words:[100 TO 500}", "have a value from 100 on and before 500 in the field words"),
        ("words:*", "have a value in the field words"),
        ("-paid:true", "do not have true in the field paid"),
        ("flood ANDMAYBE rescue", 'mention "flood", the better if they also mention "rescue"'),
        ("flood REQUIRE date:2020", 'mention "flood" and, whatever their rank, may be dated within 2020'),
        ("NOT (flood OR date:2020)", 'are none of those that (mention "flood" or may be dated within 2020)'),
        ("NOT (NOT flood)", 'are not those that do not mention "flood"'),
        ("a OR (b AND date:2020)", 'mention "a" or (mention "b" and may be dated within 2020)'),
        ("(flood OR date:2020)^2", '(mention "flood" or may be dated within 2020) (which count 2 times)'),
    ],
)
def test_a_query_in_words(text: str, says: str) -> None:
    assert parse(text, strict=True, fields=DECLARED).describe() == f"articles that {says}"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (All(), "every article"),
        (parse(""), "no article"),
        (DateRange.parse("2020", dates="within"), "articles that are surely dated within 2020"),
        (DateRange.parse("2020", dates="contains"), "articles that are dated over all of 2020"),
        (Not(DateRange.parse("2020", dates="within")), "articles that are not surely dated within 2020"),
        (
            Not(DateRange.parse("2020", dates="contains")),
            "articles that are none of those that are dated over all of 2020",
        ),
        (Or(A, All()), 'articles that mention "a" or are any at all'),
        (And(All(), All()), "articles that are any at all"),
        (And(All(), Undated()), "articles that have no date"),
        (Prefix(""), "articles that mention any word"),
        (TermRange(field="title"), "articles that mention any word in the title"),
        (Boost(Undated(), 2), "articles that have no date (which count 2 times)"),
        (Phrase("a\n b " + "x" * 100), f'articles that mention the phrase "a b {"x" * 55}…"'),
        (Or(*[A] * 22), "articles that mention " + '"a", ' * 18 + '"a" or "a" or 2 more such conditions'),
    ],
    ids=repr,
)  # fmt: skip
def test_queries_made_in_python(query: Query, says: str) -> None:
    assert query.describe() == says


@pytest.mark.slow
@settings(max_examples=60)
@given(written_queries())
def test_every_query_has_words(query: Query) -> None:
    """One line, that goes on after "articles that", or says all or none."""
    words = query.describe()
    assert words.startswith(("articles that ", "every article", "no article"))
    assert "\n" not in words and "None" not in words


def test_deep_and_wide_queries_are_described_in_time() -> None:
    """Deep ones without trouble for the stack, wide ones without a word on each of their thousands."""
    query: Query = A
    for _ in range(MAX_DEPTH - 1):
        query = And(query, Undated())
    assert query.describe().count("have no date") == MAX_DEPTH - 1
    assert len(Or(*[A] * 100_000).describe()) < 1_000
