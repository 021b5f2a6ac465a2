"""The compiled door into building: runs of articles inverted, segments merged, both written section by section.

A `Run` takes articles and becomes a segment; a `Merge` makes one segment of several. Both write themselves through a
`writer` with `begin(name)`, `write(bytes)` and `end()` (searchkit.storage.container); the section of stored articles
is the caller's (searchkit.indexing.store). What the sections hold is in docs/format.md.

Here is what both share; the rest is in run.pxi, inversion.pxi and merge.pxi.
"""

import struct

from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MAX, SIZE_MAX, UINT32_MAX, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from searchkit.core.packs cimport SK_DATE, SK_FIELDS, SK_RECORD_HEAD, SK_TEXT, SK_TITLE, Pack, sk_packed
from searchkit.core.segment cimport *
from searchkit.core.segment cimport Records, Segment, sk_dict_next, sk_dict_start, sk_dict_walk
from searchkit.core.segment import pair_key
from searchkit.errors import CorruptIndex

cdef extern from "encode.h" nogil:
    ctypedef struct sk_buffer:
        uint8_t *bytes
        size_t length
        int failed
    void sk_buffer_put(sk_buffer *b, const void *data, size_t length)
    void sk_buffer_varint(sk_buffer *b, uint64_t value)
    int sk_buffer_room(sk_buffer *b, size_t more)
    void sk_buffer_free(sk_buffer *b)

    ctypedef struct sk_impact_scale:
        const uint32_t *lengths
        double b, average

    ctypedef struct sk_dict_builder:
        sk_buffer keys, index
        uint64_t count, payload
    int sk_dict_add(sk_dict_builder *d, const uint8_t *key, uint32_t length)
    void sk_dict_free(sk_dict_builder *d)

cdef extern from "ids.h" nogil:
    ctypedef struct sk_ids_builder:
        sk_buffer offsets, blocks
        uint32_t count
    int sk_ids_add(sk_ids_builder *b, const uint8_t *id, size_t length)
    void sk_ids_free(sk_ids_builder *b)
    int sk_id_order_write(sk_buffer *out, const uint32_t *ranks, uint32_t count)

cdef extern from "invert.h" nogil:
    ctypedef struct sk_run:
        uint32_t form_count
        uint32_t *titles
        uint32_t *lengths
        uint32_t articles
        uint64_t tokens
    int sk_run_open(sk_run *r, int fold_accents, uint32_t title_weight)
    void sk_run_close(sk_run *r)
    int sk_run_add(sk_run *r, const uint8_t *title, size_t title_length, const uint8_t *text, size_t text_length)
    int sk_run_form(sk_run *r, const uint8_t *form, uint32_t length, uint32_t more, uint32_t *number)
    uint64_t sk_run_occurrences(const sk_run *r, const uint8_t *form, uint32_t length)
    void sk_run_counts(const sk_run *r, uint64_t *counts)
    void sk_run_uncount(const sk_run *r, uint32_t article, uint64_t *counts)
    void sk_run_close_table(sk_run *r)
    void sk_trim()
    const uint8_t *sk_form_at(const sk_run *r, uint32_t number, uint32_t *length)
    uint64_t sk_run_memory(const sk_run *r)

    ctypedef struct sk_place:
        uint32_t run, article

    int SK_MARKED_RANGES, SK_NOT_FREQUENT
    ctypedef struct sk_slice:
        uint32_t docid, past
    ctypedef struct sk_inversion:
        const sk_run *runs
        const sk_place *places
        uint32_t kept
        uint32_t **term_of
        const sk_impact_scale *scale
        const uint8_t *number_of
        const sk_slice *slices
        uint32_t slice_count
    int sk_inversion_open(sk_inversion *v)
    void sk_inversion_close(sk_inversion *v)

    ctypedef struct sk_marking:
        uint32_t first, ranges
        uint32_t pasts[14]
    int sk_marking_open(sk_marking *m, const sk_inversion *v, uint32_t runs)
    void sk_marking_close(sk_marking *m, uint32_t runs)
    void sk_mark(const sk_marking *m, const sk_inversion *v, uint32_t docid, uint32_t past)

    ctypedef struct sk_range:
        uint32_t first, past, mark
        const uint64_t *occurrences
        sk_buffer out
        uint32_t *dfs
        uint64_t *sizes
        uint64_t position_bits
    ctypedef struct sk_sorting:
        pass
    void sk_sorting_close(sk_sorting *s)
    int sk_range_invert(const sk_inversion *v, sk_range *range, sk_sorting *s)
    void sk_range_close(sk_range *range)

