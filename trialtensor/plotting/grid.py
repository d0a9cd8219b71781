"""Empty axes for the component figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW_HEIGHT = 1.15
WIDTHS = (3.2, 2.6, 4.0, 1.9)
SLICE_HEIGHT = 1.5
SLICE_WIDTHS = (4.2, 4.8)


def factor_grid(
    n_components: int, *, label_means: bool = False, figure: Figure | None = None
) -> np.ndarray:
    """Axes for `plot_factors`: a row a component, columns for neurons, times and trials.

    Parameters
    ----------
    n_components : int
    label_means : bool
        Add the fourth column of `plot_factors(label_means=True)`.
    figure : Figure, optional
        Drawn into and resized to fit; a new pyplot figure by default. A bare
        ``matplotlib.figure.Figure()`` leaves pyplot alone.

    Returns
    -------
    ndarray of Axes, shape (n_components, 3) or (n_components, 4)
    """
    height = ROW_HEIGHT * n_components + 0.75
    height = max(height, 2.1)
    size = (12.0 if label_means else 10.5, height)
    if figure is None:
        import matplotlib.pyplot as plt

        figure = plt.figure()
    figure.set_size_inches(size)
    figure.set_layout_engine("constrained", h_pad=0.03, w_pad=0.04, hspace=0.02, wspace=0.02)
    widths = WIDTHS if label_means else WIDTHS[:3]
    return figure.subplots(
        n_components, len(widths), squeeze=False, sharex="col", width_ratios=widths
    )


def slice_grid(n_components: int, *, figure: Figure | None = None) -> np.ndarray:
    """Axes for `plot_slices`: a row a component, columns for its loading and its slice.

    Parameters
    ----------
    n_components : int
        Rows: all components that are drawn.
    figure : Figure, optional
        Drawn into and resized to fit; a new pyplot figure by default.

    Returns
    -------
    ndarray of Axes, shape (n_components, 2)
    """
    if figure is None:
        import matplotlib.pyplot as plt

        figure = plt.figure()
    figure.set_size_inches((11.5, SLICE_HEIGHT * n_components + 1.4))
    figure.set_layout_engine("constrained", h_pad=0.065, w_pad=0.05, hspace=0.02, wspace=0.02)
    return figure.subplots(n_components, 2, squeeze=False, width_ratios=SLICE_WIDTHS)


def check_axes(axes: Any, n_components: int, n_columns: int) -> np.ndarray:
    """The axes that a caller brought, as an array of the shape that is needed."""
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
    """Whether the figure holds nothing else, so that its layout may be frozen."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = axes[0, 0].figure
    constrained = isinstance(figure, Figure) and isinstance(
        figure.get_layout_engine(), ConstrainedLayoutEngine
    )
    return constrained and len(figure.axes) == axes.size
