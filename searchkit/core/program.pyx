"""What the evaluator works on: the parts of a snapshot, and programs over them. Both are checked here, once for all.

Nothing is evaluated here: see evaluate.pyx.
"""

from libc.stdint cimport INT64_MAX, INT64_MIN, UINT32_MAX, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

from searchkit.core.segment cimport SK_NO_MEMORY, Segment, sk_list

from searchkit.errors import CorruptIndex

KINDS = {
    "leaf": SK_LEAF, "filter": SK_FILTER, "and": SK_AND, "or": SK_OR, "not": SK_NOT,
    "and_maybe": SK_AND_MAYBE, "all": SK_ALL, "nothing": SK_NOTHING, "bits": SK_BITS,
}


cdef sk_filter filter_of(low, high, int relation) except *:
    """A condition on dates: [low, high) in seconds since year 1, None for an open side."""
    cdef sk_filter made
    made.from_ = INT64_MIN if low is None else low
    made.to = INT64_MAX if high is None else high
    made.relation = relation
    return made


cdef sk_fade fade_of(low, high, double half_life, double weight) except *:
    """How scores fade with the distance from [low, high), None for an open side."""
    cdef sk_fade made
    if not (half_life > 0 and 0 <= weight <= 1):
        raise ValueError(f"a fade of half-life {half_life}, weight {weight}")
    made.from_ = INT64_MIN if low is None else low
    made.to = INT64_MAX if high is None else high
    made.half_life, made.weight = half_life, weight
    return made


cdef class Parts:
    """The segments of a snapshot and which of their articles live, as C sees them.

    `parts`: (segment, live bitmap or None: nothing is deleted) for each segment.
    """

    def __cinit__(self, parts):
        cdef Segment segment
        cdef const uint8_t[::1] bits
        cdef uint32_t i = 0
        self.count = len(parts)
        self.segments = tuple([segment for segment, _ in parts])
        self._keep = []
        self.parts = <sk_part *>calloc(self.count + 1, sizeof(sk_part))
        if self.parts == NULL:
            raise MemoryError
        for segment, live in parts:
            self.parts[i].segment = &segment.s
            if live is not None:
                bits = live
                if <size_t>bits.shape[0] < (<size_t>segment.s.articles + 63) // 64 * 8:
                    raise ValueError(f"{segment.path}: {bits.shape[0]} bytes are no bitmap of its articles")
                self.parts[i].live = <const uint64_t *>&bits[0]
                self._keep.append(bits)
            i += 1

    def __dealloc__(self):
        free(self.parts)

    cdef int raise_for(self, int failed, uint32_t part) except -1:
        if failed == SK_NO_MEMORY:
            raise MemoryError
        if failed:
            raise CorruptIndex((<Segment>self.segments[part]).path, "postings")
        return 0


cdef class TermLists:
    """Where one term's postings are in each part, and in how many live articles it occurs."""

    def __cinit__(self, uint32_t parts):
        self.parts = parts
        self.lists = <sk_list *>calloc(parts + 1, sizeof(sk_list))
        if self.lists == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.lists)


cdef class Given:
    """Articles of each part that were found before a query is evaluated, and how often each has what was looked for."""

    def __cinit__(self, uint32_t parts):
        self.parts = parts
        self.given = <sk_given *>calloc(parts + 1, sizeof(sk_given))
        if self.given == NULL:
            raise MemoryError

    def __dealloc__(self):
        cdef uint32_t part
        for part in range(self.parts if self.given != NULL else 0):
            free(<void *>self.given[part].docids)
            free(<void *>self.given[part].tfs)
        free(self.given)


