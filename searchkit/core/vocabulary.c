/* Words in memory, by length. See vocabulary.h. */
#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_AT_ONCE = 1 << 14, WORDS_AT_ONCE = 1 << 12, SLICES = 8 };

#define NEVER (UINT64_C(1) << 63)

int sk_vocabulary_due(sk_segment *s, uint64_t keys)
{
    uint64_t all = s->term_count + s->form_count;
    if (all > SK_VOCABULARY_KEYS)
        return 0;
    uint64_t read = __atomic_add_fetch(&s->keys_read, keys, __ATOMIC_RELAXED);
    return read >= all && read < NEVER;
}

void sk_vocabulary_never(sk_segment *s) { __atomic_store_n(&s->keys_read, NEVER, __ATOMIC_RELAXED); }

int sk_collection_open(sk_collection *c, const sk_segment *s)
{
    size_t most = (size_t)(s->term_count + s->form_count) + 1;
    memset(c, 0, sizeof *c);
    sk_dict_start(&c->walk, s, 0);
    c->letters = malloc(most * sizeof *c->letters);
    c->places = malloc(most * sizeof *c->places);
    c->sizes = malloc(most);
    c->code_points = malloc(most);
    return c->letters && c->places && c->sizes && c->code_points ? SK_OK : SK_NO_MEMORY;
}

void sk_collection_close(sk_collection *c)
{
    free(c->letters);
    free(c->places);
    free(c->sizes);
    free(c->code_points);
    sk_buffer_free(&c->keys);
    memset(c, 0, sizeof *c);
}

int sk_collection_more(sk_collection *c)
{
    sk_dict_walk *d = &c->walk;
    for (unsigned read = 0; read < KEYS_AT_ONCE; read++) {
        int more = sk_dict_next(d);
        if (more < 0)
            return more;
        if (!more) {
            if (d->forms)
                return 0;
            sk_dict_start(d, d->segment, 1);
            continue;
        }
        if (!(d->forms ? d->occurrences : d->list.identity))
            continue; /* a stem that nothing is spelt like, or a pair */
        uint32_t length, word = c->count;
        if (sk_letters_of(d->key, d->key_length, &c->letters[word], &length))
            return SK_DAMAGED;
        c->places[word] = (uint32_t)(d->at - 1) | (d->forms ? SK_IN_FORMS : 0);
        c->sizes[word] = (uint8_t)d->key_length;
        c->code_points[word] = (uint8_t)length;
        c->lengths[length]++;
        sk_buffer_put(&c->keys, d->key, d->key_length);
        if (c->keys.failed)
            return SK_NO_MEMORY;
        if (c->keys.length > SK_VOCABULARY_BYTES)
            return SK_COLLECTION_FULL;
        c->count++;
    }
    return 1;
}

int sk_collection_give(const sk_collection *c, sk_segment *s)
{
    size_t count = c->count;
    sk_vocabulary *made = malloc(sizeof *made + count * sizeof(uint64_t) + (2 * count + 1) * sizeof(uint32_t) + c->keys.length + 1);
    uint32_t sizes[SK_KEY_MAX + 2] = {0}, starts[SK_KEY_MAX + 1]; /* by length: bytes of keys, as far as they are written */
    if (!made)
        return SK_NO_MEMORY;
    made->count = c->count;
    made->letters = (uint64_t *)(made + 1);
    made->places = (uint32_t *)(made->letters + count);
    made->ends = made->places + count;
    made->keys = (uint8_t *)(made->ends + count + 1);
    for (uint32_t word = 0; word < c->count; word++)
        sizes[c->code_points[word] + 1] += c->sizes[word];
    made->starts[0] = 0;
    for (uint32_t length = 0; length <= SK_KEY_MAX; length++) {
        starts[length] = made->starts[length];
        made->starts[length + 1] = made->starts[length] + c->lengths[length];
        sizes[length + 1] += sizes[length];
    }
    const uint8_t *key = c->keys.bytes;
    for (uint32_t word = 0; word < c->count; key += c->sizes[word++]) {
        uint32_t length = c->code_points[word], at = starts[length]++;
        made->letters[at] = c->letters[word];
        made->places[at] = c->places[word];
        made->ends[at] = sizes[length];
        memcpy(made->keys + sizes[length], key, c->sizes[word]);
        sizes[length] += c->sizes[word];
    }
    made->ends[count] = (uint32_t)c->keys.length;
    sk_vocabulary *none = NULL;
    if (!__atomic_compare_exchange_n(&s->vocabulary, &none, made, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        free(made);
    return SK_OK;
}

/* ---- looking through it ------------------------------------------------------------------------------------------- */

void sk_scan_start(sk_scan *scan, const sk_segment *s, sk_pattern *p)
{
    const sk_vocabulary *v = __atomic_load_n(&s->vocabulary, __ATOMIC_ACQUIRE);
    const sk_sieve *sieve = &p->sieve;
    memset(scan, 0, sizeof *scan);
    scan->vocabulary = v;
    scan->pattern = p;
    scan->at = sieve->least <= SK_KEY_MAX ? v->starts[sieve->least] : v->count;
    scan->end = sieve->most < SK_KEY_MAX ? v->starts[sieve->most + 1] : v->count;
}

void sk_scan_close(sk_scan *scan)
{
    free(scan->found);
    memset(scan, 0, sizeof *scan);
}

static int room_for(sk_scan *scan, uint32_t more)
{
    if (scan->count + more <= scan->room)
        return SK_OK;
    uint32_t room = 2 * (scan->count + more);
    uint32_t *found = realloc(scan->found, room * sizeof *found);
    if (!found)
        return SK_NO_MEMORY;
    scan->found = found;
    scan->room = room;
    return SK_OK;
}

static int rising(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

int sk_scan_more(sk_scan *scan)
{
    const sk_vocabulary *v = scan->vocabulary;
    const sk_sieve *sieve = &scan->pattern->sieve;
    const sk_kernels *k = sk_kernels_get();
    uint32_t passed[WORDS_AT_ONCE];
    for (unsigned slice = 0; slice < SLICES && scan->at < scan->end; slice++) {
        uint32_t words = scan->end - scan->at < WORDS_AT_ONCE ? scan->end - scan->at : WORDS_AT_ONCE;
        uint32_t count = k->sieve(v->letters + scan->at, words, sieve->needed, sieve->allowed, sieve->off, passed);
        if (room_for(scan, count))
            return SK_NO_MEMORY;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t word = scan->at + passed[i];
            int held = sk_pattern_holds(scan->pattern, v->keys + v->ends[word], v->ends[word + 1] - v->ends[word]);
            if (held < 0)
                return held;
            scan->found[scan->count] = v->places[word];
            scan->count += (uint32_t)held;
        }
        scan->at += words;
    }
    if (scan->at < scan->end)
        return 1;
    if (scan->count)
        qsort(scan->found, scan->count, sizeof *scan->found, rising);
    return 0;
}
