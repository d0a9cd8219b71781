"""Several tensors that share the factor of one axis, as one least-squares problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trialtensor.solvers.diagnostics import coupled_cosine
from trialtensor.solvers.links import weakly_linked
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.problems import DenseProblem
from trialtensor.solvers.revival import Dead, are_gone
from trialtensor.solvers.ridge import RidgeScale

# A, then B and C of each tensor.
CoupledFactors = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class CoupledProblem:
    """Tensors that share their first axis.

    Attributes
    ----------
    problems : sequence of DenseProblem or MaskedProblem
        With the shared axis first.
    columns : sequence of int arrays
        The components that each tensor has.
    n_components : int
        Over all tensors.
    """

    problems: Sequence[DenseProblem | MaskedProblem]
    columns: Sequence[np.ndarray]
    n_components: int

    @property
    def norm2(self) -> float:
        """Sum of squares over all tensors."""
        return sum(problem.norm2 for problem in self.problems)

    @property
    def X(self) -> np.ndarray:
        """The largest tensor, whose size sets the number of threads."""
        return max((problem.X for problem in self.problems), key=lambda X: X.size)

    def of(self, factors: CoupledFactors, i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the three factors of one tensor.

        Parameters
        ----------
        factors : CoupledFactors
        i : int
            Index of the tensor.
        """
        return factors[0][:, self.columns[i]], factors[2 * i + 1], factors[2 * i + 2]

    def shared_equations(self, factors: CoupledFactors) -> tuple[np.ndarray, np.ndarray]:
        """Set up the normal equations of the shared factor.

        Parameters
        ----------
        factors : CoupledFactors

        Returns
        -------
        Gram matrices ``(1 or n, R, R)`` and right-hand side ``(n, R)``
        """
        rank, n = self.n_components, len(factors[0])
        rhs = np.zeros((n, rank), factors[0].dtype)
        grams = np.zeros((1, rank, rank), factors[0].dtype)
        for i, (problem, columns) in enumerate(zip(self.problems, self.columns, strict=True)):
            gram, right = problem.trial_equations(self.of(factors, i))
            whole = np.zeros((len(gram), rank, rank), gram.dtype)
            whole[np.ix_(np.arange(len(gram)), columns, columns)] = gram
            grams = grams + whole
            rhs[:, columns] += right
        return grams, rhs

    def sweep(self, factors: CoupledFactors, update: RowUpdate) -> tuple[CoupledFactors, float]:
        """Update the shared factor from all tensors, then the own factors of each tensor.

        Parameters
        ----------
        factors : CoupledFactors
        update : RowUpdate
        """
        grams, rhs = self.shared_equations(factors)
        found = [update(0, grams, rhs, factors[0])]
        loss = 0.0
        for i, problem in enumerate(self.problems):
            start = (found[0][:, self.columns[i]], factors[2 * i + 1], factors[2 * i + 2])
            (_, neuron, other), own = problem.sweep(start, _only_own(update, i))
            found += [neuron, other]
            loss += own
        return tuple(found), loss

    def weighted(self, missing_weight: float) -> CoupledProblem:
        """Return the same problem with another weight of missing entries.

        Parameters
        ----------
        missing_weight : float
        """
        return replace(self, problems=[each.weighted(missing_weight) for each in self.problems])

    def missing_shares(self) -> list[np.ndarray]:
        """Return the share of missing entries of the rows of each array of the factors."""
        own = [each.missing_shares() for each in self.problems]
        sizes = np.array([each.X[0].size for each in self.problems], float)
        shared = sum(size * each[0] for size, each in zip(sizes, own, strict=True)) / sizes.sum()
        return [np.asarray(shared), *(share for each in own for share in each[1:])]

    @property
    def n_observed(self) -> int:
        """Number of observed entries of all tensors."""
        return sum(problem.n_observed for problem in self.problems)

    def cosine(self, factors: CoupledFactors) -> float:
        """Return the most negative cosine between two components, over all tensors.

        Parameters
        ----------
        factors : CoupledFactors
        """
        blocks = []
        for i, columns in enumerate(self.columns):
            whole = [np.zeros((len(each), self.n_components)) for each in self.of(factors, i)]
            for place, each in zip(whole, self.of(factors, i), strict=True):
                place[:, columns] = each
            blocks.append((whole[0], whole[1], whole[2]))
        return coupled_cosine(blocks)

    def dead_components(self, factors: CoupledFactors) -> list[Dead]:
        """List the components that are zero in every tensor, or next to nothing.

        Parameters
        ----------
        factors : CoupledFactors
        """
        size = np.zeros(self.n_components)
        columns: list[dict[int, int]] = [{0: r} for r in range(self.n_components)]
        for i, own in enumerate(self.columns):
            norms = [np.linalg.norm(factor, axis=0) for factor in self.of(factors, i)]
            size[own] += np.min(norms, axis=0)
            for place, r in enumerate(own):
                columns[r] |= {2 * i + 1: place, 2 * i + 2: place}
        return [Dead(columns[r]) for r in np.flatnonzero(are_gone(size))]

    def spread(self, factors: CoupledFactors) -> CoupledFactors:
        """Spread each component's scale: as evenly over factors as tensors of other scale allow.

        The shared factor takes the cube root of the component's mean scale, and the own factors of
        each tensor share the rest of its scale there evenly.

        Parameters
        ----------
        factors : CoupledFactors
        """
        shared, *own = factors
        size = np.linalg.norm(shared, axis=0)
        norms = [np.linalg.norm(each, axis=0) for each in own]
        total, count = np.zeros_like(size), np.zeros_like(size)
        for i, columns in enumerate(self.columns):
            total[columns] += size[columns] * norms[2 * i] * norms[2 * i + 1]
            count[columns] += 1
        target = np.cbrt(total / np.maximum(count, 1))
        alive = (size > 0) & (target > 0)
        change = np.where(alive, target / np.where(alive, size, 1), 1)
        found = [(shared * change).astype(shared.dtype, copy=False)]
        for i, columns in enumerate(self.columns):
            first, second = norms[2 * i], norms[2 * i + 1]
            both = (first > 0) & (second > 0)
            each = np.sqrt(np.where(both, first * second, 1) / change[columns])
            for factor, norm in zip(own[2 * i : 2 * i + 2], (first, second), strict=True):
                scale = np.where(both, each / np.where(both, norm, 1), 1 / change[columns])
                found.append((factor * scale).astype(shared.dtype, copy=False))
        return tuple(found)


