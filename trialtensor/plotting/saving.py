"""Saving what any figure function returns, in one line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_whole
from trialtensor.models.parameters import kind_of
from trialtensor.storage import write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(drawn: Any, path: str | os.PathLike[str], *, dpi: int = 200) -> Path:
    """Save what any ``plot_`` function returns, in the format that the name ends in.

    The whole figure is saved, with all that others have drawn into it. In PDF and SVG, text stays
    text, which Illustrator and Inkscape can edit. An existing file is replaced, whole or not at
    all.

    Parameters
    ----------
    drawn : Axes, array of Axes, Figure or SubFigure
        As returned by ``plot_factors``, ``plot_loss``, ``plot_tracking``, ...
    path : str or path
        Ending in ``.png``, ``.pdf``, ``.svg`` or another format of matplotlib; ``.png`` is added to
        a name without an ending.
    dpi : int
        Pixels per inch, of formats that have pixels.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If this is no figure, or there is no such format.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.plotting import plot_factors, save_figure
    >>> X = make_tca(20, 10, 15, 2, random_state=0).X
    >>> model = TCA(2, n_init=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(plot_factors(model), f"{folder}/factors.pdf").name
    'factors.pdf'
    """
    from matplotlib import rc_context

    figure = figure_of(drawn)
    check_whole("dpi", dpi, 1)
    with rc_context({"pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "none"}):
        return write_figure(figure, path, dpi=dpi)


def figure_of(drawn: Any) -> Figure:
    """Return the whole figure that axes, an array of axes or a part of a figure belongs to.

    Raises
    ------
    ValueError
        For anything else.
    """
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

    first = drawn
    if isinstance(drawn, np.ndarray | list | tuple):
        found = np.asarray(drawn, dtype=object).ravel()
        first = found[0] if len(found) else None
    if isinstance(first, Axes):
        first = first.figure
    if isinstance(first, FigureBase):
        while not isinstance(first, Figure):
            first = first.figure  # a part of a figure knows the whole
        return first
    raise ValueError(
        f"drawn: expected what a plot function returns (axes or a figure), got {kind_of(drawn)}"
    )
