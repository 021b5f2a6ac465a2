"""tantivy through tantivy-py: one text field for title and text, the line number as a fast field to answer with.

JSON strings go in, as that costs less than Document objects; as many indexing threads and the same memory budget as
searchkit. A query is parsed by tantivy's own parser: it costs no more than to put query objects together from Python.
Prefixes are a regular expression over the terms, as the parser knows none for single words: they do not score. There is
no call for many queries: a batch is a loop, on several threads a pool of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import tantivy

from benchmarks.corpus import day_of, read_rows
from benchmarks.peers import Abilities, Answer, Sizes, plain_text
from benchmarks.queries import Query

__all__ = ["Peer"]

_MEMORY = 256_000_000


class Peer:
    abilities = Abilities(threads=True, batches=True)

    def __init__(self) -> None:
        fields = tantivy.SchemaBuilder()
        fields.add_unsigned_field("number", fast=True)
        fields.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        fields.add_text_field("body", stored=True, tokenizer_name="en_stem")
        fields.add_date_field("date", stored=True, fast=True)
        self._schema = fields.build()
        self._must = tantivy.Occur.Must

    def version(self) -> str:
        return version("tantivy")

    def build(self, articles: Path, folder: Path, threads: int) -> None:
        self._write(tantivy.Index(self._schema, str(folder)), articles, 0, threads)

    def add(self, articles: Path, folder: Path) -> None:
        index = tantivy.Index.open(str(folder))
        self._write(index, articles, index.searcher().num_docs, 1)

    def _write(self, index: tantivy.Index, articles: Path, first: int, threads: int) -> None:
        writer = index.writer(_MEMORY, threads)
        for number, row in enumerate(read_rows(articles), first):
            item = {"number": number, "id": row["id"], "body": f"{row['title']}\n{row['text']}"}
            day = day_of(row["date"])
            if day is not None:
                item["date"] = f"{datetime.fromordinal(day).isoformat()}Z"
            writer.add_json(json.dumps(item, ensure_ascii=False))
        writer.commit()
        writer.wait_merging_threads()

    def sizes(self, folder: Path) -> Sizes:
        index = tantivy.Index.open(str(folder))
        index.writer(15_000_000, 1).garbage_collect_files()  # what merges left behind is no part of the index
        parts: dict[str, int] = {}
        for file in folder.iterdir():
            parts[file.suffix or file.name] = parts.get(file.suffix or file.name, 0) + file.stat().st_size
        searcher = index.searcher()
        return {
            "articles": searcher.num_docs,
            "segments": searcher.num_segments,
            "total": sum(parts.values()),
            "stored": parts.get(".store", 0),
            "parts": parts,
        }

    def open(self, folder: Path) -> None:
        self._index = tantivy.Index.open(str(folder))
        self._searcher = self._index.searcher()

    def call(self, query: Query) -> Callable[[], Answer]:
        text, everything, top = plain_text(query), query.join == "all", query.top
        parse, search, numbers = self._index.parse_query, self._searcher.search, self._searcher.fast_field_values
        fields = ["body"]
        if query.newest:
            newest = tantivy.Order.Desc

            def call() -> Answer:
                parsed = parse(text, fields)
                if query.dated:
                    parsed = self._dated(query, parsed)
                hits = search(parsed, top, count=False, order_by_field="date", order=newest).hits
                found = numbers("number", [address for _, address in hits])
                return [(number, value) for number, (value, _) in zip(found, hits, strict=True)]

        elif query.dated or query.join == "prefix":

            def call() -> Answer:
                hits = search(self._parsed(query), top, count=False).hits
                found = numbers("number", [address for _, address in hits])
                return [(number, score) for number, (score, _) in zip(found, hits, strict=True)]

        else:

            def call() -> Answer:
                hits = search(parse(text, fields, conjunction_by_default=everything), top, count=False).hits
                found = numbers("number", [address for _, address in hits])
                return [(number, score) for number, (score, _) in zip(found, hits, strict=True)]

        return call

    def batch(self, queries: Sequence[Query], threads: int) -> Callable[[], Sequence[Answer]]:
        calls = [self.call(query) for query in queries]
        if threads == 1:
            return lambda: [call() for call in calls]
        share = -(-len(calls) // (threads * 4))
        parts = [calls[place : place + share] for place in range(0, len(calls), share)]

        def all_calls() -> Sequence[Answer]:
            with ThreadPoolExecutor(threads) as pool:
                return [
                    answer for answers in pool.map(lambda part: [call() for call in part], parts) for answer in answers
                ]

        return all_calls

    def count(self, query: Query) -> int:
        return self._searcher.search(self._parsed(query), 1, count=True).count or 0  # type: ignore[attr-defined]  # not in its stubs

    def _parsed(self, query: Query) -> tantivy.Query:
        if query.join == "prefix":
            return tantivy.Query.regex_query(self._schema, "body", f"{re.escape(query.words[0])}.*")
        parsed = self._index.parse_query(plain_text(query), ["body"], conjunction_by_default=query.join == "all")
        return self._dated(query, parsed) if query.dated else parsed

    def _dated(self, query: Query, parsed: tantivy.Query) -> tantivy.Query:
        span = tantivy.Query.range_query(
            self._schema,
            "date",
            tantivy.FieldType.Date,
            datetime.fromisoformat(query.since or "0001-01-01"),
            datetime.fromisoformat(query.until or "9999-12-31"),
        )
        return tantivy.Query.boolean_query([(self._must, parsed), (self._must, span)])
