/* Reading a segment: figures, dictionaries and postings, every step checked. See segment.h. */
#include "segment.h"

#include "crc32c.h"
#include "ids.h"

int sk_segment_touch_pages(const sk_segment *s, const uint8_t *at, size_t size)
{
    size_t first = (size_t)(at - s->file) >> s->page_bits, last = ((size_t)(at - s->file) + size - 1) >> s->page_bits;
    for (size_t page = first; page <= last; page++) {
        if (__atomic_load_n(&s->page_seen[page], __ATOMIC_RELAXED))
            continue;
        if (page >= s->pages)
            return SK_DAMAGED;
        size_t start = page * s->page_size, length = s->file_size - start;
        if (length > s->page_size)
            length = s->page_size;
        if (sk_crc32c(0, s->file + start, length) != sk_load32(s->page_sums + 4 * page))
            return SK_DAMAGED;
        __atomic_store_n(&s->page_seen[page], 1, __ATOMIC_RELAXED);
    }
    return SK_OK;
}

static int touch_section(const sk_segment *s, const sk_section *section)
{
    return sk_touch(s, section->at, section->size);
}

int sk_segment_open(sk_segment *s, const char **damaged)
{
    *damaged = "meta";
    if (s->meta.size != SK_META_BYTES || touch_section(s, &s->meta))
        return SK_DAMAGED;
    const uint8_t *m = s->meta.at;
    uint64_t articles = sk_load64(m);
    s->total_length = sk_load64(m + 8);
    memcpy(&s->b, m + 16, 8);
    memcpy(&s->average, m + 24, 8);
    s->length_min = sk_load32(m + 32);
    s->length_max = sk_load32(m + 36);
    s->length_width = sk_load32(m + 40);
    s->title_width = sk_load32(m + 44);
    s->title_weight = sk_load32(m + 48);
    s->runs = sk_load32(m + 52);
    s->longest = sk_load64s(m + 56);
    s->term_count = sk_load64(m + 64);
    s->form_count = sk_load64(m + 72);
    if (articles == 0 || articles >= UINT32_MAX || !(s->b >= 0 && s->b <= 1) || !(s->average >= 0 && s->average < 1e10) ||
        (s->average == 0 && s->term_count) || s->length_min > s->length_max || s->title_weight > 100 || s->longest < 0 ||
        s->total_length < articles * s->length_min || s->total_length > articles * s->length_max)
        return SK_DAMAGED;
    s->articles = (uint32_t)articles;
    *damaged = "lengths";
    if ((s->length_width != 2 && s->length_width != 4) || s->lengths.size != articles * s->length_width)
        return SK_DAMAGED;
    *damaged = "titles";
    if ((s->title_width != 0 && s->title_width != 1 && s->title_width != 2 && s->title_width != 4) ||
        s->titles.size != articles * s->title_width)
        return SK_DAMAGED;
    *damaged = "dates";
    if (s->runs == 0 || s->dates.size != (size_t)s->runs * SK_RUN_BYTES)
        return SK_DAMAGED;
    *damaged = "ids";
    if (s->ids.size < 4 * ((articles - 1) / SK_ID_BLOCK + 1) + articles)
        return SK_DAMAGED;
    *damaged = "id order";
    if (!sk_id_order_fits(s))
        return SK_DAMAGED;
    *damaged = "terms";
    if (s->term_index.size != (s->term_count + SK_DICT_BLOCK - 1) / SK_DICT_BLOCK * SK_INDEX_ENTRY ||
        s->term_count > s->terms.size)
        return SK_DAMAGED;
    *damaged = "forms";
    if (s->form_index.size != (s->form_count + SK_DICT_BLOCK - 1) / SK_DICT_BLOCK * SK_INDEX_ENTRY ||
        s->form_count > s->forms.size)
        return SK_DAMAGED;
    *damaged = NULL;
    return SK_OK;
}

/* ---- dictionaries ------------------------------------------------------------------------------------------------ */

