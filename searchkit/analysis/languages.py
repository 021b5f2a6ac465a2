"""Stemmers by name: the 15 languages of NLTK's Snowball, and callables of the application's own.

This is the only file that imports nltk, and it does so (half a second) when a stemmer is first needed: English of a
known NLTK only for the forms that the compiled stemmer leaves. A stemmer is known by its *fingerprint*, computed from
the stems it gives to a fixed list of words: two stemmers of the same fingerprint may read each other's indexes,
whatever version number their package bears.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from searchkit.core.stems import english_stem
from searchkit.errors import SearchkitError

__all__ = ["LANGUAGES", "AnalyzerError", "Stemmer", "load", "permit"]

LANGUAGES = (
    "arabic",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "hungarian",
    "italian",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "spanish",
    "swedish",
)

STEM_BYTES = 255  # a longer stem is cut, as a longer word form is
CACHE_FORMS = 1 << 18  # forms whose stems are remembered, about 50 MB; when there are more, all are forgotten

# What the fingerprints are computed from. Never change a list: it would refuse every index of that language.
_PROBES = {
    "arabic": "والكتاب المدرسة يكتبون كتبتم بالسيارات استخدام طالبات مسلمون الأطفال فسيكفيكهم مكتبتها لاعبين",
    "danish": "undersøgelse undersogelserne bilerne huset menneskelighed arbejdsløshedens muligt løbende skrevet "
    "hjemmet",
    "dutch": "lichamelijkheid lopende boeken huizen mogelijkheden vriendelijke geschreven verklaarde onderzoeken "
    "kinderen",
    "english": "running generously communities relational hopping skies dying nation's happily conditional "
    "organization news ponies agreed tried university arsenal yearly controlled",
    "finnish": "taloissa talossakaan kirjoittaminen kirjojen ihmisten kaupungeissa suomalaisille parempaa hyvää "
    "juoksivat",
    "french": "continuellement mangeaient nations nationalité chevaux heureuses aimées finissons majestueux "
    "généralement",
    "german": "aufeinander häuser hauser kinderlein möglichkeiten freundlichkeit liefen geschriebenen regierungen "
    "schöner",
    "hungarian": "házakban kertekben gyermekeknek embereket városaink beszélgetések szabadságért almafának könyveket "
    "legszebb",
    "italian": "abbandonata nazionalità velocemente mangiavano famiglie possibilità governativi pronunciandosi "
    "felici amarono",
    "norwegian": "husene bilene arbeidsløshetens muligheter skrevet kjærligheten undersøkelser løpende vennlighet "
    "dommeren",
    "portuguese": "nacionalidade rapidamente governamentais cantávamos corações possíveis trabalhadores felizes "
    "lojinha quiseram",
    "romanian": "naționalitate copiilor frumusețea mergeau posibilitățile guvernamentale scriitorilor abstractizare "
    "vorbim",
    "russian": "национальность красивейшими читающий бежавшиеся правительственных домами говорилось лучший книгами "
    "йодный",
    "spanish": "nacionalidades rápidamente cantábamos corazones gubernamentales diciéndoselo trabajadores felices "
    "haber lógica",
    "swedish": "undersökningarna bilarna husens möjligheterna vänlighet arbetslöshetens skrivandet löpande flickornas",
}

# What the compiled stemmer is compared with NLTK's by: beginnings that make R1 and R2 long or short, endings of each
# rule, alone and stacked, and the words that are stemmed by list.
_BEGINNINGS = "b t ho sho rat yell fly abb hopp pizz adopt gener commun arsen relat enterpr syzyg bowox"
_ENDINGS = """
    s's s' 's ' sses ied ies us ss as y ay eed eedly ed edly ing ingly at ated bled ized tting ming
    ization izations ational fulness ousness iveness tional biliti bility lessli lessly entli ently ation alism aliti
    ality ousli ously iviti ivity fulli fully enci ency anci ancy abli ably izer ator alli ally bli bly ogi logy li dly
    zly alize icate iciti icity ative ical ness ful ement ance ence able ible ment ant ent ism ate iti ity ous ive ize
    sion tion xion al er ic e le l ll ele alizations ationally icatively
"""
_SPECIAL = """
    andes atlas bias canning cannings cosmos dying early earring earrings exceed exceeded exceeding exceeds gently
    herring herrings howe idly inning innings lying news only outing outings proceed proceeded proceeding proceeds
    singly skies skis sky succeed succeeded succeeding succeeds tying ugly
