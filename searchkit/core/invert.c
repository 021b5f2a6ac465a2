/* The builder's memory-speed part. See invert.h. */
#include "invert.h"

#include "large.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { FORMS_MAX = 1 << 28, HINT = 256, AHEAD = 16 };

/* Marks: units of a word of them, what is of no marked range, what is no token's first unit. */
enum { MARKS = 16, OTHER = SK_MARKED_RANGES, SECOND = 15 };

/* The lowest bit of each mark. */
#define EACH_MARK UINT64_C(0x1111111111111111)

/* Articles whose places, and units of the log that are on their way from memory. */
enum { PLACES_AHEAD = 8, HITS = 128 };

/* No form: text holds no byte 0xFF. */
#define NO_TEXT UINT64_MAX

int sk_run_open(sk_run *r, int fold_accents, uint32_t title_weight)
{
    memset(r, 0, sizeof *r);
    r->fold_accents = fold_accents;
    r->title_weight = title_weight;
    r->slot_count = 1 << 12;
    r->slots = sk_large_new(r->slot_count * sizeof *r->slots);
    return r->slots ? SK_OK : SK_NO_MEMORY;
}

void sk_run_close(sk_run *r)
{
    sk_run_close_table(r);
    sk_buffer_free(&r->forms);
    free(r->form_ends);
    sk_large_free(r->log, (size_t)r->log_room * sizeof *r->log);
    free(r->ends);
    free(r->titles);
    free(r->lengths);
    memset(r, 0, sizeof *r);
}

