/* Streams of bits, least significant bit first, and the two codes written in them. Little-endian machines only.
 *
 *   rice(value, k)     := value >> k ones, a zero, k low bits; or 24 ones and 32 raw bits where value >> k >= 24
 *   positions(p, n, l) := n ascending positions below the article's length l:
 *                         n = 1: the position in w = bit_width(l - 1) bits;
 *                         n = 2: a in w bits, b in w - 1: the first position, and how many lie between the two, or if
 *                         these take w bits, what both lack to 2^w - 1 and to 2^w - 2, which a + b > 2^w - 2 tells;
 *                         n > 2: Elias-Fano with low = floor(log2(l / n)) low bits each, then the high parts as a
 *                         bitmap of n + ((l - 1) >> low) bits, bit (p[i] >> low) + i set for each i.
 *
 * The size of a positions code follows from (n, l) alone, so any article's positions are found by adding up sizes.
 */
#ifndef SK_BITS_H
#define SK_BITS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "searchkit's files are little-endian, and so is its compiled core"
#endif

enum { SK_RICE_ESCAPE = 24, SK_RICE_K_MAX = 31 };

static inline uint16_t sk_load16(const uint8_t *at) { uint16_t v; memcpy(&v, at, 2); return v; }
static inline uint32_t sk_load32(const uint8_t *at) { uint32_t v; memcpy(&v, at, 4); return v; }
static inline uint64_t sk_load64(const uint8_t *at) { uint64_t v; memcpy(&v, at, 8); return v; }
static inline int64_t sk_load64s(const uint8_t *at) { int64_t v; memcpy(&v, at, 8); return v; }
static inline float sk_loadf(const uint8_t *at) { float v; memcpy(&v, at, 4); return v; }

/* ---- a growable byte buffer ------------------------------------------------------------------------------------- */

typedef struct sk_buffer {
    uint8_t *bytes;
    size_t length, capacity;
    int failed; /* memory ran out: everything since is void */
} sk_buffer;

static inline int sk_buffer_room(sk_buffer *b, size_t more)
{
    if (b->failed)
        return -1;
    if (b->length + more > b->capacity) {
        size_t capacity = b->capacity ? b->capacity * 2 : 4096;
        while (capacity < b->length + more)
            capacity *= 2;
        uint8_t *bytes = realloc(b->bytes, capacity);
        if (!bytes) {
            b->failed = 1;
            return -1;
        }
        b->bytes = bytes;
        b->capacity = capacity;
    }
    return 0;
}

static inline void sk_buffer_put(sk_buffer *b, const void *data, size_t length)
{
    if (length && !sk_buffer_room(b, length)) {
        memcpy(b->bytes + b->length, data, length);
        b->length += length;
    }
}

static inline void sk_buffer_varint(sk_buffer *b, uint64_t value)
{
    uint8_t bytes[10];
    unsigned n = 0;
    do {
        bytes[n++] = (uint8_t)(value & 127) | (value > 127 ? 128 : 0);
        value >>= 7;
    } while (value);
    sk_buffer_put(b, bytes, n);
}

static inline void sk_buffer_free(sk_buffer *b)
{
    free(b->bytes);
    memset(b, 0, sizeof *b);
}

/* Read a varint below 2^63 at *at, before end. Returns 0, or -1 on damage. */
static inline int sk_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    uint64_t v = 0;
    const uint8_t *p = *at;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        if (p >= end)
            return -1;
        uint8_t byte = *p++;
        v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *at = p;
            *value = v;
            return 0;
        }
    }
    return -1;
}

/* ---- writing bits ----------------------------------------------------------------------------------------------- */

typedef struct sk_bit_writer {
    sk_buffer *out;
    uint64_t word;
    unsigned used;
    uint64_t bits; /* written in all */
} sk_bit_writer;

static inline void sk_bits_put(sk_bit_writer *w, uint64_t value, unsigned count) /* count <= 57 */
{
    w->word |= value << w->used;
    w->used += count;
    w->bits += count;
    unsigned whole = w->used >> 3;
    if (whole && !sk_buffer_room(w->out, 8)) {
        memcpy(w->out->bytes + w->out->length, &w->word, 8);
        w->out->length += whole;
        w->word = whole < 8 ? w->word >> 8 * whole : 0;
    }
    w->used &= 7;
}

static inline void sk_bits_flush(sk_bit_writer *w)
{
    if (w->used) {
        uint8_t byte = (uint8_t)w->word;
        sk_buffer_put(w->out, &byte, 1);
    }
    w->word = 0;
    w->used = 0;
}

