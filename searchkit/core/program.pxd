# The C face of a query: programs, the parts of a snapshot they run over, and the evaluator.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from searchkit.core.segment cimport Segment, sk_list, sk_segment


cdef extern from "search.h" nogil:
    int SK_LEAF, SK_FILTER, SK_AND, SK_OR, SK_NOT, SK_AND_MAYBE, SK_ALL, SK_NOTHING, SK_BITS, SK_DEPTH_MAX
    int SK_BY_SCORE, SK_NEWEST, SK_OLDEST, SK_BY_KEY
    int SK_WINDOW
    int SK_SCALED, SK_BARE, SK_RAISED, SK_SHIFTED
    int SK_WHOLE, SK_LATE, SK_INTERRUPTED, SK_LOOK_AFTER

    ctypedef struct sk_given:
        const uint32_t *docids
        const uint32_t *tfs
        uint32_t count

    ctypedef struct sk_leaf:
        double weight
        uint32_t first_word, words, lists
        uint32_t slop
        int field
        const sk_given *given

    ctypedef struct sk_filter:
        int64_t from_ "from"
        int64_t to
        int relation

    ctypedef struct sk_fade:
        int64_t from_ "from"
        int64_t to
        double half_life, weight

    ctypedef struct sk_node:
        int kind
        uint32_t first, count
        uint32_t leaf_from, leaf_to

    ctypedef struct sk_program:
        const sk_leaf *leaves
        const sk_filter *filters
        const sk_node *nodes
        const uint32_t *children
        uint32_t leaf_count, word_count, filter_count
        uint32_t root
        int64_t scoring, mask

    ctypedef struct sk_part:
        const sk_segment *segment
        const uint64_t *live
        const sk_list *lists
        const uint64_t *const *bitmaps

    ctypedef struct sk_hit:
        double score
        uint32_t part, docid

    ctypedef struct sk_task:
        const sk_program *program
        const sk_part *parts
        uint32_t part_count
        double k1, b, average
        int saturation
        double delta
        const sk_fade *fades
        uint32_t fade_count
        double proximity
        int sort, skipping
        uint64_t limit
        uint64_t **matches
        const uint32_t *const *keys
        int64_t deadline
        int (*interrupted)(void *who) noexcept nogil
        void *who
        uint64_t worked
        int end
        sk_hit *hits
        uint64_t hit_count, total
        uint32_t damaged

    int sk_search(sk_task *task)
    int sk_count(sk_task *task)
    int sk_frequencies(sk_task *task, uint32_t part, uint32_t docid, uint32_t *tfs, double *near, int *matches)
    int64_t sk_clock()
    void sk_pace(int64_t nanoseconds)
    int sk_live_df(const sk_segment *s, const sk_list *list, const uint64_t *live, uint32_t *df)


cdef sk_filter filter_of(low, high, int relation) except *
cdef sk_fade fade_of(low, high, double half_life, double weight) except *


cdef class Parts:
    cdef sk_part *parts
    cdef readonly uint32_t count
    cdef readonly tuple segments
    cdef list _keep
    cdef int raise_for(self, int failed, uint32_t part) except -1


cdef class Given:
    cdef sk_given *given
    cdef readonly uint32_t parts
    cdef readonly uint64_t count


cdef class TermLists:
    cdef sk_list *lists
    cdef readonly uint32_t parts
    cdef readonly uint64_t df


cdef class Program:
    cdef sk_program p
    cdef sk_part *parts
    cdef sk_list *lists
    cdef const uint64_t **bitmaps
    cdef list _given, _keep
    cdef readonly Parts over
    cdef int put_bitmaps(self, bitmaps) except -1
    cdef void fill(self, sk_task *task) noexcept
