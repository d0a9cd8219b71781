"""The main loop of all alternating fits: sweeps with extrapolation between them.

Plain alternating least squares crawls when components are collinear, as slow learning
components are. The factors are therefore extrapolated between sweeps with Nesterov's weights.
A sweep that would raise the loss is discarded and the momentum restarted, so the loss never
rises (Mitchell, Ye & De Sterck 2020, "Nesterov acceleration of alternating least squares for
canonical tensor decomposition"; for non-negative factors Ang, Cohen & Gillis 2020 do the same).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, cast

import numpy as np

from trialtensor.solvers.passes import RowUpdate
from trialtensor.solvers.result import Arrays, Factors, Model, SolverResult, StopReason
from trialtensor.solvers.row_updates import least_squares_rows, nonnegative_step

_MAX_MOMENTUM = 0.985


class SweepProblem(Protocol[Arrays]):
    """The interface through which the loop uses a problem."""

    @property
    def norm2(self) -> float:
        """Sum of squares of the observed data."""

    def sweep(self, factors: Arrays, update: RowUpdate) -> tuple[Arrays, float]:
        """Update all arrays in turn and return them with their loss.

        Parameters
        ----------
        factors : tuple of arrays
        update : RowUpdate
        """


class RowUpdater:
    """Choose the row update of each array by its constraint."""

    def __init__(self, nonnegative: Sequence[bool]) -> None:
        self.nonnegative = tuple(nonnegative)

    def __call__(
        self, mode: int, grams: np.ndarray, rhs: np.ndarray, current: np.ndarray
    ) -> np.ndarray:
        step = nonnegative_step if self.nonnegative[mode] else least_squares_rows
        return step(grams, rhs, current)

    def extrapolate(self, new: Arrays, old: Arrays, momentum: float) -> Arrays:
        """Return ``new + momentum (new - old)``, projected onto the constraints.

        Parameters
        ----------
        new, old : tuples of arrays
        momentum : float
        """
        ahead = []
        for after, before, nonnegative in zip(new, old, self.nonnegative, strict=True):
            point = after + momentum * (after - before)
            ahead.append(np.maximum(point, 0) if nonnegative else point)
        return cast(Arrays, tuple(ahead))


def balance(factors: Factors) -> Factors:
    """Spread each component's scale evenly over its factors; leave zero components as is.

    Parameters
    ----------
    factors : (n_axis, R) arrays
    """
    # In every sweep on a small core: np.linalg.norm would take as long as the rest.
    norms = np.sqrt([np.einsum("ir,ir->r", f, f) for f in factors])
    alive = norms.min(axis=0) > 0
    roots = np.cbrt(norms) if len(factors) == 3 else norms ** (1 / len(factors))
    size = np.where(alive, roots.prod(axis=0), 1)
    scale = size / np.where(alive, norms, 1)
    return tuple([f * s.astype(f.dtype) for f, s in zip(factors, scale, strict=True)])


def minimise(
    problem: SweepProblem[Arrays],
    start: Arrays,
    *,
    balance: Callable[[Arrays], Arrays],
    nonnegative: Sequence[bool],
    max_iter: int,
    tol: float,
    patience: int = 3,
    accelerate: bool = True,
    exact_below: float | None = None,
) -> SolverResult[Arrays]:
    """Sweep until the loss stops falling.

    Parameters
    ----------
    problem : SweepProblem
    start : tuple of arrays
    balance : callable
        Spreads the scale over the arrays without changing the model.
    nonnegative : bools
        True for each array that must not go below zero.
    max_iter : int
        Maximum number of sweeps, including rejected ones.
    tol : float
        Stop after ``patience`` consecutive sweeps that each lower the loss by less than ``tol``
        times the loss.
    patience : int
        More than 1, because on a non-convex problem one slow sweep right after a momentum restart
        doesn't mean convergence.
    accelerate : bool
        Extrapolate between sweeps; without it this is textbook ALS or HALS.
    exact_below : float, optional
        The loss of a model that reproduces the data to rounding error. By default what is left of
        ``norm2`` after cancellation; less where a problem computes its loss from residuals.

    Returns
    -------
    SolverResult
        After Ctrl-C, the best factors so far.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before the first sweep finished.
    """
    updater = RowUpdater(nonnegative)
    if exact_below is None:
        exact_below = rounding(start[0].dtype, problem.norm2)

    def sweep(factors: Arrays) -> tuple[Arrays, float]:
        # What overflows on the way has no finite loss, by which it is rejected.
        with np.errstate(over="ignore", invalid="ignore"):
            swept, loss = problem.sweep(factors, updater)
            return balance(swept), loss

    return descend(
        sweep,
        balance(start),
        updater.extrapolate,
        max_iter=max_iter,
        tol=tol,
        patience=patience,
        n_plain=0 if accelerate else max_iter,
        exact_below=exact_below,
    )


def rounding(dtype: np.dtype, norm2: float) -> float:
    """Return the loss below which ``|X|^2 - 2<X, M> + |M|^2`` is only cancellation error.

    Parameters
    ----------
    dtype : dtype
        Of the data.
    norm2 : float
        Sum of squares of the data.
    """
    return 10 * float(np.finfo(dtype).eps) * norm2


def descend(
    sweep: Callable[[Model], tuple[Model, float]],
    start: Model,
    extrapolate: Callable[[Model, Model, float], Model],
    *,
    max_iter: int,
    tol: float,
    patience: int,
    exact_below: float,
    n_plain: int = 0,
) -> SolverResult[Model]:
    """Run the loop itself, which needs to know nothing about the model.

    Parameters
    ----------
    sweep : callable
        From a model to a better one, with its loss.
    start : Model
    extrapolate : callable
        From a model, the one before it and a momentum to the model to sweep next.
    max_iter, tol, patience, exact_below :
        As for :func:`minimise`.
    n_plain : int
        Sweeps to make without extrapolation at first.

    Returns
    -------
    SolverResult
        After Ctrl-C, the best model so far.

    Raises
    ------
    KeyboardInterrupt
        If interrupted before the first sweep finished.
    """
    best = previous = point = start
    loss = np.inf
    history: list[float] = []
    n_iter = n_slow = age = 0
    reason = StopReason.MAX_ITER
    try:
        while n_iter < max_iter:
            found, new_loss = sweep(point)
            n_iter += 1
            extrapolated = point is not best
            if extrapolated and not new_loss <= loss:
                point, age = best, 0
                continue
            gain = loss - new_loss
            previous, best, loss = best, found, min(loss, new_loss)
            history.append(loss)
            if loss <= exact_below:
                reason = StopReason.EXACT
                break
            n_slow = n_slow + 1 if gain <= tol * loss else 0
            if n_slow >= patience:
                reason = StopReason.CONVERGED
                break
            age += 1
            momentum = min((age - 1) / (age + 2), _MAX_MOMENTUM) if n_iter > n_plain else 0.0
            point = extrapolate(best, previous, momentum) if momentum > 0 else best
    except KeyboardInterrupt:
        if not history:
            raise
        reason = StopReason.INTERRUPTED
    return SolverResult(best, loss, np.array(history), n_iter, reason)
