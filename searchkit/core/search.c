/* The door to the evaluator: the copy of search.inc that fits the processor (see kernels.c for how that is told). And
 * what ends a task early. */
#define _POSIX_C_SOURCE 200809L
#include "evaluator.h"

#include <time.h>

enum { ASKED_EVERY = 50 * 1000 * 1000 }; /* nanoseconds: who presses Ctrl-C does not notice them */

static const sk_evaluator *evaluator(void)
{
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    if (sk_kernels_get()->name[0] == 'a') /* avx2 or avx512 */
        return &sk_evaluator_avx2;
#endif
    return &sk_evaluator_plain;
}

int sk_search(sk_task *task) { return evaluator()->search(task); }

int sk_count(sk_task *task) { return evaluator()->count(task); }

int sk_frequencies(sk_task *task, uint32_t part, uint32_t docid, uint32_t *tfs, double *near, int *matches)
{
    return evaluator()->frequencies(task, part, docid, tfs, near, matches);
}

int sk_live_df(const sk_segment *s, const sk_list *list, const uint64_t *live, uint32_t *df)
{
    return evaluator()->live_df(s, list, live, df);
}

/* ---- ending early ------------------------------------------------------------------------------------------------ */

static int64_t pace, paced; /* see sk_pace; of all threads */

void sk_pace(int64_t nanoseconds)
{
    __atomic_store_n(&paced, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&pace, nanoseconds, __ATOMIC_SEQ_CST);
}

int64_t sk_clock(void)
{
    struct timespec t;
    int64_t step = __atomic_load_n(&pace, __ATOMIC_RELAXED);
    if (step)
        return __atomic_add_fetch(&paced, step, __ATOMIC_SEQ_CST);
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int sk_look(sk_task *task)
{
    int64_t now = sk_clock();
    task->worked = 0;
    if (task->deadline && now >= task->deadline) {
        task->end = SK_LATE;
        return SK_ENDED;
    }
    if (!task->interrupted || now < task->next_asked)
        return SK_OK;
    if (task->next_asked && task->interrupted(task->who)) {
        task->end = SK_INTERRUPTED;
        return SK_ENDED;
    }
    task->next_asked = sk_clock() + ASKED_EVERY;
    return SK_OK;
}
