"""Whole sentences, for snippets: NLTK's Punkt with parameters of our own, so that nothing is downloaded.

A text is first cut into paragraphs, and no sentence reaches from one into the next:

    text       := paragraph (paragraph break paragraph)*
    paragraph  := sentence+            spans of characters of the text, outer blanks left out
    break      := an empty line, or the end of a line that is not a wrapped line (see `paragraph_spans`)

Punkt decides at each full stop. Trained by nobody, it knows what `PunktParameters` say: abbreviations, words that
begin a sentence even after one ("at 5 p.m. The"), and pairs that never part ("Dr. He", "No. 7"). Importing NLTK takes
half a second, which is long for a command line, so `_plain_breaks` restates the decision for ordinary stops and gives
up, with None, at everything odd (dots in a row, dashes, stray quotes); only then is Punkt loaded and asked. A test
holds the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from typing import Any

__all__ = ["paragraph_spans", "sentence_spans"]

Span = tuple[int, int]

PIECE = 2_000  # characters given to Punkt at once: its time may grow with the square of them
LONGEST_PARAGRAPH = 4_000  # characters; a longer one is taken for several
LONGEST_WORD = 200  # characters without a blank that are looked at to decide about the stop behind them
WRAPPED_LINE = range(40, 101)  # characters of a line that a mail program or an editor may have wrapped


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words("""
    adm amb atty brig capt cmdr col cpl det dr esq fr gen gov hon insp lt maj messrs mlle mme mr mrs ms msgr mx ofc pres
    prof rep reps rev sen sens sgt sra srta st supt
""")
MONTHS_AND_DAYS = _words("jan feb apr jun jul aug sep sept oct nov dec mon tue tues thu thur thurs fri")  # but no words
NAMES_AND_PLACES = _words("""
    inc ltd corp co cos bros dept univ assn intl natl govt ave blvd rd hwy mt ft jr sr
    ala ariz calif colo conn fla ga kan ky md mich minn neb nev okla pa penn tenn tex va vt wis wyo
""")
WRITING = _words("""
    al approx ca cf ch cong ed eds eq eqs est etc ex fig figs misc op pp pt ref refs res resp sess tel trans viz vol
    vols vs bzw evtl ggf inkl nr usw zzgl
""")
DOTTED = _words("""
    a.d a.k.a a.m b.a b.c b.c.e b.s b.sc c.e d.c d.h e.g e.u h.con h.j h.r i.e j.d j.p l.a ll.b m.a m.b.a m.d m.p
    m.sc n.b n.c n.d n.h n.j n.m n.y p.m p.s ph.d r.i r.i.p r.n s.c s.con s.d s.j u.a u.k u.n u.s u.s.a u.s.c u.s.s
    u.s.s.r w.va z.b
""")
ABBREVIATIONS = TITLES | MONTHS_AND_DAYS | NAMES_AND_PLACES | WRITING | DOTTED
STARTERS = _words("""
    a according after all also although an and another as asked at because before both but by despite during each even
    first for from he her his how however if in instead it its last later many meanwhile more most my next now on once
    one only our she since so some still such that the their then there these they this those though through to today
    under until we what when where whether which while why with yesterday yet you
