"""Answering: what a caller asks, on its way to results.

    Scope   what holds for all queries of one call: the snapshot, dates, and which hits are wanted
    Ask     one query in a scope; it is bound (parsed, its words looked up) when something needs that

A text of plain words and phrases, which is most of what people type, is answered by the core from its bytes (plain.h):
no node, leaf or program is made of it in Python. The core leaves to us what is not surely that. Either way gives the
same hits, and what else there is to know about a query (its total, its marks) comes from the bound query.

A search that reaches its deadline gives the best of what was scored until then, with a warning: that may be nothing,
where the time went by while the query was bound.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from searchkit.core.evaluate import Answer, Place, Settings, clock
from searchkit.dates import DateInterval, WeekStart, parse_range
from searchkit.errors import DateError, QueryError, SearchTimeout, in_short
from searchkit.indexing.options import check_bm25
from searchkit.query.complaints import QueryWarning
from searchkit.query.nodes import Query
from searchkit.query.parse import parse_with_warnings
from searchkit.query.places import Places
from searchkit.ranking import Rm3
from searchkit.search.bind import Bound, Everything, TimeUp, bind, check_time, joined, marks_of, narrow, restrict
from searchkit.search.facets import facets, range_counts
from searchkit.search.formula import OWN, Fade, Ranking, variant_of
from searchkit.search.plan import BY_KEY, RELATIONS, SORTS, plan
from searchkit.search.results import Marks, Results
from searchkit.search.where import Conditions, Held, sorted_keys, where_conditions

if TYPE_CHECKING:
    from searchkit.core.program import Program
    from searchkit.indexing.snapshot import Snapshot
    from searchkit.search.collapse import Fold
    from searchkit.search.cursor import Pages
    from searchkit.search.fading import Recency, SoftDate
    from searchkit.search.results import FacetValue

__all__ = ["Ask", "Date", "Match", "Relation", "Scope", "Sort", "ranking_of", "settings_of"]

Date: TypeAlias = "str | date | datetime | DateInterval"
Match: TypeAlias = Literal["any", "all"]
Relation: TypeAlias = Literal["overlaps", "within", "contains"]
Sort: TypeAlias = str | tuple[str, Literal["asc", "desc"]]

MOST_PROXIMITY = 1_000
LONGEST = 1e9  # seconds; a longer timeout is none


class Scope:
    """What holds for all queries of one call. QueryError for what makes no sense."""

    __slots__ = (
        "_now",
        "conditions",
        "dates",
        "expand",
        "filter",
        "match",
        "pages",
        "plain",
        "proximity",
        "ranking",
        "snapshot",
        "timeout",
        "variant",
        "week_starts",
    )

    def __init__(
        self,
        snapshot: Snapshot,
        match: Match = "any",
        since: Date | None = None,
        until: Date | None = None,
        on: Date | None = None,
        dates: Relation = "overlaps",
        where: Conditions | None = None,
        now: datetime | None = None,
        timeout: float | None = None,
        *,
        week_starts: WeekStart = "monday",
        variant: str | None = None,
        proximity: float | None = None,
        expand: Rm3 | str | None = None,
        plain: bool = True,
    ) -> None:
        """`timeout`: seconds that each query may take; None: any.

        `now`: what relative dates start from; None: the moment at which the first of them is read.

        `variant`: of the formula, by name. `proximity`: what nearness counts.
        `expand`: Rm3, or "rm3" for its defaults.

        `plain`: let the core answer plain text; False is for tests, which hold that it changes nothing.
        """
        if match not in ("any", "all"):
            raise QueryError(f"match is {match!r}", hint='it must be "any" or "all"')
        if dates not in ("overlaps", "within", "contains"):
            raise QueryError(f"dates is {dates!r}", hint='it must be "overlaps", "within" or "contains"')
        if now is not None and not isinstance(now, datetime):
            raise QueryError(f"now is {now!r}", hint="it must be a datetime, or None for the clock")
        if week_starts not in get_args(WeekStart):
            raise QueryError(
                f"week_starts is {week_starts!r}", hint=f"it must be one of {', '.join(get_args(WeekStart))}"
            )
        seconds = math.inf if timeout is None else timeout
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:  # nan is not
            raise QueryError(f"timeout is {timeout!r}", hint="it must be a number of seconds from 0, or None")
        self.snapshot = snapshot
        self.timeout = seconds if seconds < LONGEST else None
        self.match: Match = match
        self.dates = dates
        self._now = now
        self.week_starts: WeekStart = week_starts
        self.conditions: Held = ()
        if where is not None:
            self.conditions = where_conditions(where, snapshot.options.fields, dates, self.read_range)
        self.variant, self.proximity = OWN, 0.0
        self.expand: Rm3 | None = None
        if variant is not None or proximity is not None or expand is not None:
            self._rank_by(variant, proximity, expand)
        # The core's words have our own idf, and no positions where pairs are kept.
        special = self.conditions or self.variant is not OWN or self.proximity or self.expand is not None
        self.plain = plain and not special
        # For the cursors of a search: what keeps the snapshot, and the options that decide the order of hits.
        self.pages: Pages | None = None
        self.ranking: tuple[Sort, Ranking, str | None] | None = None
        # A condition on the dates of all hits: start and end in seconds, None for an open side, and the relation.
        self.filter: tuple[int | None, int | None, int] | None = None
        if since is not None or until is not None or on is not None:
            start, end = _period(self, since, until, on)
            self.filter = (start, end, RELATIONS[dates])

    def ask(self, query: str | Query, settings: Settings) -> Ask:
        """A query of a search with these settings. QueryError for what is no query."""
        return Ask(query, self, settings)

    def text(self, query: str | Query) -> str | None:
        """The query, if the core may try to answer it as plain text. QueryError for what is no query."""
        checked(query)
        return query if type(query) is str and self.plain else None

    def _rank_by(self, variant: str | None, proximity: float | None, expand: Rm3 | str | None) -> None:
        if not (expand is None or expand == "rm3" or isinstance(expand, Rm3)):
            raise QueryError(f"expand is {expand!r}", hint='it must be "rm3", Rm3(...) or None')
        weight = proximity or 0.0
        if isinstance(proximity, bool) or not isinstance(weight, int | float) or not 0 <= weight <= MOST_PROXIMITY:
            raise QueryError(
                f"proximity is {proximity!r}", hint=f"it must be a number from 0 to {MOST_PROXIMITY:,}, or None"
            )
        self.variant, self.proximity = variant_of(variant), float(weight)
        self.expand = expand if isinstance(expand, Rm3) else Rm3() if expand else None

    @property
    def now(self) -> datetime:
        """The moment that all dates of the call start from."""
        if self._now is None:
            self._now = datetime.now(UTC)
        return self._now

    def read_range(self, text: str) -> tuple[int | None, int | None]:
        """A range of dates as typed, see `parse_range`."""
        timezone = self.snapshot.options.timezone
        return parse_range(text, now=self.now, timezone=timezone, week_starts=self.week_starts)

    @property
    def known_now(self) -> datetime | None:
        """The same, if any date of the call has started from it, or it was given."""
        return self._now

    def deadline(self) -> int:
        """When a query that begins now is to be done, by the core's clock; 0: it may take for ever."""
        return 0 if self.timeout is None else clock() + self.nanoseconds

    @property
    def nanoseconds(self) -> int:
        """The timeout, at least 1. Requires: there is one."""
        assert self.timeout is not None
        return max(int(self.timeout * 1e9), 1)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """For what is whole or none: SearchTimeout where the time is up."""
        try:
            yield
        except TimeUp:
            assert self.timeout is not None
            raise SearchTimeout(self.timeout) from None

    @property
    def late(self) -> tuple[QueryWarning, ...]:
        """The warning of a search that has reached its deadline."""
        return (QueryWarning(f"the time of {self.timeout:g} s was up: better hits may be missing", "time"),)


