"""The short way of plain queries is the long way: ids, order, scores, totals, warnings and marks are the same.

The core answers text of plain words and phrases by itself (searchkit/core/plain.h); whatever is not surely that it
leaves to the parser. With `_plain` off, every query goes the long way, which test_exact.py compares with the oracle.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import DATES, RELATIONS, WORDS, articles, generator, ids, some_articles, trials, words

import searchkit
from searchkit.article import Article
from searchkit.search.answer import Scope, ranking_of, settings_of

BLANKS = (" ", "  ", "\t", "\n", "\x1c", "\x85", "\xa0", "\u2003", "\u3000")
MARKS = (*"\"'+-()[]{}:^*~?!.,/\\|&<>=\0\x7f", *"“”«‘’„〝：ａ", "\ud800")
OPERATORS = ("AND", "OR", "NOT", "ANDNOT", "ANDMAYBE", "REQUIRE", "and", "TO")
ODD = ("absent", "w0rd", "run" * 100, "!", "??", "a" * 300, "COVID-19", "title:run", "date:2020", "20*", "é")


def seen(results: searchkit.Results) -> tuple[Any, ...]:
    """All that a caller can see of some results, but the time they took."""
    shown = [(hit.id, hit.score, hit.highlight()) for hit in results]
    return shown, results.total, results.warnings, len(results)


def both(index: searchkit.Index, query: str, **options: Any) -> None:
    """Search, search_many, count and explain say the same either way; errors are the same as well."""
    said = []
    for plain in (True, False):
        index._plain = plain
        try:
            said.append((seen(index.search(query, **options)), seen(index.search_many([query], **options)[0])))
        except searchkit.SearchkitError as error:
            said.append((type(error), str(error)))
    index._plain = True
    assert said[0] == said[1], (query, options)
    if not isinstance(said[0][0], type):
        assert said[0][0] == said[0][1], (query, options)


def is_plain(index: searchkit.Index, text: str, match_all: bool = False) -> bool:
    """Whether the core answers the text, and counts it, by itself."""
    snapshot = index._snapshot()
    wanted = settings_of(snapshot, 10, 0, "score", ranking_of(Scope(snapshot)))
    found = snapshot.searcher.search_plain(text, match_all, None, wanted)
    count = snapshot.searcher.count_plain(text, match_all, None)
    assert (found is None) == (count is None)
    return found is not None


pieces = st.one_of(
    *[words] * 6,
    st.sampled_from(OPERATORS),
    st.sampled_from(ODD),
    st.lists(words, min_size=1, max_size=4).map(lambda inner: f'"{" ".join(inner)}"'),
    st.builds(lambda inner, slop: f'"{" ".join(inner)}"~{slop}', st.lists(words, max_size=3), st.integers(0, 9)),
    st.lists(st.sampled_from((*MARKS, *BLANKS, "a", "run")), max_size=6).map("".join),
)
joined = st.builds(
    lambda inner, operator: f" {operator} ".join(inner), st.lists(words, max_size=5), st.sampled_from(OPERATORS)
)
texts = st.one_of(
    st.lists(pieces, max_size=6).map(" ".join),
    st.lists(words, min_size=1, max_size=6).map(" ".join),
    joined,
    st.builds(lambda inner, blank: blank.join(inner), st.lists(pieces, max_size=4), st.sampled_from(BLANKS)),
)
options = st.fixed_dictionaries(
    {},
    optional={
        "match": st.just("all"),
        "limit": st.sampled_from([None, 0, 1, 3]),
        "offset": st.sampled_from([1, 2, 50]),
        "sort": st.sampled_from(["newest", "oldest"]),
        "since": st.sampled_from(DATES),
        "until": st.sampled_from(DATES),
        "dates": st.sampled_from(RELATIONS),
        "k1": st.sampled_from([0.0, 2.5]),
        "b": st.sampled_from([0.0, 1.0]),
    },
)


@pytest.mark.slow
@given(
    batches=st.lists(st.lists(articles(), min_size=1, max_size=8), min_size=1, max_size=4),
    gone=st.lists(ids, max_size=4),
    asked=st.lists(st.tuples(texts, options), min_size=1, max_size=8),
    accents=st.booleans(),
)
@settings(max_examples=trials(100))
def test_any_text_on_any_articles(
    batches: list[list[Article]], gone: list[str], asked: list[tuple[str, dict[str, Any]]], accents: bool
) -> None:
    """Random words, phrases, operators and junk over a few articles in several segments, some of them deleted."""
    with searchkit.create(analyzer="english" if accents else "none") as index:
        for batch in batches:
            index.add(batch)
        index.delete(gone)
        for text, how in asked:
            both(index, text, **how)


@pytest.fixture(scope="module")
def stocked() -> searchkit.Index:
    """Thousands of articles in three segments, of two of which some are deleted."""
    random = generator("plain")
    index = searchkit.create()
    for part in range(3):
        index.add(some_articles(random, 1_500, first=part * 1_500))
    index.delete(f"a{number:06}" for number in range(0, 2_000, 3))
    index.add([Article(" ".join([*WORDS, "a b and or not what"]), id="words", date="2020")])
    return index


@pytest.mark.slow
def test_many_texts_on_many_articles(stocked: searchkit.Index) -> None:
    """Frequent and rare words, in every shape that is plain, with every option."""
    random = generator("plain texts")
    for _ in range(trials(120)):
        picked = [f"w{min(int(random.expovariate(1 / 30)), 299)}" for _ in range(random.randrange(1, 6))]
        shape = random.randrange(5)
        if shape == 0:
            text = f'"{" ".join(picked[:3])}"' + random.choice(["", "~2", "~5"])
        elif shape == 1:
            text = f'{picked[0]} "{" ".join(picked[1:])}" {picked[-1]}' if len(picked) > 1 else picked[0]
        else:
            text = random.choice([" ", " ", " AND ", " OR "]).join(picked)
        assert is_plain(stocked, text), text
        how: dict[str, Any] = {"limit": random.choice([1, 10, 100]), "offset": random.choice([0, 0, 5])}
        how |= random.choice([{}, {"match": "all"}, {"sort": "newest"}, {"sort": "oldest"}, {"k1": 0.4, "b": 0.2}])
        how |= random.choice([{}, {}, {"since": "2017"}, {"until": "2018-03"}, {"on": "2016/..", "dates": "within"}])
        both(stocked, text, **how)


SHORT = (
    *("run", " run\n", "run COVID-19", "running runs run", "what?? run", '"run"', '"be the"~3 of', "U.S. 3.5%"),
    *("café москва 選挙 🙂", "naïve Straße", "run AND the", "run OR the OR of", '"run of" AND "be to"', "and or not"),
    *("child's", "run/runs", "a-b", "of!", "run, the. of;", '"of the)] be:"', "AND? run", "run\x1cthe", "run " * 100),
)  # fmt: skip
LONG = (
    *("", " ", "absent", "run absent", "!", "run !", '""', '" "', '"run', 'run"the"', '"run"the', '"run"~', '"run"~0'),
    *('"run"~1234567890', "+run", "-run", "'run", "run*", "?", "r?n", "title:run", "(run)", "run^2", "run~", "[run]"),
    *("AND", "run AND", "AND run", "run AND the OR of", "run the AND of", "run AND the of", "run NOT the", "NOT run"),
    *('"of (the be"', '"ru* the"', '"r?n the"', '"of [the]"', '"run~ the"', "run NEAR/5 the", '"what?! run"'),
    *("run\xa0the", "run\u3000the", "“run the”", "child’s", "ｒun", "«run»", "run \ud800", "x" * 5000),
    " ".join(f"w{number}" for number in range(70)),
)  # fmt: skip


@pytest.mark.parametrize("text", SHORT)
def test_plain_is_answered_by_the_core(stocked: searchkit.Index, text: str) -> None:
    """What most people type goes the short way."""
    assert is_plain(stocked, text)
    both(stocked, text)
    both(stocked, text, match="all")


@pytest.mark.parametrize("text", LONG)
def test_the_rest_goes_the_long_way(stocked: searchkit.Index, text: str) -> None:
    """Signs, unknown words, whatever deserves a warning: the core says that it is not for it."""
    assert not is_plain(stocked, text)
    both(stocked, text)


@pytest.mark.slow
def test_words_stay_right_when_no_more_are_kept() -> None:
    """The core keeps so many words of a snapshot; from then on it looks each up anew."""
    count = 24_000
    with searchkit.create(analyzer="none") as index:
        index.add(Article(" ".join(f"w{n}" for n in range(part, count, 40)), id=str(part)) for part in range(40))
        index.delete("3")
        for first in range(0, count, 60):
            index.count(" ".join(f"w{n}" for n in range(first, first + 60)))
        for text in ("w0", f"w{count - 1}", f"w{count - 2} w{count - 1} w{count - 1}", f'"w{count - 1} w5" w3'):
            assert is_plain(index, text)
            both(index, text)


@pytest.mark.slow
def test_search_many_mixes_both_ways(stocked: searchkit.Index) -> None:
    """In order, whoever answers; nodes and strange texts in between; on any number of threads."""
    queries = [
        *("w1 w2", "title:w3", searchkit.parse("w4"), "", "absent", "w5 AND w6", "w7 -w8", '"w0 w1"', "w9*", "\ud800")
    ] * 30
    alone = [seen(stocked.search(query, limit=3)) for query in queries[:10]] * 30
    for threads in (1, 2, 5, None):
        assert [seen(results) for results in stocked.search_many(queries, limit=3, threads=threads)] == alone
