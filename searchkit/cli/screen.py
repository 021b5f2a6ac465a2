"""What reaches the screen or the pipe: lines, JSON, and the safe printing of text that is not ours.

Nothing from an article, a query or a file name steers a terminal: control characters are replaced in lines and
escaped in JSON.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searchkit.search.explain import Explanation
    from searchkit.search.results import Hit, Results

__all__ = [
    "complain",
    "complain_of_each",
    "heading",
    "in_bytes",
    "indented",
    "on_terminal",
    "one_line",
    "print_json",
    "say",
    "shown_date",
    "total_of",
]

NAMED = 20  # errors that are named one by one
HEADING = 70  # characters of a text that stand in for a missing title

# json.dumps escapes the first 32 characters itself; these others may steer a terminal too. In JSON they stand in
# strings only.
_STEERING = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def on_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def one_line(text: str) -> str:
    """The text on one line, safe to print."""
    from searchkit.search.snippets import printable

    return " ".join(printable(text).split())


def say(line: str = "") -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


def complain(message: str) -> None:
    """Print an error or a warning as one line on standard error."""
    print(f"searchkit: {one_line(message)}", file=sys.stderr)


def complain_of_each(what: str, errors: Sequence[Exception]) -> None:
    """Print a warning for each of the first errors, and how many more there were."""
    for error in errors[:NAMED]:
        complain(f"{what}: {error}")
    if len(errors) > NAMED:
        complain(f"{what}: {len(errors) - NAMED:,} more")


def print_json(value: Any, *, indent: int | None = None) -> None:
    """Print a value as JSON, readable in any script."""
    written = json.dumps(value, ensure_ascii=False, indent=indent)
    say(_STEERING.sub(lambda match: f"\\u{ord(match.group()):04x}", written))


def heading(hit: Hit) -> str:
    """The title of a hit, or else the first words of its text; and how many hits are folded under it."""
    from searchkit.search.snippets import first_words

    more = f"(and {hit.folded:,} more)" if hit.folded else ""
    if not hit.stored:
        return more
    return f"{one_line(hit.title) or first_words(hit.article.text, HEADING)} {more}".rstrip()


def indented(explanation: Explanation) -> list[str]:
    """The lines of an explanation, safe to print."""
    from searchkit.search.snippets import printable

    return [f"    {printable(line)}" for line in str(explanation).splitlines()]


def shown_date(hit: Hit) -> str:
    """The date of a hit as it was written."""
    return "undated" if hit.date is None else one_line(str(hit.date))


def total_of(results: Results) -> int | None:
    """How many articles a query finds in all; None, with a line on standard error, if they were not counted in time."""
    from searchkit.errors import SearchTimeout

    try:
        return results.total
    except SearchTimeout as error:
        complain(str(error))
        return None


def in_bytes(count: int) -> str:
    """A number of bytes for people: `1.4 MB`."""
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
