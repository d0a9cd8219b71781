"""Choosing and validating a model."""

from trialtensor.selection.bootstrap import Bootstrap, bootstrap
from trialtensor.selection.masks import (
    Speckled,
    Splitter,
    TimeBlocks,
    TrialsByNeurons,
    WholeTrials,
)
from trialtensor.selection.nulls import permute_trials, shift_times, shift_trials
from trialtensor.selection.profile import restart_profile
from trialtensor.selection.ranks import fit_ranks
from trialtensor.selection.residuals import ResidualReport, residual_report
from trialtensor.selection.scoring import HeldOutScore
from trialtensor.selection.search import CrossValidatedSearch
from trialtensor.selection.shared_structure import TooFewComponentsWarning
from trialtensor.selection.significance import component_test
from trialtensor.selection.similarity import factor_match_score, subspace_angles
from trialtensor.selection.stability import Stability, stability
from trialtensor.selection.tested import ComponentTest
from trialtensor.selection.transforms import TransformComparison, compare_transforms

__all__ = [
    "Bootstrap",
    "ComponentTest",
    "CrossValidatedSearch",
    "HeldOutScore",
    "ResidualReport",
    "Speckled",
    "Splitter",
    "Stability",
    "TimeBlocks",
    "TooFewComponentsWarning",
    "TransformComparison",
    "TrialsByNeurons",
    "WholeTrials",
    "bootstrap",
    "compare_transforms",
    "component_test",
    "factor_match_score",
    "fit_ranks",
    "permute_trials",
    "residual_report",
    "restart_profile",
    "shift_times",
    "shift_trials",
    "stability",
    "subspace_angles",
]
