"""Trials in blocks: what is given to a model whose patterns differ from block to block."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.validation import CheckedTensor, check_trial_tensor
from trialtensor.models import inputs
from trialtensor.solvers.problems import sum_of_squares

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
        Whether each block came as an array of its own, with rows of its own.
    coords : dict
        Coordinate name -> (axis, values); none for ragged data.
    """

    labels: np.ndarray
    values: list[np.ndarray]
    observed: list[np.ndarray | None]
    trials: list[np.ndarray]
    n_trials: int
    ragged: bool
    coords: dict[str, tuple[str, np.ndarray]]

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self.values[0].dtype

    @property
    def block_of_trial(self) -> np.ndarray:
        """Which block each trial, as given, belongs to."""
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
    if isinstance(X, Mapping):
        labels = _as_labels(list(X), len(X))
        return _ragged(list(X.values()), _masks_by_key(mask, X), blocks, varying, labels)
    if isinstance(X, (list, tuple)) and not _is_regular(X):
        return _ragged(list(X), mask, blocks, varying, np.arange(len(X)))
    checked = check_trial_tensor(X, mask=mask)
    n_trials = len(checked.values)
    of_trial = _labels_of_trials(blocks, checked, n_trials)
    labels, first, which = np.unique(of_trial, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    trials = [np.flatnonzero(which == b) for b in order]
    axes = _ORDER[varying]
    values = checked.values.transpose(axes)
    observed = None if checked.observed is None else checked.observed.transpose(axes)
    return BlockedTrials(
        labels[order],
        [np.ascontiguousarray(values[t]) for t in trials],
        [None if observed is None else np.ascontiguousarray(observed[t]) for t in trials],
        trials,
        n_trials,
        False,
        checked.coords,
    )


@dataclass(frozen=True, eq=False)
class KeptBlocks:
    """Blocks without what has no data in them.

    Attributes
    ----------
    values, observed, trials : lists, one item a block with any data
    rows : list of int arrays
        Which rows of the block are kept.
    which : (n_kept_blocks,) int array
        Which blocks these are.
    shared : (n_shared,) bool array
        Which entries of the shared axis have data.
    """

    values: list[np.ndarray]
    observed: list[np.ndarray | None]
    trials: list[np.ndarray]
    rows: list[np.ndarray]
    which: np.ndarray
    shared: np.ndarray


def without_empty(data: BlockedTrials, shared: np.ndarray | None = None) -> KeptBlocks:
    """Drop trials and rows without data from each block, and blocks that have none.

    Parameters
    ----------
    data : BlockedTrials
    shared : (n_shared,) bool array, optional
        Which entries of the shared axis to keep; by default those with data.
    """
    if shared is None:
        parts = [
            np.ones(v.shape[2], bool) if o is None else o.any(axis=(0, 1))
            for v, o in zip(data.values, data.observed, strict=True)
        ]
        shared = np.any(parts, axis=0)
    kept = KeptBlocks([], [], [], [], np.array([], int), shared)
    which = []
    for b, (values, observed, trials) in enumerate(
        zip(data.values, data.observed, data.trials, strict=True)
    ):
        values, observed = _select(values, observed, 2, shared)
        rows = np.arange(values.shape[1])
        if observed is not None:
            with_data = observed.any(axis=(1, 2))
            if not with_data.any():
                continue
            rows = np.flatnonzero(observed.any(axis=(0, 2)))
            values, observed = _select(values, observed, 0, with_data)
            values, observed = _select(values, observed, 1, observed.any(axis=(0, 2)))
            trials = trials[with_data]
            if observed.all():
                observed = None
        which.append(b)
        kept.values.append(values)
        kept.observed.append(observed)
        kept.trials.append(trials)
        kept.rows.append(rows)
    return KeptBlocks(
        kept.values, kept.observed, kept.trials, kept.rows, np.array(which, int), shared
    )


def check_size(data: BlockedTrials, kept: KeptBlocks, n_components: int, varying: str) -> None:
    """Refuse blocks whose patterns can't be told apart, and data without any signal.

    Raises
    ------
    ValueError
        Naming the block and how many rows it needs.
    """
    for b, rows in zip(kept.which, kept.rows, strict=True):
        if len(rows) < n_components:
            raise ValueError(
                f"X: block {data.labels[b]!s} has {len(rows)} {varying}s with data, but "
                f"{n_components} components need at least {n_components} in every block; use "
                "fewer components or larger blocks"
            )
    other = inputs.AXES[3 - inputs.AXES.index(varying)]
    n_shared = int(kept.shared.sum())
    n_trials = sum(map(len, kept.trials))
    if n_components > n_shared * n_trials:
        raise ValueError(
            f"n_components: got {n_components}, but data of {n_trials} trials x {n_shared} "
            f"{other}s has at most {n_shared * n_trials} components"
        )
    flat = np.concatenate([values.ravel() for values in kept.values])
    inputs.check_scale(flat, sum_of_squares(flat[None, None]))


def scatter_rows(
    parts: Sequence[np.ndarray], where: Sequence[np.ndarray], n_rows: int
) -> np.ndarray:
    """Rows of parts put where they belong; NaN elsewhere."""
    whole = np.full((n_rows, parts[0].shape[1]), np.nan, np.result_type(*parts, np.float32))
    for part, rows in zip(parts, where, strict=True):
        whole[rows] = part
    return whole


def _is_regular(X: Sequence[Any]) -> bool:
    """Whether a list is one tensor written as nested lists, not a list of blocks."""
    return len(X) > 0 and not any(hasattr(block, "shape") for block in X)


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
        shared = inputs.AXES[axes[2]]
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
    )


def _check_block(block: Any, mask: Any, i: int) -> CheckedTensor:
    if np.ndim(block) == 2:
        block = block[None] if hasattr(block, "shape") else np.asarray(block)[None]
        mask = None if mask is None else np.asarray(mask)[None]
    return check_trial_tensor(block, mask=mask, name=f"X[{i}]")


def _masks_by_key(mask: Any, X: Mapping[Any, Any]) -> list[Any] | None:
    if mask is None:
        return None
    if not isinstance(mask, Mapping) or set(mask) != set(X):
        raise ValueError(f"mask: expected a dict with the keys of X, {list(X)}")
    return [mask[key] for key in X]


def _labels_of_trials(blocks: Any, checked: CheckedTensor, n_trials: int) -> np.ndarray:
    if blocks is None:
        return np.arange(n_trials)
    if isinstance(blocks, str):
        axis, values = checked.coords.get(blocks, (None, None))
        if axis != "trial":
            known = [name for name, (where, _) in checked.coords.items() if where == "trial"]
            raise ValueError(
                f"blocks: X has no trial coordinate {blocks!r}; it has {known}. Give one label a "
                "trial, or the name of such a coordinate"
            )
        blocks = values
    return _as_labels(blocks, n_trials)


def _as_labels(labels: Any, n: int) -> np.ndarray:
    array = np.asarray(labels)
    if array.dtype.kind in "OS":
        array = np.asarray([str(label) for label in labels])
    if array.shape != (n,):
        raise ValueError(f"blocks: expected one label for each of {n} trials, got {array.shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("blocks: some labels are NaN or infinite; every trial needs a block")
    return array


def _select(
    values: np.ndarray, observed: np.ndarray | None, axis: int, keep: np.ndarray
) -> tuple[np.ndarray, Any]:
    if keep.all():
        return values, observed
    values = values.compress(keep, axis)
    return values, None if observed is None else observed.compress(keep, axis)
