"""Merging segments: one file of several, without a change of any score.

When: a segment of which a third is deleted is written anew; eight segments of about one size (within a factor of
eight) become one. So an index of n articles has about 8 * log8(n / batch) segments, and an article is rewritten about
log8(n / batch) times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from searchkit.core import builder
from searchkit.indexing.columns import Columns
from searchkit.indexing.fingerprints import Fingerprints
from searchkit.indexing.options import Options
from searchkit.indexing.snapshot import Part, add_deleted, open_part
from searchkit.indexing.store import BLOCK, unpack, write_store
from searchkit.storage.container import SegmentWriter
from searchkit.storage.contract import Storage

__all__ = ["few_parts", "merge_parts", "parts_to_merge"]

TIER = 8  # segments of one size that are merged, and the factor between sizes
DEAD = 3  # a segment is written anew when more than one in so many of its articles is deleted
FORGET = 1 << 25  # bytes written until the pages that were read are given back


def parts_to_merge(parts: Sequence[Part]) -> list[Part]:
    """Which parts the automatic policy merges now; none if fewer than it takes."""
    worn = [
        part
        for part in parts
        if part.articles and (part.segment.articles - part.articles) * DEAD > part.segment.articles
    ]
    tiers: dict[int, list[Part]] = {}
    for part in parts:
        if part not in worn:
            tiers.setdefault(_tier(part), []).append(part)
    crowded = [part for tier in tiers.values() if len(tier) >= TIER for part in tier]
    return (crowded + worn)[: builder.MOST_SOURCES]


def _tier(part: Part) -> int:
    size, tier = part.tokens, 0
    while size >= TIER:
        size //= TIER
        tier += 1
    return tier


def merge_parts(
    parts: Sequence[Part],
    options: Options,
    writer: SegmentWriter,
    *,
    compress: bool,
    in_order: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map,
) -> int:
    """Write the live articles of `parts` as one segment and return how many there are; 0: nothing was written.

    `in_order` maps a function over arguments, in several threads if wanted.

    Requires: at most `builder.MOST_SOURCES` parts. Raises CorruptIndex if one of them is damaged.
    """
    merge = builder.Merge([(part.segment, part.live) for part in parts], _gone(parts, options))
    if not merge.articles:
        return 0
    sparing = _Sparing(writer, parts)
    merge.write(sparing, float(options.b), options.title_weight, in_order)
    columns = Columns(options.fields, options.timezone)
    fingerprints = Fingerprints(options)
    blocks = fingerprints.watch(columns.watch(merge.records(unpack, BLOCK)))
    write_store(sparing, blocks, compress=compress, in_order=in_order)
    fingerprints.write(sparing)
    columns.write(sparing)  # last: what is declared later stands behind all else
    return int(merge.articles)


def few_parts(
    parts: list[Part],
    options: Options,
    storage: Storage,
    path: str,
    in_order: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map,
) -> list[Part]:
    """As many parts as `merge_parts` takes at a time: what is above is merged into scratch files, named `path`."""
    while len(parts) > builder.MOST_SOURCES:
        scratch = storage.scratch()
        writer = SegmentWriter(scratch, format=options.segment_format)
        some, parts = parts[: builder.MOST_SOURCES], parts[builder.MOST_SOURCES :]
        if merge_parts(some, options, writer, compress=False, in_order=in_order):
            writer.finish()
            parts.append(open_part(scratch.buffer(), path))
    return parts


class _Sparing:
    """A segment's writer that now and then gives back the memory that the parts' files take: each is read once."""

    def __init__(self, writer: SegmentWriter, parts: Sequence[Part]) -> None:
        self._writer = writer
        self._parts = parts
        self._written = 0
        self.begin = writer.begin

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._writer.write(data)
        self._written += len(data)
        if self._written >= FORGET:
            self._forget()

    def end(self) -> None:
        self._writer.end()
        self._forget()

    def _forget(self) -> None:
        self._written = 0
        for part in self._parts:
            part.buffer.forget()


def _gone(parts: Sequence[Part], options: Options) -> builder.Run | None:
    """The texts of deleted articles, counted: what the merge subtracts from the occurrences of word forms."""
    if not options.store or all(part.live is None for part in parts):
        return None
    run = builder.Run(options.analyzer.fold_accents, options.title_weight)
    for part in parts:
        add_deleted(run, part)
    return run
