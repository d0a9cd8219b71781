"""Data in passes with other axes after that of trials, as an array is reshaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.namespaces import namespace
from trialtensor.solvers.passes.axis_jobs import GramAlong, Values
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Job, Join
from trialtensor.solvers.passes.jobs import Project

# An axis, and the basis in whose coordinates it is.
Step = tuple[int, np.ndarray]
# Bytes of a projection that is held; a larger one is made anew of each block in each pass.
ROOM = 256_000_000


@dataclass(frozen=True, eq=False)
class InShape:
    """A job that gets its blocks with other axes, some of them in the coordinates of a basis.

    Attributes
    ----------
    job : Job
    shape : tuple of int
        Of a trial.
    steps : sequence of (axis, basis)
    """

    job: Job
    shape: tuple[int, ...]
    steps: Sequence[Step] = ()

    @property
    def joins(self) -> Sequence[Join]:
        """Those of the job."""
        return self.job.joins

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return the results of the job."""
        return self.job(self.shown(block))

    def shown(self, block: Block) -> Block:
        """Return a block as the job gets it.

        Parameters
        ----------
        block : Block
        """
        xp, whole = namespace(block.values), (block.values.shape[0], *self.shape)
        values = xp.reshape(block.values, whole)
        for axis, basis in self.steps:
            values = contraction.project(values, axis, block.array(basis))
        seen = block.observed
        if seen is not None:
            seen = None if self.steps else namespace(seen).reshape(seen, whole)
        return Block(block.part, values, seen)


class Reshaped(Passes):
    """The same data with any number of axes, or with several of them as one.

    Parameters
    ----------
    inner : Passes
        Of the data with three axes, (n_trials, n_all_others, 1).
    shape : tuple of int
        Trials first.
    steps : sequence of (axis, basis)
        Bases in whose coordinates axes are, applied one after the other.
    room : int
        Bytes of a projection that may be held.
    """

    def __init__(
        self, inner: Any, shape: Sequence[int], steps: Sequence[Step] = (), room: int = ROOM
    ) -> None:
        self.inner, self.steps, self.room = inner, tuple(steps), room
        self.stored = tuple(int(n) for n in shape)
        found = list(self.stored)
        for axis, basis in self.steps:
            found[axis] = basis.shape[1]
        self.shape = tuple(found)
        self.dtype = inner.dtype

    def run(self, job: Job) -> tuple[np.ndarray, ...]:
        """Do a job on all blocks and join the results.

        Parameters
        ----------
        job : Job
        """
        return self.inner.run(self._of(job))

    def run_there(self, job: Job) -> tuple[Any, ...]:
        """Do a job as `run` does, and leave the results where the data is.

        Parameters
        ----------
        job : Job
        """
        return self.inner.run_there(self._of(job))

    def trials(self, part: slice) -> Block:
        """Return some trials as NumPy arrays.

        Parameters
        ----------
        part : slice
        """
        return self._of(Values()).shown(self.inner.trials(part))

    def __getitem__(self, part: slice) -> np.ndarray:
        """Return the values of some trials; all of them come block by block."""
        if part == slice(None):
            return self.run(Values())[0]
        return super().__getitem__(part)

    def reshape(self, *shape: Any) -> Reshaped:
        """Return the same data in another shape, with as many trials.

        Parameters
        ----------
        *shape : ints, one of which may be -1, or one tuple
        """
        assert not self.steps, "bases belong to axes"
        given = shape[0] if len(shape) == 1 else shape
        known = math.prod(n for n in given if n != -1)
        whole = [self.size // known if n == -1 else n for n in given]
        return type(self)(self.inner, whole, room=self.room)

    @property
    def extremes(self) -> tuple[float, float]:
        """The smallest and the largest value of the data itself."""
        found: tuple[float, float] = self.inner.extremes
        return found

    def gram(self, axis: int) -> np.ndarray:
        """Return the Gram matrix of the unfolding along ``axis``, ``(n_axis, n_axis)``, float64.

        Parameters
        ----------
        axis : int
        """
        return self.gram_of_trials() if axis == 0 else self.run(GramAlong(axis))[0]

    def gram_of_trials(self) -> np.ndarray:
        """Return the Gram matrix of trials, (n_trials, n_trials), float64."""
        if self.steps:
            return super().gram_of_trials()
        found: np.ndarray = self.inner.gram_of_trials()
        return found

    def compressed(self, axis: int, basis: np.ndarray) -> np.ndarray | Passes:
        """Express the data in the coordinates of ``basis``: an array, if there is room for it.

        Parameters
        ----------
        axis : int
        basis : (n_axis, n_core) array
        """
        if axis == 0:
            return self.run(Project(0, basis))[0]
        found = type(self)(self.inner, self.stored, (*self.steps, (axis, basis)), self.room)
        return found if found.size * found.dtype.itemsize > self.room else found.held()

    def held(self) -> np.ndarray | Passes:
        """Return the data as it is now, so that later passes needn't project it again."""
        return self[:]

    def without(self, kept: Sequence[np.ndarray]) -> Reshaped:
        """Return the same data without some slices.

        Parameters
        ----------
        kept : bool arrays, by axis
        """
        trials, *others = kept
        flat = np.ones(1, bool)
        for each in others:
            flat = np.logical_and.outer(flat, each).ravel()
        inner = self.inner.without((trials, flat, np.ones(1, bool)))
        return type(self)(inner, [int(each.sum()) for each in kept], room=self.room)

    def _of(self, job: Job) -> InShape:
        return InShape(job, self.stored[1:], self.steps)


def unwrapped(passes: Any) -> Any:
    """Return the passes over data as it is stored.

    Parameters
    ----------
    passes : Passes or anything else, which is returned as it is
    """
    return passes.inner if isinstance(passes, Reshaped) else passes
