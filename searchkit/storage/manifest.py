"""The manifest: the small text file that is a commit.

    manifest-000007.json
        {"format": 1, "generation": 7, "options": {...}, "previous": 6, "segments": [
        {"articles": 1200, "checksum": ..., "length": ..., "live": {...}, "name": "seg-0123456789abcdef.sk"},
        {"articles": 10, "checksum": ..., "length": ..., "live": null, "name": "seg-fedcba9876543210.sk"}
        ]}
        crc32c 1f2e3d4c

One segment a line, keys sorted, ASCII; the last line is the CRC-32C of all lines before it, in hex. There is exactly
one way to write a manifest: what is read must be, byte for byte, what writing it again would give, so that nothing in
the file goes unnoticed. All values are checked where they are made (ValueError, the caller's fault); the same checks
on bytes from disk are CorruptIndex.

The rule for a later format: the last line and the key "format" stay as they are, so that any version can tell a newer
manifest from a damaged one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from searchkit.core.checksum import crc32c
from searchkit.errors import CorruptIndex, FormatVersion

__all__ = [
    "MANIFEST_FORMAT",
    "MANIFEST_FORMAT_PLAIN",
    "LiveEntry",
    "Manifest",
    "SegmentEntry",
    "decode_manifest",
    "encode_manifest",
    "generation_of",
    "is_index_file",
    "is_published_file",
    "live_name",
    "manifest_name",
    "newest_generation",
    "segment_name",
    "temporary_name",
    "unneeded",
]

# 1: the first. 2: its options may name declared fields, and fingerprints.
MANIFEST_FORMAT = 2

# What is written where no field is declared and no fingerprints are kept: older versions can read it.
MANIFEST_FORMAT_PLAIN = 1

# Bytes. A manifest of 10,000 segments has 2.5 MB; what is larger was not written by us.
LARGEST_MANIFEST = 16 << 20

SEGMENT = re.compile(r"seg-[0-9a-f]{16}\.sk", re.ASCII)
LIVE = re.compile(r"(seg-[0-9a-f]{16})\.([0-9]{6,15})\.live", re.ASCII)
MANIFEST = re.compile(r"manifest-([0-9]{6,15})\.json", re.ASCII)
TEMPORARY = re.compile(r"tmp-[0-9a-f]{16}", re.ASCII)
LAST_LINE = re.compile(rb"crc32c ([0-9a-f]{8})\n")

LARGEST_GENERATION = 10**15 - 1
LARGEST_LENGTH = 2**63 - 1
MOST_ARTICLES = 2**32 - 1
LARGEST_CHECKSUM = 2**32 - 1


def _whole(most: int, least: int = 0) -> Any:
    def check(instance: object, attribute: attrs.Attribute[int], value: object) -> None:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"{attribute.name} must be an integer from {least} to {most}, got {value!r}")

    return check


def _matches(pattern: re.Pattern[str]) -> Any:
    def check(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"{attribute.name} must look like {pattern.pattern}, got {value!r}")

    return check


def _dict(options: Mapping[str, Any]) -> dict[str, Any]:
    return dict(options)


def _tuple(segments: Iterable[SegmentEntry]) -> tuple[SegmentEntry, ...]:
    return tuple(segments)


@attrs.frozen
class LiveEntry:
    """The live-document file of a segment: which of its articles are deleted, as of the generation in its name."""

    name: str = attrs.field(validator=_matches(LIVE))
    length: int = attrs.field(validator=_whole(LARGEST_LENGTH))
    checksum: int = attrs.field(validator=_whole(LARGEST_CHECKSUM))  # the last four bytes of the file
    deleted: int = attrs.field(validator=_whole(MOST_ARTICLES, least=1))


@attrs.frozen
class SegmentEntry:
    """One segment of the index, with its live documents (None while nothing in it was deleted)."""

    name: str = attrs.field(validator=_matches(SEGMENT))
    length: int = attrs.field(validator=_whole(LARGEST_LENGTH))
    checksum: int = attrs.field(validator=_whole(LARGEST_CHECKSUM))  # the last four bytes of the file
    articles: int = attrs.field(validator=_whole(MOST_ARTICLES))  # the deleted ones included
    live: LiveEntry | None = attrs.field(default=None)

    @live.validator
    def _check_live(self, attribute: attrs.Attribute[LiveEntry | None], value: object) -> None:
        if value is None:
            return
        if not isinstance(value, LiveEntry):
            raise ValueError(f"live must be a LiveEntry or None, got {value!r}")
        if value.name.partition(".")[0] != self.name.partition(".")[0]:
            raise ValueError(f"{value.name} is of another segment than {self.name}")
        if value.deleted > self.articles:
            raise ValueError(f"{value.deleted} of {self.articles} articles are said to be deleted")


@attrs.frozen
class Manifest:
    """One generation of the index: its options and its segments."""

    format: int = attrs.field(validator=_whole(MANIFEST_FORMAT, least=MANIFEST_FORMAT_PLAIN))
    generation: int = attrs.field(validator=_whole(LARGEST_GENERATION, least=1))
    options: Mapping[str, Any] = attrs.field(converter=_dict, hash=False)  # JSON values
    segments: tuple[SegmentEntry, ...] = attrs.field(default=(), converter=_tuple)
    previous: int | None = attrs.field(default=None)  # the generation it was made from; None only for the first

    @options.validator
    def _check_options(self, attribute: object, value: dict[str, Any]) -> None:
        try:
            same = json.loads(_json(value)) == value
        except (TypeError, RecursionError) as error:
            raise ValueError(f"options must be JSON values: {error}") from error
        if not same:
            raise ValueError("options must be JSON values with text as keys")

    @segments.validator
    def _check_segments(self, attribute: object, value: tuple[object, ...]) -> None:
        if not all(isinstance(entry, SegmentEntry) for entry in value):
            raise ValueError("segments must be SegmentEntry values")
        if len({entry.name for entry in self.segments}) != len(value):
            raise ValueError("a segment is named twice")

    @previous.validator
    def _check_previous(self, attribute: object, value: object) -> None:
        if value is None and self.generation == 1:
            return
        if type(value) is not int or not 1 <= value < self.generation:
            raise ValueError(f"previous must be a generation before {self.generation}, got {value!r}")

    def files(self) -> dict[str, int]:
        """The length of every file that this generation consists of, by name."""
        lengths = {entry.name: entry.length for entry in self.segments}
        lengths.update((entry.live.name, entry.live.length) for entry in self.segments if entry.live)
        return lengths


def manifest_name(generation: int) -> str:
    return f"manifest-{generation:06}.json"


def segment_name(digest: str) -> str:
    """The name of the segment of this content. `digest`: 16 hexadecimal digits."""
    return f"seg-{digest}.sk"


def live_name(segment: str, generation: int) -> str:
    """The name of `segment`'s live-document file as of `generation`."""
    return f"{segment.removesuffix('.sk')}.{generation:06}.live"


