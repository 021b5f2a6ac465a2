/* Several segments' postings as one: a k-way walk over their dictionaries, docids mapped, positions copied bit by bit
 * (their code depends on the article alone, see bits.h). Scores never change: only docids do. */
#ifndef SK_MERGE_H
#define SK_MERGE_H

#include "encode.h"
#include "invert.h"

typedef struct sk_merge_source {
    const sk_segment *segment;
    const uint32_t *docids; /* old docid -> new, ascending; UINT32_MAX: deleted */
    sk_dict_walk walk;
    int state; /* 1: walk stands on a key, 0: at its end */
} sk_merge_source;

/* Several threads may each merge a range of the terms, with a merge of its own. */
typedef struct sk_merge {
    sk_merge_source *sources;
    uint32_t count;
    const uint8_t *until; /* terms from this one on are another range's; NULL: to the last */
    uint32_t until_length;
    const sk_impact_scale *scale;
    const sk_run *gone; /* the deleted articles' texts, counted; NULL: nothing was deleted, or no text is kept */
    sk_buffer vanished, vanished_at; /* terms that occurred in deleted articles alone, rising, and where each begins */
    sk_buffer scratch, work;
    uint32_t damaged; /* number of the source that was found damaged */
} sk_merge;

/* Terms that cut all terms into ranges of about `bytes` of lists, rising, into `keys`: a byte with the length of each before
 * it. Returns SK_OK or an error. */
int sk_merge_split(sk_merge *m, uint64_t bytes, sk_buffer *keys);

/* Begin a walk over the terms (forms = 0) or word forms (1) of all sources, from the first that is not below a key. */
int sk_merge_start(sk_merge *m, int forms, const uint8_t *from, uint32_t length);

/* Encode the next terms until `out` holds `enough` bytes; what the dictionary is to have of them is appended to `entries`.
 * Returns 1 if there is more, 0 at the end of the range, or an error. */
int sk_merge_terms(sk_merge *m, sk_buffer *out, size_t enough, sk_buffer *entries, uint64_t *position_bits);

/* Put the entries of a range's terms into the dictionary, and which of its terms have vanished into `m`. Requires: all
 * ranges before it were. Returns SK_OK or an error. */
int sk_merge_join(sk_merge *m, const sk_merge *range, const sk_buffer *entries, sk_dict_builder *terms);

/* Write the whole dictionary of word forms. Returns SK_OK or an error. */
int sk_merge_forms(sk_merge *m, sk_dict_builder *forms);

void sk_merge_close(sk_merge *m);

#endif
