/* A segment of any bytes, asked everything but queries: its walk of invariants, dictionaries, ids, lists, positions. */
#include "invariants.h"
#include "input.h"
#include "search.h"

enum { MOST_FAULTS = 50, MOST_KEYS = 400, MOST_POSITIONS = 1 << 16 };

static void ask_ids(const sk_segment *s)
{
    sk_id_walk walk;
    uint32_t step = 1 + s->articles / 64;
    sk_ids_start(&walk, s, 0);
    for (uint32_t i = 0; i < MOST_KEYS && sk_ids_next(&walk) == 1; i++) {
        uint8_t *copy = new_room(walk.id.length);
        sk_id_copy(&walk.id, copy);
        int64_t docid = sk_find_id(s, copy, walk.id.length);
        LAW(docid < (int64_t)s->articles);
        free(copy);
    }
    for (uint32_t docid = 0; docid < s->articles; docid += step) {
        sk_id id;
        sk_id_of(s, docid, &id);
        LAW(sk_id_rank(s, docid) < (int64_t)s->articles && sk_id_docid(s, docid) < (int64_t)s->articles);
        LAW(sk_run_of(s, docid) < s->runs);
    }
}

static void ask_list(const sk_segment *s, const sk_list *list, const uint64_t *live)
{
    static uint32_t positions[MOST_POSITIONS];
    sk_cursor c;
    uint32_t df = 0;
    int failed = sk_cursor_open(&c, s, list);
    for (uint32_t block = 0; !failed && block < c.blocks; block++) {
        if (sk_cursor_load(&c, block, 1))
            break;
        for (uint32_t i = 0; i < c.count; i++) {
            sk_position_code code;
            LAW(c.docids[i] < s->articles);
            if (c.tfs[i] > MOST_POSITIONS || sk_cursor_code(&c, i, &code) || sk_code_positions(&code, positions))
                continue;
            for (uint32_t k = 0; k < c.tfs[i]; k++) {
                LAW(positions[k] < sk_length(s, c.docids[i]) && (!k || positions[k] > positions[k - 1]));
                LAW(sk_code_holds(&code, positions[k]));
            }
        }
    }
    if (!failed) {
        sk_maxima_of(s->maxima, &c, 1.5);
        sk_maxima_of(s->maxima, &c, 1.5);
        for (uint32_t docid = 0; docid < s->articles; docid += 1 + s->articles / 32) {
            uint32_t index;
            sk_cursor_probe(&c, docid, &index);
        }
    }
    sk_cursor_close(&c);
    if (!sk_live_df(s, list, live, &df))
        LAW(df <= list->df);
}

static void ask_dictionary(const sk_segment *s, int forms, const uint64_t *live)
{
    sk_dict_walk walk;
    sk_dict_start(&walk, s, forms);
    for (uint32_t i = 0; i < MOST_KEYS && sk_dict_next(&walk) == 1; i++) {
        sk_dict_walk other;
        sk_list list;
        uint8_t term[SK_KEY_MAX];
        uint32_t length;
        sk_dict_start(&other, s, forms);
        sk_dict_seek(&other, walk.key, walk.key_length);
        if (forms && sk_find_form(s, walk.key, walk.key_length, term, &length) == 1)
            LAW(length <= SK_KEY_MAX);
        if (!forms) {
            if (sk_find_term(s, walk.key, walk.key_length, &list) == 1)
                LAW(list.offset + list.size <= s->postings.size);
            ask_list(s, &walk.list, live);
        }
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return seed % 4 ? mutate_segment(data, size, max, seed / 4) : LLVMFuzzerMutate(data, size, max);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    sk_segment s;
    if (open_segment(&s, &in)) {
        uint64_t *live = new_room(8 * ((size_t)s.articles / 64 + 1));
        for (uint32_t docid = 0; docid < s.articles; docid++)
            live[docid / 64] |= (uint64_t)(docid % 3 != 0) << docid % 64;
        ask_ids(&s);
        ask_dictionary(&s, 0, live);
        ask_dictionary(&s, 1, live);
        sk_verify v;
        sk_fault fault;
        if (!sk_verify_open(&v, &s, 1))
            for (unsigned i = 0; i < MOST_FAULTS && sk_verify_next(&v, &fault) > 0; i++)
                LAW(fault.section && fault.what && fault.key_length <= SK_KEY_MAX);
        sk_verify_close(&v);
        sk_compare c;
        sk_compare_open(&c, &s, &s);
        for (unsigned i = 0; i < MOST_FAULTS && sk_compare_next(&c, &fault) > 0; i++)
            ;
        sk_compare_close(&c);
        free(live);
    }
    close_segment(&s);
    return 0;
}
