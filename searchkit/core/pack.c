/* Packs, and a reader of plain JSON Lines. See pack.h.
 *
 * A plain line is an object of strings, whole numbers, true, false and null, no key twice or with an escape, with a
 * text and an id. Anything else, right or wrong, is left to Python's json: this reader never says that a line is
 * wrong, and what it takes it takes to mean what Python would say.
 */
#include "pack.h"

#include "segment.h"

enum { DIGITS_MAX = 18, FIELDS_MAX = 64 };

void sk_pack_free(sk_pack *p)
{
    sk_buffer_free(&p->data);
    sk_buffer_free(&p->ids);
    sk_buffer_free(&p->field_keys);
    for (int i = 0; i < 4; i++)
        sk_buffer_free(&p->parts[i]);
    free(p->articles);
    memset(p, 0, sizeof *p);
}

void sk_pack_cut(sk_pack *p, uint32_t count)
{
    if (count < p->count) {
        p->data.length = (size_t)p->articles[count].record;
        p->ids.length = (size_t)p->articles[count].id;
        p->count = count;
    }
}

sk_packed *sk_pack_add(sk_pack *p, const uint8_t *const parts[5], const size_t lengths[5])
{
    if (p->count == p->room) {
        uint32_t room = p->room ? p->room * 2 : 64;
        sk_packed *articles = realloc(p->articles, sizeof *articles * room);
        if (!articles)
            return NULL;
        p->articles = articles;
        p->room = room;
    }
    sk_packed *article = &p->articles[p->count];
    *article = (sk_packed){.record = p->data.length, .id = p->ids.length, .id_length = (uint32_t)lengths[SK_ID],
                           .start = -1, .end = -1};
    for (int i = 0; i < 5; i++)
        if (lengths[i] > UINT32_MAX)
            return NULL;
    for (int i = 0; i < 4; i++) {
        uint32_t length = (uint32_t)lengths[i];
        sk_buffer_put(&p->data, &length, 4);
    }
    for (int i = 0; i < 4; i++)
        sk_buffer_put(&p->data, parts[i], lengths[i]);
    sk_buffer_put(&p->ids, parts[SK_ID], lengths[SK_ID]);
    if (p->data.failed || p->ids.failed)
        return NULL;
    article->size = p->data.length - article->record;
    p->count++;
    return article;
}

/* ---- JSON --------------------------------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *text;
    size_t length, at;
} source;

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* The high bit of each byte that is below `limit` <= 0x80, exactly up to and with the first one. */
static inline uint64_t below(uint64_t eight, uint8_t limit)
{
    return (eight - EACH_BYTE(limit)) & ~eight & EACH_BYTE(0x80);
}

/* Move over what a string holds literally: ASCII but quotes, backslashes and control characters. */
static inline void skip_literal(source *s)
{
    size_t at = s->at;
    for (uint64_t eight; s->length - at >= 8; at += 8) {
        memcpy(&eight, s->text + at, 8);
        uint64_t stop = below(eight, 0x20) | below(eight ^ EACH_BYTE('"'), 1) | below(eight ^ EACH_BYTE('\\'), 1) |
                        (eight & EACH_BYTE(0x80));
        if (stop) {
            s->at = at + (size_t)__builtin_ctzll(stop) / 8;
            return;
        }
    }
    while (at < s->length && s->text[at] >= 0x20 && s->text[at] < 0x80 && s->text[at] != '"' && s->text[at] != '\\')
        at++;
    s->at = at;
}

/* Bytes of the character beyond ASCII at s->at, or 0 if that is no well-formed UTF-8. */
static inline size_t sequence(const source *s)
{
    const uint8_t *p = s->text + s->at;
    size_t left = s->length - s->at;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < 2 || (p[1] & 0xC0) != 0x80)
        return 0;
    if (p[0] < 0xE0)
        return 2;
    if (left < 3 || (p[2] & 0xC0) != 0x80)
        return 0;
    if (p[0] < 0xF0)
        return (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0) ? 0 : 3;
    if (left < 4 || (p[3] & 0xC0) != 0x80 || (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] >= 0x90))
        return 0;
    return 4;
}

