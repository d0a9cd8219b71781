"""Least-squares CP problems: alternating sweeps over the data, and their loss.

The loss costs no extra pass: with the last MTTKRP ``M`` and Gram matrix ``H`` of a sweep it is
``|X|^2 - 2 <M, C> + <C'C, H>``, accumulated in float64 because the terms cancel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.normal_equations import Pattern, full_gram, quadratic
from trialtensor.solvers.passes import RowUpdate, sweep_together
from trialtensor.solvers.result import Factors

Bases = tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]


def sum_of_squares(X: np.ndarray) -> float:
    """Compute ``|X|^2`` in float64, in chunks: float32 data doesn't overflow and isn't copied.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
    """
    total = 0.0
    for part in contraction.trial_chunks(X.shape):
        flat = X[part].ravel().astype(np.float64, copy=False)
        total += float(flat @ flat)
    return total


def free_loss(norm2: float, grams: np.ndarray, rhs: np.ndarray, factor: np.ndarray) -> float:
    """Compute the loss from the normal equations of the factor updated last.

    Parameters
    ----------
    norm2 : float
        Sum of squares of the observed data.
    grams, rhs : (1 or n, R, R), (n, R) arrays
        Normal equations of the factor.
    factor : (n, R) array
    """
    fit = float(np.sum(rhs.astype(np.float64, copy=False) * factor))
    return max(norm2 - 2 * fit + quadratic(grams, factor), 0.0)


@dataclass(frozen=True)
class DenseProblem:
    """Complete data, data with a 2-D missing pattern, or the compressed surrogate of either.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array
        The data with zeros where missing, or its compressed core.
    norm2 : float
        Sum of squares of the data (not of the core).
    pattern : Pattern, optional
        The missing pattern, if anything is missing.
    bases : three arrays or None
        ``(n_axis, n_core)`` orthonormal bases: the data is ``X`` times these on each axis.
    missing_weight : float
        A missing entry counts as a zero with this weight, against 1 for an observed one.
    core : DenseProblem, optional
        A compressed surrogate of this problem, for fits of fewer components to start from.
    """

    X: np.ndarray
    norm2: float
    pattern: Pattern | None = None
    bases: Bases = (None, None, None)
    missing_weight: float = 0.0
    core: DenseProblem | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of rows of each of the three factors."""
        rows = [
            n if basis is None else basis.shape[0]
            for n, basis in zip(self.X.shape, self.bases, strict=True)
        ]
        return rows[0], rows[1], rows[2]

    def weighted(self, missing_weight: float) -> DenseProblem:
        """Return the same problem with another weight of missing entries.

        Parameters
        ----------
        missing_weight : float
        """
        return replace(self, missing_weight=missing_weight)

    @property
    def has_missing(self) -> bool:
        """True if entries are missing."""
        return self.pattern is not None

    @property
    def seen_neurons(self) -> np.ndarray:
        """Which neurons were seen in each trial, (n_trials, n_neurons)."""
        if self.pattern is None:
            return np.ones(self.shape[:2], bool)
        return np.asarray(self.pattern.as_mask(self.shape).any(axis=2))

    @property
    def n_observed(self) -> int:
        """Number of observed entries."""
        if self.pattern is None:
            return math.prod(self.shape)
        return int(self.pattern.observed.sum()) * self.shape[self.pattern.free_axis]

    @property
    def is_core(self) -> bool:
        """True for a compressed surrogate."""
        return any(basis is not None for basis in self.bases)

    def gram(self, factors: list[np.ndarray] | Factors, mode: int) -> np.ndarray:
        """Return the Gram matrices of factor ``mode``.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        mode : {0, 1, 2}
        """
        if self.pattern is None:
            return full_gram(factors, mode)
        gram = self.pattern.gram(factors, mode).astype(factors[mode].dtype, copy=False)
        return _with_zeros(gram, full_gram(factors, mode), self.missing_weight)

    def _shrink(self, mode: int, factor: np.ndarray) -> np.ndarray:
        basis = self.bases[mode]
        return factor if basis is None else basis.T @ factor

    def _expand(self, mode: int, rhs: np.ndarray) -> np.ndarray:
        basis = self.bases[mode]
        return rhs if basis is None else basis @ rhs

    def sweep(self, factors: Factors, update: RowUpdate) -> tuple[Factors, float]:
        """Update all factors in two passes over the data: trials and neurons, then time.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        update : RowUpdate

        Returns
        -------
        The new factors and their loss
        """
        trial, neuron, time = factors
        small_neuron = self._shrink(1, neuron)
        partial = contraction.contract_time(self.X, self._shrink(2, time))

        rhs = self._expand(0, contraction.trials_from_partial(partial, small_neuron))
        trial = update(0, self.gram((trial, neuron, time), 0), rhs, trial)
        small_trial = self._shrink(0, trial)

        rhs = self._expand(1, contraction.neurons_from_partial(partial, small_trial))
        neuron = update(1, self.gram((trial, neuron, time), 1), rhs, neuron)
        small_neuron = self._shrink(1, neuron)
        del partial  # of half the size of the data, where there are few bins

        rhs = self._expand(2, contraction.times_from_data(self.X, small_trial, small_neuron))
        gram = self.gram((trial, neuron, time), 2)
        time = update(2, gram, rhs, time)
        return (trial, neuron, time), free_loss(self.norm2, gram, rhs, time)

    def sweep_together(
        self, models: Sequence[Factors], update: RowUpdate
    ) -> list[tuple[Factors, float]]:
        """Update several models in the same two passes over the data.

        Parameters
        ----------
        models : sequence of three (n_axis, R) arrays
            Of the data itself, not of a core.
        update : RowUpdate

        Returns
        -------
        list of the new factors and their loss
        """
        found = sweep_together(self.X, models, self.gram, update)
        return [
            (factors, free_loss(self.norm2, grams, rhs, factors[2]))
            for factors, grams, rhs in found
        ]

    def trial_equations(self, factors: Factors) -> tuple[np.ndarray, np.ndarray]:
        """Set up the normal equations of the trial factor.

        Parameters
        ----------
        factors : three (n_axis, R) arrays

        Returns
        -------
        Gram matrices ``(1 or n_trials, R, R)`` and right-hand side ``(n_trials, R)``
        """
        small = tuple(self._shrink(mode, factor) for mode, factor in enumerate(factors))
        rhs = self._expand(0, contraction.mttkrp(self.X, small, 0))
        return self.gram(factors, 0), rhs


