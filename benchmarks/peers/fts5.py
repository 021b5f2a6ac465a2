"""SQLite FTS5 through the standard library: a table of articles, an FTS5 table of their words, a narrow one of days.

One transaction with SQLite's own durable defaults. Sorting by `bm25()` in SQL costs less than FTS5's `ORDER BY rank`
here, the more so where a date filter comes first; an index on the day made no query faster.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from benchmarks.corpus import day_of, read_rows
from benchmarks.peers import Abilities, Answer, Sizes
from benchmarks.queries import Query

__all__ = ["Peer"]

_TABLES = """
CREATE TABLE articles(number INTEGER PRIMARY KEY, id TEXT, body TEXT);
CREATE TABLE days(number INTEGER PRIMARY KEY, day INTEGER);
CREATE VIRTUAL TABLE words USING fts5(body, content='articles', content_rowid='number', tokenize='porter unicode61');
"""
_SCORED = "SELECT rowid, -bm25(words) AS score FROM words WHERE words MATCH ? ORDER BY score DESC LIMIT ?"
_DATED = (
    "SELECT words.rowid, -bm25(words) AS score FROM words JOIN days ON days.number = words.rowid"
    " WHERE words MATCH ? AND day BETWEEN ? AND ? ORDER BY score DESC LIMIT ?"
)
_NEWEST = (
    "SELECT words.rowid, day FROM words JOIN days ON days.number = words.rowid"
    " WHERE words MATCH ? ORDER BY day DESC LIMIT ?"
)
_NEWEST_DATED = _NEWEST.replace("MATCH ?", "MATCH ? AND day BETWEEN ? AND ?")
_COUNT = "SELECT count(*) FROM words WHERE words MATCH ?"
_COUNT_DATED = (
    "SELECT count(*) FROM words JOIN days ON days.number = words.rowid WHERE words MATCH ? AND day BETWEEN ? AND ?"
)


class Peer:
    abilities = Abilities()

    def __init__(self) -> None:
        with_fts5 = sqlite3.connect(":memory:")
        try:
            with_fts5.execute("CREATE VIRTUAL TABLE probe USING fts5(body)")
        finally:
            with_fts5.close()

    def version(self) -> str:
        return sqlite3.sqlite_version

    def build(self, articles: Path, folder: Path, threads: int) -> None:
        database = sqlite3.connect(folder / "index.db", isolation_level=None)
        database.executescript(_TABLES)
        self._insert(database, articles, 0)

    def add(self, articles: Path, folder: Path) -> None:
        database = sqlite3.connect(folder / "index.db", isolation_level=None)
        self._insert(database, articles, database.execute("SELECT max(number) + 1 FROM articles").fetchone()[0])

    def _insert(self, database: sqlite3.Connection, articles: Path, first: int) -> None:
        database.execute("BEGIN")
        for number, row in enumerate(read_rows(articles), first):
            body = f"{row['title']}\n{row['text']}"
            database.execute("INSERT INTO articles VALUES (?, ?, ?)", (number, row["id"], body))
            database.execute("INSERT INTO words(rowid, body) VALUES (?, ?)", (number, body))
            day = day_of(row["date"])
            if day is not None:
                database.execute("INSERT INTO days VALUES (?, ?)", (number, day))
        database.execute("COMMIT")
        database.close()

    def sizes(self, folder: Path) -> Sizes:
        database = sqlite3.connect(folder / "index.db")
        try:
            parts = dict(database.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
        except sqlite3.OperationalError:  # this SQLite has no dbstat: the bytes of the values, not of the pages
            stored = database.execute(
                "SELECT sum(length(CAST(body AS BLOB)) + length(id) + 6) FROM articles"
            ).fetchone()[0]
            parts = {"articles": stored or 0}
        articles = database.execute("SELECT count(*) FROM articles").fetchone()[0]
        database.close()
        total = (folder / "index.db").stat().st_size
        return {"articles": articles, "segments": None, "total": total, "stored": parts["articles"], "parts": parts}

    def open(self, folder: Path) -> None:
        self._database = sqlite3.connect(f"{(folder / 'index.db').as_uri()}?mode=ro", uri=True, isolation_level=None)
        self._database.execute("PRAGMA mmap_size = 2147418112")
        self._database.execute("PRAGMA cache_size = -262144")  # KiB

    def call(self, query: Query) -> Callable[[], Answer]:
        execute, values = self._database.execute, (*_values(query), query.top)
        scored, newest = (_DATED, _NEWEST_DATED) if query.dated else (_SCORED, _NEWEST)
        sql = newest if query.newest else scored
        return lambda: execute(sql, values).fetchall()

    def batch(self, queries: Sequence[Query], threads: int) -> Callable[[], Sequence[Answer]]:
        raise NotImplementedError("SQLite has no call for many queries")

    def count(self, query: Query) -> int:
        sql = _COUNT_DATED if query.dated else _COUNT
        return int(self._database.execute(sql, _values(query)).fetchone()[0])


def _values(query: Query) -> tuple[str | int, ...]:
    words = [f'"{word}"' for word in query.words]
    match query.join:
        case "phrase":
            text = f'"{" ".join(query.words)}"'
        case "mixed":
            text = f"{words[0]} AND ({' OR '.join(words[1:])})"
        case "without":
            text = f"({' OR '.join(words[:-1])}) NOT {words[-1]}"
        case "prefix":
            text = f"{words[0]} *"
        case _:
            text = (" AND " if query.join == "all" else " OR ").join(words)
    if query.since is None or query.until is None:
        return (text,)
    return text, date.fromisoformat(query.since).toordinal(), date.fromisoformat(query.until).toordinal()
