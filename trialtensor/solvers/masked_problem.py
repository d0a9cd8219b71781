"""A least-squares CP problem with any mask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.passes import Passes, RowUpdate, masked_jobs
from trialtensor.solvers.passes.masked_jobs import pairs, unpack
from trialtensor.solvers.problems import free_loss, pairs_seen, shares_of
from trialtensor.solvers.result import Factors


@dataclass(frozen=True)
class MaskedProblem:
    """Data with any 3-D mask; the normal equations are exact and read a few trials at a time.

    The weighted Gram matrices factor like the MTTKRP: ``Q[k, n] = sum_t w_knt c_t c_t'`` is
    one product, and both the trial and the neuron equations need only ``Q``.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array, or Passes
        Zeros where missing.
    observed : (n_trials, n_neurons, n_times) bool array, or Seen
    norm2 : float
        Sum of squares of the observed data.
    missing_weight : float
        A missing entry counts as a zero with this weight, against 1 for an observed one.
    """

    X: Any
    observed: Any
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
    def is_dense(self) -> bool:
        """False: passes over the data read a mask as well."""
        return False

    def missing_shares(self) -> list[np.ndarray]:
        """Return the share of missing entries of each trial, neuron and time."""
        return shares_of(self.observed)

    def seen_pairs(self) -> list[np.ndarray]:
        """Return what was seen of trials x neurons, trials x times, times x neurons."""
        return pairs_seen(self.observed)

    @property
    def n_observed(self) -> int:
        """Number of observed entries."""
        if isinstance(self.X, Passes):
            return int(self.observed.sum())
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
        if isinstance(self.X, Passes):
            found = masked_jobs.sweep(self.X, factors, update, self.missing_weight)
            new, gram, rhs = found
            return new, free_loss(self.norm2, gram, rhs, new[2])
        trial, neuron, time = factors
        rank = time.shape[1]
        trial = trial.copy()
        rhs_neuron = np.zeros_like(neuron)
        gram_neuron = np.zeros_like(pairs(neuron))
        for part, gram, rhs, partial, seen in self._trial_equations(neuron, time):
            trial[part] = update(0, gram, rhs, trial[part])
            rhs_neuron += contraction.neurons_from_partial(partial, trial[part])
            gram_neuron += contraction.neurons_from_partial(seen, pairs(trial[part]))
        neuron = update(1, unpack(gram_neuron, rank), rhs_neuron, neuron)

        rhs_time, pairs_time = self._time_equations(trial, neuron)
        gram = unpack(pairs_time, rank)
        time = update(2, gram, rhs_time, time)
        return (trial, neuron, time), free_loss(self.norm2, gram, rhs_time, time)

    def _trial_equations(
        self, neuron: np.ndarray, time: np.ndarray
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield the normal equations of a few trials, with data and weights contracted over time.

        The last two are the data with the time factor, ``(trials, n_neurons, R)``, and the weights
        with the products of its columns, ``(trials, n_neurons, R (R + 1) / 2)``.
        """
        neuron_pairs, time_pairs = pairs(neuron), pairs(time)
        for part in contraction.trial_chunks(self.X.shape):
            partial = contraction.contract_time(self.X[part], time)
            seen = contraction.contract_time(self._weights(part, time.dtype), time_pairs)
            rhs = contraction.trials_from_partial(partial, neuron)
            packed = contraction.trials_from_partial(seen, neuron_pairs)
            yield part, unpack(packed, time.shape[1]), rhs, partial, seen

    def _weights(self, part: slice, dtype: np.dtype) -> np.ndarray:
        """Return the weights of the entries of some trials."""
        weights = self.observed[part].astype(dtype)
        if self.missing_weight:
            weights *= 1 - self.missing_weight
            weights += self.missing_weight
        return weights

    def _time_equations(
        self, trial: np.ndarray, neuron: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        n_times = self.X.shape[2]
        neuron_pairs = pairs(neuron)
        rhs = np.zeros((n_times, neuron.shape[1]), neuron.dtype)
        packed = np.zeros((n_times, neuron_pairs.shape[1]), neuron.dtype)
        for part in contraction.trial_chunks(self.X.shape):
            weights = self._weights(part, neuron.dtype)
            rhs += contraction.times_from_data(self.X[part], trial[part], neuron)
            packed += contraction.times_from_data(weights, pairs(trial[part]), neuron_pairs)
        return rhs, packed

    def trial_equations(self, factors: Factors) -> tuple[np.ndarray, np.ndarray]:
        """Set up the normal equations of the trial factor.

        Parameters
        ----------
        factors : three (n_axis, R) arrays

        Returns
        -------
        Gram matrices ``(n_trials, R, R)`` and right-hand side ``(n_trials, R)``
        """
        if isinstance(self.X, Passes):
            return masked_jobs.trial_equations(self.X, factors, self.missing_weight)
        _, neuron, time = factors
        rank = time.shape[1]
        rhs = np.empty((self.X.shape[0], rank), time.dtype)
        grams = np.empty((self.X.shape[0], rank, rank), time.dtype)
        for part, gram, own, _, _ in self._trial_equations(neuron, time):
            grams[part], rhs[part] = gram, own
        return grams, rhs

    def row_grams(self, factors: Factors) -> tuple[dict[int, np.ndarray], float]:
        """Return the Gram matrices of all rows, and the loss, of data that is not in memory.

        Parameters
        ----------
        factors : three (n_axis, R) arrays

        Returns
        -------
        dict
            Axis -> (n_rows, R, R) Gram matrices.
        float
        """
        grams, rhs = masked_jobs.all_equations(self.X, factors, self.missing_weight)
        return grams, free_loss(self.norm2, grams[2], rhs, factors[2])
