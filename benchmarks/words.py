"""Words drawn from the articles themselves, for the sampler of queries.

A list of words is a run (words that stand side by side in a text or a title) or scattered over one text, as the coin
falls; one list in four comes from a title. Words are taken as often as they occur, frequent words included: nothing is
left out as a stop word. Only words that every peer's tokenizer reads alike are taken: ASCII letters between blanks,
lower-cased, at most 20 letters.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence

import attrs

from benchmarks.corpus import Corpus

__all__ = ["Words", "gather"]

_COUNTED = 20_000  # articles whose words are counted to tell rare from frequent
_DRAWN = 4_000  # articles that words are drawn from
_TITLES = 0.25  # share of the lists that comes from a title
_TRIES = 2_000

CLASSES = ("word-rare", "word-medium", "word-frequent")

Text = list[str]  # its words in order, "" for one that tokenizers might read differently


@attrs.frozen
class Words:
    """What lists of words are drawn from."""

    texts: list[Text]  # with at least ten different words
    titles: list[Text]  # with at least two
    classes: dict[str, list[str]]  # the words of each class of frequency

    def some(self, rng: random.Random, fewest: int, most: int) -> tuple[str, ...]:
        """Different words of one text or title: a run or scattered."""
        number = rng.randint(fewest, most)
        source = self._source(rng)
        if rng.random() < 0.5:
            return self.run(rng, number, different=True)
        for _ in range(_TRIES):
            words = rng.choice(source)
            picked = {words[rng.randrange(len(words))] for _ in range(number)} - {""}
            if len(picked) == number:
                return tuple(rng.sample(sorted(picked), number))
        return self.run(rng, number, different=True)

    def run(self, rng: random.Random, number: int, *, different: bool = False) -> tuple[str, ...]:
        """Words side by side in one text or title; fewer where the articles hardly ever have so many together."""
        source = self._source(rng)
        for attempt in range(_TRIES):
            words = rng.choice(source if attempt < _TRIES // 2 else self.texts)
            place = rng.randrange(len(words))
            run = words[place : place + number]
            if len(run) == number and all(run) and not (different and len(set(run)) < number):
                return tuple(run)
        if number == 1:
            return (next(filter(None, rng.choice(self.texts))),)
        return self.run(rng, number - 1, different=different)

    def _source(self, rng: random.Random) -> list[Text]:
        return self.titles if self.titles and rng.random() < _TITLES else self.texts


def gather(corpus: Corpus, rng: random.Random) -> Words:
    """Read the articles that are drawn from, and count words over a few more."""
    counted = set(rng.sample(range(corpus.articles), min(_COUNTED, corpus.articles)))
    drawn = set(rng.sample(sorted(counted), min(_DRAWN, len(counted))))
    df: Counter[str] = Counter()
    texts: list[Text] = []
    titles: list[Text] = []
    kept: dict[str, str] = {}  # one str a word, however often it occurs
    with corpus.path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number not in counted:
                continue
            row = json.loads(line)
            title, text = ([kept.setdefault(w, w) for w in map(_plain, row[key].split())] for key in ("title", "text"))
            df.update({*title, *text})
            if number in drawn:
                texts.append(text)
                titles.append(title)
    df.pop("", None)
    return Words(
        [words for words in texts if len(set(words) - {""}) >= 10],
        [words for words in titles if len(set(words) - {""}) >= 2],
        _classes(df, len(counted)),
    )


def _plain(chunk: str) -> str:
    """The chunk as a word that all tokenizers agree on, or "" where there is none."""
    return chunk.lower() if chunk.isascii() and chunk.isalpha() and len(chunk) <= 20 else ""


def _classes(df: Counter[str], articles: int) -> dict[str, list[str]]:
    least = 2 if articles >= 1_000 else 1  # in a large sample, words seen once are mostly misspellings
    words: Sequence[str] = sorted(df)
    return {
        "word-rare": [
            word for word in words if least <= df[word] and (df[word] < 0.005 * articles or df[word] == least)
        ],
        "word-medium": [word for word in words if 0.005 * articles <= df[word] <= 0.1 * articles and df[word] > least],
        "word-frequent": [word for word in words if df[word] > 0.1 * articles],
    }
