"""The compiled door into a segment: dictionaries, ids, dates, and the evaluation of queries.

All that computes is C (reader.c, search.inc) and runs without the GIL; this file checks what it is handed, holds the
buffers that C reads from, and turns C's findings into Python values and errors.
"""

import os

from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MAX, INT64_MIN, UINT32_MAX, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp, memcpy

from searchkit.errors import CorruptIndex

cdef extern from "kernels.h" nogil:
    ctypedef struct sk_kernels:
        const char *name
    const sk_kernels *sk_kernels_get()
    int sk_kernels_choose(const char *name)

cdef extern from "search.h" nogil:
    int SK_LEAF, SK_FILTER, SK_AND, SK_OR, SK_NOT, SK_AND_MAYBE, SK_ALL, SK_NOTHING, SK_DEPTH_MAX

    ctypedef struct sk_leaf:
        double weight
        uint32_t first_word, words, lists
        uint32_t slop
        int field

    ctypedef struct sk_filter:
        int64_t from_ "from"
        int64_t to
        int relation

    ctypedef struct sk_node:
        int kind
        uint32_t first, count
        uint32_t leaf_from, leaf_to

    ctypedef struct sk_program:
        const sk_leaf *leaves
        const sk_filter *filters
        const sk_node *nodes
        const uint32_t *children
        uint32_t leaf_count, word_count, filter_count
        uint32_t root
        int64_t scoring, mask

    ctypedef struct sk_part:
        const sk_segment *segment
        const uint64_t *live
        const sk_list *lists

    ctypedef struct sk_hit:
        double score
        uint32_t part, docid

    ctypedef struct sk_task:
        const sk_program *program
        const sk_part *parts
        uint32_t part_count
        double k1, b, average
        int sort, skipping
        uint64_t limit
        sk_hit *hits
        uint64_t hit_count, total
        uint32_t damaged

    int sk_search(sk_task *task)
    int sk_count(sk_task *task)
    int sk_frequencies(const sk_task *task, uint32_t part, uint32_t docid, uint32_t *tfs, int *matches)
    int sk_live_df(const sk_segment *s, const sk_list *list, const uint64_t *live, uint32_t *df)

cdef extern from *:
    """
    #include <time.h>
    static long sk_fetch_add(long *value) { return __atomic_fetch_add(value, 1, __ATOMIC_RELAXED); }
    static double sk_now(void) { struct timespec t; timespec_get(&t, TIME_UTC); return t.tv_sec + t.tv_nsec * 1e-9; }
    """
    long sk_fetch_add(long *value) nogil
    double sk_now() nogil


KINDS = {
    "leaf": SK_LEAF, "filter": SK_FILTER, "and": SK_AND, "or": SK_OR, "not": SK_NOT,
    "and_maybe": SK_AND_MAYBE, "all": SK_ALL, "nothing": SK_NOTHING,
}
MAX_DEPTH = SK_DEPTH_MAX
PAIR_MARK = bytes([SK_PAIR_MARK])


def pair_key(str first, str second):
    """The key of a pair of frequent words in the dictionary of terms (see pairs.h)."""
    return PAIR_MARK + first.encode("utf-8") + PAIR_MARK + second.encode("utf-8")


def simd():
    """Name of the instruction set in use: "plain", "avx2" or "avx512"."""
    return sk_kernels_get().name.decode()


def choose_simd(name=None):
    """Use an instruction set by name (None: the best). ValueError if this machine does not have it."""
    cdef bytes encoded = b"" if name is None else name.encode()
    cdef const char *wanted = NULL
    if name is not None:
        wanted = encoded
    if sk_kernels_choose(wanted):
        raise ValueError(f"this machine has no {name!r}")


if "SEARCHKIT_SIMD" in os.environ:
    choose_simd(os.environ["SEARCHKIT_SIMD"])


