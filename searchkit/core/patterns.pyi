from collections.abc import Callable, Iterable, Sequence

from searchkit.core.program import Parts

MOST_NODES: int

def choose_simd(name: str | None = None) -> None: ...

class Pattern: ...

class Automaton(Pattern):
    def __init__(
        self,
        nodes: Sequence[tuple[Sequence[tuple[int, int]], Iterable[int]]],  # code points consumed, successors
        start: Iterable[int],
        needs: str = "",
        least: int = 0,
        most: int = 255,
        share: int = 0,
    ) -> None: ...

class Edits(Pattern):
    def __init__(self, word: str, distance: int, prefix: int = 0) -> None: ...

class Matches:
    def __init__(
        self,
        parts: Parts,
        pattern: Pattern,
        each: Callable[[], object],
        low: bytes = b"",
        high: bytes | None = None,
        by_form: bool = False,
    ) -> None: ...
    def __len__(self) -> int: ...
    def sort(self) -> None: ...
    def weight(self, number: int) -> int: ...
    def name(self, number: int) -> str: ...
    def surely_lives(self, number: int, term: str) -> bool: ...
    def sources(self, number: int) -> list[tuple[int, bytes]]: ...
