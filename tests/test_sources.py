"""Reading articles: every form, every way to name a source, and everything that can be wrong with one."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from searchkit.article import Article
from searchkit.dates import DateInterval
from searchkit.errors import ArticleError, DateError
from searchkit.sources import ReadReport, jsonl, read_articles, streams, table, text
from searchkit.sources.find import Named

ROOT = Path(__file__).resolve().parent.parent
REAL_TEXTS = ROOT.parent / "shared" / "seeds"
PRESS = ROOT.parent / "shared" / "data" / "press.jsonl.zst"


def put(path: Path, data: str | bytes) -> Path:
    """Write a file, packed if its suffix says so."""
    data = data.encode() if isinstance(data, str) else data
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    elif path.suffix == ".zst":
        data = zstandard.compress(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def one(source: Named, **options: Any) -> Article:
    (article,) = read_articles(source, **options)
    return article


def failure(source: Named, **options: Any) -> ArticleError:
    """The error of the first article that cannot be read."""
    with pytest.raises(ArticleError) as caught:
        list(read_articles(source, **options))
    return caught.value


def stream(data: str | bytes) -> io.BytesIO:
    return io.BytesIO(data.encode() if isinstance(data, str) else data)


# ---- plain text

TEXTS = {
    " date 2020-10-02 Body goes on.\n\nSecond “paragraph”.\n": ("2020-10-02", "Body goes on.\n\nSecond “paragraph”."),
    "date 2020-10 Body.": ("2020-10", "Body."),
    "\n\n\t date 2020\nBody.": ("2020", "Body."),
    "Date  2020-10-02,\tBody.": ("2020-10-02", "Body."),
    "date 2020-10-02T10:15+02:00. Body.": ("2020-10-02T10:15+02:00", "Body."),
    "date 2020-09/2020-10: Body.": ("2020-09/2020-10", "Body."),
    "date 2020-10-02 10:15 was late.": ("2020-10-02", "10:15 was late."),
    "\ufeffdate 2020-10-02\r\n\r\nBody.\r\nEnd.": ("2020-10-02", "Body.\nEnd."),
    "date\u00a02020 Body.": ("2020", "Body."),
    "Body without date.": (None, "Body without date."),
    "  date night was fun": (None, "date night was fun"),
    "date 5 of the tour": (None, "date 5 of the tour"),
    "date 24/7 and 3.5 and 20-30": (None, "date 24/7 and 3.5 and 20-30"),
    "date": (None, "date"),
    "date\n2020-10-02 Body.": (None, "date\n2020-10-02 Body."),
    "dated 2020-10-02": (None, "dated 2020-10-02"),
    "up to date 2020-10-02": (None, "up to date 2020-10-02"),
    "date: 2020-10-02": (None, "date: 2020-10-02"),
    "a\0b": (None, "a\0b"),
}


@pytest.mark.parametrize("text", TEXTS)
def test_plain_text(text: str) -> None:
    """The date line is read and taken off; a text without one is undated and whole."""
    date, body = TEXTS[text]
    article = one(stream(text))
    assert article.text == body
    assert article.date == (None if date is None else DateInterval.parse(date))
    assert article.date is None or str(article.date) == date


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("date 2020-13-01 Body.", 1, "no month 13"),
        ("date 2020-02-30 Body.", 1, "no day 30 in February"),
        ("\n \n date 2020-02-30\nBody.", 3, "no day 30 in February"),
        ("date 10/02/2020 Body.", 1, "ambiguous"),
        ("date 20-10-02 Body.", 1, "two digits"),
        ("date 2020-1, Body.", 1, "YYYY-MM-DD"),
        ("date 20201002 Body.", 1, "hyphens"),
        ("date 10/2020 Body.", 1, "year comes first"),
        ("date 2020? Body.", 1, "EDTF level 1"),
        ("date 2020-W40 Body.", 1, "not a date"),
        ("date 2020-10-02Next Body.", 1, "not a date"),
        ("date 2020-09/.. Body.", 1, "open interval"),
        ("date 12020-10-02 Body.", 1, "years run"),
    ],
)
def test_malformed_date_line(text: str, line: int, reason: str, tmp_path: Path) -> None:
    """What stands where the date should and looks like one, but is none, is an error with file and line."""
    path = put(tmp_path / "a.txt", text)
    error = failure(path)
    assert (error.source, error.line) == (str(path), line)
    assert reason in error.message
    report = ReadReport()
    assert list(read_articles(path, on_error="skip", report=report)) == []
    assert [str(each) for each in report.skipped] == [str(error)] and report.undated == []
    article = one(path, on_error="undated", report=report)
    assert (article.text, article.date) == ("Body.", None)
    assert [str(each) for each in report.undated] == [str(error)] and report.read == 1


@pytest.mark.parametrize("text", ["", "  \n", "date 2020-10-02", "date 2020-10-02.\n \n", "\ufeff"])
def test_text_missing(text: str, tmp_path: Path) -> None:
    """A file without text, or with nothing behind its date, is an error under every policy."""
    path = put(tmp_path / "a.txt", text)
    assert "no text" in failure(path).message
    reading = read_articles(path, on_error="undated")
    assert list(reading) == [] and len(reading.report.skipped) == 1


def test_malformed_date_and_nothing_else(tmp_path: Path) -> None:
    """Where no text is left to keep, the date is what is reported, and there is no undated article."""
    path = put(tmp_path / "a.txt", "date 2020-02-30.")
    assert "no day 30" in failure(path).message
    reading = read_articles(path, on_error="undated")
    assert list(reading) == [] and "no day 30" in reading.report.skipped[0].message


def test_hostile_date_line_takes_no_time() -> None:
    """A megabyte of punctuation where the date should be is looked at once, not once for each character."""
    assert one(stream("date 1" + "," * 1_000_000 + "x")).date is None
    assert "YYYY-MM-DD" in failure(stream("date 2020-1" + "," * 1_000_000)).message


@pytest.mark.skipif(not REAL_TEXTS.is_dir(), reason="the real samples are not here")
def test_real_texts() -> None:
    """Real articles in this form are read with their dates, quotes and paragraphs."""
    articles = list(read_articles(REAL_TEXTS))
    assert len(articles) >= 2 and any("“" in article.text for article in articles)
    assert {str(article.date) for article in articles} >= {"2020-10-02", "2020-10"}
    for article in articles:
        assert article.date is not None
        assert not article.text.startswith("date") and article.text == article.text.strip()
        assert "\n\n" in article.text
        assert (REAL_TEXTS / f"{article.id}.txt").is_file()


# ---- records

RECORD = {"id": "a", "title": "T", "text": "Body “x”.", "date": "2020-10"}
OTHER = {
    "id": "b",
    "text": "Other.",
    "date": None,
    "source": "BBC",
    "words": 3,
    "tags": ["x", "y"],
    "fields": {"z": 1.5},
}
ARTICLES = [
    Article("Body “x”.", id="a", title="T", date="2020-10"),
    Article("Other.", id="b", fields={"source": "BBC", "words": 3, "tags": ["x", "y"], "z": 1.5}),
]
LINES = f"{json.dumps(RECORD)}\n\n  \r\n{json.dumps(OTHER, ensure_ascii=False)}"
JSON_FORMS = {
    "array": json.dumps([RECORD, OTHER]),
    "indented": json.dumps([RECORD, OTHER], indent=4, ensure_ascii=False) + "\n",
    "sequence": f" {json.dumps(RECORD)}{json.dumps(OTHER, indent=1)}\n",
    "mark": "\ufeff" + json.dumps([RECORD, OTHER]),
}


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.NDJSON", "a.json"])
def test_json_lines(name: str, suffix: str, tmp_path: Path) -> None:
    """Each line is an article, unknown keys are fields, blank lines are nothing; packed or not."""
    path = put(tmp_path / (name + suffix), LINES)
    assert list(read_articles(path)) == ARTICLES
    assert list(read_articles(io.BytesIO(path.read_bytes()))) == ARTICLES


@pytest.mark.parametrize("form", JSON_FORMS)
@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 18])
def test_json_in_chunks_of_any_size(form: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array, or objects one after another, give the same articles wherever chunks end."""
    monkeypatch.setattr(streams, "CHUNK", chunk)
    assert list(read_articles(put(tmp_path / "a.json", JSON_FORMS[form]))) == ARTICLES


