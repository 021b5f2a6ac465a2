"""The compiled door into building: runs of articles inverted, segments merged, both written section by section.

A `Run` takes articles and becomes a segment; a `Merge` makes one segment of several. Both write themselves through a
`writer` with `begin(name)`, `write(bytes)` and `end()` (searchkit.storage.container); the section of stored articles
is the caller's (searchkit.indexing.store). What the sections hold is in docs/format.md.
"""

import struct

from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MAX, UINT32_MAX, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from searchkit.core.packs cimport SK_DATE, SK_FIELDS, SK_RECORD_HEAD, SK_TEXT, SK_TITLE, Pack, sk_packed
from searchkit.core.segment cimport *
from searchkit.core.segment cimport Segment, sk_dict_next, sk_dict_start, sk_dict_walk
from searchkit.core.segment import pair_key
from searchkit.errors import CorruptIndex

cdef extern from "encode.h" nogil:
    ctypedef struct sk_buffer:
        uint8_t *bytes
        size_t length
        int failed
    void sk_buffer_put(sk_buffer *b, const void *data, size_t length)
    void sk_buffer_varint(sk_buffer *b, uint64_t value)
    int sk_buffer_room(sk_buffer *b, size_t more)
    void sk_buffer_free(sk_buffer *b)

    ctypedef struct sk_impact_scale:
        const uint32_t *lengths
        double b, average

    ctypedef struct sk_dict_builder:
        sk_buffer keys, index
        uint64_t count, payload
    int sk_dict_add(sk_dict_builder *d, const uint8_t *key, uint32_t length)
    void sk_dict_free(sk_dict_builder *d)

cdef extern from "ids.h" nogil:
    ctypedef struct sk_ids_builder:
        sk_buffer offsets, blocks
        uint32_t count
    int sk_ids_add(sk_ids_builder *b, const uint8_t *id, size_t length)
    void sk_ids_free(sk_ids_builder *b)
    int sk_id_order_write(sk_buffer *out, const uint32_t *ranks, uint32_t count)

cdef extern from "invert.h" nogil:
    ctypedef struct sk_run:
        uint32_t form_count
        uint32_t *titles
        uint32_t *lengths
        uint32_t articles
        uint64_t tokens
    int sk_run_open(sk_run *r, int fold_accents, uint32_t title_weight)
    void sk_run_close(sk_run *r)
    int sk_run_add(sk_run *r, const uint8_t *title, size_t title_length, const uint8_t *text, size_t text_length)
    int sk_run_form(sk_run *r, const uint8_t *form, uint32_t length, uint32_t more, uint32_t *number)
    uint64_t sk_run_occurrences(const sk_run *r, const uint8_t *form, uint32_t length)
    void sk_run_counts(const sk_run *r, uint64_t *counts)
    void sk_run_uncount(const sk_run *r, uint32_t article, uint64_t *counts)
    void sk_run_close_table(sk_run *r)
    void sk_trim()
    const uint8_t *sk_form_at(const sk_run *r, uint32_t number, uint32_t *length)
    uint64_t sk_run_memory(const sk_run *r)

    ctypedef struct sk_place:
        uint32_t run, article

    int SK_MARKED_RANGES, SK_NOT_FREQUENT
    ctypedef struct sk_slice:
        uint32_t docid, past
    ctypedef struct sk_inversion:
        const sk_run *runs
        const sk_place *places
        uint32_t kept
        uint32_t **term_of
        const sk_impact_scale *scale
        const uint8_t *number_of
        const sk_slice *slices
        uint32_t slice_count
    int sk_inversion_open(sk_inversion *v)
    void sk_inversion_close(sk_inversion *v)

    ctypedef struct sk_marking:
        uint32_t first, ranges
        uint32_t pasts[14]
    int sk_marking_open(sk_marking *m, const sk_inversion *v, uint32_t runs)
    void sk_marking_close(sk_marking *m, uint32_t runs)
    void sk_mark(const sk_marking *m, const sk_inversion *v, uint32_t docid, uint32_t past)

    ctypedef struct sk_range:
        uint32_t first, past, mark
        const uint64_t *occurrences
        sk_buffer out
        uint32_t *dfs
        uint64_t *sizes
        uint64_t position_bits
    ctypedef struct sk_sorting:
        pass
    void sk_sorting_close(sk_sorting *s)
    int sk_range_invert(const sk_inversion *v, sk_range *range, sk_sorting *s)
    void sk_range_close(sk_range *range)

cdef extern from "order.h" nogil:
    ctypedef struct sk_sorted:
        const uint8_t *key
        uint32_t length, number
    sk_sorted sk_sorted_article(int64_t start, int64_t end, const uint8_t *id, uint32_t length, uint32_t number)
    sk_sorted sk_sorted_name(const uint8_t *key, uint32_t length, uint32_t number)
    void sk_sort(sk_sorted *items, size_t count)

cdef extern from "english.h" nogil:
    int sk_english_takes(const uint8_t *form, uint32_t length)
    uint32_t sk_english_stem(uint8_t *form, uint32_t length)

cdef extern from "frequent.h" nogil:
    int SK_PAIR_WORDS_MAX
    int sk_slice_find(sk_slice *slice, const sk_inversion *v, uint8_t **numbers, uint32_t words)
    void sk_slice_close_pairs(sk_slice *slice, uint32_t words)
    void sk_slice_close(sk_slice *slice, uint32_t words)
    int sk_pairs_encode(const sk_inversion *v, uint32_t words, sk_range *row, sk_sorting *sorting)

cdef extern from "merge.h" nogil:
    ctypedef struct sk_merge_source:
        const sk_segment *segment
        const uint32_t *docids
    ctypedef struct sk_merge:
        sk_merge_source *sources
        uint32_t count
        const sk_impact_scale *scale
        const sk_run *gone
        uint32_t damaged
    int sk_merge_start(sk_merge *m, int forms)
    int sk_merge_terms(sk_merge *m, sk_buffer *out, size_t enough, sk_dict_builder *terms, uint64_t *position_bits)
    int sk_merge_forms(sk_merge *m, sk_dict_builder *forms)
    void sk_merge_close(sk_merge *m)

MOST_SOURCES = 64
"""Segments that one merge can take."""

cdef size_t CHUNK = 4 << 20  # bytes of postings gathered before they are written
cdef uint64_t SLICE = 1 << 22  # tokens of the articles that a thread looks through at a time

# A term is frequent if it is one of so many tokens, and of so many in all at least.
cdef uint64_t FREQUENT = 1 << 9, FREQUENT_LEAST = 1 << 14