void sk_run_close_table(sk_run *r)
{
    sk_large_free(r->slots, r->slot_count * sizeof *r->slots);
    r->slots = NULL;
    r->slot_count = 0;
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

static inline uint64_t hash_key(const uint64_t key[2])
{
    return key[1] == NO_TEXT ? key[0] : mix(key[0] ^ UINT64_C(0x9e3779b97f4a7c15), key[1] ^ UINT64_C(0xd6e8feb86659fd93));
}

/* Forms come padded with zeros to 16 readable bytes (tokenize.h). */
static inline void key_of(const uint8_t *form, uint32_t length, uint64_t key[2])
{
    key[0] = sk_load64(form);
    key[1] = sk_load64(form + 8);
    if (length <= 16)
        return;
    uint64_t hash = mix(key[0] ^ UINT64_C(0x9e3779b97f4a7c15), key[1] ^ length);
    for (uint32_t i = 16; i < length; i += 8) {
        uint64_t word = 0;
        memcpy(&word, form + i, length - i < 8 ? length - i : 8);
        hash = mix(hash ^ word, UINT64_C(0xa0761d6478bd642f));
    }
    key[0] = hash;
    key[1] = NO_TEXT;
}

static int rehash(sk_run *r)
{
    size_t count = r->slot_count * 2;
    sk_form_slot *slots = sk_large_new(count * sizeof *slots);
    if (!slots)
        return SK_NO_MEMORY;
    for (size_t i = 0; i < r->slot_count; i++) {
        if (!r->slots[i].form)
            continue;
        size_t at = hash_key(r->slots[i].key) & (count - 1);
        while (slots[at].form)
            at = (at + 1) & (count - 1);
        slots[at] = r->slots[i];
    }
    sk_run_close_table(r);
    r->slots = slots;
    r->slot_count = count;
    return SK_OK;
}

static int same_long_form(const sk_run *r, uint32_t number, const uint8_t *form, uint32_t length)
{
    uint32_t own;
    const uint8_t *at = sk_form_at(r, number, &own);
    return own == length && !memcmp(at, form, length);
}

/* The slot of a form, or the free one where it belongs. */
static inline size_t find_slot(const sk_run *r, const uint64_t key[2], const uint8_t *form, uint32_t length)
{
    size_t at = hash_key(key) & (r->slot_count - 1);
    for (;; at = (at + 1) & (r->slot_count - 1)) {
        const sk_form_slot *slot = &r->slots[at];
        if (!slot->form)
            return at;
        if (slot->key[0] == key[0] && slot->key[1] == key[1] &&
            (key[1] != NO_TEXT || same_long_form(r, slot->form - 1, form, length)))
            return at;
    }
}

static int new_form(sk_run *r, size_t at, const uint64_t key[2], const uint8_t *form, uint32_t length, uint32_t more)
{
    if (r->form_count == r->form_room) {
        uint32_t room = r->form_room ? r->form_room * 2 : 4096;
        if (grow((void **)&r->form_ends, sizeof *r->form_ends, room))
            return SK_NO_MEMORY;
        r->form_room = room;
    }
    sk_buffer_put(&r->forms, form, length);
    if (r->forms.failed || r->form_count == FORMS_MAX)
        return SK_NO_MEMORY;
    r->form_ends[r->form_count++] = r->forms.length;
    r->slots[at] = (sk_form_slot){{key[0], key[1]}, r->form_count, more};
    return (uint64_t)r->form_count * 2 > r->slot_count ? rehash(r) : SK_OK;
}

int sk_run_form(sk_run *r, const uint8_t *form, uint32_t length, uint32_t more, uint32_t *number)
{
    uint8_t padded[SK_FORM_MAX + 1 + SK_FORM_PADDING] = {0};
    uint64_t key[2];
    memcpy(padded, form, length);
    key_of(padded, length, key);
    size_t at = find_slot(r, key, padded, length);
    if (r->slots[at].form) {
        *number = r->slots[at].form - 1;
        r->slots[at].count += more;
        return SK_OK;
    }
    *number = r->form_count;
    return new_form(r, at, key, padded, length, more);
}

static inline void log_form(sk_run *r, uint32_t number)
{
    if (number >= SK_LONG_UNIT) {
        r->log[r->log_length++] = (uint16_t)(SK_LONG_UNIT | number >> 16);
        number &= 0xFFFF;
    }
    r->log[r->log_length++] = (uint16_t)number;
}

static int room_in_log(sk_run *r, uint64_t units)
{
    if (r->log_length + units <= r->log_room)
        return SK_OK;
    uint64_t room = r->log_room ? r->log_room + r->log_room / 2 : 1 << 16;
    if (room < r->log_length + units)
        room = r->log_length + units;
    uint16_t *log = sk_large_grow(r->log, (size_t)r->log_room * sizeof *log, (size_t)room * sizeof *log);
    if (!log)
        return SK_NO_MEMORY;
    r->log = log;
    r->log_room = room;
    return SK_OK;
}

/* Keys of forms whose slots are on their way from memory. */
typedef struct {
    uint64_t keys[AHEAD][2];
    unsigned count;
} waiting;

/* Log the token of a form whose key is known. */
static int log_key(sk_run *r, const uint64_t key[2], const uint8_t *form, uint32_t length)
{
    size_t at = find_slot(r, key, form, length);
    if (!r->slots[at].form) {
        uint32_t number = r->form_count;
        if (new_form(r, at, key, form, length, 1))
            return SK_NO_MEMORY;
        log_form(r, number);
    } else {
        r->slots[at].count++;
        log_form(r, r->slots[at].form - 1);
    }
    return SK_OK;
}

static int log_waiting(sk_run *r, waiting *w)
{
    if (room_in_log(r, 2 * AHEAD))
        return SK_NO_MEMORY;
    for (unsigned i = 0; i < w->count; i++) {
        uint8_t form[16];
        memcpy(form, w->keys[i], 16);
        /* Zeros follow a short form, and no form has one. */
        unsigned zeros = (unsigned)__builtin_clzll(w->keys[i][1] ? w->keys[i][1] : w->keys[i][0]) / 8;
        if (log_key(r, w->keys[i], form, (w->keys[i][1] ? 16 : 8) - zeros))
            return SK_NO_MEMORY;
    }
    w->count = 0;
    return SK_OK;
}

static int log_tokens(sk_run *r, const uint8_t *text, size_t length, uint64_t *tokens)
{
    sk_tokenizer tokenizer;
    sk_token token;
    waiting w;
    w.count = 0;
    sk_tokenizer_start(&tokenizer, text, length, r->fold_accents);
    while (sk_tokenizer_next(&tokenizer, &token)) {
        uint64_t *key = w.keys[w.count];
        key_of(token.form, token.form_length, key);
        ++*tokens;
        if (key[1] == NO_TEXT) {
            uint64_t long_key[2] = {key[0], key[1]};
            if (log_waiting(r, &w) || log_key(r, long_key, token.form, token.form_length))
                return SK_NO_MEMORY;
            continue;
        }
        __builtin_prefetch(&r->slots[hash_key(key) & (r->slot_count - 1)]);
        if (++w.count == AHEAD && log_waiting(r, &w))
            return SK_NO_MEMORY;
    }
    return log_waiting(r, &w);
}

/* Once more what the log has from `start` to `end`. */
static int log_again(sk_run *r, uint64_t start, uint64_t end)
{
    if (room_in_log(r, end - start))
        return SK_NO_MEMORY;
    for (const uint16_t *at = r->log + start; at < r->log + end;) {
        uint32_t number = sk_logged_form(&at), again, length;
        const uint8_t *form = sk_form_at(r, number, &length);
        if (sk_run_form(r, form, length, 1, &again))
            return SK_NO_MEMORY;
        log_form(r, number);
    }
    return SK_OK;
}

int sk_run_add(sk_run *r, const uint8_t *title, size_t title_length, const uint8_t *text, size_t text_length)
{
    uint64_t start = r->log_length, tokens = 0;
    if (r->articles == r->article_room) {
        uint32_t room = r->article_room ? r->article_room * 2 : 1024;
        if (grow((void **)&r->ends, sizeof *r->ends, room) || grow((void **)&r->titles, sizeof *r->titles, room) ||
            grow((void **)&r->lengths, sizeof *r->lengths, room))
            return SK_NO_MEMORY;
        r->article_room = room;
    }
    uint32_t title_tokens = 0;
    int failed = SK_OK;
    if (r->title_weight && title_length) {
        failed = log_tokens(r, title, title_length, &tokens);
        title_tokens = (uint32_t)tokens;
        uint64_t end = r->log_length;
        for (uint32_t copy = 1; copy < r->title_weight && title_tokens && !failed; copy++) {
            failed = log_again(r, start, end);
            tokens += title_tokens;
        }
    }
    if (!failed)
        failed = log_tokens(r, text, text_length, &tokens);
    if (!failed && tokens > INT32_MAX)
        failed = SK_NO_MEMORY;
    if (failed) {
        r->log_length = start;
        return failed;
    }
    r->titles[r->articles] = title_tokens;
    r->lengths[r->articles] = (uint32_t)tokens;
    r->ends[r->articles++] = r->log_length;
    r->tokens += tokens;
    return SK_OK;
}

uint64_t sk_run_occurrences(const sk_run *r, const uint8_t *form, uint32_t length)
{
    uint8_t padded[SK_FORM_MAX + 1 + SK_FORM_PADDING] = {0};
    uint64_t key[2];
    memcpy(padded, form, length);
    key_of(padded, length, key);
    const sk_form_slot *slot = &r->slots[find_slot(r, key, padded, length)];
    return slot->form ? slot->count : 0;
}

void sk_run_counts(const sk_run *r, uint64_t *counts)
{
    for (size_t i = 0; i < r->slot_count; i++)
        if (r->slots[i].form)
            counts[r->slots[i].form - 1] = r->slots[i].count;
}

void sk_run_uncount(const sk_run *r, uint32_t article, uint64_t *counts)
{
    for (const uint16_t *at = sk_article_start(r, article); at < r->log + r->ends[article];)
        counts[sk_logged_form(&at)]--;
}

void sk_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

uint64_t sk_run_memory(const sk_run *r)
{
    return r->slot_count * sizeof *r->slots + r->forms.capacity + r->form_room * UINT64_C(8) +
           r->log_length * sizeof *r->log + r->article_room * UINT64_C(16);
}

int sk_inversion_open(sk_inversion *v)
{
    uint64_t total = 0;
    v->first_tokens = malloc(sizeof(uint32_t) * ((size_t)v->kept + 1));
    v->first_marks = malloc(sizeof(uint64_t) * ((size_t)v->kept + 1));
    if (!v->first_tokens || !v->first_marks)
        return SK_NO_MEMORY;
    for (uint32_t docid = 0; docid < v->kept; docid++) {
        v->first_tokens[docid] = (uint32_t)total;
        total += v->scale->lengths[docid];
    }
    v->first_tokens[v->kept] = (uint32_t)total;
    v->hints = malloc(sizeof(uint32_t) * (size_t)(total / HINT + 1));
    if (!v->hints)
        return SK_NO_MEMORY;
    uint32_t docid = 0;
    for (uint64_t token = 0; token < total; token += HINT) {
        while (docid + 1 < v->kept && v->first_tokens[docid + 1] <= token)
            docid++;
        v->hints[token / HINT] = docid;
    }
    uint64_t words = 0;
    for (docid = 0; docid < v->kept; docid++) {
        sk_place place = v->places[docid];
        const sk_run *r = &v->runs[place.run];
        v->first_marks[docid] = words;
        words += (r->ends[place.article] - sk_article_begin(r, place.article) + MARKS - 1) / MARKS;
    }
    v->first_marks[v->kept] = words;
    v->marks = malloc(sizeof(uint64_t) * (size_t)(words + 1));
    return v->marks ? SK_OK : SK_NO_MEMORY;
}

void sk_inversion_close(sk_inversion *v)
{
    free(v->first_tokens);
    free(v->hints);
    free(v->first_marks);
    free(v->marks);
    v->first_tokens = v->hints = NULL;
    v->first_marks = v->marks = NULL;
}

int sk_marking_open(sk_marking *m, const sk_inversion *v, uint32_t runs)
{
    m->mark_of = calloc((size_t)runs + 1, sizeof *m->mark_of);
    for (uint32_t run = 0; m->mark_of && run < runs; run++) {
        uint32_t count = v->runs[run].form_count;
        uint8_t *mark_of = m->mark_of[run] = malloc((size_t)count + 1);
        if (!mark_of)
            return SK_NO_MEMORY;
        for (uint32_t form = 0; form < count; form++) {
            uint32_t term = v->term_of[run][form], range = 0;
            while (range < m->ranges && term >= m->pasts[range])
                range++;
            int sorted = v->number_of[term] == SK_NOT_FREQUENT && term >= m->first && range < m->ranges;
            mark_of[form] = (uint8_t)(sorted ? range : OTHER);
        }
    }
    return m->mark_of ? SK_OK : SK_NO_MEMORY;
}

void sk_marking_close(sk_marking *m, uint32_t runs)
{
    for (uint32_t run = 0; m->mark_of && run < runs; run++)
        free(m->mark_of[run]);
    free(m->mark_of);
    m->mark_of = NULL;
}

void sk_mark(const sk_marking *m, const sk_inversion *v, uint32_t docid, uint32_t past)
{
    for (; docid < past; docid++) {
        sk_place place = v->places[docid];
        const sk_run *r = &v->runs[place.run];
        const uint8_t *mark_of = m->mark_of[place.run];
        uint64_t *out = &v->marks[v->first_marks[docid]], word = 0;
        unsigned shift = 0;
        const uint16_t *at = r->log + sk_article_begin(r, place.article), *end = r->log + r->ends[place.article];
        while (at < end) {
            int twice = *at >= SK_LONG_UNIT;
            uint64_t mark = mark_of[sk_logged_form(&at)];
            for (;;) {
                word |= mark << shift;
                shift = (shift + 4) % 64;
                if (!shift) {
                    *out++ = word;
                    word = 0;
                }
                if (!twice)
                    break;
                mark = SECOND;
                twice = 0;
            }
        }
        if (shift)
            *out = word | UINT64_MAX << shift;
    }
}

/* Units of a log that are a range's own, and their tokens. */
typedef struct {
    const uint16_t *units[HITS + MARKS];
    uint32_t tokens[HITS + MARKS];
    const uint32_t *terms[HITS + MARKS];
    uint32_t count;
} found;

static void sort_found(found *f, uint32_t first, uint32_t *next, uint32_t *tokens)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const uint16_t *unit = f->units[i];
        uint32_t term = f->terms[i][sk_logged_form(&unit)] - first;
        tokens[next[term]++] = f->tokens[i];
    }
    f->count = 0;
}

