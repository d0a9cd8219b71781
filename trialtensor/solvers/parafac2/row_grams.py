"""Gram matrices of the row problems of a PARAFAC2 model with missing entries.

Sweeps fill missing entries in, so their equations don't show what the observed entries determine.
"""

from __future__ import annotations

import numpy as np

from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.parafac2.groups import Group
from trialtensor.solvers.parafac2.masked_slabs import FilledFactors, MaskedSlabs

# The index of the patterns, whose rows are those of all blocks under each other.
PATTERNS = 3
# Entries worked on at once, in double precision.
_CHUNK = 100_000


def observed_grams(
    slabs: MaskedSlabs, factors: FilledFactors
) -> tuple[dict[int, np.ndarray], float]:
    """Return what :func:`trialtensor.solvers.ridge.row_grams` does, for ``A``, ``C`` and patterns.

    The rows of the patterns are those of ``P_b H``.

    Parameters
    ----------
    slabs : MaskedSlabs
    factors : ``A``, ``H``, ``C`` and patterns

    Returns
    -------
    dict of (n_rows, R, R) arrays
    float
    """
    trial, cross, shared, patterns = (each.astype(np.float64) for each in factors)
    rank = trial.shape[1]
    upper = np.triu_indices(rank)
    own = patterns @ cross
    of_trials = np.zeros((len(trial), len(upper[0])))
    of_shared = np.zeros((len(shared), len(upper[0])))
    of_rows = np.zeros((*own.shape[:2], len(upper[0])))
    for group in slabs.groups:
        _add(group, (trial, own, shared), upper, (of_trials, of_rows, of_shared))
    return {
        0: _unpack(of_trials, upper, rank),
        2: _unpack(of_shared, upper, rank),
        PATTERNS: _unpack(of_rows.reshape(-1, len(upper[0])), upper, rank),
    }, slabs.loss(factors)


def complete_grams(slabs: MaskedSlabs, factors: FilledFactors) -> dict[int, np.ndarray]:
    """Return the same as if nothing were missing, (n_rows, R, R) or (1, R, R) arrays.

    Parameters
    ----------
    slabs : MaskedSlabs
    factors : ``A``, ``H``, ``C`` and patterns
    """
    trial, cross, shared, patterns = (each.astype(np.float64) for each in factors)
    cross_gram, shared_gram = cross.T @ cross, shared.T @ shared
    of_block = np.add.reduceat(trial[:, :, None] * trial[:, None], slabs.starts, axis=0)
    return {
        0: (cross_gram * shared_gram)[None],
        2: (cross_gram * (trial.T @ trial))[None],
        PATTERNS: np.repeat(of_block * shared_gram, patterns.shape[1], axis=0),
    }


def _add(
    group: Group,
    factors: tuple[np.ndarray, np.ndarray, np.ndarray],
    upper: tuple[np.ndarray, np.ndarray],
    sums: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Add what one group contributes; sums over pairs of components."""
    trial, own, shared = factors
    of_trials, of_rows, of_shared = sums
    shared_pairs = _pairs(shared, upper)
    blocks = np.arange(len(own))[group.which][group.block_of_trial]
    numbers = np.arange(len(trial))[group.trials]
    for part in trial_chunks(group.X.shape, _CHUNK):
        weights = group.seen[part].astype(np.float64)
        of_cells = weights @ shared_pairs
        row_pairs = _pairs(own[blocks[part], : group.n_rows], upper)
        trial_pairs = _pairs(trial[numbers[part]], upper)
        of_trials[numbers[part]] = np.einsum("knp,knp->kp", of_cells, row_pairs)
        by_trial = of_cells * trial_pairs[:, None]
        np.add.at(of_rows[:, : group.n_rows], blocks[part], by_trial)
        cells = (row_pairs * trial_pairs[:, None]).reshape(-1, len(upper[0]))
        of_shared += weights.reshape(len(cells), -1).T @ cells


def _pairs(factor: np.ndarray, upper: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return factor[..., upper[0]] * factor[..., upper[1]]


def _unpack(packed: np.ndarray, upper: tuple[np.ndarray, np.ndarray], rank: int) -> np.ndarray:
    full = np.empty((len(packed), rank, rank))
    full[:, upper[0], upper[1]] = packed
    full[:, upper[1], upper[0]] = packed
    return full
