"""The compiled door to searching: a snapshot is asked, an answer holds the hits.

    Searcher    a snapshot, as the core searches it: runs programs, and answers plain query text (plain.h) by itself
    Batch       many queries for one searcher, worked off by several threads
    Answer      the hits of one query, flat: score, part and docid of each
    Place       one of them, as a Python object: what a Hit is made upon
    Listing     an answer with what was asked: what Results is made upon
    Shortcut    searches without options, which most are, on the shortest way

All evaluation is C (search.inc, plain.c) and runs without the GIL. Some times a second it asks (`interrupted`) whether
a signal has come, so that Ctrl-C ends a long one.

A deadline is a moment of `clock`, in nanoseconds; 0: there is none.
"""

import os
from functools import wraps

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.limits cimport INT_MIN
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from searchkit.core.program cimport *
from searchkit.core.program cimport Parts, Program, TermLists, fade_of, filter_of
from searchkit.core.segment cimport *
from searchkit.core.segment cimport Segment

from searchkit.errors import CorruptIndex

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    int PyErr_CheckSignals()  # what it raises is left for raise_interrupt

cdef extern from "kernels.h" nogil:
    ctypedef struct sk_kernels:
        const char *name
    const sk_kernels *sk_kernels_get()

cdef extern from "plain.h" nogil:
    ctypedef struct sk_words:
        pass
    int sk_words_open(
        sk_words *words, const sk_part *parts, uint32_t part_count, uint64_t articles, const uint8_t *frequent
    )
    void sk_words_close(sk_words *words)

    ctypedef struct sk_snapshot:
        sk_words words
        double average
        int fold_accents

    ctypedef struct sk_plain_query:
        const uint8_t *text
        size_t length
        int match_all
        const sk_filter *dates

    int sk_plain_search(sk_snapshot *snapshot, const sk_plain_query *query, sk_task *task) noexcept
    int sk_plain_count(sk_snapshot *snapshot, const sk_plain_query *query, sk_task *task) noexcept

cdef extern from "places.h" nogil:
    ctypedef struct sk_place:
        uint32_t position, term
        uint64_t start, end

    int sk_find_places(
        const sk_segment *s, const sk_list *lists, uint32_t count, uint32_t docid, const uint8_t *utf8, size_t length,
        int fold_accents, sk_place **places, size_t *found
    )

ctypedef int (*plain_evaluation)(sk_snapshot *, const sk_plain_query *, sk_task *) noexcept nogil
ctypedef int (*evaluation)(sk_task *) noexcept nogil

cdef extern from *:
    """
    static long sk_fetch_add(long *value, long more) { return __atomic_fetch_add(value, more, __ATOMIC_RELAXED); }
    static void sk_publish(int *value, int is) { __atomic_store_n(value, is, __ATOMIC_RELEASE); }
    static int sk_published(const int *value) { return __atomic_load_n(value, __ATOMIC_ACQUIRE); }
    static int sk_raised(void) { return PyErr_Occurred() ? -1 : 0; }

    /* Whether this may be the thread in which Python handles signals. */
    #ifdef __linux__
    #include <sys/syscall.h>
    #include <unistd.h>
    static int sk_gets_signals(void) { return syscall(SYS_gettid) == getpid(); }
    #else
    static int sk_gets_signals(void) { return 1; }
    #endif
    """
    long sk_fetch_add(long *value, long more) nogil
    void sk_publish(int *value, int is_) nogil
    int sk_published(const int *value) nogil
    int raise_interrupt "sk_raised" () except -1
    int sk_gets_signals() nogil


def clock():
    """Nanoseconds of the clock that deadlines are told by."""
    return sk_clock()


def pace(int64_t nanoseconds):
    """For tests: let that clock go on by so much whenever it is looked at, so that time is work done; 0: as time does."""
    sk_pace(nanoseconds)


cdef int interrupted(void *stopped) noexcept nogil:
    """Whether a task is to end: its batch was stopped (a long, or NULL), or a signal's handler raised.

    What it raised stays set, for `raise_interrupt`. No thread waits here for the GIL that no signal comes to.
    """
    if stopped != NULL and sk_fetch_add(<long *>stopped, 0):
        return 1
    if not sk_gets_signals():
        return 0
    with gil:
        return PyErr_CheckSignals() != 0


cdef void limit(sk_task *task, int64_t deadline, long *stopped) noexcept nogil:
    """Set up what may end a task early."""
    task.interrupted, task.who, task.deadline = interrupted, stopped, deadline
    task.worked = SK_LOOK_AFTER if deadline else 0  # a deadline that has passed already is seen at once


