/* Words of queries as a snapshot knows them, looked up once and kept.
 *
 *     form -> term -> its postings list in every segment, how many live articles have it, its idf
 *
 * Threads look up side by side without a lock: what one has found it publishes by a single compare-and-swap, and from
 * then on it neither changes nor goes before the table does. A full table takes no more; what is found then belongs to
 * the caller.
 */
#ifndef SK_WORDS_H
#define SK_WORDS_H

#include "search.h"

typedef struct sk_word {
    struct sk_word *next; /* in a chain of words that one caller owns */
    double idf;
    uint64_t df;  /* live articles of the snapshot */
    int frequent; /* one of those of which pairs are kept */
    uint32_t term_length;
    const uint8_t *term; /* behind the lists */
    sk_list lists[]; /* by part; df 0: it is not there */
} sk_word;

typedef struct sk_words {
    const sk_part *parts; /* their lists are not looked at */
    uint32_t part_count;
    uint64_t articles;       /* live ones */
    const uint8_t *frequent; /* the terms of which pairs are kept, each behind its length in a byte; 0 ends them */
    void **slots;
    uint32_t kept;
} sk_words;

/* Requires: `parts` and `frequent` stay as long as the table. Returns SK_OK or SK_NO_MEMORY; sk_words_close is due in
 * either case. */
int sk_words_open(sk_words *words, const sk_part *parts, uint32_t part_count, uint64_t articles,
                  const uint8_t *frequent);
void sk_words_close(sk_words *words);

/* The word of a form, NULL if no segment has the form, or if damage or want of memory stops the search. A word that is
 * not kept is put before *owned, for sk_words_free. */
const sk_word *sk_words_find(sk_words *words, const uint8_t *form, uint32_t length, sk_word **owned);

/* The pair of two frequent words, the one right before the other, as a word (frequent.h). NULL if looking it up fails. */
const sk_word *sk_words_pair(sk_words *words, const sk_word *first, const sk_word *second, sk_word **owned);

void sk_words_free(sk_word *owned);

#endif
