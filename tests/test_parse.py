"""Laws of query text: any text is answered, what it means is written down, and both roads to it agree."""

from __future__ import annotations

import copy
import importlib
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_laws import FOUND, check, some_text
from strategies import generator, trials
from written_queries import DECLARED, FIELDS, ODD_TEXT, written_queries

import searchkit
from searchkit import Boolean, Keyword, Number
from searchkit.errors import QueryError
from searchkit.query.complaints import KINDS, MAX_WARNINGS, Complaints
from searchkit.query.conditions import Between, Compare
from searchkit.query.date_clauses import DateReader
from searchkit.query.marks import has_choices, shape_of
from searchkit.query.nodes import (
    All,
    And,
    AndMaybe,
    Boost,
    DateRange,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Query,
    Require,
    Term,
    Undated,
)
from searchkit.query.parse import parse, parse_with_warnings
from searchkit.query.patterns import MAX_PATTERN, MAX_PLACES, Fuzzy, Regex, Sequence, TermRange, Wildcard
from searchkit.query.places import Places
from searchkit.query.scan import MAX_TOKENS

parse_module = importlib.import_module("searchkit.query.parse")
skeleton_module = importlib.import_module("searchkit.query.skeleton")

A, B, C, D = Term("a"), Term("b"), Term("c"), Term("d")
YEAR = DateRange.parse("2020")
PAGE = Path(__file__).parent.parent / "docs" / "query-language.md"


def warnings(text: str, **options: Any) -> tuple[str, ...]:
    return parse_with_warnings(text, **options)[1]


def by_the_full_road(text: str, match: Any = "any") -> tuple[Query, tuple[str, ...]]:
    """What a text means when nothing is recognised at a glance."""
    complaints = Complaints(strict=False)
    query = parse_module._full(text, match, complaints, {"date": DateReader(complaints)}, Places())
    return query, complaints.warnings()


# ---- the language


