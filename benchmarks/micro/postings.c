/* The loops over postings in kernels.h: by level, on data that stays in the first cache. */
#include "harness.h"
#include "kernels.h"
#include "limits.h"

#include <stdio.h>

enum { BLOCKS = 64, PACKED = 32 * 32, ARTICLES = 1 << 15, WORDS = 64, RANGES = 512 };

typedef struct blocks {
    const sk_kernels *kernels;
    uint8_t *packed;
    unsigned width;
    uint32_t *docids, *tfs, *sizes;
    uint16_t *lengths, *chosen, *bounds;
    unsigned wider;
    float *scores, least;
    uint64_t *words;
} blocks;

static uint64_t docids(void *on)
{
    blocks *b = on;
    uint64_t sum = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        sum += b->kernels->docids(b->packed + i % 4 * PACKED, b->width, i, b->docids);
    return sum;
}

static uint64_t frequencies(void *on)
{
    blocks *b = on;
    for (unsigned i = 0; i < BLOCKS; i++)
        b->kernels->frequencies(b->packed + i % 4 * PACKED, b->width, b->tfs);
    return b->tfs[0];
}

static uint64_t scores(void *on)
{
    blocks *b = on;
    for (unsigned i = 0; i < BLOCKS; i++)
        b->kernels->scores(b->docids, b->tfs, SK_BLOCK, b->lengths, 2, 1.5f, 0.3f, 0.003f, b->scores);
    return (uint64_t)b->scores[0];
}

static uint64_t spans(void *on)
{
    blocks *b = on;
    uint64_t sum = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned at = 0; at < SK_BLOCK; at += 64)
            sum += b->kernels->spans(b->docids + at, b->tfs + at, 64, b->lengths, 2, b->sizes);
    return sum;
}

static uint64_t at_least(void *on)
{
    blocks *b = on;
    uint64_t all = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned at = 0; at < SK_BLOCK; at += 64)
            all ^= b->kernels->at_least(b->scores + at, b->least);
    return all;
}

static uint64_t select_some(void *on)
{
    blocks *b = on;
    uint64_t found = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        found += b->kernels->select(b->scores, SK_BLOCK, b->least, b->chosen);
    return found;
}

static uint64_t add_shares(void *on)
{
    blocks *b = on;
    for (unsigned i = 0; i < BLOCKS; i++)
        b->kernels->add_shares(b->packed, 12345, b->wider, b->bounds);
    return b->bounds[0];
}

static uint64_t together(void *on)
{
    blocks *b = on;
    uint64_t all = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned at = 0; at < RANGES; at += 64)
            all ^= b->kernels->together(b->bounds + at, b->bounds + at, 5000);
    return all;
}

static uint64_t within(void *on)
{
    blocks *b = on;
    uint64_t found = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        found += b->kernels->within(b->docids, SK_BLOCK, 0, b->words, b->chosen);
    return found;
}

static uint64_t count_bits(void *on)
{
    blocks *b = on;
    uint64_t sum = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        sum += b->kernels->count_bits(b->words, WORDS);
    return sum;
}

static uint64_t sieve(void *on)
{
    blocks *b = on;
    uint64_t found = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        found += b->kernels->sieve(b->words, WORDS, b->words[i] & b->words[WORDS - 1 - i], b->words[i], 2, b->sizes);
    return found;
}

static void packed_rows(blocks *b)
{
    static const unsigned gap_widths[] = {1, 2, 4, 7, 12, 20}, tf_widths[] = {0, 1, 3};
    const micro_limits *limits = micro_limits_get();
    char name[32];
    micro_span fill = {NULL, b->docids, 4 * SK_BLOCK, BLOCKS, NULL};
    micro_row row = {name, "docids", BLOCKS * SK_BLOCK, 4, docids, b, NULL, NULL, "storing 1 KB", limits->fill, &fill, 0};
    for (unsigned i = 0; i < sizeof gap_widths / sizeof *gap_widths; i++) {
        snprintf(name, sizeof name, "docids, %u bits", b->width = gap_widths[i]);
        micro_report(&row);
    }
    row.item = "tfs";
    row.run = frequencies;
    fill.out = b->tfs;
    for (unsigned i = 0; i < sizeof tf_widths / sizeof *tf_widths; i++) {
        snprintf(name, sizeof name, "tfs, %u bits", b->width = tf_widths[i]);
        micro_report(&row);
    }
}

