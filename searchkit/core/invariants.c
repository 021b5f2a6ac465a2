/* The walk over one segment. See invariants.h; compare.c has the one over two. */
#include "invariants.h"

#include "tokenize.h"

enum { LENGTHS, DATES, IDS, ID_ORDER, TERMS, TOKENS, FORMS, OCCURRENCES, DONE };

/* Rounding: bounds are float32, rounded to the safe side, of quotients in float64. */
#define SLACK (1 + 1e-6)

int sk_verify_open(sk_verify *v, const sk_segment *s, int exact)
{
    memset(v, 0, sizeof *v);
    v->s = s;
    v->exact = exact;
    /* No token takes less than a 32nd of a byte: of a posting or of its positions. */
    v->most = s->postings.size * UINT64_C(32) < s->total_length ? s->postings.size * UINT64_C(32) : s->total_length;
    v->docids = malloc(sizeof *v->docids * s->articles);
    v->taken = calloc(s->articles, sizeof *v->taken);
    v->owed = calloc((size_t)s->term_count + 1, sizeof *v->owed);
    return v->docids && v->taken && v->owed ? SK_OK : SK_NO_MEMORY;
}

void sk_verify_close(sk_verify *v)
{
    free(v->last);
    free(v->id);
    free(v->docids);
    free(v->taken);
    free(v->owed);
    free(v->positions);
}

static int fault_at(sk_fault *f, const char *section, const char *what, const uint8_t *at)
{
    *f = (sk_fault){.section = section, .what = what, .at = at};
    return 1;
}

static int fault_of(sk_fault *f, const char *section, const char *what, const uint8_t *at, const char *counts,
                    uint64_t number)
{
    fault_at(f, section, what, at);
    f->counts = counts;
    f->number = number;
    return 1;
}

static int fault_in(sk_fault *f, const char *section, const char *what, const uint8_t *at, const sk_dict_walk *w)
{
    fault_at(f, section, what, at);
    memcpy(f->key, w->key, w->key_length);
    f->key_length = w->key_length;
    return 1;
}

static int grow(void **room, size_t *size, size_t wanted, size_t item)
{
    if (wanted <= *size)
        return SK_OK;
    size_t more = wanted + wanted / 2 + 64;
    void *larger = realloc(*room, more * item);
    if (!larger)
        return SK_NO_MEMORY;
    *room = larger;
    *size = more;
    return SK_OK;
}

/* Well-formed UTF-8: no surrogates, nothing longer than it need be, nothing above U+10FFFF. */
static int is_utf8(const uint8_t *at, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint8_t lead = at[i];
        unsigned more = lead < 0x80 ? 0 : lead < 0xc2 ? 9 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 9;
        if (more > length - i - 1)
            return 0;
        uint8_t next = more ? at[i + 1] : 0x80;
        if ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f) || (lead == 0xf0 && next < 0x90) ||
            (lead == 0xf4 && next > 0x8f))
            return 0;
        for (unsigned k = 1; k <= more; k++)
            if ((at[i + k] & 0xc0) != 0x80)
                return 0;
        i += more + 1;
    }
    return 1;
}

/* Remember a key; whether it stands above the one before, -1 for SK_NO_MEMORY. */
static int rises(sk_verify *v, const uint8_t *key, size_t length, int first)
{
    size_t shorter = length < v->last_length ? length : v->last_length;
    int order = first ? 1 : shorter ? memcmp(key, v->last, shorter) : 0;
    if (!order)
        order = length > v->last_length ? 1 : -1;
    if (grow((void **)&v->last, &v->last_room, length, 1))
        return -1;
    if (length)
        memcpy(v->last, key, length);
    v->last_length = length;
    return order > 0;
}

/* ---- figures of articles ----------------------------------------------------------------------------------------- */

