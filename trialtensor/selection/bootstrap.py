"""How sure we are of each entry of a model: bootstrap over trials."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import scipy.linalg
import scipy.special
from sklearn.base import clone

from trialtensor.data.axes import AXES
from trialtensor.data.validation import check_trial_tensor
from trialtensor.models.slicetca.trials import from_features
from trialtensor.solvers.matching import match_components

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """A model and the standard errors of all that it says.

    Attributes
    ----------
    estimates, standard_errors : dict
        By name of the fitted attribute without its underscore: ``trial_factors``,
        ``neuron_factors``, ``time_factors`` of TCA; loadings and slices of SliceTCA; and
        ``explained_variance_ratio``.
    level : float
        Of the intervals.
    n_samples : int
    nonnegative : bool
    """

    estimates: Arrays
    standard_errors: Arrays
    level: float
    n_samples: int
    nonnegative: bool

    def interval(self, name: str) -> np.ndarray:
        """Lower and upper ends, ``(2, ...)``, of one of the ``estimates``.

        The estimate plus and minus so many standard errors as a normal distribution has; NaN
        where the model says nothing. (Percentiles of the refits cover a little less than
        they should: the noise of a refit adds to that of the model.)
        """
        if name not in self.estimates:
            raise ValueError(f"name: expected one of {sorted(self.estimates)}, got {name!r}")
        half = scipy.special.ndtri((1 + self.level) / 2) * self.standard_errors[name]
        ends = np.array([self.estimates[name] - half, self.estimates[name] + half])
        return np.maximum(ends, 0) if self.nonnegative else ends


def bootstrap(
    model: Any,
    X: Any,
    *,
    mask: Any = None,
    n_samples: int = 200,
    block: int = 1,
    level: float = 0.9,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> Bootstrap:
    """Resample trials, refit from the model, and align the refits with it.

    What trials share (neuron and time factors, or loadings and trial slices) varies as the refits
    do. What belongs to a single trial is solved for again with each refit, for the trial's data
    with noise added: normal, with the variance of the model's residuals. Components of TCA are
    matched and their signs set; those of SliceTCA are rotated within their type, whose rotation
    is a choice.

    Parameters
    ----------
    model : fitted TCA or SliceTCA
    X, mask : the data it was fitted to
    n_samples : int
    block : int
        Trials are drawn in runs of so many neighbours; more than 1 where they are autocorrelated.
    level : float
        Of the intervals.
    n_jobs : int, optional
        Refits at a time, in joblib processes.
    random_state : int, Generator or None

    Returns
    -------
    Bootstrap

    Raises
    ------
    ValueError
        For data of another shape than the model was fitted to, or parameters out of range.

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
    checked = check_trial_tensor(X, mask=mask)
    values, observed = checked.values, checked.observed
    _check(model, values.shape, n_samples, block, level)
    rng = np.random.default_rng(random_state)
    draws = [_resample(len(values), block, rng) for _ in range(n_samples)]
    seeds = rng.integers(2**31, size=n_samples)
    noise = _noise_deviation(model, values.shape)
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    samples = parallel(
        joblib.delayed(_sample)(model, values, observed, rows, int(seed), noise)
        for rows, seed in zip(draws, seeds, strict=True)
    )
    estimates = _estimates(model)
    return Bootstrap(
        estimates,
        _standard_errors(samples, estimates, n_samples),
        level,
        n_samples,
        nonnegative=model.nonnegative is True,
    )


def _check(model: Any, shape: tuple[int, ...], n_samples: int, block: int, level: float) -> None:
    fitted = model.data_summary_["shape"]
    if shape != fitted:
        raise ValueError(f"X: the model was fitted to data of shape {fitted}, got {shape}")
    if n_samples < 2:
        raise ValueError(f"n_samples: expected at least 2, got {n_samples}")
    if not 1 <= block <= max(shape[0] // 2, 1):
        raise ValueError(
            f"block: expected 1 to {shape[0] // 2} trials, half of what there are, got {block}"
        )
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level}")


