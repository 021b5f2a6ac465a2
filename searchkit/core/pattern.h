/* Which keys a pattern accepts, and what of a key tells at a glance that it is none of them.
 *
 * A pattern is an automaton (automaton.h) or the words near another (edits.h). Either is taken through a key by code
 * points: its state behind the first n of them is known by the depth n.
 */
#ifndef SK_PATTERN_H
#define SK_PATTERN_H

#include "automaton.h"
#include "edits.h"

/* What a key must be to be worth a look. The letters of a key are a set of 64 bits, see sk_letters_of. */
typedef struct sk_sieve {
    uint64_t needed, allowed; /* letters; but for `off` of either ... */
    unsigned off;
    uint32_t least, most; /* code points */
    uint32_t share;       /* a walk reads one in so many keys; 0: hardly any */
} sk_sieve;

typedef struct sk_pattern {
    sk_automaton *automaton; /* or ... */
    sk_edits *edits;
    sk_sieve sieve;
    int states[SK_KEY_MAX + 1]; /* of the automaton, by depth: one that it knows */
} sk_pattern;

/* The code points of a key, by their lowest five bits: the lower half of the set has those that occur, the upper half
 * those that occur twice. So a letter more or less in a key is at most one bit more or less. *length: how many code points.
 * SK_OK, or SK_DAMAGED if it is no UTF-8. */
int sk_letters_of(const uint8_t *key, uint32_t size, uint64_t *letters, uint32_t *length);

/* Begin with the empty word, at depth 0. 0: nothing at all is accepted. */
int sk_pattern_start(sk_pattern *p);

/* From a depth to the next: 1, 0 if nothing is accepted from there on, SK_STATE_FULL if that is known only after
 * sk_automaton_forget and another start. */
int sk_pattern_move(sk_pattern *p, uint32_t depth, uint32_t code_point);

/* Whether a key that ends at a depth is accepted (SK_ACCEPTS), or all that begin so are (SK_ACCEPTS_ALL). */
int sk_pattern_accepts(const sk_pattern *p, uint32_t depth);

/* The least code point from `from` on that can follow at a depth; see sk_automaton_next. */
uint32_t sk_pattern_next(sk_pattern *p, uint32_t depth, uint32_t from);

/* Whether a whole key is accepted: 1, 0 or SK_DAMAGED. Requires: something is. */
int sk_pattern_holds(sk_pattern *p, const uint8_t *key, uint32_t size);

#endif
