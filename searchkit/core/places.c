/* What to mark in a text. See places.h.
 *
 * The postings know at which tokens a term stands, so nothing of the text is looked up or stemmed again: it is cut into
 * tokens until the last of those is reached, at the tokenizer's speed.
 */
#include "places.h"

#include <stdlib.h>

#include "tokenize.h"

static int by_position(const void *a, const void *b)
{
    const sk_place *x = a, *y = b;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return (x->term > y->term) - (x->term < y->term);
}

/* Append the places of one term. Positions count the copies of the title first: those are left out. */
static int add_term(const sk_segment *s, const sk_list *list, uint32_t term, uint32_t docid, uint32_t text_from,
                    sk_place **places, size_t *found)
{
    sk_cursor c;
    uint32_t index = 0, *positions = NULL;
    int64_t tf = 0;
    int failed = sk_cursor_open(&c, s, list);
    if (!failed)
        tf = sk_cursor_probe(&c, docid, &index);
    if (tf < 0 || tf > sk_length(s, docid))
        failed = SK_DAMAGED;
    if (!failed && tf > 0) {
        sk_place *more = realloc(*places, (*found + (size_t)tf) * sizeof **places);
        positions = malloc((size_t)tf * sizeof *positions);
        if (more)
            *places = more;
        failed = more && positions ? sk_cursor_positions(&c, index, positions) : SK_NO_MEMORY;
        for (int64_t i = 0; i < tf && !failed; i++)
            if (positions[i] >= text_from)
                (*places)[(*found)++] = (sk_place){.position = positions[i] - text_from, .term = term};
    }
    free(positions);
    sk_cursor_close(&c);
    return failed;
}

int sk_find_places(const sk_segment *s, const sk_list *lists, uint32_t count, uint32_t docid, const uint8_t *utf8,
                   size_t length, int fold_accents, sk_place **places, size_t *found)
{
    uint64_t text_from = (uint64_t)sk_title_length(s, docid) * s->title_weight;
    int failed = text_from > sk_length(s, docid) ? SK_DAMAGED : SK_OK;
    *places = NULL;
    *found = 0;
    for (uint32_t i = 0; i < count && !failed; i++)
        if (lists[i].df)
            failed = add_term(s, &lists[i], i, docid, (uint32_t)text_from, places, found);
    if (!failed && *found) {
        sk_tokenizer tokenizer;
        sk_token token;
        size_t next = 0;
        qsort(*places, *found, sizeof **places, by_position);
        sk_tokenizer_start(&tokenizer, utf8, length, fold_accents);
        for (uint32_t position = 0; next < *found && sk_tokenizer_next(&tokenizer, &token); position++)
            for (; next < *found && (*places)[next].position == position; next++) {
                (*places)[next].start = token.start;
                (*places)[next].end = token.end;
            }
        if (next < *found)
            failed = SK_DAMAGED;
    }
    if (failed) {
        free(*places);
        *places = NULL;
    }
    return failed;
}
