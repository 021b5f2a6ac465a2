"""Paging that neither repeats nor skips: a cursor names the snapshot, the query and the last hit of a page.

    cursor      := version u8, name of the snapshot, question, generation u64, passed u64, score f64, start i64,
                   end i64, length of `now` u8, now, id; then a checksum; all in base64. Opaque to who holds it
    name        a digest of the snapshot's manifest: the same articles in the same files, wherever they lie
    question    a digest of what was asked: a cursor of another query is refused
    passed      hits up to the last one of the page, which on the same snapshot is where the next page begins

Who asks for a cursor makes the index keep its snapshot, the last few of them. Of an index in a folder the generation
before the newest can be opened again too, by any process. When a snapshot is gone, the next page begins behind the last
hit as the newest articles rank it, and a warning says so: scores depend on all articles, so hits may have moved.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left
from datetime import datetime
from hashlib import blake2s
from typing import TYPE_CHECKING

import attrs

from searchkit.errors import QueryError, in_short
from searchkit.indexing.snapshot import Snapshot
from searchkit.query.complaints import QueryWarning
from searchkit.search.answer import Ask, Scope, Sort, settings_of
from searchkit.search.formula import Ranking
from searchkit.search.plan import SORTS
from searchkit.storage.manifest import encode_manifest

if TYPE_CHECKING:
    from searchkit.core.evaluate import Settings
    from searchkit.search.results import Hit, Results
    from searchkit.storage.contract import Storage

__all__ = ["Cursor", "Pages", "cursor_of", "search_after"]

VERSION = 1
DIGEST = 8  # bytes
HEAD = struct.Struct(f"<B{DIGEST}s{DIGEST}sQQdqqB")
LONGEST_ID = 512  # bytes of an id that are kept: it only settles ties, and only where the snapshot is gone
LONGEST = 2048  # characters of a cursor
KEPT = 4  # snapshots
UNDATED = -1

GONE = "the articles have changed since the page before: its generation {} is gone, hits may be missing or come again"


@attrs.frozen
class Cursor:
    """Where a page ended."""

    snapshot: bytes
    question: bytes
    generation: int
    passed: int
    score: float
    start: int  # of its date in seconds since year 1, as `end`; UNDATED
    end: int
    id: str
    now: datetime | None  # what relative dates started from

    def encode(self) -> str:
        now = b"" if self.now is None else self.now.isoformat().encode()
        head = HEAD.pack(
            VERSION,
            self.snapshot,
            self.question,
            self.generation,
            self.passed,
            self.score,
            self.start,
            self.end,
            len(now),
        )
        data = head + now + self.id.encode()[:LONGEST_ID]
        return urlsafe_b64encode(data + _digest(data)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: object) -> Cursor:
        """QueryError for anything but what `encode` gave."""
        try:
            if not isinstance(text, str) or len(text) > LONGEST:
                raise ValueError
            whole = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            data = whole[:-DIGEST]
            if _digest(data) != whole[-DIGEST:] or urlsafe_b64encode(whole).decode().rstrip("=") != text:
                raise ValueError
            version, snapshot, question, generation, passed, score, start, end, length = HEAD.unpack_from(data)
            if version != VERSION or len(data) < HEAD.size + length:
                raise ValueError
            written = data[HEAD.size : HEAD.size + length].decode()
            now = datetime.fromisoformat(written) if written else None
            id = data[HEAD.size + length :].decode(errors="ignore")  # it may have been cut inside a character
        except (ValueError, struct.error):
            raise QueryError(f"after is {in_short(text)}", hint="it must be the cursor of the page before") from None
        return cls(snapshot, question, generation, passed, score, start, end, id, now)


class Pages:
    """The snapshots to which cursors lead back."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept: dict[bytes, Snapshot] | None = {}  # the one asked for last is the last; None: closed

    def keep(self, name: bytes, snapshot: Snapshot) -> None:
        """Keep a snapshot, and the oldest no longer where there are too many."""
        if self._kept is not None:
            others = [(other, held) for other, held in self._kept.items() if other != name]
            self._kept = dict([*others, (name, snapshot)][-KEPT:])

    def find(self, cursor: Cursor, current: Snapshot) -> Snapshot:
        """The snapshot of a cursor; `current` if it is gone."""
        if name_of(current) == cursor.snapshot:
            return current
        found = (self._kept or {}).get(cursor.snapshot)
        if found is None:
            found = Snapshot.open_generation(self._storage, cursor.generation, current)
            if found is None or name_of(found) != cursor.snapshot:
                return current
        self.keep(cursor.snapshot, found)
        return found

    def close(self) -> None:
        self._kept = None


