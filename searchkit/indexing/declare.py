"""Declaring fields of an index that has articles already.

Nothing is tokenized, sorted or merged again. The stored fields of each segment are read; where an article has a value
in a newly declared field, the segment is copied, section by section, and gets its columns behind them; all others stay
as they are. It is one commit: until then the index is as it was, and readers that hold it open keep it.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from searchkit.core.columns import column_names
from searchkit.errors import CorruptIndex
from searchkit.fields import Field, check_declared, check_fields
from searchkit.indexing.columns import Columns, is_of_columns
from searchkit.indexing.options import Options
from searchkit.indexing.rebuild import stored_articles
from searchkit.indexing.snapshot import Part, Snapshot
from searchkit.indexing.store import decode_fields
from searchkit.storage.container import SegmentWriter, read_segment
from searchkit.storage.contract import Storage
from searchkit.storage.live import encode_live, live_entry
from searchkit.storage.manifest import Manifest, SegmentEntry, live_name

__all__ = ["declare"]


def declare(storage: Storage, fields: Mapping[str, Field], wait: float) -> None:
    """Declare fields beside those that are. wait: seconds for the lock.

    Raises ValueError for a name or kind that cannot be, or a field that is declared as another kind, unless there are
    no articles yet; ArticleError for an article that has a value of another kind; IndexLocked, CorruptIndex.
    """
    fields = check_declared(fields)
    with storage.lock(wait):
        snapshot = Snapshot.open(storage)
        old = snapshot.options.fields
        for name, field in fields.items():
            if snapshot.parts and old.get(name, field) != field:
                kinds = f"{type(old[name]).__name__}, and not {type(field).__name__}"
                raise ValueError(f"the field {name!r} is declared as {kinds}: give the new one another name")
        options = attrs.evolve(snapshot.options, fields={**old, **fields})
        if options == snapshot.options:
            return
        generation = snapshot.manifest.generation + 1
        added = {name: field for name, field in fields.items() if name not in old}
        entries = [_with_columns(part, options, added, storage, generation) for part in snapshot.parts]
        manifest = Manifest(
            options.manifest_format, generation, options.to_json(), tuple(entries), snapshot.manifest.generation
        )
        storage.commit(manifest)
        storage.sweep(manifest)


def _with_columns(
    part: Part, options: Options, added: Mapping[str, Field], storage: Storage, generation: int
) -> SegmentEntry:
    """The segment with columns for all that its articles have in declared fields."""
    assert part.entry is not None, "a snapshot's parts are published"
    columns = Columns(options.fields, options.timezone, part.path)
    for docid, (id, _, _, record) in enumerate(stored_articles(part, range(part.segment.articles))):
        columns.add(record.fields)
        if record.fields and part.is_live(docid):
            check_fields(id.decode(), decode_fields(record.fields, part.path), added, options.timezone)
    if columns.names() == column_names(part.segment):
        return part.entry
    sections = read_segment(part.buffer.view, part.path, part.entry)
    for finding in sections.verify():  # what is copied is sealed anew
        raise CorruptIndex(part.path, finding.section)
    with storage.output() as output:
        writer = SegmentWriter(output, format=options.segment_format)
        for name, data in sections.sections.items():
            if not is_of_columns(name):
                writer.begin(name)
                writer.write(data)
                writer.end()
        columns.write(writer)
        length, checksum = writer.finish()
        entry = SegmentEntry(writer.publish(), length, checksum, part.segment.articles)
    if part.live is None:
        return entry
    bitmap = encode_live(part.live, entry.articles)
    live = live_name(entry.name, generation)
    with storage.output() as output:
        output.write(bitmap)
        output.publish(live)
    return attrs.evolve(entry, live=live_entry(live, bitmap))
