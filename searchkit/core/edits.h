/* Which keys are at most one or two edits from a word: all that such an automaton may be in, a bit each, side by side.
 *
 * An edit puts a letter in, leaves one out, replaces one or exchanges two neighbours, and no letter is edited twice (the
 * optimal string alignment distance). The first `prefix` letters must be the same.
 *
 *     place      how many letters of the word are done: 0 to its length, a bit of a set of `words` 64-bit words
 *     state      for each number of edits from 0 to `distance` the set of places reached; then, for each number below
 *                `distance`, the set of places behind which two letters are exchanged and the second of them was read
 *
 * A code point takes a few operations on words, whatever was read before: nothing has to be made as it is met.
 *
 * S. Wu, U. Manber, Fast text searching allowing errors (1992).
 */
#ifndef SK_EDITS_H
#define SK_EDITS_H

#include "segment.h"

enum { SK_EDITS_MAX = 2 };

typedef struct sk_edits {
    uint32_t length, prefix, distance;
    uint32_t words, state; /* 64-bit words of a set, and of a state */
    uint32_t letters;      /* of the word, each once */
    uint32_t *code_points; /* of each, rising */
    uint64_t *places;      /* of each the set of places that it stands behind, and then the empty set of all others */
    uint8_t ascii[128];    /* number of each, `letters` for others */
    uint64_t *open, *whole; /* sets: places at which an edit may be made; all */
    uint64_t *states;       /* by depth, of one walk at a time: 0 is the start */
} sk_edits;

/* Make ready. Requires: length and prefix from 0 to SK_KEY_MAX, distance from 0 to SK_EDITS_MAX. SK_NO_MEMORY or SK_OK;
 * close in either case. */
int sk_edits_open(sk_edits *e, const uint32_t *code_points, uint32_t length, uint32_t distance, uint32_t prefix);
void sk_edits_close(sk_edits *e);

/* Make states[depth + 1] of states[depth] and the next code point; 0: nothing is accepted from there on. Requires: depth
 * below SK_KEY_MAX. */
int sk_edits_move(sk_edits *e, uint32_t depth, uint32_t code_point);

/* Whether a key is accepted that ends in states[depth]. */
int sk_edits_accepts(const sk_edits *e, uint32_t depth);

/* The least code point from `from` on after which something is accepted, SK_CODE_POINTS if there is none. */
uint32_t sk_edits_next(const sk_edits *e, uint32_t depth, uint32_t from);

#endif
