from collections.abc import Sequence

from typing_extensions import Buffer

from searchkit.core.segment import Segment

KINDS: dict[str, int]

class Parts:
    count: int
    segments: tuple[Segment, ...]
    def __init__(self, parts: Sequence[tuple[Segment, Buffer | None]]) -> None: ...

class TermLists:
    df: int

class Given:
    parts: int
    count: int

class Program:
    def __init__(
        self,
        over: Parts,
        # weight, lists or what was found before, words, slop, field
        leaves: Sequence[tuple[float, tuple[TermLists, ...] | Given, int, int, int]],
        filters: Sequence[tuple[int | None, int | None, int]],
        nodes: Sequence[tuple[int, tuple[int, ...]]],
        root: int,
        scoring: int,
        mask: int,
        bitmaps: Sequence[Sequence[Buffer]] = (),
    ) -> None: ...