/* tokens[] = the tokens of the range's terms, grouped by term and rising. next[term] is where the term's are to be put,
 * and ends where the next one's begin. */
static void sort_tokens(const sk_inversion *v, const sk_range *range, uint32_t *next, uint32_t *tokens)
{
    const uint64_t own = range->mark * EACH_MARK, *marks = v->marks;
    found f;
    f.count = 0;
    for (uint32_t docid = 0; docid < v->kept; docid++) {
        sk_place place = v->places[docid];
        const sk_run *r = &v->runs[place.run];
        const uint32_t *term_of = v->term_of[place.run];
        const uint16_t *log = r->log + sk_article_begin(r, place.article);
        const uint64_t *end = v->marks + v->first_marks[docid + 1];
        if (v->kept - docid > PLACES_AHEAD) {
            sk_place ahead = v->places[docid + PLACES_AHEAD];
            __builtin_prefetch(&v->runs[ahead.run].ends[ahead.article]);
        }
        for (uint32_t token = v->first_tokens[docid]; marks < end; marks++, log += MARKS) {
            /* A unit's token is `token` and as many as its place in the word, less the second units before it there. */
            uint64_t word = *marks, other = word ^ own, second = word & word >> 1;
            other |= other >> 1;
            other |= other >> 2;
            second &= second >> 2 & EACH_MARK;
            for (uint64_t hits = ~other & EACH_MARK; hits; hits &= hits - 1) {
                unsigned bit = (unsigned)__builtin_ctzll(hits);
                uint64_t before = second & ((UINT64_C(1) << bit) - 1);
                f.units[f.count] = log + bit / 4;
                __builtin_prefetch(f.units[f.count]);
                f.terms[f.count] = term_of;
                f.tokens[f.count++] = token + bit / 4 - (uint32_t)(before * EACH_MARK >> 60);
            }
            token += MARKS - (uint32_t)(second * EACH_MARK >> 60);
            if (f.count >= HITS)
                sort_found(&f, range->first, next, tokens);
        }
    }
    sort_found(&f, range->first, next, tokens);
}

