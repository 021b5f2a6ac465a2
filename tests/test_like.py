"""More like this: the query made of an article is the formula's, and its hits are the oracle's without the article."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from oracle import Oracle
from strategies import generator, some_articles

import searchkit
from searchkit import Article, DateInterval, QueryError, SearchkitError
from searchkit.cli import main
from searchkit.query import Boost, Nothing, Or, Query, Term

TITLE_WEIGHT = 3


def telling(oracle: Oracle, article: Article, terms: int, df: int) -> Query:
    """The query for an article by the formula, from the articles alone."""
    forms: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text, times in ((article.title, TITLE_WEIGHT), (article.text, 1)):
        found = oracle.analyzer.forms(text)
        for form, term in zip(found, oracle.analyzer.stem(found), strict=True):
            forms.setdefault(term, form)
            counts[term] += times
    n = len(oracle.articles)
    weights = {}
    for term, tf in counts.items():
        held = len(oracle.places.get(term, ()))
        if held >= df:
            weights[term] = tf * math.log(1.0 + (n - held + 0.5) / (held + 0.5))
    chosen = sorted(weights, key=lambda term: (-weights[term], term.encode()))[:terms]
    if not chosen:
        return Nothing()
    top = weights[chosen[0]]
    return Or(*(Term(forms[t]) if weights[t] == top else Boost(Term(forms[t]), weights[t] / top) for t in chosen))


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return some_articles(generator("like"), 300)


@pytest.fixture(scope="module")
def index(articles: list[Article]) -> searchkit.Index:
    """The articles in four segments, some of them replaced and deleted on the way."""
    made = searchkit.create(title_weight=TITLE_WEIGHT)
    made.add(Article("soon gone", id=article.id) for article in articles[:40])
    for first in range(0, 300, 100):
        made.add(articles[first : first + 100])
    made.add([Article("to be deleted", id="gone")])
    made.delete("gone")
    return made


@pytest.fixture(scope="module")
def oracle(articles: list[Article], index: searchkit.Index) -> Oracle:
    return Oracle(articles, index.analyzer, title_weight=TITLE_WEIGHT)


@pytest.mark.slow
@pytest.mark.parametrize("terms", [1, 5, 25, 1024])
def test_hits_are_those_of_the_formula(
    index: searchkit.Index, oracle: Oracle, articles: list[Article], terms: int
) -> None:
    """The query, the hits, their scores and their number equal the oracle's, the article itself left out."""
    for article in articles[::37]:
        query = telling(oracle, article, terms, 2)
        results = index.like(article.id, limit=None, terms=terms)
        assert results.query == query
        expected = [(id, score) for id, score in oracle.search(query) if id != article.id]
        assert list(zip(results.ids, results.scores, strict=True)) == expected
        assert results.total == len(results) == len(expected)
        timeline = results.timeline("year")
        assert sum(bucket.count for bucket in timeline) + timeline.unplaced + timeline.undated == len(expected)
        for hit in results[:2]:
            assert index.explain(results.query, hit.id).score == hit.score


def test_the_article_may_be_found_too(index: searchkit.Index, oracle: Oracle, articles: list[Article]) -> None:
    """`itself` leaves nothing out; words of this article alone count then."""
    article = articles[5]
    results = index.like(article.id, limit=None, itself=True)
    assert list(zip(results.ids, results.scores, strict=True)) == oracle.search(telling(oracle, article, 25, 1))
    assert article.id in results.ids


def test_ids_hits_and_articles_are_the_same_question(index: searchkit.Index, articles: list[Article]) -> None:
    """An id, a hit and the article of that id give the same hits, as often as they are asked."""
    article = articles[7]
    expected = index.like(article.id).ids
    assert index.like(article).ids == expected == index.like(article.id).ids
    (hit,) = [hit for hit in index.search(article.text, limit=None) if hit.id == article.id]
    assert index.like(hit).ids == expected


def test_an_article_that_is_not_there(index: searchkit.Index, oracle: Oracle, articles: list[Article]) -> None:
    """A text from elsewhere needs no place in the index; nothing is left out then."""
    stranger = Article(articles[9].text)
    results = index.like(stranger, limit=None)
    assert list(zip(results.ids, results.scores, strict=True)) == oracle.search(telling(oracle, stranger, 25, 1))
    assert articles[9].id in results.ids


def test_pages_and_dates(index: searchkit.Index, articles: list[Article]) -> None:
    """Pages make up the whole ranking; dates narrow it and its number."""
    id = articles[11].id
    whole = index.like(id, limit=None)
    pages = [one for offset in range(0, len(whole) + 3, 3) for one in index.like(id, limit=3, offset=offset).ids]
    assert tuple(pages) == whole.ids
    narrowed = index.like(id, limit=None, since="2000", until="2020", dates="within")
    years = DateInterval.parse("2000/2020")
    assert narrowed.ids == tuple(hit.id for hit in whole if hit.date is not None and hit.date.within(years))
    assert narrowed.total == len(narrowed) < len(whole)
    assert index.like(id, limit=0).ids == ()


def test_nothing_to_go_by() -> None:
    """An article without words, or with words of its own only, has none like it."""
    index = searchkit.create()
    index.add([Article("", id="empty"), Article("alpha beta", id="a"), Article("gamma", id="b")])
    for id in ("empty", "a", "b"):
        results = index.like(id)
        assert (results.ids, results.total, results.query) == ((), 0, Nothing())
    assert index.like(Article("!")).ids == ()


@pytest.mark.parametrize("terms", [0, -1, 1025, 2.0, True, None])
def test_terms_that_are_no_number(index: searchkit.Index, articles: list[Article], terms: Any) -> None:
    """The number of words is bounded."""
    with pytest.raises(QueryError, match="terms is"):
        index.like(articles[0].id, terms=terms)


@pytest.mark.parametrize("article", [5, None, b"storm", ["storm"], {"text": "storm"}])
def test_what_is_no_article(index: searchkit.Index, article: Any) -> None:
    """Only an id, a hit or an Article has others like it."""
    with pytest.raises(QueryError, match="takes an id, a hit or an Article"):
        index.like(article)


def test_what_is_not_there() -> None:
    """An unknown id is a KeyError, as for `get`; a text that is not kept is told, and may be handed in."""
    index = searchkit.create(store=False)
    index.add([Article("storm surge", id="a"), Article("storm warning", id="b")])
    with pytest.raises(KeyError):
        index.like("nothing")
    with pytest.raises(SearchkitError, match="store=False"):
        index.like("a")
    assert index.like(Article("storm surge", id="a")).ids == ("b",)


def test_the_command_prints_what_query_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`searchkit like ID`: lines in a pipe, JSON on request, exit codes for hits, none, and no such article."""
    monkeypatch.chdir(tmp_path)
    index = searchkit.create("indexes/default")
    index.add([Article("storm surge", id="a"), Article("storm warning", id="b", date="2020"), Article("other", id="c")])
    assert main(["like", "a"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split("\t")[1:3] == ["2020", "b"]
    assert main(["like", "a", "--json", "--terms", "3"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["total"], [hit["id"] for hit in answer["hits"]]) == (1, ["b"])
    assert main(["like", "c"]) == 1
    assert main(["like", "a", "--on", "2021"]) == 1
    assert main(["like", "nothing"]) == 2
    assert "no article 'nothing'" in capsys.readouterr().err
