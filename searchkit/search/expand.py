"""The words that a pattern stands for, looked up in a snapshot.

A pattern (Prefix, Wildcard, Fuzzy, Regex, TermRange) is about word forms: what stands in live articles, folded and not
stemmed. Postings are kept by term, so it stands for the terms of these forms: `runn*` finds what `running` finds. It
stands for at most 1,024 terms, those of most articles, and all patterns of a query for at most 32,768.

What patterns stand for is kept with the snapshot, like all that is looked up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TypeAlias

from searchkit.analysis.analyzer import Analyzer
from searchkit.core.patterns import Edits
from searchkit.core.patterns import Pattern as WordPattern
from searchkit.errors import QueryError
from searchkit.indexing.snapshot import Snapshot
from searchkit.query.nodes import Prefix, Query
from searchkit.query.patterns import Fuzzy, Regex, TermRange, Wildcard
from searchkit.search.remarks import Remarks

__all__ = ["MOST_EXPANDED", "MOST_EXPANSIONS", "PATTERNS", "Expander", "Pattern"]

MOST_EXPANSIONS = 1024  # terms that one pattern stands for
MOST_EXPANDED = 32 * MOST_EXPANSIONS  # the same of all patterns of a query: each term takes up to 4 KB of memory

Pattern: TypeAlias = Prefix | Wildcard | Fuzzy | Regex | TermRange
PATTERNS = (Prefix, Wildcard, Fuzzy, Regex, TermRange)

_APOSTROPHES = "'’ʼ＇"
_JOINING = frozenset(_APOSTROPHES + ".,")


class Expander:
    """Expands the patterns of one query. `each` is called now and then: it may raise, to end a long one."""

    def __init__(self, snapshot: Snapshot, remarks: Remarks, each: Callable[[], object]) -> None:
        self.snapshot = snapshot
        self.remarks = remarks
        self.each = each
        self.expanded = 0  # terms so far

    def several_words(self, query: Pattern) -> bool:
        """Whether a pattern that begins with a word as it is written begins with several, or with none."""
        return isinstance(query, Prefix | Fuzzy) and len(self.snapshot.analyzer.forms(query.text)) != 1

    def terms(self, query: Pattern, *around: Query) -> list[str] | None:
        """The terms that a pattern stands for, in order of their bytes; None if it was left out, with a warning.

        `around`: what it is a part of, if that may be known in its stead. Requires: not `several_words`.
        """
        most = min(MOST_EXPANSIONS, MOST_EXPANDED - self.expanded)
        if not most:
            what = f"was left out: the patterns before it stand for {MOST_EXPANDED:,} words"
            self.remarks.add("limit", query, what, "left out", query, *around)
            return None
        if isinstance(query, Wildcard):
            self.warn_of_strangers(query, *around)
        try:
            terms, cut = self.known(query)
        except QueryError as error:
            self.remarks.add("pattern", query, f"was left out: {error}", "left out", query, *around)
            return None
        if cut or len(terms) > most:
            done = f"the {most:,} most frequent were searched"
            self.remarks.add("limit", query, f"stands for too many words: {done}", done, query, *around)
            lists = self.snapshot.lists
            terms = tuple(sorted(terms, key=lambda term: (-lists(term).df, term.encode())))[:most]
        self.expanded += len(terms)
        return sorted(terms, key=str.encode)

    def known(self, query: Pattern) -> tuple[tuple[str, ...], bool]:
        """The terms, at most MOST_EXPANSIONS, and whether there are more. Raises QueryError."""
        key = _key(query)
        found = self.snapshot.patterns.get(key)
        if found is None:
            terms, cut = self.look_up(query)
            found = self.snapshot.keep_pattern(key, (tuple(terms), cut))
        return found

    def look_up(self, query: Pattern) -> tuple[list[str], bool]:
        from searchkit.query.regex import read_regex, read_wildcard  # late: most queries hold no pattern
        from searchkit.search.automata import EVERY_WORD, of_beginning, of_tree

        analyzer = self.snapshot.analyzer
        low, high = b"", None
        pattern: WordPattern
        if isinstance(query, Prefix):
            pattern = of_beginning(analyzer.forms(query.text)[0])
        elif isinstance(query, Fuzzy):
            pattern = Edits(analyzer.forms(query.text)[0], query.distance, query.prefix)
        elif isinstance(query, TermRange):
            pattern = of_tree(EVERY_WORD)
            if query.low is not None:
                low = _side(query.low, analyzer) + (b"" if query.include_low else b"\0")
            if query.high is not None:
                high = _side(query.high, analyzer) + (b"\0" if query.include_high else b"")
        elif isinstance(query, Wildcard):
            text = unicodedata.normalize("NFC", query.text)
            pattern = of_tree(read_wildcard(text, lambda letter: _fold(letter, analyzer)))
        else:
            text = unicodedata.normalize("NFC", query.pattern)
            pattern = of_tree(read_regex(text, lambda letter: _fold(letter, analyzer)))
        return self.snapshot.terms_like(pattern, MOST_EXPANSIONS, self.each, low, high)

    def warn_of_strangers(self, query: Wildcard, *around: Query) -> None:
        outside = re.sub(r"\[.[^]]*\]", "", query.text)
        for letter in dict.fromkeys(outside):
            plain = letter.isascii() and letter.isalnum()
            known = plain or letter in "*?" or letter in _JOINING or unicodedata.combining(letter)
            if not known and not self.snapshot.analyzer.forms(letter):
                what = f"finds nothing: no word has {letter!r} in it"
                self.remarks.add("pattern", query, what, "searched as it is written", query, *around)
                return


def _key(query: Pattern) -> tuple[object, ...]:
    """What tells patterns apart that stand for different words."""
    if isinstance(query, Fuzzy):
        return Fuzzy, query.text, query.distance, query.prefix
    if isinstance(query, TermRange):
        return TermRange, query.low, query.high, query.include_low, query.include_high
    return type(query), query.pattern if isinstance(query, Regex) else query.text


def _side(text: str, analyzer: Analyzer) -> bytes:
    """A side of a range, folded as words are; what is not one word, letter by letter."""
    forms = analyzer.forms(text)
    if len(forms) != 1:
        forms = [_fold(letter, analyzer) for letter in unicodedata.normalize("NFC", text)]
    return "".join(forms).encode("utf-8", "replace")


def _fold(letter: str, analyzer: Analyzer) -> str:
    """What stands for a character in the forms of words. What no word holds stands for itself, and matches nothing."""
    forms = analyzer.forms(letter)
    if forms:
        return "".join(forms)
    if letter in _APOSTROPHES:
        return "'"
    return "" if analyzer.fold_accents and unicodedata.combining(letter) else letter
