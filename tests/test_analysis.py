"""Analyzers and stemmers: what is stemmed, how often, what is stored, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from itertools import islice
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import trials

import searchkit
from searchkit.analysis import LANGUAGES, Analyzer, AnalyzerError, languages
from searchkit.core.stems import english_stem
from searchkit.errors import FormatVersion, SearchkitError

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"

calls: list[str] = []


def first_letters(form: str) -> str:
    """A stemmer of the application's own."""
    calls.append(form)
    return form[:3]


def misbehave(form: str) -> str:
    return {"number": 7, "surrogate": "\ud800", "nothing": "", "long": "é" * 200}.get(form, form)  # type: ignore[return-value]


OWN = f"{__name__}:first_letters"


def run(program: str) -> str:
    """What a fresh Python prints that runs `program`."""
    root = Path(languages.__file__).resolve().parents[2]
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("language", "form", "term"),
    [
        ("arabic", "والكتاب", "كتاب"),
        ("danish", "undersøgelserne", "undersøg"),
        ("dutch", "lichamelijkheid", "licham"),
        ("english", "generously", "generous"),
        ("finnish", "taloissa", "talo"),
        ("french", "continuellement", "continuel"),
        ("german", "möglichkeiten", "moglich"),
        ("hungarian", "kertekben", "kert"),
        ("italian", "abbandonata", "abbandon"),
        ("norwegian", "husene", "hus"),
        ("portuguese", "rapidamente", "rapid"),
        ("romanian", "scriitorilor", "scriitor"),
        ("russian", "книгами", "книг"),
        ("spanish", "trabajadores", "trabaj"),
        ("swedish", "bilarna", "bil"),
    ],
)
def test_languages(language: str, form: str, term: str) -> None:
    """Each language has its Snowball stemmer."""
    assert language in LANGUAGES
    assert Analyzer.named(language).stem([form]) == [term]


def test_every_language_is_tested() -> None:
    """There are 15, and their fingerprints differ."""
    assert len({Analyzer.named(language).stemmer_version for language in LANGUAGES}) == 15


@pytest.mark.parametrize("form", ["h2o", "1990s", "1,000", "u.s", "👍", "हिन्दी", "½", "don't.not", "e\u0323\u0301"])
def test_only_plain_words_are_stemmed(form: str) -> None:
    """Forms with a digit, a dot, a mark or a symbol are their own terms."""
    Analyzer.named(OWN)
    assert Analyzer.named(OWN).stem([form, "letters"]) == [form, "let"]


def test_apostrophes_are_stemmed() -> None:
    """The stemmer sees a word with its apostrophe."""
    assert Analyzer.named("english").stem(["senate's", "don't", "o'neil's"]) == ["senat", "don't", "o'neil"]


def test_stem_keeps_order_and_repeats() -> None:
    """The n-th term is that of the n-th form."""
    english = Analyzer.named("english")
    assert english.stem(["runs", "2020", "runs", "running", "U.S.", "run"]) == [
        "run",
        "2020",
        "run",
        "run",
        "U.S.",
        "run",
    ]
    assert english.stem([]) == []


@given(st.lists(st.sampled_from(["runs", "nation's", "2020", "u.s", "dying", "skies"])), st.lists(st.text(max_size=9)))
def test_stem_of_many_is_stem_of_each(known: list[str], others: list[str]) -> None:
    """Terms depend on their forms only, not on what is stemmed beside or before them."""
    english = Analyzer.named("english")
    forms = [*known, *(form for text in others for form in english.forms(text))]
    assert english.stem(forms) == [english.stem([form])[0] for form in forms]


PIECES = [*languages._ENDINGS.split(), *languages._BEGINNINGS.split(), *"abcdefghijklmnopqrstuvwxyz'", "yy", "iz", "bl"]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join).filter(lambda form: len(form) <= 255))
def test_compiled_english_is_nltks(form: str) -> None:
    """The compiled stemmer gives, for whatever it takes, what NLTK's gives."""
    assert english_stem(form) == languages._snowball("english")(form)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["press", "abstracts"])
def test_compiled_english_is_nltks_in_real_corpora(name: str) -> None:
    """Equal for every word form of the corpora; most are taken."""
    path = DATA / f"{name}.jsonl.zst"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    english, step = Analyzer.named("english"), 1 if trials(2) > 2 else 20
    forms = {
        form
        for article in islice(searchkit.read_articles(path, on_error="skip"), 0, None, step)
        for form in english.forms(article.text)
    }
    stem = languages._snowball("english")
    taken = [form for form in forms if english_stem(form) is not None]
    assert len(taken) * 2 > len(forms)
    assert [form for form in taken if english_stem(form) != stem(form)] == []


