/* Sequences of places: where in each article words of every place stand together, counted window by window.
 *
 * A place is a set of terms. An occurrence of an ordered sequence begins at a word of its first place, and each further
 * place has a word 1 to `slop` positions behind that of the place before. Of an unordered one it begins at a word of any
 * place, and each further word is one of another place, 1 to `slop` positions behind the one before, until all have one.
 * What is counted is where occurrences begin. All words stand in the text, or in one copy of the title.
 */
#ifndef SK_SPANS_H
#define SK_SPANS_H

#include "search.h"

enum { SK_PLACES_MAX = 64, SK_UNORDERED_MAX = 8 };

typedef struct sk_token_at {
    uint64_t places; /* bit by bit, those that it may fill */
    uint32_t position;
} sk_token_at;

typedef struct sk_spans {
    const sk_segment *segment;
    uint32_t places, slop;
    int ordered, field;

    uint32_t terms;
    sk_cursor *cursors;     /* by term */
    const uint64_t *masks;  /* by term: the places that it fills */

    uint32_t *offsets;      /* by article of a window: its first token; one more at the end */
    sk_token_at *tokens;
    size_t token_room;
    uint32_t *positions;
    size_t position_room;

    uint32_t *docids, *tfs; /* what was found, rising */
    uint32_t count, room;
} sk_spans;

/* Open cursors over lists of one segment, none of them empty. `masks` stay the caller's. SK_OK, SK_DAMAGED or
 * SK_NO_MEMORY; close in every case. Requires: 2 to SK_PLACES_MAX places, unordered SK_UNORDERED_MAX; slop from 1. */
int sk_spans_open(sk_spans *s, const sk_segment *segment, const sk_list *lists, const uint64_t *masks, uint32_t terms);
void sk_spans_close(sk_spans *s);

/* Add what a window holds. Requires: windows come in rising order. */
int sk_spans_window(sk_spans *s, uint32_t window);

#endif