/* Four hexadecimal digits at s->at, which moves on; UINT32_MAX if they are none. */
static uint32_t four_digits(source *s)
{
    uint32_t value = 0;
    if (s->length - s->at < 4)
        return UINT32_MAX;
    for (int i = 0; i < 4; i++) {
        uint8_t c = s->text[s->at++], small = c | 0x20;
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if (small >= 'a' && small <= 'f')
            value = value << 4 | (uint32_t)(small - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return value;
}

static void put_character(sk_buffer *out, uint32_t code)
{
    uint8_t bytes[4];
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t leads[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        bytes[i] = (uint8_t)(0x80 | (code & 0x3F));
    bytes[0] = (uint8_t)(leads[size] | code);
    sk_buffer_put(out, bytes, size);
}

/* The escape behind a backslash. Returns 0 if it is odd. */
static int take_escape(source *s, sk_buffer *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (s->at >= s->length)
        return 0;
    uint8_t c = s->text[s->at++];
    if (c == 'u') {
        uint32_t code = four_digits(s), low;
        if (code == UINT32_MAX)
            return 0;
        if (code >= 0xD800 && code < 0xE000) {
            if (code >= 0xDC00 || s->length - s->at < 6 || s->text[s->at] != '\\' || s->text[s->at + 1] != 'u')
                return 0;
            s->at += 2;
            low = four_digits(s);
            if (low < 0xDC00 || low > 0xDFFF)
                return 0;
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        put_character(out, code);
        return 1;
    }
    const char *found = c ? strchr(from, c) : NULL;
    if (!found)
        return 0;
    sk_buffer_put(out, to + (found - from), 1);
    return 1;
}

/* The string that begins behind the quote at s->at - 1, appended to `out`. Returns 1, 2 if it had an escape, 0: odd. */
static int take_string(source *s, sk_buffer *out)
{
    int kind = 1;
    for (;;) {
        size_t start = s->at, size;
        for (;;) {
            skip_literal(s);
            if (s->at >= s->length || s->text[s->at] < 0x80)
                break;
            size = sequence(s);
            if (!size)
                return 0;
            s->at += size;
        }
        sk_buffer_put(out, s->text + start, s->at - start);
        if (s->at >= s->length)
            return 0;
        uint8_t c = s->text[s->at++];
        if (c == '"')
            return kind;
        if (c != '\\' || !take_escape(s, out))
            return 0;
        kind = 2;
    }
}

static void skip_blanks(source *s)
{
    while (s->at < s->length && (s->text[s->at] == ' ' || s->text[s->at] == '\t' || s->text[s->at] == '\r'))
        s->at++;
}

static int take_sign(source *s, uint8_t sign)
{
    skip_blanks(s);
    if (s->at >= s->length || s->text[s->at] != sign)
        return 0;
    s->at++;
    return 1;
}

static int take_word(source *s, const char *literal, size_t size)
{
    if (s->length - s->at < size || memcmp(s->text + s->at, literal, size))
        return 0;
    s->at += size;
    return 1;
}

/* A whole number that Python would write the same way. Returns its length, or 0. */
static size_t take_number(source *s)
{
    size_t at = s->at, digits;
    at += at < s->length && s->text[at] == '-';
    digits = at;
    while (at < s->length && s->text[at] >= '0' && s->text[at] <= '9')
        at++;
    if (at == digits || at - digits > DIGITS_MAX || (s->text[digits] == '0' && (at - digits > 1 || digits > s->at)))
        return 0;
    if (at < s->length && (s->text[at] == '.' || (s->text[at] | 0x20) == 'e'))
        return 0;
    size_t size = at - s->at;
    s->at = at;
    return size;
}

/* The string out[from ..] as JSON, in its place, as Python's json.dumps(ensure_ascii=False) writes it. */
static void quote_again(sk_buffer *out, size_t from, sk_buffer *scratch)
{
    scratch->length = 0;
    sk_buffer_put(scratch, out->bytes + from, out->length - from);
    out->length = from;
    static const char plain[] = "\"\\\n\r\t\b\f", letters[] = "\"\\nrtbf", digits[] = "0123456789abcdef";
    for (size_t i = 0; i < scratch->length; i++) {
        uint8_t c = scratch->bytes[i];
        const char *found = c ? strchr(plain, c) : NULL;
        if (found) {
            char two[2] = {'\\', letters[found - plain]};
            sk_buffer_put(out, two, 2);
        } else if (c < 0x20) {
            char six[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
            sk_buffer_put(out, six, 6);
        } else {
            sk_buffer_put(out, &c, 1);
        }
    }
}

static int has_ink(const sk_buffer *b)
{
    for (size_t i = 0; i < b->length; i++)
        if (b->bytes[i] > 0x20 && b->bytes[i] < 0x7F)
            return 1;
    return 0;
}

/* Whether the key is new among those in field_keys, varint length and bytes each; it is added. */
static int new_key(sk_buffer *keys, const uint8_t *key, size_t length)
{
    const uint8_t *at = keys->bytes, *end = keys->length ? at + keys->length : at; /* no room yet: both are NULL */
    unsigned count = 0;
    for (uint64_t size; at < end; at += size, count++)
        if (sk_varint(&at, end, &size) || (size == length && !memcmp(at, key, length)))
            return 0;
    sk_buffer_varint(keys, length);
    sk_buffer_put(keys, key, length);
    return count < FIELDS_MAX;
}

/* A field of the caller's own: its key, and the value that comes next, go to the fields as JSON. */
static int take_field(sk_pack *p, source *s, const uint8_t *key, size_t key_length, sk_buffer *scratch)
{
    sk_buffer *out = &p->parts[SK_FIELDS];
    if (!key_length || !new_key(&p->field_keys, key, key_length))
        return 0;
    if (take_word(s, "null", 4))
        return 1;
    sk_buffer_put(out, out->length ? "," : "{", 1);
    sk_buffer_put(out, "\"", 1);
    sk_buffer_put(out, key, key_length);
    sk_buffer_put(out, "\":", 2);
    size_t start = s->at;
    if (s->at < s->length && s->text[s->at] == '"') {
        s->at++;
        sk_buffer_put(out, "\"", 1);
        size_t from = out->length;
        int kind = take_string(s, out);
        if (kind == 2 && !out->failed)
            quote_again(out, from, scratch);
        sk_buffer_put(out, "\"", 1);
        return kind;
    }
    if (!take_word(s, "true", 4) && !take_word(s, "false", 5) && !take_number(s))
        return 0;
    sk_buffer_put(out, s->text + start, s->at - start);
    return 1;
}

/* The value of a part. Returns 0 if it is odd. */
static int take_part(source *s, int part, sk_buffer *out)
{
    size_t start = s->at, size;
    if (s->at < s->length && s->text[s->at] == '"') {
        s->at++;
        return take_string(s, out);
    }
    if (part == SK_ID && (size = take_number(s))) {
        sk_buffer_put(out, s->text + start, size);
        return 1;
    }
    return (part == SK_TITLE || part == SK_DATE) && take_word(s, "null", 4);
}

/* The object on the line that begins at s->at. Returns 1, or 0 if the line is odd. */
static int take_object(sk_pack *p, source *s, const sk_names *names, sk_buffer *id, sk_buffer *scratch)
{
    unsigned seen = 0;
    for (int i = 0; i < 4; i++)
        p->parts[i].length = 0;
    p->field_keys.length = id->length = 0;
    if (!take_sign(s, '{'))
        return 0;
    do {
        if (!take_sign(s, '"'))
            return 0;
        const uint8_t *key = s->text + s->at;
        scratch->length = 0;
        if (take_string(s, scratch) != 1 || !take_sign(s, ':'))
            return 0;
        size_t key_length = scratch->length;
        skip_blanks(s);
        int part = 0;
        while (part < 5 && (part == SK_FIELDS || names->length[part] != key_length ||
                            memcmp(names->at[part], key, key_length)))
            part++;
        if (part == 5 ? !take_field(p, s, key, key_length, scratch)
                      : (seen >> part & 1) || !take_part(s, part, part == SK_ID ? id : &p->parts[part]))
            return 0;
        seen |= part < 5 ? 1u << part : 0;
    } while (take_sign(s, ','));
    if (!take_sign(s, '}'))
        return 0;
    skip_blanks(s);
    if (s->at < s->length && s->text[s->at] != '\n')
        return 0;
    s->at += s->at < s->length;
    if (p->parts[SK_FIELDS].length)
        sk_buffer_put(&p->parts[SK_FIELDS], "}", 1);
    return (seen >> SK_TEXT & 1) && id->length && (has_ink(&p->parts[SK_TEXT]) || has_ink(&p->parts[SK_TITLE]));
}

int sk_pack_lines(sk_pack *p, const uint8_t *text, size_t length, size_t *at, uint32_t *line, const sk_names *names,
                  size_t enough)
{
    sk_buffer id = {0}, scratch = {0};
    int result = SK_LINES_TAKEN;
    while (*at < length && !result) {
        source s = {text, length, *at};
        skip_blanks(&s);
        if (s.at == length || text[s.at] == '\n') {
            *at = s.at < length ? s.at + 1 : length;
            ++*line;
            continue;
        }
        if (!take_object(p, &s, names, &id, &scratch)) {
            result = SK_LINE_ODD;
            break;
        }
        const uint8_t *parts[5] = {p->parts[0].bytes, p->parts[1].bytes, p->parts[2].bytes, p->parts[3].bytes, id.bytes};
        size_t lengths[5] = {p->parts[0].length, p->parts[1].length, p->parts[2].length, p->parts[3].length, id.length};
        sk_packed *article = sk_pack_add(p, parts, lengths);
        if (!article) {
            result = SK_NO_MEMORY;
            break;
        }
        article->line = (*line)++;
        article->line_start = *at;
        *at = s.at;
        if (p->data.length >= enough)
            result = SK_PACK_FULL;
    }
    if (id.failed || scratch.failed || p->field_keys.failed || p->parts[0].failed || p->parts[1].failed ||
        p->parts[2].failed || p->parts[3].failed)
        result = SK_NO_MEMORY;
    sk_buffer_free(&id);
    sk_buffer_free(&scratch);
    return result;
}
