/* See frequent.h. */
#include "frequent.h"

enum { NUMBER_MAX = 5 };

/* The pairs of one article: a count for each, and which were counted. */
typedef struct tally {
    uint32_t counts[SK_PAIR_WORDS_MAX * SK_PAIR_WORDS_MAX];
    uint32_t docids[SK_PAIR_WORDS_MAX * SK_PAIR_WORDS_MAX]; /* that the pair was found in last, and one more */
    uint16_t seen[SK_PAIR_WORDS_MAX * SK_PAIR_WORDS_MAX];
    uint32_t seen_count;
    uint32_t tokens[SK_NOT_FREQUENT]; /* behind the last one of each frequent term */
    uint32_t words;
} tally;

/* Room for a number more: half as much again, and little at first. There are hundreds of these, most of them small. */
static int grow(sk_buffer *out)
{
    size_t capacity = out->capacity ? out->capacity + out->capacity / 2 : 48;
    uint8_t *bytes = realloc(out->bytes, capacity);
    if (!bytes)
        return SK_NO_MEMORY;
    out->bytes = bytes;
    out->capacity = capacity;
    return SK_OK;
}

/* Give back what was not used. */
static void fit(sk_buffer *out)
{
    uint8_t *bytes = out->length ? realloc(out->bytes, out->length) : NULL;
    if (bytes) {
        out->bytes = bytes;
        out->capacity = out->length;
    }
}

static inline int put_number(sk_buffer *out, uint32_t number)
{
    if (out->capacity - out->length < NUMBER_MAX && grow(out))
        return SK_NO_MEMORY;
    uint8_t *at = out->bytes + out->length;
    for (; number >= 0x80; number >>= 7)
        *at++ = (uint8_t)(number | 0x80);
    *at++ = (uint8_t)number;
    out->length = (size_t)(at - out->bytes);
    return SK_OK;
}

/* A title and the text next to it, or two copies of a title, are not side by side. */
static int walk_region(tally *t, sk_slice *slice, const uint16_t **at, const uint16_t *end, uint32_t count,
                       const uint8_t *numbers, uint32_t *token)
{
    uint32_t before = SK_NOT_FREQUENT;
    for (; *at < end && count--; ++*token) {
        uint32_t number = numbers[sk_logged_form(at)];
        if (number != SK_NOT_FREQUENT) {
            if (put_number(&slice->tokens[number], *token - t->tokens[number]))
                return SK_NO_MEMORY;
            t->tokens[number] = *token + 1;
            if (number < t->words && before < t->words) {
                uint32_t pair = before * t->words + number;
                if (!t->counts[pair]++)
                    t->seen[t->seen_count++] = (uint16_t)pair;
            }
        }
        before = number;
    }
    return SK_OK;
}

int sk_slice_find(sk_slice *slice, const sk_inversion *v, uint8_t *const *numbers, uint32_t words)
{
    tally *t = calloc(1, sizeof *t);
    slice->tokens = calloc(SK_NOT_FREQUENT, sizeof *slice->tokens);
    slice->pairs = calloc((size_t)words * words + 1, sizeof *slice->pairs);
    int failed = t && slice->tokens && slice->pairs ? SK_OK : SK_NO_MEMORY;
    for (uint32_t i = 0; i < SK_NOT_FREQUENT && !failed; i++)
        t->tokens[i] = v->first_tokens[slice->docid];
    for (uint32_t i = 0; i < words * words && !failed; i++)
        t->docids[i] = slice->docid;
    if (!failed)
        t->words = words;
    for (uint32_t docid = slice->docid; docid < slice->past && !failed; docid++) {
        sk_place place = v->places[docid];
        const sk_run *r = &v->runs[place.run];
        uint32_t title = r->titles[place.article], token = v->first_tokens[docid];
        const uint16_t *at = sk_article_start(r, place.article), *end = r->log + r->ends[place.article];
        for (uint32_t copy = 0; copy < r->title_weight && title && !failed; copy++)
            failed = walk_region(t, slice, &at, end, title, numbers[place.run], &token);
        if (!failed)
            failed = walk_region(t, slice, &at, end, UINT32_MAX, numbers[place.run], &token);
        while (t->seen_count && !failed) {
            uint32_t pair = t->seen[--t->seen_count];
            failed = put_number(&slice->pairs[pair], docid - t->docids[pair]);
            failed = failed ? failed : put_number(&slice->pairs[pair], t->counts[pair]);
            t->docids[pair] = docid + 1;
            t->counts[pair] = 0;
        }
    }
    free(t);
    for (uint32_t i = 0; i < SK_NOT_FREQUENT && !failed; i++)
        fit(&slice->tokens[i]);
    for (uint32_t i = 0; i < words * words && !failed; i++)
        fit(&slice->pairs[i]);
    return failed;
}

void sk_slice_close_pairs(sk_slice *slice, uint32_t words)
{
    for (uint32_t i = 0; slice->pairs && i < words * words; i++)
        sk_buffer_free(&slice->pairs[i]);
    free(slice->pairs);
    slice->pairs = NULL;
}

void sk_slice_close(sk_slice *slice, uint32_t words)
{
    for (uint32_t i = 0; slice->tokens && i < SK_NOT_FREQUENT; i++)
        sk_buffer_free(&slice->tokens[i]);
    free(slice->tokens);
    slice->tokens = NULL;
    sk_slice_close_pairs(slice, words);
}

int sk_pairs_encode(const sk_inversion *v, uint32_t words, sk_range *row, sk_sorting *s)
{
    row->dfs = calloc(words, sizeof *row->dfs);
    row->sizes = calloc(words, sizeof *row->sizes);
    if (!row->dfs || !row->sizes)
        return SK_NO_MEMORY;
    for (uint32_t second = 0; second < words; second++) {
        size_t pair = (size_t)row->first * words + second, most = 0, size = row->out.length;
        uint32_t count = 0;
        for (uint32_t i = 0; i < v->slice_count; i++)
            most += v->slices[i].pairs[pair].length / 2;
        if (!most)
            continue;
        s->work.length = 0;
        if (sk_buffer_room(&s->work, 8 * most))
            return SK_NO_MEMORY;
        uint32_t *docids = (uint32_t *)s->work.bytes, *tfs = docids + most;
        for (uint32_t i = 0; i < v->slice_count; i++) {
            const sk_buffer *list = &v->slices[i].pairs[pair];
            const uint8_t *at = list->bytes, *end = list->length ? at + list->length : at;
            for (uint32_t docid = v->slices[i].docid; at < end; docid++) {
                docid += sk_number(&at);
                docids[count] = docid;
                tfs[count++] = sk_number(&at);
            }
        }
        sk_postings postings = {.docids = docids, .tfs = tfs, .count = count};
        uint64_t position_bits = 0;
        int failed = sk_encode_list(&row->out, &postings, v->scale, &s->scratch, &position_bits);
        if (failed)
            return failed;
        row->dfs[second] = count;
        row->sizes[second] = row->out.length - size;
    }
    return SK_OK;
}