class Ask:
    """One query in a scope. QueryError for what is no query."""

    __slots__ = ("_bound", "_is_bound", "_marks", "_matches", "_warnings", "fold", "query", "scope", "settings")

    def __init__(
        self, query: str | Query, scope: Scope, settings: Settings | None = None, fold: Fold | None = None
    ) -> None:
        """`settings`: of its search, where they are known already. `fold`: how hits are collapsed, in this search."""
        self.query = checked(query)
        self.scope = scope
        self.fold = fold
        self._is_bound = False
        self._marks: Marks | None = None
        self._matches: list[bytes] | None = None
        self.settings = settings

    @property
    def snapshot(self) -> Snapshot:
        return self.scope.snapshot

    @property
    def bound(self) -> Bound | None:
        """The bound query, with the scope's dates; None if nothing is left of it. Raises QueryError."""
        return self.bind(0)

    def bind(self, deadline: int) -> Bound | None:
        """The same, or TimeUp at the deadline."""
        if not self._is_bound:
            scope = self.scope
            places = Places()
            query, warnings = self.read(self.query, places)
            bound = bind(query, scope.snapshot, scope.dates, warnings, deadline, scope.read_range, places)
            if scope.filter is not None:
                bound = restrict(bound, scope.filter[0], scope.filter[1], scope.dates)
            if isinstance(scope.conditions, Query):
                filter = bind(scope.conditions, scope.snapshot, scope.dates, warnings, deadline, scope.read_range)
                bound = joined(bound, filter)
            elif scope.conditions:
                bound = narrow(bound, scope.conditions)
            if scope.expand is not None and bound is not None:
                self._marks = marks_of(bound)  # of what was asked for, not of what it was expanded by
                bound = self._expanded(bound, scope.expand, deadline)
            self._bound = bound
            self._warnings = tuple(warnings)
            self._is_bound = True
        return self._bound

    def read(self, query: str | Query, places: Places | None = None) -> tuple[Query, list[QueryWarning]]:
        """What a text means in this scope, and what there is to say about it; a query node means itself.

        `places` takes down where its parts stand.
        """
        if isinstance(query, Query):
            return query, []
        scope = self.scope
        query, warnings = parse_with_warnings(
            query,
            match=scope.match,
            fields=scope.snapshot.options.fields,
            now=scope.now,
            timezone=scope.snapshot.options.timezone,
            week_starts=scope.week_starts,
            places=places,
        )
        return query, [*warnings]

    def suggestions(self) -> tuple[str, ...]:
        """See Results.suggestions."""
        from searchkit.search.suggest import MOST_SUGGESTIONS, other_spellings, replaced, with_words

        scope, snapshot = self.scope, self.snapshot
        query, _ = self.read(self.query)
        found: dict[str, None] = {}
        try:
            for instead in other_spellings(query, snapshot, partial(check_time, scope.deadline())):
                meant = with_words(query, instead, snapshot)
                text = replaced(self.query, instead, snapshot) if isinstance(self.query, str) else str(meant)
                if self.read(text)[0] != meant:
                    text = str(meant)
                if text not in found and Ask(meant, scope).count():
                    found[text] = None
                    if len(found) == MOST_SUGGESTIONS:
                        break
        except (TimeUp, SearchTimeout):
            pass  # what was tried until then
        return tuple(found)

    def _expanded(self, bound: Bound, rm3: Rm3, deadline: int) -> Bound:
        """The query that is asked after the first hits of this one. Raises TimeUp at the deadline."""
        from searchkit.search.feedback import expanded  # late: most searches do without

        assert self.scope.ranking is not None
        settings = settings_of(self.snapshot, rm3.articles, 0, "score", self.scope.ranking[1])
        if not settings.wanted:
            return bound
        answer = self.snapshot.searcher.search(self._ranking(bound, deadline), settings, deadline)
        if answer.late:
            raise TimeUp
        hits = [(hit._segment, hit._docid, hit.score) for hit in answer.hits(Place)]
        return expanded(bound, hits, self.snapshot, rm3)

    def cursor(self, results: Results) -> str | None:
        """See Results.cursor."""
        from searchkit.search.cursor import cursor_of

        return None if self.settings is None else cursor_of(results, self, self.settings)

    @property
    def marks(self) -> Marks:
        """What to mark in a hit, found out once."""
        if self._marks is None:
            self._marks = marks_of(self.bound)
        return self._marks

    def search(self, settings: Settings, start: float) -> Results:
        """The results. `start`: of time.perf_counter(), when the search began."""
        self.settings = settings
        if self.fold is not None:
            return self.fold.search(self, settings, start)
        scope, query, answer = self.scope, self.query, None
        deadline = scope.deadline()
        if type(query) is str and scope.plain:
            answer = scope.snapshot.searcher.search_plain(query, scope.match == "all", scope.filter, settings, deadline)
        if answer is None:
            return self.search_bound(settings, start, deadline)
        return self.results(answer, perf_counter() - start)

    def search_bound(self, settings: Settings, start: float, deadline: int) -> Results:
        """The same by the long way."""
        self.settings = settings
        try:
            answer = self.ranked(settings, deadline)
        except TimeUp:
            return self.results(None, perf_counter() - start, late=True)
        return self.results(answer, perf_counter() - start)

    def ranked(self, settings: Settings, deadline: int) -> Answer | None:
        """The answer of a query that goes the long way; None: nothing. Raises TimeUp at the deadline."""
        program = self.program(settings, deadline)
        return None if program is None else self.snapshot.searcher.search(program, settings, deadline)

    def folded(self, place: tuple[int, int]) -> list[tuple[int, int]]:
        """The hits that are folded under one. Raises SearchTimeout."""
        return [] if self.fold is None else self.fold.folded(self, place)

    def program(self, settings: Settings, deadline: int) -> Program | None:
        """What to evaluate for a query that goes the long way; None: nothing. Raises TimeUp at the deadline."""
        bound = self.bind(deadline)
        return None if bound is None or not settings.wanted else self._ranking(bound, deadline)

    def _ranking(self, bound: Bound, deadline: int) -> Program:
        """The program that ranks as this scope does. Raises TimeUp at the deadline."""
        return plan(bound, self.snapshot, deadline, self.scope.variant, not self.scope.proximity)[0]

    def results(self, answer: Answer | None, seconds: float, late: bool = False) -> Results:
        """The results of an answer, which knows if it is late. A query that is not bound was plain, or late itself."""
        warnings = self._warnings if self._is_bound else ()
        if late or (answer is not None and answer.late):
            warnings += self.scope.late
        return Results(self, answer, seconds, warnings)

    def facets(self, field: str, limit: int | None) -> dict[FacetValue, int]:
        """See Results."""
        return facets(self.matches(), field, limit, self.snapshot)

    def range_counts(self, field: str, ranges: Iterable[tuple[Any, Any]]) -> dict[tuple[Any, Any], int]:
        """See Results.facets."""
        scope = self.scope
        return range_counts(self.matches(), field, ranges, scope.dates, scope.read_range, self.snapshot)

    def count(self) -> int:
        """How many live articles the query finds. Raises SearchTimeout."""
        scope = self.scope
        deadline = scope.deadline()
        count = None
        if type(self.query) is str and scope.plain:
            count = scope.snapshot.searcher.count_plain(self.query, scope.match == "all", scope.filter, deadline)
            if count is not None and count >= 0:
                return count
        with scope.whole():
            if count is None:
                bound = self.bind(deadline)
                program = None if bound is None else plan(bound, self.snapshot, deadline)[0]
                count = 0 if program is None else self.snapshot.searcher.count(program, deadline)
            if count < 0:
                raise TimeUp
        return count

    def matches(self) -> list[bytes]:
        """All live articles that the query finds: bitmaps of Searcher.matches, kept. Raises SearchTimeout."""
        if self._matches is not None:
            return self._matches
        scope = self.scope
        deadline = scope.deadline()
        with scope.whole():
            bound = self.bind(deadline)
            program = plan(Everything(False) if bound is None else bound, self.snapshot, deadline)[0]
            matches = self.snapshot.searcher.matches(program, deadline)
            if matches is None:
                raise TimeUp
        self._matches = matches
        return matches


