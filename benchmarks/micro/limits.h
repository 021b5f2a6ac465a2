/* The least work that a kernel's items take: trivial loops over the same bytes, timed beside the kernel. */
#ifndef MICRO_LIMITS_H
#define MICRO_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* What a trivial loop works on; each takes what it names. Arrays are aligned to 64 bytes, lengths multiples of 64. */
typedef struct micro_span {
    const void *in;
    void *out;
    size_t length;         /* bytes of `in`, or elements where a loop says so */
    size_t times;          /* over and over */
    const uint32_t *index; /* elements of another array */
} micro_span;

typedef struct micro_limits {
    const char *name;
    uint64_t (*copy)(void *span);    /* in -> out */
    uint64_t (*fill)(void *span);    /* -> out */
    uint64_t (*read)(void *span);    /* in, added up */
    uint64_t (*divide)(void *span);  /* float32 out = in / (in + 1), length elements */
    uint64_t (*edges)(void *span);   /* text in -> u32 starts and ends of its words, by ASCII alone */
    uint64_t (*gather)(void *span);  /* u64 pairs in[index], added up, and index written to out; length elements */
    uint64_t (*scatter)(void *span); /* float32 out[index] += in, length elements, 4096 of out cleared after */
    uint64_t (*above)(void *span);   /* float64 in, how many exceed the first of out; length elements */
    uint64_t (*ones)(void *span);    /* u64 in -> u32 place of each bit set; length bytes */
} micro_limits;

const micro_limits *micro_limits_get(void);
int micro_limits_choose(const char *name);

/* `length` loads, each from the place that the one before read: in is a ring made by micro_ring. */
uint64_t micro_chase(void *span);

/* A ring through `bytes` of memory in random order, a step to each cache line. */
void *micro_ring(size_t bytes);

#endif
