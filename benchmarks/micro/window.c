/* Windows of an OR by the public search: made-up lists in a segment in memory, so placed that a single article sets the
 * threshold at once and no other can reach it, though no word alone can be left out. What is left of the time after
 * decoding and scoring is the adding into the accumulator and the look through it. Lists too short for a block, too. */
#include "encode.h"
#include "harness.h"
#include "limits.h"
#include "search.h"

#include <string.h>

enum { GAP = 4, SHORT = 100 };

typedef struct window {
    sk_segment segment;
    sk_task task;
    sk_program program;
    sk_part part;
    sk_node nodes[3];
    sk_leaf leaves[2];
    uint32_t children[2];
    sk_list lists[2];
    sk_buffer postings, scratch;
    uint32_t *docids, *tfs, *lengths, count;
} window;

/* Two lists over all articles, a posting to every GAP of them at random, frequencies 1 and 2; lengths are 200. */
static void make_lists(window *w, uint32_t articles, uint32_t each)
{
    uint64_t random = 13, bits = 0;
    w->lengths = micro_memory(4 * (size_t)articles);
    uint16_t *narrow = micro_memory(2 * (size_t)articles);
    w->docids = micro_memory(4 * (size_t)articles);
    w->tfs = micro_memory(4 * (size_t)articles);
    for (uint32_t d = 0; d < articles; d++)
        narrow[d] = (uint16_t)(w->lengths[d] = 200);
    sk_impact_scale scale = {.lengths = w->lengths, .b = 0.75, .average = 200};
    for (uint32_t list = 0; list < 2; list++) {
        uint32_t n = 0;
        for (uint32_t d = list; d < articles && n < each; d += 1 + (uint32_t)(micro_random(&random) % (2 * GAP - 1))) {
            w->docids[n] = d;
            w->tfs[n++] = d ? 1 + (uint32_t)(micro_random(&random) % 8 == 0) : 200;
        }
        sk_position_ref *refs = micro_memory(sizeof *refs * (size_t)n); /* zeros do: nobody reads them */
        uint8_t *zeros = micro_memory(512);
        for (uint32_t i = 0; i < n; i++)
            refs[i] = (sk_position_ref){zeros, 512, 0};
        sk_postings p = {.docids = w->docids, .tfs = w->tfs, .count = n, .refs = refs};
        w->lists[list].offset = w->postings.length;
        micro_need(!sk_encode_list(&w->postings, &p, &scale, &w->scratch, &bits), "the list cannot be encoded");
        w->lists[list].size = w->postings.length - w->lists[list].offset;
        w->lists[list].df = n;
        w->count += n;
    }
    static const int64_t date[3] = {0, 1, 0}; /* one run of dates, from docid 0 */
    w->segment = (sk_segment){.lengths = {(uint8_t *)narrow, 2 * (size_t)articles}, .length_width = 2,
                              .dates = {(const uint8_t *)date, SK_RUN_BYTES}, .runs = 1, .longest = 1,
                              .postings = {w->postings.bytes, w->postings.length}, .articles = articles,
                              .total_length = 200 * (uint64_t)articles, .b = 0.75, .average = 200,
                              .length_min = 200, .length_max = 60000};
}

/* a OR b for the best hit. The segment's bounds are made for b = 0.75, the query asks with b = 0 and admits articles of
 * 60,000 tokens: every bound is loose, near the weight, while scores are tf / (tf + 4) of it: 0.98 for docid 0, which a
 * tf of 200 makes the best of the first window, and below 0.67 for all others, of both words together. */
static void make_query(window *w)
{
    for (uint32_t i = 0; i < 2; i++) {
        w->leaves[i] = (sk_leaf){.weight = 1, .first_word = i, .words = 1, .lists = 1, .slop = 1, .field = SK_ANYWHERE};
        w->nodes[i] = (sk_node){.kind = SK_LEAF, .first = i, .leaf_from = i, .leaf_to = i + 1};
        w->children[i] = i;
    }
    w->nodes[2] = (sk_node){.kind = SK_OR, .count = 2, .leaf_to = 2};
    w->program = (sk_program){.leaves = w->leaves, .nodes = w->nodes, .children = w->children, .leaf_count = 2,
                              .word_count = 2, .root = 2, .scoring = -1, .mask = -1};
    w->part = (sk_part){.segment = &w->segment, .lists = w->lists};
    w->task = (sk_task){.program = &w->program, .parts = &w->part, .part_count = 1, .k1 = 4, .b = 0, .average = 200,
                        .sort = SK_BY_SCORE, .skipping = 1, .limit = 1};
}

