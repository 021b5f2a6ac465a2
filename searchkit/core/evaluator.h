/* search.inc is compiled once for each instruction set; this is the table that each copy fills. */
#ifndef SK_EVALUATOR_H
#define SK_EVALUATOR_H

#include "search.h"

typedef struct sk_evaluator {
    int (*search)(sk_task *task);
    int (*count)(sk_task *task);
    int (*frequencies)(sk_task *task, uint32_t part, uint32_t docid, uint32_t *tfs, double *near, int *matches);
    int (*live_df)(const sk_segment *s, const sk_list *list, const uint64_t *live, uint32_t *df);
} sk_evaluator;

extern const sk_evaluator sk_evaluator_plain, sk_evaluator_avx2;

#endif
