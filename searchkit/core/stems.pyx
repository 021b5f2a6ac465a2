# cython: language_level=3, freethreading_compatible=True
"""The door to english.c: stems of plain English words."""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    object PyUnicode_FromStringAndSize(const char *text, Py_ssize_t size)

cdef extern from "english.h" nogil:
    int sk_english_takes(const uint8_t *form, uint32_t length)
    uint32_t sk_english_stem(uint8_t *form, uint32_t length)


def english_stem(str form not None):
    """The stem of a form of at most 255 letters a to z and apostrophes, "" where nothing is left; None for others."""
    cdef uint8_t word[256]
    cdef Py_ssize_t size
    cdef const char *text
    if not PyUnicode_IS_ASCII(form):
        return None
    text = PyUnicode_AsUTF8AndSize(form, &size)
    if size > 255 or not sk_english_takes(<const uint8_t *>text, <uint32_t>size):
        return None
    memcpy(word, text, size)
    return PyUnicode_FromStringAndSize(<const char *>word, sk_english_stem(word, <uint32_t>size))
