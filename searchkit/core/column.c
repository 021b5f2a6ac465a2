/* Columns of declared fields. See column.h. */
#include "column.h"

/* Number i. The tail lets 8 bytes be read from any byte of the numbers. */
static inline uint32_t number_at(const uint8_t *packed, unsigned width, size_t i)
{
    uint64_t bit = (uint64_t)i * width;
    return (uint32_t)(sk_load64(packed + bit / 8) >> (bit & 7) & ((UINT64_C(1) << width) - 1));
}

static uint64_t packed_size(uint64_t count, unsigned width) { return (count * width + 7) / 8 + SK_PACKED_TAIL; }

int sk_pack(sk_buffer *out, const uint32_t *numbers, size_t count, unsigned width)
{
    size_t size = (size_t)packed_size(count, width);
    if (sk_buffer_room(out, size))
        return SK_NO_MEMORY;
    uint8_t *at = out->bytes + out->length;
    memset(at, 0, size);
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = (uint64_t)i * width, some = sk_load64(at + bit / 8) | (uint64_t)numbers[i] << (bit & 7);
        memcpy(at + bit / 8, &some, 8);
    }
    out->length += size;
    return SK_OK;
}

int sk_column_open(sk_column *c, const sk_segment *s, const uint8_t *at, size_t size)
{
    memset(c, 0, sizeof *c);
    if (size < SK_COLUMN_HEAD || sk_touch(s, at, size))
        return SK_DAMAGED;
    c->articles = s->articles;
    c->kind = at[0];
    c->code_width = at[1];
    c->place_width = at[2];
    c->end_width = at[3];
    c->values = sk_load32(at + 4);
    c->codes = sk_load32(at + 8);
    uint64_t text = sk_load64(at + 16), left = size - SK_COLUMN_HEAD;
    if (c->kind < SK_KEYWORD || c->kind > SK_DATES || c->values == 0 || c->codes == 0 || c->code_width == 0 ||
        c->code_width > 32 || c->place_width > 32 || c->end_width > 32 || (c->kind == SK_KEYWORD) != (c->end_width > 0) ||
        (c->kind != SK_KEYWORD && text) || c->values >> (c->code_width - 1) != 1 ||
        (c->place_width == 0 && c->codes != c->articles) || sk_load32(at + 12) || sk_load64(at + 24))
        return SK_DAMAGED;
    static const unsigned sizes[] = {0, 0, 8, 1, 16};
    uint64_t ends = c->kind == SK_KEYWORD ? packed_size(c->values, c->end_width) : 0;
    uint64_t items = c->kind == SK_KEYWORD ? text : (uint64_t)c->values * sizes[c->kind];
    uint64_t codes = packed_size(c->codes, c->code_width);
    uint64_t places = c->place_width ? packed_size(c->articles, c->place_width) : 0;
    if (items > left || ends > left - items || codes > left - items - ends || places != left - items - ends - codes)
        return SK_DAMAGED;
    c->text_size = (size_t)text;
    c->ends = at + SK_COLUMN_HEAD;
    c->items = c->ends + ends;
    c->code_bits = c->items + items;
    c->place_bits = places ? c->code_bits + codes : NULL;
    return SK_OK;
}

int sk_column_text(const sk_column *c, uint32_t value, const uint8_t **text, size_t *length)
{
    uint32_t from = value ? number_at(c->ends, c->end_width, value - 1) : 0, to = number_at(c->ends, c->end_width, value);
    if (from > to || to > c->text_size)
        return SK_DAMAGED;
    *text = c->items + from;
    *length = to - from;
    return SK_OK;
}

/* The codes of an article, where some have several: 1, or 0 if the places are wrong. */
static inline int codes_of(const sk_column *c, uint32_t docid, uint32_t *from, uint32_t *to)
{
    *from = docid ? number_at(c->place_bits, c->place_width, docid - 1) : 0;
    *to = number_at(c->place_bits, c->place_width, docid);
    return *from <= *to && *to <= c->codes;
}

enum { WANTED = 1, WRONG = 2 };

/* What `wanted` says, for every number that a code can be: no code needs a look whether it is one. */
static uint8_t *table_of(const sk_column *c, const uint8_t *wanted)
{
    uint8_t *table = malloc((size_t)1 << c->code_width);
    if (!table)
        return NULL;
    memset(table, WRONG, (size_t)1 << c->code_width);
    for (uint32_t i = 0; i < c->values; i++)
        table[i] = wanted[i] & WANTED;
    if (!c->place_bits)
        table[c->values] = 0;
    return table;
}

int sk_column_select(const sk_column *c, const uint8_t *wanted, uint64_t *bits)
{
    uint8_t *table = table_of(c, wanted), seen = 0;
    if (!table)
        return SK_NO_MEMORY;
    for (uint32_t base = 0; base < c->articles; base += 64) {
        uint32_t count = c->articles - base < 64 ? c->articles - base : 64;
        uint64_t word = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint8_t found = 0;
            if (!c->place_bits) {
                found = table[number_at(c->code_bits, c->code_width, base + i)];
            } else {
                uint32_t from, to;
                if (!codes_of(c, base + i, &from, &to)) {
                    seen = WRONG;
                    break;
                }
                for (; from < to; from++)
                    found |= table[number_at(c->code_bits, c->code_width, from)];
            }
            seen |= found;
            word |= (uint64_t)(found & WANTED) << i;
        }
        bits[base / 64] = word;
    }
    free(table);
    return seen & WRONG ? SK_DAMAGED : SK_OK;
}

int sk_column_count(const sk_column *c, const uint64_t *bits, uint64_t *counts)
{
    size_t room = (size_t)1 << c->code_width;
    uint64_t *all = calloc(room, sizeof *all);
    if (!all)
        return SK_NO_MEMORY;
    int failed = SK_OK;
    for (uint32_t base = 0; base < c->articles && !failed; base += 64) {
        uint64_t some = bits[base / 64];
        for (; some; some &= some - 1) {
            uint32_t docid = base + (uint32_t)__builtin_ctzll(some), from, to, last = UINT32_MAX;
            if (docid >= c->articles)
                break;
            if (!c->place_bits) {
                all[number_at(c->code_bits, c->code_width, docid)]++;
                continue;
            }
            if (!codes_of(c, docid, &from, &to)) {
                failed = SK_DAMAGED;
                break;
            }
            for (; from < to; from++) {
                uint32_t code = number_at(c->code_bits, c->code_width, from);
                all[code] += code != last;
                last = code;
            }
        }
    }
    memcpy(counts, all, c->values * sizeof *counts);
    /* Behind the values there is only the code of no value, and that only where no article has several. */
    for (size_t i = c->values + (c->place_bits == NULL); i < room; i++)
        failed = all[i] ? SK_DAMAGED : failed;
    free(all);
    return failed;
}

int sk_column_ranks(const sk_column *c, const uint32_t *rank_of, uint32_t *ranks)
{
    for (uint32_t docid = 0; docid < c->articles; docid++) {
        uint32_t from = docid, to = docid + 1, least = UINT32_MAX;
        if (c->place_bits && !codes_of(c, docid, &from, &to))
            return SK_DAMAGED;
        for (uint32_t at = from; at < to; at++) {
            uint32_t code = number_at(c->code_bits, c->code_width, at);
            if (code < c->values)
                least = rank_of[code] < least ? rank_of[code] : least;
            else if (code > c->values || c->place_bits)
                return SK_DAMAGED;
        }
        ranks[docid] = least;
    }
    return SK_OK;
}
