"""Aligning refits with the model they started from: order and signs of components."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import singledispatch
from typing import Any

import numpy as np
import scipy.linalg
from scipy.optimize import linear_sum_assignment

from trialtensor.alignment.factors import axis_matrices, likeness, part_names
from trialtensor.data.axes import AXES
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Component, Fitted, Part
from trialtensor.models.slicetca import SliceTCA
from trialtensor.models.slicetca.trials import from_features

# By name, and by dataset if each has a separate array.
Arrays = dict[tuple[str, str | None], np.ndarray]
EXPLAINED = ("explained_variance_ratio", None)


def estimates_of(fitted: Fitted) -> Arrays:
    """List the arrays that components consist of, and the explained variance.

    Parameters
    ----------
    fitted : Fitted
    """
    found: Arrays = {}
    for name in part_names(fitted):
        name = _kept_as(fitted, name)
        values = fitted[name]
        for dataset, each in values.items() if isinstance(values, dict) else [(None, values)]:
            found[name, dataset] = np.asarray(each)
    found[EXPLAINED] = np.asarray(fitted.record.explained_variance_ratio)
    return found


@singledispatch
def aligned(
    model: TrialEstimator,
    again: Any,
    features: Any,
    roots: Mapping[str | None, np.ndarray] | None = None,
) -> Arrays:
    """Give the estimates of a refit the order, signs and units of the model.

    Kinds whose components can be rotated into each other register a separate alignment.

    Parameters
    ----------
    model : fitted model
    again : fitted model of the same kind
        Of other trials.
    features : as from ``again.transform`` of all trials
    roots : dict of arrays, optional
        Of a fit to the same trials: by dataset (None: of all data), what the data of each neuron
        were multiplied by. Its trial factors have norm 1, and those of neurons are given the units
        that they have in the model.

    Returns
    -------
    dict
        (name, dataset or None) -> array.
    """
    ours, theirs = model.fitted_, again.fitted_
    # A component is zero in the datasets that it isn't part of.
    found = {
        key: np.full(each.shape, np.nan if key[1] is None else 0.0)
        for key, each in estimates_of(ours).items()
    }
    del found[EXPLAINED]
    place_of, norms = (places_of(ours), places_of(theirs)), _norms(ours)
    for r, s in enumerate(_partners(ours, theirs)):
        ours_r, theirs_s = ours.components[r], theirs.components[s]
        flips = _flips(ours_r, theirs_s)
        _vote(flips, ours_r, norms)
        for part in ours_r.parts:
            dims = ours.arrays[part.name].dims
            kept_as = _kept_as(ours, part.name)
            target = _column(found[kept_as, part.dataset], dims, place_of[0][r])
            if "trial" in part.dims:
                own = features[part.dataset] if isinstance(features, Mapping) else features
                scale = 1.0 if roots is not None else _ratio(theirs_s, ours_r, part.dataset, norms)
                target[...] = own[:, s] * _trial_signs(ours, ours_r, part, flips) * scale
            elif part.block is None:
                values = theirs[part.name]
                values = values if part.dataset is None else values[part.dataset]
                target[...] = _column(values, dims, place_of[1][s]) * flips[_key(part)]
                if roots and part.dims == ("neuron",):
                    scale = _ratio(theirs_s, ours_r, part.dataset, norms)
                    target[...] *= scale / roots[part.dataset]
            else:
                b = list(ours.blocks).index(part.block)
                source = _column(theirs[part.name], dims, place_of[1][s])
                target[b] = source[list(theirs.blocks).index(part.block)] * flips[_key(part)]
    return found


def _kept_as(fitted: Fitted, name: str) -> str:
    """Return the array that refits say how uncertain it is: of a smooth course, single trials.

    How far smoothing pulls a course from the truth is the same in all refits, so that intervals
    from these would be too narrow for it.
    """
    smooth = name == "trial_factors" and "single_trials" in fitted.arrays
    return "single_trials" if smooth and fitted.number("smoothness") > 0 else name


def can_rotate(model: TrialEstimator) -> bool:
    """Return whether a kind has an alignment of its own."""
    return aligned.dispatch(type(model)) is not aligned.dispatch(object)


@aligned.register
def _(
    model: SliceTCA,
    again: Any,
    features: Any,
    roots: Mapping[str | None, np.ndarray] | None = None,
) -> Arrays:
    """Rotate components, within their type, to lie as those of the model do."""
    loadings, slices = from_features(again.fitted_, features)
    found: Arrays = {}
    for axis, theirs, slice_tensor in zip(AXES, loadings, slices, strict=True):
        ours = model.fitted_[f"{axis}_loadings"]
        turn, back = _rotation(np.nan_to_num(theirs), np.nan_to_num(ours), model.nonnegative)
        found[f"{axis}_loadings", None] = theirs @ turn
        found[f"{axis}_slices", None] = np.tensordot(back, slice_tensor, axes=(1, 0))
    return found


def _rotation(
    given: np.ndarray, target: np.ndarray, nonnegative: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the transform that orthonormalises and rotates loadings, and its inverse for slices.

    Trial loadings of a refit have unit norm over the resampled trials, not over all of them.
    Non-negative components aren't rotated: they start from the model's, in its order.
    """
    gram = given.T @ given
    if nonnegative:
        size = np.sqrt(np.diag(gram))
        return np.diag(1 / np.where(size > 0, size, 1)), np.diag(size)
    if not len(gram):
        return gram, gram
    root = scipy.linalg.sqrtm(gram).real
    inverse = np.linalg.pinv(root, hermitian=True)
    turn = scipy.linalg.orthogonal_procrustes(given @ inverse, target)[0]
    return inverse @ turn, turn.T @ root


