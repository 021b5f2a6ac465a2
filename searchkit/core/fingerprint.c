/* See fingerprint.h. */
#include "fingerprint.h"

#include <string.h>

#include "tokenize.h"

#define CODES (2 * SK_FINGERPRINT)
#define SEED 0x5ea7c4f19e3d2b61u

/* The finalizer of splitmix64: every bit of the number bears on every bit of the result. */
static uint64_t mixed(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t hash_of(const uint8_t *form, uint32_t length) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (uint32_t i = 0; i < length; i++) hash = (hash ^ form[i]) * 0x100000001b3u;
    return mixed(hash);
}

typedef struct {
    uint32_t masks[CODES], factors[CODES], least[CODES];
} sketch;

static void start(sketch *s) {
    uint64_t state = SEED;
    for (unsigned i = 0; i < CODES; i++) {
        uint64_t random = mixed(state += 0x9e3779b97f4a7c15u);
        s->masks[i] = (uint32_t)random;
        s->factors[i] = (uint32_t)(random >> 32) | 1;
        s->least[i] = UINT32_MAX;
    }
}

static void take(sketch *s, const uint64_t *words) {
    uint32_t shingle = (uint32_t)(mixed(mixed(mixed(words[0]) + words[1]) + words[2]) >> 32);
    for (unsigned i = 0; i < CODES; i++) {
        uint32_t value = (shingle ^ s->masks[i]) * s->factors[i];
        s->least[i] = value < s->least[i] ? value : s->least[i];
    }
}

void sk_fingerprint(const uint8_t *utf8, size_t length, int fold_accents, uint8_t *fingerprint) {
    sk_tokenizer tokenizer;
    sk_token token;
    sketch s;
    uint64_t words[3] = {0, 0, 0};
    size_t count = 0;
    memset(fingerprint, 0, SK_FINGERPRINT);
    start(&s);
    sk_tokenizer_start(&tokenizer, utf8, length, fold_accents);
    while (sk_tokenizer_next(&tokenizer, &token)) {
        words[0] = words[1], words[1] = words[2], words[2] = hash_of(token.form, token.form_length);
        if (++count >= 3) take(&s, words);
    }
    if (!count) return;
    if (count < 3) take(&s, words);
    for (unsigned i = 0; i < CODES; i++) {
        uint8_t code = (uint8_t)((s.least[i] * 0x9e3779b1u) >> 28); /* the least of many values begins with zeros */
        fingerprint[i / 2] |= (uint8_t)(code << (i % 2 * 4));
    }
}

unsigned sk_agreement(const uint8_t *one, const uint8_t *other) {
    uint64_t any = 0, any_other = 0;
    unsigned differing = 0;
    for (unsigned i = 0; i < SK_FINGERPRINT; i += 8) {
        uint64_t a, b;
        memcpy(&a, one + i, 8);
        memcpy(&b, other + i, 8);
        any |= a, any_other |= b;
        a ^= b;
        a |= a >> 2;
        a |= a >> 1;
        differing += (unsigned)__builtin_popcountll(a & 0x1111111111111111u);
    }
    return any && any_other ? CODES - differing : 0;
}
