"""What a search hands back: hits, best first, and what there is to know about the search.

    Results    an immutable sequence of hits; how many there are in all is counted when asked
    Hit        one article with its score; the article itself is read when asked

Most hits are looked at only for their id and score, and many not at all: the core keeps them as three numbers each,
makes them hits when the first one is asked for, and reads nothing until more is asked. Results and hits keep the
snapshot that they came from, so that articles stay readable whatever is added, deleted or merged meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, overload

import attrs

from searchkit.core.evaluate import Listing, Place
from searchkit.errors import SearchkitError

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from searchkit.analysis import Analyzer
    from searchkit.article import Article, FieldValue
    from searchkit.core.evaluate import Searcher, Settings
    from searchkit.core.program import TermLists
    from searchkit.dates import DateInterval
    from searchkit.query.complaints import QueryWarning
    from searchkit.query.nodes import Query
    from searchkit.search.matches import Match
    from searchkit.search.snippets import Markup, Passage
    from searchkit.search.timeline import By, Timeline

__all__ = ["FacetValue", "Hit", "Marks", "Results"]

FacetValue: TypeAlias = "str | float | bool | DateInterval"

MOST_LOOKED_UP = 64  # terms whose positions are asked for, article by article; more are looked for in the text


@attrs.frozen
class Marks:
    """What a query looked for in an article, in terms of its index: what to mark."""

    words: frozenset[str] = frozenset()  # terms
    phrases: tuple[
        tuple[tuple[str, ...], int], ...
    ] = ()  # (terms, slop): each term at most `slop` behind the one before

    series: tuple[
        tuple[tuple[frozenset[str], ...], int, bool], ...
    ] = ()  # (of each place the terms that fill it, slop as of a phrase, whether in this order)

    def __bool__(self) -> bool:
        return bool(self.words or self.phrases or self.series)

    @property
    def in_company(self) -> frozenset[str]:
        """All terms of phrases and series: alone they need not be marked."""
        places = [place for choices, _, _ in self.series for place in choices]
        return frozenset().union(*(terms for terms, _ in self.phrases), *places)

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms there are."""
        return tuple(self.words | self.in_company)


class Snapshot(Protocol):
    """What a hit asks of the snapshot it came from; articles are addressed by segment number and docid."""

    @property
    def analyzer(self) -> Analyzer: ...

    @property
    def store(self) -> bool:
        """Whether the index keeps titles and texts."""
        ...

    @property
    def searcher(self) -> Searcher: ...

    def article(self, segment: int, docid: int) -> Article:
        """The article as it was added; without `store`, its title and text are empty."""
        ...

    def interval(self, segment: int, docid: int) -> DateInterval | None: ...

    def term_of(self, form: str) -> str: ...

    def id(self, segment: int, docid: int) -> str: ...

    def lists(self, term: str) -> TermLists: ...


class Asked(Protocol):
    """What results ask of the query that they came from."""

    query: str | Query

    @property
    def fold(self) -> object:
        """How the hits were collapsed; None: not at all."""
        ...

    def folded(self, place: tuple[int, int]) -> list[tuple[int, int]]:
        """The hits that are folded under one. Raises SearchTimeout."""
        ...

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def marks(self) -> Marks: ...

    def count(self) -> int:
        """How many articles it finds. Raises SearchTimeout."""
        ...

    def cursor(self, results: Results) -> str | None: ...

    def matches(self) -> list[bytes]:
        """Which articles it finds: a bitmap for each segment. Raises SearchTimeout."""
        ...

    def facets(self, field: str, limit: int | None) -> dict[FacetValue, int]: ...

    def range_counts(self, field: str, ranges: Iterable[tuple[Any, Any]]) -> dict[tuple[Any, Any], int]: ...

    def suggestions(self) -> tuple[str, ...]:
        """Texts that find something, with other words in place of doubtful ones."""
        ...


class Asking(Protocol):
    """What holds for a query that nobody has made a value of yet."""

    def ask(self, query: str | Query, settings: Settings) -> Asked: ...


