"""Sweeps of large data, a few trials at a time and for several models at once.

A product of the data with few columns takes as long as reading the data. One with the columns of
ten models takes twice that, so ten models are swept in the time of two or three. What belongs to
a few trials stays in the cache, and no temporary grows with the data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.result import Factors

# (mode, grams, right-hand side, current rows) -> new rows
RowUpdate = Callable[[int, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
# (factors, mode) -> Gram matrices
GramOf = Callable[[Factors, int], np.ndarray]
# Factors, and the normal equations of the one that was updated last.
Equations = tuple[Factors, np.ndarray, np.ndarray]
# Entries of the data, or of its product with the columns of all models, that fit into a cache.
_IN_CACHE = 400_000


def sweep_together(
    X: np.ndarray, models: Sequence[Factors], gram: GramOf, update: RowUpdate
) -> list[Equations]:
    """Update all factors of several models in two passes over the data.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
        Zeros where missing.
    models : sequence of three (n_axis, R) arrays
        Each with its own number of components.
    gram : callable
    update : RowUpdate

    Returns
    -------
    list of (factors, grams, rhs)
        With the normal equations of the time factor, which was updated last.
    """
    ends = np.cumsum([0, *(time.shape[1] for _, _, time in models)])
    columns = [slice(i, j) for i, j in pairwise(ends)]
    chunks = _chunks(X.shape, int(ends[-1]))
    pairs = _trials_and_neurons(X, models, columns, chunks, gram, update)
    rhs_of_all = np.zeros((ends[-1], X.shape[2]), X.dtype)
    trials, neurons = (np.concatenate([pair[i] for pair in pairs], axis=1) for i in range(2))
    for part in chunks:
        rows = contraction.khatri_rao_rows(trials[part], neurons)
        rhs_of_all += rows @ X[part].reshape(-1, X.shape[2])
    found: list[tuple[Factors, np.ndarray, np.ndarray]] = []
    for (trial, neuron), (_, _, time), own in zip(pairs, models, columns, strict=True):
        rhs = np.ascontiguousarray(rhs_of_all[own].T)
        grams = gram((trial, neuron, time), 2)
        found.append(((trial, neuron, update(2, grams, rhs, time)), grams, rhs))
    return found


def for_rows(update: RowUpdate, part: slice) -> RowUpdate:
    """Return an update as it is for some trials, wherever and in whatever order it is called.

    Parameters
    ----------
    update : RowUpdate
        With ``of_trials(part)`` if it treats each row in its own way.
    part : slice
    """
    of_trials = getattr(update, "of_trials", None)
    return update if of_trials is None else of_trials(part)


def in_blocks(update: RowUpdate) -> RowUpdate:
    """Return the part of an update that is sent to where the data is, which has trials only.

    Parameters
    ----------
    update : RowUpdate
        With ``of_blocks`` if it knows more than that part needs.
    """
    own: RowUpdate = getattr(update, "of_blocks", update)
    return own


def _trials_and_neurons(
    X: np.ndarray,
    models: Sequence[Factors],
    columns: Sequence[slice],
    chunks: Sequence[slice],
    gram: GramOf,
    update: RowUpdate,
) -> list[tuple[np.ndarray, np.ndarray]]:
    times = np.concatenate([time for _, _, time in models], axis=1)
    trials = [trial.copy() for trial, _, _ in models]
    grams = [gram(factors, 0) for factors in models]
    sums = [np.zeros_like(neuron) for _, neuron, _ in models]
    for part in chunks:
        partial = contraction.contract_time(X[part], times)
        for i, own in enumerate(columns):
            rhs = contraction.trials_from_partial(partial[own], models[i][1])
            rows = grams[i] if len(grams[i]) == 1 else grams[i][part]
            trials[i][part] = update(0, rows, rhs, trials[i][part])
            sums[i] += contraction.neurons_from_partial(partial[own], trials[i][part])
    return [
        (trial, update(1, gram((trial, neuron, time), 1), rhs, neuron))
        for trial, rhs, (_, neuron, time) in zip(trials, sums, models, strict=True)
    ]


def _chunks(shape: tuple[int, ...], n_columns: int) -> list[slice]:
    per_trial = shape[1] * max(shape[2], n_columns)
    return contraction.trial_chunks((shape[0], per_trial, 1), _IN_CACHE)
