"""The compiled tokenizer: its stated behaviour, its equality with the slow twin, and that nothing hurts it."""

from __future__ import annotations

import doctest
import importlib.util
import itertools
import unicodedata
from pathlib import Path

import pytest
import twin_tokenizer
from hypothesis import given
from hypothesis import strategies as st

from searchkit.core.tokens import forms, spans

ROOT = Path(__file__).resolve().parent.parent

# The tables are those of Unicode 14.0; under another Python the twin sees other properties.
SAME_UNICODE = unicodedata.unidata_version == "14.0.0"
needs_same_unicode = pytest.mark.skipif(not SAME_UNICODE, reason="only Python 3.11 has Unicode 14.0")

# What is hard: joiners, ignored characters, marks that reorder, compose or are blocked, scripts that part.
HARD = (
    "aZ09 .,'’ʼ＇．，٫٬_-/@\x00\n",
    "éÉßẞİıſﬁŉøÆĲ½²₂①™㎏Ⅷﷺᾳǆ",
    "\u00ad\u200b\u200d\ufe0f\ufeff\u0640\u034f",
    "\u0300\u0301\u0306\u0308\u0323\u0345\u0327\u20e3\u064b\u0654\u05b8",
    "иИйЙё\u0438\u0306",
    "\u1100\u1161\u11a8가각",
    "\u09c7\u09be\u0dd9\u0dcf\u0dca\u0dddहि",
    "中かカｶﾞー\u3099ไนำ้ကក",
    "👍🏽🇫🇷👩⌚♫🄰🆗",
    "\ud800\udfff\ufffd\ue000\U0010ffff",
)
characters = st.one_of(
    *map(st.sampled_from, HARD), st.characters() if SAME_UNICODE else st.characters(max_codepoint=255)
)
texts = st.text(characters, max_size=60)
ascii_texts = st.text(st.sampled_from("aaabZ019 .,'-_\x7f"), max_size=40)


def test_text_examples() -> None:
    """Every example of docs/text.md gives what is written there."""
    page = ROOT / "docs" / "text.md"
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted > 20
    assert result.failed == 0


@given(texts, st.booleans())
def test_equals_twin(text: str, fold_accents: bool) -> None:
    """The compiled tokenizer and the slow one give the same forms and spans."""
    assert spans(text, fold_accents) == twin_tokenizer.spans(text, fold_accents)


@given(st.lists(ascii_texts | texts, max_size=6), st.booleans())
def test_equals_twin_in_ascii(pieces: list[str], fold_accents: bool) -> None:
    """The short path for ASCII words gives way to the long one wherever it must."""
    text = "".join(pieces)
    assert spans(text, fold_accents) == twin_tokenizer.spans(text, fold_accents)


@pytest.mark.slow
def test_equals_twin_short_ascii() -> None:
    """All ASCII texts of up to six characters out of letter, digit, joiners and blank."""
    for length in range(1, 7):
        for letters in itertools.product("a1.,' ", repeat=length):
            text = "".join(letters)
            assert spans(text) == twin_tokenizer.spans(text), text


@needs_same_unicode
@pytest.mark.slow
def test_equals_twin_every_character() -> None:
    """Every assigned character, between letters, digits, joiners and marks. Of long runs of like ones, some."""
    before = ""
    for code in range(0x110000):
        char = chr(code)
        category = unicodedata.category(char)
        if category in ("Cn", "Co", "Cs"):
            continue
        run = "" if unicodedata.decomposition(char) else category
        if run == "Lo" == before and code > 0x3400 and code % 61:
            continue
        before = run
        for text, fold_accents in ((f"{char}и{char}\u0306 1.{char}2", True), (f"a.{char}\u0323\u0301'{char}b", False)):
            assert spans(text, fold_accents) == twin_tokenizer.spans(text, fold_accents), f"U+{code:04X}"


@given(texts, st.booleans())
def test_canonically_equivalent_texts_have_equal_forms(text: str, fold_accents: bool) -> None:
    """Composed and decomposed spellings of a text have the same forms."""
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert forms(composed, fold_accents) == forms(decomposed, fold_accents) == forms(text, fold_accents)


