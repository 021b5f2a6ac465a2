/* Plain queries, from their bytes to their hits. See plain.h. */
#include "plain.h"

#include "tokenize.h"

enum {
    MOST_WORDS = 64,
    MOST_LEAVES = 2 * MOST_WORDS, /* of words and phrases, and of parts of words */
    MOST_LISTS = 3 * MOST_WORDS,  /* of words, of pairs, and of parts */
    MOST_BYTES = 4096,
    MOST_SLOP_DIGITS = 9,
    MOST_EXPECTED = 8, /* parts whose lists are fetched ahead */
};

/* ---- pieces: words, phrases and operators --------------------------------------------------------------------- */

typedef enum operator { NONE, AND, OR, OTHER } operator;

typedef struct piece {
    const uint8_t *from, *to;
    uint32_t slop;
    int quoted;
    operator operator;
} piece;

/* Blanks as Python's str.split() has them. */
static int is_blank(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r') || (byte >= 0x1C && byte <= 0x1F); }

static int is_sign(uint8_t byte)
{
    switch (byte) {
    case '"': case '(': case ')': case '[': case ']': case '{': case '}': case ':': case '^': case '*': case '~': return 1;
    default: return 0;
    }
}

/* Whether what begins with these bytes may be a blank, a quote or a sign beyond ASCII: U+0080-00BF, 1680-16BF,
 * 2000-207F, 3000-303F, FF00-FF7F. */
static int is_odd(const uint8_t *at, const uint8_t *end)
{
    uint8_t next = at + 1 < end ? at[1] : 0;
    switch (at[0]) {
    case 0xC2: return 1;
    case 0xE1: return next == 0x9A;
    case 0xE2: return next == 0x80 || next == 0x81;
    case 0xE3: return next == 0x80;
    case 0xEF: return next == 0xBC || next == 0xBD;
    default: return 0;
    }
}

static operator operator_of(const uint8_t *word, size_t length)
{
    static const char *const others[] = {"NOT", "ANDNOT", "ANDMAYBE", "REQUIRE"};
    if (length < 2 || word[0] < 'A' || word[0] > 'R')
        return NONE;
    if (length == 2 && !memcmp(word, "OR", 2))
        return OR;
    if (length == 3 && !memcmp(word, "AND", 3))
        return AND;
    if (length > 5 && !memcmp(word, "NEAR/", 5))
        return OTHER;
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        if (strlen(others[i]) == length && !memcmp(word, others[i], length))
            return OTHER;
    return NONE;
}

/* Whether what begins here, inside a phrase, may make it one with a choice of words. */
static int may_be_choice(const uint8_t *at, const uint8_t *end)
{
    switch (*at) {
    case '*': case '(': case '[': case '~': return 1;
    case '?': return at + 1 < end && at[1] != '"' && at[1] != '?' && !is_blank(at[1]);
    default: return 0;
    }
}

/* PLAIN_PHRASE of searchkit/query/scan.py: "..." with something in it, and perhaps ~2 behind it. */
static const uint8_t *take_phrase(const uint8_t *at, const uint8_t *end, piece *p)
{
    int filled = 0;
    for (p->from = ++at; at < end && *at != '"'; at++) {
        if (is_odd(at, end) || may_be_choice(at, end))
            return NULL;
        filled |= !is_blank(*at);
    }
    if (at == end || !filled)
        return NULL;
    p->to = at++;
    p->slop = 1;
    p->quoted = 1;
    if (at < end && *at == '~') {
        const uint8_t *digits = ++at;
        for (p->slop = 0; at < end && *at >= '0' && *at <= '9' && at - digits < MOST_SLOP_DIGITS; at++)
            p->slop = p->slop * 10 + (*at - '0');
        if (at == digits || *digits == '0')
            return NULL;
    }
    return at;
}

/* PLAIN_WORD of searchkit/query/scan.py. */
static const uint8_t *take_word(const uint8_t *at, const uint8_t *end, piece *p)
{
    const uint8_t *start = at;
    if (*at == '+' || *at == '-' || *at == '\'' || *at == '?')
        return NULL;
    for (; at < end && !is_blank(*at) && *at != '?'; at++)
        if (is_sign(*at) || is_odd(at, end))
            return NULL;
    while (at < end && *at == '?')
        at++;
    *p = (piece){.from = start, .to = at, .slop = 1, .operator = operator_of(start, (size_t)(at - start))};
    return at;
}

/* ---- the plan -------------------------------------------------------------------------------------------------- */

/* A program (search.h) of leaves, one group over them, and a filter; with room for all of it. */
typedef struct plan {
    sk_program program;
    uint32_t leaf_count, word_count, list_count;
    uint32_t found_by; /* leaves that decide what is found; those behind them only add to scores */
    sk_leaf leaves[MOST_LEAVES];
    double boosts[MOST_LEAVES];
    double compounds[MOST_LEAVES]; /* of a leaf's boost, what words of several parts gave it, and not phrases in quotes */
    const sk_word *words[MOST_WORDS];  /* as they stand in the text */
    const sk_word *listed[MOST_LISTS]; /* those whose lists the program has: of each leaf its words and its pairs */
    sk_word *owned; /* words that the snapshot does not keep */
    sk_node nodes[MOST_LEAVES + 5];
    uint32_t children[MOST_LEAVES + 4];
    sk_part *parts;
    operator group;
} plan;

static int is_same(const sk_word *a, const sk_word *b)
{
    return a == b || (a->term_length == b->term_length && !memcmp(a->term, b->term, a->term_length));
}

/* The leaf of some words, which is made if there is none. */
static uint32_t leaf_of(plan *p, uint32_t first, uint32_t words, uint32_t slop)
{
    for (uint32_t i = 0; i < p->leaf_count; i++) {
        const sk_leaf *leaf = &p->leaves[i];
        uint32_t same = 0;
        if (leaf->words != words || leaf->slop != slop)
            continue;
        while (same < words && is_same(p->words[leaf->first_word + same], p->words[first + same]))
            same++;
        if (same == words)
            return i;
    }
    p->boosts[p->leaf_count] = p->compounds[p->leaf_count] = 0.0;
    p->leaves[p->leaf_count] = (sk_leaf){.first_word = first, .words = words, .slop = slop, .field = SK_ANYWHERE};
    return p->leaf_count++;
}

/* Add the last words as a leaf; as one more boost, if they are a leaf already. */
static void add_leaf(plan *p, uint32_t first, const piece *piece)
{
    uint32_t words = p->word_count - first, before = p->leaf_count;
    uint32_t leaf = leaf_of(p, first, words, words > 1 ? piece->slop : 1);
    if (p->leaf_count == before)
        p->word_count = first;
    p->boosts[leaf] += 1.0;
    if (words > 1 && !piece->quoted)
        p->compounds[leaf] += 1.0;
}

/* In an OR of several leaves, words of several parts share their boosts with the parts: see search/bind.py. */
static void share(plan *p)
{
    uint32_t leaves = p->found_by = p->leaf_count;
    if (p->group != OR || leaves < 2)
        return;
    for (uint32_t i = 0; i < leaves; i++) {
        double half = p->compounds[i] / 2;
        if (!half)
            continue;
        p->boosts[i] -= half;
        for (uint32_t w = 0; w < p->leaves[i].words; w++)
            p->boosts[leaf_of(p, p->leaves[i].first_word + w, 1, 1)] += half;
    }
}

/* The words of a piece as a leaf. */
static int bind(plan *p, sk_snapshot *snapshot, const piece *piece, sk_task *task)
{
    sk_tokenizer tokenizer;
    sk_token token;
    uint32_t first = p->word_count;
    sk_tokenizer_start(&tokenizer, piece->from, (size_t)(piece->to - piece->from), snapshot->fold_accents);
    while (sk_tokenizer_next(&tokenizer, &token)) {
        if (sk_late(task, SK_LOOK_AFTER / 8)) /* where articles are deleted, a new word's live ones are counted */
            return 0;
        const sk_word *word = p->word_count < MOST_WORDS
            ? sk_words_find(&snapshot->words, token.form, token.form_length, &p->owned) : NULL;
        if (!word)
            return 0;
        p->words[p->word_count++] = word;
        for (uint32_t i = 0; i < snapshot->words.part_count && i < MOST_EXPECTED; i++)
            sk_list_expect(snapshot->words.parts[i].segment, &word->lists[i]);
    }
    if (p->word_count == first)
        return 0;
    add_leaf(p, first, piece);
    return 1;
}

/* Read the text: 1 if it is plain. Between operators stands one piece each, and all of them are the same. */
static int read_text(plan *p, sk_snapshot *snapshot, const sk_plain_query *query, sk_task *task)
{
    const uint8_t *at = query->text, *end = at + query->length;
    uint32_t pieces = 0, operators = 0;
    p->group = query->match_all ? AND : OR;
    for (;; pieces++) {
        while (at < end && is_blank(*at))
            at++;
        if (at == end)
            break;
        piece piece = {0};
        at = *at == '"' ? take_phrase(at, end, &piece) : take_word(at, end, &piece);
        if (!at || (at < end && !is_blank(*at)))
            return 0;
        if (piece.operator == NONE) {
            if ((operators && pieces % 2) || !bind(p, snapshot, &piece, task))
                return 0;
        } else {
            if (pieces != 2 * operators + 1 || piece.operator == OTHER || (operators && piece.operator != p->group))
                return 0;
            p->group = piece.operator;
            operators++;
        }
    }
    share(p);
    return pieces > 0 && (!operators || pieces == 2 * operators + 1);
}

/* Weigh a leaf and say which lists are its. */
static int finish_leaf(plan *p, sk_snapshot *snapshot, sk_leaf *leaf, double boost)
{
    const sk_word *const *words = p->words + leaf->first_word, **listed = p->listed + p->list_count;
    uint32_t count = 0, pairs_from = leaf->words;
    double weight = words[0]->idf;
    for (uint32_t w = 1; w < leaf->words; w++)
        weight += words[w]->idf;
    leaf->weight = weight * boost;
    for (; count < leaf->words; count++)
        listed[count] = words[count];
    for (uint32_t w = 0; leaf->slop == 1 && w + 1 < leaf->words; w++) {
        if (!words[w]->frequent || !words[w + 1]->frequent)
            continue;
        const sk_word *pair = sk_words_pair(&snapshot->words, words[w], words[w + 1], &p->owned);
        if (!pair)
            return 0;
        uint32_t same = pairs_from;
        while (same < count && !is_same(listed[same], pair))
            same++;
        if (same == count)
            listed[count++] = pair;
    }
    if (leaf->words == 2 && count == 3) {
        listed[0] = listed[2]; /* the pair's list is the phrase's */
        leaf->words = count = 1;
    }
    leaf->first_word = p->list_count;
    leaf->lists = count;
    p->list_count += count;
    return 1;
}

static uint32_t put_node(plan *p, uint32_t at, int kind, uint32_t first, uint32_t count, uint32_t from, uint32_t to)
{
    p->nodes[at] = (sk_node){.kind = kind, .first = first, .count = count, .leaf_from = from, .leaf_to = to};
    return at;
}

/* One node over leaves from .. to, in the node `at` if there are several of them. */
static uint32_t put_group(plan *p, uint32_t at, uint32_t from, uint32_t to)
{
    return to - from == 1 ? from : put_node(p, at, p->group == AND ? SK_AND : SK_OR, from, to - from, from, to);
}

/* Set up leaves, nodes and parts. Returns 1; 0 if a pair cannot be looked up, or there is no memory. */
static int finish(plan *p, sk_snapshot *snapshot, const sk_filter *dates)
{
    const sk_words *words = &snapshot->words;
    uint32_t leaves = p->leaf_count, next = leaves, root; /* the first `leaves` children of nodes are the leaves */
    for (uint32_t i = 0; i < leaves; i++) {
        if (!finish_leaf(p, snapshot, &p->leaves[i], p->boosts[i]))
            return 0;
        p->nodes[i] = (sk_node){.kind = SK_LEAF, .first = i, .leaf_from = i, .leaf_to = i + 1};
        p->children[i] = i;
    }
    root = put_group(p, leaves, 0, p->found_by);
    if (p->found_by < leaves) {
        p->children[next++] = root;
        p->children[next++] = put_group(p, leaves + 1, p->found_by, leaves);
        root = put_node(p, leaves + 2, SK_AND_MAYBE, leaves, 2, 0, leaves);
    }
    p->program = (sk_program){
        .leaves = p->leaves, .filters = dates, .nodes = p->nodes, .children = p->children,
        .leaf_count = leaves, .word_count = p->list_count, .filter_count = dates != NULL, .scoring = -1, .mask = -1,
    };
    if (dates) {
        p->program.scoring = p->children[next] = root;
        p->program.mask = p->children[next + 1] = put_node(p, leaves + 3, SK_FILTER, 0, 0, 0, 0);
        root = put_node(p, leaves + 4, SK_AND, next, 2, 0, leaves);
    }
    p->program.root = root;

    size_t parts = words->part_count;
    p->parts = malloc(parts * sizeof *p->parts + parts * p->list_count * sizeof(sk_list));
    if (!p->parts)
        return 0;
    sk_list *lists = (sk_list *)(p->parts + parts);
    for (size_t i = 0; i < parts; i++) {
        p->parts[i] = words->parts[i];
        p->parts[i].lists = lists;
        for (uint32_t l = 0; l < p->list_count; l++)
            *lists++ = p->listed[l]->lists[i];
    }
    return 1;
}

static int run(sk_snapshot *snapshot, const sk_plain_query *query, sk_task *task, int (*evaluate)(sk_task *))
{
    plan p;
    p.leaf_count = p.word_count = p.list_count = 0;
    p.owned = NULL;
    p.parts = NULL;
    int done = query->length <= MOST_BYTES && read_text(&p, snapshot, query, task) && finish(&p, snapshot, query->dates);
    if (done) {
        task->program = &p.program;
        task->parts = p.parts;
        task->part_count = snapshot->words.part_count;
        task->average = snapshot->average;
        done = evaluate(task) == SK_OK;
    }
    done |= task->end != SK_WHOLE;
    free(p.parts);
    sk_words_free(p.owned);
    return done;
}

int sk_plain_search(sk_snapshot *snapshot, const sk_plain_query *query, sk_task *task)
{
    return run(snapshot, query, task, sk_search);
}

int sk_plain_count(sk_snapshot *snapshot, const sk_plain_query *query, sk_task *task)
{
    return run(snapshot, query, task, sk_count);
}
