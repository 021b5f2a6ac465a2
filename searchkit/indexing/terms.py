"""From word forms to terms, as an index keeps them: at build time and at query time alike."""

from __future__ import annotations

from collections.abc import Sequence

from searchkit.analysis.analyzer import Analyzer

__all__ = ["MOST_BYTES", "terms_of"]

# A term is as long as a form at most (searchkit/core/tokenize.h).
MOST_BYTES = 255


def terms_of(analyzer: Analyzer, forms: Sequence[str]) -> list[str]:
    """The term of each form: its stem, cut to 255 bytes of UTF-8; the form itself where a stemmer leaves nothing."""
    return [_fit(stem) or form for stem, form in zip(analyzer.stem(forms), forms, strict=True)]


def _fit(stem: str) -> str:
    if len(stem) * 4 <= MOST_BYTES:
        return stem
    return stem.encode("utf-8", "replace")[:MOST_BYTES].decode("utf-8", "ignore")
