"""Compression of the data to smaller slabs.

The triangle of a QR decomposition replaces a slab with more rows than its block has columns. This
loses nothing, because the fit of everything but ``P_b`` depends only on ``X'X`` (Kiers, ten
Berge & Bro 1999). For restarts, rows and the shared axis are truncated as well, to a few more
dimensions than there are components (Jang & Kang 2022, "DPar2", for irregular tensors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.linalg

from trialtensor.solvers.compression import core_size, leading_basis
from trialtensor.solvers.degeneracy import LARGE
from trialtensor.solvers.parafac2.groups import Group, make_groups
from trialtensor.solvers.parafac2.masked_slabs import MaskedSlabs, MeanSlabs
from trialtensor.solvers.parafac2.slabs import Slabs
from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.unfolding import (
    Unfolding,
    axis_gram,
    leading_eigenvectors,
    leading_vectors,
)

_WORTHWHILE = 0.7
# Up to this length of the shared axis, its Gram matrix takes a group after the other.
_LONG = 1000
# Rows per column above which a triangle is worth its decomposition.
_TALL = 2


def stack(blocks: Sequence[np.ndarray]) -> Slabs:
    """Take the data itself as slabs.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    """
    return Slabs(make_groups(blocks), _sum_of_squares(blocks))


def with_mask(blocks: Sequence[np.ndarray], observed: Sequence[np.ndarray | None]) -> MaskedSlabs:
    """Take the data together with its mask.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    observed : sequence of bool arrays or None, one per block
    """
    return MaskedSlabs(make_groups(blocks, observed), _sum_of_squares(blocks))


def with_means(slabs: MaskedSlabs) -> MeanSlabs:
    """Fill in missing entries with the mean of the row's observed values in the same trial.

    Parameters
    ----------
    slabs : MaskedSlabs
    """
    filled = MeanSlabs(slabs.groups, slabs.norm2)
    # With the sum of squares of what was observed alone, losses would clip at zero.
    norm2 = sum(sum_of_squares(filled.filled(group)) for group in slabs.groups)
    return replace(filled, norm2=norm2)


def _sum_of_squares(blocks: Sequence[np.ndarray]) -> float:
    return sum(sum_of_squares(block) for block in blocks)


def _one_group(blocks: Sequence[np.ndarray], norm2: float, basis: np.ndarray | None) -> Slabs:
    """Stack small blocks: copies of them don't matter, and one product is faster than many."""
    return Slabs((Group(list(blocks), 0, 0),), norm2, basis)


def in_span(
    blocks: Sequence[np.ndarray], observed: Sequence[np.ndarray | None], shared: np.ndarray
) -> Slabs:
    """Reduce the data to the span of a shared factor if nothing is missing.

    The best trial weights and patterns for that factor stay the same.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    observed : sequence of bool arrays or None, one per block
    shared : (n_shared, R) array
    """
    if any(mask is not None for mask in observed):
        return with_mask(blocks, observed)
    basis = np.linalg.qr(shared)[0]
    small = [np.matmul(block, basis) for block in blocks]
    return _one_group(small, _sum_of_squares(blocks), basis)


def fewest_rows(slabs: Slabs, least: int) -> Slabs:
    """Replace the rows of each block by a triangle with at least ``least`` rows.

    Parameters
    ----------
    slabs : Slabs
    least : int
    """
    small = [_triangle(block, least) for block in slabs.blocks]
    return _one_group(small, slabs.norm2, slabs.basis)


def without_loss(blocks: Sequence[np.ndarray], n_components: int) -> Slabs:
    """Stack blocks with tall ones shortened, without loss to anything but the patterns.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    n_components : int
    """
    tall = [block.shape[1] > _TALL * len(block) * block.shape[2] for block in blocks]
    small = [
        _triangle(block, n_components) if far else block
        for block, far in zip(blocks, tall, strict=True)
    ]
    return Slabs(make_groups(small), _sum_of_squares(blocks))


def truncated(slabs: Slabs, n_components: int, *, free: bool) -> tuple[Slabs, np.ndarray | None]:
    """Build the core on which restarts are cheap, or return ``slabs`` if it can't be made smaller.

    The core's ``norm2`` is that of the data, so a model inside the core has the same loss there as
    on the data.

    Parameters
    ----------
    slabs : Slabs
    n_components : int
    free : bool
        Let the shared factor be in core coordinates, as is possible without constraints.

    Returns
    -------
    Slabs
    (n_shared, n_core) array or None
        Maps the core's shared axis to the data's.
    """
    n_core = core_size(n_components)
    basis = None
    if n_core <= _WORTHWHILE * slabs.n_shared:
        basis = shared_basis(slabs, n_core)
    short = n_core <= _WORTHWHILE * slabs.n_rows.max()
    if basis is None and not short:
        return slabs, None
    parts = []
    for group in slabs.groups:
        X = slabs.filled(group)
        if basis is not None:
            X = (X.reshape(-1, X.shape[2]) @ basis).reshape(*X.shape[:2], -1)
        parts += [_fewer_rows(part, n_core) if short else part for part in group.split(X)]
    return _one_group(parts, slabs.norm2, None if free else basis), basis


def shared_basis(slabs: Slabs, n_vectors: int) -> np.ndarray:
    """Return the leading singular vectors of the shared axis, ``(n_shared, n_vectors)``.

    Parameters
    ----------
    slabs : Slabs
    n_vectors : int
        At most ``n_shared``.
    """
    if slabs.n_shared > _LONG:
        return leading_vectors([Unfolding(slabs.filled(g), 2) for g in slabs.groups], n_vectors)
    grams = (axis_gram(slabs.filled(group), 2) for group in slabs.groups)
    vectors = leading_eigenvectors(sum(grams, np.zeros((slabs.n_shared,) * 2)), n_vectors)
    return vectors.astype(slabs.blocks[0].dtype, copy=False)


def _fewer_rows(part: np.ndarray, n_core: int) -> np.ndarray:
    """Reduce to ``n_core`` rows, by a triangle if possible: far cheaper than singular vectors."""
    part = _triangle(part, n_core)
    if part.shape[1] <= n_core:
        return part
    return np.matmul(leading_basis(part, 1, n_core).T, part)


def _triangle(block: np.ndarray, least: int) -> np.ndarray:
    n_trials, n_rows, n_shared = block.shape
    n_columns = max(n_trials * n_shared, least)
    if n_rows <= n_columns:
        return block
    unfolded = np.zeros((n_rows, n_columns), block.dtype)
    unfolded[:, : n_trials * n_shared] = block.transpose(1, 0, 2).reshape(n_rows, -1)
    (small,) = scipy.linalg.qr(unfolded, mode="r", check_finite=False)
    small = small[:n_columns, : n_trials * n_shared]
    return np.ascontiguousarray(small.reshape(n_columns, n_trials, n_shared).transpose(1, 0, 2))


def in_double(slabs: Slabs) -> Slabs:
    """Return slabs in double precision, unless they are large.

    Parameters
    ----------
    slabs : Slabs
    """
    if slabs.blocks[0].dtype == np.float64 or slabs.size >= LARGE:
        return slabs
    blocks = [block.astype(np.float64) for block in slabs.blocks]
    observed = [mask for group in slabs.groups for mask in group.observed or ()]
    basis = None if slabs.basis is None else slabs.basis.astype(np.float64)
    return replace(slabs, groups=make_groups(blocks, observed or None), basis=basis)
