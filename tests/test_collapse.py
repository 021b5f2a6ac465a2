"""Collapsing: groups are those that a plain walk down the ranking makes, by fingerprints or by a field's values."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import generator

import searchkit
from searchkit import Article, CorruptIndex, Hit, QueryError, SearchTimeout
from searchkit.cli import main
from searchkit.core import evaluate
from searchkit.core.fingerprints import NEAR, SIZE, Groups, agreement, fingerprint
from searchkit.indexing import fingerprints as fingerprints_module
from searchkit.indexing.snapshot import Snapshot
from searchkit.query import All

VOCABULARY = [f"word{number}" for number in range(2_000)]


def edited(random: Random, words: list[str], share: float) -> list[str]:
    """The words, some of them exchanged."""
    return [random.choice(VOCABULARY) if random.random() < share else word for word in words]


def planted(random: Random, stories: int) -> list[Article]:
    """Stories that several papers print, with a word changed here and there, or cut; and some that one paper has."""
    articles = []
    for story in range(stories):
        words = [random.choice(VOCABULARY) for _ in range(random.choice([5, 60, 200]))] + ["flood"] * (story % 3 + 1)
        for copy in range(random.choice([1, 1, 2, 5])):
            text = " ".join(words if copy == 0 else edited(random, words, random.choice([0.0, 0.01, 0.1, 0.5])))
            paper = random.choice(["herald", "mail", "post", None])
            articles.append(
                Article(
                    text,
                    id=f"{story}-{copy}",
                    date=f"20{random.randrange(10, 20)}",
                    fields={} if paper is None else {"source": [paper, "zzz"] if paper == "post" else paper},
                )
            )
    return articles


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return [*planted(generator("collapse"), 120), Article("", id="no words"), Article("", id="none either")]


@pytest.fixture(scope="module")
def index(articles: list[Article]) -> searchkit.Index:
    made = searchkit.create(fields={"source": searchkit.Keyword()})
    for first in range(0, len(articles), 100):
        made.add(articles[first : first + 100])
    return made


def groups(hits: tuple[Hit, ...], by: str) -> list[list[str]]:
    """The groups of a whole ranking, best hit first, by the definition: the first group that a hit is near to."""
    found: list[tuple[Any, list[str]]] = []
    for hit in hits:
        if by == "near":
            own: Any = fingerprint(hit.article.text.encode())
            same = [ids for first, ids in found if agreement(first, own) >= NEAR]
        else:
            value = hit.article.fields.get(by)
            own = min(value) if isinstance(value, list) else value
            same = [ids for first, ids in found if own is not None and first == own]
        if same:
            same[0].append(hit.id)
        else:
            found.append((own, [hit.id]))
    return [ids for _, ids in found]


QUERIES: list[tuple[Any, dict[str, Any]]] = [
    ("flood", {}),
    ("flood word1 word2 word3", {"match": "any"}),
    (All(), {"sort": "newest"}),
    ("flood", {"since": "2013", "until": "2017", "sort": "oldest"}),
    ("flood", {"where": {"source": ["mail", "post"]}}),
    ("flood word1", {"recency": "400d", "now": datetime(2020, 1, 1), "variant": "bm25+"}),
    ("flood word1", {"expand": "rm3"}),
]


@pytest.mark.slow
@pytest.mark.parametrize("by", ["near", "source"])
@pytest.mark.parametrize(("query", "options"), QUERIES, ids=[f"{query}-{options}" for query, options in QUERIES])
def test_groups_are_those_of_a_walk_down_the_ranking(
    index: searchkit.Index, query: Any, options: dict[str, Any], by: str
) -> None:
    """Best hits, their order and scores, and what is folded under each, on every page; the total counts articles."""
    plain = index.search(query, limit=None, **options)
    expected = groups(plain[:], by)
    assert 1 < len(expected) < len(plain)
    scores = dict(zip(plain.ids, plain.scores, strict=True))
    for limit, offset in (
        (1, 0),
        (3, 0),
        (10, 5),
        (None, 0),
        (7, max(len(expected) - 3, 0)),
        (5, len(expected) + 5),
        (0, 0),
    ):
        results = index.search(query, limit=limit, offset=offset, collapse=by, **options)
        wanted = expected[offset : None if limit is None else offset + limit]
        assert list(results.ids) == [ids[0] for ids in wanted]
        assert [hit.folded_ids for hit in results] == [tuple(ids[1:]) for ids in wanted]
        assert [hit.folded for hit in results] == [len(ids) - 1 for ids in wanted]
        assert results.scores == tuple(scores[id] for id in results.ids)
        assert results.total == len(plain)
        (many,) = index.search_many([query], limit=limit, offset=offset, collapse=by, **options)
        assert [(hit.id, hit.folded) for hit in many] == [(hit.id, hit.folded) for hit in results]


def test_pages_make_up_the_whole(index: searchkit.Index) -> None:
    """Groups do not depend on where a page begins or how long it is."""
    whole = index.search("flood", limit=None, collapse="near")
    pages = [index.search("flood", limit=4, offset=offset, collapse="near") for offset in range(0, len(whole) + 4, 4)]
    assert [id for page in pages for id in page.ids] == list(whole.ids)
    assert [hit.folded_ids for page in pages for hit in page] == [hit.folded_ids for hit in whole]


def test_cursors_go_on_behind_groups(index: searchkit.Index) -> None:
    """A cursor counts groups, and is one of a search that is collapsed alike."""
    whole = index.search("flood", limit=None, collapse="near")
    page = index.search("flood", limit=4, collapse="near")
    found = list(page.ids)
    while (cursor := page.cursor) is not None:
        page = index.search("flood", limit=4, collapse="near", after=cursor)
        found += page.ids
    assert found == list(whole.ids)
    with pytest.raises(QueryError, match="another query"):
        index.search("flood", limit=4, after=index.search("flood", limit=4, collapse="near").cursor)


def test_what_has_no_duplicates_is_not_changed(index: searchkit.Index) -> None:
    """The best hits of groups, in an index of their own, are not folded; nor are they near to one another."""
    best = [hit.article for hit in index.search("flood", limit=None, collapse="near")]
    alone = searchkit.create()
    alone.add(best)
    assert alone.search("flood", limit=None, collapse="near").ids == alone.search("flood", limit=None).ids
    prints = [fingerprint(article.text.encode()) for article in best]
    assert all(agreement(one, other) < NEAR for place, one in enumerate(prints) for other in prints[:place])


def test_every_folded_hit_is_near_its_best(index: searchkit.Index) -> None:
    """What is hidden agrees with what is shown in at least 40 of 64 codes; planted copies are found."""
    results = index.search("flood", limit=None, collapse="near")
    folded = 0
    for hit in results:
        own = fingerprint(hit.article.text.encode())
        for id in hit.folded_ids:
            assert agreement(own, fingerprint(index.get(id).text.encode())) >= NEAR
            folded += 1
    assert len(results) + folded == results.total
    assert folded > 40


def test_like_is_collapsed_as_well(index: searchkit.Index, articles: list[Article]) -> None:
    """More like this without near-duplicates of one another; the article itself stays out."""
    plain = index.like(articles[0].id, limit=None)
    results = index.like(articles[0].id, limit=5, collapse="near")
    expected = groups(plain[:], "near")[:5]
    assert [[hit.id, *hit.folded_ids] for hit in results] == expected
    assert articles[0].id not in {id for ids in expected for id in ids}


def test_history_and_segments_do_not_matter(index: searchkit.Index, articles: list[Article]) -> None:
    """The same articles in one segment, with others deleted on the way, give the same groups."""
    other = searchkit.create(fields={"source": searchkit.Keyword()})
    other.add([*articles, Article("flood flood", id="gone")])
    other.delete("gone")
    for by in ("near", "source"):
        one, two = (made.search("flood", limit=20, collapse=by) for made in (index, other))
        assert [(hit.id, hit.score, hit.folded_ids) for hit in one] == [
            (hit.id, hit.score, hit.folded_ids) for hit in two
        ]


def test_without_collapse_nothing_is_folded(index: searchkit.Index) -> None:
    """A plain hit has nothing under it, and its dict says nothing of it."""
    (hit,) = index.search("flood", limit=1)
    assert (hit.folded, hit.folded_ids) == (0, ())
    assert "folded" not in hit.to_dict()
    (hit,) = index.search("flood", limit=1, collapse="source")
    assert hit.to_dict()["folded"] == hit.folded > 0


@pytest.mark.parametrize("by", ["", "paper", "NEAR", 5, True, ["near"]])
def test_what_cannot_be_collapsed_by(index: searchkit.Index, by: Any) -> None:
    """Only near and declared fields can be collapsed by; the error names them."""
    with pytest.raises(QueryError, match="near, source"):
        index.search("flood", collapse=by)
    with pytest.raises(QueryError, match="near, source"):
        index.search_many(["flood"], collapse=by)


def test_near_needs_texts() -> None:
    """An index without texts says so, rather than to fold nothing."""
    bare = searchkit.create(store=False)
    bare.add([Article("flood")])
    with pytest.raises(QueryError, match="near-duplicates"):
        bare.search("flood", collapse="near")


def test_a_query_that_finds_nothing(index: searchkit.Index) -> None:
    """Nothing is collapsed to nothing."""
    for query in ("nowhere", "", "(", "flood date:1900"):
        results = index.search(query, collapse="near")
        assert (results.ids, results.total) == ((), 0)


def test_deadlines_hold(index: searchkit.Index) -> None:
    """A search that is late gives hits that it found until then and says so; folded is told whole or not at all."""
    whole, found = index.search("flood", limit=None, collapse="near").ids, index.search("flood", limit=None).ids
    sizes = []
    for milliseconds in (0, 20, 60, 100_000):
        evaluate.pace(1_000_000)  # a millisecond goes by whenever the clock is looked at
        try:
            results = index.search("flood", limit=None, collapse="near", timeout=milliseconds / 1_000)
            assert set(results.ids) <= set(found)
            assert results.warnings or results.ids == whole
            if results.warnings and results:
                with pytest.raises(SearchTimeout):
                    assert results[0].folded >= 0
        finally:
            evaluate.pace(0)
        sizes.append(len(results))
    assert (sizes[0], sizes[-1]) == (0, len(whole))


# ---- fingerprints that are kept


def grown(path: Path | None, articles: list[Article], **options: Any) -> searchkit.Index:
    """The articles in several segments, with replaced and deleted ones on the way."""
    made = searchkit.create(path, fields={"source": searchkit.Keyword()}, **options)
    made.add(Article("flood of old", id=article.id) for article in articles[:50])
    for first in range(0, len(articles), 90):
        made.add(articles[first : first + 90])
    made.add([Article("flood flood", id="gone")])
    made.delete("gone")
    return made


def folded(index: searchkit.Index) -> list[tuple[str, float, tuple[str, ...]]]:
    hits = index.search("flood", limit=30, collapse="near")
    return [(hit.id, hit.score, hit.folded_ids) for hit in hits]


@pytest.mark.slow
def test_kept_fingerprints_are_those_of_the_texts(
    tmp_path: Path, articles: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fingerprints=True the groups are the same, also after merges and opening again, and no text is read."""
    expected = folded(grown(None, articles))
    with grown(tmp_path / "kept", articles, fingerprints=True) as made:
        assert folded(made) == expected
        assert made.stats().sections["fingerprints"] >= SIZE * len(made)
        assert made.check(deep=True).ok
        made.declare({"paper": searchkit.Keyword()})
        made.compact()
        assert folded(made) == expected
        assert made.stats().sections["fingerprints"] == SIZE * len(made)
    with searchkit.open(tmp_path / "kept") as again:
        monkeypatch.setattr(Snapshot, "record", None)
        assert again.options.fingerprints
        assert folded(again) == expected


