"""What to show of an article for a query: its best sentences, with the matches marked.

    match      a stretch of the text that the query asked for: a word, or a phrase from its first word to its last
    window     consecutive sentences; the first of them holds a match
    excerpt    a window as it is shown: blanks run together, an over-long sentence cut down with an ellipsis

Matches are found by analysing the article as it was analysed for the index. The best window holds the most distinct
words and phrases of the query, then the most matches, then stands first. Only paragraphs that hold a match, and their
neighbours where a window reaches over, are cut into sentences; and where matches are very many, only those around which
they stand closest, so that a snippet of a whole book takes little longer than finding its matches.

Article text is not to be trusted with a terminal: control characters, escape sequences and switches of the writing
direction are replaced in everything that is made here; `Article.text` keeps them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from searchkit.analysis.sentences import paragraph_spans, sentence_spans

if TYPE_CHECKING:
    from searchkit.search.results import Marks

__all__ = [
    "LONGEST_SENTENCE",
    "MARKUPS",
    "Markup",
    "Match",
    "find_matches",
    "first_words",
    "highlight",
    "printable",
    "snippets",
]

Span = tuple[int, int]
Markup = str | tuple[str, str]

LONGEST_SENTENCE = 400  # characters of one sentence in an excerpt; a longer one is cut around its matches
LEAD = 80  # characters shown before the first match of a sentence that is cut
REACH = 40  # characters within which a cut looks for a blank
MANY = 200  # matches; beyond, windows begin at the most promising ones only
PROMISING = 50  # stretches of LONGEST_SENTENCE characters; each may cost the cutting of a paragraph
ELLIPSIS = "…"

MARKUPS = {
    "markdown": ("**", "**"),
    "html": ("<mark>", "</mark>"),
    "ansi": ("\x1b[1;33m", "\x1b[0m"),
    "plain": ("", ""),
}

# C0 and C1 controls, and what switches the direction of writing
_STEERING = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNSAFE = dict.fromkeys(_STEERING, "\N{REPLACEMENT CHARACTER}")
_UNSAFE |= {ord(blank): " " for blank in "\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"}
_PRINTABLE = {code: replacement for code, replacement in _UNSAFE.items() if chr(code) not in "\n\t"}
_BLANKS = re.compile(r"\s+")


class Match(NamedTuple):
    """A stretch of the text, and the words and phrases of the query that it answers."""

    start: int
    end: int
    keys: frozenset[object]


def find_matches(spans: Sequence[tuple[str, int, int]], marks: Marks, term_of: Callable[[str], str]) -> list[Match]:
    """The matches among the tokens of a text, in order, none overlapping another.

    `spans`: (form, start, end) of each token of the text, all of them and in order. A word that was only asked for as
    part of a phrase is no match outside the phrase.
    """
    in_phrases = {term for terms, _ in marks.phrases for term in terms}
    prefixes = [(prefix, term_of(prefix)) for prefix in marks.prefixes]
    # Few of a text's forms matter, so that the walk over all of its tokens is left to a comprehension.
    answers: dict[str, tuple[str, frozenset[object]]] = {}  # form -> its term, the words and prefixes it answers
    for form in dict.fromkeys(map(itemgetter(0), spans)):
        term = term_of(form)
        keys: set[object] = {term} if term in marks.words else set()
        for prefix in prefixes:
            if term.startswith(prefix[0]) or term == prefix[1]:
                keys.add(prefix)
        if keys or term in in_phrases:
            answers[form] = (term, frozenset(keys))
    positions: dict[str, list[int]] = {term: [] for term in in_phrases}
    found: list[Match] = []
    for position in [position for position, token in enumerate(spans) if token[0] in answers]:
        form, start, end = spans[position]
        term, answered = answers[form]
        if term in in_phrases:
            positions[term].append(position)
        if answered:
            found.append(Match(start, end, answered))
    for phrase in marks.phrases:
        found += [
            Match(spans[first][1], spans[last][2], frozenset([phrase]))
            for first, last in _occurrences(positions, *phrase)
        ]
    return _merged(found)


def snippets(
    text: str, matches: Sequence[Match], n: int = 1, *, sentences: int = 2, markup: Markup = "markdown"
) -> list[str]:
    """The `n` best windows of at most `sentences` sentences as excerpts, best first, no sentence in two of them.

    Fewer where the text has fewer. Without matches: the beginning of the text. Of an empty text: none.
    """
    if not (isinstance(n, int) and isinstance(sentences, int) and n >= 1 and sentences >= 1):
        raise ValueError(f"n and sentences must be whole numbers, 1 or more, not {n!r} and {sentences!r}")
    drawing = _drawing(markup)
    outline = _Outline(text)
    windows = _best_windows(outline, matches, n, sentences) if matches else [outline.window(0, sentences)]
    return [" ".join(_excerpt(text, span, matches, drawing) for span in window) for window in windows if window]


def highlight(text: str, matches: Sequence[Match], markup: Markup = "markdown") -> str:
    """The whole text with its matches marked."""
    return _marked(text, 0, len(text), matches, _drawing(markup), printable)


def printable(text: str) -> str:
    """The text without anything that would steer a terminal: such characters become U+FFFD, odd line ends blanks."""
    return text.translate(_PRINTABLE)


def first_words(text: str, length: int) -> str:
    """The beginning of a text on one line, at most `length` characters and an ellipsis, cut between words."""
    line = _on_one_line(text[: 4 * length]).strip()
    if len(line) <= length:
        return line if len(text) <= 4 * length else f"{line} {ELLIPSIS}"
    cut = line.rfind(" ", 0, length + 1)
    return f"{line[: cut if cut > 0 else length]} {ELLIPSIS}"


def _occurrences(positions: dict[str, list[int]], terms: tuple[str, ...], slop: int) -> list[Span]:
    """First and last position of each occurrence of a phrase; each word is the nearest that leads on to the end."""
    ends = {position: position for position in positions[terms[-1]]}  # position of this word -> that of the last word
    for term in reversed(terms[:-1]):
        following = sorted(ends)
        ends_here = {}
        for position in positions[term]:
            nearest = bisect_right(following, position)
            if nearest < len(following) and following[nearest] - position <= slop:
                ends_here[position] = ends[following[nearest]]
        ends = ends_here
    return list(ends.items())


def _merged(matches: list[Match]) -> list[Match]:
    merged: list[Match] = []
    for match in sorted(matches, key=itemgetter(0, 1)):
        if merged and match.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Match(last.start, max(last.end, match.end), last.keys | match.keys)
        else:
            merged.append(match)
    return merged


class _Outline:
    """The sentences of a text, found paragraph by paragraph as they are asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._paragraphs = paragraph_spans(text)
        self._sentences: dict[int, list[Span]] = {}

    def window(self, position: int, sentences: int) -> list[Span]:
        """The sentence at a character position and those after it; at the end of the text also those before it."""
        paragraph = max(bisect_right(self._paragraphs, position, key=_start) - 1, 0)
        here = self._sentences_of(paragraph)
        first = max(bisect_right(here, position, key=_start) - 1, 0)
        window = here[first : first + sentences]
        after = paragraph + 1
        while len(window) < sentences and after < len(self._paragraphs):
            window += self._sentences_of(after)[: sentences - len(window)]
            after += 1
        while (missing := sentences - len(window)) > 0 and (first > 0 or paragraph > 0):
            if first == 0:
                paragraph -= 1
                here = self._sentences_of(paragraph)
                first = len(here)
            window = here[max(first - missing, 0) : first] + window
            first = max(first - missing, 0)
        return window

    def _sentences_of(self, paragraph: int) -> list[Span]:
        if paragraph >= len(self._paragraphs):
            return []
        if paragraph not in self._sentences:
            self._sentences[paragraph] = sentence_spans(self._text, *self._paragraphs[paragraph])
        return self._sentences[paragraph]