def checked(query: str | Query) -> str | Query:
    """The same. QueryError for what is no query."""
    if not isinstance(query, (str, Query)):
        raise QueryError(f"a query is a str or a query node, not {type(query).__name__}")
    return query


def settings_of(
    snapshot: Snapshot,
    limit: int | None,
    offset: int,
    sort: Sort,
    ranking: Ranking,
    skipping: bool = True,
) -> Settings:
    """How to rank and what to return, checked. The core is asked for no more hits than there can be."""
    if limit is not None and (type(limit) is not int or limit < 0):
        raise QueryError(f"limit is {limit!r}", hint="it must be a whole number from 0, or None")
    if type(offset) is not int or offset < 0:
        raise QueryError(f"offset is {offset!r}", hint="it must be a whole number from 0")
    most = snapshot.articles
    order, keys = _order(sort, snapshot)
    return Settings(
        ranking.k1,
        ranking.b,
        most if limit is None else min(offset + limit, most),
        min(offset, most),
        order,
        skipping,
        keys,
        ranking.variant.saturation,
        ranking.variant.delta,
        tuple(fade for _, fade in ranking.fades) if ranking.fades else (),
        ranking.proximity,
    )


def ranking_of(
    scope: Scope,
    k1: float | None = None,
    b: float | None = None,
    recency: Recency | None = None,
    soft_since: SoftDate | None = None,
    soft_until: SoftDate | None = None,
) -> Ranking:
    """What decides on scores, checked; None: as the index has it, or not at all."""
    options = scope.snapshot.options
    if k1 is not None or b is not None:
        try:
            check_bm25(options.k1 if k1 is None else k1, options.b if b is None else b)
        except ValueError as error:
            raise QueryError(str(error)) from error
    fades: tuple[tuple[str, Fade], ...] = ()
    if recency is not None or soft_since is not None or soft_until is not None:
        from searchkit.search.fading import fades_of  # late: most searches do without

        fades = fades_of(partial(_sides, scope), lambda: scope.now, recency, soft_since, soft_until)
    return Ranking(
        options.k1 if k1 is None else float(k1),
        options.b if b is None else float(b),
        scope.variant,
        scope.proximity,
        fades,
    )


