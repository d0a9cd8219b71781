"""Permutation test: components that exceed those of shuffled data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from trialtensor.data.arrays import exponent_of, scaled
from trialtensor.data.notices import warn
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Component
from trialtensor.models.layout import Layout
from trialtensor.models.parameters import (
    REPEATS,
    check_choice,
    check_jobs,
    check_verbose,
    check_whole,
    generator,
)
from trialtensor.models.progress import progress
from trialtensor.models.warnings import InterruptedFitWarning
from trialtensor.selection.components import check_options, check_whole_fit, rows_of
from trialtensor.selection.nulls import NULLS
from trialtensor.selection.tested import ComponentTest
from trialtensor.solvers.parallel import in_parallel
from trialtensor.solvers.result import StopReason


def component_test(
    model: TrialEstimator,
    X: Any,
    *,
    mask: Any = None,
    null: str = "permute_trials",
    n_permutations: int = 99,
    n_jobs: int | None = None,
    random_state: Any = None,
    verbose: int = 0,
    **fit_options: Any,
) -> ComponentTest:
    """Test every component against fits to data in which neurons or trials share nothing.

    Each surrogate is fitted with the same number of components and restarts, and contributes its
    largest component. The size of a component is what it explains alone of the structure that the
    null destroys, as a fraction of the data's sum of squares; see the notes.

    Parameters
    ----------
    model : model of any kind
        Fitted to ``X``, or unfitted, in which case it is fitted first. Surrogates are always
        fitted from scratch, with the same parameters.
    X, mask : as for ``fit``
    null : {"permute_trials", "shift_trials", "shift_times"}
        See the functions of these names. The first two leave the structure of SliceTCA's
        time-slicing components intact, so these aren't tested. Trials are shuffled within each
        block of Parafac2 and each dataset, independently for every neuron of every dataset.
    n_permutations : int, default 99
        Surrogates; the smallest p-value is ``1 / (n_permutations + 1)``.
    n_jobs : int, optional
        Parallel surrogates, in joblib processes.
    random_state : int, Generator, RandomState or None
        Seeds the surrogates, independently of ``n_jobs``; the fits use that of the model.
    verbose : int, default 0
        1 shows a progress bar, on a terminal only.
    **fit_options
        Further arguments of ``fit`` for a model that isn't fitted, such as ``blocks=``.

    Returns
    -------
    ComponentTest
        After Ctrl-C with the surrogates so far, and a warning.

    Raises
    ------
    ValueError
        For arguments that can't be used, before any work is done.

    Notes
    -----
    The null keeps means along the axis that it shuffles (trials; times for ``shift_times``), and
    each single unit (a neuron; a neuron on one trial). Let ``c`` be the component without its
    mean along that axis, over observed entries, and ``h_u = <x_u, c_u>`` its inner product with
    the data of unit ``u``. Alone, ``c`` explains ``(sum_u h_u)**2 / |c|**2``; without the
    contributions of single units, the statistic is

        ``((sum_u h_u)**2 - sum_u h_u**2) / (|c|**2 |X|**2)``.

    For components that don't overlap and span many units, this is their share of the data's sum
    of squares. If trials are shuffled within blocks, means are those of a block; datasets are
    weighted as in the fit. For dynamics, ``c`` is the component's prediction of every bin from
    the one before it. The statistic can't be inflated by two components that cancel each other,
    which are common in fits to surrogates, nor by one variable neuron.

    p-values are exact if a unit's trials (times) are exchangeable. Neurons that drift
    independently need ``shift_trials``, which has less power if their shared structure is slow too.
    With ``shift_times``, time-slicing components of SliceTCA fit surrogates well, since they have
    free weights for every neuron on every trial; weaker components of other types then don't
    stand out. Two components that nearly cancel each other, which the fit warns about, explain
    little alone: if neither is significant, they may still be so together. A significant component
    is evidence of shared structure like it, not that fewer components would be too few.

    References
    ----------
    Westfall & Young 1993, "Resampling-based multiple testing" for the largest component;
    Phipson & Smyth 2010 for the p-value.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(30, 20, 15, 1, snr=0.5, random_state=0).X
    >>> test = component_test(TCA(2, n_init=2), X, n_permutations=19, random_state=0)
    >>> test.significant()
    array([ True, False])
    """
    check_choice("null", null, NULLS)
    check_whole("n_permutations", n_permutations, 1, REPEATS)
    check_jobs(n_jobs), check_verbose(verbose)
    seeds = generator(random_state).spawn(n_permutations)
    check_options(model, fit_options)
    model.check_parameters()
    layout = model.layout(X, mask)
    fitted, options = _fitted(model, layout, X, mask, fit_options)
    units = _units(fitted, layout, null)
    statistic = _statistics(fitted, layout, null, units)
    if np.isnan(statistic).all():
        raise ValueError(
            f"null: {null!r} leaves time-slicing components as they are, and this "
            f"{type(model).__name__} has no others; 'shift_times' tests them"
        )
    data = _Data(layout, null, units, options)
    surrogates = _surrogate_statistics(model, data, seeds, n_jobs, verbose)
    exceeded = (surrogates[:, None] >= statistic).sum(axis=0)
    p_values = np.where(np.isnan(statistic), np.nan, (1 + exceeded) / (1 + len(surrogates)))
    return ComponentTest(null, statistic, surrogates, p_values)


@dataclass(frozen=True, eq=False)
class _Data:
    """The data to make surrogates of, and the arguments to fit them with."""

    layout: Layout
    null: str
    units: list[list[np.ndarray]]
    options: Mapping[str, Any]


def _fitted(
    model: TrialEstimator, layout: Layout, X: Any, mask: Any, options: Mapping[str, Any]
) -> tuple[TrialEstimator, Mapping[str, Any]]:
    """Return the fitted model, and the further arguments of its fit."""
    if not hasattr(model, "fitted_"):
        model = clone(model).fit(layout.form(layout.with_nan()), **options)
        if model.fitted_.record.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
        return model, options
    if options:
        raise ValueError(
            f"{next(iter(options))}: {type(model).__name__} is fitted already, and surrogates are "
            "fitted as it was; leave it out, or give an unfitted model"
        )
    check_whole_fit(model, "component_test")
    model.check_layout(layout)
    return model, model.fit_arguments()


def _units(model: TrialEstimator, layout: Layout, null: str) -> list[list[np.ndarray]]:
    """Return, for each array, sets of trials that are shuffled among each other.

    Raises
    ------
    ValueError
        If no trial can take the place of another.
    """
    strata = [rows_of(layout, trials) for trials in model.strata()]
    if NULLS[null][1] == 0 and all(len(rows) <= 1 for stratum in strata for rows in stratum):
        raise ValueError(
            f"null: {null!r} shuffles the trials within a block, but this "
            f"{type(model).__name__} has a block for every trial; use 'shift_times', or blocks of "
            "several trials"
        )
    return [
        [stratum[i] for stratum in strata if len(stratum[i])] for i in range(len(layout.values))
    ]


def _statistics(
    model: TrialEstimator, layout: Layout, null: str, units: list[list[np.ndarray]]
) -> np.ndarray:
    """Return each component's test statistic; see ``component_test``."""
    exponent = exponent_of(*layout.values)
    untouched = [NULLS[null][1] == 0 and _is_free(each) for each in model.fitted_.components]
    statistic = np.full(len(untouched), np.nan)
    for r, tensors in enumerate(model.component_tensors(layout)):
        if not untouched[r]:
            statistic[r] = _joint(tensors, layout, null, units, exponent)
    total = sum(
        np.sum(np.square(scaled(each, -exponent)) * scale, dtype=np.float64)
        for each, scale in zip(layout.values, layout.scales, strict=True)
    )
    return statistic / total


