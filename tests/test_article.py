"""Articles: what is taken, what is refused and why, ids made from content, and the way to mappings and back."""

from __future__ import annotations

import math
import pickle
from datetime import UTC, date, datetime
from hashlib import blake2b
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.dates import DateInterval
from searchkit.errors import ArticleError, DateError

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # surrogates too


def test_parts_and_defaults() -> None:
    """An article needs a text only; the rest is by keyword."""
    article = Article("Body.")
    assert (article.text, article.title, article.date, article.fields) == ("Body.", "", None, {})
    full = Article("Body.", id="a", title="T", date="2020-10", fields={"source": "BBC", "words": 3})
    assert (full.id, full.title, full.date) == ("a", "T", DateInterval.parse("2020-10"))
    assert full.fields == {"source": "BBC", "words": 3}
    with pytest.raises(TypeError):
        Article("Body.", "a")  # type: ignore[misc]


def test_frozen_and_comparable() -> None:
    """Articles are values: they cannot be changed, equal parts make equal articles, and they can be put in a set."""
    article = Article("Body.", date="2020", fields={"tags": ["a"]})
    with pytest.raises(AttributeError):
        article.text = "Other."  # type: ignore[misc]
    same = Article("Body.", date="2020", fields={"tags": ["a"]})
    assert article == same and hash(article) == hash(same) and len({article, same}) == 1
    assert article != Article("Body.", date="2020")
    assert pickle.loads(pickle.dumps(article)) == article


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2020-10-02", "2020-10-02"),
        (date(2020, 10, 2), "2020-10-02"),
        (datetime(2020, 10, 2, 10, 15, 30), "2020-10-02T10:15:30"),
        (datetime(2020, 10, 2, 10, 15, 30, tzinfo=UTC), "2020-10-02T10:15:30Z"),
        (DateInterval.parse("2020-09/2020-10"), "2020-09/2020-10"),
    ],
)
def test_dates_in_all_forms(value: DateInterval | str | date | datetime, expected: str) -> None:
    """A date may be given as text, date, datetime or interval."""
    assert Article("Body.", date=value).date == DateInterval.parse(expected)


@pytest.mark.parametrize("text", ["2020-02-30", "10/02/2020", ""])
def test_wrong_date_says_why(text: str) -> None:
    """A wrong date is an ArticleError with the reason and hint of the DateError behind it."""
    with pytest.raises(ArticleError, match="bad date") as caught:
        Article("Body.", date=text)
    cause = caught.value.__cause__
    assert isinstance(cause, DateError)
    assert cause.reason in str(caught.value) and caught.value.hint == cause.hint


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": None}, "text is missing"),
        ({"text": b"Body."}, "text is of type bytes, not a string"),
        ({"title": None}, "title is missing"),
        ({"title": 5}, "title is of type int"),
        ({"id": 5}, "id is of type int"),
        ({"id": ""}, "id is empty"),
        ({"date": 2020}, "not int"),
        ({"fields": None}, "fields are missing"),
        ({"fields": ["a"]}, "fields are of type list"),
        ({"fields": {"a": None}}, "'a' is missing"),
        ({"fields": {"a": {"b": "c"}}}, "'a' is of type dict"),
        ({"fields": {"a": ["b", 3]}}, "'a' .a list of strings. is of type int"),
        ({"fields": {"a": math.nan}}, "'a' is nan"),
        ({"fields": {"a": -math.inf}}, "'a' is -inf"),
        ({"fields": {"a": 2**63}}, "'a' does not fit 64 bits"),
        ({"fields": {3: "a"}}, "name of a field is of type int"),
        ({"fields": {"": "a"}}, "no name"),
    ],
)
def test_refused_with_the_part_named(arguments: dict[str, object], message: str) -> None:
    """What is no article is refused at once, naming the part and what it is."""
    with pytest.raises(ArticleError, match=message):
        Article(**{"text": "Body.", **arguments})  # type: ignore[arg-type]


def test_fields_are_copied_and_plain() -> None:
    """The mapping and lists given may change afterwards; subclasses of str, int and float become these."""

    class Word(str):
        __slots__ = ()

    tags = ["a", Word("b")]
    given_fields: dict[str, object] = {"tags": tags, Word("name"): Word("x"), "low": -(2**63), "yes": True, "part": 0.5}
    article = Article("Body.", fields=MappingProxyType(given_fields))  # type: ignore[arg-type]
    tags.append("c")
    given_fields.clear()
    assert article.fields == {"tags": ["a", "b"], "name": "x", "low": -(2**63), "yes": True, "part": 0.5}
    assert type(article.fields) is dict
    assert {type(one) for one in article.fields.values()} == {list, str, int, bool, float}
    assert Article("Body.", fields={"tags": ("a", "b")}).fields == {"tags": ["a", "b"]}  # type: ignore[dict-item]


