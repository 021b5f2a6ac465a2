/* Columns: the values that the articles of a segment have in one declared field, by docid.
 *
 *     column  := head, values, codes, places
 *     head    := u8 kind, u8 width of codes, u8 width of places, u8 width of ends, u32 V, u32 C, u32 0, u64 T, u64 0
 *     values  := the V different values in rising order; a code is a number of one of them
 *                keyword  packed[V] where each value ends in the text, then T bytes of text (UTF-8)
 *                number   f64[V]
 *                boolean  u8[V]
 *                date     (i64 start, i64 end)[V], by start and then by end
 *     codes   := packed[C]; where no article has several values C is the number of articles, and V is that of no value
 *     places  := packed[articles] where each article's codes end, rising in each article; nothing if none has several
 *     packed  := numbers of so many bits each, lowest first, and zeros: up to a whole byte, and 8 bytes behind it
 *
 * What is asked of a column is asked of its values first, of which there are few: which of them are wanted, or how they
 * stand to the values of other segments. Then one pass over the codes tells it of the articles.
 */
#ifndef SK_COLUMN_H
#define SK_COLUMN_H

#include "segment.h"

enum { SK_KEYWORD = 1, SK_NUMBER = 2, SK_BOOLEAN = 3, SK_DATES = 4 };
enum { SK_COLUMN_HEAD = 32, SK_PACKED_TAIL = 8 };

typedef struct sk_column {
    uint32_t articles;
    int kind;
    unsigned code_width, place_width, end_width;
    uint32_t values, codes;
    size_t text_size;
    const uint8_t *ends, *items; /* items: of keywords their text */
    const uint8_t *code_bits, *place_bits; /* place_bits NULL: no article has several values */
} sk_column;

/* Open the column in [at, at + size) of a segment's file, after a look at all its pages. SK_OK or SK_DAMAGED. */
int sk_column_open(sk_column *c, const sk_segment *s, const uint8_t *at, size_t size);

/* A keyword's text: SK_OK or SK_DAMAGED. Requires: value < c->values. */
int sk_column_text(const sk_column *c, uint32_t value, const uint8_t **text, size_t *length);

static inline double sk_column_number(const sk_column *c, uint32_t value)
{
    double number;
    memcpy(&number, c->items + 8 * (size_t)value, 8);
    return number;
}

static inline int64_t sk_column_start(const sk_column *c, uint32_t value) { return sk_load64s(c->items + 16 * (size_t)value); }

static inline int64_t sk_column_end(const sk_column *c, uint32_t value) { return sk_load64s(c->items + 16 * (size_t)value + 8); }

/* All below return SK_OK, SK_DAMAGED or SK_NO_MEMORY. Bitmaps are u64[ceil(articles / 64)]. */

/* The articles that have one of the values for which `wanted`, a byte for each value, is 1. */
int sk_column_select(const sk_column *c, const uint8_t *wanted, uint64_t *bits);

/* How many of the articles of a bitmap have each value; an article that has one twice counts once. */
int sk_column_count(const sk_column *c, const uint64_t *bits, uint64_t *counts);

/* Of each article the least rank of its values, UINT32_MAX where it has none. */
int sk_column_ranks(const sk_column *c, const uint32_t *rank_of, uint32_t *ranks);

/* Append numbers of `width` bits each, packed. Returns SK_OK or SK_NO_MEMORY. */
int sk_pack(sk_buffer *out, const uint32_t *numbers, size_t count, unsigned width);

#endif
