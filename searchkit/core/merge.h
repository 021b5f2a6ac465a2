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

typedef struct sk_merge {
    sk_merge_source *sources;
    uint32_t count;
    const sk_impact_scale *scale;
    const sk_run *gone; /* the deleted articles' texts, counted; NULL: nothing was deleted, or no text is kept */
    sk_buffer vanished, vanished_at; /* terms that occurred in deleted articles alone, rising, and where each begins */
    sk_buffer scratch, work;
    uint32_t damaged; /* number of the source that was found damaged */
} sk_merge;

/* Begin a walk over the terms (forms = 0) or word forms (1) of all sources. */
int sk_merge_start(sk_merge *m, int forms);

/* Encode the next terms until `out` holds `enough` bytes. Returns 1 if there is more, 0 at the end, or an error. */
int sk_merge_terms(sk_merge *m, sk_buffer *out, size_t enough, sk_dict_builder *terms, uint64_t *position_bits);

/* Write the whole dictionary of word forms. Returns SK_OK or an error. */
int sk_merge_forms(sk_merge *m, sk_dict_builder *forms);

void sk_merge_close(sk_merge *m);

#endif