static void score_rows(blocks *b)
{
    const micro_limits *limits = micro_limits_get();
    uint64_t random = 9;
    for (uint32_t i = 0, docid = 0; i < SK_BLOCK; i++) {
        b->docids[i] = docid += 1 + (uint32_t)(micro_random(&random) % 31); /* a block over two windows' lengths at most */
        b->tfs[i] = 1 + (uint32_t)(micro_random(&random) % 4);
    }
    for (uint32_t i = 0; i < ARTICLES; i++)
        b->lengths[i] = (uint16_t)(50 + micro_random(&random) % 500);
    float *numbers = micro_memory(4 * SK_BLOCK);
    for (uint32_t i = 0; i < SK_BLOCK; i++)
        numbers[i] = (float)b->tfs[i];
    micro_span divide = {numbers, micro_memory(4 * SK_BLOCK), SK_BLOCK, BLOCKS, NULL};
    micro_report(&(micro_row){"scores", "postings", BLOCKS * SK_BLOCK, 0, scores, b, NULL, NULL,
                              "one float32 division a posting", limits->divide, &divide, 0});

    micro_span fill = {NULL, b->sizes, 4 * SK_BLOCK, BLOCKS, NULL};
    micro_report(&(micro_row){"spans", "sizes", BLOCKS * SK_BLOCK, 4, spans, b, NULL, NULL, "storing 1 KB",
                              micro_limits_get()->fill, &fill, 0});

    for (uint32_t i = 0; i < SK_BLOCK; i++)
        b->scores[i] = (float)(micro_random(&random) % 1000);
    micro_span read = {b->scores, NULL, 4 * SK_BLOCK, BLOCKS, NULL};
    micro_row row = {"at_least", "scores", BLOCKS * SK_BLOCK, 4, at_least, b, NULL, NULL, "reading 1 KB", limits->read, &read, 0};
    b->least = 990;
    micro_report(&row);
    row.run = select_some;
    row.kernel = "select, 1 in 100";
    micro_report(&row);
    row.kernel = "select, 1 in 2";
    b->least = 500;
    micro_report(&row);

    for (uint32_t i = 0; i < WORDS; i++)
        b->words[i] = micro_random(&random) & micro_random(&random);
    for (uint32_t i = 0; i < SK_BLOCK; i++)
        b->docids[i] = 16 * i + (uint32_t)(micro_random(&random) % 16); /* of one window */
    read.in = b->docids;
    micro_report(&(micro_row){"within, 1 in 4", "docids", BLOCKS * SK_BLOCK, 4, within, b, NULL, NULL, "reading 1 KB",
                              limits->read, &read, 0});
    fill.out = b->bounds;
    fill.length = 2 * RANGES;
    row = (micro_row){"add_shares", "ranges", BLOCKS * RANGES, 2, add_shares, b, NULL, NULL, "storing 1 KB", limits->fill, &fill, 0};
    micro_report(&row);
    row.kernel = "add_shares, 8 each";
    b->wider = 3;
    micro_report(&row);
    for (uint32_t i = 0; i < RANGES; i++)
        b->bounds[i] = (uint16_t)(micro_random(&random) % 3000);
    read.in = b->bounds;
    micro_report(&(micro_row){"together", "ranges", BLOCKS * RANGES, 2, together, b, NULL, NULL, "reading 1 KB",
                              limits->read, &read, 0});

    read.in = b->words;
    read.length = 8 * WORDS;
    micro_report(&(micro_row){"count_bits", "words", BLOCKS * WORDS, 8, count_bits, b, NULL, NULL, "reading 512 bytes",
                              limits->read, &read, 0});
    micro_report(&(micro_row){"sieve", "words", BLOCKS * WORDS, 8, sieve, b, NULL, NULL, "reading 512 bytes",
                              limits->read, &read, 0});
}

void rows(const char *level)
{
    (void)level;
    uint64_t random = 1;
    blocks b = {.kernels = sk_kernels_get(), .packed = micro_memory(4 * PACKED), .docids = micro_memory(4 * SK_BLOCK),
                .tfs = micro_memory(4 * SK_BLOCK),
        .sizes = micro_memory(4 * SK_BLOCK), .lengths = micro_memory(2 * ARTICLES),
                .chosen = micro_memory(2 * SK_BLOCK), .scores = micro_memory(4 * SK_BLOCK), .words = micro_memory(8 * WORDS),
                .bounds = micro_memory(2 * RANGES)};
    for (unsigned i = 0; i < 4 * PACKED; i++)
        b.packed[i] = (uint8_t)micro_random(&random);
    packed_rows(&b);
    score_rows(&b);
}
