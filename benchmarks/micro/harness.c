/* The clock, the rows and the main program of every driver. See harness.h. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include "kernels.h"
#include "limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ADDS = 1 << 14, SAMPLES = 15 };

static const double SAMPLE = 4e5; /* nanoseconds of one sample, at least */

static const char *level;
static int quick, once;
static volatile uint64_t sink;

size_t micro_size(size_t most) { return quick ? (most + 63) / 64 : once ? (most + 7) / 8 : most; }

void micro_need(int held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

void *micro_memory(size_t bytes)
{
    bytes = (bytes + 63) / 64 * 64 + 64;
    void *memory = aligned_alloc(64, bytes);
    micro_need(memory != NULL, "memory ran out");
    return memset(memory, 0, bytes);
}

uint64_t micro_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545F4914F6CDD1D);
}

uint32_t micro_rank(uint64_t *state)
{
    uint64_t bits = micro_random(state);
    uint32_t power = (uint32_t)(bits >> 60);
    return (UINT32_C(1) << power) - 1 + (uint32_t)(bits & ((UINT64_C(1) << power) - 1));
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* waiting for a core is not the kernel's time */
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

/* Additions that wait for one another take a cycle each. The addend comes from memory: some processors fold constants. */
static uint64_t adds(void *on)
{
    uint64_t sum = 0, addend = *(volatile uint64_t *)on;
    for (int i = 0; i < ADDS; i += 8) {
#define ADD sum += addend; __asm__ volatile("" : "+r"(sum));
        ADD ADD ADD ADD ADD ADD ADD ADD
#undef ADD
    }
    return sum;
}

typedef struct timed {
    micro_work run;
    void *on;
    unsigned times; /* so often in a sample */
    double least;   /* nanoseconds of one call */
} timed;

static void sample(timed *t)
{
    if (!t->run)
        return;
    double start = now();
    for (unsigned i = 0; i < t->times; i++)
        sink += t->run(t->on);
    double each = (now() - start) / t->times;
    t->least = t->least == 0 || each < t->least ? each : t->least;
}

/* Warm caches and branch predictors, and see how often it fits into a sample. */
static void prepare(timed *t)
{
    t->times = 1;
    if (!t->run)
        return;
    sample(t);
    sample(t);
    if (!quick && t->least < SAMPLE)
        t->times = (unsigned)(SAMPLE / (t->least + 1)) + 1;
    t->least = 0;
}

/* The only calls that callgrind counts, one dump each: not to be inlined, cloned or merged. */
__attribute__((noinline)) uint64_t micro_collect(micro_work run, void *on)
{
    uint64_t result = run(on);
    __asm__ volatile("" : "+r"(result));
    return result;
}

static void print_head(const micro_row *row)
{
    printf("{\"kernel\": \"%s\", \"level\": \"%s\", \"item\": \"%s\", \"items\": %llu, \"bytes\": %.17g, \"limit\": \"%s\"",
           row->kernel, level, row->item, (unsigned long long)row->items, row->bytes, row->limit);
}

void micro_report(const micro_row *row)
{
    micro_need(row->items > 0, "a row without items");
    print_head(row);
    if (once) {
        sink += row->run(row->on);
        sink += micro_collect(row->run, row->on);
        if (row->less)
            sink += micro_collect(row->less, row->less_on);
        printf(", \"counted\": %d}\n", row->less ? 2 : 1);
        return;
    }
    uint64_t addend = 1;
    timed all[4] = {{.run = row->run, .on = row->on}, {.run = row->less, .on = row->less_on},
                    {.run = row->bound, .on = row->bound_on}, {.run = adds, .on = &addend}};
    for (int i = 0; i < 4; i++)
        prepare(&all[i]);
    for (int s = 0; s < (quick ? 1 : SAMPLES); s++)
        for (int i = 0; i < 4; i++)
            sample(&all[i]);
    double items = (double)row->items, cycle = all[3].least / ADDS;
    double limit = row->bound ? all[2].least / items : row->cycles * cycle;
    printf(", \"ns\": %.6g, \"less_ns\": %.6g, \"limit_ns\": %.6g, \"cycle_ns\": %.6g}\n", all[0].least / items,
           all[1].least / items, limit, cycle);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    micro_need(count >= 2, "usage: DRIVER LEVEL [--quick] [--once]");
    level = arguments[1];
    for (int i = 2; i < count; i++) {
        if (!strcmp(arguments[i], "--quick"))
            quick = 1;
        else if (!strcmp(arguments[i], "--once"))
            once = 1;
        else
            micro_need(0, "unknown option");
    }
    /* "any": kernels that are the same at every level, run with the best. */
    if (sk_kernels_choose(strcmp(level, "any") ? level : NULL) || micro_limits_choose(sk_kernels_get()->name))
        return 3;
    rows(level);
    return 0;
}