static inline void sk_rice_put(sk_bit_writer *w, uint32_t value, unsigned k)
{
    uint32_t quotient = value >> k;
    if (quotient >= SK_RICE_ESCAPE) {
        sk_bits_put(w, (UINT64_C(1) << SK_RICE_ESCAPE) - 1, SK_RICE_ESCAPE);
        sk_bits_put(w, value, 32);
    } else {
        uint64_t low = value & ((UINT64_C(1) << k) - 1);
        sk_bits_put(w, ((UINT64_C(1) << quotient) - 1) | low << (quotient + 1), quotient + 1 + k);
    }
}

static inline unsigned sk_rice_size(uint32_t value, unsigned k)
{
    uint32_t quotient = value >> k;
    return quotient >= SK_RICE_ESCAPE ? SK_RICE_ESCAPE + 32 : quotient + 1 + k;
}

/* ---- reading bits: every read is checked against the end --------------------------------------------------------- */

typedef struct sk_bit_reader {
    const uint8_t *base;
    uint64_t at, end; /* bit offsets; reads at or behind `end` fail */
    size_t bytes;     /* readable bytes behind base */
    int failed;
} sk_bit_reader;

/* At least 57 valid bits from `at` on (zeros behind the buffer). */
static inline uint64_t sk_bits_peek(const uint8_t *base, size_t bytes, uint64_t at)
{
    size_t byte = (size_t)(at >> 3);
    uint64_t word = 0;
    if (byte + 8 <= bytes)
        word = sk_load64(base + byte);
    else if (byte < bytes)
        memcpy(&word, base + byte, bytes - byte);
    return word >> (at & 7);
}

static inline uint32_t sk_rice_get(sk_bit_reader *r, unsigned k)
{
    uint64_t word = sk_bits_peek(r->base, r->bytes, r->at);
    unsigned ones = ~word ? (unsigned)__builtin_ctzll(~word) : 64;
    uint32_t value;
    if (ones >= SK_RICE_ESCAPE) {
        value = (uint32_t)(word >> SK_RICE_ESCAPE);
        r->at += SK_RICE_ESCAPE + 32;
    } else {
        value = (ones << k) | (uint32_t)((word >> (ones + 1)) & ((UINT64_C(1) << k) - 1));
        r->at += ones + 1 + k;
    }
    if (r->at > r->end)
        r->failed = 1;
    return value;
}

/* ---- positions --------------------------------------------------------------------------------------------------- */

static inline unsigned sk_bit_width(uint32_t value) { return value ? 32 - (unsigned)__builtin_clz(value) : 0; }

/* floor(log2(length / n)), without a division. Requires 1 <= n <= length. */
static inline unsigned sk_positions_low(uint32_t n, uint32_t length)
{
    unsigned low = sk_bit_width(length) - sk_bit_width(n);
    return low - (((uint64_t)n << low) > length);
}

/* Bits of the positions code. Requires 1 <= n <= length. */
static inline uint64_t sk_positions_size(uint32_t n, uint32_t length)
{
    if (n <= 2)
        return n * sk_bit_width(length - 1) - (n - 1);
    unsigned low = sk_positions_low(n, length);
    return (uint64_t)n * low + n + ((length - 1) >> low);
}

/* Two positions as they are written, and back. Of a triangle of pairs one half is turned round to fill the square. */
static inline void sk_positions_fold(uint64_t *a, uint64_t *b, unsigned width)
{
    uint64_t most = (UINT64_C(1) << width) - 1;
    *a = most - *a;
    *b = most - 1 - *b;
}

static inline void sk_positions_two(const uint8_t *base, size_t bytes, uint64_t at, uint32_t length, uint64_t *first,
                                    uint64_t *second)
{
    unsigned width = sk_bit_width(length - 1);
    uint64_t most = (UINT64_C(1) << width) - 1;
    *first = sk_bits_peek(base, bytes, at) & most;
    *second = sk_bits_peek(base, bytes, at + width) & (most >> 1);
    if (*first + *second >= most)
        sk_positions_fold(first, second, width);
    *second += *first + 1;
}

static inline void sk_positions_put(sk_bit_writer *w, const uint32_t *positions, uint32_t n, uint32_t length)
{
    if (n == 1) {
        sk_bits_put(w, positions[0], sk_bit_width(length - 1));
        return;
    }
    if (n == 2) {
        unsigned width = sk_bit_width(length - 1);
        uint64_t first = positions[0], between = positions[1] - positions[0] - 1;
        if (between >> (width - 1))
            sk_positions_fold(&first, &between, width);
        sk_bits_put(w, first, width);
        sk_bits_put(w, between, width - 1);
        return;
    }
    unsigned low = sk_positions_low(n, length);
    for (uint32_t i = 0; i < n; i++)
        sk_bits_put(w, positions[i] & ((UINT64_C(1) << low) - 1), low);
    uint32_t at = 0; /* the bit after the last one set */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bit = (positions[i] >> low) + i;
        uint32_t zeros = bit - at;
        for (; zeros > 48; zeros -= 48)
            sk_bits_put(w, 0, 48);
        sk_bits_put(w, UINT64_C(1) << zeros, zeros + 1);
        at = bit + 1;
    }
    for (uint32_t zeros = n + ((length - 1) >> low) - at; zeros; ) {
        unsigned some = zeros > 48 ? 48 : zeros;
        sk_bits_put(w, 0, some);
        zeros -= some;
    }
}

