# cython: language_level=3, freethreading_compatible=True
"""The door to fingerprint.h: fingerprints of texts, and articles put into groups by them.

    fingerprint    32 bytes of a text
    agreement      how near two are, 0 to 64; from NEAR on they are near-duplicates
    kept           that of an article, from its segment
    Groups         each new fingerprint joins the first group whose first one it is near to, or begins one
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from searchkit.core.segment cimport Segment, sk_touch
from searchkit.errors import CorruptIndex

cdef extern from "fingerprint.h" nogil:
    enum: SK_FINGERPRINT
    enum: SK_NEAR
    void sk_fingerprint(const uint8_t *utf8, size_t length, int fold_accents, uint8_t *fingerprint)
    unsigned sk_agreement(const uint8_t *one, const uint8_t *other)

SECTION = "fingerprints"
"""The section of a segment that keeps them, in order of docids."""

SIZE = SK_FINGERPRINT
NEAR = SK_NEAR


def fingerprint(bytes text not None, bint fold_accents=True):
    """The fingerprint of a text in UTF-8."""
    cdef bytes made = PyBytes_FromStringAndSize(NULL, SK_FINGERPRINT)
    cdef const uint8_t *utf8 = <const uint8_t *>PyBytes_AS_STRING(text)
    cdef size_t length = PyBytes_GET_SIZE(text)
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(made)
    with nogil:
        sk_fingerprint(utf8, length, fold_accents, out)
    return made


def agreement(bytes one not None, bytes other not None):
    """In how many of their 64 codes two fingerprints agree. Requires: each has SIZE bytes."""
    if len(one) != SK_FINGERPRINT or len(other) != SK_FINGERPRINT:
        raise ValueError(f"a fingerprint has {SK_FINGERPRINT} bytes")
    return sk_agreement(<const uint8_t *>PyBytes_AS_STRING(one), <const uint8_t *>PyBytes_AS_STRING(other))


def kept(Segment segment not None, uint32_t docid):
    """The fingerprint of an article that its segment keeps. Raises CorruptIndex.

    Requires: docid < articles.
    """
    cdef const uint8_t *at
    start, length = segment.sections.get(SECTION, (0, 0))
    if docid >= segment.s.articles:
        raise IndexError(f"docid {docid} of {segment.s.articles}")
    if length != SK_FINGERPRINT * segment.s.articles or start < 0 or start + length > segment.s.file_size:
        raise CorruptIndex(segment.path, SECTION, f"{SK_FINGERPRINT} bytes an article", f"{length} bytes")
    at = segment.s.file + <size_t>start + SK_FINGERPRINT * <size_t>docid
    if sk_touch(&segment.s, at, SK_FINGERPRINT):
        raise CorruptIndex(segment.path, SECTION)
    return PyBytes_FromStringAndSize(<const char *>at, SK_FINGERPRINT)


@cython.auto_pickle(False)
cdef class Groups:
    """Groups of near fingerprints, in the order in which they began. Not for several threads at once."""
    cdef uint8_t *firsts
    cdef Py_ssize_t count, room

    def __dealloc__(self):
        free(self.firsts)

    def __len__(self):
        return self.count

    def join(self, bytes fingerprint not None, bint begin=True):
        """The number of the group that a fingerprint belongs to: a new one, if `begin`; else -1."""
        cdef const uint8_t *one = <const uint8_t *>PyBytes_AS_STRING(fingerprint)
        cdef Py_ssize_t i, found = -1
        if len(fingerprint) != SK_FINGERPRINT:
            raise ValueError(f"a fingerprint has {SK_FINGERPRINT} bytes")
        with nogil:
            for i in range(self.count):
                if sk_agreement(self.firsts + i * SK_FINGERPRINT, one) >= SK_NEAR:
                    found = i
                    break
        if found >= 0 or not begin:
            return found
        if self.count == self.room:
            self.make_room()
        memcpy(self.firsts + self.count * SK_FINGERPRINT, one, SK_FINGERPRINT)
        self.count += 1
        return self.count - 1

    cdef int make_room(self) except -1:
        cdef Py_ssize_t room = 2 * self.room + 32
        cdef uint8_t *firsts = <uint8_t *>realloc(self.firsts, room * SK_FINGERPRINT)
        if firsts == NULL:
            raise MemoryError
        self.firsts, self.room = firsts, room
        return 0
