/* Ids, read and written. See ids.h. */
#include "ids.h"

/* ---- front-coded ids --------------------------------------------------------------------------------------------- */

static uint32_t block_count(const sk_segment *s)
{
    return (s->articles - 1) / SK_ID_BLOCK + 1;
}

/* Where a block begins and ends. Returns SK_OK or SK_DAMAGED; what lies between is not yet checked. */
static int block_bytes(const sk_segment *s, uint32_t block, const uint8_t **from, const uint8_t **to)
{
    const uint8_t *entry = s->ids.at + 4 * (size_t)block;
    size_t head = 4 * (size_t)block_count(s), size = s->ids.size - head;
    int last = block + 1 == block_count(s);
    if (sk_touch(s, entry, last ? 4 : 8))
        return SK_DAMAGED;
    size_t start = sk_load32(entry), stop = last ? size : sk_load32(entry + 4);
    if (start >= stop || stop > size)
        return SK_DAMAGED;
    *from = s->ids.at + head + start;
    *to = s->ids.at + head + stop;
    return SK_OK;
}

void sk_ids_start(sk_id_walk *w, const sk_segment *s, uint32_t rank)
{
    w->segment = s;
    w->rank = rank / SK_ID_BLOCK * SK_ID_BLOCK;
    w->next = w->end = NULL;
}

static inline int read_figures(const uint8_t **at, const uint8_t *end, uint64_t *drop, uint64_t *more)
{
    uint64_t rest;
    if (*at >= end)
        return SK_DAMAGED;
    uint8_t both = *(*at)++;
    *drop = both & 15;
    *more = both >> 4;
    if (*drop == SK_ID_ESCAPE) {
        if (sk_varint(at, end, &rest))
            return SK_DAMAGED;
        *drop += rest;
    }
    if (*more == SK_ID_ESCAPE) {
        if (sk_varint(at, end, &rest))
            return SK_DAMAGED;
        *more += rest;
    }
    return *more <= (uint64_t)(end - *at) ? SK_OK : SK_DAMAGED;
}

int sk_ids_next(sk_id_walk *w)
{
    sk_id *id = &w->id;
    if (w->rank >= w->segment->articles)
        return 0;
    if (w->rank % SK_ID_BLOCK == 0) {
        /* Blocks fill their bytes: none is read twice on a walk, however many say so. */
        if (w->next != w->end || block_bytes(w->segment, w->rank / SK_ID_BLOCK, &w->next, &w->end) ||
            sk_touch(w->segment, w->next, (size_t)(w->end - w->next)))
            return SK_DAMAGED;
        id->count = 0;
        id->length = 0;
    }
    uint64_t drop, more;
    if (read_figures(&w->next, w->end, &drop, &more) || drop > id->length)
        return SK_DAMAGED;
    id->length += more - drop;
    while (drop) {
        sk_section *piece = &id->pieces[id->count - 1];
        if (drop < piece->size) {
            piece->size -= drop;
            break;
        }
        drop -= piece->size;
        id->count--;
    }
    if (more)
        id->pieces[id->count++] = (sk_section){w->next, more};
    w->next += more;
    w->rank++;
    return 1;
}

int sk_id_of(const sk_segment *s, uint32_t docid, sk_id *id)
{
    int64_t rank = sk_id_rank(s, docid);
    return rank < 0 ? SK_DAMAGED : sk_id_at(s, (uint32_t)rank, id);
}

int sk_id_at(const sk_segment *s, uint32_t rank, sk_id *id)
{
    const uint8_t *at, *end, *parts[SK_ID_BLOCK];
    size_t starts[SK_ID_BLOCK], length = 0; /* where in its id each part begins */
    if (block_bytes(s, rank / SK_ID_BLOCK, &at, &end) || sk_touch(s, at, (size_t)(end - at)))
        return SK_DAMAGED;
    uint32_t wanted = rank % SK_ID_BLOCK;
    for (uint32_t i = 0; i <= wanted; i++) {
        uint64_t drop, more;
        if (read_figures(&at, end, &drop, &more) || drop > length)
            return SK_DAMAGED;
        parts[i] = at;
        starts[i] = length - drop;
        length = starts[i] + more;
        at += more;
    }
    /* Backwards: of each part before the last, what the later ones left of it. */
    sk_section *piece = id->pieces + SK_ID_BLOCK;
    id->length = length;
    for (uint32_t i = wanted; length; i--)
        if (starts[i] < length) {
            *--piece = (sk_section){parts[i], length - starts[i]};
            length = starts[i];
        }
    id->count = (uint32_t)(id->pieces + SK_ID_BLOCK - piece);
    memmove(id->pieces, piece, id->count * sizeof *piece);
    return SK_OK;
}

