"""Sequences: places of several words each, one behind another or in any order, counted as the oracle counts them."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from oracle import Oracle
from strategies import generator, trials

import searchkit
from searchkit.article import Article
from searchkit.query import And, Boost, Fuzzy, Not, Or, Phrase, Prefix, Query, Regex, Sequence, Term, Undated, Wildcard
from searchkit.query.nodes import MAX_SLOP

WORDS = ("red", "reds", "green", "greens", "grey", "blue", "blues", "black")


def some_articles(random: Random, numbers: range, most: int = 10) -> list[Article]:
    return [
        Article(
            " ".join(random.choices(WORDS, k=random.randint(0, most))),
            id=str(number),
            title=" ".join(random.choices(WORDS, k=random.randint(0, 5))),
            date=random.choice((None, "2020", "2020-10")),
        )
        for number in numbers
    ]


def some_place(random: Random, field: str | None) -> Query:
    kind = random.randrange(6)
    if kind < 2:
        return Term(random.choice(WORDS), field)
    if kind == 2:
        return Prefix(random.choice(("gre", "b", "r", "zz")), field)
    if kind == 3:
        return random.choice((Wildcard("*e*", field), Fuzzy("gray", 1, 0, field), Regex("bl.*|red", field)))
    return Or(*(Term(random.choice(WORDS), field) for _ in range(random.randint(1, 3))), Wildcard("bl*", field))


def some_sequence(random: Random) -> Sequence:
    field = random.choice((None, None, None, "title", "text"))
    places = [some_place(random, field) for _ in range(random.choice((2, 2, 3, 3, 4)))]
    return Sequence(*places, slop=random.choice((1, 1, 2, 3, 9, MAX_SLOP)), ordered=random.random() < 0.5)


def agree(index: searchkit.Index, oracle: Oracle, query: Query) -> None:
    expected = oracle.search(query)
    assert [(hit.id, hit.score) for hit in index.search(query, limit=None)] == expected, query
    assert [(hit.id, hit.score) for hit in index.search(query, limit=3)] == expected[:3], query
    assert index.count(query) == len(expected), query


@pytest.mark.slow
@pytest.mark.parametrize("title_weight", [0, 1, 3])
def test_sequences_are_the_oracles(title_weight: int) -> None:
    """Alone and inside other queries; through additions, deletions and a merge."""
    random = generator(f"sequences {title_weight}")
    kept: dict[str, Article] = {}
    with searchkit.create(title_weight=title_weight) as index:
        for step in range(4):
            if step == 3:
                index.compact()
            else:
                more = some_articles(random, range(12 * step, 12 * step + 18))
                index.add(more)
                kept.update((article.id, article) for article in more)
                gone = random.sample(sorted(kept), 3)
                index.delete(gone)
                for id in gone:
                    del kept[id]
            oracle = Oracle(kept.values(), index.analyzer, title_weight=title_weight)
            for _ in range(trials(15)):
                one, other = some_sequence(random), some_sequence(random)
                word = Term(random.choice(WORDS))
                agree(index, oracle, one)
                for query in (
                    Or(one, word, other),
                    And(one, Not(other)),
                    And(Boost(one, 2.5), Undated()),
                    And(word, one),
                ):
                    agree(index, oracle, query)


@pytest.mark.parametrize("variant", ["lucene", "robertson", "atire", "bm25l", "bm25+"])
def test_sequences_by_other_formulas(variant: Any) -> None:
    random = generator("variants")
    made = some_articles(random, range(40))
    with searchkit.create(title_weight=1) as index:
        index.add(made)
        oracle = Oracle(made, index.analyzer, title_weight=1)
        for _ in range(trials(6)):
            query = Or(some_sequence(random), Term(random.choice(WORDS)), And(some_sequence(random), Term("red")))
            found = [(hit.id, hit.score) for hit in index.search(query, limit=5, variant=variant)]
            assert found == oracle.search(query, variant=variant)[:5], query


def test_a_sequence_of_words_is_a_phrase() -> None:
    """The same hits with the same scores, whichever way it was written."""
    random = generator("phrases")
    with searchkit.create() as index:
        index.add(some_articles(random, range(60)))
        for text, slop in (("red green", 1), ("red green blue", 2), ("the red", 1)):
            sequence = Sequence(*map(Term, text.split()), slop=slop)
            pairs = [(hit.id, hit.score) for hit in index.search(sequence, limit=None)]
            assert pairs == [(hit.id, hit.score) for hit in index.search(Phrase(text, slop), limit=None)]


@pytest.mark.parametrize(
    ("text", "query", "tf"),
    [
        ("a x b", Sequence(Term("a"), Wildcard("[bc]"), slop=2), 1),
        ("a x x b", Sequence(Term("a"), Wildcard("[bc]"), slop=2), 0),
        ("b a", Sequence(Term("a"), Wildcard("[bc]"), slop=2), 0),
        ("b a", Sequence(Term("a"), Wildcard("[bc]"), slop=2, ordered=False), 1),
        ("a a b c", Sequence(Term("a"), Wildcard("[bc]"), slop=3), 2),
        ("a b a", Sequence(Term("a"), Term("b"), ordered=False), 2),
        ("a b", Sequence(Term("a"), Term("a"), ordered=False), 0),
        ("a a", Sequence(Term("a"), Term("a"), ordered=False), 1),
        ("c a b", Sequence(Term("a"), Term("b"), Term("c"), ordered=False), 1),
        ("c x a b", Sequence(Term("a"), Term("b"), Term("c"), ordered=False), 0),
        ("c x a b", Sequence(Term("a"), Term("b"), Term("c"), slop=2, ordered=False), 1),
        ("a b", Sequence(Or(Term("a"), Term("b")), Or(Term("a"), Term("b")), ordered=False), 1),
        ("p-q r", Sequence(Term("p-q"), Prefix("r")), 1),
    ],
)  # fmt: skip
def test_what_is_counted(text: str, query: Sequence, tf: int) -> None:
    """Words from which the sequence can be filled: an occurrence for each."""
    with searchkit.create(analyzer="none") as index:
        index.add([Article(text, id="1")])
        assert index.count(query) == min(tf, 1)
        assert [part.tf for part in index.explain(query, "1").parts] == [tf] * min(tf, 1)
        oracle = Oracle([Article(text, id="1")], index.analyzer)
        assert [(hit.id, hit.score) for hit in index.search(query)] == oracle.search(query)


def test_explained_by_places() -> None:
    with searchkit.create(analyzer="none") as index:
        index.add([Article("red grey", id="1"), Article("green", id="2"), Article("green grey", id="3")])
        explanation = index.explain(Sequence(Term("red"), Prefix("gre")), "1")
        [part] = explanation.parts
        assert (part.terms, part.df, part.tf) == (("red", "green|grey"), (1, 2), 1)
        assert explanation.score == part.score


def test_places_without_words_and_too_many_places() -> None:
    with searchkit.create() as index:
        index.add([Article("red green blue", id="1")])
        assert index.count(Sequence(Term("red"), Term("?"), Term("green"))) == 1
        assert index.count(Sequence(Term("red"), Term("?"))) == 1
        assert index.count(Sequence(Term("?"), Term("!"))) == 0
        assert index.count(Sequence(Term("red"), Prefix("zzz"))) == 0
        results = index.search(Sequence(Term("red"), Or(Term("green-blue"), Term("green"))))
        assert len(results) == 1
        assert "not one word" in results.warnings[0]
        for query, most in (
            (Sequence(*map(Term, "abcdefghi"), ordered=False), 8),
            (Sequence(*[Prefix("r")] * 63, Term("of the")), 64),
        ):
            results = index.search(Or(query, Term("red")))
            assert len(results) == 1
            assert f"at most {most} places" in results.warnings[0]
        assert index.count(Sequence(*[Prefix("r")] * 64)) == 0


def test_many_articles_and_long_ones() -> None:
    """Lists of many blocks, over several windows, and an article with thousands of occurrences."""
    random = generator("long")
    made = [Article(" ".join(random.choices(("a", "b", "c", "d"), k=3)), id=str(number)) for number in range(4_200)]
    made.append(Article("a c " * 300, id="long"))
    query = Sequence(Or(Term("a"), Term("b")), Or(Term("c"), Term("d")))
    near = Sequence(Term("a"), Wildcard("[cd]"), slop=2, ordered=False)
    with searchkit.create(analyzer="none") as index:
        index.add(made)
        for asked in (query, near):
            expected = Oracle(made, index.analyzer).search(asked)
            assert [(hit.id, hit.score) for hit in index.search(asked, limit=50)] == expected[:50]
            assert index.count(asked) == len(expected)
