"""A short part of each torture rig (`python -m tests.torture`), and that the rigs themselves can be trusted."""

from __future__ import annotations

import os
import random
import re
import signal
from itertools import pairwise
from pathlib import Path

import pytest
from strategies import SEED
from torture.crash import crash
from torture.damage import damage
from torture.disk import Content, Disk, Operation
from torture.errors import errors
from torture.figures import Figures, table
from torture.model import model
from torture.peers import apart
from torture.power import power
from torture.program import AMOUNTS, main
from torture.replay import prove, record, replay
from torture.script import Script, perform
from torture.soak import Story, soak
from torture.turns import turns

import searchkit


def passed(figures: Figures, least: int) -> None:
    """No failure, and as much tried as was wanted, unless this machine cannot."""
    if figures.skipped:
        pytest.skip(figures.skipped)
    assert figures.failures == ()
    assert figures.tried >= least


@pytest.mark.slow
def test_a_killed_writer_loses_nothing() -> None:
    """kill -9 at some of the system calls of a writer's life."""
    passed(crash(points=40, seed=SEED, jobs=1, mistakes=()), 40)


@pytest.mark.slow
def test_a_call_that_fails_loses_nothing() -> None:
    """Some of the system calls of a writer's life fail, each once."""
    passed(errors(failing=12, seed=SEED, jobs=1, limits=False), 12)


@pytest.mark.slow
def test_a_power_cut_loses_nothing_that_was_acknowledged() -> None:
    """Some of the states in which a disk may be after the power was cut."""
    passed(replay(states=400, seed=SEED, jobs=1, mistakes=()), 400)


@pytest.mark.slow
@pytest.mark.parametrize(
    "mistake", ["no final folder sync", "no segment sync", "no manifest sync", "manifest written in place"]
)
def test_a_mistake_in_the_protocol_is_seen(mistake: str) -> None:
    """The model of the disk catches it: so it would catch it in the protocol itself."""
    assert prove({"mistakes": [mistake], "seed": SEED})[mistake] is not None


@pytest.mark.slow
def test_damage_is_seen() -> None:
    """Some of the ways in which bytes can be wrong, with and without right checksums."""
    passed(damage(damages=600, seed=SEED, jobs=1), 550)


@pytest.mark.slow
def test_writers_that_take_turns_lose_nothing() -> None:
    """A few processes, a few commits each."""
    passed(turns(commits=3, seed=SEED, jobs=1, processes=4), 12)


@pytest.mark.slow
def test_readers_of_a_busy_index_are_never_wrong() -> None:
    """Some seconds of the soak."""
    passed(soak(minutes=0.05, seed=SEED, jobs=1), 1)


@pytest.mark.slow
def test_random_steps_agree_with_a_dictionary_and_the_oracle() -> None:
    """A life or two."""
    passed(model(steps=400, seed=SEED, jobs=1), 400)


@pytest.mark.slow
def test_a_real_power_cut_loses_nothing_that_was_acknowledged() -> None:
    """A few cuts with a real file system, where that can be had."""
    passed(power(cuts=12, seed=SEED, jobs=1), 12)


# The rigs themselves.


def test_what_is_done_apart_may_die() -> None:
    """The rig of peers lives on, and says so."""
    assert apart(lambda: [1, "two"]) == [1, "two"]
    assert apart(lambda: os.kill(os.getpid(), signal.SIGKILL)) == "died"
    assert apart(lambda: {}["nothing"]) == "died"


def test_a_script_is_the_same_in_every_process() -> None:
    """The same seed, the same sessions and states; another seed, others."""
    one, other = Script(SEED, 12), Script(SEED, 12)
    assert one.sessions == other.sessions
    assert one.states == other.states
    assert one.sessions != Script(SEED + 1, 12).sessions
    assert len(one.states) == 2 + sum(session.commits for session in one.sessions)


@pytest.mark.slow
def test_a_script_does_all_that_a_writer_can_do(tmp_path: Path) -> None:
    """It merges, compacts, deletes and puts aside; each commit is one generation or more."""
    script = Script(SEED, 24)
    with searchkit.create(tmp_path / "index") as index:
        segments, deleted = [], 0
        for session in script.sessions:
            perform(index, session, lambda: None)
            segments.append(index.stats().segments)
            deleted = max(deleted, index.stats().deleted)
        assert index.stats().generation >= len(script.states) - 1
    assert deleted > 0
    assert any(after < before for before, after in pairwise(segments))


def test_a_story_is_the_same_for_writer_and_readers() -> None:
    """Whatever generation a reader sees first, it knows what is in it."""
    one, other = Story(SEED), Story(SEED)
    for _ in range(20):
        one.advance()
    assert other.advance_to(21) == one.state
    assert one.generation == other.generation == 21


