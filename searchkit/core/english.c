/* The English stemmer. See english.h, and http://snowball.tartarus.org/algorithms/english/stemmer.html for the why.
 *
 * R1 and R2 are ends of the word, so their lengths say all about them. A y that is a consonant is written Y.
 */
#include "english.h"

#include <string.h>

typedef struct {
    uint8_t *at;
    uint32_t length, r1, r2;
} word;

/* How the regions are cut with the word: by `strip` bytes each; or, where a region is shorter than the suffix, to
 * nothing, except that R2 is then left as `rest` bytes of what was appended. */
enum { SLICED, REPLACED };

typedef struct {
    const char *suffix, *append;
    uint8_t size, strip, how, rest;
} rule;

#define SLICE(suffix, strip) {suffix, "", sizeof suffix - 1, strip, SLICED, 0}
#define REPLACE(suffix, append, rest) {suffix, append, sizeof suffix - 1, sizeof suffix - 1, REPLACED, rest}

static const rule step2[] = {
    REPLACE("ization", "ize", 0), REPLACE("ational", "ate", 1), SLICE("fulness", 4), REPLACE("ousness", "ous", 0),
    REPLACE("iveness", "ive", 1), SLICE("tional", 2), REPLACE("biliti", "ble", 0), SLICE("lessli", 2),
    SLICE("entli", 2), REPLACE("ation", "ate", 1), REPLACE("alism", "al", 0), REPLACE("aliti", "al", 0),
    REPLACE("ousli", "ous", 0), REPLACE("iviti", "ive", 1), SLICE("fulli", 2), {"enci", "e", 4, 1, SLICED, 0},
    {"anci", "e", 4, 1, SLICED, 0}, {"abli", "e", 4, 1, SLICED, 0}, REPLACE("izer", "ize", 0),
    REPLACE("ator", "ate", 1), REPLACE("alli", "al", 0), REPLACE("bli", "ble", 0), SLICE("ogi", 1), SLICE("li", 2),
};
static const rule step3[] = {
    REPLACE("ational", "ate", 0), SLICE("tional", 2), SLICE("alize", 3), REPLACE("icate", "ic", 0),
    REPLACE("iciti", "ic", 0), SLICE("ative", 5), REPLACE("ical", "ic", 0), SLICE("ness", 4), SLICE("ful", 3),
};
static const rule step4[] = {
    SLICE("ement", 5), SLICE("ance", 4), SLICE("ence", 4), SLICE("able", 4), SLICE("ible", 4), SLICE("ment", 4),
    SLICE("ant", 3), SLICE("ent", 3), SLICE("ism", 3), SLICE("ate", 3), SLICE("iti", 3), SLICE("ous", 3),
    SLICE("ive", 3), SLICE("ize", 3), SLICE("ion", 3), SLICE("al", 2), SLICE("er", 2), SLICE("ic", 2),
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Words with stems of their own, by pairs, in order. */
static const char *const special[][2] = {
    {"andes", "andes"}, {"atlas", "atlas"}, {"bias", "bias"}, {"canning", "canning"}, {"cannings", "canning"},
    {"cosmos", "cosmos"}, {"dying", "die"}, {"early", "earli"}, {"earring", "earring"}, {"earrings", "earring"},
    {"exceed", "exceed"}, {"exceeded", "exceed"}, {"exceeding", "exceed"}, {"exceeds", "exceed"}, {"gently", "gentl"},
    {"herring", "herring"}, {"herrings", "herring"}, {"howe", "howe"}, {"idly", "idl"}, {"inning", "inning"},
    {"innings", "inning"}, {"lying", "lie"}, {"news", "news"}, {"only", "onli"}, {"outing", "outing"},
    {"outings", "outing"}, {"proceed", "proceed"}, {"proceeded", "proceed"}, {"proceeding", "proceed"},
    {"proceeds", "proceed"}, {"singly", "singl"}, {"skies", "sky"}, {"skis", "ski"}, {"sky", "sky"},
    {"succeed", "succeed"}, {"succeeded", "succeed"}, {"succeeding", "succeed"}, {"succeeds", "succeed"},
    {"tying", "tie"}, {"ugly", "ugli"},
};
enum { SPECIAL_MAX = 10 };

static inline int is_vowel(uint8_t c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

static inline int ends(const word *w, const char *suffix, uint32_t size)
{
    return w->length >= size && !memcmp(w->at + w->length - size, suffix, size);
}
#define ENDS(w, suffix) ends(w, suffix, sizeof suffix - 1)

static inline uint32_t less(uint32_t length, uint32_t by)
{
    return length > by ? length - by : 0;
}

static void cut(word *w, uint32_t by)
{
    w->length -= by;
    w->r1 = less(w->r1, by);
    w->r2 = less(w->r2, by);
}

/* The length of the part behind the first consonant that follows a vowel, in the last `size` letters. */
static uint32_t region(const word *w, uint32_t size)
{
    const uint8_t *part = w->at + w->length - size;
    for (uint32_t i = 1; i < size; i++)
        if (!is_vowel(part[i]) && is_vowel(part[i - 1]))
            return size - i - 1;
    return 0;
}

static int has_vowel(const word *w, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        if (is_vowel(w->at[i]))
            return 1;
    return 0;
}

static void apply(word *w, const rule *r)
{
    uint32_t added = (uint32_t)strlen(r->append);
    memcpy(w->at + w->length - r->strip, r->append, added);
    w->length = w->length - r->strip + added;
    if (r->how == REPLACED) {
        w->r1 = w->r1 >= r->size ? w->r1 - r->size + added : 0;
        w->r2 = w->r2 >= r->size ? w->r2 - r->size + added : r->rest;
    } else if (!added) {
        w->r1 = less(w->r1, r->strip);
        w->r2 = less(w->r2, r->strip);
    }
}

/* The first rule whose suffix the word has. */
static const rule *find(const word *w, const rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ends(w, rules[i].suffix, rules[i].size))
            return &rules[i];
    return NULL;
}

static void plurals(word *w)
{
    if (ENDS(w, "'s'"))
        cut(w, 3);
    else if (ENDS(w, "'s"))
        cut(w, 2);
    else if (ENDS(w, "'"))
        cut(w, 1);

    if (ENDS(w, "sses"))
        cut(w, 2);
    else if (ENDS(w, "ied") || ENDS(w, "ies"))
        cut(w, w->length > 4 ? 2 : 1);
    else if (!ENDS(w, "us") && !ENDS(w, "ss") && ENDS(w, "s") && has_vowel(w, less(w->length, 2)))
        cut(w, 1);
}

/* What a word that has lost -ed or -ing ends in. */
static void mend(word *w)
{
    const uint8_t *end = w->at + w->length;
    if (ENDS(w, "at") || ENDS(w, "bl") || ENDS(w, "iz")) {
        w->at[w->length++] = 'e';
        w->r1++;
        if (w->length > 5 || w->r1 >= 3)
            w->r2++;
    } else if (w->length >= 2 && end[-1] == end[-2] && strchr("bdfgmnprt", end[-1])) {
        cut(w, 1);
    } else if (!w->r1 && ((w->length >= 3 && !is_vowel(end[-1]) && !strchr("wxY", end[-1]) && is_vowel(end[-2]) &&
                           !is_vowel(end[-3])) ||
                          (w->length == 2 && is_vowel(end[-2]) && !is_vowel(end[-1])))) {
        w->at[w->length++] = 'e';
        w->r2 += w->r2 > 0;
    }
}

static void past_and_adverbs(word *w)
{
    uint32_t eed = ENDS(w, "eedly") ? 5 : ENDS(w, "eed") ? 3 : 0;
    if (eed) {
        if (w->r1 >= eed) {
            w->length -= eed - 2;
            w->r1 -= eed - 2;
            w->r2 = w->r2 >= eed ? w->r2 - eed + 2 : 0;
        }
    } else {
        uint32_t size = ENDS(w, "ingly") ? 5 : ENDS(w, "edly") ? 4 : ENDS(w, "ing") ? 3 : ENDS(w, "ed") ? 2 : 0;
        if (size && has_vowel(w, w->length - size)) {
            cut(w, size);
            mend(w);
        }
    }
}

static void suffixes(word *w)
{
    const rule *r = find(w, step2, COUNT(step2));
    if (r && w->r1 >= r->size) {
        uint8_t before = w->at[w->length - r->size - 1];
        int ogi = !strcmp(r->suffix, "ogi"), li = !strcmp(r->suffix, "li");
        if ((!ogi || before == 'l') && (!li || strchr("cdeghkmnrt", before)))
            apply(w, r);
    }
    r = find(w, step3, COUNT(step3));
    if (r && w->r1 >= r->size && (strcmp(r->suffix, "ative") || w->r2 >= r->size))
        apply(w, r);
    r = find(w, step4, COUNT(step4));
    if (r && w->r2 >= r->size) {
        uint8_t before = w->at[w->length - r->size - 1];
        if (strcmp(r->suffix, "ion") || before == 's' || before == 't')
            apply(w, r);
    }
}

static void last_letter(word *w)
{
    const uint8_t *end = w->at + w->length;
    if (w->r2 && end[-1] == 'l' && end[-2] == 'l')
        w->length--;
    else if (w->r2 && end[-1] == 'e')
        w->length--;
    else if (w->r1 && end[-1] == 'e' && w->length >= 4 &&
             (is_vowel(end[-2]) || strchr("wxY", end[-2]) || !is_vowel(end[-3]) || is_vowel(end[-4])))
        w->length--;
}

static uint32_t special_stem(uint8_t *form, uint32_t length)
{
    size_t low = 0, high = COUNT(special);
    char name[SPECIAL_MAX + 1];
    if (length > SPECIAL_MAX)
        return 0;
    memcpy(name, form, length);
    name[length] = 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(special[middle][0], name);
        if (!order) {
            length = (uint32_t)strlen(special[middle][1]);
            memcpy(form, special[middle][1], length);
            return length;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

int sk_english_takes(const uint8_t *form, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        if (!((form[i] >= 'a' && form[i] <= 'z') || form[i] == '\''))
            return 0;
    return 1;
}

uint32_t sk_english_stem(uint8_t *form, uint32_t length)
{
    if (length <= 2)
        return length;
    uint32_t stem = special_stem(form, length);
    if (stem)
        return stem;
    word w = {form, length, 0, 0};
    if (form[0] == '\'') {
        memmove(form, form + 1, --w.length);
        form[w.length] = 0;
    }
    if (form[0] == 'y')
        form[0] = 'Y';
    for (uint32_t i = 1; i < w.length; i++)
        if (form[i] == 'y' && is_vowel(form[i - 1]))
            form[i] = 'Y';
    if (w.length >= 5 && (!memcmp(form, "gener", 5) || !memcmp(form, "arsen", 5)))
        w.r1 = w.length - 5;
    else if (w.length >= 6 && !memcmp(form, "commun", 6))
        w.r1 = w.length - 6;
    else
        w.r1 = region(&w, w.length);
    w.r2 = region(&w, w.r1);

    plurals(&w);
    past_and_adverbs(&w);
    if (w.length > 2 && (form[w.length - 1] == 'y' || form[w.length - 1] == 'Y') && !is_vowel(form[w.length - 2]))
        form[w.length - 1] = 'i';
    suffixes(&w);
    last_letter(&w);
    for (uint32_t i = 0; i < w.length; i++)
        if (form[i] == 'Y')
            form[i] = 'y';
    return w.length;
}
