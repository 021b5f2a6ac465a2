"""Plain text, one article a file: optional blanks, the word `date`, a date in ISO form, and behind it the text.

     date 2020-10-02 The text may go on on the same line.

    Or in paragraphs below it.

Without such a beginning the article is undated. A text that merely begins with the word ("date night was fun") is
undated too; only what looks like a date and is none ("date 2020-02-30") is malformed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from searchkit.article import Article, bad_date
from searchkit.dates import DateInterval
from searchkit.errors import ArticleError, DateError
from searchkit.sources.report import Rejected
from searchkit.sources.rows import located
from searchkit.sources.streams import MAX_ARTICLE_BYTES, Chunks, too_long, wrong_bytes

__all__ = ["read_text"]

# The word, blanks on the same line, and what stands there up to the next blank.
_DATED = re.compile(r"\s*date[^\S\r\n]+([0-9]\S*)", re.IGNORECASE)

# A year of four digits, alone or before more of a date; eight digits; three numbers; a month before its year.
_LIKE_DATE = re.compile(
    r"[0-9]{4}(?:[?~%]|[-/.][0-9XWQ].*)?"
    r"|[0-9]{8}"
    r"|[0-9]{1,4}([-/.])[0-9]{1,4}\1[0-9]{1,4}"
    r"|[0-9]{1,2}[-/.][0-9]{4}"
    r"|[0-9]{4,}-[0-9]{2}\b.*"
)


def read_text(chunks: Chunks, name: str, id: str | None, timezone: str) -> Iterator[Article | Rejected]:
    """The one article of a file. Raises ArticleError where the bytes are not UTF-8 or too many."""
    text = _decoded(chunks, name)
    date, problem = None, None
    match = _DATED.match(text)
    written = match[1] if match else ""
    if not written.endswith("/.."):
        written = written.rstrip(".,;:")
    if match and _LIKE_DATE.fullmatch(written):
        try:
            date = DateInterval.from_value(written, timezone)
        except DateError as error:
            problem = located(bad_date(error), name, 1 + text.count("\n", 0, match.start(1)))
        text = text[match.end() :]
    body = text.strip()
    if not body:
        hint = "nothing follows the date" if match else "the file is empty"
        yield Rejected(problem or ArticleError("there is no text", name, hint=hint))
    elif problem:
        yield Rejected(problem, undated=Article(body, id=id))
    else:
        yield Article(body, id=id, date=date)


def _decoded(chunks: Chunks, name: str) -> str:
    """The whole text, with line feeds as line ends."""
    parts: list[bytes] = []
    start: int | None = None
    size = 0
    for offset, chunk in chunks:
        start = offset if start is None else start
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_ARTICLE_BYTES:
            raise too_long("the text", name)
    data = b"".join(parts)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        raise wrong_bytes(error, start or 0, name, line) from None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
