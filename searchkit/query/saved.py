"""Queries as JSON and back, for saved searches that outlive a version of this library.

    {"version": 1, "query": {"kind": "And", "children": [{"kind": "Term", "text": "flood"}, ...]}}

A node is an object with its kind and its parts, named as in Python; what equals its default is left out. Reading is
strict: whatever is not exactly such a form raises QueryError, which says where.

Versions are history: 1, the first. A reader takes the versions that it knows and refuses any other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import attrs

from searchkit.errors import QueryError, in_short
from searchkit.query import conditions, nodes, patterns
from searchkit.query.nodes import MAX_DEPTH, Query

__all__ = ["VERSION", "from_json", "to_json"]

VERSION = 1

_KINDS: dict[str, type[Query]] = {
    kind.__name__: kind
    for kind in (
        *(nodes.All, nodes.And, nodes.AndMaybe, nodes.Boost, nodes.DateRange, nodes.Not, nodes.Nothing, nodes.Or),
        *(nodes.Phrase, nodes.Prefix, nodes.Require, nodes.Term, nodes.Undated),
        *(patterns.Fuzzy, patterns.Regex, patterns.Sequence, patterns.TermRange, patterns.Wildcard),
        *(conditions.Between, conditions.Compare),
    )
}
_QUERIES = frozenset({"child", "required", "optional", "filter"})
"""Parts that are a query; `children` are several."""


def to_json(query: Query) -> dict[str, Any]:
    """The query as values that `json.dumps` takes."""
    return {"version": VERSION, "query": _written(query)}


def from_json(saved: str | bytes | Mapping[str, Any]) -> Query:
    """The query that `to_json` gave: as that value, or as JSON text. Raises QueryError for anything else."""
    if isinstance(saved, str | bytes):
        saved = _loaded(saved)
    if not isinstance(saved, Mapping) or set(saved) != {"version", "query"}:
        raise QueryError(
            "not a saved query", hint='it is an object of "version" and "query", as Query.to_json() gives it'
        )
    version = saved["version"]
    if type(version) is not int or version != VERSION:
        raise QueryError(
            f"the saved query is of version {version!r}, this one of searchkit reads version {VERSION}",
            hint="use the version of searchkit that saved it, and save its text",
        )
    return _read(saved["query"], "query", 1)


def _parts(kind: type[Query]) -> dict[str, object]:
    """The names of a kind's parts, with their defaults."""
    kind_of_attrs: Any = kind
    return {part.name: part.default for part in attrs.fields(kind_of_attrs) if part.init}


def _written(query: Query) -> dict[str, Any]:
    written: dict[str, Any] = {"kind": type(query).__name__}
    for name, default in _parts(type(query)).items():
        value = getattr(query, name)
        if name == "children":
            written[name] = [_written(child) for child in value]
        elif name in _QUERIES:
            written[name] = _written(value)
        elif value is not default and (value != default or isinstance(value, bool) != isinstance(default, bool)):
            written[name] = value
    return written


def _read(saved: object, place: str, depth: int) -> Query:
    """The node that stands at `place`, for messages, on this level."""
    if depth > MAX_DEPTH:
        _refuse(place, f"nests deeper than {MAX_DEPTH} levels")
    if not isinstance(saved, Mapping):
        _refuse(place, f"is no object but {_shown(saved)}")
    name = saved.get("kind")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        _refuse(place, f"has the kind {_shown(name)}")
    parts = _parts(kind)
    unknown = [key for key in saved if key != "kind" and key not in parts]
    if unknown:
        _refuse(place, f"has the unknown part {_shown(unknown[0])}")
    missing = [part for part, default in parts.items() if default is attrs.NOTHING and part not in saved]
    if missing:
        _refuse(place, f"has no {missing[0]}")
    values = {key: value for key, value in saved.items() if key != "kind"}
    children: list[Query] = []
    if "children" in parts:
        listed = values.pop("children")
        if not isinstance(listed, list | tuple):
            _refuse(f"{place}.children", f"is no array but {_shown(listed)}")
        children = [_read(child, f"{place}.children[{at}]", depth + 1) for at, child in enumerate(listed)]
    for key in _QUERIES & set(values):
        values[key] = _read(values[key], f"{place}.{key}", depth + 1)
    try:
        make: Any = kind
        return make(*children, **values)  # type: ignore[no-any-return]
    except QueryError as error:
        raise QueryError(f"{place}: {error.text}", hint=error.hint) from None


def _loaded(text: str | bytes) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise QueryError(f"the saved query is no JSON text: {reason}", hint="write it with json.dumps") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return made


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _refuse(place: str, problem: str) -> NoReturn:
    raise QueryError(f"{place} of the saved query {problem}", hint="save queries with Query.to_json()")


def _shown(value: object) -> str:
    kind = type(value).__name__
    if isinstance(value, str):
        return in_short(value)
    return f"a value of type {kind}" if value is not None else "null"
