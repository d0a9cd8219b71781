"""Choosing a model, and believing it."""

from trialtensor.selection.bootstrap import Bootstrap, bootstrap
from trialtensor.selection.masks import (
    Speckled,
    Splitter,
    TimeBlocks,
    TrialsByNeurons,
    WholeTrials,
)
from trialtensor.selection.profile import restart_profile
from trialtensor.selection.search import CrossValidatedSearch
from trialtensor.selection.stability import Stability, factor_match_score, stability

__all__ = [
    "Bootstrap",
    "CrossValidatedSearch",
    "Speckled",
    "Splitter",
    "Stability",
    "TimeBlocks",
    "TrialsByNeurons",
    "WholeTrials",
    "bootstrap",
    "factor_match_score",
    "restart_profile",
    "stability",
]
