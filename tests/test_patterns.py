"""Patterns find the articles that hold a word of their kind: the oracle tries every word that stands in an article.

Automata are compared with textbook twins on random words of few letters, so that nearly every pattern accepts some and
refuses others: regular expressions with Python's own, distances and wildcards with those of the oracle. Each is both
walked through the dictionaries and, where it may begin with anything, looked for among all words in memory.
"""

from __future__ import annotations

import re
from random import Random

import pytest
from oracle import Oracle, edits, wildcard_holds
from strategies import generator, trials

import searchkit
from searchkit.article import Article
from searchkit.core.patterns import Edits, Matches, Pattern, choose_simd
from searchkit.errors import QueryError
from searchkit.query import And, Boost, Fuzzy, Not, Or, Prefix, Query, Regex, Term, TermRange, Wildcard
from searchkit.query.regex import read_regex, read_wildcard
from searchkit.search.automata import MOST_CHARACTERS, of_beginning, of_tree

LETTERS = "abж漢"


def words_of(random: Random, count: int, letters: str = LETTERS, most: int = 8) -> list[str]:
    made = {"".join(random.choices(letters, k=random.randint(1, most))) for _ in range(count)}
    return sorted(made)


class Dictionary:
    """An index whose words are given, spelt as they are."""

    def __init__(self, words: list[str]) -> None:
        self.index = searchkit.create(analyzer="none")
        self.words = sorted(word for word in words if self.index.analyzer.forms(word) == [word])
        self.index.add(Article(word, id=word) for word in self.words)
        # Such a walk would read all words: from now on they are in memory.
        assert self.within(of_tree(read_wildcard("*a")), b"") == [word for word in self.words if word[-1] == "a"]

    def within(self, pattern: Pattern, low: bytes, high: bytes | None = None) -> list[str]:
        matches = Matches(self.index._snapshot().searcher.parts, pattern, lambda: None, low, high)
        return sorted(matches.name(number) for number in range(len(matches)))

    def accepted(self, pattern: Pattern) -> list[str]:
        found = self.within(pattern, b"")
        assert found == self.within(pattern, b"\2")  # all words are behind it, but in memory there is no order
        return found


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return Dictionary([*words_of(generator("dictionary"), 1_200, "abcж"), "漢", "o'neil", "u.s", "1,000"])


def some_regex(random: Random, depth: int = 3) -> str:
    kind = random.randrange(9 if depth else 4)
    if kind < 2:
        return random.choice("abcж")
    if kind == 2:
        return random.choice((".", "[ab]", "[^ab]", "[a-c]", "\\w", "[b-ж]"))
    if kind == 3:
        return some_regex(random, 0) + some_regex(random, 0)
    if kind == 4:
        return f"({some_regex(random, depth - 1)}|{some_regex(random, depth - 1)})"
    if kind == 5:
        return f"(?:{some_regex(random, depth - 1)}){random.choice(('*', '+', '?', '{2}', '{1,}', '{0,2}', '{1,3}?'))}"
    return "".join(some_regex(random, depth - 1) for _ in range(random.randint(1, 3)))


def test_regular_expressions_are_pythons(dictionary: Dictionary) -> None:
    random = generator("regexes")
    for _ in range(trials(200)):
        pattern = some_regex(random)
        expression = re.compile(pattern)
        expected = [word for word in dictionary.words if expression.fullmatch(word)]
        assert dictionary.accepted(of_tree(read_regex(pattern))) == expected, pattern


def test_wildcards_are_their_twins(dictionary: Dictionary) -> None:
    random = generator("wildcards")
    pieces = ("*", "*", "?", "a", "b", "ж", "[ab]", "[!ab]", "[a-c]", "[!ж]", "[", "漢")
    for _ in range(trials(60)):
        pattern = "".join(random.choices(pieces, k=random.randint(1, 6)))
        expected = [word for word in dictionary.words if wildcard_holds(pattern, word)]
        assert dictionary.accepted(of_tree(read_wildcard(pattern))) == expected, pattern


