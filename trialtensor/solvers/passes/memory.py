"""An array in memory as passes: what the other implementations are checked against."""

from __future__ import annotations

import numpy as np

from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Job, join


class MemoryPasses(Passes):
    """An array in memory, in blocks of trials.

    Solvers take arrays as they are, which is faster.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) float array
        Zero where missing.
    observed : bool array of the shape of ``X``, optional
    n_entries : int
        About how many entries a block has.
    """

    def __init__(
        self, X: np.ndarray, observed: np.ndarray | None = None, n_entries: int = 10_000_000
    ) -> None:
        self.X, self.observed = X, observed
        self.shape, self.dtype = (X.shape[0], X.shape[1], X.shape[2]), X.dtype
        self.has_missing = observed is not None
        self.parts = trial_chunks(X.shape, n_entries)

    def run(self, job: Job) -> tuple[np.ndarray, ...]:
        """Do a job on all blocks and join the results.

        Parameters
        ----------
        job : Job
        """
        return join(job.joins, (job(self.trials(part)) for part in self.parts))

    def trials(self, part: slice) -> Block:
        """Return some trials, without a copy.

        Parameters
        ----------
        part : slice
        """
        return Block(part, self.X[part], None if self.observed is None else self.observed[part])
