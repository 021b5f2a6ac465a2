/* One face for both kinds of patterns. See pattern.h. */
#include "pattern.h"

int sk_letters_of(const uint8_t *key, uint32_t size, uint64_t *letters, uint32_t *length)
{
    uint32_t once = 0, twice = 0, count = 0;
    for (uint32_t at = 0; at < size; count++) {
        uint32_t c, bytes = sk_utf8_decode(key, at, size, &c);
        if (!bytes)
            return SK_DAMAGED;
        twice |= once & UINT32_C(1) << (c & 31);
        once |= UINT32_C(1) << (c & 31);
        at += bytes;
    }
    *letters = (uint64_t)twice << 32 | once;
    *length = count;
    return SK_OK;
}

int sk_pattern_start(sk_pattern *p)
{
    p->states[0] = 0;
    return p->edits || p->automaton->states;
}

int sk_pattern_move(sk_pattern *p, uint32_t depth, uint32_t code_point)
{
    if (p->edits)
        return sk_edits_move(p->edits, depth, code_point);
    int next = sk_automaton_move(p->automaton, p->states[depth], code_point);
    p->states[depth + 1] = next;
    return next == SK_STATE_FULL ? SK_STATE_FULL : next >= 0;
}

int sk_pattern_accepts(const sk_pattern *p, uint32_t depth)
{
    if (p->edits)
        return sk_edits_accepts(p->edits, depth) ? SK_ACCEPTS : 0;
    return p->automaton->flags[p->states[depth]];
}

uint32_t sk_pattern_next(sk_pattern *p, uint32_t depth, uint32_t from)
{
    return p->edits ? sk_edits_next(p->edits, depth, from) : sk_automaton_next(p->automaton, p->states[depth], from);
}

int sk_pattern_holds(sk_pattern *p, const uint8_t *key, uint32_t size)
{
    uint32_t at = 0, depth = 0;
    sk_pattern_start(p);
    while (at < size && !(sk_pattern_accepts(p, depth) & SK_ACCEPTS_ALL)) {
        uint32_t c, bytes = sk_utf8_decode(key, at, size, &c);
        if (!bytes)
            return SK_DAMAGED;
        int moved = sk_pattern_move(p, depth, c);
        if (moved == SK_STATE_FULL) {
            sk_automaton_forget(p->automaton);
            at = depth = 0;
            continue;
        }
        if (!moved)
            return 0;
        at += bytes;
        depth++;
    }
    return sk_pattern_accepts(p, depth) != 0;
}
