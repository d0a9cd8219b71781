"""Tensors with more axes than trials, neurons and times: the names of their axes, and their order.

Trials come first, then neurons, then all other axes as the data has them, and time comes last.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from trialtensor.data.axes import AXES, accepted_names, find_axis, resolve_axes, split_axes
from trialtensor.data.elsewhere import source_of

# Names of axes that fitted models have beside those of the data.
_TAKEN = ("block", "dataset", "eigenvalue", "weights")
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven")


def assumed_axes(n_axes: int) -> tuple[str, ...]:
    """Name the axes of a bare array.

    Parameters
    ----------
    n_axes : int

    Examples
    --------
    >>> assumed_axes(4)
    ('trial', 'neuron', 'axis2', 'time')
    """
    return ("trial", "neuron", *(f"axis{i}" for i in range(2, n_axes - 1)), "time")


def name_axes(names: str | Sequence[Hashable], *, name: str = "X") -> tuple[str, ...]:
    """Translate names of dimensions into names of axes, for three axes or more.

    Three are trial, neuron and time, see `resolve_axes`. Of more, any other name is an axis of
    its own. Where two names mean the same axis, as "time" and "bin" do, the axis is the one that
    is called like it.

    Parameters
    ----------
    names : sequence of names, or one text
        In any order.
    name : str
        Argument name used in error messages.

    Returns
    -------
    tuple of str
        The axis of each name, in the order given.

    Raises
    ------
    ValueError
        If no name means trials, two mean the same axis, or one can't be the name of an attribute.

    Examples
    --------
    >>> name_axes(["epoch", "channel", "frequency", "time"])
    ('trial', 'neuron', 'frequency', 'time')
    """
    each = split_axes(names)
    if len(each) <= len(AXES):
        return resolve_axes(names, name=name)
    texts = [str(one).strip() for one in each]
    found = [_axis_of(text, texts) for text in texts]
    for i, axis in enumerate(found):
        if axis in found[:i]:
            raise ValueError(
                f"{name}: {texts[found.index(axis)]!r} and {texts[i]!r} both mean the {axis} axis; "
                "rename one of them"
            )
        if not axis.isidentifier() or axis in _TAKEN or axis.endswith("component"):
            raise ValueError(
                f"{name}: {axis!r} can't be the name of an axis, because its factors are an "
                "attribute called after it; rename it to one word of letters, such as 'frequency'"
            )
    if "trial" not in found:
        raise ValueError(
            f"{name}: none of the axes {tuple(texts)} is called trial; accepted are "
            f"{accepted_names()}, and any other name is an axis of its own"
        )
    return tuple(found)


def _axis_of(text: str, texts: Sequence[str]) -> str:
    axis = find_axis(text)
    if axis is None:
        return text
    called = [other for other in texts if other.lower() == axis]
    return axis if not called or text in called else text


def ordered_axes(axes: Sequence[str]) -> tuple[str, ...]:
    """Return axes in the order that all data has here.

    Parameters
    ----------
    axes : sequence of str

    Examples
    --------
    >>> ordered_axes(["time", "frequency", "neuron", "trial"])
    ('trial', 'neuron', 'frequency', 'time')
    """
    first = [axis for axis in ("trial", "neuron") if axis in axes]
    last = [axis for axis in ("time",) if axis in axes]
    return (*first, *(axis for axis in axes if axis not in AXES), *last)


def plural(axis: str) -> str:
    """Return the name of several entries of an axis.

    Examples
    --------
    >>> plural("neuron"), plural("frequency"), plural("axis2")
    ('neurons', 'frequencies', 'entries of axis2')
    """
    if axis[-1:].isdigit():
        return f"entries of {axis}"
    if axis.endswith("y") and axis[-2:-1] not in tuple("aeiou"):
        return f"{axis[:-1]}ies"
    return axis if axis.endswith("s") else f"{axis}s"


def sizes_text(axes: Sequence[str], shape: Sequence[int]) -> str:
    """Return the size of a tensor in words.

    Examples
    --------
    >>> sizes_text(("trial", "neuron", "frequency", "time"), (40, 30, 20, 50))
    '40 trials x 30 neurons x 20 frequencies x 50 times'
    """
    return " x ".join(f"{n} {plural(axis)}" for axis, n in zip(axes, shape, strict=True))


def three_axes_only(who: str, axes: Sequence[str], *, name: str = "X", instead: str = "") -> None:
    """Refuse more than three axes, where only trials, neurons and times have a meaning.

    Parameters
    ----------
    who : str
        What needs three axes.
    axes : sequence of str
    name : str
        Argument name used in the message.
    instead : str
        What to do; by default to merge axes.

    Raises
    ------
    ValueError
        Naming the axes.
    """
    if len(axes) <= len(AXES):
        return
    merged = " and ".join(axis for axis in axes if axis not in ("trial", "time"))
    remedy = instead or (
        f"merge {merged} into one axis of neurons (`X.stack` of a DataArray, `reshape` of an array)"
    )
    raise ValueError(
        f"{name}: {who} takes trials x neurons x times, got {number_word(len(axes))} axes "
        f"({', '.join(axes)}); {remedy}"
    )


def number_word(n: int) -> str:
    """Return a small number as a word."""
    return _COUNTS[n] if n < len(_COUNTS) else str(n)


def axes_of(X: Any) -> tuple[str, ...]:
    """Return the axes of an array as its fit names them; of anything else, the usual three.

    Parameters
    ----------
    X : array, xarray.DataArray or anything
    """
    X = source_of(X)
    n_axes = getattr(X, "ndim", 0)
    if not isinstance(n_axes, int) or n_axes <= len(AXES):
        return AXES
    # Datasets of h5py have dims, too, but these are no names.
    named = hasattr(X, "dims") and hasattr(X, "coords")
    return ordered_axes(name_axes(X.dims)) if named else assumed_axes(n_axes)