def _order(sort: Sort, snapshot: Snapshot) -> tuple[int, tuple[array[int], ...]]:
    """The core's number of an order, and its keys if it is that of a field. Raises QueryError."""
    if isinstance(sort, str) and sort in SORTS:
        return SORTS[sort], ()
    fields = snapshot.options.fields
    for name in fields:
        if sort in (name, (name, "asc")):
            return BY_KEY, sorted_keys(name, False, snapshot)
        if sort in (f"-{name}", (name, "desc")):
            return BY_KEY, sorted_keys(name, True, snapshot)
    known = ", ".join([*SORTS, *fields])
    fielded = "; a - before a field: the greatest first" if fields else ", or a field that is declared"
    raise QueryError(f"sort is {in_short(sort)}", hint=f"it must be one of {known}{fielded}")


def _period(scope: Scope, since: Date | None, until: Date | None, on: Date | None) -> tuple[int | None, int | None]:
    """The seconds that all of them leave. QueryError for a date that is none, and for a range that holds nothing."""
    start: int | None = None
    end: int | None = None
    written = []
    for name, value in (("since", since), ("until", until), ("on", on)):
        if value is None:
            continue
        low, high = _sides(scope, name, value)
        written.append(f"{name}={value}")
        if name != "until" and low is not None:
            start = low if start is None else max(start, low)
        if name != "since" and high is not None:
            end = high if end is None else min(end, high)
    if start is not None and end is not None and start >= end:
        raise QueryError(f"no time lies in {', '.join(written)}", hint="since must not be later than until")
    return start, end


def _sides(scope: Scope, name: str, value: Date) -> tuple[int | None, int | None]:
    """The range of one date, which has the side that is asked for: its start for (soft) since, else its end."""
    timezone = scope.snapshot.options.timezone
    try:
        if not isinstance(value, str):
            interval = DateInterval.from_value(value, timezone)
            return interval.start_second, interval.end_second
        low, high = parse_range(value, now=scope.now, timezone=timezone, week_starts=scope.week_starts)
    except DateError as error:
        raise QueryError(f"{name}={error.text!r}: {error.reason}", hint=error.hint) from error
    starts = name.endswith("since")
    if name != "on" and (low if starts else high) is None:
        side, other = ("start", name.replace("since", "until")) if starts else ("end", name.replace("until", "since"))
        hint = "name a day, a month or a year" if name == "recency" else f"give it as {other}="
        raise QueryError(f"{name}={value!r} has no {side}", hint=hint)
    return low, high
