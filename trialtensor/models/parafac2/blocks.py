"""Trials in blocks, for a model whose patterns differ between blocks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.missing import as_array
from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models.layout import are_arrays, is_dict, names_of
from trialtensor.models.observed import Observed, check_scale, no_values, without_empty
from trialtensor.models.parafac2.block_labels import as_labels, labels_of_trials

# By what differs from block to block: how (trial, neuron, time) becomes (trial, row, shared).
_ORDER = {"neuron": (0, 1, 2), "time": (0, 2, 1)}


@dataclass(frozen=True, eq=False)
class BlockedTrials:
    """Trials sorted by block.

    Attributes
    ----------
    labels : (n_blocks,) array
        In the order in which they first appear.
    values : list of (n_trials_of_the_block, n_rows, n_shared) arrays
        Rows are what differs between blocks; zeros where missing.
    observed : list of bool arrays or None
    trials : list of int arrays
        Which of the trials, as given, those of each block are.
    n_trials : int
    ragged : bool
        True if each block came as a separate array with its own rows.
    coords : dict
        Coordinate name -> (axis, values); none for ragged data.
    same_rows : bool
        True if rows are the same in all blocks, as far as their number and labels tell.
    """

    labels: np.ndarray
    values: list[np.ndarray]
    observed: list[np.ndarray | None]
    trials: list[np.ndarray]
    n_trials: int
    ragged: bool
    coords: dict[str, tuple[str, np.ndarray]]
    same_rows: bool = True

    def without_values(self) -> BlockedTrials:
        """Return the same blocks with zeros that take no memory in place of their values."""
        return replace(self, values=[no_values(each) for each in self.values])

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self.values[0].dtype

    @property
    def block_of_trial(self) -> np.ndarray:
        """Block of each trial, in the order given."""
        return scatter_rows(
            [np.full((len(t), 1), b) for b, t in enumerate(self.trials)], self.trials, self.n_trials
        )[:, 0].astype(int)


def split_blocks(X: Any, mask: Any, blocks: Any, varying: str) -> BlockedTrials:
    """Check trials and sort them into blocks.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray, or a sequence or dict of arrays
        A sequence has an array for each block; one with two axes is a single trial. The keys of
        a dict are the labels of its blocks.
    mask : bool arrays in the form of ``X``, optional
    blocks : one label a trial, the name of a trial coordinate, or None
        None: every trial is a block.
    varying : {"neuron", "time"}

    Raises
    ------
    ValueError
        Naming the argument, what it got and what it needs.
    """
    if is_dict(X):
        labels = as_labels(list(names_of(X)), len(X))
        return _ragged(list(X.values()), _masks_by_key(mask, X), blocks, varying, labels)
    if is_ragged(X):
        return _ragged(list(X), mask, blocks, varying, np.arange(len(X)))
    checked = check_trial_tensor(X, mask=mask)
    n_trials = len(checked.values)
    of_trial = labels_of_trials(blocks, checked, n_trials)
    labels, first, which = np.unique(of_trial, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    trials = [np.flatnonzero(which == b) for b in order]
    edges = np.cumsum([0, *map(len, trials)])
    in_order = np.concatenate(trials)
    values, observed, coords = checked.values, checked.observed, checked.coords
    del checked  # Its values are let go as soon as they have been sorted.
    if observed is not None:
        observed = _sorted_trials(observed, in_order, varying)
    values = _sorted_trials(values, in_order, varying)
    places = list(itertools.pairwise(edges))
    return BlockedTrials(
        labels[order],
        [values[i:j] for i, j in places],
        [None if observed is None else observed[i:j] for i, j in places],
        trials,
        n_trials,
        False,
        coords,
    )


def _sorted_trials(X: np.ndarray, order: np.ndarray, varying: str) -> np.ndarray:
    """Return (trial, row, shared) with trials in this order; ``X`` itself where it is that."""
    whole = X.transpose(_ORDER[varying])
    if np.array_equal(order, np.arange(len(X))):
        return np.ascontiguousarray(whole)
    found = np.empty(whole.shape, whole.dtype)
    for k, trial in enumerate(order):
        found[k] = whole[trial]
    return found


@dataclass(frozen=True, eq=False)
class KeptBlocks:
    """Blocks without their empty entries.

    Attributes
    ----------
    parts : list of Observed
        (trial, row, shared) arrays, one for each block with any data.
    trials : list of int arrays
        Which of the trials, as given, those of each block are.
    which : (n_kept_blocks,) int array
        Indices of the blocks.
    shared : (n_shared,) bool array
        Entries of the shared axis with data.
    """

    parts: list[Observed]
    trials: list[np.ndarray]
    which: np.ndarray
    shared: np.ndarray

    @property
    def values(self) -> list[np.ndarray]:
        """Values of each block."""
        return [part.values for part in self.parts]

    @property
    def masks(self) -> list[np.ndarray | None]:
        """Masks of observed entries, for each block."""
        return [part.mask for part in self.parts]

    @property
    def rows(self) -> list[np.ndarray]:
        """Rows kept in each block."""
        return [np.flatnonzero(part.kept[1]) for part in self.parts]

    @property
    def size(self) -> int:
        """Number of entries."""
        return sum(part.values.size for part in self.parts)

    @property
    def norm2(self) -> float:
        """Sum of squares of all blocks."""
        return sum(part.norm2 for part in self.parts)

    @property
    def edges(self) -> np.ndarray:
        """Start and end of each block when the trials of all blocks are stacked."""
        return np.cumsum([0, *(len(trials) for trials in self.trials)])

    def subset(self, which: Sequence[int]) -> KeptBlocks:
        """Keep some of the blocks."""
        return KeptBlocks(
            [self.parts[i] for i in which],
            [self.trials[i] for i in which],
            self.which[list(which)],
            self.shared,
        )


def without_empty_blocks(data: BlockedTrials, shared: np.ndarray | None = None) -> KeptBlocks:
    """Drop trials and rows without data from each block, and blocks without any data.

    Parameters
    ----------
    data : BlockedTrials
    shared : (n_shared,) bool array, optional
        Entries of the shared axis to keep; by default those with data.
    """
    if shared is None:
        shared = np.any(
            [
                np.ones(values.shape[2], bool) if mask is None else mask.any(axis=(0, 1))
                for values, mask in zip(data.values, data.observed, strict=True)
            ],
            axis=0,
        )
    parts, trials, which = [], [], []
    for b, (values, mask) in enumerate(zip(data.values, data.observed, strict=True)):
        part = _with_data(values, mask, shared)
        if part is not None:
            parts.append(part)
            trials.append(data.trials[b][part.kept[0]])
            which.append(b)
    return KeptBlocks(parts, trials, np.array(which, int), shared)


def _with_data(values: np.ndarray, mask: np.ndarray | None, shared: np.ndarray) -> Observed | None:
    """Return a block without its empty trials and rows; None if nothing remains."""
    everything = [np.ones(n, bool) for n in values.shape[:2]]
    part = without_empty(values, mask, (*everything, shared))
    if part.mask is None:
        return part
    if not part.mask.any():
        return None
    part = part.without(0, np.asarray(part.mask.any(axis=(1, 2))))
    rows = np.ones(0, bool) if part.mask is None else np.asarray(part.mask.any(axis=(0, 2)))
    part = part.without(1, rows)
    complete = part.mask is not None and part.mask.all()
    return Observed(part.values, None, part.kept) if complete else part


def check_size(data: BlockedTrials, kept: KeptBlocks, n_components: int, varying: str) -> None:
    """Refuse data without signal, and blocks whose patterns can't be told apart.

    Raises
    ------
    ValueError
        Naming the block and how many rows it needs.
    """
    for b, values in zip(kept.which, kept.values, strict=True):
        if values.shape[1] < n_components:
            raise ValueError(
                f"X: block {data.labels[b]!s} has {values.shape[1]} {varying}s with data, but "
                f"{n_components} components need at least {n_components} in every block; use "
                "fewer components or larger blocks"
            )
    other = AXES[3 - AXES.index(varying)]
    n_shared = int(kept.shared.sum())
    n_trials = sum(map(len, kept.trials))
    if n_components > n_shared * n_trials:
        raise ValueError(
            f"n_components: got {n_components}, but data of {n_trials} trials x {n_shared} "
            f"{other}s has at most {n_shared * n_trials} components"
        )
    extremes = np.array([[values.min(), values.max()] for values in kept.values])
    check_scale(extremes, kept.norm2, kept.size)


def scatter_rows(
    parts: Sequence[np.ndarray], where: Sequence[np.ndarray], n_rows: int
) -> np.ndarray:
    """Put the rows of parts in their places, with NaN elsewhere."""
    whole = np.full((n_rows, parts[0].shape[1]), np.nan, np.result_type(*parts, np.float32))
    for part, rows in zip(parts, where, strict=True):
        whole[rows] = part
    return whole


def is_ragged(X: Any) -> bool:
    """Whether it is a list of blocks, not one tensor that is written as nested lists."""
    return are_arrays(X) or (isinstance(X, (list, tuple)) and not len(X))


def _ragged(
    X: list[Any], mask: Any, blocks: Any, varying: str, labels: np.ndarray
) -> BlockedTrials:
    if not X:
        raise ValueError("X: expected at least one block, got an empty sequence")
    if blocks is not None:
        raise ValueError(
            "blocks: expected None, because each array of X is a block; give X as a dict to name "
            f"them, got {type(blocks).__name__}"
        )
    if mask is None:
        mask = [None] * len(X)
    if len(mask) != len(X):
        raise ValueError(f"mask: expected one for each of the {len(X)} blocks, got {len(mask)}")
    checked = [_check_block(x, m, i) for i, (x, m) in enumerate(zip(X, mask, strict=True))]
    axes = _ORDER[varying]
    lengths = {each.values.shape[axes[2]] for each in checked}
    if len(lengths) > 1:
        shared = AXES[axes[2]]
        raise ValueError(
            f"X: blocks must have the same {shared}s, because only {varying}s may differ; got "
            f"{sorted(lengths)} {shared}s"
        )
    dtype = np.result_type(*(each.values.dtype for each in checked))
    edges = np.cumsum([0, *(len(each.values) for each in checked)])
    return BlockedTrials(
        labels,
        [np.ascontiguousarray(each.values.transpose(axes), dtype) for each in checked],
        [
            None if each.observed is None else np.ascontiguousarray(each.observed.transpose(axes))
            for each in checked
        ],
        [np.arange(i, j) for i, j in itertools.pairwise(edges)],
        int(edges[-1]),
        True,
        {},
        _have_same_rows(checked, varying),
    )


def _have_same_rows(blocks: Sequence[CheckedTensor], varying: str) -> bool:
    axis = _ORDER[varying][1]
    if len({each.values.shape[axis] for each in blocks}) > 1:
        return False
    names = [
        {name: values for name, (where, values) in each.coords.items() if where == varying}
        for each in blocks
    ]
    return all(
        np.array_equal(values, names[0].get(name, values))
        for each in names[1:]
        for name, values in each.items()
    )


def _check_block(block: Any, mask: Any, i: int) -> CheckedTensor:
    if np.ndim(block) == 2:
        block = block[None] if hasattr(block, "shape") else as_array(block)[None]
        mask = None if mask is None else as_array(mask)[None]
    return check_trial_tensor(block, mask=mask, name=f"X[{i}]")


def _masks_by_key(mask: Any, X: Mapping[Any, Any]) -> list[Any] | None:
    if mask is None:
        return None
    if not isinstance(mask, Mapping) or set(mask) != set(X):
        raise ValueError(f"mask: expected a dict with the keys of X, {list(X)}")
    return [mask[key] for key in X]
