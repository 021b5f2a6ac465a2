# cython: language_level=3, freethreading_compatible=True
"""The door to tokenize.c: the words of a text, folded, with where they stand. The rules are in docs/text.md.

Both functions take any str and raise nothing but TypeError (not a str) and MemoryError. Lone surrogates part words, as
U+FFFD does.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef extern from "tokenize.h" nogil:
    ctypedef struct sk_token:
        const uint8_t *form
        uint32_t form_length
        uint64_t start, end
    ctypedef struct sk_tokenizer:
        pass
    void sk_tokenizer_start(sk_tokenizer *tokenizer, const uint8_t *utf8, size_t length, int fold_accents)
    int sk_tokenizer_next(sk_tokenizer *tokenizer, sk_token *token)


cdef object begin(sk_tokenizer *tokenizer, str text, bint fold_accents):
    """Start on `text` and return the object that owns the bytes: it must live as long as the tokenizer runs."""
    cdef const char *utf8
    cdef Py_ssize_t size
    cdef object owner = text
    if PyUnicode_IS_ASCII(text):
        utf8 = PyUnicode_AsUTF8AndSize(text, &size)  # the str's own memory
    else:
        # Not the UTF-8 that a str can keep for itself: it would double the memory of articles that are held.
        # A lone surrogate becomes one question mark, which separates as well and keeps the count of characters.
        owner = text.encode("utf-8", "replace")
        utf8 = PyBytes_AS_STRING(owner)
        size = PyBytes_GET_SIZE(owner)
    sk_tokenizer_start(tokenizer, <const uint8_t *>utf8, size, fold_accents)
    return owner


def forms(str text not None, bint fold_accents=True) -> list[str]:
    """The folded forms of the words of `text`, in order: one per token."""
    cdef sk_tokenizer tokenizer
    cdef sk_token token
    cdef list found = []
    owner = begin(&tokenizer, text, fold_accents)
    while sk_tokenizer_next(&tokenizer, &token):
        found.append(PyUnicode_DecodeUTF8(<const char *>token.form, token.form_length, NULL))
    return found


def spans(str text not None, bint fold_accents=True) -> list[tuple[str, int, int]]:
    """(form, start, end) of each token; `text[start:end]` is what stands in the text."""
    cdef sk_tokenizer tokenizer
    cdef sk_token token
    cdef list found = []
    owner = begin(&tokenizer, text, fold_accents)
    while sk_tokenizer_next(&tokenizer, &token):
        form = PyUnicode_DecodeUTF8(<const char *>token.form, token.form_length, NULL)
        found.append((form, token.start, token.end))
    return found
