"""Searches that may take so long and no longer, and Ctrl-C.

The laws: time enough changes nothing, to the last bit; time too short gives hits of the one ranking, in its order, with
their exact scores, and says so; a search that reaches its deadline ends.

Nothing here depends on how fast the machine is. Where a search is to be cut short, the core's clock is paced: it goes
on by a millisecond whenever it is looked at, which is after a given amount of work, and stands still in between.
"""

from __future__ import annotations

import contextlib
import math
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import Oracle
from strategies import generator, some_articles, trials
from test_cli import Outcome, indexed, run  # noqa: F401  (fixtures)
from test_exact import SHAPES, SORTS, shapes

import searchkit
from searchkit import Article
from searchkit.core import evaluate
from searchkit.query import And, AndMaybe, Not, Or, Phrase, Prefix, Query, Term

ENOUGH = 3600.0  # seconds that no query here takes
GUARD = 600.0  # seconds that only what hangs takes
LOOK = 1e-3  # seconds that pass between two looks at a paced clock


def pairs(results: Any) -> list[tuple[str, float]]:
    return [(hit.id, hit.score) for hit in results]


def is_late(results: searchkit.Results) -> bool:
    return any("time of" in warning and "was up" in warning for warning in results.warnings)


def cut_from(shown: list[tuple[str, float]], ranking: list[tuple[str, float]]) -> bool:
    """Whether these are hits of the ranking, in its order and with its scores."""
    places = {id: place for place, (id, _) in enumerate(ranking)}
    scores = dict(ranking)
    order = [places.get(id, -1) for id, _ in shown]
    return order == sorted(set(order) - {-1}) and all(score == scores[id] for id, score in shown)


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return some_articles(generator("timeout"), 5_000)


@pytest.fixture(scope="module", params=["whole", "pieces"])
def index(request: pytest.FixtureRequest, articles: list[Article]) -> searchkit.Index:
    """The articles in one segment, and in three with deleted ones."""
    index = searchkit.create()
    if request.param == "whole":
        index.add(articles)
        return index
    stale = [Article("w1 stale w2", id=f"stale{number}") for number in range(300)]
    index.add(articles[::3] + stale)
    index.add(articles[1::3])
    index.add(articles[2::3])
    index.delete(article.id for article in stale)
    assert index.stats().deleted
    return index


@pytest.fixture(scope="module")
def oracle(articles: list[Article]) -> Oracle:
    with searchkit.create() as index:
        return Oracle(articles, index.analyzer)


@pytest.fixture(scope="module")
def million() -> searchkit.Index:
    """An article of a million words, most of them equal; a window before it, twenty of some hundred."""
    index = searchkit.create()
    index.add(
        [
            Article("echo " * 600_000 + "noise " * 400_000, id="million", date="2001"),
            *(Article("quiet", id=f"quiet{number}", date="2010") for number in range(4_100)),
            *(Article("echo " * (440 + 3 * number), id=f"{number:02}", date="2020") for number in range(20)),
        ]
    )
    return index


ECHOES = Phrase("echo " * 400)
SLOPPY = Phrase("echo " * 400, 3)


@pytest.fixture
def paced() -> Iterator[None]:
    """Let the time of deadlines be the work that was done."""
    evaluate.pace(round(LOOK * 1e9))
    yield
    evaluate.pace(0)


@pytest.mark.parametrize("shape", SHAPES)
def test_time_enough_changes_nothing(shape: str, index: searchkit.Index) -> None:
    """Hits, order, scores, totals and warnings of search, search_many and count are those without a timeout."""
    random = generator(f"enough {shape}")
    for _ in range(trials(1)):
        query = shapes(random)[shape]
        options: dict[str, Any] = {"limit": random.choice([1, 10, None]), "sort": random.choice(SORTS)}
        without, given = index.search(query, **options), index.search(query, timeout=ENOUGH, **options)
        several = index.search_many([query, query], timeout=ENOUGH, threads=2, **options)
        for results in (given, *several):
            assert pairs(results) == pairs(without)
            assert results.warnings == without.warnings
            assert results.total == without.total
        assert index.count(query, timeout=ENOUGH) == without.total


