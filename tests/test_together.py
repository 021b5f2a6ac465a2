"""Features that meet: what each part promises by itself holds in any company."""

from __future__ import annotations

import searchkit
from searchkit import Article, HalfLife, Keyword, Rm3


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
