"""Courses of a fitted model over trials and within trials."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.arrays import refuse_sparse
from trialtensor.data.notices import warn
from trialtensor.data.per_entry import one_each, own_index, trials_first
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Component, Fitted, Part
from trialtensor.models.parameters import kind_of
from trialtensor.models.undetermined import findings
from trialtensor.models.verdict import advice, cancellation, is_degenerate
from trialtensor.tracking.series import check_series


def trial_series(model: Any, dataset: Any, n_needed: int) -> dict[str, np.ndarray]:
    """Return series to follow over trials, by name: a model's courses, or those given.

    Parameters
    ----------
    model : fitted model, or (n_trials,) or (n_trials, n_series) array
    dataset : str, optional
        For models of several datasets: the one to follow.
    n_needed : int
        Trials with a value that each course must have.

    Returns
    -------
    dict of (n_trials,) float64 arrays
        In the units of the data. Components without any course are left out.

    Raises
    ------
    ValueError
        If no component has a course, one has too few trials, or a dataset has to be chosen.
    """
    if not isinstance(model, TrialEstimator):
        if hasattr(model, "get_params"):
            raise ValueError(f"model: expected a fitted model or series, got {kind_of(model)}")
        if dataset is not None:
            raise ValueError(f"dataset: an array of series has none; leave out {dataset!r}")
        values = check_series(model, "model", n_needed)
        return {f"component {r + 1}": column for r, column in enumerate(values.T)}
    check_is_fitted(model)
    fitted, kind = model.fitted_, type(model).__name__
    dataset = _checked_dataset(fitted, kind, dataset)
    found = {
        _series_name(model, component, own): np.asarray(course, dtype=np.float64)
        for component in fitted.components
        for own, course in _own_courses(component, fitted, kind, dataset)
    }
    if not found:
        raise ValueError(
            f"model: no component of the {kind} has a course over trials to follow; give series "
            "as an array (n_trials, n_series)"
        )
    for name, course in found.items():
        n = int(np.isfinite(course).sum())
        if n < n_needed:
            raise ValueError(
                f"model: expected at least {n_needed} trials with a value, got {n} ({kind}, {name})"
            )
    _warn_of_forgotten(fitted, kind, len(course))
    return found


def time_courses(model: TrialEstimator, dataset: Any) -> dict[str, np.ndarray]:
    """Return courses of a model's components within a trial, by component name.

    Parameters
    ----------
    model : fitted model
    dataset : str, optional
        For models of several datasets: whose courses.

    Returns
    -------
    dict of (n_times,) float64 arrays
        Components without a separate time course are left out.

    Raises
    ------
    ValueError
        If none has one, they differ between blocks, or a dataset has to be chosen.
    """
    check_is_fitted(model)
    fitted, kind = model.fitted_, type(model).__name__
    dataset = _checked_dataset(fitted, kind, dataset)
    found = {}
    for component in fitted.components:
        parts = _in_dataset(component, fitted, dataset)
        vectors = [part for part in parts if part.dims == ("time",)]
        if any(part.block is not None for part in vectors):
            raise ValueError(
                f"components: time courses of the {kind} differ between blocks of trials; give "
                "those of one block as an array (n_times, n_components)"
            )
        if len({part.dataset for part in vectors}) > 1:
            raise ValueError(
                f"dataset: each dataset of the {kind} has time courses of its own; choose one "
                f"of {_listed(fitted.datasets)}"
            )
        if vectors:
            product = np.prod([np.asarray(part.values, np.float64) for part in vectors], axis=0)
            found[full_name(model, component)] = product
    if not found:
        sliced = [each for each in model.component_types if each.startswith("time")]
        raise ValueError(
            f"components: no component of the {kind} has a time course of its own; give time "
            "courses (n_times, n_components) or a number of components"
            + "".join(f", or fit {each} components" for each in sliced)
        )
    return found


def caution_of(model: Any) -> str:
    """Return why the components of a model can't be interpreted one by one, or nothing.

    Parameters
    ----------
    model : fitted model, or an array of series
    """
    if not isinstance(model, TrialEstimator):
        return ""
    fitted = model.fitted_
    verdict = advice(fitted) if is_degenerate(fitted) else cancellation(fitted)
    missing = [f"{each[0].upper()}{each[1:]}." for each in findings(fitted)]
    return " ".join([verdict, *missing] if verdict else missing)


def trial_values(model: Any, given: Any, n_trials: int, argument: str) -> np.ndarray:
    """Return one value per trial: those given, or a trial coordinate of that name.

    Raises
    ------
    ValueError
        If there is no such coordinate, or the values don't fit the trials.
    """
    if isinstance(given, str):
        coords = model.fitted_.coords if isinstance(model, TrialEstimator) else {}
        known = sorted(name for name, (axis, _) in coords.items() if axis == "trial")
        if given not in known:
            raise ValueError(
                f"{argument}: no label of trials is called {given!r}; "
                + (f"known are {', '.join(known)}" if known else "there are none")
            )
        given = coords[given][1]
    refuse_sparse(given, argument)
    return one_each(given, n_trials, argument, along=_trial_coordinate(model, n_trials))


def _trial_coordinate(model: Any, n_trials: int) -> np.ndarray | None:
    if not isinstance(model, TrialEstimator):
        return own_index(trials_first(model), "trial", "model")
    axis, values = model.fitted_.coords.get("trial", (None, np.empty(0)))
    return values if axis == "trial" and len(values) == n_trials else None


def full_name(model: TrialEstimator, component: Component) -> str:
    """Return a component's name for tables on trials: "neuron-slicing 1", not "neuron 1"."""
    of, _, number = component.name.rpartition(" ")
    whole = next((t for t in model.component_types if t == of or t.startswith(f"{of}-")), of)
    return f"{whole} {number}"


