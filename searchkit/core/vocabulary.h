/* All word forms of a segment in memory, for patterns that may begin with anything.
 *
 *     words    those of one length in code points side by side, these in the order of the dictionaries
 *     letters  of each word, see pattern.h: words that lack letters, or have others, are passed over eight bytes a word
 *     places   of each: its number in the dictionary of terms, or of forms with SK_IN_FORMS
 *     keys     of each word its bytes
 *
 * It costs as much time as a walk over all keys, and some 25 bytes a word for as long as the segment is open. So it is made
 * once walks have read as many keys as there are, and not at all in a segment that has too many.
 */
#ifndef SK_VOCABULARY_H
#define SK_VOCABULARY_H

#include "pattern.h"

enum {
    SK_VOCABULARY_KEYS = 3 << 20,   /* of a segment, at most, ... */
    SK_VOCABULARY_BYTES = 64 << 20, /* ... and of all its words */
};

#define SK_IN_FORMS (UINT32_C(1) << 31)

/* One piece of memory: free() closes it. */
typedef struct sk_vocabulary {
    uint32_t count;
    uint32_t starts[SK_KEY_MAX + 2]; /* by length: the first word */
    uint64_t *letters;
    uint32_t *places;
    uint32_t *ends; /* in `keys`: ends[i] to ends[i + 1] are word i's */
    uint8_t *keys;
} sk_vocabulary;

/* ---- making it ---------------------------------------------------------------------------------------------------- */

/* Words as they are collected, in the order of the dictionaries. */
typedef struct sk_collection {
    sk_dict_walk walk;
    uint32_t count, lengths[SK_KEY_MAX + 1]; /* words of each length in code points */
    uint64_t *letters;
    uint32_t *places;
    uint8_t *sizes, *code_points; /* of each, in bytes and in code points */
    sk_buffer keys;
} sk_collection;

/* Whether it is worth its cost now that another walk would read so many keys of `s`; they count as read. */
int sk_vocabulary_due(sk_segment *s, uint64_t keys);

/* It never is, as there is too much. */
void sk_vocabulary_never(sk_segment *s);

/* Make room. SK_OK or SK_NO_MEMORY; close in either case. */
int sk_collection_open(sk_collection *c, const sk_segment *s);
void sk_collection_close(sk_collection *c);

enum { SK_COLLECTION_FULL = 2 }; /* beside 1, 0, SK_DAMAGED and SK_NO_MEMORY: there is too much */

/* Collect some more: 1 there are more, 0 that was all, or what went wrong. */
int sk_collection_more(sk_collection *c);

/* Give all that was collected to the segment, unless another thread was quicker. SK_OK or SK_NO_MEMORY. */
int sk_collection_give(const sk_collection *c, sk_segment *s);

/* ---- looking through it ------------------------------------------------------------------------------------------- */

typedef struct sk_scan {
    const sk_vocabulary *vocabulary;
    sk_pattern *pattern;
    uint32_t at, end;
    uint32_t *found; /* places */
    uint32_t count, room;
} sk_scan;

/* Begin. Requires: s->vocabulary, and that the pattern accepts something. */
void sk_scan_start(sk_scan *scan, const sk_segment *s, sk_pattern *p);
void sk_scan_close(sk_scan *scan);

/* Look through some more words: 1 there are more, 0 that was all (and `found` is rising), SK_DAMAGED or SK_NO_MEMORY. */
int sk_scan_more(sk_scan *scan);

#endif
