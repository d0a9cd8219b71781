"""Compression of the data to a small core, by sequentially truncated HOSVD.

A CP model of ``R`` components lives in ``R`` dimensions of each axis, so all restarts can run
on a small core (CANDELINC; Bro & Andersson 1998, "Improving the speed of multiway algorithms
II: compression"; Vannieuwenhoven, Vandebril & Meerbergen 2012 for the sequential truncation).
With a 2-D missing pattern, only the axis along which the pattern is constant can be compressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trialtensor.solvers import contraction
from trialtensor.solvers.many_axes import ManyAxes
from trialtensor.solvers.passes import Passes
from trialtensor.solvers.problems import DenseProblem
from trialtensor.solvers.unfolding import leading_vectors, unfold

Dense = DenseProblem | ManyAxes

# Compress an axis only if the core is clearly shorter.
_WORTHWHILE = 0.7


def core_size(n_components: int) -> int:
    """Return the length of a compressed axis: the number of components plus a margin.

    The margin is there because the optimum doesn't lie exactly in the subspace of the leading
    singular vectors; sweeps on the full data then remove the remaining error.

    Parameters
    ----------
    n_components : int
    """
    return n_components + 10


def leading_basis(X: np.ndarray | Passes, axis: int, n_vectors: int) -> np.ndarray:
    """Return the leading left singular vectors of the unfolding of ``X`` along ``axis``.

    A long axis costs no more than the other two allow.

    Parameters
    ----------
    X : array with three axes or more
    axis : int
    n_vectors : int

    Returns
    -------
    (X.shape[axis], n_vectors) array
        Orthonormal columns, largest singular value first; as many as the axis has positions if
        these are fewer.
    """
    return leading_vectors([unfold(X, axis)], n_vectors)


def project(X: np.ndarray | Passes, axis: int, basis: np.ndarray) -> np.ndarray | Passes:
    """Express data in the coordinates of ``basis`` along ``axis``.

    Parameters
    ----------
    X : array with three axes or more, or Passes
    axis : int
    basis : (X.shape[axis], n_core) array
    """
    if isinstance(X, Passes):
        return X.compressed(axis, basis)
    return contraction.project(X, axis, basis)


def in_memory(core: np.ndarray | Passes) -> np.ndarray:
    """Return a core as a contiguous array.

    Parameters
    ----------
    core : array or Passes
    """
    return np.ascontiguousarray(core[:] if isinstance(core, Passes) else core)


def compress(problem: Dense, n_components: int) -> Dense:
    """Build the compressed surrogate on which restarts are cheap.

    Parameters
    ----------
    problem : DenseProblem, or ManyAxes with one
        Without bases. If it has a core, that is compressed further, which costs next to nothing.
    n_components : int

    Returns
    -------
    DenseProblem or ManyAxes
        With bases on the compressed axes, or ``problem`` itself where compression doesn't pay.
        Its ``norm2`` is that of the full data, so a model inside the bases has the same loss
        here as on the full data.
    """
    whole = problem if problem.core is None else problem.core
    core = given = whole.X
    bases = list(whole.bases) or [None] * len(core.shape)
    n_core = core_size(n_components)
    for axis in _in_turn(whole.free_axes, core.shape):
        if n_core <= _WORTHWHILE * core.shape[axis]:
            basis, outer = leading_basis(core, axis, n_core), bases[axis]
            bases[axis] = basis if outer is None else outer @ basis
            core = project(core, axis, basis)
    if core is given:
        return whole
    return whole.with_bases(in_memory(core), bases)


def _in_turn(axes: Sequence[int], shape: Sequence[int]) -> list[int]:
    """Return axes in the order in which they are compressed.

    The last comes first: it is contiguous and usually short, so the only expensive step becomes
    cheap. Of many axes trials come at the end: until then, data elsewhere is projected trial by
    trial, however large it is.
    """
    last = len(shape) - 1

    def key(axis: int) -> tuple[bool, bool, int]:
        return axis != last, axis == 0 and last > 2, shape[axis]

    return sorted(axes, key=key)


def with_core(problem: Dense, n_components: int) -> Dense:
    """Compress once for fits of up to ``n_components``, which then share the passes over the data.

    Parameters
    ----------
    problem : DenseProblem, or ManyAxes with one
        Without bases.
    n_components : int
    """
    core = compress(problem, n_components)
    return problem if core is problem else replace(problem, core=core)  # type: ignore[arg-type]


def without_bases(problem: Dense, free: Sequence[bool]) -> Dense:
    """Drop the bases of the axes in ``free``, so that their factors are in core coordinates.

    Valid only for unconstrained factors.

    Parameters
    ----------
    problem : DenseProblem or ManyAxes
    free : bools, by axis
    """
    kept = [None if f else basis for f, basis in zip(free, problem.bases, strict=True)]
    return problem.with_bases(problem.X, kept)