@pytest.mark.parametrize("data", ["[]", " [ ] \n"])
def test_empty_array(data: str, tmp_path: Path) -> None:
    """An empty array holds no article, and that is no error; nor is an empty file of lines."""
    assert list(read_articles(put(tmp_path / "a.json", data))) == []
    assert list(read_articles(put(tmp_path / "a.jsonl", ""))) == []


@pytest.mark.parametrize(
    ("data", "line", "read", "message"),
    [
        ("", None, 0, "empty"),
        ("[", 1, 0, "an object was expected, not the end"),
        ('[{"text": "a"}', 1, 1, "the end of the file"),
        ('[{"text": "a"},\n{"text": "b', 2, 1, "ends inside an object"),
        ('[{"text": "a"},\n{"text": "b"},]', 2, 2, "an object was expected, not ']'"),
        ('[{"text": "a"}\n{"text": "b"}]', 2, 1, "',' or ']' was expected"),
        ('[{"text": "a"}] x', 1, 1, "behind the end of the array"),
        ('{"text": "a"}, {"text": "b"}', 1, 1, "an object was expected, not ','"),
        (
            '[{"text": "a"},\n{"text":\n nope, "id": "and much more text behind it"}]',
            3,
            1,
            "Expecting value at character 2",
        ),
        ('[\n[{"text": "a"}]]', 2, 0, "an object was expected, not '['"),
        ("[1, 2]", 1, 0, "an object was expected, not '1'"),
        ('{"a":' * 100_000, 1, 0, "nested too deeply"),
        ('[{"text": "a", "id": ' + "9" * 5_000 + "}]", 1, 0, "cannot be read"),
    ],
    ids=lambda value: repr(value)[:50],
)
@pytest.mark.usefixtures("no_collection")
def test_wrong_json(data: str, line: int | None, read: int, message: str, tmp_path: Path) -> None:
    """Wrong JSON names the line where it goes wrong; what came before is kept when errors are skipped."""
    path = put(tmp_path / "a.json", data)
    error = failure(path)
    assert message in error.message and (error.source, error.line) == (str(path), line)
    reading = read_articles(path, on_error="skip")
    assert len(list(reading)) == read
    assert [str(each) for each in reading.report.skipped] == [str(error)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"text": "x"', "not JSON: Expecting ',' delimiter at character 13"),
        (b"nope", "not JSON: Expecting value at character 1"),
        (b'{"text": "x"} {"text": "y"}', "not JSON: Extra data at character 15"),
        (b'["x"]', "an array, not an object"),
        (b"17", "a number, not an object"),
        (b"null", "null, not an object"),
        (b'{"text": "caf\xe9"}', "invalid UTF-8 at byte 269"),
        (b'{"title": "x"}', "no text"),
        (b'{"text": null}', "no text"),
        (b'{"text": " \\n"}', "no text"),
        (b'{"text": ["x"]}', "text is of type list"),
        (b'{"text": "x", "date": "2020-02-30"}', "no day 30 in February 2020"),
        (b'{"text": "x", "date": 1601634600}', "count of seconds"),
        (b'{"text": "x", "date": true}', "not bool"),
        (b'{"text": "x", "id": 1.5}', "id is of type float"),
        (b'{"text": "x", "n": ' + b"9" * 5_000 + b"}", "cannot be read"),
        (b"[" * 100_000, "nested too deeply"),
    ],
    ids=lambda value: repr(value)[:50],
)
@pytest.mark.usefixtures("no_collection")
def test_wrong_line_seventeen(line: bytes, message: str, tmp_path: Path) -> None:
    """A wrong line is named by source and number, and the lines around it are read."""
    good = [b'{"text": "x%02d"}' % number for number in range(30)]  # 16 lines of 16 bytes stand before it
    good[16] = line
    path = put(tmp_path / "a.jsonl", b"\n".join(good))
    error = failure(path)
    assert (error.source, error.line) == (str(path), 17)
    assert message in error.message
    reading = read_articles(path, on_error="skip")
    assert [article.text for article in reading] == [f"x{number:02}" for number in range(30) if number != 16]
    assert [str(each) for each in reading.report.skipped] == [str(error)]
    assert reading.report.read == 29


