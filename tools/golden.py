"""Write a golden index: one of the formats of this version, and what it answers, to be read by all later versions.

    python tools/golden.py tests/golden/v2
    python tools/golden.py tests/golden/v2-fingerprints

Run once for each version of the format, by that version, and never again: what a later version would write is not the
point. The articles are the paragraphs of seeds/, so that common words have lists of several blocks; some are deleted,
some replaced, some undated, there are fields of each kind, and there are several segments. `answers.json` has hits with
their scores as hexadecimal floats, exact to the last bit, and facets. A folder called `-fingerprints` gets an index
that keeps them: of fewer paragraphs, some printed again with a word or a sentence more, and the answers tell what is
folded under each hit. tests/test_golden.py reads it all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import searchkit
from searchkit import Article, Boolean, Date, Keyword, Number
from searchkit.core.patterns import Matches
from searchkit.search.automata import of_beginning

SEEDS = Path(__file__).resolve().parent.parent / "seeds"

FIELDS = {
    "seed": Keyword(),
    "tags": Keyword(),
    "paragraph": Number(),
    "share": Number(),
    "first": Boolean(),
    "seen": Date(),
}

# Text, and options of `search`.
QUERIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("storm", {}),
    ("storm surge harbour", {}),
    ("storm surge harbour", {"match": "all"}),
    ("the", {"limit": 30}),
    ("the of and", {"limit": 30}),
    ('"of the"', {"limit": 20}),
    ('"in the" council', {}),
    ('"storm surge"', {}),
    ('"surge storm"~3', {}),
    ("council AND (bridge OR ferry) NOT strike", {}),
    ("title:paragraph mayor", {}),
    ("flood*", {}),
    ("bridge^2.5 engineers", {}),
    ("bridge", {"k1": 2.0, "b": 0.0}),
    ("election ANDMAYBE mayor", {}),
    ("the", {"since": "2020-10", "until": "2021-03", "limit": 20}),
    ("said", {"on": "2020", "dates": "within"}),
    ("said", {"sort": "newest", "limit": 20}),
    ("said", {"sort": "oldest", "limit": 20}),
    ("date:none", {}),
    ("*", {"sort": "oldest", "limit": 5}),
    ('"COVID-19" "four-year-old"', {}),
    ("nowhere_to_be_found", {}),
    ("said", {"where": {"first": True, "tags": ["b", "über"]}}),
    ("said council", {"where": {"seen": "2020-10", "paragraph": [1, 2, 3]}, "dates": "within"}),
    ("*", {"where": {"tags": None, "share": None}, "sort": "-paragraph"}),
    ("storm", {"where": {"paragraph": 2}, "sort": "seen"}),
    ("the", {"sort": "share", "limit": 30}),
    ("the", {"sort": "-tags", "limit": 30}),
)


# Of the index that keeps fingerprints.
FOLDED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("storm surge harbour", {}),
    ("storm surge harbour", {"collapse": "near"}),
    ("council", {"collapse": "near", "limit": 30}),
    ("the", {"collapse": "near", "sort": "newest", "limit": 40}),
)


def articles() -> list[Article]:
    found = []
    for article in searchkit.read_articles(SEEDS):
        for number, paragraph in enumerate(filter(None, article.text.split("\n\n")), 1):
            date = None if number % 9 == 0 else article.date
            title = article.title if number == 1 else f"Paragraph {number}" if number % 3 == 0 else ""
            fields: dict[str, Any] = {"seed": article.id, "paragraph": number, "first": number == 1}
            if number % 4:
                fields["tags"] = ["über", "b", "b", f"of {number}"][: number % 4]
                fields["share"] = [number / 7, -1.5]
            if article.date is not None and number % 5:
                fields["seen"] = str(article.date)
            found.append(Article(paragraph, id=f"{article.id}/{number}", title=title, date=date, fields=fields))
    return found


def printed_again(every: list[Article]) -> list[Article]:
    """Some paragraphs, and some of these as another paper has them."""
    some = every[::4]
    a_word = [Article(f"Update: {article.text}", id=f"{article.id}/word", date=article.date) for article in some[::5]]
    more = [
        Article(f"{article.text} This was first said on Monday.", id=f"{article.id}/more", date=article.date)
        for article in some[::15]
    ]
    return some + a_word + more


def answer(index: searchkit.Index, text: str, options: dict[str, Any]) -> dict[str, Any]:
    results = index.search(text, **options)
    return {
        "query": text,
        "options": options,
        "total": results.total,
        "hits": [[hit.id, float(hit.score).hex()] for hit in results],
        "folded": [list(hit.folded_ids) for hit in results],
        "facets": {
            name: [[str(value), count] for value, count in results.facets(name).items()]
            for name in index.options.fields
        },
    }


def write(folder: Path) -> None:
    folder.mkdir(parents=True)
    fingerprints = folder.name.endswith("-fingerprints")
    every = printed_again(articles()) if fingerprints else articles()
    queries, fields = (FOLDED, {}) if fingerprints else (QUERIES, FIELDS)
    middle = len(every) * 19 // 20
    with searchkit.create(folder / "index", title_weight=2, k1=1.2, fields=fields, fingerprints=fingerprints) as index:
        index.add(every[:middle])
        index.add(every[middle:])
        index.delete([article.id for article in every[5::40]])
        index.add([Article(f"{article.text} Corrected.", id=article.id) for article in every[7::50]])
        words = Matches(index._snapshot().searcher.parts, of_beginning(""), lambda: None)
        words.sort()
        long = words.weight(0)
        answers = [answer(index, text, options) for text, options in queries]
        folded = any(ids for answer in answers for ids in answer["folded"])
        told = folded if fingerprints else long > 256
        if not index.check(deep=True).ok or index.stats().segments < 3 or not told:
            raise SystemExit("this is no index to keep")
        stored = {hit.id: hit.article.to_dict() for hit in index.search("*", limit=None, sort="newest")[::25]}
        kept = {"articles": len(index), "tokens": index.stats().tokens, "stored": stored, "answers": answers}
    (folder / "answers.json").write_text(json.dumps(kept, indent=1, ensure_ascii=True) + "\n", encoding="ascii")
    for path in (folder / "index").iterdir():
        if path.name == "write.lock" or (path.name.startswith("manifest-") and path != _newest(folder)):
            path.unlink()
    named = _newest(folder).read_text(encoding="ascii")
    for path in (folder / "index").iterdir():
        if path != _newest(folder) and path.name not in named:
            path.unlink()


def _newest(folder: Path) -> Path:
    return max((folder / "index").glob("manifest-*.json"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    write(Path(sys.argv[1]))
