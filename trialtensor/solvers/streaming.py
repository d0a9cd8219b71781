"""What a CP fit has to remember of trials that are gone.

For given trial factors the loss depends on the trials only through ``P_r = sum_k a_kr X_k`` and
``G = sum_k a_k a_k'``, whose size has nothing to do with the number of trials. They are enough to
fit neuron and time factors to all trials so far (Mairal, Bach, Ponce & Sapiro 2010, "Online
learning for matrix factorization and sparse coding"; Zhou et al. 2016, "Accelerating online CP
decompositions for higher order tensors").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.canonical import unit_columns
from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.problems import RowUpdate, free_loss
from trialtensor.solvers.result import SolverResult, StopReason

# Sweeps after every batch. They read no trials, so they cost next to nothing.
_MAX_ITER, _TOL = 100, 1e-8


@dataclass(frozen=True, eq=False)
class Past:
    """All trials so far, as far as neuron and time factors go.

    Attributes
    ----------
    moments : (R, n_neurons, n_times) array
        ``sum_k a_kr X_k``.
    gram : (R, R) array
        ``sum_k a_k a_k'``.
    norm2 : float
        Sum of squares of the trials, what was missing filled in by the model.
    """

    moments: np.ndarray
    gram: np.ndarray
    norm2: float

    def and_trials(self, X: np.ndarray, trial: np.ndarray) -> Past:
        """With more trials, complete ones."""
        moments, norm2 = self.moments.copy(), self.norm2
        for part in trial_chunks(X.shape):
            flat = X[part].reshape(len(X[part]), -1).astype(np.float64, copy=False)
            moments += (trial[part].T @ flat).reshape(moments.shape)
            norm2 += float(np.vdot(flat, flat))
        return Past(moments, self.gram + trial.T @ trial, norm2)

    def with_weights(self, change: np.ndarray) -> Past:
        """The trials with factors ``change @ a_k`` instead of ``a_k``."""
        moments = np.tensordot(change, self.moments, axes=1)
        return Past(moments, change @ self.gram @ change.T, self.norm2)

    def sweep(
        self, factors: tuple[np.ndarray, ...], update: RowUpdate
    ) -> tuple[tuple[np.ndarray, ...], float]:
        """Neurons, then times; also the loss that they reach."""
        neuron, time = factors
        rhs = np.einsum("rnt,tr->nr", self.moments, time, optimize=True)
        neuron = update(0, (self.gram * (time.T @ time))[None], rhs, neuron)
        rhs = np.einsum("rnt,nr->tr", self.moments, neuron, optimize=True)
        gram = (self.gram * (neuron.T @ neuron))[None]
        time = update(1, gram, rhs, time)
        return (neuron, time), free_loss(self.norm2, gram, rhs, time)

    def loss(self, neuron: np.ndarray, time: np.ndarray) -> float:
        """Sum of squared errors of all trials so far, for the trial factors that are remembered."""
        rhs = np.einsum("rnt,nr->tr", self.moments, neuron, optimize=True)
        return free_loss(self.norm2, (self.gram * (neuron.T @ neuron))[None], rhs, time)


def nothing(n_components: int, n_neurons: int, n_times: int) -> Past:
    """Before the first trial."""
    return Past(
        np.zeros((n_components, n_neurons, n_times)), np.zeros((n_components, n_components)), 0.0
    )


def as_the_model_has_it(
    gram: np.ndarray, neuron: np.ndarray, time: np.ndarray, loss: float
) -> Past:
    """Trials of which only a model is left: what it leaves over has nothing to do with it."""
    parts = np.einsum("nr,tr->rnt", neuron, time)
    products = (neuron.T @ neuron) * (time.T @ time)
    norm2 = float(np.sum(gram * products)) + loss
    return Past(np.tensordot(gram, parts, axes=1), gram, norm2)


def refit(
    past: Past,
    neuron: np.ndarray,
    time: np.ndarray,
    nonnegative: tuple[bool, bool, bool],
    *,
    max_iter: int = _MAX_ITER,
    tol: float = _TOL,
) -> tuple[Past, np.ndarray, np.ndarray, StopReason]:
    """Neuron and time factors of unit norm that are best for all trials so far.

    The trial factors that are remembered go along: where they may have any sign, as the
    projection of the old model on the new components, otherwise by their scale.

    Parameters
    ----------
    past : Past
    neuron, time : (n_neurons, R), (n_times, R) arrays
        Where to start.
    nonnegative : three bools, by axis
    max_iter : int
        Sweeps, at most; 100 even if that is more.
    tol : float
        What counts as converged: sweeps go on until the loss falls by less than 1e-8.

    Returns
    -------
    Past, (n_neurons, R) array, (n_times, R) array, StopReason
    """
    result = minimise(
        past,
        (neuron, time),
        balance=lambda factors: factors,
        nonnegative=nonnegative[1:],
        max_iter=min(_MAX_ITER, max_iter),
        tol=_TOL,
    )
    found = result.factors
    new_neuron, neuron_norms = unit_columns(found[0])
    new_time, time_norms = unit_columns(found[1])
    if nonnegative[0]:
        change = np.diag(neuron_norms * time_norms)
    else:
        # The trial factors belong to the components as they were when these were fitted.
        own = (new_neuron.T @ new_neuron) * (new_time.T @ new_time)
        with_old = (new_neuron.T @ neuron) * (new_time.T @ time)
        change = np.linalg.pinv(own, hermitian=True) @ with_old
    return past.with_weights(change), new_neuron, new_time, _reason(result, tol)


def _reason(result: SolverResult[tuple[np.ndarray, ...]], tol: float) -> StopReason:
    """Why it stopped, by the user's tolerance."""
    last = result.loss_history[-3:]
    settled = len(last) == 3 and last[0] - last[-1] < 2 * tol * last[-1]
    if result.stop_reason is StopReason.MAX_ITER and settled:
        return StopReason.CONVERGED
    return result.stop_reason
