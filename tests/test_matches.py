"""Matches come from the index's own positions, and are those that the text itself would give."""

from __future__ import annotations

import pytest
from strategies import generator, some_articles, some_query

import searchkit
from searchkit.article import Article
from searchkit.errors import CorruptIndex
from searchkit.search import results as results_module
from searchkit.search.matches import find_matches


def from_text(hit: searchkit.Hit) -> list[object]:
    """The matches of a hit, its text analysed again."""
    ask = hit._ask
    return find_matches(ask.snapshot.analyzer.spans(hit.article.text), ask.marks, ask.snapshot.term_of)


@pytest.mark.slow
@pytest.mark.parametrize("title_weight", [0, 1, 3])
def test_positions_and_text_give_the_same_matches(title_weight: int) -> None:
    """For words, phrases and trees of them, in several segments with deleted articles, with titles and without."""
    random = generator(f"matches {title_weight}")
    index = searchkit.create(analyzer="english", title_weight=title_weight)
    for first in (0, 150, 300):
        index.add(some_articles(random, 150, first=first))
    index.delete([f"a{number:06}" for number in range(0, 450, 7)])
    words = [f"w{rank}" for rank in range(12)]
    found = 0
    for _ in range(40):
        for hit in index.search(some_query(random, words), limit=5):
            assert hit._matches() == from_text(hit)
            found += len(hit._matches())
    assert found > 100


def test_many_words_are_looked_for_in_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefix may stand for a thousand words: what is marked does not depend on how it is found."""
    index = searchkit.create(analyzer="none")
    index.add([Article(" ".join(f"word{number} other" for number in range(100)), id="x")])
    hit = index.search("word*")[0]
    matches = hit._matches()
    assert len(matches) == 100
    monkeypatch.setattr(results_module, "MOST_LOOKED_UP", 1000)
    assert hit._matches() == matches


def test_only_true_matches_are_marked() -> None:
    """Not a phrase's words outside the phrase, not what a NOT names, not what was asked of the title."""
    index = searchkit.create()
    index.add([Article("They lost their son. Their son was lost in a storm of ash.", id="x", title="Storm")])

    def marked(query: str) -> str:
        return index.search(query)[0].highlight(("<", ">"))

    assert marked('"lost their son"') == "They <lost their son>. Their son was lost in a storm of ash."
    assert marked("title:storm ash") == "They lost their son. Their son was lost in a storm of <ash>."
    assert marked("title:storm") == "They lost their son. Their son was lost in a storm of ash."
    assert marked("text:storm") == "They lost their son. Their son was lost in a <storm> of ash."
    assert marked("their NEAR/3 lost") == "They <lost their> son. <Their son was lost> in a storm of ash."
    assert marked('"lost their s*"') == "They <lost their son>. Their son was lost in a storm of ash."
    assert marked("ash NOT gale") == "They lost their son. Their son was lost in a storm of <ash>."


def test_a_text_that_is_not_the_indexed_one_is_damage() -> None:
    """Positions behind the end of the text are reported, and never marked somewhere else."""
    index = searchkit.create(analyzer="none")
    index.add([Article("one two three", id="x")])
    snapshot = index._snapshot()
    lists = [snapshot.lists("three")]
    assert snapshot.searcher.places(lists, 0, 0, "one two three") == [(2, 0, 8, 13)]
    with pytest.raises(CorruptIndex):
        snapshot.searcher.places(lists, 0, 0, "one two")
    with pytest.raises(IndexError):
        snapshot.searcher.places(lists, 0, 1, "one two three")
