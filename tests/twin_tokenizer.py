"""The tokenizer once more, as slow and as plain as possible: each character becomes one letter that names its kind, a
regular expression finds the words in those letters, and unicodedata spells them.

It shares nothing with searchkit/core/tokenize.c nor with the program that makes its tables, so that the two can be held
against each other. It knows characters by name and category where the tables know them by number.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# A run of marks and ignored characters, never given back.
TAIL = "[MI]*+"
WORD = re.compile(
    # Letters, each alone between dots: U.S., a.m.
    rf"L{TAIL}(?:\.I*L{TAIL}(?![LHN]))+"
    # Letters and digits; an apostrophe goes on between letters, a dot or a comma between digits.
    rf"|(?:[LH]{TAIL}(?:'I*(?=[LH]))?|N{TAIL}(?:[.,]I*(?=N))?)+"
    # A character that is a word by itself; a flag is two of its letters.
    rf"|S{TAIL}|F{TAIL}(?:F{TAIL})?"
)

JOINERS = {"'": "'", "’": "'", "ʼ": "'", "＇": "'", ".": ".", "．": ".", "٫": ".", ",": ",", "，": ",", "٬": ","}

SPACELESS = (
    "CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "IDEOGRAPHIC", "HANGZHOU NUMERAL", "VERTICAL KANA",
    "VERTICAL IDEOGRAPHIC", "MASU MARK", "HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "HENTAIGANA", "THAI", "LAO",
    "KHMER", "MYANMAR", "TAI LE", "NEW TAI LUE", "TAI THAM", "TAI VIET", "AHOM", "KHITAN", "NUSHU", "TANGUT",
    "OLD CHINESE",
)  # fmt: skip

LETTERS = {"ø": "o", "đ": "d", "ħ": "h", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"}


def name(char: str) -> str:
    code = ord(char)
    if 0x17000 <= code <= 0x18AFF or 0x18D00 <= code <= 0x18D08:
        return "TANGUT"  # unicodedata does not name them
    return unicodedata.name(char, "")


def ignored(char: str) -> bool:
    """Format characters but interlinear annotations, and everything else that shows nothing of its own."""
    return (
        (unicodedata.category(char) == "Cf" and "INTERLINEAR" not in name(char))
        or "VARIATION SELECTOR" in name(char)
        or "EMOJI MODIFIER" in name(char)
        or name(char).endswith(("HANGUL FILLER", "JUNGSEONG FILLER", "CHOSEONG FILLER"))
        or name(char) in ("ARABIC TATWEEL", "COMBINING GRAPHEME JOINER")
        or name(char).startswith("KHMER VOWEL INHERENT")
    )


def emoji(char: str) -> bool:
    code = ord(char)
    return unicodedata.category(char) == "So" and (
        0x2600 <= code <= 0x27BF or 0x1F000 <= code <= 0x1FAFF or char in "⌚⌛⏩⏪⏫⏬⏭⏮⏯⏰⏱⏲⏳⏸⏹⏺⬛⬜⭐⭕"
    )


@cache
def kind(char: str) -> str:
    """L letter, H Hangul, N digit, S a word by itself, F half a flag, M mark, I ignored, a joiner as itself, blank."""
    category = unicodedata.category(char)
    if category in ("Cn", "Cc", "Co", "Cs"):
        return " "
    if char in JOINERS:
        return JOINERS[char]
    if ignored(char):
        return "I"
    if category[0] == "M" or "KATAKANA VOICED SOUND MARK" in name(char) or "KATAKANA SEMI-VOICED" in name(char):
        return "M" if category[0] in "ML" else " "
    if "REGIONAL INDICATOR" in name(char):
        return "F"
    if category[0] == "L" or category == "Nl":
        return "S" if name(char).startswith(SPACELESS) else "H" if "HANGUL" in name(char) else "L"
    if category == "Nd":
        return "N"
    if category == "No":
        return "N" if "SUBSCRIPT" in name(char) or not unicodedata.decomposition(char) else "S"
    if emoji(char):
        return "S"
    decomposed = unicodedata.normalize("NFKD", char)
    if category[0] == "S" and decomposed != char and re.fullmatch("[LHN][LHNM]*", "".join(map(kind, decomposed))):
        return "S"
    return " "


def accent(char: str) -> bool:
    """Combining diacritical marks of the Latin, Greek and Cyrillic scripts, Hebrew points, Arabic harakat."""
    code = ord(char)
    return kind(char) == "M" and (
        0x300 <= code <= 0x36F
        or 0x1AB0 <= code <= 0x1AFF
        or 0x1DC0 <= code <= 0x1DFF
        or 0x20D0 <= code <= 0x20FF
        or 0xFE20 <= code <= 0xFE2F
        or 0x591 <= code <= 0x5C7
        or 0x610 <= code <= 0x61A
        or (0x64B <= code <= 0x65F and "HAMZA" not in name(char) and "MADDAH" not in name(char))
        or code == 0x670
        or 0x6D6 <= code <= 0x6ED
    )


def lower(text: str) -> str:
    return "".join(char if char == "\u0345" else char.casefold() for char in text)


@cache
def decomposed_spelling(char: str) -> str:
    """The character in small letters and taken apart, by compatibility if that leaves a word of the same kind."""
    for form, fold in (("NFKD", lower), ("NFD", lower), ("NFD", str)):
        spelling = char
        for _ in range(4):
            spelling = unicodedata.normalize(form, fold(unicodedata.normalize(form, spelling)))
        spelling = "".join(each for each in spelling if kind(each) != "I")
        spelling = "".join(str(unicodedata.decimal(each, each)) for each in spelling)
        pattern = {"S": "[LHN][LHNM]*|SM*", "M": "M*", "F": "F"}.get(kind(char), "[LHN][LHNM]*")
        if re.fullmatch(pattern, "".join(map(kind, spelling))):
            return spelling
    raise AssertionError(char)


def spell(piece: str, fold_accents: bool) -> str:
    """The form of a word."""
    joiners = {char: JOINERS[char] for char in piece if char in JOINERS}
    spelled = "".join(joiners.get(char) or decomposed_spelling(char) for char in piece if kind(char) != "I")
    kept: list[str] = []
    letter, marks = "", ""
    for char in spelled:
        if fold_accents and accent(char) and not (char == "\u0306" and letter == "и" and char not in marks):
            continue
        if unicodedata.combining(char):
            if len(marks) == 30:
                continue
            marks += char
        else:
            letter, marks = char, ""
        kept.append(LETTERS.get(char, char) if fold_accents else char)
    form = unicodedata.normalize("NFC", "".join(kept))
    return form.encode()[:255].decode("utf-8", "ignore")


def spans(text: str, fold_accents: bool = True) -> list[tuple[str, int, int]]:
    """What searchkit.core.tokens.spans must return."""
    kinds = "".join(map(kind, text))
    return [(spell(text[m.start() : m.end()], fold_accents), m.start(), m.end()) for m in WORD.finditer(kinds)]
