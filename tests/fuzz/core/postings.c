/* Postings of any docids, frequencies and positions: encoded, and decoded again by every set of instructions. */
#include "encode.h"
#include "input.h"

enum { MOST = 1200, MOST_TOKENS = 6000, MOST_ARTICLES = 1 << 18 };

typedef struct made {
    uint32_t docids[MOST], tfs[MOST], *lengths, positions[MOST_TOKENS], count, tokens, articles;
} made;

static void make(made *m, input *in)
{
    unsigned gap_bytes = 1 + take(in, 1) % 2, repeats = (unsigned)take(in, 1);
    uint32_t docid = 0;
    m->count = m->tokens = 0;
    while (in->left && m->count < MOST) {
        uint32_t gap = (uint32_t)take(in, gap_bytes), tf = 1 + (uint32_t)take(in, 1) % 40;
        if (tf > 36)
            tf = 1 + (uint32_t)take(in, 2) % 5000; /* patched */
        for (uint32_t i = 0; i <= repeats && m->count < MOST && m->tokens + tf <= MOST_TOKENS; i++) {
            docid += docid < MOST_ARTICLES ? gap : 0;
            m->docids[m->count] = docid++;
            m->tfs[m->count++] = tf;
            m->tokens += tf;
        }
        if (m->tokens + tf > MOST_TOKENS)
            break;
    }
    m->articles = docid + 1;
    /* Not made anew for each input, since that takes longer than all else; those of other docids are not asked for. */
    static uint32_t lengths[MOST_ARTICLES + (1 << 16) + MOST + 1];
    m->lengths = lengths + (sizeof lengths / sizeof *lengths - m->articles);
    uint32_t at = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        uint32_t position = 0;
        for (uint32_t k = 0; k < m->tfs[i]; k++) {
            position += (m->docids[i] + k) % 7 == 0 ? (i * 31 + k) % 900 : (i + k) % 3;
            m->positions[at++] = position++;
        }
        m->lengths[m->docids[i]] = position + i % 5;
    }
}

static void decode(const made *m, const sk_segment *s, const sk_list *list)
{
    sk_cursor c;
    uint32_t at = 0, token = 0, positions[MOST_TOKENS];
    LAW(sk_cursor_open(&c, s, list) == SK_OK);
    for (uint32_t block = 0; block < c.blocks; block++) {
        LAW(sk_cursor_load(&c, block, 1) == SK_OK);
        for (uint32_t i = 0; i < c.count; i++, at++) {
            LAW(at < m->count && c.docids[i] == m->docids[at] && c.tfs[i] == m->tfs[at]);
            LAW(sk_cursor_positions(&c, i, positions) == SK_OK);
            LAW(!memcmp(positions, m->positions + token, m->tfs[at] * sizeof *positions));
            token += m->tfs[at];
        }
    }
    LAW(at == m->count);
    for (uint32_t i = 0; i < m->count; i += 1 + i / 8) {
        uint32_t index;
        LAW(sk_cursor_probe(&c, m->docids[i], &index) == m->tfs[i]);
    }
    sk_cursor_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    static made m;
    make(&m, &in);
    sk_buffer out = {0}, scratch = {0};
    uint64_t bits = 0;
    sk_impact_scale scale = {m.lengths, 0.75, 100.0};
    sk_postings postings = {.docids = m.docids, .tfs = m.tfs, .count = m.count, .positions = m.positions};
    if (m.count && sk_encode_list(&out, &postings, &scale, &scratch, &bits) == SK_OK && !out.failed) {
        input all = {out.bytes, out.length};
        sk_segment s = {.articles = m.articles, .length_width = 4, .lengths = {(uint8_t *)m.lengths, 4 * m.articles},
                        .postings = {take_room(&all, out.length), out.length}, .b = 0.75, .average = 100.0};
        sk_list list = {.offset = 0, .size = out.length, .df = m.count};
        static const char *const tables[] = {"plain", "avx2", "avx512"};
        for (unsigned i = 0; i < 3; i++)
            if (!sk_kernels_choose(tables[i]))
                decode(&m, &s, &list);
        sk_kernels_choose(NULL);
        free((void *)s.postings.at);
    }
    sk_buffer_free(&out);
    sk_buffer_free(&scratch);
    return 0;
}
