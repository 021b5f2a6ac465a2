/* Finding pairs of frequent words in the token log. See pairs.h. */
#include "pairs.h"

/* The pairs of one article: a count for each, and which were counted. */
typedef struct tally {
    uint32_t counts[SK_PAIR_WORDS_MAX * SK_PAIR_WORDS_MAX];
    uint16_t seen[SK_PAIR_WORDS_MAX * SK_PAIR_WORDS_MAX];
    uint32_t seen_count;
} tally;

/* A title and the text next to it, or two copies of a title, are not side by side. */
static void count_region(tally *t, const uint16_t **at, const uint16_t *end, uint32_t count, const uint8_t *word_of,
                         uint32_t words)
{
    uint32_t before = SK_NO_PAIR_WORD;
    while (*at < end && count--) {
        uint32_t word = word_of[sk_logged_form(at)];
        if (word != SK_NO_PAIR_WORD && before != SK_NO_PAIR_WORD) {
            uint32_t pair = before * words + word;
            if (!t->counts[pair]++)
                t->seen[t->seen_count++] = (uint16_t)pair;
        }
        before = word;
    }
}

int sk_pairs_find(sk_pairs *p, const sk_inversion *v, uint8_t *const *word_of, uint32_t words)
{
    p->words = words;
    p->lists = calloc((size_t)words * words + 1, sizeof *p->lists);
    tally *t = calloc(1, sizeof *t);
    int failed = p->lists && t ? SK_OK : SK_NO_MEMORY;
    for (uint32_t docid = 0; docid < v->kept && !failed; docid++) {
        sk_place place = v->places[docid];
        const sk_run *r = &v->runs[place.run];
        uint32_t title = r->titles[place.article];
        const uint16_t *at = sk_article_start(r, place.article), *end = r->log + r->ends[place.article];
        for (uint32_t copy = 0; copy < r->title_weight && title; copy++)
            count_region(t, &at, end, title, word_of[place.run], words);
        count_region(t, &at, end, UINT32_MAX, word_of[place.run], words);
        while (t->seen_count && !failed) {
            uint32_t pair = t->seen[--t->seen_count], entry[2] = {docid, t->counts[pair]};
            t->counts[pair] = 0;
            sk_buffer_put(&p->lists[pair], entry, sizeof entry);
            failed = p->lists[pair].failed ? SK_NO_MEMORY : SK_OK;
        }
    }
    free(t);
    return failed;
}

int sk_pairs_encode(const sk_pairs *p, uint32_t first, uint32_t second, const sk_impact_scale *scale, sk_buffer *out,
                    sk_buffer *scratch, sk_buffer *work, uint32_t *df)
{
    const sk_buffer *list = &p->lists[first * p->words + second];
    uint32_t count = (uint32_t)(list->length / 8);
    uint64_t position_bits = 0;
    *df = count;
    if (!count)
        return SK_OK;
    work->length = 0;
    if (sk_buffer_room(work, list->length))
        return SK_NO_MEMORY;
    uint32_t *docids = (uint32_t *)work->bytes, *tfs = docids + count;
    for (uint32_t i = 0; i < count; i++) {
        docids[i] = sk_load32(list->bytes + 8 * (size_t)i);
        tfs[i] = sk_load32(list->bytes + 8 * (size_t)i + 4);
    }
    sk_postings postings = {.docids = docids, .tfs = tfs, .count = count};
    return sk_encode_list(out, &postings, scale, scratch, &position_bits);
}

void sk_pairs_close(sk_pairs *p)
{
    for (size_t i = 0; p->lists && i < (size_t)p->words * p->words; i++)
        sk_buffer_free(&p->lists[i]);
    free(p->lists);
    p->lists = NULL;
}
