"""`python -m benchmarks effectiveness`: how well are the right articles found, beside bm25s and Lucene?

A judged collection is a folder with `corpus.jsonl` (id, title, text, date), `queries.tsv` (query id, text) and
`qrels.tsv` (query id, article id, grade). Every engine ranks the first 1,000 articles for each query's text as it
stands there, but for what is a sign in its own query language: Lucene's are escaped, of ours the brackets, wildcards
and the like are blanks. `ir-measures` works out nDCG@10, average precision and recall@100, the mean over all queries.

The engines: searchkit with its defaults, and with each option of RANKINGS; bm25s with its own defaults, and with
k1 = 0.9 and b = 0.4, both with its English stop words and PyStemmer; Lucene (peers/lucene.py) with its own defaults.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from benchmarks.report import aligned
from searchkit import Rm3

__all__ = ["MEASURES", "RANKINGS", "Collection", "behind", "effectiveness", "effectiveness_page", "read_collection"]

MEASURES = ("nDCG@10", "AP", "R@100")
DEPTH = 1_000  # articles of each ranking
DEFAULTS = "searchkit"  # the row of its defaults

# Beside the defaults: what `create` and `search_many` are told.
RANKINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "title_weight=1, k1=1.2": ({"title_weight": 1, "k1": 1.2}, {}),
    "title_weight=1": ({"title_weight": 1}, {}),
    "title_weight=2": ({"title_weight": 2}, {}),
    "k1=1.2": ({}, {"k1": 1.2}),
    **{f"variant={name}": ({}, {"variant": name}) for name in ("lucene", "robertson", "atire", "bm25l", "bm25+")},
    **{f"proximity={weight}": ({}, {"proximity": weight}) for weight in (0.2, 0.5, 1.0)},
    "expand=rm3": ({}, {"expand": "rm3"}),
    "expand=Rm3(weight=0.3)": ({}, {"expand": Rm3(weight=0.3)}),
}

Ranking = Sequence[tuple[str, float]]  # best first: article id, score


@attrs.frozen
class Collection:
    """Articles, queries, and which articles answer them how well."""

    name: str
    path: Path
    articles: tuple[dict[str, Any], ...]
    queries: tuple[tuple[str, str], ...]  # id, text
    judgements: tuple[tuple[str, str, int], ...]  # query id, article id, grade


def read_collection(folder: Path) -> Collection:
    """The judged collection in a folder. OSError or ValueError where it is none."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        articles = tuple(json.loads(line) for line in lines)
    queries = tuple((id, text) for id, text in _cells(folder / "queries.tsv", 2))
    judged = tuple((query, id, int(grade)) for query, id, grade in _cells(folder / "qrels.tsv", 3))
    return Collection(folder.name, folder, articles, queries, judged)


