from collections.abc import Sequence

from searchkit.core.program import Parts

PERIODS: dict[str, int]

def count_periods(parts: Parts, matches: Sequence[bytes], by: str) -> tuple[dict[int, int], int, int]: ...