def test_default_fields_are_not_shared() -> None:
    """Each article has a mapping of its own."""
    assert Article("a").fields is not Article("b").fields


def test_lone_surrogates_are_replaced() -> None:
    """Half of a surrogate pair becomes U+FFFD in every string, for it can be neither stored nor shown."""
    article = Article("a\ud800b", id="\udfff", title="\ud83d", fields={"x\udc00": "\ud801", "tags": ["\udc80"]})
    assert (article.text, article.id, article.title) == ("a\ufffdb", "\ufffd", "\ufffd")
    assert article.fields == {"x\ufffd": "\ufffd", "tags": ["\ufffd"]}
    assert Article("“é🙂\0").text == "“é🙂\0"


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_text_makes_an_article_that_can_be_encoded(text: str, title: str, id: str) -> None:
    """Every string is accepted, and what is kept is valid Unicode."""
    article = Article(text, title=title, id=id or None)
    assert "".join((article.text, article.title, article.id)).encode().decode()
    assert len(article.text) == len(text) and len(article.title) == len(title)


# ---- ids from content


def test_id_from_content_is_fixed_for_ever() -> None:
    """The id of an article without one is the documented hash, so that indexes of all times agree on it."""
    content = "5:Title7:2020-10Body “text”."
    expected = blake2b(content.encode(), digest_size=8).hexdigest()
    assert Article("Body “text”.", title="Title", date="2020-10").id == expected == "262c7e271969b523"
    assert Article("").id == blake2b(b"0:0:", digest_size=8).hexdigest()


def test_id_from_content_tells_contents_apart() -> None:
    """Title, date and text count, each in its own place; fields do not."""
    articles = [
        Article("ab"),
        Article("b", title="a"),
        Article("", title="ab"),
        Article("ab", date="2020"),
        Article("ab", date="2020-01-01/2020-12-31"),
        Article("2020ab"),
        Article("b0:a"),
        Article("ab "),
    ]
    assert len({article.id for article in articles}) == len(articles)
    assert Article("ab", fields={"x": 1}).id == Article("ab").id


# ---- mappings

VALUES = st.one_of(
    st.text(max_size=5),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.lists(st.text(max_size=5), max_size=3),
)
DATES = st.sampled_from([None, "2020", "2020-10-02T10:15:30+02:00", "9999", "0001-01-01", "2020-09/2020-10"])


@given(st.text(), st.text(), DATES, st.dictionaries(st.text(min_size=1, max_size=5), VALUES, max_size=4))
def test_to_a_mapping_and_back(text: str, title: str, date: str | None, fields: dict[str, object]) -> None:
    """from_dict(to_dict(x)) == x, and the date is given as it was written."""
    article = Article(text, title=title, date=date, fields=fields)  # type: ignore[arg-type]
    mapping = article.to_dict()
    assert list(mapping) == ["id", "title", "text", "date", "fields"]
    assert mapping["date"] == date
    assert Article.from_dict(mapping) == article


def test_mapping_with_few_keys() -> None:
    """Only the text is needed; None means the default; whole numbers are accepted as ids."""
    assert Article.from_dict({"text": "Body."}) == Article("Body.")
    nothing = {"text": "Body.", "id": None, "title": None, "date": None, "fields": None}
    assert Article.from_dict(MappingProxyType(nothing)) == Article("Body.")
    assert Article.from_dict({"text": "Body.", "id": 17}).id == "17"


def test_mapping_in_a_time_zone() -> None:
    """A date with an offset is moved to the zone asked for; one without is left alone."""
    article = Article.from_dict({"text": "Body.", "date": "2020-10-02T23:30Z"}, timezone="Asia/Kolkata")
    assert article.date is not None and article.date.start == datetime(2020, 10, 3, 5, 0)
    article = Article.from_dict({"text": "Body.", "date": datetime(2020, 10, 2)}, timezone="Asia/Kolkata")
    assert article.date is not None and article.date.start == datetime(2020, 10, 2)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({}, "no text"),
        ({"text": None}, "no text"),
        ({"text": "Body.", "body": "x"}, "unknown key 'body'"),
        ({"text": "Body.", 5: "x"}, "unknown key '5'"),
        ({"text": "Body.", "date": "2020-13"}, "no month 13"),
        ({"text": "Body.", "date": 2020}, "not int"),
        ({"text": "Body.", "id": True}, "id is of type bool"),
        ({"text": "Body.", "title": 0}, "title is of type int"),
        ({"text": ["Body."]}, "text is of type list"),
        ("Body.", "not of type str"),
        (None, "a mapping"),
    ],
)
def test_wrong_mappings(mapping: object, message: str) -> None:
    """What is no article's mapping is refused with the key that is wrong."""
    with pytest.raises(ArticleError, match=message):
        Article.from_dict(mapping)  # type: ignore[arg-type]
