"""Whoosh 3, in pure Python: asked of small collections only, as it takes minutes for what others do in seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from whoosh import index, query
from whoosh.analysis import LowercaseFilter, RegexTokenizer, StemFilter
from whoosh.fields import DATETIME, STORED, TEXT, Schema
from whoosh.sorting import FieldFacet

from benchmarks.corpus import day_of, read_rows
from benchmarks.peers import Abilities, Answer, Sizes
from benchmarks.queries import Query

__all__ = ["Peer"]

_MEMORY = 256  # MB


class Peer:
    abilities = Abilities(articles=10_000)

    def __init__(self) -> None:
        self._analyzer = RegexTokenizer(r"\w+") | LowercaseFilter() | StemFilter()
        self._schema = Schema(
            number=STORED, body=TEXT(analyzer=self._analyzer, phrase=True, stored=True), date=DATETIME(sortable=True)
        )

    def version(self) -> str:
        return version("whoosh3")

    def build(self, articles: Path, folder: Path, threads: int) -> None:
        self._write(index.create_in(folder, self._schema), articles, 0)

    def add(self, articles: Path, folder: Path) -> None:
        made = index.open_dir(folder)
        self._write(made, articles, made.doc_count())

    def _write(self, made: index.Index, articles: Path, first: int) -> None:
        writer = made.writer(limitmb=_MEMORY)
        for number, row in enumerate(read_rows(articles), first):
            day = day_of(row["date"])
            when = None if day is None else datetime.fromordinal(day)
            writer.add_document(number=number, body=f"{row['title']}\n{row['text']}", date=when)
        writer.commit()

    def sizes(self, folder: Path) -> Sizes:
        made = index.open_dir(folder)
        parts = {file.name: file.stat().st_size for file in folder.iterdir()}
        return {
            "articles": made.doc_count(),
            "segments": len(made._segments()),
            "total": sum(parts.values()),
            "stored": sum(  # the only file of its own; compound files hide theirs
                size for name, size in parts.items() if name.endswith(".sto")
            ),
            "parts": parts,
        }

    def open(self, folder: Path) -> None:
        self._searcher = index.open_dir(folder).searcher()

    def call(self, query: Query) -> Callable[[], Answer]:
        sort = {"sortedby": FieldFacet("date", reverse=True)} if query.newest else {}

        def call() -> Answer:
            hits = self._searcher.search(self._asked(query), limit=query.top, filter=self._range(query), **sort)
            return [(hit["number"], hit.score) for hit in hits]

        return call

    def batch(self, queries: Sequence[Query], threads: int) -> Callable[[], Sequence[Answer]]:
        raise NotImplementedError("Whoosh has no call for many queries")

    def count(self, query: Query) -> int:
        return len(self._searcher.search(self._asked(query), limit=1, filter=self._range(query)))

    def _asked(self, asked: Query) -> query.Query:
        if asked.join == "prefix":
            return query.Prefix("body", asked.words[0])
        stems = [token.text for token in self._analyzer(" ".join(asked.words))]
        terms = [query.Term("body", stem) for stem in stems]
        match asked.join:
            case "phrase":
                return query.Phrase("body", stems)
            case "all":
                return query.And(terms)
            case "mixed":
                return query.And([terms[0], query.Or(terms[1:])])
            case "without":
                return query.AndNot(query.Or(terms[:-1]), terms[-1])
        return query.Or(terms)

    def _range(self, asked: Query) -> query.Query | None:
        if asked.since is None or asked.until is None:
            return None
        return query.DateRange("date", datetime.fromisoformat(asked.since), datetime.fromisoformat(asked.until))
