"""Readers and writers in other processes and threads: nobody disturbs, loses or half-sees anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from strategies import generator, some_articles, some_query, trials

import searchkit
from searchkit import IndexLocked
from searchkit.article import Article
from searchkit.query import Query

COPIES = 20  # articles that every generation has


class Other:
    """Another process with the same index open; each call is one line of JSON there and back."""

    def __init__(self, start: Callable, path: Path, mode: str) -> None:
        self.process = start(__file__, path, mode)
        assert self.reply() == "ready"

    def send(self, verb: str, *arguments: Any) -> None:
        self.process.stdin.write(json.dumps([verb, *arguments]) + "\n")
        self.process.stdin.flush()

    def reply(self) -> Any:
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def __call__(self, verb: str, *arguments: Any) -> Any:
        self.send(verb, *arguments)
        return self.reply()


@pytest.fixture
def other(start: Callable) -> Callable[[Path, str], Other]:
    return lambda path, mode="r+": Other(start, path, mode)


def serve(path: str, mode: str) -> None:
    """The other process: do what is asked on its own open index."""
    with searchkit.open(path, mode=mode) as index, ExitStack() as held:
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            verb, *arguments = json.loads(line)
            try:
                print(json.dumps(VERBS[verb](index, held, *arguments)), flush=True)
            except searchkit.SearchkitError as error:
                print(json.dumps([type(error).__name__, str(error)]), flush=True)


def hold(index: searchkit.Index, held: ExitStack, *ids: str) -> int:
    """Enter a writer and stay in it."""
    writer = held.enter_context(index.writer())
    writer.add(Article("word", id=id) for id in ids)
    return os.getpid()


def add_all(index: searchkit.Index, held: ExitStack, *ids: str) -> None:
    """One commit for each."""
    for id in ids:
        index.add([Article(f"word of {id}", id=id), Article(f"last of {id}", id="shared")])


VERBS: dict[str, Callable[..., Any]] = {
    "search": lambda index, held, query: [
        [hit.id, hit.score, hit.article.text] for hit in index.search(query, limit=1000)
    ],
    "count": lambda index, held, query: index.count(query),
    "refresh": lambda index, held: index.refresh(),
    "add": add_all,
    "hold": hold,
    "leave": lambda index, held: held.close(),
    "check": lambda index, held: index.check().ok,
}


def generation(number: int) -> list[Article]:
    """All articles of the index at this generation: the same ids, another word."""
    return [Article(f"generation{number} word", id=str(copy), date="2020") for copy in range(COPIES)]


@pytest.fixture
def index(tmp_path: Path) -> searchkit.Index:
    with searchkit.create(tmp_path / "index") as index:
        index.add(generation(0))
        yield index


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["r", "r+"])
def test_a_reader_is_undisturbed_until_it_refreshes(
    index: searchkit.Index, tmp_path: Path, other: Callable, mode: str
) -> None:
    """By commits, deletes, merges and the sweep of the very files it reads."""
    reader = other(tmp_path / "index", mode)
    before = reader("search", "word")
    assert len(before) == COPIES
    for number in range(1, 8):
        index.add(generation(number))
        index.delete([str(number)])
        if number % 3 == 0:
            index.compact()
        assert reader("search", "word") == before
        assert reader("count", "generation0") == COPIES
    assert reader("check") is True
    assert reader("refresh") is True
    assert reader("count", "generation7") == len(index) == COPIES - 1
    assert reader("count", "generation0") == 0
    assert reader("refresh") is False


@pytest.mark.slow
def test_every_refresh_sees_one_generation_whole(index: searchkit.Index, tmp_path: Path, other: Callable) -> None:
    """While commits go on in another process: never a mixture, never backwards."""
    writer = other(tmp_path / "index")
    seen = 0
    with searchkit.open(tmp_path / "index", mode="r") as reader:
        ids = [f"g{number}" for number in range(trials(60))]
        writer.send("add", *ids)
        while seen < len(ids):
            reader.refresh()
            found = {hit.id for hit in reader.search("word of", limit=10_000) if hit.id in ids}
            assert found == set(ids[: len(found)])
            assert len(found) >= seen
            seen = len(found)
            if found:
                assert [hit.article.text for hit in reader.search("last")] == [f"last of {ids[seen - 1]}"]
    assert writer.reply() is None


@pytest.mark.slow
def test_writers_in_turns_lose_nothing(index: searchkit.Index, tmp_path: Path, other: Callable) -> None:
    """Three processes, each with its own open index, add at the same time."""
    writers = [other(tmp_path / "index") for _ in range(2)]
    mine = [[f"{name}{number}" for number in range(trials(15))] for name in "abc"]
    for writer, ids in zip(writers, mine, strict=False):
        writer.send("add", *ids)
    add_all(index, ExitStack(), *mine[2])
    assert [writer.reply() for writer in writers] == [None, None]
    index.refresh()
    assert len(index) == COPIES + 3 * len(mine[0]) + 1
    assert {hit.id for hit in index.search('"word of"', limit=1000)} == {id for ids in mine for id in ids}
    assert index.check().ok
    with searchkit.open(tmp_path / "index", mode="r") as again:
        assert len(again) == len(index)


@pytest.mark.slow
def test_a_writer_waits_for_another(index: searchkit.Index, tmp_path: Path, other: Callable) -> None:
    """As long as it was told to; the error names the process that holds the index."""
    holder = other(tmp_path / "index")
    pid = holder("hold", "held")
    with pytest.raises(IndexLocked) as caught, index.writer(wait=0.1):
        pass
    assert caught.value.pid == pid
    assert str(pid) in str(caught.value)
    entered = threading.Event()

    def wait_and_write() -> None:
        with index.writer(wait=60) as writer:
            entered.set()
            writer.add([Article("word", id="waited")])

    waiting = threading.Thread(target=wait_and_write)
    waiting.start()
    assert not entered.wait(0.2)
    assert len(index) == COPIES
    holder("leave")
    waiting.join()
    assert entered.is_set()
    assert "held" in index
    assert "waited" in index
    assert holder("refresh") is True
    assert holder("count", "word") == COPIES + 2


@pytest.mark.slow
def test_a_killed_writer_leaves_the_index_as_it_was(index: searchkit.Index, tmp_path: Path, other: Callable) -> None:
    """And frees the lock with its last breath."""
    holder = other(tmp_path / "index")
    holder("hold", "lost")
    holder.process.kill()
    holder.process.wait()
    with index.writer(wait=5) as writer:
        writer.add([Article("word", id="after")])
    assert "lost" not in index
    assert "after" in index
    assert index.check().ok


# -- threads ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stocked() -> searchkit.Index:
    random = generator("threads")
    index = searchkit.create()
    for part in range(3):
        index.add(some_articles(random, 1500, first=part * 1000))
    return index


@pytest.fixture(scope="module")
def asked() -> list[Query]:
    random = generator("threads' queries")
    return [some_query(random, [f"w{rank}" for rank in range(40)]) for _ in range(trials(150))]


def found(results: searchkit.Results) -> list[tuple[str, float]]:
    return [(hit.id, hit.score) for hit in results]


@pytest.mark.slow
def test_threads_do_not_share_answers(stocked: searchkit.Index, asked: list[Query]) -> None:
    """search, count and search_many from eight threads at once give what one thread gives."""
    alone = [(found(stocked.search(query)), stocked.count(query)) for query in asked]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda query: (found(stocked.search(query)), stocked.count(query)), asked)) == alone
        for many in threads.map(lambda count: stocked.search_many(asked, threads=count), [None, 1, 2, 4, 7, 1000]):
            assert [found(results) for results in many] == [hits for hits, _ in alone]


def test_helpers_stay_for_the_next_batch(stocked: searchkit.Index, asked: list[Query]) -> None:
    """However often search_many is called, from however many threads, and whatever goes wrong in it."""
    texts = ["w1 w2", "w3 w4", '"w1 w2"', "w5"] * 10
    expected = [found(stocked.search(text)) for text in texts]

    def helpers() -> int:
        return sum(thread.name.startswith("searchkit-search") for thread in threading.enumerate())

    for _ in range(5):
        with ThreadPoolExecutor(4) as threads:
            for many in threads.map(lambda _: stocked.search_many(texts, threads=3), range(20)):
                assert [found(results) for results in many] == expected
        with pytest.raises(searchkit.QueryError):
            stocked.search_many([*texts, 7], threads=3)  # type: ignore[list-item]
    assert 0 < helpers() <= (os.cpu_count() or 1)


FORKED = """
import os, searchkit
with searchkit.create() as index:
    index.add({"text": f"word w{number % 7}", "id": str(number)} for number in range(100))
    texts = ["word", "w1 w2", "word w3"] * 20
    found = [results.ids for results in index.search_many(texts, threads=3)]
    child = os.fork()
    again = [results.ids for results in index.search_many(texts, threads=3)]
    assert again == found
    if child == 0:
        os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_helpers_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("7\n", "")


