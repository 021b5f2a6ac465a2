"""Snippets: matches found as the index finds them, whole sentences, the best of them first, safe to print."""

from __future__ import annotations

import html
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.analysis.sentences import paragraph_spans, sentence_spans
from searchkit.core.tokens import spans
from searchkit.search.matches import Match, find_matches
from searchkit.search.results import Marks
from searchkit.search.snippets import (
    LONGEST_SENTENCE,
    first_words,
    highlight,
    passages,
    printable,
    snippets,
)


def term_of(form: str) -> str:
    """A stemmer of our own, so that no test here loads one: plurals only."""
    return form.removesuffix("s")


def marks(*words: str, phrases: tuple[tuple[str, int], ...] = ()) -> Marks:
    """Marks of words as terms, and phrases as ("two words", slop)."""
    return Marks(frozenset(words), tuple((tuple(phrase.split()), slop) for phrase, slop in phrases))


def matched(text: str, wanted: Marks) -> list[str]:
    """The matches of a text, as they stand there."""
    return [text[match.start : match.end] for match in find_matches(spans(text), wanted, term_of)]


def best(text: str, wanted: Marks, n: int = 1, sentences: int = 2) -> list[str]:
    """Snippets with the matches marked by asterisks."""
    return snippets(text, find_matches(spans(text), wanted, term_of), n, sentences=sentences)


def test_words_match_by_term_not_by_spelling() -> None:
    assert matched("Storms! The storm’s over; STORM, stormy", marks("storm")) == ["Storms", "STORM"]


def test_a_phrase_is_one_match_and_its_words_alone_are_none() -> None:
    text = "They lost their son. Their son was lost; lost\ntheir sons."
    assert matched(text, marks(phrases=(("lost their son", 1),))) == ["lost their son", "lost\ntheir sons"]


def test_a_word_asked_for_beside_the_phrase_is_marked_everywhere() -> None:
    text = "They lost their son, and were lost."
    assert matched(text, marks("lost", phrases=(("lost their son", 1),))) == ["lost their son", "lost"]


@pytest.mark.parametrize(("slop", "found"), [(1, []), (2, []), (3, ["storm of the year"]), (9, ["storm of the year"])])
def test_slop_marks_from_the_first_word_to_the_last(slop: int, found: list[str]) -> None:
    assert matched("The storm of the year.", marks(phrases=(("storm year", slop),))) == found


def test_a_phrase_may_repeat_a_word_and_overlap_itself() -> None:
    assert matched("very very very good", marks(phrases=(("very very", 1),))) == ["very very very"]
    assert matched("very good", marks(phrases=(("very very", 1),))) == []


@given(
    st.lists(st.sampled_from("abc"), max_size=12),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3),
    st.integers(1, 3),
)
def test_phrases_begin_where_a_scan_finds_them(words: list[str], phrase: list[str], slop: int) -> None:
    """A match covers every position at which the definition of a phrase with slop says that one begins."""

    def begins(position: int, rest: list[str]) -> bool:
        if words[position] != rest[0]:
            return False
        reach = range(position + 1, min(position + slop + 1, len(words)))
        return len(rest) == 1 or any(begins(other, rest[1:]) for other in reach)

    text = " ".join(words)
    found = find_matches(spans(text), Marks(phrases=((tuple(phrase), slop),)), str)
    expected = {2 * position for position in range(len(words)) if begins(position, phrase)}
    covered = {place for match in found for place in range(match.start, match.end, 2)}
    assert {match.start for match in found} <= expected <= covered


