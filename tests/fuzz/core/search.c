/* Queries to a segment of any bytes: plain text, and trees of the words that its dictionary begins with. If the walk of
 * invariants finds nothing wrong, an answer may not depend on skipping or on the instructions in use.
 *
 *     input := u8 shape, u8 settings, u8 bytes of text, text, segment (input.h)
 */
#include "input.h"
#include "invariants.h"
#include "plain.h"

enum { MOST_WORDS = 6, MOST_NODES = 16, LIMIT = 10, TIME = 1 << 30 };

typedef struct asked {
    sk_leaf leaves[MOST_WORDS];
    sk_list lists[MOST_WORDS];
    sk_node nodes[MOST_NODES];
    uint32_t children[2 * MOST_NODES];
    sk_filter filter;
    sk_program program;
    uint32_t words, node_count, child_count;
} asked;

static uint32_t put_node(asked *a, int kind, uint32_t count, const uint32_t *children)
{
    sk_node node = {.kind = kind, .first = a->child_count, .count = count, .leaf_from = UINT32_MAX};
    for (uint32_t i = 0; i < count; i++) {
        const sk_node *child = &a->nodes[children[i]];
        a->children[a->child_count++] = children[i];
        if (child->leaf_from < child->leaf_to) {
            node.leaf_from = node.leaf_from == UINT32_MAX ? child->leaf_from : node.leaf_from;
            node.leaf_to = child->leaf_to;
        }
    }
    if (node.leaf_from == UINT32_MAX)
        node.leaf_from = 0;
    a->nodes[a->node_count] = node;
    return a->node_count++;
}

static uint32_t put_leaf(asked *a, uint32_t first, uint32_t words, uint32_t slop, int field)
{
    uint32_t leaf = a->program.leaf_count++;
    a->leaves[leaf] = (sk_leaf){1.5 + leaf, first, words, words, words > 1 ? slop : 1, field};
    a->nodes[a->node_count] = (sk_node){.kind = SK_LEAF, .first = leaf, .leaf_from = leaf, .leaf_to = leaf + 1};
    return a->node_count++;
}

/* A tree over the words: every kind of node is in one of the shapes. */
static void plan(asked *a, unsigned shape)
{
    uint32_t at[MOST_WORDS + 1], count = 0, slop = 1 + shape / 8 % 3, field = shape / 32 % 3;
    if (shape % 8 == 3 && a->words > 1) {
        at[count++] = put_leaf(a, 0, a->words > 3 ? 3 : a->words, slop, (int)field);
    } else {
        for (uint32_t i = 0; i < (shape % 8 ? a->words : 1); i++)
            at[count++] = put_leaf(a, i, 1, 1, (int)(i ? 0 : field));
    }
    a->program.scoring = a->program.mask = -1;
    uint32_t dates = a->node_count, root = at[0];
    if (shape % 8 >= 4) {
        a->nodes[a->node_count++] = (sk_node){.kind = SK_FILTER};
        a->program.filter_count = 1;
    }
    switch (shape % 8) {
    case 1: root = put_node(a, SK_OR, count, at); break;
    case 2: root = put_node(a, SK_AND, count, at); break;
    case 4: { /* words within the dates, as a mask */
        uint32_t scoring = count > 1 ? put_node(a, shape & 64 ? SK_AND : SK_OR, count, at) : at[0];
        root = put_node(a, SK_AND, 2, (uint32_t[]){scoring, dates});
        a->program.scoring = scoring;
        a->program.mask = dates;
        break;
    }
    case 5: { /* the first words, but not the last one */
        uint32_t rest = count > 2 ? put_node(a, SK_OR, count - 1, at) : at[0];
        uint32_t no = put_node(a, SK_NOT, 1, (uint32_t[]){at[count - 1]});
        root = count > 1 ? put_node(a, SK_AND, 3, (uint32_t[]){rest, dates, no}) : no;
        break;
    }
    case 6: { /* the first, and perhaps the others or the dates */
        at[count] = dates;
        uint32_t rest = put_node(a, SK_OR, count, at + 1);
        root = put_node(a, SK_AND_MAYBE, 2, (uint32_t[]){at[0], rest});
        break;
    }
    case 7: { /* all of them, and not within the dates */
        uint32_t no = put_node(a, SK_NOT, 1, (uint32_t[]){dates});
        at[count++] = no;
        root = put_node(a, SK_AND, count, at);
        break;
    }
    default: break; /* one word, or a phrase */
    }
    a->program.leaves = a->leaves;
    a->program.filters = &a->filter;
    a->program.nodes = a->nodes;
    a->program.children = a->children;
    a->program.word_count = a->words;
    a->program.root = root;
}

static sk_task task_of(unsigned settings, const sk_segment *s)
{
    return (sk_task){.k1 = settings & 1 ? 1.2 : 0.0, .b = settings & 2 ? s->b : 0.4, .average = s->average > 0 ? s->average : 1,
                     .sort = (int)((settings >> 2 & 3) % 3), .skipping = 1, .limit = settings & 16 ? LIMIT : 1,
                     .deadline = sk_clock() + TIME};
}

static int is_same(const sk_task *a, const sk_task *b)
{
    if (a->hit_count != b->hit_count)
        return 0;
    for (uint64_t i = 0; i < a->hit_count; i++)
        if (a->hits[i].score != b->hits[i].score || a->hits[i].docid != b->hits[i].docid)
            return 0;
    return 1;
}

