"""Trial tensors in the layouts of other tools, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.parameters import check_choice
from trialtensor.data.shown import OneLine
from trialtensor.data.validation import as_trial_tensor
from trialtensor.io import condition_layout, pynapple_layout, spike_layout

if TYPE_CHECKING:
    import xarray

_MISSING = ("refuse", "drop", "keep")


@dataclass(frozen=True, eq=False, repr=False)
class ToolLayout(OneLine):
    """Data in the layout of another tool, with what is needed to go back.

    Attributes
    ----------
    tool : str
    values : array, or objects of the tool
        What the tool takes.
    axes : tuple of str
        Of ``values``.
    labels : dict
        Name -> labels along an axis: of samples, for the tools that take samples; of trials,
        neurons and times, for those that take a tensor.
    use : str
        How the tool takes it.
    """

    tool: str
    values: Any
    axes: tuple[str, ...]
    labels: dict[str, np.ndarray]
    use: str
    _tensor: xarray.DataArray
    _kept: np.ndarray | None = None


def to_layout(X: Any, tool: str, *, by: Any = None, missing: str | None = None) -> ToolLayout:
    """Reshape a trial tensor for another tool, with all labels.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
    tool : str
        - "pynapple": a ``TsdFrame`` of all trials, one after the other, and the ``IntervalSet`` of
          the trials, with labels as metadata; ``nap.build_tensor(*values)`` gives the tensor. Needs
          pynapple.
        - "dpca": the means over trials (neuron, conditions..., time), and all trials with NaN where
          conditions have fewer (trial, neuron, conditions..., time): ``X`` and ``trialX`` of dPCA.
          Needs ``by``.
        - "dsa": (trial, time, neuron), as Dynamical Similarity Analysis takes one system.
        - "cebra", "nemos": (sample, neuron), a sample being a bin of a trial; the labels of trials
          are repeated for each of its bins.
        - "elephant": a list of trials of lists of ``neo.SpikeTrain``, as ``elephant.gpfa.GPFA``
          takes them, made of counts: the spikes of a bin are spread evenly within it, so that the
          same bins give the same counts. Needs neo.
        - "tensortools": (neuron, time, trial).
        - "sklearn": (trial, feature), a feature being a bin of a neuron.
    by : str or list of str, optional
        For "dpca": coordinates of the trials whose values are the conditions.
    missing : {"refuse", "drop", "keep"}, optional
        What to do about NaN. "drop" leaves out samples (trials, for "sklearn") that have any. By
        default tools that can't take NaN ("dsa", "cebra", "elephant", "tensortools") refuse it.

    Returns
    -------
    ToolLayout
        `from_layout` undoes it.

    Raises
    ------
    ValueError
        For an unknown tool, missing entries that it can't take, and conditions without trials.

    References
    ----------
    The layouts are those of: pynapple, ``build_tensor``; the README of machenslab/dPCA; the README
    of mitchellostrow/DSA; CEBRA, ``CEBRA.fit``; nemos, ``PopulationGLM.fit``; elephant,
    ``GPFA.fit``; the examples of neurostatslab/tensortools.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.io import from_layout, to_layout
    >>> X = np.arange(24.0).reshape(2, 3, 4)
    >>> layout = to_layout(X, "cebra")
    >>> layout.values.shape, layout.labels["trial"].tolist()
    ((8, 3), [0, 0, 0, 0, 1, 1, 1, 1])
    >>> bool((from_layout(layout) == X).all())
    True
    """
    check_choice("tool", tool, _TOOLS)
    if missing is not None:
        check_choice("missing", missing, _MISSING)
    if by is not None and tool != "dpca":
        raise ValueError(f"by: only 'dpca' takes conditions, {tool!r} doesn't; got {by!r}")
    labelled = as_trial_tensor(X, many=False)
    gone = int(np.isnan(labelled.to_numpy()).sum()) if labelled.dtype.kind == "f" else 0
    how = missing or ("refuse" if tool in _COMPLETE else "keep")
    if gone and how == "refuse":
        raise ValueError(
            f"missing: {tool} can't take missing entries, and {gone} of {labelled.size} are; "
            "choose trials, neurons and times without, or missing='drop' or 'keep'"
        )
    if gone and how == "drop" and tool not in _BY_ROW:
        raise ValueError(f"missing: only {', '.join(_BY_ROW)} can drop rows, {tool!r} can't")
    if tool in _BY_ROW:
        return _by_row(labelled, tool, drop=bool(gone) and how == "drop")
    if tool == "dpca":
        return _dpca(labelled, by)
    return _TOOLS[tool](labelled)


def from_layout(layout: Any, tool: str | None = None) -> xarray.DataArray:
    """Return the trial tensor of what is in the layout of another tool.

    Parameters
    ----------
    layout : ToolLayout, or values in a layout
        From `to_layout`, which knows all labels. Or a pair of pynapple's ``TsdFrame`` and
        ``IntervalSet``, or an array as of "dsa" and "tensortools", with ``tool``.
    tool : {"pynapple", "dsa", "tensortools"}, optional
        Of values without a `ToolLayout`.

    Returns
    -------
    xarray.DataArray
        Dimensions trial, neuron, time; NaN for what was dropped. Bit for bit what was given.

    Raises
    ------
    ValueError
        For values without a ``tool``, another one than the layout's, and shapes that don't fit.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.io import from_layout
    >>> from_layout(np.zeros((3, 4, 2)), "tensortools").sizes
    Frozen({'trial': 2, 'neuron': 3, 'time': 4})
    """
    if not isinstance(layout, ToolLayout):
        return _from_values(layout, tool)
    if tool not in (None, layout.tool):
        raise ValueError(f"tool: the layout is one for {layout.tool!r}, got {tool!r}")
    tensor = layout._tensor
    if layout.tool == "pynapple":
        return tensor.copy(data=pynapple_layout.tensor_of(*layout.values).to_numpy())
    if layout.tool == "elephant":
        values = spike_layout.counts_of(layout.values, tensor)
    elif layout.tool == "dpca":
        values = condition_layout.of_conditions(layout.values[1], layout._kept, tensor.dtype)
    elif layout.tool in _BY_ROW:
        values = _from_rows(layout)
    else:
        values = np.asarray(layout.values).transpose(_ORDERS[layout.tool])
    if values.shape != tensor.shape:
        raise ValueError(
            f"layout: expected values of a tensor {tensor.shape}, got {np.shape(layout.values)}"
        )
    return tensor.copy(data=values)


def _from_values(values: Any, tool: str | None) -> xarray.DataArray:
    known = ("pynapple", *_ORDERS)
    if tool is None:
        raise ValueError(f"tool: expected one of {', '.join(map(repr, known))} for bare values")
    check_choice("tool", tool, known)
    if tool == "pynapple":
        if not isinstance(values, tuple) or len(values) != 2:
            raise ValueError("layout: expected a pair of TsdFrame and IntervalSet")
        return pynapple_layout.tensor_of(*values)
    values = np.asarray(values)
    if values.ndim != 3:
        raise ValueError(f"layout: expected an array of three axes, got shape {values.shape}")
    return as_trial_tensor(values.transpose(_ORDERS[tool]), many=False)


def _pynapple(X: xarray.DataArray) -> ToolLayout:
    frame, epochs = pynapple_layout.frame_of(X)
    use = "pynapple.build_tensor(*layout.values)"
    return ToolLayout("pynapple", (frame, epochs), ("time", "neuron"), _all_labels(X), use, X)


def _elephant(X: xarray.DataArray) -> ToolLayout:
    use = "elephant.gpfa.GPFA(bin_size=...).fit(layout.values)"
    trains = spike_layout.trains_of(X)
    return ToolLayout("elephant", trains, ("trial", "neuron"), _all_labels(X), use, X)


def _dsa(X: xarray.DataArray) -> ToolLayout:
    values = X.to_numpy().transpose(0, 2, 1)
    use = "DSA.DSA(layout.values, other.values).fit_score()"
    return ToolLayout("dsa", values, ("trial", "time", "neuron"), _all_labels(X), use, X)


def _tensortools(X: xarray.DataArray) -> ToolLayout:
    values = X.to_numpy().transpose(1, 2, 0)
    use = "tensortools.Ensemble().fit(layout.values, ranks=range(1, 9))"
    return ToolLayout("tensortools", values, ("neuron", "time", "trial"), _all_labels(X), use, X)


def _by_row(X: xarray.DataArray, tool: str, *, drop: bool) -> ToolLayout:
    """Return samples x neurons, or trials x features."""
    n_trials, n_neurons, _ = X.shape
    if tool == "sklearn":
        values, axes = X.to_numpy().reshape(n_trials, -1), ("trial", "feature")
    else:
        values, axes = X.to_numpy().transpose(0, 2, 1).reshape(-1, n_neurons), ("sample", "neuron")
    labels = _all_labels(X)
    dims = {name: str(X.coords[name].dims[0]) if name in X.coords else name for name in labels}
    labels = {name: _along(tool, dims[name], each, X.shape) for name, each in labels.items()}
    kept = None
    if drop:
        kept = ~np.isnan(values).any(axis=1)
        rows = ("trial",) if tool == "sklearn" else ("trial", "time")
        labels |= {name: labels[name][kept] for name, dim in dims.items() if dim in rows}
        values = values[kept]
    return ToolLayout(tool, values, axes, labels, _USES[tool], X, kept)


def _along(tool: str, dim: str, labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Repeat labels of an axis for the rows or columns that belong to each."""
    n_trials, n_neurons, n_times = shape
    if tool == "sklearn":
        repeats, tiles = {"neuron": n_times}, {"time": n_neurons}
    else:
        repeats, tiles = {"trial": n_times}, {"time": n_trials}
    return np.tile(np.repeat(labels, repeats.get(dim, 1)), tiles.get(dim, 1))