def _is_free(component: Component) -> bool:
    """Return whether each neuron's pattern over trials is free, so shuffling fits as well."""
    return any({"trial", "neuron"} <= set(part.dims) for part in component.parts)


def _joint(
    tensors: Sequence[np.ndarray],
    layout: Layout,
    null: str,
    units: list[list[np.ndarray]],
    exponent: int,
) -> float:
    """Return the sum of squares a component explains jointly, without that of single units."""
    axis = NULLS[null][1]
    by_neuron = np.zeros(layout.n_neurons)
    jointly = alone = power = 0.0
    for i, (tensor, data, seen) in enumerate(
        zip(tensors, layout.values, layout.seen(), strict=True)
    ):
        for rows in units[i]:
            known = seen[rows] & np.isfinite(tensor[rows])
            changing = np.where(known, tensor[rows], 0)
            count = np.maximum(known.sum(axis=axis, keepdims=True), 1)
            changing -= np.where(known, changing.sum(axis=axis, keepdims=True) / count, 0)
            # Their fourth powers must fit, so both are in a unit near the largest value.
            changing = scaled(changing, -exponent)
            scale = layout.scales[i]
            products = changing * scaled(data[rows], -exponent) * scale
            within = tuple(range(2, products.ndim))
            units_of = (0, *within) if axis == 0 else within
            by_unit = np.sum(products, axis=units_of, dtype=np.float64)
            power += np.sum(np.square(changing) * scale, dtype=np.float64)
            if axis == 0:
                by_neuron[layout.neurons[i]] += by_unit
            else:
                jointly, alone = jointly + by_unit.sum(), alone + np.square(by_unit).sum()
    if axis == 0:
        jointly, alone = by_neuron.sum(), np.square(by_neuron).sum()
    return float(max(jointly**2 - alone, 0.0) / power) if power > 0 else 0.0