cdef class Segment:
    """An open segment. `sections` and `page_checksums` are views of one buffer, which stays held until the object goes."""

    def __init__(self, str path, buffer, dict sections, page_checksums, size_t page_size):
        cdef const uint8_t[::1] whole = buffer
        cdef const uint8_t[::1] sums = page_checksums
        cdef const uint8_t *base = &whole[0]
        cdef const char *damaged = NULL
        cdef const uint8_t[::1] view
        cdef sk_section *section
        self.path = path
        self._keep = (whole, sums)
        self.s.file = base
        self.s.file_size = sums_at(base, &sums[0], whole.shape[0])
        self.s.page_sums = &sums[0]
        self.s.page_size = page_size
        self.s.pages = sums.shape[0] // 4
        if not page_size or self.s.pages < (self.s.file_size + page_size - 1) // page_size:
            raise ValueError(f"{path}: {self.s.pages} checksums of pages of {page_size} in {self.s.file_size} bytes")
        self._seen = bytearray(self.s.pages)
        self.s.page_seen = <uint8_t *>(<char *>self._seen)
        for name in ("meta", "lengths", "titles", "dates", "ids", "id_order", "terms", "term_index", "forms",
                     "form_index", "postings", "store", "store_index"):
            if name not in sections:
                raise CorruptIndex(path, name, "a section", "none")
        for name, place in (("meta", <uint64_t>&self.s.meta), ("lengths", <uint64_t>&self.s.lengths),
                            ("titles", <uint64_t>&self.s.titles), ("dates", <uint64_t>&self.s.dates),
                            ("ids", <uint64_t>&self.s.ids), ("id_order", <uint64_t>&self.s.id_order),
                            ("terms", <uint64_t>&self.s.terms), ("term_index", <uint64_t>&self.s.term_index),
                            ("forms", <uint64_t>&self.s.forms), ("form_index", <uint64_t>&self.s.form_index),
                            ("postings", <uint64_t>&self.s.postings)):
            section = <sk_section *><uint64_t>place
            start, length = sections[name]
            if start < 0 or length < 0 or <size_t>(start + length) > self.s.file_size:
                raise CorruptIndex(path, name, "a place inside the file", f"{start}, {length} long")
            section.at = base + <size_t>start
            section.size = length
        self._store = sections["store"]
        self._store_index = sections["store_index"]
        if sk_segment_open(&self.s, &damaged) != SK_OK:
            raise CorruptIndex(path, (<bytes>damaged).decode())

    @property
    def articles(self):
        return self.s.articles

    @property
    def total_length(self):
        """Tokens of all articles, deleted ones included."""
        return self.s.total_length

    @property
    def title_weight(self):
        return self.s.title_weight

    @property
    def term_count(self):
        return self.s.term_count

    @property
    def form_count(self):
        return self.s.form_count

    cdef int _check(self, int failed, str section) except -1:
        if failed == SK_NO_MEMORY:
            raise MemoryError
        if failed < 0:
            raise CorruptIndex(self.path, section)
        return 0

    cdef int _docid(self, docid) except -1:
        if not 0 <= docid < self.s.articles:
            raise IndexError(f"{self.path}: docid {docid} of {self.s.articles} articles")
        return 0

    def id(self, uint32_t docid):
        """The article's id. Requires: docid < articles."""
        cdef sk_id id
        self._docid(docid)
        self._check(sk_id_of(&self.s, docid, &id), "ids")
        try:
            return id_bytes(&id).decode("utf-8")
        except UnicodeDecodeError:
            raise CorruptIndex(self.path, "ids", "UTF-8", "something else") from None

    def find_id(self, str id):
        """The docid of an id, or -1. A docid is no proof that the article is live."""
        cdef bytes key = id.encode("utf-8", "replace")
        cdef int64_t found = sk_find_id(&self.s, <const uint8_t *>PyBytes_AsString(key), PyBytes_GET_SIZE(key))
        if found == -2:
            raise CorruptIndex(self.path, "ids")
        return found

    def shared_ids(self, Segment newer):
        """Docids of this segment whose ids stand in `newer` too, ascending by id."""
        cdef sk_id_walk ours, theirs
        cdef int order, ours_more, theirs_more
        cdef int64_t docid
        found = []
        sk_ids_start(&ours, &self.s, 0)
        sk_ids_start(&theirs, &newer.s, 0)
        ours_more, theirs_more = sk_ids_next(&ours), sk_ids_next(&theirs)
        while ours_more > 0 and theirs_more > 0:
            order = sk_id_compare(&ours.id, &theirs.id)
            if order == 0:
                docid = sk_id_docid(&self.s, ours.rank - 1)
                if docid < 0:
                    raise CorruptIndex(self.path, "id_order")
                found.append(docid)
            if order <= 0:
                ours_more = sk_ids_next(&ours)
            if order >= 0:
                theirs_more = sk_ids_next(&theirs)
        self._check(ours_more, "ids")
        newer._check(theirs_more, "ids")
        return found

    def seconds(self, uint32_t docid):
        """Start and end of the article's date in seconds since year 1, or None if it has none."""
        self._docid(docid)
        self._check(sk_touch(&self.s, self.s.dates.at, self.s.dates.size), "dates")
        cdef const uint8_t *run = self.s.dates.at + <size_t>sk_run_of(&self.s, docid) * SK_RUN_BYTES
        cdef int64_t start = sk_load64s(run)
        return None if start < 0 else (start, sk_load64s(run + 8))

    def length(self, uint32_t docid):
        """Tokens of the article."""
        self._docid(docid)
        self._check(sk_touch(&self.s, self.s.lengths.at, self.s.lengths.size), "lengths")
        return sk_length(&self.s, docid)

    def deleted_length(self, live):
        """Tokens of all articles that the bitmap `live` does not hold."""
        cdef const uint8_t[::1] bits = live
        cdef uint32_t docid
        cdef uint64_t total = 0
        if bits.shape[0] * 8 < self.s.articles:
            raise ValueError(f"{self.path}: {bits.shape[0]} bytes are no bitmap of {self.s.articles} articles")
        self._check(sk_touch(&self.s, self.s.lengths.at, self.s.lengths.size), "lengths")
        for docid in range(self.s.articles):
            if not bits[docid >> 3] >> (docid & 7) & 1:
                total += sk_length(&self.s, docid)
        if total > self.s.total_length:
            raise CorruptIndex(self.path, "lengths", f"{self.s.total_length} tokens in all", f"{total} in deleted articles")
        return total

    def term_of(self, str form):
        """The term of a word form that occurs here, or None: then its stem must be computed."""
        cdef bytes key = form.encode("utf-8", "replace")
        cdef const uint8_t *bytes_ = <const uint8_t *>PyBytes_AsString(key)
        cdef size_t length = PyBytes_GET_SIZE(key)
        cdef sk_dict_walk walk
        cdef sk_list found
        cdef int more
        sk_dict_start(&walk, &self.s, 1)
        self._check(sk_dict_seek(&walk, bytes_, length), "forms")
        for _ in range(16):
            more = sk_dict_next(&walk)
            self._check(more, "forms")
            if not more:
                break
            if walk.key_length == length and not memcmp(walk.key, bytes_, length):
                term = key[: length - walk.strip] + (<const char *>walk.append)[: walk.append_length]
                try:
                    return term.decode("utf-8")
                except UnicodeDecodeError:
                    raise CorruptIndex(self.path, "forms", "UTF-8", "something else") from None
        more = sk_find_term(&self.s, bytes_, length, &found)
        self._check(more, "terms")
        return form if more and found.identity else None

    def terms_from(self, bytes prefix):
        """All terms that begin with `prefix`, as (term, document frequency), ascending; deleted articles count."""
        cdef sk_dict_walk walk
        cdef size_t length = PyBytes_GET_SIZE(prefix)
        cdef const uint8_t *start = <const uint8_t *>PyBytes_AsString(prefix)
        cdef int more
        found = []
        sk_dict_start(&walk, &self.s, 0)
        self._check(sk_dict_seek(&walk, start, length), "terms")
        while True:
            more = sk_dict_next(&walk)
            self._check(more, "terms")
            if not more:
                return found
            if walk.key_length and walk.key[0] == SK_PAIR_MARK:
                continue
            if walk.key_length >= length and not memcmp(walk.key, start, length):
                try:
                    found.append(((<const char *>walk.key)[: walk.key_length].decode("utf-8"), walk.list.df))
                except UnicodeDecodeError:
                    raise CorruptIndex(self.path, "terms", "UTF-8", "something else") from None
            elif memcmp(walk.key, start, min(length, <size_t>walk.key_length)) > 0:
                return found

    def forms(self):
        """Every word form with its term and how often it occurs, ascending by form; forms equal to their term apart."""
        cdef sk_dict_walk walk
        cdef int more
        sk_dict_start(&walk, &self.s, 1)
        while True:
            more = sk_dict_next(&walk)
            self._check(more, "forms")
            if not more:
                return
            key = (<const char *>walk.key)[: walk.key_length]
            yield key, key[: walk.key_length - walk.strip] + (<const char *>walk.append)[: walk.append_length], walk.occurrences

    def store_block(self, uint32_t docid):
        """Bytes of the stored block that holds the article, its first docid, and whether they are compressed."""
        cdef const uint8_t *index
        self._docid(docid)
        start, length = self._store_index
        cdef size_t count = length // 12
        cdef size_t low = 0, high = count, mid
        index = self.s.file + <size_t>start
        if count == 0 or length % 12 or start + length > self.s.file_size or sk_touch(&self.s, index, length):
            raise CorruptIndex(self.path, "store_index")
        while low + 1 < high:
            mid = low + (high - low) // 2
            if sk_load32(index + 12 * mid) <= docid:
                low = mid
            else:
                high = mid
        cdef uint64_t begin, end
        memcpy(&begin, index + 12 * low + 4, 8)
        store, size = self._store
        if low + 1 < count:
            memcpy(&end, index + 12 * (low + 1) + 4, 8)
        else:
            end = size
        if begin >= end or end > size or store + size > self.s.file_size or sk_touch(
            &self.s, self.s.file + <size_t>store + begin, end - begin
        ):
            raise CorruptIndex(self.path, "store")
        first = sk_load32(index + 12 * low)
        data = (<const char *>(self.s.file + <size_t>store))[begin + 1 : end]
        return data, first, self.s.file[<size_t>store + begin] != 0

    def verify(self):
        """Every broken invariant of dictionaries and postings, as (section, what is wrong). Reads the whole segment."""
        return _verify(self)


