"""Series of several animals, matched component by component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trialtensor.alignment import match_fits
from trialtensor.data.notices import warn
from trialtensor.models.base import TrialEstimator
from trialtensor.tracking.courses import trial_series
from trialtensor.tracking.following_result import Tracking
from trialtensor.tracking.transitions import Transitions

N_NEEDED = 20  # trials with a value


def sessions_of(given: Any, by: Any) -> tuple[list[Any], list[str]]:
    """Return sessions and the animal of each.

    Raises
    ------
    ValueError
        If the animals aren't named, or are fewer than two.
    """
    sessions: list[Any] = []
    names: list[str] = []
    pairs = given.items() if isinstance(given, Mapping) else ((None, each) for each in given)
    for key, value in pairs:
        several = value if isinstance(key, str) and isinstance(value, list | tuple) else [value]
        sessions += several
        names += [str(key)] * len(several)
    if not isinstance(by, str):
        names = [str(each) for each in by]
    elif not isinstance(given, Mapping) or all(_has(each, by) for each in sessions):
        names = [_name_of(each, by, i) for i, each in enumerate(sessions)]
    if len(names) != len(sessions):
        raise ValueError(f"by: expected {len(sessions)} names, one a session, got {len(names)}")
    if len(set(names)) < 2:
        raise ValueError(f"by: expected at least 2 animals, got {sorted(set(names))}")
    return sessions, names


def matched_series(sessions: Sequence[Any]) -> dict[str, list[Any]]:
    """Return, for each component, a series or `Transitions` per session; None without a match.

    Raises
    ------
    ValueError
        If models are mixed with series, or sessions have different numbers of series.
    """
    models = [isinstance(each, TrialEstimator) for each in sessions]
    if any(models) and not all(models):
        raise ValueError(
            "sessions: expected models only, or no models; components can't be matched"
        )
    if all(models):
        return _of_models(sessions)
    found = [_columns(each) for each in sessions]
    first = list(found[0])
    for i, each in enumerate(found):
        if list(each) != first:
            raise ValueError(
                f"sessions: number {i} has the series {list(each)}, the first one has {first}"
            )
    return {name: [each[name] for each in found] for name in first}


def _has(session: Any, by: str) -> bool:
    return isinstance(session, TrialEstimator) and by in session.fitted_.coords


def _name_of(session: Any, by: str, i: int) -> str:
    if not _has(session, by):
        raise ValueError(
            f"by: session {i} has no coordinate {by!r}; give a dict by animal, or names, one a "
            "session"
        )
    values = np.unique(np.asarray(session.fitted_.coords[by][1]).astype(str))
    if len(values) != 1:
        raise ValueError(f"by: session {i} has several values of {by!r}: {values.tolist()}")
    return str(values[0])


def _columns(session: Any) -> dict[str, Any]:
    if isinstance(session, Transitions):
        if session.draws.amplitudes.shape[2] > 1:
            raise ValueError("sessions: expected Transitions of one series each")
        return {"component 1": session}
    if isinstance(session, Tracking):
        return {str(name): session.series[name].to_numpy() for name in session.series}
    return dict(trial_series(session, None, N_NEEDED))


def _of_models(models: Sequence[Any]) -> dict[str, list[Any]]:
    """Match by time courses: the animals have other neurons, and other trials."""
    alignment = match_fits(models, axes="time")
    courses = [trial_series(each, None, N_NEEDED) for each in models]
    for i, (model, own) in enumerate(zip(models, courses, strict=True)):
        if len(own) != len(model.fitted_.components):
            raise ValueError(
                f"sessions: number {i} has {len(model.fitted_.components)} components with "
                f"{len(own)} courses over trials; give the series to compare as arrays"
            )
    values = [[_upright(each) for each in own.values()] for own in courses]
    found: dict[str, list[Any]] = {}
    for r, name in enumerate(courses[0]):
        partners = [
            values[i][alignment.order[i, r]] if alignment.matched[i, r] else None
            for i in range(len(models))
        ]
        missing = [i for i, each in enumerate(partners) if each is None]
        if missing:
            warn(f"{name} has no match, by its time course, in sessions {missing}: left out there")
        found[name] = partners
    return found


def _upright(course: np.ndarray) -> np.ndarray:
    """Return a course with a positive mean: its sign is shared with neurons that differ."""
    return -course if np.nansum(course) < 0 else course