def rows(columns: int) -> list[Any]:
    """The rows of the tables on the page of the query language, which have so many columns."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    tables = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return [
        pytest.param(*(cell.strip("`") for cell in row), id=row[0].strip("`")) for row in tables if len(row) == columns
    ]


class TestThePageOfTheLanguage:
    """Every example in docs/query-language.md is true."""

    def test_has_rows(self) -> None:
        assert len(rows(2)) > 50
        assert len(rows(3)) > 25

    @pytest.mark.parametrize(("text", "meaning"), rows(2))
    def test_meaning(self, text: str, meaning: str) -> None:
        query = parse(text, strict=True, fields=DECLARED)
        assert str(query) == meaning
        assert warnings(text, fields=DECLARED) == ()
        assert parse(text, fields=DECLARED) == query

    @pytest.mark.parametrize(("text", "meaning", "warning"), rows(3))
    def test_mended(self, text: str, meaning: str, warning: str) -> None:
        query, said = parse_with_warnings(text, fields=DECLARED)
        assert str(query) == meaning
        assert "; ".join(said) == warning
        with pytest.raises(QueryError):
            parse(text, strict=True, fields=DECLARED)

    @pytest.mark.slow
    def test_what_is_typed_finds_what_its_meaning_finds(self) -> None:
        """Over the sample articles, every example and its written form are answered alike, the mended ones too."""
        index = searchkit.create(fields={"source": Keyword(), "words": Number(), "paid": Boolean()})
        index.add(searchkit.read_articles(str(PAGE.parent.parent / "seeds")))
        for row in (*rows(2), *rows(3)):
            text, meaning = row.values[:2]
            if meaning != "()":
                assert index.count(text) == index.count(meaning) == index.search(text).total, text

    def test_all_kinds_of_warnings_are_told(self) -> None:
        page = PAGE.read_text(encoding="utf-8")
        assert [kind for kind, about in KINDS.items() if f"| {kind} | {about} |\n" not in page] == []

    def test_python_block_runs(self) -> None:
        block = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        assert block
        scope: dict[str, Any] = {}
        exec(block.group(1), scope)
        assert parse(str(scope["query"]), strict=True) == scope["query"]


class TestWordsSideBySide:
    def test_any_and_all(self) -> None:
        assert parse("a b c") == Or(A, B, C)
        assert parse("a b c", match="all") == And(A, B, C)
        assert parse("a") == parse("a", match="all") == A

    def test_signs_and_dates_among_any(self) -> None:
        """Required words come first, the others only help; dates and exclusions restrict."""
        assert parse("a b +c -d date:2020") == And(AndMaybe(C, Or(A, B)), YEAR, Not(D))
        assert parse("+a +b c") == AndMaybe(And(A, B), C)
        assert parse("+a") == A
        assert parse("+a +b") == And(A, B)
        assert parse("a date:2020") == And(A, YEAR)
        assert parse("date:2020 date:none") == And(YEAR, Undated())
        assert parse("-a") == Not(A)
        assert parse("-a -b") == And(Not(A), Not(B))

    def test_signs_and_dates_among_all(self) -> None:
        """All words are required as it is; their order, which is the order of scoring, stays as written."""
        assert parse("a b +c -d date:2020", match="all") == And(A, B, C, YEAR, Not(D))

    def test_brackets_of_dates_and_exclusions_restrict_too(self) -> None:
        assert parse("a (date:2020 OR date:none)") == And(A, Or(YEAR, Undated()))
        assert parse("a (-b -c)") == And(A, And(Not(B), Not(C)))
        assert parse("a (-b)") == And(A, Not(B))

    def test_written_operators_are_obeyed(self) -> None:
        assert parse("a OR date:2020") == Or(A, YEAR)
        assert parse("a OR -b") == Or(A, Not(B))
        assert parse("a OR b", match="all") == Or(A, B)
        assert parse("a AND b", match="any") == And(A, B)

    def test_groups_in_brackets(self) -> None:
        assert parse("(a b) c", match="all") == And(And(A, B), C)
        assert parse("(a OR b) AND c") == And(Or(A, B), C)
        assert parse("(a AND b) AND c") == And(And(A, B), C)
        assert parse("(((a)))") == A
        assert parse("a(b)c") == Or(A, B, C)
        assert parse("-(a b)") == Not(Or(A, B))
        assert parse("+(a b) c") == AndMaybe(Or(A, B), C)
        assert parse("-(-a)") == Not(Not(A))

    def test_chains_do_not_nest(self) -> None:
        assert parse("a AND b AND c") == And(A, B, C)
        assert parse("a ANDNOT b ANDNOT c") == And(A, Not(B), Not(C))
        assert parse("a ANDMAYBE b ANDMAYBE c") == AndMaybe(A, Or(B, C))
        assert parse(" ANDNOT ".join("abc" * 1_000)).depth == 3

    def test_all_articles(self) -> None:
        assert parse("*") == parse("*:*") == All()
        assert parse("* -a") == And(All(), Not(A))


AS_TYPED = """
c++ don't don’t U.S. COVID-19 3.5% four-year-old mail@example.org AT&T 10:30 https://example.org/a?b=c std::vector
--verbose - + & ... 'tis dogs' x^ ^2 what? why?! $100 #tag @name a/b C: [sic] {x} naïve 日本語 他说：今天 🙂 *** a=b <b>
; ~ x~y nul\0l"""


class TestWords:
    @pytest.mark.parametrize("text", AS_TYPED.split())
    def test_punctuation_without_meaning_is_kept(self, text: str) -> None:
        """A word is handed on as it was typed; taking it apart is up to the index."""
        assert parse(text, strict=True) == Term(text)
        assert parse(f"a OR {text}", strict=True) == Or(A, Term(text))

    def test_words_that_look_like_operators(self) -> None:
        assert parse("and or not") == Or(Term("and"), Term("or"), Term("not"))
        assert parse("-AND title:OR") == And(Term("OR", field="title"), Not(Term("AND")))
        assert parse("BRAND ANDES") == Or(Term("BRAND"), Term("ANDES"))

    def test_lone_surrogates_are_replaced_as_in_articles(self) -> None:
        assert parse("a\ud800b") == Term("a\ufffdb")
        assert parse('"a \udfff"') == Phrase("a \ufffd")

    def test_phrases(self) -> None:
        assert parse('"a b"') == parse("“a b”") == parse("„a b“") == parse("«a b»") == parse("＂a b＂") == Phrase("a b")
        assert parse("'a b'") == parse("‘a b’") == Phrase("a b")
        assert parse('"a b"~3') == parse("'a b'~3") == parse('"a b"～３') == Phrase("a b", slop=3)
        assert parse('"a AND (b"') == Phrase("a AND (b")
        assert parse('a"b"c') == Or(A, Phrase("b"), C)
        assert parse("rock 'n' roll") == Or(Term("rock"), Phrase("n"), Term("roll"))
        assert parse("'a don't b'") == Phrase("a don't b")

    def test_apostrophes_are_no_quotes(self) -> None:
        assert parse("the '90s and '80s") == Or(*map(Term, ["the", "'90s", "and", "'80s"]))
        assert parse("('tis a) dogs'") == Or(Or(Term("'tis"), A), Term("dogs'"))

    def test_prefixes(self) -> None:
        assert parse("qu*") == parse("qu＊") == Prefix("qu")
        assert parse("COVID-*") == Prefix("COVID-")
        assert parse("title:qu*^2") == Boost(Prefix("qu", field="title"), 2)

    def test_fields(self) -> None:
        assert parse("title:a text:b") == Or(Term("a", field="title"), Term("b", field="text"))
        assert parse("Title:a TEXT:b") == parse("title:a text:b")
        assert parse("title:(a text:b (c d*))") == Or(
            Term("a", field="title"), B_TEXT, Or(Term("c", field="title"), Prefix("d", field="title"))
        )
        assert parse("title:-a") == parse("-title:a") == Not(Term("a", field="title"))
        assert parse('+title:"a b" c') == AndMaybe(Phrase("a b", field="title"), C)
        assert parse("title:(date:2020)") == YEAR

    def test_boosts(self) -> None:
        assert parse("a^2") == Boost(A, 2)
        assert parse("a^1e3") == Boost(A, 1000)
        assert parse("a^.5") == Boost(A, 0.5)
        assert parse("a^5e-324") == Boost(A, 5e-324)
        assert parse("a^1") == A
        assert parse("(a b)^2") == Boost(Or(A, B), 2)
        assert parse("((a)^2)^3") == Boost(Boost(A, 2), 3)
        assert parse('-"a b"^2') == Not(Boost(Phrase("a b"), 2))
        assert parse("a^2 AND NOT b^3") == And(Boost(A, 2), Not(Boost(B, 3)))

    @pytest.mark.parametrize("boost", ["0", "-1", "-0", "0.0", "1e999", "nan", "inf", "1e-999"])
    def test_impossible_boosts_are_left_out(self, boost: str) -> None:
        query, said = parse_with_warnings(f"b a^{boost}")
        assert query == Or(B, A)
        assert said == (f"the boost '^{boost}' at character 4: left out",)


B_TEXT = Term("b", field="text")


class TestPatterns:
    """Words by their shape; what the marks mean elsewhere is punctuation."""

    def test_wildcards(self) -> None:
        for text in (
            "qu?ck",
            "*ing",
            "?uick",
            "c*r",
            "*a*",
            "[ql]uick*",
            "[ql]*",
            "x[5]*",
            "[!a-c]*",
            "colo[u]r",
            "201[!0-4]",
            "a?*",
            "a**",
            "a*?",
        ):
            assert parse(text, strict=True) == Wildcard(text)
            assert parse(f"title:{text}^2", strict=True) == Boost(Wildcard(text, "title"), 2)
        assert parse("ｑｕ？ｃｋ") == parse("qu？ck") == Wildcard("qu?ck")
        assert parse("surg*, qu?ck; *ing.") == Or(Prefix("surg"), Wildcard("qu?ck"), Wildcard("*ing"))

    @pytest.mark.parametrize("text", ["what?", "?", "???", "**", "[sic]", "rescue[1]", "[1]", "http://a/b?c=*d", "[]a"])
    def test_punctuation(self, text: str) -> None:
        assert parse(text, strict=True) == Term(text)

    def test_fuzzy_words(self) -> None:
        assert parse("flod~") == parse("flod~1") == parse("flod～１") == Fuzzy("flod")
        assert parse("flod~2") == Fuzzy("flod", 2)
        assert parse("flod~2/3") == Fuzzy("flod", 2, 3)
        assert parse("text:flod~/3") == Fuzzy("flod", 1, 3, "text")
        assert parse("flod~, flod~2.") == Or(Fuzzy("flod"), Fuzzy("flod", 2))
        assert parse("a~b") == Term("a~b")

    def test_regular_expressions(self) -> None:
        assert parse('r"flo+d"') == parse("r“flo+d”") == Regex("flo+d")
        assert parse('-title:r"(a|b) c"^2 d') == And(Term("d"), Not(Boost(Regex("(a|b) c", "title"), 2)))
        assert parse('r "a"') == Or(Term("r"), Phrase("a"))

    def test_ranges_of_words(self) -> None:
        assert parse("[a TO b]") == TermRange("a", "b")
        assert parse("{a TO b}") == TermRange("a", "b", include_low=False, include_high=False)
        assert parse("｛a TO b］") == TermRange("a", "b", include_low=False)
        assert parse("title:[a TO *]") == TermRange("a", None, field="title")
        assert parse("title:(['a b' TO \"c\"] d)") == Or(TermRange("a b", "c", field="title"), Term("d", "title"))
        assert parse("[a to b]") == Or(Term("[a"), Term("to"), Term("b]")), "a range of words has its TO in capitals"

    def test_endless_patterns_are_words(self) -> None:
        word = "x" * MAX_PATTERN
        for text in (f"?{word}", f"{word}*", f"{word}~1"):
            query, said = parse_with_warnings(text)
            assert query == Term(text)
            assert [warning.kind for warning in said] == ["limit"]
        assert parse(f'r"{word}x"') == Phrase(word + "x")


class TestSequences:
    def test_quotes_with_a_choice(self) -> None:
        assert parse('"storm surg*"') == parse("“storm surg*”") == Sequence(Term("storm"), Prefix("surg"))
        assert parse('"a (b OR c*) d~"~3') == Sequence(A, Or(B, Prefix("c")), Fuzzy("d"), slop=3)
        assert parse('title:"a *b"^2') == Boost(Sequence(Term("a", "title"), Wildcard("*b", "title")), 2)
        assert parse('text:"(a OR b) c"') == Sequence(Or(Term("a", "text"), B_TEXT), Term("c", "text"))
        assert parse('"a - b*"') == Sequence(A, Prefix("b")), "what has no word in it takes no place"
        assert parse('"a*"') == Prefix("a")
        assert parse('"(a OR b)"') == Or(A, B)

    @pytest.mark.parametrize("text", ["a b?", "a * b", "a (b) c", "a (b c) d", "a [b] c", "a (b OR c", "~"])
    def test_quotes_without_one(self, text: str) -> None:
        assert parse(f'"{text}"') == Phrase(text)
        assert parse(f"'{text}'" if "(" not in text else f'"{text}"') == Phrase(text)

    def test_single_quotes_are_literal(self) -> None:
        assert parse("'a b*'") == Phrase("a b*")

    def test_near(self) -> None:
        assert parse("a NEAR/5 b") == Sequence(A, B, slop=5, ordered=False)
        assert parse("a NEAR/5 b NEAR/5 c") == Sequence(A, B, C, slop=5, ordered=False)
        assert parse("a NEAR/5 (b OR (c OR d*))") == Sequence(A, Or(B, C, Prefix("d")), slop=5, ordered=False)
        assert parse("a AND b NEAR/5 c OR d") == Or(And(A, Sequence(B, C, slop=5, ordered=False)), D)
        assert parse("ａ ＮＥＡＲ／５ b") == Sequence(Term("ａ"), B, slop=5, ordered=False)
        assert parse("(a NEAR/2 b)^2") == Boost(Sequence(A, B, slop=2, ordered=False), 2)
        assert parse("a NEAR/5 date:x") == A
        assert parse("near/5 NEAR NEAR/0 NEAR/x") == Or(*map(Term, ["near/5", "NEAR", "NEAR/0", "NEAR/x"]))

    @pytest.mark.parametrize("text", ["a NEAR/2 b NEAR/3 c", '"a b" NEAR/2 c', "a^2 NEAR/2 b", "a NEAR/2 title:b"])
    def test_near_joins_words_only(self, text: str) -> None:
        query, said = parse_with_warnings(text)
        assert isinstance(query, And)
        assert [warning.kind for warning in said] == ["operator"]

    def test_very_many_places(self) -> None:
        assert parse('"' + "a " * MAX_PLACES + 'b*"') == Phrase("a " * MAX_PLACES + "b*")
        assert warnings('"' + "a " * MAX_PLACES + 'b*"')[0].kind == "limit"


class TestRequire:
    def test_binds_loosest(self) -> None:
        assert parse("a REQUIRE b") == Require(A, B)
        assert parse("a ANDMAYBE b REQUIRE c OR d") == Require(AndMaybe(A, B), Or(C, D))
        assert parse("a REQUIRE b REQUIRE c") == Require(A, And(B, C))
        assert parse("a REQUIRE date:x") == parse("date:x REQUIRE a") == A
        assert parse("(a REQUIRE b) c") == Or(Require(A, B), C)


class TestDeclaredFields:
    def test_are_known_by_name(self) -> None:
        assert parse("source:a", fields=["source"]) == Compare("source", "=", "a")
        assert parse("source:a") == Term("source:a")
        assert parse("SOURCE:a", fields=["Source", "source"]) == Compare("Source", "=", "a")
        assert parse("source:a", fields=["Source", "source"]) == Compare("source", "=", "a")
        assert parse("date:2020", fields=["date"]) == YEAR, "date is ours"

    def test_values(self) -> None:
        def read(clause: str) -> Query:
            return parse(f"words:{clause}", strict=True, fields=["words"])

        assert read("5") == read("(5)") == Compare("words", "=", 5)
        assert read('"5"') == read("'5'") == read('("5")') == Compare("words", "=", "5")
        assert read("-5") == Compare("words", "=", -5)
        assert read("true") == Compare("words", "=", True)
        assert read("＞＝5") == read("=>5") == read("(>=5)") == Compare("words", ">=", 5)
        assert read("<'a b'") == Compare("words", "<", "a b")
        assert read("{1 to 2.5]") == read("({1 TO 2.5])") == Between("words", 1, 2.5, include_low=False)
        assert read("['a b' TO \"2\"]") == Between("words", "a b", "2")
        assert read("[* TO ..]") == read("*") == read("(*)") == Between("words")
        assert read('"*"') == Compare("words", "=", "*")
        assert read("Müller’s") == Compare("words", "=", "Müller’s"), "a value is what it is"

    def test_restrict(self) -> None:
        condition = Compare("n", ">", 5)
        assert parse("a b n:>5", fields="n") == And(Or(A, B), condition)
        assert parse("a -n:>5", fields="n") == And(A, Not(condition))
        assert parse("a OR n:>5", fields="n") == Or(A, condition)
        assert parse("n:(>5 date:2020 n:1)", fields="n") == And(condition, YEAR, Compare("n", "=", 1))


NO_DATES = (
    "2020-13|2020-02-30|0000|10/02/2020|20|yesteryear|'last tomorrow'|2020*|[2020 2021]|[2020-10 TO 2020-09]|"
    "{2020-09 TO 2020-10}|[x TO y]|>|>x|2020-10-02T24:00|[2020 TO 2021 TO 2022]|(2020-13)|('x y')|" + "1" * 300
)


class TestDates:
    @pytest.mark.parametrize(
        ("clause", "interval"),
        [
            ("2020-10", "2020-10"),
            ("'2020-10'", "2020-10"),
            ('"2020-10"', "2020-10"),
            ("“2020-10”", "2020-10"),
            ("２０２０－１０", "2020-10"),
            ("2020-10-02T10:15:00Z", "2020-10-02T10:15:00"),
            ("2020-10-02T10:15:00+02:00", "2020-10-02T08:15:00"),
            ("2020-09/2020-10", "2020-09/2020-10"),
            ("[2020-09 TO 2020-10]", "2020-09/2020-10"),
            ("[ 2020-09 to 2020-10 ]", "2020-09/2020-10"),
            ("['2020-09' TO '2020-10']", "2020-09/2020-10"),
            ('["2020-09" TO "2020-10"]', "2020-09/2020-10"),
            ("{2020-08 TO 2020-11}", "2020-09/2020-10"),
            ("{2020-08 TO 2020-10]", "2020-09/2020-10"),
            ("[2020-09 TO 2020-11}", "2020-09/2020-10"),
            ("2020-09/..", "2020-09/.."),
            ("[2020-09 TO]", "2020-09/.."),
            ("[2020-09 TO *]", "2020-09/.."),
            (">=2020-09", "2020-09/.."),
            ("=>2020-09", "2020-09/.."),
            (">= 2020-09", "2020-09/.."),
            (">2020-08", "2020-09/.."),
            (">'2020-08'", "2020-09/.."),
            ("../2020-10", "../2020-10"),
            ("[TO 2020-10]", "../2020-10"),
            ("[* TO 2020-10]", "../2020-10"),
            ("<=2020-10", "../2020-10"),
            ("=<2020-10", "../2020-10"),
            ("<2020-11", "../2020-10"),
        ],
    )
    def test_forms(self, clause: str, interval: str) -> None:
        expected = DateRange.parse(interval)
        assert parse(f"date:{clause}", strict=True) == expected
        assert parse(f"a AND (date:{clause})", strict=True) == And(A, expected)
        assert parse(f"-date:{clause} a", strict=True) == And(A, Not(expected))

    def test_braces_are_about_whole_periods(self) -> None:
        """After October means from November on, though a clock says that 2 October is after the first."""
        assert parse("date:>2020-10") == parse("date:{2020-10 TO]") == DateRange.parse("2020-11/..")
        assert parse("date:<2020-10") == parse("date:[TO 2020-10}") == DateRange.parse("../2020-09")

    def test_ends_of_time(self) -> None:
        assert parse("date:>9999", strict=True) == DateRange(315_537_897_600, None)
        assert parse("date:<0001", strict=True) == DateRange(None, 0)
        assert parse("date:[0001 TO 9999]", strict=True) == DateRange(0, 315_537_897_600)

    def test_the_field_holds_for_brackets(self) -> None:
        assert parse("date:(2020 OR none)") == Or(YEAR, Undated())
        assert parse("date:(2020-10-02T10:15:00Z)") == DateRange.parse("2020-10-02T10:15:00")
        assert parse("date:*") == parse("date:(*)") == DateRange()

    def test_time_zone_moves_offsets_only(self) -> None:
        moved = parse("date:2020-10-02T10:15:00Z", timezone="Europe/Berlin")
        assert moved == DateRange.parse("2020-10-02T12:15:00")
        assert parse("date:2020-10-02", timezone="Europe/Berlin") == parse("date:2020-10-02")

    @pytest.mark.parametrize(
        "clause",
        NO_DATES.split("|"),
    )
    def test_what_is_no_date_is_left_out(self, clause: str) -> None:
        """Never silently: a warning tells, and strict reading refuses with a hint."""
        query, said = parse_with_warnings(f"a AND date:{clause}")
        assert query == A
        assert len(said) == 1
        assert said[0].startswith("the date ")
        with pytest.raises(QueryError) as caught:
            parse(f"a AND date:{clause}", strict=True)
        assert caught.value.position in (6, 12)
        assert caught.value.hint

    def test_what_is_left_out_leaves_the_rest_alone(self) -> None:
        assert parse("a OR date:x OR b") == Or(A, B)
        assert parse("NOT date:x") == Nothing()
        assert parse("date:x ANDMAYBE a") == A
        assert parse("a ANDMAYBE date:x") == A
        assert parse("date:x ANDNOT a") == Not(A)
        assert parse("(date:x date:y)^2 a") == A


class TestFaultsOfWhoosh:
    """What Whoosh reads wrongly, silently or not at all is read as it was meant, or told of."""

    def test_a_dangling_operator_is_no_word(self) -> None:
        query, said = parse_with_warnings("a OR (b AND")
        assert query == Or(A, B)
        assert len(said) == 2

    def test_a_minus_is_no_and(self) -> None:
        assert parse("quick -lazy") == And(Term("quick"), Not(Term("lazy")))

    def test_nothing_vanishes(self) -> None:
        assert parse("c++ OR don't") == Or(Term("c++"), Term("don't"))

    def test_curly_quotes_hold_a_phrase_together(self) -> None:
        assert parse("“a b” c") == Or(Phrase("a b"), C)

    def test_an_open_quote_is_told_of(self) -> None:
        assert warnings('"unclosed')

    def test_brackets_before_an_operator_are_a_group(self) -> None:
        """In Whoosh, `(a b) AND c` is one group of three."""
        assert parse("(a b) AND c") == And(Or(A, B), C)

    def test_repeated_not(self) -> None:
        assert parse("NOT NOT NOT a") == Not(A)
        assert parse("NOT " * 5_000 + "a") == A


class TestStrict:
    @pytest.mark.parametrize(
        ("text", "position", "problem"),
        [
            ("a OR (b AND", 8, "AND has nothing on its right"),
            ("a OR (b", 5, r"a \( is not closed"),
            ("a author:x", 2, "no field 'author'"),
            ("a word~3", 2, "the distance of 'word~3'"),
            ('a r""', 4, "an empty regular expression"),
            ('a "b (c d OR e)"', 6, "more than words and OR in the brackets of a phrase"),
            ('a "b c" NEAR/2 d', 2, "NEAR/2 cannot join"),
            ("a “b c", 2, "a phrase is not closed"),
            ("a date:2020-13", 2, "there is no month 13"),
            ("a b^0", 3, "the boost"),
            ("(" * 101 + "a" + ")" * 101, 100, "more than 100 brackets"),
            ("-a " * MAX_TOKENS, 3 * MAX_TOKENS // 2, f"longer than {MAX_TOKENS}"),
            ("", 0, "has no words"),
        ],
    )
    def test_errors_name_place_problem_and_remedy(self, text: str, position: int, problem: str) -> None:
        with pytest.raises(QueryError, match=problem) as caught:
            parse(text, strict=True)
        assert caught.value.position == position
        assert caught.value.hint
        assert caught.value.hint in str(caught.value)

    @pytest.mark.parametrize("options", [{"match": "some"}, {"match": None}])
    def test_unknown_options_are_refused(self, options: Any) -> None:
        with pytest.raises(QueryError, match="choose any or all"):
            parse("a", **options)

    @pytest.mark.parametrize("text", [None, 1, b"a", ["a"]])
    def test_text_is_str(self, text: Any) -> None:
        with pytest.raises(QueryError, match="it must be str"):
            parse(text)


class TestWarnings:
    def test_positions_count_characters_of_the_text(self) -> None:
        assert warnings("🙂🙂 title: x") == ("nothing follows 'title:' directly at character 4: read as a word",)

    def test_are_short_and_few(self) -> None:
        """A megabyte of faults does not come back as a megabyte of warnings."""
        said = warnings("author:" + "x" * 10_000)
        assert len(said) == 1 and len(said[0]) < 200
        said = warnings("flod~3 " * 100)
        assert len(said) == MAX_WARNINGS + 1
        assert said[-1] == "and 80 more such warnings"
        assert said[-1].kind == "limit"

    def test_say_in_parts_what_they_say(self) -> None:
        """A program need not read the sentence."""
        (warning,) = parse_with_warnings("flood author:smith", fields=["source", "words"])[1]
        assert warning == "no field 'author' at character 7: searched as a word; declared fields: source, words"
        assert isinstance(warning, str) and isinstance(warning, searchkit.QueryWarning)
        assert (warning.kind, warning.position, warning.done) == ("field", 6, "searched as a word")
        assert warning.hint == "fields are title, text, date, source, words"
        for twin in (copy.deepcopy(warning), pickle.loads(pickle.dumps(warning))):
            assert (twin, twin.kind, twin.position, twin.done, twin.hint) == (
                *(warning, warning.kind, warning.position),
                *(warning.done, warning.hint),
            )

    def test_can_be_printed(self) -> None:
        for warning in warnings("author:\ud800 fl?\ud800od date:\ud800"):
            warning.encode("utf-8")


# ---- any text

SYNTAX = """
a b don't c++ AND OR NOT ANDNOT ANDMAYBE REQUIRE NEAR/2 NEAR/0 ( ) " “ ” ' ’ + - ^2 ^0 ^ * ? ~ ~2 ~3/4 : title: text:
date: author: source: words: r r" qu?ck *ing [ab]c >5 [ ] { } TO 2020 2020-13 2020-10-02T10:15:00Z / .. > >= < none
'last_month' （ ） ＋ － ： ＂ ＊ ＡＮＤ é 日本
"""
BLANKS = [" ", " ", " ", " TO ", "\t", "\n", "\0", "\ud800", "\u3000", "\u200b", "\ufeff"]
PIECES = st.lists(st.sampled_from(SYNTAX.split() + BLANKS), max_size=24).map("".join)
ANY_TEXT = st.one_of(
    PIECES, st.text(st.characters(), max_size=40), st.text(max_size=12).map(lambda text: f"a {text} b")
)
FUZZ = settings(deadline=None, derandomize=True)
MATCHES = st.sampled_from(["any", "all"])


class TestAnyText:
    @pytest.mark.slow
    @settings(FUZZ, max_examples=250)
    @given(ANY_TEXT, MATCHES)
    def test_is_answered(self, text: str, match: str) -> None:
        """Lenient reading never raises, strict reading raises QueryError only, and they agree on what is well."""
        check(text, match)

    @pytest.mark.parametrize("text", FOUND)
    def test_what_fuzzing_found_is_answered(self, text: str) -> None:
        check(text)

    @pytest.mark.slow
    def test_is_answered_for_texts_that_nobody_would_type(self) -> None:
        """A moment of what `python -m tests.fuzz` does for hours."""
        chance = generator("queries")
        for _ in range(trials(150)):
            check(some_text(chance, ['a +title:"b c*"~3^2 OR (d* NEAR/2 e) -words:[1 TO 5} date:>=2020 \'f\' r"g"']))

    def test_is_answered_for_all_short_texts(self) -> None:
        """Every text of one or two characters that mean something."""
        letters = "aT2 \"'()[]{}^*?~:+-<>/.&"
        for first in letters:
            check(first)
            for second in letters:
                check(first + second)

    def test_is_answered_for_all_beginnings_of_a_rich_text(self) -> None:
        """While somebody types, every beginning of a query is a query."""
        text = "a +title:\"b c*\"~3^2 OR (d* NEAR/2 e) -words:[1 TO 5} ANDMAYBE -text:('e f' qu?ck) date:>=2020 “g”"
        for length in range(len(text) + 1):
            check(text[:length])

    @pytest.mark.slow
    @settings(FUZZ, max_examples=200)
    @given(ANY_TEXT, MATCHES)
    def test_both_roads_agree(self, text: str, match: Any) -> None:
        """What is recognised at a glance is what the full parser reads, without a warning."""
        plain = parse_module._plain(text, match)
        if plain is not None:
            assert by_the_full_road(text, match) == (plain, ())

    @pytest.mark.slow
    @settings(FUZZ, max_examples=200)
    @given(
        st.lists(
            st.one_of(
                st.text(st.characters(codec="utf-8"), min_size=1, max_size=6),
                st.sampled_from(
                    ['"a b"', '"c  d"~2', "don't", "what?", "U.S.", "COVID-19", "and", "’tis", "-", "x-", "AND", "OR"]
                ),
            ),
            min_size=1,
            max_size=6,
        ),
        MATCHES,
    )
    def test_both_roads_agree_on_words_and_phrases(self, words: list[str], match: Any) -> None:
        """The same law on texts of which most take the short road."""
        text = " ".join(words)
        plain = parse_module._plain(text, match)
        if plain is not None:
            assert by_the_full_road(text, match) == (plain, ())

    def test_the_short_road_is_taken(self) -> None:
        """The law above would hold of a short road that nothing takes."""
        for text in (
            "a AND b",
            'a OR "b c" OR d',
            "a b c",
            " a\n",
            '"a b" c',
            '"a b"~2',
            "U.S. COVID-19 don't 3.5% what?",
            "日本語 naïve",
        ):
            assert parse_module._plain(text, "any") is not None
        for text in (
            "",
            " ",
            "a AND b OR c",
            "a AND",
            "a b AND c",
            "a AND AND",
            "NOT",
            "-a",
            "a*",
            "a^2",
            "title:a",
            '"a',
            "'a b'",
            "“a”",
            "(a)",
            "a\ud800",
            '""',
        ):
            assert parse_module._plain(text, "any") is None


# ---- queries as text


@pytest.mark.slow
@settings(FUZZ, max_examples=150)
@given(written_queries(), MATCHES)
def test_a_query_written_as_text_is_read_as_the_same_query(query: Query, match: Any) -> None:
    """`parse` undoes `str`, however deep operators and brackets nest."""
    assert parse(str(query), strict=True, match=match, fields=DECLARED) == query


@settings(FUZZ, max_examples=200)
@given(ODD_TEXT, FIELDS)
def test_odd_words_are_written_so_that_they_are_read(text: str, field: Any) -> None:
    """A word that could be taken for something else becomes a phrase, which finds the same; quotes become blanks."""
    read = parse(f"a {Term(text, field)}^2 AND NOT {Phrase(text, 2, field)} (b)", match="all")
    quoted = "".join(" " if mark == '"' else letter for letter, mark in zip(text, shape_of(text), strict=True))
    if not quoted.strip() or (has_choices(shape_of(quoted)) and set("'()") & set(shape_of(quoted))):
        return  # an empty phrase is none; brackets and stars together cannot be written
    quoted = quoted.strip() if has_choices(shape_of(quoted)) else quoted
    bare = Term(text, field) if str(Term(text)) == text else Phrase(quoted, field=field)
    assert read == And(A, And(Boost(bare, 2), Not(Phrase(quoted, 2, field))), B)


# ---- hostile size


HOSTILE = (
    "(|)|()|(a |a) |NOT |AND |a AND |a OR NOT |-a |+-|- |'a |'a' |a'b' |\"|\"a\" |“a |r\"|title:|title:a |a:|a: |"
    "date:|date:x |date:[|date:[ |date:[2020 TO |date:> |date:>|date:(|date:(a) |a^2|a^2 |^2|^|a~ |~|a*|* |a? |[TO |"
    "[ TO ] |{|\0|\ud800 |（＂|a ANDNOT |a ANDMAYBE |\n|ＡＮＤ |(a)^2 |-(NOT a) |'\"|-'|"
    'a NEAR/2 |NEAR/2 |a NEAR/2 b |a REQUIRE |"a* |"(a OR |"(a OR b) c" |"(a OR b c* d~" |[a]b|[a]b |[a|a]|a[bc]|?a |'
    '*a*|r"a" |words:|words:a |words:[|words:[1 TO |words:> |words:\'a|words:(a) |[a TO b] |[a TO b TO c] |a~9 |a~2/3 |'
    'a*~ |"a*"~2 |“a* |source:"a" |no:a |a TO |[TO] |"( OR ) |a?*[b]'
)


class TestSize:
    """Long and deep texts are answered, and cost what their length costs."""

    def test_any_number_of_words(self) -> None:
        query, said = parse_with_warnings("flood " * 100_000)
        assert isinstance(query, Or)
        assert len(query.children) == 100_000
        assert said == ()

    def test_a_word_of_a_megabyte(self) -> None:
        word = "x" * 1_000_000
        assert parse(word) == Term(word)
        assert parse(f"a OR {word}") == Or(A, Term(word))

    def test_a_thousand_brackets(self) -> None:
        query, said = parse_with_warnings("(" * 1_000 + "a" + ")" * 1_000)
        assert query == A
        assert len(said) == 1
        assert "more than 100 brackets in each other at character 101" in said[0]

    def test_brackets_up_to_the_limit_are_exact(self) -> None:
        text = "(a OR " * 49 + "(a AND b" + ")" * 50
        assert parse_with_warnings(text)[1] == ()
        assert str(parse(text)).count("(") == 49

    def test_too_deep_without_many_brackets(self) -> None:
        """Operators nest nodes as well; where a query would get too deep, its words are still found."""
        query, said = parse_with_warnings("-(b AND (c OR " * 45 + "a" + "))" * 45)
        assert query.depth == 2
        assert "nests deeper" in said[0]

    def test_too_long_for_operators(self) -> None:
        """Beyond the limit the clauses stand side by side, and further on there are only words."""
        text = 'date:2020 -d "a b" ' + "a AND " * MAX_TOKENS + 'b -c "a b"'
        query, said = parse_with_warnings(text)
        assert isinstance(query, And)
        words, year, exclusion = query.children
        assert (year, exclusion) == (YEAR, Not(D))
        assert isinstance(words, Or)
        assert words.children[0] == Phrase("a b")
        assert words.children[-4:] == (B, Term("-c"), A, B)
        assert Term("AND") not in words.children
        assert len(said) == 1 and f"longer than {MAX_TOKENS}" in said[0]

    def test_a_caller_near_the_end_of_the_stack(self) -> None:
        """A text is answered even where Python has little stack left."""

        def at(depth: int) -> Query:
            return parse("(a OR " * 90 + "b" + ")" * 90) if depth == 0 else at(depth - 1)

        frames = 0
        frame = sys._getframe()
        while frame.f_back:
            frame = frame.f_back
            frames += 1
        query = at(sys.getrecursionlimit() - frames - 80)
        assert isinstance(query, Or)
        assert query.children[-1] == B

    @pytest.mark.parametrize("piece", HOSTILE.split("|"), ids=repr)
    def test_work_grows_with_length_alone(self, piece: str) -> None:
        """Twice the text makes about twice the calls, of Python and of C alike; no clock is asked."""
        short = calls_of(lambda: parse("(b " + piece * 40, fields=DECLARED))
        long = calls_of(lambda: parse("(b " + piece * 80, fields=DECLARED))
        assert long < 2.5 * short

    @pytest.mark.parametrize("piece", HOSTILE.split("|"), ids=repr)
    def test_whoosh_sees_no_long_words_and_no_deep_brackets(self, piece: str, seen: list[str]) -> None:
        """Whoosh takes time by the square of a word, and recurses into brackets."""
        parse("(b " + piece * 150)
        for skeleton in seen:
            assert max(map(len, skeleton.split())) < 200
            assert deepest_bracket(skeleton) <= 100

    @pytest.mark.slow
    @pytest.mark.parametrize("piece", ["(a) AND ", "() ", "-a ", "a^2 ", "'a ", "date:[ "])
    def test_whoosh_sees_no_long_texts(self, piece: str, seen: list[str]) -> None:
        parse("(b " + piece * MAX_TOKENS)
        assert seen == []


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that Whoosh is given."""
    texts: list[str] = []
    parser = skeleton_module.whoosh_parser()
    skeleton_module._shape.cache_clear()
    monkeypatch.setattr(skeleton_module, "whoosh_parser", lambda: Spy(parser, texts))
    return texts


