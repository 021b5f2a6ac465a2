"""tantivy through tantivy-py: one text field for title and text, the line number as a fast field to answer with.

JSON strings go in, as that costs less than Document objects; one indexing thread and the same memory budget as
searchkit. A query is parsed by tantivy's own parser: it costs no more than to put query objects together from Python.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import tantivy

from benchmarks.corpus import day_of, read_rows
from benchmarks.peers import TOP, Answer, Sizes
from benchmarks.queries import Query

__all__ = ["Peer"]

_MEMORY = 256_000_000


class Peer:
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

    def build(self, articles: Path, folder: Path) -> None:
        writer = tantivy.Index(self._schema, str(folder)).writer(_MEMORY, 1)
        for number, row in enumerate(read_rows(articles)):
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
        text, everything = _text(query), query.join == "all"
        parse, search, numbers = self._index.parse_query, self._searcher.search, self._searcher.fast_field_values
        fields = ["body"]
        if query.newest:
            newest = tantivy.Order.Desc

            def call() -> Answer:
                parsed = parse(text, fields, conjunction_by_default=everything)
                hits = search(parsed, TOP, count=False, order_by_field="date", order=newest).hits
                found = numbers("number", [address for _, address in hits])
                return [(number, value) for number, (value, _) in zip(found, hits, strict=True)]

        elif query.since is not None:

            def call() -> Answer:
                hits = search(self._dated(query, parse(text, fields)), TOP, count=False).hits
                found = numbers("number", [address for _, address in hits])
                return [(number, score) for number, (score, _) in zip(found, hits, strict=True)]

        else:

            def call() -> Answer:
                hits = search(parse(text, fields, conjunction_by_default=everything), TOP, count=False).hits
                found = numbers("number", [address for _, address in hits])
                return [(number, score) for number, (score, _) in zip(found, hits, strict=True)]

        return call

    def count(self, query: Query) -> int:
        parsed = self._index.parse_query(_text(query), ["body"], conjunction_by_default=query.join == "all")
        if query.since is not None:
            parsed = self._dated(query, parsed)
        return self._searcher.search(parsed, 1, count=True).count or 0  # type: ignore[attr-defined]  # not in its stubs

    def _dated(self, query: Query, parsed: tantivy.Query) -> tantivy.Query:
        span = tantivy.Query.range_query(
            self._schema,
            "date",
            tantivy.FieldType.Date,
            datetime.fromisoformat(query.since or "0001-01-01"),
            datetime.fromisoformat(query.until or "9999-12-31"),
        )
        return tantivy.Query.boolean_query([(self._must, parsed), (self._must, span)])


def _text(query: Query) -> str:
    text = " ".join(query.words)
    return f'"{text}"' if query.join == "phrase" else text
