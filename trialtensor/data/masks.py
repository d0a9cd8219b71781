"""Patterns of missing entries that occur in recordings."""

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np

from trialtensor.data.parameters import check_choice, check_share, check_whole, generator

Pattern = Literal["entries", "blocks", "tracked", "trial_length"]
PATTERNS: tuple[str, ...] = get_args(Pattern)

N_SESSIONS = 10


def make_mask(
    shape: tuple[int, int, int],
    kind: Pattern = "entries",
    fraction: float = 0.2,
    random_state: int | np.random.Generator | None = None,
) -> np.ndarray:
    """Draw a mask of observed entries.

    Parameters
    ----------
    shape : (n_trials, n_neurons, n_times)
    kind : {"entries", "blocks", "tracked", "trial_length"}
        - "entries": single entries anywhere.
        - "blocks": a lost signal, one run of times in some pairs of trial and neuron, at least a
          third of the trial long.
        - "tracked": each neuron is seen only in some consecutive sessions, of ten (or one per
          trial if there are fewer trials).
        - "trial_length": trials end at different times, and later entries are missing.
    fraction : float in [0, 1)
        Fraction of missing entries. "entries" meets it to within a single entry, "blocks" to
        within a block, "trial_length" to within a bin, and "tracked" to within the length of a
        session. No pattern empties a neuron; "tracked" and "trial_length" stop short of `fraction`
        where it would leave a neuron or a trial empty.
    random_state : int, Generator or None

    Returns
    -------
    bool ndarray
        True where observed.

    Raises
    ------
    ValueError
        If `kind` is unknown or `fraction` is not in [0, 1).

    Examples
    --------
    >>> from trialtensor.data import make_mask
    >>> mask = make_mask((40, 20, 10), "trial_length", 0.25, random_state=0)
    >>> float(1 - mask.mean())
    0.25
    """
    check_choice("kind", kind, _PATTERNS)
    check_share("fraction", fraction, zero=True)
    given: object = shape
    sizes = list(given) if isinstance(given, Iterable) else []
    if len(sizes) != 3:
        raise ValueError(f"shape: expected (n_trials, n_neurons, n_times), got {shape!r}")
    n_trials, n_neurons, n_times = (check_whole("shape", each, 1) for each in sizes)
    return _PATTERNS[kind]((n_trials, n_neurons, n_times), fraction, generator(random_state))


def _entries(shape: tuple[int, ...], fraction: float, rng: np.random.Generator) -> np.ndarray:
    mask = np.ones(shape, dtype=bool)
    missing = rng.choice(mask.size, size=round(fraction * mask.size), replace=False)
    mask.reshape(-1)[missing] = False
    return mask


def _blocks(shape: tuple[int, ...], fraction: float, rng: np.random.Generator) -> np.ndarray:
    n_trials, n_neurons, n_times = shape
    length = max(int(np.ceil(fraction * n_times)), n_times // 3, 1)
    n_pairs = n_trials * n_neurons
    pairs = rng.choice(n_pairs, size=round(fraction * n_pairs * n_times / length), replace=False)
    start = rng.integers(0, n_times - length + 1, size=pairs.size)
    mask = np.ones((n_pairs, n_times), dtype=bool)
    for pair, first in zip(pairs, start, strict=True):
        mask[pair, first : first + length] = False
    return mask.reshape(shape)


def _tracked(shape: tuple[int, ...], fraction: float, rng: np.random.Generator) -> np.ndarray:
    n_trials, n_neurons, n_times = shape
    n_sessions = min(N_SESSIONS, n_trials)
    session = np.arange(n_trials) * n_sessions // n_trials
    seen = np.maximum(_whole_parts(np.full(n_neurons, (1 - fraction) * n_sessions)), 1)
    # First sessions are spread evenly, so that the first and the last session aren't empty.
    place = rng.permutation(np.linspace(0, 1, n_neurons))
    first = np.round(place * (n_sessions - rng.permutation(seen))).astype(int)
    last = first + seen
    mask = (session[:, None] >= first) & (session[:, None] < last)
    return np.repeat(mask[:, :, None], n_times, axis=2)


def _trial_length(shape: tuple[int, ...], fraction: float, rng: np.random.Generator) -> np.ndarray:
    n_trials, n_neurons, n_times = shape
    low, high = max(0.0, 2 * fraction - 1), min(1.0, 2 * fraction)
    lost = _whole_parts(np.linspace(low, high, n_trials) * n_times)
    length = np.maximum(n_times - rng.permutation(lost), 1)
    mask = np.arange(n_times) < length[:, None]
    return np.repeat(mask[:, None, :], n_neurons, axis=1)


def _whole_parts(amounts: np.ndarray) -> np.ndarray:
    """Round to integers while keeping the sum."""
    return np.diff(np.round(np.cumsum(amounts)), prepend=0).astype(int)


_PATTERNS = {
    "entries": _entries,
    "blocks": _blocks,
    "tracked": _tracked,
    "trial_length": _trial_length,
}
