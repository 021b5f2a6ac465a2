"""Golden indexes: what a released version wrote is read, searched, checked, merged and upgraded by all later ones.

tests/golden has a folder for each version of the format, and one of an index that keeps fingerprints, made once by
tools/golden.py of that version and never again.
If a test here fails, the code is wrong, not the index. One query was written anew when words of several parts began to
share their score with the parts: in quotes it asks for what it asked before, and the answers kept stay as they were.
"""

from __future__ import annotations

import json
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner

import searchkit
from searchkit import Article, FormatVersion, Number, SearchkitError
from searchkit.analysis import analyzer, languages
from searchkit.cli.program import program
from searchkit.indexing.fingerprints import fingerprint_of
from searchkit.query import All
from searchkit.search.automata import of_beginning
from searchkit.storage.folder import FolderStorage

GOLDEN = Path(__file__).resolve().parent / "golden"
VERSIONS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()) if GOLDEN.exists() else []
FINGERPRINTS = "v2-fingerprints"

pytestmark = pytest.mark.skipif(not VERSIONS, reason="the golden indexes are not here")


def kept(version: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / version / "answers.json").read_text(encoding="ascii"))
    return found


def copied(version: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN / version / "index", tmp_path / "index"))


def wrong_answers(index: searchkit.Index, expected: dict[str, Any]) -> list[Any]:
    wrong = []
    for answer in expected["answers"]:
        results = index.search(answer["query"], **answer["options"])
        found = (results.total, [[hit.id, float(hit.score).hex()] for hit in results])
        if found != (answer["total"], answer["hits"]):
            wrong.append((answer["query"], found))
        if [list(hit.folded_ids) for hit in results] != answer.get("folded", [[] for _ in results]):
            wrong.append(("folded", answer["query"]))
        for name, counts in answer.get("facets", {}).items():
            if [[str(value), count] for value, count in results.facets(name).items()] != counts:
                wrong.append((name, answer["query"]))
        if index.count(answer["query"]) < results.total:
            wrong.append(("count", answer["query"]))
    return wrong


def test_there_is_one_of_each_format() -> None:
    """Whoever raises the format of the segment runs tools/golden.py."""
    from searchkit.storage.container import SEGMENT_FORMAT

    assert [*(f"v{number}" for number in range(1, SEGMENT_FORMAT + 1)), FINGERPRINTS] == VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_it_answers_as_it_did(version: str) -> None:
    """Ids, totals and scores to the last bit; stored articles to the last letter. Nothing in the folder changes."""
    expected = kept(version)
    folder = GOLDEN / version / "index"
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
    with searchkit.open(folder, mode="r") as index:
        assert (len(index), index.stats().tokens) == (expected["articles"], expected["tokens"])
        assert wrong_answers(index, expected) == []
        assert {id: index.get(id).to_dict() for id in expected["stored"]} == expected["stored"]
        assert index.check(deep=True).findings == ()
    assert sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir()) == before


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_written_to_and_merged(version: str, tmp_path: Path) -> None:
    """With new articles and as one segment it is what an index of the same articles is that is built today."""
    expected = kept(version)
    folder = copied(version, tmp_path)
    with searchkit.open(folder) as index:
        index.add(Article("A storm surge of the harbour, new today.", id="new", date="2024"))
        index.delete("new")
        assert wrong_answers(index, expected) == []
        index.compact()
        assert index.stats().segments == 1
        assert wrong_answers(index, expected) == []
        assert index.check(deep=True).findings == ()
        index.add(Article("A storm surge of the harbour, new today.", id="new", date="2024"))
        articles = [hit.article for hit in index.search(All(), limit=None)]
        found = [(hit.id, hit.score) for hit in index.search("storm surge harbour", limit=None)]
        options = index.options
        with searchkit.create(title_weight=options.title_weight, k1=options.k1, fields=options.fields) as fresh:
            fresh.add(articles)
            assert [(hit.id, hit.score) for hit in fresh.search("storm surge harbour", limit=None)] == found


def test_fingerprints_are_what_they_were() -> None:
    """Those that are kept, and those that are made today of the same texts; and they fold what they did."""
    assert sum(len(ids) for answer in kept(FINGERPRINTS)["answers"] for ids in answer["folded"]) >= 10
    with searchkit.open(GOLDEN / FINGERPRINTS / "index", mode="r") as index:
        assert index.options.fingerprints
        snapshot = index._snapshot()
        for number, part in enumerate(snapshot.parts):
            for docid in part.docids():
                record = snapshot.record(number, docid)
                made = fingerprint_of(record.title, record.text, index.analyzer.fold_accents)
                assert snapshot.fingerprint(number, docid) == made


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_upgraded(version: str, tmp_path: Path) -> None:
    """If it is of the newest format, nothing is done; in any case it answers as before."""
    folder = copied(version, tmp_path)
    report = searchkit.upgrade(folder)
    if version != "v1":
        assert report.changed == () and "newest" in str(report)
    with searchkit.open(folder) as index:
        assert wrong_answers(index, kept(version)) == []
    assert searchkit.repair(folder).findings == ()