static int is_ascii(const uint8_t *text, size_t length)
{
    uint64_t any = 0;
    for (; length >= 8; text += 8, length -= 8)
        any |= sk_load64(text);
    while (length)
        any |= text[--length];
    return !(any & UINT64_C(0x8080808080808080));
}

int sk_id_text(const sk_segment *s, uint32_t rank, const uint8_t *at, const uint8_t *end, uint8_t *out, size_t room,
               size_t *length, int *ascii)
{
    enum { SOME = 16 }; /* bytes that are copied without being counted, where there is room */
    const uint8_t *file_end = s->ids.at + s->ids.size;
    if (sk_touch(s, at, (size_t)(end - at)))
        return SK_DAMAGED;
    size_t size = 0;
    for (uint32_t left = rank % SK_ID_BLOCK + 1; left--;) {
        uint64_t drop, more;
        if (read_figures(&at, end, &drop, &more) || drop > size)
            return SK_DAMAGED;
        size -= drop;
        if (more > room - size)
            return 1;
        if (more <= SOME && SOME <= room - size && SOME <= (size_t)(file_end - at))
            memcpy(out + size, at, SOME);
        else
            memcpy(out + size, at, more);
        size += more;
        at += more;
    }
    *length = size;
    *ascii = is_ascii(out, size);
    return SK_OK;
}

int sk_id_compare(const sk_id *a, const sk_id *b)
{
    size_t skip_a = 0, skip_b = 0;
    for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
        size_t left_a = a->pieces[i].size - skip_a, left_b = b->pieces[j].size - skip_b;
        size_t some = left_a < left_b ? left_a : left_b;
        int order = memcmp(a->pieces[i].at + skip_a, b->pieces[j].at + skip_b, some);
        if (order)
            return order;
        skip_a += some;
        skip_b += some;
        if (some == left_a) {
            i++;
            skip_a = 0;
        }
        if (some == left_b) {
            j++;
            skip_b = 0;
        }
    }
    return (a->length > b->length) - (a->length < b->length);
}

int sk_id_copy(const sk_id *id, uint8_t *out)
{
    uint8_t *at = out;
    for (uint32_t i = 0; i < id->count; i++) {
        memcpy(at, id->pieces[i].at, id->pieces[i].size);
        at += id->pieces[i].size;
    }
    return is_ascii(out, id->length);
}

void sk_id_expect_rank(const sk_segment *s, uint32_t docid)
{
    uint64_t bit = (uint64_t)docid * (sk_bit_width(s->articles - 1) + 1);
    __builtin_prefetch(s->id_order.at + (bit >> 3));
}

void sk_id_expect_block(const sk_segment *s, uint32_t rank)
{
    __builtin_prefetch(s->ids.at + 4 * (size_t)(rank / SK_ID_BLOCK));
}

int sk_id_block(const sk_segment *s, uint32_t rank, const uint8_t **from, const uint8_t **to)
{
    if (block_bytes(s, rank / SK_ID_BLOCK, from, to))
        return SK_DAMAGED;
    __builtin_prefetch(*from);
    __builtin_prefetch(*to - 1);
    return SK_OK;
}