def _best_windows(outline: _Outline, matches: Sequence[Match], n: int, sentences: int) -> list[list[Span]]:
    ranked = []
    shown_to = -1  # end of the sentence that began the last window: the matches in it begin no other
    for match in _promising(matches) if len(matches) > MANY else matches:
        if match.start < shown_to:
            continue
        window = outline.window(match.start, sentences)
        shown_to = next((end for start, end in window if start <= match.start < end), match.end)
        inside = _within(matches, window[0][0], window[-1][1])
        ranked.append((-_distinct(inside), -len(inside), window))
    ranked.sort()
    chosen: list[list[Span]] = []
    for _, _, window in ranked:
        if all(window[-1][1] <= other[0][0] or other[-1][1] <= window[0][0] for other in chosen):
            chosen.append(window)
            if len(chosen) == n:
                break
    return chosen


def _promising(matches: Sequence[Match]) -> list[Match]:
    """The matches in the stretches of the text that begin where most distinct words and phrases are near each other.

    And in the stretch behind each: what makes it promising may stand there.
    """
    best: dict[int, tuple[int, int]] = {}  # number of the stretch -> what stands there
    for match, (distinct, count) in zip(matches, _densities(matches), strict=True):
        stretch = match.start // LONGEST_SENTENCE
        best[stretch] = min(best.get(stretch, (0, 0)), (-distinct, -count))
    chosen = sorted(best, key=lambda stretch: (best[stretch], stretch))[:PROMISING]
    chosen += [stretch + 1 for stretch in chosen]
    among = set(chosen)
    return [match for match in matches if match.start // LONGEST_SENTENCE in among]


def _densities(matches: Sequence[Match]) -> list[tuple[int, int]]:
    """For each match, how many distinct words and phrases and how many matches begin in the stretch that it begins.

    The stretch is what is shown of a sentence that is cut there: LONGEST_SENTENCE - LEAD characters.
    """
    densities = []
    inside: dict[object, int] = {}  # how often each key is in the stretch
    after = 0  # the first match behind the stretch
    for first, match in enumerate(matches):
        while after < len(matches) and matches[after].start < match.start + LONGEST_SENTENCE - LEAD:
            for key in matches[after].keys:
                inside[key] = inside.get(key, 0) + 1
            after += 1
        densities.append((len(inside), after - first))
        for key in match.keys:
            inside[key] -= 1
            if not inside[key]:
                del inside[key]
    return densities


def _within(matches: Sequence[Match], start: int, end: int) -> Sequence[Match]:
    """The matches that begin in text[start:end]."""
    return matches[bisect_left(matches, start, key=_start) : bisect_left(matches, end, key=_start)]


def _start(stretch: Span | Match) -> int:
    return stretch[0]


def _distinct(matches: Sequence[Match]) -> int:
    return len({key for match in matches for key in match.keys})


class _Drawing(NamedTuple):
    before: str
    after: str
    escape: bool  # for HTML


def _drawing(markup: Markup) -> _Drawing:
    if isinstance(markup, str) and markup in MARKUPS:
        return _Drawing(*MARKUPS[markup], escape=markup == "html")
    if isinstance(markup, tuple | list) and len(markup) == 2 and all(isinstance(mark, str) for mark in markup):
        return _Drawing(*markup, escape=False)
    raise ValueError(f"markup is {', '.join(map(repr, MARKUPS))} or a pair (before, after), not {markup!r}")


def _excerpt(text: str, span: Span, matches: Sequence[Match], drawing: _Drawing) -> str:
    start, end = _cut(text, *span, matches)
    excerpt = _marked(text, start, end, matches, drawing, _on_one_line)
    return (f"{ELLIPSIS} " if start > span[0] else "") + excerpt + (f" {ELLIPSIS}" if end < span[1] else "")


def _cut(text: str, start: int, end: int, matches: Sequence[Match]) -> Span:
    """At most LONGEST_SENTENCE characters of a sentence, cut at blanks where any are near.

    They are those with the most distinct words and phrases, from a little before the first of these on.
    """
    if end - start <= LONGEST_SENTENCE:
        return start, end
    best, first = 0, start
    inside = _within(matches, start, end)
    for match, (distinct, _) in zip(inside, _densities(inside), strict=True):
        if distinct > best:
            best, first = distinct, match.start
    left = max(start, min(first - LEAD, end - LONGEST_SENTENCE))
    if left > start:
        blank = _BLANKS.search(text, left, min(left + REACH, first))
        left = blank.end() if blank else left
    right = min(left + LONGEST_SENTENCE, end)
    if right < end:
        blanks = [blank.start() for blank in _BLANKS.finditer(text, max(right - REACH, left + 1), right + 1)]
        right = blanks[-1] if blanks else right
    return left, right


def _marked(
    text: str, start: int, end: int, matches: Sequence[Match], drawing: _Drawing, clean: Callable[[str], str]
) -> str:
    def shown(left: int, right: int) -> str:
        piece = clean(text[left:right])
        return piece if not drawing.escape else _escaped(piece)

    pieces = []
    position = start
    for place in range(bisect_right(matches, start, key=itemgetter(1)), len(matches)):
        match = matches[place]
        if match.start >= end:
            break
        left, right = max(match.start, start), min(match.end, end)
        pieces += [shown(position, left), drawing.before, shown(left, right), drawing.after]
        position = right
    return "".join([*pieces, shown(position, end)])


def _escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#x27;")
    )


def _on_one_line(text: str) -> str:
    return _BLANKS.sub(" ", text).translate(_UNSAFE)
