/* Lists from the log of tokens, all terms as one range: marking it, the counting sort, and the encoding behind it. */
#include "harness.h"
#include "invert.h"
#include "limits.h"
#include "text.h"

enum { ARTICLE = 4096 };

typedef struct work {
    sk_run run;
    sk_inversion inversion;
    sk_range range;
    sk_sorting sorting;
} work;

static uint64_t invert(void *on)
{
    work *w = on;
    sk_range range = w->range;
    sk_marking marking = {.pasts = {range.past}, .ranges = 1};
    micro_need(!sk_inversion_open(&w->inversion) && !sk_marking_open(&marking, &w->inversion, 1), "no memory");
    sk_mark(&marking, &w->inversion, 0, w->inversion.kept);
    micro_need(!sk_range_invert(&w->inversion, &range, &w->sorting), "the log cannot be inverted");
    sk_marking_close(&marking, 1);
    uint64_t bits = range.position_bits;
    sk_range_close(&range);
    sk_inversion_close(&w->inversion);
    return bits;
}

void rows(const char *level)
{
    (void)level;
    static work w;
    micro_text text = micro_text_make(MICRO_ASCII, micro_size(1 << 22));
    uint64_t random = 3;
    micro_need(!sk_run_open(&w.run, 1, 1), "no run");
    for (size_t at = 0; at < text.length; at += ARTICLE)
        micro_need(!sk_run_add(&w.run, NULL, 0, text.bytes + at, text.length - at < ARTICLE ? text.length - at : ARTICLE),
                   "no memory");
    uint32_t articles = w.run.articles, forms = w.run.form_count;
    sk_place *places = micro_memory(sizeof *places * articles);
    uint32_t *lengths = micro_memory(4 * (size_t)articles), *term_of = micro_memory(4 * (size_t)forms);
    uint8_t *none_frequent = micro_memory(forms);
    memset(none_frequent, SK_NOT_FREQUENT, forms);
    uint64_t *counts = micro_memory(8 * (size_t)forms), *occurrences = micro_memory(8 * (size_t)forms);
    for (uint32_t d = 0; d < articles; d++) {
        places[d].article = articles - 1 - d;
        lengths[d] = w.run.lengths[articles - 1 - d];
    }
    for (uint32_t f = 0; f < forms; f++)
        term_of[f] = f;
    for (uint32_t f = forms; f > 1; f--) {
        uint32_t other = (uint32_t)(micro_random(&random) % f), swap = term_of[f - 1];
        term_of[f - 1] = term_of[other];
        term_of[other] = swap;
    }
    sk_run_counts(&w.run, counts);
    for (uint32_t f = 0; f < forms; f++)
        occurrences[term_of[f]] = counts[f];
    sk_impact_scale scale = {.lengths = lengths, .b = 0.75, .average = (double)w.run.tokens / articles};
    w.inversion = (sk_inversion){.runs = &w.run, .places = places, .kept = articles, .term_of = &term_of, .scale = &scale,
                                 .number_of = none_frequent};
    w.range = (sk_range){.first = 0, .past = forms, .occurrences = occurrences};
    size_t bytes = w.run.tokens * 8 / 64 * 64;
    micro_span copy = {micro_memory(bytes), micro_memory(bytes), bytes, 1, NULL};
    micro_row row = {"counting sort, lists", "tokens", w.run.tokens, 0, invert, &w, NULL, NULL,
                     "copying 8 bytes a token", micro_limits_get()->copy, &copy, 0};
    micro_report(&row);
    sk_sorting_close(&w.sorting);
    sk_run_close(&w.run);
}
