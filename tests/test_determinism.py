"""The same articles give the same segment file, byte for byte, after compact().

In whatever order and commits they came, with one worker or two, much memory or little, under any hash seed.
"""

from __future__ import annotations

import hashlib
import random
import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest
from strategies import WORDS, generator, some_articles, trials

import searchkit
from searchkit.article import Article

Add = Callable[[searchkit.Index, list[Article]], object]


def varied_articles() -> list[Article]:
    """Several blocks of postings, all kinds of dates, titles, fields and words of many scripts."""
    random = generator("determinism")
    made = some_articles(random, 700)
    for number in range(300):
        text = " ".join(random.choices(WORDS, k=random.randrange(12)))
        fields = {"n": number, "half": number / 2, "even": number % 2 == 0, "tags": ["b", "a"], "source": text[:9]}
        keys = random.sample(sorted(fields), k=len(fields))
        made.append(
            Article(text, id=f"é{number}", title="T", date="2020-10", fields={key: fields[key] for key in keys})
        )
    return made


ARTICLES = varied_articles()


def segment_files(folder: Path) -> dict[str, str]:
    """Name and digest of each segment that the newest manifest names."""
    newest = max(folder.glob("manifest-*.json"))
    names = re.findall(r"seg-[0-9a-f]+\.sk\b", newest.read_text(encoding="utf-8"))
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def built(folder: Path, add: Add, articles: Iterable[Article] = ()) -> dict[str, str]:
    """The segment files of a new index, filled by `add` and compacted."""
    with searchkit.create(folder) as index:
        add(index, list(articles or ARTICLES))
        index.compact()
        assert len(index) == len(ARTICLES)
        assert index.check().ok
    return segment_files(folder)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All in one call."""
    files = built(tmp_path_factory.mktemp("determinism") / "expected", lambda index, articles: index.add(articles))
    assert len(files) == 1
    return files


def in_commits(sizes: Callable[[], int]) -> Add:
    def add(index: searchkit.Index, articles: list[Article]) -> None:
        while articles:
            size = sizes()
            index.add(articles[:size])
            del articles[:size]

    return add


def with_little_memory(index: searchkit.Index, articles: list[Article]) -> None:
    with index.writer(memory="1MB") as writer:
        for at in range(0, len(articles), 100):
            writer.add(articles[at : at + 100])


def with_history(index: searchkit.Index, articles: list[Article]) -> None:
    """Other articles come and go, and old forms of the same ones."""
    index.add([Article("another word altogether", id=f"x{number}", date="2031") for number in range(50)])
    index.add([Article("an old form", id=article.id, title="old", date="1999") for article in articles[::3]])
    index.compact()
    index.add(articles[500:])
    index.delete(f"x{number}" for number in range(50))
    index.add(articles[:600])
    index.add(articles[-10:])
    index.compact()


def test_once_more(expected: dict[str, str], tmp_path: Path) -> None:
    """The same call gives the same file, also without compact."""
    with searchkit.create(tmp_path / "i") as index:
        index.add(ARTICLES)
    assert segment_files(tmp_path / "i") == expected


@pytest.mark.slow
def test_any_order(expected: dict[str, str], tmp_path: Path) -> None:
    """Documents are stored newest first, then by id: not as they came."""
    for number in range(trials(2)):
        shuffled = ARTICLES[:]
        generator(f"order {number}").shuffle(shuffled)
        assert built(tmp_path / str(number), lambda index, articles: index.add(articles), shuffled) == expected


@pytest.mark.slow
@pytest.mark.parametrize("size", [1000, 333, 90])
def test_any_commits(expected: dict[str, str], tmp_path: Path, size: int) -> None:
    """In one commit or a dozen, merged as they may be."""
    assert built(tmp_path / "i", in_commits(lambda: size)) == expected


@pytest.mark.slow
def test_random_commits_in_random_order(expected: dict[str, str], tmp_path: Path) -> None:
    """Both at once."""
    for number in range(trials(2)):
        choices = generator(f"commits {number}")
        shuffled = ARTICLES[:]
        choices.shuffle(shuffled)
        assert built(tmp_path / str(number), in_commits(partial(choices.randrange, 1, 400)), shuffled) == expected


@pytest.mark.slow
@pytest.mark.parametrize("add", [with_little_memory, with_history])
def test_any_way(expected: dict[str, str], tmp_path: Path, add: Add) -> None:
    """Runs of a small writer, and what was replaced or deleted on the way, leave no trace."""
    assert built(tmp_path / "i", add) == expected


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers(expected: dict[str, str], tmp_path: Path, workers: int) -> None:
    """One or two."""
    assert built(tmp_path / "i", lambda index, articles: index.add(articles, workers=workers)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_any_hash_seed(expected: dict[str, str], tmp_path: Path, start: Callable, hash_seed: str) -> None:
    """No set or dict order of strings reaches the file."""
    process = start(__file__, tmp_path / "i", PYTHONHASHSEED=hash_seed)
    printed, problems = process.communicate()
    assert process.returncode == 0, problems
    assert printed.strip() == str(expected)


def test_other_articles_give_another_file(expected: dict[str, str], tmp_path: Path) -> None:
    """One changed character is another name and another file."""
    changed = [*ARTICLES[:-1], Article(ARTICLES[-1].text + "!", id=ARTICLES[-1].id, date=ARTICLES[-1].date)]
    other = built(tmp_path / "i", lambda index, articles: index.add(articles), changed)
    assert other.keys() != expected.keys()
    assert set(other.values()).isdisjoint(expected.values())


if __name__ == "__main__":
    add = in_commits(lambda: random.randrange(100, 400))
    print(built(Path(sys.argv[1]), add))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_frequent_words_that_are_no_pair_words(tmp_path: Path, workers: int) -> None:
    """A word so frequent that it is not sorted has the list that it has where it is too rare for that."""
    random = generator("frequent")
    words = ["often", "seldom", *(f"w{number}" for number in range(300))]
    articles = [
        Article(" ".join(random.choices(words, weights=[200, 2] + [1] * 300, k=600)), id=f"{number}", date="2020")
        for number in range(100)
    ]
    files = []
    for memory, portion in ((1 << 28, 100), (1 << 20, 100), (1 << 28, 9)):
        with searchkit.create(tmp_path / f"{memory}-{portion}") as index:
            for first in range(0, 100, portion):
                index.add(articles[first : first + portion], memory=memory, workers=workers)
            index.compact()
            assert index.check(deep=True).ok
        files.append(segment_files(tmp_path / f"{memory}-{portion}"))
    assert files[0] == files[1] == files[2]
