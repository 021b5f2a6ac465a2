/* What a segment's checksums cannot tell: whether its sections keep the promises that readers rely on, and whether they
 * agree with one another, or with those of another segment of the same articles.
 *
 * Both are walks that stop at each fault, so that all of them can be told, and go on behind it:
 *
 *     sk_verify v;
 *     sk_fault fault;
 *     if (!sk_verify_open(&v, segment, 1))
 *         while ((found = sk_verify_next(&v, &fault)) > 0) { ... }
 *     sk_verify_close(&v);
 *
 * Memory: some 40 bytes an article and 8 a term, whatever the file says.
 */
#ifndef SK_INVARIANTS_H
#define SK_INVARIANTS_H

#include "ids.h"

typedef struct sk_fault {
    const char *section, *what;
    const uint8_t *at;  /* the byte of the file, or NULL */
    const char *counts; /* what `number` is: "docid", "rank", "run"; NULL: there is none */
    uint64_t number;
    uint8_t key[SK_KEY_MAX + 1]; /* of a dictionary */
    uint32_t key_length;         /* 0: none */
} sk_fault;

/* What the postings say of an article: each of its positions once, if count and sums are those of 0 .. length - 1. */
typedef struct sk_taken {
    uint64_t sum, squares;
    uint32_t count;
} sk_taken;

typedef struct sk_verify {
    const sk_segment *s;
    int exact; /* no article was deleted unseen: word forms are counted exactly */
    int stage;
    uint64_t at; /* in the stage */
    sk_dict_walk walk;
    sk_id_walk ids;
    uint8_t *last; /* the key or id before */
    size_t last_length, last_room;
    uint8_t *id;
    size_t id_room;
    uint32_t *docids;    /* by rank */
    sk_taken *taken;     /* by docid */
    int64_t *owed;       /* by term: occurrences in postings, less those of its word forms */
    uint32_t *positions; /* of one posting */
    size_t positions_room;
    uint64_t position_bits, tokens, most; /* tokens: in postings so far; most: there can be */
    int broken; /* a list or a dictionary was: sums over all of them say nothing */
} sk_verify;

/* Require: the pages of the segment are right, or are checked as they are read. Return SK_OK or SK_NO_MEMORY. */
int sk_verify_open(sk_verify *v, const sk_segment *s, int exact);

/* The next fault: 1, 0 when there is none any more, or SK_NO_MEMORY. */
int sk_verify_next(sk_verify *v, sk_fault *fault);
void sk_verify_close(sk_verify *v);

/* The same walk over two segments of the same articles, which are to be equal in all that follows from the texts. */
typedef struct sk_compare {
    const sk_segment *s, *truth;
    int stage, ours, theirs; /* of the walks: 1 there is a key, 0 at the end, SK_DAMAGED */
    uint32_t docid;
    sk_dict_walk walk, true_walk;
    uint32_t *positions, *true_positions;
    size_t room, true_room;
} sk_compare;

/* Requires: as many articles in both, in the same order. */
void sk_compare_open(sk_compare *c, const sk_segment *s, const sk_segment *truth);
int sk_compare_next(sk_compare *c, sk_fault *fault);
void sk_compare_close(sk_compare *c);

/* Tokens of a text. */
uint64_t sk_count_tokens(const uint8_t *text, size_t length, int fold_accents);

#endif
