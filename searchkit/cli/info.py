"""`searchkit info`: what an index holds."""

from __future__ import annotations

import click

from searchkit.cli.options import index_option, json_option
from searchkit.cli.screen import in_bytes, one_line, print_json, say
from searchkit.cli.target import open_index

__all__ = ["info"]


@click.command
@index_option
@json_option
def info(where: str, as_json: bool) -> int:
    """Show how many articles an index holds, in how many segments and bytes."""
    import attrs

    with open_index(where) as index:
        figures = attrs.asdict(index.stats())
    if as_json:
        print_json(figures, indent=2)
        return 0
    rows = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            rows.update({f"  {one_line(str(key))}": _shown(name, one) for key, one in value.items()})
        else:
            rows[name.replace("_", " ")] = _shown(name, value)
    width = max(map(len, rows))
    for name, shown in rows.items():
        say(f"{name:<{width}}  {shown}")
    return 0


def _shown(name: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return in_bytes(value) if "bytes" in name else f"{value:,}"
    return one_line(str(value))
