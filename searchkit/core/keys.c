/* Walking dictionaries with an automaton. See keys.h. */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

/* ---- the walk ---------------------------------------------------------------------------------------------------- */

enum { KEYS_A_SLICE = 1 << 14 };

int sk_keys_start(sk_key_walk *w, const sk_segment *s, int forms, sk_pattern *p, const uint8_t *low, size_t low_length,
                  const uint8_t *high, size_t high_length)
{
    memset(w, 0, sizeof *w);
    sk_dict_start(&w->dict, s, forms);
    w->pattern = p;
    w->high = high;
    w->high_length = high_length;
    if (low_length > SK_KEY_MAX + 1)
        return SK_DAMAGED;
    memcpy(w->target, low, low_length);
    w->target_length = (uint32_t)low_length;
    if (sk_pattern_start(p))
        return sk_dict_seek(&w->dict, low, low_length);
    w->dict.at = w->dict.count;
    return SK_OK;
}

static int compare(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* What comes behind all keys that begin with the first `depth` code points of the path and then with one below `from`. */
static int aim(sk_key_walk *w, const uint8_t *key, uint32_t key_length, uint32_t from)
{
    for (uint32_t depth = w->depth;; depth--) {
        uint32_t next = sk_pattern_next(w->pattern, depth, from);
        if (next < SK_CODE_POINTS) {
            memcpy(w->target, key, w->ends[depth]);
            w->target_length = w->ends[depth] + sk_utf8_encode(next, w->target + w->ends[depth]);
            return 1;
        }
        if (!depth)
            return 0;
        if (!sk_utf8_decode(key, w->ends[depth - 1], key_length, &from))
            return SK_DAMAGED;
        from++;
    }
}

/* Step the automaton through a key: 1 it is accepted, 0 not, or SK_DAMAGED. *aimed: 1 keys before the target may be passed
 * over, 0 none behind this one is accepted, -1 the next key may be. */
static int step(sk_key_walk *w, const uint8_t *key, uint32_t length, int *aimed)
{
    sk_pattern *p = w->pattern;
    uint32_t common = 0;
    *aimed = -1;
    while (common < w->ends[w->depth] && common < length && w->path[common] == key[common])
        common++;
    while (w->ends[w->depth] > common)
        w->depth--;
    for (;;) {
        uint32_t at = w->ends[w->depth], c;
        int accepts = sk_pattern_accepts(p, w->depth);
        if (accepts & SK_ACCEPTS_ALL)
            return 1;
        if (at == length)
            return accepts & SK_ACCEPTS;
        uint32_t size = sk_utf8_decode(key, at, length, &c);
        if (!size)
            return SK_DAMAGED;
        int moved = sk_pattern_move(p, w->depth, c);
        if (moved == SK_STATE_FULL) {
            sk_automaton_forget(p->automaton);
            sk_pattern_start(p);
            w->depth = 0;
            continue;
        }
        if (!moved) {
            *aimed = aim(w, key, length, c + 1);
            return *aimed < 0 ? SK_DAMAGED : 0;
        }
        memcpy(w->path + at, key + at, size);
        w->depth++;
        w->ends[w->depth] = at + size;
    }
}

int sk_keys_next(sk_key_walk *w)
{
    sk_dict_walk *d = &w->dict;
    for (;;) {
        /* At the end of a block: if the target is not in the next one either, look for its block. */
        if (w->target_length && d->at % SK_DICT_BLOCK == 0 && d->next && sk_dict_skip(d, w->target, w->target_length))
            return SK_DAMAGED;
        int more = sk_dict_next(d), aimed;
        if (more <= 0)
            return more;
        int paused = ++w->read % KEYS_A_SLICE == 0;
        if (w->target_length) {
            if (compare(d->key, d->key_length, w->target, w->target_length) < 0) {
                if (paused)
                    return SK_KEYS_PAUSE;
                continue;
            }
            w->target_length = 0;
        }
        if (w->high && compare(d->key, d->key_length, w->high, w->high_length) >= 0)
            return 0;
        int accepted = step(w, d->key, d->key_length, &aimed);
        if (accepted || !aimed)
            return accepted;
        if (paused)
            return SK_KEYS_PAUSE;
    }
}

/* ---- what is found ------------------------------------------------------------------------------------------------ */

int sk_matches_open(sk_matches *m, int by_form)
{
    memset(m, 0, sizeof *m);
    m->by_form = by_form;
    m->table_size = 256;
    m->table = calloc(m->table_size, sizeof *m->table);
    return m->table ? SK_OK : SK_NO_MEMORY;
}

void sk_matches_close(sk_matches *m)
{
    free(m->bytes);
    free(m->found);
    free(m->sources);
    free(m->table);
    memset(m, 0, sizeof *m);
}

static uint64_t hash_of(const uint8_t *key, uint32_t length)
{
    uint64_t hash = length;
    for (uint32_t i = 0; i < length; i++)
        hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static int bytes_put(sk_matches *m, const uint8_t *bytes, uint32_t length, uint64_t *at)
{
    if (m->size + length > m->room) {
        uint64_t room = 2 * m->room + 4096;
        uint8_t *more = realloc(m->bytes, room);
        if (!more)
            return SK_NO_MEMORY;
        m->bytes = more;
        m->room = room;
    }
    memcpy(m->bytes + m->size, bytes, length);
    *at = m->size;
    m->size += length;
    return SK_OK;
}

static int wider(sk_matches *m)
{
    size_t size = 2 * m->table_size;
    uint32_t *table = calloc(size, sizeof *table);
    if (!table)
        return SK_NO_MEMORY;
    for (uint32_t i = 0; i < m->count; i++) {
        size_t at = hash_of(m->bytes + m->found[i].at, m->found[i].length) & (size - 1);
        while (table[at])
            at = (at + 1) & (size - 1);
        table[at] = i + 1;
    }
    free(m->table);
    m->table = table;
    m->table_size = size;
    return SK_OK;
}

/* The entry of a key, an old or a new one; NULL: no memory. */
static sk_found *entry_of(sk_matches *m, const uint8_t *key, uint32_t length, int *is_new)
{
    if (2 * (size_t)m->count >= m->table_size && wider(m))
        return NULL;
    size_t at = hash_of(key, length) & (m->table_size - 1);
    for (; m->table[at]; at = (at + 1) & (m->table_size - 1)) {
        sk_found *old = &m->found[m->table[at] - 1];
        if (old->length == length && !memcmp(m->bytes + old->at, key, length)) {
            *is_new = 0;
            return old;
        }
    }
    if (m->count == m->found_room) {
        uint32_t room = 2 * m->found_room + 64;
        sk_found *more = realloc(m->found, room * sizeof *more);
        if (!more)
            return NULL;
        m->found = more;
        m->found_room = room;
    }
    sk_found *made = &m->found[m->count];
    *made = (sk_found){.length = length};
    if (bytes_put(m, key, length, &made->at))
        return NULL;
    m->table[at] = ++m->count;
    *is_new = 1;
    return made;
}

static int source_put(sk_matches *m, sk_found *found, sk_source source, const uint8_t *form)
{
    if (m->source_count == m->source_room) {
        uint32_t room = 2 * m->source_room + 64;
        sk_source *more = realloc(m->sources, room * sizeof *more);
        if (!more)
            return SK_NO_MEMORY;
        m->sources = more;
        m->source_room = room;
    }
    if (bytes_put(m, form, source.length, &source.at))
        return SK_NO_MEMORY;
    source.next = found->sources;
    m->sources[m->source_count] = source;
    found->sources = ++m->source_count;
    return SK_OK;
}

int sk_matches_add(sk_matches *m, const sk_dict_walk *d, uint32_t segment, int deleted)
{
    uint64_t occurrences = d->forms ? d->occurrences : d->list.identity;
    if (!occurrences) /* a stem that nothing is spelt like, or a pair */
        return SK_OK;
    uint8_t term[SK_KEY_MAX + 1];
    const uint8_t *key = d->key;
    uint32_t length = d->key_length;
    if (d->forms && !m->by_form) {
        length -= d->strip;
        memcpy(term, d->key, length);
        memcpy(term + length, d->append, d->append_length);
        length += d->append_length;
        key = term;
    }
    int is_new;
    sk_found *found = entry_of(m, key, length, &is_new);
    if (!found)
        return SK_NO_MEMORY;
    if (is_new)
        found->segment = segment;
    if (m->by_form)
        found->weight += occurrences;
    if (!deleted)
        found->sources = 0;
    else if (is_new || found->sources)
        return source_put(
            m, found, (sk_source){.occurrences = occurrences, .length = d->key_length, .segment = segment}, d->key);
    return SK_OK;
}

int sk_matches_weigh(sk_matches *m, const sk_part *parts, uint32_t count, uint32_t *damaged)
{
    for (uint32_t i = 0; i < m->count; i++) {
        sk_found *found = &m->found[i];
        found->weight = 0;
        for (*damaged = 0; *damaged < count; ++*damaged) {
            sk_list list;
            int here = sk_find_term(parts[*damaged].segment, m->bytes + found->at, found->length, &list);
            if (here < 0)
                return here;
            found->weight += here ? list.df : 0;
        }
    }
    return SK_OK;
}

int sk_deleted_occurrences(const sk_part *part, const uint8_t *term, size_t length, uint64_t *count)
{
    sk_list list;
    sk_cursor c;
    *count = 0;
    int here = sk_find_term(part->segment, term, length, &list);
    if (here <= 0 || !part->live)
        return here < 0 ? here : SK_OK;
    int failed = sk_cursor_open(&c, part->segment, &list);
    for (uint32_t block = 0; block < c.blocks && !failed; block++) {
        failed = sk_cursor_load(&c, block, 1);
        for (uint32_t i = 0; i < c.count && !failed; i++)
            if (!(part->live[c.docids[i] >> 6] >> (c.docids[i] & 63) & 1))
                *count += c.tfs[i];
    }
    sk_cursor_close(&c);
    return failed;
}

static _Thread_local const uint8_t *sorted_bytes;

static int by_weight(const void *a, const void *b)
{
    const sk_found *one = a, *other = b;
    if (one->weight != other->weight)
        return one->weight > other->weight ? -1 : 1;
    return compare(sorted_bytes + one->at, one->length, sorted_bytes + other->at, other->length);
}

void sk_matches_sort(sk_matches *m)
{
    if (m->count == 0)
        return; /* qsort takes no null pointer, not even for nothing */
    sorted_bytes = m->bytes;
    qsort(m->found, m->count, sizeof *m->found, by_weight);
}