/* The list of one term, of whose tokens all places are known; they become positions. */
static int encode_term(const sk_inversion *v, uint32_t *tokens, uint32_t count, sk_range *range, sk_buffer *scratch,
                       sk_buffer *work, uint32_t *df)
{
    uint32_t most = count < v->kept ? count : v->kept, n = 0;
    work->length = 0;
    if (sk_buffer_room(work, 8 * (size_t)most))
        return SK_NO_MEMORY;
    uint32_t *docids = (uint32_t *)work->bytes, *tfs = docids + most;
    const uint32_t *first_tokens = v->first_tokens;
    uint32_t docid = 0, past = 0; /* `past`: the token behind the article that was found last */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t token = tokens[i];
        if (token >= past) {
            uint32_t hint = v->hints[token / HINT];
            docid = hint > docid ? hint : docid;
            while (first_tokens[docid + 1] <= token)
                docid++;
            past = first_tokens[docid + 1];
            docids[n] = docid;
            tfs[n++] = 0;
        }
        tokens[i] = token - first_tokens[docid];
        tfs[n - 1]++;
    }
    sk_postings postings = {.docids = docids, .tfs = tfs, .count = n, .positions = tokens};
    *df = n;
    return sk_encode_list(&range->out, &postings, v->scale, scratch, &range->position_bits);
}

