"""From a source to its bytes: opened, decompressed under a cap, turned to UTF-8, and cut into lines.

Everything is a generator of (offset, chunk) pairs, so that memory does not depend on the size of the input and every
error can say where it stands. Offsets count decompressed bytes from 0, a byte order mark included.

Compressed data may be hostile (a few kilobytes that unpack to petabytes) or cut short. The cap is on the output side
and is checked while unpacking; an end that comes too early is an error for gzip and zstandard alike.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from errno import EAGAIN
from pathlib import Path
from typing import BinaryIO, Final, cast

from searchkit.errors import ArticleError
from searchkit.sources.find import Readable, Source
from searchkit.sources.report import ReadReport

__all__ = ["MAX_ARTICLE_BYTES", "Chunks", "chunks_of", "lines", "strings", "too_long", "whole_lines", "wrong_bytes"]

Chunks = Iterable[tuple[int, bytes]]

CHUNK: Final = 1 << 18
"""Bytes read, or unpacked, at once."""

MAX_ARTICLE_BYTES: Final = 64 << 20
"""Bytes that one article (a text file, a line, a JSON object, a table row) may have."""

# A zstandard block takes 4 bytes at least and unpacks to 128 KiB at most: what one slice of this size can become is
# thereby limited to 64 MiB. The package's stream reader would limit it too, but takes a cut file for a whole one.
ZSTD_SLICE: Final = 2_048

# Memory that a frame may ask for: what the zstd command allows without --long.
ZSTD_WINDOW: Final = 1 << 27


def chunks_of(source: Source, encoding: str, max_bytes: int, report: ReadReport) -> Iterator[tuple[int, bytes]]:
    """The source as chunks of bytes without byte order mark, in UTF-8 if it was in any other `encoding`.

    The bytes of a source that is said to be UTF-8 are not checked here. Raises ArticleError for damaged, cut or
    oversized compressed data and for bytes that are wrong in `encoding`, OSError from the system.
    """
    with _opened(source) as raw:
        compression, stream = (source.compression, raw) if source.compression is not None else _sniffed(raw)
        if compression == ".gz":
            data = _capped(_gunzipped(stream, source.name), source.name, max_bytes)
        elif compression == ".zst":
            data = _capped(_unzstd(stream, source.name), source.name, max_bytes)
        else:
            data = _plain(stream)
        data = _counted(data, report)
        if not _is_utf8(encoding):
            data = _recoded(data, source.name, encoding)
        yield from _without_mark(data)


def lines(chunks: Chunks, name: str) -> Iterator[tuple[int, bytes]]:
    """The lines, without their line feeds, each with its offset. Raises ArticleError for a line beyond the cap."""
    for start, piece in whole_lines(chunks, name):
        begin = 0
        while begin < len(piece):
            end = piece.find(b"\n", begin)
            if end < 0:
                end = len(piece)
            yield start + begin, piece[begin:end]
            begin = end + 1


def whole_lines(chunks: Chunks, name: str) -> Iterator[tuple[int, bytes]]:
    """Whole lines, several in a piece, each piece with its offset. Raises ArticleError for a line beyond the cap."""
    pending: list[bytes] = []
    waiting = start = 0
    for offset, chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if not pending:
            start = offset
        if end:
            yield start, b"".join((*pending, chunk[:end]))
            pending.clear()
            waiting, start = 0, offset + end
        if end < len(chunk):
            pending.append(chunk[end:])
            waiting += len(chunk) - end
            if waiting > MAX_ARTICLE_BYTES:
                raise too_long(f"the line that starts at byte {start}", name)
    if pending:
        yield start, b"".join(pending)


def strings(chunks: Chunks, name: str) -> Iterator[str]:
    """The chunks as text. Raises ArticleError, with the offset, where they are not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    end = 0
    for offset, chunk in chunks:
        yield _decoded(decoder, chunk, False, offset, name)
        end = offset + len(chunk)
    _decoded(decoder, b"", True, end, name)


def wrong_bytes(error: UnicodeDecodeError, offset: int, name: str, line: int | None = None) -> ArticleError:
    """The error of bytes that are not in their encoding; `offset` is where the decoded bytes begin in the source."""
    return ArticleError(
        f"invalid {error.encoding.upper()} at byte {offset + error.start}: {error.reason}",
        name,
        line,
        "name the encoding if the file is in another one",
    )


def too_long(what: str, name: str, line: int | None = None) -> ArticleError:
    """The error of an article beyond the cap."""
    return ArticleError(
        f"{what} is longer than {MAX_ARTICLE_BYTES >> 20} MiB", name, line, "the rest of this file is not read"
    )


