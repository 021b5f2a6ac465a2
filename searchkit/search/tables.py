"""Hits as tables: a pandas DataFrame or an Arrow table. The only file that imports these, and only when asked for one.

id      score    date           start, end                  title    and a column for each field
text    float    as written     moments, half open          text     under its own name, or `fields.name` if that
                 or missing     or missing                           is the name of a column above
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from searchkit.errors import SearchkitError

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from searchkit.search.results import Hit

__all__ = ["arrow_table", "data_frame"]

MOMENTS = ("start", "end")
LAST = datetime(9999, 12, 31, 23, 59, 59)  # stands for the end of time, which no moment of whole seconds reaches


def data_frame(hits: Sequence[Hit]) -> pandas.DataFrame:
    """The hits as a DataFrame, one row each. SearchkitError where pandas is not installed."""
    try:
        import pandas
    except ImportError as error:
        raise SearchkitError("tables of this kind are made with pandas: pip install 'searchkit[pandas]'") from error
    columns = _columns(hits)
    made: dict[str, Any] = {
        name: pandas.Series(values, dtype="datetime64[s]") if name in MOMENTS else values
        for name, values in columns.items()
    }
    return pandas.DataFrame(made, columns=list(columns))


def arrow_table(hits: Sequence[Hit]) -> pyarrow.Table:
    """The hits as an Arrow table. A field whose values are of several kinds becomes JSON text.

    SearchkitError where pyarrow is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise SearchkitError("tables of this kind are made with pyarrow: pip install 'searchkit[arrow]'") from error
    text, moment = pyarrow.string(), pyarrow.timestamp("s")
    kinds = {"id": text, "score": pyarrow.float64(), "date": text, "start": moment, "end": moment, "title": text}
    arrays = {}
    for name, values in _columns(hits).items():
        try:
            arrays[name] = pyarrow.array(values, kinds.get(name))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
            written = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
            arrays[name] = pyarrow.array(written, text)
    return pyarrow.table(arrays)


def _columns(hits: Sequence[Hit]) -> dict[str, list[Any]]:
    """The values of each column; None where a hit has none."""
    dates = [hit.date for hit in hits]
    columns: dict[str, list[Any]] = {
        "id": [hit.id for hit in hits],
        "score": [hit.score for hit in hits],
        "date": [None if date is None else str(date) for date in dates],
        "start": [None if date is None else date.start for date in dates],
        "end": [None if date is None else min(date.end, LAST) for date in dates],
        "title": [hit.title if hit.stored else None for hit in hits],
    }
    own = set(columns)
    fields = [hit.fields for hit in hits]
    for name in dict.fromkeys(name for values in fields for name in values):
        columns[f"fields.{name}" if name in own else name] = [values.get(name) for values in fields]
    return columns