class Spy:
    """Stands before Whoosh's parser and keeps what it is given."""

    def __init__(self, parser: Any, seen: list[str]) -> None:
        self._parser = parser
        self._seen = seen

    def process(self, text: str) -> Any:
        self._seen.append(text)
        return self._parser.process(text)


def calls_of(action: Callable[[], object]) -> int:
    """How many functions an action calls, those of C included."""
    calls = 0
    skeleton_module._shape.cache_clear()  # no query's work is lent to the next

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(before)
    return calls


def deepest_bracket(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    assert depth == 0
    return deepest


# ---- what is imported when


@pytest.mark.parametrize(
    ("text", "is_loaded"), [("plain words", False), ('"a phrase"~2 and words', False), ("a AND (b OR c)", True)]
)
def test_whoosh_is_imported_by_the_first_query_that_needs_it(text: str, is_loaded: bool) -> None:
    program = (
        "import sys\nfrom searchkit.query.parse import parse\n"
        f"parse({text!r})\nprint(any(name.split('.')[0] == 'whoosh' for name in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(is_loaded)


def test_whoosh_is_imported_in_one_place() -> None:
    """Saved queries depend on this language; the rest of the library must not come to depend on Whoosh."""
    package = Path(parse_module.__file__).parent.parent
    importing = [
        path.relative_to(package).as_posix()
        for path in sorted(package.rglob("*.py"))
        if re.search(r"^\s*(?:import|from) whoosh\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert importing == ["query/skeleton.py"]
