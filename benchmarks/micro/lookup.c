/* Terms looked up in a dictionary, and checksums of pages. */
#include "crc32c.h"
#include "encode.h"
#include "harness.h"
#include "limits.h"

enum { TERMS = 300000, LOOKUPS = 4096, PAGE = 1 << 14, PAGES = 12, LETTERS = 7 };

typedef struct dictionary {
    sk_segment segment;
    uint8_t (*keys)[LETTERS];
    uint32_t *wanted;
} dictionary;

static uint64_t find(void *on)
{
    dictionary *d = on;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        sk_list list;
        micro_need(sk_find_term(&d->segment, d->keys[d->wanted[i]], LETTERS, &list) == 1, "a term is not found");
        sum += list.df;
    }
    return sum;
}

/* Terms of seven letters in order, at random distances; looked up at random, all of them there. */
static void dictionary_row(void)
{
    static dictionary d;
    static sk_dict_builder builder;
    uint32_t terms = (uint32_t)micro_size(TERMS);
    uint64_t random = 19, number = 0;
    d.keys = micro_memory(sizeof *d.keys * terms);
    d.wanted = micro_memory(4 * LOOKUPS);
    for (uint32_t i = 0; i < terms; i++) {
        uint64_t rest = number += 1 + micro_random(&random) % 20000;
        for (int letter = LETTERS; letter-- > 0; rest /= 26)
            d.keys[i][letter] = (uint8_t)('a' + rest % 26);
        micro_need(!sk_dict_add(&builder, d.keys[i], LETTERS), "the dictionary is full");
        sk_buffer_varint(&builder.keys, 1 + i % 300); /* df, bytes of the list, identity */
        sk_buffer_varint(&builder.keys, 8);
        sk_buffer_varint(&builder.keys, 1 + i % 300);
        builder.payload += 8;
    }
    for (uint32_t i = 0; i < LOOKUPS; i++)
        d.wanted[i] = (uint32_t)(micro_random(&random) % terms);
    d.segment = (sk_segment){.terms = {builder.keys.bytes, builder.keys.length}, .term_count = terms, .articles = 300,
                             .term_index = {builder.index.bytes, builder.index.length},
                             .postings = {builder.keys.bytes, 8 * (size_t)terms}};
    micro_span chase = {micro_ring(builder.keys.length + builder.index.length), NULL, 2 * LOOKUPS, 1, NULL};
    micro_report(&(micro_row){"dictionary look-up", "terms", LOOKUPS, 0, find, &d, NULL, NULL,
                              "two loads from as many bytes, one waiting for the other", micro_chase, &chase, 0});
}

static uint64_t one_stream(void *data) { return sk_crc32c(0, data, PAGE); }

static uint64_t portable(void *data) { return sk_crc32c_portable(0, data, PAGE); }

static uint64_t pages(void *data)
{
    uint8_t sums[4 * PAGES];
    sk_crc32c_pages(data, PAGES * (size_t)PAGE, PAGE, sums);
    return sums[0];
}

static void checksum_rows(void)
{
    uint8_t *data = micro_memory(PAGES * PAGE);
    uint64_t random = 23;
    for (uint32_t i = 0; i < PAGES * PAGE; i++)
        data[i] = (uint8_t)micro_random(&random);
    double least = sk_crc32c_hardware() ? 1.0 / 8 : 1.0 / 2;
    const char *limit = sk_crc32c_hardware() ? "8 bytes a cycle" : "a table look-up a byte, two a cycle";
    micro_report(&(micro_row){"CRC-32C, one page", "bytes", PAGE, 1, one_stream, data, NULL, NULL, limit, NULL, NULL, least});
    micro_report(&(micro_row){"CRC-32C, pages", "bytes", PAGES * PAGE, 1, pages, data, NULL, NULL, limit, NULL, NULL, least});
    micro_report(&(micro_row){"CRC-32C, by tables", "bytes", PAGE, 1, portable, data, NULL, NULL,
                              "a table look-up a byte, two a cycle", NULL, NULL, 0.5});
}

void rows(const char *level)
{
    (void)level;
    dictionary_row();
    checksum_rows();
}