def _series_name(model: TrialEstimator, component: Component, dataset: str | None) -> str:
    name = full_name(model, component)
    return name if dataset is None else f"{name}, {dataset}"


def _own_courses(
    component: Component, fitted: Fitted, kind: str, dataset: str | None
) -> Iterable[tuple[str | None, np.ndarray]]:
    """Return courses by dataset if there are any, else that of all data."""
    courses = component.courses
    by_dataset: dict[str | None, np.ndarray] = {
        own: course for own, course in courses.items() if own is not None
    }
    if dataset is not None and by_dataset:
        return [(own, course) for own, course in by_dataset.items() if own == dataset]
    if by_dataset and None not in courses and len(fitted.datasets) > 1:
        raise ValueError(
            f"dataset: each dataset of the {kind} has trials of its own; choose one of "
            f"{_listed(fitted.datasets)}"
        )
    return (by_dataset or dict(courses)).items()


def _in_dataset(component: Component, fitted: Fitted, dataset: str | None) -> list[Part]:
    """Return parts that describe a dataset; none if a component is private to another."""
    own = {part.dataset for part in component.parts} - {None}
    if dataset is not None and own and dataset not in own:
        return []
    return [part for part in component.parts if dataset is None or part.dataset in (None, dataset)]


def _checked_dataset(fitted: Fitted, kind: str, dataset: Any) -> str | None:
    """Return the name of a dataset of the model; in a list of datasets, its number."""
    if dataset is None or str(dataset) in fitted.datasets:
        return None if dataset is None else str(dataset)
    if not fitted.datasets:
        raise ValueError(f"dataset: {kind} is a model of one recording; leave out {dataset!r}")
    raise ValueError(
        f"dataset: the {kind} knows no dataset {dataset!r}; known are {_listed(fitted.datasets)}"
    )


def _warn_of_forgotten(fitted: Fitted, kind: str, n_known: int) -> None:
    """Warn that after ``partial_fit`` a model knows only its latest trials."""
    n_trials = fitted.shape[0]
    if not fitted.datasets and n_known < n_trials:
        warn(
            f"the {kind} was fitted in batches and knows the strength of components in its latest "
            f"trials only: {n_trials - n_known} to {n_trials - 1} of {n_trials}. These are "
            "followed, counted from 0. For all trials, give what transform returns of them"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(str, names))