cdef class Program:
    """A query bound to a snapshot, as search.inc reads it.

    leaves: (weight, (TermLists, ...), words, slop, field 0 | 1 | 2), lists of words before those of pairs, or (weight,
    Given, 0, 1, 0); filters: (from, to, relation) with None for an open side;
    nodes: (kind, children or [number of leaf, filter or bitmap]), children before parents; root, scoring, mask: node
    numbers; bitmaps: of each, a bitmap of its articles for each part.
    """

    def __cinit__(self, Parts over not None, leaves, filters, nodes, int root, int scoring, int mask, bitmaps=()):
        cdef uint32_t word = 0, at = 0, i, child_count = 0, part
        cdef TermLists term
        cdef Given given
        cdef sk_leaf *c_leaves
        cdef sk_filter *c_filters
        cdef sk_node *c_nodes
        cdef uint32_t *c_children
        cdef bytearray depths  # of what is below each node; 255 once it has its parent
        words = 0
        for leaf in leaves:
            words += 0 if isinstance(leaf[1], Given) else len(leaf[1])
        for node in nodes:
            child_count += len(node[1])
        self.over = over
        c_leaves = <sk_leaf *>calloc(len(leaves) + 1, sizeof(sk_leaf))
        c_filters = <sk_filter *>calloc(len(filters) + 1, sizeof(sk_filter))
        c_nodes = <sk_node *>calloc(len(nodes) + 1, sizeof(sk_node))
        c_children = <uint32_t *>calloc(child_count + 1, sizeof(uint32_t))
        self.parts = <sk_part *>calloc(over.count + 1, sizeof(sk_part))
        self.lists = <sk_list *>calloc(words * over.count + 1, sizeof(sk_list))
        self.p.leaves, self.p.filters, self.p.nodes, self.p.children = c_leaves, c_filters, c_nodes, c_children
        if NULL in (<void *>c_leaves, <void *>c_filters, <void *>c_nodes, <void *>c_children, <void *>self.parts, <void *>self.lists):
            raise MemoryError
        depths = bytearray(len(nodes))
        self._given = [leaf[1] for leaf in leaves if isinstance(leaf[1], Given)]
        for weight, terms, phrase, slop, field in leaves:
            if isinstance(terms, Given):
                given = terms
                if given.parts != over.count:
                    raise ValueError("articles of another snapshot")
                c_leaves[at] = sk_leaf(weight, word, 0, 0, 1, 0, given.given)
                at += 1
                continue
            if not 1 <= phrase <= len(terms) or slop < 1 or not 0 <= field <= 2 or (phrase < len(terms) and slop != 1):
                raise ValueError(f"a leaf of {phrase} words, {len(terms)} lists, slop {slop}, field {field}")
            c_leaves[at] = sk_leaf(weight, word, phrase, len(terms), slop, field, NULL)
            for term in terms:
                if term.parts != over.count:
                    raise ValueError("a term of another snapshot")
                for part in range(over.count):
                    self.lists[part * <size_t>words + word] = term.lists[part]
                word += 1
            at += 1
        for i in range(len(filters)):
            low, high, relation = filters[i]
            c_filters[i] = filter_of(low, high, relation)
        at = 0
        for i in range(len(nodes)):
            kind, children = nodes[i]
            if not SK_LEAF <= kind <= SK_BITS:
                raise ValueError(f"a node of kind {kind}")
            c_nodes[i].kind = kind
            if kind == SK_LEAF or kind == SK_FILTER or kind == SK_BITS:
                c_nodes[i].first = children[0]
                if not 0 <= children[0] < len(leaves if kind == SK_LEAF else filters if kind == SK_FILTER else bitmaps):
                    raise ValueError("a node of nothing")
                if kind == SK_LEAF:
                    c_nodes[i].leaf_from, c_nodes[i].leaf_to = children[0], children[0] + 1
                continue
            c_nodes[i].first, c_nodes[i].count = at, len(children)
            c_nodes[i].leaf_from, c_nodes[i].leaf_to = UINT32_MAX, 0
            for child in children:
                if not 0 <= child < i or depths[child] >= SK_DEPTH_MAX:
                    raise ValueError("children stand before their one parent, not too deep")
                depths[i] = max(depths[i], depths[child] + 1)
                depths[child] = 255
                c_children[at] = child
                at += 1
                if c_nodes[child].leaf_from < c_nodes[child].leaf_to:
                    if c_nodes[i].leaf_from == UINT32_MAX:
                        c_nodes[i].leaf_from = c_nodes[child].leaf_from
                    elif c_nodes[i].leaf_to != c_nodes[child].leaf_from:
                        raise ValueError("leaves are numbered in query order")
                    c_nodes[i].leaf_to = c_nodes[child].leaf_to
            if c_nodes[i].leaf_from > c_nodes[i].leaf_to:
                c_nodes[i].leaf_from = c_nodes[i].leaf_to = 0
            if not (len(children) == 1 if kind == SK_NOT else len(children) == 2 if kind == SK_AND_MAYBE
                    else children or kind == SK_ALL or kind == SK_NOTHING):
                raise ValueError("a node with too few or too many children")
        if not (0 <= root < len(nodes) and scoring < len(nodes) and mask < len(nodes)):
            raise ValueError("no such node")
        self.p.leaf_count, self.p.word_count, self.p.filter_count = len(leaves), words, len(filters)
        self.p.root, self.p.scoring, self.p.mask = root, scoring, mask
        for i in range(over.count):
            self.parts[i] = over.parts[i]
            self.parts[i].lists = self.lists + i * <size_t>words
        self.put_bitmaps(bitmaps)

    cdef int put_bitmaps(self, bitmaps) except -1:
        """Check the bitmaps, and show them to the parts."""
        cdef const uint8_t[::1] bits
        cdef size_t at, count = len(bitmaps)
        cdef uint32_t part
        self._keep = []
        self.bitmaps = <const uint64_t **>calloc(count * self.over.count + 1, sizeof(uint64_t *))
        if self.bitmaps == NULL:
            raise MemoryError
        for part in range(self.over.count):
            for at in range(count):
                bits = bitmaps[at][part]
                if <size_t>bits.shape[0] != (<size_t>self.parts[part].segment.articles + 63) // 64 * 8:
                    raise ValueError(f"{bits.shape[0]} bytes are no bitmap of {self.parts[part].segment.articles} articles")
                self._keep.append(bits)
                self.bitmaps[part * count + at] = <const uint64_t *>&bits[0]
            self.parts[part].bitmaps = self.bitmaps + part * count
        return 0

    def __dealloc__(self):
        free(<void *>self.p.leaves)
        free(<void *>self.p.filters)
        free(<void *>self.p.nodes)
        free(<void *>self.p.children)
        free(self.parts)
        free(self.lists)
        free(self.bitmaps)

    cdef void fill(self, sk_task *task) noexcept:
        """Put the program and its parts into a task."""
        task.program = &self.p
        task.parts = self.parts
        task.part_count = self.over.count