"""

# BLAKE2b-128 of the nltk/stem/snowball.py with which `_is_compiled` has held, and releases that have it: those need not
# be imported to be asked again. Any other is.
_PROVED = {
    "8f52ce7637154dc0b11ff060f0c57b2f",  # 3.8
    "04103b884d10f1436de710872f7cd977",  # 3.8.1
    "22922aad2736e5c7ca35919683ca9834",  # 3.9, 3.9.1
    "609fc6ad327e178b5c36ed5e2964c0b4",  # 3.9.2
    "1cac9d785aa6c9836f05758f1a49f74c",  # 3.9.3
    "aad9cf1c736931ccf2f52a2a262cd946",  # 3.9.4, 3.10.0
    "8434cf7de75430b072a2e95d76b98981",  # 3.10.1 to 3.10.3
    "e04a9e4114b4888a235fdf7f2be7a710",  # 3.10.4
}

_permitted: dict[str, Callable[[str], str]] = {}  # dotted names that this program, not a file, has asked for


class AnalyzerError(SearchkitError, ValueError):
    """A stemmer that does not exist, is not permitted, or does not behave."""


class Stemmer:
    """Stems word forms, each distinct one once, and remembers. May be used from several threads."""

    __slots__ = ("_known", "_stem", "compiled", "fingerprint", "name")

    def __init__(self, name: str, stem: Callable[[str], str], probes: Sequence[str], compiled: bool = False) -> None:
        """`compiled`: `core.stems.english` gives the stems that `stem` gives, to the forms that it takes."""
        self.name = name
        self.compiled = compiled
        self._stem = stem
        self._known: dict[str, str] = {}
        stems = "\n".join(f"{word} {self._stem_one(word)}" for word in probes)
        self.fingerprint = hashlib.blake2b(stems.encode(), digest_size=8).hexdigest()

    def stem(self, forms: Sequence[str]) -> list[str]:
        """The stem of each form, in order. A form for which the stemmer leaves nothing is its own stem."""
        known = self._known
        stems = [english_stem(form) or known.get(form) for form in forms] if self.compiled else [*map(known.get, forms)]
        if None in stems:
            if len(known) + len(forms) > CACHE_FORMS:
                known.clear()
            for place, stem in enumerate(stems):
                if stem is None:
                    form = forms[place]
                    known[form] = stems[place] = self._stem_one(form)
        return stems  # type: ignore[return-value]  # no None is left

    def _stem_one(self, form: str) -> str:
        stem = (english_stem(form) if self.compiled else None) or self._stem(form)
        if not isinstance(stem, str):
            raise AnalyzerError(f"the stemmer {self.name} gave {stem!r} for {form!r}: it must return a str")
        try:
            encoded = stem.encode()
        except UnicodeEncodeError:
            raise AnalyzerError(f"the stemmer {self.name} gave {stem!r} for {form!r}: no valid Unicode") from None
        if len(encoded) > STEM_BYTES:
            stem = encoded[:STEM_BYTES].decode("utf-8", "ignore")
        return stem or form


@cache
def load(name: str) -> Stemmer:
    """The stemmer of a language or of a permitted dotted name, loaded on the first call.

    Raises AnalyzerError where there is none of that name, or where only a file has named it.
    """
    if name == "english" and _snowball_digest() in _PROVED:
        return Stemmer(name, lambda form: _snowball(name)(form), _PROBES[name].split(), compiled=True)
    if name in LANGUAGES:
        stem = _snowball(name)
        return Stemmer(name, stem, _PROBES[name].split(), name == "english" and _is_compiled(stem))
    if name in _permitted:
        probes = " ".join(_PROBES[language] for language in LANGUAGES).split()
        return Stemmer(name, _permitted[name], probes)
    if ":" in name:
        raise AnalyzerError(
            f"the stemmer {name!r} is code, and code that only an index names is not run: "
            f"call searchkit.analysis.Analyzer.named({name!r}) in your program first"
        )
    raise AnalyzerError(_unknown(name))


def permit(name: str) -> None:
    """Import the callable of a dotted name and let `load` give it. Raises AnalyzerError if it is not there."""
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*", name):
        raise AnalyzerError(_unknown(name))
    module, _, path = name.partition(":")
    try:
        found: object = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise AnalyzerError(f"the stemmer {name!r} cannot be imported: {error}") from error
    if not callable(found):
        raise AnalyzerError(f"the stemmer {name!r} is {type(found).__name__}, not a callable")
    _permitted[name] = found


def _unknown(name: str) -> str:
    return (
        f"there is no analyzer {name!r}: choose one of {', '.join(LANGUAGES)}, none, "
        "or your own stemmer as 'package.module:callable' (str -> str)"
    )


def _is_compiled(stem: Callable[[str], str]) -> bool:
    """Whether the compiled stemmer gives what `stem`, the English one of the NLTK that is installed, gives.

    Asked about every ending that any of the rules knows, behind beginnings that let it stand, or not.
    """
    words = [begin + end for begin in _BEGINNINGS.split() for end in _ENDINGS.split()] + _SPECIAL.split()
    return all(english_stem(word) == stem(word) for word in words)


def _snowball_digest() -> str:
    """The digest, as in _PROVED, of the installed NLTK's stemmers, without importing them; "" if there are none."""
    try:
        package = importlib.util.find_spec("nltk")
        folders = package and package.submodule_search_locations
        source = Path(*(folders or ("",))[:1], "stem", "snowball.py").read_bytes()
    except (OSError, ValueError):
        return ""
    return hashlib.blake2b(source, digest_size=16).hexdigest()


@cache
def _snowball(language: str) -> Callable[[str], str]:
    """NLTK's stemmer of the language, with its few stop words stemmed like all others (that would need a download)."""
    from nltk.stem import snowball

    made = getattr(snowball, f"{language.capitalize()}Stemmer")
    if language != "arabic":
        stem: Callable[[str], str] = made().stem
        return stem

    def stem_alone(form: str) -> str:
        # The Arabic stemmer remembers things about the word before: with an object for each word it cannot.
        stem: str = made().stem(form)
        return stem

    return stem_alone
