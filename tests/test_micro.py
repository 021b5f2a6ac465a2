"""The micro-benchmarks: they fit the core as it is, every kernel gives a figure, and what cannot be done is said."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)
sys.path.append(str(ROOT))

from benchmarks.micro import __main__ as command  # noqa: E402
from benchmarks.micro import build  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the drivers are for Unix")
needs_sources = pytest.mark.skipif(not build.CORE.is_dir(), reason="the core's sources are not beside these tests")
needs_compiler = pytest.mark.skipif(build.compiler() is None, reason="no C compiler")

# One of each kernel at least; more may come.
KERNELS = {
    "tokenize, ASCII", "classify, long words", "hash and intern, known", "counting sort, lists", "encode, short lists",
    "docids, 4 bits", "tfs, 1 bits", "scores", "at_least", "select, 1 in 100", "count_bits", "window add",
    "heap, 10 best of random", "positions, 4 together", "CRC-32C, pages", "dictionary look-up",
}  # fmt: skip


@pytest.mark.slow
@needs_sources
@needs_compiler
def test_every_driver_fits_the_core_and_every_kernel_gives_a_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All drivers compile and run; each row has items, a time and a limit that are numbers above zero."""
    figures = tmp_path / "micro.json"
    code = command.main(["--quick", "--levels", "plain", "--json", str(figures)])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    rows = json.loads(figures.read_text(encoding="utf-8"))["rows"]
    assert {row["kernel"] for row in rows} >= KERNELS
    for row in rows:
        assert row["level"] in ("any", "plain")
        assert row["items"] > 0 and row["limit"]
        for key in ("cycle_ns", "limit_ns"):
            assert math.isfinite(row[key]) and row[key] > 0, row
        # A difference of two single samples may come out below zero on a busy machine.
        assert math.isfinite(row["ns"]) and row["ns"] + row["less_ns"] > 0, row
        assert row["kernel"] in printed.out


@needs_sources
@needs_compiler
def test_a_driver_that_no_longer_fits_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the compiler said is kept for the one; the core's own failure is everybody's."""
    core, own = tmp_path / "core", tmp_path / "own"
    for folder, sources in ((core, {"a.c": "int a;"}), (own, {"good.c": "int main(void) { return 0; }"})):
        folder.mkdir()
        for name, text in sources.items():
            (folder / name).write_text(text, encoding="utf-8")
    (own / "bad.c").write_text("int main(void) { return no_longer_there(); }", encoding="utf-8")
    monkeypatch.setattr(build, "CORE", core)
    monkeypatch.setattr(build, "HERE", own)
    monkeypatch.setattr(build, "_SHARED", ())
    built = build.build(tmp_path, ("good", "bad"))
    assert isinstance(built["good"], Path)
    assert "no_longer_there" in str(built["bad"])
    (core / "a.c").write_text("int a", encoding="utf-8")
    with pytest.raises(build.CannotBuild, match="error"):
        build.build(tmp_path, ("good",))


def test_no_compiler_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a C compiler nothing is measured: exit code 1 and the remedy."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CC", "nonesuch")
    if not (build.ROOT / "setup.py").is_file():
        pytest.skip("setup.py is not beside these tests")
    assert command.main(["--quick"]) == 1
    assert "no C compiler" in capsys.readouterr().err


@needs_sources
def test_the_flags_are_those_of_the_build() -> None:
    """They are read from setup.py; among them the one that exact scores rest on."""
    assert {"-O3", "-std=c11", "-ffp-contract=off"} <= set(build.flags())


def test_an_unknown_driver_is_bad_use(capsys: pytest.CaptureFixture[str]) -> None:
    """The command line names the drivers there are."""
    with pytest.raises(SystemExit) as stop:
        command.main(["--only", "words,nonesuch"])
    assert stop.value.code == 2
    assert "'nonesuch' is none of words" in capsys.readouterr().err