cdef extern from "order.h" nogil:
    ctypedef struct sk_sorted:
        const uint8_t *key
        uint32_t length, number
    sk_sorted sk_sorted_article(int64_t start, int64_t end, const uint8_t *id, uint32_t length, uint32_t number)
    sk_sorted sk_sorted_name(const uint8_t *key, uint32_t length, uint32_t number)
    void sk_sort(sk_sorted *items, size_t count)

cdef extern from "english.h" nogil:
    int sk_english_takes(const uint8_t *form, uint32_t length)
    uint32_t sk_english_stem(uint8_t *form, uint32_t length)

cdef extern from "frequent.h" nogil:
    int SK_PAIR_WORDS_MAX
    int sk_slice_find(sk_slice *slice, const sk_inversion *v, uint8_t **numbers, uint32_t words)
    void sk_slice_close_pairs(sk_slice *slice, uint32_t words)
    void sk_slice_close(sk_slice *slice, uint32_t words)
    int sk_pairs_encode(const sk_inversion *v, uint32_t words, sk_range *row, sk_sorting *sorting)

cdef extern from "merge.h" nogil:
    ctypedef struct sk_merge_source:
        const sk_segment *segment
        const uint32_t *docids
    ctypedef struct sk_merge:
        sk_merge_source *sources
        uint32_t count
        const uint8_t *until
        uint32_t until_length
        const sk_impact_scale *scale
        const sk_run *gone
        sk_buffer scratch, work
        uint32_t damaged
    int sk_merge_split(sk_merge *m, uint64_t bytes, sk_buffer *keys)
    int sk_merge_start(sk_merge *m, int forms, const uint8_t *start, uint32_t length)
    int sk_merge_terms(sk_merge *m, sk_buffer *out, size_t enough, sk_buffer *entries, uint64_t *position_bits)
    int sk_merge_join(sk_merge *m, const sk_merge *range, const sk_buffer *entries, sk_dict_builder *terms)
    int sk_merge_forms(sk_merge *m, sk_dict_builder *forms)
    void sk_merge_close(sk_merge *m)

cdef uint64_t ENOUGH = 2 << 20  # bytes of lists, about, that a thread merges at a time
META = struct.Struct("<QQddIIIIIIqQQQQ")


cdef bytes take(sk_buffer *buffer):
    cdef bytes data
    if buffer.failed:
        raise MemoryError
    data = PyBytes_FromStringAndSize(<const char *>buffer.bytes, buffer.length)
    buffer.length = 0
    return data


cdef check(int failed):
    if failed == SK_NO_MEMORY:
        raise MemoryError
    if failed < 0:
        raise OverflowError("a segment outgrew its 32-bit offsets: commit more often, or lower memory=")


cdef tuple pack_lengths(const uint32_t *values, uint32_t count, bint narrow):
    """Values in the fewest bytes each (1 or 0 only if `narrow`): the bytes, the width, the least and the most."""
    cdef uint32_t i, least = UINT32_MAX, most = 0
    for i in range(count):
        least = min(least, values[i])
        most = max(most, values[i])
    cdef int width = 4 if most > 0xFFFF else 2 if most > 0xFF or not narrow else 1 if most else 0
    cdef bytes data = PyBytes_FromStringAndSize(NULL, width * <Py_ssize_t>count)
    cdef uint8_t *out = <uint8_t *>PyBytes_AsString(data)
    for i in range(count):
        memcpy(out + i * <size_t>width, &values[i], width)
    return data, width, least, most


