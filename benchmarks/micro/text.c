/* See text.h. */
#include "text.h"

#include "harness.h"

#include <string.h>

enum { WORD_MAX = 256 };

/* The word of a rank, the same each time: the rarer, the longer. Returns its bytes. */
static size_t spell_word(enum micro_script script, uint32_t rank, uint8_t *word)
{
    static const char letters[] = "eeeetttaaaooinnishrrdlucmfwypvbgkqjxz";
    uint64_t random = (rank + 1) * UINT64_C(0x9E3779B97F4A7C15);
    unsigned power = 0, count, accent;
    while ((rank + 1) >> (power + 1))
        power++;
    count = script == MICRO_LONG ? 200 : 2 + power / 3 + (unsigned)(micro_random(&random) % 3);
    accent = script == MICRO_ACCENTS && micro_random(&random) % 4 == 0 ? (unsigned)(micro_random(&random) % count) : count;
    size_t size = 0;
    for (unsigned i = 0; i < count; i++) {
        if (script == MICRO_CYRILLIC) {
            unsigned code = 0x430 + (unsigned)(micro_random(&random) % 32);
            word[size++] = (uint8_t)(0xC0 | code >> 6);
            word[size++] = (uint8_t)(0x80 | (code & 63));
        } else if (i == accent) {
            word[size++] = 0xC3;
            word[size++] = (uint8_t)(0xA0 + micro_random(&random) % 22);
        } else {
            word[size++] = (uint8_t)letters[micro_random(&random) % (sizeof letters - 1)];
        }
    }
    return size;
}

micro_text micro_text_make(enum micro_script script, size_t length)
{
    length = (length + 63) / 64 * 64;
    micro_text text = {micro_memory(length + 64 + WORD_MAX), 0, micro_memory(4 * length), 0};
    uint64_t random = 1 + (uint64_t)script;
    int capital = 1;
    while (text.length < length && script != MICRO_NO_WORDS) {
        uint32_t rank = micro_rank(&random);
        uint8_t *word = text.bytes + text.length;
        size_t size = spell_word(script, rank, word);
        if (text.length + size + 2 > length)
            break;
        if (capital && word[0] < 0x80)
            word[0] -= 32;
        text.ranks[text.words++] = rank;
        text.length += size;
        uint64_t mark = micro_random(&random) % 16;
        if (mark < 2)
            text.bytes[text.length++] = mark ? ',' : '.';
        text.bytes[text.length++] = ' ';
        capital = mark == 0;
    }
    while (text.length < length) {
        text.bytes[text.length] = text.length % 7 == 6 ? '-' : ' ';
        text.length++;
    }
    return text;
}