@pytest.mark.parametrize("form", ["café", "h2o", "Running", "a" * 256, "книгами", "u.s"])
def test_compiled_english_leaves_the_rest(form: str) -> None:
    """Whatever is not made of a to z and apostrophes is for NLTK."""
    assert english_stem(form) is None


def test_compiled_english_needs_the_same_nltk() -> None:
    """Where NLTK gives another stem for one probe only, it is asked about everything."""
    assert languages._is_compiled(languages._snowball("english"))
    assert languages.load("english").compiled
    assert not languages._is_compiled(lambda form: form if form == "relatational" else english_stem(form) or "")
    own = languages.Stemmer("own", lambda form: form[:2], ())
    assert own.stem(["running"]) == ["ru"]


def test_compiled_english_of_an_unknown_nltk_is_proved_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same stems and fingerprint whether the installed NLTK is known by its digest, not known, or not proved."""
    english, words = languages.load("english"), ["running", "naïveté", "ponies", "наука"]
    stems = english.stem(words)
    for digest in [languages._snowball_digest(), ""]:
        for proved in (True, False):
            monkeypatch.setattr(languages, "_PROVED", {digest} - {""})
            monkeypatch.setattr(languages, "_is_compiled", lambda _, proved=proved: proved)
            again = languages.load.__wrapped__("english")
            assert (again.fingerprint, again.stem(words)) == (english.fingerprint, stems)
            assert again.compiled == (proved or digest != "")


def test_arabic_stems_do_not_depend_on_the_word_before() -> None:
    """NLTK's Arabic stemmer carries state from word to word; ours does not."""
    stem = languages._snowball("arabic")
    forms = [
        prefix + root + end for root in ("كتب", "درس", "علم") for prefix in ("ال", "وال", "سي") for end in ("ها", "ون")
    ]
    assert [stem(form) for form in forms] == [languages._snowball("arabic")(form) for form in forms]
    assert [stem(form) for form in reversed(forms)] == [stem(form) for form in forms][::-1]


def test_each_form_is_stemmed_once() -> None:
    """A callable hears of each distinct form once, however often and through however many analyzers it is asked."""
    own = Analyzer.named(OWN)
    calls.clear()
    own.stem(["once", "twice", "once"])
    own.stem(["twice", "once"])
    Analyzer.from_json(own.to_json()).stem(["once"])
    assert sorted(set(calls)) == ["once", "twice"]
    assert len(calls) <= 3  # within one call a repeated form may be asked for again


def test_memory_of_stems_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many forms are remembered, all are forgotten; terms stay right."""
    monkeypatch.setattr(languages, "CACHE_FORMS", 4)
    stemmer = languages.Stemmer("own", lambda form: form[:2], ())
    for number in range(20):
        form = "abcdefghijklmnopqrstuvwxyz"[number:]
        assert stemmer.stem([form]) == [form[:2]]
        assert len(stemmer._known) <= 4


def test_stemmer_that_leaves_nothing_or_too_much() -> None:
    """An empty stem gives way to the form; a long one is cut at 255 bytes between characters."""
    own = Analyzer.named(f"{__name__}:misbehave")
    assert own.stem(["nothing", "long"]) == ["nothing", "é" * 127]


@pytest.mark.parametrize("form", ["number", "surrogate"])
def test_stemmer_that_misbehaves(form: str) -> None:
    """What is no str, or no Unicode, is an error that names the stemmer and the form."""
    with pytest.raises(AnalyzerError, match=f"misbehave gave .* for '{form}'"):
        Analyzer.named(f"{__name__}:misbehave").stem([form])


def test_threads() -> None:
    """Several threads may stem at once."""
    own = Analyzer.named("english")
    forms = [f"{a}{b}{c}ings" for a in "bcdfgh" for b in "aeiou" for c in "lmnprst"]
    expected = [form[:-1].removesuffix("ing") for form in forms]
    got: list[list[str]] = []
    threads = [threading.Thread(target=lambda: got.append(own.stem(forms))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert all(stems == got[0] for stems in got)
    assert len(expected) == len(got[0])


@pytest.mark.parametrize("name", ["english", "none", "french", OWN])
@pytest.mark.parametrize("fold_accents", [True, False])
def test_json_round_trip(name: str, fold_accents: bool) -> None:
    """An analyzer survives JSON, and is a frozen value."""
    analyzer = Analyzer.named(name, fold_accents)
    stored = json.loads(json.dumps(analyzer.to_json()))
    assert Analyzer.from_json(stored) == analyzer
    assert hash(Analyzer.from_json(stored)) == hash(analyzer)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        analyzer.name = "other"  # type: ignore[misc]


def test_fold_accents_is_obeyed() -> None:
    """Both faces of the tokenizer follow the analyzer's choice."""
    assert Analyzer.named("none").forms("É") == ["e"]
    assert Analyzer.named("none", fold_accents=False).forms("É") == ["é"]
    assert Analyzer.named("none", fold_accents=False).spans(" É") == [("é", 1, 2)]


