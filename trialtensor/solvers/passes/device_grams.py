"""Gram matrices on a device, as batches of products: a single long sum would leave most of it idle.

A Gram matrix is small and the sum behind each of its entries long, so there are few places of the
result to work on at once. Sums over parts of the data are therefore made side by side and added up
in double precision, which also loses fewer digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.namespaces import in_double, namespace
from trialtensor.solvers.passes.block import Block, Join

# Tiles of results that are worked on at once, several for each of some hundred processors, and the
# length of a side of a tile.
_TILES, _SIDE = 1000, 128
# Entries of a copy of the data with its neurons first.
_COPY = 100_000_000


@dataclass(frozen=True, eq=False)
class DeviceGram:
    """The Gram matrix of the unfolding along neurons or times.

    Attributes
    ----------
    axis : {1, 2}
    """

    axis: int
    joins: Sequence[Join] = ("sum",)

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return it in double precision, (n_axis, n_axis)."""
        X = block.values
        xp = namespace(X)
        if self.axis == 2:
            return (gram_of_columns(xp.reshape(X, (-1, X.shape[2]))),)
        total: Any = 0.0
        for piece in _pieces(X, _COPY):
            rows = xp.reshape(xp.permute_dims(piece, (1, 0, 2)), (X.shape[1], -1))
            total = total + gram_of_rows(rows)
        return (total,)


def gram_of_columns(flat: Any) -> Any:
    """Return ``flat.T @ flat`` in double precision.

    Parameters
    ----------
    flat : (n, m) array
    """
    xp = namespace(flat)
    n, m = flat.shape
    length = _length(n, m)
    n_whole = n // length
    total = _gram(flat[n_whole * length :, :])
    if n_whole:
        parts = xp.reshape(flat[: n_whole * length, :], (n_whole, length, m))
        products = xp.matmul(xp.permute_dims(parts, (0, 2, 1)), parts)
        total = total + xp.sum(in_double(products), axis=0)
    return total


def gram_of_rows(rows: Any) -> Any:
    """Return ``rows @ rows.T`` in double precision.

    Parameters
    ----------
    rows : (m, n) array
    """
    xp = namespace(rows)
    m, n = rows.shape
    length = _length(n, m)
    n_whole = n // length
    total = _gram(rows[:, n_whole * length :].T)
    if n_whole:
        parts = xp.reshape(rows[:, : n_whole * length], (m, n_whole, length))
        parts = xp.permute_dims(parts, (1, 0, 2))
        products = xp.matmul(parts, xp.permute_dims(parts, (0, 2, 1)))
        total = total + xp.sum(in_double(products), axis=0)
    return total


def _gram(flat: Any) -> Any:
    return in_double(flat.T @ flat)


def _length(n: int, m: int) -> int:
    """Return the length of a part of ``n``, so that the parts' results have enough tiles."""
    n_parts = max(1, _TILES // (-(-m // _SIDE)) ** 2)
    # Shorter sums than the result is wide would take longer to add up than to make.
    return max(1, min(n, max(m, n // n_parts)))


def _pieces(X: Any, n_entries: int) -> Iterator[Any]:
    for part in trial_chunks(X.shape, n_entries):
        yield X[part, ...]
