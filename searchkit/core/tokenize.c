/* The tokenizer: docs/text.md says what it does, this is how.
 *
 * Two paths give the same tokens. The short one takes words of ASCII letters and digits, one table look-up a byte, and
 * decides the common joiners (don't, 3.5) on the spot. Whatever it cannot decide (anything beyond ASCII inside a word,
 * an acronym, a form that must be cut) it gives up before anything is committed, and the long path does that word from
 * its start: decode, look up the class of each character, spell.
 *
 * Spelling puts the folded characters of a word together in normalization form C: the last letter is held back with
 * the marks behind it, which are kept in canonical order, until the next letter comes. Tables hold spellings already
 * composed, so text without separate marks passes straight through.
 */
#include "tokenize.h"

#include <string.h>

#include "unicode_tables.h"

/* Marks kept on one letter; what text piles up beyond this is dropped (as in Unicode's stream-safe text). */
#define MARKS_MAX 30

#define INVALID 0xFFFFFFFFu

/* Hangul syllables compose by arithmetic (The Unicode Standard, section 3.12). */
enum {
    HANGUL_SYLLABLES = 0xAC00, HANGUL_LEADS = 0x1100, HANGUL_VOWELS = 0x1161, HANGUL_TAILS = 0x11A7,
    LEAD_COUNT = 19, VOWEL_COUNT = 21, TAIL_COUNT = 28, SYLLABLE_COUNT = LEAD_COUNT * VOWEL_COUNT * TAIL_COUNT
};

enum { CYRILLIC_I = 0x0438, CYRILLIC_SHORT_I = 0x0439, BREVE = 0x0306 };

static inline const sk_entry *entry_of(uint32_t code) {
    return &sk_entries[sk_second[(uint32_t)sk_first[code / SK_BLOCK] * SK_BLOCK + code % SK_BLOCK]];
}

/* Decode the character at text[at], at < length, and set its size in bytes. Bytes that are no well-formed UTF-8
 * (overlong, surrogate, beyond U+10FFFF, cut short) are INVALID, one byte at a time. */
static inline uint32_t decode(const uint8_t *text, size_t length, size_t at, size_t *size) {
    const uint8_t *p = text + at;
    size_t left = length - at;
    uint32_t lead = p[0], code;
    *size = 1;
    if (lead < 0x80) return lead;
    if (lead < 0xC2 || lead > 0xF4 || left < 2 || (p[1] & 0xC0) != 0x80) return INVALID;
    if (lead < 0xE0) {
        *size = 2;
        return (lead & 0x1F) << 6 | (p[1] & 0x3F);
    }
    if (left < 3 || (p[2] & 0xC0) != 0x80) return INVALID;
    if (lead < 0xF0) {
        code = (lead & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
        if (code < 0x800 || (code >= 0xD800 && code < 0xE000)) return INVALID;
        *size = 3;
        return code;
    }
    if (left < 4 || (p[3] & 0xC0) != 0x80) return INVALID;
    code = (lead & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
    if (code < 0x10000 || code > 0x10FFFF) return INVALID;
    *size = 4;
    return code;
}

/* ---- Spelling ------------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t *form;
    uint32_t length;
    int full;        /* something did not fit: nothing more is taken */
    uint32_t letter; /* held back: the last character of combining class 0; 0 before the first */
    int mark_count;
    uint32_t marks[MARKS_MAX]; /* behind it, in canonical order */
    uint8_t classes[MARKS_MAX];
} spelling;

/* Place of the first pair >= (first, second) in sk_pairs, by its code points. Returns the composed one, or 0. */
static uint32_t composed(uint32_t first, uint32_t second) {
    uint32_t low = 0, high = SK_PAIRS;
    if (first - HANGUL_LEADS < LEAD_COUNT && second - HANGUL_VOWELS < VOWEL_COUNT)
        return HANGUL_SYLLABLES + ((first - HANGUL_LEADS) * VOWEL_COUNT + (second - HANGUL_VOWELS)) * TAIL_COUNT;
    if (first - HANGUL_SYLLABLES < SYLLABLE_COUNT && (first - HANGUL_SYLLABLES) % TAIL_COUNT == 0 &&
        second - HANGUL_TAILS - 1 < TAIL_COUNT - 1)
        return first + (second - HANGUL_TAILS);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const uint32_t *pair = sk_pairs + 3 * middle;
        if (pair[0] < first || (pair[0] == first && pair[1] < second)) low = middle + 1;
        else high = middle;
    }
    if (low < SK_PAIRS && sk_pairs[3 * low] == first && sk_pairs[3 * low + 1] == second) return sk_pairs[3 * low + 2];
    return 0;
}

