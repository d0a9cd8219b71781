"""One fit of a search, and its error on held-out data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np

from trialtensor.models.base import TrialEstimator
from trialtensor.models.dynamics import TrialVaryingDynamics
from trialtensor.models.layout import Layout
from trialtensor.selection.components import known_form, known_masks, take_options
from trialtensor.selection.drawn import Rectangle
from trialtensor.selection.in_passes import InPasses
from trialtensor.selection.splitting import Split


@dataclass(frozen=True, order=True)
class Job:
    """One fit of a search: its candidate, split and seed."""

    candidate: int
    split: int
    seed: int

    @property
    def key(self) -> str:
        """Key in a results file."""
        return f"{self.candidate}/{self.split}/{self.seed}"


def fit_one(
    job: Job,
    model: TrialEstimator,
    layout: Any,
    split: Any,
    options: Mapping[str, Any],
    whole_trials: bool,
) -> tuple[Job, dict[str, Any]]:
    """Fit to the entries kept, and measure how well the held-out ones are predicted.

    Parameters
    ----------
    job : Job
    model : estimator
        Fitted in place.
    layout : Layout or InPasses
        Of all data.
    split : Split or Draw
    options : dict
        Further arguments of ``fit``.
    whole_trials : bool
        True if whole trials are held out, with nothing left to fit to.

    Returns
    -------
    job
    dict
        ``error``, ``explained``, ``stop_reason`` and ``n_parameters``.
    """
    with warnings.catch_warnings():
        # Convergence is in the table; a warning a fit would bury everything else.
        warnings.simplefilter("ignore")
        if isinstance(layout, InPasses):
            error, n_parameters = _in_passes(model, layout, split)
        elif whole_trials:
            error, n_parameters = _of_whole_trials(model, layout, split, options)
        else:
            model.fit(layout.form(layout.values), mask=_as_masks(layout, split.train), **options)
            error = _error(layout, layout.arrays(model.reconstruct()), split.test)
            n_parameters = model.fitted_.n_parameters
    record = model.fitted_.record
    return job, {
        "error": float(error),
        "explained": float(record.explained_variance_ratio),
        "stop_reason": record.stop_reason.value,
        "n_parameters": int(n_parameters),
    }


@singledispatch
def error_of_trials(model: TrialEstimator, X: Any, mask: Any, options: Mapping[str, Any]) -> float:
    """Return the relative squared error of new trials, with trial factors fitted to them.

    Parameters
    ----------
    model : fitted model
    X, mask : new trials
    options : dict
        Further arguments of ``score``.

    Returns
    -------
    float
    """
    return 1 - float(model.score(X, mask=mask, **options))


@error_of_trials.register
def _(model: TrialVaryingDynamics, X: Any, mask: Any, options: Mapping[str, Any]) -> float:
    """Fit trial factors to one half of the bins, and measure the prediction error in the other."""
    # NaN times zero would be NaN.
    values, seen = np.nan_to_num(np.asarray(X)), np.asarray(mask)
    known = np.isfinite(model.fitted_["output_factors"]).all(axis=1)
    loss = total = 0.0
    half = values.shape[2] // 2
    for bins in (slice(0, half), slice(half, None)):
        shown = seen.copy()
        shown[:, :, bins] = False
        W = np.nan_to_num(model.matrices(np.asarray(model.transform(X, mask=shown))))
        whole = np.asarray(seen[:, known].all(axis=1))
        # From bin to bin within the half that was hidden.
        first = max(bins.start, 1)
        targets = np.arange(first, half if bins.stop else values.shape[2])
        pairs = whole[:, targets] & whole[:, targets - 1]
        truth = values[:, :, targets].astype(np.float64)
        found = np.matmul(W, np.where(known[:, None], values[:, :, targets - 1], 0))
        truth, found = truth[:, known], found[:, known]
        loss += float(np.sum(np.square(truth - found) * pairs[:, None]))
        total += float(np.sum(np.square(truth) * pairs[:, None]))
    return loss / total if total else 1.0


def _in_passes(model: TrialEstimator, data: InPasses, draw: Any) -> tuple[float, int]:
    """Return the error of what a draw holds out, and the parameter count of a fit to all trials."""
    if not (isinstance(draw, Rectangle) and draw.neurons is None):
        return data.held_out(model, draw)
    kept, held = (np.flatnonzero(draw.trials == side) for side in (False, True))
    X, mask = data.of_trials(kept)
    model.fit(X, mask=mask)
    n_parameters = _of_all_trials(model, data, [held])
    return error_of_trials(model, *data.of_trials(held), {}), n_parameters


def _of_whole_trials(
    model: TrialEstimator, layout: Layout, split: Split, options: Mapping[str, Any]
) -> tuple[float, int]:
    """Return the error of held-out trials, and the parameter count of a fit to all trials."""
    new = _held_trials(layout, split.test)
    rows = [new[trials] for trials in layout.trials]
    kept, held = ([np.flatnonzero(each == side) for each in rows] for side in (False, True))
    train = layout.take(kept)
    masks = [mask[own] for mask, own in zip(split.train, kept, strict=True)]
    model.fit(
        train.form(train.values),
        mask=_as_masks(train, masks),
        **take_options(options, layout, kept[0]),
    )
    n_parameters = _of_all_trials(model, layout, held)
    test = layout.take(held)
    masks = [mask[own] for mask, own in zip(split.test, held, strict=True)]
    error = error_of_trials(
        model,
        _without_empty(known_form(model, test, test.values)),
        _without_empty(known_masks(model, test, masks)),
        take_options(options, layout, held[0]),
    )
    return error, n_parameters


def _held_trials(layout: Layout, test: Sequence[np.ndarray]) -> np.ndarray:
    new = np.zeros(layout.n_trials, bool)
    for trials, mask in zip(layout.trials, test, strict=True):
        new[trials] |= mask.any(axis=tuple(range(1, mask.ndim)))
    return new


def _of_all_trials(
    model: TrialEstimator, layout: Layout | InPasses, held: Sequence[np.ndarray]
) -> int:
    """Return the number of parameters if the held-out trials were part of the fit."""
    names = [str(name) for name in layout.names]
    distinct = {int(t) for own, rows in zip(layout.trials, held, strict=True) for t in own[rows]}
    more = 0
    for component in model.fitted_.components:
        for part in component.parts:
            if "trial" in part.dims:
                n = part.values.shape[part.dims.index("trial")]
                own = part.dataset in names
                added = len(held[names.index(str(part.dataset))]) if own else len(distinct)
                more += part.values.size // n * added
    return model.fitted_.n_parameters + more


def _without_empty(X: Any) -> Any:
    """Leave out datasets and blocks of a dict without held-out trials."""
    return {name: each for name, each in X.items() if len(each)} if isinstance(X, dict) else X


def _as_masks(layout: Layout, masks: Sequence[np.ndarray]) -> Any:
    return masks[0] if layout.single else layout.form(masks)


def _error(layout: Layout, model: Sequence[Any], test: Sequence[np.ndarray]) -> float:
    """Return the relative squared error of held-out entries, weighted as in the fit.

    Where a model is undefined (NaN), its prediction is zero, as with no model.
    """
    loss = total = 0.0
    for values, told, held, scale in zip(layout.values, model, test, layout.scales, strict=True):
        weight = np.broadcast_to(scale, values.shape)[held]
        truth = values[held].astype(np.float64)
        predicted = np.nan_to_num(np.asarray(told)[held].astype(np.float64))
        total += float(truth @ (weight * truth))
        loss += float(np.sum(weight * (truth - predicted) ** 2))
    return loss / total if total else 1.0
