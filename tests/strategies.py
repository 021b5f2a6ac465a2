"""Articles and queries at random: small vocabularies with much repetition, so that phrases and ties are frequent.

Two ways to the same kinds of values: hypothesis strategies (they shrink to a small failing example) and generators
seeded by name (they make thousands of articles quickly). Every random choice derives from SEED.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import date

from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.query.nodes import (
    All,
    And,
    AndMaybe,
    Boost,
    DateRange,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Query,
    Require,
    Term,
    Undated,
)

SEED = int(os.environ.get("SEARCHKIT_TEST_SEED", "0"))
EFFORT = int(os.environ.get("SEARCHKIT_TEST_EFFORT", "1"))

# Words that share stems, prefixes, accents and apostrophes, words of several tokens, numbers and other scripts.
WORDS = (
    *("run", "running", "runs", "runner", "com", "come", "common", "commons", "committee", "the", "of", "to", "be"),
    *("café", "cafe", "Caféteria", "child's", "child’s", "children", "COVID-19", "four-year-old", "U.S.", "3.5%"),
    *("2020", "20", "naïve", "Straße", "ΑΘΗΝΑ", "москва", "選挙", "x", "🙂"),
)
FEW_WORDS = WORDS[:6]  # to meet often

# Dates of every precision; many overlap, touch or equal one another.
DATES = (
    *("2020", "2020-10", "2020-10-02", "2020-10-02T10:15", "2020-10-02T10:15:30", "2020-10-02T10:15:31", "2020-11"),
    *("2020-09/2020-10", "2020-10-02/2020-10-03", "2019", "2019-12-31", "2020-01-01", "2021", "2020-10-31"),
    *("0001", "0001-01-01", "9999", "9999-12-31", "1969/1970", "2020-02-29"),
)
SECONDS_OF_2020 = tuple((date(year, 1, 1) - date(1, 1, 1)).days * 86400 for year in (2020, 2021))
FIELDS = (None, None, "title", "text")
RELATIONS = ("overlaps", "within", "contains")
BOOSTS = (0.1, 0.5, 1.0, 1.7, 2.0, 3.0)


def trials(number: int) -> int:
    """So many trials, times the effort asked for."""
    return number * EFFORT


def generator(name: str) -> random.Random:
    """A random generator of this name's own, so that one test's choices do not depend on another's."""
    return random.Random(f"{SEED}/{name}")


# -- strategies -------------------------------------------------------------------------------------------------------

words = st.one_of(st.sampled_from(FEW_WORDS), st.sampled_from(WORDS))
texts = st.lists(words, min_size=1, max_size=12).map(" ".join)
dates_written = st.one_of(st.none(), st.sampled_from(DATES))
ids = st.one_of(st.integers(0, 15).map(str), st.sampled_from(["é", "z", "Z", "a/b", "選", "a b"]))


def articles(ids: st.SearchStrategy[str] = ids) -> st.SearchStrategy[Article]:
    return st.builds(
        lambda id, title, text, date: Article(text, id=id, title=title, date=date),
        ids,
        st.one_of(st.just(""), st.lists(words, max_size=4).map(" ".join)),
        st.one_of(texts, texts, texts, st.just("")),
        dates_written,
    )


def seconds_ranges() -> st.SearchStrategy[tuple[int | None, int | None]]:
    """Half-open ranges of seconds, on the edges of DATES and one second beside them."""
    edge = st.sampled_from(date_edges())
    both = st.tuples(edge, edge).filter(lambda pair: pair[0] < pair[1])
    return st.one_of(both, edge.map(lambda low: (low, None)), edge.map(lambda high: (None, high)))


def leaves() -> st.SearchStrategy[Query]:
    field = st.sampled_from(FIELDS)
    phrase_words = st.lists(words, min_size=2, max_size=4).map(" ".join)
    prefix = st.sampled_from(
        ["c", "co", "com", "comm", "run", "runn", "2", "caf", "m", "м", "t", "running", "four-year"]
    )
    relation = st.sampled_from([None, *RELATIONS])
    odd = st.sampled_from(
        [Undated(), All(), Nothing(), Term("!"), Term("absent"), Phrase("?!"), Prefix(""), Phrase("x")]
    )
    term = st.builds(Term, words, field)
    phrase = st.builds(Phrase, phrase_words, st.sampled_from([1, 1, 2, 3, 8]), field)
    dated = st.builds(lambda pair, relation: DateRange(*pair, relation), seconds_ranges(), relation)
    return st.one_of(term, phrase, phrase, st.builds(Prefix, prefix, field), dated, odd, term, term)


