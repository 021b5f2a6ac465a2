/* The largest impact of a word in each range of a few docids: bounds much finer than those of blocks, for frequent words.
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

/* Of a word: impacts[docid >> shift], in 255ths of the list's c_max, rounded up; from impacts[wide] on, the same of ranges
 * of 64 docids. Of one that is in every eighth article or more also its frequency in each, SK_OFTEN at most; NULL: there is
 * no room. */
typedef struct sk_word_maxima {
    const uint8_t *frequencies;
    unsigned shift;
    uint32_t wide;
    uint8_t impacts[];
} sk_word_maxima;

enum { SK_OFTEN = 255 };

/* The frequency in an article, from where it is kept or from the list; SK_DAMAGED below 0. Requires: they are kept. */
static inline int64_t sk_kept_frequency(const sk_word_maxima *m, sk_cursor *c, uint32_t docid)
{
    uint32_t tf = m->frequencies[docid];
    return tf < SK_OFTEN ? tf : sk_cursor_tf_of(c, docid);
}

static inline const uint8_t *sk_maxima_ranges(const sk_word_maxima *m) { return m->impacts + m->wide; }

/* NULL: no memory. */
sk_maxima *sk_maxima_open(void);
void sk_maxima_close(sk_maxima *m);

/* Let what tells them come into the cache. */
void sk_maxima_expect(const sk_maxima *m, const sk_cursor *c);

/* The maxima of the word that the cursor is open for. NULL: none, as it is asked for the first time, or rare, or there is
 * no room, or the list is damaged. Several threads may call it at a time. Moves the cursor. */
const sk_word_maxima *sk_maxima_of(sk_maxima *m, sk_cursor *c);

#endif
