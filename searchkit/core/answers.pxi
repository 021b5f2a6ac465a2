# What was found, as Python sees it. A part of evaluate.pyx.

cdef enum:
    IDS_AT_ONCE = 32


cdef class Answer:
    """The hits of one query, best first. `ask` is the caller's: what was asked, for those who hold a hit.

    late  the deadline came first: these are the best of the articles that were scored until then.
    """
    cdef sk_hit *found
    cdef uint64_t count
    cdef readonly uint64_t offset
    cdef Parts parts
    cdef readonly bint late
    cdef public object ask

    def __dealloc__(self):
        free(self.found)

    cdef Py_ssize_t size(self) noexcept:
        return self.count - min(self.offset, self.count)

    def __len__(self):
        return self.size()

    def hits(self, type kind not None):
        """All hits as objects of `kind`, a class made upon Place."""
        cdef Py_ssize_t i, count = self.size()
        cdef tuple hits = PyTuple_New(count)
        cdef Place place
        if not issubclass(kind, Place):
            raise TypeError(f"{kind} is not made upon Place")
        for i in range(count):
            place = kind.__new__(kind)
            place.answer = self
            place.number = self.offset + i
            Py_INCREF(place)
            PyTuple_SET_ITEM(hits, i, place)
        return hits

    def scores(self):
        """The scores of all hits."""
        cdef Py_ssize_t i, count = self.size()
        cdef tuple scores = PyTuple_New(count)
        cdef object score
        for i in range(count):
            score = self.found[self.offset + i].score
            Py_INCREF(score)
            PyTuple_SET_ITEM(scores, i, score)
        return scores

    def places(self):
        """The segment number and docid of all hits."""
        cdef uint64_t i
        return [(self.found[i].part, self.found[i].docid) for i in range(min(self.offset, self.count), self.count)]

    def select(self, numbers, uint64_t offset=0):
        """The answer of some hits by their numbers, in that order, without the first `offset` of them.

        IndexError for a number that is none.
        """
        cdef Answer answer = Answer.__new__(Answer)
        cdef uint64_t i
        cdef Py_ssize_t size = self.size()
        cdef list chosen = list(numbers)
        answer.found = <sk_hit *>calloc(max(len(chosen), 1), sizeof(sk_hit))
        if answer.found == NULL:
            raise MemoryError
        for number in chosen:
            if not 0 <= number < size:
                raise IndexError(f"hit {number} of {size}")
            i = number
            answer.found[answer.count] = self.found[self.offset + i]
            answer.count += 1
        answer.parts, answer.late, answer.offset = self.parts, self.late, offset
        return answer

    def ids(self):
        """The ids of all hits. They are read some at a time, as each read waits for memory."""
        cdef Py_ssize_t first, i, some, count = self.size()
        cdef tuple ids = PyTuple_New(count)
        cdef str text
        cdef sk_hit *hits
        cdef const sk_segment *segment
        cdef int64_t ranks[IDS_AT_ONCE]
        cdef const uint8_t *blocks[IDS_AT_ONCE]
        cdef const uint8_t *ends[IDS_AT_ONCE]
        cdef Segment of
        for first in range(0, count, IDS_AT_ONCE):
            some = min(<Py_ssize_t>IDS_AT_ONCE, count - first)
            hits = self.found + self.offset + first
            for i in range(some):
                sk_id_expect_rank(self.parts.parts[hits[i].part].segment, hits[i].docid)
            for i in range(some):
                segment = self.parts.parts[hits[i].part].segment
                ranks[i] = sk_id_rank(segment, hits[i].docid)
                if ranks[i] >= 0:
                    sk_id_expect_block(segment, ranks[i])
            for i in range(some):
                segment = self.parts.parts[hits[i].part].segment
                if ranks[i] >= 0 and sk_id_block(segment, ranks[i], &blocks[i], &ends[i]):
                    ranks[i] = -1
            for i in range(some):
                of = <Segment>self.parts.segments[hits[i].part]
                if ranks[i] < 0:
                    raise CorruptIndex(of.path, "ids")
                text = of.id_in_block(ranks[i], blocks[i], ends[i])
                Py_INCREF(text)
                PyTuple_SET_ITEM(ids, first + i, text)
        return ids


cdef Answer answer_of(sk_task *task, Parts parts, uint64_t offset):
    """The answer that a task came to; takes its hits over."""
    cdef Answer answer = Answer.__new__(Answer)
    answer.found, answer.count, answer.parts, answer.offset = task.hits, task.hit_count, parts, offset
    answer.late = task.end == SK_LATE
    task.hits = NULL
    return answer


@cython.auto_pickle(False)
cdef class Place:
    """A place in an answer. Made by Answer.hits; AttributeError from one that was not."""
    cdef Answer answer
    cdef uint64_t number

    @property
    def id(self):
        """The article's own key."""
        cdef sk_hit *hit = self.hit()
        return (<Segment>self.answer.parts.segments[hit.part]).id(hit.docid)

    @property
    def score(self):
        """The exact BM25 score; 0.0 where only dates were asked for."""
        return self.hit().score

    @property
    def _segment(self):
        return self.hit().part

    @property
    def _docid(self):
        return self.hit().docid

    @property
    def _ask(self):
        self.hit()
        return self.answer.ask

    cdef sk_hit *hit(self) except NULL:
        if self.answer is None:
            raise AttributeError("hits come from searches")
        return &self.answer.found[self.number]


@cython.auto_pickle(False)
cdef class Listing:
    """What Results is made upon, as a Hit is upon Place: an answer, what was asked, and what is known about it by now.

    A search of a rare word takes a few microseconds, so this is one object that C fills in.
    """
    cdef public object _asked, _made, _total, _suggestions
    cdef readonly Answer _answer
    cdef readonly double seconds
    cdef readonly tuple warnings

    def __init__(self, asked, Answer answer, double seconds, tuple warnings not None=()):
        self._asked, self._answer, self.seconds, self.warnings = asked, answer, seconds, warnings

    def __len__(self):
        return 0 if self._answer is None else self._answer.size()

    @property
    def ids(self):
        """The ids of the hits, in their order: all at once, at a fraction of what asking hit by hit costs."""
        return () if self._answer is None else self._answer.ids()

    @property
    def scores(self):
        """The scores of the hits, in their order: all at once, as `ids`."""
        return () if self._answer is None else self._answer.scores()

    @property
    def offset(self):
        """How many hits rank before these: of a page behind a cursor, those of all pages before it."""
        return 0 if self._answer is None else self._answer.offset


cdef type listing_type(kind):
    """A class made upon Listing; its own type may be any metaclass."""
    if not (isinstance(kind, type) and issubclass(kind, Listing)):
        raise TypeError(f"{kind} is not made upon Listing")
    return <type>kind


cdef Listing listing_of(type kind, tuple asked, Answer answer, double seconds, tuple warnings):
    """A Listing, without a call of its constructor."""
    cdef Listing listing = kind.__new__(kind)
    listing._asked, listing._answer, listing.seconds, listing.warnings = asked, answer, seconds, warnings
    return listing
