"""Checking: every byte of the newest generation read again, every invariant tried. Nothing is repaired."""

from __future__ import annotations

from searchkit.core.verify import verify
from searchkit.errors import CorruptIndex, DateError, FormatVersion, SearchkitError
from searchkit.indexing.options import Options
from searchkit.indexing.snapshot import Snapshot, open_part
from searchkit.storage.container import read_segment
from searchkit.storage.contract import Storage
from searchkit.storage.live import decode_live
from searchkit.storage.manifest import SegmentEntry

__all__ = ["check"]


def check(storage: Storage) -> tuple[tuple[str, ...], int]:
    """All that is wrong with the newest generation, in words that name the file, and how many bytes were read."""
    try:
        manifest = storage.latest()
        Options.from_json(manifest.options, storage.path)
    except (CorruptIndex, FormatVersion) as error:
        return (str(error),), 0
    findings: list[str] = []
    for entry in manifest.segments:
        findings.extend(_check_segment(storage, entry))
    if not findings:
        findings.extend(_check_articles(Snapshot.open(storage)))
    return tuple(findings), sum(manifest.files().values())


def _check_segment(storage: Storage, entry: SegmentEntry) -> list[str]:
    """Checksums first; only where they hold, what the bytes say."""
    findings: list[str] = []
    try:
        buffer = storage.open_buffer(entry.name)
        findings.extend(str(finding) for finding in read_segment(buffer.view, buffer.path, entry).verify())
        if not findings:
            part = open_part(buffer, buffer.path, entry)
            findings.extend(f"{buffer.path}: {section}: {text}" for section, text in verify(part.segment))
    except FileNotFoundError:
        findings.append(f"{storage.path}/{entry.name}: the file is missing")
    except (CorruptIndex, FormatVersion) as error:
        findings.append(str(error))
    if entry.live is not None:
        try:
            live = storage.open_buffer(entry.live.name)
            decode_live(live.view, live.path, entry)
        except FileNotFoundError:
            findings.append(f"{storage.path}/{entry.live.name}: the file is missing")
        except (CorruptIndex, FormatVersion) as error:
            findings.append(str(error))
    return findings


def _check_articles(snapshot: Snapshot) -> list[str]:
    """Every live article can be read, and no id is there twice."""
    findings: list[str] = []
    seen: set[str] = set()
    for number, part in enumerate(snapshot.parts):
        for docid in part.docids():
            try:
                article = snapshot.article(number, docid)
            except (DateError, SearchkitError) as error:
                findings.append(f"{part.path}: store: docid {docid}: {error}")
                break
            if article.id in seen:
                findings.append(f"{part.path}: ids: {article.id!r} is there twice")
                break
            seen.add(article.id)
    return findings
