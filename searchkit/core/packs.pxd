# What builder.pyx shares with packs.pyx: the C face of a pack.

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "pack.h" nogil:
    ctypedef struct sk_buffer:
        uint8_t *bytes
        size_t length, capacity
        int failed
    int sk_buffer_room(sk_buffer *b, size_t more)

    ctypedef struct sk_packed:
        uint64_t record, size
        uint64_t id
        uint32_t id_length
        uint32_t line
        uint64_t line_start
        int64_t start, end

    ctypedef struct sk_pack:
        sk_buffer data, ids
        sk_packed *articles
        uint32_t count

    ctypedef struct sk_names:
        const uint8_t *at[5]
        size_t length[5]

    int SK_TITLE, SK_DATE, SK_FIELDS, SK_TEXT, SK_ID, SK_RECORD_HEAD
    int SK_LINES_TAKEN, SK_PACK_FULL, SK_LINE_ODD
    void sk_pack_free(sk_pack *p)
    sk_packed *sk_pack_add(sk_pack *p, const uint8_t *const *parts, const size_t *lengths)
    int sk_pack_lines(sk_pack *p, const uint8_t *text, size_t length, size_t *at, uint32_t *line,
                      const sk_names *names, size_t enough)
    void sk_pack_cut(sk_pack *p, uint32_t count)


cdef class Pack:
    cdef sk_pack pack
    cdef readonly uint64_t text_bytes
    cdef bint shown  # its bytes are seen elsewhere: they stay where they are
    cdef _require_own(self)
