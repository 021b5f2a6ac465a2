/* One evaluator: windows of 4,096 docids, bounds in float32, scores in float64.
 *
 *     open        a cursor for each word, a bound for each leaf and window
 *     visit       windows, best bound first; a window that cannot reach the threshold ends the search
 *     evaluate    OR    scatter the lists that matter into one accumulator, look the others up for survivors (MaxScore)
 *                 AND   the rarest word leads, the others are probed, positions are read last
 *                 tree  any nesting: a bitmap for each node, the sum of all leaves' scores as a bound
 *     rescore     what could enter the top k is scored by the formula in float64, leaf by leaf in query order
 *
 * Bounds decide what to look at, never what is returned. Float32 estimates are compared with the threshold less a slack
 * that covers all their rounding, so the result is the exhaustive float64 ranking whatever was skipped.
 */
#include "search.h"

#include <math.h>

typedef struct leaf_state {
    const sk_leaf *leaf;
    sk_cursor *words;   /* leaf->words cursors */
    uint32_t *indexes;  /* of the probed article's posting in each word's block */
    uint32_t *tfs;
    int absent;         /* a word of it is not in this segment */
    int plain;          /* one word, anywhere */
    uint32_t lead;      /* its rarest word */
    float weight;       /* times k1 + 1 */
    uint32_t *hints;    /* by word: where the last window's bound was found */
} leaf_state;

typedef struct run {
    sk_task *task;
    const sk_program *program;
    const sk_part *part;
    const sk_segment *segment;
    uint32_t number; /* of the part */
    const sk_kernels *kernels;
    uint32_t windows;

    leaf_state *leaves;
    sk_cursor *cursors;
    uint32_t *word_memory;
    float k0, k_length;        /* k1 * (1 - b), k1 * b / average */
    float c_most, c_least;     /* factors from this segment's impacts to the snapshot's average and b */

    float *bounds;      /* by leaf and window, or of one window where there are too many leaves to keep all */
    uint32_t *firsts;   /* first block (short lists: first posting) of a leaf's lead word at the window */
    size_t bound_stride; /* 0: one window */

    const uint32_t **ranges; /* by filter: pairs of docids, half open */
    uint32_t *range_counts;
    uint32_t from, to; /* docids that the mask leaves */
    uint32_t leaf_from, leaf_to; /* the leaves of an OR or AND */

    uint64_t *mask; /* of window mask_window */
    int64_t mask_window;

    float *acc;
    uint64_t *touched;
    uint32_t *order;
    float *prefix;
    uint32_t *leaf_tfs;
    uint8_t *counted;

    uint32_t *positions[3];
    size_t position_room;
} run;

typedef struct heap {
    sk_task *task;
    sk_hit *hits;
    uint64_t count, room, limit;
    double floor; /* a proved lower bound of the limit-th best score */
} heap;

/* ---- order of hits ----------------------------------------------------------------------------------------------- */

static void dates_of(const sk_segment *s, uint32_t docid, int64_t *start, int64_t *end)
{
    const uint8_t *run = s->dates.at + (size_t)sk_run_of(s, docid) * SK_RUN_BYTES;
    *start = sk_load64s(run);
    *end = sk_load64s(run + 8);
}

