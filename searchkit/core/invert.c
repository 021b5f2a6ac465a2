/* The builder's memory-speed part. See invert.h. */
#include "invert.h"

int sk_run_open(sk_run *r, int fold_accents, uint32_t title_weight)
{
    memset(r, 0, sizeof *r);
    r->fold_accents = fold_accents;
    r->title_weight = title_weight;
    r->slot_count = 1 << 12;
    r->slots = calloc(r->slot_count, sizeof *r->slots);
    return r->slots ? SK_OK : SK_NO_MEMORY;
}

static void close_inverted(sk_run *r)
{
    free(r->lengths);
    free(r->kept_titles);
    free(r->starts);
    free(r->entries);
    free(r->occurrences);
    r->lengths = r->kept_titles = NULL;
    r->starts = r->entries = r->occurrences = NULL;
}

void sk_run_close(sk_run *r)
{
    close_inverted(r);
    free(r->slots);
    sk_buffer_free(&r->forms);
    free(r->form_ends);
    free(r->log);
    free(r->ends);
    free(r->titles);
    memset(r, 0, sizeof *r);
}

static int grow(void **array, size_t size, uint64_t room)
{
    void *more = realloc(*array, size * room);
    if (!more)
        return SK_NO_MEMORY;
    *array = more;
    return SK_OK;
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Forms come padded with zeros to 16 readable bytes (tokenize.h), so short ones hash with two loads. */
static inline uint64_t hash_form(const uint8_t *form, uint32_t length)
{
    uint64_t hash = mix(sk_load64(form) ^ UINT64_C(0x9e3779b97f4a7c15), sk_load64(form + 8) ^ UINT64_C(0xd6e8feb86659fd93) ^ length);
    for (uint32_t i = 16; i < length; i += 8) {
        uint64_t word = 0;
        memcpy(&word, form + i, length - i < 8 ? length - i : 8);
        hash = mix(hash ^ word, UINT64_C(0xa0761d6478bd642f));
    }
    return hash;
}

static int rehash(sk_run *r)
{
    size_t count = r->slot_count * 2;
    sk_form_slot *slots = calloc(count, sizeof *slots);
    if (!slots)
        return SK_NO_MEMORY;
    for (size_t i = 0; i < r->slot_count; i++) {
        if (!r->slots[i].form)
            continue;
        size_t at = r->slots[i].hash & (count - 1);
        while (slots[at].form)
            at = (at + 1) & (count - 1);
        slots[at] = r->slots[i];
    }
    free(r->slots);
    r->slots = slots;
    r->slot_count = count;
    return SK_OK;
}

/* The slot of a form, or the free one where it belongs. */
static size_t find_slot(const sk_run *r, uint64_t hash, const uint8_t *form, uint32_t length)
{
    size_t at = hash & (r->slot_count - 1);
    for (; r->slots[at].form; at = (at + 1) & (r->slot_count - 1)) {
        if (r->slots[at].hash != hash)
            continue;
        uint32_t known = r->slots[at].form - 1;
        uint64_t start = known ? r->form_ends[known - 1] : 0;
        if (r->form_ends[known] - start == length && !memcmp(r->forms.bytes + start, form, length))
            break;
    }
    return at;
}

static int form_number(sk_run *r, const uint8_t *form, uint32_t length, uint32_t *number)
{
    uint64_t hash = hash_form(form, length);
    size_t at = find_slot(r, hash, form, length);
    if (r->slots[at].form) {
        *number = r->slots[at].form - 1;
        return SK_OK;
    }
    if (r->form_count == r->form_room) {
        uint32_t room = r->form_room ? r->form_room * 2 : 4096;
        if (grow((void **)&r->form_ends, sizeof *r->form_ends, room))
            return SK_NO_MEMORY;
        r->form_room = room;
    }
    sk_buffer_put(&r->forms, form, length);
    if (r->forms.failed)
        return SK_NO_MEMORY;
    r->form_ends[r->form_count] = r->forms.length;
    r->slots[at] = (sk_form_slot){hash, r->form_count + 1};
    *number = r->form_count++;
    return (uint64_t)r->form_count * 2 > r->slot_count ? rehash(r) : SK_OK;
}

static int log_tokens(sk_run *r, const uint8_t *text, size_t length)
{
    sk_tokenizer tokenizer;
    sk_token token;
    sk_tokenizer_start(&tokenizer, text, length, r->fold_accents);
    while (sk_tokenizer_next(&tokenizer, &token)) {
        if (r->log_length == r->log_room) {
            uint64_t room = r->log_room ? r->log_room * 2 : 1 << 16;
            if (grow((void **)&r->log, sizeof *r->log, room))
                return SK_NO_MEMORY;
            r->log_room = room;
        }
        if (form_number(r, token.form, token.form_length, &r->log[r->log_length]))
            return SK_NO_MEMORY;
        r->log_length++;
    }
    return SK_OK;
}

int sk_run_add(sk_run *r, const uint8_t *title, size_t title_length, const uint8_t *text, size_t text_length)
{
    uint64_t start = r->log_length;
    if (r->articles == r->article_room) {
        uint32_t room = r->article_room ? r->article_room * 2 : 1024;
        if (grow((void **)&r->ends, sizeof *r->ends, room) || grow((void **)&r->titles, sizeof *r->titles, room))
            return SK_NO_MEMORY;
        r->article_room = room;
    }
    uint32_t title_tokens = 0;
    int failed = SK_OK;
    if (r->title_weight && title_length) {
        failed = log_tokens(r, title, title_length);
        title_tokens = (uint32_t)(r->log_length - start);
        for (uint32_t copy = 1; copy < r->title_weight && title_tokens && !failed; copy++) {
            if (r->log_length + title_tokens > r->log_room) {
                uint64_t room = (r->log_length + title_tokens) * 2;
                failed = grow((void **)&r->log, sizeof *r->log, room);
                if (failed)
                    break;
                r->log_room = room;
            }
            memcpy(r->log + r->log_length, r->log + start, sizeof *r->log * (size_t)title_tokens);
            r->log_length += title_tokens;
        }
    }
    if (!failed)
        failed = log_tokens(r, text, text_length);
    if (!failed && r->log_length - start > INT32_MAX)
        failed = SK_NO_MEMORY;
    if (failed) {
        r->log_length = start;
        return failed;
    }
    r->titles[r->articles] = title_tokens;
    r->ends[r->articles++] = r->log_length;
    return SK_OK;
}

int sk_run_count(sk_run *r)
{
    close_inverted(r);
    r->occurrences = calloc((size_t)r->form_count + 1, sizeof(uint64_t));
    if (!r->occurrences)
        return SK_NO_MEMORY;
    for (uint64_t i = 0; i < r->log_length; i++)
        r->occurrences[r->log[i]]++;
    return SK_OK;
}

uint64_t sk_run_occurrences(const sk_run *r, const uint8_t *form, uint32_t length)
{
    uint8_t padded[SK_FORM_MAX + 1 + SK_FORM_PADDING] = {0};
    memcpy(padded, form, length);
    size_t at = find_slot(r, hash_form(padded, length), padded, length);
    return r->slots[at].form ? r->occurrences[r->slots[at].form - 1] : 0;
}

uint64_t sk_run_memory(const sk_run *r)
{
    return r->slot_count * sizeof *r->slots + r->forms.capacity + r->form_room * UINT64_C(8) +
           r->log_length * (sizeof *r->log + sizeof *r->entries) + r->article_room * UINT64_C(20);
}

int sk_run_invert(sk_run *r, const uint32_t *order, uint32_t kept, const uint32_t *term_of, uint32_t terms)
{
    close_inverted(r);
    r->kept = kept;
    r->terms = terms;
    r->lengths = malloc(sizeof(uint32_t) * ((size_t)kept + 1));
    r->kept_titles = malloc(sizeof(uint32_t) * ((size_t)kept + 1));
    r->occurrences = calloc((size_t)r->form_count + 1, sizeof(uint64_t));
    r->starts = calloc((size_t)terms + 2, sizeof(uint64_t));
    if (!r->lengths || !r->kept_titles || !r->occurrences || !r->starts)
        return SK_NO_MEMORY;

    r->total_length = 0;
    for (uint32_t docid = 0; docid < kept; docid++) {
        uint32_t article = order[docid];
        uint64_t from = article ? r->ends[article - 1] : 0, to = r->ends[article];
        for (uint64_t i = from; i < to; i++)
            r->occurrences[r->log[i]]++;
        r->lengths[docid] = (uint32_t)(to - from);
        r->kept_titles[docid] = r->titles[article];
        r->total_length += to - from;
    }
    r->entries = malloc(sizeof(uint64_t) * (r->total_length + 1));
    uint64_t *next = calloc((size_t)terms + 1, sizeof(uint64_t));
    if (!r->entries || !next) {
        free(next);
        return SK_NO_MEMORY;
    }
    for (uint32_t form = 0; form < r->form_count; form++)
        r->starts[term_of[form] + 1] += r->occurrences[form];
    for (uint32_t term = 0; term < terms; term++)
        r->starts[term + 1] += r->starts[term];
    memcpy(next, r->starts, sizeof(uint64_t) * terms);
    for (uint32_t docid = 0; docid < kept; docid++) {
        uint32_t article = order[docid];
        uint64_t from = article ? r->ends[article - 1] : 0, to = r->ends[article], entry = (uint64_t)docid << 32;
        for (uint64_t i = from; i < to; i++, entry++)
            r->entries[next[term_of[r->log[i]]]++] = entry;
    }
    free(next);
    return SK_OK;
}

int sk_run_encode(sk_run *r, uint32_t term, const sk_impact_scale *scale, sk_buffer *out, sk_buffer *scratch,
                  sk_buffer *work, uint32_t *df, uint64_t *position_bits)
{
    uint64_t from = r->starts[term], count = r->starts[term + 1] - from;
    *df = 0;
    if (!count)
        return SK_OK;
    work->length = 0;
    if (count > UINT32_MAX || sk_buffer_room(work, 12 * (size_t)count))
        return SK_NO_MEMORY;
    uint32_t *docids = (uint32_t *)work->bytes, *tfs = docids + count, *positions = tfs + count, n = 0;
    const uint64_t *entries = r->entries + from;
    uint32_t previous = UINT32_MAX;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t docid = (uint32_t)(entries[i] >> 32);
        positions[i] = (uint32_t)entries[i];
        if (docid != previous) {
            docids[n] = previous = docid;
            tfs[n++] = 0;
        }
        tfs[n - 1]++;
    }
    sk_postings postings = {.docids = docids, .tfs = tfs, .count = n, .positions = positions};
    *df = n;
    return sk_encode_list(out, &postings, scale, scratch, position_bits);
}
