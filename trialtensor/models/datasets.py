"""Several recordings that share an axis: regions, sessions or animals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.validation import check_trial_tensor
from trialtensor.models import inputs

ORDER = {"trial": (0, 1, 2), "time": (2, 1, 0)}


@dataclass(frozen=True, eq=False)
class Datasets:
    """Checked tensors, the shared axis first.

    Attributes
    ----------
    names : list of str
    values : list of (n_shared, n_neurons, n_own) arrays
        Zeros where missing.
    observed : list of bool arrays or None
    neurons : list of int arrays, or None
        Where the neurons of each were in one tensor, if they came in one.
    coords : dict
        Coordinate name -> (axis, values), of one tensor only.
    """

    names: list[str]
    values: list[np.ndarray]
    observed: list[np.ndarray | None]
    neurons: list[np.ndarray] | None
    coords: dict[str, tuple[str, np.ndarray]]


def split_datasets(
    X: Any, mask: Any, groups: Any, shared: str, known: list[str] | None = None
) -> Datasets:
    """Check what was given and take it apart.

    Parameters
    ----------
    X : dict or list of (n_trials, n_neurons, n_times) arrays, or one array
    mask : in the form of ``X``, optional
    groups : one label a neuron, the name of a neuron coordinate, or None
        For one array only.
    shared : {"trial", "time"}
    known : list of str, optional
        Names that the fit has seen; others are refused.

    Raises
    ------
    ValueError
        Naming the argument, what it got and what it needs.
    """
    if isinstance(X, Mapping) or (
        isinstance(X, (list, tuple)) and any(hasattr(each, "shape") for each in X)
    ):
        return _separate(X, mask, groups, shared, known)
    checked = check_trial_tensor(X, mask=mask)
    labels = _labels(groups, checked.coords, checked.values.shape[1])
    names = list(dict.fromkeys(labels.tolist()))
    neurons = [np.flatnonzero(labels == name) for name in names]
    axes = ORDER[shared]
    return Datasets(
        names,
        [np.ascontiguousarray(checked.values[:, own].transpose(axes)) for own in neurons],
        [
            None
            if checked.observed is None
            else np.ascontiguousarray(checked.observed[:, own].transpose(axes))
            for own in neurons
        ],
        neurons,
        checked.coords,
    )


def _separate(X: Any, mask: Any, groups: Any, shared: str, known: list[str] | None) -> Datasets:
    if groups is not None:
        raise ValueError("groups: expected None, because X already is one array a dataset")
    names = [str(name) for name in (X if isinstance(X, Mapping) else range(len(X)))]
    arrays = list(X.values()) if isinstance(X, Mapping) else list(X)
    if isinstance(mask, Mapping):
        mask = [mask.get(name) for name in X]
    masks = [None] * len(arrays) if mask is None else list(mask)
    if not arrays or len(masks) != len(arrays):
        raise ValueError(f"mask: expected one for each of {len(arrays)} datasets, at least one")
    unknown = [name for name in names if known is not None and name not in known]
    if unknown:
        raise ValueError(f"X: the fit has seen no dataset {unknown[0]!r}; it knows {known}")
    checked = [
        check_trial_tensor(x, mask=m, name=f"X[{name!r}]")
        for x, m, name in zip(arrays, masks, names, strict=True)
    ]
    axes = ORDER[shared]
    lengths = [each.values.shape[axes[0]] for each in checked]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"X: datasets share {shared}s, so each needs as many; got {lengths}. Fill trials that "
            "one of them lacks with NaN"
        )
    dtype = np.result_type(*(each.values.dtype for each in checked))
    return Datasets(
        names,
        [np.ascontiguousarray(each.values.transpose(axes), dtype) for each in checked],
        [
            None if each.observed is None else np.ascontiguousarray(each.observed.transpose(axes))
            for each in checked
        ],
        None,
        {},
    )


def _labels(groups: Any, coords: dict[str, tuple[str, np.ndarray]], n: int) -> np.ndarray:
    if groups is None:
        return np.full(n, "all")
    if isinstance(groups, str):
        axis, values = coords.get(groups, (None, None))
        if axis != "neuron":
            known = [name for name, (where, _) in coords.items() if where == "neuron"]
            raise ValueError(f"groups: X has no neuron coordinate {groups!r}; it has {known}")
        groups = values
    labels = np.asarray([str(label) for label in groups])
    if labels.shape != (n,):
        raise ValueError(f"groups: expected one label for each of {n} neurons, got {len(labels)}")
    return labels


@dataclass(frozen=True, eq=False)
class KeptDatasets:
    """Datasets without what has no data in them.

    Attributes
    ----------
    values, observed : lists
    neurons, own : lists of bool arrays
        Which neurons, and which entries of the axis that is not shared, have data.
    shared : (n_shared,) bool array
        Which entries of the shared axis have data in any of them.
    """

    values: list[np.ndarray]
    observed: list[np.ndarray | None]
    neurons: list[np.ndarray]
    own: list[np.ndarray]
    shared: np.ndarray


def without_empty(
    data: Datasets, known: list[tuple[np.ndarray, np.ndarray]] | None = None
) -> KeptDatasets:
    """Drop neurons and entries of the other axis without data, and shared ones without any.

    ``known`` says which neurons and other entries to keep instead of those with data.
    """
    parts = [
        np.ones(v.shape[0], bool) if o is None else o.any(axis=(1, 2))
        for v, o in zip(data.values, data.observed, strict=True)
    ]
    shared = np.any(parts, axis=0)
    kept = KeptDatasets([], [], [], [], shared)
    for i, (values, observed) in enumerate(zip(data.values, data.observed, strict=True)):
        if known is not None:
            neurons, own = known[i]
        elif observed is None:
            neurons, own = np.ones(values.shape[1], bool), np.ones(values.shape[2], bool)
        else:
            neurons = np.asarray(observed.any(axis=(0, 2)))
            own = np.asarray(observed.any(axis=(0, 1)))
        index = np.ix_(shared, neurons, own)
        seen = None if observed is None else observed[index]
        kept.values.append(np.ascontiguousarray(values[index]))
        kept.observed.append(None if seen is None or seen.all() else seen)
        kept.neurons.append(neurons)
        kept.own.append(own)
    return kept


def check_datasets(data: Datasets, kept: KeptDatasets, ranks: list[int], shared: str) -> None:
    """Refuse datasets without signal, and more components than they can have.

    Raises
    ------
    ValueError
        Naming the dataset.
    """
    own_axis = "time" if shared == "trial" else "trial"
    for name, values, rank in zip(data.names, kept.values, ranks, strict=True):
        if values.size == 0:
            raise ValueError(f"X: dataset {name!r} has no data")
        try:
            inputs.check_scale(values, float(np.vdot(values, values)))
        except ValueError as error:
            raise ValueError(f"X: dataset {name!r}: {str(error).removeprefix('X: ')}") from error
        n, n_neurons, n_own = values.shape
        largest = min(n * n_neurons, n * n_own, n_neurons * n_own)
        if rank > largest:
            raise ValueError(
                f"n_components: dataset {name!r} of {n} {shared}s x {n_neurons} neurons x {n_own} "
                f"{own_axis}s has at most {largest} components, got {rank}"
            )
