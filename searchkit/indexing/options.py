"""What an index was created with. Kept in its manifest, the same for its whole life."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from searchkit.analysis.analyzer import Analyzer
from searchkit.dates import zone
from searchkit.errors import CorruptIndex, FormatVersion, SearchkitError
from searchkit.fields import Field, check_declared, field_of
from searchkit.storage.container import SEGMENT_FORMAT, SEGMENT_FORMAT_PLAIN
from searchkit.storage.manifest import MANIFEST_FORMAT, MANIFEST_FORMAT_PLAIN

__all__ = ["K1", "TITLE_WEIGHT", "B", "Options", "check_bm25"]

# The defaults of an index, chosen by what they find in judged collections: docs/effectiveness.md has the figures.
TITLE_WEIGHT = 3
K1 = 1.5
B = 0.75

MOST_TITLE_WEIGHT = 100
MOST_PAIR_WORDS = 64
MOST_PAIR_BYTES = 100  # of one of the words in UTF-8


def check_bm25(k1: float, b: float) -> None:
    """Raise ValueError unless k1 is finite and not negative, and b is from 0 to 1."""
    if not (isinstance(k1, int | float) and 0 <= k1 < 1e6):
        raise ValueError(f"k1 must be a number from 0 to 1,000,000, got {k1!r}")
    if not (isinstance(b, int | float) and 0 <= b <= 1):
        raise ValueError(f"b must be a number from 0 to 1, got {b!r}")


@attrs.frozen
class Options:
    """How text becomes terms, how hits are scored unless a search says otherwise, and what is kept."""

    analyzer: Analyzer
    title_weight: int = TITLE_WEIGHT  # the title counts as if it stood there so many times; 0: it is not searched
    k1: float = K1
    b: float = B
    timezone: str = "UTC"  # where aware datetimes are moved to
    pairs: tuple[str, ...] = ()  # the frequent terms that have lists for each two of them (core/frequent.h)
    store: bool = True  # keep title and text, for `get`, `hit.article` and snippets
    fields: Mapping[str, Field] = attrs.field(factory=dict, converter=check_declared, hash=False)  # the declared ones
    fingerprints: bool = False  # keep the fingerprint of each text, for collapse="near"

    def __attrs_post_init__(self) -> None:
        check_bm25(self.k1, self.b)
        if type(self.title_weight) is not int or not 0 <= self.title_weight <= MOST_TITLE_WEIGHT:
            raise ValueError(
                f"title_weight must be a whole number from 0 to {MOST_TITLE_WEIGHT}, got {self.title_weight!r}"
            )
        words = self.pairs
        if not isinstance(words, tuple) or len(set(words)) < len(words) or len(words) > MOST_PAIR_WORDS:
            raise ValueError(f"pairs must be at most {MOST_PAIR_WORDS} different terms, got {words!r}")
        if not all(isinstance(word, str) and 0 < len(word.encode()) <= MOST_PAIR_BYTES for word in words):
            raise ValueError(f"pairs must be terms of 1 to {MOST_PAIR_BYTES} bytes, got {words!r}")
        if type(self.store) is not bool:
            raise ValueError(f"store must be True or False, got {self.store!r}")
        if not isinstance(self.fingerprints, bool):
            raise ValueError(f"fingerprints must be True or False, got {self.fingerprints!r}")
        if self.fingerprints and not self.store:
            raise ValueError("fingerprints=True needs store=True: they are made of the stored texts")
        zone(self.timezone)

    @property
    def segment_format(self) -> int:
        """The format of segments that are written."""
        return SEGMENT_FORMAT if self.fields or self.fingerprints else SEGMENT_FORMAT_PLAIN

    @property
    def manifest_format(self) -> int:
        """The format of manifests that have these options."""
        return MANIFEST_FORMAT if self.fields or self.fingerprints else MANIFEST_FORMAT_PLAIN

    def to_json(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "analyzer": self.analyzer.to_json(),
            "title_weight": self.title_weight,
            "k1": float(self.k1),
            "b": float(self.b),
            "timezone": self.timezone,
            "pairs": list(self.pairs),
            "store": self.store,
        }
        if self.fields:
            options["fields"] = {name: field.kind for name, field in self.fields.items()}
        if self.fingerprints:
            options["fingerprints"] = True
        return options

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], path: str) -> Options:
        """The options that `to_json` gave. Raises CorruptIndex naming `path` for anything else."""
        try:
            values = dict(stored)
            fields = {name: field_of(kind) for name, kind in values.pop("fields", {}).items()}
            return cls(
                Analyzer.from_json(values.pop("analyzer")), pairs=tuple(values.pop("pairs")), fields=fields, **values
            )
        except FormatVersion as error:
            raise FormatVersion(error.found, error.readable, error.remedy, path) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, SearchkitError):
                raise
            raise CorruptIndex(path, "options", "those of an index", str(error)) from error
