"""Upgrade: an index of older rules becomes one of those of this version, by building it anew from its stored articles.

Formats of files have had one version so far (docs/format.md), so what can differ is how text becomes terms: the rules
of the tokenizer, and the stemmer that is installed. All live articles are read, tokenized and stemmed again, segment by
segment, and published in one commit; until then the index is as it was, and readers that hold it open keep it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.frequent import frequent_terms
from searchkit.errors import CorruptIndex, SearchkitError
from searchkit.indexing.options import Options
from searchkit.indexing.rebuild import stored_articles, write_segment
from searchkit.indexing.snapshot import open_part
from searchkit.storage.container import SegmentWriter
from searchkit.storage.contract import open_snapshot_files
from searchkit.storage.folder import FolderStorage
from searchkit.storage.manifest import Manifest, SegmentEntry

__all__ = ["UpgradeReport", "upgrade"]

DEFAULT_WAIT = 10.0  # seconds for the lock


@attrs.frozen
class UpgradeReport:
    """What an upgrade did."""

    path: str
    generation: int  # the newest one now
    changed: tuple[str, ...]  # what was of older rules; nothing: all is of this version, and nothing was done
    articles: int  # that were indexed again

    def __str__(self) -> str:
        if not self.changed:
            return f"{self.path}: everything is of the newest format"
        return f"{self.path}: generation {self.generation}, {self.articles:,} articles indexed again: " + "; ".join(
            self.changed
        )


def upgrade(path: str | Path, *, wait: float = DEFAULT_WAIT) -> UpgradeReport:
    """Bring the index in the folder `path` to the formats, tokenizer and stemmer of this version, in one commit.

    Nothing is done where all is so already. wait: seconds for the lock. Raises IndexNotFound, IndexLocked,
    CorruptIndex (repair it first), FormatVersion for a newer format, and SearchkitError if articles are not stored.
    """
    storage = FolderStorage(path)
    with storage.lock(wait):
        manifest, buffers = open_snapshot_files(storage)
        options, changed = _installed(manifest.options, storage.path)
        if not changed:
            return UpgradeReport(storage.path, manifest.generation, (), 0)
        if not options.store:
            raise SearchkitError(
                f"{storage.path} was made with store=False and keeps no articles to index again: build it anew from "
                f"the articles, or install what it was built with ({'; '.join(changed)})"
            )
        entries = []
        for entry in manifest.segments:
            live = buffers[entry.live.name] if entry.live else None
            part = open_part(buffers[entry.name], buffers[entry.name].path, entry, live)
            with storage.output() as output:
                writer = SegmentWriter(output, format=options.segment_format)
                count = write_segment(stored_articles(part, part.docids()), options, storage, writer, compress=True)
                if count:
                    length, checksum = writer.finish()
                    entries.append(SegmentEntry(writer.publish(), length, checksum, count))
        generation = manifest.generation + 1
        new = Manifest(manifest.format, generation, options.to_json(), tuple(entries), manifest.generation)
        storage.commit(new)
        storage.sweep(new)
    return UpgradeReport(storage.path, generation, changed, sum(entry.articles for entry in entries))


def _installed(stored: Mapping[str, Any], path: str) -> tuple[Options, tuple[str, ...]]:
    """The options with the tokenizer and the stemmer of this version, and what of these differs."""
    analyzer = stored.get("analyzer")
    try:
        old: dict[str, Any] = dict(analyzer)  # type: ignore[arg-type]
        new = Analyzer.installed(old["name"], old["fold_accents"])
    except (KeyError, TypeError) as error:
        raise CorruptIndex(path, "options", "an analyzer", repr(analyzer)) from error
    now = new.to_json()
    changed = tuple(
        f"{what} {old.get(what)} -> {now[what]}" for what in ("tokenizer", "stemmer") if old.get(what) != now[what]
    )
    pairs = list(frequent_terms(new)) if changed and stored.get("pairs") else stored.get("pairs")
    return Options.from_json({**stored, "analyzer": now, "pairs": pairs}, path), changed
