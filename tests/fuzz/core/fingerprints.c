/* Fingerprints of any two texts, and fingerprints of any bytes, as a file may have them.
 *
 *     input := u8 settings, u16 bytes of the first text, text, text
 */
#include "fingerprint.h"

#include "input.h"
#include "tokenize.h"

enum { ALL = 2 * SK_FINGERPRINT };

static int has_word(const uint8_t *text, size_t length, int fold)
{
    sk_tokenizer tokenizer;
    sk_token token;
    sk_tokenizer_start(&tokenizer, text, length, fold);
    return sk_tokenizer_next(&tokenizer, &token) != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    int fold = (int)take(&in, 1) & 1;
    size_t first = (size_t)take(&in, 2), second;
    first = first < in.left ? first : in.left;
    uint8_t *one = take_room(&in, first);
    second = in.left;
    uint8_t *other = take_room(&in, second);
    uint8_t a[SK_FINGERPRINT], b[SK_FINGERPRINT], again[SK_FINGERPRINT];
    sk_fingerprint(one, first, fold, a);
    sk_fingerprint(other, second, fold, b);
    sk_fingerprint(one, first, fold, again);
    LAW(!memcmp(a, again, SK_FINGERPRINT));
    LAW(sk_agreement(a, a) == (has_word(one, first, fold) ? ALL : 0));
    LAW(sk_agreement(a, b) == sk_agreement(b, a) && sk_agreement(a, b) <= ALL);
    if (second >= SK_FINGERPRINT) {
        memcpy(b, other, SK_FINGERPRINT);
        LAW(sk_agreement(a, b) == sk_agreement(b, a) && sk_agreement(a, b) <= ALL);
    }
    free(one);
    free(other);
    return 0;
}