# ---- opening


@contextmanager
def _opened(source: Source) -> Iterator[_Whole]:
    """The source's bytes as they are stored; what was opened here is closed here, what the caller opened is not."""
    if isinstance(source.place, Path):
        with source.place.open("rb", buffering=0) as stream:
            yield _Whole(stream)
    else:
        yield _Whole(source.place)


class _Whole:
    """A stream, after a `head`, whose `read` gives all that was asked for until the end, as no pipe promises."""

    def __init__(self, stream: Readable, head: bytes = b"") -> None:
        self._stream = stream
        self._head = head

    def read(self, size: int, /) -> bytes:
        data, self._head = self._head[:size], self._head[size:]
        while len(data) < size:
            more = self._stream.read(size - len(data))
            if more is None:
                raise BlockingIOError(EAGAIN, "a source must wait for its bytes: it is in non-blocking mode")
            if not more:
                break
            data = data + more if data else more
        return data


def _sniffed(raw: _Whole) -> tuple[str, _Whole]:
    """The compression that the first bytes tell, and a stream that begins with them again."""
    head = raw.read(4)
    compression = ".gz" if head[:2] == b"\x1f\x8b" else ".zst" if head == b"\x28\xb5\x2f\xfd" else ""
    return compression, _Whole(raw, head)


def _plain(raw: _Whole) -> Iterator[bytes]:
    while chunk := raw.read(CHUNK):
        yield chunk


def _gunzipped(raw: _Whole, name: str) -> Iterator[bytes]:
    import gzip
    import zlib

    try:
        # Read forward only, it needs no more than read().
        with gzip.GzipFile(fileobj=cast(BinaryIO, raw), mode="rb") as stream:
            while chunk := stream.read1(CHUNK):
                yield chunk
    except EOFError:
        raise _cut("gzip", name) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _damaged("gzip", str(error), name) from None


def _unzstd(raw: _Whole, name: str) -> Iterator[bytes]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    frame = decompressor.decompressobj()
    begun = False
    try:
        while packed := raw.read(CHUNK):
            view = memoryview(packed)
            for begin in range(0, len(view), ZSTD_SLICE):
                rest = bytes(view[begin : begin + ZSTD_SLICE])
                while rest:
                    if chunk := frame.decompress(rest):
                        yield chunk
                    begun = not frame.eof
                    if not frame.eof:
                        break
                    rest = frame.unused_data
                    frame = decompressor.decompressobj()
    except zstandard.ZstdError as error:
        if "memory" in str(error):
            hint = f"it needs a window of more than {ZSTD_WINDOW >> 20} MiB: unpack it with zstd --long first"
            raise ArticleError("the zstandard data cannot be unpacked", name, hint=hint) from None
        raise _damaged("zstandard", str(error), name) from None
    if begun:
        raise _cut("zstandard", name)


def _cut(kind: str, name: str) -> ArticleError:
    return ArticleError(f"the {kind} data end too early", name, hint="the file was cut short: copy or fetch it again")


def _damaged(kind: str, reason: str, name: str) -> ArticleError:
    return ArticleError(f"the {kind} data cannot be unpacked: {reason}", name, hint="copy or fetch the file again")


# ---- on the way


def _capped(chunks: Iterable[bytes], name: str, max_bytes: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise ArticleError(
                f"unpacks to more than {max_bytes} bytes", name, hint="if that is right, give a larger max_bytes="
            )
        yield chunk


def _counted(chunks: Iterable[bytes], report: ReadReport) -> Iterator[bytes]:
    for chunk in chunks:
        report.bytes += len(chunk)
        yield chunk


def _recoded(chunks: Iterable[bytes], name: str, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = 0
    for chunk in chunks:
        yield _decoded(decoder, chunk, False, offset, name).encode("utf-8", "replace")
        offset += len(chunk)
    yield _decoded(decoder, b"", True, offset, name).encode("utf-8", "replace")


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool, offset: int, name: str) -> str:
    kept = decoder.getstate()[0]  # bytes of an unfinished character from the chunk before
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        raise wrong_bytes(error, offset - len(kept), name) from None


def _without_mark(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The chunks with their offsets, less a byte order mark, which may come in pieces."""
    offset = 0
    head = b""
    begun = False
    for chunk in chunks:
        if not begun:
            head += chunk
            if len(head) < 3:
                continue
            begun = True
            chunk = head
            if chunk.startswith(codecs.BOM_UTF8):
                offset, chunk = 3, chunk[3:]
        if chunk:
            yield offset, chunk
        offset += len(chunk)
    if head and not begun:
        yield 0, head
