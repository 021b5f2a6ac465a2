/* Tokens of a text: where the words are, and how they are spelled once folded.
 *
 * One pass over UTF-8, no allocation, no state outside the struct that the caller holds: as many tokenizers may run
 * side by side as there are threads. The rules are stated with examples in docs/text.md; the properties of characters
 * are those of Unicode 14.0 (unicode_tables.h), whatever Python or C library runs.
 *
 * Any bytes are safe. A byte that is not part of well-formed UTF-8 separates words and counts as one character.
 *
 *     sk_tokenizer tokenizer;
 *     sk_token token;
 *     sk_tokenizer_start(&tokenizer, text, length, 1);
 *     while (sk_tokenizer_next(&tokenizer, &token)) { ... token.form[0 .. token.form_length) ... }
 */
#ifndef SEARCHKIT_TOKENIZE_H
#define SEARCHKIT_TOKENIZE_H

#include <stddef.h>
#include <stdint.h>

/* A folded form is 1 to 255 bytes long; what is longer is cut between two code points. */
#define SK_FORM_MAX 255

/* At least so many bytes can be read behind every form; of a form shorter than this, the first so many bytes are the
 * form followed by zeros, so that it can be hashed or compared with two plain 8-byte loads. */
#define SK_FORM_PADDING 16

typedef struct {
    const uint8_t *form;  /* folded, UTF-8, not terminated; lives in the tokenizer, valid until its next call */
    uint32_t form_length; /* bytes, 1..SK_FORM_MAX */
    uint64_t start, end;  /* the span in the original text, in characters (code points), half open, never empty */
} sk_token;

/* Written by the two functions below, read by nobody else. Needs no destructor. */
typedef struct {
    const uint8_t *text;
    size_t length;     /* bytes of text */
    size_t at;         /* the next byte to look at */
    size_t extra;      /* bytes before `at` that are not the first of a character: at - extra is a character offset */
    int fold_accents;
    uint8_t form[SK_FORM_MAX + 1 + SK_FORM_PADDING];
} sk_tokenizer;

/* Begin at the first character. `utf8` must stay unchanged until the last token is read; it may be NULL when `length`
 * is 0. `fold_accents`: 0 keeps accents (forms are then NFC), anything else drops them. */
void sk_tokenizer_start(sk_tokenizer *tokenizer, const uint8_t *utf8, size_t length, int fold_accents);

/* The next token. Returns 1, or 0 at the end (and from then on). */
int sk_tokenizer_next(sk_tokenizer *tokenizer, sk_token *token);

#endif
