"""The compiled door into a segment: its figures, dictionaries, ids, dates and lengths.

All that computes is C (reader.c, ids.c) and trusts no byte of the file; this file checks what it is handed, holds the
buffers that C reads from, and turns C's findings into Python values and errors. Queries are evaluate.pyx.
"""

from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.errno cimport errno
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy, strerror

from searchkit.errors import CorruptIndex

cdef extern from "Python.h":
    str PyUnicode_New(Py_ssize_t length, Py_UCS4 most)
    void *PyUnicode_DATA(str text)

PAIR_MARK = bytes([SK_PAIR_MARK])


def pair_key(str first, str second):
    """The key of a pair of frequent words in the dictionary of terms (see frequent.h)."""
    return PAIR_MARK + first.encode("utf-8") + PAIR_MARK + second.encode("utf-8")


cdef enum:
    SHORT = 256  # bytes of an id that is copied once
    GATHERED = 32 << 10  # bytes of records that are read at a time

cdef class Records:
    """Stored records in the order in which they came: those in `buffer` up to `size`, or in the file that it is of."""

    def __init__(self, buffer, uint64_t size):
        self._keep = buffer
        self.s.size = size
        self.s.descriptor = buffer.descriptor
        if self.s.descriptor < 0:
            self._view = buffer.view
            if <uint64_t>self._view.shape[0] < size:
                raise ValueError(f"{self._view.shape[0]} bytes of records are less than {size}")
            self.s.bytes = &self._view[0] if size else NULL

    cdef tuple block(self, const uint8_t *places, uint32_t docid, uint32_t articles, uint64_t enough):
        """The records of some articles from `docid` on, at least `enough` bytes where there are, and the docid behind.

        places: by docid, offset and bytes of each, two u64.
        """
        cdef uint64_t room = 0, at = 0, size = 0
        cdef uint32_t past = docid
        cdef int failed = SK_OK
        cdef uint8_t *to
        cdef bytes data
        while past < articles and room < enough:
            size = sk_load64(places + 16 * <size_t>past + 8)
            if size > self.s.size:
                self._tell(SK_DAMAGED, sk_load64(places + 16 * <size_t>past), size)
            room += size
            past += 1
        data = PyBytes_FromStringAndSize(NULL, room)
        to = <uint8_t *>PyBytes_AsString(data)
        with nogil:
            while docid < past and not failed:
                at = sk_load64(places + 16 * <size_t>docid)
                size = sk_load64(places + 16 * <size_t>docid + 8)
                failed = sk_scattered_copy(&self.s, at, size, to)
                to += size
                docid += 1
        if failed:
            self._tell(failed, at, size)
        return data, past

    cdef _tell(self, int failed, uint64_t at, uint64_t size):
        if failed == SK_UNREADABLE:
            raise OSError(errno, strerror(errno).decode("utf-8", "replace"), self._keep.path)
        raise CorruptIndex(self._keep.path, "store", f"{size} bytes of a record at byte {at}", "less")


