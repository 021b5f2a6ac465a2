# cython: language_level=3, freethreading_compatible=True
"""Packs: articles on their way into a run, already in the form in which they are stored.

A pack is filled by one thread and then only read. `add` takes an article in pieces; `take_lines` takes plain JSON Lines
straight from their bytes, and says where Python must look.
"""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from "segment.h" nogil:
    int SK_NO_MEMORY


cdef class Pack:
    """Articles as records. `text_bytes`: UTF-8 bytes of their titles and texts."""

    def __dealloc__(self):
        sk_pack_free(&self.pack)

    def __len__(self):
        return self.pack.count

    @property
    def size(self):
        """Bytes of all records."""
        return self.pack.data.length

    def add(self, bytes id, int64_t start, int64_t end, bytes title, bytes date, bytes fields, bytes text):
        """Append an article: all in UTF-8, `fields` as JSON ("" for none); -1 and -1 for no date."""
        cdef const uint8_t *parts[5]
        cdef size_t lengths[5]
        cdef sk_packed *article
        cdef int i = 0
        self._require_own()
        for part in (title, date, fields, text, id):
            parts[i] = <const uint8_t *>PyBytes_AS_STRING(part)
            lengths[i] = PyBytes_GET_SIZE(part)
            i += 1
        article = sk_pack_add(&self.pack, parts, lengths)
        if article == NULL:
            raise MemoryError
        article.start, article.end = start, end
        self.text_bytes += lengths[SK_TITLE] + lengths[SK_TEXT]

    def take_lines(self, bytes text not None, size_t at, uint32_t line, tuple names not None, dates not None,
                   size_t enough):
        """Take articles from whole lines of JSON, text[at:], of which the first has the number `line`.

        names: what the records call title, date, text and id, in UTF-8. dates: a function from a date as written
        (bytes) to its (start, end) in seconds, or None where that is not for it to say. Returns (at, line, odd): where
        the next line begins and its number; odd: Python must read that line, else all is read or the pack has `enough`
        bytes.
        """
        cdef sk_names c_names
        cdef const uint8_t *bytes_ = <const uint8_t *>PyBytes_AS_STRING(text)
        cdef size_t length = PyBytes_GET_SIZE(text)
        cdef uint32_t number = self.pack.count, lengths[4]
        cdef sk_packed *article
        cdef int result
        self._require_own()
        for place, name in zip((SK_TITLE, SK_DATE, SK_TEXT, SK_ID), names, strict=True):
            c_names.at[place] = <const uint8_t *>PyBytes_AS_STRING(name)
            c_names.length[place] = PyBytes_GET_SIZE(name)
        if not self.pack.data.capacity and at < length:
            # At once, not by halves that are copied: a record is hardly longer than its line.
            sk_buffer_room(&self.pack.data, min(enough + enough // 8, length - at))
        with nogil:
            result = sk_pack_lines(&self.pack, bytes_, length, &at, &line, &c_names, enough)
        if result == SK_NO_MEMORY:
            raise MemoryError
        while number < self.pack.count:
            article = &self.pack.articles[number]
            memcpy(lengths, self.pack.data.bytes + article.record, SK_RECORD_HEAD)
            if lengths[SK_DATE]:
                date = PyBytes_FromStringAndSize(
                    <const char *>self.pack.data.bytes + article.record + SK_RECORD_HEAD + lengths[SK_TITLE],
                    lengths[SK_DATE])
                seconds = dates(date)
                if seconds is None:
                    at, line = article.line_start, article.line
                    result = SK_LINE_ODD
                    sk_pack_cut(&self.pack, number)
                    break
                article.start, article.end = seconds
            self.text_bytes += <uint64_t>lengths[SK_TITLE] + lengths[SK_TEXT]
            number += 1
        return at, line, result == SK_LINE_ODD

    def ids(self):
        """The ids of the articles, in order."""
        cdef uint32_t i
        return [
            (<const char *>self.pack.ids.bytes + self.pack.articles[i].id)[: self.pack.articles[i].id_length].decode()
            for i in range(self.pack.count)
        ]

    def fields(self):
        """The fields of the articles as JSON, in order; b"" for none."""
        cdef uint32_t i, lengths[4]
        cdef const uint8_t *record
        found = []
        for i in range(self.pack.count):
            record = self.pack.data.bytes + self.pack.articles[i].record
            memcpy(lengths, record, SK_RECORD_HEAD)
            record += SK_RECORD_HEAD + <size_t>lengths[SK_TITLE] + lengths[SK_DATE]
            found.append((<const char *>record)[: lengths[SK_FIELDS]])
        return found

    def chosen(self, keep):
        """A new pack of the articles for which `keep`, a list with a bool for each, has True."""
        cdef Pack pack = Pack()
        cdef uint32_t i, lengths[4]
        cdef const uint8_t *parts[5]
        cdef size_t sizes[5]
        cdef const uint8_t *at
        cdef sk_packed *article
        cdef sk_packed *copy
        if len(keep) != self.pack.count:
            raise ValueError(f"{len(keep)} choices for {self.pack.count} articles")
        for i in range(self.pack.count):
            if not keep[i]:
                continue
            article = &self.pack.articles[i]
            memcpy(lengths, self.pack.data.bytes + article.record, SK_RECORD_HEAD)
            at = self.pack.data.bytes + article.record + SK_RECORD_HEAD
            for part in range(4):
                parts[part] = at
                sizes[part] = lengths[part]
                at += lengths[part]
            parts[SK_ID] = self.pack.ids.bytes + article.id
            sizes[SK_ID] = article.id_length
            copy = sk_pack_add(&pack.pack, parts, sizes)
            if copy == NULL:
                raise MemoryError
            copy.start, copy.end = article.start, article.end
            pack.text_bytes += sizes[SK_TITLE] + sizes[SK_TEXT]
        return pack

    cdef _require_own(self):
        if self.shown:
            raise ValueError("this pack's records are in use: nothing may be added to it")

    def __getbuffer__(self, Py_buffer *view, int flags):
        self.shown = True
        PyBuffer_FillInfo(view, self, self.pack.data.bytes, <Py_ssize_t>self.pack.data.length, 1, flags)

    def records(self, bint store):
        """All records, one behind the other; without their titles and texts unless `store`. They may be the pack's own
        bytes, if those fill its room: nothing can be added to it any more.
        """
        cdef uint32_t i, lengths[4]
        cdef uint8_t *at
        cdef const uint8_t *record
        cdef Py_ssize_t size = 0
        cdef size_t kept
        if store and self.pack.data.length >= self.pack.data.capacity // 2:
            return memoryview(self)
        if store:
            return PyBytes_FromStringAndSize(<const char *>self.pack.data.bytes, self.pack.data.length)
        for i in range(self.pack.count):
            memcpy(lengths, self.pack.data.bytes + self.pack.articles[i].record, SK_RECORD_HEAD)
            size += SK_RECORD_HEAD + <Py_ssize_t>lengths[SK_DATE] + lengths[SK_FIELDS]
        cdef bytes data = PyBytes_FromStringAndSize(NULL, size)
        at = <uint8_t *>PyBytes_AS_STRING(data)
        for i in range(self.pack.count):
            record = self.pack.data.bytes + self.pack.articles[i].record
            memcpy(lengths, record, SK_RECORD_HEAD)
            record += SK_RECORD_HEAD + lengths[SK_TITLE]
            kept = <size_t>lengths[SK_DATE] + lengths[SK_FIELDS]
            lengths[SK_TITLE] = lengths[SK_TEXT] = 0
            memcpy(at, lengths, SK_RECORD_HEAD)
            memcpy(at + SK_RECORD_HEAD, record, kept)
            at += SK_RECORD_HEAD + kept
        return data
