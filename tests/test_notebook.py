"""What notebooks show: well-formed HTML without scripts, everything escaped, with the numbers of the values."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

import searchkit
from searchkit.article import Article
from searchkit.search.timeline import Timeline

EVIL = "<script>alert(1)</script>\x1b[2J\u202e \"'&<b onmouseover=x>"
EMPTY = {"br", "path", "rect", "meta"}  # elements without an end


class Page(HTMLParser):
    """The elements and the text of a page; AssertionError where an element is not closed as it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.shown = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") or (value or "").startswith("javascript") for name, value in attrs)
        self.elements.append(tag)
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.shown += data


def some_index() -> searchkit.Index:
    index = searchkit.create(analyzer="none", fields={"source": searchkit.Keyword()})
    index.add(
        [
            Article(
                "A storm came up. It rained.", id="a", title="Storm & rain", date="2020-10", fields={"source": "x<y"}
            ),
            Article(f"The storm {EVIL} went.", id=f"b{EVIL}", title=EVIL, date="2021", fields={EVIL: EVIL}),
            Article("Nothing happened.", id="c"),
        ]
    )
    return index


def everything() -> list[object]:
    index = some_index()
    results = index.search("storm (")
    return [
        index,
        results,
        *results,
        index.search("absent"),
        index.explain("storm absent", "a"),
        index.explain("absent", "a"),
        results.timeline("month"),
        index.search("absent").timeline(),
    ]


def test_everything_is_escaped_and_closed() -> None:
    """Nothing from an article becomes markup, steers a terminal or runs."""
    for value in everything():
        shown = value._repr_html_()  # type: ignore[attr-defined]
        page = Page(shown)
        assert not {"script", "b", "iframe", "img", "link"} & set(page.elements), value
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
        assert "http" not in shown


def test_results_show_their_hits_and_warnings() -> None:
    results = some_index().search("storm (")
    page = Page(results._repr_html_())
    assert f"2 of {results.total} hits" in page.shown
    assert "a ( is not closed" in page.shown
    assert "Storm & rain" in page.shown
    assert "2020-10" in page.shown
    assert page.elements.count("mark") == 2


def test_many_hits_are_cut_short() -> None:
    index = searchkit.create(analyzer="none")
    index.add([Article("storm", id=str(number)) for number in range(30)])
    assert "and 10 more" in Page(index.search("storm", limit=None)._repr_html_()).shown


def test_an_explanation_shows_its_parts() -> None:
    index = some_index()
    explanation = index.explain('storm "came up"', "a")
    page = Page(explanation._repr_html_())
    assert f"{explanation.score:.6f}" in page.shown
    for part in explanation.parts:
        assert f"{part.score:.4f}" in page.shown
    assert "“came up”" in page.shown
    faded = index.explain("storm", "a", recency=searchkit.HalfLife("30d", now="2020-11"), variant="atire")
    (factor,) = faded.factors
    shown = Page(faded._repr_html_()).shown
    assert shown.count(f"recency× {factor.factor:.4f}") == 1
    assert "atire, k1" in shown


def test_a_chart_has_a_named_bar_for_each_period() -> None:
    """Of long timelines, one for several neighbours; the names still tell every article."""
    timeline = Timeline("month", range(24_000, 24_012), (1, 0, 5, 7, 1, 1, 0, 0, 0, 2, 3, 1), 0, 0)
    page = Page(timeline._repr_html_())
    assert page.elements.count("rect") == 8
    assert "2001-01: 1" in page.shown
    long = Timeline("day", range(700_000, 710_000), (2,) * 10_000, 0, 0)
    shown = long._repr_html_()
    assert Page(shown).elements.count("rect") <= 180
    assert sum(int(count) for count in re.findall(r"days from [\d-]+: (\d+)</title>", shown)) == 20_000


def test_an_index_shows_its_figures() -> None:
    index = some_index()
    shown = Page(index._repr_html_()).shown
    assert "articles3" in shown
    assert "source (Keyword)" in shown
    index.close()
    assert "closed" in Page(index._repr_html_()).shown


def test_without_stored_text_ids_are_shown() -> None:
    index = searchkit.create(analyzer="none", store=False)
    index.add([Article("storm", id="x<y")])
    results = index.search("storm")
    assert "x<y" in Page(results._repr_html_()).shown
    assert "x<y" in Page(results[0]._repr_html_()).shown


@pytest.mark.parametrize("query", ["storm", "absent"])
def test_results_late_for_their_total_are_shown_without_it(query: str) -> None:
    results = some_index().search(query, timeout=0)
    assert "0 hits" in Page(results._repr_html_()).shown