static int compare_ids(const sk_segment *a, uint32_t a_docid, const sk_segment *b, uint32_t b_docid)
{
    uint32_t a_length = 0, b_length = 0;
    const uint8_t *a_id = sk_id(a, a_docid, &a_length), *b_id = sk_id(b, b_docid, &b_length);
    if (!a_id || !b_id)
        return 0;
    int order = memcmp(a_id, b_id, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* Below 0 if a comes before b: by score, then newer first, then id; or by date alone. */
static int compare_hits(const sk_task *task, const sk_hit *a, const sk_hit *b)
{
    if (task->sort == SK_BY_SCORE && a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->part == b->part && task->sort != SK_OLDEST)
        return (a->docid > b->docid) - (a->docid < b->docid);
    const sk_segment *x = task->parts[a->part].segment, *y = task->parts[b->part].segment;
    int64_t a_start, a_end, b_start, b_end;
    dates_of(x, a->docid, &a_start, &a_end);
    dates_of(y, b->docid, &b_start, &b_end);
    if ((a_start < 0) != (b_start < 0))
        return a_start < 0 ? 1 : -1; /* undated last */
    int sign = task->sort == SK_OLDEST ? -1 : 1;
    if (a_end != b_end)
        return a_end > b_end ? -sign : sign;
    if (a_start != b_start)
        return a_start > b_start ? -sign : sign;
    if (a->part == b->part)
        return (a->docid > b->docid) - (a->docid < b->docid);
    return compare_ids(x, a->docid, y, b->docid);
}

/* A binary heap with the worst hit on top. */
static void sift_down(heap *h, uint64_t at)
{
    sk_hit moving = h->hits[at];
    for (;;) {
        uint64_t child = 2 * at + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && compare_hits(h->task, &h->hits[child + 1], &h->hits[child]) > 0)
            child++;
        if (compare_hits(h->task, &h->hits[child], &moving) <= 0)
            break;
        h->hits[at] = h->hits[child];
        at = child;
    }
    h->hits[at] = moving;
}

static int heap_push(heap *h, sk_hit hit)
{
    if (h->count < h->limit) {
        if (h->count == h->room) {
            uint64_t room = h->room ? h->room * 2 : 16;
            sk_hit *hits = realloc(h->hits, sizeof *hits * room);
            if (!hits)
                return SK_NO_MEMORY;
            h->hits = hits;
            h->room = room;
        }
        uint64_t at = h->count++;
        while (at && compare_hits(h->task, &hit, &h->hits[(at - 1) / 2]) > 0) {
            h->hits[at] = h->hits[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        h->hits[at] = hit;
    } else if (compare_hits(h->task, &hit, &h->hits[0]) < 0) {
        h->hits[0] = hit;
        sift_down(h, 0);
    }
    return SK_OK;
}

static void heap_sort(heap *h)
{
    uint64_t count = h->count;
    while (h->count > 1) {
        sk_hit worst = h->hits[0];
        h->hits[0] = h->hits[--h->count];
        sift_down(h, 0);
        h->hits[h->count] = worst;
    }
    h->count = count;
}

/* What a float32 estimate must reach for its article to be looked at. */
static float needed(const run *r, const heap *h)
{
    if (!r->task->skipping || r->task->sort != SK_BY_SCORE)
        return -INFINITY;
    double threshold = h->floor;
    if (h->count == h->limit && h->hits[0].score > threshold)
        threshold = h->hits[0].score;
    double slack = (r->program->leaf_count + 16.0) / (1 << 20);
    return slack >= 0.5 || !(threshold > 0) ? -INFINITY : (float)(threshold * (1.0 - slack));
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static float bound_of(float weight, float k1, float c) { return c > 0 ? weight * c / (c + k1) : 0; }

static void close_run(run *r)
{
    if (r->cursors)
        for (uint32_t i = 0; i < r->program->word_count; i++)
            sk_cursor_close(&r->cursors[i]);
    free(r->cursors);
    free(r->leaves);
    free(r->word_memory);
    free(r->bounds);
    free(r->firsts);
    if (r->ranges)
        for (uint32_t i = 0; i < r->program->filter_count; i++)
            free((void *)r->ranges[i]);
    free(r->ranges);
    free(r->range_counts);
    free(r->mask);
    free(r->acc);
    free(r->order);
    for (int i = 0; i < 3; i++)
        free(r->positions[i]);
}

/* The first run whose end is not above `end` (ends fall with docids). */
static uint32_t run_ending_by(const sk_segment *s, uint32_t dated_runs, int64_t end)
{
    uint32_t low = 0, high = dated_runs;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (sk_load64s(s->dates.at + (size_t)mid * SK_RUN_BYTES + 8) <= end)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static int64_t saturating_add(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* The docids of a date range, as pairs. Articles stand in order of falling end, so it is a slice, with holes only where
 * intervals of different lengths mingle. */
static int open_filter(run *r, uint32_t number)
{
    const sk_segment *s = r->segment;
    const sk_filter *f = &r->program->filters[number];
    uint32_t dated = s->runs;
    if (sk_load64s(s->dates.at + (size_t)(s->runs - 1) * SK_RUN_BYTES) < 0)
        dated--;
    uint32_t from = 0, to = dated;
    if (f->relation == SK_UNDATED) {
        from = dated;
        to = s->runs;
    } else if (f->relation == SK_OVERLAPS) { /* start < f->to and end > f->from */
        if (f->from != INT64_MIN)
            to = run_ending_by(s, dated, f->from);
        if (f->to != INT64_MAX)
            from = run_ending_by(s, dated, saturating_add(f->to, s->longest));
    } else if (f->relation == SK_WITHIN) { /* start >= f->from and end <= f->to */
        if (f->to != INT64_MAX)
            from = run_ending_by(s, dated, f->to);
        if (f->from != INT64_MIN)
            to = run_ending_by(s, dated, f->from);
    } else { /* start <= f->from and end >= f->to */
        if (f->from == INT64_MIN || f->to == INT64_MAX)
            to = 0;
        else {
            from = run_ending_by(s, dated, saturating_add(f->from, s->longest));
            to = run_ending_by(s, dated, f->to == INT64_MIN ? f->to : f->to - 1);
        }
    }
    uint32_t *pairs = NULL, count = 0, room = 0;
    for (uint32_t i = from; i < to; i++) {
        const uint8_t *run = s->dates.at + (size_t)i * SK_RUN_BYTES;
        int64_t start = sk_load64s(run), end = sk_load64s(run + 8);
        int inside = f->relation == SK_UNDATED ||
                     (f->relation == SK_OVERLAPS && start < f->to && end > f->from) ||
                     (f->relation == SK_WITHIN && start >= f->from && end <= f->to) ||
                     (f->relation == SK_CONTAINS && start <= f->from && end >= f->to);
        if (!inside)
            continue;
        uint32_t first = sk_load32(run + 16), past = i + 1 < s->runs ? sk_load32(run + SK_RUN_BYTES + 16) : s->articles;
        if (first > past || past > s->articles) {
            free(pairs);
            return SK_DAMAGED;
        }
        if (count && pairs[2 * count - 1] == first) {
            pairs[2 * count - 1] = past;
            continue;
        }
        if (count && pairs[2 * count - 1] > first) {
            free(pairs);
            return SK_DAMAGED;
        }
        if (count == room) {
            room = room ? room * 2 : 8;
            uint32_t *more = realloc(pairs, sizeof *more * 2 * room);
            if (!more) {
                free(pairs);
                return SK_NO_MEMORY;
            }
            pairs = more;
        }
        pairs[2 * count] = first;
        pairs[2 * count++ + 1] = past;
    }
    r->ranges[number] = pairs;
    r->range_counts[number] = count;
    return SK_OK;
}

static void clip_to(run *r, uint32_t node)
{
    const sk_node *n = &r->program->nodes[node];
    if (n->kind == SK_FILTER) {
        const uint32_t *pairs = r->ranges[n->first];
        uint32_t count = r->range_counts[n->first];
        uint32_t from = count ? pairs[0] : 0, to = count ? pairs[2 * count - 1] : 0;
        if (from > r->from)
            r->from = from;
        if (to < r->to)
            r->to = to;
    } else if (n->kind == SK_AND) {
        for (uint32_t i = 0; i < n->count; i++)
            clip_to(r, r->program->children[n->first + i]);
    }
}

static int open_run(run *r, sk_task *task, uint32_t number)
{
    memset(r, 0, sizeof *r);
    r->task = task;
    r->program = task->program;
    r->part = &task->parts[number];
    r->segment = r->part->segment;
    r->number = number;
    r->kernels = sk_kernels_get();
    r->mask_window = -1;
    const sk_program *p = r->program;
    const sk_segment *s = r->segment;
    r->windows = (s->articles + SK_WINDOW - 1) / SK_WINDOW;
    r->to = s->articles;
    if (sk_touch(s, s->lengths.at, s->lengths.size) || sk_touch(s, s->titles.at, s->titles.size) ||
        sk_touch(s, s->dates.at, s->dates.size))
        return SK_DAMAGED;

    size_t words = p->word_count, leaves = p->leaf_count;
    r->cursors = calloc(words + 1, sizeof *r->cursors);
    r->leaves = calloc(leaves + 1, sizeof *r->leaves);
    r->word_memory = calloc(3 * words + 1, sizeof *r->word_memory);
    r->mask = malloc(2 * SK_WINDOW_WORDS * sizeof *r->mask);
    r->acc = calloc(SK_WINDOW, sizeof *r->acc);
    r->order = malloc((leaves + 1) * (2 * sizeof(uint32_t) + sizeof(float) + 1));
    r->ranges = calloc(p->filter_count + 1, sizeof *r->ranges);
    r->range_counts = calloc(p->filter_count + 1, sizeof *r->range_counts);
    if (!r->cursors || !r->leaves || !r->word_memory || !r->mask || !r->acc || !r->order || !r->ranges || !r->range_counts)
        return SK_NO_MEMORY;
    r->touched = r->mask + SK_WINDOW_WORDS;
    memset(r->touched, 0, SK_WINDOW_WORDS * sizeof *r->touched);
    r->leaf_tfs = r->order + leaves + 1;
    r->prefix = (float *)(r->leaf_tfs + leaves + 1);
    r->counted = (uint8_t *)(r->prefix + leaves + 1);
    memset(r->leaf_tfs, 0, (leaves + 1) * sizeof *r->leaf_tfs);

    r->k0 = (float)(task->k1 * (1.0 - task->b));
    r->k_length = (float)(task->k1 * task->b / task->average);
    /* c is proportional to 1 / (1 - b + b * length / average); how that changes with b and the average is monotone in
     * the length, so the extremes are at the shortest and the longest article. */
    double most = 0, least = INFINITY;
    for (int i = 0; i < 2; i++) {
        double length = i ? s->length_max : s->length_min ? s->length_min : 1;
        double ratio = ((1.0 - s->b) + s->b * length / s->average) / ((1.0 - task->b) + task->b * length / task->average);
        most = ratio > most ? ratio : most;
        least = ratio < least ? ratio : least;
    }
    r->c_most = (float)(most * (1 + 1e-6));
    r->c_least = (float)(least * (1 - 1e-6));

    for (size_t i = 0; i < leaves; i++) {
        leaf_state *l = &r->leaves[i];
        l->leaf = &p->leaves[i];
        l->words = r->cursors + l->leaf->first_word;
        l->indexes = r->word_memory + l->leaf->first_word;
        l->tfs = r->word_memory + words + l->leaf->first_word;
        l->hints = r->word_memory + 2 * words + l->leaf->first_word;
        l->plain = l->leaf->words == 1 && l->leaf->field == SK_ANYWHERE;
        l->weight = (float)(l->leaf->weight * (task->k1 + 1.0));
        for (uint32_t w = 0; w < l->leaf->words; w++)
            l->absent |= r->part->lists[l->leaf->first_word + w].df == 0;
        for (uint32_t w = 0; w < l->leaf->words && !l->absent; w++) {
            const sk_list *list = &r->part->lists[l->leaf->first_word + w];
            int failed = sk_cursor_open(&l->words[w], s, list);
            if (failed)
                return failed;
            /* With slop several first words may share a later one: only the first word's frequency bounds the phrase's. */
            if (l->leaf->slop == 1 && list->df < l->words[l->lead].df)
                l->lead = w;
        }
    }
    for (uint32_t i = 0; i < p->filter_count; i++) {
        int failed = open_filter(r, i);
        if (failed)
            return failed;
    }
    clip_to(r, p->mask >= 0 ? (uint32_t)p->mask : p->root);
    return SK_OK;
}

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

/* The largest c of one word in a window (0: it is not there), moving its hint. */
static float word_bound(run *r, leaf_state *l, uint32_t word, uint32_t window, uint32_t *first)
{
    sk_cursor *c = &l->words[word];
    uint32_t base = window * SK_WINDOW, last = base + (SK_WINDOW - 1);
    if (!c->last) {
        uint32_t i = l->hints[word];
        if (i >= c->count || (i && c->docids[i - 1] >= base))
            i = 0;
        while (i < c->count && c->docids[i] < base)
            i++;
        l->hints[word] = *first = i;
        float most = 0, k1 = (float)r->task->k1;
        for (; i < c->count && c->docids[i] <= last; i++) {
            /* c from the query's own b and average: tf / (norm), with k1 * norm = k0 + k_length * length. */
            float tf = (float)(int32_t)c->tfs[i], norm;
            if (k1 > 0)
                norm = (r->k0 + r->k_length * (float)sk_length(r->segment, c->docids[i])) / k1;
            else
                norm = 1;
            float value = norm > 0 ? tf / norm : INFINITY;
            most = value > most ? value : most;
        }
        return most > 1e30f ? 1e30f : most;
    }
    uint32_t hint = l->hints[word];
    uint32_t block = sk_block_from(c, hint && sk_block_last(c, hint - 1) >= base ? 0 : hint, base);
    l->hints[word] = *first = block;
    unsigned impact = 0;
    for (; block < c->blocks; block++) {
        impact = c->impacts[block] > impact ? c->impacts[block] : impact;
        if (sk_block_last(c, block) >= last)
            break;
    }
    return (float)impact * (c->c_max / 255.0f) * r->c_most;
}

static float block_bound(const run *r, const leaf_state *l, const sk_cursor *c, uint32_t block)
{
    return bound_of(l->weight, (float)r->task->k1, (float)c->impacts[block] * (c->c_max / 255.0f) * r->c_most);
}

/* A leaf's bound in a window: a phrase is at most as frequent as any of its words; with slop, as the first of them. */
static float leaf_bound(run *r, uint32_t leaf, uint32_t window, uint32_t *first)
{
    leaf_state *l = &r->leaves[leaf];
    *first = 0;
    if (l->absent)
        return 0;
    float c = INFINITY;
    for (uint32_t w = 0; w < l->leaf->words; w++) {
        uint32_t at;
        float most = word_bound(r, l, w, window, &at);
        if (w == l->lead)
            *first = at;
        if (!(most > 0))
            return 0;
        if (l->leaf->slop == 1 || w == 0)
            c = most < c ? most : c;
    }
    return bound_of(l->weight, (float)r->task->k1, c);
}

static float bound_at(const run *r, uint32_t leaf, uint32_t window)
{
    return r->bounds[r->bound_stride ? leaf * r->bound_stride + window : leaf];
}

static uint32_t first_at(const run *r, uint32_t leaf, uint32_t window)
{
    return r->firsts[r->bound_stride ? leaf * r->bound_stride + window : leaf];
}

/* A node's bound in a window; below 0: it matches nothing there. */
static float node_bound(const run *r, uint32_t node, uint32_t window)
{
    const sk_node *n = &r->program->nodes[node];
    float sum = 0, child;
    int any = 0;
    switch (n->kind) {
    case SK_LEAF:
        child = bound_at(r, n->first, window);
        return child > 0 ? child : -1;
    case SK_AND:
        for (uint32_t i = 0; i < n->count; i++) {
            child = node_bound(r, r->program->children[n->first + i], window);
            if (child < 0)
                return -1;
            sum += child;
        }
        return sum;
    case SK_OR:
        for (uint32_t i = 0; i < n->count; i++) {
            child = node_bound(r, r->program->children[n->first + i], window);
            if (child >= 0) {
                sum += child;
                any = 1;
            }
        }
        return any ? sum : -1;
    case SK_AND_MAYBE:
        sum = node_bound(r, r->program->children[n->first], window);
        if (sum < 0)
            return -1;
        child = node_bound(r, r->program->children[n->first + 1], window);
        return child > 0 ? sum + child : sum;
    case SK_NOTHING:
        return -1;
    default: /* filters, all, not: may match, never score */
        return 0;
    }
}

/* ---- exact scores ------------------------------------------------------------------------------------------------ */

static int position_room(run *r, size_t count)
{
    if (count <= r->position_room)
        return SK_OK;
    size_t room = count * 2;
    for (int i = 0; i < 3; i++) {
        uint32_t *more = realloc(r->positions[i], sizeof *more * room);
        if (!more)
            return SK_NO_MEMORY;
        r->positions[i] = more;
    }
    r->position_room = room;
    return SK_OK;
}

/* Occurrences of a phrase, or of a word in one field, in an article whose postings have been probed. */
static int64_t phrase_frequency(run *r, leaf_state *l, uint32_t docid)
{
    const sk_leaf *leaf = l->leaf;
    uint32_t title = sk_title_length(r->segment, docid), copies = r->segment->title_weight;
    uint64_t text_from = (uint64_t)title * copies;
    uint32_t valid_count = 0, most = 0;
    for (uint32_t w = 0; w < leaf->words; w++)
        most = l->tfs[w] > most ? l->tfs[w] : most;
    if (position_room(r, most))
        return SK_NO_MEMORY;
    uint32_t *here = r->positions[0], *valid = r->positions[1], *spare = r->positions[2];
    for (uint32_t w = leaf->words; w-- > 0;) {
        uint32_t tf = l->tfs[w];
        if (sk_cursor_positions(&l->words[w], l->indexes[w], here))
            return SK_DAMAGED;
        uint32_t kept = 0;
        if (w == leaf->words - 1) {
            for (uint32_t i = 0; i < tf; i++)
                if (leaf->field == SK_ANYWHERE || (leaf->field == SK_TITLE) == (here[i] < text_from))
                    valid[kept++] = here[i];
        } else {
            uint32_t j = 0;
            for (uint32_t i = 0; i < tf; i++) {
                while (j < valid_count && valid[j] <= here[i])
                    j++;
                if (j == valid_count)
                    break;
                if (valid[j] - here[i] > leaf->slop)
                    continue;
                /* Both in one copy of the title, or both in the text. */
                if (title && here[i] < text_from && here[i] / title != valid[j] / title)
                    continue;
                spare[kept++] = here[i];
            }
            uint32_t *swap = valid;
            valid = spare;
            spare = swap;
        }
        valid_count = kept;
        if (!kept)
            return 0;
    }
    return valid_count;
}

/* Probe an article's postings of all words of a leaf: 1 all are there, 0 not, or an error. */
static int probe_words(leaf_state *l, uint32_t docid)
{
    if (l->absent)
        return 0;
    for (uint32_t w = 0; w < l->leaf->words; w++) {
        uint32_t at = (l->lead + w) % l->leaf->words;
        int64_t tf = sk_cursor_probe(&l->words[at], docid, &l->indexes[at]);
        if (tf <= 0)
            return (int)tf;
        l->tfs[at] = (uint32_t)tf;
    }
    return 1;
}

static int64_t leaf_frequency(run *r, leaf_state *l, uint32_t docid)
{
    int there = probe_words(l, docid);
    if (there <= 0)
        return there;
    return l->plain ? l->tfs[0] : phrase_frequency(r, l, docid);
}

/* Whether a node matches an article, by the leaves' frequencies and the filters; marks the leaves that count. */
static int node_matches(run *r, uint32_t node, uint32_t docid)
{
    const sk_node *n = &r->program->nodes[node];
    const uint32_t *children = r->program->children + n->first;
    int matches = 0;
    switch (n->kind) {
    case SK_LEAF:
        return r->counted[n->first] = r->leaf_tfs[n->first] > 0;
    case SK_FILTER: {
        const uint32_t *pairs = r->ranges[n->first];
        for (uint32_t i = 0; i < r->range_counts[n->first]; i++)
            if (pairs[2 * i] <= docid && docid < pairs[2 * i + 1])
                return 1;
        return 0;
    }
    case SK_AND:
        matches = 1;
        for (uint32_t i = 0; i < n->count && matches; i++)
            matches = node_matches(r, children[i], docid);
        break;
    case SK_OR:
        for (uint32_t i = 0; i < n->count; i++)
            matches |= node_matches(r, children[i], docid);
        break;
    case SK_NOT:
        matches = !node_matches(r, children[0], docid);
        memset(r->counted + n->leaf_from, 0, n->leaf_to - n->leaf_from);
        return matches;
    case SK_AND_MAYBE:
        matches = node_matches(r, children[0], docid);
        if (matches)
            node_matches(r, children[1], docid);
        break;
    case SK_ALL:
        return 1;
    default:
        return 0;
    }
    if (!matches)
        memset(r->counted + n->leaf_from, 0, n->leaf_to - n->leaf_from);
    return matches;
}

/* The score by the formula; leaf_tfs are the frequencies, counted (or NULL) says which leaves count. */
static double exact_score(const run *r, uint32_t docid, const uint8_t *counted)
{
    const sk_task *t = r->task;
    uint32_t length = sk_length(r->segment, docid);
    double score = 0;
    for (uint32_t i = 0; i < r->program->leaf_count; i++)
        if (r->leaf_tfs[i] && (!counted || counted[i]))
            score += sk_contribution(r->program->leaves[i].weight, r->leaf_tfs[i], length, t->k1, t->b, t->average);
    return score;
}

/* ---- windows as bitmaps ------------------------------------------------------------------------------------------ */

static void set_range(uint64_t *bits, uint32_t from, uint32_t to)
{
    for (uint32_t at = from; at < to;) {
        uint32_t word = at >> 6, shift = at & 63, some = 64 - shift < to - at ? 64 - shift : to - at;
        bits[word] |= (some == 64 ? ~UINT64_C(0) : ((UINT64_C(1) << some) - 1)) << shift;
        at += some;
    }
}

static void window_all(const run *r, uint32_t window, uint64_t *bits)
{
    uint32_t base = window * SK_WINDOW, to = r->segment->articles - base;
    memset(bits, 0, SK_WINDOW_WORDS * sizeof *bits);
    set_range(bits, 0, to < SK_WINDOW ? to : SK_WINDOW);
}

/* The postings of a decoded block that lie in a window, as a range of indexes. */
static inline void clip_block(const sk_cursor *c, uint32_t from, uint32_t to, uint32_t *i, uint32_t *past)
{
    *i = c->docids[0] >= from ? 0 : sk_lower_bound(c->docids, c->count, from);
    *past = c->docids[c->count - 1] < to ? c->count : sk_lower_bound(c->docids, c->count, to);
}

static inline uint32_t window_from(const run *r, uint32_t window)
{
    uint32_t base = window * SK_WINDOW;
    return base > r->from ? base : r->from;
}

static inline uint32_t window_to(const run *r, uint32_t window)
{
    uint64_t past = ((uint64_t)window + 1) * SK_WINDOW;
    return past < r->to ? (uint32_t)past : r->to;
}

static inline float estimate(const run *r, const leaf_state *l, uint32_t tf, uint32_t docid)
{
    float f = (float)(int32_t)tf;
    return l->weight * f / (f + r->k0 + r->k_length * (float)sk_length(r->segment, docid));
}

static int leaf_window(run *r, uint32_t leaf, uint32_t window, uint64_t *bits, int scoring)
{
    leaf_state *l = &r->leaves[leaf];
    memset(bits, 0, SK_WINDOW_WORDS * sizeof *bits);
    if (l->absent)
        return SK_OK;
    uint32_t base = window * SK_WINDOW, from = window_from(r, window), to = window_to(r, window), i, past;
    sk_cursor *lead = &l->words[l->lead];
    if (from >= to)
        return SK_OK;
    uint32_t start = lead->block != UINT32_MAX && (lead->block == 0 || sk_block_last(lead, lead->block - 1) < from) ? lead->block : 0;
    for (uint32_t block = sk_block_from(lead, start, from); block < lead->blocks; block++) {
        if (sk_cursor_load(lead, block, scoring || !l->plain))
            return SK_DAMAGED;
        clip_block(lead, from, to, &i, &past);
        if (l->plain) {
            for (uint32_t j = i; j < past; j++)
                bits[(lead->docids[j] - base) >> 6] |= UINT64_C(1) << (lead->docids[j] & 63);
            if (scoring) {
                float scores[SK_BLOCK];
                r->kernels->scores(lead->docids + i, lead->tfs + i, past > i ? past - i : 0, r->segment->lengths.at,
                                   r->segment->length_width, l->weight, r->k0, r->k_length, scores);
                for (uint32_t j = i; j < past; j++)
                    r->acc[lead->docids[j] - base] += scores[j - i];
            }
        } else {
            for (uint32_t j = i; j < past; j++) {
                uint32_t docid = lead->docids[j];
                int64_t tf = leaf_frequency(r, l, docid);
                if (tf < 0)
                    return (int)tf;
                if (!tf)
                    continue;
                bits[(docid - base) >> 6] |= UINT64_C(1) << (docid & 63);
                if (scoring)
                    r->acc[docid - base] += estimate(r, l, (uint32_t)tf, docid);
            }
        }
        if (sk_block_last(lead, block) >= to - 1)
            break;
    }
    return SK_OK;
}

/* Leave only the docids that this run is to look at. */
static void clip_window(const run *r, uint32_t window, uint64_t *bits)
{
    uint32_t base = window * SK_WINDOW, from = window_from(r, window), to = window_to(r, window);
    uint64_t inside[SK_WINDOW_WORDS] = {0};
    if (from < to)
        set_range(inside, from - base, to - base);
    for (int w = 0; w < SK_WINDOW_WORDS; w++)
        bits[w] &= inside[w];
}

static int empty(const uint64_t *bits)
{
    uint64_t any = 0;
    for (int i = 0; i < SK_WINDOW_WORDS; i++)
        any |= bits[i];
    return !any;
}

/* The articles of a window that a node matches. With `scoring`, every scoring leaf on the way adds into the accumulator:
 * a bound of the score, as a leaf below a group that does not match adds too much and never too little. */
static int node_window(run *r, uint32_t node, uint32_t window, uint64_t *bits, int scoring)
{
    const sk_node *n = &r->program->nodes[node];
    const uint32_t *children = r->program->children + n->first;
    uint64_t child[SK_WINDOW_WORDS];
    uint32_t base = window * SK_WINDOW;
    int failed;
    switch (n->kind) {
    case SK_LEAF:
        return leaf_window(r, n->first, window, bits, scoring);
    case SK_FILTER: {
        memset(bits, 0, SK_WINDOW_WORDS * sizeof *bits);
        const uint32_t *pairs = r->ranges[n->first];
        for (uint32_t i = 0; i < r->range_counts[n->first]; i++) {
            uint32_t from = pairs[2 * i] > base ? pairs[2 * i] - base : 0;
            if (from >= SK_WINDOW)
                break;
            if (pairs[2 * i + 1] <= base)
                continue;
            uint32_t to = pairs[2 * i + 1] - base;
            set_range(bits, from, to < SK_WINDOW ? to : SK_WINDOW);
        }
        return SK_OK;
    }
    case SK_AND:
        window_all(r, window, bits);
        /* Filters first: they are nearly free and may empty the window. */
        for (int pass = 0; pass < 2; pass++)
            for (uint32_t i = 0; i < n->count; i++) {
                if ((r->program->nodes[children[i]].kind == SK_FILTER) != (pass == 0))
                    continue;
                failed = node_window(r, children[i], window, child, scoring);
                if (failed)
                    return failed;
                for (int w = 0; w < SK_WINDOW_WORDS; w++)
                    bits[w] &= child[w];
                if (empty(bits))
                    return SK_OK;
            }
        return SK_OK;
    case SK_OR:
        memset(bits, 0, SK_WINDOW_WORDS * sizeof *bits);
        for (uint32_t i = 0; i < n->count; i++) {
            failed = node_window(r, children[i], window, child, scoring);
            if (failed)
                return failed;
            for (int w = 0; w < SK_WINDOW_WORDS; w++)
                bits[w] |= child[w];
        }
        return SK_OK;
    case SK_NOT:
        failed = node_window(r, children[0], window, child, 0);
        window_all(r, window, bits);
        for (int w = 0; w < SK_WINDOW_WORDS; w++)
            bits[w] &= ~child[w];
        return failed;
    case SK_AND_MAYBE:
        failed = node_window(r, children[0], window, bits, scoring);
        if (failed || !scoring || empty(bits))
            return failed;
        return node_window(r, children[1], window, child, scoring);
    case SK_ALL:
        window_all(r, window, bits);
        return SK_OK;
    default:
        memset(bits, 0, SK_WINDOW_WORDS * sizeof *bits);
        return SK_OK;
    }
}

static void mask_live(const run *r, uint32_t window, uint64_t *bits)
{
    if (!r->part->live)
        return;
    uint32_t words = (r->segment->articles + 63) / 64, first = window * SK_WINDOW_WORDS;
    for (uint32_t w = 0; w < SK_WINDOW_WORDS; w++)
        bits[w] &= first + w < words ? r->part->live[first + w] : 0;
}

/* Whether the mask and the live documents let an article pass; the mask's window is made when first asked for. */
static int passes(run *r, uint32_t docid)
{
    if (r->program->mask < 0) {
        const uint64_t *live = r->part->live;
        return !live || (live[docid >> 6] >> (docid & 63) & 1);
    }
    uint32_t window = docid / SK_WINDOW;
    if (r->mask_window != window) {
        int failed = node_window(r, (uint32_t)r->program->mask, window, r->mask, 0);
        if (failed)
            return failed;
        mask_live(r, window, r->mask);
        r->mask_window = window;
    }
    uint32_t at = docid % SK_WINDOW;
    return (int)(r->mask[at >> 6] >> (at & 63) & 1);
}

/* What differences of bounds that add up to `total` may be off by. */
static float rounding(const run *r, float total) { return total * 1e-6f * (float)(r->program->leaf_count + 4); }

/* ---- OR: MaxScore in a window ------------------------------------------------------------------------------------ */

/* An article that may enter: estimate `sum` holds all but the first `rest` leaves of r->order. */
static int or_candidate(run *r, heap *h, uint32_t window, uint32_t docid, float sum, uint32_t rest)
{
    float need = needed(r, h);
    while (rest) {
        if (sum + r->prefix[rest] < need)
            return SK_OK;
        leaf_state *l = &r->leaves[r->order[--rest]];
        int64_t tf = sk_cursor_probe(&l->words[0], docid, &l->indexes[0]);
        if (tf < 0)
            return SK_DAMAGED;
        if (tf)
            sum += estimate(r, l, (uint32_t)tf, docid);
    }
    if (sum < need)
        return SK_OK;
    int pass = passes(r, docid);
    if (pass <= 0)
        return pass;
    for (uint32_t i = r->leaf_from; i < r->leaf_to; i++) {
        r->leaf_tfs[i] = 0;
        if (!(bound_at(r, i, window) > 0))
            continue;
        int64_t tf = sk_cursor_probe(&r->leaves[i].words[0], docid, &r->leaves[i].indexes[0]);
        if (tf < 0)
            return SK_DAMAGED;
        r->leaf_tfs[i] = (uint32_t)tf;
    }
    return heap_push(h, (sk_hit){exact_score(r, docid, NULL), r->number, docid});
}

static int or_window(run *r, heap *h, uint32_t window)
{
    uint32_t base = window * SK_WINDOW, from = window_from(r, window), to = window_to(r, window), count = 0;
    if (from >= to)
        return SK_OK;
    float need = needed(r, h);

    /* Leaves by rising bound; the first `rest` of them cannot reach the threshold together. */
    for (uint32_t i = r->leaf_from; i < r->leaf_to; i++) {
        float bound = bound_at(r, i, window);
        if (!(bound > 0))
            continue;
        uint32_t at = count++;
        while (at && bound_at(r, r->order[at - 1], window) > bound) {
            r->order[at] = r->order[at - 1];
            at--;
        }
        r->order[at] = i;
    }
    r->prefix[0] = 0;
    for (uint32_t i = 0; i < count; i++)
        r->prefix[i + 1] = r->prefix[i] + bound_at(r, r->order[i], window);
    float total = r->prefix[count];
    if (!count || total < need)
        return SK_OK;
    uint32_t rest = 0;
    while (rest + 1 < count && r->prefix[rest + 1] < need)
        rest++;

    float scores[SK_BLOCK];
    uint16_t chosen[SK_BLOCK];
    int single = rest + 1 == count;
    for (uint32_t e = rest; e < count; e++) {
        leaf_state *l = &r->leaves[r->order[e]];
        sk_cursor *c = &l->words[0];
        float others = total - bound_at(r, r->order[e], window) + rounding(r, total);
        uint32_t block = c->last ? first_at(r, r->order[e], window) : 0;
        for (; block < c->blocks; block++) {
            /* Where even the block's best cannot reach the threshold, no article in its range can. */
            if (!(c->last && block_bound(r, l, c, block) + others < need)) {
                if (sk_cursor_load(c, block, 1))
                    return SK_DAMAGED;
                uint32_t i, past;
                clip_block(c, from, to, &i, &past);
                if (i < past) {
                    r->kernels->scores(c->docids + i, c->tfs + i, past - i, r->segment->lengths.at,
                                       r->segment->length_width, l->weight, r->k0, r->k_length, scores);
                    if (single) {
                        uint32_t n = r->kernels->select(scores, past - i, need - r->prefix[rest], chosen);
                        for (uint32_t j = 0; j < n; j++) {
                            /* The cursor may move while candidates are probed, but only within this block. */
                            int failed = or_candidate(r, h, window, c->docids[i + chosen[j]], scores[chosen[j]], rest);
                            if (failed)
                                return failed;
                        }
                        need = needed(r, h);
                    } else {
                        for (uint32_t j = i; j < past; j++) {
                            uint32_t at = c->docids[j] - base;
                            r->acc[at] += scores[j - i];
                            r->touched[at >> 6] |= UINT64_C(1) << (at & 63);
                        }
                    }
                }
            }
            if (sk_block_last(c, block) >= to - 1)
                break;
        }
    }
    if (single)
        return SK_OK;
    int failed = SK_OK;
    for (uint32_t word = 0; word < SK_WINDOW_WORDS; word++) {
        if (!r->touched[word])
            continue;
        uint64_t bits = r->touched[word] & r->kernels->at_least(r->acc + 64 * word, need - r->prefix[rest]);
        for (; bits && !failed; bits &= bits - 1) {
            uint32_t at = 64 * word + (uint32_t)__builtin_ctzll(bits);
            failed = or_candidate(r, h, window, base + at, r->acc[at], rest);
            need = needed(r, h);
        }
        memset(r->acc + 64 * word, 0, 64 * sizeof *r->acc);
        r->touched[word] = 0;
    }
    return failed;
}

/* ---- AND: the rarest word leads ---------------------------------------------------------------------------------- */

static int and_window(run *r, heap *h, uint32_t window, uint32_t lead_leaf)
{
    uint32_t from = window_from(r, window), to = window_to(r, window);
    if (from >= to)
        return SK_OK;
    float total = 0, need = needed(r, h);
    for (uint32_t i = r->leaf_from; i < r->leaf_to; i++) {
        float bound = bound_at(r, i, window);
        if (!(bound > 0))
            return SK_OK;
        total += bound;
    }
    if (total < need)
        return SK_OK;
    leaf_state *lead = &r->leaves[lead_leaf];
    sk_cursor *c = &lead->words[lead->lead];
    float scores[SK_BLOCK], others = total - bound_at(r, lead_leaf, window) + rounding(r, total);
    uint32_t leaves = r->leaf_to - r->leaf_from;
    uint16_t chosen[SK_BLOCK];
    for (uint32_t block = c->last ? first_at(r, lead_leaf, window) : 0; block < c->blocks; block++) {
        if (!(c->last && block_bound(r, lead, c, block) + others < need)) {
            if (sk_cursor_load(c, block, 1))
                return SK_DAMAGED;
            uint32_t i, past;
            clip_block(c, from, to, &i, &past);
            uint32_t n = 0;
            if (i < past) {
                /* The leading word's own frequency bounds its leaf, phrase or not. */
                r->kernels->scores(c->docids + i, c->tfs + i, past - i, r->segment->lengths.at, r->segment->length_width,
                                   lead->weight, r->k0, r->k_length, scores);
                n = r->kernels->select(scores, past - i, need - others, chosen);
            }
            for (uint32_t j = 0; j < n; j++) {
                uint32_t docid = c->docids[i + chosen[j]];
                if (r->program->mask >= 0 || r->part->live) {
                    int pass = passes(r, docid);
                    if (pass < 0)
                        return pass;
                    if (!pass)
                        continue;
                }
                float sum = others + scores[chosen[j]];
                int there = 1;
                for (uint32_t at = 0; at < leaves && there > 0; at++) {
                    uint32_t leaf = r->leaf_from + (lead_leaf - r->leaf_from + at) % leaves;
                    leaf_state *l = &r->leaves[leaf];
                    there = probe_words(l, docid);
                    if (there <= 0)
                        break;
                    uint32_t tf = l->tfs[0];
                    for (uint32_t w = 1; w < l->leaf->words && l->leaf->slop == 1; w++)
                        tf = l->tfs[w] < tf ? l->tfs[w] : tf;
                    sum += estimate(r, l, tf, docid) - (leaf == lead_leaf ? scores[chosen[j]] : bound_at(r, leaf, window));
                    if (sum < need)
                        there = 0;
                }
                if (there < 0)
                    return there;
                if (!there)
                    continue;
                for (uint32_t at = r->leaf_from; at < r->leaf_to && there; at++) {
                    leaf_state *l = &r->leaves[at];
                    int64_t tf = l->plain ? l->tfs[0] : phrase_frequency(r, l, docid);
                    if (tf < 0)
                        return (int)tf;
                    r->leaf_tfs[at] = (uint32_t)tf;
                    there = tf > 0;
                }
                if (!there)
                    continue;
                int failed = heap_push(h, (sk_hit){exact_score(r, docid, NULL), r->number, docid});
                if (failed)
                    return failed;
                need = needed(r, h);
            }
        }
        if (sk_block_last(c, block) >= to - 1)
            break;
    }
    return SK_OK;
}

/* ---- any tree ---------------------------------------------------------------------------------------------------- */

static int rescore_tree(run *r, heap *h, uint32_t docid)
{
    for (uint32_t i = 0; i < r->program->leaf_count; i++) {
        int64_t tf = leaf_frequency(r, &r->leaves[i], docid);
        if (tf < 0)
            return (int)tf;
        r->leaf_tfs[i] = (uint32_t)tf;
    }
    memset(r->counted, 0, r->program->leaf_count);
    node_matches(r, r->program->root, docid);
    return heap_push(h, (sk_hit){exact_score(r, docid, r->counted), r->number, docid});
}

static int tree_window(run *r, heap *h, uint32_t window)
{
    uint64_t bits[SK_WINDOW_WORDS];
    uint32_t base = window * SK_WINDOW;
    if (window_from(r, window) >= window_to(r, window))
        return SK_OK;
    int by_score = r->task->sort == SK_BY_SCORE;
    if (by_score)
        memset(r->acc, 0, SK_WINDOW * sizeof *r->acc);
    int failed = node_window(r, r->program->root, window, bits, by_score);
    if (failed)
        return failed;
    mask_live(r, window, bits);
    clip_window(r, window, bits);
    for (uint32_t at = 0; at < SK_WINDOW_WORDS; at++) {
        /* From the oldest article of the window to the newest where the oldest are wanted. */
        uint32_t word = r->task->sort == SK_OLDEST ? SK_WINDOW_WORDS - 1 - at : at;
        uint64_t some = bits[word];
        if (some && by_score)
            some &= r->kernels->at_least(r->acc + 64 * word, needed(r, h));
        for (; some; some &= some - 1) {
            uint32_t docid = base + 64 * word + (uint32_t)__builtin_ctzll(some);
            if (!by_score && h->count == h->limit) {
                sk_hit hit = {0, r->number, docid};
                if (compare_hits(r->task, &hit, &h->hits[0]) >= 0)
                    continue;
            }
            failed = rescore_tree(r, h, docid);
            if (failed)
                return failed;
        }
    }
    return SK_OK;
}

/* ---- visiting windows -------------------------------------------------------------------------------------------- */

typedef struct ranked_window {
    float bound;
    uint32_t window;
} ranked_window;

static int by_falling_bound(const void *a, const void *b)
{
    const ranked_window *x = a, *y = b;
    if (x->bound != y->bound)
        return x->bound > y->bound ? -1 : 1;
    return (x->window > y->window) - (x->window < y->window);
}

enum shape { SHAPE_OR, SHAPE_AND, SHAPE_TREE };

static enum shape shape_of(run *r, uint32_t *lead)
{
    const sk_program *p = r->program;
    const sk_node *n = &p->nodes[p->scoring >= 0 ? (uint32_t)p->scoring : p->root];
    *lead = n->first;
    r->leaf_from = n->leaf_from;
    r->leaf_to = n->leaf_to;
    if (n->kind == SK_LEAF)
        return r->leaves[n->first].plain ? SHAPE_OR : SHAPE_AND;
    if (n->kind != SK_OR && n->kind != SK_AND)
        return SHAPE_TREE;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < n->count; i++) {
        const sk_node *child = &p->nodes[p->children[n->first + i]];
        if (child->kind != SK_LEAF || (n->kind == SK_OR && !r->leaves[child->first].plain))
            return SHAPE_TREE;
        const leaf_state *l = &r->leaves[child->first];
        uint32_t df = l->absent ? 0 : l->words[l->lead].df;
        if (df < least) {
            least = df;
            *lead = child->first;
        }
    }
    return n->kind == SK_OR ? SHAPE_OR : SHAPE_AND;
}

/* A lower bound of the k-th best score of an OR, from the k-th best c stored with each long list. Holds only where
 * every posting's article is a hit: nothing deleted, nothing filtered. */
static double stored_threshold(const run *r, uint64_t limit)
{
    if (r->part->live || r->program->mask >= 0 || !r->task->skipping || limit > 1000)
        return 0;
    unsigned rank = limit <= 10 ? 0 : limit <= 100 ? 1 : 2;
    double best = 0, k1 = r->task->k1;
    for (uint32_t i = 0; i < r->program->leaf_count; i++) {
        const leaf_state *l = &r->leaves[i];
        if (l->absent || !l->words[0].last || !(l->words[0].kth[rank] > 0))
            continue;
        double c = (double)l->words[0].kth[rank] * r->c_least;
        double score = l->leaf->weight * (k1 + 1.0) * c / (c + k1) * (1.0 - 1e-6);
        best = score > best ? score : best;
    }
    return best;
}

static int visit(run *r, heap *h, enum shape shape, uint32_t lead, uint32_t window)
{
    switch (shape) {
    case SHAPE_OR: return or_window(r, h, window);
    case SHAPE_AND: return and_window(r, h, window, lead);
    default: return tree_window(r, h, window);
    }
}

static int search_by_score(run *r, heap *h)
{
    const sk_program *p = r->program;
    uint32_t lead, first_window = r->from / SK_WINDOW, past = (r->to + SK_WINDOW - 1) / SK_WINDOW;
    if (r->from >= r->to)
        return SK_OK;
    enum shape shape = shape_of(r, &lead);
    if (shape == SHAPE_OR) {
        double floor = stored_threshold(r, h->limit);
        if (floor > h->floor)
            h->floor = floor;
    }
    uint32_t windows = past - first_window;
    int all = (uint64_t)(p->leaf_count + 1) * r->windows <= (1 << 21);
    r->bound_stride = all ? r->windows : 0;
    size_t room = (size_t)(p->leaf_count + 1) * (all ? r->windows : 1);
    r->bounds = malloc(room * sizeof *r->bounds);
    r->firsts = malloc(room * sizeof *r->firsts);
    ranked_window *ranked = malloc(windows * sizeof *ranked);
    int failed = r->bounds && r->firsts && ranked ? SK_OK : SK_NO_MEMORY;
    if (!failed && all) {
        for (uint32_t leaf = 0; leaf < p->leaf_count; leaf++)
            for (uint32_t w = first_window; w < past; w++)
                r->bounds[leaf * r->bound_stride + w] = leaf_bound(r, leaf, w, &r->firsts[leaf * r->bound_stride + w]);
        uint32_t count = 0;
        for (uint32_t w = first_window; w < past; w++) {
            float bound = node_bound(r, p->root, w);
            if (bound >= 0)
                ranked[count++] = (ranked_window){bound, w};
        }
        if (r->task->skipping)
            qsort(ranked, count, sizeof *ranked, by_falling_bound);
        for (uint32_t i = 0; i < count && !failed; i++) {
            if (ranked[i].bound < needed(r, h))
                break;
            failed = visit(r, h, shape, lead, ranked[i].window);
        }
    }
    for (uint32_t w = first_window; w < past && !failed && !all; w++) {
        for (uint32_t leaf = 0; leaf < p->leaf_count; leaf++)
            r->bounds[leaf] = leaf_bound(r, leaf, w, &r->firsts[leaf]);
        float bound = node_bound(r, p->root, w);
        if (bound >= 0 && !(bound < needed(r, h)))
            failed = visit(r, h, shape, lead, w);
    }
    free(ranked);
    return failed;
}

/* Whether no article at or behind (newest) or at or before (oldest) a docid can still enter. */
static int dates_done(const run *r, const heap *h, uint32_t docid)
{
    if (h->count < h->limit)
        return 0;
    sk_hit hit = {0, r->number, docid};
    if (r->task->sort == SK_NEWEST)
        return compare_hits(r->task, &hit, &h->hits[0]) > 0;
    int64_t start, end, worst_start, worst_end;
    dates_of(r->segment, docid, &start, &end);
    dates_of(r->task->parts[h->hits[0].part].segment, h->hits[0].docid, &worst_start, &worst_end);
    if (worst_start < 0)
        return 0;
    return end > worst_end || (end == worst_end && start > worst_start);
}

static int undated(const sk_task *task, const sk_hit *hit)
{
    int64_t start, end;
    dates_of(task->parts[hit->part].segment, hit->docid, &start, &end);
    return start < 0;
}

static int search_by_date(run *r, heap *h)
{
    int failed = SK_OK;
    if (r->from >= r->to)
        return SK_OK;
    uint32_t first = r->from / SK_WINDOW, past = (r->to + SK_WINDOW - 1) / SK_WINDOW;
    if (r->task->sort == SK_NEWEST) {
        for (uint32_t w = first; w < past && !failed && !dates_done(r, h, window_from(r, w)); w++)
            failed = tree_window(r, h, w);
        return failed;
    }
    /* Oldest: from the last dated article backwards, then the undated ones behind it. */
    const sk_segment *s = r->segment;
    const uint8_t *last_run = s->dates.at + (size_t)(s->runs - 1) * SK_RUN_BYTES;
    uint32_t dated = sk_load64s(last_run) < 0 ? sk_load32(last_run + 16) : s->articles, to = r->to, from = r->from;
    if (from < dated) {
        r->to = to < dated ? to : dated;
        for (uint32_t w = (r->to + SK_WINDOW - 1) / SK_WINDOW; w-- > first && !failed;) {
            if (dates_done(r, h, window_to(r, w) - 1))
                break;
            failed = tree_window(r, h, w);
        }
        r->to = to;
    }
    int full_of_dated = h->count == h->limit && !undated(r->task, &h->hits[0]);
    if (to > dated && !full_of_dated) {
        r->from = from > dated ? from : dated;
        for (uint32_t w = r->from / SK_WINDOW; w < past && !failed; w++)
            failed = tree_window(r, h, w);
        r->from = from;
    }
    return failed;
}

int sk_search(sk_task *task)
{
    heap h = {.task = task, .limit = task->limit, .floor = 0};
    int failed = SK_OK;
    task->hits = NULL;
    task->hit_count = 0;
    for (uint32_t i = 0; i < task->part_count && task->limit && !failed; i++) {
        run r;
        failed = open_run(&r, task, i);
        if (!failed)
            failed = task->sort == SK_BY_SCORE ? search_by_score(&r, &h) : search_by_date(&r, &h);
        close_run(&r);
        if (failed)
            task->damaged = i;
    }
    if (failed) {
        free(h.hits);
        return failed;
    }
    heap_sort(&h);
    task->hits = h.hits;
    task->hit_count = h.count;
    return SK_OK;
}

int sk_count(sk_task *task)
{
    const sk_program *p = task->program;
    int failed = SK_OK;
    task->total = 0;
    for (uint32_t i = 0; i < task->part_count && !failed; i++) {
        const sk_part *part = &task->parts[i];
        const sk_node *root = &p->nodes[p->root];
        if (root->kind == SK_LEAF && p->leaves[0].words == 1 && p->leaves[0].field == SK_ANYWHERE && !part->live) {
            task->total += part->lists[0].df;
            continue;
        }
        run r;
        failed = open_run(&r, task, i);
        for (uint32_t w = r.from / SK_WINDOW; !failed && w < r.windows && w * SK_WINDOW < r.to; w++) {
            uint64_t bits[SK_WINDOW_WORDS];
            failed = node_window(&r, p->root, w, bits, 0);
            mask_live(&r, w, bits);
            if (!failed)
                task->total += r.kernels->count_bits(bits, SK_WINDOW_WORDS);
        }
        close_run(&r);
        if (failed)
            task->damaged = i;
    }
    return failed;
}

int sk_frequencies(const sk_task *task, uint32_t part, uint32_t docid, uint32_t *tfs, int *matches)
{
    run r;
    int failed = open_run(&r, (sk_task *)task, part);
    for (uint32_t i = 0; i < task->program->leaf_count && !failed; i++) {
        int64_t tf = leaf_frequency(&r, &r.leaves[i], docid);
        if (tf < 0)
            failed = (int)tf;
        else
            r.leaf_tfs[i] = (uint32_t)tf;
    }
    if (!failed) {
        memset(r.counted, 0, task->program->leaf_count);
        *matches = node_matches(&r, task->program->root, docid);
        for (uint32_t i = 0; i < task->program->leaf_count; i++)
            tfs[i] = r.counted[i] ? r.leaf_tfs[i] : 0;
    }
    close_run(&r);
    return failed;
}

int sk_live_df(const sk_segment *s, const sk_list *list, const uint64_t *live, uint32_t *df)
{
    sk_cursor c;
    int failed = sk_cursor_open(&c, s, list);
    uint32_t count = 0;
    for (uint32_t block = 0; block < c.blocks && !failed; block++) {
        failed = sk_cursor_load(&c, block, 0);
        for (uint32_t i = 0; i < c.count && !failed; i++)
            count += live[c.docids[i] >> 6] >> (c.docids[i] & 63) & 1;
    }
    sk_cursor_close(&c);
    *df = count;
    return failed;
}
