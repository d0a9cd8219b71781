"""What the name of a label says about its axis."""

from __future__ import annotations

import re

from trialtensor.data.axes import find_axis

# What people measure of trials and of neurons. Words that also mean a signal in time are left out.
_TRIAL = (
    "reward", "rewards", "rewarded", "choice", "choices", "outcome", "outcomes", "correct",
    "condition", "conditions", "rt",
)  # fmt: skip
_NEURON = (
    "region", "regions", "area", "areas", "depth", "depths", "layer", "layers", "probe", "probes",
    "quality", "cluster", "clusters",
)  # fmt: skip
_TIME = ("centers", "centres", "edges", "s", "ms", "sec", "seconds", "axis", "vector")
_ABOUT = {**dict.fromkeys(_TRIAL, "trial"), **dict.fromkeys(_NEURON, "neuron")}


def said_axis(name: str) -> str | None:
    """Return the axis that a label is about, by its name; None where that says nothing.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> said_axis("trial_type"), said_axis("unitDepths"), said_axis("bin_centers")
    ('trial', 'neuron', 'time')
    >>> said_axis("response_time"), said_axis("x")
    (None, None)
    """
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]
    axes = {word: find_axis(word) for word in words}
    if "time" in axes.values() and all(axis == "time" or w in _TIME for w, axis in axes.items()):
        return "time"
    # A response time is one of a trial or of a neuron: among others, words for time say nothing.
    about = [_ABOUT.get(word, axis) for word, axis in axes.items() if axis != "time"]
    return next((axis for axis in about if axis is not None), None)