cdef size_t sums_at(const uint8_t *base, const uint8_t *sums, size_t whole) noexcept:
    """Bytes that the page table protects: all before the table itself."""
    return <size_t>(sums - base) if base <= sums and sums <= base + whole else whole


cdef list _verify(Segment segment):
    cdef const sk_segment *s = &segment.s
    cdef sk_dict_walk walk
    cdef sk_cursor c
    cdef int more, failed = 0
    cdef uint32_t block, i, previous, docid, length_max = 0, length_min = UINT32_MAX
    cdef uint32_t *positions = NULL
    cdef uint64_t tokens = 0, most
    cdef double bound, norm
    cdef bint forms, pair
    findings = []
    cdef bytes last
    for name, section in (("lengths", 0), ("titles", 1), ("dates", 2), ("ids", 3), ("id_order", 4)):
        part = (&s.lengths)[section]
        if sk_touch(s, part.at, part.size):
            findings.append((name, "bytes that do not fit their checksum"))
    if findings:
        return findings
    for i in range(s.articles):
        docid = sk_length(s, i)
        tokens += docid
        length_max = max(length_max, docid)
        length_min = min(length_min, docid)
        if <uint64_t>sk_title_length(s, i) * s.title_weight > docid:
            findings.append(("titles", f"a title longer than its article, docid {i}"))
            break
    if tokens != s.total_length or length_max != s.length_max or length_min != s.length_min:
        findings.append(("lengths", "lengths that do not add up to the figures in meta"))
    cdef int64_t start, end, last_start = INT64_MAX, last_end = INT64_MAX, longest = 0
    for i in range(s.runs):
        start = sk_load64s(s.dates.at + <size_t>i * SK_RUN_BYTES)
        end = sk_load64s(s.dates.at + <size_t>i * SK_RUN_BYTES + 8)
        docid = sk_load32(s.dates.at + <size_t>i * SK_RUN_BYTES + 16)
        if (i == 0 and docid) or (i and docid <= previous) or docid >= s.articles or (
            (start, end) != (-1, -1) and not 0 <= start < end
        ) or (end, start) >= (last_end, last_start):
            findings.append(("dates", f"run {i} out of order"))
            break
        previous, last_start, last_end = docid, start, end
        longest = max(longest, end - start)
    if longest != s.longest:
        findings.append(("dates", "the longest interval is not the one in meta"))
    findings += _verify_ids(s)
    tokens = 0
    # No article has more positions than tokens, and no list more than its bytes have bits.
    most = min(<uint64_t>length_max, <uint64_t>s.postings.size * 8)
    positions = <uint32_t *>malloc(4 * (<size_t>most + 1))
    if positions == NULL:
        raise MemoryError
    try:
        for forms in range(2):
            section = "forms" if forms else "terms"
            sk_dict_start(&walk, s, forms)
            last = b""
            while True:
                more = sk_dict_next(&walk)
                if more <= 0:
                    if more < 0:
                        findings.append((section, f"unreadable behind {last!r}"))
                    break
                key = (<const char *>walk.key)[: walk.key_length]
                if last and key <= last:
                    findings.append((section, f"{key!r} out of order"))
                    break
                last = key
                try:
                    key.decode("utf-8")
                except UnicodeDecodeError:
                    findings.append((section, f"{key!r} is no UTF-8"))
                    break
                if forms:
                    continue
                pair = key[:1] == PAIR_MARK
                failed = sk_cursor_open(&c, s, &walk.list)
                previous = UINT32_MAX
                for block in range(c.blocks):
                    if failed:
                        break
                    failed = sk_cursor_load(&c, block, 1)
                    bound = 0
                    for i in range(c.count):
                        if failed:
                            break
                        docid = c.docids[i]
                        if (previous != UINT32_MAX and docid <= previous) or c.tfs[i] > most + 1 or (
                            not pair and sk_cursor_positions(&c, i, positions)
                        ):
                            failed = SK_DAMAGED
                            break
                        previous = docid
                        if not pair:
                            tokens += c.tfs[i]
                        norm = (1.0 - s.b) + s.b * sk_length(s, docid) / s.average
                        bound = max(bound, c.tfs[i] / norm)
                    if not failed and c.full and bound > c.impacts[block] * (<double>c.c_max / 255.0) * (1 + 1e-6):
                        findings.append(("postings", f"a bound of {key!r} below what it bounds"))
                sk_cursor_close(&c)
                if failed == SK_NO_MEMORY:
                    raise MemoryError
                if failed:
                    findings.append(("postings", f"the list of {key!r} is unreadable"))
        if not findings and tokens != s.total_length:
            findings.append(("postings", f"{tokens} occurrences in postings, {s.total_length} tokens in articles"))
    finally:
        free(positions)
    return findings


