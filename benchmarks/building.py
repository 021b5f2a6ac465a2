"""The building half of a run: build with every peer, with one thread and with two, and add to what was built."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from benchmarks.corpus import Corpus, read_rows
from benchmarks.kept import Kept
from benchmarks.peers import OURS, Abilities
from benchmarks.process import PeerAbsent, PeerFailed, start

__all__ = ["Built", "add_to_all", "build_all"]

_ADDED = 1_000  # articles added to a finished index

Say = Callable[[str], None]


@attrs.frozen
class Built:
    """A finished index of one peer."""

    folder: Path
    abilities: Abilities
    figures: dict[str, Any]  # for the result: version, build, build2


def build_all(
    corpus: Corpus, names: tuple[str, ...], commit: str | None, work: Path, kept: Kept | None, two: bool, say: Say
) -> tuple[dict[str, Built], dict[str, str]]:
    """Build with every peer; `two`: also with two threads, where it can. The second result says why peers are missing.

    `commit` is that of searchkit. Nothing is built where `kept` has it.
    """
    built: dict[str, Built] = {}
    skipped: dict[str, str] = {}
    for name in names:
        try:
            built[name] = _build(corpus, name, (commit or "+") if name == OURS else None, work, kept, two, say)
        except (PeerAbsent, PeerFailed) as error:
            skipped[name] = str(error)
            say(f"skipped: {name}: {error}")
    return built, skipped


def _build(corpus: Corpus, name: str, commit: str | None, work: Path, kept: Kept | None, two: bool, say: Say) -> Built:
    with start(name) as peer:
        most = peer.abilities.articles
        if most is not None and corpus.articles > most:
            raise PeerAbsent(f"too slow for more than {most:,} articles (--articles {most} takes so many)")
        keeping = kept is not None and not (commit or "").endswith("+")
        place = kept.place(name, peer.version, commit) if kept and keeping else work / name
        figures = kept.figures(place) if kept and keeping else None
        folder = place / "index"
        if figures is not None:
            say(f"kept: {name} {peer.version}")
            return Built(folder, peer.abilities, {**figures, "kept": True})
        folder.mkdir(parents=True)
        say(f"building: {name} {peer.version}")
        spent = peer.ask_watched("build", articles=str(corpus.path), folder=str(folder), threads=1)
    figures = {"version": peer.version, "build": _rates(spent, corpus)}
    if figures["build"]["articles"] != corpus.articles:
        say(f"warning: {name} holds {figures['build']['articles']} articles of {corpus.articles}")
    if two and peer.abilities.threads:
        figures["build2"] = _build_with_two(corpus, name, work / f"{name}-2", say)
    if kept and keeping:
        kept.note(place, figures)
    return Built(folder, peer.abilities, figures)


def _build_with_two(corpus: Corpus, name: str, folder: Path, say: Say) -> dict[str, Any]:
    folder.mkdir()
    say(f"building: {name} with two threads")
    try:
        with start(name) as peer:
            return _rates(peer.ask_watched("build", articles=str(corpus.path), folder=str(folder), threads=2), corpus)
    finally:
        shutil.rmtree(folder)


def _rates(spent: dict[str, Any], corpus: Corpus) -> dict[str, Any]:
    return {
        **spent,
        "mb_per_cpu_second": corpus.text_bytes / 1e6 / spent["cpu"],
        "mb_per_second": corpus.text_bytes / 1e6 / spent["wall"],
        "index_per_text": (spent["total"] - spent["stored"]) / corpus.text_bytes,
    }


def add_to_all(corpus: Corpus, built: dict[str, Built], work: Path, say: Say) -> dict[str, dict[str, Any]]:
    """Add 1,000 articles to a copy of every index that takes them: wall and CPU seconds until they are durable."""
    more = work / "more.jsonl"
    number = _write_more(corpus, more)
    added: dict[str, dict[str, Any]] = {}
    for name, index in built.items():
        if not index.abilities.adds:
            continue
        say(f"adding {number:,} articles: {name}")
        copy = work / f"{name}-copy"
        shutil.copytree(index.folder, copy)
        os.sync()  # the copy's own bytes are not to be waited for on the clock
        try:
            with start(name) as peer:
                added[name] = {**peer.ask_watched("add", articles=str(more), folder=str(copy)), "articles": number}
        except PeerFailed as error:
            say(f"adding failed: {error}")
        shutil.rmtree(copy)
    return added


def _write_more(corpus: Corpus, target: Path) -> int:
    """Articles of the corpus, spread over it, under ids of their own."""
    number = min(_ADDED, corpus.articles)
    every = corpus.articles // number
    written = 0
    with target.open("w", encoding="utf-8", newline="\n") as out:
        for place, row in enumerate(read_rows(corpus.path)):
            if place % every == 0 and written < number:
                out.write(json.dumps({**row, "id": f"more-{written}"}, ensure_ascii=False) + "\n")
                written += 1
    return written