int64_t sk_find_id(const sk_segment *s, const uint8_t *id, size_t length)
{
    const sk_id wanted = {.pieces = {{id, length}}, .count = 1, .length = length};
    /* The last block whose first id is not above the wanted one. */
    uint32_t low = 0, high = block_count(s);
    while (low + 1 < high) {
        uint32_t mid = low + (high - low) / 2;
        const uint8_t *at, *end;
        uint64_t drop, more;
        if (block_bytes(s, mid, &at, &end))
            return -2;
        size_t figures = (size_t)(end - at) < 21 ? (size_t)(end - at) : 21;
        if (sk_touch(s, at, figures) || read_figures(&at, end, &drop, &more) || drop || sk_touch(s, at, more))
            return -2;
        const sk_id first = {.pieces = {{at, more}}, .count = 1, .length = more};
        if (sk_id_compare(&first, &wanted) <= 0)
            low = mid;
        else
            high = mid;
    }
    const uint8_t *at, *end;
    if (block_bytes(s, low, &at, &end) || sk_touch(s, at, (size_t)(end - at)))
        return -2;
    size_t same = 0, before = 0; /* bytes that the id before, a smaller one, has in common with the wanted one; its length */
    for (uint32_t rank = low * SK_ID_BLOCK; rank < s->articles && rank - low * SK_ID_BLOCK < SK_ID_BLOCK; rank++) {
        uint64_t drop, more;
        if (read_figures(&at, end, &drop, &more) || drop > before)
            return -2;
        size_t start = before - drop, i = 0;
        before = start + more;
        if (start < same)
            return -1; /* it differs where the one before did not, and ids rise */
        if (start == same) {
            while (i < more && same < length && at[i] == id[same]) {
                i++;
                same++;
            }
            if (i == more && same == length)
                return sk_id_docid(s, rank);
            if (i < more && (same == length || at[i] > id[same]))
                return -1;
        }
        at += more;
    }
    return -1;
}

int sk_ids_add(sk_ids_builder *b, const uint8_t *id, size_t length)
{
    size_t shared = 0;
    if (b->count % SK_ID_BLOCK == 0) {
        uint32_t offset = (uint32_t)b->blocks.length;
        sk_buffer_put(&b->offsets, &offset, 4);
        b->last.length = 0;
    }
    while (shared < length && shared < b->last.length && id[shared] == b->last.bytes[shared])
        shared++;
    size_t drop = b->last.length - shared, more = length - shared;
    uint8_t both = (uint8_t)((drop < SK_ID_ESCAPE ? drop : SK_ID_ESCAPE) | (more < SK_ID_ESCAPE ? more : SK_ID_ESCAPE) << 4);
    sk_buffer_put(&b->blocks, &both, 1);
    if (drop >= SK_ID_ESCAPE)
        sk_buffer_varint(&b->blocks, drop - SK_ID_ESCAPE);
    if (more >= SK_ID_ESCAPE)
        sk_buffer_varint(&b->blocks, more - SK_ID_ESCAPE);
    sk_buffer_put(&b->blocks, id + shared, more);
    b->last.length = shared;
    sk_buffer_put(&b->last, id + shared, more);
    b->count++;
    if (b->offsets.failed || b->blocks.failed || b->last.failed)
        return SK_NO_MEMORY;
    return b->blocks.length > UINT32_MAX ? SK_DAMAGED : SK_OK;
}

void sk_ids_free(sk_ids_builder *b)
{
    sk_buffer_free(&b->offsets);
    sk_buffer_free(&b->blocks);
    sk_buffer_free(&b->last);
}

/* ---- which docid has which id ------------------------------------------------------------------------------------ */

/* Bits of the ranks, rounded up to bytes: there the jumps begin. */
static inline uint64_t jumps_start(const sk_segment *s)
{
    return ((uint64_t)s->articles * (sk_bit_width(s->articles - 1) + 1) + 7) / 8 * 8;
}

/* How many jumps there are: pairs of docids, in as many bytes as they need. */
static inline uint64_t jump_count(const sk_segment *s)
{
    unsigned pair = 2 * sk_bit_width(s->articles - 1);
    return pair ? (s->id_order.size * UINT64_C(8) - jumps_start(s)) / pair : 0;
}

int sk_id_order_fits(const sk_segment *s)
{
    unsigned pair = 2 * sk_bit_width(s->articles - 1);
    if (s->id_order.size < jumps_start(s) / 8)
        return 0;
    uint64_t jumps = jump_count(s);
    return jumps < s->articles && s->id_order.size == jumps_start(s) / 8 + (jumps * pair + 7) / 8;
}

/* `count` bits, at most 57, at bit `at` of the section. */
static inline int order_bits(const sk_segment *s, uint64_t at, unsigned count, uint64_t *value)
{
    const uint8_t *base = s->id_order.at;
    size_t first = (size_t)(at >> 3), last = (size_t)((at + count - 1) >> 3);
    if (sk_touch(s, base + first, last - first + 1))
        return SK_DAMAGED;
    *value = sk_bits_peek(base, s->id_order.size, at) & ((UINT64_C(1) << count) - 1);
    return SK_OK;
}

