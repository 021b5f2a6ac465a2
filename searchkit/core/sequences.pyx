"""The door to spans.c: the articles in which places stand together."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from searchkit.core.program cimport Given, Parts, TermLists
from searchkit.core.segment cimport Segment, sk_cursor, sk_list, sk_segment

cdef extern from "spans.h" nogil:
    int SK_PLACES_MAX, SK_UNORDERED_MAX, SK_WINDOW
    ctypedef struct sk_spans:
        uint32_t places, slop
        int ordered, field
        uint32_t *docids
        uint32_t *tfs
        uint32_t count
    int sk_spans_open(sk_spans *s, const sk_segment *segment, const sk_list *lists, const uint64_t *masks, uint32_t terms)
    void sk_spans_close(sk_spans *s)
    int sk_spans_window(sk_spans *s, uint32_t window)

MOST_PLACES = SK_PLACES_MAX
MOST_UNORDERED = SK_UNORDERED_MAX


def find_sequence(Parts over not None, terms, uint32_t places, uint32_t slop, bint ordered, int field, each):
    """All articles with a sequence, deleted ones too, as Given, with the number of its occurrences in each.

    terms: (TermLists, set of the places that it fills, as bits). field: 0 anywhere, 1 title, 2 text. each: called between
    windows; what it raises ends the search. Raises CorruptIndex.
    """
    cdef Given found = Given(over.count)
    cdef uint32_t part
    if not 2 <= places <= (SK_PLACES_MAX if ordered else SK_UNORDERED_MAX) or slop < 1 or not 0 <= field <= 2:
        raise ValueError(f"a sequence of {places} places, slop {slop}, field {field}")
    for part in range(over.count):
        find_in(found, over, part, list(terms), places, slop, ordered, field, each)
        found.count += found.given[part].count
    return found


cdef int find_in(
    Given found, Parts over, uint32_t part, list terms, uint32_t places, uint32_t slop, bint ordered, int field, each
) except -1:
    cdef Segment segment = over.segments[part]
    cdef sk_spans spans
    cdef TermLists term
    cdef uint32_t count = 0, window
    cdef uint64_t mask, filled = 0
    cdef int failed
    cdef sk_list *lists = <sk_list *>calloc(len(terms) + 1, sizeof(sk_list))
    cdef uint64_t *masks = <uint64_t *>calloc(len(terms) + 1, sizeof(uint64_t))
    memset(&spans, 0, sizeof(spans))
    try:
        if lists == NULL or masks == NULL:
            raise MemoryError
        for term, mask in terms:
            if term.parts != over.count:
                raise ValueError("a term of another snapshot")
            if term.lists[part].df:
                lists[count], masks[count] = term.lists[part], mask
                filled |= mask
                count += 1
        if filled != (<uint64_t>1 << places) - 1 if places < 64 else filled != <uint64_t>-1:
            return 0
        spans.places, spans.slop, spans.ordered, spans.field = places, slop, ordered, field
        with nogil:
            failed = sk_spans_open(&spans, &segment.s, lists, masks, count)
        segment._check(failed, "postings")
        for window in range((segment.s.articles + SK_WINDOW - 1) // SK_WINDOW):
            each()
            with nogil:
                failed = sk_spans_window(&spans, window)
            segment._check(failed, "postings")
        found.given[part].docids, found.given[part].tfs, found.given[part].count = spans.docids, spans.tfs, spans.count
        spans.docids, spans.tfs = NULL, NULL
        return 0
    finally:
        sk_spans_close(&spans)
        free(lists)
        free(masks)
