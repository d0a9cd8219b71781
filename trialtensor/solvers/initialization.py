"""Starting points of a fit: singular vectors of the data, or random factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialtensor.solvers.compression import leading_basis
from trialtensor.solvers.many_axes import ManyAxes
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.problems import DenseProblem
from trialtensor.solvers.result import Factors


def random_start(
    problem: DenseProblem | MaskedProblem | ManyAxes,
    n_components: int,
    rng: np.random.Generator,
    nonnegative: Sequence[bool],
) -> Factors:
    """Draw independent random columns: normal, or uniform on [0, 1) where non-negative.

    The model is as large as the data, see :func:`in_units`.

    Parameters
    ----------
    problem : DenseProblem, MaskedProblem or ManyAxes
    n_components : int
    rng : Generator
    nonnegative : bools, by axis
    """
    return in_units(problem, _drawn(problem, n_components, rng, nonnegative))


def svd_start(
    problem: DenseProblem | MaskedProblem | ManyAxes,
    n_components: int,
    rng: np.random.Generator,
    nonnegative: Sequence[bool],
) -> Factors:
    """Take the leading singular vectors of each unfolding, or random columns on axes too short.

    A non-negative factor starts from the absolute values.

    Parameters
    ----------
    problem : DenseProblem, MaskedProblem or ManyAxes
    n_components : int
    rng : Generator
    nonnegative : bools, by axis
    """
    factors = []
    fallback = _drawn(problem, n_components, rng, nonnegative)
    bases = getattr(problem, "bases", ()) or (None,) * len(nonnegative)
    for axis, positive in enumerate(nonnegative):
        vectors = leading_basis(problem.X, axis, n_components)
        if bases[axis] is not None:
            vectors = bases[axis] @ vectors
        start = fallback[axis] / len(fallback[axis]) ** 0.5
        start[:, : vectors.shape[1]] = np.abs(vectors) if positive else vectors
        factors.append(start)
    return in_units(problem, factors)


def in_units(problem: Any, factors: Sequence[np.ndarray]) -> Factors:
    """Return the factors with trial factors so large that the model is about as large as the data.

    Then no step depends on the units of the data, not even one that starts from these values.

    Parameters
    ----------
    problem : DenseProblem, MaskedProblem or ManyAxes
    factors : (n_axis, R) arrays
    """
    sizes = np.prod(
        [np.linalg.norm(factor.astype(np.float64), axis=0) for factor in factors], axis=0
    )
    model = float(np.linalg.norm(sizes))
    trial, *others = factors
    return trial * trial.dtype.type(start_scale(problem.norm2, model)), *others


def start_scale(norm2: float, norm: float) -> float:
    """Return a power of two by which a start of some norm is about as large as the data.

    A power of two, because it changes no digit of what follows where the scale has no say.

    Parameters
    ----------
    norm2 : float
        Sum of squares of the data.
    norm : float
        Norm of the start.
    """
    if not (norm2 > 0 and norm > 0):
        return 1.0
    return float(np.exp2(np.round(np.log2(norm2) / 2 - np.log2(norm))))


def _drawn(
    problem: DenseProblem | MaskedProblem | ManyAxes,
    n_components: int,
    rng: np.random.Generator,
    nonnegative: Sequence[bool],
) -> list[np.ndarray]:
    factors = []
    for rows, positive in zip(problem.shape, nonnegative, strict=True):
        draw = rng.random if positive else rng.standard_normal
        factors.append(draw((rows, n_components)).astype(problem.X.dtype, copy=False))
    return factors
