/* Large arrays that are walked over out of order: in pages of 2 MiB where the system has them.
 *
 * Of small pages such an array has more than the processor remembers where to find: each step then waits for that too.
 * An array of less than a page is the allocator's, and so is any where there are no such pages. Whoever frees or grows
 * one must know its size.
 */
#ifndef SK_LARGE_H
#define SK_LARGE_H

#include <stddef.h>

/* Zeros. NULL if there is no memory. */
void *sk_large_new(size_t size);

/* The array with more room, its first `size` bytes kept; NULL if there is no memory: then it stays as it is. An array of
 * no bytes is NULL. */
void *sk_large_grow(void *array, size_t size, size_t room);

void sk_large_free(void *array, size_t size);

#endif
