# Searches without options. A part of evaluate.pyx.

cdef bint same(one, other) noexcept:
    """Whether two options are the same value, and of the same type: True is not 1."""
    if one is other:
        return True
    if type(one) is int and type(other) is int:
        return one == other
    return type(one) is str and type(other) is str and one == other


cdef class Way:
    """What holds for all searches with these few options, in a snapshot: made by who knows what they mean.

    core  whether the core may try to answer them as plain text.
    """
    cdef readonly object snapshot, scope
    cdef readonly Settings settings
    cdef object limit, offset, match
    cdef bint plain, skipping, core, match_all
    cdef Searcher searcher

    def __init__(
        self, snapshot, limit, offset, match, bint plain, bint skipping, scope, Settings settings not None, bint core
    ):
        self.snapshot, self.limit, self.offset, self.match = snapshot, limit, offset, match
        self.plain, self.skipping, self.core = plain, skipping, core
        self.scope, self.settings, self.searcher = scope, settings, snapshot.searcher
        self.match_all = match == "all"
        settings.check(self.searcher.parts)

    cdef bint is_for(self, snapshot, limit, offset, match, bint plain, bint skipping) noexcept:
        return (
            self.snapshot is snapshot and self.plain == plain and self.skipping == skipping
            and same(self.limit, limit) and same(self.offset, offset) and same(self.match, match)
        )


cdef class Shortcut:
    """Searches that differ in little but their text, from the text to the results.

    Whoever makes a class upon this finds their ways (`find`), and answers (`answer`) what the core leaves to Python.
    """
    cdef public Way _way  # the last that was found
    cdef type kind

    def __init__(self, kind):
        """`kind`: of the results, made upon Listing."""
        self.kind = listing_type(kind)

    def search(self, snapshot, query, limit, offset, match, bint plain, bint skipping):
        """The results; None where an option is of a type that has no way."""
        cdef int64_t start = sk_clock()
        cdef Way way = self._way
        cdef Answer answer
        cdef sk_task task
        if way is None or not way.is_for(snapshot, limit, offset, match, plain, skipping):
            way = self._way = self.find(snapshot, limit, offset, match, plain, skipping)
            if way is None:
                return None
        if way.core and type(query) is str:
            memset(&task, 0, sizeof(task))
            way.settings.fill(&task)
            if way.searcher.answer_plain(query, way.match_all, None, 0, &task, sk_plain_search):
                answer = answer_of(&task, way.searcher.parts, way.settings.offset)  # first: it frees the hits
                return listing_of(self.kind, (way.scope, query, way.settings), answer, (sk_clock() - start) * 1e-9, ())
        return self.answer(way, query)


cdef bint are_usual(dict options, dict defaults) noexcept:
    """Whether these options might as well not have been given."""
    for name, value in options.items():
        if name not in defaults or not same(value, defaults[name]):
            return False
    return True


def shortened(method):
    """A method `search` of an index, which asks the index's Shortcut first where no other option than three is given.

    Binding all the options that there are, and finding in Python that none was given, took as long as a rare word does.
    """
    cdef dict defaults = method.__kwdefaults__

    def search(
        self, query, *, limit=defaults["limit"], offset=defaults["offset"], match=defaults["match"], **options
    ):
        snapshot, found = self._current, None
        if snapshot is not None and are_usual(options, defaults):
            found = (<Shortcut?>self._usual).search(snapshot, query, limit, offset, match, self._plain, self._skipping)
        if found is None:
            found = method(self, query, limit=limit, offset=offset, match=match, **options)
        return found

    return wraps(method)(search)
