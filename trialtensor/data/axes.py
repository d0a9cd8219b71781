"""The three axes of a trial tensor and their accepted names."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

AXES = ("trial", "neuron", "time")
# What is said wherever results of such an array are shown.
AXES_ASSUMED = "the order of axes was assumed: trials, neurons, times"
AXES_REMEDY = f"{AXES_ASSUMED}; if it is another, say so with --axes"


def axes_assumed(axes: Sequence[str] = AXES) -> str:
    """Say that the order of axes was assumed.

    Parameters
    ----------
    axes : sequence of str
    """
    return AXES_ASSUMED if tuple(axes) == AXES else f"the axes were assumed: {', '.join(axes)}"


def axes_remedy(axes: Sequence[str] = AXES) -> str:
    """Say so, and how to name other axes on the command line.

    Parameters
    ----------
    axes : sequence of str
    """
    if tuple(axes) == AXES:
        return AXES_REMEDY
    return f"{axes_assumed(axes)}; name them with --axes, such as --axes {','.join(axes)}"


# An attribute of arrays that were read from a file without names of dimensions.
ORDER, ASSUMED = "axes_order", "assumed"

ALIASES: dict[str, tuple[str, ...]] = {
    "trial": (
        "trials", "epoch", "epochs", "event", "events", "rep", "reps", "repetition",
        "repetitions", "sweep", "sweeps",
    ),
    "neuron": (
        "neurons", "unit", "units", "channel", "channels", "roi", "rois", "cell", "cells",
        "electrode", "electrodes",
    ),
    "time": ("times", "t", "bin", "bins", "sample", "samples", "frame", "frames"),
}  # fmt: skip

_AXIS_OF = {alias: axis for axis in AXES for alias in (axis, *ALIASES[axis])}


def accepted_names() -> str:
    """Return the axis names with their aliases as one phrase for error messages."""
    return ", ".join(f"{axis} (or {', '.join(ALIASES[axis])})" for axis in AXES)


def find_axis(name: Hashable) -> str | None:
    """Return the axis that a dimension name means; None for any other name.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> from trialtensor.data.axes import find_axis
    >>> find_axis("Units"), find_axis("x")
    ('neuron', None)
    """
    return _AXIS_OF.get(str(name).strip().lower())


def order_assumed(X: Any) -> bool:
    """Return whether nothing says which axes these are: an array without names of dimensions.

    A labelled array can say so itself, after it was read from a file without such names.

    Parameters
    ----------
    X : array, or list or dict of arrays
    """
    if hasattr(X, "coords"):
        return bool(getattr(X, "attrs", {}).get(ORDER) == ASSUMED)
    several = list(X.values()) if isinstance(X, Mapping) else X
    if isinstance(several, (list, tuple)) and any(hasattr(each, "shape") for each in several):
        return any(order_assumed(each) for each in several)
    return True


def split_axes(names: str | Sequence[Hashable]) -> list[Hashable]:
    """Return names of axes one by one, also those that came as one text.

    Parameters
    ----------
    names : sequence of names, or str
        Such as ``"neuron,trial,time"``, with commas or spaces.

    Examples
    --------
    >>> from trialtensor.data.axes import split_axes
    >>> split_axes("neuron, trial, time")
    ['neuron', 'trial', 'time']
    """
    return list(names.replace(",", " ").split()) if isinstance(names, str) else list(names)


def resolve_axes(names: str | Sequence[Hashable], *, name: str = "X") -> tuple[str, str, str]:
    """Translate dimension names or aliases into ``"trial"``, ``"neuron"`` and ``"time"``.

    Parameters
    ----------
    names : sequence of three names, or one text such as ``"neuron,trial,time"``
        In any order, in any case.
    name : str
        Argument name used in error messages.

    Returns
    -------
    tuple of str
        The axis of each name, in the order given.

    Raises
    ------
    ValueError
        If there aren't three names, a name isn't an axis, or two names mean the same axis.

    Examples
    --------
    >>> from trialtensor.data.axes import resolve_axes
    >>> resolve_axes(["unit", "epochs", "bin"])
    ('neuron', 'trial', 'time')
    """
    given, names = names, split_axes(names)
    if len(names) != 3:
        raise ValueError(f"{name}: expected three axis names, got {given!r}")
    axes: list[str] = []
    for each in names:
        axis = find_axis(each)
        if axis is None:
            raise ValueError(
                f"{name}: {str(each)!r} is no axis of a trial tensor; "
                f"accepted are {accepted_names()}"
            )
        if axis in axes:
            other = str(names[axes.index(axis)])
            raise ValueError(
                f"{name}: {other!r} and {str(each)!r} both mean the {axis} axis; "
                "name each of trial, neuron and time once"
            )
        axes.append(axis)
    return (axes[0], axes[1], axes[2])