cdef list _verify_ids(const sk_segment *s):
    cdef sk_id_walk walk
    cdef uint32_t rank
    cdef bytes key, last = b""
    cdef uint32_t *docids
    sk_ids_start(&walk, s, 0)
    for rank in range(s.articles):
        if sk_ids_next(&walk) != 1:
            return [("ids", f"no id at rank {rank}")]
        key = id_bytes(&walk.id)
        if rank and key <= last:
            return [("ids", f"out of order at rank {rank}")]
        try:
            key.decode("utf-8")
        except UnicodeDecodeError:
            return [("ids", f"{key!r} is no UTF-8")]
        last = key
    if walk.next != walk.end:
        return [("ids", "bytes behind the last id")]
    docids = <uint32_t *>malloc(sizeof(uint32_t) * s.articles)
    if docids == NULL:
        raise MemoryError
    try:
        if sk_id_docids(s, docids):
            return [("id_order", "two articles with one id")]
        for rank in range(s.articles):
            if sk_id_docid(s, rank) != docids[rank]:
                return [("id_order", f"no way from rank {rank} to docid {docids[rank]}")]
    finally:
        free(docids)
    return []


cdef bytes id_bytes(const sk_id *id):
    cdef bytes data = PyBytes_FromStringAndSize(NULL, id.length)
    sk_id_copy(id, <uint8_t *>PyBytes_AsString(data))
    return data


