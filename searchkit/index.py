"""The index: the facade that wires articles, storage and search together. `create` makes one, `open` opens one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from errno import ENOTDIR
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.frequent import frequent_terms
from searchkit.article import Article
from searchkit.core.segment import Batch
from searchkit.dates import DateInterval, parse_range
from searchkit.errors import ArticleError, DateError, IndexExists, QueryError, SearchkitError
from searchkit.indexing.options import Options, check_bm25
from searchkit.indexing.snapshot import Snapshot
from searchkit.query.nodes import Query
from searchkit.query.parse import parse_with_warnings
from searchkit.search.bind import Bound, bind, marks_of, restrict
from searchkit.search.plan import SORTS, plan
from searchkit.search.results import Hit, Marks, Results
from searchkit.storage.contract import Storage
from searchkit.storage.folder import FolderStorage
from searchkit.storage.manifest import MANIFEST_FORMAT, Manifest
from searchkit.storage.memory import MemoryStorage

if TYPE_CHECKING:
    from searchkit.indexing.writer import Writer
    from searchkit.search.explain import Explanation

__all__ = ["AddReport", "CheckReport", "Index", "IndexStats", "create", "open"]

Date: TypeAlias = "str | date | datetime | DateInterval"
Match: TypeAlias = Literal["any", "all"]
Relation: TypeAlias = Literal["overlaps", "within", "contains"]
Sort: TypeAlias = Literal["score", "newest", "oldest"]

DEFAULT_WAIT = 10.0  # seconds for the lock
DEFAULT_MEMORY = "256MB"

CHUNK = 64  # queries of a batch that are bound before they are given to other threads


@attrs.frozen
class AddReport:
    """What an `add` did."""

    added: int  # articles taken in, those that replaced others included
    replaced: int  # of these: the id was there before, or came earlier in the same call; added - replaced is the growth
    skipped: tuple[ArticleError, ...]  # what the source left out (see `read_articles`, on_error="skip")
    seconds: float
    bytes: int  # of title and text in UTF-8

    def __str__(self) -> str:
        rate = self.bytes / self.seconds / 1e6 if self.seconds else 0.0
        skipped = f", {len(self.skipped):,} skipped" if self.skipped else ""
        replaced = f" ({self.replaced:,} replaced)" if self.replaced else ""
        return f"{self.added:,} articles added{replaced}{skipped} in {self.seconds:.1f} s, {rate:.1f} MB/s"


@attrs.frozen
class IndexStats:
    """The state of an index at one generation. Bytes are those of its files."""

    articles: int
    tokens: int
    segments: int
    generation: int
    live_bytes: int  # named by this generation
    dead_bytes: int  # files that only the generation before needs, and leftovers
    deleted: int  # articles that are deleted but still take room in segments
    sections: Mapping[str, int]  # bytes by section, over all segments

    @property
    def bytes(self) -> int:
        return self.live_bytes + self.dead_bytes


@attrs.frozen
class CheckReport:
    """What `check` found; nothing means that every byte is as written and every invariant holds."""

    findings: tuple[str, ...]
    bytes: int
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.findings

    def __bool__(self) -> bool:
        return self.ok


def create(
    path: str | Path | None = None,
    *,
    analyzer: str = "english",
    title_weight: int = 1,
    k1: float = 1.2,
    b: float = 0.75,
    timezone: str = "UTC",
    store: bool = True,
    exist_ok: bool = False,
) -> Index:
    """Make an empty index in the folder `path` (None: in memory) and open it.

    analyzer      a Snowball language ("english", "german", ...), "none", or "package.module:callable" for your stemmer.
    title_weight  how often a title counts, as if it stood there so many times: 0 to 100.
    k1, b         of BM25, the defaults of searches.
    timezone      an IANA name; dates with an offset are moved there.
    store         keep title and text; False keeps ids, dates and fields only.
    exist_ok      open the index that is there instead of raising IndexExists (its own options then hold).
    """
    storage: Storage = MemoryStorage() if path is None else FolderStorage(path)
    check_bm25(k1, b)
    named = Analyzer.named(analyzer)
    options = Options(named, title_weight, float(k1), float(b), timezone, frequent_terms(named), store)
    try:
        storage.create(Manifest(MANIFEST_FORMAT, 1, options.to_json()))
    except FileExistsError as error:
        if not Path(storage.path).is_dir():
            raise NotADirectoryError(ENOTDIR, "a file stands where the index is to be", storage.path) from error
        if not exist_ok:
            raise IndexExists(storage.path) from error
    return Index(storage, writable=True)


def open(path: str | Path, *, mode: Literal["r", "r+"] = "r+") -> Index:
    """Open the index in the folder `path`. `mode="r"` never takes the lock and refuses to write.

    Raises IndexNotFound, CorruptIndex or FormatVersion. Never creates and never repairs anything.
    """
    if mode not in ("r", "r+"):
        raise ValueError(f'mode must be "r" or "r+", got {mode!r}')
    return Index(FolderStorage(path), writable=mode == "r+")


class Index:
    """An open index: a snapshot to search, and the way to a writer.

    It shows the generation that was newest when it was opened, last refreshed, or written through it; what other
    processes commit is seen after `refresh()`. Any number of threads may search it. A context manager that closes.
    """

    # For tests: without skipping, every matching article is scored.
    _skipping = True

    def __init__(self, storage: Storage, *, writable: bool) -> None:
        """Use `create` or `open`."""
        self._storage = storage
        self._writable = writable
        self._current: Snapshot | None = Snapshot.open(storage)

    # ---- articles

    def add(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        progress: bool | Callable[[int, int], None] = False,
        workers: int | None = None,
        memory: str | int = DEFAULT_MEMORY,
        wait: float = DEFAULT_WAIT,
    ) -> AddReport:
        """Add articles (or mappings with an article's keys) in one durable commit, all or nothing.

        An article of an id that is there replaces it; within one call the last one counts. `progress`: True prints a
        line now and then to stderr; a function is called with articles and bytes so far. For `workers` see
        `Writer.add`, for `memory` and `wait` see `writer`.
        """
        start = time.perf_counter()
        if isinstance(articles, Article | Mapping):
            articles = (articles,)
        if isinstance(articles, str | bytes) or not isinstance(articles, Iterable):
            hint = "a text is made one with Article(text), files are read with read_articles(path)"
            raise ArticleError(f"add takes articles, not a value of type {type(articles).__name__}", hint=hint)
        with self.writer(memory=memory, wait=wait) as writer:
            tell = _printer() if progress is True else progress or None
            added = writer.add(articles if tell is None else _telling(articles, tell), workers=workers)
            writer.commit()
            replaced, size = writer.last_replaced, writer.last_bytes
        report = getattr(articles, "report", None)
        skipped = tuple(getattr(report, "skipped", ()))
        return AddReport(added, replaced, skipped, time.perf_counter() - start, size)

    def writer(self, *, memory: str | int = DEFAULT_MEMORY, wait: float = DEFAULT_WAIT) -> Writer:
        """Take the lock and get a writer, for several additions and deletions in one commit. Use it with `with`.

        memory  roughly what additions may hold before they are put aside in a file ("256MB", or bytes).
        wait    seconds to wait for another writer; then IndexLocked.
        """
        self._snapshot()
        if not self._writable:
            raise SearchkitError('the index was opened with mode="r": open it with mode="r+" to write')
        from searchkit.indexing.writer import Writer  # late: readers do without

        return Writer(self._storage, memory, wait, self._refresh_quietly)

    def delete(self, ids: str | Iterable[str], *, wait: float = DEFAULT_WAIT) -> int:
        """Delete articles by id, in one durable commit; how many were there."""
        with self.writer(wait=wait) as writer:
            return writer.delete(ids)

    def get(self, id: str) -> Article:
        """The article of an id. KeyError if there is none; SearchkitError if the index keeps no text."""
        snapshot = self._snapshot()
        place = snapshot.find(id)
        if place is None:
            raise KeyError(id)
        if not snapshot.store:
            raise SearchkitError("the index was made with store=False and keeps no articles")
        return snapshot.article(*place)

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and self._snapshot().find(id) is not None

    def __len__(self) -> int:
        return self._snapshot().articles

    @property
    def analyzer(self) -> Analyzer:
        """How this index turns text into terms."""
        return self._snapshot().analyzer

    @property
    def options(self) -> Options:
        """What this index was created with."""
        return self._snapshot().options

    # ---- search

    def search(
        self,
        query: str | Query,
        *,
        limit: int | None = 10,
        offset: int = 0,
        match: Match = "any",
        since: Date | None = None,
        until: Date | None = None,
        on: Date | None = None,
        dates: Relation = "overlaps",
        sort: Sort = "score",
        k1: float | None = None,
        b: float | None = None,
        now: datetime | None = None,
    ) -> Results:
        """The best articles for a query, ranked by exact BM25; equal scores: newer first, then by id.

        query             what a person types (see docs/query-language.md; no text raises), or a query node.
        limit, offset     which hits of the ranking; limit None: all.
        match             how loose words are joined: "any" (OR) or "all" (AND).
        since, until, on  dates, each including the whole period that it names.
        dates             "overlaps": the article may have happened in the range; "within": it surely did;
                          "contains": it spans all of it. Also for ranges in the text that name no relation.
        sort              "score", "newest" or "oldest".
        k1, b             of BM25, instead of the index's own.
        now               the moment that relative dates start from.

        Raises QueryError for a query node, date or option that makes no sense.
        """
        start = time.perf_counter()
        ask = self._ask(query, match, since, until, on, dates, now)
        settings = self._settings(limit, offset, sort, k1, b)
        hits = ask.search(settings, self._skipping)
        return ask.results(hits, settings, time.perf_counter() - start)

    def search_many(
        self,
        queries: Iterable[str | Query],
        *,
        threads: int | None = None,
        limit: int | None = 10,
        offset: int = 0,
        match: Match = "any",
        since: Date | None = None,
        until: Date | None = None,
        on: Date | None = None,
        dates: Relation = "overlaps",
        sort: Sort = "score",
        k1: float | None = None,
        b: float | None = None,
        now: datetime | None = None,
    ) -> list[Results]:
        """`search` for many queries, on `threads` threads (None: one for each processor), the GIL released."""
        settings = self._settings(limit, offset, sort, k1, b)
        if isinstance(queries, str | Query):
            raise QueryError("search_many takes several queries", hint="give a list of them, or ask with search")
        asks = (self._ask(query, match, since, until, on, dates, now) for query in queries)
        return _search_many(asks, settings, threads, self._skipping)

    def count(
        self,
        query: str | Query,
        *,
        match: Match = "any",
        since: Date | None = None,
        until: Date | None = None,
        on: Date | None = None,
        dates: Relation = "overlaps",
        now: datetime | None = None,
    ) -> int:
        """How many articles a query finds, exactly."""
        return self._ask(query, match, since, until, on, dates, now).count()

    def explain(
        self,
        query: str | Query,
        id: str,
        *,
        match: Match = "any",
        dates: Relation = "overlaps",
        k1: float | None = None,
        b: float | None = None,
        now: datetime | None = None,
    ) -> Explanation:
        """Why the article `id` has its score for a query, in parts that add up to it. KeyError if it is not there."""
        from searchkit.search.explain import explain

        ask = self._ask(query, match, None, None, None, dates, now)
        place = ask.snapshot.find(id)
        if place is None:
            raise KeyError(id)
        settings = self._settings(None, 0, "score", k1, b)
        return explain(ask.bound, ask.snapshot, *place, settings.k1, settings.b)

    # ---- state

    def refresh(self) -> bool:
        """Move to the newest generation. True if there was a newer one."""
        snapshot = self._snapshot()
        self._current = Snapshot.open(self._storage, snapshot)
        return self._current is not snapshot

    def stats(self) -> IndexStats:
        """Figures of the generation that is shown."""
        snapshot = self._snapshot()
        files = self._storage.sizes()
        named = {*snapshot.manifest.files(), f"manifest-{snapshot.manifest.generation:06d}.json"}
        sections: dict[str, int] = {}
        for part in snapshot.parts:
            for name, length in part.sections.items():
                sections[name] = sections.get(name, 0) + length
        return IndexStats(
            articles=snapshot.articles,
            tokens=snapshot.tokens,
            segments=len(snapshot.parts),
            generation=snapshot.manifest.generation,
            live_bytes=sum(size for name, size in files.items() if name in named),
            dead_bytes=sum(size for name, size in files.items() if name not in named),
            deleted=sum(part.segment.articles - part.articles for part in snapshot.parts),
            sections=sections,
        )

    def check(self) -> CheckReport:
        """Read every byte of the newest generation and tell all that is not as it was written. Repairs nothing."""
        from searchkit.indexing.check import check

        self._snapshot()
        start = time.perf_counter()
        findings, size = check(self._storage)
        return CheckReport(findings, size, time.perf_counter() - start)

    def compact(self, *, wait: float = DEFAULT_WAIT) -> None:
        """Rewrite all live articles as one segment: deleted ones give their room back, searches get a little faster."""
        with self.writer(wait=wait) as writer:
            writer.compact()

    def close(self) -> None:
        """Give the files back. Hits that were found stay readable. Harmless when done already."""
        self._current = None

    def __enter__(self) -> Index:
        self._snapshot()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._current is None:
            return f"<Index {self._storage.path}, closed>"
        return f"<Index {self._storage.path}: {len(self):,} articles, generation {self._current.manifest.generation}>"

    # ---- private

    def _snapshot(self) -> Snapshot:
        if self._current is None:
            raise SearchkitError("the index is closed: open it again with searchkit.open(path)")
        return self._current

    def _refresh_quietly(self) -> None:
        if self._current is not None:
            self._current = Snapshot.open(self._storage, self._current)

    def _ask(
        self,
        query: str | Query,
        match: Match,
        since: Date | None,
        until: Date | None,
        on: Date | None,
        dates: Relation,
        now: datetime | None,
    ) -> _Ask:
        snapshot = self._snapshot()
        if match not in ("any", "all"):
            raise QueryError(f"match is {match!r}", hint='it must be "any" or "all"')
        if dates not in ("overlaps", "within", "contains"):
            raise QueryError(f"dates is {dates!r}", hint='it must be "overlaps", "within" or "contains"')
        timezone = snapshot.options.timezone
        warnings: list[str] = []
        if isinstance(query, str):
            query, parsed = parse_with_warnings(query, match=match, now=now, timezone=timezone)
            warnings.extend(parsed)
        elif not isinstance(query, Query):
            raise QueryError(f"a query is a str or a query node, not {type(query).__name__}")
        bound = bind(query, snapshot, dates, warnings)
        if since is not None or until is not None or on is not None:
            bound = restrict(bound, *_date_range(since, until, on, now, timezone), dates)
        return _Ask(snapshot, bound, tuple(warnings))

    def _settings(self, limit: int | None, offset: int, sort: Sort, k1: float | None, b: float | None) -> _Settings:
        options = self._snapshot().options
        if not isinstance(sort, str) or sort not in SORTS:
            raise QueryError(f"sort is {sort!r}", hint=f"it must be one of {', '.join(SORTS)}")
        for name, value in (("limit", limit), ("offset", offset)):
            if value is not None and (type(value) is not int or value < 0):
                raise QueryError(f"{name} is {value!r}", hint="it must be a whole number from 0")
        k1, b = options.k1 if k1 is None else k1, options.b if b is None else b
        try:
            check_bm25(k1, b)
        except ValueError as error:
            raise QueryError(str(error)) from error
        return _Settings(limit, offset, sort, float(k1), float(b))


def _date_range(
    since: Date | None, until: Date | None, on: Date | None, now: datetime | None, timezone: str
) -> tuple[int | None, int | None]:
    """The seconds that all of them leave. QueryError for a date that is none, and for a range that holds nothing."""
    start: int | None = None
    end: int | None = None
    written = []
    for name, value in (("since", since), ("until", until), ("on", on)):
        if value is None:
            continue
        try:
            if name == "on" and isinstance(value, str):
                low, high = parse_range(value, now=now, timezone=timezone)
            else:
                interval = (
                    DateInterval.parse(value, now=now, timezone=timezone)
                    if isinstance(value, str)
                    else DateInterval.from_value(value, timezone)
                )
                low, high = interval.start_second, interval.end_second
        except DateError as error:
            raise QueryError(f"{name}={error.text!r}: {error.reason}", hint=error.hint) from error
        written.append(f"{name}={value}")
        if name != "until" and low is not None:
            start = low if start is None else max(start, low)
        if name != "since" and high is not None:
            end = high if end is None else min(end, high)
    if start is not None and end is not None and start >= end:
        raise QueryError(f"no time lies in {', '.join(written)}", hint="since must not be later than until")
    return start, end


@attrs.frozen
class _Settings:
    limit: int | None
    offset: int
    sort: str
    k1: float
    b: float


class _Ask:
    """A query bound to a snapshot, waiting for its answer."""

    __slots__ = ("bound", "snapshot", "warnings")

    def __init__(self, snapshot: Snapshot, bound: Bound | None, warnings: tuple[str, ...]) -> None:
        self.snapshot = snapshot
        self.bound = bound
        self.warnings = warnings

    def wanted(self, settings: _Settings) -> int:
        """How many hits the core must find: no more than there can be."""
        if self.bound is None:
            return 0
        articles = self.snapshot.articles
        return articles if settings.limit is None else min(settings.offset + settings.limit, articles)

    def sort(self, settings: _Settings, leaves: int) -> int:
        """Where nothing scores, ranking by score is ranking by date."""
        return SORTS["newest" if settings.sort == "score" and not leaves else settings.sort]

    def search(self, settings: _Settings, skipping: bool) -> list[tuple[float, int, int]]:
        wanted = self.wanted(settings)
        if not wanted or self.bound is None:
            return []
        program, leaves = plan(self.bound, self.snapshot)
        order = self.sort(settings, len(leaves))
        return program.search(settings.k1, settings.b, self.snapshot.average, wanted, order, skipping)

    def count(self) -> int:
        if self.bound is None:
            return 0
        return plan(self.bound, self.snapshot)[0].count()

    def results(self, hits: Sequence[tuple[float, int, int]], settings: _Settings, seconds: float) -> Results:
        snapshot = self.snapshot
        marks = marks_of(self.bound) if hits else Marks()
        segments = [part.segment for part in snapshot.parts]
        found = [
            Hit(snapshot, part, docid, segments[part].id(docid), score, marks)
            for score, part, docid in (hits[settings.offset :] if settings.offset else hits)
        ]
        return Results(found, counter=self.count, seconds=seconds, warnings=self.warnings)


def _search_many(queries: Iterable[_Ask], settings: _Settings, threads: int | None, skipping: bool) -> list[Results]:
    """Bind in this thread, a chunk at a time; the other threads evaluate the chunks that are bound, without the GIL."""
    import os
    from concurrent.futures import ThreadPoolExecutor

    if threads is None:
        threads = os.cpu_count() or 1
    if type(threads) is not int or threads < 1:
        raise QueryError(f"threads is {threads!r}", hint="it must be a whole number from 1, or None")
    chunks: list[_Chunk] = []
    with ThreadPoolExecutor(max(threads - 1, 1), "searchkit-search") as pool:
        asks = iter(queries)
        while some := list(islice(asks, CHUNK)):
            chunk = _Chunk(some, settings, skipping)
            chunks.append(chunk)
            for _ in range(threads - 1):
                pool.submit(chunk.work)
        for chunk in chunks:
            chunk.work()
    return [result for chunk in chunks for result in chunk.results()]


class _Chunk:
    """Some queries of a batch."""

    def __init__(self, asks: list[_Ask], settings: _Settings, skipping: bool) -> None:
        self._asks = asks
        self._settings = settings
        self._places, programs, averages, sorts, wanted = [], [], [], [], 0
        for place, ask in enumerate(asks):
            if not ask.wanted(settings) or ask.bound is None:
                continue
            program, leaves = plan(ask.bound, ask.snapshot)
            self._places.append(place)
            programs.append(program)
            averages.append(ask.snapshot.average)
            sorts.append(ask.sort(settings, len(leaves)))
            wanted = max(wanted, ask.wanted(settings))
        self._batch = Batch(programs, settings.k1, settings.b, averages, wanted, sorts, skipping)

    def work(self) -> None:
        """Evaluate queries until none is left. Called by any number of threads."""
        self._batch.work()

    def results(self) -> list[Results]:
        """Requires: all threads are done."""
        answers: list[tuple[list[tuple[float, int, int]], float]] = [([], 0.0)] * len(self._asks)
        for place, answer in zip(self._places, self._batch.results(), strict=True):
            answers[place] = answer
        return [
            ask.results(hits, self._settings, seconds) for ask, (hits, seconds) in zip(self._asks, answers, strict=True)
        ]


def _telling(
    articles: Iterable[Article | Mapping[str, Any]], tell: Callable[[int, int], None]
) -> Iterable[Article | Mapping[str, Any]]:
    """The articles, with `tell` called for each: articles and bytes so far."""
    size = 0
    for count, article in enumerate(articles, 1):
        text = article.text if isinstance(article, Article) else article.get("text", "")
        size += len(text) if isinstance(text, str) else 0
        yield article
        tell(count, size)


def _printer() -> Callable[[int, int], None]:
    """Tells on stderr how far an `add` has come, once a second."""
    import sys

    start = last = time.perf_counter()

    def tell(count: int, size: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last >= 1:
            last = now
            print(f"{count:,} articles, {size / (now - start) / 1e6:.1f} MB/s", file=sys.stderr)

    return tell
