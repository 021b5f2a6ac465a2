"""Articles from files: plain text, JSON Lines, JSON, CSV and TSV, each as it is or as .gz or .zst.

Read in this order: `find` turns what the caller names into single sources, `streams` turns a source into checked UTF-8
bytes, one module for each form (`text`, `jsonl`, `table`) turns bytes into articles or into the errors that stand in
their place, and `reading` decides, by `on_error`, what becomes of an error.
"""

from searchkit.sources.reading import ReadArticles, read_articles
from searchkit.sources.report import ReadReport

__all__ = ["ReadArticles", "ReadReport", "read_articles"]
