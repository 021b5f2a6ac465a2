"""From one record (a JSON object, a table row) to an article: whose key is which, and what becomes of the others.

The record's own names for id, title, text and date can be mapped; a mapping "fields" is taken as our own fields, which
is the form that `Article.to_dict` writes. Every other key is kept as a field as long as its value fits one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import isfinite
from typing import Any

import attrs

from searchkit.article import MAX_INTEGER, Article, FieldValue, bad_date, plain_id
from searchkit.dates import DateInterval
from searchkit.errors import ArticleError, DateError
from searchkit.sources.report import Rejected

__all__ = ["Keys", "article_of"]


_KINDS = {str: "text", bool: "truth", int: "number", float: "number"}  # a list holds one of these


@attrs.frozen
class Keys:
    """What a record calls the parts of an article."""

    text: str = "text"
    id: str = "id"
    title: str = "title"
    date: str = "date"
    fields: str = "fields"
    parts: frozenset[str] = attrs.field(init=False)
    """The keys of a record that are no fields of their own."""

    @classmethod
    def named(cls, keys: Mapping[str, str] | None) -> Keys:
        """From the `keys=` of `read_articles`: our name -> theirs. Raises ValueError for a name that is not ours."""
        if keys is not None and not isinstance(keys, Mapping):
            raise ValueError(f"keys is {keys!r}, not a mapping of our names to theirs, such as {{'text': 'body'}}")
        keys = dict(keys or {})
        ours = [one.name for one in attrs.fields(cls) if one.init]
        for name, theirs in keys.items():
            if name not in ours:
                raise ValueError(f"keys: {name!r} is no part of an article (they are {', '.join(ours)})")
            if not isinstance(theirs, str):
                raise ValueError(f"keys: the name for {name!r} is {theirs!r}, not a string")
        return cls(**keys)

    @parts.default
    def _parts(self) -> frozenset[str]:
        return frozenset((self.text, self.id, self.title, self.date))


def article_of(
    record: dict[str, Any], keys: Keys, timezone: str, name: str, line: int, left_out: Counter[str]
) -> Article | Rejected:
    """The article of a record, or what is wrong with it; `name` and `line` say where it stands.

    Null and "" mean that there is none, except that a text of "" is accepted beside a title. Keys of values that fit no
    field are counted in `left_out`.
    """
    text, title, date = record.get(keys.text), record.get(keys.title), record.get(keys.date)
    id = plain_id(record.get(keys.id))
    if text is None:
        held = ", ".join(record)[:200]
        return _rejected("there is no text", name, line, f"no value under the key {keys.text!r}; the keys are: {held}")
    if title is None:
        title = ""
    if type(text) is str and type(title) is str and _blank(text) and _blank(title):
        return _rejected("there is no text", name, line, f"{keys.text!r} is blank, and there is no title")
    interval = problem = None
    if date is not None and date != "":
        try:
            # A bare number is how JSON often holds a year; as text it is read, or refused with the reason.
            interval = DateInterval.from_value(plain_id(date), timezone)
        except DateError as error:
            problem = bad_date(error)
    try:
        fields = {} if keys.parts >= record.keys() else _fields(record, keys, left_out)
        article = Article(text, id=None if id == "" else id, title=title, date=interval, fields=fields)
    except ArticleError as error:
        return Rejected(located(error, name, line))
    return article if problem is None else Rejected(located(problem, name, line), undated=article)


def located(error: ArticleError, name: str, line: int | None = None) -> ArticleError:
    """The same error, with the place where the article stands."""
    return ArticleError(error.message, name, line, error.hint)


def _rejected(message: str, name: str, line: int, hint: str) -> Rejected:
    return Rejected(ArticleError(message, name, line, hint))


def _blank(text: str) -> bool:
    return not text or text.isspace()


def _fields(record: dict[str, Any], keys: Keys, left_out: Counter[str]) -> dict[str, FieldValue]:
    fields = {}
    for key, value in record.items():
        if key in keys.parts or value is None:
            continue
        if key == keys.fields and type(value) is dict:
            inner = {name: one for name, one in value.items() if one is not None}
        else:
            inner = {key: value}
        for name, one in inner.items():
            if name and (type(one) is str or _fits(one)):
                fields[name] = one
            else:
                left_out[name] += 1
    return fields


def _fits(value: object) -> bool:
    if isinstance(value, str | bool):
        return True
    if isinstance(value, int):
        return -MAX_INTEGER - 1 <= value <= MAX_INTEGER
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, list):
        kinds = {_KINDS.get(type(one)) for one in value}
        return len(kinds) <= 1 and None not in kinds and all(map(_fits, value))
    return False
