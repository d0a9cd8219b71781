"""What the components of a fitted model say of the fast and the slow learning curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor_models.analysis.known import known_rows

CURVES = ("fast", "slow")


def trial_factors(model: Any) -> np.ndarray:
    """Take the trial factors, or the loadings of trial-slicing components.

    Parameters
    ----------
    model : fitted TCA or SliceTCA

    Returns
    -------
    (n_trials, n_components) array
    """
    name = "trial_factors_" if hasattr(model, "trial_factors_") else "trial_loadings_"
    _check_has(model, name)
    factors = np.asarray(getattr(model, name))
    if not factors.shape[1]:
        raise ValueError("model: it has no component with a weight a trial, so nothing to score")
    return factors


def component_patterns(model: Any) -> np.ndarray:
    """Find the pattern that a unit of each trial factor adds to a trial.

    Parameters
    ----------
    model : fitted TCA or SliceTCA

    Returns
    -------
    (n_components, n_neurons, n_times) array
    """
    if hasattr(model, "trial_factors_"):
        neuron, time = model.neuron_factors_ * model.weights_, model.time_factors_
        return np.einsum("nr,tr->rnt", neuron, time)
    _check_has(model, "trial_slices_")
    return np.asarray(model.trial_slices_)


def _check_has(model: Any, name: str) -> None:
    """Refuse a model without an array: none of ours, one that isn't fitted, or of another kind."""
    if isinstance(model, type) or getattr(model, name, None) is None:
        raise ValueError(
            f"model: expected a fitted TCA or SliceTCA, got {type(model).__name__} without {name}"
        )


def learning_patterns(
    factors: np.ndarray, patterns: np.ndarray, curves: np.ndarray
) -> dict[str, np.ndarray]:
    """Find the patterns that the model's trials gain with the fast and with the slow curve.

    The trial factors are regressed on the curves, so a rotation among components doesn't matter.

    Parameters
    ----------
    factors : (n_trials, n_components) array
        Of `trial_factors`. Trials that are missing (NaN or masked) here or in a curve are left out.
    patterns : (n_components, n_neurons, n_times) array
        Of `component_patterns`.
    curves : (n_trials, 2) array

    Returns
    -------
    dict of (n_neurons, n_times) arrays
    """
    factors, curves = known_rows(factors=factors, curves=curves)
    patterns = as_floats(patterns, "patterns")
    if patterns.ndim != 3 or len(patterns) != factors.shape[-1]:
        raise ValueError(
            f"patterns: expected ({factors.shape[-1]}, n_neurons, n_times), a pattern for each "
            f"component, got shape {patterns.shape}"
        )
    design = np.column_stack([np.ones(len(curves)), curves])
    slopes = np.linalg.lstsq(design, factors, rcond=None)[0][1:]
    return {
        name: np.einsum("r,rnt->nt", slope, patterns)
        for name, slope in zip(CURVES, slopes, strict=True)
    }