""")
NUMBER = "##number##"  # Punkt's name for any number
PAIRS = frozenset(product(TITLES, STARTERS)) | frozenset(
    (word, NUMBER) for word in ("art", "no", "nos", "p", "para", "sec")
)

# What Punkt is shown, character for character as long as the text: every blank a space, every quote a straight one.
# A quote that opens becomes a double one, because Punkt takes a straight single one for part of the word.
_PLAIN = {ord(blank): " " for blank in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"}
_PLAIN |= dict.fromkeys(range(0x2000, 0x200B), " ")
_PLAIN |= dict.fromkeys(map(ord, "“”„‟«»‘‚‹「『"), '"') | dict.fromkeys(map(ord, "’›」』"), "'")

_BLANK = re.compile(r"\s")
_EMPTY_LINE = re.compile(r"\n[^\S\n]*\n\s*")
# Stops that need no blank behind them, with the quotes and brackets that close after them.
_FULL_WIDTH_END = re.compile(r"[。！？｡؟۔।]+[\"')\]}）]*")

_NON_WORD = r")\";}\]*:@'({\[?!"  # as Punkt has it, without the curly quotes that newer releases add
_MARKS = "\"')]},;:*@"  # punctuation behind a word that is none of its own
_CANDIDATE = re.compile(rf"[.?!](?=[\s{_NON_WORD}])")
_ORDINARY = re.compile(r"[.?!]([\"')\]}]*)(?: +(?=[^\s;:,.!?])|$)")
# Behind a stop without a blank: what no sentence begins with.
_GLUED = re.compile(r"[\"')\]}]*(?:[,;:]|[)\]}](?!--)(?=\S))")
_WORD_END = re.compile(rf"[^\s{_NON_WORD}]*$")
_WORD = re.compile(rf"[^\s{_NON_WORD}]+")
_STOP_WITHIN = re.compile(rf"\S*?(?:[.?!](?:[{_NON_WORD},]+[^\s\"')\]}},;:*@]|-)|\.\.)")
_ODD_BEFORE_STOP = re.compile(rf"--|[?!]|\.(?:[{_NON_WORD},.]|$)")
_NUMBER = re.compile(r"-?[.,]?\d[\d,.\-]*")
_STRAY_CLOSER = re.compile(r"[\"')\]}]+(?: |--|$)")


def paragraph_spans(text: str) -> list[Span]:
    """The paragraphs of a text, without outer blanks.

    An empty line ends one. So does the end of a line, except after one of 40 to 100 characters that ends in a letter,
    a digit or a comma: that line was wrapped. One over LONGEST_PARAGRAPH characters is cut behind a stop, or else at a
    blank, so that finding a sentence in a text without paragraphs does not mean cutting all of it.
    """
    spans: list[Span] = []
    for start, end in _between(text, _EMPTY_LINE):
        line = start
        while (newline := text.find("\n", line, end)) >= 0:
            last = text[line:newline].rstrip()[-1:]
            if newline - line not in WRAPPED_LINE or not (last.isalnum() or last == ","):
                spans += _shortened(text, start, newline)
                start = newline + 1
            line = newline + 1
        spans += _shortened(text, start, end)
    return [span for span in (_strip(text, start, end) for start, end in spans) if span[0] < span[1]]


def sentence_spans(text: str, start: int, end: int) -> list[Span]:
    """The sentences of the paragraph text[start:end], as spans of the text, in order, without outer blanks."""
    plain = text[start:end]
    ascii = plain.isascii()
    if not (ascii and plain.isprintable()):  # of ASCII, only blanks that are not printable are shown otherwise
        plain = plain.translate(_PLAIN)
    spans = []
    for part in [(0, len(plain))] if ascii else _between(plain, _FULL_WIDTH_END, keep=True):
        left, right = _strip(plain, *part)
        if left < right:
            spans += [(start + a, start + b) for a, b in _spans_of_part(plain, left, right)]
    return spans


def _shortened(text: str, start: int, end: int) -> Iterator[Span]:
    """The paragraph text[start:end], in pieces if it is too long; no word is cut and no short rest left."""
    while end - start > LONGEST_PARAGRAPH:
        middle, last = start + LONGEST_PARAGRAPH // 2, start + LONGEST_PARAGRAPH
        for mark in (". ", "。", " "):
            cut = text.rfind(mark, middle, last)
            if cut >= 0:
                break
        else:
            blank = _BLANK.search(text, last, end)
            if blank is None:
                break
            mark, cut = " ", blank.start()
        if end - cut < LONGEST_PARAGRAPH // 2:
            break
        yield start, cut + len(mark)
        start = cut + len(mark)
    yield start, end


def _spans_of_part(plain: str, start: int, end: int) -> list[Span]:
    breaks = _plain_breaks(plain[start:end])
    if breaks is not None:
        starts = [0, *(next_start for _, next_start in breaks)]
        ends = [*(sentence_end for sentence_end, _ in breaks), end - start]
        return [(start + a, start + b) for a, b in zip(starts, ends, strict=True)]
    spans: list[Span] = []
    while start < end:
        cut = _piece_end(plain, start, end)
        left, right = _strip(plain, start, cut)
        spans += (
            (left + a, left + b) for a, b in _joined(plain[left:right], _punkt().span_tokenize(plain[left:right]))
        )
        start = cut
    return spans


def _piece_end(plain: str, start: int, end: int) -> int:
    """Where to end a piece for Punkt: at most PIECE characters on; behind a stop or at a blank if there is one."""
    if end - start <= PIECE:
        return end
    for mark in (". ", " "):
        cut = plain.rfind(mark, start + PIECE // 2, start + PIECE)
        if cut >= 0:
            return cut + len(mark)
    return start + PIECE


def _joined(piece: str, spans: Iterable[Span]) -> list[Span]:
    """Punkt's sentences, without the breaks inside a word: `(D-Xy.), who` is no end."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and joined[-1][1] == start and _GLUED.match(piece, start):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _plain_breaks(piece: str) -> list[Span] | None:
    """Where sentences end and the next ones start, decided as Punkt would; None if any stop is not an ordinary one.

    Requires: no blanks but spaces, none at either end.
    """
    breaks = []
    for candidate in _CANDIDATE.finditer(piece):
        stop = candidate.start()
        ordinary = _ORDINARY.match(piece, stop)
        if ordinary is None:
            if piece[stop] == "." and _GLUED.match(piece, stop + 1):
                continue
            return None
        if ordinary.end() == len(piece):
            break
        following = _token_after_stop(piece, ordinary)
        ends = None if following is None else _ends_sentence(piece, stop, following)
        if ends is None or (ends and _STRAY_CLOSER.match(piece, ordinary.end())):
            return None
        if ends:
            breaks.append((ordinary.end(1), ordinary.end()))
    return breaks


