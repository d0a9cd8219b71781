"""Joint fits of several tensors that share the factor of one axis.

``X_i ~ sum_r a_r b_r^i c_r^i``: all tensors share the first factor ``A``, and each has its own
other two. A tensor can lack a component; a component of a single tensor is private to it.

*Source*: Acar, Kolda & Dunlavy 2011, "All-at-once optimization for coupled matrix and tensor
factorizations". This module uses alternating least squares instead, because the equations of
``A`` are the sum of those of all tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from trialtensor.solvers.acceleration import minimise
from trialtensor.solvers.compression import leading_basis
from trialtensor.solvers.degeneracy import as_precise, in_double, judge
from trialtensor.solvers.diagnostics import coupled_cosine
from trialtensor.solvers.links import weakly_linked
from trialtensor.solvers.normal_equations import full_gram
from trialtensor.solvers.problems import DenseProblem, MaskedProblem, RowUpdate
from trialtensor.solvers.result import SolverResult
from trialtensor.solvers.revival import Dead, free_first, minimise_alive
from trialtensor.solvers.ridge import RidgeScale, minimise_missing
from trialtensor.solvers.runs import (
    RestartResult,
    Start,
    by_loss,
    by_turns,
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

    def full_gram(self, factors: CoupledFactors) -> np.ndarray:
        """Return the Gram matrix of the shared factor as if nothing were missing, ``(1, R, R)``.

        Parameters
        ----------
        factors : CoupledFactors
        """
        whole = np.zeros((self.n_components,) * 2, factors[0].dtype)
        for i, columns in enumerate(self.columns):
            whole[np.ix_(columns, columns)] += full_gram(self.of(factors, i), 0)[0]
        return whole[None]

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
        """List the components that are zero in every tensor.

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
        return [Dead(columns[r]) for r in np.flatnonzero(size == 0)]

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


@dataclass(frozen=True)
class CoupledOptions:
    """Options of a coupled fit.

    Attributes
    ----------
    nonnegative : three bools
        For the shared axis, neurons, and the third axis, which each tensor has to itself.
    max_iter, tol : int, float
        See :func:`trialtensor.solvers.acceleration.minimise`.
    ridge : RidgeScale, optional
        Where entries are missing.
    """

    nonnegative: tuple[bool, bool, bool]
    max_iter: int
    tol: float
    ridge: RidgeScale | None = None


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
    seen = np.concatenate([each.seen_neurons for each in problem.problems], axis=1)
    weak = weakly_linked(seen, problem.n_components)
    return RidgeScale(tuple(levels), problem.n_observed, problem.norm2, weak)


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
    scale = ridge_scale(problem)
    if scale is not None:
        options, starts = replace(options, ridge=scale), by_turns(starts)
    results, interrupted = collect(
        run_all(_restart, problem, starts, options, n_jobs=n_jobs), on_restart
    )
    results.sort(key=by_loss)
    if not interrupted:
        further = partial(_sweeps_precisely, problem, options)
        size = problem.X.size
        results, interrupted = judge(results, problem.cosine, further, tol=options.tol, size=size)
    return mark_interrupted(results) if interrupted else results


def _restart(
    problem: CoupledProblem, start: Start, options: CoupledOptions
) -> RestartResult[CoupledFactors]:
    nonnegative = _by_array(problem, options)
    first = free_first(problem, first_factors(problem, start, options.nonnegative), nonnegative)

    def sweeps(begin: CoupledFactors, max_iter: int) -> SolverResult[CoupledFactors]:
        anew = begin is first
        zeros = anew and start.from_zeros
        return _sweeps(
            problem, options, begin, max_iter, options.tol, from_zeros=zeros, settled=not anew
        )

    found = minimise_alive(
        sweeps,
        problem,
        first,
        nonnegative=nonnegative,
        max_iter=options.max_iter,
        tol=options.tol,
        dead=problem.dead_components,
    )
    return RestartResult(start.seed, found, on_full_data=True)


def _sweeps(
    problem: CoupledProblem,
    options: CoupledOptions,
    start: CoupledFactors,
    max_iter: int,
    tol: float,
    *,
    from_zeros: bool = False,
    settled: bool = True,
) -> SolverResult[CoupledFactors]:
    def sweep(each: Any, begin: Any, max_iter: int, tol: float) -> SolverResult[Any]:
        return minimise(
            each,
            begin,
            balance=problem.spread,
            nonnegative=_by_array(problem, options),
            max_iter=max_iter,
            tol=tol,
        )

    if options.ridge is None:
        return sweep(problem, start, max_iter, tol)
    return minimise_missing(
        problem,
        start,
        options.ridge,
        sweep,
        max_iter=max_iter,
        tol=tol,
        from_zeros=from_zeros,
        settled=settled,
    )


def _sweeps_precisely(
    problem: CoupledProblem,
    options: CoupledOptions,
    factors: CoupledFactors,
    max_iter: int,
    tol: float,
) -> SolverResult[CoupledFactors]:
    precise = replace(problem, problems=[in_double(each) for each in problem.problems])
    return _sweeps(precise, options, as_precise(factors, precise.X), max_iter, tol)


def _by_array(problem: CoupledProblem, options: CoupledOptions) -> tuple[bool, ...]:
    """Return the constraint of each array of the factors."""
    return (options.nonnegative[0], *(options.nonnegative[1:] * len(problem.problems)))


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
