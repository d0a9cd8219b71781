"""Data that a fit reads pass by pass, instead of an array in memory."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.namespaces import contiguous, namespace
from trialtensor.solvers.passes import jobs, sweep_jobs
from trialtensor.solvers.passes.block import Block, Job
from trialtensor.solvers.passes.reach import Reach, Reached
from trialtensor.solvers.passes.together import Equations, GramOf, RowUpdate, in_blocks
from trialtensor.solvers.result import Factors

# Entries of the trials that meet all others in one pass.
_AT_ONCE = 50_000_000


class Passes(ABC):
    """A tensor of trials that is somewhere else: on disk, on a cluster, on a device.

    An implementation says where the blocks are and runs a job on each (`run`). All passes follow,
    and so do all solvers: where they take an array, they take this.

    Attributes
    ----------
    shape : three ints
        (n_trials, n_neurons, n_times); more of `Reshaped`.
    dtype : numpy.dtype
        Of the numbers that are computed with, float32 or float64.
    has_missing : bool
        Whether blocks say which entries were observed.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    has_missing: bool = False

    @abstractmethod
    def run(self, job: Job) -> tuple[np.ndarray, ...]:
        """Do a job on all blocks and join the results.

        Parameters
        ----------
        job : Job
        """

    @abstractmethod
    def trials(self, part: slice) -> Block:
        """Return some trials as NumPy arrays.

        Parameters
        ----------
        part : slice
        """

    def run_there(self, job: Job) -> tuple[Any, ...]:
        """Do a job as `run` does, but leave the results where the data is, if they can stay.

        Parameters
        ----------
        job : Job

        Returns
        -------
        tuple of arrays
            Of NumPy, unless an implementation says otherwise.
        """
        return self.run(job)

    # What code for arrays asks of any array.

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        """Return the number of trials."""
        return self.shape[0]

    def __getitem__(self, part: slice) -> np.ndarray:
        """Return the values of some trials."""
        return np.asarray(self.trials(part).values)

    def min(self) -> float:
        """Return the smallest value."""
        return self.extremes[0]

    def max(self) -> float:
        """Return the largest value."""
        return self.extremes[1]

    def any(self) -> bool:
        """Return whether any value is not zero."""
        return self.extremes != (0.0, 0.0)

    @cached_property
    def extremes(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        least, most = self.run(jobs.Extremes())
        return float(least), float(most)

    # The passes.

    def norm2(self) -> float:
        """Return the sum of squares, added up in float64."""
        return float(self.run(jobs.SumOfSquares())[0])

    def squares_below_zero(self) -> tuple[float, float]:
        """Return the sum of squares, and that of negative values."""
        whole, below = self.run(jobs.SquaresBelowZero())
        return float(whole), float(below)

    def gram(self, axis: int) -> np.ndarray:
        """Return the Gram matrix of the unfolding along ``axis``, ``(n_axis, n_axis)``, float64.

        Parameters
        ----------
        axis : {0, 1, 2}
        """
        return self.gram_of_trials() if axis == 0 else self.run(jobs.AxisGram(axis))[0]

    def gram_times(self, axis: int, rows: np.ndarray) -> np.ndarray:
        """Multiply the Gram matrix of an axis, which is never formed, by ``(n_axis, m)`` rows.

        Parameters
        ----------
        axis : int
        rows : (n_axis, m) array
        """
        if axis == 0:
            return self.correlate(0, self.contract(0, rows))
        return self.run(jobs.GramTimes(axis, rows))[0]

    def gram_of_trials(self) -> np.ndarray:
        """Return the Gram matrix of trials, (n_trials, n_trials), float64.

        Every block of trials has to meet every other, which takes a pass for each. Implementations
        that can read the data in another order need fewer.
        """
        gram = np.empty((len(self), len(self)))
        for part in trial_chunks(self.shape, _AT_ONCE):
            gram[:, part] = self.run(jobs.Correlate(0, self[part]))[0]
        return gram

    def project(self, axis: int, basis: np.ndarray) -> np.ndarray:
        """Express the data in the coordinates of ``basis`` along ``axis``.

        Parameters
        ----------
        axis : {0, 1, 2}
        basis : (n_axis, n_core) array
        """
        return self.run(jobs.Project(axis, basis))[0]

    def compressed(self, axis: int, basis: np.ndarray) -> np.ndarray | Passes:
        """Express the data in the coordinates of ``basis``, for further work wherever it is.

        Parameters
        ----------
        axis : {0, 1, 2}
        basis : (n_axis, n_core) array
        """
        return self.project(axis, basis)

    def trial_rhs(self, neuron: np.ndarray, time: np.ndarray) -> np.ndarray:
        """Return the right-hand sides for trials, (n_trials, R).

        Parameters
        ----------
        neuron, time : (n_neurons, R), (n_times, R) arrays
        """
        return self.run(sweep_jobs.TrialRhs(neuron, time))[0]

    def contract(self, axis: int, loadings: np.ndarray) -> np.ndarray:
        """Compute weighted sums along ``axis``, one per column of ``loadings``: (R, n_b, n_c).

        Parameters
        ----------
        axis : {0, 1, 2}
        loadings : (n_axis, R) array
        """
        found = self.run(jobs.Contract(axis, loadings))[0]
        return found if axis == 0 else np.ascontiguousarray(found.swapaxes(0, 1))

    def correlate(self, axis: int, slices: np.ndarray) -> np.ndarray:
        """Compute the inner products of all data slices along ``axis`` with ``slices``.

        Parameters
        ----------
        axis : {0, 1, 2}
        slices : (R, n_b, n_c) array

        Returns
        -------
        (n_axis, R) array
        """
        return self.run(jobs.Correlate(axis, slices))[0]

    def reach(
        self, directions: tuple[np.ndarray, np.ndarray, np.ndarray], slices: np.ndarray
    ) -> Reached:
        """Contract the data with directions of each axis, and more; see `Reached`.

        Parameters
        ----------
        directions : three (n_axis, R_axis) arrays
        slices : (n_slices, n_neurons, n_times) array
        """
        found = self.run_there(Reach(directions, slices))
        xp = namespace(*found)
        neuron, time = (xp.permute_dims(each, (1, 0, 2)) for each in found[1:3])
        sums = found[0], contiguous(neuron), contiguous(time)
        return Reached(sums, *found[3:])

    def sweep_together(
        self, models: Sequence[Factors], gram: GramOf, update: RowUpdate
    ) -> list[Equations]:
        """Update all factors of several CP models in two passes; see ``passes.sweep_together``.

        Parameters
        ----------
        models : sequence of three (n_axis, R) arrays
        gram : callable
        update : RowUpdate
        """
        first = sweep_jobs.TrialsAndNeurons(
            models, [gram(factors, 0) for factors in models], in_blocks(update)
        )
        found = self.run(first)
        swept = []
        for (trial, rhs), (_, neuron, time) in zip(sweep_jobs.in_pairs(found), models, strict=True):
            swept.append((trial, update(1, gram((trial, neuron, time), 1), rhs, neuron), time))
        equations: list[Equations] = []
        for factors, rhs in zip(swept, self.run(sweep_jobs.Times(swept)), strict=True):
            grams = gram(factors, 2)
            rhs = np.ascontiguousarray(rhs.T)
            time = update(2, grams, rhs, factors[2])
            equations.append(((*factors[:2], time), grams, rhs))
        return equations

    def residual_squares(self, model: jobs.Model) -> float:
        """Return the sum of squared residuals of observed entries, from the residuals themselves.

        Parameters
        ----------
        model : object with ``of_trials(part, block)``
        """
        return float(self.run(jobs.ResidualSquares(model))[0])


def restricted(block: Block, kept: Sequence[np.ndarray | None]) -> Block:
    """Return a block without the neurons and times that aren't kept.

    Parameters
    ----------
    block : Block
        NumPy arrays.
    kept : two bool arrays or None
        For neurons and times.
    """
    values, observed = block.values, block.observed
    for axis, keep in enumerate(kept, start=1):
        if keep is not None:
            values = values.compress(keep, axis)
            observed = None if observed is None else observed.compress(keep, axis)
    return replace(block, values=values, observed=observed)
