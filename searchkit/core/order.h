/* Sorting what a build sorts: articles newest first, names by their bytes. */
#ifndef SK_ORDER_H
#define SK_ORDER_H

#include <stdint.h>
#include <stdlib.h>

/* In order of rising `high`, then `low`, then `key`. */
typedef struct sk_sorted {
    uint64_t high, low;
    const uint8_t *key;
    uint32_t length, number;
} sk_sorted;

/* Newest first, by end, then by start, then by id; the undated (-1) stand last. */
static inline sk_sorted sk_sorted_article(int64_t start, int64_t end, const uint8_t *id, uint32_t length, uint32_t number)
{
    const uint64_t sign = UINT64_C(1) << 63;
    return (sk_sorted){~((uint64_t)end ^ sign), ~((uint64_t)start ^ sign), id, length, number};
}

/* By bytes; the first sixteen are compared as two numbers. */
static inline sk_sorted sk_sorted_name(const uint8_t *key, uint32_t length, uint32_t number)
{
    sk_sorted s = {0, 0, key, length, number};
    for (uint32_t i = 0; i < 8; i++)
        s.high = s.high << 8 | (i < length ? key[i] : 0);
    for (uint32_t i = 8; i < 16; i++)
        s.low = s.low << 8 | (i < length ? key[i] : 0);
    return s;
}

void sk_sort(sk_sorted *items, size_t count);

#endif
