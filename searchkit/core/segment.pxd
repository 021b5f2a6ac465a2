# The C face of a segment, for all modules of the core.

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "maxima.h" nogil:
    ctypedef struct sk_maxima:
        pass

    sk_maxima *sk_maxima_open()
    void sk_maxima_close(sk_maxima *m)

cdef extern from "segment.h" nogil:
    ctypedef struct sk_section:
        const uint8_t *at
        size_t size

    ctypedef struct sk_segment:
        const uint8_t *file
        size_t file_size
        const uint8_t *page_sums
        size_t page_size
        size_t pages
        unsigned page_bits
        uint8_t *page_seen
        sk_section meta, lengths, titles, dates, ids, id_order, terms, term_index, forms, form_index, postings
        uint32_t articles
        uint64_t total_length
        double b, average
        uint32_t length_min, length_max
        uint32_t title_weight
        uint64_t term_count, form_count
        uint32_t runs
        int64_t longest
        sk_maxima *maxima
        void *vocabulary

    ctypedef struct sk_list:
        uint64_t offset
        uint64_t size
        uint32_t df
        uint64_t identity

    ctypedef struct sk_dict_walk:
        int forms
        uint64_t count, at
        uint8_t *key
        uint32_t key_length
        sk_list list
        uint64_t occurrences
        uint32_t strip
        const uint8_t *append
        uint32_t append_length

    ctypedef struct sk_cursor:
        const sk_segment *segment
        uint32_t df, blocks, full
        const uint8_t *impacts
        float c_max
        float *kth
        uint32_t block, count
        uint32_t *docids
        uint32_t *tfs

    int SK_OK, SK_DAMAGED, SK_NO_MEMORY, SK_META_BYTES, SK_RUN_BYTES, SK_KEY_MAX, SK_PAIR_MARK

    int sk_segment_open(sk_segment *s, const char **damaged)
    int sk_segment_touch_pages(const sk_segment *s, const uint8_t *at, size_t size)
    int sk_touch(const sk_segment *s, const uint8_t *at, size_t size)
    uint32_t sk_length(const sk_segment *s, uint32_t docid)
    uint32_t sk_title_length(const sk_segment *s, uint32_t docid)
    uint32_t sk_run_of(const sk_segment *s, uint32_t docid)
    void sk_dict_start(sk_dict_walk *w, const sk_segment *s, int forms)
    int sk_dict_seek(sk_dict_walk *w, const uint8_t *key, size_t length)
    int sk_dict_next(sk_dict_walk *w)
    int sk_find_term(const sk_segment *s, const uint8_t *term, size_t length, sk_list *list)
    int sk_find_form(const sk_segment *s, const uint8_t *form, size_t length, uint8_t *term, uint32_t *term_length)
    int sk_cursor_open(sk_cursor *c, const sk_segment *s, const sk_list *list)
    void sk_cursor_close(sk_cursor *c)
    int sk_cursor_load(sk_cursor *c, uint32_t block, int with_tfs)
    int sk_cursor_positions(sk_cursor *c, uint32_t index, uint32_t *positions)
    uint32_t sk_load32(const uint8_t *at)
    int64_t sk_load64s(const uint8_t *at)
    uint64_t sk_load64(const uint8_t *at)

cdef extern from "ids.h" nogil:
    ctypedef struct sk_id:
        size_t length

    ctypedef struct sk_id_walk:
        const sk_segment *segment
        uint32_t rank
        const uint8_t *next
        const uint8_t *end
        sk_id id

    void sk_ids_start(sk_id_walk *w, const sk_segment *s, uint32_t rank)
    int sk_ids_next(sk_id_walk *w)
    int sk_id_of(const sk_segment *s, uint32_t docid, sk_id *id)
    int sk_id_at(const sk_segment *s, uint32_t rank, sk_id *id)
    void sk_id_expect_rank(const sk_segment *s, uint32_t docid)
    void sk_id_expect_block(const sk_segment *s, uint32_t rank)
    int sk_id_block(const sk_segment *s, uint32_t rank, const uint8_t **at, const uint8_t **end)
    int sk_id_compare(const sk_id *a, const sk_id *b)
    int sk_id_copy(const sk_id *id, uint8_t *out)
    int sk_id_text(
        const sk_segment *s, uint32_t rank, const uint8_t *at, const uint8_t *end, uint8_t *out, size_t room,
        size_t *length, int *ascii
    )
    int64_t sk_id_rank(const sk_segment *s, uint32_t docid)
    int64_t sk_find_id(const sk_segment *s, const uint8_t *id, size_t length)
    int64_t sk_id_docid(const sk_segment *s, uint32_t rank)
    int sk_id_docids(const sk_segment *s, uint32_t *docids)


cdef extern from "scattered.h":
    ctypedef struct sk_scattered:
        const uint8_t *bytes
        uint64_t size
        int descriptor
    int SK_UNREADABLE
    int sk_scattered_copy(const sk_scattered *s, uint64_t at, uint64_t size, uint8_t *to) nogil


cdef class Records:
    cdef sk_scattered s
    cdef const uint8_t[::1] _view
    cdef object _keep
    cdef tuple block(self, const uint8_t *places, uint32_t docid, uint32_t articles, uint64_t enough)
    cdef _tell(self, int failed, uint64_t at, uint64_t size)


cdef class Segment:
    cdef sk_segment s
    cdef readonly str path
    cdef object _keep
    cdef bytearray _seen
    cdef readonly dict sections
    cdef object _store, _store_index
    cdef Records _records        # where they are elsewhere, ...
    cdef const uint8_t *_places  # ... and by docid the place of each there: offset and bytes, u64; NULL: in the store
    cdef int touch_dates(self) except -1
    cdef int _check(self, int failed, str section) except -1
    cdef int _docid(self, uint32_t docid) except -1
    cpdef str id(self, uint32_t docid)
    cdef str id_text(self, const sk_id *id)
    cdef str id_in_block(self, uint32_t rank, const uint8_t *at, const uint8_t *end)
