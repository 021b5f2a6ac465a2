/* Fingerprints of texts: near-duplicates have nearly the same one.
 *
 * A text is the set of its shingles: three folded words one after another (of a text with fewer words, what there is).
 * Its fingerprint has 64 codes of 4 bits. Code i is made of the least value that the hash function i has over the set
 * (MinHash), so two texts agree in it with the probability J + (1 - J) / 16, where J is the share of the shingles of
 * both that both have (Jaccard). All functions follow from one constant: the same text has the same fingerprint for ever.
 *
 *     fingerprint := u8[32]      code 2j in the low half of byte j, code 2j + 1 in the high one; all zero: no word
 */
#ifndef SEARCHKIT_FINGERPRINT_H
#define SEARCHKIT_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

#define SK_FINGERPRINT 32

/* Codes of 64 that two texts agree in at least if they are near: expected where 6 of 10 shingles are shared. Of 6,000 press
 * releases, pairs that agree in so many share 0.44 to 1.0 of them; unlike texts agree in 4 codes, by chance in 14. */
#define SK_NEAR 40

/* `fold_accents` as of the tokenizer. Any bytes are safe. */
void sk_fingerprint(const uint8_t *utf8, size_t length, int fold_accents, uint8_t *fingerprint);

/* In how many codes two fingerprints agree, 0 to 64; 0 if either is of a text without words. */
unsigned sk_agreement(const uint8_t *one, const uint8_t *other);

#endif