def cursor_of(results: Results, ask: Ask, settings: Settings) -> str | None:
    """The cursor behind the last of some results; None where no page can follow, or the time was up."""
    passed, pages = results._passed, ask.scope.pages
    if pages is None or not passed or passed < settings.wanted or passed >= ask.snapshot.articles:
        return None
    hit, snapshot, now = results[-1], ask.snapshot, ask.scope.known_now
    name = name_of(snapshot)
    pages.keep(name, snapshot)
    start, end = _seconds(hit, snapshot)
    question, generation = question_of(ask), snapshot.manifest.generation
    return Cursor(name, question, generation, passed, hit.score, start, end, hit.id, now).encode()


def search_after(
    ask: Ask,
    cursor: Cursor,
    limit: int | None,
    offset: int,
    sort: Sort,
    ranking: Ranking,
    skipping: bool,
    start: float,
) -> Results:
    """The page behind a cursor. QueryError for a cursor of another query."""
    snapshot = ask.snapshot
    if question_of(ask) != cursor.question:
        raise QueryError(
            "after is the cursor of another query", hint="ask for the next page as for the first, with after= as well"
        )
    here = name_of(snapshot) == cursor.snapshot
    passed = cursor.passed if here else _passed_now(ask, cursor, sort, ranking, skipping)
    results = ask.search(settings_of(snapshot, limit, passed + offset, sort, ranking, skipping), start)
    return results if here else results._warned(QueryWarning(GONE.format(f"{cursor.generation:,}"), "page"))


def name_of(snapshot: Snapshot) -> bytes:
    return _digest(encode_manifest(snapshot.manifest))


def question_of(ask: Ask) -> bytes:
    """A digest of all that decides which hits there are and how they are ranked."""
    scope = ask.scope
    apart = ("snapshot", "timeout", "plain", "pages", "_now")
    asked = [(name, getattr(scope, name)) for name in Scope.__slots__ if name not in apart]
    return _digest(repr((ask.query, asked)).encode("utf-8", "replace"))


def _digest(data: bytes) -> bytes:
    return blake2s(data, digest_size=DIGEST).digest()


def _seconds(hit: Hit, snapshot: Snapshot) -> tuple[int, int]:
    """Start and end of a hit's date."""
    return snapshot.parts[hit._segment].segment.seconds(hit._docid) or (UNDATED, UNDATED)


def _passed_now(ask: Ask, cursor: Cursor, sort: Sort, ranking: Ranking, skipping: bool) -> int:
    """How many hits rank before the end of a page, or at it, now that the articles are others.

    In the order of a field, whose values a cursor does not hold: as many as there were.
    """
    snapshot = ask.snapshot
    if sort not in SORTS:
        return cursor.passed
    last = _rank(sort, cursor.score, (cursor.start, cursor.end), cursor.id)
    wanted = cursor.passed
    while True:
        wanted = 2 * wanted + 16
        results = ask.search(settings_of(snapshot, wanted, 0, sort, ranking, skipping), 0.0)

        def is_behind(number: int, hits: Results = results) -> bool:
            hit = hits[number]
            return _rank(sort, hit.score, _seconds(hit, snapshot), hit.id) > last

        found = bisect_left(range(len(results)), True, key=is_behind)
        if found < len(results) or len(results) < wanted:
            return found


def _rank(sort: Sort, score: float, seconds: tuple[int, int], id: str) -> tuple[float, bool, int, int, bytes]:
    """What rises along the ranking: the core's order of hits (search_hits.inc)."""
    start, end = seconds
    sign = 1 if sort == "oldest" else -1
    by_score = -score if sort == "score" else 0.0
    return by_score, start < 0, sign * end, sign * start, id.encode()[:LONGEST_ID]
