"""The peers as the rig of peers drives them: each with its own plainest calls and its own defaults.

    add      make the index if there is none, and add articles in one commit (bm25s, which cannot add, saves all anew);
             `close` ends the program that did it as it should end
    numbers  of all articles that it has
    answer   a few words: numbers of the best ten and their scores
    ask      what a person typed, whatever it is, given to the engine's own reader of queries
    check    what its own check says; None: it has none

Everything here runs in child processes: an engine may die.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["ENGINES", "article"]

Answer = list[tuple[int, float]]
WORDS = [f"word{number}" for number in range(40)]


def article(number: int) -> str:
    """Its text: the same in every engine."""
    return " ".join(WORDS[(number * step + step * step) % (7 + 3 * step)] for step in range(1, 12)) + f" only{number}"


class _Closed:
    """Where a commit leaves nothing open."""

    def close(self) -> None:
        pass


class Searchkit(_Closed):
    def add(self, folder: Path, first: int, past: int) -> None:
        import searchkit

        with searchkit.create(folder, exist_ok=True) as index:
            index.add(searchkit.Article(article(number), id=str(number)) for number in range(first, past))

    def open(self, folder: Path) -> None:
        import searchkit

        self._index = searchkit.open(folder, mode="r")

    def numbers(self) -> list[int]:
        return sorted(int(one.id) for one in self._index.articles())

    def answer(self, words: list[str]) -> Answer:
        return [(int(hit.id), hit.score) for hit in self._index.search(" ".join(words))]

    def ask(self, text: str) -> None:
        list(self._index.search(text))

    def check(self, folder: Path) -> bool | None:
        return self._index.check().ok


class Whoosh(_Closed):
    def add(self, folder: Path, first: int, past: int) -> None:
        from whoosh import fields, index

        schema = fields.Schema(number=fields.NUMERIC(stored=True), body=fields.TEXT(stored=True))
        made = index.open_dir(folder) if index.exists_in(folder) else index.create_in(folder, schema)
        writer = made.writer()
        for number in range(first, past):
            writer.add_document(number=number, body=article(number))
        writer.commit()

    def open(self, folder: Path) -> None:
        from whoosh import index
        from whoosh.qparser import QueryParser

        made = index.open_dir(folder)
        self._searcher = made.searcher()
        self._parser = QueryParser("body", made.schema)

    def numbers(self) -> list[int]:
        return sorted(one["number"] for one in self._searcher.all_stored_fields())

    def answer(self, words: list[str]) -> Answer:
        hits = self._searcher.search(self._parser.parse(" OR ".join(words)), limit=10)
        return [(hit["number"], hit.score) for hit in hits]

    def ask(self, text: str) -> None:
        list(self._searcher.search(self._parser.parse(text), limit=10))

    def check(self, folder: Path) -> bool | None:
        return None


class Tantivy(_Closed):
    def add(self, folder: Path, first: int, past: int) -> None:
        import tantivy

        fields = tantivy.SchemaBuilder()
        fields.add_unsigned_field("number", stored=True)
        fields.add_text_field("body", stored=True)
        index = tantivy.Index(fields.build(), str(folder))  # opens what is there
        writer = index.writer(15_000_000, 1)
        for number in range(first, past):
            writer.add_json(json.dumps({"number": number, "body": article(number)}))
        writer.commit()
        writer.wait_merging_threads()

    def open(self, folder: Path) -> None:
        import tantivy

        self._index = tantivy.Index.open(str(folder))
        self._searcher = self._index.searcher()
        self._all = tantivy.Query.all_query()

    def numbers(self) -> list[int]:
        return sorted(number for number, _ in self._found(self._all, 10_000))

    def _found(self, query: Any, limit: int) -> Answer:
        hits = self._searcher.search(query, limit).hits
        return [(self._searcher.doc(address)["number"][0], float(score)) for score, address in hits]

    def answer(self, words: list[str]) -> Answer:
        return self._found(self._index.parse_query(" ".join(words), ["body"]), 10)

    def ask(self, text: str) -> None:
        self._found(self._index.parse_query_lenient(text, ["body"])[0], 10)

    def check(self, folder: Path) -> bool | None:
        return None


class Fts5:
    def __init__(self, *pragmas: str) -> None:
        self._pragmas = pragmas
        self.close: Callable[[], None]

    def _connected(self, folder: Path) -> sqlite3.Connection:
        database = sqlite3.connect(folder / "index.db", isolation_level=None)
        for pragma in self._pragmas:
            database.execute(f"PRAGMA {pragma}")
        return database

    def add(self, folder: Path, first: int, past: int) -> None:
        database = self._connected(folder)
        database.execute("CREATE VIRTUAL TABLE IF NOT EXISTS articles USING fts5(body)")
        database.execute("BEGIN")
        for number in range(first, past):
            database.execute("INSERT INTO articles(rowid, body) VALUES (?, ?)", (number + 1, article(number)))
        database.execute("COMMIT")
        self.close = database.close  # which writes its log back: a power cut finds a program that goes on

    def open(self, folder: Path) -> None:
        if not (folder / "index.db").exists():
            raise FileNotFoundError(folder)
        self._database = sqlite3.connect(folder / "index.db")

    def numbers(self) -> list[int]:
        return sorted(number - 1 for (number,) in self._database.execute("SELECT rowid FROM articles"))

    def answer(self, words: list[str]) -> Answer:
        sql = "SELECT rowid, bm25(articles) FROM articles WHERE articles MATCH ? ORDER BY 2, 1 LIMIT 10"
        return [(number - 1, score) for number, score in self._database.execute(sql, (" OR ".join(words),))]

    def ask(self, text: str) -> None:
        sql = "SELECT rowid FROM articles WHERE articles MATCH ? ORDER BY rank LIMIT 10"
        self._database.execute(sql, (text,)).fetchall()

    def check(self, folder: Path) -> bool | None:
        try:
            self._database.execute("INSERT INTO articles(articles, rank) VALUES ('integrity-check', 1)")
            return self._database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        except sqlite3.Error:
            return False


class Bm25s(_Closed):
    def add(self, folder: Path, first: int, past: int) -> None:
        import bm25s

        engine = bm25s.BM25()
        texts = [article(number) for number in range(past)]
        engine.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
        engine.save(folder, corpus=texts, show_progress=False)

    def open(self, folder: Path) -> None:
        import bm25s

        self._engine = bm25s.BM25.load(folder, load_corpus=True)

    def numbers(self) -> list[int]:
        return [int(one["text"].split("only")[1]) for one in self._engine.corpus]

    def answer(self, words: list[str]) -> Answer:
        return self._retrieved(" ".join(words))

    def _retrieved(self, text: str) -> Answer:
        import bm25s

        tokens = bm25s.tokenize([text], show_progress=False)
        found, scores = self._engine.retrieve(tokens, k=10, show_progress=False)
        return [(int(one["id"]), float(score)) for one, score in zip(found[0], scores[0], strict=True)]

    def ask(self, text: str) -> None:
        self._retrieved(text)

    def check(self, folder: Path) -> bool | None:
        return None


# Name, module to import, and how it is made.
ENGINES: dict[str, tuple[str, Callable[[], Any]]] = {
    "searchkit": ("searchkit.index", Searchkit),
    "Whoosh": ("whoosh.qparser", Whoosh),
    "tantivy": ("tantivy", Tantivy),
    "FTS5": ("sqlite3", Fts5),
    "FTS5, WAL and FULL": ("sqlite3", lambda: Fts5("journal_mode=WAL", "synchronous=FULL")),
    "bm25s": ("bm25s", Bm25s),
}