static int compare(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

void sk_dict_start(sk_dict_walk *w, const sk_segment *s, int forms)
{
    memset(w, 0, sizeof *w);
    w->segment = s;
    w->forms = forms;
    w->keys = forms ? s->forms : s->terms;
    w->index = forms ? s->form_index : s->term_index;
    w->count = forms ? s->form_count : s->term_count;
}

int sk_dict_next(sk_dict_walk *w)
{
    if (w->at >= w->count)
        return 0;
    const uint8_t *end = w->keys.at + w->keys.size;
    if (w->at % SK_DICT_BLOCK == 0) {
        const uint8_t *entry = w->index.at + w->at / SK_DICT_BLOCK * SK_INDEX_ENTRY;
        if (sk_touch(w->segment, entry, SK_INDEX_ENTRY))
            return SK_DAMAGED;
        uint32_t offset = sk_load32(entry), stop = (uint32_t)w->keys.size;
        if (w->at / SK_DICT_BLOCK + 1 < w->index.size / SK_INDEX_ENTRY) {
            if (sk_touch(w->segment, entry + SK_INDEX_ENTRY, 4))
                return SK_DAMAGED;
            stop = sk_load32(entry + SK_INDEX_ENTRY);
        }
        /* Blocks and their lists follow one another: none is read twice on a walk, however long the index. */
        if (w->next && (w->next != w->keys.at + offset || w->payload != sk_load64(entry + 4)))
            return SK_DAMAGED;
        if (offset >= stop || stop > w->keys.size || sk_touch(w->segment, w->keys.at + offset, stop - offset))
            return SK_DAMAGED;
        w->next = w->keys.at + offset;
        w->payload = sk_load64(entry + 4);
        w->key_length = 0;
    }
    uint64_t shared, rest;
    if (sk_varint(&w->next, end, &shared) || sk_varint(&w->next, end, &rest) || shared > w->key_length ||
        rest > SK_KEY_MAX - shared || rest > (size_t)(end - w->next))
        return SK_DAMAGED;
    memcpy(w->key + shared, w->next, rest);
    w->key_length = (uint32_t)(shared + rest);
    w->next += rest;
    if (w->forms) {
        uint64_t strip, append;
        if (sk_varint(&w->next, end, &w->occurrences) || sk_varint(&w->next, end, &strip) ||
            sk_varint(&w->next, end, &append) || strip > w->key_length ||
            append > SK_KEY_MAX - (w->key_length - strip) || append > (size_t)(end - w->next))
            return SK_DAMAGED;
        w->strip = (uint32_t)strip;
        w->append = w->next;
        w->append_length = (uint32_t)append;
        w->next += append;
    } else {
        uint64_t df, size;
        if (sk_varint(&w->next, end, &df) || sk_varint(&w->next, end, &size) ||
            sk_varint(&w->next, end, &w->list.identity) || df == 0 || df > w->segment->articles ||
            w->payload > w->segment->postings.size || size > w->segment->postings.size - w->payload)
            return SK_DAMAGED;
        w->list.df = (uint32_t)df;
        w->list.offset = w->payload;
        w->list.size = size;
        w->payload += size;
    }
    w->at++;
    return 1;
}

/* Whether the first key of a block is above `key`: 1, 0 or SK_DAMAGED. */
static int begins_above(const sk_dict_walk *w, uint64_t block, const uint8_t *key, size_t length)
{
    const uint8_t *end = w->keys.at + w->keys.size, *entry = w->index.at + block * SK_INDEX_ENTRY;
    uint64_t shared, rest;
    if (sk_touch(w->segment, entry, SK_INDEX_ENTRY))
        return SK_DAMAGED;
    uint32_t offset = sk_load32(entry);
    if (offset >= w->keys.size)
        return SK_DAMAGED;
    const uint8_t *at = w->keys.at + offset;
    size_t reach = (size_t)(end - at) < SK_KEY_MAX + 4 ? (size_t)(end - at) : SK_KEY_MAX + 4;
    if (sk_touch(w->segment, at, reach) || sk_varint(&at, end, &shared) || sk_varint(&at, end, &rest) || shared != 0 ||
        rest > SK_KEY_MAX || rest > (size_t)(end - at))
        return SK_DAMAGED;
    return compare(at, rest, key, length) > 0;
}

/* Narrow *low to the last block before `high` whose first key is not above `key`, or leave it. */
static int last_block(const sk_dict_walk *w, uint64_t *low, uint64_t high, const uint8_t *key, size_t length)
{
    while (*low + 1 < high) {
        uint64_t mid = *low + (high - *low) / 2;
        int above = begins_above(w, mid, key, length);
        if (above < 0)
            return SK_DAMAGED;
        *(above ? &high : low) = mid;
    }
    return SK_OK;
}

int sk_dict_seek(sk_dict_walk *w, const uint8_t *key, size_t length)
{
    uint64_t block = 0;
    if (last_block(w, &block, w->index.size / SK_INDEX_ENTRY, key, length))
        return SK_DAMAGED;
    w->at = block * SK_DICT_BLOCK;
    return SK_OK;
}

int sk_dict_skip(sk_dict_walk *w, const uint8_t *key, size_t length)
{
    uint64_t here = w->at / SK_DICT_BLOCK, blocks = w->index.size / SK_INDEX_ENTRY, low = here, step = 1;
    for (; low + step < blocks; low += step, step *= 2) {
        int above = begins_above(w, low + step, key, length);
        if (above < 0)
            return SK_DAMAGED;
        if (above)
            break;
    }
    if (last_block(w, &low, low + step < blocks ? low + step : blocks, key, length))
        return SK_DAMAGED;
    if (low != here) {
        w->at = low * SK_DICT_BLOCK;
        w->next = NULL;
    }
    return SK_OK;
}

int sk_dict_read(sk_dict_walk *w, uint64_t number)
{
    if (!w->next || w->at > number || w->at / SK_DICT_BLOCK != number / SK_DICT_BLOCK) {
        w->at = number / SK_DICT_BLOCK * SK_DICT_BLOCK;
        w->next = NULL;
    }
    while (w->at <= number)
        if (sk_dict_next(w) <= 0)
            return SK_DAMAGED;
    return SK_OK;
}

/* Walk to a key: 1 and its value is the walk's, 0 it is not here, SK_DAMAGED. */
static int find_key(sk_dict_walk *w, const uint8_t *key, size_t length)
{
    if (sk_dict_seek(w, key, length))
        return SK_DAMAGED;
    for (unsigned i = 0; i < SK_DICT_BLOCK; i++) {
        int more = sk_dict_next(w);
        if (more <= 0)
            return more;
        int order = compare(w->key, w->key_length, key, length);
        if (order >= 0)
            return order == 0;
    }
    return 0;
}

int sk_find_term(const sk_segment *s, const uint8_t *term, size_t length, sk_list *list)
{
    sk_dict_walk walk;
    sk_dict_start(&walk, s, 0);
    int found = find_key(&walk, term, length);
    if (found > 0)
        *list = walk.list;
    return found;
}

int sk_find_form(const sk_segment *s, const uint8_t *form, size_t length, uint8_t *term, uint32_t *term_length)
{
    sk_dict_walk walk;
    sk_dict_start(&walk, s, 1);
    int found = find_key(&walk, form, length);
    if (found > 0) {
        uint32_t kept = walk.key_length - walk.strip;
        memcpy(term, form, kept);
        memcpy(term + kept, walk.append, walk.append_length);
        *term_length = kept + walk.append_length;
    }
    return found;
}

/* ---- postings ---------------------------------------------------------------------------------------------------- */

void sk_cursor_close(sk_cursor *c)
{
    free(c->docids);
    c->docids = c->tfs = NULL;
}

int sk_cursor_open(sk_cursor *c, const sk_segment *s, const sk_list *list)
{
    uint32_t *room = malloc(SK_CURSOR_ROOM);
    int failed = sk_cursor_open_in(c, s, list, room);
    return room ? failed : SK_NO_MEMORY;
}

int sk_cursor_open_in(sk_cursor *c, const sk_segment *s, const sk_list *list, uint32_t *room)
{
    memset(c, 0, offsetof(sk_cursor, spans));
    c->segment = s;
    c->df = list->df;
    c->block = UINT32_MAX;
    c->docids = room;
    if (!room || list->df == 0 || list->offset > s->postings.size || list->size > s->postings.size - list->offset)
        return SK_DAMAGED;
    const uint8_t *at = s->postings.at + list->offset;
    c->full = list->df / SK_BLOCK;
    c->blocks = c->full + (list->df % SK_BLOCK != 0);
    c->tfs = c->docids + SK_BLOCK;
    if (c->full == 0) {
        c->data = at;
        c->data_size = list->size;
        return sk_cursor_decode(c, 0, SK_FREQUENCIES);
    }
    size_t head = SK_LIST_HEAD + (size_t)c->blocks * 13;
    if (list->size < head || sk_touch(s, at, head))
        return SK_DAMAGED;
    c->c_max = sk_loadf(at);
    for (unsigned i = 0; i < SK_KTHS; i++)
        c->kth[i] = sk_loadf(at + 4 + 4 * i);
    c->data_size = sk_load32(at + 4 + 4 * SK_KTHS);
    c->last = at + SK_LIST_HEAD;
    c->offsets = c->last + 4 * (size_t)c->blocks;
    c->position_offsets = c->offsets + 4 * (size_t)c->blocks;
    c->impacts = c->position_offsets + 4 * (size_t)c->blocks;
    c->data = at + head;
    if (c->data_size > list->size - head || !(c->c_max >= 0 && c->c_max < 3e38f))
        return SK_DAMAGED;
    c->positions = c->data + c->data_size;
    c->positions_size = list->size - head - c->data_size;
    return SK_OK;
}

/* A block of fewer than 256 postings: k of the gaps and of the frequencies in 5 bits each, gaps less one, frequencies
 * less one, all Rice coded. */
static int decode_coded(sk_cursor *c, const uint8_t *at, size_t size, uint32_t previous, uint32_t count)
{
    if (sk_touch(c->segment, at, size))
        return SK_DAMAGED;
    sk_bit_reader r = {.base = at, .bytes = size, .end = (uint64_t)size * 8, .at = 10};
    if (r.at > r.end)
        return SK_DAMAGED;
    unsigned head = sk_load16(at) & 1023, k_gap = head & 31, k_tf = head >> 5;
    uint64_t docid = previous == UINT32_MAX ? UINT64_MAX : previous;
    sk_kernels_get()->rice(&r, k_gap, count, c->docids);
    for (uint32_t i = 0; i < count; i++) {
        docid += (uint64_t)c->docids[i] + 1;
        c->docids[i] = (uint32_t)docid;
    }
    if (docid >= c->segment->articles || r.failed)
        return SK_DAMAGED;
    memset(c->docids + count, 255, (SK_BLOCK - count) * sizeof *c->docids);
    sk_kernels_get()->rice(&r, k_tf, count, c->tfs);
    int32_t least = INT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        c->tfs[i]++;
        least = (int32_t)c->tfs[i] < least ? (int32_t)c->tfs[i] : least;
    }
    if (r.failed || least <= 0)
        return SK_DAMAGED;
    if (c->full == 0) {
        size_t used = (size_t)((r.at + 7) / 8);
        c->positions = at + used;
        c->positions_size = size - used;
    }
    return SK_OK;
}