@pytest.mark.slow
def test_searching_while_the_same_index_commits(tmp_path: Path) -> None:
    """Threads see whole generations of the index that another thread adds to, compacts and refreshes."""
    with searchkit.create(tmp_path / "index") as index:
        index.add(generation(0))
        done = threading.Event()

        def read() -> int:
            last = 0
            while not done.is_set():
                hits = index.search("word", limit=1000)
                words = {hit.article.text.split()[0] for hit in hits}
                assert len(hits) == COPIES
                assert len(words) == 1, words
                number = int(words.pop().removeprefix("generation"))
                assert number >= last
                last = number
            return last

        with ThreadPoolExecutor(3) as threads:
            readers = [threads.submit(read) for _ in range(3)]
            try:
                for number in range(1, trials(20)):
                    index.add(generation(number))
                    if number % 5 == 0:
                        index.compact()
                    index.refresh()
            finally:
                done.set()
            for reader in readers:
                assert 0 <= reader.result() < trials(20)


def test_one_index_takes_adds_from_many_threads() -> None:
    """They take turns; nothing is lost."""
    with searchkit.create() as index, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: index.add([Article("word", id=str(number))]), range(20)))
        assert len(index) == index.count("word") == 20


@pytest.mark.slow
def test_threads_may_share_a_writer(tmp_path: Path) -> None:
    """Each adds, replaces, deletes and commits as it likes: all that returned is there, and every segment is sound."""
    with searchkit.create(tmp_path / "index") as index:
        together = threading.Barrier(6)

        def work(writer: Any, number: int) -> None:
            together.wait()
            for turn in range(12):
                writer.add(Article(f"word{turn % 3} common {number}", id=f"{number}-{turn}") for _ in range(3))
                writer.add([Article("shared", id="shared")], workers=1 + turn % 2)
                assert writer.delete([f"{number}-{turn - 4}", "never"]) == (turn >= 4)
                if turn % 4 == number % 4:
                    with writer._turn():
                        writer._flush_run()  # what a writer does when its memory is used up
                if turn % 3 == number % 3:
                    writer.commit()

        with index.writer() as writer, ThreadPoolExecutor(6) as pool:
            for future in [pool.submit(work, writer, number) for number in range(6)]:
                future.result()
        expected = {f"{number}-{turn}" for number in range(6) for turn in range(8, 12)} | {"shared"}
        assert {article.id for article in index.articles()} == expected
        assert index.check(deep=True).findings == ()


