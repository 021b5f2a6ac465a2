"""What is told about an index and what was done to it, as values."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from searchkit.errors import ArticleError
from searchkit.storage.container import Finding

__all__ = ["AddReport", "CheckReport", "IndexStats"]


@attrs.frozen
class AddReport:
    """What an `add` did."""

    added: int  # articles taken in, those that replaced others included
    replaced: int  # of these: the id was there before, or came earlier in the same call; added - replaced is the growth
    skipped: tuple[ArticleError, ...]  # what the source left out (see `read_articles`, on_error="skip")
    seconds: float
    bytes: int  # of title and text in UTF-8
    known: int = 0  # left out by resume=True

    def __str__(self) -> str:
        rate = self.bytes / self.seconds / 1e6 if self.seconds else 0.0
        skipped = f", {len(self.skipped):,} skipped" if self.skipped else ""
        replaced = f" ({self.replaced:,} replaced)" if self.replaced else ""
        known = f", {self.known:,} were there" if self.known else ""
        return f"{self.added:,} articles added{replaced}{skipped}{known} in {self.seconds:.1f} s, {rate:.1f} MB/s"


@attrs.frozen
class IndexStats:
    """The state of an index at one generation. Bytes are those of its files."""

    articles: int
    tokens: int
    segments: int
    generation: int
    live_bytes: int  # named by this generation
    dead_bytes: int  # files that only the generation before needs, and leftovers
    deleted: int  # articles that are deleted but still take room in segments
    sections: Mapping[str, int]  # bytes by section, over all segments

    @property
    def bytes(self) -> int:
        return self.live_bytes + self.dead_bytes


@attrs.frozen
class CheckReport:
    """What `check` found; nothing means that every byte is as written and every invariant holds."""

    findings: tuple[Finding, ...]
    bytes: int
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.findings

    def __bool__(self) -> bool:
        return self.ok
