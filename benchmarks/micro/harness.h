/* One program a group of kernels: rows() reports each kernel beside the least work that its items take.
 *
 *     DRIVER LEVEL [--quick] [--once]
 *
 * prints a line of JSON for each row; exit code 3 where this machine has not the level. A kernel, what is taken off it
 * and its limit take turns, so that a noisy moment hits them alike; the quietest sample of each counts.
 * --quick: small inputs, one sample. --once: no clock; each kernel runs once inside micro_collect, for callgrind.
 */
#ifndef MICRO_HARNESS_H
#define MICRO_HARNESS_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t (*micro_work)(void *on); /* what it returns only keeps the compiler from leaving the work out */

typedef struct micro_row {
    const char *kernel, *item; /* the name, and what is counted */
    uint64_t items;            /* of one call */
    double bytes;              /* an item, as the kernel is judged by; 0: by items alone */
    micro_work run;
    void *on;
    micro_work less; /* of the same items; its time is taken off: what is left is the kernel. NULL: nothing is */
    void *less_on;
    const char *limit; /* in words */
    micro_work bound;  /* of the same items ... */
    void *bound_on;
    double cycles;     /* ... or, where it is NULL, so many cycles an item */
} micro_row;

void micro_report(const micro_row *row);

/* What a driver defines. `level` has been chosen in the core already. */
void rows(const char *level);

/* `most` items; a 64th of them with --quick, an eighth with --once. */
size_t micro_size(size_t most);

/* Memory that lives as long as the program; aligned to 64 bytes, zeroed. */
void *micro_memory(size_t bytes);

/* Stop with a message unless `held`. */
void micro_need(int held, const char *what);

/* xorshift64*: the same numbers everywhere. */
uint64_t micro_random(uint64_t *state);

/* A rank from 0 below 65,535: each power of two is as likely as the next, which is Zipf's law but for its steps. */
uint32_t micro_rank(uint64_t *state);

#endif