static void ask_tree(asked *a, const sk_part *part, unsigned settings, int sound)
{
    sk_task tasks[3];
    int done = 1;
    for (unsigned i = 0; i < 3; i++) {
        tasks[i] = task_of(settings, part->segment);
        tasks[i].program = &a->program;
        tasks[i].parts = part;
        tasks[i].part_count = 1;
        tasks[i].skipping = i != 1;
        sk_kernels_choose(i == 2 ? "plain" : NULL);
        done &= sk_search(&tasks[i]) == SK_OK && tasks[i].end == SK_WHOLE;
        for (uint64_t k = 0; k < tasks[i].hit_count; k++)
            LAW(tasks[i].hits[k].docid < part->segment->articles && tasks[i].hits[k].part == 0);
    }
    sk_kernels_choose(NULL);
    if (sound && done)
        LAW(is_same(&tasks[0], &tasks[1]) && is_same(&tasks[0], &tasks[2]));
    sk_task counted = task_of(settings, part->segment);
    counted.program = &a->program;
    counted.parts = part;
    counted.part_count = 1;
    if (sk_count(&counted) == SK_OK && sound && done)
        LAW(counted.total <= part->segment->articles && counted.total >= tasks[0].hit_count);
    for (unsigned i = 0; i < 3; i++)
        free(tasks[i].hits);
    uint32_t tfs[MOST_WORDS];
    double near[MOST_WORDS];
    int matches;
    for (uint32_t docid = 0; docid < part->segment->articles; docid += 1 + part->segment->articles / 4) {
        sk_task one = task_of(settings, part->segment);
        one.program = &a->program;
        one.parts = part;
        one.part_count = 1;
        sk_frequencies(&one, 0, docid, tfs, near, &matches);
    }
}

static void ask_text(const sk_part *part, unsigned settings, const uint8_t *text, size_t length, const sk_filter *dates)
{
    sk_snapshot snapshot = {.average = part->segment->average > 0 ? part->segment->average : 1, .fold_accents = 1};
    static const uint8_t frequent[] = "\1a\3the\2of";
    if (sk_words_open(&snapshot.words, part, 1, part->segment->articles, frequent) == SK_OK) {
        for (unsigned i = 0; i < 4; i++) {
            sk_plain_query query = {text, length, (int)(i & 1), i & 2 ? dates : NULL};
            sk_task task = task_of(settings, part->segment);
            sk_plain_search(&snapshot, &query, &task);
            free(task.hits);
            task = task_of(settings, part->segment);
            sk_plain_count(&snapshot, &query, &task);
        }
    }
    sk_words_close(&snapshot.words);
}

static int is_sound(const sk_segment *s)
{
    sk_verify v;
    sk_fault fault;
    int sound = !sk_verify_open(&v, s, 0) && sk_verify_next(&v, &fault) == 0;
    sk_verify_close(&v);
    return sound;
}

/* Half of the changes are to the query alone: answers are compared only where the segment is still sound. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t at = 3 + (size > 3 ? data[2] : 0), kind = seed % 8;
    if (kind == 0 || at >= size)
        return LLVMFuzzerMutate(data, size, max);
    if (kind < 3)
        data[kind - 1] = (uint8_t)(seed >> 8);
    else if (kind > 4)
        return at + mutate_segment(data + at, size - at, max - at, seed / 8);
    else {
        uint8_t text[255];
        memcpy(text, data + 3, data[2]);
        size_t room = max - (size - data[2]), length = LLVMFuzzerMutate(text, data[2], room < 255 ? room : 255);
        memmove(data + 3 + length, data + at, size - at);
        memcpy(data + 3, text, length);
        data[2] = (uint8_t)length;
        return 3 + length + size - at;
    }
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    unsigned shape = (unsigned)take(&in, 1), settings = (unsigned)take(&in, 1);
    size_t length = (size_t)take(&in, 1);
    length = length < in.left ? length : in.left;
    uint8_t *text = take_room(&in, length);
    sk_segment s;
    if (open_segment(&s, &in)) {
        uint64_t *live = NULL;
        if (settings & 32) {
            live = new_room(8 * ((size_t)s.articles / 64 + 1));
            for (uint32_t docid = 0; docid < s.articles; docid++)
                live[docid / 64] |= (uint64_t)(docid % 3 != 1) << docid % 64;
        }
        asked a = {.filter = {INT64_C(63000000000), INT64_C(63740000000), (int)(settings >> 6)}};
        sk_dict_walk walk;
        sk_dict_start(&walk, &s, 0);
        for (unsigned skip = shape >> 5; skip && sk_dict_next(&walk) == 1; skip--)
            ;
        while (a.words < MOST_WORDS && sk_dict_next(&walk) == 1)
            if (walk.key_length && walk.key[0] != SK_PAIR_MARK) /* pairs have no positions */
                a.lists[a.words++] = walk.list;
        sk_part part = {&s, live, a.lists};
        if (a.words) {
            plan(&a, shape);
            ask_tree(&a, &part, settings, is_sound(&s));
        }
        ask_text(&part, settings, text, length, &a.filter);
        free(live);
    }
    close_segment(&s);
    free(text);
    return 0;
}
