# The choice of kernels, which each extension that has them makes for itself. A part of evaluate.pyx and patterns.pyx.

cdef extern from "kernels.h" nogil:
    int sk_kernels_choose(const char *name)


def choose_simd(name=None):
    """Use an instruction set by name (None: the best). ValueError if this machine does not have it."""
    cdef bytes encoded = b"" if name is None else name.encode()
    cdef const char *wanted = NULL
    if name is not None:
        wanted = encoded
    if sk_kernels_choose(wanted):
        raise ValueError(f"this machine has no {name!r}")
