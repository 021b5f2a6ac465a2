# Several segments' live articles as one segment. A part of builder.pyx.

MOST_SOURCES = 64
"""Segments that one merge can take."""

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
    cdef sk_impact_scale scale

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

    def records(self, unpack, uint64_t enough):
        """First docid and bytes of the stored records, in blocks of at least `enough` bytes but for the last.

        unpack: a function of a compressed block and the path of its segment that returns the records in it. Iterating
        raises what it raises, and CorruptIndex.
        """
        return MergedRecords(self, unpack, enough)

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

    def write(self, writer, double b, int title_weight, in_order, uint64_t enough=ENOUGH):
        """Write all sections but the stored articles. Requires: articles > 0.

        in_order: maps a function over arguments, in several threads if wanted. enough: bytes of lists, about, that are
        merged at a time.
        """
        cdef sk_merge *m = <sk_merge *>calloc(1, sizeof(sk_merge))
        cdef sk_dict_builder *dictionary = <sk_dict_builder *>calloc(2, sizeof(sk_dict_builder))
        cdef uint64_t position_bits = 0
        cdef int failed
        cdef MergedTerms part
        try:
            if m == NULL or dictionary == NULL:
                raise MemoryError
            self.scale.lengths = self.lengths
            self.scale.b = b
            self.scale.average = <double>self.total / <double>self.articles
            self._set(m, self.sources)
            writer.begin("postings")
            for part in in_order(self._terms, self._ranges(m, enough)):
                writer.write(take(part.out))
                position_bits += part.position_bits
                check(sk_merge_join(m, &part.merge, part.entries, dictionary))
            writer.end()
            write(writer, "terms", take(&dictionary.keys))
            write(writer, "term_index", take(&dictionary.index))
            self._check(sk_merge_start(m, 1, NULL, 0), m)
            with nogil:
                failed = sk_merge_forms(m, &dictionary[1])
            self._check(failed, m)
            write(writer, "forms", take(&dictionary[1].keys))
            write(writer, "form_index", take(&dictionary[1].index))
            write_rest(writer, self.articles, self.lengths, self.titles, self.starts, self.ends, self._ids(), self.total,
                       b, self.scale.average, title_weight, dictionary.count, dictionary[1].count, position_bits)
        finally:
            if m != NULL:
                sk_merge_close(m)
                free(m)
            if dictionary != NULL:
                sk_dict_free(&dictionary[0])
                sk_dict_free(&dictionary[1])
                free(dictionary)

    cdef _set(self, sk_merge *m, sk_merge_source *sources):
        m.sources, m.count, m.scale = sources, self.count, &self.scale
        m.gone = NULL if self.gone is None else &self.gone.runs[0]

    cdef list _ranges(self, sk_merge *m, uint64_t enough):
        """Ranges of terms that are merged at a time, each from a term up to the next one's."""
        cdef sk_buffer *keys = new_buffer()
        cdef size_t at = 0
        cdef uint8_t length
        try:
            self._check(sk_merge_split(m, enough, keys), m)
            starts = [b""]
            while at < keys.length:
                length = keys.bytes[at]
                starts.append(<bytes>(<const char *>keys.bytes)[at + 1 : at + 1 + length])
                at += 1 + <size_t>length
            return list(zip(starts, [*starts[1:], None]))
        finally:
            drop_buffer(keys)

    def _terms(self, tuple terms):
        """Merge a range of terms. Threads may call this at the same time."""
        cdef MergedTerms part = MergedTerms.__new__(MergedTerms, self, *terms)
        cdef int failed
        with nogil:
            failed = part.run()
        self._check(failed, &part.merge)
        return part

    cdef _check(self, int failed, sk_merge *m):
        if failed == SK_NO_MEMORY:
            raise MemoryError
        if failed < 0:
            raise CorruptIndex(self.segments[m.damaged].path, "postings")


cdef class MergedTerms:
    """A range of a merge's terms: their lists, and what the dictionary is to have of them."""
    cdef Merge owner
    cdef bytes start, until # hold what the next ones point to
    cdef const uint8_t *start_at
    cdef uint32_t start_length
    cdef sk_merge merge
    cdef sk_merge_source sources[64]
    cdef sk_buffer *out
    cdef sk_buffer *entries
    cdef uint64_t position_bits

    def __cinit__(self, Merge owner, bytes start, bytes until):
        cdef uint32_t i
        self.owner, self.start, self.until = owner, start, until
        for i in range(owner.count):
            self.sources[i].segment, self.sources[i].docids = owner.sources[i].segment, owner.sources[i].docids
        owner._set(&self.merge, self.sources)
        self.start_at, self.start_length = <const uint8_t *>PyBytes_AsString(start), len(start)
        if until is not None:
            self.merge.until = <const uint8_t *>PyBytes_AsString(until)
            self.merge.until_length = len(until)
        self.out = new_buffer()
        self.entries = new_buffer()

    def __dealloc__(self):
        sk_merge_close(&self.merge)
        if self.out != NULL:
            drop_buffer(self.out)
        if self.entries != NULL:
            drop_buffer(self.entries)

    cdef int run(self) noexcept nogil:
        cdef int failed = sk_merge_start(&self.merge, 0, self.start_at, self.start_length)
        if not failed:
            failed = sk_merge_terms(&self.merge, self.out, SIZE_MAX, self.entries, &self.position_bits)
        sk_buffer_free(&self.merge.scratch)  # it may be a while until this is written
        sk_buffer_free(&self.merge.work)
        return failed
