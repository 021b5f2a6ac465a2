"""A limit to what a process may ask the system for, so that memory without bound is an error and not a slow machine."""

from __future__ import annotations

import os
import resource
from pathlib import Path

__all__ = ["lift_limit", "limit_address_space"]


def limit_address_space(more: int) -> None:
    """Let this process grow by that many bytes from now on. Counted from now, since sanitizers begin with terabytes."""
    size = 0
    statm = Path("/proc/self/statm")
    if statm.exists():
        size = int(statm.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = size + more
    resource.setrlimit(resource.RLIMIT_AS, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def lift_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
