"""Reading a labelled trial tensor from a file."""

import os
from collections.abc import Sequence
from pathlib import Path

import xarray

from trialtensor.data.axes import ASSUMED, ORDER, order_assumed
from trialtensor.data.notices import warn
from trialtensor.data.parameters import check_flag
from trialtensor.data.validation import as_trial_tensor
from trialtensor.io.axis_order import order_by_labels
from trialtensor.io.hints import refuse_sessions, session_hint
from trialtensor.io.labels import add_labels
from trialtensor.io.lazily import stays_in_file, with_values
from trialtensor.opening.guard import RefusedError, UnreadableError
from trialtensor.variables.contents import MAIN, VariableInfo, listed
from trialtensor.variables.readers import Get, Reader, find_reader, opened


def read(
    path: str | os.PathLike[str],
    *,
    variable: str | None = None,
    axes: str | Sequence[str] | None = None,
    lazy: bool = False,
) -> xarray.DataArray:
    """Read a trial tensor from a file, or open one that is larger than memory.

    Parameters
    ----------
    path : str or path
        An npz, npy, netCDF, HDF5 or MATLAB 7.3 file, recognised by its suffix. Nothing in it is
        executed, and Python objects are refused.
    variable : str, optional
        The array to read; required if the file has more than one with three axes (or, without
        any, with more), unless one of them has the attribute ``main_tensor`` (1).
    axes : sequence of names, or one text, optional
        The axes of the array, such as ``"neuron,trial,time"``. By default the names in the file,
        else (trial, neuron, time) unless labels beside it only fit another order. More axes can
        have any name, such as ``"trial,channel,frequency,time"``.

    lazy : bool
        Leave the values in the file (netCDF, HDF5, MATLAB 7.3, npy or Zarr) until they are asked
        for, and read labels only. `TCA` and `SliceTCA` read large ones a few trials at a time; see
        :func:`trialtensor.on_disk`. The file is closed by ``close()``, at the end of a ``with``
        block, or once nothing refers to it.

    Returns
    -------
    xarray.DataArray
        With dimensions ("trial", "neuron", "time"), any others before time. One-dimensional
        variables in the same group of the file and in its parents become coordinates: in netCDF by
        the name of their
        dimension, else by their length (compared with trials first, then neurons, then times);
        so do columns ``(n, 1)``. Bytes become text; a label that can't be read is warned of.
        A scalar `bin_width_s` gives `time`, the bin centres in seconds. The attribute
        ``axes_order`` is "assumed" if nothing said which axes these are, or says which labels did.
        netCDF and HDF5 files are read by what they hold, whatever their suffix: scale, offset and
        missing values are applied as xarray does (`valid_range`, `valid_min` and `valid_max` are
        not), dimension scales and labels of axes name the axes, and what the netCDF library fills
        unwritten places with is missing. Arrays that MATLAB wrote have their axes in its order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is a file of events, which `trialtensor.open_session` opens; if the suffix is unknown
        or doesn't match the content, if the file is damaged or declares
        more than it can hold or than fits into memory, if the variable doesn't exist, isn't a trial
        tensor or is in another file, if there are several and `variable` isn't given, or if labels
        beside an array without names of axes contradict their order and leave several.

    Warns
    -----
    UserWarning
        If labels beside the array gave another order than trials, neurons, times.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np
    >>> from trialtensor.io import read
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "session.npz"
    >>> np.savez(path, rates=np.zeros((6, 5, 4)), reward=np.arange(6) % 2, bin_width_s=0.02)
    >>> X = read(path)
    >>> X["reward"].to_numpy()
    array([0, 1, 0, 1, 0, 1])
    >>> X["time"].to_numpy()
    array([0.01, 0.03, 0.05, 0.07])
    >>> np.save(path.with_suffix(".npy"), np.ones((6, 5, 4)))
    >>> with read(path.with_suffix(".npy"), lazy=True) as X:
    ...     X[2:4].to_numpy().sum()
    np.float64(40.0)
    """
    path = Path(path)
    reader = _reader_of(path)
    variables = _described(reader, path)
    if variable is None:
        refuse_sessions(path)
    chosen = _choose(path, variables, variable)
    with opened(reader, path) as get:
        if check_flag("lazy", lazy):
            values, labels = stays_in_file(path, get, variables, chosen, axes)
            tensor = with_values(read_variable(path, labels, variables, chosen, axes), values)
        else:
            tensor = read_variable(path, get, variables, chosen, axes)
    order = tensor.attrs.get(ORDER, ASSUMED)
    if axes is None and order != ASSUMED:
        warn(f"{path}: {chosen.name} was read as {order}; if that is wrong, give axes")
    return tensor