@pytest.mark.parametrize("text", ["w1", "w1 w40 w7", "w1 AND w2", '"w0 w1" w3', "w1 -w2", "w2* w1", "storm"])
def test_plain_and_other_texts_with_time_enough(text: str, index: searchkit.Index) -> None:
    """The same for text, which the core may answer by itself."""
    for options in ({}, {"since": "2018-05"}):
        without, given = index.search(text, **options), index.search(text, timeout=ENOUGH, **options)
        assert pairs(given) == pairs(without) == pairs(index.search_many([text], timeout=ENOUGH, **options)[0])
        assert given.warnings == without.warnings
        assert given.total == without.total == index.count(text, timeout=ENOUGH, **options)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.usefixtures("paced")
def test_any_moment_is_a_good_one(shape: str, index: searchkit.Index, oracle: Oracle) -> None:
    """Wherever a search is cut off: hits of the ranking, exact and in order; without a warning it is whole."""
    random = generator(f"moment {shape}")
    query = shapes(random)[shape]
    sort = random.choice(SORTS)
    ranking = oracle.search(query, sort=sort)
    for limit in (7, None):
        begun = evaluate.clock()
        assert not is_late(index.search(query, limit=limit, sort=sort, timeout=ENOUGH))
        taken = (evaluate.clock() - begun) * 1e-9
        for share in (0, 0.2, 0.5, 0.8, 1.2):
            results = index.search(query, limit=limit, sort=sort, timeout=taken * share)
            assert cut_from(pairs(results), ranking), (share, limit)
            if not is_late(results):
                assert pairs(results) == ranking[:limit]
            assert len(results) <= (limit or len(ranking))
        with contextlib.suppress(searchkit.SearchTimeout):
            assert index.count(query, timeout=taken * random.random()) == len(ranking)


@pytest.mark.parametrize("query", [ECHOES, SLOPPY, And(ECHOES, Term("echo")), Or(ECHOES, Phrase("echo echo"))])
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.usefixtures("paced")
def test_one_article_may_take_too_long(million: searchkit.Index, query: Query, sort: str) -> None:
    """A phrase of 400 words is given up in the middle of an article of a million; what was found before it stays."""
    expected = 0 if sort == "oldest" else 20  # the long article is the oldest, and its bound the lowest
    timeout = 50 * LOOK
    while True:  # it takes thirty times the work of all others together
        results = million.search(query, timeout=timeout, limit=None, sort=sort)
        assert is_late(results)
        if len(results) == expected:
            break
        timeout *= 2
    keys = [(-hit.score if sort == "score" else 0, hit.id) for hit in results]
    assert keys == sorted(keys)
    for hit in results[::5]:
        assert million.explain(query, hit.id).score == hit.score


@pytest.mark.usefixtures("paced")
def test_one_article_and_plain_text(million: searchkit.Index) -> None:
    """The same on the core's short way, whose phrases have up to 64 words; many at once on several threads."""
    text = f'"{"echo " * 60}"'
    whole = pairs(million.search(text, limit=None))
    for results in (
        million.search(text, timeout=10 * LOOK, limit=None),
        *million.search_many([text] * 9, timeout=10 * LOOK, limit=None),
    ):
        assert is_late(results)
        assert cut_from(pairs(results), whole)
    with pytest.raises(searchkit.SearchTimeout):
        million.count(text, timeout=10 * LOOK)


