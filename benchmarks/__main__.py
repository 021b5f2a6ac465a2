"""`python -m benchmarks`: exit code 0; 1: searchkit answered wrongly or could not run; 2: bad command line."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.corpus import prepare
from benchmarks.peers import PEERS
from benchmarks.process import PeerFailed
from benchmarks.report import page
from benchmarks.run import OURS, Settings, run

__all__ = ["main"]

_OTHERS = tuple(name for name in PEERS if name != OURS)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.corpus is not None and not given.corpus.is_file():
        parser.error(f"no such file: {given.corpus}")
    if given.corpus is None and given.articles is None:
        given.articles = 50_000

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    settings = Settings(given.peers, given.queries, given.passes, given.budget, given.checks, given.seed)
    with tempfile.TemporaryDirectory(prefix="searchkit-benchmarks-", dir=given.work) as folder:
        work = Path(folder)
        say("preparing the articles")
        try:
            corpus = prepare(given.corpus, articles=given.articles, seed=given.seed, target=work / "articles.jsonl")
        except ValueError as error:
            parser.error(str(error))
        try:
            result = run(corpus, settings, work, say)
        except PeerFailed as error:
            say(f"failed: {error}")
            return 1
    print(page(result))
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    right = OURS in result["peers"] and not result.get("exact", {}).get("wrong")
    return 0 if right else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="searchkit beside its peers, in one run")
    add = parser.add_argument
    add(
        "--corpus", type=Path, metavar="FILE", help="articles: .jsonl, .jsonl.gz or .jsonl.zst of id, title, text, date"
    )
    add("--articles", type=_positive, metavar="N", help="so many, spread over FILE; without FILE, made up (50000)")
    add("--peers", type=_peers, default=_OTHERS, metavar="NAMES", help=f"beside searchkit ({','.join(_OTHERS)})")
    add("--queries", type=_positive, default=200, metavar="N", help="queries a shape (200)")
    add(
        "--passes",
        type=_positive,
        default=5,
        metavar="N",
        help="passes, and fresh starts, of which the quietest counts (5)",
    )
    add("--budget", type=float, default=10.0, metavar="SECONDS", help="longest pass of one peer over one shape (10)")
    add("--checks", type=_positive, default=5, metavar="N", help="queries a shape whose answers are checked (5)")
    add("--seed", type=int, default=1, help="of the queries and of made-up articles (1)")
    add("--work", type=Path, metavar="FOLDER", help="where indexes are built and removed again (a temporary folder)")
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in _OTHERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(_OTHERS)}")
    return tuple(dict.fromkeys(names))


if __name__ == "__main__":
    sys.exit(main())