def test_a_commit_has_what_was_added_by_calls_that_returned(tmp_path: Path) -> None:
    """While another thread is still at its addition, from which a commit takes what came so far, or nothing."""
    entered, go_on = threading.Event(), threading.Event()

    def slowly() -> Any:
        yield Article("word", id="early")
        entered.set()
        go_on.wait()
        yield Article("word", id="late")

    with searchkit.create(tmp_path / "index") as index:
        with index.writer() as writer:
            thread = threading.Thread(target=writer.add, args=(slowly(),))
            thread.start()
            entered.wait()
            writer.add(Article("word", id="whole"))
            writer.commit()
            assert "whole" in index and "late" not in index
            go_on.set()
            thread.join()
        assert {article.id for article in index.articles()} == {"early", "whole", "late"}


def test_an_addition_goes_nowhere_once_another_thread_has_closed_the_writer(tmp_path: Path) -> None:
    """It is told so, and the lock is free."""
    entered, go_on = threading.Event(), threading.Event()

    def slowly() -> Any:
        yield Article("word", id="early")
        entered.set()
        go_on.wait()

    with searchkit.create(tmp_path / "index") as index, ThreadPoolExecutor(1) as pool:
        writer = index.writer()
        future = pool.submit(writer.add, slowly())
        entered.wait()
        writer.close()
        go_on.set()
        with pytest.raises(searchkit.SearchkitError, match="closed"):
            future.result()
        index.add([Article("word", id="next")])
        assert [article.id for article in index.articles()] == ["next"]


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])


def test_a_check_is_not_disturbed_by_commits(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are swept while it works are no damage; a file that is gone from the newest generation is."""
    index.delete(["0"])  # from now on there is a file of live documents, which each deletion replaces
    storage, opened = index._storage, []
    latest, open_buffer = storage.latest, storage.open_buffer

    def delete_two() -> Any:
        manifest = latest()
        if not opened:
            opened.append("")
            with searchkit.open(storage.path) as other:
                other.delete(["1"])
                other.delete(["2"])
        return manifest

    def watched(name: str) -> Any:
        opened.append(name)
        return open_buffer(name)

    monkeypatch.setattr(storage, "latest", delete_two)
    monkeypatch.setattr(storage, "open_buffer", watched)
    report = index.check()
    assert report.ok, report.findings
    assert len({name for name in opened if name.endswith(".live")}) == 2  # it was overtaken, and began again
    (path,) = Path(storage.path).glob("*000005.live")
    path.unlink()
    assert [path.name in str(finding) for finding in index.check().findings] == [True]
