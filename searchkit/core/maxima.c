/* See maxima.h. */
#include "maxima.h"

#include "large.h"
#include "search.h"

#include <stdlib.h>

enum {
    SLOT_BITS = 13,
    SLOTS = 1 << SLOT_BITS,
    FULL = SLOTS / 4 * 3,
    FEWEST = 256,    /* postings: a shorter list is one block, */
    RAREST = 1 << 12, /* and a word that is in fewer than one article of so many has few candidates */
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
    double k1; /* that they are made for; below 0: none is yet */
    uint32_t used;
};

sk_maxima *sk_maxima_open(void)
{
    sk_maxima *m = calloc(1, sizeof *m);
    if (m)
        m->k1 = -1;
    return m;
}

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

/* Docids of all windows. */
static uint64_t whole_windows(const sk_segment *s)
{
    return ((uint64_t)s->articles + SK_WINDOW - 1) / SK_WINDOW * SK_WINDOW;
}

/* Let a maximum hold a value, rounded up. */
static void hold(uint8_t *most, double value)
{
    uint8_t whole = value < 254 ? (uint8_t)(value + 1) : 255;
    *most = whole > *most ? whole : *most;
}

/* Of `size` bytes in all, `frequencies` of them for those. NULL: no memory, or the list is damaged. */
static sk_word_maxima *make(sk_maxima *m, sk_cursor *c, double k1, unsigned shift, size_t size, size_t frequencies)
{
    const sk_segment *s = c->segment;
    sk_word_maxima *maxima = take(m, size);
    if (!maxima)
        return NULL;
    uint8_t *kept = (uint8_t *)maxima + size - frequencies;
    uint8_t *impacts = shift < SK_WIDEST ? maxima->shares + (whole_windows(s) >> shift) : NULL;
    maxima->frequencies = frequencies ? kept : NULL;
    maxima->impacts = impacts;
    maxima->shift = shift;
    /* c = tf / norm, as it was when the list was encoded. */
    double n0 = 1.0 - s->b, n_length = s->b / s->average, parts = 255.0 * (1 + 1e-6);
    for (uint32_t block = 0; block < c->blocks; block++) {
        if (sk_cursor_load(c, block, 1))
            return NULL;
        for (uint32_t i = 0; i < c->count; i++) {
            uint32_t docid = c->docids[i];
            double tf = c->tfs[i], norm = n0 + n_length * (double)sk_length(s, docid);
            hold(&maxima->shares[docid >> shift], parts * tf / (tf + k1 * norm));
            if (impacts)
                hold(&impacts[docid >> SK_WIDEST], parts * tf / norm / c->c_max);
            if (frequencies)
                kept[docid] = (uint8_t)(c->tfs[i] < SK_OFTEN ? c->tfs[i] : SK_OFTEN);
        }
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

/* Whether maxima are for this k1; the first that asks decides. */
static int are_for(sk_maxima *m, double k1)
{
    double there;
    __atomic_load(&m->k1, &there, __ATOMIC_RELAXED);
    if (there < 0 && __atomic_compare_exchange(&m->k1, &there, &k1, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return 1;
    return there == k1;
}

const sk_word_maxima *sk_maxima_of(sk_maxima *m, sk_cursor *c, double k1)
{
    const sk_segment *s = c->segment;
    slot *of = m && c->last && c->df >= FEWEST && c->c_max > 0 ? find(m, c->last) : NULL;
    if (!of || !are_for(m, k1))
        return NULL;
    sk_word_maxima *maxima = __atomic_load_n(&of->maxima, __ATOMIC_ACQUIRE), *none = NULL;
    if (maxima)
        return maxima;
    /* About two ranges for every posting, where the limits let them. */
    unsigned shift = SK_NARROWEST;
    while (shift < SK_WIDEST && ((uint64_t)c->df << (shift + 1)) < s->articles)
        shift++;
    if ((uint64_t)c->df * RAREST < s->articles)
        return NULL;
    uint64_t wide = shift < SK_WIDEST ? whole_windows(s) >> SK_WIDEST : 0;
    uint64_t size = sizeof *maxima + (whole_windows(s) >> shift) + wide, room = s->postings.size / SHARE;
    uint64_t frequencies = (uint64_t)c->df * FREQUENT < s->articles ? 0 : s->articles;
    room = room < LEAST ? LEAST : room;
    /* They leave half of the room to maxima, of which many more words have need. */
    if (frequencies && __atomic_add_fetch(&m->held, size + frequencies, __ATOMIC_RELAXED) > room / 2) {
        __atomic_sub_fetch(&m->held, size + frequencies, __ATOMIC_RELAXED);
        frequencies = 0;
    }
    size += frequencies;
    if (frequencies || __atomic_add_fetch(&m->held, size, __ATOMIC_RELAXED) <= room) {
        maxima = make(m, c, k1, shift, size, frequencies);
        if (!maxima || __atomic_compare_exchange_n(&of->maxima, &none, maxima, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return maxima;
        return none; /* another thread was first */
    }
    __atomic_sub_fetch(&m->held, size, __ATOMIC_RELAXED);
    return NULL;
}
