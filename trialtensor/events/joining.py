"""Sessions of a population that was tracked over days, as one tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.labels import plain_labels
from trialtensor.data.notices import warn
from trialtensor.data.parameters import check_choice, check_flag, check_whole
from trialtensor.data.time_axis import step_of, times_of
from trialtensor.data.validation import as_trial_tensor
from trialtensor.events.interpolation import Places, forward
from trialtensor.events.joined_labels import neuron_labels, trial_labels
from trialtensor.events.links import SessionLinks, session_links
from trialtensor.events.offsets import KINDS, OFFSET, SCALE, batch_offsets
from trialtensor.events.registry import Matching, match_cells
from trialtensor.events.steps import STEPS

if TYPE_CHECKING:
    import xarray

_ALIKE = 1e-6  # of a bin: times that went through other arithmetic
_JOINING = ("joined_by", "join_linked", "join_offsets")


class SessionLinkWarning(UserWarning):
    """Sessions share too few cells to compare components between them."""


def concat_sessions(
    sessions: Mapping[Any, Any] | Sequence[Any],
    registry: Any = None,
    *,
    n_components: int | None = None,
    remove_offsets: str | None = None,
    resample: bool = False,
) -> xarray.DataArray:
    """Join sessions in which some of the same cells were recorded to one tensor.

    Trials follow each other, session by session; a cell that isn't in a session is NaN there.

    Parameters
    ----------
    sessions : dict or list of (n_trials, n_neurons, n_times) DataArrays or arrays
        By name; those of a list are numbered from 0.
    registry : pandas.DataFrame, dict of columns, or (n_cells, n_sessions) array, optional
        One row for each cell, one column for each session with the label that the cell has in it
        (its number, from 0, in a session without labels), NaN or None where it isn't. The index
        names the cells; further columns become coordinates of the neurons. Neurons of a session
        that it doesn't name are left out. Without a registry, neurons with the same label are the
        same cell.
    n_components : int, optional
        Number of components that you are going to fit: warns if the shared cells can't link them.
    remove_offsets : {"mean", "scale"}, optional
        "mean": each cell gets the same mean in all sessions. "scale": the same standard deviation,
        by division, so that counts stay non-negative. What changed between days goes with it.
    resample : bool, default False
        Interpolate sessions linearly to the times of the first where theirs differ, within the
        time that all have. By default different times are refused.

    Returns
    -------
    xarray.DataArray
        Dimensions trial, neuron, time. Coordinates: ``session`` and ``trial_in_session`` of the
        trials; ``n_sessions``, and for a registry ``neuron_<session>``, of the neurons; ``present``
        (trial, neuron). All other coordinates are kept; one of the neurons that differs between
        sessions, such as their depth, becomes one a session. `split_sessions` takes it apart again.

    Raises
    ------
    ValueError
        For cells that can't be matched, and times that differ.

    Warns
    -----
    SessionLinkWarning
        If sessions share fewer cells than ``n_components``, or some none at all.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.events import concat_sessions, session_links
    >>> days = {"mon": np.ones((2, 3, 5)), "tue": np.ones((4, 2, 5))}
    >>> X = concat_sessions(days, {"mon": [0, 1, 2, None], "tue": [None, 0, None, 1]})
    >>> X.sizes, X["n_sessions"].to_numpy().tolist(), session_links(X).n_linked
    (Frozen({'trial': 6, 'neuron': 4, 'time': 5}), [1, 2, 1, 1], 1)
    """
    if remove_offsets is not None:
        check_choice("remove_offsets", remove_offsets, KINDS)
    if n_components is not None:
        check_whole("n_components", n_components, 1)
    names, given = _sessions(sessions)
    given = _on_one_axis(names, given, check_flag("resample", resample))
    cells = match_cells(names, given, registry)
    joined = _joined(names, given, cells)
    joined = joined.assign_coords(trial_labels(given))
    joined = joined.assign_coords(neuron_labels(names, given, cells, registry is not None))
    links = session_links(joined)
    _warn(links, n_components)
    joined = joined.assign_attrs(
        joined_by="concat_sessions", join_linked=links.n_linked, join_offsets="none"
    )
    return joined if remove_offsets is None else batch_offsets(joined, remove_offsets)


def split_sessions(X: xarray.DataArray, *, restore_offsets: bool = True) -> dict[Any, Any]:
    """Take apart what `concat_sessions` has joined.

    Parameters
    ----------
    X : xarray.DataArray
        From `concat_sessions`, or some of its trials or neurons.
    restore_offsets : bool, default True
        Give back the offsets between sessions that were removed.

    Returns
    -------
    dict of xarray.DataArray
        By session: its trials, and the cells that it has, in the order of the registry; with the
        labels that they had. Bit for bit if no offsets were removed.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.events import concat_sessions, split_sessions
    >>> X = concat_sessions([np.ones((2, 3, 5)), np.zeros((4, 2, 5))], [[0, 1], [2, None], [1, 0]])
    >>> [each.shape for each in split_sessions(X).values()]
    [(2, 3, 5), (4, 2, 5)]
    """
    check_flag("restore_offsets", restore_offsets)
    links = session_links(X)
    of_trial = plain_labels(X.coords["session"].to_numpy()).astype(object)
    if restore_offsets and SCALE in X.coords:
        X = X.copy(data=(X * X.coords[SCALE] + X.coords[OFFSET]).transpose(*X.dims).to_numpy())
    restored = restore_offsets or OFFSET not in X.coords
    added = ("session", "present", "n_sessions", OFFSET, SCALE)
    found = {}
    for name, present in zip(links.names, links.present, strict=True):
        own = X.isel(trial=np.flatnonzero(of_trial == name), neuron=np.flatnonzero(present))
        labels: dict[str, Any] = {}
        if f"neuron_{name}" in own.coords:
            labels["neuron"] = ("neuron", own.coords[f"neuron_{name}"].to_numpy())
        if "trial_in_session" in own.coords:
            labels["trial"] = ("trial", own.coords["trial_in_session"].to_numpy())
        others = [f"neuron_{each}" for each in links.names]
        gone = [each for each in (*added, *others, "trial_in_session") if each in own.coords]
        found[name] = own.drop_vars([*gone, "trial"]).assign_coords(labels)
        if restored:
            found[name].attrs = {k: each for k, each in X.attrs.items() if k not in _JOINING}
    return found


def _sessions(sessions: Any) -> tuple[list[Any], list[xarray.DataArray]]:
    if not isinstance(sessions, (Mapping, list, tuple)) or not len(sessions):
        raise ValueError(
            "sessions: expected a dict or list of (n_trials, n_neurons, n_times) arrays, got "
            f"{type(sessions).__name__}{' without any' if hasattr(sessions, '__len__') else ''}"
        )
    names = list(sessions) if isinstance(sessions, Mapping) else list(range(len(sessions)))
    given = list(sessions.values()) if isinstance(sessions, Mapping) else list(sessions)
    if len({str(name) for name in names}) < len(names):
        raise ValueError(f"sessions: two of the names read the same: {names}")
    arrays = [
        as_trial_tensor(each, name=f"sessions[{name!r}]", many=False)
        for name, each in zip(names, given, strict=True)
    ]
    return names, arrays


def _on_one_axis(names: list[Any], given: list[xarray.DataArray], resample: bool) -> list[Any]:
    """Check that times agree, or interpolate to those of the first session."""
    times = [times_of(X, f"sessions[{n!r}]") for X, n in zip(given, names, strict=True)]
    first = times[0]
    step = step_of(first, f"sessions[{names[0]!r}]") if resample else _finest(first)
    other = [
        i
        for i, each in enumerate(times)
        if each.shape != first.shape or np.abs(each - first).max() > _ALIKE * step
    ]
    if not other:
        return given
    if not resample:
        i = other[0]
        raise ValueError(
            f"sessions: their times differ: {names[0]!r} has {_axis(first)}, {names[i]!r} has "
            f"{_axis(times[i])}; cut them alike, or ask for resample=True"
        )
    start, stop = max(each[0] for each in times), min(each[-1] for each in times)
    grid = first[(first >= start - _ALIKE * step) & (first <= stop + _ALIKE * step)]
    if not len(grid):
        raise ValueError(f"sessions: they have no time in common; {names[0]!r} has {_axis(first)}")
    return [_resampled(X, own, grid) for X, own in zip(given, times, strict=True)]


def _finest(times: np.ndarray) -> float:
    return float(np.diff(times).min()) if len(times) > 1 else 1.0


def _axis(times: np.ndarray) -> str:
    return f"{len(times)} bins from {times[0]:g} to {times[-1]:g}"


def _resampled(X: xarray.DataArray, times: np.ndarray, grid: np.ndarray) -> xarray.DataArray:
    import xarray

    step_of(times)
    values = X.to_numpy()
    values = values if values.dtype.kind == "f" else values.astype(np.float64)
    flat = values.reshape(-1, values.shape[2])
    inside = np.clip(grid, times[0], times[-1])  # rounding may put an end just outside
    found = forward(flat, Places.among(times, inside), nearest=False)
    kept = {name: each for name, each in X.coords.items() if "time" not in each.dims}
    return xarray.DataArray(
        found.reshape(*values.shape[:2], -1),
        dims=("trial", "neuron", "time"),
        coords={**kept, "time": grid},
        attrs=X.attrs,
        name=X.name,
    )


def _joined(names: list[Any], given: list[Any], cells: Matching) -> xarray.DataArray:
    """Return the values of all sessions, and where there are any."""
    import xarray

    counts = [X.sizes["trial"] for X in given]
    single = all(X.dtype in (np.float32, np.float16) for X in given)
    shape = (sum(counts), len(cells.cells), given[0].sizes["time"])
    found = np.full(shape, np.nan, np.float32 if single else np.float64)
    at = 0
    for X, places, n in zip(given, cells.places, counts, strict=True):
        there = np.flatnonzero(places >= 0)
        found[at : at + n, there] = X.to_numpy()[:, places[there]]
        at += n
    present = np.repeat(cells.places >= 0, counts, axis=0)
    coords: dict[str, Any] = {
        "trial": np.arange(shape[0]),
        "session": ("trial", np.repeat(np.array(names), counts)),
        "neuron": cells.cells,
        "n_sessions": ("neuron", (cells.places >= 0).sum(axis=0)),
        "present": (("trial", "neuron"), present),
    }
    if "time" in given[0].coords:
        coords["time"] = given[0].coords["time"].variable
    attrs = _common_attrs(given)
    called = {X.name for X in given}
    return xarray.DataArray(
        found,
        dims=("trial", "neuron", "time"),
        coords=coords,
        attrs=attrs,
        name=called.pop() if len(called) == 1 else None,
    )


def _common_attrs(given: list[Any]) -> dict[str, Any]:
    """Return the attributes that all sessions share; of the record of their times, all or none."""
    names = {name for X in given for name in X.attrs}
    same = {
        name
        for name in names
        if all(
            name in X.attrs and np.array_equal(X.attrs[name], given[0].attrs[name]) for X in given
        )
    }
    steps = ("pad_", "align_", "warp_")
    record = {name for name in names - {"align_to"} if str(name).startswith(steps)}
    kept = same if record <= same else same - record - {STEPS}
    return {name: value for name, value in given[0].attrs.items() if name in kept}


def _warn(links: SessionLinks, n_components: int | None) -> None:
    told = links.warning(1 if n_components is None else n_components)
    if told:
        warn(told, SessionLinkWarning)
