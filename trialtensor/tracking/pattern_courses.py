"""Time courses used to compare patterns of neurons."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.optimize

from trialtensor.data.arrays import as_floats, exponent_of, scaled
from trialtensor.data.notices import warn
from trialtensor.models import TCA, DegeneracyWarning, TrialEstimator
from trialtensor.models.parameters import check_whole, kind_of
from trialtensor.models.verdict import is_degenerate
from trialtensor.tracking.courses import time_courses

ALIKE = 0.9  # cosine of a time course of early trials with that of the component it is named after
UNLIKE = "early course unlike"


def used_courses(
    components: Any,
    dataset: Any,
    X: np.ndarray,
    early: np.ndarray,
    times: np.ndarray,
    rng: np.random.Generator,
) -> tuple[list[str], np.ndarray]:
    """Return names and time courses of components, at the times used.

    Parameters
    ----------
    components, dataset : as for `pattern_change`
    X : (n_trials, n_neurons, n_times) array
        NaN where missing.
    early : int array
        Trials whose TCA gives the time courses, where ``components`` is a number.
    times : (n_times,) bool array
    rng : Generator

    Returns
    -------
    names : list of str
    courses : (n_used_times, R) array

    Raises
    ------
    ValueError
        For time courses that don't fit the data or can't be told apart.
    """
    if isinstance(components, TrialEstimator):
        found = time_courses(components, dataset)
        courses = np.stack(list(found.values()), axis=1)
        of = f" of the {type(components).__name__}"
        used = _checked_courses(courses, X.shape[2], times, of, independent=not _is_cp(components))
        names = list(found)
        if _is_cp(components):
            used, cosines = _in_order(_early_courses(len(found), X[early], times, rng), used)
            # What has no counterpart in early trials must not lend its name to something else.
            names = [
                name if each >= ALIKE else f"{UNLIKE} {name}"
                for name, each in zip(names, cosines, strict=True)
            ]
        return names, used
    if dataset is not None:
        raise ValueError(f"dataset: is for a model of several datasets, leave out {dataset!r}")
    if isinstance(components, int | np.integer) and not isinstance(components, bool):
        used = _early_courses(int(components), X[early], times, rng)
    else:
        try:
            given = as_floats(components, "components")
        except (TypeError, ValueError):
            if hasattr(components, "shape"):
                raise
            raise ValueError(
                "components: expected a number, time courses (n_times, n_components) or a fitted "
                f"model, got {kind_of(components)}"
            ) from None
        used = _checked_courses(given, X.shape[2], times)
    return [f"component {r + 1}" for r in range(used.shape[1])], used


def _early_courses(
    n_components: int, X: np.ndarray, times: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the time factors of a TCA of the early trials."""
    check_whole("components", n_components, 1)
    if n_components >= times.sum():
        raise ValueError(
            f"components: expected fewer than the {times.sum()} times, got {n_components}"
        )
    seed = int(rng.integers(2**31))
    seen = np.isfinite(X).any(axis=(0, 2))
    inner = X[:, seen][:, :, times]
    inner = inner[np.isfinite(inner).any(axis=(1, 2))]
    nonnegative = not (inner < 0).any()
    model = TCA(n_components, nonnegative=nonnegative, n_init=5, random_state=seed)
    with warnings.catch_warnings():
        # It would name components that the caller has never seen.
        warnings.simplefilter("ignore", DegeneracyWarning)
        model.fit(inner)
    if is_degenerate(model.fitted_):
        warn(
            "components: two components fitted to the early trials cancel each other, so verdicts "
            "on single components mean little; give fewer components, or time courses"
        )
    return np.asarray(model.time_factors_)


def _is_cp(model: TrialEstimator) -> bool:
    """Return whether every component is a product of trial, neuron and time factors.

    Such a model of all trials shows a rotation as two components with the same time course.
    """
    modes = ("trial",), ("neuron",), ("time",)
    return all(
        {part.dims for part in component.parts} == set(modes)
        and all(part.block is None for part in component.parts)
        for component in model.fitted_.components
    )


def _in_order(courses: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put time courses in the order of the ones that they resemble, with their sign; say how much.

    Returns
    -------
    courses : (n_times, R) array
    cosines : (R,) array
        With those that they resemble.
    """
    norms = [np.maximum(np.linalg.norm(each, axis=0), 1e-200) for each in (wanted, courses)]
    cosines = (wanted / norms[0]).T @ (courses / norms[1])
    order = scipy.optimize.linear_sum_assignment(-np.abs(cosines))[1]
    matched = cosines[np.arange(len(order)), order]
    signs = np.where(matched < 0, -1.0, 1.0)
    return np.asarray(courses[:, order] * signs), np.abs(matched)


def _checked_courses(
    given: np.ndarray,
    n_times: int,
    times: np.ndarray,
    of: str = "",
    *,
    independent: bool = True,
) -> np.ndarray:
    """Check time courses at the times used; ``of`` names the model that they come from."""
    if given.ndim != 2 or len(given) != n_times:
        raise ValueError(
            f"components: expected time courses of shape ({n_times}, n_components), got shape "
            f"{given.shape}{of}"
        )
    given = np.stack([scaled(each, -exponent_of(each)) for each in given[times].T], axis=1)
    known = bool(np.isfinite(given).all())
    if not known or (independent and np.linalg.matrix_rank(given) < given.shape[1]):
        raise ValueError(
            "components: expected time courses that are finite and independent"
            + (f", those{of} aren't" if of else "")
        )
    if given.shape[1] >= len(given):
        raise ValueError(
            f"components: expected fewer than the {len(given)} times, got {given.shape[1]}{of}"
        )
    return given
