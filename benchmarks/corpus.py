"""The articles of a run: from a JSON Lines file or made up from a seed, written once as JSONL for all peers.

The file the peers read holds one object a line with exactly `id`, `title`, `text`, `date`. Decompression, unknown
keys, ids that occur twice and articles without words are dealt with here, off the clock, so that all peers index the
same articles from the same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO

import attrs

from benchmarks.generate import Row, generate

__all__ = ["Corpus", "Row", "day_of", "first_of", "prepare", "read_rows"]

_WRITTEN_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@attrs.frozen
class Corpus:
    """The articles of a run, as a file and as the figures the report needs."""

    name: str
    path: Path
    ids: tuple[str, ...]  # by line number: peers may answer with the number
    days: tuple[int | None, ...]  # by line number: first day of the date as a proleptic ordinal
    text_bytes: int  # UTF-8 bytes of titles and texts: the "MB" of every MB/s
    dropped: int  # lines left out: the id had occurred before, or there is neither title nor text

    @property
    def articles(self) -> int:
        return len(self.ids)


def prepare(source: Path | None, *, articles: int | None, seed: int, target: Path) -> Corpus:
    """Write the articles of a run to `target`.

    `source` is a .jsonl, .jsonl.gz or .jsonl.zst file, of which `articles` lines spread evenly are taken (None: all);
    without it, `articles` are generated from `seed`. Raises ValueError for a line that is no article.
    """
    if source is None:
        return _write("generated", generate(articles or 0, seed), target)
    return _write(source.name.split(".")[0], _rows_of(source, articles), target)


def first_of(corpus: Corpus, articles: int, target: Path) -> Corpus:
    """The first so many articles of a corpus, written to `target`."""
    return _write(corpus.name, islice(read_rows(corpus.path), articles), target)


def _write(name: str, rows: Iterator[Row], target: Path) -> Corpus:
    ids: dict[str, None] = {}
    days: list[int | None] = []
    text_bytes = dropped = 0
    with target.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            if row["id"] in ids or not (row["title"].strip() or row["text"].strip()):
                dropped += 1
                continue
            ids[row["id"]] = None
            days.append(day_of(row["date"]))
            text_bytes += len(row["title"].encode()) + len(row["text"].encode())
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return Corpus(name, target, tuple(ids), tuple(days), text_bytes, dropped)


def read_rows(path: Path) -> Iterator[Row]:
    """The articles of a file that `prepare` wrote."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def day_of(written: str | None) -> int | None:
    """The first day of an ISO date of day, month or year precision as a proleptic ordinal; None for anything else."""
    match = _WRITTEN_DATE.fullmatch(written or "")
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2] or 1), int(match[3] or 1)).toordinal()
    except ValueError:
        return None


def _rows_of(source: Path, articles: int | None) -> Iterator[Row]:
    every, keep = 1, 1  # line i is taken where i * keep // every moves on
    if articles is not None:
        with _open_text(source) as lines:
            every = max(1, sum(1 for _ in lines))
        keep = min(articles, every)
    with _open_text(source) as lines:
        for number, line in enumerate(lines):
            if number * keep // every != (number + 1) * keep // every:
                yield _row(line, source, number)


def _row(line: str, source: Path, number: int) -> Row:
    try:
        item = json.loads(line)
        text, title, written = str(item["text"]), str(item.get("title") or ""), item.get("date")
    except (ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"{source.name}, line {number + 1}: not an article in JSON ({error!r})") from None
    written = written if isinstance(written, str) and day_of(written) is not None else None
    return {"id": str(item.get("id", number)), "title": title, "text": text, "date": written}


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    if path.suffix == ".zst":
        import zstandard

        with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as plain:
            yield io.TextIOWrapper(plain, encoding="utf-8")
    elif path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield lines
    else:
        with path.open(encoding="utf-8") as lines:
            yield lines
