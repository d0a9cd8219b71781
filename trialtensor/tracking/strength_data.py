"""The data of a fit, multiplied with the time courses of its components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from trialtensor.data.arrays import exponent_of, scaled
from trialtensor.data.axes import AXES
from trialtensor.models.fitted import Component, Fitted
from trialtensor.models.layout import Layout
from trialtensor.tracking.strengths import Strengths

_NO_COURSE = (("trial",), ("neuron",))
_LEAST = float(np.finfo(float).tiny)
_AT_ONCE = 2**22  # entries in double precision at a time


def strengths(
    fitted: Fitted, layout: Layout, dataset: str | None, n_trials: int
) -> tuple[Strengths, np.ndarray]:
    """Set up the strengths of a model's components in the data that it was fitted to.

    A component is its time course here. Which neurons take part in it is estimated anew from their
    activity, since the loadings of a fit follow whatever drifts over its trials.

    Parameters
    ----------
    fitted : Fitted
    layout : Layout
        The data of the fit.
    dataset : str or None
        For models of several datasets.
    n_trials : int
        Of the series that are followed.

    Returns
    -------
    Strengths
    (n_neurons,) int array
        Its neurons, as places among all of the data.
    """
    chosen = [r for r, each in enumerate(fitted.components) if _is_there(each, dataset)]
    exponent = exponent_of(*layout.values)
    arrays = list(_arrays(fitted, layout, dataset))
    parts = [_of_array(fitted, each, chosen, n_trials, exponent) for each in arrays]
    whole = parts[0] if len(parts) == 1 else _beside(parts)
    return whole, np.concatenate([each.neurons for each in arrays])


@dataclass(frozen=True, eq=False)
class _Array:
    """One array of the data, or the neurons of one dataset in it."""

    values: np.ndarray
    observed: np.ndarray | None
    trials: np.ndarray
    neurons: np.ndarray
    dataset: str | None

    def known(self, rows: np.ndarray) -> np.ndarray:
        """Return which entries of some trials are observed."""
        if self.observed is None:
            return np.ones((len(rows), *self.values.shape[1:]), bool)
        return self.observed[rows]


def _arrays(fitted: Fitted, layout: Layout, dataset: str | None) -> Iterator[_Array]:
    """Yield the arrays that hold neurons of a dataset."""
    each_array = zip(
        layout.names, layout.values, layout.observed, layout.trials, layout.neurons, strict=True
    )
    for name, values, observed, trials, neurons in each_array:
        # Times of all frequencies, or of other axes, are one axis.
        values = values.reshape(*values.shape[:2], -1)
        observed = None if observed is None else observed.reshape(values.shape)
        if not fitted.datasets:
            yield _Array(values, observed, trials, neurons, None)
        elif layout.single:
            own = fitted["neuron_places"] == fitted.datasets.index(str(dataset))
            seen = None if observed is None else observed[:, own]
            yield _Array(values[:, own], seen, trials, neurons[own], dataset)
        elif str(name) == dataset:
            # Datasets with trials of their own are followed one by one.
            yield _Array(values, observed, trials - trials[0], neurons, dataset)


def _is_there(component: Component, dataset: str | None) -> bool:
    own = {part.dataset for part in component.parts} - {None}
    scale = component.scales.get(dataset, 1.0)
    return component.weight != 0 and (not own or (dataset in own and scale != 0))


def _of_array(
    fitted: Fitted, array: _Array, chosen: list[int], n_trials: int, exponent: int
) -> Strengths:
    """Multiply one array with the time courses of components."""
    n_neurons = array.values.shape[1]
    cross = np.zeros((n_trials, n_neurons, len(chosen)))
    power, seen = np.zeros((n_trials, n_neurons)), np.zeros((n_trials, n_neurons), bool)
    n_bins = np.zeros(n_neurons)
    grams = []
    for rows, courses in _runs(fitted, array, chosen):
        usable = np.isfinite(courses).all(axis=2)
        known = array.known(rows) & usable
        courses = np.where(usable[:, :, None], courses, 0)
        values = np.where(known, array.values[rows], 0).astype(np.float64)
        values = scaled(values, -exponent)
        trials = array.trials[rows]
        cross[trials] = _products(values, courses)
        power[trials] = np.einsum("knt,knt->kn", values, values)
        seen[trials] = known.any(axis=2)
        n_bins += known.sum(axis=(0, 2))
        grams.append((trials, _gram(courses, known, usable)))
    over_trials = [_over_trials(fitted.components[r], array.dataset, n_trials) for r in chosen]
    gram, courses = _joined(grams, n_trials), np.column_stack(over_trials)
    return Strengths(tuple(chosen), cross, gram, seen, power, n_bins, courses)


def _over_trials(component: Component, dataset: str | None, n_trials: int) -> np.ndarray:
    """Return a component's course over trials, with a mean square of 1; constant without one."""
    courses = component.courses
    found = courses.get(dataset, courses.get(None))
    if found is None:
        return np.ones(n_trials)
    values = scaled(found.astype(np.float64), -exponent_of(found))
    size = float(np.sqrt(np.nanmean(values**2))) if np.isfinite(values).any() else 0.0
    return np.asarray(values / size) if size else np.ones(n_trials)


