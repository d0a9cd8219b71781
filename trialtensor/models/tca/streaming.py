"""``TCA.partial_fit``: adding trials to a model that doesn't keep the earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.models.fitted import FitRecord, Fitted, Named, Restart
from trialtensor.models.new_trials import check_new_trials, known_rows
from trialtensor.models.observed import Observed, insert_empty, warn_empty
from trialtensor.models.parts import explained
from trialtensor.models.tca.outcome import as_arrays, assemble
from trialtensor.models.undetermined import ridge_of
from trialtensor.solvers import contraction, diagnostics, leading, streaming
from trialtensor.solvers.degeneracy import CANCELLING, is_degenerate
from trialtensor.solvers.determination import solve_open_rows
from trialtensor.solvers.leading import Leading
from trialtensor.solvers.matching import match_components
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.result import Factors, StopReason
from trialtensor.solvers.streaming import Past
from trialtensor.solvers.threads import blas_threads_for

# Try new starts each time the number of trials has grown by this factor.
_MORE_TRIALS = 1.1
Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Memory:
    """Statistics kept of trials that are no longer stored.

    Attributes
    ----------
    past : Past
        For the neuron and time factors of the model.
    leading : Leading
        Their strongest patterns.
    squares : float
        Sum of squares of what was observed.
    n_trials, n_at_last_starts : int
        Trials so far, and when new starts were last tried.
    """

    past: Past
    leading: Leading
    squares: float
    n_trials: int
    n_at_last_starts: int


def begin(fitted: Fitted, X: Any, mask: Any) -> tuple[Fitted, Memory]:
    """Start the memory from the trials that a model was just fitted to."""
    known = _known(fitted)
    new = check_new_trials(fitted, X, mask, known, fitted["neuron_factors"].dtype)
    trial = (fitted["trial_factors"] * fitted["weights"])[new.kept[0]].astype(np.float64)
    neuron, time = _factors(fitted, known)
    past = streaming.nothing(len(fitted["weights"]), len(neuron), len(time))
    X = _filled(new, (trial, neuron, time))
    n_trials = int(new.kept[0].sum())
    n_patterns = leading.n_patterns(len(fitted["weights"]))
    nobody = Leading(np.zeros((0, *X.shape[1:])), n_patterns)
    memory = Memory(past.and_trials(X, trial), nobody.and_trials(X), new.norm2, n_trials, n_trials)
    return replace(fitted, arrays={**fitted.arrays, **_seen(memory)}), memory


def go_on(
    fitted: Fitted,
    memory: Memory | None,
    X: Any,
    mask: Any,
    nonnegative: tuple[bool, ...],
    *,
    max_iter: int,
    tol: float,
) -> tuple[Fitted, Memory]:
    """Add trials to the memory, and fit neuron and time factors to all of it.

    Parameters
    ----------
    fitted : Fitted
        The model so far.
    memory : Memory, optional
        None for a model from ``fit`` or from a file: then the model stands in for its trials.
    X, mask : the new trials
    nonnegative : three bools, by axis
    max_iter, tol : as for ``fit``

    Returns
    -------
    Fitted, Memory
    """
    known = _known(fitted)
    new = check_new_trials(fitted, X, mask, known, fitted["neuron_factors"].dtype)
    warn_empty(new.kept[:1], ("trial",))
    memory = memory or _recall(fitted, known)
    neuron, time = _factors(fitted, known)
    with blas_threads_for(new.values.size):
        ridge = ridge_of(fitted)
        trial = _solve(new, neuron, time, nonnegative[0], ridge)
        X = _filled(new, (trial, neuron, time))
        past = memory.past.and_trials(X, trial)
        past, neuron, time, reason = streaming.refit(
            past, neuron, time, nonnegative, max_iter=max_iter, tol=tol
        )
        patterns, n_now = memory.leading.and_trials(X), memory.n_trials + len(trial)
        fresh = n_now >= _MORE_TRIALS * memory.n_at_last_starts
        past, neuron, time = leading.look_again(
            patterns, past, neuron, time, nonnegative, fresh=fresh
        )
        trial = _solve(new, neuron, time, nonnegative[0], ridge)
    memory = Memory(
        past,
        patterns,
        memory.squares + sum_of_squares(new.values),
        n_now,
        n_now if fresh else memory.n_at_last_starts,
    )
    return _describe(fitted, memory, new, known, (trial, neuron, time), nonnegative, reason), memory


def _seen(memory: Memory) -> dict[str, Named]:
    return {
        "n_trials_seen": Named((), memory.n_trials),
        "trial_gram": Named(("component", "other_component"), memory.past.gram),
    }


def _recall(fitted: Fitted, known: Pair) -> Memory:
    """Return the memory of the trials that a model was fitted to."""
    if "trial_gram" in fitted.arrays:
        gram, n_seen = fitted["trial_gram"], int(fitted["n_trials_seen"])
    else:
        trial = (fitted["trial_factors"] * fitted["weights"]).astype(np.float64)
        trial = trial[known_rows(trial)]
        gram, n_seen = trial.T @ trial, len(trial)
    factors = _factors(fitted, known)
    past = streaming.as_the_model_has_it(gram, *factors, float(np.nan_to_num(fitted.record.loss)))
    return Memory(past, leading.of_model(gram, *factors), past.norm2, n_seen, n_seen)


def _known(fitted: Fitted) -> Pair:
    return known_rows(fitted["neuron_factors"]), known_rows(fitted["time_factors"])


def _factors(fitted: Fitted, known: Pair) -> Pair:
    return (
        fitted["neuron_factors"][known[0]].astype(np.float64),
        fitted["time_factors"][known[1]].astype(np.float64),
    )


def _solve(
    new: Observed, neuron: np.ndarray, time: np.ndarray, nonnegative: bool, ridge: Any
) -> np.ndarray:
    dtype = new.values.dtype
    start = np.zeros((len(new.values), neuron.shape[1]), dtype)
    factors = (start, neuron.astype(dtype), time.astype(dtype))
    grams, rhs = new.problem().trial_equations(factors)
    found = solve_open_rows(grams, rhs, ridge, new.missing_of_rows, nonnegative=nonnegative)
    return found.astype(np.float64)


def _filled(new: Observed, factors: Factors) -> np.ndarray:
    """Return the new trials, with missing entries filled from the model."""
    if new.mask is None:
        return new.values
    return np.where(new.mask, new.values, contraction.reconstruct(factors))


def _describe(
    before: Fitted,
    memory: Memory,
    new: Observed,
    known: Pair,
    factors: Factors,
    nonnegative: tuple[bool, ...],
    reason: StopReason,
) -> Fitted:
    """Describe the model of all trials so far, with the trial factors of the new ones."""
    trial, neuron, time = factors
    past, dtype = memory.past, before["neuron_factors"].dtype
    scale = np.sqrt(np.diag(past.gram))
    unit = (trial / np.where(scale > 0, scale, 1)).astype(dtype)
    whole = (
        insert_empty(unit, new.kept[0]),
        insert_empty(neuron.astype(dtype), known[0]),
        insert_empty(time.astype(dtype), known[1]),
    )
    products = (neuron.T @ neuron) * (time.T @ time)
    with_data = np.einsum("rnt,nr,tr->r", past.moments, neuron, time, optimize=True)
    variance = diagnostics.commonality(past.gram * products, with_data, memory.squares)
    # Of the trial factors only their inner products are known: any with the same will do.
    values, vectors = np.linalg.eigh(past.gram)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    cosine = diagnostics.triple_cosine((root, neuron, time))
    core_consistency = diagnostics.core_consistency(
        new.values.astype(np.float64), factors, new.mask
    )
    arrays = {
        **as_arrays(whole, scale.astype(dtype)),
        **explained(variance),
        "core_consistency": Named((), core_consistency),
        "triple_cosine": Named((), cosine),
        **_seen(memory),
        **{name: before.arrays[name] for name in ("trial_ridge",) if name in before.arrays},
    }
    loss = past.loss(neuron, time)
    record = FitRecord(
        loss=loss,
        loss_history=np.array([loss]),
        explained_variance_ratio=np.float64(1 - loss / memory.squares),
        n_iter=before.record.n_iter + 1,
        stop_reason=_verdict(before, reason, cosine),
        restarts=[],
    )
    restarts = _restarts(before, memory, known, whole, record, scale.astype(dtype), nonnegative)
    coords = {name: c for name, c in before.coords.items() if c[0] != "trial"}
    return assemble(
        arrays,
        record=replace(record, restarts=restarts),
        data=_summary(before, memory, new),
        coords=coords,
    )


def _verdict(before: Fitted, reason: StopReason, cosine: float) -> StopReason:
    """Return the stop reason; more trials alone don't mend components that cancel each other."""
    still = before.record.stop_reason is StopReason.DEGENERATE and cosine < CANCELLING
    return StopReason.DEGENERATE if still or is_degenerate(cosine) else reason


