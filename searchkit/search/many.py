"""Many queries at once, on several threads.

Plain texts are answered from their bytes by whoever is free, without the interpreter's lock. The calling thread
prepares them, works as well, and makes results of what is answered, while the others go on. What is no plain text it
binds, which only one thread can do at a time, while the others evaluate what is bound already.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Lock
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, cast

from searchkit.core.evaluate import Batch, Settings, clock
from searchkit.errors import QueryError
from searchkit.query.nodes import Query
from searchkit.search.answer import Ask, Scope
from searchkit.search.bind import TimeUp
from searchkit.search.results import Results

if TYPE_CHECKING:
    from searchkit.search.collapse import Fold

__all__ = ["search_many"]

FEW_BOUND = 64  # queries that must be bound first, and are given to the threads at once then
SOME = 32  # queries that the calling thread answers before it looks for Ctrl-C and makes results
FEW = 8  # queries for which no thread is asked
MOST = 2**31 - 1  # more queries than a batch has


def search_many(
    queries: Iterable[str | Query],
    scope: Scope,
    settings: Settings,
    threads: int | None,
    fold: Callable[[], Fold] | None = None,
) -> list[Results]:
    """The results of each query, in order. `threads` None: one for each processor.

    `fold`: how each is collapsed. That is Python's work, so one is then done after the other.
    """
    if isinstance(queries, str | Query):
        raise QueryError("search_many takes several queries", hint="give a list of them, or ask with search")
    if threads is None:
        threads = os.cpu_count() or 1
    if type(threads) is not int or threads < 1:
        raise QueryError(f"threads is {threads!r}", hint="it must be a whole number from 1, or None")
    queries = list(queries)
    if fold is not None:
        return [Ask(query, scope, fold=fold()).search(settings, perf_counter()) for query in queries]
    with _Team(min(threads - 1, len(queries) // FEW)) as team:
        return _Many(queries, scope, settings, team).results()


class _Many:
    """Queries, and their results as far as they are known."""

    def __init__(self, queries: list[str | Query], scope: Scope, settings: Settings, team: _Team) -> None:
        self._queries = queries
        self._scope = scope
        self._settings = settings
        self._team = team
        self._results: list[Results | None] = []
        self._rest: list[int] = []  # the numbers of queries that were no plain text, not yet bound
        self._bound: list[tuple[list[int], list[Ask], Batch]] = []  # with the numbers of their queries

    def results(self) -> list[Results]:
        scope = self._scope
        texts = Batch(
            scope.snapshot.searcher,
            [scope.text(query) for query in self._queries],
            scope.match == "all",
            scope.filter,
            self._settings,
            None if scope.timeout is None else [scope.nanoseconds] * len(self._queries),
        )
        self._team.start(texts)
        while texts.work(SOME):
            self._take(texts)
        self._team.wait(texts)
        self._take(texts)
        if self._rest:
            self._bind()
        for numbers, asks, batch in self._bound:
            while batch.work(SOME):
                pass
            self._team.wait(batch)
            for number, ask, found in zip(numbers, asks, batch.answers(), strict=True):
                if found is not None or self._results[number] is None:
                    self._results[number] = ask.results(*(found or (None, 0.0)))
        return cast(list[Results], self._results)  # no None is left

    def _take(self, texts: Batch) -> None:
        """Make results of the texts that are answered by now; begin with those that are not plain."""
        late = () if self._scope.timeout is None else self._scope.late
        for results in texts.results(Results, self._scope, late):
            if results is None:
                self._rest.append(len(self._results))
            self._results.append(results)
            if len(self._rest) == FEW_BOUND:
                self._bind()

    def _bind(self) -> None:
        """Bind the rest, and give it to the team."""
        scope, settings = self._scope, self._settings
        asks = [Ask(self._queries[number], scope, settings) for number in self._rest]
        programs, left = [], []  # and how many nanoseconds binding has left of the time
        for number, ask in zip(self._rest, asks, strict=True):
            start, deadline = clock(), scope.deadline()
            try:
                programs.append(ask.program(settings, deadline))
            except TimeUp:
                self._results[number] = ask.results(None, (clock() - start) * 1e-9, late=True)
                programs.append(None)
            left.append(max(deadline - clock(), 1) if deadline else 0)
        batch = Batch(scope.snapshot.searcher, programs, False, None, settings, left)
        self._team.start(batch)
        self._bound.append((self._rest, asks, batch))
        self._rest = []


class _Team:
    """The helpers of the calling thread. A context manager: whoever leaves it in need stops all work first."""

    def __init__(self, helpers: int) -> None:
        self._helpers = helpers
        self._at_work: dict[Batch, list[Future[bool]]] = {}

    def start(self, batch: Batch) -> None:
        """Let the helpers work."""
        helping = self._at_work[batch] = []
        with suppress(RuntimeError):  # no thread can be started, or the interpreter is about to end: then fewer help
            for _ in range(self._helpers):
                helping.append(_kept_threads().submit(batch.work, MOST))

    def wait(self, batch: Batch) -> None:
        """Until no helper works at a batch that was started; none begins any more."""
        wait([work for work in self._at_work[batch] if not work.cancel()])
        del self._at_work[batch]

    def __enter__(self) -> _Team:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for batch in self._at_work:
            batch.stop()
        for batch in list(self._at_work):
            self.wait(batch)


_kept: ThreadPoolExecutor | None = None
_keeping = Lock()


def _kept_threads() -> ThreadPoolExecutor:
    """Threads that stay for the next batches, as to start one takes as long as several queries. They only compute, so
    there are no more of them than processors, whoever asks for how many."""
    global _kept
    with _keeping:
        if _kept is None:
            _kept = ThreadPoolExecutor(os.cpu_count() or 1, "searchkit-search")
        return _kept


def _forget_threads() -> None:
    """In a process that was forked there are none."""
    global _kept, _keeping
    _kept, _keeping = None, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