def effectiveness(
    collections: Sequence[Collection], peers: Sequence[str], options: bool, say: Callable[[str], None]
) -> dict[str, Any]:
    """Measure: {"collections": {name: {engine: {measure: figure}}}, "skipped": {engine: why}}.

    `options`: the rows of RANKINGS as well. ImportError without `ir-measures`.
    """
    measured: dict[str, dict[str, dict[str, float]]] = {}
    skipped: dict[str, str] = {}
    for collection in collections:
        figures = measured[collection.name] = {}
        engines: list[tuple[str, Callable[[Collection], Iterator[tuple[str, list[Ranking]]]]]] = [
            (DEFAULTS, lambda collection: _searchkit(collection, options)),
            *((peer, _PEERS[peer]) for peer in peers),
        ]
        for name, engine in engines:
            say(f"{collection.name}: {name}")
            try:
                for label, rankings in engine(collection):
                    figures[label] = _measure(collection, rankings)
            except Exception as error:  # a peer may fail as it likes; it is then left out
                if name == DEFAULTS:
                    raise
                skipped[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    return {"collections": measured, "skipped": skipped}


def behind(result: dict[str, Any]) -> list[str]:
    """A line for each collection and measure in which a peer is better than our defaults."""
    return [
        f"{name}: {label} has {measure} {theirs:.4f}, searchkit {figures[DEFAULTS][measure]:.4f}"
        for name, figures in result["collections"].items()
        for label, measures in figures.items()
        for measure, theirs in measures.items()
        if label.split(" ")[0] in _PEERS and theirs > figures[DEFAULTS][measure]
    ]


def effectiveness_page(result: dict[str, Any]) -> str:
    """The figures as plain text, a table for each collection."""
    parts = []
    for name, figures in result["collections"].items():
        rows = [(name, *MEASURES)]
        rows += [(label, *(f"{measures[one]:.4f}" for one in MEASURES)) for label, measures in figures.items()]
        parts.append(aligned(rows))
    parts += [f"skipped: {name}: {why}" for name, why in result["skipped"].items()]
    parts += behind(result) or ["the defaults are at least as good as every peer, by every measure"]
    return "\n\n".join(parts)


def _cells(path: Path, columns: int) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            cells = line.rstrip("\n").split("\t", columns - 1)
            if len(cells) != columns:
                raise ValueError(f"{path}, line {number}: {columns} cells were expected")
            yield cells


def _measure(collection: Collection, rankings: Sequence[Ranking]) -> dict[str, float]:
    import ir_measures  # late: only this needs it

    judged = [ir_measures.Qrel(query, id, grade) for query, id, grade in collection.judgements]
    ranked = [
        ir_measures.ScoredDoc(query, id, score)
        for (query, _), ranking in zip(collection.queries, rankings, strict=True)
        for id, score in ranking
    ]
    measures = {name: ir_measures.parse_measure(name) for name in MEASURES}
    figures = ir_measures.calc_aggregate(list(measures.values()), judged, ranked)
    return {name: float(figures[measure]) for name, measure in measures.items()}


def _searchkit(collection: Collection, options: bool) -> Iterator[tuple[str, list[Ranking]]]:
    import searchkit

    # What is a sign in the query language was none for who asked: brackets, and what would make patterns of words.
    queries = [re.sub(r'[?*~^"()\[\]{}:+!|<>=]', " ", text) for _, text in collection.queries]
    rows = {DEFAULTS: ({}, {}), **({f"  {name}": row for name, row in RANKINGS.items()} if options else {})}
    indexes: dict[str, searchkit.Index] = {}
    for label, (created, searched) in rows.items():
        index = indexes.get(repr(created))
        if index is None:
            index = indexes[repr(created)] = searchkit.create(**created)
            index.add({key: row.get(key) for key in ("id", "title", "text", "date")} for row in collection.articles)
        found = index.search_many(queries, limit=DEPTH, **searched)
        yield label, [list(zip(results.ids, results.scores, strict=True)) for results in found]


def _bm25s(collection: Collection) -> Iterator[tuple[str, list[Ranking]]]:
    import bm25s
    import Stemmer

    def tokens(texts: list[str], **more: Any) -> Any:
        return bm25s.tokenize(texts, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False, **more)

    ids = [row["id"] for row in collection.articles]
    corpus = tokens([f"{row['title']}\n{row['text']}" for row in collection.articles])
    asked = tokens([text for _, text in collection.queries], return_ids=False)
    for label, options in (("bm25s", {}), ("bm25s k1=0.9, b=0.4", {"k1": 0.9, "b": 0.4})):
        engine = bm25s.BM25(**options)
        engine.index(corpus, show_progress=False)
        rankings = []
        for words in asked:
            found, scores = engine.retrieve([words], k=min(DEPTH, len(ids)), show_progress=False)
            pairs = zip(found[0].tolist(), scores[0].tolist(), strict=True)
            rankings.append([(ids[number], score) for number, score in pairs if score > 0])
        yield label, rankings


@cache
def _java() -> Any:
    from benchmarks.peers.lucene import Peer

    return Peer()  # a process has one Java machine


def _lucene(collection: Collection) -> Iterator[tuple[str, list[Ranking]]]:
    from benchmarks.queries import Query

    peer = _java()
    ids = [row["id"] for row in collection.articles]
    with tempfile.TemporaryDirectory() as work:
        articles, folder = Path(work, "articles.jsonl"), Path(work, "index")
        with articles.open("w", encoding="utf-8") as file:
            for row in collection.articles:
                file.write(json.dumps({key: row.get(key) for key in ("id", "title", "text", "date")}) + "\n")
        peer.build(articles, folder, 1)
        peer.open(folder)
        rankings = []
        for _, text in collection.queries:
            # In small letters no word is an operator; every sign of Lucene's own language is escaped.
            escaped = re.sub(r'([+\-!(){}\[\]^"~*?:\\/&|])', r"\\\1", text.lower())
            answer = peer.call(Query("or", (escaped,), "any", top=DEPTH))()
            rankings.append([(ids[number], score) for number, score in answer])
    yield "lucene", rankings


_PEERS: dict[str, Callable[[Collection], Iterator[tuple[str, list[Ranking]]]]] = {"bm25s": _bm25s, "lucene": _lucene}
