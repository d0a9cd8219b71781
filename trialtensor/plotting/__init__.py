"""Figures of fitted models: matplotlib, one function per figure, axes taken and returned."""

from trialtensor.plotting.diagnostics import plot_loss, plot_missing, plot_restarts
from trialtensor.plotting.factors import plot_factors
from trialtensor.plotting.grid import factor_grid, slice_grid
from trialtensor.plotting.group import plot_group
from trialtensor.plotting.search import plot_search, search_grid
from trialtensor.plotting.slices import plot_slices
from trialtensor.plotting.tracking import plot_similarity, plot_tracking
from trialtensor.plotting.transitions import plot_transitions

__all__ = [
    "factor_grid",
    "plot_factors",
    "plot_group",
    "plot_loss",
    "plot_missing",
    "plot_restarts",
    "plot_search",
    "plot_similarity",
    "plot_slices",
    "plot_tracking",
    "plot_transitions",
    "search_grid",
    "slice_grid",
]
