"""Dates as people say them: `last month`, `2nd of october 2020`, `q3 2020`, `since 2019`, in English.

    words       a text to plain words, and what single words can stand for
    calendar    the arithmetic of days, months and weeks, in whole numbers
    relative    one period relative to now
    periods     one period by its name (`named`: its year; `parts`: quarters, weeks, decades and their like)
    ranges      a period alone, two with `to` between them, or one with `since` or `before`

What is said becomes a range of seconds at once, so that nothing is left to be understood later. The grammar needs no
going back: each word is looked at a few times at most. What could mean two things is refused with both written out.
The whole language, with examples, is in docs/dates.md. Written dates (ISO 8601) inside of what is said are read by
the caller, who knows them.
"""

from searchkit.spoken.ranges import Range, read

__all__ = ["Range", "read"]
