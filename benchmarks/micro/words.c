/* From text to postings: bytes classified, words cut out, forms hashed and numbered, lists encoded. */
#include "harness.h"
#include "invert.h"
#include "limits.h"
#include "text.h"

enum { ARTICLE = 4096, SLOTS = 1 << 18, LIST = 1 << 16, SHORT = 16 };

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

static uint64_t tokenize(void *on)
{
    const micro_text *text = on;
    sk_tokenizer tokenizer;
    sk_token token;
    uint64_t count = 0, sum = 0;
    sk_tokenizer_start(&tokenizer, text->bytes, text->length, 1);
    while (sk_tokenizer_next(&tokenizer, &token)) {
        sum += token.form_length + token.end;
        count++;
    }
    return sum ? count : 0;
}

/* The same, article by article as sk_run_add sees them. */
static uint64_t tokenize_articles(void *on)
{
    const micro_text *text = on;
    uint64_t count = 0;
    for (size_t at = 0; at < text->length; at += ARTICLE) {
        micro_text article = {text->bytes + at, text->length - at < ARTICLE ? text->length - at : ARTICLE, NULL, 0};
        count += tokenize(&article);
    }
    return count;
}

static void text_rows(void)
{
    static const struct { const char *name; enum micro_script script; } scripts[] = {
        {"tokenize, ASCII", MICRO_ASCII}, {"tokenize, accents", MICRO_ACCENTS}, {"tokenize, Cyrillic", MICRO_CYRILLIC},
        {"classify, long words", MICRO_LONG}, {"classify, no words", MICRO_NO_WORDS},
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        micro_text text = micro_text_make(scripts[i].script, micro_size(1 << 21));
        micro_span edges = {text.bytes, micro_memory(4 * text.length), text.length, 1, NULL};
        uint64_t words = tokenize(&text);
        int by_word = scripts[i].script < MICRO_LONG;
        micro_need(by_word ? words * 16 > text.length : words * 100 < text.length, "the text is not as meant");
        micro_row row = {scripts[i].name, by_word ? "tokens" : "bytes", by_word ? words : text.length,
                         by_word ? (double)text.length / (double)words : 1, tokenize, &text, NULL, NULL,
                         "edges of words by vector masks", micro_limits_get()->edges, &edges, 0};
        micro_report(&row);
    }
}

/* ---- forms and the log ------------------------------------------------------------------------------------------- */

static void add_articles(sk_run *run, const micro_text *text)
{
    for (size_t at = 0; at < text->length; at += ARTICLE)
        micro_need(!sk_run_add(run, NULL, 0, text->bytes + at, text->length - at < ARTICLE ? text->length - at : ARTICLE),
                   "no memory");
}

static uint64_t add(void *on, int passes)
{
    sk_run run;
    micro_need(!sk_run_open(&run, 1, 1), "no run");
    while (passes--)
        add_articles(&run, on);
    uint64_t forms = run.form_count;
    sk_run_close(&run);
    return forms;
}

static uint64_t add_once(void *on) { return add(on, 1); }
static uint64_t add_twice(void *on) { return add(on, 2); }
static uint64_t add_and_tokenize(void *on) { return add(on, 1) + tokenize_articles(on); }

static void intern_rows(const micro_text *text)
{
    uint32_t *places = micro_memory(4 * text->words);
    for (size_t i = 0; i < text->words; i++)
        places[i] = (uint32_t)(text->ranks[i] * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (SLOTS - 1);
    micro_span gather = {micro_memory(16 * (size_t)SLOTS), micro_memory(4 * text->words), text->words, 1, places};
    micro_row row = {"hash and intern, known", "tokens", text->words, 0, add_twice, (void *)text, add_and_tokenize,
                     (void *)text, "one slot read and one number logged, places known", micro_limits_get()->gather, &gather, 0};
    micro_report(&row);
    row.kernel = "hash and intern, new text";
    row.run = add_once;
    row.less = tokenize_articles;
    micro_report(&row);
}

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

typedef struct lists {
    uint32_t *docids, *tfs, *positions, count, each;
    sk_impact_scale scale;
    sk_buffer out, scratch;
} lists;

static uint64_t encode(void *on)
{
    lists *l = on;
    uint64_t bits = 0;
    const uint32_t *positions = l->positions;
    l->out.length = 0;
    for (uint32_t from = 0; from + l->each <= l->count; from += l->each) {
        sk_postings p = {.docids = l->docids + from, .tfs = l->tfs + from, .count = l->each, .positions = positions};
        micro_need(!sk_encode_list(&l->out, &p, &l->scale, &l->scratch, &bits), "the list cannot be encoded");
        for (uint32_t i = 0; i < l->each; i++)
            positions += l->tfs[from + i];
    }
    return bits;
}

/* Lists of `each` postings: docids 1 to 16 apart, one occurrence in three articles of four, else two to five. */
static void encode_row(const char *name, uint32_t each)
{
    static uint32_t lengths[32 * LIST];
    lists l = {.count = (uint32_t)micro_size(LIST) / each * each, .each = each};
    uint64_t random = 5;
    size_t occurrences = 0;
    l.docids = micro_memory(4 * (size_t)l.count);
    l.tfs = micro_memory(4 * (size_t)l.count);
    l.positions = micro_memory(20 * (size_t)l.count);
    for (uint32_t i = 0, docid = 0; i < l.count; i++) {
        docid += 1 + (uint32_t)(micro_random(&random) % 16);
        l.docids[i] = docid;
        l.tfs[i] = micro_random(&random) % 4 ? 1 : 2 + (uint32_t)(micro_random(&random) % 4);
        lengths[docid] = 100 + (uint32_t)(micro_random(&random) % 400);
        for (uint32_t j = 0, at = 0; j < l.tfs[i]; j++, at++, occurrences++)
            l.positions[occurrences] = at += (uint32_t)(micro_random(&random) % 16);
    }
    l.scale = (sk_impact_scale){.lengths = lengths, .b = 0.75, .average = 300};
    size_t bytes = ((size_t)l.count * 12 + occurrences * 4) / 64 * 64;
    micro_span copy = {micro_memory(bytes), micro_memory(bytes), bytes, 1, NULL};
    micro_row row = {name, "postings", l.count, (double)bytes / l.count, encode, &l, NULL, NULL,
                     "copying docids, tfs, lengths and positions", micro_limits_get()->copy, &copy, 0};
    micro_report(&row);
    sk_buffer_free(&l.out);
    sk_buffer_free(&l.scratch);
}

void rows(const char *level)
{
    (void)level;
    text_rows();
    micro_text text = micro_text_make(MICRO_ASCII, micro_size(1 << 22));
    intern_rows(&text);
    encode_row("encode, one long list", (uint32_t)micro_size(LIST));
    encode_row("encode, short lists", SHORT);
}
