"""Where the grammar stands in the words of a date, and how it refuses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from searchkit.errors import DateError
from searchkit.spoken.calendar import Clock
from searchkit.spoken.words import split

__all__ = ["FORMS", "Cursor", "Written"]

FORMS = "write 2020, 2020-10, 2020-10-02 or 2020-10-02T10:15, or say last month, past 7 days, october 2020, since 2019"

Written: TypeAlias = "Callable[[str], tuple[int, int]]"
"""Reads a written date: its first second and the one after its last. Raises DateError."""

_Value = TypeVar("_Value")


class Cursor:
    """The words of a text and a place among them, with what they are counted from."""

    def __init__(self, text: str, clock: Clock, written: Written) -> None:
        self.text = text
        self.words = split(text)
        self.at = 0
        self.clock = clock
        self.written = written

    def word(self, ahead: int = 0) -> str:
        """The word here, or so many ahead; "" behind the last."""
        place = self.at + ahead
        return self.words[place] if place < len(self.words) else ""

    def take(self, *choices: str) -> str:
        """The word here, if it is one of these; it is passed then. Otherwise ""."""
        word = self.word()
        if word not in choices:
            return ""
        self.at += 1
        return word

    def take_in(self, meanings: Mapping[str, _Value]) -> _Value | None:
        """What the word here means, if it is among these; it is passed then."""
        meaning = meanings.get(self.word())
        if meaning is not None:
            self.at += 1
        return meaning

    def since(self, start: int) -> str:
        """The words from a place up to here."""
        return " ".join(self.words[start : self.at])

    def refusal(self, reason: str, hint: str = FORMS) -> DateError:
        return DateError(self.text, reason, hint)
