"""Leverage: how strongly single trials and neurons determine components."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from trialtensor.models.fitted import Fitted, Part
from trialtensor.models.layout import Layout


def leverage_of(fitted: Fitted, layout: Layout, axis: str) -> np.ndarray:
    """Return the diagonal of the hat matrix of the factors or loadings of an axis.

    Parameters
    ----------
    fitted : Fitted
    layout : Layout
        Of the data of the fit.
    axis : {"trial", "neuron"}

    Returns
    -------
    (n_trials,) or (n_neurons,) array
        0 without such factors, NaN without data. The mean over blocks that have factors of their
        own; the larger where a kind has several factors of an axis.
    """
    n = layout.n_trials if axis == "trial" else layout.n_neurons
    by_name: dict[str, list[np.ndarray]] = {}
    for part, matrix in _matrices(fitted, axis):
        spread = np.full(n, np.nan)
        spread[_places(fitted, layout, part, axis)] = _leverage(matrix)
        by_name.setdefault(part.name, []).append(spread)
    if not by_name:
        return np.zeros(n)
    with warnings.catch_warnings():
        # Means of only NaN: neurons without data.
        warnings.simplefilter("ignore", RuntimeWarning)
        means = [np.nanmean(each, axis=0) for each in by_name.values()]
    return np.asarray(np.fmax.reduce(means))


def _matrices(fitted: Fitted, axis: str) -> Iterator[tuple[Part, np.ndarray]]:
    """Return every matrix (n, R) of an axis, with one of the parts that are its columns."""
    columns: dict[tuple[str, str | None, Any], list[Part]] = {}
    for component in fitted.components:
        for part in component.vectors(axis):
            columns.setdefault((part.name, part.dataset, part.block), []).append(part)
    for parts in columns.values():
        yield parts[0], np.stack([part.values for part in parts], axis=1)


def _places(fitted: Fitted, layout: Layout, part: Part, axis: str) -> np.ndarray:
    """Return the positions of a part's entries among all trials or neurons."""
    places = layout.trials if axis == "trial" else layout.neurons
    if axis == "trial" and layout.single:
        return np.arange(len(part.values))
    if part.dataset is None and (part.block is None or layout.single):
        return np.arange(len(part.values))
    if layout.single:
        # Datasets that came in one array.
        return np.flatnonzero(fitted["neuron_places"] == fitted.datasets.index(str(part.dataset)))
    owner = part.dataset if part.dataset is not None else part.block
    return places[[str(name) for name in layout.names].index(str(owner))]


def _leverage(matrix: np.ndarray) -> np.ndarray:
    """Return the diagonal of the projection onto the columns, over the known rows."""
    known = np.isfinite(matrix).all(axis=1)
    leverage = np.full(len(matrix), np.nan)
    U, s, _ = np.linalg.svd(matrix[known], full_matrices=False)
    independent = s > np.finfo(matrix.dtype).eps * len(matrix) * s.max(initial=0)
    leverage[known] = np.square(U[:, independent]).sum(axis=1)
    return leverage
