"""How models, results and recordings are shown by notebooks: short, as a table, escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

MAX_ROWS, MAX_COLUMNS = 6, 12
# Longer text would fill the notebook.
MAX_LETTERS = 400
_LEFT = ' style="text-align: left; vertical-align: top"'


def summary_html(
    title: str,
    facts: Mapping[str, str | Sequence[str]],
    *,
    notes: Sequence[str] = (),
    tables: Mapping[str, pandas.DataFrame] | None = None,
    max_rows: int = MAX_ROWS,
) -> str:
    """Return a short summary of something as HTML.

    Parameters
    ----------
    title : str
    facts : dict
        Name -> value in words, or several of them, a line each.
    notes : sequence of str
        Sentences under the title.
    tables : dict of pandas.DataFrame, optional
        Title -> table, of which the first rows are shown.
    max_rows : int
        Of every table.

    Examples
    --------
    >>> html = summary_html("TCA", {"source": "<day 1>"}, notes=["It converged."])
    >>> html[:58], "&lt;day 1&gt;" in html
    ('<div><p><strong dir="auto">TCA</strong></p><p>It converged', True)
    """
    parts = [f'<p><strong dir="auto">{_short(title)}</strong></p>']
    parts += [f"<p>{_short(note)}</p>" for note in notes]
    rows = "".join(_row(name, value) for name, value in facts.items())
    parts += [f"<table><tbody>{rows}</tbody></table>"] if rows else []
    for name, table in (tables or {}).items():
        parts.append(_first_rows(name, table, max_rows))
    return f"<div>{''.join(parts)}</div>"


def _row(name: str, value: str | Sequence[str]) -> str:
    lines = [value] if isinstance(value, str) else value
    shown = "<br>".join(f"<bdi>{_short(line)}</bdi>" for line in lines)
    return f"<tr><th{_LEFT}>{_short(name)}</th><td{_LEFT}>{shown}</td></tr>"


def _first_rows(title: str, table: pandas.DataFrame, max_rows: int) -> str:
    shown = table.iloc[:max_rows, :MAX_COLUMNS].map(_cell)
    shown.columns = [str(name) for name in shown.columns]
    said = f"{title}, {max_rows} of {len(table):,} rows" if len(table) > max_rows else title
    counted = type(table.index).__name__ == "RangeIndex" and table.index.name is None
    # Text in cells is escaped by pandas.
    html = shown.to_html(escape=True, border=0, index=not counted)
    return f'<p>{_short(said)}</p><div style="overflow-x: auto">{html}</div>'


def _cell(value: Any) -> str:
    """Return the text of a cell: four digits of a number, nothing for what is missing."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    text = f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
    return _cut(text)


def _short(text: str) -> str:
    return escape(_cut(str(text)))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LETTERS else f"{text[: MAX_LETTERS - 1]}…"
