/* A pack: some articles on their way into a run, as they will be stored (docs/format.md, "Stored articles"), and JSON
 * Lines turned into one without a Python object for each article.
 *
 *     data      := records, one behind the other: u32[4] bytes of title, date, fields, text; then these
 */
#ifndef SK_PACK_H
#define SK_PACK_H

#include "bits.h"

enum { SK_RECORD_HEAD = 16 };

typedef struct sk_packed {
    uint64_t record, size; /* in `data` */
    uint64_t id;           /* in `ids` */
    uint32_t id_length;
    uint32_t line;       /* of the input, from 1 */
    uint64_t line_start; /* where that line begins in the text it was taken from */
    int64_t start, end;  /* seconds of the date; -1 and -1: undated */
} sk_packed;

typedef struct sk_pack {
    sk_buffer data, ids;
    sk_packed *articles;
    uint32_t count, room;
    sk_buffer parts[4], field_keys; /* of the line being read */
} sk_pack;

/* The parts in the order of a record, and then the id. */
enum { SK_TITLE, SK_DATE, SK_FIELDS, SK_TEXT, SK_ID };

void sk_pack_free(sk_pack *p);

/* Append an article of which the parts and the id are given, as pointers and lengths in the order above; its dates and
 * line are to be set by the caller. Returns the new article, or NULL if memory ran out. */
sk_packed *sk_pack_add(sk_pack *p, const uint8_t *const parts[5], const size_t lengths[5]);

/* What the records call the parts: names of title, date, nothing, text and id. */
typedef struct sk_names {
    const uint8_t *at[5];
    size_t length[5];
} sk_names;

enum { SK_LINES_TAKEN = 0, SK_PACK_FULL = 1, SK_LINE_ODD = 2 };

/* Take articles from whole lines, text[*at .. length), until the pack holds `enough` bytes; *line is the number of the
 * line at *at. Returns SK_LINES_TAKEN when none is left, SK_PACK_FULL, SK_LINE_ODD when the line at *at is one that
 * Python must look at (wrong, or not plain enough: see pack.c), or SK_NO_MEMORY. The dates are as they are in the line,
 * unread. */
int sk_pack_lines(sk_pack *p, const uint8_t *text, size_t length, size_t *at, uint32_t *line, const sk_names *names,
                  size_t enough);

/* Drop the articles from number `count` on. */
void sk_pack_cut(sk_pack *p, uint32_t count);

#endif
