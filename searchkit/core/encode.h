/* Writing what segment.h reads: postings lists and dictionaries, into growable buffers. */
#ifndef SK_ENCODE_H
#define SK_ENCODE_H

#include "segment.h"

/* Where the positions of one posting lie when they are copied from another segment. */
typedef struct sk_position_ref {
    const uint8_t *base;
    uint32_t bytes; /* that may be read, or more than any posting's take */
    uint32_t bit;   /* below 8 */
} sk_position_ref;

/* One term's postings, docids ascending. Positions are given flat (tf of them for each posting), as references, or not at
 * all: those of pairs. */
typedef struct sk_postings {
    const uint32_t *docids, *tfs;
    uint32_t count;
    const uint32_t *positions;
    const sk_position_ref *refs;
} sk_postings;

/* What turns frequencies into impacts. */
typedef struct sk_impact_scale {
    const uint32_t *lengths; /* by docid */
    double b, average;
} sk_impact_scale;

/* Appends the list to `out` and adds the bits spent on positions to *position_bits. `scratch` is reused between calls.
 * Returns SK_OK, SK_NO_MEMORY, or SK_DAMAGED if a list outgrows its 32-bit offsets or a frequency its article. */
int sk_encode_list(sk_buffer *out, const sk_postings *p, const sk_impact_scale *scale, sk_buffer *scratch,
                   uint64_t *position_bits);

/* A front-coded dictionary under construction; keys come in ascending order. */
typedef struct sk_dict_builder {
    sk_buffer keys, index;
    uint64_t count, payload;
    uint8_t last[SK_KEY_MAX + 1];
    uint32_t last_length;
} sk_dict_builder;

/* Start the entry of `key`; the value's varints follow in d->keys. Requires: key above the last one. Returns SK_OK or SK_DAMAGED. */
int sk_dict_add(sk_dict_builder *d, const uint8_t *key, uint32_t length);

void sk_dict_free(sk_dict_builder *d);

#endif