static int verify_lengths(sk_verify *v, sk_fault *f)
{
    const sk_segment *s = v->s;
    uint64_t tokens = 0;
    uint32_t least = UINT32_MAX, most = 0, titled = UINT32_MAX;
    for (uint32_t docid = 0; docid < s->articles; docid++) {
        uint32_t length = sk_length(s, docid);
        tokens += length;
        most = length > most ? length : most;
        least = length < least ? length : least;
        if ((uint64_t)sk_title_length(s, docid) * s->title_weight > length && titled == UINT32_MAX)
            titled = docid;
    }
    v->stage = DATES;
    if (tokens != s->total_length || most != s->length_max || least != s->length_min)
        return fault_at(f, "lengths", "lengths that do not add up to the figures in meta", s->lengths.at);
    double average = (double)s->total_length / (double)s->articles;
    if (s->average != average)
        return fault_at(f, "meta", "an average length that is not the one of its articles", s->meta.at + 24);
    if (titled != UINT32_MAX)
        return fault_of(f, "titles", "a title longer than its article", s->titles.at + (size_t)titled * s->title_width,
                        "docid", titled);
    return 0;
}

static int verify_dates(sk_verify *v, sk_fault *f)
{
    const sk_segment *s = v->s;
    int64_t last_start = INT64_MAX, last_end = INT64_MAX, longest = 0;
    uint32_t previous = 0;
    v->stage = IDS;
    for (uint32_t i = 0; i < s->runs; i++) {
        const uint8_t *run = s->dates.at + (size_t)i * SK_RUN_BYTES;
        int64_t start = sk_load64s(run), end = sk_load64s(run + 8);
        uint32_t docid = sk_load32(run + 16);
        int dated = 0 <= start && start < end, undated = start == -1 && end == -1;
        if ((i == 0 && docid) || (i && docid <= previous) || docid >= s->articles || (!dated && !undated) ||
            end > last_end || (end == last_end && start >= last_start))
            return fault_of(f, "dates", "a run out of order", run, "run", i);
        previous = docid;
        last_start = start;
        last_end = end;
        longest = end - start > longest ? end - start : longest;
    }
    if (longest != s->longest)
        return fault_at(f, "meta", "a longest interval that is not the one of its dates", s->meta.at + 56);
    return 0;
}

static int verify_ids(sk_verify *v, sk_fault *f)
{
    const sk_segment *s = v->s;
    if (v->at == 0)
        sk_ids_start(&v->ids, s, 0);
    v->stage = ID_ORDER;
    for (; v->at < s->articles; v->at++) {
        if (sk_ids_next(&v->ids) != 1)
            return fault_of(f, "ids", "no id can be read from here on", v->ids.next, "rank", v->at);
        if (grow((void **)&v->id, &v->id_room, v->ids.id.length, 1))
            return SK_NO_MEMORY;
        sk_id_copy(&v->ids.id, v->id);
        int rising = rises(v, v->id, v->ids.id.length, v->at == 0);
        if (rising < 0)
            return SK_NO_MEMORY;
        if (!rising || !is_utf8(v->id, v->ids.id.length)) {
            v->stage = IDS;
            return fault_of(f, "ids", rising ? "an id that is no UTF-8" : "an id out of order", v->ids.next, "rank",
                            v->at++);
        }
    }
    if (v->ids.next != v->ids.end)
        return fault_at(f, "ids", "bytes behind the last id", v->ids.next);
    return 0;
}

