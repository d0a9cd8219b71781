"""Fits of data with much missing: a ridge on rows that the observed entries hardly determine.

Least squares says nothing about a direction in which no observed entry changes, and a sweep can
move along it without end. A ridge on the rows of the factors keeps such directions near zero. It
is the prior of a Bayesian fit, in units of the noise, and each row gets only as much of it as its
normal equations leave open: a row that the data determine has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from trialtensor.solvers.links import weakly_linked
from trialtensor.solvers.passes import Passes, RowUpdate
from trialtensor.solvers.passes.together import for_rows

# The ridge before the noise is known, and per unit of the noise's share of the data.
FIRST, _PER_NOISE = 3.0, 9.0
# Share of a row's worst direction that the ridge would decide: up to the first number a row gets
# none of it, and half of it when the share exceeds that by the second.
_DETERMINED, _HALF = 0.02, 0.25
# Rows of which less than this share is missing get less.
_MUCH = 0.4

# From a problem and factors to the Gram matrices by array, and the sum of squared errors.
GramsOf = Callable[[Any, Any], tuple[dict[int, np.ndarray], float]]


class MissingProblem(Protocol):
    """A problem with missing entries."""

    @property
    def norm2(self) -> float:
        """Sum of squares of the observed data."""

    def weighted(self, missing_weight: float) -> Any:
        """Return the problem with missing entries as zeros of this weight.

        Parameters
        ----------
        missing_weight : float
        """

    def sweep(self, factors: Any, update: RowUpdate) -> tuple[Any, float]:
        """Update all arrays in turn and return them with their loss.

        Parameters
        ----------
        factors : tuple of arrays
        update : RowUpdate
        """


@dataclass(frozen=True, eq=False)
class Ridged:
    """A problem with a ridge on the rows of its arrays.

    Attributes
    ----------
    problem : object with ``norm2`` and ``sweep``
    strengths : tuple of (n_rows,) or (1,) arrays
        Of each array; arrays beyond the last one have no ridge.
    """

    problem: Any
    strengths: tuple[np.ndarray, ...]

    @property
    def norm2(self) -> float:
        """Sum of squares of the observed data."""
        return float(self.problem.norm2)

    def sweep(self, factors: Any, update: RowUpdate) -> tuple[Any, float]:
        """Update all arrays in turn and return them with their loss, the ridge included.

        Parameters
        ----------
        factors : tuple of arrays
        update : RowUpdate
        """
        found, loss = self.problem.sweep(factors, _WithRidge(update, self.strengths))
        return found, loss + penalty(self.strengths, found)


class _WithRidge:
    """A row update with a ridge."""

    def __init__(self, update: RowUpdate, strengths: tuple[np.ndarray, ...]) -> None:
        self.update, self.strengths = update, strengths
        self.first = [0] * len(strengths)

    def __call__(
        self, mode: int, grams: np.ndarray, rhs: np.ndarray, current: np.ndarray
    ) -> np.ndarray:
        if mode < len(self.first):
            # A problem may update the rows of an array in several parts.
            rows = slice(self.first[mode], self.first[mode] + len(rhs))
            self.first[mode] = rows.stop
            strength = self.strengths[mode]
            grams = with_diagonal(grams, strength[rows] if len(strength) > 1 else strength)
        return self.update(mode, grams, rhs, current)

    def of_trials(self, part: slice) -> _WithRidge:
        """Return the update of some trials, for blocks that come in any order."""
        first, *others = self.strengths
        own = first[part] if len(first) > 1 else first
        return _WithRidge(for_rows(self.update, part), (own, *others))


def with_diagonal(grams: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Add a ridge to Gram matrices, one strength for all rows or one for each.

    Parameters
    ----------
    grams : (1 or n_rows, R, R) array
    strength : (1,) or (n_rows,) array
    """
    if not strength.any():
        return grams
    diagonal = strength[:, None, None] * np.eye(grams.shape[-1])
    return (grams + diagonal).astype(grams.dtype, copy=False)


def penalty(strengths: Sequence[np.ndarray], factors: Sequence[np.ndarray]) -> float:
    """Return the sum of squares of all rows, each times its strength.

    Parameters
    ----------
    strengths : (n_rows,) or (1,) arrays
    factors : (n_rows, R) arrays
    """
    return sum(
        float(np.sum(strength[:, None] * factor.astype(np.float64, copy=False) ** 2))
        for strength, factor in zip(strengths, factors, strict=False)
        if strength.any()
    )


