"""Expected correlation of neighbouring residuals if the noise were white."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Fitted
from trialtensor.selection.patches import patches
from trialtensor.selection.residual_arrays import Residuals


def expected_autocorrelation(model: TrialEstimator, residuals: Residuals) -> float:
    """Return the lag-one autocorrelation of white noise after a fit.

    A least-squares fit removes the projection of the noise onto the directions in which its
    parameters move the model. ``_neighbours`` of such a projection is what it takes from products
    of neighbouring bins; all else is counting.

    Parameters
    ----------
    model : fitted model
    residuals : Residuals

    Returns
    -------
    float
        0 for models that describe a bin by the bins before it.
    """
    if not type(model).describes_entries:
        return 0.0
    if model.fitted_.sliced:
        return _of_slices(model.fitted_, np.isfinite(residuals.arrays[0]))
    taken = left = 0.0
    components = model.fitted_.components
    fitted_axes = [a for a in model.fitted_.axes if any(c.vectors(a) for c in components)]
    for each in patches(model.fitted_, residuals):
        own = _of_vectors(each.matrices, np.isfinite(each.values), fitted_axes)
        taken, left = taken + own[0], left + own[1]
    return -taken / max(left, 1)


def _of_vectors(
    matrices: dict[str, np.ndarray], observed: np.ndarray, fitted_axes: Sequence[str]
) -> tuple[float, float]:
    """Return what components of vectors take from neighbouring bins, and what remains."""
    places = range(observed.ndim)
    lengths = {
        axis: int(observed.any(axis=tuple(j for j in places if j != i)).sum())
        for i, axis in enumerate(matrices)
    }
    size = math.prod(lengths.values())
    if not size:
        return 0.0, 0.0
    # What a parameter takes, it takes from fewer entries where some are missing.
    seen = observed.sum() / size
    *others, (last, time) = matrices.items()
    # The directions of different axes have one in common: the component itself.
    in_common = len(fitted_axes) - 1
    n_parameters = time.shape[1] * (sum(lengths[axis] for axis in fitted_axes) - in_common)
    taken = -in_common * _neighbours([each for _, each in others], time)
    for axis, _ in others:
        if axis in fitted_axes:
            rest = [each for other, each in others if other != axis]
            taken += lengths[axis] * _neighbours(rest, time)
    n_pairs = size // lengths[last] * (lengths[last] - 1)
    return taken, n_pairs * (seen - n_parameters / size)


def _of_slices(fitted: Fitted, observed: np.ndarray) -> float:
    """Return the same for components that are a vector times a matrix, as a correlation."""
    vectors, slices = _by_type(fitted, observed.shape)
    n_trials, n_neurons = (int(observed.any(axis=others).sum()) for others in ((1, 2), (0, 2)))
    seen = observed.sum() / (n_trials * n_neurons * int(observed.any(axis=(0, 1)).sum()))
    u, v, w = (_orthonormal(matrix) for matrix in vectors)
    A, B = _without(slices[0], v, w), _without(slices[1], u, w)
    rest = (1 - u.shape[1] / n_trials) * (1 - v.shape[1] / n_neurons)
    of_slices = (n_trials - u.shape[1]) * _neighbours((), A)
    of_slices += (n_neurons - v.shape[1]) * _neighbours((), B)
    taken, left = _within_cells(w, observed)
    return -(rest * taken + of_slices / seen) / max(rest * left, 1)


def _by_type(fitted: Fitted, shape: tuple[int, ...]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return loadings (n, R) by axis, and slices (R, n, n) over the two others."""
    loadings, slices = [], []
    for axis, name in enumerate(AXES):
        own = [each for each in fitted.components if each.vectors(name) and len(each.parts) == 2]
        others = [n for i, n in enumerate(shape) if i != axis]
        matrix = [each.vectors(name)[0].values for each in own]
        cells = [next(p.values for p in each.parts if len(p.dims) == 2) for each in own]
        loadings.append(np.nan_to_num(np.reshape(matrix, (len(own), shape[axis])).T))
        slices.append(np.nan_to_num(np.reshape(cells, (len(own), *others))))
    return loadings, slices


def _within_cells(w: np.ndarray, observed: np.ndarray) -> tuple[float, float]:
    """Return what time-slicing components take from neighbouring bins, and what remains.

    They have free weights for every neuron on every trial: what they absorb of those bins is the
    projection onto the observed rows of ``w``, (n_times, R).
    """
    cells, counts = np.unique(observed.reshape(-1, len(w)), axis=0, return_counts=True)
    pairs = cells[:, :-1] & cells[:, 1:]
    squares = np.einsum("tr,ts->trs", w, w)
    products = np.einsum("tr,ts->trs", w[:-1], w[1:])
    grams = np.tensordot(cells, squares, axes=1)
    inverse = np.linalg.pinv(grams, rcond=1e-10, hermitian=True)
    taken = np.sum(inverse * np.tensordot(pairs, products, axes=1), axis=(1, 2))
    ends = np.tensordot(pairs, (squares[:-1] + squares[1:]) / 2, axes=1)
    left = pairs.sum(axis=1) - np.sum(inverse * ends, axis=(1, 2))
    return float(counts @ taken), float(counts @ left)


def _neighbours(matrices: Sequence[np.ndarray], times: np.ndarray) -> float:
    """Sum the entries that couple neighbouring bins in a projection.

    Parameters
    ----------
    matrices : (n, R) arrays
        The projection is onto the products of their columns and those of ``times``.
    times : (..., n_times, R) array
    """
    if not times.shape[-1]:
        return 0.0
    C = times.reshape(-1, *times.shape[-2:])
    gram = np.einsum("itr,its->rs", C, C)
    shifted = np.einsum("itr,its->rs", C[:, :-1], C[:, 1:])
    for matrix in matrices:
        product = matrix.T @ matrix
        gram, shifted = gram * product, shifted * product
    return float(np.sum(np.linalg.pinv(gram, rcond=1e-10, hermitian=True) * shifted))


def _orthonormal(matrix: np.ndarray) -> np.ndarray:
    """Return a basis of the columns."""
    U, s, _ = np.linalg.svd(matrix, full_matrices=False)
    return U[:, s > 1e-6 * s.max(initial=0)]


def _without(slices: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return slices (R, n, n_times) without the spans of two bases, as (n, n_times, R)."""
    slices = slices - rows @ (rows.T @ slices)
    slices = slices - (slices @ columns) @ columns.T
    return slices.transpose(1, 2, 0)