@pytest.mark.usefixtures("paced")
def test_a_thousand_prefixes() -> None:
    """A tree of a thousand prefixes is left wherever the time is up: while it is bound, planned or evaluated."""
    random = generator("prefixes")
    made = [Article(" ".join(f"p{random.randrange(1000)}" for _ in range(40)), id=str(n)) for n in range(3_000)]
    query = Or(
        *(And(Prefix(f"p{random.randrange(100)}"), Not(Prefix(f"p{random.randrange(1000)}"))) for _ in range(200)),
        AndMaybe(Prefix("p1"), Prefix("p2")),
    )
    with searchkit.create() as index:
        index.add(made[:2000])
        index.add(made[2000:])
        oracle = Oracle(made, index.analyzer)
        exact: dict[str, float] = {}
        begun = evaluate.clock()
        assert not is_late(index.search(query, limit=50, timeout=ENOUGH))
        taken = (evaluate.clock() - begun) * 1e-9
        for share in (0.0, 0.01, 0.1, 0.5, 0.9):
            results = index.search(query, limit=50, timeout=taken * share)
            assert is_late(results)
            for hit in results[:5]:
                if hit.id not in exact:
                    exact[hit.id] = sum((part for _, part in oracle.parts(query, hit.id)), 0.0)
                assert hit.score == exact[hit.id]
            assert [hit.score for hit in results] == sorted((hit.score for hit in results), reverse=True)
        together = index.search_many([query] * 3, timeout=taken / 2, threads=2)
        assert all(map(is_late, together))


def test_prefixes_stand_for_so_many_words_together() -> None:
    """A query of many prefixes does not take memory without limit: those behind the 32,768th word are left out."""
    with searchkit.create(analyzer="none") as index:
        index.add([Article(" ".join(f"p{number:04}" for number in range(1_100)), id="all")])
        prefixes = [And(Prefix("p"), Not(Term(f"q{number}"))) for number in range(40)]
        results = index.search(Or(*prefixes, Term("p0001")))
        assert [hit.id for hit in results] == ["all"]
        assert sum("1,024 most frequent" in warning for warning in results.warnings) == 32
        assert sum("was left out" in warning for warning in results.warnings) == 8


def test_no_time_at_all(index: searchkit.Index) -> None:
    """A timeout of 0 is a deadline that has passed: nothing is found, and that is said."""
    for query in ("w1 w2", "w1 -w2", Term("w1")):
        for results in (index.search(query, timeout=0), *index.search_many([query], timeout=0)):
            assert (len(results), list(results), is_late(results)) == (0, [], True)
            assert "0 s" in results.warnings[-1]
        with pytest.raises(searchkit.SearchTimeout, match="longer timeout"):
            index.count(query, timeout=0)


@pytest.mark.usefixtures("paced")
def test_the_total_of_a_late_search(million: searchkit.Index) -> None:
    """It is exact where it can be counted in that time again, else an error; it is never wrong and never waited for."""
    results = million.search(ECHOES, timeout=10 * LOOK)
    with pytest.raises(searchkit.SearchTimeout) as caught:
        assert results.total
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.timeout == 10 * LOOK
    assert "0.01 s" in str(caught.value)
    assert "hits in" in repr(results)
    assert million.search("echo", timeout=ENOUGH).total == 21


@pytest.mark.usefixtures("paced")
def test_hits_of_a_late_search_are_hits(million: searchkit.Index) -> None:
    """Snippets, dates and articles of what was found are not hurried."""
    timeout = LOOK
    while not (found := million.search(ECHOES, timeout=timeout, limit=1)):
        timeout *= 2
    assert is_late(found)
    hit = found[0]
    assert hit.snippet().startswith("**echo")
    assert str(hit.date) == "2020"
    assert hit.article.id == hit.id


def test_a_late_search_still_warns_of_the_query(index: searchkit.Index) -> None:
    """What was mended comes first, then that the time was up."""
    warnings = index.search("(w1 OR w2", timeout=0.0).warnings
    assert len(warnings) == 1  # the time was up before the text was read
    mended = index.search("(w1 OR w2", timeout=ENOUGH).warnings
    assert len(mended) == 1
    assert "is not closed" in mended[0]


@pytest.mark.parametrize("timeout", [-1, -0.001, math.nan, "1", b"1", True, [1], -math.inf])
def test_a_timeout_that_is_none(index: searchkit.Index, timeout: Any) -> None:
    """It is refused like any option that makes no sense."""
    for call in (
        lambda: index.search("w1", timeout=timeout),
        lambda: index.search_many(["w1"], timeout=timeout),
        lambda: index.count("w1", timeout=timeout),
    ):
        with pytest.raises(searchkit.QueryError, match="timeout is"):
            call()