def row_grams(problem: Any, factors: Any) -> tuple[dict[int, np.ndarray], float]:
    """Return the Gram matrices of all row problems as a sweep meets them, and the loss.

    Parameters
    ----------
    problem : object with ``sweep``
    factors : tuple of arrays

    Returns
    -------
    dict
        Array index -> (n_rows, R, R) or (1, R, R) Gram matrices over the observed entries.
    float
        Sum of squared errors.
    """
    if isinstance(getattr(problem, "X", None), Passes):
        # Blocks may be worked on in other processes, from where nothing is recorded here.
        found, loss = problem.row_grams(factors)
        return {mode: grams.astype(np.float64) for mode, grams in found.items()}, loss
    parts: dict[int, list[np.ndarray]] = {}

    def record(mode: int, grams: np.ndarray, _: np.ndarray, current: np.ndarray) -> np.ndarray:
        parts.setdefault(mode, []).append(grams.astype(np.float64))
        return current

    _, loss = problem.sweep(factors, record)
    return {mode: np.concatenate(grams) for mode, grams in parts.items()}, loss


def row_strengths(observed: np.ndarray, level: float, missing: np.ndarray) -> np.ndarray:
    """Return the ridge of every row: none if the data determine it, ``level`` if they don't.

    Parameters
    ----------
    observed : (n_rows, R, R) or (1, R, R) array
        Gram matrices over the observed entries.
    level : float
    missing : (n_rows,) or (1,) array
        Share of missing entries of each row. What is open although little is missing would be in
        complete data, too.

    Returns
    -------
    (n_rows,) or (1,) array
    """
    worst = np.maximum(np.linalg.eigvalsh(observed)[:, 0], 0)
    left_open = level / np.maximum(level + worst, np.finfo(float).tiny)
    excess = np.maximum(left_open - _DETERMINED, 0) ** 2
    return level * np.minimum(missing / _MUCH, 1) ** 2 * excess / (excess + _HALF**2)


@dataclass(frozen=True)
class RidgeScale:
    """The size of the data, which sets the ridge.

    Attributes
    ----------
    levels : tuple of float
        For each array, the strength at which the ridge is as strong as data without any signal.
    n_observed : int
    norm2 : float
        Sum of squares of the observed data.
    missing : sequence of (n_rows,) or (1,) arrays
        For each array, the share of missing entries of its rows.
    everywhere : bool
        Give every row the ridge: where groups of trials have little in common, what is open are
        directions in which many rows move together, and no row shows it.
    """

    levels: tuple[float, ...]
    n_observed: int
    norm2: float
    missing: Sequence[np.ndarray]
    everywhere: bool = False

    @classmethod
    def of(cls, problem: Any, n_components: int) -> RidgeScale:
        """Return the scale of a CP problem, whose factors share its scale evenly.

        Parameters
        ----------
        problem : DenseProblem, MaskedProblem or ManyAxes
        n_components : int
        """
        n_axes = len(problem.shape)
        level = (problem.norm2 / problem.n_observed) ** ((n_axes - 1) / n_axes)
        weak = any(weakly_linked(seen, n_components) for seen in problem.seen_pairs())
        shares = problem.missing_shares()
        return cls((level,) * n_axes, problem.n_observed, problem.norm2, shares, weak)

    def noise(self, loss: float, n_parameters: int) -> float:
        """Estimate the variance of the noise.

        Parameters
        ----------
        loss : float
        n_parameters : int
        """
        return loss / max(self.n_observed - n_parameters, self.n_observed / 2)

    @property
    def missing_per_observed(self) -> float:
        """Number of missing entries for each observed one."""
        share = float(np.mean(self.missing[0]))
        return share / max(1 - share, np.finfo(float).tiny)

    def on_undetermined(self, loss: float, n_parameters: int) -> list[float]:
        """Return the ridge of an undetermined row of each array.

        Parameters
        ----------
        loss : float
        n_parameters : int
        """
        share = self.noise(loss, n_parameters) * self.n_observed / self.norm2
        times = min(FIRST, _PER_NOISE * share)
        return [times * level for level in self.levels]

    def strengths(
        self, grams: Mapping[int, np.ndarray], loss: float, n_parameters: int
    ) -> tuple[np.ndarray, ...]:
        """Return the ridge of every row.

        Parameters
        ----------
        grams : dict of (n_rows, R, R) or (1, R, R) arrays
            As `row_grams` returns.
        loss : float
        n_parameters : int

        Returns
        -------
        tuple of (n_rows,) or (1,) arrays
            One for each of ``levels``.
        """
        most = self.on_undetermined(loss, n_parameters)
        if self.everywhere:
            return tuple(np.full(1, each) for each in most)
        return tuple(
            row_strengths(grams[mode], each, self.missing[mode]) if mode in grams else np.zeros(1)
            for mode, each in enumerate(most)
        )


def strengths_at(
    problem: Any, factors: Any, scale: RidgeScale, grams_of: GramsOf = row_grams
) -> tuple[np.ndarray, ...]:
    """Return the ridge of every row that factors ask for.

    Parameters
    ----------
    problem : MissingProblem
    factors : tuple of arrays
    scale : RidgeScale
    grams_of : callable, optional
        Returns what `row_grams` does, for problems whose sweeps don't show it.

    Returns
    -------
    tuple of (n_rows,) or (1,) arrays
    """
    grams, loss = grams_of(problem, factors)
    return scale.strengths(grams, loss, sum(factors[mode].size for mode in grams))
