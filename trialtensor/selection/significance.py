"""Which components are more than what shuffled data gives: a permutation test."""

from __future__ import annotations

import numbers
import warnings
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from trialtensor.data.validation import check_trial_tensor
from trialtensor.models.parameters import check_whole, generator
from trialtensor.models.warnings import InterruptedFitWarning
from trialtensor.selection.components import component_tensors, shape_of, slicing_axes
from trialtensor.selection.nulls import NULLS
from trialtensor.solvers.result import StopReason


@dataclass(frozen=True, eq=False)
class ComponentTest:
    """Components against the largest of surrogate data.

    Attributes
    ----------
    kind : str
        Which null.
    statistic : (R,) array
        Fraction of the data's sum of squares that a component explains in what the null destroys,
        see :func:`component_test`; NaN for components that it leaves as they are. Components
        come in the order of the model (SliceTCA: trial-, neuron-, time-slicing).
    null : (n_permutations,) array
        The largest statistic in each surrogate.
    p_values : (R,) array
        Corrected for the number of components: the chance that data without anything shared has
        any component as large.
    """

    kind: str
    statistic: np.ndarray
    null: np.ndarray
    p_values: np.ndarray

    def significant(self, alpha: float = 0.05) -> np.ndarray:
        """Which components are significant, (R,) bools.

        With a chance of at most ``alpha`` any of them is, where there is nothing.

        Raises
        ------
        ValueError
            If ``alpha`` is below what so few surrogates can show.
        """
        least = 1 / (len(self.null) + 1)
        # Rounding must not forbid 0.05 with 19 surrogates.
        if not least * (1 - 1e-9) <= alpha < 1:
            raise ValueError(
                f"alpha: expected at least {least:.3g}, the smallest p-value with "
                f"{len(self.null)} surrogates, and less than 1, got {alpha!r}"
            )
        return self.p_values <= alpha * (1 + 1e-9)