def simd():
    """Name of the instruction set in use: "plain", "avx2" or "avx512"."""
    return sk_kernels_get().name.decode()


include "simd.pxi"


if os.environ.get("SEARCHKIT_SIMD"):
    choose_simd(os.environ["SEARCHKIT_SIMD"])


cdef enum:
    MOST_FADES = 3  # recency, soft_since, soft_until


cdef class Settings:
    """How hits are ranked and which are wanted: the first `wanted` of the ranking without the first `offset` of them.

    sort      0: by score; 1: newest first; 2: oldest first; 3: by `keys`. Where nothing scores, by score is newest first.
    skipping  False, for tests: every article that matches is scored.
    keys      for each part array("I") of a key for each docid: the least first, equal ones newest first.
    saturation, delta   of the formula's variant (sk_saturation of search.h).
    proximity what nearness counts.
    fades     (from, to, half-life, weight) of each (sk_fade); None for an open side.
    """
    cdef readonly double k1, b, delta
    cdef readonly uint64_t wanted, offset
    cdef readonly int sort, skipping, saturation
    cdef readonly tuple keys
    cdef const uint32_t **c_keys
    cdef list _keep
    cdef object _fades  # as given
    cdef sk_fade fades[MOST_FADES]
    cdef uint32_t fade_count
    cdef readonly double proximity

    def __cinit__(
        self, double k1, double b, uint64_t wanted, uint64_t offset, int sort, bint skipping, tuple keys=(),
        int saturation=SK_SCALED, double delta=0.0, fades=(), double proximity=0.0,
    ):
        cdef const uint32_t[::1] of
        cdef size_t part = 0
        if not (SK_SCALED <= saturation <= SK_SHIFTED and delta >= 0 and len(fades) <= MOST_FADES):
            raise ValueError(f"saturation {saturation}, delta {delta}, {len(fades)} fades")
        self.k1, self.b, self.wanted, self.offset, self.sort, self.skipping = k1, b, wanted, offset, sort, skipping
        self.saturation, self.delta, self._fades, self.proximity = saturation, delta, fades, proximity
        for low, high, half_life, weight in fades:
            self.fades[self.fade_count] = fade_of(low, high, half_life, weight)
            self.fade_count += 1
        self.keys = keys
        self._keep = []
        if sort != SK_BY_KEY:
            return
        self.c_keys = <const uint32_t **>calloc(len(keys) + 1, sizeof(uint32_t *))
        if self.c_keys == NULL:
            raise MemoryError
        for of in keys:
            self._keep.append(of)
            self.c_keys[part] = &of[0]
            part += 1

    def __dealloc__(self):
        free(self.c_keys)

    cdef int check(self, Parts parts) except -1:
        """Requires: the keys are those of these parts."""
        cdef uint32_t part
        if self.sort == SK_BY_KEY and len(self._keep) != parts.count:
            raise ValueError(f"keys of {len(self._keep)} parts for {parts.count}")
        for part in range(<uint32_t>len(self._keep)):
            if len(self._keep[part]) != parts.parts[part].segment.articles:
                raise ValueError(f"{len(self._keep[part])} keys for {parts.parts[part].segment.articles} articles")
        return 0

    def first(self, uint64_t wanted):
        """The same settings for so many hits, from the first on."""
        return Settings(
            self.k1, self.b, wanted, 0, self.sort, self.skipping, self.keys, self.saturation, self.delta, self._fades,
            self.proximity,
        )

    cdef void fill(self, sk_task *task) noexcept:
        """Rank a task so. Requires: the settings outlive it."""
        task.k1, task.b, task.limit, task.sort, task.skipping = self.k1, self.b, self.wanted, self.sort, self.skipping
        task.keys = self.c_keys
        task.saturation, task.delta, task.fades, task.fade_count = self.saturation, self.delta, self.fades, self.fade_count
        task.proximity = self.proximity


include "answers.pxi"


