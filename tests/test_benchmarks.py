"""The benchmarks: a small run goes through, and what it rests on (corpus, queries, figures, exact scores) is sound."""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)
sys.path.append(str(ROOT))  # behind the rest: an installed searchkit stays the one that is measured

import searchkit  # noqa: E402
from benchmarks import latency, report  # noqa: E402
from benchmarks.__main__ import main  # noqa: E402
from benchmarks.agreement import agreement  # noqa: E402
from benchmarks.bars import bars  # noqa: E402
from benchmarks.building import build_all  # noqa: E402
from benchmarks.corpus import Corpus, day_of, first_of, prepare, read_rows  # noqa: E402
from benchmarks.exact import answer_exactly, differences  # noqa: E402
from benchmarks.fields import fields  # noqa: E402
from benchmarks.generate import generate  # noqa: E402
from benchmarks.growth import growth_page  # noqa: E402
from benchmarks.kept import Kept  # noqa: E402
from benchmarks.latency import Latency  # noqa: E402
from benchmarks.page import markdown  # noqa: E402
from benchmarks.patterns import patterns, patterns_page  # noqa: E402
from benchmarks.peers import PEERS  # noqa: E402
from benchmarks.process import PeerAbsent, start  # noqa: E402
from benchmarks.queries import BATCH, SHAPES, Query, sample_queries  # noqa: E402
from benchmarks.showing import showing, showing_page  # noqa: E402


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
    arguments += ["--peers", "tantivy,fts5,whoosh", "--budget", "0.2"]
    assert main([*arguments, "--work", str(work), "--json", str(figures)]) == 0
    result = json.loads(figures.read_text(encoding="utf-8"))
    able = {"tantivy": bool(find_spec("tantivy")), "fts5": _has_fts5(), "whoosh": True}
    assert set(result["peers"]) == {"searchkit", *(name for name, is_able in able.items() if is_able)}
    assert set(result["skipped"]) == {name for name, is_able in able.items() if not is_able}
    for name, peer in result["peers"].items():
        assert set(peer["latency"]) == set(SHAPES), name
        assert peer["build"]["articles"] == 150
        assert 0 <= peer["build"]["stored"] < peer["build"]["total"]
        assert peer["add"]["articles"] == 150
        assert peer["batch"]["1"] > 0
    assert result["peers"]["searchkit"]["build2"]["articles"] == 150
    assert result["exact"] == {"checked": 2 * len(SHAPES) + 2, "wrong": []}
    assert set(result["process"]) == {"import", "query"}
    printed = capsys.readouterr().out
    assert printed == report.page(result) + "\n"
    assert "all exact" in printed
    assert not list(work.iterdir()), "indexes are removed again"

    page = markdown([result])
    assert "## Generated: 150 articles" in page
    assert page == markdown([json.loads(json.dumps(result))])
    assert main(["page", str(figures)]) == 0
    assert capsys.readouterr().out == page


