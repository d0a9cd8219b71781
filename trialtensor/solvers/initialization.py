"""Starting points of a fit: singular vectors of the data, or random factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trialtensor.solvers.compression import leading_basis
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.problems import DenseProblem
from trialtensor.solvers.result import Factors


def random_start(
    problem: DenseProblem | MaskedProblem,
    n_components: int,
    rng: np.random.Generator,
    nonnegative: Sequence[bool],
) -> Factors:
    """Draw independent random columns: normal, or uniform on [0, 1) where non-negative.

    Parameters
    ----------
    problem : DenseProblem or MaskedProblem
    n_components : int
    rng : Generator
    nonnegative : three bools, by axis
    """
    dtype = problem.X.dtype
    factors = []
    for rows, positive in zip(problem.shape, nonnegative, strict=True):
        draw = rng.random if positive else rng.standard_normal
        factors.append(draw((rows, n_components)).astype(dtype, copy=False))
    return factors[0], factors[1], factors[2]


def svd_start(
    problem: DenseProblem | MaskedProblem,
    n_components: int,
    rng: np.random.Generator,
    nonnegative: Sequence[bool],
) -> Factors:
    """Take the leading singular vectors of each unfolding, or random columns on axes too short.

    A non-negative factor starts from the absolute values.

    Parameters
    ----------
    problem : DenseProblem or MaskedProblem
    n_components : int
    rng : Generator
    nonnegative : three bools, by axis
    """
    factors = []
    fallback = random_start(problem, n_components, rng, nonnegative)
    bases = getattr(problem, "bases", (None, None, None))
    for axis, positive in enumerate(nonnegative):
        vectors = leading_basis(problem.X, axis, n_components)
        if bases[axis] is not None:
            vectors = bases[axis] @ vectors
        start = fallback[axis] / len(fallback[axis]) ** 0.5
        start[:, : vectors.shape[1]] = np.abs(vectors) if positive else vectors
        factors.append(start)
    return factors[0], factors[1], factors[2]
