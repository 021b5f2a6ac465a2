"""The compiled core under sanitizers: `python -m tests.sanitizers`.

    suite      all extensions built with AddressSanitizer and UBSan, in a copy of the tree, and the tests run with them
    corpus     the kept inputs of the fuzzers of the core (tests/fuzz), each program under AddressSanitizer and UBSan
    threads    six threads that search one segment at once, under ThreadSanitizer (tests/fuzz/core/threads.c)

These need a compiler with the sanitizers' libraries, and minutes; no test of the usual run depends on them. Exit code
0; 1: a sanitizer or a test complained; 2: bad use, or something is missing.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fuzz.program import SANITIZE, UNROLLED, build
from fuzz.targets import HERE, TARGETS, corpus, seeds

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("searchkit", "tests", "docs", "seeds", "benchmarks", "tools", "indexes")
FILES = ("setup.py", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
# Tests that cannot run so: they start processes with another preloaded library, or compile things of their own.
LEFT_OUT = ("test_torture.py", "test_micro.py", "test_benchmarks.py", "test_readme.py")


def suite(work: Path, rest: Sequence[str]) -> bool:
    """Build the extensions with gcc's AddressSanitizer and UBSan, and run the tests."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise RuntimeError("needs gcc")
    tree = work / "tree"
    if not tree.exists():
        generated = shutil.ignore_patterns("*.so", "__pycache__", "build")
        for name in COPIED:
            shutil.copytree(ROOT / name, tree / name, ignore=generated)
        for name in FILES:
            shutil.copy(ROOT / name, tree / name)
        # Optimised in full, sanitized code takes hours to compile; unrolled loops do even with a little.
        changes = {"setup.py": ('"-O3"', '"-O1"'), f"searchkit/core/{UNROLLED}": ("", '#pragma GCC optimize ("O0")\n')}
        for name, (old, new) in changes.items():
            path = tree / name
            path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    flags = f"-fsanitize={SANITIZE} -fno-omit-frame-pointer -fno-sanitize=alignment -g1"
    environment = {**os.environ, "CC": os.environ.get("CC", gcc), "CFLAGS": flags, "LDFLAGS": f"-fsanitize={SANITIZE}"}
    subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=tree, env=environment, check=True)
    libraries = [
        subprocess.run([gcc, f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so", "libstdc++.so.6")
    ]
    environment |= {
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",  # Python itself leaks at its end
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "PYTHONMALLOC": "malloc",  # each object is watched by itself
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0"]
    command += [f"--ignore=tests/{name}" for name in LEFT_OUT] + list(rest)
    return subprocess.run(command, cwd=tree, env=environment, check=False).returncode == 0


def _inputs(work: Path, name: str) -> list[Path]:
    """Seeds and kept inputs of a target, as files."""
    folder = work / "inputs" / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(TARGETS[name])):
        (folder / f"{number:03}").write_bytes(data)
    return [*sorted(folder.iterdir()), *corpus(TARGETS[name])]


def kept(work: Path, rest: Sequence[str]) -> bool:
    """Give what the fuzzers of the core keep to programs with gcc's sanitizers."""
    ok = True
    for name, target in TARGETS.items():
        if target.core:
            sources = [HERE / "core" / f"{name}.c", HERE / "core" / "replay.c"]
            program = build(work / name, sources, f"-fsanitize={SANITIZE}", compiler="gcc")
            files = _inputs(work, name)
            ok &= subprocess.run([program, *files], check=False).returncode == 0
            print(f"corpus: {name}: {len(files)} inputs", flush=True)
    return ok


def threads(work: Path, rest: Sequence[str]) -> bool:
    """ThreadSanitizer on a program of the core: loaded into a Python that was built without it, it sees nothing."""
    program = build(work / "threads", [HERE / "core" / "threads.c"], "-fsanitize=thread", compiler="gcc")
    # Some kernels lay memory out in a way that the sanitizer does not take; without that it runs anywhere.
    plain = [tool] if (tool := shutil.which("setarch")) is None else [tool, platform.machine(), "-R"]
    environment = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1:exitcode=66"}
    command = [*filter(None, plain), program, *_inputs(work, "search")]
    return subprocess.run(command, env=environment, check=False).returncode == 0


PARTS: dict[str, Callable[[Path, Sequence[str]], bool]] = {"suite": suite, "corpus": kept, "threads": threads}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sanitizers", description="The core under sanitizers.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"which: {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--work", type=Path, help="a folder to build in and to keep (a temporary one)")
    every = list(sys.argv[1:] if arguments is None else arguments)
    own, rest = (every[: every.index("--")], every[every.index("--") + 1 :]) if "--" in every else (every, [])
    given = parser.parse_args(own)
    if unknown := [part for part in given.parts if part not in PARTS]:
        parser.error(
            f"there is no part {unknown[0]!r}: there are {', '.join(PARTS)}; arguments for pytest come behind --"
        )
    with tempfile.TemporaryDirectory(prefix="searchkit-sanitizers-") as folder:
        work = (given.work or Path(folder)).absolute()
        ok = True
        for part in given.parts or PARTS:
            try:
                done = PARTS[part](work, rest)
            except RuntimeError as error:
                print(f"{part}: {error}", file=sys.stderr)
                return 2
            print(f"{part}: {'clean' if done else 'FAILED'}", flush=True)
            ok &= done
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
