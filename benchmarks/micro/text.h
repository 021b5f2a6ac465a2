/* Texts made up in C: words drawn by Zipf's law from a vocabulary of 65,535, the same on every machine. */
#ifndef MICRO_TEXT_H
#define MICRO_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum micro_script { MICRO_ASCII, MICRO_ACCENTS, MICRO_CYRILLIC, MICRO_LONG, MICRO_NO_WORDS };

typedef struct micro_text {
    uint8_t *bytes;  /* 64 more can be read behind the end */
    size_t length;   /* a multiple of 64 */
    uint32_t *ranks; /* of each word; NULL where there are no words of a vocabulary */
    size_t words;
} micro_text;

/* ASCII: English-like, 5.5 letters a word, sentences with capitals, commas and full stops. ACCENTS: the same, every fourth
 * word of the vocabulary with an accented letter. CYRILLIC: all letters of two bytes. LONG: words of 200 ASCII letters.
 * NO_WORDS: spaces and dashes. */
micro_text micro_text_make(enum micro_script script, size_t length);

#endif
