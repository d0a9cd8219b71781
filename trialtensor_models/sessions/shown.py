"""Schedules, runs and their truth in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

import numpy as np
import xarray as xr

_MOST = 8  # blocks, labels, names that are listed
_INDENT = 16


def few(parts: Sequence[str], most: int = _MOST) -> str:
    """List some of many.

    Parameters
    ----------
    parts : sequence of str
    most : int

    Examples
    --------
    >>> few(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    shown = ", ".join(parts[:most])
    return f"{shown} and {len(parts) - most} more" if len(parts) > most else shown


def schedule_text(blocks: Iterable[Any], max_trials: int) -> str:
    """Say what happens, on a line.

    Parameters
    ----------
    blocks : iterable of Block
    max_trials : int
    """
    blocks = list(blocks)
    if not blocks:
        return "Schedule(no trials)"
    least = "at most " if any(block.until is not None for block in blocks) else ""
    return f"Schedule({least}{max_trials} trials: {few([_block_text(b) for b in blocks])})"


def _block_text(block: Any) -> str:
    size = f" {block.size:g}" if block.size else ""
    label = f" {block.epoch!r}" if block.epoch not in ("", block.kind) else ""
    until = " until zero" if block.until == "zero" else " until a condition" if block.until else ""
    others = {
        "ramp": (block.ramp, 0),
        "targets": (block.targets, None),
        "context": (getattr(block, "context", ""), ""),
        "cerebellum": (block.cerebellum, 1.0),
        "learns": (block.learns, True),
    }
    given = [f"{name}={value}" for name, (value, usual) in others.items() if value != usual]
    options = f" ({', '.join(given)})" if given else ""
    number = f" ≤ {block.n_trials}" if until else f" {block.n_trials}"
    return f"{block.kind}{size}{label} ×{number}{until}{options}"


def run_text(activity: xr.DataArray | None, behaviour: xr.Dataset, truth: Any) -> str:
    """Say what a run holds, in lines for a terminal.

    Parameters
    ----------
    activity : xarray.DataArray or None
    behaviour : xarray.Dataset
    truth : Truth
    """
    first = f"Run of {behaviour.sizes.get('trial', 0)} trials: {_epochs(behaviour)}"
    made = _made(truth.configuration)
    rows = {
        "made with": made,
        "activity": "none" if activity is None else _tensor_text(activity),
        "behaviour": few([str(name) for name in behaviour.data_vars], 20),
        "truth": ", ".join(_truth_rows(truth)),
    }
    return _lines(first, rows)


def truth_text(truth: Any) -> str:
    """Say what is known of a run, in lines for a terminal.

    Parameters
    ----------
    truth : Truth
    """
    return _lines(f"Truth of {len(truth.fast)} trials", _truth_rows(truth))


def as_html(text: str) -> str:
    """Put lines for a terminal on a page.

    Parameters
    ----------
    text : str
    """
    return f"<pre>{escape(text)}</pre>"


def _lines(first: str, rows: Mapping[str, str]) -> str:
    return "\n".join(
        [first, *(f"  {name:<{_INDENT}}{text}" for name, text in rows.items() if text)]
    )


def _epochs(behaviour: xr.Dataset) -> str:
    if "epoch" not in behaviour.coords:
        return "no epochs"
    labels = behaviour["epoch"].values.tolist()
    blocks = behaviour["block"].values.tolist() if "block" in behaviour.coords else labels
    runs = groupby(zip(labels, blocks, strict=True))
    return few([f"{label} {len(list(trials))}" for (label, _), trials in runs])


def _made(configuration: Mapping[str, Any]) -> str:
    parts = []
    for name in ("task", "plant"):
        given = configuration.get(name)
        if isinstance(given, Mapping) and "name" in given:
            parts.append(f"{name} {given['name']}")
    parts += [
        f"{name.replace('_', ' ')} {configuration[name]}"
        for name in ("network_seed", "seed")
        if name in configuration
    ]
    return ", ".join(parts)


def _tensor_text(activity: xr.DataArray) -> str:
    sizes = activity.sizes
    text = f"{sizes['neuron']} neurons"
    if "region" in activity.coords:
        regions = Counter(activity["region"].values.tolist())
        text += f" ({few([f'{name} {n}' for name, n in regions.items()])})"
    text += f", {sizes['time']} times"
    if "time" in activity.coords:
        low, high = activity["time"].values[[0, -1]]
        text += f" from {low:g} to {high:g} s"
    return text


def _truth_rows(truth: Any) -> dict[str, str]:
    rows = {
        "schedule": few([str(name) for name in truth.schedule], 20),
        **{name: _range(getattr(truth, name)) for name in ("fast", "slow")},
        **{
            name: f"array {getattr(truth, name).shape}"
            for name in ("C", "W_th", "W_PC", "W_LTD")
            if getattr(truth, name).size
        },
        "subspaces": ", ".join(f"{name} {b.shape}" for name, b in truth.subspaces.items()),
    }
    if truth.counterfactual is not None:
        rows["counterfactual"] = ", ".join(map(str, truth.counterfactual))
    return rows


def _range(curve: xr.DataArray) -> str:
    values = np.asarray(curve, dtype=float)
    if not np.isfinite(values).any():
        return "unknown"
    return f"{np.nanmin(values):z.1f} to {np.nanmax(values):z.1f} degrees"
