"""Tables of numbers as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from trialtensor.report.rendering import fragment

if TYPE_CHECKING:
    import pandas

# A longer table is for a file: nobody reads it, and the page would grow with the recording.
MAX_ROWS = 200
MAX_COLUMNS = 60


def table_html(table: pandas.DataFrame, *, max_rows: int = MAX_ROWS) -> Markup:
    """Return a table as HTML, its text escaped.

    Parameters
    ----------
    table : pandas.DataFrame
        An index with a name, or of anything but 0, 1, 2, ..., is its first column.
    max_rows : int
        Only the first ones are shown, and a line says so.
    """
    import pandas

    plain = isinstance(table.index, pandas.RangeIndex) and table.index.name is None
    shown = table if plain else table.reset_index(allow_duplicates=True)
    total_columns = shown.shape[1]
    shown = shown.iloc[:max_rows, :MAX_COLUMNS]
    numeric = [dtype.kind in "fiuc" for dtype in shown.dtypes]
    return fragment(
        "table.html.jinja",
        names=[str(name) for name in shown.columns],
        numeric=numeric,
        rows=[[cell_text(cell) for cell in row] for row in shown.itertuples(index=False)],
        n_rows=len(table),
        n_columns=total_columns,
    )


def cell_text(value: Any) -> str:
    """Return a cell as text, numbers with four digits, nothing for what is missing.

    Examples
    --------
    >>> cell_text(0.123456), cell_text(12), cell_text(float("nan")), cell_text("left")
    ('0.1235', '12', '', 'left')
    """
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    return str(value)