@pytest.mark.slow
def test_growth_is_a_run_for_each_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The smaller collections are the beginning of the largest, and every size is measured and checked."""
    figures = tmp_path / "growth.json"
    arguments = ["growth", "--articles", "90,60", "--peers", "fts5", "--queries", "2", "--passes", "1", "--checks", "1"]
    assert main([*arguments, "--work", str(tmp_path), "--json", str(figures)]) == 0
    result = json.loads(figures.read_text(encoding="utf-8"))
    assert [point["corpus"]["articles"] for point in result["points"]] == [60, 90]
    assert all(point["exact"] == {"checked": len(SHAPES) + 1, "wrong": []} for point in result["points"])
    assert all("or" in point["peers"]["searchkit"]["latency"] for point in result["points"])
    assert capsys.readouterr().out == growth_page(result) + "\n"
    assert "## Growth" in markdown([result])


@pytest.mark.slow
def test_a_kept_index_is_not_built_again(tmp_path: Path, corpus: Corpus) -> None:
    """The second time its figures come from the first; searchkit is not kept where files differ from its commit."""
    work, kept = tmp_path / "work", Kept.of(tmp_path / "kept", corpus)
    work.mkdir()
    first, _ = build_all(corpus, ("searchkit", "whoosh"), "c0ffee+", work, kept, False, lambda line: None)
    again, _ = build_all(corpus, ("whoosh",), None, work, kept, False, lambda line: None)
    assert "kept" not in first["whoosh"].figures
    assert again["whoosh"].figures == {**first["whoosh"].figures, "kept": True}
    assert again["whoosh"].folder == first["whoosh"].folder
    assert first["searchkit"].folder.is_relative_to(work)


def test_what_is_left_of_a_build_is_no_kept_index(tmp_path: Path, corpus: Corpus) -> None:
    """Only an index whose figures were noted is whole; another version or commit has another place."""
    kept = Kept.of(tmp_path, corpus)
    place = kept.place("tantivy", "0.27.0", None)
    (place / "index").mkdir(parents=True)
    assert kept.figures(place) is None
    assert not place.exists()
    (place / "index").mkdir(parents=True)
    kept.note(place, {"version": "0.27.0"})
    assert kept.figures(place) == {"version": "0.27.0"}
    assert len({kept.place("a", "1", None), kept.place("a", "1", "c0ffee"), kept.place("a", "2", None)}) == 3


def test_a_peer_that_cannot_run_says_why() -> None:
    """A missing engine is an absence with a reason, not a crash."""
    with pytest.raises(PeerAbsent, match="nonesuch"), start("nonesuch"):
        pass


def test_an_unknown_peer_is_bad_use(capsys: pytest.CaptureFixture[str]) -> None:
    """The command line names the peers there are."""
    with pytest.raises(SystemExit) as stop:
        main(["--peers", "tantivy,nonesuch"])
    assert stop.value.code == 2
    assert f"'nonesuch' is none of {', '.join(PEERS[1:])}" in capsys.readouterr().err


@pytest.mark.slow
def test_the_same_seed_makes_the_same_articles() -> None:
    """Generated articles depend on the seed alone, and all differ."""
    one, again, other = (list(generate(40, seed)) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert len({row["id"] for row in one}) == len({row["text"] for row in one}) == 40
    assert list(generate(15, 1)) == one[:15]


@pytest.mark.slow
def test_generated_articles_are_bursty_and_their_words_never_cease() -> None:
    """A word that is neither rare nor frequent is repeated in its articles; the dictionary still grows at the end."""
    occurrences: Counter[str] = Counter()
    articles: Counter[str] = Counter()
    sizes = []
    for row in generate(400, 5):
        words = row["text"].lower().replace(".", "").split()
        occurrences.update(words)
        articles.update(set(words))
        sizes.append(len(articles))
    middle = [word for word, number in articles.items() if 6 <= number <= 60]
    assert sum(occurrences[word] for word in middle) > 1.2 * sum(articles[word] for word in middle)
    assert max(articles.values()) > 0.95 * 400
    assert sizes[-1] > 1.2 * sizes[199]
    assert 150 < sum(occurrences.values()) / 400 < 260


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
    begun = first_of(whole, 3, tmp_path / "begun.jsonl")
    assert begun.ids == whole.ids[:3]
    assert list(read_rows(begun.path)) == rows[:3]


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
    assert set(queries) == {*SHAPES, BATCH}
    rows = list(read_rows(corpus.path))
    texts = [f" {row[field].lower()} " for row in rows for field in ("title", "text")]
    spans = {"or-30-days": 30, "or-1-year": 365, "or-5-years": 1_826, "newest-1-year": 365}
    for shape, of_shape in queries.items():
        assert len(of_shape) == (125 if shape == BATCH else 25)
        for query in of_shape:
            assert query.shape == shape
            assert query.top == {"or-k100": 100, "or-k1000": 1_000}.get(shape, 10)
            assert query.newest == shape.startswith("newest")
            assert query.join == "phrase" or len(set(query.words)) == len(query.words)
            if query.join == "phrase":
                assert any(f" {' '.join(query.words)} " in text for text in texts)
            if query.join == "prefix":
                assert any(f" {query.words[0]}" in text for text in texts)
            assert query.dated == (shape in spans)
            if query.dated:
                first, last = day_of(query.since), day_of(query.until)
                assert first is not None and last is not None
                assert last - first + 1 == spans[shape]
                assert any(day is not None and first <= day <= last for day in corpus.days)
    assert [query.words for query in queries["or"]] == [query.words for query in queries["or-k1000"]]


def test_words_come_from_titles_too(tmp_path: Path) -> None:
    """A part of the lists is drawn from titles, as runs and scattered."""
    source = tmp_path / "titled.jsonl"
    text = "these ten words of a text are never in titles at all"
    rows = [{"id": str(i), "title": "Storm Surge Harbour", "text": text, "date": "2020"} for i in range(30)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    titled = prepare(source, articles=None, seed=0, target=tmp_path / "out.jsonl")
    asked = sample_queries(titled, each=60, seed=1)["mixed"]
    from_title = [query for query in asked if set(query.words) == {"storm", "surge", "harbour"}]
    assert 5 <= len(from_title) <= 30
    assert len({query.words for query in from_title}) > 1


def test_each_querys_quickest_pass_counts_of_the_queries_all_passes_reached() -> None:
    """A pass cut short by its budget shortens all; noise is the distance of the middle pass."""
    quoted = latency.quickest([[5_000, 5_000, 900_000], [4_000, 2_000], [9_000, 1_000, 1]])
    assert quoted.nanoseconds == (4_000, 1_000)
    assert quoted.noise == pytest.approx(1.0)
    assert quoted.figures()["mean"] == 2.5
    assert latency.ratio(latency.Latency((8, 8), 1, 0.0), latency.Latency((1, 3, 100), 1, 0.0)) == 4.0


def test_bars_are_judged_by_the_ratio_of_means() -> None:
    """The best peer is the one to beat where a bar names none; what was not measured is not judged."""
    latencies = {
        "searchkit": {shape: Latency((10,), 1, 0.0) for shape in ("or", "and")},
        "tantivy": {"or": Latency((90,), 1, 0.0), "and": Latency((40,), 1, 0.0)},
        "pisa": {"and": Latency((25,), 1, 0.0)},
    }
    peers = {name: {"batch": {"1": 100.0, "2": 150.0}} for name in latencies}
    judged = {bar["what"]: (bar["bar"], bar["reached"]) for bar in bars(peers, latencies, "2")}
    assert judged["or, beside tantivy"] == (7, 9.0)
    assert judged["or, beside bm25s"] == (2, None)
    assert judged["and, beside the best (pisa)"] == (3, 2.5)
    assert judged["phrase, beside the best (none ran)"] == (3, None)
    assert judged["batch, 2 cores beside one"] == (1.8, 1.5)
    assert judged["batch on 2 cores, beside pisa"] == (4.0, 1.0)


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

    assert len(differences([], [], [])) == 0
    told = {"hits": [["a", scores["a"]], ["b", scores["b"]]], "count": 2}
    assert differences(queries[:1], [told], [cat]) == []
    wrong = {"hits": [["a", scores["a"]], ["b", scores["b"] + 1e-12]], "count": 3}
    assert len(differences(queries[:1], [wrong], [cat])) == 2
    assert "1 hits, not 2" in differences(queries[:1], [{"hits": told["hits"][:1], "count": 2}], [cat])[0]


def test_exact_answers_follow_the_shape_of_the_query(tmp_path: Path) -> None:
    """Mixed, without, prefix and the best k, on four articles; a term that is asked for twice counts twice."""
    texts = {"a": "dog cat", "b": "dog bird", "c": "cat bird birch", "d": "dog dogs cat bird"}
    source = tmp_path / "four.jsonl"
    rows = [{"id": key, "title": "", "text": text, "date": None} for key, text in texts.items()]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    queries = [
        Query("mixed", ("dog", "cat", "bird"), "mixed"),
        Query("mixed", ("dog", "cat", "cats"), "mixed"),
        Query("mixed", ("dog", "dogs", "cat"), "mixed"),
        Query("not", ("cat", "dog", "bird"), "without"),
        Query("prefix", ("bir",), "prefix"),
        Query("or", ("dog", "cat"), "any", top=2),
        Query("or", ("dog",), "any"),
        Query("or", ("cat",), "any"),
    ]
    mixed, doubled, repeated, without, prefix, two, dog, cat = answer_exactly(source, queries)
    assert {id for id, _ in mixed.hits} == {"a", "b", "d"}
    dogs, cats = dict(dog.hits), dict(cat.hits)
    assert dict(doubled.hits) == {id: pytest.approx(dogs[id] + 2 * cats[id], rel=1e-12) for id in ("a", "d")}
    assert dict(repeated.hits)["a"] == pytest.approx(2 * dogs["a"] + cats["a"], rel=1e-12)
    assert dict(repeated.hits)["b"] == pytest.approx(2 * dogs["b"], rel=1e-12)
    assert [id for id, _ in without.hits] == ["a"]
    assert {id for id, _ in prefix.hits} == {"b", "c", "d"}
    assert prefix.hits[0][0] == "c"
    assert (len(two.hits), two.count) == (2, 4)


def test_searchkit_answers_every_shape_as_the_slow_way_does(corpus: Corpus) -> None:
    """What the runs check, without processes: the peer's own calls beside exhaustive scoring."""
    from benchmarks.peers.searchkit import Peer

    with tempfile.TemporaryDirectory() as folder:
        peer = Peer()
        peer.build(corpus.path, Path(folder) / "index", 1)
        peer.open(Path(folder) / "index")
        asked = [query for of_shape in sample_queries(corpus, each=2, seed=9).values() for query in of_shape]
        answers = [{"hits": peer.call(query)(), "count": peer.count(query)} for query in asked]
        batched = [{"hits": hits} for hits in peer.batch(asked[-10:], 2)()]
    expected = answer_exactly(corpus.path, asked)
    assert differences(asked, answers, expected) == []
    assert differences(asked[-10:], batched, expected[-10:]) == []


