/* Which keys a pattern accepts: a nondeterministic automaton over code points, made deterministic as it is used.
 *
 *     node       consumes one code point of some intervals, and then any of its successors is next
 *     set        of nodes: a state of the deterministic automaton; state 0 is the start
 *     interval   code points that no node tells apart: there is one transition for each state and interval
 *
 * Whoever builds one (patterns.pyx) has replaced empty moves already: a node's successors are all nodes that can consume
 * the code point after its own. Node 0 is the end: it consumes nothing, and a set that holds it accepts.
 *
 * Time is linear in the code points read, whatever the pattern; memory is bounded: when SK_STATES_MAX states are there, all
 * are forgotten and made again as they are met.
 */
#ifndef SK_AUTOMATON_H
#define SK_AUTOMATON_H

#include <stddef.h>

#include "utf8.h"

enum {
    SK_NODES_MAX = 4096,
    SK_STATES_MAX = 1024, /* more than code points in a key: the states of one key always fit */
};

enum { SK_STATE_FULL = -2 }; /* beside a state's number, and -1: nothing is accepted from here on */

enum { SK_ACCEPTS = 1, SK_ACCEPTS_ALL = 2 }; /* what ends here; whatever begins so */

typedef struct sk_automaton {
    uint32_t nodes, words;      /* words of 64 bits in a set of nodes */
    uint32_t intervals;
    uint32_t *firsts;           /* first code point of each interval, rising from 0 */
    uint16_t ascii[128];        /* interval of each */
    uint64_t *consumers;        /* by interval: the set of nodes that consume it */
    uint64_t *successors;       /* by node: a set */
    uint64_t *start, *endless;  /* sets; endless: nodes that, once in a set, stay in it and keep it accepting */

    uint32_t states;
    uint64_t *sets;             /* by state */
    int16_t *moves;             /* by state and interval: a state, -1 nothing, or NOT_YET */
    uint8_t *flags;             /* by state */
    uint16_t *table;            /* by hash of the set: state + 1 */
} sk_automaton;

/* Make room for an automaton with these figures, all sets empty. SK_NO_MEMORY or SK_OK; close in either case. */
int sk_automaton_open(sk_automaton *a, uint32_t nodes, uint32_t intervals);
void sk_automaton_close(sk_automaton *a);

/* To be called once firsts, consumers, successors and start are filled in. */
void sk_automaton_ready(sk_automaton *a);

/* Forget all states but the start. */
void sk_automaton_forget(sk_automaton *a);

/* The state behind a state that is not -1; SK_STATE_FULL: it is known only after sk_automaton_forget. */
int sk_automaton_move(sk_automaton *a, int state, uint32_t code_point);

/* The least code point from `from` on after which something is accepted, SK_CODE_POINTS if there is none; or a lesser one,
 * `from` itself, if that is known only after sk_automaton_forget. */
uint32_t sk_automaton_next(sk_automaton *a, int state, uint32_t from);

#endif
