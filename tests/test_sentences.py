"""Sentences for snippets: what Punkt says with our parameters, asked only where it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import trials

from searchkit.analysis import sentences
from searchkit.analysis.sentences import paragraph_spans, sentence_spans


def cut(text: str) -> list[str]:
    """All sentences of a text."""
    return [text[a:b] for start, end in paragraph_spans(text) for a, b in sentence_spans(text, start, end)]


@pytest.mark.parametrize(
    "text",
    [
        "The resolution, S.J. Res. 9 of the 110th Cong., was read by Rep. Holt of Raleigh, N.C. on Monday.",
        "Dr. Adeyemi-Clarke met Mr. Oyelaran of the U.S. Coast Guard on Oct. 2 at 5 p.m. in St. Brannock.",
        "She paid 3.5 million to J. R. Holt, e.g. for No. 7 of the series.",
        "“My heart aches,” said Ms. Vint.",
        "It rose to 3.5%, according to www.example.com and others (see Fig. 2), that week",
        "Prof. He and Dr. So spoke.",
        "Sen. Maria Holt (D-Wis.), who chairs it, agreed.",
    ],
)
def test_abbreviations_numbers_and_initials_end_no_sentence(text: str) -> None:
    assert cut(text) == [text]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("It rained. It snowed! Did it hail? Yes.", 4),
        ("“It rained.” She left. ‘It snowed!’ He stayed.", 4),
        ("The talks ended at 5 p.m. The minister left the U.S. He will be back.", 3),
        ("It opened in 2020. The town grew.", 2),
        ("(It rained.) Then it stopped.", 2),
        ("The firm (DHS). The other firm.", 2),
        ("雨が降った。雪も降った！終わり", 3),
        ("क्या हुआ। सब ठीक।", 2),
    ],
)
def test_sentences_end_at_stops_with_their_closing_quotes(text: str, number: int) -> None:
    found = cut(text)
    assert len(found) == number
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_paragraphs_never_share_a_sentence() -> None:
    text = "A headline without a stop\n\nThe text begins\nand goes on. It ends\r\n\r\n  The second one  "
    assert cut(text) == ["A headline without a stop", "The text begins", "and goes on.", "It ends", "The second one"]


def test_wrapped_lines_are_joined() -> None:
    text = "The harbour master closed the northern quay at noon,\nwhen the wind turned."
    assert cut(text) == [text]


def test_spans_are_of_the_original_text_in_order_and_lose_nothing_but_blanks() -> None:
    text = "  \t One “a”.\u00a0Two…\n\n\x0bThree!? Four.\n  \n\n"
    spans = [span for start, end in paragraph_spans(text) for span in sentence_spans(text, start, end)]
    assert spans == sorted(spans)
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)
    assert "".join("".join(text[a:b] for a, b in spans).split()) == "".join(text.split())


WORDS = [
    *(
        "Mr",
        "mr",
        "Smith",
        "the",
        "The",
        "He",
        "U.S",
        "a.m",
        "no",
        "No",
        "5",
        "2020",
        "3.5",
        "J",
        "x",
        "x-Dr",
        "-5",
        "'",
        '"',
    ),
    *(
        ")",
        "(",
        "]",
        "--",
        "..",
        "&c",
        "#1",
        "*",
        "@",
        "`",
        ",",
        ";",
        ":",
        "_",
        "é",
        "É",
        "dr",
        "o'dr",
        "ß",
        "½",
        "٣",
        "co-op",
    ),
]
ENDS = [".", "?", "!", ". ", ".  ", "? ", "! ", ".) ", '." ', ".' ", " ", ", ", "; ", " (", " '", " '", "..,", " - "]


@settings(max_examples=trials(300))
@given(
    st.lists(
        st.tuples(st.sampled_from(WORDS), st.sampled_from(["", "", "", *WORDS]), st.sampled_from(ENDS)), max_size=8
    )
)
def test_the_plain_decision_equals_punkt(parts: list[tuple[str, str, str]]) -> None:
    """Where `_plain_breaks` decides, Punkt decides the same; it gives up (None) at what is odd."""
    piece = "".join("".join(part) for part in parts).strip()
    if piece and sentences._plain_breaks(piece) is not None:
        spans = sentences._joined(piece, sentences._punkt().span_tokenize(piece))
        assert list(sentences._spans_of_part(piece, 0, len(piece))) == spans


@given(st.text(max_size=200))
def test_any_text_has_sentences_that_cover_it(text: str) -> None:
    found = cut(text)
    assert "".join("".join(found).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "text", [*(mark * 20_000 for mark in ("a", "a. ", ". ", ".", '."', "“", "\n", "dr.)", "a\n\n"))]
)
def test_fear_of_quadratic_time(text: str) -> None:
    """Long hostile text is cut within the time that a test may take."""
    assert "".join("".join(cut(text)).split()) == "".join(text.split())


def test_ordinary_text_needs_no_nltk() -> None:
    code = (
        "import sys; from searchkit.analysis.sentences import sentence_spans as s; "
        "t = 'Dr. Holt left the U.S. on Oct. 2. “It rained,” she said (see p. 3).'; "
        "assert len(s(t, 0, len(t))) == 2; assert 'nltk' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("sentence", ["A storm came. ", "storm ", "嵐が来た。", "storm" * 1_000 + " "])
def test_an_overlong_paragraph_is_taken_for_several(sentence: str) -> None:
    """No word of it is cut or lost, and no piece is longer than it must be."""
    text = (sentence * 20_000)[:60_000].rpartition(sentence)[0] + sentence.strip()
    paragraphs = paragraph_spans(text)
    assert len(paragraphs) > 5
    assert "".join(text[start:end] for start, end in paragraphs).replace(" ", "") == text.replace(" ", "")
    assert max(end - start for start, end in paragraphs) < 10_000
    assert {text[end - 1] for _, end in paragraphs} == {sentence.strip()[-1]}