class Hit(Place):
    """One article that a query found.

    The stored article is read once, when something of it is asked for. An index made with `store=False` keeps ids,
    dates and fields only: there `article`, `title`, `snippet`, `snippets` and `highlight` raise SearchkitError.
    """

    __slots__ = ("_article",)

    @property
    def date(self) -> DateInterval | None:
        """When it happened; None if undated."""
        return self._snapshot.interval(self._segment, self._docid)

    @property
    def stored(self) -> bool:
        """Whether the index keeps title and text (`store=True`)."""
        return self._snapshot.store

    @property
    def article(self) -> Article:
        """The article as it was added."""
        if not self.stored:
            raise SearchkitError(
                f"the index was made with store=False and keeps no articles: look {self.id!r} up where it came from, "
                "or build the index anew with store=True"
            )
        return self._read()

    @property
    def title(self) -> str:
        """The article's title, "" if it has none."""
        return self.article.title

    @property
    def fields(self) -> dict[str, FieldValue]:
        """The article's own values."""
        return self._read().fields

    def snippet(self, sentences: int = 2, *, markup: Markup = "markdown") -> str:
        """The best `sentences` consecutive sentences of the text, on one line, with the matches marked.

        Best is most distinct words and phrases of the query, then most matches, then first. Where nothing in the text
        matches (the title did, or only a date was asked for): its first sentences; of an empty text "". A sentence over
        400 characters is cut to 400 around its matches, with an ellipsis. `markup`: "markdown" (`**match**`), "html"
        (`<mark>`, all else escaped), "ansi" (for terminals), "plain" (no marks) or a pair (before, after).
        """
        return next(iter(self.snippets(1, sentences=sentences, markup=markup)), "")

    def snippets(self, n: int, *, sentences: int = 2, markup: Markup = "markdown") -> list[str]:
        """The `n` best snippets, best first, no sentence in two of them; fewer where the text has fewer."""
        from searchkit.search.snippets import snippets  # late, like all that only the shown hits need

        return snippets(self.article.text, self._matches(), n, sentences=sentences, markup=markup)

    def passages(self, n: int = 1, *, sentences: int = 2) -> tuple[Passage, ...]:
        """What `snippets` shows, as values for programs: where it stands in `article.text`, and where its matches do.

        Whole sentences, nothing cut or cleaned: mind that a text may hold anything before you print it.
        """
        from searchkit.search.snippets import passages

        return passages(self.article.text, self._matches(), n, sentences=sentences)

    def highlight(self, markup: Markup = "markdown") -> str:
        """The whole text with the matches marked; `markup` as for `snippet`."""
        from searchkit.search.snippets import highlight

        return highlight(self.article.text, self._matches(), markup)

    @property
    def folded(self) -> int:
        """How many other hits a search with `collapse` folded under this one; 0 without.

        Asking walks over all that the query finds, once for all hits; SearchTimeout as for `Results.total`.
        """
        return len(self._folded())

    @property
    def folded_ids(self) -> tuple[str, ...]:
        """The ids of those, in the order of the ranking."""
        snapshot = self._snapshot
        return tuple(snapshot.id(*place) for place in self._folded())

    def _folded(self) -> list[tuple[int, int]]:
        ask: Asked = self._ask
        return ask.folded((self._segment, self._docid))

    def to_dict(self) -> dict[str, Any]:
        """The hit as a dict that JSON can hold: id, score, date as written or None, title, fields.

        The title is None in an index made with `store=False`. After a search with `collapse` also `folded`.
        """
        ask: Asked = self._ask
        collapsed = {} if ask.fold is None else {"folded": self.folded}
        record = {
            "id": self.id,
            "score": self.score,
            "date": None if self.date is None else str(self.date),
            "title": self.title if self.stored else None,
            "fields": dict(self.fields),
        }
        return record | collapsed

    @property
    def _snapshot(self) -> Snapshot:
        ask: Asked = self._ask
        return ask.snapshot

    def _read(self) -> Article:
        try:
            return self._article
        except AttributeError:
            self._article: Article = self._snapshot.article(self._segment, self._docid)
            return self._article

    def _matches(self) -> list[Match]:
        text = self.article.text
        ask: Asked = self._ask
        marks, snapshot = ask.marks, ask.snapshot
        if not marks:
            return []
        from searchkit.search.matches import find_matches, matches_at

        terms = marks.terms
        if len(terms) > MOST_LOOKED_UP:
            return find_matches(snapshot.analyzer.spans(text), marks, snapshot.term_of)
        lists = [snapshot.lists(term) for term in terms]
        places = snapshot.searcher.places(lists, self._segment, self._docid, text)
        return matches_at([(position, terms[number], start, end) for position, number, start, end in places], marks)

    def __copy__(self) -> Hit:
        return self

    def __repr__(self) -> str:
        date = "undated" if self.date is None else str(self.date)
        return f"Hit({self.id!r}, score={self.score:.4f}, {date})"

    def _repr_html_(self) -> str:
        from searchkit.search.notebook import hit_html

        return hit_html(self)


