/* Positions decoded, from codes that stand one behind the other. */
#include "bits.h"
#include "harness.h"
#include "limits.h"

#include <stdio.h>

enum { CODES = 4096, LENGTH = 300 };

typedef struct codes {
    sk_buffer bytes;
    uint32_t n, out[LENGTH];
} codes;

static uint64_t positions(void *on)
{
    codes *c = on;
    uint64_t at = 0, size = sk_positions_size(c->n, LENGTH), sum = 0;
    for (uint32_t i = 0; i < CODES; i++, at += size) {
        micro_need(!sk_positions_get(c->bytes.bytes, c->bytes.length, at, c->n, LENGTH, c->out), "damaged positions");
        sum += c->out[c->n - 1];
    }
    return sum;
}

/* Codes of n positions each, in articles of 300 tokens. */
static void position_row(uint32_t n)
{
    codes c = {.n = n};
    uint64_t random = 11, *bitmap = micro_memory(8 * CODES);
    uint32_t chosen[LENGTH];
    sk_bit_writer writer = {.out = &c.bytes};
    for (uint32_t i = 0; i < CODES; i++) {
        uint32_t count = 0;
        for (uint32_t at = 0; at < LENGTH && count < n; at++)
            if (micro_random(&random) % (LENGTH - at) < n - count)
                chosen[count++] = at;
        sk_positions_put(&writer, chosen, n, LENGTH);
        for (uint32_t j = 0; j < n; j++)
            bitmap[i] |= UINT64_C(1) << (2 * j + (j ? chosen[j] & 1 : 0));
    }
    sk_bits_flush(&writer);
    char name[32];
    snprintf(name, sizeof name, "positions, %u together", n);
    micro_span ones = {bitmap, micro_memory(256 * CODES), 8 * CODES, 1, NULL};
    micro_row row = {name, "positions", (uint64_t)n * CODES, 0, positions, &c, NULL, NULL,
                     "places of a bitmap's ones", micro_limits_get()->ones, &ones, 0};
    micro_report(&row);
    sk_buffer_free(&c.bytes);
}

void rows(const char *level)
{
    (void)level;
    position_row(1);
    position_row(4);
    position_row(24);
}