static int verify_id_order(sk_verify *v, sk_fault *f)
{
    const sk_segment *s = v->s;
    v->stage = TERMS;
    v->at = 0;
    if (sk_id_docids(s, v->docids))
        return fault_at(f, "id_order", "two articles with one id", s->id_order.at);
    for (uint32_t rank = 0; rank < s->articles; rank++)
        if (sk_id_docid(s, rank) != (int64_t)v->docids[rank])
            return fault_of(f, "id_order", "no way from a rank to its docid", s->id_order.at, "rank", rank);
    for (uint32_t run = 0; run < s->runs; run++) {
        const uint8_t *entry = s->dates.at + (size_t)run * SK_RUN_BYTES + 16;
        uint32_t first = sk_load32(entry), past = run + 1 < s->runs ? sk_load32(entry + SK_RUN_BYTES) : s->articles;
        int64_t before = -1;
        for (uint32_t docid = first; docid < past && docid < s->articles; docid++) {
            int64_t rank = sk_id_rank(s, docid);
            if (rank <= before)
                return fault_of(f, "id_order", "articles of one date that are not in order of their ids",
                                s->id_order.at, "docid", docid);
            before = rank;
        }
    }
    return 0;
}

/* ---- dictionary of terms, and postings --------------------------------------------------------------------------- */

static const char *const POSITIONS = "positions that are damaged", *const BOUND = "a bound below what it bounds",
                         *const UNREADABLE = "a list that is unreadable", *const KTH = "too few postings above a rank";

/* What is wrong with the list of the walk's term: NULL nothing, a text, or "" for SK_NO_MEMORY. */
static const char *verify_list(sk_verify *v, sk_cursor *c, int pair)
{
    const sk_segment *s = v->s;
    const char *wrong = NULL;
    uint32_t previous = UINT32_MAX, above[SK_KTHS] = {0};
    static const uint32_t ranks[SK_KTHS] = {10, 100, 1000};
    double flat = 1.0 - s->b, slope = s->average > 0 ? s->b / s->average : 0;
    uint64_t occurrences = 0, bits = 0;
    for (uint32_t block = 0; block < c->blocks; block++) {
        double bound = 0;
        if (sk_cursor_load(c, block, 1))
            return UNREADABLE;
        bits += pair ? 0 : 32 * (uint64_t)((c->count - 1) / SK_ANCHOR);
        for (uint32_t i = 0; i < c->count; i++) {
            uint32_t docid = c->docids[i], tf = c->tfs[i], length = sk_length(s, docid);
            if ((previous != UINT32_MAX && docid <= previous) || tf > length)
                return UNREADABLE;
            if (!pair && (v->tokens += tf) > v->most)
                return UNREADABLE; /* positions that are read again and again */
            previous = docid;
            double impact = tf / (flat + slope * length);
            bound = impact > bound ? impact : bound;
            for (unsigned k = 0; k < SK_KTHS; k++)
                above[k] += impact * SLACK >= c->kth[k];
            if (pair)
                continue;
            sk_position_code code;
            if (sk_cursor_code(c, i, &code))
                return POSITIONS;
            if (grow((void **)&v->positions, &v->positions_room, tf, sizeof *v->positions))
                return "";
            if (sk_code_positions(&code, v->positions))
                return POSITIONS;
            occurrences += tf;
            bits += sk_positions_size(tf, length);
            sk_taken *taken = &v->taken[docid];
            taken->count += tf;
            for (uint32_t k = 0; k < tf; k++) {
                uint64_t position = v->positions[k];
                if ((k && position <= v->positions[k - 1]) || position >= length)
                    return POSITIONS;
                taken->sum += position;
                taken->squares += position * position;
            }
        }
        if (c->full && !(bound <= c->impacts[block] * (c->c_max / 255.0) * SLACK))
            wrong = BOUND;
    }
    for (unsigned k = 0; c->full && k < SK_KTHS; k++)
        if (!(c->kth[k] <= 0) && (c->df < ranks[k] || above[k] < ranks[k]))
            wrong = KTH;
    v->position_bits += bits;
    v->owed[v->walk.at - 1] = (int64_t)(occurrences - v->walk.list.identity);
    return wrong;
}

