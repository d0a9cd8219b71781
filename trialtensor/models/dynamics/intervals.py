"""Intervals of the course of fitted dynamics: strengths, matrices and spectral radii by trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

from trialtensor.data.shown import OneLine
from trialtensor.models.dynamics import trials
from trialtensor.models.fitted import Fitted
from trialtensor.models.new_trials import known_rows
from trialtensor.solvers.acceleration import balance
from trialtensor.solvers.dynamics_problem import in_span
from trialtensor.solvers.dynamics_spread import Spread
from trialtensor.solvers.result import Factors
from trialtensor.solvers.smoothness_choice import strength_of
from trialtensor.solvers.transitions import Transitions


@dataclass(frozen=True, eq=False, repr=False)
class DynamicsIntervals(OneLine):
    """Intervals for every trial, lower and upper ends; NaN for a trial without a transition.

    Attributes
    ----------
    trial_factors : (2, n_trials, R) array
        Of the strength of each component, in the units of ``trial_factors_``.
    matrices : (2, n_trials, n_neurons, n_neurons) array
        Of each entry of ``W_k``.
    spectral_radius : (2, n_trials) array
    level : float
    smoothness : float
        Of the fit, in trials.
    """

    trial_factors: np.ndarray
    matrices: np.ndarray
    spectral_radius: np.ndarray
    level: float
    smoothness: float


def intervals(
    fitted: Fitted, X: Any, mask: Any, level: float, n_draws: int, rng: np.random.Generator
) -> DynamicsIntervals:
    """Estimate intervals from the data of the fit.

    Parameters
    ----------
    fitted : Fitted
    X, mask : the data of the fit
    level : float
    n_draws : int
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        For other data than those of the fit.
    """
    steps = trials.new_transitions(fitted, X, mask)
    if not np.array_equal(steps.counts, fitted["n_transitions"]):
        raise ValueError(
            "X: intervals need the trials that the model was fitted to, with the same bins missing"
        )
    factors, draws = _draws(fitted, steps, n_draws, rng)
    half = float(scipy.special.ndtri((1 + level) / 2))
    strength, d_strength = _strengths(factors, draws)
    weights = np.where(fitted["weights"] > 0, fitted["weights"], 1)
    absent = steps.counts == 0
    known = known_rows(fitted["output_factors"])
    matrices, radius = _matrices(factors, draws, half)
    whole = np.full((2, len(absent), len(known), len(known)), np.nan)
    whole[np.ix_(np.ones(2, bool), ~absent, known, known)] = matrices[:, ~absent]
    ends = np.array([strength, strength]) / weights
    spread = half * d_strength / weights
    ends += np.array([-spread, spread])
    ends[:, absent], radius[:, absent] = np.nan, np.nan
    return DynamicsIntervals(ends, whole, radius, level, trials.smoothness_of(fitted))


def _draws(
    fitted: Fitted, steps: Transitions, n_draws: int, rng: np.random.Generator
) -> tuple[Factors, Factors]:
    """Return the factors of neurons, and draws of how far they may be off."""
    states = in_span(steps)
    output, source = trials.known_factors(fitted)
    inside = (
        trials.course(fitted, steps),
        states.outputs.T @ output,
        (states.inputs / np.sum(states.inputs**2, axis=0)).T @ source,
    )
    factors = balance(inside)
    smoothness = trials.smoothness_of(fitted)
    strength = strength_of(smoothness, steps.counts) if smoothness else 0.0
    spread = Spread(states, np.flatnonzero(steps.counts), factors, strength)
    residual = _residual_moments(
        steps, factors[0], states.outputs @ factors[1], states.inputs @ factors[2]
    )
    n_steps = int(steps.counts.sum())
    noise = states.outputs.T @ residual @ states.outputs / n_steps
    draws, used = spread.draws(noise, n_draws, rng)
    free = max(1 - used / (n_steps * len(noise)), 1 / n_steps)
    trial, output, source = (each / free**0.5 for each in draws)
    maps = states.outputs, states.inputs
    return (
        (factors[0], maps[0] @ factors[1], maps[1] @ factors[2]),
        (trial, np.matmul(maps[0], output), np.matmul(maps[1], source)),
    )


def _residual_moments(
    steps: Transitions, trial: np.ndarray, output: np.ndarray, source: np.ndarray
) -> np.ndarray:
    found = np.zeros((len(output),) * 2)
    for strength, (before, after) in zip(trial, steps, strict=True):
        residual = after - (output * strength) @ (source.T @ before)
        found += residual @ residual.T
    return found


def _strengths(factors: Factors, draws: Factors) -> tuple[np.ndarray, np.ndarray]:
    """Return the strength of each component with unit patterns, and its standard deviation."""
    trial, *patterns = factors
    sizes = [np.linalg.norm(each, axis=0) for each in patterns]
    scale = np.prod(sizes, axis=0)
    change = draws[0] * scale
    for pattern, size, draw in zip(patterns, sizes, draws[1:], strict=True):
        safe = np.where(size > 0, size, 1)
        growth = np.einsum("ir,nir->nr", pattern, draw) / safe**2
        change = change + trial * (scale * growth[:, None, :])
    return trial * scale, np.sqrt(np.mean(change**2, axis=0))


def _matrices(factors: Factors, draws: Factors, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper ends of matrices, and of their spectral radii."""
    trial, output, source = factors
    d_trial, d_output, d_source = draws
    n_trials, n = len(trial), len(output)
    found, radius = np.empty((2, n_trials, n, n)), np.empty((2, n_trials))
    for k, strengths in enumerate(trial):
        W = (output * strengths) @ source.T
        change = np.matmul(output * d_trial[:, k, None, :] + d_output * strengths, source.T)
        change += np.matmul(output * strengths, d_source.swapaxes(1, 2))
        spread = half * np.sqrt(np.mean(change**2, axis=0))
        found[:, k] = W - spread, W + spread
        middle, slope = _radius(W)
        spread = half * np.sqrt(np.mean(np.einsum("ij,nij->n", slope, change) ** 2))
        radius[:, k] = max(middle - spread, 0.0), middle + spread
    return found, radius


def _radius(W: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the spectral radius, and its derivative with respect to every entry."""
    values, left, right = scipy.linalg.eig(W, left=True)
    top = int(np.argmax(np.abs(values)))
    size = float(np.abs(values[top]))
    overlap = np.vdot(left[:, top], right[:, top])
    if size == 0 or overlap == 0:
        return size, np.zeros(W.shape)
    slope = np.outer(left[:, top].conj(), right[:, top]) / overlap
    return size, np.real(np.conj(values[top]) / size * slope)