def _ends_sentence(piece: str, stop: int, following: str) -> bool | None:
    """Whether the stop at `stop` ends a sentence when the token `following` comes next, None if Punkt is to say."""
    if piece[stop] != ".":
        return True
    blank = piece.rfind(" ", max(0, stop - LONGEST_WORD), stop)
    word = _token_before_stop(piece[blank + 1 : stop]) if blank >= 0 or stop < LONGEST_WORD else None
    if word is None or (len(word) == 1 and word.isnumeric() and not word.isdecimal()):  # ½: releases of NLTK differ
        return None
    kind = NUMBER if _NUMBER.fullmatch(word) else word.lower()
    abbreviation = _is_abbreviation(kind)
    starter = following.lower()
    if starter.endswith(".") and not _is_abbreviation(starter[:-1]):
        starter = starter[:-1]
    if _NUMBER.fullmatch(following):
        starter = NUMBER
    if (kind, starter) in PAIRS:
        return False
    initial = len(word) == 1 and (word.isalpha() or word == "_")
    upper = following[0].isupper()
    if kind == NUMBER or initial:
        return not (following[0].islower() or (initial and upper) or abbreviation)
    return not abbreviation or (upper and starter in STARTERS)


def _token_before_stop(chunk: str) -> str | None:
    """The last token, as Punkt cuts them, of a run without blanks that a full stop follows; "" if the stop is one."""
    if chunk.isalpha():  # most are
        return chunk
    if _ODD_BEFORE_STOP.search(chunk):
        return None
    match = _WORD_END.search(chunk)
    assert match is not None
    word = match.group()
    if chunk[: match.start()].endswith("'"):
        return "'" + word
    return word.lstrip("`&#-,")


def _token_after_stop(piece: str, ordinary: re.Match[str]) -> str | None:
    """The first token, as Punkt cuts them, behind the stop: a quote or bracket that closes, or the next word."""
    if ordinary.group(1):
        return ordinary.group(1)[0]
    blank = piece.find(" ", ordinary.end())
    whole = piece[ordinary.end() : blank if blank >= 0 else len(piece)]
    if whole.isalpha():
        return whole
    first = piece[ordinary.end()]
    match = _WORD.match(piece, ordinary.end())
    if _STOP_WITHIN.match(piece, ordinary.end()):
        return None
    if match is None or first in "`&#-":
        return first
    word = match.group().partition("--")[0]
    return None if word.endswith(",,") else word.removesuffix(",")


def _is_abbreviation(word: str) -> bool:
    return word in ABBREVIATIONS or word.rpartition("-")[2] in ABBREVIATIONS


@cache
def _punkt() -> Any:
    """The sentence tokenizer; the first call imports NLTK."""
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    class Tokenizer(PunktSentenceTokenizer):  # type: ignore[misc]
        def text_contains_sentbreak(self, text: str) -> bool:
            """Whether the stop in `text`, a word with its stop and what follows, ends a sentence.

            Punkt would also take the stop of the following word for it, where a quote closes behind (`Mr. Smith."`).
            """
            before, space, following = text.rpartition(" ")
            if space:
                text = before + space + (following.rstrip(_MARKS) or following)
            return bool(super().text_contains_sentbreak(text))

    parameters = PunktParameters()
    parameters.abbrev_types = set(ABBREVIATIONS)
    parameters.sent_starters = set(STARTERS)
    parameters.collocations = set(PAIRS)
    return Tokenizer(parameters)


def _between(text: str, separator: re.Pattern[str], *, keep: bool = False) -> list[Span]:
    """The stretches between matches of `separator`; with `keep` each match belongs to the stretch before it."""
    matches = list(separator.finditer(text))
    starts = [0, *(match.end() for match in matches)]
    ends = [*(match.end() if keep else match.start() for match in matches), len(text)]
    return list(zip(starts, ends, strict=True))


def _strip(text: str, start: int, end: int) -> Span:
    stretch = text[start:end]
    left = len(stretch) - len(stretch.lstrip())
    return start + left, start + max(len(stretch.rstrip()), left)
