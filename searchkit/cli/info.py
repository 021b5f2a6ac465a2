"""`searchkit info`: what an index holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from searchkit.cli.options import index_option, json_option
from searchkit.cli.screen import in_bytes, one_line, print_json, say
from searchkit.cli.target import open_index

if TYPE_CHECKING:
    from searchkit.indexing.options import Options

__all__ = ["info"]


@click.command
@index_option
@json_option
def info(where: str, as_json: bool) -> int:
    """Show how many articles an index holds, in how many segments and bytes."""
    import attrs

    with open_index(where) as index:
        figures = {**attrs.asdict(index.stats()), "options": _options(index.options)}
    if as_json:
        print_json(figures, indent=2)
        return 0
    rows: list[tuple[str, str]] = []
    for name, value in figures.items():
        if isinstance(value, dict):
            kind = "bytes" if name == "sections" else ""
            rows += [(name, ""), *((f"  {one_line(str(key))}", _shown(kind, one)) for key, one in value.items())]
        else:
            rows.append((name.replace("_", " "), _shown(name, value)))
    width = max(len(name) for name, _ in rows)
    for name, shown in rows:
        say(f"{name:<{width}}  {shown}".rstrip())
    return 0


def _options(options: Options) -> dict[str, str | int | float | bool]:
    declared = {f"field {name}": field.kind for name, field in options.fields.items()}
    return {
        "analyzer": options.analyzer.name,
        "title_weight": options.title_weight,
        "k1": options.k1,
        "b": options.b,
        "timezone": options.timezone,
        "store": options.store,
        **declared,
    }


def _shown(name: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return in_bytes(value) if "bytes" in name else f"{value:,}"
    return one_line(str(value))
