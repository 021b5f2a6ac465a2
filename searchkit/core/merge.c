/* Merging. See merge.h. */
#include "merge.h"

static int compare_key(const sk_dict_walk *walk, const uint8_t *key, uint32_t length)
{
    int order = memcmp(walk->key, key, walk->key_length < length ? walk->key_length : length);
    return order ? order : (walk->key_length > length) - (walk->key_length < length);
}

static int compare_keys(const sk_dict_walk *a, const sk_dict_walk *b) { return compare_key(a, b->key, b->key_length); }

int sk_merge_start(sk_merge *m, int forms, const uint8_t *from, uint32_t length)
{
    for (uint32_t i = 0; i < m->count; i++) {
        sk_merge_source *source = &m->sources[i];
        sk_dict_walk *walk = &source->walk;
        sk_dict_start(walk, source->segment, forms);
        source->state = length && sk_dict_seek(walk, from, length) ? SK_DAMAGED : sk_dict_next(walk);
        for (unsigned below = 0; source->state == 1 && length && compare_key(walk, from, length) < 0; below++)
            source->state = below < SK_DICT_BLOCK ? sk_dict_next(walk) : SK_DAMAGED; /* it is in one block */
        if (source->state < 0) {
            m->damaged = i;
            return SK_DAMAGED;
        }
    }
    return SK_OK;
}

int sk_merge_split(sk_merge *m, uint64_t bytes, sk_buffer *keys)
{
    /* By the lists of the largest source: a share of `bytes` as it has of all. */
    uint32_t largest = 0;
    uint64_t all = 0, stop = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        all += m->sources[i].segment->postings.size;
        if (m->sources[i].segment->postings.size > m->sources[largest].segment->postings.size)
            largest = i;
    }
    const sk_segment *s = m->sources[largest].segment;
    if (!s->postings.size)
        return SK_OK;
    uint64_t share = (uint64_t)((double)bytes * ((double)s->postings.size / (double)all)) + 1;
    sk_dict_walk walk;
    sk_dict_start(&walk, s, 0);
    m->damaged = largest;
    for (uint64_t block = 1; block < s->term_index.size / SK_INDEX_ENTRY; block++) {
        const uint8_t *entry = s->term_index.at + block * SK_INDEX_ENTRY;
        if (sk_touch(s, entry, SK_INDEX_ENTRY))
            return SK_DAMAGED;
        uint64_t payload = sk_load64(entry + 4);
        if (payload < stop + share)
            continue;
        stop = payload;
        sk_dict_walk before = walk;
        if (block * SK_DICT_BLOCK >= walk.count || sk_dict_read(&walk, block * SK_DICT_BLOCK) ||
            (before.at && compare_keys(&walk, &before) <= 0))
            return SK_DAMAGED;
        uint8_t length = (uint8_t)walk.key_length;
        sk_buffer_put(keys, &length, 1);
        sk_buffer_put(keys, walk.key, length);
    }
    return keys->failed ? SK_NO_MEMORY : SK_OK;
}

void sk_merge_close(sk_merge *m)
{
    sk_buffer_free(&m->vanished);
    sk_buffer_free(&m->vanished_at);
    sk_buffer_free(&m->scratch);
    sk_buffer_free(&m->work);
}

/* The source whose key comes first, NULL at the end of all. */
static sk_merge_source *least(sk_merge *m)
{
    sk_merge_source *first = NULL;
    for (uint32_t i = 0; i < m->count; i++)
        if (m->sources[i].state == 1 && (!first || compare_keys(&m->sources[i].walk, &first->walk) < 0))
            first = &m->sources[i];
    return first;
}

static sk_merge_source *least_term(sk_merge *m)
{
    sk_merge_source *first = least(m);
    return first && m->until && compare_key(&first->walk, m->until, m->until_length) >= 0 ? NULL : first;
}

/* Terms come in rising order. A full buffer is found out by whoever reads `failed`. */
static void put_vanished(sk_merge *m, const uint8_t *key, uint32_t length)
{
    uint64_t at = m->vanished.length;
    sk_buffer_put(&m->vanished_at, &at, sizeof at);
    sk_buffer_put(&m->vanished, key, length);
}

