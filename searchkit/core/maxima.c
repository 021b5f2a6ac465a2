/* See maxima.h. */
#include "maxima.h"

#include "large.h"

#include <stdlib.h>

enum {
    SLOT_BITS = 13,
    SLOTS = 1 << SLOT_BITS,
    FULL = SLOTS / 4 * 3,
    FEWEST = 256,    /* postings: a shorter list is one block, */
    RAREST = 1 << 12, /* and a word that is in fewer than one article of so many has few candidates */
    NARROWEST = 3,   /* log2 of docids in a range: narrower ones take more memory than they save time */
    WIDEST = 6,      /* wider ones tell little more than blocks */
    FREQUENT = 8,    /* docids for each posting: of a list with no more, frequencies are kept */
    SHARE = 3,       /* all maxima together take no more than this part of the postings, */
    LEAST = 8 << 20, /* or so many bytes */
    CHUNK = 16 << 20, /* that memory is taken in: of what is not used yet there are addresses only */
    LINE = 64,
};

/* Memory of many maxima, in large pages: one look at each is worth little if its page has to be found first. */
typedef struct chunk {
    struct chunk *before;
    size_t size, used;
} chunk;

typedef struct slot {
    const uint8_t *list;     /* where it stands in the file: who it is. NULL: free */
    sk_word_maxima *maxima;  /* made when the word comes again */
} slot;

struct sk_maxima {
    slot slots[SLOTS];
    chunk *chunks;
    uint64_t held;
    uint32_t used;
};

sk_maxima *sk_maxima_open(void) { return calloc(1, sizeof(sk_maxima)); }

void sk_maxima_close(sk_maxima *m)
{
    while (m && m->chunks) {
        chunk *last = m->chunks;
        m->chunks = last->before;
        sk_large_free(last, last->size);
    }
    free(m);
}

/* Zeros, from the begin of a cache line on where pages are large, as long as `m` is there. NULL: no memory. */
static void *take(sk_maxima *m, size_t size)
{
    size = (size + LINE - 1) / LINE * LINE;
    for (;;) {
        chunk *last = __atomic_load_n(&m->chunks, __ATOMIC_ACQUIRE);
        size_t at = last ? __atomic_fetch_add(&last->used, size, __ATOMIC_RELAXED) : 0;
        if (last && at <= last->size && size <= last->size - at)
            return (uint8_t *)last + at;
        size_t whole = size > CHUNK / 4 ? LINE + 4 * size : CHUNK;
        chunk *next = sk_large_new(whole);
        if (!next)
            return NULL;
        *next = (chunk){.before = last, .size = whole, .used = LINE};
        if (!__atomic_compare_exchange_n(&m->chunks, &last, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            sk_large_free(next, whole); /* another thread was first */
    }
}

/* Of `size` bytes in all, `frequencies` of them for those. NULL: no memory, or the list is damaged. */
static sk_word_maxima *make(sk_maxima *m, sk_cursor *c, unsigned shift, size_t size, size_t frequencies)
{
    const sk_segment *s = c->segment;
    sk_word_maxima *maxima = take(m, size);
    if (!maxima)
        return NULL;
    uint8_t *kept = (uint8_t *)maxima + size - frequencies;
    maxima->frequencies = frequencies ? kept : NULL;
    maxima->shift = shift;
    maxima->wide = shift == WIDEST ? 0 : (s->articles >> shift) + 1;
    /* c = tf / (1 - b + b * length / average), as it was when the list was encoded. */
    double k0 = 1.0 - s->b, k_length = s->b / s->average, parts = 255.0 / c->c_max * (1 + 1e-6);
    for (uint32_t block = 0; block < c->blocks; block++) {
        if (sk_cursor_load(c, block, 1))
            return NULL;
        for (uint32_t i = 0; i < c->count; i++) {
            uint32_t docid = c->docids[i];
            double share = parts * (double)c->tfs[i] / (k0 + k_length * (double)sk_length(s, docid));
            uint8_t impact = share < 254 ? (uint8_t)(share + 1) : 255, *most = &maxima->impacts[docid >> shift];
            *most = impact > *most ? impact : *most;
            if (frequencies)
                kept[docid] = (uint8_t)(c->tfs[i] < SK_OFTEN ? c->tfs[i] : SK_OFTEN);
        }
    }
    for (uint32_t i = 0; maxima->wide && i < maxima->wide; i++) {
        uint8_t *most = &maxima->impacts[maxima->wide + (i >> (WIDEST - shift))];
        *most = maxima->impacts[i] > *most ? maxima->impacts[i] : *most;
    }
    return maxima;
}

static size_t slot_of(const uint8_t *list)
{
    return (size_t)((uint64_t)(uintptr_t)list * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SLOT_BITS));
}

void sk_maxima_expect(const sk_maxima *m, const sk_cursor *c)
{
    if (m && c->last)
        __builtin_prefetch(&m->slots[slot_of(c->last)]);
}

/* The slot of a list that was asked for before; NULL: it was not, or there are too many. */
static slot *find(sk_maxima *m, const uint8_t *list)
{
    size_t at = slot_of(list);
    for (;; at = (at + 1) & (SLOTS - 1)) {
        const uint8_t *there = __atomic_load_n(&m->slots[at].list, __ATOMIC_RELAXED);
        if (there == list)
            return &m->slots[at];
        if (there)
            continue;
        if (__atomic_load_n(&m->used, __ATOMIC_RELAXED) >= FULL)
            return NULL;
        if (__atomic_compare_exchange_n(&m->slots[at].list, &there, list, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            __atomic_add_fetch(&m->used, 1, __ATOMIC_RELAXED);
        else if (there != list)
            continue; /* another thread has taken the slot for another list */
        return NULL;
    }
}

const sk_word_maxima *sk_maxima_of(sk_maxima *m, sk_cursor *c)
{
    const sk_segment *s = c->segment;
    slot *of = m && c->last && c->df >= FEWEST && c->c_max > 0 ? find(m, c->last) : NULL;
    if (!of)
        return NULL;
    sk_word_maxima *maxima = __atomic_load_n(&of->maxima, __ATOMIC_ACQUIRE), *none = NULL;
    if (maxima)
        return maxima;
    /* About two ranges for every posting, where the limits let them. */
    unsigned shift = NARROWEST;
    while (shift < WIDEST && ((uint64_t)c->df << (shift + 1)) < s->articles)
        shift++;
    if ((uint64_t)c->df * RAREST < s->articles)
        return NULL;
    uint64_t wide = shift == WIDEST ? 0 : (s->articles >> WIDEST) + 1;
    uint64_t size = sizeof *maxima + (s->articles >> shift) + 1 + wide, room = s->postings.size / SHARE;
    uint64_t frequencies = (uint64_t)c->df * FREQUENT < s->articles ? 0 : s->articles;
    room = room < LEAST ? LEAST : room;
    /* They leave half of the room to maxima, of which many more words have need. */
    if (frequencies && __atomic_add_fetch(&m->held, size + frequencies, __ATOMIC_RELAXED) > room / 2) {
        __atomic_sub_fetch(&m->held, size + frequencies, __ATOMIC_RELAXED);
        frequencies = 0;
    }
    size += frequencies;
    if (frequencies || __atomic_add_fetch(&m->held, size, __ATOMIC_RELAXED) <= room) {
        maxima = make(m, c, shift, size, frequencies);
        if (!maxima || __atomic_compare_exchange_n(&of->maxima, &none, maxima, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return maxima;
        return none; /* another thread was first */
    }
    __atomic_sub_fetch(&m->held, size, __ATOMIC_RELAXED);
    return NULL;
}