def shown(operations: list[Operation], most: int = 200) -> list[dict[str, bytes]]:
    """All that a disk may show after these operations in the folder /d, without the folder."""
    disk = Disk(Path("/d"))
    for operation in operations:
        disk.apply(operation)
    found = []
    for state in disk.states(random.Random(SEED), most):
        files = {path.name: content.data for path, content in state.items() if path != Path("/d")}
        if files not in found:
            found.append(files)
    return found


FILE = Path("/d/a")
CREATED: list[Operation] = [("create", FILE, 1), ("write", 1, b"new")]
SYNCED: list[Operation] = [*CREATED, ("sync", 1)]


def test_a_disk_may_lose_what_is_not_synced() -> None:
    """Bytes in part or whole, names in any combination; what is synced is there in every state."""
    assert shown(CREATED[:1]) == [{}, {"a": b""}]
    cut = shown([*CREATED, ("sync_folder", Path("/d"))])
    assert {"a": b""} in cut
    assert {"a": b"new"} in cut
    assert {"a": b"n"} in cut
    assert {"a": b"\0\0\0"} in cut
    assert shown(SYNCED) == [{}, {"a": b"new"}]
    assert shown([*SYNCED, ("sync_folder", Path("/d"))]) == [{"a": b"new"}]
    linked = [*SYNCED, ("link", FILE, Path("/d/b")), ("unlink", FILE)]
    names = sorted(sorted(state) for state in shown(linked))
    assert names == [[], ["a"], ["a", "b"], ["b"]]
    assert shown([*linked, ("sync_folder", Path("/d"))]) == [{"b": b"new"}]
    renamed = [*SYNCED, ("sync_folder", Path("/d")), ("rename", FILE, Path("/d/b"))]
    assert [sorted(state) for state in shown(renamed)] == [["a"], ["b"]]


def test_a_disk_loses_a_folder_with_all_that_is_in_it() -> None:
    """A folder whose own name was not synced may be gone, whatever was synced in it."""
    folder = Path("/d/e")
    operations: list[Operation] = [("folder", folder), ("create", folder / "a", 1), ("sync_folder", folder)]
    assert [sorted(state) for state in shown(operations)] == [[], ["a", "e"]]
    assert [sorted(state) for state in shown([*operations, ("sync_folder", Path("/d"))])] == [["a", "e"]]


def test_no_sector_of_a_synced_part_changes() -> None:
    """What is appended to a synced file may be lost; what was there before may not."""
    old, new = bytes(range(250)) * 5, b"x" * 3000
    operations: list[Operation] = [("create", FILE, 1), ("write", 1, old), ("sync", 1), ("sync_folder", Path("/d"))]
    states = shown([*operations, ("write", 1, new)])
    assert len(states) > 50
    assert all(state["a"].startswith(old) and len(state["a"]) <= 4250 for state in states)


def test_a_recording_ends_with_all_that_was_done(tmp_path: Path) -> None:
    """The model's disk, nothing lost, is the folder: so the model forgets no call."""
    recording = record(SEED, 3)
    *_, last = recording.moments()
    everything = [*last.disk.states(random.Random(SEED), 2)][1]
    manifests = [path.name for path in everything if path.name.startswith("manifest-")]
    assert last.acknowledged == len(recording.script.states) - 1
    assert f"manifest-{last.acknowledged:06}.json" in manifests
    assert all(isinstance(content, Content) for content in everything.values())


def test_the_table_tells_of_everything() -> None:
    """What was tried, what failed, what was left out."""
    one, two = Figures("one", 1234, "points", ("a",), ("a note",), 1.5), Figures("two", 0, "cuts", skipped="no root")
    text = table([one, two])
    assert re.search(r"one +1,234 points +1 +1\.5\n +a note\ntwo +skipped: no root", text)


@pytest.mark.parametrize("arguments", [["nothing"], ["--jobs", "0"], ["--quick", "--full"], ["--steps", "many"]])
def test_bad_use_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With exit code 2, and a line that says what there is."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_the_help_names_every_rig(capsys: pytest.CaptureFixture[str]) -> None:
    """And how much it does."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for rig, (_, unit, _, _) in AMOUNTS.items():
        assert f"{rig}:" in text
        assert f"--{unit}" in text


def test_a_failure_fails_the_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1; 0 without one."""
    for failures, code in (((), 0), (("something",), 1)):
        found = Figures("crash", 1, "points", failures)
        monkeypatch.setitem(AMOUNTS, "crash", (lambda found=found, **_: found, "points", 1, 1))
        assert main(["crash"]) == code
    assert "something" in capsys.readouterr().err
