"""Made-up articles: the same for the same seed, as many as are asked for, and the first N of any larger number.

What they have of real news, because it decides how an engine fares:

- Words follow a Zipf-Mandelbrot law with endings on some, and new ones never cease: a few words of each article come
  from an endless tail, so the dictionary grows with the collection.
- Words are bursty: each article repeats words of its own, from its topic and from anywhere, so a word that occurs at
  all is likely to occur again.
- Words keep company: a tenth of the vocabulary are fixed expressions of two words, and topics have names.
- Topics are busy for some months; the number of articles grows over 20 years. The order is not that of the dates.
- Lengths are log-normal around 200 words. 3 % have a date of month precision, 1 % none.
"""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import TypedDict

import attrs

__all__ = ["Row", "generate"]

_VOCABULARY = 60_000  # ranks; endings multiply them
_EXPRESSIONS = 10  # one rank in so many is a fixed expression
_TABLE_BITS = 18  # the law is drawn from by a table of 2 to this many words
_ENDINGS = ("",) * 17 + ("s", "ed", "ing")
_TOPICS = 2_000
_TOPIC_WORDS = 60
_OWN_WORDS = 12  # that an article repeats
_OWN_SHARE = 0.28  # of its length
_TAIL = 20_000  # rank from which words are drawn beside the table, without end
_NEW_SHARE = 0.01  # of its length, from the endless tail
_FIRST_DAY = date(2004, 1, 1)
_DAYS = 7_305  # twenty years


class Row(TypedDict):
    """One article as the peers read it."""

    id: str
    title: str
    text: str
    date: str | None


@attrs.frozen
class _Topic:
    words: list[str]  # the frequent ones first
    name: str
    busy: int  # day


def generate(articles: int, seed: int) -> Iterator[Row]:
    """That many articles."""
    rng = random.Random(seed)
    words = [_spell(rank) for rank in range(_VOCABULARY)]
    table = _table(words, rng)
    topics = [_topic(words, rng) for _ in range(_TOPICS)]
    days = [(_FIRST_DAY + timedelta(days=number)).isoformat() for number in range(_DAYS)]
    mask = len(table) - 1
    uniform = rng.random
    middle = math.log(170)
    for number in range(articles):
        topic = topics[int(_TOPICS * uniform() ** 1.5)]
        length = max(20, min(2_500, int(rng.lognormvariate(middle, 0.6))))
        said = [table[i & mask] for i in array("I", rng.randbytes(4 * length))]
        own = [topic.words[int(_TOPIC_WORDS * uniform() ** 2)] for _ in range(_OWN_WORDS // 2)]
        own += [topic.name, *(table[rng.getrandbits(_TABLE_BITS)] for _ in range(_OWN_WORDS // 2 - 1))]
        for _ in range(int(length * _OWN_SHARE)):
            said[int(length * uniform())] = own[int(_OWN_WORDS * uniform())]
        for _ in range(int(length * _NEW_SHARE + uniform())):
            said[int(length * uniform())] = _spell(int(_TAIL * (1.0 - uniform()) ** -1.2))
        title = " ".join([*rng.sample(own, rng.randint(2, 5)), table[rng.getrandbits(_TABLE_BITS)]])
        chance = uniform()
        day = topic.busy + int(rng.gauss(0, 60)) if chance < 0.7 else int(_DAYS * uniform())
        written = days[day % _DAYS][: 7 if chance < 0.03 else 10] if chance < 0.99 else None
        text = _sentences(said, uniform)
        yield {"id": f"made-{number:08d}", "title": title[:1].upper() + title[1:], "text": text, "date": written}


def _table(words: list[str], rng: random.Random) -> list[str]:
    """Words in proportion to their frequency: each is found by that part of the whole."""
    law = [1.0 / (rank + 2.7) ** 1.07 for rank in range(len(words))]
    size = 1 << _TABLE_BITS
    each = size / sum(law)
    table: list[str] = []
    reached = 0.0
    for rank, weight in enumerate(law):
        reached += weight * each
        word = words[rank]
        if rank > 100 and rank % _EXPRESSIONS == 0:
            word = f"{words[rng.randrange(rank // 2)]} {word}"
        while len(table) < reached:
            table.append(word + _ENDINGS[rng.randrange(len(_ENDINGS))] if rank > 50 else word)
    return (table + words[: size - len(table)])[:size]


def _topic(words: list[str], rng: random.Random) -> _Topic:
    pool = [words[int(150 + (_VOCABULARY - 150) * rng.random() ** 2)] for _ in range(_TOPIC_WORDS)]
    name = f"{pool[0].capitalize()} {pool[1].capitalize()}"
    return _Topic(pool, name, int(_DAYS * rng.random() ** 0.7))


def _spell(rank: int) -> str:
    """A word for a rank, unlike that of any other rank; frequent words are short."""
    word = ""
    while True:
        word += "bcdfghklmnprstv"[rank % 15] + "aeiou"[rank // 15 % 5]
        rank = rank // 75 - 1
        if rank < 0:
            return word


def _sentences(words: list[str], uniform: Callable[[], float]) -> str:
    parts = []
    place = 0
    while place < len(words):
        stop = place + 8 + int(18 * uniform())
        sentence = " ".join(words[place:stop])
        parts.append(f"{sentence[0].upper()}{sentence[1:]}.")
        place = stop
    return " ".join(parts)
