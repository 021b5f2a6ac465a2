"""The page behind docs/pictures/notebook.png: what a notebook shows, in a light and in a dark theme.

    python tools/notebook.py > page.html
    chromium --headless --no-sandbox --hide-scrollbars --window-size=1400,1450 --screenshot=page.png page.html

The colours are then reduced to 64, so that the file is small.
"""

from __future__ import annotations

import searchkit

THEMES = (("#fff", "#1b1b1b"), ("#111418", "#d7dae0"))


def main() -> None:
    index = searchkit.create()
    index.add(searchkit.read_articles("seeds/"))
    index.search("warm (")
    results = index.search('"storm surge" harbour (', limit=3)
    explanation = index.explain('"storm surge" harbour', results[0].id)
    shown = [results, explanation, index.search("*").timeline("quarter"), results[0], index]
    outputs = "".join(f"<div style='margin-bottom:26px'>{one._repr_html_()}</div>" for one in shown)
    halves = "".join(
        f"<div style='background:{back};color:{front};padding:18px 24px;width:650px'>{outputs}</div>"
        for back, front in THEMES
    )
    print(f"<!doctype html><meta charset=utf-8><body style='margin:0;display:flex;width:1400px'>{halves}")


if __name__ == "__main__":
    main()
