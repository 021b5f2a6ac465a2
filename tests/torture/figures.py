"""What a rig reports: how much it tried, what failed, and the table of all rigs."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

__all__ = ["Figures", "table"]


@attrs.frozen
class Figures:
    """The outcome of one rig."""

    rig: str
    tried: int
    unit: str  # what was tried: points, states, commits, ...
    failures: tuple[str, ...] = ()  # each with what it takes to see it again
    notes: tuple[str, ...] = ()  # further figures
    seconds: float = 0.0
    skipped: str = ""  # why nothing was tried

    @property
    def ok(self) -> bool:
        return not self.failures


def table(results: Sequence[Figures]) -> str:
    """One line for each rig, its notes below."""
    lines = [f"{'rig':<8} {'tried':>10} {'':<9} {'failures':>8} {'seconds':>8}"]
    for one in results:
        if one.skipped:
            lines.append(f"{one.rig:<8} skipped: {one.skipped}")
            continue
        lines.append(f"{one.rig:<8} {one.tried:>10,} {one.unit:<9} {len(one.failures):>8} {one.seconds:>8.1f}")
        lines += [f"{'':<8}   {note}" for note in one.notes]
    return "\n".join(lines)