@dataclass(frozen=True)
class MaskedProblem:
    """Data with any 3-D mask; the normal equations are exact and read a few trials at a time.

    The weighted Gram matrices factor like the MTTKRP: ``Q[k, n] = sum_t w_knt c_t c_t'`` is
    one product, and both the trial and the neuron equations need only ``Q``.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array
        Zeros where missing.
    observed : (n_trials, n_neurons, n_times) bool array
    norm2 : float
        Sum of squares of the observed data.
    missing_weight : float
        A missing entry counts as a zero with this weight, against 1 for an observed one.
    """

    X: np.ndarray
    observed: np.ndarray
    norm2: float
    missing_weight: float = 0.0

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of rows of each of the three factors."""
        return self.X.shape[0], self.X.shape[1], self.X.shape[2]

    def weighted(self, missing_weight: float) -> MaskedProblem:
        """Return the same problem with another weight of missing entries.

        Parameters
        ----------
        missing_weight : float
        """
        return replace(self, missing_weight=missing_weight)

    @property
    def has_missing(self) -> bool:
        """True: without missing entries the problem is dense."""
        return True

    @property
    def seen_neurons(self) -> np.ndarray:
        """Which neurons were seen in each trial, (n_trials, n_neurons)."""
        return np.asarray(self.observed.any(axis=2))

    @property
    def n_observed(self) -> int:
        """Number of observed entries."""
        return int(np.count_nonzero(self.observed))

    def sweep(self, factors: Factors, update: RowUpdate) -> tuple[Factors, float]:
        """Update all factors in two passes over data and mask, with temporaries of a few trials.

        Parameters
        ----------
        factors : three (n_axis, R) arrays
        update : RowUpdate

        Returns
        -------
        The new factors and their loss
        """
        trial, neuron, time = factors
        rank = time.shape[1]
        upper = np.triu_indices(rank)
        trial = trial.copy()
        neuron_pairs, time_pairs = _pairs(neuron, upper), _pairs(time, upper)
        rhs_neuron = np.zeros_like(neuron)
        gram_neuron = np.zeros_like(neuron_pairs)
        for part in contraction.trial_chunks(self.X.shape):
            weights = self._weights(part, time.dtype)
            partial = contraction.contract_time(self.X[part], time)
            seen = contraction.contract_time(weights, time_pairs)
            rhs = contraction.trials_from_partial(partial, neuron)
            gram = _unpack(contraction.trials_from_partial(seen, neuron_pairs), upper, rank)
            trial[part] = update(0, gram, rhs, trial[part])
            rhs_neuron += contraction.neurons_from_partial(partial, trial[part])
            gram_neuron += contraction.neurons_from_partial(seen, _pairs(trial[part], upper))
        neuron = update(1, _unpack(gram_neuron, upper, rank), rhs_neuron, neuron)

        rhs_time, pairs_time = self._time_equations(trial, neuron, upper)
        gram = _unpack(pairs_time, upper, rank)
        time = update(2, gram, rhs_time, time)
        return (trial, neuron, time), free_loss(self.norm2, gram, rhs_time, time)

    def _weights(self, part: slice, dtype: np.dtype) -> np.ndarray:
        """Return the weights of the entries of some trials."""
        weights = self.observed[part].astype(dtype)
        if self.missing_weight:
            weights *= 1 - self.missing_weight
            weights += self.missing_weight
        return weights

    def _time_equations(
        self, trial: np.ndarray, neuron: np.ndarray, upper: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        n_times = self.X.shape[2]
        neuron_pairs = _pairs(neuron, upper)
        rhs = np.zeros((n_times, neuron.shape[1]), neuron.dtype)
        pairs = np.zeros((n_times, neuron_pairs.shape[1]), neuron.dtype)
        for part in contraction.trial_chunks(self.X.shape):
            weights = self._weights(part, neuron.dtype)
            rhs += contraction.times_from_data(self.X[part], trial[part], neuron)
            pairs += contraction.times_from_data(weights, _pairs(trial[part], upper), neuron_pairs)
        return rhs, pairs

    def trial_equations(self, factors: Factors) -> tuple[np.ndarray, np.ndarray]:
        """Set up the normal equations of the trial factor.

        Parameters
        ----------
        factors : three (n_axis, R) arrays

        Returns
        -------
        Gram matrices ``(n_trials, R, R)`` and right-hand side ``(n_trials, R)``
        """
        _, neuron, time = factors
        rank = time.shape[1]
        upper = np.triu_indices(rank)
        neuron_pairs, time_pairs = _pairs(neuron, upper), _pairs(time, upper)
        rhs = np.empty((self.X.shape[0], rank), time.dtype)
        grams = np.empty((self.X.shape[0], rank, rank), time.dtype)
        for part in contraction.trial_chunks(self.X.shape):
            weights = self._weights(part, time.dtype)
            partial = contraction.contract_time(self.X[part], time)
            rhs[part] = contraction.trials_from_partial(partial, neuron)
            seen = contraction.contract_time(weights, time_pairs)
            pairs = contraction.trials_from_partial(seen, neuron_pairs)
            grams[part] = _unpack(pairs, upper, rank)
        return grams, rhs


def _with_zeros(gram: np.ndarray, full: np.ndarray, weight: float) -> np.ndarray:
    """Return the Gram matrices with missing entries as zeros of some weight."""
    return (1 - weight) * gram + weight * full if weight else gram


def _pairs(factor: np.ndarray, upper: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the products of all pairs of columns, ``(n_axis, R (R + 1) / 2)``."""
    return factor[:, upper[0]] * factor[:, upper[1]]


def _unpack(packed: np.ndarray, upper: tuple[np.ndarray, np.ndarray], rank: int) -> np.ndarray:
    """Rebuild symmetric ``(n_rows, R, R)`` matrices from their upper triangles."""
    full = np.empty((packed.shape[0], rank, rank), packed.dtype)
    full[:, upper[0], upper[1]] = packed
    full[:, upper[1], upper[0]] = packed
    return full
