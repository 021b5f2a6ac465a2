/* An immutable segment as the compiled core sees it: sections of one mapped buffer, never copied.
 *
 * Nothing read from a segment is trusted: every offset is checked against its section before use, every docid against
 * the number of articles, and each 16 KiB page against its CRC-32C when it is first touched. docs/format.md has the bytes.
 */
#ifndef SK_SEGMENT_H
#define SK_SEGMENT_H

#include "bits.h"
#include "kernels.h"

enum {
    SK_DICT_BLOCK = 16,      /* keys in a front-coded dictionary block */
    SK_KEY_MAX = 255,        /* bytes in a key: word forms and terms are cut there */
    SK_PAIR_MARK = 1,        /* the byte before each of the two terms in the key of a pair (frequent.h) */
    SK_INDEX_ENTRY = 12,     /* dictionary index: offset u32, payload u64 */
    SK_ANCHOR = 64,          /* postings between two anchors in a block's positions */
    SK_KTHS = 3,             /* ranks 10, 100 and 1000 */
    SK_LIST_HEAD = 4 + 4 * SK_KTHS + 4,
    SK_META_BYTES = 96,
    SK_RUN_BYTES = 20,       /* dates: start i64, end i64, first docid u32 */
};

typedef struct sk_section {
    const uint8_t *at;
    size_t size;
} sk_section;

typedef struct sk_segment {
    const uint8_t *file;
    size_t file_size;
    const uint8_t *page_sums; /* u32 a page */
    size_t page_size, pages;
    unsigned page_bits; /* page_size is 1 << page_bits */
    uint8_t *page_seen; /* one byte a page, set once its sum was right; NULL: checked elsewhere */

    sk_section meta, lengths, titles, dates, ids, id_order, terms, term_index, forms, form_index, postings;

    uint32_t articles;
    uint64_t total_length; /* tokens */
    double b, average;     /* of the impacts */
    uint32_t length_min, length_max;
    unsigned length_width, title_width; /* bytes; title 0: no article has a title */
    uint32_t title_weight;
    uint64_t term_count, form_count;
    uint32_t runs;
    int64_t longest; /* seconds of the longest interval */

    struct sk_maxima *maxima; /* made as queries come (maxima.h); NULL: none are */
    struct sk_vocabulary *vocabulary; /* made when patterns have read so much (vocabulary.h); NULL: not yet */
    uint64_t keys_read;               /* by walks that it would have spared */
} sk_segment;

enum { SK_OK = 0, SK_DAMAGED = -1, SK_NO_MEMORY = -2 };

/* Fill the figures from the meta section and check sections against them. Returns SK_OK or SK_DAMAGED, with the
 * section's name in *damaged. */
int sk_segment_open(sk_segment *s, const char **damaged);

/* Check the pages that hold [at, at + size). Requires: the range lies inside the file. */
int sk_segment_touch_pages(const sk_segment *s, const uint8_t *at, size_t size);

static inline int sk_touch(const sk_segment *s, const uint8_t *at, size_t size)
{
    if (!s->page_seen || !size)
        return SK_OK;
    size_t first = (size_t)(at - s->file) >> s->page_bits, last = ((size_t)(at - s->file) + size - 1) >> s->page_bits;
    for (size_t page = first; page <= last; page++)
        if (!__atomic_load_n(&s->page_seen[page], __ATOMIC_RELAXED))
            return sk_segment_touch_pages(s, at, size);
    return SK_OK;
}

static inline uint32_t sk_length(const sk_segment *s, uint32_t docid)
{
    return s->length_width == 2 ? sk_load16(s->lengths.at + 2 * (size_t)docid) : sk_load32(s->lengths.at + 4 * (size_t)docid);
}

/* Tokens of one copy of the title. */
static inline uint32_t sk_title_length(const sk_segment *s, uint32_t docid)
{
    const uint8_t *at = s->titles.at + (size_t)docid * s->title_width;
    return s->title_width == 0 ? 0 : s->title_width == 1 ? *at : s->title_width == 2 ? sk_load16(at) : sk_load32(at);
}

