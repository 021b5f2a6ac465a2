# The stored records of the articles that a merge keeps. A part of builder.pyx.

cdef enum:
    BLOCK_DONE = 1
    BLOCK_READ = 2  # the source's block has no such article any more

cdef struct block_walk:
    const uint8_t *at   # the next record of the block, whose end is `end`, ...
    const uint8_t *end
    uint32_t docid      # ... and its docid


cdef class MergedRecords:
    """First docid and bytes of each block of the stored records of a merge's articles, in their new order."""
    cdef Merge merge
    cdef object unpack
    cdef uint64_t enough
    cdef const uint32_t *sources # by new docid, the merge's own
    cdef const uint32_t *docids
    cdef uint32_t articles
    cdef uint32_t docid     # the next new one
    cdef list blocks        # by source: what is walked over
    cdef block_walk *walks
    cdef sk_buffer *out

    def __cinit__(self, Merge merge, unpack, uint64_t enough):
        self.merge, self.unpack, self.enough = merge, unpack, enough
        self.sources, self.docids, self.articles = merge.order_source, merge.order_docid, merge.articles
        self.blocks = [None] * merge.count
        self.walks = <block_walk *>calloc(merge.count, sizeof(block_walk))
        if self.walks == NULL:
            raise MemoryError
        self.out = new_buffer()

    def __dealloc__(self):
        free(self.walks)
        if self.out != NULL:
            drop_buffer(self.out)

    def __iter__(self):
        return self

    def __next__(self):
        cdef uint32_t first = self.docid
        cdef int state = 0
        if first == self.articles:
            raise StopIteration
        self.out.length = 0
        while state != BLOCK_DONE:
            with nogil:
                state = self._gather()
            if state == BLOCK_READ:
                self._open()
            elif state != BLOCK_DONE:
                check(state)
        return first, PyBytes_FromStringAndSize(<char *>self.out.bytes, self.out.length)

    cdef _open(self):
        """Go on to the block that has the next article."""
        cdef uint32_t source = self.sources[self.docid], docid = self.docids[self.docid]
        cdef block_walk *walk = &self.walks[source]
        cdef Segment segment = self.merge.segments[source]
        cdef bytes block
        block, walk.docid, compressed = segment.store_block(docid)
        if compressed:
            block = self.unpack(block, segment.path)
        self.blocks[source] = block
        walk.at = <const uint8_t *>PyBytes_AsString(block)
        walk.end = walk.at + PyBytes_GET_SIZE(block)
        if not self._seek(walk, docid):
            raise CorruptIndex(segment.path, "store", f"docid {docid} in its block", "another record, or none")

    cdef uint64_t _seek(self, block_walk *walk, uint32_t docid) noexcept nogil:
        """Bytes of the article's record, which is the walk's next then; 0: the rest of the block has no such record."""
        cdef uint64_t size
        cdef int part
        while walk.docid <= docid and walk.end - walk.at >= SK_RECORD_HEAD:
            size = SK_RECORD_HEAD
            for part in range(SK_RECORD_HEAD // 4):
                size += sk_load32(walk.at + 4 * part)
            if size > <uint64_t>(walk.end - walk.at):
                break
            if walk.docid == docid:
                return size
            walk.at += size
            walk.docid += 1
        return 0

    cdef int _gather(self) noexcept nogil:
        """Take records until there are enough."""
        cdef block_walk *walk
        cdef uint64_t size
        while self.docid < self.articles and self.out.length < self.enough:
            walk = &self.walks[self.sources[self.docid]]
            size = self._seek(walk, self.docids[self.docid])
            if not size:
                return BLOCK_READ
            if sk_buffer_room(self.out, size):
                return SK_NO_MEMORY
            sk_buffer_put(self.out, walk.at, size)
            walk.at += size
            walk.docid += 1
            self.docid += 1
        return BLOCK_DONE
