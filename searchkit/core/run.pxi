# Articles of a segment to be: entered, tokenized, put in order. A part of builder.pyx.

cdef struct entered:
    # an article of a run
    uint64_t record, size  # where its record is in the run's store
    uint64_t id            # in `ids`
    int64_t start, end
    uint32_t id_length, run, number
    bint live


cdef uint64_t hash_id(const uint8_t *id, uint32_t length) noexcept nogil:
    cdef uint64_t hash = 0x9e3779b97f4a7c15ULL ^ length
    cdef uint32_t i
    for i in range(length):
        hash = (hash ^ id[i]) * 0x100000001b3ULL
    return hash ^ hash >> 32


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
    cdef bytes _places            # of `places`, once records are asked for
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

    def places(self):
        """Offset and bytes of each article's record, two u64 by docid. Requires: the run is written."""
        cdef uint32_t docid
        cdef entered *article
        cdef bytes data = PyBytes_FromStringAndSize(NULL, 16 * <Py_ssize_t>self.kept)
        cdef uint64_t place[2]
        if self.order == NULL:
            raise ValueError("the run is not written")
        for docid in range(self.kept):
            article = &self.articles[self.order[docid]]
            place[0], place[1] = article.record, article.size
            memcpy(PyBytes_AsString(data) + 16 * <size_t>docid, place, 16)
        return data

    def block(self, Records records, uint32_t docid, uint64_t enough):
        """The records of some articles from `docid` on, at least `enough` bytes where there are, and the docid behind.

        records: all that `Pack.records` gave. Requires: the run is written.
        """
        if self._places is None:
            self._places = self.places()
        return records.block(<const uint8_t *>PyBytes_AsString(self._places), docid, self.kept, enough)
