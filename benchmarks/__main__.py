"""`python -m benchmarks [growth | page | effectiveness | showing | fields | patterns]`: exit code 0; 2: bad use.

1: searchkit answered wrongly or could not run, or (effectiveness) its defaults are behind a peer.
"""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import searchkit
from benchmarks import options
from benchmarks.corpus import prepare
from benchmarks.effectiveness import behind, effectiveness, effectiveness_page, read_collection
from benchmarks.fields import fields
from benchmarks.growth import growth, growth_page
from benchmarks.page import markdown
from benchmarks.patterns import patterns, patterns_page
from benchmarks.process import PeerFailed
from benchmarks.report import page
from benchmarks.run import Settings, run
from benchmarks.showing import showing, showing_page

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    match arguments[:1]:
        case ["growth"]:
            return _measure(*options.growth_options(arguments[1:]))
        case ["page"]:
            return _page(*options.page_options(arguments[1:]))
        case ["effectiveness"]:
            return _effectiveness(*options.effectiveness_options(arguments[1:]))
        case ["showing"]:
            return _showing(options.showing_options(arguments[1:])[1], showing)
        case ["fields"]:
            return _showing(options.showing_options(arguments[1:], "fields")[1], fields)
        case ["patterns"]:
            return _patterns(options.patterns_options(arguments[1:])[1])
    return _measure(*options.run_options(arguments))


def _measure(parser: ArgumentParser, given: Namespace) -> int:
    """A run, or one for each size of `growth`; the figures go where they were asked for."""
    asked = (given.peers, given.queries, given.passes, given.budget, given.checks, given.seed, given.clock)
    settings = Settings(*asked, two=not given.quick, adds=not given.quick)
    with tempfile.TemporaryDirectory(prefix="searchkit-benchmarks-", dir=given.work) as folder:
        work = Path(folder)
        try:
            if given.sizes:
                result = growth(given.sizes, settings, work, _say)
            else:
                _say("preparing the articles")
                try:
                    corpus = prepare(
                        given.corpus, articles=given.articles, seed=given.seed, target=work / "articles.jsonl"
                    )
                except ValueError as error:
                    parser.error(str(error))
                result = run(corpus, settings, work, given.keep, _say)
        except PeerFailed as error:
            _say(f"failed: {error}")
            return 1
    print(growth_page(result) if given.sizes else page(result))
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if given.plots is not None:
        _draw(result, given.plots)
    wrong = [line for point in result.get("points", [result]) for line in point.get("exact", {}).get("wrong", ())]
    return 1 if wrong else 0


def _showing(given: Namespace, measure: Callable[..., list[tuple[str, float, str]]]) -> int:
    """Figures of what is done with results, or with fields."""
    with searchkit.open(given.index, mode="r") as index:
        print(showing_page(index, measure(index, given.queries, given.passes)))
    return 0


def _patterns(given: Namespace) -> int:
    """Figures of patterns and of the ORs that they stand for."""
    with searchkit.open(given.index, mode="r") as index:
        rows = patterns(index, each=given.queries, passes=given.passes, seed=given.seed)
        print(patterns_page(index, rows))
    return 0


def _draw(result: dict[str, Any], folder: Path) -> Path | None:
    """The picture of a result; None if it could not be drawn."""
    from benchmarks.pictures import draw  # late: only this needs matplotlib

    try:
        (path,) = draw(result, folder)
    except ImportError as error:
        _say(f"not drawn: {error}")
        return None
    _say(f"drawn: {path}")
    return path


def _page(parser: ArgumentParser, given: Namespace) -> int:
    results = []
    for path in given.results:
        try:
            results.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            parser.error(f"{path}: {error}")
    # The page stands beside the folder of its pictures.
    drawn = [_draw(result, given.plots) for result in results] if given.plots is not None else []
    print(markdown(results, [path and f"{path.parent.name}/{path.name}" for path in drawn]), end="")
    return 0


def _effectiveness(parser: ArgumentParser, given: Namespace) -> int:
    folders = sorted(path.parent for path in given.data.glob("*/qrels.tsv"))
    if not folders:
        parser.error(f"no judged collection in {given.data}: a folder of corpus.jsonl, queries.tsv, qrels.tsv each")
    try:
        collections = [read_collection(folder) for folder in folders]
        result = effectiveness(collections, given.peers, given.options, _say)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except ImportError as error:
        parser.error(f"{error}: pip install ir-measures")
    print(effectiveness_page(result))
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 1 if behind(result) else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
