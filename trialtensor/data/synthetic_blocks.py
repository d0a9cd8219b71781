"""Blocks of trials with planted components and different neurons in each block."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.masks import Pattern
from trialtensor.data.parameters import check_share, check_whole, generator
from trialtensor.data.synthetic import (
    RandomState,
    _observe,
    _rms,
    _slow,
    _smooth,
    check_observation,
    check_shape,
)


@dataclass(frozen=True, eq=False, slots=True)
class SyntheticBlocks:
    """Blocks of trials and the structure planted in them.

    Attributes
    ----------
    X : list of (n_trials, n_neurons_of_the_block, n_times) arrays
        Signal plus noise, NaN where missing.
    signal : list of arrays of the same shapes
        Noise-free and complete.
    trial_factors : (n_blocks * n_trials, n_components) array
        Positive; they carry the scale of the components.
    neuron_factors : list of (n_neurons_of_the_block, n_components) arrays
        With the same inner products in all blocks.
    time_factors : (n_times, n_components) array
        Columns of norm 1.
    """

    X: list[np.ndarray]
    signal: list[np.ndarray]
    trial_factors: np.ndarray
    neuron_factors: list[np.ndarray]
    time_factors: np.ndarray


def make_parafac2(
    n_trials: int = 20,
    n_neurons: int | Sequence[int] = (30, 45, 25, 60, 40),
    n_times: int = 50,
    n_components: int = 3,
    *,
    overlap: float = 0.3,
    snr: float = 1.0,
    missing_fraction: float = 0.0,
    random_state: RandomState = None,
) -> SyntheticBlocks:
    """Make blocks with planted PARAFAC2 components, such as sessions with different neurons.

    Parameters
    ----------
    n_trials : int
        Trials in each block.
    n_neurons : int or sequence of int
        Neurons in each block; a single number gives five blocks of that size.
    n_times, n_components : int
        At most as many components as the smallest block has neurons.
    overlap : float in [0, 1)
        Cosine between the neuron factors of any two components, in every block.
    snr : float
        Power of the signal over that of the noise, in every block; inf for no noise.
    missing_fraction : float in [0, 1)
        Fraction of entries missing at random.
    random_state : int, Generator or None

    Returns
    -------
    SyntheticBlocks

    Raises
    ------
    ValueError
        If there are more components than neurons in a block, or a number is out of range.

    Examples
    --------
    >>> data = make_parafac2(10, (20, 35), 15, 2, random_state=0)
    >>> [block.shape for block in data.X]
    [(10, 20, 15), (10, 35, 15)]
    >>> first, second = (b.T @ b for b in data.neuron_factors)
    >>> bool(np.allclose(first, second))
    True
    """
    given: Any = n_neurons
    one = isinstance(given, str) or not isinstance(given, Iterable)
    counts = [check_whole("n_neurons", n, 1) for n in ([given] * 5 if one else given)]
    if not counts:
        raise ValueError("n_neurons: expected neurons of at least one block, got none")
    check_shape(n_trials, counts[0], n_times)
    check_whole("n_components", n_components, 1)
    if n_components > min(counts):
        raise ValueError(
            f"n_components: expected 1 to {min(counts)}, the neurons of the smallest block, got "
            f"{n_components}"
        )
    check_share("overlap", overlap, zero=True)
    check_observation(snr, None, missing_fraction)
    rng = generator(random_state)
    products = np.full((n_components, n_components), overlap) + (1 - overlap) * np.eye(n_components)
    cross = np.linalg.cholesky(products).T
    time = _smooth(n_times, n_components, False, rng)
    n_all = n_trials * len(counts)
    weights = np.exp(0.7 * n_all**0.5 * _slow(n_all, n_components, False, rng))
    weights *= rng.uniform(0.7, 1.3, size=weights.shape) * np.linspace(1, 0.6, n_components)
    neurons = [np.linalg.qr(rng.normal(size=(n, n_components)))[0] @ cross for n in counts]
    blocks = [
        np.einsum("kr,nr,tr->knt", own, neuron, time)
        for own, neuron in zip(np.split(weights, len(counts)), neurons, strict=True)
    ]
    scale = _rms(np.concatenate([block.ravel() for block in blocks]))
    signal = [block / scale for block in blocks]
    missing: Pattern | None = "entries" if missing_fraction else None
    X = [_observe(block, snr, missing, missing_fraction, rng)[0] for block in signal]
    return SyntheticBlocks(X, signal, weights / scale, neurons, time)
