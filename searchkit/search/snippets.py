"""What to show of an article for a query: its best sentences, with the matches marked.

    window     consecutive sentences; the first of them holds a match
    passage    a window as it stands in the text, with its matches: for programs
    excerpt    a window as it is shown: blanks run together, an over-long sentence cut down with an ellipsis

The best window holds the most distinct
words and phrases of the query, then the most matches, then stands first. Only paragraphs that hold a match, and their
neighbours where a window reaches over, are cut into sentences; and where matches are very many, only those around which
they stand closest, so that a snippet of a whole book takes little longer than finding its matches.

Article text is not to be trusted with a terminal: control characters, escape sequences and switches of the writing
direction are replaced in everything that is made here; `Article.text` keeps them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

import attrs

from searchkit.analysis.sentences import paragraph_spans, sentence_spans
from searchkit.search.matches import Match

__all__ = [
    "LONGEST_SENTENCE",
    "MARKUPS",
    "Markup",
    "Passage",
    "first_words",
    "highlight",
    "passages",
    "printable",
    "snippets",
]

Span = tuple[int, int]
Markup = str | tuple[str, str]
Window = tuple[int, int, list[Span]]  # distinct words and phrases, matches, sentences

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


@attrs.frozen
class Passage:
    """Consecutive sentences of an article's text, as they stand there. Offsets count the characters of the text."""

    start: int
    end: int
    text: str  # the article's text[start:end]
    marks: tuple[tuple[int, int], ...]  # start and end of each match in it
    score: float  # distinct words and phrases, and as a fraction that nears 1 the matches; 0.0 without any


def passages(text: str, matches: Sequence[Match], n: int = 1, *, sentences: int = 2) -> tuple[Passage, ...]:
    """The `n` best windows of at most `sentences` sentences, best first, no sentence in two of them.

    Fewer where the text has fewer. Without matches: the beginning of the text. Of an empty text: none.
    """
    found = []
    for distinct, count, window in _windows(text, matches, n, sentences):
        start, end = window[0][0], window[-1][1]
        marks = tuple([(match.start, min(match.end, end)) for match in _within(matches, start, end)])
        found.append(Passage(start, end, text[start:end], marks, distinct + count / (count + 1)))
    return tuple(found)


def snippets(
    text: str, matches: Sequence[Match], n: int = 1, *, sentences: int = 2, markup: Markup = "markdown"
) -> list[str]:
    """The same windows as excerpts, with the matches marked."""
    drawing = _drawing(markup)
    windows = _windows(text, matches, n, sentences)
    return [" ".join([_excerpt(text, span, matches, drawing) for span in window]) for _, _, window in windows]


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


class _Outline:
    """The sentences of a text, found paragraph by paragraph as they are asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._paragraphs = paragraph_spans(text)
        self._sentences: dict[int, list[Span]] = {}

    def by_paragraph(self, matches: Sequence[Match]) -> list[Sequence[Match]]:
        """The matches that begin in each paragraph."""
        starts = [match.start for match in matches]
        places = [bisect_left(starts, start) for start, _ in self._paragraphs]
        return [matches[a:b] for a, b in zip(places, [*places[1:], len(matches)], strict=True)]

    def bounds(self, by_paragraph: Sequence[Sequence[Match]], sentences: int) -> list[tuple[tuple[int, int], int]]:
        """Of each paragraph with a match, the best first: how good a window that begins in it can be.

        That is the most distinct words and phrases in it and then the most matches, both negative, so that they rise
        where windows get worse.
        """
        bounds = []
        for paragraph, here in enumerate(by_paragraph):
            if here:
                past = paragraph + sentences
                first = paragraph if past < len(by_paragraph) else max(paragraph - sentences, 0)  # it may reach back
                inside = [match for some in by_paragraph[first:past] for match in some]
                bounds.append(((-_distinct(inside), -len(inside)), paragraph))
        return sorted(bounds)

    def window(self, paragraph: int, position: int, sentences: int) -> list[Span]:
        """The sentence at a character position of a paragraph, and those after it; at the end of the text also those
        before it.
        """
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


def _windows(text: str, matches: Sequence[Match], n: int, sentences: int) -> list[Window]:
    """The best windows of a text, which are its first sentences where nothing matches."""
    if not (isinstance(n, int) and isinstance(sentences, int) and n >= 1 and sentences >= 1):
        raise ValueError(f"n and sentences must be whole numbers, 1 or more, not {n!r} and {sentences!r}")
    outline = _Outline(text)
    if matches:
        return _best_windows(outline, matches, n, sentences)
    beginning = outline.window(0, 0, sentences)
    return [(0, 0, beginning)] if beginning else []


def _best_windows(outline: _Outline, matches: Sequence[Match], n: int, sentences: int) -> list[Window]:
    """The best windows around matches.

    Paragraphs are cut where the best windows may be: a window of so many sentences lies in as many paragraphs at most,
    so that what stands in those tells how good it can be.
    """
    some = _promising(matches) if len(matches) > MANY else matches
    by_paragraph = outline.by_paragraph(some)
    bounds = outline.bounds(by_paragraph if some is matches else outline.by_paragraph(matches), sentences)
    starts = [match.start for match in matches]
    ranked: list[Window] = []
    chosen: list[Window] = []
    for bound, paragraph in bounds:
        if len(chosen) == n and bound > chosen[-1][:2]:
            break
        shown_to = -1  # end of the sentence that began the last window: the matches in it begin no other
        for match in by_paragraph[paragraph]:
            if match.start < shown_to:
                continue
            window = outline.window(paragraph, match.start, sentences)
            shown_to = next((end for start, end in window if start <= match.start < end), match.end)
            inside = matches[bisect_left(starts, window[0][0]) : bisect_left(starts, window[-1][1])]
            insort(ranked, (-_distinct(inside), -len(inside), window))
        chosen = _apart(ranked, n)
    return [(-distinct, -count, window) for distinct, count, window in chosen]


def _apart(ranked: list[Window], n: int) -> list[Window]:
    """The first `n` windows that share no sentence with one before them."""
    chosen: list[Window] = []
    for one in ranked:
        window = one[2]
        if all(window[-1][1] <= other[0][0] or other[-1][1] <= window[0][0] for _, _, other in chosen):
            chosen.append(one)
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
    return len(frozenset().union(*[match.keys for match in matches]))


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
    if text.isprintable() and "  " not in text:  # so most are: of the blanks, only a space is printable
        return text
    return _BLANKS.sub(" ", text).translate(_UNSAFE)