def test_values_as_data_bring_them() -> None:
    """Numbers as ids and years, blank values, and a title without text are what they look like."""
    data = '{"id": 17, "text": "x", "date": 2020, "title": null}\n{"id": "", "text": "", "title": "T", "date": ""}'
    first, second = read_articles(stream(data))
    assert (first.id, first.date, first.title) == ("17", DateInterval.parse("2020"), "")
    assert (second.text, second.title, second.date) == ("", "T", None) and len(second.id) == 16


def test_values_that_fit_no_field_are_counted() -> None:
    """What cannot be kept is left out, and the report says which keys and how often."""
    record = (
        '{"text": "x", "a": {"b": 1}, "c": [1, "x"], "d": NaN, "e": null, "f": "kept", "": 1, '
        '"fields": {"g": {}, "h": 1}}'
    )
    reading = read_articles(stream(f"{record}\n{record}"))
    assert [article.fields for article in reading] == [{"f": "kept", "h": 1}] * 2
    assert reading.report.left_out == {"a": 2, "c": 2, "d": 2, "": 2, "g": 2}


def test_keys_are_mapped() -> None:
    """`keys` says what records call the parts; the names no longer needed are fields like others."""
    data = json.dumps({"url": "u", "headline": "H", "body": "B", "day": "2020", "text": "kept", "fields": "too"})
    article = one(stream(data), keys={"id": "url", "title": "headline", "text": "body", "date": "day"})
    assert article == Article("B", id="u", title="H", date="2020", fields={"text": "kept", "fields": "too"})
    assert one(stream(data), keys={"text": "body", "title": "body"}).title == "B"


