"""Every error that searchkit raises on purpose.

Each carries the data that a program needs to react, and a message that says what to do next. Errors that the
operating system raises (a full disk, a missing permission) are passed on as they are, with their file name.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ArticleError",
    "CommitUnknown",
    "CorruptIndex",
    "DateError",
    "FormatVersion",
    "IndexExists",
    "IndexLocked",
    "IndexNotFound",
    "QueryError",
    "SearchTimeout",
    "SearchkitError",
    "in_short",
]


class SearchkitError(Exception):
    """The root of all errors of this library. Each may be copied, and sent from one process to another."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Python would call the class with the message alone: a pool of processes waits for ever for what comes of it.
        return _again, (type(self), self.args, self.__dict__)


class QueryError(SearchkitError):
    """A query that cannot be answered as written: what is wrong, where it stands, how to mend it."""

    def __init__(self, text: str, position: int | None = None, hint: str = "") -> None:
        self.text = text
        self.position = position
        self.hint = hint
        where = "" if position is None else f" (at character {position + 1})"
        super().__init__(f"{text}{where}" + (f": {hint}" if hint else ""))


class SearchTimeout(SearchkitError, TimeoutError):
    """Articles could not all be counted in the time that was given."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        super().__init__(f"not all articles were counted within {timeout:g} s: count with a longer timeout, or none")


class ArticleError(SearchkitError):
    """An article that cannot be taken in: its source, the line (or byte offset) and the cure."""

    def __init__(self, message: str, source: str | None = None, line: int | None = None, hint: str = "") -> None:
        self.message = message
        self.source = source
        self.line = line
        self.hint = hint
        where = "" if source is None else f"{source}: " if line is None else f"{source}, line {line}: "
        super().__init__(f"{where}{message}" + (f" ({hint})" if hint else ""))


class DateError(SearchkitError, ValueError):
    """A date that does not exist, is ambiguous or is not understood."""

    def __init__(self, text: str, reason: str, hint: str = "") -> None:
        self.text = text
        self.reason = reason
        self.hint = hint
        super().__init__(f"{text!r}: {reason}" + (f" ({hint})" if hint else ""))


class IndexNotFound(SearchkitError, FileNotFoundError):
    """There is no index at the path."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"no index at {path}: make one with searchkit.create({path!r}) or `searchkit index`")


class IndexExists(SearchkitError, FileExistsError):
    """There is an index at the path already."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"there is an index at {path} already: open it, or create with exist_ok=True")


class IndexLocked(SearchkitError):
    """Another writer holds the index."""

    def __init__(self, path: str, pid: int | None, since: str | None) -> None:
        self.path = path
        self.pid = pid
        self.since = since
        holder = "another writer" if pid is None else f"process {pid}" + (f" since {since}" if since else "")
        super().__init__(f"{path} is being written by {holder}: try again when it is done, or wait longer with wait=")


class CorruptIndex(SearchkitError):
    """Bytes of the index are not what was written."""

    def __init__(self, path: str, section: str, expected: object = None, got: object = None) -> None:
        self.path = path
        self.section = section
        self.expected = expected
        self.got = got
        detail = "" if expected is None and got is None else f": expected {expected}, got {got}"
        super().__init__(
            f"{path}: damaged {section}{detail}. `searchkit check` lists all damage, `searchkit check --repair` saves "
            "what can be read; or build the index anew from the articles, or restore a copy"
        )


class FormatVersion(SearchkitError):
    """The index was written in a form that this version does not read."""

    def __init__(self, found: object, readable: object, remedy: str = "", path: str = "") -> None:
        self.found = found
        self.readable = readable
        self.remedy = remedy or "use the version of searchkit that wrote it, or build the index anew from the articles"
        self.path = path  # of the index or a file of it, where that is known
        super().__init__(
            f"{path or 'the index'} was written with {found}, this version reads {readable}: {self.remedy}"
        )


class CommitUnknown(SearchkitError):
    """Publishing a commit failed half way: the index is at the old or the new generation, and whole in either case."""

    def __init__(self, old: int, new: int, path: str = "") -> None:
        self.old = old  # 0: there was no index
        self.new = new
        self.path = path  # of the index
        of = f"{path}: " if path else ""
        super().__init__(
            f"{of}the commit may or may not have been published: the index is at generation {old} or {new}, whole in "
            "either case; open it again to see which, and repeat the additions if it is the older"
            if old
            else f"{of}the new index may or may not be there, whole in either case: open it, or create it again"
        )


def _again(kind: type[SearchkitError], arguments: tuple[object, ...], data: dict[str, object]) -> SearchkitError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(data)
    return error


def in_short(value: object, most: int = 40) -> str:
    """A value for a message: as Python writes it, on one line, its text of at most `most` characters."""
    if isinstance(value, str):
        return repr(value if len(value) <= most else value[: most - 1] + "…")
    try:
        written = repr(value)
    except ValueError:  # an int of more digits than Python writes
        return f"a value of type {type(value).__name__}"
    return written if len(written) <= most else written[: most - 1] + "…"
