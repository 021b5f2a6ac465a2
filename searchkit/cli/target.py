"""Which index a command means, and how articles that are named in the place of an index become one.

Where INDEX is a folder of articles, or a file of them, an index of it is kept under `indexes/` in the current folder,
and beside it a note of what it was made from:

    indexes/seeds/           the index of seeds/
    indexes/seeds.sources    {"format": 1, "source": "/home/me/seeds", "files":
                             {"storm.txt": [1204, 1700000000123456789, "storm"]}}

Each call compares sizes and times of the files with the note; if they are the same, no article is read. New and changed
files of plain text are read again, and the articles of removed ones deleted; any other change has all files read again.
Another folder of the same name gets an index of its own, named with a checksum of its path.
"""

from __future__ import annotations

import json
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import attrs

from searchkit.cli.files import written
from searchkit.cli.progress import watching
from searchkit.cli.screen import complain, complain_of_each
from searchkit.errors import ArticleError, IndexNotFound
from searchkit.sources.find import find
from searchkit.sources.report import ReadReport

if TYPE_CHECKING:
    from searchkit.article import Article
    from searchkit.index import Index
    from searchkit.indexing.writer import Writer
    from searchkit.sources.find import Source

__all__ = ["index_folder", "is_index", "open_index"]

INDEXES = "indexes"  # in the current folder
FORMAT = 1  # of the note
RESERVED = "default"  # the index that is meant where none is named; never made from a folder of that name


@attrs.frozen
class Stamp:
    """What tells whether a file has changed, and the id of its article if it is one of plain text."""

    size: int  # bytes
    time: int  # of the last change, in nanoseconds
    id: str | None


def open_index(where: str, *, mode: Literal["r", "r+"] = "r") -> Index:
    """The index that INDEX stands for: the one at that path, or the up-to-date one of the articles at that path."""
    import searchkit

    folder = index_folder(where)
    if folder is None:
        folder = _up_to_date(Path(where))
    return searchkit.open(folder, mode=mode)


def index_folder(where: str) -> Path | None:
    """The path as it is, if it is to be an index; None if it holds articles instead."""
    path = Path(where)
    if path.is_file() or (path.is_dir() and not is_index(path) and any(path.iterdir())):
        return None
    return path


def is_index(folder: Path) -> bool:
    """Whether an index is or was in this folder, whole or damaged."""
    from searchkit.storage.lock import LOCK_NAME
    from searchkit.storage.manifest import is_index_file

    with suppress(OSError):
        return any(path.name == LOCK_NAME or is_index_file(path.name) for path in folder.iterdir())
    return False


def _up_to_date(source: Path) -> Path:
    """Bring the index of these articles up to date; its folder."""
    import searchkit

    whole = source.resolve()
    found = _sources(whole)
    if not found:
        raise IndexNotFound(str(source))
    folder = _folder_for(whole)
    if is_index(folder) and _Note.read(folder).files == _stamps(found):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not _note_path(folder).exists():
        _Note(str(whole), {}).write(folder)  # before anything else, so that no other process takes the folder
    report = ReadReport()
    begun = is_index(folder)  # or its folder was removed, and the note says nothing
    with searchkit.create(folder, exist_ok=True) as index, index.writer() as writer:
        # Only now can no other process change the index and its note: look again.
        index.refresh()
        old = _Note.read(folder).files if begun else {}
        found = _sources(whole)
        new = _stamps(found)  # before reading: a file that changes meanwhile is read again next time
        with watching(report, _size(found)) as watch:
            _update(index, writer, old, new, lambda names: watch(_read([found[name] for name in names], report)))
            writer.commit()
        _Note(str(whole), new).write(folder)
    if sys.stderr.isatty():
        complain(f"{source} is indexed in {folder}: {report.read:,} articles read")
    complain_of_each("skipped", report.skipped)
    return folder


