/* See order.h. */
#include "order.h"

#include <string.h>

static int compare(const void *left, const void *right)
{
    const sk_sorted *a = left, *b = right;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    int order = memcmp(a->key, b->key, a->length < b->length ? a->length : b->length);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

void sk_sort(sk_sorted *items, size_t count)
{
    qsort(items, count, sizeof *items, compare);
}
