"""The order of the axes of an array without names, where labels beside it contradict the usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.labels import plain_labels
from trialtensor.io.label_names import said_axis
from trialtensor.io.labels import around, long_axis, split_name
from trialtensor.variables.contents import Get, VariableInfo

_ORDINALS = ("first", "second", "third")


@dataclass(frozen=True)
class _Evidence:
    """A label that belongs to one of some axes."""

    name: str
    length: int
    axes: tuple[str, ...]

    def lenient(self) -> _Evidence:
        return replace(self, axes=("time", "trial")) if self.axes == ("time",) else self

    def fits(self, order: Sequence[str], shape: Sequence[int]) -> bool:
        return any(shape[order.index(axis)] == self.length for axis in self.axes)


@dataclass(frozen=True)
class LabelledOrder:
    """An order of axes, and the labels that gave it; as text, both.

    Attributes
    ----------
    order : tuple of str
    because : str
    """

    order: tuple[str, ...]
    because: str

    def __str__(self) -> str:
        return f"axes ({', '.join(self.order)}), because {self.because}"


def order_by_labels(
    chosen: VariableInfo, variables: Sequence[VariableInfo], get: Get, path: Path
) -> LabelledOrder | None:
    """Find the axes of an array that brings no names for them, if they aren't in the usual order.

    A label tells by its name ("trial_type", "time", "region"), or by its content: text that comes
    and goes, such as left, right, left, is none of times.

    Parameters
    ----------
    chosen : VariableInfo
        The array.
    variables : sequence of VariableInfo
        All variables in the file.
    get : callable
        Reads a variable of the file.
    path : Path

    Returns
    -------
    LabelledOrder or None
        None where the labels fit trials, neurons, times, and for an array of other axes than three.

    Raises
    ------
    ValueError
        If they don't, and don't tell one other order either.
    """
    shape = chosen.shape
    if len(shape) != len(AXES):
        return None
    evidence = _evidence(chosen, variables, get)
    possible = _orders(evidence, shape)
    if not possible:  # a "time" may be that of each trial
        evidence = [each.lenient() for each in evidence]
        possible = _orders(evidence, shape)
    if AXES in possible:
        return None
    if len(possible) == 1:
        telling = ", ".join(f"{each.name} has {each.length} entries" for each in evidence)
        return LabelledOrder(possible[0], telling)
    choice = " or ".join(repr(",".join(order)) for order in possible or [AXES])
    said = "; ".join(_contradiction(each, shape) for each in evidence if not each.fits(AXES, shape))
    raise ValueError(
        f"{path}: {chosen.name} {shape} can't have the axes trial, neuron, time: {said}; say which "
        f"axes these are, such as axes={choice} (--axes in the command)"
    )


def _orders(evidence: Sequence[_Evidence], shape: Sequence[int]) -> list[tuple[str, ...]]:
    return [
        order for order in permutations(AXES) if all(each.fits(order, shape) for each in evidence)
    ]


def _contradiction(label: _Evidence, shape: Sequence[int]) -> str:
    places = [_ORDINALS[k] for k, n in enumerate(shape) if n == label.length]
    return (
        f"{label.name} is about {' or '.join(f'{axis}s' for axis in label.axes)} and has "
        f"{label.length} entries, as many as the {' and the '.join(places)} axis"
    )


def _evidence(chosen: VariableInfo, variables: Sequence[VariableInfo], get: Get) -> list[_Evidence]:
    found = []
    for info in around(chosen, variables):
        long = long_axis(info)
        n = 0 if long is None else info.shape[long]
        if info.dims is not None or info.refused or n not in chosen.shape:
            continue
        axis = said_axis(split_name(info)[1])
        if axis is not None:
            found.append(_Evidence(info.name, n, (axis,)))
        elif n not in chosen.shape[:2] and info.dtype.kind in "SU" and _returns(get, info.name):
            found.append(_Evidence(info.name, n, ("trial", "neuron")))
    return found


def _returns(get: Get, name: str) -> bool:
    """Tell whether some label comes again after another one."""
    labels = plain_labels(np.asarray(get(name)).reshape(-1)).astype(str)
    n_runs = 1 + int(np.count_nonzero(labels[1:] != labels[:-1]))
    return n_runs > len(np.unique(labels))
