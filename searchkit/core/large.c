/* See large.h. */
#define _GNU_SOURCE
#include "large.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* AddressSanitizer looks after the allocator's arrays only. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SK_WATCHED
#endif
#endif

#if defined(__linux__) && !defined(SK_WATCHED) && !defined(__SANITIZE_ADDRESS__)

#include <sys/mman.h>

#define PAGE ((size_t)2 << 20)

/* What is mapped: whole small pages, however large these are. The end of an array that fills no large page stays in them. */
static size_t in_pages(size_t size)
{
    return (size + 0xFFFF) & ~(size_t)0xFFFF;
}

/* Addresses for so many bytes, from a multiple of PAGE on, with no memory behind them; NULL if there are none. */
static uint8_t *reserve(size_t size)
{
    uint8_t *found = mmap(NULL, size + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED)
        return NULL;
    uint8_t *start = (uint8_t *)(((uintptr_t)found + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    if (start > found)
        munmap(found, (size_t)(start - found));
    if (found + PAGE > start)
        munmap(start + size, (size_t)(found + PAGE - start));
    return start;
}

void *sk_large_new(size_t size)
{
    if (size < PAGE)
        return calloc(size ? size : 1, 1);
    size = in_pages(size);
    uint8_t *start = reserve(size);
    if (!start)
        return NULL;
    if (mprotect(start, size, PROT_READ | PROT_WRITE)) {
        munmap(start, size);
        return NULL;
    }
    madvise(start, size, MADV_HUGEPAGE);
    return start;
}

void *sk_large_grow(void *array, size_t size, size_t room)
{
    if (room < PAGE)
        return realloc(array, room);
    if (size < PAGE) {
        void *larger = sk_large_new(room);
        if (larger && array)
            memcpy(larger, array, size);
        if (larger)
            free(array);
        return larger;
    }
    size = in_pages(size);
    room = in_pages(room);
    if (room <= size || mremap(array, size, room, 0) != MAP_FAILED)
        return array;
    uint8_t *start = reserve(room);
    if (!start)
        return NULL;
    if (mremap(array, size, room, MREMAP_MAYMOVE | MREMAP_FIXED, start) == MAP_FAILED) {
        munmap(start, room);
        return NULL;
    }
    return start;
}

void sk_large_free(void *array, size_t size)
{
    if (size < PAGE)
        free(array);
    else
        munmap(array, in_pages(size));
}

#else

void *sk_large_new(size_t size)
{
    return calloc(size ? size : 1, 1);
}

void *sk_large_grow(void *array, size_t size, size_t room)
{
    (void)size;
    return realloc(array, room);
}

void sk_large_free(void *array, size_t size)
{
    (void)size;
    free(array);
}

#endif
