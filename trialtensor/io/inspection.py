"""Human-readable description of a file and of how it would be read."""

import os
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from trialtensor.data import elsewhere
from trialtensor.data.axes import ORDER, axes_remedy, order_assumed, split_axes
from trialtensor.data.elsewhere import size_as_floats
from trialtensor.data.making import making_of, making_phrases, preparations_of
from trialtensor.data.more_axes import plural
from trialtensor.io.labels import around, known_labels
from trialtensor.io.lazily import stays_in_file, with_values
from trialtensor.io.reading import main_of, read_variable, tensors_of
from trialtensor.opening.guard import UnreadableError
from trialtensor.opening.memory import size
from trialtensor.variables.contents import VariableInfo
from trialtensor.variables.readers import Get, find_reader, opened

USUAL, MOST = 6, 12  # components to begin with, and to try
ENTRIES_A_PARAMETER = 10


def inspect(path: str | os.PathLike[str], *, axes: str | Sequence[str] | None = None) -> str:
    """Describe a file: its variables, how each tensor would be read, and commands to fit it.

    Parameters
    ----------
    path : str or path
    axes : sequence of three names, or one text, optional
        As for `read`.

    Returns
    -------
    str
        Several lines.

    Raises
    ------
    FileNotFoundError, ValueError
        As for `read`, except that the text describes a tensor that can't be read instead.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np
    >>> from trialtensor.io import inspect
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "session.npy"
    >>> np.save(path, np.ones((6, 5, 4)))
    >>> print(inspect(path))  # doctest: +ELLIPSIS
    session.npy: 1 variable
      session  (6, 5, 4)  float64
    <BLANKLINE>
    session would be read as
      6 trials, 5 neurons, 4 times
      the order of axes was assumed: trials, neurons, times; if it is another, say so with --axes
      nothing missing; whole numbers from 1 to 1
      all values are the same, so one component describes them
        trialtensor fit ...session.npy --transform sqrt --nonnegative --components 1 -o session_tca
    """
    path = Path(path)
    reader = find_reader(path)
    variables = reader.describe(path)
    tensors = tensors_of(variables)
    lines = [f"{path.name}: {len(variables)} variable{'s' * (len(variables) != 1)}"]
    main = main_of(tensors)
    if main is not None and main.is_main:
        tensors, beside = [main], around(main, variables)
        lines += _table([info for info in variables if info in beside])
        lines += _of_others(path, [info for info in variables if info not in beside])
    else:
        lines += _table(variables)
    damaged: list[UnreadableError] = []
    with opened(reader, path) as get:
        known = _remembering_labels(get, variables)
        for info in tensors:
            lines += ["", f"{info.name} would be read as"]
            try:
                if is_large(info):
                    lines += _of_large(path, known, variables, info, axes)
                    continue
                tensor = read_variable(path, known, variables, info, axes)
            except ValueError as error:
                damaged += [error] if isinstance(error, UnreadableError) else []
                lines.append(f"  nothing: {error}")
            else:
                variable = info.name if len(tensors) > 1 else None
                lines += [f"  {line}" for line in describe_tensor(tensor)]
                advice = fitting_advice(tensor, path, _options(variable, axes))
                lines += [f"  {line}" for line in advice]
    if damaged and len(damaged) == len(tensors):
        raise damaged[0]
    if not tensors:
        lines += ["", "no numeric variable has three axes, so there is nothing to fit"]
    return "\n".join(lines)


def _of_others(path: Path, others: list[VariableInfo]) -> list[str]:
    """Say what else is in a file that names its main tensor, in a line for each group."""
    groups: dict[str, list[str]] = {}
    for info in others:
        group, _, own = info.name.rpartition("/")
        groups.setdefault(group, []).append(own)
    if not groups:
        return []
    first = next(name for name in groups)
    call = f"xarray.open_dataset({path.name!r}, group={first!r})"
    lines = [f"  {group}/  {', '.join(names)}" for group, names in groups.items()]
    return [f"beside them, by group, as {call} reads one", *lines]


