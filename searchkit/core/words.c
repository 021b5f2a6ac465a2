/* Words of queries, looked up once and kept. See words.h. */
#include "words.h"

#include <math.h>

enum {
    SLOTS = 1 << 15,
    MOST_KEPT = SLOTS / 2, /* so that a free slot is near */
};

enum kind { FORM, TERM };

/* Forms and terms are keys of one table. A term's entry owns its word, a form's only points to it. */
typedef struct entry {
    sk_word *word;
    uint32_t kind, length;
    uint8_t key[];
} entry;

int sk_words_open(sk_words *words, const sk_part *parts, uint32_t part_count, uint64_t articles,
                  const uint8_t *frequent)
{
    *words = (sk_words){.parts = parts, .part_count = part_count, .articles = articles, .frequent = frequent};
    words->slots = calloc(SLOTS, sizeof *words->slots);
    return words->slots ? SK_OK : SK_NO_MEMORY;
}

void sk_words_close(sk_words *words)
{
    for (uint32_t i = 0; words->slots && i < SLOTS; i++) {
        entry *e = words->slots[i];
        if (e && e->kind == TERM)
            free(e->word);
        free(e);
    }
    free(words->slots);
    words->slots = NULL;
}

void sk_words_free(sk_word *owned)
{
    while (owned) {
        sk_word *next = owned->next;
        free(owned);
        owned = next;
    }
}

static uint32_t slot_of(enum kind kind, const uint8_t *key, uint32_t length)
{
    uint64_t hash = kind + 1;
    for (; length >= 8; key += 8, length -= 8)
        hash = (hash ^ sk_load64(key)) * 0x9E3779B97F4A7C15u, hash ^= hash >> 32;
    uint64_t rest = length;
    while (length)
        rest = rest << 8 | key[--length];
    hash = (hash ^ rest) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(hash >> 32) & (SLOTS - 1);
}

/* The slot that has the key, or the free one where it belongs. There is one: never more than MOST_KEPT are taken, plus
 * one for each thread that is just now putting one in. */
static void **find_slot(const sk_words *words, enum kind kind, const uint8_t *key, uint32_t length, entry **found)
{
    for (uint32_t at = slot_of(kind, key, length);; at = (at + 1) & (SLOTS - 1)) {
        entry *e = __atomic_load_n(&words->slots[at], __ATOMIC_ACQUIRE);
        if (!e || (e->kind == kind && e->length == length && !memcmp(e->key, key, length))) {
            *found = e;
            return &words->slots[at];
        }
    }
}

/* Keep a word under a key. Returns the word that is kept there: another, where another thread was quicker; NULL if the
 * table is full. */
static sk_word *keep(sk_words *words, enum kind kind, const uint8_t *key, uint32_t length, sk_word *word)
{
    if (__atomic_load_n(&words->kept, __ATOMIC_RELAXED) >= MOST_KEPT)
        return NULL;
    entry *mine = malloc(sizeof *mine + length), *other;
    if (!mine)
        return NULL;
    *mine = (entry){.word = word, .kind = kind, .length = length};
    memcpy(mine->key, key, length);
    for (;;) {
        void **slot = find_slot(words, kind, key, length, &other), *empty = NULL;
        if (other) {
            free(mine);
            return other->word;
        }
        if (__atomic_compare_exchange_n(slot, &empty, mine, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            __atomic_fetch_add(&words->kept, 1, __ATOMIC_RELAXED);
            return word;
        }
    }
}

/* The term of a form as the first segment has it that knows the form: 1, 0 if none does, SK_DAMAGED. */
static int term_of(const sk_words *words, const uint8_t *form, uint32_t length, uint8_t *term, uint32_t *term_length)
{
    for (uint32_t i = 0; i < words->part_count; i++) {
        const sk_segment *segment = words->parts[i].segment;
        int found = sk_find_form(segment, form, length, term, term_length);
        if (found)
            return found;
        sk_list list;
        found = sk_find_term(segment, form, length, &list);
        if (found < 0)
            return found;
        if (found && list.identity) {
            memcpy(term, form, length);
            *term_length = length;
            return 1;
        }
    }
    return 0;
}

/* Robertson's weight as searchkit/search/plan.py has it, step by step. */
static double idf(uint64_t articles, uint64_t df)
{
    return log(1.0 + ((double)((int64_t)articles - (int64_t)df) + 0.5) / ((double)df + 0.5));
}

static int is_frequent(const sk_words *words, const uint8_t *term, uint32_t length)
{
    for (const uint8_t *at = words->frequent; *at; at += 1 + *at)
        if (*at == length && !memcmp(at + 1, term, length))
            return 1;
    return 0;
}

/* A term looked up in every segment; NULL if that fails. */
static sk_word *look_up(const sk_words *words, const uint8_t *term, uint32_t length)
{
    sk_word *word = calloc(1, sizeof *word + words->part_count * sizeof(sk_list) + length);
    if (!word)
        return NULL;
    word->term = memcpy(word->lists + words->part_count, term, length);
    word->term_length = length;
    for (uint32_t i = 0; i < words->part_count; i++) {
        const sk_part *part = &words->parts[i];
        int found = sk_find_term(part->segment, term, length, &word->lists[i]);
        uint32_t df = word->lists[i].df;
        if (found < 0 || (found && part->live && sk_live_df(part->segment, &word->lists[i], part->live, &df))) {
            free(word);
            return NULL;
        }
        word->df += df;
    }
    word->idf = idf(words->articles, word->df);
    word->frequent = is_frequent(words, term, length);
    return word;
}

/* The word of a term, kept or put before *owned; NULL if looking it up fails. */
static sk_word *word_of(sk_words *words, const uint8_t *term, uint32_t length, sk_word **owned)
{
    entry *e;
    find_slot(words, TERM, term, length, &e);
    if (e)
        return e->word;
    sk_word *mine = look_up(words, term, length);
    if (!mine)
        return NULL;
    sk_word *kept = keep(words, TERM, term, length, mine);
    if (!kept) {
        mine->next = *owned;
        *owned = mine;
        return mine;
    }
    if (kept != mine)
        free(mine);
    return kept;
}

const sk_word *sk_words_find(sk_words *words, const uint8_t *form, uint32_t length, sk_word **owned)
{
    entry *e;
    find_slot(words, FORM, form, length, &e);
    if (e)
        return e->word;
    uint8_t term[SK_KEY_MAX];
    uint32_t term_length;
    if (length > SK_KEY_MAX || term_of(words, form, length, term, &term_length) <= 0)
        return NULL;
    sk_word *word = word_of(words, term, term_length, owned);
    if (word && !*owned)
        keep(words, FORM, form, length, word);
    return word;
}

const sk_word *sk_words_pair(sk_words *words, const sk_word *first, const sk_word *second, sk_word **owned)
{
    uint8_t key[SK_KEY_MAX];
    uint32_t length = 2 + first->term_length + second->term_length;
    if (length > SK_KEY_MAX)
        return NULL;
    uint8_t *at = key;
    *at++ = SK_PAIR_MARK;
    memcpy(at, first->term, first->term_length);
    at += first->term_length;
    *at++ = SK_PAIR_MARK;
    memcpy(at, second->term, second->term_length);
    return word_of(words, key, length, owned);
}
