/* The most that a word gives in each range of a few docids: bounds much finer than those of blocks, for frequent words.
 *
 * They are made from the postings when a word is asked for the second time, and stay in memory with the segment. Most
 * candidates that the bounds of blocks and windows let pass are dismissed here without a block being decoded. The most
 * frequent words of all, which most queries have and no block of which holds more than a few candidates, are not looked up
 * in their lists at all: their frequencies are kept too.
 */
#ifndef SK_MAXIMA_H
#define SK_MAXIMA_H

#include "segment.h"

/* Of a segment, for all that search it. */
typedef struct sk_maxima sk_maxima;

/* Of a word: shares[docid >> shift], the largest c / (c + k1) in 255ths, rounded up: what of its weight it gives there at
 * most. That only has to be multiplied, so that whole windows are bounded at once. Where these ranges are narrower, of each
 * 64 docids also the largest impact c, in 255ths of the list's c_max, rounded up, which tells the best of them better apart;
 * otherwise NULL. There are as many of both as whole windows have, 0 behind the last article. Of a word that is in every eighth article or more also its frequency in
 * each, SK_OFTEN at most; NULL: there is no room. */
typedef struct sk_word_maxima {
    const uint8_t *frequencies, *impacts;
    unsigned shift;
    uint8_t shares[];
} sk_word_maxima;

enum { SK_OFTEN = 255, SK_NARROWEST = 3, SK_WIDEST = 6 }; /* ... and log2 of docids in a range */

/* The frequency in an article, from where it is kept or from the list; SK_DAMAGED below 0. Requires: they are kept. */
static inline int64_t sk_kept_frequency(const sk_word_maxima *m, sk_cursor *c, uint32_t docid)
{
    uint32_t tf = m->frequencies[docid];
    return tf < SK_OFTEN ? tf : sk_cursor_tf_of(c, docid);
}

/* NULL: no memory. */
sk_maxima *sk_maxima_open(void);
void sk_maxima_close(sk_maxima *m);

/* Let what tells them come into the cache. */
void sk_maxima_expect(const sk_maxima *m, const sk_cursor *c);

/* The maxima of the word that the cursor is open for. NULL: none, as it is asked for the first time, or rare, or there is
 * no room, or the list is damaged, or others were made for another k1, which nearly all searches have. Several threads may
 * call it at a time. Moves the cursor. */
const sk_word_maxima *sk_maxima_of(sk_maxima *m, sk_cursor *c, double k1);

#endif
