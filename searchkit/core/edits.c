/* Sets of places, moved by a letter. See edits.h. */
#include "edits.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static void put(uint64_t *set, uint32_t place) { set[place / 64] |= UINT64_C(1) << (place % 64); }

static int rising(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

static uint32_t letter_of(const sk_edits *e, uint32_t code_point)
{
    if (code_point < 128)
        return e->ascii[code_point];
    uint32_t letter = 0;
    while (letter < e->letters && e->code_points[letter] != code_point)
        letter++;
    return letter;
}

/* What is reached from the places reached with one edit less by leaving letters out. */
static void leave_out(const sk_edits *e, uint64_t *state)
{
    for (uint32_t edits = 1; edits <= e->distance; edits++)
        for (uint32_t place = e->prefix; place < e->length; place++)
            if (state[(edits - 1) * e->words + place / 64] >> (place % 64) & 1)
                put(state + edits * e->words, place + 1);
}

int sk_edits_open(sk_edits *e, const uint32_t *code_points, uint32_t length, uint32_t distance, uint32_t prefix)
{
    memset(e, 0, sizeof *e);
    e->length = length;
    e->prefix = prefix < length ? prefix : length;
    e->distance = distance;
    e->words = length / 64 + 1;
    e->state = (2 * distance + 1) * e->words;
    e->code_points = malloc((length + 1) * sizeof *e->code_points);
    e->places = calloc((size_t)(length + 1) * e->words, sizeof *e->places);
    e->open = calloc(2 * e->words, sizeof *e->open);
    e->states = calloc((size_t)(SK_KEY_MAX + 1) * e->state, sizeof *e->states);
    if (!e->code_points || !e->places || !e->open || !e->states)
        return SK_NO_MEMORY;
    e->whole = e->open + e->words;
    if (length)
        memcpy(e->code_points, code_points, length * sizeof *code_points);
    qsort(e->code_points, length, sizeof *e->code_points, rising);
    for (uint32_t i = 0; i < length; i++)
        if (i == 0 || e->code_points[i] != e->code_points[i - 1])
            e->code_points[e->letters++] = e->code_points[i];
    memset(e->ascii, (int)e->letters, sizeof e->ascii);
    for (uint32_t i = 0; i < e->letters && e->code_points[i] < 128; i++)
        e->ascii[e->code_points[i]] = (uint8_t)i;
    for (uint32_t place = 0; place <= length; place++) {
        if (place < length)
            put(e->places + letter_of(e, code_points[place]) * e->words, place);
        if (place >= e->prefix)
            put(e->open, place);
        put(e->whole, place);
    }
    put(e->states, 0);
    leave_out(e, e->states);
    return SK_OK;
}

void sk_edits_close(sk_edits *e)
{
    free(e->code_points);
    free(e->places);
    free(e->open);
    free(e->states);
    memset(e, 0, sizeof *e);
}

/* Places go up by a letter to the next bit, which may lie in the next word: `low` is what the word before had. */
static inline uint64_t up(uint64_t set, uint64_t low, unsigned by) { return set << by | low >> (64 - by); }

static inline __attribute__((always_inline)) int move(const sk_edits *e, uint32_t words, const uint64_t *from,
                                                      const uint64_t *at, uint64_t *to)
{
    uint64_t any = 0;
    const uint64_t *exchanged = from + (e->distance + 1) * words;
    for (uint32_t edits = 0; edits <= e->distance; edits++, from += words, to += words) {
        uint64_t low = 0, lower = 0;
        for (uint32_t w = 0; w < words; w++) {
            uint64_t one = from[w] & at[w], two = 0, none = 0;
            if (edits) {
                none = from[(ptrdiff_t)w - words] & e->open[w];              /* a letter was put in, ... */
                one |= none | (to[(ptrdiff_t)w - words] & e->open[w]);       /* ... replaced, or one is left out, ... */
                two = exchanged[(edits - 1) * words + w] & at[w];            /* ... or two were exchanged */
            }
            to[w] = (up(one, low, 1) | up(two, lower, 2) | none) & e->whole[w];
            any |= to[w];
            low = one;
            lower = two;
        }
    }
    from -= (e->distance + 1) * words;
    for (uint32_t edits = 0; edits < e->distance; edits++, from += words, to += words)
        for (uint32_t w = 0; w < words; w++) {
            uint64_t second = at[w] >> 1 | (w + 1 < words ? at[w + 1] << 63 : 0);
            to[w] = from[w] & e->open[w] & second;
            any |= to[w];
        }
    return any != 0;
}

int sk_edits_move(sk_edits *e, uint32_t depth, uint32_t code_point)
{
    const uint64_t *at = e->places + letter_of(e, code_point) * e->words, *from = e->states + (size_t)depth * e->state;
    uint64_t *to = e->states + (size_t)(depth + 1) * e->state;
    return e->words == 1 ? move(e, 1, from, at, to) : move(e, e->words, from, at, to);
}

int sk_edits_accepts(const sk_edits *e, uint32_t depth)
{
    const uint64_t *state = e->states + (size_t)depth * e->state + e->length / 64;
    uint64_t any = 0;
    for (uint32_t edits = 0; edits <= e->distance; edits++)
        any |= state[edits * e->words];
    return (int)(any >> (e->length % 64) & 1);
}

uint32_t sk_edits_next(const sk_edits *e, uint32_t depth, uint32_t from)
{
    if (from >= SK_CODE_POINTS)
        return SK_CODE_POINTS;
    const uint64_t *state = e->states + (size_t)depth * e->state;
    for (uint32_t edits = 0; edits < e->distance; edits++)
        for (uint32_t w = 0; w < e->words; w++)
            if (state[edits * e->words + w] & e->open[w])
                return from;
    for (uint32_t letter = 0; letter < e->letters; letter++)
        for (uint32_t w = 0; e->code_points[letter] >= from && w < e->state; w++)
            if (state[w] & e->places[letter * e->words + w % e->words])
                return e->code_points[letter];
    return SK_CODE_POINTS;
}
