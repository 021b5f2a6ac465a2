"""The door to invariants.c and compare.c: all that is wrong with a segment whose checksums are right.

Order of dictionaries, ids and dates; lengths, statistics and word forms that add up; postings that can be decoded, take
each position of each article once, and lie under their bounds.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from searchkit.core.segment cimport Segment, sk_segment

from searchkit.core.evaluate import simd

cdef extern from "kernels.h" nogil:
    int sk_kernels_choose(const char *name)

cdef extern from "invariants.h" nogil:
    ctypedef struct sk_fault:
        const char *section
        const char *what
        const uint8_t *at
        const char *counts
        uint64_t number
        uint8_t *key
        uint32_t key_length

    ctypedef struct sk_verify:
        pass
    int sk_verify_open(sk_verify *v, const sk_segment *s, int exact)
    int sk_verify_next(sk_verify *v, sk_fault *fault)
    void sk_verify_close(sk_verify *v)

    ctypedef struct sk_compare:
        pass
    void sk_compare_open(sk_compare *c, const sk_segment *s, const sk_segment *truth)
    int sk_compare_next(sk_compare *c, sk_fault *fault)
    void sk_compare_close(sk_compare *c)

    uint64_t sk_count_tokens(const uint8_t *text, size_t length, int fold_accents)


def verify(Segment segment not None, bint exact=False, Py_ssize_t most=100):
    """Every broken invariant, as (section, byte of the file or None, what is wrong), `most` of them at most.

    exact: word forms of deleted articles are never left behind (the index keeps its texts). Reads the whole segment.
    """
    cdef sk_verify v
    cdef sk_fault fault
    cdef int found = 1
    cdef bytes kernels = simd().encode()
    sk_kernels_choose(kernels)
    findings = []
    try:
        if sk_verify_open(&v, &segment.s, exact):
            raise MemoryError
        while len(findings) < most:
            with nogil:
                found = sk_verify_next(&v, &fault)
            if found < 0:
                raise MemoryError
            if not found:
                break
            findings.append(told(&fault, segment))
    finally:
        sk_verify_close(&v)
    return findings


def compare(Segment segment not None, Segment truth not None, Py_ssize_t most=100):
    """Where a segment is not what `truth` is, which holds the same articles: findings as of `verify`."""
    cdef sk_compare c
    cdef sk_fault fault
    cdef int found = 1
    if segment.s.articles != truth.s.articles:
        return [("meta", None, f"{segment.s.articles} articles, of which {truth.s.articles} can be read")]
    findings = []
    sk_compare_open(&c, &segment.s, &truth.s)
    try:
        while len(findings) < most:
            with nogil:
                found = sk_compare_next(&c, &fault)
            if found < 0:
                raise MemoryError
            if not found:
                break
            findings.append(told(&fault, segment))
    finally:
        sk_compare_close(&c)
    return findings


def count_tokens(bytes text not None, bint fold_accents):
    """How many tokens a text has."""
    cdef const uint8_t *at = text
    cdef size_t length = len(text)
    cdef uint64_t count
    with nogil:
        count = sk_count_tokens(at, length, fold_accents)
    return count


cdef tuple told(const sk_fault *fault, Segment segment):
    what = (<bytes>fault.what).decode()
    if fault.counts != NULL:
        what += f" ({(<bytes>fault.counts).decode()} {fault.number})"
    elif fault.key_length:
        what += f": {(<const char *>fault.key)[:fault.key_length].decode('utf-8', 'backslashreplace')!r}"
    offset = <uint64_t>(fault.at - segment.s.file) if fault.at != NULL else None
    return (<bytes>fault.section).decode(), offset, what
