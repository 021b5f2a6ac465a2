"""What reading leaves behind beside articles: the report for the caller, and the error in place of an article."""

from __future__ import annotations

from collections import Counter

import attrs

from searchkit.article import Article
from searchkit.errors import ArticleError

__all__ = ["ReadReport", "Rejected"]


@attrs.define
class ReadReport:
    """What has been read so far; it grows while the articles are taken.

    read      articles handed out.
    files     files (or streams) begun.
    bytes     bytes of them, after decompression.
    skipped   the errors for which an article, or the rest of a file, was left out.
    undated   the errors in dates whose articles were handed out without one.
    ignored   files in folders and globs that are in no form this reads.
    left_out  values that fit no field (objects, mixed lists, infinite numbers), counted by their key.
    """

    read: int = 0
    files: int = 0
    bytes: int = 0
    skipped: list[ArticleError] = attrs.field(factory=list)
    undated: list[ArticleError] = attrs.field(factory=list)
    ignored: int = 0
    left_out: Counter[str] = attrs.field(factory=Counter)


@attrs.frozen
class Rejected:
    """An error in the place of an article; `undated` is the article without its date, where only that was wrong."""

    error: ArticleError
    undated: Article | None = None