def test_kept_fingerprints_depend_on_the_articles_alone(articles: list[Article]) -> None:
    """The same articles in one addition and in many give the same file once they are compacted."""
    one = searchkit.create(fields={"source": searchkit.Keyword()}, fingerprints=True)
    one.add(reversed(articles))
    names = []
    for made in (one, grown(None, articles, fingerprints=True)):
        made.compact()
        names.append([entry.name for entry in made._snapshot().manifest.segments])
    assert names[0] == names[1]


def test_without_declared_fields_too(tmp_path: Path) -> None:
    """Fingerprints need no declared field, and a title stands in for a text without words."""
    with searchkit.create(tmp_path / "ix", fingerprints=True) as made:
        made.add([Article("", id=id, title="The flood at Brannock Harbour last night") for id in ("a", "b")])
        assert folded(made)[0][2] == ("b",)
        assert made.check().ok
    with pytest.raises(ValueError, match="needs store=True"):
        searchkit.create(fingerprints=True, store=False)
    with pytest.raises(ValueError, match="fingerprints must be"):
        searchkit.create(fingerprints="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [0, 32, 31 * 32 + 5])
def test_fingerprints_of_a_wrong_length_are_damage(length: int) -> None:
    """A section that has not 32 bytes an article is told as damage, and nothing beside it is read."""
    made = searchkit.create(fingerprints=True)
    made.add(Article(f"flood {number}") for number in range(31))
    (part,) = made._snapshot().parts
    start, _ = part.segment.sections["fingerprints"]
    part.segment.sections["fingerprints"] = (start, length)
    with pytest.raises(CorruptIndex, match="fingerprints"):
        made.search("flood", collapse="near")


def test_a_check_sees_wrong_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fingerprints that are not those of the texts are a finding, whatever their checksums say."""
    made = searchkit.create(fingerprints=True)
    with monkeypatch.context() as patch:
        patch.setattr(fingerprints_module, "fingerprint_of", lambda *_: b"x" * SIZE)
        made.add([Article("flood", id="a")])
    assert [finding.section for finding in made.check().findings] == ["fingerprints"]


# ---- fingerprints of texts


def test_fingerprints_are_for_ever() -> None:
    """The bytes of a fingerprint never change: they may be kept."""
    assert fingerprint(b"").hex() == "00" * SIZE
    assert fingerprint(b" ... ").hex() == "00" * SIZE
    text = "A storm surge flooded Brannock Harbour on Friday night. Two boats were lost."
    assert fingerprint(text.encode()).hex() == "f5ca5fc66c70fec6335d35075aa11c3c89f33517989633afa51dcc0d53ede25a"
    assert fingerprint(text.upper().encode()) == fingerprint(text.replace(" ", "\n\t").encode())
    assert fingerprint("Šarić told".encode()) == fingerprint(b"saric told")
    assert fingerprint("Šarić told".encode(), False) != fingerprint(b"saric told")


@given(st.binary(max_size=200))
def test_any_bytes_have_a_fingerprint(text: bytes) -> None:
    """Whatever stands on disk has one; it agrees with itself wholly, or has no word."""
    own = fingerprint(text)
    assert len(own) == SIZE
    assert agreement(own, own) == (64 if any(own) else 0)


def test_agreement_follows_the_shared_shingles() -> None:
    """On average two texts agree in 64 (J + (1 - J) / 16) codes, where J is the share of common shingles."""
    random = generator("agreement")
    for share in (0.0, 0.03, 0.1, 0.3, 1.0):
        agreed = expected = 0.0
        for _ in range(60):
            one = [random.choice(VOCABULARY) for _ in range(150)]
            other = edited(random, one, share)
            sets = [{tuple(words[i : i + 3]) for i in range(148)} for words in (one, other)]
            jaccard = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
            expected += 64 * (jaccard + (1 - jaccard) / 16)
            agreed += agreement(fingerprint(" ".join(one).encode()), fingerprint(" ".join(other).encode()))
        assert abs(agreed - expected) / 60 < 2.5


def test_groups_begin_in_order() -> None:
    """A group is joined by what is near to its first one; what may not begin a group has none."""
    made = Groups()
    texts = ("a ship came in at noon", "nobody saw the mayor leave", "eleven plums were left over")
    prints = [fingerprint(text.encode()) for text in texts]
    assert [made.join(one) for one in prints] == [0, 1, 2]
    assert [made.join(one) for one in prints[::-1]] == [2, 1, 0]
    assert made.join(fingerprint(b"something else altogether here"), False) == -1
    assert made.join(bytes(SIZE)) == 3 and made.join(bytes(SIZE)) == 4
    assert len(made) == 5
    with pytest.raises(ValueError, match="32 bytes"):
        made.join(b"short")


# ---- the command line


def test_the_command_folds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--collapse near` shows a story once and says how many more; JSON has the number."""
    monkeypatch.chdir(tmp_path)
    story = "The flood came over the wall at night and took two boats and a shed with it, the mayor said on Friday."
    made = searchkit.create("indexes/default")
    made.add([Article(story, id="a"), Article(story + " More soon.", id="b"), Article("A flood of mail.", id="c")])
    assert main(["query", "flood night", "--collapse", "near"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[2] for line in lines] == ["a", "c"]
    assert lines[0][3].endswith("(and 1 more)") and "more)" not in lines[1][3]
    assert main(["query", "flood night", "--collapse", "near", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["total"], [hit["folded"] for hit in answer["hits"]]) == (3, [1, 0])
    (tmp_path / "more.jsonl").write_text(json.dumps({"id": "d", "text": story}) + "\n", encoding="utf-8")
    assert main(["index", "more.jsonl", "-i", "kept", "--fingerprints"]) == 0
    with searchkit.open("kept") as kept:
        assert kept.options.fingerprints and kept.stats().sections["fingerprints"] == SIZE
    capsys.readouterr()
    assert main(["like", "c", "--collapse", "near"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["query", "flood", "--collapse", "paper"]) == 2