def _surrogate_statistics(
    model: TrialEstimator,
    data: _Data,
    seeds: list[np.random.Generator],
    n_jobs: int | None,
    verbose: int,
) -> np.ndarray:
    """Return the largest statistic of each surrogate, in the order of ``seeds``."""
    model = clone(model)
    if n_jobs not in (None, 1) and "n_jobs" in model.get_params(deep=False):
        model.set_params(n_jobs=None)  # surrogates are processes already
    running = in_parallel(_surrogate_fit, ((model, data, seed) for seed in seeds), n_jobs=n_jobs)
    found, n_stopped, interrupted = [], 0, False
    try:
        for largest, reason in progress(len(seeds), verbose, over=running, what="surrogates"):
            if reason is StopReason.INTERRUPTED:
                raise KeyboardInterrupt
            found.append(largest)
            n_stopped += reason is StopReason.MAX_ITER
    except KeyboardInterrupt:
        if not found:
            raise
        interrupted = True
    _warn(len(found), len(seeds), n_stopped, interrupted)
    return np.array(found)


def _surrogate_fit(
    model: TrialEstimator, data: _Data, rng: np.random.Generator
) -> tuple[float, StopReason]:
    surrogate = []
    for values, sets in zip(data.layout.with_nan(), data.units, strict=True):
        shuffled = values.copy()
        for rows in sets:
            shuffled[rows] = NULLS[data.null][0](values[rows], rng)
        surrogate.append(shuffled)
    X = data.layout.form(surrogate)
    with warnings.catch_warnings():
        # One warning at the end instead of one a surrogate.
        warnings.simplefilter("ignore")
        fitted = clone(model).fit(X, **data.options)
        found = _statistics(fitted, fitted.layout(X), data.null, data.units)
    return float(np.nanmax(found)), fitted.fitted_.record.stop_reason


def _warn(n_found: int, n_asked: int, n_stopped: int, interrupted: bool) -> None:
    if interrupted:
        warn(
            f"interrupted after {n_found} of {n_asked} surrogates, which is what p-values are from",
            InterruptedFitWarning,
        )
    if n_stopped:
        warn(
            f"{n_stopped} of {n_found} fits to surrogates stopped at max_iter; their components "
            "may be too small, and p-values too: raise max_iter",
            ConvergenceWarning,
        )