static inline uint32_t sk_run_of(const sk_segment *s, uint32_t docid)
{
    /* The last run whose first docid is not above docid. */
    uint32_t low = 0, high = s->runs;
    while (low + 1 < high) {
        uint32_t mid = low + (high - low) / 2;
        if (sk_load32(s->dates.at + (size_t)mid * SK_RUN_BYTES + 16) <= docid)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* ---- dictionaries ------------------------------------------------------------------------------------------------ */

/* Where a term's postings are. */
typedef struct sk_list {
    uint64_t offset, size; /* in the postings section */
    uint32_t df;
    uint64_t identity; /* occurrences of the word form that is spelt like the term */
} sk_list;

/* A walk over a dictionary in key order. */
typedef struct sk_dict_walk {
    const sk_segment *segment;
    sk_section keys, index;
    int forms;         /* the kind of value */
    uint64_t count, at; /* keys; the next one's number */
    const uint8_t *next;
    uint64_t payload;

    uint8_t key[SK_KEY_MAX + 1];
    uint32_t key_length;
    sk_list list;             /* terms */
    uint64_t occurrences;     /* forms: how often the form stands in the segment */
    uint32_t strip;           /* forms: bytes to take off the end ... */
    const uint8_t *append;    /* ... and to put there instead: the term */
    uint32_t append_length;
} sk_dict_walk;

void sk_dict_start(sk_dict_walk *w, const sk_segment *s, int forms);

/* Move to the block in which the first key not below `key` is, if it is not the first of the next. */
int sk_dict_seek(sk_dict_walk *w, const uint8_t *key, size_t length);

/* The same, but only forward. Requires: a block has just been read to its end. */
int sk_dict_skip(sk_dict_walk *w, const uint8_t *key, size_t length);

/* The next key: 1, 0 at the end, or SK_DAMAGED. */
int sk_dict_next(sk_dict_walk *w);

/* The key of that number, wherever the walk is. Requires: there is one. */
int sk_dict_read(sk_dict_walk *w, uint64_t number);

/* 1 found, 0 not, SK_DAMAGED. */
int sk_find_term(const sk_segment *s, const uint8_t *term, size_t length, sk_list *list);

/* The term of a word form, at most SK_KEY_MAX bytes: 1 found, 0 the form is not here or is spelt like its term,
 * SK_DAMAGED. */
int sk_find_form(const sk_segment *s, const uint8_t *form, size_t length, uint8_t *term, uint32_t *term_length);

/* Let a list come into the cache, or of a long one what is read first. */
static inline void sk_list_expect(const sk_segment *s, const sk_list *list)
{
    if (list->offset >= s->postings.size) /* damaged, as who opens it will see */
        return;
    const uint8_t *at = s->postings.at + list->offset;
    uint32_t blocks = list->df / SK_BLOCK, ahead = blocks ? 2 : 4;
    for (uint32_t i = 0; i < ahead && 64 * i < list->size; i++)
        __builtin_prefetch(at + 64 * i);
    size_t impacts = SK_LIST_HEAD + 12 * (size_t)(blocks + 1); /* they stand behind three arrays */
    if (blocks > 8 && impacts < list->size)
        __builtin_prefetch(at + impacts);
}

/* ---- postings ---------------------------------------------------------------------------------------------------- */

/* How the frequencies of a full block, less one, are packed: in `width` bits each, and of `count` of them what is above,
 * in `bits` bits each, apart. */
typedef struct sk_patches {
    unsigned width, count, bits;
} sk_patches;

enum { SK_PATCHED = 128 }; /* added to the width where count and bits follow */

/* Bytes of the patches: two figures, the places, the bits. */
static inline size_t sk_patches_size(const sk_patches *p)
{
    return p->count ? 2 + p->count + ((size_t)p->count * p->bits + 7) / 8 : 0;
}

/* What is decoded of a block: docids by rows (kernels.h), for looking some up; docids in order; frequencies as well. */
typedef enum sk_form { SK_ROWS_ONLY, SK_DOCIDS, SK_FREQUENCIES } sk_form;

/* A cursor over one term's postings. Blocks are decoded when asked for; one is kept. */
typedef struct sk_cursor {
    const sk_segment *segment;
    uint32_t df, blocks, full; /* full: blocks of 256 */
    const uint8_t *last, *offsets, *position_offsets, *impacts; /* NULL where df < 256: a single coded block */
    const uint8_t *data;       /* coded blocks */
    size_t data_size;
    const uint8_t *positions;
    size_t positions_size;
    float c_max, kth[SK_KTHS];

    uint32_t block, count; /* the decoded block (UINT32_MAX: none) and its postings */
    sk_form form;
    uint32_t *docids, *tfs; /* 256 each; docids behind the last one are UINT32_MAX. By rows: bases and lasts in `tfs` */
    sk_patches patches;     /* of a full block: how its frequencies are packed, ... */
    const uint8_t *patched, *packed_tfs; /* ... and where */
    uint32_t group;         /* the 64 postings of it whose positions' places are known (UINT32_MAX: none): ... */
    uint64_t group_bit;     /* ... that of the first, ... */
    uint32_t spans[SK_ANCHOR]; /* ... and how far behind it the others are */
} sk_cursor;

enum { SK_CURSOR_ROOM = 2 * SK_BLOCK * sizeof(uint32_t) }; /* bytes for a decoded block */

/* Open a cursor. Returns SK_OK, SK_DAMAGED or SK_NO_MEMORY; sk_cursor_close is due in every case. */
int sk_cursor_open(sk_cursor *c, const sk_segment *s, const sk_list *list);

/* The same in room that the caller has: SK_OK or SK_DAMAGED. The cursor is not to be closed. */
int sk_cursor_open_in(sk_cursor *c, const sk_segment *s, const sk_list *list, uint32_t *room);

void sk_cursor_close(sk_cursor *c);

/* Decode block `block`, as far as `form` says at least. Requires block < c->blocks. */
int sk_cursor_decode(sk_cursor *c, uint32_t block, sk_form form);

/* Docids in order, and frequencies if asked for. */
static inline int sk_cursor_load(sk_cursor *c, uint32_t block, int with_tfs)
{
    sk_form form = with_tfs ? SK_FREQUENCIES : SK_DOCIDS;
    return c->block == block && c->form >= form ? SK_OK : sk_cursor_decode(c, block, form);
}

/* Enough for sk_cursor_find and sk_cursor_tf. */
static inline int sk_cursor_seek(sk_cursor *c, uint32_t block)
{
    return c->block == block ? SK_OK : sk_cursor_decode(c, block, SK_ROWS_ONLY);
}

/* Let a block come into the cache. */
static inline void sk_cursor_expect(const sk_cursor *c, uint32_t block)
{
    uint32_t offset = c->last && c->block != block ? sk_load32(c->offsets + 4 * (size_t)block) : UINT32_MAX;
    for (unsigned i = 0; i < 4 && offset < c->data_size; i++, offset += 64)
        __builtin_prefetch(c->data + offset);
}

/* Let positions at a byte come into the cache. */
static inline void sk_cursor_expect_positions(const sk_cursor *c, uint64_t at)
{
    if (at < c->positions_size)
        __builtin_prefetch(c->positions + at);
}

/* Last docid of a block; a short list's only block reaches to the end. */
static inline uint32_t sk_block_last(const sk_cursor *c, uint32_t block)
{
    return c->last ? sk_load32(c->last + 4 * (size_t)block) : UINT32_MAX;
}

/* The first block at or after `from` that may hold docids >= docid; c->blocks if none. */
static inline uint32_t sk_block_from(const sk_cursor *c, uint32_t from, uint32_t docid)
{
    if (from >= c->blocks || sk_block_last(c, from) >= docid)
        return from;
    uint32_t step = 1, low = from; /* last(low) < docid */
    while (low + step < c->blocks && sk_block_last(c, low + step) < docid) {
        low += step;
        step *= 2;
    }
    uint32_t high = low + step < c->blocks ? low + step : c->blocks;
    while (low + 1 < high) {
        uint32_t mid = low + (high - low) / 2;
        if (sk_block_last(c, mid) < docid)
            low = mid;
        else
            high = mid;
    }
    return high;
}

/* First index i with docids[i] >= docid among n ascending ones. */
static inline uint32_t sk_lower_bound(const uint32_t *docids, uint32_t n, uint32_t docid)
{
    const uint32_t *at = docids;
    while (n > 1) {
        uint32_t half = n / 2;
        at += (at[half - 1] < docid) * half;
        n -= half;
    }
    return (uint32_t)(at - docids) + (n == 1 && *at < docid);
}

/* Where docid stands in the decoded block, or would stand. No branch to mispredict, and no other end than 256: what lies
 * behind the last docid is UINT32_MAX. */
static inline uint32_t sk_block_search(const sk_cursor *c, uint32_t docid)
{
    const uint32_t *at = c->docids;
    at += (at[127] < docid) * 128;
    at += (at[63] < docid) * 64;
    at += (at[31] < docid) * 32;
    at += (at[15] < docid) * 16;
    at += (at[7] < docid) * 8;
    at += (at[3] < docid) * 4;
    at += (at[1] < docid) * 2;
    at += at[0] < docid;
    return (uint32_t)(at - c->docids);
}

/* The block that may hold docid, c->blocks if none; quick when it is the decoded one or a little further on. */
static inline uint32_t sk_block_at(const sk_cursor *c, uint32_t docid)
{
    uint32_t from = c->block != UINT32_MAX && (c->block == 0 || sk_block_last(c, c->block - 1) < docid) ? c->block : 0;
    return sk_block_from(c, from, docid);
}

/* The index of docid in the block sought, SK_BLOCK if it is not there. Requires: no docid of a later block is asked for. */
static inline uint32_t sk_cursor_find(const sk_cursor *c, uint32_t docid)
{
    if (c->form != SK_ROWS_ONLY) {
        uint32_t index = sk_block_search(c, docid);
        return c->docids[index] == docid ? index : SK_BLOCK;
    }
    const uint32_t *lasts = c->tfs + SK_LANES, *at = c->docids;
    uint32_t lane = 0;
    for (unsigned i = 0; i + 1 < SK_LANES; i++)
        lane += lasts[i] < docid;
    docid -= c->tfs[lane];
    at += lane;
    at += (at[SK_LANES * 15] < docid) * SK_LANES * 16;
    at += (at[SK_LANES * 7] < docid) * SK_LANES * 8;
    at += (at[SK_LANES * 3] < docid) * SK_LANES * 4;
    at += (at[SK_LANES] < docid) * SK_LANES * 2;
    at += (at[0] < docid) * SK_LANES;
    return *at == docid ? lane * SK_ROWS + (uint32_t)(at - c->docids) / SK_LANES : SK_BLOCK;
}

/* The frequency of a posting of a full block whose frequencies are not unpacked. */
static inline uint32_t sk_packed_tf(const sk_cursor *c, uint32_t index)
{
    const sk_patches *p = &c->patches;
    uint32_t value = 0, low = 0, high = p->count;
    if (p->width) {
        unsigned bit = index / SK_LANES * p->width, shift = bit & 31;
        const uint8_t *word = c->packed_tfs + 4 * ((bit >> 5) * SK_LANES + index % SK_LANES);
        value = sk_load32(word) >> shift;
        if (shift + p->width > 32)
            value |= sk_load32(word + 4 * SK_LANES) << (32 - shift);
        value &= (UINT32_C(1) << p->width) - 1;
    }
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (c->patched[mid] < index)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < p->count && c->patched[low] == index) {
        uint64_t bits = sk_bits_peek(c->patched, (size_t)(c->packed_tfs - c->patched), 8 * p->count + low * p->bits);
        value += (uint32_t)(bits & ((UINT64_C(1) << p->bits) - 1)) << p->width;
    }
    return value + 1;
}

/* The frequency of what sk_cursor_find found. */
static inline uint32_t sk_cursor_tf(const sk_cursor *c, uint32_t index)
{
    return c->form == SK_FREQUENCIES ? c->tfs[index] : sk_packed_tf(c, index);
}

/* Frequency of docid, 0 if it is not in the list; SK_DAMAGED below 0. */
static inline int64_t sk_cursor_tf_of(sk_cursor *c, uint32_t docid)
{
    uint32_t block = sk_block_at(c, docid);
    if (block >= c->blocks)
        return 0;
    if (sk_cursor_seek(c, block))
        return SK_DAMAGED;
    uint32_t index = sk_cursor_find(c, docid);
    return index == SK_BLOCK ? 0 : sk_cursor_tf(c, index);
}

/* The same with frequencies unpacked, and the posting's index in the block: its positions may follow. */
static inline int64_t sk_cursor_probe(sk_cursor *c, uint32_t docid, uint32_t *index)
{
    uint32_t block = sk_block_at(c, docid);
    if (block >= c->blocks)
        return 0;
    if (sk_cursor_load(c, block, 1))
        return SK_DAMAGED;
    *index = sk_cursor_find(c, docid);
    return *index == SK_BLOCK ? 0 : c->tfs[*index];
}

/* Fill c->spans for the group that begins with posting `first`. Returns SK_OK or SK_DAMAGED. */
int sk_cursor_spans(sk_cursor *c, uint32_t first);

/* Bit offset (in c->positions) of posting `index` of the decoded block, or UINT64_MAX if damaged: an anchor, and what the
 * postings behind it take. */
static inline uint64_t sk_cursor_position_bit(sk_cursor *c, uint32_t index)
{
    uint32_t group = index / SK_ANCHOR, first = group * SK_ANCHOR;
    if (c->group != group || index == first) {
        uint64_t offset = c->full ? sk_load32(c->position_offsets + 4 * (size_t)c->block) : 0;
        size_t anchors = 4 * (size_t)((c->count - 1) / SK_ANCHOR);
        if (offset + anchors > c->positions_size || sk_touch(c->segment, c->positions + offset, anchors))
            return UINT64_MAX;
        uint64_t bit = (offset + anchors) * 8 + (group ? sk_load32(c->positions + offset + 4 * (size_t)(group - 1)) : 0);
        if (index == first)
            return bit;
        if (sk_cursor_spans(c, first))
            return UINT64_MAX;
        c->group = group;
        c->group_bit = bit;
    }
    return c->group_bit + c->spans[index - first];
}

/* The code of tf positions at `bit`, as sk_cursor_position_bit told it, of an article: inside the segment and checked. */
static inline int sk_cursor_code_at(sk_cursor *c, uint64_t bit, uint32_t tf, uint32_t docid, sk_position_code *code)
{
    uint32_t length = sk_length(c->segment, docid);
    if (bit == UINT64_MAX || tf > length)
        return SK_DAMAGED;
    uint64_t size = sk_positions_size(tf, length);
    if (bit + size > (uint64_t)c->positions_size * 8 ||
        sk_touch(c->segment, c->positions + bit / 8, (size_t)((bit + size + 7) / 8 - bit / 8)))
        return SK_DAMAGED;
    *code = (sk_position_code){c->positions, c->positions_size, bit, tf, length};
    return SK_OK;
}

/* The same for posting `index` of the decoded block. */
static inline int sk_cursor_code(sk_cursor *c, uint32_t index, sk_position_code *code)
{
    return sk_cursor_code_at(c, sk_cursor_position_bit(c, index), c->tfs[index], c->docids[index], code);
}

static inline int sk_code_positions(const sk_position_code *code, uint32_t *positions)
{
    return sk_positions_get(code->base, code->bytes, code->at, code->n, code->length, positions);
}

/* Positions of posting `index` of the decoded block. Requires room for its frequency. */
static inline int sk_cursor_positions(sk_cursor *c, uint32_t index, uint32_t *positions)
{
    sk_position_code code;
    return sk_cursor_code(c, index, &code) ? SK_DAMAGED : sk_code_positions(&code, positions);
}

#endif
