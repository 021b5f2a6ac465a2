/* From texts to postings: articles tokenized into flat logs, and a counting sort that turns the logs into lists.
 *
 *     add       text -> word forms (one hash table) -> the log: a form number for every token
 *     invert    logs, form -> term, order of articles  ->  places of tokens, grouped by term  ->  postings lists
 *
 * There is one run for each thread that tokenizes, with a table and a log of its own. Inverting goes by ranges of
 * terms: each range takes from all logs what is its own, so that memory is bounded by the range and several threads can
 * work side by side. Which units are a range's own is marked beforehand, for a few ranges at a time and 4 bits a unit:
 * what is of others is passed over sixteen units at a time. No pointer is chased anywhere.
 *
 *     log       := unit*, u16: a form number below 0xF000; or 0xF000 | number >> 16, then the number's low 16 bits
 *     marks     := by docid, u64*: for each unit of the article 4 bits: the range of its token's term; 14: another;
 *                  15: a second unit, or none
 */
#ifndef SK_INVERT_H
#define SK_INVERT_H

#include "encode.h"
#include "tokenize.h"

/* Forms of up to 16 bytes are compared within the slot; a longer one has its hash and NO_TEXT there. */
typedef struct sk_form_slot {
    uint64_t key[2];
    uint32_t form; /* number + 1; 0: free */
    uint32_t count;
} sk_form_slot;

typedef struct sk_run {
    int fold_accents;
    uint32_t title_weight;

    sk_form_slot *slots;
    size_t slot_count; /* a power of two */
    sk_buffer forms;   /* the bytes of all forms */
    uint64_t *form_ends;
    uint32_t form_count, form_room;

    uint16_t *log;
    uint64_t log_length, log_room; /* in units */

    uint64_t *ends;             /* of each article in the log */
    uint32_t *titles, *lengths; /* tokens of one copy of the title, and in all */
    uint32_t articles, article_room;
    uint64_t tokens;
} sk_run;

enum { SK_LONG_UNIT = 0xF000 };

/* The number of the form at *at in a log, and on to the next. */
static inline uint32_t sk_logged_form(const uint16_t **at)
{
    uint32_t number = *(*at)++;
    if (number >= SK_LONG_UNIT)
        number = (number & ~(uint32_t)SK_LONG_UNIT) << 16 | *(*at)++;
    return number;
}

/* Where an article begins in its run's log. */
static inline uint64_t sk_article_begin(const sk_run *r, uint32_t article)
{
    return article ? r->ends[article - 1] : 0;
}

static inline const uint16_t *sk_article_start(const sk_run *r, uint32_t article)
{
    return r->log + sk_article_begin(r, article);
}

int sk_run_open(sk_run *r, int fold_accents, uint32_t title_weight);
void sk_run_close(sk_run *r);

/* Take in one article. Returns SK_OK or SK_NO_MEMORY (forms may then be counted that no article has). */
int sk_run_add(sk_run *r, const uint8_t *title, size_t title_length, const uint8_t *text, size_t text_length);

/* The bytes of a form by its number, and how many. */
static inline const uint8_t *sk_form_at(const sk_run *r, uint32_t number, uint32_t *length)
{
    uint64_t start = number ? r->form_ends[number - 1] : 0;
    *length = (uint32_t)(r->form_ends[number] - start);
    return r->forms.bytes + start;
}

/* The number of a form, which is made known if it was not, and counted `more` times. Returns SK_OK or SK_NO_MEMORY. */
int sk_run_form(sk_run *r, const uint8_t *form, uint32_t length, uint32_t more, uint32_t *number);

/* How often a form stands in the run. */
uint64_t sk_run_occurrences(const sk_run *r, const uint8_t *form, uint32_t length);

/* counts[form] = how often each form stands in the run. */
void sk_run_counts(const sk_run *r, uint64_t *counts);

/* Take the tokens of an article off counts[form]. */
void sk_run_uncount(const sk_run *r, uint32_t article, uint64_t *counts);

