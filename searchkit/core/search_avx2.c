/* The evaluator for x86-64 processors with AVX2, which have bit counts and bit deposits too. Empty elsewhere. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2,popcnt,lzcnt")
#endif
#define SK_PDEP 1
#define SK_EVALUATOR sk_evaluator_avx2
#include "search.inc"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
