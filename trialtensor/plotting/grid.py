"""Empty axes for the component figures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models.parameters import check_whole
from trialtensor.plotting.columns import Column, columns, fitted_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    AnyFigure = Figure | SubFigure

ROW_HEIGHT = 1.15
TEXT_HEIGHT = 0.15  # of the line above a panel that says how much is in a dataset
MEANS_WIDTH = 1.9
SLICE_HEIGHT = 1.5
SLICE_WIDTHS = (4.2, 4.8)


def factor_grid(
    n_components: int,
    *,
    label_means: bool = False,
    model: Any = None,
    datasets: Collection[str] | None = None,
    figure: AnyFigure | None = None,
) -> np.ndarray:
    """Make axes for `plot_factors`: one row per component, one column for each of its parts.

    Parameters
    ----------
    n_components : int
    label_means : bool
        Add the last column of `plot_factors(label_means=True)`.
    model : fitted model, optional
        Contents of the columns; by default neurons, times and trials, as for TCA.
    datasets : collection of str, optional
        As for `plot_factors`.
    figure : Figure or SubFigure, optional
        Drawn into; a new pyplot figure by default. A whole figure is resized to fit, a part of one
        stays as it is. A bare ``matplotlib.figure.Figure()`` leaves pyplot alone.

    Returns
    -------
    ndarray of Axes, shape (n_components, n_columns)
    """
    if model is not None:
        shown = columns(fitted_of(model), datasets)
    else:
        shown = [Column(f"{axis}_factors", (axis,)) for axis in ("neuron", "time", "trial")]
    return grid_of(shown, n_components, label_means=label_means, figure=figure)


def grid_of(
    shown: Sequence[Column],
    n_components: int,
    *,
    label_means: bool = False,
    figure: AnyFigure | None = None,
) -> np.ndarray:
    """Make axes for given columns; see `factor_grid`."""
    widths = [column.width for column in shown] + [MEANS_WIDTH] * label_means
    several = any(column.dataset is not None for column in shown)
    check_whole("n_components", n_components, 1)
    height = max((ROW_HEIGHT + TEXT_HEIGHT * several) * n_components + 0.75, 2.1)
    size = (sum(widths) + (0.3 if label_means else 0.7), height)
    figure = figure_of_size(figure, size, h_pad=0.03, w_pad=0.04, hspace=0.02, wspace=0.02)
    return figure.subplots(
        n_components, len(widths), squeeze=False, sharex="col", width_ratios=widths
    )


def slice_grid(n_components: int, *, figure: AnyFigure | None = None) -> np.ndarray:
    """Make axes for `plot_slices`: one row per component, columns for loading and slice.

    Parameters
    ----------
    n_components : int
        Rows: all components that are drawn.
    figure : Figure or SubFigure, optional
        Drawn into, as by `factor_grid`.

    Returns
    -------
    ndarray of Axes, shape (n_components, 2)
    """
    check_whole("n_components", n_components, 1)
    size = (11.5, SLICE_HEIGHT * n_components + 1.4)
    figure = figure_of_size(figure, size, h_pad=0.065, w_pad=0.05, hspace=0.02, wspace=0.02)
    return figure.subplots(n_components, 2, squeeze=False, width_ratios=SLICE_WIDTHS)


def figure_of_size(
    figure: AnyFigure | None, size: tuple[float, float], **layout: float
) -> AnyFigure:
    """Return a figure to draw into: the one given, resized unless it is a part of another.

    Parameters
    ----------
    figure : Figure or SubFigure, optional
        A new pyplot figure by default.
    size : (float, float)
        Width and height in inches.
    **layout : float
        Of the constrained layout: ``h_pad``, ``w_pad``, ``hspace``, ``wspace``.
    """
    from matplotlib.figure import SubFigure

    if figure is None:
        import matplotlib.pyplot as plt

        figure = plt.figure()
    if not isinstance(figure, SubFigure):
        figure.set_size_inches(size)
        figure.set_layout_engine("constrained", **layout)
    return figure


def take_axes(
    axes: Any, shape: tuple[int, ...], size: tuple[float, float], *, each: str, **options: Any
) -> np.ndarray:
    """Return the axes given, as an array of this shape, or those of a new figure.

    Parameters
    ----------
    axes : array of Axes, or None
    shape : tuple of int
        (n,) below each other, or (n_rows, n_columns).
    size : (float, float)
        Width and height of a new figure, in inches.
    each : str
        What each panel is of, for the error.
    **options
        For ``Figure.subplots``: ``sharex``, ``width_ratios``, ...

    Raises
    ------
    ValueError
        For another number of axes.
    """
    if axes is None:
        rows, columns = shape if len(shape) == 2 else (shape[0], 1)
        made = figure_of_size(None, size).subplots(rows, columns, squeeze=False, **options)
        return np.asarray(made).reshape(shape)
    axes = np.asarray(axes, dtype=object)
    if axes.size == int(np.prod(shape)) and (1 in shape or len(shape) == 1):
        axes = axes.reshape(shape)
    if axes.shape != shape:
        wanted = str(max(shape)) if len(shape) == 1 or 1 in shape else f"shape {shape}"
        raise ValueError(f"axes: expected {wanted}, {each}, got shape {axes.shape}")
    return axes


def take_one(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return the axes given, or those of a new figure of this size in inches."""
    return figure_of_size(None, size).subplots() if ax is None else ax


def check_axes(axes: Any, n_components: int, n_columns: int) -> np.ndarray:
    """Return the caller's axes as an array of the required shape."""
    axes = np.asarray(axes, dtype=object)
    if axes.ndim == 1 and n_components == 1:
        axes = axes[None, :]
    if axes.shape != (n_components, n_columns):
        raise ValueError(
            f"axes: expected one row for each component and {n_columns} columns, shape "
            f"({n_components}, {n_columns}), got shape {axes.shape}"
        )
    return axes


def fills_figure(axes: np.ndarray) -> bool:
    """Return True if the figure holds nothing else, so that its layout may be frozen."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = axes[0, 0].figure
    constrained = isinstance(figure, Figure) and isinstance(
        figure.get_layout_engine(), ConstrainedLayoutEngine
    )
    return constrained and len(figure.axes) == axes.size
