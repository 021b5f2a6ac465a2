"""The article: what a user hands in and gets back.

A frozen value of five parts. Whatever is not an article is refused here, when it is made, so that nothing further in
has to ask again: a text is a `str` that can be written as UTF-8, a date is an interval that exists, a field has a value
that can be stored and compared. The constructor runs for every article of an archive; the plain case (text that is
ASCII or clean, no fields) does no more than a few type checks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date as Date
from datetime import datetime
from math import isfinite
from typing import Any, Final, TypeAlias

import attrs

from searchkit.dates import DateInterval
from searchkit.errors import ArticleError, DateError

__all__ = ["Article", "FieldValue"]

FieldValue: TypeAlias = str | int | float | bool | list[str] | list[int] | list[float] | list[bool]

KEYS: Final = ("id", "title", "text", "date", "fields")
"""The keys of an article as a mapping, in the order in which `to_dict` gives them."""

MAX_INTEGER: Final = 2**63 - 1
"""Whole numbers in fields fit a signed 64-bit column."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def _string(name: str, value: object) -> str:
    if type(value) is not str:
        if not isinstance(value, str):
            raise ArticleError(f"the {name} is {_kind(value)}, not a string")
        value = str.__str__(value)  # numpy.str_ and other subclasses: only the characters are kept
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair is no character: it can be neither stored nor shown.
        return _SURROGATE.sub("\ufffd", value)
    return value


def _text(value: str) -> str:
    return _string("text", value)


def _title(value: str) -> str:
    return _string("title", value)


def _id(value: str | None) -> str:
    if value is None:
        return ""  # told apart from a given id, which is never empty; made from the content when all parts are known
    given = _string("id", value)
    if not given:
        raise ArticleError("the id is empty", hint="leave it out to get one made from the content")
    return given


def _date(value: DateInterval | str | Date | datetime | None) -> DateInterval | None:
    if value is None or type(value) is DateInterval:
        return value
    try:
        return DateInterval.from_value(value)
    except DateError as error:
        raise bad_date(error) from error


def _fields(value: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    if type(value) is not dict and not isinstance(value, Mapping):
        raise ArticleError(f"the fields are {_kind(value)}, not a mapping of names to values")
    return {_field_name(name): _field_value(name, one) for name, one in value.items()} if value else {}


def _field_name(name: object) -> str:
    if not name:
        raise ArticleError("a field has no name")
    return _string("name of a field", name)


def _field_value(name: str, value: object) -> FieldValue:
    if isinstance(value, str):
        return _string(f"field {name!r}", value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            raise ArticleError(f"the field {name!r} does not fit 64 bits", hint="give it as a str or a float")
        return int(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise ArticleError(f"the field {name!r} is {value}, not a finite number", hint="leave the field out")
        return float(value)
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], int | float):
            return _numbers(name, value)
        return [_string(f"field {name!r} (a list of strings)", one) for one in value]
    raise ArticleError(
        f"the field {name!r} is {_kind(value)}", hint="a field is a str, int, float, bool or a list of one of these"
    )


def _numbers(name: str, values: Sequence[object]) -> list[Any]:
    """A list of numbers, or of True and False."""
    truths = isinstance(values[0], bool)
    for one in values:
        if not isinstance(one, int | float) or isinstance(one, bool) != truths:
            raise ArticleError(f"the field {name!r} (a list of {_kind(values[0])}) has one {_kind(one)}")
    return [_field_value(name, one) for one in values]


@attrs.frozen
class Article:
    """A dated text with an id, a title and your own fields.

    text    what is searched; may be empty.
    id      your own key of the article, not empty. None: made from title, date and text by `content_id`, so that the
            same article gets the same id everywhere.
    title   searched beside the text; "" for none.
    date    a DateInterval, a `str` that `DateInterval.parse` reads, a `date`, a `datetime`, or None for undated.
            Offsets are moved to UTC; `from_dict` can move them to another time zone.
    fields  your own values by name: str, int (64 bits), float (finite), bool, or a list of str, of numbers or of bool.
            The mapping is copied.

    Lone surrogates in strings become U+FFFD. Raises ArticleError, saying which part is wrong and why.
    """

    text: str = attrs.field(converter=_text)
    id: str = attrs.field(default=None, kw_only=True, converter=_id)
    title: str = attrs.field(default="", kw_only=True, converter=_title)
    date: DateInterval | None = attrs.field(default=None, kw_only=True, converter=_date)
    fields: dict[str, FieldValue] = attrs.field(factory=dict, kw_only=True, converter=_fields, hash=False)

    def __attrs_post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", content_id(self.title, self.date, self.text))

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any], *, timezone: str = "UTC") -> Article:
        """The article of a mapping with the keys id, title, text, date and fields.

        All but `text` may be left out or None. A whole number as id is taken as its digits. A date with an offset is
        moved to `timezone` (an IANA name). Raises ArticleError for another key, a missing text, or a part that
        `Article` refuses.
        """
        if type(mapping) is not dict and not isinstance(mapping, Mapping):
            hint = "a text is made one with Article(text), files are read with read_articles(path)"
            raise ArticleError(f"an article is an Article or a mapping, not {_kind(mapping)}", hint=hint)
        unknown = [str(key) for key in mapping if key not in KEYS]
        if unknown:
            raise ArticleError(f"unknown key {unknown[0]!r}", hint='your own values go into the mapping "fields"')
        if mapping.get("text") is None:
            raise ArticleError("the article has no text", hint='its key is "text"')
        date, title, fields = mapping.get("date"), mapping.get("title"), mapping.get("fields")
        try:
            interval = None if date is None else DateInterval.from_value(date, timezone)
        except DateError as error:
            raise bad_date(error) from error
        return cls(
            mapping["text"],
            id=plain_id(mapping.get("id")),
            title="" if title is None else title,
            date=interval,
            fields={} if fields is None else fields,
        )

    def to_dict(self) -> dict[str, Any]:
        """The article as a mapping that JSON can hold and `from_dict` takes; the date is given as written."""
        return {
            "id": self.id,
            "title": self.title,
            "text": self.text,
            "date": None if self.date is None else self.date.text,
            "fields": {name: list(one) if isinstance(one, list) else one for name, one in self.fields.items()},
        }


def content_id(title: str, date: DateInterval | None, text: str) -> str:
    """The id of an article that was given none: 16 hexadecimal digits, the same for the same content for ever.

    BLAKE2b with 8 bytes of output over the UTF-8 of `<length of title>:<title><length of date>:<date><text>`, where the
    date is as written ("" for none) and lengths are counted in characters.
    """
    from hashlib import blake2b  # late: loads OpenSSL, which most programs never need here

    written = "" if date is None else date.text
    content = f"{len(title)}:{title}{len(written)}:{written}{text}"
    return blake2b(content.encode("utf-8", "replace"), digest_size=8).hexdigest()


def plain_id(value: Any) -> Any:
    """An id as data bring it: whole numbers, common as keys in JSON, become their digits; all else stays as it is."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def bad_date(error: DateError) -> ArticleError:
    """The error of an article whose date cannot be read."""
    return ArticleError(f"bad date {error.text!r}: {error.reason}", hint=error.hint)


def _kind(value: object) -> str:
    return "missing" if value is None else f"of type {type(value).__name__}"
