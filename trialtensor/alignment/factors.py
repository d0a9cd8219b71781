"""Matrices that models are compared by, and a null for unrelated matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.arrays import column_exponents, scaled
from trialtensor.data.axes import AXES
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Fitted
from trialtensor.models.parameters import kind_of
from trialtensor.solvers.matching import cosines


@dataclass(frozen=True, eq=False)
class AxisMatrix:
    """A factor or loading matrix of a fitted model.

    Attributes
    ----------
    name : str
        The fitted attribute without its underscore.
    axis : {"trial", "neuron", "time"}
    values : (n, R) array
        Values of several blocks or datasets are stacked. NaN without data.
    rows : tuple
        Name of the block or dataset and number of rows of each of those; empty if there is one.
    """

    name: str
    axis: str
    values: np.ndarray
    rows: tuple[tuple[str, int], ...]


def check_fitted(model: Any, name: str = "model") -> Fitted:
    """Return the fitted model of an estimator.

    Parameters
    ----------
    model : fitted model of any kind
    name : str
        Name of the argument, for error messages.

    Raises
    ------
    ValueError
        For something that isn't a model; ``NotFittedError`` for a model without a fit.
    """
    check_model(model, name)
    check_is_fitted(model)
    fitted: Fitted = model.fitted_
    return fitted


def check_model(model: Any, name: str = "model") -> None:
    """Refuse anything but an estimator of trials x neurons x times.

    Raises
    ------
    ValueError
        Naming the argument.
    """
    if not isinstance(model, TrialEstimator):
        raise ValueError(f"{name}: expected a model, such as TCA, got {kind_of(model)}")


def part_names(fitted: Fitted) -> list[str]:
    """List the arrays that components consist of, including those of types without components."""
    used = {part.name for component in fitted.components for part in component.parts}

    def is_part(name: str) -> bool:
        named = fitted.arrays[name]
        empty = not isinstance(named.values, dict) and np.size(named.values) == 0
        return name in used or (empty and any(dim.endswith("_component") for dim in named.dims))

    return [name for name in fitted.arrays if is_part(name)]


def axis_matrices(fitted: Fitted) -> list[AxisMatrix]:
    """List the factor or loading matrices of a model, in the order of its axes."""
    found, matrices = [], fitted.matrices()
    for name in part_names(fitted):
        axis = next((dim for dim in fitted.arrays[name].dims if dim in AXES), None)
        if name in matrices and axis is not None:
            found.append(AxisMatrix(name, axis, matrices[name], _rows(fitted, name)))
        elif len(fitted.arrays[name].dims) == 2 and axis is not None:
            # A type without components.
            found.append(AxisMatrix(name, axis, np.asarray(fitted[name]), ()))
    return found


def _rows(fitted: Fitted, name: str) -> tuple[tuple[str, int], ...]:
    """Return which blocks or datasets are stacked in one of ``matrices``."""
    values = fitted[name]
    if isinstance(values, dict):
        return tuple((str(dataset), len(each)) for dataset, each in values.items())
    parts = [part for part in fitted.components[0].parts if part.name == name]
    return tuple((str(part.block), len(part.values)) for part in parts if part.block is not None)


def likeness(first: AxisMatrix, second: AxisMatrix) -> np.ndarray:
    """Compute absolute cosines between columns of two matrices, (R, S), over rows known to both.

    A factor can have the opposite sign in one of several blocks or datasets, if that of another
    axis does, so the absolute values of their inner products are summed.

    Parameters
    ----------
    first, second : AxisMatrix
        (n, R) and (n, S), of the same blocks or datasets.
    """
    a, b = (np.asarray(each.values, dtype=np.float64) for each in (first, second))
    known = np.asarray(np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1))
    if not first.rows or not second.rows:
        return np.abs(cosines(a[known], b[known]))
    a, b = (np.where(known[:, None], each, 0) for each in (a, b))
    a, b = (scaled(each, -column_exponents(each)) for each in (a, b))
    edges = np.cumsum([n for _, n in first.rows])[:-1]
    parts = zip(np.split(a, edges), np.split(b, edges), strict=True)
    products = np.sum([np.abs(x.T @ y) for x, y in parts], axis=0)
    norms = np.linalg.norm(a, axis=0)[:, None] * np.linalg.norm(b, axis=0)
    return np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)


def congruence(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> np.ndarray:
    """Multiply the absolute cosines between columns over matrices, (R, S).

    Parameters
    ----------
    first, second : lists of (n, R) and (n, S) arrays
    """
    product = np.ones((first[0].shape[1], second[0].shape[1]))
    for ours, theirs in zip(first, second, strict=True):
        product = product * np.abs(cosines(ours, theirs))
    return product


def unrelated(matrix: np.ndarray, axis: str, rng: np.random.Generator) -> np.ndarray:
    """Return columns with the same entries in other places, each column independently.

    Parameters
    ----------
    matrix : (n, R) array
    axis : {"trial", "neuron", "time"}
        Entries of neurons are shuffled. Trials and times, which may be smooth, are rotated by
        random offsets and reversed at random.
    rng : numpy.random.Generator

    Returns
    -------
    (n, R) array
    """
    if axis == "neuron":
        return rng.permuted(matrix, axis=0)
    n, rank = matrix.shape
    rows = (np.arange(n)[:, None] + rng.integers(n, size=rank)) % max(n, 1)
    turned = np.take_along_axis(matrix, rows, axis=0)
    backwards = rng.random(rank) < 0.5
    turned[:, backwards] = turned[::-1, backwards]
    return turned
