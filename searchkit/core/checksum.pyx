# cython: language_level=3, freethreading_compatible=True
"""The door to crc32c.c: checksums of anything that lends out contiguous bytes; large ones without the GIL.

All functions take bytes, bytearray, mmap, or a C-contiguous memoryview of any item type (its bytes count); anything
else is a TypeError or BufferError from the buffer itself.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t

cdef extern from "crc32c.h" nogil:
    uint32_t sk_crc32c(uint32_t crc, const void *data, size_t length)
    uint32_t sk_crc32c_portable(uint32_t crc, const void *data, size_t length)
    int sk_crc32c_hardware()
    void sk_crc32c_pages(const void *data, size_t length, size_t page_size, uint8_t *out)

# Below this many bytes, giving the GIL away costs more than the checksum.
cdef enum:
    WORTH_RELEASING = 4096

cdef Py_ssize_t LARGEST = (<size_t>-1) >> 1


def crc32c(buffer, uint32_t crc=0) -> int:
    """The CRC-32C of `buffer`, going on from `crc`: `crc32c(b, crc32c(a)) == crc32c(a + b)`."""
    cdef Py_buffer lent
    PyObject_GetBuffer(buffer, &lent, PyBUF_SIMPLE)
    try:
        if lent.len < WORTH_RELEASING:
            crc = sk_crc32c(crc, lent.buf, lent.len)
        else:
            with nogil:
                crc = sk_crc32c(crc, lent.buf, lent.len)
    finally:
        PyBuffer_Release(&lent)
    return crc


def crc32c_portable(buffer, uint32_t crc=0) -> int:
    """The same by tables alone: the twin that `crc32c` is tested against."""
    cdef Py_buffer lent
    PyObject_GetBuffer(buffer, &lent, PyBUF_SIMPLE)
    try:
        with nogil:
            crc = sk_crc32c_portable(crc, lent.buf, lent.len)
    finally:
        PyBuffer_Release(&lent)
    return crc


def hardware() -> bool:
    """True if `crc32c` uses the CRC instruction of this machine."""
    return sk_crc32c_hardware() != 0


def page_checksums(buffer, Py_ssize_t page_size=16384) -> bytes:
    """The CRC-32C of each page of `page_size` bytes, the last one possibly shorter, as little-endian u32s."""
    cdef Py_buffer lent
    cdef Py_ssize_t pages
    cdef bytes table
    cdef uint8_t *out
    if page_size <= 0:
        raise ValueError(f"page_size must be positive, got {page_size}")
    PyObject_GetBuffer(buffer, &lent, PyBUF_SIMPLE)
    try:
        pages = lent.len // page_size + (lent.len % page_size != 0)
        if pages > LARGEST // 4:
            raise MemoryError
        table = PyBytes_FromStringAndSize(NULL, 4 * pages)
        out = <uint8_t *>PyBytes_AS_STRING(table)
        if lent.len < WORTH_RELEASING:
            sk_crc32c_pages(lent.buf, lent.len, page_size, out)
        else:
            with nogil:
                sk_crc32c_pages(lent.buf, lent.len, page_size, out)
    finally:
        PyBuffer_Release(&lent)
    return table