/* Read n positions at bit `at`. Requires 1 <= n <= length. Returns 0, or -1 if the bytes are damaged. */
static inline int sk_positions_get(const uint8_t *base, size_t bytes, uint64_t at, uint32_t n, uint32_t length,
                                   uint32_t *positions)
{
    if (at + sk_positions_size(n, length) > (uint64_t)bytes * 8)
        return -1;
    if (n == 1) {
        unsigned width = sk_bit_width(length - 1);
        positions[0] = (uint32_t)(sk_bits_peek(base, bytes, at) & ((UINT64_C(1) << width) - 1));
        return positions[0] < length ? 0 : -1;
    }
    if (n == 2) {
        uint64_t first, second;
        sk_positions_two(base, bytes, at, length, &first, &second);
        positions[0] = (uint32_t)first;
        positions[1] = (uint32_t)second;
        return second < length ? 0 : -1;
    }
    unsigned low = sk_positions_low(n, length);
    uint64_t lows = at, highs = at + (uint64_t)n * low, end = at + sk_positions_size(n, length);
    uint64_t low_mask = (UINT64_C(1) << low) - 1;
    uint64_t least = 0; /* one above the last position; in 64 bits, where no damaged code can run around */
    uint32_t i = 0, damaged = 0;
    for (uint64_t bit = highs; i < n && bit < end; bit += 56) {
        uint64_t word = sk_bits_peek(base, bytes, bit) & ((UINT64_C(1) << 56) - 1);
        while (word && i < n) {
            uint64_t high = bit - highs + (unsigned)__builtin_ctzll(word) - i;
            uint64_t position = high << low | (sk_bits_peek(base, bytes, lows) & low_mask);
            damaged |= position < least;
            positions[i++] = (uint32_t)position;
            least = position + 1;
            lows += low;
            word &= word - 1;
        }
    }
    return i < n || damaged || least > length ? -1 : 0;
}

/* The n positions of one article, looked into without decoding them. */
typedef struct sk_position_code {
    const uint8_t *base;
    size_t bytes;
    uint64_t at;
    uint32_t n, length;
} sk_position_code;

/* The place of the k-th set bit (from 0). Requires: there are more than k. */
static inline unsigned sk_select(uint64_t word, unsigned k)
{
#ifdef SK_PDEP
    return (unsigned)__builtin_ctzll(__builtin_ia32_pdep_di(UINT64_C(1) << k, word));
#else
    while (k--)
        word &= word - 1;
    return (unsigned)__builtin_ctzll(word);
#endif
}

/* Whether a position is among them. Requires: position < length, and the code lies within its bytes. */
static inline int sk_code_holds(const sk_position_code *c, uint32_t position)
{
    if (c->n == 1) {
        uint64_t mask = (UINT64_C(1) << sk_bit_width(c->length - 1)) - 1;
        return (sk_bits_peek(c->base, c->bytes, c->at) & mask) == position;
    }
    if (c->n == 2) {
        uint64_t first, second;
        sk_positions_two(c->base, c->bytes, c->at, c->length, &first, &second);
        return first == position || second == position;
    }
    unsigned low = sk_positions_low(c->n, c->length);
    uint64_t highs = c->at + (uint64_t)c->n * low, count = (uint64_t)c->n + ((c->length - 1) >> low), bit = 0;
    uint32_t bucket = position >> low, zeros = bucket; /* skip so many zeros: then come the bucket's ones */
    while (zeros) {
        uint64_t gaps = ~sk_bits_peek(c->base, c->bytes, highs + bit) & ((UINT64_C(1) << 56) - 1);
        unsigned here = (unsigned)__builtin_popcountll(gaps);
        if (here >= zeros) {
            bit += sk_select(gaps, zeros - 1) + 1;
            break;
        }
        zeros -= here;
        bit += 56;
        if (bit >= count)
            return 0;
    }
    uint64_t low_mask = (UINT64_C(1) << low) - 1, wanted = position & low_mask, index = bit - bucket;
    for (; bit < count && (sk_bits_peek(c->base, c->bytes, highs + bit) & 1); bit++, index++)
        if ((sk_bits_peek(c->base, c->bytes, c->at + index * low) & low_mask) == wanted)
            return 1;
    return 0;
}

#endif
