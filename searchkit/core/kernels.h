/* The loops that touch every posting, each compiled for several instruction sets from one source.
 *
 * kernels.inc is plain C with vector types that any GCC or Clang lowers to what the target has; kernels.c includes it
 * once for the baseline and, on x86-64, once for AVX2 and once for AVX-512. sk_kernels() picks a table once, by what the
 * processor says. All tables give the same bits: float32 results feed bounds only, never a returned score.
 */
#ifndef SK_KERNELS_H
#define SK_KERNELS_H

#include "bits.h"

#include <stddef.h>
#include <stdint.h>

enum { SK_BLOCK = 256, SK_LANES = 8, SK_ROWS = 32, SK_SURE_WIDTH = 26 };

typedef struct sk_kernels {
    const char *name;

    /* Unpack the 256 docids of a full block: 8 lanes of 32 consecutive docids, gaps less one packed with `width` bits,
     * row j of all lanes side by side. `previous` is the last docid before the block (0xFFFFFFFF before the first).
     * Reads width * 32 bytes. Returns the last docid, or 0xFFFFFFFF if there is none below that. Then the docids rise,
     * unless gaps wider than SK_SURE_WIDTH ran around 2^32 inside a lane: that is the caller's to tell. */
    uint32_t (*docids)(const uint8_t *in, unsigned width, uint32_t previous, uint32_t *out);

    /* The same as they are packed, in a third of the time: docid i is bases[i / 32] + out[i % 32 * 8 + i / 32], and the
     * last one of a lane is lasts[i / 32]. Enough to look some up. */
    uint32_t (*rows)(const uint8_t *in, unsigned width, uint32_t previous, uint32_t *out, uint32_t *bases, uint32_t *lasts);

    /* Unpack 256 values of `width` bits, value i in lane i % 8 and row i / 8, and add one to each. Reads width * 32 bytes. */
    void (*frequencies)(const uint8_t *in, unsigned width, uint32_t *out);

    /* Read `count` values that are Rice coded with k; as sk_rice_get, one after the other. */
    void (*rice)(sk_bit_reader *r, unsigned k, uint32_t count, uint32_t *out);

    /* out[i] = weight * tf / (tf + k0 + k_length * length(docid)), for bounds; lengths are 2 or 4 bytes wide. */
    void (*scores)(const uint32_t *docids, const uint32_t *tfs, unsigned count, const void *lengths, unsigned width,
                   float weight, float k0, float k_length, float *out);

    /* Bit i of the result: values[i] >= least, for 64 values. */
    uint64_t (*at_least)(const float *values, float least);

    /* Empty a window's sums, 64 for each byte of `touched`; where the byte is 0 they are, too. Begins with number *word of
     * these and stops at the end, or where less than 64 of SK_BLOCK have room in `out`: then *word is the next. The docids,
     * which are from `base` on, and the sums of those that are `least` or more, in order; returns how many. */
    unsigned (*drain)(float *sums, uint8_t *touched, unsigned words, float least, uint32_t base, unsigned *word,
                      uint32_t *out_docids, float *out_sums);

    /* The largest of 64 values. */
    float (*most)(const float *values);

    /* Positions i (ascending) with values[i] >= least, for `count` values; returns how many. */
    unsigned (*select)(const float *values, unsigned count, float least, uint16_t *out);

    /* Keep those with sums[i] + others[i] >= least, in order; returns how many. */
    unsigned (*keep)(uint32_t *docids, float *sums, float *others, unsigned count, float least);

    /* Add 512 >> wider shares to 512 sums, each to 1 << wider of them, wider <= 3: what is above share * quantum / 256 by
     * no more than 1. */
    void (*add_shares)(const uint8_t *shares, uint16_t quantum, unsigned wider, uint16_t *sums);

    /* Bit i of the result: a[i] + b[i] >= least, for 64 values whose sums are below 2^16. */
    uint64_t (*together)(const uint16_t *a, const uint16_t *b, uint16_t least);

    /* Positions i (ascending) of docids in ranges, of 8 docids from `base` on, whose bit of 512 is set; returns how many.
     * Requires: all lie in these ranges. */
    unsigned (*within)(const uint32_t *docids, unsigned count, uint32_t base, const uint64_t *ranges, uint16_t *out);

    /* Where the positions codes of `count` <= 64 postings begin, in bits from the first one on (bits.h), into out[0] to
     * out[count - 1]; out has room for 64. Returns their size in all, or 0xFFFFFFFF if a frequency is above its article's
     * length. Requires: no length is 2^24 or more. */
    uint32_t (*spans)(const uint32_t *docids, const uint32_t *tfs, unsigned count, const void *lengths, unsigned width,
                      uint32_t *out);

    uint64_t (*count_bits)(const uint64_t *words, size_t count);

    /* Positions i (ascending) of sets that lack no more than `off` <= 2 bits of `needed` and have no more than `off` bits
     * besides `allowed`; returns how many. `out` has room for `count`. */
    uint32_t (*sieve)(const uint64_t *sets, uint32_t count, uint64_t needed, uint64_t allowed, unsigned off, uint32_t *out);
} sk_kernels;

/* The best table for this processor, or the one that sk_kernels_choose named. */
const sk_kernels *sk_kernels_get(void);

/* Choose a table by name ("plain", "avx2", "avx512"), NULL for the best. Returns 0, or -1 if this machine has it not. */
int sk_kernels_choose(const char *name);

#endif
