"""The memory of past trials in a streaming CP fit.

For given trial factors the loss depends on the trials only through ``P_r = sum_k a_kr X_k`` and
``G = sum_k a_k a_k'``, whose size doesn't depend on the number of trials. They suffice to fit
neuron and time factors to all trials so far (Mairal, Bach, Ponce & Sapiro 2010, "Online
learning for matrix factorization and sparse coding"; Zhou et al. 2016, "Accelerating online CP
decompositions for higher order tensors").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.canonical import unit_columns
from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.problems import free_loss
from trialtensor.solvers.result import SolverResult, StopReason

# Sweeps after every batch. They read no trials, so they are cheap.
_MAX_ITER, _TOL = 100, 1e-8


@dataclass(frozen=True, eq=False)
class Past:
    """Summary of all trials so far, sufficient to fit neuron and time factors.

    Attributes
    ----------
    moments : (R, n_neurons, n_times) array
        ``sum_k a_kr X_k``.
    gram : (R, R) array
        ``sum_k a_k a_k'``.
    norm2 : float
        Sum of squares of the trials, with missing entries filled in by the model.
    """

    moments: np.ndarray
    gram: np.ndarray
    norm2: float

    def and_trials(self, X: np.ndarray, trial: np.ndarray) -> Past:
        """Return the summary with more trials added.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array
            Complete data.
        trial : (n_trials, R) array
            Trial factors of these trials.
        """
        moments, norm2 = self.moments.copy(), self.norm2
        for part in trial_chunks(X.shape):
            flat = X[part].reshape(len(X[part]), -1).astype(np.float64, copy=False)
            moments += (trial[part].T @ flat).reshape(moments.shape)
            norm2 += float(np.vdot(flat, flat))
        return Past(moments, self.gram + trial.T @ trial, norm2)

    def with_weights(self, change: np.ndarray) -> Past:
        """Return the summary with trial factors ``change @ a_k`` instead of ``a_k``.

        Parameters
        ----------
        change : (R, R) array
        """
        moments = np.tensordot(change, self.moments, axes=1)
        return Past(moments, change @ self.gram @ change.T, self.norm2)

    def sweep(
        self, factors: tuple[np.ndarray, ...], update: RowUpdate
    ) -> tuple[tuple[np.ndarray, ...], float]:
        """Update neuron, then time factors and return them with their loss.

        Parameters
        ----------
        factors : (n_neurons, R), (n_times, R) arrays
        update : RowUpdate
        """
        neuron, time = factors
        rhs = np.einsum("rnt,tr->nr", self.moments, time, optimize=True)
        neuron = update(0, (self.gram * (time.T @ time))[None], rhs, neuron)
        rhs = np.einsum("rnt,nr->tr", self.moments, neuron, optimize=True)
        gram = (self.gram * (neuron.T @ neuron))[None]
        time = update(1, gram, rhs, time)
        return (neuron, time), free_loss(self.norm2, gram, rhs, time)

    def loss(self, neuron: np.ndarray, time: np.ndarray) -> float:
        """Return the sum of squared errors of all trials so far, for the remembered trial factors.

        Parameters
        ----------
        neuron, time : (n_neurons, R), (n_times, R) arrays
        """
        rhs = np.einsum("rnt,nr->tr", self.moments, neuron, optimize=True)
        return free_loss(self.norm2, (self.gram * (neuron.T @ neuron))[None], rhs, time)


def nothing(n_components: int, n_neurons: int, n_times: int) -> Past:
    """Return the empty summary, before the first trial.

    Parameters
    ----------
    n_components, n_neurons, n_times : int
    """
    return Past(
        np.zeros((n_components, n_neurons, n_times)), np.zeros((n_components, n_components)), 0.0
    )


def as_the_model_has_it(
    gram: np.ndarray, neuron: np.ndarray, time: np.ndarray, loss: float
) -> Past:
    """Rebuild the summary from a model alone, with residuals orthogonal to its components.

    Parameters
    ----------
    gram : (R, R) array
        Inner products of the trial factors.
    neuron, time : (n_neurons, R), (n_times, R) arrays
    loss : float
        Sum of squared errors of the model.
    """
    parts = np.einsum("nr,tr->rnt", neuron, time)
    products = (neuron.T @ neuron) * (time.T @ time)
    norm2 = float(np.sum(gram * products)) + loss
    return Past(np.tensordot(gram, parts, axes=1), gram, norm2)


def refit(
    past: Past,
    neuron: np.ndarray,
    time: np.ndarray,
    nonnegative: tuple[bool, ...],
    *,
    max_iter: int = _MAX_ITER,
    tol: float = _TOL,
) -> tuple[Past, np.ndarray, np.ndarray, StopReason]:
    """Fit unit-norm neuron and time factors to all trials so far.

    Adapts the remembered trial factors: if they may have any sign, by projecting the old model on
    the new components, otherwise by their scale only.

    Parameters
    ----------
    past : Past
    neuron, time : (n_neurons, R), (n_times, R) arrays
        Starting point.
    nonnegative : three bools, by axis
    max_iter : int
        Maximum number of sweeps; values above 100 count as 100.
    tol : float
        Relative fall of the loss per sweep that is reported as converged; the sweeps themselves
        go on until the loss falls by less than 1e-8.

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
        # The remembered trial factors belong to the old components.
        own = (new_neuron.T @ new_neuron) * (new_time.T @ new_time)
        with_old = (new_neuron.T @ neuron) * (new_time.T @ time)
        change = np.linalg.pinv(own, hermitian=True) @ with_old
    return past.with_weights(change), new_neuron, new_time, _reason(result, tol)


def _reason(result: SolverResult[tuple[np.ndarray, ...]], tol: float) -> StopReason:
    """Return the stop reason by the user's tolerance."""
    last = result.loss_history[-3:]
    settled = len(last) == 3 and last[0] - last[-1] < 2 * tol * last[-1]
    if result.stop_reason is StopReason.MAX_ITER and settled:
        return StopReason.CONVERGED
    return result.stop_reason