@given(
    st.lists(st.sampled_from("abcd"), max_size=10),
    st.lists(st.sets(st.sampled_from("abcd"), min_size=1, max_size=3), min_size=2, max_size=4),
    st.integers(1, 3),
    st.booleans(),
)
def test_series_begin_where_a_scan_finds_them(
    words: list[str], choices: list[set[str]], slop: int, ordered: bool
) -> None:
    """Each place has its own word, at most `slop` behind the one before, in the order given or in any."""

    def begins(position: int, left: list[set[str]]) -> bool:
        for number, place in enumerate(left[:1] if ordered else left):
            rest = left[:number] + left[number + 1 :]
            reach = range(position + 1, min(position + slop + 1, len(words)))
            if words[position] in place and (not rest or any(begins(other, rest) for other in reach)):
                return True
        return False

    text = " ".join(words)
    wanted = Marks(series=((tuple(map(frozenset, choices)), slop, ordered),))
    found = find_matches(spans(text), wanted, str)
    expected = {2 * position for position in range(len(words)) if begins(position, choices)}
    covered = {place for match in found for place in range(match.start, match.end, 2)}
    assert {match.start for match in found} <= expected <= covered
    assert all(match.keys == frozenset(wanted.series) for match in found)


def test_fear_of_many_words_in_any_order() -> None:
    text = "storm rain hail sun wind ice snow fog " * 2_000
    words = [frozenset([word]) for word in text.split()[:8]]
    assert find_matches(spans(text), Marks(series=((tuple(words), 100, False),)), str)


def test_offsets_are_of_the_original_text() -> None:
    text = "Ünïcode ﬁsh: “ÉTÉ” and 𝔽 été"
    assert matched(text, marks("ete")) == ["ÉTÉ", "été"]


STORY = (
    "The harbour slept. A storm came up at ten. Boats were lost in the storm and the rain.\n\n"
    "Nothing moved at noon. The mayor spoke of a storm. Rain fell on the harbour again and again. The end."
)


def test_the_best_window_has_most_distinct_words_then_most_matches_then_stands_first() -> None:
    assert best(STORY, marks("storm"), sentences=1) == ["A **storm** came up at ten."]
    assert best(STORY, marks("storm", "rain"), sentences=1) == ["Boats were lost in the **storm** and the **rain**."]
    assert best(STORY, marks("storm")) == ["A **storm** came up at ten. Boats were lost in the **storm** and the rain."]
    assert best(STORY, marks("mayor", "again")) == [
        "The **mayor** spoke of a storm. Rain fell on the harbour **again** and **again**."
    ]


def test_a_window_begins_with_a_match_except_at_the_end_of_the_text() -> None:
    assert best(STORY, marks("mayor")) == ["The **mayor** spoke of a storm. Rain fell on the harbour again and again."]
    assert best(STORY, marks("end")) == ["Rain fell on the harbour again and again. The **end**."]


def test_several_snippets_come_best_first_and_share_no_sentence() -> None:
    """The first snippets of many are those that are shown when fewer are wanted."""
    three = best(STORY, marks("storm", "rain"), 3, sentences=1)
    assert three == [
        "Boats were lost in the **storm** and the **rain**.",
        "A **storm** came up at ten.",
        "The mayor spoke of a **storm**.",
    ]
    assert best(STORY, marks("storm", "rain"), 2, sentences=1) == three[:2]
    assert len(best(STORY, marks("storm"), 9, sentences=9)) == 1


def test_without_a_match_the_text_begins() -> None:
    """Only the title matched, or only a date was asked for."""
    assert best(STORY, marks("absent")) == best(STORY, Marks()) == ["The harbour slept. A storm came up at ten."]
    assert best("", marks("absent")) == best(" \n", Marks()) == []


def test_a_headline_is_a_sentence_of_its_own() -> None:
    assert best("Storm in Brannock\n\nIt rained a lot.", marks("storm"), sentences=1) == ["**Storm** in Brannock"]


def test_a_long_sentence_is_cut_at_blanks_around_its_matches() -> None:
    text = " ".join(f"word{number}" for number in range(300)) + " needle " + "more " * 300 + "haystack"
    (snippet,) = best(text, marks("needle"))
    assert re.fullmatch(r"… word\d+ .* word299 \*\*needle\*\* more .* more …", snippet)
    assert LONGEST_SENTENCE / 2 < len(snippet) <= LONGEST_SENTENCE + len("… **** …")
    assert best(text, marks("haystack"))[0].endswith(" more **haystack**")
    assert best(text, Marks())[0].startswith("word0 word1 ")


