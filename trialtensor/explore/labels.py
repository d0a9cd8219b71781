"""Labels of trials and neurons, as a page holds them: values to sort by, and colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trialtensor.explore.quantised import quantised
from trialtensor.plotting.colors import NO_LABEL
from trialtensor.plotting.labels import TrialLabels, cut, make_labels
from trialtensor.plotting.positions import Coords

# More categories can't be told apart by their colours.
MAX_COLORED = 24
MAX_TEXT = 80
N_STOPS = 9


def labels_of(axis: str, coords: Coords) -> list[TrialLabels]:
    """Return the labels of the entries of an axis, in the order of the data.

    Parameters
    ----------
    axis : str
    coords : dict
    """
    # What is called like the axis names its entries, see `entities`.
    on_axis = {
        name: values for name, (along, values) in coords.items() if along == axis and name != axis
    }
    found = []
    for name, values in on_axis.items():
        if np.asarray(values).dtype.kind != "c":
            found.append(make_labels(values, name))
    return found


def as_payload(label: TrialLabels) -> dict[str, Any]:
    """Return a label for the page.

    Parameters
    ----------
    label : TrialLabels
    """
    texts = [cut(text, MAX_TEXT) for text in label.texts]
    if label.discrete:
        codes = label.level_index()
        values: Any = {"levels": _small(codes + 1), "low": 0.0, "step": 1.0}
    else:
        values = quantised(label.values)
    return {
        "name": cut(label.name.removesuffix("_deg"), MAX_TEXT),
        "unit": "°" if label.in_degrees else "",
        "discrete": label.discrete,
        "dates": label.dates,
        "values": values,
        "texts": texts,
        **_colors(label, texts),
    }


def _colors(label: TrialLabels, texts: list[str]) -> dict[str, Any]:
    """Return the colour of every entry, as a place in a short list, and the key to them."""
    if len(texts) > MAX_COLORED or bool(label.missing.all()):
        return {"palette": None}
    rgba = np.round(255 * label.colors()[:, :3]).astype(np.int64)
    numbers = rgba @ np.array([65536, 256, 1])
    palette, places = np.unique(numbers, return_inverse=True)
    found = {
        "palette": [f"#{number:06x}" for number in palette.tolist()],
        "colors": _small(places.reshape(-1)),
        "missing": NO_LABEL if label.missing.any() else None,
    }
    if label.discrete:
        return {**found, "key": _hex(label.level_colors())}
    return {**found, **_scale(label)}


def _scale(label: TrialLabels) -> dict[str, Any]:
    """Return the colours from the least to the largest value, and the texts of these two."""
    if label.kind == "circular":
        low, high = 0.0, 360.0
    else:
        low, high, _ = label.color_range()
    stops = label.mappable().to_rgba(np.linspace(low, high, N_STOPS))
    ends = [f"{low:.4g}", f"{high:.4g}"]
    if label.dates:
        texts = label.date_ticks(2)[1]
        ends = [texts[0], texts[-1]]
    return {"key": _hex(np.asarray(stops)), "ends": ends}


def _hex(colors: np.ndarray) -> list[str]:
    from matplotlib.colors import to_hex

    return [to_hex(color) for color in colors]


def _small(numbers: np.ndarray) -> np.ndarray:
    """Return whole numbers in the fewest bytes that hold them."""
    largest = int(numbers.max(initial=0))
    return numbers.astype(np.uint8 if largest < 256 else np.uint16 if largest < 65536 else np.int32)


def block_labels(blocks: Mapping[Any, np.ndarray], n_trials: int) -> TrialLabels | None:
    """Return the block of every trial as a label; None where they aren't of these trials.

    Parameters
    ----------
    blocks : dict
        Label -> its trials.
    n_trials : int
    """
    named = np.full(n_trials, None, dtype=object)
    for block, trials in blocks.items():
        if np.max(trials, initial=-1) >= n_trials:
            return None
        named[np.asarray(trials)] = str(block)
    return make_labels(named, "block") if blocks else None
