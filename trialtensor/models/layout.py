"""Positions of the given arrays among all trials and neurons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.missing import as_array
from trialtensor.data.validation import as_trial_tensor, check_trial_tensor

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, eq=False)
class Layout:
    """The form in which data was given: one array, or one for each dataset or block.

    Everything that looks at data and model together (residuals, held-out entries, surrogates,
    resampled trials) works on these arrays and gives them back to the model in the same form.

    Attributes
    ----------
    values : tuple of (n_trials, n_neurons, n_times) arrays
        Zero where missing.
    observed : tuple of bool arrays or None
        False where missing; None where nothing is.
    trials, neurons : tuple of int arrays
        Indices of each array's trials and neurons among all.
    names : tuple
        Keys of a dict; None for one array.
    scales : tuple of arrays
        Weight of a squared error, by array: ``(n_neurons, 1)``, or 1.
    as_list : bool
        True if the data came as a list.
    labelled : xarray.DataArray, optional
        The data as given, trials first, if it is one labelled array.
    """

    values: tuple[np.ndarray, ...]
    observed: tuple[np.ndarray | None, ...]
    trials: tuple[np.ndarray, ...]
    neurons: tuple[np.ndarray, ...]
    names: tuple[Any, ...] = (None,)
    scales: tuple[Any, ...] = (1.0,)
    as_list: bool = False
    labelled: xarray.DataArray | None = None

    @property
    def single(self) -> bool:
        """True if the data is one array."""
        return self.names == (None,) and not self.as_list

    @property
    def n_trials(self) -> int:
        """Number of trials in all arrays together."""
        return 1 + max(int(each.max(initial=-1)) for each in self.trials)

    @property
    def n_neurons(self) -> int:
        """Number of neurons in all arrays together."""
        return 1 + max(int(each.max(initial=-1)) for each in self.neurons)

    def form(self, arrays: Sequence[Any]) -> Any:
        """Convert arrays to the form of the data: an array, a list or a dict."""
        if self.labelled is not None:
            return self.labelled.copy(deep=False, data=arrays[0])
        if self.single:
            return arrays[0]
        if self.as_list:
            return list(arrays)
        return dict(zip(self.names, arrays, strict=True))

    def arrays(self, X: Any) -> list[Any]:
        """List the arrays of values that have the form of the data, such as a reconstruction.

        Raises
        ------
        ValueError
            If it has another form, because the data isn't that of the fit.
        """
        if isinstance(X, Mapping):
            given = {str(plain_key(name)): name for name in X}
            places = [given.get(str(name)) for name in self.names]
            if self.single or len(X) != len(places) or any(name not in X for name in places):
                raise ValueError(
                    f"X: expected the data of the fit, a dict or list of {list(X)}, got "
                    f"{'one array' if self.single else list(self.names)}"
                )
            return [X[name] for name in places]
        if self.single:
            return [X]
        return list(X)

    def with_nan(self) -> list[np.ndarray]:
        """List the arrays, with NaN for missing entries."""
        return [
            each if seen is None else np.where(seen, each, np.nan).astype(each.dtype)
            for each, seen in zip(self.values, self.observed, strict=True)
        ]

    def seen(self) -> list[np.ndarray]:
        """List bool arrays, True for observed entries."""
        return [
            np.ones(each.shape, bool) if seen is None else seen
            for each, seen in zip(self.values, self.observed, strict=True)
        ]

    def masks(self) -> Any:
        """Return the observed entries in the form of the data; None if nothing is missing."""
        if all(seen is None for seen in self.observed):
            return None
        return self.seen()[0] if self.single else self.form(self.seen())

    def take(self, rows: Sequence[np.ndarray]) -> Layout:
        """Keep some trials of every array; ``rows`` are indices within each."""
        return replace(
            self,
            values=tuple(each[own] for each, own in zip(self.values, rows, strict=True)),
            observed=tuple(
                None if seen is None else seen[own]
                for seen, own in zip(self.observed, rows, strict=True)
            ),
            trials=tuple(each[own] for each, own in zip(self.trials, rows, strict=True)),
            labelled=None if self.labelled is None else self.labelled.isel(trial=rows[0]),
        )


def of_array(X: Any, mask: Any, *, scales: Any = 1.0, many: bool = False) -> Layout:
    """Check one array and lay it out; with ``many``, it may have more than three axes.

    Raises
    ------
    ValueError
        As :func:`trialtensor.data.validation.check_trial_tensor`.
    """
    checked = check_trial_tensor(X, mask=mask, many=many)
    n_trials, n_neurons = checked.values.shape[:2]
    return Layout(
        (checked.values,),
        (checked.observed,),
        (np.arange(n_trials),),
        (np.arange(n_neurons),),
        scales=(scales,),
        labelled=as_trial_tensor(X, many=many) if hasattr(X, "dims") else None,
    )


def of_several(
    X: Mapping[Any, Any] | Sequence[Any], mask: Any, *, same_trials: bool, same_neurons: bool
) -> Layout:
    """Check several arrays and lay them out.

    Parameters
    ----------
    X : dict or list of (n_trials, n_neurons, n_times) arrays
        An array with two axes is a single trial.
    mask : in the form of ``X``, optional
    same_trials, same_neurons : bool
        True if the arrays share their trials (neurons), False to count them consecutively.

    Raises
    ------
    ValueError
        As :func:`trialtensor.data.validation.check_trial_tensor`.
    """
    names = names_of(X)
    arrays = list(X.values()) if isinstance(X, Mapping) else list(X)
    masks = masks_of(mask, X)
    checked = [
        check_trial_tensor(
            each[None] if np.ndim(each) == 2 else each,
            mask=own if own is None or np.ndim(each) == 3 else as_array(own)[None],
            name=f"X[{name!r}]",
        )
        for each, own, name in zip(arrays, masks, names, strict=True)
    ]
    shapes = [each.values.shape for each in checked]
    return Layout(
        tuple(each.values for each in checked),
        tuple(each.observed for each in checked),
        _places([shape[0] for shape in shapes], same_trials),
        _places([shape[1] for shape in shapes], same_neurons),
        tuple(map(plain_key, names)),
        (1.0,) * len(names),
        not isinstance(X, Mapping),
    )


def balanced(layout: Layout, groups: np.ndarray | None = None) -> Layout:
    """Give every array, or every group of neurons of one array, the same weight.

    Parameters
    ----------
    layout : Layout
    groups : (n_neurons,) labels, optional
        Of the neurons of a single array.
    """
    squares = [
        np.square(each, dtype=np.float64).sum(axis=(0, *range(2, each.ndim)))
        for each in layout.values
    ]
    if groups is None:
        scales = tuple(1 / max(float(each.sum()), 1e-300) for each in squares)
        return replace(layout, scales=scales)
    of_group = np.array([squares[0][groups == group].sum() for group in groups])
    return replace(layout, scales=((1 / np.maximum(of_group, 1e-300))[:, None],))


def names_of(X: Mapping[Any, Any] | Sequence[Any]) -> tuple[Any, ...]:
    """Name several arrays: by the keys of a dict, by the places in a list.

    Raises
    ------
    ValueError
        If two keys read the same, as 1 and "1" do.
    """
    names = tuple(X) if isinstance(X, Mapping) else tuple(range(len(X)))
    texts = [str(plain_key(name)) for name in names]
    twice = sorted({text for text in texts if texts.count(text) > 1})
    if twice:
        raise ValueError(f"X: two keys read {twice[0]!r}; give every array a name of its own")
    return names


def plain_key(key: Any) -> Any:
    """Return the name of an array of several; bytes become text."""
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else key


def masks_of(mask: Any, X: Mapping[Any, Any] | Sequence[Any]) -> list[Any]:
    """List the mask of each of several arrays, None for those without.

    Raises
    ------
    ValueError
        For keys that ``X`` lacks, and another number of masks.
    """
    names = names_of(X)
    if mask is None:
        return [None] * len(names)
    if isinstance(mask, Mapping):
        unknown = [key for key in mask if key not in names]
        if unknown:
            raise ValueError(f"mask: X has no {unknown[0]!r}; its keys are {list(names)}")
        return [mask.get(name) for name in names]
    masks = list(mask)
    if len(masks) != len(names):
        raise ValueError(f"mask: expected one for each of {len(names)} arrays, got {len(masks)}")
    return masks


def are_arrays(X: Any) -> bool:
    """Whether data is a list of arrays, not one array that is written as nested lists."""
    return isinstance(X, (list, tuple)) and any(hasattr(each, "shape") for each in X)


def is_dict(X: Any) -> bool:
    """Return True for a dict of arrays. (scipy's ``dok`` matrices are mappings too, of numbers.)"""
    return isinstance(X, Mapping) and not hasattr(X, "nnz")


def _places(lengths: Sequence[int], same: bool) -> tuple[np.ndarray, ...]:
    first = np.cumsum([0, *lengths])
    return tuple(
        np.arange(n) if same else start + np.arange(n)
        for n, start in zip(lengths, first[:-1], strict=True)
    )