@given(texts, st.booleans())
def test_tokens_are_well_formed(text: str, fold_accents: bool) -> None:
    """Spans rise, do not overlap and are not empty; forms are NFC, folded, never empty; `forms` agrees with `spans`."""
    found = spans(text, fold_accents)
    assert [form for form, _, _ in found] == forms(text, fold_accents)
    end = 0
    for form, start, stop in found:
        assert end <= start < stop <= len(text)
        end = stop
        assert form
        assert unicodedata.is_normalized("NFC", form)
        assert len(form.encode()) <= 255


@given(texts, texts, st.booleans())
def test_separators_separate(left: str, right: str, fold_accents: bool) -> None:
    """Text on one side of a blank does not change the tokens of the other side."""
    assert forms(f"{left}\n{right}", fold_accents) == forms(left, fold_accents) + forms(right, fold_accents)


@given(st.text(st.sampled_from("abcXYZ0189'., éя中"), max_size=40))
def test_case_does_not_matter(text: str) -> None:
    """Small and capital letters have the same forms."""
    assert forms(text.upper()) == forms(text) == forms(text.casefold())


@given(ascii_texts)
def test_forms_are_stable_in_ascii(text: str) -> None:
    """A form is a token whose form is itself."""
    for form in forms(text):
        assert forms(form) == [form]


@given(st.text(st.sampled_from("a1.'é中"), min_size=1, max_size=12), st.integers(240, 270), st.booleans())
def test_long_words_are_cut_between_characters(ending: str, length: int, fold_accents: bool) -> None:
    """A form ends at 255 bytes, never inside a character, and the token keeps its span."""
    text = "b" * length + ending
    assert spans(text, fold_accents) == twin_tokenizer.spans(text, fold_accents)


@pytest.mark.parametrize(
    "unit",
    ["a", "é", "1", "1,", "a.", "a'", "中", "\u0301", "a\u0301", "\u200b", "ß", "👍", "🇫", "\x00", "\ud800", "각"],
)
def test_fear_megabyte_words(unit: str) -> None:
    """A megabyte of anything is answered, in time that grows with its length only."""
    text = unit * (1_000_000 // len(unit.encode("utf-8", "surrogatepass")))
    found = spans(text)
    assert all(len(form.encode()) <= 255 for form, _, _ in found)
    assert spans("x " + text)[0] == ("x", 0, 1)


def test_fear_many_marks() -> None:
    """Of marks piled on one letter, 30 are kept; the next letter begins anew."""
    text = "a" + "\u0301" * 40 + "b" + "\u0323" * 31
    assert forms(text) == ["ab"]
    (form,) = forms(text, fold_accents=False)
    decomposed = unicodedata.normalize("NFD", form)
    assert (decomposed.count("\u0301"), decomposed.count("\u0323")) == (30, 30)
    assert spans(text) == [("ab", 0, len(text))]


def test_fear_lone_surrogates() -> None:
    """Each half of a surrogate pair is one character that parts words, as U+FFFD is."""
    assert spans("a\ud83d\ude00b\ud800é") == [("a", 0, 1), ("b", 3, 4), ("e", 5, 6)]
    assert spans("a\ufffd\ufffdb\ufffdé") == [("a", 0, 1), ("b", 3, 4), ("e", 5, 6)]


@pytest.mark.parametrize("wrong", [None, b"bytes", 7, ["list"]])
def test_only_str(wrong: object) -> None:
    """Anything but a str is refused."""
    with pytest.raises(TypeError):
        forms(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        spans(wrong)  # type: ignore[arg-type]


def test_no_text_is_kept() -> None:
    """Reading a text does not leave a second copy of it behind in the str."""
    text = "né" * 1000
    size = text.__sizeof__()
    forms(text)
    assert text.__sizeof__() == size


@needs_same_unicode
@pytest.mark.slow
def test_tables_are_what_the_generator_writes() -> None:
    """unicode_tables.h is tools/unicode_tables.py's output, to the byte."""
    spec = importlib.util.spec_from_file_location("unicode_tables", ROOT / "tools" / "unicode_tables.py")
    assert spec is not None and spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    header = ROOT / "searchkit" / "core" / "unicode_tables.h"
    assert tables.render() == header.read_text(encoding="ascii")
    assert header.stat().st_size < 300_000
