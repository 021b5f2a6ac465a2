"""Apache Lucene in a Java machine inside this process (pyjnius), with the classes that pyserini's package carries.

`Lucene.java` beside this file is compiled at first use, so a JDK is needed, the one `JAVA_HOME` or `javac` names. A
build is one call, a query is one call and its answer one array of bytes: calling Java method by method from Python
would cost more than the queries. Lucene's own query parser, IndexOrDocValuesQuery for dates, no query cache, 4 GB of
heap at most.
Beside the extra `bench`: `pip install --no-deps pyserini` (what it requires, torch among it, is not needed).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.corpus import day_of
from benchmarks.peers import Abilities, Answer, Sizes, plain_text
from benchmarks.queries import TOP, Query

__all__ = ["Peer"]

_SOURCE = Path(__file__).with_name("Lucene.java")
_STORED = (".fdt", ".fdx", ".fdm")


class Peer:
    abilities = Abilities(batches=True)

    def __init__(self) -> None:
        java = _java_home()
        classes = _classes()
        os.environ["JAVA_HOME"] = str(java)
        import jnius_config

        jnius_config.add_options("-Xmx4g")
        jnius_config.set_classpath(str(classes), _compiled(java, classes))
        from jnius import autoclass

        self._class = autoclass("Lucene")

    def version(self) -> str:
        return str(self._class.version())

    def build(self, articles: Path, folder: Path, threads: int) -> None:
        self._class.write(str(articles), str(folder))

    def add(self, articles: Path, folder: Path) -> None:
        self._class.write(str(articles), str(folder))

    def sizes(self, folder: Path) -> Sizes:
        parts: dict[str, int] = {}
        for file in folder.iterdir():
            parts[file.suffix or file.name] = parts.get(file.suffix or file.name, 0) + file.stat().st_size
        opened = self._class(str(folder))
        return {
            "articles": opened.articles(),
            "segments": opened.segments(),
            "total": sum(parts.values()),
            "stored": sum(parts.get(suffix, 0) for suffix in _STORED),
            "parts": parts,
        }

    def open(self, folder: Path) -> None:
        self._index = self._class(str(folder))

    def call(self, query: Query) -> Callable[[], Answer]:
        search, text, everything, top, newest = (
            self._index.search,
            plain_text(query),
            query.join == "all",
            query.top,
            query.newest,
        )
        since, until = _days(query)
        pairs = struct.Struct(">if").iter_unpack
        return lambda: list(pairs(search(text, everything, top, since, until, newest).tostring()))

    def batch(self, queries: Sequence[Query], threads: int) -> Callable[[], Sequence[Answer]]:
        texts = [plain_text(query) for query in queries]
        return lambda: _split(self._index.batch(texts, TOP, threads).tostring())

    def count(self, query: Query) -> int:
        return int(self._index.count(plain_text(query), query.join == "all", *_days(query)))


def _days(query: Query) -> tuple[int, int]:
    return day_of(query.since) or 0, day_of(query.until) or 0


def _split(packed: bytes) -> list[Answer]:
    answers: list[Answer] = []
    place = 0
    while place < len(packed):
        size = int.from_bytes(packed[place : place + 4])
        answers.append(list(struct.iter_unpack(">if", packed[place + 4 : place + 4 + size])))
        place += 4 + size
    return answers


def _java_home() -> Path:
    compiler = shutil.which("javac")
    named = os.environ.get("JAVA_HOME")
    home = Path(named) if named else Path(compiler).resolve().parents[1] if compiler else None
    if home is None or not (home / "bin" / "javac").is_file():
        raise FileNotFoundError("no JDK: set JAVA_HOME, or put javac (11 or newer) on the path")
    return home


def _classes() -> Path:
    package = find_spec("pyserini")
    places: Any = () if package is None else package.submodule_search_locations or ()
    jars = [jar for place in places for jar in Path(place, "resources", "jars").glob("anserini-*-fatjar.jar")]
    if not jars:
        raise ModuleNotFoundError("no Lucene: pip install --no-deps pyserini")
    return jars[0]


def _compiled(java: Path, classes: Path) -> str:
    """The folder of the compiled class, kept in this user's cache under a name of its content."""
    content = hashlib.sha256(_SOURCE.read_bytes() + str(java).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "searchkit-benchmarks" / content
    if not (folder / "Lucene.class").is_file():
        with tempfile.TemporaryDirectory() as made:
            command = [str(java / "bin" / "javac"), "-nowarn", "-cp", str(classes), "-d", made, str(_SOURCE)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"javac: {done.stderr.strip()[:400]}")
            shutil.copytree(made, folder, dirs_exist_ok=True)
    return str(folder)