def component_test(
    model: Any,
    X: Any,
    *,
    mask: Any = None,
    null: str = "permute_trials",
    n_permutations: int = 99,
    n_jobs: int | None = None,
    random_state: Any = None,
    verbose: int = 0,
) -> ComponentTest:
    """Test every component against fits to data in which neurons or trials share nothing.

    Each surrogate is fitted with as many components and restarts, and gives the largest of its
    components. How large a component is, is what it explains by itself of what the null destroys,
    as a fraction of the data's sum of squares; see the notes.

    Parameters
    ----------
    model : TCA or SliceTCA
        Fitted to ``X``, or not fitted; a fit of it is tested then. Surrogates are always
        fitted anew, with the same parameters.
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
    mask : bool array, optional
        False where missing.
    null : {"permute_trials", "shift_trials", "shift_times"}
        See the functions of these names. Neither of the first two changes what time-slicing
        components of SliceTCA can tell: they aren't tested then.
    n_permutations : int, default 99
        Surrogates; the smallest p-value is ``1 / (n_permutations + 1)``.
    n_jobs : int, optional
        Surrogates at a time, as joblib processes.
    random_state : int, Generator, RandomState or None
        Of the surrogates, whatever ``n_jobs``; the fits have that of the model.
    verbose : int, default 0
        1 shows a progress bar, on a terminal only.

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
    each unit by itself (a neuron; a neuron on one trial). Let ``c`` be the component without its
    mean along that axis, over observed entries, and ``h_u = <x_u, c_u>`` its inner product with
    the data of unit ``u``. By itself ``c`` explains ``(sum_u h_u)**2 / |c|**2``; without what
    single units contribute to it, the statistic is

        ``((sum_u h_u)**2 - sum_u h_u**2) / (|c|**2 |X|**2)``.

    Where components don't overlap and are spread over many units, that is their share of the
    data's sum of squares. It can't be inflated by two components that cancel each other, which
    fits to surrogates often have, nor by one variable neuron.

    p-values are exact where a unit's trials (times) are exchangeable. Neurons that each drift for
    themselves need ``shift_trials``, which finds less where all that they share is slow too.
    With ``shift_times``, time-slicing components of SliceTCA fit surrogates well, since they have
    free weights for every neuron on every trial; weaker components of other types then don't
    stand out. Two components that nearly cancel each other, of which the fit warns, explain little
    by themselves: that neither is significant says nothing against what they explain together. A
    significant component says that there is shared structure like it, not that no fewer components
    would do.

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
    if null not in NULLS:
        raise ValueError(f"null: expected one of {tuple(NULLS)}, got {null!r}")
    check_whole("n_permutations", n_permutations, 1)
    if n_jobs is not None and (not isinstance(n_jobs, numbers.Integral) or n_jobs == 0):
        raise ValueError(f"n_jobs: expected None or an integer other than 0, got {n_jobs!r}")
    seeds = generator(random_state).spawn(n_permutations)
    model.check_parameters()
    values = _with_nan(X, mask)
    fitted = _fitted(model, values)
    statistic = _statistics(fitted, values, null)
    if np.isnan(statistic).all():
        raise ValueError(
            f"null: {null!r} leaves time-slicing components as they are, and the model has no "
            "others; 'shift_times' tests them"
        )
    surrogates = _surrogate_statistics(model, values, null, seeds, n_jobs, verbose)
    exceeded = (surrogates[:, None] >= statistic).sum(axis=0)
    p_values = np.where(np.isnan(statistic), np.nan, (1 + exceeded) / (1 + len(surrogates)))
    return ComponentTest(null, statistic, surrogates, p_values)


def _with_nan(X: Any, mask: Any) -> np.ndarray:
    """A bare array whose missing values are NaN, and so move with the others."""
    checked = check_trial_tensor(X, mask=mask)
    if checked.observed is None:
        return checked.values
    return np.where(checked.observed, checked.values, np.nan).astype(checked.values.dtype)


def _fitted(model: Any, values: np.ndarray) -> Any:
    if not hasattr(model, "weights_"):
        model = clone(model).fit(values)
        if model.stop_reason_ is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
    elif shape_of(model) != values.shape:
        raise ValueError(
            f"X: expected the data of the fit, (n_trials, n_neurons, n_times) = "
            f"{shape_of(model)}, got {values.shape}"
        )
    return model


def _statistics(model: Any, values: np.ndarray, null: str) -> np.ndarray:
    """What every component explains jointly between units, see ``component_test``."""
    _, axis, within = NULLS[null]
    observed = np.isfinite(values)
    data = np.where(observed, values, 0)
    count = np.maximum(observed.sum(axis=axis, keepdims=True), 1)
    # Each neuron's pattern over trials is its own there, so shuffled trials are as good.
    untouched = (slicing_axes(model) == 2) & (axis == 0)
    statistic = np.full(len(untouched), np.nan)
    for r, component in enumerate(component_tensors(model)):
        if not untouched[r]:
            seen = np.where(observed, np.nan_to_num(component), 0)
            seen -= np.where(observed, seen.sum(axis=axis, keepdims=True) / count, 0)
            by_unit = np.sum(seen * data, axis=within, dtype=np.float64)
            jointly = by_unit.sum() ** 2 - np.square(by_unit).sum()
            power = np.square(seen).sum(dtype=np.float64)
            statistic[r] = max(jointly, 0.0) / power if power > 0 else 0.0
    return statistic / np.square(data).sum(dtype=np.float64)


def _surrogate_statistics(
    model: Any,
    values: np.ndarray,
    null: str,
    seeds: list[np.random.Generator],
    n_jobs: int | None,
    verbose: int,
) -> np.ndarray:
    """The largest statistic in each surrogate, in the order of ``seeds``."""
    from tqdm import tqdm

    model = clone(model)
    if n_jobs not in (None, 1):
        model.set_params(n_jobs=None)  # surrogates are processes already
    tasks = (joblib.delayed(_surrogate_fit)(model, values, null, seed) for seed in seeds)
    running = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(tasks)
    # disable=None silences the bar where the output is no terminal.
    hidden = None if verbose else True
    found, n_stopped, interrupted = [], 0, False
    try:
        for largest, reason in tqdm(
            running, total=len(seeds), desc="surrogates", unit="fit", disable=hidden
        ):
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
    model: Any, values: np.ndarray, null: str, rng: np.random.Generator
) -> tuple[float, StopReason]:
    surrogate = NULLS[null][0](values, rng)
    with warnings.catch_warnings():
        # One warning at the end instead of one a surrogate.
        warnings.simplefilter("ignore")
        fitted = clone(model).fit(surrogate)
    return float(np.nanmax(_statistics(fitted, surrogate, null))), fitted.stop_reason_


def _warn(n_found: int, n_asked: int, n_stopped: int, interrupted: bool) -> None:
    if interrupted:
        warnings.warn(
            f"interrupted after {n_found} of {n_asked} surrogates, which is what p-values are from",
            InterruptedFitWarning,
            stacklevel=4,
        )
    if n_stopped:
        warnings.warn(
            f"{n_stopped} of {n_found} fits to surrogates stopped at max_iter; their components "
            "may be too small, and p-values too: raise max_iter",
            ConvergenceWarning,
            stacklevel=4,
        )
