/* The English stemmer, on any form that it takes, and both ways to a checksum. */
#include "crc32c.h"
#include "english.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t length = size < SK_KEY_MAX ? (uint32_t)size : SK_KEY_MAX;
    LAW(sk_crc32c(7, data, size) == sk_crc32c_portable(7, data, size));
    uint8_t *form = new_room(length);
    if (length)
        memcpy(form, data, length);
    if (length && sk_english_takes(form, length))
        LAW(sk_english_stem(form, length) <= length);
    free(form);
    return 0;
}
