"""The door to periods.c: articles of a snapshot counted by calendar period."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free

from searchkit.core.program cimport Parts
from searchkit.core.segment cimport Segment, sk_segment

cdef extern from "periods.h" nogil:
    int SK_BY_DAY, SK_BY_WEEK, SK_BY_MONTH, SK_BY_QUARTER, SK_BY_YEAR

    ctypedef struct sk_periods:
        int64_t *numbers
        uint64_t *counts
        size_t used
        uint64_t unplaced, undated

    int sk_count_periods(const sk_segment *s, const uint8_t *marked, int by, sk_periods *found)

PERIODS = {"day": SK_BY_DAY, "week": SK_BY_WEEK, "month": SK_BY_MONTH, "quarter": SK_BY_QUARTER, "year": SK_BY_YEAR}


def count_periods(Parts parts not None, matches not None, str by not None):
    """How many articles lie in each period of the kind `by` (a key of PERIODS), how many in none, how many are undated.

    `matches`: of each part a bitmap, see Searcher.matches. Periods are numbered from the one of 0001-01-01 on; those
    without an article are left out.
    """
    cdef int kind = PERIODS[by], failed
    cdef const uint8_t[::1] marked
    cdef Segment segment
    cdef sk_periods found
    cdef uint64_t unplaced = 0, undated = 0
    cdef size_t i
    cdef dict counts = {}
    if len(matches) != parts.count:
        raise ValueError(f"{len(matches)} bitmaps of {parts.count} parts")
    for segment, bitmap in zip(parts.segments, matches):
        marked = bitmap
        if <size_t>marked.shape[0] < (<size_t>segment.s.articles + 63) // 64 * 8:
            raise ValueError(f"{segment.path}: {marked.shape[0]} bytes are no bitmap of its articles")
        segment.touch_dates()
        with nogil:
            failed = sk_count_periods(&segment.s, &marked[0], kind, &found)
        segment._check(failed, "dates")
        try:
            for i in range(found.used):
                number = found.numbers[i]
                counts[number] = counts.get(number, 0) + found.counts[i]
        finally:
            free(found.numbers)
            free(found.counts)
        unplaced += found.unplaced
        undated += found.undated
    return counts, unplaced, undated
