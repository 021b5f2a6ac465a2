/* Instantiates limits.inc for each level, as the core does with its kernels. */
#include "limits.h"

#include "harness.h"

#include <string.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#define MICRO_X86 1
#endif

/* Bit i: byte i is an ASCII letter or digit. Letters and digits differ from their neighbours by one compare each. */
static inline uint64_t word_mask_plain(const uint8_t *text)
{
#ifdef MICRO_X86
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)text + i);
        __m128i letter = _mm_add_epi8(_mm_or_si128(bytes, _mm_set1_epi8(32)), _mm_set1_epi8((char)(128 - 'a')));
        __m128i digit = _mm_add_epi8(bytes, _mm_set1_epi8((char)(128 - '0')));
        __m128i in = _mm_or_si128(_mm_cmplt_epi8(letter, _mm_set1_epi8(-128 + 26)),
                                  _mm_cmplt_epi8(digit, _mm_set1_epi8(-128 + 10)));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(in) << 16 * i;
    }
    return mask;
#else
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++)
        mask |= (uint64_t)((uint8_t)((text[i] | 32) - 'a') < 26 || (uint8_t)(text[i] - '0') < 10) << i;
    return mask;
#endif
}

#define LIMIT(name) name##_plain
#define LEVEL_NAME "plain"
#define WIDE 16
#include "limits.inc"
#undef LIMIT
#undef LEVEL_NAME
#undef WIDE

#ifdef MICRO_X86
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,popcnt,lzcnt")
#endif
static inline uint64_t word_mask_avx2(const uint8_t *text)
{
    uint64_t mask = 0;
    for (int i = 0; i < 2; i++) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)text + i);
        __m256i letter = _mm256_add_epi8(_mm256_or_si256(bytes, _mm256_set1_epi8(32)), _mm256_set1_epi8((char)(128 - 'a')));
        __m256i digit = _mm256_add_epi8(bytes, _mm256_set1_epi8((char)(128 - '0')));
        __m256i in = _mm256_or_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(-128 + 26), letter),
                                     _mm256_cmpgt_epi8(_mm256_set1_epi8(-128 + 10), digit));
        mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(in) << 32 * i;
    }
    return mask;
}
#define LIMIT(name) name##_avx2
#define LEVEL_NAME "avx2"
#define WIDE 32
#include "limits.inc"
#undef LIMIT
#undef LEVEL_NAME
#undef WIDE
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

static const micro_limits *chosen = &limits_plain;

const micro_limits *micro_limits_get(void) { return chosen; }

int micro_limits_choose(const char *name)
{
    chosen = &limits_plain;
#ifdef MICRO_X86
    if (strcmp(name, "plain"))
        chosen = &limits_avx2; /* of avx512 too: what it could do beyond is left unsaid */
#endif
    return 0;
}

typedef struct ring_link {
    const struct ring_link *next;
} ring_link;

uint64_t micro_chase(void *on)
{
    const micro_span *s = on;
    const ring_link *at = s->in;
    for (size_t i = 0; i < s->length; i++)
        at = at->next;
    return (uintptr_t)at;
}

void *micro_ring(size_t bytes)
{
    size_t lines = bytes / 64 ? bytes / 64 : 1;
    char *memory = micro_memory(lines * 64);
    uint32_t *order = micro_memory(lines * sizeof *order);
    uint64_t random = 7;
    for (size_t i = 0; i < lines; i++)
        order[i] = (uint32_t)i;
    for (size_t i = lines; i > 1; i--) {
        size_t j = micro_random(&random) % i;
        uint32_t swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
    for (size_t i = 0; i < lines; i++)
        ((ring_link *)(memory + 64 * (size_t)order[i]))->next = (const ring_link *)(memory + 64 * (size_t)order[(i + 1) % lines]);
    return memory;
}