cdef class Segment:
    """An open segment. `sections` and `page_checksums` are views of one buffer, which stays held until the object goes.

    records: `Records` of a segment that has them elsewhere, and their places in section `record_places`; else None.
    """

    def __init__(self, str path, buffer, dict sections, page_checksums, size_t page_size, records=None):
        cdef const uint8_t[::1] whole = buffer
        cdef const uint8_t[::1] sums = page_checksums
        cdef const uint8_t *base = &whole[0]
        cdef const char *damaged = NULL
        cdef const uint8_t[::1] view
        cdef sk_section *section
        self.path = path
        self._keep = (whole, sums)
        self.s.file = base
        self.s.file_size = sums_at(base, &sums[0], whole.shape[0])
        self.s.page_sums = &sums[0]
        self.s.page_size = page_size
        self.s.pages = sums.shape[0] // 4
        while self.s.page_bits < 31 and <size_t>1 << self.s.page_bits < page_size:
            self.s.page_bits += 1
        if <size_t>1 << self.s.page_bits != page_size or self.s.pages < (self.s.file_size + page_size - 1) // page_size:
            raise ValueError(f"{path}: {self.s.pages} checksums of pages of {page_size} in {self.s.file_size} bytes")
        self._seen = bytearray(self.s.pages)
        self.s.page_seen = <uint8_t *>(<char *>self._seen)
        for name in ("meta", "lengths", "titles", "dates", "ids", "id_order", "terms", "term_index", "forms",
                     "form_index", "postings", "store", "store_index"):
            if name not in sections:
                raise CorruptIndex(path, name, "a section", "none")
        for name, place in (("meta", <uint64_t>&self.s.meta), ("lengths", <uint64_t>&self.s.lengths),
                            ("titles", <uint64_t>&self.s.titles), ("dates", <uint64_t>&self.s.dates),
                            ("ids", <uint64_t>&self.s.ids), ("id_order", <uint64_t>&self.s.id_order),
                            ("terms", <uint64_t>&self.s.terms), ("term_index", <uint64_t>&self.s.term_index),
                            ("forms", <uint64_t>&self.s.forms), ("form_index", <uint64_t>&self.s.form_index),
                            ("postings", <uint64_t>&self.s.postings)):
            section = <sk_section *><uint64_t>place
            start, length = sections[name]
            if start < 0 or length < 0 or <size_t>(start + length) > self.s.file_size:
                raise CorruptIndex(path, name, "a place inside the file", f"{start}, {length} long")
            section.at = base + <size_t>start
            section.size = length
        self.sections = sections
        self._store = sections["store"]
        self._store_index = sections["store_index"]
        if sk_segment_open(&self.s, &damaged) != SK_OK:
            raise CorruptIndex(path, (<bytes>damaged).decode())
        if records is not None:
            start, length = sections["record_places"]
            if start < 0 or start + length > self.s.file_size or length != 16 * <uint64_t>self.s.articles:
                raise CorruptIndex(path, "record_places", f"places of {self.s.articles} records", f"{length} bytes")
            self._check(sk_touch(&self.s, base + <size_t>start, length), "record_places")
            self._records = records
            self._places = base + <size_t>start
        self.s.maxima = sk_maxima_open()

    def __dealloc__(self):
        sk_maxima_close(self.s.maxima)
        free(self.s.vocabulary)

    @property
    def articles(self):
        return self.s.articles

    @property
    def total_length(self):
        """Tokens of all articles, deleted ones included."""
        return self.s.total_length

    @property
    def title_weight(self):
        return self.s.title_weight

    @property
    def term_count(self):
        return self.s.term_count

    @property
    def form_count(self):
        return self.s.form_count

    cdef int _check(self, int failed, str section) except -1:
        if failed == SK_NO_MEMORY:
            raise MemoryError
        if failed < 0:
            raise CorruptIndex(self.path, section)
        return 0

    cdef int _docid(self, uint32_t docid) except -1:
        if docid >= self.s.articles:
            raise IndexError(f"{self.path}: docid {docid} of {self.s.articles} articles")
        return 0

    cpdef str id(self, uint32_t docid):
        """The article's id. Requires: docid < articles."""
        cdef int64_t rank
        cdef const uint8_t *at = NULL
        cdef const uint8_t *end = NULL
        self._docid(docid)
        rank = sk_id_rank(&self.s, docid)
        self._check(SK_DAMAGED if rank < 0 else sk_id_block(&self.s, rank, &at, &end), "ids")
        return self.id_in_block(rank, at, end)

    cdef str id_in_block(self, uint32_t rank, const uint8_t *at, const uint8_t *end):
        """The id of a rank. Requires: rank < articles, and the place of its block (sk_id_block)."""
        cdef uint8_t room[SHORT]
        cdef size_t length
        cdef sk_id id
        cdef int ascii = 0
        cdef int longer = sk_id_text(&self.s, rank, at, end, room, SHORT, &length, &ascii)
        if longer > 0:
            self._check(sk_id_at(&self.s, rank, &id), "ids")
            return self.id_text(&id)
        if longer:
            raise CorruptIndex(self.path, "ids")
        if ascii:
            text = PyUnicode_New(length, 127)
            memcpy(PyUnicode_DATA(text), room, length)
            return text
        try:
            return PyUnicode_DecodeUTF8(<char *>room, length, NULL)
        except UnicodeDecodeError:
            raise CorruptIndex(self.path, "ids", "UTF-8", "something else") from None

    cdef str id_text(self, const sk_id *id):
        """An id as a string."""
        cdef str text = PyUnicode_New(id.length, 127)
        cdef char *data = <char *>PyUnicode_DATA(text)
        if sk_id_copy(id, <uint8_t *>data):
            return text
        try:
            return PyUnicode_DecodeUTF8(data, id.length, NULL)
        except UnicodeDecodeError:
            raise CorruptIndex(self.path, "ids", "UTF-8", "something else") from None

    def find_id(self, str id):
        """The docid of an id, or -1. A docid is no proof that the article is live."""
        cdef bytes key = id.encode("utf-8", "replace")
        cdef int64_t found = sk_find_id(&self.s, <const uint8_t *>PyBytes_AsString(key), PyBytes_GET_SIZE(key))
        if found == -2:
            raise CorruptIndex(self.path, "ids")
        return found

    def shared_ids(self, Segment newer):
        """Docids of this segment whose ids stand in `newer` too, ascending by id."""
        cdef sk_id_walk ours, theirs
        cdef int order, ours_more, theirs_more
        cdef int64_t docid
        found = []
        sk_ids_start(&ours, &self.s, 0)
        sk_ids_start(&theirs, &newer.s, 0)
        ours_more, theirs_more = sk_ids_next(&ours), sk_ids_next(&theirs)
        while ours_more > 0 and theirs_more > 0:
            order = sk_id_compare(&ours.id, &theirs.id)
            if order == 0:
                docid = sk_id_docid(&self.s, ours.rank - 1)
                if docid < 0:
                    raise CorruptIndex(self.path, "id_order")
                found.append(docid)
            if order <= 0:
                ours_more = sk_ids_next(&ours)
            if order >= 0:
                theirs_more = sk_ids_next(&theirs)
        self._check(ours_more, "ids")
        newer._check(theirs_more, "ids")
        return found

    cdef int touch_dates(self) except -1:
        return self._check(sk_touch(&self.s, self.s.dates.at, self.s.dates.size), "dates")

    def seconds(self, uint32_t docid):
        """Start and end of the article's date in seconds since year 1, or None if it has none."""
        self._docid(docid)
        self.touch_dates()
        cdef const uint8_t *run = self.s.dates.at + <size_t>sk_run_of(&self.s, docid) * SK_RUN_BYTES
        cdef int64_t start = sk_load64s(run)
        return None if start < 0 else (start, sk_load64s(run + 8))

    def length(self, uint32_t docid):
        """Tokens of the article."""
        self._docid(docid)
        self._check(sk_touch(&self.s, self.s.lengths.at, self.s.lengths.size), "lengths")
        return sk_length(&self.s, docid)

    def title_length(self, uint32_t docid):
        """Tokens of one copy of the article's title."""
        self._docid(docid)
        self._check(sk_touch(&self.s, self.s.titles.at, self.s.titles.size), "titles")
        return sk_title_length(&self.s, docid)

    def deleted_length(self, live):
        """Tokens of all articles that the bitmap `live` does not hold."""
        cdef const uint8_t[::1] bits = live
        cdef uint32_t docid
        cdef uint64_t total = 0
        if bits.shape[0] * 8 < self.s.articles:
            raise ValueError(f"{self.path}: {bits.shape[0]} bytes are no bitmap of {self.s.articles} articles")
        self._check(sk_touch(&self.s, self.s.lengths.at, self.s.lengths.size), "lengths")
        for docid in range(self.s.articles):
            if not bits[docid >> 3] >> (docid & 7) & 1:
                total += sk_length(&self.s, docid)
        if total > self.s.total_length:
            raise CorruptIndex(self.path, "lengths", f"{self.s.total_length} tokens in all", f"{total} in deleted articles")
        return total

    def term_of(self, str form):
        """The term of a word form that occurs here, or None: then its stem must be computed."""
        cdef bytes key = form.encode("utf-8", "replace")
        cdef const uint8_t *bytes_ = <const uint8_t *>PyBytes_AsString(key)
        cdef size_t length = PyBytes_GET_SIZE(key)
        cdef uint8_t term[255]  # SK_KEY_MAX
        cdef uint32_t term_length
        cdef sk_list list
        cdef int found = sk_find_form(&self.s, bytes_, length, term, &term_length)
        self._check(found, "forms")
        if found:
            try:
                return (<const char *>term)[:term_length].decode("utf-8")
            except UnicodeDecodeError:
                raise CorruptIndex(self.path, "forms", "UTF-8", "something else") from None
        found = sk_find_term(&self.s, bytes_, length, &list)
        self._check(found, "terms")
        return form if found and list.identity else None

    def forms(self):
        """Every word form with its term and how often it occurs, ascending by form; forms equal to their term apart."""
        cdef sk_dict_walk walk
        cdef int more
        sk_dict_start(&walk, &self.s, 1)
        while True:
            more = sk_dict_next(&walk)
            self._check(more, "forms")
            if not more:
                return
            key = (<const char *>walk.key)[: walk.key_length]
            yield key, key[: walk.key_length - walk.strip] + (<const char *>walk.append)[: walk.append_length], walk.occurrences

    def store_block(self, uint32_t docid):
        """Bytes of the stored block that holds the article, its first docid, and whether they are compressed."""
        cdef const uint8_t *index
        self._docid(docid)
        if self._places != NULL:
            return self._records.block(self._places, docid, self.s.articles, GATHERED)[0], docid, False
        start, length = self._store_index
        cdef size_t count = length // 12
        cdef size_t low = 0, high = count, mid
        index = self.s.file + <size_t>start
        if count == 0 or length % 12 or start + length > self.s.file_size or sk_touch(&self.s, index, length):
            raise CorruptIndex(self.path, "store_index")
        while low + 1 < high:
            mid = low + (high - low) // 2
            if sk_load32(index + 12 * mid) <= docid:
                low = mid
            else:
                high = mid
        cdef uint64_t begin, end
        memcpy(&begin, index + 12 * low + 4, 8)
        store, size = self._store
        if low + 1 < count:
            memcpy(&end, index + 12 * (low + 1) + 4, 8)
        else:
            end = size
        if begin >= end or end > size or store + size > self.s.file_size or sk_touch(
            &self.s, self.s.file + <size_t>store + begin, end - begin
        ):
            raise CorruptIndex(self.path, "store")
        first = sk_load32(index + 12 * low)
        data = (<const char *>(self.s.file + <size_t>store))[begin + 1 : end]
        return data, first, self.s.file[<size_t>store + begin] != 0


cdef size_t sums_at(const uint8_t *base, const uint8_t *sums, size_t whole) noexcept:
    """Bytes that the page table protects: all before the table itself."""
    return <size_t>(sums - base) if base <= sums and sums <= base + whole else whole
