"""``TCA.partial_fit``: more trials for a model that doesn't keep the earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import inputs
from trialtensor.models.new_trials import NewTrials, check_new_trials
from trialtensor.solvers import contraction, diagnostics
from trialtensor.solvers.leading import Leading, look_again, n_patterns, of_model
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.row_updates import solve_rows
from trialtensor.solvers.streaming import Past, as_the_model_has_it, nothing, refit
from trialtensor.solvers.threads import blas_threads_for

if TYPE_CHECKING:
    from trialtensor.models.tca import TCA

# New starts are tried when there are so many times the trials that there were at the last ones.
_MORE_TRIALS = 1.1


def begin(model: TCA, X: Any, mask: Any) -> None:
    """Remember the trials that a model was just fitted to."""
    known = _known(model)
    new = check_new_trials(model, X, mask, known, model.neuron_factors_.dtype)
    trial = (model.trial_factors_ * model.weights_)[new.kept[0]].astype(np.float64)
    neuron, time = _factors(model, known)
    past = nothing(len(model.weights_), len(neuron), len(time))
    X = _filled(new, (trial, neuron, time))
    n_trials = int(new.kept[0].sum())
    nobody = Leading(np.zeros((0, *X.shape[1:])), n_patterns(len(model.weights_)))
    model._leading, model._n_at_last_starts = nobody.and_trials(X), n_trials
    _remember(model, past.and_trials(X, trial), sum_of_squares(new.values), n_trials)


def go_on(model: TCA, X: Any, mask: Any, nonnegative: tuple[bool, bool, bool]) -> None:
    """Add trials to what is remembered, and fit neuron and time factors to all of it."""
    known = _known(model)
    new = check_new_trials(model, X, mask, known, model.neuron_factors_.dtype)
    inputs.warn_empty((new.kept[0], np.ones(1, bool), np.ones(1, bool)))
    past, squares, n_seen = _recall(model, known)
    neuron, time = _factors(model, known)
    with blas_threads_for(new.values.size):
        trial = _solve(new, neuron, time, nonnegative[0])
        X = _filled(new, (trial, neuron, time))
        past = past.and_trials(X, trial)
        past, neuron, time = refit(past, neuron, time, nonnegative)
        leading, n_now = model._leading.and_trials(X), n_seen + len(trial)
        fresh = n_now >= _MORE_TRIALS * model._n_at_last_starts
        past, neuron, time = look_again(leading, past, neuron, time, nonnegative, fresh=fresh)
        trial = _solve(new, neuron, time, nonnegative[0])
    model._leading = leading
    if fresh:
        model._n_at_last_starts = n_now
    _remember(model, past, squares + sum_of_squares(new.values), n_now)
    _store(model, new, known, (trial, neuron, time))


def forget(model: TCA) -> None:
    """A new fit knows nothing of earlier trials."""
    for name in (
        "_past",
        "_leading",
        "_n_at_last_starts",
        "_squares_seen",
        "n_trials_seen_",
        "trial_gram_",
    ):
        if hasattr(model, name):
            delattr(model, name)


def _remember(model: TCA, past: Past, squares: float, n_trials: int) -> None:
    model._past, model._squares_seen = past, squares
    model.n_trials_seen_, model.trial_gram_ = n_trials, past.gram


def _recall(model: TCA, known: tuple[np.ndarray, np.ndarray]) -> tuple[Past, float, int]:
    """What is remembered; of a model from ``fit`` or from a file, what the model says of it."""
    if hasattr(model, "_past"):
        return model._past, model._squares_seen, model.n_trials_seen_
    if hasattr(model, "trial_gram_"):
        gram, n_seen = model.trial_gram_, model.n_trials_seen_
    else:
        trial = (model.trial_factors_ * model.weights_).astype(np.float64)
        trial = trial[np.isfinite(trial).all(axis=1)]
        gram, n_seen = trial.T @ trial, len(trial)
    loss = float(np.nan_to_num(model.loss_))
    past = as_the_model_has_it(gram, *_factors(model, known), loss)
    model._leading, model._n_at_last_starts = of_model(gram, *_factors(model, known)), n_seen
    return past, past.norm2, n_seen


def _known(model: TCA) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.isfinite(model.neuron_factors_).all(axis=1),
        np.isfinite(model.time_factors_).all(axis=1),
    )


def _factors(model: TCA, known: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return (
        model.neuron_factors_[known[0]].astype(np.float64),
        model.time_factors_[known[1]].astype(np.float64),
    )


def _solve(new: NewTrials, neuron: np.ndarray, time: np.ndarray, nonnegative: bool) -> np.ndarray:
    dtype = new.values.dtype
    problem, _ = inputs.as_problem(new.values, new.observed)
    start = np.zeros((len(new.values), neuron.shape[1]), dtype)
    grams, rhs = problem.trial_equations((start, neuron.astype(dtype), time.astype(dtype)))
    return solve_rows(grams, rhs, nonnegative=nonnegative).astype(np.float64)


def _filled(new: NewTrials, factors: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """The new trials with the model where something is missing."""
    if new.observed is None:
        return new.values
    return np.where(new.observed, new.values, contraction.reconstruct(factors))


def _store(
    model: TCA,
    new: NewTrials,
    known: tuple[np.ndarray, np.ndarray],
    factors: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Fitted attributes, of all trials so far but for the trial factors."""
    trial, neuron, time = factors
    past, dtype = model._past, model.neuron_factors_.dtype
    weights = np.sqrt(np.diag(past.gram))
    unit = (trial / np.where(weights > 0, weights, 1)).astype(dtype)
    model.trial_factors_ = inputs.insert_empty(unit, new.kept[0])
    model.neuron_factors_ = inputs.insert_empty(neuron.astype(dtype), known[0])
    model.time_factors_ = inputs.insert_empty(time.astype(dtype), known[1])
    model.weights_ = weights.astype(dtype)
    products = (neuron.T @ neuron) * (time.T @ time)
    with_data = np.einsum("rnt,nr,tr->r", past.moments, neuron, time, optimize=True)
    variance = diagnostics.commonality(past.gram * products, with_data, model._squares_seen)
    for name in ("alone", "unique", "shared"):
        setattr(model, f"explained_variance_{name}_", getattr(variance, name))
    model.loss_ = past.loss(neuron, time)
    model.loss_history_ = np.array([model.loss_])
    model.explained_variance_ratio_ = np.float64(1 - model.loss_ / model._squares_seen)
    # Of the trial factors only their inner products are known: any with the same will do.
    values, vectors = np.linalg.eigh(past.gram)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    model.triple_cosine_ = diagnostics.triple_cosine((root, neuron, time))
    model.core_consistency_ = diagnostics.core_consistency(
        new.values.astype(np.float64), factors, new.observed
    )
    model.stop_reason_ = StopReason.CONVERGED
    model.n_iter_ += 1
    model.restarts_ = []
    model.coords_ = {name: c for name, c in model.coords_.items() if c[0] != "trial"}
    model.data_summary_ = {
        **model.data_summary_,
        "shape": (model.n_trials_seen_, *model.data_summary_["shape"][1:]),
        "treatment": f"{model.n_trials_seen_} trials were fitted in batches and not kept.",
    }
