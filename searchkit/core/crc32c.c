#include "crc32c.h"

#include <string.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define SK_CRC32C_SSE42 1
#include <nmmintrin.h>
#else
#define SK_CRC32C_SSE42 0
#endif

/* Slicing by 8. The register after a word of 64 bits is linear in the word (over XOR), so it is known from what each
 * single bit leaves behind: the 64 constants below, bit 0 of byte 0 first. TABLE[k][v] is the share of value v in byte
 * k. Spelled out by the preprocessor, so that there is nothing to prepare and nothing for threads to race on. */
#define SHARE(v, a, b, c, d, e, f, g, h)                                                                              \
    (((v) & 1 ? a : 0) ^ ((v) & 2 ? b : 0) ^ ((v) & 4 ? c : 0) ^ ((v) & 8 ? d : 0) ^                                  \
     ((v) & 16 ? e : 0) ^ ((v) & 32 ? f : 0) ^ ((v) & 64 ? g : 0) ^ ((v) & 128 ? h : 0))
#define FOUR(v, a, b, c, d, e, f, g, h)                                                                               \
    SHARE(v, a, b, c, d, e, f, g, h), SHARE(v + 1, a, b, c, d, e, f, g, h),                                           \
    SHARE(v + 2, a, b, c, d, e, f, g, h), SHARE(v + 3, a, b, c, d, e, f, g, h)
#define SIXTEEN(v, a, b, c, d, e, f, g, h)                                                                            \
    FOUR(v, a, b, c, d, e, f, g, h), FOUR(v + 4, a, b, c, d, e, f, g, h),                                             \
    FOUR(v + 8, a, b, c, d, e, f, g, h), FOUR(v + 12, a, b, c, d, e, f, g, h)
#define SIXTY_FOUR(v, a, b, c, d, e, f, g, h)                                                                         \
    SIXTEEN(v, a, b, c, d, e, f, g, h), SIXTEEN(v + 16, a, b, c, d, e, f, g, h),                                      \
    SIXTEEN(v + 32, a, b, c, d, e, f, g, h), SIXTEEN(v + 48, a, b, c, d, e, f, g, h)
#define BYTE(a, b, c, d, e, f, g, h)                                                                                  \
    { SIXTY_FOUR(0, a, b, c, d, e, f, g, h), SIXTY_FOUR(64, a, b, c, d, e, f, g, h),                                  \
      SIXTY_FOUR(128, a, b, c, d, e, f, g, h), SIXTY_FOUR(192, a, b, c, d, e, f, g, h) }

static const uint32_t TABLE[8][256] = {
    BYTE(0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, 0x847609b4u, 0x0d006599u, 0x1a00cb32u, 0x34019664u),
    BYTE(0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, 0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au, 0xf56e0ef4u),
    BYTE(0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, 0xc00c303eu, 0x85f4168du, 0x0e045bebu, 0x1c08b7d6u),
    BYTE(0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, 0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu, 0x6ea2d55cu),
    BYTE(0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu, 0xaba65fe7u, 0x52a0c93fu),
    BYTE(0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u, 0xc76580d9u, 0x8b277743u),
    BYTE(0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u, 0xff17c604u, 0xfbc3faf9u),
    BYTE(0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu, 0x82f63b78u),
};

static uint32_t step_portable(uint32_t state, const uint8_t *data, size_t length) {
    for (; length >= 8; data += 8, length -= 8) {
        uint32_t low = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
        low ^= state;
        state = TABLE[0][low & 255] ^ TABLE[1][low >> 8 & 255] ^ TABLE[2][low >> 16 & 255] ^ TABLE[3][low >> 24] ^
                TABLE[4][data[4]] ^ TABLE[5][data[5]] ^ TABLE[6][data[6]] ^ TABLE[7][data[7]];
    }
    for (; length; data++, length--) state = state >> 8 ^ TABLE[7][(state ^ *data) & 255];
    return state;
}

uint32_t sk_crc32c_portable(uint32_t crc, const void *data, size_t length) {
    return ~step_portable(~crc, data, length);
}

#if SK_CRC32C_SSE42

static inline uint64_t word_at(const uint8_t *data) {
    uint64_t word;
    memcpy(&word, data, 8);
    return word;
}

__attribute__((target("sse4.2")))
static uint32_t step_sse42(uint32_t state, const uint8_t *data, size_t length) {
    uint64_t wide = state;
    for (; length >= 8; data += 8, length -= 8) wide = _mm_crc32_u64(wide, word_at(data));
    state = (uint32_t)wide;
    for (; length; data++, length--) state = _mm_crc32_u8(state, *data);
    return state;
}

/* The instruction takes three cycles and a new one can start in each: three pages at a time fill the pipe, and as pages
 * are independent there is nothing to combine afterwards. Requires: page_size a multiple of 8. */
__attribute__((target("sse4.2")))
static void three_pages_sse42(const uint8_t *data, size_t page_size, uint32_t crc[3]) {
    uint64_t a = UINT32_MAX, b = UINT32_MAX, c = UINT32_MAX;
    for (size_t at = 0; at < page_size; at += 8) {
        a = _mm_crc32_u64(a, word_at(data + at));
        b = _mm_crc32_u64(b, word_at(data + page_size + at));
        c = _mm_crc32_u64(c, word_at(data + 2 * page_size + at));
    }
    crc[0] = ~(uint32_t)a;
    crc[1] = ~(uint32_t)b;
    crc[2] = ~(uint32_t)c;
}

int sk_crc32c_hardware(void) { return __builtin_cpu_supports("sse4.2") != 0; }

uint32_t sk_crc32c(uint32_t crc, const void *data, size_t length) {
    return ~(sk_crc32c_hardware() ? step_sse42(~crc, data, length) : step_portable(~crc, data, length));
}

#else

int sk_crc32c_hardware(void) { return 0; }

uint32_t sk_crc32c(uint32_t crc, const void *data, size_t length) { return sk_crc32c_portable(crc, data, length); }

#endif

static uint8_t *put_u32(uint8_t *out, uint32_t value) {
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(value >> 8 * i);
    return out + 4;
}

void sk_crc32c_pages(const void *data, size_t length, size_t page_size, uint8_t *out) {
    const uint8_t *at = data;
#if SK_CRC32C_SSE42
    if (page_size % 8 == 0 && sk_crc32c_hardware()) {
        for (uint32_t crc[3]; length / 3 >= page_size; at += 3 * page_size, length -= 3 * page_size) {
            three_pages_sse42(at, page_size, crc);
            out = put_u32(put_u32(put_u32(out, crc[0]), crc[1]), crc[2]);
        }
    }
#endif
    while (length) {
        size_t size = length < page_size ? length : page_size;
        out = put_u32(out, sk_crc32c(0, at, size));
        at += size;
        length -= size;
    }
}