/* The pair that composes to `code`, or NULL (also for Hangul syllables: no mark interacts with their parts). */
static const uint32_t *pair_of(uint32_t code) {
    uint32_t low = 0, high = SK_PAIRS;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (sk_pairs[3 * (uint32_t)sk_by_composed[middle] + 2] < code) low = middle + 1;
        else high = middle;
    }
    if (low == SK_PAIRS || sk_pairs[3 * (uint32_t)sk_by_composed[low] + 2] != code) return NULL;
    return sk_pairs + 3 * (uint32_t)sk_by_composed[low];
}

static void append(spelling *s, uint32_t code) {
    uint8_t bytes[4];
    uint32_t size;
    if (code < 0x80) {
        bytes[0] = (uint8_t)code;
        size = 1;
    } else if (code < 0x800) {
        bytes[0] = (uint8_t)(0xC0 | code >> 6);
        bytes[1] = (uint8_t)(0x80 | (code & 0x3F));
        size = 2;
    } else if (code < 0x10000) {
        bytes[0] = (uint8_t)(0xE0 | code >> 12);
        bytes[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        bytes[2] = (uint8_t)(0x80 | (code & 0x3F));
        size = 3;
    } else {
        bytes[0] = (uint8_t)(0xF0 | code >> 18);
        bytes[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
        bytes[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        bytes[3] = (uint8_t)(0x80 | (code & 0x3F));
        size = 4;
    }
    if (s->full || s->length + size > SK_FORM_MAX) {
        s->full = 1;
        return;
    }
    memcpy(s->form + s->length, bytes, size);
    s->length += size;
}

/* Insert a mark behind those of the same or a lower class. */
static void insert_mark(spelling *s, uint32_t mark, uint8_t class) {
    int place = s->mark_count;
    if (place == MARKS_MAX) return;
    for (; place > 0 && s->classes[place - 1] > class; place--) {
        s->marks[place] = s->marks[place - 1];
        s->classes[place] = s->classes[place - 1];
    }
    s->marks[place] = mark;
    s->classes[place] = class;
    s->mark_count++;
}

/* Take the marks out of the held letter, so that one more can find its place among them. */
static void take_apart(spelling *s) {
    const uint32_t *pair;
    uint32_t parts[4];
    int count = 0;
    while (count < 4 && (pair = pair_of(s->letter)) != NULL && entry_of(pair[1])->combining) {
        s->letter = pair[0];
        parts[count++] = pair[1];
    }
    while (count > 0) {
        count--;
        insert_mark(s, parts[count], entry_of(parts[count])->combining);
    }
}

/* Put the marks that compose with the held letter into it; a mark is blocked by one of its own class before it. */
static void put_together(spelling *s) {
    int kept = 0;
    for (int i = 0; i < s->mark_count; i++) {
        int blocked = kept > 0 && s->classes[kept - 1] >= s->classes[i];
        uint32_t whole = blocked ? 0 : composed(s->letter, s->marks[i]);
        if (whole) {
            s->letter = whole;
        } else {
            s->marks[kept] = s->marks[i];
            s->classes[kept++] = s->classes[i];
        }
    }
    s->mark_count = kept;
}

/* Write out what is held back. */
static void flush(spelling *s) {
    if (s->mark_count) put_together(s);
    if (s->letter) append(s, s->letter);
    for (int i = 0; i < s->mark_count; i++) append(s, s->marks[i]);
    s->letter = 0;
    s->mark_count = 0;
}

/* Add one folded character. */
static void put(spelling *s, uint32_t code) {
    const sk_entry *entry = entry_of(code);
    if (entry->combining && s->letter) {
        if (s->mark_count == 0) take_apart(s);
        insert_mark(s, code, entry->combining);
        return;
    }
    if (entry->flags & SK_SECOND && s->letter) {
        uint32_t whole;
        if (s->mark_count) put_together(s);
        whole = s->mark_count ? 0 : composed(s->letter, code);
        if (whole) {
            s->letter = whole;
            return;
        }
    }
    flush(s);
    s->letter = code;
}

/* Add the folded spelling of a character of the text. */
static inline void spell(spelling *s, uint32_t code, const sk_entry *entry, int fold_accents) {
    int32_t value = fold_accents ? entry->folded : entry->kept;
    int many = entry->flags & (fold_accents ? SK_FOLDED_MANY : SK_KEPT_MANY);
    int plain = entry->flags & (fold_accents ? SK_FOLDED_PLAIN : SK_KEPT_PLAIN);
    if (!many && plain) {
        if (s->letter) flush(s);
        s->letter = code + (uint32_t)value;
    } else if (!many) {
        put(s, code + (uint32_t)value);
    } else {
        const uint32_t *pool = sk_pool + value;
        for (uint32_t i = 1; i <= pool[0]; i++) put(s, pool[i]);
    }
    /* Of all accents only the breve of the Cyrillic short i is kept: it is a letter of its own, and stems end in it. */
    if (code == BREVE && fold_accents && s->letter == CYRILLIC_I) {
        for (int i = 0; i < s->mark_count; i++)
            if (s->marks[i] == BREVE) return;
        put(s, BREVE);
    }
}

/* ---- The long path -------------------------------------------------------------------------------------------- */

/* The class of the first character at or behind `at` that is not ignored, and of what follows it. */
static uint8_t kind_after(const uint8_t *text, size_t length, size_t *at) {
    while (*at < length) {
        size_t size;
        uint32_t code = decode(text, length, *at, &size);
        uint8_t kind = code == INVALID ? SK_SEPARATOR : entry_of(code)->kind;
        *at += size;
        if (kind != SK_IGNORED) return kind;
    }
    return SK_SEPARATOR;
}

static inline int is_letter(uint8_t kind) {
    return kind == SK_LETTER || kind == SK_HANGUL;
}

/* Whether a letter that stands alone comes next: the other side of an acronym's dot. */
static int lone_letter_after(const uint8_t *text, size_t length, size_t at) {
    uint8_t kind;
    if (kind_after(text, length, &at) != SK_LETTER) return 0;
    do kind = kind_after(text, length, &at);
    while (kind == SK_MARK);
    return !is_letter(kind) && kind != SK_DIGIT;
}

/* Take the word that begins at tokenizer->at. Requires: a character that begins a word there. */
static void take_word(sk_tokenizer *tokenizer, sk_token *token) {
    const uint8_t *text = tokenizer->text;
    const size_t length = tokenizer->length;
    const int fold_accents = tokenizer->fold_accents;
    size_t at = tokenizer->at, extra = tokenizer->extra;
    uint8_t first = SK_SEPARATOR; /* class of the first character */
    uint8_t last = SK_SEPARATOR;  /* of the last letter or digit */
    int part = 0;                 /* letters and digits since the start or the acronym's last dot; 2 stands for more */
    int acronym = 0;
    spelling s = {.form = tokenizer->form};

    token->start = at - extra;
    while (at < length) {
        size_t size, ahead;
        uint32_t code = decode(text, length, at, &size);
        const sk_entry *entry;
        uint8_t kind;
        if (code == INVALID) break;
        entry = entry_of(code);
        kind = entry->kind;
        ahead = at + size;
        if (is_letter(kind) || kind == SK_DIGIT) {
            if (first == SK_SINGLE || first == SK_FLAG) break;
            if (first == SK_SEPARATOR) first = kind;
            last = kind;
            part = part || kind == SK_HANGUL ? 2 : 1;
            spell(&s, code, entry, fold_accents);
        } else if (kind == SK_MARK) {
            spell(&s, code, entry, fold_accents);
        } else if (kind == SK_SINGLE || kind == SK_FLAG) {
            if (first != SK_SEPARATOR && (kind == SK_SINGLE || first != SK_FLAG || part)) break;
            if (first == SK_FLAG) part = 1; /* the second half of a flag */
            first = kind;
            spell(&s, code, entry, fold_accents);
        } else if (kind == SK_APOSTROPHE) {
            if (!is_letter(last) || acronym || !is_letter(kind_after(text, length, &ahead))) break;
            put(&s, '\'');
            part = 2;
        } else if (kind == SK_DOT && is_letter(last)) {
            if (part != 1 || !lone_letter_after(text, length, ahead)) break;
            put(&s, '.');
            part = 0;
            acronym = 1;
        } else if (kind == SK_DOT || kind == SK_COMMA) {
            if (last != SK_DIGIT || kind_after(text, length, &ahead) != SK_DIGIT) break;
            put(&s, kind == SK_DOT ? '.' : ',');
            part = 2;
        } else if (kind == SK_SEPARATOR) {
            break;
        } /* else it is ignored, and inside the span */
        at += size;
        extra += size - 1;
    }
    flush(&s);
    if (s.length < SK_FORM_PADDING) memset(s.form + s.length, 0, SK_FORM_PADDING - s.length);
    token->form = s.form;
    token->form_length = s.length;
    token->end = at - extra;
    tokenizer->at = at;
    tokenizer->extra = extra;
}

/* ---- The short path ------------------------------------------------------------------------------------------- */

/* Whether the joiner at text[i], inside a word of ASCII, joins: 1, does not: 0, or is for the long path to say: -1.
 * `count`: characters of the word before it. */
static inline int ascii_joins(const uint8_t *text, size_t length, size_t i, uint32_t count) {
    uint8_t kind = sk_ascii_kind[text[i]];
    uint8_t before = sk_ascii_kind[text[i - 1]], after;
    if (i + 1 == length) return 0;
    if (text[i + 1] >= 0x80) return -1;
    after = sk_ascii_kind[text[i + 1]];
    if (kind == SK_APOSTROPHE) return before == SK_LETTER && after == SK_LETTER;
    if (kind == SK_DOT && count == 1 && before == SK_LETTER && after == SK_LETTER) return -1;
    return before == SK_DIGIT && after == SK_DIGIT;
}

#define EACH_BYTE(value) (0x0101010101010101u * (value))

/* The high bit of each byte of `eight` that is an ASCII letter or digit. Sums of 7-bit numbers do not carry over. */
static inline uint64_t word_bytes(uint64_t eight) {
    uint64_t low = eight & EACH_BYTE(0x7F), lower = low | EACH_BYTE(0x20);
    uint64_t letter = (lower + EACH_BYTE(0x80 - 'a')) & ~(lower + EACH_BYTE(0x7F - 'z'));
    uint64_t digit = (low + EACH_BYTE(0x80 - '0')) & ~(low + EACH_BYTE(0x7F - '9'));
    return (letter | digit) & ~eight & EACH_BYTE(0x80);
}

/* Fold ASCII letters and digits from text[*i] on to the end of the form, which grows from `count` bytes and is followed
 * by zeros. Returns the new count: SK_FORM_MAX if that is reached, else text[*i] is no ASCII letter or digit or the
 * text is at its end. */
static inline uint32_t fold_ascii(const uint8_t *text, size_t length, size_t *i, uint8_t *form, uint32_t count) {
    uint8_t folded;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t zeros = 0;
    while (length - *i >= 8 && count + 8 <= SK_FORM_MAX) {
        uint64_t eight, found, stop;
        uint32_t size;
        memcpy(&eight, text + *i, 8);
        found = word_bytes(eight);
        stop = ~found & EACH_BYTE(0x80);
        size = stop ? (uint32_t)__builtin_ctzll(stop) / 8 : 8;
        eight |= found >> 2; /* 0x20: makes letters small, and digits have it */
        eight &= ((stop & (0 - stop)) >> 7) - 1;
        memcpy(form + count, &eight, 8);
        memcpy(form + count + 8, &zeros, 8);
        count += size;
        *i += size;
        if (stop) return count;
    }
#endif
    while (*i < length && count < SK_FORM_MAX && (folded = sk_ascii_fold[text[*i]]) != 0) {
        form[count++] = folded;
        form[count] = 0;
        ++*i;
    }
    return count;
}

/* Take the word that begins at tokenizer->at if it is plain ASCII. Requires: an ASCII letter or digit there.
 * Returns 0, with nothing changed but the bytes of the form, where the long path must decide. */
static inline int take_ascii_word(sk_tokenizer *tokenizer, sk_token *token) {
    const uint8_t *text = tokenizer->text;
    const size_t length = tokenizer->length;
    const size_t start = tokenizer->at;
    uint8_t *form = tokenizer->form;
    size_t i = start, next;
    uint32_t count = 0;

    memset(form, 0, SK_FORM_PADDING);
    for (;;) {
        count = fold_ascii(text, length, &i, form, count);
        next = i;
        if (i == length) break;
        if (count == SK_FORM_MAX) return 0;
        if (text[i] < 0x80) {
            int joins = sk_ascii_kind[text[i]] == SK_SEPARATOR ? 0 : ascii_joins(text, length, i, count);
            if (joins < 0) return 0;
            if (joins == 0) {
                next = i + 1; /* whatever it is, no word begins with it */
                break;
            }
            form[count++] = text[i++];
        } else {
            size_t size;
            uint32_t code = decode(text, length, i, &size);
            if (code != INVALID && entry_of(code)->kind != SK_SEPARATOR) return 0;
            break;
        }
    }
    token->form = form;
    token->form_length = count;
    token->start = start - tokenizer->extra;
    token->end = i - tokenizer->extra;
    tokenizer->at = next;
    return 1;
}

/* ---- The face ------------------------------------------------------------------------------------------------- */

void sk_tokenizer_start(sk_tokenizer *tokenizer, const uint8_t *utf8, size_t length, int fold_accents) {
    tokenizer->text = utf8;
    tokenizer->length = length;
    tokenizer->at = 0;
    tokenizer->extra = 0;
    tokenizer->fold_accents = fold_accents != 0;
    memset(tokenizer->form, 0, sizeof tokenizer->form);
}

int sk_tokenizer_next(sk_tokenizer *tokenizer, sk_token *token) {
    const uint8_t *text = tokenizer->text;
    const size_t length = tokenizer->length;
    while (tokenizer->at < length) {
        uint8_t byte = text[tokenizer->at];
        if (sk_ascii_fold[byte]) {
            if (!take_ascii_word(tokenizer, token)) take_word(tokenizer, token);
            return 1;
        }
        if (byte < 0x80) {
            tokenizer->at++;
        } else {
            size_t size;
            uint32_t code = decode(text, length, tokenizer->at, &size);
            uint8_t kind = code == INVALID ? SK_SEPARATOR : entry_of(code)->kind;
            if (is_letter(kind) || kind == SK_DIGIT || kind == SK_SINGLE || kind == SK_FLAG) {
                take_word(tokenizer, token);
                return 1;
            }
            tokenizer->at += size;
            tokenizer->extra += size - 1;
        }
    }
    return 0;
}
