"""Fuzzing: inputs that grow towards code that was not reached before, given to whatever reads bytes of strangers.

    python -m tests.fuzz                      the targets
    python -m tests.fuzz segment --seconds 60
    python -m tests.fuzz all --seconds 3600   one after the other

A target is a law about any bytes: it may refuse them with the error that it promises, and nothing else may happen.
Targets of the core are C (core/), with libFuzzer, AddressSanitizer and UBSan, and need clang; those of Python are
functions (doors.py), with atheris. Inputs that have found something stand in corpus/, and tests/test_fuzz.py tries
them in every run.
"""
