/* Encoding of postings lists and dictionaries; docs/format.md has the bytes, segment.c reads them. */
#include "encode.h"

#include <math.h>

static unsigned best_k(const uint32_t *values, uint32_t n, uint64_t sum)
{
    /* Near log2 of the mean; the exact cost decides among its neighbours. */
    uint32_t mean = (uint32_t)(sum / n);
    unsigned middle = sk_bit_width(mean), best = 0;
    uint64_t least = UINT64_MAX;
    for (unsigned k = middle > 2 ? middle - 2 : 0; k <= middle && k < SK_RICE_K_MAX; k++) {
        uint64_t cost = 0;
        for (uint32_t i = 0; i < n; i++)
            cost += sk_rice_size(values[i], k);
        if (cost < least) {
            least = cost;
            best = k;
        }
    }
    return best;
}

static void encode_coded(sk_buffer *out, const uint32_t *docids, const uint32_t *tfs, uint32_t n, uint32_t previous)
{
    uint32_t gaps[SK_BLOCK] = {0}, rest[SK_BLOCK] = {0};
    uint64_t gap_sum = 0, tf_sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        gaps[i] = docids[i] - previous - 1;
        rest[i] = tfs[i] - 1;
        previous = docids[i];
        gap_sum += gaps[i];
        tf_sum += rest[i];
    }
    unsigned k_gap = best_k(gaps, n, gap_sum), k_tf = best_k(rest, n, tf_sum);
    sk_bit_writer w = {.out = out};
    sk_bits_put(&w, k_gap | k_tf << 5, 10);
    for (uint32_t i = 0; i < n; i++)
        sk_rice_put(&w, gaps[i], k_gap);
    for (uint32_t i = 0; i < n; i++)
        sk_rice_put(&w, rest[i], k_tf);
    sk_bits_flush(&w);
}

static void pack(sk_buffer *out, const uint32_t lanes[SK_ROWS][SK_LANES], unsigned width)
{
    if (!width || sk_buffer_room(out, 32 * (size_t)width))
        return;
    uint32_t words[32][SK_LANES];
    memset(words, 0, sizeof words);
    for (unsigned j = 0; j < SK_ROWS; j++) {
        unsigned bit = j * width, word = bit >> 5, shift = bit & 31;
        for (unsigned lane = 0; lane < SK_LANES; lane++) {
            words[word][lane] |= lanes[j][lane] << shift;
            if (shift + width > 32)
                words[word + 1][lane] |= lanes[j][lane] >> (32 - shift);
        }
    }
    sk_buffer_put(out, words, 32 * (size_t)width);
}

/* The width at which frequencies less one take the fewest bytes, those that are wider patched. A patch costs a byte more
 * than it takes, for the time that it takes. */
static sk_patches plan_patches(const uint32_t *tfs)
{
    uint32_t of_width[33] = {0}, count = 0, least = UINT32_MAX;
    unsigned most = 32;
    for (uint32_t i = 0; i < SK_BLOCK; i++)
        of_width[sk_bit_width(tfs[i] - 1)]++;
    while (most && !of_width[most])
        most--;
    sk_patches best = {0};
    for (unsigned width = most; count < SK_BLOCK; count += of_width[width--]) {
        sk_patches plan = {.width = width, .count = count, .bits = most - width};
        uint32_t cost = 32 * width + (uint32_t)sk_patches_size(&plan) + count;
        if (cost < least) {
            least = cost;
            best = plan;
        }
        if (!width)
            break;
    }
    return best;
}

static void put_patches(sk_buffer *out, const sk_patches *plan, const uint32_t *tfs)
{
    uint8_t places[SK_BLOCK], head[2] = {(uint8_t)plan->count, (uint8_t)plan->bits};
    uint32_t count = 0;
    for (uint32_t i = 0; i < SK_BLOCK; i++) {
        places[count] = (uint8_t)i;
        count += (tfs[i] - 1) >> plan->width != 0;
    }
    sk_buffer_put(out, head, 2);
    sk_buffer_put(out, places, count);
    sk_bit_writer w = {.out = out};
    for (uint32_t i = 0; i < count; i++)
        sk_bits_put(&w, (tfs[places[i]] - 1) >> plan->width, plan->bits);
    sk_bits_flush(&w);
}

