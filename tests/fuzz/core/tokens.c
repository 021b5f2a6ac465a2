/* The tokenizer, on any bytes: forms are short UTF-8, spans rise and lie in the text, and a form is its own form. */
#include "input.h"
#include "tokenize.h"

static size_t characters(const uint8_t *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; count++) {
        uint8_t lead = text[i];
        size_t more = lead < 0xC2 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : 0;
        size_t got = 0;
        while (got < more && i + 1 + got < length && (text[i + 1 + got] & 0xC0) == 0x80)
            got++;
        uint8_t next = i + 1 < length ? text[i + 1] : 0;
        if (got < more || (lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F) || (lead == 0xF0 && next < 0x90) ||
            (lead == 0xF4 && next > 0x8F))
            got = 0;
        i += 1 + got;
    }
    return count;
}

static int is_utf8(const uint8_t *text, size_t length)
{
    size_t leads = 0;
    for (size_t i = 0; i < length; i++)
        leads += (text[i] & 0xC0) != 0x80;
    return characters(text, length) == leads;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *text = new_room(size);
    if (size)
        memcpy(text, data, size);
    size_t all = characters(text, size);
    for (int fold = 0; fold < 2; fold++) {
        sk_tokenizer tokenizer, again;
        sk_token token, same;
        uint64_t last = 0;
        sk_tokenizer_start(&tokenizer, text, size, fold);
        while (sk_tokenizer_next(&tokenizer, &token)) {
            LAW(token.form_length >= 1 && token.form_length <= SK_FORM_MAX);
            LAW(last <= token.start && token.start < token.end && token.end <= all);
            LAW(is_utf8(token.form, token.form_length));
            last = token.end;
            uint8_t form[SK_FORM_MAX];
            memcpy(form, token.form, token.form_length);
            sk_tokenizer_start(&again, form, token.form_length, fold);
            while (sk_tokenizer_next(&again, &same))
                LAW(same.form_length <= SK_FORM_MAX);
        }
        LAW(!sk_tokenizer_next(&tokenizer, &token));
    }
    free(text);
    return 0;
}
