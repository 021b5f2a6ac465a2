"""The benchmarks: a small run goes through, and what it rests on (corpus, queries, figures, exact scores) is sound."""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)
sys.path.append(str(ROOT))  # behind the rest: an installed searchkit stays the one that is measured

from benchmarks import latency, report  # noqa: E402
from benchmarks.__main__ import main  # noqa: E402
from benchmarks.agreement import agreement  # noqa: E402
from benchmarks.corpus import Corpus, day_of, generate, prepare, read_rows  # noqa: E402
from benchmarks.exact import answer_exactly, differences  # noqa: E402
from benchmarks.process import PeerAbsent, start  # noqa: E402
from benchmarks.queries import SHAPES, Query, sample_queries  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return prepare(None, articles=120, seed=7, target=tmp_path_factory.mktemp("corpus") / "articles.jsonl")


@pytest.mark.slow
def test_a_small_run_measures_all_and_finds_the_answers_exact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """searchkit is measured and exact; a peer is measured where installed and skipped with its reason where not."""
    figures = tmp_path / "run.json"
    work = tmp_path / "work"
    work.mkdir()
    arguments = ["--articles", "150", "--queries", "3", "--passes", "1", "--checks", "2", "--seed", "11"]
    assert main([*arguments, "--work", str(work), "--json", str(figures)]) == 0
    result = json.loads(figures.read_text(encoding="utf-8"))
    installed = {"searchkit"} | ({"tantivy"} if find_spec("tantivy") else set()) | ({"fts5"} if _has_fts5() else set())
    assert set(result["peers"]) == installed
    assert set(result["skipped"]) == {"searchkit", "tantivy", "fts5"} - installed
    for name, peer in result["peers"].items():
        assert set(peer["latency"]) == set(SHAPES), name
        assert peer["build"]["articles"] == 150
        assert 0 < peer["build"]["stored"] < peer["build"]["total"]
    assert result["exact"] == {"checked": 2 * len(SHAPES), "wrong": []}
    assert set(result["process"]) == {"import", "query"}
    printed = capsys.readouterr().out
    assert printed == report.page(result) + "\n"
    assert "all exact" in printed
    assert not list(work.iterdir()), "indexes are removed again"


def test_a_peer_that_cannot_run_says_why() -> None:
    """A missing engine is an absence with a reason, not a crash."""
    with pytest.raises(PeerAbsent, match="nonesuch"), start("nonesuch"):
        pass


def test_an_unknown_peer_is_bad_use(capsys: pytest.CaptureFixture[str]) -> None:
    """The command line names the peers there are."""
    with pytest.raises(SystemExit) as stop:
        main(["--peers", "tantivy,nonesuch"])
    assert stop.value.code == 2
    assert "'nonesuch' is none of tantivy, fts5" in capsys.readouterr().err


