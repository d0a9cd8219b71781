"""Transitions in the span of their states, and one sweep of updates of dynamics on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse.linalg

from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.result import Factors
from trialtensor.solvers.transitions import Transitions, span

# Form the equations of the input factor explicitly up to this many unknowns.
_DIRECT = 1500
# Entries of the states that are converted and worked on together, within a processor's cache.
_CHUNK = 50_000
# Times the data that the states of a problem, their moments and the mask may take together.
_ROOM = 2.38


@dataclass(frozen=True, eq=False)
class DynamicsProblem:
    """All transitions from one bin to the next, in the span of their states.

    States are kept in the precision of the data and converted to double a few trials at a time.
    Rounding them here is harmless: each coordinate has unit variance before a step.

    Attributes
    ----------
    before : (n_trials, n_inputs, m) array
        States before a step, all together with unit variance; a triangle for each trial, in which
        the order of states is lost, or the states themselves where these are fewer.
    after : (n_trials, n_outputs, m) array
        What follows them.
    rest : float
        Sum of squares of that part of the states after a step which no matrix can predict.
    norm2 : float
        ``sum |x_{t+1}|^2`` over all transitions.
    exact_below : float
        The loss of a model that predicts all states to rounding error.
    inputs, outputs : (n_neurons, n_inputs), (n_neurons, n_outputs) arrays
        Map input and output factors to neurons.
    room : float
        Bytes that second moments of the states may take; else they are formed for each sweep.
    """

    before: np.ndarray
    after: np.ndarray
    rest: float
    norm2: float
    exact_below: float
    inputs: np.ndarray
    outputs: np.ndarray
    room: float

    @property
    def X(self) -> np.ndarray:
        """The array whose size sets the number of threads."""
        return self.before

    @property
    def states(self) -> DynamicsProblem:
        """The problem itself, as :class:`SmoothDynamics` has one."""
        return self

    @property
    def n_trials(self) -> int:
        """Number of rows of the trial factor."""
        return len(self.before)

    def chunks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield a few trials at a time, with their states before a step in double precision."""
        for part in trial_chunks(self.before.shape, _CHUNK):
            yield part, _double(self.before[part])

    def sweep(self, factors: Factors, update: RowUpdate) -> tuple[Factors, float]:
        """Update the trial, output and input factors in turn and return them with their loss.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        update : RowUpdate
        """
        trial, output, source = factors
        inner, driven = self.products(source)
        rhs = np.einsum("nr,knr->kr", output, driven)
        trial = update(0, inner * (output.T @ output), rhs, trial)

        gram = np.einsum("kr,krs,ks->rs", trial, inner, trial, optimize=True)
        output = update(1, gram[None], np.einsum("knr,kr->nr", driven, trial), output)
        del driven, inner

        source = self.inputs_given(trial, output, source)
        return (trial, output, source), self.loss((trial, output, source))

    def products(self, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Multiply what input factors read of each trial with itself and with what follows it.

        Parameters
        ----------
        source : (n_inputs, R) array

        Returns
        -------
        (n_trials, R, R) array
        (n_trials, n_outputs, R) array
        """
        n_trials, n_outputs, _ = self.after.shape
        rank = source.shape[1]
        inner = np.empty((n_trials, rank, rank))
        driven = np.empty((n_trials, n_outputs, rank))
        for part, before in self.chunks():
            after = _double(self.after[part])
            read = np.matmul(source.T, before)
            np.matmul(read, read.swapaxes(1, 2), out=inner[part])
            np.matmul(after, read.swapaxes(1, 2), out=driven[part])
        return inner, driven

    def loss(self, factors: Factors) -> float:
        """Return the sum of squared errors of all one-step predictions, from the residuals.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        """
        trial, output, source = factors
        total = self.rest
        for part, before in self.chunks():
            driving = trial[part][:, :, None] * np.matmul(source.T, before)
            residual = np.matmul(output, driving)
            np.subtract(self.after[part], residual, out=residual)
            total += float(np.vdot(residual, residual))
        return total

    def common(self) -> np.ndarray:
        """Sum the products of states after and before a step, (n_outputs, n_inputs)."""
        found = np.zeros((self.after.shape[1], self.before.shape[1]))
        for part, before in self.chunks():
            found += np.matmul(self.after[part], before.swapaxes(1, 2)).sum(axis=0)
        return found

    @cached_property
    def _power(self) -> np.ndarray:
        """Sum of squares of the states of each trial, (n_trials,)."""
        found = [np.einsum("knm,knm->k", before, before) for _, before in self.chunks()]
        return np.concatenate(found)

    @cached_property
    def _moments(self) -> np.ndarray | None:
        """Half of the symmetric second moments of every trial, unless too large to keep."""
        n_trials, n, m = self.before.shape
        half = np.ravel_multi_index(np.triu_indices(n), (n, n))
        if n > m or 8 * n_trials * len(half) > self.room:
            return None
        found = np.empty((n_trials, len(half)))
        for part, before in self.chunks():
            own = np.matmul(before, before.swapaxes(1, 2)).reshape(len(before), -1)
            found[part] = own[:, half]
        return found

    def _input_matrix(self, weights: np.ndarray) -> np.ndarray:
        """Compute ``sum_k w_k (x) S_k``, where ``S_k`` are second moments, (n R, n R)."""
        n, rank = self.before.shape[1], weights.shape[1]
        first, second = np.triu_indices(rank)
        pairs = weights[:, first, second]
        if self._moments is not None:
            rows, columns = np.triu_indices(n)
            sums = np.empty((len(first), n, n))
            sums[:, rows, columns] = sums[:, columns, rows] = pairs.T @ self._moments
        else:
            sums = np.zeros((len(first), n, n))
            for part, before in self.chunks():
                own = np.matmul(before, before.swapaxes(1, 2)).reshape(len(before), -1)
                sums += (pairs[part].T @ own).reshape(sums.shape)
        whole = np.empty((n, rank, n, rank))
        for r, s, each in zip(first, second, sums, strict=True):
            whole[:, r, :, s] = whole[:, s, :, r] = each
        return whole.reshape(n * rank, n * rank)

    def inputs_given(
        self,
        trial: np.ndarray,
        output: np.ndarray,
        current: np.ndarray,
        ridge: np.ndarray | None = None,
    ) -> np.ndarray:
        """Solve ``sum_k S_k C (a_k a_k' * B'B) + C Q = sum_k D_k' B diag(a_k)`` for ``C``.

        ``S_k`` and ``D_k`` are the second moments of states, and of states with what follows them.
        The equations couple all entries of ``C``, because ``S_k`` differs between trials. Damping
        towards the current ``C``, at rounding level, keeps the step well defined without ever
        raising the loss.

        Parameters
        ----------
        trial, output, current : (n, R) arrays
        ridge : (R, R) array, optional
            ``Q``, nothing by default.
        """
        n, rank = current.shape
        weights = trial[:, :, None] * trial[:, None, :] * (output.T @ output)
        target = np.zeros((n, rank))
        for part, before in self.chunks():
            driven = trial[part][:, :, None] * np.matmul(output.T, _double(self.after[part]))
            target += np.matmul(before, driven.swapaxes(1, 2)).sum(axis=0)
        size = float(np.einsum("krr,k->", weights, self._power)) / (n * rank)
        damping = 10 * np.finfo(current.dtype).eps * size if size > 0 else 1.0
        target += damping * current
        if n * rank <= _DIRECT:
            whole = self._input_matrix(weights)
            whole[np.diag_indices(n * rank)] += damping
            if ridge is not None:
                each = np.arange(n)
                whole.reshape(n, rank, n, rank)[each, :, each] += ridge
            try:
                # Columns first, the symmetric matrix is overwritten rather than copied.
                factor = scipy.linalg.cho_factor(whole.T, overwrite_a=True, check_finite=False)
                return scipy.linalg.cho_solve(factor, target.ravel()).reshape(n, rank)
            except np.linalg.LinAlgError:
                return current

        def times(flat: np.ndarray) -> np.ndarray:
            C = flat.reshape(n, rank)
            found = damping * C if ridge is None else damping * C + C @ ridge
            for part, before in self.chunks():
                seen = np.matmul(before, np.matmul(before.swapaxes(1, 2), C))
                found += np.matmul(seen, weights[part]).sum(axis=0)
            return found.ravel()

        operator: Any = scipy.sparse.linalg.LinearOperator((n * rank,) * 2, matvec=times)
        # Conjugate gradients never raise the quadratic, even when stopped early.
        found, _ = scipy.sparse.linalg.cg(
            operator, target.ravel(), x0=current.ravel(), rtol=1e-8, maxiter=100
        )
        return found.reshape(n, rank)


def _double(states: np.ndarray) -> np.ndarray:
    return states.astype(np.float64, copy=False)


def in_span(steps: Transitions) -> DynamicsProblem:
    """Reduce transitions to the span of their states.

    Parameters
    ----------
    steps : Transitions
        Trials without a transition take no part, and must not be all there are.
    """
    return in_coordinates(steps, *coordinates(steps))


def coordinates(steps: Transitions) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps from input and output factors to neurons, (n_neurons, n_directions).

    Parameters
    ----------
    steps : Transitions
        Not all of its trials may be without a transition.
    """
    basis, sizes = span((before for before, _ in steps), steps.nil)
    outputs, _ = span((after for _, after in steps), steps.nil)
    scale = steps.counts.sum() ** 0.5 / np.where(sizes > 0, sizes, 1)
    return basis * scale, outputs


def in_coordinates(steps: Transitions, inputs: np.ndarray, outputs: np.ndarray) -> DynamicsProblem:
    """Reduce transitions to given coordinates of the states before and after a step.

    Parameters
    ----------
    steps : Transitions
        As for :func:`in_span`.
    inputs, outputs : (n_neurons, n_inputs), (n_neurons, n_outputs) arrays
    """
    counts = steps.counts
    m = min(int(counts.max()), inputs.shape[1])
    n_trials = int(np.count_nonzero(counts))
    before = np.zeros((n_trials, inputs.shape[1], m), steps.X.dtype)
    after = np.zeros((n_trials, outputs.shape[1], m), steps.X.dtype)
    rest = norm2 = 0.0
    for k, (now, then) in enumerate(step for step in steps if step[0].size):
        norm2 += float(np.vdot(then, then))
        now, then = inputs.T @ now, outputs.T @ then
        if now.shape[1] > m:
            directions, triangle = np.linalg.qr(now.T)
            predictable = then @ directions
            unpredictable = then - predictable @ directions.T
            rest += float(np.vdot(unpredictable, unpredictable))
            now, then = triangle.T, predictable
        before[k, :, : now.shape[1]], after[k, :, : now.shape[1]] = now, then
    masks = 0 if steps.observed is None else steps.observed.nbytes
    room = _ROOM * steps.X.nbytes - before.nbytes - after.nbytes - masks
    exact_below = steps.nil**2 * norm2
    return DynamicsProblem(before, after, rest, norm2, exact_below, inputs, outputs, room)
