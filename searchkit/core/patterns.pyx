"""The door to keys.c and vocabulary.c: the word forms of a snapshot that a pattern accepts, and their terms.

    Automaton   which forms: made of nodes, see search/automata.py for those who make it
    Edits       those near a word
    Matches     the terms (or forms) that were found, in all segments
"""

from libc.stdint cimport UINT64_MAX, uint8_t, uint32_t, uint64_t

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from searchkit.core.program cimport Parts, sk_part
from searchkit.core.segment cimport SK_KEY_MAX, SK_NO_MEMORY, Segment, sk_dict_walk, sk_segment

from searchkit.errors import CorruptIndex

cdef extern from "automaton.h" nogil:
    int SK_NODES_MAX, SK_CODE_POINTS
    ctypedef struct sk_automaton:
        uint32_t nodes, words, intervals
        uint32_t *firsts
        uint64_t *consumers
        uint64_t *successors
        uint64_t *start
    int sk_automaton_open(sk_automaton *a, uint32_t nodes, uint32_t intervals)
    void sk_automaton_close(sk_automaton *a)
    void sk_automaton_ready(sk_automaton *a)

cdef extern from "edits.h" nogil:
    int SK_EDITS_MAX
    ctypedef struct sk_edits:
        pass
    int sk_edits_open(sk_edits *e, const uint32_t *code_points, uint32_t length, uint32_t distance, uint32_t prefix)
    void sk_edits_close(sk_edits *e)

cdef extern from "pattern.h" nogil:
    ctypedef struct sk_sieve:
        uint64_t needed, allowed
        unsigned off
        uint32_t least, most, share
    ctypedef struct sk_pattern:
        sk_automaton *automaton
        sk_edits *edits
        sk_sieve sieve
    int sk_letters_of(const uint8_t *key, uint32_t size, uint64_t *letters, uint32_t *length)
    int sk_pattern_start(sk_pattern *p)

cdef extern from "vocabulary.h" nogil:
    int SK_COLLECTION_FULL
    uint32_t SK_IN_FORMS
    ctypedef struct sk_collection:
        sk_dict_walk walk
    int sk_vocabulary_due(sk_segment *s, uint64_t keys)
    void sk_vocabulary_never(sk_segment *s)
    int sk_collection_open(sk_collection *c, const sk_segment *s)
    void sk_collection_close(sk_collection *c)
    int sk_collection_more(sk_collection *c)
    int sk_collection_give(const sk_collection *c, sk_segment *s)

    ctypedef struct sk_scan:
        uint32_t *found
        uint32_t count
    void sk_scan_start(sk_scan *scan, const sk_segment *s, sk_pattern *p)
    void sk_scan_close(sk_scan *scan)
    int sk_scan_more(sk_scan *scan)

cdef extern from "segment.h" nogil:
    void sk_dict_start(sk_dict_walk *w, const sk_segment *s, int forms)
    int sk_dict_read(sk_dict_walk *w, uint64_t number)

cdef extern from "keys.h" nogil:
    int SK_KEYS_PAUSE
    ctypedef struct sk_key_walk:
        sk_dict_walk dict
    int sk_keys_start(sk_key_walk *w, const sk_segment *s, int forms, sk_pattern *p, const uint8_t *low,
                      size_t low_length, const uint8_t *high, size_t high_length)
    int sk_keys_next(sk_key_walk *w)

    ctypedef struct sk_found:
        uint64_t at
        uint32_t length, segment, sources
        uint64_t weight
    ctypedef struct sk_source:
        uint64_t at, occurrences
        uint32_t length, segment, next
    ctypedef struct sk_matches:
        uint8_t *bytes
        sk_found *found
        uint32_t count
        sk_source *sources
        int by_form
    int sk_matches_open(sk_matches *m, int by_form)
    void sk_matches_close(sk_matches *m)
    int sk_matches_add(sk_matches *m, const sk_dict_walk *d, uint32_t segment, int deleted)
    int sk_matches_weigh(sk_matches *m, const sk_part *parts, uint32_t count, uint32_t *damaged)
    int sk_deleted_occurrences(const sk_part *part, const uint8_t *term, size_t length, uint64_t *count)
    void sk_matches_sort(sk_matches *m)

