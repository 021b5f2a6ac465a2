"""From what the caller names (a file, a folder, a glob, `-`, an open file) to single sources, in a fixed order.

A folder is walked to its end: the files of a folder by name, then its subfolders by name. Hidden files, links to
folders and what is no regular file are passed over there, and so are forms that are not read (they are counted).
What is missing is said at once, before the first article.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import attrs

from searchkit.errors import ArticleError
from searchkit.sources.report import ReadReport

__all__ = ["FORMATS", "Named", "Readable", "Source", "find"]


class Readable(Protocol):
    """An open binary file, as far as it is needed here."""

    def read(self, size: int, /) -> bytes | None: ...


Named: TypeAlias = str | os.PathLike[str] | Readable

FORMATS: Final = ("text", "jsonl", "json", "csv", "tsv", "parquet")
"""The forms that are read, by the names that `format=` takes."""

_SUFFIXES: Final = {
    ".txt": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
_COMPRESSIONS: Final = (".gz", ".zst")


@attrs.frozen
class Source:
    """One file or stream to read.

    name         how errors call it.
    place        its path, or the open stream.
    format       one of FORMATS; None to tell it by the first character.
    compression  ".gz", ".zst" or "" for none; None to tell it by the first bytes.
    id           id of the article if it is plain text; None to make one from the content.
    """

    name: str
    place: Path | Readable
    format: str | None
    compression: str | None
    id: str | None


def find(named: Named, format: str | None, report: ReadReport, trouble: Callable[[OSError], None]) -> Iterator[Source]:
    """The sources behind one name, lazily; `format` overrides what suffixes say.

    `trouble` is told of a folder that cannot be listed, and may raise.

    Raises FileNotFoundError when there is nothing of that name, ArticleError when a file's form cannot be told, and
    TypeError for what is no name and no binary stream; at once, except for what only a walk can show.
    """
    if not isinstance(named, str | os.PathLike):
        if not hasattr(named, "read"):
            several = " (give several as read_articles(*paths))" if isinstance(named, list | tuple) else ""
            raise TypeError(f"a source is a path, a glob, '-' or a binary file, not {type(named).__name__}{several}")
        return iter((_stream(named, format),))
    if named == "-":
        import sys

        return iter((Source("standard input", sys.stdin.buffer, format, None, None),))
    if not os.fspath(named):
        raise FileNotFoundError(errno.ENOENT, "a source has no name", "")
    path = Path(named)
    if path.is_dir():
        return _known(str(path), _walked(path, trouble), path, format, report)
    if path.exists():
        return iter((_file(path, format),))
    if any(sign in str(named) for sign in "*?["):
        folder, pattern = _split_glob(path)
        if next(folder.glob(pattern), None) is None:
            raise FileNotFoundError(errno.ENOENT, "no file matches", str(named))
        return _known(str(named), _matching(folder, pattern), folder, format, report)
    raise FileNotFoundError(errno.ENOENT, "no such file or folder", str(named))


def _stream(stream: Readable, format: str | None) -> Source:
    if not isinstance(stream.read(0), bytes):
        raise TypeError("open the file in binary mode: the bytes are decoded, and checked, here")
    name = getattr(stream, "name", None)
    return Source(_printable(name) if isinstance(name, str) else "a stream", stream, format, None, None)


def _file(path: Path, format: str | None) -> Source:
    stem, by_name, compression = _split_name(path.name)
    name = _printable(str(path))
    if not path.is_file():  # a pipe such as <(command) has no suffix worth the name
        return Source(name, path, format or by_name, None, None)
    if format is None and by_name is None:
        raise ArticleError(
            f"the form of {path.suffix or 'a file without suffix'} is not known", name, hint=_format_hint()
        )
    return Source(name, path, format or by_name, compression, stem)


def _known(named: str, paths: Iterator[Path], folder: Path, format: str | None, report: ReadReport) -> Iterator[Source]:
    """Sources for the files of a known form among `paths`; ids are their paths in `folder`."""
    some = False
    ignored = ""
    for path in paths:
        stem, by_name, compression = _split_name(path.relative_to(folder).as_posix())
        if format is None and by_name is None:
            report.ignored += 1
            ignored = ignored or path.name
        else:
            some = True
            yield Source(_printable(str(path)), path, format or by_name, compression, stem)
    if ignored and not some:
        raise ArticleError(f"no file of a known form ({_printable(ignored)} is not)", named, hint=_format_hint())


def _walked(folder: Path, trouble: Callable[[OSError], None]) -> Iterator[Path]:
    for here, folders, files in os.walk(folder, onerror=trouble):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(here, name)
            if not name.startswith(".") and _is_regular(path):
                yield path


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    for path in sorted(folder.glob(pattern)):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and _is_regular(path):
            yield path


def _split_glob(path: Path) -> tuple[Path, str]:
    """The folder that a glob starts from, and the pattern inside it."""
    parts = path.parts
    first = next(number for number, part in enumerate(parts) if any(sign in part for sign in "*?["))
    return Path(*parts[:first]), str(Path(*parts[first:]))


def _split_name(name: str) -> tuple[str, str | None, str]:
    """A file name as (what stands before the suffixes that we know, the form, the compression)."""
    compression = ""
    lower = name.lower()
    for suffix in _COMPRESSIONS:
        if lower.endswith(suffix):
            compression = suffix
            name, lower = name[: -len(suffix)], lower[: -len(suffix)]
            break
    for suffix, format in _SUFFIXES.items():
        if lower.endswith(suffix):
            return name[: -len(suffix)] or name, format, compression
    return name, None, compression


def _is_regular(path: Path) -> bool:
    """Whether this is a file, or a link to one: opening a pipe or a socket by chance could wait for ever."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:  # a link to nowhere, or gone since
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:  # links that lead to each other
            return False
        raise


def _printable(name: str) -> str:
    """A file name that can be printed: bytes of it that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode()


def _format_hint() -> str:
    return f"name the format: {', '.join(FORMATS)}"