@pytest.mark.parametrize("word", ["x" * 1_000_000, "選" * 5_000, "x-" * 5_000])
def test_a_word_longer_than_the_snippet_is_cut_hard(word: str) -> None:
    wanted = Marks(frozenset(form for form, _, _ in spans(word)))
    for text in (word, f"The word {word} is long."):
        (snippet,) = snippets(text, find_matches(spans(text), wanted, str))
        assert len(snippet.replace("*", "")) <= LONGEST_SENTENCE + len("…  …")


def test_markups() -> None:
    text = 'Is <b>R&D</b> "fun"? It\'s storm.'
    found = find_matches(spans(text), marks("storm", "r"), term_of)
    one = {markup: snippets(text, found, markup=markup)[0] for markup in ("markdown", "html", "ansi", "plain")}
    assert one["markdown"] == 'Is <b>**R**&D</b> "fun"? It\'s **storm**.'
    assert one["html"] == "Is &lt;b&gt;<mark>R</mark>&amp;D&lt;/b&gt; &quot;fun&quot;? It&#x27;s <mark>storm</mark>."
    assert html.unescape(re.sub("</?mark>", "", one["html"])) == one["plain"] == text
    assert re.sub("\x1b\\[[0-9;]*m", "", one["ansi"]) == text != one["ansi"]
    assert snippets(text, found, markup=("[", "]"))[0] == 'Is <b>[R]&D</b> "fun"? It\'s [storm].'
    with pytest.raises(ValueError, match="markdown"):
        snippets(text, found, markup="latex")


@pytest.mark.parametrize(("n", "sentences"), [(0, 1), (1, 0), (-1, 2)])
def test_numbers_below_one_are_refused(n: int, sentences: int) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        snippets("Text.", [], n, sentences=sentences)


HOSTILE = "A \x1b[31mstorm\x1b]0;title\x07 \x9b2J\x00\u202eevil\u2066 rain\r\nnext\x85line"


@pytest.mark.parametrize("markup", ["markdown", "html", "plain", ("<", ">")])
def test_nothing_in_an_article_steers_a_terminal(markup: str | tuple[str, str]) -> None:
    found = find_matches(spans(HOSTILE), marks("storm", "rain"), term_of)
    shown = [highlight(HOSTILE, found, markup), *snippets(HOSTILE, found, markup=markup), printable(HOSTILE)]
    for text in (*shown, first_words(HOSTILE, 100)):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert "storm" in text


def test_highlight_keeps_the_text_and_its_lines() -> None:
    found = find_matches(spans(STORY), marks("storm", "rain"), term_of)
    assert highlight(STORY, found, ("", "")) == STORY
    assert highlight(STORY, found).count("**") == 2 * len(found)
    assert highlight("", []) == ""


@given(st.text(max_size=300), st.integers(1, 3), st.integers(1, 3), st.randoms(use_true_random=False))
def test_snippets_of_any_text_are_parts_of_it(text: str, n: int, sentences: int, choice: random.Random) -> None:
    """Whatever the text: every snippet is found in it, up to blanks, and nothing raises."""
    tokens = spans(text)
    wanted = Marks(frozenset(choice.sample([form for form, _, _ in tokens], min(len(tokens), 3))))
    found = find_matches(tokens, wanted, str)
    clean = " ".join(printable(text).split())
    shown = snippets(text, found, n, sentences=sentences, markup="plain")
    assert len(shown) <= n
    for snippet in shown:
        assert " ".join(snippet.removeprefix("… ").removesuffix(" …").split()).replace(" ", "") in clean.replace(
            " ", ""
        )
    marked = snippets(text, found, n, sentences=sentences, markup=("\x02", "\x03"))
    assert [one.replace("\x02", "").replace("\x03", "") for one in marked] == shown
    if found:
        assert "\x02" in marked[0]


def test_matches_never_overlap() -> None:
    text = "a b c a b c"
    found = find_matches(spans(text), marks("b", phrases=(("a b", 1), ("b c", 1))), str)
    assert [(match.start, match.end) for match in found] == [(0, 5), (6, 11)]
    assert all(isinstance(match, Match) and len(match.keys) == 3 for match in found)


