"""Bootstrap over trials: standard errors of each entry of a model."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from trialtensor.alignment.factors import check_fitted
from trialtensor.data.shown import OneLine
from trialtensor.models.base import TrialEstimator
from trialtensor.models.layout import Layout
from trialtensor.models.parameters import REPEATS, check_jobs, check_share, check_whole, generator
from trialtensor.selection.components import (
    check_whole_fit,
    known_form,
    known_masks,
    rows_of,
    take_options,
)
from trialtensor.selection.noise import noise_deviations
from trialtensor.selection.refits import EXPLAINED, Arrays, aligned, can_rotate, estimates_of
from trialtensor.solvers.parallel import in_parallel

# Of a block: with fewer trials, a draw often leaves only copies of one or two.
_FEWEST = 5


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap(OneLine):
    """A model and the standard errors of its estimates.

    Attributes
    ----------
    estimates, standard_errors : dict
        By name of the fitted attribute without its underscore: ``trial_factors``,
        ``neuron_factors``, ``time_factors`` of TCA; loadings and slices of SliceTCA; output and
        input factors of dynamics; and ``explained_variance_ratio``. Arrays of the same shape as
        the attribute, or a dict of arrays by dataset where that is one.
    level : float
        Of the intervals.
    n_samples : int
    nonnegative : bool
    """

    estimates: dict[str, Any]
    standard_errors: dict[str, Any]
    level: float
    n_samples: int
    nonnegative: bool

    def interval(self, name: str) -> Any:
        """Return lower and upper ends, ``(2, ...)``, of one of the ``estimates``.

        The estimate plus and minus the normal quantile times the standard error; NaN where the
        model is undefined. (Percentiles of the refits cover slightly too little: the noise of a
        refit adds to that of the model.)

        Parameters
        ----------
        name : str
            One of the keys of ``estimates``.

        Returns
        -------
        array, or dict of arrays by dataset
        """
        if name not in self.estimates:
            raise ValueError(f"name: expected one of {sorted(self.estimates)}, got {name!r}")
        estimate, error = self.estimates[name], self.standard_errors[name]
        if isinstance(estimate, dict):
            return {key: self._ends(each, error[key]) for key, each in estimate.items()}
        return self._ends(estimate, error)

    def _ends(self, estimate: np.ndarray, error: np.ndarray) -> np.ndarray:
        half = scipy.special.ndtri((1 + self.level) / 2) * error
        ends = np.array([estimate - half, estimate + half])
        return np.maximum(ends, 0) if self.nonnegative else ends


def bootstrap(
    model: TrialEstimator,
    X: Any,
    *,
    mask: Any = None,
    n_samples: int = 200,
    block: int = 1,
    level: float = 0.9,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> Bootstrap:
    """Resample trials, refit from the model, and align the refits with the model.

    Standard errors of quantities that trials share (neuron and time factors, or loadings and trial
    slices) come from the refits. Trial-specific quantities are solved for again with each refit, on
    the trial's data plus normal noise with the variance of the model's residuals. Components are
    matched and their signs aligned; those of SliceTCA are rotated within their type, since that
    rotation is arbitrary.

    Trials are drawn within each block of Parafac2, and within each dataset of CoupledTCA with
    ``shared="time"``. Dynamics are simulated again from the first bin of each trial.

    Parameters
    ----------
    model : fitted model
        Parafac2 must have been fitted with blocks of several trials.
    X, mask : the data it was fitted to
    n_samples : int
    block : int
        Number of neighbouring trials drawn together; use more than 1 if trials are autocorrelated.
    level : float
        Of the intervals.
    n_jobs : int, optional
        Parallel refits, in joblib processes.
    random_state : int, Generator or None

    Returns
    -------
    Bootstrap

    Raises
    ------
    ValueError
        For data of another shape than the model was fitted to, parameters out of range, or a
        model whose trials can't be resampled.

    References
    ----------
    Efron & Tibshirani 1993, "An introduction to the bootstrap"; Künsch 1989 for blocks.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(40, 12, 15, 2, snr=2.0, random_state=0).X
    >>> model = TCA(2, random_state=0).fit(X)
    >>> bootstrap(model, X, n_samples=20, random_state=0).interval("time_factors").shape
    (2, 15, 2)
    """
    check_fitted(model)
    check_whole_fit(model, "bootstrap")
    layout = model.layout(X, mask)
    model.check_layout(layout)
    strata = model.strata()
    _check(model, strata, n_samples, block, level, n_jobs)
    rng = generator(random_state)
    draws = [_resample(strata, layout.n_trials, block, rng) for _ in range(n_samples)]
    seeds = rng.integers(2**31, size=n_samples)
    noise = noise_deviations(model, layout, X, mask)
    each = (
        (model, layout, rows, int(seed), noise) for rows, seed in zip(draws, seeds, strict=True)
    )
    samples = in_parallel(_sample, each, n_jobs=n_jobs, ordered=False)
    estimates = estimates_of(model.fitted_)
    errors = _standard_errors(samples, estimates, n_samples)
    return Bootstrap(
        _by_name(estimates),
        _by_name(errors),
        level,
        n_samples,
        nonnegative=getattr(model, "nonnegative", False) is True,
    )


def _check(
    model: TrialEstimator,
    strata: list[np.ndarray],
    n_samples: int,
    block: int,
    level: float,
    n_jobs: int | None,
) -> None:
    if model.fitted_.identified != "components" and not can_rotate(model):
        raise ValueError(
            f"model: components of {type(model).__name__} can be rotated into each other, and "
            "bootstrap knows no alignment for them; compare refits with subspace_angles"
        )
    check_whole("n_samples", n_samples, 2, REPEATS)
    check_share("level", level), check_jobs(n_jobs)
    smallest = min(map(len, strata))
    if smallest < _FEWEST and len(strata) > 1:
        has = "a block for every trial" if smallest == 1 else f"a block of {smallest} trials"
        raise ValueError(
            f"model: {type(model).__name__} has {has}, which leaves too little to draw from; fit "
            f"it with blocks of {_FEWEST} trials or more"
        )
    if check_whole("block", block, 1) > max(smallest // 2, 1):
        raise ValueError(
            f"block: expected 1 to {smallest // 2} trials, half of what there are, got {block!r}"
        )


def _resample(
    strata: list[np.ndarray], n_trials: int, block: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw trials in runs of neighbours, wrapping around at the end of a stratum."""
    drawn = np.empty(n_trials, int)
    for trials in strata:
        n = len(trials)
        starts = rng.integers(n, size=-(-n // block))
        runs = ((starts[:, None] + np.arange(block)) % n).ravel()[:n]
        drawn[trials] = trials[runs]
    return drawn


def _standard_errors(samples: Iterable[Arrays], estimates: Arrays, n_samples: int) -> Arrays:
    """Compute standard deviations over samples without keeping them: slices can be large."""
    first = {name: np.zeros(value.shape) for name, value in estimates.items()}
    second = {name: np.zeros(value.shape) for name, value in estimates.items()}
    for sample in samples:
        for name, value in sample.items():
            # About the estimate, so that nothing cancels.
            change = value - estimates[name]
            first[name] += change
            second[name] += change**2
    return {
        name: np.sqrt(np.maximum(second[name] - first[name] ** 2 / n_samples, 0) / (n_samples - 1))
        for name in estimates
    }


def _sample(
    model: TrialEstimator, layout: Layout, trials: np.ndarray, seed: int, noise: list[float]
) -> Arrays:
    """Refit to drawn trials, redraw trial-specific estimates, and align everything."""
    noisy = model.noisy(layout, noise, np.random.default_rng(seed))
    rows = rows_of(layout, trials)
    drawn, options = layout.take(rows), model.fit_arguments()
    with warnings.catch_warnings():
        # The original fit has given these warnings already.
        warnings.simplefilter("ignore")
        again = _refit(model, drawn, rows, take_options(options, layout, rows[0]))
        seen = None if layout.masks() is None else known_masks(again, layout, layout.seen())
        features = again.transform(known_form(again, layout, noisy), mask=seen, **options)
    explained = np.asarray(again.fitted_.record.explained_variance_ratio)
    return {**aligned(model, again, features), EXPLAINED: explained}


def _refit(
    model: TrialEstimator, drawn: Layout, rows: list[np.ndarray], options: dict[str, Any]
) -> Any:
    # Arrays, whatever form the user's transform has.
    again = model.restarted(rows).set_output(transform="default")
    try:
        return again.fit(drawn.form(drawn.values), mask=drawn.masks(), **options)
    except ValueError as error:
        raise ValueError(
            f"model: {type(model).__name__} can't be fitted to trials that were drawn with "
            f"replacement, because too little is left ({error}); use more trials, larger blocks or "
            "fewer components"
        ) from error


def _by_name(arrays: Arrays) -> dict[str, Any]:
    """Return arrays by name, those of datasets in a dict by dataset."""
    found: dict[str, Any] = {}
    for (name, dataset), values in arrays.items():
        if dataset is None:
            found[name] = values
        else:
            found.setdefault(name, {})[dataset] = values
    return found
