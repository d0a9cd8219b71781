"""Gauges: closed-form rules for dividing what slicing types share.

With ``P_a`` the projector onto the loadings of axis ``a``, the reconstruction splits into
orthogonal pieces ``E_S = prod_{a in S} P_a prod_{a not in S} (1 - P_a) X``, one for every non-empty
set ``S`` of types, because the projectors act on different axes and commute. Any type in ``S``
can represent ``E_S``; a gauge sets the share that each of them gets. Equal shares give the
smallest sum of squared norms of the parts, which Pellegrino et al. 2024 reach by gradient descent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.linalg

from trialtensor.solvers.canonical import skewness_sign, unit_columns
from trialtensor.solvers.slices.contraction import (
    NAMES,
    OTHERS,
    Components,
    Triple,
    along,
    as_rows,
    as_triple,
    checked_components,
    onto,
)

GAUGES = ("minimal-norm", "trial-first", "neuron-first", "time-first")


def fix_gauge(
    loadings: Sequence[np.ndarray], slices: Sequence[np.ndarray], gauge: str = "minimal-norm"
) -> Components:
    """Bring a SliceTCA model into a fixed form with the same reconstruction.

    Parameters
    ----------
    loadings : three arrays
        ``(n_trials, R0)``, ``(n_neurons, R1)``, ``(n_times, R2)``; the columns need be neither
        orthogonal nor independent.
    slices : three arrays
        ``(R0, n_neurons, n_times)``, ``(R1, n_trials, n_times)``, ``(R2, n_trials, n_neurons)``.
    gauge : {"minimal-norm", "trial-first", "neuron-first", "time-first"}
        "minimal-norm" divides what types share evenly, which gives the smallest sum over types
        of the squared norm of their parts. "trial-first" assigns everything that the trial type
        shares with others to the trial type and divides the rest evenly; "neuron-first" and
        "time-first" work likewise.

    Returns
    -------
    Components
        ``(loadings, slices)`` with the same reconstruction. Within a type, loadings are
        orthonormal and slices are orthogonal and ordered by norm (a singular value decomposition
        of the type's part); neuron and time loadings and trial slices are positively skewed.
        Dependent loadings leave components whose slice is zero.

    Raises
    ------
    ValueError
        If the gauge is unknown or the shapes don't fit each other.

    References
    ----------
    Pellegrino, Stein & Cayco-Gajic 2024, Nature Neuroscience, minimise the same norm by gradient
    descent.

    Examples
    --------
    >>> from trialtensor.solvers.slices.contraction import reconstruct
    >>> rng = np.random.default_rng(0)
    >>> loadings = (rng.normal(size=(6, 1)), rng.normal(size=(5, 1)), rng.normal(size=(4, 0)))
    >>> slices = (rng.normal(size=(1, 5, 4)), rng.normal(size=(1, 6, 4)), np.empty((0, 6, 5)))
    >>> fixed = fix_gauge(loadings, slices)
    >>> bool(np.allclose(reconstruct(fixed), reconstruct(Components(loadings, slices))))
    True
    >>> fixed.loadings[0].T @ fixed.loadings[0]
    array([[1.]])
    """
    components = checked_components(loadings, slices)
    bases, orthogonal = _orthonormal(components)
    fixed = from_projections(bases, _weighted_sums(bases, orthogonal), gauge)
    return _padded(fixed, components.ranks)


def share_of(axis: int, among: frozenset[int], gauge: str) -> float:
    """Return the share of ``axis`` in what all types in ``among`` can represent, in a gauge.

    Parameters
    ----------
    axis : {0, 1, 2}
    among : frozenset of int
        Axes of the types, including ``axis``.
    gauge : str
    """
    first = NAMES.index(gauge.removesuffix("-first")) if gauge != "minimal-norm" else None
    if first in among:
        return float(axis == first)
    return 1 / len(among)


def from_projections(loadings: Triple, sums: Triple, gauge: str) -> Components:
    """Compute the best model of a tensor for given subspaces, in a gauge.

    Parameters
    ----------
    loadings : three (n_axis, R) arrays
        With orthonormal columns.
    sums : three (R, n_b, n_c) arrays
        The tensor contracted with the loadings of each axis.
    gauge : str

    Returns
    -------
    Components

    Raises
    ------
    ValueError
        If the gauge is unknown.
    """
    if gauge not in GAUGES:
        raise ValueError(f"gauge: expected one of {GAUGES}, got {gauge!r}")
    pairs = [
        _canonical(axis, loadings[axis], _share(axis, sums[axis], loadings, gauge))
        for axis in range(3)
    ]
    return Components(as_triple([u for u, _ in pairs]), as_triple([s for _, s in pairs]))


def _share(axis: int, whole: np.ndarray, bases: Triple, gauge: str) -> np.ndarray:
    """Compute the part of ``axis`` from the reconstruction, both in coordinates of its basis.

    This writes the ``E_S`` out in the projectors: the axis gets all of what only it can represent
    and its share of what it shares.
    """
    b, c = OTHERS[axis]
    with_b = share_of(axis, frozenset((axis, b)), gauge)
    with_c = share_of(axis, frozenset((axis, c)), gauge)
    with_both = share_of(axis, frozenset((0, 1, 2)), gauge)
    on_b, on_c = onto(whole, axis, b, bases[b]), onto(whole, axis, c, bases[c])
    on_both = onto(on_b, axis, c, bases[c])
    both = 1 - with_b - with_c + with_both
    return whole - (1 - with_b) * on_b - (1 - with_c) * on_c + both * on_both


def _orthonormal(components: Components) -> tuple[Triple, Triple]:
    """Return the same parts with orthonormal loadings, one per independent direction."""
    bases, slices = [], []
    for loading, slice_tensor in zip(*components, strict=True):
        # Scale must not affect which loadings count as independent.
        loading, size = unit_columns(loading)
        slice_tensor = slice_tensor * size[:, None, None]
        left, values, right = scipy.linalg.svd(loading, full_matrices=False, check_finite=False)
        least = max(loading.shape) * np.finfo(loading.dtype).eps * values.max(initial=0)
        alive = values > least
        bases.append(left[:, alive])
        mixing = values[alive, None] * right[alive]
        slices.append(np.tensordot(mixing, slice_tensor, axes=(1, 0)))
    return as_triple(bases), as_triple(slices)


def _padded(fixed: Components, ranks: tuple[int, int, int]) -> Components:
    """Pad to the original ranks with slices of zeros and arbitrary orthonormal loadings."""
    loadings, slices = [], []
    for loading, slice_tensor, rank in zip(*fixed, ranks, strict=True):
        missing = rank - loading.shape[1]
        # Beyond the length of the axis, no orthogonal direction is left.
        free = scipy.linalg.null_space(loading.T)[:, :missing] if missing else loading[:, :0]
        none = np.zeros((len(loading), missing - free.shape[1]), loading.dtype)
        loadings.append(np.concatenate([loading, free.astype(loading.dtype), none], axis=1))
        zeros = np.zeros((missing, *slice_tensor.shape[1:]), slice_tensor.dtype)
        slices.append(np.concatenate([slice_tensor, zeros]))
    return Components(as_triple(loadings), as_triple(slices))


def _weighted_sums(bases: Triple, slices: Triple) -> Triple:
    """Contract the reconstruction with the basis of each axis, without forming it."""
    sums = []
    for axis in range(3):
        total = slices[axis].copy()
        for other in OTHERS[axis]:
            inner = along(slices[other], other, axis, bases[axis])
            # To (R_axis, R_other, n_third); the loadings of the other axis then restore it.
            first = OTHERS[other].index(axis) == 0
            mixed = inner.transpose(1, 0, 2) if first else inner.transpose(2, 0, 1)
            if OTHERS[axis].index(other) == 0:
                total += np.matmul(bases[other], mixed)
            else:
                total += np.matmul(mixed.swapaxes(1, 2), bases[other].T)
        sums.append(total)
    return as_triple(sums)


def _canonical(
    axis: int, basis: np.ndarray, slice_tensor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rotate a type to orthogonal slices, largest first, and fix the signs."""
    rank = len(slice_tensor)
    if rank == 0:
        return basis, slice_tensor
    rows = slice_tensor.reshape(rank, -1)
    # The triangle of a QR keeps the full precision of small components; a Gram matrix doesn't.
    triangle = scipy.linalg.qr(rows.T, mode="r", check_finite=False)[0][:rank]
    rotation = scipy.linalg.svd(triangle.T, check_finite=False)[0]
    loading, rows = basis @ rotation, rotation.T @ rows
    signs = skewness_sign(rows.T if axis == 0 else loading)
    return loading * signs, (rows * signs[:, None]).reshape(slice_tensor.shape)


def sum_of_part_norms(components: Components) -> float:
    """Sum the squared norms of the three types' parts, which the minimal-norm gauge minimises.

    Parameters
    ----------
    components : Components
    """
    total = 0.0
    for loading, slice_tensor in zip(components.loadings, components.slices, strict=True):
        rows = as_rows(slice_tensor).astype(np.float64, copy=False)
        gram = (loading.T @ loading).astype(np.float64, copy=False)
        total += float(np.sum(gram * (rows @ rows.T)))
    return total
