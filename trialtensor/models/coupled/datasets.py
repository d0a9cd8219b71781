"""Several recordings that share an axis: regions, sessions or animals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trialtensor.data.labels import as_names, complete_labels
from trialtensor.data.per_entry import one_each
from trialtensor.data.validation import check_trial_tensor
from trialtensor.models.layout import are_arrays, is_dict, masks_of, names_of, plain_key
from trialtensor.models.observed import Observed, check_scale, no_values, with_data, without_empty

ORDER = {"trial": (0, 1, 2), "time": (2, 1, 0)}


@dataclass(frozen=True, eq=False)
class Datasets:
    """Checked tensors with the shared axis first.

    Attributes
    ----------
    names : list of str
    values : list of (n_shared, n_neurons, n_own) arrays
        Zeros where missing.
    observed : list of bool arrays or None
    neurons : list of int arrays, or None
        Positions of each dataset's neurons, if they came in one tensor.
    coords : dict
        Coordinate name -> (axis, values), of one tensor only.
    """

    names: list[str]
    values: list[np.ndarray]
    observed: list[np.ndarray | None]
    neurons: list[np.ndarray] | None
    coords: dict[str, tuple[str, np.ndarray]]

    def without_values(self) -> Datasets:
        """Return the same datasets with zeros that take no memory in place of their values."""
        return replace(self, values=[no_values(each) for each in self.values])


def split_datasets(
    X: Any, mask: Any, groups: Any, shared: str, known: list[str] | None = None
) -> Datasets:
    """Check the data and split it into datasets.

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
    if are_separate(X):
        return _separate(X, mask, groups, shared, known)
    checked = check_trial_tensor(X, mask=mask)
    labels = _labels(groups, checked.coords, checked.values.shape[1])
    names = list(dict.fromkeys(labels.tolist()))
    neurons = [np.flatnonzero(labels == name) for name in names]
    values, observed, coords = checked.values, checked.observed, checked.coords
    # Masks first and values last, each let go once it is split: these are the large arrays.
    del checked
    masks = [None if observed is None else _part(observed, own, shared) for own in neurons]
    del observed
    return Datasets(names, [_part(values, own, shared) for own in neurons], masks, neurons, coords)


def _part(X: np.ndarray, neurons: np.ndarray, shared: str) -> np.ndarray:
    """Return some neurons with the shared axis first; ``X`` itself where it is that."""
    part = X if len(neurons) == X.shape[1] else X.take(neurons, axis=1)
    return np.ascontiguousarray(part.transpose(ORDER[shared]))


def are_separate(X: Any) -> bool:
    """Whether there is an array for each dataset, not one array of all neurons."""
    return is_dict(X) or are_arrays(X)


def _separate(X: Any, mask: Any, groups: Any, shared: str, known: list[str] | None) -> Datasets:
    if groups is not None:
        raise ValueError("groups: expected None, because X already is one array a dataset")
    if not len(X):
        raise ValueError("X: expected at least one dataset, got none")
    names = [str(plain_key(name)) for name in names_of(X)]
    arrays = list(X.values()) if isinstance(X, Mapping) else list(X)
    masks = masks_of(mask, X)
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


def neuron_groups(X: Any, groups: Any) -> np.ndarray:
    """Return the dataset of each neuron of one array.

    Raises
    ------
    ValueError
        For labels that aren't those of its neurons.
    """
    checked = check_trial_tensor(X)
    return _labels(groups, checked.coords, checked.values.shape[1])


def _labels(groups: Any, coords: dict[str, tuple[str, np.ndarray]], n: int) -> np.ndarray:
    if groups is None:
        return np.full(n, "all")
    if isinstance(groups, str):
        axis, values = coords.get(groups, (None, None))
        if axis != "neuron":
            known = [name for name, (where, _) in coords.items() if where == "neuron"]
            raise ValueError(f"groups: X has no neuron coordinate {groups!r}; it has {known}")
        groups = values
    axis, along = coords.get("neuron", (None, None))
    given = one_each(
        groups,
        n,
        "groups",
        axis="neuron",
        along=along if axis == "neuron" else None,
        expected=f"one label for each of {n} neurons",
    )
    labels = complete_labels(given, "groups", "neuron needs a dataset")
    return np.asarray([str(label) for label in as_names(labels)])


@dataclass(frozen=True, eq=False)
class KeptDatasets:
    """Datasets without their empty entries.

    Attributes
    ----------
    parts : list of Observed
        (shared, neuron, own) arrays, one for each dataset.
    shared : (n_shared,) bool array
        Entries of the shared axis with data in any dataset.
    """

    parts: list[Observed]
    shared: np.ndarray

    def take(self, i: int) -> np.ndarray:
        """Hand over the values of a dataset, and keep zeros that take no memory in their place."""
        values = self.parts[i].values
        self.parts[i] = replace(self.parts[i], values=no_values(values))
        return values

    @property
    def values(self) -> list[np.ndarray]:
        """Values of each dataset."""
        return [part.values for part in self.parts]

    @property
    def masks(self) -> list[np.ndarray | None]:
        """Masks of observed entries, for each dataset."""
        return [part.mask for part in self.parts]

    @property
    def neurons(self) -> list[np.ndarray]:
        """Bool arrays of the neurons kept in each dataset."""
        return [part.kept[1] for part in self.parts]

    @property
    def own(self) -> list[np.ndarray]:
        """Bool arrays of the entries kept on the axis that isn't shared."""
        return [part.kept[2] for part in self.parts]


def without_empty_datasets(
    data: Datasets,
    known: Sequence[tuple[np.ndarray | None, np.ndarray | None]] | None = None,
    shared: np.ndarray | None = None,
) -> KeptDatasets:
    """Drop empty neurons, shared entries without data, and empty entries of the other axis.

    Parameters
    ----------
    data : Datasets
    known : list of two bool arrays or None, optional
        Neurons and other entries of each dataset to keep, instead of those with data.
    shared : bool array, optional
        Shared entries to keep, instead of those with data in any dataset.
    """
    given = known or [(None, None)] * len(data.values)
    if shared is None:
        seen = [
            with_data(values, mask, 0, (None, *rows))
            for values, mask, rows in zip(data.values, data.observed, given, strict=True)
        ]
        shared = np.any(seen, axis=0)
    parts = []
    for values, mask, rows in zip(data.values, data.observed, given, strict=True):
        part = without_empty(values, mask, (shared, *rows))
        parts.append(Observed(np.ascontiguousarray(part.values), part.mask, part.kept))
    return KeptDatasets(parts, shared)


def check_datasets(data: Datasets, kept: KeptDatasets, ranks: list[int], shared: str) -> None:
    """Refuse datasets without signal, and too many components for the data.

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
            check_scale(values, float(np.vdot(values, values)))
        except ValueError as error:
            raise ValueError(f"X: dataset {name!r}: {str(error).removeprefix('X: ')}") from error
        n, n_neurons, n_own = values.shape
        largest = min(n * n_neurons, n * n_own, n_neurons * n_own)
        if rank > largest:
            raise ValueError(
                f"n_components: dataset {name!r} of {n} {shared}s x {n_neurons} neurons x {n_own} "
                f"{own_axis}s has at most {largest} components, got {rank}"
            )