static void encode_full(sk_buffer *out, const uint32_t *docids, const uint32_t *tfs, uint32_t previous)
{
    uint32_t gaps[SK_ROWS][SK_LANES], rest[SK_ROWS][SK_LANES], gap_bits = 0;
    sk_patches plan = plan_patches(tfs);
    for (uint32_t i = 0; i < SK_BLOCK; i++) {
        uint32_t gap = docids[i] - previous - 1;
        previous = docids[i];
        gaps[i % SK_ROWS][i / SK_ROWS] = gap;
        gap_bits |= gap;
        rest[i / SK_LANES][i % SK_LANES] = (tfs[i] - 1) & ((UINT32_C(1) << plan.width) - 1);
    }
    uint8_t widths[2] = {(uint8_t)sk_bit_width(gap_bits), (uint8_t)(plan.width | (plan.count ? SK_PATCHED : 0))};
    sk_buffer_put(out, widths, 2);
    if (plan.count)
        put_patches(out, &plan, tfs);
    pack(out, (const uint32_t(*)[SK_LANES])gaps, widths[0]);
    pack(out, (const uint32_t(*)[SK_LANES])rest, plan.width);
}

static void copy_bits(sk_bit_writer *w, const sk_position_ref *ref, uint64_t size)
{
    uint64_t at = ref->bit;
    while (size) {
        unsigned some = size > 56 ? 56 : (unsigned)size;
        sk_bits_put(w, sk_bits_peek(ref->base, ref->bytes, at) & ((UINT64_C(1) << some) - 1), some);
        at += some;
        size -= some;
    }
}

/* The positions of up to 256 postings: an anchor (bit offset u32) for every 64th posting but the first, then the codes. */
static int encode_positions(sk_buffer *out, const sk_postings *p, uint32_t from, uint32_t to, const uint32_t **flat,
                            const sk_impact_scale *scale, uint64_t *position_bits)
{
    size_t anchors_at = out->length;
    uint32_t anchors[SK_BLOCK / SK_ANCHOR] = {0}, count = (to - from - 1) / SK_ANCHOR;
    sk_buffer_put(out, anchors, 4 * (size_t)count);
    sk_bit_writer w = {.out = out};
    for (uint32_t i = from; i < to; i++) {
        uint32_t length = scale->lengths[p->docids[i]], tf = p->tfs[i];
        if (tf > length || w.bits > UINT32_MAX)
            return SK_DAMAGED;
        if ((i - from) % SK_ANCHOR == 0 && i > from) {
            anchors[(i - from) / SK_ANCHOR - 1] = (uint32_t)w.bits;
        }
        if (p->refs) {
            copy_bits(&w, &p->refs[i], sk_positions_size(tf, length));
        } else {
            sk_positions_put(&w, *flat, tf, length);
            *flat += tf;
        }
    }
    sk_bits_flush(&w);
    if (out->failed)
        return SK_NO_MEMORY;
    memcpy(out->bytes + anchors_at, anchors, 4 * (size_t)count);
    *position_bits += w.bits + 32 * (uint64_t)count;
    return SK_OK;
}

/* The rank-th largest of n values, by quickselect; reorders them. Requires 1 <= rank <= n. */
static float nth_largest(float *values, uint32_t n, uint32_t rank)
{
    uint32_t low = 0, high = n - 1, want = rank - 1;
    while (low < high) {
        float pivot = values[low + (high - low) / 2];
        uint32_t i = low, j = high;
        while (i <= j) {
            while (values[i] > pivot)
                i++;
            while (values[j] < pivot)
                j--;
            if (i <= j) {
                float swap = values[i];
                values[i] = values[j];
                values[j] = swap;
                i++;
                if (j == 0)
                    break;
                j--;
            }
        }
        if (want <= j)
            high = j;
        else if (want >= i)
            low = i;
        else
            break;
    }
    return values[want];
}

