"""A least-squares CP problem with more than three axes, as one with three.

The second and third factor of the three-way problem are Khatri-Rao products of those of several
axes. Its sweeps stay as they are: where it would update such a product, the factors in it are
updated in turn, each exactly, from the same right-hand side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from trialtensor.solvers.axis_groups import AxisGroups, grams_of_axis, rhs_of_axis
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.problems import DenseProblem, free_loss, shares_of
from trialtensor.solvers.result import Factors


@dataclass(frozen=True)
class ManyAxes:
    """Data with any number of axes, complete or not, or its compressed core.

    Attributes
    ----------
    inner : DenseProblem or MaskedProblem
        The same data with three axes, an array or passes.
    groups : AxisGroups
        How the axes of the data, or of the core, make those three.
    bases : tuple of arrays or None
        For each axis, as in `DenseProblem`; empty for the data itself.
    core : ManyAxes, optional
        A compressed surrogate, as in `DenseProblem`.
    seen : SeenAxes, optional
        The mask with all axes, of passes with missing entries.
    """

    inner: DenseProblem | MaskedProblem
    groups: AxisGroups
    bases: tuple[np.ndarray | None, ...] = ()
    core: ManyAxes | None = None
    seen: Any = None

    @property
    def X(self) -> Any:
        """The data with all its axes."""
        return self.inner.X.reshape(self.groups.shape)

    @property
    def norm2(self) -> float:
        """Sum of squares of the data (not of the core)."""
        return self.inner.norm2

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows of each factor."""
        bases = self.bases or (None,) * len(self.groups.shape)
        return tuple(
            n if basis is None else basis.shape[0]
            for n, basis in zip(self.groups.shape, bases, strict=True)
        )

    @property
    def is_dense(self) -> bool:
        """True if passes over the data don't read a mask."""
        return self.inner.is_dense

    @property
    def is_core(self) -> bool:
        """True for a compressed surrogate."""
        return any(basis is not None for basis in self.bases)

    @property
    def free_axes(self) -> list[int]:
        """Axes along which nothing is missing, or always the same."""
        if not isinstance(self.inner, DenseProblem):
            return []
        if self.inner.pattern is None:
            return list(range(len(self.groups.shape)))
        return list(self.groups.of(self.inner.pattern.free_axis))

    def with_bases(self, X: np.ndarray, bases: Sequence[np.ndarray | None]) -> ManyAxes:
        """Return a surrogate with another core.

        Parameters
        ----------
        X : array with the same axes
        bases : arrays or None, by axis
        """
        assert isinstance(self.inner, DenseProblem), "only dense problems are compressed"
        # The pattern is that of the three axes, so they must stay the same.
        groups = AxisGroups(X.shape, self.groups.n_left)
        if not self.has_missing:
            groups = AxisGroups.balanced(X.shape)
        inner = DenseProblem(groups.three_way(X), self.norm2, self.inner.pattern)
        return ManyAxes(inner, groups, tuple(bases))

    @property
    def has_missing(self) -> bool:
        """True if entries are missing."""
        return self.inner.has_missing

    @property
    def n_observed(self) -> int:
        """Number of observed entries."""
        return self.inner.n_observed if self.has_missing else math.prod(self.shape)

    def weighted(self, missing_weight: float) -> ManyAxes:
        """Return the same problem with another weight of missing entries.

        Parameters
        ----------
        missing_weight : float
        """
        return replace(self, inner=self.inner.weighted(missing_weight))

    def observed(self) -> Any:
        """Return the mask with all axes, False where missing: an array, or `SeenAxes`."""
        if self.seen is not None:
            return self.seen
        if isinstance(self.inner, MaskedProblem):
            return self.inner.observed.reshape(self.groups.shape)
        if self.inner.pattern is None:
            return np.broadcast_to(np.True_, self.groups.shape)
        return self.inner.pattern.as_mask(self.inner.X.shape).reshape(self.groups.shape)

    def missing_shares(self) -> list[np.ndarray]:
        """Return the share of missing entries of the rows of each axis."""
        if not self.has_missing:
            return [np.zeros(1)] * len(self.groups.shape)
        shares = shares_of(self.observed())
        # All rows along a free axis are alike, also those of a core.
        free = self.free_axes
        return [share[:1] if axis in free else share for axis, share in enumerate(shares)]

    def seen_pairs(self) -> list[np.ndarray]:
        """Return for each pair of axes which of the second was seen in each of the first.

        Returns
        -------
        list of bool arrays, (n_first, n_second)
            Without missing entries, a column for each axis.
        """
        if not self.has_missing:
            return [np.ones((n, 1), bool) for n in self.shape]
        axes = range(len(self.groups.shape))
        observed = self.observed()
        return [
            np.asarray(observed.any(axis=tuple(i for i in axes if i not in pair)))
            for pair in combinations(axes, 2)
        ]

    def sweep(self, factors: Factors, update: RowUpdate) -> tuple[Factors, float]:
        """Update all factors in two passes over the data: all but the last group, then that.

        Parameters
        ----------
        factors : (n_axis, R) arrays
        update : RowUpdate

        Returns
        -------
        The new factors and their loss
        """
        step = _GroupUpdate(self, factors, update)
        found, loss = self.inner.sweep(self.groups.join(step.small), step)
        return step.finish(found[0], loss)

    def sweep_together(
        self, models: Sequence[Factors], update: RowUpdate
    ) -> list[tuple[Factors, float]]:
        """Update several models in the same two passes over the data.

        Parameters
        ----------
        models : sequence of factors
            Of the data itself, not of a core.
        update : RowUpdate

        Returns
        -------
        list of the new factors and their loss
        """
        assert isinstance(self.inner, DenseProblem), "only dense problems are swept together"
        steps = [_GroupUpdate(self, factors, update) for factors in models]
        joined = [self.groups.join(step.small) for step in steps]
        found = self.inner.sweep_together(joined, _InTurn(steps, update))
        return [step.finish(each[0], loss) for step, (each, loss) in zip(steps, found, strict=True)]

    def trial_equations(self, factors: Factors) -> tuple[np.ndarray, np.ndarray]:
        """Set up the normal equations of the trial factor.

        Parameters
        ----------
        factors : (n_axis, R) arrays

        Returns
        -------
        Gram matrices ``(1 or n_trials, R, R)`` and right-hand side ``(n_trials, R)``
        """
        grams, rhs = self.inner.trial_equations(self.groups.join(self.shrink(factors)))
        return self.full_grams(factors, 0, grams), self.expand(0, rhs)

    def row_grams(self, factors: Factors) -> tuple[dict[int, np.ndarray], float]:
        """Return the Gram matrices of all rows, and the loss, of data that is not in memory.

        Parameters
        ----------
        factors : (n_axis, R) arrays

        Returns
        -------
        dict
            Axis -> (1 or n_rows, R, R) Gram matrices.
        float
        """
        grams, loss = self.inner.row_grams(self.groups.join(factors))
        found = {}
        for mode, own in grams.items():
            axes = self.groups.of(mode)
            for place, axis in enumerate(axes):
                found[axis] = grams_of_axis(own, [factors[i] for i in axes], place)
        return found, loss

    def shrink(self, factors: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return factors in the coordinates of the core.

        Parameters
        ----------
        factors : (n_axis, R) arrays
        """
        bases = self.bases or (None,) * len(factors)
        return [f if b is None else b.T @ f for f, b in zip(factors, bases, strict=True)]

    def expand(self, axis: int, rhs: np.ndarray) -> np.ndarray:
        """Return a right-hand side in the coordinates of the data.

        Parameters
        ----------
        axis : int
        rhs : (n, R) array
        """
        basis = self.bases[axis] if self.bases else None
        return rhs if basis is None else basis @ rhs

    def full_grams(self, factors: Sequence[np.ndarray], mode: int, grams: np.ndarray) -> np.ndarray:
        """Return the Gram matrices of a group, which of a core are those of the factors themselves.

        A factor may reach out of the basis of its axis, where it is constrained.

        Parameters
        ----------
        factors : (n_axis, R) arrays
        mode : {0, 1, 2}
        grams : (1 or n, R, R) array
            Those of the factors in the core.
        """
        if not self.is_core:
            return grams
        assert isinstance(self.inner, DenseProblem), "a core has no mask"
        return self.inner.gram(self.groups.join(factors), mode)


class _GroupUpdate:
    """The row update of a three-way sweep that updates the factors of a group in turn.

    Attributes
    ----------
    factors, small : lists of (n_axis, R) arrays
        As they are now, and in the coordinates of the core.
    """

    def __init__(self, problem: ManyAxes, factors: Factors, update: RowUpdate) -> None:
        self.problem, self.update = problem, update
        self.factors, self.small = list(factors), problem.shrink(factors)
        self.last: tuple[np.ndarray, np.ndarray] | None = None

    def __call__(
        self, mode: int, grams: np.ndarray, rhs: np.ndarray, current: np.ndarray
    ) -> np.ndarray:
        problem = self.problem
        if mode == 0 and not problem.is_core:
            # Some rows may come after the others.
            return self.update(0, grams, rhs, current)
        axes = problem.groups.of(mode)
        grams = problem.full_grams(self.factors, mode, grams)
        for place, axis in enumerate(axes):
            own = problem.expand(axis, rhs_of_axis(rhs, [self.small[i] for i in axes], place))
            of_axis = grams_of_axis(grams, [self.factors[i] for i in axes], place)
            self.factors[axis] = self.update(axis, of_axis, own, self.factors[axis])
            basis = problem.bases[axis] if problem.bases else None
            self.small[axis] = self.factors[axis] if basis is None else basis.T @ self.factors[axis]
            self.last = of_axis, own
        return problem.groups.product(self.small, mode)

    @property
    def of_blocks(self) -> RowUpdate:
        """The update of trials, which goes to where the data is."""
        return self.update

    def finish(self, trial: np.ndarray, loss: float) -> tuple[Factors, float]:
        """Return all factors after the sweep and their loss.

        Parameters
        ----------
        trial : (n_trials, R) array
            As the three-way sweep returned it.
        loss : float
            Of the three-way problem, which doesn't know what lies outside the bases.
        """
        if not self.problem.is_core:
            self.factors[0] = trial
        elif self.last is not None:
            loss = free_loss(self.problem.norm2, *self.last, self.factors[-1])
        return tuple(self.factors), loss


class _InTurn:
    """The row update of several models, whose groups are updated in the order of models."""

    def __init__(self, steps: Sequence[_GroupUpdate], update: RowUpdate) -> None:
        self.of_blocks = update
        self.turns = {mode: iter(steps) for mode in (1, 2)}

    def __call__(
        self, mode: int, grams: np.ndarray, rhs: np.ndarray, current: np.ndarray
    ) -> np.ndarray:
        own = self.of_blocks if mode == 0 else next(self.turns[mode])
        return own(mode, grams, rhs, current)
