"""Labels of trials and neurons of several sessions, as those of one tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.labels import labels_alike, plain_labels, unlabelled
from trialtensor.events.registry import Matching


def trial_labels(given: list[Any]) -> dict[str, Any]:
    """Return the coordinates of trials of all sessions, empty where a session has none.

    Parameters
    ----------
    given : list of xarray.DataArray
        The sessions.
    """
    known = dict.fromkeys(
        str(name) for X in given for name, each in X.coords.items() if each.dims == ("trial",)
    )
    found = {}
    for name in known:
        parts = [
            (X.coords[name].to_numpy() if name in X.coords else None, X.sizes["trial"])
            for X in given
        ]
        own = {"trial": "trial_in_session", "session": "session_before"}.get(name, name)
        found[own] = ("trial", _end_to_end(parts))
    return found


def neuron_labels(
    names: list[Any], given: list[Any], cells: Matching, registered: bool
) -> dict[str, Any]:
    """Return the coordinates of neurons: one where sessions agree, else one for each session.

    Parameters
    ----------
    names : list
        Of the sessions.
    given : list of xarray.DataArray
        The sessions.
    cells : Matching
    registered : bool
        Whether cells were matched by a registry, so that they have other labels in the sessions.
    """
    found: dict[str, Any] = {
        name: ("neuron", _storable(each)) for name, each in cells.about.items()
    }
    known = dict.fromkeys(
        str(name) for X in given for name, each in X.coords.items() if each.dims == ("neuron",)
    )
    for name in known:
        columns = [
            _of_cells(X.coords[name].to_numpy(), places)
            if name in X.coords
            else np.full(len(places), None)
            for X, places in zip(given, cells.places, strict=True)
        ]
        if name == "neuron":
            continue
        common = _common(columns)
        if common is not None:
            found[name] = ("neuron", _storable(common))
            continue
        for session, column in zip(names, columns, strict=True):
            found[f"{name}_{session}"] = ("neuron", _storable(column))
    if registered:
        for session, X, places in zip(names, given, cells.places, strict=True):
            own = X.coords["neuron"].to_numpy() if "neuron" in X.coords else np.arange(X.shape[1])
            found[f"neuron_{session}"] = ("neuron", _storable(_of_cells(own, places)))
    return found


def _of_cells(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    column = np.full(len(places), None, object)
    there = places >= 0
    column[there] = plain_labels(values).astype(object)[places[there]]
    return column


def _common(columns: list[np.ndarray]) -> np.ndarray | None:
    """Return one label for each cell, if no two sessions give it different ones."""
    found = columns[0].copy()
    for column in columns[1:]:
        mine, theirs = unlabelled(plain_labels(found)), unlabelled(plain_labels(column))
        both = ~mine & ~theirs
        if both.any() and not labels_alike(found[both], column[both]).all():
            return None
        found[mine] = column[mine]
    return found


def _end_to_end(parts: list[tuple[Any, int]]) -> np.ndarray:
    known = [each for each, _ in parts if each is not None]
    if len(known) == len(parts) and len({each.dtype.kind for each in known}) == 1:
        return np.concatenate(known)
    return _storable(
        np.concatenate(
            [
                np.full(n, None, object) if each is None else plain_labels(each).astype(object)
                for each, n in parts
            ]
        )
    )


def _storable(labels: np.ndarray) -> np.ndarray:
    """Return labels in a form that netCDF has: no text is "", no truth value is NaN."""
    found = plain_labels(labels)
    if found.dtype.kind != "O":
        return found
    gone = unlabelled(found)
    if all(isinstance(each, (bool, np.bool_)) for each in found[~gone]):
        return np.where(gone, np.nan, np.where(gone, 0, found).astype(float))
    return np.where(gone, "", found).astype(str)
