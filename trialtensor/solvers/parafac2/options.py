"""A PARAFAC2 model, the options of its fit, and sweeps with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from trialtensor.solvers.acceleration import balance, minimise
from trialtensor.solvers.missing import minimise_missing
from trialtensor.solvers.parafac2.masked_slabs import MaskedSlabs, balance_filled
from trialtensor.solvers.parafac2.row_grams import observed_grams
from trialtensor.solvers.result import SolverResult
from trialtensor.solvers.revival import dead_components, minimise_alive
from trialtensor.solvers.ridge import RidgeScale


class Parafac2Model(NamedTuple):
    """A PARAFAC2 model: its factors, and ``P_b`` of every block.

    Attributes
    ----------
    trial, cross, shared : (n_trials, R), (R, R), (n_shared, R) arrays
        ``A``, ``H`` and ``C``.
    patterns : list of (n_rows_of_the_block, R) arrays
        Orthonormal columns.
    """

    trial: np.ndarray
    cross: np.ndarray
    shared: np.ndarray
    patterns: list[np.ndarray]


@dataclass(frozen=True)
class Parafac2Options:
    """Options of a PARAFAC2 fit.

    Attributes
    ----------
    n_components : int
    nonnegative_trial, nonnegative_shared : bool
    max_iter, tol : int, float
        See :func:`trialtensor.solvers.acceleration.minimise`.
    ridge : RidgeScale, optional
        Where entries are missing.
    """

    n_components: int
    nonnegative_trial: bool
    nonnegative_shared: bool
    max_iter: int
    tol: float
    ridge: RidgeScale | None = None

    @property
    def nonnegative(self) -> tuple[bool, bool, bool]:
        """The constraint on each factor: ``A``, ``H``, ``C``."""
        return self.nonnegative_trial, False, self.nonnegative_shared

    def left(self, n_iter: int) -> Parafac2Options:
        """Return these options with the sweeps that are left after ``n_iter``."""
        return replace(self, max_iter=self.max_iter - n_iter)


def ridge_scale(slabs: MaskedSlabs) -> RidgeScale:
    """Return the scale of the ridge, which ``A`` and ``C`` get, but ``H`` doesn't.

    Parameters
    ----------
    slabs : MaskedSlabs
    """
    level = (slabs.norm2 / slabs.n_observed) ** (2 / 3)
    return RidgeScale((level, 0.0, level), slabs.n_observed, slabs.norm2, slabs.missing_shares())


def sweep_on(
    problem: Any, start: Any, options: Parafac2Options, *, from_zeros: bool = False
) -> SolverResult[Any]:
    """Sweep from a start with these options.

    Parameters
    ----------
    problem : Slabs or MaskedSlabs
    start : ``A``, ``H``, ``C`` and, with missing entries, patterns
    options : Parafac2Options
    from_zeros : bool
        Begin with missing entries as zeros.
    """
    masked = isinstance(problem, MaskedSlabs)
    nonnegative = (*options.nonnegative, False)[: len(start)]

    def sweep(each: Any, begin: Any, max_iter: int, tol: float) -> SolverResult[Any]:
        return minimise(
            each,
            begin,
            balance=balance_filled if masked else balance,
            nonnegative=nonnegative,
            max_iter=max_iter,
            tol=tol,
        )

    def sweeps(begin: Any, max_iter: int) -> SolverResult[Any]:
        if not masked or options.ridge is None:
            return sweep(problem, begin, max_iter, options.tol)
        return minimise_missing(
            problem,
            begin,
            options.ridge,
            sweep,
            max_iter=max_iter,
            tol=options.tol,
            from_zeros=from_zeros and begin is start,
            settled=begin is not start,
            grams_of=observed_grams,
        )

    return minimise_alive(
        sweeps,
        problem,
        start,
        nonnegative=nonnegative,
        max_iter=options.max_iter,
        tol=options.tol,
        dead=lambda factors: dead_components(factors[:3]),
        with_ridge=masked and options.ridge is not None,
    )
