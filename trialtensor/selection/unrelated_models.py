"""Unrelated models of the shape, sign, smoothness and mean profile of given restarts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trialtensor.alignment.factors import congruence, unrelated
from trialtensor.solvers.matching import cosines

# Of the mean of a profile: what is divided by it may not explode.
_LEAST = 1e-3


def unrelated_pairs(
    factors: Sequence[list[np.ndarray]],
    axes: Sequence[str],
    n_null: int,
    rng: np.random.Generator,
    *,
    joint: bool = True,
) -> list[tuple[list[np.ndarray], list[np.ndarray], tuple[int, int]]]:
    """Pair the best restart with models that have nothing to do with it.

    Parameters
    ----------
    factors : list of lists of (n_axis, R) arrays
        Matrices of each restart, of unit columns.
    axes : list of str
        The axis of each matrix.
    n_null : int
    rng : numpy.random.Generator
    joint : bool
        True if column r of every matrix belongs to component r.

    Returns
    -------
    list of (matrices of the best restart, matrices of an unrelated one, (0, index of a restart))
    """
    profiles = mean_profiles(factors, joint=joint)
    pairs = []
    for _ in range(n_null):
        other = int(rng.integers(1, len(factors)))
        drawn = [
            profile * unrelated(matrix / profile, axis, rng)
            for matrix, profile, axis in zip(factors[other], profiles, axes, strict=True)
        ]
        pairs.append((factors[0], drawn, (0, other)))
    return pairs


def mean_profiles(factors: Sequence[list[np.ndarray]], *, joint: bool = True) -> list[np.ndarray]:
    """Estimate what all components have in common on each axis, such as rates of neurons.

    The mean size of each entry over components, shrunk towards a constant as far as the mean of so
    many independent components varies between entries by chance (James & Stein 1961). Of restarts
    that are copies of each other, no more components than those of one are counted; so a single
    component that every restart finds is no profile.

    Parameters
    ----------
    factors : list of lists of (n_axis, R) arrays
    joint : bool

    Returns
    -------
    list of (n_axis, 1) arrays
        Above zero.
    """
    found = []
    for place, first in enumerate(factors[0]):
        if not first.size:
            found.append(np.ones((len(first), 1)))
            continue
        matrices = slice(None) if joint else slice(place, place + 1)
        n = _n_different([each[matrices] for each in factors])
        sizes = np.abs(np.concatenate([each[place] for each in factors], axis=1))
        found.append(_shrunk(sizes, n))
    return found


def _n_different(factors: Sequence[list[np.ndarray]]) -> float:
    """Return the number of components of all restarts that aren't copies of each other."""
    first, *others = factors
    joint = congruence if len(first) > 1 else lambda a, b: np.abs(cosines(a[0], b[0]))
    alike = np.mean([joint(first, other).max(axis=1).mean() for other in others])
    return float(first[0].shape[1] * (1 + len(others) * (1 - min(alike, 1.0))))


def _shrunk(sizes: np.ndarray, n: float) -> np.ndarray:
    means = sizes.mean(axis=1, keepdims=True)
    level = means.mean()
    if not level > 0:
        return np.ones_like(means)
    between = np.var(means)
    # Copies are no further evidence of how much components differ.
    chance = np.mean(np.var(sizes, axis=1)) / max(n - 1, 1e-12)
    kept = max(0.0, 1 - chance / between) if between > 0 else 0.0
    # How much components differ isn't known from one.
    kept *= min(1.0, n - 1)
    return np.asarray(np.maximum(level + kept * (means - level), _LEAST * level))
