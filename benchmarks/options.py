"""The command lines of all there is to run. Each gives the parser, to complain with, and what was said."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers import PEERS

__all__ = [
    "effectiveness_options",
    "growth_options",
    "page_options",
    "patterns_options",
    "run_options",
    "showing_options",
]

_OTHERS = PEERS[1:]
_FULL = {"queries": 200, "passes": 5, "budget": 2.0, "checks": 5}
_QUICK = {"queries": 50, "passes": 2, "budget": 0.5, "checks": 2}
_GROWTH = {"queries": 100, "passes": 3, "budget": 2.0, "checks": 2}
_SHOWN = ["health care costs", "climate change vote", "hurricane response", "war funding", "small business tax"]
_JUDGED = Path("../shared/data/judged")
_MADE, _MADE_QUICKLY = 50_000, 3_000  # articles


def run_options(arguments: Sequence[str]) -> tuple[ArgumentParser, Namespace]:
    """`python -m benchmarks`."""
    parser = ArgumentParser(
        prog="python -m benchmarks",
        description="searchkit beside its peers, in one run",
        epilog="Also: `python -m benchmarks growth --help`, `python -m benchmarks page --help`.",
    )
    add = parser.add_argument
    add(
        "--corpus", type=Path, metavar="FILE", help="articles: .jsonl, .jsonl.gz or .jsonl.zst of id, title, text, date"
    )
    add(
        "--articles",
        type=_positive,
        metavar="N",
        help=f"so many, spread over FILE; without FILE, made up ({_MADE}; {_MADE_QUICKLY} with --quick)",
    )
    add("--quick", action="store_true", help="a look in a minute or two: less of everything, one build, no adding")
    add("--keep", type=Path, metavar="FOLDER", help="keep the indexes there, and take those that are there")
    _add_common(parser, _OTHERS, _FULL)
    given = parser.parse_args(arguments)
    if given.corpus is not None and not given.corpus.is_file():
        parser.error(f"no such file: {given.corpus}")
    if given.articles is None and (given.quick or given.corpus is None):
        given.articles = _MADE_QUICKLY if given.quick else _MADE
    return parser, _completed(given, _QUICK if given.quick else _FULL, sizes=None)


def showing_options(arguments: Sequence[str], what: str = "showing") -> tuple[ArgumentParser, Namespace]:
    """`python -m benchmarks showing` and `python -m benchmarks fields`."""
    about = {
        "showing": "timelines, snippets, pages and related articles",
        "fields": "filters, orders and counts by declared fields",
    }
    parser = ArgumentParser(prog=f"python -m benchmarks {what}", description=f"{about[what]} of an index that is there")
    parser.add_argument("index", type=Path, metavar="INDEX", help="its folder; made by `searchkit index`")
    parser.add_argument(
        "--passes", type=_positive, default=7, metavar="N", help="of each query, the quickest counts (7)"
    )
    parser.add_argument("queries", nargs="*", default=_SHOWN, metavar="QUERY", help="of words that the articles have")
    return parser, parser.parse_args(arguments)


def patterns_options(arguments: Sequence[str]) -> tuple[ArgumentParser, Namespace]:
    """`python -m benchmarks patterns`."""
    parser = ArgumentParser(
        prog="python -m benchmarks patterns",
        description="patterns beside the OR of their words, of an index that is there",
    )
    add = parser.add_argument
    add("index", type=Path, metavar="INDEX", help="its folder; made by `searchkit index`")
    add("--queries", type=_positive, default=20, metavar="N", help="of each kind (20)")
    add("--passes", type=_positive, default=5, metavar="N", help="of each query, the quickest counts (5)")
    add("--seed", type=int, default=1, help="of the words (1)")
    return parser, parser.parse_args(arguments)


def growth_options(arguments: Sequence[str]) -> tuple[ArgumentParser, Namespace]:
    """`python -m benchmarks growth`."""
    parser = ArgumentParser(
        prog="python -m benchmarks growth", description="how the figures grow with the number of (made-up) articles"
    )
    parser.add_argument(
        "--articles",
        type=_sizes,
        default=(100_000, 300_000, 1_000_000),
        metavar="N,N,...",
        dest="sizes",
        help="the sizes (100000,300000,1000000)",
    )
    _add_common(parser, ("tantivy",), _GROWTH)
    return parser, _completed(parser.parse_args(arguments), _GROWTH, quick=False, keep=None)


def page_options(arguments: Sequence[str]) -> tuple[ArgumentParser, Namespace]:
    """`python -m benchmarks page`."""
    parser = ArgumentParser(
        prog="python -m benchmarks page", description="docs/benchmarks.md, on standard output, from results"
    )
    parser.add_argument("results", type=Path, nargs="+", metavar="RESULT.json", help="of runs and of growth")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw them there too (PNG)")
    return parser, parser.parse_args(arguments)


def effectiveness_options(arguments: Sequence[str]) -> tuple[ArgumentParser, Namespace]:
    """`python -m benchmarks effectiveness`."""
    parser = ArgumentParser(
        prog="python -m benchmarks effectiveness", description="how well the right articles are found (ir-measures)"
    )
    add = parser.add_argument
    add("--data", type=Path, default=_JUDGED, metavar="FOLDER", help=f"folders of judged collections ({_JUDGED})")
    add("--peers", type=_peers, default=("bm25s", "lucene"), metavar="NAMES", help="beside searchkit (bm25s,lucene)")
    add("--options", action="store_true", help="searchkit's options as well, one by one")
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    given = parser.parse_args(arguments)
    others = [name for name in given.peers if name not in ("bm25s", "lucene")]
    if others:
        parser.error(f"{others[0]} is not measured here")
    return parser, given


def _add_common(parser: ArgumentParser, peers: tuple[str, ...], usual: dict[str, float]) -> None:
    add = parser.add_argument
    add("--peers", type=_peers, default=peers, metavar="NAMES", help=f"beside searchkit ({','.join(peers)})")
    add("--queries", type=_positive, metavar="N", help=f"queries a shape ({usual['queries']})")
    add(
        "--passes",
        type=_positive,
        metavar="N",
        help=f"passes, of which each query's quickest counts ({usual['passes']})",
    )
    add(
        "--budget", type=float, metavar="SECONDS", help=f"longest pass of one peer over one shape ({usual['budget']:g})"
    )
    add("--checks", type=int, metavar="N", help=f"queries a shape whose answers are checked ({usual['checks']})")
    add("--clock", choices=("wall", "cpu"), default="wall", help="cpu: on a busy machine, processor time of the thread")
    add("--seed", type=int, default=1, help="of the queries and of made-up articles (1)")
    add("--work", type=Path, metavar="FOLDER", help="where indexes are built and removed again (a temporary folder)")
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    add("--plots", type=Path, metavar="FOLDER", help="draw pictures there (PNG)")


def _completed(given: Namespace, usual: dict[str, float], **more: object) -> Namespace:
    for key, value in usual.items():
        if getattr(given, key) is None:
            setattr(given, key, value)
    for key, fixed in more.items():
        setattr(given, key, fixed)
    return given


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted({_positive(part) for part in text.split(",")}))


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in _OTHERS]
    if unknown:
        raise ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(_OTHERS)}")
    return tuple(dict.fromkeys(names))
