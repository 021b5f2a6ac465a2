"""Features that meet: what each part promises by itself holds in any company."""

from __future__ import annotations

import json
from pathlib import Path

import searchkit
from searchkit import Article, Boolean, HalfLife, Keyword, Number, Rm3


def test_what_only_deleted_articles_have_is_not_there() -> None:
    """A warning about a keyword in another case is the same whatever articles there once were."""
    with searchkit.create(fields={"source": Keyword()}) as index:
        values = ["ap", "AP", "Ap", *["reuters"] * 9]  # so many that the deleted ones are not merged away at once
        index.add([Article("storm", id=str(id), fields={"source": value}) for id, value in enumerate(values)])
        index.delete(["0", "2"])
        assert index.stats().deleted == 2
        for _ in range(2):
            warnings = index.search("source:ap").warnings
            assert list(warnings) == ["'source:ap' finds nothing: no article has it, but there is 'AP'"]
            index.compact()


def test_hits_that_score_nothing_tell_nothing() -> None:
    """A query can be expanded by hits of which some, or all, have faded to a score of 0 or next to it."""
    with searchkit.create() as index:
        texts = {"new": "storm", "old": "storm harbour pier", "older": "storm and a ferry"}
        dates = {"new": "2020-10", "old": "1987", "older": None}
        index.add([Article(text, id=id, date=dates[id]) for id, text in texts.items()])
        for now in ("2020-10", "1999"):
            for span in (1e-3, 86_400.0 * 10, 5e-324):
                recency = HalfLife(span, weight=1.0, now=now)
                results = index.search("storm", recency=recency, expand=Rm3(3, 2, 0.5))
                assert results.total == 3
                for hit in results:
                    explanation = index.explain("storm", hit.id, recency=recency, expand=Rm3(3, 2, 0.5))
                    assert explanation.score == hit.score


def test_what_is_exported_is_read_again(tmp_path: Path) -> None:
    """Lists of any kind of value come back from JSON Lines as they were; a list of several kinds is left out."""
    fields = {"source": ["ap", "é"], "words": [1, 2.5, -3], "paid": [True, False], "none": [], "deep": [2**60]}
    article = Article("storm", id="1", date="2020", fields=fields)
    mixed = {
        "id": "2",
        "text": "surge",
        "fields": {"a": [1, True], "b": ["x", 1], "c": [[1]], "d": [1e400], "e": [None]},
    }
    file = tmp_path / "out.jsonl"
    file.write_text(f"{json.dumps(article.to_dict())}\n{json.dumps(mixed)}\n")
    read = list(searchkit.read_articles(file))
    assert read[0] == article
    assert list(map(type, read[0].fields["words"])) == [int, float, int]
    assert read[1].fields == {}
    with searchkit.create(fields={"words": Number(), "paid": Boolean()}) as index:
        index.add(searchkit.read_articles(file))
        assert index.get("1") == article
        assert index.search("storm", where={"words": 2.5, "paid": True}).ids == ("1",)
