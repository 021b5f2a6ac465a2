"""What a segment's checksums cannot tell: whether its sections keep the promises that readers rely on.

Order of dictionaries, ids and dates, lengths that add up, postings that can be decoded and lie under their bounds.
"""

from libc.stdint cimport INT64_MAX, UINT32_MAX, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from searchkit.core.segment cimport *
from searchkit.core.segment cimport Segment, id_bytes

from searchkit.core.evaluate import simd
from searchkit.core.segment import PAIR_MARK

cdef extern from "kernels.h" nogil:
    int sk_kernels_choose(const char *name)


def verify(Segment segment not None):
    """Every broken invariant of dictionaries and postings, as (section, what is wrong). Reads the whole segment."""
    cdef const sk_segment *s = &segment.s
    cdef sk_dict_walk walk
    cdef sk_cursor c
    cdef int more, failed = 0
    cdef uint32_t block, i, previous, docid, length_max = 0, length_min = UINT32_MAX
    cdef uint32_t *positions = NULL
    cdef uint64_t tokens = 0, most
    cdef double bound, norm
    cdef bint forms, pair
    findings = []
    cdef bytes last, kernels = simd().encode()
    sk_kernels_choose(kernels)
    for name, section in (("lengths", 0), ("titles", 1), ("dates", 2), ("ids", 3), ("id_order", 4)):
        part = (&s.lengths)[section]
        if sk_touch(s, part.at, part.size):
            findings.append((name, "bytes that do not fit their checksum"))
    if findings:
        return findings
    for i in range(s.articles):
        docid = sk_length(s, i)
        tokens += docid
        length_max = max(length_max, docid)
        length_min = min(length_min, docid)
        if <uint64_t>sk_title_length(s, i) * s.title_weight > docid:
            findings.append(("titles", f"a title longer than its article, docid {i}"))
            break
    if tokens != s.total_length or length_max != s.length_max or length_min != s.length_min:
        findings.append(("lengths", "lengths that do not add up to the figures in meta"))
    cdef int64_t start, end, last_start = INT64_MAX, last_end = INT64_MAX, longest = 0
    for i in range(s.runs):
        start = sk_load64s(s.dates.at + <size_t>i * SK_RUN_BYTES)
        end = sk_load64s(s.dates.at + <size_t>i * SK_RUN_BYTES + 8)
        docid = sk_load32(s.dates.at + <size_t>i * SK_RUN_BYTES + 16)
        if (i == 0 and docid) or (i and docid <= previous) or docid >= s.articles or (
            (start, end) != (-1, -1) and not 0 <= start < end
        ) or (end, start) >= (last_end, last_start):
            findings.append(("dates", f"run {i} out of order"))
            break
        previous, last_start, last_end = docid, start, end
        longest = max(longest, end - start)
    if longest != s.longest:
        findings.append(("dates", "the longest interval is not the one in meta"))
    findings += _verify_ids(s)
    tokens = 0
    # No article has more positions than tokens, and no list more than its bytes have bits.
    most = min(<uint64_t>length_max, <uint64_t>s.postings.size * 8)
    positions = <uint32_t *>malloc(4 * (<size_t>most + 1))
    if positions == NULL:
        raise MemoryError
    try:
        for forms in range(2):
            section = "forms" if forms else "terms"
            sk_dict_start(&walk, s, forms)
            last = b""
            while True:
                more = sk_dict_next(&walk)
                if more <= 0:
                    if more < 0:
                        findings.append((section, f"unreadable behind {last!r}"))
                    break
                key = (<const char *>walk.key)[: walk.key_length]
                if last and key <= last:
                    findings.append((section, f"{key!r} out of order"))
                    break
                last = key
                try:
                    key.decode("utf-8")
                except UnicodeDecodeError:
                    findings.append((section, f"{key!r} is no UTF-8"))
                    break
                if forms:
                    continue
                pair = key[:1] == PAIR_MARK
                failed = sk_cursor_open(&c, s, &walk.list)
                previous = UINT32_MAX
                for block in range(c.blocks):
                    if failed:
                        break
                    failed = sk_cursor_load(&c, block, 1)
                    bound = 0
                    for i in range(c.count):
                        if failed:
                            break
                        docid = c.docids[i]
                        if (previous != UINT32_MAX and docid <= previous) or c.tfs[i] > most + 1 or (
                            not pair and sk_cursor_positions(&c, i, positions)
                        ):
                            failed = SK_DAMAGED
                            break
                        previous = docid
                        if not pair:
                            tokens += c.tfs[i]
                        norm = (1.0 - s.b) + s.b * sk_length(s, docid) / s.average
                        bound = max(bound, c.tfs[i] / norm)
                    if not failed and c.full and bound > c.impacts[block] * (<double>c.c_max / 255.0) * (1 + 1e-6):
                        findings.append(("postings", f"a bound of {key!r} below what it bounds"))
                sk_cursor_close(&c)
                if failed == SK_NO_MEMORY:
                    raise MemoryError
                if failed:
                    findings.append(("postings", f"the list of {key!r} is unreadable"))
        if not findings and tokens != s.total_length:
            findings.append(("postings", f"{tokens} occurrences in postings, {s.total_length} tokens in articles"))
    finally:
        free(positions)
    return findings


cdef list _verify_ids(const sk_segment *s):
    cdef sk_id_walk walk
    cdef uint32_t rank
    cdef bytes key, last = b""
    cdef uint32_t *docids
    sk_ids_start(&walk, s, 0)
    for rank in range(s.articles):
        if sk_ids_next(&walk) != 1:
            return [("ids", f"no id at rank {rank}")]
        key = id_bytes(&walk.id)
        if rank and key <= last:
            return [("ids", f"out of order at rank {rank}")]
        try:
            key.decode("utf-8")
        except UnicodeDecodeError:
            return [("ids", f"{key!r} is no UTF-8")]
        last = key
    if walk.next != walk.end:
        return [("ids", "bytes behind the last id")]
    docids = <uint32_t *>malloc(sizeof(uint32_t) * s.articles)
    if docids == NULL:
        raise MemoryError
    try:
        if sk_id_docids(s, docids):
            return [("id_order", "two articles with one id")]
        for rank in range(s.articles):
            if sk_id_docid(s, rank) != docids[rank]:
                return [("id_order", f"no way from rank {rank} to docid {docids[rank]}")]
    finally:
        free(docids)
    return []
