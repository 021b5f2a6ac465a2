/* A timeline of one segment: its runs of equal dates, newest first, each with the number of its marked articles.
 *
 *     placed     a run whose first and last second lie in one period; as runs stand in order of falling end, those of
 *                one period are neighbours among all that are placed, and one pass without a table counts them
 *     unplaced   a run that reaches over an end of a period: it is never guessed into one
 */
#include "periods.h"

#include <stdlib.h>

enum { DAY = 86400, LAST_DAY = 3652058 }; /* 9999-12-31 is that many days after 0001-01-01, which was a Monday */

static int64_t days_before(int64_t year)
{
    int64_t past = year - 1;
    return 365 * past + past / 4 - past / 100 + past / 400;
}

/* The number of the month that a day lies in. */
static int64_t month_of(int64_t day)
{
    static const uint16_t ends[12] = {31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int64_t year = day / 366 + 1; /* never too late, and early by some years at most */
    while (days_before(year + 1) <= day)
        year++;
    int64_t rest = day - days_before(year);
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0), month = 0;
    while (rest >= ends[month] + (leap && month > 0))
        month++;
    return 12 * (year - 1) + month;
}

static int64_t period_of(int64_t day, int by)
{
    switch (by) {
    case SK_BY_DAY: return day;
    case SK_BY_WEEK: return day / 7;
    case SK_BY_MONTH: return month_of(day);
    case SK_BY_QUARTER: return month_of(day) / 3;
    default: return month_of(day) / 12;
    }
}

static uint64_t count_between(const uint8_t *marked, uint32_t from, uint32_t to)
{
    uint64_t count = 0;
    while (from < to) {
        uint32_t shift = from & 63, some = 64 - shift < to - from ? 64 - shift : to - from;
        uint64_t word = sk_load64(marked + 8 * (size_t)(from >> 6)) >> shift;
        if (some < 64)
            word &= (UINT64_C(1) << some) - 1;
        count += (uint64_t)__builtin_popcountll(word);
        from += some;
    }
    return count;
}

int sk_count_periods(const sk_segment *s, const uint8_t *marked, int by, sk_periods *found)
{
    int64_t first_day = -1, last_day = -1, first = 0, last = 0; /* of the run before, whose periods are often the same */
    uint32_t from = 0;
    *found = (sk_periods){.numbers = malloc(s->runs * sizeof *found->numbers),
                          .counts = malloc(s->runs * sizeof *found->counts)};
    int failed = found->numbers && found->counts ? SK_OK : SK_NO_MEMORY;
    for (uint32_t i = 0; i < s->runs && !failed; i++) {
        const uint8_t *run = s->dates.at + (size_t)i * SK_RUN_BYTES;
        int64_t start = sk_load64s(run), end = sk_load64s(run + 8);
        uint32_t to = i + 1 < s->runs ? sk_load32(run + SK_RUN_BYTES + 16) : s->articles;
        if (from != sk_load32(run + 16) || to < from || to > s->articles ||
            (start >= 0 && (start >= end || end > (int64_t)(LAST_DAY + 1) * DAY))) {
            failed = SK_DAMAGED;
            break;
        }
        uint64_t count = count_between(marked, from, to);
        from = to;
        if (!count)
            continue;
        if (start < 0) {
            found->undated += count;
            continue;
        }
        if (start / DAY != first_day || (end - 1) / DAY != last_day) {
            first_day = start / DAY;
            last_day = (end - 1) / DAY;
            last = period_of(last_day, by);
            first = first_day == last_day ? last : period_of(first_day, by);
        }
        if (first != last)
            found->unplaced += count;
        else if (found->used && found->numbers[found->used - 1] == last)
            found->counts[found->used - 1] += count;
        else {
            found->numbers[found->used] = last;
            found->counts[found->used++] = count;
        }
    }
    if (failed) {
        free(found->numbers);
        free(found->counts);
        found->numbers = NULL;
        found->counts = NULL;
    }
    return failed;
}
