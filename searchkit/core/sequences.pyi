from collections.abc import Callable, Iterable

from searchkit.core.program import Given, Parts, TermLists

MOST_PLACES: int
MOST_UNORDERED: int

def find_sequence(
    over: Parts,
    terms: Iterable[tuple[TermLists, int]],
    places: int,
    slop: int,
    ordered: bool,
    field: int,
    each: Callable[[], object],
) -> Given: ...
