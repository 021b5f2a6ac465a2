"""A snapshot: what one generation of an index holds, for as long as somebody looks at it.

It keeps the files of its segments open, so commits, merges and sweeps by whoever writes do not touch it. All figures
of BM25 (articles, tokens, document frequencies) are those of its live documents. Nothing here changes once made but
caches, which any number of threads may fill.
"""

from __future__ import annotations

from array import array
from bisect import insort
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from searchkit.analysis.analyzer import Analyzer
from searchkit.article import Article
from searchkit.core import builder
from searchkit.core.columns import Column, column_names
from searchkit.core.evaluate import Searcher
from searchkit.core.fingerprints import kept
from searchkit.core.patterns import Matches, Pattern
from searchkit.core.program import Given, Parts, TermLists
from searchkit.core.segment import Records, Segment
from searchkit.dates import DateInterval
from searchkit.errors import ArticleError, CorruptIndex, DateError
from searchkit.indexing.fingerprints import fingerprint_of
from searchkit.indexing.options import Options
from searchkit.indexing.store import Record, RecordReader, decode_fields, found_record, read_records
from searchkit.indexing.terms import terms_of
from searchkit.storage.container import read_segment
from searchkit.storage.contract import Buffer, Storage, open_snapshot_files
from searchkit.storage.live import decode_live
from searchkit.storage.manifest import Manifest, SegmentEntry

__all__ = ["Part", "Snapshot", "add_deleted", "open_part", "stored_article"]

MOST_CACHED_WORDS = 50_000
MOST_CACHED_PATTERNS = 128
MOST_CACHED_SEQUENCES = 16
MOST_KEPT_ARTICLES = 1 << 18  # of one sequence, each 8 bytes
MOST_CACHED_BLOCKS = 16
MOST_CACHED_FINGERPRINTS = 100_000  # of one part; some 150 bytes each


class Part:
    """One segment as a snapshot sees it: its postings, and which of its articles live."""

    __slots__ = (
        "_columns",
        "articles",
        "buffer",
        "entry",
        "fingerprints",
        "format",
        "gone_forms",
        "live",
        "path",
        "sections",
        "segment",
        "selected",
        "tokens",
    )

    def __init__(
        self,
        segment: Segment,
        live: memoryview | bytearray | None,
        deleted: int,
        entry: SegmentEntry | None,
        sections: Mapping[str, int],
        buffer: Buffer,
        format: int,
    ) -> None:
        self.segment = segment
        self.format = format
        self.buffer = buffer
        self.live = live  # bitmap as in storage/live.py; None: nothing is deleted
        self.entry = entry
        self.sections = sections  # bytes by name
        self.path = segment.path
        self.articles = segment.articles - deleted
        self.tokens = segment.total_length - (segment.deleted_length(live) if live is not None else 0)
        # Word forms that only deleted articles have; None: not yet asked for.
        self.gone_forms: frozenset[bytes] | None = None if live is not None else frozenset()
        self.fingerprints: dict[int, bytes] = {}  # of articles that were asked for, made of their texts
        self.selected: dict[Any, bytes] = {}  # bitmaps of conditions on declared fields (search/where.py)
        self._columns: dict[str, Column] | None = None

    def is_live(self, docid: int) -> bool:
        return self.live is None or bool(self.live[docid >> 3] >> (docid & 7) & 1)

    def find(self, id: str) -> int:
        """The docid of a live article, or -1."""
        docid = self.segment.find_id(id)
        return docid if docid >= 0 and self.is_live(docid) else -1

    def column(self, field: str) -> Column | None:
        """The column of a declared field; None if no article has a value in it. Raises CorruptIndex."""
        if self._columns is None:
            names = column_names(self.segment)
            self._columns = {name: Column(self.segment, f"column{number}") for number, name in enumerate(names)}
        return self._columns.get(field)

    def docids(self) -> Iterator[int]:
        """All live docids."""
        return (docid for docid in range(self.segment.articles) if self.is_live(docid))


