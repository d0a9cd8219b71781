"""The numbers behind a figure as tables of a page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

# Beyond that nobody reads, and pages get heavy.
MAX_ROWS = 500


def tables_html(tables: Iterable[tuple[str, pandas.DataFrame]]) -> str:
    """Return tables that are folded away until a reader opens them.

    Parameters
    ----------
    tables : iterable of (title, pandas.DataFrame)
        Of long ones, the first rows are shown, and the title says so.
    """
    return "\n".join(_folded(title, table) for title, table in tables)


def _folded(title: str, table: pandas.DataFrame) -> str:
    n = len(table)
    said = f"{title} (the first {MAX_ROWS:,} of {n:,} rows)" if n > MAX_ROWS else title
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in table.columns)
    names = [str(table.index.name or "")]
    rows = "\n".join(
        f'<tr><th scope="row">{escape(str(index))}</th>'
        + "".join(f"<td>{escape(_cell(value))}</td>" for value in values)
        + "</tr>"
        for index, values in zip(
            table.index[:MAX_ROWS], table.head(MAX_ROWS).itertuples(index=False), strict=True
        )
    )
    return (
        f'<details class="tt-table"><summary>Table: {escape(said)}</summary>'
        f'<div class="tt-scroll" tabindex="0" role="region" aria-label="{escape(said)}"><table>'
        f'<thead><tr><th scope="col">{escape(names[0])}</th>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div></details>"
    )


def _cell(value: Any) -> str:
    """Return the text of a number or a label; what is missing is empty."""
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.4g}"
    return "" if value is None else str(value)