def test_distances_are_their_twins(dictionary: Dictionary) -> None:
    random = generator("distances")
    for word in words_of(random, trials(12), "abcжx", 10):
        for distance in (0, 1, 2):
            prefix = random.choice((0, 0, 1, 2, 20))
            common = min(prefix, len(word))
            expected = [
                other
                for other in dictionary.words
                if other[:common] == word[:common] and edits(word[common:], other[common:]) <= distance
            ]
            assert dictionary.accepted(Edits(word, distance, prefix)) == expected, (word, distance, prefix)


ALPHABETS = {
    "ASCII": "aab",
    "scripts": "aжи漢字ꙮ𐐨𐐩",
    "letters that look alike": "aс漡q1",  # core/pattern.h tells a letter by five bits
    "many": "abcdefghijklmnopqrstuvwxyz0123456789",
}


@pytest.mark.parametrize("level", ["plain", None])
@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_a_glance_at_letters_passes_over_no_word(alphabet: str, level: str | None) -> None:
    """Whatever the letters, however often they stand in a word, and whatever does the looking."""
    random = generator(alphabet)
    letters = ALPHABETS[alphabet]
    words = Dictionary(words_of(random, 700, letters, 7))
    assert set("".join(words.words)) == set(letters)
    choose_simd(level)
    try:
        for _ in range(trials(12)):
            word = "".join(random.choices(letters, k=random.randint(0, 7)))
            other = random.choice(words.words)
            for distance in (1, 2):
                prefix = random.choice((0, 0, 0, 1, 2))
                expected = [
                    near
                    for near in words.words
                    if near[: min(prefix, len(word))] == word[:prefix]
                    and edits(word[prefix:], near[min(prefix, len(word)) :]) <= distance
                ]
                assert words.accepted(Edits(word, distance, prefix)) == expected, (word, distance, prefix)
            for pattern in (f"*{word}", f"*{other[1:]}*", f"?{other[1:]}", f"{other[:1]}*{other[2:]}", "?" * len(word)):
                expected = [one for one in words.words if wildcard_holds(pattern, one)]
                assert words.accepted(of_tree(read_wildcard(pattern))) == expected, pattern
    finally:
        choose_simd()


def test_words_come_into_memory_when_walks_have_read_as_many() -> None:
    """A pattern by pattern, and the words that are found are the same before and after."""
    index = searchkit.create(analyzer="none")
    index.add(Article(word) for word in words_of(generator("memory"), 2_000, "abcdefgh", 6))
    parts = index._snapshot().searcher.parts
    seen = []
    for _ in range(20):
        calls: list[None] = []
        matches = Matches(parts, Edits("abcabc", 1), lambda calls=calls: calls.append(None))  # type: ignore[misc]
        seen.append((sorted(matches.name(number) for number in range(len(matches))), len(calls)))
    assert len({tuple(found) for found, _ in seen}) == 1
    assert len({calls for _, calls in seen}) > 1  # it went another way


def test_what_ends_a_search_ends_the_reading_of_words() -> None:
    """At any time: what was read so far is let go, and the next search begins again."""
    index = searchkit.create(analyzer="none")
    index.add(Article(word) for word in words_of(generator("ended"), 3_000, "abcdefgh", 6))
    parts = index._snapshot().searcher.parts
    ending = of_tree(read_wildcard("*a"))
    expected = sorted(word for word in words_of(generator("ended"), 3_000, "abcdefgh", 6) if word[-1] == "a")
    for lived in range(8):
        left = [None] * lived

        def each(left: list[None] = left) -> None:
            if not left:
                raise TimeoutError
            left.pop()

        try:
            matches = Matches(parts, ending, each)
        except TimeoutError:
            continue
        assert sorted(matches.name(number) for number in range(len(matches))) == expected
        break
    else:
        pytest.fail("it never came to an end")


