"""The compiled door into building: runs of articles inverted, segments merged, both written section by section.

A `Run` takes articles and becomes a segment; a `Merge` makes one segment of several. Both write themselves through a
`writer` with `begin(name)`, `write(bytes)` and `end()` (searchkit.storage.container); the section of stored articles
is the caller's (searchkit.indexing.store). What the sections hold is in docs/format.md.
"""

import struct

from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MAX, UINT32_MAX, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from searchkit.core.segment cimport *
from searchkit.core.segment cimport Segment
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
        sk_buffer forms
        uint64_t *form_ends
        uint32_t form_count
        uint32_t articles
        uint64_t log_length
        uint32_t *lengths
        uint32_t *kept_titles
        uint64_t *occurrences
        uint64_t total_length
    int sk_run_open(sk_run *r, int fold_accents, uint32_t title_weight)
    void sk_run_close(sk_run *r)
    int sk_run_add(sk_run *r, const uint8_t *title, size_t title_length, const uint8_t *text, size_t text_length)
    int sk_run_count(sk_run *r)
    uint64_t sk_run_memory(const sk_run *r)
    int sk_run_invert(sk_run *r, const uint32_t *order, uint32_t kept, const uint32_t *term_of, uint32_t terms)
    int sk_run_encode(sk_run *r, uint32_t term, const sk_impact_scale *scale, sk_buffer *out, sk_buffer *scratch,
                      sk_buffer *work, uint32_t *df, uint64_t *position_bits)

cdef extern from "pairs.h" nogil:
    int SK_PAIR_WORDS_MAX, SK_NO_PAIR_WORD
    ctypedef struct sk_pairs:
        pass
    int sk_pairs_find(sk_pairs *p, const sk_run *r, const uint32_t *order, uint32_t kept, const uint8_t *word_of,
                      uint32_t words)
    int sk_pairs_encode(const sk_pairs *p, uint32_t first, uint32_t second, const sk_impact_scale *scale, sk_buffer *out,
                        sk_buffer *scratch, sk_buffer *work, uint32_t *df)
    void sk_pairs_close(sk_pairs *p)

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


