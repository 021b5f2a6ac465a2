"""Lists of pairs of frequent words: a phrase that is answered from them is answered as without.

Articles of the three most frequent words and one rare one, with titles, so that pairs at every border of a title's
copies and the text are about.
"""

from __future__ import annotations

import pytest
from oracle import Oracle
from strategies import generator, trials

import searchkit
from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.frequent import _WORDS, frequent_terms
from searchkit.article import Article
from searchkit.core.segment import pair_key
from searchkit.query.nodes import And, Or, Phrase, Query, Term
from searchkit.search.automata import of_beginning
from searchkit.search.bind import bind
from searchkit.search.plan import _Planner

WORDS = ("the", "of", "to", "senate")


def some_articles(name: str, count: int) -> list[Article]:
    rng = generator(name)

    def text(most: int) -> str:
        return " ".join(rng.choices(WORDS, weights=(4, 4, 2, 1), k=rng.randint(0, most)))

    return [Article(text(14), id=str(number), title=text(4), date=f"20{number % 20:02}") for number in range(count)]


def phrases(name: str) -> list[Query]:
    rng = generator(name)
    some: list[Query] = [Phrase(" ".join(rng.choices(WORDS, k=rng.randint(2, 6)))) for _ in range(trials(12))]
    some += [Phrase("of the", field="title"), Phrase("of the", field="text"), Phrase("of the", slop=2)]
    some += [Or(Phrase("of the"), Phrase("the of")), And(Phrase("to the"), Term("senate")), Or(Term("of"), some[0])]
    return some


@pytest.mark.parametrize("title_weight", [0, 1, 3])
@pytest.mark.parametrize("commits", [1, 4])
def test_phrases_of_frequent_words_are_the_oracles(title_weight: int, commits: int) -> None:
    kept = {article.id: article for article in some_articles(f"pairs {title_weight}", 400)}
    with searchkit.create(title_weight=title_weight) as index:
        everything = list(kept.values())
        for part in range(commits):
            index.add(everything[part::commits])
        gone = [str(number) for number in range(0, 400, 7)]
        for compacted in (False, True):
            oracle = Oracle(kept.values(), index.analyzer, title_weight=title_weight)
            for query in phrases("phrases"):
                found = [(hit.id, hit.score) for hit in index.search(query, limit=20)]
                assert found == oracle.search(query)[:20], (query, compacted)
                assert index.count(query) == oracle.count(query), query
            if compacted:
                break
            index.delete(gone)
            for id in gone:
                del kept[id]
            index.compact()
        assert index.check().ok


def test_the_list_of_a_pair_is_the_phrase_and_guards_longer_ones() -> None:
    with searchkit.create() as index:
        index.add(Article("all the king's horses of the king", id="1"))
        snapshot = index._snapshot()

        def lists(text: str) -> tuple[int, int]:
            bound = bind(Phrase(text), snapshot, "overlaps", [])
            assert bound is not None
            planner = _Planner(snapshot, 0)
            planner.program(bound)
            _, of, words, _, _ = planner.leaves[0]
            return len(of), words

        assert lists("of the") == (1, 1)
        assert lists("of the king") == (4, 3)
        assert lists("the king") == (2, 2)
        assert lists("of the of the") == (6, 4)  # "of the" is asked for once, "the of" once
        assert snapshot.pair(pair_key("of", "the")).df == 1
        assert snapshot.pair(pair_key("the", "of")).df == 0


def test_pairs_are_no_words() -> None:
    """A prefix, even none, does not come upon them; neither do figures of tokens."""
    with searchkit.create() as index:
        index.add(Article("of the people", id="1"))
        assert index.search("o*").total == 1
        assert sorted(index._snapshot().terms_like(of_beginning(""), 9)[0]) == ["of", "peopl", "the"]
        assert index.stats().tokens == 3


@pytest.mark.parametrize("language", sorted(_WORDS))
def test_every_language_has_its_frequent_terms(language: str) -> None:
    """Some thirty terms of the language's own stemmer, each once."""
    terms = frequent_terms(Analyzer.named(language))
    assert 20 <= len(terms) <= 64
    assert list(terms) == sorted(set(terms))


def test_other_analyzers_have_none() -> None:
    assert frequent_terms(Analyzer.named("none")) == ()
    with searchkit.create(analyzer="none") as index:
        index.add(Article("of the people", id="1"))
        assert [hit.id for hit in index.search('"of the"')] == ["1"]
