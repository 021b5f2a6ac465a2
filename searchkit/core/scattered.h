/* Stored records as they came, in another order than docids: copied one by one, from memory or by reading a file.
 *
 * A mapped file would be read a page at a time, and each page would be looked for by the system first; to keep few of them
 * would be to look for most of them again and again. Reading costs one call for each record.
 */
#ifndef SK_SCATTERED_H
#define SK_SCATTERED_H

#include "bits.h"

#include <errno.h>
#ifndef _WIN32
#include <unistd.h>
#endif

typedef struct sk_scattered {
    const uint8_t *bytes; /* all of them, or mapped */
    uint64_t size;
    int descriptor; /* of the file; below 0: `bytes` are to be used */
} sk_scattered;

enum { SK_UNREADABLE = -3 }; /* errno tells why */

/* Copy bytes at a place. Returns SK_OK, SK_DAMAGED (there are not so many), or SK_UNREADABLE. */
static inline int sk_scattered_copy(const sk_scattered *s, uint64_t at, uint64_t size, uint8_t *to)
{
    if (at > s->size || size > s->size - at)
        return SK_DAMAGED;
#ifndef _WIN32
    while (s->descriptor >= 0 && size) {
        ssize_t count = pread(s->descriptor, to, size, (off_t)at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count ? SK_UNREADABLE : SK_DAMAGED;
        to += count;
        at += (uint64_t)count;
        size -= (uint64_t)count;
    }
#endif
    if (size)
        memcpy(to, s->bytes + at, size);
    return SK_OK;
}

#endif
