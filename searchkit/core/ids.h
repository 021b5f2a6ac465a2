/* The ids of a segment: front-coded in rising order, and which docid has which.
 *
 *     ids       u32 offset of each block of 16 ids, then the blocks: of each id how many bytes to drop off the end of
 *               the one before, how many to put there instead, and these
 *     id_order  the rank of each docid's id, so an id is found by docid; from a rank back to its docid it is a walk
 *               along the permutation's cycle, cut short by a jump back every 32 steps
 *
 * An id is handed out as the pieces of its block that it is made of: nothing is copied, and no length is too long.
 */
#ifndef SK_IDS_H
#define SK_IDS_H

#include "segment.h"

enum { SK_ID_BLOCK = 16, SK_ID_STEPS = 32, SK_ID_ESCAPE = 15 };

/* An id as it lies in the file. Each id of a block adds one piece at most. */
typedef struct sk_id {
    sk_section pieces[SK_ID_BLOCK];
    uint32_t count;
    size_t length; /* bytes of all pieces */
} sk_id;

/* A walk over all ids in rising order. */
typedef struct sk_id_walk {
    const sk_segment *segment;
    uint32_t rank; /* of the next id */
    const uint8_t *next, *end; /* in its block */
    sk_id id;                  /* the one before */
} sk_id_walk;

/* Whether the size of `id_order` is one that it can have. */
int sk_id_order_fits(const sk_segment *s);

/* Begin at the block that holds `rank`. */
void sk_ids_start(sk_id_walk *w, const sk_segment *s, uint32_t rank);

/* The next id, in w->id: 1, 0 at the end, or SK_DAMAGED. */
int sk_ids_next(sk_id_walk *w);

/* The id of an article. Requires: docid < articles. Returns SK_OK or SK_DAMAGED. */
int sk_id_of(const sk_segment *s, uint32_t docid, sk_id *id);

/* The same of a rank, as sk_id_rank told it. */
int sk_id_at(const sk_segment *s, uint32_t rank, sk_id *id);

/* Let what sk_id_rank and sk_id_block will read come into the cache. Require: docid, rank < articles. */
void sk_id_expect_rank(const sk_segment *s, uint32_t docid);
void sk_id_expect_block(const sk_segment *s, uint32_t rank);

/* Where the block of a rank begins and ends; its bytes are let into the cache. Returns SK_OK or SK_DAMAGED. */
int sk_id_block(const sk_segment *s, uint32_t rank, const uint8_t **from, const uint8_t **to);

/* The bytes of a rank's id in its block, copied: SK_OK, SK_DAMAGED, or 1 where there may not be room for it. */
int sk_id_text(const sk_segment *s, uint32_t rank, const uint8_t *from, const uint8_t *to, uint8_t *out, size_t room,
               size_t *length, int *ascii);

/* Below 0, 0 or above 0, as the bytes of a come before, are, or come behind those of b. */
int sk_id_compare(const sk_id *a, const sk_id *b);

/* Copy the id's bytes. Requires: room for id->length. Returns whether all of them are ASCII. */
int sk_id_copy(const sk_id *id, uint8_t *out);

/* The docid of an id, -1 if it is not here, -2 if the section is damaged. */
int64_t sk_find_id(const sk_segment *s, const uint8_t *id, size_t length);

/* The rank of an article's id, and the docid of a rank. Require: docid, rank < articles. -2: damaged. */
int64_t sk_id_rank(const sk_segment *s, uint32_t docid);
int64_t sk_id_docid(const sk_segment *s, uint32_t rank);

/* docids[rank] for all ranks. Returns SK_OK, or SK_DAMAGED if two docids have one rank. */
int sk_id_docids(const sk_segment *s, uint32_t *docids);

/* The section `ids` under construction. */
typedef struct sk_ids_builder {
    sk_buffer offsets, blocks;
    sk_buffer last;
    uint32_t count;
} sk_ids_builder;

/* Append an id; they come in rising order. Returns SK_OK, SK_NO_MEMORY, or SK_DAMAGED if all outgrow 4 GiB. */
int sk_ids_add(sk_ids_builder *b, const uint8_t *id, size_t length);
void sk_ids_free(sk_ids_builder *b);

/* Write the section `id_order`. Requires: ranks is a permutation of 0 .. count - 1. Returns SK_OK or SK_NO_MEMORY. */
int sk_id_order_write(sk_buffer *out, const uint32_t *ranks, uint32_t count);

#endif
