"""Query text at the door of an index: what it knows is used, whatever is typed is answered, warnings say why."""

from __future__ import annotations

from typing import Any

import pytest
from query_laws import FOUND, some_text
from strategies import generator, trials
from written_queries import DECLARED

import searchkit
from searchkit import Article, Boolean, Keyword, Number, QueryError, QueryWarning
from searchkit.query import And, Compare, DateRange, Or, Phrase, Term
from searchkit.query.complaints import KINDS


@pytest.fixture(scope="module")
def index() -> searchkit.Index:
    index = searchkit.create(
        fields={"source": Keyword(), "words": Number(), "paid": Boolean()}, timezone="Europe/Berlin", analyzer="none"
    )
    index.add(
        [
            Article("a flood and a storm surge", id="1", title="a", date="2020-10", fields={"source": "a", "words": 5}),
            Article("b son don't qu ick", id="2", date="2020-10-02", fields={"source": ["two words"], "paid": True}),
            Article("c++ U.S. 日本 🙂 COVID-19 surge storm", id="3", fields={"words": [1, 600]}),
        ]
    )
    return index


def ids(results: searchkit.Results) -> set[str]:
    return {hit.id for hit in results}


class TestParse:
    def test_knows_the_fields_and_the_time_zone(self, index: searchkit.Index) -> None:
        assert index.parse("a source:b") == And(Term("a"), Compare("source", "=", "b"))
        assert index.parse("author:b") == Term("author:b")
        assert index.parse("date:2020-10-02T10:15:00Z") == DateRange.parse("2020-10-02T12:15:00")

    def test_takes_what_a_search_takes(self, index: searchkit.Index) -> None:
        assert index.parse("a b", match="all") == And(Term("a"), Term("b"))
        with pytest.raises(QueryError, match="no field 'author'"):
            index.parse("author:b", strict=True)

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("source:a", "1"),
            ('source:"two words"', "2"),
            ("source:(a OR 'two words')", "12"),
            ("words:>500", "3"),
            ("words:[1 TO 5}", "3"),
            ("words:*", "13"),
            ("paid:true", "2"),
            ("-source:*", "3"),
            ("flood REQUIRE source:a", "1"),
            ("source:500", ""),
        ],
    )
    def test_conditions_hold(self, index: searchkit.Index, text: str, found: str) -> None:
        """As text, and as the query it becomes."""
        assert ids(index.search(text)) == ids(index.search(index.parse(text, strict=True))) == set(found)


class TestWarnings:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("a author:b", "field"),
            ("a ...", "words"),
            ("a r'b' qu?c-k", "pattern"),
            ("a OR", "operator"),
            ("a words:many", "condition"),
            ('a r"("', "pattern"),
            ('a r"(?=b)"', "pattern"),
            ("a date:2020-13", "date"),
        ],
    )
    def test_say_what_they_are_about(self, index: searchkit.Index, text: str, kind: str) -> None:
        assert [warning.kind for warning in index.search(text).warnings] == [kind]

    def test_of_time(self, index: searchkit.Index) -> None:
        assert index.search("(a OR b)", timeout=0).warnings[-1].kind == "time"

    def test_place_of_a_fault_in_a_regular_expression(self, index: searchkit.Index) -> None:
        with pytest.raises(QueryError) as caught:
            index.parse('flood r"ab(c"', strict=True)
        assert caught.value.position is not None and 8 <= caught.value.position <= 13


@pytest.mark.slow
def test_any_text_is_answered_and_counted(index: searchkit.Index) -> None:
    """Fuzzed texts, by search and count alike; what text means is what its query means."""
    chance = generator("query door")
    for text in (*FOUND, *(some_text(chance, list(FOUND)) for _ in range(trials(100)))):
        results = index.search(text)
        assert results.total == index.count(text) == index.count(index.parse(text)), text
        for warning in results.warnings:
            assert isinstance(warning, QueryWarning) and warning.kind in KINDS, text
        query: Any = index.parse(text)
        assert index.count(searchkit.query.from_json(query.to_json())) == results.total, text


def test_a_phrase_with_a_choice_of_one_is_the_phrase(index: searchkit.Index) -> None:
    assert index.parse('"storm surge"') == Phrase("storm surge")
    assert index.parse('"(storm OR a) surge"').children[0] == Or(Term("storm"), Term("a"))  # type: ignore[attr-defined]
    assert set(DECLARED) == set(index.options.fields), "the fuzzer types the fields of this index"