def is_large(info: VariableInfo) -> bool:
    """Tell whether a variable is better left in its file.

    Parameters
    ----------
    info : VariableInfo
    """
    like = np.broadcast_to(np.zeros((), info.dtype), info.shape)
    return size_as_floats(like) >= elsewhere.LARGE


def _of_large(
    path: Path, get: Get, variables: list[VariableInfo], info: VariableInfo, axes: Any
) -> list[str]:
    """Describe a tensor without looking at its values."""
    values, labels = stays_in_file(path, get, variables, info, axes)
    tensor = with_values(read_variable(path, labels, variables, info, axes), values)
    lines = [*_size_and_order(tensor), *_labels(tensor)]
    several = sum(each.is_tensor for each in variables) > 1 and not info.is_main
    words = _options(info.name if several else None, axes)
    fit = ["trialtensor", "fit", str(path), *words, "--memory", "2GB", "--components", str(USUAL)]
    lines += [
        f"{size(size_as_floats(tensor))} as numbers to compute with: its values were not looked at",
        "read it a few trials at a time in a fixed amount of memory with",
        "  " + shlex.join([*fit, *_coloring(tensor), "-o", f"{path.stem}_tca"]),
    ]
    tensor.close()
    return [f"  {line}" for line in lines]


def _remembering_labels(get: Get, variables: Sequence[VariableInfo]) -> Get:
    """Read labels only once, however many tensors they label; tensors are not remembered."""
    labels = {info.name for info in variables if len(info.shape) < 2}
    remembered = cache(get)
    return lambda name: remembered(name) if name in labels else get(name)


def _table(variables: list[VariableInfo]) -> list[str]:
    rows = [
        (info.name, str(info.shape), info.kind, ", ".join(info.dims or ())) for info in variables
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
        .rstrip()
        for row in rows
    ]  # fmt: skip


def describe_tensor(tensor: xarray.DataArray) -> list[str]:
    """Say what a tensor holds, a line each: its size, values, missing entries and labels.

    Parameters
    ----------
    tensor : xarray.DataArray
    """
    lines = _size_and_order(tensor)
    values = tensor.to_numpy()
    missing = float(np.isnan(values).mean()) if values.dtype.kind == "f" else 0.0
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    kind = "whole numbers" if _whole(values) else "values"
    absent = f"{missing:.1%} missing" if missing else "nothing missing"
    return [*lines, f"{absent}; {kind} from {low:g} to {high:g}", *_labels(tensor)]


def _size_and_order(tensor: xarray.DataArray) -> list[str]:
    """Say how large a tensor is, which axes these are and how it was made."""
    axes = [str(dim) for dim in tensor.dims]
    lines = [", ".join(f"{tensor.sizes[axis]} {plural(axis)}" for axis in axes)]
    if order_assumed(tensor):
        lines.append(axes_remedy(axes))
    elif ORDER in tensor.attrs:
        lines.append(f"{tensor.attrs[ORDER]}; if that is wrong, say so with --axes")
    made = making_of(tensor)
    return [*lines, *making_phrases(made), *_prepared(made)]


def _labels(tensor: xarray.DataArray) -> list[str]:
    """List the labels of each axis."""
    lines = []
    for axis in map(str, tensor.dims):
        labels = [
            f"{name} ({_label_text(coord)})"
            for name, coord in tensor.coords.items()
            if coord.dims == (axis,)
        ]
        if labels:
            lines.append(f"labels of {plural(axis)}: {', '.join(labels)}")
    return lines


def _prepared(made: Mapping[str, Any]) -> list[str]:
    done = preparations_of(made)
    return [f"done before: {', '.join(done)}"] if done else []


