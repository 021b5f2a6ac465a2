"""From text to terms: tokens (compiled), stemming (NLTK's Snowball, loaded late), and the value that names both."""

from __future__ import annotations

from searchkit.analysis.analyzer import TOKENIZER_VERSION, Analyzer
from searchkit.analysis.languages import LANGUAGES, AnalyzerError

__all__ = ["LANGUAGES", "TOKENIZER_VERSION", "Analyzer", "AnalyzerError"]
