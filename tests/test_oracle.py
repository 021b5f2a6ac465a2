"""The oracle beside examples worked out by hand: what everything else is measured with must itself be right."""

from __future__ import annotations

import math

import pytest
from oracle import Oracle, date_holds

from searchkit.analysis import Analyzer
from searchkit.article import Article
from searchkit.dates import DateInterval
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
    Term,
    Undated,
)

# Lengths 3, 4, 2 (title and text together), so L = 9 and avglen = 3.
ARTICLES = (
    Article("red red blue", id="one", date="2020-10-02"),
    Article("red green green", id="two", title="blue", date="2020-10"),
    Article("green x", id="three"),
)


def oracle(*articles: Article, **options: float) -> Oracle:
    return Oracle(articles or ARTICLES, Analyzer.named("none"), **({"title_weight": 1, "k1": 1.2} | options))


def ids(query: Query, *articles: Article, **options: object) -> list[str]:
    return [id for id, _ in oracle(*articles).search(query, **options)]


def test_a_word_scores_by_the_formula() -> None:
    """idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / avglen)), N = 3, df = 2, lengths 3 and 4."""
    idf = math.log(1.0 + 1.5 / 2.5)
    assert oracle().search(Term("red")) == [
        ("one", idf * ((2 * 2.2) / (2 + 1.2 * (0.25 + 0.75 * 3 / 3.0)))),
        ("two", idf * ((1 * 2.2) / (1 + 1.2 * (0.25 + 0.75 * 4 / 3.0)))),
    ]
    assert oracle().search(Term("red"))[0][1] == pytest.approx(0.470004 * 1.375)


def test_a_title_counts_title_weight_times() -> None:
    """A title word has tf = title_weight, and the title lengthens the article as often; 0 leaves titles out."""
    two = Article("a b", id="x", title="t t2")
    double = oracle(two, title_weight=2)
    assert double.lengths == {"x": 6}
    idf = math.log(1.0 + 0.5 / 1.5)
    assert double.search(Term("t")) == [("x", idf * ((2 * 2.2) / (2 + 1.2 * (0.25 + 0.75 * 6 / 6.0))))]
    assert oracle(two, title_weight=0).search(Term("t")) == []
    assert oracle(two, title_weight=0).lengths == {"x": 2}


def test_fields_restrict_words_and_phrases_but_not_idf() -> None:
    """`title:` and `text:` count occurrences there only, while df counts articles with the word anywhere."""
    assert ids(Term("blue", "title")) == ["two"]
    assert ids(Term("blue", "text")) == ["one"]
    assert oracle().parts(Term("blue", "text"), "one") == oracle().parts(Term("blue"), "one")


@pytest.mark.parametrize(
    ("text", "phrase", "slop", "frequency"),
    [
        ("a b c", "a b", 1, 1),
        ("a b c", "a c", 1, 0),
        ("a b c", "a c", 2, 1),
        ("b a", "a b", 5, 0),
        ("a a b", "a b", 1, 1),
        ("a a b", "a b", 2, 2),
        ("a b b", "a b", 2, 1),
        ("a a a a", "a a", 1, 3),
        ("a a a a", "a a", 3, 3),
        ("a x b x c", "a b c", 2, 1),
        ("a x x b c", "a b c", 2, 0),
        ("to be or not to be", "to be", 1, 2),
        ("a b a b c", "a b c", 1, 1),
        ("a", "a", 9, 1),
    ],
)
def test_phrases_are_counted_by_their_first_position(text: str, phrase: str, slop: int, frequency: int) -> None:
    """A place counts once if every further word follows within slop positions of one that counts."""
    idf = math.log(1.0 + 0.5 / 1.5)  # every word that occurs is in the only article
    weight = math.fsum([idf] * len(phrase.split()))
    found = oracle(Article(text, id="x")).search(Phrase(phrase, slop))
    if not frequency:
        assert found == []
    else:
        ((_, score),) = found
        assert score == pytest.approx(weight * frequency * 2.2 / (frequency + 1.2))


def test_a_phrase_does_not_reach_from_title_to_text() -> None:
    """Nor from one copy of the title into the next."""
    article = Article("c d", id="x", title="a b")
    assert oracle(article, title_weight=2).search(Phrase("b c")) == []
    assert oracle(article, title_weight=2).search(Phrase("b a")) == []
    assert len(oracle(article, title_weight=2).search(Phrase("a b", 1, "title"))) == 1
    assert oracle(article, title_weight=2).search(Phrase("a b", 1, "text")) == []


def test_a_phrase_of_one_word_is_that_word() -> None:
    """Whatever its slop; both stand for the same leaf."""
    assert oracle().search(Phrase("red", 4)) == oracle().search(Term("red"))
    assert oracle().bind(Or(Phrase("red", 4), Term("red")), "overlaps") == oracle().bind(
        Boost(Term("red"), 2.0), "overlaps"
    )


def test_boosts_multiply_down_and_repeats_add_up() -> None:
    """(a^2 a)^3 is a^9; groups of a kind are one group; a group of one is that one."""
    one = oracle()
    assert one.bind(Boost(Or(Boost(Term("red"), 2.0), Term("red")), 3.0), "overlaps").boost == 9.0
    nested = Or(Term("red"), Or(Term("green"), And(Or(Term("red"), Term("x")))))
    bound = one.bind(nested, "overlaps")
    assert [(leaf.terms, leaf.boost) for leaf in bound.children] == [(("red",), 2.0), (("green",), 1.0), (("x",), 1.0)]