def queries() -> st.SearchStrategy[Query]:
    """Trees of every kind of node."""

    def joined(inner: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
        any_of = st.lists(inner, min_size=2, max_size=4).map(lambda children: Or(*children))
        return st.one_of(
            any_of,
            st.lists(inner, min_size=1, max_size=3).map(lambda children: And(*children)),
            st.builds(lambda wanted, unwanted: And(wanted, Not(unwanted)), inner, inner),
            st.builds(Not, inner),  # not map(), which would make a choice of each choice in `inner`
            st.builds(Or, inner),
            st.builds(Boost, inner, st.sampled_from(BOOSTS)),
            st.builds(AndMaybe, inner, inner),
            st.builds(Require, inner, inner),
            any_of,
        )

    one = leaves()
    two = joined(one)
    three = joined(st.one_of(one, two, one))
    return st.one_of(two, one, three, joined(st.one_of(two, three)), two)


def date_edges() -> list[int]:
    """Starts and ends of DATES and their neighbours, from the first second of year 1 to the end of 9999."""
    intervals = [Article("", id="x", date=text).date for text in DATES]
    edges = {second for interval in intervals if interval for second in (interval.start_second, interval.end_second)}
    beside = {second + step for second in edges for step in (-1, 0, 1)}
    return sorted(second for second in beside if 0 <= second <= 315537897600)


# -- seeded generators ------------------------------------------------------------------------------------------------


def some_articles(random: random.Random, count: int, *, first: int = 0, vocabulary: int = 300) -> list[Article]:
    """Articles of 0 to 60 words whose frequencies fall as 1/rank, a third with a title, a tenth undated."""
    spelled = [f"w{rank}" for rank in range(vocabulary)]
    weights = [1 / (rank + 1) for rank in range(vocabulary)]
    cumulated = [sum(weights[: rank + 1]) for rank in range(vocabulary)]
    made = []
    for number in range(first, first + count):
        length = min(int(random.expovariate(1 / 18)), 400)
        text = " ".join(random.choices(spelled, cum_weights=cumulated, k=length))
        title = " ".join(random.choices(spelled, cum_weights=cumulated, k=random.randrange(1, 6)))
        made.append(
            Article(
                text,
                id=f"a{number:06}",
                title=title if random.random() < 1 / 3 else "",
                date=some_date(random) if random.random() < 0.9 else None,
            )
        )
    return made


def few_articles(random: random.Random, count: int) -> list[Article]:
    """Short articles over WORDS and DATES, with few ids, so that some replace others."""
    return [
        Article(
            " ".join(random.choices(random.choice([WORDS, FEW_WORDS]), k=random.randrange(14))),
            id=f"{random.choice('aéb')}{random.randrange(8)}",
            title=" ".join(random.choices(WORDS, k=random.choice([0, 1, 3]))),
            date=random.choice([None, *DATES]),
        )
        for _ in range(count)
    ]


def some_date(random: random.Random) -> str:
    """A date of 2015 to 2021 in one of the written precisions."""
    year, month, day = random.randrange(2015, 2022), random.randrange(1, 13), random.randrange(1, 29)
    forms = (
        f"{year}",
        f"{year}-{month:02}",
        f"{year}-{month:02}-{day:02}",
        f"{year}-{month:02}-{day:02}",
        f"{year}-{month:02}-{day:02}T{random.randrange(24):02}:30",
        f"{year}-{month:02}/{year + 1}-{month:02}",
    )
    return random.choice(forms)


def some_query(random: random.Random, words: Sequence[str], depth: int = 2) -> Query:
    """A tree of every kind of node over the words given; neighbours in `words` are likely to stand side by side."""

    def some_phrase() -> str:
        at = random.randrange(max(1, len(words) - 3))
        picked = words[at : at + random.randrange(2, 5)] if random.random() < 0.5 else random.choices(words, k=2)
        return " ".join(picked)

    def some_range() -> Query:
        edges = sorted(random.randrange(SECONDS_OF_2020[0], SECONDS_OF_2020[1], 3600) for _ in range(2))
        low, high = random.choice([(edges[0], edges[1] + 1), (edges[0], None), (None, edges[1])])
        return DateRange(low, high, random.choice([None, *RELATIONS]))

    def inner() -> Query:
        return some_query(random, words, depth - 1)

    if depth == 0 or random.random() < 0.2:
        field = random.choice(FIELDS)
        kind = random.randrange(10)
        if kind < 5:
            return Term(random.choice(words), field)
        if kind < 7:
            return Phrase(some_phrase(), random.choice([1, 1, 2, 5]), field)
        if kind < 8:
            return Prefix(random.choice(words)[: random.randrange(2, 5)], field)
        return some_range() if kind < 9 else random.choice([Undated(), All(), Nothing()])
    kind = random.randrange(9)
    if kind < 4:
        return Or(*(inner() for _ in range(random.randrange(2, 6))))
    if kind < 6:
        return And(*(inner() for _ in range(random.randrange(2, 4))))
    if kind < 7:
        return And(inner(), Not(inner()))
    return AndMaybe(inner(), inner()) if kind < 8 else Boost(inner(), random.choice(BOOSTS))