def _update(
    index: Index,
    writer: Writer,
    old: Mapping[str, Stamp],
    new: Mapping[str, Stamp],
    read: Callable[[Iterable[str]], Iterable[Article]],
) -> None:
    """Add the articles of new and changed files, and delete those that are gone; `read` gives the articles of files."""
    import searchkit

    changed = [name for name in new if new[name] != old.get(name)]
    gone = {stamp.id for name, stamp in old.items() if new.get(name) != stamp}
    if None in gone:  # which articles such a file held is not known: read everything, then delete what was not read
        changed = list(new)
        gone = {hit.id for hit in index.search(searchkit.query.All(), limit=None)}
    reread = set(changed)
    keep = {stamp.id for name, stamp in new.items() if name not in reread}
    for article in read(changed):
        keep.add(article.id)
        writer.add(article)
    writer.delete(id for id in gone if id is not None and id not in keep)


def _read(sources: Iterable[Source], report: ReadReport) -> Iterator[Article]:
    """The articles of files, with the ids that they have as parts of their folder."""
    import searchkit

    for source in sources:
        for article in searchkit.read_articles(source.place, on_error="skip", report=report):
            yield attrs.evolve(article, id=source.id) if source.format == "text" else article


def _sources(path: Path) -> dict[str, Source]:
    """The files of articles at a path, by their names in it; none from indexes that lie there too."""

    def trouble(error: OSError) -> None:
        raise error

    if path.is_file():
        return {path.name: next(find(path, None, ReadReport(), trouble))}
    indexes: dict[Path, bool] = {}
    found = {}
    with suppress(ArticleError):  # nothing of a known form
        for source in find(path, None, ReadReport(), trouble):
            assert isinstance(source.place, Path)
            parent = source.place.parent
            if parent not in indexes:
                indexes[parent] = is_index(parent)
            if not indexes[parent]:
                found[source.place.relative_to(path).as_posix()] = source
    return found


def _stamps(sources: Mapping[str, Source]) -> dict[str, Stamp]:
    stamps = {}
    for name, source in sources.items():
        assert isinstance(source.place, Path)
        with suppress(FileNotFoundError):  # gone since it was found
            status = source.place.stat()
            stamps[name] = Stamp(status.st_size, status.st_mtime_ns, source.id if source.format == "text" else None)
    return stamps


def _size(sources: Mapping[str, Source]) -> int | None:
    """Bytes to read, or None if any is compressed."""
    if any(source.compression for source in sources.values()):
        return None
    return sum(stamp.size for stamp in _stamps(sources).values())


def _folder_for(source: Path) -> Path:
    """Where the index of these articles is, or is to be."""
    name = re.sub(r"[^\w.-]+", "-", source.stem if source.is_file() else source.name).strip("-.") or "root"
    plain, own = Path(INDEXES, name), Path(INDEXES, f"{name}-{zlib.crc32(os.fsencode(source)):08x}")
    if name == RESERVED or own.exists() or _note_path(own).exists():
        return own
    if _note_path(plain).exists():
        return plain if _Note.read(plain).source == str(source) else own
    return own if plain.exists() else plain


def _note_path(folder: Path) -> Path:
    return folder.with_name(folder.name + ".sources")


@attrs.frozen
class _Note:
    """What an index of articles was made from; kept beside it."""

    source: str
    files: dict[str, Stamp]

    @classmethod
    def read(cls, folder: Path) -> _Note:
        """The note beside an index. One that cannot be read stands for no files: all are read again."""
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            note = json.loads(_note_path(folder).read_bytes())
            if note["format"] == FORMAT:
                return cls(note["source"], {name: Stamp(*stamp) for name, stamp in note["files"].items()})
        return cls("", {})

    def write(self, folder: Path) -> None:
        files = {name: attrs.astuple(stamp) for name, stamp in self.files.items()}
        note = json.dumps({"format": FORMAT, "source": self.source, "files": files}, indent=0)
        with written(_note_path(folder)) as out:
            out.write(note)
