/* The door to the evaluator: the copy of search.inc that fits the processor (see kernels.c for how that is told). */
#include "evaluator.h"

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

int sk_frequencies(const sk_task *task, uint32_t part, uint32_t docid, uint32_t *tfs, int *matches)
{
    return evaluator()->frequencies(task, part, docid, tfs, matches);
}

int sk_live_df(const sk_segment *s, const sk_list *list, const uint64_t *live, uint32_t *df)
{
    return evaluator()->live_df(s, list, live, df);
}
