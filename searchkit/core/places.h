/* Where terms stand in the text of an article: their positions from the postings, their spans from the text. */
#ifndef SK_PLACES_H
#define SK_PLACES_H

#include "segment.h"

typedef struct sk_place {
    uint32_t position; /* token of the text, from 0 */
    uint32_t term;     /* number of the list */
    uint64_t start, end; /* characters of the text */
} sk_place;

/* The places of `count` terms, by rising position. `lists`: of each term in this segment, df 0: it is not here. `utf8`: the
 * article's text as it was indexed. SK_OK, and *places is the caller's to free; SK_DAMAGED (also where the text is not the
 * one that was indexed) or SK_NO_MEMORY. Requires: docid < articles. */
int sk_find_places(const sk_segment *s, const sk_list *lists, uint32_t count, uint32_t docid, const uint8_t *utf8,
                   size_t length, int fold_accents, sk_place **places, size_t *found);

#endif
