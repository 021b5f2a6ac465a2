/* CRC-32C (Castagnoli, reflected polynomial 0x82f63b78; RFC 3720 appendix B.4), the checksum of every file of an index.
 *
 * A CRC of 32 bits finds every single changed bit and every burst of up to 32 bits. It is no signature: whoever means
 * to deceive can make the checksum right again, which is why decoders check what they read all the same.
 *
 * Two twins, chosen at run time and equal to the bit: the CRC instruction of SSE4.2, and eight tables (slicing by 8).
 * Calls chain as in zlib: sk_crc32c(sk_crc32c(0, a, n), b, m) is the checksum of a followed by b. No state, no
 * preparation, safe from any thread. */
#ifndef SEARCHKIT_CRC32C_H
#define SEARCHKIT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t sk_crc32c(uint32_t crc, const void *data, size_t length);

/* The table-driven twin by itself, for tests and for machines without the instruction. */
uint32_t sk_crc32c_portable(uint32_t crc, const void *data, size_t length);

/* 1 if sk_crc32c uses the instruction on this machine. */
int sk_crc32c_hardware(void);

/* The checksum of each page of data (the last may be short) as little-endian u32s in out, which has room for
 * 4 * ceil(length / page_size) bytes. Requires: page_size > 0. */
void sk_crc32c_pages(const void *data, size_t length, size_t page_size, uint8_t *out);

#endif
