"""Splits of data in any form for a search."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.more_axes import assumed_axes
from trialtensor.models.base import TrialEstimator
from trialtensor.models.layout import Layout
from trialtensor.selection.components import rows_of
from trialtensor.selection.masks import TimeBlocks, WholeTrials

Masks = list[np.ndarray]


@dataclass(frozen=True, eq=False)
class Split:
    """Entries to fit to and to predict, one bool array for each array of the data."""

    train: Masks
    test: Masks


def default_splits(estimator: TrialEstimator) -> Any:
    """Return the default splitter of a kind of model: blocks of bins where it can use them."""
    return TimeBlocks() if type(estimator).describes_entries else WholeTrials()


def draw_splits(
    splitter: Any, estimator: TrialEstimator, layout: Layout, options: Mapping[str, Any]
) -> list[Split]:
    """Draw and check all splits.

    Parameters
    ----------
    splitter : object with a method ``split``
    estimator : estimator
        With the smallest candidate, in case that blocks have to be found.
    layout : Layout
    options : dict
        Further arguments of ``fit``.

    Returns
    -------
    list of Split

    Raises
    ------
    ValueError
        For a splitter that doesn't suit the kind of model or the data, and for masks that can't be
        fitted to or predicted.
    """
    kind, whole = type(estimator).__name__, bool(getattr(splitter, "whole_trials", False))
    refuse_splitter(splitter, type(estimator))
    strata, blocks = _structure(estimator, layout, options)
    if not whole or (len(strata) == 1 and layout.single):
        splits = _by_array(splitter, layout)
    else:
        splits = _by_stratum(splitter, layout, strata, kind)
    for number, split in enumerate(splits):
        for train, test, values in zip(split.train, split.test, layout.values, strict=True):
            check_split(number, train, test, values.shape, whole)
        if not any(test.any() for test in split.test):
            raise ValueError(f"splits: split {number} has no entries to predict; expected some")
        if not whole:
            _check_blocks(number, split, layout, blocks, kind)
    return splits


def refuse_splitter(splitter: Any, kind: type[TrialEstimator]) -> None:
    """Refuse a splitter that doesn't suit a kind of model.

    Parameters
    ----------
    splitter : object with a method ``split``
    kind : type

    Raises
    ------
    ValueError
        If so.
    """
    if not getattr(splitter, "whole_trials", False) and not kind.describes_entries:
        raise ValueError(
            f"splits: {kind.__name__} predicts a bin from the one before it, so that entries "
            f"hidden by {type(splitter).__name__} take away what others are predicted from; use "
            "WholeTrials()"
        )


def check_split(
    number: int, train: np.ndarray, test: np.ndarray, shape: tuple[int, ...], whole_trials: bool
) -> None:
    """Refuse masks of a custom splitter that can't be fitted to or predicted.

    Parameters
    ----------
    number : int
        Number of the split.
    train, test : arrays
    shape : tuple of int
        Of the data.
    whole_trials : bool
        True if whole trials are held out, with nothing left to fit to.

    Raises
    ------
    ValueError
        Naming the split.
    """
    for name, mask in (("train", train), ("test", test)):
        if np.shape(mask) != shape or np.asarray(mask).dtype != bool:
            raise ValueError(
                f"splits: expected bool masks of shape {shape}, got a {name} mask of shape "
                f"{np.shape(mask)} and type {np.asarray(mask).dtype} in split {number}"
            )
    if (train & test).any() or not test.any():
        raise ValueError(
            f"splits: split {number} has {(train & test).sum()} entries that are both fitted to "
            f"and predicted, and {test.sum()} to predict; expected none of the first, some of the "
            "second"
        )
    if whole_trials:
        return
    for axis, name in enumerate(assumed_axes(len(shape))):
        others = tuple(i for i in range(len(shape)) if i != axis)
        lost = np.flatnonzero(test.any(axis=others) & ~train.any(axis=others))
        if len(lost):
            raise ValueError(
                f"splits: split {number} leaves nothing of {name} {lost[0]} to fit to, so that "
                "what it holds out there can't be predicted; leave an entry or more"
            )


def _structure(
    estimator: TrialEstimator, layout: Layout, options: Mapping[str, Any]
) -> tuple[list[np.ndarray], dict[str, list[np.ndarray]]]:
    """Return sets of interchangeable trials, and trials of each block by the axis that varies.

    Only a fit knows them, so a kind that has any gets the shortest of fits.
    """
    if layout.single and not type(estimator).fit_options:
        return [np.arange(layout.n_trials)], {}
    brief = {"n_init": 1, "max_iter": 1, "verbose": 0}
    known = estimator.get_params(deep=False)
    estimator.set_params(**{name: value for name, value in brief.items() if name in known})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(layout.form(layout.values), mask=layout.masks(), **options)
    fitted = estimator.fitted_
    varying = {part.dims[0] for part in fitted.components[0].parts if part.block is not None}
    trials = [np.asarray(each) for each in fitted.blocks.values()]
    return estimator.strata(), {axis: trials for axis in varying}


def _by_array(splitter: Any, layout: Layout) -> list[Split]:
    """Split every array independently."""
    drawn = [
        list(splitter.split(values, mask=seen))
        for values, seen in zip(layout.values, layout.observed, strict=True)
    ]
    return [
        Split([train for train, _ in pairs], [test for _, test in pairs])
        for pairs in zip(*drawn, strict=True)
    ]


def _by_stratum(
    splitter: Any, layout: Layout, strata: Sequence[np.ndarray], kind: str
) -> list[Split]:
    """Hold out trials of every block or dataset, in all arrays that have them."""
    if min(map(len, strata)) < 2:
        raise ValueError(
            f"splits: this {kind} has blocks of a single trial, and a trial that is held out with "
            "its block gets neuron or time factors of its own; use TimeBlocks(), or blocks of "
            "several trials"
        )
    drawn = [_of_stratum(splitter, layout, trials) for trials in strata]
    splits = []
    for number in range(min(map(len, drawn))):
        split = Split(*([np.zeros(v.shape, bool) for v in layout.values] for _ in range(2)))
        for part in drawn:
            for i, rows, train, test in part[number]:
                split.train[i][rows], split.test[i][rows] = train, test
        splits.append(split)
    return splits


def _of_stratum(
    splitter: Any, layout: Layout, trials: np.ndarray
) -> list[list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]]:
    """Return, for each split, the arrays, their rows, and their masks.

    Arrays that share trials are concatenated into one, padded to the same number of bins.
    """
    rows = rows_of(layout, trials)
    which = [i for i, own in enumerate(rows) if len(own)]
    n_times = max(layout.values[i].shape[2] for i in which)
    edges = np.cumsum([0, *(layout.values[i].shape[1] for i in which)])
    joint = np.zeros((len(trials), edges[-1], n_times), bool)
    seen = layout.seen()
    places = [(i, slice(a, b)) for i, a, b in zip(which, edges[:-1], edges[1:], strict=True)]
    for i, neurons in places:
        joint[:, neurons, : layout.values[i].shape[2]] = seen[i][rows[i]]
    found = []
    for train, test in splitter.split(np.zeros(joint.shape), mask=joint):
        cut = [(i, neurons, layout.values[i].shape[2]) for i, neurons in places]
        found.append([(i, rows[i], train[:, n, :t], test[:, n, :t]) for i, n, t in cut])
    return found


def _check_blocks(
    number: int, split: Split, layout: Layout, blocks: Mapping[str, Sequence[np.ndarray]], kind: str
) -> None:
    """Refuse to hold out all of a neuron, or bin, that has its own factor in a block."""
    for axis, of_blocks in blocks.items():
        others = (0, 2) if axis == "neuron" else (0, 1)
        for trials in of_blocks:
            for i, rows in enumerate(rows_of(layout, trials)):
                test, train = (mask[i][rows].any(axis=others) for mask in (split.test, split.train))
                lost = np.flatnonzero(test & ~train)
                if len(lost):
                    raise ValueError(
                        f"splits: split {number} leaves nothing of {axis} {lost[0]} in a block, "
                        f"where {kind} has a factor of its own for it; hold out less, or use "
                        f"{'TimeBlocks' if axis == 'neuron' else 'TrialsByNeurons'}()"
                    )