@pytest.mark.parametrize("name", ["", "English", "porter", "klingon", "a b:c", "os.path", ":f", "m:", "None"])
def test_unknown_names(name: str) -> None:
    """A name that is none is refused with the names that are."""
    with pytest.raises(AnalyzerError, match=r"arabic, danish, .*, swedish, none, or your own") as caught:
        Analyzer.named(name)
    assert isinstance(caught.value, SearchkitError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no_such_module_here:f", "No module named"),
        (f"{__name__}:absent", "no attribute 'absent'"),
        (f"{__name__}:OWN", "is str, not a callable"),
        (7, "not int"),
    ],
)
def test_callables_that_cannot_be_had(name: str, reason: str) -> None:
    """A callable that is not there is refused with the reason."""
    with pytest.raises(AnalyzerError, match=reason):
        Analyzer.named(name)


def test_other_stemmer_is_an_error() -> None:
    """An index whose stemmer did otherwise is not read with this one; the words that need no stemmer still are."""
    stored = {**Analyzer.named("english").to_json(), "stemmer": "0123456789abcdef"}
    analyzer = Analyzer.from_json(stored)
    assert analyzer.stem(["2020", "u.s"]) == ["2020", "u.s"]
    with pytest.raises(FormatVersion, match=r"0123456789abcdef.*nltk.*build the index anew"):
        analyzer.stem(["word"])


def test_other_tokenizer_is_an_error() -> None:
    """An index whose tokens were made by other rules is refused at once."""
    for tokenizer in (0, 2, "1", None):
        with pytest.raises(FormatVersion, match="tokenizer"):
            Analyzer.from_json({**Analyzer.named("none").to_json(), "tokenizer": tokenizer})


@pytest.mark.parametrize("change", [{"name": 7}, {"fold_accents": "yes"}, {"stemmer": None}])
def test_damaged_json(change: dict[str, object]) -> None:
    """Values of a wrong type are refused."""
    with pytest.raises(AnalyzerError, match="not an analyzer"):
        Analyzer.from_json({**Analyzer.named("none").to_json(), **change})
    incomplete = Analyzer.named("none").to_json()
    del incomplete[next(iter(change))]
    with pytest.raises(AnalyzerError, match="not an analyzer"):
        Analyzer.from_json(incomplete)


def test_fear_code_named_by_a_file() -> None:
    """An index that names code does not get it run: not `os.system`, not anything this program did not name itself."""
    for name in ("os:system", "this:c"):
        analyzer = Analyzer.from_json({**Analyzer.named("none").to_json(), "name": name})
        with pytest.raises(AnalyzerError, match="code that only an index names is not run"):
            analyzer.stem(["true"])
    assert "this" not in sys.modules


@pytest.mark.slow
def test_nltk_is_loaded_late() -> None:
    """Neither importing, nor making an analyzer from JSON, nor terms that need no stemmer load nltk; a word does that
    the compiled stemmer leaves.
    """
    stored = Analyzer.named("english").to_json()
    program = (
        "import sys; from searchkit.analysis import Analyzer; "
        f"a = Analyzer.from_json({stored!r}); a.forms('Some words'); a.stem(['2020', 'u.s']); "
        "print('nltk' in sys.modules, a.stem(['naïvetés']), 'nltk' in sys.modules)"
    )
    assert run(program) == "False ['naïveté'] True"


@pytest.mark.slow
def test_fingerprints_are_the_same_in_every_process() -> None:
    """A fingerprint depends on nothing but the stemmer: not on the hash seed, not on what was stemmed before."""
    here = [Analyzer.named(language).stemmer_version for language in ("english", "arabic", "russian")]
    program = (
        "from searchkit.analysis import Analyzer; "
        "print(*[Analyzer.named(l).stemmer_version for l in ('english', 'arabic', 'russian')])"
    )
    assert run(program).split() == here