VALUES = st.one_of(st.text(max_size=5), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.lists(st.text(max_size=3)))


@given(
    st.lists(
        st.builds(
            lambda text, title, date, fields: Article(text, title=title, date=date, fields=fields),
            st.text(min_size=1).filter(lambda text: not text.isspace()),
            st.text(),
            st.sampled_from([None, "2020", "2020-10-02T10:15:30", "2020-09/2020-10"]),
            st.dictionaries(st.text(min_size=1, max_size=5), VALUES, max_size=3),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_to_dict_writes_is_read_again(articles: list[Article]) -> None:
    """Articles written as lines, as an array or as a sequence are read as they were."""
    records = [article.to_dict() for article in articles]
    assert list(read_articles(stream("\n".join(map(json.dumps, records))))) == articles
    assert list(read_articles(stream(json.dumps(records, ensure_ascii=False, indent=1)))) == articles
    assert list(read_articles(stream("".join(map(json.dumps, records))), format="json")) == articles


def test_time_zone_of_offsets(tmp_path: Path) -> None:
    """Dates with an offset are moved to the zone asked for, in every form; others are left alone."""
    forms = {
        "a.txt": "date 2020-10-02T23:30Z x",
        "a.jsonl": '{"text": "x", "date": "2020-10-02T23:30Z"}',
        "a.csv": "text,date\nx,2020-10-02T23:30Z",
    }
    for name, data in forms.items():
        article = one(put(tmp_path / name, data), timezone="Europe/Berlin")
        assert article.date == DateInterval.parse("2020-10-03T01:30")


# ---- tables


@pytest.mark.parametrize(("name", "sign"), [("a.csv", ","), ("a.tsv", "\t"), ("a.csv.gz", ","), ("a.tsv.zst", "\t")])
def test_tables(name: str, sign: str, tmp_path: Path) -> None:
    """A row is an article: quoted cells may hold anything, empty ones are no value, other columns are fields."""
    out = io.StringIO()
    rows = [
        ["id", " title ", "text", "date", "source", ""],
        ["a", "T", 'He said: "x",\n\n\tand “y”.', "2020-10", "BBC", "nobody's"],
        [],
        ["b", "", "Other.", "", "", ""],
        ["", "Only a title", "", "", "", ""],
    ]
    csv.writer(out, delimiter=sign).writerows(rows)
    first, second, third = read_articles(put(tmp_path / name, "\ufeff" + out.getvalue()))
    text = 'He said: "x",\n\n\tand “y”.'
    assert first == Article(text, id="a", title="T", date="2020-10", fields={"source": "BBC"})
    assert second == Article("Other.", id="b")
    assert (third.title, third.text) == ("Only a title", "")


def test_table_with_mapped_columns(tmp_path: Path) -> None:
    """Columns are mapped as keys are, and one that was named must be there."""
    path = put(tmp_path / "a.csv", "body,when\nx,2020\n")
    assert one(path, keys={"text": "body", "date": "when"}) == Article("x", date="2020")
    assert "no column 'text'" in failure(path).message and "body, when" in failure(path).hint
    assert "no column 'day'" in failure(path, keys={"text": "body", "date": "day"}).message


@pytest.mark.parametrize(
    ("rows", "line", "message", "left"),
    [
        (b'a,x\nb,"y" z\nc,z\n', 3, "not a row of a table", ["a", "c"]),
        (b'a,x\nb,y,z\nc\nd,"1\n2"\n', 3, "3 cells, the header 2", ["a", "d"]),
        (b'a,x\nb,"1\n2\nc,3\n', 3, "unexpected end of data", ["a"]),
        (b'a,"1\n2"\nb,caf\xe9\nc,z\n', 4, "invalid UTF-8 at byte 21", ["a", "c"]),
        (b'a,x\nb,"caf\xe9\n\xff2"\nc,z\n', 3, "invalid UTF-8 at byte 18", ["a", "c"]),
        (b"a,x\nb, \nc,z\n", 3, "no text", ["a", "c"]),
        (b"a,x\n,\nc,z\n", 3, "no text", ["a", "c"]),
    ],
)
def test_wrong_rows(rows: bytes, line: int, message: str, left: list[str], tmp_path: Path) -> None:
    """A wrong row is named by source and the line where it begins, and the rows behind it are read."""
    path = put(tmp_path / "a.csv", b"id,text\n" + rows)
    error = failure(path)
    assert (error.source, error.line) == (str(path), line)
    assert message in error.message
    reading = read_articles(path, on_error="skip")
    assert [article.id for article in reading] == left
    assert str(reading.report.skipped[0]) == str(error)


@pytest.mark.parametrize("header", [b"id,text,id\n", b'id,"text" x\n', b"id,text\xff\n", b"\nid\n"])
def test_wrong_header_ends_the_file(header: bytes, tmp_path: Path) -> None:
    """Without a sound header no row means anything: one error for the whole table."""
    path = put(tmp_path / "a.csv", header + b"a,b,c\n" * 5)
    assert failure(path).line in (1, 2)
    reading = read_articles(path, on_error="skip")
    assert list(reading) == [] and len(reading.report.skipped) == 1


def test_empty_table_has_no_articles(tmp_path: Path) -> None:
    """A table without rows holds no article; neither does one without a header."""
    assert list(read_articles(put(tmp_path / "a.csv", "id,text\n"), put(tmp_path / "b.csv", ""))) == []


def test_cells_longer_than_the_csv_module_allows(tmp_path: Path) -> None:
    """The csv module's limit of 128 KiB for a cell is not ours."""
    text = "x " * 200_000 + "end"
    assert one(put(tmp_path / "a.csv", f'text\n"{text}"\n')).text == text


# ---- bytes


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.json", "a.json.zst"])
def test_invalid_utf8_with_its_offset(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The offset counts unpacked bytes, a byte order mark included, wherever chunks end."""
    path = put(tmp_path / name, b'\xef\xbb\xbf[{"text":\n "caf\xc3\xa9 \xe2\x80\x9c \xff"}]')
    for chunk in (1, 5, 1 << 18):
        monkeypatch.setattr(streams, "CHUNK", chunk)
        error = failure(path)
        assert "invalid UTF-8 at byte 25: invalid start byte" in error.message
        assert error.source == str(path)


@pytest.mark.parametrize("name", ["a.txt", "a.json"])
def test_character_cut_at_the_end(name: str, tmp_path: Path) -> None:
    """Half a character at the end is as wrong as one in the middle."""
    assert "at byte 14: unexpected end" in failure(put(tmp_path / name, b'[{"text": "abc\xe2\x80')).message


@pytest.mark.parametrize(
    "encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "utf-8-sig", "UTF8", "gb18030"]
)
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.json", "a.csv.gz"])
def test_other_encodings(encoding: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any text encoding of Python is read, wherever chunks end, line feeds of two or four bytes included."""
    monkeypatch.setattr(streams, "CHUNK", 3)
    record = json.dumps({"text": "été"}, ensure_ascii=False)
    data = {"a.txt": "été", "a.jsonl": f"{record}\n", "a.json": f"[{record}]", "a.csv.gz": "text\nété\n"}[name]
    assert one(put(tmp_path / name, data.encode(encoding)), encoding=encoding).text == "été"


def test_wrong_bytes_in_other_encodings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The offset of bytes that are wrong in an encoding is that of the file, not of what it was turned into."""
    path = put(tmp_path / "a.txt", "été".encode("utf-16-le") + b"\x00\xdc\x41\x00")
    for chunk in (1, 3, 100):
        monkeypatch.setattr(streams, "CHUNK", chunk)
        assert "invalid UTF-16-LE at byte 6: illegal encoding" in failure(path, encoding="utf-16-le").message
    assert "invalid ASCII at byte 1" in failure(put(tmp_path / "b.txt", "aé"), encoding="ascii").message


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_file_cut_short_at_every_length(suffix: str, tmp_path: Path) -> None:
    """However much of a packed file is missing, it is an error, never a shorter file; whole lines are kept."""
    lines = b"".join(b'{"text": "%d"}\n' % (number * 7_919) for number in range(40))
    whole = put(tmp_path / ("a.jsonl" + suffix), lines).read_bytes()
    path = tmp_path / ("b.jsonl" + suffix)
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        reading = read_articles(path, on_error="skip")
        texts = [int(article.text) for article in reading]
        assert texts == [number * 7_919 for number in range(len(texts))]
        (error,) = reading.report.skipped
        assert error.source == str(path)
        assert "end too early" in error.message or length < 4


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_in_several_members(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed files put behind one another are one file, as for the commands that unpack them."""
    part = put(tmp_path / ("part" + suffix), '{"text": "x"}\n').read_bytes()
    path = tmp_path / ("a.jsonl" + suffix)
    path.write_bytes(part * 5)
    for chunk in (1, 50, 1 << 18):
        monkeypatch.setattr(streams, "CHUNK", chunk)
        assert len(list(read_articles(path))) == 5
        assert len(list(read_articles(io.BytesIO(part * 5)))) == 5


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_damaged_packed_file(suffix: str, tmp_path: Path) -> None:
    """Data that are not what the suffix says, or have something behind them, cannot be unpacked."""
    path = tmp_path / ("a.jsonl" + suffix)
    for data in (b"{}" * 20, put(path, '{"text": "x"}\n').read_bytes() + b"garbage behind it"):
        path.write_bytes(data)
        assert "cannot be unpacked" in failure(path).message


def zstd_bomb(blocks: int) -> bytes:
    """A frame of blocks of 4 bytes that unpack to 128 KiB each."""
    size = 128 << 10
    block = struct.pack("<I", size << 3 | 1 << 1)[:3] + b"a"
    last = struct.pack("<I", size << 3 | 1 << 1 | 1)[:3] + b"a"
    return b"\x28\xb5\x2f\xfd\x00\x38" + block * (blocks - 1) + last


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst", "a.txt.zst"])
def test_bomb_is_stopped_while_it_unpacks(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cap is on what comes out, and stops it soon after, however much there is to come."""
    path = tmp_path / name
    path.write_bytes(zstd_bomb(10_000) if name.endswith("zst") else gzip.compress(bytes(8 << 20)))
    monkeypatch.setattr(streams, "ZSTD_SLICE", 64)
    reading = read_articles(path, on_error="skip", max_bytes=1 << 20)
    assert list(reading) == []
    (error,) = reading.report.skipped
    assert "more than 1048576 bytes" in error.message and "max_bytes" in error.hint
    assert reading.report.bytes <= 1 << 20
    assert one(stream(b"x" * 100), max_bytes=10).text == "x" * 100  # what is not packed is no bomb


def test_window_beyond_the_memory_allowed(tmp_path: Path) -> None:
    """A frame that asks for gigabytes of memory is refused, with the way out."""
    path = tmp_path / "a.txt.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + b"\x09\x00\x00x")  # a window of 2 GiB, one byte
    assert "--long" in failure(path).hint


def test_bomb_reads_whole_when_allowed(tmp_path: Path) -> None:
    """The hand-made frame is sound: with room enough it unpacks."""
    path = tmp_path / "a.txt.zst"
    path.write_bytes(zstd_bomb(8))
    assert one(path).text == "a" * (1 << 20)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", "x" * 400),
        ("a.jsonl", '{"text": "' + "x" * 400 + '"}'),
        ("a.json", '[{"text": "' + "x" * 400 + '"}]'),
        ("a.csv", 'text\n"' + "x\n" * 200 + '"'),
    ],
)
def test_article_beyond_the_cap(name: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single article has a cap of its own, so that no file can take all memory at once."""
    for module in (jsonl, streams, table, text):
        monkeypatch.setattr(module, "MAX_ARTICLE_BYTES", 100)
    monkeypatch.setattr(streams, "CHUNK", 10)
    assert "is longer than" in failure(put(tmp_path / name, data)).message


# ---- streaming


class Counted(io.RawIOBase):
    """An endless stream that counts what is taken from it."""

    def __init__(self, head: bytes, part: Callable[[int], bytes]) -> None:
        self._parts = part
        self._rest = head
        self._number = 0
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        while len(self._rest) < size:
            self._rest += self._parts(self._number)
            self._number += 1
        data, self._rest = self._rest[:size], self._rest[size:]
        self.taken += len(data)
        return data


def record(number: int) -> bytes:
    return b'{"id": "%d", "text": "%s"}' % (number, b"x" * 5_000)


@pytest.mark.parametrize(
    ("format", "head", "part"),
    [
        ("jsonl", b"", lambda number: record(number) + b"\n"),
        ("json", b"[" + record(0), lambda number: b",\n" + record(number + 1)),
        ("json", b"", record),
        ("csv", b"id,text\n", lambda number: b'%d,"%s\n"\n' % (number, b"x" * 5_000)),
    ],
)
def test_endless_stream_is_read_as_it_comes(format: str, head: bytes, part: Callable[[int], bytes]) -> None:
    """Articles come as soon as their bytes are there, and never more than two chunks are read ahead."""
    endless = Counted(head, part)
    reading = read_articles(endless, format=format)
    assert endless.taken == 0
    for number in range(200):
        assert next(reading).id == str(number)
        assert endless.taken - number * 5_000 <= 2 * streams.CHUNK + 20_000
    assert reading.report.read == 200 and reading.report.bytes == endless.taken


def test_report_grows_with_the_reading() -> None:
    """The report is the caller's own if one is given, and holds no tracebacks that would hold the file's memory."""
    report = ReadReport()
    reading = read_articles(stream(b'{"text": "x"}\nnope\n'), stream(b"\xff"), on_error="skip", report=report)
    assert reading.report is report and (report.read, report.files) == (0, 0)
    next(reading)
    assert (report.read, report.files, report.skipped) == (1, 1, [])
    assert list(reading) == []
    assert (report.read, report.files, report.bytes) == (1, 2, 20)
    assert [(error.source, error.line) for error in report.skipped] == [("a stream", 2), ("a stream", 1)]
    assert all(error.__traceback__ is error.__context__ is error.__cause__ is None for error in report.skipped)


# ---- naming sources


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    put(tmp_path / "b.txt", "date 2020 b")
    put(tmp_path / "sub" / "deep" / "c.txt.gz", "c")
    put(tmp_path / "sub" / "a.txt", "a")
    put(tmp_path / "a.jsonl.zst", '{"id": "lines", "text": "x"}')
    put(tmp_path / "README.md", "no article")
    put(tmp_path / ".hidden.txt", "hidden")
    put(tmp_path / ".git" / "x.txt", "hidden")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "nowhere.txt").symlink_to(tmp_path / "missing")
    (tmp_path / "itself.txt").symlink_to(tmp_path / "itself.txt")
    (tmp_path / "link.txt").symlink_to(tmp_path / "b.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    return tmp_path


def test_folder_is_read_to_its_depths_in_order(tree: Path) -> None:
    """Files by name, then subfolders by name; hidden, linked folders and pipes are passed over; ids are paths."""
    reading = read_articles(tree)
    assert [article.id for article in reading] == ["lines", "b", "link", "sub/a", "sub/deep/c"]
    assert (reading.report.files, reading.report.ignored) == (5, 1)
    assert [article.id for article in read_articles(str(tree / "sub"))] == ["a", "deep/c"]


def test_globs(tree: Path) -> None:
    """A glob gives files only, in order, with ids from where its wildcards begin."""
    assert [article.id for article in read_articles(f"{tree}/*.txt")] == ["b", "link"]
    assert [article.id for article in read_articles(f"{tree}/sub/**/*.txt*")] == ["a", "deep/c"]
    assert [article.id for article in read_articles(f"{tree}/*")] == ["lines", "b", "link"]
    assert [article.id for article in read_articles(f"{tree}/s?b/a.txt")] == ["sub/a"]
    name = put(tree / "odd[1].txt", "odd")
    assert one(name).id == "odd[1]"  # a file of that very name comes before the glob


def test_relative_glob(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative names are relative to the current folder."""
    monkeypatch.chdir(tree)
    assert [article.id for article in read_articles("sub/*.txt", "b.txt")] == ["a", "b"]


def test_format_by_name_overrides_the_suffix(tree: Path) -> None:
    """With `format`, every file is read so, and keeps the rest of its name as id."""
    assert one(tree / "README.md", format="text").id == "README.md"
    assert one(put(tree / "x.data.gz", '{"text": "x"}'), format="jsonl").text == "x"


def test_missing_and_unknown_sources_are_said_at_once(tree: Path) -> None:
    """A mistake in naming sources shows before anything is read, whatever is to be done about errors."""
    with pytest.raises(FileNotFoundError, match="no such file or folder") as caught:
        read_articles(tree, tree / "missing", on_error="skip")
    assert caught.value.filename == str(tree / "missing")
    with pytest.raises(FileNotFoundError, match="no name"):
        read_articles("")
    with pytest.raises(FileNotFoundError, match="no file matches"):
        read_articles(f"{tree}/*.pdf")
    with pytest.raises(ArticleError, match=r"form of \.md is not known.*name the format"):
        read_articles(tree / "README.md", on_error="skip")
    only = put(tree / "only" / "notes.md", "x").parent
    with pytest.raises(ArticleError, match="no file of a known form"):
        list(read_articles(only, on_error="skip"))
    assert list(read_articles(put(tree / "none" / ".keep", "").parent)) == []


def test_text_ids_never_collide(tree: Path) -> None:
    """Two files that would get the same id are an error, the same file twice is read once."""
    (tree / "sub2").mkdir()
    put(tree / "sub2" / "a.txt", "another a")
    reading = read_articles(tree / "sub", tree / "sub2", on_error="skip")
    assert [article.text for article in reading] == ["a", "c"]
    assert "the id 'a' belongs to" in str(reading.report.skipped[0])
    assert [article.id for article in read_articles(tree / "sub", tree / "sub" / "a.txt")] == ["a", "deep/c"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input, whose form and compression are told by its first bytes."""
    forms = {
        '{"text": "x"}\n{"text": "y"}': 2,
        ' \n[{"text": "x"}, {"text": "y"}]': 2,
        "date 2020-10-02 Body.\nMore.": 1,
    }
    for data, number in forms.items():
        for packed in (data.encode(), gzip.compress(data.encode()), zstandard.compress(data.encode())):
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
            assert len(list(read_articles("-"))) == number
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"nope")))
    with pytest.raises(ArticleError, match="standard input, line 1: not JSON"):
        list(read_articles("-", format="jsonl"))


def test_stream_that_gives_little_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes give what they have; a byte order mark or a magic number may come in pieces."""

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size, 1) if size is not None and size >= 0 else 1)

    for data in (b"\xef\xbb\xbf[]", gzip.compress(b"[") + gzip.compress(b"]"), zstandard.compress(b" []")):
        assert list(read_articles(Slow(data))) == []
    assert one(Slow(b"\xef\xbbx".replace(b"\xbb", b"\xac\x81"))).text == "\ufb01" + "x"
    assert one(Slow(b"ab")).text == "ab"


def test_pipe_by_path(tmp_path: Path) -> None:
    """A pipe named as a file, as shells do for <(command), is told by its first bytes."""
    reader, writer = os.pipe()
    os.write(writer, gzip.compress(b'{"text": "x"}'))
    os.close(writer)
    try:
        assert one(Path(f"/dev/fd/{reader}")).text == "x"
    finally:
        os.close(reader)


def test_files_of_the_caller_stay_open(tmp_path: Path) -> None:
    """What the caller opened the caller closes; its name is used in errors."""
    path = put(tmp_path / "a.jsonl", '{"text": "x"}')
    with path.open("rb") as file:
        assert one(file).text == "x"
        assert not file.closed
    with put(path, "nope").open("rb") as file:
        assert failure(file, format="jsonl").source == str(path)


def test_folder_that_cannot_be_listed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One subfolder that is closed stops the reading or is noted; the others are read."""
    listed = os.scandir

    def scandir(path: str) -> Any:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError):
        list(read_articles(tree))
    reading = read_articles(tree, on_error="skip")
    assert [article.id for article in reading] == ["lines", "b", "link", "sub/a"]
    assert str(reading.report.skipped[0]) == f"{tree}/sub/deep: cannot be read: Permission denied"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can read everything")
def test_unreadable_file_and_folder(tree: Path) -> None:
    """The system's error is passed on as it is, or noted in the report when errors are skipped."""
    (tree / "b.txt").chmod(0)
    (tree / "sub").chmod(0)
    try:
        with pytest.raises(PermissionError):
            list(read_articles(tree))
        reading = read_articles(tree, on_error="skip")
        assert [article.id for article in reading] == ["lines"]
        assert all("cannot be read: Permission denied" in error.message for error in reading.report.skipped)
    finally:
        (tree / "sub").chmod(0o700)


def test_disk_that_fails_while_reading() -> None:
    """An error of the system in the middle of a source is noted when errors are skipped, and the next is read."""

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if size:
                raise OSError(5, "Input/output error")
            return b""

    with pytest.raises(OSError, match="Input/output error"):
        list(read_articles(Broken()))
    reading = read_articles(Broken(), stream("x"), on_error="skip")
    assert [article.text for article in reading] == ["x"]
    assert str(reading.report.skipped[0]) == "a stream: cannot be read: Input/output error"


def arguments() -> Iterator[tuple[tuple[Any, ...], dict[str, Any], type[Exception], str]]:
    good = stream("x")
    yield (), {}, TypeError, "at least one source"
    yield (["a", "b"],), {}, TypeError, "not list"
    yield (Article("x"),), {}, TypeError, "not Article"
    yield (io.StringIO("x"),), {}, TypeError, "binary mode"
    yield (good,), {"on_error": "ignore"}, ValueError, "on_error is 'ignore'"
    yield (good,), {"format": "xml"}, ValueError, "format is 'xml'"
    yield (good,), {"keys": {"body": "text"}}, ValueError, "'body' is no part of an article"
    yield (good,), {"keys": {"text": 5}}, ValueError, "not a string"
    yield (good,), {"encoding": "utf-9"}, LookupError, "utf-9"
    yield (good,), {"encoding": "base64"}, LookupError, "not a text encoding"
    yield (good,), {"timezone": "Mars"}, DateError, "no such time zone"


@pytest.mark.parametrize(("sources", "options", "error", "message"), list(arguments()))
def test_wrong_arguments(sources: Any, options: Any, error: type[Exception], message: str) -> None:
    """Arguments that cannot be meant are refused at once."""
    with pytest.raises(error, match=message):
        read_articles(*sources, **options)


@pytest.mark.skipif(not PRESS.is_file(), reason="the real corpus is not here")
def test_real_corpus() -> None:
    """Thousands of real records are read one after another, with their dates and fields."""
    reading = read_articles(PRESS, on_error="skip")
    for _, article in zip(range(5_000), reading, strict=False):
        assert article.text and article.id and article.fields["senator"]
        assert article.date is None or article.date.precision == "day"
    assert reading.report.read >= 5_000 and reading.report.skipped == []
