"""bm25s with its numba backend and PyStemmer: scores worked out at the build, a query adds up columns.

Tokens come from a regular expression and a dict of stems here, which costs less than `bm25s.tokenize` for one query and
gives the same tokens. No phrases, no AND, no positions. Dates are a weight mask that is made for each query from a
column of days: the mask is part of the question. The first query of a process compiles the code it needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import Stemmer

from benchmarks.corpus import day_of, read_rows
from benchmarks.peers import Abilities, Answer, Sizes
from benchmarks.queries import Query

__all__ = ["Peer"]

_WORD = re.compile(r"\w+")


class Peer:
    abilities = Abilities(
        shapes=(
            *("word-rare", "word-medium", "word-frequent", "or", "or-k100", "or-k1000"),
            *("or-30-days", "or-1-year", "or-5-years"),
        ),
        adds=False,
        batches=True,
        counts=False,
    )

    def __init__(self) -> None:
        import numba  # noqa: F401  # bm25s would only say so at the first query

        self._stemmer = Stemmer.Stemmer("english")

    def version(self) -> str:
        return f"{version('bm25s')}, numba {version('numba')}"

    def build(self, articles: Path, folder: Path, threads: int) -> None:
        texts, days = [], []
        for row in read_rows(articles):
            texts.append(f"{row['title']}\n{row['text']}")
            days.append(day_of(row["date"]) or 0)
        tokens = bm25s.tokenize(
            texts, token_pattern=r"(?u)\w+", stopwords=[], stemmer=self._stemmer, show_progress=False
        )
        engine = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
        engine.index(tokens, show_progress=False)
        engine.save(folder, show_progress=False)
        np.save(folder / "days.npy", np.array(days, dtype=np.int32))

    def add(self, articles: Path, folder: Path) -> None:
        raise NotImplementedError("bm25s is built anew")

    def sizes(self, folder: Path) -> Sizes:
        parts = {file.name: file.stat().st_size for file in folder.iterdir()}
        articles = int(np.load(folder / "days.npy", mmap_mode="r").shape[0])
        return {"articles": articles, "segments": None, "total": sum(parts.values()), "stored": 0, "parts": parts}

    def open(self, folder: Path) -> None:
        self._engine = bm25s.BM25.load(folder, load_corpus=False, backend="numba")
        self._engine.backend = "numba"
        self._days = np.load(folder / "days.npy")
        self._articles = len(self._days)

    def call(self, query: Query) -> Callable[[], Answer]:
        retrieve, tokens, text, top = self._engine.retrieve, self._tokens, " ".join(query.words), self._top(query)
        if query.since is None:

            def call() -> Answer:
                found, scores = retrieve([tokens(text)], k=top, show_progress=False, n_threads=1)
                return _pairs(found[0], scores[0])

        else:
            first, last = day_of(query.since), day_of(query.until)

            def call() -> Answer:
                mask = ((self._days >= first) & (self._days <= last)).astype(np.float32)
                found, scores = retrieve([tokens(text)], k=top, show_progress=False, n_threads=1, weight_mask=mask)
                return _pairs(found[0], scores[0])

        return call

    def batch(self, queries: Sequence[Query], threads: int) -> Callable[[], Sequence[Answer]]:
        texts, top = [" ".join(query.words) for query in queries], self._top(queries[0])

        def call() -> Sequence[Answer]:
            found, scores = self._engine.retrieve(
                list(map(self._tokens, texts)), k=top, show_progress=False, n_threads=threads
            )
            return list(map(_pairs, found, scores))

        return call

    def count(self, query: Query) -> int:
        raise NotImplementedError("bm25s counts no matches")

    def _tokens(self, text: str) -> list[str]:
        return self._stemmer.stemWords(_WORD.findall(text.lower()))  # type: ignore[no-any-return]

    def _top(self, query: Query) -> int:
        return min(query.top, self._articles)  # it refuses more than there are


def _pairs(found: Any, scores: Any) -> Answer:
    """Without those of no score: bm25s fills up with articles that match nothing."""
    return [pair for pair in zip(found.tolist(), scores.tolist(), strict=True) if pair[1] > 0.0]