int sk_encode_list(sk_buffer *out, const sk_postings *p, const sk_impact_scale *scale, sk_buffer *scratch,
                   uint64_t *position_bits)
{
    uint32_t n = p->count, full = n / SK_BLOCK, blocks = full + (n % SK_BLOCK != 0);
    const uint32_t *flat = p->positions;
    if (!full) {
        encode_coded(out, p->docids, p->tfs, n, UINT32_MAX);
        if (!p->positions && !p->refs)
            return out->failed ? SK_NO_MEMORY : SK_OK;
        return encode_positions(out, p, 0, n, &flat, scale, position_bits);
    }

    /* Impacts: c = tf / (1 - b + b * length / average), in float32 rounded up. */
    scratch->length = 0;
    if (sk_buffer_room(scratch, sizeof(float) * (size_t)n))
        return SK_NO_MEMORY;
    float *c = (float *)scratch->bytes, c_max = 0;
    double flat_part = 1.0 - scale->b, slope = scale->average > 0 ? scale->b / scale->average : 0;
    for (uint32_t i = 0; i < n; i++) {
        double norm = flat_part + slope * scale->lengths[p->docids[i]];
        c[i] = nextafterf((float)(p->tfs[i] / norm), INFINITY);
        c_max = c[i] > c_max ? c[i] : c_max;
    }
    if (!(c_max < 3e38f))
        return SK_DAMAGED;

    size_t head = out->length, head_size = SK_LIST_HEAD + 13 * (size_t)blocks;
    if (sk_buffer_room(out, head_size))
        return SK_NO_MEMORY;
    memset(out->bytes + head, 0, head_size);
    out->length += head_size;
    size_t data = out->length;
#define HEAD(array, block) (out->bytes + head + SK_LIST_HEAD + 4 * ((size_t)(array) * blocks + (block)))
    for (uint32_t block = 0; block < blocks; block++) {
        uint32_t from = block * SK_BLOCK, to = block < full ? from + SK_BLOCK : n;
        uint32_t previous = from ? p->docids[from - 1] : UINT32_MAX, offset;
        if (out->length - data > UINT32_MAX)
            return SK_DAMAGED;
        offset = (uint32_t)(out->length - data);
        memcpy(HEAD(0, block), &p->docids[to - 1], 4);
        memcpy(HEAD(1, block), &offset, 4);
        float most = 0;
        for (uint32_t i = from; i < to; i++)
            most = c[i] > most ? c[i] : most;
        double share = ceil(255.0 * most / c_max);
        out->bytes[head + SK_LIST_HEAD + 12 * (size_t)blocks + block] = (uint8_t)(share < 255 ? share : 255);
        if (block < full)
            encode_full(out, p->docids + from, p->tfs + from, previous);
        else
            encode_coded(out, p->docids + from, p->tfs + from, to - from, previous);
        if (out->failed)
            return SK_NO_MEMORY;
    }
    if (out->length - data > UINT32_MAX)
        return SK_DAMAGED;
    uint32_t data_size = (uint32_t)(out->length - data);
    float kth[SK_KTHS] = {0};
    static const uint32_t ranks[SK_KTHS] = {1000, 100, 10};
    uint32_t among = n;
    for (unsigned i = 0; i < SK_KTHS; i++)
        if (ranks[i] <= n) {
            /* After a selection the larger values stand in front: the next smaller rank looks among those only. */
            float value = nth_largest(c, among, ranks[i]);
            kth[SK_KTHS - 1 - i] = nextafterf(nextafterf(value, 0), 0);
            among = ranks[i];
        }
    memcpy(out->bytes + head, &c_max, 4);
    memcpy(out->bytes + head + 4, kth, sizeof kth);
    memcpy(out->bytes + head + 4 + sizeof kth, &data_size, 4);

    size_t positions = out->length;
    for (uint32_t block = 0; block < blocks && (p->positions || p->refs); block++) {
        uint32_t from = block * SK_BLOCK, to = block < full ? from + SK_BLOCK : n;
        if (out->length - positions > UINT32_MAX)
            return SK_DAMAGED;
        uint32_t offset = (uint32_t)(out->length - positions);
        memcpy(HEAD(2, block), &offset, 4);
        int failed = encode_positions(out, p, from, to, &flat, scale, position_bits);
        if (failed)
            return failed;
    }
#undef HEAD
    return out->failed ? SK_NO_MEMORY : SK_OK;
}

int sk_dict_add(sk_dict_builder *d, const uint8_t *key, uint32_t length)
{
    if (length > SK_KEY_MAX || d->keys.length > UINT32_MAX)
        return SK_DAMAGED;
    uint32_t shared = 0;
    if (d->count % SK_DICT_BLOCK == 0) {
        uint32_t offset = (uint32_t)d->keys.length;
        sk_buffer_put(&d->index, &offset, 4);
        sk_buffer_put(&d->index, &d->payload, 8);
    } else {
        while (shared < length && shared < d->last_length && key[shared] == d->last[shared])
            shared++;
    }
    sk_buffer_varint(&d->keys, shared);
    sk_buffer_varint(&d->keys, length - shared);
    sk_buffer_put(&d->keys, key + shared, length - shared);
    memcpy(d->last, key, length);
    d->last_length = length;
    d->count++;
    return SK_OK;
}

void sk_dict_free(sk_dict_builder *d)
{
    sk_buffer_free(&d->keys);
    sk_buffer_free(&d->index);
}
