"""Write searchkit/core/unicode_tables.h: what the tokenizer knows about each character.

    python tools/unicode_tables.py > searchkit/core/unicode_tables.h

For every code point the header gives its class (does it make words, join them or part them), its canonical combining
class, and its folded spelling in two versions: *folded* without accents, *kept* with them. Equal entries are shared,
and a two-stage table leads from code points to entries. The composition pairs make forms NFC.

The tables are those of Unicode 14.0, the version that Python 3.11 ships, so that an index means the same under every
Python. This program therefore runs under Python 3.11 only; its output is kept in the repository.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import Literal

UNICODE_VERSION = "14.0.0"
CODE_POINTS = 0x110000
BLOCK = 128  # code points per block of the second stage: of 32, 64, 128 and 256 this makes the smallest header

# The classes, in the order of their numbers in the header.
CLASSES = ["SEPARATOR", "LETTER", "HANGUL", "DIGIT", "SINGLE", "MARK", "IGNORED", "APOSTROPHE", "DOT", "COMMA", "FLAG"]
SEPARATOR, LETTER, HANGUL, DIGIT, SINGLE, MARK, IGNORED, APOSTROPHE, DOT, COMMA, FLAG = range(len(CLASSES))

# Flags of an entry.
SECOND = 1  # combining class 0, yet may compose with the character before it
FOLDED_MANY = 2  # the folded spelling is in the pool, not a distance
KEPT_MANY = 4
FOLDED_PLAIN = 8  # the folded spelling has no character that combines with what stands before it
KEPT_PLAIN = 16

JOINERS = {
    "'": APOSTROPHE,
    "\N{RIGHT SINGLE QUOTATION MARK}": APOSTROPHE,
    "\N{MODIFIER LETTER APOSTROPHE}": APOSTROPHE,
    "\N{FULLWIDTH APOSTROPHE}": APOSTROPHE,
    ".": DOT,
    "\N{FULLWIDTH FULL STOP}": DOT,
    "\N{ARABIC DECIMAL SEPARATOR}": DOT,
    ",": COMMA,
    "\N{FULLWIDTH COMMA}": COMMA,
    "\N{ARABIC THOUSANDS SEPARATOR}": COMMA,
}
JOINER_SPELLING = {APOSTROPHE: "'", DOT: ".", COMMA: ","}

# Letters of these ranges are Hangul: one or three of them may be the same syllable, so they are never counted.
HANGUL_RANGES = [(0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xFFA1, 0xFFDC)]

# Letters of these ranges are words of their own: scripts that put no blank between words.
SPACELESS = [
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x3005, 0x3007),  # ideographic marks and zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3031, 0x3035),  # vertical kana repeat marks
    (0x3038, 0x303C),  # more Hangzhou numerals and marks
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),  # small Katakana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),  # Han
    (0xA9E0, 0xA9FF),  # Myanmar
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9D),  # halfwidth Katakana
    (0x11700, 0x1174F),  # Ahom
    (0x16FE0, 0x18D7F),  # ideographic marks, Tangut, Khitan
    (0x1AFF0, 0x1B2FF),  # more kana, Nushu
    (0x20000, 0x3FFFF),  # Han
]

# Symbols (general category So) of these ranges are words of their own.
EMOJI = [
    (0x231A, 0x231B),  # watch, hourglass
    (0x23E9, 0x23F3),  # media buttons, clocks
    (0x23F8, 0x23FA),  # media buttons
    (0x2600, 0x27BF),  # miscellaneous symbols, dingbats
    (0x2B1B, 0x2B1C),  # large squares
    (0x2B50, 0x2B50),  # star
    (0x2B55, 0x2B55),  # large circle
    (0x1F000, 0x1FAFF),  # the emoji blocks
]
FLAG_LETTERS = (0x1F1E6, 0x1F1FF)

# Dropped without parting a word, besides the format characters (general category Cf: soft hyphen, zero-width space and
# joiners, direction marks, tags, byte order mark).
IGNORED_RANGES = [
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x0640, 0x0640),  # Arabic tatweel
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0x1F3FB, 0x1F3FF),  # skin tones
    (0xE0100, 0xE01EF),  # variation selectors
]
# Format characters that stand between texts (interlinear annotations): separators.
ANNOTATIONS = (0xFFF9, 0xFFFB)

# The voiced sound marks of halfwidth kana: letters by category, marks when spelled in full width.
HALFWIDTH_SOUND_MARKS = (0xFF9E, 0xFF9F)

# Marks that accent folding drops.
ACCENTS = [
    (0x0300, 0x036F),  # combining diacritical marks
    (0x0591, 0x05C7),  # Hebrew points and accents
    (0x0610, 0x061A),  # Koranic annotations
    (0x064B, 0x0652),  # Arabic harakat; the madda and the hamzas behind them stay
    (0x0656, 0x065E),  # more harakat
    (0x0670, 0x0670),  # superscript alef
    (0x06D6, 0x06ED),  # Koranic annotations
    (0x1AB0, 0x1AFF),  # combining diacritical marks, extended
    (0x1DC0, 0x1DFF),  # combining diacritical marks, supplement
    (0x20D0, 0x20FF),  # combining marks for symbols
    (0xFE20, 0xFE2F),  # combining half marks
]
CYRILLIC_I, BREVE = "\N{CYRILLIC SMALL LETTER I}", "\N{COMBINING BREVE}"  # together a letter of its own: short i
IOTA_SUBSCRIPT = "\N{COMBINING GREEK YPOGEGRAMMENI}"
# Letters that Unicode does not take apart.
BASE_LETTERS = {"ø": "o", "đ": "d", "ħ": "h", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"}


def within(code: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= code <= last for first, last in ranges)


@cache
def class_of(char: str) -> int:
    """What the character does to words."""
    code = ord(char)
    category = unicodedata.category(char)
    if category in ("Cn", "Co", "Cs", "Cc"):
        return SEPARATOR
    if char in JOINERS:
        return JOINERS[char]
    if within(code, IGNORED_RANGES):
        return IGNORED
    if category == "Cf":
        return SEPARATOR if within(code, [ANNOTATIONS]) else IGNORED
    if category[0] == "M" or within(code, [HALFWIDTH_SOUND_MARKS]):
        return MARK
    if within(code, [FLAG_LETTERS]):
        return FLAG
    if category[0] == "L" or category == "Nl":
        if within(code, SPACELESS):
            return SINGLE
        return HANGUL if within(code, HANGUL_RANGES) else LETTER
    if category == "Nd" or (category == "No" and "SUBSCRIPT" in unicodedata.name(char)):
        return DIGIT
    if category == "No":  # superscripts, circled numbers and fractions would garble the word or number before them
        return SINGLE if unicodedata.decomposition(char) else DIGIT
    if category == "So" and within(code, EMOJI):
        return SINGLE
    if category[0] == "S" and unicodedata.decomposition(char) and spells_word(unicodedata.normalize("NFKD", char)):
        return SINGLE  # trade mark, kilogram, boxed letters: symbols that stand for letters
    return SEPARATOR


def spells_word(spelling: str) -> bool:
    """Whether letters, digits and marks, beginning with no mark, are all there is."""
    classes = [class_of(char) for char in spelling if class_of(char) != IGNORED]
    return bool(classes) and classes[0] != MARK and all(c in (LETTER, HANGUL, DIGIT, MARK) for c in classes)


def suits(char: str, spelling: str) -> bool:
    """Whether the spelling may stand for the character: it must be one token of the same kind again."""
    kind = class_of(char)
    classes = [class_of(each) for each in spelling]
    if kind == MARK:
        return all(each in (MARK, IGNORED) for each in classes)
    if kind == SINGLE and classes and classes[0] == SINGLE:
        return all(each == MARK for each in classes[1:])
    if kind in (LETTER, HANGUL, DIGIT, SINGLE):
        return spells_word(spelling)
    return spelling == char


def casefold(text: str) -> str:
    """Full case folding, but the iota subscript stays a mark: else the order of marks would change the spelling."""
    return "".join(char if char == IOTA_SUBSCRIPT else char.casefold() for char in text)


def strip_accents(text: str) -> str:
    """`text` (decomposed) without accents, with the letters that stand for a base letter replaced."""
    out: list[str] = []
    for char in text:
        if not within(ord(char), ACCENTS) or class_of(char) != MARK:
            out.append(BASE_LETTERS.get(char, char))
        elif char == BREVE and out and out[-1] == CYRILLIC_I:
            out.append(char)
    return "".join(out)


def spelling(char: str, fold_accents: bool) -> str:
    """The folded spelling of one character, composed. The compatibility spelling is used only where it suits."""
    if class_of(char) in JOINER_SPELLING:
        return JOINER_SPELLING[class_of(char)]
    if class_of(char) in (SEPARATOR, IGNORED, FLAG):
        return char
    attempts: list[tuple[Literal["NFKD", "NFD"], Callable[[str], str]]]
    attempts = [("NFKD", casefold), ("NFD", casefold), ("NFD", str)]
    for form, fold in attempts:
        before, after = "", char
        while before != after:
            before = after
            after = fold(unicodedata.normalize(form, after))
            after = unicodedata.normalize(form, after)
            after = strip_accents(after) if fold_accents else after
        after = "".join(each for each in after if class_of(each) != IGNORED)
        after = "".join(str(unicodedata.decimal(each, each)) for each in after)
        if suits(char, after):
            return unicodedata.normalize("NFC", after)
    raise AssertionError(f"U+{ord(char):04X} has no spelling")


@cache
def composition_pairs() -> list[tuple[int, int, int]]:
    """(first, second, composed) of each primary composite, sorted, but for Hangul syllables, which are computed."""
    pairs = []
    for code in range(CODE_POINTS):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<") and unicodedata.is_normalized("NFC", chr(code)):
            pairs.append((int(parts[0], 16), int(parts[1], 16), code))
    return sorted(pairs)


def seconds() -> frozenset[int]:
    """Characters of combining class 0 that compose with the one before them."""
    hangul = {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}
    return frozenset(hangul | {s for _, s, _ in composition_pairs() if not unicodedata.combining(chr(s))})


def entries() -> tuple[list[tuple[int, int, int, int, int]], list[int], list[int]]:
    """The distinct entries, the pool of longer spellings, and the number of the entry of each code point."""
    compose = seconds()
    distinct = {(SEPARATOR, 0, FOLDED_PLAIN | KEPT_PLAIN, 0, 0): 0}
    pool: list[int] = []
    places: dict[str, int] = {}
    numbers: list[int] = []
    for code in range(CODE_POINTS):
        char = chr(code)
        kind = class_of(char)
        if kind == SEPARATOR:
            numbers.append(0)
            continue
        flags = SECOND if code in compose else 0
        values = []
        for fold_accents, many, plain in ((True, FOLDED_MANY, FOLDED_PLAIN), (False, KEPT_MANY, KEPT_PLAIN)):
            text = spelling(char, fold_accents)
            assert text or kind == MARK
            if all(not unicodedata.combining(each) and ord(each) not in compose for each in text):
                flags |= plain
            if len(text) == 1:
                values.append(ord(text) - code)
                continue
            flags |= many
            if text not in places:
                places[text] = len(pool)
                pool += [len(text), *map(ord, text)]
            values.append(places[text])
        entry = (kind, unicodedata.combining(char), flags, values[0], values[1])
        numbers.append(distinct.setdefault(entry, len(distinct)))
    return list(distinct), pool, numbers


def stages(numbers: list[int]) -> tuple[list[int], list[int]]:
    """The two-stage table: block number of each run of BLOCK code points, and the distinct blocks one after another."""
    blocks: dict[tuple[int, ...], int] = {}
    first = [
        blocks.setdefault(tuple(numbers[start : start + BLOCK]), len(blocks)) for start in range(0, CODE_POINTS, BLOCK)
    ]
    return first, [number for block in blocks for number in block]


def array(kind: str, name: str, values: Iterable[object]) -> str:
    """A C array, in lines of at most 120 characters."""
    items = [str(value) for value in values]
    lines, line = [], ""
    for item in items:
        if len(line) + len(item) + 1 > 118:
            lines.append(line)
            line = ""
        line += item + ","
    lines.append(line)
    return f"static const {kind} {name}[{len(items)}] = {{\n" + "\n".join(lines) + "\n};\n"


def render() -> str:
    """The header as text. Needs the unicodedata of Unicode 14.0."""
    if unicodedata.unidata_version != UNICODE_VERSION:
        raise SystemExit(f"this Python has Unicode {unicodedata.unidata_version}, {UNICODE_VERSION} (3.11) is needed")
    distinct, pool, numbers = entries()
    first, second = stages(numbers)
    pairs = composition_pairs()
    by_composed = sorted(range(len(pairs)), key=lambda place: pairs[place][2])
    ascii_fold = [ord(c.lower()) if class_of(c) in (LETTER, DIGIT) else 0 for c in map(chr, range(128))]
    parts = [
        "/* Written by tools/unicode_tables.py from Unicode " + UNICODE_VERSION + ". Do not edit. */",
        "#ifndef SEARCHKIT_UNICODE_TABLES_H\n#define SEARCHKIT_UNICODE_TABLES_H\n\n#include <stdint.h>\n",
        f'#define SK_UNICODE_VERSION "{UNICODE_VERSION}"',
        f"#define SK_BLOCK {BLOCK}",
        f"#define SK_PAIRS {len(pairs)}\n",
        "/* What a character does to words. */",
        "enum { " + ", ".join(f"SK_{name}" for name in CLASSES) + " };\n",
        f"/* Flags of an entry: {SECOND}: of combining class 0, yet composes with the character before it;",
        f"   {FOLDED_MANY}, {KEPT_MANY}: `folded`, `kept` is a place in sk_pool (a count, then so many code points), "
        "not a distance in code points;",
        f"   {FOLDED_PLAIN}, {KEPT_PLAIN}: nothing of `folded`, `kept` combines with what stands before it. */",
        f"enum {{ SK_SECOND = {SECOND}, SK_FOLDED_MANY = {FOLDED_MANY}, SK_KEPT_MANY = {KEPT_MANY}, "
        f"SK_FOLDED_PLAIN = {FOLDED_PLAIN}, SK_KEPT_PLAIN = {KEPT_PLAIN} }};\n",
        "typedef struct {\n    uint8_t kind, combining, flags;\n    int32_t folded, kept;\n} sk_entry;\n",
        "/* The folded byte of an ASCII letter or digit; 0 for all other bytes. */",
        array("uint8_t", "sk_ascii_fold", ascii_fold + [0] * 128),
        "/* The class of an ASCII byte. */",
        array("uint8_t", "sk_ascii_kind", [class_of(chr(code)) for code in range(128)]),
        array("sk_entry", "sk_entries", ("{" + ",".join(map(str, entry)) + "}" for entry in distinct)),
        "/* Entry of code point c: sk_entries[sk_second[sk_first[c / SK_BLOCK] * SK_BLOCK + c % SK_BLOCK]] */",
        array("uint16_t", "sk_first", first),
        array("uint16_t", "sk_second", second),
        array("uint32_t", "sk_pool", pool),
        "/* first, second, composed: sorted; and their places in the order of `composed`. */",
        array("uint32_t", "sk_pairs", (value for pair in pairs for value in pair)),
        array("uint16_t", "sk_by_composed", by_composed),
        "#endif\n",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(render())
