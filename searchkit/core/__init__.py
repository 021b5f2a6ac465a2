"""The compiled core: plain C11 behind thin Cython doors. It imports nothing else of the library."""