META = struct.Struct("<QQddIIIIIIqQQQQ")


cdef bytes take(sk_buffer *buffer):
    cdef bytes data
    if buffer.failed:
        raise MemoryError
    data = PyBytes_FromStringAndSize(<const char *>buffer.bytes, buffer.length)
    buffer.length = 0
    return data


cdef check(int failed):
    if failed == SK_NO_MEMORY:
        raise MemoryError
    if failed < 0:
        raise OverflowError("a segment outgrew its 32-bit offsets: commit more often, or lower memory=")


cdef tuple pack_lengths(const uint32_t *values, uint32_t count, bint narrow):
    """Values in the fewest bytes each (1 or 0 only if `narrow`): the bytes, the width, the least and the most."""
    cdef uint32_t i, least = UINT32_MAX, most = 0
    for i in range(count):
        least = min(least, values[i])
        most = max(most, values[i])
    cdef int width = 4 if most > 0xFFFF else 2 if most > 0xFF or not narrow else 1 if most else 0
    cdef bytes data = PyBytes_FromStringAndSize(NULL, width * <Py_ssize_t>count)
    cdef uint8_t *out = <uint8_t *>PyBytes_AsString(data)
    for i in range(count):
        memcpy(out + i * <size_t>width, &values[i], width)
    return data, width, least, most


cdef tuple pack_dates(const int64_t *starts, const int64_t *ends, uint32_t count):
    """Runs of equal dates: the bytes, how many, and the seconds of the longest interval."""
    cdef uint32_t i, runs = 0
    cdef int64_t longest = 0
    cdef sk_buffer *buffer = new_buffer()
    try:
        for i in range(count):
            if i and starts[i] == starts[i - 1] and ends[i] == ends[i - 1]:
                continue
            sk_buffer_put(buffer, &starts[i], 8)
            sk_buffer_put(buffer, &ends[i], 8)
            sk_buffer_put(buffer, &i, 4)
            longest = max(longest, ends[i] - starts[i])
            runs += 1
        return take(buffer), runs, longest
    finally:
        drop_buffer(buffer)


cdef sk_buffer *new_buffer() except NULL:
    cdef sk_buffer *buffer = <sk_buffer *>calloc(1, sizeof(sk_buffer))
    if buffer == NULL:
        raise MemoryError
    return buffer


cdef void drop_buffer(sk_buffer *buffer) noexcept:
    sk_buffer_free(buffer)
    free(buffer)


cdef write(writer, str name, data):
    writer.begin(name)
    writer.write(data)
    writer.end()


