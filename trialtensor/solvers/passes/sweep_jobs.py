"""What the passes of a CP sweep do on each block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.namespaces import as_numpy, namespace
from trialtensor.solvers.passes.block import Block, Join
from trialtensor.solvers.passes.together import RowUpdate, for_rows
from trialtensor.solvers.result import Factors


@dataclass(frozen=True, eq=False)
class TrialRhs:
    """The right-hand sides of a CP model for trials.

    Attributes
    ----------
    neuron, time : (n_neurons, R), (n_times, R) arrays
    """

    neuron: np.ndarray
    time: np.ndarray
    joins: Sequence[Join] = ("rows",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return (n_some_trials, R)."""
        partial = contraction.contract_time(block.values, block.array(self.time))
        return (contraction.trials_from_partial(partial, block.array(self.neuron)),)


@dataclass(frozen=True, eq=False)
class TrialsAndNeurons:
    """The first half of a CP sweep: new trial factors, and the right-hand sides for neurons.

    Attributes
    ----------
    models : sequence of three (n_axis, R) arrays
    grams : sequence of (1 or n_trials, R, R) arrays
        Gram matrices of the trials of each model.
    update : RowUpdate
    """

    models: Sequence[Factors]
    grams: Sequence[np.ndarray]
    update: RowUpdate

    @property
    def joins(self) -> Sequence[Join]:
        """For each model, rows of trials and sums for neurons."""
        each: list[Join] = ["rows", "sum"]
        return each * len(self.models)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return the trial factors and the (n_neurons, R) right-hand sides of each model."""
        part = block.part
        times = np.concatenate([time for _, _, time in self.models], axis=1)
        partial = contraction.contract_time(block.values, block.array(times))
        found: list[Any] = []
        first = 0
        for (trial, neuron, time), grams in zip(self.models, self.grams, strict=True):
            own = partial[first : first + time.shape[1], ...]
            first += time.shape[1]
            rhs = as_numpy(contraction.trials_from_partial(own, block.array(neuron)))
            rows = grams if len(grams) == 1 else grams[part]
            new = for_rows(self.update, part)(0, rows, rhs, trial[part])
            found += [new, contraction.neurons_from_partial(own, block.array(new))]
        return tuple(found)


@dataclass(frozen=True, eq=False)
class Times:
    """The second half of a CP sweep: the right-hand sides for times.

    Attributes
    ----------
    models : sequence of three (n_axis, R) arrays
    """

    models: Sequence[Factors]

    @property
    def joins(self) -> Sequence[Join]:
        """Sums over trials."""
        return ["sum" for _ in self.models]

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return (R, n_times) for each model."""
        xp = namespace(block.values)
        flat = xp.reshape(block.values, (-1, block.values.shape[2]))
        found = []
        # One product with the rows of all models reads the data once.
        for some in _groups(self.models, block.values.shape[2]):
            trials = np.concatenate([trial[block.part] for trial, _, _ in some], axis=1)
            neurons = np.concatenate([neuron for _, neuron, _ in some], axis=1)
            rows = contraction.khatri_rao_rows(block.array(trials), block.array(neurons))
            product = rows @ flat
            first = 0
            for trial, _, _ in some:
                found.append(product[first : first + trial.shape[1], ...])
                first += trial.shape[1]
        return tuple(found)


def in_pairs(found: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return the results of `TrialsAndNeurons`, model by model.

    Parameters
    ----------
    found : sequence of arrays
    """
    return list(zip(found[::2], found[1::2], strict=True))


def _groups(models: Sequence[Factors], n_times: int) -> list[Sequence[Factors]]:
    """Divide models so that the Khatri-Rao rows of a group aren't larger than the data."""
    n = max(1, n_times // max(1, max(trial.shape[1] for trial, _, _ in models)))
    return [models[i : i + n] for i in range(0, len(models), n)]
