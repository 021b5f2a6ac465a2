/* Instantiates kernels.inc for each instruction set and picks one at run time. */
#include "kernels.h"

#include <stdlib.h>
#include <string.h>

#ifdef __has_builtin
#define SK_HAS_SHUFFLE __has_builtin(__builtin_shufflevector)
#else
#define SK_HAS_SHUFFLE 0
#endif

/* What kernels.inc may use besides plain C: nothing, SSE2 (which every x86-64 has), or AVX2 with BMI2. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#define SK_LEVEL 1
#else
#define SK_LEVEL 0
#endif

#define SK_FN(name) name##_plain
#define SK_NAME "plain"
#include "kernels.inc"
#undef SK_FN
#undef SK_NAME

#if SK_LEVEL
#define SK_X86 1
#undef SK_LEVEL
#define SK_LEVEL 2

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,popcnt,lzcnt")
#endif
#define SK_FN(name) name##_avx2
#define SK_NAME "avx2"
#include "kernels.inc"
#undef SK_FN
#undef SK_NAME
#ifdef __clang__
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi,bmi2,popcnt,lzcnt"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi,bmi2,popcnt,lzcnt")
#endif
#define SK_FN(name) name##_avx512
#define SK_AVX512
#define SK_NAME "avx512"
#include "kernels.inc"
#undef SK_FN
#undef SK_NAME
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

/* Any thread may be the first to ask, or choose while others ask: it is read and written as a whole. The tables never
 * change, so nothing needs to be in order with it. */
static const sk_kernels *chosen;

static int choose(const sk_kernels *table)
{
    __atomic_store_n(&chosen, table, __ATOMIC_RELAXED);
    return 0;
}

static const sk_kernels *best(void)
{
#ifdef SK_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return &table_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        return &table_avx2;
#endif
    return &table_plain;
}

const sk_kernels *sk_kernels_get(void)
{
    const sk_kernels *table = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
    if (table)
        return table;
    const sk_kernels *mine = best();
    /* What another thread has chosen meanwhile, stays. */
    return __atomic_compare_exchange_n(&chosen, &table, mine, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ? mine : table;
}

int sk_kernels_choose(const char *name)
{
    if (!name)
        return choose(best());
    if (!strcmp(name, "plain"))
        return choose(&table_plain);
#ifdef SK_X86
    __builtin_cpu_init();
    if (!strcmp(name, "avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        return choose(&table_avx2);
    if (!strcmp(name, "avx512") && best() == &table_avx512)
        return choose(&table_avx512);
#endif
    return -1;
}
