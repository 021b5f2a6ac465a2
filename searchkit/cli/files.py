"""Files that commands write beside the index: whole, or as they were."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

__all__ = ["written"]

LONGEST = 100  # bytes of a name that the name of its temporary file begins with


@contextmanager
def written(named: str | os.PathLike[str]) -> Iterator[TextIO]:
    """A file to write text to, which gets its name, and takes the place of an older one, when it is whole and on disk.

    What is there and no file (a device, a pipe) is written to as it is. Raises OSError that names the file.
    """
    path = Path(os.path.realpath(named))  # a link stays one
    mode = None
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
    if mode is not None and not stat.S_ISREG(mode):
        with path.open("w", encoding="utf-8") as out:  # a folder raises
            yield out
        return
    start = os.fsdecode(os.fsencode(path.name)[:LONGEST])
    temporary = path.with_name(f".{start}.{os.urandom(4).hex()}")
    try:
        with temporary.open("x", encoding="utf-8") as out:
            if mode is not None:
                os.fchmod(out.fileno(), stat.S_IMODE(mode))
            yield out
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror, os.fspath(named)) from error
        raise