def read_variable(
    path: Path,
    get: Get,
    variables: list[VariableInfo],
    chosen: VariableInfo,
    axes: str | Sequence[str] | None,
) -> xarray.DataArray:
    """Read a variable of a file whose contents are known, with its labels.

    Parameters
    ----------
    path : Path
    get : callable
        Reads a variable of the open file.
    variables : list of VariableInfo
        All variables in the file.
    chosen : VariableInfo
        The tensor.
    axes : sequence of three names, or None
        As for `read`.
    """
    values = get(chosen.name)
    found = None
    if axes is None and order_assumed(values):
        found = order_by_labels(chosen, variables, get, path)
        axes = None if found is None else found.order
    tensor = as_trial_tensor(values, axes=axes, name=f"{chosen.name} in {path}")
    tensor = tensor.rename(chosen.name.rsplit("/", 1)[-1])
    # netCDF's list of labels: written again, it would hide those that are added. And what is the
    # main tensor of this file needn't be that of another one.
    not_of_it = ("coordinates", MAIN)
    tensor.attrs = {name: each for name, each in tensor.attrs.items() if name not in not_of_it}
    if found is not None:
        tensor = tensor.assign_attrs({ORDER: str(found)})
    elif axes is None and order_assumed(values):
        tensor = tensor.assign_attrs({ORDER: ASSUMED})
    return add_labels(tensor, chosen, variables, get, path, axes)


def tensors_of(variables: Sequence[VariableInfo]) -> list[VariableInfo]:
    """List the variables that can be a tensor: those with three axes, else those with more.

    Parameters
    ----------
    variables : sequence of VariableInfo
    """
    return [info for info in variables if info.is_tensor] or [
        info for info in variables if info.has_more_axes
    ]


def main_of(tensors: Sequence[VariableInfo]) -> VariableInfo | None:
    """Return the tensor that the file says is meant, or the only one.

    Parameters
    ----------
    tensors : sequence of VariableInfo
        Of `tensors_of`.
    """
    said = [info for info in tensors if info.is_main]
    found = said if len(said) == 1 else tensors
    return found[0] if len(found) == 1 else None


def _reader_of(path: Path) -> Reader:
    try:
        return find_reader(path)
    except UnreadableError:
        raise  # a pipe or a device, which isn't to be opened
    except ValueError as error:
        raise ValueError(f"{error}{session_hint(path)}") from None


def _described(reader: Reader, path: Path) -> list[VariableInfo]:
    try:
        return reader.describe(path)
    except UnreadableError as error:
        if not isinstance(error.__cause__, RefusedError) or not (hint := session_hint(path)):
            raise
        raise UnreadableError(f"{error}{hint}") from error.__cause__


def _choose(path: Path, variables: list[VariableInfo], wanted: str | None) -> VariableInfo:
    everything = listed(variables)
    if wanted is not None:
        chosen = next((info for info in variables if info.name == wanted), None)
        if chosen is None:
            raise ValueError(f"{path}: has no variable {wanted!r}, but {everything}")
        if chosen.refused:
            raise ValueError(f"{path}: {chosen}")
        if chosen.is_pickled:
            raise ValueError(
                f"{path}: variable {wanted!r} holds Python objects (a pickle), which are never "
                "loaded; save it as an array of numbers"
            )
        return chosen
    tensors = tensors_of(variables)
    if not tensors:
        raise ValueError(
            f"{path}: has no numeric variable with three axes "
            f"(n_trials, n_neurons, n_times), but {everything}{session_hint(path)}"
        )
    main = main_of(tensors)
    if main is None:
        choice = listed(tensors)
        n_axes = "three axes" if tensors[0].is_tensor else "more than three axes"
        raise ValueError(
            f"{path}: has {len(tensors)} variables with {n_axes}; choose one with "
            f"variable: {choice}"
        )
    return main