static int rising(const uint32_t *docids, uint32_t previous, uint32_t articles)
{
    uint32_t least = previous + 1;
    for (uint32_t i = 0; i < SK_BLOCK; i++) {
        if (docids[i] < least || docids[i] >= articles)
            return 0;
        least = docids[i] + 1;
    }
    return 1;
}

/* Add what stands apart. Places must rise, so that nothing is added twice. */
static int patch(const sk_patches *p, const uint8_t *at, const uint8_t *end, uint32_t *tfs)
{
    uint64_t bit = 8 * (uint64_t)p->count, mask = (UINT64_C(1) << p->bits) - 1;
    int last = -1, damaged = 0;
    for (unsigned i = 0; i < p->count; i++, bit += p->bits) {
        damaged |= at[i] <= last;
        last = at[i];
        tfs[last] += (uint32_t)(sk_bits_peek(at, (size_t)(end - at), bit) & mask) << p->width;
    }
    return damaged;
}

/* What callers rely on afterwards: docids rise, lie behind the block before and below the number of articles, and end
 * with the block's last one. So a docid looked up again is found in this block. */
int sk_cursor_decode(sk_cursor *c, uint32_t block, sk_form form)
{
    c->block = UINT32_MAX;
    c->group = UINT32_MAX;
    if (c->full == 0) {
        if (decode_coded(c, c->data, c->data_size, UINT32_MAX, c->df))
            return SK_DAMAGED;
        c->count = c->df;
        c->form = SK_FREQUENCIES;
        c->block = 0;
        return SK_OK;
    }
    uint32_t offset = sk_load32(c->offsets + 4 * (size_t)block);
    uint32_t end = block + 1 < c->blocks ? sk_load32(c->offsets + 4 * (size_t)(block + 1)) : (uint32_t)c->data_size;
    uint32_t previous = block ? sk_block_last(c, block - 1) : UINT32_MAX;
    if (offset > end || end > c->data_size || (block && previous == UINT32_MAX))
        return SK_DAMAGED;
    const uint8_t *at = c->data + offset;
    size_t size = end - offset;
    if (block >= c->full) {
        if (decode_coded(c, at, size, previous, c->df % SK_BLOCK))
            return SK_DAMAGED;
        c->count = c->df % SK_BLOCK;
        if (c->docids[c->count - 1] != sk_block_last(c, block))
            return SK_DAMAGED;
        c->form = SK_FREQUENCIES;
    } else {
        if (size < 2 || sk_touch(c->segment, at, size))
            return SK_DAMAGED;
        unsigned width = at[0];
        sk_patches patches = {.width = at[1] & (SK_PATCHED - 1)};
        if (at[1] & SK_PATCHED && size >= 4) {
            patches.count = at[2];
            patches.bits = at[3];
        }
        size_t head = 2 + sk_patches_size(&patches);
        if (width > 32 || patches.width + patches.bits > 30 || (at[1] & SK_PATCHED && !patches.count) ||
            size != head + 32 * ((size_t)width + patches.width))
            return SK_DAMAGED;
        const sk_kernels *k = sk_kernels_get();
        if (width > SK_SURE_WIDTH && form == SK_ROWS_ONLY)
            form = SK_DOCIDS;
        uint32_t last = form == SK_ROWS_ONLY ? k->rows(at + head, width, previous, c->docids, c->tfs, c->tfs + SK_LANES)
                                             : k->docids(at + head, width, previous, c->docids);
        if (last >= c->segment->articles || last != sk_block_last(c, block) ||
            (width > SK_SURE_WIDTH && !rising(c->docids, previous, c->segment->articles)))
            return SK_DAMAGED;
        c->patches = patches;
        c->patched = at + 4;
        c->packed_tfs = at + head + 32 * (size_t)width;
        if (form == SK_FREQUENCIES) {
            k->frequencies(c->packed_tfs, patches.width, c->tfs);
            if (patches.count && patch(&patches, at + 4, at + size, c->tfs))
                return SK_DAMAGED;
        }
        c->count = SK_BLOCK;
        c->form = form;
    }
    c->block = block;
    return SK_OK;
}

int sk_cursor_spans(sk_cursor *c, uint32_t first)
{
    const sk_segment *s = c->segment;
    uint32_t count = c->count - first < SK_ANCHOR ? c->count - first : SK_ANCHOR;
    c->group = UINT32_MAX;
    if (s->length_max < 1 << 24)
        return sk_kernels_get()->spans(c->docids + first, c->tfs + first, count, s->lengths.at, s->length_width,
                                       c->spans) == UINT32_MAX ? SK_DAMAGED : SK_OK;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = sk_length(s, c->docids[first + i]), tf = c->tfs[first + i];
        if (tf > length || sum > UINT32_MAX)
            return SK_DAMAGED;
        c->spans[i] = (uint32_t)sum;
        sum += sk_positions_size(tf, length);
    }
    return SK_OK;
}
