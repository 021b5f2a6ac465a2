"""What all tests share: fixed seeds, how much to try, and Python programs in other processes.

SEARCHKIT_TEST_SEED=7     other random choices than the usual ones (the seed in use is in pytest's header)
SEARCHKIT_TEST_EFFORT=10  ten times the random trials
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis.core
import pytest
from hypothesis import HealthCheck, Phase, settings
from strategies import EFFORT, SEED, trials

import searchkit

settings.register_profile(
    "searchkit",
    derandomize=SEED == 0,
    database=None,
    deadline=None,
    max_examples=trials(40),
    print_blob=True,
    phases=(Phase.explicit, Phase.generate, Phase.target, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
settings.load_profile("searchkit")
if SEED:
    hypothesis.core.global_force_seed = SEED  # what pytest's --hypothesis-seed sets


def pytest_report_header() -> str:
    return f"searchkit: {searchkit.__file__}, SEARCHKIT_TEST_SEED={SEED}, SEARCHKIT_TEST_EFFORT={EFFORT}"


@pytest.fixture
def no_collection() -> Iterator[None]:
    """For tests that reach the recursion limit: a collection there would break finalizers of other tests' garbage."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `python script arguments...` with pipes for text and this searchkit; ended with the test at the latest."""
    running: list[subprocess.Popen[str]] = []
    package = str(Path(searchkit.__file__).resolve().parent.parent)

    def start(script: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")]))
        process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **environment},
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()
