/* Two segments of any bytes merged, some of their articles deleted. */
#include "merge.h"

#include "input.h"

enum { MOST_WRITTEN = 1 << 24 };

/* New docids for both segments' kept articles, one segment's behind the other's every now and then. */
static void number(const sk_segment *s, uint32_t **docids, uint32_t **lengths, uint32_t choose)
{
    uint32_t all = s[0].articles + s[1].articles, at[2] = {0, 0}, next = 0;
    *lengths = new_room(all * sizeof(uint32_t));
    for (unsigned i = 0; i < 2; i++)
        docids[i] = new_room(s[i].articles * sizeof(uint32_t));
    while (at[0] < s[0].articles || at[1] < s[1].articles) {
        unsigned from = at[0] < s[0].articles && (at[1] >= s[1].articles || (choose >> next % 29 & 1)) ? 0 : 1;
        uint32_t old = at[from]++;
        int dead = choose >> 31 && (old * 2654435761u >> 28) < (choose >> 24 & 15);
        docids[from][old] = dead ? UINT32_MAX : next;
        if (!dead)
            (*lengths)[next++] = sk_length(&s[from], old);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    if (seed % 4 == 0 || size <= 4 + 4 * SECTIONS)
        return LLVMFuzzerMutate(data, size, max);
    size_t at = 4, first = 4 * SECTIONS;
    for (unsigned i = 0; i < SECTIONS; i++) {
        uint32_t section;
        memcpy(&section, data + at + 4 * i, 4);
        first += section;
    }
    if (seed % 2 && first < size - at) /* the second segment */
        at += first;
    return at + mutate_segment(data + at, size - at, max - at, seed / 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    uint32_t choose = (uint32_t)take(&in, 4), *docids[2], *lengths;
    sk_segment s[2];
    int opened = open_segment(&s[0], &in), both = open_segment(&s[1], &in) && opened;
    if (both) {
        number(s, docids, &lengths, choose);
        sk_merge_source sources[2] = {{.segment = &s[0], .docids = docids[0]}, {.segment = &s[1], .docids = docids[1]}};
        sk_impact_scale scale = {lengths, 0.75, 10.0};
        sk_merge m = {.sources = sources, .count = 2, .scale = &scale};
        sk_dict_builder terms = {0}, forms = {0};
        sk_buffer out = {0}, entries = {0}, keys = {0};
        uint64_t bits = 0;
        int more = sk_merge_split(&m, 1 + choose % 512, &keys);
        const uint8_t *from = (const uint8_t *)"", *at = keys.length ? keys.bytes : from, *end = at + keys.length;
        for (uint32_t length = 0; more == SK_OK && from && terms.payload < MOST_WRITTEN;) { /* range after range */
            sk_merge range = {.sources = sources, .count = 2, .scale = &scale, .until = at < end ? at + 1 : NULL,
                              .until_length = at < end ? *at : 0};
            more = sk_merge_start(&range, 0, from, length);
            if (more == SK_OK)
                while ((more = sk_merge_terms(&range, &out, 4096, &entries, &bits)) == 1 && entries.length < MOST_WRITTEN)
                    out.length = 0;
            if (more == SK_OK)
                more = sk_merge_join(&m, &range, &entries, &terms);
            from = range.until;
            length = range.until_length;
            at += at < end ? 1 + *at : 0;
            out.length = entries.length = 0;
            sk_merge_close(&range);
        }
        if (more == SK_OK && sk_merge_start(&m, 1, NULL, 0) == SK_OK)
            sk_merge_forms(&m, &forms);
        sk_buffer_free(&entries);
        sk_buffer_free(&keys);
        sk_merge_close(&m);
        sk_dict_free(&terms);
        sk_dict_free(&forms);
        sk_buffer_free(&out);
        free(lengths);
        free(docids[0]);
        free(docids[1]);
    }
    close_segment(&s[0]);
    close_segment(&s[1]);
    return 0;
}
