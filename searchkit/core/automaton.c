/* Deterministic states made as they are met. See automaton.h. */
#include "automaton.h"

#include <stdlib.h>
#include <string.h>

#include "segment.h"

enum { NOT_YET = -2, TABLE = 4 * SK_STATES_MAX };

static uint64_t *set_of(const sk_automaton *a, uint32_t state) { return a->sets + (size_t)state * a->words; }

int sk_automaton_open(sk_automaton *a, uint32_t nodes, uint32_t intervals)
{
    memset(a, 0, sizeof *a);
    if (nodes == 0 || nodes > SK_NODES_MAX || intervals == 0 || intervals > UINT16_MAX)
        return SK_DAMAGED;
    a->nodes = nodes;
    a->words = (nodes + 63) / 64;
    a->intervals = intervals;
    a->firsts = calloc(intervals, sizeof *a->firsts);
    a->consumers = calloc((size_t)intervals * a->words, sizeof *a->consumers);
    a->successors = calloc((size_t)nodes * a->words, sizeof *a->successors);
    a->start = calloc(2 * (size_t)a->words, sizeof *a->start);
    a->sets = malloc((size_t)SK_STATES_MAX * a->words * sizeof *a->sets);
    a->moves = malloc((size_t)SK_STATES_MAX * intervals * sizeof *a->moves);
    a->flags = malloc(SK_STATES_MAX);
    a->table = malloc(TABLE * sizeof *a->table);
    if (!a->firsts || !a->consumers || !a->successors || !a->start || !a->sets || !a->moves || !a->flags || !a->table)
        return SK_NO_MEMORY;
    a->endless = a->start + a->words;
    return SK_OK;
}

void sk_automaton_close(sk_automaton *a)
{
    free(a->firsts);
    free(a->consumers);
    free(a->successors);
    free(a->start);
    free(a->sets);
    free(a->moves);
    free(a->flags);
    free(a->table);
    memset(a, 0, sizeof *a);
}

static int holds(const uint64_t *set, uint32_t node) { return (int)(set[node / 64] >> (node % 64) & 1); }

/* The state of a set: an old one, a new one, -1 if the set is empty, SK_STATE_FULL. */
static int state_of(sk_automaton *a, const uint64_t *set)
{
    uint64_t hash = 0, any = 0;
    for (uint32_t w = 0; w < a->words; w++) {
        any |= set[w];
        hash = (hash ^ set[w]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    if (!any)
        return -1;
    size_t at = hash % TABLE;
    for (; a->table[at]; at = (at + 1) % TABLE)
        if (!memcmp(set_of(a, a->table[at] - 1u), set, a->words * sizeof *set))
            return a->table[at] - 1;
    if (a->states == SK_STATES_MAX)
        return SK_STATE_FULL;
    uint32_t state = a->states++;
    a->table[at] = (uint16_t)(state + 1);
    memcpy(set_of(a, state), set, a->words * sizeof *set);
    for (uint32_t i = 0; i < a->intervals; i++)
        a->moves[(size_t)state * a->intervals + i] = NOT_YET;
    a->flags[state] = 0;
    if (holds(set, 0)) {
        uint64_t endless = 0;
        for (uint32_t w = 0; w < a->words; w++)
            endless |= set[w] & a->endless[w];
        a->flags[state] = endless ? SK_ACCEPTS | SK_ACCEPTS_ALL : SK_ACCEPTS;
    }
    return (int)state;
}

void sk_automaton_forget(sk_automaton *a)
{
    a->states = 0;
    memset(a->table, 0, TABLE * sizeof *a->table);
    state_of(a, a->start);
}

void sk_automaton_ready(sk_automaton *a)
{
    uint32_t interval = 0;
    for (uint32_t c = 0; c < 128; c++) {
        while (interval + 1 < a->intervals && a->firsts[interval + 1] <= c)
            interval++;
        a->ascii[c] = (uint16_t)interval;
    }
    /* A node stays if it may follow itself on every code point that a key can have: see patterns.pyx for the others. */
    uint32_t first = a->ascii[SK_PAIR_MARK + 1];
    for (uint32_t node = 1; node < a->nodes; node++) {
        const uint64_t *successors = a->successors + (size_t)node * a->words;
        int stays = holds(successors, 0) && holds(successors, node);
        for (uint32_t i = first; i < a->intervals && stays; i++)
            stays = holds(a->consumers + (size_t)i * a->words, node);
        if (stays)
            a->endless[node / 64] |= UINT64_C(1) << (node % 64);
    }
    sk_automaton_forget(a);
}

static uint32_t interval_of(const sk_automaton *a, uint32_t code_point)
{
    if (code_point < 128)
        return a->ascii[code_point];
    uint32_t low = 0, high = a->intervals;
    while (low + 1 < high) {
        uint32_t mid = low + (high - low) / 2;
        if (a->firsts[mid] <= code_point)
            low = mid;
        else
            high = mid;
    }
    return low;
}

static int move(sk_automaton *a, int state, uint32_t interval)
{
    int16_t *known = &a->moves[(size_t)state * a->intervals + interval];
    if (*known != NOT_YET)
        return *known;
    uint64_t next[SK_NODES_MAX / 64] = {0};
    const uint64_t *set = set_of(a, (uint32_t)state), *consumers = a->consumers + (size_t)interval * a->words;
    for (uint32_t w = 0; w < a->words; w++)
        for (uint64_t bits = set[w] & consumers[w]; bits; bits &= bits - 1) {
            const uint64_t *more = a->successors + (size_t)(64 * w + (uint32_t)__builtin_ctzll(bits)) * a->words;
            for (uint32_t v = 0; v < a->words; v++)
                next[v] |= more[v];
        }
    int found = state_of(a, next);
    if (found != SK_STATE_FULL)
        *known = (int16_t)found;
    return found;
}

int sk_automaton_move(sk_automaton *a, int state, uint32_t code_point)
{
    return move(a, state, interval_of(a, code_point));
}

uint32_t sk_automaton_next(sk_automaton *a, int state, uint32_t from)
{
    if (from >= SK_CODE_POINTS)
        return SK_CODE_POINTS;
    for (uint32_t i = interval_of(a, from); i < a->intervals; i++) {
        int found = move(a, state, i);
        if (found == SK_STATE_FULL)
            return from;
        if (found >= 0)
            return a->firsts[i] > from ? a->firsts[i] : from;
    }
    return SK_CODE_POINTS;
}