def _products(values: np.ndarray, courses: np.ndarray) -> np.ndarray:
    """Multiply ``(k, n, T)`` values with ``(k or 1, n or 1, R, T)`` time courses: (k, n, R)."""
    if courses.shape[1] == 1:
        return np.asarray(values @ np.swapaxes(courses[:, 0], 1, 2))
    if courses.shape[0] == 1:
        return np.einsum("knt,nrt->knr", values, courses[0])
    return np.einsum("knt,knrt->knr", values, courses)


def _gram(courses: np.ndarray, known: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return products of time courses; of one trial or neuron if those of all are alike."""
    lost = (usable & ~known).any(axis=2)
    # Trials of a neuron that are missing altogether are told apart by `Strengths.seen`.
    if not (lost & known.any(axis=2)).any():
        return np.asarray(courses @ np.swapaxes(courses, 2, 3))
    entries = known.astype(np.float64)
    if courses.shape[:2] == (1, 1):
        return np.tensordot(entries, courses[0, 0, :, None] * courses[0, 0], axes=(2, 2))
    courses = np.broadcast_to(courses, (*known.shape[:2], *courses.shape[2:]))
    return np.einsum("knt,knrt,knqt->knrq", entries, courses, courses)


def _joined(grams: list[tuple[np.ndarray, np.ndarray]], n_trials: int) -> np.ndarray:
    """Join products of several runs of trials; one matrix if all have the same."""
    first = grams[0][1]
    if all(len(gram) == 1 and np.array_equal(gram, first) for _, gram in grams):
        return first
    n_neurons = max(gram.shape[1] for _, gram in grams)
    joined = np.zeros((n_trials, n_neurons, *first.shape[2:]))
    for trials, gram in grams:
        joined[trials] = gram
    return joined


def _beside(parts: list[Strengths]) -> Strengths:
    """Put the neurons of several arrays beside each other."""
    sizes = [part.seen.shape for part in parts]
    n_components = parts[0].cross.shape[2]
    gram = parts[0].gram
    if not all(part.gram.shape == gram.shape and np.array_equal(part.gram, gram) for part in parts):
        whole = [
            np.broadcast_to(part.gram, (*size, n_components, n_components))
            for part, size in zip(parts, sizes, strict=True)
        ]
        gram = np.concatenate(whole, axis=1)
    cross, seen, power = (
        np.concatenate([getattr(part, name) for part in parts], axis=1)
        for name in ("cross", "seen", "power")
    )
    bins = np.concatenate([part.n_bins for part in parts])
    return Strengths(parts[0].components, cross, gram, seen, power, bins, parts[0].courses)


def _runs(
    fitted: Fitted, array: _Array, chosen: list[int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield runs of trials of an array with their courses, (k or 1, n or 1, R, T)."""
    components = [fitted.components[r] for r in chosen]
    for block, rows in _blocks(fitted, array):
        if "input_factors" in fitted.arrays:
            yield rows, _driven(components, array.values[rows], array.known(rows))
            continue
        shape = array.values.shape[1:]
        each = [_course(component, array.dataset, block, shape) for component in components]
        n_neurons = max(len(course) for course in each)
        courses = [np.broadcast_to(course, (n_neurons, shape[1])) for course in each]
        n_parts = -(-len(rows) * shape[0] * shape[1] // _AT_ONCE)
        for some in np.array_split(rows, n_parts):
            yield some, np.stack(courses, axis=1)[None]


def _blocks(fitted: Fitted, array: _Array) -> Iterator[tuple[object, np.ndarray]]:
    """Yield the blocks of trials whose courses may differ, with the rows of an array."""
    differ = any(
        part.block is not None and "time" in part.dims
        for component in fitted.components
        for part in component.parts
    )
    if not differ:
        yield next(iter(fitted.blocks), None), np.arange(len(array.trials))
        return
    for block, trials in fitted.blocks.items():
        rows = np.flatnonzero(np.isin(array.trials, trials))
        if len(rows):
            yield block, rows


def _course(
    component: Component, dataset: str | None, block: object, shape: tuple[int, int]
) -> np.ndarray:
    """Return a component's time course ``(1, T)``, or that of each neuron ``(n, T)``; norm 1."""
    own = [part for part in component.parts if part.dataset is None and part.block is None]
    if len(own) == len(component.parts) > len(AXES):
        others = [part.values for part in component.parts if part.dims not in _NO_COURSE]
        course = reduce(np.multiply.outer, others).reshape(1, -1)
        return np.asarray(course / max(float(np.linalg.norm(np.nan_to_num(course))), _LEAST))
    course = np.ones((1, shape[1]))
    for part in component.parts:
        if not part.within(dataset, block) or "time" not in part.dims:
            continue
        values = np.asarray(part.values, np.float64)
        if part.dims in (("time",), ("neuron", "time")):
            course = course * values
        elif part.dims == ("trial", "time"):
            course = course * np.linalg.svd(np.nan_to_num(values), full_matrices=False)[2][0]
    exponents = np.frexp(np.abs(np.nan_to_num(course)).max(axis=1, keepdims=True))[1]
    course = scaled(course, -exponents)
    norms = np.sqrt(np.nansum(course**2, axis=1, keepdims=True))
    return np.asarray(course / np.where(norms > 0, norms, 1))


def _driven(components: list[Component], values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return what drives each component of dynamics, ``(k, 1, R, T)``; NaN where not known."""
    inputs = np.stack([_input(component) for component in components])
    used = np.isfinite(inputs).all(axis=0)
    weights = np.where(used, inputs, 0)
    state = np.where(known, values, 0).astype(np.float64)
    driven = np.einsum("rn,knt->krt", weights, state)
    complete = np.asarray(known[:, used].all(axis=1))
    driven = np.where(complete[:, None], driven, np.nan)
    courses = np.full_like(driven, np.nan)
    courses[:, :, 1:] = driven[:, :, :-1]
    counts = np.maximum(np.isfinite(courses).sum(axis=(0, 2)), 1)
    size = np.sqrt(np.nansum(courses**2, axis=(0, 2)) / counts * courses.shape[2])
    return np.asarray(courses / np.where(size > 0, size, 1)[:, None])[:, None]


def _input(component: Component) -> np.ndarray:
    """Return the vector over neurons that dynamics read their input with."""
    return next(
        np.asarray(part.values, np.float64)
        for part in component.parts
        if part.name == "input_factors"
    )
