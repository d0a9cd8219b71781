"""Trial tensors with planted structure, for testing and trying out methods."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.masks import PATTERNS, Pattern, make_mask
from trialtensor.data.parameters import (
    check_choice,
    check_flag,
    check_number,
    check_share,
    check_whole,
    generator,
)

RandomState = int | np.random.Generator | None


@dataclass(frozen=True, eq=False, slots=True)
class SyntheticData:
    """A trial tensor and the structure planted in it.

    Attributes
    ----------
    X : ndarray of shape (n_trials, n_neurons, n_times)
        Signal plus noise, NaN where missing.
    signal : ndarray of the same shape
        Noise-free and complete.
    mask : bool ndarray of the same shape, or None
        True where observed; None if nothing is missing.
    factors : tuple of ndarray
        Planted TCA: trial, neuron and time factors, each (n_axis, n_components), so that
        ``signal = einsum("kr,nr,tr->knt", *factors)``. Empty for other structures.
    loadings, slices : tuple of ndarray
        Planted SliceTCA, in the order trial-, neuron-, time-slicing components: loadings
        (n_axis, n_components) and slices (n_components, n_other_axis, n_other_axis), the
        other axes in the order trial, neuron, time. Empty for other structures.
    """

    X: np.ndarray
    signal: np.ndarray
    mask: np.ndarray | None
    factors: tuple[np.ndarray, ...] = ()
    loadings: tuple[np.ndarray, ...] = ()
    slices: tuple[np.ndarray, ...] = ()


def make_tca(
    n_trials: int = 100,
    n_neurons: int = 50,
    n_times: int = 60,
    n_components: int = 3,
    *,
    nonnegative: bool = False,
    collinearity: float = 0.0,
    snr: float = 1.0,
    missing: Pattern | None = None,
    missing_fraction: float = 0.2,
    dtype: Any = np.float64,
    random_state: RandomState = None,
) -> SyntheticData:
    """Make a tensor with planted TCA (CP) components.

    Trial factors are slow, neuron factors sparse and time factors smooth.

    Parameters
    ----------
    n_trials, n_neurons, n_times : int
    n_components : int
        At most `n_trials`.
    nonnegative : bool
        Make factors without negative entries; the noise still has some.
    collinearity : float in [0, 1)
        Cosine between any two trial factors.
    snr : float
        Power of the signal over that of the noise, ``sum(signal**2) / sum(noise**2)``; inf for
        no noise.
    missing : {"entries", "blocks", "tracked", "trial_length"}, optional
        Pattern of the missing entries, see `make_mask`.
    missing_fraction : float
    dtype : float32 or float64
    random_state : int, Generator or None

    Returns
    -------
    SyntheticData
        With `factors`. The signal has a mean square of 1; the strengths of the components fall
        evenly from the first to the last, which is 0.6 times the first.

    Raises
    ------
    ValueError
        If `n_components`, `collinearity` or `snr` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.data import make_tca
    >>> data = make_tca(20, 10, 15, 2, collinearity=0.5, random_state=0)
    >>> data.X.shape
    (20, 10, 15)
    >>> a, b = (data.factors[0] / np.linalg.norm(data.factors[0], axis=0)).T
    >>> round(float(a @ b), 6)
    0.5
    """
    check_shape(n_trials, n_neurons, n_times)
    check_whole("n_components", n_components, 1)
    if n_components > n_trials:
        raise ValueError(f"n_components: expected 1 to n_trials = {n_trials}, got {n_components}")
    check_flag("nonnegative", nonnegative)
    check_share("collinearity", collinearity, zero=True)
    check_observation(snr, missing, missing_fraction)
    _check_precision(dtype)
    rng = generator(random_state)
    trial = _slow(n_trials, n_components, nonnegative, rng) @ _mixing(n_components, collinearity)
    neuron = _sparse(n_neurons, n_components, nonnegative, rng)
    time = _smooth(n_times, n_components, nonnegative, rng)
    trial = trial * np.linspace(1, 0.6, n_components)
    trial /= _rms(np.einsum("kr,nr,tr->knt", trial, neuron, time))
    signal = np.einsum("kr,nr,tr->knt", trial, neuron, time)
    X, mask = _observe(signal, snr, missing, missing_fraction, rng)
    return SyntheticData(
        X=X.astype(dtype),
        signal=signal.astype(dtype),
        mask=mask,
        factors=tuple(factor.astype(dtype) for factor in (trial, neuron, time)),
    )


def make_slicetca(
    n_trials: int = 100,
    n_neurons: int = 50,
    n_times: int = 60,
    n_components: tuple[int, int, int] = (2, 3, 2),
    *,
    snr: float = 1.0,
    missing: Pattern | None = None,
    missing_fraction: float = 0.2,
    random_state: RandomState = None,
) -> SyntheticData:
    """Make a tensor with planted SliceTCA components (Pellegrino et al. 2024).

    A trial-slicing component is one weight per trial times one neuron-by-time slice; likewise for
    neurons and times.

    Parameters
    ----------
    n_trials, n_neurons, n_times : int
    n_components : (int, int, int)
        Trial-, neuron- and time-slicing components; each may be 0, but not all.
    snr, missing, missing_fraction, random_state
        As for `make_tca`.

    Returns
    -------
    SyntheticData
        With `loadings` and `slices`. The signal has a mean square of 1.

    Raises
    ------
    ValueError
        If `n_components` or `snr` is out of range.

    Examples
    --------
    >>> from trialtensor.data import make_slicetca
    >>> data = make_slicetca(20, 10, 15, (1, 0, 2), random_state=0)
    >>> [slices.shape for slices in data.slices]
    [(1, 10, 15), (0, 20, 15), (2, 20, 10)]
    """
    check_shape(n_trials, n_neurons, n_times)
    given: object = n_components
    counts = list(given) if isinstance(given, Iterable) else []
    if len(counts) != 3:
        raise ValueError(
            "n_components: expected three counts (trial-, neuron-, time-slicing), not all 0, "
            f"got {n_components!r}"
        )
    trial, neuron, time = (check_whole("n_components", each, 0) for each in counts)
    n_components = (trial, neuron, time)
    if not any(n_components):
        raise ValueError(
            "n_components: expected three counts (trial-, neuron-, time-slicing), not all 0, "
            f"got {n_components!r}"
        )
    if any(rank > n for rank, n in zip(n_components, (n_trials, n_neurons, n_times), strict=True)):
        raise ValueError(
            f"n_components: expected at most ({n_trials}, {n_neurons}, {n_times}), "
            f"the lengths of the axes, got {n_components}"
        )
    check_observation(snr, missing, missing_fraction)
    rng = generator(random_state)
    draw: tuple[tuple[int, Callable[..., np.ndarray]], ...] = (
        (n_trials, _slow), (n_neurons, _sparse), (n_times, _smooth),
    )  # fmt: skip
    loadings, slices = [], []
    for axis, rank in enumerate(n_components):
        n, along = draw[axis]
        (n_rows, rows), (n_columns, columns) = (draw[other] for other in range(3) if other != axis)
        loadings.append(along(n, rank, False, rng))
        # A slice is a sum of four products: structured, but not a CP component.
        inner = min(4, n_rows, n_columns)
        slices.append(
            np.array(
                [
                    rows(n_rows, inner, False, rng) @ columns(n_columns, inner, False, rng).T
                    for _ in range(rank)
                ]
            ).reshape(rank, n_rows, n_columns)
        )
    scale = _rms(_slice_sum(loadings, slices))
    slices = [each / scale for each in slices]
    signal = _slice_sum(loadings, slices)
    X, mask = _observe(signal, snr, missing, missing_fraction, rng)
    return SyntheticData(
        X=X, signal=signal, mask=mask, loadings=tuple(loadings), slices=tuple(slices)
    )


def check_shape(n_trials: Any, n_neurons: Any, n_times: Any) -> None:
    """Refuse sizes that aren't whole numbers of at least 1."""
    check_whole("n_trials", n_trials, 1)
    check_whole("n_neurons", n_neurons, 1)
    check_whole("n_times", n_times, 1)


