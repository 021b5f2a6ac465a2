/* The frequent terms, found in one walk over the logs: their tokens, and the pairs that some of them make.
 *
 * A few hundred terms are half of all tokens. Appending theirs to as many lists, article by article, takes no sort. The
 * walk is cut into slices, articles of consecutive docids, that threads share.
 *
 * The first of the frequent terms are the words of pairs, the index's own option: some thirty that stand in nearly every
 * article. A phrase of two of them is one list, where it would be the positions of both in nearly every article: the
 * articles in which the one stands right before the other, and how often. A pair's key in the dictionary of terms is
 * SK_PAIR_MARK, a term, SK_PAIR_MARK, a term; no token holds that byte. Its list has no positions.
 */
#ifndef SK_FREQUENT_H
#define SK_FREQUENT_H

#include "invert.h"

enum { SK_PAIR_WORDS_MAX = 64 };

/* Find what the articles of a slice have, its docids set. numbers, by run, by form: the number of its term among the
 * frequent ones, or SK_NOT_FREQUENT; those below `words` make pairs. Returns SK_OK or SK_NO_MEMORY. */
int sk_slice_find(sk_slice *slice, const sk_inversion *v, uint8_t *const *numbers, uint32_t words);
void sk_slice_close_pairs(sk_slice *slice, uint32_t words);
void sk_slice_close(sk_slice *slice, uint32_t words);

/* The lists of the pairs whose first word has the number row->first, by second word; the frequency of a pair that is not
 * there is 0. */
int sk_pairs_encode(const sk_inversion *v, uint32_t words, sk_range *row, sk_sorting *sorting);

#endif