def _resample(n_trials: int, block: int, rng: np.random.Generator) -> np.ndarray:
    """Trials in runs of neighbours; the last trial is followed by the first."""
    starts = rng.integers(n_trials, size=-(-n_trials // block))
    return ((starts[:, None] + np.arange(block)) % n_trials).ravel()[:n_trials]


def _estimates(model: Any) -> Arrays:
    kinds = ("factors",) if hasattr(model, "trial_factors_") else ("loadings", "slices")
    names = [f"{axis}_{kind}" for kind in kinds for axis in AXES] + ["explained_variance_ratio"]
    return {name: np.asarray(getattr(model, f"{name}_")) for name in names}


def _noise_deviation(model: Any, shape: tuple[int, ...]) -> float:
    """Standard deviation of the residuals, with the degrees of freedom that the model took."""
    taken: float
    if hasattr(model, "trial_factors_"):
        taken = len(model.weights_) * (sum(shape) - 2)
    else:
        # The projectors off the loadings leave so much.
        ranks = [len(getattr(model, f"{axis}_slices_")) for axis in AXES]
        left = np.prod([1 - r / n for r, n in zip(ranks, shape, strict=True)])
        taken = float((1 - left) * np.prod(shape))
    return float(np.sqrt(model.loss_ / max(model.data_summary_["n_observed"] - taken, 1)))


def _standard_errors(samples: Iterable[Arrays], estimates: Arrays, n_samples: int) -> Arrays:
    """Standard deviations over samples, which are not kept: slices can be large."""
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
    model: Any,
    values: np.ndarray,
    observed: np.ndarray | None,
    rows: np.ndarray,
    seed: int,
    noise: float,
) -> Arrays:
    rng = np.random.default_rng(seed)
    noisy = values + noise * rng.standard_normal(values.shape, dtype=values.dtype)
    with warnings.catch_warnings():
        # The model has said all this of itself.
        warnings.simplefilter("ignore")
        again = _refit(model, values, observed, rows)
        trials = again.transform(noisy, mask=observed)
    align = _aligned_tca if hasattr(model, "trial_factors_") else _aligned_slices
    explained = np.asarray(again.explained_variance_ratio_)
    return {**align(model, again, trials), "explained_variance_ratio": explained}


def _refit(model: Any, values: np.ndarray, observed: np.ndarray | None, rows: np.ndarray) -> Any:
    if hasattr(model, "trial_factors_"):
        start = [model.trial_factors_[rows] * model.weights_, *_shared_factors(model)]
        options = {"solver": "full"}
    else:
        start = [getattr(model, f"{axis}_loadings_") for axis in AXES]
        start[0], options = start[0][rows], {}
    start = [np.nan_to_num(each) for each in start]
    again = clone(model).set_params(init=start, n_init=1, n_jobs=None, verbose=0, **options)
    return again.fit(values[rows], mask=None if observed is None else observed[rows])


def _shared_factors(model: Any) -> tuple[np.ndarray, np.ndarray]:
    return model.neuron_factors_, model.time_factors_


def _aligned_tca(model: Any, again: Any, trials: np.ndarray) -> Arrays:
    """Components in the order and with the signs of the model, trials in its units."""
    ours, theirs = ([np.nan_to_num(f) for f in _shared_factors(m)] for m in (model, again))
    # The trials are others: neurons and times say which component is which.
    whole = [np.ones((1, f.shape[1])) for f in (ours[0], theirs[0])]
    order, _ = match_components((whole[0], *ours), (whole[1], *theirs))
    neuron, time = (f[:, order] for f in _shared_factors(again))
    signs = [
        np.where(np.nansum(a * b, axis=0) < 0, -1, 1)
        for a, b in zip(_shared_factors(model), (neuron, time), strict=True)
    ]
    scale = (
        again.weights_[order] * signs[0] * signs[1] / np.where(model.weights_, model.weights_, 1)
    )
    return {
        "trial_factors": trials[:, order] * scale,
        "neuron_factors": neuron * signs[0],
        "time_factors": time * signs[1],
    }


def _aligned_slices(model: Any, again: Any, trials: np.ndarray) -> Arrays:
    """Components rotated, within their type, to lie as those of the model do."""
    loadings, slices = from_features(again.fitted_, trials)
    found: Arrays = {}
    for axis, ours, theirs, slice_tensor in zip(
        AXES, tuple(getattr(model, f"{a}_loadings_") for a in AXES), loadings, slices, strict=True
    ):
        turn, back = _rotation(np.nan_to_num(theirs), np.nan_to_num(ours), model.nonnegative)
        found[f"{axis}_loadings"] = theirs @ turn
        found[f"{axis}_slices"] = np.tensordot(back, slice_tensor, axes=(1, 0))
    return found


def _rotation(
    given: np.ndarray, target: np.ndarray, nonnegative: bool
) -> tuple[np.ndarray, np.ndarray]:
    """What makes loadings orthonormal and turns them towards others, and its inverse for slices.

    Trial loadings of a refit have unit norm over the resampled trials, not over all of them.
    Non-negative components aren't rotated: they start from the model's, in its order.
    """
    gram = given.T @ given
    if nonnegative:
        size = np.sqrt(np.diag(gram))
        return np.diag(1 / np.where(size > 0, size, 1)), np.diag(size)
    if not len(gram):
        return gram, gram
    root = scipy.linalg.sqrtm(gram).real
    inverse = np.linalg.pinv(root, hermitian=True)
    turn = scipy.linalg.orthogonal_procrustes(given @ inverse, target)[0]
    return inverse @ turn, turn.T @ root
