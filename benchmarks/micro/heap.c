/* The heap of the best hits. It is static in search.inc, so that file is compiled into this driver. */
#define SK_EVALUATOR micro_evaluator
#include "search.inc"

#include "harness.h"
#include "limits.h"

typedef struct stream {
    double *scores;
    uint32_t count, limit;
    sk_task task;
} stream;

static uint64_t push_all(void *on)
{
    stream *s = on;
    heap h = {.task = &s->task, .limit = s->limit};
    for (uint32_t i = 0; i < s->count; i++)
        micro_need(!heap_push(&h, (sk_hit){s->scores[i], 0, i}), "no memory");
    uint64_t kept = h.count;
    free(h.hits);
    return kept;
}

void rows(const char *level)
{
    (void)level;
    static stream s;
    uint64_t random = 17;
    s.count = (uint32_t)micro_size(1 << 16);
    s.scores = micro_memory(sizeof(double) * s.count);
    s.task.sort = SK_BY_SCORE;
    s.task.skipping = 1;
    for (uint32_t i = 0; i < s.count; i++)
        s.scores[i] = (double)(micro_random(&random) >> 11);
    double least = 9.0e15;
    micro_span above = {s.scores, &least, s.count, 1, NULL};
    micro_row row = {"heap, 10 best of random", "hits", s.count, 0, push_all, &s, NULL, NULL,
                     "one comparison a hit", micro_limits_get()->above, &above, 0};
    s.limit = 10;
    micro_report(&row);
    row.kernel = "heap, 1,000 best of random";
    s.limit = 1000;
    micro_report(&row);

    for (uint32_t i = 0; i < s.count; i++)
        s.scores[i] = i;
    micro_span chase = {micro_ring(16000), NULL, 3 * (size_t)s.count, 1, NULL};
    row = (micro_row){"heap, 10 best of rising", "hits", s.count, 0, push_all, &s, NULL, NULL,
                      "a load a level of the heap, each waiting for the last", micro_chase, &chase, 0};
    s.limit = 10;
    micro_report(&row);
    row.kernel = "heap, 1,000 best of rising";
    s.limit = 1000;
    chase.length = 10 * (size_t)s.count;
    micro_report(&row);
}
