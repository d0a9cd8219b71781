"""A few trials of the data, and the work that a pass does on each such block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from trialtensor.solvers.namespaces import as_numpy, like, namespace

# How the results of blocks make that of all trials: added up, or one after the other.
Join = Literal["sum", "rows", "least", "most"]


@dataclass(frozen=True, eq=False)
class Block:
    """Some consecutive trials.

    Attributes
    ----------
    part : slice
        Which trials these are.
    values : (n_some_trials, n_neurons, n_times) array
        Floating-point numbers, zero where missing; NumPy or any array of the array API standard.
    observed : bool array of the same shape, or None
        False where missing; None if nothing is.
    """

    part: slice
    values: Any
    observed: Any = None

    def array(self, small: np.ndarray) -> Any:
        """Return a NumPy array in the namespace, on the device and in the precision of the data.

        Parameters
        ----------
        small : array
        """
        return like(self.values, small)


def as_block(part: slice, raw: np.ndarray, dtype: np.dtype, *, has_missing: bool) -> Block:
    """Convert what was read of some trials to numbers, with zeros where missing.

    Parameters
    ----------
    part : slice
    raw : (n_some_trials, n_neurons, n_times) array of any numbers
    dtype : numpy.dtype
    has_missing : bool
        Whether NaN may occur, and means missing.
    """
    # Also aligned, which what came through a network may not be: sums then have other last digits.
    values = np.require(raw, dtype, ["C", "A"])
    with np.errstate(over="ignore", invalid="ignore"):
        # A sum that isn't NaN proves that no value is, without a temporary.
        if not has_missing or not np.isnan(values.sum()):
            return Block(part, values)
    observed = ~np.isnan(values)
    return Block(part, np.where(observed, values, 0), observed)


class Job(Protocol):
    """The work of one pass: what to compute of each block, and how to join the results.

    A job is made of small NumPy arrays only, so that it can be sent to where the data is.
    """

    @property
    def joins(self) -> Sequence[Join]:
        """How each of the results is joined over blocks."""

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Compute the results of one block."""


def join(joins: Sequence[Join], results: Iterable[tuple[Any, ...]]) -> tuple[np.ndarray, ...]:
    """Join the results of all blocks, in their order.

    Sums are added in pairs, pairs of pairs and so on, as a cluster does: rounding errors grow with
    the logarithm of the number of blocks, and don't depend on who computes them.

    Parameters
    ----------
    joins : sequence of Join
    results : tuples of arrays
        One a block.

    Returns
    -------
    tuple of NumPy arrays
    """
    return tuple(as_numpy(each) for each in join_there(joins, results))


def join_there(joins: Sequence[Join], results: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Join the results of all blocks where they are.

    Bringing those of each block to memory would wait for the block.

    Parameters
    ----------
    joins, results : as for `join`

    Returns
    -------
    tuple of arrays
        Of the library of the results.
    """
    joining = Joining(joins)
    for each in results:
        joining.add(each)
    return joining.result()


class Joining:
    """Results of blocks, joined as they come: few of them are held at a time.

    The order of additions is that of pairs, pairs of pairs and so on, whenever they come.

    Parameters
    ----------
    joins : sequence of Join
    """

    def __init__(self, joins: Sequence[Join]) -> None:
        self.joins = joins
        # For each result, sums of 1, 2, 4, ... blocks, the largest first.
        self._held: list[list[tuple[int, Any]]] = [[] for _ in joins]

    def add(self, results: tuple[Any, ...]) -> None:
        """Add the results of the next block.

        Parameters
        ----------
        results : tuple of arrays
        """
        for how, held, part in zip(self.joins, self._held, results, strict=True):
            held.append((1, part))
            while how != "rows" and len(held) > 1 and held[-2][0] == held[-1][0]:
                (n, left), (_, right) = held[-2:]
                held[-2:] = [(2 * n, _combined(how, left, right, own=n > 1))]

    def result(self) -> tuple[Any, ...]:
        """Return what all blocks give together."""
        return tuple(
            _joined(how, [part for _, part in held])
            for how, held in zip(self.joins, self._held, strict=True)
        )


def _joined(how: Join, parts: list[Any]) -> Any:
    """Join what is left in the end: the smallest sums first."""
    if how == "rows":
        return parts[0] if len(parts) == 1 else _namespace(*parts).concat(parts, axis=0)
    found = parts[-1]
    for part in parts[-2::-1]:
        found = _combined(how, part, found)
    return found


def _combined(how: Join, left: Any, right: Any, *, own: bool = False) -> Any:
    """Combine two results; one of several blocks is nobody else's, and is overwritten."""
    if own and how == "sum" and isinstance(left, np.ndarray) and left.ndim:
        return np.add(left, right, out=left)
    xp = _namespace(left, right)
    return getattr(xp, {"sum": "add", "least": "minimum", "most": "maximum"}[how])(left, right)


def _namespace(*parts: Any) -> Any:
    in_memory = all(isinstance(part, (np.ndarray, np.generic)) for part in parts)
    return np if in_memory else namespace(*parts)
