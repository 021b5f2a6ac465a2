"""The compiled door to columns (column.h): written from numbers, and asked about values and articles.

    encode    a column's bytes, from the values and each article's codes
    Column    a column of an open segment

Values are as searchkit/fields.py has them in columns: str, float, bool, or (start, end) of a date in seconds.
"""

import struct
from array import array

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport INT64_MAX, INT64_MIN, UINT32_MAX, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from searchkit.core.segment cimport SK_NO_MEMORY, Segment, sk_segment, sk_touch
from searchkit.errors import CorruptIndex

cdef extern from "column.h" nogil:
    ctypedef struct sk_buffer:
        uint8_t *bytes
        size_t length
    void sk_buffer_free(sk_buffer *b)

    ctypedef struct sk_column:
        uint32_t articles
        int kind
        const uint8_t *items
        uint32_t values, codes
    int SK_KEYWORD, SK_NUMBER, SK_BOOLEAN, SK_DATES
    int sk_column_open(sk_column *c, const sk_segment *s, const uint8_t *at, size_t size)
    int sk_column_text(const sk_column *c, uint32_t value, const uint8_t **text, size_t *length)
    double sk_column_number(const sk_column *c, uint32_t value)
    int64_t sk_column_start(const sk_column *c, uint32_t value)
    int64_t sk_column_end(const sk_column *c, uint32_t value)
    int sk_column_select(const sk_column *c, const uint8_t *wanted, uint64_t *bits)
    int sk_column_count(const sk_column *c, const uint64_t *bits, uint64_t *counts)
    int sk_column_ranks(const sk_column *c, const uint32_t *rank_of, uint32_t *ranks)
    int sk_pack(sk_buffer *out, const uint32_t *numbers, size_t count, unsigned width)

KINDS = {"keyword": SK_KEYWORD, "number": SK_NUMBER, "boolean": SK_BOOLEAN, "date": SK_DATES}
"""The number of each kind of column."""

NO_RANK = UINT32_MAX
"""The rank of an article without a value."""

NAMES = "columns"
"""The section with the names of a segment's columns, each ended by a zero byte; they are sections `column0` and so on."""

HEAD = struct.Struct("<BBBBIIIQQ")


cdef bytes packed(numbers, unsigned width):
    cdef const uint32_t[::1] view = numbers
    cdef sk_buffer out
    memset(&out, 0, sizeof(out))
    try:
        if sk_pack(&out, &view[0], view.shape[0], width):
            raise MemoryError
        return PyBytes_FromStringAndSize(<const char *>out.bytes, out.length)
    finally:
        sk_buffer_free(&out)


def encode(str kind not None, list values not None, codes, places):
    """The bytes of a column, in pieces.

    values: all that occur, in rising order, at least one. codes: array("I") of the numbers of values; places:
    array("I") of where each article's codes end, rising in each article, or None where each article has one code, which
    is len(values) for no value.
    """
    cdef bytes items
    ends = b""
    end_width = 0
    text = 0
    width = len(values).bit_length()
    if len(values) >= UINT32_MAX or len(codes) >= UINT32_MAX:
        raise OverflowError("a segment has too many values of a field: commit more often, or lower memory=")
    if kind == "keyword":
        encoded = [value.encode() for value in values]
        items = b"".join(encoded)
        text = len(items)
        if text >= UINT32_MAX:
            raise OverflowError("a segment outgrew its 32-bit offsets: commit more often, or lower memory=")
        end_width = max(text.bit_length(), 1)
        stops = array("I")
        at = 0
        for value in encoded:
            at += len(value)
            stops.append(at)
        ends = packed(stops, end_width)
    elif kind == "number":
        items = struct.pack(f"<{len(values)}d", *values)
    elif kind == "boolean":
        items = bytes(values)
    else:
        items = struct.pack(f"<{2 * len(values)}q", *[second for value in values for second in value])
    place_width = 0 if places is None else len(codes).bit_length()
    head = HEAD.pack(KINDS[kind], width, place_width, end_width, len(values), len(codes), 0, text, 0)
    tail = b"" if places is None else packed(places, place_width)
    return [head, ends, items, packed(codes, width), tail]


def column_names(Segment segment not None):
    """The names of the columns of a segment, in the order of their sections. Raises CorruptIndex."""
    if NAMES not in segment.sections:
        return []
    start, length = segment.sections[NAMES]
    if start < 0 or length < 0 or <size_t>(start + length) > segment.s.file_size or sk_touch(
        &segment.s, segment.s.file + <size_t>start, length
    ):
        raise CorruptIndex(segment.path, NAMES)
    data = (<const char *>(segment.s.file + <size_t>start))[: <size_t>length]
    names = data.decode("ascii", "replace").split("\0")
    if names.pop() or not names or sorted(set(names)) != names:
        raise CorruptIndex(segment.path, NAMES, "names in rising order", repr(data[:40]))
    return names