cdef class Searcher:
    """A snapshot as the core searches it.

    Its parts, how many articles live, their average length in tokens, and the terms of which it keeps pairs (frequent.h).
    """
    cdef sk_snapshot s
    cdef readonly Parts parts
    cdef bytes frequent

    def __cinit__(self, Parts parts not None, uint64_t articles, double average, bint fold_accents, pairs):
        cdef list terms = [term.encode("utf-8") for term in pairs]
        self.parts = parts
        self.s.average = average
        self.s.fold_accents = fold_accents
        self.frequent = b"".join([bytes([len(term)]) + term for term in terms]) + b"\0"
        if sk_words_open(
            &self.s.words, parts.parts, parts.count, articles, <const uint8_t *>PyBytes_AS_STRING(self.frequent)
        ):
            raise MemoryError

    def __dealloc__(self):
        sk_words_close(&self.s.words)

    def lists(self, bytes term not None):
        """A term looked up in every part. Where articles are deleted, its live ones are counted."""
        cdef TermLists lists = TermLists(self.parts.count)
        cdef Segment segment
        cdef const sk_part *part
        cdef uint32_t i, df
        cdef int found, failed
        for i in range(self.parts.count):
            segment = self.parts.segments[i]
            part = &self.parts.parts[i]
            found = sk_find_term(
                part.segment, <const uint8_t *>PyBytes_AS_STRING(term), PyBytes_GET_SIZE(term), &lists.lists[i]
            )
            segment._check(found, "terms")
            if found:
                df = lists.lists[i].df
                if part.live != NULL:
                    with nogil:
                        failed = sk_live_df(part.segment, &lists.lists[i], part.live, &df)
                    segment._check(failed, "postings")
                lists.df += df
        return lists

    def places(self, list terms not None, uint32_t part, uint32_t docid, str text not None):
        """Where terms stand in an article's text: (position, number of the term, start, end) of each token, in order.

        `terms` are TermLists of this snapshot; start and end count the characters of `text`, which is the article's as
        it was indexed.
        """
        cdef bytes encoded = text.encode("utf-8", "replace")
        cdef const uint8_t *utf8 = <const uint8_t *>PyBytes_AS_STRING(encoded)
        cdef size_t length = PyBytes_GET_SIZE(encoded)
        cdef uint32_t i, count = len(terms)
        cdef size_t at, found = 0
        cdef sk_place *places = NULL
        cdef Segment segment
        cdef int failed
        cdef TermLists term
        if part >= self.parts.count or docid >= self.parts.parts[part].segment.articles:
            raise IndexError(f"no docid {docid} in part {part}")
        segment = self.parts.segments[part]
        segment._check(sk_touch(&segment.s, segment.s.titles.at, segment.s.titles.size), "titles")
        segment._check(sk_touch(&segment.s, segment.s.lengths.at, segment.s.lengths.size), "lengths")
        cdef sk_list *lists = <sk_list *>calloc(count + 1, sizeof(sk_list))
        if lists == NULL:
            raise MemoryError
        try:
            for i in range(count):
                term = terms[i]
                if term.parts != self.parts.count:
                    raise ValueError("a term of another snapshot")
                lists[i] = term.lists[part]
            with nogil:
                failed = sk_find_places(
                    &segment.s, lists, count, docid, utf8, length, self.s.fold_accents, &places, &found
                )
            segment._check(failed, "postings")
            return [(places[at].position, places[at].term, places[at].start, places[at].end) for at in range(found)]
        finally:
            free(lists)
            free(places)

    # ---- plain text

    cdef bint answer_plain(
        self, str text, bint match_all, dates, int64_t deadline, sk_task *task, plain_evaluation evaluate
    ) except -1:
        """Whether the core answered plain query text, into a task that says how hits are ranked."""
        cdef sk_plain_query query
        cdef sk_filter filter
        cdef int done
        if not begin(&query, text, match_all, dates, &filter):
            return False
        limit(task, deadline, NULL)
        with nogil:
            done = evaluate(&self.s, &query, task)
        if task.end == SK_INTERRUPTED:
            raise_interrupt()
        return done

    def search_plain(self, str text not None, bint match_all, dates, Settings settings not None, int64_t deadline=0):
        """The answer to plain query text, or None if it is not that: see plain.h. `dates`: a filter of Program, or None."""
        cdef sk_task task
        memset(&task, 0, sizeof(task))
        settings.check(self.parts)
        settings.fill(&task)
        if not self.answer_plain(text, match_all, dates, deadline, &task, sk_plain_search):
            return None
        return answer_of(&task, self.parts, settings.offset)

    def count_plain(self, str text not None, bint match_all, dates, int64_t deadline=0):
        """How many live articles plain query text finds, or None if it is not that; -1: the deadline came first."""
        cdef sk_task task
        memset(&task, 0, sizeof(task))
        if not self.answer_plain(text, match_all, dates, deadline, &task, sk_plain_count):
            return None
        return -1 if task.end == SK_LATE else task.total

    # ---- programs

    cdef int fill(self, Program program, sk_task *task) except -1:
        memset(task, 0, sizeof(sk_task))
        if program.over is not self.parts:
            raise ValueError("a program of another snapshot")
        program.fill(task)
        task.average = self.s.average
        task.k1, task.b, task.skipping = 1.2, 0.75, 1
        return 0

    def search(self, Program program not None, Settings settings not None, int64_t deadline=0):
        """The answer to a program."""
        cdef sk_task task
        self.fill(program, &task)
        settings.check(self.parts)
        rank(&task, settings)
        self.evaluate(&task, deadline, sk_search)
        return answer_of(&task, self.parts, settings.offset)

    def count(self, Program program not None, int64_t deadline=0):
        """How many live articles match; -1: the deadline came first."""
        cdef sk_task task
        self.fill(program, &task)
        self.evaluate(&task, deadline, sk_count)
        return -1 if task.end == SK_LATE else task.total

    def matches(self, Program program not None, int64_t deadline=0):
        """The live articles that match: for each part a bitmap as bytes, bit `docid & 7` of byte `docid >> 3`, of whole
        windows. None: the deadline came first.
        """
        cdef sk_task task
        cdef uint32_t i
        cdef list bitmaps = []
        cdef uint64_t **places = <uint64_t **>calloc(self.parts.count + 1, sizeof(uint64_t *))
        if places == NULL:
            raise MemoryError
        try:
            for i in range(self.parts.count):
                bitmaps.append(bytes((self.parts.parts[i].segment.articles + SK_WINDOW - 1) // SK_WINDOW * (SK_WINDOW // 8)))
                places[i] = <uint64_t *>PyBytes_AS_STRING(bitmaps[i])  # ours alone until they are returned
            self.fill(program, &task)
            task.matches = places
            self.evaluate(&task, deadline, sk_count)
        finally:
            free(places)
        return None if task.end == SK_LATE else bitmaps

    cdef int evaluate(self, sk_task *task, int64_t deadline, evaluation how) except -1:
        cdef int failed
        limit(task, deadline, NULL)
        with nogil:
            failed = how(task)
        if task.end == SK_INTERRUPTED:
            raise_interrupt()
        if task.end == SK_WHOLE:
            self.parts.raise_for(failed, task.damaged)
        return 0

    def frequencies(self, Program program not None, uint32_t part, uint32_t docid, bint near=False):
        """Whether the query finds the article, and the frequency of each leaf that counts for it (else 0).

        `near`: and the nearness of each to the leaf before; else of all 0.0.
        """
        cdef sk_task task
        cdef int failed, matches = 0
        self.fill(program, &task)
        limit(&task, 0, NULL)
        if part >= self.parts.count or docid >= self.parts.parts[part].segment.articles:
            raise IndexError(f"no docid {docid} in part {part}")
        cdef uint32_t *tfs = <uint32_t *>calloc(program.p.leaf_count + 1, sizeof(uint32_t))
        cdef double *nearness = <double *>calloc(program.p.leaf_count + 1, sizeof(double))
        task.proximity = near
        try:
            if tfs == NULL or nearness == NULL:
                raise MemoryError
            with nogil:
                failed = sk_frequencies(&task, part, docid, tfs, nearness, &matches)
            if task.end == SK_INTERRUPTED:
                raise_interrupt()
            self.parts.raise_for(failed, part)
            leaves = range(program.p.leaf_count)
            return bool(matches), [tfs[i] for i in leaves], [nearness[i] for i in leaves]
        finally:
            free(tfs)
            free(nearness)


cdef void rank(sk_task *task, Settings settings) noexcept:
    """Settings for a task that has its program."""
    settings.fill(task)
    if task.sort == SK_BY_SCORE and not task.program.leaf_count:
        task.sort = SK_NEWEST


cdef bint begin(sk_plain_query *query, str text, bint match_all, dates, sk_filter *filter) except -1:
    """Set up a query of a text that stays alive. False: the text has lone surrogates, and they are no UTF-8."""
    cdef Py_ssize_t length
    try:
        query.text = <const uint8_t *>PyUnicode_AsUTF8AndSize(text, &length)
    except UnicodeEncodeError:
        return False
    query.length = length
    query.match_all = match_all
    query.dates = NULL
    if dates is not None:
        low, high, relation = dates
        filter[0] = filter_of(low, high, relation)
        query.dates = filter
    return True


cdef enum:
    UNDONE = INT_MIN


cdef class Batch:
    """Many queries with the same settings, worked off by as many threads as call `work`.

    `jobs` are either plain query texts or programs of the searcher; None among them is left alone. `match_all` and
    `dates` are for the texts. `timeouts`: of each job how many nanoseconds it may take from its start on, at least 1;
    None: there are no deadlines.
    """
    cdef Searcher searcher
    cdef list jobs
    cdef Settings settings
    cdef sk_filter filter
    cdef sk_plain_query *queries  # of texts; without text: of a program, or not to be answered here
    cdef sk_task *tasks
    cdef int *outcomes  # UNDONE; then of a text whether it was answered, of a program SK_OK or what failed
    cdef double *seconds
    cdef long count
    cdef long next
    cdef long taken  # texts whose results were given away
    cdef long stopped

    def __cinit__(
        self, Searcher searcher not None, list jobs not None, bint match_all, dates, Settings settings not None,
        list timeouts=None,
    ):
        cdef long i
        self.searcher, self.jobs, self.settings = searcher, jobs, settings
        settings.check(searcher.parts)
        self.count = len(jobs)
        self.queries = <sk_plain_query *>calloc(self.count + 1, sizeof(sk_plain_query))
        self.tasks = <sk_task *>calloc(self.count + 1, sizeof(sk_task))
        self.outcomes = <int *>calloc(self.count + 1, sizeof(int))
        self.seconds = <double *>calloc(self.count + 1, sizeof(double))
        if self.queries == NULL or self.tasks == NULL or self.outcomes == NULL or self.seconds == NULL:
            raise MemoryError
        for i in range(self.count):
            job = jobs[i]
            self.outcomes[i] = UNDONE
            if isinstance(job, Program):
                searcher.fill(job, &self.tasks[i])
                rank(&self.tasks[i], settings)
            elif job is not None and begin(&self.queries[i], job, match_all, dates, &self.filter):
                settings.fill(&self.tasks[i])
            if timeouts is not None:
                self.tasks[i].deadline = timeouts[i]

    def __dealloc__(self):
        cdef long i
        if self.tasks != NULL:
            for i in range(self.count):
                free(self.tasks[i].hits)
        free(self.queries)
        free(self.tasks)
        free(self.outcomes)
        free(self.seconds)

    def work(self, long most):
        """Take queries until none is left, or `most` are done. Whether some may be left. For any number of threads."""
        cdef long i, done
        cdef int outcome
        cdef int64_t start
        cdef sk_task *task
        with nogil:
            for done in range(most):
                i = sk_fetch_add(&self.next, 1)
                if i >= self.count:
                    break
                task = &self.tasks[i]
                start = sk_clock()
                limit(task, start + task.deadline if task.deadline else 0, &self.stopped)
                outcome = 0
                if self.queries[i].text != NULL:
                    outcome = sk_plain_search(&self.searcher.s, &self.queries[i], task)
                elif task.program != NULL:
                    outcome = sk_search(task)
                self.seconds[i] = (sk_clock() - start) * 1e-9
                sk_publish(&self.outcomes[i], outcome)
                if task.end == SK_INTERRUPTED:
                    break
        raise_interrupt()
        return self.next < self.count

    def stop(self):
        """Let no query be taken any more, and end those that are worked at."""
        sk_fetch_add(&self.next, self.count)
        sk_fetch_add(&self.stopped, 1)

    def results(self, kind, asking, tuple late not None):
        """The results of the next texts, as far as they are answered by now: each a `kind`, made upon Listing; None for
        text that is not plain, and for None. For one thread, while others work.

        asking: what goes before the text and the settings in what was asked. late: the warnings where the time was up.
        """
        cdef type made = listing_type(kind)
        cdef Answer answer
        cdef list found = []
        cdef long i
        while self.taken < self.count and sk_published(&self.outcomes[self.taken]) != UNDONE:
            i = self.taken
            self.taken += 1
            if self.queries[i].text == NULL or not self.outcomes[i]:
                found.append(None)
                continue
            answer = answer_of(&self.tasks[i], self.searcher.parts, self.settings.offset)
            asked = (asking, self.jobs[i], self.settings)
            found.append(listing_of(made, asked, answer, self.seconds[i], late if answer.late else ()))
        return found

    def answers(self):
        """Of each program its answer and the seconds it took; None for None.

        Requires: all threads are done. For one call only.
        """
        cdef long i
        found = []
        for i in range(self.count):
            if self.tasks[i].program == NULL:
                found.append(None)
                continue
            self.searcher.parts.raise_for(self.outcomes[i], self.tasks[i].damaged)
            found.append((answer_of(&self.tasks[i], self.searcher.parts, self.settings.offset), self.seconds[i]))
        return found


include "usual.pxi"