/* A docid's entry: its rank, and above it a bit that is set if there is a jump. */
static inline int entry_of(const sk_segment *s, uint32_t docid, uint32_t *rank, int *jump)
{
    unsigned width = sk_bit_width(s->articles - 1);
    uint64_t entry;
    if (order_bits(s, (uint64_t)docid * (width + 1), width + 1, &entry))
        return SK_DAMAGED;
    *jump = (int)(entry >> width);
    *rank = (uint32_t)(entry & ((UINT64_C(1) << width) - 1));
    return *rank < s->articles ? SK_OK : SK_DAMAGED;
}

int64_t sk_id_rank(const sk_segment *s, uint32_t docid)
{
    uint32_t rank;
    int jump;
    return entry_of(s, docid, &rank, &jump) ? -2 : (int64_t)rank;
}

/* Where the jump from `docid` leads, UINT32_MAX if nowhere. */
static uint32_t jump_from(const sk_segment *s, uint32_t docid)
{
    unsigned width = sk_bit_width(s->articles - 1);
    uint64_t start = jumps_start(s), value;
    uint32_t low = 0, high = (uint32_t)jump_count(s);
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (order_bits(s, start + (uint64_t)mid * 2 * width, width, &value))
            return UINT32_MAX;
        if (value == docid)
            return order_bits(s, start + (uint64_t)mid * 2 * width + width, width, &value) || value >= s->articles
                       ? UINT32_MAX
                       : (uint32_t)value;
        if (value < docid)
            low = mid + 1;
        else
            high = mid;
    }
    return UINT32_MAX;
}

int64_t sk_id_docid(const sk_segment *s, uint32_t rank)
{
    /* docid -> rank, taken as a step from one docid to another, leads round in cycles; wanted is the step to `rank`.
     * From there on it is at most 32 steps to a jump, or all round; the jump leads at most 32 steps before `rank`. */
    uint32_t docid = rank, next;
    int jump, jumped = 0;
    for (unsigned step = 0; step <= 2 * SK_ID_STEPS + 1; step++) {
        if (entry_of(s, docid, &next, &jump))
            return -2;
        if (next == rank)
            return docid;
        if (jump && !jumped) {
            jumped = 1;
            next = jump_from(s, docid);
            if (next == UINT32_MAX)
                return -2;
        }
        docid = next;
    }
    return -2;
}

int sk_id_docids(const sk_segment *s, uint32_t *docids)
{
    memset(docids, 255, sizeof *docids * s->articles);
    for (uint32_t docid = 0; docid < s->articles; docid++) {
        int64_t rank = sk_id_rank(s, docid);
        if (rank < 0 || docids[rank] != UINT32_MAX)
            return SK_DAMAGED;
        docids[rank] = docid;
    }
    return SK_OK;
}

int sk_id_order_write(sk_buffer *out, const uint32_t *ranks, uint32_t count)
{
    /* jumps[docid]: where from there, UINT32_MAX: no jump, UINT32_MAX - 1: not seen yet. */
    const uint32_t nowhere = UINT32_MAX, unseen = UINT32_MAX - 1;
    unsigned width = sk_bit_width(count - 1);
    uint32_t *jumps = malloc(sizeof *jumps * count);
    if (!jumps)
        return SK_NO_MEMORY;
    for (uint32_t docid = 0; docid < count; docid++)
        jumps[docid] = unseen;
    for (uint32_t start = 0; start < count; start++) {
        if (jumps[start] != unseen)
            continue;
        uint32_t docid = start, before = start, steps = 0;
        do {
            jumps[docid] = nowhere;
            if (steps && steps % SK_ID_STEPS == 0) {
                jumps[docid] = before;
                before = docid;
            }
            docid = ranks[docid];
            steps++;
        } while (docid != start);
        if (steps > SK_ID_STEPS)
            jumps[start] = before;
    }
    sk_bit_writer w = {.out = out};
    for (uint32_t docid = 0; docid < count; docid++)
        sk_bits_put(&w, ranks[docid] | (uint64_t)(jumps[docid] != nowhere) << width, width + 1);
    sk_bits_flush(&w);
    w = (sk_bit_writer){.out = out};
    for (uint32_t docid = 0; docid < count; docid++)
        if (jumps[docid] != nowhere) {
            sk_bits_put(&w, docid, width);
            sk_bits_put(&w, jumps[docid], width);
        }
    sk_bits_flush(&w);
    free(jumps);
    return out->failed ? SK_NO_MEMORY : SK_OK;
}
