"""The analyzer: how text becomes terms. Text -> tokens with folded forms (compiled core) -> stems (languages.py).

An index stores its analyzer as JSON, with all that it needs to be the same again: the rules of the tokenizer by number,
the stemmer by the fingerprint of what it does. Making an analyzer from that JSON loads no stemmer; the first word that
must be stemmed does, and checks then that it is the one the index was built with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from searchkit.analysis import languages
from searchkit.core import tokens
from searchkit.errors import FormatVersion

__all__ = ["TOKENIZER_VERSION", "Analyzer"]

# The rules of docs/text.md. 1: first.
TOKENIZER_VERSION = 1

_NONE = "none"


@attrs.frozen
class Analyzer:
    """Make one with `named` (a new index) or `from_json` (one that exists)."""

    name: str = attrs.field(validator=attrs.validators.instance_of(str))
    """A language, "none", or "package.module:callable"."""
    fold_accents: bool = attrs.field(default=True, validator=attrs.validators.instance_of(bool))
    """Whether é is the same letter as e."""
    stemmer_version: str = attrs.field(default="", validator=attrs.validators.instance_of(str))
    """The fingerprint of the stemmer: 16 hexadecimal digits, or "" for "none"."""

    @classmethod
    def named(cls, name: str, fold_accents: bool = True) -> Analyzer:
        """The analyzer of that name, for a new index. Loads the stemmer to take its fingerprint.

        Raises AnalyzerError (a ValueError) that lists the names, or says why a callable cannot be had.
        """
        if not isinstance(name, str):
            raise languages.AnalyzerError(f"an analyzer is given by its name, a str, not {type(name).__name__}")
        if name == _NONE:
            return cls(name, fold_accents)
        if name not in languages.LANGUAGES:
            languages.permit(name)
        return cls.installed(name, fold_accents)

    @classmethod
    def installed(cls, name: str, fold_accents: bool = True) -> Analyzer:
        """The same for a name from a file: code that no program has asked for is not run. Raises AnalyzerError."""
        return cls(name, fold_accents, "" if name == _NONE else languages.load(name).fingerprint)

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Analyzer:
        """The analyzer that `to_json` gave. Imports nothing.

        Raises FormatVersion if its tokens were made by other rules, AnalyzerError if it is no analyzer at all.
        """
        if stored.get("tokenizer") != TOKENIZER_VERSION:
            raise FormatVersion(
                f"tokenizer {stored.get('tokenizer')}",
                f"tokenizer {TOKENIZER_VERSION}",
                "`searchkit upgrade` indexes its stored articles again, or use the version of searchkit that wrote it",
            )
        try:
            return cls(stored["name"], stored["fold_accents"], stored["stemmer"])  # type: ignore[arg-type]
        except (KeyError, TypeError) as error:
            raise languages.AnalyzerError(f"not an analyzer: {dict(stored)!r}") from error

    def to_json(self) -> dict[str, str | bool | int]:
        """What `from_json` takes: plain JSON values."""
        return {
            "name": self.name,
            "fold_accents": self.fold_accents,
            "stemmer": self.stemmer_version,
            "tokenizer": TOKENIZER_VERSION,
        }

    def forms(self, text: str) -> list[str]:
        """The folded form of each token of the text."""
        return tokens.forms(text, self.fold_accents)

    def spans(self, text: str) -> list[tuple[str, int, int]]:
        """(form, start, end) of each token; start and end count the characters of the text."""
        return tokens.spans(text, self.fold_accents)

    @property
    def is_compiled(self) -> bool:
        """Whether forms of a to z and apostrophes may be stemmed by core/english.c. Loads the stemmer to know."""
        return self.name == "english" and self._stemmer().compiled

    def stem(self, forms: Sequence[str]) -> list[str]:
        """The term of each form, in order. What is not a plain word is its own term: see `is_plain`.

        Raises FormatVersion if the stemmer installed here is not that of the index, AnalyzerError if there is none.
        """
        terms = list(forms)
        if self.name == _NONE:
            return terms
        places = [place for place, form in enumerate(terms) if is_plain(form)]
        if not places:
            return terms
        stemmer = self._stemmer()
        if len(places) == len(terms):
            return stemmer.stem(terms)
        for place, term in zip(places, stemmer.stem([terms[place] for place in places]), strict=True):
            terms[place] = term
        return terms

    def _stemmer(self) -> languages.Stemmer:
        """The stemmer installed here. Raises FormatVersion, AnalyzerError."""
        stemmer = languages.load(self.name)
        if stemmer.fingerprint != self.stemmer_version:
            raise FormatVersion(
                f"a stemmer for {self.name} of fingerprint {self.stemmer_version or '(none)'}",
                f"that of fingerprint {stemmer.fingerprint}",
                "install the version of the stemmer's package (for languages: nltk) that it was built with, "
                "have `searchkit upgrade` index its stored articles again with the one installed, "
                "or build the index anew from the articles",
            )
        return stemmer


def is_plain(form: str) -> bool:
    """Whether a form is stemmed: letters and apostrophes only. Numbers, codes (h2o), acronyms (u.s), emoji and words
    with marks of their own (Indic vowel signs) are not.
    """
    return form.isalpha() or ("'" in form and form.replace("'", "").isalpha())
