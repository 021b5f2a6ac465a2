"""The same done to searchkit and to its peers: power cuts after a commit has returned, flipped bits, hostile queries.

    cuts     an ext4 in an image file, copied as soon as a commit has returned, mounted and opened (power.py)
    flips    one bit of one file: is what is answered then the same, an error, or something else?
    texts    what a person may type or paste: answered, refused with an exception, or the end of the process?

Each engine is opened in a process of its own for each cut, flip and text, with little memory and time: a crash is a
result. Engines that are not installed are left out, and so are the cuts where power.py cannot run. What fails the rig
is what searchkit promises: all commits kept, no wrong answer that is not noticed, every text answered.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torture.children import Child
from torture.crash import fast_folder
from torture.engines import ENGINES, WORDS
from torture.figures import Figures
from torture.power import IMAGE, OPTIONS, _copy, _hindrance, _mounted, _run

__all__ = ["apart", "peers"]

ARTICLES = 200
COMMITS = 5  # of each mount, each followed by a cut
BATCH = 20  # articles of a commit
SECONDS = 10  # of processor time for one question
PATIENCE = 12  # so many times as long by the clock
MEMORY = 4 << 30  # bytes of address space
QUESTIONS = [[WORDS[number % 40], WORDS[(number * 7 + 3) % 40], f"only{number * 11}"] for number in range(12)]

TEXTS: tuple[str, ...] = (
    *('"', "(", ")", "[", "]", "{", "}", "~", "^", ":", "*", "?", "\\", "/", "'", "-", "+", "!", "&&", "||", ";", "\0"),
    *(
        "AND",
        "OR",
        "NOT",
        "a AND",
        "OR a",
        "NOT NOT a",
        "a OR (b AND",
        '"a b',
        "a:b:c",
        "nofield:a",
        "a^",
        "a^^2",
        "a~99",
    ),
    *("[TO]", "[a TO", "{* TO *}", "body:[a TO b]", "word1^1e999", "word1^nan", "word1~0.99999", '"a b"~99999999999'),
    *("it's 50% off; isn't it?", "C++ & C#", "e-mail: a@b.de", "https://a.b/c?d=e#f", "<b>word1</b>", "10/02/2020"),
    *("\ud800", "\U0001f642" * 50, "e\u0301" * 50, "\u202eword1", "ﬁ ﷺ", "x" * 100_000),
    *("word1 " * 20_000, "(" * 3_000, "(" * 20_000, "(" * 200 + "word1" + ")" * 200, "NOT " * 5_000 + "word1"),
    *("w*", "*o*r*d*", "?" * 200, "/(a+)+$/", '"' * 999, "a OR " * 5_000 + "a"),
)


def peers(*, flips: int, seed: int, jobs: int) -> Figures:
    """`flips` of each engine, and all cuts and texts. One engine after the other: `jobs` does not count."""
    start = time.perf_counter()
    hindrance = _hindrance()
    notes = [f"{'engine':<20} {'cuts: kept/lost/gone':>22} {'flips: no effect/noticed/WRONG/died':>37} "
             f"{'texts: answered/refused/died or late':>38}"]  # fmt: skip
    failures: list[str] = []
    tried = 0
    for name, (module, _) in ENGINES.items():
        try:
            importlib.import_module(module)
        except ImportError:
            notes.append(f"{name:<20} is not installed")
            continue
        cuts = Counter() if hindrance else _cuts(name)
        flipped, checked = _flips(name, flips, seed)
        asked = _texts(name)
        tried += cuts.total() + flipped.total() + asked.total()
        shown = "not here" if hindrance else _shown(cuts, "kept", "lost", "gone")
        found = f", {checked} of the wrong found by its check" if checked is not None and flipped["wrong"] else ""
        notes.append(
            f"{name:<20} {shown:>22} {_shown(flipped, 'same', 'noticed', 'wrong', 'died'):>37} "
            f"{_shown(asked, 'answered', 'refused', 'died'):>38}{found}"
        )
        print(notes[-1], file=sys.stderr, flush=True)
        if name == "searchkit":
            failures += [f"{count} cuts: {what}" for what, count in cuts.items() if what != "kept"]
            failures += [f"{flipped[what]} flips: {what}" for what in ("wrong", "died") if flipped[what]]
            failures += [f"{asked[what]} texts: {what}" for what in ("refused", "died") if asked[what]]
    return Figures("peers", tried, "trials", tuple(failures), tuple(notes), time.perf_counter() - start)


def _shown(counts: Counter[str], *names: str) -> str:
    return " / ".join(str(counts[name]) for name in names)


# -- what children do -------------------------------------------------------------------------------------------------


def apart(work: Callable[[], Any]) -> Any:
    """What `work` returns in a process of its own; "died" if it did, or took too long."""
    readable, writable = os.pipe()
    process = os.fork()
    if process == 0:
        with contextlib.suppress(BaseException):
            os.close(readable)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1), os.dup2(silent, 2)
            os.write(writable, json.dumps(work()).encode())
        os._exit(0)
    os.close(writable)
    data = b""
    until = time.monotonic() + SECONDS * PATIENCE
    while (left := until - time.monotonic()) > 0 and select.select([readable], [], [], left)[0]:
        more = os.read(readable, 1 << 16)
        if not more:
            break
        data += more
    os.close(readable)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    try:
        return json.loads(data)
    except ValueError:
        return "died"


def _loaded(name: str) -> Callable[[], Any]:
    """How an engine is made; its modules are there already when a process is forked."""
    module, made = ENGINES[name]
    importlib.import_module(module)
    return made


def add(given: dict[str, Any]) -> None:
    """A child: one commit, and then it goes on living until it is told how to end."""
    engine = ENGINES[given["engine"]][1]()
    folder = Path(given["folder"])
    folder.mkdir(exist_ok=True)
    engine.add(folder, given["first"], given["past"])
    print("committed", flush=True)
    if sys.stdin.readline().strip() == "cut":
        os._exit(0)  # without tidying up, like a machine that has lost its power
    engine.close()


def numbers(given: dict[str, Any]) -> Any:
    """A child: which articles an index has; None if it cannot be opened or read."""

    def look() -> Any:
        try:
            engine = ENGINES[given["engine"]][1]()
            engine.open(Path(given["folder"]))
            return engine.numbers()
        except Exception:
            return None

    return apart(look)


def flip(given: dict[str, Any]) -> dict[str, Any]:
    """A child: flips one after the other, and how often each came to what."""
    made, generator = _loaded(given["engine"]), random.Random(given["seed"])
    folder = Path(given["folder"])

    def look() -> Any:
        engine = made()
        try:
            engine.open(folder)
            return [engine.answer(words) for words in QUESTIONS]
        except Exception:
            return "noticed"

    def check() -> Any:
        engine = made()
        try:
            engine.open(folder)
            return engine.check(folder)
        except Exception:
            return False

    def examine() -> str:
        found = apart(look)
        return found if isinstance(found, str) else "same" if found == expected else "wrong"

    expected = apart(look)
    assert isinstance(expected, list) and any(expected), expected
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
    counts: Counter[str] = Counter()
    checked = None if apart(check) is None else 0
    for _ in range(given["flips"]):
        path = generator.choices(files, [one.stat().st_size for one in files])[0]
        data = path.read_bytes()
        at = generator.randrange(8 * len(data))
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(changed)
        outcome = examine()
        counts[outcome] += 1
        if outcome == "wrong" and checked is not None:
            checked += apart(check) is not True
        path.write_bytes(data)
    return {"counts": counts, "checked": checked}


def ask(given: dict[str, Any]) -> dict[str, int]:
    """A child: all texts."""
    made, folder = _loaded(given["engine"]), Path(given["folder"])

    def type_(text: str) -> str:
        engine = made()
        engine.open(folder)
        try:
            engine.ask(text)
        except Exception:
            return "refused"
        return "answered"

    return Counter(apart(lambda text=text: type_(text)) for text in TEXTS)


# -- rigs -------------------------------------------------------------------------------------------------------------


def _cuts(name: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="searchkit-peers-", dir=fast_folder()) as folder:
        work = Path(folder)
        image, disk, copy, other = (work / part for part in ("disk.img", "disk", "copy.img", "copy"))
        disk.mkdir(), other.mkdir()
        for options in OPTIONS:
            with image.open("wb") as file:
                file.truncate(2 * IMAGE)
            _run("mkfs.ext4", "-q", "-F", "-m", "0", image)
            with _mounted(image, disk, options):
                for commit in range(COMMITS):
                    first, past = commit * BATCH, (commit + 1) * BATCH
                    given = {"engine": name, "folder": str(disk / "index"), "first": first, "past": past}
                    child = Child("torture.peers.add", given)
                    assert child.line() == "committed", f"{name} did not commit"
                    _copy(image, copy)
                    child.tell("cut")
                    child.process.wait()
                    with _mounted(copy, other, options):
                        seen = Child("torture.peers.numbers", {**given, "folder": str(other / "index")}).result()
                    whole, before = list(range(past)), {tuple(range(n * BATCH)) for n in range(1, commit + 1)}
                    counts["kept" if seen == whole else "lost" if seen and tuple(seen) in before else "gone"] += 1
    return counts


def _flips(name: str, flips: int, seed: int) -> tuple[Counter[str], int | None]:
    with _made(name) as folder:
        found = Child("torture.peers.flip", {"engine": name, "folder": folder, "flips": flips, "seed": seed}).result()
    return Counter(found["counts"]), found["checked"]


def _texts(name: str) -> Counter[str]:
    with _made(name) as folder:
        return Counter(Child("torture.peers.ask", {"engine": name, "folder": folder}).result())


@contextlib.contextmanager
def _made(name: str) -> Any:
    """An index of the engine."""
    with tempfile.TemporaryDirectory(prefix="searchkit-peers-", dir=fast_folder()) as work:
        folder = str(Path(work) / "index")
        child = Child("torture.peers.add", {"engine": name, "folder": folder, "first": 0, "past": ARTICLES})
        assert child.line() == "committed", f"{name} did not commit"
        child.tell("close")
        child.process.wait()
        yield folder
        shutil.rmtree(folder, ignore_errors=True)