def test_boosts_of_equal_leaves_are_added_in_order() -> None:
    """(0.1 + 0.2) + 0.3 and not 0.1 + (0.2 + 0.3), which is another float."""
    tree = Or(Boost(Term("red"), 0.1), Or(Boost(Term("red"), 0.2), Boost(Term("red"), 0.3)))
    assert oracle().bind(tree, "overlaps").boost == (0.1 + 0.2) + 0.3 != 0.1 + (0.2 + 0.3)


def test_words_without_a_token_are_left_out() -> None:
    """Of their group, of Not, of AndMaybe; nothing at all finds nothing."""
    assert ids(And(Term("red"), Term("!"))) == ids(Term("red"))
    assert ids(And(Term("red"), Not(Term("!")))) == ids(Term("red"))
    assert ids(AndMaybe(Term("red"), Term("?"))) == ids(Term("red"))
    assert ids(Not(Term("!"))) == ids(Or(Term("!"))) == ids(Term("")) == []


def test_the_algebra() -> None:
    """Or any, And every, Not the others, AndMaybe the required, All and Nothing."""
    assert set(ids(Or(Term("blue"), Term("x")))) == {"one", "two", "three"}
    assert ids(And(Term("red"), Term("green"))) == ["two"]
    assert ids(And(Term("red"), Not(Term("green")))) == ["one"]
    assert ids(Not(Term("red"))) == ["three"]
    assert set(ids(AndMaybe(Term("green"), Term("red")))) == {"two", "three"}
    assert len(ids(All())) == 3
    assert ids(Nothing()) == []


def test_a_leaf_counts_iff_all_above_it_match_and_none_is_not() -> None:
    """In `red OR (green AND blue)` blue counts only beside green."""
    query = Or(Term("red"), And(Term("green"), Term("blue")))
    assert [terms for terms, _ in oracle().parts(query, "one")] == [("red",)]
    assert [terms for terms, _ in oracle().parts(query, "two")] == [("red",), ("green",), ("blue",)]
    assert oracle().search(Not(Not(Term("x")))) == [("three", 0.0)]
    maybe = AndMaybe(Term("green"), Term("red"))
    assert [terms for terms, _ in oracle().parts(maybe, "three")] == [("green",)]


def test_a_prefix_is_the_or_of_its_terms_in_order() -> None:
    """The most frequent 1,024 if there are more; the empty prefix is All."""
    bound = oracle().bind(Prefix("r"), "overlaps")
    assert bound.terms == ("red",)
    many = [Article(f"p{number:04} q", id=str(number)) for number in range(1030)]
    chosen = oracle(*many, Article("p1029 p1028", id="z")).bind(Prefix("p"), "overlaps")
    assert [leaf.terms[0] for leaf in chosen.children] == [f"p{n:04}" for n in (*range(1022), 1028, 1029)]
    assert len(ids(Prefix(""))) == 3
    assert ids(Prefix("zz")) == []
    assert ids(And(Prefix("zz"), Term("red"))) == []


def test_order_is_score_then_newer_end_then_newer_start_then_id() -> None:
    """Undated last; ids by their UTF-8 bytes."""
    made = [
        Article("w", id="b", date="2020"),
        Article("w", id="a", date="2020"),
        Article("w", id="day", date="2020-12-31"),
        Article("w", id="old", date="2019"),
        Article("w", id="é"),
        Article("w", id="z"),
        Article("w w", id="best", date="0001"),
    ]
    assert ids(Term("w"), *made) == ["best", "day", "a", "b", "old", "z", "é"]
    assert ids(Term("w"), *made, sort="newest") == ["day", "a", "b", "old", "best", "z", "é"]
    assert ids(Term("w"), *made, sort="oldest") == ["best", "old", "a", "b", "day", "z", "é"]
    assert ids(Term("w"), *made, limit=2, offset=1) == ["day", "a"]


@pytest.mark.parametrize(
    ("date", "low", "high", "overlaps", "within", "contains"),
    [
        ("2020-10", "2020-10-31", "2020-11", True, False, False),
        ("2020-10", "2020-11", "2020-12", False, False, False),
        ("2020-10", "2020-09", "2020-11", True, True, False),
        ("2020-10", "2020-10", "2020-10", True, True, True),
        ("2020-10", "2020-10-02", "2020-10-03", True, False, True),
        ("2020-10", "2020-10", None, True, True, False),
        ("2020-10", None, "2020-09", False, False, False),
        ("2020-10", None, None, True, True, False),
    ],
)
def test_date_relations(
    date: str, low: str | None, high: str | None, overlaps: bool, within: bool, contains: bool
) -> None:
    """The three comparisons of [s, e) with [lo, hi); an open side is never contained."""
    interval = DateInterval.parse(date)
    lo = None if low is None else DateInterval.parse(low).start_second
    hi = None if high is None else DateInterval.parse(high).end_second
    found = [date_holds(interval, lo, hi, relation) for relation in ("overlaps", "within", "contains")]
    assert found == [overlaps, within, contains]
    assert not date_holds(None, lo, hi, "overlaps")


def test_date_ranges_filter_and_never_score() -> None:
    """Undated articles are found by no range; since, until and on intersect."""
    october = DateInterval.parse("2020-10")
    assert ids(DateRange(october.start_second, october.end_second)) == ["two", "one"]
    assert oracle().search(DateRange(None, None))[0][1] == 0.0
    assert ids(Undated()) == ["three"]
    assert ids(All(), since="2020-10-03") == ["two"]
    assert ids(All(), on="2020-10", dates="within") == ["two", "one"]
    assert ids(All(), since="2020-10-02", on="2020-10", dates="within") == ["one"]
    assert ids(All(), on="2020-10-02", dates="contains") == ["two", "one"]