def test_a_pattern_that_many_words_match_asks_on_the_way() -> None:
    """Looking through the words in memory, and reading those that it found, take long where there are millions."""
    index = searchkit.create(analyzer="none")
    index.add(
        Article(" ".join(f"w{number}e" for number in range(first, first + 1_000))) for first in range(0, 40_000, 1_000)
    )
    parts, ending = index._snapshot().searcher.parts, of_tree(read_wildcard("*e"))
    asked = []
    for _ in range(3):
        calls: list[None] = []
        assert len(Matches(parts, ending, lambda calls=calls: calls.append(None))) == 40_000  # type: ignore[misc]
        asked.append(len(calls))
    assert min(asked) == asked[2] >= 1 + 2 + 3  # to begin with, 8 slices of 4,096 words a time, 16,384 found a time


def test_beginnings_and_ranges(dictionary: Dictionary) -> None:
    random = generator("ranges")
    everything = of_beginning("")
    assert dictionary.accepted(everything) == dictionary.words
    for word in words_of(random, trials(60), "abcж", 4):
        assert dictionary.accepted(of_beginning(word)) == [w for w in dictionary.words if w.startswith(word)]
        other = random.choice(dictionary.words)
        low, high = sorted((word, other))
        inside = [w for w in dictionary.words if low <= w < high]
        assert dictionary.within(everything, low.encode(), high.encode()) == inside


def test_long_words() -> None:
    """Words as long as words may be, and edits at either end of one."""
    long = "".join(generator("long").choices("ab", k=255))
    words = Dictionary([long, long[1:], long[:-1], "x" + long[:-1], long[:-2], "漢" * 85])
    assert long in words.words
    assert words.accepted(Edits(long, 1, 0)) == sorted({long, long[1:], long[:-1]})
    assert long[:-2] in words.accepted(Edits(long, 2, 0))
    assert words.accepted(Edits("x" * 255, 2, 0)) == []
    assert words.accepted(of_tree(read_regex("[ab]{253,254}"))) == sorted({long[1:], long[:-1], long[:-2]})
    assert words.accepted(of_tree(read_regex("[ab]*"))) == sorted({long, long[1:], long[:-1], long[:-2]})


def test_states_without_number_are_bounded() -> None:
    """An expression with as many states as there are words: they are forgotten and made again on the way."""
    random = generator("states")
    words = Dictionary(words_of(random, 4_000, "ab", 40))
    expression = "(a|b)*a(a|b){9}"
    found = words.accepted(of_tree(read_regex(expression)))
    assert found == [word for word in words.words if re.fullmatch(expression, word)]
    assert 100 < len(found) < len(words.words)