def _key(part: Part) -> tuple[str, str | None, Any]:
    return part.name, part.dataset, part.block


def _partners(ours: Fitted, theirs: Fitted) -> list[int]:
    """Return which component of a refit corresponds to each of the model.

    The trials are others: neurons and times say it.
    """
    pairs = [
        [each for each in axis_matrices(fitted) if each.axis != "trial"]
        for fitted in (ours, theirs)
    ]
    product = np.prod([likeness(a, b) for a, b in zip(*pairs, strict=True)], axis=0)
    # Components that are private to a dataset are matched among each other.
    of_parts = [[set(map(_key, c.parts)) for c in fitted.components] for fitted in (ours, theirs)]
    alike = np.array([[a == b for b in of_parts[1]] for a in of_parts[0]])
    _, columns = linear_sum_assignment(np.where(alike, product, -1.0), maximize=True)
    return [int(column) for column in columns]


def _flips(ours: Component, theirs: Component) -> dict[tuple[str, str | None, Any], int]:
    """Return the sign that aligns each part other than those of trials."""
    other = {_key(part): part.values for part in theirs.parts}
    return {
        _key(part): -1 if np.nansum(part.values * other[_key(part)]) < 0 else 1
        for part in ours.parts
        if "trial" not in part.dims
    }


def _vote(
    flips: dict[tuple[str, str | None, Any], int],
    component: Component,
    norms: Mapping[str, float],
) -> None:
    """Let all datasets flip the trials that they share in the same way, by their strength."""
    datasets = list(dict.fromkeys(key[1] for key in flips if key[1] is not None))
    shared = any(part.dims == ("trial",) and part.dataset is None for part in component.parts)
    if not shared or not datasets:
        return
    signs = {d: _product(flips, d, None) for d in datasets}
    total = sum((component.scales[d] / norms[d]) ** 2 * sign for d, sign in signs.items())
    for dataset, sign in signs.items():
        if sign != (-1 if total < 0 else 1):
            last = [key for key in flips if key[1] == dataset][-1]
            flips[last] *= -1


def _product(
    flips: Mapping[tuple[str, str | None, Any], int], dataset: str | None, block: Any
) -> int:
    sign = 1
    for (_, own, where), flip in flips.items():
        if own in (None, dataset) and (where is None or where == block):
            sign *= flip
    return sign


def _trial_signs(
    fitted: Fitted,
    component: Component,
    part: Part,
    flips: Mapping[tuple[str, str | None, Any], int],
) -> Any:
    """Return the sign of each trial that follows from the flips of other parts."""
    if fitted.blocks:
        signs = np.ones(len(part.values))
        for block, trials in fitted.blocks.items():
            signs[trials] = _product(flips, None, block)
        return signs
    named = [each.dataset for each in component.parts if each.dataset is not None]
    dataset = part.dataset if part.dataset is not None else next(iter(named), None)
    return _product(flips, dataset, None)


def _norms(fitted: Fitted) -> dict[str, float]:
    """Return the joint strength of all components in each dataset; units may differ."""
    return {
        name: float(np.linalg.norm([c.scales[name] for c in fitted.components])) or 1.0
        for name in fitted.datasets
    }


def _strength(component: Component, dataset: str | None, norms: Mapping[str, float]) -> float:
    """Return the scale of a component's trial factors; for shared ones, in all datasets."""
    if dataset is not None:
        return component.scales[dataset]
    if not norms:
        return component.weight
    return float(np.linalg.norm([component.scales[name] / n for name, n in norms.items()]))


def _ratio(
    theirs: Component, ours: Component, dataset: str | None, norms: Mapping[str, float]
) -> float:
    """Return the strength of a refitted component, that of the model being 1."""
    strengths = [_strength(each, dataset, norms) for each in (theirs, ours)]
    return strengths[0] / (strengths[1] or 1.0)


def places_of(fitted: Fitted) -> list[int]:
    """Return each component's index on the axis that it shares with others of its type."""

    def positions() -> Iterator[int]:
        counts: dict[str, int] = {}
        for component in fitted.components:
            dims = fitted.arrays[component.parts[0].name].dims
            axis = next(dim for dim in dims if dim.endswith("component"))
            yield counts.setdefault(axis, 0)
            counts[axis] += 1

    return list(positions())


def _column(values: np.ndarray, dims: tuple[str, ...], place: int) -> np.ndarray:
    """Return one component of an array, as a view."""
    axis = next(i for i, dim in enumerate(dims) if dim.endswith("component"))
    return np.moveaxis(values, axis, 0)[place]