/* Room for so many numbers in an array of them, which may lose what it holds. */
static int room_for(uint32_t **array, uint64_t *room, uint64_t count)
{
    if (count <= *room)
        return SK_OK;
    sk_large_free(*array, sizeof(uint32_t) * (size_t)*room);
    *room = 0;
    *array = sk_large_new(sizeof(uint32_t) * (size_t)count);
    if (!*array)
        return SK_NO_MEMORY;
    *room = count;
    return SK_OK;
}

/* s->frequent = the tokens of a frequent term. */
static int take_frequent(const sk_inversion *v, unsigned number, uint64_t count, sk_sorting *s)
{
    if (room_for(&s->frequent, &s->frequent_room, count))
        return SK_NO_MEMORY;
    uint32_t *out = s->frequent;
    for (uint32_t i = 0; i < v->slice_count; i++) {
        const sk_buffer *tokens = &v->slices[i].tokens[number];
        uint32_t token = v->first_tokens[v->slices[i].docid];
        const uint8_t *at = tokens->bytes, *end = tokens->length ? at + tokens->length : at;
        for (; at < end; token++) {
            token += sk_number(&at);
            *out++ = token;
        }
    }
    return SK_OK;
}

int sk_range_invert(const sk_inversion *v, sk_range *range, sk_sorting *s)
{
    uint32_t count = range->past - range->first;
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++)
        total += v->number_of[range->first + i] == SK_NOT_FREQUENT ? range->occurrences[range->first + i] : 0;
    range->dfs = calloc(count, sizeof *range->dfs);
    range->sizes = calloc(count, sizeof *range->sizes);
    if (total >= UINT32_MAX || !range->dfs || !range->sizes || room_for(&s->next, &s->next_room, count) ||
        room_for(&s->tokens, &s->token_room, total))
        return SK_NO_MEMORY;
    uint32_t *next = s->next, *tokens = s->tokens, from = 0;
    for (uint32_t i = 0; i < count; i++) {
        next[i] = from;
        from += v->number_of[range->first + i] == SK_NOT_FREQUENT ? (uint32_t)range->occurrences[range->first + i] : 0;
    }
    sort_tokens(v, range, next, tokens);
    from = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t size = range->out.length;
        uint32_t *own = tokens + from, number = next[i] - from;
        int failed = SK_OK;
        if (v->number_of[range->first + i] != SK_NOT_FREQUENT) {
            number = (uint32_t)range->occurrences[range->first + i];
            failed = take_frequent(v, v->number_of[range->first + i], number, s);
            own = s->frequent;
        }
        if (number && !failed)
            failed = encode_term(v, own, number, range, &s->scratch, &s->work, &range->dfs[i]);
        if (failed)
            return failed;
        range->sizes[i] = range->out.length - size;
        from = next[i];
    }
    return SK_OK;
}

void sk_sorting_close(sk_sorting *s)
{
    sk_large_free(s->next, sizeof(uint32_t) * (size_t)s->next_room);
    sk_large_free(s->tokens, sizeof(uint32_t) * (size_t)s->token_room);
    sk_large_free(s->frequent, sizeof(uint32_t) * (size_t)s->frequent_room);
    sk_buffer_free(&s->scratch);
    sk_buffer_free(&s->work);
}

void sk_range_close(sk_range *range)
{
    sk_buffer_free(&range->out);
    free(range->dfs);
    free(range->sizes);
    range->dfs = NULL;
    range->sizes = NULL;
}
