"""What a notebook shows of results, hits, explanations, timelines and indexes: HTML, without scripts.

Everything that came from an article, a query or a file name is escaped. No colour is set but that of the marks, which
is half transparent: text has the notebook's own colour, and lines and bars are made of it, so that light and dark
themes both look right, whatever the system prefers.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from searchkit.errors import SearchTimeout
from searchkit.search.snippets import first_words, printable
from searchkit.search.timeline import coarse

if TYPE_CHECKING:
    from searchkit.search.explain import Explanation
    from searchkit.search.results import Hit, Results
    from searchkit.search.timeline import Timeline

__all__ = ["explanation_html", "figures_html", "hit_html", "results_html", "timeline_html"]

MOST_HITS = 20
MOST_BARS = 180
SNIPPETS = 3  # of a hit that is shown alone
HEADING = 70  # characters of a text that stand in for a missing title
WIDTH, HEIGHT, LABEL = 720, 120, 20  # of a chart and the line below it, in pixels
LABELS = 6

STYLE = (
    "<style>"
    ".searchkit{font:14px/1.5 system-ui,sans-serif;max-width:52em;text-align:left}"
    ".searchkit .told{opacity:.7;font-size:12.5px}"
    ".searchkit .hit{margin:.7em 0 .9em}"
    ".searchkit .head{font-weight:600}"
    ".searchkit .warning{border-left:3px solid rgba(230,140,0,.8);padding:.1em .6em;margin:.4em 0}"
    ".searchkit mark{background:rgba(255,190,0,.38);color:inherit;border-radius:2px;padding:0 .1em}"
    ".searchkit table{border-collapse:collapse;margin:.5em 0;font-size:13px}"
    ".searchkit th,.searchkit td{padding:.2em .9em .2em 0;text-align:left;vertical-align:top;background:none;"
    "border:0;border-bottom:1px solid rgba(128,128,128,.3)}"
    ".searchkit tr{background:none}"
    ".searchkit .number{text-align:right;font-variant-numeric:tabular-nums}"
    ".searchkit .bar{background:currentColor;opacity:.45;height:.7em;margin-top:.4em;border-radius:1px}"
    ".searchkit svg{display:block;width:100%;max-width:720px;height:auto;margin:.4em 0}"
    "</style>"
)


def results_html(results: Results) -> str:
    shown = results[:MOST_HITS]
    try:
        of_all = f" of {results.total:,}"
    except SearchTimeout:
        of_all = ""
    told = f"{len(results):,}{of_all} hits in {1000 * results.seconds:.1f} ms"
    warnings = [_div("warning", _text(warning)) for warning in results.warnings]
    hits = [_in_list(hit) for hit in shown]
    more = [_div("told", f"and {len(results) - MOST_HITS:,} more")] if len(results) > MOST_HITS else []
    return _page([_div("told", told), *warnings, *hits, *more])


def hit_html(hit: Hit) -> str:
    parts = [_div("head", _heading(hit)), _about(hit)]
    if hit.stored:
        parts += [f"<p>{snippet}</p>" for snippet in hit.snippets(SNIPPETS, markup="html")]
    if hit.fields:
        parts.append(_table([(_text(name), _text(str(value))) for name, value in hit.fields.items()]))
    return _page(parts)


def explanation_html(explanation: Explanation) -> str:
    if not explanation.matches:
        return _page([_div("told", f"{_text(explanation.id)} is not found by this query")])
    most = max((part.score for part in explanation.parts), default=0.0)
    rows = []
    for part in explanation.parts:
        words = " ".join(part.terms)
        name = (f"{part.field}:" if part.field else "") + (f"“{words}”" if len(part.terms) > 1 else words)
        width = 160 * part.score / most if most > 0 else 0
        numbers = (f"{part.score:.4f}", f"{part.tf:,}", " ".join(f"{df:,}" for df in part.df), f"{part.idf:.3f}")
        cells = [f'<td class="number">{number}</td>' for number in (*numbers, f"{part.boost:g}")]
        bar = f'<td><div class="bar" style="width:{max(width, 0):.0f}px"></div></td>'
        rows.append(f"<tr><td>{_text(name)}</td>{''.join(cells)}{bar}</tr>")
    for pair in explanation.pairs:
        near = f'<td class="number">{pair.score:.4f}</td><td colspan="5">nearness {pair.nearness:.4f}</td>'
        rows.append(f"<tr><td>{_text(' near '.join(pair.terms))}</td>{near}</tr>")
    for factor in explanation.factors:
        away = "undated" if factor.distance is None else f"{factor.distance / 86_400:,.1f} days away"
        times = f'<td class="number">× {factor.factor:.4f}</td><td colspan="5">{away}</td>'
        rows.append(f"<tr><td>{_text(factor.name)}</td>{times}</tr>")
    names = ("score", "tf", "df", "idf", "boost")
    head = "<tr><th></th>" + "".join(f'<th class="number">{name}</th>' for name in names) + "<th></th></tr>"
    variant = f"variant {explanation.variant}, " if explanation.variant else ""
    told = (
        f"{variant}k1 {explanation.k1:g}, b {explanation.b:g}; {explanation.length:,} tokens, "
        f"{explanation.average:,.1f} on average; {explanation.articles:,} articles"
    )
    return _page(
        [
            _div("head", f"{explanation.score:.6f} &ensp;{_text(explanation.id)}"),
            f"<table>{head}{''.join(rows)}</table>",
            _div("told", told),
        ]
    )


def timeline_html(timeline: Timeline) -> str:
    return _page([_div("told", _text(timeline.headline)), _chart(timeline)])


def figures_html(heading: str, figures: Iterable[tuple[str, str]], timeline: Timeline | None = None) -> str:
    """A heading, a table of names and figures, and a timeline."""
    rows = [(_text(name), _text(figure)) for name, figure in figures]
    chart = [_chart(timeline)] if timeline else []
    return _page([_div("head", _text(heading)), _table(rows), *chart])


def _page(parts: Sequence[str]) -> str:
    return f'{STYLE}<div class="searchkit">{"".join(parts)}</div>'


def _div(kind: str, inner: str) -> str:
    return f'<div class="{kind}">{inner}</div>'


def _text(text: str) -> str:
    return html.escape(printable(text))


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return f"<table>{''.join([f'<tr><td>{name}</td><td>{value}</td></tr>' for name, value in rows])}</table>"


def _heading(hit: Hit) -> str:
    if not hit.stored:
        return _text(hit.id)
    return _text(hit.title) or _text(first_words(hit.article.text, HEADING)) or _text(hit.id)


def _about(hit: Hit) -> str:
    date = "undated" if hit.date is None else str(hit.date)
    return _div("told", f"{hit.score:.4f} &ensp;{_text(date)} &ensp;{_text(hit.id)}")


def _in_list(hit: Hit) -> str:
    parts = [_div("head", _heading(hit)), _about(hit)]
    if hit.stored:
        parts.append(f"<div>{hit.snippet(markup='html')}</div>")
    return _div("hit", "".join(parts))


def _chart(timeline: Timeline) -> str:
    """Bars, each with a name that a pointer brings up; neighbours share one where there are too many."""
    counts, step = coarse(timeline, MOST_BARS)
    if not counts:
        return ""
    most, room = max(counts), WIDTH / len(counts)
    gap = 1.5 if room > 5 else 0.4 if room > 2 else 0
    bars, labels = [], []
    each = -(-len(counts) // LABELS)
    for place, count in enumerate(counts):
        name = timeline.label(place * step)
        if place % each == 0:
            labels.append(f'<text x="{place * room:.1f}" y="{HEIGHT + LABEL - 5}">{name}</text>')
        if count:
            high = max(count / most * (HEIGHT - LABEL), 1)
            span = name if step == 1 else f"{step} {timeline.by}s from {name}"
            bars.append(
                f'<rect x="{place * room:.1f}" y="{HEIGHT - high:.1f}" width="{max(room - gap, 0.5):.1f}" '
                f'height="{high:.1f}"><title>{span}: {count:,}</title></rect>'
            )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + LABEL}" role="img" fill="currentColor" font-size="11">'
        f'<g opacity=".55">{"".join(bars)}</g><g opacity=".75">{"".join(labels)}'
        f'<text x="0" y="11">at most {most:,}</text></g>'
        f'<path d="M0 {HEIGHT + 0.5}H{WIDTH}" stroke="currentColor" opacity=".4"/></svg>'
    )