cdef class Column:
    """A column of an open segment, found by the name of its section. Raises CorruptIndex, here and in all methods."""
    cdef sk_column c
    cdef Segment segment
    cdef str section
    cdef readonly str kind

    def __init__(self, Segment segment not None, str section not None):
        self.segment = segment
        self.section = section
        start, length = segment.sections.get(section, (0, 0))
        if start < 0 or length < 0 or <size_t>(start + length) > segment.s.file_size or sk_column_open(
            &self.c, &segment.s, segment.s.file + <size_t>start, length
        ):
            raise CorruptIndex(segment.path, section)
        self.kind = next(name for name, number in KINDS.items() if number == self.c.kind)

    def __len__(self):
        """How many different values there are, deleted articles' included."""
        return self.c.values

    def __getitem__(self, uint32_t value):
        """A value by its number."""
        cdef const uint8_t *text
        cdef size_t length
        if value >= self.c.values:
            raise IndexError(value)
        if self.c.kind == SK_KEYWORD:
            self.check(sk_column_text(&self.c, value, &text, &length))
            try:
                return (<const char *>text)[:length].decode("utf-8")
            except UnicodeDecodeError:
                raise CorruptIndex(self.segment.path, self.section, "UTF-8", "something else") from None
        if self.c.kind == SK_DATES:
            return sk_column_start(&self.c, value), sk_column_end(&self.c, value)
        if self.c.kind == SK_NUMBER:
            return sk_column_number(&self.c, value)
        return bool(self.c.items[value])

    cdef int check(self, int failed) except -1:
        if failed == SK_NO_MEMORY:
            raise MemoryError
        if failed:
            raise CorruptIndex(self.segment.path, self.section)
        return 0

    def during(self, start, end, str relation not None):
        """Which dates stand in the relation to [start, end), None for an open side: bytes for `select`."""
        cdef int64_t low = INT64_MIN if start is None else start
        cdef int64_t high = INT64_MAX if end is None else end
        cdef int64_t first, last
        cdef uint32_t value
        cdef bytes wanted = PyBytes_FromStringAndSize(NULL, self.c.values)
        cdef uint8_t *out = <uint8_t *><char *>wanted
        cdef bint overlaps = relation == "overlaps", within = relation == "within", both = start is not None and end is not None
        memset(out, 0, self.c.values)
        for value in range(self.c.values if low < high else 0):
            first, last = sk_column_start(&self.c, value), sk_column_end(&self.c, value)
            if overlaps:
                out[value] = first < high and last > low
            elif within:
                out[value] = first >= low and last <= high
            else:
                out[value] = both and first <= low and last >= high
        return wanted

    def select(self, wanted not None):
        """A bitmap (whole words of 64 bits) of the articles with one of the values that have a 1 in `wanted`, bytes."""
        cdef const uint8_t[::1] some = wanted
        cdef bytes bits = self.bitmap()
        cdef uint64_t *out = <uint64_t *><char *>bits
        cdef int failed
        if some.shape[0] != self.c.values:
            raise ValueError(f"{some.shape[0]} bytes for {self.c.values} values")
        with nogil:
            failed = sk_column_select(&self.c, &some[0], out)
        self.check(failed)
        return bits

    def counts(self, bits not None):
        """How many articles of a bitmap have each value: array("Q")."""
        cdef const uint8_t[::1] some = bits
        cdef int failed
        counts = array("Q", bytes(8 * self.c.values))
        cdef uint64_t[::1] view = counts
        if some.shape[0] < len(self.bitmap()):
            raise ValueError(f"{some.shape[0]} bytes are no bitmap of {self.c.articles} articles")
        with nogil:
            failed = sk_column_count(&self.c, <const uint64_t *>&some[0], &view[0])
        self.check(failed)
        return counts

    def ranks(self, rank_of not None):
        """Of each article the least rank of its values, NO_RANK without any: array("I").

        rank_of: array("I"), of each value.
        """
        cdef const uint32_t[::1] of = rank_of
        cdef int failed
        ranks = array("I", bytes(4 * self.c.articles))
        cdef uint32_t[::1] view = ranks
        if of.shape[0] != self.c.values:
            raise ValueError(f"{of.shape[0]} ranks for {self.c.values} values")
        with nogil:
            failed = sk_column_ranks(&self.c, &of[0], &view[0])
        self.check(failed)
        return ranks

    cdef bytes bitmap(self):
        return PyBytes_FromStringAndSize(NULL, (<Py_ssize_t>self.c.articles + 63) // 64 * 8)
