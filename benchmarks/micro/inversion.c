/* Postings from the log of tokens: the counting sort. */
#include "harness.h"
#include "invert.h"
#include "limits.h"
#include "text.h"

enum { ARTICLE = 4096 };

typedef struct inversion {
    sk_run run;
    uint32_t *order, *term_of, terms;
} inversion;

static uint64_t invert(void *on)
{
    inversion *i = on;
    micro_need(!sk_run_invert(&i->run, i->order, i->run.articles, i->term_of, i->terms), "no memory");
    return i->run.total_length;
}

void rows(const char *level)
{
    (void)level;
    static inversion i;
    micro_text text = micro_text_make(MICRO_ASCII, micro_size(1 << 22));
    uint64_t random = 3;
    micro_need(!sk_run_open(&i.run, 1, 1), "no run");
    for (size_t at = 0; at < text.length; at += ARTICLE)
        micro_need(!sk_run_add(&i.run, NULL, 0, text.bytes + at, text.length - at < ARTICLE ? text.length - at : ARTICLE),
                   "no memory");
    uint32_t articles = i.run.articles, forms = i.run.form_count;
    i.order = micro_memory(4 * (size_t)articles);
    i.term_of = micro_memory(4 * (size_t)forms);
    i.terms = forms;
    for (uint32_t d = 0; d < articles; d++)
        i.order[d] = articles - 1 - d;
    for (uint32_t f = 0; f < forms; f++)
        i.term_of[f] = f;
    for (uint32_t f = forms; f > 1; f--) {
        uint32_t other = (uint32_t)(micro_random(&random) % f), swap = i.term_of[f - 1];
        i.term_of[f - 1] = i.term_of[other];
        i.term_of[other] = swap;
    }
    uint64_t tokens = invert(&i);
    size_t bytes = tokens * 8 / 64 * 64;
    micro_span copy = {micro_memory(bytes), micro_memory(bytes), bytes, 1, NULL};
    micro_row row = {"counting sort", "tokens", tokens, 16, invert, &i, NULL, NULL,
                     "copying 8 bytes a token", micro_limits_get()->copy, &copy, 0};
    micro_report(&row);
    sk_run_close(&i.run);
}
