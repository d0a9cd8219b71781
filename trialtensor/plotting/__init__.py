"""Figures of fitted models and results: matplotlib, one function per figure.

Each takes axes to draw into, and returns the axes that it drew into; `save_figure` saves what any
of them returns, in one line.
"""

from trialtensor.plotting.agreement import plot_component_test, plot_stability
from trialtensor.plotting.blocks import plot_blocks
from trialtensor.plotting.bootstrapped import plot_bootstrap
from trialtensor.plotting.contrasts import plot_contrasts
from trialtensor.plotting.courses import plot_change_points, plot_replication, plot_smooth
from trialtensor.plotting.diagnostics import plot_loss, plot_missing, plot_restarts
from trialtensor.plotting.drift import plot_drift, plot_similarity
from trialtensor.plotting.dynamics import plot_dynamics
from trialtensor.plotting.factors import plot_factors
from trialtensor.plotting.grid import factor_grid, slice_grid
from trialtensor.plotting.group import plot_group
from trialtensor.plotting.learning import plot_learning
from trialtensor.plotting.pattern_change import plot_pattern_change
from trialtensor.plotting.rates import plot_rates
from trialtensor.plotting.relation import plot_relation
from trialtensor.plotting.residuals import plot_residuals
from trialtensor.plotting.saving import save_figure
from trialtensor.plotting.search import plot_search, search_grid
from trialtensor.plotting.shares import plot_shares
from trialtensor.plotting.slices import plot_slices
from trialtensor.plotting.templates import plot_templates
from trialtensor.plotting.tracking import plot_tracking
from trialtensor.plotting.transforms import plot_transforms
from trialtensor.plotting.transitions import plot_transitions

__all__ = [
    "factor_grid",
    "plot_blocks",
    "plot_bootstrap",
    "plot_change_points",
    "plot_component_test",
    "plot_contrasts",
    "plot_drift",
    "plot_dynamics",
    "plot_factors",
    "plot_group",
    "plot_learning",
    "plot_loss",
    "plot_missing",
    "plot_pattern_change",
    "plot_rates",
    "plot_relation",
    "plot_replication",
    "plot_residuals",
    "plot_restarts",
    "plot_search",
    "plot_shares",
    "plot_similarity",
    "plot_slices",
    "plot_smooth",
    "plot_stability",
    "plot_templates",
    "plot_tracking",
    "plot_transforms",
    "plot_transitions",
    "save_figure",
    "search_grid",
    "slice_grid",
]