def test_agreement_counts_the_shared_hits(corpus: Corpus) -> None:
    """Numbers and ids name the same articles; two empty answers agree."""
    queries = [Query("or", ("a",), "any"), Query("or", ("b",), "any")]
    ours = [{"hits": [[corpus.ids[0], 2.0], [corpus.ids[1], 1.0]], "count": 4}, {"hits": [], "count": 0}]
    theirs = [{"hits": [[1, 9.0], [5, 1.0]], "count": 5}, {"hits": [], "count": 0}]
    found = agreement(corpus, queries, dict(enumerate(ours)), dict(enumerate(theirs)))["or"]
    assert found == {"overlap": 0.75, "counts_equal": 0.5, "counts_apart": pytest.approx(0.1)}
    uncounted = agreement(corpus, queries, dict(enumerate(ours)), {0: {**theirs[0], "count": None}})["or"]
    assert uncounted == {"overlap": 0.5, "counts_equal": None, "counts_apart": None}


def _has_fts5() -> bool:
    database = sqlite3.connect(":memory:")
    try:
        database.execute("CREATE VIRTUAL TABLE probe USING fts5(body)")
    except sqlite3.OperationalError:
        return False
    finally:
        database.close()
    return True


def test_effectiveness_is_measured_on_judged_collections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Queries go to the engine as they stand, the figures are those of ir-measures, a bad collection is told."""
    pytest.importorskip("ir_measures")
    folder = tmp_path / "judged" / "harbours"
    folder.mkdir(parents=True)
    rows = [
        {"id": "a", "title": "Harbours", "text": "Ships and cranes.", "date": None},
        {"id": "b", "title": "", "text": "A harbour, some say.", "date": "2020"},
        {"id": "c", "title": "", "text": "Plums.", "date": "2020-10"},
    ]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "queries.tsv").write_text('1\tharbour (\n2\t"plums\n', encoding="utf-8")
    (folder / "qrels.tsv").write_text("1\ta\t1\n2\tb\t1\n", encoding="utf-8")
    figures = tmp_path / "figures.json"
    assert main(["effectiveness", "--data", str(tmp_path / "judged"), "--peers", "", "--json", str(figures)]) == 0
    measured = json.loads(figures.read_text(encoding="utf-8"))["collections"]["harbours"]
    assert measured == {"searchkit": {"nDCG@10": 0.5, "AP": 0.5, "R@100": 0.5}}
    assert "harbours" in capsys.readouterr().out
    (folder / "qrels.tsv").write_text("1\ta\n", encoding="utf-8")
    for data in (tmp_path / "judged", tmp_path):
        with pytest.raises(SystemExit) as ended:
            main(["effectiveness", "--data", str(data), "--peers", ""])
        assert ended.value.code == 2


def test_fields_are_measured() -> None:
    """Counts, filters and orders of each declared field that some article has."""
    with searchkit.create(fields={"source": searchkit.Keyword(), "never": searchkit.Number()}) as index:
        index.add({"text": "storm surge", "id": str(n), "fields": {"source": f"s{n % 3}"}} for n in range(30))
        figures = fields(index, ["storm surge", "storm"], 2)
    names = ["search", "facets of source", "facets of source", "where source, known", "where source, not known"]
    assert [name for name, _, _ in figures] == [*names, "sort by source", "collapse by source"]
    assert all(spent >= 0 for _, spent, _ in figures)


def test_what_is_done_with_results_is_measured() -> None:
    """Timelines, of the articles and of made-up ones, what hits show, and what is like them."""
    with searchkit.create() as index:
        index.add({"text": f"A storm surge of {n}.", "id": str(n), "date": f"{1990 + n}"} for n in range(30))
        figures = showing(index, ["storm surge", "storm"], 1, made=40)
        assert len(figures) == len(showing_page(index, figures).splitlines()) - 4
    names = [name for name, _, _ in figures]
    assert names[:4] == ["timeline by day", "timeline by month", "timeline by year", "timeline by day"]
    assert names[-4:] == ["search", *['collapse="near"'] * 2, "like"]


def test_patterns_are_timed_beside_the_or_of_their_words() -> None:
    """Each kind, cold and kept; the OR has a word for each term of the pattern."""
    words = ["flooding", "hurricane", "harbours", "national", "stations", "nationally"]
    with searchkit.create() as index:
        index.add({"text": " ".join(words[number % 3 :]), "id": str(number)} for number in range(20))
        rows = patterns(index, each=3, passes=1, seed=1)
        assert len(rows) == len(patterns_page(index, rows).splitlines()) - 4
        assert all(terms >= 1 and len(spent) == 4 for _, terms, spent in rows)
