"""Full-text search inside your Python program: dated articles in; words, phrases and dates out, ranked by exact BM25.

    import searchkit

    index = searchkit.create("indexes/news")
    index.add(searchkit.read_articles("seeds/"))
    for hit in index.search('"storm surge" harbour', since="2021-10", limit=5):
        print(hit.score, hit.date, hit.id, hit.snippet())

Each name is loaded when it is first used (PEP 562), so that importing searchkit costs a program nearly nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        SearchTimeout,
    )
    from searchkit.fields import Boolean, Date, Keyword, Number
    from searchkit.index import Index, create, open
    from searchkit.indexing.repair import RepairReport, repair
    from searchkit.indexing.reports import AddReport, CheckReport, IndexStats
    from searchkit.indexing.upgrade import UpgradeReport, upgrade
    from searchkit.indexing.writer import Writer
    from searchkit.query.complaints import QueryWarning
    from searchkit.query.parse import parse
    from searchkit.ranking import HalfLife, Rm3
    from searchkit.search.explain import Explanation
    from searchkit.search.results import Hit, Results
    from searchkit.search.snippets import Passage
    from searchkit.search.timeline import Bucket, Timeline
    from searchkit.sources import read_articles
    from searchkit.storage.container import Finding

__version__ = "0.1.0"

__all__ = [
    "AddReport",
    "Article",
    "ArticleError",
    "Boolean",
    "Bucket",
    "CheckReport",
    "CommitUnknown",
    "CorruptIndex",
    "Date",
    "DateError",
    "DateInterval",
    "Explanation",
    "Finding",
    "FormatVersion",
    "HalfLife",
    "Hit",
    "Index",
    "IndexExists",
    "IndexLocked",
    "IndexNotFound",
    "IndexStats",
    "Keyword",
    "Number",
    "Passage",
    "QueryError",
    "QueryWarning",
    "RepairReport",
    "Results",
    "Rm3",
    "SearchTimeout",
    "SearchkitError",
    "Timeline",
    "UpgradeReport",
    "Writer",
    "create",
    "open",
    "parse",
    "query",
    "read_articles",
    "repair",
    "upgrade",
]

# The module of each name but `query`, which is one itself.
_HOMES = {
    "article": ("Article",),
    "dates": ("DateInterval",),
    "errors": (
        "ArticleError",
        "CommitUnknown",
        "CorruptIndex",
        "DateError",
        "FormatVersion",
        "IndexExists",
        "IndexLocked",
        "IndexNotFound",
        "QueryError",
        "SearchTimeout",
        "SearchkitError",
    ),
    "fields": ("Boolean", "Date", "Keyword", "Number"),
    "index": ("Index", "create", "open"),
    "indexing.repair": ("RepairReport", "repair"),
    "indexing.reports": ("AddReport", "CheckReport", "IndexStats"),
    "indexing.upgrade": ("UpgradeReport", "upgrade"),
    "indexing.writer": ("Writer",),
    "query.complaints": ("QueryWarning",),
    "query.parse": ("parse",),
    "ranking": ("HalfLife", "Rm3"),
    "search.explain": ("Explanation",),
    "search.results": ("Hit", "Results"),
    "search.snippets": ("Passage",),
    "search.timeline": ("Bucket", "Timeline"),
    "sources": ("read_articles",),
    "storage.container": ("Finding",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "query":
        return import_module("searchkit.query")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'searchkit' has no attribute {name!r}")
    value = getattr(import_module(f"searchkit.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