static int has_vanished(const sk_merge *m, const uint8_t *key, uint32_t length)
{
    size_t low = 0, high = m->vanished_at.length / 8;
    while (low < high) {
        size_t middle = (low + high) / 2, from = sk_load64(m->vanished_at.bytes + 8 * middle);
        size_t to = 8 * (middle + 1) < m->vanished_at.length ? sk_load64(m->vanished_at.bytes + 8 * (middle + 1))
                                                              : m->vanished.length;
        size_t shorter = to - from < length ? to - from : length;
        int order = shorter ? memcmp(m->vanished.bytes + from, key, shorter) : 0;
        if (!order && to - from == length)
            return 1;
        if (order < 0 || (!order && to - from < length))
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* One source's live postings under their new docids, appended to flat arrays; without `refs`, no positions are looked at. */
static int gather(const sk_merge_source *source, uint32_t *docids, uint32_t *tfs, sk_position_ref *refs, uint32_t *count)
{
    sk_cursor c;
    uint32_t n = 0;
    uint64_t past = 0; /* bits of positions of the blocks so far */
    int failed = sk_cursor_open(&c, source->segment, &source->walk.list);
    for (uint32_t block = 0; !failed && block < c.blocks; block++) {
        failed = sk_cursor_load(&c, block, 1);
        if (failed)
            break;
        /* The codes stand one behind the other from the block's first posting on. */
        uint64_t bit = refs ? sk_cursor_position_bit(&c, 0) : 0;
        if (bit == UINT64_MAX || bit < past)
            failed = SK_DAMAGED;
        uint64_t from = bit;
        for (uint32_t i = 0; i < c.count && !failed; i++) {
            uint32_t length = sk_length(source->segment, c.docids[i]), docid = source->docids[c.docids[i]];
            if (c.tfs[i] > length) {
                failed = SK_DAMAGED;
                break;
            }
            if (docid != UINT32_MAX) {
                docids[n] = docid;
                tfs[n] = c.tfs[i];
                if (refs) {
                    size_t byte = bit / 8 < c.positions_size ? (size_t)(bit / 8) : c.positions_size, left = c.positions_size - byte;
                    refs[n] = (sk_position_ref){c.positions + byte, left < UINT32_MAX ? (uint32_t)left : UINT32_MAX, bit % 8};
                }
                n++;
            }
            bit += sk_positions_size(c.tfs[i], length);
        }
        if (!refs)
            continue;
        if (!failed && (bit > (uint64_t)c.positions_size * 8 ||
                        sk_touch(source->segment, c.positions + from / 8, (size_t)((bit + 7) / 8 - from / 8))))
            failed = SK_DAMAGED;
        past = bit;
    }
    sk_cursor_close(&c);
    *count = n;
    return failed;
}

int sk_merge_join(sk_merge *m, const sk_merge *range, const sk_buffer *entries, sk_dict_builder *terms)
{
    const uint8_t *at = entries->bytes, *end = entries->length ? at + entries->length : at;
    while (at < end) {
        uint32_t length = *at++;
        const uint8_t *key = at;
        uint64_t figures[3]; /* df, bytes of the list, occurrences of the form that is spelt like the term */
        at += length;
        if (sk_dict_add(terms, key, length))
            return SK_DAMAGED;
        for (unsigned i = 0; i < 3; i++) {
            if (sk_varint(&at, end, &figures[i]))
                return SK_DAMAGED;
            sk_buffer_varint(&terms->keys, figures[i]);
        }
        terms->payload += figures[1];
    }
    uint64_t before = m->vanished.length;
    sk_buffer_put(&m->vanished, range->vanished.bytes, range->vanished.length);
    for (size_t i = 0; i < range->vanished_at.length; i += 8) {
        uint64_t from = before + sk_load64(range->vanished_at.bytes + i);
        sk_buffer_put(&m->vanished_at, &from, sizeof from);
    }
    return terms->keys.failed || terms->index.failed || m->vanished.failed || m->vanished_at.failed ? SK_NO_MEMORY : SK_OK;
}

int sk_merge_terms(sk_merge *m, sk_buffer *out, size_t enough, sk_buffer *entries, uint64_t *position_bits)
{
    sk_merge_source *first;
    while (out->length < enough && (first = least_term(m))) {
        uint8_t key[SK_KEY_MAX];
        uint32_t key_length = first->walk.key_length;
        memcpy(key, first->walk.key, key_length);
        uint64_t total = 0, identity = 0;
        uint32_t holders[64], holder_count = 0;
        for (uint32_t i = 0; i < m->count; i++)
            if (m->sources[i].state == 1 && m->sources[i].walk.key_length == key_length &&
                !memcmp(m->sources[i].walk.key, key, key_length)) {
                if (holder_count == 64)
                    return SK_DAMAGED;
                holders[holder_count++] = i;
                total += m->sources[i].walk.list.df;
                identity += m->sources[i].walk.list.identity;
            }
        if (total > UINT32_MAX)
            return SK_DAMAGED;

        /* Two sets of arrays: gathered source after source, then merged by docid. */
        size_t each = (8 + sizeof(sk_position_ref)) * (size_t)total;
        m->work.length = 0;
        if (sk_buffer_room(&m->work, 2 * each))
            return SK_NO_MEMORY;
        sk_position_ref *refs = (sk_position_ref *)m->work.bytes, *merged_refs = refs + total;
        uint32_t *docids = (uint32_t *)(merged_refs + total), *tfs = docids + total, *merged_docids = tfs + total,
                 *merged_tfs = merged_docids + total;
        uint32_t from[64], to[64], n = 0;
        int pair = key_length && key[0] == SK_PAIR_MARK;
        for (uint32_t h = 0; h < holder_count; h++) {
            uint32_t some;
            int failed = gather(&m->sources[holders[h]], docids + n, tfs + n, pair ? NULL : refs + n, &some);
            if (failed) {
                m->damaged = holders[h];
                return failed;
            }
            from[h] = n;
            to[h] = n += some;
        }
        sk_postings postings = {.docids = docids, .tfs = tfs, .refs = pair ? NULL : refs, .count = n};
        if (holder_count > 1 && n) {
            for (uint32_t k = 0; k < n; k++) {
                uint32_t best = 64;
                for (uint32_t h = 0; h < holder_count; h++)
                    if (from[h] < to[h] && (best == 64 || docids[from[h]] < docids[from[best]]))
                        best = h;
                uint32_t at = from[best]++;
                merged_docids[k] = docids[at];
                merged_tfs[k] = tfs[at];
                if (!pair)
                    merged_refs[k] = refs[at];
            }
            postings = (sk_postings){.docids = merged_docids, .tfs = merged_tfs, .refs = pair ? NULL : merged_refs, .count = n};
        }
        if (n) {
            if (identity && m->gone) {
                uint64_t lost = sk_run_occurrences(m->gone, key, key_length);
                identity = identity > lost ? identity - lost : 0;
            }
            size_t start = out->length;
            int failed = sk_encode_list(out, &postings, m->scale, &m->scratch, position_bits);
            if (failed)
                return failed;
            uint8_t length = (uint8_t)key_length;
            sk_buffer_put(entries, &length, 1);
            sk_buffer_put(entries, key, key_length);
            sk_buffer_varint(entries, n);
            sk_buffer_varint(entries, out->length - start);
            sk_buffer_varint(entries, identity);
        } else if (!pair) {
            put_vanished(m, key, key_length);
        }
        for (uint32_t h = 0; h < holder_count; h++) {
            sk_merge_source *source = &m->sources[holders[h]];
            source->state = sk_dict_next(&source->walk);
            if (source->state < 0) {
                m->damaged = holders[h];
                return SK_DAMAGED;
            }
        }
    }
    return out->failed || entries->failed || m->vanished.failed || m->vanished_at.failed ? SK_NO_MEMORY
                                                                                         : least_term(m) != NULL;
}

int sk_merge_forms(sk_merge *m, sk_dict_builder *forms)
{
    sk_merge_source *first;
    while ((first = least(m))) {
        /* All sources give a form the same term: they share one analyzer. */
        sk_dict_walk entry = first->walk;
        uint64_t occurrences = 0;
        for (uint32_t i = 0; i < m->count; i++) {
            sk_merge_source *source = &m->sources[i];
            if (source->state != 1 || compare_keys(&source->walk, &entry))
                continue;
            occurrences += source->walk.occurrences;
            source->state = sk_dict_next(&source->walk);
            if (source->state < 0) {
                m->damaged = i;
                return SK_DAMAGED;
            }
        }
        if (m->gone) {
            uint64_t lost = sk_run_occurrences(m->gone, entry.key, entry.key_length);
            occurrences = occurrences > lost ? occurrences - lost : 0;
        }
        /* Where nobody counted the deleted texts, a form may be of a term that is gone. */
        uint8_t term[SK_KEY_MAX];
        uint32_t kept = entry.key_length - entry.strip;
        memcpy(term, entry.key, kept);
        memcpy(term + kept, entry.append, entry.append_length);
        if (!occurrences || has_vanished(m, term, kept + entry.append_length))
            continue;
        if (sk_dict_add(forms, entry.key, entry.key_length))
            return SK_DAMAGED;
        sk_buffer_varint(&forms->keys, occurrences);
        sk_buffer_varint(&forms->keys, entry.strip);
        sk_buffer_varint(&forms->keys, entry.append_length);
        sk_buffer_put(&forms->keys, entry.append, entry.append_length);
    }
    return forms->keys.failed || forms->index.failed ? SK_NO_MEMORY : SK_OK;
}