@pytest.mark.parametrize(
    ("pattern", "position"),
    [
        ("(a", 0), ("a)", 1), ("*a", 0), ("a|+", 2), ("[a", 0), ("[]", 0), ("[b-a]", 1), ("[a-\\d]", 1), ("a{", 1),
        ("a{x}", 1), ("a{,}", 1), ("a{3,2}", 1), ("a{256}", 1), ("(?=a)", 0), ("(?i)a", 0), ("a\\1", 1), ("\\", 0),
        ("\\bword", 0), ("a^b", 1), ("a$b", 1), ("(" * 60 + ")" * 60, 50),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused(pattern: str, position: int) -> None:
    """With the place, and in a search as a warning."""
    with pytest.raises(QueryError) as caught:
        read_regex(pattern)
    assert caught.value.position == position
    with searchkit.create() as index:
        index.add([Article("word", id="1")])
        results = index.search(Or(Term("word"), Regex(pattern)))
        assert [hit.id for hit in results] == ["1"]
        assert "was left out" in results.warnings[0]


def test_expressions_are_bounded() -> None:
    """Repeats are written out up to a limit, and the empty word is not repeated at all."""
    assert of_tree(read_regex(f"a{{{250}}}b{{{250}}}"))
    for pattern in ("(a{255}){255}", "(((a{9}){9}){9}){9}", "a" * (MOST_CHARACTERS + 1)):
        with pytest.raises(QueryError, match="longer than"):
            of_tree(read_regex(pattern))
    assert of_tree(read_regex("((((){255}){255}){255}){255}a"))
    assert of_tree(read_regex("(" * 50 + "a" + "*)" * 50))


def test_anchors_and_lazy_repeats_mean_nothing() -> None:
    assert read_regex("^ab*$") == read_regex("ab*?") == read_regex("ab*")


# ---- in an index ----------------------------------------------------------------------------------------------------

VOCABULARY = [
    *("run", "runs", "running", "runner", "runners", "ran", "flood", "floods", "flooded", "flooding", "floodgate"),
    *("harbour", "harbor", "harbours", "colour", "color", "colours", "Šarić", "saric", "café", "cafés", "o'neil"),
    *("o'neils", "2019", "2020", "2021", "1,000", "u.s", "h2o", "nation", "national", "nationally", "nationals"),
    *(
        "station",
        "stations",
        "hurricane",
        "huricane",
        "hurricanes",
        "hurrciane",
        "storm",
        "storms",
        "stormy",
        "stormier",
    ),
    *("stormier", "happy", "happier", "happiest", "happiness"),
]

QUERIES: tuple[Query, ...] = (
    *(Prefix(text) for text in ("run", "runn", "flood", "happi", "harb", "caf", "n", "20", "zzz", "storms")),
    *(Wildcard(text) for text in ("*ing", "h?rbo*r", "*", "?an", "colo*r", "20[12]?", "20[!2]*", "*'*", "[rs]*s")),
    *(Fuzzy(text) for text in ("hurricane", "harbour", "colour", "Šarić", "runing", "2019", "nothing")),
    *(Fuzzy("huricane", 2, prefix) for prefix in (0, 2, 4, 50)),
    *(Regex(text) for text in ("colou?rs?", "(flood|storm)(s|ed|y)?", "[0-9,]+", ".*ing", "\\w{4}", "run+.*", "x*")),
    TermRange("flood", "harbour"),
    TermRange("flood", "harbour", include_low=False, include_high=False),
    TermRange("runs", None, include_low=False),
    TermRange(None, "cafe"),
    TermRange("b", "a"),
    Wildcard("*ing", field="title"),
    Regex("r.*", field="text"),
    Boost(Or(Wildcard("run*g"), Fuzzy("flood", 2), Term("run")), 2.5),
    And(Wildcard("*s"), Not(Regex("happ.*"))),
    Fuzzy("four-year"),
    Prefix("o'neil-s"),
)


def some_articles(random: Random, numbers: range) -> list[Article]:
    return [
        Article(
            " ".join(random.choices(VOCABULARY, k=random.randint(1, 12))),
            id=str(number),
            title=" ".join(random.choices(VOCABULARY, k=random.randint(0, 2))),
            date=random.choice((None, "2020", "2020-10")),
        )
        for number in numbers
    ]


def agree(index: searchkit.Index, oracle: Oracle, query: Query, **options: object) -> None:
    found = [(hit.id, hit.score) for hit in index.search(query, limit=None)]
    assert found == oracle.search(query), query
    assert index.count(query) == len(found)


@pytest.mark.slow
@pytest.mark.parametrize("title_weight", [0, 2])
def test_patterns_find_what_the_oracle_does(title_weight: int) -> None:
    """Through additions, replacements, deletions and merges: no word counts that stands in no live article."""
    random = generator(f"patterns {title_weight}")
    kept: dict[str, Article] = {}
    with searchkit.create(title_weight=title_weight) as index:
        for step in range(6):
            if step == 5:
                index.compact()
            elif step == 3:
                gone = random.sample(sorted(kept), len(kept) // 4)
                index.delete(gone)
                for id in gone:
                    del kept[id]
            else:
                more = some_articles(random, range(random.randint(0, 12), random.randint(13, 40)))
                index.add(more)
                kept.update((article.id, article) for article in more)
            oracle = Oracle(kept.values(), index.analyzer, title_weight=title_weight)
            for query in QUERIES:
                agree(index, oracle, query)


def test_a_word_of_deleted_articles_is_no_word() -> None:
    """Its term is in another article, under another spelling: a pattern of the first spelling does not find it."""
    made = [Article("running", id="a"), Article("run", id="b"), Article("ran", id="c")]
    with searchkit.create() as index:
        index.add(made)
        assert {hit.id for hit in index.search(Prefix("runn"))} == {"a", "b"}
        index.delete(["a"])
        assert len(index.search(Prefix("runn"))) == 0
        assert [hit.id for hit in index.search(Prefix("run"))] == ["b"]
        index.add([Article("running", id="d")])
        assert {hit.id for hit in index.search(Prefix("runn"))} == {"b", "d"}
        index.compact()
        assert {hit.id for hit in index.search(Prefix("runn"))} == {"b", "d"}


def test_without_texts_deleted_words_are_still_words() -> None:
    """Where no text is kept nobody can tell which words the deleted articles had: docs/patterns.md says so."""
    with searchkit.create(store=False) as index:
        index.add([Article("running", id="a"), Article("run", id="b")])
        index.delete(["a"])
        assert [hit.id for hit in index.search(Prefix("runn"))] == ["b"]


@pytest.mark.slow
@pytest.mark.parametrize("deleted", [False, True])
def test_the_most_frequent_words_are_kept(deleted: bool) -> None:
    """Of more than 1,024 words, by live articles; of equals the lesser. A warning says so."""
    random = generator("frequent")
    made = [
        Article(f"w{number:04} w{random.randrange(1200):04} w{number % 90:04}", id=str(number))
        for number in range(1_300)
    ]
    with searchkit.create(analyzer="none") as index:
        index.add(made[:600])
        index.add(made[600:])
        if deleted:
            gone = {str(number) for number in range(0, 200, 2)}
            index.delete(gone)
            made = [article for article in made if article.id not in gone]
        oracle = Oracle(made, index.analyzer)
        for query in (Wildcard("w*"), Regex("w[0-9]+"), And(Wildcard("*"), Term("w0001"))):
            agree(index, oracle, query)
            assert "1,024 most frequent" in index.search(query).warnings[0]
        assert not index.search(Wildcard("w00*")).warnings


def test_patterns_are_folded_as_words_are() -> None:
    with searchkit.create(analyzer="none") as index:
        index.add([Article("Šarić Straße l’eau café", id="1")])
        for query in (
            Wildcard("Š*Ć"), Wildcard("stra?se"), Wildcard("L’E*"), Regex("CAF[É]"), Regex("[A-F]afe"), Regex("Straße"),
            Fuzzy("Cafè"), Fuzzy("ŠARIĆI"), Prefix("STRAß"), TermRange("Šarić", "ŠARIĆ"), Wildcard("cafe\u0301*"),
        ):  # fmt: skip
            assert index.count(query) == 1, query


def test_a_sign_that_no_word_holds_is_told() -> None:
    with searchkit.create() as index:
        index.add([Article("COVID-19", id="1")])
        assert "no word has '-'" in index.search(Wildcard("c?vid-1*")).warnings[0]
        assert not index.search(Wildcard("c[-o]vid*")).warnings


def test_marks_are_the_words_found() -> None:
    with searchkit.create() as index:
        index.add([Article("Floods and storms; the floodgates held.", id="1")])
        assert index.search(Wildcard("*oods"))[0].snippet() == "**Floods** and storms; the floodgates held."


def test_what_a_pattern_stands_for_is_kept_with_its_snapshot() -> None:
    with searchkit.create() as index:
        index.add([Article("alpha", id="1")])
        assert index.count(Wildcard("a*")) == index.count(Wildcard("a*")) == 1
        index.add([Article("avocado", id="2")])
        assert index.count(Wildcard("a*")) == 2
