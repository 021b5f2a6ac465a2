"""JSON Lines, and JSON: an array of objects, one object, or objects one after another.

Lines are independent: a wrong one is reported by its number and the next is read. In an array there is nowhere to go on
after a wrong character, so there the rest is given up. Neither holds more than one article and a few chunks in memory:
an array is decoded object by object from a buffer that grows only while an object is unfinished.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeAlias

from searchkit.article import Article
from searchkit.core.packs import Pack
from searchkit.dates import DateInterval
from searchkit.errors import ArticleError, DateError
from searchkit.indexing.store import PACK, pack_article
from searchkit.sources.report import Rejected
from searchkit.sources.streams import MAX_ARTICLE_BYTES, Chunks, lines, strings, too_long, whole_lines, wrong_bytes

__all__ = ["Make", "read_json", "read_jsonl", "read_jsonl_packs"]

_loads = json.JSONDecoder().decode

# Dates whose seconds are remembered: those of three centuries, by days.
MOST_DATES = 100_000

Make: TypeAlias = Callable[[dict[str, Any], int], Article | Rejected]
"""Makes an article of a record and the number of its line."""

# An error this near to the end of the buffer may be the end's fault: no literal or escape is longer.
_LITERAL = 16


def read_jsonl(chunks: Chunks, name: str, make: Make) -> Iterator[Article | Rejected]:
    """An article for each line that is not blank. Raises ArticleError for a line beyond the cap."""
    for number, (offset, line) in enumerate(lines(chunks, name), 1):
        item = _article_of(line, offset, number, name, make)
        if item is not None:
            yield item


def read_jsonl_packs(
    chunks: Chunks, name: str, make: Make, names: tuple[bytes, bytes, bytes, bytes], timezone: str
) -> Iterator[Pack | Rejected]:
    """The same articles in packs: plain lines without a Python object for each (core/pack.c), the others with `make`.

    names: what the records call title, date, text and id.
    """
    dates = _Dates(timezone)
    pack, number = Pack(), 1
    try:
        for offset, data in whole_lines(chunks, name):
            at = 0
            while at < len(data):
                at, number, odd = pack.take_lines(data, at, number, names, dates.__getitem__, PACK)
                if odd:
                    end = data.find(b"\n", at)
                    line = data[at : end if end >= 0 else len(data)]
                    item = _article_of(line, offset + at, number, name, make)
                    at += len(line) + 1
                    number += 1
                    if isinstance(item, Article):
                        pack_article(pack, item)
                    elif item is not None:
                        if len(pack):
                            yield pack
                            pack = Pack()
                        yield item
                if pack.size >= PACK:
                    yield pack
                    pack = Pack()
    except (ArticleError, OSError):
        if len(pack):
            yield pack  # what came before the error counts
        raise
    if len(pack):
        yield pack


class _Dates(dict[bytes, tuple[int, int] | None]):
    """Seconds of dates as they are written; None for what is not kept as it is written, or is no date."""

    def __init__(self, timezone: str) -> None:
        self._timezone = timezone

    def __missing__(self, date: bytes) -> tuple[int, int] | None:
        seconds = None
        with suppress(DateError):
            interval = DateInterval.from_value(date.decode(), self._timezone)
            if str(interval).encode() == date:
                seconds = interval.start_second, interval.end_second
        if len(self) >= MOST_DATES:
            self.clear()
        self[date] = seconds
        return seconds


def _article_of(line: bytes, offset: int, number: int, name: str, make: Make) -> Article | Rejected | None:
    """What a line holds; None: nothing."""
    try:
        record = _loads(line.decode())
    except UnicodeDecodeError as error:
        return Rejected(wrong_bytes(error, offset, name, number))
    except (ValueError, RecursionError) as error:
        return Rejected(_not_json(error, name, number)) if line and not line.isspace() else None
    if type(record) is dict:
        return make(record, number)
    hint = "an array over several lines is read as format json" if type(record) is list else ""
    return Rejected(ArticleError(f"{_kind(record)}, not an object", name, number, hint))


def read_json(chunks: Chunks, name: str, make: Make) -> Iterator[Article | Rejected]:
    """An article for each object of an array or of a sequence of objects. Raises ArticleError for wrong JSON."""
    text = _Text(strings(chunks, name), name)
    first = text.next_sign()
    if not first:
        raise ArticleError("the file is empty, not JSON", name)
    array = first == "["
    if array:
        text.skip()
        if text.next_sign() == "]":
            text.skip()
            text.expect_end()
            return
    while True:
        sign = text.next_sign()
        if sign != "{":
            found = f"{sign!r}" if sign else "the end of the file"
            raise ArticleError(f"not JSON articles: an object was expected, not {found}", name, text.line)
        line = text.line
        yield make(text.take_object(), line)
        sign = text.next_sign()
        if array and sign == ",":
            text.skip()
        elif array and sign == "]":
            text.skip()
            text.expect_end()
            return
        elif array:
            found = f"{sign!r}" if sign else "the end of the file"
            raise ArticleError(f"not JSON: ',' or ']' was expected, not {found}", name, text.line)
        elif not sign:
            return


class _Text:
    """A window that moves over JSON text: what is behind it is dropped, what is ahead is read when it is needed."""

    def __init__(self, parts: Iterator[str], name: str) -> None:
        self.line = 1
        self._parts = parts
        self._name = name
        self._buffer = ""
        self._position = 0
        self._decode = json.JSONDecoder().raw_decode

    def next_sign(self) -> str:
        """The next character that is no blank, without taking it; "" at the end."""
        while True:
            buffer, position = self._buffer, self._position
            while position < len(buffer) and buffer[position] in " \t\r\n":
                position += 1
            self._move(position)
            if position < len(buffer):
                return buffer[position]
            if not self._more():
                return ""

    def skip(self) -> None:
        """Take one character."""
        self._move(self._position + 1)

    def expect_end(self) -> None:
        """Requires that only blanks are left; raises ArticleError otherwise."""
        if sign := self.next_sign():
            raise ArticleError(f"not JSON: {sign!r} stands behind the end of the array", self._name, self.line)

    def take_object(self) -> dict[str, Any]:
        """Decode and take the object that starts here. Requires: the next character is `{`."""
        while True:
            try:
                record, end = self._decode(self._buffer, self._position)
            except json.JSONDecodeError as error:
                left = len(self._buffer) - self._position
                unfinished = error.msg.startswith("Unterminated string") or error.pos + _LITERAL >= len(self._buffer)
                if not unfinished or not self._more(at_least=left):
                    line = self.line + self._buffer.count("\n", self._position, error.pos)
                    column = error.pos - self._buffer.rfind("\n", 0, error.pos)
                    cut = error.msg.startswith("Unterminated string") or error.pos >= len(self._buffer.rstrip())
                    where = "the file ends inside an object" if cut else f"{error.msg} at character {column}"
                    raise ArticleError(f"not JSON: {where}", self._name, line) from None
                if left > MAX_ARTICLE_BYTES:
                    raise too_long("the object that starts here", self._name, self.line) from None
            except (ValueError, RecursionError) as error:
                raise _not_json(error, self._name, self.line) from None
            else:
                self._move(end)
                return record  # type: ignore[no-any-return]  # it began with a brace

    def _move(self, position: int) -> None:
        self.line += self._buffer.count("\n", self._position, position)
        self._position = position

    def _more(self, at_least: int = 1) -> bool:
        """Read on, at least so many characters where there are; False at the end of the input."""
        parts = [self._buffer[self._position :]]
        got = 0
        for part in self._parts:
            parts.append(part)
            got += len(part)
            if got >= at_least:
                break
        self._buffer = "".join(parts)
        self._position = 0
        return got > 0


def _not_json(error: Exception, name: str, line: int) -> ArticleError:
    if isinstance(error, json.JSONDecodeError):
        return ArticleError(f"not JSON: {error.msg} at character {error.pos + 1}", name, line)
    if isinstance(error, RecursionError):
        return ArticleError("the JSON is nested too deeply", name, line)
    return ArticleError(f"the JSON cannot be read: {error}", name, line)


def _kind(value: object) -> str:
    names = {list: "an array", str: "a string", type(None): "null", bool: "true or false"}
    return names.get(type(value), "a number")
