/* Code points in the keys of dictionaries, which are UTF-8 if nothing is damaged. */
#ifndef SK_UTF8_H
#define SK_UTF8_H

#include <stdint.h>

enum { SK_CODE_POINTS = 0x110000 };

/* The code point at key[at], and the bytes it takes; 0: there is none. Requires: at < length. */
static inline uint32_t sk_utf8_decode(const uint8_t *key, uint32_t at, uint32_t length, uint32_t *code_point)
{
    uint32_t first = key[at];
    if (first < 0x80) {
        *code_point = first;
        return 1;
    }
    uint32_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (size == 0 || size > length - at)
        return 0;
    uint32_t c = first & (0x7fu >> size);
    for (uint32_t i = 1; i < size; i++) {
        if ((key[at + i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (key[at + i] & 0x3fu);
    }
    *code_point = c;
    return c < SK_CODE_POINTS ? size : 0;
}

/* The bytes that a code point takes, 1 to 4, written at `at`. A surrogate, which no key has, becomes what comes next. */
static inline uint32_t sk_utf8_encode(uint32_t c, uint8_t *at)
{
    if (c >= 0xd800 && c < 0xe000)
        c = 0xe000;
    if (c < 0x80) {
        at[0] = (uint8_t)c;
        return 1;
    }
    uint32_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (uint32_t i = size - 1; i > 0; i--, c >>= 6)
        at[i] = (uint8_t)(0x80 | (c & 0x3f));
    at[0] = (uint8_t)((0xf00u >> size & 0xff) | c);
    return size;
}

#endif