def _from_rows(layout: ToolLayout) -> np.ndarray:
    n_trials, n_neurons, n_times = layout._tensor.shape
    values = np.asarray(layout.values)
    if layout._kept is not None:
        whole = np.full((len(layout._kept), values.shape[1]), np.nan, values.dtype)
        whole[layout._kept] = values
        values = whole
    if layout.tool == "sklearn":
        return values.reshape(n_trials, n_neurons, n_times)
    return values.reshape(n_trials, n_times, n_neurons).transpose(0, 2, 1)


def _dpca(X: xarray.DataArray, by: Any) -> ToolLayout:
    names = [by] if isinstance(by, str) else list(by or ())
    means, trials, levels, places = condition_layout.by_condition(X, names)
    use = "dPCA.dPCA(labels=..., regularizer='auto').fit_transform(X, trialX=trialX)"
    axes = ("trial", "neuron", *names, "time")
    labels = {**_all_labels(X), **levels}
    return ToolLayout("dpca", (means, trials), axes, labels, use, X, places)


def _all_labels(X: xarray.DataArray) -> dict[str, np.ndarray]:
    """Return all labels along one axis; numbers where an axis has none."""
    found: dict[str, np.ndarray] = {
        str(dim): np.arange(n) for dim, n in X.sizes.items() if dim not in X.coords
    }
    return found | {
        str(name): each.to_numpy() for name, each in X.coords.items() if len(each.dims) == 1
    }


_TOOLS: dict[str, Callable[..., ToolLayout]] = {
    "pynapple": _pynapple,
    "dpca": _dpca,
    "dsa": _dsa,
    "cebra": _by_row,
    "nemos": _by_row,
    "elephant": _elephant,
    "tensortools": _tensortools,
    "sklearn": _by_row,
}
# From the axes of a tool to trial, neuron, time.
_ORDERS = {"dsa": (0, 2, 1), "tensortools": (2, 0, 1)}
_BY_ROW = ("cebra", "nemos", "sklearn")
_USES = {
    "cebra": "cebra.CEBRA().fit(layout.values, layout.labels[...])",
    "nemos": "nemos.glm.PopulationGLM().fit(features, layout.values)",
    "sklearn": "sklearn.linear_model.LogisticRegression().fit(layout.values, layout.labels[...])",
}
_COMPLETE = ("dsa", "cebra", "elephant", "tensortools")
