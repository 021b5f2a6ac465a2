/* Evaluation of one query over the segments of a snapshot. See search.inc. */
#ifndef SK_SEARCH_H
#define SK_SEARCH_H

#include "segment.h"

#include <math.h>

enum { SK_WINDOW = 4096, SK_WINDOW_WORDS = SK_WINDOW / 64, SK_DEPTH_MAX = 200 };

enum sk_kind { SK_LEAF, SK_FILTER, SK_AND, SK_OR, SK_NOT, SK_AND_MAYBE, SK_ALL, SK_NOTHING, SK_BITS };
enum sk_relation { SK_OVERLAPS, SK_WITHIN, SK_CONTAINS, SK_UNDATED };
enum sk_field { SK_ANYWHERE, SK_TITLE, SK_TEXT };
enum sk_sort { SK_BY_SCORE, SK_NEWEST, SK_OLDEST, SK_BY_KEY };
enum sk_end { SK_WHOLE, SK_LATE, SK_INTERRUPTED };
/* What a frequency says, by the variants of BM25; with c = tf / norm and norm = 1 - b + b * length / average:
 *     SK_SCALED   (k1 + 1) c / (c + k1)             SK_BARE    c / (c + k1)
 *     SK_RAISED   (k1 + 1) c / (c + k1) + delta     SK_SHIFTED (k1 + 1) (c + delta) / (c + delta + k1)       */
enum sk_saturation { SK_SCALED, SK_BARE, SK_RAISED, SK_SHIFTED };
enum { SK_ENDED = -3 }; /* beside SK_DAMAGED and SK_NO_MEMORY: a task ended before it was done, see its `end` */

/* Articles of one segment, rising, and how often each has what was looked for. */
typedef struct sk_given {
    const uint32_t *docids, *tfs;
    uint32_t count;
} sk_given;

/* A word or a phrase that scores, or articles that were found before (spans.h). Its lists are those of its words, one
 * behind the other, and then those of pairs of them (frequent.h): an article with the phrase has these too, at least as
 * often. */
typedef struct sk_leaf {
    double weight; /* idf times boost */
    uint32_t first_word, words, lists;
    uint32_t slop;
    int field;
    const sk_given *given; /* by segment, and no list is looked at; NULL: this is a word or a phrase */
} sk_leaf;

/* A date range in seconds since year 1, half open; INT64_MIN and INT64_MAX leave a side open. */
typedef struct sk_filter {
    int64_t from, to;
    int relation;
} sk_filter;

/* How a score fades with the time between an article's date and [from, to): halves every half_life seconds down to
 * 1 - weight of it, which is also what is left of an undated article's. */
typedef struct sk_fade {
    int64_t from, to;
    double half_life, weight;
} sk_fade;

typedef struct sk_node {
    int kind;
    uint32_t first, count; /* children[first .. first + count), or the number of the leaf, filter or bitmap */
    uint32_t leaf_from, leaf_to; /* the leaves below, in query order */
} sk_node;

typedef struct sk_program {
    const sk_leaf *leaves;
    const sk_filter *filters;
    const sk_node *nodes;
    const uint32_t *children;
    uint32_t leaf_count, word_count, filter_count;
    uint32_t root;
    int64_t scoring, mask; /* root as `scoring AND mask`; -1: scoring is the root, or there is no mask */
} sk_program;

typedef struct sk_part {
    const sk_segment *segment;
    const uint64_t *live; /* bitmap, NULL: nothing is deleted */
    const sk_list *lists; /* by word of the program; df 0: the word is not here */
    const uint64_t *const *bitmaps; /* by number of the program: u64[ceil(articles / 64)], 0 behind the last article */
} sk_part;

typedef struct sk_hit {
    double score;
    uint32_t part, docid;
} sk_hit;

typedef struct sk_task {
    const sk_program *program;
    const sk_part *parts;
    uint32_t part_count;
    double k1, b, average; /* average: live tokens per live article of the whole snapshot */
    int saturation;
    double delta;
    const sk_fade *fades; /* a score is multiplied by the factor of each */
    uint32_t fade_count;
    double proximity; /* what nearness counts; 0: it is not looked for. Requires: no list of pairs stands for a phrase */
    int sort, skipping;
    uint64_t limit; /* hits wanted */
    uint64_t **matches; /* for sk_count, by part: a bitmap of whole windows to fill; NULL: only count */
    const uint32_t *const *keys; /* SK_BY_KEY: by part and docid, the least first */

    /* what may end it early (sk_look) */
    int64_t deadline;              /* by sk_clock; 0: none */
    int (*interrupted)(void *who); /* asked some times a second; NULL: nobody interrupts */
    void *who;
    uint64_t worked;               /* since the clock was last looked at, in steps of some nanoseconds each */
    int64_t next_asked;            /* when `interrupted` is; 0: it was not yet time to think of that */

    /* results */
    int end;
    sk_hit *hits; /* best first; malloc'ed, the caller frees */
    uint64_t hit_count, total; /* total: of sk_count only */
    uint32_t damaged;          /* number of the part found damaged */
} sk_task;

