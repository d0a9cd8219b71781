"""Joint fits of several tensors that share the factor of one axis.

``X_i ~ sum_r a_r b_r^i c_r^i``: all tensors share the first factor ``A``, and each has its own
other two. A tensor can lack a component; a component of a single tensor is private to it.

*Source*: Acar, Kolda & Dunlavy 2011, "All-at-once optimization for coupled matrix and tensor
factorizations". This module uses alternating least squares instead, because the equations of
``A`` are the sum of those of all tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.compression import leading_basis
from trialtensor.solvers.problems import DenseProblem, MaskedProblem, RowUpdate
from trialtensor.solvers.runs import (
    RestartResult,
    Start,
    by_loss,
    collect,
    mark_interrupted,
    run_all,
)
from trialtensor.solvers.unfolding import Unfolding, leading_vectors

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

    def spread(self, factors: CoupledFactors) -> CoupledFactors:
        """Give the shared factor unit columns and spread each tensor's scale over its own factors.

        Parameters
        ----------
        factors : CoupledFactors
        """
        shared, *own = factors
        size = np.linalg.norm(shared, axis=0)
        size = np.where(size > 0, size, 1).astype(shared.dtype)
        found = [shared / size]
        for i, columns in enumerate(self.columns):
            neuron, other = own[2 * i], own[2 * i + 1]
            norms = [np.linalg.norm(each, axis=0) for each in (neuron, other)]
            alive = np.minimum(*norms) > 0
            neuron_norm, other_norm = (np.where(alive, norm, 1) for norm in norms)
            whole = np.sqrt(neuron_norm * other_norm * size[columns])
            found.append((neuron * (whole / neuron_norm)).astype(shared.dtype, copy=False))
            found.append((other * (whole / other_norm)).astype(shared.dtype, copy=False))
        return tuple(found)


def _only_own(update: RowUpdate, i: int) -> RowUpdate:
    """Restrict ``update`` to the own factors of tensor ``i``, leaving the shared factor alone."""

    def step(mode: int, grams: np.ndarray, rhs: np.ndarray, current: np.ndarray) -> np.ndarray:
        return current if mode == 0 else update(2 * i + mode, grams, rhs, current)

    return step


@dataclass(frozen=True)
class CoupledOptions:
    """Options of a coupled fit.

    Attributes
    ----------
    nonnegative : three bools
        For the shared axis, neurons, and the third axis, which each tensor has to itself.
    max_iter, tol : int, float
        See :func:`trialtensor.solvers.acceleration.minimise`.
    """

    nonnegative: tuple[bool, bool, bool]
    max_iter: int
    tol: float


def fit_coupled(
    problem: CoupledProblem,
    starts: Sequence[Start],
    options: CoupledOptions,
    *,
    n_jobs: int | None = None,
    on_restart: Callable[[RestartResult[Any]], None] | None = None,
) -> list[RestartResult[CoupledFactors]]:
    """Fit from every start.

    Parameters
    ----------
    problem : CoupledProblem
    starts : sequence of Start
    options : CoupledOptions
    n_jobs : int, optional
        Number of parallel restarts, each a joblib process with one thread; None runs them one by
        one in this process.
    on_restart : callable, optional
        Called with each finished restart.

    Returns
    -------
    list of RestartResult
        By loss, lowest first. After Ctrl-C, the restarts that had finished or begun.
    """
    results, interrupted = collect(
        run_all(_restart, problem, starts, options, n_jobs=n_jobs), on_restart
    )
    results.sort(key=by_loss)
    return mark_interrupted(results) if interrupted else results


def _restart(
    problem: CoupledProblem, start: Start, options: CoupledOptions
) -> RestartResult[CoupledFactors]:
    n_tensors = len(problem.problems)
    found = minimise(
        problem,
        first_factors(problem, start, options.nonnegative),
        balance=problem.spread,
        nonnegative=(options.nonnegative[0], *(options.nonnegative[1:] * n_tensors)),
        max_iter=options.max_iter,
        tol=options.tol,
    )
    return RestartResult(start.seed, found, on_full_data=True)


def first_factors(
    problem: CoupledProblem, start: Start, nonnegative: tuple[bool, bool, bool]
) -> CoupledFactors:
    """Draw random columns or, with ``kind`` "svd", take as many singular vectors as there are.

    Parameters
    ----------
    problem : CoupledProblem
    start : Start
    nonnegative : three bools
        As in `CoupledOptions`.
    """
    rng = np.random.default_rng(start.seed)
    dtype = problem.X.dtype
    n = problem.problems[0].shape[0]
    factors = [_random(rng, n, problem.n_components, nonnegative[0], dtype)]
    if start.kind == "svd":
        side_by_side = [Unfolding(each.X, 0) for each in problem.problems]
        vectors = leading_vectors(side_by_side, problem.n_components)
        common = np.ones(problem.n_components, bool)
        for columns in problem.columns:
            common &= np.isin(np.arange(problem.n_components), columns)
        _fill(factors[0], vectors, np.flatnonzero(common), nonnegative[0])
    for each, columns in zip(problem.problems, problem.columns, strict=True):
        for axis in (1, 2):
            factor = _random(rng, each.shape[axis], len(columns), nonnegative[axis], dtype)
            if start.kind == "svd" and len(columns):
                vectors = leading_basis(each.X, axis, len(columns))
                _fill(factor, vectors, np.arange(len(columns)), nonnegative[axis])
            factors.append(factor)
    return tuple(factors)


def _random(
    rng: np.random.Generator, n: int, rank: int, nonnegative: bool, dtype: np.dtype
) -> np.ndarray:
    draw = rng.random if nonnegative else rng.standard_normal
    return (draw((n, rank)) / n**0.5).astype(dtype)


def _fill(factor: np.ndarray, vectors: np.ndarray, columns: np.ndarray, nonnegative: bool) -> None:
    """Fill ``columns`` with as many of the vectors as there are."""
    columns = columns[: vectors.shape[1]]
    chosen = vectors[:, : len(columns)]
    factor[:, columns] = np.abs(chosen) if nonnegative else chosen