@pytest.mark.parametrize("timeout", [None, 1, 3600.0, 1e9, 1e300, math.inf, 10**400])
def test_a_timeout_that_is_long(index: searchkit.Index, timeout: Any) -> None:
    """Any number of seconds will do."""
    assert pairs(index.search("w1", timeout=timeout)) == pairs(index.search("w1"))
    assert index.count("w1 -w2", timeout=timeout) == index.count("w1 -w2")


# -- the command line -------------------------------------------------------------------------------------------------


def test_the_command_line_tells_that_the_time_was_up(indexed: Callable[..., Outcome]) -> None:  # noqa: F811
    """The warning goes to standard error, the hits that there are to standard output."""
    whole = indexed("query", "boats mayor")
    assert indexed("query", "boats mayor", "--timeout", "60").out == whole.out
    late = indexed("query", "boats mayor", "--timeout", "0")
    assert (late.code, late.out) == (1, "")
    assert late.err == "searchkit: the time of 0 s was up: better hits may be missing\n"
    as_json = indexed("query", "boats mayor", "--timeout", "0", "--json")
    assert '"total": null' in as_json.out
    assert "not all articles were counted within 0 s" in as_json.err
    counted = indexed("query", "boats mayor", "--timeout", "0", "--count")
    assert (counted.code, counted.out) == (3, "")
    assert "count with a longer timeout" in counted.err
    for wrong in ("-1", "nan", "soon"):
        refused = indexed("query", "boats", "--timeout", wrong)
        assert refused.code == 2
        assert len(refused.err.splitlines()) == 1


# -- Ctrl-C -----------------------------------------------------------------------------------------------------------

# What runs in the background of a shell is started with interrupts ignored: listen to them again.
LONG_SEARCH = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import searchkit
from searchkit.query import Or, Phrase, Term

index = searchkit.create()
index.add([searchkit.Article("echo " * 1_000_000, id="long"), searchkit.Article("echo " * 900_000, id="second")])
query = Phrase("echo " * 4_000)
what = sys.argv[1]
print("ready", flush=True)
try:
    while True:  # each takes seconds, but who knows what machines will come
        if what == "search":
            index.search(query)
        elif what == "text":
            index.search_many([f'"{"echo " * 60}"'] * 2_000, threads=1)
        elif what == "threads":
            index.search_many([query, Or(query, Term("echo"))] * 4, threads=3)
        elif what == "count":
            index.count(query)
        elif what == "timeout":
            index.search(query, timeout=1_000)
        elif what == "explain":
            index.explain(query, "long")
except KeyboardInterrupt:
    print("interrupted", flush=True)
    assert index.search("echo").total == 2
    print("whole", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["search", "text", "threads", "count", "timeout", "explain"])
def test_ctrl_c_ends_a_long_search(what: str, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    """The process is interrupted in a moment, whatever it was searching, and the index is as good as before."""
    script = tmp_path / "long_search.py"
    script.write_text(LONG_SEARCH, encoding="utf-8")
    process = start(script, what)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    said, complaints = process.communicate(timeout=GUARD)
    assert said.splitlines() == ["interrupted", "whole"], complaints
    assert process.returncode == 0


HANDLED_SIGNAL = """
import signal
import searchkit
from searchkit.query import Phrase

index = searchkit.create()
index.add([searchkit.Article("echo " * 1_000_000, id="long"), searchkit.Article("echo " * 300, id="short")])
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append("alarm"))
signal.setitimer(signal.ITIMER_REAL, 0.2)
while not heard:  # the first search takes a second, or less on a machine to come
    results = index.search(Phrase("echo " * 200))
print(*heard, len(results))
"""


@pytest.mark.slow
def test_other_signals_are_handled_on_the_way(tmp_path: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    """A handler that raises nothing is called, and the search goes on to its end."""
    script = tmp_path / "handled_signal.py"
    script.write_text(HANDLED_SIGNAL, encoding="utf-8")
    said, complaints = start(script).communicate(timeout=6 * GUARD)
    assert said == "alarm 2\n", complaints