/* Find the best hits. Returns SK_OK, SK_DAMAGED, SK_NO_MEMORY, or SK_ENDED if it was interrupted. At the deadline it
 * returns SK_OK with the best of what was scored until then, and `end` is SK_LATE. */
int sk_search(sk_task *task);

/* Count all live articles that match, into task->total, and mark them in task->matches, if there are such. SK_ENDED also
 * at the deadline: there is no total then. */
int sk_count(sk_task *task);

/* Frequencies of all leaves in one article, 0 where a leaf does not count for it; *matches: the query finds it. With
 * proximity also, in `near`, how near each leaf is to its neighbour (search_near.inc). */
int sk_frequencies(sk_task *task, uint32_t part, uint32_t docid, uint32_t *tfs, double *near, int *matches);

/* Nanoseconds of a clock that is never set back. */
int64_t sk_clock(void);

/* For tests, which no machine's speed or load may decide: let the clock go on by so many nanoseconds whenever it is looked
 * at, so that time is work done. 0: as time passes. */
void sk_pace(int64_t nanoseconds);

/* Look at the clock: SK_ENDED if the deadline has passed, or who may interrupt does. */
int sk_look(sk_task *task);

enum { SK_LOOK_AFTER = 1 << 16 }; /* steps: some hundred microseconds */

/* Tell of steps that were or will be done: SK_OK, or SK_ENDED as of sk_look. Whatever may take long calls this between
 * pieces of at most a few milliseconds. */
static inline int sk_late(sk_task *task, uint64_t steps)
{
    task->worked += steps;
    return task->worked < SK_LOOK_AFTER ? SK_OK : sk_look(task);
}

/* Live articles that have the term. */
int sk_live_df(const sk_segment *s, const sk_list *list, const uint64_t *live, uint32_t *df);

/* The most that a frequency without end says, but for delta. */
static inline double sk_gain(const sk_task *t) { return t->saturation == SK_BARE ? 1.0 : t->k1 + 1.0; }

/* The most that delta adds to what a frequency says. */
static inline double sk_most_added(const sk_task *t)
{
    if (t->saturation == SK_SHIFTED) /* the difference falls with c */
        return (t->k1 + 1.0) * t->delta / (t->k1 + t->delta);
    return t->saturation == SK_RAISED ? t->delta : 0.0;
}

/* The BM25 contribution of one leaf, by the article's norm; tests/oracle.py writes the same expressions in the same order. */
static inline double sk_norm(const sk_task *t, uint32_t length)
{
    return (1.0 - t->b) + t->b * (double)length / t->average;
}

static inline double sk_contribution(const sk_task *t, double weight, uint32_t tf, double norm)
{
    double f = (double)tf;
    if (t->saturation == SK_SHIFTED) {
        double c = f / norm + t->delta;
        return weight * ((c * (t->k1 + 1.0)) / (c + t->k1));
    }
    double said = (f * sk_gain(t)) / (f + t->k1 * norm);
    return weight * (t->saturation == SK_RAISED ? said + t->delta : said);
}

/* The lesser weight of two leaves. */
static inline double sk_lesser(const sk_program *p, uint32_t leaf, uint32_t other)
{
    double here = p->leaves[leaf].weight, there = p->leaves[other].weight;
    return there < here ? there : here;
}

/* What the nearness of two words adds; `weight`: the lesser of theirs. Never more than if it had no end. */
static inline double sk_closeness(const sk_task *t, double weight, double near, double norm)
{
    return t->proximity * (weight * ((near * sk_gain(t)) / (near + t->k1 * norm)));
}

/* From 0 to 1; the oracle has this too. A start below 0 is that of an undated article. */
static inline double sk_faded(const sk_fade *f, int64_t start, int64_t end)
{
    double left = 0.0, distance = 0.0;
    if (start >= 0) {
        if (end <= f->from)
            distance = (double)f->from - (double)end;
        else if (start >= f->to)
            distance = (double)start - (double)f->to;
        left = exp2(-distance / f->half_life);
    }
    return (1.0 - f->weight) + f->weight * left;
}

#endif
