"""Many queries at once, on several threads.

Plain texts are answered from their bytes by whoever is free, without the interpreter's lock. The calling thread
prepares them and makes results of the answers, a chunk at a time, while the others answer the next. What is no plain
text it binds, which only one thread can do at a time, while the others evaluate what is bound already.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING

from searchkit.core.evaluate import Answer, Batch, Settings, clock
from searchkit.errors import QueryError
from searchkit.query.nodes import Query
from searchkit.search.answer import Ask, Scope
from searchkit.search.bind import TimeUp
from searchkit.search.results import Results

if TYPE_CHECKING:
    from searchkit.search.collapse import Fold

__all__ = ["search_many"]

CHUNK = 512  # queries that are given to the threads at once
FEW_BOUND = 64  # the same of queries that must be bound first
SOME = 64  # queries between two looks of the calling thread for Ctrl-C
FEW = 8  # queries for which no thread is started
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
        chunks = []
        for first in range(0, len(queries), CHUNK):
            some = queries[first : first + CHUNK]
            texts = Batch(
                scope.snapshot.searcher,
                [scope.text(query) for query in some],
                scope.match == "all",
                scope.filter,
                settings,
                None if scope.timeout is None else [scope.nanoseconds] * len(some),
            )
            team.start(texts)
            chunks.append(_Chunk(some, texts, scope, settings))
        for chunk in chunks:
            chunk.bind_rest(team)
        return [results for chunk in chunks for results in chunk.results(team)]


class _Chunk:
    """Some queries and their answers, as far as they are known."""

    def __init__(self, queries: list[str | Query], texts: Batch, scope: Scope, settings: Settings) -> None:
        self._queries = queries
        self._texts = texts
        self._scope = scope
        self._settings = settings
        self._bound: list[tuple[list[int], list[Ask], Batch]] = []  # with the numbers of their queries
        self._results: dict[int, Results] = {}  # by the number of the query

    def bind_rest(self, team: _Team) -> None:
        """Finish the texts, and start on the queries that were no plain text."""
        scope, settings = self._scope, self._settings
        rest = []
        for number, (query, found) in enumerate(zip(self._queries, team.finish(self._texts), strict=True)):
            if found is None:
                rest.append(number)
            else:
                answer, seconds = found
                self._results[number] = Results(
                    (scope, query, settings), answer, seconds, scope.late if answer.late else ()
                )
        for first in range(0, len(rest), FEW_BOUND):
            numbers = rest[first : first + FEW_BOUND]
            asks = [Ask(self._queries[number], scope, settings) for number in numbers]
            programs, left = [], []  # and how many nanoseconds binding has left of the time
            for number, ask in zip(numbers, asks, strict=True):
                start, deadline = clock(), scope.deadline()
                try:
                    programs.append(ask.program(settings, deadline))
                except TimeUp:
                    self._results[number] = ask.results(None, (clock() - start) * 1e-9, late=True)
                    programs.append(None)
                left.append(max(deadline - clock(), 1) if deadline else 0)
            batch = Batch(scope.snapshot.searcher, programs, False, None, settings, left)
            team.start(batch)
            self._bound.append((numbers, asks, batch))

    def results(self, team: _Team) -> Iterator[Results]:
        """All results in order. Requires: `bind_rest` was called."""
        for numbers, asks, batch in self._bound:
            for number, ask, found in zip(numbers, asks, team.finish(batch), strict=True):
                if found is not None or number not in self._results:
                    self._results[number] = ask.results(*(found or (None, 0.0)))
        return (self._results[number] for number in range(len(self._queries)))


class _Team:
    """The calling thread and its helpers. A context manager: who leaves it in need stops all work first."""

    def __init__(self, helpers: int) -> None:
        self._helpers = helpers
        self._pool = ThreadPoolExecutor(helpers, "searchkit-search") if helpers else None
        self._at_work: dict[Batch, list[Future[bool]]] = {}

    def start(self, batch: Batch) -> None:
        """Let the helpers work."""
        pool = self._pool
        self._at_work[batch] = [pool.submit(batch.work, MOST) for _ in range(self._helpers)] if pool else []

    def finish(self, batch: Batch) -> list[tuple[Answer, float] | None]:
        """Work as well, until all is done; then the answers of a batch that was started."""
        while batch.work(SOME):
            pass
        wait(self._at_work[batch])
        del self._at_work[batch]
        return batch.answers()

    def __enter__(self) -> _Team:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for batch in self._at_work:
            batch.stop()
        if self._pool is not None:
            self._pool.shutdown()
