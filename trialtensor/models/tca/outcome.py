"""Building a fitted TCA from the solver's result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.axes import AXES
from trialtensor.data.more_axes import assumed_axes
from trialtensor.models.comparison import aligned_restarts
from trialtensor.models.fitted import FitRecord, Fitted, Named, Restart
from trialtensor.models.observed import FitInput, insert_empty
from trialtensor.models.parts import explained, make_components, unexplained
from trialtensor.models.summary import unknown_data
from trialtensor.models.undetermined import (
    Judged,
    about_missing,
    disagreement,
    groups_of_trials,
    judge,
    largest_value,
    largest_where_missing,
    relative_difference,
    rivals_of,
)
from trialtensor.solvers import canonical, contraction, diagnostics
from trialtensor.solvers.determination import solve_open_rows
from trialtensor.solvers.normal_equations import full_gram
from trialtensor.solvers.passes.jobs import CPModel
from trialtensor.solvers.passes.missing_jobs import Apart, LargestWhereMissing
from trialtensor.solvers.passes.seen import CountedMask
from trialtensor.solvers.problems import contract_time, free_loss, shares_of
from trialtensor.solvers.result import Factors, SolverResult
from trialtensor.solvers.ridge import RidgeScale
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.runs import RestartResult

# A component whose square is less than this, in units of the ridge, is zero.
_DEAD = 1e-200


def describe(
    data: FitInput, found: list[RestartResult[Factors]], nonnegative: tuple[bool, ...]
) -> Fitted:
    """Describe a finished fit."""
    best, problem = found[0].result, data.problem
    best = best.with_factors(canonical.without_traces(best.factors))
    judged = None if data.observed is None else judge_fit(data, best.factors)
    ridge = _trial_ridge(problem, best, judged)
    factors, grams, rhs, core_consistency = _finish(data, best, nonnegative, ridge)
    loss = _exact_loss(data, factors, grams, rhs)
    variance = diagnostics.component_variance(grams, rhs, factors[0], problem.norm2)
    order = np.argsort(-variance.alone, kind="stable")
    trial, *others = (f[:, order] for f in factors)
    trial, weights = canonical.unit_columns(trial)
    unit = canonical.fix_signs((trial, *others), nonnegative)
    arrays = as_arrays(_whole(unit, data), weights, data.axes) | explained(variance, order)
    arrays["core_consistency"] = Named((), core_consistency)
    arrays["triple_cosine"] = Named((), diagnostics.triple_cosine(factors))
    arrays["trial_ridge"] = Named(("component",), ridge[order])
    if judged is not None:
        arrays |= _about_missing(data, judged, factors, found)
    restarts = _restarts(data, found, unit, weights, loss)
    record = FitRecord.of(best, loss, problem.norm2, restarts)
    return assemble(arrays, record=record, data=data.summary, coords=data.coords)


def judge_fit(data: FitInput, factors: Factors) -> Judged:
    """Judge how far the observed entries determine these factors, as the solver returned them."""
    problem: Any = data.problem
    return judge(problem, factors, RidgeScale.of(problem, factors[0].shape[1]))


def given(weights: np.ndarray, factors: Sequence[np.ndarray]) -> Fitted:
    """Describe factors from elsewhere; their fit to the data isn't known."""
    first, *others = (as_floats(f, "factors", None) for f in factors)
    units = [canonical.unit_columns(each) for each in others]
    trial, scale = canonical.unit_columns(reduce(mul, [first * weights, *(n for _, n in units)]))
    unit = (trial, *(each for each, _ in units))
    summary = unknown_data(tuple(map(len, unit)))
    arrays = as_arrays(unit, scale, assumed_axes(len(unit))) | unexplained(len(scale))
    arrays["core_consistency"] = Named((), float("nan"))
    arrays["triple_cosine"] = Named((), diagnostics.triple_cosine(unit))
    return assemble(arrays, record=FitRecord.given(), data=summary, coords={})


def assemble(
    arrays: Mapping[str, Named], *, record: FitRecord, data: dict[str, Any], coords: dict[str, Any]
) -> Fitted:
    """Combine arrays with the record of their fit."""
    return Fitted("TCA", arrays, make_components(arrays), record, data, coords)


def as_arrays(
    factors: Factors, weights: np.ndarray, axes: Sequence[str] = AXES
) -> dict[str, Named]:
    """Name the factors of all axes, and their weights."""
    arrays = {
        f"{axis}_factors": Named((axis, "component"), factor)
        for axis, factor in zip(axes, factors, strict=True)
    }
    return arrays | {"weights": Named(("component",), weights)}


def _trial_ridge(problem: Any, best: SolverResult[Factors], judged: Judged | None) -> np.ndarray:
    """Return the ridge on trial factors that have all the scale.

    A fit of complete data has none, but new trials may have missing entries.
    """
    if judged is None:
        scale = RidgeScale.of(problem, best.factors[0].shape[1])
        n_parameters = sum(factor.size for factor in best.factors)
        level = scale.on_undetermined(best.loss, n_parameters)[0]
    else:
        level = judged.levels[0]
    norms = [np.linalg.norm(factor.astype(np.float64), axis=0) for factor in best.factors[1:]]
    size = np.prod(norms, axis=0)
    # Sweeps with a ridge can leave a component at 1e-170.
    alive = size**2 > _DEAD * level
    return np.divide(level, size**2, out=np.zeros_like(size), where=alive)


