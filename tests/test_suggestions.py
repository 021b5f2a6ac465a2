"""Did you mean: what is suggested finds something, differs in doubtful words only, and comes from live articles."""

from __future__ import annotations

from pathlib import Path

import pytest

import searchkit
from searchkit.article import Article
from searchkit.cli import main
from searchkit.query import And, Boost, Not, Or, Phrase, Term
from searchkit.search import suggest


@pytest.fixture(scope="module")
def index() -> searchkit.Index:
    made = searchkit.create()
    made.add(
        [
            Article("A hurricane flooded the harbour.", id="a", date="2020-10"),
            Article("The hurricanes of October reached the harbours.", id="b", date="2020-10"),
            Article("Storm surge at the harbour wall; Šarić was there.", id="c", date="2021"),
            Article("A surge of storms.", id="d"),
        ]
    )
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("huricane", ("hurricane",)),
        ("hurricnae", ("hurricane",)),
        ("Huricane", ("hurricane",)),
        ("the huricane", ("the hurricane",)),
        ('"strom surge"', ('"storm surge"',)),
        ('"strom surge"~3 AND harbour', ('"storm surge"~3 AND harbour',)),
        ("huricane date:2020-10", ("hurricane date:2020-10",)),
        ("huricane date:2019", ()),
        ("+huricane -wall", ("+hurricane -wall",)),
        ("title:huricane", ()),
        ("sarci", ("saric",)),
        ("hurricane", ()),
        ("harbour", ()),
        ("zzzzzzz", ()),
        ("3021", ()),
        ("xs", ()),
        ("", ()),
        ("(huricane", ("(hurricane",)),
        ("*", ()),
    ],
)
def test_suggestions(index: searchkit.Index, text: str, expected: tuple[str, ...]) -> None:
    """Phrases, operators, brackets and dates stay as they were typed."""
    results = index.search(text)
    assert results.suggestions == expected
    assert results.suggestions is results.suggestions
    for suggestion in expected:
        assert index.count(suggestion) > 0


def test_conditions_hold_for_suggestions_too(index: searchkit.Index) -> None:
    assert index.search("huricane", since="2020-09").suggestions == ("hurricane",)
    assert index.search("huricane", since="2021").suggestions == ()
    assert index.search("huricane wal", match="all").suggestions == ()
    assert index.search("huricane octobre", match="all").suggestions == ("hurricane october",)


def test_of_query_nodes(index: searchkit.Index) -> None:
    query = And(Boost(Term("huricane"), 2.0), Not(Term("wal")), Or(Phrase("the harbuor"), Term("x")))
    [text] = index.search(query).suggestions
    meant = And(Boost(Term("hurricane"), 2.0), Not(Term("wal")), Or(Phrase("the harbour"), Term("x")))
    assert searchkit.parse(text) == meant


def test_words_of_deleted_articles_are_not_suggested() -> None:
    with searchkit.create() as index:
        index.add([Article("hurricane", id="a"), Article("calm", id="b")])
        assert index.search("huricane").suggestions == ("hurricane",)
        index.delete(["a"])
        assert index.search("huricane").suggestions == ()


def test_nearest_then_most_frequent_and_at_most_three() -> None:
    words = ["house", "mouse", "mouse", "louse", "louse", "louse", "rouse", "douse"]
    with searchkit.create(analyzer="none") as index:
        index.add(Article(word, id=str(number)) for number, word in enumerate(words))
        assert index.search("gouse").suggestions == ("louse", "mouse", "douse")


def test_a_rare_word_is_doubted_if_far_more_articles_have_another() -> None:
    with searchkit.create() as index:
        index.add([*(Article("harbour", id=str(number)) for number in range(100)), Article("harbuor", id="wrong")])
        assert index.search("harbuor").suggestions == ("harbour",)
        index.delete(["7"])
        assert index.search("harbuor").suggestions == ()


def test_time_is_up(index: searchkit.Index) -> None:
    assert index.search("huricane", timeout=0).suggestions == ()


def test_the_command_tells_people(
    index: searchkit.Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only on a terminal, on the error output, when there are no hits."""
    folder = str(tmp_path / "index")
    index.snapshot(folder)
    assert main(["query", "huricane", "-i", folder]) == 1
    assert "mean" not in "".join(capsys.readouterr())
    monkeypatch.setattr("searchkit.cli.query.on_terminal", lambda: True)
    assert main(["query", "huricane", "-i", folder]) == 1
    assert "did you mean: hurricane" in capsys.readouterr().err
    assert main(["query", "hurricane", "-i", folder]) == 0
    assert "mean" not in "".join(capsys.readouterr())


def test_few_words_are_doubted(index: searchkit.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long text does not make a long search."""
    monkeypatch.setattr(suggest, "MOST_DOUBTED", 1)
    assert index.search("huricane harbuor").suggestions == ("hurricane harbuor",)