# -- upgrades ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stemmer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`cutter:cut` cuts words to their first letters; `by(n)` makes it cut to n."""
    module = types.ModuleType("cutter")
    monkeypatch.setitem(sys.modules, "cutter", module)
    monkeypatch.setattr(languages, "_permitted", {})

    def by(length: int) -> None:
        vars(module)["cut"] = lambda form: form[:length]
        languages.load.cache_clear()
        if "cutter:cut" in languages._permitted:
            languages.permit("cutter:cut")

    by(3)
    yield by
    languages.load.cache_clear()


def words(folder: Path) -> tuple[searchkit.Index, Any]:
    index = searchkit.open(folder)
    return index, sorted(index._snapshot().terms_like(of_beginning(""), 100)[0])


def test_another_stemmer_is_refused_and_upgraded_to(stemmer: Any, tmp_path: Path) -> None:
    """Words that need stemming raise FormatVersion with the command that cures it; then all articles are found."""
    folder = tmp_path / "index"
    articles = [Article(f"running number{number}x walking", id=str(number), title="titles") for number in range(300)]
    fields = {"n": Number()}
    articles = [attrs.evolve(article, fields={"n": number % 3}) for number, article in enumerate(articles)]
    with searchkit.create(folder, analyzer="cutter:cut", fields=fields) as index:
        index.add(articles[:200])
        index.add(articles[200:])
        index.delete(["7", "250"])
    stemmer(5)
    with searchkit.open(folder) as index, pytest.raises(FormatVersion, match="searchkit upgrade"):
        len(index.search("strolling"))
    report = searchkit.upgrade(folder)
    assert report.articles == 298 and len(report.changed) == 1
    index, terms = words(folder)
    with index:
        assert {"runni", "walki", "title"} <= set(terms)
        assert [hit.id for hit in index.search("7")] == []
        assert index.search("runni").total == len(index) == 298
        assert index.search("runni").facets("n") == {0: 100, 2: 100, 1: 98}
        assert index.check(deep=True).findings == ()
        expected = [(hit.id, hit.score) for hit in index.search("walking titles", limit=None)]
        with searchkit.create(analyzer="cutter:cut") as fresh:
            fresh.add(article for article in articles if article.id not in ("7", "250"))
            assert [(hit.id, hit.score) for hit in fresh.search("walking titles", limit=None)] == expected
    assert searchkit.upgrade(folder).changed == ()


def test_other_rules_of_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index cannot be opened; the error names the command; afterwards it can."""
    folder = tmp_path / "index"
    with searchkit.create(folder) as index:
        index.add(Article("running", id="1"))
    monkeypatch.setattr(analyzer, "TOKENIZER_VERSION", 2)
    with pytest.raises(FormatVersion, match="searchkit upgrade"):
        searchkit.open(folder)
    done = CliRunner().invoke(program, ["upgrade", "-i", str(folder)], standalone_mode=False)
    assert (done.return_value, "tokenizer 1 -> 2" in done.output) == (0, True), done.output
    with searchkit.open(folder) as index:
        assert index.search("runs").total == 1
    done = CliRunner().invoke(program, ["upgrade", "-i", str(folder)], standalone_mode=False)
    assert (done.return_value, "newest format" in done.output) == (0, True)


def test_without_stored_articles_there_is_nothing_to_index_again(tmp_path: Path) -> None:
    """Refused, with what to do instead, and nothing is changed."""
    folder = tmp_path / "index"
    with searchkit.create(folder, store=False) as index:
        index.add(Article("running", id="1"))
    storage = FolderStorage(folder)
    with storage.lock(0):
        old = storage.latest()
        options = dict(old.options) | {"analyzer": {**old.options["analyzer"], "stemmer": "0" * 16}}
        storage.commit(attrs.evolve(old, options=options, generation=old.generation + 1, previous=old.generation))
    with pytest.raises(SearchkitError, match=r"store=False.*anew"):
        searchkit.upgrade(folder)
    assert storage.latest().generation == old.generation + 1


def test_code_that_only_the_index_names_is_not_run(stemmer: Any, tmp_path: Path) -> None:
    """Neither does an upgrade import what a file says."""
    with searchkit.create(tmp_path / "index", analyzer="cutter:cut") as index:
        index.add(Article("running", id="1"))
    languages._permitted.clear()
    languages.load.cache_clear()
    with pytest.raises(SearchkitError, match="code"):
        searchkit.upgrade(tmp_path / "index")