def _only_own(update: RowUpdate, i: int) -> RowUpdate:
    """Restrict ``update`` to the own factors of tensor ``i``, leaving the shared factor alone."""

    def step(mode: int, grams: np.ndarray, rhs: np.ndarray, current: np.ndarray) -> np.ndarray:
        return current if mode == 0 else update(2 * i + mode, grams, rhs, current)

    return step


def ridge_scale(problem: CoupledProblem) -> RidgeScale | None:
    """Return the scale of the ridge, or None if nothing is missing.

    Parameters
    ----------
    problem : CoupledProblem
    """
    if not any(each.has_missing for each in problem.problems):
        return None
    mean = problem.norm2 / problem.n_observed
    levels = [mean ** (2 / 3)]
    for each in problem.problems:
        # The own factors share what the shared factor leaves of the scale of their tensor.
        own = (each.norm2 / each.n_observed) ** 0.5 * mean ** (1 / 6)
        levels += [own, own]
    neurons, own, within = zip(*(each.seen_pairs() for each in problem.problems), strict=True)
    pairs = [np.concatenate(neurons, axis=1), np.concatenate(own, axis=1), *within]
    weak = any(weakly_linked(seen, problem.n_components) for seen in pairs)
    return RidgeScale(
        tuple(levels), problem.n_observed, problem.norm2, problem.missing_shares(), weak
    )
