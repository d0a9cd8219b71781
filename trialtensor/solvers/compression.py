"""Compress once, fit many: a sequentially truncated HOSVD of the data.

A CP model of ``R`` components lives in ``R`` dimensions of each axis, so all restarts can run
on a small core (CANDELINC; Bro & Andersson 1998, "Improving the speed of multiway algorithms
II: compression"; Vannieuwenhoven, Vandebril & Meerbergen 2012 for the sequential truncation).
Where data is missing in a 2-D pattern only the axis along which the pattern is constant can
be compressed.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from trialtensor.solvers.problems import Bases, DenseProblem

# An axis is only worth compressing when the core is clearly shorter than it.
_WORTHWHILE = 0.7


def core_size(n_components: int) -> int:
    """Length of a compressed axis: room for the components and for their neighbours.

    The subspace of the optimum is not exactly that of the leading singular vectors, hence the
    margin; the sweeps on the full data afterwards repair the rest.
    """
    return n_components + 10


def leading_basis(X: np.ndarray, axis: int, n_vectors: int) -> np.ndarray:
    """Leading left singular vectors of the unfolding of ``X`` along ``axis``.

    From the eigenvectors of its Gram matrix, which needs one BLAS-3 pass and no SVD of a
    huge matrix.

    Returns
    -------
    (X.shape[axis], n_vectors) array
        Orthonormal columns, largest singular value first.
    """
    gram = axis_gram(X, axis)
    n = len(gram)
    _, vectors = scipy.linalg.eigh(gram, subset_by_index=[max(0, n - n_vectors), n - 1])
    # LAPACK leaves the signs to rounding; fixed, they are the same in every process.
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
    return np.ascontiguousarray(vectors[:, ::-1]).astype(X.dtype, copy=False)


def axis_gram(X: np.ndarray, axis: int) -> np.ndarray:
    """Gram matrix of the unfolding along ``axis``, without a copy of the data."""
    if axis == 2:
        flat = X.reshape(-1, X.shape[2])
        return (flat.T @ flat).astype(np.float64, copy=False)
    if axis == 0:
        flat = X.reshape(X.shape[0], -1)
        return (flat @ flat.T).astype(np.float64, copy=False)
    gram = np.zeros((X.shape[1], X.shape[1]))
    for trial in X:
        gram += trial @ trial.T
    return gram


def project(X: np.ndarray, axis: int, basis: np.ndarray) -> np.ndarray:
    """``X`` in the coordinates of ``basis`` along ``axis``."""
    if axis == 2:
        return (X.reshape(-1, X.shape[2]) @ basis).reshape(*X.shape[:2], -1)
    if axis == 1:
        return np.matmul(basis.T, X)
    return (basis.T @ X.reshape(X.shape[0], -1)).reshape(-1, *X.shape[1:])


def compress(problem: DenseProblem, n_components: int) -> DenseProblem:
    """The surrogate on which restarts are cheap.

    Parameters
    ----------
    problem : DenseProblem
        Without bases.
    n_components : int

    Returns
    -------
    DenseProblem
        With bases on the compressed axes; ``problem`` itself where compression does not pay.
        Its ``norm2`` is that of the full data, so the loss of a model that lies in the bases
        is its loss on the full data.
    """
    core = problem.X
    bases: list[np.ndarray | None] = [None, None, None]
    n_core = core_size(n_components)
    candidates = range(3) if problem.pattern is None else [problem.pattern.free_axis]
    # Time is contiguous and usually short: it makes the first and only expensive step cheap.
    for axis in sorted(candidates, key=lambda axis: (axis != 2, core.shape[axis])):
        if n_core <= _WORTHWHILE * core.shape[axis]:
            bases[axis] = basis = leading_basis(core, axis, n_core)
            core = project(core, axis, basis)
    if core is problem.X:
        return problem
    return DenseProblem(np.ascontiguousarray(core), problem.norm2, problem.pattern, _bases(bases))


def without_bases(problem: DenseProblem, free: tuple[bool, bool, bool]) -> DenseProblem:
    """Drop the bases of the axes in ``free``: their factors are then core coordinates.

    Only valid for factors without constraints, which nothing ties to the original axes.
    """
    kept = [None if f else basis for f, basis in zip(free, problem.bases, strict=True)]
    return DenseProblem(problem.X, problem.norm2, problem.pattern, _bases(kept))


def _bases(bases: list[np.ndarray | None]) -> Bases:
    trial, neuron, time = bases
    return trial, neuron, time
