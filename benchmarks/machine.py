"""What a number was measured on, and what a process has used. Linux tells all; elsewhere some figures are None."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

__all__ = ["anonymous_memory", "commit", "cores", "cpu_seconds", "describe", "load", "peak_memory"]


def describe() -> dict[str, str | int | float | None]:
    """Processor, cores, memory, system and Python of this machine."""
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": cores(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def cores() -> int:
    """Cores that the machine has."""
    return os.cpu_count() or 1


def load() -> float:
    """Processes that wanted a core in the last minute, on average: the noise a run was exposed to."""
    return round(os.getloadavg()[0], 2)


def commit(folder: Path) -> str | None:
    """The commit checked out in `folder`, with `+` behind it where files differ from it; None where git cannot tell."""
    try:
        asked = [
            subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
            for words in (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain"])
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return asked[0] + ("+" if asked[1] else "")


def cpu_seconds() -> float:
    """User and system time of this process, all its threads, and its finished children."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def peak_memory() -> int:
    """Most resident bytes this process has had. Not from getrusage: Linux hands a child its parent's figure there."""
    status = _status("VmHWM")
    if status is not None:
        return status
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def anonymous_memory(process: int | None = None) -> int | None:
    """Resident bytes that belong to a process alone (None: this one); pages of mapped files are not counted."""
    return _status("RssAnon", process)


def _status(key: str, process: int | None = None) -> int | None:
    for line in _lines(f"/proc/{process or 'self'}/status"):
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return None


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
