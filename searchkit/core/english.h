/* The English Snowball stemmer (Porter2) for plain words, as NLTK has it: step by step the same decisions, on bytes.
 *
 * NLTK's own stemmer is the one that counts: this one is used only where a long list of probes has shown that the two
 * agree (searchkit/analysis/languages.py), and the tests hold them equal over all the words of real corpora. It is
 * there because a build stems each of some hundred thousand forms, and 100 nanoseconds are not 15 microseconds.
 */
#ifndef SK_ENGLISH_H
#define SK_ENGLISH_H

#include <stdint.h>

/* Whether the stemmer below takes this form: the letters a to z and apostrophes, nothing else. */
int sk_english_takes(const uint8_t *form, uint32_t length);

/* Stem a form in place and return the length of its stem: from 0 (nothing is left of a word of apostrophes) to
 * `length`. Requires: sk_english_takes(form, length). */
uint32_t sk_english_stem(uint8_t *form, uint32_t length);

#endif
