/* The code of an article's positions, read from any bytes: what is read rises and lies in the article, and looking a
 * position up finds what reading gives. */
#include "input.h"

enum { MOST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    uint32_t n = (uint32_t)take(&in, 2), length = (uint32_t)take(&in, 4), probe = (uint32_t)take(&in, 4);
    uint64_t at = take(&in, 1);
    if (n < 1 || n > MOST || n > length)
        return 0;
    size_t bytes = in.left;
    uint8_t *base = take_room(&in, bytes);
    uint32_t positions[MOST];
    sk_position_code code = {base, bytes, at, n, length};
    if (at + sk_positions_size(n, length) <= 8 * (uint64_t)bytes) {
        sk_code_holds(&code, probe % length);
        if (!sk_positions_get(base, bytes, at, n, length, positions)) {
            for (uint32_t i = 0; i < n; i++) {
                LAW(positions[i] < length && (!i || positions[i] > positions[i - 1]));
                LAW(sk_code_holds(&code, positions[i]));
            }
            /* Written again, they take as many bits, and then nothing else is among them. */
            sk_buffer out = {0};
            sk_bit_writer w = {.out = &out};
            uint32_t again[MOST];
            sk_positions_put(&w, positions, n, length);
            LAW(w.bits == sk_positions_size(n, length));
            sk_bits_flush(&w);
            sk_position_code written = {out.bytes, out.length, 0, n, length};
            LAW(!sk_positions_get(out.bytes, out.length, 0, n, length, again));
            LAW(!memcmp(again, positions, n * sizeof *again));
            int among = 0;
            for (uint32_t i = 0; i < n; i++)
                among |= positions[i] == probe % length;
            LAW(sk_code_holds(&written, probe % length) == among);
            sk_buffer_free(&out);
        }
    } else {
        LAW(sk_positions_get(base, bytes, at, n, length, positions));
    }
    free(base);
    return 0;
}
