"""CSV tables whose text no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

# With which spreadsheets begin a formula (OWASP, "CSV Injection"); wide forms in some countries.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def harmless(cell: Any) -> Any:
    """Return a cell that a spreadsheet won't compute: an apostrophe before text like a formula.

    Numbers stay, also those that are text.

    Parameters
    ----------
    cell : object

    Examples
    --------
    >>> harmless("=1+1"), harmless("-0.5"), harmless(-0.5), harmless("left")
    ("'=1+1", '-0.5', -0.5, 'left')
    """
    text = cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else cell
    if not isinstance(text, str) or not text.startswith(_FORMULA) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def csv_text(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV (RFC 4180), with text made harmless.

    Parameters
    ----------
    header : names of the columns
    rows : iterable of cells

    Examples
    --------
    >>> csv_text(["trial", "cue"], [[0, "@left"], [1, "a,b"]])
    'trial,cue\\r\\n0,\\'@left\\r\\n1,"a,b"\\r\\n'
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(cell) for cell in header])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def frame_text(
    frame: pandas.DataFrame, *, index: bool = False, index_label: str | None = None
) -> str:
    """Return a table of pandas as CSV, with text made harmless.

    Parameters
    ----------
    frame : pandas.DataFrame
    index : bool
        Whether the index is a column.
    index_label : str, optional
        Its name.
    """
    import pandas

    safe = frame.copy(deep=False)
    safe.columns = pandas.Index([harmless(name) for name in frame.columns])
    for place, dtype in enumerate(frame.dtypes):
        if dtype.kind == "O":
            cells = [harmless(cell) for cell in frame.iloc[:, place]]
            safe.isetitem(place, pandas.Series(cells, index=frame.index, dtype=object))
    if index and frame.index.dtype.kind == "O":
        safe.index = pandas.Index([harmless(label) for label in frame.index], dtype=object)
    # This end of lines, so that a bare carriage return in a cell is quoted as well.
    return str(safe.to_csv(index=index, index_label=harmless(index_label), lineterminator="\r\n"))
