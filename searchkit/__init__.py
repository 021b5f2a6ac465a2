"""Full-text search inside your Python program: dated articles in; words, phrases and dates out, ranked by exact BM25.

    import searchkit

    index = searchkit.create("indexes/news")
    index.add(searchkit.read_articles("seeds/"))
    for hit in index.search('"storm surge" harbour', since="2021-10", limit=5):
        print(hit.score, hit.date, hit.id, hit.snippet())
"""

from searchkit import query
from searchkit.article import Article
from searchkit.dates import DateInterval
from searchkit.errors import (
    ArticleError,
    CommitUnknown,
    CorruptIndex,
    DateError,
    FormatVersion,
    IndexExists,
    IndexLocked,
    IndexNotFound,
    QueryError,
    SearchkitError,
)
from searchkit.index import AddReport, CheckReport, Index, IndexStats, create, open
from searchkit.query.parse import parse
from searchkit.search.results import Hit, Results
from searchkit.sources import read_articles

__version__ = "0.1.0"

__all__ = [
    "AddReport",
    "Article",
    "ArticleError",
    "CheckReport",
    "CommitUnknown",
    "CorruptIndex",
    "DateError",
    "DateInterval",
    "FormatVersion",
    "Hit",
    "Index",
    "IndexExists",
    "IndexLocked",
    "IndexNotFound",
    "IndexStats",
    "QueryError",
    "Results",
    "SearchkitError",
    "create",
    "open",
    "parse",
    "query",
    "read_articles",
]