def _label_text(labels: xarray.DataArray) -> str:
    values = known_labels(labels)
    n_without = labels.size - len(values)
    return _values_text(values) + (f"; {n_without} without" if n_without and len(values) else "")


def _values_text(values: np.ndarray) -> str:
    different = np.unique(values)
    if not len(different):
        return "all empty"
    if len(different) <= 4:
        return ", ".join(map(str, different))
    if values.dtype.kind not in "fiu":
        return f"{len(different)} different"
    return f"{different[0]:g} to {different[-1]:g}, {len(different)} different"


def _whole(values: np.ndarray) -> bool:
    return bool(np.all((values == np.round(values)) | np.isnan(values)))


def fitting_advice(tensor: xarray.DataArray, path: Path, options: Sequence[str]) -> list[str]:
    """Suggest how to choose the number of components, and how to fit it.

    Parameters
    ----------
    tensor : xarray.DataArray
    path : Path
    options : sequence of str
        Words of a command that say how the file is read.
    """
    values = tensor.to_numpy()
    low, high = np.nanmin(values), np.nanmax(values)
    if low == high == 0:
        return ["every value is zero, so there is nothing to fit"]
    most = most_components(values)

    def command(name: str, components: str, folder: str) -> str:
        words = _words(name, tensor, path, options)
        ending = ["--components", components, *_coloring(tensor), "-o", f"{path.stem}_{folder}"]
        return "  " + shlex.join([*words, *ending])

    if low == high:
        return [
            "all values are the same, so one component describes them",
            command("fit", "1", "tca"),
        ]
    if most == 1:
        return ["too small for more than one component; fit it with", command("fit", "1", "tca")]
    return [
        "choose the number of components and fit them with",
        command("rank", f"1:{most}", "rank"),
        "or fit a number that you know, such as",
        command("fit", str(min(most, USUAL)), "tca"),
    ]


def most_components(values: np.ndarray) -> int:
    """Return the largest number of components that is worth a try.

    No more than slices with signal along the shortest axis, nor than leave ten entries to each
    parameter, nor than `MOST`.

    Examples
    --------
    >>> most_components(np.random.default_rng(0).normal(size=(200, 60, 50)))
    12
    >>> most_components(np.random.default_rng(0).normal(size=(20, 5, 6)))
    1
    """
    signal = (values != 0) & ~np.isnan(values)
    alive = [int(signal.any(axis=others).sum()) for others in ((1, 2), (0, 2), (0, 1))]
    entries = int((~np.isnan(values)).sum()) if values.dtype.kind == "f" else values.size
    by_entries = entries // (ENTRIES_A_PARAMETER * max(sum(alive), 1))
    return max(min(*alive, by_entries, MOST), 1)


def _options(variable: str | None, axes: str | Sequence[str] | None) -> list[str]:
    words = [] if variable is None else ["--variable", variable]
    return words if axes is None else [*words, "--axes", ",".join(map(str, split_axes(axes)))]


def _words(name: str, tensor: xarray.DataArray, path: Path, options: Sequence[str]) -> list[str]:
    values = tensor.to_numpy()
    words = ["trialtensor", name, str(path), *options]
    if np.nanmin(values) >= 0:
        words += (["--transform", "sqrt"] if _whole(values) else []) + ["--nonnegative"]
    return words


def _coloring(tensor: xarray.DataArray) -> list[str]:
    label = _label_to_color_by(tensor)
    return [] if label is None else ["--color-by", label]


def _label_to_color_by(tensor: xarray.DataArray) -> str | None:
    """Choose a label, preferring one with a few values, and words: conditions, not counters."""
    labels = {
        str(name): len(np.unique(known_labels(coord)))
        for name, coord in tensor.coords.items()
        if coord.dims == ("trial",) and name != "trial"
    }
    few = [name for name, n_different in labels.items() if 2 <= n_different <= 12]
    few.sort(key=lambda name: tensor[name].dtype.kind not in "UO")
    return next(iter(few or labels), None)
