"""Datasets as one problem, and the last solve of a fit: scale, signs, exact rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from trialtensor.models.coupled.datasets import KeptDatasets
from trialtensor.models.observed import as_problem as as_least_squares
from trialtensor.solvers import canonical
from trialtensor.solvers.coupled_problem import CoupledFactors, CoupledProblem
from trialtensor.solvers.determination import solve_open_rows
from trialtensor.solvers.problems import shares_of, sum_of_squares


def as_problem(
    kept: KeptDatasets,
    columns: Sequence[np.ndarray],
    balanced: bool,
    scales: np.ndarray | None = None,
) -> tuple[CoupledProblem, np.ndarray]:
    """Return the problem, and the factor by which each dataset is scaled to get its weight.

    The problem takes over the values, a dataset at a time, so that few of them exist twice.
    """
    if scales is None:
        norms = np.array([sum_of_squares(values) for values in kept.values])
        scales = np.sqrt(norms.mean() / norms) if balanced else np.ones(len(norms))
    problems = []
    for i, (observed, scale) in enumerate(zip(kept.masks, scales, strict=True)):
        values = kept.take(i)
        if scale != 1:
            values = np.multiply(values, scale, dtype=values.dtype)
        problems.append(as_least_squares(values, observed)[0])
    n_components = 1 + max(int(own.max(initial=-1)) for own in columns)
    return CoupledProblem(problems, columns, n_components), scales


def solved(
    problem: CoupledProblem,
    factors: CoupledFactors,
    nonnegative: tuple[bool, bool, bool],
    shared_axis: str,
    levels: Sequence[float] | None = None,
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray], np.ndarray, np.ndarray]:
    """Solve for the trial factors once more, as ``transform`` does; move scale into strengths.

    Returns unit columns of all ``n_components`` for every tensor (zeros where it lacks one),
    ``(n_tensors, n_components)`` strengths, and the norms that trial factors had: an array, or one
    row for each tensor. ``levels`` are those of the ridge on each array.
    """
    n_tensors, rank = len(problem.problems), problem.n_components
    factors = _without_traces(problem, factors)
    if shared_axis == "trial":
        level = None if levels is None else levels[0]
        solve = partial(shared_rows, problem, factors, nonnegative=nonnegative[0])
        factors = (_without_dead(solve, rank, level), *factors[1:])
    else:
        solved = [factors[0]]
        for i in range(n_tensors):
            shared, neuron, _ = problem.of(factors, i)
            level = None if levels is None else levels[2 * i + 2]
            solve = partial(_own_rows, problem, i, (shared, neuron), nonnegative=nonnegative[2])
            solved += [neuron, _without_dead(solve, neuron.shape[1], level)]
        factors = tuple(solved)
    shared, size = canonical.unit_columns(factors[0])
    strength = np.zeros((n_tensors, rank))
    trial = size if shared_axis == "trial" else np.zeros((n_tensors, rank))
    neurons, own = [], []
    for i, columns in enumerate(problem.columns):
        whole = []
        strength[i, columns] = size[columns]
        for factor in factors[2 * i + 1 : 2 * i + 3]:
            unit, norms = canonical.unit_columns(factor)
            strength[i, columns] *= norms
            padded = np.zeros((len(factor), rank), factor.dtype)
            padded[:, columns] = unit
            whole.append(padded)
        if shared_axis != "trial":
            trial[i, columns] = norms
        neurons.append(whole[0])
        own.append(whole[1])
    return shared, neurons, own, strength, trial


def _without_traces(problem: CoupledProblem, factors: CoupledFactors) -> CoupledFactors:
    """Set to zero what sweeps with a ridge have shrunk to 1e-170, so that nothing divides by it."""
    cleaned = [factor.copy() for factor in factors]
    sizes = np.zeros((len(problem.problems), problem.n_components))
    for i, columns in enumerate(problem.columns):
        sizes[i, columns] = canonical.component_sizes(problem.of(factors, i))
    gone = canonical.are_traces(sizes)
    for i, columns in enumerate(problem.columns):
        for factor in cleaned[2 * i + 1 : 2 * i + 3]:
            factor[:, gone[i, columns]] = 0
    cleaned[0][:, gone.all(axis=0)] = 0
    return tuple(cleaned)


def _without_dead(solve: Callable[..., np.ndarray], rank: int, level: float | None) -> np.ndarray:
    """Solve once more without components that came out as zero, as ``transform`` does."""
    if level is None:
        return solve(ridge=None)
    ridge = np.full(rank, level)
    found = solve(ridge=ridge)
    dead = ~found.any(axis=0)
    return solve(ridge=np.where(dead, 0, ridge)) if dead.any() and not dead.all() else found


def shared_rows(
    problem: CoupledProblem,
    factors: CoupledFactors,
    *,
    ridge: np.ndarray | None,
    nonnegative: bool,
) -> np.ndarray:
    """Solve exactly for the factor that all tensors share, given the others."""
    grams, rhs = problem.shared_equations(factors)
    missing = problem.missing_shares()[0]
    return solve_open_rows(grams, rhs, ridge, missing, nonnegative=nonnegative)


def _own_rows(
    problem: CoupledProblem,
    i: int,
    others: tuple[np.ndarray, np.ndarray],
    *,
    ridge: np.ndarray | None,
    nonnegative: bool,
) -> np.ndarray:
    """Solve for the factor of the last axis exactly."""
    each = problem.problems[i]
    observed = getattr(each, "observed", None)
    pattern = getattr(each, "pattern", None)
    if pattern is not None:
        observed = pattern.as_mask(each.X.shape)
    return last_rows(each.X, observed, others, ridge, nonnegative=nonnegative)


def last_rows(
    X: np.ndarray,
    observed: np.ndarray | None,
    others: tuple[np.ndarray, np.ndarray],
    ridge: np.ndarray | None = None,
    *,
    nonnegative: bool,
) -> np.ndarray:
    """Solve exactly for the factor of the last axis, given those of the first and the second."""
    first, middle = others
    turned = np.ascontiguousarray(X.transpose(2, 1, 0))
    seen = None if observed is None else np.ascontiguousarray(observed.transpose(2, 1, 0))
    problem, _ = as_least_squares(turned, seen)
    start = np.zeros((len(turned), first.shape[1]), first.dtype)
    grams, rhs = problem.trial_equations((start, middle, first))
    missing = np.zeros(1) if seen is None else shares_of(seen)[0]
    return solve_open_rows(grams, rhs, ridge, missing, nonnegative=nonnegative)


def signed(
    shared: np.ndarray,
    neurons: list[np.ndarray],
    own: list[np.ndarray],
    strength: np.ndarray,
    nonnegative: tuple[bool, bool, bool],
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Make factors positively skewed, as far as the sign of the shared factor allows.

    It is what most of the strength would have; a tensor that would have the other keeps its own
    axis positively skewed, and its neurons take the sign that is left.
    """
    skew = [canonical.skewness_sign(n) * canonical.skewness_sign(o)
            for n, o in zip(neurons, own, strict=True)]  # fmt: skip
    votes = np.sum(strength**2 * np.array(skew), axis=0)
    flip = np.where((votes < 0) & (not nonnegative[0]), -1, 1).astype(shared.dtype)
    signed_neurons, signed_own = [], []
    for neuron, other in zip(neurons, own, strict=True):
        of_own = flip if nonnegative[1] else canonical.skewness_sign(other)
        signed_own.append(other * of_own)
        signed_neurons.append(neuron * of_own * flip)
    return shared * flip, signed_neurons, signed_own
