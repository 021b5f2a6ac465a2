"""Random steps beside a dictionary and the oracle: whatever order things are done in, the answers are right.

A machine has an index open twice, to write and to read, and does one step after another: add, replace, delete, put
aside, commit, roll back, leave, compact, refresh, open again, and above all ask. Other processes commit and are killed,
or are forked off a writer and must not be able to use it. Beside it stand dictionaries of what is committed, pending,
and shown by the reader. Each life begins with a new index of other options, in memory or on disk.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
from oracle import Oracle
from strategies import few_articles, some_articles, some_query

import searchkit
from searchkit import Article, Index, SearchkitError
from searchkit.indexing.writer import Writer
from torture.children import Child, results
from torture.crash import fast_folder
from torture.figures import Figures
from torture.script import WORDS, unlike

__all__ = ["model"]

LIFE = 400  # steps with one index
MOST_FAILURES = 5
PAUSE = 60.0  # seconds between two words about how far it is
REMEMBERED = 12  # steps that a failure tells of

# How often each step is tried, in proportion.
ASKING = {"ask": 40, "ask_reader": 20, "get": 20, "figures": 5}
WRITING = {"add": 20, "replace": 8, "delete": 8, "aside": 3, "add_at_once": 4, "delete_at_once": 3}
ENDING = {"commit": 8, "rollback": 2, "leave": 2, "compact": 1, "refresh": 6, "reopen": 1, "check": 1}
OTHERS = {"another": 1, "killed": 1, "forked": 1}
STEPS = {**ASKING, **WRITING, **ENDING, **OTHERS}


def model(*, steps: int, seed: int, jobs: int) -> Figures:
    """`steps` in all, in `jobs` processes."""
    start = time.perf_counter()
    given = {"steps": -(-steps // jobs), "seed": seed}
    found = results([Child("torture.model.work", {**given, "job": job}) for job in range(jobs)])
    kinds: Counter[str] = sum((Counter(one["kinds"]) for one in found), Counter())
    failures = tuple(failure for one in found for failure in one["failures"])
    notes = (", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in kinds.most_common()),)
    return Figures("model", kinds.total(), "steps", failures, notes, time.perf_counter() - start)


def work(given: dict[str, Any]) -> dict[str, Any]:
    """A child: so many steps, in lives."""
    kinds: Counter[str] = Counter()
    failures: list[str] = []
    life = 0
    told = time.monotonic()
    while kinds.total() < given["steps"] and len(failures) < MOST_FAILURES:
        name = f"{given['seed']}/{given['job']}/{life}"
        with tempfile.TemporaryDirectory(prefix="searchkit-model-", dir=fast_folder()) as folder:
            machine = Machine(random.Random(name), Path(folder) / "index")
            try:
                for _ in range(min(LIFE, given["steps"] - kinds.total())):
                    kinds[machine.step()] += 1
            except Exception as error:
                last = ", ".join(machine.done[-REMEMBERED:])
                failures.append(f"life {name}, {machine.options}, step {len(machine.done)} of ... {last}: {error!r}")
                kinds["failed"] += 1
            machine.close()
        life += 1
        if time.monotonic() - told > PAUSE:  # a long run may not come to its end
            told = time.monotonic()
            so_far = f"{kinds.total():,} of {given['steps']:,} steps, {len(failures)} failures"
            print(f"model: seed {given['seed']}, process {given['job']}: {so_far}", file=sys.stderr, flush=True)
    return {"kinds": kinds, "failures": failures}


@attrs.frozen(slots=False)
class State:
    articles: dict[str, Article]
    options: dict[str, Any]

    @cached_property
    def oracle(self) -> Oracle:
        options = {name: self.options[name] for name in ("title_weight", "k1", "b")}
        return Oracle(self.articles.values(), self.options["named"], **options)


class Machine:
    """An index, a reader of it, and what they should say."""

    def __init__(self, generator: random.Random, path: Path) -> None:
        self.random = generator
        self.done: list[str] = []
        self.options: dict[str, Any] = {
            "title_weight": generator.choice([0, 1, 1, 3]),
            "k1": generator.choice([1.2, 0.9, 0.0]),
            "b": generator.choice([0.75, 0.4, 0.0, 1.0]),
            "analyzer": generator.choice(["english", "none"]),
        }
        self._on_disk = generator.random() < 0.7
        self._path = path
        self._index = searchkit.create(path if self._on_disk else None, **self.options)
        self._reader = self._open("r")
        self._writer: Writer | None = None
        self._committed = State({}, {**self.options, "named": self._index.analyzer})
        self._shown = self._committed  # by the reader
        self._pending: dict[str, Article] = {}
        self._steps: dict[str, Callable[[], None]] = {name: getattr(self, f"_{name}") for name in STEPS}

    def step(self) -> str:
        """One step; its name. AssertionError if something is not as it should be."""
        name = self.random.choices(list(STEPS), list(STEPS.values()))[0]
        self.done.append(name)
        self._steps[name]()
        return name

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._index.close()
        self._reader.close()

    # ---- asking

    def _ask(self) -> None:
        self._compare(self._index, self._committed)

    def _ask_reader(self) -> None:
        self._compare(self._reader, self._shown)

    def _compare(self, index: Index, state: State) -> None:
        words = [*WORDS, *(" ".join(article.text.split()[:1]) or "x" for article in self._some(state.articles, 3))]
        query = some_query(self.random, words, self.random.choice([0, 1, 1, 2]))
        asked: dict[str, Any] = {
            "limit": self.random.choice([None, 1, 3, 10]),
            "offset": self.random.choice([0, 0, 0, 2]),
            "sort": self.random.choice(["score", "score", "score", "newest", "oldest"]),
            "dates": self.random.choice(["overlaps", "overlaps", "within", "contains"]),
        }
        if self.random.random() < 0.2:
            asked["since"], asked["until"] = "2019-06", self.random.choice(["2020-10-02", "2021"])
        if self.random.random() < 0.1:
            asked["k1"], asked["b"] = 2.0, 0.3
        found = [(hit.id, hit.score) for hit in index.search(query, **asked)]
        expected = state.oracle.search(query, **asked)
        assert found == expected, f"{asked}: {unlike(query, found, expected)}"
        if self.random.random() < 0.1:
            assert index.search(query, **asked).total == len(
                state.oracle.search(query, **{**asked, "limit": None, "offset": 0})
            )

    def _get(self) -> None:
        index, state = self.random.choice([(self._index, self._committed), (self._reader, self._shown)])
        for article in self._some(state.articles, 2):
            assert index.get(article.id) == article, f"{article.id!r} is {index.get(article.id)!r}"
        for article in self._some(self._pending, 1):
            assert (article.id in index) == (article.id in state.articles), f"{article.id!r} in {index}"

    def _figures(self) -> None:
        for index, state in ((self._index, self._committed), (self._reader, self._shown)):
            assert len(index) == index.stats().articles == len(state.articles)
            assert index.stats().tokens == sum(state.oracle.lengths.values())

    def _check(self) -> None:
        report = self._index.check()
        assert report.ok, report.findings

    # ---- writing

    def _add(self) -> None:
        made = few_articles(self.random, self.random.randrange(1, 4))
        if self.random.random() < 0.3:
            made += some_articles(self.random, self.random.randrange(1, 4), first=self.random.randrange(60))
        self._put(made)

    def _replace(self) -> None:
        some = self._some({**self._committed.articles, **self._pending}, 2)
        self._put([attrs.evolve(article, text=f"{article.text} run again") for article in some])

    def _put(self, articles: list[Article]) -> None:
        assert self._writing().add(articles) == len(articles)
        self._pending.update((article.id, article) for article in articles)

    def _delete(self) -> None:
        writer = self._writing()
        ids = {article.id for article in self._some(self._pending, 3)} | {"never there"}
        there = sum(id in self._pending for id in ids)
        assert writer.delete(ids) == there
        for id in ids:
            self._pending.pop(id, None)

    def _aside(self) -> None:
        self._writing()._flush_run()

    def _commit(self) -> None:
        if self._writer is not None:
            self._writer.commit()
            self._committed = self._now(self._pending)

    def _compact(self) -> None:
        self._writing().compact()
        self._committed = self._now(self._pending)
        if self._committed.articles:
            assert self._index.stats().segments == 1
            assert self._index.stats().deleted == 0

    def _rollback(self) -> None:
        if self._writer is not None:
            self._writer.rollback()
            self._pending = dict(self._committed.articles)

    def _leave(self) -> None:
        """Half of the time by an exception: then nothing is committed."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        if self.random.random() < 0.5:
            writer.__exit__(ValueError, ValueError(), None)
        else:
            writer.__exit__(None, None, None)
            self._committed = self._now(self._pending)

    def _add_at_once(self) -> None:
        self._leave()
        articles = few_articles(self.random, 2)
        report = self._index.add(articles)
        before = dict(self._committed.articles)
        replaced = 0
        for article in articles:
            replaced += article.id in before
            before[article.id] = article
        assert (report.added, report.replaced) == (len(articles), replaced)
        self._committed = self._now(before)

    def _delete_at_once(self) -> None:
        self._leave()
        ids = [article.id for article in self._some(self._committed.articles, 2)]
        assert self._index.delete(ids) == len(ids)
        self._committed = self._now({id: one for id, one in self._committed.articles.items() if id not in ids})

    # ---- opening

    def _refresh(self) -> None:
        self._reader.refresh()
        self._shown = self._committed
        assert self._index.refresh() is False  # it shows its own commits at once

    def _reopen(self) -> None:
        self._leave()
        if self._on_disk:
            self._index.close()
            self._index = self._open("r+")
        self._reader.close()
        self._reader = self._open("r")
        self._shown = self._committed

    def _open(self, mode: Any) -> Index:
        if self._on_disk:
            return searchkit.open(self._path, mode=mode)
        return Index(self._index._storage, writable=mode == "r+")

    # ---- other processes

    def _another(self) -> None:
        """One commits, and ends."""
        self._elsewhere(kill=False)

    def _killed(self) -> None:
        """One is killed, before its commit or right after it."""
        self._elsewhere(kill=True)

    def _elsewhere(self, *, kill: bool) -> None:
        if not self._on_disk:
            return
        self._leave()
        articles, deleted = few_articles(self.random, 2), self._some(self._committed.articles, 1)
        commits = not kill or self.random.random() < 0.5

        def work() -> None:
            with searchkit.open(self._path) as index, index.writer() as writer:
                writer.add(articles)
                writer.delete([one.id for one in deleted])
                if commits:
                    writer.commit()
                if kill:
                    os.kill(os.getpid(), signal.SIGKILL)

        assert _forked(work) == (-signal.SIGKILL if kill else 0)
        assert self._index.refresh() == commits
        if commits:
            now = {**self._committed.articles, **{one.id: one for one in articles}}
            self._committed = self._now({id: one for id, one in now.items() if id not in {one.id for one in deleted}})

    def _forked(self) -> None:
        """A child of ours finds what we find, and cannot use our writer, which is none the worse for it."""
        writer = self._writing()

        def work() -> None:
            self._ask_reader()
            for use in (lambda: writer.add([Article("x", id="x")]), lambda: writer.delete("x"), writer.commit):
                try:
                    use()
                except SearchkitError:
                    continue
                raise AssertionError("a forked child used its parent's writer")
            writer.close()

        assert _forked(work) == 0

    # ---- helpers

    def _writing(self) -> Writer:
        if self._writer is None:
            self._writer = self._index.writer()
            self._pending = dict(self._committed.articles)
        return self._writer

    def _now(self, articles: dict[str, Article]) -> State:
        return State(dict(articles), self._committed.options)

    def _some(self, articles: dict[str, Article], most: int) -> list[Article]:
        count = min(most, len(articles))
        return self.random.sample(list(articles.values()), count)


def _forked(work: Callable[[], None]) -> int:
    """Do it in a child, and wait: how the child ended."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