def test_the_same_seed_makes_the_same_articles() -> None:
    """Generated articles depend on the seed alone, and all differ."""
    one, again, other = (list(generate(40, seed)) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert len({row["id"] for row in one}) == len({row["text"] for row in one}) == 40


def test_a_file_gives_the_peers_each_id_once_and_only_true_dates(tmp_path: Path) -> None:
    """Repeated ids, empty articles and foreign keys are left out, false dates become null, `articles` are spread."""
    lines = [
        {"id": str(i % 8), "text": f"text {i}", "date": "2020-02-30" if i == 3 else "2020-02", "x": 1}
        for i in range(10)
    ]
    lines.append({"id": "empty", "title": " ", "text": "\n"})
    source = tmp_path / "some.jsonl.gz"
    with gzip.open(source, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
    whole = prepare(source, articles=None, seed=0, target=tmp_path / "whole.jsonl")
    assert (whole.name, whole.articles, whole.dropped) == ("some", 8, 3)
    assert whole.days == tuple(None if i == 3 else day_of("2020-02-01") for i in range(8))
    rows = list(read_rows(whole.path))
    assert rows[0] == {"id": "0", "title": "", "text": "text 0", "date": "2020-02"}
    assert whole.text_bytes == sum(len(row["text"]) for row in rows)
    assert prepare(source, articles=4, seed=0, target=tmp_path / "part.jsonl").ids == (
        "2",
        "5",
        "0",
    )  # and the empty one


def test_a_line_that_is_no_article_is_named(tmp_path: Path) -> None:
    """The message has file and line."""
    source = tmp_path / "bad.jsonl"
    source.write_text('{"id": "1", "text": "a"}\n{"id": "2"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.jsonl, line 2"):
        prepare(source, articles=None, seed=0, target=tmp_path / "out.jsonl")


def test_queries_come_from_the_corpus_and_the_seed(corpus: Corpus) -> None:
    """Every shape has its queries, the same for the same seed; words stand in some article, phrases side by side."""
    queries = sample_queries(corpus, each=25, seed=3)
    assert queries == sample_queries(corpus, each=25, seed=3)
    assert queries != sample_queries(corpus, each=25, seed=4)
    assert set(queries) == set(SHAPES)
    texts = [f" {row['text'].lower()} " for row in read_rows(corpus.path)]
    for shape, of_shape in queries.items():
        assert len(of_shape) == 25
        for query in of_shape:
            assert query.shape == shape
            assert query.join == "phrase" or len(set(query.words)) == len(query.words)
            if query.join == "phrase":
                assert any(f" {' '.join(query.words)} " in text for text in texts)
            if query.since is not None:
                first, last = day_of(query.since), day_of(query.until)
                assert first is not None and last is not None
                assert last - first + 1 == (30 if shape == "or-30-days" else 365)
                assert any(day is not None and first <= day <= last for day in corpus.days)


def test_the_quietest_pass_is_quoted_over_the_queries_all_passes_reached() -> None:
    """A pass cut short by its budget shortens all; noise is the median's distance from the quietest."""
    quoted = latency.quietest([[5_000, 5_000, 900_000], [4_000, 2_000], [9_000, 3_000, 1]])
    assert quoted.nanoseconds == (4_000, 2_000)
    assert quoted.noise == pytest.approx(5 / 3 - 1)
    assert quoted.figures()["mean"] == 3.0
    assert latency.ratio(latency.Latency((8, 8), 1, 0.0), latency.Latency((1, 3, 100), 1, 0.0)) == 4.0


def test_percentiles_are_values_that_occurred() -> None:
    """p50 of an even number is the lower middle; p99 of few values is the largest."""
    assert [latency.percentile([40, 10, 30, 20], share) for share in (0.0, 0.5, 0.99, 1.0)] == [10, 20, 40, 40]


def test_exact_scores_are_those_of_the_formula_worked_by_hand(tmp_path: Path) -> None:
    """Three articles of 2, 3 and 1 words: df(cat) = 2, average length 2; ties fall to the later date, then the id."""
    source = tmp_path / "three.jsonl"
    rows = [
        {"id": "b", "title": "cat", "text": "dog", "date": "2020-01"},
        {"id": "a", "title": "", "text": "dog cat cats", "date": "2020-02-10"},
        {"id": "c", "title": "", "text": "bird", "date": None},
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    queries = [
        Query("or", ("cat",), "any"),
        Query("phrase", ("dog", "cat"), "phrase"),
        Query("and", ("bird", "cat"), "all"),
        Query("or-30-days", ("dog",), "any", "2020-01-31", "2020-02-01"),
        Query("newest", ("bird", "dog"), "any", newest=True),
    ]
    cat, phrase, both, dated, newest = answer_exactly(source, queries)
    idf = 0.47000362924573563  # ln(1 + 1.5 / 2.5)
    scores = dict(cat.hits)
    assert list(scores) == ["a", "b"]
    assert scores["a"] == pytest.approx(idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2)), rel=1e-12)
    assert scores["b"] == pytest.approx(idf * 2.2 / (1 + 1.2), rel=1e-12)
    assert [id for id, _ in phrase.hits] == ["a"]
    assert both.count == 0
    assert [id for id, _ in dated.hits] == ["b"]
    assert [id for id, _ in newest.hits] == ["a", "b", "c"]

    told = {"hits": [["a", scores["a"]], ["b", scores["b"]]], "count": 2}
    assert differences(queries[:1], [told], [cat]) == []
    wrong = {"hits": [["a", scores["a"]], ["b", scores["b"] + 1e-12]], "count": 3}
    assert len(differences(queries[:1], [wrong], [cat])) == 2
    assert "1 hits, not 2" in differences(queries[:1], [{"hits": told["hits"][:1], "count": 2}], [cat])[0]


def test_agreement_counts_the_shared_hits(corpus: Corpus) -> None:
    """Numbers and ids name the same articles; two empty answers agree."""
    queries = [Query("or", ("a",), "any"), Query("or", ("b",), "any")]
    ours = [{"hits": [[corpus.ids[0], 2.0], [corpus.ids[1], 1.0]], "count": 4}, {"hits": [], "count": 0}]
    theirs = [{"hits": [[1, 9.0], [5, 1.0]], "count": 5}, {"hits": [], "count": 0}]
    found = agreement(corpus, queries, ours, theirs)["or"]
    assert found == {"overlap": 0.75, "counts_equal": 0.5, "counts_apart": pytest.approx(0.1)}


def _has_fts5() -> bool:
    database = sqlite3.connect(":memory:")
    try:
        database.execute("CREATE VIRTUAL TABLE probe USING fts5(body)")
    except sqlite3.OperationalError:
        return False
    finally:
        database.close()
    return True