cdef int check_bitmap(Segment segment, const uint8_t[::1] bits) except -1:
    if <size_t>bits.shape[0] < (<size_t>segment.s.articles + 63) // 64 * 8:
        raise ValueError(f"{segment.path}: {bits.shape[0]} bytes are no bitmap of its articles")
    return 0


cdef class TermLists:
    """Where one term's postings are in each segment of a snapshot, and in how many live articles it occurs."""
    cdef sk_list *lists
    cdef readonly uint32_t parts
    cdef readonly uint64_t df

    def __cinit__(self, parts):
        """`parts`: (segment, live bitmap or None) for each segment; see `find`."""
        self.parts = len(parts)
        self.lists = <sk_list *>calloc(max(self.parts, 1), sizeof(sk_list))
        if self.lists == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.lists)

    @staticmethod
    def find(bytes term, parts):
        """Look a term up in every segment. Where articles are deleted, its live ones are counted (once a snapshot)."""
        cdef TermLists self = TermLists(parts)
        cdef Segment segment
        cdef const uint8_t[::1] bits
        cdef uint32_t i = 0, df
        cdef int found, failed
        for segment, live in parts:
            found = sk_find_term(&segment.s, <const uint8_t *>PyBytes_AsString(term), PyBytes_GET_SIZE(term), &self.lists[i])
            segment._check(found, "terms")
            if found:
                df = self.lists[i].df
                if live is not None:
                    bits = live
                    check_bitmap(segment, bits)
                    with nogil:
                        failed = sk_live_df(&segment.s, &self.lists[i], <const uint64_t *>&bits[0], &df)
                    segment._check(failed, "postings")
                self.df += df
            i += 1
        return self


