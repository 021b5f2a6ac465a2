"""Built indexes that outlive a run (`--keep FOLDER`), so that latency can be measured again without building.

    FOLDER/<corpus>-<16 hexadecimal digits of its bytes>/<peer>-<version>[-<commit>]/index      and figures.json

searchkit is kept by its commit too, and not at all where files differ from the commit.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import attrs

from benchmarks.corpus import Corpus

__all__ = ["Kept"]


@attrs.frozen
class Kept:
    """The indexes of one corpus."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, corpus: Corpus) -> Kept:
        with corpus.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        return cls(folder / f"{corpus.name}-{digest}")

    def place(self, name: str, version: str, commit: str | None) -> Path:
        """Where an index of that engine is, or is to be. `commit` is of searchkit alone."""
        parts = [name, version, *([commit] if commit else [])]
        return self.folder / re.sub(r"[^\w.+-]+", "_", "-".join(parts))

    @staticmethod
    def figures(place: Path) -> dict[str, Any] | None:
        """What its build was measured at; None where there is no whole index, and what is left of one is removed."""
        try:
            figures: dict[str, Any] = json.loads((place / "figures.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            shutil.rmtree(place, ignore_errors=True)
            return None
        return figures

    @staticmethod
    def note(place: Path, figures: dict[str, Any]) -> None:
        """The index is whole, and this is what it cost."""
        (place / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
