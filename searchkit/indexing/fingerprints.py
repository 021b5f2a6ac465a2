"""Fingerprints that are kept: a section of 32 bytes an article, for `collapse="near"` without reading texts.

They are made of nothing but the stored titles and texts, in order of docids, when a segment is written: by an addition
or by a merge. So the same articles have the same fingerprints however they came into one segment, and they are those
that a search makes of the texts itself where none are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from searchkit.core.fingerprints import SECTION, fingerprint
from searchkit.indexing.options import Options
from searchkit.indexing.store import HEAD, SectionWriter

__all__ = ["Fingerprints", "fingerprint_of"]


def fingerprint_of(title: bytes, text: bytes, fold_accents: bool) -> bytes:
    """The fingerprint of an article: that of its text, or of its title where the text has no word."""
    found = fingerprint(text, fold_accents)
    return found if any(found) else fingerprint(title, fold_accents)


class Fingerprints:
    """The fingerprints of a segment to be, one article after the other; nothing where the index keeps none."""

    def __init__(self, options: Options) -> None:
        self._kept = bytearray() if options.fingerprints else None
        self._fold_accents = options.analyzer.fold_accents

    def add(self, title: bytes, text: bytes) -> None:
        """Take the next article."""
        if self._kept is not None:
            self._kept += fingerprint_of(title, text, self._fold_accents)

    def watch(self, blocks: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Blocks of records (store.py), as they come, their articles taken on the way."""
        for first, block in blocks:
            at = 0 if self._kept is not None else len(block)
            while at < len(block):
                sizes = HEAD.unpack_from(block, at)
                parts = []
                at += HEAD.size
                for size in sizes:
                    parts.append(block[at : at + size])
                    at += size
                title, _, _, text = parts
                self.add(title, text)
            yield first, block

    def section(self) -> bytes | None:
        """The section; None if there is none."""
        return None if self._kept is None else bytes(self._kept)

    def write(self, writer: SectionWriter) -> None:
        """Write the section, if there is one."""
        if self._kept is not None:
            writer.begin(SECTION)
            writer.write(self._kept)
            writer.end()