def _about_missing(
    data: FitInput, judged: Judged, factors: Factors, found: list[RestartResult[Factors]]
) -> dict[str, Named]:
    """Name what is known of the model where entries are missing."""
    observed, problem = data.observed, data.problem
    assert observed is not None, "nothing is missing"
    shares = {
        axis: insert_empty(np.resize(judged.determination.open_shares[i], (n, 1)), kept)[:, 0]
        for i, (axis, n, kept) in enumerate(
            zip(data.axes, data.problem.shape, data.kept, strict=True)
        )
    }

    largest, apart = _told_where_missing(data, factors, found)
    places = range(1, len(observed.shape))
    seen = {
        data.axes[i]: np.asarray(observed.any(axis=tuple(j for j in places if j != i)))
        for i in places
    }
    groups = groups_of_trials(seen, factors[0].shape[1], data.kept[0])
    return about_missing(judged, largest / largest_value(problem.X), apart, shares) | groups


def _told_where_missing(
    data: FitInput, factors: Factors, found: list[RestartResult[Factors]]
) -> tuple[float, float]:
    """Return the largest size of the model where entries are missing, and how restarts differ."""
    observed: Any = data.observed
    problem: Any = data.problem
    if isinstance(observed, CountedMask):
        # The mask is where the data is, and so is this work.
        largest = problem.X.run(LargestWhereMissing(CPModel(factors)))[0]
        rivals = rivals_of(found, problem.n_observed)
        models = [CPModel(each.result.factors) for each in (found[0], *rivals)]
        sums, apart = problem.X.run(Apart(models[0], models[1:])) if rivals else ((0,) * 4, [])
        return float(largest), relative_difference(np.asarray(apart), *sums)

    def told(f: Factors, part: slice) -> np.ndarray:
        return contraction.reconstruct((f[0][part], *f[1:]))

    parts = contraction.trial_chunks(problem.X.shape)
    return (
        largest_where_missing(observed, lambda part: told(factors, part)),
        disagreement(found, problem.n_observed, told, lambda part: ~observed[part], parts),
    )


def _finish(
    data: FitInput,
    best: SolverResult[Factors],
    nonnegative: tuple[bool, ...],
    ridge: np.ndarray,
) -> tuple[Factors, np.ndarray, np.ndarray, float]:
    """Solve for the trials once more, exactly as ``transform`` does, with all scale in the trials.

    Also the normal equations of that solve, and the core consistency of the result: on complete
    data one pass serves both.
    """
    trial, *others = best.factors
    others = [canonical.unit_columns(each)[0] for each in others]
    if data.observed is None and len(others) == 2:
        neuron, time = others
        partial = contract_time(data.problem.X, time)
        grams = full_gram((trial, neuron, time), 0)
        rhs = contraction.trials_from_partial(partial, neuron)
        solved = solve_rows(grams, rhs, nonnegative=nonnegative[0])
        factors: Factors = (solved, neuron, time)
        consistency = diagnostics.core_consistency_from_partial(partial, factors)
    else:
        grams, rhs = data.problem.trial_equations((trial, *others))
        missing = np.zeros(1) if data.observed is None else shares_of(data.observed)[0]
        trial = solve_open_rows(grams, rhs, ridge, missing, nonnegative=nonnegative[0])
        factors = (trial, *others)
        consistency = diagnostics.core_consistency(data.problem.X, factors, data.observed)
    return factors, grams, rhs, consistency


def _exact_loss(data: FitInput, factors: Factors, grams: np.ndarray, rhs: np.ndarray) -> float:
    """Compute the loss to full precision, from residuals if the cheap form cancels."""
    problem = data.problem
    loss = free_loss(problem.norm2, grams, rhs, factors[0])
    rounding = float(np.finfo(problem.X.dtype).eps) * problem.norm2
    if loss > 1e9 * rounding:
        return loss
    return diagnostics.residual_sum_of_squares(problem.X, factors, data.observed)


def _whole(factors: Factors, data: FitInput) -> Factors:
    """Return factors with NaN rows for empty slices."""
    return tuple(insert_empty(f, k) for f, k in zip(factors, data.kept, strict=True))


def _restarts(
    data: FitInput,
    found: list[RestartResult[Factors]],
    best: Factors,
    weights: np.ndarray,
    loss: float,
) -> list[Restart]:
    norm2 = data.problem.norm2
    first, *others = aligned_restarts(
        found, best, loss, norm2, expand=lambda f: _whole(f, data), axes=data.axes
    )
    own = replace(first, similarity=1.0, factors=_whole(best, data), weights=weights)
    return [own, *others]