static int verify_terms(sk_verify *v, sk_fault *f)
{
    const sk_segment *s = v->s;
    if (v->at == 0)
        sk_dict_start(&v->walk, s, 0);
    for (;;) {
        int more = sk_dict_next(&v->walk);
        if (more <= 0) {
            v->stage = TOKENS;
            v->at = 0;
            if (more == 0 && v->walk.payload == s->postings.size && (!v->walk.next ||
                v->walk.next == s->terms.at + s->terms.size))
                return 0;
            v->broken = 1;
            return more ? fault_in(f, "terms", "nothing can be read behind a term", v->walk.next, &v->walk)
                        : fault_at(f, "terms", "terms or lists that do not fill their section", v->walk.next);
        }
        int first = v->at++ == 0, rising = rises(v, v->walk.key, v->walk.key_length, first);
        if (rising < 0)
            return SK_NO_MEMORY;
        if (!rising || !is_utf8(v->walk.key, v->walk.key_length)) {
            v->broken = 1;
            return fault_in(f, "terms", rising ? "a term that is no UTF-8" : "a term out of order", v->walk.next,
                            &v->walk);
        }
        int pair = v->walk.key_length && v->walk.key[0] == SK_PAIR_MARK;
        sk_cursor c;
        int failed = sk_cursor_open(&c, s, &v->walk.list);
        const char *wrong = failed == SK_NO_MEMORY ? "" : failed ? UNREADABLE : verify_list(v, &c, pair);
        sk_cursor_close(&c);
        if (wrong && !*wrong)
            return SK_NO_MEMORY;
        if (!wrong && pair && v->walk.list.identity)
            wrong = "a pair that is said to be a word form";
        if (wrong) {
            v->broken |= wrong == UNREADABLE || wrong == POSITIONS;
            return fault_in(f, "postings", wrong, s->postings.at + v->walk.list.offset, &v->walk);
        }
    }
}

/* The sum of the squares of 0 .. length - 1, modulo 2**64. */
static uint64_t squares_below(uint32_t length)
{
    uint64_t a = (uint64_t)length - 1, b = length, c = 2 * (uint64_t)length - 1; /* their product, by 6 */
    if (!length)
        return 0;
    *(a % 2 ? &b : &a) /= 2;
    *(a % 3 == 0 ? &a : b % 3 == 0 ? &b : &c) /= 3;
    return a * b * c;
}

/* Each token of each article has one term, and one place. */
static int verify_tokens(sk_verify *v, sk_fault *f)
{
    const sk_segment *s = v->s;
    for (; v->at < s->articles && !v->broken; v->at++) {
        const sk_taken *taken = &v->taken[v->at];
        uint64_t length = sk_length(s, (uint32_t)v->at);
        const uint8_t *at = s->lengths.at + (size_t)v->at * s->length_width;
        if (taken->count != length)
            return fault_of(f, "lengths", "a length that is not the sum of the article's frequencies", at, "docid",
                            v->at++);
        if (length && (taken->sum != length * (length - 1) / 2 || taken->squares != squares_below((uint32_t)length)))
            return fault_of(f, "postings", "an article with a position of two terms, or of none", NULL, "docid",
                            v->at++);
    }
    v->stage = FORMS;
    v->at = 0;
    if (!v->broken && v->position_bits / 8 != sk_load64(s->meta.at + 80))
        return fault_at(f, "meta", "bytes of positions that are not those of its lists", s->meta.at + 80);
    return 0;
}

/* ---- dictionary of word forms ------------------------------------------------------------------------------------ */

/* The number of a term, -1 if there is none, -2 if the dictionary is damaged. */
static int64_t term_number(const sk_segment *s, const uint8_t *term, size_t length)
{
    sk_dict_walk w;
    sk_dict_start(&w, s, 0);
    if (sk_dict_seek(&w, term, length))
        return -2;
    for (unsigned i = 0; i < SK_DICT_BLOCK; i++) {
        int more = sk_dict_next(&w);
        if (more <= 0)
            return more ? -2 : -1;
        if (w.key_length == length && !memcmp(w.key, term, length))
            return (int64_t)w.at - 1;
    }
    return -1;
}

