"""What nobody should type or file, and somebody will: every query is answered, every article comes back or is refused.

Texts without end, brackets without number, NUL, lone surrogates, the first and the last year.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from strategies import generator, trials

import searchkit
from searchkit.article import Article
from searchkit.query import And, Boost, Not, Or, Phrase, Prefix, Query, Term

MEGABYTE = 1_000_000


ARTICLES = (
    Article("a b c a b", id="letters", date="0001"),
    Article("x" * 1_000 + " after x", id="long token", date="9999"),
    Article("nul\x00byte \ud800 lone \udfff", id="odd\x00id\ud800", title="\x00"),
    Article("the \u202eright\u202c-to-left ﷺ İstanbul " + "e" + "\u0301" * 100, id="marks", date="2020-02-29"),
)
HUGE = (
    Article("x" * MEGABYTE + " after", id="long token", date="9999"),
    Article("x " * MEGABYTE, id="many tokens"),
    Article("e" + "\u0301" * MEGABYTE + " marked", id="marks", date="2020-02-29"),
)


@pytest.fixture(scope="module")
def index() -> searchkit.Index:
    index = searchkit.create()
    index.add(ARTICLES)
    return index


@pytest.fixture(scope="module")
def huge() -> searchkit.Index:
    index = searchkit.create()
    index.add(HUGE)
    return index


def answered(index: searchkit.Index, query: str) -> searchkit.Results:
    """Every mode answers, and they agree about how many there are."""
    results = index.search(query)
    assert results.total == index.count(query)
    assert len(results) == min(10, results.total)
    index.search(query, match="all", sort="newest", since="0001", until="9999")
    for hit in results:
        assert hit.score == index.explain(query, hit.id).score
        assert hit.snippet() is not None
    return results


WORDS_OF_SYNTAX = (
    "a",
    "b",
    '"',
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "TO",
    "AND",
    "OR",
    "NOT",
    "ANDNOT",
    "ANDMAYBE",
    "REQUIRE",
)
SYNTAX = (
    *WORDS_OF_SYNTAX,
    "^",
    "~",
    "*",
    "?",
    ":",
    "-",
    "+",
    "date:",
    "title:",
    "text:",
    "'",
    "“",
    "”",
    "\\",
    "\x00",
    "/",
)

ODD_QUERIES = (
    *("", " ", "\x00", "\ud800", "\udfff\ud800", "a\x00b", "a\ud800", '"', "'", "''", '""', "“", "(", ")", "()", "(()"),
    *("*", "**", "?", "a*", "*a", "a*b", "^", "a^", "a^2", "a^-1", "a^1e999", "a^nan", "a^0", "a~", "a~2", '"a b"~'),
    *('"a b"~0', '"a b"~-1', '"a b"~99999999999', '"a b"~x', "-", "--", "-a", "+", "+a", "-a -b", "NOT", "NOT NOT a"),
    *(
        "AND",
        "OR",
        "a AND",
        "AND a",
        "a OR (b AND",
        "a ANDNOT",
        "a ANDMAYBE b",
        "date:",
        "date:x",
        "date:0000",
        "date:none",
    ),
    *("date:[0001 TO 9999]", "date:[TO]", "date:[2020", "date:{2020 TO 2021]", "date:2020-02-30", "date:9999-12-31"),
    *(
        "date:>=",
        "date:<0001",
        "date:>9999",
        "date:[2021 TO 2020]",
        "title:",
        "title:*",
        "nofield:a",
        "a:b:c",
        "http://a.b/c",
    ),
    *(
        "title:(a b)",
        "title:\x00",
        "a\\",
        "\\",
        "\\\\",
        "'10-2-2020'",
        "'a",
        "a'b'c",
        "﷽",
        "🙂",
        "\u202e",
        "\ufeff",
        "\u0000a",
    ),
    *(
        "[a TO b]",
        "{a TO b}",
        "<a>",
        "a && b",
        "a || b",
        "!a",
        "a/b",
        "r'a.*'",
        "%",
        "&",
        "a;b",
        "--date",
        "1e999",
        "٣٤",
    ),
)


@pytest.mark.parametrize("query", ODD_QUERIES)
def test_odd_queries_are_answered(index: searchkit.Index, query: str) -> None:
    """No text raises."""
    answered(index, query)


@pytest.mark.parametrize(
    "query",
    [
        "a " * 100_000,
        " ".join(f"word{number}" for number in range(100_000)),
        "a OR " * 20_000 + "b",
        "-a " * 20_000,
        "x" * MEGABYTE,
        "x*" * 1_000,
        '"' + "a " * 20_000 + '"',
        '"a" ' * 5_000,
        "\x00" * 100_000,
        "\ud800" * 100_000,
        "e" + "\u0301" * 100_000,
    ],
    ids=lambda query: f"{query[:12].encode('ascii', 'replace').decode()!r} {len(query)}",
)
@pytest.mark.slow
def test_long_queries_are_answered(index: searchkit.Index, query: str) -> None:
    """A hundred thousand words, a megabyte of one."""
    index.search(query)
    index.count(query, match="all")


@pytest.mark.parametrize("depth", [1, 10, 100, 1_000, 10_000])
@pytest.mark.parametrize("brackets", ["()", "((", "))", "[]", '""', "(-)", "NOT"])
@pytest.mark.slow
def test_brackets_without_number(index: searchkit.Index, depth: int, brackets: str) -> None:
    """Balanced or not, a thousand deep and more."""
    if brackets == "NOT":
        query = "NOT " * depth + "a"
    elif brackets == "(-)":
        query = "(-" * depth + "a" + ")" * depth
    else:
        query = brackets[0] * depth + "a" + brackets[1] * depth
    index.search(query)
    index.count(query)


@pytest.mark.slow
def test_a_repeated_word_counts_as_often_as_it_stands_there(index: searchkit.Index) -> None:
    """100,000 times a word is that word with a boost of 100,000."""
    found = [(hit.id, hit.score) for hit in index.search("a " * 100_000)]
    assert found == Oracle(ARTICLES, index.analyzer).search(Boost(Term("a"), 100_000.0))


@pytest.mark.slow
def test_a_token_of_a_megabyte(huge: searchkit.Index) -> None:
    """Is stored whole and sought by its first 255 bytes; its neighbours are where they are."""
    token = "x" * MEGABYTE
    assert huge.get("long token").text == token + " after"
    for query in (Term("after"), Prefix("xx"), Term(token), Term(token[:255]), Phrase(token + " after")):
        assert [hit.id for hit in huge.search(query)] == ["long token"], str(query)[:50]
    assert [hit.id for hit in huge.search(Term(token[:254]))] == []
    assert [hit.id for hit in huge.search("marked")] == ["marks"]


@pytest.mark.slow
def test_an_article_of_a_million_words(huge: searchkit.Index) -> None:
    """Has its true frequency and length."""
    for query, tf in ((Term("x"), MEGABYTE), (Phrase("x x"), MEGABYTE - 1), (Phrase("x x x", 3), MEGABYTE - 2)):
        (hit,) = huge.search(query)
        explanation = huge.explain(query, "many tokens")
        assert (hit.id, explanation.parts[0].tf, explanation.length) == ("many tokens", tf, MEGABYTE)
        assert hit.score == explanation.score


def test_nul_and_lone_surrogates_in_articles(index: searchkit.Index) -> None:
    """NUL is kept; a lone surrogate becomes U+FFFD, in the id as in the text."""
    article = index.get("odd\x00id\ufffd")
    assert article.text == "nul\x00byte \ufffd lone \ufffd"
    assert article.title == "\x00"
    assert [hit.id for hit in index.search("lone")] == ["odd\x00id\ufffd"]


def test_the_first_and_the_last_year(index: searchkit.Index) -> None:
    """0001 and 9999 stand at the ends of every order and range."""
    assert [hit.id for hit in index.search("*", sort="oldest")][:3] == ["letters", "marks", "long token"]
    assert [hit.id for hit in index.search("*", sort="newest")][:3] == ["long token", "marks", "letters"]
    for options, expected in (
        ({"until": "0001"}, {"letters"}),
        ({"since": "9999"}, {"long token"}),
        ({"since": "9999-12-31T23:59:59"}, {"long token"}),
        ({"until": "0001-01-01T00:00:00"}, {"letters"}),
        ({"since": "0001", "until": "9999", "dates": "within"}, {"letters", "long token", "marks"}),
        ({"on": "9999-12-31", "dates": "contains"}, {"long token"}),
        ({"on": "0001-01-01", "dates": "contains"}, {"letters"}),
    ):
        assert {hit.id for hit in index.search("*", **options)} == expected, options
    assert index.get("long token").date == searchkit.DateInterval.parse("9999")


@given(query=st.text(max_size=40) | st.lists(st.sampled_from(SYNTAX), max_size=14).map(" ".join))
@settings(max_examples=trials(250))
def test_any_text_is_answered(index: searchkit.Index, query: str) -> None:
    """Random characters and random syntax."""
    answered(index, query)


@pytest.mark.slow
def test_all_short_texts_of_syntax(index: searchkit.Index) -> None:
    """Every pair of syntactic characters around a letter; every text of two of them."""
    marks = "\"'()[]{}^~*?:-+\\<>=!&| "
    for one, two in itertools.product(marks, repeat=2):
        index.search(one + two)
        index.search(f"{one}a{two}b")


def test_deep_trees_of_nodes(index: searchkit.Index) -> None:
    """A tree that a program built is answered to the depth that nodes allow, and refused as a QueryError beyond."""
    not_not: Query = Term("a")
    zigzag: Query = Term("a")
    for depth in range(2, 3_000):
        try:
            not_not = Not(not_not)
            zigzag = Or(zigzag, Term("b")) if depth % 2 else And(zigzag, Term("a"))
        except searchkit.QueryError:
            break
    assert 50 <= depth < 3_000
    assert [hit.id for hit in index.search(zigzag)] == ["letters"]
    assert index.count(not_not) == (len(index) - 1 if depth % 2 else 1)


def test_wide_trees_of_nodes(index: searchkit.Index) -> None:
    """50,000 different words in one Or."""
    results = index.search(Or(*(Term(f"word{number}") for number in range(50_000)), Term("after")))
    assert [hit.id for hit in results] == ["long token"]


def test_random_bytes_as_articles(tmp_path: Path) -> None:
    """Text of any code points goes in, is stored whole and leaves a sound index."""
    random = generator("random text")
    texts = [
        "".join(chr(random.choice([random.randrange(0x80), random.randrange(0x110000)])) for _ in range(400))
        for _ in range(30)
    ]
    with searchkit.create(tmp_path / "i") as index:
        index.add(Article(text, id=str(number), title=text[:9]) for number, text in enumerate(texts))
        for number, text in enumerate(texts):
            whole = "".join("\ufffd" if 0xD800 <= ord(character) < 0xE000 else character for character in text)
            assert index.get(str(number)).text == whole
            index.search(text)
        assert index.check().ok


def test_an_article_of_nothing(index: searchkit.Index) -> None:
    """Articles without any token make no division by zero."""
    with searchkit.create() as empty:
        empty.add([Article("", id="a"), Article("!!!", id="b", date="2020")])
        assert [(hit.id, hit.score) for hit in empty.search("*")] == [("b", 0.0), ("a", 0.0)]
        assert list(empty.search("word")) == []
        assert [hit.id for hit in empty.search("date:2020")] == ["b"]
