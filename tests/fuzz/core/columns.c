/* A column of any bytes, asked for all that filters, orders and counts ask: their answers must go together.
 *
 *     input := u16 articles, column (column.h)
 */
#include "column.h"

#include "input.h"

enum { MOST_SINGLE = 8 };

static uint64_t bits_of(const uint64_t *bits, size_t words)
{
    uint64_t count = 0;
    for (size_t i = 0; i < words; i++)
        count += (uint64_t)__builtin_popcountll(bits[i]);
    return count;
}

/* Every value, read to its end. */
static void read_values(const sk_column *c)
{
    volatile uint64_t seen = 0;
    for (uint32_t value = 0; value < c->values; value++) {
        const uint8_t *text;
        size_t length;
        if (c->kind == SK_KEYWORD && sk_column_text(c, value, &text, &length) == SK_OK)
            for (size_t i = 0; i < length; i++)
                seen += text[i];
        else if (c->kind == SK_NUMBER)
            seen += sk_column_number(c, value) > 0;
        else if (c->kind == SK_DATES)
            seen += sk_column_start(c, value) < sk_column_end(c, value);
        else if (c->kind == SK_BOOLEAN)
            seen += c->items[value];
    }
}

static void ask(const sk_column *c)
{
    size_t words = ((size_t)c->articles + 63) / 64;
    uint8_t *wanted = new_room(c->values);
    uint64_t *bits = new_room(8 * words), *all = new_room(8 * words), *counts = new_room(8 * (size_t)c->values);
    uint32_t *ranks = new_room(4 * (size_t)c->articles), *rank_of = new_room(4 * (size_t)c->values);
    memset(wanted, 1, c->values);
    for (uint32_t value = 0; value < c->values; value++)
        rank_of[value] = c->values - 1 - value;
    for (uint32_t docid = 0; docid < c->articles; docid++)
        all[docid / 64] |= UINT64_C(1) << docid % 64;
    int selected = sk_column_select(c, wanted, bits), counted = sk_column_count(c, all, counts);
    int ranked = sk_column_ranks(c, rank_of, ranks);
    LAW(selected == counted && selected == ranked);
    if (selected == SK_OK) {
        for (uint32_t docid = 0; docid < c->articles; docid++) {
            LAW((bits[docid / 64] >> docid % 64 & 1) == (ranks[docid] != UINT32_MAX));
            LAW(ranks[docid] == UINT32_MAX || ranks[docid] < c->values);
        }
        uint64_t sum = 0;
        for (uint32_t value = 0; value < c->values; value++)
            sum += counts[value];
        LAW(sum <= c->codes);
        if (words)
            LAW(!(bits[words - 1] & ~all[words - 1]));
        for (uint32_t value = 0; value < c->values && value < MOST_SINGLE; value++) {
            memset(wanted, 0, c->values);
            wanted[value] = 1;
            LAW(sk_column_select(c, wanted, bits) == SK_OK);
            uint64_t found = bits_of(bits, words); /* codes that are not in order count twice */
            LAW(found <= counts[value] && (found > 0) == (counts[value] > 0));
        }
    }
    free(wanted);
    free(bits);
    free(all);
    free(counts);
    free(ranks);
    free(rank_of);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    sk_segment s = {.articles = (uint32_t)take(&in, 2)};
    size_t length = in.left;
    uint8_t *bytes = take_room(&in, length);
    sk_column column;
    if (sk_column_open(&column, &s, bytes, length) == SK_OK) {
        read_values(&column);
        ask(&column);
    }
    free(bytes);
    return 0;
}
