/* JSON Lines taken into a pack, from any bytes: what is taken lies in the pack, and lines go forward. */
#include "input.h"
#include "pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *text = new_room(size);
    if (size)
        memcpy(text, data, size);
    static const sk_names names = {
        .at = {(const uint8_t *)"title", (const uint8_t *)"date", (const uint8_t *)"", (const uint8_t *)"text",
               (const uint8_t *)"id"},
        .length = {5, 4, 0, 4, 2},
    };
    sk_pack pack = {0};
    size_t at = 0;
    uint32_t line = 1;
    while (at < size) {
        size_t before = at;
        int result = sk_pack_lines(&pack, text, size, &at, &line, &names, 1 << 20);
        LAW(at >= before && at <= size);
        LAW(result == SK_LINES_TAKEN || result == SK_PACK_FULL || result == SK_LINE_ODD || result == SK_NO_MEMORY);
        if (result == SK_LINES_TAKEN)
            LAW(at == size);
        if (result == SK_LINE_ODD) { /* Python's line */
            const uint8_t *end = memchr(text + at, '\n', size - at);
            at = end ? (size_t)(end - text) + 1 : size;
            line++;
        }
        if (result == SK_NO_MEMORY)
            break;
    }
    for (uint32_t i = 0; i < pack.count; i++) {
        const sk_packed *article = &pack.articles[i];
        LAW(article->record + article->size <= pack.data.length && article->size >= SK_RECORD_HEAD);
        LAW(article->id + article->id_length <= pack.ids.length && article->id_length);
        uint64_t sum = SK_RECORD_HEAD;
        for (unsigned part = 0; part < 4; part++)
            sum += sk_load32(pack.data.bytes + article->record + 4 * part);
        LAW(sum == article->size);
    }
    sk_pack_cut(&pack, pack.count / 2);
    sk_pack_free(&pack);
    free(text);
    return 0;
}