static int verify_forms(sk_verify *v, sk_fault *f)
{
    const sk_segment *s = v->s;
    if (v->at == 0)
        sk_dict_start(&v->walk, s, 1);
    for (;;) {
        int more = sk_dict_next(&v->walk);
        const sk_dict_walk *w = &v->walk;
        if (more <= 0) {
            v->stage = OCCURRENCES;
            v->at = 0;
            if (more == 0 && (!w->next || w->next == s->forms.at + s->forms.size) && (w->next || !s->forms.size))
                return 0;
            v->broken = 1;
            return more ? fault_in(f, "forms", "nothing can be read behind a word form", w->next, w)
                        : fault_at(f, "forms", "word forms that do not fill their section", w->next);
        }
        int first = v->at++ == 0, rising = rises(v, w->key, w->key_length, first);
        if (rising < 0)
            return SK_NO_MEMORY;
        uint8_t term[SK_KEY_MAX];
        uint32_t kept = w->key_length - w->strip, length = kept + w->append_length;
        memcpy(term, w->key, kept);
        memcpy(term + kept, w->append, w->append_length);
        int64_t number = term_number(s, term, length);
        const char *wrong = !rising ? "a word form out of order"
                            : !is_utf8(w->key, w->key_length) ? "a word form that is no UTF-8"
                            : number < 0 || (length && term[0] == SK_PAIR_MARK) ? "a word form of a term that is not here"
                            : length == w->key_length && !memcmp(term, w->key, length) ? "a word form that is its own term"
                                                                                        : NULL;
        if (number >= 0)
            v->owed[number] -= (int64_t)w->occurrences;
        if (wrong) {
            v->broken = 1;
            return fault_in(f, "forms", wrong, w->next, w);
        }
    }
}

/* Word forms of a term occur as often as it does, together. Where texts are not kept, those of deleted articles stay. */
static int verify_occurrences(sk_verify *v, sk_fault *f)
{
    const sk_segment *s = v->s;
    if (v->at == 0)
        sk_dict_start(&v->walk, s, 0);
    while (!v->broken && sk_dict_next(&v->walk) > 0) {
        int64_t owed = v->owed[v->at++];
        if (v->walk.key_length && v->walk.key[0] == SK_PAIR_MARK)
            continue;
        if (v->exact ? owed != 0 : owed > 0)
            return fault_in(f, "forms", "word forms that do not occur as often as their term", v->walk.next, &v->walk);
    }
    v->stage = DONE;
    return 0;
}

int sk_verify_next(sk_verify *v, sk_fault *fault)
{
    static int (*const stages[])(sk_verify *, sk_fault *) = {
        [LENGTHS] = verify_lengths, [DATES] = verify_dates,   [IDS] = verify_ids,     [ID_ORDER] = verify_id_order,
        [TERMS] = verify_terms,     [TOKENS] = verify_tokens, [FORMS] = verify_forms, [OCCURRENCES] = verify_occurrences,
    };
    const sk_segment *s = v->s;
    if (v->stage == LENGTHS) {
        const sk_section *whole = &s->lengths; /* lengths, titles, dates, ids, id_order */
        static const char *const names[] = {"lengths", "titles", "dates", "ids", "id_order"};
        for (unsigned i = 0; i < 5; i++)
            if (sk_touch(s, whole[i].at, whole[i].size)) {
                v->stage = DONE;
                return fault_at(fault, names[i], "bytes that do not fit their checksum", whole[i].at);
            }
    }
    while (v->stage != DONE) {
        int found = stages[v->stage](v, fault);
        if (found)
            return found;
    }
    return 0;
}

uint64_t sk_count_tokens(const uint8_t *text, size_t length, int fold_accents)
{
    sk_tokenizer tokenizer;
    sk_token token;
    uint64_t count = 0;
    sk_tokenizer_start(&tokenizer, text, length, fold_accents);
    while (sk_tokenizer_next(&tokenizer, &token))
        count++;
    return count;
}
