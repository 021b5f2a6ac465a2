/* The keys of a segment's dictionaries that a pattern accepts, and the terms that they lead to.
 *
 * A word form is a key of `forms`, with its term, or a term that occurs spelt like itself. A walk reads keys in order and
 * steps the automaton through what a key does not share with the one before. Where the automaton stops, the next key that
 * it may accept is known: what lies before it is passed over, block by block through the dictionary's index. Patterns that
 * begin with anything have another way: vocabulary.h.
 */
#ifndef SK_KEYS_H
#define SK_KEYS_H

#include "pattern.h"
#include "search.h"

/* ---- the walk ---------------------------------------------------------------------------------------------------- */

typedef struct sk_key_walk {
    sk_dict_walk dict; /* stands at the key found */
    sk_pattern *pattern;
    const uint8_t *high; /* only keys before this one; NULL: all */
    size_t high_length;

    uint8_t path[SK_KEY_MAX + 1]; /* what the automaton was stepped through, ... */
    uint32_t ends[SK_KEY_MAX + 1]; /* ... by code points: how many bytes so many of them take, ... */
    uint32_t depth;                /* ... and for how many the pattern's states are known */
    uint8_t target[SK_KEY_MAX + 4]; /* the least key that may be accepted now */
    uint32_t target_length;
    uint64_t read; /* keys */
} sk_key_walk;

/* Begin at the first key not below `low`, of at most SK_KEY_MAX + 1 bytes. SK_OK or SK_DAMAGED. */
int sk_keys_start(sk_key_walk *w, const sk_segment *s, int forms, sk_pattern *p, const uint8_t *low, size_t low_length,
                  const uint8_t *high, size_t high_length);

enum { SK_KEYS_PAUSE = 2 }; /* beside 1, 0 and SK_DAMAGED: many keys were read, go on if there is time */

/* The next key that is accepted: 1, 0 at the end, SK_DAMAGED, or SK_KEYS_PAUSE. */
int sk_keys_next(sk_key_walk *w);

/* ---- what is found ------------------------------------------------------------------------------------------------ */

/* A term that some word form led to, or, where forms are asked for, the form. */
typedef struct sk_found {
    uint64_t at; /* in `bytes` */
    uint32_t length;
    uint32_t segment; /* the first that had it */
    uint32_t sources; /* the first of its chain + 1; 0: a segment without deleted articles has such a form */
    uint64_t weight;  /* articles with the term in all segments, deleted ones too; of a form: its occurrences */
} sk_found;

/* A form of a segment in which articles are deleted: there may be none left that has it. */
typedef struct sk_source {
    uint64_t at, occurrences;
    uint32_t length, segment, next;
} sk_source;

typedef struct sk_matches {
    uint8_t *bytes;
    uint64_t size, room;
    sk_found *found;
    uint32_t count, found_room;
    sk_source *sources;
    uint32_t source_count, source_room;
    uint32_t *table;
    size_t table_size;
    int by_form;
} sk_matches;

int sk_matches_open(sk_matches *m, int by_form);
void sk_matches_close(sk_matches *m);

/* Add the key that a walk stands at, of the segment of that number; `deleted`: it has deleted articles. */
int sk_matches_add(sk_matches *m, const sk_dict_walk *d, uint32_t segment, int deleted);

/* Count the articles with each term, over all parts. On SK_DAMAGED *damaged is the number of one. */
int sk_matches_weigh(sk_matches *m, const sk_part *parts, uint32_t count, uint32_t *damaged);

/* How often deleted articles of a part have the term: no form of it stands in them more often. SK_OK or an error. */
int sk_deleted_occurrences(const sk_part *part, const uint8_t *term, size_t length, uint64_t *count);

/* Put what weighs most first; of equals the lesser key. */
void sk_matches_sort(sk_matches *m);

#endif
