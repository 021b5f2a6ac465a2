/* Sequences, a window at a time: the articles that have all places, the words of each by position, the count. See spans.h. */
#include "spans.h"

#include <stdlib.h>
#include <string.h>

int sk_spans_open(sk_spans *s, const sk_segment *segment, const sk_list *lists, const uint64_t *masks, uint32_t terms)
{
    s->segment = segment;
    s->masks = masks;
    s->cursors = calloc(terms + 1, sizeof *s->cursors);
    s->offsets = malloc((SK_WINDOW + 1) * sizeof *s->offsets);
    if (!s->cursors || !s->offsets)
        return SK_NO_MEMORY;
    if (sk_touch(segment, segment->lengths.at, segment->lengths.size) ||
        sk_touch(segment, segment->titles.at, segment->titles.size))
        return SK_DAMAGED;
    for (; s->terms < terms; s->terms++) {
        int failed = sk_cursor_open(&s->cursors[s->terms], segment, &lists[s->terms]);
        if (failed) {
            s->terms++;
            return failed;
        }
    }
    return SK_OK;
}

void sk_spans_close(sk_spans *s)
{
    for (uint32_t t = 0; t < s->terms; t++)
        sk_cursor_close(&s->cursors[t]);
    free(s->cursors);
    free(s->offsets);
    free(s->tokens);
    free(s->positions);
    free(s->docids);
    free(s->tfs);
}

static int grow(void **array, size_t *room, size_t wanted, size_t each)
{
    if (wanted <= *room)
        return SK_OK;
    size_t more = wanted + wanted / 2 + 64;
    void *moved = realloc(*array, more * each);
    if (!moved)
        return SK_NO_MEMORY;
    *array = moved;
    *room = more;
    return SK_OK;
}

/* The first block of a cursor that reaches into a window. */
static uint32_t block_in(const sk_cursor *c, uint32_t base)
{
    int ahead = c->block != UINT32_MAX && (c->block == 0 || sk_block_last(c, c->block - 1) < base);
    return sk_block_from(c, ahead ? c->block : 0, base);
}

static void range_in(const sk_cursor *c, uint32_t base, uint64_t past, uint32_t *from, uint32_t *to)
{
    *from = c->docids[0] >= base ? 0 : sk_lower_bound(c->docids, c->count, base);
    *to = c->docids[c->count - 1] < past ? c->count : sk_lower_bound(c->docids, c->count, (uint32_t)past);
}

/* The articles of a window that have a term of every place. 1: there are some. */
static int candidates(sk_spans *s, uint32_t base, uint64_t *bits)
{
    uint64_t past = (uint64_t)base + SK_WINDOW;
    memset(bits, 255, SK_WINDOW_WORDS * sizeof *bits);
    for (uint32_t place = 0; place < s->places; place++) {
        uint64_t here[SK_WINDOW_WORDS] = {0}, any = 0;
        for (uint32_t t = 0; t < s->terms; t++) {
            sk_cursor *c = &s->cursors[t];
            if (!(s->masks[t] >> place & 1))
                continue;
            for (uint32_t block = block_in(c, base); block < c->blocks; block++) {
                if (sk_cursor_load(c, block, 0))
                    return SK_DAMAGED;
                uint32_t from, to;
                range_in(c, base, past, &from, &to);
                for (uint32_t i = from; i < to; i++)
                    here[(c->docids[i] - base) / 64] |= UINT64_C(1) << (c->docids[i] % 64);
                if (sk_block_last(c, block) >= past - 1)
                    break;
            }
        }
        for (int w = 0; w < SK_WINDOW_WORDS; w++)
            any |= bits[w] &= here[w];
        if (!any)
            return 0;
    }
    return 1;
}

/* Read the words of the candidates. With `count`, only how many each article has: offsets[article + 1]. */
static int gather(sk_spans *s, uint32_t base, const uint64_t *bits, int count)
{
    uint64_t past = (uint64_t)base + SK_WINDOW;
    for (uint32_t t = 0; t < s->terms; t++) {
        sk_cursor *c = &s->cursors[t];
        for (uint32_t block = block_in(c, base); block < c->blocks; block++) {
            if (sk_cursor_load(c, block, 1))
                return SK_DAMAGED;
            uint32_t from, to;
            range_in(c, base, past, &from, &to);
            for (uint32_t i = from; i < to; i++) {
                uint32_t article = c->docids[i] - base, tf = c->tfs[i];
                if (!(bits[article / 64] >> (article % 64) & 1))
                    continue;
                if (count) {
                    /* Positions take a bit each at least: no room is made for more than there can be. */
                    uint32_t length = sk_length(s->segment, c->docids[i]);
                    if (tf > 1 + 8 * (uint64_t)c->positions_size || tf > length || s->offsets[article + 1] > length - tf)
                        return SK_DAMAGED;
                    s->offsets[article + 1] += tf;
                    continue;
                }
                if (grow((void **)&s->positions, &s->position_room, tf, sizeof *s->positions))
                    return SK_NO_MEMORY;
                if (sk_cursor_positions(c, i, s->positions))
                    return SK_DAMAGED;
                sk_token_at *at = s->tokens + s->offsets[article];
                for (uint32_t k = 0; k < tf; k++)
                    at[k] = (sk_token_at){s->masks[t], s->positions[k]};
                s->offsets[article] += tf;
            }
            if (sk_block_last(c, block) >= past - 1)
                break;
        }
    }
    return SK_OK;
}