static uint64_t search(void *on)
{
    window *w = on;
    micro_need(!sk_search(&w->task) && w->task.hit_count && w->task.hits[0].docid == 0, "the search went wrong");
    free(w->task.hits);
    return w->task.hit_count;
}

/* Every match scored in float64 and offered to the heap, as no bound is used. */
static uint64_t rescore(void *on)
{
    window *w = on;
    w->task.skipping = 0;
    uint64_t found = search(w);
    w->task.skipping = 1;
    return found;
}

static uint64_t count(void *on)
{
    window *w = on;
    micro_need(!sk_count(&w->task), "the count went wrong");
    return w->task.total;
}

/* The blocks of both lists decoded (and scored) by the cursor and the kernel alone. */
static uint64_t decode(const window *w, int scoring)
{
    uint64_t sum = 0;
    for (uint32_t list = 0; list < 2; list++) {
        sk_cursor c;
        int failed = sk_cursor_open(&c, &w->segment, &w->lists[list]);
        for (uint32_t block = 0; block < c.blocks && !failed; block++) {
            float scores[SK_BLOCK];
            failed = sk_cursor_load(&c, block, scoring);
            if (scoring && !failed)
                sk_kernels_get()->scores(c.docids, c.tfs, c.count, w->segment.lengths.at, 2, 1.0f, 4.0f, 0.0f, scores);
            sum += c.docids[c.count - 1] + (scoring ? (uint64_t)scores[0] : 0);
        }
        micro_need(!failed, "the list cannot be decoded");
        sk_cursor_close(&c);
    }
    return sum;
}

static uint64_t decode_docids(void *on) { return decode(on, 0); }
static uint64_t decode_scores(void *on) { return decode(on, 1); }

static uint64_t decode_short(void *on)
{
    const window *w = on;
    uint64_t sum = 0;
    for (int i = 0; i < 1000; i++)
        for (uint32_t list = 0; list < 2; list++) {
            sk_cursor c;
            micro_need(!sk_cursor_open(&c, &w->segment, &w->lists[list]), "the list cannot be decoded");
            sum += c.docids[c.count - 1] + c.tfs[c.count - 1];
            sk_cursor_close(&c);
        }
    return sum;
}

void rows(const char *level)
{
    (void)level;
    static window w, shorts;
    uint32_t articles = (uint32_t)micro_size(1 << 19);
    make_lists(&w, articles, articles);
    make_query(&w);
    float *scores = micro_memory(4 * 1024);
    uint32_t *places = micro_memory(4 * 1024);
    for (uint32_t i = 0; i < 1024; i++) {
        scores[i] = 1;
        places[i] = 4 * i + i % 3;
    }
    micro_span scatter = {scores, micro_memory(4 * 4096), 1024, w.count / 1024, places};
    micro_row row = {"window add", "postings", w.count, 0, search, &w, decode_scores, &w,
                     "float32 additions at known places, a cleared window to 1,024", micro_limits_get()->scatter, &scatter, 0};
    micro_report(&row);
    row.kernel = "window, with its decoding";
    row.less = NULL;
    micro_report(&row);
    micro_report(&(micro_row){"window bits (a count)", "postings", w.count, 0, count, &w, decode_docids, &w,
                              "a bit stored each cycle", NULL, NULL, 1});
    uint64_t matches = count(&w);
    micro_report(&(micro_row){"rescore, each match", "matches", matches, 0, rescore, &w, search, &w,
                              "a float64 division: 5 cycles", NULL, NULL, 5});

    make_lists(&shorts, SHORT * 2 * GAP, SHORT);
    micro_span chase = {micro_ring(1024), NULL, 2000 * (size_t)shorts.count, 1, NULL};
    micro_report(&(micro_row){"decode, short lists", "postings", 1000 * (uint64_t)shorts.count, 0, decode_short, &shorts,
                              NULL, NULL, "two loads a posting, each waiting for the last", micro_chase, &chase, 0});
}
