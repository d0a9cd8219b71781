"""Fitting new trials with the loadings and slices of a SliceTCA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.models.fitted import Fitted
from trialtensor.models.new_trials import check_new_trials, known_rows, warn_empty_trials
from trialtensor.models.observed import Observed, insert_empty, nothing_to_explain
from trialtensor.models.slicetca.outcome import components_of
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.slices import Components, diagnostics
from trialtensor.solvers.slices.contraction import as_rows
from trialtensor.solvers.slices.new_trials import solve_trials
from trialtensor.solvers.slices.sweeps import SweepData
from trialtensor.solvers.threads import blas_threads_for


@dataclass(frozen=True)
class Told:
    """Settings of a SliceTCA that solving for new trials needs.

    Attributes
    ----------
    nonnegative : bool
    gauge : str
    missing_weight : float
    """

    nonnegative: bool
    gauge: str
    missing_weight: float


def transform(fitted: Fitted, told: Told, X: Any, mask: Any) -> np.ndarray:
    """Return the features (see ``as_features``) of the new trials ``X``."""
    new, found = _solve(fitted, told, X, mask)
    warn_empty_trials(new)
    (u, _, _), (_, B, C) = found
    if new.mask is not None:
        B = np.where(new.mask.any(axis=1), B, np.nan).astype(B.dtype, copy=False)
        C = np.where(new.mask.any(axis=2), C, np.nan).astype(C.dtype, copy=False)
    trials, neurons, times = new.kept
    whole_B = np.full((len(B), len(trials), len(times)), np.nan, B.dtype)
    whole_B[np.ix_(np.ones(len(B), bool), trials, times)] = B
    whole_C = np.full((len(C), len(trials), len(neurons)), np.nan, C.dtype)
    whole_C[np.ix_(np.ones(len(C), bool), trials, neurons)] = C
    return as_features(insert_empty(u, trials), whole_B, whole_C)


def score(fitted: Fitted, told: Told, X: Any, mask: Any) -> float:
    """Return the explained fraction of the sum of squares of ``X``, over known entries."""
    new, found = _solve(fitted, told, X, mask)
    total = new.norm2
    nothing_to_explain(total, new.values)
    return 1 - diagnostics.residual_sum_of_squares(new.values, found, new.mask) / total


def as_features(u: np.ndarray, B: np.ndarray, C: np.ndarray) -> np.ndarray:
    """Return one row per trial: its weights, its time courses, its neuron patterns.

    Parameters
    ----------
    u : (n_trials, R0) array
    B : (R1, n_trials, n_times) array
    C : (R2, n_trials, n_neurons) array

    Returns
    -------
    (n_trials, R0 + R1 * n_times + R2 * n_neurons) array
    """
    rows = [as_rows(part.swapaxes(0, 1)) for part in (B, C)]
    return np.concatenate([u, *rows], axis=1)


def from_features(fitted: Fitted, X: Any) -> Components:
    """Invert ``as_features``, with everything else as fitted."""
    features = as_floats(X, "X", None)
    (_, v, w), (A, _, _) = components = components_of(fitted)
    (r_trial, r_neuron, r_time), n_neurons, n_times = components.ranks, len(v), len(w)
    expected = r_trial + r_neuron * n_times + r_time * n_neurons
    if features.ndim != 2 or features.shape[1] != expected:
        raise ValueError(
            f"X: expected (n_trials, {expected}) as from transform, got {features.shape}"
        )
    u, B, C = np.split(features, [r_trial, r_trial + r_neuron * n_times], axis=1)
    B = B.reshape(len(u), r_neuron, n_times).swapaxes(0, 1)
    C = C.reshape(len(u), r_time, n_neurons).swapaxes(0, 1)
    return Components((u, v, w), (A, B, C))


def feature_names(fitted: Fitted) -> np.ndarray:
    """Name the columns of ``as_features``."""
    components = components_of(fitted)
    r_trial, r_neuron, r_time = components.ranks
    _, n_neurons, n_times = (len(loading) for loading in components.loadings)
    names = [f"trial{r}" for r in range(r_trial)]
    names += [f"neuron{r}_time{t}" for r in range(r_neuron) for t in range(n_times)]
    names += [f"time{r}_neuron{n}" for r in range(r_time) for n in range(n_neurons)]
    return np.array(names, dtype=object)


def _solve(fitted: Fitted, told: Told, X: Any, mask: Any) -> tuple[Observed, Components]:
    (u, v, w), (A, B, C) = components_of(fitted)
    known = _known(v, (A, C), (1, 2)), _known(w, (A, B), (2, 2))
    new = check_new_trials(fitted, X, mask, known, v.dtype)
    data = SweepData(new.values, sum_of_squares(new.values), new.mask, told.missing_weight)
    _, neurons, times = new.kept
    dtype = new.values.dtype
    # A trial-slice cell that was never observed has no information about new trials.
    A = np.nan_to_num(A[:, neurons][:, :, times].astype(dtype, copy=False))
    shared = Components(
        (u, v[neurons].astype(dtype, copy=False), w[times].astype(dtype, copy=False)), (A, B, C)
    )
    with blas_threads_for(new.values.size):
        found = solve_trials(data, shared, nonnegative=told.nonnegative, gauge=told.gauge)
    return new, found


def _known(
    loadings: np.ndarray, slices: tuple[np.ndarray, np.ndarray], axes: tuple[int, int]
) -> np.ndarray:
    """Return which neurons (or bins) the fit has seen, from any part of the model that shows it."""
    if loadings.shape[1]:
        return known_rows(loadings)
    for each, axis in zip(slices, axes, strict=True):
        if len(each):
            others = tuple(i for i in range(3) if i != axis)
            return np.isfinite(each).any(axis=others)
    return np.ones(len(loadings), bool)