static int by_position(const void *a, const void *b)
{
    uint32_t one = ((const sk_token_at *)a)->position, other = ((const sk_token_at *)b)->position;
    return (one > other) - (one < other);
}

/* Where the occurrences begin that lie in one region, from the last word to the first. nearest[p], ordered: the nearest
 * word from which places p and on can be filled; unordered: from which those of the set p can. */
static uint32_t count_in(const sk_spans *s, const sk_token_at *tokens, uint32_t count)
{
    uint64_t nearest[1 << SK_UNORDERED_MAX]; /* UINT64_MAX: none */
    uint32_t found = 0, kinds = s->ordered ? s->places : 1u << s->places;
    memset(nearest, 255, kinds * sizeof *nearest);
    for (uint32_t i = count; i-- > 0;) {
        uint64_t here = tokens[i].position, reach = here + s->slop;
        int whole = 0;
        if (s->ordered) {
            for (uint32_t p = 0; p < s->places; p++)
                if (tokens[i].places >> p & 1 && (p + 1 == s->places || nearest[p + 1] <= reach)) {
                    nearest[p] = here;
                    whole |= p == 0;
                }
        } else {
            /* From large sets to small ones: none is made with this word twice. */
            for (uint32_t set = kinds - 1; set-- > 0;) {
                if (set && nearest[set] > reach)
                    continue;
                for (uint32_t p = 0; p < s->places; p++)
                    if (tokens[i].places >> p & 1 && !(set >> p & 1)) {
                        nearest[set | 1u << p] = here;
                        whole |= (set | 1u << p) == kinds - 1;
                    }
            }
        }
        found += whole;
    }
    return found;
}

static int64_t count_occurrences(const sk_spans *s, uint32_t docid, sk_token_at *tokens, uint32_t count)
{
    uint32_t title = sk_title_length(s->segment, docid), found = 0;
    uint64_t text_from = (uint64_t)title * s->segment->title_weight;
    if (text_from > sk_length(s->segment, docid))
        return SK_DAMAGED;
    qsort(tokens, count, sizeof *tokens, by_position);
    for (uint32_t from = 0, to; from < count; from = to) {
        int in_title = tokens[from].position < text_from;
        uint64_t end = in_title ? ((uint64_t)tokens[from].position / title + 1) * title : UINT64_MAX;
        for (to = from + 1; to < count && tokens[to].position < end; to++)
            ;
        if (s->field == SK_ANYWHERE || (s->field == SK_TITLE) == in_title)
            found += count_in(s, tokens + from, to - from);
    }
    return found;
}

int sk_spans_window(sk_spans *s, uint32_t window)
{
    uint32_t base = window * SK_WINDOW;
    uint64_t bits[SK_WINDOW_WORDS];
    int some = candidates(s, base, bits);
    if (some <= 0)
        return some;
    memset(s->offsets, 0, (SK_WINDOW + 1) * sizeof *s->offsets);
    int failed = gather(s, base, bits, 1);
    if (failed)
        return failed;
    uint64_t total = 0;
    for (uint32_t article = 0; article < SK_WINDOW; article++) {
        uint32_t own = s->offsets[article + 1];
        s->offsets[article] = (uint32_t)total;
        total += own;
    }
    if (total > UINT32_MAX || total > 8 * (uint64_t)s->segment->postings.size + SK_WINDOW)
        return SK_DAMAGED;
    s->offsets[SK_WINDOW] = (uint32_t)total;
    if (grow((void **)&s->tokens, &s->token_room, (size_t)total, sizeof *s->tokens))
        return SK_NO_MEMORY;
    failed = gather(s, base, bits, 0); /* each offset becomes that of the article behind */
    if (failed)
        return failed;
    for (uint32_t w = 0; w < SK_WINDOW_WORDS; w++)
        for (uint64_t left = bits[w]; left; left &= left - 1) {
            uint32_t article = 64 * w + (uint32_t)__builtin_ctzll(left), from = article ? s->offsets[article - 1] : 0;
            int64_t tf = count_occurrences(s, base + article, s->tokens + from, s->offsets[article] - from);
            if (tf < 0)
                return (int)tf;
            if (!tf)
                continue;
            if (s->count == s->room) {
                size_t docid_room = s->room, tf_room = s->room;
                if (grow((void **)&s->docids, &docid_room, (size_t)s->room + 1, sizeof *s->docids) ||
                    grow((void **)&s->tfs, &tf_room, (size_t)s->room + 1, sizeof *s->tfs))
                    return SK_NO_MEMORY;
                s->room = (uint32_t)docid_room;
            }
            s->docids[s->count] = base + article;
            s->tfs[s->count++] = (uint32_t)tf;
        }
    return SK_OK;
}