def test_first_words() -> None:
    assert first_words("One two three", 20) == "One two three"
    assert first_words("One two three", 9) == "One two …"
    assert first_words("One\n\ntwo", 9) == "One two"
    assert first_words("Unbroken" * 9, 8) == "Unbroken …"
    assert first_words("", 8) == ""


def test_fear_of_many_matches() -> None:
    """A megabyte in which every word matches takes time in proportion."""
    text = "storm rain. " * 80_000
    found = find_matches(spans(text), marks("storm", "rain"), term_of)
    assert len(found) == 160_000
    assert snippets(text, found, 1) == ["**storm** **rain**. **storm** **rain**."]


@pytest.mark.parametrize("between", [". ", ".\n\n", " ", "... -- "])
def test_among_very_many_matches_the_best_window_is_found(between: str) -> None:
    """Only some of a thousand matches are looked at closely; those with the most distinct words are among them."""
    filler = " ".join(["Storm", *["word"] * 30]) + between
    text = filler * 500 + "Storm, rain and hail" + between + filler * 500
    found = find_matches(spans(text), marks("storm", "rain", "hail"), term_of)
    assert len(found) > 1000
    assert "**Storm**, **rain** and **hail**" in snippets(text, found, 1, sentences=1)[0]
    assert len(snippets(text, found, 5, sentences=1)) == 5


def exhaustive(text: str, matches: list[Match], n: int, sentences: int) -> list[tuple[int, int]]:
    """The spans of the best windows, every one tried: from each sentence that holds a match, as the module says."""
    all_sentences = [span for paragraph in paragraph_spans(text) for span in sentence_spans(text, *paragraph)]
    tried = []
    for first, (start, end) in enumerate(all_sentences):
        if any(start <= match.start < end for match in matches):
            first = min(first, max(len(all_sentences) - sentences, 0))
            window = all_sentences[first : first + sentences]
            inside = [match for match in matches if window[0][0] <= match.start < window[-1][1]]
            distinct = {key for match in inside for key in match.keys}
            tried.append((-len(distinct), -len(inside), window[0][0], window[-1][1]))
    chosen: list[tuple[int, int]] = []
    for _, _, start, end in sorted(tried):
        if all(end <= other[0] or other[1] <= start for other in chosen):
            chosen.append((start, end))
    return chosen[:n]


SOME_WORDS = ["storm", "rain", "hail", "sun", "wind", "a.m.", "Dr.", "end.", "stop!", "why?"]
SOME_TEXT = st.lists(st.lists(st.sampled_from(SOME_WORDS), min_size=1, max_size=9), min_size=1, max_size=12).map(
    lambda paragraphs: "\n\n".join(" ".join(words).capitalize() for words in paragraphs)
)


@given(SOME_TEXT, st.integers(1, 4), st.integers(1, 3))
def test_no_better_window_is_left_out(text: str, n: int, sentences: int) -> None:
    """Paragraphs that cannot hold one of the best are not looked at, and nothing changes by that."""
    matches = find_matches(spans(text), marks("storm", "rain", "hail", phrases=(("sun wind", 1),)), str)
    found = passages(text, matches, n, sentences=sentences)
    if matches:
        assert [(passage.start, passage.end) for passage in found] == exhaustive(text, matches, n, sentences)
    scores = [passage.score for passage in found]
    assert scores == sorted(scores, reverse=True)


@given(SOME_TEXT, st.integers(1, 4))
def test_passages_are_slices_of_the_text(text: str, n: int) -> None:
    """Offsets count the characters of the original text, marks are the matches inside, snippets show the same."""
    matches = find_matches(spans(text), marks("storm", phrases=(("rain hail", 1),)), str)
    found = passages(text, matches, n)
    for passage in found:
        assert passage.text == text[passage.start : passage.end] != ""
        assert passage.marks == tuple((m.start, m.end) for m in matches if passage.start <= m.start < passage.end)
        assert {text[start:end].lower().split()[0] for start, end in passage.marks} <= {"storm", "rain"}
    shown = snippets(text, matches, n, markup="plain")
    assert [" ".join(passage.text.split()) for passage in found] == shown
