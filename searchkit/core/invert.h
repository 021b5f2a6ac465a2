/* From texts to postings: a run of articles, tokenized into one flat log and inverted by a counting sort.
 *
 *     add       text -> word forms (one hash table) -> the log: a form number for every token, and where articles end
 *     invert    log, form -> term, order of articles  ->  entries (docid, position) grouped by term
 *     encode    entries of a term -> its postings list
 *
 * Five nanoseconds a token to invert, no pointer chasing: see docs/architecture.md.
 */
#ifndef SK_INVERT_H
#define SK_INVERT_H

#include "encode.h"
#include "tokenize.h"

typedef struct sk_form_slot {
    uint64_t hash;
    uint32_t form; /* number + 1; 0: free */
} sk_form_slot;

typedef struct sk_run {
    int fold_accents;
    uint32_t title_weight;

    sk_form_slot *slots;
    size_t slot_count; /* a power of two */
    sk_buffer forms;   /* the bytes of all forms */
    uint64_t *form_ends;
    uint32_t form_count, form_room;

    uint32_t *log; /* form numbers */
    uint64_t log_length, log_room;

    uint64_t *ends; /* of each article in the log */
    uint32_t *titles;
    uint32_t articles, article_room;

    /* after sk_run_invert */
    uint32_t kept, terms;
    uint32_t *lengths, *kept_titles; /* by docid */
    uint64_t *starts;                /* of each term in `entries` */
    uint64_t *entries;               /* docid << 32 | position */
    uint64_t *occurrences;           /* of each form in the kept articles */
    uint64_t total_length;
} sk_run;

int sk_run_open(sk_run *r, int fold_accents, uint32_t title_weight);
void sk_run_close(sk_run *r);

/* Take in one article. Returns SK_OK or SK_NO_MEMORY (the article is then not in the run). */
int sk_run_add(sk_run *r, const uint8_t *title, size_t title_length, const uint8_t *text, size_t text_length);

/* Count every form over all articles of the run, into r->occurrences. For runs that are only counted, not inverted. */
int sk_run_count(sk_run *r);

/* How often a form stands in a counted run. */
uint64_t sk_run_occurrences(const sk_run *r, const uint8_t *form, uint32_t length);

/* Bytes held in memory now, and needed more to invert. */
uint64_t sk_run_memory(const sk_run *r);

/* order[docid] = number of the article in the run, for the `kept` articles of the segment; term_of[form] < terms. */
int sk_run_invert(sk_run *r, const uint32_t *order, uint32_t kept, const uint32_t *term_of, uint32_t terms);

/* Encode one term's postings. *df is 0 where no kept article has it (nothing is written then). */
int sk_run_encode(sk_run *r, uint32_t term, const sk_impact_scale *scale, sk_buffer *out, sk_buffer *scratch,
                  sk_buffer *work, uint32_t *df, uint64_t *position_bits);

#endif