def _restarts(
    before: Fitted,
    memory: Memory,
    known: Pair,
    factors: Factors,
    record: FitRecord,
    weights: np.ndarray,
    nonnegative: tuple[bool, ...],
) -> list[Restart]:
    """Return the model, then the other restarts, each with its loss over all trials.

    Their neuron and time factors are those that they found in the first trials. Trial factors
    aren't kept.
    """
    _, neuron, time = factors
    axes = ("neuron", "time")
    seeds = [restart.seed for restart in before.record.restarts]
    best = Restart(
        seed=seeds[0] if seeds else None,
        origin=before.record.restarts[0].origin if seeds else None,
        loss=record.loss,
        explained_variance=float(record.explained_variance_ratio),
        similarity=1.0,
        stop_reason=record.stop_reason,
        n_iter=record.n_iter,
        factors=(neuron, time),
        weights=weights,
        axes=axes,
    )
    ours = neuron[known[0]].astype(np.float64), time[known[1]].astype(np.float64)
    least = leading.loss_on(memory.leading, memory.past, *ours)
    found = [best]
    for restart in before.record.restarts[1:]:
        theirs = (
            restart.factors[-2][known[0]].astype(np.float64),
            restart.factors[-1][known[1]].astype(np.float64),
        )
        ones = np.ones((1, len(weights)))
        _, similarity = match_components((ones, *ours), (ones, *theirs))
        excess = leading.loss_on(memory.leading, memory.past, *theirs) - least
        loss = record.loss + max(excess, 0.0)
        found.append(
            replace(
                restart,
                loss=loss,
                explained_variance=1 - loss / memory.squares,
                similarity=similarity,
                factors=restart.factors[-2:],
                axes=axes,
                on_full_data=False,
            )
        )
    return [best, *sorted(found[1:], key=lambda restart: restart.loss)]


def _summary(before: Fitted, memory: Memory, new: Observed) -> dict[str, Any]:
    shape = (memory.n_trials, *before.data["shape"][1:])
    n_new = new.values.size if new.mask is None else int(new.mask.sum())
    n_observed = int(before.data["n_observed"]) + n_new
    size = int(np.prod(shape))
    return {
        **before.data,
        "shape": shape,
        "n_observed": n_observed,
        "missing_fraction": 1 - n_observed / size,
        "missing_pattern": "none" if n_observed == size else "entries",
        "empty_trials": 0,
        "treatment": f"{memory.n_trials} trials were fitted in batches and not kept.",
    }
