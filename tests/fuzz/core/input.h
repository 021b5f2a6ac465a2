/* What a fuzzer's bytes stand for: numbers, pieces, and whole segments without a checksum in the way.
 *
 *     segment := u32[11] bytes of the sections meta, lengths, titles, dates, ids, id_order, terms, term_index, forms,
 *                form_index, postings; then these sections
 *
 * A size beyond the end means what is left, so any bytes are a segment. Each section lies in memory of its own, of just
 * its size: a byte read behind it is seen by the sanitizer, though in a file it would be one of the next section.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdio.h>

#include "ids.h"
#include "maxima.h"

enum { SECTIONS = 11, LEAST_VIEW = 1 };

#define LAW(holds)                                                          \
    do {                                                                    \
        if (!(holds)) {                                                     \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #holds); \
            abort();                                                        \
        }                                                                   \
    } while (0)

typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

static inline uint64_t take(input *in, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes && in->left; i++, in->at++, in->left--)
        value |= (uint64_t)*in->at << 8 * i;
    return value;
}

static inline void *new_room(size_t size)
{
    void *room = calloc(1, size ? size : 1);
    if (!room)
        exit(0); /* no finding */
    return room;
}

/* The next bytes in a room of their own size. */
static inline uint8_t *take_room(input *in, size_t size)
{
    uint8_t *room = malloc(size ? size : 1);
    if (!room)
        exit(0);
    memcpy(room, in->at, size);
    in->at += size;
    in->left -= size;
    return room;
}

/* Returns 1 if the segment opens. close_segment is due in either case. */
static inline int open_segment(sk_segment *s, input *in)
{
    memset(s, 0, sizeof *s);
    uint64_t sizes[SECTIONS];
    const char *damaged;
    for (unsigned i = 0; i < SECTIONS; i++)
        sizes[i] = take(in, 4);
    for (unsigned i = 0; i < SECTIONS; i++) {
        sk_section *section = &s->meta + i;
        section->size = sizes[i] < in->left ? (size_t)sizes[i] : in->left;
        section->at = take_room(in, section->size);
    }
    s->page_bits = 14;
    s->page_size = 1 << 14;
    if (sk_segment_open(s, &damaged) != SK_OK)
        return 0;
    s->maxima = sk_maxima_open();
    return 1;
}

static inline void close_segment(sk_segment *s)
{
    sk_maxima_close(s->maxima);
    for (unsigned i = 0; i < SECTIONS; i++)
        free((void *)(&s->meta + i)->at);
}

/* Changed inside of one section, its size kept right: bytes that move from one section into the next rarely open. `data`
 * is a segment and whatever is behind it, of `size` bytes in a room of `max`. Returns the new size. Weak, since only
 * fuzzers have it. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

static inline size_t mutate_segment(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t at = 4 * SECTIONS, section = seed % SECTIONS, length = 0;
    uint32_t sizes[SECTIONS];
    if (size <= at || max < size)
        return LLVMFuzzerMutate(data, size, max);
    memcpy(sizes, data, at);
    for (unsigned i = 0; i <= section; i++) {
        at += length;
        length = sizes[i] < size - at ? sizes[i] : size - at;
    }
    size_t tail = size - at - length;
    memmove(data + max - tail, data + at + length, tail);
    size_t made = LLVMFuzzerMutate(data + at, length, max - tail - at);
    memmove(data + at + made, data + max - tail, tail);
    sizes[section] = (uint32_t)made;
    memcpy(data, sizes, 4 * SECTIONS);
    return at + made + tail;
}

#endif