cdef class Program:
    """A query bound to a snapshot, as search.inc reads it.

    leaves: (weight, (TermLists, ...), slop, field 0 | 1 | 2); filters: (from, to, relation) with None for an open side;
    nodes: (kind, children or [number of leaf or filter]), children before parents; root, scoring, mask: node numbers.
    """
    cdef sk_program p
    cdef sk_part *parts
    cdef sk_list *lists
    cdef readonly uint32_t part_count
    cdef readonly int leaf_count
    cdef object _keep

    def __cinit__(self, parts, leaves, filters, nodes, int root, int scoring, int mask):
        cdef uint32_t word = 0, at = 0, i, child_count = 0, part
        cdef Segment segment
        cdef TermLists term
        cdef sk_leaf *c_leaves
        cdef sk_filter *c_filters
        cdef sk_node *c_nodes
        cdef uint32_t *c_children
        cdef const uint8_t[::1] bits
        cdef bytearray depths  # of what is below each node; 255 once it has its parent
        words = 0
        for leaf in leaves:
            words += len(leaf[1])
        for node in nodes:
            child_count += len(node[1])
        self.part_count = len(parts)
        self.leaf_count = len(leaves)
        c_leaves = <sk_leaf *>calloc(len(leaves) + 1, sizeof(sk_leaf))
        c_filters = <sk_filter *>calloc(len(filters) + 1, sizeof(sk_filter))
        c_nodes = <sk_node *>calloc(len(nodes) + 1, sizeof(sk_node))
        c_children = <uint32_t *>calloc(child_count + 1, sizeof(uint32_t))
        self.parts = <sk_part *>calloc(self.part_count + 1, sizeof(sk_part))
        self.lists = <sk_list *>calloc(words * self.part_count + 1, sizeof(sk_list))
        self.p.leaves, self.p.filters, self.p.nodes, self.p.children = c_leaves, c_filters, c_nodes, c_children
        if NULL in (<void *>c_leaves, <void *>c_filters, <void *>c_nodes, <void *>c_children, <void *>self.parts, <void *>self.lists):
            raise MemoryError
        keep = [parts]
        depths = bytearray(len(nodes))
        for weight, terms, phrase, slop, field in leaves:
            if not 1 <= phrase <= len(terms) or slop < 1 or not 0 <= field <= 2 or (phrase < len(terms) and slop != 1):
                raise ValueError(f"a leaf of {phrase} words, {len(terms)} lists, slop {slop}, field {field}")
            c_leaves[at] = sk_leaf(weight, word, phrase, len(terms), slop, field)
            for term in terms:
                if term.parts != self.part_count:
                    raise ValueError("a term of another snapshot")
                for part in range(self.part_count):
                    self.lists[part * <size_t>words + word] = term.lists[part]
                word += 1
            at += 1
        for i in range(len(filters)):
            low, high, relation = filters[i]
            c_filters[i].from_ = INT64_MIN if low is None else low
            c_filters[i].to = INT64_MAX if high is None else high
            c_filters[i].relation = relation
        at = 0
        for i in range(len(nodes)):
            kind, children = nodes[i]
            if not SK_LEAF <= kind <= SK_NOTHING:
                raise ValueError(f"a node of kind {kind}")
            c_nodes[i].kind = kind
            if kind == SK_LEAF or kind == SK_FILTER:
                c_nodes[i].first = children[0]
                if not 0 <= children[0] < (len(leaves) if kind == SK_LEAF else len(filters)):
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
        i = 0
        for segment, live in parts:
            self.parts[i].segment = &segment.s
            if live is not None:
                bits = live
                check_bitmap(segment, bits)
                self.parts[i].live = <const uint64_t *>&bits[0]
                keep.append(bits)
            self.parts[i].lists = self.lists + i * <size_t>words
            i += 1
        self._keep = keep

    def __dealloc__(self):
        free(<void *>self.p.leaves)
        free(<void *>self.p.filters)
        free(<void *>self.p.nodes)
        free(<void *>self.p.children)
        free(self.parts)
        free(self.lists)

    cdef void fill(self, sk_task *task, double k1, double b, double average, uint64_t limit, int sort, int skipping) noexcept:
        task.program = &self.p
        task.parts = self.parts
        task.part_count = self.part_count
        task.k1, task.b, task.average = k1, b, average
        task.limit, task.sort, task.skipping = limit, sort, skipping
        task.hits = NULL
        task.hit_count = task.total = 0

    cdef int raise_for(self, int failed, uint32_t part) except -1:
        if failed == SK_NO_MEMORY:
            raise MemoryError
        if failed:
            raise CorruptIndex((<Segment>self._keep[0][part][0]).path, "postings")
        return 0

    def search(self, double k1, double b, double average, uint64_t limit, int sort, int skipping):
        """The best hits as (score, part, docid), best first."""
        cdef sk_task task
        cdef int failed
        self.fill(&task, k1, b, average, limit, sort, skipping)
        with nogil:
            failed = sk_search(&task)
        self.raise_for(failed, task.damaged)
        return hits_of(&task)

    def count(self):
        """How many live articles match."""
        cdef sk_task task
        cdef int failed
        self.fill(&task, 1.2, 0.75, 1.0, 0, 0, 1)
        with nogil:
            failed = sk_count(&task)
        self.raise_for(failed, task.damaged)
        return task.total

    def frequencies(self, uint32_t part, uint32_t docid):
        """Whether the query finds the article, and the frequency of each leaf that counts for it (else 0)."""
        cdef sk_task task
        cdef int failed, matches = 0
        self.fill(&task, 1.2, 0.75, 1.0, 0, 0, 1)
        if part >= self.part_count or docid >= self.parts[part].segment.articles:
            raise IndexError(f"no docid {docid} in part {part}")
        cdef uint32_t *tfs = <uint32_t *>calloc(self.p.leaf_count + 1, sizeof(uint32_t))
        if tfs == NULL:
            raise MemoryError
        try:
            failed = sk_frequencies(&task, part, docid, tfs, &matches)
            self.raise_for(failed, part)
            return bool(matches), [tfs[i] for i in range(self.p.leaf_count)]
        finally:
            free(tfs)


