"""Data sizes in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trialtensor.data.axes import AXES, axes_assumed
from trialtensor.data.making import making_phrases
from trialtensor.data.more_axes import plural
from trialtensor.models import Fitted
from trialtensor.models.below_zero import share_text
from trialtensor.models.layout import Layout


def treatment(summary: Mapping[str, Any]) -> str:
    """Describe how missing entries were treated; empty if there were none."""
    text = str(summary.get("treatment", ""))
    return "" if text == "Nothing was missing." else text


def axes_sentence(summary: Mapping[str, Any]) -> str:
    """Say that the order of axes was assumed, if nothing told it."""
    if not summary.get("axes_assumed"):
        return ""
    said = axes_assumed(summary.get("axes", AXES))
    return f"{said[0].upper()}{said[1:]}."


def making_sentences(summary: Mapping[str, Any]) -> str:
    """Say how the tensor was made, as far as its attributes told.

    Parameters
    ----------
    summary : dict
        As in ``Fitted.data``.
    """
    parts = making_phrases(summary.get("made", {}))
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def out_of_reach_sentence(share: float) -> str:
    """Say what of data below zero no non-negative model can reproduce; empty if all is in reach.

    Examples
    --------
    >>> out_of_reach_sentence(0.487)
    " Non-negative components can't reach values below zero: 49 % of the sum of squares."
    """
    if not share:
        return ""
    text = share_text(share)
    return f" Non-negative components can't reach values below zero: {text} of the sum of squares."


def size_text(*sizes: Any, axes: Sequence[str] = AXES) -> str:
    """Describe the size of data, of which each axis has a number or a range of them.

    Examples
    --------
    >>> size_text(1, "9 to 20", 30)
    '1 trial × 9 to 20 neurons × 30 time bins'
    """
    words = ["time bin" if axis == "time" else axis for axis in axes]
    return " × ".join(
        f"{n} {word if str(n) == '1' else plural(word)}"
        for n, word in zip(sizes, words, strict=True)
    )


def size_of(fitted: Fitted) -> str:
    """Describe the size of a fit's data, whose blocks or datasets may differ in size."""
    if fitted.datasets:
        ranges = [span(fitted.length(axis, name) for name in fitted.datasets) for axis in AXES]
        return f"{len(fitted.datasets)} datasets of {size_text(*ranges)}"
    if not fitted.blocks:
        return size_text(*fitted.shape, axes=fitted.axes)
    sizes = dict(zip(AXES, map(str, fitted.shape), strict=True))
    for part in fitted.components[0].parts:
        if part.block is not None:
            own = [p for p in fitted.components[0].parts if p.name == part.name]
            sizes[part.dims[0]] = span(len(each.values) for each in own)
    n = len(fitted.blocks)
    return f"{size_text(*sizes.values())}, in {n} block{'s' * (n != 1)} of trials"


def size_of_layout(layout: Layout) -> str:
    """Describe the size of data that came as several arrays."""
    ranges = [span(each.shape[i] for each in layout.values) for i in range(3)]
    n = len(layout.values)
    return f"{n} array{'s' * (n != 1)} of {size_text(*ranges)}"


def span(values: Iterable[int]) -> str:
    """Return the range of some numbers, or the one value that they all have.

    Examples
    --------
    >>> span([3, 5, 4]), span([3, 3])
    ('3 to 5', '3')
    """
    found = sorted(values)
    return str(found[0]) if found[0] == found[-1] else f"{found[0]} to {found[-1]}"
