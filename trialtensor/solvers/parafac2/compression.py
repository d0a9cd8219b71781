"""Compression of the data to smaller slabs.

The triangle of a QR decomposition replaces a slab with more rows than its block has columns. This
loses nothing, because the fit of everything but ``P_b`` depends only on ``X'X`` (Kiers, ten
Berge & Bro 1999). For restarts, rows and the shared axis are truncated as well, to a few more
dimensions than there are components (Jang & Kang 2022, "DPar2", for irregular tensors).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.linalg

from trialtensor.solvers.compression import core_size, leading_basis
from trialtensor.solvers.parafac2.slabs import MaskedSlabs, Slabs, pad
from trialtensor.solvers.problems import sum_of_squares

_WORTHWHILE = 0.7
# Rows per column above which a triangle is worth its decomposition.
_TALL = 2


def stack(blocks: Sequence[np.ndarray]) -> Slabs:
    """Stack the data itself as slabs.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    """
    starts = np.cumsum([0, *(len(block) for block in blocks[:-1])])
    norm2 = sum(sum_of_squares(block) for block in blocks)
    return Slabs(pad(blocks), starts, norm2, n_rows=np.array([b.shape[1] for b in blocks]))


def with_mask(blocks: Sequence[np.ndarray], observed: Sequence[np.ndarray | None]) -> MaskedSlabs:
    """Stack the data together with its mask.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    observed : sequence of bool arrays or None, one per block
    """
    data = stack(blocks)
    unseen = pad([~_seen(block, mask) for block, mask in zip(blocks, observed, strict=True)])
    # Padded rows count as observed, because they are known to be zero.
    return MaskedSlabs(data.X, data.starts, data.norm2, None, data.n_rows, ~unseen)


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
    whole = stack([np.matmul(block, basis) for block in blocks])
    norm2 = sum(sum_of_squares(block) for block in blocks)
    return Slabs(whole.X, whole.starts, norm2, basis, whole.n_rows)


def fewest_rows(slabs: Slabs, least: int) -> Slabs:
    """Replace the rows of each block by a triangle with at least ``least`` rows.

    Parameters
    ----------
    slabs : Slabs
    least : int
    """
    ends = np.append(slabs.starts[1:], len(slabs.X))
    parts = [slabs.X[i:j] for i, j in zip(slabs.starts, ends, strict=True)]
    X = pad([_triangle(part, least) for part in parts])
    return Slabs(X, slabs.starts, slabs.norm2, slabs.basis)


def _seen(block: np.ndarray, observed: np.ndarray | None) -> np.ndarray:
    return np.ones(block.shape, bool) if observed is None else observed


def without_loss(blocks: Sequence[np.ndarray], n_components: int) -> Slabs:
    """Stack blocks with tall ones shortened, without loss to anything but the patterns.

    Parameters
    ----------
    blocks : sequence of (n_trials, n_rows, n_shared) arrays
    n_components : int
    """
    norm2 = sum(sum_of_squares(block) for block in blocks)
    starts = np.cumsum([0, *(len(block) for block in blocks[:-1])])
    tall = [block.shape[1] > _TALL * len(block) * block.shape[2] for block in blocks]
    small = [
        _triangle(block, n_components) if far else block
        for block, far in zip(blocks, tall, strict=True)
    ]
    return Slabs(pad(small), starts, norm2)


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
    X, basis = slabs.X, None
    n_core = core_size(n_components)
    if n_core <= _WORTHWHILE * X.shape[2]:
        basis = leading_basis(X, 2, n_core)
        X = (X.reshape(-1, X.shape[2]) @ basis).reshape(*X.shape[:2], -1)
    if n_core <= _WORTHWHILE * X.shape[1]:
        ends = np.append(slabs.starts[1:], len(X))
        parts = [X[i:j] for i, j in zip(slabs.starts, ends, strict=True)]
        X = pad([_fewer_rows(part, n_core) for part in parts])
    if X is slabs.X:
        return slabs, None
    core = Slabs(np.ascontiguousarray(X), slabs.starts, slabs.norm2, None if free else basis)
    return core, basis


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