def temporary_name(random: bytes) -> str:
    """The name of a file that is being written. `random`: 8 bytes."""
    return f"tmp-{random.hex()}"


def generation_of(name: str) -> int | None:
    """The generation in a manifest's name; None if it is the name of something else."""
    match = MANIFEST.fullmatch(name)
    return int(match[1]) if match and manifest_name(int(match[1])) == name else None


def newest_generation(names: Iterable[str]) -> int | None:
    return max((generation for name in names if (generation := generation_of(name)) is not None), default=None)


def is_published_file(name: str) -> bool:
    """True for names of segments and live-document files: what a manifest may name."""
    return bool(SEGMENT.fullmatch(name) or LIVE.fullmatch(name))


def is_index_file(name: str) -> bool:
    """True for any name that this library gives (but the lock's): only such files are ever removed."""
    return is_published_file(name) or generation_of(name) is not None or bool(TEMPORARY.fullmatch(name))


def unneeded(names: Iterable[str], keep: Manifest, previous: Manifest | None) -> list[str]:
    """Which of `names` a sweep removes, in order: first manifests, so that no manifest names a file that is gone."""
    wanted = {manifest_name(keep.generation), *keep.files()}
    if previous is not None:
        wanted |= {manifest_name(previous.generation), *previous.files()}
    gone = sorted(name for name in names if is_index_file(name) and name not in wanted)
    return sorted(gone, key=lambda name: generation_of(name) is None)


def encode_manifest(manifest: Manifest) -> bytes:
    """The file's bytes. ValueError or TypeError if the options are not JSON, or the file would be too large."""
    head: dict[str, Any] = {"format": manifest.format, "generation": manifest.generation}
    head |= {"options": manifest.options, "previous": manifest.previous}
    segments = ",\n".join(_json(attrs.asdict(entry)) for entry in manifest.segments)
    text = f'{_json(head)[:-1]}, "segments": [\n{segments}\n]}}\n'.encode("ascii")
    data = text + b"crc32c %08x\n" % crc32c(text)
    if len(data) > LARGEST_MANIFEST:
        raise ValueError(f"a manifest of {len(data)} bytes is over the limit of {LARGEST_MANIFEST}")
    return data


def decode_manifest(data: bytes, path: str, generation: int) -> Manifest:
    """The manifest in `data`, read from `path`, whose name says `generation`. CorruptIndex or FormatVersion if not."""
    if len(data) > LARGEST_MANIFEST:
        raise CorruptIndex(path, "manifest", f"at most {LARGEST_MANIFEST} bytes", f"{len(data)} bytes")
    start = data.rfind(b"\n", 0, -1) + 1
    text, last_line = data[:start], LAST_LINE.fullmatch(data, start)
    if last_line is None:
        raise CorruptIndex(path, "manifest", "a last line with its checksum", repr(data[start:][:40]))
    if int(last_line[1], 16) != crc32c(text):
        raise CorruptIndex(path, "manifest", f"crc32c {last_line[1].decode()}", f"{crc32c(text):08x}")
    try:
        value = json.loads(text)
        found = value["format"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CorruptIndex(path, "manifest", "JSON with a format", repr(error)) from error
    if type(found) is int and not MANIFEST_FORMAT_PLAIN <= found <= MANIFEST_FORMAT:
        raise FormatVersion(f"manifest format {found}", f"manifest formats up to {MANIFEST_FORMAT}", path=path)
    try:
        segments = [SegmentEntry(**{**entry, "live": _live(entry["live"])}) for entry in value.pop("segments")]
        manifest = Manifest(**value, segments=tuple(segments))
        again = encode_manifest(manifest)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CorruptIndex(path, "manifest", "values in their bounds", str(error)) from error
    if again != data:
        raise CorruptIndex(path, "manifest", "the one way to write it", "another")
    if manifest.generation != generation:
        raise CorruptIndex(path, "manifest", f"generation {generation}", f"generation {manifest.generation}")
    return manifest


def _live(value: dict[str, Any] | None) -> LiveEntry | None:
    return None if value is None else LiveEntry(**value)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=True)
