"""What is said of a query once its words and fields are looked up has its place in it, like what the parser says."""

from __future__ import annotations

import pytest

import searchkit
from searchkit import Article, Keyword, Number
from searchkit.query import And, Term, Wildcard
from searchkit.query.parse import parse_with_warnings
from searchkit.query.places import Places


@pytest.fixture(scope="module")
def index() -> searchkit.Index:
    made = searchkit.create(fields={"source": Keyword(), "words": Number()})
    made.add(
        Article(f"storm w{number:04} COVID-19", id=str(number), fields={"source": "ap"}) for number in range(1_100)
    )
    return made


@pytest.mark.parametrize(
    ("text", "kind", "position", "done"),
    [
        ("storm \u2022\u2022", "words", 6, "left out"),
        ("\u2022\u2022 storm", "words", 0, "left out"),
        ("storm AND \u2022", "words", 10, "left out"),
        ('storm "surge" "\u2022 \u2022"', "words", 14, "left out"),
        ("storm (gale OR title:\u2022)", "words", 21, "left out"),
        ("storm source:AP", "condition", 6, "searched as it is written"),
        ("storm words:lots", "condition", 6, "searched as it is written"),
        ("gale AND source:(AP)", "condition", 17, "searched as it is written"),
        ("gale  covid-1~", "pattern", 6, "searched as a phrase of them as they are"),
        ("title:st?rm-x", "pattern", 6, "searched as it is written"),
        ("storm -w*", "limit", 7, "the 1,024 most frequent were searched"),
        ('gale "(storm OR covid-19) w00*"', "pattern", 5, "left out"),
        ("gale OR w* NEAR/3 storm", "limit", 8, "the 1,024 most frequent were searched"),
        ("gale OR (storm OR \u2022) NEAR/3 w00*", "pattern", 18, "left out"),
        ('title:"w* storm"', "limit", 6, "the 1,024 most frequent were searched"),
    ],
)
def test_what_is_said_has_its_place(index: searchkit.Index, text: str, kind: str, position: int, done: str) -> None:
    """The character at which the part begins, as the sentence says too, counted from 1."""
    (warning,) = index.search(text).warnings
    assert (warning.kind, warning.position, warning.done) == (kind, position, done)
    assert f" at character {position + 1} " in warning


def test_equal_parts_have_places_of_their_own(index: searchkit.Index) -> None:
    for text in ("\u2022 storm \u2022", "\u2022 (storm) \u2022"):
        assert [warning.position for warning in index.search(text).warnings] == [0, len(text) - 1]


def test_a_query_that_was_no_text_has_no_places(index: searchkit.Index) -> None:
    results = index.search(And(Term("storm"), Wildcard("st?rm-x")))
    assert [warning.position for warning in results.warnings] == [None]
    assert "at character" not in results.warnings[0]


def test_places_are_those_of_the_leaves() -> None:
    """Of each word, phrase, pattern and condition, on every way that a text is read."""
    for text in ("storm gale", "storm AND gale", '"a b" gale "c d"~3', "storm (gale OR w*)", "((" * 60 + "storm"):
        places = Places()
        query, _ = parse_with_warnings(text, places=places)
        waiting, seen = [query], []
        while waiting:
            node = waiting.pop(0)
            waiting += getattr(node, "children", ())
            if not hasattr(node, "children"):
                seen.append(places.of(node))
        starts = [at for at, letter in enumerate(text) if letter in '"scgw' and text[at - 1 : at] in ("", " ", "(")]
        assert sorted(set(seen)) == [at for at in starts if not text[:at].count('"') % 2], text
