"""The skeleton of a query, and Whoosh's reading of it: how brackets, operators, signs, fields and boosts bind.

A skeleton has a number for each leaf, so that Whoosh sees nothing that a person typed. This is the only file that
imports whoosh, and it does so at the first query that needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from searchkit.query.scan import Kind, Token

__all__ = ["skeleton", "syntax_of"]


def skeleton(tokens: Iterable[Token]) -> str:
    """The tokens as the text that Whoosh reads, with each leaf as its number."""
    pieces: list[str] = []
    leaf = 0
    for kind, _, text, _ in tokens:
        if kind is Kind.LEAF:
            pieces.append(f"{leaf} ")
            leaf += 1
        elif kind is Kind.BOOST or kind is Kind.CLOSE:
            # Both belong directly behind what they end.
            pieces[-1] = pieces[-1].rstrip()
            pieces.append(f"^{text} " if kind is Kind.BOOST else ") ")
        elif kind is Kind.FIELD:
            pieces.append(f"{text}:")
        elif kind is Kind.SIGN:
            pieces.append(text)
        else:
            pieces.append("(" if kind is Kind.OPEN else f"{text} ")
    return "".join(pieces)


@lru_cache(maxsize=1024)
def _shape(skeleton: str) -> Any:
    return whoosh_parser().process(skeleton)


def syntax_of(skeleton: str) -> Any:
    """Whoosh's syntax tree of a skeleton. Those of short ones are kept: many queries have other words and one shape."""
    return _shape(skeleton) if len(skeleton) <= 100 else whoosh_parser().process(skeleton)


def _join_near(operator: Any, parser: object, group: Any, position: int) -> int:
    """Let NEAR/5 take both its sides into a group, or into the one on its left, if that is of a NEAR/5 as well."""
    left, right = group[position - 1], group[position + 1]
    if type(left) is operator.grouptype and left.role == operator.text:
        left.append(right)
        del group[position : position + 2]
    else:
        joined = operator.grouptype([left, right])
        joined.role = operator.text
        group[position - 1 : position + 2] = [joined]
    return position


@cache
def whoosh_parser() -> Any:
    """Whoosh's query parser, with the parts of its language that stand in a skeleton, and with groups of our own.

    Whoosh's groups are replaced, because it cannot tell words side by side from words joined by AND, and because its
    ANDNOT nests once for each operator of a chain. From tightest to loosest: + - NOT NEAR AND OR ANDNOT
    ANDMAYBE REQUIRE.
    """
    import whoosh
    import whoosh.qparser

    if whoosh.__version__ < (3,):
        raise ImportError(
            f"the package that imports as `whoosh` is version {'.'.join(map(str, whoosh.__version__))}, not whoosh3: "
            "pip uninstall Whoosh Whoosh-Reloaded, then pip install --force-reinstall whoosh3"
        )
    qparser: Any = whoosh.qparser  # Any: Whoosh is annotated only here and there
    plugins, syntax = qparser.plugins, qparser.syntax

    def operator(expression: str, role: str, kind: Any) -> Any:
        return plugins.OperatorsPlugin.OpTagger(expression, group(role), kind), 0

    def group(role: str) -> Any:
        return type(f"Group{role}", (syntax.GroupNode,), {"role": role, "merging": True})

    near_group = group("NEAR")
    near_operator = type("Near", (syntax.InfixOperator,), {"replace_self": _join_near})
    leaf = type("Leaf", (plugins.TaggingPlugin,), {"expr": "(?P<text>[0-9]+)", "nodetype": syntax.WordNode})
    operators = [
        operator(r"\+", "+", syntax.PrefixOperator),
        operator(r"-", "-", syntax.PrefixOperator),
        operator(r"NOT\b", "NOT", syntax.PrefixOperator),
        (plugins.OperatorsPlugin.OpTagger(r"NEAR/[0-9]+", near_group, near_operator), 0),
        operator(r"AND\b", "AND", syntax.InfixOperator),
        operator(r"OR\b", "OR", syntax.InfixOperator),
        operator(r"ANDNOT\b", "ANDNOT", syntax.InfixOperator),
        operator(r"ANDMAYBE\b", "ANDMAYBE", syntax.InfixOperator),
        operator(r"REQUIRE\b", "REQUIRE", syntax.InfixOperator),
    ]
    language = [
        leaf,
        plugins.FieldsPlugin,
        plugins.GroupPlugin,
        plugins.OperatorsPlugin(operators, clean=True),
        plugins.BoostPlugin,
    ]
    return qparser.QueryParser(None, None, plugins=language, group=group("group"))
