/* Plain queries: text that is nothing but words and phrases, from its bytes to its hits without Python.
 *
 *     flood "river bank"~2 COVID-19        words, phrases, words of several tokens; one OR or one AND of all of them
 *
 * This is the short way of searchkit/query/parse.py, search/bind.py and search/plan.py together, for the queries that
 * most people type, and gives what they give to the last bit. Whatever is not surely plain (operators, fields, signs,
 * rare kinds of blanks and quotes), would be worth a warning, has a word that no segment knows, is very long, or meets
 * damage is not answered here: then the long way says what it means, or what is wrong.
 */
#ifndef SK_PLAIN_H
#define SK_PLAIN_H

#include "words.h"

/* A snapshot as plain queries see it. */
typedef struct sk_snapshot {
    sk_words words;  /* and with them the parts */
    double average;  /* live tokens per live article */
    int fold_accents;
} sk_snapshot;

typedef struct sk_plain_query {
    const uint8_t *text; /* UTF-8 */
    size_t length;
    int match_all;          /* words side by side are joined by AND */
    const sk_filter *dates; /* a condition on all hits, or NULL */
} sk_plain_query;

/* Both take a task that says k1, b, sort, skipping and limit, and put hits or total there. The best hits are those of
 * sk_search. Returns 1, also where the task ended early (its `end`), or 0 for a query that must go the long way. */
int sk_plain_search(sk_snapshot *snapshot, const sk_plain_query *query, sk_task *task);
int sk_plain_count(sk_snapshot *snapshot, const sk_plain_query *query, sk_task *task);

#endif