class Results(Listing, Sequence[Hit]):
    """The hits of a search in their order, from `offset` on, at most `limit` of them. A slice of it is a tuple of hits.

    `seconds`: what the search took. `warnings`: what in the query was not understood, was mended or was cut short, and
    whether the time was up.
    """

    # Of Listing: _asked, what was asked (Asked), or what that is made of when needed: a tuple of an Asking, the query
    # and its settings. _answer, what the core found; None: nothing. _made, _total, _suggestions: None until known.
    __slots__ = ()

    @property
    def _ask(self) -> Asked:
        asked: Asked | tuple[Asking, str | Query, Settings] = self._asked
        if isinstance(asked, tuple):
            scope, query, settings = asked
            asked = self._asked = scope.ask(query, settings)
        return asked

    @property
    def total(self) -> int:
        """How many articles the query finds in all, exactly; counted the first time it is asked.

        After a search with a `timeout` counting may take as long again; SearchTimeout if it is not done by then.
        """
        if self._total is None:
            self._total = self._ask.count()
        return self._total

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Did you mean: query texts that differ from this one in the spelling of words which hardly an article has.

        At most three, the most likely first; each finds something, under the same conditions. Worked out the first time
        they are asked for. After a search with a `timeout` that may take as long again; what was not tried until then
        is missing.
        """
        if self._suggestions is None:
            self._suggestions = self._ask.suggestions()
        return self._suggestions

    @property
    def query(self) -> str | Query:
        """What was asked: the text or the query node; of `Index.like` the node that it made."""
        return self._ask.query

    @property
    def cursor(self) -> str | None:
        """Where the page behind these hits begins: pass it as `after=` to the same search.

        None behind the last page, and of a search that ran out of time. Pages neither repeat nor skip, whatever is
        added meanwhile: the index keeps the state of the articles to which a cursor leads (the last 4 such states,
        while it is open). When that is gone, a warning of the next page says so.
        """
        return self._ask.cursor(self)

    @property
    def _passed(self) -> int:
        """The rank of the last hit: how many there are up to it. 0 where that is not known for sure."""
        return 0 if self._answer is None or self._answer.late else self.offset + len(self)

    def _warned(self, warning: QueryWarning) -> Results:
        """The same with one more warning."""
        return Results(self._asked, self._answer, self.seconds, (*self.warnings, warning))

    def timeline(self, by: By = "month", *, gaps: bool = True) -> Timeline:
        """How many of all articles that the query finds, not only of these hits, lie in each "day", "week", "month",
        "quarter" or "year". `gaps`: also name the periods in between in which none does.

        An article counts where it surely lies: one of October 2020 is `unplaced` in a timeline by day. QueryError for
        another period; SearchTimeout as for `total`.
        """
        from searchkit.search.timeline import timeline  # late, like all that not every program asks for

        return timeline(self._ask.snapshot.searcher.parts, self._ask.matches(), by, gaps)

    @overload
    def facets(self, field: str, limit: int | None = 10) -> dict[FacetValue, int]: ...

    @overload
    def facets(
        self, field: str, limit: int | None = 10, *, ranges: Iterable[tuple[Any, Any]]
    ) -> dict[tuple[Any, Any], int]: ...

    def facets(
        self, field: str, limit: int | None = 10, *, ranges: Iterable[tuple[Any, Any]] | None = None
    ) -> dict[Any, int]:
        """How many of all articles that the query finds have each value of a declared field, most first.

        Equal counts stand in the order of the values; limit None gives all of them. An article with several values
        counts for each; one without a value is not counted. Dates are given as DateInterval. Counted when it is asked,
        whatever `limit` and `offset` of the search were; SearchTimeout as of `total`. QueryError for a field that is
        not declared.

        ranges  instead of values, count these: tuples as in `where`, from one value to another, both included, None for
                an open side. They are given back in their order, `limit` does not matter. An article counts once in
                each range in which it has a value; dates as the `dates` of the search says.
        """
        return self._ask.facets(field, limit) if ranges is None else self._ask.range_counts(field, ranges)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The hits as dicts that JSON can hold, see `Hit.to_dict`."""
        return [hit.to_dict() for hit in self]

    def to_pandas(self) -> pandas.DataFrame:
        """The hits as a DataFrame: id, score, date as written, its start and end, title, and each field as a column.

        SearchkitError where pandas is not installed.
        """
        from searchkit.search.tables import data_frame

        return data_frame(self)

    def to_arrow(self) -> pyarrow.Table:
        """The same as an Arrow table; a field whose values are of several kinds becomes JSON text.

        SearchkitError where pyarrow is not installed.
        """
        from searchkit.search.tables import arrow_table

        return arrow_table(self)

    @overload
    def __getitem__(self, index: int) -> Hit: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...

    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self._hits()[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self._hits())

    def _hits(self) -> tuple[Hit, ...]:
        """The hits, made when the first is asked for."""
        made: tuple[Hit, ...] | None = self._made
        if made is None:
            answer = self._answer
            if answer is None:
                made = ()
            else:
                answer.ask = self._ask
                made = answer.hits(Hit)
            self._made = made
        return made

    def __copy__(self) -> Results:
        return self

    def __repr__(self) -> str:
        total = "" if self._total is None else f" of {self._total:,}"
        shown = "".join(f"\n  {hit!r}" for hit in self[:10]) + ("\n  ..." if len(self) > 10 else "")
        warned = "".join(f"\n  warning: {warning}" for warning in self.warnings)
        return f"<Results: {len(self)}{total} hits in {1000 * self.seconds:.2f} ms>{shown}{warned}"

    def _repr_html_(self) -> str:
        from searchkit.search.notebook import results_html

        return results_html(self)
