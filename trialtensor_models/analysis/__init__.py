"""Scores of decompositions against a known truth, and recordings compared with simulations."""

from trialtensor_models.analysis.by_region import changes_by_region, curves_by_region
from trialtensor_models.analysis.comparison import (
    ModelComparison,
    about_conditions,
    compare,
    plot_model_comparison,
)
from trialtensor_models.analysis.exact import ExactTensor, make_exact
from trialtensor_models.analysis.patterns import (
    CURVES,
    component_patterns,
    learning_patterns,
    trial_factors,
)
from trialtensor_models.analysis.recovery import Recovery, recovery_table, score_recovery
from trialtensor_models.analysis.scores import (
    Score,
    factor_score,
    learning_score,
    one_factor_scores,
    region_score,
    subspace_overlap,
    subspace_score,
)

__all__ = [
    "CURVES",
    "ExactTensor",
    "ModelComparison",
    "Recovery",
    "Score",
    "about_conditions",
    "changes_by_region",
    "compare",
    "component_patterns",
    "curves_by_region",
    "factor_score",
    "learning_patterns",
    "learning_score",
    "make_exact",
    "one_factor_scores",
    "plot_model_comparison",
    "recovery_table",
    "region_score",
    "score_recovery",
    "subspace_overlap",
    "subspace_score",
    "trial_factors",
]
