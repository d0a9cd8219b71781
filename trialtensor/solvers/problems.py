"""Least-squares CP problems: alternating sweeps over the data, and their loss.

The loss costs no extra pass: with the last MTTKRP ``M`` and Gram matrix ``H`` of a sweep it is
``|X|^2 - 2 <M, C> + <C'C, H>``, accumulated in float64 because the terms cancel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.normal_equations import Pattern, full_gram, quadratic
from trialtensor.solvers.passes import Passes, RowUpdate, sweep_together
from trialtensor.solvers.passes.masked_jobs import keep
from trialtensor.solvers.result import Factors

Bases = tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]


def sum_of_squares(X: np.ndarray | Passes) -> float:
    """Compute ``|X|^2`` in float64, in chunks: float32 data doesn't overflow and isn't copied.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or Passes
    """
    if isinstance(X, Passes):
        return X.norm2()
    total = 0.0
    for part in contraction.trial_chunks(X.shape):
        flat = X[part].ravel().astype(np.float64, copy=False)
        with np.errstate(over="ignore"):  # such units are refused by this infinite sum
            total += float(flat @ flat)
    return total


def contract_time(X: np.ndarray | Passes, time: np.ndarray) -> np.ndarray:
    """Contract the data with time factors, ``(R, n_trials, n_neurons)``, in one pass.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or Passes
    time : (n_times, R) array
    """
    if isinstance(X, Passes):
        return X.contract(2, time)
    return contraction.contract_time(X, time)


def shares_of(observed: np.ndarray) -> list[np.ndarray]:
    """Return the share of missing entries of each trial, neuron and time.

    Parameters
    ----------
    observed : (n_trials, n_neurons, n_times) bool array
    """
    axes = range(len(observed.shape))
    return [1 - np.mean(observed, axis=tuple(i for i in axes if i != axis)) for axis in axes]


def pairs_seen(observed: np.ndarray) -> list[np.ndarray]:
    """Return whether anything was observed of trials x neurons, trials x times, times x neurons.

    Parameters
    ----------
    observed : (n_trials, n_neurons, n_times) bool array
    """
    return [np.asarray(observed.any(axis=axis)) for axis in (2, 1)] + [
        np.asarray(observed.any(axis=0)).T
    ]


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
    X : (n_trials, n_neurons, n_times) array, or Passes
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

    X: Any
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
    def is_dense(self) -> bool:
        """True: passes over the data don't read a mask."""
        return True

    def missing_shares(self) -> list[np.ndarray]:
        """Return the share of missing entries of each trial, neuron and time."""
        if self.pattern is None:
            return [np.zeros(1)] * 3
        shares = shares_of(self.pattern.as_mask(self.shape))
        # All rows along the free axis are alike, also those of a core.
        shares[self.pattern.free_axis] = shares[self.pattern.free_axis][:1]
        return shares

    def seen_pairs(self) -> list[np.ndarray]:
        """Return which neurons and times were seen in each trial, and which neurons at each time.

        Returns
        -------
        (n_trials, n_neurons), (n_trials, n_times), (n_times, n_neurons) bool arrays
        """
        if self.pattern is None:
            return [np.ones((n, 1), bool) for n in (*self.shape[:1] * 2, self.shape[2])]
        return pairs_seen(self.pattern.as_mask(self.shape))

    @property
    def n_observed(self) -> int:
        """Number of observed entries."""
        if self.pattern is None:
            return math.prod(self.shape)
        return int(self.pattern.observed.sum()) * self.shape[self.pattern.free_axis]

    @property
    def free_axes(self) -> Sequence[int]:
        """Axes along which nothing is missing, or always the same."""
        return range(3) if self.pattern is None else [self.pattern.free_axis]

    def with_bases(self, X: np.ndarray, bases: Sequence[np.ndarray | None]) -> DenseProblem:
        """Return a surrogate with another core.

        Parameters
        ----------
        X : array with three axes
        bases : three arrays or None
        """
        first, second, third = bases
        return DenseProblem(X, self.norm2, self.pattern, (first, second, third))

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
        if isinstance(self.X, Passes):
            return self.sweep_together([factors], update)[0]
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
        if isinstance(self.X, Passes):
            found = self.X.sweep_together(models, self.gram, update)
        else:
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
        if isinstance(self.X, Passes):
            return self.gram(factors, 0), self.X.trial_rhs(*factors[1:])
        small = tuple(self._shrink(mode, factor) for mode, factor in enumerate(factors))
        partial = contraction.contract_time(self.X, small[2])
        rhs = self._expand(0, contraction.trials_from_partial(partial, small[1]))
        return self.gram(factors, 0), rhs

    def row_grams(self, factors: Factors) -> tuple[dict[int, np.ndarray], float]:
        """Return the Gram matrices of all rows, and the loss, of data that is not in memory.

        Parameters
        ----------
        factors : three (n_axis, R) arrays

        Returns
        -------
        dict
            Axis -> (1 or n_rows, R, R) Gram matrices.
        float
        """
        return {mode: self.gram(factors, mode) for mode in range(3)}, self.sweep(factors, keep)[1]


def _with_zeros(gram: np.ndarray, full: np.ndarray, weight: float) -> np.ndarray:
    """Return the Gram matrices with missing entries as zeros of some weight."""
    return (1 - weight) * gram + weight * full if weight else gram