cdef tuple pack_dates(const int64_t *starts, const int64_t *ends, uint32_t count):
    """Runs of equal dates: the bytes, how many, and the seconds of the longest interval."""
    cdef uint32_t i, runs = 0
    cdef int64_t longest = 0
    cdef sk_buffer *buffer = new_buffer()
    try:
        for i in range(count):
            if i and starts[i] == starts[i - 1] and ends[i] == ends[i - 1]:
                continue
            sk_buffer_put(buffer, &starts[i], 8)
            sk_buffer_put(buffer, &ends[i], 8)
            sk_buffer_put(buffer, &i, 4)
            longest = max(longest, ends[i] - starts[i])
            runs += 1
        return take(buffer), runs, longest
    finally:
        drop_buffer(buffer)


cdef sk_buffer *new_buffer() except NULL:
    cdef sk_buffer *buffer = <sk_buffer *>calloc(1, sizeof(sk_buffer))
    if buffer == NULL:
        raise MemoryError
    return buffer


cdef void drop_buffer(sk_buffer *buffer) noexcept:
    sk_buffer_free(buffer)
    free(buffer)


cdef write(writer, str name, data):
    writer.begin(name)
    writer.write(data)
    writer.end()


cdef write_rest(writer, uint32_t count, const uint32_t *lengths, const uint32_t *titles, const int64_t *starts,
                const int64_t *ends, tuple ids, uint64_t total, double b, double average,
                uint32_t title_weight, uint64_t terms, uint64_t forms, uint64_t position_bits):
    """The sections that run and merge write alike, `meta` last."""
    length_bytes, length_width, least, most = pack_lengths(lengths, count, False)
    title_bytes, title_width, _, _ = pack_lengths(titles, count, True)
    dates, runs, longest = pack_dates(starts, ends, count)
    write(writer, "lengths", length_bytes)
    write(writer, "titles", title_bytes)
    write(writer, "dates", dates)
    write(writer, "ids", ids[0])
    write(writer, "id_order", ids[1])
    write(writer, "meta", META.pack(count, total, b, average, least, most, length_width, title_width, title_weight,
                                    runs, longest, terms, forms, position_bits // 8, 0))


cdef void *room_for(uint64_t count, size_t size) except NULL:
    cdef void *room = calloc(count + 1, size)
    if room == NULL:
        raise MemoryError
    return room


cdef tuple pack_ids(list ids):
    """Sections `ids` and `id_order` of ids (bytes) in order of docids."""
    cdef uint32_t count = len(ids), rank = 0, docid
    cdef bytes id
    cdef sk_ids_builder builder
    cdef uint32_t *ranks = <uint32_t *>malloc(sizeof(uint32_t) * count)
    memset(&builder, 0, sizeof(builder))
    try:
        if ranks == NULL:
            raise MemoryError
        for docid in sorted(range(count), key=ids.__getitem__):
            id = ids[docid]
            check(sk_ids_add(&builder, <const uint8_t *>PyBytes_AsString(id), PyBytes_GET_SIZE(id)))
            ranks[docid] = rank
            rank += 1
        return take_ids(&builder, ranks)
    finally:
        free(ranks)
        sk_ids_free(&builder)


cdef tuple take_ids(sk_ids_builder *builder, const uint32_t *ranks):
    cdef sk_buffer *order = new_buffer()
    try:
        check(sk_id_order_write(order, ranks, builder.count))
        return take(&builder.offsets) + take(&builder.blocks), take(order)
    finally:
        drop_buffer(order)


include "run.pxi"
include "inversion.pxi"
include "merge.pxi"
include "records.pxi"