def open_part(
    buffer: Buffer,
    path: str,
    entry: SegmentEntry | None = None,
    live: Buffer | None = None,
    records: Records | None = None,
) -> Part:
    """Open a segment file, with its live documents if it has such a file. Raises CorruptIndex or FormatVersion.

    records: what is stored of its articles, where that is elsewhere (`Run.put_aside`).
    """
    sections = read_segment(buffer.view, path, entry)
    segment = Segment(path, buffer.view, sections.offsets, sections.page_checksums, sections.page_size, records)
    if entry is not None and entry.articles != segment.articles:
        raise CorruptIndex(path, "meta", f"{entry.articles} articles", segment.articles)
    sizes = {name: length for name, (_, length) in sections.offsets.items()}
    if entry is None or entry.live is None or live is None:
        return Part(segment, None, 0, entry, sizes, buffer, sections.format)
    documents = decode_live(live.view, live.path, entry)
    return Part(segment, documents.bits, documents.deleted, entry, sizes, buffer, sections.format)


class Snapshot:
    """The live articles of one generation, and the look-ups that queries need."""

    def __init__(self, manifest: Manifest, options: Options, parts: list[Part], buffers: Mapping[str, Buffer]) -> None:
        self.manifest = manifest
        self.options = options
        self.parts = parts
        self.buffers = buffers
        self.articles = sum(part.articles for part in parts)
        self.tokens = sum(part.tokens for part in parts)
        # Tokens per live article; 1 where there are none, so that nothing is divided by zero.
        self.average = self.tokens / self.articles if self.tokens else 1.0
        core_parts = Parts([(part.segment, part.live) for part in parts])
        fold_accents = options.analyzer.fold_accents
        self.searcher = Searcher(core_parts, self.articles, self.average, fold_accents, options.pairs)
        self._lists: dict[str | bytes, TermLists] = {}
        self._terms: dict[str, str] = {}
        self.patterns: dict[object, tuple[tuple[str, ...], bool]] = {}
        self.sequences: dict[object, Given] = {}
        self._blocks: dict[tuple[int, int], dict[int, Record]] = {}
        self.keys: dict[tuple[str, bool], tuple[array[int], ...]] = {}  # of orders by field (search/where.py)

    @classmethod
    def open(cls, storage: Storage, held: Snapshot | None = None) -> Snapshot:
        """The newest generation; what `held` has open is used again, with all that is known of it. `held` itself if
        nothing is newer.
        """
        manifest, buffers = open_snapshot_files(storage, held.buffers if held else None)
        if held is not None and manifest == held.manifest:
            return held
        return cls._of(storage, manifest, buffers, held)

    @classmethod
    def of(cls, storage: Storage, manifest: Manifest) -> Snapshot:
        """The generation of a manifest that names no files: nothing is opened, so nothing can fail."""
        return cls._of(storage, manifest, {}, None)

    @classmethod
    def _of(
        cls, storage: Storage, manifest: Manifest, buffers: Mapping[str, Buffer], held: Snapshot | None
    ) -> Snapshot:
        options = Options.from_json(manifest.options, storage.path)
        known = {part.entry: part for part in held.parts} if held else {}
        parts = [
            known.get(entry)
            or open_part(
                buffers[entry.name], buffers[entry.name].path, entry, buffers[entry.live.name] if entry.live else None
            )
            for entry in manifest.segments
        ]
        return cls(manifest, options, parts, buffers)

    @classmethod
    def open_generation(cls, storage: Storage, generation: int, held: Snapshot) -> Snapshot | None:
        """An earlier generation, where all its files are still there. What `held` has open is used again."""
        try:
            manifest = storage.manifest(generation)
            buffers = {name: held.buffers.get(name) or storage.open_buffer(name) for name in manifest.files()}
        except FileNotFoundError:
            return None
        return cls._of(storage, manifest, buffers, held)

    @property
    def analyzer(self) -> Analyzer:
        return self.options.analyzer

    @property
    def store(self) -> bool:
        return self.options.store

    def lists(self, term: str) -> TermLists:
        """Where a term's postings are, and in how many live articles it occurs."""
        return self._find(term)

    def pair(self, key: bytes) -> TermLists:
        """The same of a pair of frequent words, by its key (core/segment.pyx: pair_key)."""
        return self._find(key)

    def _find(self, key: str | bytes) -> TermLists:
        found = self._lists.get(key)
        if found is None:
            if len(self._lists) >= MOST_CACHED_WORDS:
                self._lists.clear()
            encoded = key.encode("utf-8", "replace") if isinstance(key, str) else key
            found = self._lists[key] = self.searcher.lists(encoded)
        return found

    def term_of(self, form: str) -> str:
        """The term of a word form: from the index if the form occurs there, else by the stemmer."""
        term = self._terms.get(form)
        if term is None:
            if len(self._terms) >= MOST_CACHED_WORDS:
                self._terms.clear()
            for part in self.parts:
                term = part.segment.term_of(form)
                if term is not None:
                    break
            else:
                term = terms_of(self.analyzer, [form])[0]
            self._terms[form] = term
        return term

    def terms_like(
        self,
        pattern: Pattern,
        most: int,
        each: Callable[[], object] = lambda: None,
        low: bytes = b"",
        high: bytes | None = None,
    ) -> tuple[list[str], bool]:
        """Terms of the live word forms that a pattern accepts, and whether there are more than `most` of them.

        Then these are the terms of most live articles, of equals the lesser by its bytes; else they are in any order.
        low, high: forms from the one on and before the other. `each` is called now and then, and may raise.
        """
        matches = Matches(self.searcher.parts, pattern, each, low, high)
        cut = len(matches) > most
        if cut:
            matches.sort()
        if cut and all(part.live is None for part in self.parts):
            return [matches.name(number) for number in range(most)], True
        found: list[tuple[int, bytes, str]] = []  # of so many live articles, the most first
        for number in range(len(matches)):
            each()
            term = matches.name(number)
            key = term.encode()
            # Deleted articles are weighed too: is this one, and each behind it, lighter than what is wanted?
            lighter = len(found) >= most and found[most - 1][:2] < (-matches.weight(number), key)
            if (df := self.lists(term).df) and self.is_live(matches, number, term, each):
                insort(found, (-df, key, term))
                if lighter:
                    break
        return [term for _, _, term in found[:most]], len(found) > most

    def keep_pattern(self, key: object, found: tuple[tuple[str, ...], bool]) -> tuple[tuple[str, ...], bool]:
        """Keep what a pattern stands for (search/expand.py) in `patterns`."""
        if len(self.patterns) >= MOST_CACHED_PATTERNS:
            self.patterns.clear()
        self.patterns[key] = found
        return found

    def keep_sequence(self, key: object, found: Given) -> Given:
        """Keep where a sequence was found (search/plan.py) in `sequences`, if it is not in too many articles."""
        if found.count <= MOST_KEPT_ARTICLES:
            if len(self.sequences) >= MOST_CACHED_SEQUENCES:
                self.sequences.clear()
            self.sequences[key] = found
        return found

    def is_live(self, matches: Matches, number: int, term: str, each: Callable[[], object]) -> bool:
        """Whether a live article has a word form that is a match, or led to one; `term`: that of the form.

        The texts of deleted articles are read only where figures do not tell, and once for each segment.
        """
        sources = matches.sources(number)
        return (
            not sources or matches.surely_lives(number, term) or any(self._lives(*source, each) for source in sources)
        )

    def _lives(self, number: int, form: bytes, each: Callable[[], object]) -> bool:
        """Whether live articles of a part have a word form that the part has. Unknown, and said to be so, where texts
        are not kept.
        """
        part = self.parts[number]
        if part.gone_forms is None:
            run = builder.Run(self.options.analyzer.fold_accents, self.options.title_weight)
            if self.options.store:
                add_deleted(run, part, each)
            part.gone_forms = run.uses_up(part.segment)
        return form not in part.gone_forms

    def __contains__(self, id: str) -> bool:
        """Whether there is a live article of that id."""
        return self.find(id) is not None

    def find(self, id: str) -> tuple[int, int] | None:
        """Number of the part and docid of a live article, or None."""
        for number, part in enumerate(self.parts):
            docid = part.find(id)
            if docid >= 0:
                return number, docid
        return None

    def interval(self, number: int, docid: int) -> DateInterval | None:
        """The article's date as written."""
        seconds = self.parts[number].segment.seconds(docid)
        if seconds is None:
            return None
        return _interval(seconds, self.record(number, docid), self.parts[number].path)

    def record(self, number: int, docid: int) -> Record:
        """The stored record of an article."""
        segment = self.parts[number].segment
        for (part, _), records in self._blocks.items():
            if part == number and docid in records:
                return records[docid]
        block = segment.store_block(docid)
        records = dict(read_records(segment, block, segment.articles))
        record = found_record(records, docid, segment.path)
        if len(self._blocks) >= MOST_CACHED_BLOCKS:
            self._blocks = {}
        # A new dict each time: a thread that walks the old one is not disturbed.
        self._blocks = {**self._blocks, (number, block[1]): records}
        return record

    def id(self, number: int, docid: int) -> str:
        """The article's own key."""
        return self.parts[number].segment.id(docid)

    @property
    def has_fingerprints(self) -> bool:
        """Whether fingerprints are kept, or texts to make them of."""
        return self.store

    def fingerprint(self, number: int, docid: int) -> bytes:
        """The fingerprint of an article's text (core/fingerprint.h), of its title if there is no word in the text.

        Requires: `has_fingerprints`.
        """
        part = self.parts[number]
        if self.options.fingerprints:
            return kept(part.segment, docid)
        found = part.fingerprints.get(docid)
        if found is None:
            if len(part.fingerprints) >= MOST_CACHED_FINGERPRINTS:
                part.fingerprints.clear()
            record = self.record(number, docid)
            found = part.fingerprints[docid] = fingerprint_of(record.title, record.text, self.analyzer.fold_accents)
        return found

    def article(self, number: int, docid: int) -> Article:
        """The article as it was added. Without stored text, title and text are empty."""
        part = self.parts[number]
        record = self.record(number, docid)
        return stored_article(record, part.segment.id(docid), part.segment.seconds(docid), part.path)


def add_deleted(run: builder.Run, part: Part, each: Callable[[], object] = lambda: None) -> None:
    """Count the texts of a part's deleted articles. `each` is called before each, and may raise."""
    reader = RecordReader(part.segment)
    for docid in range(part.segment.articles):
        if not part.is_live(docid):
            each()
            record = reader.record(docid)
            run.add(record.title, record.text)


def stored_article(record: Record, id: str, seconds: tuple[int, int] | None, path: str) -> Article:
    """The article of a record, with the id and the date that its segment has for it. Raises CorruptIndex."""
    try:
        return Article(
            record.text.decode(),
            id=id,
            title=record.title.decode(),
            date=None if seconds is None else _interval(seconds, record, path),
            fields=decode_fields(record.fields, path),
        )
    except (ArticleError, UnicodeDecodeError) as error:
        raise CorruptIndex(path, "store", "an article", str(error)) from error


def _interval(seconds: tuple[int, int], record: Record, path: str) -> DateInterval:
    try:
        return DateInterval.from_seconds(*seconds, text=record.date.decode())
    except (DateError, UnicodeDecodeError) as error:
        raise CorruptIndex(path, "dates", "a date", str(error)) from error
