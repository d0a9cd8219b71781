"""A sweep of several CP models over data on a device, with three exchanges of small arrays.

The rows of factors are updated on the processor, which waits for the device there. So the
right-hand sides of all trials, all neurons or all times of all models are handed over at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.namespaces import as_numpy
from trialtensor.solvers.passes.block import Block
from trialtensor.solvers.passes.together import Equations, GramOf, RowUpdate
from trialtensor.solvers.result import Factors
from trialtensor.solvers.threads import blas_threads_for

# Entries of a temporary: the data contracted with the neuron factors of all models.
_PIECE = 200_000_000


def sweep_on_device(
    blocks: Callable[[], Iterable[Block]],
    models: Sequence[Factors],
    gram: GramOf,
    update: RowUpdate,
) -> list[Equations]:
    """Update all factors of several models in two passes over the data.

    Parameters
    ----------
    blocks : callable
        Returns all blocks of the data, with arrays on the device.
    models : sequence of three (n_axis, R) arrays
    gram : callable
    update : RowUpdate

    Returns
    -------
    list of (factors, grams, rhs)
        With the normal equations of the time factor, which was updated last.
    """
    # Everything on the processor is small: threads would take longer to wake than the work.
    with blas_threads_for(0):
        return _sweep(blocks, models, gram, update)


def _sweep(
    blocks: Callable[[], Iterable[Block]],
    models: Sequence[Factors],
    gram: GramOf,
    update: RowUpdate,
) -> list[Equations]:
    own = _columns(models)
    trials, neurons = _trials_and_neurons(blocks, models, own, gram, update)
    swept = [
        (trial, neuron, time)
        for trial, neuron, (_, _, time) in zip(trials, neurons, models, strict=True)
    ]
    rhs_of_all = _times(blocks, np.concatenate(trials, axis=1), np.concatenate(neurons, axis=1))
    found: list[Equations] = []
    for factors, columns in zip(swept, own, strict=True):
        grams, rhs = gram(factors, 2), np.ascontiguousarray(rhs_of_all[:, columns])
        time = update(2, grams, rhs, factors[2])
        found.append(((*factors[:2], time), grams, rhs))
    return found


def _trials_and_neurons(
    blocks: Callable[[], Iterable[Block]],
    models: Sequence[Factors],
    own: Sequence[slice],
    gram: GramOf,
    update: RowUpdate,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    neurons, times = (np.concatenate([each[i] for each in models], axis=1) for i in (1, 2))
    partials, found = [], []
    for block in blocks():
        partial = contraction.contract_time(block.values, block.array(times))
        partials.append(Block(block.part, partial))
        found.append(contraction.trials_from_partial(partial, block.array(neurons)))
        # Where blocks are copies, each is freed before the next is made.
        del block
    rhs = np.concatenate([as_numpy(each) for each in found])
    trials = [
        update(0, gram(factors, 0), np.ascontiguousarray(rhs[:, columns]), factors[0])
        for factors, columns in zip(models, own, strict=True)
    ]
    whole = np.concatenate(trials, axis=1)
    sums = [
        contraction.neurons_from_partial(each.values, each.array(whole[each.part]))
        for each in partials
    ]
    rhs = as_numpy(_total(sums))
    return trials, [
        update(1, gram((trial, neuron, time), 1), np.ascontiguousarray(rhs[:, columns]), neuron)
        for trial, (_, neuron, time), columns in zip(trials, models, own, strict=True)
    ]


def _times(
    blocks: Callable[[], Iterable[Block]], trials: np.ndarray, neurons: np.ndarray
) -> np.ndarray:
    """Return the (n_times, R) right-hand sides of all models."""
    sums = []
    for block in blocks():
        weights, own = block.array(trials[block.part]), block.array(neurons)
        n_trials, _, n_times = block.values.shape
        for part in contraction.trial_chunks((n_trials, own.shape[1], n_times), _PIECE):
            some = block.values[part, ...]
            sums.append(contraction.times_from_data(some, weights[part, :], own))
        del block
    return as_numpy(_total(sums))


def _total(parts: list[Any]) -> Any:
    """Add up arrays in pairs, pairs of pairs and so on."""
    while len(parts) > 1:
        paired = [a + b for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = paired + parts[len(parts) - len(parts) % 2 :]
    return parts[0]


def _columns(models: Sequence[Factors]) -> list[slice]:
    ends = np.cumsum([0, *(time.shape[1] for _, _, time in models)])
    return [slice(int(i), int(j)) for i, j in pairwise(ends)]
