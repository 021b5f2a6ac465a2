"""The index: the facade that wires articles, storage and search together. `create` makes one, `open` opens one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from errno import ENOTDIR
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Literal

from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.frequent import frequent_terms
from searchkit.article import Article
from searchkit.core.evaluate import shortened
from searchkit.dates import WeekStart
from searchkit.errors import ArticleError, IndexExists, QueryError, SearchkitError
from searchkit.fields import Field
from searchkit.indexing.options import K1, TITLE_WEIGHT, B, Options, check_bm25
from searchkit.indexing.reports import AddReport, CheckReport, IndexStats
from searchkit.indexing.snapshot import Snapshot
from searchkit.query.nodes import Query
from searchkit.query.parse import parse
from searchkit.search.answer import Ask, Date, Match, Relation, Scope, Sort, ranking_of, settings_of
from searchkit.search.cursor import Cursor, Pages, search_after
from searchkit.search.results import Hit, Results
from searchkit.search.usual import Usual
from searchkit.search.where import Conditions
from searchkit.storage.contract import Storage
from searchkit.storage.folder import FolderStorage
from searchkit.storage.manifest import Manifest
from searchkit.storage.memory import MemoryStorage

if TYPE_CHECKING:
    from searchkit.indexing.writer import Writer
    from searchkit.ranking import Rm3
    from searchkit.search.collapse import Fold
    from searchkit.search.explain import Explanation
    from searchkit.search.fading import Recency, SoftDate
    from searchkit.search.formula import VariantName

__all__ = ["Index", "create", "open"]

DEFAULT_WAIT = 10.0  # seconds for the lock
DEFAULT_MEMORY = "256MB"


def create(
    path: str | Path | None = None,
    *,
    analyzer: str = "english",
    title_weight: int = TITLE_WEIGHT,
    k1: float = K1,
    b: float = B,
    fields: Mapping[str, Field] = MappingProxyType({}),
    fingerprints: bool = False,
    timezone: str = "UTC",
    store: bool = True,
    exist_ok: bool = False,
) -> Index:
    """Make an empty index in the folder `path` (None: in memory) and open it.

    analyzer      a Snowball language ("english", "german", ...), "none", or "package.module:callable" for your stemmer.
    title_weight  how often a title counts, as if it stood there so many times: 0 to 100 (3).
    k1, b         of BM25, the defaults of searches (1.5 and 0.75; docs/effectiveness.md says why).
    fields        what of the articles' fields can be filtered, sorted and counted, and its kind: `{"source": Keyword(),
                  "words": Number()}`. ValueError for a name or a kind that cannot be; others are kept and given back.
    fingerprints  keep 32 bytes of each text, so that collapse="near" need not read texts; additions take longer.
    timezone      an IANA name; dates with an offset are moved there.
    store         keep title and text; False keeps ids, dates and fields only.
    exist_ok      open the index that is there instead of raising IndexExists (its own options then hold).
    """
    storage: Storage = MemoryStorage() if path is None else FolderStorage(path)
    check_bm25(k1, b)
    named = Analyzer.named(analyzer)
    options = Options(
        named, title_weight, float(k1), float(b), timezone, frequent_terms(named), store, fields, fingerprints
    )
    manifest = Manifest(options.manifest_format, 1, options.to_json())
    try:
        storage.create(manifest)
    except FileExistsError as error:
        if not Path(storage.path).is_dir():
            raise NotADirectoryError(ENOTDIR, "a file stands where the index is to be", storage.path) from error
        if not exist_ok:
            raise IndexExists(storage.path) from error
        return Index(storage, writable=True)
    return Index(storage, Snapshot.of(storage, manifest), writable=True)


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

    # For tests: without skipping, every matching article is scored; without plain, no query takes the short way.
    _skipping = True
    _plain = True

    def __init__(self, storage: Storage, snapshot: Snapshot | None = None, *, writable: bool) -> None:
        """Use `create` or `open`."""
        self._storage = storage
        self._writable = writable
        self._current: Snapshot | None = snapshot or Snapshot.open(storage)
        self._pages = Pages(storage)
        self._usual = Usual(self._pages)
        self._left: Snapshot | None = None  # shown until a commit of ours that could not be opened yet

    # ---- articles

    def add(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        commit_every: int | None = None,
        resume: bool = False,
        progress: bool | Callable[[int, int], None] = False,
        workers: int | None = None,
        memory: str | int = DEFAULT_MEMORY,
        wait: float = DEFAULT_WAIT,
    ) -> AddReport:
        """Add articles (or mappings with an article's keys) in one durable commit, all or nothing.

        An article of an id that is there replaces it; within one call the last one counts.

        commit_every  commit durably whenever so many articles have come (or a few more): what is interrupted then keeps
                      what was committed. Each commit is a segment: under some ten thousand it costs time.
        resume        leave out articles whose ids are in the index: what was interrupted goes on where it stopped.
        progress      True prints a line now and then to stderr, with what is durable; a function is called with
                      articles and bytes so far.

        For `workers` see `Writer.add`, for `memory` and `wait` see `writer`.
        """
        start = time.perf_counter()
        if isinstance(articles, Article | Mapping):
            articles = (articles,)
        if isinstance(articles, str | bytes) or not isinstance(articles, Iterable):
            hint = "a text is made one with Article(text), files are read with read_articles(path)"
            raise ArticleError(f"add takes articles, not a value of type {type(articles).__name__}", hint=hint)
        if commit_every is not None and (type(commit_every) is not int or commit_every < 1):
            raise ValueError(f"commit_every must be a whole number from 1, or None, got {commit_every!r}")
        from searchkit.indexing.feed import Feed, Printer  # late: readers do without

        added = replaced = size = 0
        with self.writer(memory=memory, wait=wait) as writer:
            printer = Printer() if progress is True else None
            tell = printer or (progress if callable(progress) else None)
            known = Snapshot.open(self._storage, self._current).__contains__ if resume else None
            feed = Feed(articles, tell, known, writer.article)
            for portion in feed.portions(commit_every):
                taken = writer.add(portion, workers=workers)
                writer.commit()
                added, replaced, size = added + taken, replaced + writer.last_replaced, size + writer.last_bytes
                if printer is not None:
                    printer.durable = feed.count
        report = getattr(articles, "report", None)
        skipped = tuple(getattr(report, "skipped", ()))
        return AddReport(added, replaced, skipped, time.perf_counter() - start, size, feed.left_out)

    def writer(self, *, memory: str | int = DEFAULT_MEMORY, wait: float = DEFAULT_WAIT) -> Writer:
        """Take the lock and get a writer, for several additions and deletions in one commit. Use it with `with`.

        memory  roughly what the process may take for additions ("256MB", or bytes): before there would be more, they
                are put aside in a file.
        wait    seconds to wait for another writer; then IndexLocked.
        """
        self._require_writable()
        from searchkit.indexing.writer import Writer  # late: readers do without

        return Writer(self._storage, memory, wait, self._show_commit)

    def declare(self, fields: Mapping[str, Field], *, wait: float = DEFAULT_WAIT) -> None:
        """Declare more fields (see `create`), in one durable commit, for the articles that are here as well.

        Their texts are not indexed again: what they have in these fields is read, and segments where one has a value
        get a column. A field that is declared so already is left alone. Raises ValueError for a name or kind that
        cannot be or, where there are articles, is declared otherwise, and ArticleError, with nothing changed, if an
        article has another kind of value there. wait: seconds for the lock.
        """
        self._require_writable()
        from searchkit.indexing.declare import declare  # late: readers do without

        declare(self._storage, fields, wait)
        self._show_commit()

    def delete(self, ids: str | Iterable[str], *, wait: float = DEFAULT_WAIT) -> int:
        """Delete articles by id, in one durable commit; how many were there."""
        with self.writer(wait=wait) as writer:
            return writer.delete(ids)

    def get(self, id: str) -> Article:
        """The article of an id. KeyError if there is none; SearchkitError if the index keeps no text."""
        if not isinstance(id, str):
            raise TypeError(f"an id is a str, got {id!r}")
        snapshot = self._snapshot()
        place = snapshot.find(id)
        if place is None:
            raise KeyError(id)
        if not snapshot.store:
            raise SearchkitError("the index was made with store=False and keeps no articles")
        return snapshot.article(*place)

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and id in self._snapshot()

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

    @shortened
    def search(
        self,
        query: str | Query,
        *,
        limit: int | None = 10,
        offset: int = 0,
        after: str | None = None,
        match: Match = "any",
        since: Date | None = None,
        until: Date | None = None,
        on: Date | None = None,
        soft_since: SoftDate | None = None,
        soft_until: SoftDate | None = None,
        dates: Relation = "overlaps",
        where: Conditions | None = None,
        sort: Sort = "score",
        recency: Recency | None = None,
        proximity: float | None = None,
        expand: Rm3 | Literal["rm3"] | None = None,
        collapse: str | None = None,
        k1: float | None = None,
        b: float | None = None,
        variant: VariantName | None = None,
        now: datetime | None = None,
        timeout: float | None = None,
        week_starts: WeekStart = "monday",
    ) -> Results:
        """The best articles for a query, ranked by exact BM25; equal scores: newer first, then by id.

        query             what a person types (see docs/query-language.md; no text raises), or a query node.
        limit, offset     which hits of the ranking; limit None: all.
        after             the `cursor` of the page before, in a search that is the same but for limit and offset.
        match             how loose words are joined: "any" (OR) or "all" (AND).
        since, until, on  dates, each including the whole period that it names, written or spoken: "2020-10", "last
                          month" (see docs/dates.md).
        soft_since,       dates beyond which scores fade instead of being cut off: by half in as much time as the date
        soft_until        names (of "2020-10": a month), or ("2020-10", "2 weeks"), down to a tenth, also if undated.
        dates             "overlaps": the article may have happened in the range; "within": it surely did;
                          "contains": it spans all of it. Also for ranges in the text that name no relation.
        where             what declared fields must have (docs/fields.md): {"source": "reuters"} a value, {"source":
                          ["reuters", "ap"]} one of several, {"words": (100, None)} a range with both ends, None leaves
                          one open; {"source": None} no value. All must hold. Dates as `dates` says. Or a query node of
                          conditions: Compare("words", ">", 100) | Compare("source", "=", "ap").
        sort              "score", "newest", "oldest" or a declared field: "words", or "-words" for the greatest first
                          (also ("words", "desc")); equal ones newest first, articles without a value last.
        recency           newer articles score more: HalfLife("30d", weight=0.3), or "30d" for short (docs/ranking.md).
        proximity         how much it counts (0.2 to 0.5) that words side by side in the query stand close together.
        expand            "rm3" or Rm3(articles=10, terms=10, weight=0.5): ask again with what the first hits tell.
        collapse          "near": of articles that are nearly the same only the best, or a declared field: of those with
                          one value of it. `hit.folded` says how many more; limit and offset count what is shown.
        k1, b             of BM25, instead of the index's own.
        variant           of BM25: "lucene", "robertson", "atire", "bm25l" or "bm25+" (search/formula.py has them all).
        now               the moment that relative dates start from, in the index's time zone if it has none; None: now.
        timeout           seconds (None: no limit), after which the best hits found until then are returned, with a
                          warning that better ones may be missing. Scores and order are exact in any case.
        week_starts       "monday", "sunday" or "saturday": the day on which the weeks of "last week" start.

        Raises QueryError for a query node, date or option that makes no sense.
        """
        # A search that gives nothing but limit, offset and match is mostly answered before: see `shortened`.
        start = time.perf_counter()
        snapshot, cursor = self._snapshot(), None
        if after is not None:
            cursor = Cursor.decode(after)
            snapshot, now = self._pages.find(cursor, snapshot), now or cursor.now
        scope = Scope(
            snapshot,
            match,
            since,
            until,
            on,
            dates,
            where,
            now,
            timeout,
            week_starts=week_starts,
            variant=variant,
            proximity=proximity,
            expand=expand,
            plain=self._plain,
        )
        ranking = ranking_of(scope, k1, b, recency, soft_since, soft_until)
        scope.pages, scope.ranking = self._pages, (sort, ranking, collapse)
        ask = Ask(query, scope, fold=None if collapse is None else _fold(collapse, snapshot))
        if cursor is not None:
            return search_after(ask, cursor, limit, offset, sort, ranking, self._skipping, start)
        return ask.search(settings_of(snapshot, limit, offset, sort, ranking, self._skipping), start)

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
        soft_since: SoftDate | None = None,
        soft_until: SoftDate | None = None,
        dates: Relation = "overlaps",
        where: Conditions | None = None,
        sort: Sort = "score",
        recency: Recency | None = None,
        proximity: float | None = None,
        expand: Rm3 | Literal["rm3"] | None = None,
        collapse: str | None = None,
        k1: float | None = None,
        b: float | None = None,
        variant: VariantName | None = None,
        now: datetime | None = None,
        timeout: float | None = None,
        week_starts: WeekStart = "monday",
    ) -> list[Results]:
        """`search` for many queries, on `threads` threads (None: one for each processor), the GIL released.

        The calling thread is one of them; the others, as many as there are processors at most, stay for the next call.
        `timeout` holds for each query by itself. With `collapse` one is answered after the other.
        """
        from searchkit.search.many import search_many

        snapshot = self._snapshot()
        scope = Scope(
            snapshot,
            match,
            since,
            until,
            on,
            dates,
            where,
            now,
            timeout,
            week_starts=week_starts,
            variant=variant,
            proximity=proximity,
            expand=expand,
            plain=self._plain,
        )
        ranking = ranking_of(scope, k1, b, recency, soft_since, soft_until)
        scope.pages, scope.ranking = self._pages, (sort, ranking, collapse)
        settings = settings_of(snapshot, limit, offset, sort, ranking, self._skipping)
        fold = None if collapse is None else partial(_fold, collapse, snapshot)
        return search_many(queries, scope, settings, threads, fold)

    def count(
        self,
        query: str | Query,
        *,
        match: Match = "any",
        since: Date | None = None,
        until: Date | None = None,
        on: Date | None = None,
        dates: Relation = "overlaps",
        where: Conditions | None = None,
        now: datetime | None = None,
        timeout: float | None = None,
        week_starts: WeekStart = "monday",
    ) -> int:
        """How many articles a query finds, exactly. SearchTimeout if that takes more than `timeout` seconds."""
        scope = Scope(
            self._snapshot(),
            match,
            since,
            until,
            on,
            dates,
            where,
            now,
            timeout,
            week_starts=week_starts,
            plain=self._plain,
        )
        return Ask(query, scope).count()

    def like(
        self,
        article: str | Article | Hit,
        *,
        limit: int | None = 10,
        offset: int = 0,
        since: Date | None = None,
        until: Date | None = None,
        on: Date | None = None,
        dates: Relation = "overlaps",
        where: Conditions | None = None,
        collapse: str | None = None,
        k1: float | None = None,
        b: float | None = None,
        now: datetime | None = None,
        timeout: float | None = None,
        week_starts: WeekStart = "monday",
        terms: int = 25,
        itself: bool = False,
    ) -> Results:
        """More like this: the articles that share the weightiest words of one, ranked by BM25 (see docs/related.md).

        article  the id of an article of this index, a hit, or an Article, which need not be in it.
        terms    how many words are looked for, by tf * idf in the article; 1 to 1,024.
        itself   also find the article itself: the one of its id.

        The other options are those of `search`; `results.query` is the query that was made. Raises KeyError for an id
        that is not there, SearchkitError for one whose text the index does not keep, QueryError as `search` does.
        """
        from searchkit.search.like import Resembling, telling

        start = time.perf_counter()
        snapshot = self._snapshot()
        if not isinstance(article, str | Article | Hit):
            kind = type(article).__name__
            raise QueryError(
                f"like takes an id, a hit or an Article, not {kind}", hint="of a text, make an Article(text)"
            )
        if not isinstance(article, Article):
            article = self.get(article.id if isinstance(article, Hit) else article)
        place = snapshot.find(article.id)
        without = None if itself else place
        query = telling(snapshot, article, terms, 1 if without is None else 2)
        scope = Scope(snapshot, "any", since, until, on, dates, where, now, timeout, week_starts=week_starts)
        fold = None if collapse is None else _fold(collapse, snapshot)
        settings = settings_of(snapshot, limit, offset, "score", ranking_of(scope, k1, b), self._skipping)
        return Resembling(query, scope, without, fold).search(settings, start)

    def parse(
        self,
        text: str,
        *,
        strict: bool = False,
        match: Match = "any",
        now: datetime | None = None,
        week_starts: WeekStart = "monday",
    ) -> Query:
        """What a text means here: as `searchkit.parse`, with the declared fields and the time zone of this index.

        With `strict`, what a search would mend, with a warning, raises QueryError.
        """
        options = self._snapshot().options
        return parse(
            text,
            strict=strict,
            match=match,
            fields=options.fields,
            now=now,
            timezone=options.timezone,
            week_starts=week_starts,
        )

    def explain(
        self,
        query: str | Query,
        id: str,
        *,
        match: Match = "any",
        since: Date | None = None,
        until: Date | None = None,
        on: Date | None = None,
        soft_since: SoftDate | None = None,
        soft_until: SoftDate | None = None,
        dates: Relation = "overlaps",
        where: Conditions | None = None,
        recency: Recency | None = None,
        proximity: float | None = None,
        expand: Rm3 | Literal["rm3"] | None = None,
        k1: float | None = None,
        b: float | None = None,
        variant: VariantName | None = None,
        now: datetime | None = None,
        week_starts: WeekStart = "monday",
    ) -> Explanation:
        """Why the article `id` has its score for a query: parts that add up to it, and factors. KeyError without it.

        Takes what decides on scores in `search`; with `expand` that is also which articles are found at all.
        """
        from searchkit.search.explain import explain

        snapshot = self._snapshot()
        scope = Scope(
            snapshot,
            match,
            since,
            until,
            on,
            dates,
            where,
            now,
            week_starts=week_starts,
            variant=variant,
            proximity=proximity,
            expand=expand,
        )
        place = snapshot.find(id)
        if place is None:
            raise KeyError(id)
        ranking = ranking_of(scope, k1, b, recency, soft_since, soft_until)
        scope.ranking = ("score", ranking, None)
        return explain(Ask(query, scope).bound, snapshot, *place, ranking)

    # ---- state

    def refresh(self) -> bool:
        """Move to the newest generation. True if there was a newer one."""
        snapshot = self._snapshot()
        self._current = Snapshot.open(self._storage, snapshot)
        self._usual.clear()
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

    def check(self, *, deep: bool = False) -> CheckReport:
        """Read every byte of the newest generation and tell all that is not as it was written. Repairs nothing.

        Checksums, what the sections promise one another, and every stored article. `deep`: also build each segment
        anew from its stored articles and compare the two, which takes as long as adding them did.
        """
        from searchkit.indexing.check import check

        self._snapshot()
        start = time.perf_counter()
        findings, size = check(self._storage, deep=deep)
        return CheckReport(findings, size, time.perf_counter() - start)

    def compact(self, *, wait: float = DEFAULT_WAIT) -> None:
        """Rewrite all live articles as one segment: deleted ones give their room back, searches get a little faster."""
        with self.writer(wait=wait) as writer:
            writer.compact()

    def snapshot(self, path: str | Path, *, link: bool = True) -> None:
        """Make a copy of the index, as it is shown now, in a new or empty folder; a writer may go on meanwhile.

        The copy is durable, or not there at all. It is an index like any other, also of one in memory. `link`: where
        the file system lets them, files are not copied but get a second name, which takes no time and no room; what the
        disk does to the one is done to the other then. Raises FileExistsError if something is in the folder.
        """
        snapshot = self._snapshot()
        source = self._storage.folder if link and isinstance(self._storage, FolderStorage) else None
        FolderStorage(path).receive(snapshot.manifest, snapshot.buffers, source)

    def articles(self) -> Iterator[Article]:
        """All articles that the index shows now, newest first in each segment. Requires: it keeps them (`store`)."""
        snapshot = self._snapshot()
        if not snapshot.store:
            raise SearchkitError("the index was made with store=False and keeps no articles")
        return (
            snapshot.article(number, docid) for number, part in enumerate(snapshot.parts) for docid in part.docids()
        )

    def close(self) -> None:
        """Give the files back. Hits that were found stay readable. Harmless when done already."""
        self._current = self._left = None
        self._usual.clear()
        self._pages.close()

    def __enter__(self) -> Index:
        self._snapshot()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._current is None:
            return f"<Index {self._storage.path}, {'closed' if self._left is None else 'committed, not opened yet'}>"
        return f"<Index {self._storage.path}: {len(self):,} articles, generation {self._current.manifest.generation}>"

    def _repr_html_(self) -> str:
        from searchkit.search.notebook import figures_html

        if self._current is None:
            return figures_html(repr(self), ())
        stats = self.stats()
        figures = {
            "articles": f"{stats.articles:,}",
            "tokens": f"{stats.tokens:,}",
            "analyzer": self.analyzer.name,
            "generation": f"{stats.generation:,}",
            "segments": f"{stats.segments:,}",
            "bytes": f"{stats.bytes:,}",
            "fields": ", ".join(f"{name} ({type(field).__name__})" for name, field in self.options.fields.items()),
        }
        shown = [(name, figure) for name, figure in figures.items() if figure]
        return figures_html(self._storage.path, shown, self.search("*", limit=0).timeline("year"))

    # ---- private

    def _snapshot(self) -> Snapshot:
        current = self._current
        return self._opened() if current is None else current

    def _opened(self) -> Snapshot:
        """The newest generation, which a commit of ours made and which could not be opened then."""
        left = self._left
        if left is not None:
            self._current, self._left = Snapshot.open(self._storage, left), None
        current = self._current  # that of another thread, where it was quicker
        if current is None:
            raise SearchkitError("the index is closed: open it again with searchkit.open(path)")
        return current

    def _require_writable(self) -> None:
        self._snapshot()
        if not self._writable:
            raise SearchkitError('the index was opened with mode="r": open it with mode="r+" to write')

    def _show_commit(self) -> None:
        """Move to the newest generation. If that fails (no more open files), whoever asks next tries again: the commit
        stands, and its writer is not to hear of this.
        """
        held = self._current or self._left
        if held is None:
            return
        self._usual.clear()
        try:
            self._current, self._left = Snapshot.open(self._storage, held), None
        except Exception:
            self._left, self._current = held, None


def _fold(collapse: str, snapshot: Snapshot) -> Fold:
    from searchkit.search.collapse import Fold  # late: most searches are not collapsed

    return Fold(collapse, snapshot)
