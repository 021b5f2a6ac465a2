# From the logs of a run to a segment's postings and dictionaries. A part of builder.pyx.

cdef uint64_t SLICE = 1 << 22  # tokens of the articles that a thread looks through at a time

# A term is frequent if it is one of so many tokens, and of so many in all at least.
cdef uint64_t FREQUENT = 1 << 9, FREQUENT_LEAST = 1 << 14

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
    cdef uint32_t runs

    cdef open(self, list ranges):
        cdef uint32_t number, first, past
        self.runs = self.inversion.runs
        self.marking.first = ranges[0][1]
        for number, first, past in ranges:
            self.marking.pasts[number] = past
        self.marking.ranges = len(ranges)
        check(sk_marking_open(&self.marking, &self.inversion.inversion, self.runs))

    def __dealloc__(self):
        sk_marking_close(&self.marking, self.runs)

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
    cdef uint32_t runs, pair_words  # the owner's threads, and how many words: where the collector has been, neither is
                                    # to be asked any more
    cdef list idle              # Sortings of no thread at the moment

    def __cinit__(self, Run owner):
        self.owner, self.runs = owner, owner.threads
        self.idle = []
        self.term_of = <uint32_t **>room_for(owner.threads, sizeof(uint32_t *))
        if sk_run_open(&self.names, 0, 0):
            raise MemoryError

    def __dealloc__(self):
        cdef uint32_t run
        for run in range(self.runs):
            if self.term_of != NULL:
                free(self.term_of[run])
            if self.numbers != NULL:
                free(self.numbers[run])
        free(self.term_of)
        free(self.numbers)
        self.close_slices()
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

    cdef close_slices(self):
        cdef uint32_t number
        for number in range(self.slice_count):
            sk_slice_close(&self.slices[number], self.pair_words)

    cdef find_frequent(self, tuple frequent, in_order):
        """Find the tokens of frequent terms, and pairs."""
        cdef uint32_t term, form, number, low, high
        cdef int run
        cdef bytes word
        self.words = tuple(sorted(name.encode("utf-8") for name in frequent))
        number = len(self.words)
        if number > <uint32_t>SK_PAIR_WORDS_MAX:
            raise ValueError(f"pairs of {number} words; there are lists for {SK_PAIR_WORDS_MAX} at most")
        self.pair_words = number
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
        cdef uint32_t words = self.pair_words
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
        cdef uint32_t words = self.pair_words
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
            for second in range(self.pair_words):
                if lists.range.dfs[second]:
                    key = pair_key(self.words[first].decode("utf-8"), self.words[second].decode("utf-8"))
                    check(sk_dict_add(dictionary, <const uint8_t *>PyBytes_AsString(key), <uint32_t>len(key)))
                    put_list(dictionary, lists.range.dfs[second], lists.range.sizes[second], 0)
            lists.write(writer)
            first += 1
        lists = None
        for first in range(self.slice_count):
            sk_slice_close_pairs(&self.slices[first], self.pair_words)
        sk_trim()

    cdef tuple write_lists(self, writer, uint64_t tokens, in_order):
        """Write postings and the dictionary of terms. Returns how many entries that has, and the bits of positions.

        No list can be made afterwards: what they are made from is given back.
        """
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
            self.idle = []
            self.close_slices()
            sk_inversion_close(&self.inversion)
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


cdef void put_change(sk_buffer *out, const uint8_t *a, size_t form_length, const uint8_t *b,
                     size_t stem_length) noexcept nogil:
    """How the term comes from the form: bytes to strip off its end, and what to append."""
    cdef size_t shared = 0
    while shared < form_length and shared < stem_length and a[shared] == b[shared]:
        shared += 1
    sk_buffer_varint(out, form_length - shared)
    sk_buffer_varint(out, stem_length - shared)
    sk_buffer_put(out, b + shared, stem_length - shared)
