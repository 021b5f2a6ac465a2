"""check: every invariant is tried, and what breaks it is told with file, section and byte.

A sound segment is taken apart, one thing in it is changed, and it is sealed again with right checksums: only the
invariant can tell. What keeps all of them is left to `deep`, which compares with the stored articles.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lies import HEAD, META, Sections, read_dictionary, with_lists, write_dictionary
from strategies import generator, some_articles, trials
from test_hostile_files import sealed

import searchkit
from searchkit import Article, CheckReport, Finding
from searchkit.cli.program import program
from searchkit.index import Index
from searchkit.storage.container import read_segment

Lie = Callable[[Sections], None]


def sections_of(articles: list[Article], **options: Any) -> tuple[Sections, dict[str, Any]]:
    index = searchkit.create(**options)
    index.add(articles)
    (entry,) = index._snapshot().manifest.segments
    found = read_segment(index._storage.open_buffer(entry.name).view, entry.name).sections
    return {name: bytearray(view) for name, view in found.items()}, dict(index._snapshot().manifest.options)


STEMMED = [Article("running runs commons", id=f"s{number}") for number in range(3)]
SOUND = sections_of([*some_articles(generator("check"), 900, vocabulary=40), *STEMMED])
OTHER, _ = sections_of([Article("w0 other", id="zz")])


class Never(random.Random):
    """Chooses nothing: no article is deleted, pages are 64 bytes."""

    def random(self) -> float:
        return 1.0

    def choice(self, seq: Any) -> Any:
        return seq[0]


def checked(lie: Lie, *, deep: bool = False) -> CheckReport:
    base, options = SOUND
    sections = {name: bytearray(data) for name, data in base.items()}
    lie(sections)
    return Index(sealed(sections, options, Never(), OTHER), writable=False).check(deep=deep)


def set_meta(place: int, change: Callable[[Any], Any]) -> Lie:
    def lie(sections: Sections) -> None:
        values = list(META.unpack(sections["meta"]))
        values[place] = change(values[place])
        sections["meta"][:] = META.pack(*values)

    return lie


def set_number(section: str, at: int, form: str, value: int) -> Lie:
    return lambda sections: struct.pack_into(form, sections[section], at, value)


def swap_lengths(sections: Sections) -> None:
    """Two articles of different lengths: all sums stay as they are."""
    lengths = sections["lengths"]
    other = next(at for at in range(2, len(lengths), 2) if lengths[at : at + 2] != lengths[:2])
    lengths[:2], lengths[other : other + 2] = lengths[other : other + 2], lengths[:2]


def in_a_long_list(change: Callable[[list[Any], bytearray], None], *, words: bool = True) -> Lie:
    """Change the entry or the bytes of the first list that has a head."""

    def lie(sections: Sections) -> None:
        def both(entries: list[Any], lists: list[bytearray]) -> None:
            number = next(
                i for i, (key, values, _) in enumerate(entries) if values[0] >= 256 and (key[:1] != b"\1") is words
            )
            change(entries[number], lists[number])

        with_lists(sections, both)

    return lie


def float_at(at: int, factor: float) -> Callable[[list[Any], bytearray], None]:
    def change(entry: list[Any], data: bytearray) -> None:
        struct.pack_into("<f", data, at, struct.unpack_from("<f", data, at)[0] * factor)

    return change


def lower_an_impact(entry: list[Any], data: bytearray) -> None:
    blocks = -(-entry[1][0] // 256)
    data[HEAD + 12 * blocks] = 1


def shift_a_position(entry: list[Any], data: bytearray) -> None:
    data[-2] ^= 1


def count_forms(sections: Sections) -> None:
    """A word form occurs once more than it does."""
    entries = read_dictionary(sections["forms"], 3, True)
    entries[0][1][0] += 1
    sections["forms"][:], sections["form_index"][:] = write_dictionary(entries, [0] * len(entries))


def rename_a_stem(sections: Sections) -> None:
    """A word form of a term that is not here."""
    entries = read_dictionary(sections["forms"], 3, True)
    entries[0][1][1:], entries[0][2] = [0, 3], b"zzz"
    sections["forms"][:], sections["form_index"][:] = write_dictionary(entries, [0] * len(entries))


def empty_an_article(sections: Sections) -> None:
    """The first stored block holds one article less."""
    index = sections["store_index"]
    block = b"\0" + struct.pack("<4I", 0, 0, 0, 5) + b"w1 w2"
    sections["store"][:] = block + bytes(sections["store"][struct.unpack_from("<Q", index, 16)[0] :])
    shift = len(block) - struct.unpack_from("<Q", index, 16)[0]
    for at in range(16, len(index), 12):
        struct.pack_into("<Q", index, at, struct.unpack_from("<Q", index, at)[0] + shift)


LIES: dict[str, tuple[Lie, str]] = {
    "average": (set_meta(3, lambda average: average * 1.01), "meta"),
    "b": (set_meta(2, lambda b: 0.0), "postings"),
    "longest interval": (set_meta(10, lambda seconds: seconds + 1), "meta"),
    "bytes of positions": (set_meta(13, lambda size: size + 1), "meta"),
    "shortest article": (set_meta(4, lambda length: max(length - 1, 0) if length else length + 1), "lengths"),
    "lengths swapped": (swap_lengths, "postings"),
    "first date": (set_number("dates", 0, "<q", 2**62), "dates"),
    "a run's docid": (set_number("dates", 36, "<I", 2**31), "dates"),
    "an id": (set_number("ids", -3, "<B", 255), "ids"),
    "id order": (set_number("id_order", 0, "<I", 0), "id_order"),
    "greatest impact": (in_a_long_list(float_at(0, 0.5)), "postings"),
    "impact of rank 10": (in_a_long_list(float_at(4, 1.5)), "postings"),
    "impact of rank 100": (in_a_long_list(float_at(8, 1.5)), "postings"),
    "impact of a block": (in_a_long_list(lower_an_impact), "postings"),
    "last docid of a block": (in_a_long_list(lambda _, data: data.__setitem__(HEAD, data[HEAD] ^ 1)), "postings"),
    "a position": (in_a_long_list(shift_a_position), "postings"),
    "occurrences of a term": (in_a_long_list(lambda entry, _: entry[1].__setitem__(2, entry[1][2] + 1)), "forms"),
    "occurrences of a form": (count_forms, "forms"),
    "a form's term": (rename_a_stem, "forms"),
    "a stored article": (empty_an_article, "store"),
    "the store's index": (set_number("store_index", 0, "<I", 1), "store_index"),
}


def test_a_sound_segment_is_sound() -> None:
    """Sealed again without a lie, nothing is found, not even by the comparison with the stored articles."""
    for deep in (False, True):
        report = checked(lambda sections: None, deep=deep)
        assert report.ok and report.findings == () and report.bytes > 10_000


@pytest.mark.parametrize("name", sorted(LIES))
def test_a_broken_invariant_is_found(name: str) -> None:
    """In the file and the section that it is in, and at a byte inside the file where it has a place."""
    lie, section = LIES[name]
    report = checked(lie)
    assert not report.ok
    assert section in {finding.section for finding in report.findings}, report.findings
    for finding in report.findings:
        assert isinstance(finding, Finding)
        assert finding.path.endswith(".sk")
        assert finding.offset is None or 0 < finding.offset < report.bytes
        assert str(finding).startswith(f"{finding.path}: {finding.section}")


def test_statistics_that_agree_with_one_another_are_found_by_a_deep_check() -> None:
    """A word is spelt otherwise in the whole index, in order, with all sums right: the articles tell."""

    def lie(sections: Sections) -> None:
        entries = read_dictionary(sections["terms"], 3, False)
        sizes = [values[1] for _, values, _ in entries]
        number = next(i for i, entry in enumerate(entries) if entry[0] == b"w39")
        entries[number][0] = b"w3a"
        sections["terms"][:], sections["term_index"][:] = write_dictionary(entries, sizes)

    assert checked(lie).ok
    report = checked(lie, deep=True)
    assert {(finding.section, finding.text.partition(":")[0]) for finding in report.findings} == {
        ("terms", "a key that no stored article has"),
        ("terms", "a key of stored articles is missing"),
    }


@pytest.mark.parametrize("weight", [0, 3])
def test_pairs_that_are_wrong_are_found_by_a_deep_check(weight: int) -> None:
    """The list of a pair says that it is in one article less."""
    articles = [Article("of the king", id=str(i), title="the of", date=f"20{i % 90 + 10}") for i in range(20)]
    sections, options = sections_of(articles, title_weight=weight)

    def change(entries: list[Any], lists: list[bytearray]) -> None:
        number = next(i for i, entry in enumerate(entries) if entry[0] == b"\1of\1the")
        entries[number][1][0] -= 1

    with_lists(sections, change)
    index = Index(sealed(sections, options, Never(), OTHER), writable=False)
    assert index.check().ok
    (finding,) = index.check(deep=True).findings
    assert (finding.section, "of" in finding.text) == ("postings", True)


def test_an_id_that_lives_twice_is_found(tmp_path: Path) -> None:
    """Two segments hold it, and in neither it is deleted."""
    one, options = sections_of([Article("w0", id="a"), Article("w1", id="b")])
    other, _ = sections_of([Article("w2", id="b"), Article("w1", id="c")])
    report = Index(sealed(one, options, Never(), other), writable=False).check()
    assert [finding.section for finding in report.findings] == ["ids"]
    assert "'b'" in report.findings[0].text


def test_histories_leave_nothing_to_find(tmp_path: Path) -> None:
    """Commits, replacements, deletions, merges, with and without stored texts: all sums are right, deeply too."""
    for store in (True, False):
        rng = generator("histories")
        with searchkit.create(tmp_path / str(store), store=store, title_weight=2) as index:
            for commit in range(12):
                index.add(rng.sample(some_articles(rng, 60, vocabulary=30), 20))
                if commit % 3 == 2:
                    index.delete([f"a{rng.randrange(60):06}" for _ in range(8)])
            assert index.check(deep=True).findings == ()
            index.compact()
            assert index.check(deep=True).findings == ()


def test_a_damaged_index_need_not_open_to_be_checked(tmp_path: Path) -> None:
    """The command lists what is wrong with an index that cannot be opened, a file a line."""
    with searchkit.create(tmp_path) as index:
        index.add(Article("one", id="1"))
        index.add(Article("two", id="2"))
    first, second = sorted(tmp_path.glob("*.sk"))
    first.write_bytes(first.read_bytes()[:-1])
    second.unlink()
    done = CliRunner().invoke(program, ["check", "-i", str(tmp_path)], standalone_mode=False)
    assert done.return_value == 3
    lines = done.output.splitlines()
    assert len(lines) == 2
    assert {first.name in line or second.name in line for line in lines} == {True}


def test_an_index_without_texts_is_sound_after_merges_of_deleted_articles() -> None:
    """Nobody can count the deleted texts there, but no word form is left of a term that is gone with them."""
    rng = generator("no texts")
    forms = ["run", "running", "runs", "cat", "cats", "common", "commoner", "of", "the"]
    for trial in range(trials(40)):
        index = searchkit.create(store=False)
        for first in (0, 5, 10):
            texts = [" ".join(rng.choices(forms, k=rng.randint(1, 6))) for _ in range(5)]
            index.add([Article(text, id=str(number)) for number, text in enumerate(texts, first)])
        index.delete([str(number) for number in range(15) if rng.random() < 0.5])
        index.compact()
        assert index.check().findings == (), trial
