/* Marked articles counted by the calendar period in which they surely lie. */
#ifndef SK_PERIODS_H
#define SK_PERIODS_H

#include "segment.h"

enum sk_period { SK_BY_DAY, SK_BY_WEEK, SK_BY_MONTH, SK_BY_QUARTER, SK_BY_YEAR };

typedef struct sk_periods {
    /* Periods with any article, the last first: their numbers from the one of 0001-01-01 on, and how many there are. */
    int64_t *numbers;
    uint64_t *counts;
    size_t used;
    uint64_t unplaced; /* dated, but not within one period */
    uint64_t undated;
} sk_periods;

/* Count the articles that a bitmap marks: a bit for each docid, in whole words of 8 bytes. Requires: the section of dates
 * was touched. SK_OK, and `numbers` and `counts` are the caller's to free; SK_DAMAGED or SK_NO_MEMORY. */
int sk_count_periods(const sk_segment *s, const uint8_t *marked, int by, sk_periods *found);

#endif