MOST_NODES = SK_NODES_MAX

cdef enum:
    READ_AT_ONCE = 1 << 14  # keys that are accepted


include "simd.pxi"


cdef void put(uint64_t *set_, uint32_t member) noexcept nogil:
    set_[member // 64] |= <uint64_t>1 << (member % 64)


cdef class Pattern:
    """Words that are accepted. For one thread at a time: it grows as it is used."""
    cdef sk_pattern p

    cdef int _need(self, str letters, unsigned off) except -1:
        """Only words that have these letters, but for so many of them."""
        cdef bytes key = letters.encode("utf-8", "replace")
        cdef uint32_t length
        sk_letters_of(<const uint8_t *>PyBytes_AS_STRING(key), len(key), &self.p.sieve.needed, &length)
        self.p.sieve.off = off
        return 0


cdef class Automaton(Pattern):
    """Accepts the words that lead from a start to the end.

    nodes: of each the code points that it consumes, as (first, last) pairs, and its successors: the numbers of the nodes
    that may consume the next one. Node 0 is the end and consumes nothing. start: where a word may begin.

    What is known of all words that are accepted, so that others need not be looked at: needs, letters that each of them
    has, as often as they stand there; least, most: how many letters they have. share: a walk over all words in order reads
    one in so many of them; 0: hardly any.
    """
    cdef sk_automaton a

    def __cinit__(self, list nodes not None, start, str needs not None="", uint32_t least=0,
                  uint32_t most=SK_KEY_MAX, uint32_t share=0):
        cdef uint32_t count = len(nodes), node, at
        cdef int failed
        if not 1 <= count <= SK_NODES_MAX or any(nodes[0]):
            raise ValueError(f"an automaton of {count} nodes, which must begin with an end")
        borders = {0}
        for ranges, _ in nodes:
            for first, last in ranges:
                if not 0 <= first <= last < SK_CODE_POINTS:
                    raise ValueError(f"code points from {first} to {last}")
                borders.add(first)
                borders.add(last + 1)
        borders.discard(SK_CODE_POINTS)
        cdef list firsts = sorted(borders)
        failed = sk_automaton_open(&self.a, count, len(firsts))
        if failed:
            raise MemoryError if failed == SK_NO_MEMORY else ValueError(f"{len(firsts)} kinds of code points")
        for at in range(self.a.intervals):
            self.a.firsts[at] = firsts[at]
        places = {first: place for place, first in enumerate(firsts)}
        for node in range(count):
            ranges, successors = nodes[node]
            for first, last in ranges:
                at = places[first]
                while at < self.a.intervals and self.a.firsts[at] <= <uint32_t>last:
                    put(self.a.consumers + <size_t>at * self.a.words, node)
                    at += 1
            self._fill(self.a.successors + <size_t>node * self.a.words, successors)
        self._fill(self.a.start, start)
        sk_automaton_ready(&self.a)
        self.p.automaton = &self.a
        self.p.sieve.allowed = UINT64_MAX
        self.p.sieve.least, self.p.sieve.most = least, most
        self.p.sieve.share = share
        self._need(needs, 0)

    cdef int _fill(self, uint64_t *set_, members) except -1:
        cdef uint32_t member
        for member in members:
            if member >= self.a.nodes:
                raise ValueError(f"node {member} of {self.a.nodes}")
            put(set_, member)
        return 0

    def __dealloc__(self):
        sk_automaton_close(&self.a)


cdef class Edits(Pattern):
    """Accepts the words at most `distance` edits from a word, the first `prefix` letters apart: those are the same.

    An edit puts a letter in, leaves one out, replaces one or exchanges two neighbours, and no letter is edited twice
    (the optimal string alignment distance).
    """
    cdef sk_edits e

    def __cinit__(self, str word not None, uint32_t distance, uint32_t prefix=0):
        cdef uint32_t code_points[255]
        cdef uint32_t length = 0
        cdef Py_UCS4 letter
        if len(word) > SK_KEY_MAX or distance > <uint32_t>SK_EDITS_MAX:
            raise ValueError(f"{distance} edits of a word of {len(word)} letters")
        for letter in word:
            code_points[length] = letter
            length += 1
        if sk_edits_open(&self.e, code_points, length, distance, prefix):
            raise MemoryError
        self.p.edits = &self.e
        self._need(word, distance)
        self.p.sieve.allowed = self.p.sieve.needed
        self.p.sieve.least, self.p.sieve.most = max(length, distance) - distance, length + distance
        # As they were in the dictionary of 200,000 abstracts, roughly.
        if distance and prefix < 3:
            self.p.sieve.share = (16 if distance == 1 else 3) << 2 * prefix

    def __dealloc__(self):
        sk_edits_close(&self.e)


cdef str section_of(const sk_dict_walk *walk):
    return "forms" if walk.forms else "terms"


cdef class Matches:
    """What a pattern found in the segments of a snapshot, in no order until `sort`.

    each: called now and then; what it raises ends the search. low, high: forms from the one on and before the other
    (None: to the last). by_form: find the forms themselves, not their terms.
    """
    cdef sk_matches m
    cdef Parts parts

    def __init__(self, Parts parts not None, Pattern pattern not None, each, bytes low=b"", bytes high=None,
                 bint by_form=False):
        cdef uint32_t number
        cdef int forms
        if sk_matches_open(&self.m, by_form):
            raise MemoryError
        self.parts = parts
        if not sk_pattern_start(&pattern.p):
            return
        low = low[: SK_KEY_MAX + 1]  # keys are shorter: none lies between
        for number in range(parts.count):
            each()
            if not low and high is None and self._in_memory(number, pattern, each):
                self._scan(number, pattern, each)
                continue
            for forms in range(2):
                self._walk(number, forms, pattern, each, low, high)

    def __dealloc__(self):
        sk_matches_close(&self.m)

    cdef bint _in_memory(self, uint32_t number, Pattern pattern, each) except -1:
        """Whether the words of a segment are in memory, or are now, and a look through them is best."""
        cdef Segment segment = self.parts.segments[number]
        cdef sk_collection words
        cdef int more = 1
        if not pattern.p.sieve.share:
            return False
        if segment.s.vocabulary != NULL:
            return True
        if not sk_vocabulary_due(&segment.s, (segment.s.term_count + segment.s.form_count) // pattern.p.sieve.share):
            return False
        try:
            segment._check(sk_collection_open(&words, &segment.s), "terms")
            while more == 1:
                with nogil:
                    more = sk_collection_more(&words)
                segment._check(more, section_of(&words.walk))
                each()
            if more == SK_COLLECTION_FULL:
                sk_vocabulary_never(&segment.s)
                return False
            segment._check(sk_collection_give(&words, &segment.s), "terms")
        finally:
            sk_collection_close(&words)
        return True

    cdef int _scan(self, uint32_t number, Pattern pattern, each) except -1:
        """Look through the words of a segment in memory, and read what its dictionaries have of those accepted."""
        cdef Segment segment = self.parts.segments[number]
        cdef int deleted = self.parts.parts[number].live != NULL, more = 1
        cdef uint32_t i = 0, past
        cdef sk_scan scan
        cdef sk_dict_walk[2] walks
        cdef sk_dict_walk *walk = NULL
        sk_dict_start(&walks[0], &segment.s, 0)
        sk_dict_start(&walks[1], &segment.s, 1)
        sk_scan_start(&scan, &segment.s, &pattern.p)
        try:
            while more:
                with nogil:
                    more = sk_scan_more(&scan)
                segment._check(more, "forms")
                each()
            while i < scan.count:
                past = min(i + READ_AT_ONCE, scan.count)
                with nogil:
                    while i < past and more == 0:
                        walk = &walks[scan.found[i] >= SK_IN_FORMS]
                        more = sk_dict_read(walk, scan.found[i] & ~SK_IN_FORMS)
                        if more == 0:
                            more = sk_matches_add(&self.m, walk, number, deleted)
                        i += 1
                segment._check(more, section_of(walk))
                each()
        finally:
            sk_scan_close(&scan)
        return 0

    cdef int _walk(self, uint32_t number, int forms, Pattern pattern, each, bytes low, bytes high) except -1:
        cdef sk_key_walk walk
        cdef Segment segment = self.parts.segments[number]
        cdef int deleted = self.parts.parts[number].live != NULL, more
        cdef const uint8_t *high_at = NULL
        cdef size_t high_length = 0
        cdef str section = "forms" if forms else "terms"
        if high is not None:
            high_at, high_length = <const uint8_t *>PyBytes_AS_STRING(high), PyBytes_GET_SIZE(high)
        segment._check(
            sk_keys_start(
                &walk, &segment.s, forms, &pattern.p,
                <const uint8_t *>PyBytes_AS_STRING(low), PyBytes_GET_SIZE(low),
                high_at, high_length,
            ),
            section,
        )
        while True:
            with nogil:
                more = sk_keys_next(&walk)
                while more == 1:
                    more = sk_matches_add(&self.m, &walk.dict, number, deleted)
                    if more == 0:
                        more = sk_keys_next(&walk)
            segment._check(more, section)
            if more == 0:
                return 0
            each()

    def __len__(self):
        return self.m.count

    def sort(self):
        """The heaviest first, of equals the lesser by its bytes. See `weight`."""
        cdef uint32_t damaged = 0
        cdef int failed = 0
        with nogil:
            if not self.m.by_form:
                failed = sk_matches_weigh(&self.m, self.parts.parts, self.parts.count, &damaged)
            if not failed:
                sk_matches_sort(&self.m)
        if failed:
            raise CorruptIndex((<Segment>self.parts.segments[damaged]).path, "terms")

    def weight(self, uint32_t number):
        """Once sorted: articles with the term, deleted ones too; of a form, how often it occurs in them."""
        return self.at(number).weight

    def name(self, uint32_t number):
        """A term, or form."""
        cdef sk_found *found = self.at(number)
        try:
            return (<const char *>self.m.bytes)[found.at : found.at + found.length].decode("utf-8")
        except UnicodeDecodeError:
            path = (<Segment>self.parts.segments[found.segment]).path
            raise CorruptIndex(path, "forms", "UTF-8", "something else") from None

    def sources(self, uint32_t number):
        """Where the forms stand that led to a term, if each is in a segment with deleted articles: (number of the
        segment, form). Else nothing: live articles have such a form.
        """
        cdef sk_found *found = self.at(number)
        cdef uint32_t next_ = found.sources
        cdef const sk_source *source
        made = []
        while next_:
            source = &self.m.sources[next_ - 1]
            form = (<const char *>self.m.bytes)[source.at : source.at + source.length]
            made.append((source.segment, form))
            next_ = source.next
        return made

    def surely_lives(self, uint32_t number, str term not None):
        """Whether a form of a match's sources occurs more often than its term does in deleted articles. If not, it may
        live or not.
        """
        cdef sk_found *found = self.at(number)
        cdef uint32_t next_ = found.sources
        cdef const sk_source *source
        cdef bytes key = term.encode("utf-8", "replace")
        cdef uint64_t deleted
        cdef int failed
        while next_:
            source = &self.m.sources[next_ - 1]
            failed = sk_deleted_occurrences(
                &self.parts.parts[source.segment], <const uint8_t *>PyBytes_AS_STRING(key), len(key), &deleted
            )
            (<Segment>self.parts.segments[source.segment])._check(failed, "postings")
            if source.occurrences > deleted:
                return True
            next_ = source.next
        return False

    cdef sk_found *at(self, uint32_t number) except NULL:
        if number >= self.m.count:
            raise IndexError(f"match {number} of {self.m.count}")
        return &self.m.found[number]
