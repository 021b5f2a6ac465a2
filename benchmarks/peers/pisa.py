"""PISA through the compiled part of pyterrier-pisa; the package around it would load pandas and PyTerrier.

The index has documents and frequencies, no positions and no articles; 128-integer SIMD blocks, BM25 maxima of blocks
of 64 postings, no stop words. Of the algorithms, `block_max_maxscore` was the quickest for OR, before `maxscore`,
`block_max_wand` (the package's default) and `wand`, and `block_max_ranked_and` for AND, before `ranked_and`. PISA reads
one article a line, its id first; it makes the compressed index on first opening, which is counted as part of the build,
and what only the build needs is not counted as index.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ExtensionFileLoader
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpus import read_rows
from benchmarks.peers import Abilities, Answer, Sizes
from benchmarks.queries import TOP, Query

__all__ = ["Peer"]

_ARTICLES_A_BATCH = 100_000  # the package's own default
_ENCODING = "block_simdbp"
_ANY, _ALL = "block_max_maxscore", "block_max_ranked_and"
_BUILD_ONLY = {"fwd", "fwd.documents", "fwd.terms", "fwd.urls", "inv.docs", "inv.freqs", "inv.sizes"}


class Peer:
    abilities = Abilities(
        shapes=("word-rare", "word-medium", "word-frequent", "or", "or-k100", "or-k1000", "and"),
        threads=True,
        adds=False,
        batches=True,
        counts=False,
    )

    def __init__(self) -> None:
        self._pisa = _compiled()

    def version(self) -> str:
        return version("pyterrier-pisa")

    def build(self, articles: Path, folder: Path, threads: int) -> None:
        lines = folder / "lines"
        os.mkfifo(lines)
        failed: list[BaseException] = []
        feeder = threading.Thread(target=_feed, args=(articles, lines, failed))
        feeder.start()
        self._pisa.index(str(lines), str(folder), "porter2", _ARTICLES_A_BATCH, threads)
        feeder.join()
        if failed:
            raise failed[0]
        lines.unlink()
        self.open(folder)
        for file in folder.iterdir():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())

    def add(self, articles: Path, folder: Path) -> None:
        raise NotImplementedError("PISA's index does not change")

    def sizes(self, folder: Path) -> Sizes:
        parts = {file.name: file.stat().st_size for file in folder.iterdir()}
        return {
            "articles": self._pisa.num_docs(str(folder)),
            "segments": None,
            "total": sum(size for name, size in parts.items() if name not in _BUILD_ONLY),
            "stored": 0,
            "parts": parts,
        }

    def open(self, folder: Path) -> None:
        self._context = self._pisa.RetrievalContext()
        self._pisa.prepare_index(
            self._context,
            str(folder),
            _ENCODING,
            "bm25",
            "porter2",
            quantize=0,
            stop_fname="",
            bm25_k1=1.2,
            bm25_b=0.75,
        )

    def call(self, query: Query) -> Callable[[], Answer]:
        retrieve, algorithm = self._retrieve, _ALL if query.join == "all" else _ANY
        asked, top = ((0, " ".join(query.words)),), query.top

        def call() -> Answer:
            _, ids, scores = retrieve(algorithm, asked, top, 1)
            return list(zip(ids, scores, strict=True))

        return call

    def batch(self, queries: Sequence[Query], threads: int) -> Callable[[], Sequence[Answer]]:
        asked = [(number, " ".join(query.words)) for number, query in enumerate(queries)]

        def call() -> Sequence[Answer]:
            numbers, ids, scores = self._retrieve(_ANY, asked, TOP, threads)
            answers: list[list[tuple[str, float]]] = [[] for _ in asked]
            for number, id, score in zip(numbers, ids, scores, strict=True):
                answers[number].append((id, score))
            return answers

        return call

    def count(self, query: Query) -> int:
        raise NotImplementedError("the binding counts no matches")

    def _retrieve(
        self, algorithm: str, asked: Sequence[tuple[int, str]], top: int, threads: int
    ) -> tuple[list[int], list[str], list[float]]:
        room = len(asked) * top
        numbers, ranks = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        ids, scores = np.empty(room, dtype=object), np.empty(room, dtype=np.float32)
        found = self._pisa.retrieve(
            self._context,
            algorithm,
            asked,
            k=top,
            threads=threads,
            query_weighted=0,
            pretokenised=False,
            result_qidxs=numbers,
            result_docnos=ids,
            result_ranks=ranks,
            result_scores=scores,
        )
        return numbers[:found].tolist(), ids[:found].tolist(), scores[:found].tolist()


def _compiled() -> Any:
    package = find_spec("pyterrier_pisa")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("No module named 'pyterrier_pisa'")
    path = str(next(Path(package.origin).parent.glob("_pisathon*.so")))
    loader = ExtensionFileLoader("_pisathon", path)
    spec = spec_from_file_location("_pisathon", path, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def _feed(articles: Path, lines: Path, failed: list[BaseException]) -> None:
    with lines.open("w", encoding="utf-8") as out:
        for row in read_rows(articles):
            if not row["id"] or any(character.isspace() for character in row["id"]):
                failed.append(ValueError(f"PISA takes no id with a blank: {row['id']!r}"))
                return
            out.write(" ".join([row["id"], *row["title"].split(), *row["text"].split()]) + "\n")