/* Give the table of forms back: their numbers, bytes and the log stay, but no form can be looked up or added any more. */
void sk_run_close_table(sk_run *r);

/* Give memory that is free back to the system, where the allocator keeps it. */
void sk_trim(void);

/* Bytes held in memory. */
uint64_t sk_run_memory(const sk_run *r);

typedef struct sk_place {
    uint32_t run, article;
} sk_place;

enum { SK_NOT_FREQUENT = 255 };

/* What a walk over the articles from `docid` up to `past` has found of the frequent terms (frequent.h). Numbers are
 * written as varints. */
typedef struct sk_slice {
    uint32_t docid, past;
    sk_buffer *tokens; /* by frequent term: each of its tokens, counted from behind the one before, or the slice's first */
    sk_buffer *pairs;  /* by pair: articles, counted from behind the one before or the slice's first, and how often */
} sk_slice;

/* A number of a slice; *at moves on. */
static inline uint32_t sk_number(const uint8_t **at)
{
    uint32_t number = *(*at)++;
    if (number < 0x80)
        return number;
    number &= 0x7F;
    for (unsigned shift = 7;; shift += 7) {
        uint32_t byte = *(*at)++;
        number |= (byte & 0x7F) << shift;
        if (byte < 0x80)
            return number;
    }
}

/* What all ranges read. */
typedef struct sk_inversion {
    const sk_run *runs;
    const sk_place *places; /* by docid: the articles that are kept */
    uint32_t kept;
    uint32_t *const *term_of; /* by run, by form: its term */
    const sk_impact_scale *scale;
    uint32_t *first_tokens; /* by docid, and one more: tokens before it, all articles in the order of docids */
    uint32_t *hints;        /* docid of each 256th token */
    const uint8_t *number_of; /* by term: its number among the frequent ones, or SK_NOT_FREQUENT */
    const sk_slice *slices;   /* of all articles: they have the tokens of the frequent terms */
    uint32_t slice_count;
    uint64_t *marks, *first_marks; /* and where those of each docid begin, and of one more */
} sk_inversion;

enum { SK_MARKED_RANGES = 14 };

/* Requires: runs, places, kept and the lengths in `scale` are set, and there are at most UINT32_MAX tokens. */
int sk_inversion_open(sk_inversion *v);
void sk_inversion_close(sk_inversion *v);

/* The terms of one range and of the next and so on, up to SK_MARKED_RANGES of them: the first has those from `first` up
 * to pasts[0], the second those from there up to pasts[1]. */
typedef struct sk_marking {
    uint32_t first, pasts[SK_MARKED_RANGES], ranges;
    uint8_t **mark_of; /* by run, by form */
} sk_marking;

int sk_marking_open(sk_marking *m, const sk_inversion *v, uint32_t runs);
void sk_marking_close(sk_marking *m, uint32_t runs);

/* Mark the articles from `docid` up to `past`. Threads may do so at the same time, each for others. */
void sk_mark(const sk_marking *m, const sk_inversion *v, uint32_t docid, uint32_t past);

/* The lists of the terms from `first` up to `past`. */
typedef struct sk_range {
    uint32_t first, past;
    uint32_t mark;               /* its number among the ranges that are marked */
    const uint64_t *occurrences; /* by term, of all terms */
    sk_buffer out;               /* the lists, one behind the other */
    uint32_t *dfs;               /* of each term of the range; 0: no kept article has it */
    uint64_t *sizes;             /* bytes of its list */
    uint64_t position_bits;
} sk_range;

/* What a thread sorts in, one range after the other. All zeros to begin with. */
typedef struct sk_sorting {
    uint32_t *next, *tokens; /* sort_tokens */
    uint32_t *frequent;      /* the tokens of one frequent term */
    uint64_t next_room, token_room, frequent_room;
    sk_buffer scratch, work;
} sk_sorting;

void sk_sorting_close(sk_sorting *s);

int sk_range_invert(const sk_inversion *v, sk_range *range, sk_sorting *s);
void sk_range_close(sk_range *range);

#endif
