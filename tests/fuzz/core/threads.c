/* Threads that search one segment at the same time, for ThreadSanitizer: what they share is the table of kernels, the pages
 * that were checked, the words that were looked up, and the maxima of frequent ones.
 *
 *     threads FILE...    files as of search.c; each is asked by several threads at once
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>

#include "crc32c.h"
#include "input.h"
#include "plain.h"

enum { THREADS = 6, TURNS = 40, PAGE = 64 };

typedef struct shared {
    sk_segment *segment;
    sk_snapshot *snapshot;
    const uint8_t *text;
    size_t length;
    pthread_barrier_t together;
} shared;

static void *ask(void *given)
{
    shared *with = given;
    pthread_barrier_wait(&with->together);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        sk_plain_query query = {with->text, with->length, (int)(turn & 1), NULL};
        sk_task task = {.k1 = 1.2, .b = 0.75, .skipping = 1, .limit = 10};
        sk_plain_search(with->snapshot, &query, &task);
        free(task.hits);
        sk_dict_walk walk;
        sk_dict_start(&walk, with->segment, 0);
        while (sk_dict_next(&walk) == 1) {
            sk_cursor c;
            if (!sk_cursor_open(&c, with->segment, &walk.list))
                sk_maxima_of(with->segment->maxima, &c, 1.5);
            sk_cursor_close(&c);
        }
    }
    return NULL;
}

/* The sections in one piece of memory with its pages' checksums, as a file has them. */
static int laid_out(sk_segment *s, input *in, uint8_t **file, uint8_t **sums)
{
    sk_segment apart;
    if (!open_segment(&apart, in)) {
        close_segment(&apart);
        return 0;
    }
    size_t whole = 0, at = 0;
    for (unsigned i = 0; i < SECTIONS; i++)
        whole += (&apart.meta + i)->size;
    *file = new_room(whole);
    memset(s, 0, sizeof *s);
    for (unsigned i = 0; i < SECTIONS; i++) {
        const sk_section *from = &apart.meta + i;
        memcpy(*file + at, from->at, from->size);
        *(&s->meta + i) = (sk_section){*file + at, from->size};
        at += from->size;
    }
    close_segment(&apart);
    s->pages = (whole + PAGE - 1) / PAGE;
    *sums = new_room(4 * s->pages);
    sk_crc32c_pages(*file, whole, PAGE, *sums);
    s->file = *file;
    s->file_size = whole;
    s->page_size = PAGE;
    s->page_bits = 6;
    s->page_sums = *sums;
    s->page_seen = new_room(s->pages);
    s->maxima = sk_maxima_open();
    const char *damaged;
    return sk_segment_open(s, &damaged) == SK_OK;
}

static void ask_together(input in)
{
    uint8_t *file = NULL, *sums = NULL;
    take(&in, 2);
    size_t length = (size_t)take(&in, 1);
    length = length < in.left ? length : in.left;
    uint8_t *text = take_room(&in, length);
    sk_segment s = {0};
    if (laid_out(&s, &in, &file, &sums)) {
        sk_part part = {&s, NULL, NULL};
        sk_snapshot snapshot = {.average = s.average > 0 ? s.average : 1, .fold_accents = 1};
        shared with = {&s, &snapshot, text, length, {{0}}};
        pthread_t threads[THREADS];
        LAW(sk_words_open(&snapshot.words, &part, 1, s.articles, (const uint8_t *)"\1a\3the\2of") == SK_OK);
        pthread_barrier_init(&with.together, NULL, THREADS);
        for (unsigned i = 0; i < THREADS; i++)
            LAW(!pthread_create(&threads[i], NULL, ask, &with));
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        sk_words_close(&snapshot.words);
        pthread_barrier_destroy(&with.together);
    }
    sk_maxima_close(s.maxima);
    free(s.page_seen);
    free(file);
    free(sums);
    free(text);
}

int main(int count, char **names)
{
    for (int i = 1; i < count; i++) {
        static uint8_t data[1 << 20];
        FILE *f = fopen(names[i], "rb");
        if (!f)
            return 2;
        size_t size = fread(data, 1, sizeof data, f);
        fclose(f);
        ask_together((input){data, size});
    }
    printf("%d files, %d threads each\n", count - 1, THREADS);
    return 0;
}