cdef list hits_of(sk_task *task):
    cdef uint64_t i
    try:
        return [(task.hits[i].score, task.hits[i].part, task.hits[i].docid) for i in range(task.hit_count)]
    finally:
        free(task.hits)
        task.hits = NULL


cdef class Batch:
    """Many programs with the same settings, worked off by as many threads as call `work`; no GIL between queries."""
    cdef sk_task *tasks
    cdef int *failures
    cdef double *seconds
    cdef readonly long count
    cdef long next
    cdef list programs

    def __cinit__(self, list programs, double k1, double b, list averages, uint64_t limit, list sorts, int skipping):
        cdef long i
        self.count = len(programs)
        self.programs = programs
        self.tasks = <sk_task *>calloc(self.count + 1, sizeof(sk_task))
        self.failures = <int *>calloc(self.count + 1, sizeof(int))
        self.seconds = <double *>calloc(self.count + 1, sizeof(double))
        if self.tasks == NULL or self.failures == NULL or self.seconds == NULL:
            raise MemoryError
        for i in range(self.count):
            (<Program>programs[i]).fill(&self.tasks[i], k1, b, averages[i], limit, sorts[i], skipping)

    def __dealloc__(self):
        cdef long i
        if self.tasks != NULL:
            for i in range(self.count):
                free(self.tasks[i].hits)
        free(self.tasks)
        free(self.failures)
        free(self.seconds)

    def work(self):
        """Take programs until none is left. Called once in each thread."""
        cdef long i
        cdef double start
        with nogil:
            while True:
                i = sk_fetch_add(&self.next)
                if i >= self.count:
                    break
                start = sk_now()
                self.failures[i] = sk_search(&self.tasks[i])
                self.seconds[i] = sk_now() - start

    def results(self):
        """For each program its hits and seconds. Requires: all threads are done."""
        cdef long i
        found = []
        for i in range(self.count):
            (<Program>self.programs[i]).raise_for(self.failures[i], self.tasks[i].damaged)
            found.append((hits_of(&self.tasks[i]), self.seconds[i]))
        return found