cdef write_rest(writer, uint32_t count, const uint32_t *lengths, const uint32_t *titles, const int64_t *starts,
                const int64_t *ends, tuple ids, uint64_t total, double b, double average,
                uint32_t title_weight, uint64_t terms, uint64_t forms, uint64_t position_bits):
    """The sections that run and merge write alike, `meta` last."""
    length_bytes, length_width, least, most = pack_lengths(lengths, count, False)
    title_bytes, title_width, _, _ = pack_lengths(titles, count, True)
    dates, runs, longest = pack_dates(starts, ends, count)
    write(writer, "lengths", length_bytes)
    write(writer, "titles", title_bytes)
    write(writer, "dates", dates)
    write(writer, "ids", ids[0])
    write(writer, "id_order", ids[1])
    write(writer, "meta", META.pack(count, total, b, average, least, most, length_width, title_width, title_weight,
                                    runs, longest, terms, forms, position_bits // 8, 0))


cdef struct entered:
    # an article of a run
    uint64_t record, size  # where its record is in the run's store
    uint64_t id            # in `ids`
    int64_t start, end
    uint32_t id_length, run, number
    bint live


cdef void *room_for(uint64_t count, size_t size) except NULL:
    cdef void *room = calloc(count + 1, size)
    if room == NULL:
        raise MemoryError
    return room


cdef uint64_t hash_id(const uint8_t *id, uint32_t length) noexcept nogil:
    cdef uint64_t hash = 0x9e3779b97f4a7c15ULL ^ length
    cdef uint32_t i
    for i in range(length):
        hash = (hash ^ id[i]) * 0x100000001b3ULL
    return hash ^ hash >> 32


cdef void put_list(sk_dict_builder *terms, uint32_t df, uint64_t size, uint64_t identity) noexcept:
    """The value of the term that was added last."""
    sk_buffer_varint(&terms.keys, df)
    sk_buffer_varint(&terms.keys, size)
    sk_buffer_varint(&terms.keys, identity)
    terms.payload += size


cdef class Lists:
    """The postings lists of a range of terms."""
    cdef sk_range range

    def __dealloc__(self):
        sk_range_close(&self.range)

    cdef write(self, writer):
        if self.range.out.length:
            writer.write(<uint8_t[:self.range.out.length]>self.range.out.bytes)


cdef class Sorting:
    """What a thread sorts in."""
    cdef sk_sorting sorting

    def __dealloc__(self):
        sk_sorting_close(&self.sorting)


cdef class Marking:
    """Which tokens are of some ranges of terms, written down article by article."""
    cdef Inversion inversion
    cdef sk_marking marking

    cdef open(self, list ranges):
        cdef uint32_t number, first, past
        self.marking.first = ranges[0][1]
        for number, first, past in ranges:
            self.marking.pasts[number] = past
        self.marking.ranges = len(ranges)
        check(sk_marking_open(&self.marking, &self.inversion.inversion, self.inversion.owner.threads))

    def __dealloc__(self):
        sk_marking_close(&self.marking, self.inversion.owner.threads)

    def mark(self, uint32_t slice_):
        """Mark the articles of a slice. Threads may call this at the same time."""
        cdef sk_slice *articles = &self.inversion.slices[slice_]
        with nogil:
            sk_mark(&self.marking, &self.inversion.inversion, articles.docid, articles.past)


cdef class Inversion:
    """A run with its terms known: what `Lists` are made from, by several threads if wanted."""
    cdef Run owner
    cdef sk_inversion inversion
    cdef sk_impact_scale scale
    cdef sk_place *places
    cdef uint32_t *lengths
    cdef uint32_t *titles
    cdef uint32_t **term_of     # by run, by form
    cdef uint64_t *occurrences  # by term
    cdef uint64_t *identities   # by term: of the form spelt like it
    cdef sk_run names           # the terms' bytes, by their first numbers
    cdef sk_sorted *terms       # in order, with their first numbers
    cdef sk_sorted *changed     # the forms that are spelt unlike their terms, in order, with their numbers
    cdef uint32_t term_count, changed_count
    cdef uint64_t *form_counts
    cdef uint64_t total
    cdef uint8_t *number_of     # by term: its number among the frequent ones
    cdef uint8_t **numbers      # the same by run, by form
    cdef sk_slice *slices
    cdef uint32_t slice_count
    cdef tuple words            # of pairs: the first of the frequent terms, in order
    cdef list idle              # Sortings of no thread at the moment

    def __cinit__(self, Run owner):
        self.owner = owner
        self.idle = []
        self.term_of = <uint32_t **>room_for(owner.threads, sizeof(uint32_t *))
        if sk_run_open(&self.names, 0, 0):
            raise MemoryError

    def __dealloc__(self):
        cdef int run
        for run in range(self.owner.threads):
            if self.term_of != NULL:
                free(self.term_of[run])
            if self.numbers != NULL:
                free(self.numbers[run])
        free(self.term_of)
        free(self.numbers)
        for run in range(<int>self.slice_count):
            sk_slice_close(&self.slices[run], <uint32_t>len(self.words))
        free(self.slices)
        free(self.number_of)
        free(self.places)
        free(self.lengths)
        free(self.titles)
        free(self.occurrences)
        free(self.identities)
        free(self.terms)
        free(self.changed)
        free(self.form_counts)
        sk_run_close(&self.names)
        sk_inversion_close(&self.inversion)

    cdef place(self):
        """The kept articles in order of docids."""
        cdef Run owner = self.owner
        cdef uint32_t docid, count = owner.kept
        cdef entered *article
        cdef sk_run *run
        self.places = <sk_place *>room_for(count, sizeof(sk_place))
        self.lengths = <uint32_t *>room_for(count, 4)
        self.titles = <uint32_t *>room_for(count, 4)
        for docid in range(count):
            article = &owner.articles[owner.order[docid]]
            run = &owner.runs[article.run]
            self.places[docid].run, self.places[docid].article = article.run, article.number
            self.lengths[docid] = run.lengths[article.number]
            self.titles[docid] = run.titles[article.number]
            self.total += self.lengths[docid]
        if self.total >= UINT32_MAX:
            raise OverflowError("a run holds at most 4 billion tokens: lower memory=")

    cdef count_forms(self):
        """Join the forms of all runs in the first one's table, and count them over the kept articles."""
        cdef Run owner = self.owner
        cdef sk_run *all_forms = &owner.runs[0]
        cdef sk_run *run
        cdef uint64_t *counts
        cdef const uint8_t *at
        cdef uint32_t i, form, length
        cdef int number
        for number in range(1, owner.threads):
            run = &owner.runs[number]
            self.term_of[number] = <uint32_t *>room_for(run.form_count, 4)
            for form in range(run.form_count):
                at = sk_form_at(run, form, &length)
                check(sk_run_form(all_forms, at, length, 0, &self.term_of[number][form]))
        self.term_of[0] = <uint32_t *>room_for(all_forms.form_count, 4)
        self.form_counts = <uint64_t *>room_for(all_forms.form_count, 8)
        sk_run_counts(all_forms, self.form_counts)
        for i in range(owner.count):
            if not owner.articles[i].live and owner.articles[i].run == 0:
                sk_run_uncount(all_forms, owner.articles[i].number, self.form_counts)
        for number in range(1, owner.threads):
            run = &owner.runs[number]
            counts = <uint64_t *>room_for(run.form_count, 8)
            sk_run_counts(run, counts)
            for i in range(owner.count):
                if not owner.articles[i].live and <int>owner.articles[i].run == number:
                    sk_run_uncount(run, owner.articles[i].number, counts)
            for form in range(run.form_count):
                self.form_counts[self.term_of[number][form]] += counts[form]
            free(counts)

    cdef name_terms(self, stem, bint compiled):
        """Each form's term, by the order of the terms' bytes."""
        cdef sk_run *forms = &self.owner.runs[0]
        cdef uint32_t form, length, rank
        cdef uint8_t word[256]
        cdef uint32_t *term_of = self.term_of[0]
        cdef uint32_t *ranks
        cdef const uint8_t *at
        cdef int number
        rest, numbers = [], []
        for form in range(forms.form_count):
            if not self.form_counts[form]:
                continue
            at = sk_form_at(forms, form, &length)
            if compiled and sk_english_takes(at, length) and at[0] != c"'":
                memcpy(word, at, length)
                check(sk_run_form(&self.names, word, sk_english_stem(word, length), 1, &term_of[form]))
            else:
                rest.append((<const char *>at)[:length].decode("utf-8"))
                numbers.append(form)
        for form, name in zip(numbers, stem(rest), strict=True):
            encoded = name.encode("utf-8")
            check(sk_run_form(&self.names, <const uint8_t *>PyBytes_AsString(encoded), <uint32_t>len(encoded), 1,
                              &term_of[form]))
        del rest, numbers
        self.term_count = self.names.form_count
        self.terms = <sk_sorted *>room_for(self.term_count, sizeof(sk_sorted))
        ranks = <uint32_t *>room_for(self.term_count, 4)
        for rank in range(self.term_count):
            at = sk_form_at(&self.names, rank, &length)
            self.terms[rank] = sk_sorted_name(at, length, rank)
        with nogil:
            sk_sort(self.terms, self.term_count)
        for rank in range(self.term_count):
            ranks[self.terms[rank].number] = rank
        for form in range(forms.form_count):
            if self.form_counts[form]:
                term_of[form] = ranks[term_of[form]]
        free(ranks)
        for number in range(1, self.owner.threads):
            for form in range(self.owner.runs[number].form_count):
                self.term_of[number][form] = term_of[self.term_of[number][form]]

    cdef close_tables(self):
        cdef int number
        sk_run_close_table(&self.names)
        for number in range(self.owner.threads):
            sk_run_close_table(&self.owner.runs[number])

    cdef count_terms(self):
        """How often each term occurs, and the forms that are spelt unlike theirs."""
        cdef sk_run *forms = &self.owner.runs[0]
        cdef uint32_t form, length
        cdef sk_sorted *term
        cdef const uint8_t *at
        self.occurrences = <uint64_t *>room_for(self.term_count, 8)
        self.identities = <uint64_t *>room_for(self.term_count, 8)
        self.changed = <sk_sorted *>room_for(forms.form_count, sizeof(sk_sorted))
        for form in range(forms.form_count):
            if not self.form_counts[form]:
                continue
            at = sk_form_at(forms, form, &length)
            self.occurrences[self.term_of[0][form]] += self.form_counts[form]
            term = &self.terms[self.term_of[0][form]]
            if term.length == length and not memcmp(term.key, at, length):
                self.identities[self.term_of[0][form]] = self.form_counts[form]
            else:
                self.changed[self.changed_count] = sk_sorted_name(at, length, form)
                self.changed_count += 1
        with nogil:
            sk_sort(self.changed, self.changed_count)

    cdef start(self, double b):
        self.scale.lengths = self.lengths
        self.scale.b = b
        self.scale.average = <double>self.total / <double>self.owner.kept
        self.inversion.runs, self.inversion.places = self.owner.runs, self.places
        self.inversion.kept, self.inversion.term_of = self.owner.kept, self.term_of
        self.inversion.scale = &self.scale
        check(sk_inversion_open(&self.inversion))

    cdef cut(self):
        """Cut the articles into slices of a few million tokens."""
        cdef uint32_t docid, count = self.inversion.kept
        cdef uint64_t size = 0
        self.slices = <sk_slice *>room_for(self.total // SLICE + 1, sizeof(sk_slice))
        for docid in range(count):
            size += self.lengths[docid]
            if size >= SLICE or docid + 1 == count:
                self.slices[self.slice_count].past = docid + 1
                self.slice_count += 1
                self.slices[self.slice_count].docid = docid + 1
                size = 0
        self.inversion.slices, self.inversion.slice_count = self.slices, self.slice_count

    cdef find_frequent(self, tuple frequent, in_order):
        """Find the tokens of frequent terms, and pairs."""
        cdef uint32_t term, form, number, low, high
        cdef int run
        cdef bytes word
        self.words = tuple(sorted(name.encode("utf-8") for name in frequent))
        number = len(self.words)
        if number > <uint32_t>SK_PAIR_WORDS_MAX:
            raise ValueError(f"pairs of {number} words; there are lists for {SK_PAIR_WORDS_MAX} at most")
        self.number_of = <uint8_t *>room_for(self.term_count, 1)
        memset(self.number_of, SK_NOT_FREQUENT, self.term_count)
        for number, word in enumerate(self.words):
            low, high = 0, self.term_count
            while low < high:
                term = (low + high) // 2
                if self.name(term) < word:
                    low = term + 1
                else:
                    high = term
            if low < self.term_count and self.name(low) == word:
                self.number_of[low] = number
        number = len(self.words)
        for term in range(self.term_count):
            if number < <uint32_t>SK_NOT_FREQUENT and self.number_of[term] == SK_NOT_FREQUENT and (
                    self.occurrences[term] >= max(self.total // FREQUENT, FREQUENT_LEAST)):
                self.number_of[term] = number
                number += 1
        self.inversion.number_of = self.number_of
        self.numbers = <uint8_t **>room_for(self.owner.threads, sizeof(uint8_t *))
        for run in range(self.owner.threads):
            self.numbers[run] = <uint8_t *>room_for(self.owner.runs[run].form_count, 1)
            for form in range(self.owner.runs[run].form_count):
                self.numbers[run][form] = self.number_of[self.term_of[run][form]]
        for _ in in_order(self.find, range(self.slice_count)):
            pass

    cdef bytes name(self, uint32_t term):
        return (<const char *>self.terms[term].key)[:self.terms[term].length]

    def find(self, uint32_t slice_):
        """Find the frequent terms of a slice. Threads may call this at the same time."""
        cdef uint32_t words = len(self.words)
        cdef int failed
        with nogil:
            failed = sk_slice_find(&self.slices[slice_], &self.inversion, self.numbers, words)
        check(failed)

    def ranges(self, uint64_t tokens):
        """(mark, first, past) of terms of which at most so many tokens are sorted, but one term at least: lists of those
        that can be marked at a time."""
        cdef uint32_t first = 0, term
        cdef uint64_t size = 0, more
        some = []
        for term in range(self.term_count):
            more = self.occurrences[term]
            if self.number_of[term] != SK_NOT_FREQUENT:
                more //= 4  # they are not sorted, but their lists take room
            if size and size + more > tokens:
                some.append((len(some), first, term))
                first, size = term, 0
                if len(some) == SK_MARKED_RANGES:
                    yield some
                    some = []
            size += more
        if first < self.term_count:
            some.append((len(some), first, self.term_count))
            yield some

    cdef mark(self, list ranges, in_order):
        """Mark the tokens of some ranges, which `lists` can then take."""
        cdef Marking marking = Marking.__new__(Marking)
        marking.inversion = self
        marking.open(ranges)
        for _ in in_order(marking.mark, range(self.slice_count)):
            pass

    cdef Sorting room(self):
        """What this thread may sort in, and puts among the idle ones when it is done."""
        try:
            return self.idle.pop()
        except IndexError:
            return Sorting.__new__(Sorting)

    def pairs(self, uint32_t first):
        """The lists of the pairs of a word and each. Threads may call this at the same time."""
        cdef Lists lists = Lists.__new__(Lists)
        cdef Sorting sorting = self.room()
        cdef uint32_t words = len(self.words)
        cdef int failed
        lists.range.first = first
        with nogil:
            failed = sk_pairs_encode(&self.inversion, words, &lists.range, &sorting.sorting)
        check(failed)
        self.idle.append(sorting)
        return lists

    def lists(self, tuple range_):
        """The lists of the terms of a marked range. Threads may call this at the same time."""
        cdef Lists lists = Lists.__new__(Lists)
        cdef Sorting sorting = self.room()
        cdef int failed
        lists.range.mark, lists.range.first, lists.range.past = range_
        lists.range.occurrences = self.occurrences
        with nogil:
            failed = sk_range_invert(&self.inversion, &lists.range, &sorting.sorting)
        check(failed)
        self.idle.append(sorting)
        return lists

    def all_lists(self, uint64_t tokens, in_order):
        """The lists of all terms, in order, of at most so many tokens at a time."""
        for ranges in self.ranges(tokens):
            self.mark(ranges, in_order)
            yield from in_order(self.lists, ranges)

    cdef write_pairs(self, writer, in_order, sk_dict_builder *dictionary):
        """Write the lists of pairs: they stand before all others, as their keys do."""
        cdef Lists lists
        cdef uint32_t first = 0, second
        cdef bytes key
        for lists in in_order(self.pairs, range(len(self.words))):
            for second in range(<uint32_t>len(self.words)):
                if lists.range.dfs[second]:
                    key = pair_key(self.words[first].decode("utf-8"), self.words[second].decode("utf-8"))
                    check(sk_dict_add(dictionary, <const uint8_t *>PyBytes_AsString(key), <uint32_t>len(key)))
                    put_list(dictionary, lists.range.dfs[second], lists.range.sizes[second], 0)
            lists.write(writer)
            first += 1
        lists = None
        for first in range(self.slice_count):
            sk_slice_close_pairs(&self.slices[first], <uint32_t>len(self.words))
        sk_trim()

    cdef tuple write_lists(self, writer, uint64_t tokens, in_order):
        """Write postings and the dictionary of terms. Returns how many entries that has, and the bits of positions."""
        cdef sk_dict_builder *dictionary = <sk_dict_builder *>room_for(1, sizeof(sk_dict_builder))
        cdef uint64_t position_bits = 0
        cdef uint32_t term
        cdef Lists lists
        cdef sk_range *done
        cdef int failed
        try:
            writer.begin("postings")
            self.write_pairs(writer, in_order, dictionary)
            for lists in self.all_lists(tokens, in_order):
                done = &lists.range
                position_bits += done.position_bits
                for term in range(done.first, done.past):
                    failed = sk_dict_add(dictionary, self.terms[term].key, self.terms[term].length)
                    check(failed)
                    put_list(dictionary, done.dfs[term - done.first], done.sizes[term - done.first], self.identities[term])
                lists.write(writer)
                lists = None
            writer.end()
            write(writer, "terms", take(&dictionary.keys))
            write(writer, "term_index", take(&dictionary.index))
            return dictionary.count, position_bits
        finally:
            sk_dict_free(dictionary)
            free(dictionary)

    cdef write_forms(self, writer):
        cdef sk_dict_builder *dictionary = <sk_dict_builder *>room_for(1, sizeof(sk_dict_builder))
        cdef uint32_t i
        cdef sk_sorted *form
        cdef sk_sorted *term
        try:
            for i in range(self.changed_count):
                form = &self.changed[i]
                term = &self.terms[self.term_of[0][form.number]]
                check(sk_dict_add(dictionary, form.key, form.length))
                sk_buffer_varint(&dictionary.keys, self.form_counts[form.number])
                put_change(&dictionary.keys, form.key, form.length, term.key, term.length)
            write(writer, "forms", take(&dictionary.keys))
            write(writer, "form_index", take(&dictionary.index))
        finally:
            sk_dict_free(dictionary)
            free(dictionary)


cdef class Run:
    """Articles of one segment to be. Within a run the last article of an id wins.

    Packs of articles are entered, by one thread, and tokenized, by up to `threads` threads, each into a table and a log
    of its own. Memory: 2 bytes a token, each word form once a thread, some 70 bytes an article and its id.
    """
    cdef sk_run *runs
    cdef uint32_t *numbers        # by thread: articles entered
    cdef readonly int threads
    cdef readonly int title_weight
    cdef entered *articles
    cdef uint32_t count, room, kept
    cdef sk_buffer *ids
    cdef uint32_t *table          # by hash of the id: number + 1 of its newest article
    cdef size_t table_size
    cdef uint32_t table_used
    cdef uint32_t *order          # by docid: number of the article; once it is written
    cdef bint broken

    def __cinit__(self, bint fold_accents, int title_weight, int threads=1):
        cdef int i
        self.threads, self.title_weight = threads, title_weight
        self.runs = <sk_run *>room_for(threads, sizeof(sk_run))
        self.numbers = <uint32_t *>room_for(threads, 4)
        self.ids = <sk_buffer *>room_for(1, sizeof(sk_buffer))
        self.table_size = 1 << 10
        self.table = <uint32_t *>room_for(self.table_size, 4)
        for i in range(threads):
            check(sk_run_open(&self.runs[i], fold_accents, title_weight))

    def __dealloc__(self):
        cdef int i
        if self.runs != NULL:
            for i in range(self.threads):
                sk_run_close(&self.runs[i])
        free(self.runs)
        free(self.numbers)
        free(self.articles)
        if self.ids != NULL:
            drop_buffer(self.ids)
        free(self.table)
        free(self.order)

    def __len__(self):
        """Articles that are not replaced or dropped."""
        return self.kept

    @property
    def tokens(self):
        """Tokens of all articles that are tokenized."""
        return sum(self.runs[i].tokens for i in range(self.threads))

    @property
    def memory(self):
        """Bytes held; some may be missing while other threads tokenize."""
        cdef int i
        cdef uint64_t held = self.room * sizeof(entered) + self.ids.length + 4 * self.table_size
        for i in range(self.threads):
            held += sk_run_memory(&self.runs[i])
        return held

    def add(self, bytes title, bytes text):
        """Tokenize a text that is only to be counted: the run can then be given to a Merge as what is gone."""
        cdef int failed
        cdef const uint8_t *title_at = <const uint8_t *>PyBytes_AsString(title)
        cdef const uint8_t *text_at = <const uint8_t *>PyBytes_AsString(text)
        cdef size_t title_length = PyBytes_GET_SIZE(title), text_length = PyBytes_GET_SIZE(text)
        with nogil:
            failed = sk_run_add(self.runs, title_at, title_length, text_at, text_length)
        check(failed)

    def uses_up(self, Segment segment not None):
        """The word forms of a segment that stand nowhere but in the texts added here, as bytes.

        Requires: the texts are articles of the segment.
        """
        cdef sk_dict_walk walk
        cdef int forms, more
        cdef uint64_t occurrences
        cdef set found = set()
        for forms in range(2):
            sk_dict_start(&walk, &segment.s, forms)
            while True:
                more = sk_dict_next(&walk)
                segment._check(more, "forms" if forms else "terms")
                if not more:
                    break
                occurrences = walk.occurrences if forms else walk.list.identity
                if occurrences and sk_run_occurrences(self.runs, walk.key, walk.key_length) >= occurrences:
                    found.add((<const char *>walk.key)[: walk.key_length])
        return frozenset(found)

    cdef size_t _slot(self, const uint8_t *id, uint32_t length) noexcept nogil:
        cdef size_t at = <size_t>hash_id(id, length) & (self.table_size - 1)
        cdef entered *article
        while self.table[at]:
            article = &self.articles[self.table[at] - 1]
            if article.id_length == length and not memcmp(self.ids.bytes + article.id, id, length):
                break
            at = (at + 1) & (self.table_size - 1)
        return at

    cdef _grow(self):
        cdef uint32_t room, i
        cdef entered *articles
        cdef uint32_t *old = self.table
        if self.count == self.room:
            room = max(64, self.room * 2)
            articles = <entered *>realloc(self.articles, room * sizeof(entered))
            if articles == NULL:
                raise MemoryError
            self.articles, self.room = articles, room
        if self.table_used * <size_t>2 >= self.table_size:
            self.table = <uint32_t *>room_for(self.table_size * 2, 4)
            self.table_size *= 2
            for i in range(<uint32_t>(self.table_size // 2)):
                if old[i]:
                    self.table[self._slot(self.ids.bytes + self.articles[old[i] - 1].id,
                                          self.articles[old[i] - 1].id_length)] = old[i]
            free(old)

    def enter(self, Pack pack, int thread, uint64_t offset, bint store):
        """Take note of a pack, which `tokenize` then takes with the same `thread`, packs in the order of entering.

        offset: where `pack.records(store)` begins in the run's store. Returns how many articles replace others.
        """
        cdef uint32_t i, lengths[4]
        cdef sk_packed *packed
        cdef entered *article
        cdef size_t slot
        cdef uint64_t id
        cdef uint32_t replaced = 0
        if not 0 <= thread < self.threads:
            raise ValueError(f"thread {thread} of {self.threads}")
        for i in range(pack.pack.count):
            self._grow()
            packed = &pack.pack.articles[i]
            slot = self._slot(pack.pack.ids.bytes + packed.id, packed.id_length)
            if self.table[slot]:
                article = &self.articles[self.table[slot] - 1]
                id = article.id
                replaced += article.live
                self.kept -= article.live
                article.live = False
            else:
                id = self.ids.length
                sk_buffer_put(self.ids, pack.pack.ids.bytes + packed.id, packed.id_length)
                if self.ids.failed:
                    raise MemoryError
                self.table_used += 1
            article = &self.articles[self.count]
            article.record, article.size = offset, packed.size
            if not store:
                memcpy(lengths, pack.pack.data.bytes + packed.record, SK_RECORD_HEAD)
                article.size -= <uint64_t>lengths[SK_TITLE] + lengths[SK_TEXT]
            offset += article.size
            article.id, article.id_length = id, packed.id_length
            article.start, article.end = packed.start, packed.end
            article.run, article.number, article.live = thread, self.numbers[thread], True
            self.numbers[thread] += 1
            self.count += 1
            self.kept += 1
            self.table[slot] = self.count
        return replaced

    def tokenize(self, Pack pack, int thread):
        """Tokenize a pack that was entered. Threads may do so at the same time, each with its own number."""
        cdef uint32_t i, lengths[4]
        cdef const uint8_t *title
        cdef int failed = SK_OK
        if not 0 <= thread < self.threads:
            raise ValueError(f"thread {thread} of {self.threads}")
        with nogil:
            for i in range(pack.pack.count):
                title = pack.pack.data.bytes + pack.pack.articles[i].record + SK_RECORD_HEAD
                memcpy(lengths, title - SK_RECORD_HEAD, SK_RECORD_HEAD)
                failed = sk_run_add(&self.runs[thread], title, lengths[SK_TITLE],
                                    title + lengths[SK_TITLE] + lengths[SK_DATE] + lengths[SK_FIELDS], lengths[SK_TEXT])
                if failed:
                    self.broken = True
                    break
        check(failed)

    def drop(self, bytes id):
        """Take an article out again. False if there is none of that id."""
        cdef size_t slot = self._slot(<const uint8_t *>PyBytes_AsString(id), <uint32_t>PyBytes_GET_SIZE(id))
        if not self.table[slot] or not self.articles[self.table[slot] - 1].live:
            return False
        self.articles[self.table[slot] - 1].live = False
        self.kept -= 1
        return True

    cdef _arrange(self):
        """Give docids: the articles that are kept, in the order of search hits."""
        cdef sk_sorted *sorted_ = <sk_sorted *>room_for(self.kept, sizeof(sk_sorted))
        cdef uint32_t i, at = 0
        cdef entered *article
        for i in range(self.count):
            article = &self.articles[i]
            if article.live:
                sorted_[at] = sk_sorted_article(article.start, article.end, self.ids.bytes + article.id,
                                                article.id_length, i)
                at += 1
        with nogil:
            sk_sort(sorted_, self.kept)
        self.order = <uint32_t *>room_for(self.kept, 4)
        for i in range(self.kept):
            self.order[i] = sorted_[i].number
        free(sorted_)

    def write(self, writer, stem, bint compiled, tuple frequent, double b, uint64_t tokens, in_order):
        """Write all sections but the stored articles. Requires: the run is not empty, and all that was entered is
        tokenized. Nothing may be added afterwards.

        stem: terms (list of str) of word forms (list of str); compiled: plain English words may be stemmed by
        core/english.c instead. frequent: the terms whose pairs get lists. tokens: how many may be sorted at a time.
        in_order(function, arguments): the results, in order; it may use several threads.
        """
        cdef Inversion inversion
        cdef uint64_t terms, position_bits
        cdef uint32_t i, thread
        cdef int64_t *starts = NULL
        cdef int64_t *ends = NULL
        cdef entered *article
        if self.broken:
            raise MemoryError("some articles could not be tokenized")
        for thread in range(<uint32_t>self.threads):
            if self.runs[thread].articles != self.numbers[thread]:
                raise ValueError("articles were entered and not tokenized")
        if not self.kept or self.order != NULL:
            raise ValueError("a run is written once, and not empty")
        self._arrange()
        inversion = Inversion(self)
        inversion.place()
        inversion.count_forms()
        inversion.name_terms(stem, compiled)
        inversion.close_tables()
        inversion.count_terms()
        inversion.start(b)
        inversion.cut()
        inversion.find_frequent(frequent, in_order)
        terms, position_bits = inversion.write_lists(writer, tokens, in_order)
        inversion.write_forms(writer)
        ids = []
        try:
            starts = <int64_t *>room_for(self.kept, 8)
            ends = <int64_t *>room_for(self.kept, 8)
            for i in range(self.kept):
                article = &self.articles[self.order[i]]
                starts[i], ends[i] = article.start, article.end
                ids.append((<const char *>self.ids.bytes + article.id)[:article.id_length])
            write_rest(writer, self.kept, inversion.lengths, inversion.titles, starts, ends, pack_ids(ids),
                       inversion.total, b, inversion.scale.average, self.title_weight, terms,
                       inversion.changed_count, position_bits)
        finally:
            free(starts)
            free(ends)
        del inversion
        for thread in range(<uint32_t>self.threads):
            sk_run_close(&self.runs[thread])  # the stored articles, which come next, do without
        sk_trim()

    def block(self, const uint8_t[::1] store, uint32_t docid, uint64_t enough):
        """The records of some articles from `docid` on, at least `enough` bytes where there are, and the docid behind.

        store: all that `Pack.records` gave. Requires: the run is written.
        """
        cdef uint64_t size = 0
        cdef uint32_t past = docid
        cdef entered *article
        cdef uint8_t *at
        cdef bytes data
        if self.order == NULL:
            raise ValueError("the run is not written")
        while past < self.kept and size < enough:
            article = &self.articles[self.order[past]]
            if article.record + article.size > <uint64_t>store.shape[0]:
                raise ValueError("the store is too short")
            size += article.size
            past += 1
        data = PyBytes_FromStringAndSize(NULL, size)
        at = <uint8_t *>PyBytes_AsString(data)
        with nogil:
            while docid < past:
                article = &self.articles[self.order[docid]]
                memcpy(at, &store[0] + article.record, article.size)
                at += article.size
                docid += 1
        return data, past

cdef void put_change(sk_buffer *out, const uint8_t *a, size_t form_length, const uint8_t *b,
                     size_t stem_length) noexcept nogil:
    """How the term comes from the form: bytes to strip off its end, and what to append."""
    cdef size_t shared = 0
    while shared < form_length and shared < stem_length and a[shared] == b[shared]:
        shared += 1
    sk_buffer_varint(out, form_length - shared)
    sk_buffer_varint(out, stem_length - shared)
    sk_buffer_put(out, b + shared, stem_length - shared)


cdef tuple pack_ids(list ids):
    """Sections `ids` and `id_order` of ids (bytes) in order of docids."""
    cdef uint32_t count = len(ids), rank = 0, docid
    cdef bytes id
    cdef sk_ids_builder builder
    cdef uint32_t *ranks = <uint32_t *>malloc(sizeof(uint32_t) * count)
    memset(&builder, 0, sizeof(builder))
    try:
        if ranks == NULL:
            raise MemoryError
        for docid in sorted(range(count), key=ids.__getitem__):
            id = ids[docid]
            check(sk_ids_add(&builder, <const uint8_t *>PyBytes_AsString(id), PyBytes_GET_SIZE(id)))
            ranks[docid] = rank
            rank += 1
        return take_ids(&builder, ranks)
    finally:
        free(ranks)
        sk_ids_free(&builder)


cdef tuple take_ids(sk_ids_builder *builder, const uint32_t *ranks):
    cdef sk_buffer *order = new_buffer()
    try:
        check(sk_id_order_write(order, ranks, builder.count))
        return take(&builder.offsets) + take(&builder.blocks), take(order)
    finally:
        drop_buffer(order)


cdef class Merge:
    """Several segments' live articles as one segment.

    sources: (Segment, live bitmap or None), at most MOST_SOURCES. gone: a Run that holds the texts of their deleted
    articles, counted, so that word forms nobody uses any more are left out; None if the texts are not kept.
    """
    cdef list segments
    cdef list lives
    cdef Run gone
    cdef uint32_t count
    cdef readonly uint32_t articles
    cdef sk_merge_source *sources
    cdef uint32_t **maps          # by source: old docid -> new
    cdef uint32_t *order_source   # by new docid
    cdef uint32_t *order_docid
    cdef uint32_t *lengths
    cdef uint32_t *titles
    cdef int64_t *starts
    cdef int64_t *ends
    cdef uint64_t total

    def __cinit__(self, list sources, Run gone):
        cdef uint32_t i, docid, at
        cdef uint64_t articles = 0
        cdef Segment segment
        cdef const uint8_t[::1] bits
        self.count = len(sources)
        if not 1 <= self.count <= MOST_SOURCES:
            raise ValueError(f"{self.count} sources; 1 to {MOST_SOURCES} can be merged at a time")
        self.segments = [segment for segment, _ in sources]
        self.lives = [live for _, live in sources]
        self.gone = gone
        self.sources = <sk_merge_source *>calloc(self.count, sizeof(sk_merge_source))
        self.maps = <uint32_t **>calloc(self.count, sizeof(uint32_t *))
        if self.sources == NULL or self.maps == NULL:
            raise MemoryError
        for i in range(self.count):
            segment = self.segments[i]
            for section in range(5):
                part = (&segment.s.lengths)[section]
                segment._check(sk_touch(&segment.s, part.at, part.size), "figures of articles")
            self.sources[i].segment = &segment.s
            self.maps[i] = <uint32_t *>malloc(4 * (<size_t>segment.s.articles + 1))
            if self.maps[i] == NULL:
                raise MemoryError
            self.sources[i].docids = self.maps[i]
            for docid in range(segment.s.articles):
                self.maps[i][docid] = 0
            if self.lives[i] is not None:
                bits = self.lives[i]
                if bits.shape[0] * 8 < segment.s.articles:
                    raise ValueError(f"{segment.path}: {bits.shape[0]} bytes are no bitmap of its articles")
                for docid in range(segment.s.articles):
                    if not bits[docid >> 3] >> (docid & 7) & 1:
                        self.maps[i][docid] = UINT32_MAX
            for docid in range(segment.s.articles):
                articles += self.maps[i][docid] == 0
        if articles == 0:
            return
        if articles >= UINT32_MAX:
            raise OverflowError("a segment holds at most 4 billion articles")
        self.articles = articles
        self.order_source = <uint32_t *>malloc(4 * articles)
        self.order_docid = <uint32_t *>malloc(4 * articles)
        self.lengths = <uint32_t *>malloc(4 * articles)
        self.titles = <uint32_t *>malloc(4 * articles)
        self.starts = <int64_t *>malloc(8 * articles)
        self.ends = <int64_t *>malloc(8 * articles)
        if (self.order_source == NULL or self.order_docid == NULL or self.lengths == NULL or self.titles == NULL
                or self.starts == NULL or self.ends == NULL):
            raise MemoryError
        at = self._order()
        if at != UINT32_MAX:
            raise CorruptIndex(self.segments[at].path, "ids or dates")

    def __dealloc__(self):
        cdef uint32_t i
        if self.maps != NULL:
            for i in range(self.count):
                free(self.maps[i])
        free(self.maps)
        free(self.sources)
        free(self.order_source)
        free(self.order_docid)
        free(self.lengths)
        free(self.titles)
        free(self.starts)
        free(self.ends)

    cdef uint32_t _order(self) noexcept nogil:
        """Interleave the sources: newest first, then by id. Returns the number of a damaged source, or UINT32_MAX."""
        cdef uint32_t heads[64]
        cdef sk_id id[64]
        cdef int64_t start[64]
        cdef int64_t end[64]
        cdef int fresh[64]
        cdef uint32_t i, best, docid = 0
        cdef const sk_segment *s
        cdef const uint8_t *run
        cdef int order
        for i in range(self.count):
            heads[i] = 0
            fresh[i] = 0
        while docid < self.articles:
            best = 64
            for i in range(self.count):
                s = self.sources[i].segment
                while heads[i] < s.articles and self.maps[i][heads[i]] == UINT32_MAX:
                    heads[i] += 1
                    fresh[i] = 0
                if heads[i] >= s.articles:
                    continue
                if not fresh[i]:
                    run = s.dates.at + <size_t>sk_run_of(s, heads[i]) * SK_RUN_BYTES
                    start[i] = sk_load64s(run)
                    end[i] = sk_load64s(run + 8)
                    if sk_id_of(s, heads[i], &id[i]) or not (0 <= start[i] < end[i] or start[i] == end[i] == -1):
                        return i
                    fresh[i] = 1
                if best == 64:
                    best = i
                    continue
                if end[i] != end[best]:
                    order = -1 if end[i] > end[best] else 1
                elif start[i] != start[best]:
                    order = -1 if start[i] > start[best] else 1
                else:
                    order = sk_id_compare(&id[i], &id[best])
                if order < 0:
                    best = i
            if best == 64:
                return 0
            self.order_source[docid] = best
            self.order_docid[docid] = heads[best]
            self.starts[docid] = start[best]
            self.ends[docid] = end[best]
            self.lengths[docid] = sk_length(self.sources[best].segment, heads[best])
            self.titles[docid] = sk_title_length(self.sources[best].segment, heads[best])
            self.total += self.lengths[docid]
            self.maps[best][heads[best]] = docid
            heads[best] += 1
            fresh[best] = 0
            docid += 1
        return UINT32_MAX

    def origins(self):
        """For each new docid in order: number of its source and its docid there."""
        cdef uint32_t i
        for i in range(self.articles):
            yield self.order_source[i], self.order_docid[i]

    cdef tuple _ids(self):
        """Sections `ids` and `id_order`, interleaved from the sources' own."""
        cdef uint32_t i, best, at
        cdef int failed = SK_OK
        cdef sk_ids_builder builder
        cdef sk_buffer *flat = new_buffer()
        cdef sk_id_walk *heads = <sk_id_walk *>malloc(sizeof(sk_id_walk) * self.count)
        cdef uint32_t **docids = <uint32_t **>calloc(self.count, sizeof(uint32_t *))
        cdef uint32_t *ranks = <uint32_t *>malloc(sizeof(uint32_t) * self.articles)
        memset(&builder, 0, sizeof(builder))
        try:
            if heads == NULL or docids == NULL or ranks == NULL:
                raise MemoryError
            for i in range(self.count):
                docids[i] = <uint32_t *>malloc(sizeof(uint32_t) * self.sources[i].segment.articles)
                if docids[i] == NULL:
                    raise MemoryError
                if sk_id_docids(self.sources[i].segment, docids[i]):
                    raise CorruptIndex(self.segments[i].path, "id_order")
                sk_ids_start(&heads[i], self.sources[i].segment, 0)
                self._next_id(i, &heads[i], docids[i])
            for at in range(self.articles):
                best = UINT32_MAX
                for i in range(self.count):
                    if heads[i].segment != NULL and (best == UINT32_MAX or sk_id_compare(&heads[i].id, &heads[best].id) < 0):
                        best = i
                if best == UINT32_MAX:
                    raise CorruptIndex(self.segments[0].path, "ids")
                flat.length = 0
                if sk_buffer_room(flat, heads[best].id.length):
                    raise MemoryError
                sk_id_copy(&heads[best].id, flat.bytes)
                check(sk_ids_add(&builder, flat.bytes, heads[best].id.length))
                ranks[self.maps[best][docids[best][heads[best].rank - 1]]] = at
                self._next_id(best, &heads[best], docids[best])
            return take_ids(&builder, ranks)
        finally:
            if docids != NULL:
                for i in range(self.count):
                    free(docids[i])
            free(docids)
            free(heads)
            free(ranks)
            sk_ids_free(&builder)
            drop_buffer(flat)

    cdef int _next_id(self, uint32_t source, sk_id_walk *head, const uint32_t *docids) except -1:
        """On to the next id that is kept; at the end the walk has no segment any more."""
        cdef int more
        while True:
            more = sk_ids_next(head)
            if more < 0:
                raise CorruptIndex(self.segments[source].path, "ids")
            if not more:
                head.segment = NULL
            if not more or self.maps[source][docids[head.rank - 1]] != UINT32_MAX:
                return 0

    def write(self, writer, double b, int title_weight):
        """Write all sections but the stored articles. Requires: articles > 0."""
        cdef sk_merge *m = <sk_merge *>calloc(1, sizeof(sk_merge))
        cdef sk_dict_builder *dictionary = <sk_dict_builder *>calloc(2, sizeof(sk_dict_builder))
        cdef sk_buffer *out = new_buffer()
        cdef sk_impact_scale scale
        cdef uint64_t position_bits = 0
        cdef int more = 1
        try:
            if m == NULL or dictionary == NULL:
                raise MemoryError
            scale.lengths = self.lengths
            scale.b = b
            scale.average = <double>self.total / <double>self.articles
            m.sources, m.count, m.scale = self.sources, self.count, &scale
            m.gone = NULL if self.gone is None else &self.gone.runs[0]
            self._check(sk_merge_start(m, 0), m)
            writer.begin("postings")
            while more:
                with nogil:
                    more = sk_merge_terms(m, out, CHUNK, dictionary, &position_bits)
                self._check(more, m)
                writer.write(take(out))
            writer.end()
            write(writer, "terms", take(&dictionary.keys))
            write(writer, "term_index", take(&dictionary.index))
            self._check(sk_merge_start(m, 1), m)
            with nogil:
                more = sk_merge_forms(m, &dictionary[1])
            self._check(more, m)
            write(writer, "forms", take(&dictionary[1].keys))
            write(writer, "form_index", take(&dictionary[1].index))
            write_rest(writer, self.articles, self.lengths, self.titles, self.starts, self.ends, self._ids(), self.total,
                       b, scale.average, title_weight, dictionary.count, dictionary[1].count, position_bits)
        finally:
            drop_buffer(out)
            if m != NULL:
                sk_merge_close(m)
                free(m)
            if dictionary != NULL:
                sk_dict_free(&dictionary[0])
                sk_dict_free(&dictionary[1])
                free(dictionary)

    cdef _check(self, int failed, sk_merge *m):
        if failed == SK_NO_MEMORY:
            raise MemoryError
        if failed < 0:
            raise CorruptIndex(self.segments[m.damaged].path, "postings")
