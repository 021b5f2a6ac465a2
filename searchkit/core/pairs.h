/* Lists of pairs: for two frequent words, the articles in which the one stands right before the other, and how often.
 *
 * The words are the index's own option, some thirty terms that stand in nearly every article. A phrase of two of them
 * is then one list, where it would be the positions of both in nearly every article. A pair's key in the dictionary of
 * terms is SK_PAIR_MARK, a term, SK_PAIR_MARK, a term; no token holds that byte. Its list has no positions.
 */
#ifndef SK_PAIRS_H
#define SK_PAIRS_H

#include "invert.h"

enum { SK_PAIR_WORDS_MAX = 64, SK_NO_PAIR_WORD = 255 };

typedef struct sk_pairs {
    uint32_t words;
    sk_buffer *lists; /* words * words of them, first word first: docid u32, frequency u32, ... by rising docid */
} sk_pairs;

/* Find the pairs of the kept articles. word_of, by run, by form: the number of its term among the frequent ones, or
 * SK_NO_PAIR_WORD. Returns SK_OK or SK_NO_MEMORY; sk_pairs_close is due in every case. */
int sk_pairs_find(sk_pairs *p, const sk_inversion *v, uint8_t *const *word_of, uint32_t words);

/* Encode the list of a pair. *df is 0 where there is none. */
int sk_pairs_encode(const sk_pairs *p, uint32_t first, uint32_t second, const sk_impact_scale *scale, sk_buffer *out,
                    sk_buffer *scratch, sk_buffer *work, uint32_t *df);

void sk_pairs_close(sk_pairs *p);

#endif
