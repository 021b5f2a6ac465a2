/* Dictionaries and ids of any keys: written, walked and looked up again. A line of the input is a key. */
#include "encode.h"
#include "input.h"

enum { MOST = 300 };

typedef struct key {
    const uint8_t *at;
    size_t length;
} key;

static int compare(const void *a, const void *b)
{
    const key *one = a, *other = b;
    size_t shorter = one->length < other->length ? one->length : other->length;
    int order = shorter ? memcmp(one->at, other->at, shorter) : 0;
    return order ? order : (one->length > other->length) - (one->length < other->length);
}

static uint32_t take_keys(const uint8_t *data, size_t size, size_t longest, key *keys)
{
    uint32_t count = 0, kept = 0;
    const uint8_t *end = data + size;
    while (data < end && count < MOST) {
        const uint8_t *line = memchr(data, '\n', (size_t)(end - data));
        size_t length = (size_t)((line ? line : end) - data);
        keys[count++] = (key){data, length < longest ? length : longest};
        data += length + 1;
    }
    qsort(keys, count, sizeof *keys, compare);
    for (uint32_t i = 0; i < count; i++)
        if (!kept || compare(&keys[kept - 1], &keys[i]))
            keys[kept++] = keys[i];
    return kept;
}

static void try_dictionary(const key *keys, uint32_t count)
{
    sk_dict_builder d = {0};
    sk_segment s = {.term_count = count};
    for (uint32_t i = 0; i < count; i++) {
        LAW(sk_dict_add(&d, keys[i].at, (uint32_t)keys[i].length) == SK_OK);
        sk_buffer_varint(&d.keys, i + 1); /* df, size of the list, occurrences of the form */
        sk_buffer_varint(&d.keys, 3);
        sk_buffer_varint(&d.keys, i);
        d.payload += 3;
    }
    input all = {d.keys.bytes, d.keys.length}, index = {d.index.bytes, d.index.length};
    s.terms = (sk_section){take_room(&all, d.keys.length), d.keys.length};
    s.term_index = (sk_section){take_room(&index, d.index.length), d.index.length};
    s.postings.size = 3 * (size_t)count;
    s.articles = MOST;
    sk_dict_walk walk;
    sk_dict_start(&walk, &s, 0);
    for (uint32_t i = 0; i < count; i++) {
        sk_list list;
        LAW(sk_dict_next(&walk) == 1 && walk.key_length == keys[i].length);
        LAW(!walk.key_length || !memcmp(walk.key, keys[i].at, walk.key_length));
        LAW(sk_find_term(&s, keys[i].at, keys[i].length, &list) == 1 && list.df == i + 1 && list.offset == 3 * i);
    }
    LAW(sk_dict_next(&walk) == 0);
    free((void *)s.terms.at);
    free((void *)s.term_index.at);
    sk_dict_free(&d);
}

static void try_ids(const key *keys, uint32_t count)
{
    sk_ids_builder b = {0};
    sk_buffer order = {0};
    uint32_t ranks[MOST], step = 1 + (uint32_t)(keys[0].length % 7);
    for (uint32_t i = 0; i < count; i++) {
        LAW(sk_ids_add(&b, keys[i].at, keys[i].length) == SK_OK);
        ranks[i] = i;
    }
    for (uint32_t i = 0; i < count; i++) { /* some permutation */
        uint32_t other = (i * step + 11) % count, rank = ranks[i];
        ranks[i] = ranks[other];
        ranks[other] = rank;
    }
    LAW(sk_id_order_write(&order, ranks, count) == SK_OK);
    sk_buffer_put(&b.offsets, b.blocks.bytes, b.blocks.length);
    input ids = {b.offsets.bytes, b.offsets.length}, bits = {order.bytes, order.length};
    sk_segment s = {.articles = count};
    s.ids = (sk_section){take_room(&ids, b.offsets.length), b.offsets.length};
    s.id_order = (sk_section){take_room(&bits, order.length), order.length};
    LAW(sk_id_order_fits(&s));
    for (uint32_t docid = 0; docid < count; docid++) {
        const key *wanted = &keys[ranks[docid]];
        sk_id id;
        LAW(sk_id_rank(&s, docid) == ranks[docid] && sk_id_docid(&s, ranks[docid]) == docid);
        LAW(sk_id_of(&s, docid, &id) == SK_OK && id.length == wanted->length);
        uint8_t *copy = new_room(id.length);
        sk_id_copy(&id, copy);
        LAW(!id.length || !memcmp(copy, wanted->at, id.length));
        free(copy);
        LAW(sk_find_id(&s, wanted->at, wanted->length) == docid);
    }
    free((void *)s.ids.at);
    free((void *)s.id_order.at);
    sk_ids_free(&b);
    sk_buffer_free(&order);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static key keys[MOST];
    uint32_t count = take_keys(data, size, SK_KEY_MAX, keys);
    if (count)
        try_dictionary(keys, count);
    count = take_keys(data, size, SIZE_MAX, keys);
    if (count && !keys[0].length) /* no article has an empty id */
        memmove(keys, keys + 1, --count * sizeof *keys);
    if (count)
        try_ids(keys, count);
    return 0;
}
