"""Factors of the other restarts, split into the columns of the component figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from trialtensor.models import Fitted, Restart

# (name of the part, dataset) -> (n, n_components) array.
Curves = Mapping[tuple[str, str | None], np.ndarray]


def other_restarts(fitted: Fitted) -> list[Curves]:
    """Return the factors of every restart but the best, where restarts kept them.

    Restarts that began at the same place are there once, those stopped on the way not at all.

    Components have the order and signs of the model. Factors that differ between blocks of trials
    are left out, since images can't be overlaid.
    """
    restarts = fitted.record.comparable
    own = _fitted_curves(fitted)
    if len(restarts) < 2 or not own:
        return []
    first = _curves(fitted, restarts[0], own)
    order = _order(own, first)
    signs = {
        key: np.where(np.nansum(values[:, order] * own[key], axis=0) < 0, -1, 1)
        for key, values in first.items()
    }
    return [
        {
            key: _like_the_blocks(fitted, key[0], values[:, order] * signs[key], own[key])
            for key, values in _curves(fitted, restart, own).items()
        }
        for restart in restarts[1:]
    ]


def _fitted_curves(fitted: Fitted) -> dict[tuple[str, str | None], np.ndarray]:
    """Return the vectors of the model, zero where a component lacks them."""
    found: dict[tuple[str, str | None], np.ndarray] = {}
    for r, component in enumerate(fitted.components):
        for part in component.parts:
            if part.is_vector and part.block is None:
                empty = np.zeros((len(part.values), len(fitted.components)))
                found.setdefault((part.name, part.dataset), empty)[:, r] = part.values
    return found


def _curves(
    fitted: Fitted, restart: Restart, own: Mapping[tuple[str, str | None], np.ndarray]
) -> dict[tuple[str, str | None], np.ndarray]:
    names = _names(fitted)
    seen: dict[str, int] = {}
    found: dict[tuple[str, str | None], np.ndarray] = {}
    for axis, matrix in zip(restart.axes, restart.factors, strict=True):
        number = seen.get(axis, 0)
        seen[axis] = number + 1
        if number < len(names.get(axis, [])):
            name = names[axis][number]
            stack = [key for key in own if key[0] == name]
            found |= _unstacked(matrix, {key: own[key] for key in stack})
    return found


def _names(fitted: Fitted) -> dict[str, list[str]]:
    """Return axis -> names of the parts that are its factors, in the order of the model."""
    found: dict[str, dict[str, None]] = {}
    for component in fitted.components:
        for part in component.parts:
            if part.is_vector:
                found.setdefault(part.dims[0], {})[part.name] = None
    return {axis: list(names) for axis, names in found.items()}


def _unstacked(matrix: np.ndarray, own: Mapping[Any, np.ndarray]) -> dict[Any, np.ndarray]:
    """Split a matrix by dataset; some kinds keep only the rows that had data."""
    known = {key: np.isfinite(values).all(axis=1) for key, values in own.items()}
    matrix = np.asarray(matrix, dtype=np.float64)
    if not own or matrix.shape[1] != next(iter(own.values())).shape[1]:
        return {}
    if len(matrix) == sum(map(len, known.values())):
        known = {key: np.ones(len(rows), bool) for key, rows in known.items()}
    elif len(matrix) != sum(int(rows.sum()) for rows in known.values()):
        return {}
    found, start = {}, 0
    for key, rows in known.items():
        stop = start + int(rows.sum())
        found[key] = np.full(own[key].shape, np.nan)
        part = matrix[start:stop]
        # Factors of several datasets have joint unit length here, but separate in the model.
        found[key][rows] = part if len(known) == 1 else _unit(part)
        start = stop
    return found


def _order(own: Curves, first: Curves) -> np.ndarray:
    """Return the component of the best restart that corresponds to each of the model's."""
    alike: Any = 1.0
    for key, values in first.items():
        alike = alike * np.abs(_unit(own[key]).T @ _unit(values))
    if np.ndim(alike) == 0:
        return np.arange(next(iter(own.values())).shape[1])
    return linear_sum_assignment(alike, maximize=True)[1]


def _unit(values: np.ndarray) -> np.ndarray:
    values = np.nan_to_num(values)
    norms = np.linalg.norm(values, axis=0)
    return values / np.where(norms > 0, norms, 1)


def _like_the_blocks(fitted: Fitted, name: str, values: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Give trial factors the sign of each block in the model, which is arbitrary."""
    if fitted.arrays[name].dims[0] != "trial":
        return values
    values = values.copy()
    for trials in _as_rows(fitted.blocks.values()):
        values[trials] *= np.where(np.nansum(values[trials] * own[trials], axis=0) < 0, -1, 1)
    return values


def _as_rows(blocks: Any) -> Sequence[np.ndarray]:
    return [np.asarray(trials) for trials in blocks]
