"""Checking: every byte of the newest generation read again, every invariant tried. Nothing is repaired.

    checksums    each page of each file, live documents, manifest: as they were written?
    invariants   of a segment whose checksums are right: core/invariants.c
    articles     each is read, its date and its number of tokens compared with those that queries use; no id lives twice
    deep         each segment is built once more from its stored articles and compared with what that gives

The first is for damage; the others find what a faulty program wrote and sealed, and the last is a full proof: what the
index answers is what its articles say. Where checksums are wrong, the rest of that file is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

from searchkit.core.fingerprints import SECTION
from searchkit.core.verify import compare, count_tokens, verify
from searchkit.errors import CorruptIndex, FormatVersion, IndexNotFound, SearchkitError
from searchkit.indexing.columns import Columns, is_of_columns
from searchkit.indexing.fingerprints import Fingerprints
from searchkit.indexing.options import Options
from searchkit.indexing.rebuild import rebuilt
from searchkit.indexing.snapshot import Part, open_part, stored_article
from searchkit.indexing.store import block_places, read_block
from searchkit.storage.container import Finding, Sections, read_segment
from searchkit.storage.contract import Buffer, Storage, pin
from searchkit.storage.live import decode_live
from searchkit.storage.manifest import SegmentEntry

__all__ = ["READS", "check", "check_live", "check_segment"]

# Findings of one kind in one segment that are told: ten thousand say as much as a million.
MOST = 10_000

READS = ", this version reads "  # in the text of a finding: between the format that was found and those that are known


def check(storage: Storage, *, deep: bool = False) -> tuple[tuple[Finding, ...], int]:
    """All that is wrong with the newest generation, and how many bytes were read."""
    try:
        manifest, storage = pin(storage)
        options = Options.from_json(manifest.options, storage.path)
    except IndexNotFound:
        raise
    except SearchkitError as error:
        return (_finding(error, storage.path),), 0
    findings: list[Finding] = []
    parts: list[Part] = []
    for entry in manifest.segments:
        live, wrong = check_live(storage, entry)
        findings.extend(wrong)
        part, wrong = check_segment(storage, entry, options, live, deep=deep)
        findings.extend(wrong)
        if part is not None and (entry.live is None or live is not None):
            parts.append(part)
    findings.extend(_check_ids(parts))
    return tuple(findings), sum(manifest.files().values())


def check_live(storage: Storage, entry: SegmentEntry) -> tuple[Buffer | None, list[Finding]]:
    """The live-document file of a segment, None if it has none or a damaged one, and what is wrong with it."""
    if entry.live is None:
        return None, []
    path = f"{storage.path}/{entry.live.name}"
    try:
        live = storage.open_buffer(entry.live.name)
        decode_live(live.view, live.path, entry)
    except FileNotFoundError:
        return None, [Finding(path, "file", None, "it is missing")]
    except (CorruptIndex, FormatVersion) as error:
        return None, [_finding(error, path)]
    return live, []


def check_segment(
    storage: Storage, entry: SegmentEntry, options: Options, live: Buffer | None, *, deep: bool = False
) -> tuple[Part | None, list[Finding]]:
    """A segment opened, None if that cannot be, and what is wrong with it. Without `live` all its articles count."""
    path = f"{storage.path}/{entry.name}"
    part = None
    try:
        buffer = storage.open_buffer(entry.name)
        sections = read_segment(buffer.view, buffer.path, entry)
        findings = list(islice(sections.verify(), MOST))
        if not findings:
            part = open_part(buffer, buffer.path, entry, live)
            told = verify(part.segment, options.store, MOST)
            findings = [Finding(buffer.path, *finding) for finding in told]
            columns = Columns(options.fields, options.timezone, buffer.path)
            fingerprints = Fingerprints(options)
            findings.extend(islice(_check_store(sections, part, options, columns, fingerprints), MOST))
            if not any(finding.section == "store" for finding in findings):
                findings.extend(_check_columns(sections, columns))
                findings.extend(_check_fingerprints(sections, fingerprints))
            if deep and options.store and not any(finding.section == "store" for finding in findings):
                findings.extend(_check_deeply(part, options))
            buffer.forget()
    except FileNotFoundError:
        findings = [Finding(path, "file", None, "it is missing")]
    except (CorruptIndex, FormatVersion) as error:
        findings = [_finding(error, path)]
    return part, findings


def _check_store(
    sections: Sections, part: Part, options: Options, columns: Columns, fingerprints: Fingerprints
) -> Iterator[Finding]:
    """Every article of a segment, deleted ones too, since merges read them: it is one, and as long as it should be.

    `columns` takes what they have in declared fields, `fingerprints` their texts.
    """
    segment, path = part.segment, part.path
    fold, copies = options.analyzer.fold_accents, options.title_weight
    try:
        places = list(block_places(sections, segment.articles))
    except CorruptIndex as error:
        yield _finding(error, path)
        return
    for first, past, start, stop in places:
        offset = sections.offsets["store"][0] + start
        block = sections.sections["store"][start:stop]
        docid = first
        try:
            records = list(read_block(block, path))
            if len(records) != past - first:
                raise CorruptIndex(path, "store", f"{past - first} articles in a block", len(records))
        except CorruptIndex as error:
            yield _finding(error, path, f" (docid {docid})", offset)
            continue
        for docid, record in enumerate(records, first):
            try:
                columns.add(record.fields)
                fingerprints.add(record.title, record.text)
                stored_article(record, segment.id(docid), segment.seconds(docid), path)
                if options.store:
                    title = count_tokens(record.title, fold) if copies else 0
                    length = count_tokens(record.text, fold) + title * copies
                    if (length, title) != (segment.length(docid), segment.title_length(docid)):
                        raise CorruptIndex(path, "store", f"{segment.length(docid)} tokens", f"{length} tokens")
            except SearchkitError as error:
                yield _finding(error, path, f" (docid {docid})", offset)


def _check_columns(sections: Sections, columns: Columns) -> Iterator[Finding]:
    """Columns are what the stored articles make of them, to the byte."""
    expected = {name: b"".join(pieces) for name, pieces in columns.sections().items()}
    found = {name: bytes(data) for name, data in sections.sections.items() if is_of_columns(name)}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            offset = sections.offsets[name][0] if name in found else None
            yield Finding(sections.path, name, offset, "the values are not those of the stored articles")


def _check_fingerprints(sections: Sections, fingerprints: Fingerprints) -> Iterator[Finding]:
    """Fingerprints that are kept are those of the stored texts."""
    expected, found = fingerprints.section(), sections.sections.get(SECTION)
    if expected != (None if found is None else bytes(found)):
        offset = None if found is None else sections.offsets[SECTION][0]
        yield Finding(sections.path, SECTION, offset, "the fingerprints are not those of the stored texts")


def _check_deeply(part: Part, options: Options) -> list[Finding]:
    """Whatever is not as the stored articles have it."""
    try:
        with rebuilt(part, options) as truth:
            return [Finding(part.path, *finding) for finding in compare(part.segment, truth, MOST)]
    except SearchkitError as error:
        return [_finding(error, part.path)]


def _check_ids(parts: list[Part]) -> Iterator[Finding]:
    """No id is that of two live articles."""
    for one, other in combinations(parts, 2):
        try:
            for docid in one.segment.shared_ids(other.segment):
                if one.is_live(docid) and other.find(one.segment.id(docid)) >= 0:
                    yield Finding(one.path, "ids", None, f"{one.segment.id(docid)!r} is in {other.path}, too")
        except CorruptIndex as error:
            yield _finding(error, one.path)


def _finding(error: SearchkitError, path: str, where: str = "", offset: int | None = None) -> Finding:
    """What an error says."""
    if isinstance(error, FormatVersion):
        return Finding(path, "format", offset, f"{error.found}{READS}{error.readable}{where}")
    if not isinstance(error, CorruptIndex):
        return Finding(path, "articles", offset, f"{error}{where}")
    nothing = error.expected is None and error.got is None
    text = "damaged" if nothing else f"expected {error.expected}, got {error.got}"
    return Finding(error.path, error.section, offset, text + where)
