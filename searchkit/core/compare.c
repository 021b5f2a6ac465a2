/* The walk over two segments of the same articles: one as it is found, one built anew from the stored texts. Lists that
 * are equal to the byte are equal; others are decoded, since a later version may choose other codes. */
#include "invariants.h"

enum { FIGURES, TERMS, FORMS, DONE };

void sk_compare_open(sk_compare *c, const sk_segment *s, const sk_segment *truth)
{
    memset(c, 0, sizeof *c);
    c->s = s;
    c->truth = truth;
}

void sk_compare_close(sk_compare *c)
{
    free(c->positions);
    free(c->true_positions);
}

static int differs(sk_fault *f, const char *section, const char *what, const uint8_t *at, const sk_dict_walk *w)
{
    *f = (sk_fault){.section = section, .what = what, .at = at};
    memcpy(f->key, w->key, w->key_length);
    f->key_length = w->key_length;
    return 1;
}

static int compare_figures(sk_compare *c, sk_fault *f)
{
    for (; c->docid < c->s->articles; c->docid++) {
        uint32_t docid = c->docid;
        int length = sk_length(c->s, docid) != sk_length(c->truth, docid);
        if (length || sk_title_length(c->s, docid) != sk_title_length(c->truth, docid)) {
            const sk_section *section = length ? &c->s->lengths : &c->s->titles;
            size_t width = length ? c->s->length_width : c->s->title_width;
            *f = (sk_fault){
                .section = length ? "lengths" : "titles",
                .what = "a length that is not that of the stored article",
                .at = section->at + docid * width,
                .counts = "docid",
                .number = docid,
            };
            c->docid++;
            return 1;
        }
    }
    c->stage = TERMS;
    return 0;
}

static int positions_of(sk_cursor *c, uint32_t i, uint32_t **room, size_t *size)
{
    sk_position_code code;
    if (sk_cursor_code(c, i, &code))
        return SK_DAMAGED;
    if (c->tfs[i] > *size) {
        size_t more = c->tfs[i] + c->tfs[i] / 2 + 64;
        uint32_t *larger = realloc(*room, more * sizeof *larger);
        if (!larger)
            return SK_NO_MEMORY;
        *room = larger;
        *size = more;
    }
    return sk_code_positions(&code, *room);
}

/* 0 equal, 1 different, SK_NO_MEMORY. */
static int compare_cursors(sk_compare *c, sk_cursor *ours, sk_cursor *theirs, int pair)
{
    for (uint32_t block = 0; block < ours->blocks; block++) {
        if (sk_cursor_load(ours, block, 1) || sk_cursor_load(theirs, block, 1) || ours->count != theirs->count ||
            memcmp(ours->docids, theirs->docids, sizeof(uint32_t) * ours->count) ||
            memcmp(ours->tfs, theirs->tfs, sizeof(uint32_t) * ours->count))
            return 1;
        for (uint32_t i = 0; i < ours->count && !pair; i++) {
            int failed = positions_of(ours, i, &c->positions, &c->room);
            if (!failed)
                failed = positions_of(theirs, i, &c->true_positions, &c->true_room);
            if (failed)
                return failed == SK_NO_MEMORY ? failed : 1;
            if (memcmp(c->positions, c->true_positions, sizeof(uint32_t) * ours->tfs[i]))
                return 1;
        }
    }
    return 0;
}

static int compare_lists(sk_compare *c, int pair)
{
    const sk_list *ours = &c->walk.list, *theirs = &c->true_walk.list;
    const uint8_t *at = c->s->postings.at + ours->offset, *true_at = c->truth->postings.at + theirs->offset;
    if (ours->df != theirs->df || ours->identity != theirs->identity)
        return 1;
    if (sk_touch(c->s, at, ours->size) || sk_touch(c->truth, true_at, theirs->size))
        return 1;
    if (ours->size == theirs->size && !memcmp(at, true_at, ours->size))
        return 0;
    sk_cursor one, other;
    int failed = sk_cursor_open(&one, c->s, ours), other_failed = sk_cursor_open(&other, c->truth, theirs);
    int different = failed == SK_NO_MEMORY || other_failed == SK_NO_MEMORY ? SK_NO_MEMORY
                    : failed || other_failed ? 1 : compare_cursors(c, &one, &other, pair);
    sk_cursor_close(&one);
    sk_cursor_close(&other);
    return different;
}

static int compare_terms(const sk_dict_walk *a, const sk_dict_walk *b)
{
    uint32_t kept = a->key_length - a->strip, true_kept = b->key_length - b->strip;
    return a->occurrences == b->occurrences && kept == true_kept && a->append_length == b->append_length &&
           !memcmp(a->append, b->append, a->append_length);
}

static int compare_dictionaries(sk_compare *c, sk_fault *f, int forms)
{
    const char *section = forms ? "forms" : "terms";
    sk_dict_walk *w = &c->walk, *t = &c->true_walk;
    if (!w->segment || w->forms != forms) {
        sk_dict_start(w, c->s, forms);
        sk_dict_start(t, c->truth, forms);
        c->ours = sk_dict_next(w);
        c->theirs = sk_dict_next(t);
    }
    while (c->ours > 0 || c->theirs > 0) {
        int order = 0;
        if (c->ours > 0 && c->theirs > 0) {
            order = memcmp(w->key, t->key, w->key_length < t->key_length ? w->key_length : t->key_length);
            if (!order)
                order = (w->key_length > t->key_length) - (w->key_length < t->key_length);
        }
        int extra = c->theirs <= 0 || (c->ours > 0 && order < 0), missing = c->ours <= 0 || order > 0;
        sk_dict_walk was = extra ? *w : *t;
        const uint8_t *at = extra || missing ? w->next : forms ? w->next : c->s->postings.at + w->list.offset;
        int pair = !forms && was.key_length && was.key[0] == SK_PAIR_MARK;
        int different = extra || missing ? 1 : forms ? !compare_terms(w, t) : compare_lists(c, pair);
        if (different < 0)
            return different;
        if (!missing)
            c->ours = sk_dict_next(w);
        if (!extra)
            c->theirs = sk_dict_next(t);
        if (c->ours < 0)
            c->ours = c->theirs = 0; /* told by the walk over one segment */
        if (extra || missing)
            return differs(f, section, extra ? "a key that no stored article has" : "a key of stored articles is missing",
                           at, &was);
        if (different)
            return differs(f, forms ? section : "postings", "not what the stored articles have", at, &was);
    }
    c->stage++;
    return 0;
}

int sk_compare_next(sk_compare *c, sk_fault *fault)
{
    while (c->stage != DONE) {
        int found = c->stage == FIGURES ? compare_figures(c, fault) : compare_dictionaries(c, fault, c->stage == FORMS);
        if (found)
            return found;
    }
    return 0;
}
