/* The evaluator for any processor. */
#define SK_EVALUATOR sk_evaluator_plain
#include "search.inc"