cdef class Run:
    """Articles of one segment to be, tokenized as they come.

    Memory: 12 bytes a token, and each word form once. Not for use by two threads at a time.
    """
    cdef sk_run run
    cdef readonly int title_weight

    def __cinit__(self, bint fold_accents, int title_weight):
        self.title_weight = title_weight
        if sk_run_open(&self.run, fold_accents, title_weight):
            raise MemoryError

    def __dealloc__(self):
        sk_run_close(&self.run)

    def __len__(self):
        return self.run.articles

    @property
    def memory(self):
        """Bytes held, those needed to invert included."""
        return sk_run_memory(&self.run)

    @property
    def tokens(self):
        return self.run.log_length

    def add(self, bytes title, bytes text):
        """Take in an article; both in UTF-8."""
        cdef int failed
        cdef const uint8_t *title_at = <const uint8_t *>PyBytes_AsString(title)
        cdef const uint8_t *text_at = <const uint8_t *>PyBytes_AsString(text)
        cdef size_t title_length = PyBytes_GET_SIZE(title), text_length = PyBytes_GET_SIZE(text)
        with nogil:
            failed = sk_run_add(&self.run, title_at, title_length, text_at, text_length)
        check(failed)

    def add_batch(self, list articles):
        """Take in (title, text) pairs, all in UTF-8, without the GIL. If it fails, the first ones may be in the run."""
        cdef Py_ssize_t i, count = len(articles)
        cdef int failed = SK_OK
        cdef const uint8_t **at = <const uint8_t **>malloc(sizeof(uint8_t *) * 2 * (count + 1))
        cdef size_t *lengths = <size_t *>malloc(sizeof(size_t) * 2 * (count + 1))
        try:
            if at == NULL or lengths == NULL:
                raise MemoryError
            i = 0
            for title, text in articles:
                at[i], lengths[i] = <const uint8_t *>PyBytes_AsString(title), PyBytes_GET_SIZE(title)
                at[i + 1], lengths[i + 1] = <const uint8_t *>PyBytes_AsString(text), PyBytes_GET_SIZE(text)
                i += 2
            with nogil:
                for i in range(count):
                    failed = sk_run_add(&self.run, at[2 * i], lengths[2 * i], at[2 * i + 1], lengths[2 * i + 1])
                    if failed:
                        break
            check(failed)
        finally:
            free(at)
            free(lengths)

    def count_forms(self):
        """Count every form: the run can then be given to a Merge as what is gone."""
        check(sk_run_count(&self.run))

    def forms(self):
        """All word forms, by their numbers."""
        cdef uint32_t i
        cdef uint64_t start = 0
        cdef const char *bytes_ = <const char *>self.run.forms.bytes
        found = []
        for i in range(self.run.form_count):
            found.append(bytes_[start:self.run.form_ends[i]].decode("utf-8"))
            start = self.run.form_ends[i]
        return found

    def write(self, writer, list stems, const uint32_t[::1] order, const int64_t[::1] starts, const int64_t[::1] ends,
              list ids, tuple frequent, double b):
        """Write all sections but the stored articles.

        stems: the term of each form, in the order of `forms()`. order[docid]: number of the article in the run;
        starts, ends, ids: by docid. frequent: the terms whose pairs get lists. Requires: docids are in the order of
        search hits.
        """
        cdef uint32_t kept = order.shape[0], i, terms, df
        cdef uint64_t size, position_bits = 0, start
        cdef int failed
        if kept == 0 or len(stems) != self.run.form_count or starts.shape[0] != kept or ends.shape[0] != kept or len(ids) != kept:
            raise ValueError("order, dates, ids and stems must fit the run")
        for i in range(kept):
            if order[i] >= self.run.articles:
                raise ValueError(f"article {order[i]} of {self.run.articles}")

        names = sorted(set(stems))
        numbers = {name: number for number, name in enumerate(names)}
        keys = [name.encode("utf-8") for name in names]
        terms = len(keys)
        cdef uint32_t *term_of = <uint32_t *>malloc(4 * (<size_t>self.run.form_count + 1))
        cdef int64_t *identity = <int64_t *>malloc(8 * (<size_t>terms + 1))
        cdef uint64_t *key_ends = <uint64_t *>malloc(8 * (<size_t>terms + 1))
        cdef bytes all_keys = b"".join(keys)
        cdef const uint8_t *key_bytes = <const uint8_t *>PyBytes_AsString(all_keys)
        cdef sk_dict_builder *dictionary = <sk_dict_builder *>calloc(2, sizeof(sk_dict_builder))
        cdef sk_buffer *buffers = <sk_buffer *>calloc(3, sizeof(sk_buffer))
        cdef sk_impact_scale scale
        cdef sk_run *run = &self.run
        cdef bytes stem
        changed = []
        try:
            if term_of == NULL or identity == NULL or key_ends == NULL or dictionary == NULL or buffers == NULL:
                raise MemoryError
            start = 0
            for i in range(terms):
                identity[i] = -1
                start += <uint64_t>len(keys[i])
                key_ends[i] = start
            start = 0
            for i in range(run.form_count):
                term_of[i] = numbers[stems[i]]
                form = (<const char *>run.forms.bytes)[start:run.form_ends[i]]
                start = run.form_ends[i]
                if form == keys[term_of[i]]:
                    identity[term_of[i]] = i
                else:
                    changed.append((form, keys[term_of[i]], i))
            with nogil:
                failed = sk_run_invert(run, &order[0], kept, term_of, terms)
            check(failed)

            scale.lengths = run.lengths
            scale.b = b
            scale.average = <double>run.total_length / <double>kept
            writer.begin("postings")
            self._write_pairs(writer, stems, &order[0], kept, frequent, &scale, dictionary, buffers)
            i = 0
            while i < terms:
                with nogil:
                    while i < terms and buffers[0].length < CHUNK:
                        size = buffers[0].length
                        failed = sk_run_encode(run, i, &scale, &buffers[0], &buffers[1], &buffers[2], &df, &position_bits)
                        if failed:
                            break
                        if df:
                            start = key_ends[i - 1] if i else 0
                            failed = sk_dict_add(dictionary, key_bytes + start, <uint32_t>(key_ends[i] - start))
                            if failed:
                                break
                            size = buffers[0].length - size
                            sk_buffer_varint(&dictionary.keys, df)
                            sk_buffer_varint(&dictionary.keys, size)
                            sk_buffer_varint(&dictionary.keys, run.occurrences[identity[i]] if identity[i] >= 0 else 0)
                            dictionary.payload += size
                        i += 1
                check(failed)
                writer.write(take(&buffers[0]))
            writer.end()
            write(writer, "terms", take(&dictionary.keys))
            write(writer, "term_index", take(&dictionary.index))

            changed.sort()
            for form, stem, i in changed:
                if not run.occurrences[i]:
                    continue
                check(sk_dict_add(&dictionary[1], <const uint8_t *>PyBytes_AsString(form), <uint32_t>len(form)))
                sk_buffer_varint(&dictionary[1].keys, run.occurrences[i])
                put_change(&dictionary[1].keys, form, stem)
            write(writer, "forms", take(&dictionary[1].keys))
            write(writer, "form_index", take(&dictionary[1].index))

            write_rest(writer, kept, run.lengths, run.kept_titles, &starts[0], &ends[0], pack_ids(ids),
                       run.total_length, b, scale.average, self.title_weight, dictionary.count, dictionary[1].count,
                       position_bits)
        finally:
            free(term_of)
            free(identity)
            free(key_ends)
            if dictionary != NULL:
                sk_dict_free(&dictionary[0])
                sk_dict_free(&dictionary[1])
                free(dictionary)
            if buffers != NULL:
                for i in range(3):
                    sk_buffer_free(&buffers[i])
                free(buffers)


    cdef _write_pairs(self, writer, list stems, const uint32_t *order, uint32_t kept, tuple frequent,
                      const sk_impact_scale *scale, sk_dict_builder *dictionary, sk_buffer *buffers):
        """Write the lists of pairs: they stand before all others, as their keys do."""
        cdef uint32_t i, words = len(frequent), df
        cdef uint64_t size
        cdef int failed
        cdef bytes key
        cdef sk_pairs pairs
        if words > <uint32_t>SK_PAIR_WORDS_MAX:
            raise ValueError(f"pairs of {words} words; there are lists for {SK_PAIR_WORDS_MAX} at most")
        numbers = {name: number for number, name in enumerate(frequent)}
        cdef bytes word_of = bytes([numbers.get(stem, SK_NO_PAIR_WORD) for stem in stems])
        cdef const uint8_t *word_at = <const uint8_t *>PyBytes_AsString(word_of)
        try:
            with nogil:
                failed = sk_pairs_find(&pairs, &self.run, order, kept, word_at, words)
            check(failed)
            for key, first, second in sorted((pair_key(a, b), i, j) for a, i in numbers.items() for b, j in numbers.items()):
                size = buffers[0].length
                check(sk_pairs_encode(&pairs, first, second, scale, &buffers[0], &buffers[1], &buffers[2], &df))
                if not df:
                    continue
                check(sk_dict_add(dictionary, <const uint8_t *>PyBytes_AsString(key), <uint32_t>len(key)))
                size = buffers[0].length - size
                sk_buffer_varint(&dictionary.keys, df)
                sk_buffer_varint(&dictionary.keys, size)
                sk_buffer_varint(&dictionary.keys, 0)
                dictionary.payload += size
                if buffers[0].length >= CHUNK:
                    writer.write(take(&buffers[0]))
        finally:
            sk_pairs_close(&pairs)


cdef put_change(sk_buffer *out, bytes form, bytes stem):
    """How the term comes from the form: bytes to strip off its end, and what to append."""
    cdef size_t shared = 0, form_length = len(form), stem_length = len(stem)
    cdef const char *a = PyBytes_AsString(form)
    cdef const char *b = PyBytes_AsString(stem)
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
            m.gone = NULL if self.gone is None else &self.gone.run
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
