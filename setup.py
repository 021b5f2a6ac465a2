"""Builds the compiled core. Everything else about the package is declared in pyproject.toml."""

import copy
import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CORE = "searchkit/core"

# No contraction into fused multiply-adds: scores must be the same float64 on every machine.
FLAGS = (
    ["/O2"]
    if sys.platform == "win32"
    else ["-std=c11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra", "-Wno-psabi"]
)

# Python may have been built with -g and would have us do as it did: half of the compilers' time and most of the wheel
# were lines of generated C. Who sets CFLAGS says for himself what he wants.
WITHOUT_LINES = [] if sys.platform == "win32" or "CFLAGS" in os.environ else ["-g0"]


def extension(name: str, *sources: str, depends: tuple[str, ...] = ()) -> Extension:
    return Extension(
        f"searchkit.core.{name}",
        [f"{CORE}/{name}.pyx", *(f"{CORE}/{source}" for source in sources)],
        include_dirs=[CORE],
        depends=[f"{CORE}/{header}" for header in depends],
        extra_compile_args=[*FLAGS, *WITHOUT_LINES],
    )


READING = ("reader.c", "ids.c", "maxima.c", "large.c", "kernels.c", "crc32c.c")
HEADERS = (
    "bits.h",
    "kernels.h",
    "kernels.inc",
    "segment.h",
    "ids.h",
    "maxima.h",
    "large.h",
    "scattered.h",
    "segment.pxd",
    "crc32c.h",
)
SEARCHING = (*HEADERS, "search.h", "program.pxd")
EVALUATOR = (
    "evaluator.h",
    "search.inc",
    *(f"search_{part}.inc" for part in ("hits", "open", "bounds", "exact", "near", "windows", "word", "estimates")),
    *(f"search_{part}.inc" for part in ("fine", "or", "and", "ranges", "tree")),
)
BUILDING = (
    "encode.h",
    "english.h",
    "frequent.h",
    "invert.h",
    "merge.h",
    "order.h",
    "tokenize.h",
    "unicode_tables.h",
)

EXTENSIONS = [
    extension("checksum", "crc32c.c", depends=("crc32c.h",)),
    extension("packs", "pack.c", depends=("bits.h", "pack.h", "packs.pxd", "segment.h")),
    extension("stems", "english.c", depends=("english.h",)),
    extension("tokens", "tokenize.c", depends=("tokenize.h", "unicode_tables.h")),
    extension(
        "fingerprints",
        *READING,
        "fingerprint.c",
        "tokenize.c",
        depends=(*HEADERS, "fingerprint.h", "tokenize.h", "unicode_tables.h"),
    ),
    extension("segment", *READING, depends=HEADERS),
    extension("columns", *READING, "column.c", depends=(*HEADERS, "column.h")),
    extension(
        "verify",
        *READING,
        "invariants.c",
        "compare.c",
        "tokenize.c",
        depends=(*HEADERS, "invariants.h", "tokenize.h", "unicode_tables.h"),
    ),
    extension("program", depends=SEARCHING),
    extension("timeline", "periods.c", depends=(*SEARCHING, "periods.h")),
    extension("sequences", *READING, "spans.c", depends=(*SEARCHING, "spans.h")),
    extension(
        "patterns",
        *READING,
        "automaton.c",
        "edits.c",
        "pattern.c",
        "keys.c",
        "vocabulary.c",
        depends=(*SEARCHING, "simd.pxi", "automaton.h", "edits.h", "pattern.h", "keys.h", "utf8.h", "vocabulary.h"),
    ),
    extension(
        "evaluate",
        *READING,
        "search.c",
        "search_plain.c",
        "search_avx2.c",
        "words.c",
        "plain.c",
        "places.c",
        "tokenize.c",
        depends=(
            *(*SEARCHING, *EVALUATOR, "words.h", "plain.h", "places.h", "tokenize.h", "unicode_tables.h"),
            *("answers.pxi", "simd.pxi", "usual.pxi"),
        ),
    ),
    extension(
        "builder",
        *READING,
        "encode.c",
        "english.c",
        "frequent.c",
        "invert.c",
        "merge.c",
        "order.c",
        "tokenize.c",
        depends=(*HEADERS, *BUILDING, "pack.h", "packs.pxd", "run.pxi", "inversion.pxi", "merge.pxi", "records.pxi"),
    ),
]


class BuildApart(build_ext):
    """Extensions are compiled side by side and share C files: the objects of each go to a folder of its own.

    In one folder an object might be linked while another extension's compiler writes it anew, and lack symbols.
    """

    def build_extension(self, ext: Extension) -> None:
        alone = copy.copy(self)
        alone.build_temp = str(Path(self.build_temp) / ext.name)
        super(BuildApart, alone).build_extension(ext)


# Compilers side by side: most of an installation is their time.
setup(
    cmdclass={"build_ext": BuildApart},
    ext_modules=cythonize(EXTENSIONS, language_level=3),
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