def check_observation(snr: Any, missing: Any, missing_fraction: Any) -> None:
    """Refuse noise and missing entries that can't be drawn."""
    check_number("snr", snr, above=0, infinite=True)
    if missing is not None:
        check_choice("missing", missing, PATTERNS)
    check_share("missing_fraction", missing_fraction, zero=True)


def _check_precision(dtype: Any) -> None:
    try:
        known = np.dtype(dtype) in (np.float32, np.float64)
    except (TypeError, ValueError):
        known = False
    if not known:
        raise ValueError(f"dtype: expected float32 or float64, got {dtype!r}")


def _slice_sum(loadings: list[np.ndarray], slices: list[np.ndarray]) -> np.ndarray:
    return (
        np.einsum("kr,rnt->knt", loadings[0], slices[0])
        + np.einsum("nr,rkt->knt", loadings[1], slices[1])
        + np.einsum("tr,rkn->knt", loadings[2], slices[2])
    )


def _observe(
    signal: np.ndarray,
    snr: float,
    missing: Pattern | None,
    missing_fraction: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Add noise of exactly the requested power and remove entries."""
    X = signal.copy()
    snr = float(snr)
    if np.isfinite(snr):
        noise = rng.normal(size=signal.shape)
        noise *= _rms(signal) / (_rms(noise) * np.sqrt(snr))
        X += noise
    if missing is None:
        return X, None
    mask = make_mask(signal.shape, missing, missing_fraction, rng)
    X[~mask] = np.nan
    return X, mask


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _mixing(n_components: int, cosine: float) -> np.ndarray:
    """Return the symmetric root of the Gram matrix with ones on and `cosine` off the diagonal.

    Multiplying orthonormal columns by it gives them that Gram matrix. The root has no negative
    entry, so non-negative columns stay non-negative.
    """
    alone = np.sqrt(1 - cosine)
    shared = (np.sqrt(1 + (n_components - 1) * cosine) - alone) / n_components
    return alone * np.eye(n_components) + shared


def _slow(n: int, n_components: int, nonnegative: bool, rng: np.random.Generator) -> np.ndarray:
    """Draw orthonormal columns that change slowly, without negative entries if requested."""
    from scipy.ndimage import gaussian_filter1d

    walk = gaussian_filter1d(
        rng.normal(size=(n, n_components)), sigma=0.05 * n, axis=0, mode="nearest"
    )
    walk /= walk.std(axis=0) + np.finfo(float).tiny
    if not nonnegative:
        return np.linalg.qr(walk)[0]
    # Non-negative columns are orthogonal only if they don't overlap: each gets a stretch of trials.
    owner = np.arange(n) * n_components // n
    columns = np.where(owner[:, None] == rng.permutation(n_components), np.exp(walk), 0)
    return columns / np.linalg.norm(columns, axis=0)


def _sparse(n: int, n_components: int, nonnegative: bool, rng: np.random.Generator) -> np.ndarray:
    """Draw unit-norm columns in which about half of the entries are strong and the rest weak."""
    columns = rng.gamma(2.0, size=(n, n_components))
    columns *= np.where(rng.random(size=columns.shape) < 0.5, 1, 0.05)
    if not nonnegative:
        columns *= rng.choice([-1, 1], size=columns.shape)
    return columns / np.linalg.norm(columns, axis=0)


def _smooth(n: int, n_components: int, nonnegative: bool, rng: np.random.Generator) -> np.ndarray:
    """Draw unit-norm bumps at different times, with an undershoot unless non-negative."""
    time = np.linspace(0, 1, n)[:, None]
    spread = (np.arange(n_components) + 0.5) / max(n_components, 1)
    centre = rng.permutation(spread) + rng.uniform(-0.05, 0.05, size=n_components)
    width = rng.uniform(0.08, 0.16, size=n_components)
    columns = np.exp(-0.5 * ((time - centre) / width) ** 2)
    if not nonnegative:
        late = np.exp(-0.5 * ((time - centre - 2 * width) / width) ** 2)
        columns -= rng.uniform(0.2, 0.8, size=n_components) * late
    return columns / np.linalg.norm(columns, axis=0)
