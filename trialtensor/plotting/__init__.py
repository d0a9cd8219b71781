"""Figures of fitted models: matplotlib, one function per figure, axes taken and returned."""

from trialtensor.plotting.diagnostics import plot_loss, plot_missing, plot_restarts
from trialtensor.plotting.factors import plot_factors
from trialtensor.plotting.grid import factor_grid, slice_grid
from trialtensor.plotting.search import plot_search, search_grid
from trialtensor.plotting.slices import plot_slices
from trialtensor.plotting.tracking import plot_similarity, plot_tracking

__all__ = [
    "factor_grid",
    "plot_factors",
    "plot_loss",
    "plot_missing",
    "plot_restarts",
    "plot_search",
    "plot_similarity",
    "plot_slices",
    "plot_tracking",
    "search_grid",
    "slice_grid",
]
